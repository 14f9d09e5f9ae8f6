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
#include "engine/join_index.h"
#include "engine/join_nearest.h"

#define INPUTS_MOST 16
#define COMBINATIONS_MOST 10000   /* that one row completes */

/* One input more, on the way from the row that came to all combinations. */
typedef struct { size_t input, index; } join_step;

typedef struct {
    join_input *inputs;
    join_step *steps[INPUTS_MOST]; /* by the input that a row came to */
    size_t **columns;             /* by input: where its columns stand in the node's */
    size_t *key_columns;          /* by key; STR_NPOS: none */
    size_t *side_inputs[64];      /* by key and side */
    uint64_t keys_of[INPUTS_MOST]; /* bit set of keys by input */
    uint64_t loose;               /* keys whose sides are no single input's: asked of combinations */
    size_t streams;               /* inputs that are not context */
    bool timer;
    bool asked, nearest;          /* once the whole plan is there: are nearest pairs enough? */
    uint64_t number;
    arena *arena;                 /* of one row that came: the run's scratch is used by those that rows go on to */
} join_state;

/* ---- opening ---- */

typedef struct { const node *node; uint64_t inputs; bool other; } side_finder;

static bool find_inputs(const expr *e, bool negated, void *user)
{
    side_finder *f = user;
    size_t i = 0;
    (void)negated;
    if (e->kind != EXPR_FIELD) return true;
    const ir_field *field = &e->as.field;
    while (i < f->node->input_count) {
        const node *in = f->node->inputs[i];
        if (field->part.len ? node_has_part(in, field->part) : !field->schema.len && node_column(in, field->path) != STR_NPOS) break;
        i++;
    }
    if (i < f->node->input_count) f->inputs |= UINT64_C(1) << i;
    else f->other = true;
    return true;
}

static size_t input_of_side(const node *n, const expr *side)
{
    side_finder f = {.node = n};
    ir_walk_expr(n->plan, side, find_inputs, &f);
    if (f.other || !f.inputs || (f.inputs & (f.inputs - 1))) return STR_NPOS;
    return (size_t)__builtin_ctzll(f.inputs);
}

static const char *find_sides(stage_run *run, const node *n, join_state *st)
{
    const stage *s = n->stage;
    if (s->as.join.key_count > 64) return "it has more than 64 keys";
    for (size_t k = 0; k < s->as.join.key_count; k++) {
        const ir_join_key *key = &s->as.join.keys[k];
        uint64_t bit = UINT64_C(1) << k;
        if (key->missing == KEY_PASS) return "a key that is missing does not count";
        st->side_inputs[k] = ARENA_ARRAY(run->arena, size_t, key->count + 1);
        for (size_t i = 0; i < key->count; i++) {
            st->side_inputs[k][i] = input_of_side(n, key->sides[i]);
            if (st->side_inputs[k][i] == STR_NPOS) st->loose |= bit;
        }
        for (size_t i = 0; i < key->count && !(st->loose & bit); i++) st->keys_of[st->side_inputs[k][i]] |= bit;
    }
    return NULL;
}

/* The next input: one that shares keys with those that are bound, context first, for it is small; else any. */
static size_t next_input(const node *n, const join_state *st, uint64_t bound, uint64_t keys)
{
    size_t best = STR_NPOS;
    int best_rank = -1;
    for (size_t i = 0; i < n->input_count; i++) {
        if (bound >> i & 1) continue;
        int rank = (keys & st->keys_of[i] ? 2 : 0) + (n->inputs[i]->context ? 1 : 0);
        if (rank <= best_rank) continue;
        best = i;
        best_rank = rank;
    }
    return best;
}

static void plan_steps(stage_run *run, const node *n, join_state *st)
{
    for (size_t from = 0; from < n->input_count; from++) {
        uint64_t bound = UINT64_C(1) << from, keys = st->keys_of[from];
        st->steps[from] = ARENA_ARRAY(run->arena, join_step, n->input_count);
        for (size_t i = 0; i + 1 < n->input_count; i++) {
            size_t next = next_input(n, st, bound, keys);
            st->steps[from][i] = (join_step){next, join_input_index(&st->inputs[next], keys & st->keys_of[next])};
            bound |= UINT64_C(1) << next;
            keys |= st->keys_of[next];
        }
    }
}

