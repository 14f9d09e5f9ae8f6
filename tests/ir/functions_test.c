/*
 * Scalar functions: every expression of functions.cases is true, with calls that keep things and without; what is kept is
 * bounded; limits hold.
 */
#include "base/time_zone.h"
#include "ir/eval.h"
#include "ir/functions.h"
#include "ir/ir.h"

#include "../tools/case_file.h"

static bool no_source(const eval_event *e, const stage *s, void *user)
{
    (void)e, (void)s, (void)user;
    return true;
}

static void no_field(const eval_event *e, const stage *s, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)e, (void)s, (void)f, (void)a, (void)out, (void)user;
}

static void cases_are_true(void **state)
{
    (void)state;
    arena *a = arena_new();
    ir_catalog *c = ir_catalog_new();
    pk_str file = read_whole_file(a, PICKET_SOURCE_DIR "/tests/ir/functions.cases");
    eval_schema s = {.is_source = no_source, .field = no_field};
    eval_event e = {.time = 0};
    size_t cases = 0, line_number = 0, wrong = 0;
    while (file.len) {
        pk_str line = next_line(&file);
        line_number++;
        if (line.len == 0 || str_starts_with(line, STR("--"))) continue;
        cases++;
        plan *p = ir_parse_plan(c, arena_printf(a, "e = match where " STR_FMT, STR_ARG(line)), STR("functions.cases"), ir_diags(c));
        if (!p) print_error("functions.cases:%zu: does not parse: " STR_FMT "\n", line_number, STR_ARG(line));
        else if (!eval_match(p, p->stages[0], &e, &s, a)) print_error("functions.cases:%zu: not true: " STR_FMT "\n", line_number, STR_ARG(line));
        else continue;
        wrong++;
    }
    assert_true(cases > 250);
    assert_int_equal(wrong, 0);
    ir_catalog_free(c);
    arena_free(a);
}

/* ---- what is kept ---- */

static value call_two(ir_calls *calls, arena *a, const char *name, value x, value y)
{
    value args[] = {x, y};
    return ir_function_call_in(calls, str_from(name), args, 2, a);
}

/* The same results from calls that keep and from none, and while patterns push each other out. */
static void kept_patterns_give_the_same(void **state)
{
    (void)state;
    arena *a = arena_new();
    ir_calls *calls = ir_calls_new();
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) {
            value pattern = value_string(arena_printf(a, "(%d)x", i)), subject = value_string(arena_printf(a, "ab%dxy", i));
            value kept = call_two(calls, a, "capture", subject, pattern), fresh = call_two(NULL, a, "capture", subject, pattern);
            pk_str number;
            assert_true(value_text(a, &kept, &number));
            assert_true(str_equal(number, arena_printf(a, "%d", i)));
            assert_true(value_equal(&kept, &fresh));
        }
    value bad = call_two(calls, a, "capture", value_string(STR("(")), value_string(STR("(")));
    assert_int_equal(bad.type, VALUE_MISSING);
    bad = call_two(calls, a, "capture", value_string(STR("(")), value_string(STR("(")));
    assert_int_equal(bad.type, VALUE_MISSING);
    ir_calls_free(calls);
    arena_free(a);
}

static void now_is_that_of_the_run(void **state)
{
    (void)state;
    arena *a = arena_new();
    ir_calls *calls = ir_calls_new();
    assert_int_equal(ir_function_call_in(calls, STR("now"), NULL, 0, a).type, VALUE_MISSING);
    ir_calls_set_now(calls, 1716401819 * SECOND);
    value now = ir_function_call_in(calls, STR("now"), NULL, 0, a);
    assert_int_equal(now.type, VALUE_TIME);
    assert_true(now.as.time == 1716401819 * SECOND);
    assert_true(ir_function_find(STR("now"))->varies);
    assert_false(ir_function_find(STR("random"))->varies);
    ir_calls_free(calls);
    arena_free(a);
}

/* ---- limits ---- */

static value repeated(arena *a, char c, size_t n)
{
    char *bytes = arena_alloc(a, n);
    memset(bytes, c, n);
    return value_string((pk_str){bytes, n});
}

