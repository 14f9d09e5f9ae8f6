/*
 * Fields of whole records, for rendering and for reasons. Records of a layout are asked for the same few fields again and
 * again: those are found in one walk along a path set of all their paths, by the law of schema_tree_values: of several
 * paths of a field the best that has values counts. A field that was never asked for is searched for on its own, until so
 * many were that a new path set pays.
 */
#include "schema/model.h"

struct layout_fields {
    table numbers;                /* field -> its number */
    VEC(pk_str) names;
    size_t walked;                /* the first so many are found by the walk */
    size_t searched;              /* searches for others since it was made */
    path_set *paths;              /* NULL: nobody has asked yet */
    uint32_t *first;              /* uses of path slot i: uses[first[i] .. first[i + 1]) */
    struct path_use { uint32_t field, rank; } *uses;
    table named;                  /* raw paths of the fields that the layout names */
};

typedef struct path_use path_use;
typedef struct layout_fields layout_fields;

field_finder *field_finder_new(const schema *s)
{
    field_finder *f = mem_zalloc(1, sizeof *f);
    f->schema = s;
    f->names = arena_new();
    f->layouts = mem_zalloc(s->layouts.len + 1, sizeof *f->layouts);
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
        vec_free(&l->names);
    }
    mem_free(f->layouts);
    arena_free(f->names);
    mem_free(f);
}

/* ---- which fields ---- */

static uint32_t number_of(field_finder *f, pk_str name)
{
    layout_fields *l = f->fields;
    uint32_t number = table_get(&l->numbers, name);
    if (number != TABLE_NONE) return number;
    number = (uint32_t)l->names.len;
    name = arena_str(f->names, name);
    vec_push(&l->names, name);
    table_put(&l->numbers, name, number);
    return number;
}

static void name_fields(field_finder *f)
{
    const layout *l = &f->schema->layouts.at[f->layout];
    for (size_t i = 0; i < l->fields.len; i++) {
        number_of(f, l->fields.at[i].name);
        for (size_t k = 0; k < l->fields.at[i].count; k++) table_set(&f->fields->named, l->fields.at[i].paths[k], 0);
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
    if (!f->fields->paths && l != LAYOUT_NONE) name_fields(f);
    if (!f->fields->paths || f->fields->searched > f->fields->names.len) make_walk(f);
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

void field_finder_raw_values(field_finder *f, pk_str name, list_builder *out)
{
    uint32_t number = number_of(f, name);
    if (number >= f->fields->walked) {
        f->fields->searched++;
        schema_tree_values(f->schema, f->layout, name, f->tree, f->arena, out);
        return;
    }
    if (!f->values) {
        f->values = ARENA_ARRAY(f->arena, list_builder, f->fields->walked);
        f->ranks = ARENA_ARRAY(f->arena, uint32_t, f->fields->walked);
        path_values(f->fields->paths, PATH_ROOT, f->tree, f->arena, take, f);
    }
    for (size_t i = 0; i < f->values[number].items.len; i++) list_add(f->arena, out, f->values[number].items.at[i]);
}

bool field_finder_is_named(const field_finder *f, pk_str path) { return table_get(&f->fields->named, path) != TABLE_NONE; }
