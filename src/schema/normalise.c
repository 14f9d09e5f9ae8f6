/*
 * The event as rules see it, for people: `dump` and the `event` of alerts. Under a flat layout the canonical fields
 * that the layout names, then all others with their wrappers undone; else the record as it is. Behind them what
 * mappings add under names that are still free.
 */
#include "schema/model.h"

#define WALK_DEPTH 64

typedef struct {
    const schema *schema;
    const classification *k;
    const value *tree;
    arena *arena;
    record_builder out;
    table taken; /* names in `out` */
} normaliser;

static void put(normaliser *n, pk_str name, value v)
{
    if (name.len == 0 || table_get(&n->taken, name) != TABLE_NONE) return;
    table_set(&n->taken, name, 0);
    record_add(n->arena, &n->out, name, v);
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
        schema_tree_values(n->schema, n->k->layout, l->fields.at[i].name, n->tree, n->arena, &values);
        if (values.items.len) put(n, l->fields.at[i].name, one_or_list(&values));
    }
}

/* Is this raw path one that a named field reads? Then its value is in the record already, under the canonical name. */
static bool is_named_path(const layout *l, pk_str path)
{
    for (size_t i = 0; i < l->fields.len; i++)
        for (size_t k = 0; k < l->fields.at[i].count; k++)
            if (str_equal(l->fields.at[i].paths[k], path)) return true;
    return false;
}

/* Is it an object that another pattern looks into ("EventData" of "EventData.$")? Its fields stand in the record then.
 */
static bool is_opened(const layout *l, pk_str path)
{
    for (size_t i = 0; i < l->pattern_count; i++) {
        pk_str p = l->patterns[i];
        if (p.len > path.len && p.ptr[path.len] == '.' && str_starts_with(p, path)) return true;
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

/* All fields of the record at pattern "a.*.$": `rest` is what is left of the pattern, `at` the path walked so far. */
static void put_others(normaliser *n, const layout *l, const value *record, pk_str rest, pk_str at, unsigned depth)
{
    if (depth == 0 || record->type != VALUE_RECORD) return;
    size_t dot = str_find_char(rest, '.');
    pk_str key = str_slice(rest, 0, dot);
    for (size_t i = 0; i < record->as.record.count; i++) {
        const value_field *f = &record->as.record.fields[i];
        pk_str path = at.len ? arena_printf(n->arena, STR_FMT "." STR_FMT, STR_ARG(at), STR_ARG(f->name)) : f->name;
        if (dot != STR_NPOS) {
            if (str_equal(key, STR("*")) || str_equal(key, f->name))
                put_others(n, l, &f->value, str_slice(rest, dot + 1, STR_NPOS), path, depth - 1);
        } else if (!str_equal(f->name, STR("#attributes")) && !is_named_path(l, path) &&
                   !(f->value.type == VALUE_RECORD && is_opened(l, path))) {
            put(n, without_blanks(n->arena, f->name), f->value);
        }
    }
}

static void put_flat(normaliser *n, const layout *l)
{
    put_named_fields(n, l);
    for (size_t i = 0; i < l->pattern_count; i++) put_others(n, l, n->tree, l->patterns[i], STR(""), WALK_DEPTH);
}

/* ---- */

/* As it is: also a name that occurs twice. */
static void put_tree(normaliser *n)
{
    if (n->tree->type != VALUE_RECORD) return;
    for (size_t i = 0; i < n->tree->as.record.count; i++) {
        const value_field *f = &n->tree->as.record.fields[i];
        table_set(&n->taken, f->name, 0);
        record_add(n->arena, &n->out, f->name, f->value);
    }
}

static void put_mapped(normaliser *n, class_id c)
{
    const class_row *row = n->schema->classes.at[c];
    for (size_t i = 0; i < row->mappings.len; i++) {
        const mapping *m = &row->mappings.at[i];
        if (!str_equal(m->schema, STR("sigma")) || table_get(&n->taken, m->field) != TABLE_NONE) continue;
        list_builder values = {0};
        schema_field_values(n->schema, c, n->k->layout, m->schema, m->field, n->tree, n->arena, &values);
        if (values.items.len) put(n, m->field, one_or_list(&values));
    }
}

value schema_normalise(const schema *s, const classification *k, const value *tree, arena *a)
{
    normaliser n = {.schema = s, .k = k, .tree = tree, .arena = a};
    const layout *l = k->layout == LAYOUT_NONE ? NULL : &s->layouts.at[k->layout];
    if ((l == NULL || !l->flat) && k->class_count == 0) return *tree;
    if (l && l->flat)
        put_flat(&n, l);
    else
        put_tree(&n);
    for (size_t i = k->class_count; i-- > 0;) put_mapped(&n, k->classes[i]);
    table_free(&n.taken);
    return record_done(&n.out);
}
