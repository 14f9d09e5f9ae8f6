/*
 * The condition, over the row of a group. A variable that must be there is there in every row, so it asks for nothing; one that
 * may be absent is counted.
 */
#include "languages/yaral/lower_private.h"

static expr *above_zero(lowering *l, expr *count, span at)
{
    typed zero = lower_typed(ir_constant_expr(l->arena, value_int(0)), TYPE_INT, at);
    return lower_comparison_of(l, lower_typed(count, TYPE_INT, at), COMPARE_GT, zero, false, at);
}

bool lower_group_truth(lowering *l, const yaral_node *n, expr **out)
{
    if (n->kind != YARAL_VARIABLE && n->kind != YARAL_COUNT) return false;
    uint32_t i = n->as.variable.index;
    if (n->as.variable.role == YARAL_OF_PLACEHOLDER) {
        *out = above_zero(l, lower_distinct(l, i), n->span);
        return true;
    }
    if (n->as.variable.role != YARAL_OF_VARIABLE) return false;
    bool there = l->ast->variables[i].bounded;
    *out = there ? lower_at(ir_true(l->arena), n->span) : above_zero(l, lower_count(l, i), n->span);
    return true;
}

static bool is_truth(const expr *e, bool truth)
{
    return e->kind == EXPR_CONSTANT && e->as.constant.type == VALUE_BOOL && e->as.constant.as.boolean == truth;
}

/* Without parts that decide nothing. */
static expr *simplified(lowering *l, expr *e)
{
    if (e->kind == EXPR_NOT) {
        expr *inner = simplified(l, e->args[0]);
        if (is_truth(inner, true)) return ir_false(l->arena);
        if (is_truth(inner, false)) return ir_true(l->arena);
        return inner == e->args[0] ? e : lower_at(ir_not(l->arena, inner), e->span);
    }
    if (e->kind != EXPR_AND && e->kind != EXPR_OR) return e;
    bool neutral = e->kind == EXPR_AND;
    expr_list parts = {0};
    for (size_t i = 0; i < e->count; i++) {
        expr *part = simplified(l, e->args[i]);
        if (is_truth(part, !neutral)) return part;
        if (is_truth(part, neutral)) continue;
        vec_push_in(l->scratch, &parts, part);
    }
    expr *kept = neutral ? lower_all_of(l, &parts) : lower_any_of(l, &parts);
    if (!kept) return neutral ? ir_true(l->arena) : ir_false(l->arena);
    if (kept->kind == e->kind) kept->span = e->span;
    return kept;
}

void lower_condition(lowering *l)
{
    if (!l->ast->condition) return;
    l->scope = SCOPE_GROUP;
    l->in_condition = true;
    l->helpers = 0;
    expr *e = simplified(l, lower_truth(l, l->ast->condition));
    if (!is_truth(e, true)) l->having = e;
}
