/*
 * YARA-L: the engine against the reference evaluator. Every rule of the corpora, first over the shared logs mapped to UDM, file by file,
 * then over native UDM events and entities made at random from what the rules ask for (udm_streams.h). Both must raise the same
 * detections: rule, time, keys, outcomes, window, events, entities and their counts, risk. The streams are also scanned by way of the
 * library: on one thread, on several, in several files, shuffled, with rows that do not fit into memory; always with the same alerts.
 *
 *     yaral [--rules FOLDER] [--every N] [--streams N] [--seed N] [--only RULE] [--plans] [--silent] [LOG...]
 *
 * --every N takes one log file in N; --streams N runs the streams N times with other seeds, 0 not at all; --plans prints plans;
 * --silent names the rules that no stream made fire.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "../tools/corpora.h"
#include "../tools/detection_lines.h"
#include "../tools/log_events.h"
#include "api/api.h"
#include "figure.h"
#include "udm_streams.h"

#define SAMPLE_EVERY 17
#define SAMPLE_LARGEST 500        /* events of a log file */
#define SHOWN_MAX 6
#define BATCH 12                  /* rules whose streams are run together */

/* ---- what all threads share ---- */

typedef struct {
    pk_catalog *catalog;
    program *program;
    pk_program *scanned;          /* the same rules for scans by way of the library */
    const char *only;             /* a rule's name; NULL: all */
    bool show;
    VEC(char *) files;
    VEC(uint32_t) rules;          /* runnable ones with a plan */
    atomic_size_t next;           /* file or batch */
    uint64_t every, seed;
    unsigned incidents, scan_every; /* of a rule in a stream; one batch in so many is also scanned by way of the library */
    pthread_mutex_t lock;         /* over what is printed and the sums */
    uint64_t events, mapped, agreed, differ, stopped, scans, other_scans;
    bool *fired, *wrong;          /* by rule */
} conformance;

/* ---- one run over some events ---- */

typedef struct { VEC(eval_event) events; } kept_events;

typedef struct {
    conformance *c;
    arena *arena;                 /* of one run */
    classifier *classifier;
    matcher *matcher;
    eval_context *context;
    arena *scratch, *paths;
    table known_paths;            /* text -> number in `parsed` */
    VEC(field_path) parsed;
    kept_events *kept;            /* by rule: events that some match stage takes */
    line_list *found, *expected;  /* by rule */
    row_store *store;
    VEC(value) entities;
    uint64_t order, events, mapped;
} yaral_run;

static const field_path *path_of(yaral_run *y, pk_str path)
{
    uint32_t number = table_get(&y->known_paths, path);
    if (number != TABLE_NONE) return &y->parsed.at[number];
    field_path p;
    if (!field_path_parse(arena_str(y->paths, path), y->paths, &p, NULL)) p = (field_path){0};
    table_put(&y->known_paths, arena_str(y->paths, path), (uint32_t)y->parsed.len);
    vec_push(&y->parsed, p);
    return &y->parsed.at[y->parsed.len - 1];
}

static void field_values(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)match;
    const field_path *p = path_of(user, f->path);
    if (p->count) field_path_read(e->tree, p, a, out);
}

static bool is_source(const eval_event *e, const stage *match, void *user)
{
    (void)e, (void)user;
    return match->kind == STAGE_MATCH;
}

static const value *records_of(const stage *s, size_t *count, void *user)
{
    yaral_run *y = user;
    bool entities = str_equal(s->as.match.schema, STR("udm-entity"));
    *count = entities ? y->entities.len : 0;
    return entities ? y->entities.at : NULL;
}

static eval_schema view_of(yaral_run *y)
{
    return (eval_schema){.is_source = is_source, .field = field_values, .context = records_of, .user = y, .context_of_run = y->context};
}

/* ---- an event ---- */

