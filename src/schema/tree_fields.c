/*
 * A rule's field out of a whole record: the mapping of its class applied to the tree, plainly. Slow on purpose: the engine
 * compiles mappings into slots; this is what the reference evaluator and the rows of correlations read.
 */
#include "event/field_path.h"
#include "schema/shapes.h"

#define MAP_DEPTH 16 /* mappings are data that ships; nothing real nests deeper than 3 */

typedef struct {
    const schema *schema;
    layout_id layout;
    const value *tree;
    arena *arena;
    class_id class_id;
    pk_str schema_name;
    field_finder *finder;         /* which has the tree, too; NULL: each field is searched for in `tree` */
} map_reader;

static void map_values(const map_reader *r, const field_map *m, unsigned depth, list_builder *out);

/* One argument of a function: its first value, or missing. */
static value first_value(const map_reader *r, const field_map *m, unsigned depth)
{
    list_builder values = {0};
    if (m->kind == MAP_CONSTANT) return m->constant;
    map_values(r, m, depth, &values);
    return values.items.len ? values.items.at[0] : (value){.type = VALUE_MISSING};
}

/* A function is applied to each value of its first argument (once, if that is missing); of the others the first counts. */
static void call_values(const map_reader *r, const field_map *m, unsigned depth, list_builder *out)
{
    value *args = ARENA_ARRAY(r->arena, value, m->count + 1);
    for (size_t i = 1; i < m->count; i++) args[i] = first_value(r, m->args[i], depth);
    list_builder values = {0};
    if (m->count) map_values(r, m->args[0], depth, &values);
    for (size_t i = 0; i < values.items.len || i == 0; i++) {
        args[0] = values.items.len ? values.items.at[i] : (value){.type = VALUE_MISSING};
        value v = schema_call(m->text, args, m->count, r->arena);
        if (v.type != VALUE_MISSING) list_add(r->arena, out, v);
    }
}

static void record_values(const map_reader *r, pk_str path, list_builder *out)
{
    const value *tree = r->finder ? field_finder_tree(r->finder) : r->tree;
    value record = schema_record(r->schema, r->class_id, r->layout, r->schema_name, &path, 1, tree, r->arena);
    (void)field_path_read_text(&record, path, r->arena, out);
}

static void map_values(const map_reader *r, const field_map *m, unsigned depth, list_builder *out)
{
    if (depth == 0) return;
    switch (m->kind) {
    case MAP_MISSING:
        return;
    case MAP_CONSTANT:
        list_add(r->arena, out, m->constant);
        return;
    case MAP_FIELD:
        if (r->finder) field_finder_raw_values(r->finder, m->text, out);
        else schema_tree_values(r->schema, r->layout, m->text, r->tree, r->arena, out);
        return;
    case MAP_RECORD:
        record_values(r, m->text, out);
        return;
    case MAP_FIRST:
        for (size_t i = 0, before = out->items.len; i < m->count && out->items.len == before; i++)
            map_values(r, m->args[i], depth - 1, out);
        return;
    case MAP_CALL:
        call_values(r, m, depth - 1, out);
        return;
    }
}

void schema_field_values(const schema *s, class_id c, layout_id l, pk_str schema_name, pk_str field, const value *tree,
                         arena *a, list_builder *out)
{
    map_reader r = {.schema = s, .class_id = c, .schema_name = schema_name, .layout = l, .tree = tree, .arena = a};
    map_values(&r, schema_field(s, c, schema_name, field, a), MAP_DEPTH, out);
}

void schema_map_values(const schema *s, class_id c, layout_id l, const field_map *m, const value *tree, arena *a, list_builder *out)
{
    map_reader r = {.schema = s, .class_id = c, .layout = l, .tree = tree, .arena = a};
    map_values(&r, m, MAP_DEPTH, out);
}

static void finder_values(field_finder *f, class_id c, pk_str schema_name, const field_map *m, list_builder *out)
{
    map_reader r = {.schema = f->schema, .class_id = c, .schema_name = schema_name, .layout = f->layout, .arena = f->arena, .finder = f};
    map_values(&r, m, MAP_DEPTH, out);
}

void field_finder_map_values(field_finder *f, class_id c, pk_str schema_name, const field_map *m, list_builder *out)
{
    shape *s = field_finder_shape(f);
    const shape_map *known = s ? shape_map_of(f, s, m) : NULL;
    if (known) shape_map_values(f, known, out);
    else finder_values(f, c, schema_name, m, out);
}

void field_finder_values(field_finder *f, class_id c, pk_str schema_name, pk_str field, list_builder *out)
{
    finder_values(f, c, schema_name, schema_field(f->schema, c, schema_name, field, f->arena), out);
}
