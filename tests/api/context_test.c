/*
 * Entity context: indicators as records, what a stage gets of the store, what events tell, and whole scans. Paths of records are
 * those that rules read (UDM entities); STIX patterns are written as its specification (version 2.1, section 9) has them.
 */
#include "api/scan.h"
#include "event/field_path.h"
#include "event/json_text.h"
#include "udm/udm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const stage any_stage = {.kind = STAGE_CONTEXT};

/* The texts at a path of all records, "a|b|c". */
static pk_str texts_at(arena *a, context_store *c, const char *path)
{
    context_records records = context_store_records(&any_stage, c);
    text out = {0};
    for (size_t i = 0; i < records.count; i++) {
        list_builder found = {0};
        pk_str s;
        value record = value_pack_get(records.pack, (uint32_t)i, a);
        field_path_read_text(&record, str_from(path), a, &found);
        if (i) text_put_char(&out, '|');
        for (size_t n = 0; n < found.items.len; n++)
            if (value_text(a, &found.items.at[n], &s)) text_put(&out, s);
    }
    pk_str all = arena_str(a, text_view(&out));
    text_free(&out);
    return all;
}

static void check_texts(arena *a, context_store *c, const char *path, const char *expected)
{
    pk_str found = texts_at(a, c, path);
    if (!str_equal(found, str_from(expected))) fail_msg("%s: '" STR_FMT "' where '%s' is expected", path, STR_ARG(found), expected);
}

typedef struct { arena *a; context_store *c; diag_list *d; uint64_t damaged; } world;

static world read_indicators(const char *feed, const char *source)
{
    world w = {arena_new(), context_store_new(0), diag_list_new(), 0};
    feed_names names = feed_of(str_from(feed), w.a);
    indicators_read(w.c, &names, str_from(source), STR("feed.txt"), w.d, &w.damaged);
    return w;
}

static void end(world *w)
{
    context_store_free(w->c);
    diag_list_free(w->d);
    arena_free(w->a);
}

static void lines_of_text(void **state)
{
    (void)state;
    world w = read_indicators("Tor Exit Nodes", "# exits\n198.51.100.7\n\n2001:db8::1 # six\nhxxp://Bad[.]example/x\r\nEvil.Example.\n"
                                                "D41D8CD98F00B204E9800998ECF8427E\nnot an indicator\n203.0.113.5/32\n10.0.0.0/8\n");
    check_texts(w.a, w.c, "entity.artifact.ip", "198.51.100.7|2001:db8::1||||203.0.113.5");
    check_texts(w.a, w.c, "entity.ip[]", "198.51.100.7|2001:db8::1||||203.0.113.5");
    check_texts(w.a, w.c, "entity.url", "||http://Bad.example/x|||");
    check_texts(w.a, w.c, "entity.domain.name", "|||evil.example.||");
    check_texts(w.a, w.c, "entity.hostname", "|||evil.example.||");
    check_texts(w.a, w.c, "entity.file.md5", "||||d41d8cd98f00b204e9800998ecf8427e|");
    check_texts(w.a, w.c, "metadata.entity_type", "IP_ADDRESS|IP_ADDRESS|URL|DOMAIN_NAME|FILE|IP_ADDRESS");
    check_texts(w.a, w.c, "metadata.product_name", "GCTI Feed|GCTI Feed|GCTI Feed|GCTI Feed|GCTI Feed|GCTI Feed");
    check_texts(w.a, w.c, "metadata.threat[].threat_feed_name",
                "Tor Exit Nodes|Tor Exit Nodes|Tor Exit Nodes|Tor Exit Nodes|Tor Exit Nodes|Tor Exit Nodes");
    assert_int_equal(w.damaged, 2);
    assert_int_equal(diag_count(w.d), 2);
    assert_int_equal(pk_diagnostics_at(w.d, 0)->line, 8);
    assert_int_equal(pk_diagnostics_at(w.d, 1)->line, 10);
    end(&w);
}