static void ask_engine(yaral_run *y, const event *e, const classification *k, timestamp time)
{
    match_result m = matcher_run(y->matcher, e, k);
    for (size_t i = 0; i < m.count; i++) {
        const rule *r = ir_rule(y->c->catalog->ir, m.rules[i]);
        matched_row row = {r, m.stages[i], m.classes[i], time, {"", 0}};
        if (row_store_wants(y->store, m.rules[i])) {
            if (row_store_add(y->store, y->c->program, &row, e, k, STR("{}")) != PK_OK) abort();
        } else {
            vec_push_in(y->arena, &y->found[m.rules[i]].items, arena_printf(y->arena, "#%llu", (unsigned long long)y->order));
        }
    }
}

static bool some_stage_takes(yaral_run *y, const rule *r, const eval_event *e, const eval_schema *s)
{
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (r->plan->stages[i]->kind == STAGE_MATCH && eval_match(r->plan, r->plan->stages[i], e, s, y->scratch)) return true;
    return false;
}

static bool is_plain(const plan *p) { return p->alert->kind == STAGE_MATCH && p->quiet == QUIET_NONE; }

static void keep_for_evaluator(yaral_run *y, const event *e, const classification *k, timestamp time)
{
    const schema *s = y->c->catalog->schema;
    class_id c = schema_record_class(s, STR("udm"), k->classes, k->class_count);
    if (c == CLASS_NONE) return;
    static const record_paths everything = {.all = true};
    value record = schema_event_record(s, c, k->layout, STR("udm"), &everything, event_tree(e, y->scratch), &e->source, y->scratch), *own = NULL;
    eval_event seen = {.time = time, .order = y->order, .tree = &record};
    eval_schema view = view_of(y);
    y->mapped++;
    for (size_t i = 0; i < y->c->rules.len; i++) {
        const rule *r = ir_rule(y->c->catalog->ir, y->c->rules.at[i]);
        if (!some_stage_takes(y, r, &seen, &view)) continue;
        if (!own) {
            own = ARENA_NEW(y->arena, value);
            *own = value_copy(y->arena, &record);
        }
        seen.tree = own;
        vec_push_in(y->arena, &y->kept[r->index].events, seen);
    }
}

static bool on_event(const event *e, void *user)
{
    yaral_run *y = user;
    event seen = *e;
    classification k = classify(y->classifier, e, CLASS_NONE);
    timestamp time = classifier_time(y->classifier, e, &k, y->scratch);
    seen.source.position = ++y->order;
    seen.source.input = 0;
    y->events++;
    ask_engine(y, &seen, &k, time);
    keep_for_evaluator(y, &seen, &k, time);
    arena_reset(y->scratch);
    return true;
}

/* ---- detections ---- */

static bool on_alert(const stage_alert *alert, void *user)
{
    yaral_run *y = user;
    if (alert->rule->index < ir_rule_count(y->c->catalog->ir))
        vec_push_in(y->arena, &y->found[alert->rule->index].items, line_of_stage_alert(y->arena, alert, true));
    return true;
}

typedef struct { yaral_run *run; value_pack *pack; } packed_entities;

static context_records packed_records_of(const stage *s, void *user)
{
    const packed_entities *p = user;
    size_t count;
    const value *records = records_of(s, &count, p->run);
    return records ? (context_records){.pack = p->pack, .count = count} : (context_records){0};
}

static void finish_engine(yaral_run *y)
{
    diag_list *d = diag_list_new();
    packed_entities packed = {y, value_pack_new()};
    for (size_t i = 0; i < y->entities.len; i++) value_pack_add(packed.pack, &y->entities.at[i]);
    stage_inputs inputs = {.records = packed_records_of, .user = &packed};
    if (stages_run(y->c->program, &y->store, 1, 0, &inputs, on_alert, y, d) != PK_OK) abort();
    value_pack_free(packed.pack);
    diag_list_free(d);
}

static void finish_evaluator(yaral_run *y)
{
    eval_schema view = view_of(y);
    for (size_t i = 0; i < y->c->rules.len; i++) {
        const rule *r = ir_rule(y->c->catalog->ir, y->c->rules.at[i]);
        size_t rows;
        if (y->kept[r->index].events.len == 0) continue;
        eval_row *made = eval_plan(r, y->kept[r->index].events.at, y->kept[r->index].events.len, &view, y->arena, &rows);
        bool plain = is_plain(r->plan);
        for (size_t k = 0; k < rows; k++)
            vec_push_in(y->arena, &y->expected[r->index].items,
                        plain ? arena_printf(y->arena, "#%llu", (unsigned long long)made[k].events[0]->order)
                              : line_of_row(y->arena, r->plan, &made[k], true));
    }
}

