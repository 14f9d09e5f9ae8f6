/*
 * Rules with what is expected of them, from tests/languages/cases/: how they are lowered, what is said about them, and which
 * events they match by the reference evaluator. A file is a series of cases:
 *
 *     === name of the case
 *     --- rule                   one file of Sigma, any number of documents
 *     --- lists                  value lists for placeholders: "name: value, value"
 *     --- ir                     the plans of its rules as text, in order
 *     --- states                 a word for each rule: runnable, needs-list, unsupported, error; "silent" behind one
 *     --- error                  lines "line:column: message; hint"; without the block there must be none (so too for
 *                                `unsupported` and `needs-list`; `warning` and `note` are compared only if given)
 *     --- matches, --- misses    events, one JSON object a line: the first rule is true of each, or of none
 *     --- events, --- alerts     events with "@time" in seconds; expected "title @time" of each rule that isn't silent
 */
#include "rule_cases.h"
#include "base/yaml.h"
#include "event/event.h"
#include "ir/eval.h"

/* ---- values of events, written as JSON (which YAML contains) ---- */

static value value_of(arena *a, const yaml_node *n)
{
    int64_t whole;
    double real;
    if (n->kind == YAML_MAP) {
        record_builder b = {0};
        for (size_t i = 0; i < n->count; i++) record_add(a, &b, n->entries[i].key, value_of(a, n->entries[i].value));
        return record_done(&b);
    }
    if (n->kind == YAML_LIST) {
        list_builder b = {0};
        for (size_t i = 0; i < n->count; i++) list_add(a, &b, value_of(a, n->items[i]));
        return list_done(&b);
    }
    switch (n->type) {
    case YAML_NULL: return value_null();
    case YAML_BOOL: return value_bool(n->text.ptr[0] == 't');
    case YAML_INT: return str_to_int(n->text, false, &whole) ? value_int(whole) : value_string(n->text);
    case YAML_FLOAT: return str_to_double(n->text, &real) ? value_real(real) : value_string(n->text);
    case YAML_TEXT: break;
    }
    /* an empty XML element, which JSON has no word for */
    return str_equal(n->text, STR("<blank>")) ? (value){.type = VALUE_BLANK} : value_string(n->text);
}

static value *parse_event(test_case *c, pk_str json)
{
    yaml_file f = yaml_read(c->arena, json);
    value *v = ARENA_NEW(c->arena, value);
    if (f.count != 1 || f.documents[0].problem_count || !f.documents[0].root) {
        complain(c, "an event can't be read", json, STR(""));
        return v;
    }
    *v = value_of(c->arena, f.documents[0].root);
    return v;
}

/* Every event is of every log source, and its fields are its own. */
static bool any_source(const eval_event *e, const stage *match, void *user)
{
    (void)e, (void)match, (void)user;
    return true;
}

static void own_field(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)match, (void)user;
    tree_values(e->tree, f->path, a, out);
}

static const eval_schema own_fields = {.is_source = any_source, .field = own_field};

/* ---- checks ---- */

static void check_ir(test_case *c)
{
    const case_block *b = find_block(&c->text, "ir");
    if (!b) return;
    text t = {0};
    for (size_t i = 0; i < ir_rule_count(c->catalog); i++) {
        const rule *r = ir_rule(c->catalog, i);
        if (r->plan) ir_print_plan(&t, r->plan);
    }
    compare(c, "ir", b->body, text_view(&t));
    text_free(&t);
}

static void check_states(test_case *c)
{
    static const char *const names[RULE_STATES] = {"runnable", "needs-list", "unsupported", "error"};
    const case_block *b = find_block(&c->text, "states");
    if (!b) return;
    text t = {0};
    for (size_t i = 0; i < ir_rule_count(c->catalog); i++) {
        const rule *r = ir_rule(c->catalog, i);
        text_printf(&t, "%s%s%s", i ? " " : "", names[r->state], r->silent ? " silent" : "");
    }
    compare(c, "states", b->body, text_view(&t));
    text_free(&t);
}

