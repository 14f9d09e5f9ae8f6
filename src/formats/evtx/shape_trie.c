/*
 * A node is one step: bytes that are always the same, then a part that differs. Which step an element takes at a node follows
 * from its bytes alone, so at most one of several that may follow is right, and nothing is ever taken back.
 *
 * A name is told by where it stands in its chunk, once its characters were compared there.
 */
#include "formats/evtx/shape_trie.h"

#include "base/bytes.h"
#include "base/hash.h"

enum {
    NODES_LIMIT = 16 << 10, /* until the templates are dropped */
    NAMES_LIMIT = 64,       /* of one hash */
    STEP_LIMIT = 8 << 10,   /* bytes that are always the same */
    NEXT_LIMIT = 64,        /* steps that may follow one */
};

struct shape_name {
    const uint8_t *chars;
    uint16_t units;
    bool starts;              /* names an element: a NUL stands behind it */
    uint32_t offset;          /* where it stands in chunk number `chunk` */
    uint64_t chunk;
    shape_name *next;
};

/* Most have less than five bytes, so that two of them lie in a line of the processor's cache. */
struct shape_node {
    union {
        shape_node *first;    /* of those that may follow */
        evtx_template *shape; /* SHAPE_END */
    };
    shape_node *other;        /* instead of this one */
    shape_name *name;
    uint16_t len;
    uint8_t part;
    uint8_t least;            /* bytes that the part takes, names in place and texts left out */
    uint8_t bytes[];          /* always the same, up to the part */
};

/* ---- following ---- */

static __attribute__((noinline)) bool is_name(const evtx_record *r, uint32_t offset, shape_name *n)
{
    const uint8_t *chars;
    uint16_t units;
    if (!binxml_name_at(r->chunk, offset, &chars, &units) || units != n->units || memcmp(chars, n->chars, 2 * (size_t)units) != 0) return false;
    const uint8_t *behind = chars + 2 * (size_t)units, *end = r->chunk.bytes + r->chunk.len;
    if (n->starts && (end - behind < 2 || behind[0] || behind[1])) return false;
    n->offset = offset;
    n->chunk = r->templates->chunk;
    return true;
}

/* The place behind a name offset at `at`, and behind the name itself if it stands there for the first time; NULL: it is another one. */
static inline const uint8_t *behind_name(const evtx_record *r, const uint8_t *at, const uint8_t *end, shape_name *n)
{
    uint32_t offset = binxml_u32(at);
    size_t whole = BINXML_NAME_HEADER + 2 * (size_t)n->units + 2;
    if ((n->offset != offset || n->chunk != r->templates->chunk) && !is_name(r, offset, n)) return NULL;
    at += 4;
    if (offset != (size_t)(at - r->chunk.bytes)) return at;
    return (size_t)(end - at) < whole ? NULL : at + whole;
}

static inline const uint8_t *behind_text(evtx_record *r, const uint8_t *at, const uint8_t *end)
{
    size_t size = 2 * (size_t)(at[0] | at[1] << 8);
    at += 2;
    if (size > UINT16_MAX || size > (size_t)(end - at)) return NULL;
    vec_push(&r->values, ((evtx_value){.place = (uint32_t)(at - r->chunk.bytes), .size = (uint16_t)size, .type = BINXML_STRING}));
    return at + size;
}

/* The place behind the step; NULL: it is another one. */
static inline const uint8_t *behind(evtx_record *r, const uint8_t *at, const uint8_t *end, const shape_node *n)
{
    if ((size_t)(end - at) < (size_t)n->len + n->least || !bytes_equal(at, n->bytes, n->len)) return NULL;
    at += n->len;
    switch ((shape_part)n->part) {
    case SHAPE_ELEMENT: return binxml_u32(at) <= r->chunk.len ? behind_name(r, at + 4, end, n->name) : NULL;
    case SHAPE_ELEMENT_LIST:
        at = binxml_u32(at) <= r->chunk.len ? behind_name(r, at + 4, end, n->name) : NULL;
        return at && end - at >= 4 ? at + 4 : NULL;
    case SHAPE_ATTRIBUTE: return behind_name(r, at, end, n->name);
    case SHAPE_TEXT: return behind_text(r, at, end);
    case SHAPE_END: return at;
    }
    return NULL;
}

