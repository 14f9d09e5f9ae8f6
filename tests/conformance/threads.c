/*
 * The same alerts for one thread and for many, and for events in whatever order.
 *
 * - Every rule over logs of the corpora with 1, 2 and 7 threads: the alerts must be the same bytes in the same order.
 * - The events of logs written as JSON lines, once in order and once shuffled (always the same way), with the starter rules
 *   (which have correlations), the published rules and correlations over common events (correlations.yml): the alerts must be
 *   the same set, their places aside.
 */
#include "../tools/corpora.h"
#include "base/hash.h"
#include "base/text.h"
#include "event/value.h"
#include "figure.h"

#define SHOWN_MAX 20
#define SHARE PICKET_SOURCE_DIR "/share"

/* ---- a scan ---- */

/* An alert, told apart by rule, time, events and reasons, without their places. */
typedef struct {
    uint64_t hash;
    pk_str title;
    pk_time time;
    uint64_t events;
} told;

typedef struct {
    uint64_t hash;                /* of all alerts in order */
    VEC(told) alerts;
    uint64_t count, correlated;
} outcome;

/*
 * The event list of an alert adds up to the same in any order; places differ between a file and its shuffled twin. Of a
 * correlation only the times of its events count: of two with the same key and time either may stand for the step.
 */
static uint64_t hash_of_alert(const pk_alert *a)
{
    uint64_t h = hash_mix(hash_str(a->rule->id.len ? a->rule->id : a->rule->title), (uint64_t)a->time), events = 0, reasons = 0;
    for (size_t i = 0; i < a->event_count; i++)
        events += hash_mix(a->correlation ? 0 : hash_str(a->events[i].json), (uint64_t)a->events[i].time);
    for (size_t i = 0; i < a->why_count; i++) reasons += hash_mix(hash_str(a->why[i].field), hash_str(a->why[i].value));
    return hash_mix(hash_mix(h, a->event_total), hash_mix(events, reasons));
}

static bool on_alert(const pk_alert *a, void *user)
{
    outcome *o = user;
    o->hash = hash_mix(o->hash, hash_str(a->json));
    told t = {hash_of_alert(a), a->rule->title, a->time, a->event_total};
    vec_push(&o->alerts, t);
    o->count++;
    o->correlated += a->correlation;
    return true;
}

typedef struct {
    const char *path;             /* or */
    pk_str bytes;
} input;

static bool scan(const pk_program *p, unsigned threads, const input *inputs, size_t count, outcome *o)
{
    pk_scanner *s = NULL;
    pk_scan_options options = {.threads = threads};
    bool ok = pk_scanner_new(&s, p, &options) == PK_OK;
    for (size_t i = 0; ok && i < count; i++)
        ok = (inputs[i].path ? pk_scanner_add(s, inputs[i].path, NULL)
                             : pk_scanner_add_bytes(s, "events.jsonl", inputs[i].bytes.ptr, inputs[i].bytes.len, NULL)) == PK_OK;
    ok = ok && pk_scanner_run(s, on_alert, o) == PK_OK;
    pk_scanner_free(s);
    return ok;
}

/* ---- threads ---- */

static bool same_for_threads(const pk_program *p, const input *inputs, size_t count)
{
    static const unsigned threads[] = {1, 2, 7};
    outcome first = {0};
    bool ok = scan(p, 1, inputs, count, &first);
    for (size_t i = 1; i < sizeof threads / sizeof *threads; i++) {
        outcome o = {0};
        ok &= scan(p, threads[i], inputs, count, &o) && o.hash == first.hash && o.count == first.count;
        if (o.hash != first.hash) printf("%u threads: %llu alerts, 1 thread: %llu, or in another order\n", threads[i],
                                         (unsigned long long)o.count, (unsigned long long)first.count);
        vec_free(&o.alerts);
    }
    figure("1, 2 and 7 threads", "%s, %llu alerts (%llu of correlations)", ok ? "the same bytes" : "DIFFERENT", (unsigned long long)first.count,
           (unsigned long long)first.correlated);
    vec_free(&first.alerts);
    return ok && first.count > 0 && first.correlated > 0;
}

/* ---- order ---- */

typedef struct {
    text lines;
    VEC(uint64_t) ends;
} written;

static bool write_event(const pk_event *e, void *user)
{
    written *w = user;
    text_put(&w->lines, e->json);
    text_put_char(&w->lines, '\n');
    vec_push(&w->ends, w->lines.len);
    return true;
}

/* All records of the inputs, whole, as JSON lines. */
static bool write_lines(const pk_program *p, const input *inputs, size_t count, written *w)
{
    pk_scanner *s = NULL;
    bool ok = pk_scanner_new(&s, p, NULL) == PK_OK;
    for (size_t i = 0; ok && i < count; i++) ok = pk_scanner_add(s, inputs[i].path, NULL) == PK_OK;
    ok = ok && pk_scanner_dump(s, true, write_event, w) == PK_OK;
    pk_scanner_free(s);
    return ok;
}

