/*
 * Correlations: rules over the matches of other rules, within a sliding window and groups.
 *
 * A document is read into a `correlation` that waits in rule->syntax; once every rule is loaded, the names are looked up and
 * the plan is made:
 *
 *     counts        aggregate rule(x) by keys window sliding T: n = count(), count_distinct(f), sum(f) ... having n >= k
 *     temporal      union of the rules, n = count_distinct(origin) >= number of rules; or, for a condition over names,
 *                   one filtered count for each rule
 *     ordered       sequence by keys span T keep latest steps rule(x), rule(y)
 *
 * An alert is raised when the condition becomes true in a group, and not again while it holds. Rules that only feed
 * correlations are silent, unless one of these says `generate: true`.
 */
#include "languages/sigma/sigma.h"

typedef enum {
    TYPE_EVENT_COUNT, TYPE_VALUE_COUNT, TYPE_VALUE_SUM, TYPE_VALUE_AVG, TYPE_VALUE_PERCENTILE, TYPE_VALUE_MEDIAN,
    TYPE_TEMPORAL, TYPE_TEMPORAL_ORDERED, TYPES
} correlation_type;

static const struct {
    const char *name, *function;
    correlation_type type;
} types[] = {
    {"event_count", "count", TYPE_EVENT_COUNT},
    {"value_count", "count_distinct", TYPE_VALUE_COUNT},
    {"value_sum", "sum", TYPE_VALUE_SUM},
    {"value_avg", "mean", TYPE_VALUE_AVG},
    {"value_percentile", "percentile", TYPE_VALUE_PERCENTILE},
    {"value_median", "median", TYPE_VALUE_MEDIAN},
    {"temporal", "count_distinct", TYPE_TEMPORAL},
    {"temporal_ordered", NULL, TYPE_TEMPORAL_ORDERED},
    {"temporal_extended", "count_distinct", TYPE_TEMPORAL},
    {"temporal_ordered_extended", NULL, TYPE_TEMPORAL_ORDERED},
};
#define TYPE_NAMES (sizeof types / sizeof *types)

typedef struct { pk_str name; span span; } reference;
typedef struct { pk_str alias; pk_str *fields; } alias;         /* fields: one for each rule of the correlation; empty: none */
typedef struct { compare_op op; value number; } bound;

typedef struct {
    correlation_type type;
    const char *function;
    span span;                    /* of the `correlation` map */
    reference *rules; size_t rule_count;
    pk_str *group_by; size_t group_count;
    int64_t timespan;
    bound *bounds; size_t bound_count;
    expr *expression;             /* over EXPR_NAME, numbers of rules; NULL: none */
    span expression_span;
    pk_str *fields; size_t field_count;
    double percentile;
    alias *aliases; size_t alias_count;
    bool generate;
    enum { WAITING, LOWERING, LOWERED } progress;
    int depth;                    /* of correlations below this one */
} correlation;

/* ---- reading ---- */

static void wrong(sigma_document *d, const yaml_node *n, const char *what)
{
    sigma_report(d, PK_ERROR, "sigma-correlation", n->span, STR(""), "expected %s", what);
}

/* A text or a list of texts. */
static pk_str *read_names(sigma_document *d, const yaml_node *n, const char *what, span **spans, size_t *count)
{
    *count = 0;
    if (n->kind == YAML_MAP) {
        wrong(d, n, what);
        return NULL;
    }
    size_t total = n->kind == YAML_LIST ? n->count : 1;
    pk_str *names = ARENA_ARRAY(d->arena, pk_str, total);
    *spans = ARENA_ARRAY(d->scratch, span, total);
    for (size_t i = 0; i < total; i++) {
        const yaml_node *item = n->kind == YAML_LIST ? n->items[i] : n;
        pk_str s;
        if (!sigma_scalar(d, item, what, &s)) return NULL;
        names[i] = sigma_keep(d, s);
        (*spans)[i] = item->span;
    }
    *count = total;
    return names;
}

static void check_count(sigma_document *d, const yaml_node *n, const char *what, size_t *count, size_t limit)
{
    if (*count <= limit) return;
    sigma_report(d, PK_ERROR, "sigma-limit", n->span, STR(""), "more than %zu %s in one correlation", limit, what);
    *count = limit;
}

static void missing(sigma_document *d, const yaml_entry *e, const char *key)
{
    sigma_report(d, PK_ERROR, "sigma-missing", e->key_span, STR(""), "the correlation has no '%s'", key);
}