static void begin(yaral_run *y)
{
    size_t rules = ir_rule_count(y->c->catalog->ir);
    arena_reset(y->arena);
    y->kept = ARENA_ARRAY(y->arena, kept_events, rules + 1);
    y->found = ARENA_ARRAY(y->arena, line_list, rules + 1);
    y->expected = ARENA_ARRAY(y->arena, line_list, rules + 1);
    y->store = row_store_new(y->c->program, 0);
    y->order = 0;
}

static void finish(yaral_run *y)
{
    finish_engine(y);
    finish_evaluator(y);
    row_store_free(y->store);
    for (size_t i = 0; i < y->c->rules.len; i++) {
        sort_lines(&y->found[y->c->rules.at[i]]);
        sort_lines(&y->expected[y->c->rules.at[i]]);
    }
}

static void run_lines(yaral_run *y, log_readers *readers, const udm_stream *u)
{
    diag_list *d = diag_list_new();
    text t = {0};
    begin(y);
    y->entities.len = 0;
    for (size_t i = 0; i < u->entities.len; i++) vec_push(&y->entities, udm_normalise(UDM_ENTITY, &u->entities.at[i], y->arena));
    for (size_t i = 0; i < u->lines.len; i++) text_printf(&t, STR_FMT "\n", STR_ARG(u->lines.at[i]));
    input_list *inputs = input_list_new(&(input_options){.nesting_limit = 1, .force = format_find(STR("json"))});
    input_item item;
    if (input_add_bytes(inputs, STR("stream"), t.ptr, t.len) == PK_OK && input_next(inputs, &item, d) == INPUT_OPENED)
        each_event_of_stream(readers, &item, on_event, y, d);
    input_list_free(inputs);
    diag_list_free(d);
    text_free(&t);
    finish(y);
}

/* ---- telling ---- */

static void print_only(const char *who, const line_list *l, const line_list *without)
{
    size_t shown_lines = 0;
    for (size_t i = 0; i < l->items.len && shown_lines < 10; i++) {
        bool known = false;
        for (size_t k = 0; k < without->items.len && !known; k++) known = str_equal(l->items.at[i], without->items.at[k]);
        if (!known) printf("  only the %s: " STR_FMT "\n", who, STR_ARG(l->items.at[i])), shown_lines++;
    }
}

static void print_plan_of(const rule *r)
{
    text t = {0};
    ir_print_plan(&t, r->plan);
    printf(STR_FMT, STR_ARG(text_view(&t)));
    text_free(&t);
}

static void tell_difference(const yaral_run *y, const rule *r, const char *where)
{
    printf("%s: " STR_FMT " (" STR_FMT ")\n", where, STR_ARG(r->title), STR_ARG(r->path));
    print_only("engine", &y->found[r->index], &y->expected[r->index]);
    print_only("evaluator", &y->expected[r->index], &y->found[r->index]);
}

