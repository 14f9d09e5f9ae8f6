/*
 * The walk follows the index: a record is its places, one after the other, and what stands there must be what the grammar
 * of RFC 8259 expects. Between the last byte of a scalar and the next place there is nothing but white space, so the end of
 * a scalar is found from behind.
 */
#include "formats/json/tokens.h"

#include "event/inner_text.h"
#include "formats/json/escapes.h"
#include "formats/json/scan.h"
#include "formats/json/simdjson_shim.h"

enum {
    DEPTH_LIMIT = 256, INNER_DEPTH_LIMIT = 64,
    INTEGER_DIGITS = 19, /* any of so many fits 64 bits, without a sign */
    REAL_BYTES = 40, EXPONENT_DIGITS = 2, /* and is far from the ends of double */
};

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

/* ---- numbers ---- */

static uint64_t integer_at(const char *p, const char *end)
{
    uint64_t n = 0;
    for (; p < end; p++) n = n * 10 + (uint64_t)(*p - '0');
    return n;
}

/* Is it a number of the grammar, and one that any machine can hold? *integer: without fraction and exponent. */
static bool is_number(const json_token *t, bool *integer)
{
    const char *p = t->at, *end = p + t->len, *digits;
    if (p < end && *p == '-') p++;
    for (digits = p; p < end && (uint8_t)(*p - '0') < 10; p++) {}
    if (p == digits || (*digits == '0' && p - digits > 1)) return false;
    *integer = p == end;
    if (*integer) /* "Keywords" of Windows is -2^63 in half of all logs */
        return p - digits < INTEGER_DIGITS || (p - digits == INTEGER_DIGITS && (*t->at != '-' || integer_at(digits, end) <= UINT64_C(1) << 63));
    if (*p == '.') {
        for (digits = ++p; p < end && (uint8_t)(*p - '0') < 10; p++) {}
        if (p == digits) return false;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        for (digits = p; p < end && (uint8_t)(*p - '0') < 10; p++) {}
        if (p == digits || p - digits > EXPONENT_DIGITS) return false;
    }
    return p == end && t->len <= REAL_BYTES;
}

/* Fraction, exponent, or more digits than fit at once. */
static bool long_number(const json_token *t, value *out)
{
    const char *p = t->at, *end = p + t->len;
    bool integer, minus = *p == '-';
    if (!is_number(t, &integer)) return false;
    if (!integer) {
        double real;
        if (!simdjson_double(p, t->len, &real)) return false;
        *out = value_real(real);
        return true;
    }
    uint64_t n = integer_at(p + minus, end);
    if (!minus && n > INT64_MAX) *out = (value){.type = VALUE_UINT, .as.unsigned_integer = n};
    else *out = value_int((int64_t)(minus ? 0 - n : n));
    return true;
}

static inline bool number_value(const json_token *t, value *out)
{
    const char *p = t->at + (*t->at == '-'), *end = t->at + t->len;
    size_t digits = (size_t)(end - p);
    int64_t n = 0;
    if (digits >= INTEGER_DIGITS || digits == 0 || (*p == '0' && digits > 1)) return long_number(t, out);
    for (; p < end; p++) {
        uint8_t digit = (uint8_t)(*p - '0');
        if (digit > 9) return long_number(t, out);
        n = n * 10 + digit;
    }
    *out = value_int(*t->at == '-' ? -n : n);
    return true;
}

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

/* The value of a token that is no string; false: it must be left to another parser. */
static inline bool other_value(const json_token *t, value *out)
{
    if (t->kind != 't' && t->kind != 'f' && t->kind != 'n') return number_value(t, out);
    *out = t->kind == 'n' ? value_null() : value_bool(t->kind == 't');
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
    if (escaped) fields_put_undecoded(r->fields, here->slots, here->slot_count, s);
    else fields_put(r->fields, here->slots, here->slot_count, value_string(s));
    return true;
}

static inline bool walk_other(walk *w, const key_cell *here)
{
    json_token t = token_at(w->bytes, w->at++);
    value v;
    if (!other_value(&t, &v)) return false;
    fields_put(w->r->fields, here->slots, here->slot_count, v);
    return true;
}

/* ---- containers ---- */

/* A list is transparent: each element stands where it stands. */
static bool walk_list(walk *w, const key_cell *here, unsigned depth);

__attribute__((always_inline)) static inline bool walk_value(walk *w, const key_cell *here, unsigned depth)
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

/* The key at the place at hand, with its quotes gone; false: no key. */
static inline bool read_key(const walk *w, pk_str *key)
{
    if (w->bytes[w->at[0]] != '"' || w->bytes[w->at[1]] != ':') return false;
    json_token t = token_at(w->bytes, w->at);
    *key = (pk_str){t.at, t.len};
    return true;
}

static bool has_escape(pk_str s) { return escape_find(s.ptr, s.ptr + s.len) < s.ptr + s.len; }

/* The cell of the key at the place at hand, below `node`; NULL: no key, or one with escapes. */
static const key_cell *cell_of(walk *w, path_node node)
{
    pk_str key;
    if (!read_key(w, &key) || has_escape(key)) return NULL;
    return w->key = key_memory_look_up(w->r->keys, w->key, node, key);
}

