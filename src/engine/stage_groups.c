/* Keys of rows, and the table of groups that aggregates and sequences keep by them. */
#include "engine/stages.h"

/* Null and the text "null" are different keys; the length in front keeps ("a","bc") and ("ab","c") apart. */
void put_key_text(text *out, const value *v, arena *a)
{
    pk_str s = value_key_text(a, v);
    text_put_char(out, value_is_nothing(v) ? 'n' : 'v');
    text_put_int(out, (int64_t)s.len);
    text_put_char(out, ':');
    text_put(out, s);
}

const char *keys_problem(const ir_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].missing == KEY_PASS) return "rows without a key pass it";
    return NULL;
}

/* The values that a key has in a row: one, or with `each` several. None: the row has no such key. */
static list_builder key_values(const node *n, const row *r, const ir_key *k, arena *a)
{
    list_builder values = {0}, out = {0};
    row_values(n, r, k->value, a, &values);
    if (values.items.len > 1 && k->many != MANY_EACH) list_add(a, &out, list_done(&values));
    else if (values.items.len > 1 || (values.items.len == 1 && !value_is_nothing(&values.items.at[0]))) out = values;
    else if (k->missing == KEY_FILL) list_add(a, &out, k->fill);
    else if (k->missing == KEY_ZERO) list_add(a, &out, value_string((pk_str){"", 0}));
    else if (k->missing == KEY_GROUP) list_add(a, &out, value_null());
    return out;
}

row_key_ways row_keys_of(const node *n, const row *r, const ir_key *keys, size_t count, arena *a)
{
    row_key_ways ways = {0};
    text t = {0};
    row_key_way none = {.text = {"", 0}, .values = ARENA_ARRAY(a, value, count + 1)};
    vec_push_in(a, &ways.ways, none);
    for (size_t i = 0; i < count; i++) {
        list_builder values = key_values(n, r, &keys[i], a);
        row_key_ways longer = {0};
        for (size_t w = 0; w < ways.ways.len; w++)
            for (size_t v = 0; v < values.items.len; v++) {
                row_key_way way = {.values = ways.ways.at[w].values};
                if (values.items.len > 1) {
                    way.values = ARENA_ARRAY(a, value, count + 1);
                    memcpy(way.values, ways.ways.at[w].values, i * sizeof(value));
                }
                way.values[i] = values.items.at[v];
                text_clear(&t);
                text_put(&t, ways.ways.at[w].text);
                put_key_text(&t, &way.values[i], a);
                way.text = arena_str(a, text_view(&t));
                vec_push_in(a, &longer.ways, way);
            }
        ways = longer;
    }
    text_free(&t);
    return ways;
}

/* ---- groups ---- */

static void grow(group_table *t)
{
    size_t mask = t->buckets ? t->mask * 2 + 1 : 255;
    group_head **buckets = mem_zalloc(mask + 1, sizeof *buckets);
    for (size_t i = 0; t->buckets && i <= t->mask; i++)
        for (group_head *g = t->buckets[i], *next; g; g = next) {
            next = g->next;
            g->next = buckets[g->hash & mask];
            buckets[g->hash & mask] = g;
        }
    mem_free(t->buckets);
    t->buckets = buckets;
    t->mask = mask;
}

group_head *group_of(stage_run *run, group_table *t, const row_key_way *key, size_t key_count, size_t size)
{
    uint64_t hash = hash_str(key->text);
    if (t->buckets)
        for (group_head *g = t->buckets[hash & t->mask]; g; g = g->next)
            if (g->hash == hash && str_equal(g->key, key->text)) return g;
    if (!t->buckets || t->count > t->mask) grow(t);
    group_head *g = mem_zalloc(1, size);
    g->key = (pk_str){mem_cstring(key->text), key->text.len};
    g->hash = hash;
    g->keys = row_new(run, key_count, 0);
    for (size_t i = 0; i < key_count; i++) row_set_column(g->keys, i, &key->values[i]);
    g->bytes = size + key->text.len + 64;
    run->bytes += g->bytes;
    g->next = t->buckets[hash & t->mask];
    t->buckets[hash & t->mask] = g;
    t->count++;
    return g;
}

int group_order(const void *x, const void *y)
{
    return str_compare((*(const group_head *const *)x)->key, (*(const group_head *const *)y)->key);
}

void group_remove(stage_run *run, group_table *t, group_head *g)
{
    group_head **at = &t->buckets[g->hash & t->mask];
    while (*at != g) at = &(*at)->next;
    *at = g->next;
    t->count--;
    run->bytes -= g->bytes;
    mem_free((void *)(uintptr_t)g->key.ptr);
    row_release(g->keys);
    mem_free(g);
}

void group_table_free(group_table *t)
{
    mem_free(t->buckets);
    *t = (group_table){0};
}
