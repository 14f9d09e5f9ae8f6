/*
 * What tree.c makes of elements and values, written at once. Most elements have a shape that can be told from the template:
 * children of different names, attributes and texts of one piece. The others are made into trees and written from there; so
 * is an element that a record turns out to fill in an unusual way, after taking back what was written of it.
 */
#include "formats/evtx/render.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/unicode.h"
#include "formats/evtx/tree.h"

enum { CHILDREN_LIMIT = 200 /* of an element, compared with each other once; more are left to tree.c */ };

typedef struct {
    const evtx_record *r;
    const evtx_fragment *f;
    arena *plans;
    scratch *s;
    text *out;
} renderer;

static const binxml_value *value_of(const renderer *x, const binxml_content *c, binxml_value *room) { return evtx_value_at(x->r, x->f, c->index, room); }

/* ---- shapes ---- */

static pk_str field_name(const binxml_element *e) { return e->data == DATA_NAMED ? e->data_name : e->name; }

/* Does `e` make a field of this name? Named Data with more attributes make another one. */
static bool makes_field(const binxml_element *e, pk_str name)
{
    pk_str own = field_name(e);
    if (str_equal(own, name)) return true;
    return e->data == DATA_NAMED && e->attributes->next && name.len > own.len && str_starts_with(name, own) &&
           str_equal(str_slice(name, own.len, STR_NPOS), STR("_attributes"));
}

/* Named Data keep their places even if their names repeat; all others of a name are one field. */
static bool clash(const binxml_element *a, const binxml_element *b)
{
    if (a == b || (a->data == DATA_NAMED && b->data == DATA_NAMED)) return false;
    return makes_field(a, field_name(b)) || makes_field(b, field_name(a));
}

/* Is `e` a field of its own among the children of `parent`, as far as the template tells? */
static bool is_alone(const binxml_element *parent, const binxml_element *e)
{
    pk_str name = field_name(e);
    if (e->data == DATA_COMPUTED) return false;
    if (e->data != DATA_NAMED && name.len && name.ptr[0] == '#') return false; /* beside #text and #attributes */
    for (const binxml_content *c = parent->content; c; c = c->next)
        if (c->kind == CONTENT_ELEMENT && (c->element->data == DATA_COMPUTED || clash(c->element, e))) return false;
    return true;
}

static bool one_piece_attributes(const binxml_element *e)
{
    if (e->data == DATA_NAMED) return !e->attributes->next; /* the name alone */
    for (const binxml_attribute *a = e->attributes; a; a = a->next)
        if (a->content && a->content->next) return false;
    return true;
}

static bool is_straight(const binxml_element *e)
{
    size_t children = 0;
    if (e->data == DATA_COMPUTED || !one_piece_attributes(e)) return false;
    if (!e->has_elements) return !e->content || !e->content->next;
    for (const binxml_content *c = e->content; c; c = c->next) {
        if (c->kind == CONTENT_CONSTANT && !evtx_only_blanks(&c->constant)) return false;
        if (c->kind == CONTENT_ELEMENT && (++children > CHILDREN_LIMIT || !is_alone(e, c->element))) return false;
    }
    return true;
}

/* The key with quotes and colon, the value if there is one. */
static pk_str member_text(arena *a, pk_str key, const value *v)
{
    text t = {0};
    if (key.ptr) {
        text_put_json(&t, key);
        text_put_char(&t, ':');
    }
    if (v) value_write_json(&t, v);
    pk_str kept = arena_str(a, text_view(&t));
    text_free(&t);
    return kept;
}

static void find_shape(const renderer *x, binxml_element *e)
{
    static const value blank = {.type = VALUE_BLANK};
    arena *a = x->f->template ? x->plans : x->r->arena;
    e->shape = is_straight(e) ? BINXML_SHAPE_STRAIGHT : BINXML_SHAPE_ODD;
    if (e->shape == BINXML_SHAPE_ODD) return;
    e->json_key = member_text(a, field_name(e), NULL);
    for (binxml_attribute *at = e->attributes; at; at = at->next) {
        const value *constant = !at->content ? &blank : at->content->kind == CONTENT_CONSTANT ? &at->content->constant : NULL;
        at->json = member_text(a, at->name, constant);
    }
    if (e->content && e->content->kind == CONTENT_CONSTANT)
        e->json_constant = member_text(a, (pk_str){NULL, 0}, &e->content->constant);
}

/* Found out once, and kept with the element. */
static inline bool is_prepared(const renderer *x, binxml_element *e)
{
    if (e->shape == BINXML_SHAPE_UNKNOWN) find_shape(x, e);
    return e->shape == BINXML_SHAPE_STRAIGHT;
}

/* ---- values ---- */

enum { STEP = 16 }; /* code units */

/*
 * Up to a step of code units as bytes at `to`, which has room for a whole one. A bit for each unit that needs more than to be copied,
 * and one for each of these before which a backslash will do.
 */
