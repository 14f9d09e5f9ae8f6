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
 *   anchored    a timer D behind the oldest row: if `having` holds all rows go, else only that one
 *   running     at each row, over the rows before it (the last N): the row itself goes on, with the group's columns
 */
#include "engine/accumulator.h"

#include <stdlib.h>

#define END_OF_INPUT (INT64_MAX - 1)
#define HOPS_MOST 10000           /* windows that one row may lie in */

typedef enum { DECIDE_AT_ROWS, DECIDE_AT_CLOSE, DECIDE_HOPPING, DECIDE_ANCHORED, DECIDE_RUNNING } decision_kind;

typedef struct {
    group_head head;
    row **rows;                   /* ring of the window's rows, oldest first */
    size_t first, count, cap;
    bool mixed;                   /* rows of one time may not be in the order of their places */
    accumulator *accumulators;
    size_t cleared;               /* rows at the front of the node's entries that have left already */
    size_t timers;                /* set and not yet fired */
    timestamp hop;                /* start of the latest window that has a timer */
    bool has_hop;
    bool holding;                 /* `having` was true at the last decision */
    bool touched;
    VEC(row *) waiting;           /* running: rows of the present time */
} group;

typedef struct {
    group *group;
    timestamp time;
} window_entry;

typedef struct {
    const aggregate_kind **kinds; /* of the functions */
    bool *asked;                  /* functions that `having` reads */
    decision_kind decision;
    bool quiet;
    group_table groups;
    VEC(group *) touched;
    window_entry *entries;        /* ring: all rows in windows decided at rows, in order of time */
    size_t entry_first, entry_count, entry_cap;
    size_t row_cost;              /* bytes that a row costs beside itself */
    arena *values;                /* of one decision */
} aggregate_state;

/* ---- what `having` asks ---- */

/* Does it stay true when rows are added? Taken to be so of lower bounds only. */
static bool only_lower_bounds(const expr *e)
{
    if (!e || e->kind == EXPR_CONSTANT) return true;
    if (e->kind == EXPR_COMPARE) return e->as.compare.op == COMPARE_GT || e->as.compare.op == COMPARE_GE;
    if (e->kind != EXPR_AND && e->kind != EXPR_OR) return false;
    for (size_t i = 0; i < e->count; i++)
        if (!only_lower_bounds(e->args[i])) return false;
    return true;
}

typedef struct { const stage *stage; bool *asked; } column_finder;

static bool find_column(const expr *e, bool negated, void *user)
{
    column_finder *f = user;
    (void)negated;
    for (size_t i = 0; e->kind == EXPR_FIELD && i < f->stage->as.aggregate.function_count; i++)
        f->asked[i] |= str_equal(f->stage->as.aggregate.functions[i].name, e->as.field.path);
    return true;
}

/* ---- opening ---- */

static const char *find_functions(stage_run *run, const stage *s, aggregate_state *st)
{
    size_t count = s->as.aggregate.function_count;
    st->kinds = ARENA_ARRAY(run->arena, const aggregate_kind *, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(s->as.aggregate.functions[i].name, STR("*"))) return "it computes a function of every column";
        st->kinds[i] = aggregate_kind_find(s->as.aggregate.functions[i].function);
        if (!st->kinds[i]) return "the engine has no such aggregate function yet";
    }
    return NULL;
}

static const char *find_decision(const stage *s, aggregate_state *st)
{
    const ir_window *w = &s->as.aggregate.window;
    if (s->as.aggregate.output == OUTPUT_KEEP_ROWS) return "it keeps the rows of its windows";
    if (s->as.aggregate.order_down) return "it runs against the time";
    if (s->as.aggregate.output == OUTPUT_RUNNING || w->kind == WINDOW_ROWS) {
        st->decision = DECIDE_RUNNING;
        return w->kind == WINDOW_NONE || w->kind == WINDOW_ROWS ? NULL : "it runs within a window of time";
    }
    switch (w->kind) {
    case WINDOW_SLIDING: st->decision = only_lower_bounds(s->as.aggregate.having) ? DECIDE_AT_ROWS : DECIDE_AT_CLOSE; return NULL;
    case WINDOW_TUMBLING:
        st->decision = DECIDE_AT_CLOSE;
        return w->span > 0 ? NULL : "its window has no length";
    case WINDOW_NONE: st->decision = DECIDE_AT_CLOSE; return NULL;
    case WINDOW_HOP:
        st->decision = DECIDE_HOPPING;
        return w->span > 0 && w->step > 0 && w->span / w->step <= HOPS_MOST ? NULL : "its windows overlap too often";
    case WINDOW_ANCHORED: st->decision = DECIDE_ANCHORED; return NULL;
    case WINDOW_AROUND: return "its windows lie around a part";
    case WINDOW_SESSION: return "its windows are sessions";
    case WINDOW_ROWS: break;
    }
    return "the engine has no such window yet";
}

