/*
 * The record that stands for a shape: places for values. It is made of the first record whose shape is known, and looked at by the code
 * that looks at any other; what that finds are places, which hold for all records of the shape.
 */
#include "schema/shapes.h"

#include "event/inner_text.h"

/* ---- making it ---- */

typedef struct {
    field_finder *finder;
    arena *arena;
    shape *shape;
} artist;

/* The next place. */
static void draw(artist *d, pk_str key, const value *v, value *to)
{
    uint32_t place = (uint32_t)d->shape->count++;
    d->shape->values[place] = to;
    switch (shape_kind_of(d->finder, key, v)) {
    case PLACE_NAME: *to = value_string(arena_str(d->arena, v->as.string)); return;
    case PLACE_TEXT: *to = value_string(arena_str(d->arena, STR("{}"))); return;
    case PLACE_RECORD:
        *to = (value){.type = VALUE_RECORD, .as.record = {ARENA_ARRAY(d->arena, value_field, v->as.record.count), v->as.record.count}};
        for (size_t i = 0; i < v->as.record.count; i++) {
            value_field *field = &to->as.record.fields[i];
            field->name = arena_str(d->arena, v->as.record.fields[i].name);
            draw(d, field->name, &v->as.record.fields[i].value, &field->value);
        }
        return;
    case PLACE_LIST:
        *to = (value){.type = VALUE_LIST, .as.list = {ARENA_ARRAY(d->arena, value, v->as.list.count), v->as.list.count}};
        for (size_t i = 0; i < v->as.list.count; i++) draw(d, key, &v->as.list.items[i], &to->as.list.items[i]);
        return;
    case PLACE_SCALAR:
    case PLACE_NONE: *to = (value){.type = VALUE_TIME, .as.time = place}; return; /* records hold no times of their own */
    }
}

static void draw_text(artist *d, uint32_t place)
{
    const value *records;
    size_t count = field_finder_open(d->finder, d->finder->places.at[place]->as.string, &records);
    value *made = ARENA_ARRAY(d->arena, value, count);
    for (size_t i = 0; i < count; i++) draw(d, STR(""), &records[i], &made[i]);
    vec_push_in(d->arena, &d->shape->texts, ((shape_text){place, made, count}));
}

void shape_make(field_finder *f, shape *s, shape *record)
{
    artist d = {f, shape_table_arena(f->shapes), s};
    s->record = record;
    s->values = ARENA_ARRAY(d.arena, value *, f->places.len);
    draw(&d, STR(""), field_finder_tree(f), &s->tree);
    if (s != record)
        for (size_t i = 0; i < record->asked.len; i++) draw_text(&d, record->asked.at[i]);
}

static bool is_opening(const value *v) { return v->type == VALUE_STRING && inner_text_may_open(v->as.string); }

/* The same out of the tree of an outline, whose names stay where they are. */
static void draw_outline(artist *d, const value *v, value *to)
{
    *to = *v;
    switch (v->type) {
    case VALUE_TIME:
        if (!is_opening(field_finder_place(d->finder, (uint32_t)v->as.time))) return;
        *to = value_string(arena_str(d->arena, STR("{}")));
        d->shape->values[v->as.time] = to;
        return;
    case VALUE_RECORD:
        to->as.record.fields = ARENA_ARRAY(d->arena, value_field, v->as.record.count);
        for (size_t i = 0; i < v->as.record.count; i++) {
            value_field *field = &to->as.record.fields[i];
            field->name = v->as.record.fields[i].name;
            draw_outline(d, &v->as.record.fields[i].value, &field->value);
        }
        return;
    case VALUE_LIST:
        to->as.list.items = ARENA_ARRAY(d->arena, value, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++) draw_outline(d, &v->as.list.items[i], &to->as.list.items[i]);
        return;
    default: return;
    }
}

/* Made of any record of the shape that somebody needs it for, and gone with it. */
static const value *outlined_tree(field_finder *f, shape *s)
{
    if (f->outlined) return f->outlined;
    artist d = {f, f->arena, s};
    value outline = f->event->outline->tree(f->event, f->arena), *tree = ARENA_NEW(f->arena, value);
    s->never |= outline.type != VALUE_RECORD;
    s->values = ARENA_ARRAY(f->arena, value *, s->count + 1);
    draw_outline(&d, &outline, tree);
    return f->outlined = tree;
}

void shape_make_outlined(field_finder *f, shape *s)
{
    s->record = s;
    s->outlined = true;
    s->count = f->places.len;
    outlined_tree(f, s);
}

/* ---- looking at it ---- */

uint32_t shape_place(const shape *s, const value *v)
{
    if (v->type == VALUE_TIME) return (uint32_t)v->as.time;
    for (size_t i = 0; i < s->count; i++) {
        const value *own = s->values[i];
        if (!own || own->type != v->type) continue;
        if (v->type == VALUE_STRING && own->as.string.ptr == v->as.string.ptr) return (uint32_t)i;
        if (v->type == VALUE_RECORD && v->as.record.count && own->as.record.fields == v->as.record.fields) return (uint32_t)i;
        if (v->type == VALUE_LIST && v->as.list.count && own->as.list.items == v->as.list.items) return (uint32_t)i;
    }
    return UINT32_MAX;
}

