/*
 * Which published rules fire over the shared logs, by log source.
 *
 *     fired [-v]      -v: also each rule that never fires, with the reason
 *
 * For every log source that active rules name: how many rules have it, on how many of them some event was tried (a shared log
 * provides the source), how many fired at least once, and the others by what stood in the way:
 *
 *     no log       no event of the shared logs is of a class that the rule runs on
 *     no field     all that could make it a candidate are fields that no event of these classes has: such logs are written
 *                  by another version or with other settings
 *     no value     the fields are there, but what the rule looks for was never in any of them: nobody did it in these logs
 *     not all      something that it looks for was there (its necessary set), never all of it in one event, or a filter spoke
 *
 * Windows rules are left out but for one line: the other figures are about those. Log sources that content does not tell are
 * stated by sources.tsv: a glob of files below the corpora and a log source.
 */
#include "../tools/corpora.h"
#include "../tools/log_events.h"
#include "api/api.h"
#include "engine/matcher.h"
#include "figure.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdatomic.h>

typedef enum { FIRED, NOT_ALL, NO_VALUE, NO_FIELD, NO_LOG, FATES } fate;

static const char *const fate_names[FATES] = {"fired", "not all", "no value", "no field", "no log"};

typedef struct {
    char *glob;
    class_id class_id;
} statement;

typedef struct {
    pk_catalog *catalog;
    program *program;
    const char *corpora;
    VEC(statement) statements;
    VEC(char *) files;
    atomic_size_t next_file;
    size_t classes, slots, rules;
    pthread_mutex_t lock;
    /* by class (the last is the open one): events; and slots that ever had a value */
    uint64_t *events;
    bool *seen;
    uint64_t *fired;              /* by rule */
    bool *tried;                  /* by rule: was a candidate of its necessary set */
} survey;

typedef struct {
    survey *s;
    classifier *classifier;
    matcher *matcher;
    class_id stated;
    uint64_t *events, *fired;
    bool *seen, *tried;
} worker;

static size_t class_number(const survey *s, class_id c) { return c == CLASS_NONE ? s->classes : c; }

static void note_event(worker *w, class_id c)
{
    size_t n = class_number(w->s, c);
    w->events[n]++;
    matcher *m = w->matcher;
    if (m->context->empty) return;
    bool *seen = w->seen + n * w->s->slots;
    for (uint32_t i = 0; i < w->s->slots; i++)
        if (!seen[i]) seen[i] = slot_values_of(m, i)->count > 0;
}

static bool on_event(const event *e, void *user)
{
    worker *w = user;
    classification k = classify(w->classifier, e, w->stated);
    match_result m = matcher_run(w->matcher, e, &k);
    for (size_t i = 0; i < m.count; i++) w->fired[m.rules[i]]++;
    for (size_t i = 0; i < w->matcher->candidates.len; i++)
        w->tried[w->s->program->variants.at[w->matcher->candidates.at[i]].rule] = true;
    for (size_t i = 0; i < k.class_count; i++) note_event(w, k.classes[i]);
    if (k.class_count == 0) note_event(w, CLASS_NONE);
    return true;
}

static class_id stated_class(const survey *s, const char *file)
{
    for (size_t i = 0; i < s->statements.len; i++)
        if (fnmatch(s->statements.at[i].glob, file, 0) == 0) return s->statements.at[i].class_id;
    return CLASS_NONE;
}

static void add_up(survey *s, const worker *w)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i <= s->classes; i++) s->events[i] += w->events[i];
    for (size_t i = 0; i < (s->classes + 1) * s->slots; i++) s->seen[i] |= w->seen[i];
    for (size_t i = 0; i < s->rules; i++) s->fired[i] += w->fired[i], s->tried[i] |= w->tried[i];
    pthread_mutex_unlock(&s->lock);
}

