/*
 * The stages in front of the groups. For each variable: its events; copies of them where lists are opened; what must hold of a
 * copy; placeholders that functions compute. Then one join of all variables that must be there, and an optional one for
 * each that may be absent.
 */
#include "languages/yaral/lower_private.h"

static pk_str stage_name(lowering *l, pk_str variable, const char *step)
{
    return arena_printf(l->arena, STR_FMT ":%s", STR_ARG(variable), step);
}

static stage *add_stage(lowering *l, stage_kind kind, pk_str name, stage **inputs, size_t count, span at)
{
    stage *s = ir_add_stage(l->arena, l->plan, kind, name, inputs, count);
    s->span = at;
    return s;
}

/* ---- one variable ---- */

/* What an event must hold for a copy of it to hold all tests. */
static expr *necessary_tests(lowering *l, const variable_plan *v)
{
    expr_list all = {0};
    for (size_t i = 0; i < v->tests.len; i++) {
        expr *known = lower_necessary(l, v->tests.at[i]);
        if (known && known->kind == EXPR_CONSTANT && known->as.constant.type == VALUE_BOOL && known->as.constant.as.boolean) continue;
        if (known) vec_push_in(l->scratch, &all, known);
    }
    return lower_all_of(l, &all);
}

/* Tests that read copies, or that events are not matched by. */
static expr *copy_tests(lowering *l, const variable_plan *v)
{
    expr_list all = {0};
    for (size_t i = 0; i < v->tests.len; i++)
        if (lower_waits_for_rows(l, v->tests.at[i])) vec_push_in(l->scratch, &all, v->tests.at[i]);
    return lower_all_of(l, &all);
}

static stage *source_stage(lowering *l, uint32_t variable, expr *where)
{
    const yaral_variable *ast = &l->ast->variables[variable];
    if (ast->source == YARAL_TABLES) return lower_table_stage(l, variable);
    stage_kind kind = ast->source == YARAL_ENTITIES ? STAGE_CONTEXT : ast->source == YARAL_DETECTIONS ? STAGE_ALERTS : STAGE_MATCH;
    stage *s = add_stage(l, kind, l->variables[variable].name, NULL, 0, ast->span);
    if (kind == STAGE_ALERTS) {
        s->as.alerts.schema = lower_schema_of(ast->source);
        s->as.alerts.where = where;
    } else {
        s->as.match.schema = lower_schema_of(ast->source);
        s->as.match.index = STR("");
        s->as.match.where = where;
    }
    return s;
}

/* Paths of the lists that are opened, each once. */
static stage *expand_stage(lowering *l, pk_str name, stage *input, const ir_field *fields, size_t count)
{
    stage *s = add_stage(l, STAGE_EXPAND, name, &input, 1, input->span);
    s->as.expand.lists = ARENA_ARRAY(l->arena, ir_field, count);
    for (size_t i = 0; i < count; i++) s->as.expand.lists[i] = fields[i];
    s->as.expand.count = count;
    s->as.expand.empty = MISSING_NULL;
    s->as.expand.at_most = LOWER_MAX_COPIES;
    return s;
}

typedef struct { VEC(ir_field) items; } field_list;

static field_list opened_fields(lowering *l, const variable_plan *v)
{
    field_list fields = {0};
    table seen = {0}, opened = {0};
    for (size_t i = 0; i < v->opened.len; i++) table_put(&opened, v->opened.at[i], 1);
    for (size_t i = 0; i < v->reads.len; i++) {
        const field_read *f = v->reads.at[i];
        if (table_get(&opened, f->list) == TABLE_NONE || !table_put(&seen, f->base.as.field.path, 1)) continue;
        vec_push_in(l->scratch, &fields.items, f->base.as.field);
    }
    table_free(&seen);
    table_free(&opened);
    return fields;
}

static stage *derive_stage(lowering *l, uint32_t variable, stage *input)
{
    variable_plan *v = &l->variables[variable];
    VEC(ir_column) columns = {0};
    for (size_t i = 0; i < v->bindings.len; i++)
        if (v->bindings.at[i].derived && !v->bindings.at[i].choices)
            vec_push_in(l->arena, &columns, ((ir_column){lower_binding_column(l, variable, v->bindings.at[i].placeholder),
                                                         v->bindings.at[i].value.value}));
    if (!columns.len) return input;
    stage *s = add_stage(l, STAGE_DERIVE, stage_name(l, v->name, "placeholders"), &input, 1, input->span);
    s->as.derive.columns = columns.at;
    s->as.derive.count = columns.len;
    return s;
}

