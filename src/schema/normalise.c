/*
 * The event as rules see it, for people: `dump` and the `event` of alerts. Under a flat layout the canonical fields
 * that the layout names, then all others with their wrappers undone; else the record as it is. Behind them what
 * mappings add under names that are still free.
 */
#include "event/inner_text.h"
#include "schema/model.h"

#define WALK_DEPTH 64

enum { NAMES_LOOKED_THROUGH = 64 }; /* more are found by a table */

typedef struct {
    const schema *schema;
    const classification *k;
    const value *tree;
    field_finder *finder;
    arena *arena;
    record_builder out;
    uint64_t seen[4]; /* a bit for each name in `out`, by its length and ends: most names are not taken */
    table taken; /* names in `out`, once there are many */
} normaliser;

static size_t bit_of(pk_str name)
{
    return name.len ? (name.len * 29 + (uint8_t)name.ptr[0] * 7u + (uint8_t)name.ptr[name.len - 1] + (uint8_t)name.ptr[name.len / 2] * 3u) % 256 : 0;
}

static bool is_taken(const normaliser *n, pk_str name)
{
    size_t bit = bit_of(name);
    if (!(n->seen[bit / 64] >> bit % 64 & 1)) return false;
    const value_field *fields = n->out.fields.at;
    if (n->out.fields.len > NAMES_LOOKED_THROUGH) return table_get(&n->taken, name) != TABLE_NONE;
    for (size_t i = 0; i < n->out.fields.len; i++)
        if (fields[i].name.len == name.len && memcmp(fields[i].name.ptr, name.ptr, name.len) == 0) return true;
    return false;
}

static void add(normaliser *n, pk_str name, value v)
{
    size_t bit = bit_of(name);
    n->seen[bit / 64] |= UINT64_C(1) << bit % 64;
    record_add(n->arena, &n->out, name, v);
    size_t len = n->out.fields.len;
    if (len <= NAMES_LOOKED_THROUGH) return;
    for (size_t i = len == NAMES_LOOKED_THROUGH + 1 ? 0 : len - 1; i < len; i++) table_set(&n->taken, n->out.fields.at[i].name, 0);
}

static void put(normaliser *n, pk_str name, value v)
{
    if (name.len && !is_taken(n, name)) add(n, name, v);
}

static value one_or_list(list_builder *values)
{
    return values->items.len == 1 ? values->items.at[0] : list_done(values);
}

/* ---- flat layouts ---- */

static void put_named_fields(normaliser *n, const layout *l)
{
    for (size_t i = 0; i < l->fields.len; i++) {
        list_builder values = {0};
        field_finder_raw_values(n->finder, l->fields.at[i].name, &values);
        if (values.items.len) put(n, l->fields.at[i].name, one_or_list(&values));
    }
}

/* Does another pattern look into it ("EventData" of "EventData.$")? Then what is in it stands in the record. */
static bool is_opened(normaliser *n, const layout *l, pk_str path, const value *v)
{
    const value *records;
    bool inside = v->type == VALUE_RECORD || (v->type == VALUE_LIST && v->as.list.count && v->as.list.items[0].type == VALUE_RECORD) ||
                  (v->type == VALUE_STRING && inner_text_may_open(v->as.string));
    for (size_t i = 0; inside && i < l->pattern_count; i++) {
        pk_str p = l->patterns[i];
        if (p.len > path.len && p.ptr[path.len] == '.' && str_starts_with(p, path))
            return v->type != VALUE_STRING || field_finder_open(n->finder, v->as.string, &records);
    }
    return false;
}

static pk_str without_blanks(arena *a, pk_str s)
{
    if (str_find_char(s, ' ') == STR_NPOS) return s;
    char *out = arena_alloc(a, s.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != ' ') out[len++] = s.ptr[i];
    return (pk_str){out, len};
}

/* What is left of a pattern "a.*.$", and the path walked so far. */
typedef struct {
    pk_str rest, at;
    unsigned depth, texts;
} way;

static void put_others(normaliser *n, const layout *l, const value *v, way w);

/* The path of a key below `at`, which is empty at the top. */
static pk_str below(arena *a, pk_str at, pk_str key)
{
    if (at.len == 0) return key;
    char *path = arena_alloc(a, at.len + 1 + key.len);
    memcpy(path, at.ptr, at.len);
    path[at.len] = '.';
    if (key.len) memcpy(path + at.len + 1, key.ptr, key.len);
    return (pk_str){path, at.len + 1 + key.len};
}

