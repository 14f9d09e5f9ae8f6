/*
 * Metrics: observations of the events that a metric counts, by its fields and for each hour or day (a history of the plan), and
 * what a call reads of them: those in front of the window of the detection.
 *
 * The table says what is counted in the language itself; so a metric is a little rule, which is lowered as any other.
 */
#include "languages/yaral/lower_private.h"

#define HOUR (INT64_C(3600) * 1000000000)
#define DAY (24 * HOUR)
#define WINDOW_DAYS 30

typedef struct {
    lowering *outer;
    metric_call call;
    yaral_rule *ast;              /* the little rule: events, then outcomes: the value, a field each */
    lowering inner;               /* of it */
} metric_lowering;

/* ---- the little rule ---- */

static bool set_place(yaral_node *n, void *user)
{
    n->span = *(const span *)user;
    return true;
}

/* Whatever is said of it is said of the call. */
static void place_at(yaral_rule *r, span at)
{
    for (size_t i = 0; i < r->event_count; i++) yaral_walk(r->events[i], set_place, &at);
    for (size_t i = 0; i < r->outcome_count; i++) yaral_walk(r->outcomes[i].value, set_place, &at);
    for (size_t i = 0; i < r->variable_count; i++) r->variables[i].span = at;
    for (size_t i = 0; i < YARAL_SECTIONS; i++) r->sections[i] = at;
    r->span = r->name_span = at;
}

static yaral_rule *rule_of(lowering *l, const metric_call *c, span at)
{
    text t = {0};
    diag_list *diags = diag_list_new();
    text_printf(&t, "rule metric { events: %s outcome: $value = %s ", c->definition->events, *c->definition->value ? c->definition->value : "0");
    for (size_t i = 0; i < c->field_count; i++)
        text_printf(&t, "$field%zu = " STR_FMT " ", i, STR_ARG(metric_field_path(c->fields[i]->as.argument.name)));
    text_put_cstring(&t, "condition: $e }");
    yaral_file file = yaral_parse(l->scratch, l->arena, STR("metrics"), arena_str(l->arena, text_view(&t)), diags);
    yaral_rule *r = file.count == 1 && !file.rules[0]->broken ? file.rules[0] : NULL;
    if (r) yaral_bind(l->scratch, r);
    if (r) place_at(r, at);
    diag_list_free(diags);
    text_free(&t);
    return r && r->variable_count == 1 && r->outcome_count == c->field_count + 1 ? r : NULL;
}

static void open_inner(metric_lowering *m)
{
    lowering *l = m->outer;
    m->inner = (lowering){.catalog = l->catalog, .arena = l->arena, .scratch = l->scratch, .rule = l->rule, .ast = m->ast, .options = l->options,
                          .plan = l->plan, .scope = SCOPE_ROWS};
    m->inner.variables = ARENA_ARRAY(l->scratch, variable_plan, 1);
    m->inner.placeholders = ARENA_ARRAY(l->scratch, placeholder_plan, m->ast->placeholder_count);
    m->inner.variables[0].name = arena_concat(l->arena, m->call.definition->name, STR(":events"));
}

/* ---- stages ---- */

static stage *stage_named(const plan *p, pk_str name)
{
    for (size_t i = 0; i < p->stage_count; i++)
        if (str_equal(p->stages[i]->name, name)) return p->stages[i];
    return NULL;
}

static stage *events_stage(metric_lowering *m)
{
    stage *s = stage_named(m->outer->plan, m->inner.variables[0].name);
    if (s) return s;
    lower_events(&m->inner);
    return m->inner.failed ? NULL : lower_source(&m->inner, 0);
}

static typed field_of(metric_lowering *m, size_t i)
{
    m->inner.scope = SCOPE_ROWS;
    return lower_whole(&m->inner, m->ast->outcomes[i + 1].value);
}

static ir_key key_of(metric_lowering *m, size_t i)
{
    pk_str path = metric_field_path(m->call.fields[i]->as.argument.name);
    typed v = field_of(m, i);
    bool may_be_empty = metric_is_namespace(path);
    expr *e = may_be_empty ? v.value : lower_call(m->outer, "non_zero", &v.value, 1, v.value->span);
    return (ir_key){.name = path, .value = e, .missing = may_be_empty ? KEY_ZERO : KEY_SKIP, .many = MANY_EACH};
}

/* What tells it apart from other histories of the rule. */
static pk_str history_name(const metric_lowering *m, size_t number)
{
    return arena_printf(m->outer->arena, STR_FMT ":%s:%zu", STR_ARG(m->call.definition->name), m->call.hourly ? "hours" : "days", number);
}

static bool same_filter(const yaral_node *x, const yaral_node *y) { return x == y || (x && y && yaral_node_equal(x, y)); }

