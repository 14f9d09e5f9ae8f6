/*
 * Uses of tests over rows. Rows are few beside events, so tests are asked one by one; each is made ready once for the run
 * (compile/prepared.c). The laws are those of eval_use in ir/eval_expr.c.
 */
#include "base/unicode.h"
#include "engine/stages.h"

static const prepared_test *prepared_of(stage_run *run, const ir_test *t)
{
    pk_str problem;
    while (run->tests.len <= t->id) vec_push(&run->tests, NULL);
    if (!run->tests.at[t->id]) run->tests.at[t->id] = prepare_test(t, run->test_arena, &problem);
    if (!run->has_regex) regex_scratch_init(&run->regex);
    run->has_regex = true;
    return run->tests.at[t->id];
}

/* ---- one test, one value ---- */

typedef struct {
    const value *value;
    subject_text text;
    bool has_text;
} subject;

static bool compares(compare_op op, double x, double y)
{
    switch (op) {
    case COMPARE_LT: return x < y;
    case COMPARE_LE: return x <= y;
    case COMPARE_GT: return x > y;
    case COMPARE_GE: return x >= y;
    case COMPARE_EQ: return x == y;
    case COMPARE_NE: return x != y;
    }
    return false;
}

static bool is_number(const value *v) { return v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT; }

static bool same_type(const value *constant, const value *v)
{
    if (is_number(constant)) return is_number(v);
    if (constant->type == VALUE_STRING) return v->type == VALUE_STRING || v->type == VALUE_BLANK;
    return constant->type == v->type;
}

static bool test_value(stage_run *run, const ir_test *t, const subject *s, number_policy numbers)
{
    double x, y;
    match_place place;
    if (t->kind == TEST_EXISTS) return true;
    if (t->kind == TEST_IS_NULL) return s->value->type == VALUE_NULL || s->value->type == VALUE_BLANK;
    if (t->kind == TEST_COMPARE) return value_number(s->value, &x) && value_number(&t->constant, &y) && compares(t->compare, x, y);
    if (numbers == NUMBERS_STRICT && !same_type(&t->constant, s->value)) return false;
    if (!s->has_text) return false;
    const prepared_test *p = prepared_of(run, t);
    return p && p->valid && prepared_match(p, s->text, &run->regex, &place);
}

/* ---- constants and values ---- */

typedef struct { const subject *at; size_t count; } subjects;

typedef struct {
    stage_run *run;
    const ir_use *use;
    arena *arena;
    subjects all;
} use_of;

static compared compared_bool(bool b) { return b ? COMPARED_TRUE : COMPARED_FALSE; }
static compared absent_truth(missing_policy m) { return m == MISSING_NULL ? COMPARED_NULL : compared_bool(m == MISSING_TRUE); }

static subject subject_of(const value *v, arena *a)
{
    subject s = {.value = v};
    s.has_text = value_text(a, v, &s.text.text);
    if (s.has_text) s.text.folded = fold(a, s.text.text);
    return s;
}

static size_t count_different(const use_of *u, subjects present)
{
    size_t n = 0;
    for (size_t i = 0; i < present.count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = str_equal(value_key_text(u->arena, present.at[i].value), value_key_text(u->arena, present.at[k].value));
        n += !seen;
    }
    return n;
}

static compared test_present(const use_of *u, const ir_test *t, subjects present)
{
    value zero = value_string((pk_str){"", 0});
    subject zero_subject;
    if (present.count == 0 && u->use->missing != MISSING_ZERO) return absent_truth(u->use->missing);
    if (present.count == 0) {
        if (is_number(&t->constant)) zero = value_int(0);
        if (t->constant.type == VALUE_BOOL) zero = value_bool(false);
        zero_subject = subject_of(&zero, u->arena);
        present = (subjects){&zero_subject, 1};
    }
    if (u->use->many == MANY_NULL && count_different(u, present) > 1) return COMPARED_NULL;
    bool all = u->use->many == MANY_ALL;
    for (size_t i = 0; i < present.count; i++)
        if (test_value(u->run, t, &present.at[i], u->use->numbers) != all) return compared_bool(!all);
    return compared_bool(all);
}

static compared test_constant(const use_of *u, const ir_test *t, subjects all, subjects present)
{
    if (t->kind == TEST_EXISTS) return compared_bool(all.count > 0);
    if (t->kind != TEST_IS_NULL) return test_present(u, t, present);
    for (size_t i = 0; i < all.count; i++)
        if (test_value(u->run, t, &all.at[i], u->use->numbers)) return COMPARED_TRUE;
    return compared_bool(all.count == 0);
}

static compared some_or_all_constants(const use_of *u, subjects all, subjects present)
{
    compared result = compared_bool(u->use->all);
    for (size_t i = 0; i < u->use->count; i++) {
        compared t = test_constant(u, u->use->constants[i].test, all, present);
        if (t == compared_bool(!u->use->all)) return t;
        if (t == COMPARED_NULL) result = t;
    }
    return result;
}

/* The quantifier that says "every" stands outside: every constant in some value, every value has some constant. */
static compared test_constants(const use_of *u, subjects all, subjects present)
{
    compared result = COMPARED_TRUE;
    if (u->use->many != MANY_ALL || u->use->all || present.count == 0) return some_or_all_constants(u, all, present);
    for (size_t i = 0; i < present.count; i++) {
        subjects one = {&present.at[i], 1};
        compared t = some_or_all_constants(u, one, one);
        if (t == COMPARED_FALSE) return t;
        if (t == COMPARED_NULL) result = t;
    }
    return result;
}

/* Some value differs: there is a value of which the tests are not true. */
static compared some_differs(const use_of *u, subjects present)
{
    if (present.count == 0) return u->use->missing == MISSING_NULL ? COMPARED_NULL : COMPARED_FALSE;
    for (size_t i = 0; i < present.count; i++) {
        subjects one = {&present.at[i], 1};
        if (test_constants(u, one, one) != COMPARED_TRUE) return COMPARED_TRUE;
    }
    return COMPARED_FALSE;
}

compared use_of_values(stage_run *run, const ir_use *use, const list_builder *values, bool negated, arena *a)
{
    use_of u = {.run = run, .use = use, .arena = a};
    subject *all = ARENA_ARRAY(a, subject, values->items.len + 1), *present = ARENA_ARRAY(a, subject, values->items.len + 1);
    size_t count = 0;
    for (size_t i = 0; i < values->items.len; i++) {
        all[i] = subject_of(&values->items.at[i], a);
        if (!value_is_nothing(&values->items.at[i])) present[count++] = all[i];
    }
    if (negated) return some_differs(&u, (subjects){present, count});
    return test_constants(&u, (subjects){all, values->items.len}, (subjects){present, count});
}
