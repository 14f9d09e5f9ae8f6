/*
 * Expressions over a row, three-valued. A match stage is evaluated the same way, over a row of one part and no columns.
 *
 * The laws of a use: any or every constant, any or every value; null values are absent but for is_null and exists; what
 * is absent gives what `missing` says.
 */
#include "event/event.h"
#include "event/field_path.h"
#include "ir/eval_private.h"

static truth truth_of_bool(bool b) { return b ? TRUTH_TRUE : TRUTH_FALSE; }
static truth truth_not(truth t) { return t == TRUTH_NULL ? t : t == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE; }

bool value_is_absent(const value *v) { return v->type == VALUE_MISSING || v->type == VALUE_NULL; }

/* ---- fields ---- */

pk_str column_name_of(arena *a, pk_str path)
{
    if (str_find(path, STR("[]")) == STR_NPOS) return path;
    text t = {0};
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '[' && i + 1 < path.len && path.ptr[i + 1] == ']') i++;
        else text_put_char(&t, path.ptr[i]);
    pk_str name = arena_str(a, text_view(&t));
    text_free(&t);
    return name;
}

value value_at(const value *v, pk_str path, arena *a)
{
    list_builder found = {0};
    if (!path.len) return *v;
    field_path_read_text(v, path, a, &found);
    if (found.items.len == 0) return (value){.type = VALUE_MISSING};
    return found.items.len == 1 ? found.items.at[0] : list_done(&found);
}

static void add_spread(arena *a, list_builder *out, const value *v)
{
    if (v->type == VALUE_MISSING) return;
    if (v->type != VALUE_LIST) {
        list_add(a, out, *v);
        return;
    }
    for (size_t i = 0; i < v->as.list.count; i++) list_add(a, out, v->as.list.items[i]);
}

static bool column_values(const eval_env *env, const row *r, pk_str path, list_builder *out)
{
    const value *v = value_get(&r->columns, path);
    if (!v) v = value_get(&r->columns, column_name_of(env->arena, path));
    if (v) add_spread(env->arena, out, v);
    return v != NULL;
}

static void part_values(const eval_env *env, const row_part *p, const ir_field *f, list_builder *out)
{
    if (f->path.len == 0) {
        if (p->event->tree) list_add(env->arena, out, *p->event->tree);
    } else if (f->schema.len == 0 && f->part.len && str_equal(f->path, STR("time"))) {
        if (!p->timeless) list_add(env->arena, out, (value){.type = VALUE_TIME, .as.time = p->event->time});
    } else {
        env->schema->field(p->event, p->match, f, env->arena, out, env->schema->user);
    }
}

typedef struct { arena *arena; list_builder *out; } scalar_collector;

static void collect_scalar(const value *scalar, void *user)
{
    scalar_collector *c = user;
    list_add(c->arena, c->out, *scalar);
}

/* Every scalar of the event, or its text; for formats made of lines both are the line. */
static void whole_event(const eval_env *env, const row_part *p, field_kind kind, list_builder *out)
{
    if (p->event->raw.ptr) {
        list_add(env->arena, out, value_string(p->event->raw));
    } else if (p->event->tree && kind == FIELD_ANY_VALUE) {
        tree_each_scalar(p->event->tree, collect_scalar, &(scalar_collector){env->arena, out});
    } else if (p->event->tree) {
        text t = {0};
        value_write_json(&t, p->event->tree);
        list_add(env->arena, out, value_string(arena_str(env->arena, text_view(&t))));
        text_free(&t);
    }
}

static const element_binding *find_element(const eval_env *env, pk_str name)
{
    const element_binding *e = env->elements;
    while (e && !str_equal(e->name, name)) e = e->outer;
    return e;
}

