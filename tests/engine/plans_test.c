/*
 * Plans with stages in the engine, against the reference evaluator: the cases of tests/ir whose stages the engine has, then
 * random plans (windows, keys, functions, sequences, unions, quiet times) over random events. Rows are compared by time,
 * columns and events.
 */
#include <malloc.h>
#include <stdlib.h>

#include "plan_bench.h"

#define RANDOM_PLANS 2000

/* ---- the cases ---- */

static bool is_run_here(const plan *p)
{
    bool stages = p->quiet == QUIET_FOR;
    for (size_t i = 0; i < p->stage_count; i++) {
        if (p->stages[i]->kind == STAGE_MATCH && p->stages[i]->as.match.index.len) return false; /* no schema has indexes */
        stages |= p->stages[i]->kind != STAGE_MATCH;
    }
    return stages;
}

/* Records of the data model have classes of their own, which the events of the cases are not of: any other schema will do. */
static pk_str with_plain_schema(world *w, pk_str source)
{
    text t = {0};
    for (size_t at; (at = str_find(source, STR("@udm"))) != STR_NPOS; source = str_slice(source, at + 4, source.len)) {
        text_put(&t, str_slice(source, 0, at));
        text_put_cstring(&t, "@rec");
    }
    text_put(&t, source);
    pk_str all = arena_str(ir_arena(w->catalog), text_view(&t));
    text_free(&t);
    return all;
}

/* Events that are given as alerts: to the engine alerts come from rules only. */
static bool has_given_alerts(const world *w)
{
    for (size_t i = 0; i < w->events.len; i++)
        if (str_equal(*(const pk_str *)w->events.at[i].user, STR("alert"))) return true;
    return false;
}

static bool load_case(const case_text *c, world *w)
{
    bool stages = false;
    for (size_t i = 0; i < c->blocks.len; i++) {
        const case_block *b = &c->blocks.at[i];
        if (str_starts_with(b->name, STR("context "))) add_context(w, str_slice(b->name, 8, b->name.len), b->body);
        if (str_equal(b->name, STR("events"))) add_events(w, b->body);
        if (str_equal(b->name, STR("events as values"))) add_values(w);
        if (!str_starts_with(b->name, STR("ir"))) continue;
        rule *r = ir_add_rule(w->catalog);
        r->plan = ir_parse_plan(w->catalog, with_plain_schema(w, b->body), STR("case"), w->diags);
        r->id = str_slice(b->name, 3, b->name.len);
        if (!r->plan) fail_with_diag(w, c, b);
        for (size_t s = 0; s < r->plan->stage_count; s++)
            if (r->plan->stages[s]->kind == STAGE_RULE)
                r->plan->stages[s]->as.rule.rule = ir_find_rule(w->catalog, r->plan->stages[s]->as.rule.ref);
        stages = is_run_here(r->plan);
    }
    return stages && !has_given_alerts(w);
}

typedef struct { size_t run, refused, failed; } tally;

static void run_case(bench *b, const case_text *c, tally *t)
{
    world w = {.catalog = ir_catalog_new(), .diags = diag_list_new()};
    arena *a = arena_new();
    size_t disordered = 0;
    if (load_case(c, &w)) {
        const rule *r = ir_rule(w.catalog, ir_rule_count(w.catalog) - 1);
        line_list found, expected = evaluate(b, &w, r, a);
        bool runs = run_engine(b, &w, r, a, &found, &disordered);
        t->run += runs;
        t->refused += !runs;
        if (runs && !same_lines(&expected, &found)) {
            t->failed++;
            print_error("%.*s\n", STR_ARG(c->title));
            print_lines("expected", &expected);
            print_lines("found", &found);
        }
        if (!runs) print_message("refused: %.*s: %.*s\n", STR_ARG(c->title), STR_ARG(diag_at(b->diags, diag_count(b->diags) - 1)->message));
    }
    arena_free(a);
    diag_list_free(w.diags);
    ir_catalog_free(w.catalog);
}

