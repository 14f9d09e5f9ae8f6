/* A table without buckets: two keys that meet in a cell take turns, which costs a lookup each time. */
#include "formats/json/keys.h"

#include "base/bytes.h"

#define CELLS 1024
#define LINE 64 /* bytes of the processor's cache */
#define KEY_FREE UINT32_MAX /* of no node that has keys */

struct key_memory {
    const path_set *paths;
    void *block;
    key_cell *cells;                  /* in it, at the beginning of a line */
    key_cell *root, *free, *uncached; /* those behind */
};

/* What the node that the cell leads to asks for. */
static void fill(const key_memory *m, key_cell *c, path_node to)
{
    const path_pair *pairs;
    c->to = to;
    c->slot_count = (uint32_t)path_node_slots(m->paths, to, &c->slots);
    c->has_children = path_node_has_children(m->paths, to);
    c->has_pairs = path_node_pairs(m->paths, to, &pairs) > 0;
}

key_memory *key_memory_new(const path_set *paths)
{
    key_memory *m = mem_zalloc(1, sizeof *m);
    m->paths = paths;
    m->block = mem_zalloc(1, (CELLS + 3) * sizeof *m->cells + LINE);
    m->cells = (key_cell *)(void *)((char *)m->block + (LINE - (uintptr_t)m->block % LINE));
    m->root = &m->cells[CELLS];
    m->free = &m->cells[CELLS + 1];
    m->uncached = &m->cells[CELLS + 2];
    for (size_t i = 0; i < CELLS + 3; i++) {
        m->cells[i].from = KEY_FREE;
        m->cells[i].next = m->cells[i].other = m->free;
    }
    fill(m, m->root, PATH_ROOT);
    return m;
}

void key_memory_free(key_memory *m)
{
    if (!m) return;
    mem_free(m->block);
    mem_free(m);
}

key_cell *key_memory_root(key_memory *m) { return m->root; }

/* A cheap hash: length, first and last bytes. What it confuses only costs a lookup. */
static size_t cell_of(key_from from, const key_stretch *s)
{
    uint64_t first = 0, last = 0;
    const pk_str key = s->key;
    if (key.len >= 8) {
        first = bytes_8(key.ptr);
        last = bytes_8(key.ptr + key.len - 8);
    } else {
        first = bytes_short(key.ptr, key.len);
    }
    uint64_t h = (first ^ (last * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)from << 32 | key.len << 1 | s->string)) * UINT64_C(0xff51afd7ed558ccd);
    return (size_t)(h >> 40) % CELLS;
}

key_cell *key_memory_look_up(key_memory *m, key_cell *before, key_from from, const key_stretch *s)
{
    key_cell *c = m->uncached;
    if (s->len <= STRETCH_LIMIT) {
        before->other = before->next;
        c = before->next = &m->cells[cell_of(from, s)];
        if (c->from == from && c->len == s->len && bytes_equal(c->text, s->at, s->len)) return c;
        *c = (key_cell){.from = from, .len = (uint8_t)s->len, .next = m->free, .other = m->free};
        c->near = c->len <= STRETCH_NEAR ? c->len : STRETCH_FAR;
        memcpy(c->text, s->at, s->len);
    }
    fill(m, c, path_child(m->paths, from >> 1, s->key));
    c->string = s->string;
    c->leaf = s->string && !c->has_children;
    return c;
}
