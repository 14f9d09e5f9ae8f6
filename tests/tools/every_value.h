/*
 * What readers give without a tree, against the tree: event_each_value the same scalars, whatever their order, and of texts
 * alone at least all those that count; event_write_json the same text; texts_may_hold looks at the ASCII of every text that counts.
 */
#ifndef PICKET_TESTS_TOOLS_EVERY_VALUE_H
#define PICKET_TESTS_TOOLS_EVERY_VALUE_H

#include "base/hash.h"
#include "base/unicode.h"
#include "event/event.h"

/* Sums of hashes: the same for the same values in any order. */
typedef struct {
    uint64_t all, texts;
    size_t count;
} value_sums;

/* A text that event_each_value must not leave out. */
static inline bool is_real_text(const value *v)
{
    if (v->type != VALUE_STRING) return false;
    for (size_t i = 0; i < v->as.string.len; i++)
        if (!is_number_character(v->as.string.ptr[i])) return true;
    return false;
}

static inline void sum_value(const value *v, void *user)
{
    value_sums *s = user;
    text json = {0};
    value_write_json(&json, v);
    uint64_t hash = hash_bytes(json.ptr, json.len, (uint64_t)v->type);
    text_free(&json);
    s->all += hash;
    if (is_real_text(v)) s->texts += hash;
    s->count++;
}

typedef struct {
    text texts;
    bool missed;
} looked_at;

static inline bool collect_text(const void *of, pk_str s)
{
    looked_at *look = (looked_at *)(uintptr_t)of;
    text_put(&look->texts, s);
    text_put_char(&look->texts, '\0');
    return false;
}

static inline bool collect_wide(const void *of, pk_str s)
{
    looked_at *look = (looked_at *)(uintptr_t)of;
    for (size_t i = 0; i + 1 < s.len; i += 2) text_put_char(&look->texts, (char)(s.ptr[i + 1] ? 0x80 : s.ptr[i]));
    text_put_char(&look->texts, '\0');
    return false;
}

static inline void look_for_ascii(const value *v, void *user)
{
    looked_at *look = user;
    if (!is_real_text(v)) return;
    pk_str s = v->as.string;
    for (size_t from = 0, to; from < s.len; from = to + 1) {
        for (to = from; to < s.len && !(s.ptr[to] & 0x80); to++) {}
        look->missed |= str_find(text_view(&look->texts), str_slice(s, from, to - from)) == STR_NPOS;
    }
}

static inline bool texts_hold_all(const event *e, const value *tree)
{
    looked_at look = {.missed = false};
    texts_look how = {&look, false, collect_text, collect_wide};
    if (e->texts_may_hold && !e->texts_may_hold(e, &how)) tree_each_scalar(tree, look_for_ascii, &look);
    text_free(&look.texts);
    return !look.missed;
}

static inline bool every_value_agrees(const event *e, const value *tree, arena *a)
{
    value_sums by_tree = {0}, all = {0}, texts = {0};
    tree_each_scalar(tree, sum_value, &by_tree);
    event_each_value(e, false, a, sum_value, &all);
    event_each_value(e, true, a, sum_value, &texts);
    text written = {0}, expected = {0};
    event_write_json(e, a, &written);
    value_write_json(&expected, tree);
    bool same_json = str_equal(text_view(&written), text_view(&expected));
    text_free(&written);
    text_free(&expected);
    if (!same_json || !texts_hold_all(e, tree)) return false;
    return all.count == by_tree.count && all.all == by_tree.all && texts.texts == by_tree.texts && texts.count <= all.count;
}

#endif