static void cases(void **state)
{
    (void)state;
    static const char *const files[] = {"examples.test", "semantics.test", "parts.test", "history.test"};
    bench b = open_bench();
    arena *a = arena_new();
    tally t = {0};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        pk_str rest = read_whole_file(a, arena_cstring(a, arena_printf(a, PICKET_SOURCE_DIR "/tests/ir/%s", files[i])));
        uint32_t line = 0;
        case_text c = {0};
        while (next_case(&rest, &line, &c)) run_case(&b, &c, &t);
        vec_free(&c.blocks);
    }
    print_message("%zu cases run, %zu refused, %zu failed\n", t.run, t.refused, t.failed);
    assert_true(t.run > 10);
    assert_int_equal(t.failed, 0);
    arena_free(a);
    close_bench(&b);
}

/* ---- random plans ---- */

static void put_keys(text *t, random_source *r)
{
    static const char *const keys[] = {"", "", " by u", " by u", " by u, h", " by u (missing group)", " by u (missing zero)",
                                       " by u (missing fill 'none'), h (missing group)", " by u (many each)", " by u (many each), v (many each)"};
    text_put_cstring(t, PICK(r, keys));
}

static void put_window(text *t, random_source *r)
{
    static const char *const kinds[] = {"sliding", "sliding", "sliding", "tumbling", "anchored", "hop"};
    unsigned kind = below(r, 9);
    if (kind == 0) return;
    if (kind == 1) text_printf(t, " window rows %u", 1 + below(r, 4));
    else {
        const char *name = PICK(r, kinds);
        text_printf(t, " window %s %us", name, 1 + below(r, 20));
        if (str_equal(str_from(name), STR("hop"))) text_printf(t, " step %us", 1 + below(r, 10));
    }
}

static void put_aggregate(text *t, random_source *r, const char *name, const char *input)
{
    static const char *const functions[] = {"count()", "count(v)", "count_distinct(h)", "count_distinct(h, v)", "sum(v)", "mean(v)", "median(v)",
        "percentile(v; 70)", "min(v)", "max(v)", "min(h)", "max(h)", "range(v)", "values(h)", "values(v)", "list(v)", "list(h) at most 2",
        "first(v)", "last(v)", "first(h)", "last(h)", "count() if v > 2", "sum(v) if h = 'h1'", "count_distinct(v) nulls", "list(v) nulls",
        "deviation(w)", "min(ts)", "max(ts)", "range(ts)"};
    static const char *const having[] = {"", "", " having n >= 2", " having n >= 3", " having n > 1 and x >= 2", " having n > 3 or x > 3",
        " having n = 2", " having n < 3", " having not x > 2", " having x >= n", " having x != 1", " having x in (1, 2, 'h1')"};
    text_printf(t, "%s = aggregate %s", name, input);
    put_keys(t, r);
    if (below(r, 12) == 0) text_put_cstring(t, " running");
    else put_window(t, r);
    text_printf(t, ": n = count(), x = %s", PICK(r, functions));
    if (below(r, 2)) text_printf(t, ", y = %s", PICK(r, functions));
    text_put_cstring(t, PICK(r, having));
    if (below(r, 5) == 0) text_put_cstring(t, below(r, 2) ? " then clear" : " then quiet");
    text_put_char(t, '\n');
}

static void put_sequence(text *t, random_source *r)
{
    static const char *const keys[] = {"", " by u", " by u, h", " by u (missing group)", " by u (many each)"};
    static const char *const steps[] = {"m, o", "m, o, p", "m runs 2, o", "m, m", "m, o runs 3", "m", "m by h, o by h", "m by u, o by h"};
    text_printf(t, "q = sequence%s", PICK(r, keys));
    if (below(r, 6)) text_printf(t, " span %us", 1 + below(r, 20));
    text_printf(t, " keep latest steps %s%s\n", PICK(r, steps), below(r, 3) ? "" : " until p");
}

