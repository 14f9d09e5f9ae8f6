/* The catalogue, constructors, the walker, the tables and the functions' examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "ir/eval.h"
#include "ir/functions.h"
#include "../tools/whole_file.h"

static void tests_are_interned_by_meaning(void **state)
{
    (void)state;
    ir_catalog *c = ir_catalog_new();
    char bytes[] = "abc";
    const ir_test *x = ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_string(str_from(bytes)));
    bytes[0] = 'z'; /* the constant was copied */
    assert_ptr_equal(x, ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_string(STR("abc"))));
    assert_ptr_equal(x,
                     ir_intern_test(c, TEST_EQUALS, 0, COMPARE_GE, value_string(STR("abc")))); /* means nothing here */
    const ir_test *others[] = {
        ir_intern_test(c, TEST_EQUALS, TEST_CASED, COMPARE_LT, value_string(STR("abc"))),
        ir_intern_test(c, TEST_MATCH, 0, COMPARE_LT, value_string(STR("abc"))),
        ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_string(STR("ABC"))),
        ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_string(STR("1"))),
        ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_int(1)),
        ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_real(1)),
        ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_bool(true)),
        ir_intern_test(c, TEST_COMPARE, 0, COMPARE_LT, value_int(1)),
        ir_intern_test(c, TEST_COMPARE, 0, COMPARE_GE, value_int(1)),
        ir_intern_test(c, TEST_IS_NULL, 0, COMPARE_LT, (value){.type = VALUE_MISSING}),
        ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_real(__builtin_nan(""))),
    };
    size_t count = sizeof others / sizeof *others;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(others[i]->id, i + 1);
        assert_ptr_equal(ir_test_at(c, i + 1), others[i]);
    }
    assert_int_equal(ir_test_count(c), count + 1);
    assert_ptr_equal(others[count - 1], ir_intern_test(c, TEST_EQUALS, 0, COMPARE_LT, value_real(__builtin_nan(""))));
    ir_catalog_free(c);
}

static void rules_are_found_by_id_then_name(void **state)
{
    (void)state;
    ir_catalog *c = ir_catalog_new();
    rule *a = ir_add_rule(c), *b = ir_add_rule(c), *d = ir_add_rule(c);
    a->name = STR("x");
    b->id = STR("x");
    d->id = STR("y");
    assert_ptr_equal(ir_find_rule(c, STR("x")), b);
    assert_ptr_equal(ir_find_rule(c, STR("y")), d);
    assert_null(ir_find_rule(c, STR("z")));
    assert_null(ir_find_rule(c, STR("")));
    assert_int_equal(d->index, 2);
    assert_int_equal(ir_rule_count(c), 3);
    ir_catalog_free(c);
}

static void constructors_compose(void **state)
{
    (void)state;
    ir_catalog *c = ir_catalog_new();
    arena *a = ir_arena(c);
    expr *x = ir_field_expr(a, STR("s"), STR("x")), *y = ir_not(a, x);
    assert_null(ir_and(a, NULL, NULL));
    assert_ptr_equal(ir_and(a, x, NULL), x);
    assert_ptr_equal(ir_or(a, NULL, y), y);
    expr *and = ir_and(a, ir_and(a, x, y), ir_and(a, x, ir_or(a, x, y)));
    assert_int_equal(and->count, 4);
    assert_int_equal(and->args[3]->kind, EXPR_OR);
    assert_int_equal(ir_and_all(a, NULL, 0)->count, 0);
    assert_ptr_equal(ir_or_all(a, &x, 1), x);
    ir_catalog_free(c);
}

typedef struct { text seen; size_t negated; } visit;

static bool note(const expr *e, bool negated, void *user)
{
    visit *v = user;
    if (e->kind == EXPR_FIELD) {
        text_put(&v->seen, e->as.field.path);
        text_put_char(&v->seen, negated ? '-' : '+');
    }
    return true;
}

