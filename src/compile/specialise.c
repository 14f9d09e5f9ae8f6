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
    class_id class_id, widest;
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
    operand o = slot_operand(&s->b->program->slots, s->class_id, s->widest, e, &problem);
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

/* `strict`: of that type, or NULL. */
static bool any_test_fits(specialiser *s, const ir_test *const *tests, size_t count, pk_str content, const value *strict)
{
    subject_text subject = {content, fold(s->b->scratch, content)};
    match_place place;
    bool fits = false;
    for (size_t i = 0; i < count && !fits; i++) {
        if (strict && tests[i]->kind != TEST_COMPARE && content_type_of(strict) != content_type_of(&tests[i]->constant)) continue;
        fits = prepared_match(program_prepare(s->b, tests[i]), subject, &s->b->regex, &place);
    }
    return fits;
}

/* How many of the known values hold a text, and for how many of these some test is true. */
static void count_fits(specialiser *s, const ir_use *u, const ir_test *const *tests, size_t count, value_view v,
                       size_t *texts, size_t *fits)
{
    *texts = *fits = 0;
    for (size_t i = 0; i < v.count; i++) {
        pk_str content;
        if (v.at[i].type == VALUE_NULL || !value_text(s->b->scratch, &v.at[i], &content)) continue;
        ++*texts;
        *fits += any_test_fits(s, tests, count, content, u->numbers == NUMBERS_STRICT ? &v.at[i] : NULL);
    }
}

static value zero_like(const value *constant)
{
    switch (constant->type) {
    case VALUE_BOOL: return value_bool(false);
    case VALUE_INT: case VALUE_UINT: case VALUE_FLOAT: return value_int(0);
    default: return value_string((pk_str){"", 0});
    }
}

static bool any_zero_fits(specialiser *s, const ir_use *u, const ir_test *const *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        value zero = zero_like(&tests[i]->constant);
        pk_str content;
        value_text(s->b->scratch, &zero, &content);
        if (any_test_fits(s, &tests[i], 1, content, u->numbers == NUMBERS_STRICT ? &zero : NULL)) return true;
    }
    return false;
}

/* What the missing field gives: want is what is asked, truth or falsehood. */
static bool missing_gives(specialiser *s, const ir_use *u, const ir_test *const *tests, size_t count, bool want)
{
    if (u->missing == MISSING_NULL) return false;
    if (u->negated || u->missing == MISSING_FALSE) return !want; /* nothing is there that could differ */
    if (u->missing == MISSING_TRUE) return want;
    return any_zero_fits(s, u, tests, count) == want;
}

static bool_expr *known_tests(specialiser *s, const ir_use *u, const operand *o, const ir_test *const *tests,
                              size_t count, bool want)
{
    size_t texts, fits;
    count_fits(s, u, tests, count, known_values(o), &texts, &fits);
    if (texts == 0) return truth(s, missing_gives(s, u, tests, count, want));
    if (u->negated) return truth(s, (fits < texts) == want);
    if (u->many == MANY_NULL && texts > 1) return truth(s, false);
    return truth(s, (u->many == MANY_ALL ? fits == texts : fits > 0) == want);
}

/* ---- tests on slots ---- */

/* True (false) of the values that the field has, as `many` and `negated` say. Not `fails`: and it has some. */
static bool_expr *slot_tests(specialiser *s, const ir_use *u, uint32_t slot, uint32_t predicate, bool fails)
{
    leaf_kind kind = u->negated ? LEAF_DIFFERS : u->many == MANY_ALL ? LEAF_EVERY : LEAF_PREDICATE;
    bool_expr *e = leaf(s, kind, predicate, fails);
    return u->many == MANY_NULL && !u->negated ? both(s, e, leaf(s, LEAF_MANY, slot, true)) : e;
}

static bool_expr *tests_of_slot(specialiser *s, const ir_use *u, uint32_t slot, const ir_test *const *tests, size_t count,
                                bool want)
{
    uint32_t predicate = intern_predicate(s->b, slot, u->numbers == NUMBERS_STRICT, tests, count);
    bool missing = missing_gives(s, u, tests, count, want);
    bool_expr *e = slot_tests(s, u, slot, predicate, !want);
    if (want) return missing ? either(s, e, leaf(s, LEAF_VALUE, slot, true)) : e;
    return missing ? e : both(s, e, leaf(s, LEAF_VALUE, slot, false)); /* a leaf that fails does so without values too */
}

