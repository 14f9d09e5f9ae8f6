/* Templates: what is escaped, and where a name is looked up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event/json_text.h"
#include "web/templates.h"
#include "../tools/one_arena.h"

/* The template "t" over a record written as JSON; `part` is the partial "part". */
static pk_str rendered(const char *template, const char *part, const char *json)
{
    diag_list *d = diag_list_new();
    template_source sources[] = {{STR("t"), str_from(template)}, {STR("part"), str_from(part)}};
    template_set *set = templates_new(sources, 2, d);
    value v;
    text out = {0};
    assert_non_null(set);
    assert_true(json_text_parse(str_from(json), 50, a, &v));
    assert_true(templates_render(set, "t", &v, &out));
    assert_false(templates_render(set, "none", &v, &out));
    pk_str s = arena_str(a, text_view(&out));
    text_free(&out);
    templates_free(set);
    diag_list_free(d);
    return s;
}

static void expect(const char *template, const char *json, const char *expected)
{
    assert_string_equal(rendered(template, "", json).ptr, expected);
}

static void test_markup_is_text(void **state)
{
    (void)state;
    expect("<p>{{x}}</p>", "{\"x\":\"<script>alert('1')</script> & \\\"`\"}",
           "<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;&#96;</p>");
    expect("<a title=\"{{x}}\">", "{\"x\":\"\\\" onclick=\\\"x\"}", "<a title=\"&quot; onclick=&quot;x\">");
    expect("{{x}}", "{\"x\":\"{{{y}}} {{y}}\",\"y\":\"no\"}", "{{{y}}} {{y}}");
}

static void test_what_hides_is_shown(void **state)
{
    (void)state;
    expect("<p>{{x}}</p>", "{\"x\":\"a\\u202eb\"}", "<p>a<span class=\"ctl\" data-c=\"202e\">U+202E</span>b</p>");
    expect("<p>{{x}}</p>", "{\"x\":\"\\u001b[31m\"}", "<p><span class=\"ctl\" data-c=\"1b\">U+001B</span>[31m</p>");
    expect("<p title=\"{{x}}\">", "{\"x\":\"a\\u202eb\"}", "<p title=\"a[U+202E]b\">");
    expect("<title>{{x}}</title><b>{{x}}</b>", "{\"x\":\"\\u0007\"}", "<title>[U+0007]</title><b><span class=\"ctl\" data-c=\"7\">U+0007</span></b>");
    expect("<p>{{x}}</p>", "{\"x\":\"\\u0001202e\\u0002\\u0003\\u0004\"}",
           "<p><span class=\"ctl\" data-c=\"1\">U+0001</span>202e<span class=\"ctl\" data-c=\"2\">U+0002</span><span class=\"ctl\" data-c=\"3\">U+0003</span>"
           "<span class=\"ctl\" data-c=\"4\">U+0004</span></p>");
    expect("{{x}}", "{\"x\":\"tab\\tline\\nend\"}", "tab\tline\nend");
    expect("{{x}}", "{\"x\":\"\\u0645\\u00e9\\u4e2d\"}", "\u0645\u00e9\u4e2d");
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    diag_list *d = diag_list_new();
    template_source source = {STR("t"), STR("<p>{{x}}</p>")};
    template_set *set = templates_new(&source, 1, d);
    record_builder b = {0};
    record_add(a, &b, STR("x"), value_string(STR("a\xff\xc3")));
    value v = record_done(&b);
    text out = {0};
    assert_true(templates_render(set, "t", &v, &out));
    text_put_char(&out, 0);
    assert_string_equal(out.ptr, "<p>a<span class=\"ctl\">\\xff</span><span class=\"ctl\">\\xc3</span></p>");
    text_free(&out);
    templates_free(set);
    diag_list_free(d);
}

static void test_names_stay_in_their_record(void **state)
{
    (void)state;
    expect("{{#list}}[{{name}}]{{/list}}", "{\"name\":\"outer\",\"list\":[{\"name\":\"a\"},{}]}", "[a][]");
    expect("{{#list}}{{page.name}}{{/list}}", "{\"page\":{\"name\":\"p\"},\"list\":[{\"x\":1}]}", "p");
    expect("{{#a}}{{b}}{{/a}}", "{\"a\":\"text\",\"b\":\"of the record\"}", "of the record");
    expect("{{#list}}{{.}},{{/list}}", "{\"list\":[\"a\",\"b\"]}", "a,b,");
}

static void test_what_is_false(void **state)
{
    (void)state;
    expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":\"\"}", "no");
    expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":[]}", "no");
    expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":{}}", "no");
    expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":null}", "no");
    expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":0}", "yes");
    expect("{{#any_x}}<ul>{{#x}}<li>{{.}}{{/x}}</ul>{{/any_x}}", "{\"x\":[\"a\",\"b\"]}", "<ul><li>a<li>b</ul>");
    expect("{{#any_x}}<ul>{{/any_x}}", "{\"x\":[]}", "");
    expect("{{x}} {{y}} {{z}}", "{\"x\":1234567,\"y\":-1000,\"z\":1.5}", "1,234,567 -1,000 1.5");
}

static void test_partials(void **state)
{
    (void)state;
    assert_string_equal(rendered("{{#l}}{{> part}}{{/l}}", "<{{n}}>", "{\"l\":[{\"n\":1},{\"n\":2}]}").ptr, "<1><2>");
}

static void refused(const char *template)
{
    diag_list *d = diag_list_new();
    template_source source = {STR("t"), str_from(template)};
    assert_null(templates_new(&source, 1, d));
    assert_true(diag_count(d) > 0);
    diag_list_free(d);
}

static void test_templates_that_are_wrong(void **state)
{
    (void)state;
    refused("{{{x}}}");
    refused("{{&x}}");
    refused("{{=<% %>=}}");
    refused("{{> none}}");
    refused("{{> t}}");
    refused("{{#x}}");
    refused("{{x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markup_is_text), cmocka_unit_test(test_what_hides_is_shown), cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_names_stay_in_their_record), cmocka_unit_test(test_what_is_false), cmocka_unit_test(test_partials),
        cmocka_unit_test(test_templates_that_are_wrong),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
