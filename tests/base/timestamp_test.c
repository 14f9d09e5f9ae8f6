/* Calendar against known days (those of `date -u`), forms of log times, durations. */
#include "check.h"

#include "base/timestamp.h"

static arena *a;

static void test_calendar(void **state)
{
    (void)state;
    assert_int_equal(timestamp_from_civil(1970, 1, 1, 0, 0, 0, 0), 0);
    assert_int_equal(timestamp_from_civil(2026, 11, 22, 5, 56, 2, 0), INT64_C(1795326962) * SECOND);
    assert_int_equal(timestamp_from_civil(2000, 2, 29, 0, 0, 0, 0), INT64_C(951782400) * SECOND);
    assert_true(timestamp_from_civil(2023, 2, 29, 0, 0, 0, 0) == TIMESTAMP_NONE);
    assert_true(timestamp_from_civil(1900, 2, 29, 0, 0, 0, 0) == TIMESTAMP_NONE);
    assert_true(timestamp_from_civil(2023, 13, 1, 0, 0, 0, 0) == TIMESTAMP_NONE);
    assert_true(timestamp_from_civil(1600, 1, 1, 0, 0, 0, 0) == TIMESTAMP_NONE);
    assert_true(timestamp_from_civil(1970, 1, 1, 24, 0, 0, 0) == TIMESTAMP_NONE);
    for (int64_t day = -100000; day < 100000; day += 37) {
        civil_time c = timestamp_to_civil(day * 86400 * SECOND + 12345);
        assert_int_equal(timestamp_from_civil(c.year, c.month, c.day, c.hour, c.minute, c.second, c.nanosecond), day * 86400 * SECOND + 12345);
    }
    civil_time c = timestamp_to_civil(timestamp_from_civil(2026, 11, 22, 0, 0, 0, 0));
    assert_int_equal(c.weekday, 6);
    assert_int_equal(c.iso_week, 47);
    assert_int_equal(timestamp_to_civil(timestamp_from_civil(2021, 1, 3, 0, 0, 0, 0)).iso_week, 53);
    assert_int_equal(timestamp_to_civil(timestamp_from_civil(2018, 12, 31, 0, 0, 0, 0)).iso_week, 1);
    civil_time first = timestamp_to_civil(INT64_MIN + 1); /* 1677-09-21T00:12:43.145224193 */
    assert_int_equal(first.year, 1677);
    assert_int_equal(first.day, 21);
    assert_int_equal(first.minute, 12);
    assert_int_equal(first.nanosecond, 145224193);
    assert_int_equal(timestamp_from_filetime(UINT64_C(116444736000000000)), 0);
    assert_true(timestamp_from_filetime(0) == TIMESTAMP_NONE); /* 1601 is before what an int64 of nanoseconds reaches */
    assert_true(timestamp_from_filetime(UINT64_MAX) == TIMESTAMP_NONE);
}

static void test_iso(void **state)
{
    (void)state;
    static const char *const same[] = {
        "2026-11-22T05:56:02.123Z", "2026-11-22 05:56:02.123", "2026/11/22 05:56:02,123", "2026-11-22T06:56:02.123+01:00",
        "2026-11-22T00:56:02.123-0500", "2026-11-22 05:56:02.123 UTC", "2026-11-22T05:56:02.1230000Z", "2026-11-22t05:56:02.123000000001z", "2026-11-22 06:56:02.123 +01",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_str(timestamp_text(a, timestamp_parse_iso(str_from(same[i]))), "2026-11-22T05:56:02.123Z");
    assert_str(timestamp_text(a, timestamp_parse_iso(STR("2026-11-22"))), "2026-11-22T00:00:00Z");
    assert_str(timestamp_text(a, timestamp_parse_iso(STR("1969-12-31T23:59:59.5Z"))), "1969-12-31T23:59:59.500Z");
    assert_str(timestamp_text(a, timestamp_parse_iso(STR("2026-11-22T05:56:02.1234567Z"))), "2026-11-22T05:56:02.123456700Z");
    static const char *const wrong[] = {"", "2026", "2026-11", "2026-11-22T", "2026-11/22", "2026-13-01", "2026-11-22T25:00:00", "2026-11-22T05:56:02.Z",
                                        "2026-11-22T05:56:02 PST", "2026-11-22T05:56:02Zx", " 2026-11-22", "2026-11-22 ", "0000-00-00", "2026-11-22T05:56:02+1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_true(timestamp_parse_iso(str_from(wrong[i])) == TIMESTAMP_NONE);
}

static void test_forms(void **state)
{
    (void)state;
    static const struct { const char *form, *text, *expected; } cases[] = {
        {"%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"},
        {"%b %e %H:%M:%S", "Jan  2 03:04:05", "2024-01-02T03:04:05Z"},
        {"%b %e %H:%M:%S", "Dec 31 23:59:59", "2024-12-31T23:59:59Z"},
        {"%s", "1700000000.25", "2023-11-14T22:13:20.250Z"},
        {"%s", "1700000000", "2023-11-14T22:13:20Z"},
        {"%m/%d/%Y %I:%M:%S %p", "11/22/2026 12:05:00 AM", "2026-11-22T00:05:00Z"},
        {"%m/%d/%Y %I:%M:%S %p", "11/22/2026 12:05:00 PM", "2026-11-22T12:05:00Z"},
        {"%Y-%m-%d %H:%M:%S.%f", "2026-11-22 05:56:02.5", "2026-11-22T05:56:02.500Z"},
        {"%y%j", "24366", "2024-12-31T00:00:00Z"},
        {"audit(%s:", "audit(1.5:", "1970-01-01T00:00:01.500Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str(timestamp_text(a, timestamp_parse_form(str_from(cases[i].text), cases[i].form, 2024)), cases[i].expected);
    assert_true(timestamp_parse_form(STR("Jan  2 03:04:05"), "%b %e %H:%M:%S", 0) == TIMESTAMP_NONE);
    assert_true(timestamp_parse_form(STR("23366"), "%y%j", 0) == TIMESTAMP_NONE);
    assert_true(timestamp_parse_form(STR("2024-01-01x"), "%Y-%m-%d", 0) == TIMESTAMP_NONE);
    assert_true(timestamp_parse_form(STR("99999999999999999999"), "%s", 0) == TIMESTAMP_NONE);
}

static void test_durations(void **state)
{
    (void)state;
    int64_t n;
    assert_true(duration_parse(STR("90s"), &n) && n == 90 * SECOND);
    assert_true(duration_parse(STR("1M"), &n) && n == 30 * 86400 * SECOND);
    assert_true(duration_parse(STR("5m"), &n) && n == 300 * SECOND);
    static const char *const wrong[] = {"", "5", "m", "5x", "-5m", "5 m", "1.5h", "99999999999w", "5mm"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(duration_parse(str_from(wrong[i]), &n));
    assert_str(duration_text(a, 300 * SECOND), "5m");
    assert_str(duration_text(a, 90 * SECOND), "90s");
    assert_str(duration_text(a, 86400 * SECOND), "1d");
    assert_str(duration_text(a, 0), "0s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar), cmocka_unit_test(test_iso), cmocka_unit_test(test_forms), cmocka_unit_test(test_durations),
    };
    a = arena_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
