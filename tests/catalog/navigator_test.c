/* Navigator layers: what others made is read, what picket makes is as the published format says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalog/navigator.h"

static void assert_text(pk_str found, const char *expected)
{
    char *s = mem_cstring(found);
    assert_string_equal(s, expected);
    mem_free(s);
}

/* ---- in ---- */

/* What is marked, as "T1001 T1002=7": a score behind '='. */
static void assert_marked(const char *json, const char *name, const char *expected)
{
    arena *a = arena_new();
    navigator_layer layer;
    pk_str message;
    text t = {0};
    assert_int_equal(navigator_read(str_from(json), a, &layer, &message), PK_OK);
    for (size_t i = 0; i < layer.count; i++) {
        if (!layer.entries[i].marked) continue;
        if (t.len) text_put_char(&t, ' ');
        text_put(&t, layer.entries[i].technique);
        if (!layer.entries[i].scored) continue;
        text_put_char(&t, '=');
        text_put_double(&t, layer.entries[i].score);
    }
    assert_text(text_view(&t), expected);
    assert_text(layer.name, name);
    text_free(&t);
    arena_free(a);
}

#define LAYER(techniques) "{\"name\":\"mine\",\"versions\":{\"attack\":\"18\",\"navigator\":\"5.2.0\",\"layer\":\"4.5\"},\"domain\":\"enterprise-attack\",\"techniques\":[" techniques "]}"

static void reads_layers(void **state)
{
    (void)state;
    /* Scores decide where there are any. */
    assert_marked(LAYER("{\"techniqueID\":\"T1110\",\"score\":0,\"color\":\"#fd8d3c\"},{\"techniqueID\":\"t1110.001\",\"score\":100},{\"techniqueID\":\"T1098\",\"score\":2.5}"),
                  "mine", "T1098=2.5 T1110.001=100");
    /* A parent that is listed only since its sub-techniques are shown is no mark. */
    assert_marked(LAYER("{\"techniqueID\":\"T1110\",\"color\":\"\",\"comment\":\"\",\"showSubtechniques\":true},{\"techniqueID\":\"T1098\",\"color\":\"#ff0000\"},{\"techniqueID\":\"T1003\",\"comment\":\"x\"}"),
                  "mine", "T1003 T1098");
    assert_marked(LAYER("{\"techniqueID\":\"T1110\"},{\"techniqueID\":\"T1098\"}"), "mine", "T1098 T1110");
    assert_marked(LAYER("{\"techniqueID\":\"T1078\",\"enabled\":false},{\"techniqueID\":\"T1098\"}"), "mine", "T1098");
    /* One technique in several tactics: the highest. */
    assert_marked(LAYER("{\"techniqueID\":\"T1078\",\"tactic\":\"persistence\",\"score\":3},{\"techniqueID\":\"T1078\",\"tactic\":\"initial-access\",\"score\":9}"), "mine", "T1078=9");
    assert_marked(LAYER(""), "mine", "");
    /* A list of layers, an older one, one without a name. */
    assert_marked("[" LAYER("{\"techniqueID\":\"T1001\"}") "," LAYER("{\"techniqueID\":\"T1002\"}") "]", "mine and 1 more", "T1001 T1002");
    assert_marked("{\"version\":\"3.0\",\"domain\":\"mitre-enterprise\",\"techniques\":[{\"techniqueID\":\"T1086\"}]}", "layer", "T1086");
    /* What makes no sense in it is passed over. */
    assert_marked(LAYER("7,null,{},{\"techniqueID\":7},{\"techniqueID\":\"\"},{\"techniqueID\":\"<script>\"},{\"techniqueID\":\"T1001\",\"score\":\"9\"},{\"techniqueID\":\"T1002\",\"metadata\":7}"),
                  "mine", "T1001 T1002");
}

static void assert_refused(pk_str json, pk_status status, const char *part)
{
    arena *a = arena_new();
    navigator_layer layer;
    pk_str message;
    assert_int_equal(navigator_read(json, a, &layer, &message), status);
    if (str_find(message, str_from(part)) == STR_NPOS) fail_msg("'%.*s' does not say '%s'", STR_ARG(message), part);
    arena_free(a);
}

static void refuses_what_is_no_layer(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "{", "[]", "null", "7", "{}", "[{}]", "{\"techniques\":{}}", "[[]]", "{\"techniques\":[}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_refused(str_from(wrong[i]), PK_ERROR_SYNTAX, "no Navigator layer");
    assert_refused(STR("{\"name\":\"\xff\",\"techniques\":[]}"), PK_ERROR_SYNTAX, "not JSON");
    assert_refused(STR("{\"domain\":\"mobile-attack\",\"techniques\":[]}"), PK_ERROR_UNSUPPORTED, "mobile-attack");
    assert_refused(STR("{\"versions\":{\"layer\":\"9.0\"},\"techniques\":[]}"), PK_ERROR_UNSUPPORTED, "'9.0'");
    text deep = {0};
    text_put_cstring(&deep, "{\"techniques\":");
    for (int i = 0; i < 100000; i++) text_put_char(&deep, '[');
    assert_refused(text_view(&deep), PK_ERROR_SYNTAX, "not JSON");
    text_free(&deep);
}

/* ---- out: each rule of layers/spec/v4.5/layerformat.md ---- */

