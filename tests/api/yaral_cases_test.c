/*
 * The cases of tests/yaral (tests/languages/detections.h says how they are written) as scans: what the reference evaluator finds in
 * them, which yaral_detections_test.c asks for, the engine must find, by way of the library. Keys, outcomes, risk and the counts of
 * variables are compared; which of several alerts comes first is no matter of the language.
 */
#include "api/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <glob.h>

#include "../tools/case_tables.h"

typedef struct {
    pk_str title, rule, name;
    text rules, events, entities;
    pk_str detections, now;
    bool expects;
    pk_catalog *catalog;
} test_case;

/* ---- reading ---- */

static void add_records(text *out, pk_str lines)
{
    while (lines.len) {
        pk_str line = next_line(&lines);
        if (line.len && line.ptr[0] != '#') text_printf(out, STR_FMT "\n", STR_ARG(line));
    }
}

static void take_block(test_case *c, pk_str head, pk_str body)
{
    if (str_equal(head, STR("rule"))) c->rule = body;
    else if (str_equal(head, STR("other rule"))) text_put(&c->rules, body);
    else if (str_equal(head, STR("events"))) add_records(&c->events, body);
    else if (str_equal(head, STR("entities"))) add_records(&c->entities, body);
    else if (str_starts_with(head, STR("list "))) vec_push_in(c->catalog->arena, &c->catalog->lists, read_list(c->catalog->arena, str_slice(head, 5, head.len), body));
    else if (str_starts_with(head, STR("table "))) vec_push_in(c->catalog->arena, &c->catalog->tables, read_table(c->catalog->arena, str_slice(head, 6, head.len), body));
    else if (str_starts_with(head, STR("now "))) c->now = str_slice(head, 4, head.len);
    else if (str_equal(head, STR("detections"))) c->detections = body, c->expects = true;
}

static void read_case(test_case *c, const case_text *t)
{
    for (size_t i = 0; i < t->blocks.len; i++) take_block(c, t->blocks.at[i].name, t->blocks.at[i].body);
    size_t at = str_find(c->rule, STR("rule ")) + 5;
    c->name = str_slice(c->rule, at, str_find_char(str_slice(c->rule, at, STR_NPOS), ' '));
}

/* ---- what is said of an alert ---- */

typedef struct { const test_case *c; VEC(char *) lines; } seen_alerts;

static void put_members(text *out, const pk_member *members, size_t count)
{
    text_put_char(out, '{');
    for (size_t i = 0; i < count; i++) text_printf(out, "%s\"" STR_FMT "\":" STR_FMT, i ? "," : "", STR_ARG(members[i].name), STR_ARG(members[i].json));
    text_put_char(out, '}');
}

static bool note_alert(const pk_alert *alert, void *user)
{
    seen_alerts *seen = user;
    const pk_detection *d = &alert->detection;
    text t = {0};
    if (!str_equal(alert->rule->title, seen->c->name)) return true;
    put_members(&t, d->match, d->match_count);
    text_put_char(&t, ' ');
    put_members(&t, d->outcome, d->outcome_count);
    if (d->has_risk_score) text_printf(&t, " risk %g", d->risk_score);
    text_put_cstring(&t, " counts {");
    for (size_t i = 0, shown = 0; i < d->count_count; i++)
        if (d->counts[i].count) text_printf(&t, "%s" STR_FMT ": %llu", shown++ ? ", " : "", STR_ARG(d->counts[i].variable), (unsigned long long)d->counts[i].count);
    if (!d->counts) text_put_cstring(&t, "e: 1"); /* a rule of one event names none */
    text_put_char(&t, '}');
    vec_push(&seen->lines, mem_cstring(text_view(&t)));
    text_free(&t);
    return true;
}

/* Without the times, and what is absent. */
static char *expected_line(pk_str line)
{
    text t = {0};
    for (int i = 0; i < 2; i++) line = str_slice(line, str_find_char(line, ' ') + 1, STR_NPOS);
    size_t counts = str_find(line, STR(" counts {")) + 9;
    text_put(&t, str_slice(line, 0, counts));
    pk_str rest = str_slice(line, counts, line.len - counts - 1);
    for (size_t shown = 0; rest.len;) {
        pk_str one = next_cell(&rest);
        if (!str_ends_with(one, STR(": 0"))) text_printf(&t, "%s" STR_FMT, shown++ ? ", " : "", STR_ARG(one));
    }
    text_put_char(&t, '}');
    char *made = mem_cstring(text_view(&t));
    text_free(&t);
    return made;
}