static void row_values(const eval_env *env, const row *r, const ir_field *f, list_builder *out)
{
    bool own_column = f->kind == FIELD_PATH && !f->part.len && (!f->schema.len || r->part_count != 1);
    if (own_column && column_values(env, r, f->path, out)) return;
    for (size_t i = 0; i < r->part_count; i++) {
        const row_part *p = &r->parts[i];
        if (f->part.len ? !str_equal(p->name, f->part) : r->part_count != 1 && f->kind == FIELD_PATH) continue;
        if (f->kind == FIELD_PATH) part_values(env, p, f, out);
        else whole_event(env, p, f->kind, out);
    }
}

void eval_field(eval_env *env, const ir_field *f, list_builder *out)
{
    const element_binding *element = f->part.len ? find_element(env, f->part) : NULL;
    if (f->kind == FIELD_OUTER) {
        ir_field inner = *f;
        inner.kind = FIELD_PATH;
        inner.part = (pk_str){"", 0};
        if (env->outer) row_values(env, env->outer, &inner, out);
    } else if (element) {
        if (!f->path.len) add_spread(env->arena, out, &element->element);
        else tree_values(&element->element, f->path, env->arena, out);
    } else {
        ir_field read = *f;
        if (env->loop.len && !f->part.len && str_equal(f->path, env->loop)) read.path = env->loop_column;
        row_values(env, env->row, &read, out);
    }
}

/* ---- values ---- */

static value call(eval_env *env, const expr *e)
{
    if (str_equal(e->as.call.name, STR("part"))) { /* the identity of a part's event */
        for (size_t i = 0; i < env->row->part_count && e->count; i++)
            if (e->args[0]->kind == EXPR_FIELD && str_equal(env->row->parts[i].name, e->args[0]->as.field.part))
                return value_int((int64_t)env->row->parts[i].event->order);
        return (value){.type = VALUE_MISSING};
    }
    if (str_equal(e->as.call.name, STR("now")) && e->count == 0) {
        if (env->now == TIMESTAMP_NONE) return (value){.type = VALUE_MISSING};
        return (value){.type = VALUE_TIME, .as.time = env->now};
    }
    value *args = ARENA_ARRAY(env->arena, value, e->count);
    for (size_t i = 0; i < e->count; i++) args[i] = eval_value(env, e->args[i]);
    return ir_function_call_in(eval_calls(env->context), e->as.call.name, args, e->count, env->arena);
}

static value calculate(char op, const value *x, const value *y)
{
    double a, b;
    int64_t n;
    if (!value_number(x, &a) || !value_number(y, &b)) return value_null();
    if (x->type == VALUE_INT && y->type == VALUE_INT) {
        if (op == '+' && !__builtin_add_overflow(x->as.integer, y->as.integer, &n)) return value_int(n);
        if (op == '-' && !__builtin_sub_overflow(x->as.integer, y->as.integer, &n)) return value_int(n);
        if (op == '*' && !__builtin_mul_overflow(x->as.integer, y->as.integer, &n)) return value_int(n);
    }
    switch (op) {
    case '+': return value_real(a + b);
    case '-': return value_real(a - b);
    case '*': return value_real(a * b);
    case '/': return b == 0 ? value_null() : value_real(a / b);
    case '%': return b == 0 ? value_null() : value_real(__builtin_fmod(a, b));
    }
    return value_null();
}

void eval_values(eval_env *env, const expr *e, list_builder *out)
{
    value v;
    truth t;
    if (++env->depth > 2 * IR_MAX_DEPTH) {
        env->depth--;
        return;
    }
    switch (e->kind) {
    case EXPR_CONSTANT: add_spread(env->arena, out, &e->as.constant); break;
    case EXPR_FIELD: eval_field(env, &e->as.field, out); break;
    case EXPR_CALL:
        if (str_equal(e->as.call.name, STR("observed"))) {
            eval_observed(env, e, out);
            break;
        }
        v = call(env, e);
        add_spread(env->arena, out, &v);
        break;
    case EXPR_ARITHMETIC: {
        value x = eval_value(env, e->args[0]), y = eval_value(env, e->args[1]);
        list_add(env->arena, out, calculate(e->as.arithmetic, &x, &y));
        break;
    }
    case EXPR_NAME: case EXPR_USE: case EXPR_AND: case EXPR_OR: case EXPR_NOT: case EXPR_COMPARE: case EXPR_IN:
    case EXPR_SOME:
        t = eval_truth(env, e);
        list_add(env->arena, out, t == TRUTH_NULL ? value_null() : value_bool(t == TRUTH_TRUE));
        break;
    }
    env->depth--;
}

