/*
 * The catalogue store: rules of all languages, what each covers and looks for, in one SQLite file; and the queries that
 * answer everything a page, the command line or the HTTP API shows. All three show what a query gives and nothing else.
 *
 * A query's answer is a `value` (event/value.h), so that it prints as JSON, fills a table, or feeds a template. The shapes are
 * in docs/catalog-api.md. Queries are rows of one table; a new one is one function and one line.
 */
#ifndef PICKET_CATALOG_CATALOG_H
#define PICKET_CATALOG_CATALOG_H

#include "base/diag.h"
#include "event/value.h"
#include "picket.h"

typedef struct store store;

/* Alerts of a scan (JSON lines of `scan --output jsonl`), read once and constant: what the pages show of a run. */
typedef struct store_run store_run;
pk_status store_run_load(store_run **out, const char *path, diag_list *d);
void store_run_free(store_run *r);       /* after the stores that use it */

/*
 * Opens a built catalogue for reading: one connection, used by one thread at a time (open one a thread). It sees one state of
 * the catalogue during a query; a build that ends meanwhile shows in the next one. `run`: NULL: none. Errors (no such file, not a
 * catalogue, another format, damaged) are in `d`.
 */
pk_status store_open(store **out, const char *path, const store_run *run, diag_list *d);
void store_close(store *s);
/* Changes whenever the catalogue does (for ETags). */
uint64_t store_version(store *s);
bool store_has_run(const store *s);      /* alerts are open beside it */
pk_str store_language_title(store *s, arena *a, pk_str name); /* "Sigma"; of a language that nobody knows its name */
value store_language_titles(store *s, arena *a); /* a record: names to titles */

/* ---- queries ---- */

typedef struct { pk_str name, value; } query_argument;
typedef struct { const query_argument *items; size_t count; } query_arguments;

/* What went wrong with a query: PK_ERROR_USAGE (a parameter makes no sense), PK_ERROR_IO (no such rule ...: 404), PK_ERROR_SYNTAX (the
 * catalogue is damaged). Texts in the arena of the query. */
typedef struct { pk_status status; pk_str message; } query_error;

typedef pk_parameter query_parameter; /* picket.h */

typedef struct {
    const char *name;             /* "rules": as in `picket catalog rules` */
    const char *path;             /* "/rule/{language}/{id}": under /api/v1; names in braces are parameters */
    const char *title;            /* what it answers, one sentence */
    const query_parameter *parameters; /* end with a NULL name */
    const char *rows;             /* key of the list that table and CSV output show; NULL: the whole record */
    const char *const *columns;   /* of it, end with NULL */
    value (*run)(store *s, const query_arguments *args, arena *a, query_error *e);
} query;

extern const query catalog_queries[]; /* end with a NULL name */
const query *query_find(pk_str name);
/* Runs one: checks the arguments against the parameters first. VALUE_MISSING: *e says why. Bounded in time and memory. */
value query_run(store *s, const query *q, const query_arguments *args, arena *a, query_error *e);
/* The OpenAPI 3.1 description of all of them, from the same table. */
value queries_openapi(arena *a);

/* ---- building: build.c. Declared in picket.h as pk_store_build. ---- */

#endif
