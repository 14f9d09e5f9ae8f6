/*
 * Values: literals, fields, placeholders, arithmetic, calls. Absence is the zero of a type, so numbers that may be absent are
 * wrapped before they are calculated with; tests and functions of texts know it themselves.
 */
#include "languages/yaral/lower_private.h"

/* ---- many of one kind ---- */

expr *lower_all_of(lowering *l, const expr_list *parts) { return parts->len ? ir_and_all(l->arena, parts->at, parts->len) : NULL; }
expr *lower_any_of(lowering *l, const expr_list *parts) { return parts->len ? ir_or_all(l->arena, parts->at, parts->len) : NULL; }

/* ---- small constructors ---- */

expr *lower_at(expr *e, span at)
{
    e->span = at;
    return e;
}

typed lower_typed(expr *e, lowered_type type, span at) { return (typed){.value = lower_at(e, at), .type = type}; }

expr *lower_text(lowering *l, pk_str s) { return ir_constant_expr(l->arena, value_string(s)); }

expr *lower_call(lowering *l, const char *function, expr **args, size_t count, span at)
{
    return lower_at(ir_call(l->arena, str_from(function), args, count), at);
}

static bool is_missing_possible(const expr *e)
{
    return e->kind == EXPR_FIELD || (e->kind == EXPR_CALL && str_equal(e->as.call.name, STR("list_at")));
}

expr *lower_zeroed(lowering *l, typed v)
{
    if (!is_missing_possible(v.value)) return v.value;
    value zero = v.type == TYPE_INT || v.type == TYPE_FLOAT ? value_int(0) : v.type == TYPE_BOOL ? value_bool(false)
               : value_string(v.enumeration ? udm_enum_name(v.enumeration, 0) : STR(""));
    return lower_call(l, "coalesce", (expr *[]){v.value, ir_constant_expr(l->arena, zero)}, 2, v.value->span);
}

/* ---- constants ---- */

bool lower_is_constant(const yaral_node *n)
{
    switch (n->kind) {
    case YARAL_NUMBER: case YARAL_STRING: case YARAL_REGEX: case YARAL_BOOL: case YARAL_NULL: case YARAL_DURATION: case YARAL_WORD:
        return true;
    case YARAL_NEGATE: return n->args[0]->kind == YARAL_NUMBER;
    default: return false;
    }
}

static value number_of(const yaral_node *n, bool negative)
{
    if (!n->as.number.whole) return value_real(negative ? -n->as.number.real : n->as.number.real);
    return value_int(negative && n->as.number.integer != INT64_MIN ? -n->as.number.integer : n->as.number.integer);
}

value lower_constant(lowering *l, const yaral_node *n)
{
    (void)l;
    switch (n->kind) {
    case YARAL_NUMBER: return number_of(n, false);
    case YARAL_NEGATE: return number_of(n->args[0], true);
    case YARAL_STRING: return value_string(n->as.string.text);
    case YARAL_REGEX: return value_string(n->as.regex.pattern);
    case YARAL_WORD: return value_string(n->as.word);
    case YARAL_BOOL: return value_bool(n->as.truth);
    case YARAL_DURATION: return value_int(n->as.duration.nanoseconds / 1000000000);
    default: return value_string(STR(""));
    }
}

static lowered_type type_of_constant(const value *v)
{
    switch (v->type) {
    case VALUE_BOOL: return TYPE_BOOL;
    case VALUE_INT: return TYPE_INT;
    case VALUE_FLOAT: return TYPE_FLOAT;
    default: return TYPE_TEXT;
    }
}

static typed constant(lowering *l, const yaral_node *n)
{
    value v = lower_constant(l, n);
    return lower_typed(ir_constant_expr(l->arena, v), type_of_constant(&v), n->span);
}

/* ---- arithmetic ---- */

/* The zero of what can't be calculated (division by zero) is 0. */
static typed arithmetic(lowering *l, char op, typed x, typed y, span at)
{
    expr *e = ARENA_NEW(l->arena, expr);
    e->kind = EXPR_ARITHMETIC;
    e->span = at;
    e->args = ARENA_ARRAY(l->arena, expr *, 2);
    e->args[0] = lower_zeroed(l, x);
    e->args[1] = lower_zeroed(l, y);
    e->count = 2;
    e->as.arithmetic = op;
    bool whole = op != '/' && x.type == TYPE_INT && y.type == TYPE_INT;
    if (op == '/' || op == '%')
        e = lower_call(l, "coalesce", (expr *[]){e, ir_constant_expr(l->arena, value_int(0))}, 2, at);
    return lower_typed(e, whole ? TYPE_INT : TYPE_FLOAT, at);
}

