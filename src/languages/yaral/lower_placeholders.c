/*
 * Placeholders: names for values. One that is bound in several variables joins them; within a variable, and on joined rows, it
 * stands for the value of one of its bindings.
 */
#include "languages/yaral/lower_private.h"

/* ---- what a node needs ---- */

typedef struct {
    const lowering *lowering;
    bool *variables;
    bool *placeholders;
} needs_search;

static void note_names(needs_search *s, const yaral_node *n)
{
    uint32_t own = yaral_variable_read(n);
    if (own != YARAL_NONE) s->variables[own] = true;
    if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER) s->placeholders[n->as.variable.index] = true;
    for (size_t i = 0; i < n->count; i++) note_names(s, n->args[i]);
}

/* Is a binding of the placeholder read of a variable that is needed anyway? */
static bool is_at_hand(const needs_search *s, uint32_t p)
{
    const yaral_placeholder *ast = &s->lowering->ast->placeholders[p];
    for (size_t i = 0; i < ast->count; i++) {
        uint32_t v = s->lowering->placeholders[p].variables[i];
        if (ast->bindings[i].statement && v != YARAL_NONE && s->variables[v]) return true;
    }
    return false;
}

size_t lower_needs(const lowering *l, const yaral_node *n, bool *needs)
{
    size_t count = l->ast->placeholder_count, found = 0;
    bool *done = ARENA_ARRAY(l->scratch, bool, count), more = true;
    needs_search s = {l, needs, ARENA_ARRAY(l->scratch, bool, count)};
    note_names(&s, n);
    while (more) {
        more = false;
        for (uint32_t p = 0; p < count; p++) {
            if (!s.placeholders[p] || done[p]) continue;
            done[p] = true;
            for (size_t i = 0; l->placeholders[p].of_rows && i < l->ast->placeholders[p].count; i++) note_names(&s, l->ast->placeholders[p].bindings[i].value);
            more |= l->placeholders[p].of_rows;
            if (l->placeholders[p].of_rows || is_at_hand(&s, p) || !l->ast->placeholders[p].count) continue;
            uint32_t base = l->placeholders[p].base, v = l->placeholders[p].variables[base];
            more = true;
            if (v != YARAL_NONE) needs[v] = true;
            else note_names(&s, l->ast->placeholders[p].bindings[base].value);
        }
    }
    for (size_t v = 0; v < l->ast->variable_count; v++) found += needs[v];
    return found;
}

/* ---- planning ---- */

static uint32_t choose_base(const lowering *l, uint32_t p)
{
    const yaral_placeholder *ast = &l->ast->placeholders[p];
    uint32_t best = 0;
    int best_worth = -1;
    for (uint32_t i = 0; i < ast->count; i++) {
        uint32_t v = l->placeholders[p].variables[i];
        int worth = !ast->bindings[i].statement ? 0 : v == YARAL_NONE ? 1 : 2;
        if (worth == 2 && l->ast->variables[v].bounded) worth += 2;
        if (worth >= 2 && l->ast->variables[v].source == YARAL_EVENTS) worth++;
        if (worth <= best_worth) continue;
        best = i;
        best_worth = worth;
    }
    return best;
}

/* A value that names no field itself may still be of one variable, by way of other placeholders. */
static uint32_t variable_of(const lowering *l, const yaral_node *n)
{
    bool *needs = ARENA_ARRAY(l->scratch, bool, l->ast->variable_count);
    if (lower_needs(l, n, needs) != 1) return YARAL_NONE;
    uint32_t v = 0;
    while (!needs[v]) v++;
    return v;
}

/*
 * Bound in parts of an `or` only, it is one of several values: `$ip = $e.principal.ip or $ip = $e.target.ip`. Of one variable, its events
 * become copies; of several (`$ip = $a.principal.ip or $ip = $b.target.ip`), the rows that join them.
 */
static void find_choices(lowering *l, uint32_t p)
{
    const yaral_placeholder *ast = &l->ast->placeholders[p];
    placeholder_plan *own = &l->placeholders[p];
    for (size_t i = 0; i < ast->count; i++)
        if (ast->bindings[i].statement) return;
    for (size_t i = 0; i < ast->count; i++) own->of_rows |= own->variables[i] == YARAL_NONE || own->variables[i] != own->variables[0];
    own->chosen = ast->count && !own->of_rows;
    for (uint32_t v = 0; own->of_rows && v < l->ast->variable_count && v < YARAL_MAX_VARIABLES; v++)
        if ((ast->variables >> v & 1) && !l->ast->variables[v].bounded)
            lower_fail(l, PK_UNSUPPORTED, "yaral-placeholder", ast->span, "$" STR_FMT " may be a value of '" STR_FMT "', which may be absent, or of another variable; "
                       "give it a value of each", STR_ARG(ast->name), STR_ARG(l->variables[v].name));
}

