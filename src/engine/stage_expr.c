/*
 * Expressions over rows: plain, three-valued, over all values of a column. Rows are few; the hot expressions are over
 * events (match.c), and comparisons mean the same in both (compile/comparison.c).
 */
#include "engine/stages.h"
#include "engine/history.h"
#include "event/field_path.h"
#include "ir/functions.h"

#include <math.h>

bool value_is_nothing(const value *v) { return v->type == VALUE_MISSING || v->type == VALUE_NULL; }

/* ---- what can be run ---- */

typedef struct {
    const plan *plan;
    const char *problem;
} expr_check;

static bool is_of_part(const expr *e)
{
    return e->count == 1 && e->args[0]->kind == EXPR_FIELD && e->args[0]->as.field.part.len && str_equal(e->as.call.name, STR("part"));
}

static bool check(const expr *e, bool negated, void *user)
{
    expr_check *c = user;
    (void)negated;
    if (e->kind == EXPR_CALL && !is_of_part(e) && !expr_is_observed(e) && !ir_function_find(e->as.call.name))
        c->problem = "it calls a function that rows do not have";
    if (e->kind != EXPR_FIELD) return true;
    if (e->as.field.kind != FIELD_PATH) c->problem = "it reads whole events behind its match stages";
    else if (str_find_char(e->as.field.path, '*') != STR_NPOS) c->problem = "it reads columns by a pattern";
    return true;
}

static void check_in_stage(const stage *s, const expr *e, bool negated, void *user)
{
    if (s->kind != STAGE_MATCH) check(e, negated, user);
}

const char *expr_problem(const plan *p)
{
    expr_check c = {.plan = p};
    ir_walk_plan(p, check_in_stage, &c);
    return c.problem;
}

/* ---- values ---- */

typedef struct element element;
struct element { pk_str name; value value; const element *outer; };

typedef struct {
    const node *node;
    const row *row;
    arena *arena;
    const element *elements;      /* of the EXPR_SOME around */
} env;

static void values_of(const env *n, const expr *e, list_builder *out);
static compared truth_of(const env *n, const expr *e);

static void spread(arena *a, list_builder *out, const value *v)
{
    if (v->type == VALUE_MISSING) return;
    if (v->type != VALUE_LIST) {
        list_add(a, out, *v);
        return;
    }
    for (size_t i = 0; i < v->as.list.count; i++) list_add(a, out, v->as.list.items[i]);
}

static bool column_values(const env *n, pk_str name, list_builder *out)
{
    size_t i = node_column(n->node, name);
    if (i >= n->row->column_count || n->row->columns[i].type == VALUE_MISSING) return false;
    spread(n->arena, out, &n->row->columns[i]);
    return true;
}

static bool element_values(const env *n, const ir_field *f, list_builder *out)
{
    const element *e = n->elements;
    while (e && !str_equal(e->name, f->part)) e = e->outer;
    if (!e) return false;
    if (f->path.len && str_find_char(f->path, '[') == STR_NPOS) tree_values(&e->value, f->path, n->arena, out);
    else if (f->path.len) field_path_read_text(&e->value, f->path, n->arena, out);
    else spread(n->arena, out, &e->value);
    return true;
}

/* A name without schema is a column, and if there is none a field of the row's only part; with one it is the field. */
static void field_values(const env *n, const ir_field *f, list_builder *out)
{
    const row *r = n->row;
    if (f->part.len && n->elements && element_values(n, f, out)) return;
    if (f->part.len) {
        for (size_t i = 0; i < r->part_count; i++)
            if (str_equal(r->parts[i].name, f->part)) part_values(r->parts[i].part, f, n->arena, out);
        return;
    }
    if ((f->schema.len == 0 || r->part_count != 1) && column_values(n, f->path, out)) return;
    if (r->part_count == 1) part_values(r->parts[0].part, f, n->arena, out);
}

static value value_of(const env *n, const expr *e)
{
    list_builder values = {0};
    values_of(n, e, &values);
    if (values.items.len == 0) return (value){.type = VALUE_MISSING};
    return values.items.len == 1 ? values.items.at[0] : list_done(&values);
}

static value arithmetic(char op, const value *x, const value *y)
{
    double m, n;
    int64_t whole;
    if (!value_number(x, &m) || !value_number(y, &n)) return value_null();
    if (x->type == VALUE_INT && y->type == VALUE_INT) {
        if (op == '+' && !__builtin_add_overflow(x->as.integer, y->as.integer, &whole)) return value_int(whole);
        if (op == '-' && !__builtin_sub_overflow(x->as.integer, y->as.integer, &whole)) return value_int(whole);
        if (op == '*' && !__builtin_mul_overflow(x->as.integer, y->as.integer, &whole)) return value_int(whole);
    }
    switch (op) {
    case '+': return value_real(m + n);
    case '-': return value_real(m - n);
    case '*': return value_real(m * n);
    case '/': return n == 0 ? value_null() : value_real(m / n);
    case '%': return n == 0 ? value_null() : value_real(fmod(m, n));
    default: return value_null();
    }
}

/* The identity of a part's event: a number, which the order of input gives. */
static value identity(const row *r, pk_str name)
{
    const row_part *p = row_find_part(r, name);
    if (!p) return (value){.type = VALUE_MISSING};
    return value_int((int64_t)(p->part->context ? p->part->number : p->part->event.input << 40 | p->part->event.position));
}

