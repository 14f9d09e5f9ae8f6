/*
 * ATT&CK into the tables of a catalogue, and techniques and tactics that only rules know. Everything here runs inside the
 * transaction of a build.
 */
#include "catalog/attack_model.h"

#include <stdarg.h>

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *st;
    diag_list *diags;
    pk_status status;
} writer;

static void failed(writer *w)
{
    if (w->status == PK_OK)
        diag_add(w->diags, PK_ERROR, "catalog-write", (diag_place){0}, STR(""), NULL, "ATT&CK cannot be stored: %s", sqlite3_errmsg(w->db));
    w->status = PK_ERROR_IO;
}

static void prepare(writer *w, const char *sql)
{
    sqlite3_finalize(w->st);
    w->st = NULL;
    if (w->status == PK_OK && sqlite3_prepare_v2(w->db, sql, -1, &w->st, NULL) != SQLITE_OK) failed(w);
}

/* A letter for each parameter: s pk_str, o pk_str (empty is NULL), i int64_t. */
static void row(writer *w, const char *types, ...)
{
    va_list list;
    if (w->status != PK_OK) return;
    va_start(list, types);
    for (int i = 0; types[i]; i++) {
        if (types[i] == 'i') {
            sqlite3_bind_int64(w->st, i + 1, va_arg(list, int64_t));
            continue;
        }
        pk_str s = va_arg(list, pk_str);
        if (types[i] == 'o' && !s.len) sqlite3_bind_null(w->st, i + 1);
        else sqlite3_bind_text(w->st, i + 1, s.ptr ? s.ptr : "", (int)s.len, SQLITE_STATIC); /* names and texts are bounded */
    }
    va_end(list);
    if (sqlite3_step(w->st) != SQLITE_DONE) failed(w);
    sqlite3_reset(w->st);
}

static void script(writer *w, const char *sql)
{
    if (w->status == PK_OK && sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK) failed(w);
}

/* ---- what is known ---- */

/* As headings show a tactic: "Command & Control". */
static pk_str shown_name(arena *a, pk_str name)
{
    size_t at = str_find(name, STR(" and "));
    return at == STR_NPOS ? name : arena_printf(a, STR_FMT " & " STR_FMT, STR_ARG(str_slice(name, 0, at)), STR_ARG(str_slice(name, at + 5, name.len)));
}

static void store_tactics(writer *w, const attack *k, arena *a)
{
    prepare(w, "INSERT INTO tactic(id, short, name, shown, position, predecessor, description) VALUES(?,?,?,?,?,?,?)");
    for (size_t i = 0; i < k->tactics.len; i++) {
        const attack_tactic *t = &k->tactics.at[i];
        row(w, "ssssioo", t->id, t->short_name, t->name, shown_name(a, t->name), (int64_t)i, t->predecessor, t->description);
    }
}

static pk_str technique_url(arena *a, const attack_technique *t)
{
    if (t->url.len) return t->url;
    pk_str parent = attack_parent(t->id);
    if (!parent.len) return arena_printf(a, "https://attack.mitre.org/techniques/" STR_FMT, STR_ARG(t->id));
    return arena_printf(a, "https://attack.mitre.org/techniques/" STR_FMT "/" STR_FMT, STR_ARG(parent), STR_ARG(str_slice(t->id, 6, 3)));
}

static void store_list(writer *w, const attack_technique *t, const char *kind, const attack_list *list)
{
    for (size_t i = 0; i < list->len; i++) row(w, "ssis", t->id, str_from(kind), (int64_t)i, list->at[i]);
}

static void store_techniques(writer *w, const attack *k, arena *a)
{
    prepare(w, "INSERT INTO technique(id, name, parent, position, description, url, retired, successor, known) VALUES(?,?,?,?,?,?,?,?,1)");
    for (size_t i = 0; i < k->techniques.len; i++) {
        const attack_technique *t = &k->techniques.at[i];
        pk_str now = t->successor.len ? k->techniques.at[attack_current(k, (uint32_t)i)].id : STR(""); /* through all that came between */
        row(w, "sooiosio", t->id, t->name, attack_parent(t->id), (int64_t)i, t->description, technique_url(a, t), (int64_t)t->retired, now);
    }
    prepare(w, "INSERT INTO technique_list(technique, kind, position, value) VALUES(?,?,?,?)");
    for (size_t i = 0; i < k->techniques.len; i++) {
        const attack_technique *t = &k->techniques.at[i];
        store_list(w, t, "platform", &t->platforms);
        store_list(w, t, "data source", &t->data_sources);
        store_list(w, t, "detection", &t->detections);
    }
    /* The matrix shows what is current, and what nothing followed: rules may still name it. */
    prepare(w, "INSERT OR IGNORE INTO technique_tactic(technique, tactic) VALUES(?,?)");
    for (size_t i = 0; i < k->techniques.len; i++) {
        const attack_technique *t = &k->techniques.at[i];
        for (size_t j = 0; j < t->tactics.len && (!t->retired || !t->successor.len); j++) {
            const attack_tactic *tactic = attack_tactic_at(k, t->tactics.at[j]);
            if (tactic) row(w, "ss", t->id, tactic->id);
        }
    }
}

