/* Schemas whose events are nested records: nested/fields.txt, nested/records.txt, and which classes give them. */
#include "../base/check.h"
#include "../tools/whole_file.h"

#include <stdlib.h>

#include "event/json_text.h"
#include "schema/model.h"

static arena *a;
static schema *shipped, *made; /* share/schemas; nested/app.yaml */

static char *read_all(const char *name)
{
    return arena_cstring(a, read_whole_file(a, arena_printf(a, "%s/tests/schema/nested/%s", PICKET_SOURCE_DIR, name).ptr));
}

/* The class, in the schema that has it. */
static const schema *find_class(const char *name, class_id *c)
{
    const schema *s = strncmp(name, "app", 3) == 0 ? made : shipped;
    *c = schema_find_class(s, str_from(name));
    if (*c == CLASS_NONE) fail_msg("no class %s", name);
    return s;
}

static pk_str schema_of(const char *name) { return strcmp(name, "udm-entity") == 0 ? STR("udm-entity") : STR("udm"); }

static void test_fields(void **state)
{
    (void)state;
    char *all = read_all("fields.txt"), *rest = all, *line;
    size_t rows = 0;
    while ((line = strsep(&rest, "\n"))) {
        if (*line == 0 || *line == '#') continue;
        class_id c;
        char *name = strsep(&line, "\t"), *field = strsep(&line, "\t");
        const schema *s = find_class(name, &c);
        text shown = {0};
        field_map_print(schema_field(s, c, schema_of(name), str_from(field), a), &shown);
        if (!str_equal(text_view(&shown), str_from(line)))
            fail_msg("%s of %s: %.*s, expected %s", field, name, STR_ARG(text_view(&shown)), line);
        text_free(&shown);
        rows++;
    }
    assert_true(rows > 20);
}

static layout_id layout_of(const schema *s, class_id c)
{
    for (layout_id l = 0; l < schema_layout_count(s); l++)
        if (schema_layout_family(s, l) == schema_class(s, c)->family) return l;
    return LAYOUT_NONE;
}

static void check_record(char *line, const char *expected)
{
    class_id c;
    pk_str paths[8];
    size_t count = 0;
    char *name = strsep(&line, " "), *list = strsep(&line, " "), *path;
    while (strcmp(list, "-") != 0 && (path = strsep(&list, ",")) && count < 8) {
        paths[count++] = str_from(path);
        if (!list) break;
    }
    const schema *s = find_class(name, &c);
    value tree;
    if (!json_text_parse(str_from(line), 64, a, &tree)) fail_msg("not JSON: %s", line);
    value record = schema_record(s, c, layout_of(s, c), schema_of(name), paths, count, &tree, a);
    text json = {0};
    value_write_json(&json, &record);
    if (!str_equal(text_view(&json), str_from(expected))) fail_msg("%s: got\n%.*s, expected\n%s", line, STR_ARG(text_view(&json)), expected);
    text_free(&json);
}

static void test_records(void **state)
{
    (void)state;
    char *all = read_all("records.txt"), *rest = all, *line;
    size_t rows = 0;
    while ((line = strsep(&rest, "\n"))) {
        if (*line == 0 || *line == '#') continue;
        char *expected = strsep(&rest, "\n");
        check_record(line, expected + 2);
        rows++;
    }
    assert_true(rows > 12);
}

/* Where the event stands is its identity, unless a mapping gives one. */
static void test_identity(void **state)
{
    (void)state;
    class_id c;
    const schema *s = find_class("app", &c);
    event_source source = {.file = STR("logs/a.json"), .position = 7};
    pk_str path = STR("metadata.id");
    record_paths wanted = record_paths_read(&path, 1, a);
    value tree, record;
    assert_true(json_text_parse(STR("{\"app\":1}"), 8, a, &tree));
    record = schema_event_record(s, c, layout_of(s, c), STR("udm"), &wanted, &tree, &source, a);
    assert_str(value_get(value_get(&record, STR("metadata")), STR("id"))->as.string, "logs/a.json#7");
}

/* Of an event's classes the most special one with mappings of its own; native classes give their records themselves. */
static void test_classes(void **state)
{
    (void)state;
    class_id app, login, other, native;
    find_class("app", &app);
    find_class("app/login", &login);
    find_class("app/other", &other);
    find_class("udm", &native);
    const class_id events[][2] = {{app, login}, {app, other}};
    assert_true(schema_record_class(made, STR("udm"), events[0], 2) == login);
    assert_true(schema_record_class(made, STR("udm"), events[1], 2) == app);
    assert_true(schema_record_class(made, STR("udm-entity"), events[1], 2) == CLASS_NONE);
    assert_true(schema_record_class(made, STR("udm"), NULL, 0) == CLASS_NONE);
    assert_true(schema_record_class(shipped, STR("udm"), &native, 1) == native);
    size_t count;
    schema_record_classes(made, STR("udm"), a, &count);
    assert_int_equal(count, 2);
    const class_id *all = schema_record_classes(shipped, STR("udm"), a, &count);
    bool found = false;
    for (size_t i = 0; i < count; i++) found |= all[i] == native;
    assert_true(found && count > 10);
}

/* Every mapping to the data model names a field that it has. */
static void test_shipped_mappings(void **state)
{
    (void)state;
    size_t checked = 0;
    for (class_id c = 0; c < schema_class_count(shipped); c++) {
        size_t count;
        const field_mapping *m = schema_class_mappings(shipped, c, &count);
        for (size_t i = 0; i < count; i++) {
            udm_path p;
            udm_error e = {0};
            if (!str_equal(m[i].schema, STR("udm"))) continue;
            if (!udm_resolve(UDM_EVENT, m[i].field, a, &p, &e))
                fail_msg("%.*s: '%.*s' is no path: '%.*s'", STR_ARG(schema_class(shipped, c)->name), STR_ARG(m[i].field), STR_ARG(e.word));
            int64_t number;
            if (p.type == UDM_ENUM && m[i].map->kind == MAP_CONSTANT &&
                !udm_enum_number(p.enumeration, m[i].map->constant.as.string, &number))
                fail_msg("%.*s: %.*s has no value '%.*s'", STR_ARG(schema_class(shipped, c)->name), STR_ARG(m[i].field),
                         STR_ARG(m[i].map->constant.as.string));
            if (p.type == UDM_MESSAGE || p.type == UDM_MAP)
                fail_msg("%.*s: '%.*s' holds no value itself", STR_ARG(schema_class(shipped, c)->name), STR_ARG(m[i].field));
            checked++;
        }
    }
    assert_true(checked > 100);
}

static schema *load(const char *directory)
{
    schema *s = NULL;
    diag_list *d = diag_list_new();
    pk_str path = arena_printf(a, "%s/%s", PICKET_SOURCE_DIR, directory);
    if (schema_load(&s, path.ptr, d) != PK_OK)
        fail_msg("%s: %s", directory, diag_count(d) ? diag_at(d, 0)->message.ptr : "cannot be loaded");
    diag_list_free(d);
    return s;
}

static int make(void **state)
{
    (void)state;
    a = arena_new();
    shipped = load("share/schemas");
    made = load("tests/schema/nested");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    schema_free(shipped);
    schema_free(made);
    arena_free(a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields), cmocka_unit_test(test_records), cmocka_unit_test(test_classes), cmocka_unit_test(test_identity),
                                       cmocka_unit_test(test_shipped_mappings)};
    return cmocka_run_group_tests(tests, make, drop);
}
