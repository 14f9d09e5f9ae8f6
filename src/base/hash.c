/*
 * Hashing in the manner of wyhash: 128-bit products fold 16 bytes a step. The tables keep entries in order of insertion
 * and an index of entry numbers beside them, so that nothing that is printed depends on the hash.
 */
#include "base/hash.h"

#include "base/bytes.h"

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed)
{
    const uint8_t *p = bytes;
    uint64_t a = 0, b = 0;
    seed ^= HASH_SECRET_0;
    if (len > 16) {
        size_t left = len;
        for (; left > 16; left -= 16, p += 16) seed = hash_product(bytes_8(p) ^ HASH_SECRET_1, bytes_8(p + 8) ^ seed);
        a = bytes_8(p + left - 16); /* the last 16 bytes, overlapping what was read */
        b = bytes_8(p + left - 8);
    } else if (len >= 4) { /* two reads of 4 from each end cover 4 to 16 */
        size_t middle = len >> 3 << 2;
        a = bytes_4(p) << 32 | bytes_4(p + middle);
        b = bytes_4(p + len - 4) << 32 | bytes_4(p + len - 4 - middle);
    } else if (len > 0) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[len >> 1] << 8 | p[len - 1];
    }
    return hash_product(HASH_SECRET_1 ^ len, hash_product(a ^ HASH_SECRET_1, b ^ seed) ^ HASH_SECRET_2);
}

/* ---- table ---- */

void table_free(table *t)
{
    vec_free(&t->entries);
    mem_free(t->index);
    *t = (table){0};
}

/* The index cell of this key: holds its entry number + 1, or 0 where it belongs. */
static uint32_t *find_cell(const table *t, pk_str key, uint64_t hash)
{
    for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        uint32_t *cell = &t->index[i];
        if (*cell == 0) return cell;
        const table_entry *e = &t->entries.at[*cell - 1];
        if (e->hash == hash && str_equal(e->key, key)) return cell;
    }
}

static void grow_index(table *t)
{
    size_t size = t->index ? (t->mask + 1) * 2 : 16;
    mem_free(t->index);
    t->index = mem_zalloc(size, sizeof *t->index);
    t->mask = size - 1;
    for (size_t n = 0; n < t->entries.len; n++) {
        size_t i = t->entries.at[n].hash & t->mask;
        while (t->index[i]) i = (i + 1) & t->mask;
        t->index[i] = (uint32_t)n + 1;
    }
}

uint32_t table_get(const table *t, pk_str key)
{
    if (!t->index) return TABLE_NONE;
    uint32_t number = *find_cell(t, key, hash_str(key));
    return number ? t->entries.at[number - 1].value : TABLE_NONE;
}

static bool insert(table *t, pk_str key, uint32_t value, bool overwrite)
{
    uint64_t hash = hash_str(key);
    if (!t->index || t->entries.len * 2 >= t->mask) grow_index(t);
    uint32_t *cell = find_cell(t, key, hash);
    if (*cell) {
        if (overwrite) t->entries.at[*cell - 1].value = value;
        return false;
    }
    vec_push(&t->entries, ((table_entry){key, hash, value}));
    *cell = (uint32_t)t->entries.len;
    return true;
}

bool table_put(table *t, pk_str key, uint32_t value) { return insert(t, key, value, false); }
void table_set(table *t, pk_str key, uint32_t value) { (void)insert(t, key, value, true); }

void table_image(const table *t, image_writer *w, size_t field)
{
    size_t entries = IMAGE_VECTOR(w, field + offsetof(table, entries), &t->entries);
    for (size_t i = 0; i < t->entries.len; i++)
        image_string(w, entries + i * sizeof(table_entry) + offsetof(table_entry, key), t->entries.at[i].key);
    image_array(w, field + offsetof(table, index), t->index, t->index ? t->mask + 1 : 0, sizeof *t->index);
}

/* ---- pairs of numbers ---- */

enum { FIRST_PAIRS = 64 };

void pair_table_free(pair_table *t)
{
    mem_free(t->cells);
    *t = (pair_table){0};
}

static void grow_pairs(pair_table *t)
{
    pair_table old = *t;
    t->mask = old.cells ? old.mask * 2 + 1 : FIRST_PAIRS - 1;
    t->cells = mem_zalloc(t->mask + 1, sizeof *t->cells);
    for (size_t i = 0; old.cells && i <= old.mask; i++)
        if (old.cells[i].value) *pair_cell_of(t, old.cells[i].a, old.cells[i].b) = old.cells[i];
    mem_free(old.cells);
}

void pair_table_put(pair_table *t, uint64_t a, uint64_t b, uint32_t value)
{
    if (!t->cells || t->count * 2 > t->mask) grow_pairs(t);
    t->count++;
    *pair_cell_of(t, a, b) = (pair_cell){a, b, value + 1};
}

/* ---- interner: a table whose values are its own entry numbers ---- */

struct interner {
    arena *texts;
    table ids;
};

interner *interner_new(arena *a)
{
    interner *in = mem_zalloc(1, sizeof *in);
    in->texts = a;
    return in;
}

void interner_free(interner *in)
{
    if (!in) return;
    table_free(&in->ids);
    mem_free(in);
}

uint32_t intern(interner *in, pk_str s)
{
    uint32_t id = table_get(&in->ids, s);
    if (id != TABLE_NONE) return id;
    id = (uint32_t)in->ids.entries.len;
    table_put(&in->ids, arena_str(in->texts, s), id);
    return id;
}

uint32_t intern_find(const interner *in, pk_str s) { return table_get(&in->ids, s); }
pk_str intern_text(const interner *in, uint32_t id) { return in->ids.entries.at[id].key; }
size_t intern_count(const interner *in) { return in->ids.entries.len; }