static void read_type(sigma_document *d, const yaml_entry *e, correlation *c)
{
    const yaml_node *n = yaml_get(e->value, STR("type"));
    pk_str s, names[TYPE_NAMES];
    c->type = TYPES;
    if (!n) {
        missing(d, e, "type");
        return;
    }
    if (!sigma_scalar(d, n, "a type of correlation", &s)) return;
    for (size_t i = 0; i < TYPE_NAMES; i++) {
        names[i] = str_from(types[i].name);
        if (!str_equal(names[i], s)) continue;
        c->type = types[i].type;
        c->function = types[i].function;
        return;
    }
    sigma_report(d, PK_ERROR, "sigma-correlation", n->span, sigma_did_you_mean(d->scratch, s, names, TYPE_NAMES),
                 "unknown type of correlation '" STR_FMT "'", STR_ARG(s));
}

static void read_references(sigma_document *d, const yaml_entry *e, correlation *c)
{
    const yaml_node *n = yaml_get(e->value, STR("rules"));
    span *spans;
    if (!n) {
        missing(d, e, "rules");
        return;
    }
    pk_str *names = read_names(d, n, "the id or name of a rule", &spans, &c->rule_count);
    check_count(d, n, "rules", &c->rule_count, SIGMA_MAX_REFERENCES);
    if (!c->rule_count && d->state != RULE_ERROR) wrong(d, n, "one rule or more");
    c->rules = ARENA_ARRAY(d->arena, reference, c->rule_count);
    table seen = {0};
    for (size_t i = 0; i < c->rule_count; i++) {
        c->rules[i] = (reference){names[i], spans[i]};
        if (!table_put(&seen, names[i], (uint32_t)i))
            sigma_report(d, PK_ERROR, "sigma-correlation", spans[i], STR(""), "the rule '" STR_FMT "' is named twice",
                         STR_ARG(names[i]));
    }
    table_free(&seen);
}

static void read_timespan(sigma_document *d, const yaml_entry *e, correlation *c)
{
    const yaml_node *n = yaml_get(e->value, STR("timespan"));
    pk_str s;
    if (!n) {
        missing(d, e, "timespan");
        return;
    }
    if (!sigma_scalar(d, n, "a duration", &s)) return;
    if (!duration_parse(s, &c->timespan) || c->timespan <= 0)
        sigma_report(d, PK_ERROR, "sigma-timespan", n->span, STR("write it as 30s, 5m, 1h or 1d"), "'" STR_FMT "' is no duration",
                     STR_ARG(s));
}

static bool is_value_type(correlation_type t) { return t >= TYPE_VALUE_COUNT && t <= TYPE_VALUE_MEDIAN; }
static bool is_temporal(correlation_type t) { return t == TYPE_TEMPORAL || t == TYPE_TEMPORAL_ORDERED; }

/* A bound of the condition; false: the key is none. */
static bool read_bound(sigma_document *d, const yaml_entry *e, bound *out)
{
    static const struct { const char *name; compare_op op; } operators[] = {
        {"gt", COMPARE_GT}, {"gte", COMPARE_GE}, {"lt", COMPARE_LT}, {"lte", COMPARE_LE}, {"eq", COMPARE_EQ}, {"neq", COMPARE_NE},
    };
    size_t i = 0;
    while (i < sizeof operators / sizeof *operators && !str_equal(e->key, str_from(operators[i].name))) i++;
    if (i == sizeof operators / sizeof *operators) return false;
    out->op = operators[i].op;
    int64_t whole;
    double real;
    pk_str s;
    if (!sigma_scalar(d, e->value, "a number", &s)) return true;
    if (str_to_int(s, false, &whole)) out->number = value_int(whole);
    else if (str_to_double(s, &real)) out->number = value_real(real);
    else sigma_report(d, PK_ERROR, "sigma-correlation", e->value->span, STR(""), "expected a number, found '" STR_FMT "'", STR_ARG(s));
    return true;
}

static void read_percentile(sigma_document *d, const yaml_node *n, correlation *c)
{
    pk_str s;
    if (!sigma_scalar(d, n, "a percentile", &s)) return;
    if (!str_to_double(s, &c->percentile) || !(c->percentile >= 0 && c->percentile <= 100))
        sigma_report(d, PK_ERROR, "sigma-correlation", n->span, STR(""), "a percentile lies between 0 and 100, not at '" STR_FMT "'",
                     STR_ARG(s));
}

