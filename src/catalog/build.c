/*
 * A build, step by step:
 *   open      the file, its transaction; whoever comes second waits
 *   find      the rule files, and which of them changed (build_files.c)
 *   load      those that did, and what they are connected with, into the IR
 *   store     the rows of their rules instead of the old ones (build_rules.c)
 *   finish    counts and keys that hang on all rules (build_finish.c)
 *   commit    from here on readers see the new state
 */
#include "catalog/build.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/unicode.h"
#include "catalog/schema.h"

static int64_t now_by(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- the IR ---- */

static void forget_loaded(build *b)
{
    program_free(b->routes);
    diag_list_free(b->route_diags);
    pk_catalog_free(b->catalog);
    b->routes = NULL;
    b->route_diags = NULL;
    b->catalog = NULL;
    for (size_t i = 0; i < b->files.all.len; i++) {
        source_file *f = &b->files.all.at[i];
        diag_list_free(f->said);
        f->said = NULL;
        f->rule_count = f->first_rule = 0;
    }
}

static void take_diagnostics(build *b, const diag_list *d)
{
    for (size_t i = 0; i < diag_count(d); i++) {
        const pk_diagnostic *one = diag_at(d, i);
        diag_add_text(b->diags, one->severity, one->code, (diag_place){one->file, one->line, one->column, one->length}, one->rule, one->message, one->hint);
    }
}

static pk_status open_catalog(build *b)
{
    pk_status status = pk_catalog_new(&b->catalog, b->options->share);
    for (size_t i = 0; status == PK_OK && i < b->options->lists.count; i++)
        status = pk_catalog_load_lists(b->catalog, arena_cstring(b->arena, b->options->lists.items[i]));
    take_diagnostics(b, catalog_diags(b->catalog));
    diag_list *told = diag_list_new();
    diag_merge(told, catalog_diags(b->catalog));
    diag_list_free(told);
    return status;
}

/* What a file says while it is loaded is kept with it: the list of the catalogue is bounded for all together. */
static void load_file(build *b, source_file *f)
{
    language_options options = catalog_language_options(b->catalog);
    rule_file given = {.path = f->path};
    if (!read_source_file(b, f)) return;
    given.text = f->text;
    f->first_rule = ir_rule_count(b->catalog->ir);
    f->kind = file_kind_of(f->path, f->text);
    f->language = f->kind ? NULL : language_detect(&given);
    if (!f->language) {
        if (!f->kind) f->reason = STR("in no rule language that picket knows");
        return;
    }
    f->language->load(b->catalog->ir, &given, &options);
    f->rule_count = ir_rule_count(b->catalog->ir) - f->first_rule;
    if (!diag_count(ir_diags(b->catalog->ir))) return;
    f->said = diag_list_new();
    diag_merge(f->said, ir_diags(b->catalog->ir));
}

static void load_files(build *b)
{
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].load) load_file(b, &b->files.all.at[i]);
}

static bool choose_all(const rule *r, void *user)
{
    (void)r;
    (void)user;
    return true;
}

static pk_status load_rules(build *b)
{
    load_files(b);
    if (!b->whole && connect_source_files(b)) {
        forget_loaded(b);
        if (b->whole)
            for (size_t i = 0; i < b->files.all.len; i++) {
                b->files.all.at[i].load = true;
                b->files.all.at[i].id = 0;
            }
        pk_status status = open_catalog(b);
        if (status != PK_OK) return status;
        load_files(b);
    }
    catalog_complete(b->catalog);
    b->route_diags = diag_list_new();
    return program_build(&b->routes, b->catalog->ir, b->catalog->schema, &(compile_options){.choose = choose_all, .routes_only = true}, b->route_diags);
}

/* ---- what else the answers hang on ---- */

static void mix_file(build *b, uint64_t *h, const char *path)
{
    pk_str s = STR("");
    diag_list *d = diag_list_new();
    read_text_file(path, 64 << 20, b->arena, &s, d);
    diag_list_free(d);
    *h = hash_mix(*h, hash_str(s));
}

