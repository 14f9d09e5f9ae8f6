/*
 * What is true of a value is the same for all threads of a scan: what one has found, the others need not find again. Results are
 * added until their memory is full, and never change or go, so they are read without a lock. Each thread still remembers what it
 * asked for (value_cache.c): this is only looked at for what it does not.
 */
#include "engine/matcher.h"

#define CELLS (1u << 13)          /* a power of two */
#define PROBES 4u                 /* cells where one may stand */
#define MEMORY (768u << 10)

struct shared_results {
    _Atomic(const remembered *) *cells; /* set once, by whoever comes first */
    char *memory;
    atomic_size_t used;           /* of memory, and what no longer found room */
};

shared_results *shared_results_new(void)
{
    shared_results *s = mem_zalloc(1, sizeof *s);
    s->cells = mem_zalloc(CELLS, sizeof *s->cells);
    s->memory = mem_alloc(MEMORY); /* not touched before it is used */
    atomic_init(&s->used, 0);
    return s;
}

void shared_results_free(shared_results *s)
{
    if (!s) return;
    mem_free(s->cells);
    mem_free(s->memory);
    mem_free(s);
}

static size_t cell_of(const value_key *k, uint32_t probe) { return (remembered_tag(k) + probe) & (CELLS - 1); }

const slot_result *shared_results_find(const shared_results *s, const value_key *k)
{
    for (uint32_t i = 0; i < PROBES; i++) {
        const remembered *item = atomic_load_explicit(&s->cells[cell_of(k, i)], memory_order_acquire);
        if (!item) return NULL;
        if (item->tag == remembered_tag(k) && remembered_is(item, k)) return remembered_result(item);
    }
    return NULL;
}

/* The first of its cells that is free; NULL: none is. */
static _Atomic(const remembered *) *free_cell(const shared_results *s, const value_key *k)
{
    for (uint32_t i = 0; i < PROBES; i++)
        if (!atomic_load_explicit(&s->cells[cell_of(k, i)], memory_order_relaxed)) return &s->cells[cell_of(k, i)];
    return NULL;
}

void shared_results_add(shared_results *s, const value_key *k, const slot_result *r)
{
    size_t size = remembered_size(k->content.len, r);
    if (size > MEMORY || atomic_load_explicit(&s->used, memory_order_relaxed) > MEMORY - size) return;
    _Atomic(const remembered *) *cell = free_cell(s, k);
    if (!cell) return;
    size_t at = atomic_fetch_add_explicit(&s->used, size, memory_order_relaxed);
    if (at > MEMORY - size) return;
    remembered *item = (remembered *)(s->memory + at);
    const remembered *none = NULL;
    remembered_write(item, k, r);
    atomic_compare_exchange_strong_explicit(cell, &none, item, memory_order_release, memory_order_relaxed); /* else another thread was there first */
}
