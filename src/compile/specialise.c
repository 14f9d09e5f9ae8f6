/*
 * A rule's expression on one class: fields become slots or are known, tests on what is known are settled here, and three
 * truth values become two by asking for truth and for falsehood apart.
 *
 *   true(not x) = false(x)      true(x and y) = true(x) and true(y)      false(x and y) = false(x) or false(y)
 *
 * A use whose field is missing is false, null (neither true nor false), true, or tested as zero, as its flag says.
 */
#include "compile/program_private.h"

#include "base/unicode.h"

#define DEPTH_MAX 1000            /* definitions may be nested in definitions */
#define LEAVES_MAX 200000         /* a definition used again and again is written out each time */

typedef struct {
    program_builder *b;
    const plan *plan;
    class_id class_id;
    const char *problem;
    size_t leaves;
    unsigned depth;
} specialiser;

static bool_expr *build(specialiser *s, const expr *e, bool want);

static bool_expr *truth(specialiser *s, bool x) { return bool_constant(s->b->scratch, x); }

static bool_expr *leaf(specialiser *s, leaf_kind kind, uint32_t id, bool negated)
{
    if (++s->leaves > LEAVES_MAX && !s->problem) s->problem = "the expression is too large";
    return bool_leaf(s->b->scratch, kind, id, negated);
}

static bool_expr *both(specialiser *s, bool_expr *x, bool_expr *y) { return bool_and(s->b->scratch, x, y); }
static bool_expr *either(specialiser *s, bool_expr *x, bool_expr *y) { return bool_or(s->b->scratch, x, y); }

static operand operand_of(specialiser *s, const expr *e)
{
    const char *problem = NULL;
    operand o = slot_operand(&s->b->program->slots, s->class_id, e, &problem);
    if (problem && !s->problem) s->problem = problem;
    return o;
}

/* ---- tests on what is known before any event is read ---- */

typedef struct {
    const value *at;
    size_t count;
} value_view;

static value_view known_values(const operand *o)
{
    if (o->value.type == VALUE_MISSING) return (value_view){NULL, 0};
    if (o->value.type == VALUE_LIST) return (value_view){o->value.as.list.items, o->value.as.list.count};
    return (value_view){&o->value, 1};
}

static bool any_test_fits(specialiser *s, const ir_test *const *tests, size_t count, pk_str content)
{
    subject_text subject = {content, fold(s->b->scratch, content)};
    regex_scratch scratch;
    match_place place;
    bool fits = false;
    regex_scratch_init(&scratch);
    for (size_t i = 0; i < count && !fits; i++)
        fits = prepared_match(program_prepare(s->b, tests[i]), subject, &scratch, &place);
    regex_scratch_free(&scratch);
    return fits;
}

/* How many of the known values hold a text, and for how many of these some test is true. */
static void count_fits(specialiser *s, const ir_test *const *tests, size_t count, value_view v, size_t *texts, size_t *fits)
{
    *texts = *fits = 0;
    for (size_t i = 0; i < v.count; i++) {
        pk_str content;
        if (v.at[i].type == VALUE_NULL || !value_text(s->b->scratch, &v.at[i], &content)) continue;
        ++*texts;
        *fits += any_test_fits(s, tests, count, content);
    }
}

/* What the missing field gives: want is what is asked, truth or falsehood. */
static bool missing_gives(specialiser *s, const ir_use *u, const ir_test *const *tests, size_t count, bool want)
{
    switch (u->missing) {
    case MISSING_FALSE: return !want;
    case MISSING_TRUE: return want;
    case MISSING_NULL: return false;
    case MISSING_ZERO: {
        pk_str zero = tests[0]->kind == TEST_COMPARE ? STR("0") : STR("");
        return any_test_fits(s, tests, count, zero) == (want != u->negated);
    }
    }
    return false;
}

static bool_expr *known_tests(specialiser *s, const ir_use *u, const operand *o, const ir_test *const *tests,
                              size_t count, bool want)
{
    size_t texts, fits;
    count_fits(s, tests, count, known_values(o), &texts, &fits);
    if (texts == 0) return truth(s, missing_gives(s, u, tests, count, want));
    if (u->many == MANY_NULL && texts > 1) return truth(s, false);
    if (u->negated) fits = texts - fits;
    return truth(s, (u->many == MANY_ALL ? fits == texts : fits > 0) == want);
}

/* ---- tests on slots ---- */

/* True if the field has values and they fulfil the tests as `many` and `negated` say. */
static bool_expr *slot_tests(specialiser *s, const ir_use *u, uint32_t slot, uint32_t predicate)
{
    if (u->many == MANY_ALL)
        return !u->negated ? leaf(s, LEAF_EVERY, predicate, false)
                           : both(s, leaf(s, LEAF_VALUE, slot, false), leaf(s, LEAF_PREDICATE, predicate, true));
    bool_expr *e = leaf(s, u->negated ? LEAF_DIFFERS : LEAF_PREDICATE, predicate, false);
    return u->many == MANY_NULL ? both(s, e, leaf(s, LEAF_MANY, slot, true)) : e;
}

