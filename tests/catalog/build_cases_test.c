/*
 * Catalogues as text: the files of cases/ say which files there are, build, and what the tables then hold.
 *
 *     === name of the case
 *     --- file PATH                 the lines that follow are its content
 *     --- remove PATH
 *     --- build [fresh]             builds, or brings up to date what was built before
 *     --- sql SELECT ...            the lines that follow are the rows, columns joined by |
 *
 * Every build is held against one of the same files into an empty catalogue: whatever came before, the content is the same.
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/text.h"
#include "catalog_dump.h"
#include "../tools/whole_file.h"

typedef struct {
    char folder[256];
    pk_str name, file;            /* of the case */
    size_t failures, cases;
    uint64_t parsed;              /* by the last build */
} runner;

static void in_folder(const runner *r, const char *name, char *out, size_t size) { snprintf(out, size, "%s/%s", r->folder, name); }

static void fail_case(runner *r, const char *what, pk_str expected, pk_str found)
{
    r->failures++;
    print_error("%.*s: %.*s: %s\n  expected:\n%.*s\n  found:\n%.*s\n", (int)r->file.len, r->file.ptr, (int)r->name.len, r->name.ptr, what, (int)expected.len,
                expected.ptr, (int)found.len, found.ptr);
}

static void write_file(const runner *r, pk_str name, pk_str content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/rules/%.*s", r->folder, (int)name.len, name.ptr);
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    if (!f) fail_msg("%s cannot be written", path);
    fwrite(content.ptr, 1, content.len, f);
    fclose(f);
}

static pk_status build_into(const char *path, const char *rules, bool fresh, pk_store_report *report)
{
    pk_str root = str_from(rules);
    pk_store_options options = {.rules = {&root, 1}, .share = PICKET_SOURCE_DIR "/share", .fresh = fresh};
    return pk_store_build(path, &options, report, NULL, NULL);
}

static void run_build(runner *r, bool fresh)
{
    char path[300], other[300];
    pk_store_report report;
    in_folder(r, "catalog.db", path, sizeof path);
    in_folder(r, "fresh.db", other, sizeof other);
    unlink(other);
    /* paths below the folder of the case, so that rows do not name it */
    if (chdir(r->folder) != 0 || build_into(path, "rules", fresh, &report) != PK_OK) fail_case(r, "build", STR("a catalogue"), STR("an error"));
    r->parsed = report.rules_parsed;
    if (build_into(other, "rules", false, &report) != PK_OK) fail_case(r, "build", STR("a catalogue"), STR("an error"));
    text mine = {0}, theirs = {0};
    dump_catalogue(path, &mine);
    dump_catalogue(other, &theirs);
    if (!str_equal(text_view(&mine), text_view(&theirs))) fail_case(r, "not what a new build gives", text_view(&theirs), text_view(&mine));
    text_free(&mine);
    text_free(&theirs);
}

static void run_sql(runner *r, pk_str sql, pk_str expected)
{
    char path[300];
    text found = {0};
    char *statement = mem_cstring(sql);
    in_folder(r, "catalog.db", path, sizeof path);
    dump_query(path, statement, &found);
    if (!str_equal(text_view(&found), expected)) fail_case(r, statement, expected, text_view(&found));
    mem_free(statement);
    text_free(&found);
}

/* ---- reading cases ---- */

static pk_str next_line(pk_str *left)
{
    size_t end = str_find_char(*left, '\n');
    pk_str line = str_slice(*left, 0, end);
    *left = end == STR_NPOS ? STR("") : str_slice(*left, end + 1, STR_NPOS);
    return line;
}

/* The lines up to the next command. */
static pk_str body_of(pk_str *left)
{
    const char *start = left->ptr;
    size_t len = 0;
    while (left->len && !str_starts_with(*left, STR("--- ")) && !str_starts_with(*left, STR("=== "))) {
        next_line(left);
        len = (size_t)(left->ptr - start);
        if (!left->len) len = (size_t)(left->ptr - start);
    }
    return (pk_str){start, len};
}

static void begin_case(runner *r, pk_str name);
static void end_case(runner *r);

static void run_command(runner *r, pk_str line, pk_str *left)
{
    pk_str what = str_slice(line, 4, STR_NPOS);
    pk_str body = body_of(left);
    while (str_ends_with(body, STR("\n\n"))) body.len--;
    if (str_starts_with(what, STR("file "))) {
        write_file(r, str_slice(what, 5, STR_NPOS), body);
    } else if (str_starts_with(what, STR("remove "))) {
        char path[512];
        snprintf(path, sizeof path, "%s/rules/%.*s", r->folder, (int)what.len - 7, what.ptr + 7);
        unlink(path);
    } else if (str_starts_with(what, STR("build"))) {
        run_build(r, str_equal(what, STR("build fresh")));
        pk_str parsed = str_trim(body);
        char number[32];
        snprintf(number, sizeof number, r->parsed == 1 ? "%llu rule read" : "%llu rules read", (unsigned long long)r->parsed);
        if (parsed.len && !str_equal(parsed, str_from(number))) fail_case(r, "build", parsed, str_from(number));
    } else if (str_starts_with(what, STR("sql "))) {
        run_sql(r, str_slice(what, 4, STR_NPOS), body.len == 1 ? STR("") : body);
    } else {
        fail_case(r, "unknown command", STR("file, remove, build or sql"), what);
    }
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static void begin_case(runner *r, pk_str name)
{
    r->name = name;
    r->cases++;
    snprintf(r->folder, sizeof r->folder, "%s/picket-catalog-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(r->folder)) fail_msg("no folder for a test");
    char rules[300];
    in_folder(r, "rules", rules, sizeof rules);
    mkdir(rules, 0755);
}

static void end_case(runner *r)
{
    if (r->folder[0]) nftw(r->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    r->folder[0] = 0;
}

static void run_file(runner *r, const char *path)
{
    arena *a = arena_new();
    r->file = str_from(strrchr(path, '/') + 1);
    pk_str left = read_whole_file(a, path);
    while (left.len) {
        pk_str line = next_line(&left);
        if (str_starts_with(line, STR("=== "))) {
            end_case(r);
            begin_case(r, str_slice(line, 4, STR_NPOS));
        } else if (str_starts_with(line, STR("--- "))) {
            run_command(r, line, &left);
        }
    }
    end_case(r);
    arena_free(a);
}

static void test_cases(void **state)
{
    (void)state;
    glob_t found;
    runner r = {0};
    assert_int_equal(glob(PICKET_SOURCE_DIR "/tests/catalog/cases/*.cases", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) run_file(&r, found.gl_pathv[i]);
    globfree(&found);
    print_message("%zu cases\n", r.cases);
    assert_true(r.cases > 0);
    assert_int_equal(r.failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
