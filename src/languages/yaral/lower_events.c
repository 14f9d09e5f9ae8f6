/*
 * The events section: its statements all hold, so each is put where it can be asked first. What needs one variable alone is a
 * test of that variable; an equation between two variables is a key of their join; everything else is asked of joined rows.
 * `$p = field` gives a placeholder its value, and asks for nothing unless the placeholder has one already.
 */
#include "languages/yaral/lower_private.h"

/* ---- bindings ---- */

typedef struct { uint32_t placeholder, binding; } binding_place;

/* Is this statement where a placeholder gets a value? */
static bool find_binding(const lowering *l, const yaral_node *n, binding_place *out)
{
    if (n->kind != YARAL_COMPARE) return false;
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        for (uint32_t i = 0; i < l->ast->placeholders[p].count; i++) {
            const yaral_binding *b = &l->ast->placeholders[p].bindings[i];
            if (b->compare != n || !b->statement) continue;
            *out = (binding_place){p, i};
            return true;
        }
    return false;
}

static void enter_variable(lowering *l, uint32_t variable)
{
    l->scope = SCOPE_VARIABLE;
    l->variable = variable;
}

/* One of several values: a list that becomes copies. */
static void lower_choices(lowering *l, uint32_t p)
{
    const yaral_placeholder *ast = &l->ast->placeholders[p];
    uint32_t v = l->placeholders[p].variables[0];
    expr **values = ARENA_ARRAY(l->scratch, expr *, ast->count);
    variable_binding made = {.placeholder = p, .node = ast->bindings[0].value, .derived = true};
    enter_variable(l, v);
    l->placeholders[p].in_progress = true;
    for (size_t i = 0; i < ast->count; i++) {
        typed one = lower_value(l, ast->bindings[i].value);
        if (!i || one.type != made.value.type) made.value = i ? (typed){.type = TYPE_ANY} : one;
        values[i] = lower_zeroed(l, one);
    }
    l->placeholders[p].in_progress = false;
    made.choices = lower_call(l, "list_concat", values, ast->count, ast->span);
    vec_push_in(l->scratch, &l->variables[v].bindings, made);
}

/* The same of several variables: a list on joined rows. */
static void lower_row_choices(lowering *l, uint32_t p)
{
    const yaral_placeholder *ast = &l->ast->placeholders[p];
    expr **values = ARENA_ARRAY(l->scratch, expr *, ast->count);
    l->placeholders[p].in_progress = true;
    for (size_t i = 0; i < ast->count; i++) {
        l->scope = SCOPE_ROWS;
        typed one = lower_value(l, ast->bindings[i].value);
        l->placeholders[p].type = !i || one.type == l->placeholders[p].type ? one.type : TYPE_ANY;
        values[i] = lower_zeroed(l, one);
    }
    l->placeholders[p].in_progress = false;
    vec_push_in(l->arena, &l->row_choices, ((ir_column){lower_choice_column(l, p), lower_call(l, "list_concat", values, ast->count, ast->span)}));
}

/* What each placeholder is in each variable that binds it. */
static void lower_bindings(lowering *l)
{
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        if (l->placeholders[p].of_rows) lower_row_choices(l, p);
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        if (l->placeholders[p].chosen) lower_choices(l, p);
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        for (uint32_t i = 0; i < l->ast->placeholders[p].count; i++) {
            const yaral_binding *b = &l->ast->placeholders[p].bindings[i];
            uint32_t v = l->placeholders[p].variables[i];
            if (!b->statement || v == YARAL_NONE || lower_binding_of(l, v, p)) continue;
            enter_variable(l, v);
            variable_binding made = {.placeholder = p, .node = b->value, .derived = yaral_variable_read(b->value) == YARAL_NONE};
            l->placeholders[p].in_progress = true;
            made.value = lower_value(l, b->value);
            l->placeholders[p].in_progress = false;
            vec_push_in(l->scratch, &l->variables[v].bindings, made);
        }
}

