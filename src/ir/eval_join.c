/*
 * Joins in the evaluator: every combination of rows, one of each input, is asked: its keys, the distance in time of the
 * parts that have one, the condition. So that this ends on long inputs, rows of an input that cannot fit are not tried: where a
 * key has a side that only this input can give and one that inputs before it give, its rows are found by that side's value;
 * and rows too far in time are passed over. What is tried is asked all the same.
 *
 *   inner      combinations that fit                       left, optional   and rows of the first input that fit none
 *   semi       rows of the first input that fit some       anti             rows of the first input that fit none
 */
#include "ir/eval_private.h"

/* ---- does a combination fit? ---- */

static bool is_zero(const value *v)
{
    double d;
    if (v->type == VALUE_STRING) return v->as.string.len == 0;
    if (v->type == VALUE_BLANK) return true;
    if (v->type == VALUE_BOOL) return !v->as.boolean;
    return (v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT) && value_number(v, &d) && d == 0;
}

typedef enum { SIDE_NO, SIDE_PASSES, SIDE_HAS } side_state;

/* The text by which a side of this key agrees with another. NO: it agrees with none; PASSES: it doesn't count. */
static side_state side_key(arena *a, const ir_join_key *k, const value *v, pk_str *out)
{
    bool absent = value_is_absent(v);
    *out = STR("n");
    if (absent && (k->missing == KEY_SKIP || k->missing == KEY_FILL)) return SIDE_NO;
    if (absent && k->missing == KEY_PASS) return SIDE_PASSES;
    if (absent && k->missing == KEY_GROUP) return SIDE_HAS;
    if (k->missing == KEY_ZERO && (absent || is_zero(v))) *out = STR("v");
    else *out = arena_printf(a, "v" STR_FMT, STR_ARG(value_key_text(a, v)));
    return SIDE_HAS;
}

/* The value of the key's column: that of the first side that counts; absent ones are what `missing` makes of them. */
static value key_column(const ir_join_key *k, const value *v)
{
    if (!value_is_absent(v)) return *v;
    return k->missing == KEY_ZERO ? value_string((pk_str){"", 0}) : value_null();
}

/* All sides must be equal; what an absent side means is said by `missing`. */
static bool key_fits(plan_run *run, const ir_join_key *k, row *r)
{
    value column = {.type = VALUE_MISSING};
    pk_str key = {"", 0}, own;
    bool first = true;
    for (size_t i = 0; i < k->count; i++) {
        eval_env env = env_of(run, r);
        value v = eval_value(&env, k->sides[i]);
        side_state state = side_key(run->arena, k, &v, &own);
        if (state == SIDE_NO || (state == SIDE_HAS && !first && !str_equal(own, key))) return false;
        if (state == SIDE_PASSES || !first) continue;
        first = false;
        key = own;
        column = key_column(k, &v);
    }
    if (k->name.len && !first) row_set(run->arena, r, k->name, column);
    return true;
}

static bool within(time_range range, int64_t limit)
{
    return limit == 0 || range.from > range.to || time_between(range.from, range.to) <= limit;
}

/* The row with its key columns, if it fits. */
static bool combination_fits(plan_run *run, const stage *s, row *r)
{
    for (size_t i = 0; i < s->as.join.key_count; i++)
        if (!key_fits(run, &s->as.join.keys[i], r)) return false;
    if (!within(range_of(r), s->as.join.within)) return false;
    eval_env env = env_of(run, r);
    return eval_true(&env, s->as.join.where);
}

/* ---- which input gives a side? ---- */

#define NO_INPUT SIZE_MAX

static bool stage_brings(const stage *s, pk_str part, int depth)
{
    bool brings = s->kind == STAGE_MATCH || s->kind == STAGE_CONTEXT || s->kind == STAGE_ALERTS || s->kind == STAGE_RULE;
    if (brings && str_equal(s->name, part)) return true;
    for (size_t i = 0; i < s->input_count && depth < 1000; i++)
        if (s->inputs[i] && stage_brings(s->inputs[i], part, depth + 1)) return true;
    return false;
}

static bool rows_have_column(plan_run *run, const row_list *rows, pk_str path)
{
    pk_str name = column_name_of(run->arena, path);
    for (size_t i = 0; i < rows->items.len; i++)
        if (value_get(&rows->items.at[i].columns, path) || value_get(&rows->items.at[i].columns, name)) return true;
    return false;
}

typedef struct {
    plan_run *run;
    const stage *join;
    size_t input;
    bool mixed;                   /* fields of several inputs, or of one that is not known */
} side_finder;

