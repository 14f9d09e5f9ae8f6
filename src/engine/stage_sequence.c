/*
 * Sequence: ordered steps joined by keys within a span.
 *
 * For each key and each step there is at most one pending chain, and a newer one takes its place (keep latest). Steps follow
 * each other in strictly growing time: rows of the same time are kept until the time is complete, and then tried at the last
 * step first, so that no row joins a chain of its own point in time and the order of such rows does not matter. `until` ends
 * what is pending when the steps of its time have been tried.
 */
#include "engine/stages.h"

#include <stdlib.h>

#define STEPS_MOST 64

typedef struct {
    timestamp first, last;
    row **rows;                   /* one a step taken; NULL: no chain is pending here */
    size_t count;
} chain;

typedef struct { size_t input; row *row; } waiting_row;

typedef struct sequence_group sequence_group;
struct sequence_group {
    group_head head;
    chain *pending;               /* by number of steps taken - 1 */
    VEC(waiting_row) waiting;     /* rows of the present time */
    bool ends;                    /* a row of `until` came at the present time */
    bool touched;
    timestamp newest;
    sequence_group *older, *newer; /* in order of `newest` */
};

typedef struct {
    size_t steps;                 /* a step that runs n times counts n */
    size_t *input_of;             /* input of each step */
    group_table groups;
    sequence_group *oldest, *newest;
    VEC(sequence_group *) touched;
} sequence_state;

/* ---- opening ---- */

static const char *count_steps(stage_run *run, const stage *s, sequence_state *st)
{
    for (size_t i = 0; i < s->as.sequence.step_count; i++) {
        const ir_step *step = &s->as.sequence.steps[i];
        const char *reason = keys_problem(step->keys, step->key_count);
        if (step->absent) return "the engine has no absent steps yet";
        if (reason) return reason;
        st->steps += step->runs;
        if (st->steps > STEPS_MOST || step->runs > STEPS_MOST) return "a sequence has at most 64 steps";
    }
    if (st->steps == 0) return "a sequence needs a step";
    st->input_of = ARENA_ARRAY(run->arena, size_t, st->steps);
    for (size_t i = 0, at = 0; i < s->as.sequence.step_count; i++)
        for (uint32_t k = 0; k < s->as.sequence.steps[i].runs; k++) st->input_of[at++] = i;
    return NULL;
}

static const char *sequence_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    sequence_state *st = ARENA_NEW(run->arena, sequence_state);
    if (s->as.sequence.keep_all) return "the engine keeps the latest chain of a sequence only";
    if (n->late) return "a sequence behind an aggregate without window";
    const char *reason = count_steps(run, s, st);
    if (!reason) reason = keys_problem(s->as.sequence.keys, s->as.sequence.key_count);
    if (reason) return reason;
    for (size_t i = 0; i < s->as.sequence.key_count; i++)
        node_add_column(run, n, (row_column){.name = s->as.sequence.keys[i].name, .key = true});
    for (size_t i = 0; i < s->as.sequence.step_count; i++)
        for (size_t k = 0; k < n->inputs[i]->column_count; k++) {
            row_column c = {.name = n->inputs[i]->columns[k].name, .step = true};
            if (node_column(n, c.name) == STR_NPOS) node_add_column(run, n, c);
        }
    n->state = st;
    return NULL;
}

/* ---- chains and groups ---- */

static void chain_clear(stage_run *run, chain *c)
{
    for (size_t i = 0; i < c->count; i++) row_release(c->rows[i]);
    run->bytes -= c->count * sizeof *c->rows;
    mem_free(c->rows);
    *c = (chain){0};
}

static void unlink_group(sequence_state *st, sequence_group *g)
{
    *(g->older ? &g->older->newer : &st->oldest) = g->newer;
    *(g->newer ? &g->newer->older : &st->newest) = g->older;
}

