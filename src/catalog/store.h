/*
 * An open catalogue, for the files of this folder that answer queries: prepared statements, rows, values out of them.
 *
 * A statement is kept by the address of its text, so give literals. What goes wrong while rows are read (a damaged file, a bound
 * that is reached) ends the rows and is told by query_run when the query is done: a query needs no checks of its own.
 */
#ifndef PICKET_CATALOG_STORE_H
#define PICKET_CATALOG_STORE_H

#include <sqlite3.h>

#include "base/hash.h"
#include "catalog/catalog.h"

typedef struct rule_index rule_index;
typedef struct run_index run_index;

typedef struct {
    const char *sql;
    sqlite3_stmt *prepared;
    bool used;                    /* some rows are being read from it */
} store_statement;

struct store {
    sqlite3 *db;
    char *path;
    const store_run *run;         /* NULL: none */
    uint64_t version;
    uint64_t inode;               /* of the file that is open: a build may have put another in its place */
    VEC(store_statement) statements;
    rule_index *rules;            /* of this version; NULL: not yet asked for */
    uint64_t deadline;            /* nanoseconds of the monotonic clock at which a query is given up; 0: none */
    arena *arena;                 /* of the query that runs, whose size is bounded */
    query_error failure;          /* the first */
};

/* Runs a query whose arguments are checked, over one state of the catalogue. */
value store_ask(store *s, const query *q, const query_arguments *args, arena *a, query_error *e);

/* ---- rows ---- */

typedef struct {
    store *store;
    sqlite3_stmt *st;             /* NULL: none, or at the end */
    arena *arena;                 /* where texts go */
} rows;

/*
 * Begins to read. A letter of `types` for each "?": i int64_t, s pk_str (a NULL pointer is NULL), r const rule_set *, d double.
 * "rule_in(rule, ?)" with r is true for the rules of a set (filter.h).
 */
rows rows_of(store *s, arena *a, const char *sql, const char *types, ...);
bool rows_next(rows *r);          /* false: no more, and the statement is free */
void rows_end(rows *r);           /* before the end: always, if rows_next did not say false */

int64_t row_int(const rows *r, int column);       /* NULL: 0 */
double row_real(const rows *r, int column);
bool row_null(const rows *r, int column);
pk_str row_text(const rows *r, int column);       /* valid UTF-8, in the arena; empty for NULL */
/* The first column of the first row; 0 without one. */
int64_t store_number(store *s, const char *sql, const char *types, ...);

/* The query cannot go on: the first such reason is the one that is told. */
void store_fail(store *s, pk_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool store_failed(const store *s);

/* ---- members of answers ---- */

void put(arena *a, record_builder *b, const char *name, value v);
void put_text(arena *a, record_builder *b, const char *name, pk_str given); /* left out if empty */
void put_int(arena *a, record_builder *b, const char *name, int64_t n);
void put_bool(arena *a, record_builder *b, const char *name, bool v);
void put_column(record_builder *b, const char *name, const rows *r, int column); /* left out if NULL */
void put_list(arena *a, record_builder *b, const char *name, list_builder *list);
void put_record(arena *a, record_builder *b, const char *name, record_builder *record);
void add_record(arena *a, list_builder *list, record_builder *record);
/* A column that holds JSON, as values; an empty list if it is none. */
value row_json(const rows *r, int column);

/* ---- arguments, after query_run has checked them ---- */

pk_str argument_text(const query_arguments *args, const char *name);        /* the first; empty: not given */
int64_t argument_int(const query_arguments *args, const char *name, int64_t otherwise);
bool argument_bool(const query_arguments *args, const char *name);
bool argument_given(const query_arguments *args, const char *name);

/* What a query answers that cannot. Returns VALUE_MISSING. */
value query_refuse(query_error *e, arena *a, pk_status status, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
