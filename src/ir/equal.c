/*
 * Do two plans say the same, in the same words? Places in source text don't count, nor does what resolving filled in;
 * an `and` or `or` of one argument is that argument, of none a constant, and a missing condition is true.
 */
#include "ir/ir.h"

static bool same_value(const value *x, const value *y)
{
    if (x->type != y->type) return false;
    if (x->type == VALUE_FLOAT) return memcmp(&x->as.real, &y->as.real, sizeof x->as.real) == 0 ||
                                       (x->as.real != x->as.real && y->as.real != y->as.real);
    if (x->type == VALUE_LIST) {
        if (x->as.list.count != y->as.list.count) return false;
        for (size_t i = 0; i < x->as.list.count; i++)
            if (!same_value(&x->as.list.items[i], &y->as.list.items[i])) return false;
        return true;
    }
    if (x->type == VALUE_RECORD) {
        if (x->as.record.count != y->as.record.count) return false;
        for (size_t i = 0; i < x->as.record.count; i++)
            if (!str_equal(x->as.record.fields[i].name, y->as.record.fields[i].name) ||
                !same_value(&x->as.record.fields[i].value, &y->as.record.fields[i].value))
                return false;
        return true;
    }
    return value_equal(x, y);
}

static bool same_test(const ir_test *x, const ir_test *y)
{
    return x->kind == y->kind && x->flags == y->flags && (x->kind != TEST_COMPARE || x->compare == y->compare) &&
           same_value(&x->constant, &y->constant);
}

static bool same_field(const ir_field *x, const ir_field *y)
{
    if (x->kind != y->kind || !str_equal(x->part, y->part)) return false;
    if (x->kind == FIELD_ANY_VALUE || x->kind == FIELD_RAW) return true;
    return str_equal(x->schema, y->schema) && str_equal(x->path, y->path);
}

/* ---- expressions ---- */

static const expr always = {.kind = EXPR_CONSTANT, .as.constant = {.type = VALUE_BOOL, .as.boolean = true}};
static const expr never = {.kind = EXPR_CONSTANT, .as.constant = {.type = VALUE_BOOL, .as.boolean = false}};

static const expr *canonical(const expr *e)
{
    if (!e) return &always;
    while (e->kind == EXPR_AND || e->kind == EXPR_OR) {
        if (e->count > 1) return e;
        if (e->count == 0) return e->kind == EXPR_AND ? &always : &never;
        e = e->args[0];
    }
    return e;
}

static bool same_expr(const expr *x, const expr *y);

static bool same_use(const ir_use *x, const ir_use *y)
{
    if (x->count != y->count || x->all != y->all || x->missing != y->missing || x->many != y->many ||
        x->not_equal != y->not_equal || x->numbers != y->numbers || x->negated != y->negated ||
        !same_expr(x->operand, y->operand))
        return false;
    for (size_t i = 0; i < x->count; i++) {
        const ir_constant *a = &x->constants[i], *b = &y->constants[i];
        if (!same_test(a->test, b->test) || !str_equal(a->written, b->written) || !str_equal(a->origin, b->origin) ||
            a->group != b->group)
            return false;
    }
    return true;
}

static bool same_node(const expr *x, const expr *y)
{
    switch (x->kind) {
    case EXPR_CONSTANT: return same_value(&x->as.constant, &y->as.constant);
    case EXPR_FIELD: return same_field(&x->as.field, &y->as.field);
    case EXPR_USE: return same_use(&x->as.use, &y->as.use);
    case EXPR_NAME: return str_equal(x->as.name.name, y->as.name.name) && x->as.name.index == y->as.name.index;
    case EXPR_AND: case EXPR_OR: case EXPR_NOT: case EXPR_IN: return true;
    case EXPR_COMPARE:
        return x->as.compare.op == y->as.compare.op && x->as.compare.cased == y->as.compare.cased &&
               x->as.compare.missing == y->as.compare.missing && x->as.compare.many == y->as.compare.many &&
               x->as.compare.how == y->as.compare.how;
    case EXPR_CALL: return str_equal(x->as.call.name, y->as.call.name);
    case EXPR_ARITHMETIC: return x->as.arithmetic == y->as.arithmetic;
    case EXPR_SOME:
        return str_equal(x->as.some.element, y->as.some.element) && same_field(&x->as.some.list, &y->as.some.list);
    }
    return false;
}

