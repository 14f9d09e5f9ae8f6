/* The public header as an embedding program uses it. */
#include "../base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

static const char share[] = PICKET_SOURCE_DIR "/share";

static const char rules[] =
    "title: A\nid: 11111111-1111-4111-8111-111111111111\nlevel: high\nstatus: test\nauthor: me\ntags: [attack.t1059.001, attack.execution]\n"
    "logsource: {product: windows, category: process_creation}\ndetection: {sel: {Image|endswith: '\\a.exe'}, condition: sel}\n---\n"
    "title: B\nname: b\nlevel: low\nstatus: deprecated\nlogsource: {product: windows, category: process_creation}\n"
    "detection: {sel: {Image|endswith: '\\b.exe'}, condition: sel}\n---\n"
    "title: C\nlevel: medium\nlogsource: {product: windows, category: process_creation}\ndetection: {sel: {Image|endwith: x}, condition: sel}\n";

static char rule_path[] = "/tmp/picket-test-XXXXXX.yml";

static int make_rules(void **state)
{
    (void)state;
    int fd = mkstemps(rule_path, 4);
    if (fd < 0 || write(fd, rules, sizeof rules - 1) != (ssize_t)sizeof rules - 1) return -1;
    return close(fd);
}

static int remove_rules(void **state)
{
    (void)state;
    return unlink(rule_path);
}

static pk_catalog *load(void)
{
    pk_catalog *c;
    assert_int_equal(pk_catalog_new(&c, share), PK_OK);
    assert_int_equal(pk_catalog_load(c, rule_path), PK_OK);
    return c;
}

static void test_catalog(void **state)
{
    (void)state;
    pk_catalog *c = load();
    assert_int_equal(pk_catalog_rule_count(c), 3);
    const pk_rule *r = pk_catalog_rule(c, 0), *third = pk_catalog_rule(c, 2);
    assert_str(r->title, "A");
    assert_str(r->author, "me");
    assert_str(r->language, "sigma");
    assert_str(r->category, "process_creation");
    assert_str(r->techniques.items[0], "T1059.001");
    assert_int_equal(r->state, PK_RULE_RUNNABLE);
    assert_true(str_find(r->text, STR("a.exe")) != STR_NPOS && str_find(r->text, STR("b.exe")) == STR_NPOS);
    assert_int_equal(third->state, PK_RULE_ERROR);
    assert_true(third->reason.len > 0);
    assert_true(pk_catalog_find_rule(c, STR("b")) == pk_catalog_rule(c, 1));
    assert_true(pk_catalog_find_rule(c, STR("c")) == third);
    assert_null(pk_catalog_find_rule(c, STR("d")));
    assert_int_equal(pk_diagnostics_total(pk_catalog_diagnostics(c), PK_ERROR), 1);
    assert_int_equal(pk_catalog_load(c, rule_path), PK_ERROR_USAGE); /* too late */
    pk_catalog_free(c);
    assert_int_equal(pk_catalog_new(&c, "/nowhere"), PK_ERROR_IO);
    assert_int_equal(pk_diagnostics_count(pk_catalog_diagnostics(c)), 1);
    pk_catalog_free(c);
}


static void test_choices(void **state)
{
    (void)state;
    pk_str high = STR("HIGH"), low_up = STR("low+"), all = STR("all"), test = STR("test"), tag = STR("attack.t1059.*"), t1059 = STR("t1059"),
           t105 = STR("T105"), b = STR("B"), linux_source = STR("product=linux"), windows = STR("product=windows,category=process_creation");
    const struct { const char *titles; pk_choice choice; } cases[] = {
        {"A", {.levels = {NULL, 0}}},
        {"AB", {.statuses = {&all, 1}}},
        {"A", {.statuses = {&test, 1}}},
        {"A", {.levels = {&high, 1}, .statuses = {&all, 1}}},
        {"AB", {.levels = {&low_up, 1}, .statuses = {&all, 1}}},
        {"A", {.tags = {&tag, 1}, .statuses = {&all, 1}}},
        {"A", {.techniques = {&t1059, 1}, .statuses = {&all, 1}}},
        {"", {.techniques = {&t105, 1}, .statuses = {&all, 1}}},
        {"", {.ids = {&b, 1}}},
        {"B", {.ids = {&b, 1}, .statuses = {&all, 1}}},
        {"", {.log_sources = {&linux_source, 1}, .statuses = {&all, 1}}},
        {"AB", {.log_sources = {&windows, 1}, .statuses = {&all, 1}}},
    };
    pk_catalog *c = load();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pk_program *p;
        text found = {0};
        assert_int_equal(pk_program_build(&p, c, &cases[i].choice), PK_OK);
        for (size_t k = 0; k < pk_catalog_rule_count(c); k++)
            if (pk_program_runs(p, pk_catalog_rule(c, k))) text_put(&found, pk_catalog_rule(c, k)->title);
        assert_str(text_view(&found), cases[i].titles);
        text_free(&found);
        pk_program_free(p);
    }
    pk_str wrong = STR("hihg");
    pk_program *p;
    assert_int_equal(pk_program_build(&p, c, &(pk_choice){.levels = {&wrong, 1}}), PK_ERROR_USAGE);
    assert_null(p);
    pk_catalog_free(c);
}

