/* Sampling, and what the samples amount to. */
#include "api/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { EVERY_NS = 500000, MOST_TESTS = 100 };

/* Of PART_MATCH, by what the matcher does. */
enum { IN_MATCH = PARTS, SHOWN_PARTS = IN_MATCH + DOING_CONDITIONS + 1 };

static const struct {
    unsigned part;
    const char *name, *meaning;
} shown[] = {
    {PART_CUT, "reading files", "and cutting them into records"},
    {PART_DECODE, "decoding", "records into the fields that rules ask for"},
    {PART_CLASSIFY, "classifying", "what kind of event a record is"},
    {IN_MATCH + DOING_SLOTS, "slots", "fields looked up among values that were seen before"},
    {IN_MATCH + DOING_TESTS, "network", "new values tested for all rules at once"},
    {IN_MATCH + DOING_CANDIDATES, "candidates", "which rules to look at"},
    {IN_MATCH + DOING_CONDITIONS, "conditions", "of these rules, see below"},
    {IN_MATCH + DOING_NOTHING, "reasons", "why a rule matched, for its alert"},
    {PART_RENDER, "rendering", "events and alerts as text"},
    {PART_OUTPUT, "output", "handing alerts on, in order"},
    {PART_STAGES, "stages", "correlations, at the end"},
    {PART_WAIT, "waiting", "for another thread"},
};
enum { SHOWN = sizeof shown / sizeof *shown };

typedef struct {
    const ir_test *test;
    uint64_t ns;
} test_time;

struct profile {
    const pk_program *program;
    arena *arena;
    pthread_t thread;
    bool running;
    atomic_bool stop;
    const work_sign *const *signs;
    size_t sign_count;

    uint64_t parts[SHOWN_PARTS];   /* ns */
    uint64_t samples;
    size_t rule_count;
    uint64_t *rules;               /* ns, by rule index */
    rule_counts *counts;
    VEC(test_time) tests;          /* few are ever confirmed: a list will do */
    pk_profile_part out_parts[SHOWN];
    pk_profile result;
};

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- sampling ---- */

static void add_test(profile *f, const ir_test *test, uint64_t ns)
{
    for (size_t i = 0; i < f->tests.len; i++) {
        if (f->tests.at[i].test != test) continue;
        f->tests.at[i].ns += ns;
        return;
    }
    vec_push(&f->tests, ((test_time){test, ns}));
}

/* The time since the last look counts for what is being done now. */
static void look(profile *f, const work_sign *s, uint64_t ns)
{
    unsigned part = atomic_load_explicit(&s->part, memory_order_relaxed);
    if (part >= PARTS) return;
    if (part != PART_MATCH || !s->matcher) {
        f->parts[part] += ns;
        return;
    }
    matcher_moment m = matcher_look(s->matcher);
    f->parts[IN_MATCH + (m.doing <= DOING_CONDITIONS ? m.doing : DOING_NOTHING)] += ns;
    if (m.rule < f->rule_count && (m.doing == DOING_CONDITIONS || m.doing == DOING_TESTS)) f->rules[m.rule] += ns;
    if (m.test && m.doing == DOING_TESTS) add_test(f, m.test, ns);
}

static void *watch(void *user)
{
    profile *f = user;
    uint64_t last = now();
    while (!atomic_load(&f->stop)) {
        nanosleep(&(struct timespec){0, EVERY_NS}, NULL);
        uint64_t at = now();
        for (size_t i = 0; i < f->sign_count; i++) look(f, f->signs[i], at - last);
        f->samples++;
        last = at;
    }
    return NULL;
}

profile *profile_start(const pk_program *p, const work_sign *const *signs, size_t count)
{
    profile *f = mem_zalloc(1, sizeof *f);
    f->program = p;
    f->arena = arena_new();
    f->signs = signs;
    f->sign_count = count;
    f->rule_count = ir_rule_count(p->catalog->ir);
    f->rules = ARENA_ARRAY(f->arena, uint64_t, f->rule_count + 1);
    f->counts = ARENA_ARRAY(f->arena, rule_counts, f->rule_count + 1);
    atomic_init(&f->stop, false);
    f->running = pthread_create(&f->thread, NULL, watch, f) == 0;
    return f;
}

