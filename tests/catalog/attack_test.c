/* ATT&CK: bundles, the table that ships, what completes it, and what ids and names of rules are now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../tools/corpora.h"
#include "catalog/attack_table.h"
#include "catalog/schema.h"
#include "api/api.h"

#define SHARE PICKET_SOURCE_DIR "/share"

static void assert_text(pk_str found, const char *expected)
{
    char *s = mem_cstring(found);
    assert_string_equal(s, expected);
    mem_free(s);
}

/* ---- a bundle with one of everything; objects refer to what stands behind them ---- */

#define REF(id, url) "\"external_references\":[{\"source_name\":\"other\",\"external_id\":\"X\"},{\"source_name\":\"mitre-attack\",\"external_id\":\"" id "\",\"url\":\"" url "\"}]"
#define TECHNIQUE(n, id, name, more) "{\"type\":\"attack-pattern\",\"id\":\"attack-pattern--" n "\",\"name\":\"" name "\"," REF(id, "https://attack.mitre.org/" id) more "},"
#define TACTIC(n, id, name, short) "{\"type\":\"x-mitre-tactic\",\"id\":\"x-mitre-tactic--" n "\",\"name\":\"" name "\",\"x_mitre_shortname\":\"" short "\",\"description\":\"About " name ".\"," REF(id, "") "},"
#define RELATION(type, from, to, more) "{\"type\":\"relationship\",\"id\":\"relationship--1\",\"relationship_type\":\"" type "\",\"source_ref\":\"" from "\",\"target_ref\":\"attack-pattern--" to "\"" more "},"
#define PHASES(name) ",\"kill_chain_phases\":[{\"kill_chain_name\":\"mitre-attack\",\"phase_name\":\"" name "\"}]"
#define REVOKED ",\"revoked\":true"

