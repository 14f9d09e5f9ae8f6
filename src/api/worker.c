/* A worker: reads the blocks of tickets, classifies their events and matches them. Everything it writes is its own. */
#include "api/scan.h"
#include "udm/udm.h"

enum { ROW_MEMORY = 256 << 20 };

typedef struct {
    const format *format;
    reader *reader;
} open_reader;

struct scan_worker {
    const pk_program *program;
    const pk_scan_options *options;
    const atomic_bool *stop;
    work_kind kind;
    bool ranged;                   /* since or until was given */
    VEC(open_reader) readers;      /* one for each format met */
    classifier *classifier;
    matcher *matcher;
    field_finder *finder;          /* of dumps; a matcher has its own */
    row_store *rows;
    context_wishes wishes;
    class_id entity_class;         /* of entity records among the logs */
    sightings *sightings;          /* NULL: not wanted */
    timestamp last_time;
    arena *scratch;                /* for one event */
    alert_writer *writer;          /* NULL: of dumps */
    text json;
    match_reasons reasons;         /* of the alert being raised */
    ticket *ticket;                /* being worked on */
    work_sign sign;                /* what it does just now */
    bool told;                     /* that alerts are lost */
};

scan_worker *worker_new(const pk_program *p, const pk_scan_options *options, work_kind kind, context_wishes wishes, const atomic_bool *stop)
{
    scan_worker *w = mem_zalloc(1, sizeof *w);
    w->program = p;
    w->options = options;
    w->stop = stop;
    w->kind = kind;
    w->ranged = options->since != PK_NO_TIME || options->until != PK_NO_TIME;
    w->classifier = classifier_new(program_schema(p->compiled), program_paths(p->compiled));
    w->scratch = arena_new();
    w->wishes = wishes;
    w->last_time = TIMESTAMP_NONE;
    w->entity_class = schema_find_class(program_schema(p->compiled), schema_of_records(SCHEMA_ENTITIES));
    if (wishes.sightings) w->sightings = sightings_new(program_schema(p->compiled));
    if (kind != WORK_MATCH) {
        w->finder = field_finder_new(program_schema(p->compiled));
        return w;
    }
    w->matcher = matcher_new(p->compiled);
    w->sign.matcher = w->matcher;
    w->writer = alert_writer_new(p->catalog);
    if (options->profile) matcher_count_rules(w->matcher);
    if (program_has_correlations(p->compiled))
        w->rows = row_store_new(p->compiled, options->row_memory ? options->row_memory : (size_t)ROW_MEMORY);
    return w;
}

void worker_free(scan_worker *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->readers.len; i++) w->readers.at[i].format->reader_free(w->readers.at[i].reader);
    vec_free(&w->readers);
    classifier_free(w->classifier);
    matcher_free(w->matcher);
    field_finder_free(w->finder);
    row_store_free(w->rows);
    sightings_free(w->sightings);
    arena_free(w->scratch);
    alert_writer_free(w->writer);
    text_free(&w->json);
    vec_free(&w->reasons.items);
    mem_free(w);
}

void worker_share(scan_worker *w, shared_results *s)
{
    if (w->matcher) matcher_share(w->matcher, s);
}

uint64_t worker_limit_hits(const scan_worker *w) { return w->matcher ? matcher_limit_hits(w->matcher) : 0; }
row_store *worker_rows(scan_worker *w) { return w->rows; }
work_sign *worker_sign(scan_worker *w) { return &w->sign; }
sightings *worker_sightings(scan_worker *w) { return w->sightings; }
timestamp worker_last_time(const scan_worker *w) { return w->last_time; }
const rule_counts *worker_rule_counts(const scan_worker *w) { return w->matcher ? matcher_rule_counts(w->matcher) : NULL; }

static reader *reader_for(scan_worker *w, const format *f)
{
    for (size_t i = 0; i < w->readers.len; i++)
        if (w->readers.at[i].format == f) return w->readers.at[i].reader;
    open_reader made = {f, f->reader_new(program_paths(w->program->compiled))};
    vec_push(&w->readers, made);
    return made.reader;
}

/* ---- one event ---- */

/* The event as a nested record of the data model. */
static value udm_event(scan_worker *w, const event *e, const classification *k)
{
    const schema *s = w->program->catalog->schema;
    pk_str name = schema_of_records(SCHEMA_EVENTS);
    class_id c = schema_record_class(s, name, k->classes, k->class_count);
    if (c == CLASS_NONE) return (value){.type = VALUE_RECORD};
    record_paths all = record_paths_read(NULL, 0, w->scratch);
    return schema_event_record(s, c, k->layout, name, &all, event_tree(e, w->scratch), &e->source, w->scratch);
}

