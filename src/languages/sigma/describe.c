/*
 * A Sigma rule as boxes: the condition, then each search identifier that it uses in file order, then those that it does not
 * use; of a correlation its condition and the rules that it is over. And what the rules of a file refer to elsewhere.
 */
#include "languages/sigma/sigma.h"

/* ---- what selectors of the condition stand for ---- */

typedef struct {
    const rule *rule;
    arena *arena;
    VEC(described_names) found;
    VEC(pk_str) names;             /* of the last of `found` */
    span place;                    /* and where its pattern stands */
} name_search;

/* Names of one selector come one after the other, all with its place. */
static bool note_name(const expr *e, bool negated, void *user)
{
    name_search *s = user;
    (void)negated;
    if (e->kind != EXPR_NAME) return true;
    if (s->rule->plan->definitions[e->as.name.index].path.len) return true; /* of the condition of a filter */
    pk_str written = str_slice(s->rule->source, e->span.start, e->span.end - e->span.start);
    if (!e->span.line || str_equal(written, e->as.name.name)) return true;
    if (!s->found.len || s->place.start != e->span.start || s->place.end != e->span.end) {
        vec_push_in(s->arena, &s->found, ((described_names){.pattern = written}));
        memset(&s->names, 0, sizeof s->names);
        s->place = e->span;
    }
    vec_push_in(s->arena, &s->names, e->as.name.name);
    s->found.at[s->found.len - 1].names = s->names.at;
    s->found.at[s->found.len - 1].count = s->names.len;
    return true;
}

static void describe_condition(const rule *r, arena *a, rule_description *out)
{
    const plan *p = r->plan;
    name_search names = {.rule = r, .arena = a};
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_MATCH) ir_walk_expr(NULL, p->stages[i]->as.match.where, note_name, &names);
    described_stage box = {.title = STR("condition"), .text = p->condition, .span = p->condition_span, .definition = DESCRIBED_NONE,
                           .names = names.found.at, .name_count = names.found.len};
    vec_push_in(a, &out->stages, box);
}

/* ---- identifiers ---- */

static void describe_definition(const rule *r, arena *a, uint32_t i, rule_description *out)
{
    const ir_definition *d = &r->plan->definitions[i];
    described_stage box = {.title = d->name, .span = d->span, .path = d->path, .unused = d->unused, .definition = i,
                           .text = described_lines(a, d->path.len ? d->source : r->source, d->span)};
    vec_push_in(a, &out->stages, box);
}

void sigma_describe(const rule *r, arena *a, rule_description *out)
{
    if (sigma_describe_correlation(r, a, out) || !r->plan) return;
    describe_condition(r, a, out);
    for (int unused = 0; unused <= 1; unused++)
        for (uint32_t i = 0; i < r->plan->definition_count; i++)
            if (r->plan->definitions[i].unused == unused) describe_definition(r, a, i, out);
}

/* ---- references ---- */

void sigma_references(const ir_catalog *c, reference_fn fn, void *user)
{
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        if (r->language == &sigma_language) sigma_correlation_references(r, fn, user);
    }
    for (size_t i = 0; i < ir_kept_count(c); i++) {
        const language *owner;
        const void *kept = ir_kept(c, i, &owner);
        if (owner == &sigma_language) sigma_filter_references(kept, fn, user);
    }
}
