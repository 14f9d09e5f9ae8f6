/* Zeek TSV: cases, and texts that are something else. */
#include "cases.h"

#include "formats/zeek/zeek.h"

static void test_cases(void **state)
{
    (void)state;
    assert_true(run_cases(&zeek_format, "zeek.cases") > 3);
}

static void test_no_zeek(void **state)
{
    (void)state;
    static const char *const others[] = {"#!/bin/sh\n#fields\n", "# a comment\ntext\n", "#Fields: date time\n1 2\n", "a\tb\n", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(zeek_format.detect(str_from(others[i]), STR("conn.log"), true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_no_zeek)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
