/*
 * The sieve lets every text through in which, once folded, one of its literals stands: wherever it stands, in whatever case,
 * with letters beyond ASCII that fold into its own, in UTF-8 or UTF-16. And few others: only where literals themselves are beyond ASCII.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/text.h"
#include "base/unicode.h"
#include "compile/literal_sieve.h"

static uint64_t state = 88172645463325252ull;

static uint32_t next_random(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static const char letters[] = "ks::\\x. 1z@[`{";

static pk_str random_literal(arena *a, size_t least, size_t most)
{
    size_t len = least + next_random((uint32_t)(most - least + 1));
    char *p = arena_alloc(a, len);
    for (size_t i = 0; i < len; i++) p[i] = letters[next_random(sizeof letters - 1)];
    return (pk_str){p, len};
}

static void put_in_some_case(text *t, pk_str literal, bool ascii)
{
    for (size_t i = 0; i < literal.len; i++) {
        char c = literal.ptr[i];
        bool other = next_random(2);
        if (!ascii && c == 'k' && other) text_put_cstring(t, "\xe2\x84\xaa");
        else if (!ascii && c == 's' && other) text_put_cstring(t, "\xc5\xbf");
        else text_put_char(t, (char)(other && c >= 'a' && c <= 'z' ? c - 0x20 : c));
    }
}

static void lets_through_what_holds_a_literal(void **unused)
{
    size_t through = 0, held = 0, shut = 0;
    (void)unused;
    for (int round = 0; round < 3000; round++) {
        arena *a = arena_new();
        pk_str literals[256];
        size_t count = 1 + next_random(round % 10 ? 30 : 256);
        literal_sieve sieve;
        for (size_t i = 0; i < count; i++) literals[i] = random_literal(a, 3, 12);
        assert_true(literal_sieve_build(&sieve, literals, count, 99, SIEVE_OF_LOGS));
        for (int n = 0; n < 20; n++) {
            text t = {0};
            bool ascii = next_random(2), holds = false;
            for (uint32_t k = next_random(80); k > 0; k--) text_put_char(&t, letters[next_random(sizeof letters - 1)]);
            if (next_random(2)) put_in_some_case(&t, literals[next_random((uint32_t)count)], ascii);
            for (uint32_t k = next_random(80); k > 0; k--) text_put_char(&t, "KSXZ:ks"[next_random(7)]);
            char *exact = malloc(t.len + 1); /* so that a sanitizer sees what is read behind the end */
            memcpy(exact, t.ptr ? t.ptr : "", t.len);
            exact = realloc(exact, t.len ? t.len : 1);
            pk_str content = {exact, t.len}, folded = fold(a, content);
            for (size_t i = 0; i < count; i++) holds |= str_find(folded, literals[i]) != STR_NPOS;
            bool lets = literal_sieve_lets_through(&sieve, content);
            assert_true(lets || !holds);
            if (!folds_to_ascii(content)) assert_int_equal(lets, holds);
            through += lets, held += holds, shut += !lets;
            free(exact);
            text_free(&t);
        }
        literal_sieve_free(&sieve);
        arena_free(a);
    }
    assert_true(held > 10000 && shut > 10000);
    print_message("%zu let through, %zu held a literal, %zu shut out\n", through, held, shut);
}

/* A text as JSON may write it: any character as its number, some by short escapes. */
static void put_as_json(text *t, pk_str s)
{
    text_put_char(t, '"');
    for (size_t at = 0; at < s.len;) {
        size_t before = at;
        uint32_t c = utf8_next(s, &at);
        if (next_random(6) == 0) text_printf(t, next_random(2) ? "\\u%04x" : "\\u%04X", c);
        else if (c == '"' || c == '\\' || (c == '/' && next_random(2))) text_printf(t, "\\%c", (int)c);
        else if (c == '\n') text_put_cstring(t, "\\n");
        else text_put(t, str_slice(s, before, at - before));
    }
    text_put_char(t, '"');
}

