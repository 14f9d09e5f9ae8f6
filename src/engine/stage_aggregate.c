/*
 * Aggregate: rows grouped by keys within a window of event time; functions; `having` decides.
 *
 * Two ways to decide, by what `having` asks:
 *   - it can only become true by more rows (count >= n, sum > x): decided at each row over the rows of the last `span`
 *     [t - span, t]; a row goes out each time that it turns true in a group. A group whose window has run empty starts anew.
 *   - it asks for few, for equality or for an upper bound (count < n): decided when the window closes. The first row of a
 *     group opens a window of `span`; it closes `span` later; the next row opens the next one.
 * Tumbling windows are decided when they close, without a window at the end of the input.
 */
#include "engine/stages.h"

#include <stdlib.h>

/* ---- aggregate functions: added and removed row by row ---- */

typedef struct {
    uint64_t rows;                /* that counted */
    table distinct;               /* text of a value (or tuple) -> how often; texts owned */
    uint32_t distinct_now;
    double *sorted;               /* numbers, ascending: percentile, median, min, max */
    size_t sorted_len, sorted_cap;
    long double sum;
    uint64_t numbers;
} accumulator;

typedef enum { FN_COUNT, FN_DISTINCT, FN_SUM, FN_MEAN, FN_PERCENTILE, FN_MEDIAN, FN_MIN, FN_MAX, FN_KINDS } function_kind;

static const struct { const char *name; bool sorted; } functions[FN_KINDS] = {
    [FN_COUNT] = {"count", false},           [FN_DISTINCT] = {"count_distinct", false},
    [FN_SUM] = {"sum", false},               [FN_MEAN] = {"mean", false},
    [FN_PERCENTILE] = {"percentile", true},  [FN_MEDIAN] = {"median", true},
    [FN_MIN] = {"min", true},                [FN_MAX] = {"max", true},
};

typedef struct group group;
struct group {
    pk_str key;                   /* owned */
    value *keys;                  /* of the first row; borrowed from `first_row` */
    row *first_row;               /* holds the key values */
    row **rows;                   /* ring of the window's rows, oldest first */
    size_t head, count, cap;
    accumulator *accumulators;
    bool holding;                 /* `having` was true at the last decision */
    bool touched;
    bool open;                    /* a closing window is open (its timer is set) */
    group *next;                  /* in its hash bucket */
};

typedef struct {
    group *group;
    timestamp time;
} window_entry;

typedef struct {
    function_kind *kinds;
    group **buckets;
    size_t bucket_mask, group_count;
    VEC(group *) touched;
    window_entry *entries;        /* ring: all rows in sliding windows, in order of time */
    size_t entry_head, entry_count, entry_cap;
    bool at_close;
    text key;                     /* scratch */
    arena *scratch;
} aggregate_state;

/* ---- what `having` asks ---- */

/* Does it stay true when rows are added? Only lower bounds do; on a percentile or mean nothing is sure, and each row decides. */
static bool grows(const expr *e)
{
    if (!e) return true;
    switch (e->kind) {
    case EXPR_AND:
    case EXPR_OR:
        for (size_t i = 0; i < e->count; i++)
            if (!grows(e->args[i])) return false;
        return true;
    case EXPR_COMPARE: return e->as.compare.op == COMPARE_GT || e->as.compare.op == COMPARE_GE;
    case EXPR_CONSTANT: return true;
    default: return false;
    }
}

static const char *aggregate_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    aggregate_state *st = ARENA_NEW(run->arena, aggregate_state);
    size_t functions_count = s->as.aggregate.function_count;
    st->kinds = ARENA_ARRAY(run->arena, function_kind, functions_count + 1);
    for (size_t i = 0; i < functions_count; i++) {
        st->kinds[i] = FN_KINDS;
        for (unsigned k = 0; k < FN_KINDS; k++)
            if (str_equal(s->as.aggregate.functions[i].function, str_from(functions[k].name))) st->kinds[i] = k;
        if (st->kinds[i] == FN_KINDS) return "the engine has no such aggregate function yet";
    }
    switch (s->as.aggregate.window.kind) {
    case WINDOW_SLIDING: st->at_close = !grows(s->as.aggregate.having); break;
    case WINDOW_NONE:
    case WINDOW_TUMBLING: st->at_close = true; break;
    default: return "the engine has no such window yet";
    }
    if (s->as.aggregate.output != OUTPUT_ONE_ROW) return "the engine gives one row a group so far";
    n->columns = ARENA_ARRAY(run->arena, pk_str, s->as.aggregate.key_count + functions_count + 1);
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) n->columns[n->column_count++] = s->as.aggregate.keys[i].name;
    for (size_t i = 0; i < functions_count; i++) n->columns[n->column_count++] = s->as.aggregate.functions[i].name;
    st->bucket_mask = 1023;
    st->buckets = mem_zalloc(st->bucket_mask + 1, sizeof *st->buckets);
    st->scratch = arena_new();
    n->state = st;
    return NULL;
}

