/*
 * Keys that were seen at a node and where they lead, so that the usual key costs one comparison: records of a stream repeat
 * the same few keys, and mostly one after the other as in the record before.
 */
#ifndef PICKET_FORMATS_JSON_KEYS_H
#define PICKET_FORMATS_JSON_KEYS_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "event/path.h"

enum {
    KEY_LIMIT = 85,     /* longer keys are looked up each time */
    KEY_FRAME = 3,      /* two quotes and a colon */
    KEY_OVERREAD = 16,  /* so many bytes behind a key must be readable */
};

typedef struct key_cell key_cell;
struct key_cell {
    path_node from, to; /* from PATH_NONE: free */
    key_cell *next;     /* that of the key which came after this one the last time; never NULL */
    const path_slot *slots; /* of `to` */
    uint32_t slot_count;
    uint8_t len;        /* of the text */
    bool has_children : 1, has_pairs : 1, asked : 1; /* `to`: something below it; asked: or a slot */
    uint16_t mask;      /* a bit for each of the text's first bytes */
    char text[KEY_LIMIT + KEY_FRAME + 8]; /* the key as it mostly stands, "key": */
};
_Static_assert(offsetof(key_cell, text) == 32 && sizeof(key_cell) == 128, "most keys and all about them in one line of the cache");

typedef struct key_memory key_memory;
key_memory *key_memory_new(const path_set *paths);
void key_memory_free(key_memory *m);

key_cell *key_memory_start(key_memory *m); /* what stands before the first key of a record */
/* The cell of a key without escapes that did not come as it did the last time, right until the next call. `before`: that of the key before it in the record. */
key_cell *key_memory_look_up(key_memory *m, key_cell *before, path_node from, pk_str key);

#ifdef __SSE2__
/* A bit for each of 16 bytes that are equal. */
static inline uint32_t key_bytes_equal(const char *a, const char *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a), y = _mm_loadu_si128((const __m128i *)(const void *)b);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));
}
#endif

/* Does the key of this cell stand at p, in an object at node `from`? */
static inline bool key_stands_at(const key_cell *c, path_node from, const char *p)
{
    if (c->from != from) return false;
#ifdef __SSE2__
    if (~key_bytes_equal(c->text, p) & c->mask) return false;
    for (unsigned i = 16, len = c->len; i < len; i += 16) {
        uint32_t differ = ~key_bytes_equal(c->text + i, p + i) & 0xffff;
        if (len - i < 16) differ &= (1u << (len - i)) - 1;
        if (differ) return false;
    }
    return true;
#else
    return memcmp(c->text, p, c->len) == 0;
#endif
}

#endif