static void add_columns(stage_run *run, node *n, join_state *st)
{
    const stage *s = n->stage;
    st->columns = ARENA_ARRAY(run->arena, size_t *, n->input_count);
    for (size_t i = 0; i < n->input_count; i++) {
        const node *in = n->inputs[i];
        st->columns[i] = ARENA_ARRAY(run->arena, size_t, in->column_count + 1);
        for (size_t c = 0; c < in->column_count; c++) {
            if (node_column(n, in->columns[c].name) == STR_NPOS) node_add_column(run, n, in->columns[c]);
            st->columns[i][c] = node_column(n, in->columns[c].name);
        }
    }
    st->key_columns = ARENA_ARRAY(run->arena, size_t, s->as.join.key_count + 1);
    for (size_t k = 0; k < s->as.join.key_count; k++) {
        pk_str name = s->as.join.keys[k].name;
        if (name.len && node_column(n, name) == STR_NPOS) node_add_column(run, n, (row_column){.name = name});
        st->key_columns[k] = name.len ? node_column(n, name) : STR_NPOS;
    }
}

static const char *join_open(stage_run *run, node *n)
{
    join_state *st = ARENA_NEW(run->arena, join_state);
    if (n->input_count < 2 || n->input_count > INPUTS_MOST) return "it joins fewer than 2 or more than 16 inputs";
    for (size_t i = 0; i < n->input_count; i++) st->streams += !n->inputs[i]->context;
    if (st->streams == 0) return "it joins no events";
    if (n->inputs[0]->context && n->stage->as.join.kind != JOIN_INNER) return "its first input is context";
    if (n->late && st->streams > 1) return "it joins rows of an aggregate without window";
    const char *reason = find_sides(run, n, st);
    if (reason) return reason;
    st->inputs = ARENA_ARRAY(run->arena, join_input, n->input_count);
    st->arena = arena_new();
    n->state = st;
    plan_steps(run, n, st);
    add_columns(run, n, st);
    n->late |= n->stage->as.join.kind != JOIN_INNER && n->stage->as.join.within == 0 && st->streams > 1;
    return NULL;
}

static bool waits(const node *n)
{
    const join_state *st = n->state;
    return n->stage->as.join.kind != JOIN_INNER && st->streams > 1;
}

int64_t join_wait(const node *n) { return waits(n) ? n->stage->as.join.within : 0; }

/* ---- keys of a row ---- */

static bool is_zero(const value *v)
{
    double d;
    if (v->type == VALUE_STRING) return v->as.string.len == 0;
    if (v->type == VALUE_BLANK) return true;
    if (v->type == VALUE_BOOL) return !v->as.boolean;
    return (v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT) && value_number(v, &d) && d == 0;
}

/* Puts the text by which a side agrees with another behind `t`. false: it agrees with none. What is missing becomes what `missing`
 * makes of it; with `zero` all zeros agree with each other. */
static bool put_side(text *t, const ir_join_key *key, value *v, arena *a)
{
    bool absent = value_is_nothing(v);
    if (absent && key->missing != KEY_ZERO && key->missing != KEY_GROUP) return false;
    if (absent) *v = key->missing == KEY_ZERO ? value_string((pk_str){"", 0}) : value_null();
    if (key->missing == KEY_ZERO && is_zero(v)) put_key_text(t, &(value){.type = VALUE_BLANK}, a);
    else put_key_text(t, v, a);
    return true;
}