static const char bundle[] =
    "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
    RELATION("revoked-by", "attack-pattern--old", "middle", "")
    RELATION("revoked-by", "attack-pattern--middle", "proxy3", "")
    RELATION("revoked-by", "attack-pattern--a", "b", "") RELATION("revoked-by", "attack-pattern--b", "a", "")
    RELATION("uses", "intrusion-set--1", "proxy3", "") RELATION("uses", "malware--1", "proxy", "") RELATION("uses", "tool--1", "old", "")
    RELATION("uses", "intrusion-set--1", "old", "")
    RELATION("uses", "campaign--1", "proxy", REVOKED) RELATION("uses", "intrusion-set--gone", "proxy", "")
    RELATION("detects", "x-mitre-detection-strategy--1", "proxy", "")
    RELATION("uses", "intrusion-set--1", "nowhere", "")
    TACTIC("c2", "TA0011", "Command and Control", "command-and-control") TACTIC("ia", "TA0001", "Initial Access", "initial-access")
    TACTIC("spare", "TA0099", "Spare", "spare")
    TECHNIQUE("proxy3", "T1090.003", "Multi-hop Proxy", PHASES("command-and-control") ",\"x_mitre_platforms\":[\"Linux\",\"Windows\",\"Linux\",7]")
    TECHNIQUE("zeta", "T1111", "Zeta", PHASES("initial-access"))
    TECHNIQUE("proxy", "T1090", "Proxy", PHASES("command-and-control")
              ",\"description\":\"Use of [HTRAN](https://attack.mitre.org/software/S0040), <code>netsh</code>.(Citation: A (b) c) Two (Citation: D)\\n\\nThree\"")
    TECHNIQUE("old", "T1188", "Multi-hop Proxy", REVOKED) TECHNIQUE("middle", "T1189", "Between", REVOKED)
    TECHNIQUE("a", "T1201", "A", REVOKED) TECHNIQUE("b", "T1202", "B", REVOKED)
    TECHNIQUE("gone", "T1043", "Commonly Used Port", PHASES("command-and-control") ",\"x_mitre_deprecated\":true")
    TECHNIQUE("wrong", "M1043", "A mitigation", "") "{\"type\":\"attack-pattern\",\"id\":\"attack-pattern--none\",\"name\":\"No id\"},"
    "{\"type\":\"intrusion-set\",\"id\":\"intrusion-set--1\",\"name\":\"APT28\"," REF("G0007", "javascript:alert(1)") "},"
    "{\"type\":\"intrusion-set\",\"id\":\"intrusion-set--gone\",\"name\":\"Gone\",\"revoked\":true," REF("G0008", "") "},"
    "{\"type\":\"malware\",\"id\":\"malware--1\",\"name\":\"HDoor\"," REF("S0061", "https://attack.mitre.org/software/S0061") "},"
    "{\"type\":\"tool\",\"id\":\"tool--1\",\"name\":\"Net\"," REF("S0039", "") "},"
    "{\"type\":\"campaign\",\"id\":\"campaign--1\",\"name\":\"Dream Job\"," REF("C0022", "") "},"
    "{\"type\":\"x-mitre-detection-strategy\",\"id\":\"x-mitre-detection-strategy--1\",\"name\":\"Detection of Proxy\",\"x_mitre_analytic_refs\":[\"x-mitre-analytic--1\",\"x-mitre-analytic--none\",3]},"
    "{\"type\":\"x-mitre-analytic\",\"id\":\"x-mitre-analytic--1\",\"x_mitre_log_source_references\":[{\"x_mitre_data_component_ref\":\"x-mitre-data-component--2\"},{\"x_mitre_data_component_ref\":\"x-mitre-data-component--1\"}]},"
    "{\"type\":\"x-mitre-data-component\",\"id\":\"x-mitre-data-component--1\",\"name\":\"Process Creation\"},"
    "{\"type\":\"x-mitre-data-component\",\"id\":\"x-mitre-data-component--2\",\"name\":\"Network Traffic Flow\"},"
    "{\"type\":\"x-mitre-matrix\",\"id\":\"x-mitre-matrix--1\",\"tactic_refs\":[\"x-mitre-tactic--ia\",\"x-mitre-tactic--none\",\"x-mitre-tactic--c2\",\"x-mitre-tactic--ia\"]},"
    "{\"type\":\"marking-definition\",\"id\":\"m\",\"definition\":{\"statement\":\"Copyright 2015-2025, The MITRE Corporation.\"}},"
    "{\"type\":\"x-mitre-collection\",\"id\":\"c\",\"x_mitre_version\":\"18.1\"},"
    "7,\"text\",[],{\"type\":9}"
    "],\"spec_version\":\"2.0\"}";

static attack *read_bundle(const char *json, const char *newer, size_t *warnings)
{
    attack *k = NULL;
    diag_list *d = diag_list_new();
    assert_int_equal(attack_read_bundle(&k, str_from(json), str_from(newer), STR("test.json"), d), PK_OK);
    assert_int_equal(diag_total(d, PK_ERROR), 0);
    if (warnings) *warnings = diag_total(d, PK_WARNING);
    diag_list_free(d);
    return k;
}

static void reads_a_bundle(void **state)
{
    (void)state;
    size_t warnings;
    attack *k = read_bundle(bundle, "", &warnings);
    assert_int_equal(k->tactics.len, 3);
    assert_text(k->tactics.at[0].id, "TA0001"); /* the matrix' order, not the file's; what no matrix has comes last */
    assert_text(k->tactics.at[1].id, "TA0011");
    assert_text(k->tactics.at[2].id, "TA0099");
    assert_text(k->tactics.at[1].description, "About Command and Control.");

    const attack_technique *proxy = attack_technique_at(k, STR("T1090")), *sub = attack_technique_at(k, STR("T1090.003"));
    assert_text(proxy->name, "Proxy");
    assert_text(proxy->url, "https://attack.mitre.org/T1090");
    assert_text(proxy->description, "Use of HTRAN, netsh. Two\n\nThree");
    assert_int_equal(proxy->data_sources.len, 2);
    assert_text(proxy->data_sources.at[0], "Network Traffic Flow");
    assert_text(proxy->data_sources.at[1], "Process Creation");
    assert_text(proxy->detections.at[0], "Detection of Proxy");
    assert_ptr_equal(sub, proxy + 1); /* behind its parent, which comes before Zeta */
    assert_true(attack_technique_at(k, STR("T1111")) > sub);
    assert_int_equal(sub->platforms.len, 2);
    assert_text(sub->platforms.at[1], "Windows");

    assert_true(attack_technique_at(k, STR("T1188"))->retired);
    assert_true(attack_technique_at(k, STR("T1043"))->retired);
    assert_int_equal(attack_technique_at(k, STR("T1043"))->successor.len, 0);
    assert_null(attack_technique_at(k, STR("M1043")));
    assert_text(k->release, "18.1");
    assert_text(k->copyright, "\xc2\xa9 2025 The MITRE Corporation.");
    /* Two that replace each other (told once, since then the circle is broken), two without an id, three that are no objects. */
    assert_int_equal(warnings, 6);
    attack_free(k);
}

