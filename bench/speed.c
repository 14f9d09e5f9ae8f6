/*
 * How fast picket is, as ratios within one run, so that machines and their load matter little.
 *
 *     bench_speed [MB]        about so many megabytes of each input (64)
 *
 * Times are processor time of the best of three runs, but for threads, which are told by the clock. Each pair that is
 * compared must have counted the same events, or found the same alerts, before a ratio is printed. Rules and logs are those
 * of the corpora; without them the ones that ship.
 */
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../tests/tools/corpora.h"
#include "../tests/tools/log_events.h"
#include "api/api.h"
#include "engine/engine.h"

extern char **environ;
long dom_parse_lines(const char *bytes, size_t len);

enum { RUNS = 3 };

typedef struct {
    arena *arena;
    const char *corpora;          /* "": absent */
    pk_catalog *catalog;
    pk_str json;                  /* events as JSON lines, 64 bytes of zeros behind them */
    const char *json_path;        /* the same as a file */
    const char *evtx;             /* a folder of them */
    size_t evtx_rounds;           /* how often it is read */
} bench;

typedef struct {
    double seconds;
    uint64_t events, alerts;
} result;

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- inputs ---- */

static void append_file(text *out, const char *path, size_t limit, diag_list *d)
{
    input_options options = {.nesting_limit = 4};
    input_list *list = input_list_new(&options);
    input_item item;
    char *buffer = mem_alloc(1 << 16);
    if (input_add(list, path, d) != PK_OK) fail(path);
    for (input_result r; (r = input_next(list, &item, d)) != INPUT_END;) {
        if (r != INPUT_OPENED || strcmp(item.format->name, "json") != 0) continue;
        for (size_t n; out->len < limit && (n = stream_read(item.stream, buffer, 1 << 16));) text_put(out, (pk_str){buffer, n});
        if (out->len < limit && out->len && out->ptr[out->len - 1] != '\n') text_put_char(out, '\n');
        while (out->len && out->ptr[out->len - 1] != '\n') out->len--; /* cut at the limit */
    }
    mem_free(buffer);
    input_list_free(list);
}

static void make_json(bench *b, size_t bytes)
{
    static const char *const from[] = {"logs/otrf/compound", "logs/splunk-attack-data"};
    text once = {0}, all = {0};
    diag_list *d = diag_list_new();
    char path[4096];
    for (size_t i = 0; *b->corpora && i < sizeof from / sizeof *from; i++) {
        snprintf(path, sizeof path, "%s/%s", b->corpora, from[i]);
        append_file(&once, path, bytes, d);
    }
    if (!*b->corpora) append_file(&once, PICKET_SOURCE_DIR "/share/logs/windows/winlogbeat.jsonl", bytes, d);
    while (once.len && all.len + once.len <= (bytes > once.len ? bytes : once.len)) text_put(&all, text_view(&once));
    b->json = str_slice(text_view(&all), 0, all.len);
    b->json.ptr = memcpy(arena_alloc(b->arena, all.len + 64), all.ptr, all.len);
    memset((char *)b->json.ptr + all.len, 0, 64);
    mkdir(PICKET_SOURCE_DIR "/build/bench", 0777);
    b->json_path = PICKET_SOURCE_DIR "/build/bench/events.jsonl";
    FILE *f = fopen(b->json_path, "w");
    if (!f || fwrite(b->json.ptr, 1, b->json.len, f) != b->json.len || fclose(f) != 0) fail("cannot write into build/bench");
    text_free(&once);
    text_free(&all);
    diag_list_free(d);
}

/* ---- one thread, through readers and matcher ---- */

typedef struct {
    classifier *classifier;
    matcher *matcher;             /* NULL: decode and classify only */
    result r;
} pass;

static bool on_event(const event *e, void *user)
{
    pass *p = user;
    classification k = classify(p->classifier, e, CLASS_NONE);
    p->r.events++;
    if (p->matcher) p->r.alerts += matcher_run(p->matcher, e, &k).count;
    return true;
}

/* The best of some runs over a path, with or without the rules of the program. */
static result run(const program *p, const char *path, size_t rounds, bool match)
{
    result best = {.seconds = 1e9};
    for (int i = 0; i < RUNS; i++) {
        pass state = {.classifier = classifier_new(program_schema(p), program_paths(p)), .matcher = match ? matcher_new(p) : NULL};
        log_readers readers = {.paths = program_paths(p)};
        diag_list *d = diag_list_new();
        double start = now(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t k = 0; k < rounds; k++) each_event_of_path(&readers, path, on_event, &state, d);
        state.r.seconds = now(CLOCK_PROCESS_CPUTIME_ID) - start;
        if (i && (state.r.events != best.events || state.r.alerts != best.alerts)) fail("two runs over the same log differ");
        if (state.r.seconds < best.seconds) best = state.r;
        log_readers_free(&readers);
        classifier_free(state.classifier);
        matcher_free(state.matcher);
        diag_list_free(d);
    }
    return best;
}

