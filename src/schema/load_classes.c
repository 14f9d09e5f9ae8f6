/* Classes in the files of schemas: log sources, conditions, and where the fields of rules come from. */
#include "schema/loader.h"

static void add_mapping(loader *l, class_row *row, pk_str schema_name, pk_str field, const field_map *map, span at)
{
    char *bytes = arena_alloc(l->s->arena, schema_name.len + 1 + field.len);
    memcpy(bytes, schema_name.ptr, schema_name.len);
    bytes[schema_name.len] = 0;
    memcpy(bytes + schema_name.len + 1, field.ptr, field.len);
    pk_str key = {bytes, schema_name.len + 1 + field.len};
    if (!table_put(&row->mapping_index, key, (uint32_t)row->mappings.len)) {
        loader_wrong(l, at, "field '" STR_FMT "' is mapped twice", STR_ARG(field));
        return;
    }
    mapping m = {.schema = schema_name, .field = field, .map = map};
    vec_push_in(l->s->arena, &row->mappings, m);
    row->own_usual |= schema_is_usual(schema_name);
}

static void read_mapping(loader *l, class_row *row, pk_str schema_name, pk_str field, pk_str source, span at)
{
    const char *error = NULL;
    const field_map *map = field_map_parse(l->s->arena, source, &error);
    if (map == NULL)
        loader_wrong(l, at, "%s", error);
    else
        add_mapping(l, row, schema_name, field, map, at);
}

static void read_mapping_lines(loader *l, class_row *row, pk_str schema_name, const mapping_block *block, span at)
{
    pk_str rest = block->text, field, source;
    at.line = block->line;
    while (mapping_line_next(&rest, &at.line, &field, &source))
        if (source.ptr)
            read_mapping(l, row, schema_name, field, source, at);
        else
            loader_wrong(l, at, "expected 'field: where it comes from'");
}

static void read_mappings(loader *l, class_row *row, pk_str schema_name, const yaml_entry *section)
{
    const yaml_node *n = section->value;
    const mapping_block *block = mapping_block_at(&l->blocks, section->key_span.line);
    if (block) {
        read_mapping_lines(l, row, schema_name, block, section->key_span);
        return;
    }
    if (!is_map(n)) {
        loader_wrong(l, n->span, "expected a map from fields to where they come from, or lines of them behind '|'");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        read_mapping(l, row, schema_name, loader_keep(l, e->key), loader_text(l, e->value), e->key_span);
    }
}

static const field_map map_missing = {.kind = MAP_MISSING};

/* missing: {sigma: [fields]} */
static void read_missing(loader *l, class_row *row, const yaml_node *n)
{
    if (!is_map(n)) {
        loader_wrong(l, n->span, "expected a map from schemas to lists of fields");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str *fields;
        size_t count;
        if (!loader_texts(l, e->value, &fields, &count)) continue;
        pk_str schema_name = loader_keep(l, e->key);
        for (size_t k = 0; k < count; k++) add_mapping(l, row, schema_name, fields[k], &map_missing, e->value->span);
    }
}

static void read_sources(loader *l, class_row *row, const yaml_node *n)
{
    row->shown.sources = ARENA_ARRAY(l->s->arena, log_source, item_count(n));
    for (size_t i = 0; i < item_count(n); i++)
        if (loader_source(l, loader_text(l, item_at(n, i)), item_at(n, i)->span, &row->shown.sources[row->shown.source_count]))
            row->shown.source_count++;
}

/* The nearest class whose name is a prefix of this one at a '/'. */
static class_id parent_of(const schema *s, pk_str name)
{
    for (size_t i = name.len; i-- > 0;)
        if (name.ptr[i] == '/') {
            uint32_t found = table_get(&s->class_index, str_slice(name, 0, i));
            if (found != TABLE_NONE) return found;
        }
    return CLASS_NONE;
}

void loader_class(loader *l, pk_str name, const yaml_node *n)
{
    schema *s = l->s;
    if (!is_map(n)) {
        loader_wrong(l, n->span, "expected a class: a map");
        return;
    }
    if (table_get(&s->class_index, name) != TABLE_NONE) {
        loader_wrong(l, n->span, "class '" STR_FMT "' exists already", STR_ARG(name));
        return;
    }
    class_id id = class_add(s, name, l->family, parent_of(s, name));
    class_row *row = s->classes.at[id];
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str k = loader_keep(l, e->key);
        if (str_equal(k, STR("title")))
            row->shown.title = loader_text(l, e->value);
        else if (str_equal(k, STR("provider")))
            row->shown.provider = loader_text(l, e->value);
        else if (str_equal(k, STR("event")))
            row->shown.event = loader_text(l, e->value);
        else if (str_equal(k, STR("by_user")))
            row->shown.by_user = loader_bool(l, e->value);
        else if (str_equal(k, STR("sources")))
            read_sources(l, row, e->value);
        else if (str_equal(k, STR("when")))
            row->when = loader_alternatives(l, e->value);
        else if (str_equal(k, STR("missing")))
            read_missing(l, row, e->value);
        else if (schema_row_find(k) && schema_row_find(k)->mapped)
            read_mappings(l, row, k, e);
        else
            loader_wrong(l, e->key_span, "'" STR_FMT "': no such part of a class", STR_ARG(k));
    }
}
