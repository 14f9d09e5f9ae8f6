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
    bool has_children, has_pairs, asked; /* `to`: something below it; asked: or a slot */
    char text[KEY_LIMIT + KEY_FRAME + 8]; /* the key as it mostly stands, "key": */
};
_Static_assert(offsetof(key_cell, text) == 32 && sizeof(key_cell) == 128, "most keys and all about them in one line of the cache");

typedef struct key_memory key_memory;
key_memory *key_memory_new(const path_set *paths);
void key_memory_free(key_memory *m);

key_cell *key_memory_start(key_memory *m); /* what stands before the first key of a record */
/* The cell of a key without escapes that did not come as it did the last time, right until the next call. `before`: that of the key before it in the record. */
key_cell *key_memory_look_up(key_memory *m, key_cell *before, path_node from, pk_str key);

/* Does the key of this cell stand at p, in an object at node `from`? */
static inline bool key_stands_at(const key_cell *c, path_node from, const char *p)
{
    if (c->from != from) return false;
#ifdef __SSE2__
    for (unsigned i = 0, len = c->len; i < len; i += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(c->text + i));
        uint32_t differ = ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) & 0xffff;
        if (len - i < 16) differ &= (1u << (len - i)) - 1;
        if (differ) return false;
    }
    return true;
#else
    return memcmp(c->text, p, c->len) == 0;
#endif
}

#endif
