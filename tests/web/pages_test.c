/* The pages over a catalogue of the shipped rules: every kind of page, their other forms, errors, tags, and the site on disk. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/export_names.h"
#include "web/request.h"
#include "web/web.h"
#include "../tools/whole_file.h"

#define SHARE PICKET_SOURCE_DIR "/share"

static arena *a;
static web *pages;
static store *catalogue;
static char folder[] = "/tmp/picket-pages-XXXXXX";
static pk_str catalogue_path;

static int setup(void **state)
{
    (void)state;
    a = arena_new();
    diag_list *d = diag_list_new();
    if (!mkdtemp(folder)) return 1;
    catalogue_path = arena_printf(a, "%s/catalog.db", folder);
    pk_str rules = STR(SHARE "/rules");
    pk_store_options o = {.rules = {&rules, 1}, .share = SHARE};
    pk_store_report report = {0};
    if (pk_store_build(catalogue_path.ptr, &o, &report, NULL, NULL) != PK_OK || report.rules < 10) return 1;
    if (web_new(&pages, SHARE "/web", d) != PK_OK || store_open(&catalogue, catalogue_path.ptr, NULL, d) != PK_OK) return 1;
    diag_list_free(d);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(catalogue);
    web_free(pages);
    int done = system(arena_printf(a, "rm -rf %s", folder).ptr);
    arena_free(a);
    return done;
}

static web_response ask(const char *method, const char *url, const char *tag)
{
    pk_str whole = str_from(url);
    size_t mark = str_find_char(whole, '?');
    web_request r = {.method = str_from(method), .path = str_slice(whole, 0, mark), .if_none_match = str_from(tag)};
    if (mark != STR_NPOS) r.query = str_slice(whole, mark + 1, whole.len);
    web_response out = {0};
    web_handle(pages, catalogue, &r, a, &out);
    return out;
}

static web_response get(const char *url) { return ask("GET", url, ""); }
static bool has(pk_str s, const char *part) { return str_find(s, str_from(part)) != STR_NPOS; }

/* The value of a query without the pages. */
static value answer(const char *name, const char *first, const char *second)
{
    query_argument args[2] = {{STR("language"), str_from(first)}, {STR("key"), str_from(second)}};
    query_arguments given = {args, first ? 2 : 0};
    query_error e = {0};
    value v = query_run(catalogue, query_find(str_from(name)), &given, a, &e);
    assert_int_not_equal(v.type, VALUE_MISSING);
    return v;
}

static const value *member(const value *v, const char *name)
{
    const value *found = value_get(v, str_from(name));
    assert_non_null(found);
    return found;
}

static void expect_page(const char *url)
{
    web_response r = get(url);
    if (r.status != 200 || !has(r.body, "<h1")) fail_msg("%s: %d", url, r.status);
    assert_string_equal(r.type, "text/html; charset=utf-8");
    assert_true(str_starts_with(r.body, STR("<!DOCTYPE html>")));
    assert_true(r.etag.len > 2);
    /* What the policy forbids is not in the page. */
    if (has(r.body, "<style") || has(r.body, " style=\"") || has(r.body, "=\"javascript:") || has(r.body, " onclick=\"") || has(r.body, "<meta http-equiv")) fail_msg("%s", url);
    /* No tag of a template is left. */
    if (has(r.body, "{{") || has(r.body, "}}")) fail_msg("%s: a tag of a template", url);
}

static void test_every_kind_of_page(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "/", "/rules", "/rules?level=high&sort=level&order=asc", "/rules/sigma", "/rules/problems", "/attack", "/attack?color=runnable", "/attack/T1059",
        "/attack/T1059?tab=sigma&only=1", "/sources", "/sources/sysmon/1", "/indicators", "/indicators?kind=ends_with", "/fields", "/fields/Image", "/search",
        "/search?q=powershell", "/compare", "/compare?rule=sigma/x", "/coverage", "/coverage?sources=sysmon/1",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) expect_page(urls[i]);
}