static bool same_expr(const expr *x, const expr *y)
{
    x = canonical(x);
    y = canonical(y);
    if (x->kind != y->kind || x->count != y->count || !same_node(x, y)) return false;
    for (size_t i = 0; i < x->count; i++)
        if (!same_expr(x->args[i], y->args[i])) return false;
    return true;
}

/* A place where no expression is something else than true: a filter, a dropped column. */
static bool same_optional(const expr *x, const expr *y) { return (!x && !y) || (x && y && same_expr(x, y)); }

/* ---- stages ---- */

static bool same_exprs(expr *const *x, size_t n, expr *const *y, size_t m)
{
    if (n != m) return false;
    for (size_t i = 0; i < n; i++)
        if (!same_expr(x[i], y[i])) return false;
    return true;
}

static bool same_keys(const ir_key *x, size_t n, const ir_key *y, size_t m)
{
    if (n != m) return false;
    for (size_t i = 0; i < n; i++)
        if (!str_equal(x[i].name, y[i].name) || x[i].missing != y[i].missing || x[i].many != y[i].many ||
            (x[i].missing == KEY_FILL && !same_value(&x[i].fill, &y[i].fill)) || !same_expr(x[i].value, y[i].value))
            return false;
    return true;
}

static bool same_columns(const ir_column *x, size_t n, const ir_column *y, size_t m)
{
    if (n != m) return false;
    for (size_t i = 0; i < n; i++)
        if (!str_equal(x[i].name, y[i].name) || !same_optional(x[i].value, y[i].value)) return false;
    return true;
}

static bool same_ref(const stage *x, const stage *y) { return (!x && !y) || (x && y && str_equal(x->name, y->name)); }

static bool same_match(const stage *x, const stage *y)
{
    if (x->as.match.source_count != y->as.match.source_count || !str_equal(x->as.match.schema, y->as.match.schema) ||
        !str_equal(x->as.match.index, y->as.match.index))
        return false;
    for (size_t i = 0; i < x->as.match.source_count; i++) {
        const log_source *a = &x->as.match.sources[i], *b = &y->as.match.sources[i];
        if (!str_equal(a->product, b->product) || !str_equal(a->category, b->category) ||
            !str_equal(a->service, b->service))
            return false;
    }
    return same_expr(x->as.match.where, y->as.match.where);
}

static bool same_alerts(const stage *x, const stage *y)
{
    if (x->as.alerts.rule_count != y->as.alerts.rule_count || !str_equal(x->as.alerts.schema, y->as.alerts.schema))
        return false;
    for (size_t i = 0; i < x->as.alerts.rule_count; i++)
        if (!str_equal(x->as.alerts.rules[i], y->as.alerts.rules[i])) return false;
    return same_expr(x->as.alerts.where, y->as.alerts.where);
}

static bool same_window(const ir_window *x, const ir_window *y)
{
    if (x->kind != y->kind) return false;
    switch (x->kind) {
    case WINDOW_NONE: return true;
    case WINDOW_TUMBLING: case WINDOW_SLIDING: case WINDOW_ANCHORED: return x->span == y->span;
    case WINDOW_HOP: return x->span == y->span && x->step == y->step;
    case WINDOW_AROUND: return x->span == y->span && x->step == y->step && str_equal(x->part, y->part);
    case WINDOW_ROWS: return x->rows == y->rows;
    case WINDOW_SESSION:
        return same_optional(x->start, y->start) && same_optional(x->end, y->end) && x->span == y->span &&
               x->pause == y->pause && x->keep_unfinished == y->keep_unfinished;
    }
    return false;
}

static bool same_functions(const ir_aggregate_function *x, size_t x_count, const ir_aggregate_function *y, size_t y_count)
{
    if (x_count != y_count) return false;
    for (size_t i = 0; i < x_count; i++) {
        const ir_aggregate_function *f = &x[i], *g = &y[i];
        if (!str_equal(f->name, g->name) || !str_equal(f->function, g->function) || f->parameter != g->parameter ||
            f->count_nulls != g->count_nulls || f->at_most != g->at_most || !same_optional(f->filter, g->filter) ||
            !same_exprs(f->args, f->count, g->args, g->count))
            return false;
    }
    return true;
}

