/*
 * Aggregate in the evaluator: rows are put into groups, the rows of a group into windows, and each window is computed
 * from nothing. When a window counts is said by its kind and by what `having` asks:
 *
 *   sliding D    if `having` has only lower bounds: at each point in time that has rows, over [t - D, t]. Else when the
 *                window closes: the first row opens [t, t + D], and the first row behind it opens the next
 *   tumbling D   at the last moment of each bucket that has rows
 *   hop D S      at the last moment of each window that has rows
 *   anchored D   [t, t + D] from the begin of the first row for which `having` holds; the next begins behind it
 *   around P     [t - before, t + after] of each different event of part P, over the rows that have this event
 *   rows N       the last N rows, at each row
 *   session      see next_session
 *   none         all rows, at the last one
 *
 * A row lies in a tumbling, an anchored or an around window if it begins and ends there; in the others if its time does.
 * Rows that come of one event at one time stand in the order of their keys.
 */
#include "ir/eval_private.h"

#include <stdlib.h>

typedef struct {
    pk_str key;
    value *keys;
    row_list rows;
    row_list results;
    bool holding;                 /* `having` was true when it was last asked */
} group;

typedef struct {
    plan_run *run;
    const stage *stage;
    bool quiet;
    bool *asked;                  /* functions that `having` reads */
    row_list *out;
} aggregation;

static bool has_only_lower_bounds(const expr *e)
{
    if (!e || e->kind == EXPR_CONSTANT) return true;
    if (e->kind == EXPR_COMPARE) return e->as.compare.op == COMPARE_GT || e->as.compare.op == COMPARE_GE;
    if (e->kind != EXPR_AND && e->kind != EXPR_OR) return false;
    for (size_t i = 0; i < e->count; i++)
        if (!has_only_lower_bounds(e->args[i])) return false;
    return true;
}

/* ---- one window ---- */

/* Where the kind of window has no bounds: from the begin of the first row to the end of the last. */
static time_range bounds_of_rows(const window *w)
{
    time_range range = {INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < w->count; i++) {
        timestamp begin = begin_of(w->at[i]), end = end_of(w->at[i]);
        if (begin == TIMESTAMP_NONE) continue;
        if (begin < range.from) range.from = begin;
        if (end > range.to) range.to = end;
    }
    return range.from > range.to ? (time_range){TIMESTAMP_NONE, TIMESTAMP_NONE} : range;
}

/* The keys, and the functions; `asked`: only those that it says. */
static row window_row(const aggregation *g, const group *gr, window w, timestamp time, const bool *asked)
{
    const stage *s = g->stage;
    arena *a = g->run->arena;
    row r = {.time = time, .order = w.count ? w.at[w.count - 1]->order : 0, .columns = {.type = VALUE_RECORD},
             .has_window = true, .window = w.bounds};
    plan_run run = *g->run;
    run.window = &w.bounds;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) row_set(a, &r, s->as.aggregate.keys[i].name, gr->keys[i]);
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        const ir_aggregate_function *f = &s->as.aggregate.functions[i];
        if (asked && !asked[i]) continue;
        value v = aggregate_value(&run, f, &w);
        if (!str_equal(f->name, STR("*"))) row_set(a, &r, f->name, v);
        else if (v.type == VALUE_RECORD)
            for (size_t k = 0; k < v.as.record.count; k++)
                if (!value_get(&r.columns, v.as.record.fields[k].name))
                    row_set(a, &r, v.as.record.fields[k].name, v.as.record.fields[k].value);
    }
    return r;
}

static bool having_holds(const aggregation *g, const row *r)
{
    eval_env env = env_of(g->run, r);
    return eval_true(&env, g->stage->as.aggregate.having);
}

static void emit(aggregation *g, row r) { vec_push_in(g->run->arena, &g->out->items, r); }

/* The rows of the window themselves, with the group's columns; each must hold. */
static void emit_kept_rows(aggregation *g, const row *made, window w)
{
    for (size_t i = 0; i < w.count; i++) {
        row r = *w.at[i];
        for (size_t k = 0; k < made->columns.as.record.count; k++) {
            const value_field *f = &made->columns.as.record.fields[k];
            row_set(g->run->arena, &r, f->name, f->value);
        }
        if (having_holds(g, &r)) emit(g, r);
    }
}

