/*
 * The fixed workload of `make bench-check`: each part of the work is one function, whose instructions callgrind counts.
 *
 *     bench_check RULES EVTX JSON FOLDER
 *
 * Prints what was done (rules, events, alerts), which must not change either. One thread; no
 * hash is seeded, so that every run does the same. In FOLDER, which is empty, compiled programs are kept for the last part.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../tests/tools/log_events.h"
#include "api/api.h"
#include "engine/engine.h"

/* Parts by which scripts/bench-check.sh counts: they must stay functions, and nothing else may run in them. */
#define PART __attribute__((noinline, used))
void mark(void);
void part_load(pk_catalog *c, const char *rules);
void part_compile(pk_program **p, pk_catalog *c);
void part_cached(pk_catalog *c, const char *rules, pk_program **p);
uint64_t part_evtx(const program *p, const char *path, uint64_t *events);
uint64_t part_json(const program *p, const char *path, uint64_t *events);
uint64_t part_dump(const pk_program *p, const char *path);
uint64_t part_alerts(const pk_program *p, const char *path);

static void check(pk_status status, const char *what)
{
    if (status == PK_OK) return;
    fprintf(stderr, "bench_check: %s\n", what);
    exit(1);
}

/* What was done up to here belongs to no part. */
PART void mark(void) { __asm__ volatile(""); }

PART void part_load(pk_catalog *c, const char *rules)
{
    check(pk_catalog_load(c, rules), "the rules cannot be read");
    catalog_complete(c);
}

PART void part_compile(pk_program **p, pk_catalog *c) { check(pk_program_build(p, c, NULL), "the rules do not compile"); }

static inline __attribute__((always_inline)) void load_and_build(pk_catalog *c, const char *rules, pk_program **p)
{
    check(pk_catalog_load(c, rules), "the rules cannot be read");
    check(pk_program_build(p, c, NULL), "the rules do not compile");
}

/* Both, from what an earlier run has kept. */
PART void part_cached(pk_catalog *c, const char *rules, pk_program **p) { load_and_build(c, rules, p); }

/* ---- events read and matched, nothing rendered ---- */

typedef struct {
    classifier *classifier;
    matcher *matcher;
    uint64_t events, alerts;
} pass;

static bool on_event(const event *e, void *user)
{
    pass *p = user;
    classification k = classify(p->classifier, e, CLASS_NONE);
    p->events++;
    p->alerts += matcher_run(p->matcher, e, &k).count;
    return true;
}

static uint64_t match(const program *p, const char *path, uint64_t *events)
{
    pass state = {.classifier = classifier_new(program_schema(p), program_paths(p)), .matcher = matcher_new(p)};
    log_readers readers = {.paths = program_paths(p)};
    diag_list *d = diag_list_new();
    each_event_of_path(&readers, path, on_event, &state, d);
    log_readers_free(&readers);
    classifier_free(state.classifier);
    matcher_free(state.matcher);
    diag_list_free(d);
    *events = state.events;
    return state.alerts;
}

PART uint64_t part_evtx(const program *p, const char *path, uint64_t *events) { return match(p, path, events); }
PART uint64_t part_json(const program *p, const char *path, uint64_t *events) { return match(p, path, events); }

/* ---- through the scanner ---- */

static bool add_event(const pk_event *e, void *user)
{
    *(uint64_t *)user += e->json.len;
    return true;
}

static bool add_alert(const pk_alert *alert, void *user)
{
    *(uint64_t *)user += alert->json.len;
    return true;
}

static pk_scanner *scanner_over(const pk_program *p, const char *path)
{
    pk_scanner *s;
    check(pk_scanner_new(&s, p, &(pk_scan_options){.threads = 1}), "no scanner");
    check(pk_scanner_add(s, path, NULL), "the log cannot be read");
    return s;
}

/* Bytes of JSON. */
PART uint64_t part_dump(const pk_program *p, const char *path)
{
    uint64_t bytes = 0;
    pk_scanner *s = scanner_over(p, path);
    check(pk_scanner_dump(s, true, add_event, &bytes), "the dump failed");
    pk_scanner_free(s);
    return bytes;
}

PART uint64_t part_alerts(const pk_program *p, const char *path)
{
    uint64_t bytes = 0;
    pk_scanner *s = scanner_over(p, path);
    check(pk_scanner_run(s, add_alert, &bytes), "the scan failed");
    pk_scanner_free(s);
    return bytes;
}

int main(int argc, char **argv)
{
    pk_catalog *c;
    pk_program *p;
    uint64_t events, alerts;
    if (argc != 5) return 3;
    check(pk_catalog_new(&c, PICKET_SOURCE_DIR "/share"), "share is not there");
    pk_catalog_use_threads(c, 1);
    mark();
    part_load(c, argv[1]);
    part_compile(&p, c);
    printf("rules %zu\n", pk_program_rule_count(p));
    alerts = part_evtx(p->compiled, argv[2], &events);
    printf("evtx-events %llu\nevtx-alerts %llu\n", (unsigned long long)events, (unsigned long long)alerts);
    alerts = part_json(p->compiled, argv[3], &events);
    printf("json-events %llu\njson-alerts %llu\n", (unsigned long long)events, (unsigned long long)alerts);
    printf("dump-bytes %llu\n", (unsigned long long)part_dump(p, argv[2]));
    printf("alert-bytes %llu\n", (unsigned long long)part_alerts(p, argv[3]));
    pk_program_free(p);
    pk_catalog_free(c);
    for (int i = 0; i < 2; i++) { /* the first time it is written, the second time it is there */
        check(pk_catalog_new(&c, PICKET_SOURCE_DIR "/share"), "share is not there");
        pk_catalog_use_threads(c, 1);
        check(pk_catalog_use_cache(c, argv[4]), "no folder for the cache");
        mark();
        if (i == 0) load_and_build(c, argv[1], &p);
        else part_cached(c, argv[1], &p);
        if (i == 1) printf("cached-rules %zu\n", pk_program_rule_count(p));
        pk_program_free(p);
        pk_catalog_free(c);
    }
    return 0;
}