static void check_diagnostics(test_case *c)
{
    static const char *const names[PK_SEVERITIES] = {"note", "warning", "needs-list", "unsupported", "error"};
    for (pk_severity s = PK_NOTE; s < PK_SEVERITIES; s++) {
        const case_block *b = find_block(&c->text, names[s]);
        if (!b && s <= PK_WARNING) continue;
        text t = {0};
        for (size_t i = 0; i < diag_count(ir_diags(c->catalog)); i++) {
            const pk_diagnostic *d = diag_at(ir_diags(c->catalog), i);
            if (d->severity != s) continue;
            text_printf(&t, "%u:%u: " STR_FMT, d->line, d->column, STR_ARG(d->message));
            if (d->hint.len) text_printf(&t, "; " STR_FMT, STR_ARG(d->hint));
            text_put_char(&t, '\n');
        }
        compare(c, names[s], b ? b->body : STR(""), text_view(&t));
        text_free(&t);
    }
}

static void check_matches(test_case *c, const char *name, bool expected)
{
    const case_block *b = find_block(&c->text, name);
    if (!b) return;
    const rule *r = ir_rule_count(c->catalog) ? ir_rule(c->catalog, 0) : NULL;
    if (!r || r->state != RULE_RUNNABLE) {
        complain(c, name, STR("a rule that can be run"), r ? r->reason : STR("no rule"));
        return;
    }
    for (pk_str rest = b->body; rest.len;) {
        pk_str line = str_trim(next_line(&rest));
        if (!line.len) continue;
        /* raw text of a line format stands in quotes */
        value *tree = parse_event(c, line);
        eval_event e = {.time = TIMESTAMP_NONE, .tree = tree};
        if (tree->type == VALUE_STRING) e.raw = tree->as.string;
        if (eval_match(r->plan, r->plan->alert, &e, &own_fields, c->arena) != expected) complain(c, name, line, STR("the contrary"));
    }
}

static void check_alerts(test_case *c)
{
    const case_block *in = find_block(&c->text, "events"), *out = find_block(&c->text, "alerts");
    VEC(eval_event) events = {0};
    if (!in || !out) return;
    for (pk_str rest = in->body; rest.len;) {
        pk_str line = str_trim(next_line(&rest));
        if (!line.len) continue;
        value *tree = parse_event(c, line);
        const value *time = value_get(tree, STR("@time"));
        timestamp t = time && time->type == VALUE_INT ? time->as.integer * SECOND : TIMESTAMP_NONE;
        eval_event e = {.time = t, .order = events.len, .tree = tree};
        vec_push_in(c->arena, &events, e);
    }
    text found = {0};
    for (size_t i = 0; i < ir_rule_count(c->catalog); i++) {
        const rule *r = ir_rule(c->catalog, i);
        size_t rows = 0;
        if (r->silent || r->state != RULE_RUNNABLE) continue;
        eval_row *row = eval_plan(r, events.at, events.len, &own_fields, c->arena, &rows);
        for (size_t k = 0; k < rows; k++)
            text_printf(&found, STR_FMT " @%lld\n", STR_ARG(r->title), (long long)(row[k].time / SECOND));
    }
    compare(c, "alerts", out->body, text_view(&found));
    text_free(&found);
}

static void run_case(test_case *c)
{
    const case_block *source = find_block(&c->text, "rule");
    if (!source) {
        complain(c, "no rule", STR("--- rule"), STR(""));
        return;
    }
    rule_file file = {.path = STR("case.yml"), .text = source->body};
    language_options options = {.lists = read_lists(c)};
    c->catalog = ir_catalog_new();
    const language *l = language_detect(&file);
    if (l) {
        l->load(c->catalog, &file, &options);
        l->resolve(c->catalog, &options);
        check_ir(c);
        check_states(c);
        check_diagnostics(c);
        check_matches(c, "matches", true);
        check_matches(c, "misses", false);
        check_alerts(c);
    } else {
        complain(c, "language", STR("sigma"), STR("none"));
    }
    ir_catalog_free(c->catalog);
}

static void test_cases(void **state)
{
    (void)state;
    run_case_folder(PICKET_SOURCE_DIR "/tests/languages/cases", run_case, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
