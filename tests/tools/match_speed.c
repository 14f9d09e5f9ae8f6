/*
 * How fast the matcher is beside decoding: match_speed RULES[,RULES...] LOG...
 *
 * Each log is read twice: decoded and classified only, then matched as well. Prints the seconds of both, and what made
 * candidates; with PICKET_TOP=N the N rules that were candidates most often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/api.h"
#include "engine/matcher.h"
#include "log_events.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* other work on the machine does not count */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct {
    classifier *classifier;
    matcher *matcher;             /* NULL: decode and classify only */
    uint64_t events, alerts, *candidates;
} pass;

static bool on_event(const event *e, void *user)
{
    pass *p = user;
    classification k = classify(p->classifier, e, CLASS_NONE);
    p->events++;
    if (!p->matcher) return true;
    p->alerts += matcher_run(p->matcher, e, &k).count;
    if (p->candidates)
        for (size_t i = 0; i < p->matcher->candidates.len; i++) p->candidates[p->matcher->candidates.at[i]]++;
    return true;
}

static double run_pass(const program *p, pass *state, char **logs)
{
    log_readers readers = {.paths = program_paths(p)};
    diag_list *d = diag_list_new();
    double start = now();
    for (; *logs; logs++) each_event_of_path(&readers, *logs, on_event, state, d);
    double seconds = now() - start;
    log_readers_free(&readers);
    diag_list_free(d);
    return seconds;
}

static void load_rules(pk_catalog *c, char *paths)
{
    for (char *path = strtok(paths, ","); path; path = strtok(NULL, ","))
        if (pk_catalog_load(c, path) != PK_OK) fprintf(stderr, "cannot load %s\n", path);
    catalog_complete(c);
}

static void print_top(const program *p, const ir_catalog *c, const uint64_t *candidates, uint64_t events, int n)
{
    bool *shown = mem_zalloc(p->variants.len + 1, sizeof *shown);
    for (; n > 0; n--) {
        size_t best = p->variants.len;
        for (size_t i = 0; i < p->variants.len; i++)
            if (!shown[i] && candidates[i] && (best == p->variants.len || candidates[i] > candidates[best])) best = i;
        if (best == p->variants.len) break;
        shown[best] = true;
        const rule_variant *v = &p->variants.at[best];
        printf("%7.3f %s", (double)candidates[best] / (double)events, v->necessary_count ? "" : "broad ");
        printf(STR_FMT ":", STR_ARG(ir_rule(c, v->rule)->title));
        for (uint32_t i = 0; i < v->necessary_count && i < 3; i++) {
            const predicate_row *row = &p->predicates.at[v->necessary[i]];
            text t = {0};
            ir_print_test(&t, p->slot_programs[row->part].tests[row->tests[0]]->test);
            printf(" [" STR_FMT " " STR_FMT " of %u, %.4f]", STR_ARG(p->slots.all.at[row->slot].name), STR_ARG(text_view(&t)), row->count, row->likely);
            text_free(&t);
        }
        printf("\n");
    }
    mem_free(shown);
}

int main(int argc, char **argv)
{
    pk_catalog *c;
    program *p;
    if (argc < 3) return 3;
    if (pk_catalog_new(&c, NULL) != PK_OK) {
        for (size_t i = 0; i < diag_count(catalog_diags(c)); i++)
            fprintf(stderr, STR_FMT ":%u: " STR_FMT "\n", STR_ARG(diag_at(catalog_diags(c), i)->file), diag_at(catalog_diags(c), i)->line,
                    STR_ARG(diag_at(catalog_diags(c), i)->message));
        return 3;
    }
    double start = now();
    load_rules(c, argv[1]);
    double loaded = now();
    if (program_build(&p, c->ir, c->schema, NULL, catalog_diags(c)) != PK_OK) return 3;
    double built = now();
    printf("%zu rules: loaded in %.3f s, compiled in %.3f s: %zu variants, %zu slots, %u tests, %zu predicates, %zu branches, %zu paths\n",
           program_rule_count(p), loaded - start, built - loaded, p->variants.len, p->slots.all.len, p->test_count, p->predicates.len,
           p->code.code.len, path_slot_count(p->paths));
    pass decode = {.classifier = classifier_new(c->schema, program_paths(p))}, match = {.classifier = classifier_new(c->schema, program_paths(p))};
    match.matcher = matcher_new(p);
    double decode_time = run_pass(p, &decode, argv + 2), match_time = run_pass(p, &match, argv + 2);
    printf("%llu events, %llu alerts: decoded in %.3f s (%.2f us each), matched in %.3f s (%.2f us each more), %.2f candidates an event\n",
           (unsigned long long)match.events, (unsigned long long)match.alerts, decode_time, 1e6 * decode_time / (double)decode.events,
           match_time, 1e6 * (match_time - decode_time) / (double)match.events,
           (double)match.matcher->candidates_total / (double)match.events);
    if (getenv("PICKET_TOP")) {
        match.candidates = mem_zalloc(p->variants.len + 1, sizeof *match.candidates);
        run_pass(p, &match, argv + 2);
        print_top(p, c->ir, match.candidates, match.events / 2, atoi(getenv("PICKET_TOP")));
    }
    return 0;
}
