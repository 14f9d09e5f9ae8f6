/*
 * Which layout and classes an event has.
 *
 * All raw paths that any condition asks for are *places*, numbered from 0. Per event the first value at each place is
 * looked up in event.fields; what the user stated and those values (whole, or as much of them as conditions can tell
 * apart) are the key under which the result is remembered. So an event costs one pass over its fields and one hash; the
 * conditions themselves are evaluated only for keys not seen yet. The memory of results is bounded: when it is full it
 * is emptied.
 *
 * Before that comes a glance: fields that stand at places with the same bytes as in an event before, decoded or not, mean the
 * same classes. What they hold is neither decoded nor copied for it.
 */
#include "base/bytes.h"
#include "schema/model.h"

#define MEMO_ENTRIES 8192u /* a power of two; at most half of it is used */
#define GLANCES 2048u      /* a power of two; the last of those that fall on one */
#define GLANCED_FIELDS 24  /* events with more fields at places are not glanced at */
#define MEMO_BYTES (4u << 20)
#define KEY_LIMIT 2048 /* longer keys are not remembered */
#define NO_PLACE UINT16_MAX

typedef struct {
    path_slot *slots;
    const char **forms;
    size_t count;
} slot_list;
typedef struct {
    uint16_t *at;
    size_t count;
} place_list;

typedef struct {
    uint64_t hash;
    const uint8_t *key; /* NULL: free */
    size_t len;
    classification result;
} memo_entry;

/* What fields at places held, as far as conditions can tell. */
typedef struct {
    const uint8_t *fields; /* of each its head and bytes (glance_key); NULL: free */
    class_id stated;
    uint32_t count;
    classification result;
} glance;

struct classifier {
    const schema *schema;
    arena *results;    /* class lists; as long as the classifier */
    arena *remembered; /* keys of the memo and of glances; reset with them */
    arena *scratch;
    uint16_t *place_of_slot; /* by slot */
    uint16_t *sight;         /* by slot: depth of its place and one more; 0: no place */
    size_t slot_count;
    VEC(path_slot) places;
    size_t *depth;              /* by place: bytes of the text that conditions look at; 0: presence alone counts */
    const value **seen;         /* by place: first value in the event at hand */
    uint64_t *present;          /* bit set over places */
    place_list **layout_places; /* by layout: of the asks of its conditions, in order */
    place_list **field_places;  /* by family: [layout of the family, then raw][asked field] */
    slot_list *times, *hosts;   /* by layout, then raw */
    memo_entry *memo;
    size_t memo_used;
    glance *glances;
    VEC(classification) lists; /* all distinct results */
};

/* ---- set-up ---- */

static void register_path(path_set *paths, pk_str path)
{
    (void)path_add(paths, path);
}

void schema_register(const schema *s, path_set *paths)
{
    arena *scratch = arena_new();
    for (size_t i = 0; i < s->layouts.len; i++) {
        const layout *l = &s->layouts.at[i];
        for (size_t k = 0; k < l->when.count; k++)
            for (size_t j = 0; j < l->when.of[k].count; j++) register_path(paths, l->when.of[k].asks[j].place);
        for (size_t k = 0; k < l->times.count; k++) register_path(paths, l->times.at[k].path);
        for (size_t k = 0; k < l->host_count; k++) register_path(paths, l->hosts[k]);
    }
    for (size_t i = 0; i < s->families.len; i++) {
        const family *f = &s->families.at[i];
        for (size_t k = 0; k < f->asked.len; k++) {
            register_path(paths, f->asked.at[k]);
            for (size_t j = 0; j < f->layouts.len; j++) {
                pk_str raw[FIELD_PATHS];
                size_t count = layout_raw_paths(s, f->layouts.at[j], f->asked.at[k], scratch, raw);
                for (size_t n = 0; n < count; n++) register_path(paths, raw[n]);
            }
        }
    }
    for (size_t i = 0; i < s->open_times.count; i++) register_path(paths, s->open_times.at[i].path);
    for (size_t i = 0; i < s->open_host_count; i++) register_path(paths, s->open_hosts[i]);
    arena_free(scratch);
}

