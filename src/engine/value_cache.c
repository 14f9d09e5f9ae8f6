/*
 * Values of logs repeat a great deal: most are answered here by one lookup. A slot whose values hardly ever come back
 * (identifiers, times) is left out after a trial. When the memory is used up everything is forgotten at once.
 */
#include "engine/matcher.h"

#define CELLS_MIN (1u << 10)
#define CELLS_MAX (1u << 16)
#define CONTENT_MAX 2048          /* longer texts are not worth their memory */
#define TRIAL 4096                /* lookups after which a part is judged */
#define WORTH_ONE_IN 16           /* hits */

typedef struct {
    const slot_result *result;
    uint32_t part, len;
    char content[];
} remembered;

typedef struct {
    uint64_t hash;
    remembered *item;             /* NULL: free */
} cell;

typedef struct { uint32_t lookups, hits; bool given_up; } part_record;

struct value_cache {
    cell *cells;                  /* open addressing, at most three in four taken */
    size_t cell_count, used, limit;
    arena *memory;
    part_record *records;         /* by part */
    size_t parts;
};

value_cache *value_cache_new(size_t parts, size_t limit)
{
    value_cache *c = mem_zalloc(1, sizeof *c);
    *c = (value_cache){.limit = limit, .memory = arena_new(), .parts = parts, .cell_count = CELLS_MIN};
    c->cells = mem_zalloc(c->cell_count, sizeof *c->cells);
    c->records = mem_zalloc(parts + 1, sizeof *c->records);
    return c;
}

void value_cache_free(value_cache *c)
{
    if (!c) return;
    mem_free(c->cells);
    mem_free(c->records);
    arena_free(c->memory);
    mem_free(c);
}

static bool is_full(const value_cache *c) { return c->used >= c->cell_count / 4 * 3; }

static cell *free_cell(cell *cells, size_t count, uint64_t hash)
{
    size_t i = hash & (count - 1);
    while (cells[i].item) i = (i + 1) & (count - 1);
    return &cells[i];
}

static void grow(value_cache *c)
{
    size_t count = c->cell_count * 2;
    cell *cells = mem_zalloc(count, sizeof *cells);
    for (size_t i = 0; i < c->cell_count; i++)
        if (c->cells[i].item) *free_cell(cells, count, c->cells[i].hash) = c->cells[i];
    mem_free(c->cells);
    c->cells = cells;
    c->cell_count = count;
}

void value_cache_tidy(value_cache *c)
{
    if (is_full(c) && c->cell_count < CELLS_MAX) grow(c);
    if (!is_full(c) && arena_used(c->memory) < c->limit) return;
    memset(c->cells, 0, c->cell_count * sizeof *c->cells);
    memset(c->records, 0, c->parts * sizeof *c->records);
    arena_reset(c->memory);
    c->used = 0;
}

static void judge(part_record *r)
{
    if (r->lookups < TRIAL) return;
    r->given_up = r->hits * WORTH_ONE_IN < r->lookups;
    r->lookups = r->hits = 0;
}

const slot_result *value_cache_get(value_cache *c, uint32_t part_number, pk_str content, uint64_t *hash, bool *worth)
{
    part_record *r = &c->records[part_number];
    *worth = !r->given_up && content.len <= CONTENT_MAX;
    if (!*worth) return NULL;
    r->lookups++;
    *hash = hash_bytes(content.ptr, content.len, part_number);
    size_t mask = c->cell_count - 1;
    for (size_t i = *hash & mask; c->cells[i].item; i = (i + 1) & mask) {
        const remembered *item = c->cells[i].item;
        if (c->cells[i].hash != *hash || item->part != part_number || item->len != content.len ||
            memcmp(item->content, content.ptr, content.len) != 0)
            continue;
        r->hits++;
        return item->result;
    }
    judge(r);
    return NULL;
}

const slot_result *value_cache_put(value_cache *c, uint32_t part_number, pk_str content, uint64_t hash, const slot_result *r)
{
    if (is_full(c)) return r; /* until the next event */
    size_t size = sizeof *r + (r->count + r->candidate_count) * sizeof *r->predicates;
    slot_result *result = arena_alloc(c->memory, size);
    memcpy(result, r, size);
    remembered *item = arena_alloc(c->memory, sizeof *item + content.len);
    *item = (remembered){.result = result, .part = part_number, .len = (uint32_t)content.len};
    memcpy(item->content, content.ptr, content.len);
    *free_cell(c->cells, c->cell_count, hash) = (cell){hash, item};
    c->used++;
    return result;
}
