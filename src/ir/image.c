/*
 * A catalogue as an image: rules with their plans, tests, diagnostics. The rules themselves are copied before anything that
 * they point to, since plans of correlations lead to other rules, in chains of any length and in circles.
 */
#include "ir/catalog_private.h"

#define AT(type, member) (at + offsetof(type, member))

static void put_expr(image_writer *w, size_t field, const expr *e);
static void put_plan(image_writer *w, size_t field, const plan *p);

static void put_exprs(image_writer *w, size_t field, expr *const *from, size_t count)
{
    size_t at = image_array(w, field, from, count, sizeof *from);
    for (size_t i = 0; i < count; i++) put_expr(w, at + i * sizeof *from, from[i]);
}

static void put_field(image_writer *w, size_t at, const ir_field *f)
{
    image_string(w, AT(ir_field, part), f->part);
    image_string(w, AT(ir_field, schema), f->schema);
    image_string(w, AT(ir_field, path), f->path);
}

void ir_test_image(const ir_test *t, image_writer *w, size_t field)
{
    size_t at;
    bool fresh = image_once(w, t, sizeof *t, &at);
    image_point(w, field, at);
    if (fresh) value_image(&t->constant, w, AT(ir_test, constant));
}

static void put_use(image_writer *w, size_t at, const ir_use *u)
{
    put_expr(w, AT(ir_use, operand), u->operand);
    size_t constants = image_array(w, AT(ir_use, constants), u->constants, u->count, sizeof *u->constants);
    for (size_t i = 0; i < u->count; i++, constants += sizeof(ir_constant)) {
        ir_test_image(u->constants[i].test, w, constants + offsetof(ir_constant, test));
        image_string(w, constants + offsetof(ir_constant, written), u->constants[i].written);
        image_string(w, constants + offsetof(ir_constant, origin), u->constants[i].origin);
    }
}

static void put_expr(image_writer *w, size_t field, const expr *e)
{
    size_t at;
    bool fresh = e && image_once(w, e, sizeof *e, &at);
    image_point(w, field, e ? at : 0);
    if (!fresh) return;
    put_exprs(w, AT(expr, args), e->args, e->count);
    switch (e->kind) {
    case EXPR_CONSTANT: value_image(&e->as.constant, w, AT(expr, as.constant)); return;
    case EXPR_FIELD: put_field(w, AT(expr, as.field), &e->as.field); return;
    case EXPR_USE: put_use(w, AT(expr, as.use), &e->as.use); return;
    case EXPR_NAME: image_string(w, AT(expr, as.name.name), e->as.name.name); return;
    case EXPR_CALL: image_string(w, AT(expr, as.call.name), e->as.call.name); return;
    case EXPR_SOME:
        image_string(w, AT(expr, as.some.element), e->as.some.element);
        put_field(w, AT(expr, as.some.list), &e->as.some.list);
        return;
    case EXPR_AND: case EXPR_OR: case EXPR_NOT: case EXPR_COMPARE: case EXPR_IN: case EXPR_ARITHMETIC:
        return;
    }
}

/* ---- stages ---- */

static void put_stage(image_writer *w, size_t field, const stage *s);

static void put_stages(image_writer *w, size_t field, stage *const *from, size_t count)
{
    size_t at = image_array(w, field, from, count, sizeof *from);
    for (size_t i = 0; i < count; i++) put_stage(w, at + i * sizeof *from, from[i]);
}

static void put_keys(image_writer *w, size_t field, const ir_key *keys, size_t count)
{
    size_t at = image_array(w, field, keys, count, sizeof *keys);
    for (size_t i = 0; i < count; i++, at += sizeof(ir_key)) {
        image_string(w, AT(ir_key, name), keys[i].name);
        put_expr(w, AT(ir_key, value), keys[i].value);
        value_image(&keys[i].fill, w, AT(ir_key, fill));
    }
}

static void put_columns(image_writer *w, size_t field, const ir_column *columns, size_t count)
{
    size_t at = image_array(w, field, columns, count, sizeof *columns);
    for (size_t i = 0; i < count; i++, at += sizeof(ir_column)) {
        image_string(w, AT(ir_column, name), columns[i].name);
        put_expr(w, AT(ir_column, value), columns[i].value);
    }
}

static void put_source(image_writer *w, size_t at, const log_source *l)
{
    image_string(w, AT(log_source, product), l->product);
    image_string(w, AT(log_source, category), l->category);
    image_string(w, AT(log_source, service), l->service);
}

static void put_match(image_writer *w, size_t at, const stage *s)
{
    size_t sources = image_array(w, AT(stage, as.match.sources), s->as.match.sources, s->as.match.source_count, sizeof(log_source));
    for (size_t i = 0; i < s->as.match.source_count; i++) put_source(w, sources + i * sizeof(log_source), &s->as.match.sources[i]);
    image_string(w, AT(stage, as.match.schema), s->as.match.schema);
    image_string(w, AT(stage, as.match.index), s->as.match.index);
    put_expr(w, AT(stage, as.match.where), s->as.match.where);
}