/* Placeholders that are one of several values: a copy for each. */
static stage *choice_stages(lowering *l, uint32_t variable, stage *input)
{
    variable_plan *v = &l->variables[variable];
    VEC(ir_column) columns = {0};
    VEC(ir_field) lists = {0};
    for (size_t i = 0; i < v->bindings.len; i++) {
        const variable_binding *b = &v->bindings.at[i];
        if (!b->choices) continue;
        pk_str name = lower_binding_column(l, variable, b->placeholder);
        vec_push_in(l->arena, &columns, ((ir_column){name, b->choices}));
        vec_push_in(l->scratch, &lists, ((ir_field){.kind = FIELD_PATH, .path = name}));
    }
    if (!columns.len) return input;
    stage *s = add_stage(l, STAGE_DERIVE, stage_name(l, v->name, "choices"), &input, 1, input->span);
    s->as.derive.columns = columns.at;
    s->as.derive.count = columns.len;
    return expand_stage(l, stage_name(l, v->name, "chosen"), s, lists.at, lists.len);
}

/* What is decided while fields still stand for lists: what an event must hold, and what is opened. */
typedef struct { expr *where, *copies; field_list opened; } variable_parts;

static variable_parts parts_of(lowering *l, uint32_t variable)
{
    variable_plan *v = &l->variables[variable];
    return (variable_parts){necessary_tests(l, v), copy_tests(l, v), opened_fields(l, v)};
}

stage *lower_source(lowering *l, uint32_t variable) { return source_stage(l, variable, parts_of(l, variable).where); }

static stage *variable_stages(lowering *l, uint32_t variable, const variable_parts *parts)
{
    variable_plan *v = &l->variables[variable];
    stage *s = source_stage(l, variable, parts->where);
    if (parts->opened.items.len)
        s = expand_stage(l, stage_name(l, v->name, "copies"), s, parts->opened.items.at, parts->opened.items.len);
    s = choice_stages(l, variable, s);
    if (parts->copies) {
        s = add_stage(l, STAGE_WHERE, stage_name(l, v->name, "where"), &s, 1, s->span);
        s->as.where.where = parts->copies;
    }
    return derive_stage(l, variable, s);
}

/* ---- joins ---- */

static bool may_be_absent(const lowering *l, uint32_t v) { return !l->ast->variables[v].bounded; }

static bool all_joined(const lowering *l, const bool *needs)
{
    for (size_t v = 0; v < l->ast->variable_count; v++)
        if (needs[v] && !l->variables[v].joined) return false;
    return true;
}

static expr *side_of(lowering *l, uint32_t variable, const variable_binding *b)
{
    const placeholder_plan *p = &l->placeholders[b->placeholder];
    expr *side = b->derived ? lower_at(lower_column(l, lower_binding_column(l, variable, b->placeholder)), b->node->span) : b->value.value;
    return p->nocase ? lower_call(l, "lower", &side, 1, b->node->span) : side;
}

typedef struct { VEC(ir_join_key) items; } join_keys;

/* A placeholder is a key if two of the variables that bind it come together here. `fresh`: those that are new. */
static void add_placeholder_key(lowering *l, uint32_t p, const bool *fresh, join_keys *keys)
{
    VEC(expr *) sides = {0};
    bool any_fresh = false, old = false, skip = lower_skips_zero(l, p);
    for (int wanted = 0; wanted <= 1; wanted++)
        for (uint32_t v = 0; v < l->ast->variable_count; v++) {
            if (!l->variables[v].joined || fresh[v] != wanted || (!wanted && old)) continue;
            const variable_binding *b = lower_binding_of(l, v, p);
            if (!b) continue;
            expr *side = side_of(l, v, b);
            vec_push_in(l->arena, &sides, skip ? lower_call(l, "non_zero", &side, 1, side->span) : side);
            any_fresh |= fresh[v];
            old |= !fresh[v];
        }
    if (sides.len < 2 || !any_fresh) return;
    ir_join_key key = {.name = l->ast->placeholders[p].name, .sides = sides.at, .count = sides.len, .missing = skip ? KEY_SKIP : KEY_ZERO};
    vec_push_in(l->arena, &keys->items, key);
}

