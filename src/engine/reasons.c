/*
 * What reasons say of rules: field, kind and constant of a predicate. A noisy rule gives the same reasons for thousands of events,
 * so they are made once, and found by the address of the constant in the plan, which is constant while the program lives.
 */
#include "base/hash.h"
#include "engine/matcher.h"

struct reason_predicates {
    arena *arena;
    pair_table numbers;           /* by address of the constant */
    VEC(reason_predicate *) predicates;
};

reason_predicates *reason_predicates_new(void)
{
    reason_predicates *r = mem_zalloc(1, sizeof *r);
    r->arena = arena_new();
    return r;
}

void reason_predicates_free(reason_predicates *r)
{
    if (!r) return;
    arena_free(r->arena);
    pair_table_free(&r->numbers);
    vec_free(&r->predicates);
    mem_free(r);
}

const ir_field *operand_field(const expr *e)
{
    while (e->kind == EXPR_CALL && e->count > 0) e = e->args[0];
    return e->kind == EXPR_FIELD ? &e->as.field : NULL;
}

static uint32_t make(reason_predicates *r, const ir_use *u, const ir_constant *c)
{
    reason_predicate *p = ARENA_NEW(r->arena, reason_predicate);
    const ir_field *f = operand_field(u->operand);
    bool keyword = f && f->kind != FIELD_PATH;
    *p = (reason_predicate){.number = (uint32_t)r->predicates.len, .field = f && !keyword ? f->path : (pk_str){"", 0}, .kind = c->test->kind,
                            .keyword = keyword, .constant = c->written};
    if (!c->written.len) value_text(r->arena, &c->test->constant, &p->constant);
    vec_push(&r->predicates, p);
    return p->number;
}

const reason_predicate *reason_predicate_of(reason_predicates *r, const ir_use *u, const ir_constant *c)
{
    uint32_t number = pair_table_get(&r->numbers, (uintptr_t)c, 0);
    if (number == TABLE_NONE) {
        number = make(r, u, c);
        pair_table_put(&r->numbers, (uintptr_t)c, 0, number);
    }
    return r->predicates.at[number];
}
