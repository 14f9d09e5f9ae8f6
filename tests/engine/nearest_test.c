/*
 * Joins whose combinations nobody tells apart: the engine makes the nearest pairs only (engine/join_nearest.h), the evaluator all
 * of them. Random plans within the law, over events of few users so that each has many partners; the number of rows that
 * the engine makes is bounded by that of events.
 */
#include <malloc.h>

#include "plan_bench.h"

static void put_plan(text *t, random_source *r)
{
    static const char *const functions[] = {"max(e.n@rec)", "min(f.n@rec)", "count_distinct(e.h@rec)", "count_distinct_each(f.ip@rec)", "values(e.h@rec)",
                                            "distinct_list(f.h@rec) at most 2", "distinct_list(concat(e.u@rec, e.h@rec))", "max(e.time)", "range(f.n@rec)",
                                            "window_start()", "max(if(e.n@rec > 1, 40, 0) + 10)"};
    static const char *const keys[] = {"", " by user = e.u@rec", " by user = non_zero(f.u@rec)", " by user = k1", " by user = e.u@rec (missing group)"};
    static const char *const having[] = {"", " having \"#e\" > 1", " having \"#e\" > 2 and \"#f\" > 0", " having \"#f\" < 2", " having x > 1"};
    static const char *const sides[] = {"e.u@rec = f.u@rec", "non_zero(e.u@rec) = non_zero(f.u@rec)", "e.u@rec = f.u@rec, k2: e.h@rec = f.h@rec"};
    bool optional = below(r, 3) == 0, wrapped;
    const char *side = PICK(r, sides), *key = PICK(r, keys);
    wrapped = str_find(str_from(side), STR("non_zero")) != STR_NPOS;
    if (optional || (str_find(str_from(key), STR("non_zero")) != STR_NPOS) != wrapped) key = wrapped ? " by user = non_zero(e.u@rec)" : " by user = e.u@rec";
    unsigned within = 1 + below(r, 12);
    text_put_cstring(t, "e = match @rec where k equals exact 'a'\nf = match @rec where k equals exact 'b'\n");
    const char *left = "e";
    if (below(r, 3) == 0) text_put_cstring(t, "x = expand e over e.ip[]@rec\n"), left = "x";
    text_printf(t, "j = join %s, f%s on k1: %s within %us\n", left, optional ? " optional" : "", side, within);
    text_printf(t, "a = aggregate j%s window %s %us: x = %s, y = %s, \"#e\" = parts(e), \"#f\" = parts(f)%s\nalert a\n", key,
                below(r, 4) ? "anchored" : "tumbling", below(r, 2) ? within : 1 + below(r, 15), PICK(r, functions), PICK(r, functions), PICK(r, having));
}

static void put_events(text *t, random_source *r)
{
    unsigned count = 5 + below(r, 45), latest = 3 + below(r, 40);
    for (unsigned i = 0; i < count; i++) {
        text_printf(t, "x %u%s {'k': '%s'", below(r, latest), below(r, 4) ? "" : ".5", below(r, 2) ? "a" : "b");
        if (below(r, 8)) text_printf(t, ", 'u': 'u%u'", below(r, 2));
        if (below(r, 8)) text_printf(t, ", 'h': 'h%u'", below(r, 3));
        if (below(r, 3)) text_printf(t, ", 'n': %u", below(r, 4));
        if (below(r, 2)) text_printf(t, ", 'ip': ['i%u', 'i%u']", below(r, 3), below(r, 3));
        text_put_cstring(t, "}\n");
    }
}

static plan_case pair_case(random_source *r, arena *a)
{
    text source = {0}, events = {0};
    put_plan(&source, r);
    put_events(&events, r);
    return (plan_case){.source = generated(&source, a), .events = generated(&events, a)};
}

static void random_pairs(void **state)
{
    (void)state;
    run_random_plans(&(random_run){.make = pair_case, .first_seed = 1, .count = 4000, .factor = 15485863, .show_parts = true, .fewest_rows = 2000});
}

/* ---- many against many: 4000 rows on either side of one key, which are 16 million combinations ---- */

#define EACH 4000

typedef struct { size_t alerts; uint64_t most; } tally;

static bool on_many_alert(const stage_alert *alert, void *user)
{
    tally *t = user;
    t->alerts++;
    for (size_t i = 0; i < alert->part_count; i++)
        if (alert->parts[i].total > t->most) t->most = alert->parts[i].total;
    return true;
}

static void many_against_many(void **state)
{
    (void)state;
    bench b = open_bench();
    ir_catalog *c = ir_catalog_new();
    rule *r = ir_add_rule(c);
    r->plan = ir_parse_plan(c, STR("e = match @rec where k equals exact 'a'\nf = match @rec where k equals exact 'b'\n"
                                   "j = join e, f on k1: e.u@rec = f.u@rec within 1d\n"
                                   "a = aggregate j by user = e.u@rec window anchored 1d: \"#e\" = parts(e), \"#f\" = parts(f)\nalert a\n"),
                            STR("plan"), b.diags);
    assert_non_null(r->plan);
    program *p;
    assert_int_equal(program_build(&p, c, b.schema, NULL, b.diags), PK_OK);
    matcher *m = matcher_new(p);
    row_store *store = row_store_new(p, 0);
    classification k = {.layout = LAYOUT_NONE};
    arena *a = arena_new();
    for (size_t i = 0; i < 2 * EACH; i++) {
        record_builder fields = {0};
        record_add(a, &fields, STR("k"), value_string(i < EACH ? STR("a") : STR("b")));
        record_add(a, &fields, STR("u"), value_string(STR("one")));
        value tree = record_done(&fields);
        event e = event_of_tree(a, program_paths(p), &tree);
        e.source = (event_source){.file = STR("many"), .position = i, .record = -1};
        match_result found = matcher_run(m, &e, &k);
        for (size_t n = 0; n < found.count; n++) {
            matched_row row = {r, found.stages[n], found.classes[n], (timestamp)(i + 1) * SECOND, {"", 0}};
            assert_int_equal(row_store_add(store, p, &row, &e, &k, STR("{}")), PK_OK);
        }
        arena_reset(a);
    }
    tally t = {0};
    size_t before = diag_count(b.diags);
    assert_int_equal(stages_run(p, &store, 1, 64u << 20, NULL, on_many_alert, &t, b.diags), PK_OK);
    assert_int_equal(diag_count(b.diags), before); /* nothing was left out, though all pairs would never fit */
    assert_int_equal(t.alerts, 1);
    assert_int_equal(t.most, EACH);
    arena_free(a);
    row_store_free(store);
    matcher_free(m);
    program_free(p);
    ir_catalog_free(c);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_pairs), cmocka_unit_test(many_against_many)};
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
