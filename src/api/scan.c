/* Scanners: inputs, threads, and what comes out, in order. */
#define _GNU_SOURCE /* CPU_COUNT */
#include "api/scan.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_THREADS = 256,
    TICKETS_PER_THREAD = 4,
    KEPT_BLOCK = 4 << 20,          /* bytes; one made for a huge record is not kept */
};

struct pk_scanner {
    const pk_program *program;
    pk_scan_options options;
    cutting cutting;
    ticket_queue queue;
    diag_list *diags;
    tally *tally;
    atomic_bool stop;
    bool begun;                    /* a scanner runs once */
    bool refused;                  /* a callback asked to stop: no further calls */
    double started, last_progress, seconds;
    uint64_t bytes, bytes_total;
    bool failed;                   /* stages could not be run to their end */

    pk_alert_fn on_alert;
    pk_event_fn on_event;
    void *user;
    arena *delivery;               /* for one alert of a correlation */
    text joined;                   /* the JSON of one of any other rule */
    profile *profile;              /* NULL: none was asked for */
    const work_sign **signs;       /* that it looks at */
    scan_context *context;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

pk_status pk_scanner_new(pk_scanner **out, const pk_program *p, const pk_scan_options *options)
{
    pk_scanner *s = mem_zalloc(1, sizeof *s);
    *out = s;
    s->program = p;
    if (options) s->options = *options;
    if (s->options.since == 0 && s->options.until == 0) s->options.since = s->options.until = PK_NO_TIME;
    s->diags = diag_list_new();
    s->tally = tally_new(p);
    s->delivery = arena_new();
    s->context = scan_context_new(p, &s->options);
    cutting_init(&s->cutting, &s->options);
    atomic_init(&s->stop, false);
    warn_of_unknown_sources(p->catalog, s->diags);
    return PK_OK;
}

void pk_scanner_free(pk_scanner *s)
{
    if (!s) return;
    cutting_destroy(&s->cutting);
    diag_list_free(s->diags);
    tally_free(s->tally);
    arena_free(s->delivery);
    text_free(&s->joined);
    profile_free(s->profile);
    mem_free(s->signs);
    scan_context_free(s->context);
    mem_free(s);
}

void pk_scanner_stop(pk_scanner *s) { atomic_store(&s->stop, true); }
const pk_diagnostics *pk_scanner_diagnostics(const pk_scanner *s) { return s->diags; }
const pk_profile *pk_scanner_profile(pk_scanner *s) { return s->profile ? profile_result(s->profile) : NULL; }
const pk_summary *pk_scanner_summary(pk_scanner *s) { return tally_summary(s->tally, s->context, s->seconds, atomic_load(&s->stop)); }

/* ---- inputs ---- */

static class_id class_of(const pk_scanner *s, pk_log_source source)
{
    const pk_catalog *c = s->program->catalog;
    return source < c->stated_classes.len ? c->stated_classes.at[source] : CLASS_NONE;
}

static pk_str names_of(arena *a, const pk_str *names, size_t n) /* "there are a, b and c" */
{
    text t = {0};
    text_put_cstring(&t, "there are ");
    for (size_t i = 0; i < n; i++) {
        text_put_cstring(&t, i == 0 ? "" : i + 1 < n ? ", " : " and ");
        text_put(&t, names[i]);
    }
    pk_str made = arena_str(a, text_view(&t));
    text_free(&t);
    return made;
}

/* A list for one argument; NULL: there is no such format. */
static input_list *new_list(pk_scanner *s, const pk_input *how)
{
    const format *force = how && how->format ? format_find(str_from(how->format)) : NULL;
    if (how && how->format && !force) {
        pk_str names[64];
        size_t n = 0;
        while (formats[n] && n < 64) names[n] = str_from(formats[n]->name), n++;
        pk_str near = str_nearest(str_from(how->format), names, n);
        pk_str message = arena_printf(s->delivery, "unknown format '%s'", how->format);
        pk_str hint = near.len ? arena_printf(s->delivery, "did you mean '" STR_FMT "'?", STR_ARG(near)) : names_of(s->delivery, names, n);
        diag_add_text(s->diags, PK_ERROR, "format", (diag_place){0}, STR(""), message, hint);
        return NULL;
    }
    return input_list_new(&(input_options){.force = force, .expansion_limit = s->options.expansion_limit, .nesting_limit = 4, .stop = &s->stop});
}

pk_status pk_scanner_add(pk_scanner *s, const char *path, const pk_input *how)
{
    input_list *list = new_list(s, how);
    if (!list) return PK_ERROR_USAGE;
    pk_status status = input_add(list, path, s->diags);
    vec_push(&s->cutting.inputs, ((scan_input){.list = list, .stated = how ? class_of(s, how->source) : CLASS_NONE}));
    return status;
}

pk_status pk_scanner_add_bytes(pk_scanner *s, const char *name, const void *bytes, size_t len, const pk_input *how)
{
    input_list *list = new_list(s, how);
    if (!list) return PK_ERROR_USAGE;
    pk_status status = input_add_bytes(list, str_from(name), bytes, len);
    vec_push(&s->cutting.inputs, ((scan_input){.list = list, .stated = how ? class_of(s, how->source) : CLASS_NONE}));
    return status;
}

pk_status pk_scanner_add_context(pk_scanner *s, const char *path)
{
    input_list *list = new_list(s, NULL);
    pk_status status = input_add(list, path, s->diags);
    vec_push(&s->cutting.inputs, ((scan_input){.list = list, .stated = CLASS_NONE, .context = true}));
    return status;
}

pk_status pk_scanner_add_indicators(pk_scanner *s, const char *path, const char *feed)
{
    return scan_context_indicators(s->context, path, feed, s->diags);
}

void pk_scanner_add_context_bytes(pk_scanner *s, const char *name, const void *bytes, size_t len)
{
    input_list *list = new_list(s, NULL);
    (void)!input_add_bytes(list, str_from(name), bytes, len);
    vec_push(&s->cutting.inputs, ((scan_input){.list = list, .stated = CLASS_NONE, .context = true}));
}

void pk_scanner_add_indicator_bytes(pk_scanner *s, const char *feed, const void *bytes, size_t len)
{
    scan_context_indicator_bytes(s->context, feed, (pk_str){bytes, len}, s->diags);
}

void pk_scanner_assign(pk_scanner *s, const char *glob, pk_log_source source)
{
    vec_push(&s->cutting.assignments, ((assignment){mem_cstring(str_from(glob)), class_of(s, source)}));
}

/* ---- delivery: in order of tickets, one thread at a time ---- */

static void report_progress(pk_scanner *s)
{
    double at = now();
    if (!s->options.progress || at - s->last_progress < 0.1) return;
    s->last_progress = at;
    cutting_progress(&s->cutting, &s->bytes, &s->bytes_total);
    pk_progress progress = {s->bytes, s->bytes_total, tally_events(s->tally), tally_alerts(s->tally), at - s->started};
    s->options.progress(&progress, s->options.progress_user);
}

static void refuse(pk_scanner *s)
{
    s->refused = true;
    atomic_store(&s->stop, true);
}

static void deliver_alert(pk_scanner *s, const pk_alert *alert)
{
    if (s->refused) return;
    tally_alert(s->tally, alert);
    if (s->on_alert && !s->on_alert(alert, s->user)) refuse(s);
}

static void end_alerts(pk_scanner *s)
{
    if (s->on_alert && s->options.alerts_end) s->options.alerts_end(s->user);
}

static void deliver_found(pk_scanner *s, const found_alert *f)
{
    const found_event *e = f->event;
    pk_alert alert = {.rule = f->rule->shown, .time = e->shown.time, .host = e->host, .events = &e->shown, .event_count = 1, .event_total = 1,
                      .why = f->why, .why_count = f->why_count, .json_parts = {f->head, e->rest}};
    alert.detection.has_risk_score = f->rule->has_risk;
    alert.detection.risk_score = f->rule->risk;
    if (!s->options.json_in_parts) {
        text_clear(&s->joined);
        text_put(&s->joined, f->head);
        text_put(&s->joined, e->rest);
        text_put_char(&s->joined, 0);
        alert.json = (pk_str){s->joined.ptr, s->joined.len - 1};
    }
    deliver_alert(s, &alert);
}

static void deliver(ticket *t, void *user)
{
    pk_scanner *s = user;
    diag_merge(s->diags, t->diags);
    tally_ticket(s->tally, t);
    for (const found_alert *f = t->alerts; f && !s->refused; f = f->next) deliver_found(s, f);
    if (t->alerts) end_alerts(s);
    for (size_t i = 0; i < t->entities.len; i++) scan_context_add(s->context, &t->entities.at[i]);
    for (size_t i = 0; i < t->events.len && !s->refused; i++)
        if (!s->on_event(&t->events.at[i], s->user)) refuse(s);
    report_progress(s);
}

/* ---- alerts of correlations ---- */

static bool on_stage_alert(const stage_alert *found, void *user)
{
    pk_scanner *s = user;
    arena *a = s->delivery;
    arena_reset(a);
    pk_alert alert = detection_alert(catalog_rule(s->program->catalog, found->rule), found, a);
    alert.json = alert.json_parts[0] = alert_json(&alert, a);
    deliver_alert(s, &alert);
    end_alerts(s);
    return !s->refused;
}

/* Context that the events themselves tell, and the time of the last of them. */
static stage_inputs inputs_of_stages(pk_scanner *s, scan_worker **workers, size_t n)
{
    timestamp last = TIMESTAMP_NONE;
    sightings **seen = mem_zalloc(n, sizeof *seen);
    for (size_t i = 0; i < n; i++) {
        timestamp of_worker = worker_last_time(workers[i]);
        if (of_worker != TIMESTAMP_NONE && (last == TIMESTAMP_NONE || of_worker > last)) last = of_worker;
        seen[i] = worker_sightings(workers[i]);
    }
    if (seen[0]) scan_context_derive(s->context, seen, n);
    mem_free(seen);
    return scan_context_inputs(s->context, last);
}

static void run_stages(pk_scanner *s, scan_worker **workers, size_t n)
{
    if (s->refused || !program_has_correlations(s->program->compiled)) return;
    row_store **stores = mem_zalloc(n, sizeof *stores);
    for (size_t i = 0; i < n; i++) stores[i] = worker_rows(workers[i]);
    stage_inputs inputs = inputs_of_stages(s, workers, n);
    pk_status status = stages_run(s->program->compiled, stores, n, 0, &inputs, on_stage_alert, s, s->diags);
    scan_context_tell(s->context, s->diags);
    s->failed = status != PK_OK && status != PK_STOPPED;
    mem_free(stores);
}

/* How often depends on what workers remember of values, so the number is not told: the output is the same for every -j. */
static void warn_of_limits(pk_scanner *s, scan_worker **workers, size_t n)
{
    uint64_t hits = 0;
    for (size_t i = 0; i < n; i++) hits += worker_limit_hits(workers[i]);
    if (hits)
        diag_add(s->diags, PK_WARNING, "regex-limit", (diag_place){0}, (pk_str){"", 0},
                 "patterns with nested repeats, as (a+)+, cost too much on long values",
                 "regular expressions gave up at their match limit on some values; those count as no match");
}

/* ---- threads ---- */

typedef struct {
    pk_scanner *scanner;
    scan_worker *worker;
    block block;                   /* being worked on: the same memory again and again, which the processor has near */
    size_t number;
    pthread_t thread;
    bool started;
} lane;

static void *run_lane(void *user)
{
    lane *l = user;
    pk_scanner *s = l->scanner;
    work_sign *sign = worker_sign(l->worker);
    for (;;) {
        sign_set(sign, PART_WAIT);
        ticket *t = ticket_take(&s->queue, l->number);
        sign_set(sign, PART_CUT);
        if (!cutting_next(&s->cutting, t, &l->block, &s->stop)) {
            ticket_return(&s->queue, t);
            block_free(&l->block);
            sign_set(sign, PART_WAIT);
            return NULL;
        }
        worker_run(l->worker, t, &l->block);
        if (l->block.cap > KEPT_BLOCK) block_free(&l->block);
        sign_set(sign, PART_OUTPUT);
        ticket_done(&s->queue, t, deliver, s);
    }
}

/* The first is the caller's; a thread that the system refuses is one lane less. */
static void start_lane(lane *l)
{
    l->started = l->number > 0 && pthread_create(&l->thread, NULL, run_lane, l) == 0;
}

static size_t thread_count(const pk_scanner *s)
{
    size_t n = s->options.threads;
    if (n == 0) {
        cpu_set_t allowed;
        n = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? (size_t)CPU_COUNT(&allowed) : 1;
    }
    return n > MOST_THREADS ? MOST_THREADS : n < 1 ? 1 : n;
}

static void begin_profile(pk_scanner *s, scan_worker **workers, size_t n)
{
    (void)catalog_rest(s->program->catalog); /* it speaks of rules */
    s->signs = mem_zalloc(n, sizeof *s->signs);
    for (size_t i = 0; i < n; i++) s->signs[i] = worker_sign(workers[i]);
    s->profile = profile_start(s->program, s->signs, n);
}

static void end_profile(pk_scanner *s, scan_worker **workers, size_t n)
{
    profile_stop(s->profile);
    for (size_t i = 0; i < n; i++) profile_add_counts(s->profile, worker_rule_counts(workers[i]));
}

static pk_status run(pk_scanner *s, work_kind kind)
{
    if (s->begun) return PK_ERROR_USAGE;
    s->begun = true;
    s->started = now();
    size_t n = thread_count(s);
    lane *lanes = mem_zalloc(n, sizeof *lanes);
    scan_worker **workers = mem_zalloc(n, sizeof *workers);
    shared_results *shared = n > 1 && kind == WORK_MATCH ? shared_results_new() : NULL;
    cutting_share(&s->cutting, n);
    tickets_init(&s->queue, n, TICKETS_PER_THREAD);
    for (size_t i = n; i-- > 0;) {
        workers[i] = worker_new(s->program, &s->options, kind, scan_context_wishes(s->context), &s->stop);
        worker_share(workers[i], shared);
        lanes[i] = (lane){.scanner = s, .worker = workers[i], .number = i};
        if (!s->options.profile) start_lane(&lanes[i]);
    }
    if (s->options.profile) { /* it looks at all of them from the beginning */
        begin_profile(s, workers, n);
        for (size_t i = 1; i < n; i++) start_lane(&lanes[i]);
    }
    run_lane(&lanes[0]);
    for (size_t i = 1; i < n; i++)
        if (lanes[i].started) pthread_join(lanes[i].thread, NULL);
    if (kind == WORK_MATCH) {
        warn_of_limits(s, workers, n);
        sign_set(worker_sign(workers[0]), PART_STAGES);
        run_stages(s, workers, n);
    }
    if (s->profile) end_profile(s, workers, n);
    for (size_t i = 0; i < n; i++) worker_free(workers[i]);
    shared_results_free(shared);
    tickets_destroy(&s->queue);
    mem_free(workers);
    mem_free(lanes);
    s->seconds = now() - s->started;
    if (atomic_load(&s->stop)) return PK_STOPPED;
    return s->failed ? PK_ERROR_IO : PK_OK;
}

pk_status pk_scanner_run(pk_scanner *s, pk_alert_fn fn, void *user)
{
    s->on_alert = fn;
    s->user = user;
    return run(s, WORK_MATCH);
}

pk_status pk_scanner_dump(pk_scanner *s, bool raw, pk_event_fn fn, void *user)
{
    s->on_event = fn;
    s->user = user;
    return run(s, raw ? WORK_DUMP_RAW : WORK_DUMP);
}

pk_status pk_scanner_dump_as(pk_scanner *s, const char *model, pk_event_fn fn, void *user)
{
    if (!str_equal(str_from(model), schema_of_records(SCHEMA_EVENTS))) return PK_ERROR_USAGE;
    s->on_event = fn;
    s->user = user;
    return run(s, WORK_DUMP_UDM);
}
