/*
 * Lists that rules name: value lists for placeholders (a YAML mapping from names to values), reference lists (a text file, an
 * entry a line) and data tables (CSV). A folder holds any of them; what a file is its name tells.
 */
#include "api/lists.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/folder.h"
#include "base/yaml.h"

static diag_place place_in(pk_str file, span at) { return (diag_place){file, at.line, at.column, at.end - at.start}; }

language_options catalog_language_options(const pk_catalog *c)
{
    return (language_options){.lists = {c->lists.at, c->lists.len}, .tables = {c->tables.at, c->tables.len}, .empty_lists = c->empty_lists};
}

/* ---- value lists ---- */

static bool add_value(pk_catalog *c, value_list *list, const yaml_node *n, pk_str file)
{
    if (n->kind != YAML_SCALAR) {
        diag_add(catalog_diags(c), PK_ERROR, "list-value", place_in(file, n->span), STR(""), NULL,
                 "a value of list '" STR_FMT "' is not a plain value", STR_ARG(list->name));
        return false;
    }
    vec_push_in(c->arena, &list->values.items, arena_str(c->arena, n->text));
    return true;
}

static bool add_list(pk_catalog *c, const yaml_entry *e, pk_str file)
{
    pk_str name = e->key;
    const yaml_node *values = e->value;
    if (name.len > 2 && name.ptr[0] == '%' && name.ptr[name.len - 1] == '%') name = str_slice(name, 1, name.len - 2); /* as rules write it */
    value_list list = {.name = arena_str(c->arena, name)};
    bool good = true;
    if (values->kind != YAML_LIST) good = add_value(c, &list, values, file);
    for (size_t i = 0; values->kind == YAML_LIST && i < values->count; i++) good &= add_value(c, &list, values->items[i], file);
    vec_push_in(c->arena, &c->lists, list);
    return good;
}

static bool report_problems(pk_catalog *c, const yaml_file *yaml, pk_str file)
{
    size_t count = yaml->count ? yaml->documents[0].problem_count : 0;
    for (size_t i = 0; i < count; i++) {
        const yaml_problem *p = &yaml->documents[0].problems[i];
        diag_add_text(catalog_diags(c), PK_ERROR, "list-syntax", place_in(file, p->place), STR(""), p->message, p->hint);
    }
    return count > 0;
}

static pk_status read_lists(pk_catalog *c, const yaml_file *yaml, pk_str file)
{
    const yaml_node *root = yaml->count ? yaml->documents[0].root : NULL;
    if (report_problems(c, yaml, file)) return PK_ERROR_SYNTAX;
    if (!root || root->kind != YAML_MAP) {
        diag_add(catalog_diags(c), PK_ERROR, "list-syntax", (diag_place){.file = file}, STR(""), "write 'name: [value, value]'",
                 "is not a YAML mapping from names to values");
        return PK_ERROR_SYNTAX;
    }
    pk_status status = PK_OK;
    for (size_t i = 0; i < root->count; i++)
        if (!add_list(c, &root->entries[i], file)) status = PK_ERROR_SYNTAX;
    return status;
}

pk_status parse_value_lists(pk_catalog *c, pk_str source, pk_str file)
{
    arena *scratch = arena_new();
    yaml_file yaml = yaml_read(scratch, source);
    pk_status status = read_lists(c, &yaml, file);
    arena_free(scratch);
    return status;
}

/* ---- reference lists ---- */

/* Cuts the next line off `rest`; false: there is none. */
static bool next_line(pk_str *rest, pk_str *line)
{
    if (rest->len == 0) return false;
    size_t end = str_find_char(*rest, '\n');
    *line = str_slice(*rest, 0, end == STR_NPOS ? rest->len : end);
    *rest = str_slice(*rest, line->len + 1, rest->len);
    return true;
}

/* Without a comment: "//" at the start or behind white space, so that those of URLs stay. */
static pk_str without_comment(pk_str line)
{
    for (size_t i = 0; i + 1 < line.len; i++)
        if (line.ptr[i] == '/' && line.ptr[i + 1] == '/' && (i == 0 || line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t')) {
            line.len = i;
            break;
        }
    return str_trim(line);
}

void parse_reference_list(pk_catalog *c, pk_str name, pk_str source)
{
    value_list list = {.name = arena_str(c->arena, name)};
    pk_str line;
    bool in_comment = false; /* of several lines, from one that begins with the sign on */
    if (str_starts_with(source, STR("\xef\xbb\xbf"))) source = str_slice(source, 3, source.len);
    while (next_line(&source, &line)) {
        line = str_trim(line);
        if (!in_comment && str_starts_with(line, STR("/*"))) in_comment = true;
        if (in_comment) {
            size_t end = str_find(line, STR("*/"));
            in_comment = end == STR_NPOS;
            continue;
        }
        line = without_comment(line);
        if (line.len) vec_push_in(c->arena, &list.values.items, arena_str(c->arena, line));
    }
    vec_push_in(c->arena, &c->lists, list);
}

/* ---- files ---- */

typedef enum { FILE_OTHER, FILE_VALUES, FILE_REFERENCE, FILE_TABLE, FILE_TABLE_CONFIG } list_file_kind;

static pk_str base_name(pk_str path)
{
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/') start--;
    return str_slice(path, start, path.len);
}

static pk_str stem_of(pk_str path)
{
    pk_str name = base_name(path);
    for (size_t i = name.len; i-- > 1;)
        if (name.ptr[i] == '.') return str_slice(name, 0, i);
    return name;
}

static bool has_ending(pk_str name, const char *ending)
{
    size_t len = strlen(ending);
    return name.len > len && str_equal_ascii_fold(str_slice(name, name.len - len, len), str_from(ending));
}

/* What a file of a folder of lists is; the configurations that lie beside lists in repositories of rules say nothing of values. */
static list_file_kind kind_of(pk_str name)
{
    static const char *const others[] = {"rule_config.yaml", "rule_exclusions_config.yaml", "reference_list_config.yaml", "saved_search_config.yaml", "LICENSE", "README"};
    if (name.len == 0 || name.ptr[0] == '.') return FILE_OTHER;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_equal(name, str_from(others[i]))) return FILE_OTHER;
    if (str_equal(name, STR("data_table_config.yaml"))) return FILE_TABLE_CONFIG;
    if (has_ending(name, ".yaml") || has_ending(name, ".yml")) return FILE_VALUES;
    if (has_ending(name, ".csv")) return FILE_TABLE;
    return has_ending(name, ".txt") || str_find_char(name, '.') == STR_NPOS ? FILE_REFERENCE : FILE_OTHER;
}

