/*
 * Demand: which fields of a matched event its row must carry. Read off the plans of the correlations: every field that they
 * name outside of their match stages, for each rule that feeds them. Rows of a correlation hand the fields of its own
 * events on, so what is asked of it is asked of what feeds it too.
 */
#include "engine/rows.h"

typedef VEC(pk_str) name_list;

typedef struct {
    demand_table *table;
    name_list *lists;             /* by rule index */
    name_list fields;             /* of one plan */
    bool changed;
} demand_builder;

static bool name_add(arena *a, name_list *list, pk_str name)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_equal(list->at[i], name)) return false;
    vec_push_in(a, list, name);
    return true;
}

static bool find_field(const expr *e, bool negated, void *user)
{
    demand_builder *b = user;
    (void)negated;
    if (e->kind == EXPR_FIELD && e->as.field.kind == FIELD_PATH) name_add(b->table->arena, &b->fields, e->as.field.path);
    return true;
}

static void find_in_stage(const stage *s, const expr *e, bool negated, void *user)
{
    if (s->kind != STAGE_MATCH) find_field(e, negated, user);
}

static void ask(demand_builder *b, uint32_t feeder)
{
    b->table->rules[feeder].wanted = true;
    for (size_t i = 0; i < b->fields.len; i++) b->changed |= name_add(b->table->arena, &b->lists[feeder], b->fields.at[i]);
}

/* Adds what one plan reads, and what is read of its rows, to the demand of every rule that feeds it. */
static void demand_of_plan(demand_builder *b, const rule *r)
{
    const plan *p = r->plan;
    b->fields = (name_list){0};
    ir_walk_plan(p, find_in_stage, b);
    for (size_t i = 0; i < p->quiet_key_count; i++) ir_walk_expr(p, p->quiet_keys[i].value, find_field, b);
    if (p->alert && p->alert->kind != STAGE_AGGREGATE)
        for (size_t i = 0; i < b->lists[r->index].len; i++) name_add(b->table->arena, &b->fields, b->lists[r->index].at[i]);
    for (size_t i = 0; i < p->stage_count; i++) {
        if (p->stages[i]->kind == STAGE_RULE && p->stages[i]->as.rule.rule) ask(b, p->stages[i]->as.rule.rule->index);
        if (p->stages[i]->kind == STAGE_MATCH) ask(b, r->index);
    }
}

static uint32_t count_rules(const rule *const *correlations, size_t count)
{
    uint32_t top = 0;
    for (size_t i = 0; i < count; i++) {
        const plan *p = correlations[i]->plan;
        if (correlations[i]->index >= top) top = correlations[i]->index + 1;
        for (size_t k = 0; k < p->stage_count; k++) {
            const rule *source = p->stages[k]->kind == STAGE_RULE ? p->stages[k]->as.rule.rule : NULL;
            if (source && source->index >= top) top = source->index + 1;
        }
    }
    return top;
}

void demand_build(demand_table *d, const program *p)
{
    size_t count;
    const rule *const *correlations = program_correlations(p, &count);
    uint32_t top = count_rules(correlations, count);
    *d = (demand_table){.arena = arena_new(), .rule_count = top};
    d->rules = ARENA_ARRAY(d->arena, row_demand, top);
    demand_builder b = {.table = d, .lists = ARENA_ARRAY(d->arena, name_list, top), .changed = true};
    while (b.changed) {
        b.changed = false;
        for (size_t i = 0; i < count; i++) demand_of_plan(&b, correlations[i]);
    }
    for (size_t i = 0; i < top; i++) {
        d->rules[i].fields = b.lists[i].at;
        d->rules[i].count = b.lists[i].len;
    }
}

void demand_free(demand_table *d)
{
    arena_free(d->arena);
    *d = (demand_table){0};
}
