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
#include "engine/accumulator.h"

#include <stdlib.h>

#define END_OF_INPUT (INT64_MAX - 1)
#define HOPS_MOST 10000           /* windows that one row may lie in */

typedef enum { DECIDE_AT_ROWS, DECIDE_AT_TIMES, DECIDE_AT_CLOSE, DECIDE_HOPPING, DECIDE_ANCHORED, DECIDE_RUNNING } decision_kind;

typedef struct {
    group_head head;
    row **rows;                   /* ring of the window's rows, oldest first; anchored: heap by start, from 0 on */
    size_t first, count, cap;
    bool mixed;                   /* rows of one time may not be in the order of their places */
    accumulator *accumulators;
    size_t cleared;               /* rows at the front of the node's entries that have left already */
    size_t timers;                /* set and not yet fired */
    timestamp hop;                /* start of the latest window that has a timer */
    bool has_hop;
    timestamp due;                /* anchored: the earliest timer that is set */
    timestamp over;               /* anchored: end of the last window that held; rows that start up to then don't count */
    bool has_over;
    timestamp pivot;              /* around: time of its event */
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
    bool by_start;                /* rows in order of their start; what does not lie in a window with both ends is left out */
    bool spanning;                /* rows may have several parts with a time */
    bool of_event;                /* a key tells events apart */
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

/* How many parts with a time rows may have. */
static size_t timed_parts(const node *input)
{
    size_t count = 0;
    for (size_t i = 0; i < input->part_name_count; i++) {
        bool context = false;
        for (size_t k = 0; k < input->plan->stage_count; k++)
            context |= input->plan->stages[k]->kind == STAGE_CONTEXT && str_equal(input->plan->stages[k]->name, input->part_names[i]);
        count += !context;
    }
    return count;
}

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

static const char *find_decision(const node *n, aggregate_state *st)
{
    const stage *s = n->stage;
    const ir_window *w = &s->as.aggregate.window;
    st->by_start = w->kind == WINDOW_TUMBLING || w->kind == WINDOW_ANCHORED || w->kind == WINDOW_AROUND;
    st->spanning = timed_parts(n->inputs[0]) != 1;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) st->of_event |= is_part_key(&s->as.aggregate.keys[i]);
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
    case WINDOW_NONE:
        st->decision = st->of_event && !st->spanning ? DECIDE_AT_TIMES : DECIDE_AT_CLOSE;
        st->by_start = st->spanning;
        return NULL;
    case WINDOW_HOP:
        st->decision = DECIDE_HOPPING;
        return w->span > 0 && w->step > 0 && w->span / w->step <= HOPS_MOST ? NULL : "its windows overlap too often";
    case WINDOW_ANCHORED: st->decision = DECIDE_ANCHORED; return NULL;
    case WINDOW_AROUND: st->decision = DECIDE_AT_CLOSE; return NULL;
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
        node_add_column(run, n, (row_column){.name = s->as.aggregate.keys[i].name, .key = true, .hidden = is_part_key(&s->as.aggregate.keys[i])});
    for (size_t i = 0; i < s->as.aggregate.function_count; i++)
        if (node_column(n, s->as.aggregate.functions[i].name) == STR_NPOS)
            node_add_column(run, n, (row_column){.name = s->as.aggregate.functions[i].name});
    for (size_t i = 0; st->decision == DECIDE_RUNNING && i < n->inputs[0]->column_count; i++) {
        const row_column *c = &n->inputs[0]->columns[i];
        if (node_column(n, c->name) == STR_NPOS) node_add_column(run, n, *c);
    }
    if (st->decision != DECIDE_RUNNING) n->part_name_count = 0;
}

static const char *aggregate_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    aggregate_state *st = ARENA_NEW(run->arena, aggregate_state);
    const char *reason = find_functions(run, s, st);
    if (!reason) reason = find_decision(n, st);
    if (!reason) reason = keys_problem(s->as.aggregate.keys, s->as.aggregate.key_count);
    if (!reason && n->late && s->as.aggregate.window.kind != WINDOW_NONE) reason = "a window behind an aggregate without one";
    if (reason) return reason;
    n->late |= s->as.aggregate.window.kind == WINDOW_NONE && st->decision == DECIDE_AT_CLOSE;
    n->context = false;
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