/* Rows that run on keep what they had; else a row has keys and functions only. */
static void add_columns(stage_run *run, node *n, const aggregate_state *st)
{
    const stage *s = n->stage;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++)
        node_add_column(run, n, (row_column){.name = s->as.aggregate.keys[i].name, .key = true});
    for (size_t i = 0; i < s->as.aggregate.function_count; i++)
        if (node_column(n, s->as.aggregate.functions[i].name, false) == STR_NPOS)
            node_add_column(run, n, (row_column){.name = s->as.aggregate.functions[i].name});
    for (size_t i = 0; st->decision == DECIDE_RUNNING && i < n->inputs[0]->column_count; i++) {
        const row_column *c = &n->inputs[0]->columns[i];
        if (node_column(n, c->name, c->part) == STR_NPOS) node_add_column(run, n, *c);
    }
}

static const char *aggregate_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    aggregate_state *st = ARENA_NEW(run->arena, aggregate_state);
    const char *reason = find_functions(run, s, st);
    if (!reason) reason = find_decision(s, st);
    if (!reason) reason = keys_problem(s->as.aggregate.keys, s->as.aggregate.key_count);
    if (!reason && n->late && s->as.aggregate.window.kind != WINDOW_NONE) reason = "a window behind an aggregate without one";
    if (reason) return reason;
    n->late |= s->as.aggregate.window.kind == WINDOW_NONE && st->decision != DECIDE_RUNNING;
    if (n->late && st->decision == DECIDE_RUNNING) return "it runs behind an aggregate without window";
    st->quiet = s->as.aggregate.after == AFTER_QUIET || (n->plan->alert == s && n->plan->quiet == QUIET_WHILE_HAVING);
    st->asked = ARENA_ARRAY(run->arena, bool, s->as.aggregate.function_count + 1);
    if (s->as.aggregate.having) ir_walk_expr(n->plan, s->as.aggregate.having, find_column, &(column_finder){s, st->asked});
    st->row_cost = sizeof(row *) * 2 + sizeof(window_entry) * 2 + s->as.aggregate.function_count * 64;
    st->values = arena_new();
    add_columns(run, n, st);
    n->state = st;
    return NULL;
}

/* ---- the rows of a group ---- */

static row *row_at(const group *g, size_t i) { return g->rows[(g->first + i) % g->cap]; }

static void change(stage_run *run, const node *n, const aggregate_state *st, group *g, const row *r, bool add)
{
    const stage *s = n->stage;
    run->bytes += add ? st->row_cost : (uint64_t)-st->row_cost;
    for (size_t i = 0; i < s->as.aggregate.function_count; i++)
        accumulator_change(&g->accumulators[i], st->kinds[i], n->inputs[0], &s->as.aggregate.functions[i], r, add, run->scratch);
}

static void add_row(stage_run *run, const node *n, const aggregate_state *st, group *g, row *r)
{
    if (g->count == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 4;
        row **rows = mem_zalloc(cap, sizeof *rows);
        for (size_t i = 0; i < g->count; i++) rows[i] = row_at(g, i);
        mem_free(g->rows);
        g->rows = rows;
        g->cap = cap;
        g->first = 0;
    }
    g->mixed |= g->count && row_order(row_at(g, g->count - 1), r) > 0;
    g->rows[(g->first + g->count++) % g->cap] = row_hold(r);
    change(run, n, st, g, r, true);
}