/* Remembered with its name, which is what rules call it, so that a program that is kept is known to be of the same lists. */
static void remember(pk_catalog *c, pk_str path, pk_str source)
{
    vec_push(&c->list_sources, arena_printf(c->arena, STR_FMT "\n" STR_FMT, STR_ARG(path), STR_ARG(source)));
}

static pk_status load_file(pk_catalog *c, const char *path, list_file_kind kind)
{
    pk_str source, file = arena_str(c->arena, str_from(path));
    pk_status status = read_text_file(path, LISTS_LIMIT, c->arena, &source, catalog_diags(c));
    if (status != PK_OK) return status;
    remember(c, file, source);
    if (!utf8_valid(source)) source = utf8_repair(c->arena, source);
    switch (kind) {
    case FILE_VALUES: return parse_value_lists(c, source, file);
    case FILE_REFERENCE: parse_reference_list(c, stem_of(file), source); return PK_OK;
    case FILE_TABLE: return parse_data_table(c, stem_of(file), source, file);
    case FILE_TABLE_CONFIG: return parse_table_config(c, source, file);
    case FILE_OTHER: break;
    }
    return PK_OK;
}

typedef struct {
    pk_catalog *catalog;
    list_file_kind only;          /* this kind; FILE_OTHER: all but the configurations of tables */
    size_t files;
    pk_status status;
} list_walk;

static bool is_wanted(pk_str name) { return kind_of(name) != FILE_OTHER; }

static void visit_file(const char *path, const struct stat *s, void *user)
{
    list_walk *w = user;
    list_file_kind kind = kind_of(base_name(str_from(path)));
    (void)s;
    if ((kind == FILE_TABLE_CONFIG) != (w->only == FILE_TABLE_CONFIG)) return;
    w->files++;
    pk_status status = load_file(w->catalog, path, kind);
    if (status != PK_OK) w->status = status;
}

static void visit_unreadable(const char *folder, int error, void *user)
{
    list_walk *w = user;
    diag_add(catalog_diags(w->catalog), PK_WARNING, "folder-read", (diag_place){.file = str_from(folder)}, STR(""), NULL, "can't be read: %s", strerror(error));
}

/* The configurations first: they say what the columns of tables are. */
static pk_status load_folder(pk_catalog *c, const char *path, const struct stat *self)
{
    list_walk w = {.catalog = c, .only = FILE_TABLE_CONFIG};
    folder_visit visit = {.wanted = is_wanted, .file = visit_file, .unreadable = visit_unreadable, .user = &w};
    folder_walk(path, self, &visit);
    w.only = FILE_OTHER;
    w.files = 0;
    visit.unreadable = NULL;
    folder_walk(path, self, &visit);
    if (!w.files)
        diag_add(catalog_diags(c), PK_WARNING, "list-folder", (diag_place){.file = arena_str(c->arena, str_from(path))}, STR(""),
                 "lists are files NAME or NAME.txt, tables NAME.csv, several lists in one file NAME.yaml", "holds no list and no table");
    return w.status;
}

pk_status pk_catalog_load_lists(pk_catalog *c, const char *path)
{
    struct stat s;
    if (c->complete) return PK_ERROR_USAGE;
    catalog_settle(c); /* rules that were named before do not see these lists */
    bool there = stat(path, &s) == 0;
    if (there && S_ISDIR(s.st_mode)) return load_folder(c, path, &s);
    pk_str name = base_name(str_from(path));
    bool is_table = has_ending(name, ".csv");
    bool is_reference = has_ending(name, ".txt") || (there && S_ISREG(s.st_mode) && str_find_char(name, '.') == STR_NPOS); /* no pipe */
    return load_file(c, path, is_table ? FILE_TABLE : is_reference ? FILE_REFERENCE : str_equal(name, STR("data_table_config.yaml")) ? FILE_TABLE_CONFIG : FILE_VALUES);
}

void pk_catalog_empty_lists(pk_catalog *c) { c->empty_lists = true; }