/* Rules, indicators, fields: all of them, each below 100 KB. */
static void test_pages_of_all_rules(void **state)
{
    (void)state;
    value all = answer("rules", NULL, NULL);
    const value *rules = member(&all, "rules");
    assert_true(rules->as.list.count > 10);
    for (size_t i = 0; i < rules->as.list.count; i++) {
        const value *card = &rules->as.list.items[i];
        pk_str language = member(card, "language")->as.string, key = member(card, "key")->as.string;
        pk_str url = arena_printf(a, "/rules/" STR_FMT "/" STR_FMT, STR_ARG(language), STR_ARG(percent_encode(a, key)));
        expect_page(url.ptr);
        web_response r = get(url.ptr);
        assert_in_range(r.body.len, 3000, 100000);
        assert_true(has(r.body, "Stages and Predicates"));
        /* The same as JSON is what the query says, and the source is the source. */
        value v = answer("rule", arena_cstring(a, language), arena_cstring(a, key));
        text json = {0};
        value_write_json(&json, &v);
        text_put_char(&json, '\n');
        web_response as_json = get(arena_concat(a, url, STR(".json")).ptr);
        assert_string_equal(as_json.type, "application/json");
        assert_true(str_equal(as_json.body, text_view(&json)));
        web_response from_api = get(arena_concat(a, STR("/api/v1"), url).ptr);
        assert_true(str_equal(from_api.body, text_view(&json)));
        web_response raw = get(arena_concat(a, url, STR(".raw")).ptr);
        assert_string_equal(raw.type, "text/plain; charset=utf-8");
        assert_true(str_equal(raw.body, member(member(&v, "body"), "text")->as.string));
        text_free(&json);
    }
}

static void test_other_forms_of_lists(void **state)
{
    (void)state;
    value all = answer("rules", NULL, NULL);
    size_t rules = (size_t)member(&all, "of")->as.integer, lines = 0, rows = 0;
    web_response json = get("/rules.ndjson"), csv = get("/rules.csv"), queries = get("/rules.txt");
    for (size_t i = 0; i < json.body.len; i++) lines += json.body.ptr[i] == '\n';
    for (size_t i = 1; i < csv.body.len; i++) rows += csv.body.ptr[i - 1] == '\r' && csv.body.ptr[i] == '\n';
    assert_int_equal(lines, rules);
    assert_int_equal(rows, rules + 1);
    assert_string_equal(csv.type, "text/csv; charset=utf-8");
    assert_true(csv.attachment.len > 0 && json.attachment.len > 0);
    assert_true(has(queries.body, "title:") && has(queries.body, "# sigma/"));
    web_response filtered = get("/rules.ndjson?level=critical");
    size_t fewer = 0;
    for (size_t i = 0; i < filtered.body.len; i++) fewer += filtered.body.ptr[i] == '\n';
    assert_true(fewer < lines);
    web_response layer = get("/api/v1/layer?level=high");
    assert_true(layer.status == 200 && has(layer.body, "\"4.5\""));
    web_response described = get("/api/v1/openapi.json");
    assert_true(described.status == 200 && has(described.body, "\"openapi\":\"3.1"));
}

/* The matrix as a picture and as a table; other pages are none. */
static void test_the_matrix_in_other_forms(void **state)
{
    (void)state;
    web_response svg = get("/attack.svg?language=sigma&color=runnable"), csv = get("/attack.csv"), page = get("/attack");
    assert_int_equal(svg.status, 200);
    assert_string_equal(svg.type, "image/svg+xml");
    assert_true(str_starts_with(svg.body, STR("<?xml")) && has(svg.body, "</svg>") && has(svg.body, ">T1059<") && has(svg.body, "language=sigma"));
    assert_true(has(svg.body, "ATT&amp;CK matrix by rules that run") && has(svg.body, ">all run<"));
    assert_false(has(svg.body, "style"));
    assert_true(has(page.body, "href=\"/attack.svg\"") && has(page.body, "href=\"/attack.csv\""));
    assert_true(str_starts_with(csv.body, STR("tactic,id,name,parent,rules,runnable,alerts\r\n")));
    assert_true(has(csv.body, "\nExecution,T1059,\"Command and Scripting Interpreter\",,"));
    assert_true(has(csv.body, "\nExecution,T1059.001,PowerShell,T1059,"));
    assert_int_equal(get("/rules.svg").status, 404);
    assert_int_equal(get("/attack.svg?author=x%3Cscript%3E").status, 200);
    assert_false(has(get("/attack.svg?author=x%3Cscript%3E").body, "<script"));
    assert_int_equal(get("/attack.svg?color=none").status, 400);
}

/* Whole rules: an archive, a STIX bundle, a report; the same bytes each time. */
static void test_rules_to_take_away(void **state)
{
    (void)state;
    web_response archive = get("/rules.tar.gz?level=high"), again = get("/rules.tar.gz?level=high"), stix = get("/rules/sigma.stix.json"), report = get("/rules.report.html?level=high");
    assert_int_equal(archive.status, 200);
    assert_string_equal(archive.type, "application/gzip");
    assert_true(archive.body.len > 100 && (uint8_t)archive.body.ptr[0] == 0x1f && (uint8_t)archive.body.ptr[1] == 0x8b);
    assert_true(str_equal(archive.body, again.body));
    assert_true(str_equal(archive.attachment, STR("picket-rules.tar.gz")));
    assert_int_equal(stix.status, 200);
    assert_string_equal(stix.type, "application/stix+json;version=2.1");
    assert_true(has(stix.body, "\"pattern_type\":\"sigma\"") && has(stix.body, "\"relationship_type\":\"indicates\"") && has(stix.body, "\"external_id\":\"T1059.001\""));
    assert_true(str_equal(stix.body, get("/rules/sigma.stix.json").body));
    assert_int_equal(report.status, 200);
    assert_true(str_equal(report.attachment, STR("picket-rules.report.html")) && has(report.body, "Coverage by tactic") && has(report.body, "level=high"));
    assert_int_equal(get("/fields.tar.gz").status, 404);
    assert_int_equal(get("/rules.tar.gz?level=high&texts=1&queries=1").status, 200);
    assert_int_equal(get("/rules.stix.json?sort=nothing").status, 400);
    assert_true(has(get("/rules").body, "href=\"/rules.tar.gz\""));
}

