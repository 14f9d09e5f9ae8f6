/*
 * A build and the file that it writes: what it refuses to write over, what readers see meanwhile, what is left of one that is
 * killed, two at once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/unicode.h"
#include "catalog_dump.h"

static char folder[200], rules[256], catalogue[256];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/picket-build-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(folder)) return 1;
    snprintf(rules, sizeof rules, "%s/rules", folder);
    snprintf(catalogue, sizeof catalogue, "%s/catalog.db", folder);
    return mkdir(rules, 0755);
}

static int tear_down(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void write_text(const char *path, const char *content, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void write_rule(int number, const char *image)
{
    char path[300], content[600];
    snprintf(path, sizeof path, "%s/%04d.yml", rules, number);
    int len = snprintf(content, sizeof content,
                       "title: Rule %d\nid: 00000000-0000-4000-8000-%012d\nlogsource: {product: windows, category: process_creation}\n"
                       "detection: {s: {Image|endswith: '%s', CommandLine|contains: number %d}, condition: s}\n", number, number, image, number);
    write_text(path, content, (size_t)len);
}

static char said[1000];

static void note(const pk_diagnostic *d, void *user)
{
    (void)user;
    if (d->severity == PK_ERROR) snprintf(said, sizeof said, "%s: %.*s", d->code, (int)d->message.len, d->message.ptr);
}

static pk_status build(pk_store_report *report)
{
    pk_store_report ignored;
    pk_str root = {rules, strlen(rules)};
    pk_store_options options = {.rules = {&root, 1}, .share = PICKET_SOURCE_DIR "/share"};
    said[0] = 0;
    return pk_store_build(catalogue, &options, report ? report : &ignored, note, NULL);
}

static void assert_query(const char *sql, const char *expected)
{
    text found = {0};
    dump_query(catalogue, sql, &found);
    text_put_char(&found, 0);
    assert_string_equal(found.ptr, expected);
    text_free(&found);
}

/* ---- what is there already ---- */