evtx_template *shape_trie_follow(evtx_record *r, size_t from, size_t to, size_t *after)
{
    const uint8_t *at = r->chunk.bytes + from, *end = r->chunk.bytes + to;
    size_t values = r->values.len;
    for (const shape_node *n = r->templates->shape_steps; n;) {
        const uint8_t *next = behind(r, at, end, n);
        if (next && n->part == SHAPE_END) {
            *after = (size_t)(next - r->chunk.bytes);
            return n->shape;
        }
        if (next) at = next;
        n = next ? n->first : n->other;
    }
    r->values.len = values;
    return NULL;
}

/* ---- adding ---- */

static bool has_name(shape_part p) { return p == SHAPE_ELEMENT || p == SHAPE_ELEMENT_LIST || p == SHAPE_ATTRIBUTE; }

static uint8_t least_of(shape_part p)
{
    switch (p) {
    case SHAPE_ELEMENT: return 8;
    case SHAPE_ELEMENT_LIST: return 12;
    case SHAPE_ATTRIBUTE: return 4;
    case SHAPE_TEXT: return 2;
    case SHAPE_END: return 0;
    }
    return 0;
}

static const uint8_t *copy_of(arena *a, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = arena_alloc(a, len);
    if (len) memcpy(copy, bytes, len);
    return copy;
}

/* One for all steps that have it. NULL: there are too many. */
static shape_name *name_of(evtx_templates *t, const shape_step *s)
{
    bool starts = s->part != SHAPE_ATTRIBUTE;
    enum { BUCKETS = sizeof t->shape_names / sizeof *t->shape_names };
    size_t count = 0;
    shape_name **first = &t->shape_names[hash_bytes(s->name, 2 * (size_t)s->units, 0) % BUCKETS];
    for (shape_name *n = *first; n; n = n->next, count++)
        if (n->starts == starts && n->units == s->units && memcmp(n->chars, s->name, 2 * (size_t)s->units) == 0) return n;
    if (count >= NAMES_LIMIT) return NULL;
    shape_name *made = ARENA_NEW(t->arena, shape_name);
    *made = (shape_name){.chars = copy_of(t->arena, s->name, 2 * (size_t)s->units), .units = s->units, .starts = starts, .next = *first};
    return *first = made;
}

static shape_node *node_of(arena *a, const shape_step *s, shape_name *name)
{
    shape_node *n = arena_alloc(a, offsetof(shape_node, bytes) + s->len);
    memset(n, 0, offsetof(shape_node, bytes));
    n->name = name;
    n->len = (uint16_t)s->len;
    n->part = (uint8_t)s->part;
    n->least = least_of(s->part);
    if (s->len) memcpy(n->bytes, s->bytes, s->len);
    return n;
}

static bool is_step(const shape_node *n, const shape_step *s, const shape_name *name)
{
    return n->part == s->part && n->name == name && n->len == s->len && memcmp(n->bytes, s->bytes, s->len) == 0;
}

void shape_trie_add(evtx_templates *t, const shape_step *steps, size_t count, evtx_template *shape)
{
    shape_node **at = &t->shape_steps, *n = NULL;
    for (size_t i = 0; i < count; i++, at = &n->first) {
        shape_name *name = has_name(steps[i].part) ? name_of(t, &steps[i]) : NULL;
        size_t others = 0;
        if ((has_name(steps[i].part) && !name) || steps[i].len > STEP_LIMIT) return;
        for (; *at && !is_step(*at, &steps[i], name); at = &(*at)->other) others++;
        n = *at;
        if (n) continue;
        if (others >= NEXT_LIMIT || t->shape_node_count >= NODES_LIMIT) return;
        n = *at = node_of(t->arena, &steps[i], name);
        t->shape_node_count++;
    }
    if (n && n->part == SHAPE_END) n->shape = shape;
}