static void results_are_cut_and_counted(void **state)
{
    (void)state;
    arena *a = arena_new();
    ir_calls *calls = ir_calls_new();
    value args[] = {repeated(a, 'a', 100000), value_string(STR("")), repeated(a, 'b', 100000)};
    value v = ir_function_call_in(calls, STR("regex_replace"), args, 3, a);
    assert_int_equal(v.type, VALUE_STRING);
    assert_int_equal(v.as.string.len, IR_MAX_TEXT);
    args[1] = value_string(STR("a"));
    v = ir_function_call_in(calls, STR("text_replace"), args, 3, a);
    assert_int_equal(v.as.string.len, IR_MAX_TEXT);
    args[2] = value_string(STR("€"));
    args[0] = repeated(a, 'a', 500000);
    v = ir_function_call_in(calls, STR("text_replace"), args, 3, a); /* never inside a character */
    assert_true(v.as.string.len <= IR_MAX_TEXT && v.as.string.len % 3 == 0 && v.as.string.len > IR_MAX_TEXT - 3);
    v = call_two(calls, a, "text_split", args[0], value_string(STR("")));
    assert_int_equal(v.as.list.count, IR_MAX_LIST);
    v = call_two(calls, a, "capture_all", args[0], value_string(STR("a")));
    assert_int_equal(v.as.list.count, IR_MAX_LIST);
    assert_int_equal(ir_calls_cut(calls), 5);
    ir_calls_free(calls);
    arena_free(a);
}

static void hostile_patterns_end(void **state)
{
    (void)state;
    arena *a = arena_new();
    ir_calls *calls = ir_calls_new();
    value v = call_two(calls, a, "regex_found", value_string(STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")), value_string(STR("^(a+)+$")));
    assert_int_equal(v.type, VALUE_BOOL);
    assert_false(v.as.boolean);
    assert_true(ir_calls_gave_up(calls) > 0);
    ir_calls_free(calls);
    arena_free(a);
}

/* ---- zones ---- */

static void names_of_zones(void **state)
{
    (void)state;
    static const char *const known[] = {"UTC", "GMT", "Europe/London", "America/Los_Angeles", "-08:00", "+2", "+05:30", "+0530", "-8:00"};
    static const char *const unknown[] = {"", "PST8", "/etc/passwd", "../UTC", "Europe", "Europe/", "+25:00", "+1:2:3", "08:00", "+", "UTC;", "+123"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!ir_is_time_zone(str_from(known[i]))) fail_msg("%s is a time zone", known[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (ir_is_time_zone(str_from(unknown[i]))) fail_msg("%s is no time zone", unknown[i]);
}

/* Clocks of Berlin skip 2:00 to 3:00 on 31 March 2024 and show 2:00 to 3:00 twice on 27 October. */
static void local_times_become_points_in_time(void **state)
{
    (void)state;
    arena *a = arena_new();
    const time_zone *berlin = time_zone_find(a, STR("Europe/Berlin"));
    assert_non_null(berlin);
    static const struct { const char *local, *utc; } cases[] = {
        {"2024-03-31 01:59:59", "2024-03-31 00:59:59"}, {"2024-03-31 03:00:00", "2024-03-31 01:00:00"},
        {"2024-03-31 02:30:00", "2024-03-31 01:30:00"}, {"2024-10-27 02:30:00", "2024-10-27 00:30:00"},
        {"2024-10-27 03:00:00", "2024-10-27 02:00:00"}, {"2024-06-01 12:00:00", "2024-06-01 10:00:00"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t local = timestamp_parse_iso(str_from(cases[i].local)) / SECOND, utc = timestamp_parse_iso(str_from(cases[i].utc)) / SECOND;
        if (time_zone_from_local(berlin, local) != utc) fail_msg("%s is %s UTC", cases[i].local, cases[i].utc);
    }
    arena_free(a);
}

/* Each prefix of a zone's file, and the file with each byte of its header changed, is read or refused. */
static void damaged_zones_are_refused(void **state)
{
    (void)state;
    arena *a = arena_new();
    pk_str file = read_whole_file(a, "/usr/share/zoneinfo/America/New_York");
    assert_non_null(time_zone_read(a, file));
    for (size_t len = 0; len + 1 < file.len; len++)
        if (time_zone_read(a, str_slice(file, 0, len))) fail_msg("the first %zu bytes are no zone", len);
    char *damaged = arena_cstring(a, file);
    for (size_t i = 0; i < file.len; i++) {
        damaged[i] = (char)(damaged[i] ^ 0x41);
        const time_zone *z = time_zone_read(a, (pk_str){damaged, file.len});
        if (z) time_zone_offset(z, 1700000000);
        damaged[i] = (char)(damaged[i] ^ 0x41);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_true),
        cmocka_unit_test(kept_patterns_give_the_same),
        cmocka_unit_test(now_is_that_of_the_run),
        cmocka_unit_test(results_are_cut_and_counted),
        cmocka_unit_test(hostile_patterns_end),
        cmocka_unit_test(names_of_zones),
        cmocka_unit_test(local_times_become_points_in_time),
        cmocka_unit_test(damaged_zones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
