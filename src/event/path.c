/*
 * Path sets. While paths are added they form a trie of segments ("a.b.c" is three), where an edge may also skip over
 * several segments at once, since "a.b" may be one literal key. That is a small nondeterministic automaton: a key, and a
 * '*', may lead to several places. Freezing makes it deterministic by the subset construction, so that a reader follows a
 * single node; its edges all go into one hash table keyed by (node, key).
 */
#include "event/path.h"

#include <stdlib.h>

#include "base/hash.h"
#include "event/inner_text.h"

enum {
    SEGMENT_LIMIT = 64,     /* of a path; what follows is one literal key */
    KEYS_KNOWN = 1 << 14,   /* while freezing */
    MERGED_LIMIT = 1 << 18, /* nodes made by merging: only '*' in many paths at once could need as many */
};

typedef struct {
    pk_str key;
    uint32_t to;
} edge;

/* A place in the trie. */
typedef struct {
    VEC(edge) edges;
    VEC(uint32_t) stars;    /* places that any key leads to: at most one of split and one of exact keys */
    path_slot slot;
} place;

/* A node of the frozen set. */
typedef struct {
    uint32_t star;          /* node for keys without an edge */
    uint32_t first_slot, slot_count;
    uint32_t first_pair, pair_count;
    bool has_children;
} node;

/* A way from node to node. */
typedef struct {
    uint32_t key, key_len;  /* in set->keys */
    path_node from, to;
} step;

/* Of the table of steps: its number + 1 in the low bits (0: empty), above them bits of the hash. Small, since most are empty. */
typedef uint32_t cell;

struct path_set {
    arena *arena;
    VEC(place) places;
    table places_by_key;    /* number of the place above, ':', key -> place; '*' is a key of its own here */
    table slots_by_text;    /* text of the path, or its keys one by one with a byte 0x01 before each -> slot */
    VEC(pk_str) texts;      /* of slots */
    bool frozen;

    VEC(node) nodes;
    VEC(path_slot) node_slots;
    VEC(path_pair) pairs;
    VEC(step) steps;
    VEC(char) keys;         /* of steps, nearly each once */
    cell *cells;
    size_t mask;
    uint32_t number_bits;   /* of a cell: those that hold the number */
};

path_set *path_set_new(void)
{
    path_set *set = mem_zalloc(1, sizeof *set);
    set->arena = arena_new();
    vec_push(&set->places, ((place){.slot = SLOT_NONE}));
    return set;
}

static void free_places(path_set *set)
{
    for (size_t i = 0; i < set->places.len; i++) {
        vec_free(&set->places.at[i].edges);
        vec_free(&set->places.at[i].stars);
    }
    vec_free(&set->places);
    table_free(&set->places_by_key);
}

void path_set_free(path_set *set)
{
    if (!set) return;
    free_places(set);
    table_free(&set->slots_by_text);
    vec_free(&set->texts);
    vec_free(&set->nodes);
    vec_free(&set->node_slots);
    vec_free(&set->pairs);
    vec_free(&set->steps);
    vec_free(&set->keys);
    mem_free(set->cells);
    arena_free(set->arena);
    mem_free(set);
}

/* ---- adding ---- */

/* The place below `above` for this segment; paths added as keys (`exact`) have places of their own. *made: it is new. */
static uint32_t place_below(path_set *set, uint32_t above, pk_str key, bool exact, bool *made)
{
    char small[256];
    size_t len = sizeof above + 1 + key.len;
    char *bytes = len <= sizeof small ? small : mem_alloc(len);
    memcpy(bytes, &above, sizeof above);
    bytes[sizeof above] = exact ? '=' : ':';
    if (key.len) memcpy(bytes + sizeof above + 1, key.ptr, key.len);
    pk_str name = {bytes, len};
    uint32_t found = table_get(&set->places_by_key, name);
    *made = found == TABLE_NONE;
    if (*made) {
        found = (uint32_t)set->places.len;
        vec_push(&set->places, ((place){.slot = SLOT_NONE}));
        table_put(&set->places_by_key, arena_str(set->arena, name), found);
    }
    if (bytes != small) mem_free(bytes);
    return found;
}

