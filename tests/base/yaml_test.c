/* YAML trees: types, places in the source, bounds, and texts that are not YAML. */
#include "base/yaml.h"
#include "check.h"

static arena *scratch;

static int set_up(void **state)
{
    (void)state;
    scratch = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(scratch);
    return 0;
}

static yaml_node *root_of(const yaml_file *f)
{
    assert_int_equal(f->count, 1);
    assert_int_equal(f->documents[0].problem_count, 0);
    assert_non_null(f->documents[0].root);
    return f->documents[0].root;
}

static pk_str source_at(const yaml_file *f, span at) { return str_slice(f->source.text, at.start, at.end - at.start); }

/* ---- types: YAML 1.2.2, 10.3.2 ---- */

static const struct { const char *text; yaml_type type; } typed[] = {
    {"", YAML_NULL}, {"~", YAML_NULL}, {"null", YAML_NULL}, {"NULL", YAML_NULL}, {"nULL", YAML_TEXT},
    {"true", YAML_BOOL}, {"FALSE", YAML_BOOL}, {"yes", YAML_TEXT}, {"on", YAML_TEXT}, {"n", YAML_TEXT},
    {"0", YAML_INT}, {"-19", YAML_INT}, {"010", YAML_INT}, {"0o14", YAML_INT}, {"0x3A", YAML_INT}, {"0xg", YAML_TEXT},
    {"0.", YAML_FLOAT}, {"-.5", YAML_FLOAT}, {"12e03", YAML_FLOAT}, {"+1.3E-2", YAML_FLOAT}, {"1e", YAML_TEXT}, {"1.2.3", YAML_TEXT},
    {"2026-11-22", YAML_TEXT}, {"12:30", YAML_TEXT}, {"1_000", YAML_TEXT}, {"'1'", YAML_TEXT}, {"\"null\"", YAML_TEXT},
    {"!!str 1", YAML_TEXT}, {"!!str", YAML_TEXT}, {"!!int 1", YAML_INT}, {"! 1", YAML_INT},
};

static void plain_texts_have_the_types_of_the_core_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        yaml_file f = yaml_read(scratch, arena_printf(scratch, "a: %s\n", typed[i].text));
        const yaml_node *n = yaml_get(root_of(&f), STR("a"));
        if (n->type != typed[i].type) fail_msg("'%s' has type %d", typed[i].text, n->type);
    }
}

/* ---- places ---- */

static void scalars_stand_where_they_are_written(void **state)
{
    (void)state;
    static const char source[] = "\xef\xbb\xbf# \xc3\xa4\r\n\xc3\xa9: \xf0\x9f\x98\x80 x\r\nb: 'it''s'\r\nc: &a !!str \"q\\tz\"\r\nd:\r\n  - |-\r\n     one\r\n     two\r\n  - last";
    yaml_file f = yaml_read(scratch, STR(source));
    yaml_node *root = root_of(&f), *d = yaml_get(root, STR("d"));
    const yaml_node *x = yaml_get(root, STR("\xc3\xa9")), *b = yaml_get(root, STR("b")), *c = yaml_get(root, STR("c"));
    assert_str(source_at(&f, x->span), "\xf0\x9f\x98\x80 x");
    assert_int_equal(x->span.line, 2);
    assert_int_equal(x->span.column, 5); /* bytes */
    assert_true(x->text.ptr == f.source.text.ptr + x->span.start); /* no copy of what stands there verbatim */
    assert_str(source_at(&f, b->span), "'it''s'");
    assert_str(b->text, "it's");
    assert_str(source_at(&f, c->span), "\"q\\tz\"");
    assert_str(c->text, "q\tz");
    assert_str(source_at(&f, d->items[0]->span), "one\r\n     two");
    assert_str(d->items[0]->text, "one\ntwo");
    assert_str(source_at(&f, d->span), "- |-\r\n     one\r\n     two\r\n  - last");
    assert_int_equal(d->span.end_line, 9);
}

