/* A table without buckets: two keys that meet in a cell take turns, which costs a lookup each time. */
#include "formats/json/keys.h"

#define CELLS 1024
#define LINE 64 /* bytes of the processor's cache */

struct key_memory {
    const path_set *paths;
    void *block;
    key_cell *cells;                  /* in it, at the beginning of a line */
    key_cell *start, *free, *uncached; /* those behind */
};

key_memory *key_memory_new(const path_set *paths)
{
    key_memory *m = mem_zalloc(1, sizeof *m);
    m->paths = paths;
    m->block = mem_zalloc(1, (CELLS + 3) * sizeof *m->cells + LINE);
    m->cells = (key_cell *)(void *)((char *)m->block + (LINE - (uintptr_t)m->block % LINE));
    m->start = &m->cells[CELLS];
    m->free = &m->cells[CELLS + 1];
    m->uncached = &m->cells[CELLS + 2];
    for (size_t i = 0; i < CELLS + 3; i++) {
        m->cells[i].from = PATH_NONE;
        m->cells[i].next = m->free;
    }
    return m;
}

void key_memory_free(key_memory *m)
{
    if (!m) return;
    mem_free(m->block);
    mem_free(m);
}

key_cell *key_memory_start(key_memory *m) { return m->start; }

/* A cheap hash: length, first and last bytes. What it confuses only costs a lookup. */
static size_t cell_of(path_node from, pk_str key)
{
    uint64_t first = 0, last = 0;
    if (key.len >= 8) {
        memcpy(&first, key.ptr, 8);
        memcpy(&last, key.ptr + key.len - 8, 8);
    } else if (key.len >= 4) {
        memcpy(&first, key.ptr, 4);
        memcpy(&last, key.ptr + key.len - 4, 4);
    } else if (key.len) {
        first = (uint64_t)(uint8_t)key.ptr[0] << 8 | (uint8_t)key.ptr[key.len / 2];
        last = (uint8_t)key.ptr[key.len - 1];
    }
    uint64_t h = (first ^ (last * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)from << 32 | key.len)) * UINT64_C(0xff51afd7ed558ccd);
    return (size_t)(h >> 40) % CELLS;
}

static void fill(const key_memory *m, key_cell *c, path_node from, pk_str key)
{
    const path_pair *pairs;
    c->to = path_child(m->paths, from, key);
    c->slot_count = (uint32_t)path_node_slots(m->paths, c->to, &c->slots);
    c->has_children = path_node_has_children(m->paths, c->to);
    c->has_pairs = path_node_pairs(m->paths, c->to, &pairs) > 0;
    c->asked = c->slot_count || c->has_children;
}

key_cell *key_memory_look_up(key_memory *m, key_cell *before, path_node from, pk_str key)
{
    if (key.len > KEY_LIMIT) {
        fill(m, m->uncached, from, key);
        return m->uncached;
    }
    key_cell *c = &m->cells[cell_of(from, key)];
    before->next = c;
    if (c->from == from && c->len == key.len + KEY_FRAME && memcmp(c->text + 1, key.ptr, key.len) == 0) return c;
    *c = (key_cell){.from = from, .len = (uint8_t)(key.len + KEY_FRAME), .next = m->free};
    c->mask = (uint16_t)(c->len < 16 ? (1u << c->len) - 1 : UINT16_MAX);
    c->text[0] = c->text[key.len + 1] = '"';
    c->text[key.len + 2] = ':';
    memcpy(c->text + 1, key.ptr, key.len);
    fill(m, c, from, key);
    return c;
}
