/*
 * Sequences and samples in the evaluator.
 *
 * A sequence works key by key and point in time by point in time: steps follow each other in strictly growing time. The
 * rows of one time are tried at the last step first (so no row takes two steps), a chain that a row extends moves on,
 * and with `keep latest` a chain takes the place of the one that waits at the same step. `until` ends all chains of its
 * key that began before it. A step that runs n times is n steps. Absent steps are looked up among all rows:
 *
 *   in front   no such row in [end - span, first)      between   none after the step before, up to the step behind
 *   at the end no such row in (last, first + span]: the sequence is complete at first + span
 */
#include "ir/eval_private.h"

#include <stdlib.h>

#define MOST_CHAINS 100000

typedef struct { const row *row; size_t input; } entry; /* a row as an input of the sequence */

typedef struct {
    const row **rows;
    size_t count;
} chain;

typedef struct { VEC(chain) items; } chain_list;

typedef struct {
    pk_str key;
    value *keys;
    VEC(entry) entries;
} key_group;

typedef struct {
    plan_run *run;
    const stage *stage;
    size_t *steps, step_count;    /* the steps that must be there, by place in the stage, runs unrolled */
    VEC(key_group) groups;
    table by_key;
    row_list *out;
} sequence;

#define UNTIL SIZE_MAX

/* ---- entries ---- */

static void add_entry(sequence *q, const row *r, size_t input)
{
    const stage *s = q->stage;
    const ir_step *step = input == UNTIL ? NULL : &s->as.sequence.steps[input];
    size_t common = s->as.sequence.key_count, own = step ? step->key_count : 0;
    if (r->time == TIMESTAMP_NONE) return;
    ir_key *keys = ARENA_ARRAY(q->run->arena, ir_key, common + own);
    for (size_t i = 0; i < common + own; i++) keys[i] = i < common ? s->as.sequence.keys[i] : step->keys[i - common];
    bool passes;
    row_keys found = keys_of(q->run, r, keys, common + own, &passes);
    for (size_t i = 0; i < found.items.len; i++) {
        uint32_t at = table_get(&q->by_key, found.items.at[i].text);
        if (at == TABLE_NONE) {
            at = (uint32_t)q->groups.len;
            table_put(&q->by_key, found.items.at[i].text, at);
            key_group made = {.key = found.items.at[i].text, .keys = found.items.at[i].values};
            vec_push_in(q->run->arena, &q->groups, made);
        }
        vec_push_in(q->run->arena, &q->groups.at[at].entries, ((entry){r, input}));
    }
}

static int compare_entries(const entry *x, const entry *y)
{
    if (x->row->time != y->row->time) return x->row->time < y->row->time ? -1 : 1;
    return x->row->order < y->row->order ? -1 : x->row->order > y->row->order;
}

static void sort_entries(key_group *g)
{
    for (size_t i = 1; i < g->entries.len; i++)
        for (size_t k = i; k > 0 && compare_entries(&g->entries.at[k - 1], &g->entries.at[k]) > 0; k--) {
            entry swap = g->entries.at[k];
            g->entries.at[k] = g->entries.at[k - 1];
            g->entries.at[k - 1] = swap;
        }
}

/* ---- absent steps ---- */

static bool has_row(const key_group *g, size_t input, timestamp from, timestamp to)
{
    for (size_t i = 0; i < g->entries.len; i++)
        if (g->entries.at[i].input == input && g->entries.at[i].row->time >= from && g->entries.at[i].row->time <= to)
            return true;
    return false;
}

/* Is a row of an absent step between step `number` - 1 of the chain and `now`? */
static bool absent_between(const sequence *q, const key_group *g, const chain *c, size_t number, timestamp now)
{
    for (size_t i = q->steps[number - 1] + 1; i < q->steps[number]; i++)
        if (q->stage->as.sequence.steps[i].absent && has_row(g, i, c->rows[c->count - 1]->time + 1, now)) return true;
    return false;
}