static uint16_t place_of(classifier *c, const path_set *paths, pk_str path)
{
    path_slot slot = path_find(paths, path);
    if (slot == SLOT_NONE) return NO_PLACE; /* not registered: never present */
    if (c->place_of_slot[slot] == NO_PLACE) {
        c->place_of_slot[slot] = (uint16_t)c->places.len;
        vec_push(&c->places, slot);
    }
    return c->place_of_slot[slot];
}

static place_list place_list_of(classifier *c, const path_set *paths, const pk_str *raw, size_t count)
{
    place_list out = {.at = ARENA_ARRAY(c->results, uint16_t, count)};
    for (size_t i = 0; i < count; i++) {
        uint16_t place = place_of(c, paths, raw[i]);
        if (place != NO_PLACE) out.at[out.count++] = place;
    }
    return out;
}

static place_list *places_of_layout(classifier *c, const path_set *paths, const layout *l)
{
    size_t asks = 0, at = 0;
    for (size_t i = 0; i < l->when.count; i++) asks += l->when.of[i].count;
    place_list *out = ARENA_ARRAY(c->results, place_list, asks);
    for (size_t i = 0; i < l->when.count; i++)
        for (size_t k = 0; k < l->when.of[i].count; k++)
            out[at++] = place_list_of(c, paths, &l->when.of[i].asks[k].place, 1);
    return out;
}

static place_list *places_of_family(classifier *c, const path_set *paths, const family *f)
{
    place_list *out = ARENA_ARRAY(c->results, place_list, (f->layouts.len + 1) * f->asked.len);
    for (size_t i = 0; i <= f->layouts.len; i++)
        for (size_t k = 0; k < f->asked.len; k++) {
            pk_str raw[FIELD_PATHS];
            layout_id l = i < f->layouts.len ? f->layouts.at[i] : LAYOUT_NONE;
            size_t count = layout_raw_paths(c->schema, l, f->asked.at[k], c->scratch, raw);
            out[i * f->asked.len + k] = place_list_of(c, paths, raw, count);
        }
    return out;
}

/* How much of the text at a place the conditions can tell apart. */
static void deepen(classifier *c, const place_list *places, const ask *a)
{
    size_t depth = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->constants[i].len + 1 > depth) depth = a->constants[i].len + 1;
    for (size_t i = 0; i < places->count; i++)
        if (depth > c->depth[places->at[i]]) c->depth[places->at[i]] = depth;
}

static void set_depths(classifier *c)
{
    const schema *s = c->schema;
    for (size_t i = 0; i < s->layouts.len; i++)
        for (size_t k = 0, at = 0; k < s->layouts.at[i].when.count; k++)
            for (size_t j = 0; j < s->layouts.at[i].when.of[k].count; j++)
                deepen(c, &c->layout_places[i][at++], &s->layouts.at[i].when.of[k].asks[j]);
    for (size_t i = 0; i < s->classes.len; i++) {
        const class_row *row = s->classes.at[i];
        const family *f = &s->families.at[row->shown.family];
        for (size_t k = 0; k < row->when.count; k++)
            for (size_t j = 0; j < row->when.of[k].count; j++) {
                const ask *a = &row->when.of[k].asks[j];
                for (size_t l = 0; l <= f->layouts.len; l++)
                    deepen(c, &c->field_places[row->shown.family][l * f->asked.len + a->field], a);
            }
    }
}

static slot_list times_of(classifier *c, const path_set *paths, const time_places *t)
{
    slot_list out = {.slots = ARENA_ARRAY(c->results, path_slot, t->count),
                     .forms = ARENA_ARRAY(c->results, const char *, t->count)};
    for (size_t i = 0; i < t->count; i++) {
        path_slot slot = path_find(paths, t->at[i].path);
        if (slot == SLOT_NONE) continue;
        out.slots[out.count] = slot;
        out.forms[out.count++] = t->at[i].form;
    }
    return out;
}

