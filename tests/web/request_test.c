/* Requests taken apart, routes, and addresses of both kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/routes.h"
#include "../tools/one_arena.h"

static const char *c(pk_str s) { return arena_cstring(a, s); }

static void test_percent(void **state)
{
    (void)state;
    assert_string_equal(c(percent_decode(a, STR("a%20b%2Fc+d"), false)), "a b/c+d");
    assert_string_equal(c(percent_decode(a, STR("a+b%2B"), true)), "a b+");
    assert_string_equal(c(percent_decode(a, STR("%"), false)), "%");
    assert_string_equal(c(percent_decode(a, STR("%4"), false)), "%4");
    assert_string_equal(c(percent_decode(a, STR("%zz%41"), false)), "%zzA");
    assert_string_equal(c(percent_decode(a, STR("%ff"), false)), "\xef\xbf\xbd");
    assert_int_equal(percent_decode(a, STR("a%00b"), false).len, 3);
    assert_string_equal(c(percent_encode(a, STR("a b/\xc3\xa9\"<"))), "a%20b%2F%C3%A9%22%3C");
}

static void test_arguments(void **state)
{
    (void)state;
    argument_list l = {0};
    assert_true(arguments_parse(a, STR("a=1&&b=2%26&a=3&c&=d"), &l));
    assert_int_equal(l.items.len, 5);
    assert_string_equal(c(argument_get(&l, "b")), "2&");
    assert_string_equal(c(argument_get(&l, "a")), "1");
    assert_true(argument_has(&l, STR("a"), STR("3")));
    assert_string_equal(c(arguments_query(a, &l)), "a=1&b=2%26&a=3&c=&=d");
    text many = {0};
    for (int i = 0; i < 1000; i++) text_put_cstring(&many, "x=1&");
    argument_list m = {0};
    assert_false(arguments_parse(a, text_view(&many), &m));
    assert_int_equal(m.items.len, REQUEST_MAX_ARGUMENTS);
    text_free(&many);
}

static void routed(const char *path, const char *pattern, const char *names)
{
    argument_list l = {0};
    const route *r = route_find(a, str_from(path), &l);
    if (!pattern) {
        assert_null(r);
        return;
    }
    assert_non_null(r);
    assert_string_equal(r->path, pattern);
    assert_string_equal(c(arguments_query(a, &l)), names);
}

static void test_routes(void **state)
{
    (void)state;
    routed("/", "/", "");
    routed("/rules", "/rules", "");
    routed("/rules/problems", "/rules/problems", "");
    routed("/rules/sigma", "/rules/{language}", "language=sigma");
    routed("/rules/sigma/a%2Fb", "/rules/{language}/{key}", "language=sigma&key=a%2Fb");
    routed("/rules/sigma/a/b", "/rules/{language}/{key}", "language=sigma&key=a%2Fb");
    routed("/sources/sysmon/1", "/sources/{key}", "key=sysmon%2F1");
    routed("/attack/T1090.003", "/attack/{id}", "id=T1090.003");
    routed("/rules//x", NULL, NULL);
    routed("/nothing", NULL, NULL);
    routed("rules", NULL, NULL);
    routed("", NULL, NULL);
    routed("//", NULL, NULL);
}

static void test_addresses_on_the_server(void **state)
{
    (void)state;
    linker l = {a, LINKS_SERVER, 0, NULL};
    pk_str none = STR("");
    assert_string_equal(c(link_to(&l, PLACE_RULE, STR("sigma"), STR("a/b \"<.json"))), "/rules/sigma/a%2Fb%20%22%3C%2Ejson");
    assert_string_equal(c(link_to(&l, PLACE_SOURCE, STR("sysmon/1"), none)), "/sources/sysmon/1");
    assert_string_equal(c(link_to(&l, PLACE_FIELD, STR("x.csv"), none)), "/fields/x%2Ecsv");
    assert_string_equal(c(link_query(&l, PLACE_RULES, none, STR("level=high"), STR("level:high"))), "/rules?level=high");
    assert_string_equal(c(link_tab(&l, STR("T1090"), STR("sigma"))), "/attack/T1090?tab=sigma");
}

static void test_addresses_of_files(void **state)
{
    (void)state;
    linker l = {a, LINKS_FILES, 2, NULL};
    pk_str none = STR("");
    assert_string_equal(c(link_to(&l, PLACE_START, none, none)), "../../index.html");
    assert_string_equal(c(link_to(&l, PLACE_RULE, STR("sigma"), STR("d7654f02-e04b-4934-9838-65c46f187ebc"))),
                        "../../rules/sigma/d7654f02-e04b-4934-9838-65c46f187ebc.html");
    assert_string_equal(c(link_to(&l, PLACE_TECHNIQUE, STR("T1090.003"), none)), "../../attack/t1090-003.html");
    assert_string_equal(c(link_to(&l, PLACE_SOURCE, STR("sysmon/1"), none)), "../../sources/sysmon-1.html");
    assert_string_equal(c(link_query(&l, PLACE_RULES, none, STR("level=high"), STR("level:high"))), "../../search.html#q=level%3Ahigh");
    assert_string_equal(c(file_piece(a, STR("rules/index"), none, 3)), "rules/index.3.html");
}

/* Names of files differ for different texts, also where case does not count, and are plain whatever the text is. */
static void test_plain_names(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a", "A", "a/b", "a-b", "../../etc/passwd", "..", ".", "", "con", "CON", "lpt1", "com9", "index", "a.2", "a b", "a\xc3\xa9", "a\nb", "\xe2\x80\xae" "x", "x:y", "x?y", "x*y",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    };
    enum { N = sizeof texts / sizeof *texts };
    pk_str names[N];
    for (size_t i = 0; i < N; i++) {
        names[i] = plain_name(a, str_from(texts[i]));
        assert_in_range(names[i].len, 1, 60);
        assert_true(names[i].ptr[0] != '.' || names[i].len > 10);
        for (size_t k = 0; k < names[i].len; k++) {
            char x = names[i].ptr[k];
            assert_true((x >= 'a' && x <= 'z') || (x >= '0' && x <= '9') || x == '-' || x == '_' || x == '.');
        }
        assert_int_equal(str_find(names[i], STR("..")), STR_NPOS);
        for (size_t k = 0; k < i; k++) assert_false(str_equal(names[i], names[k]));
    }
    assert_string_equal(c(names[0]), "a");
    assert_false(str_equal(plain_name(a, STR("con")), STR("con")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percent), cmocka_unit_test(test_arguments), cmocka_unit_test(test_routes),
        cmocka_unit_test(test_addresses_on_the_server), cmocka_unit_test(test_addresses_of_files), cmocka_unit_test(test_plain_names),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