static void link_newest(sequence_state *st, sequence_group *g)
{
    g->older = st->newest;
    g->newer = NULL;
    *(st->newest ? &st->newest->newer : &st->oldest) = g;
    st->newest = g;
}

static void sequence_drop(stage_run *run, sequence_state *st, sequence_group *g)
{
    for (size_t i = 0; i < st->steps; i++) chain_clear(run, &g->pending[i]);
    for (size_t i = 0; i < g->waiting.len; i++) row_release(g->waiting.at[i].row);
    vec_free(&g->waiting);
    mem_free(g->pending);
    unlink_group(st, g);
    group_remove(run, &st->groups, &g->head);
}

/* Groups whose chains have all run out of time are forgotten; so are the oldest when too much is held. */
static void forget(stage_run *run, const node *n, sequence_state *st, timestamp now)
{
    int64_t within = n->stage->as.sequence.span, age;
    for (sequence_group *g = st->oldest; g && !g->touched; g = st->oldest) {
        bool over = within > 0 && !__builtin_sub_overflow(now, g->newest, &age) && age > within;
        if (!over && !run_is_full(run)) return;
        if (!over)
            for (size_t i = 0; i < st->steps; i++) run->evicted += g->pending[i].count;
        sequence_drop(run, st, g);
    }
}

static sequence_group *find_group(stage_run *run, const node *n, sequence_state *st, const row_key_way *key)
{
    size_t before = st->groups.count, common = n->stage->as.sequence.key_count;
    sequence_group *g = (sequence_group *)group_of(run, &st->groups, key, common, sizeof *g);
    if (st->groups.count == before) {
        unlink_group(st, g);
    } else {
        g->pending = mem_zalloc(st->steps, sizeof *g->pending);
        g->head.bytes += st->steps * sizeof *g->pending;
        run->bytes += st->steps * sizeof *g->pending;
    }
    link_newest(st, g);
    return g;
}

/* ---- rows come ---- */

/* The keys of the sequence, then the step's own. */
static row_key_ways step_keys(stage_run *run, const node *n, size_t input, const row *r)
{
    const stage *s = n->stage;
    const ir_step *step = input < s->as.sequence.step_count ? &s->as.sequence.steps[input] : NULL;
    size_t common = s->as.sequence.key_count, own = step ? step->key_count : 0;
    ir_key *keys = ARENA_ARRAY(run->scratch, ir_key, common + own + 1);
    for (size_t i = 0; i < common + own; i++) keys[i] = i < common ? s->as.sequence.keys[i] : step->keys[i - common];
    return row_keys_of(n->inputs[input], r, keys, common + own, run->scratch);
}

static void sequence_push(stage_run *run, node *n, size_t input, row *r)
{
    sequence_state *st = n->state;
    arena_reset(run->scratch);
    forget(run, n, st, r->time);
    if (run_is_full(run)) {
        run->evicted++;
        return;
    }
    row_key_ways keys = step_keys(run, n, input, r);
    for (size_t i = 0; i < keys.ways.len; i++) {
        sequence_group *g = find_group(run, n, st, &keys.ways.at[i]);
        if (!g->touched) vec_push(&st->touched, g);
        g->touched = true;
        g->newest = r->time;
        if (input == n->stage->as.sequence.step_count) g->ends = true;
        else vec_push(&g->waiting, ((waiting_row){input, row_hold(r)}));
        node_touch(run, n);
    }
}

/* ---- deciding ---- */

/* The first (by place in the input) of the waiting rows that belong to an input. */
static row *waiting_at(const sequence_group *g, size_t input)
{
    row *first = NULL;
    for (size_t i = 0; i < g->waiting.len; i++)
        if (g->waiting.at[i].input == input && (!first || row_order(g->waiting.at[i].row, first) < 0)) first = g->waiting.at[i].row;
    return first;
}

static size_t parts_of(const chain *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) count += c->rows[i]->part_count;
    return count;
}