static inline uint32_t narrow_step(char *to, const uint8_t *in, size_t units, uint32_t *escaped)
{
#ifdef __SSE2__
    (void)units; /* what is no byte becomes 0 or 0xff, and what is not ASCII is less than a blank, as the sign is seen */
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)in), b = _mm_loadu_si128((const __m128i *)(const void *)(in + STEP));
    __m128i bytes = _mm_packus_epi16(a, b);
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
    __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    __m128i others = _mm_cmpgt_epi8(_mm_set1_epi8(0x21), _mm_add_epi8(bytes, _mm_set1_epi8(1))); /* DEL becomes the least of all */
    *escaped = (uint32_t)_mm_movemask_epi8(marks);
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(marks, others));
#else
    uint32_t odd = 0;
    *escaped = 0;
    for (size_t i = 0; i < units && i < STEP; i++) {
        bool ascii = in[2 * i + 1] == 0 && in[2 * i] < 0x80, mark = ascii && (in[2 * i] == '"' || in[2 * i] == '\\');
        odd |= (uint32_t)(!ascii || mark || in[2 * i] < 0x20 || in[2 * i] == 0x7f) << i;
        *escaped |= (uint32_t)mark << i;
        to[i] = (char)in[2 * i];
    }
    return odd;
#endif
}

/* Puts a backslash before those marked among the len bytes at `to`. Steps are copied whole. */
static char *mark(char *to, size_t len, uint32_t marked)
{
    char step[2 * STEP] = {0};
    size_t at = 0;
    memcpy(step, to, STEP);
    for (; marked; marked &= marked - 1) {
        size_t k = (size_t)__builtin_ctz(marked);
        memcpy(to, step + at, STEP);
        to += k - at;
        *to++ = '\\';
        *to++ = step[k];
        at = k + 1;
    }
    memcpy(to, step + at, STEP);
    return to + (len - at);
}

/* The character at unit *i, which is neither ASCII as it stands nor one behind a backslash. */
static void write_odd(text *out, const uint8_t *bytes, size_t units, size_t *i)
{
    static const char letters[' '] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    const uint8_t *at = bytes + 2 * *i;
    char character[4];
    if (at[1] == 0 && at[0] < ' ' && letters[at[0]]) {
        char *to = text_reserve(out, 2);
        to[0] = '\\';
        to[1] = letters[at[0]];
        out->len += 2;
        ++*i;
        return;
    }
    text_put_json_inside(out, (pk_str){character, utf8_put(character, binxml_code_point(bytes, units, i))});
}

void evtx_write_text(const uint8_t *bytes, size_t units, text *out)
{
    while (units && bytes[2 * units - 1] == 0 && bytes[2 * units - 2] == 0) units--;
    char *to = text_reserve(out, 2 * units + 2 * STEP + 2);
    *to++ = '"';
    for (size_t i = 0; i < units;) {
        uint32_t marked, odd = narrow_step(to, bytes + 2 * i, units - i, &marked);
        if (!odd && units - i >= STEP) {
            to += STEP;
            i += STEP;
            continue;
        }
        size_t len = units - i < STEP ? units - i : STEP;
        odd &= (1u << len) - 1;
        if (odd & ~marked) len = (size_t)__builtin_ctz(odd & ~marked);
        marked &= (1u << len) - 1;
        to = marked ? mark(to, len, marked) : to + len;
        i += len;
        if (!(odd & ~marked)) continue;
        out->len = (size_t)(to - out->ptr);
        write_odd(out, bytes, units, &i);
        to = text_reserve(out, 2 * (units - i) + 2 * STEP + 2);
    }
    *to++ = '"';
    out->len = (size_t)(to - out->ptr);
}

void evtx_write_other(const binxml_value *v, scratch *s, text *out)
{
    char *to = text_reserve(out, BINXML_SHORT + 2), *end = binxml_put_short(to + 1, v);
    if (end) { /* which holds nothing that JSON would escape */
        *to = *end = '"';
        out->len += (size_t)(end - to) + 1;
        return;
    }
    value decoded = binxml_decode_any(s, v);
    value_write_json(out, &decoded);
}

static void write_value(const renderer *x, const binxml_value *v) { evtx_write_value(v, x->s, x->out); }

static bool has_text(const binxml_value *v) { return v->type != BINXML_NULL && v->type != BINXML_FRAGMENT; }

/* A value that is shown as "" where it stands alone, and left out beside attributes. */
static bool is_blank(const renderer *x, const binxml_value *v)
{
    if (v->size == 0) return true;
    if (v->type != BINXML_STRING && v->type != BINXML_ANSI_STRING) return false;
    return binxml_decode(x->s, v).type == VALUE_BLANK;
}

/* ---- elements ---- */

static void separate(text *out)
{
    if (out->ptr[out->len - 1] != '{') text_put_char(out, ',');
}

/* "#attributes" with those that are there; false: none is. */
static bool write_attributes(const renderer *x, const binxml_element *e)
{
    bool some = false;
    if (e->data == DATA_NAMED) return false;
    for (const binxml_attribute *a = e->attributes; a; a = a->next) {
        binxml_value room;
        const binxml_value *v = a->content && a->content->kind == CONTENT_SUBSTITUTION ? value_of(x, a->content, &room) : NULL;
        if (v && !has_text(v)) continue;
        if (!some) text_put_cstring(x->out, "{\"#attributes\":{");
        some = true;
        separate(x->out);
        text_put(x->out, a->json);
        if (v) write_value(x, v);
    }
    if (some) text_put_char(x->out, '}');
    return some;
}