/* Of the data that ships: schemas, and how fields are normalised. */
static void mix_share(build *b, uint64_t *h)
{
    struct dirent **entries;
    pk_str folder = arena_printf(b->arena, STR_FMT "/schemas", STR_ARG(b->catalog->share));
    int n = scandir(folder.ptr, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            *h = hash_mix(*h, hash_str(str_from(entries[i]->d_name)));
            mix_file(b, h, arena_printf(b->arena, STR_FMT "/%s", STR_ARG(folder), entries[i]->d_name).ptr);
        }
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    mix_file(b, h, arena_printf(b->arena, STR_FMT "/normal.yaml", STR_ARG(b->catalog->share)).ptr);
}

static pk_str fingerprint_of(build *b)
{
    uint64_t h = hash_str(str_from(pk_version()));
    h = hash_mix(h, attack_fingerprint(b->attack));
    mix_share(b, &h);
    for (size_t i = 0; i < b->catalog->list_sources.len; i++) h = hash_mix(h, hash_str(b->catalog->list_sources.at[i]));
    for (const language *const *l = languages; *l; l++) h = hash_mix(h, hash_str(str_from((*l)->name)));
    return arena_printf(b->arena, "%016llx", (unsigned long long)h);
}

static pk_str meta(build *b, pk_str key)
{
    sqlite3_stmt *st = database_query(&b->db, "SELECT value FROM meta WHERE key = ?", "s", key);
    pk_str s = STR("");
    if (database_next(&b->db, st)) s = arena_str(b->arena, column_text(st, 0));
    if (st) sqlite3_reset(st);
    return s;
}

static void put_meta(build *b, pk_str key, pk_str value_of)
{
    database_run(&b->db, "INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", "ss", key, value_of);
}

static pk_str roots_json(build *b)
{
    text out = {0};
    text_put_char(&out, '[');
    pk_strs roots = build_roots(b);
    for (size_t i = 0; i < roots.count; i++) {
        if (i) text_put_char(&out, ',');
        text_put_json(&out, roots.items[i]);
    }
    text_put_char(&out, ']');
    pk_str s = arena_str(b->arena, text_view(&out));
    text_free(&out);
    return s;
}

/* ---- what stays the same while the data that ships does ---- */

static void store_languages(build *b)
{
    for (const language *const *l = languages; *l; l++)
        database_run(&b->db, "INSERT INTO language(name, title, family, vendor, known) VALUES(?,?,?,?,1)", "sssi", str_from((*l)->name), str_from((*l)->title),
                     str_from((*l)->family ? (*l)->family : (*l)->name), (int64_t)(*l)->vendor);
    for (const file_kind *k = file_kinds; k->name; k++)
        if (!language_find(str_from(k->name)))
            database_run(&b->db, "INSERT INTO language(name, title, family, vendor, known) VALUES(?,?,?,?,0)", "sssi", str_from(k->name), str_from(k->title),
                         str_from(k->family), (int64_t)k->vendor);
}

static void store_frame(build *b)
{
    store_languages(b);
    store_classes(b);
    if (b->db.status == PK_OK) b->db.status = attack_store(b->attack, b->db.handle, b->diags);
}

/* ---- the steps ---- */

static pk_status open_data(build *b)
{
    pk_status status = open_catalog(b);
    if (status != PK_OK) return status;
    status = attack_load(&b->attack, arena_cstring(b->arena, b->catalog->share), b->options->attack, b->diags);
    if (status != PK_OK) return status;
    b->fingerprint = fingerprint_of(b);
    return normal_map_load(&b->normal, arena_printf(b->arena, STR_FMT "/normal.yaml", STR_ARG(b->catalog->share)).ptr, b->diags);
}

