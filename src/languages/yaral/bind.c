/*
 * What each name is. A name with a path is an event or entity variable; one without is that variable itself, a placeholder if
 * events or match use it, an outcome, or the start or end of the window. Then: which variables the condition asks for.
 */
#include "base/hash.h"
#include "languages/yaral/ast.h"

typedef VEC(yaral_binding) binding_list;

typedef struct {
    arena *arena;
    yaral_rule *rule;
    table variables, placeholders, outcomes;
    VEC(yaral_variable) variable_list;
    VEC(yaral_placeholder) placeholder_list;
    VEC(binding_list) bindings;    /* of each placeholder */
} binder;

/* ---- variables ---- */

static uint32_t variable_of(binder *b, const yaral_node *n)
{
    pk_str name = n->as.field.variable;
    uint32_t index = table_get(&b->variables, name);
    if (index == TABLE_NONE) {
        index = (uint32_t)b->variable_list.len;
        table_put(&b->variables, name, index);
        vec_push_in(b->arena, &b->variable_list, ((yaral_variable){.name = name, .source = n->as.field.source, .span = n->span}));
    }
    yaral_variable *v = &b->variable_list.at[index];
    if (v->source == YARAL_EVENTS) v->source = n->as.field.source;
    return index;
}

static bool bind_field(yaral_node *n, void *user)
{
    if (n->kind == YARAL_FIELD) n->as.field.index = variable_of(user, n);
    return true;
}

/* ---- tables ---- */

static uint32_t table_of(binder *b, const yaral_node *n)
{
    pk_str name = arena_printf(b->arena, "%%" STR_FMT, STR_ARG(n->as.list.name)); /* which is no name of another variable */
    uint32_t index = table_get(&b->variables, name);
    if (index != TABLE_NONE) return index;
    index = (uint32_t)b->variable_list.len;
    table_put(&b->variables, name, index);
    vec_push_in(b->arena, &b->variable_list, ((yaral_variable){.name = name, .source = YARAL_TABLES, .span = n->span}));
    return index;
}

/* A column stands for a row of its table, but behind `in`. */
static bool bind_column(yaral_node *n, void *user)
{
    if (n->kind == YARAL_IN) {
        yaral_walk(n->args[0], bind_column, user);
        return false;
    }
    if (n->kind == YARAL_LIST && n->as.list.column.len) n->as.list.index = table_of(user, n);
    return true;
}

/* ---- placeholders ---- */

static uint32_t placeholder_of(binder *b, pk_str name, span at)
{
    uint32_t index = table_get(&b->placeholders, name);
    if (index != TABLE_NONE) return index;
    index = (uint32_t)b->placeholder_list.len;
    table_put(&b->placeholders, name, index);
    vec_push_in(b->arena, &b->placeholder_list, ((yaral_placeholder){.name = name, .span = at}));
    vec_push_in(b->arena, &b->bindings, ((binding_list){0}));
    return index;
}

static bool is_named(const yaral_node *n) { return n->kind == YARAL_VARIABLE || n->kind == YARAL_COUNT; }

static bool set_role(yaral_node *n, yaral_role role, const table *names)
{
    uint32_t index = table_get(names, n->as.variable.name);
    if (index == TABLE_NONE) return false;
    n->as.variable.role = role;
    n->as.variable.index = index;
    return true;
}

/* In events and match every name is a variable or a placeholder. */
static bool bind_in_events(yaral_node *n, void *user)
{
    binder *b = user;
    if (!is_named(n) || set_role(n, YARAL_OF_VARIABLE, &b->variables)) return true;
    n->as.variable.role = YARAL_OF_PLACEHOLDER;
    n->as.variable.index = placeholder_of(b, n->as.variable.name, n->span);
    return true;
}

static bool bind_behind_events(yaral_node *n, void *user)
{
    const binder *b = user;
    if (!is_named(n) || set_role(n, YARAL_OF_VARIABLE, &b->variables) || set_role(n, YARAL_OF_PLACEHOLDER, &b->placeholders)
        || set_role(n, YARAL_OF_OUTCOME, &b->outcomes)) return true;
    pk_str name = n->as.variable.name;
    if (str_equal(name, STR("window_start")) || str_equal(name, STR("window_end"))) n->as.variable.role = YARAL_OF_WINDOW;
    return true;
}