/* False although the field has values. */
static bool_expr *slot_tests_fail(specialiser *s, const ir_use *u, uint32_t slot, uint32_t predicate)
{
    if (u->many == MANY_ALL)
        return !u->negated ? leaf(s, LEAF_EVERY, predicate, true) : leaf(s, LEAF_PREDICATE, predicate, false);
    bool_expr *e = leaf(s, u->negated ? LEAF_DIFFERS : LEAF_PREDICATE, predicate, true);
    return u->many == MANY_NULL ? both(s, e, leaf(s, LEAF_MANY, slot, true)) : e;
}

static bool_expr *tests_of_slot(specialiser *s, const ir_use *u, uint32_t slot, const ir_test *const *tests, size_t count,
                                bool want)
{
    uint32_t predicate = intern_predicate(s->b, slot, tests, count);
    bool missing = missing_gives(s, u, tests, count, want);
    if (want) {
        bool_expr *e = slot_tests(s, u, slot, predicate);
        return missing ? either(s, e, leaf(s, LEAF_VALUE, slot, true)) : e;
    }
    bool_expr *e = slot_tests_fail(s, u, slot, predicate);
    if (missing) /* without values no leaf on them is true but the negated ones: */
        return u->many == MANY_NULL || (u->many == MANY_ALL && u->negated) ? either(s, e, leaf(s, LEAF_VALUE, slot, true)) : e;
    return both(s, e, leaf(s, LEAF_VALUE, slot, false));
}

static bool_expr *tests_of(specialiser *s, const ir_use *u, const operand *o, const ir_test *const *tests, size_t count,
                           bool want)
{
    return o->known ? known_tests(s, u, o, tests, count, want) : tests_of_slot(s, u, o->slot, tests, count, want);
}

/* EXISTS and IS_NULL ask the field, not its values. */
static bool_expr *presence_of(specialiser *s, const ir_use *u, const operand *o, test_kind kind, bool want)
{
    bool negated = u->negated == want;
    if (!o->known) return leaf(s, kind == TEST_EXISTS ? LEAF_PRESENT : LEAF_NULL, o->slot, negated);
    value_view v = known_values(o);
    bool null = v.count == 0;
    for (size_t i = 0; i < v.count; i++) null |= v.at[i].type == VALUE_NULL || v.at[i].type == VALUE_BLANK;
    return truth(s, (kind == TEST_EXISTS ? v.count > 0 : null) != negated);
}

static bool asks_field(const ir_test *t) { return t->kind == TEST_EXISTS || t->kind == TEST_IS_NULL; }

/* Any of the constants: all tests on values are one predicate. */
static bool_expr *use_any(specialiser *s, const ir_use *u, const operand *o, bool want)
{
    const ir_test **tests = (const ir_test **)arena_alloc(s->b->scratch, (u->count + 1) * sizeof *tests);
    size_t count = 0;
    bool_expr *e = truth(s, !want);
    for (size_t i = 0; i < u->count; i++) {
        const ir_test *t = u->constants[i].test;
        if (!asks_field(t)) tests[count++] = t;
        else if (want) e = either(s, e, presence_of(s, u, o, t->kind, want));
        else e = both(s, e, presence_of(s, u, o, t->kind, want));
    }
    if (count == 0) return e;
    bool_expr *rest = tests_of(s, u, o, tests, count, want);
    return want ? either(s, e, rest) : both(s, e, rest);
}

/* Every constant, each on whatever value fulfils it. */
static bool_expr *use_all(specialiser *s, const ir_use *u, const operand *o, bool want)
{
    bool_expr *e = truth(s, want);
    for (size_t i = 0; i < u->count; i++) {
        const ir_test *t = u->constants[i].test;
        bool_expr *one = asks_field(t) ? presence_of(s, u, o, t->kind, want) : tests_of(s, u, o, &t, 1, want);
        e = want ? both(s, e, one) : either(s, e, one);
    }
    return e;
}

static bool_expr *build_use(specialiser *s, const ir_use *u, bool want)
{
    operand o = operand_of(s, u->operand);
    return u->all ? use_all(s, u, &o, want) : use_any(s, u, &o, want);
}

/* ---- comparisons ---- */

