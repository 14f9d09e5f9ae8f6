/*
 * Reads share/schemas. One file is one family; the format is documented in docs/schemas.md. Files are read in byte
 * order of their names; layouts are tried by rank, then in the order of reading.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "schema/model.h"
#include "schema/yaml.h"

#define FILE_LIMIT (4u << 20) /* longest schema file in bytes */
#define DEFAULT_RANK 50

typedef struct {
    schema *s;
    yaml_file y;
    family_id family;
} loader;

/* ---- conditions: {has: [a, b], lacks: c, place: value or list, place: {prefix: p}} ---- */

static void add_ask(condition *c, size_t cap, ask a)
{
    if (c->count < cap) c->asks[c->count++] = a;
}

static size_t count_asks(yaml_node *n)
{
    size_t count = 0;
    void *at = NULL;
    yaml_node *key, *content;
    while (yaml_next_pair(n, &at, &key, &content)) {
        int items = yaml_is_list(content) ? fy_node_sequence_item_count(content) : 1;
        count += items > 0 ? (size_t)items : 1;
    }
    return count;
}

static void read_presence(loader *l, condition *c, size_t cap, yaml_node *n, ask_kind kind)
{
    pk_str *places;
    size_t count;
    if (!yaml_texts(&l->y, n, &places, &count)) return;
    for (size_t i = 0; i < count; i++) add_ask(c, cap, (ask){.kind = kind, .place = places[i]});
}

static void read_values(loader *l, condition *c, size_t cap, pk_str place, yaml_node *n)
{
    ask a = {.kind = ASK_EQUALS, .place = place};
    if (yaml_is_map(n)) {
        void *at = NULL;
        yaml_node *key, *content;
        if (!yaml_next_pair(n, &at, &key, &content) || !str_equal(yaml_text(&l->y, key), STR("prefix"))) {
            yaml_error(&l->y, n, "expected a value, a list of values or {prefix: ...}");
            return;
        }
        a.kind = ASK_PREFIX;
        n = content;
    }
    if (yaml_texts(&l->y, n, &a.constants, &a.count)) add_ask(c, cap, a);
}

static condition read_condition(loader *l, yaml_node *n)
{
    condition c = {0};
    if (!yaml_is_map(n)) {
        yaml_error(&l->y, n, "expected a condition: a map of places and values");
        return c;
    }
    size_t cap = count_asks(n);
    c.asks = ARENA_ARRAY(l->s->arena, ask, cap);
    void *at = NULL;
    yaml_node *key, *content;
    while (yaml_next_pair(n, &at, &key, &content)) {
        pk_str place = yaml_text(&l->y, key);
        if (str_equal(place, STR("has")))
            read_presence(l, &c, cap, content, ASK_PRESENT);
        else if (str_equal(place, STR("lacks")))
            read_presence(l, &c, cap, content, ASK_ABSENT);
        else
            read_values(l, &c, cap, place, content);
    }
    return c;
}

static alternatives read_alternatives(loader *l, yaml_node *n)
{
    alternatives all = {0};
    int items = yaml_is_list(n) ? fy_node_sequence_item_count(n) : 1;
    all.of = ARENA_ARRAY(l->s->arena, condition, items > 0 ? (size_t)items : 1);
    if (!yaml_is_list(n)) {
        all.of[all.count++] = read_condition(l, n);
        return all;
    }
    void *at = NULL;
    for (yaml_node *item; (item = yaml_next_item(n, &at)) != NULL && all.count < (size_t)items;)
        all.of[all.count++] = read_condition(l, item);
    return all;
}

/* ---- small things ---- */

static bool read_bool(loader *l, yaml_node *n)
{
    pk_str t = yaml_text(&l->y, n);
    if (!str_equal(t, STR("true")) && !str_equal(t, STR("false"))) yaml_error(&l->y, n, "expected true or false");
    return str_equal(t, STR("true"));
}

/* "product/category/service", '-' for an attribute that is not set. */
static bool read_source(loader *l, yaml_node *n, log_source *out)
{
    pk_str t = yaml_text(&l->y, n);
    size_t first = str_find_char(t, '/'),
           second = first == STR_NPOS ? STR_NPOS : str_find_char(str_slice(t, first + 1, STR_NPOS), '/');
    pk_str parts[3] = {str_slice(t, 0, first), str_slice(t, first + 1, second),
                       str_slice(t, first + second + 2, STR_NPOS)};
    if (second == STR_NPOS || str_find_char(parts[2], '/') != STR_NPOS) {
        yaml_error(&l->y, n, "'" STR_FMT "': expected product/category/service, '-' for what is not set", STR_ARG(t));
        return false;
    }
    for (size_t i = 0; i < 3; i++)
        if (str_equal(parts[i], STR("-"))) parts[i] = STR("");
    *out = (log_source){.product = parts[0], .category = parts[1], .service = parts[2]};
    return true;
}

