/*
 * Values of logs repeat a great deal: most are answered here by one lookup. A slot whose values hardly ever come back
 * (identifiers, times) is left out after a trial. There are two generations: what is asked for of the old one moves to the new,
 * and when that has used up its memory the old one is forgotten, and the new one is old.
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

typedef struct {
    cell *cells;                  /* open addressing, at most three in four taken */
    size_t cell_count, used;
    arena *memory;
} generation;

struct value_cache {
    generation young, old;
    size_t limit;                 /* of the memory of one */
    part_record *records;         /* by part */
    size_t parts;
    short_cell *shorts;           /* the last of those that fall on one */
    bool grown;                   /* since it was tidied */
};

static generation new_generation(void)
{
    return (generation){.cells = mem_zalloc(CELLS_MIN, sizeof(cell)), .cell_count = CELLS_MIN, .memory = arena_new()};
}

static void free_generation(generation *g)
{
    mem_free(g->cells);
    arena_free(g->memory);
}

value_cache *value_cache_new(size_t parts, size_t limit)
{
    value_cache *c = mem_zalloc(1, sizeof *c);
    *c = (value_cache){.limit = limit, .parts = parts, .young = new_generation(), .old = new_generation()};
    c->records = mem_zalloc(parts + 1, sizeof *c->records);
    c->shorts = mem_zalloc(SHORT_CELLS, sizeof *c->shorts);
    return c;
}

void value_cache_free(value_cache *c)
{
    if (!c) return;
    free_generation(&c->young);
    free_generation(&c->old);
    mem_free(c->records);
    mem_free(c->shorts);
    mem_free(c);
}

part_record *value_cache_records(value_cache *c) { return c->records; }

static bool is_full(const generation *g) { return g->used >= g->cell_count / 4 * 3; }

static cell *free_cell(cell *cells, size_t count, uint64_t hash)
{
    size_t i = hash & (count - 1);
    while (cells[i].item) i = (i + 1) & (count - 1);
    return &cells[i];
}

static void grow(generation *g)
{
    size_t count = g->cell_count * 2;
    cell *cells = mem_zalloc(count, sizeof *cells);
    for (size_t i = 0; i < g->cell_count; i++)
        if (g->cells[i].item) *free_cell(cells, count, g->cells[i].hash) = g->cells[i];
    mem_free(g->cells);
    g->cells = cells;
    g->cell_count = count;
}

static void forget_old(value_cache *c)
{
    generation forgotten = c->old;
    c->old = c->young;
    memset(forgotten.cells, 0, forgotten.cell_count * sizeof *forgotten.cells);
    arena_reset(forgotten.memory);
    forgotten.used = 0;
    c->young = forgotten;
    memset(c->records, 0, c->parts * sizeof *c->records);
    memset(c->shorts, 0, SHORT_CELLS * sizeof *c->shorts);
}

void value_cache_tidy(value_cache *c)
{
    if (!c->grown) return;
    c->grown = false;
    if (is_full(&c->young) && c->young.cell_count < CELLS_MAX) grow(&c->young);
    if (is_full(&c->young) || arena_used(c->young.memory) >= c->limit) forget_old(c);
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

static const remembered *find_in(const generation *g, const value_key *k)
{
    const cell *cells = g->cells;
    size_t mask = g->cell_count - 1;
    for (size_t i = k->hash & mask; cells[i].item; i = (i + 1) & mask) {
        const remembered *item = cells[i].item;
        if (cells[i].hash == k->hash && item->part == k->part && item->kind == k->kind && item->len == k->content.len &&
            bytes_equal(item->content, k->content.ptr, k->content.len))
            return item;
    }
    return NULL;
}

/* There is room. */
static const remembered *add(value_cache *c, const value_key *k, const slot_result *r)
{
    generation *g = &c->young;
    size_t size = sizeof *r + (r->count + r->candidate_count) * sizeof *r->predicates;
    const slot_result *result = r;
    if (r->count) { /* nothing is true of most: that needs no copy */
        slot_result *copy = arena_alloc(g->memory, size);
        memcpy(copy, r, size);
        result = copy;
    }
    remembered *item = arena_alloc(g->memory, sizeof *item + k->content.len);
    *item = (remembered){.result = result, .part = k->part, .kind = k->kind, .len = (uint32_t)k->content.len};
    memcpy(item->content, k->content.ptr, k->content.len);
    *free_cell(g->cells, g->cell_count, k->hash) = (cell){k->hash, item};
    g->used++;
    c->grown = true;
    return item;
}

static const remembered *find(value_cache *c, const value_key *k)
{
    const remembered *item = find_in(&c->young, k);
    if (item || c->old.used == 0) return item;
    item = find_in(&c->old, k);
    return item && !is_full(&c->young) ? add(c, k, item->result) : item;
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
    if (is_full(&c->young)) return r; /* until the next event */
    const remembered *item = add(c, k, r);
    c->records[k->part].last = item;
    return item->result;
}