static bool_expr *tests_of(specialiser *s, const ir_use *u, const operand *o, const ir_test *const *tests, size_t count,
                           bool want)
{
    return o->known ? known_tests(s, u, o, tests, count, want) : tests_of_slot(s, u, o->slot, tests, count, want);
}

/* EXISTS and IS_NULL ask the field, not its values. */
static bool_expr *presence_of(specialiser *s, const operand *o, test_kind kind, bool want)
{
    bool negated = !want;
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
    const ir_test **tests = arena_alloc(s->b->scratch, (u->count + 1) * sizeof *tests);
    size_t count = 0;
    bool_expr *e = truth(s, !want);
    for (size_t i = 0; i < u->count; i++) {
        const ir_test *t = u->constants[i].test;
        if (!asks_field(t)) tests[count++] = t;
        else if (want) e = either(s, e, presence_of(s, o, t->kind, want));
        else e = both(s, e, presence_of(s, o, t->kind, want));
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
        bool_expr *one = asks_field(t) ? presence_of(s, o, t->kind, want) : tests_of(s, u, o, &t, 1, want);
        e = want ? both(s, e, one) : either(s, e, one);
    }
    return e;
}

/* Some value differs from "every constant": some constant is not true of some value. */
static bool_expr *use_differs_all(specialiser *s, const ir_use *u, const operand *o, bool want)
{
    bool_expr *e = truth(s, !want);
    for (size_t i = 0; i < u->count; i++) {
        const ir_test *t = u->constants[i].test;
        bool_expr *one = tests_of(s, u, o, &t, 1, want);
        e = want ? either(s, e, one) : both(s, e, one);
    }
    return e;
}

static bool_expr *build_use_on(specialiser *s, const ir_use *u, const operand *o, bool want)
{
    for (size_t i = 0; i < u->count; i++) {
        const ir_test *t = u->constants[i].test;
        if (u->negated && asks_field(t)) s->problem = "`some value differs` of a test on presence";
        if (u->many == MANY_ALL && t->kind == TEST_IS_NULL) s->problem = "`all` values of a test on null";
    }
    if (u->all) return u->negated ? use_differs_all(s, u, o, want) : use_all(s, u, o, want);
    return use_any(s, u, o, want);
}

static bool_expr *build_use(specialiser *s, const ir_use *u, bool want)
{
    operand o = operand_of(s, u->operand);
    return build_use_on(s, u, &o, want);
}

/*
 * Some element of a list of which tests on one of its fields are true (behind `not`: are not). What an element lacks is zero in
 * the slot; a list without elements has none that could be meant.
 */
static bool_expr *build_some(specialiser *s, const expr *e, bool want)
{
    const expr *inner = e->args[0];
    bool negated = inner->kind == EXPR_NOT;
    if (negated) inner = inner->args[0];
    const expr *field = inner->kind == EXPR_USE ? inner->as.use.operand : NULL;
    if (!field || field->kind != EXPR_FIELD || field->as.field.kind != FIELD_PATH || !str_equal(field->as.field.part, e->as.some.element) ||
        inner->as.use.negated || inner->as.use.missing != MISSING_ZERO || !schema_has_records(e->as.some.list.schema)) {
        if (!s->problem) s->problem = "a condition on elements that the match stage does not know yet";
        return truth(s, false);
    }
    ir_use use = inner->as.use;
    operand o = slot_of_elements(&s->b->program->slots, s->class_id, &e->as.some.list, field->as.field.path);
    use.negated = negated;
    use.missing = MISSING_FALSE;
    use.many = MANY_ANY;
    return build_use_on(s, &use, &o, want);
}

/* ---- comparisons ---- */

static list_builder known_list(specialiser *s, const operand *o)
{
    value_view v = known_values(o);
    list_builder out = {0};
    for (size_t i = 0; i < v.count; i++) list_add(s->b->scratch, &out, v.at[i]);
    return out;
}

static bool same_side(const operand *x, const operand *y) { return !x->known && !y->known && x->slot == y->slot; }

/* The rule's other classes often ask the same of the same slots. */
static uint32_t intern_comparison(program *p, const comparison *c)
{
    enum { NEAR = 64 };
    for (size_t i = p->comparisons.len; i-- > 0 && i + NEAR >= p->comparisons.len;) {
        const comparison *k = &p->comparisons.at[i];
        if (same_side(&k->sides[0], &c->sides[0]) && same_side(&k->sides[1], &c->sides[1]) && k->op == c->op && k->how == c->how &&
            k->cased == c->cased && k->missing == c->missing && k->many == c->many)
            return (uint32_t)i;
    }
    vec_push(&p->comparisons, *c);
    return (uint32_t)p->comparisons.len - 1;
}