static bool absent_in_front(const sequence *q, const key_group *g, const chain *c)
{
    timestamp first = c->rows[0]->time, last = c->rows[c->count - 1]->time;
    timestamp from = q->stage->as.sequence.span ? time_later(last, -q->stage->as.sequence.span) : INT64_MIN + 1;
    for (size_t i = 0; i < q->steps[0]; i++)
        if (q->stage->as.sequence.steps[i].absent && first > INT64_MIN && has_row(g, i, from, first - 1)) return true;
    return false;
}

/* ---- completing ---- */

static void complete(sequence *q, const key_group *g, const chain *c)
{
    const stage *s = q->stage;
    arena *a = q->run->arena;
    timestamp first = c->rows[0]->time, last = c->rows[c->count - 1]->time, time = last;
    if (absent_in_front(q, g, c)) return;
    for (size_t i = q->steps[q->step_count - 1] + 1; i < s->as.sequence.step_count; i++) {
        time = time_later(first, s->as.sequence.span);
        if (last < INT64_MAX && has_row(g, i, last + 1, time)) return;
    }
    row r = *c->rows[0];
    for (size_t i = 1; i < c->count; i++) r = join_rows(a, &r, c->rows[i]);
    for (size_t i = 0; i < s->as.sequence.key_count; i++) row_set(a, &r, s->as.sequence.keys[i].name, g->keys[i]);
    r.time = time;
    vec_push_in(a, &q->out->items, r);
}

/* ---- chains ---- */

static bool can_follow(const sequence *q, const key_group *g, const chain *c, size_t number, timestamp now)
{
    int64_t within = q->stage->as.sequence.span;
    if (c->rows[c->count - 1]->time >= now) return false;
    if (within && time_between(c->rows[0]->time, now) > within) return false;
    return !absent_between(q, g, c, number, now);
}

static chain longer(sequence *q, const chain *c, const row *r)
{
    size_t n = c ? c->count : 0;
    chain made = {ARENA_ARRAY(q->run->arena, const row *, n + 1), n + 1};
    for (size_t i = 0; i < n; i++) made.rows[i] = c->rows[i];
    made.rows[n] = r;
    return made;
}

/* A chain that has come to step `number`: complete, or waiting (in the place of what waits there). */
static void arrive(sequence *q, const key_group *g, chain_list *waiting, size_t number, chain c)
{
    if (number + 1 == q->step_count) {
        complete(q, g, &c);
        return;
    }
    if (!q->stage->as.sequence.keep_all) waiting[number].items.len = 0;
    if (waiting[number].items.len < MOST_CHAINS) vec_push_in(q->run->arena, &waiting[number].items, c);
}

/* Row `r` takes step `number`: with every chain that waits for it. */
static void take_step(sequence *q, const key_group *g, chain_list *waiting, size_t number, const row *r)
{
    if (number == 0) {
        arrive(q, g, waiting, 0, longer(q, NULL, r));
        return;
    }
    chain_list *from = &waiting[number - 1];
    size_t kept = 0, before = from->items.len;
    for (size_t i = 0; i < before; i++) {
        chain c = from->items.at[i];
        bool follows = can_follow(q, g, &c, number, r->time);
        if (!follows || q->stage->as.sequence.keep_all) from->items.at[kept++] = c;
        if (follows) arrive(q, g, waiting, number, longer(q, &c, r));
    }
    from->items.len = kept;
}

/* The first row of this input among the entries of one time. */
static const row *first_of(const key_group *g, size_t from, size_t to, size_t input)
{
    for (size_t i = from; i < to; i++)
        if (g->entries.at[i].input == input) return g->entries.at[i].row;
    return NULL;
}