/* The rule itself was copied before. */
static void put_rule(image_writer *w, size_t at, const stage *s)
{
    size_t to = 0;
    image_string(w, AT(stage, as.rule.ref), s->as.rule.ref);
    if (s->as.rule.rule) image_once(w, s->as.rule.rule, sizeof(rule), &to);
    image_point(w, AT(stage, as.rule.rule), to);
}

static void put_alerts(image_writer *w, size_t at, const stage *s)
{
    put_expr(w, AT(stage, as.alerts.where), s->as.alerts.where);
    image_string(w, AT(stage, as.alerts.schema), s->as.alerts.schema);
    image_strings(w, AT(stage, as.alerts.rules), s->as.alerts.rules, s->as.alerts.rule_count);
}

static void put_derive(image_writer *w, size_t at, const stage *s)
{
    put_columns(w, AT(stage, as.derive.columns), s->as.derive.columns, s->as.derive.count);
    image_string(w, AT(stage, as.derive.loop), s->as.derive.loop);
    image_string(w, AT(stage, as.derive.like), s->as.derive.like);
}

static void put_expand(image_writer *w, size_t at, const stage *s)
{
    size_t lists = image_array(w, AT(stage, as.expand.lists), s->as.expand.lists, s->as.expand.count, sizeof(ir_field));
    for (size_t i = 0; i < s->as.expand.count; i++) put_field(w, lists + i * sizeof(ir_field), &s->as.expand.lists[i]);
}

static void put_functions(image_writer *w, size_t field, const ir_aggregate_function *functions, size_t count)
{
    size_t at = image_array(w, field, functions, count, sizeof(ir_aggregate_function));
    for (size_t i = 0; i < count; i++, at += sizeof(ir_aggregate_function)) {
        image_string(w, AT(ir_aggregate_function, name), functions[i].name);
        image_string(w, AT(ir_aggregate_function, function), functions[i].function);
        put_exprs(w, AT(ir_aggregate_function, args), functions[i].args, functions[i].count);
        put_expr(w, AT(ir_aggregate_function, filter), functions[i].filter);
    }
}

static void put_history(image_writer *w, size_t at, const stage *s)
{
    put_keys(w, AT(stage, as.history.keys), s->as.history.keys, s->as.history.key_count);
    put_expr(w, AT(stage, as.history.having), s->as.history.having);
    put_functions(w, AT(stage, as.history.functions), s->as.history.functions, s->as.history.function_count);
}

static void put_aggregate(image_writer *w, size_t at, const stage *s)
{
    const ir_window *window = &s->as.aggregate.window;
    put_keys(w, AT(stage, as.aggregate.keys), s->as.aggregate.keys, s->as.aggregate.key_count);
    image_string(w, AT(stage, as.aggregate.window.part), window->part);
    put_expr(w, AT(stage, as.aggregate.window.start), window->start);
    put_expr(w, AT(stage, as.aggregate.window.end), window->end);
    put_expr(w, AT(stage, as.aggregate.having), s->as.aggregate.having);
    put_functions(w, AT(stage, as.aggregate.functions), s->as.aggregate.functions, s->as.aggregate.function_count);
}

static void put_sequence(image_writer *w, size_t at, const stage *s)
{
    put_keys(w, AT(stage, as.sequence.keys), s->as.sequence.keys, s->as.sequence.key_count);
    put_stage(w, AT(stage, as.sequence.until), s->as.sequence.until);
    at = image_array(w, AT(stage, as.sequence.steps), s->as.sequence.steps, s->as.sequence.step_count, sizeof(ir_step));
    for (size_t i = 0; i < s->as.sequence.step_count; i++, at += sizeof(ir_step)) {
        put_stage(w, AT(ir_step, input), s->as.sequence.steps[i].input);
        put_keys(w, AT(ir_step, keys), s->as.sequence.steps[i].keys, s->as.sequence.steps[i].key_count);
    }
}

static void put_join(image_writer *w, size_t at, const stage *s)
{
    put_expr(w, AT(stage, as.join.where), s->as.join.where);
    put_columns(w, AT(stage, as.join.columns), s->as.join.columns, s->as.join.column_count);
    image_string(w, AT(stage, as.join.list), s->as.join.list);
    at = image_array(w, AT(stage, as.join.keys), s->as.join.keys, s->as.join.key_count, sizeof(ir_join_key));
    for (size_t i = 0; i < s->as.join.key_count; i++, at += sizeof(ir_join_key)) {
        image_string(w, AT(ir_join_key, name), s->as.join.keys[i].name);
        put_exprs(w, AT(ir_join_key, sides), s->as.join.keys[i].sides, s->as.join.keys[i].count);
    }
}