/* A key in an object in which nobody asks for anything. */
static bool skip_key(const walk *w)
{
    pk_str key;
    return read_key(w, &key) && ((w->r->proved && !w->plain_keys) || !has_escape(key));
}

static bool walk_pairs(walk *w, const uint32_t *open, path_node node);

/* The members of an object, behind its bracket. What nobody asks for is passed here: that is most of most records. */
static bool walk_members(walk *w, path_node node, unsigned depth)
{
    const char *const bytes = w->bytes;
    const bool proved = w->r->proved;
    const uint32_t *at = w->at, *const end = w->end;
    key_cell *key = w->key;
    for (;;) {
        const key_cell *cell = &nobody;
        if (end - at < 4) return false;
        if (node == PATH_NONE) {
            w->at = at;
            if (!skip_key(w)) return false;
        } else if (key_stands_at(key->next, node, bytes + *at)) {
            cell = key = key->next;
            __builtin_prefetch(key->next);
        } else {
            w->at = at;
            w->key = key;
            if (!(cell = cell_of(w, node))) return false;
            key = w->key;
        }
        at += 2;
        if (bytes[*at] == '"' && proved && !cell->asked) {
            at++;
        } else {
            w->at = at;
            w->key = key;
            if (!walk_value(w, cell, depth)) return false;
            at = w->at;
            key = w->key;
        }
        if (at == end) return false;
        char c = bytes[*at++];
        if (c == ',') continue;
        w->at = at;
        w->key = key;
        return c == '}';
    }
}

static bool walk_object(walk *w, const key_cell *here, unsigned depth)
{
    const uint32_t *open = w->at;
    const path_node at = here->to;
    const bool pairs = here->has_pairs, plain_keys = w->plain_keys; /* keys below may take the cell's place */
    if (depth == 0 || w->end - w->at < 2) return false;
    w->plain_keys |= pairs;
    if (w->bytes[*++w->at] == '}') w->at++;
    else if (!walk_members(w, here->has_children ? at : PATH_NONE, depth - 1)) return false;
    w->plain_keys = plain_keys;
    return !pairs || walk_pairs(w, open, at);
}

/* ---- pairs, in objects that are right ---- */

/* The place behind the value at `at`. */
static const uint32_t *behind(const walk *w, const uint32_t *at)
{
    size_t open = 0;
    do {
        char c = w->bytes[*at++];
        if (c == '{' || c == '[') open++;
        else if (c == '}' || c == ']') open--;
    } while (open);
    return at;
}

/* The place of the value of `key` in the object at `open`; NULL: it has none. */
static const uint32_t *member(walk *w, const uint32_t *open, pk_str key)
{
    pk_str found;
    if (w->bytes[*open] != '{') return NULL;
    walk look = {.bytes = w->bytes, .at = open + 1};
    while (w->bytes[*look.at] == '"' && read_key(&look, &found)) {
        if (str_equal(found, key)) return look.at + 2;
        look.at = behind(w, look.at + 2);
        if (w->bytes[*look.at] == ',') look.at++;
    }
    return NULL;
}

/* The first of the keys that the object has; "a/b" is b inside of a. */
static const uint32_t *choose(walk *w, const uint32_t *open, const pk_str *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t slash = str_find_char(keys[i], '/');
        const uint32_t *at = member(w, open, str_slice(keys[i], 0, slash));
        if (at && slash != STR_NPOS) at = member(w, at, str_slice(keys[i], slash + 1, STR_NPOS));
        if (at) return at;
    }
    return NULL;
}

static bool walk_pair(walk *w, const uint32_t *open, const path_pair *pair)
{
    token_reader *r = w->r;
    pk_str name;
    walk look = *w;
    if (!(look.at = choose(w, open, pair->names, pair->name_count)) || w->bytes[*look.at] != '"') return true;
    json_token t = token_at(w->bytes, look.at);
    if (!escape_undo(r->arena, (pk_str){t.at, t.len}, &name)) return false;
    key_cell cell = {.to = name.len ? path_child(r->paths, pair->below, name) : PATH_NONE};
    if (cell.to == PATH_NONE) return true;
    cell.slot_count = (uint32_t)path_node_slots(r->paths, cell.to, &cell.slots);
    cell.has_children = path_node_has_children(r->paths, cell.to);
    const path_pair *below;
    cell.has_pairs = path_node_pairs(r->paths, cell.to, &below) > 0;
    cell.asked = true;
    look.at = choose(w, open, pair->values, pair->value_count);
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
    key_cell root = nobody;
    if (r->keys) {
        const path_pair *pairs;
        w.key = key_memory_start(r->keys);
        root.to = PATH_ROOT;
        root.has_children = path_node_has_children(r->paths, PATH_ROOT);
        root.has_pairs = path_node_pairs(r->paths, PATH_ROOT, &pairs) > 0;
    }
    if (bytes[*places] == '{' && walk_object(&w, &root, DEPTH_LIMIT) && w.at[-1] + 1 == end) {
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
    if (t.kind == '"' && has_escape(s)) (void)!escape_undo(a, s, &s); /* was proved, as numbers were */
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
