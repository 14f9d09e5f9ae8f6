/*
 * Reads share/schemas. One file is one family; the format is documented in docs/schemas.md. Files are read in byte
 * order of their names; layouts are tried by rank, then in the order of reading.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/yaml.h"
#include "schema/mapping_lines.h"

#define FILE_LIMIT (4u << 20) /* longest schema file in bytes */
#define DEFAULT_RANK 50

typedef struct {
    schema *s;
    pk_str file;
    diag_list *diags;
    size_t errors;
    family_id family;
    mapping_blocks blocks;
} loader;

static void wrong(loader *l, span at, const char *words, ...) __attribute__((format(printf, 3, 4)));
static void wrong(loader *l, span at, const char *words, ...)
{
    char message[400];
    va_list args;
    va_start(args, words);
    vsnprintf(message, sizeof message, words, args);
    va_end(args);
    diag_add(l->diags, PK_ERROR, "schema-data", (diag_place){l->file, at.line, at.column, 0}, STR(""), NULL, "%s", message);
    l->errors++;
}

/* ---- nodes ---- */

static bool is_map(const yaml_node *n)
{
    return n && n->kind == YAML_MAP;
}

/* A list has items; anything else stands for a list of itself. */
static size_t item_count(const yaml_node *n)
{
    return n->kind == YAML_LIST ? n->count : 1;
}
static const yaml_node *item_at(const yaml_node *n, size_t i)
{
    return n->kind == YAML_LIST ? n->items[i] : n;
}

static pk_str keep(loader *l, pk_str s)
{
    return arena_str(l->s->arena, s);
}

static pk_str text_of(loader *l, const yaml_node *n)
{
    return n->kind == YAML_SCALAR ? keep(l, n->text) : STR("");
}

/* A scalar or a list of scalars; false: an error was reported. */
static bool read_texts(loader *l, const yaml_node *n, pk_str **out, size_t *count)
{
    *count = 0;
    if (n->kind == YAML_MAP) {
        wrong(l, n->span, "expected a text or a list of texts");
        return false;
    }
    *out = ARENA_ARRAY(l->s->arena, pk_str, item_count(n));
    for (size_t i = 0; i < item_count(n); i++) {
        if (item_at(n, i)->kind != YAML_SCALAR) {
            wrong(l, item_at(n, i)->span, "expected a text");
            return false;
        }
        (*out)[(*count)++] = text_of(l, item_at(n, i));
    }
    return true;
}

/* ---- conditions: {has: [a, b], lacks: c, place: value or list, place: {prefix: p}} ---- */

static void add_ask(condition *c, size_t cap, ask a)
{
    if (c->count < cap) c->asks[c->count++] = a;
}

static size_t count_asks(const yaml_node *n)
{
    size_t count = 0;
    for (size_t i = 0; i < n->count; i++) count += item_count(n->entries[i].value) + 1;
    return count;
}

static void read_presence(loader *l, condition *c, size_t cap, const yaml_node *n, ask_kind kind)
{
    pk_str *places;
    size_t count;
    if (!read_texts(l, n, &places, &count)) return;
    for (size_t i = 0; i < count; i++) add_ask(c, cap, (ask){.kind = kind, .place = places[i]});
}

static void read_values(loader *l, condition *c, size_t cap, pk_str place, const yaml_node *n)
{
    ask a = {.kind = ASK_EQUALS, .place = place};
    if (is_map(n)) {
        if (n->count != 1 || !str_equal(n->entries[0].key, STR("prefix"))) {
            wrong(l, n->span, "expected a value, a list of values or {prefix: ...}");
            return;
        }
        a.kind = ASK_PREFIX;
        n = n->entries[0].value;
    }
    if (read_texts(l, n, &a.constants, &a.count)) add_ask(c, cap, a);
}

