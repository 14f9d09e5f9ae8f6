/* Escaping: each kind, over what is dangerous to it. */
#include "check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json), cmocka_unit_test(test_csv), cmocka_unit_test(test_html), cmocka_unit_test(test_terminal), cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