static pk_str object_url(arena *a, const attack_object *o)
{
    if (o->url.len) return o->url;
    const char *folder = o->kind[0] == 'g' ? "groups" : o->kind[0] == 's' ? "software" : "campaigns";
    return arena_printf(a, "https://attack.mitre.org/%s/" STR_FMT, folder, STR_ARG(o->id));
}

static void store_objects(writer *w, const attack *k, arena *a)
{
    prepare(w, "INSERT INTO attack_object(id, kind, name, url) VALUES(?,?,?,?)");
    for (size_t i = 0; i < k->objects.len; i++) {
        const attack_object *o = &k->objects.at[i];
        row(w, "ssss", o->id, str_from(o->kind), o->name, object_url(a, o));
    }
    prepare(w, "INSERT OR IGNORE INTO technique_use(technique, object) VALUES(?,?)");
    for (size_t i = 0; i < k->uses.len; i++)
        row(w, "ss", k->techniques.at[k->uses.at[i].technique].id, k->objects.at[k->uses.at[i].object].id);
}

pk_status attack_store(const attack *k, sqlite3 *db, diag_list *d)
{
    writer w = {.db = db, .diags = d};
    arena *a = arena_new();
    script(&w, "DELETE FROM tactic; DELETE FROM technique; DELETE FROM technique_tactic; DELETE FROM technique_list;"
               "DELETE FROM attack_object; DELETE FROM technique_use;");
    store_tactics(&w, k, a);
    store_techniques(&w, k, a);
    store_objects(&w, k, a);
    prepare(&w, "INSERT OR REPLACE INTO meta(key, value) VALUES(?,?)");
    row(&w, "so", STR("attack"), k->release);
    row(&w, "so", STR("attack_ids"), k->newer_release.len ? k->newer_release : k->release);
    row(&w, "ss", STR("attack_terms"),
        arena_printf(a, STR_FMT " This work is reproduced and distributed with the permission of The MITRE Corporation. "
                        "MITRE ATT&CK and ATT&CK are registered trademarks of The MITRE Corporation.", STR_ARG(k->copyright)));
    sqlite3_finalize(w.st);
    arena_free(a);
    return w.status;
}

/* ---- what only rules know ---- */

/*
 * A sub-technique of a known technique stands where its parent does; another one in the tactics of the rules that name it, or, if
 * they name none, in a tactic "other".
 */
static const char unknown_rows[] =
    "DELETE FROM technique_tactic WHERE technique IN (SELECT id FROM technique WHERE known = 0);"
    "DELETE FROM technique WHERE known = 0;"
    "DELETE FROM tactic WHERE position >= 1000000;"

    "INSERT OR IGNORE INTO tactic(id, short, name, shown, position)"
    " SELECT DISTINCT tactic, tactic, tactic, tactic, 1000000 FROM rule_tactic WHERE tactic NOT IN (SELECT id FROM tactic);"

    "INSERT INTO technique(id, name, parent, position, retired, known)"
    " SELECT DISTINCT technique, NULL, CASE WHEN technique GLOB 'T[0-9][0-9][0-9][0-9].[0-9][0-9][0-9]' THEN substr(technique, 1, 5) END, 1000000, 0, 0"
    " FROM rule_technique WHERE technique NOT IN (SELECT id FROM technique);"

    "INSERT OR IGNORE INTO technique_tactic(technique, tactic)"
    " SELECT t.id, p.tactic FROM technique t JOIN technique_tactic p ON p.technique = t.parent WHERE t.known = 0;"

    "INSERT OR IGNORE INTO technique_tactic(technique, tactic)"
    " SELECT t.id, rule_tactic.tactic FROM technique t JOIN rule_technique rt ON rt.technique = t.id JOIN rule_tactic ON rule_tactic.rule = rt.rule"
    " WHERE t.known = 0 AND t.id NOT IN (SELECT technique FROM technique_tactic);"

    "INSERT INTO tactic(id, short, name, shown, position)"
    " SELECT 'other', 'other', 'Other', 'Other', 1000001"
    " WHERE EXISTS (SELECT 1 FROM technique WHERE known = 0 AND id NOT IN (SELECT technique FROM technique_tactic))"
    " AND NOT EXISTS (SELECT 1 FROM tactic WHERE id = 'other');"

    "INSERT INTO technique_tactic(technique, tactic)"
    " SELECT id, 'other' FROM technique WHERE known = 0 AND id NOT IN (SELECT technique FROM technique_tactic);";

pk_status attack_store_unknown(sqlite3 *db, diag_list *d)
{
    writer w = {.db = db, .diags = d};
    script(&w, unknown_rows);
    return w.status;
}
