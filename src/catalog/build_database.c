/*
 * The file of a catalogue, for its one writer. It has a write-ahead log, so that readers go on with the old state until the commit,
 * also if the writer is killed: nobody has to undo anything then, which readers could not. With the last that closes it the log
 * goes into the file.
 */
#include "catalog/statements.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "catalog/schema.h"

enum { WAIT_MILLISECONDS = 120000, APPLICATION = 0x706b7463 /* "pktc" */ };

/* ---- failures ---- */

static void say(database *db, const char *code, const char *hint, const char *message)
{
    diag_add(db->diags, PK_ERROR, code, (diag_place){.file = str_from(db->path)}, STR(""), hint, "%s", message);
}

static pk_status fail(database *db, int code)
{
    if (db->status != PK_OK) return db->status;
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        say(db, "catalog-not", "give -o another name", "is there and is no catalogue: not overwritten");
        return db->status = PK_ERROR_USAGE;
    case SQLITE_CORRUPT:
        say(db, "catalog-damaged", "remove it and build again", "the catalogue is damaged");
        return db->status = PK_ERROR_SYNTAX;
    case SQLITE_BUSY: case SQLITE_LOCKED:
        say(db, "catalog-busy", "try again when it is done", "another build is writing this catalogue");
        return db->status = PK_ERROR_IO;
    default: break;
    }
    diag_add(db->diags, PK_ERROR, "catalog-write", (diag_place){.file = str_from(db->path)}, STR(""), NULL, "cannot be written: %s",
             db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
    return db->status = PK_ERROR_IO;
}

/* ---- statements ---- */

static sqlite3_stmt *statement(database *db, const char *sql)
{
    for (size_t i = 0; i < db->statements.len; i++)
        if (db->statements.at[i].sql == sql) return db->statements.at[i].prepared;
    sqlite3_stmt *made = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL);
    if (code != SQLITE_OK) {
        fail(db, code);
        return NULL;
    }
    vec_reserve(&db->statements, db->statements.len + 1);
    db->statements.at[db->statements.len].sql = sql;
    db->statements.at[db->statements.len++].prepared = made;
    return made;
}

