/* Runs the cases in tests/yaral: rules, records, and what is detected (see detections.h). */
#include "detections.h"
#include "languages/yaral/metrics.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- a case ---- */

typedef struct {
    const char *file;
    pk_str title, source;
    pk_str detections, state;
    bool has_detections;
} test_case;

static void read_block(detection_world *w, test_case *c, const case_block *b)
{
    if (str_equal(b->name, STR("rule"))) c->source = b->body;
    else if (str_equal(b->name, STR("other rule"))) {
        const rule *other = load_text(w, b->body, STR("other.yaral"));
        vec_push_in(ir_arena(w->catalog), &w->others, other);
    }
    else if (str_equal(b->name, STR("events")) || str_equal(b->name, STR("entities"))) add_records(w, b->body);
    else if (str_starts_with(b->name, STR("list "))) vec_push_in(ir_arena(w->catalog), &w->lists, read_list(ir_arena(w->catalog), str_slice(b->name, 5, b->name.len), b->body));
    else if (str_starts_with(b->name, STR("table "))) vec_push_in(ir_arena(w->catalog), &w->tables, read_table(ir_arena(w->catalog), str_slice(b->name, 6, b->name.len), b->body));
    else if (str_equal(b->name, STR("state"))) c->state = str_trim(b->body);
    else if (str_starts_with(b->name, STR("now "))) w->now = timestamp_parse_iso(str_slice(b->name, 4, b->name.len));
    else if (str_equal(b->name, STR("detections"))) {
        c->detections = b->body;
        c->has_detections = true;
    } else fail_msg("%s: " STR_FMT ": unknown block " STR_FMT, c->file, STR_ARG(c->title), STR_ARG(b->name));
}

static void check_state(const test_case *c, const rule *r)
{
    static const char *const states[RULE_STATES] = {[RULE_RUNNABLE] = "runnable", [RULE_NEEDS_LIST] = "needs list",
                                                    [RULE_UNSUPPORTED] = "unsupported", [RULE_ERROR] = "error"};
    text t = {0};
    text_printf(&t, "%s: " STR_FMT, states[r->state], STR_ARG(r->reason));
    if (!str_equal(text_view(&t), c->state))
        fail_msg("%s: " STR_FMT ":\nexpected " STR_FMT "\nfound    " STR_FMT, c->file, STR_ARG(c->title), STR_ARG(c->state),
                 STR_ARG(text_view(&t)));
    text_free(&t);
}

static int compare_lines(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

/* In order of the lines: which of several groups comes first at one time is no matter of the language. */
static void put_lines(text *out, pk_str lines)
{
    VEC(pk_str) sorted = {0};
    while (lines.len) {
        pk_str line = next_line(&lines);
        if (line.len && line.ptr[0] != '#') vec_push(&sorted, line);
    }
    if (sorted.len) qsort(sorted.at, sorted.len, sizeof *sorted.at, compare_lines);
    for (size_t i = 0; i < sorted.len; i++) {
        text_put(out, sorted.at[i]);
        text_put_char(out, '\n');
    }
    vec_free(&sorted);
}

static void put_detections(detection_world *w, const rule *r, text *out)
{
    size_t count;
    arena *a = arena_new();
    eval_row *rows = run_rule(w, r, a, &count);
    text lines = {0};
    for (size_t i = 0; i < count; i++) put_detection(&lines, r->plan, &rows[i]);
    put_lines(out, text_view(&lines));
    text_free(&lines);
    arena_free(a);
}

static bool failed_before;
static const char *only;

static void check_detections(detection_world *w, const test_case *c, const rule *r)
{
    text expected = {0}, found = {0};
    if (!r->plan) fail_msg("%s: " STR_FMT ": does not run: " STR_FMT, c->file, STR_ARG(c->title), STR_ARG(r->reason));
    check_text_form(w, r);
    put_lines(&expected, c->detections);
    put_detections(w, r, &found);
    if (!str_equal(text_view(&expected), text_view(&found))) {
        text p = {0};
        ir_print_plan(&p, r->plan);
        print_error("%s: " STR_FMT ":\nexpected\n" STR_FMT "found\n" STR_FMT "plan\n" STR_FMT "\n", c->file, STR_ARG(c->title),
                    STR_ARG(text_view(&expected)), STR_ARG(text_view(&found)), STR_ARG(text_view(&p)));
        text_free(&p);
        failed_before = true;
    }
    text_free(&expected);
    text_free(&found);
}

/* Cases of a file whose rule is left out are about the rule before. */
static void run_file(const char *path)
{
    arena *a = arena_new();
    pk_str rest = read_whole_file(a, path), source = STR("");
    uint32_t line = 0;
    case_text t = {0};
    while (next_case(&rest, &line, &t)) {
        detection_world w = new_world();
        test_case c = {.file = path, .title = t.title, .source = source};
        for (size_t i = 0; i < t.blocks.len; i++) read_block(&w, &c, &t.blocks.at[i]);
        source = c.source;
        const rule *r = load_text(&w, source, STR("case.yaral"));
        if (c.state.len) check_state(&c, r);
        if (c.has_detections) check_detections(&w, &c, r);
        if (!c.state.len && !c.has_detections) fail_msg("%s: " STR_FMT ": expects nothing", path, STR_ARG(c.title));
        ir_catalog_free(w.catalog);
    }
    vec_free(&t.blocks);
    arena_free(a);
}

static void test_cases(void **state)
{
    (void)state;
    glob_t files;
    char pattern[4096];
    snprintf(pattern, sizeof pattern, PICKET_SOURCE_DIR "/tests/yaral/%s.detections", only);
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) run_file(files.gl_pathv[i]);
    globfree(&files);
    assert_false(failed_before);
}