static bool uses(const attack *k, const char *technique, const char *object)
{
    for (size_t i = 0; i < k->uses.len; i++)
        if (str_equal(k->techniques.at[k->uses.at[i].technique].id, str_from(technique)) && str_equal(k->objects.at[k->uses.at[i].object].id, str_from(object)))
            return true;
    return false;
}

static void follows_uses(void **state)
{
    (void)state;
    attack *k = read_bundle(bundle, "", NULL);
    assert_int_equal(k->objects.len, 4);
    assert_int_equal(attack_technique_at(k, STR("T1090.003"))->url.len > 0, true);
    for (size_t i = 0; i < k->objects.len; i++) assert_false(str_starts_with(k->objects.at[i].url, STR("javascript")));
    /* Of a retired technique: of what it became; each once; not from revoked relations or objects. */
    assert_int_equal(k->uses.len, 3);
    assert_true(uses(k, "T1090.003", "G0007"));
    assert_true(uses(k, "T1090.003", "S0039"));
    assert_true(uses(k, "T1090", "S0061"));
    attack_free(k);
}

static void resolves(const attack *k, const char *written, const char *technique)
{
    arena *a = arena_new();
    assert_text(attack_resolve_technique(k, str_from(written), a), technique);
    arena_free(a);
}

static void resolves_tactic(const attack *k, const char *written, const char *tactic)
{
    arena *a = arena_new();
    assert_text(attack_resolve_tactic(k, str_from(written), a), tactic);
    arena_free(a);
}

static void resolves_what_a_bundle_knows(void **state)
{
    (void)state;
    attack *k = read_bundle(bundle, "", NULL);
    resolves(k, "T1188", "T1090.003"); /* through T1189 */
    resolves(k, "t1090/003", "T1090.003");
    resolves(k, "attack.t1090", "T1090");
    resolves(k, " https://attack.mitre.org/techniques/T1090/003/ ", "T1090.003");
    resolves(k, "T1043", "T1043"); /* nothing followed it */
    resolves(k, "T1201", "T1201"); /* a circle leads nowhere */
    resolves(k, "T1202", "T1201");
    resolves(k, "T4711.001", "T4711.001");
    resolves(k, "aml.t0051", "AML.T0051");
    resolves(k, "", "");
    resolves_tactic(k, "TA0011", "TA0011");
    resolves_tactic(k, "command_and_control", "TA0011");
    resolves_tactic(k, "Command & Control", "TA0011");
    resolves_tactic(k, "attack.initial-access", "TA0001");
    resolves_tactic(k, "ta4711", "TA4711");
    resolves_tactic(k, "Something New", "something-new");
    attack_free(k);
}

/* ---- what is wrong with a bundle ---- */

static pk_status status_of(pk_str json)
{
    attack *k = NULL;
    diag_list *d = diag_list_new();
    pk_status status = attack_read_bundle(&k, json, STR(""), STR("test.json"), d);
    if (status != PK_OK) assert_true(diag_total(d, PK_ERROR) > 0);
    attack_free(k);
    diag_list_free(d);
    return status;
}

