/*
 * Which rule files there are, which of them changed since the last build, and which others have to be read with those.
 *
 * A file is unchanged if its size, time and inode are those that were noted; else its content decides. A file that was written
 * within the same moment as it was looked at may change again without a new time: its time is not noted, so the next build reads
 * it. Rules that refer to others (correlations, filters) are read together with all that they are connected with.
 */
#include "catalog/build.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/unicode.h"

enum { RULE_FILE_LIMIT = 16 << 20 };
#define MOMENT INT64_C(50000000)        /* nanoseconds: more than file systems round times by */

/* ---- walking ---- */

/* Bytes that are no text as \xff, so that names of files stay apart. */
static pk_str shown_path(arena *a, pk_str path)
{
    text out = {0};
    while (path.len) {
        size_t good = utf8_bad_at(path);
        text_put(&out, str_slice(path, 0, good));
        if (good == STR_NPOS) break;
        text_printf(&out, "\\x%02x", (unsigned)(uint8_t)path.ptr[good]);
        path = str_slice(path, good + 1, STR_NPOS);
    }
    pk_str shown = arena_str(a, text_view(&out));
    text_free(&out);
    return shown;
}

static void add_file(const char *path, const struct stat *s, void *user)
{
    build *b = user;
    pk_str opened = arena_str(b->arena, str_from(path));
    source_file f = {.opened = opened.ptr, .path = utf8_valid(opened) ? opened : shown_path(b->arena, opened), .size = s->st_size,
                     .mtime = (int64_t)s->st_mtim.tv_sec * SECOND + s->st_mtim.tv_nsec, .inode = (int64_t)s->st_ino};
    vec_push(&b->files.all, f);
}

static void unreadable(const char *folder, int error, void *user)
{
    diag_add(((build *)user)->diags, PK_ERROR, "file-open", (diag_place){.file = str_from(folder)}, STR(""), NULL, "the folder can't be read: %s",
             strerror(error));
}

static int by_path(const void *x, const void *y)
{
    const source_file *a = x, *b = y;
    int order = str_compare(a->path, b->path);
    return order ? order : strcmp(a->opened, b->opened);
}

/* A file is there once, by however many roots it was found. */
static void drop_repeated(source_files *files)
{
    size_t kept = 1;
    for (size_t i = 1; i < files->all.len; i++)
        if (!str_equal(files->all.at[i].path, files->all.at[kept - 1].path)) files->all.at[kept++] = files->all.at[i];
    files->all.len = kept;
}

pk_strs build_roots(build *b)
{
    if (b->options->rules.count) return b->options->rules;
    pk_str *shipped = ARENA_NEW(b->arena, pk_str);
    *shipped = arena_printf(b->arena, STR_FMT "/rules", STR_ARG(b->catalog->share));
    return (pk_strs){shipped, 1};
}

pk_status find_source_files(build *b)
{
    pk_strs roots = build_roots(b);
    for (size_t i = 0; i < roots.count; i++) {
        const char *path = arena_cstring(b->arena, roots.items[i]);
        struct stat s;
        if (stat(path, &s) != 0) {
            diag_add(b->diags, PK_ERROR, "file-open", (diag_place){.file = str_from(path)}, STR(""), NULL, "no such file or folder of rules: %s", strerror(errno));
            return PK_ERROR_IO;
        }
        if (S_ISDIR(s.st_mode)) folder_walk(path, &s, &(folder_visit){.wanted = file_may_hold_rules, .file = add_file, .unreadable = unreadable, .user = b});
        else add_file(path, &s, b);
    }
    if (!b->files.all.len) return PK_OK;
    qsort(b->files.all.at, b->files.all.len, sizeof *b->files.all.at, by_path);
    drop_repeated(&b->files);
    return PK_OK;
}

/* ---- content ---- */

bool read_source_file(build *b, source_file *f)
{
    if (f->hashed || f->failure) return f->hashed;
    diag_list *d = diag_list_new();
    pk_status status = read_text_file(f->opened, RULE_FILE_LIMIT, b->arena, &f->text, d);
    if (status != PK_OK) f->failure = arena_cstring(b->arena, diag_count(d) ? diag_at(d, 0)->message : STR("can't be read"));
    diag_list_free(d);
    if (status != PK_OK) return false;
    struct sha256_ctx h;
    sha256_init(&h);
    sha256_update(&h, f->text.len, (const uint8_t *)f->text.ptr);
    sha256_digest(&h, sizeof f->hash, f->hash);
    f->hashed = true;
    b->report->files_read++;
    return true;
}

/* ---- what changed ---- */

static bool noted_so(const source_file *f, sqlite3_stmt *st)
{
    return sqlite3_column_type(st, 3) != SQLITE_NULL && sqlite3_column_int64(st, 2) == f->size && sqlite3_column_int64(st, 3) == f->mtime &&
           sqlite3_column_int64(st, 4) == f->inode;
}

static bool same_content(build *b, source_file *f, pk_str hash)
{
    return read_source_file(b, f) && hash.len == sizeof f->hash && memcmp(hash.ptr, f->hash, sizeof f->hash) == 0;
}

/* A time that lies so near to the look that the file may be written again without another one is not noted. */
int64_t noted_time(const build *b, const source_file *f)
{
    return f->mtime < b->started - MOMENT ? f->mtime : DATABASE_NULL;
}

