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

static bool is_opening(const value *v) { return v->type == VALUE_STRING && inner_text_may_open(v->as.string); }

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
    s->record = record;
    s->values = ARENA_ARRAY(d.arena, value *, f->places.len);
    draw(&d, STR(""), field_finder_tree(f), &s->tree);
    if (s != record)
        for (size_t i = 0; i < record->asked.len; i++) draw_text(&d, record->asked.at[i]);
}

/* The same out of the tree of an outline. */
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
            field->name = arena_str(d->arena, v->as.record.fields[i].name);
            draw_outline(d, &v->as.record.fields[i].value, &field->value);
        }
        return;
    case VALUE_LIST:
        to->as.list.items = ARENA_ARRAY(d->arena, value, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++) draw_outline(d, &v->as.list.items[i], &to->as.list.items[i]);
        return;
    default: *to = value_copy(d->arena, v); return;
    }
}

static void make_outlined(field_finder *f, shape *s)
{
    artist d = {f, f->shapes->arena, s};
    value outline = f->event->outline->tree(f->event, f->arena);
    s->record = s;
    s->outlined = true;
    s->count = f->places.len;
    s->values = ARENA_ARRAY(d.arena, value *, s->count + 1);
    s->never = outline.type != VALUE_RECORD;
    if (!s->never) draw_outline(&d, &outline, &s->tree);
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

/* The shape of the signature at hand, made when it is met for the second time. */
static shape *made_shape(field_finder *f, shape *record, bool outlined)
{
    shape *s = look_up(f->shapes);
    if (s && !s->known) {
        s->known = true;
        if (outlined) make_outlined(f, s);
        else make(f, s, record ? record : s);
    }
    return s && !s->never ? s : NULL;
}

static void begin_signature(field_finder *f)
{
    text_clear(&f->shapes->signature);
    text_put(&f->shapes->signature, (pk_str){(const char *)&f->layout, sizeof f->layout});
}

/* Names of pairs belong to a shape with their texts, which outlines do not tell. */
static shape *shape_by_outline(field_finder *f)
{
    uint32_t count;
    const event *e = f->event;
    if (!e || !e->outline || field_finder_has_names(f)) return NULL;
    begin_signature(f);
    text_put_char(&f->shapes->signature, 'o');
    text_put(&f->shapes->signature, (pk_str){(const char *)&e->outline, sizeof e->outline}); /* one for each format */
    if (!e->outline->key(e, &f->shapes->signature, &count)) return NULL;
    f->places.len = 0;
    vec_reserve(&f->places, (size_t)count + 1);
    memset(f->places.at, 0, count * sizeof *f->places.at);
    f->places.len = count;
    return made_shape(f, NULL, true);
}

static shape *shape_by_tree(field_finder *f)
{
    const value *tree = field_finder_tree(f);
    f->places.len = 0;
    begin_signature(f);
    if (tree->type != VALUE_RECORD || !gather(f, STR(""), tree, DEPTH)) return NULL;
    shape *record = made_shape(f, NULL, false);
    if (!record || record->asked.len == 0) return record;
    return gather_texts(f, record) ? made_shape(f, record, false) : NULL;
}

shape *shape_of(field_finder *f)
{
    if (f->layout == LAYOUT_NONE) return NULL;
    shape *s = shape_by_outline(f);
    return s ? s : shape_by_tree(f);
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
    if (record->outlined || place >= record->count || record->values[place]->type != VALUE_STRING) {
        record->never = true; /* a text within a text, or one that only its record tells of */
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

static bool keep_values(const shape *s, const list_builder *values, arena *a, shape_values *out)
{
    value *kept = ARENA_ARRAY(a, value, values->items.len + 1);
    for (size_t i = 0; i < values->items.len; i++)
        if (!shape_value(s, &values->items.at[i], a, &kept[i])) return false;
    *out = (shape_values){kept, values->items.len};
    return true;
}

static bool keep_walked(const shape *s, const list_builder *values, size_t count, arena *a, shape_values *out)
{
    for (size_t i = 0; i < count; i++)
        if (!keep_values(s, &values[i], a, &out[i])) return false;
    return true;
}

bool shape_fields(field_finder *f, shape *s)
{
    if (s->never) return false;
    if (s->walk == field_finder_walk(f)) return true;
    field_finder before;
    size_t count;
    arena *a = f->shapes->arena;
    shape_enter(f, s, &before);
    const list_builder *values = field_finder_walked(f, &count);
    if (!shape_leave(f, s, &before)) return false;
    shape_values *fields = ARENA_ARRAY(a, shape_values, count + 1);
    s->never = !keep_walked(s, values, count, a, fields);
    s->fields = fields;
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
    s->never = !keep_values(s, &values, f->shapes->arena, out);
    if (!s->never) vec_push_in(f->shapes->arena, &s->others, ((shape_field_values){number, *out}));
    return !s->never;
}

bool shape_field(field_finder *f, shape *s, pk_str name, shape_values *out)
{
    bool walked;
    uint32_t number = field_finder_number(f, name, &walked);
    if (!walked) return other_field(f, s, name, number, out);
    if (!shape_fields(f, s)) return false;
    *out = s->fields[number];
    return true;
}
