/*
 * Fields of whole records, for rendering and for reasons. Records of a layout are asked for the same few fields again and
 * again: those are found in one walk along a path set of all their paths, by the law of schema_tree_values: of several
 * paths of a field the best that has values counts. A field that was never asked for is searched for on its own, until so
 * many were that a new path set pays. Where the shape of a record is known (shapes.h), even the walk was done before.
 */
#include "event/inner_text.h"
#include "schema/shapes.h"

struct layout_fields {
    table numbers;                /* field -> its number */
    VEC(pk_str) names;
    size_t walked;                /* the first so many are found by the walk */
    size_t searched;              /* searches for others since it was made */
    path_set *paths;              /* NULL: nobody has asked yet */
    uint32_t *first;              /* uses of path slot i: uses[first[i] .. first[i + 1]) */
    struct path_use { uint32_t field, rank; } *uses;
    table named;                  /* raw paths of the fields that the layout names */
    uint64_t walk;                /* number of the path set */
    table naming;                 /* keys of strings that name values */
    uint64_t naming_bits;         /* of them, by length and first byte */
};

typedef struct path_use path_use;
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

static void free_walk(layout_fields *l)
{
    path_set_free(l->paths);
    mem_free(l->first);
    mem_free(l->uses);
}

void field_finder_free(field_finder *f)
{
    if (!f) return;
    for (size_t i = 0; i <= f->schema->layouts.len; i++) {
        layout_fields *l = &f->layouts[i];
        free_walk(l);
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
static void sort_uses(layout_fields *l, const slot_use *uses, size_t count)
{
    size_t slots = path_slot_count(l->paths);
    l->first = mem_zalloc(slots + 2, sizeof *l->first);
    l->uses = mem_zalloc(count + 1, sizeof *l->uses);
    for (size_t i = 0; i < count; i++) l->first[uses[i].slot + 2]++;
    for (size_t i = 2; i <= slots; i++) l->first[i] += l->first[i - 1];
    for (size_t i = 0; i < count; i++) l->uses[l->first[uses[i].slot + 1]++] = uses[i].use;
}

/* A walk for all fields that were ever asked for. */
static void make_walk(field_finder *f)
{
    layout_fields *l = f->fields;
    arena *scratch = arena_new();
    VEC(slot_use) uses = {0};
    free_walk(l);
    l->paths = path_set_new();
    l->walk = ++f->walks;
    l->walked = l->names.len;
    l->searched = 0;
    for (uint32_t i = 0; i < l->walked; i++) {
        pk_str raw[FIELD_PATHS];
        size_t count = layout_raw_paths(f->schema, f->layout, l->names.at[i], scratch, raw);
        for (uint32_t k = 0; k < count; k++) vec_push(&uses, ((slot_use){path_add(l->paths, raw[k]), {i, k}}));
    }
    sort_uses(l, uses.at, uses.len);
    path_set_freeze(l->paths);
    vec_free(&uses);
    arena_free(scratch);
}

/* ---- one record ---- */

void field_finder_record(field_finder *f, layout_id l, const value *tree, arena *a)
{
    f->layout = l;
    f->fields = &f->layouts[l == LAYOUT_NONE ? f->schema->layouts.len : l];
    f->tree = tree;
    f->arena = a;
    f->values = NULL;
    f->opened_count = 0;
    memset(f->opened, 0, sizeof f->opened);
    f->shaped = false;
    if (!f->fields->paths && l != LAYOUT_NONE) name_fields(f);
    if (!f->fields->paths || f->fields->searched > f->fields->names.len) make_walk(f);
    shape_table_tidy(f->shapes, f->naming_changed);
    f->naming_changed = false;
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

uint32_t field_finder_number(field_finder *f, pk_str name) { return number_of(f, name); }
uint64_t field_finder_walk(const field_finder *f) { return f->fields->walk; }

void field_finder_walk_all(field_finder *f)
{
    if (f->fields->walked == f->fields->names.len) return;
    make_walk(f);
    f->values = NULL;
}

static void take(void *user, path_slot slot, const value *v)
{
    field_finder *f = user;
    for (uint32_t i = f->fields->first[slot]; i < f->fields->first[slot + 1]; i++) {
        path_use use = f->fields->uses[i];
        list_builder *to = &f->values[use.field];
        if (to->items.len && use.rank > f->ranks[use.field]) continue;
        if (to->items.len && use.rank < f->ranks[use.field]) *to = (list_builder){0};
        f->ranks[use.field] = use.rank;
        list_add(f->arena, to, *v);
    }
}

static size_t open_text(void *user, pk_str t, arena *a, const value **records)
{
    (void)a;
    return field_finder_open(user, t, records);
}

const list_builder *field_finder_walked(field_finder *f, size_t *count)
{
    *count = f->fields->walked;
    if (f->values) return f->values;
    f->values = ARENA_ARRAY(f->arena, list_builder, f->fields->walked);
    f->ranks = ARENA_ARRAY(f->arena, uint32_t, f->fields->walked);
    path_values_opened(f->fields->paths, PATH_ROOT, f->tree, f->arena, take, open_text, f);
    return f->values;
}

static void shaped_values(field_finder *f, const shape *s, uint32_t number, list_builder *out)
{
    static const value blank = {.type = VALUE_BLANK};
    for (uint32_t i = s->first[number]; i < s->first[number + 1]; i++)
        list_add(f->arena, out, s->places[i] == PLACE_BLANK ? blank : *f->places.at[s->places[i]]);
}

void field_finder_raw_values(field_finder *f, pk_str name, list_builder *out)
{
    uint32_t number = number_of(f, name);
    size_t count;
    if (number >= f->fields->walked) {
        f->fields->searched++;
        f->unseen = true;
        schema_tree_values(f->schema, f->layout, name, f->tree, f->arena, out);
        return;
    }
    shape *s = f->values ? NULL : field_finder_shape(f);
    if (s && shape_fields(f, s)) {
        shaped_values(f, s, number, out);
        return;
    }
    const list_builder *values = field_finder_walked(f, &count);
    for (size_t i = 0; i < values[number].items.len; i++) list_add(f->arena, out, values[number].items.at[i]);
}

bool field_finder_is_named(const field_finder *f, pk_str path) { return table_get(&f->fields->named, path) != TABLE_NONE; }
