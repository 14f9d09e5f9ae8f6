/* Escaping: each kind, over what is dangerous to it. */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

typedef struct { const char *in, *out; } pair;

static void check_pairs(const pair *pairs, size_t n, void (*put)(text *t, pk_str s))
{
    text t = {0};
    for (size_t i = 0; i < n; i++) {
        text_clear(&t);
        put(&t, str_from(pairs[i].in));
        assert_str(text_view(&t), pairs[i].out);
    }
    text_free(&t);
}

static void test_json(void **state)
{
    (void)state;
    static const pair cases[] = {
        {"", "\"\""}, {"a\"b\\c", "\"a\\\"b\\\\c\""}, {"\n\t\r\b\f\x01\x1f\x7f", "\"\\n\\t\\r\\b\\f\\u0001\\u001f\\u007f\""},
        {"\xc3\xa9\xff!", "\"\xc3\xa9\xef\xbf\xbd!\""}, {"\xe2\x80\xa8", "\"\\u2028\""},
    };
    check_pairs(cases, sizeof cases / sizeof *cases, text_put_json);
}

/* Every character at every place of texts of every length up to 40, and behind a text that left hardly any room: by the bytes. */
static void test_json_everywhere(void **state)
{
    (void)state;
    static const pair odd[] = {{"\"", "\\\""}, {"\x7f", "\\u007f"}, {"\x01", "\\u0001"}, {"\n", "\\n"}, {"\xc3\xa9", "\xc3\xa9"},
                               {"\xe2\x80\xa9", "\\u2029"}, {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}, {"\x80", "\xef\xbf\xbd"}, {"z", "z"}};
    for (size_t len = 0; len <= 40; len++)
        for (size_t at = 0; at <= len; at++)
            for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
                char in[128], expected[128];
                snprintf(in, sizeof in, "%.*s%s%.*s", (int)at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP", odd[k].in, (int)(len - at),
                         "0123456789+-/,.;:_#'~*?=()&%$!<>|^ @0123");
                snprintf(expected, sizeof expected, "%.*s%s%.*s", (int)at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP", odd[k].out,
                         (int)(len - at), "0123456789+-/,.;:_#'~*?=()&%$!<>|^ @0123");
                text t = {0};
                char *bytes = mem_alloc(strlen(in)); /* so that reading past the end is seen */
                memcpy(bytes, in, strlen(in));
                text_put_json_inside(&t, (pk_str){bytes, strlen(in)});
                assert_str(text_view(&t), expected);
                mem_free(bytes);
                text_free(&t);
            }
}

/* Nothing but what must be escaped: six times as long. */
static void test_json_grows(void **state)
{
    (void)state;
    char controls[3000];
    memset(controls, 1, sizeof controls);
    text t = {0};
    text_put_json(&t, (pk_str){controls, sizeof controls});
    assert_int_equal(t.len, 6 * sizeof controls + 2);
    for (size_t i = 0; i < sizeof controls; i++) assert_memory_equal(t.ptr + 1 + 6 * i, "\\u0001", 6);
    text_free(&t);
}

static void test_csv(void **state)
{
    (void)state;
    static const pair cases[] = {
        {"", ""}, {"plain", "plain"}, {"a,b", "\"a,b\""}, {"say \"x\"", "\"say \"\"x\"\"\""}, {"\"", "\"\"\"\""}, {"two\nlines", "\"two\nlines\""},
        {"=cmd|'/c calc'!A1", "\"'=cmd|'/c calc'!A1\""}, {"@x", "\"'@x\""}, {"-5", "-5"}, {"-5+cmd", "\"'-5+cmd\""}, {"+1e3", "+1e3"},
    };
    check_pairs(cases, sizeof cases / sizeof *cases, text_put_csv);
}

static void test_html(void **state)
{
    (void)state;
    static const pair cases[] = {
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"}, {"a&b\"", "a&amp;b&quot;"}, {"\x1b[31m", "\\x1b[31m"},
        {"\xe2\x80\xae" "exe", "\\u{202e}exe"},
    };
    check_pairs(cases, sizeof cases / sizeof *cases, text_put_html);
}

static void test_terminal(void **state)
{
    (void)state;
    static const pair cases[] = {
        {"\x1b]0;title\x07", "\\x1b]0;title\\x07"}, {"a\nb\tc\r", "a\\nb\\tc\\r"}, {"\xc2\x9b" "31m", "\\x9b31m"}, {"\x7f", "\\x7f"}, {"\xff", "\\xff"},
        {"C:\\Temp", "C:\\Temp"}, {"\xe2\x81\xa6x", "\\u{2066}x"}, {"\xef\xbf\xbd", "\xef\xbf\xbd"}, {"\xc3\xa9\xe4\xb8\xad", "\xc3\xa9\xe4\xb8\xad"},
    };
    check_pairs(cases, sizeof cases / sizeof *cases, text_put_terminal);
}

static void test_numbers(void **state)
{
    (void)state;
    text t = {0};
    text_put_int(&t, INT64_MIN);
    text_put_char(&t, ' ');
    text_put_int(&t, 0);
    static const double values[] = {3, -0.5, 0.1, 1e21, 1.0 / 3, 5e-324};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        text_put_char(&t, ' ');
        text_put_double(&t, values[i]);
    }
    text_printf(&t, " %0100d", 7);
    assert_int_equal(t.len, sizeof "-9223372036854775808 0 3 -0.5 0.1 1e+21 0.3333333333333333 4.94065645841247e-324 " - 1 + 100);
    assert_str(str_slice(text_view(&t), 0, 54), "-9223372036854775808 0 3 -0.5 0.1 1e+21 0.333333333333");
    text_free(&t);
}

static void check_integer(int64_t n)
{
    text t = {0};
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRId64, n);
    text_put_int(&t, n);
    assert_str(text_view(&t), expected);
    text_free(&t);
}

/* Around each power of ten and of two, where the number of digits is guessed. */
static void test_integers(void **state)
{
    (void)state;
    for (int64_t around = 1; around <= INT64_MAX / 10; around *= 10)
        for (int64_t n = around - 2; n <= around + 2; n++) check_integer(n), check_integer(-n);
    for (int bit = 0; bit < 63; bit++) check_integer((INT64_C(1) << bit) - 1), check_integer(-(INT64_C(1) << bit));
    check_integer(INT64_MAX);
    check_integer(INT64_MIN);
}

static void test_counts(void **state)
{
    (void)state;
    static const struct { uint64_t n; const char *text; } cases[] = {
        {0, "0 files"}, {1, "1 file"}, {2, "2 files"}, {999, "999 files"}, {1000, "1,000 files"}, {1234567, "1,234,567 files"},
        {UINT64_MAX, "18,446,744,073,709,551,615 files"},
    };
    text t = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_clear(&t);
        text_put_count(&t, cases[i].n, "file", "files");
        assert_str(text_view(&t), cases[i].text);
    }
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json), cmocka_unit_test(test_json_everywhere), cmocka_unit_test(test_json_grows), cmocka_unit_test(test_csv), cmocka_unit_test(test_html), cmocka_unit_test(test_terminal), cmocka_unit_test(test_numbers), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
