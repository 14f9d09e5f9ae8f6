/* Techniques, the matrix, layers and coverage out of a small catalogue whose numbers can be counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/attack.h"
#include "catalog/schema.h"
#include "catalog/store.h"
#include "event/json_text.h"

/*
 * Rules by id: language, level, name, techniques.
 *
 *     1 sigma   high   Beta      T1090               4 yara-l  low       vendor_low   T1090.003
 *     2 sigma   low    Alpha     T1090.003 T1059     5 yara-l  critical  vendor_crit  T1090
 *     3 sigma   (none) Gamma     T1059.001           6 splunk  (none)    Vendor none  T1090.001 T1090.002
 *     7 sigma   high   Old       T1043 (nothing followed it), T7001 (nobody knows it), tactic "strange"
 *     8 sigma   medium Written   T1188 -> T1090.003
 *     9 splunk  (none) Another   T1090.003 T1572
 *
 * sysmon/1 evaluates 1 and 3 fully, 2 in part; sysmon/3 evaluates 2 fully; nobody the others. 9 is an error.
 */
static const char rules[] =
    "INSERT INTO meta VALUES('built', 'x');"
    "INSERT INTO language VALUES('sigma','Sigma','sigma',0,1),('splunk','Splunk','cim',1,1),('yara-l','SecOps','udm',1,1),('elastic','Elastic','ecs',1,0);"
    "INSERT INTO file(id, path, state) VALUES(1, 'rules', 'rules');"
    "INSERT INTO rule(id, language, key, rule_id, file, line, title, name, level, level_rank, type, state, counts, syntax, source, product) VALUES"
    "(1,'sigma','a','a',1,1,'Beta',NULL,'high',3,'single event','runnable',1,'yaml','source a','windows'),"
    "(2,'sigma','b','b',1,1,'Alpha',NULL,'low',1,'single event','runnable',1,'yaml','source b','windows'),"
    "(3,'sigma','c','c',1,1,'Gamma',NULL,NULL,NULL,'single event','runnable',1,'yaml','source c','linux'),"
    "(4,'yara-l','d','d',1,1,'d','vendor_low','low',1,'single event','runnable',1,'yara-l','source d',NULL),"
    "(5,'yara-l','e','e',1,1,'e','vendor_crit','critical',4,'single event','runnable',1,'yara-l','source e',NULL),"
    "(6,'splunk','f','f',1,1,'Vendor none',NULL,NULL,NULL,'aggregation','runnable',1,'yaml','source f',NULL),"
    "(7,'sigma','g','g',1,1,'Old',NULL,'high',3,'single event','runnable',1,'yaml','source g','windows'),"
    "(8,'sigma','h','h',1,1,'Written',NULL,'medium',2,'single event','runnable',1,'yaml','source h','windows'),"
    "(9,'splunk','i','i',1,1,'Another',NULL,NULL,NULL,'aggregation','error',0,'yaml','source i',NULL);"
    "INSERT INTO rule_technique VALUES(1,'T1090','T1090'),(2,'T1090.003','T1090.003'),(2,'T1059','T1059'),(3,'T1059.001','T1059.001'),"
    "(4,'T1090.003','T1090.003'),(5,'T1090','T1090'),(6,'T1090.001','T1090.001'),(6,'T1090.002','T1090.002'),(7,'T1043','T1043'),(7,'T7001','T7001'),"
    "(8,'T1188','T1090.003'),(9,'T1090.003','T1090.003'),(9,'T1572','T1572');"
    "INSERT INTO rule_tactic VALUES(7,'strange','strange'),(1,'command-and-control','TA0011');"
    "INSERT INTO class(id, name, family, provider, event, title, key) VALUES(1,'x','windows','Sysmon','Event ID 1','Process creation','sysmon/1'),"
    "(2,'y','windows','Sysmon','Event ID 3','Network connection','sysmon/3'),(3,'z','windows','Sysmon','Event ID 5','Process end','sysmon/5');"
    "INSERT INTO rule_class VALUES(1,1,'full','[]',1),(3,1,'full','[]',1),(2,1,'part','[\"Hashes\"]',0),(2,2,'full','[]',1),(9,2,'full','[]',1);"
    "INSERT INTO predicate(id, key, family, field, kind, cased, value, folded, form, rules) VALUES"
    "(1,'k1','sigma','Image','ends_with',0,'\\x.exe','\\x.exe','',3),(2,'k2','sigma','Image','equals',0,'once','once','',1),(3,'k3','sigma','Port','equals',0,'1080','1080','',2);"
    "INSERT INTO rule_predicate(rule, predicate, positive, negative, position, shown) VALUES(1,1,1,0,0,''),(2,1,1,0,0,''),(8,1,1,1,0,''),(1,3,1,0,1,''),(2,3,1,0,1,''),(8,3,0,1,1,''),(1,2,1,0,2,'');";

