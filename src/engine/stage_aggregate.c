/*
 * Aggregate: rows grouped by keys within a window of event time; functions; `having` decides.
 *
 * Each group holds the rows of its window, oldest first; functions follow as rows come behind and leave in front
 * (accumulator.h). The kind of window says when rows leave and when the group decides; ir/eval_aggregate.c says the same
 * without remembering anything:
 *
 *   at rows     sliding D, if `having` can only become true by more rows: at each time that has rows, over [t - D, t]
 *   at close    none, tumbling, sliding otherwise: the first row sets a timer for the end; all rows go with the decision
 *   hopping     a timer for each window that has rows, in order; what is older than its window leaves
 *   anchored    a timer D behind the start of the first row: if `having` holds all rows go, else those that start with it
 *   at times    none, if a key tells events apart: all rows of an event come at one time, and go with the decision
 *   running     at each row, over the rows before it (the last N): the row itself goes on, with the group's columns
 */
#include "engine/aggregate.h"

#include <stdlib.h>

/* ---- deciding ---- */

/* Computes the functions that `having` reads, or the others, into columns behind the keys. */
static void compute(const node *n, aggregate_state *st, window_group *g, row *out, bool asked)
{
    const stage *s = n->stage;
    window_rows w = {.input = n->inputs[0], .start = out->window_start, .end = out->window_end};
    window_look_back(n->run, n, st, g, out->window_start);
    n->run->window = &out->window_start;
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        if (st->asked[i] != asked) continue;
        if (!w.rows && aggregate_needs_rows(st->kinds[i], &g->accumulators[i])) {
            w.rows = window_ordered_rows(st, g, st->values);
            w.count = g->count;
        }
        value v = accumulator_value(&g->accumulators[i], st->kinds[i], &s->as.aggregate.functions[i], &w, st->values);
        row_set_column(out, node_column(n, s->as.aggregate.functions[i].name), &v);
    }
    n->run->window = NULL;
}

static void set_keys(const window_group *g, row *out)
{
    for (size_t i = 0; i < g->head.keys->column_count; i++) row_set_column(out, i, &g->head.keys->columns[i]);
}

static void take_window(const node *n, aggregate_state *st, window_group *g, row *out)
{
    row **rows = window_ordered_rows(st, g, st->values);
    row_take_events(out, rows, g->count);
    if (n->inputs[0]->part_name_count) out->samples = row_samples_of(n->plan, rows, g->count);
}

static void set_bounds(const node *n, const aggregate_state *st, row *out, window_bounds b)
{
    window_kind kind = n->stage->as.aggregate.window.kind;
    out->windowed = kind != WINDOW_NONE && kind != WINDOW_ROWS;
    out->window_start = b.start;
    out->window_end = b.end;
    out->of_event = st->of_event && kind == WINDOW_NONE;
}

/* Asks `having` of the group's rows; true: a row went out. */
static bool decide_group(stage_run *run, node *n, window_group *g, timestamp t, timestamp start)
{
    aggregate_state *st = n->state;
    arena_reset(st->values);
    row *out = row_new(run, n->column_count, 0);
    out->time = out->start = t;
    out->bounded = true;
    set_bounds(n, st, out, window_bounds_of(n, g, t, start));
    set_keys(g, out);
    compute(n, st, g, out, true);
    bool holds = row_true(n, out, n->stage->as.aggregate.having, st->values);
    bool emits = holds && !(st->quiet && g->holding);
    g->holding = holds;
    if (emits) {
        compute(n, st, g, out, false);
        take_window(n, st, g, out);
        node_emit(run, n, out);
    }
    row_release(out);
    return emits;
}

/* The rows of this time, one after the other, each with the functions up to it. */
static void run_group(stage_run *run, node *n, window_group *g)
{
    aggregate_state *st = n->state;
    const stage *s = n->stage;
    size_t most = s->as.aggregate.window.kind == WINDOW_ROWS ? (size_t)s->as.aggregate.window.rows : SIZE_MAX;
    rows_sort(g->waiting.at, g->waiting.len, false);
    for (size_t i = 0; i < g->waiting.len; i++) {
        row *r = g->waiting.at[i];
        arena_reset(st->values);
        window_add_row(run, n, st, g, r);
        while (g->count > most) window_remove_oldest(run, n, st, g);
        row *out = row_like(run, r, n->column_count);
        out->origin = 0;
        for (size_t k = 0; k < r->column_count; k++)
            row_set_column(out, node_column(n, n->inputs[0]->columns[k].name), &r->columns[k]);
        set_keys(g, out);
        set_bounds(n, st, out, bounds_of_rows(g));
        compute(n, st, g, out, true);
        compute(n, st, g, out, false);
        if (row_true(n, out, s->as.aggregate.having, st->values)) node_emit(run, n, out);
        row_release(out);
        row_release(r);
    }
    g->waiting.len = 0;
}

static void aggregate_decide(stage_run *run, node *n, timestamp now)
{
    aggregate_state *st = n->state;
    if (st->touched.len > 1) qsort(st->touched.at, st->touched.len, sizeof *st->touched.at, group_order);
    for (size_t i = 0; i < st->touched.len; i++) {
        window_group *g = st->touched.at[i];
        g->touched = false;
        if (st->decision == DECIDE_RUNNING) {
            run_group(run, n, g);
        } else if (st->decision == DECIDE_AT_TIMES) {
            decide_group(run, n, g, now, now);
            window_remove_all(run, n, st, g);
        } else if (g->count && decide_group(run, n, g, now, now) && n->stage->as.aggregate.after == AFTER_CLEAR) {
            g->cleared += g->count;
            g->holding = false;
            window_remove_all(run, n, st, g);
        }
        window_drop_if_empty(run, n, st, g);
    }
    st->touched.len = 0;
}

