/*
 * The mappings of share/schemas to the Unified Data Model: every path and every name of an enumeration in them is one of the model,
 * and the events of tests/schema/mapping/ (one YAML document, a list of cases) have the fields that each states: as rules read
 * them one by one, and in the nested record. `class` is the one that gives the record; null stands for a missing field.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "event/field_path.h"
#include "schema/model.h"
#include "tree.h"
#include "udm/udm.h"
#include "../tools/whole_file.h"

static schema *s;
static arena *a;
static unsigned wrong, seen;

static void complain(pk_str where, pk_str what, pk_str expected, pk_str found)
{
    print_error(STR_FMT ": " STR_FMT ": expected " STR_FMT ", found " STR_FMT "\n", STR_ARG(where), STR_ARG(what), STR_ARG(expected), STR_ARG(found));
    wrong++;
}

/* ---- the files against the model ---- */

/* The constants that a map may give: its own, those of alternatives, and the results that translate, begins and present hold. */
static void check_constants(pk_str class_name, const mapping *m, const field_map *map, const udm_path *p)
{
    int64_t number;
    if (map->kind == MAP_CONSTANT && map->constant.type == VALUE_STRING && p->type == UDM_ENUM) {
        seen++;
        if (!udm_enum_number(p->enumeration, map->constant.as.string, &number))
            complain(class_name, m->field, udm_enum_type(p->enumeration), map->constant.as.string);
    }
    bool pairs = str_equal(map->text, STR("translate")) || str_equal(map->text, STR("begins"));
    for (size_t i = 0; i < map->count; i++)
        if (map->kind == MAP_FIRST || (map->kind == MAP_CALL && ((pairs && i > 0 && i % 2 == 0) || (str_equal(map->text, STR("present")) && i == 1))))
            check_constants(class_name, m, map->args[i], p);
}

static void check_mapping(pk_str class_name, const mapping *m)
{
    udm_path p;
    udm_error error;
    if (!udm_resolve(UDM_EVENT, m->field, a, &p, &error)) {
        complain(class_name, m->field, STR("a path of the model"), error.word);
        return;
    }
    if (p.type == UDM_MESSAGE || p.type == UDM_MAP) complain(class_name, m->field, STR("a scalar"), STR("a message"));
    if (p.hash && m->map->kind == MAP_CALL && !str_equal(m->map->text, STR("lower"))) complain(class_name, m->field, STR("lower(...)"), m->map->text);
    check_constants(class_name, m, m->map, &p);
}

static void every_mapping_is_of_the_model(void **state)
{
    (void)state;
    size_t mapped = 0;
    for (class_id c = 0; c < schema_class_count(s); c++) {
        const class_row *row = s->classes.at[c];
        for (size_t i = 0; i < row->mappings.len; i++) {
            if (!str_equal(row->mappings.at[i].schema, STR("udm"))) continue;
            check_mapping(row->shown.name, &row->mappings.at[i]);
            mapped++;
        }
    }
    print_message("%zu mappings, %u names of enumerations\n", mapped, seen);
    assert_true(mapped > 1000 && seen > 300);
    assert_int_equal(wrong, 0);
}

/* ---- events ---- */

static pk_str shown(const list_builder *values)
{
    text out = {0};
    for (size_t i = 0; i < values->items.len; i++) {
        pk_str t;
        const value *v = &values->items.at[i];
        if (i) text_put_cstring(&out, " ; ");
        if (v->type == VALUE_TIME) text_put(&out, timestamp_text(a, v->as.time));
        else if (value_text(a, v, &t)) text_put(&out, t);
    }
    pk_str kept = arena_str(a, values->items.len ? text_view(&out) : STR("(missing)"));
    text_free(&out);
    return kept;
}

static pk_str expected_of(const value *v)
{
    list_builder one = {0};
    if (v->type == VALUE_NULL) return STR("(missing)");
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++) list_add(a, &one, v->as.list.items[i]);
    if (v->type != VALUE_LIST) list_add(a, &one, *v);
    return shown(&one);
}

