/* Conditions in the files of schemas: {has: [a, b], lacks: c, place: value or list, place: {prefix: p}}, or a list of such. */
#include "schema/loader.h"

static void add_ask(condition *c, size_t cap, ask a)
{
    if (c->count < cap) c->asks[c->count++] = a;
}

static size_t count_asks(const yaml_node *n)
{
    size_t count = 0;
    for (size_t i = 0; i < n->count; i++) count += item_count(n->entries[i].value) + 1;
    return count;
}

static void read_presence(loader *l, condition *c, size_t cap, const yaml_node *n, ask_kind kind)
{
    pk_str *places;
    size_t count;
    if (!loader_texts(l, n, &places, &count)) return;
    for (size_t i = 0; i < count; i++) add_ask(c, cap, (ask){.kind = kind, .place = places[i]});
}

static void read_values(loader *l, condition *c, size_t cap, pk_str place, const yaml_node *n)
{
    ask a = {.kind = ASK_EQUALS, .place = place};
    if (is_map(n)) {
        if (n->count != 1 || !str_equal(n->entries[0].key, STR("prefix"))) {
            loader_wrong(l, n->span, "expected a value, a list of values or {prefix: ...}");
            return;
        }
        a.kind = ASK_PREFIX;
        n = n->entries[0].value;
    }
    if (loader_texts(l, n, &a.constants, &a.count)) add_ask(c, cap, a);
}

static condition read_condition(loader *l, const yaml_node *n)
{
    condition c = {0};
    if (!is_map(n)) {
        loader_wrong(l, n->span, "expected a condition: a map of places and values");
        return c;
    }
    size_t cap = count_asks(n);
    c.asks = ARENA_ARRAY(l->s->arena, ask, cap);
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str place = loader_keep(l, e->key);
        if (str_equal(place, STR("has")))
            read_presence(l, &c, cap, e->value, ASK_PRESENT);
        else if (str_equal(place, STR("lacks")))
            read_presence(l, &c, cap, e->value, ASK_ABSENT);
        else
            read_values(l, &c, cap, place, e->value);
    }
    return c;
}

alternatives loader_alternatives(loader *l, const yaml_node *n)
{
    alternatives all = {0};
    all.of = ARENA_ARRAY(l->s->arena, condition, item_count(n));
    for (size_t i = 0; i < item_count(n); i++) all.of[all.count++] = read_condition(l, item_at(n, i));
    return all;
}
