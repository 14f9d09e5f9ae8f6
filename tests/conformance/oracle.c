/*
 * The engine against the reference evaluator: every rule over every log of the corpora.
 *
 *     oracle [--every N] [--threads N] [--rules FOLDER] [LOG...]
 *
 * The evaluator is asked for each rule that is routed to a class of the event (and no rule else), the engine for the event
 * as a whole; both must name the same rules. Prints how many (rule, event) pairs were evaluated, how many matched in both,
 * and each that did not agree. --every N takes one event in N, chosen by its place, which is always the same ones; without
 * it 1 if PICKET_CONFORMANCE is "all", else a sample that fits into `make test`. Without LOG: the logs and the evidence.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "../tools/corpora.h"
#include "../tools/log_events.h"
#include "api/api.h"
#include "engine/engine.h"
#include "figure.h"
#include "ir/eval.h"

#define SAMPLE_EVERY 397
#define SHOWN_MAX 40

/* ---- what all threads share ---- */

typedef VEC(uint32_t) rule_list;

typedef struct {
    pk_catalog *catalog;
    program *program;
    rule_list *of_class;          /* rules routed to each class; the last is the open class */
    size_t class_count;
    VEC(char *) files;
    atomic_size_t next_file;
    uint64_t every;
    pthread_mutex_t lock;         /* over what is printed and the sums */
    uint64_t events, evaluated, agreed, differ;
} conformance;

/* ---- the evaluator's view of an event ---- */

typedef struct {
    list_builder values;
    uint64_t event;               /* that they are of */
} known_field;

typedef struct {
    conformance *c;
    classifier *classifier;
    matcher *matcher;
    eval_context *context;
    arena *arena;
    table fields;                 /* class, field -> number in `known`: mappings are applied once for each event */
    arena *names;
    VEC(known_field) known;
    uint64_t event, events, evaluated, agreed, differ;
    class_id class_id;
    const classification *k;
    bool *by_engine, *by_evaluator; /* by rule */
    rule_list met;
} oracle;

static known_field *known_of(oracle *o, const ir_field *f)
{
    pk_str key = arena_printf(o->arena, "%u " STR_FMT " " STR_FMT, o->class_id, STR_ARG(f->schema), STR_ARG(f->path));
    uint32_t number = table_get(&o->fields, key);
    if (number == TABLE_NONE) {
        number = (uint32_t)o->known.len;
        table_put(&o->fields, arena_str(o->names, key), number);
        vec_push(&o->known, ((known_field){.event = 0}));
    }
    return &o->known.at[number];
}

static void field_values(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user)
{
    oracle *o = user;
    const schema *s = o->c->catalog->schema;
    known_field *known = known_of(o, f);
    if (known->event != o->event) {
        known->event = o->event;
        known->values = (list_builder){0};
        pk_str name = f->schema.len ? f->schema : match->as.match.schema;
        if (o->class_id == CLASS_NONE) tree_values(e->tree, f->path, o->arena, &known->values);
        else schema_field_values(s, o->class_id, o->k->layout, name, f->path, e->tree, o->arena, &known->values);
    }
    for (size_t i = 0; i < known->values.items.len; i++) list_add(a, out, known->values.items.at[i]);
}

static bool any_source(const eval_event *e, const stage *match, void *user)
{
    (void)e, (void)match, (void)user;
    return true; /* routing was asked before */
}

static bool rule_fits(oracle *o, const rule *r, const eval_event *e, const eval_schema *s)
{
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (r->plan->stages[i]->kind == STAGE_MATCH && eval_match(r->plan, r->plan->stages[i], e, s, o->arena)) return true;
    return false;
}

static void ask_class(oracle *o, size_t number, class_id id, const eval_event *e, const eval_schema *s)
{
    const rule_list *rules = &o->c->of_class[number];
    o->class_id = id;
    for (size_t i = 0; i < rules->len; i++) {
        uint32_t index = rules->at[i];
        o->evaluated++;
        if (o->by_evaluator[index] || !rule_fits(o, ir_rule(o->c->catalog->ir, index), e, s)) continue;
        o->by_evaluator[index] = true;
        vec_push(&o->met, index);
    }
}