/* A number: what else stands in a calculation counts as one if it writes one. */
static typed as_number(lowering *l, typed v)
{
    if (v.type == TYPE_TIME) v.value = lower_call(l, "time_seconds", &v.value, 1, v.value->span);
    if (v.type == TYPE_INT || v.type == TYPE_FLOAT || v.type == TYPE_ANY || v.type == TYPE_TIME) {
        if (v.type != TYPE_FLOAT) v.type = TYPE_INT;
        return v;
    }
    return lower_typed(lower_call(l, "to_float", &v.value, 1, v.value->span), TYPE_FLOAT, v.value->span);
}

/* ---- values ---- */

static typed array(lowering *l, const yaral_node *n)
{
    expr **items = ARENA_ARRAY(l->scratch, expr *, n->count);
    list_builder constants = {0};
    for (size_t i = 0; i < n->count; i++) {
        if (lower_is_constant(n->args[i])) list_add(l->arena, &constants, lower_constant(l, n->args[i]));
        items[i] = lower_value(l, n->args[i]).value;
    }
    expr *e = constants.items.len == n->count ? ir_constant_expr(l->arena, list_done(&constants))
                                              : ir_call(l->arena, STR("list_concat"), items, n->count);
    return lower_typed(e, TYPE_LIST, n->span);
}

static typed variable(lowering *l, const yaral_node *n)
{
    if (n->as.variable.role == YARAL_OF_PLACEHOLDER) return lower_placeholder(l, n);
    lower_fail(l, PK_ERROR, "yaral-variable", n->span, "$" STR_FMT " has no value here", STR_ARG(n->as.variable.name));
    return lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span);
}

static typed value_of(lowering *l, const yaral_node *n)
{
    typed group;
    if (n->kind == YARAL_WORD && l->in_filter) return lower_metric_word(l, n);
    if (l->scope == SCOPE_GROUP && lower_group_value(l, n, &group)) return group;
    switch (n->kind) {
    case YARAL_NUMBER: case YARAL_STRING: case YARAL_REGEX: case YARAL_BOOL: case YARAL_NULL: case YARAL_DURATION: case YARAL_WORD:
        return constant(l, n);
    case YARAL_FIELD: return lower_field(l, n, false);
    case YARAL_VARIABLE: return variable(l, n);
    case YARAL_CALL: return lower_function(l, n);
    case YARAL_ARRAY: return array(l, n);
    case YARAL_NEGATE: {
        typed zero = lower_typed(ir_constant_expr(l->arena, value_int(0)), TYPE_INT, n->span);
        if (lower_is_constant(n)) return constant(l, n);
        return arithmetic(l, '-', zero, as_number(l, lower_value(l, n->args[0])), n->span);
    }
    case YARAL_ARITHMETIC: {
        typed x = as_number(l, lower_value(l, n->args[0])), y = as_number(l, lower_value(l, n->args[1]));
        return arithmetic(l, n->as.arithmetic, x, y, n->span);
    }
    case YARAL_COMPARE: case YARAL_IN: case YARAL_IS_NULL: case YARAL_AND: case YARAL_OR: case YARAL_NOT:
        return (typed){.value = lower_truth(l, n), .type = TYPE_BOOL};
    case YARAL_LIST:
        if (n->as.list.index != YARAL_NONE) return lower_cell(l, n, CELL_VALUE);
        lower_fail(l, PK_ERROR, "yaral-list", n->span, "%%" STR_FMT " stands behind 'in' only", STR_ARG(n->as.list.name));
        break;
    case YARAL_COUNT:
        lower_fail(l, PK_ERROR, "yaral-count", n->span, "#" STR_FMT " has a number in the condition only", STR_ARG(n->as.variable.name));
        break;
    case YARAL_ARGUMENT: case YARAL_STAR: case YARAL_KINDS:
        lower_fail(l, PK_ERROR, "yaral-value", n->span, "expected a value");
        break;
    }
    return lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span);
}

typed lower_value(lowering *l, const yaral_node *n)
{
    if (!lower_enter(l, n->span)) return lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span);
    typed v = value_of(l, n);
    lower_leave(l);
    return v;
}

typed lower_whole(lowering *l, const yaral_node *n)
{
    if (n->kind == YARAL_FIELD && l->scope != SCOPE_GROUP) return lower_field(l, n, true);
    return lower_value(l, n);
}
