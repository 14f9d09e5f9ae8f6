/*
 * The walk follows the index: a record is its places, one after the other, and what stands there must be what the grammar
 * of RFC 8259 expects. Between the last byte of a scalar and the next place there is nothing but white space, so the end of
 * a scalar is found from behind.
 */
#include "formats/json/tokens.h"

#include "event/inner_text.h"
#include "formats/json/escapes.h"
#include "formats/json/number.h"
#include "formats/json/pairs.h"
#include "formats/json/scan.h"

enum { DEPTH_LIMIT = 256, INNER_DEPTH_LIMIT = 64 };

/* A scalar as it stands in the text; of a string what is between the quotes. */
typedef struct {
    const char *at;
    size_t len;
    char kind;                    /* its first byte; '"' for a string */
} json_token;

typedef struct {
    token_reader *r;
    const char *bytes;
    const uint32_t *at, *end;     /* the next place; behind the last that may be looked at */
    key_cell *key;                /* the last one met */
    bool plain_keys;              /* those of an object that may be a pair are compared as they stand */
    bool inner;                   /* the text of a string is walked, as if it were a record */
} walk;

static const key_cell nobody = {.to = PATH_NONE};

/* ---- scalars ---- */

static bool is_word(const json_token *t)
{
    switch (t->kind) {
    case 't': return t->len == 4 && memcmp(t->at, "true", 4) == 0;
    case 'f': return t->len == 5 && memcmp(t->at, "false", 5) == 0;
    case 'n': return t->len == 4 && memcmp(t->at, "null", 4) == 0;
    default: return false;
    }
}

/* The value of a token that is no string, unless `out` is NULL; false: it must be left to another parser. */
static inline bool other_value(const json_token *t, value *out)
{
    if (t->kind != 't' && t->kind != 'f' && t->kind != 'n') return number_read((pk_str){t->at, t->len}, out);
    if (out) *out = t->kind == 'n' ? value_null() : value_bool(t->kind == 't');
    return is_word(t);
}

/* The last byte before `next` that is no white space, plus one. */
static inline const char *end_of_scalar(const char *next)
{
    while (scan_is_blank(next[-1])) next--;
    return next;
}

/* The scalar between two places. The last byte of a string is its quote: whatever follows that has a place of its own. */
static inline json_token token_at(const char *bytes, const uint32_t *places)
{
    const char *p = bytes + places[0], *end = end_of_scalar(bytes + places[1]);
    if (*p == '"') return (json_token){p + 1, (size_t)(end - p) - 2, '"'};
    return (json_token){p, (size_t)(end - p), *p};
}

/* May the string be a record when its escapes are undone? */
static bool may_be_record(pk_str s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] == ' ') i++;
    return i < s.len && (s.ptr[i] == '{' || s.ptr[i] == '[' || s.ptr[i] == '<' || s.ptr[i] == '\\');
}

static bool walk_object(walk *w, const key_cell *here, unsigned depth);
static bool walk_pairs(walk *w, const uint32_t *open, path_node node);

/*
 * The text of a string, an object: by an index of its own, which takes a quarter of the work that a tree takes. What is odd in
 * it, and a text within the text, is left to event/inner_text.h: false, fields are as they were.
 */
static bool walk_inner_object(walk *w, const key_cell *here, const value *whole)
{
    token_reader *r = w->r;
    pk_str s = str_trim(whole->as.string);
    const size_t before = r->fields->at.len;
    const bool proved = r->proved;
    key_cell same = *here; /* keys below may take the cell's place */
    json_index index;
    if (w->inner || s.ptr[0] != '{' || !json_index_make(r->inner_indexer, s.ptr, s.len, &index) || index.count < 2) return false;
    walk inner = {.r = r, .bytes = s.ptr, .at = index.places, .end = index.places + index.count, .key = w->key, .inner = true};
    fields_put(r->fields, same.slots, same.slot_count, *whole);
    r->proved = index.plain;
    bool right = walk_object(&inner, &same, INNER_DEPTH_LIMIT) && inner.at == inner.end && inner.at[-1] + 1 == s.len;
    r->proved = proved;
    if (right) w->key = inner.key;
    else r->fields->at.len = before;
    return right;
}

/* A string below which something is asked for, as if it were a record. *opened: it may be one. false: an escape is wrong. */
static bool walk_inner(walk *w, const key_cell *here, pk_str s, bool *opened)
{
    token_reader *r = w->r;
    const path_node node = here->to; /* keys below may take the cell's place */
    *opened = false;
    if (!may_be_record(s)) return true;
    if (!escape_undo(r->arena, s, &s)) return false;
    *opened = inner_text_may_open(s);
    if (*opened && w->inner) return false;
    value v = value_string(s);
    if (*opened && !walk_inner_object(w, here, &v)) path_values(r->paths, node, &v, r->arena, fields_put_slot, r->fields);
    return true;
}

