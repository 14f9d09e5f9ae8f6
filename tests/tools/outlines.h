/*
 * Outlines of records (event.h) against their trees: filled with the values of its places the outline is the tree, and records of the
 * same key have the same outline. An outline_book holds those met so far.
 */
#ifndef PICKET_TESTS_TOOLS_OUTLINES_H
#define PICKET_TESTS_TOOLS_OUTLINES_H

#include "base/hash.h"
#include "event/event.h"
#include "event/inner_text.h"

typedef struct {
    arena *arena;
    table keys;                   /* -> numbers of texts */
    VEC(pk_str) texts;
    size_t told, untold;          /* records with an outline, and others */
} outline_book;

static inline void outline_book_free(outline_book *b)
{
    table_free(&b->keys);
    vec_free(&b->texts);
    arena_free(b->arena);
}

/* With the values of the event, or numbers of places and whether a text there may be opened. */
static inline value outline_filled(const event *e, const value *v, bool numbers, arena *a)
{
    value out = *v;
    if (v->type == VALUE_TIME) {
        out = e->outline->value(e, (uint32_t)v->as.time);
        bool opens = out.type == VALUE_STRING && inner_text_may_open(out.as.string);
        if (numbers) out = value_int(2 * v->as.time + opens);
    } else if (v->type == VALUE_LIST) {
        out.as.list.items = ARENA_ARRAY(a, value, v->as.list.count + 1);
        for (size_t i = 0; i < v->as.list.count; i++) out.as.list.items[i] = outline_filled(e, &v->as.list.items[i], numbers, a);
    } else if (v->type == VALUE_RECORD) {
        out.as.record.fields = ARENA_ARRAY(a, value_field, v->as.record.count + 1);
        for (size_t i = 0; i < v->as.record.count; i++)
            out.as.record.fields[i] = (value_field){v->as.record.fields[i].name, outline_filled(e, &v->as.record.fields[i].value, numbers, a)};
    }
    return out;
}

static inline bool same_as_before(outline_book *b, pk_str key, pk_str json)
{
    uint32_t number = table_get(&b->keys, key);
    if (number != TABLE_NONE) return str_equal(b->texts.at[number], json);
    table_put(&b->keys, arena_str(b->arena, key), (uint32_t)b->texts.len);
    pk_str kept = arena_str(b->arena, json);
    vec_push(&b->texts, kept);
    return true;
}

static inline bool places_are_written(const event *e, uint32_t places, const value *v)
{
    if (v->type == VALUE_TIME) {
        text written = {0}, expected = {0};
        uint32_t place = (uint32_t)v->as.time;
        if (place >= places) return false;
        value here = e->outline->value(e, place);
        text_put_char(&expected, '<');
        value_write_json(&expected, &here);
        char between[1 + TEXT_PADDING] = "<";
        outline_place only = {1, place};
        e->outline->write_json(e, &(outline_json){{between, 1}, &only, 1}, &written);
        bool same = str_equal(text_view(&written), text_view(&expected));
        text_free(&written);
        text_free(&expected);
        return same;
    }
    bool good = true;
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++) good &= places_are_written(e, places, &v->as.list.items[i]);
    for (size_t i = 0; v->type == VALUE_RECORD && i < v->as.record.count; i++) good &= places_are_written(e, places, &v->as.record.fields[i].value);
    return good;
}

static inline bool outline_agrees(outline_book *b, const event *e, const value *tree, arena *a)
{
    text key = {0}, json = {0};
    uint32_t places;
    if (!b->arena) b->arena = arena_new();
    bool told = e->outline && e->outline->key(e, &key, &places);
    value outline = told ? e->outline->tree(e, a) : (value){.type = VALUE_MISSING};
    value_write_json(&json, &outline);
    bool good = true;
    if (outline.type != VALUE_MISSING) {
        value filled = outline_filled(e, &outline, false, a), numbered = outline_filled(e, &outline, true, a);
        text_clear(&json);
        value_write_json(&json, &numbered);
        good = value_equal(&filled, tree) && places_are_written(e, places, &outline);
        b->told++;
    } else {
        b->untold++;
    }
    good &= !told || same_as_before(b, text_view(&key), text_view(&json));
    text_free(&key);
    text_free(&json);
    return good;
}

#endif
