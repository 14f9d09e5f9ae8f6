/* Sigma through language.h: the table of modifiers, metadata, detection of files, absurd input, and loading in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "languages/language.h"

#define assert_str(view, expected)                                                                                     \
    do {                                                                                                               \
        pk_str view_ = (view);                                                                                         \
        if (!str_equal(view_, str_from(expected))) fail_msg("got '%.*s', expected '%s'", STR_ARG(view_), (expected));   \
    } while (0)

static const language *sigma(void) { return language_find(STR("sigma")); }

static ir_catalog *load(pk_str source, size_t *count)
{
    ir_catalog *c = ir_catalog_new();
    rule_file f = {.path = STR("test.yml"), .text = source};
    *count = sigma()->load(c, &f, &(language_options){0});
    sigma()->resolve(c, &(language_options){0});
    return c;
}

/* The examples of the documentation are rules that run (or only lack a list). */
static void test_examples_of_modifiers(void **state)
{
    (void)state;
    size_t rows = 0;
    for (const language_function *m = sigma()->functions; m->name; m++, rows++) {
        text t = {0};
        size_t count;
        text_printf(&t, "title: t\nlogsource: {product: windows}\ndetection:\n  s:\n    %s\n  condition: s\n", m->example);
        ir_catalog *c = load(text_view(&t), &count);
        char marked[64];
        snprintf(marked, sizeof marked, "|%s", m->name);
        assert_true(str_find(str_from(m->example), str_from(marked)) != STR_NPOS);
        assert_int_equal(count, 1);
        rule_state expected = strcmp(m->name, "expand") == 0 ? RULE_NEEDS_LIST : RULE_RUNNABLE;
        if (ir_rule(c, 0)->state != expected) fail_msg("%s: %.*s", m->example, STR_ARG(ir_rule(c, 0)->reason));
        assert_int_equal(diag_count(ir_diags(c)), expected == RULE_NEEDS_LIST);
        assert_true(strlen(m->meaning) > 5 && strlen(m->signature) > 3);
        ir_catalog_free(c);
        text_free(&t);
    }
    assert_true(rows >= 34);
}

static void test_metadata(void **state)
{
    (void)state;
    size_t count;
    ir_catalog *c = load(STR("title: 'It''s'\nid: 5f1abf38\nname: n1\nstatus: test\nlevel: high\nauthor: A, B\n"
                             "date: 2022-10-08\nmodified: 2023/01/02\nlicense: DRL 1.1\n"
                             "description: |\n  first\n  second\nreferences:\n  - http://x\n  - http://y\n"
                             "tags:\n  - attack.t1059.001\n  - attack.T1090\n  - attack.command_and_control\n"
                             "  - attack.defense-impairment\n  - attack.g0016\n  - attack.s0002\n  - cve.2021-44228\n"
                             "  - attack.t1090\nfalsepositives: [Admins]\nrelated:\n  - id: abc\n    type: similar\n"
                             "fields: [A, B]\nx-own: {a: [1, 'b', null]}\n"
                             "logsource:\n  product: windows\n  service: security\n  definition: 'Turn it on'\n"
                             "detection:\n  s: {A: 1}\n  condition: s\n"), &count);
    const rule *r = ir_rule(c, 0);
    assert_int_equal(count, 1);
    assert_int_equal(r->state, RULE_RUNNABLE);
    assert_str(r->title, "It's");
    assert_str(r->id, "5f1abf38");
    assert_str(r->name, "n1");
    assert_str(r->date, "2022-10-08");
    assert_str(r->modified, "2023/01/02");
    assert_str(r->licence, "DRL 1.1");
    assert_str(r->description, "first\nsecond\n");
    assert_str(r->logsource_definition, "Turn it on");
    assert_str(r->logsource.product, "windows");
    assert_str(r->logsource.category, "");
    assert_int_equal(r->references.items.len, 2);
    assert_str(r->references.items.at[1], "http://y");
    assert_int_equal(r->tags.items.len, 8);
    assert_int_equal(r->techniques.items.len, 2);
    assert_str(r->techniques.items.at[0], "T1059.001");
    assert_str(r->techniques.items.at[1], "T1090");
    assert_int_equal(r->tactics.items.len, 2);
    assert_str(r->tactics.items.at[0], "command-and-control");
    assert_str(r->tactics.items.at[1], "defense-impairment");
    assert_str(r->false_positives.items.at[0], "Admins");
    assert_int_equal(r->related_count, 1);
    assert_str(r->related[0].id, "abc");
    assert_str(r->related[0].relation, "similar");
    assert_int_equal(r->other_count, 2);
    assert_str(r->other[0].text, "A, B");
    assert_str(r->other[1].text, "{\"a\":[\"1\",\"b\",null]}");
    ir_catalog_free(c);
}

