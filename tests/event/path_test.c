/*
 * Paths: the fast way (the automaton, followed as readers follow it) and the slow way (tree_values) over the same trees
 * give the same values; and both give what the rules of event/path.h say.
 */
#include "../base/check.h"

#include <stdlib.h>

#include "event/event.h"

static arena *a;

static void put(void *found, path_slot slot, const value *v) { list_add(a, &((list_builder *)found)[slot], *v); }

/* As a reader does it: record and path set side by side. */
static void walk(const path_set *set, path_node at, const value *v, list_builder *found)
{
    path_values(set, at, v, a, put, found);
}

static value record(size_t n, ...)
{
    record_builder b = {0};
    va_list args;
    va_start(args, n);
    for (size_t i = 0; i < n; i++) {
        pk_str name = str_from(va_arg(args, const char *));
        record_add(a, &b, name, va_arg(args, value));
    }
    va_end(args);
    return record_done(&b);
}

static value list(size_t n, ...)
{
    list_builder b = {0};
    va_list args;
    va_start(args, n);
    for (size_t i = 0; i < n; i++) list_add(a, &b, va_arg(args, value));
    va_end(args);
    return list_done(&b);
}

static void check(const value *tree, const char *path, const char *expected)
{
    path_set *set = path_set_new();
    path_slot other = path_add(set, STR("a.b.other")), slot = path_add(set, str_from(path));
    assert_true(other != slot && path_add(set, str_from(path)) == slot && path_find(set, str_from(path)) == slot);
    path_set_freeze(set);
    list_builder fast[2] = {{{0}}}, slow = {{0}};
    walk(set, PATH_ROOT, tree, fast);
    tree_values(tree, str_from(path), a, &slow);
    text t = {0};
    value v = list_done(&slow);
    value_write_json(&t, &v);
    assert_str(text_view(&t), expected);
    text_clear(&t);
    v = list_done(&fast[slot]);
    value_write_json(&t, &v);
    assert_str(text_view(&t), expected);
    text_free(&t);
    path_set_free(set);
}

#define INT(n) value_int(n)

static void test_rules(void **state)
{
    (void)state;
    value tree = record(8, "a", record(3, "b", record(2, "c", INT(1), "d", value_null()), "b.c", INT(2), "x y", INT(3)), "a.b", record(1, "c", INT(4)), "a.b.c", INT(5),
                        "list", list(3, record(1, "k", INT(6)), list(1, record(1, "k", list(2, INT(7), INT(8)))), INT(9)), "Threat Name", INT(10), "empty", list(0), "starred", record(1, "x", INT(11)),
                        "starred.*", INT(12));
    check(&tree, "a.b.c", "[1,2,4,5]");
    check(&tree, "a.b.d", "[null]");
    check(&tree, "a.b", "[]");
    check(&tree, "a.xy", "[3]");
    check(&tree, "a.x y", "[3]");
    check(&tree, "ThreatName", "[10]");
    check(&tree, "Threatname", "[]");
    check(&tree, "list.k", "[6,7,8]");
    check(&tree, "list", "[9]");
    check(&tree, "empty", "[]");
    check(&tree, "a.*.c", "[1]");
    check(&tree, "*.k", "[6,7,8]");
    check(&tree, "*.b.c", "[1,2]");
    check(&tree, "starred.*", "[11]"); /* '*' is any key, and no part of one */
    check(&tree, "nothing.at.all", "[]");
    check(&tree, "", "[]");
}

static value text_value(const char *s) { return value_string(str_from(s)); }

static void test_pairs(void **state)
{
    (void)state;
    value nested = record(2, "#attributes", record(1, "Name", text_value("X Y")), "#text", INT(1));
    value empty = record(1, "@Name", text_value("E")), nameless = record(1, "#text", INT(9));
    value plain = record(2, "@Name", text_value("P"), "#text", text_value("p"));
    value deep = record(2, "#text", record(1, "k", INT(5)), "@Name", text_value("D"));
    value tree = record(3, "Data", list(6, nested, empty, nameless, plain, deep, INT(3)), "One", plain,
                        "Alike", list(2, plain, plain));
    check(&tree, "Data.{@Name=#text}.P", "[\"p\"]");
    check(&tree, "Data.{@Name=#text}.E", "[\"\"]");
    check(&tree, "Data.{@Name=#text}.D.k", "[5]");
    check(&tree, "Data.{#attributes/Name|@Name=Value|#text}.XY", "[1]");
    check(&tree, "Data.{#attributes/Name|@Name=Value|#text}.P", "[\"p\"]");
    check(&tree, "*.{@Name=#text}.P", "[\"p\",\"p\",\"p\",\"p\"]");
    check(&tree, "*.{@Name=#text}.*", "[\"\",\"p\",\"p\",\"p\",\"p\"]");
    check(&tree, "One.{@Name=#text}.P", "[\"p\"]");
    check(&tree, "One.{@Name=}.P", "[]");
    check(&tree, "One.{@Name=#text}", "[]");
}

