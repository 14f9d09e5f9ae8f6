/*
 * The one writer of a catalogue: its file, its transaction, its statements. The first failure stays, and everything after it
 * does nothing: callers look once, at the end.
 */
#ifndef PICKET_CATALOG_STATEMENTS_H
#define PICKET_CATALOG_STATEMENTS_H

#include <sqlite3.h>

#include "base/diag.h"

typedef struct {
    sqlite3 *handle;
    char *path;
    diag_list *diags;
    pk_status status;             /* PK_OK until something failed */
    bool begun;
    bool empty;                   /* there was no catalogue */
    bool of_other_format;         /* there was one of another version; its tables are gone */
    VEC(struct { const char *sql; sqlite3_stmt *prepared; }) statements; /* by the address of their text */
} database;

#define DATABASE_NULL INT64_MIN

/*
 * Opens the catalogue for writing and begins the transaction; waits for another build. A file that is none is refused. Not
 * PK_OK: `d` says why.
 */
pk_status database_open(database *db, const char *path, diag_list *d);
pk_status database_commit(database *db);
void database_close(database *db);        /* what was not committed is undone */

/*
 * Runs a statement; a letter of `types` for each "?": i int64_t, n int64_t (DATABASE_NULL is NULL), d double, s pk_str, o pk_str (empty is NULL), b bytes as a
 * pk_str. Returns the rowid of what was inserted. `sql` is a literal.
 */
int64_t database_run(database *db, const char *sql, const char *types, ...);
/* The first column of the first row, or `otherwise`. */
int64_t database_number(database *db, int64_t otherwise, const char *sql, const char *types, ...);
/* For reading rows: bound, to be stepped; NULL after a failure. */
sqlite3_stmt *database_query(database *db, const char *sql, const char *types, ...);
bool database_next(database *db, sqlite3_stmt *st); /* false: the end; the statement is free again */
void database_recreate(database *db);     /* empty tables instead of all that was there */
/* Several statements without parameters. */
void database_script(database *db, const char *sql);
pk_str column_text(sqlite3_stmt *st, int column); /* until the next step */

#endif
