/*
 * Values of logs repeat a great deal: most are answered here by one lookup. A slot whose values hardly ever come back
 * (identifiers, times) is left out after a trial. Items stand one behind the other in segments of memory that never grows; when it is
 * full, a hand goes over the segments in turn and leaves in each those that were asked for since it came by.
 */
#include "engine/matcher.h"

#define CELLS_MIN (1u << 10)
#define CELLS_MAX (1u << 15)
#define CONTENT_MAX 2048          /* longer texts are not worth their memory */
#define TRIAL 4096                /* lookups after which a part is judged */
#define WORTH_ONE_IN 16           /* hits */
#define SHORT_CELLS 512u          /* a power of two */
#define SHORT_LEN 8
#define SEGMENTS 16u
#define NO_SEGMENT SEGMENTS

typedef struct {
    uint32_t tag;                 /* half of the hash */
    uint32_t number;              /* of the item, by its place in memory (number_of); 0: free */
} cell;

/* Numbers and codes: found without a look at the item. */
typedef struct {
    uint64_t bytes;
    uint32_t part;
    uint16_t kind, len;
    const remembered *item;       /* NULL: free */
} short_cell;

struct value_cache {
    char *memory;                 /* the segments */
    size_t segment;               /* bytes of one */
    size_t used[SEGMENTS];
    unsigned current, spare;      /* the segment that is added to, and the one that has room when it is full, or NO_SEGMENT */
    unsigned hand;
    cell *cells;                  /* open addressing, at most three in four taken */
    size_t cell_count, count;
    part_record *records;         /* by part */
    size_t parts;
    short_cell *shorts;           /* the last of those that fall on one */
};

value_cache *value_cache_new(size_t parts, size_t limit)
{
    value_cache *c = mem_zalloc(1, sizeof *c);
    *c = (value_cache){.segment = limit / SEGMENTS / 16 * 16, .spare = 1, .hand = 1, .cell_count = CELLS_MIN, .parts = parts};
    c->memory = mem_alloc(c->segment * SEGMENTS); /* not touched before it is used */
    c->cells = mem_zalloc(CELLS_MIN, sizeof *c->cells);
    c->records = mem_zalloc(parts + 1, sizeof *c->records);
    c->shorts = mem_zalloc(SHORT_CELLS, sizeof *c->shorts);
    return c;
}

void value_cache_free(value_cache *c)
{
    if (!c) return;
    mem_free(c->memory);
    mem_free(c->cells);
    mem_free(c->records);
    mem_free(c->shorts);
    mem_free(c);
}

part_record *value_cache_records(value_cache *c) { return c->records; }

/* ---- items ---- */

static uint32_t number_of(const value_cache *c, const remembered *item) { return (uint32_t)(((const char *)item - c->memory) / 4 + 1); }
static remembered *item_of(const value_cache *c, uint32_t number) { return (remembered *)(c->memory + (size_t)(number - 1) * 4); }

/* ---- cells ---- */

static bool is_full(const value_cache *c) { return c->count >= c->cell_count / 4 * 3; }

static cell *free_cell(cell *cells, size_t count, uint32_t tag)
{
    size_t i = tag & (count - 1);
    while (cells[i].number) i = (i + 1) & (count - 1);
    return &cells[i];
}

static void grow(value_cache *c)
{
    size_t count = c->cell_count * 2;
    cell *cells = mem_zalloc(count, sizeof *cells);
    for (size_t i = 0; i < c->cell_count; i++)
        if (c->cells[i].number) *free_cell(cells, count, c->cells[i].tag) = c->cells[i];
    mem_free(c->cells);
    c->cells = cells;
    c->cell_count = count;
}

static size_t cell_of(const value_cache *c, const remembered *item)
{
    uint32_t number = number_of(c, item);
    size_t i = item->tag & (c->cell_count - 1);
    while (c->cells[i].number != number) i = (i + 1) & (c->cell_count - 1);
    return i;
}