typedef struct {
    char path[64];
    store *store;
    arena *arena;
} fixture;

static void run(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
}

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    snprintf(f->path, sizeof f->path, "/tmp/picket-technique-XXXXXX");
    close(mkstemp(f->path));
    sqlite3 *db;
    attack *k;
    diag_list *d = diag_list_new();
    char format[100];
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    run(db, catalog_schema);
    run(db, "BEGIN");
    snprintf(format, sizeof format, "INSERT INTO meta VALUES('format', '%d')", CATALOG_FORMAT);
    run(db, format);
    run(db, rules);
    assert_int_equal(attack_load(&k, PICKET_SOURCE_DIR "/share", NULL, d), PK_OK);
    assert_int_equal(attack_store(k, db, d), PK_OK);
    assert_int_equal(attack_store_unknown(db, d), PK_OK);
    run(db, "COMMIT");
    sqlite3_close(db);
    assert_int_equal(store_open(&f->store, f->path, NULL, d), PK_OK);
    f->arena = arena_new();
    attack_free(k);
    diag_list_free(d);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    store_close(f->store);
    arena_free(f->arena);
    unlink(f->path);
    mem_free(f);
    return 0;
}

/* ---- asking ---- */

/* `args`: "id=T1090 only=1"; "+" stands for a blank. */
static value ask_for(fixture *f, const char *name, const char *args, query_error *e)
{
    query_argument items[20];
    size_t n = 0;
    for (pk_str left = str_from(args); left.len;) {
        size_t blank = str_find_char(left, ' ');
        pk_str one = str_slice(left, 0, blank);
        size_t equals = str_find_char(one, '=');
        char *v = arena_cstring(f->arena, str_slice(one, equals + 1, one.len));
        for (char *c = v; *c; c++)
            if (*c == '+') *c = ' ';
        items[n++] = (query_argument){str_slice(one, 0, equals), str_from(v)};
        left = blank == STR_NPOS ? STR("") : str_slice(left, blank + 1, left.len);
    }
    query_arguments list = {items, n};
    return query_run(f->store, query_find(str_from(name)), &list, f->arena, e);
}

static value ask(fixture *f, const char *name, const char *args)
{
    query_error e;
    value v = ask_for(f, name, args, &e);
    if (v.type == VALUE_MISSING) fail_msg("%s %s: %.*s", name, args, STR_ARG(e.message));
    return v;
}

/* By "vendor.rules.0.title". */
static const value *at(const value *v, const char *path)
{
    for (pk_str left = str_from(path); left.len && v;) {
        size_t dot = str_find_char(left, '.');
        pk_str name = str_slice(left, 0, dot);
        int64_t n;
        if (v->type == VALUE_LIST && str_to_int(name, false, &n)) v = n >= 0 && (size_t)n < v->as.list.count ? &v->as.list.items[n] : NULL;
        else v = value_get(v, name);
        left = dot == STR_NPOS ? STR("") : str_slice(left, dot + 1, left.len);
    }
    return v;
}

