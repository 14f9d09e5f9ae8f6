/*
 * Groups: by the match keys and a window, or, without a match section, one for each event. Then what is derived, how often it
 * alerts, and the risk.
 */
#include "languages/yaral/lower_private.h"

/* ---- keys ---- */

static bool takes_zeros(const lowering *l)
{
    const yaral_node *option = yaral_option_of(l->ast, "allow_zero_values");
    return option && option->kind == YARAL_BOOL && option->as.truth;
}

bool lower_skips_zero(const lowering *l, uint32_t placeholder)
{
    const yaral_placeholder *p = &l->ast->placeholders[placeholder];
    if (!p->match_key || takes_zeros(l)) return false;
    for (size_t i = 0; i < p->count; i++)
        if ((p->bindings[i].statement || l->placeholders[placeholder].chosen || l->placeholders[placeholder].of_rows)
            && yaral_variable_read(p->bindings[i].value) == YARAL_NONE) return false;
    return true;
}

static void add_key(lowering *l, pk_str name, typed v, bool skip)
{
    for (size_t i = 0; i < l->keys.len; i++)
        if (str_equal(l->keys.at[i].name, name)) return;
    expr *e = skip ? lower_call(l, "non_zero", &v.value, 1, v.value->span) : v.value;
    vec_push_in(l->arena, &l->keys, ((ir_key){.name = name, .value = e, .missing = skip ? KEY_SKIP : KEY_ZERO}));
    vec_push_in(l->scratch, &l->key_types, v.type);
}

static void add_match_key(lowering *l, const yaral_node *n)
{
    l->scope = SCOPE_ROWS;
    if (n->kind == YARAL_FIELD) {
        pk_str name = n->as.field.variable.len ? arena_printf(l->arena, STR_FMT "." STR_FMT, STR_ARG(n->as.field.variable),
                                                              STR_ARG(yaral_path_text(l->arena, n))) : yaral_path_text(l->arena, n);
        add_key(l, name, lower_value(l, n), !takes_zeros(l));
    } else if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER) {
        add_key(l, n->as.variable.name, lower_value(l, n), lower_skips_zero(l, n->as.variable.index));
    } else {
        lower_fail(l, PK_ERROR, "yaral-match", n->span, "a match key is a placeholder that the events section gives a value");
    }
}

/* Without a match section: the events themselves. */
static void add_event_keys(lowering *l)
{
    for (uint32_t v = 0; v < l->ast->variable_count; v++) {
        const yaral_variable *ast = &l->ast->variables[v];
        if (lower_is_timeless(l, v) || !ast->bounded) continue;
        expr *part = lower_part(l, v);
        pk_str name = arena_printf(l->arena, STR_FMT ":event", STR_ARG(l->variables[v].name));
        add_key(l, name, lower_typed(lower_call(l, "part", &part, 1, ast->span), TYPE_ANY, ast->span), false);
        l->keys.at[l->keys.len - 1].missing = KEY_SKIP;
    }
}

void lower_keys(lowering *l)
{
    for (size_t i = 0; i < l->ast->key_count && !l->failed; i++) add_match_key(l, l->ast->keys[i]);
    if (!l->ast->key_count) add_event_keys(l);
}

/* ---- windows ---- */

int64_t lower_window_span(const lowering *l)
{
    const yaral_window *w = &l->ast->window;
    return w->kind == YARAL_WINDOW_NONE || !w->duration ? 0 : w->duration->as.duration.nanoseconds;
}

static ir_window window_of(const lowering *l)
{
    int64_t length = lower_window_span(l);
    if (length <= 0) return (ir_window){.kind = WINDOW_NONE};
    switch (l->ast->window.kind) {
    case YARAL_WINDOW_HOP: return (ir_window){.kind = WINDOW_ANCHORED, .span = length};
    case YARAL_WINDOW_TUMBLING: return (ir_window){.kind = WINDOW_TUMBLING, .span = length};
    case YARAL_WINDOW_BEFORE:
        return (ir_window){.kind = WINDOW_AROUND, .span = length, .part = l->variables[l->ast->window.pivot_index].name};
    case YARAL_WINDOW_AFTER:
        return (ir_window){.kind = WINDOW_AROUND, .step = length, .part = l->variables[l->ast->window.pivot_index].name};
    case YARAL_WINDOW_NONE: break;
    }
    return (ir_window){.kind = WINDOW_NONE};
}