/* The different events of the parts of all rows. */
static void take_members(const aggregation *g, row *into, window w)
{
    VEC(eval_part) members = {0};
    table seen = {0};
    for (size_t i = 0; i < w.count; i++) {
        const row *r = w.at[i];
        for (size_t k = 0; k < r->part_count + r->member_count; k++) {
            eval_part p = k < r->member_count ? r->members[k] : (eval_part){.name = {"", 0}};
            const row_part *own = k < r->member_count ? NULL : &r->parts[k - r->member_count];
            if (own) p = (eval_part){own->name, own->event, own->timeless};
            pk_str key = arena_printf(g->run->arena, "%p " STR_FMT, (const void *)p.event, STR_ARG(p.name));
            if (table_put(&seen, key, 1)) vec_push_in(g->run->arena, &members, p);
        }
    }
    table_free(&seen);
    into->members = members.at;
    into->member_count = members.len;
}

/* Decides on a window; true: `having` held and a row went out. */
static bool decide(aggregation *g, group *gr, window w, timestamp time)
{
    if (g->stage->as.aggregate.output == OUTPUT_KEEP_ROWS) {
        row made = window_row(g, gr, w, time, NULL);
        emit_kept_rows(g, &made, w);
        return false;
    }
    row asked = window_row(g, gr, w, time, g->asked);
    bool holds = having_holds(g, &asked), before = gr->holding;
    gr->holding = holds;
    if (!holds || (g->quiet && before)) return false;
    row r = window_row(g, gr, w, time, NULL);
    take_events(g->run->arena, &r, w.at, w.count);
    take_members(g, &r, w);
    emit(g, r);
    return true;
}

/* ---- windows of rows in order of time ---- */

static window rows_between(aggregation *g, const group *gr, size_t first, timestamp from, timestamp to)
{
    window w = {ARENA_ARRAY(g->run->arena, const row *, gr->rows.items.len - first), 0, {from, to}};
    for (size_t i = first; i < gr->rows.items.len; i++) {
        const row *r = &gr->rows.items.at[i];
        if ((r->time > to && !g->stage->as.aggregate.order_down) || !eval_spend(g->run)) break;
        if (r->time >= from && r->time <= to) w.at[w.count++] = r;
    }
    return w;
}

static size_t first_behind(const group *gr, size_t i, timestamp t)
{
    while (i < gr->rows.items.len && gr->rows.items.at[i].time <= t) i++;
    return i;
}

static void all_rows(aggregation *g, group *gr)
{
    window w = {ARENA_ARRAY(g->run->arena, const row *, gr->rows.items.len), gr->rows.items.len, {0, 0}};
    timestamp last = TIMESTAMP_NONE;
    for (size_t i = 0; i < w.count; i++) {
        w.at[i] = &gr->rows.items.at[i];
        if (w.at[i]->time > last) last = w.at[i]->time;
    }
    w.bounds = bounds_of_rows(&w);
    decide(g, gr, w, last);
}

static void sliding_at_rows(aggregation *g, group *gr)
{
    int64_t length = g->stage->as.aggregate.window.span;
    size_t begin = 0, oldest = 0; /* rows before `begin` were cleared */
    for (size_t i = 0; i < gr->rows.items.len; i = first_behind(gr, i, gr->rows.items.at[i].time)) {
        timestamp now = gr->rows.items.at[i].time, from = time_later(now, -length);
        if (i > 0 && time_between(gr->rows.items.at[i - 1].time, now) > length) gr->holding = false;
        if (oldest < begin) oldest = begin;
        while (gr->rows.items.at[oldest].time < from) oldest++;
        window w = rows_between(g, gr, oldest, from, now);
        if (decide(g, gr, w, now) && g->stage->as.aggregate.after == AFTER_CLEAR) {
            begin = first_behind(gr, i, now);
            gr->holding = false;
        }
    }
}