/* Each edge is added once: a place has one way from the root, and the edges into it are made with it. */
static void add_edge(path_set *set, uint32_t from, pk_str key, uint32_t to)
{
    place *p = &set->places.at[from];
    if (str_equal(key, STR("*"))) vec_push(&p->stars, to);
    else vec_push(&p->edges, ((edge){key, to}));
}

static path_slot slot_of(path_set *set, uint32_t at, pk_str shown, pk_str name)
{
    path_slot slot = (path_slot)set->texts.len;
    if (set->places.at[at].slot == SLOT_NONE) {
        vec_push(&set->texts, shown);
        set->places.at[at].slot = slot;
    }
    slot = set->places.at[at].slot;
    table_put(&set->slots_by_text, name, slot);
    return slot;
}

path_slot path_add(path_set *set, pk_str path)
{
    path_slot known = table_get(&set->slots_by_text, path);
    if (known != TABLE_NONE) return known;
    path = arena_str(set->arena, path);
    size_t starts[SEGMENT_LIMIT + 1] = {0}, count = 0;
    uint32_t places[SEGMENT_LIMIT + 1] = {0};
    for (size_t i = 0; i < path.len && count + 1 < SEGMENT_LIMIT; i++)
        if (path.ptr[i] == '.') starts[++count] = i + 1;
    starts[++count] = path.len + 1;
    for (size_t to = 1; to <= count; to++) {
        bool made;
        pk_str key = str_slice(path, starts[to - 1], starts[to] - 1 - starts[to - 1]);
        places[to] = place_below(set, places[to - 1], key, false, &made);
        for (size_t from = to; made && from-- > 0;) { /* "a.b" may be one key; "*.b", where '*' stands for a key, is none */
            bool star = starts[from + 1] - starts[from] == 2 && path.ptr[starts[from]] == '*';
            if (star && from + 1 < to) break;
            add_edge(set, places[from], str_slice(path, starts[from], starts[to] - 1 - starts[from]), places[to]);
            if (star) break;
        }
    }
    return slot_of(set, places[count], path, path);
}

path_slot path_add_keys(path_set *set, const pk_str *keys, size_t count)
{
    text name = {0}, shown = {0};
    uint32_t at = 0;
    for (size_t i = 0; i < count; i++) {
        text_put_char(&name, 1);
        text_put(&name, keys[i]);
        if (i) text_put_char(&shown, '.');
        text_put(&shown, keys[i]);
    }
    path_slot slot = table_get(&set->slots_by_text, text_view(&name));
    if (slot == TABLE_NONE) {
        for (size_t i = 0; i < count; i++) {
            pk_str key = arena_str(set->arena, keys[i]);
            bool made;
            uint32_t below = place_below(set, at, key, true, &made);
            /* Several ways may lead on from here: those of split paths have places of their own. */
            if (made) add_edge(set, at, key, below);
            at = below;
        }
        slot = slot_of(set, at, arena_str(set->arena, text_view(&shown)), arena_str(set->arena, text_view(&name)));
    }
    text_free(&name);
    text_free(&shown);
    return slot;
}

path_slot path_find(const path_set *set, pk_str path) { return table_get(&set->slots_by_text, path); }
size_t path_slot_count(const path_set *set) { return set->texts.len; }
pk_str path_text(const path_set *set, path_slot slot) { return set->texts.at[slot]; }

/* ---- freezing: the subset construction ---- */

typedef struct { VEC(uint32_t) places; } subset; /* sorted, each once */

typedef struct {
    path_set *set;
    VEC(subset) subsets;    /* of node i */
    table by_subset;        /* bytes of the places -> node */
    struct { uint32_t at, len; } recent[KEYS_KNOWN]; /* keys in set->keys, by hash; len 0: none */
} freezing;