static void read_condition_map(sigma_document *d, const yaml_node *map, correlation *c)
{
    static const char *const keys[] = {"gt", "gte", "lt", "lte", "eq", "neq", "field", "percentile"};
    span *spans;
    c->bounds = ARENA_ARRAY(d->arena, bound, map->count);
    for (size_t i = 0; i < map->count; i++) {
        const yaml_entry *e = &map->entries[i];
        if (str_equal(e->key, STR("field"))) {
            c->fields = read_names(d, e->value, "the name of a field", &spans, &c->field_count);
            check_count(d, e->value, "fields", &c->field_count, SIGMA_MAX_GROUP_BY);
        } else if (str_equal(e->key, STR("percentile"))) {
            read_percentile(d, e->value, c);
        } else if (read_bound(d, e, &c->bounds[c->bound_count])) {
            c->bound_count++;
        } else {
            pk_str names[sizeof keys / sizeof *keys];
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) names[k] = str_from(keys[k]);
            sigma_report(d, PK_ERROR, "sigma-correlation", e->key_span,
                         sigma_did_you_mean(d->scratch, e->key, names, sizeof keys / sizeof *keys),
                         "unknown key '" STR_FMT "' in the condition", STR_ARG(e->key));
        }
    }
    if (!c->bound_count && d->state != RULE_ERROR) wrong(d, map, "one of gt, gte, lt, lte, eq, neq in the condition");
    if (is_value_type(c->type) && !c->field_count && d->state != RULE_ERROR) wrong(d, map, "the 'field' whose values count");
    if (c->type > TYPE_VALUE_COUNT && is_value_type(c->type) && c->field_count > 1) wrong(d, map, "one field, not several");
}

/* `a and b and not c` over the names of the rules (temporal types). */
static void read_condition_text(sigma_document *d, const yaml_node *n, correlation *c)
{
    if (!is_temporal(c->type)) {
        wrong(d, n, "a map with gt, gte, lt, lte, eq or neq");
        return;
    }
    pk_str *names = ARENA_ARRAY(d->scratch, pk_str, c->rule_count);
    for (size_t i = 0; i < c->rule_count; i++) names[i] = c->rules[i].name;
    sigma_condition condition = {.document = d, .node = n, .places = yaml_scalar_places(d->scratch, d->source, n),
                                 .to = n->text.len, .names = names, .count = c->rule_count,
                                 .used = ARENA_ARRAY(d->scratch, bool, c->rule_count), .what = "rule"};
    c->expression = sigma_parse_condition(&condition);
    c->expression_span = n->span;
    if (c->expression && condition.pipe != STR_NPOS) wrong(d, n, "a condition without '|'");
}

static void read_condition(sigma_document *d, const yaml_entry *e, correlation *c)
{
    const yaml_node *n = yaml_get(e->value, STR("condition"));
    if (!n && is_temporal(c->type)) return;
    if (!n) missing(d, e, "condition");
    else if (n->kind == YAML_MAP) read_condition_map(d, n, c);
    else if (n->kind == YAML_SCALAR) read_condition_text(d, n, c);
    else wrong(d, n, "a condition");
}

/* aliases: {alias: {rule: field, ...}, ...} */
static void read_aliases(sigma_document *d, const yaml_node *map, correlation *c)
{
    if (map->kind != YAML_MAP) {
        wrong(d, map, "a map of aliases");
        return;
    }
    size_t count = map->count;
    check_count(d, map, "aliases", &count, SIGMA_MAX_GROUP_BY);
    pk_str *names = ARENA_ARRAY(d->scratch, pk_str, c->rule_count);
    for (size_t i = 0; i < c->rule_count; i++) names[i] = c->rules[i].name;
    c->aliases = ARENA_ARRAY(d->arena, alias, count);
    for (size_t i = 0; i < count; i++) {
        const yaml_entry *e = &map->entries[i];
        alias *a = &c->aliases[c->alias_count++];
        *a = (alias){sigma_keep(d, e->key), ARENA_ARRAY(d->arena, pk_str, c->rule_count)};
        size_t named = e->value->kind == YAML_MAP ? e->value->count : 0;
        check_count(d, e->value, "rules of an alias", &named, SIGMA_MAX_REFERENCES);
        for (size_t k = 0; k < named; k++) {
            const yaml_entry *field = &e->value->entries[k];
            pk_str s;
            size_t r = 0;
            while (r < c->rule_count && !str_equal(names[r], field->key)) r++;
            if (r == c->rule_count)
                sigma_report(d, PK_ERROR, "sigma-correlation", field->key_span,
                             sigma_did_you_mean(d->scratch, field->key, names, c->rule_count),
                             "'" STR_FMT "' is none of the rules of this correlation", STR_ARG(field->key));
            else if (sigma_scalar(d, field->value, "the name of a field", &s)) a->fields[r] = sigma_keep(d, s);
        }
        if (e->value->kind != YAML_MAP) wrong(d, e->value, "a map from rules to fields");
    }
}