static void put_in_order(group *g)
{
    if (!g->mixed) return;
    row **rows = mem_zalloc(g->cap, sizeof *rows);
    for (size_t i = 0; i < g->count; i++) rows[i] = row_at(g, i);
    rows_sort(rows, g->count);
    mem_free(g->rows);
    g->rows = rows;
    g->first = 0;
    g->mixed = false;
}

static void remove_oldest(stage_run *run, const node *n, const aggregate_state *st, group *g)
{
    row *r = row_at(g, 0);
    g->first = (g->first + 1) % g->cap;
    g->count--;
    change(run, n, st, g, r, false);
    row_release(r);
}

static void remove_all(stage_run *run, const node *n, const aggregate_state *st, group *g)
{
    for (size_t i = 0; i < g->count; i++) row_release(row_at(g, i));
    run->bytes -= g->count * st->row_cost;
    g->first = g->count = 0;
    for (size_t i = 0; i < n->stage->as.aggregate.function_count; i++) accumulator_free(&g->accumulators[i]);
}

static void group_drop(stage_run *run, const node *n, aggregate_state *st, group *g)
{
    remove_all(run, n, st, g);
    for (size_t i = 0; i < g->waiting.len; i++) row_release(g->waiting.at[i]);
    vec_free(&g->waiting);
    mem_free(g->rows);
    mem_free(g->accumulators);
    group_remove(run, &st->groups, &g->head);
}

static void drop_if_empty(stage_run *run, const node *n, aggregate_state *st, group *g)
{
    if (g->count == 0 && g->cleared == 0 && g->timers == 0 && !g->touched) group_drop(run, n, st, g);
}

/* ---- sliding windows: all rows of the node in order of time ---- */

static void push_entry(aggregate_state *st, group *g, timestamp t)
{
    if (st->entry_count == st->entry_cap) {
        size_t cap = st->entry_cap ? st->entry_cap * 2 : 64;
        window_entry *entries = mem_zalloc(cap, sizeof *entries);
        for (size_t i = 0; i < st->entry_count; i++) entries[i] = st->entries[(st->entry_first + i) % st->entry_cap];
        mem_free(st->entries);
        st->entries = entries;
        st->entry_cap = cap;
        st->entry_first = 0;
    }
    st->entries[(st->entry_first + st->entry_count++) % st->entry_cap] = (window_entry){g, t};
}

static void pop_entry(stage_run *run, const node *n, aggregate_state *st)
{
    group *g = st->entries[st->entry_first].group;
    st->entry_first = (st->entry_first + 1) % st->entry_cap;
    st->entry_count--;
    if (g->cleared) g->cleared--;
    else remove_oldest(run, n, st, g);
    drop_if_empty(run, n, st, g);
}

static int64_t time_since(timestamp from, timestamp to)
{
    int64_t d;
    return __builtin_sub_overflow(to, from, &d) ? INT64_MAX : d;
}

static timestamp time_later(timestamp t, int64_t by) { return t > END_OF_INPUT - by ? END_OF_INPUT : t + by; }

/* Rows older than the span leave; so do the oldest when too much is held. */
static void expire(stage_run *run, const node *n, aggregate_state *st, timestamp now)
{
    int64_t length = n->stage->as.aggregate.window.span;
    while (st->entry_count && time_since(st->entries[st->entry_first].time, now) > length) pop_entry(run, n, st);
    while (st->entry_count && run_is_full(run)) {
        run->evicted++;
        pop_entry(run, n, st);
    }
}

/* ---- deciding ---- */

/* Computes the functions that `having` reads, or the others, into columns behind the keys. */
static void compute(const node *n, aggregate_state *st, group *g, row *out, bool asked)
{
    const stage *s = n->stage;
    window_rows w = {.input = n->inputs[0]};
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        if (st->asked[i] != asked) continue;
        if (!w.rows && aggregate_needs_rows(st->kinds[i], &g->accumulators[i])) {
            row **rows = ARENA_ARRAY(st->values, row *, g->count + 1);
            put_in_order(g);
            for (size_t k = 0; k < g->count; k++) rows[k] = row_at(g, k);
            w.rows = rows;
            w.count = g->count;
        }
        value v = accumulator_value(&g->accumulators[i], st->kinds[i], &s->as.aggregate.functions[i], &w, st->values);
        row_set_column(out, node_column(n, s->as.aggregate.functions[i].name, false), &v);
    }
}

