/* Views: searching, numbers, the nearest name. */
#include "check.h"

#include <locale.h>

static void test_compare(void **state)
{
    (void)state;
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    assert_true(str_compare(STR("b"), STR("ab")) > 0);
    assert_int_equal(str_compare(STR(""), STR("")), 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_true(str_equal_ascii_fold(STR("EndsWith"), STR("endswith")));
    assert_false(str_equal_ascii_fold(STR("a["), STR("A{")));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
    assert_int_equal(str_find(STR("abxbabxbabxbabxbabxbabxbabxbabxbabc"), STR("abc")), 32);
    char many[400];
    for (size_t len = 1; len < sizeof many; len++) { /* wherever it stands, and among places that begin and end alike */
        memset(many, 'a', len);
        for (size_t at = 0; at < len; at += 7) {
            pk_str s = {many, len}, needle = {"aba", at + 3 <= len ? 3 : len - at};
            memcpy(many + at, needle.ptr, needle.len);
            if (needle.len > 1) assert_int_equal(str_find(s, needle), at);
            memset(many, 'a', len);
            if (needle.len > 1) assert_true(str_find(s, needle) == STR_NPOS);
        }
    }
    assert_true(str_find(STR("abc"), STR("abcd")) == STR_NPOS);
    assert_int_equal(str_find(STR(""), STR("")), 0);
    assert_true(str_find_char(STR(""), 'a') == STR_NPOS);
    assert_str(str_trim(STR(" \t a b\r\n")), "a b");
    assert_str(str_trim(STR(" \n")), "");
    assert_str(str_slice(STR("abc"), 2, 10), "c");
    assert_str(str_slice(STR("abc"), 9, 1), "");
    assert_true(str_starts_with(STR("abc"), STR("")));
    assert_true(str_ends_with(STR("abc"), STR("bc")));
    assert_false(str_ends_with(STR("c"), STR("bc")));
}

static void test_integers(void **state)
{
    (void)state;
    int64_t n;
    assert_true(str_to_int(STR("-9223372036854775808"), true, &n) && n == INT64_MIN);
    assert_true(str_to_int(STR("9223372036854775807"), true, &n) && n == INT64_MAX);
    assert_false(str_to_int(STR("9223372036854775808"), true, &n));
    assert_false(str_to_int(STR("-9223372036854775809"), true, &n));
    assert_true(str_to_int(STR("007"), false, &n) && n == 7);
    assert_false(str_to_int(STR("007"), true, &n));
    assert_true(str_to_int(STR("0"), true, &n) && n == 0);
    assert_false(str_to_int(STR(""), false, &n));
    assert_false(str_to_int(STR("-"), false, &n));
    assert_false(str_to_int(STR("1 "), false, &n));
    assert_false(str_to_int(STR("0x10"), false, &n));
}

static void test_doubles(void **state)
{
    (void)state;
    static const struct { const char *text; double value; } cases[] = {
        {"0", 0}, {"-1.5", -1.5}, {".5", .5}, {"5.", 5}, {"1e3", 1000}, {"1E-2", .01}, {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"0.1", 0.1}, {"2.2250738585072014e-308", 2.2250738585072014e-308}, {"9007199254740993", 9007199254740992.0}, {"1e999", __builtin_inf()},
    };
    double d;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(str_to_double(str_from(cases[i].text), &d));
        assert_true(d == cases[i].value);
    }
    static const char *const wrong[] = {"", ".", "-", "1e", "1e+", "0x1", "nan", "inf", "1,5", " 1", "1 ", "1.2.3", "--1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(str_to_double(str_from(wrong[i]), &d));
}

static void test_nearest(void **state)
{
    (void)state;
    const pk_str names[] = {STR("contains"), STR("endswith"), STR("startswith"), STR("re"), STR("cidr")};
    assert_str(str_nearest(STR("endwith"), names, 5), "endswith");
    assert_str(str_nearest(STR("cotnains"), names, 5), "contains");
    assert_str(str_nearest(STR("CIDR"), names, 5), "cidr");
    assert_str(str_nearest(STR("something else"), names, 5), "");
    assert_str(str_nearest(STR("x"), names, 5), "");
    assert_str(str_nearest(STR("foo"), (const pk_str[]){STR("now")}, 1), ""); /* two of three letters are another word */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_find),    cmocka_unit_test(test_integers),
        cmocka_unit_test(test_doubles), cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