void sigma_read_correlation(sigma_document *d, const yaml_node *root)
{
    const yaml_entry *e = yaml_entry_of(root, STR("correlation"));
    correlation *c = ARENA_NEW(d->arena, correlation);
    if (e->value->kind != YAML_MAP) {
        sigma_report(d, PK_ERROR, "sigma-value", e->key_span, STR(""), "'correlation' must be a map");
        return;
    }
    c->span = yaml_span(d->source, e->key_span.start, e->value->span.end);
    d->rule->logsource = sigma_read_logsource(d, root);
    d->rule->syntax = c;
    read_type(d, e, c);
    read_references(d, e, c);
    read_timespan(d, e, c);
    if (c->type != TYPES) read_condition(d, e, c);
    const yaml_node *n = yaml_get(e->value, STR("group-by"));
    span *spans;
    if (n && !(n->kind == YAML_SCALAR && n->type == YAML_NULL))
        c->group_by = read_names(d, n, "the name of a field", &spans, &c->group_count);
    check_count(d, n ? n : root, "group fields", &c->group_count, SIGMA_MAX_GROUP_BY);
    n = yaml_get(e->value, STR("aliases"));
    if (n) read_aliases(d, n, c);
    n = yaml_get(e->value, STR("generate"));
    if (!n) n = yaml_get(root, STR("generate"));
    c->generate = n && n->kind == YAML_SCALAR && str_equal_ascii_fold(n->text, STR("true"));
    if (c->type == TYPE_VALUE_PERCENTILE && d->state != RULE_ERROR
        && !yaml_get(yaml_get(e->value, STR("condition")), STR("percentile")))
        sigma_report(d, PK_ERROR, "sigma-correlation", e->key_span, STR("add 'percentile: 95' to the condition"),
                     "value_percentile needs to know which percentile");
}

/* ---- building blocks ---- */

expr *sigma_column(arena *a, pk_str name) { return ir_field_expr(a, STR(""), name); }

expr *sigma_column_compare(arena *a, pk_str name, compare_op op, value number)
{
    expr *e = ir_compare(a, sigma_column(a, name), op, ir_constant_expr(a, number));
    e->as.compare.missing = MISSING_FALSE;
    return e;
}

ir_key sigma_group_key(arena *a, pk_str field, pk_str schema)
{
    return (ir_key){.name = field, .value = ir_field_expr(a, schema, field), .missing = KEY_SKIP};
}

stage *sigma_alert_while(plan *p, stage *aggregate)
{
    p->alert = aggregate;
    p->quiet = QUIET_WHILE_HAVING;
    return aggregate;
}

/* ---- lowering ---- */

static const alias *find_alias(const correlation *c, pk_str name)
{
    for (size_t i = 0; i < c->alias_count; i++)
        if (str_equal(c->aliases[i].alias, name)) return &c->aliases[i];
    return NULL;
}

/* Keys of the groups; an alias is a column that the union makes. */
static ir_key *group_keys(arena *a, const correlation *c)
{
    ir_key *keys = ARENA_ARRAY(a, ir_key, c->group_count);
    for (size_t i = 0; i < c->group_count; i++)
        keys[i] = sigma_group_key(a, c->group_by[i], find_alias(c, c->group_by[i]) ? STR("") : SIGMA_SCHEMA);
    return keys;
}

static stage *rule_stage(arena *a, plan *p, const correlation *c, size_t i, rule *base)
{
    stage *s = ir_add_stage(a, p, STAGE_RULE, arena_printf(a, "r%zu", i + 1), NULL, 0);
    s->span = c->rules[i].span;
    s->as.rule.ref = c->rules[i].name;
    s->as.rule.rule = base;
    return s;
}