static void swap_rows(group *g, size_t x, size_t y)
{
    row *swap = g->rows[x];
    g->rows[x] = g->rows[y];
    g->rows[y] = swap;
}

static void heap_up(group *g, size_t at)
{
    for (; at > 0 && row_order_by_start(g->rows[at], g->rows[(at - 1) / 2]) < 0; at = (at - 1) / 2) swap_rows(g, at, (at - 1) / 2);
}

static void heap_down(group *g, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= g->count) return;
        if (child + 1 < g->count && row_order_by_start(g->rows[child + 1], g->rows[child]) < 0) child++;
        if (row_order_by_start(g->rows[child], g->rows[at]) >= 0) return;
        swap_rows(g, at, child);
        at = child;
    }
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
    if (st->decision == DECIDE_ANCHORED) {
        g->rows[g->count++] = row_hold(r);
        heap_up(g, g->count - 1);
    } else {
        g->mixed |= g->count && (st->by_start ? row_order_by_start : row_order)(row_at(g, g->count - 1), r) > 0;
        g->rows[(g->first + g->count++) % g->cap] = row_hold(r);
    }
    change(run, n, st, g, r, true);
}

static void put_in_order(const aggregate_state *st, group *g)
{
    if (!g->mixed) return;
    row **rows = mem_zalloc(g->cap, sizeof *rows);
    for (size_t i = 0; i < g->count; i++) rows[i] = row_at(g, i);
    rows_sort(rows, g->count, st->by_start);
    mem_free(g->rows);
    g->rows = rows;
    g->first = 0;
    g->mixed = false;
}

/* All rows, in the order in which functions see them. */
static row **ordered_rows(const aggregate_state *st, group *g, arena *a)
{
    row **rows = ARENA_ARRAY(a, row *, g->count + 1);
    if (st->decision != DECIDE_ANCHORED) put_in_order(st, g);
    for (size_t i = 0; i < g->count; i++) rows[i] = row_at(g, i);
    if (st->decision == DECIDE_ANCHORED) rows_sort(rows, g->count, true);
    return rows;
}

static void remove_oldest(stage_run *run, const node *n, const aggregate_state *st, group *g)
{
    row *r = row_at(g, 0);
    if (st->decision == DECIDE_ANCHORED) {
        g->rows[0] = g->rows[--g->count];
        heap_down(g, 0);
    } else {
        g->first = (g->first + 1) % g->cap;
        g->count--;
    }
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

typedef struct { timestamp start, end; } bounds;

/* Computes the functions that `having` reads, or the others, into columns behind the keys. */
static void compute(const node *n, aggregate_state *st, group *g, row *out, bool asked)
{
    const stage *s = n->stage;
    window_rows w = {.input = n->inputs[0], .start = out->window_start, .end = out->window_end};
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        if (st->asked[i] != asked) continue;
        if (!w.rows && aggregate_needs_rows(st->kinds[i], &g->accumulators[i])) {
            w.rows = ordered_rows(st, g, st->values);
            w.count = g->count;
        }
        value v = accumulator_value(&g->accumulators[i], st->kinds[i], &s->as.aggregate.functions[i], &w, st->values);
        row_set_column(out, node_column(n, s->as.aggregate.functions[i].name), &v);
    }
}

static void set_keys(const group *g, row *out)
{
    for (size_t i = 0; i < g->head.keys->column_count; i++) row_set_column(out, i, &g->head.keys->columns[i]);
}

static void take_window(const node *n, aggregate_state *st, group *g, row *out)
{
    row **rows = ordered_rows(st, g, st->values);
    row_take_events(out, rows, g->count);
    if (n->inputs[0]->part_name_count) out->samples = row_samples_of(n->plan, rows, g->count);
}

/* Where the kind of window has none: from the start of the first row to the end of the last. */
static bounds bounds_of_rows(const group *g)
{
    bounds b = {INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < g->count; i++) {
        const row *r = row_at(g, i);
        if (r->time == TIMESTAMP_NONE) continue;
        if (r->start < b.start) b.start = r->start;
        if (r->time > b.end) b.end = r->time;
    }
    return b.start > b.end ? (bounds){TIMESTAMP_NONE, TIMESTAMP_NONE} : b;
}