static void assert_at(const value *v, const char *path, const char *expected)
{
    const value *found = at(v, path);
    arena *a = arena_new();
    text t = {0};
    pk_str s;
    if (!found) fail_msg("there is no '%s'", path);
    else if (!value_text(a, found, &s)) value_write_json(&t, found);
    else text_put(&t, s);
    text_put_char(&t, 0);
    if (strcmp(t.ptr, expected) != 0) fail_msg("%s is '%s', not '%s'", path, t.ptr, expected);
    text_free(&t);
    arena_free(a);
}

/* A member of all records of a list, joined by blanks. */
static void assert_each(const value *v, const char *path, const char *member, const char *expected)
{
    const value *list = *path ? at(v, path) : v;
    arena *a = arena_new();
    text t = {0};
    if (!list || list->type != VALUE_LIST) fail_msg("there is no list '%s'", path);
    for (size_t i = 0; list && i < list->as.list.count; i++) {
        const value *one = value_get(&list->as.list.items[i], str_from(member));
        pk_str s = STR("-");
        if (one) value_text(a, one, &s);
        if (i) text_put_char(&t, ' ');
        text_put(&t, s);
    }
    text_put_char(&t, 0);
    if (strcmp(t.ptr, expected) != 0) fail_msg("%s of %s: '%s', not '%s'", member, path, t.ptr, expected);
    text_free(&t);
    arena_free(a);
}

/* The record of a list whose member "id" (or another) is this. */
static const value *find(const value *list, const char *member, const char *wanted)
{
    assert_non_null(list);
    for (size_t i = 0; i < list->as.list.count; i++) {
        const value *v = value_get(&list->as.list.items[i], str_from(member));
        if (v && v->type == VALUE_STRING && str_equal(v->as.string, str_from(wanted))) return &list->as.list.items[i];
    }
    fail_msg("nothing has %s %s", member, wanted);
    return NULL;
}

/* ---- a technique ---- */

static void a_technique_and_its_rules(void **state)
{
    value v = ask(*state, "technique", "id=t1090");
    assert_at(&v, "id", "T1090");
    assert_at(&v, "name", "Proxy");
    assert_at(&v, "tactics.0.shown", "Command & Control");
    assert_at(&v, "retired", "false");
    /* Vendors' rules, without Sigma's: critical, low, then those without severity by name. */
    assert_each(&v, "vendor.rules", "name", "vendor_crit vendor_low Another Vendor none");
    assert_at(&v, "vendor.rules.0.query", "source e");
    assert_at(&v, "vendor.total", "4");
    assert_at(&v, "vendor.loaded", "true");
    assert_at(&v, "tab", "vendor");
    assert_null(at(&v, "rules"));
    assert_each(&v, "tabs", "language", "vendor sigma elastic yara-l splunk");
    assert_each(&v, "tabs", "count", "4 3 0 2 2");
    /* 2 names T1059 too, 9 T1572; 6 names two sub-techniques of this one. */
    assert_each(&v, "tabs", "only", "3 2 0 2 1");
    assert_each(&v, "sub_techniques", "id", "T1090.001 T1090.002 T1090.003 T1090.004");
    assert_each(&v, "sub_techniques", "rules", "1 1 4 0");
    /* Most shared first; what only a filter looks for (8's port) and what one rule has alone do not count. */
    assert_each(&v, "predicates", "key", "k1 k3");
    assert_each(&v, "predicates", "rules", "3 2");
    assert_each(&v, "events", "key", "sysmon/3 sysmon/1");
    assert_at(&v, "total", "7");
    assert_at(&v, "runnable", "2");
    assert_at(find(at(&v, "groups"), "name", "APT28"), "id", "G0007");
    assert_at(&v, "predecessors", "[]");
}

static void a_tab_and_only_this_technique(void **state)
{
    value v = ask(*state, "technique", "id=T1090 tab=sigma");
    assert_at(&v, "tab", "sigma");
    assert_each(&v, "rules.rules", "title", "Beta Written Alpha");
    v = ask(*state, "technique", "id=T1090 tab=sigma only=1");
    assert_each(&v, "rules.rules", "title", "Beta Written");
    assert_each(&v, "vendor.rules", "name", "vendor_crit vendor_low Vendor none");
    assert_at(&v, "only", "true");
    v = ask(*state, "technique", "id=T1090 tab=sigma level=high");
    assert_each(&v, "rules.rules", "title", "Beta");
    assert_at(&v, "rules.of", "3");
    assert_at(&v, "vendor.total", "0");
    assert_at(&v, "vendor.of", "4");
    v = ask(*state, "technique", "id=T1090 tab=sigma sort=title order=asc");
    assert_each(&v, "rules.rules", "title", "Alpha Beta Written");
    v = ask(*state, "technique", "id=T1090 sources=sysmon/3");
    assert_at(&v, "runnable", "1");
}