/* [place, {place: form}] */
static time_places read_times(loader *l, yaml_node *n)
{
    time_places t = {0};
    int items = yaml_is_list(n) ? fy_node_sequence_item_count(n) : 1;
    t.at = ARENA_ARRAY(l->s->arena, time_place, items > 0 ? (size_t)items : 1);
    void *at = NULL;
    yaml_node *item = yaml_is_list(n) ? yaml_next_item(n, &at) : n;
    for (; item && t.count < (size_t)items; item = yaml_is_list(n) ? yaml_next_item(n, &at) : NULL) {
        time_place p = {0};
        void *pair = NULL;
        yaml_node *key, *content;
        if (yaml_is_map(item) && yaml_next_pair(item, &pair, &key, &content)) {
            p.path = yaml_text(&l->y, key);
            p.form = arena_cstring(l->s->arena, yaml_text(&l->y, content));
        } else if (yaml_is_text(item)) {
            p.path = yaml_text(&l->y, item);
        } else {
            yaml_error(&l->y, item, "expected a place or {place: form}");
            continue;
        }
        t.at[t.count++] = p;
    }
    return t;
}

/* ---- layouts ---- */

static void add_layout_field(loader *l, layout *out, pk_str name, yaml_node *n)
{
    layout_field f = {.name = name};
    if (!yaml_texts(&l->y, n, &f.paths, &f.count)) return;
    if (f.count > FIELD_PATHS)
        yaml_error(&l->y, n, "more than %d places of one field", FIELD_PATHS);
    else if (!table_put(&out->field_index, name, (uint32_t)out->fields.len))
        yaml_error(&l->y, n, "field '" STR_FMT "' is mapped twice", STR_ARG(name));
    else
        vec_push_in(l->s->arena, &out->fields, f);
}

static void read_layout_fields(loader *l, layout *out, yaml_node *n)
{
    if (!yaml_is_map(n)) {
        yaml_error(&l->y, n, "expected a map from fields to places");
        return;
    }
    void *at = NULL;
    yaml_node *key, *content;
    while (yaml_next_pair(n, &at, &key, &content)) add_layout_field(l, out, yaml_text(&l->y, key), content);
}

static pk_str under(arena *a, pk_str wrapper, pk_str path)
{
    return arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(wrapper), STR_ARG(path));
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

static void read_layout(loader *l, pk_str name, yaml_node *n)
{
    layout out = {.name = name, .family = l->family, .rank = DEFAULT_RANK};
    pk_str *wrappers = NULL;
    size_t wrapper_count = 0;
    void *at = NULL;
    yaml_node *key, *content;
    if (!yaml_is_map(n)) {
        yaml_error(&l->y, n, "expected a layout: a map");
        return;
    }
    while (yaml_next_pair(n, &at, &key, &content)) {
        pk_str k = yaml_text(&l->y, key);
        int64_t rank;
        if (str_equal(k, STR("title")))
            out.title = yaml_text(&l->y, content);
        else if (str_equal(k, STR("when")))
            out.when = read_alternatives(l, content);
        else if (str_equal(k, STR("fields")))
            read_layout_fields(l, &out, content);
        else if (str_equal(k, STR("others")))
            yaml_texts(&l->y, content, &out.patterns, &out.pattern_count);
        else if (str_equal(k, STR("time")))
            out.times = read_times(l, content);
        else if (str_equal(k, STR("host")))
            yaml_texts(&l->y, content, &out.hosts, &out.host_count);
        else if (str_equal(k, STR("like")))
            out.like = yaml_text(&l->y, content);
        else if (str_equal(k, STR("flat")))
            out.flat = read_bool(l, content);
        else if (str_equal(k, STR("stated")))
            out.only_stated = read_bool(l, content);
        else if (str_equal(k, STR("under")))
            yaml_texts(&l->y, content, &wrappers, &wrapper_count);
        else if (str_equal(k, STR("rank")) && str_to_int(yaml_text(&l->y, content), true, &rank) && rank >= 0 &&
                 rank < 1000)
            out.rank = (int)rank;
        else
            yaml_error(&l->y, key, "'" STR_FMT "': no such part of a layout, or not a value that it can have",
                       STR_ARG(k));
    }
    for (size_t i = 0; i < out.pattern_count; i++)
        if (str_find_char(out.patterns[i], '$') == STR_NPOS)
            yaml_error(&l->y, n, "'" STR_FMT "' of 'others' lacks the '$' that stands for the field",
                       STR_ARG(out.patterns[i]));
    if (out.when.count == 0 && !out.only_stated) yaml_error(&l->y, n, "a layout needs 'when' or 'stated: true'");
    if (!table_put(&l->s->layout_index, name, (uint32_t)l->s->layouts.len)) {
        yaml_error(&l->y, n, "layout '" STR_FMT "' exists already", STR_ARG(name));
        return;
    }
    vec_push(&l->s->layouts, out);
    for (size_t i = 0; i < wrapper_count; i++) add_wrapped(l, &out, wrappers[i]);
}

