/* Lowering: a rule's tree -> its plan. The way is described in lower_private.h, the shape of plans in docs/yara-l.md. */
#include "languages/yaral/lower_private.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- reporting ---- */

#define MAX_MESSAGE 1024

void lower_fail(lowering *l, pk_severity severity, const char *code, span at, const char *format, ...)
{
    char words[MAX_MESSAGE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (n < 0) words[0] = '\0';
    yaral_report(l->catalog, l->rule, severity, code, at, STR(""), "%s", words);
    if (severity == PK_ERROR || severity == PK_UNSUPPORTED) l->failed = true;
}

bool lower_enter(lowering *l, span at)
{
    if (l->failed) return false;
    if (l->depth == LOWER_MAX_DEPTH || ++l->nodes > LOWER_MAX_NODES) {
        lower_fail(l, PK_ERROR, "yaral-limit", at, "the rule is too large: more than %d values and tests, placeholders put in, or %d within one another",
                   LOWER_MAX_NODES, LOWER_MAX_DEPTH);
        return false;
    }
    l->depth++;
    return true;
}

void lower_leave(lowering *l) { l->depth--; }

/* ---- the rule ---- */

static void name_variables(lowering *l)
{
    for (size_t v = 0; v < l->ast->variable_count; v++) {
        pk_str name = l->ast->variables[v].name;
        l->variables[v].name = name.len ? arena_str(l->arena, name) : STR("event");
        for (size_t i = 0; i < v; i++)
            if (str_equal(l->variables[i].name, l->variables[v].name)) l->variables[v].name = arena_printf(l->arena, ":%zu", v);
    }
}

static size_t height_of(const expr *e)
{
    size_t most = e->kind == EXPR_USE ? height_of(e->as.use.operand) : 0;
    for (size_t i = 0; i < e->count; i++) {
        size_t h = height_of(e->args[i]);
        if (h > most) most = h;
    }
    return most + 1;
}

static void check_height(const stage *s, const expr *e, bool negated, void *user)
{
    bool *high = user;
    (void)s, (void)negated;
    if (!*high) *high = height_of(e) > LOWER_MAX_HEIGHT;
}

static void lower_rule(lowering *l)
{
    if (!l->ast->variable_count) {
        lower_fail(l, PK_ERROR, "yaral-events", l->ast->name_span, "the rule reads no field of an event");
        return;
    }
    if (l->ast->window.pivot.len && l->ast->window.pivot_index >= l->ast->variable_count) {
        lower_fail(l, PK_ERROR, "yaral-window", l->ast->window.span, "$" STR_FMT " is no variable of the events section",
                   STR_ARG(l->ast->window.pivot));
        return;
    }
    if (l->ast->placeholder_count > LOWER_MAX_PLACEHOLDERS) {
        lower_fail(l, PK_ERROR, "yaral-limit", l->ast->name_span, "more than %d placeholders", LOWER_MAX_PLACEHOLDERS);
        return;
    }
    name_variables(l);
    lower_events(l);
    if (!l->failed) lower_keys(l);
    if (!l->failed) lower_outcomes(l);
    if (!l->failed) lower_condition(l);
    if (l->failed) return;
    lower_choose_lists(l);
    stage *rows = lower_rows(l);
    if (rows) lower_groups(l, rows);
    bool high = false;
    if (rows) ir_walk_plan(l->plan, check_height, &high);
    if (high) lower_fail(l, PK_ERROR, "yaral-limit", l->ast->name_span, "expressions stand too deep within one another");
}

void yaral_lower(ir_catalog *c, rule *r, const yaral_rule *ast, const language_options *o)
{
    arena *a = ir_arena(c), *scratch = arena_new();
    lowering l = {.catalog = c, .arena = a, .scratch = scratch, .rule = r, .ast = ast, .options = o, .plan = ARENA_NEW(a, plan)};
    l.variables = ARENA_ARRAY(scratch, variable_plan, ast->variable_count);
    l.placeholders = ARENA_ARRAY(scratch, placeholder_plan, ast->placeholder_count);
    lower_rule(&l);
    if (!l.failed) r->plan = l.plan;
    arena_free(scratch);
}
