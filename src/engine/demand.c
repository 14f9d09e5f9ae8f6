/*
 * Demand: which fields of a matched event its row must carry. Read off the plans of the correlations: every field that
 * they name and that no stage of theirs makes, for each rule that feeds them.
 */
#include "engine/rows.h"

typedef VEC(pk_str) name_list;

static void name_add(arena *a, name_list *list, pk_str name)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_equal(list->at[i], name)) return;
    vec_push_in(a, list, name);
}

typedef struct {
    arena *arena;
    name_list fields;
} field_finder;

static void find_field(const stage *s, const expr *e, bool negated, void *user)
{
    field_finder *f = user;
    (void)s, (void)negated;
    if (e->kind == EXPR_FIELD && e->as.field.kind == FIELD_PATH) name_add(f->arena, &f->fields, e->as.field.path);
}

/* Adds what one plan reads to the demand of every rule that feeds it. */
static void demand_of_plan(demand_table *d, name_list *lists, const plan *p)
{
    field_finder f = {.arena = d->arena};
    ir_walk_plan(p, find_field, &f);
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        if (s->kind != STAGE_RULE || !s->as.rule.rule) continue;
        uint32_t feeder = s->as.rule.rule->index;
        d->rules[feeder].wanted = true;
        for (size_t k = 0; k < f.fields.len; k++) name_add(d->arena, &lists[feeder], f.fields.at[k]);
    }
}

void demand_build(demand_table *d, const program *p)
{
    size_t count;
    const rule *const *correlations = program_correlations(p, &count);
    uint32_t top = 0;
    for (size_t i = 0; i < count; i++) {
        const plan *plan_of = correlations[i]->plan;
        for (size_t k = 0; plan_of && k < plan_of->stage_count; k++) {
            const stage *s = plan_of->stages[k];
            if (s->kind == STAGE_RULE && s->as.rule.rule && s->as.rule.rule->index >= top)
                top = s->as.rule.rule->index + 1;
        }
    }
    *d = (demand_table){.arena = arena_new(), .rule_count = top};
    d->rules = ARENA_ARRAY(d->arena, row_demand, top);
    name_list *lists = ARENA_ARRAY(d->arena, name_list, top);
    for (size_t i = 0; i < count; i++)
        if (correlations[i]->plan) demand_of_plan(d, lists, correlations[i]->plan);
    for (size_t i = 0; i < top; i++) {
        d->rules[i].fields = lists[i].at;
        d->rules[i].count = lists[i].len;
    }
}

void demand_free(demand_table *d)
{
    arena_free(d->arena);
    *d = (demand_table){0};
}
