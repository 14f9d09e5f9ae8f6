/* Built by counting: how many entries each group has says where it begins. */
#include "engine/context_index.h"

void context_index_add(context_index *x, uint64_t hash, uint32_t record)
{
    context_entry e = {(uint32_t)(hash >> 32), record};
    if (x->entries.len && memcmp(&x->entries.at[x->entries.len - 1], &e, sizeof e) == 0) return; /* another copy of the record */
    vec_push(&x->entries, e);
}

static size_t group_of_hash(const context_index *x, uint32_t hash) { return hash >> (32 - x->bits); }

void context_index_done(context_index *x)
{
    size_t count = x->entries.len;
    for (x->bits = 1; x->bits < 30 && (size_t)1 << x->bits < count; x->bits++) {}
    size_t groups = (size_t)1 << x->bits;
    x->starts = mem_zalloc(groups + 1, sizeof *x->starts);
    for (size_t i = 0; i < count; i++) x->starts[group_of_hash(x, x->entries.at[i].hash) + 1]++;
    for (size_t g = 0; g < groups; g++) x->starts[g + 1] += x->starts[g];
    context_entry *grouped = mem_alloc(count * sizeof *grouped);
    for (size_t i = 0; i < count; i++) grouped[x->starts[group_of_hash(x, x->entries.at[i].hash)]++] = x->entries.at[i];
    memmove(x->starts + 1, x->starts, groups * sizeof *x->starts); /* each start has become the next one */
    x->starts[0] = 0;
    mem_free(x->entries.at);
    x->entries.at = grouped;
    x->entries.cap = count;
}

size_t context_index_find(const context_index *x, uint64_t hash, size_t *at)
{
    size_t group = group_of_hash(x, (uint32_t)(hash >> 32));
    *at = x->starts[group];
    return x->starts[group + 1];
}

void context_index_free(context_index *x)
{
    vec_free(&x->entries);
    mem_free(x->starts);
}