static void test_broken_rules_keep_their_metadata(void **state)
{
    (void)state;
    size_t count;
    ir_catalog *c = load(STR("title: half\nid: abc\nlevel: high\ntags: [attack.t1090]\ndetection:\n  s: {A: [1\n"), &count);
    assert_int_equal(count, 1);
    assert_int_equal(ir_rule(c, 0)->state, RULE_ERROR);
    assert_str(ir_rule(c, 0)->title, "half");
    assert_str(ir_rule(c, 0)->techniques.items.at[0], "T1090");
    assert_str(diag_at(ir_diags(c), 0)->rule, "abc");
    ir_catalog_free(c);
}

static const char plain_rule[] = "title: t\nlogsource: {product: windows}\ndetection:\n  s:\n    A: 'x'\n  condition: s\n";

static void test_line_ends_and_byte_order_mark(void **state)
{
    (void)state;
    text t = {0};
    size_t count;
    text_put_cstring(&t, "\xef\xbb\xbf");
    for (const char *s = plain_rule; *s; s++) {
        if (*s == '\n') text_put_char(&t, '\r');
        text_put_char(&t, *s);
    }
    ir_catalog *c = load(text_view(&t), &count);
    const rule *r = ir_rule(c, 0);
    assert_int_equal(count, 1);
    assert_int_equal(r->state, RULE_RUNNABLE);
    assert_int_equal(diag_count(ir_diags(c)), 0);
    const ir_constant *x = &r->plan->definitions[0].value->as.use.constants[0];
    assert_str(x->test->constant.as.string, "x");
    assert_int_equal(x->span.line, 5);
    assert_int_equal(x->span.column, 8);
    ir_catalog_free(c);
    text_free(&t);
}

/* Each must end in a diagnostic with a place, not in silence. */
static void expect_error(pk_str source, const char *code)
{
    size_t count;
    ir_catalog *c = load(source, &count);
    bool found = false;
    for (size_t i = 0; i < diag_count(ir_diags(c)); i++) {
        const pk_diagnostic *d = diag_at(ir_diags(c), i);
        found |= d->severity == PK_ERROR && strcmp(d->code, code) == 0 && d->line > 0;
    }
    if (!found) fail_msg("no %s for '%.*s'", code, (int)(source.len < 60 ? source.len : 60), source.ptr);
    assert_int_equal(count, ir_rule_count(c));
    bool wrong = count == 0;
    for (size_t i = 0; i < count; i++) wrong |= ir_rule(c, i)->state == RULE_ERROR;
    assert_true(wrong || strcmp(code, "sigma-limit") == 0);
    ir_catalog_free(c);
}

static void test_absurd_input(void **state)
{
    (void)state;
    expect_error((pk_str){"\x00\x01\x02garbage\xff", 11}, "sigma-encoding");
    expect_error(STR("title: \xff\xfe\nlogsource: {product: x}\ndetection: {s: {A: 1}, condition: s}\n"), "sigma-encoding");
    expect_error((pk_str){"title: a\0b\ndetection: {}\n", 25}, "sigma-encoding");
    expect_error(STR("\tdetection: x"), "sigma-yaml");
    expect_error(STR("{{{{"), "sigma-yaml");

    text t = {0};
    for (int i = 0; i < 5000; i++) text_put_char(&t, '[');
    expect_error(text_view(&t), "sigma-limit");
    text_clear(&t);
    for (int i = 0; i < 300; i++) text_printf(&t, "%*sa:\n", i, "");
    expect_error(text_view(&t), "sigma-limit");
    /* a bomb: nine levels of nine aliases */
    text_clear(&t);
    text_put_cstring(&t, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++)
        text_printf(&t, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1,
                    i - 1, i - 1, i - 1, i - 1);
    text_put_cstring(&t, plain_rule);
    expect_error(text_view(&t), "sigma-limit");
    /* a long text, many times */
    text_clear(&t);
    text_put_cstring(&t, plain_rule);
    text_put_cstring(&t, "x: &x ");
    for (int i = 0; i < 1000000; i++) text_put_char(&t, 'x');
    text_put_cstring(&t, "\ny: [*x");
    for (int i = 0; i < 1000; i++) text_put_cstring(&t, ", *x");
    text_put_cstring(&t, "]\n");
    expect_error(text_view(&t), "sigma-limit");
    /* values with very many spellings */
    text_clear(&t);
    text_put_cstring(&t, "title: t\nlogsource: {product: x}\ndetection:\n  condition: s\n  s:\n    A|windash|base64offset:\n");
    for (int i = 0; i < 1000; i++) text_printf(&t, "      - '-a -b -c -d %d'\n", i);
    expect_error(text_view(&t), "sigma-limit");
    /* a large template before many documents */
    text_clear(&t);
    text_put_cstring(&t, "action: global\ntitle: t\ndetection:\n  condition: s\n  s: {A: [");
    for (int i = 0; i < 10000; i++) text_printf(&t, "%d,", i);
    text_put_cstring(&t, "]}\n");
    for (int i = 0; i < 1000; i++) text_put_cstring(&t, "---\nlogsource: {product: x}\n");
    expect_error(text_view(&t), "sigma-limit");
    text_clear(&t);
    text_put_cstring(&t, "title: t\nlogsource: {product: x}\ndetection:\n  s: {A: 1}\n  condition: ");
    for (int i = 0; i < 5000; i++) text_put_cstring(&t, "not (");
    expect_error(text_view(&t), "sigma-condition");
    text_free(&t);
}

