/*
 * The end of a string, told by each of the ways, is where the scanner of errors sees it; and what stands before it is taken where simdjson's
 * parser takes it. Texts are put together at random (always the same ones) of pieces that matter, so that they meet the borders of steps in all ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "formats/json/scan.h"
#include "formats/json/simdjson_shim.h"
#include "formats/json/strings.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const pieces[] = {
    "a", "C:\\\\Windows", "\\\"", "\\", "\\\\", "\\\\\\\\\\\\\\", "\"", "\\u003c\\r\\n\\/", "\\u12", "\\ud83d\\ude00", "\\x", "\xc3\xa4", "\xe2\x82\xac", "\xc3", "\x01",
    "\n", "\x7f", "0123456789abcdef", "0123456789abcdef0123456789abcde", "{\"a\":1},",
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* The string without its opening quote; mostly a right one: a wrong piece now and then. */
static size_t make_string(uint32_t *state, char *to, size_t room)
{
    const bool careful = next(state) % 4 != 0;
    size_t len = 0;
    for (size_t wanted = next(state) % 20; wanted; wanted--) {
        const char *piece = pieces[next(state) % COUNT(pieces)];
        if (careful && strchr("\\\"\xc3\x01\n{", *piece) && !piece[1]) piece = "plain";
        if (len + strlen(piece) + 1 > room) break;
        memcpy(to + len, piece, strlen(piece));
        len += strlen(piece);
    }
    to[len++] = '"';
    return len;
}

typedef const char *(*closer)(const char *p, const char *end, bool *escaped);
static const char *close_inline(const char *p, const char *end, bool *escaped) { return string_close(p, end, escaped); }
static const closer closers[] = {close_inline, string_close_far, string_close_anywhere};

/* `quoted` has room behind it, as blocks have. */
static bool check(simdjson_parser *parser, const char *quoted, size_t len)
{
    const char *close = scan_string(quoted, quoted + len), *expected = NULL;
    simdjson_record record;
    if (close) {
        const size_t whole = (size_t)(close - quoted);
        char *copy = mem_zalloc(1, whole + 64);
        memcpy(copy, quoted, whole);
        if (simdjson_parse(parser, copy, whole, &record)) expected = close - 1;
        mem_free(copy);
    }
    for (size_t i = 0; i < COUNT(closers); i++) {
        bool escaped = false;
        const char *found = closers[i](quoted + 1, quoted + len, &escaped);
        if (found != expected) fail_msg("way %zu: %.*s", i, (int)len, quoted);
        if (found && escaped != (memchr(quoted, '\\', (size_t)(found - quoted)) != NULL)) fail_msg("way %zu, escaped: %.*s", i, (int)len, quoted);
    }
    return expected;
}

static void test_as_others(void **unused)
{
    (void)unused;
    simdjson_parser *parser = simdjson_parser_new(512);
    uint32_t state = 1;
    size_t taken = 0, count = 100000;
    for (size_t i = 0; i < count; i++) {
        char text[1024] = "\"";
        size_t len = 1 + make_string(&state, text + 1, 800);
        char *bytes = mem_zalloc(1, len + 64); /* of its size, so that too far a look is seen */
        memcpy(bytes, text, len);
        taken += check(parser, bytes, len);
        mem_free(bytes);
    }
    assert_in_range(taken, count / 4, count - count / 4);
    simdjson_parser_free(parser);
}

static void test_cut_off(void **unused)
{
    (void)unused;
    static const char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef\\u00e40123456789abcdef\\\\0123456789abcdef0123456789abcdef\\\"\xc3\xa4\"";
    for (size_t len = 0; len < sizeof text; len++) {
        char *bytes = mem_zalloc(1, len + 64);
        memcpy(bytes, text, len);
        bytes[len] = '"'; /* behind the end */
        for (size_t i = 0; i < COUNT(closers); i++) {
            bool escaped;
            assert_ptr_equal(closers[i](bytes, bytes + len, &escaped), len == sizeof text - 1 ? bytes + len - 1 : NULL);
        }
        mem_free(bytes);
    }
}

/* simdjson takes halves of surrogate pairs; a field of them would be no UTF-8. */
static void test_surrogates(void **unused)
{
    (void)unused;
    static const struct { const char *text; bool right; } cases[] = {
        {"\\ud83d\\ude00\"", true}, {"\\uD83D\\uDE00\"", true}, {"\\ud83d\"", false}, {"\\ude00\"", false}, {"\\ud83d\\u0041\"", false}, {"\\ud83dx\"", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[128] = {0};
        memcpy(bytes, cases[i].text, strlen(cases[i].text));
        for (size_t way = 0; way < COUNT(closers); way++) {
            bool escaped;
            assert_int_equal(closers[way](bytes, bytes + strlen(bytes), &escaped) != NULL, cases[i].right);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_others), cmocka_unit_test(test_cut_off), cmocka_unit_test(test_surrogates)};
    return cmocka_run_group_tests_name("json strings", tests, NULL, NULL);
}
