/*
 * Filters: documents that add a condition to other rules, mostly to exclude what a site knows to be harmless.
 *
 * The condition is joined by AND exactly as written (the specification leaves the polarity open; a filter without a `not`
 * gets a warning). Its identifiers come after those of the rule, under "filter: name", so that nothing of the rule's own
 * condition can select them. It applies where its log source covers that of the rule, and never to correlations.
 */
#include "languages/sigma/sigma.h"

typedef struct {
    pk_str path, label;           /* of the document, for diagnostics */
    span span;                    /* of its `filter` map */
    log_source logsource;
    bool any;                     /* rules: any */
    pk_str *rules; span *spans; size_t rule_count;
    ir_definition *definitions; size_t count;
    expr *condition;              /* over EXPR_NAME */
    bool applied;
} filter;

static const char *const not_identifiers[] = {"condition", "rules", NULL};

static bool has_not(const expr *e)
{
    if (e->kind == EXPR_NOT) return true;
    for (size_t i = 0; i < e->count; i++)
        if (has_not(e->args[i])) return true;
    return false;
}

static bool read_targets(sigma_document *d, const yaml_entry *e, filter *f)
{
    const yaml_node *n = yaml_get(e->value, STR("rules"));
    pk_str s;
    if (!n) {
        sigma_report(d, PK_ERROR, "sigma-missing", e->key_span, STR("list their ids or names, or write 'rules: any'"),
                     "the filter doesn't say to which rules it applies");
        return false;
    }
    if (n->kind == YAML_SCALAR && str_equal_ascii_fold(n->text, STR("any"))) {
        f->any = true;
        return true;
    }
    size_t count = n->kind == YAML_LIST ? n->count : 1;
    f->rules = ARENA_ARRAY(d->arena, pk_str, count);
    f->spans = ARENA_ARRAY(d->arena, span, count);
    for (size_t i = 0; i < count; i++) {
        const yaml_node *item = n->kind == YAML_LIST ? n->items[i] : n;
        if (!sigma_scalar(d, item, "the id or name of a rule", &s)) return false;
        f->rules[i] = sigma_keep(d, s);
        f->spans[i] = item->span;
    }
    f->rule_count = count;
    return true;
}

void sigma_read_filter(sigma_document *d, const yaml_node *root)
{
    const yaml_entry *e = yaml_entry_of(root, STR("filter"));
    if (e->value->kind != YAML_MAP) {
        sigma_report(d, PK_ERROR, "sigma-value", e->key_span, STR(""), "'filter' must be a map");
        return;
    }
    filter *f = ARENA_NEW(d->arena, filter);
    f->path = d->file->path;
    f->label = sigma_keep(d, d->label);
    f->span = yaml_span(d->source, e->key_span.start, e->value->span.end);
    f->logsource = sigma_read_logsource(d, root);
    if (!read_targets(d, e, f)) return;
    sigma_detection t = sigma_read_detection(d, e->value, not_identifiers);
    if (!t.condition) {
        sigma_report(d, PK_ERROR, "sigma-condition", e->key_span, STR(""), "the filter has no condition");
        return;
    }
    size_t pipe;
    f->condition = sigma_read_condition(d, &t, &pipe);
    if (!f->condition) return;
    if (pipe != STR_NPOS) {
        sigma_report(d, PK_ERROR, "sigma-condition", t.condition->value->span, STR(""), "a filter can't aggregate");
        return;
    }
    if (!has_not(f->condition))
        sigma_report(d, PK_WARNING, "sigma-filter-polarity", t.condition->value->span,
                     STR("write 'not' before what is to be excluded"),
                     "the condition of a filter is joined by 'and' as written: this one keeps only what it selects");
    f->definitions = t.definitions;
    f->count = t.count;
    pk_str prefix = f->label.len ? f->label : STR("filter");
    for (size_t i = 0; i < t.count; i++) {
        ir_definition *definition = &t.definitions[i];
        definition->name = arena_printf(d->arena, STR_FMT ": " STR_FMT, STR_ARG(prefix), STR_ARG(definition->name));
        definition->path = f->path;
        definition->source = d->file->text;
    }
    if (d->state == RULE_RUNNABLE) ir_keep(d->catalog, &sigma_language, f);
}

/* ---- applying ---- */

/* Does a cover b? What a leaves out is open. */
static bool covers(const log_source *a, const log_source *b)
{
    return (!a->product.len || str_equal_ascii_fold(a->product, b->product))
        && (!a->category.len || str_equal_ascii_fold(a->category, b->category))
        && (!a->service.len || str_equal_ascii_fold(a->service, b->service));
}