static bool find_input(const expr *e, bool negated, void *user)
{
    side_finder *f = user;
    (void)negated;
    bool plain = e->kind == EXPR_CONSTANT || e->kind == EXPR_CALL || e->kind == EXPR_ARITHMETIC || e->kind == EXPR_FIELD;
    if (!plain || (e->kind == EXPR_CALL && str_equal(e->as.call.name, STR("part")))) f->mixed = true;
    if (e->kind != EXPR_FIELD) return true;
    size_t found = NO_INPUT;
    for (size_t i = 0; i < f->join->input_count; i++) {
        bool gives = e->as.field.part.len ? stage_brings(f->join->inputs[i], e->as.field.part, 0)
                                          : rows_have_column(f->run, run_stage(f->run, f->join->inputs[i]), e->as.field.path);
        if (!gives) continue;
        f->mixed |= found != NO_INPUT;
        found = i;
    }
    bool own = e->as.field.part.len || (!e->as.field.schema.len && e->as.field.kind == FIELD_PATH);
    f->mixed |= !own || found == NO_INPUT || (f->input != NO_INPUT && f->input != found);
    f->input = found;
    return true;
}

/* The one input whose rows alone give the value of a side; NO_INPUT: none, or that cannot be told. */
static size_t input_of_side(plan_run *run, const stage *join, const expr *side)
{
    side_finder f = {.run = run, .join = join, .input = NO_INPUT};
    ir_walk_expr(run->plan, side, find_input, &f);
    return f.mixed ? NO_INPUT : f.input;
}

/* ---- rows of an input by the values of its sides ---- */

typedef struct { const ir_join_key *key; const expr *own, *before; } side_pair;

typedef struct { VEC(size_t) at; } places;

typedef struct {
    const row_list *rows;
    VEC(side_pair) pairs;         /* none: every row is tried */
    table by_key;                 /* text -> number of a list of places */
    VEC(places) lists;
    time_range *ranges;           /* of the rows */
} input_index;

typedef struct {
    plan_run *run;
    const stage *stage;
    input_index *indexes;         /* by input */
    row_list *out;
} joiner;

/* Keys with a side of this input and one of an input before it; a side that may be passed over finds nothing. */
static void find_pairs(joiner *j, size_t input, input_index *index)
{
    for (size_t i = 0; i < j->stage->as.join.key_count; i++) {
        const ir_join_key *k = &j->stage->as.join.keys[i];
        side_pair pair = {.key = k};
        for (size_t s = 0; s < k->count && k->missing != KEY_PASS; s++) {
            size_t of = input_of_side(j->run, j->stage, k->sides[s]);
            if (of == input && !pair.own) pair.own = k->sides[s];
            if (of < input && !pair.before) pair.before = k->sides[s];
        }
        if (pair.own && pair.before) vec_push_in(j->run->arena, &index->pairs, pair);
    }
}

/* The values of all pairs as one text; false: one of them agrees with nothing. */
static bool pairs_text(joiner *j, const input_index *index, const row *r, bool own, pk_str *out)
{
    *out = (pk_str){"", 0};
    for (size_t i = 0; i < index->pairs.len; i++) {
        const side_pair *p = &index->pairs.at[i];
        pk_str key;
        eval_env env = env_of(j->run, r);
        value v = eval_value(&env, own ? p->own : p->before);
        if (side_key(j->run->arena, p->key, &v, &key) != SIDE_HAS) return false;
        *out = arena_printf(j->run->arena, STR_FMT "%zu:" STR_FMT, STR_ARG(*out), key.len, STR_ARG(key));
    }
    return true;
}

static void make_index(joiner *j, size_t input)
{
    input_index *index = &j->indexes[input];
    arena *a = j->run->arena;
    index->rows = run_stage(j->run, j->stage->inputs[input]);
    index->ranges = ARENA_ARRAY(a, time_range, index->rows->items.len);
    find_pairs(j, input, index);
    for (size_t i = 0; i < index->rows->items.len; i++) {
        const row *r = &index->rows->items.at[i];
        pk_str key;
        index->ranges[i] = range_of(r);
        if (!pairs_text(j, index, r, true, &key)) continue;
        if (table_put(&index->by_key, key, (uint32_t)index->lists.len)) vec_push_in(a, &index->lists, (places){0});
        places *list = &index->lists.at[table_get(&index->by_key, key)];
        vec_push_in(a, &list->at, i);
    }
}

/* ---- combinations ---- */

static time_range wider(time_range x, time_range y)
{
    return (time_range){x.from < y.from ? x.from : y.from, x.to > y.to ? x.to : y.to};
}

static void combine(joiner *j, const row *so_far, time_range range, size_t input)
{
    if (input == j->stage->input_count) {
        row r = *so_far;
        if (combination_fits(j->run, j->stage, &r)) vec_push_in(j->run->arena, &j->out->items, r);
        return;
    }
    const input_index *index = &j->indexes[input];
    pk_str key;
    uint32_t at = pairs_text(j, index, so_far, false, &key) ? table_get(&index->by_key, key) : TABLE_NONE;
    for (size_t i = 0; at != TABLE_NONE && i < index->lists.at[at].at.len && eval_spend(j->run); i++) {
        size_t place = index->lists.at[at].at.at[i];
        time_range both = wider(range, index->ranges[place]);
        if (!within(both, j->stage->as.join.within)) continue;
        row r = join_rows(j->run->arena, so_far, &index->rows->items.at[place]);
        combine(j, &r, both, input + 1);
    }
}

