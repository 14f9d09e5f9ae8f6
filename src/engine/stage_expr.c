/* Expressions over rows: plain and three-valued. Rows are few; the hot expressions are over events (engine/match.c). */
#include "engine/stages.h"

#include <math.h>

static value truth(int t) { return t < 0 ? value_null() : value_bool(t != 0); }

/* 1 true, 0 false, -1 null */
static int truth_of(const value *v)
{
    if (v->type == VALUE_BOOL) return v->as.boolean;
    return -1;
}

static bool is_absent(const value *v)
{
    return v->type == VALUE_MISSING || v->type == VALUE_NULL;
}

static int compare_values(const value *x, const value *y, compare_op op, arena *a)
{
    double dx, dy;
    int order;
    if (is_absent(x) || is_absent(y)) return -1;
    if (value_number(x, &dx) && value_number(y, &dy)) {
        if (isnan(dx) || isnan(dy)) return 0;
        order = dx < dy ? -1 : dx > dy;
    } else {
        pk_str tx, ty;
        if (!value_text(a, x, &tx) || !value_text(a, y, &ty)) return -1;
        order = str_compare(tx, ty);
    }
    switch (op) {
    case COMPARE_LT: return order < 0;
    case COMPARE_LE: return order <= 0;
    case COMPARE_GT: return order > 0;
    case COMPARE_GE: return order >= 0;
    case COMPARE_EQ: return order == 0;
    case COMPARE_NE: return order != 0;
    }
    return -1;
}

static value field_of(const node *n, const row *r, pk_str name)
{
    size_t i = node_column(n, name);
    return i == STR_NPOS || i >= r->column_count ? (value){.type = VALUE_MISSING} : r->columns[i];
}

static value arithmetic(char op, const value *x, const value *y)
{
    double dx, dy;
    if (!value_number(x, &dx) || !value_number(y, &dy)) return value_null();
    switch (op) {
    case '+': return value_real(dx + dy);
    case '-': return value_real(dx - dy);
    case '*': return value_real(dx * dy);
    case '/': return dy == 0 ? value_null() : value_real(dx / dy);
    case '%': return dy == 0 ? value_null() : value_real(fmod(dx, dy));
    default: return value_null();
    }
}

static value and_or(const node *n, const row *r, const expr *e, arena *a)
{
    bool is_and = e->kind == EXPR_AND;
    int result = is_and;
    for (size_t i = 0; i < e->count; i++) {
        value v = row_eval(n, r, e->args[i], a);
        int t = truth_of(&v);
        if (t == !is_and) return truth(!is_and);
        if (t < 0) result = -1;
    }
    return truth(result);
}

value row_eval(const node *n, const row *r, const expr *e, arena *a)
{
    value x, y;
    switch (e->kind) {
    case EXPR_CONSTANT: return e->as.constant;
    case EXPR_FIELD: return field_of(n, r, e->as.field.path);
    case EXPR_AND:
    case EXPR_OR: return and_or(n, r, e, a);
    case EXPR_NOT:
        x = row_eval(n, r, e->args[0], a);
        return truth_of(&x) < 0 ? value_null() : truth(!truth_of(&x));
    case EXPR_COMPARE:
        x = row_eval(n, r, e->args[0], a);
        y = row_eval(n, r, e->args[1], a);
        return truth(compare_values(&x, &y, e->as.compare.op, a));
    case EXPR_IN:
        x = row_eval(n, r, e->args[0], a);
        for (size_t i = 1; i < e->count; i++) {
            y = row_eval(n, r, e->args[i], a);
            if (compare_values(&x, &y, COMPARE_EQ, a) == 1) return truth(1);
        }
        return truth(is_absent(&x) ? -1 : 0);
    case EXPR_ARITHMETIC:
        x = row_eval(n, r, e->args[0], a);
        y = row_eval(n, r, e->args[1], a);
        return arithmetic(e->as.arithmetic, &x, &y);
    case EXPR_USE:
    case EXPR_NAME:
    case EXPR_CALL:
    case EXPR_SOME: return value_null(); /* refused when the plan is opened: see expr_runs() in stages.c */
    }
    return value_null();
}

bool row_true(const node *n, const row *r, const expr *e, arena *a)
{
    if (!e) return true;
    value v = row_eval(n, r, e, a);
    return truth_of(&v) == 1;
}

void put_key_value(text *out, const value *v)
{
    if (v->type == VALUE_STRING) text_put(out, v->as.string);
    else if (v->type == VALUE_LIST || v->type == VALUE_RECORD) value_write_json(out, v);
    else if (v->type == VALUE_BOOL) text_put_cstring(out, v->as.boolean ? "true" : "false");
    else if (v->type == VALUE_INT || v->type == VALUE_TIME) text_put_int(out, v->as.integer);
    else if (v->type == VALUE_UINT) text_printf(out, "%llu", (unsigned long long)v->as.unsigned_integer);
    else if (v->type == VALUE_FLOAT) text_put_double(out, v->as.real);
}