value eval_value(eval_env *env, const expr *e)
{
    list_builder values = {0};
    eval_values(env, e, &values);
    if (values.items.len == 0) return (value){.type = VALUE_MISSING};
    return values.items.len == 1 ? values.items.at[0] : list_done(&values);
}

/* ---- uses ---- */

typedef struct { const value *at; size_t count; } values;

static value zero_like(const value *v)
{
    if (v->type == VALUE_BOOL) return value_bool(false);
    if (v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT) return value_int(0);
    return value_string((pk_str){"", 0});
}

static truth absent_truth(missing_policy missing)
{
    return missing == MISSING_NULL ? TRUTH_NULL : truth_of_bool(missing == MISSING_TRUE);
}

static size_t count_distinct_values(eval_env *env, values v)
{
    size_t n = 0;
    for (size_t i = 0; i < v.count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = str_equal(value_key_text(env->arena, &v.at[i]), value_key_text(env->arena, &v.at[k]));
        n += !seen;
    }
    return n;
}

/* One constant and the values that are not null. */
static truth test_present(eval_env *env, const ir_use *u, const ir_test *t, values present)
{
    value zero = zero_like(&t->constant);
    if (present.count == 0 && u->missing != MISSING_ZERO) return absent_truth(u->missing);
    if (present.count == 0) present = (values){&zero, 1};
    if (u->many == MANY_NULL && count_distinct_values(env, present) > 1) return TRUTH_NULL;
    bool all = u->many == MANY_ALL;
    for (size_t i = 0; i < present.count; i++)
        if (eval_test_value(env->context, t, &present.at[i], u->numbers, env->arena) != all) return truth_of_bool(!all);
    return truth_of_bool(all);
}

static truth test_constant(eval_env *env, const ir_use *u, const ir_test *t, values all, values present)
{
    if (t->kind == TEST_EXISTS) return truth_of_bool(all.count > 0);
    if (t->kind != TEST_IS_NULL) return test_present(env, u, t, present);
    if (all.count == 0) return TRUTH_TRUE;
    for (size_t i = 0; i < all.count; i++)
        if (eval_test_value(env->context, t, &all.at[i], u->numbers, env->arena)) return TRUTH_TRUE;
    return TRUTH_FALSE;
}

static truth some_or_all_constants(eval_env *env, const ir_use *u, values all, values present)
{
    truth result = truth_of_bool(u->all);
    for (size_t i = 0; i < u->count; i++) {
        truth t = test_constant(env, u, u->constants[i].test, all, present);
        if (t == truth_of_bool(!u->all)) return t;
        if (t == TRUTH_NULL) result = t;
    }
    return result;
}

/* The quantifier that says "every" stands outside: every constant in some value, every value has some constant. */
static truth test_constants(eval_env *env, const ir_use *u, values all, values present)
{
    truth result = TRUTH_TRUE;
    if (u->many != MANY_ALL || u->all || present.count == 0) return some_or_all_constants(env, u, all, present);
    for (size_t i = 0; i < present.count; i++) {
        values one = {&present.at[i], 1};
        truth t = some_or_all_constants(env, u, one, one);
        if (t == TRUTH_FALSE) return t;
        if (t == TRUTH_NULL) result = t;
    }
    return result;
}

