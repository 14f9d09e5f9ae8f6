/*
 * Keys that were seen at a node and where they lead, so that the usual key costs one comparison: records of a stream repeat
 * the same few keys, and mostly one after the other as in the record before. What is compared is the whole stretch from the
 * bracket or comma before a key to its value, so that all of it is proved at once.
 */
#ifndef PICKET_FORMATS_JSON_KEYS_H
#define PICKET_FORMATS_JSON_KEYS_H

#ifdef __AVX2__
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "event/path.h"

enum {
    STRETCH_LIMIT = 64, /* longer ones are looked up each time; so many bytes behind any place are readable */
    STRETCH_NEAR = 32, STRETCH_FAR, /* bytes that are compared at once */
};

/* Where a key may stand: in an object at a node, as the first or behind a comma. */
typedef uint32_t key_from;
enum { KEY_FIRST = 1 };
static inline key_from key_from_first(path_node node) { return node << 1 | KEY_FIRST; }
static inline key_from key_from_next(path_node node) { return node << 1; }

/* A key as it stands in a record, in front of a value that is a string or is not. */
typedef struct {
    const char *at;     /* the bracket or comma before it */
    size_t len;         /* up to the value; of a string with its quote */
    pk_str key;         /* what is between its quotes, without escapes */
    bool string;
} key_stretch;

typedef struct key_cell key_cell;
struct __attribute__((aligned(64))) key_cell {
    key_from from;      /* KEY_FREE: none yet */
    path_node to;
    key_cell *next;     /* that of the key which came after this one the last time; never NULL */
    const path_slot *slots; /* of `to` */
    uint32_t slot_count;
    uint8_t len;        /* of the text */
    uint8_t near;       /* the same; STRETCH_FAR for any that does not lie in the bytes compared at once */
    bool has_children : 1, has_pairs : 1; /* of `to` */
    bool string : 1;    /* in front of one */
    bool leaf : 1;      /* in front of one in which nobody asks for anything */
    _Alignas(32) char text[STRETCH_LIMIT];
    key_cell *other;    /* that which came before it; never NULL */
};
_Static_assert(offsetof(key_cell, text) == 32 && sizeof(key_cell) == 128, "most keys and all about them in one line of the cache");

typedef struct key_memory key_memory;
key_memory *key_memory_new(const path_set *paths);
void key_memory_free(key_memory *m);

key_cell *key_memory_root(key_memory *m); /* what stands before the first key of a record, and leads to the root */
/* The cell of a key that came neither as the last time nor as the time before, right until the next call. `before`: that of the key before it in the record. */
key_cell *key_memory_look_up(key_memory *m, key_cell *before, key_from from, const key_stretch *s);

/* The key came as the time before the last one: its cell, which is now the last one. */
static inline key_cell *key_expect_other(key_cell *before)
{
    key_cell *c = before->other;
    before->other = before->next;
    return before->next = c;
}

static inline bool key_far_stands_at(const key_cell *c, const char *p)
{
    return memcmp(c->text + STRETCH_NEAR, p + STRETCH_NEAR, c->len - STRETCH_NEAR) == 0;
}

/* Does the stretch of this cell stand at p, in front of a key there? */
static inline bool key_stands_at(const key_cell *c, key_from from, const char *p)
{
    if (c->from != from) return false;
#ifdef __AVX2__
    __m256i equal = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)p), _mm256_load_si256((const __m256i *)(const void *)c->text));
    unsigned same = (unsigned)_tzcnt_u32(~(uint32_t)_mm256_movemask_epi8(equal));
    return same >= c->near || (same == STRETCH_NEAR && key_far_stands_at(c, p));
#elif defined(__SSE2__)
    const __m128i *own = (const void *)c->text;
    uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_load_si128(own)));
    uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16)), _mm_load_si128(own + 1)));
    unsigned same = (unsigned)__builtin_ctzll(~(uint64_t)(low | high << 16));
    return same >= c->near || (same == STRETCH_NEAR && key_far_stands_at(c, p));
#else
    return memcmp(c->text, p, c->len) == 0;
#endif
}

#endif
