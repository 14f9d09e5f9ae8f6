/*
 * Outcomes, over the row of a group. An aggregate call becomes a function of the aggregate stage; what is calculated from such
 * (and from earlier outcomes) is derived behind it. Where the language lets a field stand without an aggregate, it is that
 * of the first row.
 */
#include "languages/yaral/lower_private.h"

/* ---- what a node is made of ---- */

typedef struct { bool rows, group; } made_of;

static bool is_aggregate(const yaral_node *n)
{
    const lowered_function *f = n->kind == YARAL_CALL ? lower_find_function(n->as.call.name) : NULL;
    return f && f->kind == FUNCTION_AGGREGATE;
}

static bool is_key(const lowering *l, const yaral_node *n)
{
    return n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER && l->ast->placeholders[n->as.variable.index].match_key;
}

static void look_at(const lowering *l, const yaral_node *n, made_of *m)
{
    bool variable = n->kind == YARAL_VARIABLE, placeholder = variable && n->as.variable.role == YARAL_OF_PLACEHOLDER;
    if (is_aggregate(n) || n->kind == YARAL_COUNT || is_key(l, n) || (variable && !placeholder)) {
        m->group = true;
        return;
    }
    if (yaral_variable_read(n) != YARAL_NONE || placeholder) m->rows = true;
    for (size_t i = 0; i < n->count; i++) look_at(l, n->args[i], m);
}

/* ---- functions of the aggregate ---- */

expr *lower_add_function(lowering *l, pk_str name, const char *function, expr **args, size_t count, int64_t at_most)
{
    for (size_t i = 0; i < l->functions.len; i++)
        if (str_equal(l->functions.at[i].name, name)) return lower_column(l, name);
    ir_aggregate_function f = {.name = name, .function = str_from(function), .args = ARENA_ARRAY(l->arena, expr *, count), .count = count,
                               .at_most = at_most};
    for (size_t i = 0; i < count; i++) f.args[i] = args[i];
    vec_push_in(l->arena, &l->functions, f);
    return lower_column(l, name);
}

/* The outcome's own name if the node is all of it, else one for a helper. */
static pk_str column_name(lowering *l, const yaral_node *n)
{
    if (l->outcome && l->outcome->value == n) return l->outcome->name;
    pk_str base = l->outcome ? l->outcome->name : STR("");
    return arena_printf(l->arena, STR_FMT ":%zu", STR_ARG(base), ++l->helpers);
}

expr *lower_count(lowering *l, uint32_t variable)
{
    expr *part = lower_part(l, variable);
    return lower_add_function(l, arena_concat(l->arena, STR("#"), l->variables[variable].name), "parts", &part, 1, 0);
}

expr *lower_distinct(lowering *l, uint32_t placeholder)
{
    const yaral_placeholder *p = &l->ast->placeholders[placeholder];
    yaral_node name = {.kind = YARAL_VARIABLE, .span = p->span,
                       .as.variable = {.name = p->name, .role = YARAL_OF_PLACEHOLDER, .index = placeholder}};
    l->scope = SCOPE_ROWS;
    expr *e = lower_value(l, &name).value;
    l->scope = SCOPE_GROUP;
    e = lower_call(l, "non_zero", &e, 1, p->span);
    return lower_add_function(l, arena_concat(l->arena, STR("#"), p->name), "count_distinct", &e, 1, 0);
}

/* ---- aggregates ---- */

typedef enum {
    MINDS_COPIES = 1,                 /* counts rows, so that copies of an event change it */
    TAKES_ZEROS = 2,                  /* what is absent counts as the zero of its type */
    DROPS_ZEROS = 4,                  /* the zero of a text is no value */
    KEEPS_LIST = 8,
    SKIPS_ZEROS = 16                  /* of numbers, as the rule asks */
} aggregate_trait;

static unsigned traits_of(const char *function)
{
    static const struct { const char *name; unsigned traits; } traits[] = {
        {"max", TAKES_ZEROS}, {"min", TAKES_ZEROS}, {"range", TAKES_ZEROS}, {"sum", TAKES_ZEROS | MINDS_COPIES},
        {"mean", TAKES_ZEROS | MINDS_COPIES}, {"percentile", TAKES_ZEROS | MINDS_COPIES}, {"deviation", TAKES_ZEROS | MINDS_COPIES},
        {"variance", TAKES_ZEROS | MINDS_COPIES}, {"count", DROPS_ZEROS | MINDS_COPIES}, {"count_distinct", DROPS_ZEROS},
        {"list", DROPS_ZEROS | MINDS_COPIES | KEEPS_LIST}, {"distinct_list", DROPS_ZEROS | KEEPS_LIST}, {"mode", DROPS_ZEROS | MINDS_COPIES},
        {"at_min", TAKES_ZEROS}, {"at_max", TAKES_ZEROS},
    };
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++)
        if (!strcmp(traits[i].name, function)) return traits[i].traits;
    return 0;
}

