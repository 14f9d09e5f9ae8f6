/*
 * The index of JSON is that of simdjson's first stage. Texts are put together at random (always the same ones) of pieces that
 * matter, with long strings between them, so that they meet the borders of 64 bytes in all ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json_index_check.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const pieces[] = {
    "{\"a\":1,", "\"b\" : [true, -0.5e1]", "\"C:\\\\Windows\\\\x\"", "\"\\\"\"", "\\", "\\\\", "\\\\\\\\\\\\\\", "\"", "\n", "\r\n", "  ", ",", "}{", "[]",
    "\"\\u003c\\r\\n\\/\"", "\\u12", "\\ud83d\\ude00", "\\x", "\xc3\xa4", "\xc3", "\x01", "\x1a", "\x0c", "\t", "null", "abc",
    "\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"",
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Mostly right texts: a wrong piece now and then. */
static size_t make_text(uint32_t *state, char *to, size_t room)
{
    size_t len = 0, wanted = next(state) % 40;
    bool careful = next(state) % 4 != 0;
    for (size_t i = 0; i < wanted; i++) {
        const char *piece = pieces[next(state) % COUNT(pieces)];
        if (careful && (strchr("\\\xc3\x01\x1a\x0c", *piece) || strcmp(piece, "\"") == 0)) piece = pieces[COUNT(pieces) - 1];
        size_t n = strlen(piece), cut = *piece == '"' && n > 100 ? next(state) % 100 : 0;
        if (len + n + 2 > room) break;
        if (cut) to[len++] = '"';
        memcpy(to + len, piece + cut, n - cut);
        len += n - cut;
    }
    return len;
}

static void test_as_simdjson(void **unused)
{
    (void)unused;
    simdjson_parser *parser = simdjson_parser_new(512);
    json_indexer *x = json_indexer_new(parser);
    uint32_t state = 1;
    size_t accepted = 0;
    for (size_t i = 0; i < 200000; i++) {
        char text[4096];
        size_t len = make_text(&state, text, sizeof text);
        const char *what = index_differs(x, parser, (pk_str){text, len});
        json_index index;
        if (what) fail_msg("%s: %.*s", what, (int)len, text);
        memset(text + len, 0, len + 64 < sizeof text ? 64 : 0);
        accepted += len + 64 < sizeof text && json_index_make(x, text, len, &index) && index.count > 10;
    }
    assert_true(accepted > 10000); /* the texts are not all refused by both */
    json_indexer_free(x);
    simdjson_parser_free(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_simdjson)};
    return cmocka_run_group_tests_name("json index", tests, NULL, NULL);
}
