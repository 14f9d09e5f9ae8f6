/*
 * Opening a catalogue and reading rows from it. The file is not trusted: its tables must be those of schema.sql word for word (so no
 * views, triggers or expressions of others ever run), it is read only, cells are checked, and each query is bounded in time and in
 * the size of its answer.
 */
#include "catalog/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/unicode.h"
#include "catalog/rule_index.h"
#include "catalog/run.h"
#include "catalog/schema.h"

enum {
    CELL_LIMIT = 64 << 20,        /* bytes of one value */
    ANSWER_LIMIT = 256 << 20,     /* bytes of an answer */
    QUERY_SECONDS = 10,
    PROGRESS_STEP = 2000,         /* instructions of SQLite between two looks at the clock */
    BUSY_MILLISECONDS = 5000,     /* a build holds the file only while it ends */
};

static uint64_t monotonic_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- failures ---- */

void store_fail(store *s, pk_status status, const char *format, ...)
{
    if (s->failure.status != PK_OK || !s->arena) return;
    va_list args;
    va_start(args, format);
    char message[512];
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    s->failure = (query_error){status, utf8_repair(s->arena, arena_str(s->arena, str_from(message)))};
}

bool store_failed(const store *s) { return s->failure.status != PK_OK; }

static void fail_by_code(store *s, int code)
{
    switch (code & 0xff) {
    case SQLITE_INTERRUPT: store_fail(s, PK_ERROR_LIMIT, "the query took more than %d seconds and was given up", QUERY_SECONDS); break;
    case SQLITE_TOOBIG: store_fail(s, PK_ERROR_LIMIT, "a text of the catalogue is larger than %d MB", CELL_LIMIT >> 20); break;
    case SQLITE_NOMEM: store_fail(s, PK_ERROR_NOMEM, "out of memory"); break;
    case SQLITE_BUSY: case SQLITE_LOCKED: store_fail(s, PK_ERROR_IO, "the catalogue is locked by a build"); break;
    case SQLITE_IOERR: case SQLITE_CANTOPEN: store_fail(s, PK_ERROR_IO, "the catalogue cannot be read: %s", sqlite3_errmsg(s->db)); break;
    default: store_fail(s, PK_ERROR_SYNTAX, "the catalogue is damaged: %s", sqlite3_errmsg(s->db)); break;
    }
}

static int past_deadline(void *user)
{
    const store *s = user;
    return s->deadline && monotonic_now() > s->deadline;
}

/* ---- rows ---- */

static void bind_one(store *s, sqlite3_stmt *st, int at, char type, va_list *args)
{
    int code = SQLITE_OK;
    if (type == 'i') code = sqlite3_bind_int64(st, at, va_arg(*args, int64_t));
    else if (type == 'd') code = sqlite3_bind_double(st, at, va_arg(*args, double));
    else if (type == 'r') code = sqlite3_bind_pointer(st, at, (void *)(uintptr_t)va_arg(*args, const rule_set *), "rule_set", NULL);
    else {
        pk_str bytes = va_arg(*args, pk_str);
        code = bytes.ptr ? sqlite3_bind_text64(st, at, bytes.ptr, bytes.len, SQLITE_STATIC, SQLITE_UTF8) : sqlite3_bind_null(st, at);
    }
    if (code != SQLITE_OK) fail_by_code(s, code);
}

static sqlite3_stmt *take_statement(store *s, const char *sql)
{
    for (size_t i = 0; i < s->statements.len; i++) {
        store_statement *kept = &s->statements.at[i];
        if (kept->sql != sql || kept->used) continue;
        kept->used = true;
        return kept->prepared;
    }
    store_statement made = {.sql = sql, .used = true};
    int code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &made.prepared, NULL);
    if (code != SQLITE_OK) {
        fail_by_code(s, code);
        return NULL;
    }
    vec_push(&s->statements, made);
    return made.prepared;
}