static bool finds_counting(const yaral_node *n)
{
    const lowered_function *f = n->kind == YARAL_CALL ? lower_find_function(n->as.call.name) : NULL;
    if (f && f->kind == FUNCTION_AGGREGATE && (traits_of(f->name_in_ir) & MINDS_COPIES)) return true;
    for (size_t i = 0; i < n->count; i++)
        if (finds_counting(n->args[i])) return true;
    return false;
}

bool lower_counts_copies(const lowering *l)
{
    for (size_t i = 0; i < l->ast->outcome_count; i++)
        if (finds_counting(l->ast->outcomes[i].value)) return true;
    return false;
}

static lowered_type result_of(const lowered_function *f, lowered_type argument)
{
    if (f->result == TYPE_ANY) return argument;
    bool sum = !strcmp(f->name_in_ir, "sum");
    return sum && argument == TYPE_INT ? TYPE_INT : f->result;
}

/* The value that is aggregated, by row. */
static typed argument(lowering *l, const yaral_node *n, unsigned traits)
{
    bool spreads = l->spreads;
    l->scope = SCOPE_ROWS;
    l->spreads = n->kind == YARAL_FIELD && !(traits & MINDS_COPIES);
    typed v = lower_value(l, n);
    l->spreads = spreads;
    l->scope = SCOPE_GROUP;
    bool constant = v.value->kind == EXPR_CONSTANT;
    if ((traits & TAKES_ZEROS) && v.type != TYPE_TIME) v.value = lower_zeroed(l, v);
    if (traits & SKIPS_ZEROS) v.value = lower_call(l, "non_zero", &v.value, 1, n->span);
    if ((traits & DROPS_ZEROS) && (v.type == TYPE_TEXT || v.type == TYPE_ANY || v.type == TYPE_ENUM) && !constant)
        v.value = lower_call(l, "non_zero", &v.value, 1, n->span);
    return v;
}

static bool reads_list(const yaral_node *n, const typed *v)
{
    const expr *e = v->value;
    if (n->kind != YARAL_FIELD) return false;
    while (e->kind == EXPR_CALL && e->count) e = e->args[0];
    const field_read *f = lower_read_of(e);
    return f && f->copied;
}

/* "Returns the range of the input values found (min, max inclusive)": a list of both. (Functions, window.range) */
static typed range(lowering *l, const yaral_node *n, unsigned traits)
{
    typed v = argument(l, n->args[0], traits);
    expr *bounds[2] = {lower_add_function(l, column_name(l, n->args[0]), "min", &v.value, 1, 0),
                       lower_add_function(l, column_name(l, n->args[0]), "max", &v.value, 1, 0)};
    return lower_typed(lower_call(l, "list_concat", bounds, 2, n->span), TYPE_LIST, n->span);
}

/* "If there are 2 median values, only 1 will be chosen": the lower one. (Functions, window.median) */
static void halve(lowering *l, pk_str name)
{
    enum { HALF = 50 };
    for (size_t i = 0; i < l->functions.len; i++)
        if (str_equal(l->functions.at[i].name, name)) l->functions.at[i].parameter = HALF;
}

static typed aggregate(lowering *l, const yaral_node *n)
{
    const lowered_function *f = lower_find_function(n->as.call.name);
    const char *function = f->name_in_ir;
    unsigned traits = traits_of(function);
    bool ordered = str_starts_with(str_from(function), STR("at_"));
    expr *args[2] = {NULL};
    typed v = lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span);
    for (size_t i = 0; i < l->aggregated.len; i++)
        if (l->aggregated.at[i].node == n) return (typed){.value = lower_column(l, l->aggregated.at[i].column.value->as.field.path),
                                                          .type = l->aggregated.at[i].column.type};
    bool metric = str_starts_with(n->as.call.name, STR("period_start_for_"));
    bool may_skip = !ordered && str_starts_with(n->as.call.name, STR("window.")) && (traits & TAKES_ZEROS);
    if (!metric && n->count != (ordered ? 2 : 1) && !(may_skip && n->count == 2)) {
        lower_fail(l, PK_ERROR, "yaral-arguments", n->span, STR_FMT " takes %s, not %zu", STR_ARG(n->as.call.name),
                   ordered ? "2 arguments" : "1 argument", n->count);
        return v;
    }
    if (traits & MINDS_COPIES) l->has_sensitive = true;
    if (metric) return lower_period_start(l, n, column_name(l, n), function);
    if (may_skip && n->count == 2 && n->args[1]->kind == YARAL_BOOL && n->args[1]->as.truth) traits ^= TAKES_ZEROS | SKIPS_ZEROS;
    if (!strcmp(function, "range")) return range(l, n, traits);
    v = argument(l, n->args[ordered], traits); /* window.first(number, value) */
    args[0] = v.value;
    if (ordered) args[1] = argument(l, n->args[0], 0).value;
    if (!strcmp(function, "count_distinct") && reads_list(n->args[0], &v)) function = "count_distinct_each";
    expr *column = lower_add_function(l, column_name(l, n), function, args, ordered ? 2 : 1, traits & KEEPS_LIST ? LOWER_MAX_OUTCOME_LIST : 0);
    if (!strcmp(function, "percentile")) halve(l, column->as.field.path);
    typed result = lower_typed(column, result_of(f, v.type), n->span);
    result.enumeration = result.type == TYPE_ENUM ? v.enumeration : NULL;
    vec_push_in(l->scratch, &l->aggregated, ((aggregated){n, result}));
    return result;
}

