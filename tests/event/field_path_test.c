/* Paths into nested records: what each kind of step reads, and when a path counts as absent somewhere. */
#include "../base/check.h"

#include "event/field_path.h"
#include "event/json_text.h"
#include "../tools/one_arena.h"

static const char event[] =
    "{\"principal\":{\"ip\":[\"10.0.0.1\",\"10.0.0.2\"],\"hostname\":\"ws1\"},\"target\":{\"ip\":[],\"port\":null},"
    "\"security_result\":[{\"summary\":\"s\",\"action\":[\"ALLOW\",\"FAIL\"]},"
    "{\"action\":[],\"about\":{\"labels\":[{\"key\":\"other\"},{\"key\":\"k\",\"value\":\"v1\"},{\"key\":\"k\",\"value\":\"v2\"}]}},"
    "{\"action\":[\"BLOCK\"],\"about\":{\"labels\":[{\"key\":\"k\",\"value\":\"v3\"},{\"key\":\"it's\",\"value\":\"q\"},{\"key\":5,\"value\":6}]}}],"
    "\"additional\":{\"fields\":{\"a.b\":\"dotted\",\"s\":{\"string_value\":\"inner\"}}},\"extracted\":{\"plain\":\"p\"}}";

static const struct { const char *path, *values; bool absent; } cases[] = {
    {"principal.hostname", "[\"ws1\"]", false},
    {"principal.ip[]", "[\"10.0.0.1\",\"10.0.0.2\"]", false},
    {"principal.ip", "[\"10.0.0.1\",\"10.0.0.2\"]", false},
    {"principal.ip[1]", "[\"10.0.0.2\"]", false},
    {"principal.ip[2]", "[]", true},
    {"principal.hostname[0]", "[\"ws1\"]", false},
    {"principal.hostname[1]", "[]", true},
    {"principal.hostname[]", "[\"ws1\"]", false},
    {"principal.hostname.x", "[]", true},
    {"principal.nothing", "[]", true},
    {"nothing[].more[]", "[]", true},
    {"target.ip[]", "[]", true},
    {"target.port", "[]", true},
    {"security_result[].summary", "[\"s\"]", true},
    {"security_result[].action[]", "[\"ALLOW\",\"FAIL\",\"BLOCK\"]", true},
    {"security_result[2].action[]", "[\"BLOCK\"]", false},
    {"security_result[].action[0]", "[\"ALLOW\",\"BLOCK\"]", true},
    {"security_result[].about.labels['k']", "[\"v1\"]", false},
    {"security_result.about.labels[\"k\"]", "[\"v1\"]", false},
    {"security_result[2].about.labels[`k`]", "[\"v3\"]", false},
    {"security_result[].about.labels['it\\'s']", "[\"q\"]", false},
    {"security_result[].about.labels['5']", "[6]", false},
    {"security_result[].about.labels['other']", "[]", true},
    {"security_result[].about.labels['none']", "[]", true},
    {"security_result[].about.labels[].value", "[\"v1\",\"v2\",\"v3\",\"q\",6]", true},
    {"additional.fields['a.b']", "[\"dotted\"]", false},
    {"additional.fields['s']", "[\"inner\"]", false},
    {"extracted.fields['plain']", "[\"p\"]", false},
    {"additional.fields['none']", "[]", true},
};

static void test_reading(void **state)
{
    (void)state;
    value record;
    assert_true(json_text_parse(str_from(event), 64, a, &record));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        list_builder found = {0};
        bool absent = field_path_read_text(&record, str_from(cases[i].path), a, &found);
        value list = list_done(&found);
        text json = {0};
        value_write_json(&json, &list);
        if (!str_equal(text_view(&json), str_from(cases[i].values)) || absent != cases[i].absent)
            fail_msg("%s: %.*s%s", cases[i].path, STR_ARG(text_view(&json)), absent ? ", absent" : "");
        text_free(&json);
    }
}

/* Seconds of a time are whole and rounded down, before 1970 as well. */
static void test_times(void **state)
{
    (void)state;
    record_builder b = {0};
    record_add(a, &b, STR("t"), (value){.type = VALUE_TIME, .as.time = 1767607200 * SECOND + 5});
    record_add(a, &b, STR("old"), (value){.type = VALUE_TIME, .as.time = -1});
    value record = record_done(&b);
    list_builder found = {0};
    assert_false(field_path_read_text(&record, STR("t.seconds"), a, &found));
    assert_false(field_path_read_text(&record, STR("t.nanos"), a, &found));
    assert_false(field_path_read_text(&record, STR("old.seconds"), a, &found));
    assert_false(field_path_read_text(&record, STR("old.nanos"), a, &found));
    assert_true(field_path_read_text(&record, STR("t.minutes"), a, &found));
    const int64_t expected[] = {1767607200, 5, -1, 999999999};
    assert_int_equal(found.items.len, 4);
    for (size_t i = 0; i < 4; i++) assert_true(found.items.at[i].as.integer == expected[i]);
}

static void test_text_form(void **state)
{
    (void)state;
    static const struct { const char *written, *printed; } paths[] = {
        {"a.b[].c[3]", "a.b[].c[3]"}, {"a[\"x.y[]\"]", "a['x.y[]']"}, {"a['q\\'\\\\']", "a['q\\'\\\\']"}, {"a[`\\n`]", "a['\\\\n']"},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        field_path p;
        text out = {0};
        assert_true(field_path_parse(str_from(paths[i].written), a, &p, NULL));
        field_path_print(&p, &out);
        assert_str(text_view(&out), paths[i].printed);
        text_free(&out);
    }
    static const char *const wrong[] = {"", ".", "a.", "a..b", "[0]", "a[", "a[x]", "a['x'", "a['x", "a[4294967296]", "a[-1]", "a[0]b"};
    field_path p;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (field_path_parse(str_from(wrong[i]), a, &p, NULL)) fail_msg("'%s' was read as a path", wrong[i]);
    text many = {0};
    text_put_cstring(&many, "a");
    for (size_t i = 0; i < FIELD_PATH_STEPS; i++) text_put_cstring(&many, ".a");
    assert_false(field_path_parse(text_view(&many), a, &p, NULL));
    text_free(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reading), cmocka_unit_test(test_times), cmocka_unit_test(test_text_form)};
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
