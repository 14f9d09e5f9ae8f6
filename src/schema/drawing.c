/*
 * Rendering by shape. What schema_normalise makes of a shape's own record, with places for values, is the plan of all records of that
 * shape and these classes: finished JSON, and which places' values stand between. Mappings are left to the record at hand, those at
 * least that have a field in the shape: what they compute may be missing.
 */
#include "schema/shapes.h"

enum { NAMES = 512, DRAW_DEPTH = 64 };

typedef struct {
    field_finder *finder;
    shape *shape;
    arena *arena;                 /* of shapes */
    bool failed;
    text text;
    VEC(outline_place) places;
    VEC(drawn_mapping) mapped;
} planner;

/* ---- making ---- */

static void *kept(arena *a, const void *at, size_t count, size_t size)
{
    void *copy = arena_zalloc(a, count, size);
    if (count) memcpy(copy, at, count * size);
    return copy;
}

/* What was written, for good, without the values, and where they stand; the next begins. */
static outline_json take_json(planner *p)
{
    char *kept_text = arena_zalloc(p->arena, p->text.len + TEXT_PADDING, 1);
    memcpy(kept_text, p->text.ptr, p->text.len);
    outline_json taken = {{kept_text, p->text.len}, kept(p->arena, p->places.at, p->places.len, sizeof *p->places.at), p->places.len};
    text_clear(&p->text);
    p->places.len = 0;
    return taken;
}

static void put_key(text *t, pk_str name)
{
    text_put_json(t, name);
    text_put_char(t, ':');
}

static void draw_value(planner *p, const value *v, unsigned depth);

static void draw_list(planner *p, const value *v, unsigned depth)
{
    text_put_char(&p->text, '[');
    for (size_t i = 0; i < v->as.list.count; i++) {
        if (i) text_put_char(&p->text, ',');
        draw_value(p, &v->as.list.items[i], depth);
    }
    text_put_char(&p->text, ']');
}

static void draw_record(planner *p, const value_field *fields, size_t count, unsigned depth)
{
    text_put_char(&p->text, '{');
    for (size_t i = 0; i < count; i++) {
        if (i) text_put_char(&p->text, ',');
        put_key(&p->text, fields[i].name);
        draw_value(p, &fields[i].value, depth);
    }
    text_put_char(&p->text, '}');
}

static void draw_place(planner *p, uint32_t place)
{
    p->failed |= p->text.len > UINT32_MAX;
    vec_push(&p->places, ((outline_place){(uint32_t)p->text.len, place}));
}

/* A whole list or record has a place, too, but for those of outlines. */
static void draw_value(planner *p, const value *v, unsigned depth)
{
    uint32_t place = shape_place(p->shape, v);
    bool inside = v->type == VALUE_LIST || (v->type == VALUE_RECORD && (p->shape->outlined || v->as.record.count == 0));
    if (place != UINT32_MAX) draw_place(p, place);
    else if (inside && depth == 0) p->failed = true;
    else if (v->type == VALUE_LIST) draw_list(p, v, depth - 1);
    else if (inside) draw_record(p, v->as.record.fields, v->as.record.count, depth - 1);
    else if (v->type == VALUE_BLANK || p->shape->outlined) value_write_json(&p->text, v);
    else p->failed = true;
}

static void draw_fields(planner *p, const record_builder *seen, table *taken)
{
    draw_record(p, seen->fields.at, seen->fields.len, DRAW_DEPTH);
    p->text.len--; /* mappings may follow */
    for (size_t i = 0; i < seen->fields.len; i++) table_set(taken, seen->fields.at[i].name, TABLE_NONE - 1);
}

