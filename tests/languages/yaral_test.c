/*
 * YARA-L rules with what is expected of them, from tests/languages/yaral/: a file is a series of cases
 *
 *     === name of the case
 *     --- rule                   one file, any number of rules
 *     --- lists                  "name: value, value"
 *     --- printed                the canonical text of its rules
 *     --- said                   lines "severity line:column: message; hint"; without the block nothing must be said
 *     --- states                 a word for each rule: runnable, needs-list, unsupported, error
 *     --- metadata               lines "name: value" of the first rule: those given are compared
 *     --- boxes                  the boxes of the first rule: "## title" and its text
 *
 * Every rule without errors of syntax is printed and parsed back besides.
 */
#include "rule_cases.h"
#include "languages/yaral/ast.h"

/* ---- checks ---- */

static void check_printed(test_case *c, pk_str source)
{
    const case_block *b = find_block(&c->text, "printed");
    text t = {0};
    diag_list *d = diag_list_new();
    yaral_file file = yaral_parse(c->arena, c->arena, STR("case.yaral"), source, d);
    for (size_t i = 0; i < file.count; i++) {
        if (file.rules[i]->broken) continue;
        size_t before = t.len;
        yaral_print(&t, file.rules[i]);
        yaral_file again = yaral_parse(c->arena, c->arena, STR("printed"), str_slice(text_view(&t), before, STR_NPOS), d);
        if (again.count != 1 || !yaral_equal(file.rules[i], again.rules[0])) compare(c, "printed and parsed back", STR("the same tree"), STR("another"));
    }
    if (b) compare(c, "printed", b->body, text_view(&t));
    diag_list_free(d);
    text_free(&t);
}

static void check_said(test_case *c)
{
    static const char *const names[PK_SEVERITIES] = {"note", "warning", "needs-list", "unsupported", "error"};
    const case_block *b = find_block(&c->text, "said");
    text t = {0};
    for (size_t i = 0; i < diag_count(ir_diags(c->catalog)); i++) {
        const pk_diagnostic *d = diag_at(ir_diags(c->catalog), i);
        text_printf(&t, "%s %u:%u: " STR_FMT, names[d->severity], d->line, d->column, STR_ARG(d->message));
        if (d->hint.len) text_printf(&t, "; " STR_FMT, STR_ARG(d->hint));
        text_put_char(&t, '\n');
    }
    compare(c, "said", b ? b->body : STR(""), text_view(&t));
    text_free(&t);
}

static void check_states(test_case *c)
{
    static const char *const names[RULE_STATES] = {"runnable", "needs-list", "unsupported", "error"};
    const case_block *b = find_block(&c->text, "states");
    if (!b) return;
    text t = {0};
    for (size_t i = 0; i < ir_rule_count(c->catalog); i++) text_printf(&t, "%s%s", i ? " " : "", names[ir_rule(c->catalog, i)->state]);
    compare(c, "states", b->body, text_view(&t));
    text_free(&t);
}

static void put_list(text *t, const char *name, const str_list *list)
{
    text_printf(t, "%s:", name);
    for (size_t i = 0; i < list->items.len; i++) text_printf(t, "%s" STR_FMT, i ? " | " : " ", STR_ARG(list->items.at[i]));
    text_put_char(t, '\n');
}

static void check_metadata(test_case *c)
{
    const case_block *b = find_block(&c->text, "metadata");
    if (!b || !ir_rule_count(c->catalog)) return;
    const rule *r = ir_rule(c->catalog, 0);
    const struct { const char *name; const pk_str *value; } texts[] = {
        {"id", &r->id}, {"name", &r->name}, {"title", &r->title}, {"description", &r->description}, {"author", &r->author}, {"date", &r->date},
        {"modified", &r->modified}, {"status", &r->status}, {"level", &r->level}, {"licence", &r->licence},
    };
    text t = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value->len) text_printf(&t, "%s: " STR_FMT "\n", texts[i].name, STR_ARG(*texts[i].value));
    const struct { const char *name; const str_list *list; } lists[] = {
        {"references", &r->references}, {"false_positives", &r->false_positives}, {"tags", &r->tags}, {"tactics", &r->tactics}, {"techniques", &r->techniques},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i].list->items.len) put_list(&t, lists[i].name, lists[i].list);
    for (size_t i = 0; i < r->related_count; i++) text_printf(&t, "related: " STR_FMT " " STR_FMT "\n", STR_ARG(r->related[i].relation), STR_ARG(r->related[i].id));
    for (size_t i = 0; i < r->other_count; i++) text_printf(&t, "other " STR_FMT ": " STR_FMT "\n", STR_ARG(r->other[i].key), STR_ARG(r->other[i].text));
    compare(c, "metadata", b->body, text_view(&t));
    text_free(&t);
}