static condition read_condition(loader *l, const yaml_node *n)
{
    condition c = {0};
    if (!is_map(n)) {
        wrong(l, n->span, "expected a condition: a map of places and values");
        return c;
    }
    size_t cap = count_asks(n);
    c.asks = ARENA_ARRAY(l->s->arena, ask, cap);
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str place = keep(l, e->key);
        if (str_equal(place, STR("has")))
            read_presence(l, &c, cap, e->value, ASK_PRESENT);
        else if (str_equal(place, STR("lacks")))
            read_presence(l, &c, cap, e->value, ASK_ABSENT);
        else
            read_values(l, &c, cap, place, e->value);
    }
    return c;
}

static alternatives read_alternatives(loader *l, const yaml_node *n)
{
    alternatives all = {0};
    all.of = ARENA_ARRAY(l->s->arena, condition, item_count(n));
    for (size_t i = 0; i < item_count(n); i++) all.of[all.count++] = read_condition(l, item_at(n, i));
    return all;
}

/* ---- small things ---- */

static bool read_bool(loader *l, const yaml_node *n)
{
    pk_str t = text_of(l, n);
    if (!str_equal(t, STR("true")) && !str_equal(t, STR("false"))) wrong(l, n->span, "expected true or false");
    return str_equal(t, STR("true"));
}

/* "product/category/service", '-' for an attribute that is not set. */
static bool read_source(loader *l, pk_str t, span at, log_source *out)
{
    size_t first = str_find_char(t, '/'),
           second = first == STR_NPOS ? STR_NPOS : str_find_char(str_slice(t, first + 1, STR_NPOS), '/');
    pk_str parts[3] = {str_slice(t, 0, first), str_slice(t, first + 1, second),
                       str_slice(t, first + second + 2, STR_NPOS)};
    if (second == STR_NPOS || str_find_char(parts[2], '/') != STR_NPOS) {
        wrong(l, at, "'" STR_FMT "': expected product/category/service, '-' for what is not set", STR_ARG(t));
        return false;
    }
    for (size_t i = 0; i < 3; i++)
        if (str_equal(parts[i], STR("-"))) parts[i] = STR("");
    *out = (log_source){.product = parts[0], .category = parts[1], .service = parts[2]};
    return true;
}

/* [place, {place: form}] */
static time_places read_times(loader *l, const yaml_node *n)
{
    time_places t = {0};
    t.at = ARENA_ARRAY(l->s->arena, time_place, item_count(n));
    for (size_t i = 0; i < item_count(n); i++) {
        const yaml_node *item = item_at(n, i);
        time_place p = {0};
        if (is_map(item) && item->count == 1) {
            p.path = keep(l, item->entries[0].key);
            p.form = arena_cstring(l->s->arena, text_of(l, item->entries[0].value));
        } else if (item->kind == YAML_SCALAR) {
            p.path = text_of(l, item);
        } else {
            wrong(l, item->span, "expected a place or {place: form}");
            continue;
        }
        t.at[t.count++] = p;
    }
    return t;
}

/* ---- layouts ---- */

static void add_layout_field(loader *l, layout *out, pk_str name, const yaml_node *n)
{
    layout_field f = {.name = name};
    if (!read_texts(l, n, &f.paths, &f.count)) return;
    if (f.count > FIELD_PATHS)
        wrong(l, n->span, "more than %d places of one field", FIELD_PATHS);
    else if (!table_put(&out->field_index, name, (uint32_t)out->fields.len))
        wrong(l, n->span, "field '" STR_FMT "' is mapped twice", STR_ARG(name));
    else
        vec_push_in(l->s->arena, &out->fields, f);
}

static void read_layout_fields(loader *l, layout *out, const yaml_node *n)
{
    if (!is_map(n)) {
        wrong(l, n->span, "expected a map from fields to places");
        return;
    }
    for (size_t i = 0; i < n->count; i++) add_layout_field(l, out, keep(l, n->entries[i].key), n->entries[i].value);
}