/* ---- programs of so many rules ---- */

typedef struct {
    uint64_t one_in;              /* 1: all of them */
    const char *product;          /* NULL: any */
    const pk_catalog *catalog;
} subset;

static bool is_chosen(const rule *r, void *user)
{
    const subset *s = user;
    if (str_equal(r->status, STR("deprecated")) || str_equal(r->status, STR("unsupported"))) return false;
    if (s->product && !str_equal(catalog_rule(s->catalog, r)->product, str_from(s->product))) return false;
    return hash_str(r->id) % s->one_in == 0;
}

static program *build(const bench *b, subset s)
{
    program *p = NULL;
    s.catalog = b->catalog;
    if (program_build(&p, b->catalog->ir, b->catalog->schema, &(compile_options){is_chosen, &s}, catalog_diags(b->catalog)) != PK_OK)
        fail("the rules do not compile");
    return p;
}

/* ---- what is measured ---- */

static void bench_load(bench *b)
{
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    if (pk_catalog_new(&b->catalog, PICKET_SOURCE_DIR "/share") != PK_OK) fail("share is not there");
    char path[4096];
    if (*b->corpora) snprintf(path, sizeof path, "%s/rules/sigma", b->corpora);
    else snprintf(path, sizeof path, "%s", PICKET_SOURCE_DIR "/share/rules");
    if (pk_catalog_load(b->catalog, path) != PK_OK) fail("the rules cannot be read");
    catalog_complete(b->catalog);
    double loaded = now(CLOCK_PROCESS_CPUTIME_ID);
    program *p = build(b, (subset){.one_in = 1});
    double built = now(CLOCK_PROCESS_CPUTIME_ID);
    printf("load: %zu rules read in %.2f s, %zu compiled in %.2f s\n", ir_rule_count(b->catalog->ir), loaded - start, program_rule_count(p),
           built - loaded);
    program_free(p);
}

static void print_rate(const char *what, result r, double bytes, double baseline)
{
    printf("  %-46s %7.3f s  %6.2f us/event  %6.2f GB/s  x %.2f\n", what, r.seconds, 1e6 * r.seconds / (double)r.events, bytes / r.seconds / 1e9,
           r.seconds / baseline);
}

static void bench_json(const bench *b)
{
    program *p = build(b, (subset){.one_in = 1});
    result dom = {.seconds = 1e9};
    for (int i = 0; i < RUNS; i++) {
        double start = now(CLOCK_PROCESS_CPUTIME_ID);
        long n = dom_parse_lines(b->json.ptr, b->json.len);
        double seconds = now(CLOCK_PROCESS_CPUTIME_ID) - start;
        if (n < 0) fail("simdjson refuses the input");
        dom = (result){.seconds = seconds < dom.seconds ? seconds : dom.seconds, .events = (uint64_t)n};
    }
    result read = run(p, b->json_path, 1, false), matched = run(p, b->json_path, 1, true);
    if (read.events != dom.events || matched.events != dom.events) fail("not the same number of JSON events");
    double bytes = (double)b->json.len;
    printf("JSON lines, %.0f MB, %llu events, %zu rules, %llu alerts:\n", bytes / 1e6, (unsigned long long)dom.events, program_rule_count(p),
           (unsigned long long)matched.alerts);
    print_rate("simdjson DOM, nothing asked for", dom, bytes, dom.seconds);
    print_rate("read with the fields of all rules, classified", read, bytes, dom.seconds);
    print_rate("and matched with all rules", matched, bytes, dom.seconds);
    program_free(p);
}

/* The cost of an event must hardly depend on how many rules are loaded. */
static void bench_rules(const bench *b)
{
    static const uint64_t one_in[] = {300, 30, 3, 1};
    double least = 0;
    printf("number of rules, the same JSON lines:\n");
    for (size_t i = 0; i < sizeof one_in / sizeof *one_in; i++) {
        program *p = build(b, (subset){.one_in = one_in[i]});
        result r = run(p, b->json_path, 1, true);
        char name[64];
        if (i == 0) least = r.seconds;
        snprintf(name, sizeof name, "%zu rules, %llu alerts", program_rule_count(p), (unsigned long long)r.alerts);
        print_rate(name, r, (double)b->json.len, least);
        program_free(p);
    }
}