static bool same_aggregate(const stage *x, const stage *y)
{
    return same_keys(x->as.aggregate.keys, x->as.aggregate.key_count, y->as.aggregate.keys,
                     y->as.aggregate.key_count) &&
           same_window(&x->as.aggregate.window, &y->as.aggregate.window) &&
           same_functions(x->as.aggregate.functions, x->as.aggregate.function_count, y->as.aggregate.functions, y->as.aggregate.function_count) &&
           same_expr(x->as.aggregate.having, y->as.aggregate.having) &&
           x->as.aggregate.after == y->as.aggregate.after && x->as.aggregate.output == y->as.aggregate.output &&
           x->as.aggregate.order_down == y->as.aggregate.order_down;
}

static bool same_history(const stage *x, const stage *y)
{
    return same_keys(x->as.history.keys, x->as.history.key_count, y->as.history.keys, y->as.history.key_count) &&
           same_functions(x->as.history.functions, x->as.history.function_count, y->as.history.functions, y->as.history.function_count) &&
           x->as.history.every == y->as.history.every && x->as.history.over == y->as.history.over &&
           x->as.history.since == y->as.history.since && same_expr(x->as.history.having, y->as.history.having);
}

static bool same_sequence(const stage *x, const stage *y)
{
    if (x->as.sequence.span != y->as.sequence.span || x->as.sequence.step_count != y->as.sequence.step_count ||
        (x->kind == STAGE_SEQUENCE && x->as.sequence.keep_all != y->as.sequence.keep_all) ||
        !same_ref(x->as.sequence.until, y->as.sequence.until) ||
        !same_keys(x->as.sequence.keys, x->as.sequence.key_count, y->as.sequence.keys, y->as.sequence.key_count))
        return false;
    for (size_t i = 0; i < x->as.sequence.step_count; i++) {
        const ir_step *a = &x->as.sequence.steps[i], *b = &y->as.sequence.steps[i];
        if (!same_ref(a->input, b->input) || a->runs != b->runs || a->absent != b->absent ||
            !same_keys(a->keys, a->key_count, b->keys, b->key_count))
            return false;
    }
    return true;
}

static bool same_join(const stage *x, const stage *y)
{
    if (x->as.join.kind != y->as.join.kind || x->as.join.key_count != y->as.join.key_count ||
        x->as.join.within != y->as.join.within || !str_equal(x->as.join.list, y->as.join.list) ||
        !same_columns(x->as.join.columns, x->as.join.column_count, y->as.join.columns, y->as.join.column_count))
        return false;
    for (size_t i = 0; i < x->as.join.key_count; i++) {
        const ir_join_key *a = &x->as.join.keys[i], *b = &y->as.join.keys[i];
        if (!str_equal(a->name, b->name) || a->missing != b->missing ||
            !same_exprs(a->sides, a->count, b->sides, b->count))
            return false;
    }
    return same_expr(x->as.join.where, y->as.join.where);
}

static bool same_union(const stage *x, const stage *y)
{
    if (x->as.union_of.count != y->as.union_of.count) return false;
    for (size_t i = 0; i < x->as.union_of.count; i++) {
        const ir_union_input *a = &x->as.union_of.inputs[i], *b = &y->as.union_of.inputs[i];
        if (!same_ref(a->input, b->input) || !str_equal(a->alias, b->alias) ||
            !same_columns(a->columns, a->column_count, b->columns, b->column_count))
            return false;
    }
    return true;
}

static bool same_expand(const stage *x, const stage *y)
{
    if (x->as.expand.count != y->as.expand.count || x->as.expand.empty != y->as.expand.empty ||
        x->as.expand.at_most != y->as.expand.at_most)
        return false;
    for (size_t i = 0; i < x->as.expand.count; i++)
        if (!same_field(&x->as.expand.lists[i], &y->as.expand.lists[i])) return false;
    return true;
}

static bool same_sort(const stage *x, const stage *y)
{
    if (!same_exprs(x->as.sort.by, x->as.sort.count, y->as.sort.by, y->as.sort.count)) return false;
    for (size_t i = 0; i < x->as.sort.count; i++)
        if (x->as.sort.down[i] != y->as.sort.down[i]) return false;
    return true;
}

static bool same_derive(const stage *x, const stage *y)
{
    return str_equal(x->as.derive.loop, y->as.derive.loop) && str_equal(x->as.derive.like, y->as.derive.like) &&
           x->as.derive.in_frame == y->as.derive.in_frame &&
           same_columns(x->as.derive.columns, x->as.derive.count, y->as.derive.columns, y->as.derive.count);
}