static void give_statement(store *s, sqlite3_stmt *st)
{
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    for (size_t i = 0; i < s->statements.len; i++)
        if (s->statements.at[i].prepared == st) s->statements.at[i].used = false;
}

static rows begin_rows(store *s, arena *a, const char *sql, const char *types, va_list *args)
{
    rows r = {.store = s, .arena = a};
    if (store_failed(s)) return r;
    r.st = take_statement(s, sql);
    for (int at = 1; r.st && *types; at++, types++) bind_one(s, r.st, at, *types, args);
    return r;
}

rows rows_of(store *s, arena *a, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    rows r = begin_rows(s, a, sql, types, &args);
    va_end(args);
    return r;
}

void rows_end(rows *r)
{
    if (r->st) give_statement(r->store, r->st);
    r->st = NULL;
}

bool rows_next(rows *r)
{
    if (!r->st) return false;
    if (!store_failed(r->store)) {
        int code = sqlite3_step(r->st);
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) fail_by_code(r->store, code);
    }
    rows_end(r);
    return false;
}

int64_t row_int(const rows *r, int column) { return r->st ? sqlite3_column_int64(r->st, column) : 0; }
double row_real(const rows *r, int column) { return r->st ? sqlite3_column_double(r->st, column) : 0; }
bool row_null(const rows *r, int column) { return !r->st || sqlite3_column_type(r->st, column) == SQLITE_NULL; }

pk_str row_text(const rows *r, int column)
{
    if (!r->st || store_failed(r->store)) return STR("");
    const char *bytes = (const char *)sqlite3_column_text(r->st, column);
    size_t len = (size_t)sqlite3_column_bytes(r->st, column);
    if (!bytes || !len) return STR("");
    if (len > CELL_LIMIT || arena_used(r->arena) + len > ANSWER_LIMIT) {
        store_fail(r->store, PK_ERROR_LIMIT, "the answer is larger than %d MB", ANSWER_LIMIT >> 20);
        return STR("");
    }
    return utf8_repair(r->arena, arena_str(r->arena, (pk_str){bytes, len}));
}

int64_t store_number(store *s, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    rows r = begin_rows(s, s->arena, sql, types, &args);
    va_end(args);
    int64_t n = rows_next(&r) ? row_int(&r, 0) : 0;
    rows_end(&r);
    return n;
}

/* rule_in(rule, ?): whether a rule is of a set. */
static void rule_in(sqlite3_context *c, int count, sqlite3_value **values)
{
    (void)count;
    const rule_set *set = sqlite3_value_pointer(values[1], "rule_set");
    size_t place = set ? index_place(set->index, sqlite3_value_int64(values[0])) : STR_NPOS;
    sqlite3_result_int(c, place != STR_NPOS && rules_have(set, place));
}

/* ---- opening ---- */

static diag_place whole_file(const char *path) { return (diag_place){.file = str_from(path)}; }

typedef enum { CHECK_FINE, CHECK_NO_CATALOGUE, CHECK_OTHER, CHECK_DAMAGED } check_result;

/* The tables of an empty catalogue, to compare with: each name and its text. */
static sqlite3 *empty_catalogue(void)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_exec(db, catalog_schema, NULL, NULL, NULL) == SQLITE_OK)
        return db;
    sqlite3_close(db);
    return NULL;
}

static bool same_column(sqlite3_stmt *x, sqlite3_stmt *y, int column)
{
    const void *p = sqlite3_column_text(x, column), *q = sqlite3_column_text(y, column);
    int n = sqlite3_column_bytes(x, column), m = sqlite3_column_bytes(y, column);
    return n == m && (n == 0 || (p && q && memcmp(p, q, (size_t)n) == 0));
}

