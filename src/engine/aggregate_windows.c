/* Where windows begin and end, which rows lie in them, and the timers that close them. */
#include "engine/aggregate.h"

/* ---- bounds ---- */

window_bounds bounds_of_rows(const window_group *g)
{
    window_bounds b = {INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < g->count; i++) {
        const row *r = window_row(g, i);
        if (r->time == TIMESTAMP_NONE) continue;
        if (r->start < b.start) b.start = r->start;
        if (r->time > b.end) b.end = r->time;
    }
    return b.start > b.end ? (window_bounds){TIMESTAMP_NONE, TIMESTAMP_NONE} : b;
}

window_bounds window_bounds_of(const node *n, const window_group *g, timestamp t, timestamp start)
{
    const ir_window *w = &n->stage->as.aggregate.window;
    switch (w->kind) {
    case WINDOW_SLIDING: case WINDOW_ANCHORED: return (window_bounds){time_before(t, w->span), t};
    case WINDOW_TUMBLING: return (window_bounds){time_before(time_sum(t, 1), w->span), time_sum(t, 1)};
    case WINDOW_HOP: return (window_bounds){start, start + w->span};
    case WINDOW_AROUND: return (window_bounds){time_before(g->pivot, w->span), t};
    case WINDOW_NONE: case WINDOW_ROWS: case WINDOW_SESSION: break;
    }
    return bounds_of_rows(g);
}

timestamp window_end(const ir_window *w, timestamp t)
{
    if (w->kind == WINDOW_NONE) return END_OF_INPUT;
    if (w->kind == WINDOW_AROUND) return time_sum(t, w->step);
    if (w->kind != WINDOW_TUMBLING) return time_sum(t, w->span);
    int64_t behind = t % w->span < 0 ? t % w->span + w->span : t % w->span;
    return time_sum(t, w->span - behind - 1);
}

bool window_holds_row(const ir_window *w, const row *r)
{
    int64_t between;
    if (w->kind == WINDOW_ANCHORED) return !__builtin_sub_overflow(r->time, r->start, &between) && between <= w->span;
    return w->kind != WINDOW_TUMBLING || window_end(w, r->start) == window_end(w, r->time);
}

bool window_add_pivot(const node *n, const row *r, row_key_ways *keys, timestamp *pivot, arena *a)
{
    const ir_window *w = &n->stage->as.aggregate.window;
    const row_part *p = row_find_part(r, w->part);
    if (!p || p->part->context) return false;
    *pivot = p->part->time;
    if (r->start < time_before(*pivot, w->span) || r->time > time_sum(*pivot, w->step)) return false;
    for (size_t i = 0; i < keys->ways.len; i++)
        keys->ways.at[i].text = arena_printf(a, STR_FMT "@%llu:%llu", STR_ARG(keys->ways.at[i].text),
                                             (unsigned long long)p->part->event.input, (unsigned long long)p->part->event.position);
    return true;
}

/* ---- timers ---- */

void window_set_timer(stage_run *run, node *n, window_group *g, timestamp start, timestamp due)
{
    g->timers++;
    run_set_timer(run, n, &g->head, start, due);
}

void window_set_hops(stage_run *run, node *n, window_group *g, timestamp t)
{
    int64_t length = n->stage->as.aggregate.window.span, step = n->stage->as.aggregate.window.step;
    if (t < INT64_MIN / 2 || t > INT64_MAX / 2 || length > INT64_MAX / 4) return;
    int64_t behind = t % step < 0 ? t % step + step : t % step;
    for (timestamp from = t - behind - (length - 1) / step * step; from <= t; from += step) {
        if (from + length <= t || (g->has_hop && from <= g->hop)) continue;
        window_set_timer(run, n, g, from, from + length - 1);
        g->hop = from;
        g->has_hop = true;
    }
}

void window_arm(stage_run *run, node *n, window_group *g)
{
    if (g->count == 0) return;
    timestamp due = time_sum(window_row(g, 0)->start, n->stage->as.aggregate.window.span);
    if (g->timers && g->due <= due) return;
    g->due = due;
    window_set_timer(run, n, g, 0, due);
}