static void lets_json_through_what_holds_a_literal(void **unused)
{
    static const char *const pieces[] = {"\\", "\\\\", "u0", "u2", "k", "K", "\xe2\x84\xaa", "s", "S", "\xc5\xbf", "\"", "/", "\n", ":", "\\u0073", "x", "mimi", "LIB"};
    pk_str literals[] = {STR("k::s"), STR("\\mimilib"), STR("sks")};
    size_t held = 0, shut = 0;
    literal_sieve sieve;
    (void)unused;
    for (int round = 0; round < 60000; round++) {
        arena *a = arena_new();
        text t = {0}, json = {0};
        bool holds = false;
        size_t count = 1 + next_random(3);
        assert_true(literal_sieve_build(&sieve, literals, count, 99, SIEVE_OF_LOGS));
        for (uint32_t n = next_random(12); n > 0; n--) text_put_cstring(&t, pieces[next_random(18)]);
        if (next_random(2)) put_in_some_case(&t, literals[next_random((uint32_t)count)], next_random(2));
        for (uint32_t n = next_random(12); n > 0; n--) text_put_cstring(&t, pieces[next_random(18)]);
        put_as_json(&json, text_view(&t));
        pk_str folded = fold(a, text_view(&t));
        for (size_t i = 0; i < count; i++) holds |= str_find(folded, literals[i]) != STR_NPOS;
        bool lets = literal_sieve_lets_json_through(&sieve, text_view(&json));
        if (!lets && holds) fail_msg("%.*s", STR_ARG(text_view(&json)));
        held += holds, shut += !lets;
        literal_sieve_free(&sieve);
        text_free(&t);
        text_free(&json);
        arena_free(a);
    }
    print_message("%zu held a literal, %zu shut out\n", held, shut);
    assert_true(held > 10000 && shut > 1000);
    pk_str escaped[] = {STR("a/kk"), STR("kkk\"")};
    for (size_t i = 0; i < 2; i++) { /* the first has no three bytes that JSON always writes as they are: never shut out */
        assert_true(literal_sieve_build(&sieve, &escaped[i], 1, 99, SIEVE_OF_LOGS));
        assert_true(literal_sieve_lets_json_through(&sieve, STR("\"x\"")) == (i == 0));
        literal_sieve_free(&sieve);
    }
}

/* The text in UTF-16LE among other bytes, of which an even number stands before it, in a block of exactly that size. */
static char *put_wide(arena *a, pk_str content, size_t *len)
{
    static const uint16_t others[] = {0, 'k', 's', 0x80, 0xff, 0x6b00, 0x736b, 0x3a3a, 0x8000, 0xd83d, 0xde00, 0x4e2d, 0xffff};
    text t = {0};
    pk_str wide = utf8_to_utf16(a, content, false, false);
    for (uint32_t n = next_random(40); n > 0; n--) text_put(&t, (pk_str){(const char *)&others[next_random(sizeof others / sizeof *others)], 2});
    text_put(&t, wide);
    for (uint32_t n = next_random(40); n > 0; n--) text_put(&t, (pk_str){(const char *)&others[next_random(sizeof others / sizeof *others)], 2});
    if (next_random(8) == 0) text_put_char(&t, 's');
    char *exact = malloc(t.len + 1);
    memcpy(exact, t.ptr ? t.ptr : "", t.len);
    *len = t.len;
    text_free(&t);
    return realloc(exact, *len ? *len : 1);
}

static void lets_wide_through_what_holds_a_literal(void **unused)
{
    size_t held = 0, shut = 0, wrong = 0;
    (void)unused;
    for (int round = 0; round < 3000; round++) {
        arena *a = arena_new();
        pk_str literals[256];
        size_t count = 1 + next_random(round % 10 ? 30 : 256), len;
        literal_sieve sieve;
        for (size_t i = 0; i < count; i++) literals[i] = random_literal(a, 4, 12);
        assert_true(literal_sieve_build(&sieve, literals, count, 99, SIEVE_OF_LOGS));
        for (int n = 0; n < 20; n++) {
            text t = {0};
            bool ascii = next_random(4), holds = false;
            for (uint32_t k = next_random(60); k > 0; k--) text_put_char(&t, letters[next_random(sizeof letters - 1)]);
            if (next_random(2)) put_in_some_case(&t, literals[next_random((uint32_t)count)], ascii);
            for (uint32_t k = next_random(60); k > 0; k--) text_put_char(&t, "KSXZ:ks"[next_random(7)]);
            pk_str content = text_view(&t), folded = fold(a, content);
            for (size_t i = 0; i < count; i++) holds |= str_find(folded, literals[i]) != STR_NPOS;
            char *exact = put_wide(a, content, &len);
            bool lets = literal_sieve_lets_wide_through(&sieve, (pk_str){exact, len});
            assert_true(lets || !holds);
            held += holds, shut += !lets, wrong += lets && !holds && !folds_to_ascii(content);
            free(exact);
            text_free(&t);
        }
        literal_sieve_free(&sieve);
        arena_free(a);
    }
    print_message("%zu held a literal, %zu shut out, %zu let through for what stands beside them\n", held, shut, wrong);
    assert_true(held > 10000 && shut > 10000 && wrong < 3000);
}