static class_id stated_class(const value *as)
{
    pk_str parts[3], rest;
    if (!as || !value_text(a, as, &rest)) return CLASS_NONE;
    for (size_t i = 0; i < 3; i++) {
        size_t slash = str_find_char(rest, '/');
        parts[i] = str_equal(str_slice(rest, 0, slash), STR("-")) ? STR("") : str_slice(rest, 0, slash);
        rest = slash == STR_NPOS ? STR("") : str_slice(rest, slash + 1, STR_NPOS);
    }
    log_source source = {.product = parts[0], .category = parts[1], .service = parts[2]};
    return schema_user_class(s, &source);
}

static void check_case(classifier *k, const path_set *paths, const value *c)
{
    pk_str name = value_get(c, STR("name"))->as.string;
    const value *tree = value_get(c, STR("record")), *fields = value_get(c, STR("udm"));
    event e = event_of_tree(a, paths, tree);
    classification found = classify(k, &e, stated_class(value_get(c, STR("as"))));
    class_id class = schema_record_class(s, STR("udm"), found.classes, found.class_count);
    pk_str class_name = class == CLASS_NONE ? STR("none") : schema_class(s, class)->name;
    if (!str_equal(class_name, value_get(c, STR("class"))->as.string)) complain(name, STR("class"), value_get(c, STR("class"))->as.string, class_name);
    if (class == CLASS_NONE) return;
    value record = schema_record(s, class, found.layout, STR("udm"), NULL, 0, tree, a);
    for (size_t i = 0; i < fields->as.record.count; i++) {
        const value_field *f = &fields->as.record.fields[i];
        udm_path p;
        list_builder one = {0}, nested = {0};
        if (!udm_resolve(UDM_EVENT, f->name, a, &p, NULL)) fail_msg("%.*s: no path of the model", STR_ARG(f->name));
        schema_field_values(s, class, found.layout, STR("udm"), p.path, tree, a, &one);
        value cut = schema_record(s, class, found.layout, STR("udm"), &p.path, 1, tree, a);
        field_path_read_text(p.map_read ? &cut : &record, p.path, a, &nested); /* keys of a form are not in the whole record */
        pk_str wanted = expected_of(&f->value);
        if (!str_equal(shown(&nested), wanted)) complain(name, f->name, wanted, shown(&nested));
        bool list = one.items.len > 1 && !p.repeated; /* of what is no list the first counts, which a field alone does not know */
        if (!list && p.type != UDM_ENUM && !str_equal(shown(&one), wanted)) complain(name, f->name, wanted, shown(&one));
    }
}

static void check_file(classifier *k, const path_set *paths, const char *path, unsigned *count)
{
    value cases = tree_parse(a, read_whole_file(a, path));
    if (cases.type != VALUE_LIST) fail_msg("%s: not a list of cases", path);
    for (size_t i = 0; i < cases.as.list.count; i++) check_case(k, paths, &cases.as.list.items[i]);
    *count += (unsigned)cases.as.list.count;
}

static void events_have_their_fields(void **state)
{
    (void)state;
    static const char folder[] = PICKET_SOURCE_DIR "/tests/schema/mapping";
    unsigned count = 0;
    wrong = 0;
    path_set *paths = path_set_new();
    schema_register(s, paths);
    path_set_freeze(paths);
    classifier *k = classifier_new(s, paths);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (str_ends_with(str_from(e->d_name), STR(".yaml")))
            check_file(k, paths, arena_cstring(a, arena_printf(a, "%s/%s", folder, e->d_name)), &count);
    closedir(dir);
    classifier_free(k);
    path_set_free(paths);
    print_message("%u events\n", count);
    assert_true(count >= 40);
    assert_int_equal(wrong, 0);
}

static int load(void **state)
{
    (void)state;
    diag_list *d = diag_list_new();
    a = arena_new();
    pk_status status = schema_load(&s, PICKET_SOURCE_DIR "/share/schemas", d);
    diag_list_free(d);
    return status == PK_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    schema_free(s);
    arena_free(a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_mapping_is_of_the_model), cmocka_unit_test(events_have_their_fields)};
    return cmocka_run_group_tests(tests, load, unload);
}