static void expect_name(table *used, const char *path, const char *name)
{
    pk_str given = export_file_name(a, str_from(path), used);
    assert_string_equal(arena_cstring(a, given), name);
}

static void test_names_in_archives(void **state)
{
    (void)state;
    table used = {0};
    expect_name(&used, "windows/a b.yml", "windows/a_b.yml");
    expect_name(&used, "/etc/passwd", "etc/passwd");
    expect_name(&used, "../../x.yml", "_./_./x.yml");
    expect_name(&used, "./.ssh/-rf", "_ssh/_rf");
    expect_name(&used, "windows/A_b.yml", "windows/A_b~2.yml");
    expect_name(&used, "windows/a\\..\\b\n.yml", "windows/a_.._b_.yml");
    expect_name(&used, "", "rule");
    char path[2001];
    memset(path, 'x', 1990);
    strcpy(path + 1990, ".yml");
    assert_int_equal(export_file_name(a, str_from(path), &used).len, 92);
    for (size_t i = 10; i < 1990; i += 11) path[i] = '/';
    assert_true(str_starts_with(export_file_name(a, str_from(path), &used), STR("long/")));
    table_free(&used);
}

static void test_errors(void **state)
{
    (void)state;
    assert_int_equal(get("/nothing").status, 404);
    assert_true(has(get("/nothing").body, "name=\"q\""));
    assert_int_equal(get("/rules/sigma/none").status, 404);
    assert_int_equal(get("/attack/T9999").status, 404);
    assert_int_equal(get("/indicators/0000000000000000").status, 404);
    assert_int_equal(get("/assets/0/none.js").status, 404);
    assert_int_equal(get("/rules?sort=nothing").status, 400);
    assert_int_equal(get("/api/v1/rules?nothing=1").status, 400);
    assert_int_equal(get("/api/v1/nothing").status, 404);
    assert_int_equal(get("/rules?utm_source=x").status, 200);
    assert_int_equal(ask("DELETE", "/rules", "").status, 405);
    assert_int_equal(ask("POST", "/rules", "").status, 405);
    assert_int_equal(ask("HEAD", "/rules", "").status, 200);
    assert_int_equal(get("/attack.raw").status, 404);
    assert_int_equal(get("/sources/sysmon/1.csv").status, 404);
    text t = {0};
    text_put_char(&t, '/');
    for (int i = 0; i < 10000; i++) text_put_char(&t, 'x');
    text_put_char(&t, 0);
    assert_int_equal(get(t.ptr).status, 414);
    text_free(&t);
    web_response lost = get("/%3Cscript%3Ealert(1)%3C/script%3E");
    assert_int_equal(lost.status, 404);
    assert_false(has(lost.body, "<script>alert"));
}

static void test_tags_of_what_did_not_change(void **state)
{
    (void)state;
    web_response first = get("/rules"), again = ask("GET", "/rules", first.etag.ptr);
    assert_int_equal(again.status, 304);
    assert_int_equal(again.body.len, 0);
    assert_int_equal(ask("GET", "/rules", "\"other\"").status, 200);
    assert_int_equal(ask("GET", "/rules?level=high", first.etag.ptr).status, 200);
    assert_int_equal(ask("GET", "/rules.json", first.etag.ptr).status, 200);
    assert_int_equal(get("/nothing").etag.len, 0);
    const char *style = strstr(first.body.ptr, "/assets/");
    pk_str address = arena_str(a, (pk_str){style, strcspn(style, "\"")});
    web_response asset = get(address.ptr);
    assert_int_equal(asset.status, 200);
    assert_true(asset.immutable);
}

static void test_json_by_accept(void **state)
{
    (void)state;
    web_request r = {.method = STR("GET"), .path = STR("/rules"), .accept = STR("application/json")};
    web_response out;
    web_handle(pages, catalogue, &r, a, &out);
    assert_string_equal(out.type, "application/json");
    r.accept = STR("text/html,application/xhtml+xml,application/json;q=0.9");
    web_handle(pages, catalogue, &r, a, &out);
    assert_string_equal(out.type, "text/html; charset=utf-8");
}