static void put_plan(text *t, random_source *r)
{
    static const char *const quiet[] = {"", "", "", " quiet while having holds", " quiet 5s", " quiet 5s by u", " quiet 12s by u (missing group)"};
    const char *input = "m", *last = "a";
    text_put_cstring(t, "m = match @sigma where k equals any('a', 'd')\no = match @sigma where k equals 'b'\np = match @sigma where k equals any('c', 'd')\n");
    unsigned shape = below(r, 8);
    if (shape == 0) {
        put_sequence(t, r);
        input = "q";
        if (below(r, 2)) {
            text_printf(t, "alert q%s\n", PICK(r, quiet));
            return;
        }
    }
    if (shape == 1) text_put_cstring(t, "u1 = union m as first with (u = h, w = v), o as second, p\n"), input = "u1";
    if (shape == 2) text_put_cstring(t, "d = derive m: w = v + 1, v = coalesce(w, 7), drop h\n"), input = "d";
    if (shape == 3) text_put_cstring(t, "z = where m: v > 1 or not h = 'H1'\n"), input = "z";
    put_aggregate(t, r, "a", input);
    if (below(r, 4) == 0) text_put_cstring(t, "y1 = where a: n > 1\n"), last = "y1";
    if (below(r, 4) == 0) {
        text_printf(t, "u2 = union %s as agg with (v = n, h = x), o\n", last);
        put_aggregate(t, r, "b", "u2");
        last = "b";
    } else if (below(r, 5) == 0) {
        put_aggregate(t, r, "b", last);
        last = "b";
    }
    text_printf(t, "alert %s%s\n", last, PICK(r, quiet));
}

static plan_case stage_case(random_source *r, arena *a)
{
    static const char *const users[] = {"'ann'", "'bob'", "null", "''", "7", "['ann', 'bob']"};
    static const char *const values[] = {"0", "1", "2", "3", "'4'", "0.1", "0.2", "1e20", "-1", "'x'", "null", "[1, 3]", "blank", "true"};
    static const event_choices choices = {40, users, values, sizeof users / sizeof *users, sizeof values / sizeof *values};
    text source = {0}, events = {0};
    put_plan(&source, r);
    put_plain_events(&events, r, &choices);
    return (plan_case){.source = generated(&source, a), .events = generated(&events, a)};
}

static void random_plans(void **state)
{
    (void)state;
    run_random_plans(&(random_run){.make = stage_case, .first_seed = 1, .count = RANDOM_PLANS, .factor = 104729, .most_refused = RANDOM_PLANS / 4, .fewest_rows = RANDOM_PLANS});
}

/* ---- bounds ---- */

#define KEYS 60000
#define WINDOW_MEMORY (2u << 20)

typedef struct { size_t alerts, hot, bytes; } flood;

static bool on_flood_alert(const stage_alert *alert, void *user)
{
    flood *f = user;
    f->alerts++;
    f->hot += alert->key_count && str_equal(alert->key_values[0], STR("hot"));
    size_t held = mallinfo2().uordblks;
    if (held > f->bytes) f->bytes = held;
    return true;
}

