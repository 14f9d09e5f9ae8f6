/*
 * Truths: what a rule asks of one value is a test (shared by all rules of all languages), what compares two values an
 * expression. A missing field is the zero of its type: "", 0, false, the first name of an enumeration.
 */
#include "base/ip.h"
#include "base/unicode.h"
#include "languages/yaral/lower_private.h"

/* ---- uses ---- */

/* Where a constant has no letters, case makes no difference, and the test is the one that other languages use. */
uint16_t lower_case_flag(pk_str constant, bool nocase)
{
    if (nocase) return 0;
    for (size_t i = 0; i < constant.len; i++) {
        char c = constant.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80) return TEST_CASED;
    }
    return 0;
}

expr *lower_use(lowering *l, typed operand, test_kind kind, uint16_t flags, compare_op op, value constant, pk_str written, span at)
{
    ir_constant c = {.test = ir_intern_test(l->catalog, kind, flags, op, constant), .written = written, .span = at};
    expr *e = lower_at(ir_use_expr(l->arena, operand.value, &c, 1, false), at);
    e->as.use.missing = MISSING_ZERO;
    e->as.use.many = MANY_ANY;
    e->as.use.not_equal = NOT_EQUAL_NONE;
    e->as.use.numbers = NUMBERS_LOOSE;
    return e;
}

expr *lower_text_use(lowering *l, typed operand, test_kind kind, bool nocase, pk_str constant, pk_str written, span at)
{
    if (kind == TEST_REGEX) lower_plain_pattern(l->arena, constant, &kind, &constant);
    pk_str shown = str_equal(written, constant) ? STR("") : written;
    uint16_t flags = kind == TEST_REGEX ? (nocase ? 0 : TEST_CASED) : lower_case_flag(constant, nocase);
    return lower_use(l, operand, kind, flags, COMPARE_EQ, value_string(constant), shown, at);
}

static bool compare_accepts(compare_op op, double x)
{
    switch (op) {
    case COMPARE_LT: return 0 < x;
    case COMPARE_LE: return 0 <= x;
    case COMPARE_GT: return 0 > x;
    case COMPARE_GE: return 0 >= x;
    case COMPARE_EQ: return x == 0;
    case COMPARE_NE: return x != 0;
    }
    return true;
}

static bool test_accepts_zero(const ir_test *t)
{
    double number;
    switch (t->kind) {
    case TEST_EQUALS: case TEST_STARTS_WITH: case TEST_ENDS_WITH: case TEST_MATCH:
        return t->constant.type != VALUE_STRING || t->constant.as.string.len == 0;
    case TEST_REGEX: return t->constant.type != VALUE_STRING || lower_regex_accepts_empty(t->constant.as.string, t->flags);
    case TEST_CIDR: return false;
    case TEST_COMPARE: return !value_number(&t->constant, &number) || compare_accepts(t->compare, number);
    case TEST_WILDCARD: case TEST_PHRASE: case TEST_EXISTS: case TEST_IS_NULL: case TEST_KINDS: break;
    }
    return true;
}

bool lower_accepts_zero(const expr *e)
{
    if (e->kind != EXPR_USE || e->as.use.negated) return true;
    if (e->as.use.missing != MISSING_ZERO) return e->as.use.missing == MISSING_TRUE;
    for (size_t i = 0; i < e->as.use.count; i++)
        if (test_accepts_zero(e->as.use.constants[i].test) != e->as.use.all) return !e->as.use.all;
    return e->as.use.all;
}

/* ---- any, all ---- */

/* some element in a[].b[]: (use of element.c), where absence within an element counts. */
static expr *some_element(lowering *l, expr *use, bool negated, span at)
{
    static const char element[] = "element";
    expr *field = use->as.use.operand, *inside = ir_field_expr(l->arena, STR(""), STR(""));
    pk_str path = field->as.field.path;
    size_t end = path.len;
    while (end >= 2 && !(path.ptr[end - 2] == '[' && path.ptr[end - 1] == ']')) end--;
    expr *e = ARENA_NEW(l->arena, expr);
    e->kind = EXPR_SOME;
    e->span = at;
    e->as.some.element = str_from(element);
    e->as.some.list = field->as.field;
    e->as.some.list.path = str_slice(path, 0, end);
    inside->as.field.part = str_from(element);
    inside->as.field.path = str_slice(path, end + (end < path.len), STR_NPOS);
    use->as.use.operand = lower_at(inside, field->span);
    e->args = ARENA_ARRAY(l->arena, expr *, 1);
    e->args[0] = negated ? lower_at(ir_not(l->arena, use), at) : use;
    e->count = 1;
    return e;
}