static void *work(void *user)
{
    survey *s = user;
    worker w = {.s = s, .matcher = matcher_new(s->program), .classifier = classifier_new(s->catalog->schema, program_paths(s->program))};
    log_readers readers = {.paths = program_paths(s->program)};
    diag_list *d = diag_list_new();
    w.events = mem_zalloc(s->classes + 1, sizeof *w.events);
    w.fired = mem_zalloc(s->rules + 1, sizeof *w.fired);
    w.tried = mem_zalloc(s->rules + 1, sizeof *w.tried);
    w.seen = mem_zalloc((s->classes + 1) * s->slots, sizeof *w.seen);
    for (size_t i; (i = atomic_fetch_add(&s->next_file, 1)) < s->files.len;) {
        w.stated = stated_class(s, s->files.at[i] + strlen(s->corpora) + 1);
        each_event_of_path(&readers, s->files.at[i], on_event, &w, d);
    }
    add_up(s, &w);
    mem_free(w.events);
    mem_free(w.fired);
    mem_free(w.tried);
    mem_free(w.seen);
    matcher_free(w.matcher);
    classifier_free(w.classifier);
    log_readers_free(&readers);
    diag_list_free(d);
    return NULL;
}

/* ---- what stood in the way of a rule ---- */

static bool can_have(const survey *s, const rule_variant *v)
{
    const bool *seen = s->seen + class_number(s, v->class_id) * s->slots;
    for (uint32_t i = 0; i < v->necessary_count; i++) {
        const event_slot *slot = &s->program->slots.all.at[s->program->predicates.at[v->necessary[i]].slot];
        if (slot->kind != SLOT_COMPUTED) {
            if (slot->kind != SLOT_FIELD || seen[s->program->predicates.at[v->necessary[i]].slot]) return true;
            continue;
        }
        if (slot->standing) return true;
        for (size_t k = 0; k < slot->inputs.len; k++)
            if (seen[slot->inputs.at[k]]) return true;
    }
    return v->necessary_count == 0;
}

static fate fate_of(const survey *s, uint32_t index)
{
    if (s->fired[index]) return FIRED;
    fate best = NO_LOG;
    for (size_t i = 0; i < s->program->variants.len; i++) {
        const rule_variant *v = &s->program->variants.at[i];
        if (v->rule != index || s->events[class_number(s, v->class_id)] == 0) continue;
        fate f = s->tried[index] ? NOT_ALL : can_have(s, v) ? (v->necessary_count ? NO_VALUE : NOT_ALL) : NO_FIELD;
        if (f < best) best = f;
    }
    return best;
}

/* ---- the table ---- */

typedef struct {
    pk_str source;
    size_t of[FATES], rules;
} line;

typedef VEC(line) lines;

static line *line_of(lines *all, pk_str source)
{
    for (size_t i = 0; i < all->len; i++)
        if (str_equal(all->at[i].source, source)) return &all->at[i];
    line fresh = {.source = source};
    vec_push(all, fresh);
    return &all->at[all->len - 1];
}

static int by_source(const void *x, const void *y)
{
    return str_compare(((const line *)x)->source, ((const line *)y)->source);
}

static void count_rule(line *l, fate f)
{
    l->of[f]++;
    l->rules++;
}

static void print_line(const line *l)
{
    printf("%-42.*s %6zu %6zu %6zu", STR_ARG(l->source), l->rules, l->rules - l->of[NO_LOG], l->of[FIRED]);
    for (int f = NOT_ALL; f < FATES; f++) printf(" %9zu", l->of[f]);
    printf("\n");
}

static bool report(survey *s, arena *a, bool verbose)
{
    lines all = {0};
    line windows = {.source = STR("windows (all)")}, others = {.source = STR("cloud, Linux, network, web and others")};
    for (uint32_t i = 0; i < s->rules; i++) {
        if (!program_has_rule(s->program, i)) continue;
        const pk_rule *r = catalog_rule(s->catalog, ir_rule(s->catalog->ir, i));
        if (rule_is_correlation(ir_rule(s->catalog->ir, i))) continue; /* it reads other rules */
        fate f = fate_of(s, i);
        if (str_equal(r->product, STR("windows"))) {
            count_rule(&windows, f);
            continue;
        }
        pk_str source = arena_printf(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(r->product.len ? r->product : STR("-")),
                                     STR_ARG(r->category.len ? r->category : STR("-")), STR_ARG(r->service.len ? r->service : STR("-")));
        count_rule(&others, f);
        count_rule(line_of(&all, source), f);
        if (verbose && f != FIRED) printf("%-8s %-36.*s " STR_FMT " (" STR_FMT ")\n", fate_names[f], STR_ARG(source), STR_ARG(r->title), STR_ARG(r->id));
    }
    qsort(all.at, all.len, sizeof *all.at, by_source);
    printf("%-42s %6s %6s %6s", "product/category/service", "rules", "logs", "fired");
    for (int f = NOT_ALL; f < FATES; f++) printf(" %9s", fate_names[f]);
    printf("\n");
    for (size_t i = 0; i < all.len; i++) print_line(&all.at[i]);
    print_line(&others);
    print_line(&windows);
    figure("cloud, Linux, network and web rules whose log source some shared log provides", "%zu of %zu; %zu of them fire at least once",
           others.rules - others.of[NO_LOG], others.rules, others.of[FIRED]);
    figure("Windows rules with events of their classes", "%zu of %zu; %zu of them fire at least once", windows.rules - windows.of[NO_LOG],
           windows.rules, windows.of[FIRED]);
    vec_free(&all);
    return others.of[FIRED] > 0 && windows.of[FIRED] > 0;
}