/* A second value for a placeholder: it must be the first. */
static void lower_rebinding(lowering *l, const yaral_node *n, binding_place at)
{
    uint32_t v = l->placeholders[at.placeholder].variables[at.binding];
    const yaral_placeholder *p = &l->ast->placeholders[at.placeholder];
    if (v == YARAL_NONE ? at.binding == l->placeholders[at.placeholder].base
                        : lower_binding_of(l, v, at.placeholder)->node == p->bindings[at.binding].value)
        return;
    yaral_node name = {.kind = YARAL_VARIABLE, .span = n->span,
                       .as.variable = {.name = p->name, .role = YARAL_OF_PLACEHOLDER, .index = at.placeholder}};
    if (v != YARAL_NONE) enter_variable(l, v);
    else l->scope = SCOPE_ROWS;
    typed own = lower_value(l, p->bindings[at.binding].value), first = lower_value(l, &name);
    expr *same = lower_comparison_of(l, own, COMPARE_EQ, first, n->nocase, n->span);
    if (v != YARAL_NONE) {
        vec_push_in(l->scratch, &l->variables[v].tests, same);
        return;
    }
    cross_test cross = {.test = same, .needs = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count), .span = n->span};
    lower_needs(l, n, cross.needs);
    vec_push_in(l->scratch, &l->cross, cross);
}

/* ---- statements ---- */

static uint32_t first_of(const bool *needs)
{
    uint32_t v = 0;
    while (!needs[v]) v++;
    return v;
}

/* `$a.x = $b.y`: one variable on each side. */
static bool is_equation(lowering *l, const yaral_node *n, uint32_t *sides)
{
    row_test t;
    if (n->kind != YARAL_COMPARE || n->as.compare != YARAL_EQ || lower_reads_choice(l, n)) return false;
    if (lower_is_row_test(l, n, &t) && t.how != YARAL_IN_STRINGS) return false;
    for (size_t i = 0; i < 2; i++) {
        bool *needs = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
        if (n->args[i]->kind == YARAL_FIELD && n->args[i]->as.field.quantifier != YARAL_PLAIN) return false;
        if (lower_is_constant(n->args[i]) || lower_needs(l, n->args[i], needs) != 1) return false;
        sides[i] = first_of(needs);
    }
    return sides[0] != sides[1];
}

static void lower_cross(lowering *l, const yaral_node *n, bool *needs)
{
    cross_test cross = {.needs = needs, .span = n->span, .waits = lower_reads_choice(l, n)};
    bool fold = n->nocase; /* digests of events are in lower case, those of tables as somebody wrote them */
    l->scope = SCOPE_ROWS;
    if (is_equation(l, n, cross.side_variables)) {
        for (size_t i = 0; i < 2; i++) {
            enter_variable(l, cross.side_variables[i]);
            cross.sides[i] = lower_value(l, n->args[i]);
            fold |= cross.sides[i].hash;
        }
        for (size_t i = 0; i < 2; i++) {
            if (fold) cross.sides[i].value = lower_call(l, "lower", &cross.sides[i].value, 1, n->args[i]->span);
        }
    } else {
        cross.test = lower_truth(l, n);
    }
    vec_push_in(l->scratch, &l->cross, cross);
}

/* One column is all that the rule reads of a table: the value is one of it. */
static bool asks_whole_column(lowering *l, const yaral_node *n)
{
    row_test t;
    if (!lower_is_row_test(l, n, &t) || !l->variables[t.column->as.list.index].asked_whole) return false;
    lower_prefilter(l, n);
    return true;
}

static void lower_statement(lowering *l, const yaral_node *n)
{
    binding_place at;
    bool *needs = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
    if (find_binding(l, n, &at)) {
        lower_rebinding(l, n, at);
        return;
    }
    size_t count = lower_needs(l, n, needs);
    if (asks_whole_column(l, n)) return;
    if (count > 1) {
        lower_cross(l, n, needs);
        lower_prefilter(l, n);
        return;
    }
    enter_variable(l, count ? first_of(needs) : 0);
    vec_push_in(l->scratch, &l->variables[l->variable].tests, lower_truth(l, n));
}

typedef struct { VEC(const yaral_node *) items; } node_list;

static void add_conjuncts(lowering *l, const yaral_node *n, node_list *out)
{
    if (n->kind != YARAL_AND) {
        vec_push_in(l->scratch, &out->items, n);
        return;
    }
    for (size_t i = 0; i < n->count; i++) add_conjuncts(l, n->args[i], out);
}

void lower_events(lowering *l)
{
    node_list statements = {0};
    for (size_t i = 0; i < l->ast->event_count; i++) add_conjuncts(l, l->ast->events[i], &statements);
    lower_plan_placeholders(l);
    lower_choose_tables(l, statements.items.at, statements.items.len);
    if (!l->failed) lower_bindings(l);
    if (!l->failed) lower_prefilter_placeholders(l);
    lower_setup(l);
    for (size_t i = 0; i < statements.items.len && !l->failed; i++) lower_statement(l, statements.items.at[i]);
}