/* Leaves out events and entities as long as the rule differs. */
static void show_smallest(yaral_run *y, log_readers *readers, udm_stream *u, const rule *r)
{
    for (size_t i = u->lines.len; i-- > 0;) {
        pk_str out = u->lines.at[i];
        memmove(&u->lines.at[i], &u->lines.at[i + 1], (u->lines.len - 1 - i) * sizeof out);
        u->lines.len--;
        run_lines(y, readers, u);
        if (!same_lines(&y->found[r->index], &y->expected[r->index])) continue;
        memmove(&u->lines.at[i + 1], &u->lines.at[i], (u->lines.len - i) * sizeof out);
        u->lines.at[i] = out;
        u->lines.len++;
    }
    for (size_t i = u->entities.len; i-- > 0;) {
        value out = u->entities.at[i];
        memmove(&u->entities.at[i], &u->entities.at[i + 1], (u->entities.len - 1 - i) * sizeof out);
        u->entities.len--;
        run_lines(y, readers, u);
        if (!same_lines(&y->found[r->index], &y->expected[r->index])) continue;
        memmove(&u->entities.at[i + 1], &u->entities.at[i], (u->entities.len - i) * sizeof out);
        u->entities.at[i] = out;
        u->entities.len++;
    }
    run_lines(y, readers, u);
    print_plan_of(r);
    for (size_t i = 0; i < u->lines.len; i++) printf(STR_FMT "\n", STR_ARG(u->lines.at[i]));
    for (size_t i = 0; i < u->entities.len; i++) {
        text t = {0};
        value_write_json(&t, &u->entities.at[i]);
        printf("entity " STR_FMT "\n", STR_ARG(text_view(&t)));
        text_free(&t);
    }
    print_only("engine", &y->found[r->index], &y->expected[r->index]);
    print_only("evaluator", &y->expected[r->index], &y->found[r->index]);
}

/* Sums up the run; the first rule that differs and was not shown before, or NULL. */
static const rule *sum_up(yaral_run *y, const char *where)
{
    conformance *c = y->c;
    const rule *first = NULL;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->rules.len; i++) {
        uint32_t index = c->rules.at[i];
        if (same_lines(&y->found[index], &y->expected[index])) {
            c->agreed += y->found[index].items.len;
            c->fired[index] |= y->found[index].items.len > 0;
            continue;
        }
        c->differ++;
        if (!c->wrong[index] && !first && c->differ <= SHOWN_MAX) first = ir_rule(c->catalog->ir, index);
        if (!c->wrong[index]) tell_difference(y, ir_rule(c->catalog->ir, index), where);
        c->wrong[index] = true;
    }
    pthread_mutex_unlock(&c->lock);
    return first;
}

/* ---- the same by way of the library ---- */

typedef struct { unsigned threads, files; size_t memory; bool shuffled; } scan_way;

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

typedef struct { arena *arena; line_list *lines; } scan_lines;

static void put_member(text *t, const pk_member *m) { text_printf(t, " " STR_FMT "=" STR_FMT, STR_ARG(m->name), STR_ARG(m->json)); }

/* An alert without the places of its events, which depend on the files. */
static bool on_scan_alert(const pk_alert *alert, void *user)
{
    scan_lines *s = user;
    const pk_detection *d = &alert->detection;
    text t = {0};
    uint64_t *events = ARENA_ARRAY(s->arena, uint64_t, alert->event_count);
    text_printf(&t, STR_FMT " %lld", STR_ARG(alert->rule->title), (long long)alert->time);
    for (size_t i = 0; i < d->match_count; i++) put_member(&t, &d->match[i]);
    for (size_t i = 0; i < d->outcome_count; i++) put_member(&t, &d->outcome[i]);
    for (size_t i = 0; i < d->count_count; i++)
        text_printf(&t, " " STR_FMT ":%llu", STR_ARG(d->counts[i].variable), (unsigned long long)d->counts[i].count);
    for (size_t i = 0; i < d->entity_count; i++) text_printf(&t, " " STR_FMT STR_FMT, STR_ARG(d->entities[i].variable), STR_ARG(d->entities[i].json));
    if (d->has_window) text_printf(&t, " [%lld, %lld]", (long long)d->window_start, (long long)d->window_end);
    if (d->has_risk_score) text_printf(&t, " risk %g", d->risk_score);
    for (size_t i = 0; i < alert->event_count; i++) events[i] = hash_str(alert->events[i].json);
    if (alert->event_count) qsort(events, alert->event_count, sizeof *events, by_number);
    for (size_t i = 0; i < alert->event_count; i++) text_printf(&t, " #%llx", (unsigned long long)events[i]);
    vec_push_in(s->arena, &s->lines->items, arena_str(s->arena, text_view(&t)));
    text_free(&t);
    return true;
}