/* Whether the two have the same tables and indexes; statistics of the planner apart. */
static check_result compare_tables(sqlite3 *db, sqlite3 *wanted)
{
    static const char list[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY name, type";
    sqlite3_stmt *have = NULL, *want = NULL;
    check_result result = CHECK_FINE;
    if (sqlite3_prepare_v2(wanted, list, -1, &want, NULL) != SQLITE_OK) result = CHECK_DAMAGED;
    int code = sqlite3_prepare_v2(db, list, -1, &have, NULL);
    if (code != SQLITE_OK) result = (code & 0xff) == SQLITE_NOTADB ? CHECK_NO_CATALOGUE : CHECK_DAMAGED;
    size_t same = 0;
    while (result == CHECK_FINE) {
        int x = sqlite3_step(have), y = sqlite3_step(want);
        if (x == SQLITE_DONE && y == SQLITE_DONE) break;
        if (x != SQLITE_ROW && x != SQLITE_DONE) result = (x & 0xff) == SQLITE_NOTADB ? CHECK_NO_CATALOGUE : CHECK_DAMAGED;
        else if (x != y || !same_column(have, want, 0) || !same_column(have, want, 1) || !same_column(have, want, 2) || !same_column(have, want, 3))
            result = same ? CHECK_OTHER : CHECK_NO_CATALOGUE;
        same++;
    }
    sqlite3_finalize(have);
    sqlite3_finalize(want);
    return result;
}

static bool has_format(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    bool fits = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'format'", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
                sqlite3_column_int(st, 0) == CATALOG_FORMAT;
    sqlite3_finalize(st);
    return fits;
}

static pk_status check_catalogue(sqlite3 *db, const char *path, diag_list *d)
{
    sqlite3 *wanted = empty_catalogue();
    check_result result = wanted ? compare_tables(db, wanted) : CHECK_DAMAGED;
    sqlite3_close(wanted);
    if (result == CHECK_FINE && !has_format(db)) result = CHECK_OTHER;
    switch (result) {
    case CHECK_FINE: return PK_OK;
    case CHECK_NO_CATALOGUE:
        diag_add(d, PK_ERROR, "catalog-not", whole_file(path), STR(""), "make one with 'picket catalog build -r RULES -o FILE'", "not a catalogue of picket");
        break;
    case CHECK_OTHER:
        diag_add(d, PK_ERROR, "catalog-format", whole_file(path), STR(""), "build it again",
                 "a catalogue of another version of picket, or changed by something else");
        break;
    case CHECK_DAMAGED:
        diag_add(d, PK_ERROR, "catalog-damaged", whole_file(path), STR(""), "build it again", "the catalogue is damaged: %s", sqlite3_errmsg(db));
        break;
    }
    return PK_ERROR_SYNTAX;
}

static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, CELL_LIMIT);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_busy_timeout(db, BUSY_MILLISECONDS);
}

/* An address that SQLite reads as the name of a file, whatever it begins with. */
static char *file_name(const char *path)
{
    arena *a = arena_new();
    char *name = mem_cstring(path[0] == '/' || path[0] == '.' ? str_from(path) : arena_printf(a, "./%s", path));
    arena_free(a);
    return name;
}

enum { OPEN_FLAGS = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE };

/* Where nothing can be written beside the file, nobody writes it either: it is read as it stands, without locks. */
static int open_immutable(sqlite3 **db, const char *name)
{
    text uri = {0};
    text_put_cstring(&uri, "file:");
    for (const char *c = name; *c; c++) {
        if (*c == '%' || *c == '?' || *c == '#') text_printf(&uri, "%%%02x", (unsigned)(unsigned char)*c);
        else text_put_char(&uri, *c);
    }
    text_put_cstring(&uri, "?immutable=1");
    text_put_char(&uri, 0);
    int code = sqlite3_open_v2(uri.ptr, db, OPEN_FLAGS | SQLITE_OPEN_URI, NULL);
    text_free(&uri);
    return code;
}

static int open_database(sqlite3 **db, const char *name)
{
    int code = sqlite3_open_v2(name, db, OPEN_FLAGS, NULL);
    if (code != SQLITE_OK) return code;
    int look = sqlite3_exec(*db, "PRAGMA schema_version", NULL, NULL, NULL) & 0xff;
    if (look != SQLITE_CANTOPEN && look != SQLITE_READONLY) return code;
    sqlite3_close(*db);
    return open_immutable(db, name);
}

