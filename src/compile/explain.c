/* How a rule is run, for people: the classes it is routed to, what they lack, and what makes it a candidate. */
#include "compile/program_private.h"

#define TESTS_SHOWN 3             /* of a predicate with a long list */

/* ---- fields that a class cannot give ---- */

typedef struct {
    const program *program;
    class_id class_id;
    const stage *match;
    arena *arena;
    str_list *missing;
} field_check;

static void check_field(const stage *s, const expr *e, bool negated, void *user)
{
    field_check *c = user;
    (void)negated;
    if (s != c->match || e->kind != EXPR_FIELD || e->as.field.kind != FIELD_PATH) return;
    const ir_field *f = &e->as.field;
    if (schema_field(c->program->schema, c->class_id, f->schema, f->path, c->arena)->kind != MAP_MISSING) return;
    for (size_t i = 0; i < c->missing->items.len; i++)
        if (str_equal(c->missing->items.at[i], f->path)) return;
    vec_push_in(c->arena, &c->missing->items, f->path);
}

/* ---- predicates ---- */

static pk_str predicate_text(const program *p, const predicate_row *row, arena *a)
{
    text out = {0};
    const slot_program *sp = &p->slot_programs[row->part];
    text_put(&out, p->slots.all.at[row->slot].name);
    for (uint32_t i = 0; i < row->count && i < TESTS_SHOWN; i++) {
        text_put_cstring(&out, i ? ", " : " ");
        ir_print_test(&out, sp->tests[row->tests[i]]->test);
    }
    if (row->count > TESTS_SHOWN) text_printf(&out, " or one of %u more", row->count - TESTS_SHOWN);
    pk_str copy = arena_str(a, text_view(&out));
    text_free(&out);
    return copy;
}

/* From cheap to dear; the dearest test of all necessary sets names the rule's cost. */
static const char *const costs[] = {"hash", "sorted", "literal", "regex", "broad"};

static size_t cost_of_variant(const program *p, const rule_variant *v)
{
    size_t worst = v->necessary_count ? 0 : 4;
    for (uint32_t i = 0; i < v->necessary_count; i++) {
        const predicate_row *row = &p->predicates.at[v->necessary[i]];
        for (uint32_t k = 0; k < row->count; k++) {
            const char *index = network_index_of(p->slot_programs[row->part].tests[row->tests[k]]);
            for (size_t c = worst + 1; c < 4; c++)
                if (strcmp(index, costs[c]) == 0) worst = c;
        }
    }
    return worst;
}

/* ---- a rule ---- */

/* Variants are in order of rule index. */
static const rule_variant *find_variant(const program *p, uint32_t rule_index, class_id c)
{
    size_t low = 0, high = p->variants.len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->variants.at[middle].rule < rule_index) low = middle + 1;
        else high = middle;
    }
    for (; low < p->variants.len && p->variants.at[low].rule == rule_index; low++)
        if (p->variants.at[low].class_id == c) return &p->variants.at[low];
    return NULL;
}

typedef struct {
    const program *program;
    const rule *rule;
    arena *arena;
    VEC(rule_on_class) classes;
    size_t cost;
} explainer;

static void explain_class(explainer *x, const stage *match, class_id c)
{
    const program *p = x->program;
    for (size_t i = 0; i < x->classes.len; i++)
        if (x->classes.at[i].class_id == c) return;
    const rule_variant *v = find_variant(p, x->rule->index, c);
    rule_on_class on = {.class_id = c, .possible = v != NULL};
    if (c != CLASS_NONE) {
        field_check check = {p, c, match, x->arena, &on.missing_fields};
        ir_walk_plan(x->rule->plan, check_field, &check);
    }
    for (uint32_t i = 0; v && i < v->necessary_count; i++)
        vec_push_in(x->arena, &on.necessary.items, predicate_text(p, &p->predicates.at[v->necessary[i]], x->arena));
    if (v && cost_of_variant(p, v) > x->cost) x->cost = cost_of_variant(p, v);
    vec_push_in(x->arena, &x->classes, on);
}

/* Of the classes that give records only those on which the rule runs: nearly all have another type of event. */
static void explain_records(explainer *x, const stage *match)
{
    size_t count;
    const class_id *classes = schema_record_classes(x->program->schema, match->as.match.schema, x->arena, &count);
    for (size_t i = 0; i < count; i++)
        if (find_variant(x->program, x->rule->index, classes[i])) explain_class(x, match, classes[i]);
}

static void explain_source(explainer *x, const stage *match, const log_source *source)
{
    size_t count;
    const class_id *classes = schema_classes_of(x->program->schema, source, x->arena, &count);
    for (size_t i = 0; i < count; i++) explain_class(x, match, classes[i]);
}

rule_explanation program_explain(const program *p, const rule *r, arena *a)
{
    static const log_source everything;
    explainer x = {.program = p, .rule = r, .arena = a};
    for (size_t i = 0; r->plan && i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        if (s->kind != STAGE_MATCH) continue;
        for (size_t k = 0; k < s->as.match.source_count; k++) explain_source(&x, s, &s->as.match.sources[k]);
        if (s->as.match.source_count > 0) continue;
        if (schema_has_records(s->as.match.schema)) {
            explain_records(&x, s);
            continue;
        }
        explain_source(&x, s, &everything);
        explain_class(&x, s, CLASS_NONE);
    }
    return (rule_explanation){.classes = x.classes.at, .class_count = x.classes.len, .cost = costs[x.cost]};
}