/* Some value differs: there is a value of which the tests are not true. */
static truth some_differs(eval_env *env, const ir_use *u, values present)
{
    if (present.count == 0) return u->missing == MISSING_NULL ? TRUTH_NULL : TRUTH_FALSE;
    for (size_t i = 0; i < present.count; i++) {
        values one = {&present.at[i], 1};
        if (test_constants(env, u, one, one) != TRUTH_TRUE) return TRUTH_TRUE;
    }
    return TRUTH_FALSE;
}

static truth eval_use(eval_env *env, const ir_use *u, bool negated)
{
    list_builder all = {0}, present = {0};
    eval_values(env, u->operand, &all);
    for (size_t i = 0; i < all.items.len; i++)
        if (!value_is_absent(&all.items.at[i])) list_add(env->arena, &present, all.items.at[i]);
    values there = {present.items.at, present.items.len};
    if (negated) return some_differs(env, u, there);
    return test_constants(env, u, (values){all.items.at, all.items.len}, there);
}

/* ---- comparisons ---- */

static bool pair_fits(eval_env *env, const expr *e, const value *x, const value *y)
{
    double a, b;
    pk_str s, t;
    compare_op op = e->as.compare.op;
    bool equality = op == COMPARE_EQ || op == COMPARE_NE, both_text;
    if (equality) {
        if (!value_text(env->arena, x, &s) || !value_text(env->arena, y, &t))
            return value_equal(x, y) == (op == COMPARE_EQ);
        return eval_text_fits(env->context, e->as.compare.how, e->as.compare.cased, s, t, env->arena) ==
               (op == COMPARE_EQ);
    }
    int order;
    both_text = x->type == VALUE_STRING && y->type == VALUE_STRING;
    if (x->type == VALUE_TIME && y->type == VALUE_TIME) order = x->as.time < y->as.time ? -1 : x->as.time > y->as.time;
    else if (value_number(x, &a) && value_number(y, &b)) {
        if (a != a || b != b) return false;
        order = a < b ? -1 : a > b;
    } else if (both_text) order = str_compare(x->as.string, y->as.string);
    else return false;
    return op == COMPARE_LT ? order < 0 : op == COMPARE_LE ? order <= 0 : op == COMPARE_GT ? order > 0 : order >= 0;
}

static size_t drop_absent(list_builder *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->items.len; i++)
        if (!value_is_absent(&l->items.at[i])) l->items.at[kept++] = l->items.at[i];
    return l->items.len = kept;
}

static truth eval_compare(eval_env *env, const expr *e)
{
    list_builder x = {0}, y = {0};
    eval_values(env, e->args[0], &x);
    eval_values(env, e->args[1], &y);
    bool no_x = drop_absent(&x) == 0, no_y = drop_absent(&y) == 0;
    if ((no_x || no_y) && e->as.compare.missing != MISSING_ZERO) return absent_truth(e->as.compare.missing);
    value blank = value_string((pk_str){"", 0});
    if (no_x) list_add(env->arena, &x, zero_like(no_y ? &blank : &y.items.at[0]));
    if (no_y) list_add(env->arena, &y, zero_like(&x.items.at[0]));
    if (e->as.compare.many == MANY_NULL && (x.items.len > 1 || y.items.len > 1)) return TRUTH_NULL;
    bool all = e->as.compare.many == MANY_ALL;
    for (size_t i = 0; i < x.items.len; i++)
        for (size_t k = 0; k < y.items.len; k++)
            if (pair_fits(env, e, &x.items.at[i], &y.items.at[k]) != all) return truth_of_bool(!all);
    return truth_of_bool(all);
}

/* Any value of the first equals any value of one of the others, in folded text. */
static truth eval_in(eval_env *env, const expr *e)
{
    list_builder x = {0}, y = {0};
    eval_values(env, e->args[0], &x);
    for (size_t i = 1; i < e->count; i++) eval_values(env, e->args[i], &y);
    if (drop_absent(&x) == 0) return TRUTH_NULL;
    expr equals = {.kind = EXPR_COMPARE, .as.compare = {.op = COMPARE_EQ, .how = TEST_EQUALS}};
    for (size_t i = 0; i < x.items.len; i++)
        for (size_t k = 0; k < y.items.len; k++)
            if (!value_is_absent(&y.items.at[k]) && pair_fits(env, &equals, &x.items.at[i], &y.items.at[k]))
                return TRUTH_TRUE;
    return TRUTH_FALSE;
}

