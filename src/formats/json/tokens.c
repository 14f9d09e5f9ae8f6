/*
 * The walk follows the index: a record is its places, one after the other, and what stands there must be what the grammar
 * of RFC 8259 expects. Between the last byte of a scalar and the next place there is nothing but white space, so the end of
 * a scalar is found from behind.
 */
#include "formats/json/tokens.h"

#include "base/unicode.h"
#include "event/inner_text.h"
#include "formats/json/scan.h"
#include "formats/json/simdjson_shim.h"

enum {
    DEPTH_LIMIT = 256,
    COPY_STEP = 32,
    INTEGER_DIGITS = 19, /* any of so many fits 64 bits, without a sign */
    REAL_BYTES = 40, EXPONENT_DIGITS = 2, /* and is far from the ends of double */
};

typedef struct {
    token_reader *r;
    const char *bytes;
    const uint32_t *at, *end;     /* the next place; behind the last that may be looked at */
    key_cell *key;                /* the last one met */
    bool collect;                 /* tokens */
} walk;

static const key_cell nobody = {.to = PATH_NONE};

/* ---- strings ---- */

/* The first backslash in [p, end), or end. Reads up to 15 bytes behind. */
static inline const char *find_escape(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; p < end; p += 16) {
        uint32_t found = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), backslash));
        if (found) {
            p += __builtin_ctz(found);
            return p < end ? p : end;
        }
    }
    return end;
#else
    const char *found = memchr(p, '\\', (size_t)(end - p));
    return found ? found : end;
#endif
}

/* Copies COPY_STEP bytes from p; a bit for each backslash in them. */
static inline uint32_t copy_step(char *to, const char *p)
{
#ifdef __SSE2__
    const __m128i backslash = _mm_set1_epi8('\\');
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p), b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    _mm_storeu_si128((__m128i *)(void *)to, a);
    _mm_storeu_si128((__m128i *)(void *)(to + 16), b);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, backslash)) | (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(b, backslash)) << 16;
#else
    uint32_t found = 0;
    for (int i = 0; i < COPY_STEP; i++) found |= (uint32_t)((to[i] = p[i]) == '\\') << i;
    return found;
#endif
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits at p; -1: they are not there. */
static int32_t hex_4(const char *p, const char *end)
{
    int32_t n = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) return -1;
        n = n << 4 | digit;
    }
    return n;
}

