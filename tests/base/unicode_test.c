/* UTF-8 by the table of RFC 3629, folding by CaseFolding.txt, UTF-16, base64 by RFC 4648. */
#include "check.h"

#include "base/unicode.h"

static arena *a;

static void test_validity(void **state)
{
    (void)state;
    static const struct { const char *text; size_t bad; } cases[] = {
        {"", STR_NPOS}, {"plain ascii of some length", STR_NPOS}, {"\xc3\xa9", STR_NPOS}, {"\xe2\x82\xac", STR_NPOS}, {"\xf0\x9f\x98\x80", STR_NPOS},
        {"\x80", 0}, {"ab\xff", 2}, {"12345678\xc0\x80", 8}, {"\xc1\xbf", 0}, {"\xe0\x80\x80", 0}, {"\xed\xa0\x80", 0},
        {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"x\xe2\x82", 1}, {"\xf0\x8f\xbf\xbf", 0}, {"\xf4\x8f\xbf\xbf", STR_NPOS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_int_equal(utf8_bad_at(str_from(cases[i].text)), cases[i].bad);
    assert_str(utf8_repair(a, STR("a\xff" "b\xe2\x82")), "a\xef\xbf\xbd" "b\xef\xbf\xbd\xef\xbf\xbd");
    pk_str valid = STR("valid");
    assert_true(utf8_repair(a, valid).ptr == valid.ptr);
    assert_int_equal(utf8_length(STR("a\xc3\xa9\xf0\x9f\x98\x80")), 3);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 61) {
        if (c >= 0xd800 && c < 0xe000) continue;
        char out[4];
        size_t n = utf8_put(out, c), at = 0;
        assert_int_equal(utf8_next((pk_str){out, n}, &at), c);
        assert_int_equal(at, n);
        pk_str wide = utf8_to_utf16(a, (pk_str){out, n}, false, false);
        assert_true(str_equal(utf16le_to_utf8(a, (const uint8_t *)wide.ptr, wide.len), (pk_str){out, n}));
    }
}

static void test_fold(void **state)
{
    (void)state;
    static const struct { const char *text, *folded; } cases[] = {
        {"C:\\Windows\\System32\\CMD.EXE /C whoami", "c:\\windows\\system32\\cmd.exe /c whoami"},
        {"already small, with 1234 and @[`{", "already small, with 1234 and @[`{"},
        {"@AZ[`az{", "@az[`az{"},
        {"\xc3\x84RGER", "\xc3\xa4rger"},              /* A with diaeresis */
        {"\xce\xa3\xcf\x82\xcf\x83", "\xcf\x83\xcf\x83\xcf\x83"}, /* the three sigmas are one (C) */
        {"\xe2\x84\xaa", "k"},                         /* Kelvin sign (C) */
        {"\xc5\xbf", "s"},                             /* long s (C) */
        {"\xe1\xba\x9e", "\xc3\x9f"},                  /* capital sharp s (S) */
        {"\xc4\xb0\xc4\xb1", "\xc4\xb0\xc4\xb1"},      /* dotted and dotless i: T and F only */
        {"\xc8\xba", "\xe2\xb1\xa5"},                  /* gets longer */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_str(fold(a, str_from(cases[i].text)), cases[i].folded);
        assert_true(str_equal_fold(str_from(cases[i].text), str_from(cases[i].folded)));
        assert_true(str_equal_fold(str_from(cases[i].folded), str_from(cases[i].text)));
    }
    pk_str same = STR("nothing to do \xc3\xa9");
    assert_true(fold(a, same).ptr == same.ptr);
    assert_false(str_equal_fold(STR("ab"), STR("a")));
    /* Every position of a capital within the steps of 8. */
    for (size_t len = 1; len < 40; len++)
        for (size_t at = 0; at < len; at++) {
            char text[40], expected[41];
            memset(text, 'x', sizeof text);
            memset(expected, 'x', sizeof expected);
            text[at] = 'Q';
            expected[at] = 'q';
            expected[len] = 0;
            assert_str(fold(a, (pk_str){text, len}), expected);
        }
}

static void test_utf16(void **state)
{
    (void)state;
    assert_str(utf16le_to_utf8(a, (const uint8_t *)"a\0b\0c", 5), "ab");
    assert_str(utf16le_to_utf8(a, (const uint8_t *)"\x3d\xd8\x00\xde", 4), "\xf0\x9f\x98\x80");
    assert_str(utf16le_to_utf8(a, (const uint8_t *)"\x3d\xd8x\0\x00\xde", 6), "\xef\xbf\xbdx\xef\xbf\xbd");
    assert_str(utf16le_to_utf8(a, (const uint8_t *)"\xac\x20", 2), "\xe2\x82\xac");
    pk_str wide = utf8_to_utf16(a, STR("a\xf0\x9f\x98\x80"), true, true);
    assert_int_equal(wide.len, 8);
    assert_memory_equal(wide.ptr, "\xfe\xff\0a\xd8\x3d\xde\x00", 8);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_str(base64_encode(a, str_from(cases[i][0])), cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_fold), cmocka_unit_test(test_utf16), cmocka_unit_test(test_base64),
    };
    a = arena_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