static slot_list hosts_of(classifier *c, const path_set *paths, const pk_str *hosts, size_t count)
{
    slot_list out = {.slots = ARENA_ARRAY(c->results, path_slot, count)};
    for (size_t i = 0; i < count; i++) {
        path_slot slot = path_find(paths, hosts[i]);
        if (slot != SLOT_NONE) out.slots[out.count++] = slot;
    }
    return out;
}

classifier *classifier_new(const schema *s, const path_set *paths)
{
    classifier *c = mem_zalloc(1, sizeof *c);
    c->schema = s;
    c->results = arena_new();
    c->remembered = arena_new();
    c->scratch = arena_new();
    c->slot_count = path_slot_count(paths);
    c->place_of_slot = arena_alloc(c->results, (c->slot_count + 1) * sizeof *c->place_of_slot);
    for (size_t i = 0; i < c->slot_count; i++) c->place_of_slot[i] = NO_PLACE;
    c->layout_places = ARENA_ARRAY(c->results, place_list *, s->layouts.len);
    c->times = ARENA_ARRAY(c->results, slot_list, s->layouts.len + 1);
    c->hosts = ARENA_ARRAY(c->results, slot_list, s->layouts.len + 1);
    for (size_t i = 0; i < s->layouts.len; i++) {
        const layout *l = &s->layouts.at[i];
        c->layout_places[i] = places_of_layout(c, paths, l);
        c->times[i] = times_of(c, paths, &l->times);
        c->hosts[i] = hosts_of(c, paths, l->hosts, l->host_count);
    }
    c->times[s->layouts.len] = times_of(c, paths, &s->open_times);
    c->hosts[s->layouts.len] = hosts_of(c, paths, s->open_hosts, s->open_host_count);
    c->field_places = ARENA_ARRAY(c->results, place_list *, s->families.len);
    for (size_t i = 0; i < s->families.len; i++) c->field_places[i] = places_of_family(c, paths, &s->families.at[i]);
    c->depth = ARENA_ARRAY(c->results, size_t, c->places.len);
    c->seen = ARENA_ARRAY(c->results, const value *, c->places.len);
    c->present = ARENA_ARRAY(c->results, uint64_t, c->places.len / 64 + 1);
    c->memo = mem_zalloc(MEMO_ENTRIES, sizeof *c->memo);
    c->glances = mem_zalloc(GLANCES, sizeof *c->glances);
    set_depths(c);
    c->sight = ARENA_ARRAY(c->results, uint16_t, c->slot_count + 1);
    for (size_t i = 0; i < c->places.len; i++) c->sight[c->places.at[i]] = (uint16_t)(c->depth[i] < UINT16_MAX ? c->depth[i] + 1 : UINT16_MAX);
    return c;
}

void classifier_free(classifier *c)
{
    if (c == NULL) return;
    vec_free(&c->places);
    vec_free(&c->lists);
    mem_free(c->memo);
    mem_free(c->glances);
    arena_free(c->results);
    arena_free(c->remembered);
    arena_free(c->scratch);
    mem_free(c);
}

/* ---- conditions ---- */

static const value *first_seen(const classifier *c, const place_list *places)
{
    for (size_t i = 0; i < places->count; i++) {
        uint16_t place = places->at[i];
        if (c->present[place / 64] >> (place % 64) & 1) return c->seen[place];
    }
    return NULL;
}

static bool ask_holds(const classifier *c, const ask *a, const place_list *places)
{
    const value *v = first_seen(c, places);
    if (a->kind == ASK_PRESENT) return v != NULL;
    if (a->kind == ASK_ABSENT) return v == NULL;
    pk_str t;
    if (v == NULL || !value_text(c->scratch, v, &t)) return false;
    for (size_t i = 0; i < a->count; i++) {
        pk_str begin = a->kind == ASK_PREFIX ? str_slice(t, 0, a->constants[i].len) : t;
        if (str_equal_ascii_fold(begin, a->constants[i])) return true;
    }
    return false;
}