/* Behind the "\u" of an escape: its character, *p behind it. -1: no such character (half a pair, too). */
static int32_t unescape_unit(const char **p, const char *end)
{
    int32_t c = hex_4(*p, end);
    *p += 4;
    if (c < 0xd800 || c > 0xdfff) return c;
    if (c > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return -1;
    int32_t low = hex_4(*p + 2, end);
    *p += 6;
    return low < 0xdc00 || low > 0xdfff ? -1 : 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* What the escape of one letter stands for; 0: there is none. */
static const char letters[256] = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

/* The escape whose backslash is at *p, written to `out`: how many bytes, *p behind it. 0: it is none. */
static inline size_t unescape_one(const char **p, const char *end, char out[4])
{
    if (end - *p < 2) return 0;
    uint8_t c = (uint8_t)(*p)[1];
    *p += 2;
    if (c == 'u') {
        int32_t code = unescape_unit(p, end);
        return code < 0 ? 0 : utf8_put(out, (uint32_t)code);
    }
    return (out[0] = letters[c]) != 0;
}

/* Are all escapes of [p, end) right? The first one stands at p. */
static bool escapes_are_right(const char *p, const char *end)
{
    char ignored[4];
    while (p < end) {
        if (!unescape_one(&p, end, ignored)) return false;
        p = find_escape(p, end);
    }
    return true;
}

/*
 * The escapes of COPY_STEP bytes at p, which are at *to already: a bit of `found` for each backslash. What follows an escape
 * is copied again, to where it belongs. Returns the place behind, and sets *to behind its text; NULL: there is a wrong one.
 */
static inline const char *unescape_step(const char *p, const char *end, uint32_t found, char **to)
{
    const char *next = p + COPY_STEP, *from = p;
    do {
        unsigned n = (unsigned)__builtin_ctz(found);
        const char *escape = p + n;
        if (escape >= end) break;
        char c = letters[(uint8_t)escape[1]];
        *to += escape - from;
        if (!c) {
            size_t len = unescape_one(&escape, end, *to);
            *to += len;
            return len ? escape : NULL;
        }
        *(*to)++ = c;
        from = escape + 2;
        memcpy(*to, from, COPY_STEP);
        found &= ~(3u << n); /* the character behind may be a backslash, too */
    } while (found);
    if (next < from) next = from;
    *to += next - from;
    return next;
}

/* The text of a string whose escapes may be wrong: false. Reads up to two steps behind. */
static bool unescape(arena *a, pk_str s, pk_str *out)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    char *start = arena_alloc(a, s.len + 2 * COPY_STEP), *to = start;
    while (p < end) {
        uint32_t found = copy_step(to, p);
        if (!found) {
            p += COPY_STEP;
            to += COPY_STEP;
        } else if (!(p = unescape_step(p, end, found, &to))) {
            return false;
        }
    }
    *out = (pk_str){start, (size_t)(to - start) - (size_t)(p - end)}; /* the last step may have gone past the end */
    return true;
}

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

static bool number_value(const json_token *t, value *out)
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

/* The value of a token that is right; false: it must be left to another parser. */
static bool token_value(const json_token *t, arena *a, value *out)
{
    pk_str s = {t->at, t->len};
    switch (t->kind) {
    case '"':
        if (t->escaped && !unescape(a, s, &s)) return false;
        *out = value_string(s);
        return true;
    case 't': case 'f': *out = value_bool(t->kind == 't'); return true;
    case 'n': *out = value_null(); return true;
    default: return number_value(t, out);
    }
}

/* The last byte before `next` that is no white space, plus one. */
static inline const char *end_of_scalar(const char *next)
{
    while (scan_is_blank(next[-1])) next--;
    return next;
}

/* The scalar at the place at hand, *escapes: its first backslash. false: nothing that may stand there. */
static inline bool read_token(const walk *w, json_token *t)
{
    const char *p = w->bytes + w->at[0], *end = end_of_scalar(w->bytes + w->at[1]);
    t->kind = *p;
    t->escaped = false;
    if (*p == '"') {
        t->at = p + 1;
        if (end - p < 2 || end[-1] != '"') return false;
        t->len = (uint32_t)(end - 1 - t->at);
        t->escaped = find_escape(t->at, end - 1) < end - 1;
        return true;
    }
    t->at = p;
    t->len = (uint32_t)(end - p);
    return true;
}

/* A scalar that nobody asks for must be right all the same. */
static inline bool token_is_right(const json_token *t)
{
    bool integer;
    if (t->kind == '"') return !t->escaped || escapes_are_right(find_escape(t->at, t->at + t->len), t->at + t->len);
    return (uint8_t)(t->kind - '0') < 10 || t->kind == '-' ? is_number(t, &integer) : is_word(t);
}

static bool walk_scalar(walk *w, const key_cell *here)
{
    json_token t;
    value v;
    token_reader *r = w->r;
    if (!read_token(w, &t)) return false;
    w->at++;
    if (here->slot_count == 0 && !(here->has_children && t.kind == '"')) {
        if (w->collect) vec_push(&r->tokens, t);
        return token_is_right(&t);
    }
    if ((t.kind == 't' || t.kind == 'f' || t.kind == 'n') && !is_word(&t)) return false;
    if (!token_value(&t, r->arena, &v)) return false;
    if (t.escaped) t = (json_token){.at = v.as.string.ptr, .len = (uint32_t)v.as.string.len, .kind = '"'};
    if (w->collect) vec_push(&r->tokens, t);
    if (here->has_children && t.kind == '"' && inner_text_may_open(v.as.string))
        path_values(r->paths, here->to, &v, r->arena, fields_put_slot, r->fields);
    else fields_put(r->fields, here->slots, here->slot_count, v);
    return true;
}

/* ---- containers ---- */

static bool walk_object(walk *w, const key_cell *here, unsigned depth);

/* A list is transparent: each element stands where it stands. */
static bool walk_list(walk *w, const key_cell *here, unsigned depth);

static inline bool walk_value(walk *w, const key_cell *here, unsigned depth)
{
    switch (w->bytes[w->at[0]]) {
    case '{': return walk_object(w, here, depth);
    case '[': return walk_list(w, here, depth);
    default: return walk_scalar(w, here);
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

/* The key at the place at hand, with its quotes gone; false: no key, or one with escapes. */
static inline bool read_key(const walk *w, pk_str *key)
{
    const char *p = w->bytes + w->at[0], *colon = w->bytes + w->at[1];
    if (*p != '"' || *colon != ':') return false;
    const char *end = end_of_scalar(colon);
    *key = (pk_str){p + 1, (size_t)(end - p - 2)};
    return end - p >= 2;
}

static bool has_escape(pk_str s) { return find_escape(s.ptr, s.ptr + s.len) < s.ptr + s.len; }

/* The cell of a key below `node`. Its own bytes prove a key that was met before; a new one must be without escapes. */
static inline const key_cell *cell_of(walk *w, path_node node, pk_str key)
{
    if (key_is_of(w->key->next, node, key)) return w->key = w->key->next;
    if (has_escape(key)) return NULL;
    return w->key = key_memory_look_up(w->r->keys, w->key, node, key);
}

static bool walk_pairs(walk *w, const uint32_t *open, path_node node);

/* Members of an object in which nobody asks for anything, and of one in which somebody does. */
static bool walk_object(walk *w, const key_cell *here, unsigned depth)
{
    const uint32_t *open = w->at;
    const path_node node = here->has_children ? here->to : PATH_NONE;
    const bool pairs = here->has_pairs;
    if (depth == 0 || w->end - w->at < 2) return false;
    if (w->bytes[*++w->at] == '}') return w->at++, !pairs || walk_pairs(w, open, node);
    for (;;) {
        const key_cell *cell = &nobody;
        pk_str key;
        if (w->end - w->at < 4 || !read_key(w, &key)) return false;
        if (node != PATH_NONE ? !(cell = cell_of(w, node, key)) : has_escape(key)) return false;
        w->at += 2;
        if (!walk_value(w, cell, depth - 1) || w->at == w->end) return false;
        char c = w->bytes[*w->at++];
        if (c == '}') return !pairs || walk_pairs(w, open, node);
        if (c != ',') return false;
    }
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
    json_token t;
    value name;
    walk look = *w;
    if (!(look.at = choose(w, open, pair->names, pair->name_count)) || w->bytes[*look.at] != '"') return true;
    if (!read_token(&look, &t) || !token_value(&t, r->arena, &name)) return false;
    key_cell cell = {.to = name.as.string.len ? path_child(r->paths, pair->below, name.as.string) : PATH_NONE};
    if (cell.to == PATH_NONE) return true;
    cell.slot_count = (uint32_t)path_node_slots(r->paths, cell.to, &cell.slots);
    cell.has_children = path_node_has_children(r->paths, cell.to);
    const path_pair *below;
    cell.has_pairs = path_node_pairs(r->paths, cell.to, &below) > 0;
    look.collect = false;
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
    walk w = {.r = r, .bytes = bytes, .at = places, .end = places + *count, .collect = true};
    key_cell root = nobody;
    r->tokens.len = 0;
    if (r->keys) {
        const path_pair *pairs;
        w.key = key_memory_start(r->keys);
        root.to = PATH_ROOT;
        root.has_children = path_node_has_children(r->paths, PATH_ROOT);
        root.has_pairs = path_node_pairs(r->paths, PATH_ROOT, &pairs) > 0;
    }
    if (bytes[*places] == '{' && walk_object(&w, &root, DEPTH_LIMIT) && w.at[-1] + 1 == end) {
        *count = (size_t)(w.at - places);
        return true;
    }
    r->fields->at.len = before;
    return false;
}

void tokens_each_value(token_reader *r, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user)
{
    for (size_t i = 0; i < r->tokens.len; i++) {
        const json_token *t = &r->tokens.at[i];
        value v;
        if ((t->kind == '"' || !texts_only) && token_value(t, a, &v)) fn(&v, user);
    }
}