static bool write_field(const renderer *x, binxml_element *e);

/* Is a root of a nested fragment a field of its own beside the children of the element around it? */
static bool stands_apart(const renderer *x, const binxml_element *parent, const binxml_element *root, uint32_t first)
{
    size_t seen = 0;
    if (!is_alone(parent, root)) return false;
    for (uint32_t next = first; next; next = x->r->fragments.at[next - 1].next)
        for (const binxml_element *e = x->r->fragments.at[next - 1].tree->roots; e; e = e->next)
            if (++seen > CHILDREN_LIMIT || e->data == DATA_COMPUTED || clash(e, root)) return false;
    return true;
}

static bool write_nested(const renderer *x, const binxml_element *parent, uint32_t first)
{
    for (uint32_t next = first; next; next = x->r->fragments.at[next - 1].next) {
        renderer inner = *x;
        inner.f = &x->r->fragments.at[next - 1];
        for (binxml_element *e = inner.f->tree->roots; e; e = e->next)
            if (!stands_apart(x, parent, e, first) || !write_field(&inner, e)) return false;
    }
    return true;
}

/* The children of an element that has some. */
static bool write_children(const renderer *x, const binxml_element *e)
{
    bool nested = false;
    for (const binxml_content *c = e->content; c; c = c->next) {
        if (c->kind == CONTENT_ELEMENT && !write_field(x, c->element)) return false;
        if (c->kind != CONTENT_SUBSTITUTION) continue;
        binxml_value room;
        const binxml_value *v = value_of(x, c, &room);
        if (has_text(v)) return false;
        if (v->type != BINXML_FRAGMENT || !v->fragment) continue;
        if (nested || !write_nested(x, e, v->fragment)) return false; /* two of them might hold the same names */
        nested = true;
    }
    return true;
}

/* The text beside attributes. */
static void write_text_member(const renderer *x, const binxml_element *e)
{
    const binxml_content *c = e->content;
    binxml_value room;
    const binxml_value *v = c && c->kind == CONTENT_SUBSTITUTION ? value_of(x, c, &room) : NULL;
    if (v ? !has_text(v) || is_blank(x, v) : !c || c->constant.type == VALUE_BLANK) return;
    text_put_cstring(x->out, ",\"#text\":");
    if (v) write_value(x, v);
    else text_put(x->out, e->json_constant);
}

/* What stands inside of a straight element; false: nothing that can be written straight. */
static bool write_inside(const renderer *x, const binxml_element *e)
{
    const binxml_content *c = e->content;
    binxml_value room;
    const binxml_value *v = c && c->kind == CONTENT_SUBSTITUTION && !e->has_elements ? value_of(x, c, &room) : NULL;
    bool children = e->has_elements || (v && v->type == BINXML_FRAGMENT && v->fragment);
    bool attributes = write_attributes(x, e);
    if (children) {
        if (!attributes) text_put_char(x->out, '{');
        if (!(e->has_elements ? write_children(x, e) : write_nested(x, e, v->fragment))) return false;
        text_put_char(x->out, '}');
    } else if (attributes) {
        write_text_member(x, e);
        text_put_char(x->out, '}');
    } else if (v && has_text(v)) {
        write_value(x, v);
    } else if (c && !v) {
        text_put(x->out, e->json_constant);
    } else {
        text_put_cstring(x->out, "\"\"");
    }
    return true;
}

/* The slow way: the fields that the element gives its parent, without the braces. */
static bool write_from_tree(const renderer *x, const binxml_element *e)
{
    value made = evtx_tree_element(x->r, x->f, e, x->s);
    for (size_t i = 0; i < made.as.record.count; i++) {
        separate(x->out);
        text_put_json(x->out, made.as.record.fields[i].name);
        text_put_char(x->out, ':');
        value_write_json(x->out, &made.as.record.fields[i].value);
    }
    return true;
}

/* A computed Name might be one that another element has. */
static bool write_field(const renderer *x, binxml_element *e)
{
    size_t before = x->out->len;
    if (is_prepared(x, e) && e->data != DATA_UNNAMED) {
        separate(x->out);
        text_put(x->out, e->json_key);
        if (write_inside(x, e)) return true;
        x->out->len = before;
    }
    return e->data != DATA_COMPUTED && write_from_tree(x, e);
}

void evtx_write_json(const evtx_record *r, arena *plans, scratch *s, text *out)
{
    renderer x = {r, &r->fragments.at[0], plans, s, out};
    size_t before = out->len;
    binxml_element *root = x.f->tree->roots;
    text_put_char(out, '{');
    if (!root->next && write_field(&x, root)) {
        text_put_char(out, '}');
        return;
    }
    out->len = before;
    value tree = evtx_tree(r, s);
    value_write_json(out, &tree);
}
