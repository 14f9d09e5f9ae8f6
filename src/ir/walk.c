/*
 * The one walker. Routing, candidates, demand, catalogue and checks find predicates and fields through it, so none of
 * them has to know which stage keeps expressions where: a new place for an expression is added here, once.
 */
#include "ir/walk.h"

typedef struct {
    const plan *plan;
    ir_expr_fn fn;
    void *user;
} walker;

static void walk(const walker *w, const expr *e, bool negated, int depth)
{
    if (!e || depth > 2 * IR_MAX_DEPTH) return;
    if (!w->fn(e, negated, w->user)) return;
    switch (e->kind) {
    case EXPR_NAME:
        if (w->plan && e->as.name.index < w->plan->definition_count)
            walk(w, w->plan->definitions[e->as.name.index].value, negated, depth + 1);
        break;
    case EXPR_USE:
        walk(w, e->as.use.operand, negated, depth + 1);
        break;
    case EXPR_NOT:
        negated = !negated;
        break;
    case EXPR_CONSTANT: case EXPR_FIELD: case EXPR_AND: case EXPR_OR: case EXPR_COMPARE: case EXPR_IN: case EXPR_CALL:
    case EXPR_ARITHMETIC: case EXPR_SOME:
        break;
    }
    for (size_t i = 0; i < e->count; i++) walk(w, e->args[i], negated, depth + 1);
}

void ir_walk_expr(const plan *p, const expr *e, ir_expr_fn fn, void *user)
{
    walk(&(walker){p, fn, user}, e, false, 0);
}

/* ---- where stages keep expressions ---- */

static void each_key(const ir_key *keys, size_t count, ir_place_fn fn, void *user)
{
    for (size_t i = 0; i < count; i++) fn(keys[i].value, user);
}

static void each_column(const ir_column *columns, size_t count, ir_place_fn fn, void *user)
{
    for (size_t i = 0; i < count; i++) fn(columns[i].value, user);
}

static void each_function(const ir_aggregate_function *functions, size_t count, ir_place_fn fn, void *user)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < functions[i].count; j++) fn(functions[i].args[j], user);
        fn(functions[i].filter, user);
    }
}

static void aggregate_exprs(const stage *s, ir_place_fn fn, void *user)
{
    each_key(s->as.aggregate.keys, s->as.aggregate.key_count, fn, user);
    fn(s->as.aggregate.window.start, user);
    fn(s->as.aggregate.window.end, user);
    each_function(s->as.aggregate.functions, s->as.aggregate.function_count, fn, user);
    fn(s->as.aggregate.having, user);
}

static void history_exprs(const stage *s, ir_place_fn fn, void *user)
{
    each_key(s->as.history.keys, s->as.history.key_count, fn, user);
    each_function(s->as.history.functions, s->as.history.function_count, fn, user);
    fn(s->as.history.having, user);
}

static void sequence_exprs(const stage *s, ir_place_fn fn, void *user)
{
    each_key(s->as.sequence.keys, s->as.sequence.key_count, fn, user);
    for (size_t i = 0; i < s->as.sequence.step_count; i++)
        each_key(s->as.sequence.steps[i].keys, s->as.sequence.steps[i].key_count, fn, user);
}

static void join_exprs(const stage *s, ir_place_fn fn, void *user)
{
    for (size_t i = 0; i < s->as.join.key_count; i++)
        for (size_t j = 0; j < s->as.join.keys[i].count; j++) fn(s->as.join.keys[i].sides[j], user);
    fn(s->as.join.where, user);
    each_column(s->as.join.columns, s->as.join.column_count, fn, user);
}

void ir_each_stage_expr(const stage *s, ir_place_fn fn, void *user)
{
    switch (s->kind) {
    case STAGE_MATCH: case STAGE_CONTEXT: fn(s->as.match.where, user); break;
    case STAGE_WHERE: fn(s->as.where.where, user); break;
    case STAGE_ALERTS: fn(s->as.alerts.where, user); break;
    case STAGE_DERIVE: each_column(s->as.derive.columns, s->as.derive.count, fn, user); break;
    case STAGE_AGGREGATE: aggregate_exprs(s, fn, user); break;
    case STAGE_HISTORY: history_exprs(s, fn, user); break;
    case STAGE_SEQUENCE: case STAGE_SAMPLE: sequence_exprs(s, fn, user); break;
    case STAGE_JOIN: case STAGE_LOOKUP: join_exprs(s, fn, user); break;
    case STAGE_NEW_TERMS: each_key(s->as.new_terms.keys, s->as.new_terms.key_count, fn, user); break;
    case STAGE_SORT:
        for (size_t i = 0; i < s->as.sort.count; i++) fn(s->as.sort.by[i], user);
        break;
    case STAGE_DEDUP: each_key(s->as.dedup.keys, s->as.dedup.key_count, fn, user); break;
    case STAGE_UNION:
        for (size_t i = 0; i < s->as.union_of.count; i++)
            each_column(s->as.union_of.inputs[i].columns, s->as.union_of.inputs[i].column_count, fn, user);
        break;
    case STAGE_ROWS: case STAGE_RULE: case STAGE_EXPAND: case STAGE_FOR_EACH: case STAGE_LIMIT: case STAGE_FRAME: case STAGE_UNSUPPORTED:
    case STAGE_KINDS:
        break;
    }
}

/* ---- plans ---- */

typedef struct {
    const plan *plan;
    const stage *stage;
    void (*fn)(const stage *s, const expr *e, bool negated, void *user);
    void *user;
} plan_walker;

static bool visit_expr(const expr *e, bool negated, void *user)
{
    const plan_walker *w = user;
    w->fn(w->stage, e, negated, w->user);
    return true;
}

static void visit_place(const expr *e, void *user)
{
    const plan_walker *w = user;
    ir_walk_expr(w->plan, e, visit_expr, user);
}

static void walk_plan(plan_walker w, int depth)
{
    if (!w.plan || depth > IR_MAX_DEPTH) return;
    const plan *p = w.plan;
    for (size_t i = 0; i < p->stage_count; i++) {
        w.stage = p->stages[i];
        ir_each_stage_expr(w.stage, visit_place, &w);
        if (w.stage->kind == STAGE_FOR_EACH) {
            plan_walker inner = w;
            inner.plan = w.stage->as.for_each.body;
            walk_plan(inner, depth + 1);
        }
    }
    w.stage = p->alert;
    each_key(p->quiet_keys, p->quiet_key_count, visit_place, &w);
    visit_place(p->risk, &w);
}

bool ir_is_only_observed(const plan *p, const stage *s)
{
    bool observed = false;
    for (size_t i = 0; i < p->stage_count; i++)
        for (size_t k = 0; k < p->stages[i]->input_count; k++) {
            if (p->stages[i]->inputs[k] != s) continue;
            if (p->stages[i]->kind != STAGE_HISTORY) return false;
            observed = true;
        }
    return observed && p->alert != s;
}

void ir_walk_plan(const plan *p, void (*fn)(const stage *s, const expr *e, bool negated, void *user), void *user)
{
    walk_plan((plan_walker){.plan = p, .fn = fn, .user = user}, 0);
}
