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
#define SHORT_CELLS 512u          /* a power of two */
#define SHORT_LEN 8

typedef struct {
    uint64_t hash;
    remembered *item;             /* NULL: free */
} cell;

/* Numbers and codes: found without a look at the item. */
typedef struct {
    uint64_t bytes;
    uint32_t part;
    uint16_t kind, len;
    const remembered *item;       /* NULL: free */
} short_cell;

struct value_cache {
    cell *cells;                  /* open addressing, at most three in four taken */
    size_t cell_count, used, limit;
    arena *memory;
    part_record *records;         /* by part */
    size_t parts;
    short_cell *shorts;           /* the last of those that fall on one */
    bool grown;                   /* since it was tidied */
};

value_cache *value_cache_new(size_t parts, size_t limit)
{
    value_cache *c = mem_zalloc(1, sizeof *c);
    *c = (value_cache){.limit = limit, .memory = arena_new(), .parts = parts, .cell_count = CELLS_MIN};
    c->cells = mem_zalloc(c->cell_count, sizeof *c->cells);
    c->records = mem_zalloc(parts + 1, sizeof *c->records);
    c->shorts = mem_zalloc(SHORT_CELLS, sizeof *c->shorts);
    return c;
}

void value_cache_free(value_cache *c)
{
    if (!c) return;
    mem_free(c->cells);
    mem_free(c->records);
    mem_free(c->shorts);
    arena_free(c->memory);
    mem_free(c);
}

part_record *value_cache_records(value_cache *c) { return c->records; }

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
    if (!c->grown) return;
    c->grown = false;
    if (is_full(c) && c->cell_count < CELLS_MAX) grow(c);
    if (!is_full(c) && arena_used(c->memory) < c->limit) return;
    memset(c->cells, 0, c->cell_count * sizeof *c->cells);
    memset(c->records, 0, c->parts * sizeof *c->records);
    memset(c->shorts, 0, SHORT_CELLS * sizeof *c->shorts);
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

static const slot_result *hit(part_record *r, const remembered *item)
{
    r->hits++;
    r->last = item;
    return item->result;
}

static const remembered *find(const value_cache *c, const value_key *k)
{
    const cell *cells = c->cells;
    size_t mask = c->cell_count - 1;
    for (size_t i = k->hash & mask; cells[i].item; i = (i + 1) & mask) {
        const remembered *item = cells[i].item;
        if (cells[i].hash == k->hash && item->part == k->part && item->kind == k->kind && item->len == k->content.len &&
            bytes_equal(item->content, k->content.ptr, k->content.len))
            return item;
    }
    return NULL;
}

static uint64_t hash_of(const value_key *k)
{
    return hash_bytes(k->content.ptr, k->content.len, (uint64_t)k->part * KEY_KINDS + k->kind);
}

static short_cell *short_cell_of(const value_cache *c, const value_key *k, uint64_t bytes)
{
    uint64_t mixed = (bytes ^ (uint64_t)k->part << 32) * UINT64_C(0xa0761d6478bd642f);
    return &c->shorts[mixed >> 32 & (SHORT_CELLS - 1)];
}

static const slot_result *get_short(value_cache *c, part_record *r, value_key *k)
{
    uint64_t bytes = bytes_short(k->content.ptr, k->content.len);
    short_cell *s = short_cell_of(c, k, bytes);
    if (s->item && s->bytes == bytes && s->part == k->part && s->kind == k->kind && s->len == k->content.len) return hit(r, s->item);
    k->hash = hash_of(k);
    const remembered *item = find(c, k);
    if (!item) return miss(r);
    *s = (short_cell){bytes, k->part, (uint16_t)k->kind, (uint16_t)k->content.len, item};
    return hit(r, item);
}

const slot_result *value_cache_get(value_cache *c, value_key *k)
{
    part_record *r = &c->records[k->part];
    k->worth = !r->given_up && k->content.len <= CONTENT_MAX;
    if (!k->worth) return NULL;
    r->lookups++;
    if (k->content.len <= SHORT_LEN) return get_short(c, r, k);
    k->hash = hash_of(k);
    const remembered *item = find(c, k);
    return item ? hit(r, item) : miss(r);
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
    c->records[k->part].last = item;
    c->used++;
    c->grown = true;
    return result;
}