static bool layout_fits(const classifier *c, layout_id id)
{
    const layout *l = &c->schema->layouts.at[id];
    const place_list *places = c->layout_places[id];
    bool fits = l->when.count == 0;
    for (size_t i = 0; i < l->when.count && !fits; i++) {
        bool all = true;
        for (size_t k = 0; k < l->when.of[i].count; k++, places++)
            if (all && !ask_holds(c, &l->when.of[i].asks[k], places)) all = false;
        fits = all;
    }
    return fits;
}

/* Asked fields of a family under a layout. */
static const place_list *places_under(const classifier *c, family_id family_number, layout_id l)
{
    const family *f = &c->schema->families.at[family_number];
    size_t at = 0;
    while (at < f->layouts.len && f->layouts.at[at] != l) at++;
    return c->field_places[family_number] + at * f->asked.len;
}

static bool class_fits(const classifier *c, const class_row *row, const place_list *places)
{
    bool fits = row->when.count == 0;
    for (size_t i = 0; i < row->when.count && !fits; i++) {
        const condition *all = &row->when.of[i];
        fits = true;
        for (size_t k = 0; k < all->count && fits; k++) fits = ask_holds(c, &all->asks[k], &places[all->asks[k].field]);
    }
    return fits;
}

/* ---- an event whose key is new ---- */

typedef struct {
    VEC(class_id) ids;
} id_list;

static void add_with_children(classifier *c, class_id id, const place_list *places, id_list *out)
{
    vec_push_in(c->scratch, &out->ids, id);
    const class_row *row = c->schema->classes.at[id];
    for (size_t i = 0; i < row->children.len; i++) {
        const class_row *child = c->schema->classes.at[row->children.at[i]];
        if (!child->shown.by_user && class_fits(c, child, places)) add_with_children(c, child->shown.id, places, out);
    }
}

static classification by_content(classifier *c, id_list *out)
{
    const schema *s = c->schema;
    layout_id found = LAYOUT_NONE;
    for (size_t i = 0; i < s->order.len && found == LAYOUT_NONE; i++)
        if (!s->layouts.at[s->order.at[i]].only_stated && layout_fits(c, s->order.at[i])) found = s->order.at[i];
    if (found == LAYOUT_NONE) return (classification){.layout = LAYOUT_NONE};
    family_id f = s->layouts.at[found].family;
    const place_list *places = places_under(c, f, found);
    for (size_t i = 0; i < s->families.at[f].roots.len; i++) {
        const class_row *root = s->classes.at[s->families.at[f].roots.at[i]];
        if (!root->shown.by_user && class_fits(c, root, places)) add_with_children(c, root->shown.id, places, out);
    }
    return (classification){.layout = found};
}

/* The class that the user states, its ancestors, and what content tells below it. */
static classification as_stated(classifier *c, class_id stated, id_list *out)
{
    const schema *s = c->schema;
    const family *f = &s->families.at[s->classes.at[stated]->shown.family];
    layout_id found = LAYOUT_NONE;
    for (size_t i = 0; i < f->layouts.len && found == LAYOUT_NONE; i++)
        if (layout_fits(c, f->layouts.at[i])) found = f->layouts.at[i];
    const place_list *places = places_under(c, s->classes.at[stated]->shown.family, found);
    id_list ancestors = {0};
    for (class_id up = s->classes.at[stated]->shown.parent; up != CLASS_NONE; up = s->classes.at[up]->shown.parent)
        vec_push_in(c->scratch, &ancestors.ids, up);
    for (size_t i = ancestors.ids.len; i-- > 0;) vec_push_in(c->scratch, &out->ids, ancestors.ids.at[i]);
    add_with_children(c, stated, places, out);
    return (classification){.layout = found};
}

/* One copy of each list of classes; there are few. */
static const class_id *kept_list(classifier *c, const class_id *ids, size_t count)
{
    for (size_t i = 0; i < c->lists.len; i++)
        if (c->lists.at[i].class_count == count && memcmp(c->lists.at[i].classes, ids, count * sizeof *ids) == 0)
            return c->lists.at[i].classes;
    class_id *copy = arena_alloc(c->results, count * sizeof *ids);
    memcpy(copy, ids, count * sizeof *ids);
    classification list = {.layout = LAYOUT_NONE, .classes = copy, .class_count = count};
    vec_push(&c->lists, list);
    return copy;
}

