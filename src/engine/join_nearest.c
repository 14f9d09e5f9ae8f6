/* See join_nearest.h for the law; here it is checked, part by part. */
#include "engine/join_nearest.h"

/* ---- which input an expression reads ---- */

typedef struct { const node *join; unsigned inputs; } reader;

static bool find_inputs(const expr *e, bool negated, void *user)
{
    reader *r = user;
    (void)negated;
    if (e->kind != EXPR_FIELD) return true;
    const ir_field *f = &e->as.field;
    unsigned found = 4; /* of none: not known */
    for (unsigned i = 2; i-- > 0;) {
        const node *in = r->join->inputs[i];
        if (f->part.len ? node_has_part(in, f->part) : !f->schema.len && node_column(in, f->path) != STR_NPOS) found = 1u << i;
    }
    r->inputs |= found;
    return true;
}

static bool reads_one_input(const node *join, const expr *e)
{
    reader r = {.join = join};
    ir_walk_expr(join->plan, e, find_inputs, &r);
    return r.inputs < 3;
}

/* ---- keys ---- */

static bool same_expr(const expr *x, const expr *y)
{
    if (x->kind != y->kind || x->count != y->count) return false;
    if (x->kind == EXPR_CONSTANT) return value_equal(&x->as.constant, &y->as.constant);
    if (x->kind == EXPR_CALL && !str_equal(x->as.call.name, y->as.call.name)) return false;
    if (x->kind == EXPR_FIELD)
        return x->as.field.kind == y->as.field.kind && str_equal(x->as.field.part, y->as.field.part) &&
               str_equal(x->as.field.schema, y->as.field.schema) && str_equal(x->as.field.path, y->as.field.path);
    if (x->kind != EXPR_CALL) return false;
    for (size_t i = 0; i < x->count; i++)
        if (!same_expr(x->args[i], y->args[i])) return false;
    return true;
}

/* Is the group key a side of this key, of which both inputs have one? */
static bool tells(const node *join, const ir_join_key *key, const ir_key *group)
{
    unsigned inputs = 0;
    bool same = group->value->kind == EXPR_FIELD && !group->value->as.field.part.len && str_equal(group->value->as.field.path, key->name);
    for (size_t i = 0; i < key->count; i++) {
        reader r = {.join = join};
        ir_walk_expr(join->plan, key->sides[i], find_inputs, &r);
        inputs |= r.inputs;
        same |= same_expr(group->value, key->sides[i]);
    }
    return same && inputs == 3 && group->many != MANY_EACH;
}

/* Do all rows of one list of the join have the same value of a group key? */
static bool is_told_by_join(const node *join, const ir_key *group)
{
    for (size_t k = 0; k < join->stage->as.join.key_count; k++)
        if (tells(join, &join->stage->as.join.keys[k], group)) return true;
    return false;
}

/* Is a group one list of the join? Rows of several lists stand in another order among each other. */
static bool group_is_one_list(const node *join, const stage *s)
{
    for (size_t k = 0; k < join->stage->as.join.key_count; k++) {
        bool told = false;
        for (size_t i = 0; i < s->as.aggregate.key_count; i++) told |= tells(join, &join->stage->as.join.keys[k], &s->as.aggregate.keys[i]);
        if (!told) return false;
    }
    return true;
}

static bool keys_are_plain(const node *join)
{
    for (size_t k = 0; k < join->stage->as.join.key_count; k++) {
        const ir_join_key *key = &join->stage->as.join.keys[k];
        if (key->missing != KEY_SKIP) return false; /* zeros of different types are one key and several groups */
        for (size_t i = 0; i < key->count; i++)
            if (!reads_one_input(join, key->sides[i])) return false;
    }
    return true;
}

/* ---- functions ---- */

static bool is_immune(pk_str function)
{
    static const char *const names[] = {"max", "min", "range", "count_distinct", "count_distinct_each", "values", "distinct_list", "parts",
                                        "window_start", "window_end"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(function, str_from(names[i]))) return true;
    return false;
}

static bool function_is_immune(const node *join, const ir_aggregate_function *f, bool one_list)
{
    if (str_equal(f->function, STR("distinct_list")) && !one_list) return false;
    if (!is_immune(f->function) || f->filter || f->count > 1 || f->count_nulls) return false;
    return f->count == 0 || reads_one_input(join, f->args[0]);
}

static bool aggregate_is_immune(const node *join, const stage *s)
{
    window_kind kind = s->as.aggregate.window.kind;
    if (s->kind != STAGE_AGGREGATE || s->as.aggregate.output != OUTPUT_ONE_ROW) return false;
    if (kind != WINDOW_ANCHORED && kind != WINDOW_TUMBLING) return false;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++)
        if (!is_told_by_join(join, &s->as.aggregate.keys[i])) return false;
    bool one_list = group_is_one_list(join, s);
    for (size_t i = 0; i < s->as.aggregate.function_count; i++)
        if (!function_is_immune(join, &s->as.aggregate.functions[i], one_list)) return false;
    return true;
}

/* ---- all of it ---- */

/* Rows that are made of several parts lie in a window with all of them: of those the nearest need not be in it. */
static bool is_stream_of_events(const node *n) { return !n->context && n->part_name_count == 1; }

bool join_nearest_are_enough(const node *join)
{
    const stage *s = join->stage;
    const node *user = join->user_count == 1 ? join->users[0].node : NULL;
    if (join->input_count != 2 || join->is_alert || s->as.join.where || !user) return false;
    if (s->as.join.kind != JOIN_INNER && s->as.join.kind != JOIN_OPTIONAL && s->as.join.kind != JOIN_LEFT) return false;
    if (!is_stream_of_events(join->inputs[0]) || !is_stream_of_events(join->inputs[1])) return false;
    if (user->ops == &delay_ops) user = user->user_count == 1 && !user->is_alert ? user->users[0].node : NULL;
    return user && user->ops == &aggregate_ops && keys_are_plain(join) && aggregate_is_immune(join, user->stage);
}