static line_list scan(const conformance *c, const udm_stream *u, scan_way w, arena *a)
{
    pk_scan_options options = {.threads = w.threads, .row_memory = w.memory};
    pk_scanner *scanner;
    line_list lines = {0};
    size_t *order = ARENA_ARRAY(a, size_t, u->lines.len + 1);
    random_source r = {u->lines.len};
    for (size_t i = 0; i < u->lines.len; i++) order[i] = i;
    for (size_t i = u->lines.len; w.shuffled && i > 1; i--) {
        size_t k = below(&r, (unsigned)i), swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
    if (pk_scanner_new(&scanner, c->scanned, &options) != PK_OK) abort();
    text entities = {0};
    for (size_t i = 0; i < u->entities.len; i++) {
        value_write_json(&entities, &u->entities.at[i]);
        text_put_char(&entities, '\n');
    }
    if (entities.len) pk_scanner_add_context_bytes(scanner, "entities.jsonl", entities.ptr, entities.len);
    for (unsigned f = 0; f < w.files; f++) {
        text t = {0};
        char name[32];
        for (size_t i = f * u->lines.len / w.files; i < (f + 1) * u->lines.len / w.files; i++) text_printf(&t, STR_FMT "\n", STR_ARG(u->lines.at[order[i]]));
        snprintf(name, sizeof name, "%u.jsonl", f);
        if (pk_scanner_add_bytes(scanner, name, t.ptr, t.len, &(pk_input){.format = "json", .source = PK_LOG_SOURCE_BY_CONTENT}) != PK_OK) abort();
        text_free(&t);
    }
    if (pk_scanner_run(scanner, on_scan_alert, &(scan_lines){a, &lines}) != PK_OK) abort();
    pk_scanner_free(scanner);
    text_free(&entities);
    sort_lines(&lines);
    return lines;
}

static void scan_all_ways(conformance *c, const udm_stream *u)
{
    static const scan_way ways[] = {{4, 1, 0, false}, {2, 3, 4096, false}, {3, 5, 0, true}};
    arena *a = arena_new();
    line_list first = scan(c, u, (scan_way){1, 1, 0, false}, a);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].shuffled && u->ties) continue;
        line_list again = scan(c, u, ways[i], a);
        pthread_mutex_lock(&c->lock);
        c->scans++;
        if (!same_lines(&first, &again) && c->other_scans++ < SHOWN_MAX) {
            printf("%u threads, %u files%s%s: other alerts\n", ways[i].threads, ways[i].files, ways[i].shuffled ? ", shuffled" : "", ways[i].memory ? ", little memory" : "");
            print_only("first scan", &first, &again);
            print_only("second scan", &again, &first);
        }
        pthread_mutex_unlock(&c->lock);
    }
    arena_free(a);
}

/* ---- threads ---- */

static yaral_run *open_run(conformance *c)
{
    yaral_run *y = mem_zalloc(1, sizeof *y);
    y->c = c;
    y->arena = arena_new();
    y->scratch = arena_new();
    y->paths = arena_new();
    y->classifier = classifier_new(c->catalog->schema, program_paths(c->program));
    y->matcher = matcher_new(c->program);
    y->context = eval_context_new();
    return y;
}

static void close_run(yaral_run *y)
{
    pthread_mutex_lock(&y->c->lock);
    y->c->events += y->events;
    y->c->mapped += y->mapped;
    y->c->stopped += eval_stopped_runs(y->context);
    pthread_mutex_unlock(&y->c->lock);
    classifier_free(y->classifier);
    matcher_free(y->matcher);
    eval_context_free(y->context);
    table_free(&y->known_paths);
    vec_free(&y->parsed);
    vec_free(&y->entities);
    arena_free(y->arena);
    arena_free(y->scratch);
    arena_free(y->paths);
    mem_free(y);
}

static void *run_logs(void *user)
{
    conformance *c = user;
    yaral_run *y = open_run(c);
    log_readers readers = {.paths = program_paths(c->program)};
    diag_list *d = diag_list_new();
    for (size_t i; (i = atomic_fetch_add(&c->next, 1)) < c->files.len;) {
        begin(y);
        each_event_of_path(&readers, c->files.at[i], on_event, y, d);
        finish(y);
        sum_up(y, c->files.at[i]);
    }
    diag_list_free(d);
    log_readers_free(&readers);
    close_run(y);
    return NULL;
}