static void test_inner_texts(void **state)
{
    (void)state;
    value tree = record(
        9, "json", text_value(" {\"k\":{\"l\":1},\"m\":\"{\\\"n\\\":\\\"{\\\\\\\"o\\\\\\\":2}\\\"}\"} "),
        "list", text_value("[{\"k\":1},7,{\"k\":\"\\u00e4\\n\"}]"), "broken", text_value("{\"k\":1,}"), "open", text_value("{\"k\":1"),
        "xml", text_value("<?xml version='1.0'?>\r\n<EventData xmlns='u'>\r\n<Data Name=\"X\">a &amp; &#x62;</Data><Data Name='Y'/>"
                          "<Data>one</Data><Data>two</Data><c d='e'>f</c><g><![CDATA[<h>]]></g></EventData>"),
        "wrong", text_value("<a><b></a></b>"), "two", text_value("<a>1</a><a>2</a>"), "bare", text_value("<>"), "number", INT(4));
    check(&tree, "json.k.l", "[1]");
    check(&tree, "json.m.n", "[\"{\\\"o\\\":2}\"]");
    check(&tree, "json.m.n.o", "[]"); /* deeper than anybody nests */
    check(&tree, "list.k", "[1,\"\u00e4\\n\"]");
    check(&tree, "list", "[\"[{\\\"k\\\":1},7,{\\\"k\\\":\\\"\\\\u00e4\\\\n\\\"}]\"]");
    check(&tree, "broken.k", "[]");
    check(&tree, "open.k", "[]");
    check(&tree, "xml.EventData.X", "[\"a & b\"]");
    check(&tree, "xml.EventData.Y", "[\"\"]");
    check(&tree, "xml.EventData.Data", "[\"one\",\"two\"]");
    check(&tree, "xml.EventData.c.#attributes.d", "[\"e\"]");
    check(&tree, "xml.EventData.c.#text", "[\"f\"]");
    check(&tree, "xml.EventData.g", "[\"<h>\"]");
    check(&tree, "wrong.a", "[]");
    check(&tree, "two.a", "[]");
    check(&tree, "bare.a", "[]");
    check(&tree, "number.a", "[]");
}

static void test_keys(void **state)
{
    (void)state;
    path_set *set = path_set_new();
    const pk_str keys[] = {STR("a.b"), STR("c")}, split[] = {STR("a"), STR("b")};
    path_slot x = path_add_keys(set, keys, 2), y = path_add(set, STR("a.b.c")), z = path_add_keys(set, split, 2);
    assert_true(path_add_keys(set, keys, 2) == x && x != y && y != z);
    assert_str(path_text(set, x), "a.b.c");
    path_set_freeze(set);
    value tree = record(2, "a", record(1, "b", record(1, "c", INT(1))), "a.b", record(1, "c", INT(2)));
    list_builder found[3] = {{{0}}};
    walk(set, PATH_ROOT, &tree, found);
    assert_int_equal(found[x].items.len, 1);
    assert_int_equal(found[x].items.at[0].as.integer, 2);
    assert_int_equal(found[y].items.len, 2);
    assert_int_equal(found[z].items.len, 0);
    path_set_free(set);
}

/* A set that knows no text of a key at all. */
static void test_only_the_empty_key(void **state)
{
    (void)state;
    path_set *set = path_set_new();
    const pk_str key = STR("");
    path_slot x = path_add_keys(set, &key, 1);
    path_set_freeze(set);
    value tree = record(1, "", INT(1));
    list_builder found[1] = {{{0}}};
    walk(set, PATH_ROOT, &tree, found);
    assert_int_equal(found[x].items.len, 1);
    path_set_free(set);
}