static void refuses_what_is_no_bundle(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "{", "[]", "null", "{}", "{\"objects\":[]}", "{\"objects\":{}}", "{\"objects\":[{}]}", "{\"objects\":[{\"type\":\"attack-pattern\"}",
                                        "{\"objects\":[}]}", "{\"a\":[[[[}}}}", "{\"objects\":[{\"a\":\"\\", "not json", "{\"objects\":[1,,2]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(status_of(str_from(wrong[i])), PK_ERROR_SYNTAX);
    assert_int_equal(status_of(STR("{\"objects\":[\"\xff\"]}")), PK_ERROR_SYNTAX);
    /* Wherever it ends early, it is refused as a whole. */
    for (size_t n = 0; n + 1 < sizeof bundle - 1; n += 7) assert_int_equal(status_of((pk_str){bundle, n}), PK_ERROR_SYNTAX);
}

static void a_deep_object_is_left_out(void **state)
{
    (void)state;
    text t = {0};
    text_put_cstring(&t, "{\"objects\":[" TECHNIQUE("1", "T1001", "First", "") "{\"type\":\"attack-pattern\",\"x\":");
    for (int i = 0; i < 100000; i++) text_put_char(&t, '[');
    for (int i = 0; i < 100000; i++) text_put_char(&t, ']');
    text_put_cstring(&t, "}]}");
    text_put_char(&t, 0);
    size_t warnings;
    attack *k = read_bundle(t.ptr, "", &warnings);
    assert_int_equal(k->techniques.len, 1);
    assert_int_equal(warnings, 1);
    attack_free(k);
    text_free(&t);
}

/* ---- texts ---- */

static void plain_text_of_descriptions(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"A [b](c) d", "A b d"},
        {"A (Citation: X) b", "A b"},
        {"A.(Citation: X (Y) Z)(Citation: W)", "A."},
        {"A (Citation: never closed", "A"},
        {"[a] (b) [c](d", "[a] (b) c"},
        {"<code>x</code> < y <b>", "x < y <b>"},
        {"a  \t b\r\n\n\n\nc ", "a b\n\nc"},
        {"word (Citation: X), next", "word, next"},
        {"[a[b](c)", "[ab"},
        {"", ""},
    };
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_text(attack_plain_text(a, str_from(cases[i][0])), cases[i][1]);
    arena_free(a);
    assert_text(attack_first_sentence(STR("One of e.g. two. Three.")), "One of e.g. two.");
    assert_text(attack_first_sentence(STR("In the U.S. Army it is so. Yes.")), "In the U.S. Army it is so.");
    assert_text(attack_first_sentence(STR("See file.exe here\nnext. x")), "See file.exe here");
    assert_text(attack_first_sentence(STR("")), "");
}

/* ---- the compact table ---- */

static void a_table_says_what_its_bundle_said(void **state)
{
    (void)state;
    attack *k = read_bundle(bundle, "", NULL), *again = attack_new();
    text first = {0}, second = {0};
    diag_list *d = diag_list_new();
    attack_write_table(k, &first);
    assert_int_equal(attack_read_table(again, text_view(&first), false, STR("attack.tsv"), d), PK_OK);
    attack_complete(again, STR("attack.tsv"), d);
    attack_write_table(again, &second);
    assert_true(str_equal(text_view(&first), text_view(&second)));
    assert_int_equal(again->techniques.len, k->techniques.len);
    assert_int_equal(again->uses.len, k->uses.len);
    resolves(again, "T1188", "T1090.003");
    assert_int_equal(attack_technique_at(again, STR("T1043"))->tactics.len, 1);
    text_free(&first);
    text_free(&second);
    diag_list_free(d);
    attack_free(k);
    attack_free(again);
}

static void a_line_that_is_none_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"nonsense\tx", "technique\tX1", "tactic\tTA1\ta\tb", "tactic\tTA0001", "old\tT1001\tx\ty", "group\tS0001\tx", "moved\tx", "\t\t\t",
                                        "moved\tT1001\tnowhere\t"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        attack *k = attack_new();
        diag_list *d = diag_list_new();
        text t = {0};
        text_printf(&t, "# comment\n%s\n", wrong[i]);
        assert_int_equal(attack_read_table(k, text_view(&t), false, STR("x.tsv"), d), PK_ERROR_SYNTAX);
        assert_int_equal(diag_at(d, 0)->line, 2);
        text_free(&t);
        diag_list_free(d);
        attack_free(k);
    }
}