static void a_sub_technique(void **state)
{
    value v = ask(*state, "technique", "id=T1090.003");
    assert_at(&v, "parent.name", "Proxy");
    assert_each(&v, "tabs", "count", "2 2 0 1 1");
    assert_each(&v, "tabs", "only", "1 1 0 1 0");
    assert_each(&v, "predecessors", "id", "T1188");
    assert_at(&v, "sub_techniques", "[]");
}

static void an_id_that_was_replaced(void **state)
{
    value v = ask(*state, "technique", "id=T1188");
    assert_at(&v, "retired", "true");
    assert_at(&v, "successor.id", "T1090.003");
    assert_at(&v, "tab", "sigma"); /* no vendor's rule writes it */
    assert_each(&v, "rules.rules", "title", "Written");
    assert_at(&v, "total", "1");
    v = ask(*state, "technique", "id=T1043");
    assert_at(&v, "retired", "true");
    assert_null(at(&v, "successor"));
    assert_each(&v, "rules.rules", "title", "Old");
}

static void an_id_that_only_rules_know(void **state)
{
    query_error e;
    value v = ask(*state, "technique", "id=T7001");
    assert_null(at(&v, "name"));
    assert_at(&v, "known", "false");
    assert_each(&v, "tactics", "id", "strange");
    assert_each(&v, "rules.rules", "title", "Old");
    v = ask_for(*state, "technique", "id=T7002", &e);
    assert_int_equal(v.type, VALUE_MISSING);
    assert_int_equal(e.status, PK_ERROR_IO);
}

static void says_that_no_vendor_is_loaded(void **state)
{
    fixture *f = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    run(db, "DELETE FROM rule WHERE language <> 'sigma'; DELETE FROM rule_technique WHERE rule NOT IN (SELECT id FROM rule); UPDATE language SET known = 0 WHERE vendor = 1;"
            "UPDATE meta SET value = 'y' WHERE key = 'built'");
    sqlite3_close(db);
    value v = ask(f, "technique", "id=T1090");
    assert_at(&v, "vendor.loaded", "false");
    assert_true(str_find(at(&v, "vendor.note")->as.string, STR("No rules in a vendor's own language are loaded")) == 0);
    assert_at(&v, "tab", "sigma");
    assert_each(&v, "rules.rules", "title", "Beta Written Alpha");
}

static void all_techniques(void **state)
{
    value v = ask(*state, "techniques", "");
    const value *list = at(&v, "techniques"), *proxy = find(list, "id", "T1090"), *sub = find(list, "id", "T1090.003");
    assert_at(proxy, "rules", "7");
    assert_at(proxy, "rules_only", "5");
    assert_at(proxy, "by_language", "{\"sigma\":3,\"yara-l\":2,\"splunk\":2}");
    assert_at(sub, "rules", "4");
    assert_at(sub, "rules_only", "2");
    assert_at(sub, "tactics", "[\"command-and-control\"]");
    assert_at(find(list, "id", "T7001"), "rules", "1");
    assert_at(find(list, "id", "T1043"), "retired", "true");
    for (size_t i = 0; i < list->as.list.count; i++) assert_false(str_equal(at(&list->as.list.items[i], "id")->as.string, STR("T1188")));
}

/* ---- the matrix ---- */

static const value *cell(const value *v, const char *tactic, const char *technique)
{
    return find(at(find(at(v, "tactics"), "id", tactic), "techniques"), "id", technique);
}