static int by_text(const void *x, const void *y) { return strcmp(*(char *const *)x, *(char *const *)y); }

/* All lines in order, and frees them. */
static void put_sorted(text *out, char **lines, size_t count)
{
    if (count) qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "%s\n", lines[i]);
        mem_free(lines[i]);
    }
}

/* ---- a case ---- */

static void scan(const test_case *c, text *found)
{
    char path[] = "/tmp/picket-rule-XXXXXX.yaral";
    pk_program *built;
    pk_scanner *scanner;
    seen_alerts seen = {.c = c};
    int fd = mkstemps(path, 6);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, c->rules.ptr, c->rules.len), (ssize_t)c->rules.len);
    close(fd);
    assert_int_equal(pk_catalog_load(c->catalog, path), PK_OK);
    assert_int_equal(pk_program_build(&built, c->catalog, NULL), PK_OK);
    pk_scan_options options = {.threads = 2, .now = c->now.len ? timestamp_parse_iso(c->now) : 0};
    assert_int_equal(pk_scanner_new(&scanner, built, &options), PK_OK);
    assert_int_equal(pk_scanner_add_bytes(scanner, "events.jsonl", c->events.ptr, c->events.len, NULL), PK_OK);
    if (c->entities.len) pk_scanner_add_context_bytes(scanner, "entities.jsonl", c->entities.ptr, c->entities.len);
    assert_int_equal(pk_scanner_run(scanner, note_alert, &seen), PK_OK);
    put_sorted(found, seen.lines.at, seen.lines.len);
    vec_free(&seen.lines);
    pk_scanner_free(scanner);
    pk_program_free(built);
    unlink(path);
}

/* Fields without a variable: the evaluator names the event of such a rule by its stage, the scan names none. */
static bool is_nameless(const test_case *c) { return str_find(c->detections, STR("counts {event: ")) != STR_NPOS; }

static bool differs(const char *file, test_case *c)
{
    text expected = {0}, found = {0};
    VEC(char *) lines = {0};
    text_put(&c->rules, c->rule);
    scan(c, &found);
    for (pk_str rest = c->detections; rest.len;) {
        pk_str line = next_line(&rest);
        if (line.len && line.ptr[0] != '#') vec_push(&lines, expected_line(line));
    }
    put_sorted(&expected, lines.at, lines.len);
    vec_free(&lines);
    bool other = !str_equal(text_view(&expected), text_view(&found));
    if (other) print_error("%s: " STR_FMT ":\nexpected\n" STR_FMT "found\n" STR_FMT, file, STR_ARG(c->title), STR_ARG(text_view(&expected)), STR_ARG(text_view(&found)));
    text_free(&expected);
    text_free(&found);
    return other;
}

static size_t run_file(const char *path, size_t *count)
{
    arena *a = arena_new();
    pk_str rest = read_whole_file(a, path), before = STR("");
    uint32_t line = 0;
    size_t failed = 0;
    case_text t = {0};
    while (next_case(&rest, &line, &t)) {
        test_case c = {.title = t.title, .rule = before, .detections = STR(""), .now = STR("")};
        assert_int_equal(pk_catalog_new(&c.catalog, PICKET_SOURCE_DIR "/share"), PK_OK);
        read_case(&c, &t);
        before = c.rule;
        bool runs = c.expects && !is_nameless(&c);
        *count += runs;
        failed += runs && differs(path, &c);
        pk_catalog_free(c.catalog);
        text_free(&c.rules);
        text_free(&c.events);
        text_free(&c.entities);
    }
    vec_free(&t.blocks);
    arena_free(a);
    return failed;
}

static void test_cases(void **state)
{
    (void)state;
    glob_t files;
    size_t count = 0, failed = 0;
    assert_int_equal(glob(PICKET_SOURCE_DIR "/tests/yaral/*.detections", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) failed += run_file(files.gl_pathv[i], &count);
    globfree(&files);
    print_message("%zu cases\n", count);
    assert_true(count > 50);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