/* As many keys as there are events, all within one window, and at the end one key that deserves its alert. */
static void flood_plan(bool last_key, const char *source)
{
    bench b = open_bench();
    ir_catalog *c = ir_catalog_new();
    rule *r = ir_add_rule(c);
    r->plan = ir_parse_plan(c, str_from(source), STR("plan"), b.diags);
    assert_non_null(r->plan);
    program *p;
    assert_int_equal(program_build(&p, c, b.schema, NULL, b.diags), PK_OK);
    matcher *m = matcher_new(p);
    row_store *store = row_store_new(p, 1 << 20);
    classification k = {.layout = LAYOUT_NONE};
    arena *a = arena_new();
    for (size_t i = 0; i < KEYS; i++) {
        value tree;
        record_builder fields = {0};
        bool hot = i + 10 > KEYS;
        record_add(a, &fields, STR("k"), value_string(i % 2 ? STR("b") : STR("a")));
        record_add(a, &fields, STR("u"), value_string(hot ? STR("hot") : arena_printf(a, "one of many users, number %zu", i)));
        tree = record_done(&fields);
        event e = event_of_tree(a, program_paths(p), &tree);
        e.source = (event_source){.file = STR("flood"), .position = i, .record = -1};
        match_result found = matcher_run(m, &e, &k);
        for (size_t n = 0; n < found.count; n++) {
            matched_row row = {r, found.stages[n], found.classes[n], (timestamp)(i + 1) * (SECOND / 100), STR("a host of some length")};
            assert_int_equal(row_store_add(store, p, &row, &e, &k, STR("{\"k\": \"a rendered event\"}")), PK_OK);
        }
        if (i % 1000 == 0) arena_reset(a);
    }
    flood f = {0};
    size_t before = mallinfo2().uordblks;
    assert_int_equal(stages_run(p, &store, 1, WINDOW_MEMORY, NULL, on_flood_alert, &f, b.diags), PK_OK);
    const pk_diagnostic *last = diag_at(b.diags, diag_count(b.diags) - 1);
    if (diag_count(b.diags) == 0 || !str_equal(str_from(last->code), STR("stage-limit"))) fail_msg("no warning: %s", source);
    if (last_key && f.hot == 0) fail_msg("the last key raised no alert: %s", source);
    if (f.bytes > before + 2 * WINDOW_MEMORY) fail_msg("%zu bytes held: %s", f.bytes - before, source);
    print_message("%zu alerts, %zu KB held, %.*s\n", f.alerts, f.bytes > before ? (f.bytes - before) >> 10 : 0, STR_ARG(last->message));
    arena_free(a);
    row_store_free(store);
    matcher_free(m);
    program_free(p);
    ir_catalog_free(c);
    close_bench(&b);
}

static void floods(void **state)
{
    (void)state;
    flood_plan(true, "m = match @sigma where k exists\na = aggregate m by u window sliding 1d: n = count() having n >= 3\nalert a");
    flood_plan(true, "m = match @sigma where k exists\na = aggregate m by u window sliding 1d: n = count_distinct(k), s = values(u) having n >= 2\n"
               "alert a quiet while having holds");
    flood_plan(true, "a = match @sigma where k equals 'a'\nb = match @sigma where k equals 'b'\n"
               "q = sequence by u span 1d keep latest steps a, b\nalert q");
    flood_plan(true, "a = match @sigma where k equals 'a'\nb = match @sigma where k equals 'b'\nq = sequence by u keep latest steps a, b\nalert q");
    flood_plan(true, "a = match @sigma where k equals 'a'\nb = match @sigma where k equals 'b'\nj = join a, b on u: a.u@sigma = b.u@sigma within 1d\n"
               "g = aggregate j by u window sliding 1h: n = count(), p = parts(a)\nalert g");
    flood_plan(false, "a = match @sigma where k equals 'a'\nb = match @sigma where k equals 'b'\nj = join a, b optional on u: a.u@sigma = b.u@sigma within 1d\n"
               "g = aggregate j by u = a.u@sigma window anchored 1h: n = count(), p = parts(b) having p = 0\nalert g");
    flood_plan(false, "m = match @sigma where k exists\nalert m quiet 1d by u");
    flood_plan(false, "m = match @sigma where k exists\na = aggregate m by u window sliding 5m: n = count() having n < 3\nalert a");
    flood_plan(false, "m = match @sigma where k exists\na = aggregate m by u window hop 5m step 1m: n = count() having n >= 3\nalert a");
    flood_plan(false, "m = match @sigma where k exists\nh = history m by u every 1m over 1d: n = count(), s = sum(length(u))\n"
               "e = match @sigma where k equals 'a'\na = aggregate e by u window sliding 1m: n = count(), before = max(list_sum(observed(h.n, u)))\nalert a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(random_plans), cmocka_unit_test(floods)};
    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
