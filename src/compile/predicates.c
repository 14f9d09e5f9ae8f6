/*
 * Predicates are interned by slot and set of tests; tests are numbered slot by slot. When all rules are in, each slot gets
 * its network, and each test the list of predicates that it makes true.
 */
#include <stdlib.h>

#include "compile/program_private.h"

static diag_place place_of_test(void) { return (diag_place){.line = 0}; }

const prepared_test *program_prepare(program_builder *b, const ir_test *t)
{
    program *p = b->program;
    if (p->prepared[t->id]) return p->prepared[t->id];
    pk_str problem = {"", 0};
    p->prepared[t->id] = prepare_test(t, p->arena, &problem);
    if (problem.len) {
        text shown = {0};
        ir_print_test(&shown, t);
        diag_add(b->diags, PK_WARNING, "compile-test", place_of_test(), (pk_str){"", 0}, NULL,
                 "the test " STR_FMT " is never true: " STR_FMT, STR_ARG(text_view(&shown)), STR_ARG(problem));
        text_free(&shown);
    }
    return p->prepared[t->id];
}

static pk_str key_of(const void *bytes, size_t len) { return (pk_str){bytes, len}; }

/* The test's number within its slot. */
static uint32_t local_test(program_builder *b, uint32_t slot, const ir_test *t)
{
    uint32_t pair[2] = {slot, t->id};
    uint32_t number = table_get(&b->test_numbers, key_of(pair, sizeof pair));
    if (number != TABLE_NONE) return number;
    while (b->slot_tests.len <= slot) {
        vec_reserve(&b->slot_tests, b->slot_tests.len + 1);
        memset(&b->slot_tests.at[b->slot_tests.len++], 0, sizeof *b->slot_tests.at);
    }
    program_prepare(b, t);
    number = (uint32_t)b->slot_tests.at[slot].len;
    vec_push(&b->slot_tests.at[slot], b->program->prepared[t->id]);
    table_put(&b->test_numbers, arena_str(b->scratch, key_of(pair, sizeof pair)), number);
    return number;
}

static int by_value(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static size_t sort_unique(uint32_t *at, size_t n)
{
    size_t kept = 0;
    qsort(at, n, sizeof *at, by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || at[i] != at[kept - 1]) at[kept++] = at[i];
    return kept;
}

uint32_t intern_predicate(program_builder *b, uint32_t slot, bool strict, const ir_test *const *tests, size_t count)
{
    program *p = b->program;
    uint32_t *key = arena_alloc(b->scratch, (count + 1) * sizeof *key);
    key[0] = slot << 1 | strict;
    for (size_t i = 0; i < count; i++) key[i + 1] = local_test(b, slot, tests[i]);
    count = sort_unique(key + 1, count);
    uint32_t number = table_get(&b->predicate_numbers, key_of(key, (count + 1) * sizeof *key));
    if (number == TABLE_NONE) {
        number = (uint32_t)p->predicates.len;
        table_put(&b->predicate_numbers, key_of(key, (count + 1) * sizeof *key), number);
        predicate_row fresh = {.slot = slot, .strict = strict, .count = (uint32_t)count, .tests = ARENA_ARRAY(p->arena, uint32_t, count)};
        memcpy(fresh.tests, key + 1, count * sizeof *key);
        vec_push(&p->predicates, fresh);
    }
    p->predicates.at[number].uses++;
    return number;
}

content_type content_type_of(const value *v)
{
    switch (v->type) {
    case VALUE_STRING: case VALUE_BLANK: return CONTENT_TEXT;
    case VALUE_INT: case VALUE_UINT: case VALUE_FLOAT: return CONTENT_NUMBER;
    case VALUE_BOOL: return CONTENT_BOOL;
    case VALUE_MISSING: case VALUE_NULL: case VALUE_TIME: case VALUE_LIST: case VALUE_RECORD: break;
    }
    return CONTENT_OTHER;
}

/* From each test of a slot to the predicates it makes true. */
static void link_tests(program *p)
{
    size_t slots = p->slots.all.len;
    uint32_t **next = mem_zalloc(slots + 1, sizeof *next);
    for (size_t s = 0; s < slots; s++) {
        slot_program *sp = &p->slot_programs[s];
        sp->first = ARENA_ARRAY(p->arena, uint32_t, sp->test_count + 1);
    }
    for (size_t i = 0; i < p->predicates.len; i++) {
        const predicate_row *pr = &p->predicates.at[i];
        p->slot_programs[pr->slot].strict |= pr->strict;
        for (uint32_t k = 0; k < pr->count; k++) p->slot_programs[pr->slot].first[pr->tests[k] + 1]++;
    }
    for (size_t s = 0; s < slots; s++) {
        slot_program *sp = &p->slot_programs[s];
        for (uint32_t i = 0; i < sp->test_count; i++) sp->first[i + 1] += sp->first[i];
        sp->predicates = ARENA_ARRAY(p->arena, uint32_t, sp->first[sp->test_count] + 1);
        next[s] = mem_zalloc(sp->test_count + 1, sizeof **next);
        memcpy(next[s], sp->first, sp->test_count * sizeof **next);
    }
    for (uint32_t i = 0; i < p->predicates.len; i++) {
        const predicate_row *pr = &p->predicates.at[i];
        for (uint32_t k = 0; k < pr->count; k++)
            p->slot_programs[pr->slot].predicates[next[pr->slot][pr->tests[k]]++] = i;
    }
    for (size_t s = 0; s < slots; s++) mem_free(next[s]);
    mem_free(next);
}

/* Slots do not depend on each other; each worker has an arena for their literals. */
static void build_network(size_t s, unsigned worker, void *user)
{
    program *p = user;
    slot_program *sp = &p->slot_programs[s];
    if (sp->test_count == 0) return;
    sp->network = p->networks[s] = network_build(sp->tests, sp->test_count, sp->first_test, p->worker_arenas[worker]);
    sp->remember = !network_is_light(sp->network);
}

void predicates_finish(program_builder *b)
{
    program *p = b->program;
    size_t slots = p->slots.all.len, literals = 0;
    p->slot_programs = ARENA_ARRAY(p->arena, slot_program, slots + 1);
    p->networks = ARENA_ARRAY(p->arena, network *, slots + 1);
    for (size_t s = 0; s < slots && s < b->slot_tests.len; s++) {
        slot_program *sp = &p->slot_programs[s];
        sp->test_count = (uint32_t)b->slot_tests.at[s].len;
        sp->first_test = p->test_count;
        p->test_count += sp->test_count;
        if (sp->test_count == 0) continue;
        sp->tests = ARENA_ARRAY(p->arena, prepared_test *, sp->test_count);
        memcpy(sp->tests, b->slot_tests.at[s].at, sp->test_count * sizeof *sp->tests);
    }
    for (unsigned i = 0; i < b->threads; i++) p->worker_arenas[i] = arena_new();
    parallel_for(slots, b->threads, build_network, p);
    for (size_t s = 0; s < slots; s++) {
        if (!p->networks[s]) continue;
        network_set_literal_base(p->networks[s], (uint32_t)literals);
        literals += network_literal_count(p->networks[s]);
    }
    link_tests(p);
}