static void add_equation(lowering *l, cross_test *c, join_keys *keys)
{
    expr **sides = ARENA_ARRAY(l->arena, expr *, 2);
    for (size_t i = 0; i < 2; i++) sides[i] = c->sides[i].value;
    ir_join_key key = {.name = arena_printf(l->arena, ":%zu", keys->items.len + 1), .sides = sides, .count = 2, .missing = KEY_ZERO};
    vec_push_in(l->arena, &keys->items, key);
}

static expr *bound_of_interval(lowering *l, expr *x, compare_op op, expr *y)
{
    expr *e = lower_at(ir_compare(l->arena, x, op, y), x->span);
    e->as.compare.missing = MISSING_TRUE;
    return e;
}

/* An entity counts while it is valid: start <= time of the event < end, where the record has an interval. */
static expr *interval_test(lowering *l, uint32_t entity, uint32_t event)
{
    static const char time[] = "metadata.event_timestamp.seconds";
    expr *begun = bound_of_interval(l, lower_known_field(l, entity, "metadata.interval.start_time.seconds"), COMPARE_LE,
                                    lower_known_field(l, event, time));
    expr *not_over = bound_of_interval(l, lower_known_field(l, event, time), COMPARE_LT,
                                       lower_known_field(l, entity, "metadata.interval.end_time.seconds"));
    return ir_and(l->arena, begun, not_over);
}

static expr *interval_tests(lowering *l, const bool *fresh)
{
    expr *all = NULL;
    for (uint32_t g = 0; g < l->ast->variable_count; g++)
        for (uint32_t e = 0; e < l->ast->variable_count; e++) {
            if (!l->variables[g].joined || !l->variables[e].joined || !(fresh[g] || fresh[e])) continue;
            if (l->ast->variables[g].source == YARAL_ENTITIES && l->ast->variables[e].source == YARAL_EVENTS)
                all = ir_and(l->arena, all, interval_test(l, g, e));
        }
    return all;
}

/* ---- windows: which events can be in one ---- */

static expr *time_of(lowering *l, uint32_t variable)
{
    expr *e = lower_part(l, variable);
    e->as.field.path = STR("time");
    return e;
}

/* Events in front of the pivot (behind it), where the window lies there: others must not keep absence from being seen. */
static expr *pivot_tests(lowering *l, const bool *fresh)
{
    const yaral_window *w = &l->ast->window;
    expr *all = NULL;
    if (w->kind != YARAL_WINDOW_BEFORE && w->kind != YARAL_WINDOW_AFTER) return NULL;
    for (uint32_t v = 0; v < l->ast->variable_count; v++) {
        bool apart = v != w->pivot_index && !lower_is_timeless(l, v) && (fresh[v] || fresh[w->pivot_index]);
        if (!apart || !l->variables[v].joined || !l->variables[w->pivot_index].joined) continue;
        expr *e = ir_compare(l->arena, time_of(l, v), w->kind == YARAL_WINDOW_BEFORE ? COMPARE_LE : COMPARE_GE,
                             time_of(l, w->pivot_index));
        e->as.compare.missing = MISSING_TRUE;
        all = ir_and(l->arena, all, lower_at(e, w->span));
    }
    return all;
}

/* Events of one block of time, where the windows are blocks. */
static void add_block_key(lowering *l, const bool *fresh, join_keys *keys)
{
    VEC(expr *) sides = {0};
    bool old = false;
    if (l->ast->window.kind != YARAL_WINDOW_TUMBLING) return;
    for (uint32_t v = 0; v < l->ast->variable_count; v++) {
        if (!l->variables[v].joined || lower_is_timeless(l, v) || (!fresh[v] && old)) continue;
        old |= !fresh[v];
        expr *seconds = ir_constant_expr(l->arena, value_int(lower_window_span(l) / 1000000000));
        vec_push_in(l->arena, &sides, lower_call(l, "time_bucket", (expr *[]){time_of(l, v), seconds}, 2, l->ast->window.span));
    }
    if (sides.len < 2) return;
    ir_join_key key = {.name = STR(":block"), .sides = sides.at, .count = sides.len, .missing = KEY_SKIP};
    vec_push_in(l->arena, &keys->items, key);
}

