/*
 * All texts of a record as one: the constants of its templates, then the values that are texts, a NUL between any two. It
 * holds every text of the record (and maybe values that the template does not show), at a fraction of what it costs to
 * take them one by one. Where an element's text is put together of pieces there is none.
 */
#include "formats/evtx/texts.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- constants ---- */

typedef struct {
    text out;
    bool composed;
} collecting;

static void add_constant(collecting *c, const value *v)
{
    if (v->type != VALUE_STRING) return;
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
    for (const binxml_attribute *a = e->attributes; a; a = a->next) add_content(c, a->content);
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

#ifdef __SSE2__
/* Sixteen code units as bytes, those that no byte holds as 0 or 0xff; *all: or-ed together. */
static inline void narrow_16(char *out, const uint8_t *bytes, __m128i *all)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)bytes), b = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16));
    *all = _mm_or_si128(*all, _mm_or_si128(a, b));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_packus_epi16(a, b));
}

static inline void narrow_8(char *out, const uint8_t *bytes, __m128i *all)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    *all = _mm_or_si128(*all, a);
    _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(a, a));
}
#endif

/* The two characters beyond ASCII that fold to letters of it (base/unicode.h). */
static bool holds_folding(const uint8_t *bytes, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        unsigned c = bytes[2 * i] | (unsigned)bytes[2 * i + 1] << 8;
        if (c == 0x17f || c == 0x212a) return true;
    }
    return false;
}

/* UTF-16LE as bytes, what is not ASCII as any that is not; false: that cannot be done. */
static bool narrow(char *out, const uint8_t *bytes, size_t units)
{
    size_t i = 0;
    unsigned seen = 0;
#ifdef __SSE2__
    __m128i all = _mm_setzero_si128();
    if (units >= 8) { /* the last ones twice, rather than one by one */
        for (; i + 16 <= units; i += 16) narrow_16(out + i, bytes + 2 * i, &all);
        if (i < units && units >= 16) narrow_16(out + units - 16, bytes + 2 * (units - 16), &all);
        else if (i < units) narrow_8(out, bytes, &all), narrow_8(out + units - 8, bytes + 2 * (units - 8), &all);
        i = units;
        all = _mm_and_si128(all, _mm_set1_epi16((short)0xff80));
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_setzero_si128())) != 0xffff) seen = 0x80;
    }
#endif
    for (; i < units; i++) {
        unsigned c = bytes[2 * i] | (unsigned)bytes[2 * i + 1] << 8;
        out[i] = (char)(c < 0x80 ? c : 0x80);
        seen |= c;
    }
    return seen < 0x80 || !holds_folding(bytes, units);
}

static bool copy_narrow(char *out, const uint8_t *bytes, size_t len)
{
    unsigned seen = 0;
    for (size_t i = 0; i < len; i++) out[i] = (char)bytes[i], seen |= bytes[i];
    return seen < 0x80;
}

static size_t room_for(const evtx_record *r)
{
    size_t room = 0;
    for (size_t i = 0; i < r->fragments.len; i++) room += r->fragments.at[i].template->constants.len;
    for (size_t i = 0; i < r->values.len; i++) room += r->values.at[i].size + 1u;
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
    char *start = arena_alloc(a, room_for(r) + 1), *to = start;
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