static void sliding_at_close(aggregation *g, group *gr)
{
    for (size_t i = 0; i < gr->rows.items.len;) {
        timestamp from = gr->rows.items.at[i].time, to = time_later(from, g->stage->as.aggregate.window.span);
        gr->holding = false;
        decide(g, gr, rows_between(g, gr, i, from, to), to);
        i = first_behind(gr, i, to);
    }
}

/* Windows [k * step, k * step + span) that have rows. */
static void hopping(aggregation *g, group *gr)
{
    int64_t length = g->stage->as.aggregate.window.span, step = g->stage->as.aggregate.window.step;
    timestamp done = INT64_MIN;
    if (step <= 0 || length <= 0 || length / step > 10000) return;
    for (size_t i = 0; i < gr->rows.items.len; i++) {
        timestamp t = gr->rows.items.at[i].time;
        if (t < INT64_MIN / 2 || t > INT64_MAX / 2 || length > INT64_MAX / 4) continue;
        int64_t behind = t % step < 0 ? t % step + step : t % step;
        for (timestamp from = t - behind - (length - 1) / step * step; from <= t; from += step) {
            if (from + length <= t || from <= done) continue;
            gr->holding = false;
            window w = rows_between(g, gr, 0, from, from + length - 1);
            w.bounds.to++;
            decide(g, gr, w, from + length - 1);
            done = from;
        }
    }
}

/* ---- windows of rows in order of their begin ---- */

/* Rows from `first` on that begin and end in [from, to]. */
static window rows_inside(aggregation *g, const group *gr, size_t first, timestamp from, timestamp to)
{
    window w = {ARENA_ARRAY(g->run->arena, const row *, gr->rows.items.len - first), 0, {from, to}};
    for (size_t i = first; i < gr->rows.items.len; i++) {
        const row *r = &gr->rows.items.at[i];
        timestamp begin = begin_of(r);
        if (begin > to || !eval_spend(g->run)) break;
        if (begin >= from && end_of(r) <= to) w.at[w.count++] = r;
    }
    return w;
}

static size_t first_begun_behind(const group *gr, size_t i, timestamp t)
{
    while (i < gr->rows.items.len && begin_of(&gr->rows.items.at[i]) <= t) i++;
    return i;
}

static void tumbling(aggregation *g, group *gr)
{
    int64_t length = g->stage->as.aggregate.window.span;
    if (length <= 0) return;
    for (size_t i = 0; i < gr->rows.items.len;) {
        timestamp t = begin_of(&gr->rows.items.at[i]);
        int64_t behind = t % length < 0 ? t % length + length : t % length;
        timestamp from = time_later(t, -behind), to = time_later(from, length - 1);
        gr->holding = false;
        window w = rows_inside(g, gr, i, from, to);
        w.bounds.to = time_later(to, 1);
        if (w.count) decide(g, gr, w, to);
        i = first_begun_behind(gr, i, to);
    }
}

static void anchored(aggregation *g, group *gr)
{
    for (size_t i = 0; i < gr->rows.items.len;) {
        timestamp from = begin_of(&gr->rows.items.at[i]), to = time_later(from, g->stage->as.aggregate.window.span);
        if (end_of(&gr->rows.items.at[i]) > to) { /* longer than any window: it opens none */
            i++;
            continue;
        }
        gr->holding = false;
        window w = rows_inside(g, gr, i, from, to);
        bool held = w.count && decide(g, gr, w, to);
        i = first_begun_behind(gr, i, held ? to : from);
    }
}

static const row_part *part_of(const row *r, pk_str name)
{
    for (size_t i = 0; i < r->part_count; i++)
        if (str_equal(r->parts[i].name, name)) return &r->parts[i];
    return NULL;
}

