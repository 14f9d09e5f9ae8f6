/*
 * Sequence: ordered steps joined by keys within a span.
 *
 * For each key and each step there is at most one pending chain, and a newer one takes its place (keep latest). Steps follow
 * each other in strictly growing time: rows of the same time are kept until the time is complete, and then tried at the last
 * step first, so that no row joins a chain of its own point in time and the order of such rows does not matter.
 */
#include "engine/stages.h"

typedef struct {
    timestamp first, last;
    row **rows;                   /* one a step taken; NULL: no chain is pending here */
    size_t count;
} chain;

typedef struct { size_t step; row *row; } waiting_row;

typedef struct sequence_group sequence_group;
struct sequence_group {
    pk_str key;                   /* owned */
    row *keys;
    chain *pending;               /* by number of steps taken, 1 .. steps - 1 */
    VEC(waiting_row) waiting;     /* rows of the present time */
    timestamp newest;
    sequence_group *next;
};

typedef struct {
    size_t steps;                 /* a step that runs n times counts n */
    size_t *input_of;             /* input of each step */
    sequence_group **buckets;
    size_t bucket_mask, group_count;
    VEC(sequence_group *) touched;
    timestamp swept;
    text key;
    arena *scratch;
} sequence_state;

static const char *sequence_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    if (s->as.sequence.keep_all) return "the engine keeps the latest chain of a sequence only";
    if (s->as.sequence.until) return "the engine has no `until` yet";
    sequence_state *st = ARENA_NEW(run->arena, sequence_state);
    for (size_t i = 0; i < s->as.sequence.step_count; i++) {
        const ir_step *step = &s->as.sequence.steps[i];
        if (step->absent) return "the engine has no absent steps yet";
        st->steps += step->runs ? step->runs : 1;
        if (st->steps > 64) return "a sequence has at most 64 steps";
    }
    if (st->steps == 0) return "a sequence needs a step";
    st->input_of = ARENA_ARRAY(run->arena, size_t, st->steps);
    for (size_t i = 0, at = 0; i < s->as.sequence.step_count; i++)
        for (uint32_t k = 0; k < (s->as.sequence.steps[i].runs ? s->as.sequence.steps[i].runs : 1); k++)
            st->input_of[at++] = i;
    n->columns = ARENA_ARRAY(run->arena, pk_str, s->as.sequence.key_count + 1);
    for (size_t i = 0; i < s->as.sequence.key_count; i++) n->columns[n->column_count++] = s->as.sequence.keys[i].name;
    st->bucket_mask = 255;
    st->buckets = mem_zalloc(st->bucket_mask + 1, sizeof *st->buckets);
    st->scratch = arena_new();
    st->swept = INT64_MIN;
    n->state = st;
    return NULL;
}

/* Evaluates the keys of a row at an input: those of the sequence, then the step's own. */
static bool sequence_key(const node *n, sequence_state *st, size_t input, const row *r, row *keys)
{
    const stage *s = n->stage;
    const ir_step *step = &s->as.sequence.steps[input];
    text_clear(&st->key);
    arena_reset(st->scratch);
    for (size_t i = 0; i < s->as.sequence.key_count + step->key_count; i++) {
        bool common = i < s->as.sequence.key_count;
        const ir_key *k = common ? &s->as.sequence.keys[i] : &step->keys[i - s->as.sequence.key_count];
        value v = row_eval(n->inputs[input], r, k->value, st->scratch);
        if (v.type == VALUE_MISSING || v.type == VALUE_NULL) {
            if (k->missing == KEY_SKIP) return false;
            if (k->missing == KEY_FILL) v = k->fill;
        }
        size_t at = st->key.len;
        put_key_value(&st->key, &v);
        text_printf(&st->key, "\x1f%zu\x1e", st->key.len - at);
        if (common) row_set_column(keys, i, &v);
    }
    return true;
}

static void chain_clear(stage_run *run, chain *c)
{
    for (size_t i = 0; i < c->count; i++) row_release(c->rows[i]);
    run->rows_held -= c->count;
    mem_free(c->rows);
    *c = (chain){0};
}

static void sequence_drop(stage_run *run, sequence_state *st, sequence_group *g)
{
    sequence_group **at = &st->buckets[hash_str(g->key) & st->bucket_mask];
    while (*at != g) at = &(*at)->next;
    *at = g->next;
    st->group_count--;
    for (size_t i = 0; i < st->steps; i++) chain_clear(run, &g->pending[i]);
    for (size_t i = 0; i < g->waiting.len; i++) row_release(g->waiting.at[i].row);
    vec_free(&g->waiting);
    mem_free(g->pending);
    mem_free((void *)(uintptr_t)g->key.ptr);
    row_release(g->keys);
    mem_free(g);
}

static void sequence_grow(sequence_state *st)
{
    size_t mask = st->bucket_mask * 2 + 1;
    sequence_group **buckets = mem_zalloc(mask + 1, sizeof *buckets);
    for (size_t i = 0; i <= st->bucket_mask; i++)
        for (sequence_group *g = st->buckets[i], *next; g; g = next) {
            next = g->next;
            sequence_group **at = &buckets[hash_str(g->key) & mask];
            g->next = *at;
            *at = g;
        }
    mem_free(st->buckets);
    st->buckets = buckets;
    st->bucket_mask = mask;
}