/* ---- truth ---- */

static truth eval_some(eval_env *env, const expr *e)
{
    list_builder list = {0};
    truth result = TRUTH_FALSE;
    eval_field(env, &e->as.some.list, &list);
    for (size_t i = 0; i < list.items.len; i++) {
        element_binding element = {e->as.some.element, list.items.at[i], env->elements};
        env->elements = &element;
        truth t = eval_truth(env, e->args[0]);
        env->elements = element.outer;
        if (t == TRUTH_TRUE) return t;
        if (t == TRUTH_NULL) result = t;
    }
    return result;
}

static truth eval_junction(eval_env *env, const expr *e)
{
    truth decides = truth_of_bool(e->kind == EXPR_OR), result = truth_not(decides);
    for (size_t i = 0; i < e->count; i++) {
        truth t = eval_truth(env, e->args[i]);
        if (t == decides) return t;
        if (t == TRUTH_NULL) result = t;
    }
    return result;
}

static truth eval_not(eval_env *env, const expr *x)
{
    if (x->kind == EXPR_USE && x->as.use.not_equal == NOT_EQUAL_SOME && !x->as.use.negated)
        return eval_use(env, &x->as.use, true);
    return truth_not(eval_truth(env, x));
}

/* A value where a condition stands: true and 'true' are true, absent is null. */
static truth truth_of_value(const value *v)
{
    if (value_is_absent(v)) return TRUTH_NULL;
    if (v->type == VALUE_BOOL) return truth_of_bool(v->as.boolean);
    return truth_of_bool(v->type == VALUE_STRING && str_equal_ascii_fold(v->as.string, STR("true")));
}

truth eval_truth(eval_env *env, const expr *e)
{
    truth t = TRUTH_NULL;
    value v;
    if (++env->depth > 2 * IR_MAX_DEPTH) {
        env->depth--;
        return t;
    }
    switch (e->kind) {
    case EXPR_CONSTANT: t = truth_of_value(&e->as.constant); break;
    case EXPR_FIELD: case EXPR_CALL: case EXPR_ARITHMETIC:
        v = eval_value(env, e);
        t = truth_of_value(&v);
        break;
    case EXPR_NAME:
        if (env->plan && e->as.name.index < env->plan->definition_count)
            t = eval_truth(env, env->plan->definitions[e->as.name.index].value);
        break;
    case EXPR_USE: t = eval_use(env, &e->as.use, e->as.use.negated); break;
    case EXPR_AND: case EXPR_OR: t = eval_junction(env, e); break;
    case EXPR_NOT: t = eval_not(env, e->args[0]); break;
    case EXPR_COMPARE: t = eval_compare(env, e); break;
    case EXPR_IN: t = eval_in(env, e); break;
    case EXPR_SOME: t = eval_some(env, e); break;
    }
    env->depth--;
    return t;
}

bool eval_true(eval_env *env, const expr *e) { return !e || eval_truth(env, e) == TRUTH_TRUE; }

bool eval_match(const plan *p, const stage *match, const eval_event *e, const eval_schema *s, arena *a)
{
    eval_context *own = s->context_of_run ? NULL : eval_context_new();
    row_part part = {.name = match->name, .match = match, .event = e};
    row r = {.time = e->time, .order = e->order, .parts = &part, .part_count = 1, .columns = {.type = VALUE_RECORD}};
    eval_env env = {.plan = p, .schema = s, .context = own ? own : s->context_of_run, .arena = a, .row = &r,
                    .now = s->now ? *s->now : TIMESTAMP_NONE};
    bool result = eval_true(&env, match->as.match.where);
    eval_context_free(own);
    return result;
}