/* ---- timers ---- */

/* Rows that started within a window that held may still come until `span` behind it: till then the group is remembered. */
static void anchored_timer(stage_run *run, node *n, window_group *g, timestamp due)
{
    aggregate_state *st = n->state;
    int64_t length = n->stage->as.aggregate.window.span;
    if (due == g->due) g->due = INT64_MAX;
    if (g->count && time_sum(window_row(g, 0)->start, length) <= due) {
        timestamp start = window_row(g, 0)->start;
        g->holding = false;
        if (decide_group(run, n, g, due, start)) {
            window_remove_all(run, n, st, g);
            g->over = due;
            g->has_over = true;
            if (st->spanning) window_set_timer(run, n, g, 0, time_sum(due, length));
        } else {
            while (g->count && window_row(g, 0)->start == start) window_remove_oldest(run, n, st, g);
        }
    }
    window_arm(run, n, g);
    window_drop_if_empty(run, n, st, g);
}

static void aggregate_timer(stage_run *run, node *n, group_head *which, int64_t start, timestamp due)
{
    aggregate_state *st = n->state;
    window_group *g = (window_group *)which;
    timestamp at = due;
    g->timers--;
    if (st->decision == DECIDE_ANCHORED) {
        anchored_timer(run, n, g, due);
        return;
    }
    g->holding = false;
    if (st->decision == DECIDE_HOPPING)
        while (g->count && window_row(g, 0)->time < start) window_remove_oldest(run, n, st, g);
    for (size_t i = 0; n->stage->as.aggregate.window.kind == WINDOW_NONE && i < g->count; i++)
        if (i == 0 || window_row(g, i)->time > at) at = window_row(g, i)->time;
    if (g->count) decide_group(run, n, g, at, start);
    if (st->decision != DECIDE_HOPPING || g->timers == 0) window_remove_all(run, n, st, g);
    window_drop_if_empty(run, n, st, g);
}

/* ---- rows come ---- */

static void touch_group(stage_run *run, node *n, window_group *g)
{
    aggregate_state *st = n->state;
    if (!g->touched) vec_push(&st->touched, g);
    g->touched = true;
    node_touch(run, n);
}

static void take_row(stage_run *run, node *n, window_group *g, row *r)
{
    aggregate_state *st = n->state;
    const ir_window *w = &n->stage->as.aggregate.window;
    switch (st->decision) {
    case DECIDE_AT_ROWS:
        window_add_row(run, n, st, g, r);
        window_push_entry(st, g, r->time);
        touch_group(run, n, g);
        return;
    case DECIDE_AT_TIMES:
        window_add_row(run, n, st, g, r);
        touch_group(run, n, g);
        return;
    case DECIDE_RUNNING:
        vec_push(&g->waiting, row_hold(r));
        touch_group(run, n, g);
        return;
    case DECIDE_AT_CLOSE:
        if (g->timers == 0) window_set_timer(run, n, g, 0, window_end(w, w->kind == WINDOW_AROUND ? g->pivot : r->time));
        break;
    case DECIDE_HOPPING: window_set_hops(run, n, g, r->time); break;
    case DECIDE_ANCHORED:
        if (g->has_over && r->start <= g->over) {
            window_drop_if_empty(run, n, st, g);
            return;
        }
        window_add_row(run, n, st, g, r);
        window_arm(run, n, g);
        return;
    }
    window_add_row(run, n, st, g, r);
}

static void aggregate_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    aggregate_state *st = n->state;
    const stage *s = n->stage;
    bool is_around = s->as.aggregate.window.kind == WINDOW_AROUND, timed = s->as.aggregate.window.kind != WINDOW_NONE && s->as.aggregate.window.kind != WINDOW_ROWS;
    arena_reset(run->scratch);
    if (timed && (r->time == TIMESTAMP_NONE || !window_holds_row(&s->as.aggregate.window, r))) return;
    if (st->decision == DECIDE_AT_ROWS) {
        window_expire(run, n, st, r->time);
    } else if (run_is_full(run)) { /* what waits for its window to close can't go; so no more comes in */
        run->evicted++;
        return;
    }
    row_key_ways keys = row_keys_of(n->inputs[0], r, s->as.aggregate.keys, s->as.aggregate.key_count, run->scratch);
    timestamp pivot = 0;
    if (is_around && !window_add_pivot(n, r, &keys, &pivot, run->scratch)) return;
    for (size_t i = 0; i < keys.ways.len; i++) {
        window_group *g = (window_group *)group_of(run, &st->groups, &keys.ways.at[i], s->as.aggregate.key_count, sizeof *g);
        if (!g->accumulators) {
            g->accumulators = mem_zalloc(s->as.aggregate.function_count + 1, sizeof *g->accumulators);
            g->head.bytes += s->as.aggregate.function_count * sizeof *g->accumulators;
            run->bytes += s->as.aggregate.function_count * sizeof *g->accumulators;
            g->pivot = pivot;
        }
        take_row(run, n, g, r);
    }
}

static void aggregate_close(stage_run *run, node *n)
{
    aggregate_state *st = n->state;
    if (!st) return;
    for (size_t i = 0; st->groups.buckets && i <= st->groups.mask; i++)
        while (st->groups.buckets[i]) window_drop(run, n, st, (window_group *)st->groups.buckets[i]);
    group_table_free(&st->groups);
    mem_free(st->entries);
    vec_free(&st->touched);
    arena_free(st->values);
    n->state = NULL;
}

const stage_ops aggregate_ops = {aggregate_open, aggregate_push, aggregate_decide, aggregate_timer, aggregate_close};