/* ---- accumulators ---- */

static size_t sorted_place(const accumulator *acc, double d)
{
    size_t low = 0, high = acc->sorted_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (acc->sorted[middle] < d) low = middle + 1;
        else high = middle;
    }
    return low;
}

static void sorted_change(accumulator *acc, double d, bool add)
{
    size_t at = sorted_place(acc, d);
    if (add) {
        if (acc->sorted_len == acc->sorted_cap)
            acc->sorted = vec_grow(acc->sorted, &acc->sorted_cap, acc->sorted_len + 1, sizeof *acc->sorted);
        memmove(acc->sorted + at + 1, acc->sorted + at, (acc->sorted_len - at) * sizeof *acc->sorted);
        acc->sorted[at] = d;
        acc->sorted_len++;
    } else if (at < acc->sorted_len) {
        memmove(acc->sorted + at, acc->sorted + at + 1, (acc->sorted_len - at - 1) * sizeof *acc->sorted);
        acc->sorted_len--;
    }
}

/* The tuple of arguments as one text; false if one of them is missing: the row does not count. */
static bool tuple_key(const node *in, const ir_aggregate_function *f, const row *r, arena *a, text *out)
{
    text_clear(out);
    for (size_t i = 0; i < f->count; i++) {
        value v = row_eval(in, r, f->args[i], a);
        if (v.type == VALUE_MISSING || (v.type == VALUE_NULL && !f->count_nulls)) return false;
        size_t at = out->len;
        put_key_value(out, &v);
        text_printf(out, "\x1f%zu\x1e", out->len - at); /* lengths keep ("a","bc") and ("ab","c") apart */
    }
    return true;
}

/* Forgets the values that no row of the window has any more. */
static void distinct_shrink(accumulator *acc)
{
    table kept = {0};
    for (size_t i = 0; i < acc->distinct.entries.len; i++) {
        const table_entry *e = &acc->distinct.entries.at[i];
        if (e->value) table_put(&kept, e->key, e->value);
        else mem_free((void *)(uintptr_t)e->key.ptr);
    }
    table_free(&acc->distinct);
    acc->distinct = kept;
}

static void distinct_change(accumulator *acc, pk_str key, bool add)
{
    uint32_t n = table_get(&acc->distinct, key);
    if (n == TABLE_NONE) {
        if (!add) return;
        pk_str owned = {mem_cstring(key), key.len};
        table_put(&acc->distinct, owned, 1);
        acc->distinct_now++;
        return;
    }
    if (add && n == 0) acc->distinct_now++;
    if (!add && n == 1) acc->distinct_now--;
    table_set(&acc->distinct, key, add ? n + 1 : n - 1);
    if (acc->distinct.entries.len > 64 && acc->distinct.entries.len / 4 > acc->distinct_now) distinct_shrink(acc);
}

static void accumulate(const node *n, aggregate_state *st, group *g, const row *r, bool add)
{
    const stage *s = n->stage;
    const node *in = n->inputs[0];
    arena_reset(st->scratch);
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        const ir_aggregate_function *f = &s->as.aggregate.functions[i];
        accumulator *acc = &g->accumulators[i];
        if (f->filter && !row_true(in, r, f->filter, st->scratch)) continue;
        if (st->kinds[i] == FN_COUNT || st->kinds[i] == FN_DISTINCT) {
            if (f->count && !tuple_key(in, f, r, st->scratch, &st->key)) continue;
            acc->rows += add ? 1 : (uint64_t)-1;
            if (st->kinds[i] == FN_DISTINCT) distinct_change(acc, text_view(&st->key), add);
            continue;
        }
        value v = f->count ? row_eval(in, r, f->args[0], st->scratch) : (value){.type = VALUE_MISSING};
        double d;
        if (!value_number(&v, &d)) continue;
        acc->numbers += add ? 1 : (uint64_t)-1;
        acc->sum += add ? d : -(long double)d;
        if (functions[st->kinds[i]].sorted) sorted_change(acc, d, add);
    }
}