static sequence_group *sequence_group_of(const node *n, sequence_state *st, size_t input, const row *r)
{
    row *keys = row_new(n->stage->as.sequence.key_count, 0);
    if (!sequence_key(n, st, input, r, keys)) {
        row_release(keys);
        return NULL;
    }
    pk_str key = text_view(&st->key);
    for (sequence_group *g = st->buckets[hash_str(key) & st->bucket_mask]; g; g = g->next)
        if (str_equal(g->key, key)) {
            row_release(keys);
            return g;
        }
    if (st->group_count > st->bucket_mask) sequence_grow(st);
    sequence_group *g = mem_zalloc(1, sizeof *g);
    g->key = (pk_str){mem_cstring(key), key.len};
    g->keys = keys;
    g->pending = mem_zalloc(st->steps, sizeof *g->pending);
    sequence_group **at = &st->buckets[hash_str(key) & st->bucket_mask];
    g->next = *at;
    *at = g;
    st->group_count++;
    return g;
}

/* Now and then, groups whose chains have all run out of time are forgotten. */
static void sweep(stage_run *run, node *n, sequence_state *st, timestamp now)
{
    int64_t within = n->stage->as.sequence.span;
    if (within <= 0 || (st->swept != INT64_MIN && now - st->swept < within)) return;
    st->swept = now;
    for (size_t i = 0; i <= st->bucket_mask; i++)
        for (sequence_group *g = st->buckets[i], *next; g; g = next) {
            next = g->next;
            if (g->waiting.len == 0 && now - g->newest > within) sequence_drop(run, st, g);
        }
}

static void sequence_push(stage_run *run, node *n, size_t input, row *r)
{
    sequence_state *st = n->state;
    sweep(run, n, st, r->time);
    sequence_group *g = sequence_group_of(n, st, input, r);
    if (!g) return;
    if (run->rows_held >= run->row_limit) {
        run->evicted++;
        return;
    }
    if (g->waiting.len == 0) vec_push(&st->touched, g);
    vec_push(&g->waiting, ((waiting_row){input, row_hold(r)}));
    g->newest = r->time;
    node_touch(run, n);
}

/* The first (by place in the input) of the waiting rows that belong to an input. */
static row *waiting_at(const sequence_group *g, size_t input)
{
    row *first = NULL;
    for (size_t i = 0; i < g->waiting.len; i++) {
        row *r = g->waiting.at[i].row;
        if (g->waiting.at[i].step != input) continue;
        if (!first || r->input < first->input || (r->input == first->input && r->position < first->position)) first = r;
    }
    return first;
}

static void sequence_complete(stage_run *run, node *n, sequence_group *g, chain *c, timestamp now)
{
    row *out = row_new(n->column_count, 0);
    out->time = now;
    for (size_t i = 0; i < n->column_count; i++) row_set_column(out, i, &g->keys->columns[i]);
    row_take_events(out, c->rows, c->count);
    node_emit(run, n, out);
    row_release(out);
}

static void extend(stage_run *run, chain *from, chain *into, row *r)
{
    chain made = {.first = from ? from->first : r->time, .last = r->time, .count = (from ? from->count : 0) + 1};
    made.rows = mem_zalloc(made.count, sizeof *made.rows);
    for (size_t i = 0; from && i < from->count; i++) made.rows[i] = from->rows[i];
    made.rows[made.count - 1] = row_hold(r);
    run->rows_held++;
    if (from) { /* its rows moved on */
        mem_free(from->rows);
        *from = (chain){0};
    }
    chain_clear(run, into);
    *into = made;
}

/* Tries the rows of one point in time, the last step first. */
static void sequence_step(stage_run *run, node *n, sequence_state *st, sequence_group *g, timestamp now)
{
    int64_t within = n->stage->as.sequence.span;
    for (size_t i = st->steps; i-- > 0;) {
        row *r = waiting_at(g, st->input_of[i]);
        if (!r) continue;
        chain *from = i ? &g->pending[i - 1] : NULL;
        if (from && (!from->rows || from->last >= now || (within > 0 && now - from->first > within))) continue;
        if (i + 1 < st->steps) {
            extend(run, from, &g->pending[i], r);
            continue;
        }
        chain whole = {0};
        extend(run, from, &whole, r);
        sequence_complete(run, n, g, &whole, now);
        chain_clear(run, &whole);
    }
}

static void sequence_decide(stage_run *run, node *n, timestamp now)
{
    sequence_state *st = n->state;
    for (size_t i = 0; i < st->touched.len; i++) {
        sequence_group *g = st->touched.at[i];
        sequence_step(run, n, st, g, now);
        for (size_t k = 0; k < g->waiting.len; k++) row_release(g->waiting.at[k].row);
        g->waiting.len = 0;
    }
    st->touched.len = 0;
}

static void sequence_close(node *n)
{
    sequence_state *st = n->state;
    if (!st) return;
    stage_run none = {0};
    for (size_t i = 0; i <= st->bucket_mask; i++)
        while (st->buckets[i]) sequence_drop(&none, st, st->buckets[i]);
    mem_free(st->buckets);
    vec_free(&st->touched);
    text_free(&st->key);
    arena_free(st->scratch);
    n->state = NULL;
}

const stage_ops sequence_ops = {STAGE_SEQUENCE, sequence_open, sequence_push, sequence_decide, NULL, sequence_close};