static void ask_evaluator(oracle *o, const event *e)
{
    eval_schema s = {.is_source = any_source, .field = field_values, .user = o, .context_of_run = o->context};
    eval_event seen = {.time = TIMESTAMP_NONE, .tree = event_tree(e, o->arena), .raw = e->raw};
    for (size_t i = 0; i < o->k->class_count; i++) ask_class(o, o->k->classes[i], o->k->classes[i], &seen, &s);
    if (o->k->class_count == 0) ask_class(o, o->c->class_count, CLASS_NONE, &seen, &s);
}

/* ---- one event ---- */

static void report(oracle *o, const event *e, uint32_t index)
{
    const rule *r = ir_rule(o->c->catalog->ir, index);
    o->differ++;
    pthread_mutex_lock(&o->c->lock);
    if (o->c->differ++ < SHOWN_MAX)
        printf("only the %s: " STR_FMT " (" STR_FMT "): " STR_FMT " line %llu record %lld\n",
               o->by_engine[index] ? "engine" : "evaluator", STR_ARG(r->title), STR_ARG(r->id), STR_ARG(e->source.file),
               (unsigned long long)e->source.line, (long long)e->source.record);
    pthread_mutex_unlock(&o->c->lock);
}

static void compare(oracle *o, const event *e)
{
    for (size_t i = 0; i < o->met.len; i++) {
        uint32_t index = o->met.at[i];
        if (o->by_engine[index] != o->by_evaluator[index]) report(o, e, index);
        else if (o->by_engine[index]) o->agreed++;
        o->by_engine[index] = o->by_evaluator[index] = false; /* a rule may stand in `met` twice */
    }
    o->met.len = 0;
}

/* A rule, and a stage of a correlation, matches an event once; they are named in order. */
static void check_order(oracle *o, const event *e, const match_result *m)
{
    for (size_t i = 1; i < m->count; i++) {
        if (m->rules[i] > m->rules[i - 1] || (m->rules[i] == m->rules[i - 1] && m->stages[i] > m->stages[i - 1])) continue;
        printf("the engine names a rule twice, or out of order:\n");
        report(o, e, m->rules[i]);
    }
}

static bool on_event(const event *e, void *user)
{
    oracle *o = user;
    if (hash_mix(hash_str(e->source.file), e->source.position) % o->c->every != 0) return true;
    classification k = classify(o->classifier, e, CLASS_NONE);
    o->k = &k;
    o->event++;
    o->events++;
    match_result m = matcher_run(o->matcher, e, &k);
    for (size_t i = 0; i < m.count; i++) {
        o->by_engine[m.rules[i]] = true;
        vec_push(&o->met, m.rules[i]);
    }
    check_order(o, e, &m);
    ask_evaluator(o, e);
    compare(o, e);
    arena_reset(o->arena);
    return true;
}

/* ---- threads ---- */

static void *work(void *user)
{
    conformance *c = user;
    size_t rules = ir_rule_count(c->catalog->ir);
    oracle o = {.c = c, .arena = arena_new(), .names = arena_new(), .matcher = matcher_new(c->program)};
    log_readers readers = {.paths = program_paths(c->program)};
    diag_list *d = diag_list_new();
    o.classifier = classifier_new(c->catalog->schema, program_paths(c->program));
    o.context = eval_context_new();
    o.by_engine = mem_zalloc(rules + 1, 1);
    o.by_evaluator = mem_zalloc(rules + 1, 1);
    for (size_t i; (i = atomic_fetch_add(&c->next_file, 1)) < c->files.len;)
        each_event_of_path(&readers, c->files.at[i], on_event, &o, d);
    pthread_mutex_lock(&c->lock);
    c->events += o.events;
    c->evaluated += o.evaluated;
    c->agreed += o.agreed;
    pthread_mutex_unlock(&c->lock);
    matcher_free(o.matcher);
    classifier_free(o.classifier);
    eval_context_free(o.context);
    log_readers_free(&readers);
    diag_list_free(d);
    table_free(&o.fields);
    vec_free(&o.known);
    vec_free(&o.met);
    mem_free(o.by_engine);
    mem_free(o.by_evaluator);
    arena_free(o.arena);
    arena_free(o.names);
    return NULL;
}

/* ---- what to run ---- */

static bool every_runnable(const rule *r, void *user)
{
    (void)r, (void)user;
    return true;
}