static void put_union(image_writer *w, size_t at, const stage *s)
{
    at = image_array(w, AT(stage, as.union_of.inputs), s->as.union_of.inputs, s->as.union_of.count, sizeof(ir_union_input));
    for (size_t i = 0; i < s->as.union_of.count; i++, at += sizeof(ir_union_input)) {
        put_stage(w, AT(ir_union_input, input), s->as.union_of.inputs[i].input);
        image_string(w, AT(ir_union_input, alias), s->as.union_of.inputs[i].alias);
        put_columns(w, AT(ir_union_input, columns), s->as.union_of.inputs[i].columns, s->as.union_of.inputs[i].column_count);
    }
}

static void put_sort(image_writer *w, size_t at, const stage *s)
{
    put_exprs(w, AT(stage, as.sort.by), s->as.sort.by, s->as.sort.count);
    image_array(w, AT(stage, as.sort.down), s->as.sort.down, s->as.sort.down ? s->as.sort.count : 0, sizeof *s->as.sort.down);
}

static void put_rows(image_writer *w, size_t at, const stage *s)
{
    size_t cells = s->as.rows.column_count * s->as.rows.row_count;
    size_t columns = image_array(w, AT(stage, as.rows.columns), s->as.rows.columns, s->as.rows.column_count, sizeof(pk_str));
    for (size_t i = 0; i < s->as.rows.column_count; i++, columns += sizeof(pk_str)) image_string(w, columns, s->as.rows.columns[i]);
    size_t values = image_array(w, AT(stage, as.rows.cells), s->as.rows.cells, cells, sizeof(value));
    for (size_t i = 0; i < cells; i++, values += sizeof(value)) value_image(&s->as.rows.cells[i], w, values);
}

static void put_stage(image_writer *w, size_t field, const stage *s)
{
    size_t at;
    bool fresh = s && image_once(w, s, sizeof *s, &at);
    image_point(w, field, s ? at : 0);
    if (!fresh) return;
    image_string(w, AT(stage, name), s->name);
    put_stages(w, AT(stage, inputs), s->inputs, s->input_count);
    switch (s->kind) {
    case STAGE_MATCH: case STAGE_CONTEXT: put_match(w, at, s); return;
    case STAGE_ROWS: put_rows(w, at, s); return;
    case STAGE_RULE: put_rule(w, at, s); return;
    case STAGE_ALERTS: put_alerts(w, at, s); return;
    case STAGE_DERIVE: put_derive(w, at, s); return;
    case STAGE_EXPAND: put_expand(w, at, s); return;
    case STAGE_FOR_EACH: put_plan(w, AT(stage, as.for_each.body), s->as.for_each.body); return;
    case STAGE_WHERE: put_expr(w, AT(stage, as.where.where), s->as.where.where); return;
    case STAGE_AGGREGATE: put_aggregate(w, at, s); return;
    case STAGE_HISTORY: put_history(w, at, s); return;
    case STAGE_SEQUENCE: case STAGE_SAMPLE: put_sequence(w, at, s); return;
    case STAGE_JOIN: case STAGE_LOOKUP: put_join(w, at, s); return;
    case STAGE_NEW_TERMS: put_keys(w, AT(stage, as.new_terms.keys), s->as.new_terms.keys, s->as.new_terms.key_count); return;
    case STAGE_SORT: put_sort(w, at, s); return;
    case STAGE_DEDUP: put_keys(w, AT(stage, as.dedup.keys), s->as.dedup.keys, s->as.dedup.key_count); return;
    case STAGE_UNION: put_union(w, at, s); return;
    case STAGE_FRAME:
        put_field(w, AT(stage, as.frame.time), &s->as.frame.time);
        put_field(w, AT(stage, as.frame.time_else), &s->as.frame.time_else);
        return;
    case STAGE_UNSUPPORTED:
        image_string(w, AT(stage, as.unsupported.text), s->as.unsupported.text);
        image_string(w, AT(stage, as.unsupported.reason), s->as.unsupported.reason);
        return;
    case STAGE_LIMIT: case STAGE_KINDS:
        return;
    }
}

static void put_plan(image_writer *w, size_t field, const plan *p)
{
    size_t at;
    bool fresh = p && image_once(w, p, sizeof *p, &at);
    image_point(w, field, p ? at : 0);
    if (!fresh) return;
    size_t definitions = image_array(w, AT(plan, definitions), p->definitions, p->definition_count, sizeof *p->definitions);
    for (size_t i = 0; i < p->definition_count; i++, definitions += sizeof(ir_definition)) {
        image_string(w, definitions + offsetof(ir_definition, name), p->definitions[i].name);
        put_expr(w, definitions + offsetof(ir_definition, value), p->definitions[i].value);
        image_string(w, definitions + offsetof(ir_definition, path), p->definitions[i].path);
    }
    put_stages(w, AT(plan, stages), p->stages, p->stage_count);
    put_stage(w, AT(plan, alert), p->alert);
    put_keys(w, AT(plan, quiet_keys), p->quiet_keys, p->quiet_key_count);
    put_expr(w, AT(plan, risk), p->risk);
}