static int bind_one(sqlite3_stmt *st, int at, char type, va_list *args)
{
    if (type == 'i') return sqlite3_bind_int64(st, at, va_arg(*args, int64_t));
    if (type == 'n') {
        int64_t n = va_arg(*args, int64_t);
        return n == DATABASE_NULL ? sqlite3_bind_null(st, at) : sqlite3_bind_int64(st, at, n);
    }
    if (type == 'd') return sqlite3_bind_double(st, at, va_arg(*args, double));
    pk_str s = va_arg(*args, pk_str);
    if (type == 'b') return s.len ? sqlite3_bind_blob64(st, at, s.ptr, s.len, SQLITE_STATIC) : sqlite3_bind_null(st, at);
    if (type == 'o' && !s.len) return sqlite3_bind_null(st, at);
    return sqlite3_bind_text64(st, at, s.len ? s.ptr : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static sqlite3_stmt *bound(database *db, const char *sql, const char *types, va_list *args)
{
    sqlite3_stmt *st = db->status == PK_OK ? statement(db, sql) : NULL;
    for (int at = 1; st && *types; types++, at++) {
        int code = bind_one(st, at, *types, args);
        if (code == SQLITE_OK) continue;
        fail(db, code);
        return NULL;
    }
    return st;
}

int64_t database_run(database *db, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *st = bound(db, sql, types, &args);
    va_end(args);
    if (!st) return 0;
    int code = sqlite3_step(st);
    if (code != SQLITE_DONE && code != SQLITE_ROW) fail(db, code);
    sqlite3_reset(st);
    return sqlite3_last_insert_rowid(db->handle);
}

sqlite3_stmt *database_query(database *db, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *st = bound(db, sql, types, &args);
    va_end(args);
    return st;
}

bool database_next(database *db, sqlite3_stmt *st)
{
    if (!st) return false;
    int code = db->status == PK_OK ? sqlite3_step(st) : SQLITE_DONE;
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(db, code);
    sqlite3_reset(st);
    return false;
}

int64_t database_number(database *db, int64_t otherwise, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *st = bound(db, sql, types, &args);
    va_end(args);
    if (!database_next(db, st)) return otherwise;
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

void database_script(database *db, const char *sql)
{
    if (db->status != PK_OK) return;
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) fail(db, code);
}

pk_str column_text(sqlite3_stmt *st, int column)
{
    const void *p = sqlite3_column_type(st, column) == SQLITE_BLOB ? sqlite3_column_blob(st, column) : sqlite3_column_text(st, column);
    int n = sqlite3_column_bytes(st, column);
    return p && n > 0 ? (pk_str){p, (size_t)n} : STR("");
}

/* ---- what is there ---- */

static int64_t pragma_number(database *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t n = 0;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(st);
        if (code == SQLITE_ROW) n = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) fail(db, code);
    return n;
}

/* The tables that the file holds and those of this version, name and text, as one text each. */
static bool same_tables(database *db)
{
    static const char list[] = "SELECT group_concat(type || char(10) || name || char(10) || coalesce(sql, ''), char(0)) FROM "
                               "(SELECT * FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY name, type)";
    sqlite3 *wanted = NULL;
    sqlite3_stmt *have = NULL, *want = NULL;
    bool same = sqlite3_open(":memory:", &wanted) == SQLITE_OK && sqlite3_exec(wanted, catalog_schema, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(wanted, list, -1, &want, NULL) == SQLITE_OK && sqlite3_step(want) == SQLITE_ROW &&
                sqlite3_prepare_v2(db->handle, list, -1, &have, NULL) == SQLITE_OK && sqlite3_step(have) == SQLITE_ROW &&
                str_equal(column_text(have, 0), column_text(want, 0));
    sqlite3_finalize(have);
    sqlite3_finalize(want);
    sqlite3_close(wanted);
    return same;
}

/* Drops whatever stands in a catalogue of another version. */
static void drop_all(database *db)
{
    for (;;) {
        sqlite3_stmt *st = NULL;
        /* virtual tables first: their shadow tables go with them */
        int code = sqlite3_prepare_v2(db->handle, "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
                                                  "ESCAPE '\\' ORDER BY type = 'table', sql NOT LIKE 'CREATE VIRTUAL%', name LIMIT 1", -1, &st, NULL);
        char *drop = code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW ? sqlite3_mprintf("DROP %s \"%w\"", sqlite3_column_text(st, 1), sqlite3_column_text(st, 0)) : NULL;
        sqlite3_finalize(st);
        if (!drop) break;
        database_script(db, drop);
        sqlite3_free(drop);
        if (db->status != PK_OK) return;
    }
}

static pk_status look(database *db)
{
    int64_t tables = pragma_number(db, "SELECT count(*) FROM sqlite_schema");
    int64_t application = pragma_number(db, "PRAGMA application_id");
    if (db->status != PK_OK) return db->status;
    if (tables && application != APPLICATION) return fail(db, SQLITE_NOTADB);
    db->empty = tables == 0;
    db->of_other_format = tables && (pragma_number(db, "PRAGMA user_version") != CATALOG_FORMAT || !same_tables(db));
    return db->status;
}

/* Keys to other tables are not checked from here on, else nothing could be dropped: that can only be said outside a transaction. */
void database_recreate(database *db)
{
    char pragmas[80];
    database_script(db, "ROLLBACK; PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE");
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION, CATALOG_FORMAT);
    drop_all(db);
    database_script(db, pragmas);
    database_script(db, catalog_schema);
}

/* ---- opening, ending ---- */

pk_status database_open(database *db, const char *path, diag_list *d)
{
    struct stat s;
    *db = (database){.diags = d};
    /* SQLite would read "file:..." as an address and ":memory:" as no file */
    size_t len = strlen(path);
    db->path = mem_alloc(len + 3);
    snprintf(db->path, len + 3, "%s%s", path[0] == '/' || path[0] == '.' ? "" : "./", path);
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) return fail(db, SQLITE_NOTADB);
    int code = sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) return fail(db, code);
    sqlite3_busy_timeout(db->handle, WAIT_MILLISECONDS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    if (look(db) != PK_OK) return db->status;
    database_script(db, "PRAGMA cell_size_check=ON; PRAGMA cache_size=-200000; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON");
    database_script(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0");
    database_script(db, "BEGIN IMMEDIATE");
    db->begun = db->status == PK_OK;
    if (db->begun) look(db); /* another build may have ended while this one waited */
    if (db->status == PK_OK && (db->empty || db->of_other_format)) database_recreate(db);
    return db->status;
}

pk_status database_commit(database *db)
{
    if (db->status != PK_OK) return db->status;
    for (size_t i = 0; i < db->statements.len; i++) sqlite3_reset(db->statements.at[i].prepared);
    database_script(db, "COMMIT");
    db->begun = db->status != PK_OK;
    if (db->status != PK_OK) return db->status;
    /* beside a server this may have to wait for the next build: what is in the log is as good as in the file */
    sqlite3_busy_timeout(db->handle, 0);
    sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return PK_OK;
}

void database_close(database *db)
{
    for (size_t i = 0; i < db->statements.len; i++) sqlite3_finalize(db->statements.at[i].prepared);
    vec_free(&db->statements);
    if (db->begun) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db->handle);
    mem_free(db->path);
    *db = (database){0};
}