static pk_str under(arena *a, pk_str wrapper, pk_str path)
{
    char *out = arena_alloc(a, wrapper.len + 1 + path.len);
    memcpy(out, wrapper.ptr, wrapper.len);
    out[wrapper.len] = '.';
    memcpy(out + wrapper.len + 1, path.ptr, path.len);
    return (pk_str){out, wrapper.len + 1 + path.len};
}

static alternatives alternatives_under(arena *a, const alternatives *from, pk_str wrapper)
{
    alternatives out = {.of = ARENA_ARRAY(a, condition, from->count), .count = from->count};
    for (size_t i = 0; i < from->count; i++) {
        const condition *c = &from->of[i];
        out.of[i] = (condition){.asks = ARENA_ARRAY(a, ask, c->count), .count = c->count};
        for (size_t k = 0; k < c->count; k++) {
            out.of[i].asks[k] = c->asks[k];
            out.of[i].asks[k].place = under(a, wrapper, c->asks[k].place);
        }
    }
    return out;
}

/* The same layout one level deeper: what search engines export lies under "_source" or "result". */
static void add_wrapped(loader *l, const layout *base, pk_str wrapper)
{
    arena *a = l->s->arena;
    layout w = *base;
    w.name = arena_printf(a, STR_FMT "@" STR_FMT, STR_ARG(base->name), STR_ARG(wrapper));
    w.when = alternatives_under(a, &base->when, wrapper);
    w.fields.at = NULL;
    w.fields.len = w.fields.cap = 0;
    w.field_index = (table){0};
    for (size_t i = 0; i < base->fields.len; i++) {
        layout_field f = base->fields.at[i];
        pk_str *paths = ARENA_ARRAY(a, pk_str, f.count);
        for (size_t k = 0; k < f.count; k++) paths[k] = under(a, wrapper, f.paths[k]);
        f.paths = paths;
        table_put(&w.field_index, f.name, (uint32_t)w.fields.len);
        vec_push_in(a, &w.fields, f);
    }
    w.patterns = ARENA_ARRAY(a, pk_str, base->pattern_count);
    for (size_t i = 0; i < base->pattern_count; i++) w.patterns[i] = under(a, wrapper, base->patterns[i]);
    w.hosts = ARENA_ARRAY(a, pk_str, base->host_count);
    for (size_t i = 0; i < base->host_count; i++) w.hosts[i] = under(a, wrapper, base->hosts[i]);
    w.times.at = ARENA_ARRAY(a, time_place, base->times.count);
    for (size_t i = 0; i < base->times.count; i++) {
        w.times.at[i] = base->times.at[i];
        w.times.at[i].path = under(a, wrapper, base->times.at[i].path);
    }
    table_put(&l->s->layout_index, w.name, (uint32_t)l->s->layouts.len);
    vec_push(&l->s->layouts, w);
}

