/* Rows of files, of what is wrong with them and with their rules, and of what they refer to. */
#include "catalog/build.h"

#include "base/unicode.h"

source_file *file_of(build *b, pk_str path)
{
    size_t low = 0, high = b->files.all.len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(b->files.all.at[middle].path, path);
        if (order == 0) return &b->files.all.at[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

/* ---- diagnostics ---- */

/* The rule of a file that a diagnostic is about: by its place, else by its name. */
static int64_t rule_of_diagnostic(const build *b, const pk_diagnostic *d, const source_file *f)
{
    const ir_catalog *c = b->catalog->ir;
    int64_t by_name = 0;
    size_t named = 0;
    for (size_t i = f->first_rule; i < f->first_rule + f->rule_count; i++) {
        const rule *r = ir_rule(c, i);
        bool same = d->rule.len && (str_equal(d->rule, r->id) || str_equal(d->rule, r->title));
        if (same && d->line >= r->span.line && (d->line <= r->span.end_line || !r->span.end_line)) return b->rule_ids.ids.at[i];
        if (same && named++ == 0) by_name = b->rule_ids.ids.at[i];
    }
    if (!named && f->rule_count == 1 && d->severity >= PK_WARNING) return b->rule_ids.ids.at[f->first_rule];
    return by_name;
}

static void store_reason_of_stage(build *b, const pk_diagnostic *d, int64_t id)
{
    if (d->severity < PK_NEEDS_LIST || !id || !d->line) return;
    database_run(&b->db, "UPDATE stage SET reason = ?1, reason_line = ?2, reason_column = ?3 WHERE id = (SELECT id FROM stage WHERE rule = ?4 AND path IS NULL "
                         "AND line <= ?2 AND end_line >= ?2 AND reason IS NULL ORDER BY end_line - line LIMIT 1)", "siii",
                 d->message, (int64_t)d->line, (int64_t)d->column, id);
}

static void store_diagnostic(build *b, const pk_diagnostic *d, const source_file *f)
{
    if (strcmp(d->code, "rule-same-id") == 0) return; /* told of all rules of the catalogue in build_finish.c */
    int64_t id = f ? rule_of_diagnostic(b, d, f) : 0;
    database_run(&b->db, "INSERT INTO diagnostic(rule, file, severity, code, message, hint, line, column, length) VALUES(?,?,?,?,?,?,?,?,?)", "nnsssoiii",
                 id ? id : DATABASE_NULL, f ? f->id : DATABASE_NULL, str_from(pk_severity_text(d->severity)), str_from(d->code),
                 utf8_repair(b->arena, d->message), utf8_repair(b->arena, d->hint), (int64_t)d->line, (int64_t)d->column, (int64_t)d->length);
    store_reason_of_stage(b, d, id);
    if (b->fn) b->fn(d, b->user);
}

static void store_diagnostics(build *b, const diag_list *d)
{
    for (size_t i = 0; i < diag_count(d); i++) {
        const pk_diagnostic *one = diag_at(d, i);
        source_file *f = file_of(b, one->file);
        if (f && !f->load) continue;
        if (f && f->rule_count == 0 && one->severity == PK_NOTE) {
            if (!f->reason.len) f->reason = one->message;
            continue;
        }
        store_diagnostic(b, one, f);
    }
}

/* ---- files ---- */

static void clear_file(build *b, const source_file *f)
{
    forget_rules_of(b, f->id);
    database_run(&b->db, "DELETE FROM diagnostic WHERE file = ?", "i", f->id);
    database_run(&b->db, "DELETE FROM dependency WHERE file = ?", "i", f->id);
}

static void store_file(build *b, source_file *f)
{
    pk_str hash = f->hashed ? (pk_str){(const char *)f->hash, sizeof f->hash} : STR("");
    if (!f->id) {
        f->id = database_run(&b->db, "INSERT INTO file(path, size, mtime_ns, inode, hash, state) VALUES(?,?,?,?,?,'none')", "sinib", f->path, f->size,
                             noted_time(b, f), f->inode, hash);
        return;
    }
    clear_file(b, f);
    database_run(&b->db, "UPDATE file SET size = ?, mtime_ns = ?, inode = ?, hash = ? WHERE id = ?", "inibi", f->size, noted_time(b, f), f->inode, hash, f->id);
}

static void store_file_state(build *b, const source_file *f)
{
    const char *state = f->failure ? "unreadable" : f->kind ? "unknown" : f->rule_count ? "rules" : "none";
    pk_str reason = f->failure ? str_from(f->failure) : f->reason;
    if (f->kind) reason = arena_printf(b->arena, "%s, which picket cannot read yet", f->kind->what);
    const char *of = f->kind ? f->kind->name : f->rule_count && f->language ? f->language->name : "";
    database_run(&b->db, "UPDATE file SET language = ?, state = ?, reason = ? WHERE id = ?", "osoi", str_from(of), str_from(state),
                 utf8_repair(b->arena, reason), f->id);
}

static void note_dependency(pk_str path, pk_str reference, void *user)
{
    build *b = user;
    const source_file *f = file_of(b, path);
    if (f && f->load) database_run(&b->db, "INSERT OR IGNORE INTO dependency(file, reference) VALUES(?,?)", "is", f->id, utf8_repair(b->arena, reference));
}

/* ---- all of it ---- */

void store_files(build *b)
{
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].load) store_file(b, &b->files.all.at[i]);
}

void store_what_is_said(build *b)
{
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].said) store_diagnostics(b, b->files.all.at[i].said);
    store_diagnostics(b, ir_diags(b->catalog->ir));
    store_diagnostics(b, b->route_diags);
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].load) store_file_state(b, &b->files.all.at[i]);
    for (const language *const *l = languages; *l; l++)
        if ((*l)->references) (*l)->references(b->catalog->ir, note_dependency, b);
}