/* ---- what completes a release ---- */

static const char newer[] =
    "tactic\tTA0001\tfirst-access\tFirst Access\t\tinitial-access\n"
    "tactic\tTA0111\tsecond-access\tSecond Access\t\tinitial-access\n"
    "technique\tT2000\tNew Proxy\t\n"
    "technique\tT2000.001\tNew Sub\tsecond-access\n"
    "old\tT1090\tProxy\tT2000\n"
    "moved\tT1111\tinitial-access\tsecond-access\n";

static void completes_a_release(void **state)
{
    (void)state;
    attack *k = read_bundle(bundle, newer, NULL);
    assert_int_equal(k->tactics.len, 4);
    assert_text(k->tactics.at[0].short_name, "first-access");
    assert_text(k->tactics.at[0].description, "About Initial Access.");
    assert_text(k->tactics.at[1].id, "TA0111"); /* behind the one that it was parted from */
    resolves_tactic(k, "initial-access", "TA0001");
    resolves_tactic(k, "Second Access", "TA0111");
    const attack_technique *now = attack_technique_at(k, STR("T2000"));
    assert_text(now->tactics.at[0], "command-and-control"); /* that of the technique that it follows */
    assert_int_equal(now->data_sources.len, 2);
    assert_text(attack_technique_at(k, STR("T1111"))->tactics.at[0], "second-access");
    resolves(k, "T1090", "T2000");
    assert_true(uses(k, "T2000", "S0061"));
    attack_free(k);
}

static void leaves_a_release_that_knows(void **state)
{
    (void)state;
    static const char knows[] = "{\"objects\":["
        TACTIC("1", "TA0001", "First Access", "first-access") TACTIC("2", "TA0111", "Second Access, better", "second-access")
        TECHNIQUE("z", "T1111", "Zeta", PHASES("first-access")) TECHNIQUE("n", "T2000", "Newest Proxy", PHASES("first-access"))
        TECHNIQUE("p", "T1090", "Proxy", REVOKED) RELATION("revoked-by", "attack-pattern--p", "z", "") "{}]}";
    attack *k = read_bundle(knows, newer, NULL);
    assert_int_equal(k->tactics.len, 2);
    assert_text(k->tactics.at[1].name, "Second Access, better");
    assert_text(attack_technique_at(k, STR("T2000"))->name, "Newest Proxy");
    assert_text(attack_technique_at(k, STR("T1111"))->tactics.at[0], "first-access");
    resolves(k, "T1090", "T1111");
    resolves_tactic(k, "initial-access", "TA0001"); /* the former name still leads somewhere */
    attack_free(k);
}

/* ---- what ships ---- */

static attack *load(const char *path)
{
    attack *k = NULL;
    diag_list *d = diag_list_new();
    assert_int_equal(attack_load(&k, SHARE, path, d), PK_OK);
    assert_int_equal(diag_count(d), 0);
    diag_list_free(d);
    return k;
}

static void what_ships_is_whole(void **state)
{
    (void)state;
    attack *k = load(NULL);
    for (size_t i = 0; i < k->techniques.len; i++) {
        const attack_technique *t = &k->techniques.at[i];
        assert_true(attack_is_technique(t->id));
        assert_true(t->name.len > 0);
        if (t->retired) {
            if (t->successor.len) assert_false(k->techniques.at[attack_current(k, (uint32_t)i)].retired);
            continue;
        }
        assert_true(t->tactics.len > 0);
        for (size_t j = 0; j < t->tactics.len; j++) assert_non_null(attack_tactic_at(k, t->tactics.at[j]));
        pk_str parent = attack_parent(t->id);
        if (parent.len) assert_non_null(attack_technique_at(k, parent));
        if (parent.len) assert_false(attack_technique_at(k, parent)->retired);
    }
    attack_free(k);
}