/* ---- classes ---- */

static void add_mapping(loader *l, class_row *row, pk_str schema_name, pk_str field, const field_map *map, yaml_node *n)
{
    pk_str key = arena_printf(l->s->arena, STR_FMT "%c" STR_FMT, STR_ARG(schema_name), 0, STR_ARG(field));
    if (!table_put(&row->mapping_index, key, (uint32_t)row->mappings.len)) {
        yaml_error(&l->y, n, "field '" STR_FMT "' is mapped twice", STR_ARG(field));
        return;
    }
    mapping m = {.schema = schema_name, .field = field, .map = map};
    vec_push_in(l->s->arena, &row->mappings, m);
}

static void read_mappings(loader *l, class_row *row, pk_str schema_name, yaml_node *n)
{
    void *at = NULL;
    yaml_node *key, *content;
    if (!yaml_is_map(n)) {
        yaml_error(&l->y, n, "expected a map from fields to where they come from");
        return;
    }
    while (yaml_next_pair(n, &at, &key, &content)) {
        const char *error = NULL;
        const field_map *map = field_map_parse(l->s->arena, yaml_text(&l->y, content), &error);
        if (map == NULL)
            yaml_error(&l->y, content, "%s", error);
        else
            add_mapping(l, row, schema_name, yaml_text(&l->y, key), map, key);
    }
}

static const field_map map_missing = {.kind = MAP_MISSING};

/* missing: {sigma: [fields]} */
static void read_missing(loader *l, class_row *row, yaml_node *n)
{
    void *at = NULL;
    yaml_node *key, *content;
    if (!yaml_is_map(n)) {
        yaml_error(&l->y, n, "expected a map from schemas to lists of fields");
        return;
    }
    while (yaml_next_pair(n, &at, &key, &content)) {
        pk_str *fields;
        size_t count;
        if (!yaml_texts(&l->y, content, &fields, &count)) continue;
        pk_str schema_name = yaml_text(&l->y, key);
        for (size_t i = 0; i < count; i++) add_mapping(l, row, schema_name, fields[i], &map_missing, content);
    }
}

