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
    uint32_t part, kind, len;
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

static const slot_result *miss(part_record *r)
{
    judge(r);
    return NULL;
}

const slot_result *value_cache_get(value_cache *c, value_key *k)
{
    part_record *r = &c->records[k->part];
    k->worth = !r->given_up && k->content.len <= CONTENT_MAX;
    if (!k->worth) return NULL;
    r->lookups++;
    k->hash = hash_bytes(k->content.ptr, k->content.len, (uint64_t)k->part * KEY_KINDS + k->kind);
    const cell *cells = c->cells;
    size_t mask = c->cell_count - 1;
    for (size_t i = k->hash & mask; cells[i].item; i = (i + 1) & mask) {
        const remembered *item = cells[i].item;
        if (cells[i].hash != k->hash || item->part != k->part || item->kind != k->kind || item->len != k->content.len ||
            memcmp(item->content, k->content.ptr, k->content.len) != 0)
            continue;
        r->hits++;
        return item->result;
    }
    return miss(r);
}

const slot_result *value_cache_put(value_cache *c, const value_key *k, const slot_result *r)
{
    if (is_full(c)) return r; /* until the next event */
    size_t size = sizeof *r + (r->count + r->candidate_count) * sizeof *r->predicates;
    const slot_result *result = r;
    if (r->count) { /* nothing is true of most: that needs no copy */
        slot_result *copy = arena_alloc(c->memory, size);
        memcpy(copy, r, size);
        result = copy;
    }
    remembered *item = arena_alloc(c->memory, sizeof *item + k->content.len);
    *item = (remembered){.result = result, .part = k->part, .kind = k->kind, .len = (uint32_t)k->content.len};
    memcpy(item->content, k->content.ptr, k->content.len);
    *free_cell(c->cells, c->cell_count, k->hash) = (cell){k->hash, item};
    c->used++;
    return result;
}
