/*
 * SigmaHQ's regression_data: folders with an info.yml that names a rule, logs that it must match, and how often. The count
 * stated is a floor, as upstream judges it; without one, a single match will do.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/yaml.h"

enum { INFO_LIMIT = 1 << 20, DEPTH_LIMIT = 32 };

typedef struct {
    pk_str folder;           /* of the info.yml */
    pk_str path;             /* of the log, as the info.yml has it */
    str_list ids;            /* of the rules that must match */
    int64_t stated;          /* -1: no count is stated */
} evidence;

typedef struct {
    arena *arena;
    diag_list *diags;
    VEC(evidence) entries;
} collection;

/* ---- info.yml ---- */

static pk_str scalar_at(arena *a, const yaml_node *map, pk_str key)
{
    const yaml_node *n = yaml_get(map, key);
    return n && n->kind == YAML_SCALAR ? arena_str(a, n->text) : STR("");
}

static const yaml_node *list_at(const yaml_node *map, pk_str key)
{
    const yaml_node *n = yaml_get(map, key);
    return n && n->kind == YAML_LIST ? n : NULL;
}

static void read_info(collection *c, pk_str folder, const yaml_node *root)
{
    const yaml_node *rules = list_at(root, STR("rule_metadata")), *tests = list_at(root, STR("regression_tests_info"));
    str_list ids = {{0}};
    for (size_t i = 0; rules && i < rules->count; i++)
        vec_push_in(c->arena, &ids.items, scalar_at(c->arena, rules->items[i], STR("id")));
    for (size_t i = 0; tests && i < tests->count; i++) {
        evidence e = {.folder = folder, .path = scalar_at(c->arena, tests->items[i], STR("path")), .ids = ids, .stated = -1};
        pk_str count = scalar_at(c->arena, tests->items[i], STR("match_count"));
        if (count.len && !str_to_int(count, false, &e.stated))
            diag_add(c->diags, PK_ERROR, "evidence", (diag_place){.file = folder}, STR(""), NULL, "match_count '" STR_FMT "' is no number", STR_ARG(count));
        if (e.path.len) vec_push_in(c->arena, &c->entries, e);
    }
}

static void read_info_file(collection *c, pk_str folder, const char *path)
{
    pk_str source;
    if (read_text_file(path, INFO_LIMIT, c->arena, &source, c->diags) != PK_OK) return;
    arena *scratch = arena_new();
    yaml_file yaml = yaml_read(scratch, source);
    const yaml_document *d = yaml.count ? &yaml.documents[0] : NULL;
    const yaml_problem *p = d && d->problem_count ? d->problems : NULL;
    diag_place place = {str_from(path), p ? p->place.line : 0, p ? p->place.column : 0, 0};
    if (p) diag_add_text(c->diags, PK_ERROR, "evidence", place, STR(""), p->message, p->hint);
    else if (d && d->root && d->root->kind == YAML_MAP) read_info(c, folder, d->root);
    else diag_add(c->diags, PK_ERROR, "evidence", place, STR(""), NULL, "is not a YAML mapping");
    arena_free(scratch);
}

static int by_bytes(const struct dirent **x, const struct dirent **y) { return strcmp((*x)->d_name, (*y)->d_name); }
static int no_dots(const struct dirent *e) { return e->d_name[0] != '.'; }

