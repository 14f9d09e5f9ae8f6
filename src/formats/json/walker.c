/*
 * Each function takes the place where its part of the grammar (RFC 8259) begins and gives the one behind it, or NULL. Each step begins before
 * `end`, and behind that there is room for a whole one. Compiled twice: see walker_avx2.c.
 */
#include "formats/json/walker.h"

#include "event/inner_text.h"
#include "formats/json/escapes.h"
#include "formats/json/number.h"
#include "formats/json/pairs.h"
#include "formats/json/scan.h"
#include "formats/json/strings.h"

enum { DEPTH_LIMIT = 256, INNER_DEPTH_LIMIT = 64 };

typedef struct {
    walker *r;
    const char *end;
    key_cell *key;                /* the last one met */
    bool plain_keys;              /* those of an object that may be a pair are compared as they stand */
    bool inner;                   /* the text of a string is walked, as if it were a record */
} walk;

static const key_cell nobody = {.to = PATH_NONE};

/* The first byte from p on that is no white space; 0: there is none. */
static inline char pass_blanks(const walk *w, const char **p)
{
    while (*p < w->end && scan_is_blank(**p)) ++*p;
    return *p < w->end ? **p : 0;
}

static const char *walk_value(walk *w, const key_cell *here, const char *p, unsigned depth);
static const char *walk_object(walk *w, const key_cell *here, const char *p, unsigned depth);
static bool walk_pairs(walk *w, const char *open, path_node node);

/* ---- scalars ---- */

/* May the string be a record when its escapes are undone? */
static bool may_be_record(pk_str s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] == ' ') i++;
    return i < s.len && (s.ptr[i] == '{' || s.ptr[i] == '[' || s.ptr[i] == '<' || s.ptr[i] == '\\');
}

/*
 * The text of a string, an object: walked like a record, which takes a quarter of the work that a tree takes. What is odd in
 * it, and a text within the text, is left to event/inner_text.h: false, fields are as they were.
 */
static bool walk_inner_object(walk *w, const key_cell *here, const value *whole)
{
    walker *r = w->r;
    pk_str s = str_trim(whole->as.string);
    const size_t before = r->fields->at.len;
    key_cell same = *here; /* keys below may take the cell's place */
    if (w->inner || s.ptr[0] != '{') return false;
    walk inner = {.r = r, .end = s.ptr + s.len, .key = w->key, .inner = true};
    fields_put(r->fields, same.slots, same.slot_count, *whole);
    const bool right = walk_object(&inner, &same, s.ptr, INNER_DEPTH_LIMIT) == inner.end;
    if (right) w->key = inner.key;
    else r->fields->at.len = before;
    return right;
}