static bool same_history(const metric_call *x, const metric_call *y)
{
    if (x->definition != y->definition || x->hourly != y->hourly || x->field_count != y->field_count || !same_filter(x->filter, y->filter)) return false;
    for (size_t i = 0; i < x->field_count; i++)
        if (!str_equal(x->fields[i]->as.argument.name, y->fields[i]->as.argument.name) || (x->counted == x->fields[i]) != (y->counted == y->fields[i]))
            return false;
    return true;
}

/* ---- measures ---- */

static expr *time_of_event(metric_lowering *m)
{
    expr *e = ir_field_expr(m->outer->arena, STR(""), STR("time"));
    e->as.field.part = m->inner.variables[0].name;
    return lower_call(m->outer, "time_seconds", &e, 1, m->ast->span);
}

static ir_aggregate_function measure_function(metric_lowering *m, metric_measure which)
{
    static const char *const functions[METRIC_MEASURES] = {"count", "sum", "min", "max", "count_distinct_each"};
    ir_aggregate_function f = {.name = metric_measure_names[which], .function = str_from(functions[which])};
    if (which == METRIC_EVENT_COUNT) return f;
    f.args = ARENA_ARRAY(m->outer->arena, expr *, 1);
    f.count = 1;
    m->inner.scope = SCOPE_ROWS;
    if (which == METRIC_VALUE) f.args[0] = lower_zeroed(&m->inner, lower_value(&m->inner, m->ast->outcomes[0].value));
    else if (which != METRIC_UNIQUE) f.args[0] = time_of_event(m);
    for (size_t i = 0; which == METRIC_UNIQUE && i < m->call.field_count; i++) {
        if (m->call.fields[i] != m->call.counted) continue;
        typed v = field_of(m, i);
        f.args[0] = lower_call(m->outer, "non_zero", &v.value, 1, v.value->span);
    }
    return f;
}

static void want_measure(metric_lowering *m, metric_history *h, metric_measure which)
{
    for (size_t i = 0; i < h->functions.len; i++)
        if (str_equal(h->functions.at[i].name, metric_measure_names[which])) return;
    vec_push_in(m->outer->arena, &h->functions, measure_function(m, which));
    h->stage->as.history.functions = h->functions.at;
    h->stage->as.history.function_count = h->functions.len;
}

static bool want_word(yaral_node *n, void *user)
{
    metric_lowering *m = ((void **)user)[0];
    for (metric_measure i = 0; n->kind == YARAL_WORD && i < METRIC_UNIQUE; i++)
        if (str_equal(n->as.word, metric_measure_names[i])) want_measure(m, ((void **)user)[1], i);
    return true;
}

/* The filter, over the columns of an observation. */
static expr *filter_of(metric_lowering *m, metric_history *h)
{
    scope_kind scope = m->outer->scope;
    void *user[] = {m, h};
    if (!m->call.filter) return NULL;
    yaral_walk((yaral_node *)(uintptr_t)m->call.filter, want_word, user);
    m->outer->scope = SCOPE_GROUP;
    m->outer->in_filter = true;
    expr *e = lower_truth(m->outer, m->call.filter);
    m->outer->in_filter = false;
    m->outer->scope = scope;
    return e;
}

typed lower_metric_word(lowering *l, const yaral_node *n)
{
    return lower_typed(lower_column(l, n->as.word), str_equal(n->as.word, STR("value_sum")) ? TYPE_FLOAT : TYPE_INT, n->span);
}

/* ---- histories ---- */

static metric_history *new_history(metric_lowering *m, stage *events)
{
    lowering *l = m->outer;
    VEC(ir_key) keys = {0};
    for (size_t i = 0; i < m->call.field_count; i++)
        if (m->call.fields[i] != m->call.counted) vec_push_in(l->arena, &keys, key_of(m, i));
    stage *s = ir_add_stage(l->arena, l->plan, STAGE_HISTORY, history_name(m, l->histories.len + 1), &events, 1);
    s->span = m->ast->span;
    s->as.history.keys = keys.at;
    s->as.history.key_count = keys.len;
    s->as.history.every = m->call.hourly ? HOUR : DAY;
    s->as.history.over = m->call.hourly ? DAY : WINDOW_DAYS * DAY;
    s->as.history.since = m->call.hourly;
    metric_history *h = ARENA_NEW(l->scratch, metric_history);
    h->call = ARENA_NEW(l->scratch, metric_call);
    *h->call = m->call;
    h->stage = s;
    vec_push_in(l->scratch, &l->histories, h);
    s->as.history.having = filter_of(m, h);
    return h;
}