/* Nearest rank (the smallest number that at least p percent are not above); see docs/sigma.md. */
static value percentile(const accumulator *acc, double p)
{
    if (acc->sorted_len == 0) return value_null();
    double rank = p / 100.0 * (double)acc->sorted_len;
    size_t at = rank <= 1 ? 0 : (size_t)rank - ((double)(size_t)rank == rank);
    if (at >= acc->sorted_len) at = acc->sorted_len - 1;
    return value_real(acc->sorted[at]);
}

static value median(const accumulator *acc)
{
    size_t n = acc->sorted_len;
    if (n == 0) return value_null();
    return value_real(n % 2 ? acc->sorted[n / 2] : (acc->sorted[n / 2 - 1] + acc->sorted[n / 2]) / 2);
}

static value function_value(function_kind kind, const ir_aggregate_function *f, const accumulator *acc)
{
    switch (kind) {
    case FN_COUNT: return value_int((int64_t)acc->rows);
    case FN_DISTINCT: return value_int(acc->distinct_now);
    case FN_SUM: return acc->numbers ? value_real((double)acc->sum) : value_null();
    case FN_MEAN: return acc->numbers ? value_real((double)(acc->sum / (long double)acc->numbers)) : value_null();
    case FN_PERCENTILE: return percentile(acc, f->parameter);
    case FN_MEDIAN: return median(acc);
    case FN_MIN: return acc->sorted_len ? value_real(acc->sorted[0]) : value_null();
    case FN_MAX: return acc->sorted_len ? value_real(acc->sorted[acc->sorted_len - 1]) : value_null();
    case FN_KINDS: break;
    }
    return value_null();
}

/* ---- groups ---- */

/* The group key of a row; false: a part is missing and such rows belong to no group. */
static bool group_key(const node *n, aggregate_state *st, const row *r, row *keys)
{
    const stage *s = n->stage;
    text_clear(&st->key);
    arena_reset(st->scratch);
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) {
        const ir_key *k = &s->as.aggregate.keys[i];
        value v = row_eval(n->inputs[0], r, k->value, st->scratch);
        if (v.type == VALUE_MISSING || v.type == VALUE_NULL) {
            if (k->missing == KEY_SKIP) return false;
            if (k->missing == KEY_FILL) v = k->fill;
            if (k->missing == KEY_ZERO) v = value_string((pk_str){"", 0});
        }
        size_t at = st->key.len;
        put_key_value(&st->key, &v);
        text_printf(&st->key, "\x1f%zu\x1e", st->key.len - at);
        row_set_column(keys, i, &v);
    }
    return true;
}

static void group_free(aggregate_state *st, group *g)
{
    group **at = &st->buckets[hash_str(g->key) & st->bucket_mask];
    while (*at != g) at = &(*at)->next;
    *at = g->next;
    st->group_count--;
    for (size_t i = 0; i < g->count; i++) row_release(g->rows[(g->head + i) % g->cap]);
    mem_free(g->rows);
    mem_free((void *)(uintptr_t)g->key.ptr);
    row_release(g->first_row);
    mem_free(g);
}

static void accumulators_clear(const node *n, group *g)
{
    for (size_t i = 0; i < n->stage->as.aggregate.function_count; i++) {
        accumulator *acc = &g->accumulators[i];
        for (size_t k = 0; k < acc->distinct.entries.len; k++)
            mem_free((void *)(uintptr_t)acc->distinct.entries.at[k].key.ptr);
        table_free(&acc->distinct);
        mem_free(acc->sorted);
        *acc = (accumulator){0};
    }
}

static void group_drop(const node *n, aggregate_state *st, group *g)
{
    accumulators_clear(n, g);
    mem_free(g->accumulators);
    group_free(st, g);
}