/* Random paths and trees over a tiny alphabet, so that everything meets everything. */
static unsigned pick(unsigned n) { return (unsigned)rand() % n; }

static const char *const names[] = {"a", "b", "a b", "ab", "a.b", "b.a", "*", "a.*", "*.b", ".*", "", "{a=b}"};

static const char *const inner_texts[] = {"{\"a\":1,\"b\":{\"a b\":[2,3]}}", "[{\"a\":\"b\",\"b\":4}]", "<a><b>5</b><b>6</b></a>"};

static value random_tree(int depth)
{
    if (depth == 0 || pick(6) == 0) return INT((int64_t)pick(1000));
    if (pick(4) == 0) return record(2, "b", random_tree(depth - 1), "a", text_value(names[pick(5)]));
    if (pick(5) == 0) return text_value(inner_texts[pick(3)]);
    if (pick(5) == 0) return list(2, random_tree(depth - 1), random_tree(depth - 1));
    value x = random_tree(depth - 1), y = random_tree(depth - 1), z = random_tree(depth - 1);
    return record(3, names[pick(11)], x, names[pick(11)], y, names[pick(11)], z);
}

static void test_fast_and_slow_agree(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 300; round++) {
        path_set *set = path_set_new();
        for (unsigned i = 0; i < 8; i++) {
            pk_str path = str_from(names[pick(12)]);
            for (unsigned n = pick(4); n > 0; n--) path = arena_printf(a, STR_FMT ".%s", STR_ARG(path), names[pick(12)]);
            path_add(set, path);
        }
        path_set_freeze(set);
        value tree = random_tree(4);
        if (tree.type != VALUE_RECORD) tree = record(1, "a", tree);
        list_builder fast[8] = {{{0}}};
        walk(set, PATH_ROOT, &tree, fast);
        for (path_slot s = 0; s < path_slot_count(set); s++) {
            list_builder slow = {{0}};
            tree_values(&tree, path_text(set, s), a, &slow);
            /* One descent visits a leaf once; the slow way once for each reading of the path. */
            for (size_t i = 0; i < slow.items.len; i++) {
                bool found = false;
                for (size_t k = 0; k < fast[s].items.len; k++) found |= value_equal(&slow.items.at[i], &fast[s].items.at[k]);
                if (!found) fail_msg("round %d: '%.*s' misses a value", round, STR_ARG(path_text(set, s)));
            }
            for (size_t i = 0; i < fast[s].items.len; i++) {
                bool found = false;
                for (size_t k = 0; k < slow.items.len; k++) found |= value_equal(&slow.items.at[k], &fast[s].items.at[i]);
                if (!found) fail_msg("round %d: '%.*s' has a value too many", round, STR_ARG(path_text(set, s)));
            }
        }
        path_set_free(set);
        arena_reset(a);
    }
}

static void test_values(void **state)
{
    (void)state;
    pk_str s;
    double d;
    value big = {.type = VALUE_UINT, .as.unsigned_integer = UINT64_MAX}, blank = {.type = VALUE_BLANK}, real = value_real(2.5);
    assert_true(value_text(a, &big, &s));
    assert_str(s, "18446744073709551615");
    assert_true(value_text(a, &blank, &s));
    assert_str(s, "");
    assert_true(value_text(a, &real, &s));
    assert_str(s, "2.5");
    value l = list(1, INT(1)), number = value_string(STR("4.5")), word = value_string(STR("4,5"));
    assert_false(value_text(a, &l, &s));
    assert_true(value_number(&number, &d) && d == 4.5);
    assert_false(value_number(&word, &d));
    value tree = record(3, "x", l, "y", real, "y", word), copy = value_copy(a, &tree);
    assert_true(value_equal(&tree, &copy));
    assert_true(value_get(&copy, STR("y"))->type == VALUE_FLOAT);
    assert_null(value_get(&copy, STR("z")));
    text t = {0};
    value_write_json(&t, &tree);
    assert_str(text_view(&t), "{\"x\":[1],\"y\":2.5,\"y\":\"4,5\"}");
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules), cmocka_unit_test(test_pairs), cmocka_unit_test(test_inner_texts), cmocka_unit_test(test_keys), cmocka_unit_test(test_only_the_empty_key), cmocka_unit_test(test_fast_and_slow_agree), cmocka_unit_test(test_values),
    };
    a = arena_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
