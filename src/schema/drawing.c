/*
 * Rendering by shape. What schema_normalise makes of a shape's own record, with places for values, is the plan of all records of that
 * shape and these classes: keys as JSON, and which place's value follows. Mappings are left to the record at hand, as far as the
 * shape has their fields: what they compute may be missing.
 */
#include "schema/shapes.h"

enum { NAMES = 512, MAP_DEPTH = 16, DRAW_DEPTH = 64 };

typedef struct {
    field_finder *finder;
    shape *shape;
    arena *arena;                 /* of shapes */
    bool failed;
    VEC(pk_str) asked;            /* fields of mappings that the finder's walk does not find */
    table numbers;                /* of them */
    shape_field_places found;     /* their places */
} planner;

/* ---- making ---- */

static pk_str key_of(const planner *p, pk_str name)
{
    text t = {0};
    text_put_json(&t, name);
    text_put_char(&t, ':');
    pk_str key = arena_str(p->arena, text_view(&t));
    text_free(&t);
    return key;
}

static drawn draw_value(planner *p, const value *v, unsigned depth)
{
    drawn d = {.kind = DRAWN_PLACE, .place = shape_place(p->shape, v)};
    if (d.place != UINT32_MAX) return d;
    if (v->type == VALUE_BLANK || (v->type == VALUE_RECORD && v->as.record.count == 0)) {
        d.kind = DRAWN_CONSTANT;
        d.constant = *v;
        return d;
    }
    if (v->type != VALUE_LIST || depth == 0) {
        p->failed = true;
        return d;
    }
    drawn *items = ARENA_ARRAY(p->arena, drawn, v->as.list.count + 1);
    for (size_t i = 0; i < v->as.list.count; i++) items[i] = draw_value(p, &v->as.list.items[i], depth - 1);
    d.kind = DRAWN_LIST;
    d.items = items;
    d.count = v->as.list.count;
    return d;
}

/* NULL: it gives nothing. */
static const drawn_map *draw_map(planner *p, const field_map *m, unsigned depth)
{
    drawn_map *d = ARENA_NEW(p->arena, drawn_map);
    *d = (drawn_map){.kind = m->kind, .function = m->text, .constant = m->constant};
    if (depth == 0 || m->kind == MAP_RECORD) {
        p->failed = true;
        return NULL;
    }
    if (m->kind == MAP_CONSTANT) return d;
    if (m->kind == MAP_FIELD) {
        uint32_t number = field_finder_number(p->finder, m->text);
        const shape_field_places *from = number == TABLE_NONE ? &p->found : &p->shape->fields;
        if (number == TABLE_NONE) number = table_get(&p->numbers, m->text);
        d->count = from->first[number + 1] - from->first[number];
        if (d->count) d->places = from->places + from->first[number];
        return d->count ? d : NULL;
    }
    if (m->kind == MAP_MISSING) return NULL;
    d->args = ARENA_ARRAY(p->arena, const drawn_map *, m->count + 1);
    for (size_t i = 0; i < m->count; i++) {
        const drawn_map *arg = draw_map(p, m->args[i], depth - 1);
        if (arg) d->args[d->count++] = arg;
        else if (m->kind == MAP_CALL) return NULL; /* a function of something missing is missing */
    }
    return d->count ? d : NULL;
}

static void ask_fields(planner *p, const field_map *m, unsigned depth)
{
    if (m->kind == MAP_FIELD && field_finder_number(p->finder, m->text) == TABLE_NONE && table_get(&p->numbers, m->text) == TABLE_NONE) {
        table_put(&p->numbers, m->text, (uint32_t)p->asked.len);
        vec_push(&p->asked, m->text);
        p->failed |= str_find_char(m->text, '{') != STR_NPOS; /* it might name values by keys that shapes are not told by */
    }
    for (size_t i = 0; depth && i < m->count; i++) ask_fields(p, m->args[i], depth - 1);
}

static const field_map *map_of(const planner *p, class_id c, const mapping *m)
{
    return schema_field(p->finder->schema, c, m->schema, m->field, p->arena);
}

