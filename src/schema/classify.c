/*
 * Which layout and classes an event has.
 *
 * At a glance: fields that stand at places with the same bytes as in an event before, decoded or not, mean the same classes. What
 * they hold is neither decoded nor copied for it. Events that look like none before are told by their values (class_memo.c).
 */
#include "base/bytes.h"
#include "schema/classifier.h"

#define GLANCES 2048u      /* a power of two; the last of those that fall on one */
#define GLANCED_FIELDS 24  /* events with more fields at places are not glanced at */
#define KEY_LIMIT 2048     /* bytes */
#define GLANCE_ROOM 64     /* what is kept of one is rounded up to it, so that the next mostly fits in the same place */
#define UNDECODED 0x100

/* What fields at places held, as far as conditions can tell. */
struct glance {
    uint8_t *fields; /* of each its head and bytes (glance_key); NULL: free */
    class_id stated;
    uint32_t count, room;
    classification result;
};

glance *classifier_glances_new(void) { return mem_zalloc(GLANCES, sizeof(glance)); }
void classifier_forget_glances(classifier *c) { memset(c->glances, 0, GLANCES * sizeof *c->glances); }

/* The fields of an event that stand at places. */
typedef struct {
    uint64_t heads[GLANCED_FIELDS]; /* slot, how the value is written, length */
    const void *bytes[GLANCED_FIELDS];
    uint32_t count;
    uint64_t hash;
} glance_key;

/* Texts much longer than what conditions look at would hardly come again whole. */
static bool is_too_long(const event_field *f, size_t depth) { return f->value.as.string.len > 4 * depth; }

static uint64_t head_of(path_slot slot, uint32_t kind, size_t len) { return slot | (uint64_t)kind << 32 | (uint64_t)len << 48; }

#define SHALLOW 400u /* bytes; four times as many are fewer than KEY_LIMIT */

/* false: it is too long to be glanced at. */
static __attribute__((noinline)) bool glance_at(const event *e, event_field *f, size_t depth, uint64_t *head, const void **bytes)
{
    size_t len = 0;
    uint32_t kind = f->value.type;
    *bytes = "";
    if (depth && f->undecoded && is_too_long(f, depth)) kind = event_field_value(e, f)->type;
    else if (depth && f->undecoded) kind = UNDECODED + f->encoding;
    switch (f->value.type) {
    case VALUE_STRING:
        *bytes = f->value.as.string.ptr;
        len = f->undecoded || f->value.as.string.len < depth ? f->value.as.string.len : depth;
        break;
    case VALUE_BOOL:
        kind |= (uint32_t)f->value.as.boolean << 4;
        break;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_FLOAT:
    case VALUE_TIME:
        *bytes = &f->value.as.integer;
        len = sizeof f->value.as.integer;
        break;
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK:
    case VALUE_LIST:
    case VALUE_RECORD:
        break;
    }
    *head = depth ? head_of(f->slot, kind, len) : head_of(f->slot, 0, 0);
    return len <= KEY_LIMIT;
}

/* false: there is too much. */
static bool glance_over(const classifier *c, const event *e, class_id stated, glance_key *k)
{
    const uint16_t *sight = c->sight;
    size_t slots = c->slot_count;
    path_slot before = SLOT_NONE;
    uint64_t hash = stated;
    uint32_t count = 0;
    for (event_field *f = e->fields, *end = f ? f + e->field_count : f; f < end; f++) {
        path_slot slot = f->slot;
        size_t depth = slot < slots ? sight[slot] : 0;
        if (depth == 0 || f->value.type == VALUE_NULL || slot == before) continue; /* of several the first counts */
        if (count == GLANCED_FIELDS) return false;
        if (f->value.type == VALUE_STRING && depth - 2 < SHALLOW && f->value.as.string.len < (f->undecoded ? 4 * depth : depth)) { /* most */
            k->heads[count] = head_of(slot, f->undecoded ? UNDECODED + f->encoding : VALUE_STRING, f->value.as.string.len);
            k->bytes[count] = f->value.as.string.ptr;
        } else if (!glance_at(e, f, depth - 1, &k->heads[count], &k->bytes[count])) {
            return false;
        }
        hash = (hash ^ k->heads[count] ^ bytes_glance(k->bytes[count], k->heads[count] >> 48)) * UINT64_C(0xa0761d6478bd642f);
        hash ^= hash >> 32;
        before = slot;
        count++;
    }
    k->count = count;
    k->hash = hash;
    return true;
}

static inline bool is_same(const glance *g, const glance_key *k)
{
    const uint8_t *at = g->fields;
    for (uint32_t i = 0; i < k->count; i++) {
        size_t len = k->heads[i] >> 48;
        if (bytes_8(at) != k->heads[i] || !bytes_equal(at + 8, k->bytes[i], len)) return false;
        at += 8 + len;
    }
    return true;
}

static void glance_keep(classifier *c, const glance_key *k, class_id stated, classification result)
{
    size_t size = 1;
    for (uint32_t i = 0; i < k->count; i++) size += 8 + (k->heads[i] >> 48);
    if (size > KEY_LIMIT) return;
    classifier_make_room(c);
    glance *g = &c->glances[k->hash & (GLANCES - 1)];
    if (size > g->room) {
        g->room = (uint32_t)(size + GLANCE_ROOM - 1) / GLANCE_ROOM * GLANCE_ROOM;
        g->fields = arena_alloc(c->remembered, g->room);
    }
    uint8_t *at = g->fields;
    for (uint32_t i = 0; i < k->count; i++) {
        memcpy(at, &k->heads[i], 8);
        memcpy(at + 8, k->bytes[i], k->heads[i] >> 48);
        at += 8 + (k->heads[i] >> 48);
    }
    g->stated = stated;
    g->count = k->count;
    g->result = result;
}

classification classify(classifier *c, const event *e, class_id stated)
{
    glance_key k;
    if (!glance_over(c, e, stated, &k)) return classifier_remembered(c, e, stated);
    const glance *g = &c->glances[k.hash & (GLANCES - 1)];
    if (g->fields && g->stated == stated && g->count == k.count && is_same(g, &k)) return g->result;
    classification result = classifier_remembered(c, e, stated);
    glance_keep(c, &k, stated, result);
    return result;
}
