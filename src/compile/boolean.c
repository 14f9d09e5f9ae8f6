/*
 * Simplifying happens while building: constants vanish, nested and/or flatten. Branches are written backwards, so that
 * every target is known when it is needed: of an `and` the last operand first, which falls to the end, then the one before,
 * which goes on to it if true.
 */
#include "compile/boolean.h"

#include <stdlib.h>

bool_expr *bool_constant(arena *a, bool truth)
{
    bool_expr *e = ARENA_NEW(a, bool_expr);
    e->kind = truth ? BOOL_TRUE : BOOL_FALSE;
    return e;
}

bool_expr *bool_leaf(arena *a, leaf_kind leaf, uint32_t id, bool negated)
{
    bool_expr *e = ARENA_NEW(a, bool_expr);
    *e = (bool_expr){.kind = BOOL_LEAF, .leaf = leaf, .id = id, .negated = negated};
    return e;
}

static void add_operand(arena *a, bool_expr *e, bool_expr *operand)
{
    if (e->count + 1 > e->cap)
        e->args = vec_grow_in(a, e->args, e->count, &e->cap, e->count + 1, sizeof *e->args);
    e->args[e->count++] = operand;
}

static bool_expr *join(arena *a, bool_kind kind, bool_expr *x, bool_expr *y)
{
    bool_kind neutral = kind == BOOL_AND ? BOOL_TRUE : BOOL_FALSE, settled = kind == BOOL_AND ? BOOL_FALSE : BOOL_TRUE;
    if (x->kind == settled || y->kind == neutral) return x;
    if (y->kind == settled || x->kind == neutral) return y;
    bool_expr *e = x;
    if (x->kind != kind) {
        e = ARENA_NEW(a, bool_expr);
        e->kind = kind;
        add_operand(a, e, x);
    }
    if (y->kind != kind) add_operand(a, e, y);
    else for (size_t i = 0; i < y->count; i++) add_operand(a, e, y->args[i]);
    return e;
}

bool_expr *bool_and(arena *a, bool_expr *x, bool_expr *y) { return join(a, BOOL_AND, x, y); }
bool_expr *bool_or(arena *a, bool_expr *x, bool_expr *y) { return join(a, BOOL_OR, x, y); }

bool bool_equal(const bool_expr *x, const bool_expr *y)
{
    if (x->kind != y->kind || x->count != y->count) return false;
    if (x->kind == BOOL_LEAF && (x->leaf != y->leaf || x->id != y->id || x->negated != y->negated)) return false;
    for (size_t i = 0; i < x->count; i++)
        if (!bool_equal(x->args[i], y->args[i])) return false;
    return true;
}

size_t bool_size(const bool_expr *e)
{
    size_t n = e->kind == BOOL_LEAF;
    for (size_t i = 0; i < e->count; i++) n += bool_size(e->args[i]);
    return n;
}

/* ---- branches ---- */

static uint32_t emit_to(code_buffer *out, bool_expr *e, uint32_t on_true, uint32_t on_false);

static int rarest_first(const void *x, const void *y)
{
    const bool_expr *a = *(bool_expr *const *)x, *b = *(bool_expr *const *)y;
    if (a->likely != b->likely) return a->likely < b->likely ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int likeliest_first(const void *x, const void *y) { return rarest_first(y, x); }

static uint32_t emit_and(code_buffer *out, bool_expr *e, uint32_t on_true, uint32_t on_false)
{
    qsort(e->args, e->count, sizeof *e->args, rarest_first);
    for (size_t i = e->count; i-- > 0;) on_true = emit_to(out, e->args[i], on_true, on_false);
    return on_true;
}

static uint32_t emit_or(code_buffer *out, bool_expr *e, uint32_t on_true, uint32_t on_false)
{
    qsort(e->args, e->count, sizeof *e->args, likeliest_first);
    for (size_t i = e->count; i-- > 0;) on_false = emit_to(out, e->args[i], on_true, on_false);
    return on_false;
}

static uint32_t emit_to(code_buffer *out, bool_expr *e, uint32_t on_true, uint32_t on_false)
{
    switch (e->kind) {
    case BOOL_TRUE: return on_true;
    case BOOL_FALSE: return on_false;
    case BOOL_AND: return emit_and(out, e, on_true, on_false);
    case BOOL_OR: return emit_or(out, e, on_true, on_false);
    case BOOL_LEAF: break;
    }
    instruction i = {(uint8_t)e->leaf, e->id, on_true, on_false};
    if (e->negated) i.on_true = on_false, i.on_false = on_true;
    vec_push(&out->code, i);
    return (uint32_t)out->code.len - 1;
}

uint32_t bool_emit(code_buffer *out, bool_expr *e) { return emit_to(out, e, CODE_ACCEPT, CODE_REJECT); }