static void ask_classes(planner *p, const classification *k)
{
    for (size_t i = k->class_count; i-- > 0;) {
        const class_row *row = p->finder->schema->classes.at[k->classes[i]];
        for (size_t j = 0; j < row->mappings.len; j++)
            if (schema_is_usual(row->mappings.at[j].schema)) ask_fields(p, map_of(p, k->classes[i], &row->mappings.at[j]), MAP_DEPTH);
    }
}

static void draw_fields(planner *p, drawing *d, const record_builder *seen, table *taken)
{
    drawn_field *fields = ARENA_ARRAY(p->arena, drawn_field, seen->fields.len + 1);
    for (size_t i = 0; i < seen->fields.len; i++) {
        const value_field *f = &seen->fields.at[i];
        fields[i] = (drawn_field){key_of(p, f->name), draw_value(p, &f->value, DRAW_DEPTH)};
        table_set(taken, f->name, TABLE_NONE - 1);
    }
    d->fields = fields;
    d->field_count = seen->fields.len;
}

typedef struct { VEC(drawn_mapping) of; } mapping_list;

static void draw_mappings(planner *p, drawing *d, class_id c, table *taken, mapping_list *out)
{
    const class_row *row = p->finder->schema->classes.at[c];
    for (size_t i = 0; i < row->mappings.len && !p->failed; i++) {
        const mapping *m = &row->mappings.at[i];
        uint32_t name = table_get(taken, m->field);
        if (!schema_is_usual(m->schema) || m->field.len == 0 || name == TABLE_NONE - 1) continue;
        const drawn_map *map = draw_map(p, map_of(p, c, m), MAP_DEPTH);
        if (!map) continue;
        if (name == TABLE_NONE) {
            name = (uint32_t)d->name_count++;
            table_set(taken, m->field, name);
        }
        vec_push_in(p->arena, &out->of, ((drawn_mapping){key_of(p, m->field), name, map}));
    }
}

/* Looks at the shape's own record; false: the shape must be told better first, or can't be drawn. */
static bool look(planner *p, const classification *k, record_builder *seen)
{
    field_finder before;
    if (!shape_fields(p->finder, p->shape)) return false;
    shape_enter(p->finder, p->shape, &before);
    *seen = normalise_layout(p->finder, k);
    const list_builder *values = p->asked.len ? field_finder_find(p->finder, p->asked.at, p->asked.len) : NULL;
    if (!shape_leave(p->finder, p->shape, &before)) return false;
    if (values) p->failed |= !shape_places(p->shape, values, p->asked.len, p->arena, &p->found);
    return !p->failed;
}

static drawing *draw(planner *p, const classification *k, const record_builder *seen)
{
    drawing *d = ARENA_NEW(p->arena, drawing);
    table taken = {0};
    mapping_list mapped = {{0}};
    draw_fields(p, d, seen, &taken);
    for (size_t i = k->class_count; i-- > 0;) draw_mappings(p, d, k->classes[i], &taken, &mapped);
    table_free(&taken);
    if (p->failed || d->name_count > NAMES) return NULL;
    class_id *classes = ARENA_ARRAY(p->arena, class_id, k->class_count + 1);
    if (k->class_count) memcpy(classes, k->classes, k->class_count * sizeof *classes);
    d->classes = classes;
    d->class_count = k->class_count;
    d->mapped = mapped.of.at;
    d->mapped_count = mapped.of.len;
    return d;
}

static const drawing *make_drawing(planner *p, const classification *k)
{
    record_builder seen;
    drawing *d = NULL;
    ask_classes(p, k);
    bool looked = look(p, k, &seen);
    if (looked) d = draw(p, k, &seen);
    if (d) vec_push_in(p->arena, &p->shape->drawings, d);
    else p->shape->never |= looked || p->failed;
    vec_free(&p->asked);
    table_free(&p->numbers);
    return d;
}