/* The rules' rows, tagged by name and with the aliases as columns; a single rule without aliases as it is. */
static stage *source_stage(arena *a, plan *p, const correlation *c, rule **bases)
{
    stage **inputs = ARENA_ARRAY(a, stage *, c->rule_count);
    for (size_t i = 0; i < c->rule_count; i++) inputs[i] = rule_stage(a, p, c, i, bases[i]);
    if (c->rule_count == 1 && !c->alias_count && !is_temporal(c->type)) return inputs[0];
    stage *u = ir_add_stage(a, p, STAGE_UNION, STR("u"), inputs, c->rule_count);
    u->span = c->span;
    u->as.union_of.count = c->rule_count;
    u->as.union_of.inputs = ARENA_ARRAY(a, ir_union_input, c->rule_count);
    for (size_t i = 0; i < c->rule_count; i++) {
        ir_union_input *in = &u->as.union_of.inputs[i];
        *in = (ir_union_input){.input = inputs[i], .alias = c->rules[i].name,
                               .columns = ARENA_ARRAY(a, ir_column, c->alias_count)};
        for (size_t k = 0; k < c->alias_count; k++) {
            pk_str field = c->aliases[k].fields[i];
            if (field.len)
                in->columns[in->column_count++] = (ir_column){c->aliases[k].alias, ir_field_expr(a, SIGMA_SCHEMA, field)};
        }
    }
    return u;
}

/* A name for a computed column that no group key has. */
static pk_str free_name(arena *a, const correlation *c, pk_str name)
{
    for (size_t i = 0; i < c->group_count; i++)
        if (str_equal(c->group_by[i], name)) return free_name(a, c, arena_concat(a, name, STR("_")));
    return name;
}

typedef struct {
    arena *arena;
    const ir_aggregate_function *counts;
} name_context;

/* In a condition over names, a name means that its rule matched in the window. */
static expr *rule_matched(const expr *name, void *user)
{
    const name_context *x = user;
    expr *e = sigma_column_compare(x->arena, x->counts[name->as.name.index].name, COMPARE_GT, value_int(0));
    e->span = name->span;
    return e;
}

/* One count for each rule, of its rows. */
static void count_by_origin(arena *a, const correlation *c, stage *s)
{
    s->as.aggregate.functions = ARENA_ARRAY(a, ir_aggregate_function, c->rule_count);
    s->as.aggregate.function_count = c->rule_count;
    for (size_t i = 0; i < c->rule_count; i++) {
        ir_aggregate_function *f = &s->as.aggregate.functions[i];
        f->name = free_name(a, c, arena_printf(a, "n%zu", i + 1));
        f->function = STR("count");
        f->filter = ir_compare(a, sigma_column(a, STR("origin")), COMPARE_EQ,
                               ir_constant_expr(a, value_string(c->rules[i].name)));
        f->filter->as.compare.cased = true;
    }
    name_context x = {a, s->as.aggregate.functions};
    s->as.aggregate.having = sigma_map_names(a, c->expression, rule_matched, &x);
}

static void count_one(arena *a, const correlation *c, stage *s)
{
    ir_aggregate_function *f = ARENA_NEW(a, ir_aggregate_function);
    bool temporal = is_temporal(c->type);
    f->name = free_name(a, c, STR("n"));
    f->function = str_from(c->function);
    f->parameter = c->percentile;
    f->count = temporal ? 1 : c->field_count;
    f->args = ARENA_ARRAY(a, expr *, f->count);
    for (size_t i = 0; i < f->count; i++)
        f->args[i] = temporal ? sigma_column(a, STR("origin"))
                   : ir_field_expr(a, find_alias(c, c->fields[i]) ? STR("") : SIGMA_SCHEMA, c->fields[i]);
    s->as.aggregate.functions = f;
    s->as.aggregate.function_count = 1;
    expr *having = NULL;
    for (size_t i = 0; i < c->bound_count; i++)
        having = ir_and(a, having, sigma_column_compare(a, f->name, c->bounds[i].op, c->bounds[i].number));
    if (!having) having = sigma_column_compare(a, f->name, COMPARE_GE, value_int((int64_t)c->rule_count));
    having->span = c->span;
    s->as.aggregate.having = having;
}

