/*
 * The page of the reference rule, SigmaHQ's "PUA- IOX Tunneling Tool Execution", over the shared corpora: every element of it in
 * its order, with the values that stand in the rule's file and the counts over all rules. Skipped where the corpora are absent.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "web/web.h"
#include "../tools/whole_file.h"

#define SHARE PICKET_SOURCE_DIR "/share"
#define RULE "/rules/sigma/d7654f02-e04b-4934-9838-65c46f187ebc"

static arena *a;
static web *pages;
static store *catalogue, *both;        /* Sigma's rules; those and YARA-L's */
static char folder[] = "/tmp/picket-reference-XXXXXX";

static const char *corpora(void)
{
    const char *found = getenv("PICKET_CORPORA");
    if (!found) found = PICKET_SOURCE_DIR "/../shared/corpora";
    return access(arena_printf(a, "%s/rules/sigma/rules", found).ptr, R_OK) == 0 ? found : NULL;
}

static int setup(void **state)
{
    (void)state;
    a = arena_new();
    const char *from = corpora();
    if (!from) return 0;
    if (!mkdtemp(folder)) return 1;
    pk_str path = arena_printf(a, "%s/catalog.db", folder), rules[3];
    static const char *const folders[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
    for (size_t i = 0; i < 3; i++) rules[i] = arena_printf(a, "%s/rules/sigma/%s", from, folders[i]);
    pk_store_options o = {.rules = {rules, 3}, .share = SHARE};
    pk_store_report report = {0};
    diag_list *d = diag_list_new();
    if (pk_store_build(path.ptr, &o, &report, NULL, NULL) != PK_OK || report.rules != 3041) return 1;
    pk_str vendor = arena_printf(a, "%s/vendor.db", folder), of_both[4] = {rules[0], rules[1], rules[2], arena_printf(a, "%s/rules/chronicle", from)};
    pk_store_options more = {.rules = {of_both, 4}, .share = SHARE};
    if (pk_store_build(vendor.ptr, &more, &report, NULL, NULL) != PK_OK || report.rules != 3041 + 716) return 1;
    if (store_open(&both, vendor.ptr, NULL, d) != PK_OK) return 1;
    if (web_new(&pages, SHARE "/web", d) != PK_OK || store_open(&catalogue, path.ptr, NULL, d) != PK_OK) return 1;
    diag_list_free(d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    int done = 0;
    if (catalogue) {
        store_close(catalogue);
        store_close(both);
        web_free(pages);
        done = system(arena_printf(a, "rm -rf %s", folder).ptr);
    }
    arena_free(a);
    return done;
}

static pk_str body_in(store *from, const char *path)
{
    web_request r = {.method = STR("GET"), .path = str_from(path)};
    web_response out;
    web_handle(pages, from, &r, a, &out);
    assert_int_equal(out.status, 200);
    return out.body;
}

static pk_str body_of(const char *path) { return body_in(catalogue, path); }

static void put_entity(text *t, pk_str name)
{
    static const struct { const char *name; char c; } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"#39", '\''}, {"#96", '`'}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_equal(name, str_from(known[i].name))) text_put_char(t, known[i].c);
}

/* What a reader sees of the main part: texts of elements, one a line, white space as one space. */
static pk_str text_content(pk_str html)
{
    text t = {0};
    size_t from = str_find(html, STR("<main")), to = str_find(html, STR("</main>"));
    html = str_slice(html, from, to - from);
    for (size_t i = 0; i < html.len; i++) {
        char c = html.ptr[i];
        if (c == '<') {
            while (i < html.len && html.ptr[i] != '>') i++;
            c = '\n';
        } else if (c == '&') {
            size_t end = str_find_char(str_slice(html, i, html.len), ';');
            put_entity(&t, str_slice(html, i + 1, end - 1));
            i += end;
            continue;
        }
        bool blank = c == '\n' || c == ' ';
        if (blank && (!t.len || t.ptr[t.len - 1] == '\n')) continue;
        if (c == '\n' && t.len && t.ptr[t.len - 1] == ' ') t.len--;
        text_put_char(&t, c);
    }
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

/* Each of the texts stands in `s` behind the one before. */
static void expect_in_order(pk_str s, const char *const *texts, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t found = str_find(str_slice(s, at, s.len), str_from(texts[i]));
        if (found == STR_NPOS) fail_msg("'%s' is not where it should be", texts[i]);
        at += found + strlen(texts[i]);
    }
}

static size_t occurrences(pk_str s, const char *part)
{
    size_t n = 0;
    for (size_t at; (at = str_find(s, str_from(part))) != STR_NPOS; n++) s = str_slice(s, at + strlen(part), s.len);
    return n;
}

static pk_str section(pk_str html, const char *id)
{
    size_t from = str_find(html, arena_printf(a, "<section id=\"%s\"", id));
    assert_int_not_equal(from, STR_NPOS);
    pk_str rest = str_slice(html, from, html.len);
    return str_slice(rest, 0, str_find(rest, STR("</section>")));
}

#define SKIP_WITHOUT_CORPORA(n) \
    if (!catalogue) { \
        printf("skipped %d cases: corpora absent\n", n); \
        skip(); \
    }