typedef struct {
    size_t alerts, most;
    text json;
} counted;

static bool on_alert(const pk_alert *alert, void *user)
{
    counted *n = user;
    n->alerts++;
    assert_int_equal(alert->event_count, 1);
    assert_int_equal(alert->why_count, 1);
    assert_str(alert->why[0].field, "Image");
    assert_str(alert->why[0].kind, "ends_with");
    assert_int_equal(alert->why[0].at, 2);
    text_clear(&n->json);
    text_put(&n->json, alert->json);
    return n->alerts < n->most;
}

static const char logs[] =
    "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Hostname\":\"h\",\"UtcTime\":\"2026-03-04 05:00:00.000\",\"Image\":\"C:\\\\a.exe\"}\n"
    "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Hostname\":\"h\",\"UtcTime\":\"2026-03-04 05:00:01.000\",\"Image\":\"C:\\\\a.exe\"}\n"
    "broken\n";

static pk_scanner *scanner_over(const pk_program *p, unsigned threads)
{
    pk_scanner *s;
    assert_int_equal(pk_scanner_new(&s, p, &(pk_scan_options){.threads = threads}), PK_OK);
    assert_int_equal(pk_scanner_add_bytes(s, "memory.jsonl", logs, sizeof logs - 1, NULL), PK_OK);
    return s;
}

static void test_scan(void **state)
{
    (void)state;
    pk_catalog *c = load();
    pk_program *p;
    assert_int_equal(pk_program_build(&p, c, NULL), PK_OK);
    for (unsigned threads = 1; threads < 5; threads++) {
        counted n = {.most = 100};
        pk_scanner *s = scanner_over(p, threads);
        assert_int_equal(pk_scanner_run(s, on_alert, &n), PK_OK);
        assert_int_equal(n.alerts, 2);
        assert_true(str_find(text_view(&n.json), STR("\"source\":{\"file\":\"memory.jsonl\",\"record\":null,\"line\":2}")) != STR_NPOS);
        const pk_summary *sum = pk_scanner_summary(s);
        assert_true(sum->files == 1 && sum->events == 2 && sum->damaged == 1 && sum->alerts == 2 && !sum->stopped);
        assert_int_equal(sum->by_rule.count, 1);
        assert_true(sum->by_rule.items[0].rule == pk_catalog_rule(c, 0) && sum->by_rule.items[0].n == 2);
        assert_str(sum->by_host.items[0].name, "h");
        assert_str(sum->by_level.items[0].name, "high");
        assert_int_equal(pk_diagnostics_total(pk_scanner_diagnostics(s), PK_ERROR), 1);
        assert_int_equal(pk_diagnostics_at(pk_scanner_diagnostics(s), 0)->line, 3);
        assert_int_equal(pk_scanner_run(s, on_alert, &n), PK_ERROR_USAGE); /* once a scanner */
        pk_scanner_free(s);
        text_free(&n.json);
    }
    counted n = {.most = 1};
    pk_scanner *s = scanner_over(p, 2);
    assert_int_equal(pk_scanner_run(s, on_alert, &n), PK_STOPPED);
    assert_int_equal(n.alerts, 1);
    assert_true(pk_scanner_summary(s)->stopped);
    pk_scanner_free(s);
    s = scanner_over(p, 2);
    pk_scanner_stop(s);
    assert_int_equal(pk_scanner_run(s, on_alert, &n), PK_STOPPED);
    assert_int_equal(pk_scanner_summary(s)->events, 0);
    assert_int_equal(pk_scanner_add(s, "x", &(pk_input){"no-such-format", PK_LOG_SOURCE_BY_CONTENT}), PK_ERROR_USAGE);
    assert_int_equal(pk_scanner_add(s, "/no/such/file", NULL), PK_ERROR_IO);
    pk_scanner_free(s);
    text_free(&n.json);
    pk_program_free(p);
    pk_catalog_free(c);
}

static void collect(pk_str piece, void *user) { text_put(user, piece); }

static void test_explain(void **state)
{
    (void)state;
    pk_catalog *c = load();
    pk_program *p;
    text out = {0};
    assert_int_equal(pk_program_build(&p, c, NULL), PK_OK);
    for (size_t i = 0; i < 3; i++) assert_int_equal(pk_program_explain(p, pk_catalog_rule(c, i), collect, &out), PK_OK);
    assert_true(str_find(text_view(&out), STR("Image ends_with '\\a.exe'")) != STR_NPOS);
    assert_true(str_find(text_view(&out), STR("windows/sysmon/1")) != STR_NPOS);
    text_free(&out);
    pk_program_free(p);
    pk_catalog_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_catalog), cmocka_unit_test(test_choices), cmocka_unit_test(test_scan), cmocka_unit_test(test_explain)};
    return cmocka_run_group_tests(tests, make_rules, remove_rules);
}
