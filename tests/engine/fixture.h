/* What tests of rules over the made-up schemas of tests/engine/schemas stand on. */
#ifndef PICKET_TESTS_ENGINE_FIXTURE_H
#define PICKET_TESTS_ENGINE_FIXTURE_H

#include "../schema/tree.h"
#include "../tools/whole_file.h"
#include "engine/engine.h"

typedef struct {
    arena *arena;
    schema *schema;
    diag_list *diags;
    ir_catalog *catalog;
    program *program;
    matcher *matcher;
    classifier *classifier;
    unsigned checks, failures;
} fixture;

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    f->arena = arena_new();
    f->diags = diag_list_new();
    *state = f;
    return schema_load(&f->schema, PICKET_SOURCE_DIR "/tests/engine/schemas", f->diags) == PK_OK ? 0 : -1;
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

/* The list in tests/engine/cases/NAME; it lives in the arena. */
static inline const value *read_cases(fixture *f, const char *name)
{
    value *tree = ARENA_NEW(f->arena, value);
    pk_str path = arena_printf(f->arena, "%s/tests/engine/cases/%s", PICKET_SOURCE_DIR, name);
    *tree = tree_parse(f->arena, read_whole_file(f->arena, path.ptr));
    assert_int_equal(tree->type, VALUE_LIST);
    return tree;
}

/* `e` over the made-up sources as a rule: one stage, or a whole plan that says `alert`. */
static inline rule *add_rule(fixture *f, ir_catalog *c, pk_str source)
{
    rule *r = ir_add_rule(c);
    if (str_find(source, STR("alert")) == STR_NPOS) source = arena_printf(f->arena, "e = " STR_FMT "\nalert e", STR_ARG(source));
    r->plan = ir_parse_plan(c, source, STR("case"), f->diags);
    if (!r->plan) {
        const pk_diagnostic *d = diag_at(f->diags, diag_count(f->diags) - 1);
        fail_msg("%.*s: column %u: %.*s", STR_ARG(source), d->column, STR_ARG(d->message));
    }
    return r;
}

#endif