static pk_status look_at_files(build *b)
{
    b->started = now_by(CLOCK_REALTIME);
    pk_status status = find_source_files(b);
    if (status != PK_OK) return status;
    b->whole = b->db.empty || b->db.of_other_format || b->options->fresh || !str_equal(meta(b, STR("share")), b->fingerprint);
    choose_source_files(b);
    return b->db.status;
}

static void store_all(build *b)
{
    if (b->whole && !b->db.empty && !b->db.of_other_format) database_recreate(&b->db);
    database_script(&b->db, "CREATE TEMP TABLE touched(id INTEGER PRIMARY KEY)");
    if (b->whole) store_frame(b);
    for (size_t i = 0; i < b->gone.ids.len && !b->whole; i++) {
        forget_rules_of(b, b->gone.ids.at[i]);
        database_run(&b->db, "DELETE FROM file WHERE id = ?", "i", b->gone.ids.at[i]);
    }
    store_rules(b);
    finish_catalogue(b);
    char number[16];
    snprintf(number, sizeof number, "%d", CATALOG_FORMAT);
    put_meta(b, STR("format"), str_from(number));
    put_meta(b, STR("picket"), str_from(pk_version()));
    put_meta(b, STR("share"), b->fingerprint);
    put_meta(b, STR("roots"), utf8_repair(b->arena, roots_json(b)));
    put_meta(b, STR("built"), timestamp_text(b->arena, b->started));
}

static void count_all(build *b)
{
    pk_store_report *r = b->report;
    r->rules = (uint64_t)database_number(&b->db, 0, "SELECT count(*) FROM rule", "");
    r->unknown = (uint64_t)database_number(&b->db, 0, "SELECT count(*) FROM file WHERE state = 'unknown'", "");
    r->predicates = (uint64_t)database_number(&b->db, 0, "SELECT count(*) FROM predicate WHERE rules > 0", "");
    r->pairs = (uint64_t)database_number(&b->db, 0, "SELECT coalesce(sum(rules), 0) FROM predicate", "");
    for (int s = 0; s < PK_RULE_STATES; s++)
        r->states[s] = (uint64_t)database_number(&b->db, 0, "SELECT count(*) FROM rule WHERE state = ?", "s", str_from(pk_rule_state_text((pk_rule_state)s)));
}

static pk_status run(build *b, const char *path)
{
    pk_status status = open_data(b);
    if (status == PK_OK) status = database_open(&b->db, path, b->diags);
    if (status == PK_OK) status = look_at_files(b);
    if (status == PK_OK && b->changed) {
        status = load_rules(b);
        if (status == PK_OK) store_all(b);
    }
    if (status == PK_OK) count_all(b);
    return status == PK_OK ? database_commit(&b->db) : status;
}

static void free_build(build *b)
{
    database_close(&b->db);
    forget_loaded(b);
    attack_free(b->attack);
    normal_map_free(b->normal);
    vec_free(&b->files.all);
    vec_free(&b->gone.ids);
    vec_free(&b->predicates);
    vec_free(&b->rule_ids.ids);
    vec_free(&b->same_ids);
    table_free(&b->predicate_ids);
    table_free(&b->rules_by_name);
    table_free(&b->marked_ids);
    for (size_t i = 0; b->fn && i < diag_count(b->diags); i++) b->fn(diag_at(b->diags, i), b->user);
    diag_list_free(b->diags);
    arena_free(b->arena);
}

pk_status pk_store_build(const char *path, const pk_store_options *options, pk_store_report *report, pk_diagnostic_fn fn, void *user)
{
    int64_t start = now_by(CLOCK_MONOTONIC);
    pk_store_report unused;
    build b = {.options = options, .report = report ? report : &unused, .fn = fn, .user = user, .arena = arena_new(), .diags = diag_list_new()};
    *b.report = (pk_store_report){0};
    pk_status status = run(&b, path);
    b.report->seconds = (double)(now_by(CLOCK_MONOTONIC) - start) / 1e9;
    free_build(&b);
    return status;
}