static void test_other_files_are_not_written_over(void **state)
{
    (void)state;
    write_rule(1, "\\x.exe");
    write_text(catalogue, "a letter, not a catalogue", 25);
    assert_int_equal(build(NULL), PK_ERROR_USAGE);
    assert_string_equal(said, "catalog-not: is there and is no catalogue: not overwritten");
    struct stat s;
    assert_int_equal(stat(catalogue, &s), 0);
    assert_int_equal(s.st_size, 25);

    unlink(catalogue);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(catalogue, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE meta(key, value); INSERT INTO meta VALUES('format', 1)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(build(NULL), PK_ERROR_USAGE);
    assert_query("SELECT value FROM meta", "1\n");

    unlink(catalogue);
    assert_int_equal(mkdir(catalogue, 0755), 0);
    assert_int_equal(build(NULL), PK_ERROR_USAGE);
    assert_int_equal(rmdir(catalogue), 0);
}

static void test_empty_file_is_taken(void **state)
{
    (void)state;
    write_rule(1, "\\x.exe");
    write_text(catalogue, "", 0);
    assert_int_equal(build(NULL), PK_OK);
    assert_query("SELECT count(*) FROM rule", "1\n");
}

static void test_another_version_is_built_anew(void **state)
{
    (void)state;
    sqlite3 *db;
    write_rule(1, "\\x.exe");
    assert_int_equal(build(NULL), PK_OK);
    assert_int_equal(sqlite3_open(catalogue, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 999; ALTER TABLE rule ADD COLUMN novel; CREATE VIEW v AS SELECT 1; CREATE TABLE other(x REFERENCES rule(id));"
                                      "INSERT INTO other SELECT id FROM rule", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(build(NULL), PK_OK);
    assert_query("SELECT count(*) FROM rule", "1\n");
    assert_query("SELECT count(*) FROM sqlite_schema WHERE name IN ('v', 'other')", "0\n");
}

static void test_damage_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) write_rule(i, "\\x.exe");
    assert_int_equal(build(NULL), PK_OK);
    struct stat s;
    assert_int_equal(stat(catalogue, &s), 0);
    unsigned seed = 7;
    /* whatever stands in the pages: an answer or a message, never a crash */
    for (int round = 0; round < 30; round++) {
        int fd = open(catalogue, O_RDWR);
        assert_true(fd >= 0);
        for (int i = 0; i < 40; i++) {
            char byte = (char)rand_r(&seed);
            off_t at = (off_t)((uint64_t)rand_r(&seed) * (uint64_t)rand_r(&seed) % (uint64_t)s.st_size);
            if (at >= 100) assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        }
        close(fd);
        write_rule(round, "\\y.exe");
        pk_status status = build(NULL);
        if (status != PK_OK) assert_true(said[0] != 0);
    }
    unlink(catalogue);
    assert_int_equal(build(NULL), PK_OK);
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    pk_str root = {rules, strlen(rules)};
    pk_store_options options = {.rules = {&root, 1}, .share = PICKET_SOURCE_DIR "/share"};
    write_rule(1, "\\x.exe");
    assert_int_equal(pk_store_build("/nonexistent/folder/catalog.db", &options, NULL, note, NULL), PK_ERROR_IO);
    pk_str none = {"/nonexistent/rules", 18};
    options.rules = (pk_strs){&none, 1};
    assert_int_equal(pk_store_build(catalogue, &options, NULL, note, NULL), PK_ERROR_IO);
    assert_true(strstr(said, "no such file or folder of rules") != NULL);
}

/* ---- readers, others that build, the end of a process ---- */

static void test_readers_keep_what_they_see(void **state)
{
    (void)state;
    sqlite3 *db;
    sqlite3_stmt *st;
    write_rule(1, "\\x.exe");
    assert_int_equal(build(NULL), PK_OK);
    assert_int_equal(sqlite3_open_v2(catalogue, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM rule", -1, &st, NULL), SQLITE_OK);
    for (int n = 1; n < 4; n++) {
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int(st, 0), n);
        sqlite3_reset(st);
        write_rule(n + 1, "\\x.exe");
        pk_store_report report;
        assert_int_equal(build(&report), PK_OK);
        assert_int_equal(report.rules_parsed, 1);
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void test_two_builds_at_once(void **state)
{
    (void)state;
    pid_t children[3];
    for (int i = 0; i < 60; i++) write_rule(i, "\\x.exe");
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) _exit(build(NULL) == PK_OK ? 0 : 1);
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_query("SELECT count(*), (SELECT rules FROM predicate WHERE field = 'Image') FROM rule", "60|60\n");
    assert_query("PRAGMA integrity_check", "ok\n");
}

static void test_killed_build_leaves_the_old_state(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) write_rule(i, "\\x.exe");
    assert_int_equal(build(NULL), PK_OK);
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 100; i++) write_rule(i, round % 2 ? "\\x.exe" : "\\y.exe");
        pid_t child = fork();
        if (child == 0) {
            build(NULL);
            _exit(0);
        }
        struct timespec wait = {.tv_nsec = round * 12000000L};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        text found = {0};
        dump_query(catalogue, "SELECT group_concat(value || rules) FROM predicate WHERE field = 'Image'", &found);
        text_put_char(&found, 0);
        assert_true(strcmp(found.ptr, "\\x.exe100\n") == 0 || strcmp(found.ptr, "\\y.exe100\n") == 0);
        text_free(&found);
    }
    assert_int_equal(build(NULL), PK_OK);
    assert_query("PRAGMA integrity_check", "ok\n");
    assert_query("SELECT count(*) FROM rule", "100\n");
}

/* ---- hostile rules ---- */

