/*
 * Field against field. Texts are compared for = and != (folded unless cased, so that 5 and "5" agree); for the rest times,
 * numbers, or texts by their bytes.
 */
#include "base/unicode.h"
#include "compile/program_private.h"

/* The whole text against a pattern of '*', '?' and '\\' before a literal one; on a mismatch the last '*' takes a character more. */
static bool wildcard_fits(pk_str x, pk_str like)
{
    size_t at = 0, p = 0, star = STR_NPOS, star_at = 0;
    while (at < x.len) {
        size_t next = at, q = p;
        uint32_t c = utf8_next(x, &next), want = q < like.len ? utf8_next(like, &q) : 0;
        bool some = p < like.len && want == '*', one = p < like.len && want == '?', literal = p < like.len && !some && !one;
        if (literal && want == '\\' && q < like.len && strchr("*?\\", like.ptr[q])) want = utf8_next(like, &q);
        if (some) {
            star = p = q;
            star_at = at;
        } else if (one || (literal && want == c)) {
            p = q;
            at = next;
        } else if (star != STR_NPOS) {
            utf8_next(x, &star_at);
            at = star_at;
            p = star;
        } else {
            return false;
        }
    }
    while (p < like.len && like.ptr[p] == '*') p++;
    return p == like.len;
}

static bool text_fits(test_kind how, pk_str x, pk_str y)
{
    switch (how) {
    case TEST_WILDCARD: return wildcard_fits(x, y);
    case TEST_STARTS_WITH: return str_starts_with(x, y);
    case TEST_ENDS_WITH: return str_ends_with(x, y);
    case TEST_MATCH: return str_find(x, y) != STR_NPOS;
    default: return str_equal(x, y);
    }
}

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

/* Texts whose first difference stands in ASCII, behind nothing but ASCII, differ however they are folded. */
static bool differ_in_ascii(pk_str x, pk_str y)
{
    size_t len = x.len < y.len ? x.len : y.len;
    for (size_t i = 0; i < len; i++) {
        uint8_t a = (uint8_t)x.ptr[i], b = (uint8_t)y.ptr[i];
        if ((a | b) & 0x80) return false;
        if (a != b && lower(a) != lower(b)) return true;
    }
    return false;
}

static bool equality_fits(const comparison *c, const value *x, const value *y, arena *a)
{
    pk_str s, t;
    if (!value_text(a, x, &s) || !value_text(a, y, &t)) return value_equal(x, y);
    if (c->how == TEST_EQUALS && differ_in_ascii(s, t)) return false;
    if (!c->cased) s = fold(a, s), t = fold(a, t);
    return text_fits(c->how, s, t);
}

static bool order_fits(compare_op op, int order)
{
    switch (op) {
    case COMPARE_LT: return order < 0;
    case COMPARE_LE: return order <= 0;
    case COMPARE_GT: return order > 0;
    case COMPARE_GE: return order >= 0;
    case COMPARE_EQ: case COMPARE_NE: break;
    }
    return false;
}

static bool pair_fits(const comparison *c, const value *x, const value *y, arena *a)
{
    double m, n;
    if (c->op == COMPARE_EQ || c->op == COMPARE_NE) return equality_fits(c, x, y, a) == (c->op == COMPARE_EQ);
    if (x->type == VALUE_TIME && y->type == VALUE_TIME)
        return order_fits(c->op, x->as.time < y->as.time ? -1 : x->as.time > y->as.time);
    if (value_number(x, &m) && value_number(y, &n)) return m == m && n == n && order_fits(c->op, m < n ? -1 : m > n);
    return x->type == VALUE_STRING && y->type == VALUE_STRING && order_fits(c->op, str_compare(x->as.string, y->as.string));
}

static list_builder without_nulls(const list_builder *v, arena *a)
{
    list_builder kept = {0};
    for (size_t i = 0; i < v->items.len; i++)
        if (v->items.at[i].type != VALUE_NULL) list_add(a, &kept, v->items.at[i]);
    return kept;
}

/* What stands for a missing side: the zero of the other one's type. */
static value zero_beside(const list_builder *other)
{
    if (other->items.len == 0) return value_string((pk_str){"", 0});
    switch (other->items.at[0].type) {
    case VALUE_BOOL: return value_bool(false);
    case VALUE_INT: case VALUE_UINT: case VALUE_FLOAT: return value_int(0);
    default: return value_string((pk_str){"", 0});
    }
}

compared comparison_of(const comparison *c, const list_builder *all_x, const list_builder *all_y, arena *a)
{
    list_builder x = without_nulls(all_x, a), y = without_nulls(all_y, a);
    if (x.items.len == 0 || y.items.len == 0) {
        if (c->missing == MISSING_NULL) return COMPARED_NULL;
        if (c->missing != MISSING_ZERO) return c->missing == MISSING_TRUE ? COMPARED_TRUE : COMPARED_FALSE;
        if (x.items.len == 0) list_add(a, &x, zero_beside(&y));
        if (y.items.len == 0) list_add(a, &y, zero_beside(&x));
    }
    if (c->many == MANY_NULL && (x.items.len > 1 || y.items.len > 1)) return COMPARED_NULL;
    bool every = c->many == MANY_ALL;
    for (size_t i = 0; i < x.items.len; i++)
        for (size_t k = 0; k < y.items.len; k++)
            if (pair_fits(c, &x.items.at[i], &y.items.at[k], a) != every) return every ? COMPARED_FALSE : COMPARED_TRUE;
    return every ? COMPARED_TRUE : COMPARED_FALSE;
}

compared comparison_of_two(const comparison *c, const value *x, const value *y, arena *a)
{
    return pair_fits(c, x, y, a) ? COMPARED_TRUE : COMPARED_FALSE;
}

compared condition_of_values(const list_builder *v)
{
    const value *one = v->items.at;
    if (v->items.len == 0 || (v->items.len == 1 && one->type == VALUE_NULL)) return COMPARED_NULL;
    if (v->items.len > 1) return COMPARED_FALSE;
    if (one->type == VALUE_BOOL) return one->as.boolean ? COMPARED_TRUE : COMPARED_FALSE;
    return one->type == VALUE_STRING && str_equal_ascii_fold(one->as.string, STR("true")) ? COMPARED_TRUE : COMPARED_FALSE;
}