/* If escapes are proved already, nobody looks at a string that is not asked for. */
static inline bool walk_string(walk *w, const key_cell *here)
{
    token_reader *r = w->r;
    if (!here->asked && r->proved) return w->at++, true;
    json_token t = token_at(w->bytes, w->at++);
    pk_str s = {t.at, t.len};
    const char *end = t.at + t.len, *escape = escape_find(t.at, end);
    bool escaped = escape < end, opened;
    if (escaped && !r->proved && !escapes_are_right(escape, end)) return false;
    if (here->has_children) {
        if (!walk_inner(w, here, s, &opened)) return false;
        if (opened) return true;
    }
    fields_put_as(r->fields, here->slots, here->slot_count, value_string(s), escaped);
    return true;
}

static inline bool walk_other(walk *w, const key_cell *here)
{
    json_token t = token_at(w->bytes, w->at++);
    value v;
    if (!other_value(&t, here->slot_count ? &v : NULL)) return false;
    fields_put(w->r->fields, here->slots, here->slot_count, v);
    return true;
}

/* ---- containers ---- */

/* A list is transparent: each element stands where it stands. */
static bool walk_list(walk *w, const key_cell *here, unsigned depth);

static bool walk_value(walk *w, const key_cell *here, unsigned depth)
{
    switch (w->bytes[w->at[0]]) {
    case '{': return walk_object(w, here, depth);
    case '[': return walk_list(w, here, depth);
    case '"': return walk_string(w, here);
    default: return walk_other(w, here);
    }
}

static bool walk_list(walk *w, const key_cell *here, unsigned depth)
{
    key_cell same = *here; /* keys below may take the cell's place */
    if (depth == 0 || w->end - w->at < 2) return false;
    if (w->bytes[*++w->at] == ']') return w->at++, true;
    for (;;) {
        if (w->end - w->at < 2 || !walk_value(w, &same, depth - 1) || w->at == w->end) return false;
        char c = w->bytes[*w->at++];
        if (c == ']') return true;
        if (c != ',') return false;
    }
}

/* The key behind the bracket or comma at hand, with its quotes gone, and a value that does not end the text; false: there is none. */
static inline bool key_follows(const walk *w, bool first, pk_str *key)
{
    const uint32_t *at = w->at;
    if (w->end - at < 5 || w->bytes[at[0]] != (first ? '{' : ',') || w->bytes[at[1]] != '"' || w->bytes[at[2]] != ':') return false;
    json_token t = token_at(w->bytes, at + 1);
    *key = (pk_str){t.at, t.len};
    return true;
}

/* The cell of the key behind the place at hand, which is not the expected one; NULL: no key, or one with escapes. */
static key_cell *cell_of(walk *w, key_from from)
{
    const char *start = w->bytes + w->at[0];
    pk_str key;
    if (key_stands_at(w->key->other, from, start)) return key_expect_other(w->key);
    if (!key_follows(w, from & KEY_FIRST, &key) || escape_is_in(key)) return NULL;
    const char *to = w->bytes + w->at[3];
    const bool string = *to == '"';
    key_stretch s = {start, (size_t)(to - start) + string, key, string};
    return key_memory_look_up(w->r->keys, w->key, from, &s);
}

static inline bool object_ends(walk *w)
{
    if (w->at == w->end || w->bytes[*w->at] != '}') return false;
    w->at++;
    return true;
}

/* A string with a field and nothing in it, whose escapes are right, if it has any: nobody looks. */
static inline void take_string(token_reader *r, const key_cell *key, const char *bytes, const uint32_t *at)
{
    const char *p = bytes + at[0] + 1, *end = end_of_scalar(bytes + at[1]) - 1;
    fields_put_as(r->fields, key->slots, key->slot_count, value_string((pk_str){p, (size_t)(end - p)}), true);
}

/* The same for a short number; false: it is none. */
static inline bool take_number(token_reader *r, const key_cell *key, const char *bytes, const uint32_t *at)
{
    uint64_t digits;
    if (!number_is_short(bytes + at[0], at[1] - at[0], &digits)) return false;
    if (key->slot_count) fields_put(r->fields, key->slots, key->slot_count, value_int((int64_t)number_of_digits(digits)));
    return true;
}

/* The members of an object at its bracket, and what closes it. Most are passed or taken here, in three or four steps. */
static bool walk_members(walk *w, path_node node, unsigned depth)
{
    const char *const bytes = w->bytes;
    const bool proved = w->r->proved;
    const uint32_t *at = w->at, *const end = w->end;
    key_cell *key = w->key;
    for (key_from from = key_from_first(node); at < end; from = key_from_next(node)) {
        key_cell *next = key->next;
        if (!key_stands_at(next, from, bytes + *at)) {
            w->at = at;
            w->key = key;
            if (!(from & KEY_FIRST) && object_ends(w)) return true;
            if (!(next = cell_of(w, from))) return false;
        }
        key = next;
        __builtin_prefetch(key->next);
        if (key->passed && proved) {
            at += 4;
            continue;
        }
        if (end - at < 5) return false;
        if (key->taken && proved) {
            take_string(w->r, key, bytes, at + 3);
        } else if (!take_number(w->r, key, bytes, at + 3)) {
            w->at = at + 3;
            w->key = key;
            if (!walk_value(w, key, depth)) return false;
            at = w->at;
            key = w->key;
            continue;
        }
        at += 4;
    }
    return false;
}

