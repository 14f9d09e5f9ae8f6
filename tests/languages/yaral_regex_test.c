/* RE2 to PCRE2: what is rewritten, what stays, what RE2 does not have. Expected by RE2's own description of its syntax. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "languages/yaral/lower_private.h"

static void check(const char *pattern, bool search, const char *expected)
{
    arena *a = arena_new();
    lowered_regex r = lower_regex(a, str_from(pattern), search);
    if (r.fault.len) fail_msg("%s: " STR_FMT, pattern, STR_ARG(r.fault));
    if (!str_equal(r.pattern, str_from(expected))) fail_msg("%s: expected %s, found " STR_FMT, pattern, expected, STR_ARG(r.pattern));
    arena_free(a);
}

static void test_rewritten(void **state)
{
    (void)state;
    check("a$", false, "a\\z");
    check("(?m)a$", false, "(?m)a$");
    check("(?m:a$)b$", false, "(?m:a$)b\\z");
    check("((?m)a$)b$", false, "((?m)a$)b\\z");
    check("\\s\\S[\\s][^\\S]", false, "[\\t\\n\\f\\r ][^\\t\\n\\f\\r ][\\t\\n\\f\\r ][^\\S\\x0b]");
    check("\\v[\\v]", false, "\\x0b[\\x0b]");
    check("\\101\\0\\012", false, "\\x{41}\\x{0}\\x{a}");
    check("\\Qa.b\\E+", false, "a\\.b+");
    check("[[]", false, "[\\[]");
    check("[[:alpha:][:^digit:]]", false, "[[:alpha:][:^digit:]]");
    check("(?P<name>a)", false, "(a)");
    check("a{,3}", false, "a\\{,3}");
    check("^*\\b+", false, "(?:^)*(?:\\b)+");
}

static void test_left_alone(void **state)
{
    (void)state;
    static const char *const same[] = {"", "a.*b", "(?i)abc|def", "\\pL\\p{Greek}\\P{^L}", "a{2,3}?", "(?:a|)(?i-s:b)", "\\x41\\x{1F600}", "\\w\\W\\d\\D\\b\\B",
                                       "\\A\\z", "[^]a-z\\-]" };
    for (size_t i = 0; i + 1 < sizeof same / sizeof *same; i++) check(same[i], false, same[i]);
}

static void test_ends_of_searches(void **state)
{
    (void)state;
    check(".*abc.*", true, "abc");
    check(".*.*abc", true, "abc");
    check("(?i).*abc.*", true, "(?i)abc");
    check(".*?abc", true, ".*?abc");
    check("abc\\.*", true, "abc\\.*");
    check("abc\\\\.*", true, "abc\\\\");
    check(".*", true, ".*");
    check(".*abc.*", false, ".*abc.*");
}

static void test_faults(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(?=a)", "(?!a)", "(?<=a)b", "(?>a)", "(a)\\1", "a++", "a**", "*a", "(a", "a)", "[a", "a\\", "\\C", "\\K", "\\Z", "\\h",
                                           "(?x)a", "(?#a)", "(*FAIL)", "(?R)", "\\x4", "[b-a]", "\\p{", "(?P<n"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        arena *a = arena_new();
        if (!lower_regex(a, str_from(patterns[i]), false).fault.len) fail_msg("%s: not refused", patterns[i]);
        arena_free(a);
    }
}

static void test_groups(void **state)
{
    (void)state;
    arena *a = arena_new();
    assert_int_equal(lower_regex(a, STR("(a)(?:b)(?P<x>c)(?i:d)"), false).groups, 2);
    assert_int_equal(lower_regex(a, STR("\\(a\\)[(]"), false).groups, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rewritten), cmocka_unit_test(test_left_alone), cmocka_unit_test(test_ends_of_searches),
                                       cmocka_unit_test(test_faults), cmocka_unit_test(test_groups)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