static void assert_texts_are_valid(void)
{
    sqlite3 *db;
    sqlite3_stmt *tables, *rows;
    size_t seen = 0;
    assert_int_equal(sqlite3_open_v2(catalogue, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT 'SELECT * FROM \"' || name || '\"' FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'words%'", -1,
                                        &tables, NULL), SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        assert_int_equal(sqlite3_prepare_v2(db, (const char *)sqlite3_column_text(tables, 0), -1, &rows, NULL), SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW)
            for (int i = 0; i < sqlite3_column_count(rows); i++) {
                if (sqlite3_column_type(rows, i) != SQLITE_TEXT) continue;
                pk_str text_of = {(const char *)sqlite3_column_text(rows, i), 0};
                text_of.len = (size_t)sqlite3_column_bytes(rows, i);
                assert_true(utf8_valid(text_of));
                seen++;
            }
        sqlite3_finalize(rows);
    }
    sqlite3_finalize(tables);
    sqlite3_close(db);
    assert_true(seen > 100);
}

static void write_hostile(const char *name, const char *content, size_t len)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s.yml", rules, name);
    write_text(path, content, len);
}

#define HOSTILE(name, content) write_hostile(name, content, sizeof content - 1)
#define BODY "logsource: {product: windows, category: process_creation}\ndetection: {s: {Image: x.exe}, condition: s}\n"

static void test_hostile_rules(void **state)
{
    (void)state;
    HOSTILE("bytes", "title: \"\xff\xfe bad\"\nid: a\n" BODY);
    HOSTILE("nul", "title: \"a\\0b\"\nid: \"i\\0d\"\nauthor: \"\\e[31mred\"\n" BODY);
    HOSTILE("bidi", "title: \"\\u202Egnp.exe\"\nid: \"<script>alert(1)</script>\"\ntags: [attack.t1059, 'attack.<b>', \"attack.\\0\"]\n" BODY);
    HOSTILE("tilde", "title: t\nid: a~2\n" BODY);
    HOSTILE("tilde_2", "title: t\nid: a\n" BODY);
    HOSTILE("tilde_3", "title: t\nid: a\n" BODY);
    HOSTILE("lone", "title: \"\\uD800\"\ndetection:\n    s:\n        \"Fie\\0ld\": [\"v\\0\", '%', \"\\uDFFF\"]\n    condition: s\nlogsource: {product: windows}\n");
    HOSTILE("name\xff\xfe", "title: n\nid: n1\n" BODY);
    HOSTILE("name\xff\xfd", "title: n\nid: n2\n" BODY);
    HOSTILE("line\nend \xe2\x80\xae", "title: n\nid: n3\n" BODY);
    HOSTILE("alias", "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]\ntitle: t\nid: al\n" BODY);
    text big = {0};
    text_put_cstring(&big, "title: big\nid: big\ndescription: \"");
    for (int i = 0; i < 300000; i++) text_put_cstring(&big, "<img src=x> ");
    text_put_cstring(&big, "\"\n" BODY);
    write_hostile("big", big.ptr, big.len);
    text_clear(&big);
    for (int i = 0; i < 3000; i++) text_printf(&big, "---\ntitle: many\nid: many\n" BODY);
    write_hostile("many", big.ptr, big.len);
    text_clear(&big);
    text_put_cstring(&big, "title: selectors\nid: sel\nlogsource: {product: windows}\ndetection:\n");
    for (int i = 0; i < 300; i++) text_printf(&big, "    s%d: {Image: x%d}\n", i, i);
    text_put_cstring(&big, "    condition: 1 of s*");
    for (int i = 0; i < 400; i++) text_put_cstring(&big, " or all of s*");
    text_put_cstring(&big, "\n");
    write_hostile("selectors", big.ptr, big.len);
    text_free(&big);
    pk_store_report report;
    assert_int_equal(build(&report), PK_OK);
    assert_texts_are_valid();
    assert_query("SELECT count(*), count(DISTINCT key) FROM rule WHERE rule_id = 'many'", "3000|3000\n");
    assert_query("SELECT count(*), count(DISTINCT key) FROM rule WHERE rule_id LIKE 'a%'", "5|5\n");
    assert_query("SELECT count(*) FROM rule WHERE title = 'n'", "3\n");
    assert_int_equal(build(&report), PK_OK);
    assert_int_equal(report.rules_parsed, 0);
}