/* Large and ordinary: nothing quadratic in sight. */
static void test_large_rule(void **state)
{
    (void)state;
    text t = {0};
    size_t count;
    text_put_cstring(&t, "title: t\nlogsource: {product: x}\ndetection:\n");
    for (int i = 0; i < 300; i++) {
        text_printf(&t, "  sel%d:\n    A|contains:\n", i);
        for (int k = 0; k < 100; k++) text_printf(&t, "      - 'value %d of %d'\n", k, i);
    }
    text_put_cstring(&t, "  condition: 1 of sel* and not all of sel*\n");
    ir_catalog *c = load(text_view(&t), &count);
    assert_int_equal(count, 1);
    assert_int_equal(ir_rule(c, 0)->state, RULE_RUNNABLE);
    assert_int_equal(ir_rule(c, 0)->plan->definition_count, 300);
    assert_int_equal(ir_test_count(c), 30000);
    ir_catalog_free(c);
    text_free(&t);
}

static void test_detection_of_files(void **state)
{
    (void)state;
    pk_str any = STR("x: 1\n"), rule_text = str_from(plain_rule);
    assert_ptr_equal(language_detect(&(rule_file){STR("a/b.yml"), any}), sigma());
    assert_ptr_equal(language_detect(&(rule_file){STR("b.YAML"), any}), sigma());
    assert_ptr_equal(language_detect(&(rule_file){STR("-"), rule_text}), sigma());
    assert_null(language_detect(&(rule_file){STR("-"), any}));
    assert_ptr_equal(language_detect(&(rule_file){STR("rule.txt"), rule_text}), sigma());
    assert_null(language_detect(&(rule_file){STR("rule.txt"), any}));
    assert_null(language_find(STR("nothing")));
}

static void test_definitions_have_their_lines(void **state)
{
    (void)state;
    size_t count;
    pk_str source = STR("title: t\nlogsource: {product: x}\ndetection:\n  one:\n    # why\n    A: # here\n      - 1\n"
                        "      - 2 # last\n  two: {B: 1}\n  condition: one or two\n---\ntitle: u\nlogsource: {product: x}\n"
                        "detection: {s: {A: 1}, condition: s}\n");
    ir_catalog *c = load(source, &count);
    const rule *r = ir_rule(c, 0), *u = ir_rule(c, 1);
    assert_int_equal(count, 2);
    assert_int_equal(r->plan->definitions[0].span.line, 4);
    assert_int_equal(r->plan->definitions[0].span.end_line, 8);
    assert_int_equal(r->plan->definitions[1].span.line, 9);
    assert_int_equal(r->plan->definitions[1].span.column, 3);
    assert_int_equal(r->span.start, 0);
    assert_int_equal(r->span.end_line, 10);
    assert_int_equal(u->span.line, 12);
    assert_str(str_slice(source, u->span.start, 8), "title: u");
    assert_int_equal(u->span.end, source.len);
    ir_catalog_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_modifiers), cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_broken_rules_keep_their_metadata), cmocka_unit_test(test_line_ends_and_byte_order_mark),
        cmocka_unit_test(test_absurd_input), cmocka_unit_test(test_large_rule), cmocka_unit_test(test_detection_of_files),
        cmocka_unit_test(test_definitions_have_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
