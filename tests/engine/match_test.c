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

#include "engine/engine.h"
#include "../schema/tree.h"
#include "../tools/case_file.h"

typedef struct {
    arena *arena;
    schema *schema;
    diag_list *diags;
    unsigned checks, failures;
} fixture;

typedef struct {
    pk_str name, where;
    const value *yes, *no;
} match_case;

typedef VEC(match_case) case_list;

static case_list load_cases(fixture *f, const char *name)
{
    case_list cases = {0};
    pk_str path = arena_printf(f->arena, "%s/tests/engine/cases/%s", PICKET_SOURCE_DIR, name);
    value *tree = ARENA_NEW(f->arena, value);
    *tree = tree_parse(f->arena, read_whole_file(f->arena, path.ptr));
    assert_int_equal(tree->type, VALUE_LIST);
    for (size_t i = 0; i < tree->as.list.count; i++) {
        const value *item = &tree->as.list.items[i];
        match_case c = {.yes = value_get(item, STR("yes")), .no = value_get(item, STR("no"))};
        c.name = value_get(item, STR("name"))->as.string;
        c.where = value_get(item, STR("where"))->as.string;
        vec_push_in(f->arena, &cases, c);
    }
    return cases;
}

static rule *add_rule(fixture *f, ir_catalog *c, pk_str where)
{
    rule *r = ir_add_rule(c);
    pk_str source = arena_printf(f->arena, "e = match where " STR_FMT "\nalert e", STR_ARG(where));
    r->plan = ir_parse_plan(c, source, STR("case"), f->diags);
    if (!r->plan) {
        const pk_diagnostic *d = diag_at(f->diags, diag_count(f->diags) - 1);
        fail_msg("%.*s: column %u: %.*s", STR_ARG(where), d->column, STR_ARG(d->message));
    }
    return r;
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
    for (size_t i = 0; i < count; i++) add_rule(f, c, cases->at[first + i].where);
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

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    f->arena = arena_new();
    f->diags = diag_list_new();
    if (schema_load(&f->schema, PICKET_SOURCE_DIR "/tests/engine/schemas", f->diags) != PK_OK) return -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    schema_free(f->schema);
    diag_list_free(f->diags);
    arena_free(f->arena);
    mem_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_together, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