static int compare_numbers(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

static void tidy(subset *s)
{
    size_t n = 0;
    if (s->places.len) qsort(s->places.at, s->places.len, sizeof *s->places.at, compare_numbers);
    for (size_t i = 0; i < s->places.len; i++)
        if (n == 0 || s->places.at[n - 1] != s->places.at[i]) s->places.at[n++] = s->places.at[i];
    s->places.len = n;
}

/* The node of this subset, made if it is new. Takes the subset over. */
static path_node node_of(freezing *f, subset s)
{
    tidy(&s);
    if (s.places.len == 0) return PATH_NONE;
    if (f->subsets.len >= MERGED_LIMIT && s.places.len > 1) s.places.len = 1;
    pk_str name = {(const char *)s.places.at, s.places.len * sizeof *s.places.at};
    path_node found = table_get(&f->by_subset, name);
    if (found != TABLE_NONE) {
        vec_free(&s.places);
        return found;
    }
    found = (path_node)f->subsets.len;
    vec_push(&f->subsets, s);
    vec_push(&f->set->nodes, ((node){.star = PATH_NONE}));
    table_put(&f->by_subset, name, found);
    return found;
}

static pk_str without_blanks(arena *a, pk_str key)
{
    char *out = arena_alloc(a, key.len);
    size_t n = 0;
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] != ' ') out[n++] = key.ptr[i];
    return (pk_str){out, n};
}

/* An empty key stands nowhere: there may be no keys at all. */
static pk_str key_at(const path_set *set, uint32_t at, uint32_t len)
{
    return len ? (pk_str){set->keys.at + at, len} : STR("");
}

/* Where the key stands in set->keys. Nearly all stand there once: the few whose places in `recent` others have taken stand there again. */
static uint32_t key_place(freezing *f, pk_str key, uint64_t hash)
{
    path_set *set = f->set;
    size_t slot = hash % KEYS_KNOWN;
    if (f->recent[slot].len == key.len && str_equal(key_at(set, f->recent[slot].at, f->recent[slot].len), key)) return f->recent[slot].at;
    uint32_t at = (uint32_t)set->keys.len;
    vec_reserve(&set->keys, set->keys.len + key.len + 1);
    if (key.len) memcpy(set->keys.at + set->keys.len, key.ptr, key.len);
    set->keys.len += key.len;
    f->recent[slot].at = at;
    f->recent[slot].len = (uint32_t)key.len;
    return at;
}

/* Edges of a subset by their key, in the order in which keys are met first. */
typedef struct {
    table keys;             /* key -> its targets */
    VEC(subset) targets;
} edge_groups;

static void group_edges(edge_groups *g, const place *p)
{
    for (size_t e = 0; e < p->edges.len; e++) {
        uint32_t at = table_get(&g->keys, p->edges.at[e].key);
        if (at == TABLE_NONE) {
            at = (uint32_t)g->targets.len;
            table_put(&g->keys, p->edges.at[e].key, at);
            vec_push(&g->targets, (subset){0});
        }
        vec_push(&g->targets.at[at].places, p->edges.at[e].to);
    }
}

static void add_places(subset *to, const subset *from)
{
    for (size_t i = 0; i < from->places.len; i++) vec_push(&to->places, from->places.at[i]);
}

/* Where a key leads: edges of that name, edges of its name without blanks, and '*'. */
static subset targets_of(freezing *f, const edge_groups *g, size_t group, const subset *any)
{
    subset out = {0};
    pk_str key = g->keys.entries.at[group].key;
    add_places(&out, &g->targets.at[group]);
    add_places(&out, any);
    if (str_find_char(key, ' ') == STR_NPOS) return out;
    uint32_t stripped = table_get(&g->keys, without_blanks(f->set->arena, key));
    if (stripped != TABLE_NONE) add_places(&out, &g->targets.at[stripped]);
    return out;
}

/* If the key is a pair: where it leads to, and nothing that any key leads to. */
static void add_pair(freezing *f, path_node from, pk_str key, const subset *targets)
{
    path_pair pair;
    subset to = {0};
    if (!path_pair_read(key, f->set->arena, &pair)) return;
    add_places(&to, targets);
    pair.below = node_of(f, to);
    vec_push(&f->set->pairs, pair);
    f->set->nodes.at[from].pair_count++;
}