/* Processor time of `evtx_dump` over every file of the folder; false: it is not on PATH. */
static bool time_other(const char *folder, double *seconds)
{
    struct rusage before, after;
    char command[] = "for f in \"$1\"/*.evtx \"$1\"/*/*.evtx; do evtx_dump -t 1 -o jsonl \"$f\" > /dev/null 2>&1; done";
    char *const find[] = {"sh", "-c", "command -v evtx_dump > /dev/null", NULL}, *const dump[] = {"sh", "-c", command, "sh", (char *)folder, NULL};
    pid_t child;
    int status;
    if (posix_spawnp(&child, "sh", NULL, NULL, find, environ) != 0 || waitpid(child, &status, 0) < 0 || status != 0) return false;
    getrusage(RUSAGE_CHILDREN, &before);
    if (posix_spawnp(&child, "sh", NULL, NULL, dump, environ) != 0 || waitpid(child, &status, 0) < 0) return false;
    getrusage(RUSAGE_CHILDREN, &after);
    *seconds = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
               (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    return true;
}

static void bench_evtx(const bench *b)
{
    program *p = build(b, (subset){.one_in = 1, .product = "windows"});
    result read = run(p, b->evtx, b->evtx_rounds, false), matched = run(p, b->evtx, b->evtx_rounds, true);
    if (read.events != matched.events) fail("not the same number of EVTX records");
    printf("EVTX, %zu times all files of a folder, %llu records, %zu rules, %llu alerts:\n", b->evtx_rounds, (unsigned long long)read.events,
           program_rule_count(p), (unsigned long long)matched.alerts);
    printf("  %-46s %7.3f s  %6.2f us/event  x 1.00\n", "decoded, with the fields of all Windows rules", read.seconds, 1e6 * read.seconds / (double)read.events);
    printf("  %-46s %7.3f s  %6.2f us/event  x %.2f\n", "and matched with them", matched.seconds, 1e6 * matched.seconds / (double)matched.events,
           matched.seconds / read.seconds);
    double other;
    if (!time_other(b->evtx, &other)) printf("  evtx_dump is not on PATH: not compared\n");
    else printf("  %-46s %7.3f s  for one round (a process a file)  x %.2f\n", "evtx_dump -t 1 -o jsonl", other, other * (double)b->evtx_rounds / read.seconds);
    program_free(p);
}

static bool count_alert(const pk_alert *a, void *user)
{
    (void)a;
    ++*(uint64_t *)user;
    return true;
}

static void bench_threads(bench *b)
{
    pk_program *p = NULL;
    double single = 0;
    uint64_t expected = 0;
    if (pk_program_build(&p, b->catalog, NULL) != PK_OK) fail("the rules do not compile");
    printf("threads, the same JSON lines, with alerts written out, by the clock (%ld processors):\n", sysconf(_SC_NPROCESSORS_ONLN));
    for (unsigned threads = 1; threads <= 2; threads++) {
        double best = 1e9;
        for (int i = 0; i < RUNS; i++) {
            pk_scanner *s = NULL;
            uint64_t alerts = 0;
            double start = now(CLOCK_MONOTONIC);
            if (pk_scanner_new(&s, p, &(pk_scan_options){.threads = threads}) != PK_OK || pk_scanner_add(s, b->json_path, NULL) != PK_OK ||
                pk_scanner_run(s, count_alert, &alerts) != PK_OK) fail("the scan failed");
            double seconds = now(CLOCK_MONOTONIC) - start;
            pk_scanner_free(s);
            if (expected && alerts != expected) fail("not the same number of alerts");
            expected = alerts;
            if (seconds < best) best = seconds;
        }
        if (threads == 1) single = best;
        printf("  %u: %7.3f s  x %.2f\n", threads, best, best / single);
    }
    pk_program_free(p);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench b = {.arena = arena_new(), .corpora = corpora_root(), .evtx = PICKET_SOURCE_DIR "/share/logs/windows", .evtx_rounds = 200};
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 64;
    if (*b.corpora) {
        b.evtx = arena_printf(b.arena, "%s/logs/evtx/attack-samples", b.corpora).ptr;
        b.evtx_rounds = megabytes / 32 + 1;
    } else {
        puts("corpora absent: the rules and logs that ship are measured, and they are few");
    }
    bench_load(&b);
    make_json(&b, megabytes << 20);
    bench_json(&b);
    bench_rules(&b);
    bench_evtx(&b);
    bench_threads(&b);
    pk_catalog_free(b.catalog);
    arena_free(b.arena);
    return 0;
}