/* Of an outline what has no place is the same in all records. */
bool shape_value(const shape *s, const value *v, arena *a, value *out)
{
    uint32_t place = shape_place(s, v);
    if (place != UINT32_MAX) *out = (value){.type = VALUE_TIME, .as.time = place};
    else if (v->type == VALUE_LIST || v->type == VALUE_RECORD || (v->type != VALUE_BLANK && !s->outlined)) return false;
    else *out = value_copy(a, v);
    return true;
}

void shape_enter(field_finder *f, shape *s, field_finder *before)
{
    *before = *f;
    f->tree = s->outlined ? outlined_tree(f, s) : &s->tree;
    f->values = NULL;
    f->drawn = s;
    f->unseen = false;
}

bool shape_leave(field_finder *f, shape *s, const field_finder *before)
{
    bool seen = !f->unseen;
    f->tree = before->tree;
    f->values = before->values;
    f->drawn = NULL;
    if (!seen) s->never = s->record != s || s->asked.len == 0; /* else what the texts hold tells the shape from now on */
    return seen;
}

/* A text that nobody has looked into yet: the shape of the record is to be told by it from now on. */
static void ask_for(field_finder *f, shape *record, uint32_t place)
{
    f->unseen = true;
    if (record->outlined || place >= record->count || record->values[place]->type != VALUE_STRING) {
        record->never = true; /* a text within a text, or one that only its record tells of */
        return;
    }
    for (size_t i = 0; i < record->asked.len; i++)
        if (record->asked.at[i] == place) return;
    vec_push_in(shape_table_arena(f->shapes), &record->asked, place);
}

size_t shape_open(field_finder *f, pk_str t, const value **records)
{
    shape *s = f->drawn;
    value v = value_string(t);
    uint32_t place = shape_place(s, &v);
    for (size_t i = 0; i < s->texts.len; i++) {
        if (s->texts.at[i].place != place) continue;
        *records = s->texts.at[i].records;
        return s->texts.at[i].count;
    }
    if (inner_text_may_open(t)) ask_for(f, s->record, place);
    return 0;
}

/* ---- fields ---- */

static bool keep_values(const shape *s, const list_builder *values, arena *a, value *kept, shape_values *out)
{
    for (size_t i = 0; i < values->items.len; i++)
        if (!shape_value(s, &values->items.at[i], a, &kept[i])) return false;
    *out = (shape_values){kept, values->items.len};
    return true;
}

/* Of a walk's hundreds of fields a record has some dozens. */
static bool keep_walked(shape *s, const list_builder *values, size_t count, arena *a)
{
    size_t fields = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
        fields += values[i].items.len != 0;
        all += values[i].items.len;
    }
    shape_field_values *out = ARENA_ARRAY(a, shape_field_values, fields);
    value *kept = ARENA_ARRAY(a, value, all);
    s->fields = out;
    s->field_count = fields;
    for (size_t i = 0; i < count; i++) {
        if (values[i].items.len == 0) continue;
        out->field = (uint32_t)i;
        if (!keep_values(s, &values[i], a, kept, &out->values)) return false;
        kept += out++->values.count;
    }
    return true;
}

static shape_values walked_field(const shape *s, uint32_t number)
{
    size_t from = 0, to = s->field_count;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (s->fields[middle].field < number) from = middle + 1;
        else to = middle;
    }
    return from < s->field_count && s->fields[from].field == number ? s->fields[from].values : (shape_values){0};
}

bool shape_fields(field_finder *f, shape *s)
{
    if (s->never) return false;
    if (s->walk == field_finder_walk(f)) return true;
    field_finder before;
    size_t count;
    shape_enter(f, s, &before);
    const list_builder *values = field_finder_walked(f, &count);
    if (!shape_leave(f, s, &before)) return false;
    s->never = !keep_walked(s, values, count, shape_table_arena(f->shapes));
    s->walk = field_finder_walk(f);
    return !s->never;
}

/* A field that the walk does not look for. */
static bool other_field(field_finder *f, shape *s, pk_str name, uint32_t number, shape_values *out)
{
    for (size_t i = 0; i < s->others.len; i++)
        if (s->others.at[i].field == number) {
            *out = s->others.at[i].values;
            return true;
        }
    if (s->never) return false;
    field_finder before;
    shape_enter(f, s, &before);
    list_builder values = {0};
    field_finder_search(f, name, &values);
    if (!shape_leave(f, s, &before)) return false;
    arena *a = shape_table_arena(f->shapes);
    s->never = !keep_values(s, &values, a, ARENA_ARRAY(a, value, values.items.len), out);
    if (!s->never) vec_push_in(a, &s->others, ((shape_field_values){number, *out}));
    return !s->never;
}

bool shape_field(field_finder *f, shape *s, pk_str name, shape_values *out)
{
    bool walked;
    uint32_t number = field_finder_number(f, name, &walked);
    if (!walked) return other_field(f, s, name, number, out);
    if (!shape_fields(f, s)) return false;
    *out = walked_field(s, number);
    return true;
}