static void the_matrix(void **state)
{
    value v = ask(*state, "matrix", "");
    assert_each(&v, "tactics", "short",
                "reconnaissance resource-development initial-access execution persistence privilege-escalation stealth defense-impairment credential-access discovery "
                "lateral-movement collection command-and-control exfiltration impact strange");
    const value *proxy = cell(&v, "TA0011", "T1090");
    assert_at(proxy, "rules", "7");
    assert_at(proxy, "own", "2");
    assert_at(proxy, "runnable", "2");
    assert_at(proxy, "shade", "3");
    assert_each(proxy, "sub", "id", "T1090.001 T1090.002 T1090.003 T1090.004");
    assert_each(proxy, "sub", "rules", "1 1 4 0");
    assert_each(proxy, "sub", "own", "1 1 4 0");
    assert_each(proxy, "sub", "shade", "1 1 2 0");
    assert_at(find(at(proxy, "by_language"), "name", "sigma"), "rules", "3");
    assert_at(cell(&v, "strange", "T7001"), "known", "false");
    assert_at(cell(&v, "TA0011", "T1043"), "retired", "true"); /* shown since a rule names it */
    assert_null(at(proxy, "in_layer"));
    assert_at(&v, "layer", "null");
    assert_at(&v, "color", "rules");
    assert_each(&v, "legend", "shade", "0 1 2 3 4 5");
    const value *tactics = at(&v, "tactics");
    assert_at(find(tactics, "id", "TA0005"), "was", "defense-evasion");
}

static void the_matrix_by_what_runs(void **state)
{
    value v = ask(*state, "matrix", "color=runnable sources=sysmon/1 language=sigma");
    const value *shell = cell(&v, "TA0002", "T1059"), *proxy = cell(&v, "TA0011", "T1090");
    assert_at(shell, "rules", "2");
    assert_at(shell, "runnable", "1"); /* of 2, sysmon/1 has only a part */
    assert_at(shell, "shade", "3");
    assert_at(proxy, "rules", "3");
    assert_at(proxy, "runnable", "1");
    assert_at(proxy, "shade", "2");
    assert_at(&v, "rules", "5");
    assert_at(cell(&v, "TA0043", "T1595"), "shade", "0");
}

static void the_matrix_against_a_layer(void **state)
{
    value v = ask(*state, "matrix", "layer={\"name\":\"mine\",\"techniques\":[{\"techniqueID\":\"T1188\"},{\"techniqueID\":\"T1595\"},{\"techniqueID\":\"T1059\"},{\"techniqueID\":\"T9999\"}]}");
    assert_at(&v, "layer.name", "mine");
    assert_at(&v, "layer.both", "2");       /* T1090.003, which T1188 became, and T1059 */
    assert_at(&v, "layer.only_layer", "1"); /* T1595 */
    assert_at(&v, "layer.only_rules", "7"); /* T1090, .001, .002, T1059.001, T1572, T1043, T7001 */
    assert_at(cell(&v, "TA0011", "T1090"), "in_layer", "false");
    assert_each(cell(&v, "TA0011", "T1090"), "sub", "in_layer", "false false true false");
    query_error e;
    value wrong = ask_for(*state, "matrix", "layer={}", &e);
    assert_int_equal(wrong.type, VALUE_MISSING);
    assert_int_equal(e.status, PK_ERROR_USAGE);
}

static void the_matrix_against_a_group(void **state)
{
    value v = ask(*state, "matrix", "group=g0007");
    assert_at(&v, "layer.name", "APT28 (G0007)");
    assert_each(cell(&v, "TA0011", "T1090"), "sub", "in_layer", "false true true false"); /* T1090.002, T1090.003 */
    query_error e;
    value wrong = ask_for(*state, "matrix", "group=G9999", &e);
    assert_int_equal(wrong.type, VALUE_MISSING);
    assert_int_equal(e.status, PK_ERROR_USAGE);
}