static pk_str member_text(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    assert_non_null(v);
    assert_int_equal(v->type, VALUE_STRING);
    return v->as.string;
}

static double member_number(const value *object, const char *name)
{
    const value *v = value_get(object, str_from(name));
    double n = 0;
    assert_non_null(v);
    assert_true(v->type == VALUE_INT && value_number(v, &n));
    return n;
}

static const value *member(const value *object, const char *name, value_type type)
{
    const value *v = value_get(object, str_from(name));
    assert_non_null(v);
    assert_int_equal(v->type, type);
    return v;
}

static void assert_color(pk_str s)
{
    assert_int_equal(s.len, 7);
    assert_int_equal(s.ptr[0], '#');
    for (size_t i = 1; i < s.len; i++) assert_non_null(strchr("0123456789abcdef", s.ptr[i]));
}

/* The members that the format knows of an object: nothing else may stand there. */
static void assert_only(const value *object, const char *names)
{
    assert_int_equal(object->type, VALUE_RECORD);
    for (size_t i = 0; i < object->as.record.count; i++) {
        char *name = mem_cstring(object->as.record.fields[i].name);
        char wanted[100];
        snprintf(wanted, sizeof wanted, " %s ", name);
        if (!strstr(names, wanted)) fail_msg("the format has no '%s'", name);
        mem_free(name);
    }
}

static void assert_technique(const value *t)
{
    assert_only(t, " techniqueID tactic comment enabled score color metadata links showSubtechniques ");
    pk_str id = member_text(t, "techniqueID");
    assert_true(id.len == 5 || (id.len == 9 && id.ptr[5] == '.'));
    assert_true(member_number(t, "score") >= 1);
    assert_true(member(t, "enabled", VALUE_BOOL)->as.boolean);
    const value *metadata = member(t, "metadata", VALUE_LIST);
    for (size_t i = 0; i < metadata->as.list.count; i++) {
        assert_only(&metadata->as.list.items[i], " name value divider ");
        assert_true(member_text(&metadata->as.list.items[i], "name").len > 0);
        member_text(&metadata->as.list.items[i], "value");
    }
}

static void assert_layer(const value *layer)
{
    assert_only(layer, " versions name description domain customDataURL filters sorting layout hideDisabled techniques gradient legendItems showTacticRowBackground"
                       " tacticRowBackground selectTechniquesAcrossTactics selectSubtechniquesWithParent selectVisibleTechniques metadata links ");
    assert_true(member_text(layer, "name").len > 0);
    assert_text(member_text(layer, "domain"), "enterprise-attack");
    const value *versions = member(layer, "versions", VALUE_RECORD);
    assert_only(versions, " attack navigator layer ");
    assert_text(member_text(versions, "layer"), "4.5");
    assert_true(str_compare(member_text(versions, "navigator"), STR("4.9.0")) >= 0);
    assert_true(member_number(layer, "sorting") >= 0 && member_number(layer, "sorting") <= 3);
    assert_only(member(layer, "layout", VALUE_RECORD), " layout showID showName showAggregateScores countUnscored aggregateFunction expandedSubtechniques ");
    const value *gradient = member(layer, "gradient", VALUE_RECORD), *colors = member(gradient, "colors", VALUE_LIST);
    assert_only(gradient, " colors minValue maxValue ");
    assert_true(colors->as.list.count >= 2);
    for (size_t i = 0; i < colors->as.list.count; i++) assert_color(colors->as.list.items[i].as.string);
    assert_true(member_number(gradient, "maxValue") > member_number(gradient, "minValue"));
    const value *legend = member(layer, "legendItems", VALUE_LIST);
    for (size_t i = 0; i < legend->as.list.count; i++) {
        assert_only(&legend->as.list.items[i], " label color ");
        assert_true(member_text(&legend->as.list.items[i], "label").len > 0);
        assert_color(member_text(&legend->as.list.items[i], "color"));
    }
    const value *techniques = member(layer, "techniques", VALUE_LIST);
    for (size_t i = 0; i < techniques->as.list.count; i++) assert_technique(&techniques->as.list.items[i]);
}

static void writes_a_layer_of_the_format(void **state)
{
    (void)state;
    arena *a = arena_new();
    value_field metadata[] = {{STR("Sigma"), value_string(STR("7 rules"))}};
    navigator_mark marks[] = {{STR("T1090"), STR("12 rules <script>"), 12, true, metadata, 1}, {STR("T1090.003"), STR("1 rule"), 1, false, NULL, 0}};
    value layer = navigator_layer_value(a, STR("name"), STR(""), STR("18.1"), marks, 2);
    assert_layer(&layer);
    assert_text(member_text(value_get(&layer, STR("versions")), "attack"), "18");
    assert_int_equal((int)member_number(value_get(&layer, STR("gradient")), "maxValue"), 12);
    value empty = navigator_layer_value(a, STR("name"), STR(""), STR(""), NULL, 0), one = navigator_layer_value(a, STR("name"), STR(""), STR("19"), marks + 1, 1);
    assert_layer(&empty);
    assert_layer(&one);

    /* And it reads back. */
    text t = {0};
    value_write_json(&t, &layer);
    text_put_char(&t, 0);
    assert_marked(t.ptr, "name", "T1090=12 T1090.003=1");
    text_free(&t);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_layers),
        cmocka_unit_test(refuses_what_is_no_layer),
        cmocka_unit_test(writes_a_layer_of_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