/* The same of an object in which nobody asks for anything. */
static bool pass_members(walk *w, unsigned depth)
{
    const bool proved = w->r->proved && !w->plain_keys;
    pk_str key;
    for (bool first = true; first || !object_ends(w); first = false) {
        if (!key_follows(w, first, &key) || (!proved && escape_is_in(key))) return false;
        w->at += 3;
        if (!walk_value(w, &nobody, depth)) return false;
    }
    return true;
}

static bool walk_object(walk *w, const key_cell *here, unsigned depth)
{
    const uint32_t *open = w->at;
    const path_node at = here->to;
    const bool pairs = here->has_pairs, plain_keys = w->plain_keys; /* keys below may take the cell's place */
    if (depth == 0 || w->end - w->at < 2) return false;
    w->plain_keys |= pairs;
    if (w->bytes[w->at[1]] == '}') w->at += 2;
    else if (!(here->has_children ? walk_members(w, at, depth - 1) : pass_members(w, depth - 1))) return false;
    w->plain_keys = plain_keys;
    return !pairs || walk_pairs(w, open, at);
}

/* ---- pairs, in objects that are right ---- */

static bool walk_pair(walk *w, const uint32_t *open, const path_pair *pair)
{
    token_reader *r = w->r;
    pk_str name;
    walk look = *w;
    if (!(look.at = pair_choose(w->bytes, open, pair->names, pair->name_count)) || w->bytes[*look.at] != '"') return true;
    json_token t = token_at(w->bytes, look.at);
    if (!escape_undo(r->arena, (pk_str){t.at, t.len}, &name)) return false;
    key_cell cell = {.to = name.len ? path_child(r->paths, pair->below, name) : PATH_NONE};
    if (cell.to == PATH_NONE) return true;
    cell.slot_count = (uint32_t)path_node_slots(r->paths, cell.to, &cell.slots);
    cell.has_children = path_node_has_children(r->paths, cell.to);
    const path_pair *below;
    cell.has_pairs = path_node_pairs(r->paths, cell.to, &below) > 0;
    cell.asked = true;
    look.at = pair_choose(w->bytes, open, pair->values, pair->value_count);
    if (look.at) return walk_value(&look, &cell, DEPTH_LIMIT);
    fields_put(r->fields, cell.slots, cell.slot_count, (value){.type = VALUE_BLANK});
    return true;
}

/* As path_pair_field, and what it leads to. */
static bool walk_pairs(walk *w, const uint32_t *open, path_node node)
{
    const path_pair *pairs;
    size_t count = path_node_pairs(w->r->paths, node, &pairs);
    for (size_t i = 0; i < count; i++)
        if (!walk_pair(w, open, &pairs[i])) return false;
    return true;
}

/* ---- records ---- */

bool tokens_read(token_reader *r, const char *bytes, size_t end, const uint32_t *places, size_t *count)
{
    size_t before = r->fields->at.len;
    walk w = {.r = r, .bytes = bytes, .at = places, .end = places + *count};
    const key_cell *root = r->keys ? (w.key = key_memory_root(r->keys)) : &nobody;
    if (bytes[*places] == '{' && walk_object(&w, root, DEPTH_LIMIT) && w.at[-1] + 1 == end) {
        *count = (size_t)(w.at - places);
        r->bytes = bytes;
        r->places = places;
        r->place_count = *count;
        return true;
    }
    r->fields->at.len = before;
    return false;
}

pk_str tokens_string(const token_reader *r, size_t place)
{
    json_token t = token_at(r->bytes, r->places + place);
    return (pk_str){t.at, t.len};
}

value tokens_value(const token_reader *r, size_t place, arena *a)
{
    json_token t = token_at(r->bytes, r->places + place);
    pk_str s = {t.at, t.len};
    value v = {.type = VALUE_NULL};
    if (t.kind == '"' && escape_is_in(s)) (void)!escape_undo(a, s, &s); /* was proved, as numbers were */
    if (t.kind == '"') return value_string(s);
    (void)!other_value(&t, &v);
    return v;
}

void tokens_each_value(token_reader *r, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user)
{
    for (size_t i = 0; i + 1 < r->place_count; i++) { /* the last one is a bracket */
        char c = r->bytes[r->places[i]], next = r->bytes[r->places[i + 1]];
        if (next == ':' || c == ':' || c == ',' || (c | 0x20) == '{' || (c | 0x20) == '}' || (texts_only && c != '"')) continue;
        value v = tokens_value(r, i, a);
        fn(&v, user);
    }
}