static void grow_buckets(aggregate_state *st)
{
    size_t mask = st->bucket_mask * 2 + 1;
    group **buckets = mem_zalloc(mask + 1, sizeof *buckets);
    for (size_t i = 0; i <= st->bucket_mask; i++)
        for (group *g = st->buckets[i], *next; g; g = next) {
            next = g->next;
            group **at = &buckets[hash_str(g->key) & mask];
            g->next = *at;
            *at = g;
        }
    mem_free(st->buckets);
    st->buckets = buckets;
    st->bucket_mask = mask;
}

static group *group_of(const node *n, aggregate_state *st, const row *r)
{
    row *keys = row_new(n->stage->as.aggregate.key_count, 0);
    if (!group_key(n, st, r, keys)) {
        row_release(keys);
        return NULL;
    }
    pk_str key = text_view(&st->key);
    uint64_t h = hash_str(key);
    for (group *g = st->buckets[h & st->bucket_mask]; g; g = g->next)
        if (str_equal(g->key, key)) {
            row_release(keys);
            return g;
        }
    if (st->group_count > st->bucket_mask) grow_buckets(st);
    group *g = mem_zalloc(1, sizeof *g);
    g->key = (pk_str){mem_cstring(key), key.len};
    g->first_row = keys;
    g->accumulators = mem_zalloc(n->stage->as.aggregate.function_count + 1, sizeof *g->accumulators);
    g->next = st->buckets[h & st->bucket_mask];
    st->buckets[h & st->bucket_mask] = g;
    st->group_count++;
    return g;
}

/* ---- windows ---- */

static void group_add(stage_run *run, const node *n, aggregate_state *st, group *g, row *r)
{
    if (g->count == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 8;
        row **rows = mem_zalloc(cap, sizeof *rows);
        for (size_t i = 0; i < g->count; i++) rows[i] = g->rows[(g->head + i) % g->cap];
        mem_free(g->rows);
        g->rows = rows;
        g->cap = cap;
        g->head = 0;
    }
    g->rows[(g->head + g->count++) % g->cap] = row_hold(r);
    accumulate(n, st, g, r, true);
    run->rows_held++;
}

static void group_remove_oldest(stage_run *run, const node *n, aggregate_state *st, group *g)
{
    row *r = g->rows[g->head];
    g->head = (g->head + 1) % g->cap;
    g->count--;
    accumulate(n, st, g, r, false);
    row_release(r);
    run->rows_held--;
}

static void entry_push(aggregate_state *st, group *g, timestamp t)
{
    if (st->entry_count == st->entry_cap) {
        size_t cap = st->entry_cap ? st->entry_cap * 2 : 64;
        window_entry *entries = mem_zalloc(cap, sizeof *entries);
        for (size_t i = 0; i < st->entry_count; i++) entries[i] = st->entries[(st->entry_head + i) % st->entry_cap];
        mem_free(st->entries);
        st->entries = entries;
        st->entry_cap = cap;
        st->entry_head = 0;
    }
    st->entries[(st->entry_head + st->entry_count++) % st->entry_cap] = (window_entry){g, t};
}

static void entry_pop(stage_run *run, node *n, aggregate_state *st)
{
    group *g = st->entries[st->entry_head].group;
    st->entry_head = (st->entry_head + 1) % st->entry_cap;
    st->entry_count--;
    group_remove_oldest(run, n, st, g);
    if (g->count == 0 && !g->touched) group_drop(n, st, g);
}

/* Rows older than the span leave sliding windows; so do the oldest when there are too many. */
static void expire(stage_run *run, node *n, aggregate_state *st, timestamp now)
{
    int64_t within = n->stage->as.aggregate.window.span;
    while (st->entry_count && now - st->entries[st->entry_head].time > within) entry_pop(run, n, st);
    while (st->entry_count && run->rows_held > run->row_limit) {
        run->evicted++;
        entry_pop(run, n, st);
    }
}

#define END_OF_INPUT (INT64_MAX - 1)

