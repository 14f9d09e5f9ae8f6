#include "formats/evtx/outline.h"

#include <sys/random.h>

#include "event/inner_text.h"
#include "formats/evtx/reader.h"
#include "formats/evtx/render.h"
#include "formats/evtx/tree.h"

typedef enum {
    KIND_NULL = 'n',
    KIND_BLANK = 'b',
    KIND_VALUE = 'v',
    KIND_TEXT = 't',                 /* a string that may hold a record */
    KIND_FRAGMENT = 'f',
    KIND_LIST = 'l',
} value_kind;

enum { VALUES_LIMIT = 4000 };        /* of a record that is told so, and elements of its lists */

void evtx_places_init(evtx_places *p)
{
    *p = (evtx_places){0};
    if (getrandom(&p->reader, sizeof p->reader, 0) != (ssize_t)sizeof p->reader) p->reader = 0;
}

void evtx_places_free(evtx_places *p)
{
    vec_free(&p->kinds);
    vec_free(&p->elements);
    vec_free(&p->lists);
    vec_free(&p->nested);
}

/* ---- the key ---- */

static value_kind kind_of_decoded(const value *v)
{
    if (v->type == VALUE_BLANK) return KIND_BLANK;
    return v->type == VALUE_STRING && inner_text_may_open(v->as.string) ? KIND_TEXT : KIND_VALUE;
}

/* Is a text so plain that its first character tells? */
static inline bool begins_plainly(uint8_t c) { return c > ' ' && c != '{' && c != '[' && c != '<'; }

static value_kind keep_list(reader *r, size_t number, const binxml_value *v)
{
    evtx_places *p = &r->places;
    value list = binxml_decode(&r->texts, v);
    if (list.type != VALUE_LIST) return kind_of_decoded(&list);
    vec_push(&p->lists, ((evtx_place_list){(uint32_t)number, (uint32_t)(r->record.values.len + p->elements.len),
                                           (uint32_t)list.as.list.count}));
    for (size_t i = 0; i < list.as.list.count; i++) vec_push(&p->elements, list.as.list.items[i]);
    return KIND_LIST;
}

static value_kind kind_of_other(reader *r, size_t number)
{
    binxml_value room;
    const binxml_value *v = evtx_value_of(&r->record, number, &room);
    if (v->type & BINXML_ARRAY) return keep_list(r, number, v);
    value decoded = binxml_decode(&r->texts, v);
    return kind_of_decoded(&decoded);
}

static inline value_kind kind_of(reader *r, size_t number)
{
    evtx_value v = r->record.values.at[number];
    bool is_text = v.type == BINXML_STRING || v.type == BINXML_ANSI_STRING;
    if (v.type == BINXML_NULL) return KIND_NULL;
    if (v.type == BINXML_FRAGMENT) return KIND_FRAGMENT;
    if (v.size == 0) return KIND_BLANK;
    if (is_text ? v.size > 1 && begins_plainly(r->record.chunk.bytes[v.place]) : !(v.type & BINXML_ARRAY)) return KIND_VALUE;
    return kind_of_other(r, number);
}

static void put_number(text *key, uint64_t n)
{
    memcpy(text_reserve(key, sizeof n), &n, sizeof n);
    key->len += sizeof n;
}

static void put_fragments(const evtx_record *r, text *key)
{
    for (size_t i = 0; i < r->fragments.len; i++) {
        const evtx_fragment *f = &r->fragments.at[i];
        put_number(key, f->template->number);
        put_number(key, (uint64_t)f->count << 32 | f->next);
    }
}

static void put_nested_and_lists(const evtx_places *p, text *key)
{
    for (size_t i = 0; i < p->nested.len; i++) put_number(key, p->nested.at[i]);
    for (size_t i = 0; i < p->lists.len; i++) put_number(key, p->lists.at[i].count);
    for (size_t i = 0; i < p->elements.len; i++) text_put_char(key, (char)kind_of_decoded(&p->elements.at[i]));
}

static bool outline_key(const event *e, text *key, uint32_t *places)
{
    reader *r = (reader *)e->reader; /* which keeps what it finds out about the record */
    evtx_places *p = &r->places;
    const evtx_record *x = &r->record;
    if (!p->reader || x->values.len > VALUES_LIMIT) return false;
    for (size_t i = 0; i < x->fragments.len; i++)
        if (!x->fragments.at[i].template) return false;
    p->kinds.len = p->elements.len = p->lists.len = p->nested.len = 0;
    vec_reserve(&p->kinds, x->values.len + 1);
    for (size_t i = 0; i < x->values.len; i++) {
        value_kind k = kind_of(r, i);
        p->kinds.at[i] = (uint8_t)k;
        if (k == KIND_FRAGMENT) vec_push(&p->nested, x->values.at[i].place);
    }
    p->kinds.len = x->values.len;
    if (p->elements.len > VALUES_LIMIT) return false;
    put_number(key, p->reader);
    put_number(key, x->fragments.len);
    put_fragments(x, key);
    text_put(key, (pk_str){(const char *)p->kinds.at, p->kinds.len});
    put_nested_and_lists(p, key);
    *places = (uint32_t)(x->values.len + p->elements.len);
    return true;
}

/* ---- places ---- */

static value place(size_t number) { return (value){.type = VALUE_TIME, .as.time = (timestamp)number}; }

static value place_list(const evtx_place_list *l, arena *a)
{
    list_builder elements = {0};
    for (uint32_t i = 0; i < l->count; i++) list_add(a, &elements, place(l->first + i));
    return list_done(&elements);
}

value evtx_place_of(const evtx_places *p, size_t number, arena *a)
{
    if (p->kinds.at[number] == KIND_BLANK) return (value){.type = VALUE_BLANK};
    for (size_t i = 0; i < p->lists.len; i++)
        if (p->lists.at[i].value == number) return place_list(&p->lists.at[i], a);
    return place(number);
}

static value outline_tree(const event *e, arena *a)
{
    const reader *r = e->reader;
    scratch s = {.arena = a, .buffer = 4 << 10};
    return evtx_tree_of_places(&r->record, &r->places, &s);
}

static value outline_value(const event *e, uint32_t number)
{
    reader *r = (reader *)e->reader; /* whose scratch memory is filled */
    binxml_value room;
    if (number < r->record.values.len) return binxml_decode(&r->texts, evtx_value_of(&r->record, number, &room));
    return r->places.elements.at[number - r->record.values.len];
}

static void outline_write_json(const event *e, const outline_json *j, text *out)
{
    reader *r = (reader *)e->reader;
    const size_t values = r->record.values.len;
    size_t written = 0;
    for (size_t i = 0; i < j->count; i++) {
        binxml_value room;
        outline_place p = j->places[i];
        text_put_padded(out, j->text.ptr + written, p.at - written);
        if (p.place < values) evtx_write_value(evtx_value_of(&r->record, p.place, &room), &r->texts, out);
        else value_write_json(out, &r->places.elements.at[p.place - values]);
        written = p.at;
    }
    text_put(out, str_slice(j->text, written, STR_NPOS));
}

const event_outline evtx_outline = {.key = outline_key, .tree = outline_tree, .value = outline_value, .write_json = outline_write_json};
