/* Telling the shape of a record, and the record that stands for a shape. */
#include "schema/shapes.h"

#include "event/inner_text.h"

enum {
    PLACES = 2000,              /* a record of more values has no shape */
    DEPTH = 32,
    NAME_TEXT = 200,            /* bytes of a string that names another */
    MUCH = 8 << 20,             /* bytes of shapes that are kept */
};

struct shape_table {
    arena *arena;
    table index;                /* signature -> number */
    VEC(shape *) shapes;
    text signature;
};

shape_table *shape_table_new(void)
{
    shape_table *t = mem_zalloc(1, sizeof *t);
    t->arena = arena_new();
    return t;
}

void shape_table_free(shape_table *t)
{
    table_free(&t->index);
    vec_free(&t->shapes);
    text_free(&t->signature);
    arena_free(t->arena);
    mem_free(t);
}

void shape_table_tidy(shape_table *t, bool all)
{
    if (!all && arena_used(t->arena) < MUCH) return;
    table_free(&t->index);
    t->shapes.len = 0;
    arena_reset(t->arena);
}

arena *shape_table_arena(shape_table *t) { return t->arena; }

/* ---- the kinds of values ---- */

typedef enum { KIND_SCALAR = 's', KIND_TEXT = 't', KIND_NAME = 'n', KIND_RECORD = 'r', KIND_LIST = 'l', KIND_NONE = 0 } place_kind;

/* May it hold records? More than inner_text_may_open it knows of GUIDs, which no object looks like. */
static bool is_text(pk_str s)
{
    if (s.len < 2 || (s.ptr[0] > '<' && s.ptr[0] != '{' && s.ptr[0] != '[')) return false;
    if (s.ptr[0] == '{' && s.ptr[1] > ' ' && s.ptr[1] != '"' && s.ptr[1] != '}') return false;
    return inner_text_may_open(s);
}

static place_kind kind_of(const field_finder *f, pk_str key, const value *v)
{
    switch (v->type) {
    case VALUE_MISSING: return KIND_NONE;
    case VALUE_RECORD: return KIND_RECORD;
    case VALUE_LIST: return KIND_LIST;
    case VALUE_STRING:
        if (field_finder_names_values(f, key)) return v->as.string.len > NAME_TEXT ? KIND_NONE : KIND_NAME;
        return is_text(v->as.string) ? KIND_TEXT : KIND_SCALAR;
    default: return KIND_SCALAR;
    }
}

/* ---- signatures ---- */

static void put_sized(text *t, char kind, pk_str s)
{
    uint16_t len = (uint16_t)s.len;
    char *out = text_reserve(t, s.len + 1 + sizeof len);
    out[0] = kind;
    memcpy(out + 1, &len, sizeof len);
    if (s.len) memcpy(out + 1 + sizeof len, s.ptr, s.len);
    t->len += s.len + 1 + sizeof len;
}

static void put_count(text *t, char kind, size_t n)
{
    uint16_t count = (uint16_t)n;
    put_sized(t, kind, (pk_str){(const char *)&count, sizeof count});
}

/* Adds a value to the signature, and it and all in it to the places; false: it is too much. */
static bool gather(field_finder *f, pk_str key, const value *v, unsigned depth)
{
    text *t = &f->shapes->signature;
    place_kind kind = kind_of(f, key, v);
    if (depth == 0 || kind == KIND_NONE || f->places.len == PLACES) return false;
    vec_push(&f->places, v);
    switch (kind) {
    case KIND_NAME: put_sized(t, (char)kind, v->as.string); return true;
    case KIND_RECORD:
        if (v->as.record.count > PLACES) return false;
        put_count(t, (char)kind, v->as.record.count);
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *field = &v->as.record.fields[i];
            if (field->name.len > UINT16_MAX) return false;
            put_sized(t, ':', field->name);
            if (!gather(f, field->name, &field->value, depth - 1)) return false;
        }
        return true;
    case KIND_LIST:
        if (v->as.list.count > PLACES) return false;
        put_count(t, (char)kind, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++)
            if (!gather(f, key, &v->as.list.items[i], depth - 1)) return false;
        return true;
    default: text_put_char(t, (char)kind); return true;
    }
}

/* The shape of this signature; NULL: it is met for the first time. */
static shape *look_up(shape_table *t)
{
    uint32_t number = table_get(&t->index, text_view(&t->signature));
    if (number != TABLE_NONE) return t->shapes.at[number];
    table_put(&t->index, arena_str(t->arena, text_view(&t->signature)), (uint32_t)t->shapes.len);
    vec_push(&t->shapes, ARENA_NEW(t->arena, shape));
    return NULL;
}

