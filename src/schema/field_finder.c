/*
 * Fields of whole records, for rendering and for reasons. Records of a layout are asked for the same few fields again and
 * again: those are found in one walk along a path set of all their paths, by the law of schema_tree_values: of several
 * paths of a field the best that has values counts. A field that was never asked for is searched for on its own, until so
 * many were that a new path set pays. Where the shape of a record is known (shapes.h), even the walk was done before.
 */
#include "event/inner_text.h"
#include "schema/shapes.h"

enum { MAP_DEPTH = 16 };

struct layout_fields {
    table numbers;                /* field -> its number */
    VEC(pk_str) names;
    size_t walked;                /* the first so many are found by the walk */
    size_t searched;              /* searches for others since it was made */
    struct field_walk {
        path_set *paths;          /* NULL: nobody has asked yet */
        uint32_t *first;          /* uses of path slot i: uses[first[i] .. first[i + 1]) */
        struct path_use { uint32_t field, rank; } *uses;
    } fields;
    table named;                  /* raw paths of the fields that the layout names */
    uint64_t walk;                /* number of the path set */
    table naming;                 /* keys of strings that name values */
    uint64_t naming_bits;         /* of them, by length and first byte */
};

typedef struct path_use path_use;
typedef struct field_walk field_walk;
typedef struct layout_fields layout_fields;

field_finder *field_finder_new(const schema *s)
{
    field_finder *f = mem_zalloc(1, sizeof *f);
    f->schema = s;
    f->names = arena_new();
    f->layouts = mem_zalloc(s->layouts.len + 1, sizeof *f->layouts);
    f->shapes = shape_table_new();
    return f;
}

static void free_walk(field_walk *w)
{
    path_set_free(w->paths);
    mem_free(w->first);
    mem_free(w->uses);
}

void field_finder_free(field_finder *f)
{
    if (!f) return;
    for (size_t i = 0; i <= f->schema->layouts.len; i++) {
        layout_fields *l = &f->layouts[i];
        free_walk(&l->fields);
        table_free(&l->numbers);
        table_free(&l->named);
        table_free(&l->naming);
        vec_free(&l->names);
    }
    mem_free(f->layouts);
    shape_table_free(f->shapes);
    vec_free(&f->places);
    arena_free(f->names);
    mem_free(f);
}

/* ---- which fields ---- */

static uint64_t naming_bit(pk_str key)
{
    return key.len ? UINT64_C(1) << ((key.len * 7 + (uint8_t)key.ptr[0]) & 63) : 0;
}

bool field_finder_names_values(const field_finder *f, pk_str key)
{
    return (f->fields->naming_bits & naming_bit(key)) && table_get(&f->fields->naming, key) != TABLE_NONE;
}

bool field_finder_has_names(const field_finder *f) { return f->fields->naming_bits != 0; }

/* The keys of names of the pairs in a raw path. Shapes were told without them until now. */
static void add_naming(field_finder *f, pk_str path)
{
    for (size_t end = 0; end != STR_NPOS; path = str_slice(path, end + 1, STR_NPOS)) {
        path_pair pair;
        end = str_find_char(path, '.');
        if (!path_pair_read(str_slice(path, 0, end), f->names, &pair)) continue;
        for (size_t i = 0; i < pair.name_count; i++) {
            size_t slash = str_find_char(pair.names[i], '/');
            pk_str key = slash == STR_NPOS ? pair.names[i] : str_slice(pair.names[i], slash + 1, STR_NPOS);
            if (!table_put(&f->fields->naming, arena_str(f->names, key), 0)) continue;
            f->fields->naming_bits |= naming_bit(key);
            f->naming_changed = true;
        }
    }
}

static uint32_t number_of(field_finder *f, pk_str name)
{
    layout_fields *l = f->fields;
    uint32_t number = table_get(&l->numbers, name);
    if (number != TABLE_NONE) return number;
    number = (uint32_t)l->names.len;
    name = arena_str(f->names, name);
    vec_push(&l->names, name);
    table_put(&l->numbers, name, number);
    if (str_find_char(name, '{') != STR_NPOS) add_naming(f, name);
    return number;
}

