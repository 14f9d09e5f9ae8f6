/* Event times in the forms of many logs; expected values computed by hand or by date(1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/model.h"

static const struct { const char *text, *form, *expected; } cases[] = {
    {"2020-09-13T12:26:40Z", NULL, "2020-09-13T12:26:40Z"},
    {"2020-09-13 12:26:40.5", NULL, "2020-09-13T12:26:40.500Z"},
    {"2020-09-13T12:26:40.123456789+02:00", NULL, "2020-09-13T10:26:40.123456789Z"},
    {"1600000000", NULL, "2020-09-13T12:26:40Z"},
    {"1600000000.123456", NULL, "2020-09-13T12:26:40.123456Z"},
    {"1600000000123", NULL, "2020-09-13T12:26:40.123Z"},
    {"1600000000123456", NULL, "2020-09-13T12:26:40.123456Z"},
    {"1600000000123456789", NULL, "2020-09-13T12:26:40.123456789Z"},
    {"13/Sep/2020:12:26:40 +0000", NULL, "2020-09-13T12:26:40Z"},
    {"13/Sep/2020:14:26:40 +0200", NULL, "2020-09-13T12:26:40Z"},
    {"Sep 13 12:26:40", NULL, "2024-09-13T12:26:40Z"},
    {"Sep  3 12:26:40", NULL, "2024-09-03T12:26:40Z"},
    {"Sun Sep 13 12:26:40 2020", NULL, "2020-09-13T12:26:40Z"},
    {"Sun Sep 13 12:26:40.250000 2020", NULL, "2020-09-13T12:26:40.250Z"},
    {"Sun, 13 Sep 2020 12:26:40 GMT", NULL, "2020-09-13T12:26:40Z"},
    {"09/13/2020 12:26:40 PM", NULL, "2020-09-13T12:26:40Z"},
    {"09/13/2020 01:26:40 AM", NULL, "2020-09-13T01:26:40Z"},
    {"09/13/2020-12:26:40.000001", NULL, "2020-09-13T12:26:40.000001Z"},
    {"13-Sep-2020 12:26:40.425", NULL, "2020-09-13T12:26:40.425Z"},
    {"/Date(1600000000123)/", NULL, "2020-09-13T12:26:40.123Z"},
    {"[2020-09-13 12:26:40]", NULL, "2020-09-13T12:26:40Z"},
    {"2024-06-19 11:02:03 (UTC)", NULL, "2024-06-19T11:02:03Z"},
    {"2020-09-13 12:26:40 +0000", NULL, "2020-09-13T12:26:40Z"},
    {"yesterday", NULL, ""},
    {"", NULL, ""},
    {"99/99/2020 12:00:00 PM", NULL, ""},
    {"1600000000", "s", "2020-09-13T12:26:40Z"},
    {"1600000000123", "ms", "2020-09-13T12:26:40.123Z"},
    {"1600000000123456", "us", "2020-09-13T12:26:40.123456Z"},
    {"132444736000000000", "filetime", "2020-09-13T12:26:40Z"},
    {"-1", "filetime", ""},
    {"x", "s", ""},
    {"2020/09/13 12.26.40", "%Y/%m/%d %H.%M.%S", "2020-09-13T12:26:40Z"},
};

static void forms_are_read(void **state)
{
    (void)state;
    arena *a = arena_new();
    schema s = {.year = 2024};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        value v = value_string(str_from(cases[i].text));
        pk_str found = timestamp_text(a, time_parse(&s, &v, cases[i].form, a));
        if (!str_equal(found, str_from(cases[i].expected)))
            fail_msg("'%s': expected %s, found %.*s", cases[i].text, cases[i].expected, STR_ARG(found));
    }
    value integer = value_int(1600000000), real = value_real(1600000000.5), none = value_null();
    assert_int_equal(time_parse(&s, &integer, NULL, a), INT64_C(1600000000000000000));
    assert_int_equal(time_parse(&s, &real, NULL, a), INT64_C(1600000000500000000));
    assert_int_equal(time_parse(&s, &none, NULL, a), TIMESTAMP_NONE);
    arena_free(a);
}

static timestamp yearless(const schema *s, const char *t, arena *a)
{
    value v = value_string(str_from(t));
    return time_parse(s, &v, NULL, a);
}

/* Without a stated year: the latest one that is not more than a day ahead of the load. */
static void the_year_that_is_not_said(void **state)
{
    (void)state;
    arena *a = arena_new();
    schema s = {.loaded = timestamp_from_civil(2026, 1, 2, 0, 0, 0, 0)};
    assert_int_equal(timestamp_to_civil(yearless(&s, "Jan  2 12:00:00", a)).year, 2026);
    assert_int_equal(timestamp_to_civil(yearless(&s, "Dec 31 12:00:00", a)).year, 2025);
    assert_int_equal(timestamp_to_civil(yearless(&s, "Feb 29 12:00:00", a)).year, 2024);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms_are_read), cmocka_unit_test(the_year_that_is_not_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