/* ---- what runs over what ---- */

static bool read_statements(survey *s, arena *a)
{
    FILE *f = fopen(PICKET_SOURCE_DIR "/tests/conformance/sources.tsv", "r");
    char row[1024], glob[512], source[256];
    bool ok = f != NULL;
    while (f && fgets(row, sizeof row, f)) {
        pk_log_source stated;
        if (row[0] == '#' || sscanf(row, "%511[^\t]\t%255[^\t\n]", glob, source) != 2) continue;
        if (pk_catalog_state_source(s->catalog, source, &stated) != PK_OK) {
            ok = false;
            continue;
        }
        statement made = {(char *)arena_str(a, str_from(glob)).ptr, s->catalog->stated_classes.at[stated]};
        vec_push(&s->statements, made);
    }
    if (f) fclose(f);
    return ok;
}

static bool list_files(survey *s, arena *a)
{
    pk_str catalogue, path = arena_printf(a, "%s/CATALOGUE.tsv", s->corpora);
    if (read_text_file(path.ptr, 16u << 20, a, &catalogue, catalog_diags(s->catalog)) != PK_OK) return false;
    for (size_t at = str_find_char(catalogue, '\n') + 1, n = 0; at < catalogue.len; n++) {
        pk_str row = str_slice(catalogue, at, str_find_char(str_slice(catalogue, at, STR_NPOS), '\n'));
        at += row.len + 1;
        pk_str file = str_slice(row, 0, str_find_char(row, '\t'));
        if (str_starts_with(file, STR("logs/otrf")) && !corpora_all() && n % 16) continue;
        vec_push(&s->files, (char *)arena_printf(a, "%s/" STR_FMT, s->corpora, STR_ARG(file)).ptr);
    }
    return s->files.len > 0;
}

static void run(survey *s)
{
    pthread_t threads[64];
    size_t started = 0, wanted = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    for (size_t i = 0; i < wanted && i < 64; i++) started += pthread_create(&threads[started], NULL, work, s) == 0;
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    survey s = {.corpora = corpora_or_skip(1), .lock = PTHREAD_MUTEX_INITIALIZER};
    arena *a = arena_new();
    bool ok = pk_catalog_new(&s.catalog, PICKET_SOURCE_DIR "/share") == PK_OK && load_active_rules(s.catalog, s.corpora) &&
              read_statements(&s, a) && list_files(&s, a);
    if (ok) catalog_complete(s.catalog);
    ok = ok && program_build(&s.program, s.catalog->ir, s.catalog->schema, NULL, catalog_diags(s.catalog)) == PK_OK;
    if (ok) {
        s.classes = s.program->class_count;
        s.slots = s.program->slots.all.len;
        s.rules = ir_rule_count(s.catalog->ir);
        s.events = mem_zalloc(s.classes + 1, sizeof *s.events);
        s.seen = mem_zalloc((s.classes + 1) * s.slots, sizeof *s.seen);
        s.fired = mem_zalloc(s.rules + 1, sizeof *s.fired);
        s.tried = mem_zalloc(s.rules + 1, sizeof *s.tried);
        run(&s);
        ok = report(&s, a, argc > 1 && strcmp(argv[1], "-v") == 0);
    } else {
        puts("the rules, the log sources or the catalogue could not be read");
    }
    mem_free(s.events);
    mem_free(s.seen);
    mem_free(s.fired);
    mem_free(s.tried);
    vec_free(&s.statements);
    vec_free(&s.files);
    program_free(s.program);
    pk_catalog_free(s.catalog);
    arena_free(a);
    return ok ? 0 : 1;
}