static void render_event(scan_worker *w, const event *e, const classification *k)
{
    if (w->kind == WORK_DUMP_RAW) {
        event_write_json(e, w->scratch, &w->json);
    } else if (w->kind == WORK_DUMP_UDM) {
        value seen = udm_event(w, e, k);
        value_write_json(&w->json, &seen);
    } else {
        if (!w->matcher) field_finder_event(w->finder, k->layout, e, w->scratch);
        schema_write_normalised(w->matcher ? matcher_fields(w->matcher) : w->finder, k, &w->json);
    }
}

/* The event for people, and ALERT_END behind it; empty if nobody is to see it. */
static pk_str rendered_event(scan_worker *w, const event *e, const classification *k, bool seen)
{
    text_clear(&w->json);
    if (seen) render_event(w, e, k);
    size_t len = w->json.len;
    text_put(&w->json, ALERT_END);
    return (pk_str){arena_str(w->ticket->results, text_view(&w->json)).ptr, len};
}

static pk_event event_of(scan_worker *w, const event *e, timestamp time, pk_str json)
{
    pk_str file = w->ticket->stream->name; /* of the readers' own views only this one outlives the call */
    return (pk_event){{file, e->source.record, e->source.line}, time == TIMESTAMP_NONE ? PK_NO_TIME : time, json};
}

/* Is the event outside of since and until? Those without a time are. */
static bool out_of_range(scan_worker *w, timestamp time)
{
    const pk_scan_options *o = w->options;
    if (time == TIMESTAMP_NONE) {
        w->ticket->without_time++;
        return true;
    }
    if ((o->since == PK_NO_TIME || time >= o->since) && (o->until == PK_NO_TIME || time < o->until)) return false;
    w->ticket->out_of_range++;
    return true;
}

static void keep_row(scan_worker *w, const match_result *m, size_t i, const event *e, const classification *k, const pk_event *shown, pk_str host)
{
    const rule *r = ir_rule(w->program->catalog->ir, m->rules[i]);
    matched_row row = {r, m->stages[i], m->classes[i], shown->time, host};
    if (row_store_failed(w->rows) || row_store_add(w->rows, w->program->compiled, &row, e, k, shown->json) == PK_OK) return;
    diag_add(w->ticket->diags, PK_ERROR, "rows-write", (diag_place){0}, r->id, "correlations need room for temporary files (TMPDIR)",
             "a matched event could not be kept for its correlation");
}

static void raise_alert(scan_worker *w, const match_result *m, size_t i, const event *e, const classification *k, const found_event *found)
{
    ticket *t = w->ticket;
    const rule *r = ir_rule(w->program->catalog->ir, m->rules[i]);
    w->reasons.items.len = 0;
    sign_set(&w->sign, PART_MATCH);
    matcher_why(w->matcher, r, m->classes[i], e, k, w->scratch, &w->reasons);
    sign_set(&w->sign, PART_RENDER);
    found_alert *alert = alert_render(w->writer, found, r, &w->reasons, w->scratch, t->results);
    if (t->last_alert) t->last_alert->next = alert;
    else t->alerts = alert;
    t->last_alert = alert;
}

/* Nothing can be said of the rules that matched. */
static void alerts_lost(scan_worker *w)
{
    if (w->told) return;
    w->told = true;
    diag_add(w->ticket->diags, PK_ERROR, "cache-read", (diag_place){0}, (pk_str){"", 0}, "run it again: the broken entry is removed, rules are read anew",
             "the compiled rules in the cache could not be read to their end: alerts are missing");
}

/* May an alert show the event? What only feeds histories, or must be absent, is never shown. */
static bool is_shown(const scan_worker *w, const match_result *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (!w->rows || !row_store_wants(w->rows, m->rules[i]) || row_store_shows(w->rows, m->rules[i], m->stages[i])) return true;
    return false;
}

