/*
 * Routing: a rule's match stage is specialised for each class of its log source. Where it folds to false the class is
 * dropped; where fields are constant the rest is smaller. What is left is a variant. A class with a mapping of its own often
 * comes to the same as an ancestor that the rule runs on as well, whose events include its own: then one of them is enough.
 */
#include "compile/program_private.h"

static diag_place place_of(const rule *r, span s)
{
    return (diag_place){.file = r->path, .line = s.line ? s.line : r->span.line, .column = s.line ? s.column : 0};
}

static pk_str name_of(const rule *r) { return r->id.len ? r->id : r->title; }

static void warn_no_class(program_builder *b, const rule *r, const log_source *l)
{
    text shown = {0};
    const struct { const char *name; pk_str of; } parts[] = {
        {"product", l->product}, {"category", l->category}, {"service", l->service}};
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].of.len == 0) continue;
        text_printf(&shown, "%s%s=" STR_FMT, shown.len ? "," : "", parts[i].name, STR_ARG(parts[i].of));
    }
    diag_add(b->diags, PK_WARNING, "compile-log-source", place_of(r, r->span), name_of(r),
             "records that --as names so are given to it", "no event class provides the log source " STR_FMT,
             STR_ARG(text_view(&shown)));
    text_free(&shown);
}

/* Rows of a correlation go to the stage that found them; of other rules only whether they match is asked. */
static uint32_t stage_number(const rule *r, const stage *match)
{
    uint32_t i = 0;
    while (rule_is_correlation(r) && r->plan->stages[i] != match) i++;
    return i;
}

static bool is_ancestor(const schema *s, class_id above, class_id c)
{
    while (c != CLASS_NONE && c != above) c = schema_class(s, c)->parent;
    return c == above && c != CLASS_NONE;
}

/* Is the last variant, from `first` on, the same as that of an ancestor of its class? */
static bool is_covered(const program_builder *b, size_t first)
{
    const rule_variant *all = b->program->variants.at;
    size_t last = b->program->variants.len - 1;
    if (all[last].class_id == CLASS_NONE || all[last].of_record) return false;
    for (size_t i = first; i < last; i++)
        if (is_ancestor(b->program->schema, all[i].class_id, all[last].class_id) && bool_equal(b->expressions.at[i], b->expressions.at[last]))
            return true;
    return false;
}

/* `first`: variants of this stage begin there. */
static void add_variant(program_builder *b, const rule *r, const stage *match, class_id c, class_id widest, size_t first)
{
    program *p = b->program;
    const char *problem;
    bool_expr *e = specialise(b, r->plan, match->as.match.where, c, widest, &problem);
    if (!e) {
        diag_add(b->diags, PK_UNSUPPORTED, "compile-expression", place_of(r, match->span), name_of(r), NULL,
                 "the rule is not run: %s", problem);
        p->compiled[r->index] = false;
        return;
    }
    if (e->kind == BOOL_FALSE) return;
    vec_push(&p->variants, ((rule_variant){.rule = r->index, .stage = stage_number(r, match), .class_id = c,
                                           .of_record = schema_has_records(match->as.match.schema)}));
    vec_push(&b->expressions, e);
    p->variants.at[p->variants.len - 1].covered = is_covered(b, first);
}

static bool has_variant(const program *p, size_t from, class_id c)
{
    for (size_t i = from; i < p->variants.len; i++)
        if (p->variants.at[i].class_id == c) return true;
    return false;
}

/* The outermost of the classes that holds all events of c. */
static class_id widest_of(const schema *s, const class_id *classes, size_t count, class_id c)
{
    class_id widest = c;
    for (class_id up = schema_class(s, c)->parent; up != CLASS_NONE; up = schema_class(s, up)->parent)
        for (size_t i = 0; i < count; i++)
            if (classes[i] == up) widest = up;
    return widest;
}

/* Thousands of rules name some hundred log sources. */
static class_list classes_of(program_builder *b, const log_source *source)
{
    const pk_str parts[] = {source->product, source->category, source->service};
    text key = {0};
    for (size_t i = 0; i < 3; i++) {
        text_put(&key, (pk_str){(const char *)&parts[i].len, sizeof parts[i].len});
        text_put(&key, parts[i]);
    }
    uint32_t number = table_get(&b->sources, text_view(&key));
    if (number == TABLE_NONE) {
        class_list list;
        list.at = schema_classes_of(b->program->schema, source, b->scratch, &list.count);
        number = (uint32_t)b->source_classes.len;
        vec_push(&b->source_classes, list);
        table_put(&b->sources, arena_str(b->scratch, text_view(&key)), number);
    }
    text_free(&key);
    return b->source_classes.at[number];
}

static void route_source(program_builder *b, const rule *r, const stage *match, const log_source *source, size_t first)
{
    program *p = b->program;
    class_list list = classes_of(b, source);
    const class_id *classes = list.at;
    size_t count = list.count;
    if (count == 0 && source->product.len + source->category.len + source->service.len > 0) warn_no_class(b, r, source);
    for (size_t i = 0; i < count && p->compiled[r->index]; i++)
        if (!has_variant(p, first, classes[i]))
            add_variant(b, r, match, classes[i], widest_of(p->schema, classes, count, classes[i]), first);
}

/* A rule over nested records runs on the classes that give them; an event has one of these. */
static void route_records(program_builder *b, const rule *r, const stage *match, size_t first)
{
    size_t count;
    const class_id *classes = schema_record_classes(b->program->schema, match->as.match.schema, b->scratch, &count);
    for (size_t i = 0; i < count && b->program->compiled[r->index]; i++) add_variant(b, r, match, classes[i], classes[i], first);
}

/* A rule that names no log source runs on every class, and on events of the open class. */
static void route_stage(program_builder *b, const rule *r, const stage *match, size_t first)
{
    static const log_source everything;
    for (size_t i = 0; i < match->as.match.source_count; i++)
        route_source(b, r, match, &match->as.match.sources[i], first);
    if (match->as.match.source_count > 0) return;
    if (schema_has_records(match->as.match.schema)) {
        route_records(b, r, match, first);
        return;
    }
    route_source(b, r, match, &everything, first);
    if (b->program->compiled[r->index]) add_variant(b, r, match, CLASS_NONE, CLASS_NONE, first);
}

bool rule_is_correlation(const rule *r)
{
    for (size_t i = 0; r->plan && i < r->plan->stage_count; i++)
        if (r->plan->stages[i]->kind != STAGE_MATCH) return true;
    return r->plan && r->plan->quiet == QUIET_FOR;
}

void route_rule(program_builder *b, const rule *r)
{
    program *p = b->program;
    size_t before = p->variants.len;
    for (size_t i = 0; i < r->plan->stage_count; i++) {
        if (!p->compiled[r->index]) break;
        if (r->plan->stages[i]->kind == STAGE_MATCH) route_stage(b, r, r->plan->stages[i], p->variants.len);
    }
    if (!p->compiled[r->index]) p->variants.len = b->expressions.len = before;
}