static void walker_follows_names_and_negation(void **state)
{
    (void)state;
    ir_catalog *c = ir_catalog_new();
    plan *p = ir_parse_plan(
        c,
        STR("d = a equals 1 or not b equals 2\n"
            "e = match @s where not (d and not c equals 3) and f(g, h + 1) and some i in j[]: (i.k equals 1)"),
        STR("t"), ir_diags(c));
    assert_non_null(p);
    visit v = {0};
    ir_walk_expr(p, p->stages[0]->as.match.where, note, &v);
    assert_string_equal(arena_cstring(ir_arena(c), text_view(&v.seen)), "a-b+c+g+h+k+");
    text_clear(&v.seen);
    ir_walk_expr(NULL, p->stages[0]->as.match.where, note, &v);
    assert_string_equal(arena_cstring(ir_arena(c), text_view(&v.seen)), "c+g+h+k+");
    text_free(&v.seen);
    ir_catalog_free(c);
}

static bool no_source(const eval_event *e, const stage *s, void *user)
{
    (void)e, (void)s, (void)user;
    return true;
}

static void no_field(const eval_event *e, const stage *s, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)e, (void)s, (void)f, (void)a, (void)out, (void)user;
}

static void examples_of_functions_are_true(void **state)
{
    (void)state;
    ir_catalog *c = ir_catalog_new();
    arena *a = arena_new();
    eval_schema s = {.is_source = no_source, .field = no_field};
    eval_event e = {.time = 0};
    for (const ir_function *f = ir_functions; f->name; f++) {
        pk_str source = arena_printf(a, "e = match where %s", f->example);
        plan *p = ir_parse_plan(c, source, str_from(f->name), ir_diags(c));
        if (!p) fail_msg("%s: its example does not parse: %s", f->name, f->example);
        if (!eval_match(p, p->stages[0], &e, &s, a)) fail_msg("%s: its example is not true: %s", f->name, f->example);
        assert_ptr_equal(ir_function_find(str_from(f->name)), f);
        assert_true(f->meaning && f->signature);
    }
    assert_null(ir_function_find(STR("no_such")));
    arena_free(a);
    ir_catalog_free(c);
}

/* docs/ir.md lists what there is. */
static void functions_are_documented(void **state)
{
    (void)state;
    arena *a = arena_new();
    pk_str docs = read_whole_file(a, PICKET_SOURCE_DIR "/docs/ir.md");
    for (const ir_function *fn = ir_functions; fn->name; fn++)
        if (str_find(docs, arena_printf(a, "| `%s` | %s | %s | `%s` |", fn->name, fn->signature,
                                                    fn->meaning, fn->example)) == STR_NPOS)
            fail_msg("docs/ir.md lacks %s as functions.def has it", fn->name);
    for (const ir_aggregate_row *g = ir_aggregates; g->name; g++)
        if (str_find(docs, arena_printf(a, "| `%s` | %s |", g->name, g->meaning)) == STR_NPOS)
            fail_msg("docs/ir.md lacks %s as aggregates.def has it", g->name);
    arena_free(a);
}

/* Is it one of the words between the underscores? */
static bool has_word(pk_str name, pk_str word)
{
    size_t at = str_find(name, word), end = at + word.len;
    return at != STR_NPOS && (at == 0 || name.ptr[at - 1] == '_') && (end == name.len || name.ptr[end] == '_');
}

/* A kind of stage, a test or a function is what it does; whose language it came from does not matter here. */
static void nothing_is_named_after_a_language(void **state)
{
    (void)state;
    static const char *const languages[] = {"sigma", "spl",    "splunk", "eql",    "esql",
                                            "kql",   "lucene", "yara",   "elastic"};
    VEC(pk_str) names = {0};
    for (int i = 0; i < STAGE_KINDS; i++) vec_push(&names, str_from(stage_kind_table[i].text));
    for (int i = 0; i < TEST_KINDS; i++) vec_push(&names, str_from(test_kind_table[i].text));
    for (const ir_function *f = ir_functions; f->name; f++) vec_push(&names, str_from(f->name));
    for (const ir_aggregate_row *f = ir_aggregates; f->name; f++) vec_push(&names, str_from(f->name));
    for (size_t i = 0; i < names.len; i++)
        for (size_t k = 0; k < sizeof languages / sizeof *languages; k++)
            assert_false(has_word(names.at[i], str_from(languages[k])));
    vec_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_are_interned_by_meaning),  cmocka_unit_test(rules_are_found_by_id_then_name),
        cmocka_unit_test(constructors_compose),           cmocka_unit_test(walker_follows_names_and_negation),
        cmocka_unit_test(examples_of_functions_are_true), cmocka_unit_test(functions_are_documented),
        cmocka_unit_test(nothing_is_named_after_a_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