/* Ids as published rules write them, and what MITRE says that they are. */
static void resolves_what_rules_write(void **state)
{
    (void)state;
    attack *k = load(NULL);
    resolves(k, "T1086", "T1059.001"); /* PowerShell, since the sub-techniques of 2020 */
    resolves(k, "T1060", "T1547.001");
    resolves(k, "T1150", "T1647"); /* through T1547.011 */
    resolves(k, "T1064", "T1064"); /* deprecated: several followed it */
    resolves(k, "T1562.001", "T1685");
    resolves(k, "T1070.001", "T1685.005");
    resolves(k, "t1562.004", "T1686");
    resolves(k, "T1685.001", "T1685.001");
    resolves_tactic(k, "stealth", "TA0005");
    resolves_tactic(k, "defense-evasion", "TA0005");
    resolves_tactic(k, "defense_evasion", "TA0005");
    resolves_tactic(k, "defense-impairment", "TA0112");
    assert_int_equal(k->tactics.len, 15);
    assert_text(attack_technique_at(k, STR("T1685"))->name, "Disable or Modify Tools");
    assert_text(attack_technique_at(k, STR("T1112"))->tactics.at[0], "defense-impairment");
    assert_text(attack_technique_at(k, STR("T1027.010"))->tactics.at[0], "stealth");
    attack_free(k);
}

/* ---- in a catalogue ---- */

static sqlite3 *new_catalogue(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, catalog_schema, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql) { assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK); }

static void assert_row(sqlite3 *db, const char *sql, const char *expected)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    const unsigned char *s = sqlite3_column_text(st, 0);
    assert_string_equal(s ? (const char *)s : "NULL", expected);
    sqlite3_finalize(st);
}

static void fills_the_tables(void **state)
{
    (void)state;
    attack *k = load(NULL);
    sqlite3 *db = new_catalogue();
    diag_list *d = diag_list_new();
    for (int twice = 0; twice < 2; twice++) assert_int_equal(attack_store(k, db, d), PK_OK);
    assert_row(db, "SELECT shown || ' ' || name || ' ' || short FROM tactic WHERE id = 'TA0011'", "Command & Control Command and Control command-and-control");
    assert_row(db, "SELECT predecessor FROM tactic WHERE id = 'TA0112'", "defense-evasion");
    assert_row(db, "SELECT name || ' ' || parent || ' ' || url FROM technique WHERE id = 'T1090.003'", "Multi-hop Proxy T1090 https://attack.mitre.org/techniques/T1090/003");
    assert_row(db, "SELECT retired || successor FROM technique WHERE id = 'T1188'", "1T1090.003");
    assert_row(db, "SELECT successor FROM technique WHERE id = 'T1150'", "T1647"); /* not T1547.011, which came between */
    assert_row(db, "SELECT group_concat(value, ',') FROM (SELECT value FROM technique_list WHERE technique = 'T1090.004' AND kind = 'platform' ORDER BY position)", "Linux,macOS,Windows,ESXi");
    assert_row(db, "SELECT name FROM attack_object WHERE id = 'G0007'", "APT28");
    assert_row(db, "SELECT count(*) FROM technique_use WHERE object = 'G0007' AND technique = 'T1090.003'", "1");
    assert_row(db, "SELECT value FROM meta WHERE key = 'attack'", "18.1");
    assert_row(db, "SELECT value LIKE '%2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.%' FROM meta WHERE key = 'attack_terms'", "1");
    diag_list_free(d);
    sqlite3_close(db);
    attack_free(k);
}

