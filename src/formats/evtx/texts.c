/*
 * All texts of a record at once: the constants of its templates, looked at once for each, and the values that are texts, where
 * they lie and as they are encoded (and maybe values that the template does not show), at a fraction of what it costs to take
 * them one by one. Where an element's text is put together of pieces nothing can be said.
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

static bool constants_may_hold(evtx_template *t, const texts_look *look)
{
    for (size_t i = 0; i < EVTX_LOOKS && look->lasting; i++)
        if (t->looks[i].of == look->of) return t->looks[i].may_hold;
    bool may_hold = look->in_text(look->of, t->constants);
    if (look->lasting) t->looks[t->next_look++ % EVTX_LOOKS] = (evtx_look){look->of, may_hold};
    return may_hold;
}

/* ---- values ---- */

static bool is_narrow(uint8_t type) { return (type & ~BINXML_ARRAY) == BINXML_ANSI_STRING; }

/*
 * Texts in UTF-16 of a record that are looked at together, with what lies between them: those an even number of bytes apart, and so
 * near that beginning anew would cost more.
 */
typedef struct {
    const uint8_t *from, *to;
    const texts_look *look;
} wide_span;

enum { NEAR = 192 };

static bool span_may_hold(const wide_span *s)
{
    return s->from < s->to && s->look->in_wide(s->look->of, (pk_str){(const char *)s->from, (size_t)(s->to - s->from)});
}

static inline bool add_wide(wide_span *s, const uint8_t *from, const uint8_t *to)
{
    if ((uintptr_t)from - (uintptr_t)s->to > NEAR || ((uintptr_t)from - (uintptr_t)s->from) & 1) {
        if (span_may_hold(s)) return true;
        s->from = from;
    }
    s->to = to;
    return false;
}

/* Which of the four values from i on are texts in UTF-16; bits of those behind the last mean nothing. */
static inline uint32_t wide_of_four(const evtx_fragment *f, uint32_t i)
{
    if (!f->descriptors) return 15;
#ifdef __SSE2__
    __m128i four = _mm_loadu_si128((const __m128i *)(const void *)(f->descriptors + 4 * (size_t)i));
    __m128i kinds = _mm_and_si128(four, _mm_set1_epi32((BINXML_ARRAY - 1) << 16));
    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(kinds, _mm_set1_epi32(BINXML_STRING << 16))));
#else
    uint32_t found = 0;
    for (uint32_t k = 0; k < 4 && i + k < f->count; k++) found |= (uint32_t)((f->descriptors[4 * (i + k) + 2] & 0x7f) == BINXML_STRING) << k;
    return found;
#endif
}

static bool some_wide_may_hold(wide_span *s, const uint8_t *chunk, const evtx_value *v, const evtx_fragment *f)
{
    for (uint32_t i = 0; i < f->count; i += 4) {
        for (uint32_t found = wide_of_four(f, i); found; found &= found - 1) {
            uint32_t k = i + (uint32_t)__builtin_ctz(found);
            if (k >= f->count) break;
            if (add_wide(s, chunk + v[k].place, chunk + v[k].place + v[k].size)) return true;
        }
    }
    return false;
}

static bool some_narrow_may_hold(const uint8_t *chunk, const evtx_value *v, const evtx_fragment *f, const texts_look *look)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (is_narrow(v[i].type) && v[i].size && look->in_text(look->of, (pk_str){(const char *)chunk + v[i].place, v[i].size})) return true;
    return false;
}

/* Where all texts begin at even places, what lies between them is looked at as well: that costs less than to tell them apart. */
static bool values_may_hold(wide_span *s, const evtx_record *r, const evtx_fragment *f)
{
    if (f->count == 0) return false;
    const evtx_value *v = &r->values.at[f->first], *last = v + f->count - 1;
    const uint8_t *chunk = r->chunk.bytes;
    if (!f->layout) return add_wide(s, chunk + v->place, chunk + last->place + last->size);
    return some_wide_may_hold(s, chunk, v, f) || (f->layout & VALUES_ANSI && some_narrow_may_hold(chunk, v, f, s->look));
}

bool evtx_texts_may_hold(const evtx_record *r, arena *templates, const texts_look *look)
{
    wide_span s = {.look = look};
    for (size_t i = 0; i < r->fragments.len; i++) {
        const evtx_fragment *f = &r->fragments.at[i];
        evtx_template *t = f->template;
        if (t && t->texts == EVTX_TEXTS_UNKNOWN) collect_constants(t, templates);
        if (!t || t->texts == EVTX_TEXTS_COMPOSED) return true;
        if (constants_may_hold(t, look) || values_may_hold(&s, r, f)) return true;
    }
    return span_may_hold(&s);
}