static void name_fields(field_finder *f)
{
    const layout *l = &f->schema->layouts.at[f->layout];
    for (size_t i = 0; i < l->pattern_count; i++) add_naming(f, l->patterns[i]);
    for (size_t i = 0; i < l->fields.len; i++) {
        number_of(f, l->fields.at[i].name);
        for (size_t k = 0; k < l->fields.at[i].count; k++) {
            add_naming(f, l->fields.at[i].paths[k]);
            table_set(&f->fields->named, l->fields.at[i].paths[k], 0);
        }
    }
}

typedef struct {
    path_slot slot;
    path_use use;
} slot_use;

/* Counting sort of the uses by slot. */
static void sort_uses(field_walk *w, const slot_use *uses, size_t count)
{
    size_t slots = path_slot_count(w->paths);
    w->first = mem_zalloc(slots + 2, sizeof *w->first);
    w->uses = mem_zalloc(count + 1, sizeof *w->uses);
    for (size_t i = 0; i < count; i++) w->first[uses[i].slot + 2]++;
    for (size_t i = 2; i <= slots; i++) w->first[i] += w->first[i - 1];
    for (size_t i = 0; i < count; i++) w->uses[w->first[uses[i].slot + 1]++] = uses[i].use;
}

static field_walk new_walk(const field_finder *f, const pk_str *names, size_t count)
{
    field_walk w = {.paths = path_set_new()};
    arena *scratch = arena_new();
    VEC(slot_use) uses = {0};
    for (uint32_t i = 0; i < count; i++) {
        pk_str raw[FIELD_PATHS];
        size_t paths = layout_raw_paths(f->schema, f->layout, names[i], scratch, raw);
        for (uint32_t k = 0; k < paths; k++) vec_push(&uses, ((slot_use){path_add(w.paths, raw[k]), {i, k}}));
    }
    sort_uses(&w, uses.at, uses.len);
    path_set_freeze(w.paths);
    vec_free(&uses);
    arena_free(scratch);
    return w;
}

/* What mappings of the family's classes lead to: records of many classes will be asked for them. */
static void ask_for_map(field_finder *f, const field_map *m, unsigned depth)
{
    if (m->kind == MAP_FIELD) number_of(f, m->text);
    for (size_t i = 0; depth && i < m->count; i++) ask_for_map(f, m->args[i], depth - 1);
}

static void ask_for_mapped(field_finder *f)
{
    family_id of = f->schema->layouts.at[f->layout].family;
    for (size_t i = 0; i < f->schema->classes.len; i++) {
        const class_row *c = f->schema->classes.at[i];
        for (size_t k = 0; c->shown.family == of && k < c->mappings.len; k++)
            if (schema_is_usual(c->mappings.at[k].schema)) ask_for_map(f, c->mappings.at[k].map, MAP_DEPTH);
    }
}

/* A walk for all fields that were ever asked for. */
static void make_walk(field_finder *f)
{
    layout_fields *l = f->fields;
    free_walk(&l->fields);
    l->fields = new_walk(f, l->names.at, l->names.len);
    l->walk = ++f->walks;
    l->walked = l->names.len;
    l->searched = 0;
}

/* ---- one record ---- */

static void begin(field_finder *f, layout_id l, arena *a)
{
    f->layout = l;
    f->fields = &f->layouts[l == LAYOUT_NONE ? f->schema->layouts.len : l];
    f->event = NULL;
    f->tree = NULL;
    f->arena = a;
    f->values = NULL;
    f->opened_count = 0;
    memset(f->opened, 0, sizeof f->opened);
    f->shaped = false;
    f->outlined = NULL;
    if (!f->fields->fields.paths && l != LAYOUT_NONE) {
        name_fields(f);
        ask_for_mapped(f);
    }
    if (!f->fields->fields.paths || f->fields->searched > f->fields->names.len) make_walk(f);
    shape_table_tidy(f->shapes, f->naming_changed);
    f->naming_changed = false;
}

void field_finder_record(field_finder *f, layout_id l, const value *tree, arena *a)
{
    begin(f, l, a);
    f->tree = tree;
}

void field_finder_event(field_finder *f, layout_id l, const event *e, arena *a)
{
    begin(f, l, a);
    f->event = e;
}

const value *field_finder_tree(field_finder *f)
{
    if (!f->tree) f->tree = event_tree(f->event, f->arena);
    return f->tree;
}

const value *field_finder_place(field_finder *f, uint32_t place)
{
    const value **at = &f->places.at[place];
    if (!*at) {
        value *made = arena_alloc(f->arena, sizeof *made);
        *made = f->event->outline->value(f->event, place);
        *at = made;
    }
    return *at;
}

