/*
 * An element is passed over once, token by token. What makes its shape goes into a key, by which it is looked up; its texts
 * become values:
 *
 *     key = { element name { attribute name [constant or value] } { child or text } end }
 *
 * with names by their characters, so that a shape is known in every chunk. Only elements whose content is elements, one text
 * or nothing are taken, and attributes of at most one text; all others are left to the parser, as is what is broken. The
 * parser makes the tree of a new shape, too (binxml_parser.apart), and numbers the texts in the same order.
 *
 * The next element of the shape is found by the steps that were taken (shape_trie.h), without any of this.
 */
#include "formats/evtx/shape.h"

#include "base/hash.h"
#include "formats/evtx/shape_trie.h"

enum {
    KEY_LIMIT = 16 << 10,
    STEPS_LIMIT = 1024,
    DEPTH_LIMIT = 16,
    TREE_LIMIT = 64 << 10,       /* bytes of one shape */
    SHAPES_LIMIT = 1024,         /* until the templates are dropped */
    ALL_LIMIT = 12 << 20,        /* bytes of templates and shapes beyond which none is added */
};

typedef struct {
    evtx_record *r;
    cursor c;
    uint8_t key[KEY_LIMIT];
    size_t len;
    const uint8_t *behind;       /* the last step */
    shape_step steps[STEPS_LIMIT];
    size_t step_count;           /* also of those for which there was no room */
} pass;

static size_t place(const pass *p) { return (size_t)(p->c.at - p->r->chunk.bytes); }

static bool key_put(pass *p, char kind, const void *bytes, size_t n)
{
    if (n + 3 > KEY_LIMIT - p->len) return false;
    uint8_t *to = p->key + p->len;
    *to++ = (uint8_t)kind;
    *to++ = (uint8_t)n;
    *to++ = (uint8_t)(n >> 8);
    if (n) memcpy(to, bytes, n);
    p->len += n + 3;
    return true;
}

/* The step whose part begins at `at`; what the part is must be passed over, and then step_ends. */
static void step_begins(pass *p, shape_part part, const uint8_t *at, const uint8_t *name, uint16_t units)
{
    if (p->step_count < STEPS_LIMIT)
        p->steps[p->step_count] = (shape_step){part, p->behind, (size_t)(at - p->behind), name, units};
    p->step_count++;
}

static void step_ends(pass *p) { p->behind = p->c.at; }

static uint8_t next_token(const pass *p) { return cursor_left(&p->c) ? *p->c.at & ~TOKEN_MORE : TOKEN_END; }

/* Behind a name offset: the name itself, if it stands here for the first time. */
static bool pass_name(pass *p, uint32_t offset, uint16_t units)
{
    const uint8_t *skipped;
    return offset != place(p) || read_bytes(&p->c, BINXML_NAME_HEADER + 2 * (size_t)units + 2, &skipped);
}

/* Value = token, type, number of code units, text. */
enum { VALUE_HEADER = 2 };

static bool pass_text(pass *p, const uint8_t **chars, uint16_t *units)
{
    uint8_t token, type;
    return read_u8(&p->c, &token) && read_u8(&p->c, &type) && type == BINXML_STRING && read_u16le(&p->c, units) &&
           read_bytes(&p->c, 2 * (size_t)*units, chars);
}

static bool add_value(pass *p)
{
    const uint8_t *chars;
    uint16_t units;
    step_begins(p, SHAPE_TEXT, p->c.at + VALUE_HEADER, NULL, 0);
    if (!pass_text(p, &chars, &units) || units > UINT16_MAX / 2) return false;
    step_ends(p);
    vec_push(&p->r->values, ((evtx_value){.place = (uint32_t)(chars - p->r->chunk.bytes), .size = (uint16_t)(2 * units), .type = BINXML_STRING}));
    return true;
}

static bool is_name(const char *ascii, const uint8_t *chars, uint16_t units)
{
    if (units != 4) return false;
    for (size_t i = 0; i < 4; i++)
        if (chars[2 * i] != (uint8_t)ascii[i] || chars[2 * i + 1]) return false;
    return true;
}

/* The Name of Data is part of the shape: it names the field. */
static bool pass_attribute(pass *p, bool of_data)
{
    const uint8_t *name, *chars;
    uint16_t units, text_units;
    uint32_t offset;
    const uint8_t *part = ++p->c.at;
    if (!read_u32le(&p->c, &offset) || !binxml_name_at(p->r->chunk, offset, &name, &units)) return false;
    step_begins(p, SHAPE_ATTRIBUTE, part, name, units);
    if (!pass_name(p, offset, units) || !key_put(p, 'a', name, 2 * (size_t)units)) return false;
    step_ends(p);
    if (next_token(p) != TOKEN_VALUE) return true;
    if (of_data && is_name("Name", name, units))
        return pass_text(p, &chars, &text_units) && key_put(p, 'c', chars, 2 * (size_t)text_units);
    return key_put(p, 'v', NULL, 0) && add_value(p);
}