static metric_history *history_of(metric_lowering *m)
{
    lowering *l = m->outer;
    metric_history *h = NULL;
    for (size_t i = 0; i < l->histories.len && !h; i++)
        if (same_history(l->histories.at[i]->call, &m->call)) h = l->histories.at[i];
    stage *events = h ? NULL : events_stage(m);
    if (events) h = new_history(m, events);
    if (h) want_measure(m, h, m->call.measure);
    return h;
}

/* ---- calls ---- */

/* observed(history.column, fields...) */
static expr *observed(lowering *l, const metric_history *h, const metric_call *c, pk_str column, span at)
{
    VEC(expr *) args = {0};
    expr *e = ir_field_expr(l->arena, STR(""), column);
    e->as.field.part = h->stage->name;
    e->span = at;
    vec_push_in(l->scratch, &args, e);
    for (size_t i = 0; i < c->field_count; i++) {
        if (c->fields[i] == c->counted) continue;
        typed v = lower_value(l, c->fields[i]->args[0]);
        bool may_be_empty = metric_is_namespace(c->fields[i]->as.argument.name);
        vec_push_in(l->scratch, &args, may_be_empty ? v.value : lower_call(l, "non_zero", &v.value, 1, at));
    }
    return lower_call(l, "observed", args.at, args.len, at);
}

static bool prepare(lowering *l, const yaral_node *n, metric_lowering *m, metric_history **h)
{
    *m = (metric_lowering){.outer = l};
    if (!metric_read(l->scratch, n, &m->call, NULL, NULL)) {
        lower_fail(l, PK_ERROR, "yaral-metric", n->span, STR_FMT " is not called as a metric is", STR_ARG(n->as.call.name));
        return false;
    }
    if (m->call.definition->reason) {
        lower_fail(l, PK_UNSUPPORTED, "yaral-metric", n->span, STR_FMT ": %s", STR_ARG(n->as.call.name), m->call.definition->reason);
        return false;
    }
    m->ast = rule_of(l, &m->call, n->span);
    if (!m->ast) {
        lower_fail(l, PK_ERROR, "yaral-metric", n->span, STR_FMT " has fields that are none", STR_ARG(n->as.call.name));
        return false;
    }
    open_inner(m);
    *h = history_of(m);
    l->failed |= m->inner.failed;
    return *h != NULL;
}

typed lower_metric(lowering *l, const yaral_node *n)
{
    static const char *const functions[METRIC_AGGREGATIONS] = {
        [METRIC_AVG] = "list_mean", [METRIC_MAX] = "list_max", [METRIC_MIN] = "list_min", [METRIC_PERIODS] = "list_length",
        [METRIC_STDDEV] = "list_deviation", [METRIC_SUM] = "list_sum",
    };
    metric_lowering m;
    metric_history *h;
    if (!prepare(l, n, &m, &h)) return lower_typed(ir_constant_expr(l->arena, value_int(0)), TYPE_FLOAT, n->span);
    expr *values = observed(l, h, &m.call, metric_measure_names[m.call.measure], n->span);
    bool whole = m.call.aggregation == METRIC_PERIODS;
    return lower_typed(lower_call(l, functions[m.call.aggregation], &values, 1, n->span), whole ? TYPE_INT : TYPE_FLOAT, n->span);
}

/* When the period began in which the metric was largest (smallest): that of the row in which it is. */
typed lower_period_start(lowering *l, const yaral_node *n, pk_str column, const char *function)
{
    bool largest = !strcmp(function, "at_max");
    metric_lowering m;
    metric_history *h;
    expr *zero = lower_at(ir_constant_expr(l->arena, value_int(0)), n->span);
    scope_kind scope = l->scope;
    if (n->count != 1 || !metric_is_call(n->args[0])) {
        lower_fail(l, PK_ERROR, "yaral-metric", n->span, STR_FMT " is of a metric", STR_ARG(n->as.call.name));
        return lower_typed(zero, TYPE_INT, n->span);
    }
    l->scope = SCOPE_ROWS;
    if (!prepare(l, n->args[0], &m, &h)) {
        l->scope = scope;
        return lower_typed(zero, TYPE_INT, n->span);
    }
    expr *sizes = observed(l, h, &m.call, metric_measure_names[m.call.measure], n->span);
    expr *starts = observed(l, h, &m.call, STR("period_start"), n->span);
    l->scope = scope;
    expr *start = lower_call(l, largest ? "list_at_max" : "list_at_min", (expr *[]){starts, sizes}, 2, n->span);
    expr *size = lower_call(l, largest ? "list_max" : "list_min", &sizes, 1, n->span);
    expr *made = lower_add_function(l, column, function, (expr *[]){start, size}, 2, 0);
    return lower_typed(lower_call(l, "time_seconds", &made, 1, n->span), TYPE_INT, n->span);
}