static bool same_rows(const stage *x, const stage *y)
{
    if (x->as.rows.column_count != y->as.rows.column_count || x->as.rows.row_count != y->as.rows.row_count) return false;
    for (size_t i = 0; i < x->as.rows.column_count; i++)
        if (!str_equal(x->as.rows.columns[i], y->as.rows.columns[i])) return false;
    for (size_t i = 0; i < x->as.rows.column_count * x->as.rows.row_count; i++)
        if (!same_value(&x->as.rows.cells[i], &y->as.rows.cells[i])) return false;
    return true;
}

static bool same_content(const stage *x, const stage *y)
{
    switch (x->kind) {
    case STAGE_MATCH: case STAGE_CONTEXT: return same_match(x, y);
    case STAGE_ROWS: return same_rows(x, y);
    case STAGE_RULE: return str_equal(x->as.rule.ref, y->as.rule.ref);
    case STAGE_ALERTS: return same_alerts(x, y);
    case STAGE_DERIVE: return same_derive(x, y);
    case STAGE_EXPAND: return same_expand(x, y);
    case STAGE_FOR_EACH:
        return x->as.for_each.at_most == y->as.for_each.at_most && x->as.for_each.body && y->as.for_each.body &&
               ir_plan_equal(x->as.for_each.body, y->as.for_each.body);
    case STAGE_WHERE: return same_expr(x->as.where.where, y->as.where.where);
    case STAGE_AGGREGATE: return same_aggregate(x, y);
    case STAGE_HISTORY: return same_history(x, y);
    case STAGE_SEQUENCE: case STAGE_SAMPLE: return same_sequence(x, y);
    case STAGE_JOIN: case STAGE_LOOKUP: return same_join(x, y);
    case STAGE_NEW_TERMS:
        return x->as.new_terms.history == y->as.new_terms.history &&
               x->as.new_terms.warm_up == y->as.new_terms.warm_up &&
               same_keys(x->as.new_terms.keys, x->as.new_terms.key_count, y->as.new_terms.keys,
                         y->as.new_terms.key_count);
    case STAGE_SORT: return same_sort(x, y);
    case STAGE_DEDUP:
        return same_keys(x->as.dedup.keys, x->as.dedup.key_count, y->as.dedup.keys, y->as.dedup.key_count);
    case STAGE_LIMIT: return x->as.limit.rows == y->as.limit.rows;
    case STAGE_UNION: return same_union(x, y);
    case STAGE_FRAME:
        return x->as.frame.every == y->as.frame.every && x->as.frame.over == y->as.frame.over &&
               same_field(&x->as.frame.time, &y->as.frame.time) &&
               same_field(&x->as.frame.time_else, &y->as.frame.time_else);
    case STAGE_UNSUPPORTED:
        return str_equal(x->as.unsupported.text, y->as.unsupported.text) &&
               str_equal(x->as.unsupported.reason, y->as.unsupported.reason);
    case STAGE_KINDS: break;
    }
    return false;
}

/* Sequences and unions name their inputs themselves; there the list of inputs is only a convenience. */
static bool same_inputs(const stage *x, const stage *y)
{
    if (x->kind == STAGE_SEQUENCE || x->kind == STAGE_SAMPLE || x->kind == STAGE_UNION) return true;
    if (x->input_count != y->input_count) return false;
    for (size_t i = 0; i < x->input_count; i++)
        if (!same_ref(x->inputs[i], y->inputs[i])) return false;
    return true;
}

bool ir_plan_equal(const plan *a, const plan *b)
{
    if (a->definition_count != b->definition_count || a->stage_count != b->stage_count ||
        !same_ref(a->alert, b->alert) || a->quiet != b->quiet ||
        (a->quiet == QUIET_FOR && a->quiet_for != b->quiet_for) ||
        !same_keys(a->quiet_keys, a->quiet_key_count, b->quiet_keys, b->quiet_key_count) || !same_optional(a->risk, b->risk))
        return false;
    for (size_t i = 0; i < a->definition_count; i++)
        if (!str_equal(a->definitions[i].name, b->definitions[i].name) ||
            !same_expr(a->definitions[i].value, b->definitions[i].value))
            return false;
    for (size_t i = 0; i < a->stage_count; i++) {
        const stage *x = a->stages[i], *y = b->stages[i];
        if (x->kind != y->kind || !str_equal(x->name, y->name) || !same_inputs(x, y) || !same_content(x, y))
            return false;
    }
    return true;
}