/* Columns of the rows in order, those of the first win; then the keys. */
static void sequence_complete(stage_run *run, node *n, sequence_group *g, const chain *c, timestamp now)
{
    const sequence_state *st = n->state;
    row *out = row_new(run, n->column_count, parts_of(c));
    out->time = now;
    out->start = c->first;
    for (size_t i = 0, at = 0; i < c->count; i++) {
        const node *from = n->inputs[st->input_of[i]];
        const row *r = c->rows[i];
        if (r->start < out->start) out->start = r->start;
        for (size_t k = 0; k < r->part_count; k++) row_set_part(out, at++, r->parts[k].name, r->parts[k].part, r->parts[k].copy);
        for (size_t k = 0; k < r->column_count; k++) {
            size_t to = node_column(n, from->columns[k].name);
            if (r->columns[k].type != VALUE_MISSING && out->columns[to].type == VALUE_MISSING) row_set_column(out, to, &r->columns[k]);
        }
    }
    row_take_events(out, c->rows, c->count);
    for (size_t i = 0; i < g->head.keys->column_count; i++) row_set_column(out, i, &g->head.keys->columns[i]);
    node_emit(run, n, out);
    row_release(out);
}

static void extend(stage_run *run, chain *from, chain *into, row *r)
{
    chain made = {.first = from ? from->first : r->time, .last = r->time, .count = (from ? from->count : 0) + 1};
    made.rows = mem_zalloc(made.count, sizeof *made.rows);
    for (size_t i = 0; from && i < from->count; i++) made.rows[i] = from->rows[i];
    made.rows[made.count - 1] = row_hold(r);
    run->bytes += sizeof *made.rows;
    if (from) { /* its rows moved on */
        mem_free(from->rows);
        *from = (chain){0};
    }
    chain_clear(run, into);
    *into = made;
}

static bool can_follow(const node *n, const chain *c, timestamp now)
{
    int64_t within = n->stage->as.sequence.span, age;
    if (!c->rows || c->last >= now) return false;
    return within <= 0 || (!__builtin_sub_overflow(now, c->first, &age) && age <= within);
}

/* Tries the rows of one point in time, the last step first. */
static void try_steps(stage_run *run, node *n, sequence_group *g, timestamp now)
{
    const sequence_state *st = n->state;
    for (size_t i = st->steps; i-- > 0;) {
        row *r = waiting_at(g, st->input_of[i]);
        chain *from = i ? &g->pending[i - 1] : NULL, whole = {0};
        if (!r || (from && !can_follow(n, from, now))) continue;
        extend(run, from, i + 1 < st->steps ? &g->pending[i] : &whole, r);
        if (!whole.rows) continue;
        sequence_complete(run, n, g, &whole, now);
        chain_clear(run, &whole);
    }
}

static void sequence_decide(stage_run *run, node *n, timestamp now)
{
    sequence_state *st = n->state;
    if (st->touched.len > 1) qsort(st->touched.at, st->touched.len, sizeof *st->touched.at, group_order);
    for (size_t i = 0; i < st->touched.len; i++) {
        sequence_group *g = st->touched.at[i];
        try_steps(run, n, g, now);
        for (size_t k = 0; k < g->waiting.len; k++) row_release(g->waiting.at[k].row);
        for (size_t k = 0; g->ends && k < st->steps; k++) chain_clear(run, &g->pending[k]);
        g->waiting.len = 0;
        g->ends = g->touched = false;
    }
    st->touched.len = 0;
}

static void sequence_close(stage_run *run, node *n)
{
    sequence_state *st = n->state;
    if (!st) return;
    while (st->oldest) sequence_drop(run, st, st->oldest);
    group_table_free(&st->groups);
    vec_free(&st->touched);
    n->state = NULL;
}

const stage_ops sequence_ops = {sequence_open, sequence_push, sequence_decide, NULL, sequence_close};
