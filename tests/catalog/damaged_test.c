/* Files that are no catalogue, another's, or damaged: told, never crashed on, whatever is asked of them. */
#include "small.h"

#include <fcntl.h>
#include <sys/stat.h>

static pk_status try_open(const char *path, store **out, char *code, size_t size)
{
    diag_list *d = diag_list_new();
    pk_status status = store_open(out, path, NULL, d);
    code[0] = 0;
    if (diag_count(d)) snprintf(code, size, "%s", diag_at(d, 0)->code);
    diag_list_free(d);
    return status;
}

static void expect(const char *path, pk_status status, const char *code)
{
    store *s = NULL;
    char got[60];
    assert_int_equal(try_open(path, &s, got, sizeof got), status);
    assert_null(s);
    assert_string_equal(got, code);
}

static void no_catalogues(void **state)
{
    (void)state;
    char path[] = "/tmp/picket-damaged-XXXXXX";
    expect("/tmp/picket-there-is-no-such-file", PK_ERROR_IO, "catalog-open");
    expect("/tmp", PK_ERROR_IO, "catalog-open");
    expect("/dev/zero", PK_ERROR_IO, "catalog-open");
    int file = mkstemp(path);
    expect(path, PK_ERROR_SYNTAX, "catalog-not");                  /* empty */
    assert_int_equal(write(file, "title: a rule and no catalogue, which is long enough\n", 53), 53);
    close(file);
    expect(path, PK_ERROR_SYNTAX, "catalog-not");
    unlink(path);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    run_sql(db, "CREATE TABLE meta(key TEXT, value TEXT)");
    sqlite3_close(db);
    expect(path, PK_ERROR_SYNTAX, "catalog-not");                  /* another's database */
    unlink(path);
}

/* Tables must be word for word those of this version: nothing else is ever run. */
static void other_tables(void **state)
{
    static const char *const changes[] = {
        "ALTER TABLE rule ADD COLUMN more TEXT",
        "DROP INDEX rule_of_id",
        "CREATE VIEW more AS SELECT 1",
        "DROP TABLE rule_field; CREATE VIEW rule_field AS WITH RECURSIVE r(rule, field) AS (SELECT 1, 'x' UNION ALL SELECT rule + 1, field FROM r) SELECT * FROM r",
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN SELECT 1; END",
        "CREATE TABLE more(x)",
        "UPDATE meta SET value = '99' WHERE key = 'format'",
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char path[] = "/tmp/picket-damaged-XXXXXX";
        small_make(path, changes[i]);
        expect(path, PK_ERROR_SYNTAX, "catalog-format");
        unlink(path);
    }
}

static void ask_everything(store *s)
{
    static const char *const arguments[] = {"", "q=download", "language=sigma&key=a", "key=key-iox", "key=sysmon/1", "name=Image", "id=T1059", "rule=sigma/a&rule=sigma/b",
                                            "left=sigma&right=elastic", "level=>=low&runs=yes&sources=sysmon"};
    for (const query *q = catalog_queries; q->name; q++)
        for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
            arena *a = arena_new();
            query_arguments args = small_arguments(a, str_from(arguments[i]));
            query_error e;
            value answer = query_run(s, q, &args, a, &e);
            if (answer.type == VALUE_MISSING) assert_true(e.status != PK_OK && e.message.len > 0);
            arena_free(a);
        }
}

static char *read_bytes(const char *path, size_t *len)
{
    struct stat st;
    int file = open(path, O_RDONLY);
    assert_int_equal(fstat(file, &st), 0);
    char *bytes = mem_alloc((size_t)st.st_size);
    *len = (size_t)st.st_size;
    assert_int_equal(read(file, bytes, *len), (ssize_t)*len);
    close(file);
    return bytes;
}

static void write_bytes(const char *path, const char *bytes, size_t len)
{
    int file = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(file, bytes, len), (ssize_t)len);
    close(file);
}

static void damage(void **state)
{
    char path[] = "/tmp/picket-damaged-XXXXXX", code[60];
    size_t len, opened = 0, refused = 0;
    uint64_t random = 7;
    (void)state;
    small_make(path, NULL);
    char *whole = read_bytes(path, &len);
    for (int round = 0; round < 60; round++) {
        char *bytes = mem_alloc(len);
        size_t end = len;
        memcpy(bytes, whole, len);
        for (int k = 0; k < (round % 3 == 0 ? 1 : 400); k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[(random >> 20) % len] = (char)(random >> 50);
        }
        if (round % 5 == 4) end = (size_t)((random >> 20) % len);
        write_bytes(path, bytes, end);
        store *s = NULL;
        if (try_open(path, &s, code, sizeof code) == PK_OK) {
            ask_everything(s);
            opened++;
        } else {
            assert_true(code[0] != 0);
            refused++;
        }
        store_close(s);
        mem_free(bytes);
    }
    assert_true(opened > 0 && refused > 0);
    mem_free(whole);
    unlink(path);
}

/* A file that another takes the place of while it is open. */
static void replaced(void **state)
{
    (void)state;
    char path[] = "/tmp/picket-damaged-XXXXXX", other[] = "/tmp/picket-damaged-XXXXXX", code[60];
    store *s = NULL;
    small_make(path, NULL);
    assert_int_equal(try_open(path, &s, code, sizeof code), PK_OK);
    uint64_t before = store_version(s);
    small_make(other, "UPDATE rule SET title = 'Another' WHERE id = 1");
    assert_int_equal(rename(other, path), 0);
    arena *a = arena_new();
    query_error e;
    query_arguments args = small_arguments(a, STR("language=sigma&key=a"));
    value answer = query_run(s, query_find(STR("rule")), &args, a, &e);
    assert_str(value_get(&answer, STR("title"))->as.string, "Another");
    assert_true(store_version(s) != before);
    int file = mkstemp(strcpy(other, "/tmp/picket-damaged-XXXXXX"));
    assert_int_equal(write(file, "rubbish", 7), 7);
    close(file);
    assert_int_equal(rename(other, path), 0);
    answer = query_run(s, query_find(STR("rule")), &args, a, &e);
    assert_int_equal(answer.type, VALUE_MISSING);
    answer = query_run(s, query_find(STR("rule")), &args, a, &e);
    assert_int_equal(answer.type, VALUE_MISSING); /* nothing of the unchecked file is ever read */
    arena_free(a);
    store_close(s);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_catalogues), cmocka_unit_test(other_tables), cmocka_unit_test(damage), cmocka_unit_test(replaced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
