/*
 * The catalogue: every rule that was loaded and every test that any of them uses, in one arena.
 *
 * A test is interned under a key that spells out all that it asks (kind, flags, comparison, type and bytes of the
 * constant), so that the same test of two rules is the same row: the engine evaluates it once and the pages count it.
 */
#include "ir/ir.h"

struct ir_catalog {
    arena *arena;
    diag_list *diags;
    VEC(rule *) rules;
    VEC(struct { const language *language; void *thing; }) kept;
    VEC(const ir_test *) tests;
    table test_ids;               /* test_key -> id; the keys live in the arena */
    text key;                     /* scratch of ir_intern_test */
};

ir_catalog *ir_catalog_new(void)
{
    ir_catalog *c = mem_zalloc(1, sizeof *c);
    c->arena = arena_new();
    c->diags = diag_list_new();
    return c;
}

void ir_catalog_free(ir_catalog *c)
{
    if (!c) return;
    vec_free(&c->rules);
    vec_free(&c->kept);
    vec_free(&c->tests);
    table_free(&c->test_ids);
    text_free(&c->key);
    diag_list_free(c->diags);
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
    vec_reserve(&c->kept, c->kept.len + 1);
    c->kept.at[c->kept.len].language = l;
    c->kept.at[c->kept.len++].thing = kept;
}

size_t ir_kept_count(const ir_catalog *c) { return c->kept.len; }

void *ir_kept(const ir_catalog *c, size_t i, const language **l)
{
    *l = c->kept.at[i].language;
    return c->kept.at[i].thing;
}

/* ---- tests ---- */

/* The constant is put by its bytes, so that 1, 1.0, '1' and true are four constants and NaN is equal to itself. */
static void put_constant(text *key, const value *v)
{
    text_put_char(key, (char)v->type);
    switch (v->type) {
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: break;
    case VALUE_BOOL: text_put_char(key, v->as.boolean ? 1 : 0); break;
    case VALUE_INT: case VALUE_UINT: case VALUE_FLOAT: case VALUE_TIME:
        text_put(key, (pk_str){(const char *)&v->as.integer, sizeof v->as.integer});
        break;
    case VALUE_STRING: text_put(key, v->as.string); break;
    case VALUE_LIST: case VALUE_RECORD: value_write_json(key, v); break;
    }
}

const ir_test *ir_intern_test(ir_catalog *c, test_kind kind, uint16_t flags, compare_op compare, value constant)
{
    if (kind != TEST_COMPARE) compare = COMPARE_LT;
    text_clear(&c->key);
    text_put_char(&c->key, (char)kind);
    text_put_char(&c->key, (char)compare);
    text_put(&c->key, (pk_str){(const char *)&flags, sizeof flags});
    put_constant(&c->key, &constant);

    uint32_t id = table_get(&c->test_ids, text_view(&c->key));
    if (id != TABLE_NONE) return c->tests.at[id];

    ir_test *t = ARENA_NEW(c->arena, ir_test);
    *t = (ir_test){.id = (uint32_t)c->tests.len, .kind = kind, .flags = flags, .compare = compare,
                   .constant = value_copy(c->arena, &constant)};
    table_put(&c->test_ids, arena_str(c->arena, text_view(&c->key)), t->id);
    vec_push(&c->tests, t);
    return t;
}

size_t ir_test_count(const ir_catalog *c) { return c->tests.len; }
const ir_test *ir_test_at(const ir_catalog *c, size_t id) { return c->tests.at[id]; }