static void test_elements_in_their_order(void **state)
{
    (void)state;
    SKIP_WITHOUT_CORPORA(1);
    static const char *const texts[] = {
        "Detection rules", "Sigma", "PUA- IOX Tunneling Tool Execution", "Detects the use of IOX", "MITRE ATT&CK coverage", "Tactic", "Techniques", "Command & Control", "T1090",
        "Proxy", "Event coverage", "Provider", "Event", "Title", "Sysmon", "Event ID 1", "Process creation", "Rule body", "yaml", "title", "# v0.4", "level", "Stages and Predicates",
        "Stage 0: condition", "1 of", "selection*", "stands for", "Stage 1: selection", "Image", "ends_with", "\\iox.exe", "Stage 2: selection_commandline", "CommandLine", "match",
        "Stage 3: selection_hashes", "# v0.4", "Hashes", "match", "Indicators", "Field", "Kind", "Values", "CommandLine", "match", "unique", "Hashes", "match", "MD5", "SHA1", "SHA256",
        "Image", "ends_with", "\\iox.exe", "unique", "Counted over", "3,041 rules", "Runs on", "fully", "False positives", "Legitimate use", "References",
    };
    expect_in_order(text_content(body_of(RULE)), texts, sizeof texts / sizeof *texts);
}

static void test_all_eight_values_are_unique(void **state)
{
    (void)state;
    SKIP_WITHOUT_CORPORA(1);
    pk_str indicators = section(body_of(RULE), "indicators"), stages = section(body_of(RULE), "stages");
    assert_int_equal(occurrences(indicators, "<li id=\"i-"), 8);
    assert_int_equal(occurrences(indicators, ">unique</span></span></li>"), 8);
    assert_int_equal(occurrences(indicators, "class=\"corpus\""), 0);
    assert_int_equal(occurrences(stages, "<article class=\"stage\""), 4);
    assert_int_equal(occurrences(stages, "href=\"#i-"), 8);
    assert_int_equal(occurrences(section(body_of(RULE), "events"), "<tr>"), 2);
    assert_int_equal(occurrences(section(body_of(RULE), "coverage"), "<tr>"), 2);
}

/* The body is the file, byte for byte, and its constants are the values of the indicators. */
static void test_body_and_values_are_those_of_the_file(void **state)
{
    (void)state;
    SKIP_WITHOUT_CORPORA(1);
    pk_str file = read_whole_file(a, arena_printf(a, "%s/rules/sigma/rules/windows/process_creation/proc_creation_win_pua_iox.yml", corpora()).ptr);
    size_t quoted = 0;
    assert_true(str_equal(body_of(RULE ".raw"), file));
    pk_str shown = text_content(arena_printf(a, "<main>" STR_FMT "</main>", STR_ARG(section(body_of(RULE), "indicators"))));
    pk_str left = file;
    for (size_t end; left.len; left = end == STR_NPOS ? STR("") : str_slice(left, end + 1, left.len)) {
        end = str_find_char(left, '\n');
        pk_str line = str_trim(str_slice(left, 0, end));
        size_t open = str_find_char(line, '\'');
        if (open == STR_NPOS) open = str_find_char(line, '"');
        if (open == STR_NPOS || line.len < open + 3) continue;
        quoted++;
        assert_int_not_equal(str_find(shown, str_trim(str_slice(line, open + 1, line.len - open - 2))), STR_NPOS);
    }
    assert_int_equal(quoted, 8);
}

static void test_the_technique(void **state)
{
    (void)state;
    SKIP_WITHOUT_CORPORA(1);
    static const char *const texts[] = {"Tool", "detections for T1090", "ready to paste into your SIEM · cross-linked to ATT&CK", "◈", "Detections", "33 shown of 33", "vendor", "Show query",
                                        "Showing 1-33 of 33"};
    expect_in_order(text_content(body_of("/attack/T1090")), texts, sizeof texts / sizeof *texts);
}

/* With the vendor's rules: the six cards of the specification, by severity and then by name, each with its text; Sigma's behind a tab. */
static void test_the_technique_with_vendors(void **state)
{
    (void)state;
    SKIP_WITHOUT_CORPORA(1);
    static const char *const texts[] = {
        "Vendor-native detections for T1090", "6 vendor-native detections · ready to paste into your SIEM", "◈", "Detections", "6 shown of 6",
        "google_safebrowsing_file_contacts_tor_exit_node", "Show query", "rule", "google_safebrowsing_file_contacts_tor_exit_node", "meta",
        "vt_relationships_file_contacts_tor_ip", "Show query", "aws_guardduty_tor_network_activity_detected", "Show query",
        "gcti_benign_binaries_contacts_tor_exit_node", "Show query", "gcti_tor_exit_nodes", "Show query",
        "port_proxy_forwarding_T1090_cisa_report", "Show query", "rule", "port_proxy_forwarding_T1090_cisa_report", "meta", "Showing 1-6 of 6"};
    expect_in_order(text_content(body_in(both, "/attack/T1090")), texts, sizeof texts / sizeof *texts);
    static const char *const sigma[] = {"detections for T1090", "33 shown of 33", "Showing 1-33 of 33"};
    web_request r = {.method = STR("GET"), .path = STR("/attack/T1090"), .query = STR("tab=sigma")};
    web_response out;
    web_handle(pages, both, &r, a, &out);
    expect_in_order(text_content(out.body), sigma, sizeof sigma / sizeof *sigma);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_in_their_order), cmocka_unit_test(test_all_eight_values_are_unique), cmocka_unit_test(test_body_and_values_are_those_of_the_file),
        cmocka_unit_test(test_the_technique), cmocka_unit_test(test_the_technique_with_vendors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
