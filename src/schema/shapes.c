/* Telling the shape of a record, by its tree or by the outline that its reader gives: see shapes.h; the record of a shape is in shape_record.c. */
#include "schema/shapes.h"

#include "event/inner_text.h"

enum {
    PLACES = 2000,              /* a record of more values has no shape */
    DEPTH = 32,
    NAME_TEXT = 200,            /* bytes of a string that names another */
    MUCH = 4 << 20,             /* bytes of shapes that are kept */
    MET = 1024,                 /* a power of two */
};

struct shape_table {
    arena *arena;
    uint32_t met[MET];          /* half of the hash of the last signature of those that fall on one: once was one of it there */
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
    memset(t->met, 0, sizeof t->met);
    t->shapes.len = 0;
    arena_reset(t->arena);
}

arena *shape_table_arena(shape_table *t) { return t->arena; }

/* ---- the kinds of values ---- */

/* May it hold records? More than inner_text_may_open it knows of GUIDs, which no object looks like. */
static bool is_text(pk_str s)
{
    if (s.len < 2 || (s.ptr[0] > '<' && s.ptr[0] != '{' && s.ptr[0] != '[')) return false;
    if (s.ptr[0] == '{' && s.ptr[1] > ' ' && s.ptr[1] != '"' && s.ptr[1] != '}') return false;
    return inner_text_may_open(s);
}

place_kind shape_kind_of(const field_finder *f, pk_str key, const value *v)
{
    switch (v->type) {
    case VALUE_MISSING: return PLACE_NONE;
    case VALUE_RECORD: return PLACE_RECORD;
    case VALUE_LIST: return PLACE_LIST;
    case VALUE_STRING:
        if (field_finder_names_values(f, key)) return v->as.string.len > NAME_TEXT ? PLACE_NONE : PLACE_NAME;
        return is_text(v->as.string) ? PLACE_TEXT : PLACE_SCALAR;
    default: return PLACE_SCALAR;
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
    place_kind kind = shape_kind_of(f, key, v);
    if (depth == 0 || kind == PLACE_NONE || f->places.len == PLACES) return false;
    vec_push(&f->places, v);
    switch (kind) {
    case PLACE_NAME: put_sized(t, (char)kind, v->as.string); return true;
    case PLACE_RECORD:
        if (v->as.record.count > PLACES) return false;
        put_count(t, (char)kind, v->as.record.count);
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *field = &v->as.record.fields[i];
            if (field->name.len > UINT16_MAX) return false;
            put_sized(t, ':', field->name);
            if (!gather(f, field->name, &field->value, depth - 1)) return false;
        }
        return true;
    case PLACE_LIST:
        if (v->as.list.count > PLACES) return false;
        put_count(t, (char)kind, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++)
            if (!gather(f, key, &v->as.list.items[i], depth - 1)) return false;
        return true;
    default: text_put_char(t, (char)kind); return true;
    }
}

/* ---- the shapes that are known ---- */

/* Another of the same hash only makes that a shape is known sooner. */
static bool was_met(shape_table *t)
{
    uint64_t hash = hash_str(text_view(&t->signature));
    uint32_t *met = &t->met[hash % MET], tag = (uint32_t)(hash >> 32);
    bool was = *met == tag;
    *met = tag;
    return was;
}

static shape *new_shape(shape_table *t)
{
    table_put(&t->index, arena_str(t->arena, text_view(&t->signature)), (uint32_t)t->shapes.len);
    vec_push(&t->shapes, ARENA_NEW(t->arena, shape));
    return t->shapes.at[t->shapes.len - 1];
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
    shape_table *t = f->shapes;
    uint32_t number = table_get(&t->index, text_view(&t->signature));
    shape *s = number == TABLE_NONE ? NULL : t->shapes.at[number];
    if (!s && was_met(t)) {
        s = new_shape(t);
        if (outlined) shape_make_outlined(f, s);
        else shape_make(f, s, record ? record : s);
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