size_t field_finder_open(field_finder *f, pk_str t, const value **records)
{
    if (f->drawn) return shape_open(f, t, records);
    for (size_t i = 0; i < OPENED_KEPT; i++) {
        const opened_text *known = &f->opened[i];
        if (!known->text.ptr || known->text.ptr != t.ptr || known->text.len != t.len) continue;
        *records = known->records;
        return known->count;
    }
    opened_text *o = &f->opened[f->opened_count++ % OPENED_KEPT];
    *o = (opened_text){.text = t};
    o->count = inner_text_open(t, f->arena, &o->records);
    *records = o->records;
    return o->count;
}

shape *field_finder_shape(field_finder *f)
{
    if (f->drawn || f->naming_changed) return NULL;
    if (!f->shaped) f->shape = shape_of(f);
    f->shaped = true;
    return f->shape;
}

uint64_t field_finder_walk(const field_finder *f) { return f->fields->walk; }

uint32_t field_finder_number(field_finder *f, pk_str name, bool *walked)
{
    uint32_t number = number_of(f, name);
    *walked = number < f->fields->walked;
    return number;
}

/* Values by field, and the ranks of the paths that they come from. */
typedef struct {
    field_finder *finder;
    const field_walk *walk;
    list_builder *values;
    uint32_t *ranks;
} walking;

static void take(void *user, path_slot slot, const value *v)
{
    walking *w = user;
    for (uint32_t i = w->walk->first[slot]; i < w->walk->first[slot + 1]; i++) {
        path_use use = w->walk->uses[i];
        list_builder *to = &w->values[use.field];
        if (to->items.len && use.rank > w->ranks[use.field]) continue;
        if (to->items.len && use.rank < w->ranks[use.field]) *to = (list_builder){0};
        w->ranks[use.field] = use.rank;
        list_add(w->finder->arena, to, *v);
    }
}

static size_t open_text(void *user, pk_str t, arena *a, const value **records)
{
    (void)a;
    return field_finder_open(((walking *)user)->finder, t, records);
}

static const list_builder *walk_record(field_finder *f, const field_walk *walk, size_t count)
{
    walking w = {f, walk, ARENA_ARRAY(f->arena, list_builder, count + 1), ARENA_ARRAY(f->arena, uint32_t, count + 1)};
    path_values_opened(walk->paths, PATH_ROOT, field_finder_tree(f), f->arena, take, open_text, &w);
    return w.values;
}

const list_builder *field_finder_walked(field_finder *f, size_t *count)
{
    *count = f->fields->walked;
    if (!f->values) f->values = walk_record(f, &f->fields->fields, *count);
    return f->values;
}

/* As schema_tree_values. */
void field_finder_search(field_finder *f, pk_str name, list_builder *out)
{
    walking w = {.finder = f};
    pk_str raw[FIELD_PATHS];
    size_t count = layout_raw_paths(f->schema, f->layout, name, f->arena, raw);
    f->fields->searched++;
    for (size_t i = 0, before = out->items.len; i < count && out->items.len == before; i++)
        tree_values_opened(field_finder_tree(f), raw[i], f->arena, open_text, &w, out);
}

static void add_shaped(field_finder *f, const shape_values *values, list_builder *out)
{
    for (size_t i = 0; i < values->count; i++) {
        const value *v = &values->at[i];
        list_add(f->arena, out, v->type == VALUE_TIME ? *field_finder_place(f, (uint32_t)v->as.time) : *v);
    }
}

void field_finder_raw_values(field_finder *f, pk_str name, list_builder *out)
{
    shape_values known;
    shape *s = f->values ? NULL : field_finder_shape(f);
    if (s && shape_field(f, s, name, &known)) {
        add_shaped(f, &known, out);
        return;
    }
    uint32_t number = number_of(f, name);
    size_t count;
    if (number >= f->fields->walked) {
        f->unseen = true;
        field_finder_search(f, name, out);
        return;
    }
    const list_builder *values = field_finder_walked(f, &count);
    for (size_t i = 0; i < values[number].items.len; i++) list_add(f->arena, out, values[number].items.at[i]);
}

bool field_finder_is_named(const field_finder *f, pk_str path) { return table_get(&f->fields->named, path) != TABLE_NONE; }