static value call(const env *n, const expr *e)
{
    if (is_of_part(e)) return identity(n->row, e->args[0]->as.field.part);
    value *args = ARENA_ARRAY(n->arena, value, e->count + 1);
    for (size_t i = 0; i < e->count; i++) args[i] = value_of(n, e->args[i]);
    return ir_function_call_in(n->node->run->calls, e->as.call.name, args, e->count, n->arena);
}

static void values_of(const env *n, const expr *e, list_builder *out)
{
    value v, x, y;
    compared t;
    switch (e->kind) {
    case EXPR_CONSTANT: spread(n->arena, out, &e->as.constant); return;
    case EXPR_FIELD: field_values(n, &e->as.field, out); return;
    case EXPR_CALL:
        if (expr_is_observed(e)) {
            history_values(n->node, n->row, e, n->arena, out);
            return;
        }
        v = call(n, e);
        spread(n->arena, out, &v);
        return;
    case EXPR_ARITHMETIC:
        x = value_of(n, e->args[0]);
        y = value_of(n, e->args[1]);
        list_add(n->arena, out, arithmetic(e->as.arithmetic, &x, &y));
        return;
    case EXPR_NAME: case EXPR_AND: case EXPR_OR: case EXPR_NOT: case EXPR_COMPARE: case EXPR_IN: case EXPR_USE: case EXPR_SOME:
        t = truth_of(n, e);
        list_add(n->arena, out, t == COMPARED_NULL ? value_null() : value_bool(t == COMPARED_TRUE));
        return;
    }
}

/* ---- truth ---- */

static compared compare(const env *n, const expr *e)
{
    list_builder x = {0}, y = {0};
    comparison c = {.op = e->as.compare.op, .how = e->as.compare.how, .cased = e->as.compare.cased,
                    .missing = e->as.compare.missing, .many = e->as.compare.many};
    values_of(n, e->args[0], &x);
    values_of(n, e->args[1], &y);
    return comparison_of(&c, &x, &y, n->arena);
}

/* Any value of the first equals any value of one of the others, in folded text. */
static compared in_list(const env *n, const expr *e)
{
    list_builder x = {0}, y = {0};
    comparison equals = {.op = COMPARE_EQ, .how = TEST_EQUALS, .missing = MISSING_FALSE};
    values_of(n, e->args[0], &x);
    bool some = false;
    for (size_t i = 0; i < x.items.len; i++) some |= !value_is_nothing(&x.items.at[i]);
    if (!some) return COMPARED_NULL;
    for (size_t i = 1; i < e->count; i++) values_of(n, e->args[i], &y);
    return comparison_of(&equals, &x, &y, n->arena);
}

static compared junction(const env *n, const expr *e)
{
    compared decides = e->kind == EXPR_OR ? COMPARED_TRUE : COMPARED_FALSE;
    compared result = e->kind == EXPR_OR ? COMPARED_FALSE : COMPARED_TRUE;
    for (size_t i = 0; i < e->count; i++) {
        compared t = truth_of(n, e->args[i]);
        if (t == decides) return t;
        if (t == COMPARED_NULL) result = t;
    }
    return result;
}

static compared use(const env *n, const ir_use *u, bool negated)
{
    list_builder values = {0};
    values_of(n, u->operand, &values);
    return use_of_values(n->node->run, u, &values, negated, n->arena);
}

static compared negation(const env *n, const expr *x)
{
    if (x->kind == EXPR_USE && x->as.use.not_equal == NOT_EQUAL_SOME && !x->as.use.negated) return use(n, &x->as.use, true);
    compared t = truth_of(n, x);
    return t == COMPARED_NULL ? t : t == COMPARED_TRUE ? COMPARED_FALSE : COMPARED_TRUE;
}

static compared some(const env *n, const expr *e)
{
    list_builder list = {0};
    compared result = COMPARED_FALSE;
    field_values(n, &e->as.some.list, &list);
    for (size_t i = 0; i < list.items.len; i++) {
        element bound = {e->as.some.element, list.items.at[i], n->elements};
        env inner = *n;
        inner.elements = &bound;
        compared t = truth_of(&inner, e->args[0]);
        if (t == COMPARED_TRUE) return t;
        if (t == COMPARED_NULL) result = t;
    }
    return result;
}

static compared truth_of(const env *n, const expr *e)
{
    list_builder values = {0};
    switch (e->kind) {
    case EXPR_CONSTANT: case EXPR_FIELD: case EXPR_CALL: case EXPR_ARITHMETIC:
        values_of(n, e, &values);
        return condition_of_values(&values);
    case EXPR_NAME:
        if (e->as.name.index >= n->node->plan->definition_count) return COMPARED_NULL;
        return truth_of(n, n->node->plan->definitions[e->as.name.index].value);
    case EXPR_AND: case EXPR_OR: return junction(n, e);
    case EXPR_NOT: return negation(n, e->args[0]);
    case EXPR_COMPARE: return compare(n, e);
    case EXPR_IN: return in_list(n, e);
    case EXPR_USE: return use(n, &e->as.use, e->as.use.negated);
    case EXPR_SOME: return some(n, e);
    }
    return COMPARED_NULL;
}

/* ---- from outside ---- */

void row_values(const node *n, const row *r, const expr *e, arena *a, list_builder *out)
{
    values_of(&(env){.node = n, .row = r, .arena = a}, e, out);
}

value row_value(const node *n, const row *r, const expr *e, arena *a) { return value_of(&(env){.node = n, .row = r, .arena = a}, e); }

bool row_true(const node *n, const row *r, const expr *e, arena *a)
{
    return !e || truth_of(&(env){.node = n, .row = r, .arena = a}, e) == COMPARED_TRUE;
}
