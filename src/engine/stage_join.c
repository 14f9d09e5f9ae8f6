/*
 * Join: combinations of rows, one of each input, that agree on the keys, whose parts lie within a time of each other, and of
 * which the condition is true.
 *
 * Each input remembers its rows for as long as a partner may come. A row that comes looks for its partners among those that came
 * before it, input after input in an order that follows the keys, each by an index of the keys that are known by then; so each
 * combination is found once, when its last row comes, and nothing is compared that does not agree. Context rows come before all
 * events and stay.
 *
 *   inner            combinations, at the time of their last row
 *   left, optional   and rows of the first input that fit none       semi   rows of the first input that fit some
 *   anti             rows of the first input that fit none
 *
 * Where nothing that is made of the combinations can tell pairs apart, only the nearest are made (join_nearest.h): then a key
 * with a thousand rows on either side costs two thousand combinations, not a million.
 *
 * That a row fits none is known when no partner can come any more, `within` behind its time; so the rows of these kinds come out
 * with that lag (join_wait, stage_delay.c).
 */
#include "engine/join.h"

#define COMBINATIONS_MOST 10000   /* that one row completes */

/* ---- combinations ---- */

typedef struct {
    stage_run *run;
    node *node;
    size_t from;                  /* input of the row that came */
    row *rows[INPUTS_MOST];
    join_entry *entries[INPUTS_MOST]; /* NULL for the row that came */
    timestamp first, last;
    size_t found, seen;
} combiner;

static row *first_of(const combiner *c, size_t *timed)
{
    *timed = STR_NPOS;
    for (size_t i = 0; i < c->node->input_count; i++)
        if (c->rows[i]->time != TIMESTAMP_NONE && (*timed == STR_NPOS || row_order(c->rows[i], c->rows[*timed]) > 0)) *timed = i;
    return *timed == STR_NPOS ? c->rows[0] : c->rows[*timed];
}

/* Its columns and parts point into the rows: for the condition, before a row of its own is made. */
static row borrowed_row(const combiner *c)
{
    const node *n = c->node;
    const join_state *st = n->state;
    arena *a = c->run->scratch;
    size_t parts = 0, timed;
    for (size_t i = 0; i < n->input_count; i++) parts += c->rows[i]->part_count;
    const row *place = first_of(c, &timed);
    row r = {.time = c->last, .start = c->first, .input = place->input, .position = place->position, .origin = place->origin,
             .columns = ARENA_ARRAY(a, value, n->column_count + 1), .column_count = n->column_count,
             .parts = ARENA_ARRAY(a, row_part, parts + 1)};
    for (size_t i = 0; i < n->input_count; i++) {
        const row *from = c->rows[i];
        for (size_t k = 0; k < from->part_count; k++) r.parts[r.part_count++] = from->parts[k];
        for (size_t k = 0; k < from->column_count; k++) {
            value *to = &r.columns[st->columns[i][k]];
            if (to->type == VALUE_MISSING) *to = from->columns[k];
        }
    }
    return r;
}

/* Columns of keys: the first side that is there. A loose key is asked here: false: the sides differ. */
static bool set_keys(const combiner *c, row *r)
{
    const node *n = c->node;
    const join_state *st = n->state;
    arena *a = c->run->scratch;
    for (size_t k = 0; k < n->stage->as.join.key_count; k++) {
        const ir_join_key *key = &n->stage->as.join.keys[k];
        bool loose = st->loose >> k & 1;
        if (!loose && st->key_columns[k] == STR_NPOS) continue;
        value first = {.type = VALUE_MISSING};
        text own = {0}, other = {0};
        bool fits = true;
        for (size_t i = 0; i < key->count && fits && (loose || i == 0); i++) {
            value v = loose ? row_value(n, r, key->sides[i], a) : row_value(n->inputs[st->side_inputs[k][i]], c->rows[st->side_inputs[k][i]], key->sides[i], a);
            text_clear(&other);
            fits = join_put_side(&other, key, &v, a);
            if (i == 0) text_put(&own, text_view(&other));
            else fits = fits && str_equal(text_view(&own), text_view(&other));
            if (i == 0) first = v;
        }
        text_free(&own);
        text_free(&other);
        if (!fits) return false;
        if (st->key_columns[k] != STR_NPOS) r->columns[st->key_columns[k]] = first;
    }
    return true;
}

static void emit_combination(const combiner *c, const row *from)
{
    const node *n = c->node;
    size_t events = 0;
    row *made = row_new(c->run, n->column_count, from->part_count);
    made->time = from->time;
    made->start = from->start;
    made->origin = from->origin;
    for (size_t i = 0; i < from->part_count; i++) row_set_part(made, i, from->parts[i].name, from->parts[i].part, from->parts[i].copy);
    for (size_t i = 0; i < n->column_count; i++)
        if (from->columns[i].type != VALUE_MISSING) row_set_column(made, i, &from->columns[i]);
    for (size_t i = 0; i < n->input_count; i++) events += c->rows[i]->event_count;
    if (events) row_take_events(made, c->rows, n->input_count);
    made->input = from->input;
    made->position = from->position;
    node_emit(c->run, c->node, made);
    row_release(made);
}

