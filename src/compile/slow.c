/*
 * Rules that cost more than they need: on some class nothing, or only what is true of many events, makes them candidates. Why is
 * told by the shape of the rule, since that is what its author can change.
 */
#include "compile/program_private.h"
#include "compile/regex_literals.h"

enum { LITERAL_MIN = 3, CLASSES_NAMED = 3, DEEPEST = 64 };

/* ---- the shape of a rule ---- */

typedef struct {
    bool value;                   /* asks, not under a negation, what a value is */
    bool presence;                /* asks, not under a negation, whether a field is there or empty */
    bool fields;                  /* compares a field with another */
    bool negation;
} shape;

static void look_at(const stage *s, const expr *e, bool negated, void *user)
{
    shape *x = user;
    if (s->kind != STAGE_MATCH) return;
    x->negation |= negated;
    if (negated) return;
    x->fields |= e->kind == EXPR_COMPARE;
    for (size_t i = 0; e->kind == EXPR_USE && i < e->as.use.count; i++) {
        test_kind kind = e->as.use.constants[i].test->kind;
        if (kind == TEST_EXISTS || kind == TEST_IS_NULL) x->presence = true;
        else x->value = true;
    }
}

/* Must some field have a value, whatever else is true? */
static bool asks_value(const plan *p, const expr *e, unsigned depth)
{
    bool any = false, all = e && e->count > 0;
    if (!e || depth > DEEPEST) return false;
    for (size_t i = 0; (e->kind == EXPR_AND || e->kind == EXPR_OR) && i < e->count; i++) {
        bool one = asks_value(p, e->args[i], depth + 1);
        any |= one, all &= one;
    }
    if (e->kind == EXPR_NAME) return asks_value(p, p->definitions[e->as.name.index].value, depth + 1);
    if (e->kind != EXPR_USE) return e->kind == EXPR_AND ? any : e->kind == EXPR_OR && all;
    test_kind kind = e->as.use.constants[0].test->kind;
    return !e->as.use.negated && kind != TEST_EXISTS && kind != TEST_IS_NULL;
}

static bool plan_asks_value(const plan *p)
{
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_MATCH && !asks_value(p, p->stages[i]->as.match.where, 0)) return false;
    return true;
}

static const char *hint_of(const rule *r)
{
    shape x = {0};
    ir_walk_plan(r->plan, look_at, &x);
    if (x.value && plan_asks_value(r->plan)) /* what it asks is true of the class, or else it would be what narrows the rule */
        return "what it asks for is what makes events of this kind: if not all of them are meant, add a value that tells them apart";
    if (x.value)
        return "an 'or' ('1 of', a list of maps) is as slow as its worst part: give each part a value that some field must have, "
               "or make the part without one a rule of its own";
    if (x.fields) return "no index helps to compare two fields: add a value that one of them, or another field, must have";
    if (x.presence) return "that a field is there, or empty, narrows nothing: add a value that some field must have";
    if (x.negation) return "it only says what an event must not be: add what it must be, as an event id, the end of a path, a word";
    return "add a value that some field must have";
}

/* ---- one rule ---- */

static bool is_ascii(const pattern *p)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->segments[i].count; k++) {
            pk_str t = p->segments[i].pieces[k].text;
            for (size_t c = 0; c < t.len; c++)
                if ((unsigned char)t.ptr[c] >= 0x80) return false;
        }
    return true;
}

/* What narrows too little to be called so: a text of which there is one in nearly every value, a regex that is tried on all. One
 * character beyond ASCII is rare enough. */
static bool is_common(const prepared_test *t, arena *a)
{
    switch (t->test->kind) {
    case TEST_MATCH:
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_WILDCARD: return pattern_literal_length(&t->pattern) < LITERAL_MIN && is_ascii(&t->pattern);
    case TEST_REGEX: return t->valid && regex_literals(t->test->constant.as.string, a).count == 0;
    default: return false;
    }
}

typedef struct {
    const rule_variant *broad[CLASSES_NAMED];
    size_t broad_count;
    const rule_variant *common;
    const ir_test *test;          /* of `common` */
} finding;

