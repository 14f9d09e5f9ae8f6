/*
 * Small constructors that compose. They simplify nothing but nesting (and in and, or in or): what a rule says is kept
 * as its author wrote it, for pages and diagnostics; folding constants is the work of compile/.
 */
#include "ir/ir.h"

static expr *new_expr(arena *a, expr_kind kind)
{
    expr *e = ARENA_NEW(a, expr);
    e->kind = kind;
    return e;
}

static expr *with_args(arena *a, expr *e, expr **args, size_t count)
{
    e->args = ARENA_ARRAY(a, expr *, count);
    for (size_t i = 0; i < count; i++) e->args[i] = args[i];
    e->count = count;
    return e;
}

expr *ir_constant_expr(arena *a, value v)
{
    expr *e = new_expr(a, EXPR_CONSTANT);
    e->as.constant = v;
    return e;
}

expr *ir_true(arena *a) { return ir_constant_expr(a, value_bool(true)); }
expr *ir_false(arena *a) { return ir_constant_expr(a, value_bool(false)); }

expr *ir_field_expr(arena *a, pk_str schema, pk_str path)
{
    expr *e = new_expr(a, EXPR_FIELD);
    e->as.field = (ir_field){.kind = FIELD_PATH, .schema = schema, .path = path};
    return e;
}

expr *ir_any_value(arena *a)
{
    expr *e = new_expr(a, EXPR_FIELD);
    e->as.field.kind = FIELD_ANY_VALUE;
    return e;
}

expr *ir_use_expr(arena *a, expr *operand, ir_constant *constants, size_t count, bool all)
{
    expr *e = new_expr(a, EXPR_USE);
    e->as.use.operand = operand;
    e->as.use.constants = ARENA_ARRAY(a, ir_constant, count);
    for (size_t i = 0; i < count; i++) e->as.use.constants[i] = constants[i];
    e->as.use.count = count;
    e->as.use.all = all;
    return e;
}

expr *ir_name(arena *a, pk_str name, uint32_t index)
{
    expr *e = new_expr(a, EXPR_NAME);
    e->as.name.name = name;
    e->as.name.index = index;
    return e;
}

/* Appends e to args, or its arguments where it is of the same kind. */
static void push_flat(expr_kind kind, expr *e, expr **args, size_t *count)
{
    if (!e) return;
    if (e->kind != kind) args[(*count)++] = e;
    else for (size_t i = 0; i < e->count; i++) args[(*count)++] = e->args[i];
}

static expr *join_all(arena *a, expr_kind kind, expr **args, size_t count)
{
    size_t room = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        if (args[i]) room += args[i]->kind == kind ? args[i]->count : 1;
    expr **flat = ARENA_ARRAY(a, expr *, room);
    for (size_t i = 0; i < count; i++) push_flat(kind, args[i], flat, &used);
    if (used == 1) return flat[0];
    expr *e = new_expr(a, kind);
    e->args = flat;
    e->count = used;
    return e;
}

static expr *join_two(arena *a, expr_kind kind, expr *x, expr *y)
{
    if (!x) return y;
    if (!y) return x;
    return join_all(a, kind, (expr *[]){x, y}, 2);
}

expr *ir_and(arena *a, expr *x, expr *y) { return join_two(a, EXPR_AND, x, y); }
expr *ir_or(arena *a, expr *x, expr *y) { return join_two(a, EXPR_OR, x, y); }
expr *ir_and_all(arena *a, expr **args, size_t count) { return join_all(a, EXPR_AND, args, count); }
expr *ir_or_all(arena *a, expr **args, size_t count) { return join_all(a, EXPR_OR, args, count); }

expr *ir_not(arena *a, expr *x) { return with_args(a, new_expr(a, EXPR_NOT), &x, 1); }

expr *ir_compare(arena *a, expr *x, compare_op op, expr *y)
{
    expr *e = with_args(a, new_expr(a, EXPR_COMPARE), (expr *[]){x, y}, 2);
    e->as.compare.op = op;
    e->as.compare.how = TEST_EQUALS;
    return e;
}

expr *ir_call(arena *a, pk_str function, expr **args, size_t count)
{
    expr *e = with_args(a, new_expr(a, EXPR_CALL), args, count);
    e->as.call.name = function;
    return e;
}

stage *ir_add_stage(arena *a, plan *p, stage_kind kind, pk_str name, stage **inputs, size_t input_count)
{
    stage *s = ARENA_NEW(a, stage);
    s->kind = kind;
    s->name = name;
    s->inputs = ARENA_ARRAY(a, stage *, input_count);
    for (size_t i = 0; i < input_count; i++) s->inputs[i] = inputs[i];
    s->input_count = input_count;
    stage **stages = ARENA_ARRAY(a, stage *, p->stage_count + 1);
    for (size_t i = 0; i < p->stage_count; i++) stages[i] = p->stages[i];
    stages[p->stage_count++] = s;
    p->stages = stages;
    return s;
}