/* Makes the edges of node `from` and the nodes that they lead to. */
static void expand(freezing *f, path_node from)
{
    subset any = {0};
    edge_groups groups = {0};
    for (size_t i = 0; i < f->subsets.at[from].places.len; i++) {
        const place *p = &f->set->places.at[f->subsets.at[from].places.at[i]];
        for (size_t e = 0; e < p->stars.len; e++) vec_push(&any.places, p->stars.at[e]);
        group_edges(&groups, p);
        if (p->slot != SLOT_NONE) {
            vec_push(&f->set->node_slots, p->slot);
            f->set->nodes.at[from].slot_count++;
        }
    }
    for (size_t k = 0; k < groups.targets.len; k++) {
        pk_str key = groups.keys.entries.at[k].key;
        path_node child = node_of(f, targets_of(f, &groups, k, &any));
        step made = {key_place(f, key, groups.keys.entries.at[k].hash), (uint32_t)key.len, from, child};
        vec_push(&f->set->steps, made);
        add_pair(f, from, key, &groups.targets.at[k]);
    }
    f->set->nodes.at[from].has_children = groups.targets.len > 0 || any.places.len > 0;
    path_node star = node_of(f, any);
    f->set->nodes.at[from].star = star;
    for (size_t k = 0; k < groups.targets.len; k++) vec_free(&groups.targets.at[k].places);
    vec_free(&groups.targets);
    table_free(&groups.keys);
}

static pk_str step_key(const path_set *set, const step *s) { return key_at(set, s->key, s->key_len); }

static uint32_t tag_of(const path_set *set, uint64_t hash) { return (uint32_t)(hash >> 32) & ~(uint32_t)((UINT64_C(1) << set->number_bits) - 1); }

static void build_cells(path_set *set)
{
    size_t size = 16;
    while (size < set->steps.len * 2) size *= 2; /* sparse: most lookups are for keys that nobody asks for */
    while (set->steps.len >> set->number_bits) set->number_bits++;
    set->cells = mem_zalloc(size, sizeof *set->cells);
    set->mask = size - 1;
    for (size_t i = 0; i < set->steps.len; i++) {
        pk_str key = step_key(set, &set->steps.at[i]);
        uint64_t hash = hash_bytes(key.ptr, key.len, set->steps.at[i].from);
        size_t at = hash & set->mask;
        while (set->cells[at]) at = (at + 1) & set->mask;
        set->cells[at] = tag_of(set, hash) | (uint32_t)(i + 1);
    }
}

void path_set_freeze(path_set *set)
{
    if (set->frozen) return;
    freezing f = {.set = set}; /* 128 KiB */
    subset root = {0};
    vec_push(&root.places, PATH_ROOT);
    node_of(&f, root);
    for (path_node i = 0; i < f.subsets.len; i++) {
        set->nodes.at[i].first_slot = (uint32_t)set->node_slots.len;
        set->nodes.at[i].first_pair = (uint32_t)set->pairs.len;
        expand(&f, i);
    }
    build_cells(set);
    for (size_t i = 0; i < f.subsets.len; i++) vec_free(&f.subsets.at[i].places);
    vec_free(&f.subsets);
    table_free(&f.by_subset);
    free_places(set);
    set->frozen = true;
}

/* ---- images ---- */

_Static_assert(sizeof(struct path_set) == 288, "a member of path_set came or went: path_set_image copies each");

