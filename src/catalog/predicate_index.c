/* The constants of all predicates in one text, so that a search over them is one pass over memory. */
#define _GNU_SOURCE
#include "catalog/predicate_index.h"

#include <string.h>

#include "base/unicode.h"

enum { ALL_TEXTS_LIMIT = 96 << 20 };

static uint32_t name_number(predicate_index *p, int which, pk_str name)
{
    table *t = &p->dictionaries[which];
    uint32_t n = table_get(t, name);
    if (n != TABLE_NONE) return n;
    n = (uint32_t)t->entries.len;
    table_put(t, arena_str(p->arena, name), n);
    return n;
}

static void put_constant(text *all, pk_str folded)
{
    size_t at = all->len;
    text_put(all, folded);
    for (; at < all->len; at++)
        if (all->ptr[at] == '\n') all->ptr[at] = ' ';
    text_put_char(all, '\n');
}

static void read_all(predicate_index *p, store *s)
{
    size_t most = (size_t)store_number(s, "SELECT count(*) FROM predicate", "");
    arena *scratch = arena_new();
    text all = {0};
    p->ids = ARENA_ARRAY(p->arena, int64_t, most + 1);
    p->rules = ARENA_ARRAY(p->arena, uint32_t, most + 1);
    p->offsets = ARENA_ARRAY(p->arena, size_t, most + 1);
    for (int n = 0; n < PREDICATE_NAMES; n++) p->names[n] = ARENA_ARRAY(p->arena, uint32_t, most + 1);
    rows r = rows_of(s, scratch, "SELECT id, rules, field, kind, family, substr(folded, 1, 4096) FROM predicate ORDER BY id", "");
    while (p->count < most && rows_next(&r)) {
        size_t i = p->count++;
        int64_t rules = row_int(&r, 1);
        p->ids[i] = row_int(&r, 0);
        p->rules[i] = rules < 0 ? 0 : rules > UINT32_MAX ? UINT32_MAX : (uint32_t)rules;
        p->total += p->rules[i] > 0;
        p->pairs += p->rules[i];
        for (int n = 0; n < PREDICATE_NAMES; n++) p->names[n][i] = name_number(p, n, row_text(&r, 2 + n));
        put_constant(&all, all.len > ALL_TEXTS_LIMIT ? STR("") : fold(scratch, row_text(&r, 5)));
        p->offsets[i + 1] = all.len;
        arena_reset(scratch);
    }
    rows_end(&r);
    arena_free(scratch);
    p->texts = all.ptr;
}

const predicate_index *index_predicates(rule_index *index)
{
    if (index->predicates) return index->predicates;
    predicate_index *p = mem_zalloc(1, sizeof *p);
    index->predicates = p;
    p->arena = arena_new();
    read_all(p, index->store);
    return p;
}

void predicate_index_free(predicate_index *p)
{
    if (!p) return;
    for (int n = 0; n < PREDICATE_NAMES; n++) table_free(&p->dictionaries[n]);
    mem_free(p->texts);
    arena_free(p->arena);
    mem_free(p);
}

pk_str predicate_text(const predicate_index *p, size_t i)
{
    return (pk_str){p->texts + p->offsets[i], p->offsets[i + 1] - p->offsets[i] - 1};
}

pk_str predicate_name(const predicate_index *p, int which, size_t i) { return p->dictionaries[which].entries.at[p->names[which][i]].key; }

static size_t predicate_at(const predicate_index *p, size_t offset)
{
    size_t low = 0, high = p->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (p->offsets[middle] <= offset) low = middle;
        else high = middle;
    }
    return low;
}

size_t predicate_containing(const predicate_index *p, pk_str part, size_t *from)
{
    if (*from >= p->count || !part.len) return STR_NPOS;
    const char *at = memmem(p->texts + p->offsets[*from], p->offsets[p->count] - p->offsets[*from], part.ptr, part.len);
    if (!at) return STR_NPOS;
    size_t i = predicate_at(p, (size_t)(at - p->texts));
    *from = i + 1;
    return i;
}