/* Is there an element of which the test is true (negated: false)? */
static expr *exists(lowering *l, expr *use, bool negated, span at)
{
    const expr *field = use->as.use.operand;
    bool scalars = field->kind != EXPR_FIELD || str_ends_with(field->as.field.path, STR("[]"));
    bool ignores_absence = !negated && !lower_accepts_zero(use);
    if (!scalars && !ignores_absence) return some_element(l, use, negated, at);
    use->as.use.missing = MISSING_FALSE;
    use->as.use.negated = negated;
    return use;
}

expr *lower_quantified(lowering *l, typed operand, expr *use, bool negated, span at)
{
    if (use->kind != EXPR_USE || operand.quantifier == YARAL_PLAIN) return negated ? lower_at(ir_not(l->arena, use), at) : use;
    if (operand.quantifier == YARAL_ANY) return exists(l, use, negated, at);
    return lower_at(ir_not(l->arena, exists(l, use, !negated, at)), at);
}

/* ---- comparing with a constant ---- */

static pk_str lower_case_of(lowering *l, pk_str s)
{
    char *out = arena_alloc(l->arena, s.len + 1);
    for (size_t i = 0; i < s.len; i++) out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32) : s.ptr[i];
    return (pk_str){out, s.len};
}

static expr *equals_text(lowering *l, typed x, pk_str s, bool nocase, span at)
{
    pk_str constant = x.hash ? lower_case_of(l, s) : s;
    expr *use = lower_text_use(l, x, TEST_EQUALS, nocase || x.hash, constant, s, at);
    if (x.enumeration && s.len) {
        pk_str zero = udm_enum_name(x.enumeration, 0);
        bool same = nocase ? str_equal_ascii_fold(s, zero) : str_equal(s, zero);
        use->as.use.missing = same ? MISSING_TRUE : MISSING_FALSE;
    } else if (x.type == TYPE_INT || x.type == TYPE_FLOAT) {
        use->as.use.missing = str_equal(s, STR("0")) || !s.len ? MISSING_TRUE : MISSING_FALSE;
    } else if (x.type == TYPE_BOOL) {
        use->as.use.missing = str_equal_ascii_fold(s, STR("false")) || !s.len ? MISSING_TRUE : MISSING_FALSE;
    }
    return use;
}

static expr *equals_number(lowering *l, typed x, const value *number, span at)
{
    pk_str decimal;
    if (number->type != VALUE_INT || x.type == TYPE_FLOAT || !value_text(l->arena, number, &decimal))
        return lower_use(l, x, TEST_COMPARE, 0, COMPARE_EQ, *number, STR(""), at);
    expr *use = lower_text_use(l, x, TEST_EQUALS, false, decimal, decimal, at);
    use->as.use.missing = number->as.integer == 0 && x.type != TYPE_TEXT ? MISSING_TRUE : MISSING_FALSE;
    return use;
}

static expr *equals_truth(lowering *l, typed x, bool truth, span at)
{
    pk_str word = truth ? STR("true") : STR("false");
    expr *use = lower_text_use(l, x, TEST_EQUALS, true, word, word, at);
    use->as.use.missing = truth ? MISSING_FALSE : MISSING_TRUE;
    return use;
}

expr *lower_is_zero(lowering *l, typed v, span at)
{
    switch (v.type) {
    case TYPE_TEXT: return equals_text(l, v, STR(""), false, at);
    case TYPE_INT: case TYPE_FLOAT: return equals_number(l, v, &(value){.type = VALUE_INT}, at);
    case TYPE_BOOL: return equals_truth(l, v, false, at);
    case TYPE_ENUM: return equals_text(l, v, v.enumeration ? udm_enum_name(v.enumeration, 0) : STR(""), false, at);
    case TYPE_ANY: case TYPE_TIME: case TYPE_LIST: break;
    }
    expr *there = lower_call(l, "non_zero", &v.value, 1, at);
    return lower_call(l, "is_missing", &there, 1, at);
}