static void set_keys(const group *g, row *out)
{
    for (size_t i = 0; i < g->head.keys->column_count; i++) row_set_column(out, i, &g->head.keys->columns[i]);
}

static void take_window(const group *g, row *out)
{
    row **rows = mem_zalloc(g->count + 1, sizeof *rows);
    for (size_t i = 0; i < g->count; i++) rows[i] = row_at(g, i);
    row_take_events(out, rows, g->count);
    mem_free(rows);
}

/* Asks `having` of the group's rows; true: a row went out. */
static bool decide_group(stage_run *run, node *n, group *g, timestamp t)
{
    aggregate_state *st = n->state;
    arena_reset(st->values);
    row *out = row_new(run, n->column_count, 0);
    out->time = t;
    set_keys(g, out);
    compute(n, st, g, out, true);
    bool holds = row_true(n, out, n->stage->as.aggregate.having, st->values);
    bool emits = holds && !(st->quiet && g->holding);
    g->holding = holds;
    if (emits) {
        compute(n, st, g, out, false);
        take_window(g, out);
        node_emit(run, n, out);
    }
    row_release(out);
    return emits;
}

/* The rows of this time, one after the other, each with the functions up to it. */
static void run_group(stage_run *run, node *n, group *g)
{
    aggregate_state *st = n->state;
    const stage *s = n->stage;
    size_t most = s->as.aggregate.window.kind == WINDOW_ROWS ? (size_t)s->as.aggregate.window.rows : SIZE_MAX;
    rows_sort(g->waiting.at, g->waiting.len);
    for (size_t i = 0; i < g->waiting.len; i++) {
        row *r = g->waiting.at[i];
        arena_reset(st->values);
        add_row(run, n, st, g, r);
        while (g->count > most) remove_oldest(run, n, st, g);
        row *out = row_like(run, r, n->column_count);
        out->origin = 0;
        for (size_t k = 0; k < r->column_count; k++)
            row_set_column(out, node_column(n, n->inputs[0]->columns[k].name, n->inputs[0]->columns[k].part), &r->columns[k]);
        set_keys(g, out);
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
        group *g = st->touched.at[i];
        g->touched = false;
        if (st->decision == DECIDE_RUNNING) {
            run_group(run, n, g);
        } else if (g->count && decide_group(run, n, g, now) && n->stage->as.aggregate.after == AFTER_CLEAR) {
            g->cleared += g->count;
            g->holding = false;
            remove_all(run, n, st, g);
        }
        drop_if_empty(run, n, st, g);
    }
    st->touched.len = 0;
}

/* ---- timers ---- */

static void set_timer(stage_run *run, node *n, group *g, timestamp start, timestamp due)
{
    g->timers++;
    run_set_timer(run, n, &g->head, start, due);
}

/* The last point in time that belongs to the window that a row at `t` opens. */
static timestamp window_end(const ir_window *w, timestamp t)
{
    if (w->kind == WINDOW_NONE) return END_OF_INPUT;
    if (w->kind != WINDOW_TUMBLING) return time_later(t, w->span);
    int64_t behind = t % w->span < 0 ? t % w->span + w->span : t % w->span;
    return time_later(t, w->span - behind - 1);
}

/* One timer for each window [k * step, k * step + span) around `t` that has none yet. */
static void set_hops(stage_run *run, node *n, group *g, timestamp t)
{
    int64_t length = n->stage->as.aggregate.window.span, step = n->stage->as.aggregate.window.step;
    if (t < INT64_MIN / 2 || t > INT64_MAX / 2 || length > INT64_MAX / 4) return;
    int64_t behind = t % step < 0 ? t % step + step : t % step;
    for (timestamp from = t - behind - (length - 1) / step * step; from <= t; from += step) {
        if (from + length <= t || (g->has_hop && from <= g->hop)) continue;
        set_timer(run, n, g, from, from + length - 1);
        g->hop = from;
        g->has_hop = true;
    }
}