static bool same_family(const classifier *c, const id_list *ids, class_id stated)
{
    const class_row *const *classes = (const class_row *const *)c->schema->classes.at;
    return ids->ids.len && classes[ids->ids.at[0]]->shown.family == classes[stated]->shown.family;
}

/*
 * Content goes before what the user says where it tells the product (an event log of Windows in a folder of proxy logs stays
 * what it is). Within one family both hold; and where content tells no more than "some web log" the user knows better.
 */
static bool content_decides(const classifier *c, const id_list *ids, class_id stated)
{
    if (same_family(c, ids, stated)) return false;
    for (size_t i = 0; i < ids->ids.len; i++) {
        const event_class *k = &c->schema->classes.at[ids->ids.at[i]]->shown;
        for (size_t n = 0; n < k->source_count; n++)
            if (k->sources[n].product.len) return true;
    }
    return false;
}

static void add_missing(classifier *c, const id_list *from, id_list *to)
{
    for (size_t i = 0; i < from->ids.len; i++) {
        bool there = false;
        for (size_t n = 0; n < to->ids.len; n++) there |= to->ids.at[n] == from->ids.at[i];
        if (!there) vec_push_in(c->scratch, &to->ids, from->ids.at[i]);
    }
}

static classification find(classifier *c, class_id stated)
{
    id_list ids = {0};
    arena_reset(c->scratch);
    classification k = by_content(c, &ids);
    if (stated != CLASS_NONE && !content_decides(c, &ids, stated)) {
        id_list seen = ids;
        ids = (id_list){0};
        k = as_stated(c, stated, &ids);
        if (same_family(c, &seen, stated)) add_missing(c, &seen, &ids);
    }
    k.class_count = ids.ids.len;
    if (k.class_count) k.classes = kept_list(c, ids.ids.at, ids.ids.len);
    return k;
}

/* ---- remembering ---- */

typedef struct {
    uint8_t bytes[KEY_LIMIT];
    size_t len;
    bool too_long;
} memo_key;

static void key_put(memo_key *k, const void *bytes, size_t n)
{
    if (n > sizeof k->bytes - k->len) {
        k->too_long = true;
        return;
    }
    memcpy(k->bytes + k->len, bytes, n);
    k->len += n;
}

static void key_put_value(memo_key *k, const value *v, size_t depth)
{
    uint8_t type = (uint8_t)v->type;
    key_put(k, &type, 1);
    switch (v->type) {
    case VALUE_STRING: {
        uint16_t len = (uint16_t)(v->as.string.len < depth ? v->as.string.len : depth);
        key_put(k, &len, sizeof len);
        key_put(k, v->as.string.ptr, len);
        return;
    }
    case VALUE_BOOL:
        type = v->as.boolean;
        key_put(k, &type, 1);
        return;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_FLOAT:
    case VALUE_TIME:
        key_put(k, &v->as.integer, sizeof v->as.integer);
        return;
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK:
    case VALUE_LIST:
    case VALUE_RECORD:
        return;
    }
}

/* Fills in what the event has at the places, and the key made of it. */
static void look_at(classifier *c, const event *e, class_id stated, memo_key *k)
{
    size_t words = c->places.len / 64 + 1;
    memset(c->present, 0, words * sizeof *c->present);
    for (size_t i = 0; i < e->field_count; i++) {
        path_slot slot = e->fields[i].slot;
        uint16_t place = slot < c->slot_count ? c->place_of_slot[slot] : NO_PLACE;
        if (place == NO_PLACE || e->fields[i].value.type == VALUE_NULL) continue;
        if (c->present[place / 64] >> (place % 64) & 1) continue;
        c->present[place / 64] |= UINT64_C(1) << (place % 64);
        c->seen[place] = c->depth[place] ? event_field_value(e, &e->fields[i]) : &e->fields[i].value;
    }
    key_put(k, &stated, sizeof stated);
    for (size_t w = 0; w < words; w++)
        for (uint64_t bits = c->present[w]; bits; bits &= bits - 1) {
            uint16_t place = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(bits));
            key_put(k, &place, sizeof place);
            if (c->depth[place]) key_put_value(k, c->seen[place], c->depth[place]);
        }
}