static void *run_streams(void *user)
{
    conformance *c = user;
    yaral_run *y = open_run(c);
    log_readers readers = {.paths = program_paths(c->program)};
    for (size_t i; (i = atomic_fetch_add(&c->next, 1)) * BATCH < c->rules.len;) {
        udm_stream u = {.random = {(c->seed * 100003 + i) * 7919}, .arena = arena_new(), .ties = i % 2};
        timestamp at = INT64_C(1767600000) * SECOND;
        for (size_t k = i * BATCH; k < (i + 1) * BATCH && k < c->rules.len; k++) {
            const plan *p = ir_rule(c->catalog->ir, c->rules.at[k])->plan;
            for (unsigned n = 0; n < c->incidents; n++) {
                make_incident(&u, p, at);
                at += 3 * length_of(p);
            }
        }
        run_lines(y, &readers, &u);
        if (c->scanned && i % c->scan_every == 0) scan_all_ways(c, &u);
        const rule *first = sum_up(y, "stream");
        if (first) {
            pthread_mutex_lock(&c->lock);
            show_smallest(y, &readers, &u, first);
            pthread_mutex_unlock(&c->lock);
        }
        vec_free(&u.lines);
        vec_free(&u.entities);
        arena_free(u.arena);
    }
    log_readers_free(&readers);
    close_run(y);
    return NULL;
}

static void run_threads(conformance *c, void *(*fn)(void *), size_t threads)
{
    VEC(pthread_t) started = {0};
    atomic_store(&c->next, 0);
    for (size_t i = 0; i < threads; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, fn, c) == 0) vec_push(&started, t);
    }
    for (size_t i = 0; i < started.len; i++) pthread_join(started.at[i], NULL);
    vec_free(&started);
}

/* ---- what to run ---- */

static bool every_runnable(const rule *r, void *user)
{
    const conformance *c = user;
    return !c->only || str_equal(r->title, str_from(c->only)) || str_equal(r->name, str_from(c->only));
}

/* false: there is no rule. */
static bool load(conformance *c, const char *rules, bool plans)
{
    if (pk_catalog_new(&c->catalog, PICKET_SOURCE_DIR "/share") != PK_OK || pk_catalog_load(c->catalog, rules) != PK_OK) {
        fprintf(stderr, "cannot load %s\n", rules);
        exit(2);
    }
    catalog_complete(c->catalog);
    compile_options all = {.choose = every_runnable, .choose_user = c};
    if (program_build(&c->program, c->catalog->ir, c->catalog->schema, &all, catalog_diags(c->catalog)) != PK_OK) exit(2);
    static const pk_str every_status[] = {{"all", 3}};
    const pk_choice choice = {.statuses = {every_status, 1}};
    if (!c->only && pk_program_build(&c->scanned, c->catalog, &choice) != PK_OK) exit(2);
    size_t count = ir_rule_count(c->catalog->ir);
    c->fired = mem_zalloc(count + 1, sizeof *c->fired);
    c->wrong = mem_zalloc(count + 1, sizeof *c->wrong);
    for (size_t i = 0; i < count; i++) {
        const rule *r = ir_rule(c->catalog->ir, i);
        if (!program_has_rule(c->program, (uint32_t)i) || !r->plan || !r->plan->alert) continue;
        vec_push(&c->rules, (uint32_t)i);
        if (plans) printf("-- " STR_FMT "\n", STR_ARG(r->path)), print_plan_of(r);
    }
    return c->rules.len > 0;
}

