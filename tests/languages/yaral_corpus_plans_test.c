/*
 * The published YARA-L rules: every one becomes a plan that prints and parses back to itself; and the six about proxies (T1090)
 * detect what they were made for and nothing else, in the reference evaluator.
 */
#include "detections.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../tools/corpora.h"
#include "../tools/whole_file.h"

#define CASES 9                       /* tests below that need the corpora */

static struct {
    arena *arena;
    bool present;
    VEC(rule_file) files;
} rules;

static void add_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        struct stat st;
        char *inner = arena_cstring(rules.arena, arena_printf(rules.arena, "%s/%s", path, entries[i]->d_name));
        bool hidden = entries[i]->d_name[0] == '.';
        if (!hidden && stat(inner, &st) == 0 && S_ISDIR(st.st_mode)) add_folder(inner);
        else if (!hidden && str_ends_with(str_from(inner), STR(".yaral")))
            vec_push_in(rules.arena, &rules.files, ((rule_file){str_from(inner), read_whole_file(rules.arena, inner)}));
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static int set_up(void **state)
{
    (void)state;
    const char *root = corpora_root();
    rules.arena = arena_new();
    rules.present = *root != 0;
    if (rules.present) add_folder(arena_cstring(rules.arena, arena_printf(rules.arena, "%s/rules/chronicle/rules", root)));
    else printf("skipped %d cases: corpora absent\n", CASES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(rules.arena);
    return 0;
}

/* ---- all rules ---- */

static void count_states(const language_options *options, size_t *counts)
{
    for (size_t i = 0; i < rules.files.len; i++) {
        detection_world w = new_world();
        assert_ptr_equal(language_detect(&rules.files.at[i]), language_find(STR("yara-l")));
        assert_int_equal(language_find(STR("yara-l"))->load(w.catalog, &rules.files.at[i], options), 1);
        const rule *r = ir_rule(w.catalog, 0);
        counts[r->state]++;
        assert_true((r->state == RULE_RUNNABLE) == (r->reason.len == 0));
        if (r->state == RULE_NEEDS_LIST) assert_true(str_starts_with(r->reason, STR("needs list ")));
        assert_non_null(r->plan);
        check_text_form(&w, r);
        ir_catalog_free(w.catalog);
    }
}

/* Ten rules name lists that nobody ships. */
static void test_all_become_plans(void **state)
{
    (void)state;
    size_t counts[RULE_STATES] = {0};
    if (!rules.present) skip();
    count_states(&(language_options){0}, counts);
    assert_int_equal(rules.files.len, 716);
    assert_int_equal(counts[RULE_RUNNABLE], 706);
    assert_int_equal(counts[RULE_NEEDS_LIST], 10);
}

static void test_all_run_with_empty_lists(void **state)
{
    (void)state;
    size_t counts[RULE_STATES] = {0};
    if (!rules.present) skip();
    count_states(&(language_options){.empty_lists = true}, counts);
    assert_int_equal(counts[RULE_RUNNABLE], 716);
}

/* ---- T1090 ---- */

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char network[] =
    "{\"metadata\":{\"id\":\"n1\",\"event_type\":\"NETWORK_CONNECTION\",\"event_timestamp\":\"2026-01-05T10:00:00Z\"},"
    "\"principal\":{\"hostname\":\"ws1\",\"process\":{\"pid\":\"4242\",\"file\":{\"full_path\":\"C:\\\\Temp\\\\a.exe\",\"sha256\":\"" HASH "\"}}},"
    "\"target\":{\"ip\":[\"198.51.100.7\"],\"port\":9001,\"ip_geo_artifact\":[{\"location\":{\"country_or_region\":\"Russia\"}}]},"
    "\"security_result\":[{\"action\":[\"ALLOW\"]}]}";
static const char blocked_network[] =
    "{\"metadata\":{\"id\":\"n1\",\"event_type\":\"NETWORK_CONNECTION\",\"event_timestamp\":\"2026-01-05T10:00:00Z\"},"
    "\"principal\":{\"hostname\":\"ws1\",\"process\":{\"pid\":\"4242\",\"file\":{\"full_path\":\"C:\\\\Temp\\\\a.exe\",\"sha256\":\"" HASH "\"}}},"
    "\"target\":{\"ip\":[\"198.51.100.7\"],\"port\":9001,\"ip_geo_artifact\":[{\"location\":{\"country_or_region\":\"Russia\"}}]},"
    "\"security_result\":[{\"action\":[\"BLOCK\"]}]}";
static const char network_of_nobody[] =
    "{\"metadata\":{\"id\":\"n1\",\"event_type\":\"NETWORK_CONNECTION\",\"event_timestamp\":\"2026-01-05T10:00:00Z\"},"
    "\"principal\":{\"process\":{\"pid\":\"4242\",\"file\":{\"full_path\":\"C:\\\\Temp\\\\a.exe\",\"sha256\":\"" HASH "\"}}},"
    "\"target\":{\"ip\":[\"198.51.100.7\"],\"port\":9001,\"ip_geo_artifact\":[{\"location\":{\"country_or_region\":\"Russia\"}}]},"
    "\"security_result\":[{\"action\":[\"ALLOW\"]}]}";
static const char guardduty[] =
    "{\"metadata\":{\"id\":\"g1\",\"event_type\":\"GENERIC_EVENT\",\"event_timestamp\":\"2026-01-05T10:05:00Z\",\"vendor_name\":\"AMAZON\","
    "\"product_name\":\"AWS GuardDuty\",\"product_event_type\":\"UnauthorizedAccess:IAMUser/TorIPCaller\"},"
    "\"security_result\":[{\"about\":{\"labels\":[{\"key\":\"Sample\",\"value\":\"false\"}]}}]}";
static const char guardduty_sample[] =
    "{\"metadata\":{\"id\":\"g1\",\"event_type\":\"GENERIC_EVENT\",\"event_timestamp\":\"2026-01-05T10:05:00Z\",\"vendor_name\":\"AMAZON\","
    "\"product_name\":\"AWS GuardDuty\",\"product_event_type\":\"UnauthorizedAccess:IAMUser/TorIPCaller\"},"
    "\"security_result\":[{\"about\":{\"labels\":[{\"key\":\"Sample\",\"value\":\"true\"}]}}]}";
static const char guardduty_unlabelled[] =
    "{\"metadata\":{\"id\":\"g1\",\"event_type\":\"GENERIC_EVENT\",\"event_timestamp\":\"2026-01-05T10:05:00Z\",\"vendor_name\":\"AMAZON\","
    "\"product_name\":\"AWS GuardDuty\",\"product_event_type\":\"UnauthorizedAccess:IAMUser/TorIPCaller\"}}";
static const char portproxy[] =
    "{\"metadata\":{\"id\":\"p1\",\"event_type\":\"PROCESS_LAUNCH\",\"event_timestamp\":\"2026-01-05T10:10:00Z\"},\"principal\":{\"hostname\":\"ws1\"},"
    "\"target\":{\"process\":{\"command_line\":\"netsh interface portproxy ADD v4tov4 listenport=9999 connectport=3389\"}}}";
static const char registry[] =
    "{\"metadata\":{\"id\":\"r1\",\"event_type\":\"REGISTRY_CREATION\",\"event_timestamp\":\"2026-01-05T10:11:00Z\"},\"principal\":{\"hostname\":\"ws2\"},"
    "\"target\":{\"registry\":{\"registry_key\":\"HKLM\\\\System\\\\CurrentControlSet\\\\Services\\\\PortProxy\\\\v4tov4\"}}}";
static const char registry_in_lower_case[] =
    "{\"metadata\":{\"id\":\"r1\",\"event_type\":\"REGISTRY_CREATION\",\"event_timestamp\":\"2026-01-05T10:11:00Z\"},\"principal\":{\"hostname\":\"ws2\"},"
    "\"target\":{\"registry\":{\"registry_key\":\"hklm\\\\system\\\\currentcontrolset\\\\services\\\\portproxy\\\\v4tov4\"}}}";

static const char *const entities[] = {
    "{\"metadata\":{\"entity_type\":\"IP_ADDRESS\",\"source_type\":\"GLOBAL_CONTEXT\",\"vendor_name\":\"Google Cloud Threat Intelligence\","
    "\"product_name\":\"GCTI Feed\",\"threat\":[{\"threat_feed_name\":\"Tor Exit Nodes\",\"confidence\":\"HIGH_CONFIDENCE\"}]},"
    "\"entity\":{\"artifact\":{\"ip\":\"198.51.100.7\"}}}",
    "{\"metadata\":{\"entity_type\":\"FILE\",\"source_type\":\"GLOBAL_CONTEXT\",\"product_name\":\"Google Safe Browsing\","
    "\"threat\":[{\"category\":[\"SOFTWARE_MALICIOUS\"]}]},\"entity\":{\"file\":{\"sha256\":\"" HASH "\"}}}",
    "{\"metadata\":{\"entity_type\":\"FILE\",\"source_type\":\"GLOBAL_CONTEXT\",\"vendor_name\":\"Google Cloud Threat Intelligence\","
    "\"product_name\":\"GCTI Feed\",\"threat\":[{\"threat_feed_name\":\"Benign Binaries\"}]},\"entity\":{\"file\":{\"sha256\":\"" HASH "\"}}}",
    "{\"metadata\":{\"entity_type\":\"FILE\",\"source_type\":\"GLOBAL_CONTEXT\",\"vendor_name\":\"VirusTotal\",\"product_name\":"
    "\"VirusTotal Relationships\"},\"entity\":{\"file\":{\"sha256\":\"" HASH "\"}},\"relations\":[{\"entity_type\":\"IP_ADDRESS\","
    "\"relationship\":\"CONTACTS\",\"entity\":{\"ip\":[\"198.51.100.7\"]}}]}",
    NULL,
};

static const char *const tor_rules[] = {
    "google_safebrowsing_file_contacts_tor_exit_node", "vt_relationships_file_contacts_tor_ip", "aws_guardduty_tor_network_activity_detected",
    "gcti_benign_binaries_contacts_tor_exit_node", "gcti_tor_exit_nodes", "port_proxy_forwarding_T1090_cisa_report", NULL,
};

static const rule *load_published(detection_world *w, const char *name)
{
    pk_str ending = arena_printf(ir_arena(w->catalog), "/%s.yaral", name);
    for (size_t i = 0; i < rules.files.len; i++)
        if (str_ends_with(rules.files.at[i].path, ending)) return load_text(w, rules.files.at[i].text, str_from(name));
    fail_msg("%s is not among the corpora", name);
    return NULL;
}

/* Each detection of the six rules as "rule risk events", in order of the rules. */
static void expect(const char *const *events, const char *const *context, const char *expected)
{
    text found = {0};
    for (const char *const *name = tor_rules; *name; name++) {
        detection_world w = new_world();
        arena *a = arena_new();
        size_t count;
        for (; events && *events; events++) add_record(&w, str_from(*events));
        events -= w.events.len;
        for (const char *const *e = context; e && *e; e++) add_record(&w, str_from(*e));
        const rule *r = load_published(&w, *name);
        eval_row *rows = run_rule(&w, r, a, &count);
        for (size_t i = 0; i < count; i++) {
            const value *n = value_get(&rows[i].columns, STR("event_count"));
            text_printf(&found, "%.20s ", *name);
            value_write_json(&found, &rows[i].risk);
            text_put_char(&found, ' ');
            value_write_json(&found, n);
            text_put_char(&found, '\n');
        }
        arena_free(a);
        ir_catalog_free(w.catalog);
    }
    if (!str_equal(text_view(&found), str_from(expected))) fail_msg("expected\n%sfound\n" STR_FMT, expected, STR_ARG(text_view(&found)));
    text_free(&found);
}

#define SAFE_BROWSING "google_safebrowsing_ 95 1\n"
#define VIRUSTOTAL    "vt_relationships_fil 90 1\n"
#define GUARDDUTY     "aws_guardduty_tor_ne 35 1\n"
#define BENIGN        "gcti_benign_binaries 90 1\n"
#define TOR           "gcti_tor_exit_nodes 85 1\n"
#define PORT_PROXY    "port_proxy_forwardin 35 1\n"

static void test_all_six_detect(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){network, guardduty, portproxy, registry, NULL}, entities,
           SAFE_BROWSING VIRUSTOTAL GUARDDUTY BENIGN TOR PORT_PROXY PORT_PROXY);
}

static void test_without_context(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){network, guardduty, portproxy, registry, NULL}, NULL, GUARDDUTY PORT_PROXY PORT_PROXY);
}

static void test_sample_finding_is_silent(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){guardduty_sample, NULL}, entities, "");
}

static void test_finding_without_label_detects(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){guardduty_unlabelled, NULL}, entities, GUARDDUTY);
}

static void test_blocked_connection(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){blocked_network, NULL}, entities, SAFE_BROWSING VIRUSTOTAL BENIGN);
}

static void test_no_hostname(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){network_of_nobody, NULL}, entities, BENIGN TOR);
}

static void test_registry_key_in_lower_case(void **state)
{
    (void)state;
    if (!rules.present) skip();
    expect((const char *const[]){portproxy, registry_in_lower_case, NULL}, entities, PORT_PROXY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_become_plans), cmocka_unit_test(test_all_run_with_empty_lists), cmocka_unit_test(test_all_six_detect),
        cmocka_unit_test(test_without_context), cmocka_unit_test(test_sample_finding_is_silent),
        cmocka_unit_test(test_finding_without_label_detects), cmocka_unit_test(test_blocked_connection), cmocka_unit_test(test_no_hostname),
        cmocka_unit_test(test_registry_key_in_lower_case),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