static void add_common(const program *p, finding *f, const rule_variant *v, arena *a)
{
    for (uint32_t i = 0; i < v->necessary_count && !f->common; i++) {
        const predicate_row *row = &p->predicates.at[v->necessary[i]];
        for (uint32_t k = 0; k < row->count && !f->common; k++) {
            const prepared_test *t = p->slot_programs[row->part].tests[row->tests[k]];
            if (!is_common(t, a)) continue;
            f->common = v;
            f->test = t->test;
        }
    }
}

static void add_variant(const program *p, finding *f, const rule_variant *v, arena *a)
{
    if (v->code == CODE_ACCEPT) return; /* nothing is asked: the rule means every event of the class */
    if (v->necessary_count) {
        add_common(p, f, v, a);
        return;
    }
    if (f->broad_count < CLASSES_NAMED) f->broad[f->broad_count] = v;
    f->broad_count++;
}

static const char *class_name(const program *p, class_id c, arena *a)
{
    return c == CLASS_NONE ? "a log source that is not known" : arena_cstring(a, schema_class(p->schema, c)->name);
}

typedef struct {
    const ir_test *test;
    pk_str field;                 /* that the rule asks it of; empty: any value */
} asker;

static void find_field(const stage *s, const expr *e, bool negated, void *user)
{
    asker *x = user;
    (void)s, (void)negated;
    for (size_t i = 0; e->kind == EXPR_USE && i < e->as.use.count && !x->field.len; i++) {
        const expr *of = e->as.use.operand;
        if (e->as.use.constants[i].test == x->test && of->kind == EXPR_FIELD) x->field = of->as.field.path;
    }
}

static diag_place place_of(const rule *r)
{
    for (size_t i = 0; r->plan && i < r->plan->stage_count; i++) {
        const span *s = &r->plan->stages[i]->span;
        if (r->plan->stages[i]->kind == STAGE_MATCH && s->line) return (diag_place){.file = r->path, .line = s->line, .column = s->column};
    }
    return (diag_place){.file = r->path, .line = r->span.line};
}

static void warn(const program *p, const rule *r, const finding *f, diag_list *d, arena *a)
{
    pk_str name = r->id.len ? r->id : r->title;
    if (f->broad_count) {
        text where = {0};
        for (size_t i = 0; i < f->broad_count && i < CLASSES_NAMED; i++)
            text_printf(&where, "%s%s", i ? ", " : "", class_name(p, f->broad[i]->class_id, a));
        if (f->broad_count > CLASSES_NAMED) text_printf(&where, " and %zu more", f->broad_count - CLASSES_NAMED);
        diag_add(d, PK_WARNING, "slow-rule", place_of(r), name, hint_of(r), "nothing narrows this rule: it is looked at for every event of " STR_FMT,
                 STR_ARG(text_view(&where)));
        text_free(&where);
    } else if (f->common) {
        bool regex = f->test->kind == TEST_REGEX;
        asker x = {.test = f->test};
        text shown = {0};
        ir_print_test(&shown, f->test);
        ir_walk_plan(r->plan, find_field, &x);
        diag_add(d, PK_WARNING, "slow-rule", place_of(r), name,
                 regex ? "let the expression hold a text that every match must have, or ask for such a text beside it"
                       : "ask for a longer text, or beside it for something rarer: a file name, an event id",
                 regex ? "little narrows this rule: on %s its expression is tried on every value of " STR_FMT ": " STR_FMT
                       : "little narrows this rule: on %s it is looked at whenever " STR_FMT " " STR_FMT,
                 class_name(p, f->common->class_id, a), STR_ARG(x.field), STR_ARG(text_view(&shown)));
        text_free(&shown);
    }
}

void program_warn_of_slow(const program *p, diag_list *d)
{
    arena *a = arena_new();
    for (size_t i = 0; i < p->variants.len;) {
        uint32_t number = p->variants.at[i].rule;
        finding f = {0};
        arena_reset(a);
        for (; i < p->variants.len && p->variants.at[i].rule == number; i++) add_variant(p, &f, &p->variants.at[i], a);
        warn(p, ir_rule(p->catalog, number), &f, d, a);
    }
    arena_free(a);
}
