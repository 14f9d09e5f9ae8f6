/*
 * Necessary sets: of the predicates of such a set at least one is true if the rule matches, so only then is the rule a
 * candidate. Of an `and` any operand's set will do, of an `or` it takes the union of all, a negated leaf has none.
 *
 * Which set is best is a guess at how often its predicates will be true of real values. The constants of the rules
 * themselves serve as a sample: text that is part of many other constants of the slot ("C:\Windows\") is common, and what
 * many rules look for (\cmd.exe) is what is common in logs; beyond that, the shorter the commoner.
 */
#include <math.h>
#include <stdlib.h>

#include "compile/program_private.h"
#include "compile/regex_literals.h"

/* ---- how likely is a test ---- */

size_t pattern_literal_length(const pattern *p)
{
    size_t best = 0;
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->segments[i].count; k++)
            if (p->segments[i].pieces[k].text.len > best) best = p->segments[i].pieces[k].text.len;
    return best;
}

static double likely_by_shape(const prepared_test *t)
{
    size_t length = pattern_literal_length(&t->pattern);
    switch (t->test->kind) {
    case TEST_EQUALS: /* short values are codes and flags, of which there are few */
        return length <= 5 ? 0.05 : length <= 8 ? 0.005 : 0.0005;
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_MATCH:
    case TEST_WILDCARD:
        return pow(0.6, (double)length) * (t->test->kind == TEST_MATCH ? 1 : 0.5);
    case TEST_PHRASE: return 0.01;
    case TEST_REGEX: return 0.02;
    case TEST_CIDR: return 0.2;
    case TEST_COMPARE: return 0.4;
    case TEST_EXISTS:
    case TEST_IS_NULL:
    case TEST_KINDS: break;
    }
    return 0.5;
}

/* In how many constants of the slot each test is true, and in how many of what is common. */
static void count_in_constants(const schema *s, prepared_test *const *tests, size_t count, uint32_t *hits, uint32_t *common)
{
    arena *a = arena_new();
    network *n = network_build(tests, count, 0, a);
    network_scratch scratch;
    network_scratch_init(&scratch, &n, 1);
    for (size_t i = 0; i < count; i++) {
        const ir_test *t = tests[i]->test;
        pk_str content;
        if (t->kind == TEST_REGEX || !value_text(scratch.arena, &t->constant, &content)) continue;
        network_run(n, &scratch, network_subject(&scratch, content));
        for (size_t k = 0; k < scratch.hits.len; k++) hits[scratch.hits.at[k]]++;
        arena_reset(scratch.arena);
    }
    size_t common_count;
    const pk_str *values = schema_common_values(s, &common_count);
    for (size_t i = 0; i < common_count; i++) {
        network_run(n, &scratch, network_subject(&scratch, values[i]));
        for (size_t k = 0; k < scratch.hits.len; k++) common[scratch.hits.at[k]]++;
        arena_reset(scratch.arena);
    }
    network_scratch_free(&scratch);
    network_free(n);
    arena_free(a);
}

#define RULES_THAT_MAKE_COMMON 300.0 /* a test in this many rules is taken to be true of nearly every value */

#define COMMON_LIKELY 0.05 /* a common value is that of so many events */

#define TRIED_ON_ALL 0.25 /* what it costs a set that a regex without a literal to wait for runs on each value that is new */

typedef struct {
    uint32_t hits, common, uses;
    double likely, trial;
} test_estimate;

static double likely_test(const prepared_test *t, const test_estimate *e, size_t count)
{
    double likely = likely_by_shape(t);
    if (e->hits > 1) likely += (double)(e->hits - 1) / ((double)count + 10.0);
    likely += e->common * COMMON_LIKELY;
    if (e->uses > 2) likely += e->uses / RULES_THAT_MAKE_COMMON;
    return likely > 1 ? 1 : likely;
}