static memo_entry *memo_find(classifier *c, const memo_key *k, uint64_t hash)
{
    size_t at = hash & (MEMO_ENTRIES - 1);
    while (c->memo[at].key &&
           (c->memo[at].hash != hash || c->memo[at].len != k->len || memcmp(c->memo[at].key, k->bytes, k->len) != 0))
        at = (at + 1) & (MEMO_ENTRIES - 1);
    return &c->memo[at];
}

/* When what is remembered is too much, all of it is forgotten. */
static void make_room(classifier *c)
{
    if (c->memo_used < MEMO_ENTRIES / 2 && arena_used(c->remembered) <= MEMO_BYTES) return;
    memset(c->memo, 0, MEMO_ENTRIES * sizeof *c->memo);
    memset(c->glances, 0, GLANCES * sizeof *c->glances);
    arena_reset(c->remembered);
    c->memo_used = 0;
}

static void memo_add(classifier *c, const memo_key *k, uint64_t hash, classification result)
{
    make_room(c);
    uint8_t *copy = arena_alloc(c->remembered, k->len);
    memcpy(copy, k->bytes, k->len);
    *memo_find(c, k, hash) = (memo_entry){.hash = hash, .key = copy, .len = k->len, .result = result};
    c->memo_used++;
}

static classification remembered(classifier *c, const event *e, class_id stated)
{
    memo_key k;
    k.len = 0;
    k.too_long = false;
    look_at(c, e, stated, &k);
    if (k.too_long) return find(c, stated);
    uint64_t hash = hash_bytes(k.bytes, k.len, 0);
    memo_entry *m = memo_find(c, &k, hash);
    if (m->key) return m->result;
    classification result = find(c, stated);
    memo_add(c, &k, hash, result);
    return result;
}

/* ---- at a glance ---- */

#define UNDECODED 0x100

/* The fields of an event that stand at places. */
typedef struct {
    uint64_t heads[GLANCED_FIELDS]; /* slot, how the value is written, length */
    const void *bytes[GLANCED_FIELDS];
    uint32_t count;
    uint64_t hash;
} glance_key;

/* Texts much longer than what conditions look at would hardly come again whole. */
static bool is_too_long(const event_field *f, size_t depth) { return f->value.as.string.len > 4 * depth; }

static uint64_t head_of(path_slot slot, uint32_t kind, size_t len) { return slot | (uint64_t)kind << 32 | (uint64_t)len << 48; }

#define SHALLOW 400u /* bytes; four times as many are fewer than KEY_LIMIT */

/* false: it is too long to be glanced at. */
static __attribute__((noinline)) bool glance_at(const event *e, event_field *f, size_t depth, uint64_t *head, const void **bytes)
{
    size_t len = 0;
    uint32_t kind = f->value.type;
    *bytes = "";
    if (depth && f->undecoded && is_too_long(f, depth)) kind = event_field_value(e, f)->type;
    else if (depth && f->undecoded) kind = UNDECODED + f->encoding;
    switch (f->value.type) {
    case VALUE_STRING:
        *bytes = f->value.as.string.ptr;
        len = f->undecoded || f->value.as.string.len < depth ? f->value.as.string.len : depth;
        break;
    case VALUE_BOOL:
        kind |= (uint32_t)f->value.as.boolean << 4;
        break;
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_FLOAT:
    case VALUE_TIME:
        *bytes = &f->value.as.integer;
        len = sizeof f->value.as.integer;
        break;
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK:
    case VALUE_LIST:
    case VALUE_RECORD:
        break;
    }
    *head = depth ? head_of(f->slot, kind, len) : head_of(f->slot, 0, 0);
    return len <= KEY_LIMIT;
}

