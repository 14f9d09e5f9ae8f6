/*
 * Field against field. Any pair of values may fulfil it. Texts are compared for = and != (folded unless cased, so that 5 and
 * "5" agree), numbers for the rest.
 */
#include "base/unicode.h"
#include "compile/program_private.h"

static bool text_fits(test_kind how, pk_str x, pk_str y)
{
    switch (how) {
    case TEST_STARTS_WITH: return str_starts_with(x, y);
    case TEST_ENDS_WITH: return str_ends_with(x, y);
    case TEST_MATCH: return str_find(x, y) != STR_NPOS;
    default: return str_equal(x, y);
    }
}

static bool numbers_fit(compare_op op, const value *x, const value *y)
{
    double a, b;
    if (!value_number(x, &a) || !value_number(y, &b)) return false;
    switch (op) {
    case COMPARE_LT: return a < b;
    case COMPARE_LE: return a <= b;
    case COMPARE_GT: return a > b;
    case COMPARE_GE: return a >= b;
    case COMPARE_EQ: return a == b;
    case COMPARE_NE: return a != b;
    }
    return false;
}

static bool pair_fits(const comparison *c, const value *x, const value *y, arena *a)
{
    pk_str s, t;
    if (x->type == VALUE_NULL || y->type == VALUE_NULL) return false;
    if (c->op != COMPARE_EQ && c->op != COMPARE_NE) return numbers_fit(c->op, x, y);
    if (!value_text(a, x, &s) || !value_text(a, y, &t)) return false;
    if (!c->cased) s = fold(a, s), t = fold(a, t);
    return text_fits(c->how, s, t) == (c->op == COMPARE_EQ);
}

bool comparison_true(const comparison *c, const value *x, size_t x_count, const value *y, size_t y_count, arena *a)
{
    bool all = c->many == MANY_ALL;
    if (x_count == 0 || y_count == 0) return false;
    for (size_t i = 0; i < x_count; i++)
        for (size_t k = 0; k < y_count; k++)
            if (pair_fits(c, &x[i], &y[k], a) != all) return !all;
    return all;
}