static void a_layer_of_the_rules(void **state)
{
    value v = ask(*state, "layer", "name=ours language=sigma");
    assert_at(&v, "name", "ours");
    assert_at(&v, "versions", "{\"attack\":\"19\",\"navigator\":\"5.1.0\",\"layer\":\"4.5\"}");
    const value *proxy = find(at(&v, "techniques"), "techniqueID", "T1090");
    assert_at(proxy, "score", "3");
    assert_at(proxy, "comment", "3 rules");
    assert_at(proxy, "metadata", "[{\"name\":\"Sigma\",\"value\":\"3 rules\"},{\"name\":\"can run\",\"value\":\"2 of 3\"},{\"name\":\"of the technique itself\",\"value\":\"1 rule\"}]");
    assert_each(&v, "techniques", "techniqueID", "T1059 T1059.001 T1043 T1090 T1090.003 T7001");
    v = ask(*state, "layer", "technique=T1090");
    assert_each(&v, "techniques", "techniqueID", "T1090 T1090.001 T1090.002 T1090.003");
    assert_each(&v, "techniques", "score", "7 1 1 4");
}

static void a_tactic_by_its_former_name(void **state)
{
    value v = ask(*state, "rules", "tactic=command_and_control");
    assert_at(&v, "total", "8"); /* all but 3; also those whose techniques alone say so */
    v = ask(*state, "rules", "tactic=strange");
    assert_each(&v, "rules", "title", "Old");
    query_error e;
    v = ask_for(*state, "rules", "tactic=defense-evasion", &e);
    assert_at(&v, "total", "0");
}

/* ---- coverage ---- */

static void coverage_and_gaps(void **state)
{
    value v = ask(*state, "coverage", "");
    assert_at(&v, "techniques.covered", "7"); /* T1090 .001 .002 .003, T1059 .001, T1572; not what is retired or unknown */
    assert_at(&v, "techniques.top.covered", "3");
    assert_at(&v, "techniques.runnable", "4"); /* T1090 .003 by 1 and 2, T1059 .001 by 2 and 3 */
    const value *c2 = &at(&v, "tactics")->as.list.items[12];
    assert_at(c2, "tactic.short", "command-and-control");
    assert_at(c2, "covered", "5");
    assert_at(c2, "runnable", "2");
    assert_each(&v, "without_source", "id", "T1572 T1090.001 T1090.002");
    assert_each(&v, "outside", "id", "T1043 T7001");
    assert_each(&v, "sources_without_rules", "key", "sysmon/5");
    find(at(&v, "without_rule"), "id", "T1090.004");
    const value *group = find(at(&v, "groups"), "id", "G0007");
    assert_at(group, "covered", "3"); /* T1059.001, T1090.002, T1090.003 */
}

static void coverage_of_given_sources(void **state)
{
    value v = ask(*state, "coverage", "sources=sysmon/1");
    assert_at(&v, "sources", "[\"sysmon/1\"]");
    assert_at(&v, "techniques.covered", "7");
    assert_at(&v, "techniques.runnable", "3"); /* T1090, T1059, T1059.001 */
    assert_at(&v, "runnable", "2");
    v = ask(*state, "coverage", "sources==sysmon/1");
    assert_at(&v, "techniques.runnable", "3");
    v = ask(*state, "coverage", "sources==sysmon");
    assert_at(&v, "techniques.runnable", "0"); /* no class of that key: "sysmon" alone would be all below it */
    v = ask(*state, "coverage", "sources=sysmon/1 sources=sysmon/3");
    assert_at(&v, "techniques.runnable", "4");
    v = ask(*state, "coverage", "language=splunk");
    assert_at(&v, "techniques.covered", "5"); /* T1090 .001 .002 .003, T1572 */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_technique_and_its_rules), TEST(a_tab_and_only_this_technique), TEST(a_sub_technique), TEST(an_id_that_was_replaced),
        TEST(an_id_that_only_rules_know), TEST(says_that_no_vendor_is_loaded), TEST(all_techniques), TEST(the_matrix), TEST(the_matrix_by_what_runs),
        TEST(the_matrix_against_a_layer), TEST(the_matrix_against_a_group), TEST(a_layer_of_the_rules), TEST(a_tactic_by_its_former_name), TEST(coverage_and_gaps),
        TEST(coverage_of_given_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