static void check_boxes(test_case *c)
{
    const case_block *b = find_block(&c->text, "boxes");
    if (!b || !ir_rule_count(c->catalog)) return;
    text t = {0};
    rule_description boxes;
    language_describe(ir_rule(c->catalog, 0), c->arena, &boxes);
    for (size_t i = 0; i < boxes.stages.len; i++) {
        const described_stage *s = &boxes.stages.at[i];
        text_printf(&t, "## " STR_FMT " %u-%u\n" STR_FMT "\n", STR_ARG(s->title), s->span.line, s->span.end_line, STR_ARG(s->text));
    }
    compare(c, "boxes", b->body, text_view(&t));
    text_free(&t);
}

static void run_case(test_case *c)
{
    const case_block *source = find_block(&c->text, "rule");
    const language *l = language_find(STR("yara-l"));
    if (!source) {
        compare(c, "no rule", STR("--- rule"), STR(""));
        return;
    }
    rule_file file = {.path = STR("case.yaral"), .text = source->body};
    language_options options = {.lists = read_lists(c)};
    c->catalog = ir_catalog_new();
    l->load(c->catalog, &file, &options);
    check_said(c);
    check_states(c);
    check_metadata(c);
    check_boxes(c);
    check_printed(c, source->body);
    ir_catalog_free(c->catalog);
}

static void test_cases(void **state)
{
    (void)state;
    run_case_folder(PICKET_SOURCE_DIR "/tests/languages/yaral", run_case, 40);
}

/* ---- functions ---- */

/* Each example of the table is a rule that the checker has nothing to say about. */
static void test_examples(void **state)
{
    (void)state;
    const language *l = language_find(STR("yara-l"));
    size_t count = 0;
    for (const language_function *f = l->functions; f->name; f++, count++) {
        text t = {0};
        pk_str name = str_from(f->name);
        ir_catalog *c = ir_catalog_new();
        language_options options = {0};
        bool dotted = str_find_char(name, '.') != STR_NPOS && !str_starts_with(name, STR("window."));
        bool outcome = !dotted && !str_equal(name, STR("if")) && !str_equal(name, STR("group")); /* aggregates, and metrics */
        text_put_cstring(&t, "rule r { events: $e.metadata.event_type = \"USER_LOGIN\" $e.principal.ip = $ip ");
        if (!outcome) text_put_cstring(&t, f->example);
        text_put_cstring(&t, " match: $ip over 5m ");
        if (outcome) text_printf(&t, "outcome: $x = %s ", f->example);
        text_put_cstring(&t, "condition: $e }");
        rule_file file = {.path = STR("example.yaral"), .text = text_view(&t)};
        assert_int_equal(l->load(c, &file, &options), 1);
        for (size_t i = 0; i < diag_count(ir_diags(c)); i++) {
            const pk_diagnostic *d = diag_at(ir_diags(c), i);
            if (d->severity == PK_UNSUPPORTED) continue; /* of history, of searches */
            print_message("%s: " STR_FMT "\n", f->example, STR_ARG(d->message));
            fail();
        }
        ir_catalog_free(c);
        text_free(&t);
    }
    assert_true(count > 80);
}

/* ---- bounds ---- */

static void test_nesting(void **state)
{
    (void)state;
    static const char *const openings[] = {"(", "not ", "-", "strings.to_lower(", "[", "1 + ", "any ", "if(1 = 1, "};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        text t = {0};
        diag_list *d = diag_list_new();
        arena *a = arena_new();
        text_put_cstring(&t, "rule r { events: ");
        for (int n = 0; n < 100000; n++) text_put_cstring(&t, openings[i]);
        yaral_file file = yaral_parse(a, a, STR("deep"), text_view(&t), d);
        assert_int_equal(file.count, 1);
        assert_true(file.rules[0]->broken);
        assert_true(diag_count(d) > 0);
        arena_free(a);
        diag_list_free(d);
        text_free(&t);
    }
}

/* Depth within the bound is read, whatever stands in it. */
static void test_height(void **state)
{
    (void)state;
    text t = {0};
    diag_list *d = diag_list_new();
    arena *a = arena_new();
    text_put_cstring(&t, "rule r { events: $e.target.port = 1");
    for (int n = 0; n < 140; n++) text_put_cstring(&t, " + 1");
    text_put_cstring(&t, " condition: $e }");
    yaral_file file = yaral_parse(a, a, STR("deep"), text_view(&t), d);
    assert_int_equal(file.count, 1);
    assert_false(file.rules[0]->broken);
    assert_int_equal(diag_count(d), 0);
    arena_free(a);
    diag_list_free(d);
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_height),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