static joiner open_join(plan_run *run, const stage *s)
{
    joiner j = {.run = run, .stage = s, .indexes = ARENA_ARRAY(run->arena, input_index, s->input_count)};
    for (size_t i = 1; i < s->input_count; i++) make_index(&j, i);
    return j;
}

static void close_join(joiner *j)
{
    for (size_t i = 1; i < j->stage->input_count; i++) table_free(&j->indexes[i].by_key);
}

static row_list partners(joiner *j, const row *first)
{
    row_list found = {0};
    j->out = &found;
    combine(j, first, range_of(first), 1);
    return found;
}

row_list run_join(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list out = {0};
    joiner j = open_join(run, s);
    for (size_t i = 0; i < input->items.len; i++) {
        const row *first = &input->items.at[i];
        row_list found = partners(&j, first);
        bool any = found.items.len > 0, alone = false, all = false;
        switch (s->as.join.kind) {
        case JOIN_INNER: all = true; break;
        case JOIN_LEFT: case JOIN_OPTIONAL: all = true; alone = !any; break;
        case JOIN_SEMI: alone = any; break;
        case JOIN_ANTI: alone = !any; break;
        }
        for (size_t k = 0; all && k < found.items.len; k++) vec_push_in(run->arena, &out.items, found.items.at[k]);
        if (alone) vec_push_in(run->arena, &out.items, *first);
    }
    close_join(&j);
    sort_by_parts(run->plan, &out);
    return out;
}

/* ---- lookup ---- */

/* All records that fit as a list, and columns made from the first one. */
static row looked_up(plan_run *run, const stage *s, const row *r, const row_list *found)
{
    row made = *r;
    list_builder records = {0};
    for (size_t i = 0; i < found->items.len; i++) {
        const row *f = &found->items.at[i];
        const value *tree = f->part_count > r->part_count ? f->parts[f->part_count - 1].event->tree : &f->columns;
        if (tree) list_add(run->arena, &records, *tree);
    }
    if (s->as.join.list.len && records.items.len) row_set(run->arena, &made, s->as.join.list, list_done(&records));
    for (size_t i = 0; i < s->as.join.column_count && found->items.len; i++) {
        eval_env env = env_of(run, &found->items.at[0]);
        value v = {.type = VALUE_MISSING};
        if (s->as.join.columns[i].value) v = eval_value(&env, s->as.join.columns[i].value);
        row_set(run->arena, &made, s->as.join.columns[i].name, v);
    }
    return made;
}

row_list run_lookup(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list out = {0};
    joiner j = open_join(run, s);
    for (size_t i = 0; i < input->items.len; i++) {
        row_list found = partners(&j, &input->items.at[i]);
        bool any = found.items.len > 0;
        if (!any && (s->as.join.kind == JOIN_INNER || s->as.join.kind == JOIN_SEMI)) continue;
        if (any && s->as.join.kind == JOIN_ANTI) continue;
        vec_push_in(run->arena, &out.items, looked_up(run, s, &input->items.at[i], &found));
    }
    close_join(&j);
    return out;
}

/* ---- new terms ---- */

/*
 * Rows with a key that no row of the same input had in the `history` before. Rows of the first `history` of the input
 * are new for want of a past; with `warm_up` they carry the column warm_up = true.
 */
row_list run_new_terms(plan_run *run, const stage *s)
{
    row_list input = {0}, out = {0};
    const row_list *given = run_stage(run, s->inputs[0]);
    table terms = {0};
    VEC(timestamp) seen = {0};
    for (size_t i = 0; i < given->items.len; i++)
        if (given->items.at[i].time != TIMESTAMP_NONE) vec_push_in(run->arena, &input.items, given->items.at[i]);
    sort_rows(&input);
    for (size_t i = 0; i < input.items.len; i++) {
        row r = input.items.at[i];
        bool passes, is_new = false;
        row_keys keys = keys_of(run, &r, s->as.new_terms.keys, s->as.new_terms.key_count, &passes);
        for (size_t k = 0; k < keys.items.len; k++) {
            uint32_t at = table_get(&terms, keys.items.at[k].text);
            if (at == TABLE_NONE || time_between(seen.at[at], r.time) > s->as.new_terms.history) is_new = true;
            if (at == TABLE_NONE) {
                table_put(&terms, keys.items.at[k].text, (uint32_t)seen.len);
                vec_push_in(run->arena, &seen, r.time);
            } else {
                seen.at[at] = r.time;
            }
        }
        bool early = time_between(input.items.at[0].time, r.time) < s->as.new_terms.history;
        if (is_new && s->as.new_terms.warm_up && early) row_set(run->arena, &r, STR("warm_up"), value_bool(true));
        if (is_new || passes) vec_push_in(run->arena, &out.items, r);
    }
    table_free(&terms);
    return out;
}
