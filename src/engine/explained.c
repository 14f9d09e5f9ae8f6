/*
 * What reasons are looked for in. Which questions a rule asks in a class, of which fields and with which tests, is found once; rules that
 * match the same kinds of events ask for the same few fields, and much the same of them, so that the values of a field and what is
 * true of them are looked at once for all rules that match an event.
 */
#include "base/hash.h"
#include "engine/matcher.h"

enum { DEPTH_MAX = 1000 };

struct explained {
    const program *program;
    arena *arena;
    reason_predicates *said;
    pair_table rules;             /* by address and class */
    VEC(explained_rule *) all_rules;
    pair_table tests;             /* by field and test, and a number that counts the ways in which it is written */
    VEC(explained_test *) all_tests;
    pair_table numbers;           /* of fields, by address in the plan and class */
    VEC(explained_field *) fields; /* one for all that have the same name */
    VEC(uint32_t) known;          /* of the event at hand */
};

explained *explained_new(const program *p)
{
    explained *x = mem_zalloc(1, sizeof *x);
    x->program = p;
    x->arena = arena_new();
    x->said = reason_predicates_new();
    return x;
}

void explained_free(explained *x)
{
    if (!x) return;
    reason_predicates_free(x->said);
    arena_free(x->arena);
    pair_table_free(&x->rules);
    pair_table_free(&x->tests);
    pair_table_free(&x->numbers);
    vec_free(&x->all_rules);
    vec_free(&x->all_tests);
    vec_free(&x->fields);
    vec_free(&x->known);
    mem_free(x);
}

/* ---- fields ---- */

void explained_forget(explained *x)
{
    for (size_t i = 0; i < x->known.len; i++) {
        explained_field *f = x->fields.at[x->known.at[i]];
        f->values = (explained_values){0};
        f->known = false;
    }
    x->known.len = 0;
}

void explained_field_keep(explained *x, explained_field *f)
{
    f->known = true;
    vec_push(&x->known, f->number);
}

/* That of another plan with the same name, or a new one. */
static uint32_t number_of(explained *x, class_id c, const ir_field *f)
{
    for (uint32_t i = 0; i < x->fields.len; i++) {
        const explained_field *known = x->fields.at[i];
        if (known->class_id == c && str_equal(known->path, f->path) && str_equal(known->schema, f->schema)) return i;
    }
    explained_field *made = ARENA_NEW(x->arena, explained_field);
    *made = (explained_field){.number = (uint32_t)x->fields.len, .class_id = c, .schema = f->schema, .path = f->path};
    if (c != CLASS_NONE) made->map = schema_field(x->program->schema, c, f->schema, f->path, x->arena);
    vec_push(&x->fields, made);
    return made->number;
}

explained_field *explained_field_of(explained *x, class_id c, const ir_field *f)
{
    uint32_t number = pair_table_get(&x->numbers, (uintptr_t)f, c);
    if (number == TABLE_NONE) {
        number = number_of(x, c, f);
        pair_table_put(&x->numbers, (uintptr_t)f, c, number);
    }
    return x->fields.at[number];
}

/* ---- tests ---- */

static explained_test *new_test(explained *x, const ir_constant *c)
{
    explained_test *made = ARENA_NEW(x->arena, explained_test);
    made->constant = c;
    if (c->test->id < x->program->prepared_count) made->test = x->program->prepared[c->test->id];
    return made;
}

static explained_test *test_of(explained *x, const explained_field *f, const ir_constant *c)
{
    uint64_t of = (uint64_t)f->number << 32 | c->test->id, ways = 0;
    for (uint32_t number; (number = pair_table_get(&x->tests, of, ways)) != TABLE_NONE; ways++)
        if (str_equal(x->all_tests.at[number]->constant->written, c->written)) return x->all_tests.at[number];
    pair_table_put(&x->tests, of, ways, (uint32_t)x->all_tests.len);
    vec_push(&x->all_tests, new_test(x, c));
    return x->all_tests.at[x->all_tests.len - 1];
}

const reason_predicate *explained_said(explained *x, const ir_use *u, explained_test *t)
{
    if (!t->said) t->said = reason_predicate_of(x->said, u, t->constant);
    return t->said;
}

/* ---- rules ---- */

typedef struct {
    explained *of;
    explained_rule *rule;
    const plan *plan;
    class_id class_id;
    pair_table seen;              /* addresses */
    unsigned depth;
} leaf_walk;

static void add_leaf(leaf_walk *w, const expr *e)
{
    explained_leaf made = {.leaf = e};
    if (pair_table_get(&w->seen, (uintptr_t)e, 0) != TABLE_NONE) return;
    pair_table_put(&w->seen, (uintptr_t)e, 0, 0);
    if (e->kind == EXPR_USE) {
        const ir_use *u = &e->as.use;
        const ir_field *f = u->operand->kind == EXPR_FIELD ? &u->operand->as.field : NULL;
        if (u->negated) return;
        if (f && f->kind == FIELD_PATH) made.field = explained_field_of(w->of, w->class_id, f);
        made.tests = ARENA_ARRAY(w->of->arena, explained_test *, u->count);
        for (size_t i = 0; i < u->count; i++)
            made.tests[i] = made.field ? test_of(w->of, made.field, &u->constants[i]) : new_test(w->of, &u->constants[i]);
    }
    vec_push_in(w->of->arena, &w->rule->leaves, made);
}

static void find_leaves(leaf_walk *w, const expr *e, bool negated)
{
    if (++w->depth < DEPTH_MAX) {
        switch (e->kind) {
        case EXPR_USE:
        case EXPR_COMPARE:
            if (!negated) add_leaf(w, e);
            break;
        case EXPR_NAME:
            if (e->as.name.index < w->plan->definition_count) find_leaves(w, w->plan->definitions[e->as.name.index].value, negated);
            break;
        case EXPR_NOT:
            find_leaves(w, e->args[0], !negated);
            break;
        case EXPR_AND:
        case EXPR_OR:
            for (size_t i = 0; i < e->count; i++) find_leaves(w, e->args[i], negated);
            break;
        case EXPR_CONSTANT:
        case EXPR_FIELD:
        case EXPR_IN:
        case EXPR_CALL:
        case EXPR_ARITHMETIC:
        case EXPR_SOME:
            break;
        }
    }
    w->depth--;
}

static explained_rule *make_rule(explained *x, const rule *r, class_id c)
{
    leaf_walk w = {.of = x, .rule = ARENA_NEW(x->arena, explained_rule), .plan = r->plan, .class_id = c};
    for (size_t i = 0; r->plan && i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        if (s->kind == STAGE_MATCH && s->as.match.where) find_leaves(&w, s->as.match.where, false);
    }
    pair_table_free(&w.seen);
    return w.rule;
}

const explained_rule *explained_rule_of(explained *x, const rule *r, class_id c)
{
    uint32_t number = pair_table_get(&x->rules, (uintptr_t)r, c);
    if (number == TABLE_NONE) {
        number = (uint32_t)x->all_rules.len;
        vec_push(&x->all_rules, make_rule(x, r, c));
        pair_table_put(&x->rules, (uintptr_t)r, c, number);
    }
    return x->all_rules.at[number];
}