/* ---- rules ---- */

static void put_rule_texts(image_writer *w, size_t at, const rule *r)
{
    static const size_t texts[] = {
        offsetof(rule, path), offsetof(rule, source), offsetof(rule, id), offsetof(rule, name), offsetof(rule, title),
        offsetof(rule, description), offsetof(rule, author), offsetof(rule, date), offsetof(rule, modified), offsetof(rule, status),
        offsetof(rule, level), offsetof(rule, licence), offsetof(rule, logsource_definition), offsetof(rule, reason),
    };
    static const size_t lists[] = {
        offsetof(rule, references), offsetof(rule, false_positives), offsetof(rule, tags), offsetof(rule, tactics), offsetof(rule, techniques),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pk_str s;
        memcpy(&s, (const char *)r + texts[i], sizeof s);
        image_string(w, at + texts[i], s);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        str_list l;
        memcpy(&l, (const char *)r + lists[i], sizeof l);
        image_string_vector(w, at + lists[i], l.items.at, l.items.len);
    }
    put_source(w, AT(rule, logsource), &r->logsource);
    size_t other = image_array(w, AT(rule, other), r->other, r->other_count, sizeof *r->other);
    for (size_t i = 0; i < r->other_count; i++, other += sizeof(rule_meta)) {
        image_string(w, other + offsetof(rule_meta, key), r->other[i].key);
        image_string(w, other + offsetof(rule_meta, text), r->other[i].text);
    }
}

_Static_assert(sizeof(rule) == 504, "a member of rule came or went: the image copies each");
_Static_assert(sizeof(stage) == 200 && sizeof(expr) == 112 && sizeof(plan) == 120, "a member came or went: the image copies each");

/* What rules point to. Those of one file share its text, and so a unit. */
static void put_rests(const ir_catalog *c, image_writer *w, size_t field)
{
    image_part before = image_into(w, IMAGE_REST);
    ir_image_unit *units = mem_zalloc(c->rules.len + 1, sizeof *units);
    for (size_t i = 0; i < c->rules.len; i++) {
        const rule *r = c->rules.at[i];
        size_t at;
        image_once(w, r, sizeof *r, &at);
        units[i].at = i && str_equal(r->path, c->rules.at[i - 1]->path) ? units[i - 1].at : image_unit(w);
        put_rule_texts(w, at, r);
        put_plan(w, AT(rule, plan), r->plan);
    }
    size_t end = image_size(w, IMAGE_REST);
    for (size_t i = c->rules.len; i-- > 0; units[i].len = end - units[i].at)
        if (i + 1 < c->rules.len && units[i].at != units[i + 1].at) end = units[i + 1].at;
    image_into(w, before);
    image_array(w, field, units, c->rules.len, sizeof *units);
    mem_free(units);
}

void ir_catalog_image(const ir_catalog *c, image_writer *w, size_t field)
{
    size_t root = image_copy(w, &(ir_image){.rule_count = c->rules.len, .test_count = c->tests.len}, sizeof(ir_image));
    image_point(w, field, root);
    size_t rules = image_array(w, root + offsetof(ir_image, rules), c->rules.at, c->rules.len, sizeof(rule *));
    for (size_t i = 0; i < c->rules.len; i++) {
        size_t at;
        image_once(w, c->rules.at[i], sizeof(rule), &at);
        image_point(w, rules + i * sizeof(rule *), at);
        image_clear(w, AT(rule, language));
        image_clear(w, AT(rule, syntax));
    }
    size_t tests = image_array(w, root + offsetof(ir_image, tests), c->tests.at, c->tests.len, sizeof(ir_test *));
    for (size_t i = 0; i < c->tests.len; i++) ir_test_image(c->tests.at[i], w, tests + i * sizeof(ir_test *));
    diag_image(c->diags, w, root + offsetof(ir_image, diags));
    put_rests(c, w, root + offsetof(ir_image, units));
}

void ir_catalog_restore(ir_catalog *c, const ir_image *from)
{
    for (size_t i = 0; i < from->rule_count; i++) vec_push(&c->rules, from->rules[i]);
    for (size_t i = 0; i < from->test_count; i++) vec_push(&c->tests, from->tests[i]);
    diag_restore(c->diags, from->diags);
    ir_catalog_forget(c);
}