static bool holds(compare_op op, int64_t x, int64_t y)
{
    switch (op) {
    case COMPARE_LT: return x < y;
    case COMPARE_LE: return x <= y;
    case COMPARE_GT: return x > y;
    case COMPARE_GE: return x >= y;
    case COMPARE_EQ: return x == y;
    case COMPARE_NE: return x != y;
    }
    return false;
}

/* Names of an enumeration are ordered by their numbers: those that hold, as one list. */
static expr *enum_order(lowering *l, typed x, compare_op op, pk_str name, span at)
{
    int64_t limit, number;
    VEC(ir_constant) constants = {0};
    bool zero = false;
    if (!udm_enum_number(x.enumeration, name, &limit)) return NULL;
    for (size_t i = 0; i < udm_enum_count(x.enumeration); i++) {
        pk_str other = udm_enum_at(x.enumeration, i, &number);
        if (!holds(op, number, limit)) continue;
        zero |= number == 0;
        ir_constant c = {.test = ir_intern_test(l->catalog, TEST_EQUALS, lower_case_flag(other, false), COMPARE_EQ, value_string(other)),
                         .written = name, .origin = STR("ordered by number"), .span = at};
        vec_push_in(l->scratch, &constants, c);
    }
    if (!constants.len) return lower_at(ir_false(l->arena), at);
    expr *e = lower_at(ir_use_expr(l->arena, x.value, constants.at, constants.len, false), at);
    e->as.use.missing = zero ? MISSING_TRUE : MISSING_FALSE;
    return e;
}

static compare_op op_of(yaral_compare c)
{
    static const compare_op ops[] = {[YARAL_EQ] = COMPARE_EQ, [YARAL_NE] = COMPARE_NE, [YARAL_LT] = COMPARE_LT,
                                     [YARAL_LE] = COMPARE_LE, [YARAL_GT] = COMPARE_GT, [YARAL_GE] = COMPARE_GE};
    return ops[c];
}

static compare_op turned(compare_op op)
{
    switch (op) {
    case COMPARE_LT: return COMPARE_GT;
    case COMPARE_LE: return COMPARE_GE;
    case COMPARE_GT: return COMPARE_LT;
    case COMPARE_GE: return COMPARE_LE;
    case COMPARE_EQ: case COMPARE_NE: break;
    }
    return op;
}

expr *lower_comparison_of(lowering *l, typed x, compare_op op, typed y, bool nocase, span at)
{
    expr *e = lower_at(ir_compare(l->arena, x.value, op, y.value), at);
    e->as.compare.cased = !nocase;
    e->as.compare.missing = MISSING_ZERO;
    e->as.compare.many = x.quantifier == YARAL_ALL || y.quantifier == YARAL_ALL ? MANY_ALL : MANY_ANY;
    return e;
}

/* The pattern of a regular expression as a test; `=` only. */
static expr *regex_test(lowering *l, typed x, const yaral_node *pattern, bool nocase, span at)
{
    lowered_regex r;
    if (!lower_pattern(l, pattern, true, &r)) return lower_at(ir_false(l->arena), at);
    pk_str written = pattern->kind == YARAL_REGEX ? pattern->as.regex.pattern : pattern->as.string.text;
    return lower_text_use(l, x, TEST_REGEX, nocase, r.pattern, written, at);
}

/* strings.to_lower(x) = "abc" is x = "abc" in any case. A constant with upper case is never found, and stays as it is. */
static const yaral_node *folded_operand(const yaral_node *n, pk_str constant)
{
    if (n->kind != YARAL_CALL || n->count != 1) return NULL;
    bool lower = str_equal(n->as.call.name, STR("strings.to_lower")), upper = str_equal(n->as.call.name, STR("strings.to_upper"));
    if (!lower && !upper) return NULL;
    for (size_t i = 0; i < constant.len; i++) {
        char c = constant.ptr[i];
        if ((unsigned char)c >= 0x80 || (lower ? c >= 'A' && c <= 'Z' : c >= 'a' && c <= 'z')) return NULL;
    }
    return n->args[0];
}

typed lower_operand(lowering *l, const yaral_node *n, pk_str constant, bool *nocase)
{
    const yaral_node *inner = l->scope == SCOPE_GROUP ? NULL : folded_operand(n, constant);
    if (inner) *nocase = true;
    return lower_value(l, inner ? inner : n);
}

