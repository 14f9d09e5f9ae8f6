/* The order of rules in a list. Every order ends with the title and the place, so that it is one order. */
#include "catalog/rule_order.h"

#include <stdlib.h>

#include "catalog/rule_index.h"

typedef struct {
    double number;                /* lower first */
    pk_str text;                  /* then this */
    uint32_t title, place;
} sort_key;

static int ascending(const void *x, const void *y)
{
    const sort_key *p = x, *q = y;
    if (p->number < q->number || p->number > q->number) return p->number < q->number ? -1 : 1;
    int order = str_compare(p->text, q->text);
    if (order) return order;
    if (p->title != q->title) return p->title < q->title ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

/* The other way round, but for what says nothing (number 1), which stays last, and for titles among equals. */
static int descending(const void *x, const void *y)
{
    const sort_key *p = x, *q = y;
    bool last_p = p->number >= 1, last_q = q->number >= 1;
    if (last_p != last_q) return last_p ? 1 : -1;
    if (p->number < q->number || p->number > q->number) return p->number < q->number ? 1 : -1;
    int order = str_compare(q->text, p->text);
    if (order) return order;
    if (p->title != q->title) return p->title < q->title ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

static pk_str first_value(rule_index *index, dimension d, size_t place)
{
    const dimension_column *c = index_column(index, d);
    pk_str least = {NULL, 0};
    for (uint32_t i = c->first[place]; i < c->first[place + 1]; i++) {
        pk_str v = c->values.at[c->items[i]];
        if (!least.ptr || str_compare(v, least) < 0) least = v;
    }
    return least.ptr ? least : STR("");
}

static bool is(pk_str word, const char *name) { return str_equal(word, str_from(name)); }

static sort_key text_key(pk_str s) { return (sort_key){.number = s.len ? 0 : 1, .text = s}; }

static sort_key key_of(rule_index *index, size_t place, pk_str sort, const double *ranks)
{
    if (is(sort, "rank") && ranks) return (sort_key){.number = ranks[place]};
    if (is(sort, "level")) return (sort_key){.number = index->level_ranks[place] < 0 ? 1 : index->level_ranks[place] - 5};
    if (is(sort, "date")) return text_key(index->dates[place]);
    if (is(sort, "modified")) return text_key(index->modified[place].len ? index->modified[place] : index->dates[place]);
    if (is(sort, "techniques")) return text_key(first_value(index, DIMENSION_TECHNIQUE, place));
    if (is(sort, "language")) return text_key(first_value(index, DIMENSION_LANGUAGE, place));
    return (sort_key){.number = 0, .text = STR("")};
}

const uint32_t *rules_sorted(store *s, arena *a, const rule_set *set, const double *ranks, pk_str sort, pk_str order)
{
    rule_index *index = index_of(s);
    size_t n = 0, count = rules_size(set);
    if (!sort.len) sort = ranks ? STR("rank") : STR("title");
    bool titles = is(sort, "title") || (is(sort, "rank") && !ranks);
    bool down = order.len ? is(order, "desc") : is(sort, "level") || is(sort, "date") || is(sort, "modified");
    sort_key *keys = mem_zalloc(count + 1, sizeof *keys);
    uint32_t *out = ARENA_ARRAY(a, uint32_t, count + 1);
    for (size_t p = 0; p < index->count; p++) {
        if (!rules_have(set, p)) continue;
        keys[n] = key_of(index, p, sort, ranks);
        keys[n].title = index->title_order[p];
        keys[n++].place = (uint32_t)p;
    }
    qsort(keys, n, sizeof *keys, down && !titles ? descending : ascending);
    for (size_t i = 0; i < n; i++) out[titles && down ? n - 1 - i : i] = keys[i].place;
    mem_free(keys);
    return out;
}
