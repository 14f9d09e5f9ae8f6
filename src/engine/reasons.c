/*
 * What reasons say of rules: field, kind and constant of a predicate. A noisy rule gives the same reasons for thousands of events,
 * so they are made once, and found by the address of the constant in the plan, which is constant while the program lives.
 */
#include "engine/matcher.h"

enum { FIRST_CELLS = 64 };

typedef struct {
    const ir_constant *of;        /* NULL: empty */
    reason_predicate *predicate;
} cell;

struct reason_predicates {
    arena *arena;
    cell *cells;
    size_t mask, count;
};

reason_predicates *reason_predicates_new(void)
{
    reason_predicates *r = mem_zalloc(1, sizeof *r);
    r->arena = arena_new();
    r->cells = mem_zalloc(FIRST_CELLS, sizeof *r->cells);
    r->mask = FIRST_CELLS - 1;
    return r;
}

void reason_predicates_free(reason_predicates *r)
{
    if (!r) return;
    arena_free(r->arena);
    mem_free(r->cells);
    mem_free(r);
}

static cell *cell_of(cell *cells, size_t mask, const ir_constant *c)
{
    size_t at = (size_t)(((uintptr_t)c >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    while (cells[at & mask].of && cells[at & mask].of != c) at++;
    return &cells[at & mask];
}

static void grow(reason_predicates *r)
{
    size_t mask = r->mask * 2 + 1;
    cell *cells = mem_zalloc(mask + 1, sizeof *cells);
    for (size_t i = 0; i <= r->mask; i++)
        if (r->cells[i].of) *cell_of(cells, mask, r->cells[i].of) = r->cells[i];
    mem_free(r->cells);
    r->cells = cells;
    r->mask = mask;
}

/* The field that an operand is about, for people. */
static const ir_field *field_of(const expr *e)
{
    while (e->kind == EXPR_CALL && e->count > 0) e = e->args[0];
    return e->kind == EXPR_FIELD ? &e->as.field : NULL;
}

static reason_predicate *make(reason_predicates *r, const ir_use *u, const ir_constant *c)
{
    reason_predicate *p = ARENA_NEW(r->arena, reason_predicate);
    const ir_field *f = field_of(u->operand);
    bool keyword = f && f->kind != FIELD_PATH;
    *p = (reason_predicate){.number = (uint32_t)r->count++, .field = f && !keyword ? f->path : (pk_str){"", 0}, .kind = c->test->kind,
                            .keyword = keyword, .constant = c->written};
    if (!c->written.len) value_text(r->arena, &c->test->constant, &p->constant);
    return p;
}

const reason_predicate *reason_predicate_of(reason_predicates *r, const ir_use *u, const ir_constant *c)
{
    cell *at = cell_of(r->cells, r->mask, c);
    if (at->of) return at->predicate;
    if (r->count * 2 > r->mask) {
        grow(r);
        at = cell_of(r->cells, r->mask, c);
    }
    *at = (cell){c, make(r, u, c)};
    return at->predicate;
}
