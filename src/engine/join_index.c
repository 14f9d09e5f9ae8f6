#include "engine/join_index.h"

size_t join_input_index(join_input *in, uint64_t keys)
{
    for (size_t i = 0; i < in->indexes.len; i++)
        if (in->indexes.at[i].keys == keys) return i;
    vec_push(&in->indexes, ((join_index){.keys = keys}));
    return in->indexes.len - 1;
}

pk_str join_key_text(uint64_t keys, const pk_str *key_texts, arena *a)
{
    size_t len = 0, at = 0;
    if (keys && !(keys & (keys - 1))) return key_texts[__builtin_ctzll(keys)];
    for (uint64_t k = keys; k; k &= k - 1) len += key_texts[__builtin_ctzll(k)].len;
    char *all = arena_alloc(a, len + 1);
    for (uint64_t k = keys; k; k &= k - 1) {
        pk_str s = key_texts[__builtin_ctzll(k)];
        if (s.len) memcpy(all + at, s.ptr, s.len);
        at += s.len;
    }
    return (pk_str){all, len};
}

static void grow(join_index *x)
{
    size_t mask = x->buckets ? x->mask * 2 + 1 : 63;
    join_list **buckets = mem_zalloc(mask + 1, sizeof *buckets);
    for (size_t i = 0; x->buckets && i <= x->mask; i++)
        for (join_list *l = x->buckets[i], *next; l; l = next) {
            next = l->next;
            l->next = buckets[l->hash & mask];
            buckets[l->hash & mask] = l;
        }
    mem_free(x->buckets);
    x->buckets = buckets;
    x->mask = mask;
}

static join_list *find_list(const join_index *x, pk_str key, uint64_t hash)
{
    join_list *l = x->buckets ? x->buckets[hash & x->mask] : NULL;
    while (l && (l->hash != hash || !str_equal((pk_str){l->key, l->key_len}, key))) l = l->next;
    return l;
}

static size_t list_bytes(const join_list *l) { return sizeof *l + l->key_len + 32; }

static join_list *list_of(stage_run *run, join_index *x, pk_str key)
{
    uint64_t hash = hash_str(key);
    join_list *l = find_list(x, key, hash);
    if (l) return l;
    if (!x->buckets || x->count > x->mask) grow(x);
    l = mem_alloc(sizeof *l + key.len + 1);
    *l = (join_list){.hash = hash, .key_len = key.len, .next = x->buckets[hash & x->mask]};
    if (key.len) memcpy(l->key, key.ptr, key.len);
    x->buckets[hash & x->mask] = l;
    x->count++;
    run->bytes += list_bytes(l);
    return l;
}

static size_t entry_bytes(const join_input *in) { return sizeof(join_entry) + in->indexes.len * sizeof(join_link) + 16; }

join_entry *join_input_add(stage_run *run, join_input *in, row *r, const pk_str *key_texts, arena *a)
{
    join_entry *e = mem_zalloc(1, entry_bytes(in));
    e->row = row_hold(r);
    run->bytes += entry_bytes(in);
    *(in->last ? &in->last->next : &in->first) = e;
    in->last = e;
    in->count++;
    for (size_t i = 0; i < in->indexes.len; i++) {
        join_list *l = list_of(run, &in->indexes.at[i], join_key_text(in->indexes.at[i].keys, key_texts, a));
        *(l->last ? &l->last->links[i].next : &l->first) = e;
        e->links[i].before = l->last;
        l->last = e;
        e->links[i].list = l;
    }
    return e;
}

static void drop_list(stage_run *run, join_index *x, join_list *l)
{
    join_list **at = &x->buckets[l->hash & x->mask];
    while (*at != l) at = &(*at)->next;
    *at = l->next;
    x->count--;
    run->bytes -= list_bytes(l);
    mem_free(l);
}

void join_input_drop_first(stage_run *run, join_input *in)
{
    join_entry *e = in->first;
    for (size_t i = 0; i < in->indexes.len; i++) {
        join_list *l = e->links[i].list;
        l->first = e->links[i].next;
        if (l->first) l->first->links[i].before = NULL;
        else drop_list(run, &in->indexes.at[i], l);
    }
    in->first = e->next;
    if (!in->first) in->last = NULL;
    in->count--;
    run->bytes -= entry_bytes(in);
    row_release(e->row);
    mem_free(e);
}

void join_input_free(stage_run *run, join_input *in)
{
    while (in->first) join_input_drop_first(run, in);
    for (size_t i = 0; i < in->indexes.len; i++) mem_free(in->indexes.at[i].buckets);
    vec_free(&in->indexes);
}

join_list *join_find(const join_input *in, size_t index, const pk_str *key_texts, arena *a)
{
    const join_index *x = &in->indexes.at[index];
    pk_str key = join_key_text(x->keys, key_texts, a);
    return find_list(x, key, hash_str(key));
}