/* Nothing that a rule names is dropped: unknown sub-techniques stand by their parent, others where their rules are, or in a tactic of their own. */
static void keeps_what_only_rules_know(void **state)
{
    (void)state;
    attack *k = load(NULL);
    sqlite3 *db = new_catalogue();
    diag_list *d = diag_list_new();
    attack_store(k, db, d);
    run(db, "INSERT INTO file(id, path, state) VALUES(1, 'x', 'rules');"
            "INSERT INTO rule(id, language, key, rule_id, file, line, type, state, counts, syntax, source)"
            " VALUES(1, 'sigma', 'a', 'a', 1, 1, 'single event', 'runnable', 1, 'yaml', ''), (2, 'sigma', 'b', 'b', 1, 1, 'single event', 'runnable', 1, 'yaml', '');"
            "INSERT INTO rule_technique VALUES(1, 'T1090.077', 'T1090.077'), (1, 'T7001', 'T7001'), (2, 'T7002', 'T7002'), (1, 'T1090', 'T1090');"
            "INSERT INTO rule_tactic VALUES(1, 'strange', 'strange')");
    for (int twice = 0; twice < 2; twice++) assert_int_equal(attack_store_unknown(db, d), PK_OK);
    assert_row(db, "SELECT tactic FROM technique_tactic WHERE technique = 'T1090.077'", "TA0011");
    assert_row(db, "SELECT parent FROM technique WHERE id = 'T1090.077'", "T1090");
    assert_row(db, "SELECT tactic FROM technique_tactic WHERE technique = 'T7001'", "strange");
    assert_row(db, "SELECT name FROM tactic WHERE id = 'strange'", "strange");
    assert_row(db, "SELECT tactic FROM technique_tactic WHERE technique = 'T7002'", "other");
    assert_row(db, "SELECT name FROM technique WHERE id = 'T7002'", "NULL");
    assert_row(db, "SELECT count(*) FROM technique WHERE known = 0", "3");
    run(db, "DELETE FROM rule_technique WHERE technique LIKE 'T7%'; DELETE FROM rule_tactic");
    attack_store_unknown(db, d);
    assert_row(db, "SELECT count(*) FROM technique WHERE known = 0", "1");
    assert_row(db, "SELECT count(*) FROM tactic", "15");
    diag_list_free(d);
    sqlite3_close(db);
    attack_free(k);
}

/* ---- the published bundle ---- */

/* Numbers as counted by a script that shares nothing with picket (corpora/README.md has most of them). */
static void reads_the_published_bundle(void **state)
{
    (void)state;
    const char *corpora = corpora_root();
    char path[4096];
    snprintf(path, sizeof path, "%s/attack/enterprise-attack-18.1.json", corpora);
    if (!*corpora) {
        printf("skipped 1 cases: corpora absent\n");
        return;
    }
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    pk_str json;
    attack *k = NULL;
    assert_int_equal(read_text_file(path, ATTACK_FILE_LIMIT, a, &json, d), PK_OK);
    assert_int_equal(attack_read_bundle(&k, json, STR(""), str_from(path), d), PK_OK);
    assert_int_equal(diag_count(d), 0);
    size_t live = 0;
    for (size_t i = 0; i < k->techniques.len; i++) live += !k->techniques.at[i].retired;
    assert_int_equal(k->techniques.len, 835);
    assert_int_equal(live, 691);
    assert_int_equal(k->tactics.len, 14);
    assert_text(k->tactics.at[0].short_name, "reconnaissance");
    assert_text(k->tactics.at[13].short_name, "impact");
    assert_int_equal(k->uses.len, 16017);
    assert_text(k->release, "18.1");

    /* What ships was made from it. */
    pk_str table_text;
    text made = {0};
    attack_write_table(k, &made);
    assert_int_equal(read_text_file(SHARE "/attack/attack.tsv", ATTACK_FILE_LIMIT, a, &table_text, d), PK_OK);
    assert_true(str_ends_with(table_text, text_view(&made)));
    text_free(&made);
    attack_free(k);
    diag_list_free(d);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_bundle),
        cmocka_unit_test(follows_uses),
        cmocka_unit_test(resolves_what_a_bundle_knows),
        cmocka_unit_test(refuses_what_is_no_bundle),
        cmocka_unit_test(a_deep_object_is_left_out),
        cmocka_unit_test(plain_text_of_descriptions),
        cmocka_unit_test(a_table_says_what_its_bundle_said),
        cmocka_unit_test(a_line_that_is_none_is_told),
        cmocka_unit_test(completes_a_release),
        cmocka_unit_test(leaves_a_release_that_knows),
        cmocka_unit_test(what_ships_is_whole),
        cmocka_unit_test(resolves_what_rules_write),
        cmocka_unit_test(fills_the_tables),
        cmocka_unit_test(keeps_what_only_rules_know),
        cmocka_unit_test(reads_the_published_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
