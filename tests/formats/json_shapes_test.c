/*
 * Records among others of their shape, whose keys are expected where they stood before: each byte of one is altered, and up to
 * four are left out. What is read must be what a parser that expects nothing reads, and what it refuses must not come out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/json/json.h"
#include "whole_log.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const records[] = {
    "{\"a\":\"x\",\"n\":12,\"b\":\"C:\\\\y\",\"a longer key, which does not fit in one step\":\"z\",\"e\":null}",
    "{\"l\":[{\"a\":\"x\"},{\"a\":\"y\",\"b\":1}],\"o\":{\"a\":{\"a\":\"\"}},\"t\":\"{\\\"a\\\":\\\"x\\\",\\\"n\\\":-5}\"}",
    "{ \"a\" : \"x\" , \"n\": 1234567890123 ,\t\"o\" : { \"a\": \"\", \"b\" : [ \"1\", \"2\" ] } }",
};

static const char others[] = "{}[],:\" \\0x";

static uint64_t events_of(const whole_log *log, uint64_t line)
{
    uint64_t n = 0;
    for (size_t i = 0; i < log->events.len; i++) n += log->events.at[i].line == line;
    return n;
}

/* Most of it is passed over when little is asked for, and proved all the same. */
static bool little_is_the_same(const whole_log *all, pk_str lines)
{
    path_set *paths = path_set_new();
    path_add(paths, STR("a"));
    path_add(paths, STR("o.b"));
    path_set_freeze(paths);
    whole_log log = {.arena = arena_new(), .problems = diag_list_new(), .paths = paths};
    read_once(&log, &json_format, lines, (cut_options){.record_limit = 1 << 20, .block_size = 1 << 16}, 1 << 16);
    bool same = !log.differs && log.damaged == all->damaged && log.events.len == all->events.len;
    log_free(&log);
    path_set_free(paths);
    return same;
}

/* The record, as the third line behind good ones. */
static void check(pk_str record, pk_str good, bool last)
{
    arena *a = arena_new();
    value tree;
    const bool right = json_text_parse(record, 100, a, &tree) && tree.type == VALUE_RECORD;
    pk_str twice = arena_printf(a, STR_FMT "\n" STR_FMT "\n", STR_ARG(good), STR_ARG(good));
    pk_str lines = arena_concat(a, twice, record);
    if (!last) lines = arena_printf(a, STR_FMT "\n" STR_FMT "\n", STR_ARG(lines), STR_ARG(good));
    whole_log log = log_read(&json_format, lines, 1 << 16, 1 << 20, 1 << 16);
    if (log.differs || !little_is_the_same(&log, lines)) fail_msg("fields, tree and text differ: " STR_FMT, STR_ARG(record));
    if (right && (log.damaged || events_of(&log, 3) != 1)) fail_msg("refused: " STR_FMT, STR_ARG(record));
    if (!right && !log.damaged && events_of(&log, 3) == 1) fail_msg("taken: " STR_FMT, STR_ARG(record));
    assert_int_equal(events_of(&log, 1), 1);
    assert_int_equal(events_of(&log, 2), 1);
    log_free(&log);
    arena_free(a);
}

static void test_altered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        const pk_str good = str_from(records[i]);
        check(good, good, false);
        for (size_t at = 0; at < good.len; at++) {
            char altered[200];
            for (size_t n = 1; n <= 4 && n <= good.len - at; n++) {
                memcpy(altered, good.ptr, at);
                memcpy(altered + at, good.ptr + at + n, good.len - at - n);
                check((pk_str){altered, good.len - n}, good, false);
            }
            memcpy(altered, good.ptr, good.len);
            for (const char *c = others; *c; c++) {
                altered[at] = *c;
                check((pk_str){altered, good.len}, good, false);
            }
        }
    }
}

/* Every end of a record, at the end of what there is. */
static void test_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        const pk_str good = str_from(records[i]);
        for (size_t len = 1; len < good.len; len++) check((pk_str){good.ptr, len}, good, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_altered), cmocka_unit_test(test_cut_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