static timestamp time_before(timestamp t, int64_t by) { return t < INT64_MIN + 1 + by ? INT64_MIN + 1 : t - by; }

/* The window that closes at `t`; `start` of those that overlap. */
static bounds window_bounds(const node *n, const group *g, timestamp t, timestamp start)
{
    const ir_window *w = &n->stage->as.aggregate.window;
    switch (w->kind) {
    case WINDOW_SLIDING: case WINDOW_ANCHORED: return (bounds){time_before(t, w->span), t};
    case WINDOW_TUMBLING: return (bounds){time_before(time_later(t, 1), w->span), time_later(t, 1)};
    case WINDOW_HOP: return (bounds){start, start + w->span};
    case WINDOW_AROUND: return (bounds){time_before(g->pivot, w->span), t};
    case WINDOW_NONE: case WINDOW_ROWS: case WINDOW_SESSION: break;
    }
    return bounds_of_rows(g);
}

static void set_bounds(const node *n, const aggregate_state *st, row *out, bounds b)
{
    window_kind kind = n->stage->as.aggregate.window.kind;
    out->windowed = kind != WINDOW_NONE && kind != WINDOW_ROWS;
    out->window_start = b.start;
    out->window_end = b.end;
    out->of_event = st->of_event && kind == WINDOW_NONE;
}