static void read_layout(loader *l, pk_str name, const yaml_node *n)
{
    layout out = {.name = name, .family = l->family, .rank = DEFAULT_RANK};
    pk_str *wrappers = NULL;
    size_t wrapper_count = 0;
    if (!is_map(n)) {
        wrong(l, n->span, "expected a layout: a map");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str k = keep(l, e->key);
        int64_t rank;
        if (str_equal(k, STR("title")))
            out.title = text_of(l, e->value);
        else if (str_equal(k, STR("when")))
            out.when = read_alternatives(l, e->value);
        else if (str_equal(k, STR("fields")))
            read_layout_fields(l, &out, e->value);
        else if (str_equal(k, STR("others")))
            read_texts(l, e->value, &out.patterns, &out.pattern_count);
        else if (str_equal(k, STR("time")))
            out.times = read_times(l, e->value);
        else if (str_equal(k, STR("host")))
            read_texts(l, e->value, &out.hosts, &out.host_count);
        else if (str_equal(k, STR("like")))
            out.like = text_of(l, e->value);
        else if (str_equal(k, STR("flat")))
            out.flat = read_bool(l, e->value);
        else if (str_equal(k, STR("stated")))
            out.only_stated = read_bool(l, e->value);
        else if (str_equal(k, STR("under")))
            read_texts(l, e->value, &wrappers, &wrapper_count);
        else if (str_equal(k, STR("rank")) && str_to_int(text_of(l, e->value), true, &rank) && rank >= 0 &&
                 rank < 1000)
            out.rank = (int)rank;
        else
            wrong(l, e->key_span, "'" STR_FMT "': no such part of a layout, or not a value that it can have",
                       STR_ARG(k));
    }
    for (size_t i = 0; i < out.pattern_count; i++)
        if (str_find_char(out.patterns[i], '$') == STR_NPOS)
            wrong(l, n->span, "'" STR_FMT "' of 'others' lacks the '$' that stands for the field",
                       STR_ARG(out.patterns[i]));
    if (out.when.count == 0 && !out.only_stated) wrong(l, n->span, "a layout needs 'when' or 'stated: true'");
    if (!table_put(&l->s->layout_index, name, (uint32_t)l->s->layouts.len)) {
        wrong(l, n->span, "layout '" STR_FMT "' exists already", STR_ARG(name));
        return;
    }
    vec_push(&l->s->layouts, out);
    for (size_t i = 0; i < wrapper_count; i++) add_wrapped(l, &out, wrappers[i]);
}

/* ---- classes ---- */

static void add_mapping(loader *l, class_row *row, pk_str schema_name, pk_str field, const field_map *map, span at)
{
    char *bytes = arena_alloc(l->s->arena, schema_name.len + 1 + field.len);
    memcpy(bytes, schema_name.ptr, schema_name.len);
    bytes[schema_name.len] = 0;
    memcpy(bytes + schema_name.len + 1, field.ptr, field.len);
    pk_str key = {bytes, schema_name.len + 1 + field.len};
    if (!table_put(&row->mapping_index, key, (uint32_t)row->mappings.len)) {
        wrong(l, at, "field '" STR_FMT "' is mapped twice", STR_ARG(field));
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
        wrong(l, at, "%s", error);
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
            wrong(l, at, "expected 'field: where it comes from'");
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
        wrong(l, n->span, "expected a map from fields to where they come from, or lines of them behind '|'");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        read_mapping(l, row, schema_name, keep(l, e->key), text_of(l, e->value), e->key_span);
    }
}

static const field_map map_missing = {.kind = MAP_MISSING};

/* missing: {sigma: [fields]} */
static void read_missing(loader *l, class_row *row, const yaml_node *n)
{
    if (!is_map(n)) {
        wrong(l, n->span, "expected a map from schemas to lists of fields");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str *fields;
        size_t count;
        if (!read_texts(l, e->value, &fields, &count)) continue;
        pk_str schema_name = keep(l, e->key);
        for (size_t k = 0; k < count; k++) add_mapping(l, row, schema_name, fields[k], &map_missing, e->value->span);
    }
}

static void read_sources(loader *l, class_row *row, const yaml_node *n)
{
    row->shown.sources = ARENA_ARRAY(l->s->arena, log_source, item_count(n));
    for (size_t i = 0; i < item_count(n); i++)
        if (read_source(l, text_of(l, item_at(n, i)), item_at(n, i)->span, &row->shown.sources[row->shown.source_count]))
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

static void read_class(loader *l, pk_str name, const yaml_node *n)
{
    schema *s = l->s;
    if (!is_map(n)) {
        wrong(l, n->span, "expected a class: a map");
        return;
    }
    if (table_get(&s->class_index, name) != TABLE_NONE) {
        wrong(l, n->span, "class '" STR_FMT "' exists already", STR_ARG(name));
        return;
    }
    class_id id = class_add(s, name, l->family, parent_of(s, name));
    class_row *row = s->classes.at[id];
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str k = keep(l, e->key);
        if (str_equal(k, STR("title")))
            row->shown.title = text_of(l, e->value);
        else if (str_equal(k, STR("provider")))
            row->shown.provider = text_of(l, e->value);
        else if (str_equal(k, STR("event")))
            row->shown.event = text_of(l, e->value);
        else if (str_equal(k, STR("by_user")))
            row->shown.by_user = read_bool(l, e->value);
        else if (str_equal(k, STR("sources")))
            read_sources(l, row, e->value);
        else if (str_equal(k, STR("when")))
            row->when = read_alternatives(l, e->value);
        else if (str_equal(k, STR("missing")))
            read_missing(l, row, e->value);
        else if (schema_row_find(k) && schema_row_find(k)->mapped)
            read_mappings(l, row, k, e);
        else
            wrong(l, e->key_span, "'" STR_FMT "': no such part of a class", STR_ARG(k));
    }
}

