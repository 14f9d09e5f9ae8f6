/*
 * Expressions over records, from tests/engine/cases/ (what is true of which record): each as a program of its own, then all
 * in one program, where they share slots, predicates and networks.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"

typedef struct {
    pk_str name, where;
    const value *yes, *no;
} match_case;

typedef VEC(match_case) case_list;

static case_list load_cases(fixture *f, const char *name)
{
    case_list cases = {0};
    const value *tree = read_cases(f, name);
    for (size_t i = 0; i < tree->as.list.count; i++) {
        const value *item = &tree->as.list.items[i];
        match_case c = {.yes = value_get(item, STR("yes")), .no = value_get(item, STR("no"))};
        c.name = value_get(item, STR("name"))->as.string;
        c.where = value_get(item, STR("where"))->as.string;
        vec_push_in(f->arena, &cases, c);
    }
    return cases;
}

static bool has_rule(match_result r, uint32_t index)
{
    for (size_t i = 0; i < r.count; i++)
        if (r.rules[i] == index) return true;
    return false;
}

static void check_records(fixture *f, matcher *m, const program *p, uint32_t index, const match_case *c, bool expected)
{
    static const classification open_class = {.layout = LAYOUT_NONE};
    const value *records = expected ? c->yes : c->no;
    for (size_t i = 0; i < records->as.list.count; i++) {
        event e = event_of_tree(f->arena, program_paths(p), &records->as.list.items[i]);
        f->checks++;
        if (has_rule(matcher_run(m, &e, &open_class), index) == expected) continue;
        f->failures++;
        print_error("%.*s: record %zu of '%s'\n", STR_ARG(c->name), i, expected ? "yes" : "no");
    }
}

static void check_program(fixture *f, const case_list *cases, size_t first, size_t count)
{
    ir_catalog *c = ir_catalog_new();
    program *p;
    for (size_t i = 0; i < count; i++) add_rule(f, c, arena_printf(f->arena, "match where " STR_FMT, STR_ARG(cases->at[first + i].where)));
    assert_int_equal(program_build(&p, c, f->schema, NULL, f->diags), PK_OK);
    assert_int_equal(program_rule_count(p), count);
    matcher *m = matcher_new(p);
    for (int round = 0; round < 2; round++) /* the second from what the first remembered */
        for (uint32_t i = 0; i < count; i++) {
            check_records(f, m, p, i, &cases->at[first + i], true);
            check_records(f, m, p, i, &cases->at[first + i], false);
        }
    matcher_free(m);
    program_free(p);
    ir_catalog_free(c);
}

static void each_alone(void **state)
{
    fixture *f = *state;
    case_list cases = load_cases(f, "tests.yaml");
    for (size_t i = 0; i < cases.len; i++) check_program(f, &cases, i, 1);
    assert_int_equal(f->failures, 0);
    assert_true(f->checks > 100);
}

static void all_together(void **state)
{
    fixture *f = *state;
    case_list cases = load_cases(f, "tests.yaml");
    check_program(f, &cases, 0, cases.len);
    assert_int_equal(f->failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_together, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