static void compare_with_catalogue(build *b, id_list *gone)
{
    table places = {0};
    VEC(const source_file *) touched = {0};
    for (size_t i = 0; i < b->files.all.len; i++) table_put(&places, b->files.all.at[i].path, (uint32_t)i);
    sqlite3_stmt *st = database_query(&b->db, "SELECT id, path, size, mtime_ns, inode, hash FROM file", "");
    while (database_next(&b->db, st)) {
        uint32_t i = table_get(&places, column_text(st, 1));
        if (i == TABLE_NONE) {
            vec_push(&gone->ids, sqlite3_column_int64(st, 0));
            continue;
        }
        source_file *f = &b->files.all.at[i];
        f->id = sqlite3_column_int64(st, 0);
        if (noted_so(f, st)) continue;
        f->load = !same_content(b, f, column_text(st, 5));
        if (!f->load) vec_push(&touched, f);
    }
    for (size_t i = 0; i < touched.len; i++)
        database_run(&b->db, "UPDATE file SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?", "inii", touched.at[i]->size, noted_time(b, touched.at[i]),
                     touched.at[i]->inode, touched.at[i]->id);
    vec_free(&touched);
    table_free(&places);
}

void choose_source_files(build *b)
{
    if (!b->whole) compare_with_catalogue(b, &b->gone);
    for (size_t i = 0; i < b->files.all.len; i++) {
        source_file *f = &b->files.all.at[i];
        if (f->id == 0) f->load = true;
        b->changed |= f->load;
    }
    b->changed |= b->whole || b->gone.ids.len > 0;
    b->report->files = b->files.all.len;
    b->report->files_gone = b->gone.ids.len;
}

/* ---- what has to be read with them ---- */

typedef struct {
    build *build;
    table by_id;                  /* of a file -> its place in `files` */
    id_list open;                 /* files whose connections are to be followed */
    table names, references;      /* that were followed */
    bool grown;
} closure;

static pk_str id_key(const int64_t *id) { return (pk_str){(const char *)id, sizeof *id}; }

static void add_connected(closure *c, int64_t id)
{
    uint32_t i = table_get(&c->by_id, id_key(&id));
    source_file *f = i == TABLE_NONE ? NULL : &c->build->files.all.at[i];
    if (!f || f->load) return;
    f->load = c->grown = true;
    vec_push(&c->open.ids, id);
}

static void add_all_of(closure *c, sqlite3_stmt *st)
{
    id_list found = {0};
    while (database_next(&c->build->db, st)) vec_push(&found.ids, sqlite3_column_int64(st, 0));
    for (size_t i = 0; i < found.ids.len; i++) add_connected(c, found.ids.at[i]);
    vec_free(&found.ids);
}

/* A rule of this id or name is there, was, or is new: who refers to it? */
static void follow_name(closure *c, pk_str name)
{
    if (!name.len || !table_put(&c->names, arena_str(c->build->arena, name), 0)) return;
    add_all_of(c, database_query(&c->build->db, "SELECT file FROM dependency WHERE reference = ?", "s", name));
}

static void follow_reference(closure *c, pk_str reference)
{
    if (!table_put(&c->references, arena_str(c->build->arena, reference), 0)) return;
    if (str_equal(reference, STR("*"))) {
        c->build->whole = true;
        return;
    }
    add_all_of(c, database_query(&c->build->db, "SELECT file FROM rule WHERE rule_id = ?1 UNION SELECT file FROM rule WHERE name = ?1", "s", reference));
}

static void each_text(closure *c, sqlite3_stmt *st, void (*follow)(closure *c, pk_str s))
{
    str_list found = {0};
    while (database_next(&c->build->db, st))
        for (int i = 0; i < sqlite3_column_count(st); i++) vec_push(&found.items, arena_str(c->build->arena, column_text(st, i)));
    for (size_t i = 0; i < found.items.len; i++) follow(c, found.items.at[i]);
    vec_free(&found.items);
}

static void follow_file(closure *c, int64_t id)
{
    each_text(c, database_query(&c->build->db, "SELECT rule_id, name FROM rule WHERE file = ?", "i", id), follow_name);
    each_text(c, database_query(&c->build->db, "SELECT reference FROM dependency WHERE file = ?", "i", id), follow_reference);
}

static void follow_new(pk_str path, pk_str reference, void *user)
{
    (void)path;
    follow_reference(user, reference);
}

bool connect_source_files(build *b)
{
    closure c = {.build = b};
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].id) table_put(&c.by_id, id_key(&b->files.all.at[i].id), (uint32_t)i);
    for (size_t i = 0; i < b->gone.ids.len; i++) follow_file(&c, b->gone.ids.at[i]);
    for (size_t i = 0; i < b->files.all.len; i++)
        if (b->files.all.at[i].load && b->files.all.at[i].id) follow_file(&c, b->files.all.at[i].id);
    const ir_catalog *ir = b->catalog->ir;
    for (size_t i = 0; i < ir_rule_count(ir); i++) {
        follow_name(&c, ir_rule(ir, i)->id);
        follow_name(&c, ir_rule(ir, i)->name);
    }
    for (const language *const *l = languages; *l; l++)
        if ((*l)->references) (*l)->references(ir, follow_new, &c);
    while (c.open.ids.len) follow_file(&c, c.open.ids.at[--c.open.ids.len]);
    /* what changes all rules counts them too */
    if (database_number(&b->db, 0, "SELECT 1 FROM dependency WHERE reference = '*'", "")) b->whole = true;
    if (b->whole)
        for (size_t i = 0; i < b->files.all.len; i++) c.grown |= !b->files.all.at[i].load;
    table_free(&c.by_id);
    table_free(&c.names);
    table_free(&c.references);
    vec_free(&c.open.ids);
    return c.grown;
}