/* A string below which something is asked for, as if it were a record. *opened: it may be one. false: it is left to others. */
static bool walk_inner(walk *w, const key_cell *here, pk_str s, bool *opened)
{
    walker *r = w->r;
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

/* p: behind the opening quote. */
static inline const char *walk_text(walk *w, const key_cell *here, const char *p)
{
    bool escaped;
    const char *close = string_close(p, w->end, &escaped);
    if (!close) return NULL;
    if (here->slot_count) fields_put_as(w->r->fields, here->slots, here->slot_count, value_string((pk_str){p, (size_t)(close - p)}), escaped);
    return close + 1;
}

static const char *walk_string(walk *w, const key_cell *here, const char *p)
{
    bool escaped, opened;
    if (!here->has_children) return walk_text(w, here, p);
    const char *close = string_close(p, w->end, &escaped);
    const pk_str s = {p, close ? (size_t)(close - p) : 0};
    if (!close || !walk_inner(w, here, s, &opened)) return NULL;
    if (!opened) fields_put_as(w->r->fields, here->slots, here->slot_count, value_string(s), escaped);
    return close + 1;
}

static const char *walk_other(walk *w, const key_cell *here, const char *p)
{
    const char *behind = p;
    value v;
    while (behind < w->end && !scan_is_blank(*behind) && *behind != ',' && *behind != '}' && *behind != ']') behind++;
    if (!scalar_read((pk_str){p, (size_t)(behind - p)}, here->slot_count ? &v : NULL)) return NULL;
    if (here->slot_count) fields_put(w->r->fields, here->slots, here->slot_count, v);
    return behind;
}

/* ---- containers ---- */

/* A list is transparent: each element stands where it stands. */
static const char *walk_list(walk *w, const key_cell *here, const char *p, unsigned depth)
{
    key_cell same = *here; /* keys below may take the cell's place */
    if (depth == 0) return NULL;
    p++;
    if (pass_blanks(w, &p) == ']') return p + 1;
    for (;;) {
        pass_blanks(w, &p);
        if (!(p = walk_value(w, &same, p, depth - 1))) return NULL;
        char c = pass_blanks(w, &p);
        if (c == ']') return p + 1;
        if (c != ',') return NULL;
        p++;
    }
}

static const char *walk_value(walk *w, const key_cell *here, const char *p, unsigned depth)
{
    if (p >= w->end) return NULL;
    switch (*p) {
    case '{': return walk_object(w, here, p, depth);
    case '[': return walk_list(w, here, p, depth);
    case '"': return walk_string(w, here, p + 1);
    default: return walk_other(w, here, p);
    }
}

/* The key behind the bracket or comma at p, with its quotes gone: the place of its value. NULL: there is none. */
static const char *key_at(const walk *w, const char *p, pk_str *key, bool *escaped)
{
    p++;
    if (pass_blanks(w, &p) != '"') return NULL;
    const char *close = string_close(++p, w->end, escaped);
    if (!close) return NULL;
    *key = (pk_str){p, (size_t)(close - p)};
    p = close + 1;
    if (pass_blanks(w, &p) != ':') return NULL;
    p++;
    return pass_blanks(w, &p) ? p : NULL;
}

/* The cell of the key behind the bracket or comma at *p, which is not the expected one; *p: behind its stretch. NULL: no key, or one with escapes. */
static key_cell *cell_of(walk *w, key_from from, const char **p)
{
    const char *start = *p;
    pk_str key;
    bool escaped;
    key_cell *other = w->key->other;
    if (key_stands_at(other, from, start)) {
        *p += other->len;
        return key_expect_other(w->key);
    }
    const char *to = key_at(w, start, &key, &escaped);
    if (!to || escaped) return NULL;
    const bool string = *to == '"';
    *p = to + string;
    return key_memory_look_up(w->r->keys, w->key, from, &(key_stretch){start, (size_t)(*p - start), key, string});
}

/* Does the object end here, behind its bracket or a value? *p: behind it, or the comma. */
static inline bool object_ends(const walk *w, bool first, const char **p)
{
    const char *at = *p + first;
    const char c = pass_blanks(w, &at);
    if (c == '}') return *p = at + 1, true;
    if (!first) *p = at;
    return false;
}

static inline bool is_separated(bool first, char c) { return c == (first ? '{' : ','); }

/* The members of an object at its bracket, and what closes it. Most are passed or taken here, in three or four steps. */
static const char *walk_members(walk *w, const char *p, path_node node, unsigned depth)
{
    const char *const end = w->end;
    key_cell *key = w->key;
    for (key_from from = key_from_first(node); p < end; from = key_from_next(node)) {
        key_cell *next = key->next;
        if (key_stands_at(next, from, p)) {
            p += next->len;
        } else {
            w->key = key;
            if (object_ends(w, from & KEY_FIRST, &p)) return p;
            if (p == end || !is_separated(from & KEY_FIRST, *p) || !(next = cell_of(w, from, &p))) return NULL;
        }
        key = next;
        __builtin_prefetch(key->next);
        uint64_t digits;
        size_t len;
        if (p >= end) return NULL;
        if (key->leaf) {
            if (!(p = walk_text(w, key, p))) return NULL;
        } else if (!key->string && (len = number_is_short(p, &digits))) {
            if (key->slot_count) fields_put(w->r->fields, key->slots, key->slot_count, value_int((int64_t)number_of_digits(digits)));
            p += len;
        } else {
            w->key = key;
            if (!(p = key->string ? walk_string(w, key, p) : walk_value(w, key, p, depth))) return NULL;
            key = w->key;
        }
    }
    return NULL;
}

/* The same of an object in which nobody asks for anything. */
static const char *pass_members(walk *w, const char *p, unsigned depth)
{
    for (bool first = true; !object_ends(w, first, &p); first = false) {
        pk_str key;
        bool escaped;
        if (p == w->end || !is_separated(first, *p) || !(p = key_at(w, p, &key, &escaped)) || (escaped && w->plain_keys)) return NULL;
        if (!(p = walk_value(w, &nobody, p, depth))) return NULL;
    }
    return p;
}

static const char *walk_object(walk *w, const key_cell *here, const char *p, unsigned depth)
{
    const char *const open = p;
    const path_node at = here->to;
    const bool pairs = here->has_pairs, plain_keys = w->plain_keys; /* keys below may take the cell's place */
    if (depth == 0) return NULL;
    w->plain_keys |= pairs;
    p = here->has_children ? walk_members(w, p, at, depth - 1) : pass_members(w, p, depth - 1);
    w->plain_keys = plain_keys;
    return p && pairs && !walk_pairs(w, open, at) ? NULL : p;
}

/* ---- pairs, in objects that are right ---- */

static bool walk_pair(walk *w, const char *open, const path_pair *pair)
{
    walker *r = w->r;
    bool escaped;
    pk_str name;
    const char *at = pair_choose(open, w->end, pair->names, pair->name_count);
    if (!at || *at != '"') return true;
    at++;
    name = (pk_str){at, (size_t)(string_close(at, w->end, &escaped) - at)};
    if (escaped && !escape_undo(r->arena, name, &name)) return false;
    key_cell cell = {.to = name.len ? path_child(r->paths, pair->below, name) : PATH_NONE};
    if (cell.to == PATH_NONE) return true;
    cell.slot_count = (uint32_t)path_node_slots(r->paths, cell.to, &cell.slots);
    cell.has_children = path_node_has_children(r->paths, cell.to);
    const path_pair *below;
    cell.has_pairs = path_node_pairs(r->paths, cell.to, &below) > 0;
    at = pair_choose(open, w->end, pair->values, pair->value_count);
    walk look = *w;
    if (at) return walk_value(&look, &cell, at, DEPTH_LIMIT);
    fields_put(r->fields, cell.slots, cell.slot_count, (value){.type = VALUE_BLANK});
    return true;
}

/* As path_pair_field, and what it leads to. */
static bool walk_pairs(walk *w, const char *open, path_node node)
{
    const path_pair *pairs;
    size_t count = path_node_pairs(w->r->paths, node, &pairs);
    for (size_t i = 0; i < count; i++)
        if (!walk_pair(w, open, &pairs[i])) return false;
    return true;
}

/* ---- records ---- */

static bool read_record(walker *r, const char *p, const char *end)
{
    const size_t before = r->fields->at.len;
    walk w = {.r = r, .end = end};
    const key_cell *root = r->keys ? (w.key = key_memory_root(r->keys)) : &nobody;
    if (p < end && *p == '{' && walk_object(&w, root, p, DEPTH_LIMIT) == end) return true;
    r->fields->at.len = before;
    return false;
}

#ifdef WALKER_OF_AVX2
bool walker_read_avx2(walker *r, const char *p, const char *end) { return read_record(r, p, end); }
#else
bool walker_read(walker *r, const char *p, const char *end)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return walker_read_avx2(r, p, end);
#endif
    return read_record(r, p, end);
}
#endif
