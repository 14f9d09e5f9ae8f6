/*
 * Runs the cases of *.test: each plan prints and parses back to the same plan, gives the expected rows in the reference
 * evaluator, can be cut after any stage, and shows all of its tests to the walker.
 */
#include "cases.h"

/* ---- laws ---- */

static void check_round_trip(world *w, const plan *p, const case_text *c)
{
    text first = {0}, second = {0};
    ir_print_plan(&first, p);
    plan *again = ir_parse_plan(w->catalog, text_view(&first), STR("printed"), w->diags);
    if (!again)
        fail_msg(STR_FMT ": printed form does not parse:\n" STR_FMT, STR_ARG(c->title), STR_ARG(text_view(&first)));
    ir_print_plan(&second, again);
    if (!ir_plan_equal(p, again) || !str_equal(text_view(&first), text_view(&second)))
        fail_msg(STR_FMT ": not the same plan:\n" STR_FMT "\n" STR_FMT, STR_ARG(c->title), STR_ARG(text_view(&first)),
                 STR_ARG(text_view(&second)));
    text_free(&first);
    text_free(&second);
}

typedef struct { bool seen[10000]; } walked;

static void see_tests(const stage *s, const expr *e, bool negated, void *user)
{
    (void)s, (void)negated;
    walked *w = user;
    for (size_t i = 0; e->kind == EXPR_USE && i < e->as.use.count; i++) w->seen[e->as.use.constants[i].test->id] = true;
}

static void check_walker(world *w, const case_text *c)
{
    walked *seen = mem_zalloc(1, sizeof *seen);
    for (size_t i = 0; i < ir_rule_count(w->catalog); i++) ir_walk_plan(ir_rule(w->catalog, i)->plan, see_tests, seen);
    for (size_t i = 0; i < ir_test_count(w->catalog); i++)
        if (!seen->seen[i]) fail_msg(STR_FMT ": the walker misses test %zu", STR_ARG(c->title), i);
    mem_free(seen);
}

/* A plan may end after any stage: it is still a plan, and what it gave before is a source for the rest. */
static void check_cuts(world *w, const rule *r, const eval_schema *s, arena *a, const case_text *c)
{
    for (size_t n = 1; n < r->plan->stage_count; n++) {
        plan cut = *r->plan;
        rule cut_rule = *r;
        size_t rows;
        cut.stage_count = n;
        cut.alert = cut.stages[n - 1];
        cut.quiet = QUIET_NONE;
        cut.quiet_keys = NULL;
        cut.quiet_key_count = 0;
        cut_rule.plan = &cut;
        check_round_trip(w, &cut, c);
        eval_plan(&cut_rule, w->events.at, w->events.len, s, a, &rows);
    }
}

/* The rows don't depend on the order in which the events are given. */
static eval_row *eval_reversed(const world *w, const rule *r, const eval_schema *s, arena *a, size_t *rows)
{
    eval_event *reversed = ARENA_ARRAY(a, eval_event, w->events.len);
    for (size_t i = 0; i < w->events.len; i++) reversed[i] = w->events.at[w->events.len - 1 - i];
    return eval_plan(r, reversed, w->events.len, s, a, rows);
}

/* ---- running a case ---- */

static void put_row(text *out, timestamp t, const value *columns)
{
    if (t == TIMESTAMP_NONE) text_put_char(out, '-');
    else if (t % SECOND) text_printf(out, "%lld.%09lld", (long long)(t / SECOND), (long long)(t % SECOND));
    else text_put_int(out, t / SECOND);
    text_put_char(out, ' ');
    value_write_json(out, columns);
}

static void put_rows(text *out, const eval_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_row(out, rows[i].time, &rows[i].columns);
        for (size_t k = 0; k < rows[i].event_count; k++)
            text_printf(out, " %llu", (unsigned long long)rows[i].events[k]->order);
        if (rows[i].risk.type != VALUE_MISSING) {
            text_put_cstring(out, " risk ");
            value_write_json(out, &rows[i].risk);
        }
        text_put_char(out, '\n');
    }
}

static void put_expected(world *w, pk_str body, text *out)
{
    while (body.len) {
        pk_str line = next_line(&body);
        if (!line.len || line.ptr[0] == '#') continue;
        timestamp t = parse_seconds(take_word(&line));
        size_t end = line.len;
        while (end > 0 && line.ptr[end - 1] != '}') end--;
        value columns = parse_value(w, str_slice(line, 0, end));
        put_row(out, t, &columns);
        text_put(out, str_slice(line, end, line.len));
        text_put_char(out, '\n');
    }
}