/* ---- stages ---- */

static stage *aggregate_stage(lowering *l, stage *rows)
{
    stage *s = ir_add_stage(l->arena, l->plan, STAGE_AGGREGATE, STR("rule:groups"), &rows, 1);
    s->span = l->ast->sections[l->ast->sections[YARAL_MATCH].line ? YARAL_MATCH : YARAL_CONDITION];
    s->as.aggregate.keys = l->keys.at;
    s->as.aggregate.key_count = l->keys.len;
    s->as.aggregate.window = window_of(l);
    s->as.aggregate.functions = l->functions.at;
    s->as.aggregate.function_count = l->functions.len;
    s->as.aggregate.having = l->having;
    s->as.aggregate.after = AFTER_GO_ON;
    return s;
}

static stage *outcome_stage(lowering *l, stage *groups)
{
    stage *s = ir_add_stage(l->arena, l->plan, STAGE_DERIVE, STR("rule:outcome"), &groups, 1);
    s->span = l->ast->sections[YARAL_OUTCOME];
    s->as.derive.columns = l->derived.at;
    s->as.derive.count = l->derived.len;
    return s;
}

/* One event is all that the rule looks at, and all that it says. */
static bool is_plain(const lowering *l)
{
    size_t variables = 0;
    for (size_t i = 0; i < l->ast->variable_count; i++) variables += !l->variables[i].asked_whole;
    if (variables != 1 || l->ast->key_count || l->ast->outcome_count || l->having) return false;
    for (size_t i = 0; i < l->variables[0].bindings.len; i++)
        if (l->variables[0].bindings.at[i].choices) return false;
    return l->variables[0].opened.len == 0;
}

/* ---- alerts ---- */

static const typed *outcome_named(const lowering *l, pk_str name)
{
    for (size_t i = 0; i < l->outcome_count; i++)
        if (str_equal(l->ast->outcomes[i].name, name)) return &l->outcomes[i];
    return NULL;
}

/* The outcome risk_score if it is a number, else what Google takes. */
static expr *risk_of(lowering *l)
{
    const typed *score = outcome_named(l, STR("risk_score"));
    expr *otherwise = ir_constant_expr(l->arena, value_int(LOWER_DEFAULT_RISK));
    if (!score || score->type == TYPE_TEXT || score->type == TYPE_ENUM || score->type == TYPE_BOOL || score->type == TYPE_LIST)
        return otherwise;
    expr *column = lower_column(l, STR("risk_score"));
    if (score->type == TYPE_ANY) column = lower_call(l, "to_number", &column, 1, score->value->span);
    return lower_call(l, "coalesce", (expr *[]){column, otherwise}, 2, score->value->span);
}

static ir_key quiet_key(lowering *l, pk_str name)
{
    return (ir_key){.name = name, .value = lower_column(l, name), .missing = KEY_ZERO};
}

/*
 * suppression_window: no other alert for that long. "Multiple event queries use the variables defined in the match section to determine
 * what should be suppressed", others the outcome suppression_key, if there is one. (Options section syntax)
 */
static void set_suppression(lowering *l)
{
    const yaral_node *window = yaral_option_of(l->ast, "suppression_window");
    if (!window || window->kind != YARAL_DURATION || window->as.duration.nanoseconds <= 0) return;
    l->plan->quiet = QUIET_FOR;
    l->plan->quiet_for = window->as.duration.nanoseconds;
    VEC(ir_key) keys = {0};
    if (!l->ast->key_count && outcome_named(l, STR("suppression_key"))) vec_push_in(l->arena, &keys, quiet_key(l, STR("suppression_key")));
    for (size_t i = 0; l->ast->key_count && i < l->keys.len; i++) vec_push_in(l->arena, &keys, quiet_key(l, l->keys.at[i].name));
    l->plan->quiet_keys = keys.at;
    l->plan->quiet_key_count = keys.len;
}

void lower_groups(lowering *l, stage *rows)
{
    if (!is_plain(l)) rows = aggregate_stage(l, rows);
    if (l->derived.len) rows = outcome_stage(l, rows);
    l->plan->alert = rows;
    l->plan->risk = risk_of(l);
    set_suppression(l);
}