static expr *with_constant(lowering *l, const yaral_node *n, const yaral_node *left, compare_op op, const yaral_node *right)
{
    value constant = lower_constant(l, right);
    bool nocase = n->nocase, negated = op == COMPARE_NE, equality = negated || op == COMPARE_EQ;
    span at = n->span;
    typed x = equality && right->kind == YARAL_STRING ? lower_operand(l, left, right->as.string.text, &nocase) : lower_value(l, left);
    expr *test = NULL;
    if (right->kind == YARAL_NULL) test = lower_is_zero(l, x, at);
    else if (right->kind == YARAL_REGEX) test = regex_test(l, x, right, nocase, at);
    else if (l->scope == SCOPE_GROUP) test = NULL;
    else if (equality && constant.type == VALUE_STRING) test = equals_text(l, x, constant.as.string, nocase, at);
    else if (equality && constant.type == VALUE_BOOL) test = equals_truth(l, x, constant.as.boolean, at);
    else if (equality) test = equals_number(l, x, &constant, at);
    else if (constant.type == VALUE_STRING && x.enumeration) test = enum_order(l, x, op, constant.as.string, at);
    else if (constant.type != VALUE_STRING) test = lower_use(l, x, TEST_COMPARE, 0, op, constant, STR(""), at);
    if (test) return lower_quantified(l, x, test, negated && (equality || right->kind == YARAL_NULL), at);
    typed y = lower_typed(ir_constant_expr(l->arena, constant), TYPE_ANY, right->span);
    return lower_comparison_of(l, x, op, y, nocase, at);
}

static expr *comparison(lowering *l, const yaral_node *n)
{
    const yaral_node *left = n->args[0], *right = n->args[1];
    compare_op op = op_of(n->as.compare);
    row_test row;
    if (lower_is_row_test(l, n, &row)) return lower_row_test(l, &row, n->span);
    if (lower_is_constant(right) && !lower_is_constant(left)) return with_constant(l, n, left, op, right);
    if (lower_is_constant(left) && !lower_is_constant(right)) return with_constant(l, n, right, turned(op), left);
    typed x = lower_value(l, left), y = lower_value(l, right);
    return lower_comparison_of(l, x, op, y, n->nocase, n->span);
}

/* ---- truths ---- */

static expr *junction(lowering *l, const yaral_node *n)
{
    expr **args = ARENA_ARRAY(l->scratch, expr *, n->count);
    for (size_t i = 0; i < n->count; i++) args[i] = lower_truth(l, n->args[i]);
    expr *e = n->kind == YARAL_AND ? ir_and_all(l->arena, args, n->count) : ir_or_all(l->arena, args, n->count);
    return n->count == 1 ? e : lower_at(e, n->span);
}

/* A value where a truth is wanted: it is not the zero of its type. */
static expr *truth_of_value(lowering *l, const yaral_node *n)
{
    typed v = lower_value(l, n);
    if (v.type == TYPE_BOOL && v.value->kind != EXPR_FIELD) return v.value;
    if (v.type == TYPE_BOOL && l->scope != SCOPE_GROUP) return lower_quantified(l, v, equals_truth(l, v, true, n->span), false, n->span);
    expr *there = lower_call(l, "non_zero", &v.value, 1, n->span);
    return lower_at(ir_not(l->arena, lower_call(l, "is_missing", &there, 1, n->span)), n->span);
}

static expr *truth_of(lowering *l, const yaral_node *n)
{
    expr *e;
    if (l->scope == SCOPE_GROUP && lower_group_truth(l, n, &e)) return e;
    switch (n->kind) {
    case YARAL_AND: case YARAL_OR: return junction(l, n);
    case YARAL_NOT: return lower_at(ir_not(l->arena, lower_truth(l, n->args[0])), n->span);
    case YARAL_COMPARE: return comparison(l, n);
    case YARAL_IN: return lower_membership(l, n);
    case YARAL_IS_NULL: {
        typed v = lower_value(l, n->args[0]);
        return lower_quantified(l, v, lower_is_zero(l, v, n->span), n->as.negated, n->span);
    }
    case YARAL_BOOL: return lower_at(n->as.truth ? ir_true(l->arena) : ir_false(l->arena), n->span);
    default: return truth_of_value(l, n);
    }
}

expr *lower_truth(lowering *l, const yaral_node *n)
{
    if (!lower_enter(l, n->span)) return lower_at(ir_false(l->arena), n->span);
    expr *e = truth_of(l, n);
    lower_leave(l);
    return e;
}
