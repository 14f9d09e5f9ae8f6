/* The data model: paths of rules (paths.tsv, faults.tsv), records (records.txt), enumerations, spellings. */
#include "../base/check.h"
#include "../tools/whole_file.h"

#include <stdlib.h>

#include "base/text.h"
#include "event/json_text.h"
#include "udm/udm.h"
#include "../tools/one_arena.h"

static char *read_all(const char *name)
{
    return arena_cstring(a, read_whole_file(a, arena_printf(a, "%s/tests/udm/%s", PICKET_SOURCE_DIR, name).ptr));
}

/* Calls `row` for each line of a table that is no comment; missing columns are empty. */
static size_t each_row(const char *file, void (*row)(char **columns))
{
    char *all = read_all(file), *rest = all, *line;
    size_t rows = 0;
    while ((line = strsep(&rest, "\n"))) {
        if (*line == 0 || *line == '#') continue;
        static char none[1];
        char *columns[6] = {none, none, none, none, none, none};
        for (size_t i = 0; i < 6 && line; i++) columns[i] = strsep(&line, "\t");
        row(columns);
        rows++;
    }
    return rows;
}

static const char *const types[] = {"message", "string", "bytes", "int", "float", "bool", "enum", "time", "map"};

static void check_path(char **c)
{
    udm_path p;
    udm_error e = {0};
    pk_str path = str_from(c[0]);
    if (!udm_resolve(udm_root_of(path), path, a, &p, &e)) fail_msg("%s: '%.*s' is wrong", c[0], STR_ARG(e.word));
    assert_str(p.path, c[1]);
    text type = {0};
    text_put_cstring(&type, types[p.type]);
    if (p.type == UDM_ENUM) text_printf(&type, " " STR_FMT, STR_ARG(udm_enum_type(p.enumeration)));
    if (!str_equal(text_view(&type), str_from(c[2]))) fail_msg("%s: type %.*s, expected %s", c[0], STR_ARG(text_view(&type)), c[2]);
    assert_int_equal(p.map_read, str_ends_with(str_from(c[1]), STR("']")));
    assert_int_equal(p.repeated, strstr(c[1], "[]") != NULL && !p.map_read);
    text_free(&type);
    udm_path again;
    if (udm_root_of(path) == UDM_EVENT) { /* the canonical form means itself */
        assert_true(udm_resolve(UDM_EVENT, p.path, a, &again, NULL));
        assert_true(str_equal(again.path, p.path) && again.type == p.type && again.repeated == p.repeated);
    }
}

static void test_paths(void **state)
{
    (void)state;
    assert_true(each_row("paths.tsv", check_path) > 200);
}

static void check_fault(char **c)
{
    static const char *const faults[] = {"unknown", "no fields", "not a list", "not a map", "syntax"};
    udm_path p;
    udm_error e = {0};
    pk_str path = str_from(c[0]);
    if (udm_resolve(udm_root_of(path), path, a, &p, &e)) fail_msg("%s: resolved", c[0]);
    assert_str(str_from(faults[e.fault]), c[1]);
    if (e.at != (size_t)atoi(c[2])) fail_msg("%s: at %zu, expected %s", c[0], e.at, c[2]);
    assert_str(e.word, c[3]);
    assert_str(e.message, c[4]);
    assert_str(e.nearest, c[5]);
}

static void test_faults(void **state)
{
    (void)state;
    assert_true(each_row("faults.tsv", check_fault) > 10);
}

static value parsed(const char *json)
{
    value v;
    if (!json_text_parse(str_from(json), 64, a, &v)) fail_msg("not JSON: %s", json);
    return v;
}

static void check_record(const char *kind, const char *json, const char *expected)
{
    value v = parsed(json);
    udm_root root;
    const value *body;
    bool known = udm_unwrap(&v, &root, &body);
    if (known != (strcmp(kind, "no") != 0)) fail_msg("%s: known %d", json, known);
    if (!known) return;
    if (root != (strcmp(kind, "event") ? UDM_ENTITY : UDM_EVENT)) fail_msg("%s: is of another root", json);
    value normal = udm_normalise(root, body, a);
    text out = {0};
    value_write_json(&out, &normal);
    assert_str(text_view(&out), expected);
    value again = udm_normalise(root, &normal, a); /* canonical records are their own canonical form */
    assert_true(value_equal(&normal, &again));
    value reread = parsed(arena_cstring(a, text_view(&out))); /* and so is what is written of them */
    reread = udm_normalise(root, &reread, a);
    assert_true(value_equal(&normal, &reread));
    text_free(&out);
}

static void test_records(void **state)
{
    (void)state;
    char *all = read_all("records.txt"), *rest = all, *line;
    size_t records = 0;
    while ((line = strsep(&rest, "\n"))) {
        if (*line == 0 || *line == '#') continue;
        char *json = strchr(line, ' ');
        *json++ = 0;
        char *expected = strcmp(line, "no") == 0 ? NULL : strsep(&rest, "\n") + 2;
        check_record(line, json, expected);
        records++;
    }
    assert_true(records > 20);
}

static void test_enumerations(void **state)
{
    (void)state;
    const udm_enum *e = udm_enum_find(STR("EventType"));
    int64_t n;
    assert_true(udm_enum_number(e, STR("NETWORK_HTTP"), &n) && n == 16006);
    assert_false(udm_enum_number(e, STR("network_http"), &n));
    assert_str(udm_enum_name(e, 15001), "USER_LOGIN");
    assert_str(udm_enum_name(e, 999), "");
    assert_str(udm_enum_nearest(e, STR("PROCES_LAUNCH")), "PROCESS_LAUNCH");
    assert_str(udm_enum_nearest(udm_enum_find(STR("Action")), STR("allow")), "ALLOW");
    assert_true(udm_enum_count(e) > 100);
    assert_null(udm_enum_find(STR("Nothing")));
}

static void test_spellings(void **state)
{
    (void)state;
    assert_str(udm_snake_case(STR("productSpecificProcessId"), a), "product_specific_process_id");
    assert_str(udm_snake_case(STR("md5"), a), "md5");
    assert_str(udm_camel_case(STR("event_type"), a), "eventType");
    assert_str(udm_camel_case(STR("not_before"), a), "notBefore");
    for (const char *const *m = (const char *const[]){"Noun", "File", "Metadata", "SecurityResult", "Network", NULL}; *m; m++) {
        size_t count;
        const udm_field *f = udm_message_fields(udm_message_find(str_from(*m)), &count);
        for (size_t i = 0; i < count; i++)
            assert_true(str_equal(udm_snake_case(udm_camel_case(f[i].name, a), a), f[i].name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths), cmocka_unit_test(test_faults), cmocka_unit_test(test_records),
        cmocka_unit_test(test_enumerations), cmocka_unit_test(test_spellings),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