static void test_an_indicator_by_its_parts(void **state)
{
    (void)state;
    value all = answer("predicates", NULL, NULL);
    const value *first = &member(&all, "predicates")->as.list.items[0];
    pk_str url = arena_printf(a, "/indicators?field=" STR_FMT "&kind=" STR_FMT "&value=" STR_FMT, STR_ARG(percent_encode(a, member(first, "field")->as.string)),
                              STR_ARG(member(first, "kind")->as.string), STR_ARG(percent_encode(a, member(first, "value")->as.string)));
    web_response r = get(url.ptr);
    assert_int_equal(r.status, 303);
    assert_true(has(r.location, arena_cstring(a, member(first, "key")->as.string)));
    assert_int_equal(get(arena_cstring(a, r.location)).status, 200);
}

/* ---- the site ---- */

typedef void (*file_fn)(const char *path, pk_str content);

static void each_file(const char *path, file_fn fn)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        pk_str below = arena_printf(a, "%s/%s", path, e->d_name);
        struct stat st;
        assert_int_equal(lstat(below.ptr, &st), 0);
        if (S_ISDIR(st.st_mode)) each_file(below.ptr, fn);
        else fn(below.ptr, S_ISREG(st.st_mode) && str_ends_with(below, STR(".html")) ? read_whole_file(a, below.ptr) : STR(""));
    }
    closedir(d);
}

static size_t links_seen;

/* Every relative address of a page is a file of the site. */
static void expect_links(const char *path, pk_str content)
{
    static const char *const attributes[] = {" href=\"", " src=\"", " action=\""};
    size_t slash = strlen(path);
    while (path[slash - 1] != '/') slash--;
    for (size_t k = 0; k < 3; k++) {
        pk_str attribute = str_from(attributes[k]), left = content;
        for (size_t found; (found = str_find(left, attribute)) != STR_NPOS;) {
            left = str_slice(left, found + attribute.len, left.len);
            pk_str to = str_slice(left, 0, strcspn(left.ptr, "\"#"));
            if (!to.len || str_starts_with(to, STR("http"))) continue;
            links_seen++;
            pk_str file = arena_printf(a, "%.*s" STR_FMT, (int)slash, path, STR_ARG(to));
            if (to.ptr[0] == '/' || access(file.ptr, R_OK) != 0) fail_msg("%s leads to " STR_FMT, path, STR_ARG(to));
        }
    }
}

static void test_site(void **state)
{
    (void)state;
    pk_web_options o = {.share = SHARE};
    pk_site_report report = {0};
    pk_str out = arena_printf(a, "%s/site", folder);
    assert_int_equal(pk_site_write(catalogue_path.ptr, out.ptr, &o, &report, NULL, NULL), PK_OK);
    assert_true(report.pages > 100);
    links_seen = 0;
    each_file(out.ptr, expect_links);
    assert_true(links_seen > 5 * report.pages);
    pk_str index = read_whole_file(a, arena_printf(a, "%s/assets/index.js", out.ptr).ptr);
    assert_true(str_starts_with(index, STR("window.picketIndex={rules:[")) && has(index, "PowerShell"));
    /* Again, over what is there. */
    assert_int_equal(pk_site_write(catalogue_path.ptr, out.ptr, &o, &report, NULL, NULL), PK_OK);
}

/* A link in the folder does not lead the writer out of it. */
static void test_site_stays_in_its_folder(void **state)
{
    (void)state;
    pk_web_options o = {.share = SHARE};
    pk_str out = arena_printf(a, "%s/linked", folder), other = arena_printf(a, "%s/other", folder);
    assert_int_equal(mkdir(out.ptr, 0777), 0);
    assert_int_equal(mkdir(other.ptr, 0777), 0);
    assert_int_equal(symlink(other.ptr, arena_printf(a, "%s/rules", out.ptr).ptr), 0);
    assert_int_not_equal(pk_site_write(catalogue_path.ptr, out.ptr, &o, NULL, NULL, NULL), PK_OK);
    assert_int_equal(rmdir(other.ptr), 0);
    assert_int_not_equal(pk_site_write(catalogue_path.ptr, "/nowhere/at/all", &o, NULL, NULL, NULL), PK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_page), cmocka_unit_test(test_pages_of_all_rules), cmocka_unit_test(test_other_forms_of_lists), cmocka_unit_test(test_the_matrix_in_other_forms), cmocka_unit_test(test_rules_to_take_away),
        cmocka_unit_test(test_names_in_archives), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_tags_of_what_did_not_change), cmocka_unit_test(test_json_by_accept), cmocka_unit_test(test_an_indicator_by_its_parts),
        cmocka_unit_test(test_site), cmocka_unit_test(test_site_stays_in_its_folder),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
