/*
 * Repeated fields. In the language an event stands for all copies of it, one for each combination of elements of the lists that
 * the rule reads, and all tests must hold of one copy. Copies are only made (expand) of lists for which that makes a difference:
 *
 *   - a list that one positive test reads, and nothing else: some element fits, as `any` says without a copy;
 *   - a list that only outcomes read which don't mind copies (array_distinct, max ...): they read the whole list;
 *   - if some outcome counts copies (sum, count, array ...), each list that the rule reads makes copies.
 *
 * Before copies are made an event must hold what is necessary for any of them to hold.
 */
#include "ir/functions.h"
#include "languages/yaral/lower_private.h"

/* ---- who reads ---- */

typedef struct {
    const lowering *lowering;
    uint32_t variable;
    pk_str list;                      /* empty: any that becomes copies */
    size_t found;
} read_count;

static bool is_opened(const lowering *l, const field_read *f)
{
    const variable_plan *v = &l->variables[f->variable];
    for (size_t i = 0; i < v->opened.len; i++)
        if (str_equal(v->opened.at[i], f->list)) return true;
    return false;
}

/* Tests of one variable read no column but those of placeholders that are one of several values. */
static bool is_choice(const expr *e) { return e->kind == EXPR_FIELD && !e->as.field.schema.len && !e->as.field.part.len; }

static bool count_read(const expr *e, bool negated, void *user)
{
    read_count *c = user;
    const field_read *f = lower_read_of(e);
    (void)negated;
    if (is_choice(e) && !c->list.len) c->found++;
    if (!f || !f->copied) return true;
    if (c->list.len) c->found += f->variable == c->variable && str_equal(f->list, c->list);
    else c->found += is_opened(c->lowering, f);
    return true;
}

static size_t reads_of(const lowering *l, const expr *e, uint32_t variable, pk_str list)
{
    read_count c = {l, variable, list, 0};
    ir_walk_expr(NULL, e, count_read, &c);
    return c.found;
}

bool lower_reads_copies(const lowering *l, const expr *e) { return reads_of(l, e, 0, STR("")) > 0; }

/* Arithmetic, and functions that are not the same for the same arguments: events are not matched by these, rows are asked. */
static bool find_of_rows(const expr *e, bool negated, void *user)
{
    (void)negated;
    const ir_function *f = e->kind == EXPR_CALL ? ir_function_find(e->as.call.name) : NULL;
    *(bool *)user |= e->kind == EXPR_ARITHMETIC || (f && f->varies);
    return true;
}

bool lower_waits_for_rows(const lowering *l, const expr *e)
{
    bool found = false;
    ir_walk_expr(NULL, e, find_of_rows, &found);
    return found || lower_reads_copies(l, e);
}

/* ---- may a list stay closed? ---- */

static const field_read *direct_read(const expr *use)
{
    const field_read *f = lower_read_of(use->as.use.operand);
    return f && f->copied ? f : NULL;
}

/* Does the expression hold of some copy exactly if it holds with `any` element in the place of the copy's? */
static bool is_some(const lowering *l, const expr *e, uint32_t variable, pk_str list)
{
    size_t readers = 0;
    if (!reads_of(l, e, variable, list)) return true;
    if (e->kind == EXPR_USE) return direct_read(e) && !e->as.use.negated && !lower_accepts_zero(e);
    if (e->kind != EXPR_AND && e->kind != EXPR_OR) return false;
    for (size_t i = 0; i < e->count; i++) {
        if (!is_some(l, e->args[i], variable, list)) return false;
        readers += reads_of(l, e->args[i], variable, list) > 0;
    }
    return e->kind == EXPR_OR || readers == 1;
}

static bool stays_closed(const lowering *l, uint32_t variable, pk_str list)
{
    const variable_plan *v = &l->variables[variable];
    size_t total = 0, plain = 0;
    const expr *only = NULL;
    if (l->has_sensitive) return false;
    for (size_t i = 0; i < v->reads.len; i++) {
        if (!str_equal(v->reads.at[i]->list, list)) continue;
        total++;
        plain += v->reads.at[i]->plain_outcome;
    }
    if (plain == total) return true;
    for (size_t i = 0; i < v->tests.len && !only; i++)
        if (reads_of(l, v->tests.at[i], variable, list)) only = v->tests.at[i];
    return only && reads_of(l, only, variable, list) == total && is_some(l, only, variable, list);
}

