/*
 * The walk over simdjson's tape. A key that nobody asks for is stepped over with all that is below it: the word of a
 * container holds the index behind its end.
 */
#include "formats/json/tape.h"

#include "event/inner_text.h"

static char kind_of(uint64_t word) { return (char)(word >> 56); }
static uint64_t payload_of(uint64_t word) { return word & UINT64_C(0x00ffffffffffffff); }

static pk_str string_at(const simdjson_record *r, uint64_t word)
{
    const uint8_t *p = r->strings + payload_of(word);
    uint32_t len;
    memcpy(&len, p, sizeof len);
    return (pk_str){(const char *)p + sizeof len, len};
}

/* The index behind the value at i. */
static size_t behind(const uint64_t *tape, size_t i)
{
    switch (kind_of(tape[i])) {
    case '{':
    case '[': return (uint32_t)tape[i];
    case 'l':
    case 'u':
    case 'd': return i + 2;
    default: return i + 1;
    }
}

static value scalar_at(const simdjson_record *r, size_t i)
{
    uint64_t word = r->tape[i], bits = r->tape[i + 1]; /* a tape ends with the word of the root */
    switch (kind_of(word)) {
    case '"': return value_string(string_at(r, word));
    case 'l': return value_int((int64_t)bits);
    case 'u': return (value){.type = VALUE_UINT, .as.unsigned_integer = bits};
    case 'd': {
        double real;
        memcpy(&real, &bits, sizeof real);
        return value_real(real);
    }
    case 't': return value_bool(true);
    case 'f': return value_bool(false);
    default: return value_null();
    }
}

/* ---- fields ---- */

typedef struct {
    const simdjson_record *record;
    const path_set *paths;
    arena *arena;
    event_fields *out;
} walk;

static void put(walk *w, path_node node, value v)
{
    const path_slot *slots;
    size_t n = path_node_slots(w->paths, node, &slots);
    fields_put(w->out, slots, n, v);
}

static void walk_object(walk *w, size_t open, path_node node);

/* A string, and the record that it may hold. */
static void walk_string(walk *w, size_t i, path_node node)
{
    value v = value_string(string_at(w->record, w->record->tape[i]));
    if (path_node_has_children(w->paths, node) && inner_text_may_open(v.as.string))
        path_values(w->paths, node, &v, w->arena, fields_put_slot, w->out);
    else put(w, node, v);
}

/* A list is transparent: each element stands where it stands. Depth is bounded by the parser. */
static void walk_value(walk *w, size_t i, path_node node)
{
    const uint64_t *tape = w->record->tape;
    switch (kind_of(tape[i])) {
    case '{': walk_object(w, i, node); break;
    case '[':
        for (size_t k = i + 1, end = behind(tape, i) - 1; k < end; k = behind(tape, k)) walk_value(w, k, node);
        break;
    case '"': walk_string(w, i, node); break;
    default: put(w, node, scalar_at(w->record, i));
    }
}

/* The index of the value of `key` in the object at `open`; 0: it has none. */
static size_t member(const simdjson_record *r, size_t open, pk_str key)
{
    if (kind_of(r->tape[open]) != '{') return 0;
    for (size_t i = open + 1, end = behind(r->tape, open) - 1; i < end; i = behind(r->tape, i + 1))
        if (str_equal(string_at(r, r->tape[i]), key)) return i + 1;
    return 0;
}

/* The first of the keys that the object has; "a/b" is b inside of a. */
static size_t choose(const simdjson_record *r, size_t open, const pk_str *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t slash = str_find_char(keys[i], '/');
        size_t at = member(r, open, str_slice(keys[i], 0, slash));
        if (at && slash != STR_NPOS) at = member(r, at, str_slice(keys[i], slash + 1, STR_NPOS));
        if (at) return at;
    }
    return 0;
}

/* As path_pair_field, and what it leads to. */
static void walk_pair(walk *w, size_t open, const path_pair *pair)
{
    const simdjson_record *r = w->record;
    size_t name = choose(r, open, pair->names, pair->name_count);
    if (!name || kind_of(r->tape[name]) != '"' || string_at(r, r->tape[name]).len == 0) return;
    path_node child = path_child(w->paths, pair->below, string_at(r, r->tape[name]));
    if (child == PATH_NONE) return;
    size_t content = choose(r, open, pair->values, pair->value_count);
    if (content) walk_value(w, content, child);
    else put(w, child, (value){.type = VALUE_BLANK});
}