static void draw_mappings(planner *p, drawing *d, class_id c, table *taken)
{
    const class_row *row = p->finder->schema->classes.at[c];
    for (size_t i = 0; i < row->mappings.len && !p->failed; i++) {
        const mapping *m = &row->mappings.at[i];
        uint32_t name = table_get(taken, m->field);
        if (!schema_is_usual(m->schema) || m->field.len == 0 || name == TABLE_NONE - 1) continue;
        const shape_map *map = shape_map_make(p->finder, p->shape, schema_field(p->finder->schema, c, m->schema, m->field, p->finder->arena));
        p->failed |= !map;
        if (!map || shape_map_is_missing(map)) continue;
        if (name == TABLE_NONE) {
            name = (uint32_t)d->name_count++;
            table_set(taken, m->field, name);
        }
        put_key(&p->text, m->field);
        drawn_mapping made = {.name = name, .map = map};
        uint32_t place;
        made.plain = shape_map_is_place(map, &place);
        if (made.plain) draw_place(p, place);
        made.json = take_json(p);
        vec_push(&p->mapped, made);
    }
}

/* Looks at the shape's own record; false: the shape must be told better first, or can't be drawn. */
static bool look(planner *p, const classification *k, record_builder *seen)
{
    field_finder before;
    if (!shape_fields(p->finder, p->shape)) return false;
    shape_enter(p->finder, p->shape, &before);
    *seen = normalise_layout(p->finder, k);
    return shape_leave(p->finder, p->shape, &before);
}

static drawing *draw(planner *p, const classification *k, const record_builder *seen)
{
    drawing *d = ARENA_NEW(p->arena, drawing);
    table taken = {0};
    draw_fields(p, seen, &taken);
    d->empty = seen->fields.len == 0;
    d->fields = take_json(p);
    for (size_t i = k->class_count; i-- > 0;) draw_mappings(p, d, k->classes[i], &taken);
    table_free(&taken);
    if (p->failed || d->name_count > NAMES) return NULL;
    d->classes = kept(p->arena, k->classes, k->class_count, sizeof *k->classes);
    d->class_count = k->class_count;
    d->mapped = kept(p->arena, p->mapped.at, p->mapped.len, sizeof *p->mapped.at);
    d->mapped_count = p->mapped.len;
    return d;
}

/* What could not be looked at may be known of a shape that is told better: of the next record of this kind. */
static const drawing *make_drawing(planner *p, const classification *k)
{
    record_builder seen;
    drawing *d = NULL;
    bool looked = look(p, k, &seen);
    if (looked) d = draw(p, k, &seen);
    if (d) vec_push_in(p->arena, &p->shape->drawings, d);
    else p->shape->never |= looked;
    text_free(&p->text);
    vec_free(&p->places);
    vec_free(&p->mapped);
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

/* Of a record without an outline all places have their values. */
static void put_json(field_finder *f, const outline_json *j, text *out)
{
    size_t written = 0;
    for (size_t i = 0; i < j->count; i++) {
        outline_place p = j->places[i];
        text_put_padded(out, j->text.ptr + written, p.at - written);
        put_value(out, f->places.at[p.place]);
        written = p.at;
    }
    text_put(out, str_slice(j->text, written, STR_NPOS));
}

static void put_fields(field_finder *f, const shape *s, const outline_json *j, text *out)
{
    if (s->outlined) f->event->outline->write_json(f->event, j, out);
    else put_json(f, j, out);
}

static void put_mapped(field_finder *f, const shape *s, const drawing *d, text *out)
{
    bool done[NAMES] = {0}, first = d->empty;
    for (size_t i = 0; i < d->mapped_count; i++) {
        const drawn_mapping *m = &d->mapped[i];
        list_builder values = {0};
        if (done[m->name]) continue;
        if (!m->plain) shape_map_values(f, m->map, &values);
        if (!m->plain && values.items.len == 0) continue;
        done[m->name] = true;
        if (!first) text_put_char(out, ',');
        first = false;
        if (m->plain) {
            put_fields(f, s, &m->json, out);
        } else {
            text_put(out, m->json.text);
            value list = values.items.len == 1 ? values.items.at[0] : list_done(&values);
            put_value(out, &list);
        }
    }
}

bool drawing_write(field_finder *f, const classification *k, text *out)
{
    shape *s = field_finder_shape(f);
    const drawing *d = s ? drawing_of(f, s, k) : NULL;
    if (!d) return false;
    put_fields(f, s, &d->fields, out);
    if (d->mapped_count) put_mapped(f, s, d, out);
    text_put_char(out, '}');
    return true;
}
