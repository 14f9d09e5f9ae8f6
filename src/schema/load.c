/*
 * Reads share/schemas. One file is one family; the format is documented in docs/schemas.md. Files are read in byte
 * order of their names; layouts are tried by rank, then in the order of reading.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "schema/loader.h"

#define FILE_LIMIT (4u << 20) /* longest schema file in bytes */

/* ---- files ---- */

/* no_logs: {windows/file_access/-: why} */
static void read_no_logs(loader *l, const yaml_node *n)
{
    for (size_t i = 0; is_map(n) && i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        no_log none = {.reason = loader_text(l, e->value)};
        if (loader_source(l, loader_keep(l, e->key), e->key_span, &none.source)) vec_push(&l->s->no_logs, none);
    }
}

static void read_open(loader *l, const yaml_node *n)
{
    for (size_t i = 0; is_map(n) && i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str k = loader_keep(l, e->key);
        if (str_equal(k, STR("time")))
            l->s->open_times = loader_times(l, e->value);
        else if (str_equal(k, STR("host")))
            loader_texts(l, e->value, &l->s->open_hosts, &l->s->open_host_count);
        else
            loader_wrong(l, e->key_span, "'" STR_FMT "': expected time or host", STR_ARG(k));
    }
}

static void read_common_values(loader *l, const yaml_node *n)
{
    pk_str *values;
    size_t count;
    if (!loader_texts(l, n, &values, &count)) return;
    for (size_t i = 0; i < count; i++) vec_push_in(l->s->arena, &l->s->common_values, values[i]);
}

static void read_family(loader *l, const yaml_node *root)
{
    pk_str name = {0}, product = {0}, model = {0};
    const yaml_node *layouts = NULL, *classes = NULL, *none = NULL, *open = NULL;
    if (!is_map(root)) {
        loader_wrong(l, root->span, "expected a map with family, layouts and classes");
        return;
    }
    for (size_t i = 0; i < root->count; i++) {
        const yaml_entry *e = &root->entries[i];
        pk_str k = loader_keep(l, e->key);
        if (str_equal(k, STR("family")))
            name = loader_text(l, e->value);
        else if (str_equal(k, STR("product")))
            product = loader_text(l, e->value);
        else if (str_equal(k, STR("model")))
            model = loader_text(l, e->value);
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
            loader_wrong(l, e->key_span, "'" STR_FMT "': expected family, product, model, layouts, classes, no_logs, open or common_values",
                         STR_ARG(k));
    }
    if (name.len == 0 || table_get(&l->s->family_index, name) != TABLE_NONE) {
        loader_wrong(l, root->span, "'family' is missing, or another file has it already");
        return;
    }
    if (model.len && !schema_has_records(model)) loader_wrong(l, root->span, "'" STR_FMT "': no such data model", STR_ARG(model));
    l->family = family_add(l->s, name, product);
    l->s->families.at[l->family].model = model;
    for (size_t i = 0; is_map(layouts) && i < layouts->count; i++)
        loader_layout(l, loader_keep(l, layouts->entries[i].key), layouts->entries[i].value);
    for (size_t i = 0; is_map(classes) && i < classes->count; i++)
        loader_class(l, loader_keep(l, classes->entries[i].key), classes->entries[i].value);
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
        loader_wrong(l, (span){0}, "the file is empty");
    else if (file->count > 1)
        loader_wrong(l, file->documents[1].span, "a second document; a family is one");
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
