/* What an aggregate asks: its functions, the kind of its decision, its columns; or why it can't be run. */
#include "engine/aggregate.h"

#define HOPS_MOST 10000           /* windows that one row may lie in */

/* ---- what `having` asks ---- */

/* Does it stay true when rows are added? Taken to be so of lower bounds only. */
static bool only_lower_bounds(const expr *e)
{
    if (!e || e->kind == EXPR_CONSTANT) return true;
    if (e->kind == EXPR_COMPARE) return e->as.compare.op == COMPARE_GT || e->as.compare.op == COMPARE_GE;
    if (e->kind != EXPR_AND && e->kind != EXPR_OR) return false;
    for (size_t i = 0; i < e->count; i++)
        if (!only_lower_bounds(e->args[i])) return false;
    return true;
}

typedef struct { const stage *stage; bool *asked; } column_finder;

static bool find_column(const expr *e, bool negated, void *user)
{
    column_finder *f = user;
    (void)negated;
    for (size_t i = 0; e->kind == EXPR_FIELD && i < f->stage->as.aggregate.function_count; i++)
        f->asked[i] |= str_equal(f->stage->as.aggregate.functions[i].name, e->as.field.path);
    return true;
}

static bool find_question(const expr *e, bool negated, void *user)
{
    (void)negated;
    *(bool *)user |= expr_is_observed(e);
    return true;
}

static bool asks_history(const plan *p, const ir_aggregate_function *f)
{
    bool found = false;
    for (size_t i = 0; i < f->count; i++) ir_walk_expr(p, f->args[i], find_question, &found);
    if (f->filter) ir_walk_expr(p, f->filter, find_question, &found);
    return found;
}

/* ---- functions and decision ---- */

/* How many parts with a time rows may have. */
static size_t timed_parts(const node *input)
{
    size_t count = 0;
    for (size_t i = 0; i < input->part_name_count; i++) {
        bool context = false;
        for (size_t k = 0; k < input->plan->stage_count; k++)
            context |= input->plan->stages[k]->kind == STAGE_CONTEXT && str_equal(input->plan->stages[k]->name, input->part_names[i]);
        count += !context;
    }
    return count;
}

static const char *find_functions(stage_run *run, const node *n, aggregate_state *st)
{
    const stage *s = n->stage;
    size_t count = s->as.aggregate.function_count;
    st->kinds = ARENA_ARRAY(run->arena, const aggregate_kind *, count + 1);
    st->looks_back = ARENA_ARRAY(run->arena, bool, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(s->as.aggregate.functions[i].name, STR("*"))) return "it computes a function of every column";
        st->kinds[i] = aggregate_kind_find(s->as.aggregate.functions[i].function);
        if (!st->kinds[i]) return "the engine has no such aggregate function yet";
        st->looks_back[i] = asks_history(n->plan, &s->as.aggregate.functions[i]);
        st->some_look_back |= st->looks_back[i];
    }
    return NULL;
}

static const char *find_decision(const node *n, aggregate_state *st)
{
    const stage *s = n->stage;
    const ir_window *w = &s->as.aggregate.window;
    st->by_start = w->kind == WINDOW_TUMBLING || w->kind == WINDOW_ANCHORED || w->kind == WINDOW_AROUND;
    st->spanning = timed_parts(n->inputs[0]) != 1;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++) st->of_event |= is_part_key(&s->as.aggregate.keys[i]);
    if (s->as.aggregate.output == OUTPUT_KEEP_ROWS) return "it keeps the rows of its windows";
    if (s->as.aggregate.order_down) return "it runs against the time";
    if (s->as.aggregate.output == OUTPUT_RUNNING || w->kind == WINDOW_ROWS) {
        st->decision = DECIDE_RUNNING;
        return w->kind == WINDOW_NONE || w->kind == WINDOW_ROWS ? NULL : "it runs within a window of time";
    }
    switch (w->kind) {
    case WINDOW_SLIDING: st->decision = only_lower_bounds(s->as.aggregate.having) ? DECIDE_AT_ROWS : DECIDE_AT_CLOSE; return NULL;
    case WINDOW_TUMBLING:
        st->decision = DECIDE_AT_CLOSE;
        return w->span > 0 ? NULL : "its window has no length";
    case WINDOW_NONE:
        st->decision = st->of_event && !st->spanning ? DECIDE_AT_TIMES : DECIDE_AT_CLOSE;
        st->by_start = st->spanning;
        return NULL;
    case WINDOW_HOP:
        st->decision = DECIDE_HOPPING;
        return w->span > 0 && w->step > 0 && w->span / w->step <= HOPS_MOST ? NULL : "its windows overlap too often";
    case WINDOW_ANCHORED: st->decision = DECIDE_ANCHORED; return NULL;
    case WINDOW_AROUND: st->decision = DECIDE_AT_CLOSE; return NULL;
    case WINDOW_SESSION: return "its windows are sessions";
    case WINDOW_ROWS: break;
    }
    return "the engine has no such window yet";
}

/* ---- opening ---- */

/* Rows that run on keep what they had; else a row has keys and functions only. */
static void add_columns(stage_run *run, node *n, const aggregate_state *st)
{
    const stage *s = n->stage;
    for (size_t i = 0; i < s->as.aggregate.key_count; i++)
        node_add_column(run, n, (row_column){.name = s->as.aggregate.keys[i].name, .key = true, .hidden = is_part_key(&s->as.aggregate.keys[i])});
    for (size_t i = 0; i < s->as.aggregate.function_count; i++)
        if (node_column(n, s->as.aggregate.functions[i].name) == STR_NPOS)
            node_add_column(run, n, (row_column){.name = s->as.aggregate.functions[i].name});
    for (size_t i = 0; st->decision == DECIDE_RUNNING && i < n->inputs[0]->column_count; i++) {
        const row_column *c = &n->inputs[0]->columns[i];
        if (node_column(n, c->name) == STR_NPOS) node_add_column(run, n, *c);
    }
    if (st->decision != DECIDE_RUNNING) n->part_name_count = 0;
}

const char *aggregate_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    aggregate_state *st = ARENA_NEW(run->arena, aggregate_state);
    const char *reason = find_functions(run, n, st);
    if (!reason) reason = find_decision(n, st);
    if (!reason) reason = keys_problem(s->as.aggregate.keys, s->as.aggregate.key_count);
    if (!reason && n->late && s->as.aggregate.window.kind != WINDOW_NONE) reason = "a window behind an aggregate without one";
    if (reason) return reason;
    n->late |= s->as.aggregate.window.kind == WINDOW_NONE && st->decision == DECIDE_AT_CLOSE;
    n->context = false;
    if (n->late && st->decision == DECIDE_RUNNING) return "it runs behind an aggregate without window";
    st->quiet = s->as.aggregate.after == AFTER_QUIET || (n->plan->alert == s && n->plan->quiet == QUIET_WHILE_HAVING);
    st->asked = ARENA_ARRAY(run->arena, bool, s->as.aggregate.function_count + 1);
    if (s->as.aggregate.having) ir_walk_expr(n->plan, s->as.aggregate.having, find_column, &(column_finder){s, st->asked});
    st->row_cost = sizeof(row *) * 2 + sizeof(window_entry) * 2 + s->as.aggregate.function_count * 64;
    st->values = arena_new();
    add_columns(run, n, st);
    n->state = st;
    return NULL;
}