void lower_choose_lists(lowering *l)
{
    for (uint32_t i = 0; i < l->ast->variable_count; i++) {
        variable_plan *v = &l->variables[i];
        table seen = {0};
        for (size_t k = 0; k < v->reads.len; k++) {
            pk_str list = v->reads.at[k]->list;
            if (table_put(&seen, list, 1) && !stays_closed(l, i, list)) vec_push_in(l->scratch, &v->opened, list);
        }
        table_free(&seen);
    }
}

/* ---- what is necessary ---- */

static expr *without_parts(lowering *l, const expr *e);

static expr **all_without_parts(lowering *l, const expr *e)
{
    expr **args = ARENA_ARRAY(l->arena, expr *, e->count);
    for (size_t i = 0; i < e->count; i++) args[i] = without_parts(l, e->args[i]);
    return args;
}

/* A copy whose fields name no part, as the `where` of a match has them. */
static expr *without_parts(lowering *l, const expr *e)
{
    expr *copy = ARENA_NEW(l->arena, expr);
    *copy = *e;
    if (e->kind == EXPR_FIELD && e->as.field.schema.len) copy->as.field.part = STR("");
    if (e->kind == EXPR_SOME) copy->as.some.list.part = STR("");
    if (e->kind == EXPR_USE) copy->as.use.operand = without_parts(l, e->as.use.operand);
    else copy->args = all_without_parts(l, e);
    return copy;
}

/*
 * An expression over the event that is true of every event of which a copy makes `e` true (upper), or that makes `e` true of
 * every copy (lower); NULL: none is known.
 */
static expr *bound_of(lowering *l, const expr *e, bool upper)
{
    if (!lower_waits_for_rows(l, e)) return without_parts(l, e);
    if (e->kind == EXPR_USE) {
        bool some = upper && direct_read(e) && !e->as.use.negated && !lower_accepts_zero(e);
        return some ? without_parts(l, e) : NULL;
    }
    if (e->kind == EXPR_NOT) {
        expr *inner = bound_of(l, e->args[0], !upper);
        return inner ? lower_at(ir_not(l->arena, inner), e->span) : NULL;
    }
    if (e->kind != EXPR_AND && e->kind != EXPR_OR) return NULL;
    bool may_lack = (e->kind == EXPR_AND) == upper; /* parts that are not known can be left out */
    VEC(expr *) known = {0};
    for (size_t i = 0; i < e->count; i++) {
        expr *part = bound_of(l, e->args[i], upper);
        if (part) vec_push_in(l->scratch, &known, part);
        else if (!may_lack) return NULL;
    }
    if (!known.len) return NULL;
    expr *all = e->kind == EXPR_AND ? ir_and_all(l->arena, known.at, known.len) : ir_or_all(l->arena, known.at, known.len);
    return known.len == 1 ? all : lower_at(all, e->span);
}

expr *lower_necessary(lowering *l, const expr *e) { return bound_of(l, e, true); }

/* ---- columns of copies ---- */

pk_str lower_without_marks(arena *a, pk_str path)
{
    char *out = arena_alloc(a, path.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '[' && i + 1 < path.len && path.ptr[i + 1] == ']') i++;
        else out[len++] = path.ptr[i];
    }
    return (pk_str){out, len};
}

void lower_turn_into_columns(lowering *l)
{
    for (uint32_t i = 0; i < l->ast->variable_count; i++) {
        variable_plan *v = &l->variables[i];
        for (size_t k = 0; k < v->reads.len; k++) {
            field_read *f = v->reads.at[k];
            if (!is_opened(l, f)) continue;
            pk_str path = lower_without_marks(l->arena, f->base.as.field.path);
            f->base.as.field = (ir_field){.kind = FIELD_PATH, .path = arena_printf(l->arena, STR_FMT "." STR_FMT, STR_ARG(v->name),
                                                                                  STR_ARG(path))};
        }
    }
}