typedef struct {
    arena *arena;
    const filter *filter;
    uint32_t base;                /* definitions of the rule before those of the filter */
} shift;

static expr *shifted_name(const expr *name, void *user)
{
    const shift *s = user;
    uint32_t i = name->as.name.index;
    expr *e = ir_name(s->arena, s->filter->definitions[i].name, s->base + i);
    e->span = name->span;
    return e;
}

static bool is_detection(const rule *r) { return r->language == &sigma_language && r->plan && !r->syntax; }

/* False: nothing is left of the budget. */
static bool apply(ir_catalog *c, const filter *f, rule *r, size_t *budget)
{
    arena *a = ir_arena(c);
    plan *p = r->plan;
    size_t cost = p->definition_count + f->count;
    if (cost >= *budget) {
        *budget = 0;
        return false;
    }
    *budget -= cost;
    ir_definition *all = ARENA_ARRAY(a, ir_definition, p->definition_count + f->count);
    memcpy(all, p->definitions, p->definition_count * sizeof *all);
    memcpy(all + p->definition_count, f->definitions, f->count * sizeof *all);
    shift s = {a, f, (uint32_t)p->definition_count};
    expr *condition = sigma_map_names(a, f->condition, shifted_name, &s);
    p->definitions = all;
    p->definition_count += f->count;
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_MATCH)
            p->stages[i]->as.match.where = ir_and(a, p->stages[i]->as.match.where, condition);
    return true;
}

static void say(ir_catalog *c, const filter *f, pk_severity severity, span at, pk_str message)
{
    diag_place place = {.file = f->path, .line = at.line, .column = at.column, .length = at.end - at.start};
    diag_add_text(ir_diags(c), severity, "sigma-filter", place, f->label, message, STR(""));
}

/* To how many rules it was applied. */
static size_t apply_to_named(ir_catalog *c, const filter *f, const table *by_name, size_t *budget)
{
    arena *a = ir_arena(c);
    table done = {0};
    size_t count = 0;
    for (size_t i = 0; i < f->rule_count; i++) {
        uint32_t index = table_get(by_name, f->rules[i]);
        rule *r = index == TABLE_NONE ? NULL : ir_rule(c, index);
        if (!table_put(&done, f->rules[i], 0)) continue;
        if (!r) say(c, f, PK_WARNING, f->spans[i], arena_printf(a, "no rule '" STR_FMT "' to filter", STR_ARG(f->rules[i])));
        else if (!is_detection(r))
            say(c, f, PK_WARNING, f->spans[i], arena_printf(a, "'" STR_FMT "' is not a detection that a filter can apply to",
                                                 STR_ARG(f->rules[i])));
        else if (!covers(&f->logsource, &r->logsource))
            say(c, f, PK_WARNING, f->spans[i], arena_printf(a, "the log source of the filter doesn't cover that of '" STR_FMT "'",
                                                 STR_ARG(f->rules[i])));
        else if (!apply(c, f, r, budget)) break;
        else count++;
    }
    table_free(&done);
    return count;
}

static size_t apply_to_all(ir_catalog *c, const filter *f, size_t *budget)
{
    size_t count = 0;
    for (size_t i = 0; i < ir_rule_count(c) && *budget; i++, --*budget) {
        rule *r = ir_rule(c, i);
        if (!is_detection(r) || !covers(&f->logsource, &r->logsource)) continue;
        if (!apply(c, f, r, budget)) break;
        count++;
    }
    return count;
}

void sigma_resolve_filters(ir_catalog *c, const table *by_name)
{
    size_t budget = SIGMA_MAX_FILTERING;
    for (size_t k = 0; k < ir_kept_count(c); k++) {
        const language *owner;
        filter *f = ir_kept(c, k, &owner);
        if (owner != &sigma_language || f->applied) continue;
        f->applied = true;
        size_t count = f->any ? apply_to_all(c, f, &budget) : apply_to_named(c, f, by_name, &budget);
        if (!budget)
            say(c, f, PK_ERROR, f->span, arena_printf(ir_arena(c), "too many filters on too many rules: not all are applied"));
        say(c, f, PK_NOTE, f->span, arena_printf(ir_arena(c), count == 1 ? "no rule: a filter, applied to %zu rule" : "no rule: a filter, applied to %zu rules", count));
    }
}

void sigma_filter_references(const void *kept, reference_fn fn, void *user)
{
    const filter *f = kept;
    if (f->any) fn(f->path, STR("*"), user);
    for (size_t i = 0; i < f->rule_count; i++) fn(f->path, f->rules[i], user);
}
