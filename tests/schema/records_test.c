/*
 * Records with what is expected of them, from tests/schema/records/ (one YAML document a case): the layout, the classes, the values of fields as
 * Sigma rules name them, time and host, and fields of the normalised record. A value null in `fields` means missing.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schema/schema.h"
#include "tree.h"
#include "../tools/whole_file.h"

typedef struct {
    schema *schema;
    path_set *paths;
    classifier *classifier;
    field_finder *finder;
    arena *arena;
    const char *file;
    unsigned cases, failures;
} fixture;

static void complain(fixture *f, pk_str name, const char *what, pk_str expected, pk_str found)
{
    print_error("%s: " STR_FMT ": %s: expected " STR_FMT ", found " STR_FMT "\n", f->file, STR_ARG(name), what, STR_ARG(expected),
                STR_ARG(found));
    f->failures++;
}

static pk_str text_of(arena *a, const value *v)
{
    pk_str t;
    if (v == NULL || v->type == VALUE_MISSING) return STR("(missing)");
    if (value_text(a, v, &t)) return t;
    text out = {0};
    value_write_json(&out, v);
    t = arena_str(a, text_view(&out));
    text_free(&out);
    return t;
}

static pk_str class_names(fixture *f, const classification *k)
{
    pk_str out = STR("");
    for (size_t i = 0; i < k->class_count; i++)
        out = arena_printf(f->arena, STR_FMT "%s" STR_FMT, STR_ARG(out), i ? " " : "",
                           STR_ARG(schema_class(f->schema, k->classes[i])->name));
    return out;
}

/* The value that a rule on the most specific class that has this field would see. */
static pk_str field_text(fixture *f, const classification *k, const value *tree, pk_str field)
{
    list_builder values = {0}, found = {0};
    class_id c = k->class_count ? k->classes[k->class_count - 1] : CLASS_NONE;
    schema_field_values(f->schema, c, k->layout, STR("sigma"), field, tree, f->arena, &values);
    field_finder_values(f->finder, c, STR("sigma"), field, &found); /* the same, whether or not somebody asked before */
    assert_int_equal(found.items.len, values.items.len);
    for (size_t i = 0; i < values.items.len; i++) assert_true(value_equal(&found.items.at[i], &values.items.at[i]));
    if (values.items.len == 0) return STR("(missing)");
    if (values.items.len == 1) return text_of(f->arena, &values.items.at[0]);
    value list = list_done(&values);
    return text_of(f->arena, &list);
}

static pk_str written(fixture *f, const classification *k, const value *tree)
{
    text out = {0};
    field_finder_record(f->finder, k->layout, tree, f->arena);
    schema_write_normalised(f->finder, k, &out);
    pk_str t = arena_str(f->arena, text_view(&out));
    text_free(&out);
    return t;
}

/* The text is the same whether records of this shape were met before or not. */
static void expect_written(fixture *f, pk_str name, const classification *k, const value *tree, const value *normal)
{
    text out = {0};
    value_write_json(&out, normal);
    for (int i = 0; i < 4; i++) {
        pk_str t = written(f, k, tree);
        if (!str_equal(t, text_view(&out))) complain(f, name, "written", text_view(&out), t);
    }
    text_free(&out);
}

static void expect_record(fixture *f, pk_str name, const char *what, const value *expected, const classification *k, const value *tree)
{
    value normal = *tree;
    field_finder_record(f->finder, k->layout, tree, f->arena);
    if (what[0] == 'n') {
        normal = schema_normalise(f->finder, k);
        expect_written(f, name, k, tree, &normal);
        field_finder_record(f->finder, k->layout, tree, f->arena);
    }
    for (size_t i = 0; i < expected->as.record.count; i++) {
        const value_field *e = &expected->as.record.fields[i];
        pk_str want = e->value.type == VALUE_NULL ? STR("(missing)") : text_of(f->arena, &e->value);
        pk_str found = what[0] == 'n' ? text_of(f->arena, value_get(&normal, e->name)) : field_text(f, k, tree, e->name);
        if (!str_equal(want, found)) complain(f, name, arena_cstring(f->arena, e->name), want, found);
    }
}