static void lower_aggregate(arena *a, plan *p, const correlation *c, rule **bases)
{
    stage *source = source_stage(a, p, c, bases);
    stage *s = ir_add_stage(a, p, STAGE_AGGREGATE, STR("a"), &source, 1);
    s->span = c->span;
    s->as.aggregate.keys = group_keys(a, c);
    s->as.aggregate.key_count = c->group_count;
    s->as.aggregate.window = (ir_window){.kind = WINDOW_SLIDING, .span = c->timespan};
    if (c->expression) count_by_origin(a, c, s);
    else count_one(a, c, s);
    sigma_alert_while(p, s);
}

static void lower_sequence(arena *a, plan *p, const correlation *c, rule **bases)
{
    stage **inputs = ARENA_ARRAY(a, stage *, c->rule_count);
    ir_step *steps = ARENA_ARRAY(a, ir_step, c->rule_count);
    ir_key *shared = ARENA_ARRAY(a, ir_key, c->group_count);
    size_t shared_count = 0;
    for (size_t i = 0; i < c->rule_count; i++) {
        inputs[i] = rule_stage(a, p, c, i, bases[i]);
        steps[i] = (ir_step){.input = inputs[i], .runs = 1, .keys = ARENA_ARRAY(a, ir_key, c->group_count)};
    }
    for (size_t g = 0; g < c->group_count; g++) {
        const alias *named = find_alias(c, c->group_by[g]);
        if (!named) shared[shared_count++] = sigma_group_key(a, c->group_by[g], SIGMA_SCHEMA);
        for (size_t i = 0; named && i < c->rule_count; i++) {
            pk_str field = named->fields[i].len ? named->fields[i] : c->group_by[g];
            steps[i].keys[steps[i].key_count++] =
                (ir_key){.name = c->group_by[g], .value = ir_field_expr(a, SIGMA_SCHEMA, field), .missing = KEY_SKIP};
        }
    }
    stage *s = ir_add_stage(a, p, STAGE_SEQUENCE, STR("q"), inputs, c->rule_count);
    s->span = c->span;
    s->as.sequence.keys = shared;
    s->as.sequence.key_count = shared_count;
    s->as.sequence.span = c->timespan;
    s->as.sequence.steps = steps;
    s->as.sequence.step_count = c->rule_count;
    p->alert = s;
}

/* A sequence says "all, in this order"; another condition on it has no plan. */
static bool is_whole_sequence(const correlation *c)
{
    if (c->expression) {
        if (c->expression->kind != EXPR_AND || c->expression->count != c->rule_count) return false;
        for (size_t i = 0; i < c->rule_count; i++) {
            const expr *e = c->expression->args[i];
            if (e->kind != EXPR_NAME || e->as.name.index != i) return false;
        }
        return true;
    }
    for (size_t i = 0; i < c->bound_count; i++) {
        const bound *b = &c->bounds[i];
        int64_t all = (int64_t)c->rule_count, n = b->number.as.integer;
        bool same = b->number.type == VALUE_INT
                    && ((n == all && (b->op == COMPARE_EQ || b->op == COMPARE_GE)) || (b->op == COMPARE_GT && n == all - 1));
        if (!same) return false;
    }
    return true;
}

/* ---- resolving ---- */

typedef struct {
    ir_catalog *catalog;
    const table *by_name;
} resolver;

static void lower(resolver *r, rule *correlating);

/* Why a correlation can't run because of a rule that it names. */
static void report_base(resolver *r, rule *correlating, const reference *ref, const rule *base)
{
    static const struct { pk_severity severity; const char *what; } by_state[RULE_STATES] = {
        [RULE_NEEDS_LIST] = {PK_NEEDS_LIST, "needs a list of values"},
        [RULE_UNSUPPORTED] = {PK_UNSUPPORTED, "is unsupported"},
        [RULE_ERROR] = {PK_ERROR, "has an error"},
    };
    sigma_report_rule(r->catalog, correlating, by_state[base->state].severity, "sigma-reference", ref->span, STR(""),
                      "the rule '" STR_FMT "' %s", STR_ARG(ref->name), by_state[base->state].what);
}