/* ---- the record of a shape ---- */

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
    switch (kind_of(d->finder, key, v)) {
    case KIND_NAME: *to = value_string(arena_str(d->arena, v->as.string)); return;
    case KIND_TEXT: *to = value_string(arena_str(d->arena, STR("{}"))); return;
    case KIND_RECORD:
        *to = (value){.type = VALUE_RECORD, .as.record = {ARENA_ARRAY(d->arena, value_field, v->as.record.count), v->as.record.count}};
        for (size_t i = 0; i < v->as.record.count; i++) {
            value_field *field = &to->as.record.fields[i];
            field->name = arena_str(d->arena, v->as.record.fields[i].name);
            draw(d, field->name, &v->as.record.fields[i].value, &field->value);
        }
        return;
    case KIND_LIST:
        *to = (value){.type = VALUE_LIST, .as.list = {ARENA_ARRAY(d->arena, value, v->as.list.count), v->as.list.count}};
        for (size_t i = 0; i < v->as.list.count; i++) draw(d, key, &v->as.list.items[i], &to->as.list.items[i]);
        return;
    case KIND_SCALAR:
    case KIND_NONE: *to = (value){.type = VALUE_TIME, .as.time = place}; return; /* records hold no times of their own */
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

/* The shape `s` of the record at hand, whose shape without texts is `record`. */
static void make(field_finder *f, shape *s, shape *record)
{
    artist d = {f, f->shapes->arena, s};
    s->known = true;
    s->record = record;
    s->values = ARENA_ARRAY(d.arena, value *, f->places.len);
    draw(&d, STR(""), f->tree, &s->tree);
    if (s != record)
        for (size_t i = 0; i < record->asked.len; i++) draw_text(&d, record->asked.at[i]);
}

/* What stands in the texts that somebody looks into belongs to the shape. */
static bool gather_texts(field_finder *f, const shape *record)
{
    for (size_t i = 0; i < record->asked.len; i++) {
        const value *records;
        size_t count = field_finder_open(f, f->places.at[record->asked.at[i]]->as.string, &records);
        if (count > PLACES) return false;
        put_count(&f->shapes->signature, 'o', count);
        for (size_t k = 0; k < count; k++)
            if (!gather(f, STR(""), &records[k], DEPTH)) return false;
    }
    return true;
}

static shape *made_shape(field_finder *f, shape *record)
{
    shape *s = look_up(f->shapes);
    if (s && !s->known) make(f, s, record ? record : s);
    return s && !s->never ? s : NULL;
}

shape *shape_of(field_finder *f)
{
    f->places.len = 0;
    text_clear(&f->shapes->signature);
    text_put(&f->shapes->signature, (pk_str){(const char *)&f->layout, sizeof f->layout});
    if (f->layout == LAYOUT_NONE || f->tree->type != VALUE_RECORD || !gather(f, STR(""), f->tree, DEPTH)) return NULL;
    shape *record = made_shape(f, NULL);
    if (!record || record->asked.len == 0) return record;
    return gather_texts(f, record) ? made_shape(f, record) : NULL;
}

/* ---- looking at it ---- */

uint32_t shape_place(const shape *s, const value *v)
{
    if (v->type == VALUE_TIME) return (uint32_t)v->as.time;
    for (size_t i = 0; i < s->count; i++) {
        const value *own = s->values[i];
        if (own->type != v->type) continue;
        if (v->type == VALUE_STRING && own->as.string.ptr == v->as.string.ptr) return (uint32_t)i;
        if (v->type == VALUE_RECORD && v->as.record.count && own->as.record.fields == v->as.record.fields) return (uint32_t)i;
        if (v->type == VALUE_LIST && v->as.list.count && own->as.list.items == v->as.list.items) return (uint32_t)i;
    }
    return UINT32_MAX;
}

void shape_enter(field_finder *f, shape *s, field_finder *before)
{
    *before = *f;
    f->tree = &s->tree;
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
    if (place >= record->count || record->values[place]->type != VALUE_STRING) {
        record->never = true; /* a text within a text */
        return;
    }
    for (size_t i = 0; i < record->asked.len; i++)
        if (record->asked.at[i] == place) return;
    vec_push_in(f->shapes->arena, &record->asked, place);
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

typedef struct { VEC(uint32_t) of; } place_list;

static bool add_places(const shape *s, const list_builder *values, arena *a, place_list *to)
{
    for (size_t i = 0; i < values->items.len; i++) {
        const value *v = &values->items.at[i];
        uint32_t place = v->type == VALUE_BLANK ? PLACE_BLANK : shape_place(s, v);
        if (place == UINT32_MAX && v->type != VALUE_BLANK) return false;
        vec_push_in(a, &to->of, place);
    }
    return true;
}

bool shape_places(const shape *s, const list_builder *values, size_t count, arena *a, shape_field_places *out)
{
    uint32_t *first = ARENA_ARRAY(a, uint32_t, count + 1);
    place_list places = {{0}};
    for (size_t i = 0; i < count; i++) {
        if (!add_places(s, &values[i], a, &places)) return false;
        first[i + 1] = (uint32_t)places.of.len;
    }
    *out = (shape_field_places){first, places.of.at};
    return true;
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
    s->never = !shape_places(s, values, count, f->shapes->arena, &s->fields);
    s->walk = field_finder_walk(f);
    return !s->never;
}
