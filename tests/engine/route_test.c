/*
 * Rules over events of classes, from tests/engine/cases/routes.yaml: routing, mappings, layouts, and why a rule matched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"

static void build(fixture *f, const value *rules)
{
    f->catalog = ir_catalog_new();
    for (size_t i = 0; i < rules->as.list.count; i++) add_rule(f, f->catalog, rules->as.list.items[i].as.string);
    assert_int_equal(program_build(&f->program, f->catalog, f->schema, NULL, f->diags), PK_OK);
    f->matcher = matcher_new(f->program);
    f->classifier = classifier_new(f->schema, program_paths(f->program));
}

static void drop(fixture *f)
{
    matcher_free(f->matcher);
    classifier_free(f->classifier);
    program_free(f->program);
    ir_catalog_free(f->catalog);
}

static void print_reason(text *out, const match_reason *r)
{
    text_put_cstring(out, " | ");
    text_put(out, r->keyword ? STR("keyword") : r->field);
    text_printf(out, " %s '" STR_FMT "'", test_kind_table[r->kind].text, STR_ARG(r->constant.len ? r->constant : STR("nothing")));
    if (r->at < 0) text_put_cstring(out, " nowhere");
    else text_printf(out, " at %lld+%lld", (long long)r->at, (long long)r->length);
    if (r->value.len) text_printf(out, " of '" STR_FMT "'", STR_ARG(r->value));
}

static pk_str describe(fixture *f, const match_result *m, size_t i, const event *e, const classification *k)
{
    text out = {0};
    match_reasons reasons = {{0}};
    class_id c = m->classes[i];
    text_printf(&out, "%u " STR_FMT, m->rules[i], STR_ARG(c == CLASS_NONE ? STR("-") : schema_class(f->schema, c)->name));
    matcher_why(f->matcher, ir_rule(f->catalog, m->rules[i]), c, e, k, f->arena, &reasons);
    for (size_t n = 0; n < reasons.items.len; n++) print_reason(&out, reasons.items.at[n]);
    pk_str copy = arena_str(f->arena, text_view(&out));
    text_free(&out);
    vec_free(&reasons.items);
    return copy;
}

/* `rules`: only the numbers of those that match. */
static void check_rules(fixture *f, pk_str name, const match_result *m, const value *expected, const value *of_event)
{
    text got = {0}, wanted = {0}, shown = {0};
    for (size_t i = 0; i < m->count; i++) text_printf(&got, "%s%u", i ? ", " : "", m->rules[i]);
    for (size_t i = 0; i < expected->as.list.count; i++)
        text_printf(&wanted, "%s%lld", i ? ", " : "", (long long)expected->as.list.items[i].as.integer);
    value_write_json(&shown, of_event);
    if (!str_equal(text_view(&got), text_view(&wanted))) {
        print_error("%.*s: %.*s:\n  expected rules %.*s\n  got            %.*s\n", STR_ARG(name), STR_ARG(text_view(&shown)),
                    STR_ARG(text_view(&wanted)), STR_ARG(text_view(&got)));
        f->failures++;
    }
    text_free(&got);
    text_free(&wanted);
    text_free(&shown);
}

static void check_event(fixture *f, pk_str name, const value *item)
{
    const value *expected = value_get(item, STR("alerts")), *rules = value_get(item, STR("rules"));
    event e = event_of_tree(f->arena, program_paths(f->program), value_get(item, STR("event")));
    classification k = classify(f->classifier, &e, CLASS_NONE);
    match_result m = matcher_run(f->matcher, &e, &k);
    if (rules) {
        check_rules(f, name, &m, rules, value_get(item, STR("event")));
        return;
    }
    for (size_t i = 0; i < m.count || i < expected->as.list.count; i++) {
        pk_str wanted = i < expected->as.list.count ? expected->as.list.items[i].as.string : STR("(nothing)");
        pk_str got = i < m.count ? describe(f, &m, i, &e, &k) : STR("(nothing)");
        if (str_equal(wanted, got)) continue;
        print_error("%.*s:\n  expected %.*s\n  got      %.*s\n", STR_ARG(name), STR_ARG(wanted), STR_ARG(got));
        f->failures++;
    }
}

static void rules_over_classes(void **state)
{
    fixture *f = *state;
    const value *cases = read_cases(f, "routes.yaml");
    for (size_t i = 0; i < cases->as.list.count; i++) {
        const value *item = &cases->as.list.items[i], *events = value_get(item, STR("events"));
        build(f, value_get(item, STR("rules")));
        for (size_t n = 0; n < events->as.list.count; n++)
            check_event(f, value_get(item, STR("name"))->as.string, &events->as.list.items[n]);
        drop(f);
    }
    assert_int_equal(f->failures, 0);
}