void lower_plan_placeholders(lowering *l)
{
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++) {
        const yaral_placeholder *ast = &l->ast->placeholders[p];
        placeholder_plan *own = &l->placeholders[p];
        own->variables = ARENA_ARRAY(l->scratch, uint32_t, ast->count);
        for (size_t i = 0; i < ast->count; i++) {
            own->variables[i] = ast->bindings[i].variable;
            own->nocase |= ast->bindings[i].compare->nocase;
        }
        own->base = choose_base(l, p);
    }
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++)
        for (size_t i = 0; i < l->ast->placeholders[p].count; i++)
            if (l->placeholders[p].variables[i] == YARAL_NONE)
                l->placeholders[p].variables[i] = variable_of(l, l->ast->placeholders[p].bindings[i].value);
    for (uint32_t p = 0; p < l->ast->placeholder_count; p++) {
        l->placeholders[p].base = choose_base(l, p);
        find_choices(l, p);
    }
}

static bool finds_choice(const lowering *l, const yaral_node *n, bool *seen)
{
    if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER && !seen[n->as.variable.index]) {
        uint32_t p = n->as.variable.index;
        seen[p] = true;
        if (l->placeholders[p].of_rows) return true;
        for (size_t i = 0; i < l->ast->placeholders[p].count; i++)
            if (finds_choice(l, l->ast->placeholders[p].bindings[i].value, seen)) return true;
    }
    for (size_t i = 0; i < n->count; i++)
        if (finds_choice(l, n->args[i], seen)) return true;
    return false;
}

bool lower_reads_choice(const lowering *l, const yaral_node *n)
{
    return finds_choice(l, n, ARENA_ARRAY(l->scratch, bool, l->ast->placeholder_count));
}

pk_str lower_choice_column(lowering *l, uint32_t placeholder)
{
    return arena_printf(l->arena, ":" STR_FMT, STR_ARG(l->ast->placeholders[placeholder].name));
}

/* ---- reading ---- */

variable_binding *lower_binding_of(const lowering *l, uint32_t variable, uint32_t placeholder)
{
    variable_plan *v = &l->variables[variable];
    for (size_t i = 0; i < v->bindings.len; i++)
        if (v->bindings.at[i].placeholder == placeholder) return &v->bindings.at[i];
    return NULL;
}

/* The binding to read: of the variable in whose stages we are, else the one for joined rows. */
static uint32_t binding_here(const lowering *l, uint32_t p)
{
    const yaral_placeholder *ast = &l->ast->placeholders[p];
    for (uint32_t i = 0; l->scope == SCOPE_VARIABLE && i < ast->count; i++)
        if (ast->bindings[i].statement && l->placeholders[p].variables[i] == l->variable) return i;
    return l->placeholders[p].base;
}

typed lower_placeholder(lowering *l, const yaral_node *n)
{
    uint32_t p = n->as.variable.index;
    const yaral_placeholder *ast = &l->ast->placeholders[p];
    typed none = {.value = lower_text(l, STR("")), .type = TYPE_TEXT};
    if (!ast->count || l->placeholders[p].in_progress) {
        lower_fail(l, PK_ERROR, "yaral-placeholder", n->span, ast->count ? "$" STR_FMT " is defined by itself"
                   : "$" STR_FMT " is never given a value", STR_ARG(ast->name));
        return none;
    }
    uint32_t i = binding_here(l, p), v = l->placeholders[p].variables[i];
    variable_binding *b = v == YARAL_NONE ? NULL : lower_binding_of(l, v, p);
    typed result;
    if (l->placeholders[p].of_rows) return lower_typed(lower_column(l, lower_choice_column(l, p)), l->placeholders[p].type, n->span);
    if (b && (b->choices || (l->scope == SCOPE_ROWS && b->derived))) {
        result = b->value;
        result.value = lower_column(l, lower_binding_column(l, v, p));
    } else {
        l->placeholders[p].in_progress = true;
        result = lower_value(l, ast->bindings[i].value);
        l->placeholders[p].in_progress = false;
    }
    lower_at(result.value, n->span);
    return result;
}