/* Those behind it move up, as far as they may stand there. */
static void free_up(value_cache *c, size_t hole)
{
    size_t mask = c->cell_count - 1;
    for (size_t i = (hole + 1) & mask; c->cells[i].number; i = (i + 1) & mask) {
        size_t home = c->cells[i].tag & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        c->cells[hole] = c->cells[i];
        hole = i;
    }
    c->cells[hole].number = 0;
    c->count--;
}

/* ---- forgetting ---- */

static bool has_room(const value_cache *c, unsigned s) { return c->used[s] <= c->segment / 2; }

/* What was not asked for is forgotten, what is left moves together, and must be asked for again until the next time. */
static void sweep(value_cache *c, unsigned s)
{
    char *begin = c->memory + s * c->segment, *to = begin;
    for (char *from = begin, *end = begin + c->used[s]; from < end;) {
        remembered *item = (remembered *)from;
        size_t size = remembered_size(item->len, remembered_result(item)), at = cell_of(c, item);
        if (item->asked) {
            item->asked = false;
            c->cells[at].number = number_of(c, (remembered *)to);
            memmove(to, from, size);
            to += size;
        } else {
            free_up(c, at);
        }
        from += size;
    }
    c->used[s] = (size_t)(to - begin);
}

/* What points to items does not hold any more; once a turn parts are judged anew. */
static void forget_places(value_cache *c, bool turned)
{
    memset(c->shorts, 0, SHORT_CELLS * sizeof *c->shorts);
    if (turned) memset(c->records, 0, c->parts * sizeof *c->records);
    else
        for (size_t i = 0; i < c->parts; i++) c->records[i].last = NULL;
}

static bool find_room(value_cache *c)
{
    bool turned = false, swept = false;
    for (unsigned n = 0; n < 2 * SEGMENTS && (c->spare == NO_SEGMENT || is_full(c)); n++) {
        c->hand = (c->hand + 1) % SEGMENTS;
        turned |= c->hand == 0;
        if (c->hand == c->current) continue;
        if (!has_room(c, c->hand) || is_full(c)) {
            sweep(c, c->hand);
            swept = true;
        }
        if (has_room(c, c->hand)) c->spare = c->hand;
    }
    if (swept) forget_places(c, turned);
    return swept;
}

bool value_cache_tidy(value_cache *c)
{
    if (c->spare != NO_SEGMENT && !is_full(c)) return false;
    if (is_full(c) && c->cell_count < CELLS_MAX) grow(c);
    return (c->spare == NO_SEGMENT || is_full(c)) && find_room(c);
}

/* ---- finding and adding ---- */

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
    return remembered_result(item);
}

static const remembered *find(const value_cache *c, const value_key *k)
{
    const cell *cells = c->cells;
    size_t mask = c->cell_count - 1;
    uint32_t tag = remembered_tag(k);
    for (size_t i = tag & mask; cells[i].number; i = (i + 1) & mask) {
        if (cells[i].tag != tag) continue;
        remembered *item = item_of(c, cells[i].number);
        if (remembered_is(item, k)) {
            item->asked = true;
            return item;
        }
    }
    return NULL;
}

/* NULL: there is none until the next event. */
static remembered *take_room(value_cache *c, size_t size)
{
    if (size > c->segment / 2 || is_full(c)) return NULL;
    if (c->used[c->current] + size > c->segment) {
        if (c->spare == NO_SEGMENT) return NULL;
        c->current = c->spare;
        c->spare = NO_SEGMENT;
    }
    remembered *item = (remembered *)(c->memory + c->current * c->segment + c->used[c->current]);
    c->used[c->current] += size;
    return item;
}

static uint64_t hash_of(const value_key *k)
{
    return hash_bytes(k->content.ptr, k->content.len, (uint64_t)k->part * KEY_KINDS + k->kind);
}

static short_cell *short_cell_of(const value_cache *c, const value_key *k, uint64_t bytes)
{
    return &c->shorts[hash_mix(bytes, k->part) & (SHORT_CELLS - 1)];
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
    remembered *item = take_room(c, remembered_size(k->content.len, r));
    if (!item) return r;
    remembered_write(item, k, r);
    *free_cell(c->cells, c->cell_count, item->tag) = (cell){item->tag, number_of(c, item)};
    c->count++;
    c->records[k->part].last = item;
    return remembered_result(item);
}