static const drawing *drawing_of(field_finder *f, shape *s, const classification *k)
{
    for (size_t i = 0; i < s->drawings.len; i++) {
        const drawing *d = s->drawings.at[i];
        if (d->class_count == k->class_count && (k->class_count == 0 || memcmp(d->classes, k->classes, k->class_count * sizeof *k->classes) == 0))
            return d;
    }
    planner p = {.finder = f, .shape = s, .arena = shape_table_arena(f->shapes)};
    return s->never ? NULL : make_drawing(&p, k);
}

/* ---- writing ---- */

static void put_value(text *out, const value *v)
{
    if (v->type == VALUE_STRING) text_put_json(out, v->as.string);
    else value_write_json(out, v);
}

static void put_drawn(text *out, const drawn *d, const value *const *places)
{
    switch (d->kind) {
    case DRAWN_PLACE: put_value(out, places[d->place]); return;
    case DRAWN_CONSTANT: put_value(out, &d->constant); return;
    case DRAWN_LIST:
        text_put_char(out, '[');
        for (size_t i = 0; i < d->count; i++) {
            if (i) text_put_char(out, ',');
            put_drawn(out, &d->items[i], places);
        }
        text_put_char(out, ']');
        return;
    }
}

static void map_values(const field_finder *f, const drawn_map *m, list_builder *out);

/* As in tree_fields.c: applied to each value of the first argument; of the others the first counts. */
static void call_values(const field_finder *f, const drawn_map *m, list_builder *out)
{
    value *args = ARENA_ARRAY(f->arena, value, m->count);
    list_builder values = {0};
    for (size_t i = 1; i < m->count; i++) {
        list_builder of_arg = {0};
        map_values(f, m->args[i], &of_arg);
        if (of_arg.items.len == 0) return;
        args[i] = of_arg.items.at[0];
    }
    map_values(f, m->args[0], &values);
    for (size_t i = 0; i < values.items.len; i++) {
        args[0] = values.items.at[i];
        value v = schema_call(m->function, args, m->count, f->arena);
        if (v.type != VALUE_MISSING) list_add(f->arena, out, v);
    }
}

static void map_values(const field_finder *f, const drawn_map *m, list_builder *out)
{
    static const value blank = {.type = VALUE_BLANK};
    switch (m->kind) {
    case MAP_CONSTANT: list_add(f->arena, out, m->constant); return;
    case MAP_FIELD:
        for (size_t i = 0; i < m->count; i++) list_add(f->arena, out, m->places[i] == PLACE_BLANK ? blank : *f->places.at[m->places[i]]);
        return;
    case MAP_FIRST:
        for (size_t i = 0, before = out->items.len; i < m->count && out->items.len == before; i++) map_values(f, m->args[i], out);
        return;
    case MAP_CALL: call_values(f, m, out); return;
    case MAP_MISSING:
    case MAP_RECORD: return;
    }
}

static void put_mapped(const field_finder *f, const drawing *d, text *out, bool first)
{
    bool done[NAMES] = {0};
    for (size_t i = 0; i < d->mapped_count; i++) {
        const drawn_mapping *m = &d->mapped[i];
        list_builder values = {0};
        if (done[m->name]) continue;
        map_values(f, m->map, &values);
        if (values.items.len == 0) continue;
        done[m->name] = true;
        if (!first) text_put_char(out, ',');
        first = false;
        text_put(out, m->key);
        value list = values.items.len == 1 ? values.items.at[0] : list_done(&values);
        put_value(out, &list);
    }
}

bool drawing_write(field_finder *f, const classification *k, text *out)
{
    shape *s = field_finder_shape(f);
    const drawing *d = s ? drawing_of(f, s, k) : NULL;
    if (!d) return false;
    text_put_char(out, '{');
    for (size_t i = 0; i < d->field_count; i++) {
        if (i) text_put_char(out, ',');
        text_put(out, d->fields[i].key);
        put_drawn(out, &d->fields[i].value, f->places.at);
    }
    if (d->mapped_count) put_mapped(f, d, out, d->field_count == 0);
    text_put_char(out, '}');
    return true;
}