static void load_rule(world *w, const case_block *b, const case_text *c)
{
    plan *p = ir_parse_plan(w->catalog, b->body, STR("case"), w->diags);
    if (!p) fail_with_diag(w, c, b);
    rule *r = ir_add_rule(w->catalog);
    r->plan = p;
    r->id = str_slice(b->name, 3, b->name.len);
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_RULE) {
            p->stages[i]->as.rule.rule = ir_find_rule(w->catalog, p->stages[i]->as.rule.ref);
            if (!p->stages[i]->as.rule.rule) fail_msg(STR_FMT ": no such rule", STR_ARG(c->title));
        }
    check_round_trip(w, p, c);
}

static void run_case(const case_text *c)
{
    world w = {.catalog = ir_catalog_new(), .diags = diag_list_new()};
    arena *a = arena_new();
    eval_context *kept = eval_context_new();
    eval_schema s = {.is_source = is_source, .field = field, .context = context, .user = &w, .context_of_run = kept};
    text expected = {0}, actual = {0}, shuffled = {0};
    for (size_t i = 0; i < c->blocks.len; i++) {
        const case_block *b = &c->blocks.at[i];
        if (str_starts_with(b->name, STR("ir"))) load_rule(&w, b, c);
        else if (str_equal(b->name, STR("events as values"))) add_values(&w);
        else if (str_equal(b->name, STR("events"))) add_events(&w, b->body);
        else if (str_starts_with(b->name, STR("context ")))
            add_context(&w, str_slice(b->name, 8, b->name.len), b->body);
        else if (str_equal(b->name, STR("rows"))) put_expected(&w, b->body, &expected);
        else if (!str_equal(b->name, STR("note"))) fail_msg(STR_FMT ": unknown block " STR_FMT, STR_ARG(c->title), STR_ARG(b->name));
    }
    size_t count = ir_rule_count(w.catalog), rows;
    const rule *r = ir_rule(w.catalog, count - 1), **all = ARENA_ARRAY(a, const rule *, count);
    for (size_t i = 0; i < count; i++) all[i] = ir_rule(w.catalog, i);
    s.rules = all;
    s.rule_count = count;
    eval_row *made = eval_plan(r, w.events.at, w.events.len, &s, a, &rows);
    put_rows(&actual, made, rows);
    if (!str_equal(text_view(&actual), text_view(&expected)))
        fail_msg(STR_FMT ":\nexpected\n" STR_FMT "found\n" STR_FMT, STR_ARG(c->title), STR_ARG(text_view(&expected)),
                 STR_ARG(text_view(&actual)));
    made = eval_reversed(&w, r, &s, a, &rows);
    put_rows(&shuffled, made, rows);
    if (!str_equal(text_view(&shuffled), text_view(&actual)))
        fail_msg(STR_FMT ": the order of input matters:\n" STR_FMT "and\n" STR_FMT, STR_ARG(c->title),
                 STR_ARG(text_view(&actual)), STR_ARG(text_view(&shuffled)));
    check_cuts(&w, r, &s, a, c);
    check_walker(&w, c);
    text_free(&expected);
    text_free(&actual);
    text_free(&shuffled);
    eval_context_free(kept);
    arena_free(a);
    diag_list_free(w.diags);
    ir_catalog_free(w.catalog);
}

static void run_file(const char *name, size_t least)
{
    arena *a = arena_new();
    pk_str rest = read_whole_file(a, arena_cstring(a, arena_printf(a, PICKET_SOURCE_DIR "/tests/ir/%s", name)));
    uint32_t line = 0;
    size_t cases = 0;
    case_text c = {0};
    while (next_case(&rest, &line, &c)) {
        run_case(&c);
        cases++;
    }
    vec_free(&c.blocks);
    assert_true(cases >= least);
    arena_free(a);
}

static void examples(void **state) { (void)state; run_file("examples.test", 10); }
static void semantics(void **state) { (void)state; run_file("semantics.test", 10); }
static void parts(void **state) { (void)state; run_file("parts.test", 10); }
static void history(void **state) { (void)state; run_file("history.test", 7); }

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(semantics), cmocka_unit_test(parts), cmocka_unit_test(history)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
