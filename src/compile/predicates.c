/*
 * Predicates are interned by slot and set of tests; tests are numbered slot by slot. When all rules are in and their
 * necessary sets chosen, each slot gets its networks, and each test the list of predicates that it makes true.
 *
 * The texts that make candidates are chosen for being rare, and so they are long: searched for by themselves they take a
 * fraction of the time that all of them take. The others are short and common, and seldom asked for.
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

prepared_test *const *slot_tests_of(const program_builder *b, size_t s, size_t *count)
{
    *count = s < b->slot_tests.len ? b->slot_tests.at[s].len : 0;
    return *count ? b->slot_tests.at[s].at : NULL;
}

/* ---- parts ---- */

#define SEARCHED_TOGETHER 32      /* so few texts are searched for in no time: one part */

static bool is_searched_for(const prepared_test *t)
{
    test_kind k = t->test->kind;
    return k == TEST_MATCH || k == TEST_WILDCARD || k == TEST_REGEX || k == TEST_PHRASE;
}

/* What is asked of all values of an event is filtered before it gets here, by the first part. */
static bool is_divided(const program_builder *b, size_t s)
{
    size_t count, searched = 0;
    prepared_test *const *tests = slot_tests_of(b, s, &count);
    slot_kind kind = b->program->slots.all.at[s].kind;
    for (size_t i = 0; i < count; i++) searched += is_searched_for(tests[i]);
    return searched > SEARCHED_TOGETHER && (kind == SLOT_FIELD || kind == SLOT_COMPUTED);
}

/* Which predicates stand in a necessary set is known by now. */
static void assign_parts(program_builder *b)
{
    program *p = b->program;
    uint32_t slots = (uint32_t)p->slots.all.len;
    uint32_t *second = mem_zalloc(slots + 1, sizeof *second); /* 0: none */
    bool *divided = mem_zalloc(slots + 1, sizeof *divided);
    p->part_count = slots;
    for (uint32_t s = 0; s < slots; s++) divided[s] = is_divided(b, s);
    for (size_t i = 0; i < p->predicates.len; i++) {
        predicate_row *row = &p->predicates.at[i];
        row->part = row->slot;
        if (row->variant_count || !divided[row->slot]) continue;
        if (!second[row->slot]) second[row->slot] = p->part_count++;
        row->part = second[row->slot];
    }
    p->slot_programs = ARENA_ARRAY(p->arena, slot_program, p->part_count + 1);
    p->networks = ARENA_ARRAY(p->arena, network *, p->part_count + 1);
    for (uint32_t s = 0; s < slots; s++) {
        p->slot_programs[s].slot = s;
        if (second[s]) p->slot_programs[second[s]].slot = s;
    }
    mem_free(second);
    mem_free(divided);
}

#define UNNUMBERED UINT32_MAX

/* Numbers the tests of each part anew; a test may be in both parts of its slot. */
static void number_tests(program_builder *b)
{
    program *p = b->program;
    uint32_t **numbers = mem_zalloc(p->part_count + 1, sizeof *numbers); /* by part: from the number in the slot */
    for (uint32_t i = 0; i < p->part_count; i++) {
        size_t count;
        slot_tests_of(b, p->slot_programs[i].slot, &count);
        numbers[i] = mem_alloc((count + 1) * sizeof **numbers);
        for (size_t k = 0; k < count; k++) numbers[i][k] = UNNUMBERED;
        p->slot_programs[i].tests = ARENA_ARRAY(p->arena, prepared_test *, count);
    }
    for (size_t i = 0; i < p->predicates.len; i++) {
        predicate_row *row = &p->predicates.at[i];
        slot_program *sp = &p->slot_programs[row->part];
        for (uint32_t k = 0; k < row->count; k++) {
            uint32_t *number = &numbers[row->part][row->tests[k]];
            if (*number == UNNUMBERED) {
                *number = sp->test_count++;
                sp->tests[*number] = b->slot_tests.at[row->slot].at[row->tests[k]];
            }
            row->tests[k] = *number;
        }
        qsort(row->tests, row->count, sizeof *row->tests, by_value);
        sp->strict |= row->strict;
    }
    for (uint32_t i = 0; i < p->part_count; i++) mem_free(numbers[i]);
    mem_free(numbers);
}

/* From each test of a part to the predicates it makes true. */
static void link_tests(program *p)
{
    uint32_t **next = mem_zalloc(p->part_count + 1, sizeof *next);
    for (size_t s = 0; s < p->part_count; s++)
        p->slot_programs[s].first = ARENA_ARRAY(p->arena, uint32_t, p->slot_programs[s].test_count + 1);
    for (size_t i = 0; i < p->predicates.len; i++) {
        const predicate_row *pr = &p->predicates.at[i];
        for (uint32_t k = 0; k < pr->count; k++) p->slot_programs[pr->part].first[pr->tests[k] + 1]++;
    }
    for (size_t s = 0; s < p->part_count; s++) {
        slot_program *sp = &p->slot_programs[s];
        for (uint32_t i = 0; i < sp->test_count; i++) sp->first[i + 1] += sp->first[i];
        sp->predicates = ARENA_ARRAY(p->arena, uint32_t, sp->first[sp->test_count] + 1);
        next[s] = mem_zalloc(sp->test_count + 1, sizeof **next);
        memcpy(next[s], sp->first, sp->test_count * sizeof **next);
    }
    for (uint32_t i = 0; i < p->predicates.len; i++) {
        const predicate_row *pr = &p->predicates.at[i];
        for (uint32_t k = 0; k < pr->count; k++) p->slot_programs[pr->part].predicates[next[pr->part][pr->tests[k]]++] = i;
    }
    for (size_t s = 0; s < p->part_count; s++) mem_free(next[s]);
    mem_free(next);
}

/* Networks do not depend on each other; each worker has an arena for their literals. */
static void build_network(size_t part, unsigned worker, void *user)
{
    program *p = user;
    slot_program *sp = &p->slot_programs[part];
    if (sp->test_count == 0) return;
    sp->network = p->networks[part] = network_build(sp->tests, sp->test_count, sp->first_test, p->worker_arenas[worker]);
    bool every_value = p->slots.all.at[sp->slot].kind == SLOT_ANY_VALUE;
    sp->remember = !(every_value ? network_is_sieved(sp->network) : network_is_light(sp->network));
}

void networks_finish(program_builder *b)
{
    program *p = b->program;
    size_t literals = 0;
    assign_parts(b);
    number_tests(b);
    for (size_t i = 0; i < p->part_count; i++) {
        p->slot_programs[i].first_test = p->test_count;
        p->test_count += p->slot_programs[i].test_count;
    }
    for (unsigned i = 0; i < b->threads; i++) p->worker_arenas[i] = arena_new();
    parallel_for(p->part_count, b->threads, build_network, p);
    for (size_t i = 0; i < p->part_count; i++) {
        if (!p->networks[i]) continue;
        network_set_literal_base(p->networks[i], (uint32_t)literals);
        literals += network_literal_count(p->networks[i]);
    }
    link_tests(p);
}
