/*
 * All texts of a record as one: the constants of its templates, then the values that are texts, a NUL between any two. It
 * holds every text of the record (and maybe values that the template does not show), at a fraction of what it costs to
 * take them one by one. Where an element's text is put together of pieces there is none.
 */
#include "formats/evtx/texts.h"

#include "event/event.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- constants ---- */

typedef struct {
    text out;
    bool composed;
} collecting;

/* event_each_value may leave them out. */
static bool looks_like_number(pk_str s)
{
    size_t i = 0;
    while (i < s.len && is_number_character(s.ptr[i])) i++;
    return i == s.len;
}

static void add_constant(collecting *c, const value *v)
{
    if (v->type != VALUE_STRING || looks_like_number(v->as.string)) return;
    text_put(&c->out, v->as.string);
    text_put_char(&c->out, '\0');
}

static void add_element(collecting *c, const binxml_element *e);

/* Several pieces that are no elements are one text. */
static void add_content(collecting *c, const binxml_content *first)
{
    size_t pieces = 0;
    for (const binxml_content *p = first; p; p = p->next) {
        pieces += p->kind != CONTENT_ELEMENT;
        if (p->kind == CONTENT_ELEMENT) add_element(c, p->element);
        else if (p->kind == CONTENT_CONSTANT) add_constant(c, &p->constant);
    }
    c->composed |= pieces > 1;
}

static void add_element(collecting *c, const binxml_element *e)
{
    for (const binxml_attribute *a = e->attributes; a; a = a->next)
        if (e->data != DATA_NAMED || !str_equal(a->name, STR("Name"))) add_content(c, a->content); /* it is the field's name */
    add_content(c, e->content);
}

static void collect_constants(evtx_template *t, arena *templates)
{
    collecting c = {.composed = false};
    for (const binxml_element *e = t->tree.roots; e; e = e->next) add_element(&c, e);
    t->texts = c.composed ? EVTX_TEXTS_COMPOSED : EVTX_TEXTS_KNOWN;
    t->constants = arena_str(templates, text_view(&c.out));
    text_free(&c.out);
}

/* ---- values ---- */

static bool is_wide(uint8_t type) { return (type & ~BINXML_ARRAY) == BINXML_STRING; }
static bool is_narrow(uint8_t type) { return (type & ~BINXML_ARRAY) == BINXML_ANSI_STRING; }

/* The two characters beyond ASCII that fold to letters of it (base/unicode.h). */
static bool holds_folding(const uint8_t *bytes, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        unsigned c = bytes[2 * i] | (unsigned)bytes[2 * i + 1] << 8;
        if (c == 0x17f || c == 0x212a) return true;
    }
    return false;
}

enum { STEP = 16 /* code units at a time: as many are written, and read, whatever is left */ };

/* UTF-16LE as bytes, what is not ASCII as any that is not; false: that cannot be done. */
static inline bool narrow(char *out, const uint8_t *bytes, size_t units)
{
    uint32_t others = 0;
#ifdef __SSE2__
    const __m128i high = _mm_set1_epi16((short)0xff80), zero = _mm_setzero_si128();
    for (size_t i = 0; i < units; i += STEP) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 2 * i));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 2 * i + 16));
        __m128i plain = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_and_si128(a, high), zero), _mm_cmpeq_epi16(_mm_and_si128(b, high), zero));
        uint32_t inside = units - i >= STEP ? 0xffff : (1u << (units - i)) - 1;
        _mm_storeu_si128((__m128i *)(void *)(out + i), _mm_packus_epi16(a, b));
        others |= ~(uint32_t)_mm_movemask_epi8(plain) & inside;
    }
#else
    for (size_t i = 0; i < units; i++) {
        unsigned c = bytes[2 * i] | (unsigned)bytes[2 * i + 1] << 8;
        out[i] = (char)(c < 0x80 ? c : 0x80);
        others |= c & ~0x7fu;
    }
#endif
    return !others || !holds_folding(bytes, units);
}

static bool copy_narrow(char *out, const uint8_t *bytes, size_t len)
{
    unsigned seen = 0;
    for (size_t i = 0; i < len; i++) out[i] = (char)bytes[i], seen |= bytes[i];
    return seen < 0x80;
}

/* No byte of the record is part of two values that are texts. */
static size_t room_for(const evtx_record *r)
{
    size_t room = r->size + r->values.len + STEP;
    for (size_t i = 0; i < r->fragments.len; i++) room += r->fragments.at[i].template->constants.len;
    return room;
}

pk_str evtx_texts(const evtx_record *r, arena *templates, arena *a)
{
    const pk_str none = {NULL, 0};
    for (size_t i = 0; i < r->fragments.len; i++) {
        evtx_template *t = r->fragments.at[i].template;
        if (t && t->texts == EVTX_TEXTS_UNKNOWN) collect_constants(t, templates);
        if (!t || t->texts == EVTX_TEXTS_COMPOSED) return none;
    }
    char *start = arena_alloc(a, room_for(r)), *to = start;
    for (size_t i = 0; i < r->fragments.len; i++) {
        pk_str constants = r->fragments.at[i].template->constants;
        if (constants.len) memcpy(to, constants.ptr, constants.len);
        to += constants.len;
    }
    for (size_t i = 0; i < r->values.len; i++) {
        const binxml_value *v = &r->values.at[i];
        if (is_wide(v->type)) {
            if (!narrow(to, v->bytes, v->size / 2u)) return none;
            to += v->size / 2u;
        } else if (is_narrow(v->type)) {
            if (!copy_narrow(to, v->bytes, v->size)) return none;
            to += v->size;
        } else {
            continue;
        }
        *to++ = '\0';
    }
    return (pk_str){start, (size_t)(to - start)};
}
