/* Schema files: what is wrong with one is said with its line; what is right is found again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "schema/schema.h"

static void assert_view(pk_str found, const char *expected)
{
    if (!str_equal(found, str_from(expected))) fail_msg("expected '%s', found '%.*s'", expected, STR_ARG(found));
}

/* Loads one file of this text; the diagnostics are in `d`. */
static pk_status load_text(const char *yaml, schema **s, diag_list *d)
{
    char folder[] = "/tmp/picket-schema-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.yaml", folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(yaml, f);
    fclose(f);
    pk_status status = schema_load(s, folder, d);
    unlink(path);
    rmdir(folder);
    return status;
}

static const struct { const char *yaml; unsigned line; const char *says; } broken[] = {
    {"", 0, "empty"},
    {"[a]", 1, "expected a map"},
    {"family: [\n", 0, ""},
    {"layouts: {}\n", 0, "'family'"},
    {"family: f\nnonsense: 1\n", 2, "nonsense"},
    {"family: f\nlayouts:\n  l: {rank: 3}\n", 3, "'when'"},
    {"family: f\nlayouts:\n  l: {when: {has: [a]}, rank: x}\n", 3, "rank"},
    {"family: f\nlayouts:\n  l: {when: {has: [a]}, wen: 1}\n", 3, "wen"},
    {"family: f\nlayouts:\n  l: {when: 7}\n", 3, "condition"},
    {"family: f\nlayouts:\n  l: {when: {a: {suffix: b}}}\n", 3, "prefix"},
    {"family: f\nlayouts:\n  l: {when: {has: [a]}, others: [a.b]}\n", 3, "$"},
    {"family: f\nlayouts:\n  l: {when: {has: [a]}, like: m}\n", 0, "like"},
    {"family: f\nclasses:\n  c: {sources: windows}\n", 3, "product/category/service"},
    {"family: f\nclasses:\n  c: {sources: a/b/c/d}\n", 3, "product/category/service"},
    {"family: f\nclasses:\n  c:\n    sigma:\n      Image: nosuch(a)\n", 5, "function"},
    {"family: f\nclasses:\n  c:\n    udm: |\n      a.b: x\n\n      c: nosuch(a)\n", 7, "function"},
    {"family: f\nclasses:\n  c:\n    udm: |\n      # more\n      a.b\n", 6, "field: where"},
    {"family: f\nclasses:\n  c:\n    udm: [a]\n", 4, "expected a map"},
    {"family: f\nclasses:\n  c:\n    udm: |\n      a: b\n      c: d\n\n    nonsense: 1\n", 8, "nonsense"},
    {"family: f\nclasses:\n  c:\n    udm: |\n      a: b\n      a: c", 6, "twice"},
    {"family: f\nclasses:\n  c:\n    sigma: {Image: a}\n    missing: {sigma: [Image]}\n", 5, "twice"},
    {"family: f\nclasses:\n  c: {by_user: yes}\n", 3, "true or false"},
    {"family: f\nclasses:\n  c: 5\n", 3, "expected a class"},
};

static void mistakes_are_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        schema *s = NULL;
        diag_list *d = diag_list_new();
        if (load_text(broken[i].yaml, &s, d) == PK_OK) fail_msg("taken: %s", broken[i].yaml);
        assert_null(s);
        assert_true(diag_count(d) > 0);
        const pk_diagnostic *first = diag_at(d, 0);
        if ((broken[i].line && first->line != broken[i].line) || str_find(first->message, str_from(broken[i].says)) == STR_NPOS)
            fail_msg("%s: line %u: %.*s", broken[i].yaml, first->line, STR_ARG(first->message));
        assert_int_equal(first->severity, PK_ERROR);
        diag_list_free(d);
    }
}

static void an_empty_folder_is_an_error(void **state)
{
    (void)state;
    schema *s = NULL;
    diag_list *d = diag_list_new();
    assert_int_equal(schema_load(&s, "/nonexistent/schemas", d), PK_ERROR_IO);
    assert_int_equal(diag_count(d), 1);
    diag_list_free(d);
}

static void what_is_right_is_found_again(void **state)
{
    (void)state;
    schema *s = NULL;
    diag_list *d = diag_list_new();
    assert_int_equal(load_text("family: f\nproduct: p\n"
                               "layouts:\n  l: {when: {has: [a]}, fields: {X: [x.y, z]}, others: [data.$], under: [_source]}\n"
                               "classes:\n  c: {sources: p/-/-, title: T}\n  c/d: {sources: [p/k/-, p/-/s], sigma: {A: B}, missing: {sigma: [M]}}\n"
                               "  c/e:\n    udm: |\n      # as lines\n      a.b: 'it: X'\n\n      m['k: l']: X | Y\n      f['$']: lower(P.$) | 'none'\n",
                               &s, d), PK_OK);
    assert_int_equal(diag_count(d), 0);
    assert_int_equal(schema_class_count(s), 3);
    class_id child = schema_find_class(s, STR("c/d"));
    assert_int_equal(schema_class(s, child)->parent, schema_find_class(s, STR("c")));
    assert_int_equal(schema_class(s, child)->source_count, 2);
    assert_int_equal(schema_find_class(s, STR("x")), CLASS_NONE);
    arena *a = arena_new();
    assert_int_equal(schema_field(s, child, STR("sigma"), STR("A"), a)->kind, MAP_FIELD);
    assert_view(schema_field(s, child, STR("sigma"), STR("A"), a)->text, "B");
    assert_int_equal(schema_field(s, child, STR("sigma"), STR("M"), a)->kind, MAP_MISSING);
    assert_view(schema_field(s, child, STR("ecs"), STR("A"), a)->text, "A");
    assert_view(schema_field(s, schema_find_class(s, STR("c")), STR("sigma"), STR("A"), a)->text, "A");
    class_id lines = schema_find_class(s, STR("c/e"));
    assert_view(schema_field(s, lines, STR("udm"), STR("a.b"), a)->constant.as.string, "it: X");
    assert_int_equal(schema_field(s, lines, STR("udm"), STR("m['k: l']"), a)->kind, MAP_FIRST);
    const field_map *form = schema_field(s, lines, STR("udm"), STR("f['a.b']"), a);
    assert_int_equal(form->kind, MAP_FIRST);
    assert_view(form->args[0]->args[0]->text, "P.a.b");
    assert_int_equal(schema_field(s, lines, STR("udm"), STR("f['']"), a)->kind, MAP_MISSING);
    assert_int_equal(schema_layout_count(s), 2); /* l and l@_source */
    path_set *paths = path_set_new();
    path_slot slots[4];
    assert_int_equal(schema_layout_paths(s, 0, STR("X"), paths, slots, 4), 2);
    assert_view(path_text(paths, slots[0]), "x.y");
    assert_int_equal(schema_layout_paths(s, 0, STR("Q"), paths, slots, 4), 1);
    assert_view(path_text(paths, slots[0]), "data.Q");
    assert_int_equal(schema_layout_paths(s, 1, STR("Q"), paths, slots, 4), 1);
    assert_view(path_text(paths, slots[0]), "_source.data.Q");
    assert_int_equal(schema_layout_paths(s, LAYOUT_NONE, STR("Q"), paths, slots, 4), 1);
    assert_view(path_text(paths, slots[0]), "Q");
    path_set_free(paths);
    arena_free(a);
    schema_free(s);
    diag_list_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_reported), cmocka_unit_test(an_empty_folder_is_an_error),
        cmocka_unit_test(what_is_right_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