typedef struct {
    const program_builder *builder;
    test_estimate **tests;        /* by slot */
} estimating;

static void find_trials(prepared_test *const *tests, test_estimate *estimates, size_t count)
{
    arena *a = arena_new();
    for (size_t i = 0; i < count; i++) {
        if (tests[i]->test->kind != TEST_REGEX || !tests[i]->valid) continue;
        if (regex_literals(tests[i]->test->constant.as.string, a).count == 0) estimates[i].trial = TRIED_ON_ALL;
        arena_reset(a);
    }
    arena_free(a);
}

/* Estimates of slots do not meet. */
static void estimate_slot(size_t s, unsigned worker, void *user)
{
    estimating *e = user;
    size_t count;
    prepared_test *const *tests = slot_tests_of(e->builder, s, &count);
    uint32_t *hits = mem_zalloc(count + 1, sizeof *hits), *common = mem_zalloc(count + 1, sizeof *common);
    (void)worker;
    if (count) count_in_constants(e->builder->program->schema, tests, count, hits, common);
    for (size_t i = 0; i < count; i++) {
        e->tests[s][i].hits = hits[i];
        e->tests[s][i].common = common[i];
        e->tests[s][i].likely = likely_test(tests[i], &e->tests[s][i], count);
    }
    find_trials(tests, e->tests[s], count);
    mem_free(hits);
    mem_free(common);
}

void estimate_predicates(program_builder *b)
{
    program *p = b->program;
    size_t slots = p->slots.all.len;
    estimating e = {b, mem_zalloc(slots + 1, sizeof *e.tests)};
    for (size_t s = 0; s < slots; s++) {
        size_t count;
        slot_tests_of(b, s, &count);
        e.tests[s] = mem_zalloc(count + 1, sizeof **e.tests);
    }
    for (size_t i = 0; i < p->predicates.len; i++)
        for (uint32_t k = 0; k < p->predicates.at[i].count; k++)
            e.tests[p->predicates.at[i].slot][p->predicates.at[i].tests[k]].uses += p->predicates.at[i].uses;
    parallel_for(slots, b->threads, estimate_slot, &e);
    for (size_t i = 0; i < p->predicates.len; i++)
        for (uint32_t k = 0; k < p->predicates.at[i].count; k++) {
            const test_estimate *t = &e.tests[p->predicates.at[i].slot][p->predicates.at[i].tests[k]];
            p->predicates.at[i].likely += t->likely;
            p->predicates.at[i].trial += t->trial;
        }
    for (size_t s = 0; s < slots; s++) mem_free(e.tests[s]);
    mem_free(e.tests);
}

/* ---- how likely is an expression ---- */

static double likely_leaf(const program *p, const bool_expr *e)
{
    switch (e->leaf) {
    case LEAF_PREDICATE:
    case LEAF_EVERY: return fmin(p->predicates.at[e->id].likely, 0.95);
    case LEAF_DIFFERS: return 0.9;
    case LEAF_PRESENT:
    case LEAF_VALUE: return 0.8;
    case LEAF_NULL: return 0.2;
    case LEAF_MANY: return 0.05;
    case LEAF_CONDITION:
    case LEAF_CONDITION_FAILS: return 0.4;
    case LEAF_COMPARE: return 0.1;
    case LEAF_COMPARE_FAILS: return 0.9;
    }
    return 0.5;
}

/* The operands' estimates are known. */
static double likely_expression(const program *p, const bool_expr *e)
{
    double all = 1, none = 1;
    for (size_t i = 0; i < e->count; i++) {
        all *= e->args[i]->likely;
        none *= 1 - e->args[i]->likely;
    }
    switch (e->kind) {
    case BOOL_FALSE: return 0;
    case BOOL_TRUE: return 1;
    case BOOL_AND: return all;
    case BOOL_OR: return 1 - none;
    case BOOL_LEAF: return e->negated ? 1 - likely_leaf(p, e) : likely_leaf(p, e);
    }
    return 0.5;
}