/* ---- bindings ---- */

enum { SEVERAL = YARAL_NONE - 1 };

static bool note_variable(yaral_node *n, void *user)
{
    uint32_t *variable = user, own = yaral_variable_read(n);
    if (own != YARAL_NONE) *variable = *variable == YARAL_NONE || *variable == own ? own : SEVERAL;
    return true;
}

static bool note_variables(yaral_node *n, void *user)
{
    uint64_t *variables = user;
    uint32_t own = yaral_variable_read(n);
    if (own < YARAL_MAX_VARIABLES) *variables |= UINT64_C(1) << own;
    return true;
}

static bool is_placeholder(const yaral_node *n) { return n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER; }

/* A value without any field is a test and no binding. */
static void add_binding(binder *b, const yaral_node *compare, const yaral_node *name, yaral_node *value, bool statement)
{
    uint32_t variable = YARAL_NONE, index = name->as.variable.index;
    yaral_walk(value, note_variable, &variable);
    if (variable == YARAL_NONE) return;
    yaral_walk(value, note_variables, &b->placeholder_list.at[index].variables);
    yaral_binding binding = {.compare = compare, .value = value, .variable = variable == SEVERAL ? YARAL_NONE : variable, .statement = statement};
    vec_push_in(b->arena, &b->bindings.at[index], binding);
}

/* Through and, or; what stands below `not` binds nothing. */
static void collect_bindings(binder *b, yaral_node *n, bool statement)
{
    if (n->kind == YARAL_AND || n->kind == YARAL_OR) {
        for (size_t i = 0; i < n->count; i++) collect_bindings(b, n->args[i], statement && n->kind == YARAL_AND);
    } else if (n->kind == YARAL_COMPARE && n->as.compare == YARAL_EQ) {
        if (is_placeholder(n->args[0])) add_binding(b, n, n->args[0], n->args[1], statement);
        else if (is_placeholder(n->args[1])) add_binding(b, n, n->args[1], n->args[0], statement);
    }
}

/* ---- the condition: sets of variables as bits ---- */

/* Variables that a name stands for: itself, or those whose fields the placeholder is bound to. */
static uint64_t stands_for(const yaral_rule *r, const yaral_node *name)
{
    uint32_t index = name->as.variable.index;
    if (name->as.variable.role == YARAL_OF_VARIABLE) return index < YARAL_MAX_VARIABLES ? UINT64_C(1) << index : 0;
    return name->as.variable.role == YARAL_OF_PLACEHOLDER ? r->placeholders[index].variables : 0;
}

/* Is it true only of one or more? #v > 0, #v >= 1, #v = 1, #v != 0. */
static bool asks_for_some(yaral_compare op, double n)
{
    switch (op) {
    case YARAL_GT: return n >= 0;
    case YARAL_GE: case YARAL_EQ: return n > 0;
    case YARAL_NE: return !(n < 0 || n > 0);
    case YARAL_LT: case YARAL_LE: break;
    }
    return false;
}

static yaral_compare mirrored(yaral_compare op)
{
    static const yaral_compare other[] = {[YARAL_EQ] = YARAL_EQ, [YARAL_NE] = YARAL_NE, [YARAL_LT] = YARAL_GT,
                                          [YARAL_LE] = YARAL_GE, [YARAL_GT] = YARAL_LT, [YARAL_GE] = YARAL_LE};
    return other[op];
}

static uint64_t count_bounds(const yaral_rule *r, const yaral_node *n)
{
    bool first = n->args[0]->kind == YARAL_COUNT;
    const yaral_node *count = n->args[first ? 0 : 1], *number = n->args[first ? 1 : 0];
    if (count->kind != YARAL_COUNT || number->kind != YARAL_NUMBER) return 0;
    return asks_for_some(first ? n->as.compare : mirrored(n->as.compare), number->as.number.real) ? stands_for(r, count) : 0;
}

/* Variables that are there whenever it holds. */
static uint64_t bounds(const yaral_rule *r, const yaral_node *n)
{
    if (n->kind == YARAL_VARIABLE) return stands_for(r, n);
    if (n->kind == YARAL_COMPARE) return count_bounds(r, n);
    if (n->kind != YARAL_AND && n->kind != YARAL_OR) return 0;
    uint64_t all = n->kind == YARAL_AND ? 0 : UINT64_MAX;
    for (size_t i = 0; i < n->count; i++) {
        uint64_t one = bounds(r, n->args[i]);
        all = n->kind == YARAL_AND ? all | one : all & one;
    }
    return all;
}

