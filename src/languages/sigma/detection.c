/*
 * Detection rules: search identifiers -> definitions of the plan, the condition -> `where` of its match stage.
 *
 * A map is an AND over its items, a list of maps an OR over them, a list of texts an OR over keywords; a mixed list is an
 * OR of both. Identifiers stay definitions, in file order, so that pages show them as the author wrote them.
 */
#include "languages/sigma/sigma.h"

typedef struct { VEC(expr *) at; } expr_list;
typedef struct { VEC(yaml_node *) at; } node_list;

static span span_from_to(const sigma_document *d, span from, span to)
{
    return yaml_span(d->source, from.start, to.end > from.end ? to.end : from.end);
}

static expr *read_map(sigma_document *d, const yaml_node *map)
{
    expr **items = ARENA_ARRAY(d->scratch, expr *, map->count);
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++) {
        const yaml_entry *e = &map->entries[i];
        sigma_chain chain;
        if (!sigma_read_chain(d, e, &chain)) continue;
        expr *item = sigma_read_item(d, &chain, e->value, span_from_to(d, e->key_span, e->value->span));
        if (item) items[count++] = item;
    }
    if (count < map->count) return NULL;
    if (!count) {
        sigma_report(d, PK_ERROR, "sigma-empty", map->span, STR(""), "an empty map selects nothing");
        return NULL;
    }
    expr *e = ir_and_all(d->arena, items, count);
    e->span = map->span;
    return e;
}

/* Texts of a list are keywords, taken together; its maps stand alone. */
static expr *read_list(sigma_document *d, const yaml_node *list)
{
    expr **parts = ARENA_ARRAY(d->scratch, expr *, list->count + 1);
    size_t count = 0;
    bool failed = false;
    node_list keywords = {0};
    for (size_t i = 0; i < list->count; i++) {
        yaml_node *n = list->items[i];
        if (n->kind == YAML_SCALAR) {
            vec_push_in(d->scratch, &keywords.at, n);
            continue;
        }
        expr *e = NULL;
        if (n->kind == YAML_MAP) e = read_map(d, n);
        else sigma_report(d, PK_ERROR, "sigma-value", n->span, STR(""), "expected a map or a keyword, found a list inside a list");
        if (e) parts[count++] = e;
        else failed = true;
    }
    if (keywords.at.len) {
        expr *e = sigma_read_keywords(d, keywords.at.at, keywords.at.len, list->span);
        if (e) parts[count++] = e;
        else failed = true;
    }
    if (failed) return NULL;
    if (!count) {
        sigma_report(d, PK_ERROR, "sigma-empty", list->span, STR(""), "an empty list selects nothing");
        return NULL;
    }
    expr *e = ir_or_all(d->arena, parts, count);
    e->span = list->span;
    return e;
}

static expr *read_identifier(sigma_document *d, const yaml_entry *e)
{
    yaml_node *n = e->value;
    if (n->kind == YAML_MAP) return read_map(d, n);
    if (n->kind == YAML_LIST) return read_list(d, n);
    if (n->type != YAML_NULL) return sigma_read_keywords(d, &n, 1, n->span);
    sigma_report(d, PK_ERROR, "sigma-empty", e->key_span, STR(""), "the identifier '" STR_FMT "' is empty", STR_ARG(e->key));
    return NULL;
}

static bool is_skipped(const char *const *skip, pk_str key)
{
    for (; *skip; skip++)
        if (str_equal(str_from(*skip), key)) return true;
    return false;
}

sigma_detection sigma_read_detection(sigma_document *d, const yaml_node *map, const char *const *skip)
{
    sigma_detection t = {.condition = yaml_entry_of(map, STR("condition")), .timeframe = yaml_entry_of(map, STR("timeframe"))};
    t.definitions = ARENA_ARRAY(d->arena, ir_definition, map->count);
    for (size_t i = 0; i < map->count; i++) {
        const yaml_entry *e = &map->entries[i];
        if (is_skipped(skip, e->key)) continue;
        expr *read = read_identifier(d, e);
        ir_definition *definition = &t.definitions[t.count++];
        definition->name = sigma_keep(d, e->key);
        definition->span = span_from_to(d, e->key_span, e->value->span);
        definition->value = read ? read : ir_false(d->arena);
        if (!read) definition->value->span = definition->span;
    }
    return t;
}

/* ---- the condition ---- */

static expr *read_one_condition(sigma_document *d, const yaml_node *n, const pk_str *names, size_t count, bool *used,
                                size_t *pipe)
{
    pk_str content;
    if (!sigma_scalar(d, n, "a condition", &content)) return NULL;
    if (!str_trim(content).len) {
        sigma_report(d, PK_ERROR, "sigma-condition", n->span, STR(""), "the condition is empty");
        return NULL;
    }
    sigma_condition c = {.document = d, .node = n, .places = yaml_scalar_places(d->scratch, d->source, n), .to = content.len,
                         .names = names, .count = count, .used = used, .what = "identifier"};
    expr *e = sigma_parse_condition(&c);
    *pipe = c.pipe;
    return e;
}