/* false: there is too much. */
static bool glance_over(const classifier *c, const event *e, class_id stated, glance_key *k)
{
    const uint16_t *sight = c->sight;
    size_t slots = c->slot_count;
    path_slot before = SLOT_NONE;
    uint64_t hash = stated;
    uint32_t count = 0;
    for (event_field *f = e->fields, *end = f ? f + e->field_count : f; f < end; f++) {
        path_slot slot = f->slot;
        size_t depth = slot < slots ? sight[slot] : 0;
        if (depth == 0 || f->value.type == VALUE_NULL || slot == before) continue; /* of several the first counts */
        if (count == GLANCED_FIELDS) return false;
        if (f->value.type == VALUE_STRING && depth - 2 < SHALLOW && f->value.as.string.len < (f->undecoded ? 4 * depth : depth)) { /* most */
            k->heads[count] = head_of(slot, f->undecoded ? UNDECODED + f->encoding : VALUE_STRING, f->value.as.string.len);
            k->bytes[count] = f->value.as.string.ptr;
        } else if (!glance_at(e, f, depth - 1, &k->heads[count], &k->bytes[count])) {
            return false;
        }
        hash = (hash ^ k->heads[count] ^ bytes_glance(k->bytes[count], k->heads[count] >> 48)) * UINT64_C(0xa0761d6478bd642f);
        hash ^= hash >> 32;
        before = slot;
        count++;
    }
    k->count = count;
    k->hash = hash;
    return true;
}

static inline bool is_same(const glance *g, const glance_key *k)
{
    const uint8_t *at = g->fields;
    for (uint32_t i = 0; i < k->count; i++) {
        size_t len = k->heads[i] >> 48;
        if (bytes_8(at) != k->heads[i] || !bytes_equal(at + 8, k->bytes[i], len)) return false;
        at += 8 + len;
    }
    return true;
}

static void glance_keep(classifier *c, const glance_key *k, class_id stated, classification result)
{
    size_t size = 1;
    for (uint32_t i = 0; i < k->count; i++) size += 8 + (k->heads[i] >> 48);
    if (size > KEY_LIMIT) return;
    make_room(c);
    uint8_t *copy = arena_alloc(c->remembered, size), *at = copy;
    for (uint32_t i = 0; i < k->count; i++) {
        memcpy(at, &k->heads[i], 8);
        memcpy(at + 8, k->bytes[i], k->heads[i] >> 48);
        at += 8 + (k->heads[i] >> 48);
    }
    c->glances[k->hash & (GLANCES - 1)] = (glance){copy, stated, k->count, result};
}

classification classify(classifier *c, const event *e, class_id stated)
{
    glance_key k;
    if (!glance_over(c, e, stated, &k)) return remembered(c, e, stated);
    const glance *g = &c->glances[k.hash & (GLANCES - 1)];
    if (g->fields && g->stated == stated && g->count == k.count && is_same(g, &k)) return g->result;
    classification result = remembered(c, e, stated);
    glance_keep(c, &k, stated, result);
    return result;
}

/* ---- time and host ---- */

static const slot_list *slots_for(const classifier *c, const slot_list *lists, const classification *k)
{
    return &lists[k->layout == LAYOUT_NONE ? c->schema->layouts.len : k->layout];
}

timestamp classifier_time(classifier *c, const event *e, const classification *k, arena *a)
{
    const slot_list *times = slots_for(c, c->times, k);
    for (size_t i = 0; i < times->count; i++)
        for (size_t n = 0; n < e->field_count; n++) {
            if (e->fields[n].slot != times->slots[i]) continue;
            timestamp t = time_parse(c->schema, event_field_value(e, &e->fields[n]), times->forms[i], a);
            if (t != TIMESTAMP_NONE) return t;
        }
    return TIMESTAMP_NONE;
}

pk_str classifier_host(classifier *c, const event *e, const classification *k, arena *a)
{
    const slot_list *hosts = slots_for(c, c->hosts, k);
    pk_str host;
    for (size_t i = 0; i < hosts->count; i++)
        for (size_t n = 0; n < e->field_count; n++)
            if (e->fields[n].slot == hosts->slots[i] && e->fields[n].value.type != VALUE_NULL &&
                value_text(a, event_field_value(e, &e->fields[n]), &host) && host.len > 0)
                return host;
    return STR("");
}
