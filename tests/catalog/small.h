/* The small catalogue of small.sql as a file, and asking it. */
#ifndef PICKET_TESTS_CATALOG_SMALL_H
#define PICKET_TESTS_CATALOG_SMALL_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/check.h"
#include "catalog/schema.h"
#include "catalog/store.h"
#include "event/json_text.h"

#define SMALL_ALERTS PICKET_SOURCE_DIR "/tests/catalog/small.jsonl"

static inline char *whole_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s is missing", path);
    char *bytes = mem_alloc(1 << 20);
    size_t n = fread(bytes, 1, (1 << 20) - 1, f);
    bytes[n] = 0;
    fclose(f);
    return bytes;
}

static inline void run_sql(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
}

/* `path` ends in XXXXXX; `more`: further statements, or NULL. */
static inline void small_make(char *path, const char *more)
{
    sqlite3 *db;
    char version[60], *sql = whole_file(PICKET_SOURCE_DIR "/tests/catalog/small.sql");
    close(mkstemp(path));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    snprintf(version, sizeof version, "PRAGMA user_version=%d", CATALOG_FORMAT);
    run_sql(db, catalog_schema);
    run_sql(db, version);
    run_sql(db, sql);
    if (more) run_sql(db, more);
    sqlite3_close(db);
    mem_free(sql);
}

/* "a=1&b=2" */
static inline query_arguments small_arguments(arena *a, pk_str text_of)
{
    query_argument *items = ARENA_ARRAY(a, query_argument, 64);
    size_t n = 0;
    while (text_of.len && n < 64) {
        size_t end = str_find_char(text_of, '&');
        pk_str one = str_slice(text_of, 0, end);
        size_t equals = str_find_char(one, '=');
        items[n].name = str_trim(str_slice(one, 0, equals));
        items[n++].value = equals == STR_NPOS ? STR("") : str_slice(one, equals + 1, STR_NPOS);
        text_of = end == STR_NPOS ? STR("") : str_slice(text_of, end + 1, STR_NPOS);
    }
    return (query_arguments){items, n};
}

/* Everything below `path` ("rules.key"), joined by blanks; "#" is the length of a list. */
static inline void small_path(text *out, const value *v, pk_str path)
{
    if (!v) return;
    if (v->type == VALUE_LIST && str_equal(path, STR("#"))) {
        text_printf(out, "%s%zu", out->len ? " " : "", v->as.list.count);
        return;
    }
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++) small_path(out, &v->as.list.items[i], path);
    if (v->type == VALUE_LIST) return;
    if (path.len) {
        size_t dot = str_find_char(path, '.');
        small_path(out, value_get(v, str_slice(path, 0, dot)), dot == STR_NPOS ? STR("") : str_slice(path, dot + 1, STR_NPOS));
        return;
    }
    if (out->len) text_put_char(out, ' ');
    if (v->type == VALUE_STRING) text_put(out, v->as.string);
    else value_write_json(out, v);
}

#endif