/* A field whose key is the next segment of the pattern. */
static void put_other(normaliser *n, const layout *l, const value_field *f, way w)
{
    pk_str path = below(n->arena, w.at, f->name);
    size_t dot = str_find_char(w.rest, '.');
    pk_str key = str_slice(w.rest, 0, dot);
    if (dot == STR_NPOS) {
        pk_str name;
        if (!str_equal(f->name, STR("#attributes")) && !field_finder_is_named(n->finder, path) && !is_opened(n, l, path, &f->value) &&
            layout_field_name(key, f->name, n->arena, &name))
            put(n, without_blanks(n->arena, name), f->value);
    } else if (str_equal(key, STR("*")) || str_equal(key, f->name)) {
        put_others(n, l, &f->value, (way){str_slice(w.rest, dot + 1, STR_NPOS), path, w.depth, w.texts});
    }
}

/* All fields of the record that the pattern leads to, by the rules of event/path.h. */
static void put_others(normaliser *n, const layout *l, const value *v, way w)
{
    if (w.depth-- == 0) return;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) put_others(n, l, &v->as.list.items[i], w);
    } else if (v->type == VALUE_STRING && w.texts) {
        const value *records;
        size_t count = field_finder_open(n->finder, v->as.string, &records);
        w.texts--;
        for (size_t i = 0; i < count; i++) put_others(n, l, &records[i], w);
    } else if (v->type == VALUE_RECORD) {
        size_t dot = str_find_char(w.rest, '.');
        pk_str segment = str_slice(w.rest, 0, dot);
        path_pair pair;
        value_field made;
        for (size_t i = 0; i < v->as.record.count; i++) put_other(n, l, &v->as.record.fields[i], w);
        if (dot == STR_NPOS || !path_pair_read(segment, n->arena, &pair) || !path_pair_field(&pair, v, &made)) return;
        put_other(n, l, &made, (way){str_slice(w.rest, dot + 1, STR_NPOS), below(n->arena, w.at, segment), w.depth, w.texts});
    }
}

static void put_flat(normaliser *n, const layout *l)
{
    put_named_fields(n, l);
    for (size_t i = 0; i < l->pattern_count; i++) put_others(n, l, n->tree, (way){l->patterns[i], STR(""), WALK_DEPTH, INNER_TEXT_LEVELS});
}

/* ---- */

/* As it is: also a name that occurs twice. */
static void put_tree(normaliser *n)
{
    if (n->tree->type != VALUE_RECORD) return;
    for (size_t i = 0; i < n->tree->as.record.count; i++) {
        const value_field *f = &n->tree->as.record.fields[i];
        add(n, f->name, f->value);
    }
}

static void put_mapped(normaliser *n, class_id c)
{
    const class_row *row = n->schema->classes.at[c];
    for (size_t i = 0; i < row->mappings.len; i++) {
        const mapping *m = &row->mappings.at[i];
        if (!schema_is_usual(m->schema) || is_taken(n, m->field)) continue;
        list_builder values = {0};
        field_finder_values(n->finder, c, m->schema, m->field, &values);
        if (values.items.len) put(n, m->field, one_or_list(&values));
    }
}

static const layout *layout_of(const schema *s, const classification *k)
{
    return k->layout == LAYOUT_NONE ? NULL : &s->layouts.at[k->layout];
}

static void put_layout(normaliser *n)
{
    const layout *l = layout_of(n->schema, n->k);
    if (l && l->flat) put_flat(n, l);
    else put_tree(n);
}

record_builder normalise_layout(field_finder *f, const classification *k)
{
    normaliser n = {.schema = f->schema, .k = k, .tree = field_finder_tree(f), .finder = f, .arena = f->arena};
    put_layout(&n);
    table_free(&n.taken);
    return n.out;
}

/* The schema whose records these are themselves; empty: none. */
static pk_str model_of(const schema *s, const classification *k)
{
    const layout *l = layout_of(s, k);
    return l && k->class_count ? s->families.at[l->family].model : STR("");
}

/* Nothing is to be done to it. */
static bool stays(const schema *s, const classification *k)
{
    const layout *l = layout_of(s, k);
    return (l == NULL || !l->flat) && k->class_count == 0;
}

value schema_normalise(field_finder *f, const classification *k)
{
    normaliser n = {.schema = f->schema, .k = k, .tree = field_finder_tree(f), .finder = f, .arena = f->arena};
    pk_str model = model_of(f->schema, k);
    if (model.len) return schema_record(f->schema, k->classes[0], k->layout, model, NULL, 0, field_finder_tree(f), f->arena);
    if (stays(f->schema, k)) return *field_finder_tree(f);
    put_layout(&n);
    for (size_t i = k->class_count; i-- > 0;) put_mapped(&n, k->classes[i]);
    table_free(&n.taken);
    return record_done(&n.out);
}

void schema_write_normalised(field_finder *f, const classification *k, text *out)
{
    if (!model_of(f->schema, k).len && !stays(f->schema, k) && drawing_write(f, k, out)) return;
    value v = schema_normalise(f, k);
    value_write_json(out, &v);
}