void path_set_image(const path_set *set, image_writer *w, size_t field)
{
    size_t at = image_copy(w, set, sizeof *set);
    image_point(w, field, at);
    image_clear(w, at + offsetof(path_set, arena));
    image_set(w, at + offsetof(path_set, places), &(char[sizeof set->places]){0}, sizeof set->places);
    table_image(&set->places_by_key, w, at + offsetof(path_set, places_by_key));
    table_image(&set->slots_by_text, w, at + offsetof(path_set, slots_by_text));
    image_string_vector(w, at + offsetof(path_set, texts), set->texts.at, set->texts.len);
    IMAGE_VECTOR(w, at + offsetof(path_set, nodes), &set->nodes);
    IMAGE_VECTOR(w, at + offsetof(path_set, node_slots), &set->node_slots);
    size_t pairs = IMAGE_VECTOR(w, at + offsetof(path_set, pairs), &set->pairs);
    for (size_t i = 0; i < set->pairs.len; i++, pairs += sizeof(path_pair)) {
        image_strings(w, pairs + offsetof(path_pair, names), set->pairs.at[i].names, set->pairs.at[i].name_count);
        image_strings(w, pairs + offsetof(path_pair, values), set->pairs.at[i].values, set->pairs.at[i].value_count);
    }
    IMAGE_VECTOR(w, at + offsetof(path_set, steps), &set->steps);
    IMAGE_VECTOR(w, at + offsetof(path_set, keys), &set->keys);
    image_array(w, at + offsetof(path_set, cells), set->cells, set->cells ? set->mask + 1 : 0, sizeof *set->cells);
}

/* ---- lookup ---- */

static path_node find(const path_set *set, path_node from, pk_str key)
{
    uint64_t hash = hash_bytes(key.ptr, key.len, from);
    uint32_t tag = tag_of(set, hash);
    for (size_t i = hash & set->mask;; i = (i + 1) & set->mask) {
        uint32_t number = set->cells[i] ^ tag; /* of those with this tag: the number alone */
        if (set->cells[i] == 0) return PATH_NONE;
        if ((uint64_t)number >> set->number_bits) continue;
        const step *s = &set->steps.at[number - 1];
        if (s->from == from && str_equal(step_key(set, s), key)) return s->to;
    }
}

static path_node find_without_blanks(const path_set *set, path_node from, pk_str key)
{
    char stripped[PATH_KEY_LIMIT];
    size_t n = 0;
    if (key.len > sizeof stripped) return PATH_NONE;
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] != ' ') stripped[n++] = key.ptr[i];
    return n < key.len ? find(set, from, (pk_str){stripped, n}) : PATH_NONE;
}

path_node path_child(const path_set *set, path_node from, pk_str key)
{
    if (from == PATH_NONE || !set->nodes.at[from].has_children) return PATH_NONE;
    path_node child = find(set, from, key);
    if (child == PATH_NONE && str_find_char(key, ' ') != STR_NPOS) child = find_without_blanks(set, from, key);
    return child == PATH_NONE ? set->nodes.at[from].star : child;
}

size_t path_node_slots(const path_set *set, path_node at, const path_slot **slots)
{
    if (at == PATH_NONE) return 0;
    *slots = set->node_slots.at + set->nodes.at[at].first_slot;
    return set->nodes.at[at].slot_count;
}

bool path_node_has_children(const path_set *set, path_node at) { return at != PATH_NONE && set->nodes.at[at].has_children; }

/* ---- pairs ---- */

size_t path_node_pairs(const path_set *set, path_node at, const path_pair **pairs)
{
    if (at == PATH_NONE || set->nodes.at[at].pair_count == 0) return 0;
    *pairs = set->pairs.at + set->nodes.at[at].first_pair;
    return set->nodes.at[at].pair_count;
}

static size_t read_choices(pk_str list, arena *a, const pk_str **out)
{
    VEC(pk_str) keys = {0};
    for (size_t end = 0; end != STR_NPOS; list = str_slice(list, end + 1, STR_NPOS)) {
        end = str_find_char(list, '|');
        pk_str key = str_slice(list, 0, end);
        if (key.len) vec_push_in(a, &keys, key);
        if (end == STR_NPOS) break;
    }
    *out = keys.at;
    return keys.len;
}