static void aggregate_timer(stage_run *run, node *n, group_head *which, int64_t start, timestamp due)
{
    aggregate_state *st = n->state;
    group *g = (group *)which;
    timestamp at = due;
    g->timers--;
    g->holding = false;
    if (st->decision == DECIDE_ANCHORED) put_in_order(g);
    if (st->decision == DECIDE_HOPPING)
        while (g->count && row_at(g, 0)->time < start) remove_oldest(run, n, st, g);
    for (size_t i = 0; n->stage->as.aggregate.window.kind == WINDOW_NONE && i < g->count; i++)
        if (i == 0 || row_at(g, i)->time > at) at = row_at(g, i)->time;
    bool held = g->count && decide_group(run, n, g, at);
    if (st->decision == DECIDE_HOPPING) {
        if (g->timers == 0) remove_all(run, n, st, g);
    } else if (st->decision == DECIDE_ANCHORED && !held) {
        if (g->count) remove_oldest(run, n, st, g);
        if (g->count) set_timer(run, n, g, 0, time_later(row_at(g, 0)->time, n->stage->as.aggregate.window.span));
    } else {
        remove_all(run, n, st, g);
    }
    drop_if_empty(run, n, st, g);
}

/* ---- rows come ---- */

static void touch_group(stage_run *run, node *n, group *g)
{
    aggregate_state *st = n->state;
    if (!g->touched) vec_push(&st->touched, g);
    g->touched = true;
    node_touch(run, n);
}

static void take_row(stage_run *run, node *n, group *g, row *r)
{
    aggregate_state *st = n->state;
    const ir_window *w = &n->stage->as.aggregate.window;
    switch (st->decision) {
    case DECIDE_AT_ROWS:
        add_row(run, n, st, g, r);
        push_entry(st, g, r->time);
        touch_group(run, n, g);
        return;
    case DECIDE_RUNNING:
        vec_push(&g->waiting, row_hold(r));
        touch_group(run, n, g);
        return;
    case DECIDE_AT_CLOSE:
        if (g->timers == 0) set_timer(run, n, g, 0, window_end(w, r->time));
        break;
    case DECIDE_HOPPING: set_hops(run, n, g, r->time); break;
    case DECIDE_ANCHORED:
        if (g->timers == 0) set_timer(run, n, g, 0, time_later(r->time, w->span));
        break;
    }
    add_row(run, n, st, g, r);
}

static void aggregate_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    aggregate_state *st = n->state;
    const stage *s = n->stage;
    arena_reset(run->scratch);
    if (st->decision == DECIDE_AT_ROWS) {
        expire(run, n, st, r->time);
    } else if (run_is_full(run)) { /* what waits for its window to close can't go; so no more comes in */
        run->evicted++;
        return;
    }
    row_key_ways keys = row_keys_of(n->inputs[0], r, s->as.aggregate.keys, s->as.aggregate.key_count, run->scratch);
    for (size_t i = 0; i < keys.ways.len; i++) {
        group *g = (group *)group_of(run, &st->groups, &keys.ways.at[i], s->as.aggregate.key_count, sizeof *g);
        if (!g->accumulators) {
            g->accumulators = mem_zalloc(s->as.aggregate.function_count + 1, sizeof *g->accumulators);
            g->head.bytes += s->as.aggregate.function_count * sizeof *g->accumulators;
            run->bytes += s->as.aggregate.function_count * sizeof *g->accumulators;
        }
        take_row(run, n, g, r);
    }
}

static void aggregate_close(stage_run *run, node *n)
{
    aggregate_state *st = n->state;
    if (!st) return;
    for (size_t i = 0; st->groups.buckets && i <= st->groups.mask; i++)
        while (st->groups.buckets[i]) group_drop(run, n, st, (group *)st->groups.buckets[i]);
    group_table_free(&st->groups);
    mem_free(st->entries);
    vec_free(&st->touched);
    arena_free(st->values);
    n->state = NULL;
}

const stage_ops aggregate_ops = {aggregate_open, aggregate_push, aggregate_decide, aggregate_timer, aggregate_close};
