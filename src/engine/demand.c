/*
 * Demand: which fields of a matched event its row must carry. Read off the plans of the correlations: every field that they
 * name outside of their match stages, for each match stage that it may be a field of. Rows of a correlation hand their parts
 * on, so what is asked of it is asked of what feeds it too.
 */
#include "compile/program_private.h"
#include "engine/rows.h"
#include "engine/stage_alert_rows.h"
#include "ir/walk.h"

typedef VEC(demand_path) path_list;

typedef struct { pk_str part; demand_path path; } asked_field;

typedef struct {
    demand_table *table;
    path_list **lists;            /* by rule index, then stage */
    VEC(asked_field) fields;      /* of one plan */
    bool changed;
} demand_builder;

static bool path_add_to(arena *a, path_list *list, demand_path p)
{
    for (size_t i = 0; i < list->len; i++) {
        if (!str_equal(list->at[i].path, p.path) || !str_equal(list->at[i].schema, p.schema)) continue;
        if (list->at[i].tree || !p.tree) return false;
        return list->at[i].tree = true;
    }
    vec_push_in(a, list, p);
    return true;
}

/* ---- what a plan reads ---- */

static void ask_field(demand_builder *b, const ir_field *f, bool tree)
{
    bool is_time = f->part.len && f->schema.len == 0 && str_equal(f->path, STR("time"));
    asked_field asked = {f->part, {f->path, f->schema, tree || f->path.len == 0}};
    if (f->kind == FIELD_PATH && !is_time) vec_push_in(b->table->arena, &b->fields, asked);
}

/* part(e) and parts(e) ask which event it is, not what stands in it. */
static bool names_part(const expr *e) { return e->kind == EXPR_FIELD && e->as.field.path.len == 0; }

static bool find_field(const expr *e, bool negated, void *user)
{
    (void)negated;
    if (e->kind == EXPR_FIELD) ask_field(user, &e->as.field, false);
    if (e->kind == EXPR_SOME) ask_field(user, &e->as.some.list, true);
    return !(e->kind == EXPR_CALL && e->count == 1 && names_part(e->args[0]) && str_equal(e->as.call.name, STR("part")));
}

static void find_in_place(const expr *e, void *user)
{
    demand_builder *b = ((void **)user)[0];
    if (e) ir_walk_expr(((void **)user)[1], e, find_field, b);
}

static void fields_of_aggregate(demand_builder *b, const plan *p, const stage *s)
{
    void *user[] = {b, (void *)(uintptr_t)p};
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) find_in_place(s->as.aggregate.keys[i].value, user);
    for (size_t i = 0; i < s->as.aggregate.function_count; i++) {
        const ir_aggregate_function *f = &s->as.aggregate.functions[i];
        find_in_place(f->filter, user);
        for (size_t k = 0; k < f->count; k++)
            if (!str_equal(f->function, STR("parts")) || !names_part(f->args[k])) find_in_place(f->args[k], user);
    }
    find_in_place(s->as.aggregate.having, user);
    find_in_place(s->as.aggregate.window.start, user);
    find_in_place(s->as.aggregate.window.end, user);
}

/* The list that a path goes through last, and below it what it asks of the elements; the list itself is read as it is. */
static void fields_of_expand(demand_builder *b, const stage *s)
{
    for (size_t i = 0; i < s->as.expand.count; i++) {
        ir_field whole = s->as.expand.lists[i];
        ask_field(b, &whole, true);
        for (size_t at = 0; at + 1 < whole.path.len; at++) {
            if (whole.path.ptr[at] != '[' || whole.path.ptr[at + 1] != ']') continue;
            ir_field list = whole;
            list.path = str_slice(whole.path, 0, at);
            ask_field(b, &list, true);
            break;
        }
    }
}

static void fields_of_plan(demand_builder *b, const plan *p)
{
    void *user[] = {b, (void *)(uintptr_t)p};
    b->fields.len = 0;
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        if (s->kind == STAGE_MATCH || s->kind == STAGE_CONTEXT || s->kind == STAGE_ALERTS) continue;
        if (s->kind == STAGE_AGGREGATE) fields_of_aggregate(b, p, s);
        else ir_each_stage_expr(s, find_in_place, user);
        if (s->kind == STAGE_EXPAND) fields_of_expand(b, s);
    }
    for (size_t i = 0; i < p->quiet_key_count; i++) find_in_place(p->quiet_keys[i].value, user);
    find_in_place(p->risk, user);
}

/* ---- who is asked ---- */

static bool is_stage_of(const plan *p, pk_str name)
{
    for (size_t i = 0; i < p->stage_count; i++)
        if (str_equal(p->stages[i]->name, name)) return true;
    return false;
}

static void ask(demand_builder *b, uint32_t rule_index, size_t number, demand_path path)
{
    b->changed |= path_add_to(b->table->arena, &b->lists[rule_index][number], path);
}