/* The last point in time that belongs to the window that a row at `t` opens. */
static timestamp window_end(const ir_window *w, timestamp t)
{
    int64_t length = w->span;
    if (w->kind == WINDOW_NONE) return END_OF_INPUT;
    if (w->kind == WINDOW_TUMBLING && w->span > 0) {
        int64_t offset = t % w->span;
        if (offset < 0) offset += w->span;
        length -= offset + 1; /* a tumbling window ends before the next one begins */
    }
    return t > END_OF_INPUT - length ? END_OF_INPUT : t + length;
}

static void aggregate_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    aggregate_state *st = n->state;
    if (!st->at_close) expire(run, n, st, r->time);
    group *g = group_of(n, st, r);
    if (!g) return;
    if (st->at_close) {
        if (run->rows_held >= run->row_limit) {
            run->evicted++;
            return;
        }
        if (!g->open) {
            g->open = true;
            run_set_timer(run, n, g, 0, window_end(&n->stage->as.aggregate.window, r->time));
        }
        group_add(run, n, st, g, r);
        return;
    }
    group_add(run, n, st, g, r);
    entry_push(st, g, r->time);
    if (!g->touched) {
        g->touched = true;
        vec_push(&st->touched, g);
    }
    node_touch(run, n);
}

/* ---- decisions ---- */

/* The row of a group: keys, functions, the events of the window. */
static row *group_row(const node *n, aggregate_state *st, const group *g, timestamp t)
{
    const stage *s = n->stage;
    row *out = row_new(n->column_count, 0);
    out->time = t;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) row_set_column(out, i, &g->first_row->columns[i]);
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        value v = function_value(st->kinds[i], &s->as.aggregate.functions[i], &g->accumulators[i]);
        row_set_column(out, s->as.aggregate.key_count + i, &v);
    }
    return out;
}

static void take_window(const group *g, row *out)
{
    row **rows = mem_zalloc(g->count + 1, sizeof *rows);
    for (size_t i = 0; i < g->count; i++) rows[i] = g->rows[(g->head + i) % g->cap];
    row_take_events(out, rows, g->count);
    mem_free(rows);
}

/* Evaluates `having`; true: the row may go out. Its events are taken only then. */
static bool having_holds(const node *n, aggregate_state *st, const row *out)
{
    arena_reset(st->scratch);
    return row_true(n, out, n->stage->as.aggregate.having, st->scratch);
}

static void aggregate_decide(stage_run *run, node *n, timestamp now)
{
    aggregate_state *st = n->state;
    const plan *p = n->rule->plan;
    bool quiet = n->stage->as.aggregate.after == AFTER_QUIET ||
                 (p->alert == n->stage && p->quiet == QUIET_WHILE_HAVING);
    for (size_t i = 0; i < st->touched.len; i++) {
        group *g = st->touched.at[i];
        g->touched = false;
        if (g->count == 0) { /* evicted in the meantime */
            group_drop(n, st, g);
            continue;
        }
        row *out = group_row(n, st, g, now);
        bool holds = having_holds(n, st, out);
        bool emits = holds && !(quiet && g->holding);
        g->holding = holds;
        if (emits) {
            take_window(g, out);
            node_emit(run, n, out);
        }
        row_release(out);
    }
    st->touched.len = 0;
}

static void aggregate_timer(stage_run *run, node *n, void *which, uint64_t ticket, timestamp due)
{
    (void)ticket;
    aggregate_state *st = n->state;
    group *g = which;
    timestamp last = g->rows[(g->head + g->count - 1) % g->cap]->time;
    row *out = group_row(n, st, g, due == END_OF_INPUT ? last : due);
    if (having_holds(n, st, out)) {
        take_window(g, out);
        node_emit(run, n, out);
    }
    row_release(out);
    run->rows_held -= g->count;
    group_drop(n, st, g);
}

static void aggregate_close(node *n)
{
    aggregate_state *st = n->state;
    if (!st) return;
    for (size_t i = 0; st->buckets && i <= st->bucket_mask; i++)
        while (st->buckets[i]) group_drop(n, st, st->buckets[i]);
    mem_free(st->buckets);
    mem_free(st->entries);
    vec_free(&st->touched);
    text_free(&st->key);
    arena_free(st->scratch);
    n->state = NULL;
}

const stage_ops aggregate_ops = {STAGE_AGGREGATE, aggregate_open, aggregate_push, aggregate_decide, aggregate_timer,
                                 aggregate_close};