static void emit_alone(stage_run *run, node *n, const row *r)
{
    const join_state *st = n->state;
    row *made = row_like(run, r, n->column_count);
    for (size_t i = 0; i < r->column_count; i++) row_set_column(made, st->columns[0][i], &r->columns[i]);
    node_emit(run, n, made);
    row_release(made);
}

/* All inputs have a row. */
static void complete(combiner *c)
{
    join_kind kind = c->node->stage->as.join.kind;
    arena_reset(c->run->scratch);
    row r = borrowed_row(c);
    if (!set_keys(c, &r) || !row_true(c->node, &r, c->node->stage->as.join.where, c->run->scratch)) return;
    bool first = c->entries[0] ? !c->entries[0]->matched : c->found == 0;
    c->found++;
    for (size_t i = 0; i < c->node->input_count; i++)
        if (c->entries[i]) c->entries[i]->matched = true;
    if (kind == JOIN_INNER || kind == JOIN_LEFT || kind == JOIN_OPTIONAL) emit_combination(c, &r);
    else if (kind == JOIN_SEMI && first) emit_alone(c->run, c->node, c->rows[0]);
}

/* false: with this row the combination lasts too long. */
static bool take_time(combiner *c, const row *r)
{
    int64_t within = c->node->stage->as.join.within, between;
    if (r->time == TIMESTAMP_NONE) return true;
    if (r->start < c->first) c->first = r->start;
    if (r->time > c->last) c->last = r->time;
    return !within || (!__builtin_sub_overflow(c->last, c->first, &between) && between <= within);
}

static void take_steps(combiner *c, size_t number, const pk_str *texts);

typedef struct { timestamp first, last; } time_span;

/* A row of the next input that agrees with those before it. false: the row that came has combinations enough. */
static bool take_partner(combiner *c, size_t number, const pk_str *texts, time_span before, row *r, join_entry *e)
{
    const join_state *st = c->node->state;
    size_t input = st->steps[c->from][number].input;
    if (++c->seen > COMBINATIONS_MOST) {
        c->run->combinations_cut += c->seen == COMBINATIONS_MOST + 1;
        return false;
    }
    c->first = before.first;
    c->last = before.last;
    if (!take_time(c, r)) return true;
    c->rows[input] = r;
    c->entries[input] = e;
    pk_str *known = NULL; /* the last input is looked up by what is known already */
    if (number + 2 < c->node->input_count) {
        known = ARENA_ARRAY(st->arena, pk_str, JOIN_KEYS_MOST);
        memcpy(known, texts, JOIN_KEYS_MOST * sizeof *known);
        join_keys_of_row(c->node, input, UINT64_MAX, r, known, st->arena);
    }
    take_steps(c, number + 1, known ? known : texts);
    return true;
}

/* Has a row of context the keys that its record was found by, and all others that it must have? */
static bool context_fits(const combiner *c, size_t input, uint64_t keys, const row *r, pk_str wanted)
{
    const join_state *st = c->node->state;
    pk_str own[JOIN_KEYS_MOST];
    return join_keys_of_row(c->node, input, UINT64_MAX, r, own, st->arena) && str_equal(join_key_text(keys, own, st->arena), wanted);
}

static void take_context(combiner *c, size_t number, const pk_str *texts, time_span before)
{
    const join_state *st = c->node->state;
    join_step step = st->steps[c->from][number];
    uint64_t keys = st->inputs[step.input].indexes.at[step.index].keys;
    pk_str wanted = join_key_text(keys, texts, st->arena);
    context_finder f = context_find(c->run, st->contexts[step.input], keys, wanted);
    for (const row_list *rows; (rows = context_next(c->run, &f));)
        for (size_t i = 0; i < rows->len; i++)
            if (context_fits(c, step.input, keys, rows->at[i], wanted) && !take_partner(c, number, texts, before, rows->at[i], NULL)) return;
}

static void take_steps(combiner *c, size_t number, const pk_str *texts)
{
    const join_state *st = c->node->state;
    if (number + 1 >= c->node->input_count) {
        complete(c);
        return;
    }
    join_step step = st->steps[c->from][number];
    time_span before = {c->first, c->last};
    if (st->contexts[step.input]) {
        take_context(c, number, texts, before);
    } else {
        const join_list *partners = join_find(&st->inputs[step.input], step.index, texts, st->arena);
        for (join_entry *e = partners ? partners->first : NULL; e; e = e->links[step.index].next)
            if (!take_partner(c, number, texts, before, e->row, e)) return;
    }
    c->first = before.first;
    c->last = before.last;
}

/* Of two inputs: pairs with the partners that came since the last row of its own input, and with the last one before. */
static void take_nearest(combiner *c, const pk_str *texts)
{
    const join_state *st = c->node->state;
    size_t other = 1 - c->from, own_index = st->steps[other][0].index, index = st->steps[c->from][0].index;
    timestamp first = c->first, last = c->last;
    const join_list *partners = join_find(&st->inputs[other], index, texts, st->arena);
    const join_list *own = join_find(&st->inputs[c->from], own_index, texts, st->arena);
    uint64_t since = own ? own->last->number : 0;
    for (join_entry *e = partners ? partners->last : NULL; e; e = e->links[index].before) {
        if (e != partners->last && e->number < since) break;
        c->first = first;
        c->last = last;
        if (!take_time(c, e->row)) break; /* those before are farther still */
        c->rows[other] = e->row;
        c->entries[other] = e;
        complete(c);
    }
}