typedef struct { yaral_rule *rule; uint64_t variables; } asked_for;

static bool note_condition(yaral_node *n, void *user)
{
    asked_for *asked = user;
    if (!is_named(n)) return true;
    asked->variables |= stands_for(asked->rule, n);
    if (n->as.variable.role == YARAL_OF_PLACEHOLDER) asked->rule->placeholders[n->as.variable.index].in_condition = true;
    return true;
}

static void bind_condition(yaral_rule *r)
{
    asked_for asked = {.rule = r};
    yaral_walk(r->condition, note_condition, &asked);
    uint64_t bounded = r->condition ? bounds(r, r->condition) : 0;
    for (size_t i = 0; i < r->variable_count; i++) {
        uint64_t bit = i < YARAL_MAX_VARIABLES ? UINT64_C(1) << i : 0;
        r->variables[i].in_condition = asked.variables & bit;
        r->variables[i].bounded = !(asked.variables & bit) || (bounded & bit);
    }
}

/* `$e` of a rule whose fields name no variable is the event. */
static void name_bare_variable(binder *b)
{
    const yaral_node *n = b->rule->condition;
    while (n && n->kind == YARAL_AND) n = n->args[0];
    if (!n || n->kind != YARAL_VARIABLE || b->variable_list.len != 1 || b->variable_list.at[0].name.len) return;
    pk_str name = n->as.variable.name;
    if (table_get(&b->placeholders, name) == TABLE_NONE && table_get(&b->outcomes, name) == TABLE_NONE) table_put(&b->variables, name, 0);
}

/* ---- all ---- */

static void each_event_node(binder *b, yaral_node_fn fn)
{
    for (size_t i = 0; i < b->rule->event_count; i++) yaral_walk(b->rule->events[i], fn, b);
    for (size_t i = 0; i < b->rule->key_count; i++) yaral_walk(b->rule->keys[i], fn, b);
}

static void each_later_node(binder *b, yaral_node_fn fn)
{
    for (size_t i = 0; i < b->rule->outcome_count; i++) yaral_walk(b->rule->outcomes[i].value, fn, b);
    yaral_walk(b->rule->condition, fn, b);
}

static void bind_names(binder *b)
{
    yaral_rule *r = b->rule;
    for (size_t i = 0; i < r->outcome_count; i++) table_put(&b->outcomes, r->outcomes[i].name, (uint32_t)i);
    each_event_node(b, bind_field);
    each_later_node(b, bind_field);
    each_event_node(b, bind_in_events);
    for (size_t i = 0; i < r->setup_count; i++) yaral_walk(r->setups[i].node, bind_field, b);
    name_bare_variable(b);
    each_later_node(b, bind_behind_events);
    for (size_t i = 0; i < r->export_count; i++) yaral_walk(r->exports[i], bind_behind_events, b);
    each_event_node(b, bind_column);
    each_later_node(b, bind_column);
    for (size_t i = 0; i < r->event_count; i++) collect_bindings(b, r->events[i], true);
}

void yaral_bind(arena *nodes, yaral_rule *r)
{
    binder b = {.arena = nodes, .rule = r};
    bind_names(&b);
    r->variables = b.variable_list.at;
    r->variable_count = b.variable_list.len;
    r->placeholders = b.placeholder_list.at;
    r->placeholder_count = b.placeholder_list.len;
    for (size_t i = 0; i < r->placeholder_count; i++) {
        r->placeholders[i].bindings = b.bindings.at[i].at;
        r->placeholders[i].count = b.bindings.at[i].len;
    }
    for (size_t i = 0; i < r->key_count; i++)
        if (is_placeholder(r->keys[i])) r->placeholders[r->keys[i]->as.variable.index].match_key = true;
    if (r->window.pivot.len) r->window.pivot_index = table_get(&b.variables, r->window.pivot);
    bind_condition(r);
    table_free(&b.variables);
    table_free(&b.placeholders);
    table_free(&b.outcomes);
}
