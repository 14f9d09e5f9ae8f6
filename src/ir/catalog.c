/*
 * The catalogue: every rule that was loaded and every test that any of them uses, in one arena.
 *
 * A test is interned by all that it asks (kind, flags, comparison, type and bytes of the constant), so that the same test of
 * two rules is the same row: the engine evaluates it once and the pages count it.
 *
 * Parts, for loading by several threads, share the tests of the whole at once, but only joining numbers them: a part lists
 * the tests of its batches in the order in which it met them first, so going through the batches in the order of files
 * meets every test where one thread would have met it first.
 */
#include "ir/catalog_private.h"

ir_catalog *ir_catalog_new(void)
{
    ir_catalog *c = mem_zalloc(1, sizeof *c);
    c->arena = arena_new();
    c->diags = diag_list_new();
    c->index = shared_tests_new();
    return c;
}

static void free_tables(ir_catalog *c)
{
    vec_free(&c->rules);
    vec_free(&c->kept);
    vec_free(&c->tests);
    test_set_free(&c->met);
}

void ir_catalog_free(ir_catalog *c)
{
    if (!c) return;
    free_tables(c);
    shared_tests_free(c->index);
    diag_list_free(c->diags);
    for (size_t i = 0; i < c->joined.len; i++) arena_free(c->joined.at[i]);
    vec_free(&c->joined);
    arena_free(c->arena);
    mem_free(c);
}

arena *ir_arena(ir_catalog *c) { return c->arena; }
diag_list *ir_diags(ir_catalog *c) { return c->diags; }

/* ---- rules ---- */

rule *ir_add_rule(ir_catalog *c)
{
    rule *r = ARENA_NEW(c->arena, rule);
    r->index = (uint32_t)c->rules.len;
    r->state = RULE_RUNNABLE;
    vec_push(&c->rules, r);
    return r;
}

size_t ir_rule_count(const ir_catalog *c) { return c->rules.len; }
rule *ir_rule(const ir_catalog *c, size_t i) { return c->rules.at[i]; }

/* A plain walk: ids are filled in after ir_add_rule, so an index would have to guess when they are final. */
rule *ir_find_rule(const ir_catalog *c, pk_str id_or_name)
{
    if (!id_or_name.len) return NULL;
    for (size_t i = 0; i < c->rules.len; i++)
        if (str_equal(c->rules.at[i]->id, id_or_name)) return c->rules.at[i];
    for (size_t i = 0; i < c->rules.len; i++)
        if (str_equal(c->rules.at[i]->name, id_or_name)) return c->rules.at[i];
    return NULL;
}

void ir_keep(ir_catalog *c, const language *l, void *kept)
{
    vec_push(&c->kept, ((kept_thing){l, kept}));
}

size_t ir_kept_count(const ir_catalog *c) { return c->kept.len; }

void *ir_kept(const ir_catalog *c, size_t i, const language **l)
{
    *l = c->kept.at[i].language;
    return c->kept.at[i].thing;
}

/* ---- tests ---- */

/* The index of a catalogue that has forgotten it, or was restored without one. */
static void index_tests(ir_catalog *c)
{
    c->index = shared_tests_new();
    for (size_t i = 0; i < c->tests.len; i++) shared_tests_add(c->index, c->tests.at[i]);
}

void ir_catalog_forget(ir_catalog *c)
{
    shared_tests_free(c->index);
    c->index = NULL;
}

const ir_test *ir_intern_test(ir_catalog *c, test_kind kind, uint16_t flags, compare_op compare, value constant)
{
    ir_test like = {.kind = kind, .flags = flags, .compare = kind == TEST_COMPARE ? compare : COMPARE_LT, .constant = constant};
    uint64_t hash = test_hash(&like);
    ir_test *t = test_set_find(&c->met, &like, hash);
    if (t) return t;
    if (!c->whole && !c->index) index_tests(c);
    t = shared_tests_intern(c->whole ? c->whole->index : c->index, &like, hash, c->arena);
    if (c->whole) {
        test_set_add(&c->met, t, hash);
        vec_push(&c->tests, t);
    } else if (t->id == TEST_ID_NONE) {
        t->id = (uint32_t)c->tests.len;
        vec_push(&c->tests, t);
    }
    return t;
}

size_t ir_test_count(const ir_catalog *c) { return c->tests.len; }
const ir_test *ir_test_at(const ir_catalog *c, size_t id) { return c->tests.at[id]; }

/* ---- parts ---- */

ir_catalog *ir_part_new(ir_catalog *whole)
{
    ir_catalog *part = mem_zalloc(1, sizeof *part);
    if (!whole->index) index_tests(whole);
    part->arena = arena_new();
    part->whole = whole;
    return part;
}

void ir_batch_begin(ir_batch *b, ir_catalog *part)
{
    *b = (ir_batch){.part = part, .diags = part->diags = diag_list_new(),
                    .rules = {part->rules.len}, .kept = {part->kept.len}, .tests = {part->tests.len}};
}

void ir_batch_end(ir_batch *b)
{
    b->rules[1] = b->part->rules.len;
    b->kept[1] = b->part->kept.len;
    b->tests[1] = b->part->tests.len;
    b->part->diags = NULL;
}

void ir_batch_join(ir_catalog *whole, ir_batch *b)
{
    const ir_catalog *part = b->part;
    for (size_t i = b->tests[0]; i < b->tests[1]; i++) {
        ir_test *t = part->tests.at[i];
        if (t->id != TEST_ID_NONE) continue;
        t->id = (uint32_t)whole->tests.len;
        vec_push(&whole->tests, t);
    }
    for (size_t i = b->rules[0]; i < b->rules[1]; i++) {
        part->rules.at[i]->index = (uint32_t)whole->rules.len;
        vec_push(&whole->rules, part->rules.at[i]);
    }
    for (size_t i = b->kept[0]; i < b->kept[1]; i++) vec_push(&whole->kept, part->kept.at[i]);
    diag_merge(whole->diags, b->diags);
    diag_list_free(b->diags);
    b->diags = NULL;
}

void ir_part_join(ir_catalog *whole, ir_catalog *part)
{
    vec_push(&whole->joined, part->arena);
    free_tables(part);
    mem_free(part);
}