/* ---- necessary sets ---- */

#define NO_SET 1e9
#define WHOLE_RECORD 1e6          /* what reads a record of its own is asked last */

static bool reads_record(const program *p, uint32_t slot)
{
    const event_slot *s = &p->slots.all.at[slot];
    for (size_t i = 0; i < s->inputs.len; i++)
        if (reads_record(p, s->inputs.at[i])) return true;
    return s->kind == SLOT_RECORD;
}

/* The operands' costs are known. */
static double set_cost(const program *p, const bool_expr *e)
{
    double cost = e->kind == BOOL_AND ? NO_SET : 0;
    switch (e->kind) {
    case BOOL_FALSE: return 0;
    case BOOL_TRUE: return NO_SET;
    case BOOL_LEAF:
        if (e->negated || (e->leaf != LEAF_PREDICATE && e->leaf != LEAF_EVERY)) return NO_SET;
        if (reads_record(p, p->predicates.at[e->id].slot)) return WHOLE_RECORD + p->predicates.at[e->id].likely;
        return p->predicates.at[e->id].likely + p->predicates.at[e->id].trial;
    case BOOL_AND:
        for (size_t i = 0; i < e->count; i++) cost = fmin(cost, e->args[i]->cost);
        break;
    case BOOL_OR:
        for (size_t i = 0; i < e->count; i++) cost += e->args[i]->cost;
        break;
    }
    return fmin(cost, NO_SET);
}

void estimate_expression(const program *p, bool_expr *e)
{
    for (size_t i = 0; i < e->count; i++) estimate_expression(p, e->args[i]);
    e->likely = likely_expression(p, e);
    e->cost = set_cost(p, e);
}

typedef VEC(uint32_t) predicate_list;

static void collect_set(program_builder *b, const bool_expr *e, predicate_list *out)
{
    const program *p = b->program;
    if (e->kind == BOOL_LEAF) {
        for (size_t i = 0; i < out->len; i++)
            if (out->at[i] == e->id) return;
        vec_push_in(p->arena, out, e->id);
    } else if (e->kind == BOOL_OR) {
        for (size_t i = 0; i < e->count; i++) collect_set(b, e->args[i], out);
    } else if (e->kind == BOOL_AND) {
        const bool_expr *best = e->args[0];
        for (size_t i = 1; i < e->count; i++)
            if (e->args[i]->cost < best->cost) best = e->args[i];
        collect_set(b, best, out);
    }
}

void find_necessary(program_builder *b, rule_variant *v, bool_expr *e)
{
    predicate_list set = {0};
    if (e->cost < NO_SET) collect_set(b, e, &set);
    v->necessary = set.at;
    v->necessary_count = (uint32_t)set.len;
}

/* ---- from predicates to candidates ---- */

void index_candidates(program *p)
{
    for (size_t i = 0; i < p->variants.len; i++)
        for (uint32_t k = 0; !p->variants.at[i].covered && k < p->variants.at[i].necessary_count; k++)
            p->predicates.at[p->variants.at[i].necessary[k]].variant_count++;
    for (size_t i = 0; i < p->predicates.len; i++) {
        predicate_row *row = &p->predicates.at[i];
        if (row->variant_count == 0) continue;
        row->variants = ARENA_ARRAY(p->arena, uint32_t, row->variant_count);
        row->variant_count = 0;
    }
    for (uint32_t i = 0; i < p->variants.len; i++) {
        const rule_variant *v = &p->variants.at[i];
        if (v->covered) continue;
        for (uint32_t k = 0; k < v->necessary_count; k++) {
            predicate_row *row = &p->predicates.at[v->necessary[k]];
            row->variants[row->variant_count++] = i;
        }
        vec_push_in(p->arena, &p->classes[v->class_id == CLASS_NONE ? p->class_count : v->class_id].variants, i);
    }
}
