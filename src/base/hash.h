/* Hashing and hash tables, from strings or pairs of numbers to numbers. */
#ifndef PICKET_BASE_HASH_H
#define PICKET_BASE_HASH_H

#include "base/image.h"

/* Odd constants with as many zero as one bits, as the author of wyhash chose them. */
#define HASH_SECRET_0 UINT64_C(0xa0761d6478bd642f)
#define HASH_SECRET_1 UINT64_C(0xe7037ed1a0b428db)
#define HASH_SECRET_2 UINT64_C(0x8ebc6af09c88c6e3)

/* Both halves of the product: each bit of it depends on all of both. */
static inline uint64_t hash_product(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Combines two numbers, hashes or not; order matters. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b) { return hash_product(a ^ HASH_SECRET_0, b ^ HASH_SECRET_1) ^ b; }

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed);
static inline uint64_t hash_str(pk_str s) { return hash_bytes(s.ptr, s.len, 0); }

/*
 * A table from string keys to uint32 values. Keys are views: their bytes must outlive the table (an arena, or source
 * text). Iteration is in order of insertion, so that output does not depend on hashing.
 */
typedef struct {
    pk_str key;
    uint64_t hash;
    uint32_t value;
} table_entry;

typedef struct {
    VEC(table_entry) entries;
    uint32_t *index;                                  /* open addressing; entry number + 1 */
    size_t mask;
} table;

#define TABLE_NONE UINT32_MAX

void table_free(table *t);
uint32_t table_get(const table *t, pk_str key);       /* TABLE_NONE if absent */
bool table_put(table *t, pk_str key, uint32_t value); /* false: the key is there already, value left as it was */
void table_set(table *t, pk_str key, uint32_t value); /* inserts or overwrites */
void table_image(const table *t, image_writer *w, size_t field); /* copies what the table at `field` holds, keys too */

/* A table from pairs of numbers, such as an address and what it is looked at for. */
typedef struct {
    uint64_t a, b;
    uint32_t value;                                   /* one more than it is; 0: the cell is empty */
} pair_cell;

typedef struct {
    pair_cell *cells;
    size_t mask, count;
} pair_table;

void pair_table_free(pair_table *t);
void pair_table_put(pair_table *t, uint64_t a, uint64_t b, uint32_t value); /* which is absent; value is not TABLE_NONE */

/* That of the pair, or the empty one where it belongs. */
static inline pair_cell *pair_cell_of(const pair_table *t, uint64_t a, uint64_t b)
{
    for (size_t i = hash_mix(a, b) & t->mask;; i = (i + 1) & t->mask) {
        pair_cell *c = &t->cells[i];
        if (c->value == 0 || (c->a == a && c->b == b)) return c;
    }
}

/* TABLE_NONE if absent. */
static inline uint32_t pair_table_get(const pair_table *t, uint64_t a, uint64_t b)
{
    return t->cells ? pair_cell_of(t, a, b)->value - 1 : TABLE_NONE;
}

/* Interned strings: equal strings give the same number, and the text stays put. */
typedef struct interner interner;

interner *interner_new(arena *a);                     /* texts are copied into `a`, which must outlive the interner */
void interner_free(interner *in);
uint32_t intern(interner *in, pk_str s);
uint32_t intern_find(const interner *in, pk_str s);   /* TABLE_NONE if never interned */
pk_str intern_text(const interner *in, uint32_t id);
size_t intern_count(const interner *in);

#endif