/* The rule that a reference names; NULL, and a diagnostic, if there is none that could be run. */
static rule *find_base(resolver *r, rule *correlating, correlation *c, const reference *ref)
{
    uint32_t i = table_get(r->by_name, ref->name);
    if (i == TABLE_NONE) {
        sigma_report_rule(r->catalog, correlating, PK_ERROR, "sigma-reference", ref->span,
                          STR("a rule is named by its 'id' or its 'name', and must be loaded too"),
                          "no rule '" STR_FMT "'", STR_ARG(ref->name));
        return NULL;
    }
    rule *base = ir_rule(r->catalog, i);
    correlation *below = base->syntax;
    if (below && below->progress == LOWERING) {
        sigma_report_rule(r->catalog, correlating, PK_ERROR, "sigma-cycle", ref->span, STR(""),
                          "the correlation depends on itself through '" STR_FMT "'", STR_ARG(ref->name));
        return NULL;
    }
    if (below && below->progress == WAITING) {
        below->depth = c->depth + 1;
        if (below->depth > SIGMA_MAX_CHAIN) {
            sigma_report_rule(r->catalog, correlating, PK_ERROR, "sigma-limit", ref->span, STR(""),
                              "a chain of more than %d correlations", SIGMA_MAX_CHAIN);
            return NULL;
        }
        lower(r, base);
    }
    if (base->state == RULE_RUNNABLE) return base;
    report_base(r, correlating, ref, base);
    return NULL;
}

static void make_plan(resolver *r, rule *correlating, correlation *c, rule **bases)
{
    arena *a = ir_arena(r->catalog);
    plan *p = ARENA_NEW(a, plan);
    if (c->type != TYPE_TEMPORAL_ORDERED) {
        lower_aggregate(a, p, c, bases);
    } else if (is_whole_sequence(c)) {
        lower_sequence(a, p, c, bases);
    } else {
        sigma_report_rule(r->catalog, correlating, PK_UNSUPPORTED, "sigma-correlation", c->span, STR("use 'temporal'"),
                          "an ordered correlation of some of its rules only");
        return;
    }
    correlating->plan = p;
}

static void lower(resolver *r, rule *correlating)
{
    correlation *c = correlating->syntax;
    c->progress = LOWERING;
    rule **bases = ARENA_ARRAY(ir_arena(r->catalog), rule *, c->rule_count);
    bool found = correlating->state == RULE_RUNNABLE;
    for (size_t i = 0; i < c->rule_count; i++) {
        bases[i] = find_base(r, correlating, c, &c->rules[i]);
        found = found && bases[i];
    }
    if (found) make_plan(r, correlating, c, bases);
    c->progress = LOWERED;
}

/* Rules that feed a correlation which can run are silent, unless some correlation lets them speak. */
static void silence(ir_catalog *c, rule *correlating, const table *by_name, bool *speaks)
{
    const correlation *x = correlating->syntax;
    if (correlating->state != RULE_RUNNABLE) return;
    for (size_t i = 0; i < x->rule_count; i++) {
        uint32_t index = table_get(by_name, x->rules[i].name);
        if (index == TABLE_NONE) continue;
        if (x->generate) speaks[index] = true;
        ir_rule(c, index)->silent = !speaks[index];
    }
}

void sigma_resolve_correlations(ir_catalog *c, const table *by_name)
{
    resolver r = {c, by_name};
    size_t count = ir_rule_count(c);
    bool *speaks = mem_zalloc(count, sizeof *speaks);
    for (size_t i = 0; i < count; i++) {
        rule *x = ir_rule(c, i);
        if (x->language == &sigma_language && x->syntax && ((correlation *)x->syntax)->progress == WAITING) lower(&r, x);
    }
    for (size_t i = 0; i < count; i++) {
        rule *x = ir_rule(c, i);
        if (x->language == &sigma_language && x->syntax) silence(c, x, by_name, speaks);
    }
    mem_free(speaks);
}

/* ---- for pages ---- */

bool sigma_describe_correlation(const rule *r, arena *a, rule_description *out)
{
    const correlation *c = r->syntax;
    if (!c) return false;
    out->type = c->type == TYPE_TEMPORAL_ORDERED ? "sequence" : "aggregation";
    described_stage condition = {.title = STR("condition"), .text = described_lines(a, r->source, c->span), .span = c->span,
                                 .definition = DESCRIBED_NONE};
    vec_push_in(a, &out->stages, condition);
    for (size_t i = 0; i < c->rule_count; i++) {
        described_stage box = {.title = c->rules[i].name, .text = STR(""), .span = c->rules[i].span, .definition = DESCRIBED_NONE,
                               .rules = &c->rules[i].name, .rule_count = 1};
        vec_push_in(a, &out->stages, box);
    }
    return true;
}

void sigma_correlation_references(const rule *r, reference_fn fn, void *user)
{
    const correlation *c = r->syntax;
    for (size_t i = 0; c && i < c->rule_count; i++) fn(r->path, c->rules[i].name, user);
}
