/*
 * Mappings by shape. Which places the fields of a mapping have in records of a shape, which of its alternatives can have values at all
 * and which function a call is of, is found once; what is left to a record is to read its values and to call.
 */
#include "schema/shapes.h"

enum { MAP_DEPTH = 16 };

struct shape_map {
    map_kind kind;                /* MAP_MISSING: records of the shape have no value */
    shape_values values;          /* of MAP_FIELD */
    value constant;
    const map_function *function;
    const shape_map **args;
    size_t count;
};

typedef struct {
    field_finder *finder;
    shape *shape;
    arena *arena;                 /* of shapes */
    bool failed;                  /* it can't be said of the shape */
} maker;

static const shape_map missing = {.kind = MAP_MISSING};

/* ---- making ---- */

static const shape_map *make(maker *k, const field_map *m, unsigned depth);

static shape_map *new_map(maker *k, const field_map *m)
{
    shape_map *made = ARENA_NEW(k->arena, shape_map);
    made->kind = m->kind;
    if (m->kind == MAP_CONSTANT) made->constant = value_copy(k->arena, &m->constant);
    return made;
}

static void put_args(maker *k, shape_map *to, const shape_map *const *args, size_t count)
{
    to->args = ARENA_ARRAY(k->arena, const shape_map *, count);
    memcpy(to->args, args, count * sizeof *args);
    to->count = count;
}

/* Nothing is kept of what is missing: most mappings of a class are. */
static const shape_map *make_field(maker *k, const field_map *m)
{
    shape_values values = {0};
    k->failed |= !shape_field(k->finder, k->shape, m->text, &values);
    if (k->failed || values.count == 0) return &missing;
    shape_map *made = new_map(k, m);
    made->values = values;
    return made;
}

/* A function of which an argument is missing gives nothing; one of constants alone makes nothing of an event, but is called. */
static const shape_map *make_call(maker *k, const field_map *m, unsigned depth)
{
    const shape_map *args[MAP_ARGUMENTS];
    const map_function *function = map_function_of(m->text);
    if (!function || m->count == 0 || m->count > MAP_ARGUMENTS) return &missing;
    for (size_t i = 0; i < m->count; i++) {
        args[i] = make(k, m->args[i], depth);
        if (args[i]->kind == MAP_MISSING) return &missing;
    }
    shape_map *made = new_map(k, m);
    made->function = function;
    put_args(k, made, args, m->count);
    return made;
}

/* Of alternatives those that may have values; none stands behind one that always has some. */
static const shape_map *make_first(maker *k, const field_map *m, unsigned depth)
{
    const shape_map **args = ARENA_ARRAY(k->finder->arena, const shape_map *, m->count);
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        const shape_map *arg = make(k, m->args[i], depth);
        if (arg->kind != MAP_MISSING) args[count++] = arg;
        if (arg->kind == MAP_FIELD || arg->kind == MAP_CONSTANT) break;
    }
    if (count <= 1) return count ? args[0] : &missing;
    shape_map *made = new_map(k, m);
    put_args(k, made, args, count);
    return made;
}

static const shape_map *make(maker *k, const field_map *m, unsigned depth)
{
    if (depth == 0) return &missing;
    switch (m->kind) {
    case MAP_FIELD: return make_field(k, m);
    case MAP_CALL: return make_call(k, m, depth - 1);
    case MAP_FIRST: return make_first(k, m, depth - 1);
    case MAP_CONSTANT: return new_map(k, m);
    case MAP_RECORD: k->failed = true; return &missing; /* the whole record tells */
    case MAP_MISSING: return &missing;
    }
    return &missing;
}

const shape_map *shape_map_make(field_finder *f, shape *s, const field_map *m)
{
    maker k = {.finder = f, .shape = s, .arena = shape_table_arena(f->shapes)};
    const shape_map *made = make(&k, m, MAP_DEPTH);
    return k.failed ? NULL : made;
}

const shape_map *shape_map_of(field_finder *f, shape *s, const field_map *m)
{
    for (size_t i = 0; i < s->maps.len; i++)
        if (s->maps.at[i].of == m) return s->maps.at[i].map;
    shape_known_map known = {m, shape_map_make(f, s, m)};
    if (known.map) vec_push_in(shape_table_arena(f->shapes), &s->maps, known);
    return known.map;
}

bool shape_map_is_missing(const shape_map *m) { return m->kind == MAP_MISSING; }

bool shape_map_is_place(const shape_map *m, uint32_t *place)
{
    if (m->kind != MAP_FIELD || m->values.count != 1 || m->values.at[0].type != VALUE_TIME) return false;
    *place = (uint32_t)m->values.at[0].as.time;
    return true;
}

/* ---- of a record ---- */

static value value_at(field_finder *f, const value *v) { return v->type == VALUE_TIME ? *field_finder_place(f, (uint32_t)v->as.time) : *v; }

/* One argument of a function: its first value, or missing. */
static value first_value(field_finder *f, const shape_map *m)
{
    if (m->kind == MAP_CONSTANT) return m->constant;
    if (m->kind == MAP_FIELD) return value_at(f, &m->values.at[0]);
    list_builder values = {0};
    shape_map_values(f, m, &values);
    return values.items.len ? values.items.at[0] : (value){.type = VALUE_MISSING};
}

/* A function is applied to each value of its first argument; of the others the first counts. */
static void call_values(field_finder *f, const shape_map *m, list_builder *out)
{
    value args[MAP_ARGUMENTS];
    list_builder computed = {0};
    bool of_field = m->args[0]->kind == MAP_FIELD;
    for (size_t i = 1; i < m->count; i++) args[i] = first_value(f, m->args[i]);
    if (!of_field) shape_map_values(f, m->args[0], &computed);
    for (size_t i = 0; i < (of_field ? m->args[0]->values.count : computed.items.len); i++) {
        args[0] = of_field ? value_at(f, &m->args[0]->values.at[i]) : computed.items.at[i];
        value v = map_function_call(m->function, args, m->count, f->arena);
        if (v.type != VALUE_MISSING) list_add(f->arena, out, v);
    }
}

void shape_map_values(field_finder *f, const shape_map *m, list_builder *out)
{
    switch (m->kind) {
    case MAP_FIELD:
        for (size_t i = 0; i < m->values.count; i++) list_add(f->arena, out, value_at(f, &m->values.at[i]));
        return;
    case MAP_CONSTANT: list_add(f->arena, out, m->constant); return;
    case MAP_CALL: call_values(f, m, out); return;
    case MAP_FIRST:
        for (size_t i = 0, before = out->items.len; i < m->count && out->items.len == before; i++) shape_map_values(f, m->args[i], out);
        return;
    case MAP_RECORD:
    case MAP_MISSING: return;
    }
}