static void literals_beyond_ascii(void **unused)
{
    pk_str literals[] = {STR("\xc3\xa4rger"), STR("::\xe2\xb1\xa5")}; /* ärger; the second folds from a letter of two bytes */
    literal_sieve sieve;
    (void)unused;
    assert_true(literal_sieve_build(&sieve, literals, 1, 99, SIEVE_OF_LOGS));
    assert_true(literal_sieve_lets_through(&sieve, STR("viel \xc3\x84RGER")));
    assert_false(literal_sieve_lets_through(&sieve, STR("viel \xc3\x84RG R")));
    assert_true(literal_sieve_lets_wide_through(&sieve, (pk_str){"\xc4\0R\0G\0E\0R\0", 10}));
    assert_false(literal_sieve_lets_wide_through(&sieve, (pk_str){"\xc4\0R\0G\0\0ER\0", 10}));
    literal_sieve_free(&sieve);
    assert_false(literal_sieve_build(&sieve, literals, 2, 99, SIEVE_OF_LOGS)); /* no three ASCII bytes */
    pk_str shorter[] = {STR("ab")};
    assert_false(literal_sieve_build(&sieve, shorter, 1, 99, SIEVE_OF_LOGS));
    assert_false(literal_sieve_build(&sieve, NULL, 0, 99, SIEVE_OF_LOGS));
}

/* folds_to_ascii knows every character that does. */
static void characters_that_fold_to_ascii(void **unused)
{
    (void)unused;
    for (uint32_t c = 0x80; c < 0x110000; c++) {
        char bytes[4];
        if (c >= 0xd800 && c < 0xe000) continue;
        assert_int_equal(folds_to_ascii((pk_str){bytes, utf8_put(bytes, c)}), fold_code_point(c) < 0x80);
    }
}

/* Digits of hashes stand everywhere among digits of hashes, and hardly in the log text that sieves are judged by first. */
static void hashes_are_suspected_in_texts_like_them(void **unused)
{
    (void)unused;
    enum { HASHES = 600, DIGITS = 32 };
    static char digits[HASHES][DIGITS];
    pk_str literals[HASHES], keyword = STR("sekurlsa::logonpasswords");
    literal_sieve s;
    for (size_t i = 0; i < HASHES; i++) {
        for (size_t k = 0; k < DIGITS; k++) digits[i][k] = "0123456789abcdef"[next_random(16)];
        literals[i] = (pk_str){digits[i], DIGITS};
    }
    assert_true(literal_sieve_build(&s, literals, HASHES, SIZE_MAX, SIEVE_OF_FOLDED));
    assert_in_range(literal_sieve_suspected_like(&s), 500, 1000);
    literal_sieve_free(&s);
    assert_true(literal_sieve_build(&s, &keyword, 1, SIZE_MAX, SIEVE_OF_LOGS));
    assert_int_equal(literal_sieve_suspected_like(&s), 0);
    literal_sieve_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lets_through_what_holds_a_literal), cmocka_unit_test(lets_json_through_what_holds_a_literal), cmocka_unit_test(lets_wide_through_what_holds_a_literal), cmocka_unit_test(literals_beyond_ascii),
                                       cmocka_unit_test(characters_that_fold_to_ascii), cmocka_unit_test(hashes_are_suspected_in_texts_like_them)};
    return cmocka_run_group_tests_name("sieve", tests, NULL, NULL);
}