/* A list of conditions: any of them. */
static expr *read_condition_list(sigma_document *d, const yaml_node *list, const pk_str *names, size_t count, bool *used)
{
    expr **parts = ARENA_ARRAY(d->scratch, expr *, list->count);
    size_t pipe;
    for (size_t i = 0; i < list->count; i++) {
        parts[i] = read_one_condition(d, list->items[i], names, count, used, &pipe);
        if (!parts[i]) return NULL;
        if (pipe == STR_NPOS) continue;
        sigma_report(d, PK_UNSUPPORTED, "sigma-aggregation", list->items[i]->span, STR(""),
                     "an aggregation inside a list of conditions");
    }
    if (!list->count) {
        sigma_report(d, PK_ERROR, "sigma-condition", list->span, STR(""), "the list of conditions is empty");
        return NULL;
    }
    expr *e = ir_or_all(d->arena, parts, list->count);
    return e;
}

expr *sigma_read_condition(sigma_document *d, sigma_detection *t, size_t *pipe)
{
    const yaml_node *n = t->condition->value;
    pk_str *names = ARENA_ARRAY(d->scratch, pk_str, t->count);
    bool *used = ARENA_ARRAY(d->scratch, bool, t->count);
    for (size_t i = 0; i < t->count; i++) names[i] = t->definitions[i].name;
    *pipe = STR_NPOS;
    expr *e = n->kind == YAML_LIST ? read_condition_list(d, n, names, t->count, used)
                                   : read_one_condition(d, n, names, t->count, used, pipe);
    for (size_t i = 0; e && i < t->count; i++) t->definitions[i].unused = !used[i];
    return e;
}

static void report_unused(sigma_document *d, const sigma_detection *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const ir_definition *definition = &t->definitions[i];
        if (definition->unused)
            sigma_report(d, PK_WARNING, "sigma-unused", definition->span, STR(""),
                         "the condition doesn't use the identifier '" STR_FMT "'", STR_ARG(definition->name));
    }
}

/* ---- rules ---- */

static const char *const not_identifiers[] = {"condition", "timeframe", NULL};

static stage *add_match(sigma_document *d, plan *p, expr *where, const yaml_node *detection)
{
    stage *match = ir_add_stage(d->arena, p, STAGE_MATCH, STR("e"), NULL, 0);
    match->span = detection->span;
    match->as.match.sources = ARENA_NEW(d->arena, log_source);
    match->as.match.sources[0] = d->rule->logsource;
    match->as.match.source_count = 1;
    match->as.match.schema = SIGMA_SCHEMA;
    match->as.match.where = where;
    return match;
}

static void read_plan(sigma_document *d, const yaml_node *detection)
{
    sigma_detection t = sigma_read_detection(d, detection, not_identifiers);
    plan *p = ARENA_NEW(d->arena, plan);
    p->definitions = t.definitions;
    p->definition_count = t.count;
    d->rule->plan = p;
    if (!t.condition) {
        sigma_report(d, PK_ERROR, "sigma-condition", yaml_span(d->source, detection->span.start, detection->span.start),
                     STR(""), "the detection has no condition");
        return;
    }
    size_t pipe;
    const yaml_node *condition = t.condition->value;
    p->condition_span = yaml_span(d->source, t.condition->key_span.start, condition->span.end);
    p->condition = condition->kind == YAML_SCALAR ? sigma_keep(d, str_trim(condition->text))
                                                  : str_slice(d->file->text, condition->span.start, condition->span.end - condition->span.start);
    expr *where = sigma_read_condition(d, &t, &pipe);
    stage *match = add_match(d, p, where ? where : ir_false(d->arena), detection);
    p->alert = match;
    if (where && pipe != STR_NPOS) sigma_read_aggregation(d, p, match, &t, condition, pipe);
    else if (t.timeframe)
        sigma_report(d, PK_WARNING, "sigma-timeframe", t.timeframe->key_span, STR("write a correlation to count events in a window"),
                     "'timeframe' means nothing without an aggregation in the condition");
    if (where) report_unused(d, &t);
}

/* Keys that authors write for `detection`. */
static span place_of_missing(const sigma_document *d, const yaml_node *root, pk_str key, pk_str *hint)
{
    pk_str *names = ARENA_ARRAY(d->scratch, pk_str, root->count);
    for (size_t i = 0; i < root->count; i++) names[i] = root->entries[i].key;
    pk_str near = str_nearest(key, names, root->count);
    *hint = near.len ? arena_printf(d->scratch, "is '" STR_FMT "' a misspelling of it?", STR_ARG(near)) : STR("");
    const yaml_entry *e = near.len ? yaml_entry_of(root, near) : NULL;
    return e ? e->key_span : yaml_span(d->source, root->span.start, root->span.start);
}

static void report_missing(sigma_document *d, const yaml_node *root, pk_str key)
{
    pk_str hint;
    span at = place_of_missing(d, root, key, &hint);
    sigma_report(d, PK_ERROR, "sigma-missing", at, hint, "the rule has no '" STR_FMT "'", STR_ARG(key));
}

void sigma_read_rule(sigma_document *d, const yaml_node *root)
{
    const yaml_entry *detection = yaml_entry_of(root, STR("detection"));
    d->rule->logsource = sigma_read_logsource(d, root);
    if (!detection) {
        if (d->state == RULE_RUNNABLE) report_missing(d, root, STR("detection"));
        return;
    }
    if (detection->value->kind != YAML_MAP) {
        sigma_report(d, PK_ERROR, "sigma-value", detection->key_span, STR(""), "'detection' must be a map of search identifiers");
        return;
    }
    read_plan(d, detection->value);
    if (d->state != RULE_ERROR && !yaml_get(root, STR("logsource"))) report_missing(d, root, STR("logsource"));
}