/* Rules that the answer of one slot makes candidates, and a value of another one as well, among many. */
static void each_rule_matches_once(void **state)
{
    enum { EITHER = 40, OTHERS = 5 };
    fixture *f = *state;
    f->catalog = ir_catalog_new();
    for (int i = 0; i < EITHER; i++)
        add_rule(f, f->catalog, arena_printf(f->arena, "match shop/process_creation @sigma where Account equals '1' or Image ends_with '\\image%d.exe'", i));
    for (int i = 0; i < OTHERS; i++)
        add_rule(f, f->catalog, arena_printf(f->arena, "match shop/process_creation @sigma where Account equals '2' and Image ends_with '\\other%d.exe'", i));
    add_rule(f, f->catalog, STR("match shop/process_creation @sigma where Image ends_with '\\image.exe'"));
    assert_int_equal(program_build(&f->program, f->catalog, f->schema, NULL, f->diags), PK_OK);
    f->matcher = matcher_new(f->program);
    f->classifier = classifier_new(f->schema, program_paths(f->program));
    value tree = tree_parse(f->arena, STR("{kind: start, flat: 1, Account: '1', Image: 'C:\\image2.exe'}"));
    event e = event_of_tree(f->arena, program_paths(f->program), &tree);
    classification k = classify(f->classifier, &e, CLASS_NONE);
    match_result m = matcher_run(f->matcher, &e, &k);
    assert_int_equal(m.count, EITHER);
    for (uint32_t i = 0; i < EITHER; i++) assert_int_equal(m.rules[i], i);
    drop(f);
}

static bool has_code(const diag_list *d, const char *code)
{
    for (size_t i = 0; i < diag_count(d); i++)
        if (strcmp(diag_at(d, i)->code, code) == 0) return true;
    return false;
}

static void what_cannot_match_is_told(void **state)
{
    fixture *f = *state;
    f->catalog = ir_catalog_new();
    add_rule(f, f->catalog, STR("match elsewhere @sigma where a equals 'x'"));
    add_rule(f, f->catalog, STR("match shop @sigma where some x in p[]: (x.action equals 'ADD')"));
    add_rule(f, f->catalog, STR("match shop @sigma where a regex '('"));
    assert_int_equal(program_build(&f->program, f->catalog, f->schema, NULL, f->diags), PK_OK);
    assert_true(has_code(f->diags, "compile-log-source"));
    assert_true(has_code(f->diags, "compile-expression"));
    assert_true(has_code(f->diags, "compile-test"));
    assert_true(program_has_rule(f->program, 0));  /* runnable, though nothing provides its source */
    assert_false(program_has_rule(f->program, 1));
    program_free(f->program);
    ir_catalog_free(f->catalog);
}

static pk_str joined(fixture *f, const str_list *l)
{
    pk_str out = STR("");
    for (size_t i = 0; i < l->items.len; i++)
        out = arena_printf(f->arena, STR_FMT "%s" STR_FMT, STR_ARG(out), i ? "; " : "", STR_ARG(l->items.at[i]));
    return out;
}

static const rule_on_class *on_class(fixture *f, const rule_explanation *x, const char *name)
{
    for (size_t i = 0; i < x->class_count; i++)
        if (str_equal(schema_class(f->schema, x->classes[i].class_id)->name, str_from(name))) return &x->classes[i];
    fail_msg("not routed to %s", name);
    return NULL;
}

static void how_a_rule_is_run(void **state)
{
    fixture *f = *state;
    f->catalog = ir_catalog_new();
    add_rule(f, f->catalog, STR("match shop/process_creation @sigma where Image ends_with '\\rare-name.exe' and Account equals '1' or EventType equals 'end' and Hashes match 'abcdefgh'"));
    add_rule(f, f->catalog, STR("match shop/process_creation @sigma where not Account equals '1'"));
    assert_int_equal(program_build(&f->program, f->catalog, f->schema, NULL, f->diags), PK_OK);
    rule_explanation x = program_explain(f->program, ir_rule(f->catalog, 0), f->arena);
    assert_int_equal(x.class_count, 2);
    assert_string_equal(x.cost, "literal");
    const rule_on_class *start = on_class(f, &x, "shop/start"), *stop = on_class(f, &x, "shop/stop");
    assert_true(start->possible && stop->possible);
    assert_string_equal(joined(f, &start->missing_fields).ptr, "Hashes");
    assert_string_equal(joined(f, &start->necessary).ptr, "Image ends_with '\\rare-name.exe'");
    assert_string_equal(joined(f, &stop->necessary).ptr, "Program ends_with '\\rare-name.exe'; Hashes match 'abcdefgh'");
    x = program_explain(f->program, ir_rule(f->catalog, 1), f->arena);
    assert_string_equal(x.cost, "broad");
    program_free(f->program);
    ir_catalog_free(f->catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rules_over_classes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_rule_matches_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_match_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(how_a_rule_is_run, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
