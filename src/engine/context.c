/*
 * A context is made when the first event of its kind comes by, and remembered. Events of one context differ in what the slot says
 * that most of its rules ask for (the number of the event, mostly): for each answer of that slot there is a case, a context with what
 * is left then.
 */
#include "engine/context_make.h"

#define CONTEXTS_MAX 512          /* more kinds than logs have; past it all are forgotten and made again */
#define CASES_MAX 512             /* of all contexts; what comes then has none */

context_table *context_table_new(const program *p, any_values *a)
{
    context_table *t = mem_zalloc(1, sizeof *t);
    t->program = p;
    t->any_values = a;
    t->arena = arena_new();
    return t;
}

void context_table_free(context_table *t)
{
    if (!t) return;
    arena_free(t->arena);
    mem_free(t);
}

static bool same_kind(const context *x, const classification *k)
{
    return x->layout == k->layout && x->class_count == k->class_count &&
           (k->class_count == 0 || bytes_equal(x->classes, k->classes, k->class_count * sizeof *k->classes));
}

static uint64_t hash_of(const classification *k)
{
    uint64_t h = k->layout ^ (uint64_t)k->class_count << 32;
    for (size_t i = 0; i < k->class_count; i++) h = hash_mix(h, k->classes[i]);
    return h;
}

const context *context_of(context_table *t, const classification *k)
{
    if (t->last && same_kind(t->last, k)) return t->last;
    uint64_t hash = hash_of(k);
    size_t i = hash & (CONTEXT_CELLS - 1);
    for (; t->cells[i]; i = (i + 1) & (CONTEXT_CELLS - 1))
        if (t->cells[i]->hash == hash && same_kind(t->cells[i], k)) return t->last = t->cells[i];
    if (t->count == CONTEXTS_MAX) {
        memset(t->cells, 0, sizeof t->cells);
        arena_reset(t->arena);
        t->count = t->case_count = 0;
        i = hash & (CONTEXT_CELLS - 1);
    }
    t->count++;
    return t->last = t->cells[i] = context_make(t, k, hash);
}

/* ---- cases ---- */

static bool same_result(const slot_result *x, const slot_result *y)
{
    return x->count == y->count && bytes_equal(x->predicates, y->predicates, x->count * sizeof *x->predicates);
}

const context *context_case(context_table *t, const context *general, const slot_result *known)
{
    for (const context *c = *general->cases; c; c = c->next)
        if (same_result(c->known, known)) return c;
    if (t->case_count == CASES_MAX) return general;
    t->case_count++;
    context *made = context_make_case(t, general, known);
    made->next = *general->cases;
    return *general->cases = made;
}