static void names_of_feeds(void **state)
{
    (void)state;
    arena *a = arena_new();
    static const struct { const char *written, *vendor, *product, *source, *feed; } cases[] = {
        {"my list", "", "", "GLOBAL_CONTEXT", "my list"},
        {"ACME/blocked", "", "ACME", "GLOBAL_CONTEXT", "blocked"},
        {"A Corp / ACME / blocked", "A Corp", "ACME", "GLOBAL_CONTEXT", "blocked"},
        {"misp", "MISP", "MISP", "ENTITY_CONTEXT", "MISP"},
        {"MISP/feed 7", "MISP", "MISP", "ENTITY_CONTEXT", "feed 7"},
        {"tor exit nodes", "Google Cloud Threat Intelligence", "GCTI Feed", "GLOBAL_CONTEXT", "Tor Exit Nodes"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        feed_names n = feed_of(str_from(cases[i].written), a);
        if (!str_equal(n.vendor, str_from(cases[i].vendor)) || !str_equal(n.product, str_from(cases[i].product)) ||
            !str_equal(n.source, str_from(cases[i].source)) || !str_equal(n.feed, str_from(cases[i].feed)))
            fail_msg("%s: " STR_FMT " / " STR_FMT " / " STR_FMT " / " STR_FMT, cases[i].written, STR_ARG(n.vendor), STR_ARG(n.product),
                     STR_ARG(n.source), STR_ARG(n.feed));
    }
    arena_free(a);
}

static void columns_of_tables(void **state)
{
    (void)state;
    world w = read_indicators("f", "first_seen,sha256,md5,description,valid_until\n2026-01-01,"
                                   "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855,d41d8cd98f00b204e9800998ecf8427e,\"empty, file\",2026-02-01\n"
                                   "2026-01-02,,,nothing,\n");
    check_texts(w.a, w.c, "entity.file.sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_texts(w.a, w.c, "entity.file.md5", "d41d8cd98f00b204e9800998ecf8427e");
    check_texts(w.a, w.c, "metadata.threat[].summary", "empty, file");
    check_texts(w.a, w.c, "metadata.interval.end_time", "2026-02-01T00:00:00Z");
    assert_int_equal(w.damaged, 1);
    assert_int_equal(pk_diagnostics_at(w.d, 0)->line, 3);
    end(&w);
    w = read_indicators("f", "2026-01-01,198.51.100.7,tor\n2026-01-02,a.example,phish\n"); /* no header: the first that is one */
    check_texts(w.a, w.c, "entity.artifact.ip", "198.51.100.7|");
    check_texts(w.a, w.c, "entity.domain.name", "|a.example");
    end(&w);
}

static void patterns_of_stix(void **state)
{
    (void)state;
    world w = read_indicators("f", "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
        "{\"type\":\"malware\",\"name\":\"x\"},"
        "{\"type\":\"indicator\",\"name\":\"c2\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = '198.51.100.7' OR ipv4-addr:value = '198.51.100.8/32']\","
        "\"valid_from\":\"2026-01-01T00:00:00Z\",\"valid_until\":\"2026-02-01T00:00:00Z\",\"confidence\":85},"
        "{\"type\":\"indicator\",\"pattern\":\"[file:hashes.'SHA-256' = 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855' AND file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']\",\"valid_from\":\"2026-01-01T00:00:00Z\"},"
        "{\"type\":\"indicator\",\"pattern\":\"[url:value = 'http://a.example/it\\\\'s'] OR [domain-name:value = 'A.example']\"},"
        "{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value = '1.2.3.4' AND domain-name:value = 'b.example']\"},"
        "{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value = '1.2.3.4'] FOLLOWEDBY [url:value = 'u']\"},"
        "{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value ISSUBSET '10.0.0.0/8']\"},"
        "{\"type\":\"indicator\",\"pattern\":\"rule x { condition: true }\",\"pattern_type\":\"yara\"},"
        "{\"type\":\"indicator\",\"revoked\":true,\"pattern\":\"[ipv4-addr:value = '1.2.3.5']\"}]}");
    check_texts(w.a, w.c, "entity.artifact.ip", "198.51.100.7|198.51.100.8|||");
    check_texts(w.a, w.c, "entity.file.sha256", "||e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855||");
    check_texts(w.a, w.c, "entity.file.md5", "||d41d8cd98f00b204e9800998ecf8427e||");
    check_texts(w.a, w.c, "entity.url", "|||http://a.example/it's|");
    check_texts(w.a, w.c, "entity.domain.name", "||||a.example");
    check_texts(w.a, w.c, "metadata.interval.start_time", "2026-01-01T00:00:00Z|2026-01-01T00:00:00Z|2026-01-01T00:00:00Z||");
    check_texts(w.a, w.c, "metadata.threat[].confidence", "HIGH_CONFIDENCE|HIGH_CONFIDENCE|||");
    check_texts(w.a, w.c, "metadata.threat[].summary", "c2|c2|||");
    assert_int_equal(w.damaged, 4);
    end(&w);
    w = read_indicators("f", "{\"type\": \"bundle\", ");
    assert_int_equal(w.damaged, 1);
    end(&w);
}

/* ---- the store ---- */

static value entity_of(arena *a, const char *json)
{
    value v;
    udm_root root;
    const value *body;
    assert_true(json_text_parse(str_from(json), 20, a, &v));
    assert_true(udm_unwrap(&v, &root, &body));
    assert_int_equal(root, UDM_ENTITY);
    return udm_normalise(UDM_ENTITY, body, a);
}

static void stages_get_their_type(void **state)
{
    (void)state;
    arena *a = arena_new();
    context_store *c = context_store_new(0);
    value one = entity_of(a, "{\"metadata\":{\"entityType\":\"FILE\"},\"entity\":{\"file\":{\"sha256\":\"AB\"}}}");
    value two = entity_of(a, "{\"metadata\":{\"entity_type\":\"IP_ADDRESS\"},\"entity\":{\"ip\":\"10.0.0.1\"}}");
    assert_true(context_store_add(c, &one));
    assert_true(context_store_add(c, &two));
    check_texts(a, c, "entity.file.sha256", "ab|");
    ir_catalog *catalog = ir_catalog_new();
    plan *p = ir_parse_plan(catalog, STR("a = context @udm-entity where metadata.entity_type equals exact 'IP_ADDRESS' and entity.ip[] exists\n"
                                         "b = context @udm-entity where metadata.entity_type equals 'ip_address'\n"
                                         "c = context @udm-entity where metadata.entity_type equals exact 'USER'"), STR("t"), ir_diags(catalog));
    assert_non_null(p);
    static const size_t expected[] = {1, 2, 0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(context_store_records(p->stages[i], c).count, expected[i]);
    }
    ir_catalog_free(catalog);
    context_store_free(c);
    c = context_store_new(1); /* no room behind the first */
    assert_true(context_store_add(c, &one));
    assert_false(context_store_add(c, &two));
    assert_int_equal(context_store_left_out(c), 1);
    context_store_free(c);
    arena_free(a);
}

/* ---- scans ---- */

static bool note_alert(const pk_alert *alert, void *user)
{
    text *seen = user;
    text_put(seen, alert->rule->name.len ? alert->rule->name : alert->rule->title);
    text_put_char(seen, ' ');
    return true;
}

static const char rules[] =
    "rule tor {\n meta:\n  author = \"x\"\n events:\n  $e.metadata.event_type = \"NETWORK_CONNECTION\"\n  $e.target.ip = $ip\n"
    "  $g.graph.metadata.entity_type = \"IP_ADDRESS\"\n  $g.graph.metadata.product_name = \"GCTI Feed\"\n"
    "  $g.graph.metadata.threat.threat_feed_name = \"Tor Exit Nodes\"\n  $g.graph.entity.artifact.ip = $ip\n match:\n  $ip over 5m\n condition:\n  $e and $g\n}\n"
    "rule rare {\n meta:\n  author = \"x\"\n events:\n  $e.metadata.event_type = \"NETWORK_CONNECTION\"\n  $e.target.ip = $ip\n"
    "  $g.graph.metadata.entity_type = \"IP_ADDRESS\"\n  $g.graph.metadata.source_type = \"DERIVED_CONTEXT\"\n  $g.graph.entity.artifact.prevalence.day_count = 10\n"
    "  $g.graph.entity.artifact.prevalence.rolling_max = 2\n  $g.graph.entity.artifact.ip = $ip\n match:\n  $ip over 5m\n condition:\n  $e and $g\n}\n";

static const char events[] =
    "{\"metadata\":{\"id\":\"1\",\"event_type\":\"NETWORK_CONNECTION\",\"event_timestamp\":\"2026-01-05T10:00:00Z\"},\"principal\":{\"hostname\":\"ws1\"},\"target\":{\"ip\":[\"198.51.100.7\"]}}\n"
    "{\"metadata\":{\"id\":\"2\",\"event_type\":\"NETWORK_CONNECTION\",\"event_timestamp\":\"2026-01-03T10:00:00Z\"},\"principal\":{\"hostname\":\"ws2\"},\"target\":{\"ip\":[\"198.51.100.7\"]}}\n";

typedef struct {
    const char *context, *indicators, *feed, *among;
    bool derive;
    const char *alerts;           /* rules, sorted by time of the alert */
    size_t waiting, entities;
    uint64_t damaged;
} scan_case;

static void write_bytes(char *name, const char *content)
{
    int fd = mkstemps(name, 6);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static void run_case(const scan_case *c)
{
    char rule_path[] = "/tmp/picket-rule-XXXXXX.yaral", context_path[] = "/tmp/picket-entities-XXXXXX.jsonl", list_path[] = "/tmp/picket-list-XXXXXX.feeds";
    pk_catalog *catalog;
    pk_program *built;
    pk_scanner *scanner;
    text seen = {0};
    write_bytes(rule_path, rules);
    assert_int_equal(pk_catalog_new(&catalog, PICKET_SOURCE_DIR "/share"), PK_OK);
    assert_int_equal(pk_catalog_load(catalog, rule_path), PK_OK);
    assert_int_equal(pk_program_build(&built, catalog, NULL), PK_OK);
    assert_int_equal(pk_program_rule_count(built), 2);
    pk_scan_options options = {.threads = 2, .derive_context = c->derive};
    assert_int_equal(pk_scanner_new(&scanner, built, &options), PK_OK);
    assert_int_equal(pk_scanner_add_bytes(scanner, "events.jsonl", events, sizeof events - 1, NULL), PK_OK);
    if (c->context) {
        write_bytes(context_path, c->context);
        assert_int_equal(pk_scanner_add_context(scanner, context_path), PK_OK);
    }
    if (c->indicators) {
        write_bytes(list_path, c->indicators);
        assert_int_equal(pk_scanner_add_indicators(scanner, list_path, c->feed), PK_OK);
    }
    if (c->among) assert_int_equal(pk_scanner_add_bytes(scanner, "more.jsonl", c->among, strlen(c->among), NULL), PK_OK);
    assert_int_equal(pk_scanner_run(scanner, note_alert, &seen), PK_OK);
    const pk_summary *s = pk_scanner_summary(scanner);
    if (!str_equal(text_view(&seen), str_from(c->alerts))) fail_msg("alerts '" STR_FMT "' where '%s' is expected", STR_ARG(text_view(&seen)), c->alerts);
    assert_int_equal(s->events, 2);
    assert_int_equal(s->waiting_count, c->waiting);
    assert_int_equal(s->entities, c->entities);
    assert_int_equal(s->damaged, c->damaged);
    assert_int_equal(pk_scanner_summary(scanner)->damaged, c->damaged);
    if (c->waiting == 2) assert_true(str_equal(s->waiting[0].feeds.items[0], STR("GCTI Feed: Tor Exit Nodes (IP_ADDRESS)")));
    if (c->waiting == 2) assert_true(str_equal(s->waiting[1].feeds.items[0], STR("derived context (IP_ADDRESS)")));
    pk_scanner_free(scanner);
    pk_program_free(built);
    pk_catalog_free(catalog);
    text_free(&seen);
    unlink(rule_path);
    if (c->context) unlink(context_path);
    if (c->indicators) unlink(list_path);
}

#define TOR "{\"metadata\":{\"entityType\":\"IP_ADDRESS\",\"productName\":\"GCTI Feed\",\"threat\":[{\"threatFeedName\":\"Tor Exit Nodes\"}]},\"entity\":{\"artifact\":{\"ip\":\"198.51.100.7\"}}}"

static void scans_with_context(void **state)
{
    (void)state;
    static const scan_case cases[] = {
        {.alerts = "", .waiting = 2},
        {.context = TOR "\n", .alerts = "tor tor ", .waiting = 1, .entities = 1},
        {.context = "not json\n{\"a\":1}\n" TOR "\n", .alerts = "tor tor ", .waiting = 1, .entities = 1, .damaged = 2},
        {.context = "{\"entities\":[" TOR ",{\"metadata\":{\"entity_type\":\"USER\"},\"entity\":{\"user\":{\"userid\":\"eve\"}}}]}\n", .alerts = "tor tor ", .waiting = 1, .entities = 2},
        {.among = TOR "\n", .alerts = "tor tor ", .waiting = 1, .entities = 1},
        {.indicators = "198.51.100.7\n", .feed = "Tor Exit Nodes", .alerts = "tor tor ", .waiting = 1, .entities = 1},
        {.indicators = "198.51.100.7\nrubbish here\n", .feed = NULL, .alerts = "", .waiting = 2, .entities = 1, .damaged = 1},
        /* one asset on the 3rd, another on the 5th: two within ten days on the 5th only; the address and both days */
        {.derive = true, .alerts = "rare ", .waiting = 1, .entities = 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) run_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_text),     cmocka_unit_test(names_of_feeds),        cmocka_unit_test(columns_of_tables),
        cmocka_unit_test(patterns_of_stix),  cmocka_unit_test(stages_get_their_type), cmocka_unit_test(scans_with_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