static bool_expr *build_comparison(specialiser *s, const comparison *c, bool want)
{
    program *p = s->b->program;
    if (c->how == TEST_WILDCARD || c->how == TEST_PHRASE) s->problem = "a pattern out of a field";
    if (c->sides[0].known && c->sides[1].known) {
        list_builder x = known_list(s, &c->sides[0]), y = known_list(s, &c->sides[1]);
        return truth(s, comparison_of(c, &x, &y, s->b->scratch) == (want ? COMPARED_TRUE : COMPARED_FALSE));
    }
    return leaf(s, want ? LEAF_COMPARE : LEAF_COMPARE_FAILS, intern_comparison(p, c), false);
}

static bool_expr *build_compare(specialiser *s, const expr *e, bool want)
{
    comparison c = {.op = e->as.compare.op, .how = e->as.compare.how, .cased = e->as.compare.cased,
                    .missing = e->as.compare.missing, .many = e->as.compare.many};
    for (int i = 0; i < 2; i++) c.sides[i] = operand_of(s, e->args[i]);
    return build_comparison(s, &c, want);
}

/* Is the first a value at all? */
static bool_expr *operand_has_value(specialiser *s, const operand *o)
{
    if (!o->known) return leaf(s, LEAF_VALUE, o->slot, false);
    value_view v = known_values(o);
    for (size_t i = 0; i < v.count; i++)
        if (v.at[i].type != VALUE_NULL) return truth(s, true);
    return truth(s, false);
}

/* args[0] equals one of the others, folded; null without args[0], while the others may well be missing. */
static bool_expr *build_in(specialiser *s, const expr *e, bool want)
{
    comparison c = {.op = COMPARE_EQ, .how = TEST_EQUALS, .missing = MISSING_FALSE};
    c.sides[0] = operand_of(s, e->args[0]);
    bool_expr *out = want ? truth(s, false) : operand_has_value(s, &c.sides[0]);
    for (size_t i = 1; i < e->count; i++) {
        c.sides[1] = operand_of(s, e->args[i]);
        bool_expr *one = build_comparison(s, &c, want);
        out = want ? either(s, out, one) : both(s, out, one);
    }
    return out;
}

/* A field, a function or a constant as a condition. */
static bool_expr *build_condition(specialiser *s, const expr *e, bool want)
{
    operand o = operand_of(s, e);
    if (!o.known) return leaf(s, want ? LEAF_CONDITION : LEAF_CONDITION_FAILS, o.slot, false);
    list_builder v = known_list(s, &o);
    return truth(s, condition_of_values(&v) == (want ? COMPARED_TRUE : COMPARED_FALSE));
}

/* ---- all kinds of expression ---- */

/* Once it is settled (most classes are told apart by one constant), the rest is not built. */
static bool_expr *build_all(specialiser *s, const expr *e, bool conjunction, bool want)
{
    bool_expr *out = truth(s, conjunction);
    bool_kind settled = conjunction ? BOOL_FALSE : BOOL_TRUE;
    for (size_t i = 0; i < e->count && out->kind != settled; i++) {
        bool_expr *one = build(s, e->args[i], want);
        out = conjunction ? both(s, out, one) : either(s, out, one);
    }
    return out;
}

static bool_expr *build_not(specialiser *s, const expr *e, bool want)
{
    const expr *x = e->args[0];
    if (x->kind == EXPR_USE && x->as.use.not_equal == NOT_EQUAL_SOME && !x->as.use.negated) {
        ir_use differs = x->as.use;
        differs.negated = true;
        return build_use(s, &differs, want);
    }
    return build(s, x, !want);
}

static bool_expr *build_kind(specialiser *s, const expr *e, bool want)
{
    switch (e->kind) {
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
    case EXPR_CONSTANT:
    case EXPR_FIELD:
    case EXPR_CALL:
        return build_condition(s, e, want);
    case EXPR_SOME:
        return build_some(s, e, want);
    case EXPR_ARITHMETIC:
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

bool_expr *specialise(program_builder *b, const plan *p, const expr *e, class_id c, class_id widest, const char **problem)
{
    specialiser s = {.b = b, .plan = p, .class_id = c, .widest = widest};
    bool_expr *out = e ? build(&s, e, true) : truth(&s, true);
    *problem = s.problem;
    return s.problem ? NULL : out;
}