static int by_event(const void *x, const void *y)
{
    const eval_event *a = *(const eval_event *const *)x, *b = *(const eval_event *const *)y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void around_event(aggregation *g, group *gr, const eval_event *pivot)
{
    const ir_window *w = &g->stage->as.aggregate.window;
    time_range bounds = {time_later(pivot->time, -w->span), time_later(pivot->time, w->step)};
    window found = {ARENA_ARRAY(g->run->arena, const row *, gr->rows.items.len), 0, bounds};
    for (size_t i = 0; i < gr->rows.items.len && eval_spend(g->run); i++) {
        const row *r = &gr->rows.items.at[i];
        const row_part *p = part_of(r, w->part);
        if (p && p->event == pivot && begin_of(r) >= bounds.from && end_of(r) <= bounds.to) found.at[found.count++] = r;
    }
    gr->holding = false;
    if (found.count) decide(g, gr, found, bounds.to);
}

static void around(aggregation *g, group *gr)
{
    VEC(const eval_event *) pivots = {0};
    for (size_t i = 0; i < gr->rows.items.len; i++) {
        const row_part *p = part_of(&gr->rows.items.at[i], g->stage->as.aggregate.window.part);
        if (p && !p->timeless && p->event->time != TIMESTAMP_NONE) vec_push_in(g->run->arena, &pivots, p->event);
    }
    if (pivots.len) qsort(pivots.at, pivots.len, sizeof *pivots.at, by_event);
    for (size_t i = 0; i < pivots.len; i++)
        if (i == 0 || pivots.at[i] != pivots.at[i - 1]) around_event(g, gr, pivots.at[i]);
}

/* ---- running, sessions ---- */

/* Each row with the functions over itself and the rows before it; all of them, or the last N. */
static void running(aggregation *g, group *gr)
{
    size_t most =
        g->stage->as.aggregate.window.kind == WINDOW_ROWS ? (size_t)g->stage->as.aggregate.window.rows : SIZE_MAX;
    for (size_t i = 0; i < gr->rows.items.len; i++) {
        size_t first = i + 1 > most ? i + 1 - most : 0;
        window w = {ARENA_ARRAY(g->run->arena, const row *, i + 1 - first), 0, {0, 0}};
        for (size_t k = first; k <= i; k++) w.at[w.count++] = &gr->rows.items.at[k];
        w.bounds = bounds_of_rows(&w);
        row made = window_row(g, gr, w, gr->rows.items.at[i].time, NULL);
        window own = {ARENA_ARRAY(g->run->arena, const row *, 1), 1, w.bounds};
        own.at[0] = &gr->rows.items.at[i];
        emit_kept_rows(g, &made, own);
    }
}

/*
 * A session begins at a row for which `start` is true (any row without it) and ends with one for which `end` is, or
 * before a row that is later than span after its first or pause after its last. Rows between sessions belong to none; a
 * session that did not meet its `end` is unfinished. Returns the row behind it; *finished.
 */
static size_t next_session(aggregation *g, const group *gr, size_t first, bool *finished)
{
    const ir_window *w = &g->stage->as.aggregate.window;
    *finished = w->end == NULL;
    for (size_t i = first; i < gr->rows.items.len; i++) {
        const row *r = &gr->rows.items.at[i];
        eval_env env = env_of(g->run, r);
        if (i > first && w->span && time_between(gr->rows.items.at[first].time, r->time) > w->span) return i;
        if (i > first && w->pause && time_between(gr->rows.items.at[i - 1].time, r->time) > w->pause) return i;
        if (i > first && w->start && eval_true(&env, w->start)) return i;
        if (w->end && eval_true(&env, w->end)) {
            *finished = true;
            return i + 1;
        }
    }
    return gr->rows.items.len;
}

static void sessions(aggregation *g, group *gr)
{
    const ir_window *w = &g->stage->as.aggregate.window;
    for (size_t i = 0; i < gr->rows.items.len;) {
        eval_env env = env_of(g->run, &gr->rows.items.at[i]);
        if (w->start && !eval_true(&env, w->start)) {
            i++;
            continue;
        }
        bool finished;
        size_t behind = next_session(g, gr, i, &finished);
        window own = {ARENA_ARRAY(g->run->arena, const row *, behind - i), 0, {0, 0}};
        for (size_t k = i; k < behind; k++) own.at[own.count++] = &gr->rows.items.at[k];
        own.bounds = bounds_of_rows(&own);
        gr->holding = false;
        if (finished || w->keep_unfinished) decide(g, gr, own, gr->rows.items.at[behind - 1].time);
        i = behind;
    }
}

static void run_windows(aggregation *g, group *gr)
{
    if (g->stage->as.aggregate.output == OUTPUT_RUNNING) {
        running(g, gr);
        return;
    }
    switch (g->stage->as.aggregate.window.kind) {
    case WINDOW_NONE: all_rows(g, gr); break;
    case WINDOW_TUMBLING: tumbling(g, gr); break;
    case WINDOW_HOP: hopping(g, gr); break;
    case WINDOW_SLIDING:
        if (has_only_lower_bounds(g->stage->as.aggregate.having)) sliding_at_rows(g, gr);
        else sliding_at_close(g, gr);
        break;
    case WINDOW_ANCHORED: anchored(g, gr); break;
    case WINDOW_AROUND: around(g, gr); break;
    case WINDOW_ROWS: running(g, gr); break;
    case WINDOW_SESSION: sessions(g, gr); break;
    }
}

/* ---- groups ---- */

typedef struct {
    VEC(group) items;
    table by_key;
} groups;

static void add_to_groups(plan_run *run, const stage *s, groups *all, const row *r, row_list *passed)
{
    bool passes;
    row_keys keys = keys_of(run, r, s->as.aggregate.keys, s->as.aggregate.key_count, &passes);
    if (passes) vec_push_in(run->arena, &passed->items, *r);
    for (size_t i = 0; i < keys.items.len; i++) {
        uint32_t at = table_get(&all->by_key, keys.items.at[i].text);
        if (at == TABLE_NONE) {
            at = (uint32_t)all->items.len;
            table_put(&all->by_key, keys.items.at[i].text, at);
            group made = {.key = keys.items.at[i].text, .keys = keys.items.at[i].values};
            vec_push_in(run->arena, &all->items, made);
        }
        vec_push_in(run->arena, &all->items.at[at].rows.items, *r);
    }
}

static void reverse_rows(row_list *rows)
{
    for (size_t i = 0, k = rows->items.len; i + 1 < k; i++) {
        row swap = rows->items.at[i];
        rows->items.at[i] = rows->items.at[--k];
        rows->items.at[k] = swap;
    }
}

static bool find_asked(const expr *e, bool negated, void *user)
{
    const aggregation *g = user;
    (void)negated;
    for (size_t i = 0; e->kind == EXPR_FIELD && i < g->stage->as.aggregate.function_count; i++) {
        pk_str name = g->stage->as.aggregate.functions[i].name;
        if (str_equal(name, STR("*")) || str_equal(name, column_name_of(g->run->arena, e->as.field.path))) g->asked[i] = true;
    }
    return true;
}

static void find_functions(aggregation *g)
{
    g->asked = ARENA_ARRAY(g->run->arena, bool, g->stage->as.aggregate.function_count);
    ir_walk_expr(g->run->plan, g->stage->as.aggregate.having, find_asked, g);
}

static int by_key(const void *x, const void *y) { return str_compare(((const group *)x)->key, ((const group *)y)->key); }

row_list run_aggregate(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    window_kind kind = s->as.aggregate.window.kind;
    bool timed = kind != WINDOW_NONE && kind != WINDOW_ROWS;
    row_list out = {0};
    groups all = {0};
    aggregation g = {.run = run, .stage = s, .out = &out};
    find_functions(&g);
    g.quiet = s->as.aggregate.after == AFTER_QUIET || (run->plan->alert == s && run->plan->quiet == QUIET_WHILE_HAVING);
    for (size_t i = 0; i < input->items.len; i++)
        if (!timed || input->items.at[i].time != TIMESTAMP_NONE) add_to_groups(run, s, &all, &input->items.at[i], &out);
    if (all.items.len) qsort(all.items.at, all.items.len, sizeof *all.items.at, by_key);
    for (size_t i = 0; i < all.items.len; i++) {
        bool by_parts = kind == WINDOW_TUMBLING || kind == WINDOW_ANCHORED || kind == WINDOW_AROUND;
        if (by_parts) sort_by_parts(run->plan, &all.items.at[i].rows);
        else if (timed || s->as.aggregate.output == OUTPUT_RUNNING || kind == WINDOW_ROWS) sort_rows(&all.items.at[i].rows);
        if (s->as.aggregate.order_down) reverse_rows(&all.items.at[i].rows);
        run_windows(&g, &all.items.at[i]);
    }
    table_free(&all.by_key);
    sort_rows(&out);
    return out;
}