static void walk_object(walk *w, size_t open, path_node node)
{
    const uint64_t *tape = w->record->tape;
    if (!path_node_has_children(w->paths, node)) return;
    for (size_t i = open + 1, end = behind(tape, open) - 1; i < end;) {
        path_node child = path_child(w->paths, node, string_at(w->record, tape[i]));
        if (child != PATH_NONE) walk_value(w, i + 1, child);
        i = behind(tape, i + 1);
    }
    const path_pair *pairs;
    size_t count = path_node_pairs(w->paths, node, &pairs);
    for (size_t i = 0; i < count; i++) walk_pair(w, open, &pairs[i]);
}

void tape_fields(const simdjson_record *record, const path_set *paths, arena *a, event_fields *out)
{
    walk w = {record, paths, a, out};
    walk_object(&w, 1, PATH_ROOT);
}

/* ---- every value ---- */

/* The scalar at i, or all of them in the container that opens there. Depth is bounded by the parser. */
static void each_value(const simdjson_record *r, size_t i, bool texts_only, void (*fn)(const value *scalar, void *user), void *user)
{
    char kind = kind_of(r->tape[i]);
    if (kind == '{' || kind == '[') {
        size_t key = kind == '{';
        for (size_t k = i + 1, end = behind(r->tape, i) - 1; k < end; k = behind(r->tape, k + key))
            each_value(r, k + key, texts_only, fn, user);
    } else if (kind == '"' || !texts_only) {
        value v = scalar_at(r, i);
        fn(&v, user);
    }
}

void tape_each_value(const simdjson_record *record, bool texts_only, void (*fn)(const value *scalar, void *user), void *user)
{
    each_value(record, 1, texts_only, fn, user);
}

/* ---- the tree ---- */

typedef struct {
    simdjson_record record; /* its strings copied into the arena */
    arena *arena;
} tree_copy;

static value tree_at(const tree_copy *t, size_t i);

/* The number of keys, or of elements, between the brackets. (The count on the tape saturates.) */
static size_t members(const uint64_t *tape, size_t open, size_t words_of_key)
{
    size_t n = 0;
    for (size_t i = open + 1, end = behind(tape, open) - 1; i < end; n++) i = behind(tape, i + words_of_key);
    return n;
}

static value object_at(const tree_copy *t, size_t open)
{
    const uint64_t *tape = t->record.tape;
    size_t count = members(tape, open, 1);
    value_field *fields = ARENA_ARRAY(t->arena, value_field, count);
    for (size_t n = 0, i = open + 1; n < count; n++, i = behind(tape, i + 1))
        fields[n] = (value_field){string_at(&t->record, tape[i]), tree_at(t, i + 1)};
    return (value){.type = VALUE_RECORD, .as.record = {fields, count}};
}

static value list_at(const tree_copy *t, size_t open)
{
    const uint64_t *tape = t->record.tape;
    size_t count = members(tape, open, 0);
    value *items = ARENA_ARRAY(t->arena, value, count);
    for (size_t n = 0, i = open + 1; n < count; n++, i = behind(tape, i)) items[n] = tree_at(t, i);
    return (value){.type = VALUE_LIST, .as.list = {items, count}};
}

static value tree_at(const tree_copy *t, size_t i)
{
    switch (kind_of(t->record.tape[i])) {
    case '{': return object_at(t, i);
    case '[': return list_at(t, i);
    default: return scalar_at(&t->record, i);
    }
}

/* Strings lie on the tape's order one behind the other: the last one ends what must be copied. */
static size_t strings_used(const simdjson_record *r)
{
    uint64_t last = 0;
    size_t used = 0;
    for (size_t i = 1, end = (size_t)payload_of(r->tape[0]) - 1; i < end;) {
        char kind = kind_of(r->tape[i]);
        if (kind == '"' && payload_of(r->tape[i]) >= last) {
            last = payload_of(r->tape[i]);
            used = (size_t)last + sizeof(uint32_t) + string_at(r, r->tape[i]).len;
        }
        i += kind == 'l' || kind == 'u' || kind == 'd' ? 2 : 1;
    }
    return used;
}

value tape_tree(const simdjson_record *record, arena *a)
{
    size_t used = strings_used(record);
    uint8_t *strings = arena_alloc(a, used);
    memcpy(strings, record->strings, used);
    tree_copy t = {{record->tape, strings}, a};
    return tree_at(&t, 1);
}