/* Joins the variables marked fresh (joined already set) with what was joined before. */
static stage *join_stage(lowering *l, stage **inputs, size_t count, const bool *fresh, join_kind kind, pk_str name)
{
    join_keys keys = {0};
    expr_list where = {0};
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++) add_placeholder_key(l, p, fresh, &keys);
    for (size_t i = 0; i < l->cross.len; i++) {
        cross_test *c = &l->cross.at[i];
        if (c->placed || !all_joined(l, c->needs) || (c->waits && !l->rows_chosen)) continue;
        c->placed = true;
        if (c->test) vec_push_in(l->scratch, &where, c->test);
        else add_equation(l, c, &keys);
    }
    add_block_key(l, fresh, &keys);
    stage *s = add_stage(l, STAGE_JOIN, name, inputs, count, l->ast->sections[YARAL_EVENTS_SECTION]);
    s->as.join.kind = kind;
    s->as.join.keys = keys.items.at;
    s->as.join.key_count = keys.items.len;
    s->as.join.within = lower_window_span(l);
    s->as.join.where = ir_and(l->arena, ir_and(l->arena, lower_all_of(l, &where), pivot_tests(l, fresh)), interval_tests(l, fresh));
    return s;
}

/* Events, then entities, then rows of tables. */
static int rank_of(const lowering *l, uint32_t v)
{
    yaral_source source = l->ast->variables[v].source;
    return source == YARAL_TABLES ? 2 : source == YARAL_ENTITIES ? 1 : 0;
}

/* All variables that must be there: events first, since entities and rows are looked up for them. */
static stage *join_required(lowering *l, stage **ends)
{
    bool *fresh = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
    VEC(stage *) inputs = {0};
    for (int rank = 0; rank <= 2; rank++)
        for (uint32_t v = 0; v < l->ast->variable_count; v++) {
            if (may_be_absent(l, v) || !ends[v] || rank_of(l, v) != rank) continue;
            fresh[v] = l->variables[v].joined = true;
            vec_push_in(l->scratch, &inputs, ends[v]);
        }
    if (!inputs.len) {
        lower_fail(l, PK_ERROR, "yaral-condition", l->ast->sections[YARAL_CONDITION], "no event has to be there for the condition to hold");
        return NULL;
    }
    return inputs.len == 1 ? inputs.at[0] : join_stage(l, inputs.at, inputs.len, fresh, JOIN_INNER, STR("rule:joined"));
}

/* ---- tables ---- */

static void add_link(const lowering *l, bool *links, const bool *needs, uint32_t rows_of)
{
    for (size_t v = 0; needs[rows_of] && v < l->ast->variable_count; v++) links[v] |= needs[v];
}

/* Variables that something compares with a row of the table. */
static bool *links_of(const lowering *l, uint32_t rows_of)
{
    bool *links = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
    for (size_t i = 0; i < l->cross.len; i++) add_link(l, links, l->cross.at[i].needs, rows_of);
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        for (uint32_t v = 0; lower_binding_of(l, rows_of, p) && v < l->ast->variable_count; v++) links[v] |= lower_binding_of(l, v, p) != NULL;
    return links;
}

/* Only an equation finds rows by their value: else each row is tried with each event. */
static bool is_found_by_key(const lowering *l, uint32_t rows_of)
{
    for (size_t i = 0; i < l->cross.len; i++)
        if (!l->cross.at[i].test && (l->cross.at[i].side_variables[0] == rows_of || l->cross.at[i].side_variables[1] == rows_of)) return true;
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        if (lower_binding_of(l, rows_of, p)) return true;
    return false;
}