static uint64_t next_random(uint64_t *state) /* xorshift64* */
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static void shuffle_lines(const written *w, text *out)
{
    size_t n = w->ends.len, *order = mem_alloc((n + 1) * sizeof *order);
    uint64_t state = 20260401;
    for (size_t i = 0; i < n; i++) order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t k = next_random(&state) % i, other = order[i - 1];
        order[i - 1] = order[k];
        order[k] = other;
    }
    for (size_t i = 0; i < n; i++) {
        size_t start = order[i] ? w->ends.at[order[i] - 1] : 0;
        text_put(out, (pk_str){w->lines.ptr + start, w->ends.at[order[i]] - start});
    }
    mem_free(order);
}

static int by_hash(const void *x, const void *y)
{
    const told *a = x, *b = y;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static void print_told(const char *where, const told *t)
{
    printf("only %s: " STR_FMT ", %llu events, time %lld\n", where, STR_ARG(t->title), (unsigned long long)t->events, (long long)t->time);
}

/* Prints what only one of them has. */
static bool same_sets(outcome *a, outcome *b)
{
    size_t i = 0, k = 0, differ = 0;
    if (a->count) qsort(a->alerts.at, a->alerts.len, sizeof *a->alerts.at, by_hash);
    if (b->count) qsort(b->alerts.at, b->alerts.len, sizeof *b->alerts.at, by_hash);
    while (i < a->alerts.len || k < b->alerts.len) {
        int order = i == a->alerts.len ? 1 : k == b->alerts.len ? -1 : by_hash(&a->alerts.at[i], &b->alerts.at[k]);
        if (order != 0 && ++differ <= SHOWN_MAX) order < 0 ? print_told("in order", &a->alerts.at[i]) : print_told("shuffled", &b->alerts.at[k]);
        i += order <= 0;
        k += order >= 0;
    }
    return differ == 0;
}

static bool same_for_order(const pk_program *p, const input *inputs, size_t count)
{
    written w = {.ends = {0}};
    text shuffled = {0};
    outcome straight = {0}, mixed = {0};
    bool ok = write_lines(p, inputs, count, &w);
    shuffle_lines(&w, &shuffled);
    ok = ok && scan(p, 2, &(input){.bytes = text_view(&w.lines)}, 1, &straight) && scan(p, 2, &(input){.bytes = text_view(&shuffled)}, 1, &mixed);
    bool same = ok && same_sets(&straight, &mixed);
    figure("events in order and shuffled", "%zu events, %s, %llu alerts (%llu of correlations)", w.ends.len, same ? "the same set" : "DIFFERENT",
           (unsigned long long)straight.count, (unsigned long long)straight.correlated);
    text_free(&w.lines);
    text_free(&shuffled);
    vec_free(&w.ends);
    vec_free(&straight.alerts);
    vec_free(&mixed.alerts);
    return same && straight.count > 0 && straight.correlated > 0;
}

/* ---- what runs over what ---- */

static bool build(pk_catalog **c, pk_program **p, const char *corpora)
{
    return pk_catalog_new(c, SHARE) == PK_OK && (*corpora == 0 || load_active_rules(*c, corpora)) &&
           pk_catalog_load(*c, SHARE "/rules") == PK_OK &&
           pk_catalog_load(*c, PICKET_SOURCE_DIR "/tests/conformance/correlations.yml") == PK_OK && pk_program_build(p, *c, NULL) == PK_OK;
}

int main(void)
{
    const char *corpora = corpora_root();
    /* The sample: every attack sample in EVTX, two captures with much noise. Without the corpora: the logs that ship. */
    static const char *const sample[] = {"logs/evtx/attack-samples", "logs/otrf/compound", "logs/aws-cloudtrail", "logs/zeek/wrccdc-tsv"};
    char paths[8][4096];
    input inputs[8] = {{.path = SHARE "/logs"}};
    size_t count = 1;
    if (*corpora && corpora_all()) {
        snprintf(paths[0], sizeof paths[0], "%s/logs", corpora);
        inputs[count++].path = paths[0];
    } else if (*corpora) {
        for (size_t i = 0; i < sizeof sample / sizeof *sample; i++) {
            if (i == 1) continue; /* large: `make conformance` */
            snprintf(paths[i], sizeof paths[i], "%s/%s", corpora, sample[i]);
            inputs[count++].path = paths[i];
        }
    }
    pk_catalog *c = NULL;
    pk_program *p = NULL;
    bool ok = build(&c, &p, corpora);
    if (!ok) puts("the rules could not be loaded");
    ok = ok && same_for_threads(p, inputs, count);
    ok = ok && same_for_order(p, inputs, count);
    pk_program_free(p);
    pk_catalog_free(c);
    return ok ? 0 : 1;
}