/* Of the first row. */
static typed of_first_row(lowering *l, const yaral_node *n)
{
    for (size_t i = 0; i < l->aggregated.len; i++)
        if (l->aggregated.at[i].node == n) return (typed){.value = lower_column(l, l->aggregated.at[i].column.value->as.field.path),
                                                          .type = l->aggregated.at[i].column.type};
    l->scope = SCOPE_ROWS;
    typed v = lower_value(l, n);
    l->scope = SCOPE_GROUP;
    if (v.type != TYPE_TIME) v.value = lower_zeroed(l, v);
    v.value = lower_at(lower_add_function(l, column_name(l, n), "first", &v.value, 1, 0), n->span);
    v.quantifier = YARAL_PLAIN;
    v.hash = false;
    vec_push_in(l->scratch, &l->aggregated, ((aggregated){n, v}));
    return v;
}

/* ---- names ---- */

static typed outcome_named(lowering *l, const yaral_node *n)
{
    uint32_t i = n->as.variable.index;
    if (i >= l->outcome_count) {
        lower_fail(l, PK_ERROR, "yaral-outcome", n->span, "$" STR_FMT " is used before it is defined", STR_ARG(n->as.variable.name));
        return lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span);
    }
    bool derived = false;
    for (size_t k = 0; k < l->derived.len; k++) derived |= str_equal(l->derived.at[k].name, l->ast->outcomes[i].name);
    if (derived && l->in_condition) return lower_value(l, l->ast->outcomes[i].value);
    typed v = l->outcomes[i];
    v.value = lower_at(lower_column(l, l->ast->outcomes[i].name), n->span);
    return v;
}

static typed key_named(lowering *l, const yaral_node *n)
{
    for (size_t i = 0; i < l->keys.len; i++)
        if (str_equal(l->keys.at[i].name, n->as.variable.name))
            return lower_typed(lower_column(l, l->keys.at[i].name), l->key_types.at[i], n->span);
    return lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span);
}

/* Bounds of the window in seconds. */
static typed window_named(lowering *l, const yaral_node *n)
{
    bool end = str_equal(n->as.variable.name, STR("window_end"));
    const char *function = end ? "window_end" : "window_start";
    expr *column = lower_add_function(l, end ? STR("#window_end") : STR("#window_start"), function, NULL, 0, 0);
    return lower_typed(lower_call(l, "time_seconds", &column, 1, n->span), TYPE_INT, n->span);
}

static bool count_of(lowering *l, const yaral_node *n, typed *out)
{
    if (n->as.variable.role == YARAL_OF_VARIABLE) *out = lower_typed(lower_count(l, n->as.variable.index), TYPE_INT, n->span);
    else if (n->as.variable.role == YARAL_OF_PLACEHOLDER) *out = lower_typed(lower_distinct(l, n->as.variable.index), TYPE_INT, n->span);
    else return false;
    return true;
}

bool lower_group_value(lowering *l, const yaral_node *n, typed *out)
{
    made_of m = {false, false};
    if (is_aggregate(n)) *out = aggregate(l, n);
    else if (n->kind == YARAL_COUNT) return count_of(l, n, out);
    else if (is_key(l, n)) *out = key_named(l, n);
    else if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_OUTCOME) *out = outcome_named(l, n);
    else if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_WINDOW) *out = window_named(l, n);
    else {
        look_at(l, n, &m);
        if (!m.rows || m.group) return false;
        *out = of_first_row(l, n);
    }
    return true;
}

/* ---- the section ---- */

void lower_outcomes(lowering *l)
{
    l->outcomes = ARENA_ARRAY(l->scratch, typed, l->ast->outcome_count);
    for (size_t i = 0; i < l->ast->outcome_count && !l->failed; i++) {
        const yaral_outcome *o = &l->ast->outcomes[i];
        l->scope = SCOPE_GROUP;
        l->outcome = o;
        l->helpers = 0;
        typed v = lower_value(l, o->value);
        bool own = v.value->kind == EXPR_FIELD && str_equal(v.value->as.field.path, o->name);
        if (!own) vec_push_in(l->arena, &l->derived, ((ir_column){o->name, v.value}));
        l->outcomes[i] = v;
        l->outcome_count = i + 1;
    }
    l->outcome = NULL;
}