/* ---- files ---- */

/* no_logs: {windows/file_access/-: why} */
static void read_no_logs(loader *l, const yaml_node *n)
{
    for (size_t i = 0; is_map(n) && i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        no_log none = {.reason = text_of(l, e->value)};
        if (read_source(l, keep(l, e->key), e->key_span, &none.source)) vec_push(&l->s->no_logs, none);
    }
}

static void read_open(loader *l, const yaml_node *n)
{
    for (size_t i = 0; is_map(n) && i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str k = keep(l, e->key);
        if (str_equal(k, STR("time")))
            l->s->open_times = read_times(l, e->value);
        else if (str_equal(k, STR("host")))
            read_texts(l, e->value, &l->s->open_hosts, &l->s->open_host_count);
        else
            wrong(l, e->key_span, "'" STR_FMT "': expected time or host", STR_ARG(k));
    }
}

static void read_common_values(loader *l, const yaml_node *n)
{
    pk_str *values;
    size_t count;
    if (!read_texts(l, n, &values, &count)) return;
    for (size_t i = 0; i < count; i++) vec_push_in(l->s->arena, &l->s->common_values, values[i]);
}

static void read_family(loader *l, const yaml_node *root)
{
    pk_str name = {0}, product = {0}, model = {0};
    const yaml_node *layouts = NULL, *classes = NULL, *none = NULL, *open = NULL;
    if (!is_map(root)) {
        wrong(l, root->span, "expected a map with family, layouts and classes");
        return;
    }
    for (size_t i = 0; i < root->count; i++) {
        const yaml_entry *e = &root->entries[i];
        pk_str k = keep(l, e->key);
        if (str_equal(k, STR("family")))
            name = text_of(l, e->value);
        else if (str_equal(k, STR("product")))
            product = text_of(l, e->value);
        else if (str_equal(k, STR("model")))
            model = text_of(l, e->value);
        else if (str_equal(k, STR("layouts")))
            layouts = e->value;
        else if (str_equal(k, STR("classes")))
            classes = e->value;
        else if (str_equal(k, STR("no_logs")))
            none = e->value;
        else if (str_equal(k, STR("open")))
            open = e->value;
        else if (str_equal(k, STR("common_values")))
            read_common_values(l, e->value);
        else
            wrong(l, e->key_span, "'" STR_FMT "': expected family, product, model, layouts, classes, no_logs, open or common_values",
                       STR_ARG(k));
    }
    if (name.len == 0 || table_get(&l->s->family_index, name) != TABLE_NONE) {
        wrong(l, root->span, "'family' is missing, or another file has it already");
        return;
    }
    if (model.len && !schema_has_records(model)) wrong(l, root->span, "'" STR_FMT "': no such data model", STR_ARG(model));
    l->family = family_add(l->s, name, product);
    l->s->families.at[l->family].model = model;
    for (size_t i = 0; is_map(layouts) && i < layouts->count; i++)
        read_layout(l, keep(l, layouts->entries[i].key), layouts->entries[i].value);
    for (size_t i = 0; is_map(classes) && i < classes->count; i++)
        read_class(l, keep(l, classes->entries[i].key), classes->entries[i].value);
    read_no_logs(l, none);
    read_open(l, open);
}