/* The catalogue of the logs lists each. */
static void list_logs(conformance *c, const char *corpora, arena *a)
{
    pk_str catalogue, path = arena_printf(a, "%s/CATALOGUE.tsv", corpora);
    if (read_text_file(path.ptr, 16u << 20, a, &catalogue, catalog_diags(c->catalog)) != PK_OK) exit(2);
    for (size_t at = str_find_char(catalogue, '\n') + 1; at < catalogue.len;) {
        pk_str line = str_slice(catalogue, at, str_find_char(str_slice(catalogue, at, STR_NPOS), '\n'));
        at += line.len + 1;
        pk_str file = str_slice(line, 0, str_find_char(line, '\t')), rest = line;
        int64_t events = 0;
        for (int column = 0; column < 3; column++) rest = str_slice(rest, str_find_char(rest, '\t') + 1, STR_NPOS); /* path, format, source, events */
        str_to_int(str_slice(rest, 0, str_find_char(rest, '\t')), false, &events);
        if (c->every > 1 && events > SAMPLE_LARGEST) continue;
        if (file.len && hash_str(file) % c->every == 0) vec_push(&c->files, (char *)arena_printf(a, "%s/" STR_FMT, corpora, STR_ARG(file)).ptr);
    }
}

static size_t count_true(const bool *flags, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) n += flags[i];
    return n;
}

static void tell(conformance *c, const char *what)
{
    size_t count = ir_rule_count(c->catalog->ir);
    figure(what, "%zu of %zu rules, %llu events of which %llu have a UDM record: %zu rules fired, %llu detections agreed, %llu runs differ "
           "(%zu rules), %llu runs of the evaluator stopped at their limit", c->rules.len, count, (unsigned long long)c->events,
           (unsigned long long)c->mapped, count_true(c->fired, count), (unsigned long long)c->agreed, (unsigned long long)c->differ,
           count_true(c->wrong, count), (unsigned long long)c->stopped);
    if (c->scans)
        figure("YARA-L over native streams: threads, files, order, memory", "%llu scans, %llu with other alerts than on one thread",
               (unsigned long long)c->scans, (unsigned long long)c->other_scans);
}

int main(int argc, char **argv)
{
    const char *corpora = corpora_or_skip(716), *rules = NULL;
    conformance c = {.every = corpora_all() ? 1 : SAMPLE_EVERY, .seed = 1, .incidents = corpora_all() ? 4 : 1,
                     .scan_every = corpora_all() ? 1 : 5};
    size_t threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN), streams = corpora_all() ? 10 : 1;
    bool logs = true, plans = false, silent = false;
    arena *a = arena_new();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--every") == 0 && i + 1 < argc) c.every = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--streams") == 0 && i + 1 < argc) streams = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) threads = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) c.seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc) rules = argv[++i];
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) c.only = argv[++i];
        else if (strcmp(argv[i], "--plans") == 0) plans = true;
        else if (strcmp(argv[i], "--silent") == 0) silent = true;
        else vec_push(&c.files, argv[i]);
    }
    if (!rules) rules = arena_printf(a, "%s/rules/chronicle", corpora).ptr;
    logs = c.every > 0;
    pthread_mutex_init(&c.lock, NULL);
    if (!load(&c, rules, plans)) {
        printf("no rule to run\n");
        return 1;
    }
    if (logs && c.files.len == 0) list_logs(&c, corpora, a);
    if (logs) {
        run_threads(&c, run_logs, threads);
        tell(&c, "YARA-L over logs: engine and reference evaluator");
    }
    uint64_t differ = c.differ;
    c.events = c.mapped = c.agreed = c.differ = 0;
    memset(c.fired, 0, ir_rule_count(c.catalog->ir) * sizeof *c.fired);
    for (size_t i = 0; i < streams; i++, c.seed++) run_threads(&c, run_streams, threads);
    if (streams) tell(&c, "YARA-L over native streams: engine and reference evaluator");
    differ += c.differ + c.other_scans;
    for (size_t i = 0; silent && i < c.rules.len; i++)
        if (!c.fired[c.rules.at[i]]) printf("silent: " STR_FMT "\n", STR_ARG(ir_rule(c.catalog->ir, c.rules.at[i])->path));
    vec_free(&c.files);
    vec_free(&c.rules);
    mem_free(c.fired);
    mem_free(c.wrong);
    program_free(c.program);
    pk_program_free(c.scanned);
    pk_catalog_free(c.catalog);
    arena_free(a);
    return differ == 0 ? 0 : 1;
}