static void run_key(sequence *q, key_group *g)
{
    chain_list *waiting = ARENA_ARRAY(q->run->arena, chain_list, q->step_count);
    sort_entries(g);
    for (size_t i = 0, next; i < g->entries.len; i = next) {
        for (next = i; next < g->entries.len && g->entries.at[next].row->time == g->entries.at[i].row->time;) next++;
        for (size_t number = q->step_count; number-- > 0;) {
            const row *r = first_of(g, i, next, q->steps[number]);
            if (r) take_step(q, g, waiting, number, r);
        }
        for (size_t k = 0; k < q->step_count && first_of(g, i, next, UNTIL); k++) waiting[k].items.len = 0;
    }
}

static void number_steps(sequence *q)
{
    const stage *s = q->stage;
    VEC(size_t) steps = {0};
    for (size_t i = 0; i < s->as.sequence.step_count; i++)
        for (uint32_t k = 0; !s->as.sequence.steps[i].absent && k < s->as.sequence.steps[i].runs && steps.len < 10000;
             k++)
            vec_push_in(q->run->arena, &steps, i);
    q->steps = steps.at;
    q->step_count = steps.len;
}

static int by_key(const void *x, const void *y) { return str_compare(((const key_group *)x)->key, ((const key_group *)y)->key); }

row_list run_sequence(plan_run *run, const stage *s)
{
    row_list out = {0};
    sequence q = {.run = run, .stage = s, .out = &out};
    number_steps(&q);
    for (size_t i = 0; i < s->as.sequence.step_count; i++) {
        const row_list *input = run_stage(run, s->as.sequence.steps[i].input);
        for (size_t k = 0; k < input->items.len; k++) add_entry(&q, &input->items.at[k], i);
    }
    const row_list *until = s->as.sequence.until ? run_stage(run, s->as.sequence.until) : NULL;
    for (size_t k = 0; until && k < until->items.len; k++) add_entry(&q, &until->items.at[k], UNTIL);
    if (q.groups.len) qsort(q.groups.at, q.groups.len, sizeof *q.groups.at, by_key); /* by_key is not asked any more */
    for (size_t i = 0; q.step_count && i < q.groups.len; i++) run_key(&q, &q.groups.at[i]);
    table_free(&q.by_key);
    sort_rows(&out);
    return out;
}

/* ---- sample ---- */

/* Fills steps from `number` on with rows that no earlier step has; the earliest first. */
static bool choose(const sequence *q, const key_group *g, size_t number, const row **chosen)
{
    if (number == q->step_count) return true;
    for (size_t i = 0; i < g->entries.len; i++) {
        const entry *e = &g->entries.at[i];
        bool taken = e->input != q->steps[number];
        for (size_t k = 0; k < number && !taken; k++)
            taken = chosen[k]->part_count && e->row->part_count && chosen[k]->parts[0].event == e->row->parts[0].event;
        chosen[number] = e->row;
        if (!taken && choose(q, g, number + 1, chosen)) return true;
    }
    return false;
}

/* One sample of each key that has different events for all steps. */
row_list run_sample(plan_run *run, const stage *s)
{
    row_list out = {0};
    sequence q = {.run = run, .stage = s, .out = &out};
    number_steps(&q);
    for (size_t i = 0; i < s->as.sequence.step_count; i++) {
        const row_list *input = run_stage(run, s->as.sequence.steps[i].input);
        for (size_t k = 0; k < input->items.len; k++) add_entry(&q, &input->items.at[k], i);
    }
    const row **chosen = ARENA_ARRAY(run->arena, const row *, q.step_count);
    for (size_t i = 0; q.step_count && q.step_count <= 8 && i < q.groups.len; i++) {
        key_group *g = &q.groups.at[i];
        sort_entries(g);
        if (!choose(&q, g, 0, chosen)) continue;
        row r = *chosen[0];
        for (size_t k = 1; k < q.step_count; k++) r = join_rows(run->arena, &r, chosen[k]);
        for (size_t k = 0; k < s->as.sequence.key_count; k++)
            row_set(run->arena, &r, s->as.sequence.keys[k].name, g->keys[k]);
        vec_push_in(run->arena, &out.items, r);
    }
    table_free(&q.by_key);
    sort_rows(&out);
    return out;
}