static void run_case(fixture *f, const value *c)
{
    pk_str name = text_of(f->arena, value_get(c, STR("name")));
    const value *tree = value_get(c, STR("record"));
    assert_non_null(tree);
    f->cases++;
    event e = event_of_tree(f->arena, f->paths, tree);
    class_id stated = CLASS_NONE;
    const value *as = value_get(c, STR("as"));
    if (as) {
        pk_str t = text_of(f->arena, as);
        size_t a = str_find_char(t, '/'), b = a + 1 + str_find_char(str_slice(t, a + 1, STR_NPOS), '/');
        log_source source = {.product = str_slice(t, 0, a), .category = str_slice(t, a + 1, b - a - 1), .service = str_slice(t, b + 1, STR_NPOS)};
        stated = schema_user_class(f->schema, &source);
    }
    classification k = classify(f->classifier, &e, stated);
    classification again = classify(f->classifier, &e, stated);
    if (again.layout != k.layout || again.classes != k.classes) complain(f, name, "remembered", STR("the same"), STR("another"));
    const value *v;
    if ((v = value_get(c, STR("layout"))) && !str_equal(text_of(f->arena, v), schema_layout_name(f->schema, k.layout)))
        complain(f, name, "layout", text_of(f->arena, v), schema_layout_name(f->schema, k.layout));
    if ((v = value_get(c, STR("classes"))) && !str_equal(text_of(f->arena, v), class_names(f, &k)))
        complain(f, name, "classes", text_of(f->arena, v), class_names(f, &k));
    if ((v = value_get(c, STR("fields")))) expect_record(f, name, "fields", v, &k, tree);
    if ((v = value_get(c, STR("normal")))) expect_record(f, name, "normal", v, &k, tree);
    if ((v = value_get(c, STR("time")))) {
        pk_str found = timestamp_text(f->arena, classifier_time(f->classifier, &e, &k, f->arena));
        if (!str_equal(text_of(f->arena, v), found)) complain(f, name, "time", text_of(f->arena, v), found);
    }
    if ((v = value_get(c, STR("host")))) {
        pk_str found = classifier_host(f->classifier, &e, &k, f->arena);
        if (!str_equal(text_of(f->arena, v), found)) complain(f, name, "host", text_of(f->arena, v), found);
    }
}

static void run_file(fixture *f, const char *path)
{
    f->file = path;
    value cases = tree_parse(f->arena, read_whole_file(f->arena, path));
    if (cases.type != VALUE_LIST) fail_msg("%s: not a list of cases", path);
    for (size_t i = 0; i < cases.as.list.count; i++) run_case(f, &cases.as.list.items[i]);
}

/* What the user may state in these cases must exist before paths are registered. */
static void run_all(void **state)
{
    (void)state;
    fixture f = {.arena = arena_new()};
    diag_list *d = diag_list_new();
    pk_status status = schema_load(&f.schema, PICKET_SOURCE_DIR "/share/schemas", d);
    for (size_t i = 0; i < diag_count(d); i++)
        print_error(STR_FMT ":%u:%u: " STR_FMT "\n", STR_ARG(diag_at(d, i)->file), diag_at(d, i)->line, diag_at(d, i)->column,
                    STR_ARG(diag_at(d, i)->message));
    assert_int_equal(status, PK_OK);
    schema_set_year(f.schema, 2024);
    f.paths = path_set_new();
    schema_register(f.schema, f.paths);
    path_set_freeze(f.paths);
    f.classifier = classifier_new(f.schema, f.paths);
    f.finder = field_finder_new(f.schema);
    static const char folder[] = PICKET_SOURCE_DIR "/tests/schema/records";
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (str_ends_with(str_from(e->d_name), STR(".yaml")))
            run_file(&f, arena_cstring(f.arena, arena_printf(f.arena, "%s/%s", folder, e->d_name)));
    closedir(dir);
    print_message("%u cases\n", f.cases);
    unsigned failures = f.failures, cases = f.cases;
    classifier_free(f.classifier);
    field_finder_free(f.finder);
    path_set_free(f.paths);
    schema_free(f.schema);
    diag_list_free(d);
    arena_free(f.arena);
    assert_int_equal(failures, 0);
    assert_true(cases >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(run_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