/* A column is none of an event's fields: those that expand makes have a part's name in front, others ':' or '#'. */
static bool is_column_name(const plan *p, pk_str name)
{
    if (name.len == 0 || name.ptr[0] == '#' || str_find_char(name, ':') != STR_NPOS) return true;
    size_t dot = str_find_char(name, '.');
    return dot != STR_NPOS && is_stage_of(p, str_slice(name, 0, dot));
}

static bool is_asked(const plan *p, const stage *s, const asked_field *f)
{
    if (f->part.len) return str_equal(f->part, s->name);
    return f->path.schema.len || !is_column_name(p, f->path.path);
}

/* What is asked of the rows of a rule, of whichever of its stages. */
static void ask_rule(demand_builder *b, const rule *r, demand_path path)
{
    for (size_t i = 0; i < b->table->rules[r->index].stage_count; i++) ask(b, r->index, i, path);
}

static void demand_of_stage(demand_builder *b, const rule *r, size_t number)
{
    const stage *s = r->plan->stages[number];
    const rule *source = s->kind == STAGE_RULE ? s->as.rule.rule : NULL;
    if (source) b->table->rules[source->index].wanted = true;
    if (s->kind == STAGE_MATCH) b->table->rules[r->index].wanted = true;
    if (!source && s->kind != STAGE_MATCH) return;
    for (size_t i = 0; i < b->fields.len; i++) {
        if (!is_asked(r->plan, s, &b->fields.at[i])) continue;
        if (source) ask_rule(b, source, b->fields.at[i].path);
        else ask(b, r->index, number, b->fields.at[i].path);
    }
    /* what others ask of this rule's rows is asked of those that it is made of */
    if (!source || !r->plan->alert || r->plan->alert->kind == STAGE_AGGREGATE) return;
    for (size_t k = 0; k < b->table->rules[r->index].stage_count; k++)
        for (size_t i = 0; i < b->lists[r->index][k].len; i++) ask_rule(b, source, b->lists[r->index][k].at[i]);
}

/* ---- alerts that are read ---- */

/* A rule that reads alerts may ask for the records behind them: then it reads them whole. */
static bool find_elements(const expr *e, bool negated, void *user)
{
    (void)negated;
    if (e->kind == EXPR_FIELD && str_starts_with(e->as.field.path, STR("collection_elements"))) *(bool *)user = true;
    return true;
}

static void find_elements_in_stage(const stage *s, const expr *e, bool negated, void *user)
{
    (void)s;
    find_elements(e, negated, user);
}

static bool reads_elements(const plan *p)
{
    bool found = false;
    ir_walk_plan(p, find_elements_in_stage, &found);
    for (size_t i = 0; i < p->stage_count; i++)
        for (size_t k = 0; p->stages[i]->kind == STAGE_EXPAND && k < p->stages[i]->as.expand.count; k++)
            found |= str_starts_with(p->stages[i]->as.expand.lists[k].path, STR("collection_elements"));
    return found;
}

/* All rows that are alerts of rules that somebody may read. */
static void ask_for_alerts(demand_builder *b, const program *p, const rule *reader)
{
    bool whole = reads_elements(reader->plan);
    for (size_t i = 0; i < reader->plan->stage_count; i++) {
        const stage *s = reader->plan->stages[i];
        for (uint32_t k = 0; s->kind == STAGE_ALERTS && k < p->rule_count; k++) {
            const rule *r = ir_rule(p->catalog, k);
            if (r == reader || !program_has_rule(p, k) || !reads_alerts_of(s, r)) continue;
            b->table->rules[k].wanted = true;
            if (whole) ask_rule(b, r, (demand_path){.path = {"", 0}, .schema = {"", 0}, .tree = true});
        }
    }
}

static bool reads_alerts(const rule *r)
{
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (r->plan->stages[i]->kind == STAGE_ALERTS) return true;
    return false;
}

static void see_rule(demand_table *d, const rule *r)
{
    if (!r) return;
    if (r->index >= d->rule_count) d->rule_count = r->index + 1;
}

static void give_stages(demand_builder *b, const rule *r)
{
    row_demand *d = &b->table->rules[r->index];
    if (d->stages) return;
    d->stage_count = rule_is_correlation(r) ? r->plan->stage_count : 1;
    d->stages = ARENA_ARRAY(b->table->arena, part_demand, d->stage_count);
    for (size_t i = 0; rule_is_correlation(r) && i < d->stage_count; i++)
        d->stages[i].unseen = ir_is_only_observed(r->plan, r->plan->stages[i]) || ir_is_absent_in_alerts(r->plan, r->plan->stages[i]);
    b->lists[r->index] = ARENA_ARRAY(b->table->arena, path_list, d->stage_count);
}

