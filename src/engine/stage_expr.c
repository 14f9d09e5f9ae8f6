/*
 * Expressions over rows: plain, three-valued, over all values of a column. Rows are few; the hot expressions are over
 * events (match.c), and comparisons mean the same in both (compile/comparison.c).
 */
#include "compile/program_private.h"
#include "engine/stages.h"
#include "ir/functions.h"

#include <math.h>

bool value_is_nothing(const value *v) { return v->type == VALUE_MISSING || v->type == VALUE_NULL; }

/* ---- what can be run ---- */

typedef struct {
    const plan *plan;
    const char *problem;
} expr_check;

static bool check(const expr *e, bool negated, void *user)
{
    expr_check *c = user;
    (void)negated;
    if (e->kind == EXPR_USE || e->kind == EXPR_SOME) c->problem = "it tests rows with predicates";
    if (e->kind == EXPR_CALL && !ir_function_find(e->as.call.name)) c->problem = "it calls a function that rows do not have";
    if (e->kind != EXPR_FIELD) return true;
    if (e->as.field.kind != FIELD_PATH) c->problem = "it reads whole events behind its match stages";
    else if (e->as.field.part.len) c->problem = "it reads a part of a row by name";
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
    for (size_t i = 0; i < p->quiet_key_count; i++) ir_walk_expr(p, p->quiet_keys[i].value, check, &c);
    return c.problem;
}

/* ---- values ---- */

/* A name without schema is a column, and if there is none a field of the row's only part; with one it is the field. */
static const value *field_of(const node *n, const row *r, const ir_field *f)
{
    size_t i = f->schema.len == 0 || r->part_count != 1 ? node_column(n, f->path, false) : STR_NPOS;
    if (i < r->column_count && r->columns[i].type != VALUE_MISSING) return &r->columns[i];
    i = r->part_count == 1 ? node_column(n, f->path, true) : STR_NPOS;
    return i < r->column_count && r->columns[i].type != VALUE_MISSING ? &r->columns[i] : NULL;
}

static void spread(arena *a, list_builder *out, const value *v)
{
    if (v->type == VALUE_MISSING) return;
    if (v->type != VALUE_LIST) {
        list_add(a, out, *v);
        return;
    }
    for (size_t i = 0; i < v->as.list.count; i++) list_add(a, out, v->as.list.items[i]);
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

static value call(const node *n, const row *r, const expr *e, arena *a)
{
    value *args = ARENA_ARRAY(a, value, e->count + 1);
    for (size_t i = 0; i < e->count; i++) args[i] = row_value(n, r, e->args[i], a);
    return ir_function_call(e->as.call.name, args, e->count, a);
}

static compared truth_of(const node *n, const row *r, const expr *e, arena *a);

void row_values(const node *n, const row *r, const expr *e, arena *a, list_builder *out)
{
    const value *field;
    value v, x, y;
    compared t;
    switch (e->kind) {
    case EXPR_CONSTANT: spread(a, out, &e->as.constant); return;
    case EXPR_FIELD:
        if ((field = field_of(n, r, &e->as.field)) != NULL) spread(a, out, field);
        return;
    case EXPR_CALL:
        v = call(n, r, e, a);
        spread(a, out, &v);
        return;
    case EXPR_ARITHMETIC:
        x = row_value(n, r, e->args[0], a);
        y = row_value(n, r, e->args[1], a);
        list_add(a, out, arithmetic(e->as.arithmetic, &x, &y));
        return;
    case EXPR_NAME: case EXPR_AND: case EXPR_OR: case EXPR_NOT: case EXPR_COMPARE: case EXPR_IN: case EXPR_USE: case EXPR_SOME:
        t = truth_of(n, r, e, a);
        list_add(a, out, t == COMPARED_NULL ? value_null() : value_bool(t == COMPARED_TRUE));
        return;
    }
}

value row_value(const node *n, const row *r, const expr *e, arena *a)
{
    list_builder values = {0};
    row_values(n, r, e, a, &values);
    if (values.items.len == 0) return (value){.type = VALUE_MISSING};
    return values.items.len == 1 ? values.items.at[0] : list_done(&values);
}

/* ---- truth ---- */

static compared compare(const node *n, const row *r, const expr *e, arena *a)
{
    list_builder x = {0}, y = {0};
    comparison c = {.op = e->as.compare.op, .how = e->as.compare.how, .cased = e->as.compare.cased,
                    .missing = e->as.compare.missing, .many = e->as.compare.many};
    row_values(n, r, e->args[0], a, &x);
    row_values(n, r, e->args[1], a, &y);
    return comparison_of(&c, &x, &y, a);
}

/* Any value of the first equals any value of one of the others, in folded text. */
static compared in_list(const node *n, const row *r, const expr *e, arena *a)
{
    list_builder x = {0}, y = {0};
    comparison equals = {.op = COMPARE_EQ, .how = TEST_EQUALS, .missing = MISSING_FALSE};
    row_values(n, r, e->args[0], a, &x);
    bool some = false;
    for (size_t i = 0; i < x.items.len; i++) some |= !value_is_nothing(&x.items.at[i]);
    if (!some) return COMPARED_NULL;
    for (size_t i = 1; i < e->count; i++) row_values(n, r, e->args[i], a, &y);
    return comparison_of(&equals, &x, &y, a);
}

static compared junction(const node *n, const row *r, const expr *e, arena *a)
{
    compared decides = e->kind == EXPR_OR ? COMPARED_TRUE : COMPARED_FALSE;
    compared result = e->kind == EXPR_OR ? COMPARED_FALSE : COMPARED_TRUE;
    for (size_t i = 0; i < e->count; i++) {
        compared t = truth_of(n, r, e->args[i], a);
        if (t == decides) return t;
        if (t == COMPARED_NULL) result = t;
    }
    return result;
}

static compared truth_of(const node *n, const row *r, const expr *e, arena *a)
{
    list_builder values = {0};
    compared t;
    switch (e->kind) {
    case EXPR_CONSTANT: case EXPR_FIELD: case EXPR_CALL: case EXPR_ARITHMETIC:
        row_values(n, r, e, a, &values);
        return condition_of_values(&values);
    case EXPR_NAME:
        return e->as.name.index < n->plan->definition_count ? truth_of(n, r, n->plan->definitions[e->as.name.index].value, a)
                                                            : COMPARED_NULL;
    case EXPR_AND: case EXPR_OR: return junction(n, r, e, a);
    case EXPR_NOT:
        t = truth_of(n, r, e->args[0], a);
        return t == COMPARED_NULL ? t : t == COMPARED_TRUE ? COMPARED_FALSE : COMPARED_TRUE;
    case EXPR_COMPARE: return compare(n, r, e, a);
    case EXPR_IN: return in_list(n, r, e, a);
    case EXPR_USE: case EXPR_SOME: return COMPARED_NULL; /* refused: see check() */
    }
    return COMPARED_NULL;
}

bool row_true(const node *n, const row *r, const expr *e, arena *a) { return !e || truth_of(n, r, e, a) == COMPARED_TRUE; }
