/*
 * The classes of an event by the values that conditions ask for: the first one at each place, whole, or as much of it as
 * conditions can tell apart, and what the user stated, are the key under which the result is remembered. The conditions
 * themselves are evaluated for keys not seen yet. What is remembered is bounded: when it is full it is emptied.
 */
#include "schema/classifier.h"

#define MEMO_ENTRIES 1024u /* a power of two; at most half of it is used */
#define MEMO_BYTES (96u << 10)
#define KEY_LIMIT 2048 /* longer keys are not remembered */

struct memo_entry {
    uint64_t hash;
    const uint8_t *key; /* NULL: free */
    size_t len;
    classification result;
};

memo_entry *classifier_memo_new(void) { return mem_zalloc(MEMO_ENTRIES, sizeof(memo_entry)); }

typedef struct {
    uint8_t bytes[KEY_LIMIT];
    size_t len;
    bool too_long;
} memo_key;

static void key_put(memo_key *k, const void *bytes, size_t n)
{
    if (n > sizeof k->bytes - k->len) {
        k->too_long = true;
        return;
    }
    memcpy(k->bytes + k->len, bytes, n);
    k->len += n;
}

static void key_put_value(memo_key *k, const value *v, size_t depth)
{
    uint8_t type = (uint8_t)v->type;
    key_put(k, &type, 1);
    switch (v->type) {
    case VALUE_STRING: {
        uint16_t len = (uint16_t)(v->as.string.len < depth ? v->as.string.len : depth);
        key_put(k, &len, sizeof len);
        key_put(k, v->as.string.ptr, len);
        return;
    }
    case VALUE_BOOL:
        type = v->as.boolean;
        key_put(k, &type, 1);
        return;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_FLOAT:
    case VALUE_TIME:
        key_put(k, &v->as.integer, sizeof v->as.integer);
        return;
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK:
    case VALUE_LIST:
    case VALUE_RECORD:
        return;
    }
}

/* Fills in what the event has at the places, and the key made of it. */
static void look_at(classifier *c, const event *e, class_id stated, memo_key *k)
{
    size_t words = c->places.len / 64 + 1;
    memset(c->present, 0, words * sizeof *c->present);
    for (size_t i = 0; i < e->field_count; i++) {
        path_slot slot = e->fields[i].slot;
        uint16_t place = slot < c->slot_count ? c->place_of_slot[slot] : CLASSIFIER_NO_PLACE;
        if (place == CLASSIFIER_NO_PLACE || e->fields[i].value.type == VALUE_NULL) continue;
        if (c->present[place / 64] >> (place % 64) & 1) continue;
        c->present[place / 64] |= UINT64_C(1) << (place % 64);
        c->seen[place] = c->depth[place] ? event_field_value(e, &e->fields[i]) : &e->fields[i].value;
    }
    key_put(k, &stated, sizeof stated);
    for (size_t w = 0; w < words; w++)
        for (uint64_t bits = c->present[w]; bits; bits &= bits - 1) {
            uint16_t place = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(bits));
            key_put(k, &place, sizeof place);
            if (c->depth[place]) key_put_value(k, c->seen[place], c->depth[place]);
        }
}

static memo_entry *memo_find(classifier *c, const memo_key *k, uint64_t hash)
{
    size_t at = hash & (MEMO_ENTRIES - 1);
    while (c->memo[at].key &&
           (c->memo[at].hash != hash || c->memo[at].len != k->len || memcmp(c->memo[at].key, k->bytes, k->len) != 0))
        at = (at + 1) & (MEMO_ENTRIES - 1);
    return &c->memo[at];
}

void classifier_make_room(classifier *c)
{
    if (c->memo_used < MEMO_ENTRIES / 2 && arena_used(c->remembered) <= MEMO_BYTES) return;
    memset(c->memo, 0, MEMO_ENTRIES * sizeof *c->memo);
    classifier_forget_glances(c);
    arena_reset(c->remembered);
    c->memo_used = 0;
}

static void memo_add(classifier *c, const memo_key *k, uint64_t hash, classification result)
{
    classifier_make_room(c);
    uint8_t *copy = arena_alloc(c->remembered, k->len);
    memcpy(copy, k->bytes, k->len);
    *memo_find(c, k, hash) = (memo_entry){.hash = hash, .key = copy, .len = k->len, .result = result};
    c->memo_used++;
}

classification classifier_remembered(classifier *c, const event *e, class_id stated)
{
    memo_key k;
    k.len = 0;
    k.too_long = false;
    look_at(c, e, stated, &k);
    if (k.too_long) return classifier_by_conditions(c, stated);
    uint64_t hash = hash_bytes(k.bytes, k.len, 0);
    memo_entry *m = memo_find(c, &k, hash);
    if (m->key) return m->result;
    classification result = classifier_by_conditions(c, stated);
    memo_add(c, &k, hash, result);
    return result;
}