static pk_status open_file(store *s, diag_list *d)
{
    struct stat st;
    if (stat(s->path, &st) != 0 || !S_ISREG(st.st_mode)) {
        diag_add(d, PK_ERROR, "catalog-open", whole_file(s->path), STR(""), "make one with 'picket catalog build -r RULES -o FILE'", "there is no such catalogue");
        return PK_ERROR_IO;
    }
    char *name = file_name(s->path);
    int code = open_database(&s->db, name);
    mem_free(name);
    if (code != SQLITE_OK) {
        diag_add(d, PK_ERROR, "catalog-open", whole_file(s->path), STR(""), NULL, "cannot be opened: %s", s->db ? sqlite3_errmsg(s->db) : "out of memory");
        return PK_ERROR_IO;
    }
    s->inode = hash_mix((uint64_t)st.st_dev, (uint64_t)st.st_ino);
    harden(s->db);
    s->deadline = monotonic_now() + QUERY_SECONDS * 1000000000ull;
    sqlite3_progress_handler(s->db, PROGRESS_STEP, past_deadline, s);
    sqlite3_exec(s->db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA query_only=ON; PRAGMA cache_size=-16000", NULL, NULL, NULL);
    sqlite3_create_function_v2(s->db, "rule_in", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, rule_in, NULL, NULL, NULL);
    pk_status status = check_catalogue(s->db, s->path, d);
    s->deadline = 0;
    return status;
}

static void close_file(store *s)
{
    rule_index_free(s->rules);
    s->rules = NULL;
    for (size_t i = 0; i < s->statements.len; i++) sqlite3_finalize(s->statements.at[i].prepared);
    vec_free(&s->statements);
    sqlite3_close(s->db);
    s->db = NULL;
}

/* ---- versions ---- */

/* Of the content: what the build notes about itself, and the file as the system sees it. */
static uint64_t read_version(store *s)
{
    uint64_t version = s->run ? s->run->hash : 0;
    rows r = rows_of(s, s->arena, "SELECT key, value FROM meta ORDER BY key", "");
    while (rows_next(&r)) {
        version = hash_mix(version, hash_str(row_text(&r, 0)));
        version = hash_mix(version, hash_str(row_text(&r, 1)));
    }
    struct stat st;
    if (stat(s->path, &st) == 0) {
        version = hash_mix(version, (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec);
        version = hash_mix(version, (uint64_t)st.st_size);
    }
    return hash_mix(version, s->inode);
}

static bool replaced(const store *s)
{
    struct stat st;
    return stat(s->path, &st) == 0 && hash_mix((uint64_t)st.st_dev, (uint64_t)st.st_ino) != s->inode;
}

/* Begins to read one state of the catalogue; what is remembered of another goes. */
static bool begin(store *s)
{
    if (!s->db || replaced(s)) {
        diag_list *d = diag_list_new();
        close_file(s);
        if (open_file(s, d) != PK_OK) {
            store_fail(s, PK_ERROR_SYNTAX, "the catalogue has been replaced: " STR_FMT, STR_ARG(diag_at(d, 0)->message));
            close_file(s); /* tried again by the next query */
        }
        diag_list_free(d);
        if (!s->db) return false;
    }
    s->deadline = monotonic_now() + QUERY_SECONDS * 1000000000ull;
    rows r = rows_of(s, s->arena, "BEGIN", "");
    rows_next(&r);
    uint64_t version = read_version(s);
    if (version != s->version) {
        rule_index_free(s->rules);
        s->rules = NULL;
        s->version = version;
    }
    return !store_failed(s);
}

static void end(store *s)
{
    for (size_t i = 0; i < s->statements.len; i++) {
        if (!s->statements.at[i].used) continue; /* of a query that was given up */
        sqlite3_reset(s->statements.at[i].prepared);
        s->statements.at[i].used = false;
    }
    s->deadline = 0;
    if (s->db && !sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

pk_status store_open(store **out, const char *path, const store_run *run, diag_list *d)
{
    store *s = mem_zalloc(1, sizeof *s);
    *out = NULL;
    s->path = mem_cstring(str_from(path));
    s->run = run;
    pk_status status = open_file(s, d);
    if (status != PK_OK) store_close(s);
    else *out = s;
    return status;
}

void store_close(store *s)
{
    if (!s) return;
    close_file(s);
    mem_free(s->path);
    mem_free(s);
}

bool store_has_run(const store *s) { return s->run != NULL; }

uint64_t store_version(store *s)
{
    arena *a = arena_new();
    s->arena = a;
    s->failure = (query_error){0};
    begin(s); /* sees what is there now; a failure shows in the query that follows */
    end(s);
    s->failure = (query_error){0};
    s->arena = NULL;
    arena_free(a);
    return s->version;
}

value store_ask(store *s, const query *q, const query_arguments *args, arena *a, query_error *e)
{
    value answer = {0};
    s->arena = a;
    s->failure = *e = (query_error){0};
    if (begin(s)) answer = q->run(s, args, a, e);
    end(s);
    if (store_failed(s)) {
        answer = (value){0};
        *e = s->failure;
        rule_index_free(s->rules); /* may be half read */
        s->rules = NULL;
    }
    s->arena = NULL;
    return answer;
}

/* ---- members of answers ---- */

void put(arena *a, record_builder *b, const char *name, value v)
{
    if (v.type != VALUE_MISSING) record_add(a, b, str_from(name), v);
}

void put_text(arena *a, record_builder *b, const char *name, pk_str given)
{
    if (given.len) record_add(a, b, str_from(name), value_string(given));
}

void put_int(arena *a, record_builder *b, const char *name, int64_t n) { record_add(a, b, str_from(name), value_int(n)); }
void put_bool(arena *a, record_builder *b, const char *name, bool v) { record_add(a, b, str_from(name), value_bool(v)); }

void put_column(record_builder *b, const char *name, const rows *r, int column)
{
    if (row_null(r, column)) return;
    int type = sqlite3_column_type(r->st, column);
    value v = type == SQLITE_INTEGER ? value_int(row_int(r, column)) : type == SQLITE_FLOAT ? value_real(row_real(r, column)) : value_string(row_text(r, column));
    record_add(r->arena, b, str_from(name), v);
}

void put_list(arena *a, record_builder *b, const char *name, list_builder *list) { record_add(a, b, str_from(name), list_done(list)); }
void put_record(arena *a, record_builder *b, const char *name, record_builder *record) { record_add(a, b, str_from(name), record_done(record)); }
void add_record(arena *a, list_builder *list, record_builder *record) { list_add(a, list, record_done(record)); }

/* ---- arguments ---- */

static const pk_str *first_argument(const query_arguments *args, const char *name)
{
    for (size_t i = 0; i < args->count; i++)
        if (str_equal(args->items[i].name, str_from(name))) return &args->items[i].value;
    return NULL;
}

pk_str argument_text(const query_arguments *args, const char *name)
{
    const pk_str *v = first_argument(args, name);
    return v ? *v : STR("");
}

int64_t argument_int(const query_arguments *args, const char *name, int64_t otherwise)
{
    int64_t n = 0;
    const pk_str *v = first_argument(args, name);
    return v && str_to_int(*v, false, &n) ? n : otherwise;
}

bool argument_bool(const query_arguments *args, const char *name)
{
    pk_str v = argument_text(args, name);
    return str_equal(v, STR("1")) || str_equal(v, STR("true")) || str_equal(v, STR("yes"));
}

bool argument_given(const query_arguments *args, const char *name) { return first_argument(args, name) != NULL; }

value query_refuse(query_error *e, arena *a, pk_status status, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    *e = (query_error){status, utf8_repair(a, arena_str(a, str_from(message)))};
    return (value){0};
}