static void finish(demand_builder *b, size_t rule_index)
{
    row_demand *d = &b->table->rules[rule_index];
    for (size_t i = 0; i < d->stage_count; i++) {
        const path_list *list = &b->lists[rule_index][i];
        pk_str *paths = ARENA_ARRAY(b->table->arena, pk_str, list->len + 1);
        for (size_t k = 0; k < list->len; k++) paths[k] = list->at[k].path;
        d->stages[i] = (part_demand){.paths = list->at, .count = list->len, .record = record_paths_read(paths, list->len, b->table->arena),
                                     .unseen = d->stages[i].unseen};
    }
}

bool is_part_key(const ir_key *k)
{
    return k->value->kind == EXPR_CALL && k->value->count == 1 && k->value->args[0]->kind == EXPR_FIELD &&
           k->value->args[0]->as.field.part.len && str_equal(k->value->as.call.name, STR("part"));
}

/* ---- rules of one event at a time ---- */

/* Does the stage ask for no other event, and not when this one was? */
static bool asks_no_time(const stage *s)
{
    bool of_event = false;
    switch (s->kind) {
    case STAGE_MATCH: case STAGE_CONTEXT: case STAGE_ROWS: case STAGE_EXPAND: case STAGE_WHERE: case STAGE_DERIVE: return true;
    case STAGE_JOIN: return s->as.join.within == 0;
    case STAGE_AGGREGATE:
        for (size_t i = 0; i < s->as.aggregate.key_count; i++) of_event |= is_part_key(&s->as.aggregate.keys[i]);
        return of_event && s->as.aggregate.window.kind == WINDOW_NONE;
    default: return false;
    }
}

static bool is_timeless(const rule *r)
{
    size_t events = 0;
    for (size_t i = 0; i < r->plan->stage_count; i++) {
        if (!asks_no_time(r->plan->stages[i])) return false;
        events += r->plan->stages[i]->kind == STAGE_MATCH;
    }
    return events == 1 && r->plan->quiet == QUIET_NONE;
}

/* Unless others read its rows or alerts, which may ask for times. */
static void find_timeless(demand_table *d, const rule *const *correlations, size_t count)
{
    bool alerts_are_read = false;
    for (size_t i = 0; i < count; i++) {
        alerts_are_read |= reads_alerts(correlations[i]);
        d->rules[correlations[i]->index].timeless = is_timeless(correlations[i]);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < correlations[i]->plan->stage_count; k++) {
            const stage *s = correlations[i]->plan->stages[k];
            if (s->kind == STAGE_RULE && s->as.rule.rule) d->rules[s->as.rule.rule->index].timeless = false;
        }
    for (size_t i = 0; alerts_are_read && i < d->rule_count; i++) d->rules[i].timeless = false;
}

void demand_build(demand_table *d, const program *p)
{
    size_t count;
    const rule *const *correlations = program_correlations(p, &count);
    *d = (demand_table){.arena = arena_new()};
    for (size_t i = 0; i < count; i++) {
        see_rule(d, correlations[i]);
        if (reads_alerts(correlations[i]) && d->rule_count < p->rule_count) d->rule_count = p->rule_count;
        for (size_t k = 0; k < correlations[i]->plan->stage_count; k++)
            if (correlations[i]->plan->stages[k]->kind == STAGE_RULE) see_rule(d, correlations[i]->plan->stages[k]->as.rule.rule);
    }
    d->rules = ARENA_ARRAY(d->arena, row_demand, d->rule_count + 1);
    demand_builder b = {.table = d, .lists = ARENA_ARRAY(d->arena, path_list *, d->rule_count + 1), .changed = true};
    for (size_t i = 0; i < count; i++) {
        give_stages(&b, correlations[i]);
        for (size_t k = 0; k < correlations[i]->plan->stage_count; k++) {
            const stage *s = correlations[i]->plan->stages[k];
            if (s->kind == STAGE_RULE && s->as.rule.rule) give_stages(&b, s->as.rule.rule);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!reads_alerts(correlations[i])) continue;
        for (uint32_t k = 0; k < p->rule_count; k++)
            if (program_has_rule(p, k)) give_stages(&b, ir_rule(p->catalog, k));
        ask_for_alerts(&b, p, correlations[i]);
    }
    while (b.changed) {
        b.changed = false;
        for (size_t i = 0; i < count; i++) {
            fields_of_plan(&b, correlations[i]->plan);
            for (size_t k = 0; k < correlations[i]->plan->stage_count; k++) demand_of_stage(&b, correlations[i], k);
        }
    }
    for (size_t i = 0; i < d->rule_count; i++) finish(&b, i);
    find_timeless(d, correlations, count);
}

const part_demand *demand_of(const demand_table *d, uint32_t rule_index, uint32_t number)
{
    if (rule_index >= d->rule_count || number >= d->rules[rule_index].stage_count) return NULL;
    return &d->rules[rule_index].stages[number];
}

void demand_free(demand_table *d)
{
    arena_free(d->arena);
    *d = (demand_table){0};
}
