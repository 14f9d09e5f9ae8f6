/*
 * Which context records a key leads to: of each record that has the key a hash of the key's text and the record's number, grouped by
 * hash. Eight bytes a record, and four for a place in the table of groups; whoever looks a key up compares it with that of the record.
 */
#ifndef PICKET_ENGINE_CONTEXT_INDEX_H
#define PICKET_ENGINE_CONTEXT_INDEX_H

#include "base/mem.h"

typedef struct { uint32_t hash, record; } context_entry;

typedef struct {
    VEC(context_entry) entries;   /* of one group behind the other; in a group in the order in which they were added */
    uint32_t *starts;             /* by the upper bits of the hash; NULL: it is being built */
    unsigned bits;
} context_index;

void context_index_add(context_index *x, uint64_t hash, uint32_t record);
void context_index_done(context_index *x);            /* behind the last one */
/* The entries among which those of the hash are, from `*at` up to what is returned. */
size_t context_index_find(const context_index *x, uint64_t hash, size_t *at);
static inline bool context_entry_is_of(const context_entry *e, uint64_t hash) { return e->hash == (uint32_t)(hash >> 32); }
void context_index_free(context_index *x);

#endif