static void read_sources(loader *l, class_row *row, yaml_node *n)
{
    int items = yaml_is_list(n) ? fy_node_sequence_item_count(n) : 1;
    row->shown.sources = ARENA_ARRAY(l->s->arena, log_source, items > 0 ? (size_t)items : 1);
    void *at = NULL;
    yaml_node *item = yaml_is_list(n) ? yaml_next_item(n, &at) : n;
    for (; item && row->shown.source_count < (size_t)items; item = yaml_is_list(n) ? yaml_next_item(n, &at) : NULL)
        if (read_source(l, item, &row->shown.sources[row->shown.source_count])) row->shown.source_count++;
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

static void read_class(loader *l, pk_str name, yaml_node *n)
{
    schema *s = l->s;
    if (!yaml_is_map(n)) {
        yaml_error(&l->y, n, "expected a class: a map");
        return;
    }
    if (table_get(&s->class_index, name) != TABLE_NONE) {
        yaml_error(&l->y, n, "class '" STR_FMT "' exists already", STR_ARG(name));
        return;
    }
    class_id id = class_add(s, name, l->family, parent_of(s, name));
    class_row *row = s->classes.at[id];
    void *at = NULL;
    yaml_node *key, *content;
    while (yaml_next_pair(n, &at, &key, &content)) {
        pk_str k = yaml_text(&l->y, key);
        if (str_equal(k, STR("title")))
            row->shown.title = yaml_text(&l->y, content);
        else if (str_equal(k, STR("provider")))
            row->shown.provider = yaml_text(&l->y, content);
        else if (str_equal(k, STR("event")))
            row->shown.event = yaml_text(&l->y, content);
        else if (str_equal(k, STR("by_user")))
            row->shown.by_user = read_bool(l, content);
        else if (str_equal(k, STR("sources")))
            read_sources(l, row, content);
        else if (str_equal(k, STR("when")))
            row->when = read_alternatives(l, content);
        else if (str_equal(k, STR("missing")))
            read_missing(l, row, content);
        else if (str_equal(k, STR("sigma")) || str_equal(k, STR("ecs")) || str_equal(k, STR("cim")) ||
                 str_equal(k, STR("udm")))
            read_mappings(l, row, k, content);
        else
            yaml_error(&l->y, key, "'" STR_FMT "': no such part of a class", STR_ARG(k));
    }
}

/* ---- files ---- */

/* no_logs: {windows/file_access/-: why} */
static void read_no_logs(loader *l, yaml_node *n)
{
    void *at = NULL;
    yaml_node *key, *content;
    while (yaml_is_map(n) && yaml_next_pair(n, &at, &key, &content)) {
        no_log none = {.reason = yaml_text(&l->y, content)};
        if (read_source(l, key, &none.source)) vec_push(&l->s->no_logs, none);
    }
}

static void read_open(loader *l, yaml_node *n)
{
    void *at = NULL;
    yaml_node *key, *content;
    while (yaml_is_map(n) && yaml_next_pair(n, &at, &key, &content)) {
        pk_str k = yaml_text(&l->y, key);
        if (str_equal(k, STR("time")))
            l->s->open_times = read_times(l, content);
        else if (str_equal(k, STR("host")))
            yaml_texts(&l->y, content, &l->s->open_hosts, &l->s->open_host_count);
        else
            yaml_error(&l->y, key, "'" STR_FMT "': expected time or host", STR_ARG(k));
    }
}

static void read_family(loader *l, yaml_node *root)
{
    pk_str name = {0}, product = {0};
    yaml_node *layouts = NULL, *classes = NULL, *none = NULL, *open = NULL;
    void *at = NULL;
    yaml_node *key, *content;
    if (!yaml_is_map(root)) {
        yaml_error(&l->y, root, "expected a map with family, layouts and classes");
        return;
    }
    while (yaml_next_pair(root, &at, &key, &content)) {
        pk_str k = yaml_text(&l->y, key);
        if (str_equal(k, STR("family")))
            name = yaml_text(&l->y, content);
        else if (str_equal(k, STR("product")))
            product = yaml_text(&l->y, content);
        else if (str_equal(k, STR("layouts")))
            layouts = content;
        else if (str_equal(k, STR("classes")))
            classes = content;
        else if (str_equal(k, STR("no_logs")))
            none = content;
        else if (str_equal(k, STR("open")))
            open = content;
        else
            yaml_error(&l->y, key, "'" STR_FMT "': expected family, product, layouts, classes, no_logs or open",
                       STR_ARG(k));
    }
    if (name.len == 0 || table_get(&l->s->family_index, name) != TABLE_NONE) {
        yaml_error(&l->y, root, "'family' is missing, or another file has it already");
        return;
    }
    l->family = family_add(l->s, name, product);
    at = NULL;
    while (yaml_is_map(layouts) && yaml_next_pair(layouts, &at, &key, &content))
        read_layout(l, yaml_text(&l->y, key), content);
    at = NULL;
    while (yaml_is_map(classes) && yaml_next_pair(classes, &at, &key, &content))
        read_class(l, yaml_text(&l->y, key), content);
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

static bool load_file(schema *s, const char *path, diag_list *d)
{
    char *bytes;
    size_t len;
    if (!read_file(path, &bytes, &len)) {
        diag_add(d, PK_ERROR, "schema-read", (diag_place){.file = str_from(path)}, STR(""), NULL, "cannot be read");
        return false;
    }
    loader l = {
        .s = s, .y = {.diags = d, .arena = s->arena}
    };
    if (yaml_document_open(&l.y, path, (pk_str){bytes, len})) read_family(&l, yaml_root(&l.y));
    yaml_document_close(&l.y);
    mem_free(bytes);
    return l.y.errors == 0;
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