static bool read_file(const char *path, char **bytes, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) return false;
    *bytes = mem_alloc(FILE_LIMIT);
    *len = fread(*bytes, 1, FILE_LIMIT, f);
    bool good = !ferror(f) && *len < FILE_LIMIT;
    fclose(f);
    if (!good) mem_free(*bytes);
    return good;
}

static void report_problem(loader *l, const yaml_problem *p)
{
    diag_place at = {l->file, p->place.line, p->place.column, 0};
    diag_add_text(l->diags, PK_ERROR, "schema-yaml", at, STR(""), p->message, p->hint);
    l->errors++;
}

static void read_root(loader *l, const yaml_file *file)
{
    if (file->count == 0)
        wrong(l, (span){0}, "the file is empty");
    else if (file->count > 1)
        wrong(l, file->documents[1].span, "a second document; a family is one");
    else
        read_family(l, file->documents[0].root);
}

static bool load_file(schema *s, const char *path, diag_list *d)
{
    char *bytes;
    size_t len;
    if (!read_file(path, &bytes, &len)) {
        diag_add(d, PK_ERROR, "schema-read", (diag_place){.file = str_from(path)}, STR(""), NULL, "cannot be read");
        return false;
    }
    loader l = {.s = s, .file = str_from(path), .diags = d};
    arena *scratch = arena_new();
    s->content = digest_of(bytes, len, s->content); /* the one before is the key: order counts */
    mapping_blocks_take(bytes, &len, s->arena, &l.blocks);
    yaml_file file = yaml_read(scratch, (pk_str){bytes, len});
    const yaml_document *first = file.count ? &file.documents[0] : NULL;
    for (size_t i = 0; first && i < first->problem_count; i++) report_problem(&l, &first->problems[i]);
    if (l.errors == 0) read_root(&l, &file);
    arena_free(scratch);
    mem_free(bytes);
    return l.errors == 0;
}

/* ---- what can only be done when all files are read ---- */

static bool share_layout(schema *s, layout *to, diag_list *d)
{
    uint32_t from_id = table_get(&s->layout_index, to->like);
    if (from_id == TABLE_NONE || s->layouts.at[from_id].like.len > 0) {
        diag_add(d, PK_ERROR, "schema-data", (diag_place){0}, STR(""), NULL,
                 "layout '" STR_FMT "': 'like' names no layout that says its own fields", STR_ARG(to->name));
        return false;
    }
    const layout *from = &s->layouts.at[from_id];
    for (size_t i = 0; i < from->fields.len; i++)
        if (table_put(&to->field_index, from->fields.at[i].name, (uint32_t)to->fields.len))
            vec_push_in(s->arena, &to->fields, from->fields.at[i]);
    if (to->pattern_count == 0) to->patterns = from->patterns, to->pattern_count = from->pattern_count;
    if (to->times.count == 0) to->times = from->times;
    if (to->host_count == 0) to->hosts = from->hosts, to->host_count = from->host_count;
    to->flat |= from->flat;
    return true;
}

static void order_layouts(schema *s)
{
    for (size_t i = 0; i < s->layouts.len; i++) {
        size_t at = s->order.len;
        vec_push(&s->order, (layout_id)i);
        for (; at > 0 && s->layouts.at[s->order.at[at - 1]].rank > s->layouts.at[i].rank; at--)
            s->order.at[at] = s->order.at[at - 1];
        s->order.at[at] = (layout_id)i;
    }
    for (size_t i = 0; i < s->order.len; i++)
        vec_push(&s->families.at[s->layouts.at[s->order.at[i]].family].layouts, s->order.at[i]);
}