void profile_stop(profile *f)
{
    if (!f || !f->running) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    f->running = false;
}

void profile_free(profile *f)
{
    if (!f) return;
    profile_stop(f);
    vec_free(&f->tests);
    arena_free(f->arena);
    mem_free(f);
}

void profile_add_counts(profile *f, const rule_counts *counts)
{
    for (size_t i = 0; counts && i < f->rule_count; i++) {
        f->counts[i].candidates += counts[i].candidates;
        f->counts[i].matches += counts[i].matches;
    }
}

/* ---- the result ---- */

static double seconds(uint64_t ns) { return (double)ns / 1e9; }

static int by_time_of_rule(const void *x, const void *y)
{
    const pk_profile_rule *a = x, *b = y;
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? 1 : -1;
    if (a->candidates != b->candidates) return a->candidates < b->candidates ? 1 : -1;
    return a->rule->index < b->rule->index ? -1 : 1;
}

static int by_time_of_test(const void *x, const void *y)
{
    const test_time *a = x, *b = y;
    return a->ns != b->ns ? (a->ns < b->ns ? 1 : -1) : 0;
}

/* ---- who asks a test ---- */

typedef struct {
    const ir_test *test;
    bool found;
} search;

static void find_test(const stage *s, const expr *e, bool negated, void *user)
{
    search *x = user;
    (void)s, (void)negated;
    if (e->kind != EXPR_USE) return;
    for (size_t i = 0; i < e->as.use.count; i++) x->found |= e->as.use.constants[i].test == x->test;
}

static void find_askers(const profile *f, const ir_test *test, pk_profile_test *out)
{
    const ir_catalog *ir = f->program->catalog->ir;
    for (size_t i = 0; i < f->rule_count; i++) {
        const rule *r = ir_rule(ir, (uint32_t)i);
        search x = {.test = test};
        if (!r->plan || !program_has_rule(f->program->compiled, (uint32_t)i)) continue;
        ir_walk_plan(r->plan, find_test, &x);
        if (!x.found) continue;
        if (out->rule_count++ == 0) out->rule = catalog_rule(f->program->catalog, r);
    }
}

static void list_tests(profile *f)
{
    size_t count = f->tests.len < MOST_TESTS ? f->tests.len : MOST_TESTS;
    pk_profile_test *out = ARENA_ARRAY(f->arena, pk_profile_test, count + 1);
    if (f->tests.len) qsort(f->tests.at, f->tests.len, sizeof *f->tests.at, by_time_of_test);
    for (size_t i = 0; i < count; i++) {
        text t = {0};
        ir_print_test(&t, f->tests.at[i].test);
        out[i].text = arena_str(f->arena, text_view(&t));
        out[i].seconds = seconds(f->tests.at[i].ns);
        text_free(&t);
        find_askers(f, f->tests.at[i].test, &out[i]); /* looks through all rules */
    }
    f->result.tests = out;
    f->result.test_count = count;
}

static void list_rules(profile *f)
{
    pk_profile_rule *out = ARENA_ARRAY(f->arena, pk_profile_rule, f->rule_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < f->rule_count; i++) {
        if (f->counts[i].candidates == 0 && f->rules[i] == 0) continue;
        out[n++] = (pk_profile_rule){catalog_rule(f->program->catalog, ir_rule(f->program->catalog->ir, (uint32_t)i)), seconds(f->rules[i]),
                                     f->counts[i].candidates, f->counts[i].matches};
    }
    qsort(out, n, sizeof *out, by_time_of_rule);
    f->result.rules = out;
    f->result.rule_count = n;
}

const pk_profile *profile_result(profile *f)
{
    if (f->result.parts) return &f->result;
    for (size_t i = 0; i < SHOWN; i++) f->out_parts[i] = (pk_profile_part){str_from(shown[i].name), str_from(shown[i].meaning), seconds(f->parts[shown[i].part])};
    f->result.parts = f->out_parts;
    f->result.part_count = SHOWN;
    f->result.samples = f->samples;
    list_rules(f);
    list_tests(f);
    return &f->result;
}
