/*
 * The rows in the window of a group, oldest first (of anchored windows a heap by their start), and the functions that follow
 * them; of sliding windows all rows of the node in order of time.
 */
#include "engine/aggregate.h"

static void change(stage_run *run, const node *n, const aggregate_state *st, window_group *g, const row *r, bool add)
{
    const stage *s = n->stage;
    run->bytes += add ? st->row_cost : (uint64_t)-st->row_cost;
    run->window = &g->looks_from;
    for (size_t i = 0; i < s->as.aggregate.function_count; i++)
        if (!st->looks_back[i] || g->looks_made)
            accumulator_change(&g->accumulators[i], st->kinds[i], n->inputs[0], &s->as.aggregate.functions[i], r, add, run->scratch);
    run->window = NULL;
}

void window_look_back(stage_run *run, const node *n, const aggregate_state *st, window_group *g, timestamp start)
{
    const stage *s = n->stage;
    if (!st->some_look_back || (g->looks_made && history_same_view(run, n->plan, g->looks_from, start))) return;
    g->looks_made = true;
    g->looks_from = start;
    run->window = &g->looks_from;
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        if (!st->looks_back[i]) continue;
        accumulator_free(&g->accumulators[i]);
        for (size_t k = 0; k < g->count; k++) {
            arena_reset(run->scratch);
            accumulator_change(&g->accumulators[i], st->kinds[i], n->inputs[0], &s->as.aggregate.functions[i], window_row(g, k), true, run->scratch);
        }
    }
    run->window = NULL;
}

static void swap_rows(window_group *g, size_t x, size_t y)
{
    row *swap = g->rows[x];
    g->rows[x] = g->rows[y];
    g->rows[y] = swap;
}

static void heap_up(window_group *g, size_t at)
{
    for (; at > 0 && row_order_by_start(g->rows[at], g->rows[(at - 1) / 2]) < 0; at = (at - 1) / 2) swap_rows(g, at, (at - 1) / 2);
}

static void heap_down(window_group *g, size_t at)
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

void window_add_row(stage_run *run, const node *n, const aggregate_state *st, window_group *g, row *r)
{
    if (g->count == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 4;
        row **rows = mem_zalloc(cap, sizeof *rows);
        for (size_t i = 0; i < g->count; i++) rows[i] = window_row(g, i);
        mem_free(g->rows);
        g->rows = rows;
        g->cap = cap;
        g->first = 0;
    }
    if (st->decision == DECIDE_ANCHORED) {
        g->rows[g->count++] = row_hold(r);
        heap_up(g, g->count - 1);
    } else {
        g->mixed |= g->count && (st->by_start ? row_order_by_start : row_order)(window_row(g, g->count - 1), r) > 0;
        g->rows[(g->first + g->count++) % g->cap] = row_hold(r);
    }
    change(run, n, st, g, r, true);
}

static void put_in_order(const aggregate_state *st, window_group *g)
{
    if (!g->mixed) return;
    row **rows = mem_zalloc(g->cap, sizeof *rows);
    for (size_t i = 0; i < g->count; i++) rows[i] = window_row(g, i);
    rows_sort(rows, g->count, st->by_start);
    mem_free(g->rows);
    g->rows = rows;
    g->first = 0;
    g->mixed = false;
}

row **window_ordered_rows(const aggregate_state *st, window_group *g, arena *a)
{
    row **rows = ARENA_ARRAY(a, row *, g->count + 1);
    if (st->decision != DECIDE_ANCHORED) put_in_order(st, g);
    for (size_t i = 0; i < g->count; i++) rows[i] = window_row(g, i);
    if (st->decision == DECIDE_ANCHORED) rows_sort(rows, g->count, true);
    return rows;
}

void window_remove_oldest(stage_run *run, const node *n, const aggregate_state *st, window_group *g)
{
    row *r = window_row(g, 0);
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

void window_remove_all(stage_run *run, const node *n, const aggregate_state *st, window_group *g)
{
    for (size_t i = 0; i < g->count; i++) row_release(window_row(g, i));
    run->bytes -= g->count * st->row_cost;
    g->first = g->count = 0;
    g->looks_made = false;
    for (size_t i = 0; i < n->stage->as.aggregate.function_count; i++) accumulator_free(&g->accumulators[i]);
}

void window_drop(stage_run *run, const node *n, aggregate_state *st, window_group *g)
{
    window_remove_all(run, n, st, g);
    for (size_t i = 0; i < g->waiting.len; i++) row_release(g->waiting.at[i]);
    vec_free(&g->waiting);
    mem_free(g->rows);
    mem_free(g->accumulators);
    group_remove(run, &st->groups, &g->head);
}

void window_drop_if_empty(stage_run *run, const node *n, aggregate_state *st, window_group *g)
{
    if (g->count == 0 && g->cleared == 0 && g->timers == 0 && !g->touched) window_drop(run, n, st, g);
}

/* ---- sliding windows ---- */

void window_push_entry(aggregate_state *st, window_group *g, timestamp t)
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
    window_group *g = st->entries[st->entry_first].group;
    st->entry_first = (st->entry_first + 1) % st->entry_cap;
    st->entry_count--;
    if (g->cleared) g->cleared--;
    else window_remove_oldest(run, n, st, g);
    window_drop_if_empty(run, n, st, g);
}

static int64_t time_since(timestamp from, timestamp to)
{
    int64_t d;
    return __builtin_sub_overflow(to, from, &d) ? INT64_MAX : d;
}

void window_expire(stage_run *run, const node *n, aggregate_state *st, timestamp now)
{
    int64_t length = n->stage->as.aggregate.window.span;
    while (st->entry_count && time_since(st->entries[st->entry_first].time, now) > length) pop_entry(run, n, st);
    while (st->entry_count && run_is_full(run)) {
        run->evicted++;
        pop_entry(run, n, st);
    }
}