/* Rows that are only compared with a variable that may be absent belong to it: its events are those for which there is a row. */
static void place_table(lowering *l, stage **ends, uint32_t rows_of)
{
    bool *links = links_of(l, rows_of), *fresh = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
    uint32_t absent = YARAL_NONE;
    const stage *rows = ends[rows_of];
    while (rows->kind != STAGE_ROWS) rows = rows->inputs[0];
    if (rows->as.rows.row_count > LOWER_MAX_TABLE_ROWS && !is_found_by_key(l, rows_of)) {
        lower_fail(l, PK_UNSUPPORTED, "yaral-table", l->ast->variables[rows_of].span, STR_FMT " has %zu rows; without an equation with one of its columns at most %d "
                   "are tried with each event", STR_ARG(l->variables[rows_of].name), rows->as.rows.row_count, LOWER_MAX_TABLE_ROWS);
        return;
    }
    for (uint32_t v = 0; v < l->ast->variable_count; v++) {
        if (!links[v] || v == rows_of) continue;
        if (!may_be_absent(l, v)) return;
        if (absent == YARAL_NONE) absent = v;
    }
    if (absent == YARAL_NONE) return;
    fresh[rows_of] = fresh[absent] = l->variables[rows_of].joined = l->variables[absent].joined = true;
    ends[absent] = join_stage(l, (stage *[]){ends[absent], ends[rows_of]}, 2, fresh, JOIN_INNER, stage_name(l, l->variables[absent].name, "row"));
    l->variables[rows_of].joined = l->variables[absent].joined = false;
    ends[rows_of] = NULL;
}

static bool belongs_to(const lowering *l, const stage *const *ends, uint32_t rows_of, uint32_t variable)
{
    return l->ast->variables[rows_of].source == YARAL_TABLES && !ends[rows_of] && !l->variables[rows_of].asked_whole && links_of(l, rows_of)[variable];
}

/* Placeholders that are a value of one variable or of another: a row for each, and what is asked of them. */
static stage *choose_of_rows(lowering *l, stage *rows)
{
    expr_list where = {0};
    size_t count = l->row_choices.len;
    ir_field *lists = ARENA_ARRAY(l->scratch, ir_field, count);
    if (!count) return rows;
    stage *s = add_stage(l, STAGE_DERIVE, STR("rule:choices"), &rows, 1, rows->span);
    s->as.derive.columns = l->row_choices.at;
    s->as.derive.count = count;
    for (size_t i = 0; i < count; i++) lists[i] = (ir_field){.kind = FIELD_PATH, .path = l->row_choices.at[i].name};
    s = expand_stage(l, STR("rule:chosen"), s, lists, count);
    l->rows_chosen = true;
    for (size_t i = 0; i < l->cross.len; i++) {
        cross_test *c = &l->cross.at[i];
        if (c->placed || !c->waits || !all_joined(l, c->needs)) continue;
        c->placed = true;
        vec_push_in(l->scratch, &where, c->test);
    }
    if (!where.len) return s;
    s = add_stage(l, STAGE_WHERE, STR("rule:where"), &s, 1, s->span);
    s->as.where.where = lower_all_of(l, &where);
    return s;
}

stage *lower_rows(lowering *l)
{
    size_t count = l->ast->variable_count;
    variable_parts *parts = ARENA_ARRAY(l->scratch, variable_parts, count);
    stage **ends = ARENA_ARRAY(l->scratch, stage *, count);
    for (uint32_t v = 0; v < count; v++) parts[v] = parts_of(l, v);
    lower_turn_into_columns(l);
    for (uint32_t v = 0; v < count; v++)
        if (!l->variables[v].asked_whole) ends[v] = variable_stages(l, v, &parts[v]);
    for (uint32_t v = 0; v < count; v++)
        if (ends[v] && l->ast->variables[v].source == YARAL_TABLES) place_table(l, ends, v);
    stage *rows = join_required(l, ends);
    if (rows) rows = choose_of_rows(l, rows);
    for (uint32_t v = 0; v < count && rows; v++) {
        if (!may_be_absent(l, v)) continue;
        bool *fresh = ARENA_ARRAY(l->scratch, bool, count);
        fresh[v] = l->variables[v].joined = true;
        for (uint32_t t = 0; t < count; t++)
            if (belongs_to(l, (const stage *const *)ends, t, v)) fresh[t] = l->variables[t].joined = true;
        rows = join_stage(l, (stage *[]){rows, ends[v]}, 2, fresh, JOIN_OPTIONAL, stage_name(l, l->variables[v].name, "joined"));
    }
    return rows;
}