static void route(conformance *c, const rule *r, arena *a)
{
    for (size_t i = 0; i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        static const log_source everything;
        size_t sources = s->kind == STAGE_MATCH ? s->as.match.source_count : 0, count;
        for (size_t k = 0; k < sources || (s->kind == STAGE_MATCH && k == 0); k++) {
            const class_id *classes = schema_classes_of(c->catalog->schema, sources ? &s->as.match.sources[k] : &everything, a, &count);
            for (size_t n = 0; n < count; n++) vec_push(&c->of_class[classes[n]], r->index);
        }
        if (s->kind == STAGE_MATCH && sources == 0) vec_push(&c->of_class[c->class_count], r->index);
    }
}

static void load(conformance *c, const char *rules)
{
    if (pk_catalog_new(&c->catalog, PICKET_SOURCE_DIR "/share") != PK_OK || pk_catalog_load(c->catalog, rules) != PK_OK) {
        fprintf(stderr, "cannot load %s\n", rules);
        exit(2);
    }
    catalog_complete(c->catalog);
    compile_options all = {.choose = every_runnable};
    if (program_build(&c->program, c->catalog->ir, c->catalog->schema, &all, catalog_diags(c->catalog)) != PK_OK) exit(2);
    c->class_count = schema_class_count(c->catalog->schema);
    c->of_class = mem_zalloc(c->class_count + 1, sizeof *c->of_class);
    arena *a = arena_new();
    for (size_t i = 0; i < ir_rule_count(c->catalog->ir); i++)
        if (program_has_rule(c->program, (uint32_t)i)) route(c, ir_rule(c->catalog->ir, i), a);
    arena_free(a);
}

/* The catalogue lists every log; one file a unit of work. */
static void list_logs(conformance *c, const char *corpora, arena *a)
{
    pk_str catalogue, path = arena_printf(a, "%s/CATALOGUE.tsv", corpora);
    if (read_text_file(path.ptr, 16u << 20, a, &catalogue, catalog_diags(c->catalog)) != PK_OK) exit(2);
    for (size_t at = str_find_char(catalogue, '\n') + 1; at < catalogue.len;) {
        pk_str line = str_slice(catalogue, at, str_find_char(str_slice(catalogue, at, STR_NPOS), '\n'));
        at += line.len + 1;
        pk_str file = str_slice(line, 0, str_find_char(line, '\t'));
        if (file.len) vec_push(&c->files, (char *)arena_printf(a, "%s/" STR_FMT, corpora, STR_ARG(file)).ptr);
    }
}

int main(int argc, char **argv)
{
    const char *corpora = corpora_or_skip(1), *rules = NULL;
    conformance c = {.every = corpora_all() ? 1 : SAMPLE_EVERY};
    size_t threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    arena *a = arena_new();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--every") == 0 && i + 1 < argc) c.every = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) threads = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc) rules = argv[++i];
        else vec_push(&c.files, argv[i]);
    }
    if (!rules) rules = arena_printf(a, "%s/rules/sigma", corpora).ptr;
    if (c.every == 0) c.every = 1;
    load(&c, rules);
    if (c.files.len == 0) list_logs(&c, corpora, a);
    pthread_mutex_init(&c.lock, NULL);
    VEC(pthread_t) started = {0};
    for (size_t i = 0; i < threads; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, work, &c) == 0) vec_push(&started, t);
    }
    for (size_t i = 0; i < started.len; i++) pthread_join(started.at[i], NULL);
    figure("engine and reference evaluator", "%zu rules, %zu files, %llu events (one in %llu): %llu pairs evaluated, %llu matched in both, %llu differ",
           program_rule_count(c.program), c.files.len, (unsigned long long)c.events, (unsigned long long)c.every,
           (unsigned long long)c.evaluated, (unsigned long long)c.agreed, (unsigned long long)c.differ);
    bool ok = c.differ == 0 && c.events > 0;
    vec_free(&started);
    vec_free(&c.files);
    for (size_t i = 0; i <= c.class_count; i++) vec_free(&c.of_class[i]);
    mem_free(c.of_class);
    program_free(c.program);
    pk_catalog_free(c.catalog);
    arena_free(a);
    return ok ? 0 : 1;
}