bool path_pair_read(pk_str segment, arena *a, path_pair *out)
{
    size_t middle = str_find_char(segment, '=');
    if (segment.len < 5 || segment.ptr[0] != '{' || segment.ptr[segment.len - 1] != '}' || middle == STR_NPOS) return false;
    if (str_find_char(segment, '.') != STR_NPOS) return false; /* several segments, taken for one key */
    *out = (path_pair){.below = PATH_NONE};
    out->name_count = read_choices(str_slice(segment, 1, middle - 1), a, &out->names);
    out->value_count = read_choices(str_slice(segment, middle + 1, segment.len - middle - 2), a, &out->values);
    return out->name_count && out->value_count;
}

/* The first of the keys that the record has; "a/b" is b inside of a. */
static const value *choose(const value *record, const pk_str *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t slash = str_find_char(keys[i], '/');
        const value *v = value_get(record, str_slice(keys[i], 0, slash));
        if (v && slash != STR_NPOS) v = value_get(v, str_slice(keys[i], slash + 1, STR_NPOS));
        if (v) return v;
    }
    return NULL;
}

bool path_pair_field(const path_pair *pair, const value *record, value_field *out)
{
    const value *name = choose(record, pair->names, pair->name_count);
    if (!name || name->type != VALUE_STRING || name->as.string.len == 0) return false;
    const value *content = choose(record, pair->values, pair->value_count);
    *out = (value_field){name->as.string, content ? *content : (value){.type = VALUE_BLANK}};
    return true;
}

/* ---- values that exist already ---- */

typedef struct {
    const path_set *set;
    arena *arena;
    path_put_fn put;
    path_open_fn open;
    void *user;
} walk;

enum { WALK_DEPTH = 1000 };

static void walk_value(const walk *w, path_node at, const value *v, unsigned texts, unsigned depth);

static void walk_record(const walk *w, path_node at, const value *v, unsigned texts, unsigned depth)
{
    const path_pair *pairs;
    size_t count = path_node_pairs(w->set, at, &pairs);
    value_field made;
    for (size_t i = 0; i < v->as.record.count; i++) {
        const value_field *f = &v->as.record.fields[i];
        walk_value(w, path_child(w->set, at, f->name), &f->value, texts, depth);
    }
    for (size_t i = 0; i < count; i++)
        if (path_pair_field(&pairs[i], v, &made))
            walk_value(w, path_child(w->set, pairs[i].below, made.name), &made.value, texts, depth);
}

static void walk_scalar(const walk *w, path_node at, const value *v, unsigned texts, unsigned depth)
{
    const path_slot *slots;
    const value *records;
    size_t count = path_node_slots(w->set, at, &slots);
    for (size_t i = 0; i < count; i++) w->put(w->user, slots[i], v);
    if (v->type != VALUE_STRING || !texts || !path_node_has_children(w->set, at)) return;
    count = w->open(w->user, v->as.string, w->arena, &records);
    for (size_t i = 0; i < count; i++) walk_record(w, at, &records[i], texts - 1, depth);
}

/* `texts`: how many strings may still be opened on the way down. */
static void walk_value(const walk *w, path_node at, const value *v, unsigned texts, unsigned depth)
{
    if (at == PATH_NONE || depth == 0) return;
    switch (v->type) {
    case VALUE_RECORD:
        if (path_node_has_children(w->set, at)) walk_record(w, at, v, texts, depth - 1);
        break;
    case VALUE_LIST:
        for (size_t i = 0; i < v->as.list.count; i++) walk_value(w, at, &v->as.list.items[i], texts, depth - 1);
        break;
    case VALUE_MISSING: break;
    default: walk_scalar(w, at, v, texts, depth - 1);
    }
}

void path_values_opened(const path_set *set, path_node at, const value *v, arena *a, path_put_fn put, path_open_fn open, void *user)
{
    walk_value(&(walk){set, a, put, open, user}, at, v, INNER_TEXT_LEVELS, WALK_DEPTH);
}

static size_t open_text(void *user, pk_str s, arena *a, const value **records)
{
    (void)user;
    return inner_text_open(s, a, records);
}

void path_values(const path_set *set, path_node at, const value *v, arena *a, path_put_fn put, void *user)
{
    path_values_opened(set, at, v, a, put, open_text, user);
}
