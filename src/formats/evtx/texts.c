/*
 * All texts of a record at once: the constants of its templates, looked at once for each, and the values that are texts, where
 * they lie and as they are encoded (and maybe values that the template does not show), at a fraction of what it costs to take
 * them one by one. Where an element's text is put together of pieces nothing can be said.
 */
#include "formats/evtx/texts.h"

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

/*
 * Texts in UTF-16 of a record that are looked at together, with what lies between them (that costs less than to tell them apart):
 * those an even number of bytes apart, and so near that beginning anew would cost more.
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

static bool values_may_hold(wide_span *s, const evtx_record *r, const evtx_fragment *f)
{
    const evtx_kinds *k = f->kinds;
    const evtx_value *v = r->values.at + f->first;
    const uint8_t *chunk = r->chunk.bytes;
    for (size_t i = 0; i < k->wide.len; i++) {
        const evtx_value *from = &v[k->wide.at[i].first], *to = &v[k->wide.at[i].last];
        if (add_wide(s, chunk + from->place, chunk + to->place + to->size)) return true;
    }
    for (size_t i = 0; i < k->narrow.len; i++) {
        const evtx_value *n = &v[k->narrow.at[i]];
        if (n->size && s->look->in_text(s->look->of, (pk_str){(const char *)chunk + n->place, n->size})) return true;
    }
    return false;
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