/* ---- what tells that a file changed ---- */

static void set_time(int number, time_t seconds)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%04d.yml", rules, number);
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_change_within_a_moment(void **state)
{
    (void)state;
    pk_store_report report;
    /* written and built, and written again at once: same size, maybe the same time */
    for (int round = 0; round < 20; round++) {
        write_rule(1, round % 2 ? "\\x.exe" : "\\y.exe");
        assert_int_equal(build(&report), PK_OK);
        assert_query("SELECT value FROM predicate WHERE field = 'Image'", round % 2 ? "\\x.exe\n" : "\\y.exe\n");
    }
}

static void test_touched_files_are_not_parsed(void **state)
{
    (void)state;
    pk_store_report report;
    write_rule(1, "\\x.exe");
    set_time(1, 1000000000);
    assert_int_equal(build(&report), PK_OK);
    assert_int_equal(build(&report), PK_OK);
    assert_int_equal(report.files_read, 0);
    set_time(1, 1100000000);
    assert_int_equal(build(&report), PK_OK);
    assert_int_equal(report.files_read, 1);
    assert_int_equal(report.rules_parsed, 0);
    assert_int_equal(build(&report), PK_OK);
    assert_int_equal(report.files_read, 0);
    assert_int_equal(report.rules, 1);
}

/* Lists, the data that ships and ATT&CK are what every rule hangs on. */
static void test_other_lists_read_everything_again(void **state)
{
    (void)state;
    char path[300];
    const char *content = "title: list\nid: list\nlogsource: {product: windows, category: process_creation}\n"
                          "detection: {s: {User|expand: '%admins%'}, condition: s}\n";
    pk_str root = {rules, strlen(rules)}, lists = {path, 0};
    pk_store_options options = {.rules = {&root, 1}, .share = PICKET_SOURCE_DIR "/share"};
    pk_store_report report;
    write_hostile("list", content, strlen(content));
    write_rule(1, "\\x.exe");
    lists.len = (size_t)snprintf(path, sizeof path, "%s/lists.yaml", folder);
    write_text(path, "admins: [a, b]\n", 15);
    assert_int_equal(pk_store_build(catalogue, &options, &report, NULL, NULL), PK_OK);
    assert_int_equal(report.states[PK_RULE_NEEDS_LIST], 1);
    options.lists = (pk_strs){&lists, 1};
    assert_int_equal(pk_store_build(catalogue, &options, &report, NULL, NULL), PK_OK);
    assert_int_equal(report.states[PK_RULE_NEEDS_LIST], 0);
    assert_int_equal(report.rules_parsed, 2);
    assert_int_equal(pk_store_build(catalogue, &options, &report, NULL, NULL), PK_OK);
    assert_int_equal(report.rules_parsed, 0);
    write_text(path, "others: [c]\n", 12);
    assert_int_equal(pk_store_build(catalogue, &options, &report, NULL, NULL), PK_OK);
    assert_int_equal(report.states[PK_RULE_NEEDS_LIST], 1);
    assert_query("SELECT form, value, rules FROM predicate WHERE field = 'User'", "placeholder|%admins%|1\n");
    options.fresh = true;
    assert_int_equal(pk_store_build(catalogue, &options, &report, NULL, NULL), PK_OK);
    assert_int_equal(report.rules_parsed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_other_files_are_not_written_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_file_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_version_is_built_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_readers_keep_what_they_see, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_builds_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_build_leaves_the_old_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_change_within_a_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_lists_read_everything_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_touched_files_are_not_parsed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