/* Numbers the fields that conditions of a family's classes ask for. */
static void number_asked(schema *s)
{
    for (size_t i = 0; i < s->classes.len; i++) {
        family *f = &s->families.at[s->classes.at[i]->shown.family];
        const alternatives *when = &s->classes.at[i]->when;
        for (size_t k = 0; k < when->count; k++)
            for (size_t j = 0; j < when->of[k].count; j++) {
                ask *a = &when->of[k].asks[j];
                size_t n = 0;
                while (n < f->asked.len && !str_equal(f->asked.at[n], a->place)) n++;
                if (n == f->asked.len) vec_push(&f->asked, a->place);
                a->field = (uint32_t)n;
            }
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The .yaml files of a directory in byte order of their names; false: it cannot be read. */
static bool list_files(arena *a, const char *directory, char ***out, size_t *count)
{
    DIR *dir = opendir(directory);
    if (dir == NULL) return false;
    VEC(char *) names = {0};
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (str_ends_with(str_from(e->d_name), STR(".yaml")))
            vec_push(&names, arena_cstring(a, arena_printf(a, "%s/%s", directory, e->d_name)));
    closedir(dir);
    if (names.len) qsort(names.at, names.len, sizeof *names.at, compare_names);
    *count = names.len;
    *out = ARENA_ARRAY(a, char *, names.len);
    for (size_t i = 0; i < names.len; i++) (*out)[i] = names.at[i];
    vec_free(&names);
    return true;
}

static bool finish(schema *s, diag_list *d)
{
    bool good = true;
    for (size_t i = 0; i < s->layouts.len; i++)
        if (s->layouts.at[i].like.len) good &= share_layout(s, &s->layouts.at[i], d);
    order_layouts(s);
    number_asked(s);
    s->read_classes = s->classes.len;
    return good;
}

pk_status schema_load(schema **out, const char *directory, diag_list *d)
{
    *out = NULL;
    schema *s = mem_zalloc(1, sizeof *s);
    s->arena = arena_new();
    s->loaded = (timestamp)time(NULL) * SECOND;
    char **files = NULL;
    size_t count = 0;
    pk_status status = PK_OK;
    if (!list_files(s->arena, directory, &files, &count) || count == 0) {
        diag_add(d, PK_ERROR, "schema-read", (diag_place){.file = str_from(directory)}, STR(""),
                 "PICKET_SHARE names the folder that holds 'schemas'", "no schemas here");
        status = PK_ERROR_IO;
    }
    for (size_t i = 0; i < count; i++)
        if (!load_file(s, files[i], d)) status = PK_ERROR_SYNTAX;
    if (!finish(s, d)) status = PK_ERROR_SYNTAX;
    if (status != PK_OK) {
        schema_free(s);
        return status;
    }
    *out = s;
    return PK_OK;
}

digest schema_content(const schema *s) { return s->content; }

const pk_str *schema_common_values(const schema *s, size_t *count)
{
    *count = s->common_values.len;
    return s->common_values.at;
}

void schema_set_year(schema *s, int year)
{
    s->year = year;
}

void schema_free(schema *s)
{
    if (s == NULL) return;
    for (size_t i = 0; i < s->families.len; i++) {
        vec_free(&s->families.at[i].layouts);
        vec_free(&s->families.at[i].roots);
        vec_free(&s->families.at[i].asked);
    }
    for (size_t i = 0; i < s->layouts.len; i++) table_free(&s->layouts.at[i].field_index);
    for (size_t i = 0; i < s->classes.len; i++) {
        table_free(&s->classes.at[i]->mapping_index);
        for (size_t k = 0; k < 2; k++) record_leaves_free(s->classes.at[i]->records[k]);
        vec_free(&s->classes.at[i]->children);
    }
    table_free(&s->class_index);
    table_free(&s->layout_index);
    table_free(&s->family_index);
    vec_free(&s->families);
    vec_free(&s->layouts);
    vec_free(&s->order);
    vec_free(&s->classes);
    vec_free(&s->no_logs);
    arena_free(s->arena);
    mem_free(s);
}