static bool pass_attributes(pass *p, bool of_data)
{
    uint32_t size;
    if (!read_u32le(&p->c, &size)) return false;
    step_ends(p);
    while (next_token(p) == TOKEN_ATTRIBUTE)
        if (!pass_attribute(p, of_data)) return false;
    return true;
}

static bool pass_element(pass *p, unsigned depth);

static bool pass_content(pass *p, unsigned depth)
{
    bool some_text = false, some_element = false;
    for (;;) {
        switch (next_token(p)) {
        case TOKEN_END_ELEMENT: p->c.at++; return key_put(p, 'e', NULL, 0);
        case TOKEN_ELEMENT:
            if (some_text || !pass_element(p, depth + 1)) return false;
            some_element = true;
            continue;
        case TOKEN_VALUE:
            if (some_text || some_element || !key_put(p, 't', NULL, 0) || !add_value(p)) return false; /* not as an attribute's, which may have none */
            some_text = true;
            continue;
        default: return false;
        }
    }
}

static bool pass_element(pass *p, unsigned depth)
{
    const uint8_t *name;
    uint16_t units;
    uint32_t size, offset;
    bool attributes = *p->c.at++ & TOKEN_MORE;
    if (depth > DEPTH_LIMIT || !binxml_start_at(p->r->chunk, place(p), &name, &units)) return false;
    step_begins(p, attributes ? SHAPE_ELEMENT_LIST : SHAPE_ELEMENT, p->c.at, name, units);
    if (!read_u32le(&p->c, &size) || !read_u32le(&p->c, &offset) || !pass_name(p, offset, units)) return false;
    step_ends(p);
    if (!key_put(p, attributes ? 'A' : 'E', name, 2 * (size_t)units)) return false;
    if (attributes && !pass_attributes(p, is_name("Data", name, units))) return false;
    switch (next_token(p)) {
    case TOKEN_CLOSE_EMPTY: p->c.at++; return key_put(p, 'e', NULL, 0);
    case TOKEN_CLOSE_START: p->c.at++; return pass_content(p, depth);
    default: return false;
    }
}

/* ---- known shapes ---- */

static evtx_template *new_shape(evtx_record *r, const pass *p, size_t at, size_t end)
{
    evtx_templates *t = r->templates;
    evtx_problem problem;
    size_t after;
    if (t->shape_count == SHAPES_LIMIT || arena_used(t->arena) > ALL_LIMIT) return NULL;
    evtx_template *made = ARENA_NEW(t->arena, evtx_template);
    binxml_parser parser = {.chunk = r->chunk, .arena = t->arena, .limit = TREE_LIMIT, .apart = true};
    if (!binxml_parse_element(&parser, at, end, &made->tree, &after, &problem) || after != place(p)) return NULL;
    uint8_t *key = arena_alloc(t->arena, p->len);
    memcpy(key, p->key, p->len);
    made->bytes = key;
    made->size = (uint32_t)p->len;
    made->number = ++t->made;
    t->shape_count++;
    return made;
}

static evtx_template *shape_of(evtx_record *r, const pass *p, size_t at, size_t end)
{
    enum { BUCKETS = sizeof r->templates->shapes / sizeof *r->templates->shapes };
    evtx_template **first = &r->templates->shapes[hash_bytes(p->key, p->len, 0) % BUCKETS];
    for (evtx_template *t = *first; t; t = t->variant)
        if (t->size == p->len && memcmp(t->bytes, p->key, p->len) == 0) return t;
    evtx_template *made = new_shape(r, p, at, end);
    if (!made) return NULL;
    made->variant = *first;
    return *first = made;
}

static evtx_template *find_by_key(evtx_record *r, size_t at, size_t end, size_t *after)
{
    pass p;
    size_t values = r->values.len;
    p.r = r;
    p.c = (cursor){r->chunk.bytes + at, r->chunk.bytes + end};
    p.len = p.step_count = 0;
    p.behind = p.c.at;
    evtx_template *found = pass_element(&p, 1) ? shape_of(r, &p, at, end) : NULL;
    *after = place(&p);
    if (!found) r->values.len = values;
    step_begins(&p, SHAPE_END, p.c.at, NULL, 0);
    if (found && p.step_count <= STEPS_LIMIT) shape_trie_add(r->templates, p.steps, p.step_count, found);
    return found;
}

evtx_template *evtx_shape_find(evtx_record *r, size_t at, size_t end, size_t *after)
{
    evtx_template *known = shape_trie_follow(r, at, end, after);
    return known ? known : find_by_key(r, at, end, after);
}