static void matched(scan_worker *w, const match_result *m, const event *e, const classification *k, timestamp time)
{
    ticket *t = w->ticket;
    for (size_t i = 0; i < m->count; i++) {
        if (catalog_rest_of(w->program->catalog, m->rules[i])) continue;
        alerts_lost(w);
        return;
    }
    if (!w->ranged) time = classifier_time(w->classifier, e, k, w->scratch);
    sign_set(&w->sign, PART_RENDER);
    pk_event shown = event_of(w, e, time, rendered_event(w, e, k, is_shown(w, m)));
    pk_str host = arena_str(t->results, classifier_host(w->classifier, e, k, w->scratch));
    const found_event *found = NULL;
    bool missed = false;
    for (size_t i = 0; i < m->count; i++) {
        const rule *r = ir_rule(w->program->catalog->ir, m->rules[i]);
        if (w->rows && row_store_wants(w->rows, m->rules[i])) {
            keep_row(w, m, i, e, k, &shown, host);
            missed |= time == TIMESTAMP_NONE && !row_store_takes_timeless(w->rows, m->rules[i]);
        }
        if (rule_is_correlation(r)) continue; /* what it matched are rows of its stages */
        if (r->silent || !program_has_rule(w->program->compiled, m->rules[i])) continue;
        if (!found) found = alert_event(w->writer, &shown, host, t->results);
        raise_alert(w, m, i, e, k, found);
    }
    t->without_time += missed;
}

/* ---- entities ---- */

/* A record of context, in canonical form; one that is none is told where it stands in a file of context. */
static void take_entity(scan_worker *w, const event *e)
{
    ticket *t = w->ticket;
    udm_root root;
    const value *body;
    if (!udm_unwrap(event_tree(e, w->scratch), &root, &body) || root != UDM_ENTITY) {
        t->damaged++;
        diag_add(t->diags, PK_WARNING, "context-record", (diag_place){.file = t->stream->name, .line = (uint32_t)e->source.line}, STR(""),
                 "an entity is an object with 'metadata' (entity_type) and 'entity'", "this is no entity record; it is left out");
        return;
    }
    if (!w->wishes.entities) return;
    value entity = udm_normalise(UDM_ENTITY, body, w->scratch);
    vec_push_in(t->results, &t->entities, value_copy(t->results, &entity));
}

static bool is_entity(const scan_worker *w, const classification *k)
{
    return k->class_count && k->classes[k->class_count - 1] == w->entity_class && w->entity_class != CLASS_NONE;
}

/* What rules may ask of the logs as a whole. */
static void look_around(scan_worker *w, const event *e, const classification *k, timestamp time)
{
    if (!w->wishes.last_time && !w->sightings) return;
    if (!w->ranged) time = classifier_time(w->classifier, e, k, w->scratch);
    if (time != TIMESTAMP_NONE && (w->last_time == TIMESTAMP_NONE || time > w->last_time)) w->last_time = time;
    if (w->sightings) sightings_add(w->sightings, k, event_tree(e, w->scratch), time, w->scratch);
}

static bool on_event(const event *e, void *user)
{
    scan_worker *w = user;
    ticket *t = w->ticket;
    if (atomic_load_explicit(w->stop, memory_order_relaxed)) return false;
    sign_set(&w->sign, PART_CLASSIFY);
    classification k = classify(w->classifier, e, t->stream->stated);
    if (w->kind == WORK_MATCH && (t->stream->context || is_entity(w, &k))) {
        take_entity(w, e);
        arena_reset(w->scratch);
        sign_set(&w->sign, PART_DECODE);
        return true;
    }
    t->event_count++;
    t->without_source += k.class_count == 0;
    timestamp time = w->ranged ? classifier_time(w->classifier, e, &k, w->scratch) : TIMESTAMP_NONE;
    bool wanted = !w->ranged || !out_of_range(w, time);
    if (wanted && w->kind == WORK_MATCH) {
        sign_set(&w->sign, PART_MATCH);
        look_around(w, e, &k, time);
        match_result m = matcher_run(w->matcher, e, &k);
        if (m.count) matched(w, &m, e, &k, time);
    } else if (wanted) {
        sign_set(&w->sign, PART_RENDER);
        if (!w->ranged) time = classifier_time(w->classifier, e, &k, w->scratch);
        pk_event shown = event_of(w, e, time, rendered_event(w, e, &k, true));
        vec_push_in(t->results, &t->events, shown);
    }
    arena_reset(w->scratch);
    sign_set(&w->sign, PART_DECODE);
    return true;
}

void worker_run(scan_worker *w, ticket *t, const block *b)
{
    if (!t->bytes) return;
    w->ticket = t;
    sign_set(&w->sign, PART_DECODE);
    event_source source = {.file = t->stream->name, .input = t->stream->input, .record = -1};
    pk_status status = t->stream->format->read(reader_for(w, t->stream->format), b, &source, on_event, w, t->diags, &t->damaged);
    (void)status; /* PK_STOPPED is our own doing; what is wrong with the block is in the diagnostics */
    w->ticket = NULL;
}