/* Texts of the keys that the input takes part in, by key. false: it has none that a partner could have. */
static bool keys_of_row(const node *n, size_t input, const row *r, pk_str *texts)
{
    const join_state *st = n->state;
    arena *a = st->arena;
    bool fits = true;
    text t = {0};
    for (uint64_t k = st->keys_of[input]; k && fits; k &= k - 1) {
        size_t number = (size_t)__builtin_ctzll(k);
        const ir_join_key *key = &n->stage->as.join.keys[number];
        texts[number] = (pk_str){"", 0};
        for (size_t i = 0; i < key->count && fits; i++) {
            if (st->side_inputs[number][i] != input) continue;
            value v = row_value(n->inputs[input], r, key->sides[i], a);
            text_clear(&t);
            fits = put_side(&t, key, &v, a);
            if (texts[number].len) fits = fits && str_equal(texts[number], text_view(&t));
            else texts[number] = arena_str(a, text_view(&t));
        }
        if (!fits) texts[number] = (pk_str){"", 0}; /* which is no text of a key */
    }
    text_free(&t);
    return fits;
}

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
            fits = put_side(&other, key, &v, a);
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

static void take_steps(combiner *c, size_t number, const pk_str *texts)
{
    const join_state *st = c->node->state;
    if (number + 1 >= c->node->input_count) {
        complete(c);
        return;
    }
    join_step step = st->steps[c->from][number];
    const join_input *in = &st->inputs[step.input];
    timestamp first = c->first, last = c->last;
    const join_list *partners = join_find(in, step.index, texts, st->arena);
    for (join_entry *e = partners ? partners->first : NULL; e; e = e->links[step.index].next) {
        if (++c->seen > COMBINATIONS_MOST) {
            c->run->combinations_cut += c->seen == COMBINATIONS_MOST + 1;
            return;
        }
        c->first = first;
        c->last = last;
        if (!take_time(c, e->row)) continue;
        c->rows[step.input] = e->row;
        c->entries[step.input] = e;
        pk_str *known = NULL; /* the last input is looked up by what is known already */
        if (number + 2 < c->node->input_count) {
            known = ARENA_ARRAY(st->arena, pk_str, 64);
            memcpy(known, texts, 64 * sizeof *known);
            keys_of_row(c->node, step.input, e->row, known);
        }
        take_steps(c, number + 1, known ? known : texts);
    }
    c->first = first;
    c->last = last;
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
        if (n->inputs[i]->context || (i == 0 && waits(n))) continue;
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

static void join_push(stage_run *run, node *n, size_t input, row *r)
{
    join_state *st = n->state;
    pk_str texts[64];
    arena_reset(st->arena);
    if (r->time != TIMESTAMP_NONE) forget(run, n, r->time);
    make_room(run, n);
    if (run_is_full(run)) {
        run->evicted++;
        return;
    }
    memset(texts, 0, sizeof texts);
    bool fits = keys_of_row(n, input, r, texts), is_context = n->inputs[input]->context;
    combiner c = {.run = run, .node = n, .from = input, .first = r->time == TIMESTAMP_NONE ? INT64_MAX : r->start,
                  .last = r->time == TIMESTAMP_NONE ? INT64_MIN : r->time};
    row_hold(r);
    bool kept = is_context ? fits : st->streams > 1 && (fits || (input == 0 && waits(n)));
    c.rows[input] = r;
    if (!st->asked) st->nearest = join_nearest_are_enough(n);
    st->asked = true;
    if (fits && !is_context && st->nearest) take_nearest(&c, texts);
    else if (fits && !is_context) take_steps(&c, 0, texts);
    if (kept) {
        join_entry *e = join_input_add(run, &st->inputs[input], r, texts, st->arena);
        e->matched = c.found > 0;
        e->number = ++st->number;
        if (input == 0 && waits(n)) set_timer(run, n);
    } else if (input == 0 && !waits(n) && goes_alone(n, c.found > 0)) {
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
    for (size_t i = 0; i < n->input_count; i++) join_input_free(run, &st->inputs[i]);
    arena_free(st->arena);
    n->state = NULL;
}

const stage_ops join_ops = {join_open, join_push, NULL, join_timer, join_close};