static bool_expr *build_comparison(specialiser *s, comparison c, missing_policy missing, bool want)
{
    program *p = s->b->program;
    arena *a = s->b->scratch;
    bool_expr *there = truth(s, true); /* both sides have values */
    for (int i = 0; i < 2; i++) {
        if (!c.sides[i].known) there = both(s, there, leaf(s, LEAF_VALUE, c.sides[i].slot, false));
        else if (c.sides[i].value.type == VALUE_MISSING || c.sides[i].value.type == VALUE_NULL) there = truth(s, false);
    }
    if (there->kind == BOOL_FALSE) return truth(s, missing == MISSING_FALSE && !want);
    bool_expr *e;
    if (c.sides[0].known && c.sides[1].known) {
        value_view x = known_values(&c.sides[0]), y = known_values(&c.sides[1]);
        e = truth(s, comparison_true(&c, x.at, x.count, y.at, y.count, a) == want);
    } else {
        e = leaf(s, LEAF_COMPARE, (uint32_t)p->comparisons.len, !want);
        vec_push(&p->comparisons, c);
    }
    return want || missing == MISSING_FALSE ? e : both(s, e, there);
}

static bool_expr *build_compare(specialiser *s, const expr *e, bool want)
{
    comparison c = {.op = e->as.compare.op, .how = e->as.compare.how, .cased = e->as.compare.cased, .many = e->as.compare.many};
    for (int i = 0; i < 2; i++) c.sides[i] = operand_of(s, e->args[i]);
    return build_comparison(s, c, e->as.compare.missing, want);
}

/* args[0] equals one of the others. */
static bool_expr *build_in(specialiser *s, const expr *e, bool want)
{
    bool_expr *out = truth(s, !want);
    for (size_t i = 1; i < e->count; i++) {
        comparison c = {.op = COMPARE_EQ, .how = TEST_EQUALS, .cased = true};
        c.sides[0] = operand_of(s, e->args[0]);
        c.sides[1] = operand_of(s, e->args[i]);
        bool_expr *one = build_comparison(s, c, MISSING_NULL, want);
        out = want ? either(s, out, one) : both(s, out, one);
    }
    return out;
}

/* A field or a function as a condition: it is the boolean true. */
static bool_expr *build_boolean(specialiser *s, const expr *e, bool want)
{
    comparison c = {.op = COMPARE_EQ, .how = TEST_EQUALS};
    c.sides[0] = operand_of(s, e);
    c.sides[1] = (operand){.known = true, .value = value_bool(true)};
    return build_comparison(s, c, MISSING_NULL, want);
}

/* ---- all kinds of expression ---- */

static bool_expr *build_all(specialiser *s, const expr *e, bool conjunction, bool want)
{
    bool_expr *out = truth(s, conjunction);
    for (size_t i = 0; i < e->count; i++) {
        bool_expr *one = build(s, e->args[i], want);
        out = conjunction ? both(s, out, one) : either(s, out, one);
    }
    return out;
}

static bool_expr *build_not(specialiser *s, const expr *e, bool want)
{
    const expr *x = e->args[0];
    if (x->kind == EXPR_USE && x->as.use.not_equal == NOT_EQUAL_SOME) {
        ir_use differs = x->as.use;
        differs.negated = !differs.negated;
        return build_use(s, &differs, want);
    }
    return build(s, x, !want);
}

static bool_expr *build_kind(specialiser *s, const expr *e, bool want)
{
    switch (e->kind) {
    case EXPR_CONSTANT:
        return truth(s, e->as.constant.type == VALUE_BOOL && e->as.constant.as.boolean == want);
    case EXPR_NAME:
        if (e->as.name.index >= s->plan->definition_count) break;
        return build(s, s->plan->definitions[e->as.name.index].value, want);
    case EXPR_AND:
    case EXPR_OR:
        return build_all(s, e, (e->kind == EXPR_AND) == want, want);
    case EXPR_NOT:
        return build_not(s, e, want);
    case EXPR_USE:
        return build_use(s, &e->as.use, want);
    case EXPR_COMPARE:
        return build_compare(s, e, want);
    case EXPR_IN:
        return build_in(s, e, want);
    case EXPR_FIELD:
    case EXPR_CALL:
        return build_boolean(s, e, want);
    case EXPR_ARITHMETIC:
    case EXPR_SOME:
        break;
    }
    if (!s->problem) s->problem = "an expression that the match stage does not know yet";
    return truth(s, false);
}

static bool_expr *build(specialiser *s, const expr *e, bool want)
{
    if (s->problem) return truth(s, false);
    if (++s->depth > DEPTH_MAX) s->problem = "the expression is nested too deeply";
    bool_expr *out = s->problem ? truth(s, false) : build_kind(s, e, want);
    s->depth--;
    return out;
}

bool_expr *specialise(program_builder *b, const plan *p, const expr *e, class_id c, const char **problem)
{
    specialiser s = {.b = b, .plan = p, .class_id = c};
    bool_expr *out = e ? build(&s, e, true) : truth(&s, true);
    *problem = s.problem;
    return s.problem ? NULL : out;
}