static void collect(collection *c, pk_str folder, int depth)
{
    struct dirent **entries;
    int n = depth > DEPTH_LIMIT ? -1 : scandir(folder.ptr, &entries, no_dots, by_bytes);
    for (int i = 0; i < n; i++) {
        pk_str path = arena_printf(c->arena, STR_FMT "/%s", STR_ARG(folder), entries[i]->d_name);
        struct stat s;
        if (lstat(path.ptr, &s) == 0) {
            if (S_ISDIR(s.st_mode)) collect(c, path, depth + 1);
            else if (strcmp(entries[i]->d_name, "info.yml") == 0) read_info_file(c, folder, path.ptr);
        }
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

/* ---- running ---- */

static bool exists(pk_str path)
{
    struct stat s;
    return stat(path.ptr, &s) == 0;
}

/* The log: beside its info.yml, else by its path from some folder above. */
static pk_str find_log(const evidence *e, arena *a)
{
    size_t slash = e->path.len;
    while (slash > 0 && e->path.ptr[slash - 1] != '/') slash--;
    pk_str beside = arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(e->folder), STR_ARG(str_slice(e->path, slash, e->path.len)));
    if (exists(beside)) return beside;
    for (size_t end = e->folder.len; end > 0; end--) {
        if (e->folder.ptr[end - 1] != '/') continue;
        pk_str path = arena_printf(a, STR_FMT STR_FMT, STR_ARG(str_slice(e->folder, 0, end)), STR_ARG(e->path));
        if (exists(path)) return path;
    }
    return STR("");
}

static pk_str twin_of(pk_str log, arena *a)
{
    size_t dot = log.len;
    while (dot > 0 && log.ptr[dot - 1] != '.' && log.ptr[dot - 1] != '/') dot--;
    if (dot == 0 || log.ptr[dot - 1] != '.') return STR("");
    pk_str twin = arena_printf(a, STR_FMT "json", STR_ARG(str_slice(log, 0, dot)));
    return exists(twin) && !str_equal(twin, log) ? twin : STR("");
}

typedef struct {
    const str_list *ids;
    int64_t found;
} counting;

static bool on_alert(const pk_alert *alert, void *user)
{
    counting *c = user;
    for (size_t i = 0; i < c->ids->items.len; i++)
        if (str_equal_ascii_fold(alert->rule->id, c->ids->items.at[i])) {
            c->found++;
            break;
        }
    return true;
}

/* Matches of the entry's rules in a log; -1: it could not be read. */
static int64_t count_matches(const pk_program *p, const str_list *ids, pk_str log)
{
    pk_scanner *s = NULL;
    counting c = {.ids = ids};
    pk_scan_options options = {.threads = 1, .since = PK_NO_TIME, .until = PK_NO_TIME};
    bool good = pk_scanner_new(&s, p, &options) == PK_OK && pk_scanner_add(s, log.ptr, NULL) == PK_OK && pk_scanner_run(s, on_alert, &c) == PK_OK;
    pk_scanner_free(s);
    return good ? c.found : -1;
}

static void run_entry(const pk_program *p, const evidence *e, const pk_test_options *o, arena *a, pk_text_fn fn, void *user, pk_test_counts *counts)
{
    pk_str log = find_log(e, a), twin = log.len && o->twins ? twin_of(log, a) : STR("");
    int64_t floor = e->stated < 0 ? 1 : e->stated, found = log.len ? count_matches(p, &e->ids, log) : -1;
    bool good = o->exact && e->stated >= 0 ? found == floor : found >= floor;
    int64_t of_twin = twin.len ? count_matches(p, &e->ids, twin) : found;
    good &= of_twin == found;
    text line = {0};
    text_put_cstring(&line, good ? "ok " : "not ok ");
    if (!log.len) text_put_cstring(&line, "its log is missing");
    else if (found < 0) text_put_cstring(&line, "its log can't be read");
    else text_printf(&line, "found %lld", (long long)found);
    if (e->stated >= 0) text_printf(&line, ", stated %lld", (long long)e->stated);
    else text_put_cstring(&line, ", no count stated");
    if (twin.len) text_printf(&line, ", JSON %lld", (long long)of_twin);
    text_printf(&line, ": " STR_FMT "\n", STR_ARG(log.len ? log : e->path));
    fn(text_view(&line), user);
    text_free(&line);
    *(good ? &counts->passed : &counts->failed) += 1;
}

/* Only the rules that some entry names. */
static pk_status build(pk_program **out, pk_catalog *catalog, collection *c)
{
    static const pk_str all = {"all", 3};
    str_list ids = {{0}};
    for (size_t i = 0; i < c->entries.len; i++)
        for (size_t k = 0; k < c->entries.at[i].ids.items.len; k++) vec_push_in(c->arena, &ids.items, c->entries.at[i].ids.items.at[k]);
    return pk_program_build(out, catalog, &(pk_choice){.statuses = {&all, 1}, .ids = {ids.items.at, ids.items.len}});
}

pk_status pk_test_evidence(pk_catalog *catalog, const char *path, const pk_test_options *o, pk_text_fn fn, void *user, pk_test_counts *counts)
{
    static const pk_test_options usual = {0};
    collection c = {.arena = arena_new(), .diags = diag_list_new()};
    pk_program *p = NULL;
    pk_str root = arena_str(c.arena, str_from(path));
    while (root.len > 1 && root.ptr[root.len - 1] == '/') root = arena_str(c.arena, str_slice(root, 0, root.len - 1));
    collect(&c, root, 0);
    pk_status status = PK_OK;
    if (!c.entries.len) diag_add(c.diags, PK_ERROR, "evidence", (diag_place){.file = root}, STR(""), NULL, "no info.yml with evidence is in this folder");
    else status = build(&p, catalog, &c);
    for (size_t i = 0; status == PK_OK && i < c.entries.len; i++) {
        arena *a = arena_new();
        run_entry(p, &c.entries.at[i], o ? o : &usual, a, fn, user, counts);
        arena_free(a);
    }
    for (size_t i = 0; i < diag_count(c.diags); i++) {
        const pk_diagnostic *d = diag_at(c.diags, i);
        text line = {0};
        text_printf(&line, "not ok " STR_FMT ": " STR_FMT "\n", STR_ARG(d->file), STR_ARG(d->message));
        fn(text_view(&line), user);
        text_free(&line);
        status = status == PK_OK ? PK_ERROR_SYNTAX : status;
    }
    pk_program_free(p);
    diag_list_free(c.diags);
    arena_free(c.arena);
    return status;
}