/* The example of every function of the language becomes a plan, but for what is said to be out of reach. */
static void test_functions(void **state)
{
    (void)state;
    for (const language_function *f = language_find(STR("yara-l"))->functions; f->name; f++) {
        pk_str name = str_from(f->name);
        bool refused = str_starts_with(name, STR("metrics")) || str_starts_with(name, STR("period_start")) || str_equal(name, STR("group"));
        bool test = str_find_char(name, '.') != STR_NPOS ? !str_starts_with(name, STR("window.")) : str_equal(name, STR("if"));
        detection_world w = new_world();
        text t = {0};
        text_put_cstring(&t, "rule r { meta: author = \"picket\" events: $e.metadata.event_type = \"USER_LOGIN\" $e.principal.ip = $ip ");
        text_printf(&t, test ? "%s match: $ip over 5m condition: $e }" : "match: $ip over 5m outcome: $x = %s condition: $e }", f->example);
        const rule *r = load_text(&w, text_view(&t), STR("function.yaral"));
        if (!refused && r->state != RULE_RUNNABLE) fail_msg("%s: " STR_FMT, f->example, STR_ARG(r->reason));
        if (r->plan) check_text_form(&w, r);
        text_free(&t);
        ir_catalog_free(w.catalog);
    }
}

/* The first set of fields of a metric, each with a value: `principal.asset.*` by its hostname. */
static void put_fields(text *t, pk_str dimensions)
{
    pk_str rest = dimensions.len ? str_slice(dimensions, 0, str_find_char(dimensions, ';')) : STR("principal.user.*");
    while (rest.len) {
        size_t comma = str_find_char(rest, ',');
        pk_str field = str_trim(str_slice(rest, 0, comma));
        bool some = str_ends_with(field, STR(".*")), asset = str_ends_with(field, STR(".asset.*"));
        text_put_cstring(t, ", ");
        text_put(t, some ? str_slice(field, 0, field.len - 1) : field);
        text_printf(t, "%s:$ip", !some ? "" : asset ? "hostname" : "userid");
        rest = comma == STR_NPOS ? STR("") : str_slice(rest, comma + 1, STR_NPOS);
    }
}

/* What each metric counts is understood, its fields are those of the data model, and a rule with it becomes a plan. */
static void test_metrics(void **state)
{
    (void)state;
    size_t count = 0, refused = 0;
    for (const metric_definition *m; (m = metric_at(count)) != NULL; count++) {
        detection_world w = new_world();
        text t = {0};
        text_put_cstring(&t, "rule r { meta: author = \"picket\" events: $e.metadata.event_type = \"USER_LOGIN\" $e.principal.ip = $ip match: $ip over 5m outcome: ");
        text_printf(&t, "$x = max(metrics." STR_FMT "(period:1d, window:30d, metric:%s, agg:sum", STR_ARG(m->name), *m->value ? "value_sum" : "event_count_sum");
        put_fields(&t, str_from(m->dimensions));
        text_put_cstring(&t, ")) condition: $e and $x > 1 }");
        const rule *r = load_text(&w, text_view(&t), STR("metric.yaral"));
        rule_state wanted = m->reason ? RULE_UNSUPPORTED : RULE_RUNNABLE;
        if (r->state != wanted) fail_msg(STR_FMT ": " STR_FMT, STR_ARG(text_view(&t)), STR_ARG(r->reason));
        for (size_t i = 0; i < diag_count(ir_diags(w.catalog)) && !m->reason; i++)
            fail_msg(STR_FMT ": " STR_FMT, STR_ARG(m->name), STR_ARG(diag_at(ir_diags(w.catalog), i)->message));
        if (r->plan) check_text_form(&w, r);
        refused += m->reason != NULL;
        text_free(&t);
        ir_catalog_free(w.catalog);
    }
    print_message("%zu metrics, %zu refused\n", count, refused);
    assert_true(count >= 38);
}

/* With an argument only the files with that name: `yaral_detections_test tables`. */
int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : "*";
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_functions), cmocka_unit_test(test_metrics)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