/* Asks `having` of the group's rows; true: a row went out. */
static bool decide_group(stage_run *run, node *n, group *g, timestamp t, timestamp start)
{
    aggregate_state *st = n->state;
    arena_reset(st->values);
    row *out = row_new(run, n->column_count, 0);
    out->time = out->start = t;
    set_bounds(n, st, out, window_bounds(n, g, t, start));
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
static void run_group(stage_run *run, node *n, group *g)
{
    aggregate_state *st = n->state;
    const stage *s = n->stage;
    size_t most = s->as.aggregate.window.kind == WINDOW_ROWS ? (size_t)s->as.aggregate.window.rows : SIZE_MAX;
    rows_sort(g->waiting.at, g->waiting.len, false);
    for (size_t i = 0; i < g->waiting.len; i++) {
        row *r = g->waiting.at[i];
        arena_reset(st->values);
        add_row(run, n, st, g, r);
        while (g->count > most) remove_oldest(run, n, st, g);
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
        group *g = st->touched.at[i];
        g->touched = false;
        if (st->decision == DECIDE_RUNNING) {
            run_group(run, n, g);
        } else if (st->decision == DECIDE_AT_TIMES) {
            decide_group(run, n, g, now, now);
            remove_all(run, n, st, g);
        } else if (g->count && decide_group(run, n, g, now, now) && n->stage->as.aggregate.after == AFTER_CLEAR) {
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
    if (w->kind == WINDOW_AROUND) return time_later(t, w->step);
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

/* A timer for the window that the first row opens, unless an earlier one is set. */
static void arm(stage_run *run, node *n, group *g)
{
    if (g->count == 0) return;
    timestamp due = time_later(row_at(g, 0)->start, n->stage->as.aggregate.window.span);
    if (g->timers && g->due <= due) return;
    g->due = due;
    set_timer(run, n, g, 0, due);
}

/* Rows that started within a window that held may still come until `span` behind it: till then the group is remembered. */
static void anchored_timer(stage_run *run, node *n, group *g, timestamp due)
{
    aggregate_state *st = n->state;
    int64_t length = n->stage->as.aggregate.window.span;
    if (due == g->due) g->due = INT64_MAX;
    if (g->count && time_later(row_at(g, 0)->start, length) <= due) {
        timestamp start = row_at(g, 0)->start;
        g->holding = false;
        if (decide_group(run, n, g, due, start)) {
            remove_all(run, n, st, g);
            g->over = due;
            g->has_over = true;
            if (st->spanning) set_timer(run, n, g, 0, time_later(due, length));
        } else {
            while (g->count && row_at(g, 0)->start == start) remove_oldest(run, n, st, g);
        }
    }
    arm(run, n, g);
    drop_if_empty(run, n, st, g);
}

static void aggregate_timer(stage_run *run, node *n, group_head *which, int64_t start, timestamp due)
{
    aggregate_state *st = n->state;
    group *g = (group *)which;
    timestamp at = due;
    g->timers--;
    if (st->decision == DECIDE_ANCHORED) {
        anchored_timer(run, n, g, due);
        return;
    }
    g->holding = false;
    if (st->decision == DECIDE_HOPPING)
        while (g->count && row_at(g, 0)->time < start) remove_oldest(run, n, st, g);
    for (size_t i = 0; n->stage->as.aggregate.window.kind == WINDOW_NONE && i < g->count; i++)
        if (i == 0 || row_at(g, i)->time > at) at = row_at(g, i)->time;
    if (g->count) decide_group(run, n, g, at, start);
    if (st->decision != DECIDE_HOPPING || g->timers == 0) remove_all(run, n, st, g);
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
    case DECIDE_AT_TIMES:
        add_row(run, n, st, g, r);
        touch_group(run, n, g);
        return;
    case DECIDE_RUNNING:
        vec_push(&g->waiting, row_hold(r));
        touch_group(run, n, g);
        return;
    case DECIDE_AT_CLOSE:
        if (g->timers == 0) set_timer(run, n, g, 0, window_end(w, w->kind == WINDOW_AROUND ? g->pivot : r->time));
        break;
    case DECIDE_HOPPING: set_hops(run, n, g, r->time); break;
    case DECIDE_ANCHORED:
        if (g->has_over && r->start <= g->over) {
            drop_if_empty(run, n, st, g);
            return;
        }
        add_row(run, n, st, g, r);
        arm(run, n, g);
        return;
    }
    add_row(run, n, st, g, r);
}

/* Does the row lie in a window with both its ends? Asked where windows are those of parts. */
static bool lies_inside(const ir_window *w, const row *r)
{
    int64_t between;
    if (w->kind == WINDOW_ANCHORED) return !__builtin_sub_overflow(r->time, r->start, &between) && between <= w->span;
    return w->kind != WINDOW_TUMBLING || window_end(w, r->start) == window_end(w, r->time);
}

/* Around a part each of its events is a group of its own. false: the row is in no such window. */
static bool add_pivot(const node *n, const row *r, row_key_ways *keys, timestamp *pivot, arena *a)
{
    const ir_window *w = &n->stage->as.aggregate.window;
    const row_part *p = row_find_part(r, w->part);
    if (!p || p->part->context) return false;
    *pivot = p->part->time;
    if (r->start < time_before(*pivot, w->span) || r->time > time_later(*pivot, w->step)) return false;
    for (size_t i = 0; i < keys->ways.len; i++)
        keys->ways.at[i].text = arena_printf(a, STR_FMT "@%llu:%llu", STR_ARG(keys->ways.at[i].text),
                                             (unsigned long long)p->part->event.input, (unsigned long long)p->part->event.position);
    return true;
}

static void aggregate_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    aggregate_state *st = n->state;
    const stage *s = n->stage;
    bool is_around = s->as.aggregate.window.kind == WINDOW_AROUND, timed = s->as.aggregate.window.kind != WINDOW_NONE && s->as.aggregate.window.kind != WINDOW_ROWS;
    arena_reset(run->scratch);
    if (timed && (r->time == TIMESTAMP_NONE || !lies_inside(&s->as.aggregate.window, r))) return;
    if (st->decision == DECIDE_AT_ROWS) {
        expire(run, n, st, r->time);
    } else if (run_is_full(run)) { /* what waits for its window to close can't go; so no more comes in */
        run->evicted++;
        return;
    }
    row_key_ways keys = row_keys_of(n->inputs[0], r, s->as.aggregate.keys, s->as.aggregate.key_count, run->scratch);
    timestamp pivot = 0;
    if (is_around && !add_pivot(n, r, &keys, &pivot, run->scratch)) return;
    for (size_t i = 0; i < keys.ways.len; i++) {
        group *g = (group *)group_of(run, &st->groups, &keys.ways.at[i], s->as.aggregate.key_count, sizeof *g);
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
        while (st->groups.buckets[i]) group_drop(run, n, st, (group *)st->groups.buckets[i]);
    group_table_free(&st->groups);
    mem_free(st->entries);
    vec_free(&st->touched);
    arena_free(st->values);
    n->state = NULL;
}

const stage_ops aggregate_ops = {aggregate_open, aggregate_push, aggregate_decide, aggregate_timer, aggregate_close};