/* ---- rows come and go ---- */

static void forget(stage_run *run, node *n, timestamp now)
{
    join_state *st = n->state;
    int64_t within = n->stage->as.join.within, age;
    for (size_t i = 0; i < n->input_count && within; i++) {
        if (n->inputs[i]->context || (i == 0 && join_waits(n))) continue;
        while (st->inputs[i].first && (__builtin_sub_overflow(now, st->inputs[i].first->row->time, &age) || age > within))
            join_input_drop_first(run, &st->inputs[i]);
    }
}

/* The oldest rows go when too much is held. */
static void make_room(stage_run *run, node *n)
{
    join_state *st = n->state;
    while (run_is_full(run)) {
        size_t oldest = STR_NPOS;
        for (size_t i = 0; i < n->input_count; i++) {
            if (n->inputs[i]->context || !st->inputs[i].first) continue;
            if (oldest == STR_NPOS || st->inputs[i].first->row->time < st->inputs[oldest].first->row->time) oldest = i;
        }
        if (oldest == STR_NPOS) return;
        run->evicted++;
        join_input_drop_first(run, &st->inputs[oldest]);
    }
}

static void set_timer(stage_run *run, node *n)
{
    join_state *st = n->state;
    int64_t within = n->stage->as.join.within;
    if (st->timer || !st->inputs[0].first) return;
    st->timer = true;
    run_set_timer(run, n, NULL, 0, within ? time_sum(st->inputs[0].first->row->time, within) : END_OF_INPUT);
}

static bool goes_alone(const node *n, bool matched)
{
    join_kind kind = n->stage->as.join.kind;
    return !matched && (kind == JOIN_LEFT || kind == JOIN_OPTIONAL || kind == JOIN_ANTI);
}

/* Once, when the whole plan is there and context is loaded. */
static void look_around(node *n, join_state *st)
{
    st->nearest = join_nearest_are_enough(n);
    for (size_t i = 0; i < n->input_count; i++) st->contexts[i] = context_rows_new(n, i);
    st->asked = true;
}

static void join_push(stage_run *run, node *n, size_t input, row *r)
{
    join_state *st = n->state;
    pk_str texts[JOIN_KEYS_MOST];
    if (run->again) {
        if (run->again->join == n && run->again->input == input) vec_push(run->again->rows, row_hold(r));
        return;
    }
    arena_reset(st->arena);
    if (r->time != TIMESTAMP_NONE) forget(run, n, r->time);
    make_room(run, n);
    if (run_is_full(run)) {
        run->evicted++;
        return;
    }
    memset(texts, 0, sizeof texts);
    bool fits = join_keys_of_row(n, input, UINT64_MAX, r, texts, st->arena), is_context = n->inputs[input]->context;
    combiner c = {.run = run, .node = n, .from = input, .first = r->time == TIMESTAMP_NONE ? INT64_MAX : r->start,
                  .last = r->time == TIMESTAMP_NONE ? INT64_MIN : r->time};
    row_hold(r);
    bool kept = is_context ? fits : st->streams > 1 && (fits || (input == 0 && join_waits(n)));
    c.rows[input] = r;
    if (!st->asked && !is_context) look_around(n, st);
    if (fits && !is_context && st->nearest) take_nearest(&c, texts);
    else if (fits && !is_context) take_steps(&c, 0, texts);
    if (kept) {
        join_entry *e = join_input_add(run, &st->inputs[input], r, texts, st->arena);
        e->matched = c.found > 0;
        e->number = ++st->number;
        if (input == 0 && join_waits(n)) set_timer(run, n);
    } else if (input == 0 && !join_waits(n) && goes_alone(n, c.found > 0)) {
        emit_alone(run, n, r);
    }
    row_release(r);
}

/* No partner can come any more for the oldest rows of the first input. */
static void join_timer(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due)
{
    join_state *st = n->state;
    int64_t within = n->stage->as.join.within;
    (void)group;
    (void)ticket;
    st->timer = false;
    while (st->inputs[0].first && (!within || time_sum(st->inputs[0].first->row->time, within) <= due)) {
        join_entry *e = st->inputs[0].first;
        if (goes_alone(n, e->matched)) emit_alone(run, n, e->row);
        join_input_drop_first(run, &st->inputs[0]);
    }
    set_timer(run, n);
}

static void join_close(stage_run *run, node *n)
{
    join_state *st = n->state;
    if (!st) return;
    for (size_t i = 0; i < n->input_count; i++) {
        join_input_free(run, &st->inputs[i]);
        context_rows_free(st->contexts[i]);
    }
    arena_free(st->arena);
    n->state = NULL;
}

const stage_ops join_ops = {join_open, join_push, NULL, join_timer, join_close};