static void parts_of_scalars_are_found_through_escapes_and_folds(void **state)
{
    (void)state;
    static const struct { const char *source, *part, *written; } cases[] = {
        {"'it''s (x'", "(x", "(x"},
        {"\"a\\u00e9\\\\(x\"", "(x", "(x"},
        {"\"a\\u00e9b\"", "\xc3\xa9", "\\u00e9"},
        {"one\n  two (x", "(x", "(x"},
        {">-\n  one\n\n  two (x\n  three", "(x", "(x"},
        {"|+\n   one\n     (x\n\n", "(x", "(x"},
        {"|2-\n    one\n   (x", "(x", "(x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        yaml_file f = yaml_read(scratch, arena_printf(scratch, "a: %s\n", cases[i].source));
        const yaml_node *n = yaml_get(root_of(&f), STR("a"));
        size_t at = str_find(n->text, str_from(cases[i].part));
        assert_true(at != STR_NPOS);
        span found = yaml_span_within(&f.source, n, yaml_scalar_places(scratch, &f.source, n), at, at + strlen(cases[i].part));
        assert_str(source_at(&f, found), cases[i].written);
    }
}

/* ---- documents, anchors, merge keys ---- */

static void documents_are_cut_at_their_markers(void **state)
{
    (void)state;
    static const char source[] = "# one\na: 1\n--- # two\nb: 2\n...\n# between\n---\nc: 3\n";
    yaml_file f = yaml_read(scratch, STR(source));
    assert_int_equal(f.count, 3);
    assert_str(source_at(&f, f.documents[0].span), "# one\na: 1\n");
    assert_non_null(yaml_get(f.documents[1].root, STR("b")));
    assert_str(source_at(&f, f.documents[2].span), "c: 3\n");
    assert_int_equal(yaml_read(scratch, STR("# nothing\n")).count, 0);
    assert_int_equal(yaml_read(scratch, STR("")).count, 0);
}

static void assert_json(const char *source, const char *expected)
{
    yaml_file f = yaml_read(scratch, str_from(source));
    text json = {0};
    yaml_write_json(&json, root_of(&f));
    assert_str(text_view(&json), expected);
    text_free(&json);
}

static void anchors_and_merge_keys(void **state)
{
    (void)state;
    assert_json("a: &x [1, b]\nc: *x\n", "{\"a\":[\"1\",\"b\"],\"c\":[\"1\",\"b\"]}");
    assert_json("a: &x {k: 1, l: 2}\nc: {<<: *x, l: 3}\n", "{\"a\":{\"k\":\"1\",\"l\":\"2\"},\"c\":{\"l\":\"3\",\"k\":\"1\"}}");
    assert_json("a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}\n",
                "{\"a\":{\"k\":\"1\"},\"b\":{\"k\":\"2\",\"m\":\"3\"},\"c\":{\"k\":\"1\",\"m\":\"3\"}}");
    assert_json("'<<': {k: 1}\n", "{\"<<\":{\"k\":\"1\"}}");
    assert_json("a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"2\"}");
    assert_json("[a: b, c]", "[{\"a\":\"b\"},\"c\"]");
}

/* ---- what is wrong ---- */

static const struct { const char *source; yaml_problem_kind kind; unsigned line, column; } wrong[] = {
    {"a: 1\nb: 2\na: 3\n", YAML_DUPLICATE_KEY, 3, 1},
    {"a: *x\n", YAML_SYNTAX, 1, 4},
    {"--- &x a\n--- *x\n", YAML_SYNTAX, 2, 5}, /* anchors end with their document */
    {"{a: 1}: 2\n", YAML_SYNTAX, 1, 1},
    {"a: [1\n", YAML_SYNTAX, 1, 4},
    {"\xc3\xa4: \"\xc3\xa9\\q\"\n", YAML_SYNTAX, 1, 8},
    {"a: \xff\n", YAML_ENCODING, 1, 4},
    {"a: \xed\xa0\x80\n", YAML_ENCODING, 1, 4},
    {"a: b\nc: \x01\n", YAML_ENCODING, 2, 4},
    {"a: \x7f\n", YAML_ENCODING, 1, 4},
    {"\xff\xfe\x61", YAML_ENCODING, 1, 1},
    {"\xfe\xff", YAML_ENCODING, 1, 1},
};

static void problems_have_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        yaml_file f = yaml_read(scratch, str_from(wrong[i].source));
        assert_true(f.count > 0);
        const yaml_document *d = &f.documents[f.count - 1];
        if (d->problem_count != 1) fail_msg("%zu problems in '%s'", d->problem_count, wrong[i].source);
        const yaml_problem *p = d->problems;
        if (p->kind != wrong[i].kind || p->place.line != wrong[i].line || p->place.column != wrong[i].column)
            fail_msg("'%s': kind %d at %u:%u: " STR_FMT, wrong[i].source, p->kind, p->place.line, p->place.column, STR_ARG(p->message));
    }
}

static void a_text_that_breaks_off_keeps_what_came_before(void **state)
{
    (void)state;
    yaml_file f = yaml_read(scratch, STR("a: 1\nb: {c: [x, y\nd: \"e\n"));
    assert_int_equal(f.count, 1);
    assert_true(f.documents[0].broken);
    assert_str(yaml_get(f.documents[0].root, STR("a"))->text, "1");
    const yaml_node *c = yaml_get(yaml_get(f.documents[0].root, STR("b")), STR("c"));
    assert_str(c->items[0]->text, "x");
    f = yaml_read(scratch, STR("a: 1\nb: \x01z\n"));
    assert_false(f.documents[0].broken);
    assert_str(yaml_get(f.documents[0].root, STR("b"))->text, "_z");
}

static void assert_limit(const text *t)
{
    yaml_file f = yaml_read(scratch, text_view(t));
    assert_int_equal(f.count, 1);
    assert_int_equal(f.documents[0].problem_count, 1);
    assert_int_equal(f.documents[0].problems[0].kind, YAML_LIMIT);
}

static void everything_is_bounded(void **state)
{
    (void)state;
    static const char *const nests[] = {"[", "- ", "{a: ", "? "};
    text t = {0};
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        text_clear(&t);
        for (int k = 0; k < 200000; k++) text_put_cstring(&t, nests[i]);
        assert_true(yaml_read(scratch, text_view(&t)).documents[0].problem_count > 0);
        arena_reset(scratch);
    }
    text_clear(&t);
    for (int i = 0; i <= YAML_MAX_DEPTH; i++) text_put_char(&t, '[');
    assert_limit(&t);
    text_clear(&t);
    for (unsigned i = 0; i < YAML_MAX_NODES + 1; i++) text_put_cstring(&t, "- \n");
    assert_limit(&t);
    text_clear(&t);
    while (t.len <= YAML_MAX_BYTES) text_put_cstring(&t, "# a long comment, and nothing else                                \n");
    assert_limit(&t);
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_texts_have_the_types_of_the_core_schema),
        cmocka_unit_test(scalars_stand_where_they_are_written),
        cmocka_unit_test(parts_of_scalars_are_found_through_escapes_and_folds),
        cmocka_unit_test(documents_are_cut_at_their_markers),
        cmocka_unit_test(anchors_and_merge_keys),
        cmocka_unit_test(problems_have_their_place),
        cmocka_unit_test(a_text_that_breaks_off_keeps_what_came_before),
        cmocka_unit_test(everything_is_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
