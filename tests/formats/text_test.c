/* Lines of text: cases of every kind of line, the kinds' own examples, encodings, and what is no log at all. */
#include "cases.h"

#include "base/unicode.h"
#include "formats/text/line.h"
#include "formats/text/text.h"

static void test_cases(void **state)
{
    (void)state;
    assert_true(run_cases(&text_format, "text.cases") > 10);
}

/* Each row of the table names an example: it must be of that kind, with nothing but "#Fields:" to help. */
static void test_examples(void **state)
{
    (void)state;
    for (const line_kind *k = line_kinds; k->name; k++) {
        if (!strcmp(k->name, "w3c")) continue;
        assert_string_equal(line_kind_of(str_from(k->example)), k->name);
    }
}

static void test_utf16(void **state)
{
    (void)state;
    arena *a = arena_new();
    pk_str line = STR("Apr  2 10:00:00 w\xc3\xa9""b1 a[7]: \xf0\x9f\x98\x80 \xe2\x82\xac\r\nApr  2 10:00:01 x b: two\r\n");
    for (int big = 0; big < 2; big++) {
        pk_str bytes = utf8_to_utf16(a, line, big, true);
        assert_true(text_format.detect(bytes, STR("x.txt"), true) > 0);
        for (size_t chunk = 1; chunk < 9; chunk++) {
            whole_log log = log_read(&text_format, bytes, 64, 1 << 20, chunk);
            assert_int_equal(log.events.len, 2);
            assert_true(str_equal(log.events.at[0].raw, str_slice(line, 0, str_find_char(line, '\r'))));
            assert_int_equal(log.events.at[1].line, 2);
            assert_false(log.differs);
            log_free(&log);
        }
    }
    arena_free(a);
}

/* An unpaired surrogate and half a character at the end become U+FFFD or nothing; they never stop the reading. */
static void test_broken_utf16(void **state)
{
    (void)state;
    static const char bytes[] = "\xff\xfe" "a\0" "\x00\xd8" "b\0" "\x00\xdc" "\n\0" "c\0" "\x01\xd8";
    whole_log log = log_read(&text_format, (pk_str){bytes, sizeof bytes - 1}, 1, 1 << 20, 3);
    assert_int_equal(log.events.len, 2);
    assert_true(str_equal(log.events.at[0].raw, STR("a\xef\xbf\xbd" "b\xef\xbf\xbd")));
    assert_true(str_equal(log.events.at[1].raw, STR("c\xef\xbf\xbd")));
    log_free(&log);
}

/* The line of 3 MB has no place in the memory that a limit of 1 KB asks for; what follows it is read. */
static void test_long_line(void **state)
{
    (void)state;
    size_t len = 3 << 20;
    char *bytes = mem_alloc(len + 64);
    memset(bytes, 'x', len);
    memcpy(bytes + len, "\nApr  2 10:00:00 web1 a: after\n", 32);
    whole_log log = log_read(&text_format, (pk_str){bytes, len + 31}, 4096, 1024, 4096);
    assert_int_equal(log.events.len, 1);
    assert_int_equal(log.events.at[0].line, 2);
    assert_int_equal(diag_count(log.problems), 1);
    assert_int_equal(diag_at(log.problems, 0)->line, 1);
    log_free(&log);
    mem_free(bytes);
}

static void test_no_log(void **state)
{
    (void)state;
    static const char *const others[] = {
        "                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007\n\n Copyright (C) 2007 "
        "Free Software Foundation, Inc.\n Everyone is permitted to copy and distribute verbatim copies\n",
        "# picket\n\nA detection engine.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "#include <stdio.h>\n\nint main(void)\n{\n    int a = 1, b = 2;\n    printf(\"%d\", a + b);\n}\n",
        "<!DOCTYPE html>\n<html lang=\"en\">\n<body class=\"a\" id=\"b\" style=\"c\">\n<p>10.0.0.1</p>\n</body>\n</html>\n",
        "title: a rule\nid: 1\nstatus: test\ndate: 2024-04-02\nlogsource:\n    product: windows\ndetection:\n    a: b\n",
        "[Unit]\nDescription=x\n\n[Service]\nExecStart=/bin/true a=1 b=2 c=3\n",
        "\x89PNG\r\n\x1a\n\x01\x02\x03\x04\x05\x06",
        "\n\n\n",
        "",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(text_format.detect(str_from(others[i]), STR("README"), true), 0);
}

/* Stack traces: one line in three says when. A name that says log is enough for lines that say little. */
static void test_some_log(void **state)
{
    (void)state;
    pk_str trace = STR("2024-04-02 10:00:00 ERROR x\n  at a.b(C.java:1)\n  at d.e(F.java:2)\n");
    pk_str bare = STR("Exit (root): Disconnect received\nBad password attempt for 'kim'\n");
    assert_true(text_format.detect(trace, STR("x"), true) > 0);
    assert_int_equal(text_format.detect(bare, STR("notes.txt"), true), 0);
    assert_true(text_format.detect(bare, STR("dropbear.log.1"), true) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),       cmocka_unit_test(test_examples),  cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_broken_utf16), cmocka_unit_test(test_long_line), cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_some_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
