/* Plans in the text form: one stage a line, in the order of the plan. docs/ir.md has the grammar. */
#include "ir/print.h"

static void put(printer *p, const char *s) { text_put_cstring(p->out, s); }

static void comma(printer *p, size_t i)
{
    if (i) put(p, ", ");
}

static void print_input(printer *p, const stage *s)
{
    put(p, " ");
    if (s) print_name(p->out, s->name);
    else put(p, "\"\"");
}

static void print_first_input(printer *p, const stage *s) { print_input(p, s->input_count ? s->inputs[0] : NULL); }

static void print_clause(printer *p, const char *word, const expr *e)
{
    if (!e) return;
    text_printf(p->out, " %s ", word);
    print_expr(p, e);
}

/* ---- keys and columns ---- */

static void print_key_flags(printer *p, const ir_key *k)
{
    bool many = k->many != MANY_ANY;
    if (k->missing == KEY_SKIP && !many) return;
    put(p, " (");
    if (k->missing != KEY_SKIP) text_printf(p->out, "missing %s", key_missing_words[k->missing]);
    if (k->missing == KEY_FILL) {
        put(p, " ");
        print_literal(p->out, &k->fill);
    }
    if (many) text_printf(p->out, "%smany %s", k->missing != KEY_SKIP ? ", " : "", many_words[k->many]);
    put(p, ")");
}

static void print_key(printer *p, const ir_key *k)
{
    if (!str_equal(k->name, implied_name(k->value)) || !k->name.len) {
        print_name(p->out, k->name);
        put(p, " = ");
    }
    print_expr(p, k->value);
    print_key_flags(p, k);
}

static void print_keys(printer *p, const char *word, const ir_key *keys, size_t count)
{
    if (!count) return;
    text_printf(p->out, " %s ", word);
    for (size_t i = 0; i < count; i++) {
        comma(p, i);
        print_key(p, &keys[i]);
    }
}

static void print_column_name(printer *p, pk_str name)
{
    if (str_equal(name, STR("*"))) put(p, "*");
    else print_name(p->out, name);
}

static void print_columns(printer *p, const ir_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        comma(p, i);
        if (!columns[i].value) put(p, "drop ");
        print_column_name(p, columns[i].name);
        if (!columns[i].value) continue;
        put(p, " = ");
        print_expr(p, columns[i].value);
    }
}

/* ---- sources ---- */

static void print_source_part(printer *p, pk_str part)
{
    bool has_dot = str_find_char(part, '.') != STR_NPOS;
    if (!part.len) put(p, "*");
    else if (has_dot) {
        put(p, "\"");
        for (size_t i = 0; i < part.len; i++) {
            if (part.ptr[i] == '"') put(p, "\"");
            text_put_char(p->out, part.ptr[i]);
        }
        put(p, "\"");
    } else print_name(p->out, part);
}

/* product/category/service, without stars at the end. */
static void print_source(printer *p, const log_source *s)
{
    print_source_part(p, s->product);
    if (!s->category.len && !s->service.len) return;
    put(p, "/");
    print_source_part(p, s->category);
    if (!s->service.len) return;
    put(p, "/");
    print_source_part(p, s->service);
}

static void print_schema_clause(printer *p, pk_str schema)
{
    if (!schema.len) return;
    put(p, " @");
    print_name(p->out, schema);
}

static void print_match(printer *p, const stage *s)
{
    if (s->as.match.index.len) {
        put(p, " ");
        print_string(p->out, s->as.match.index);
    }
    for (size_t i = 0; i < s->as.match.source_count; i++) {
        put(p, i ? ", " : " ");
        print_source(p, &s->as.match.sources[i]);
    }
    print_schema_clause(p, s->as.match.schema);
    p->scope.schema = s->as.match.schema;
    p->scope.stage_count = 0;
    print_clause(p, "where", s->as.match.where);
}

static void print_alerts(printer *p, const stage *s)
{
    for (size_t i = 0; i < s->as.alerts.rule_count; i++) {
        put(p, i ? ", " : " of ");
        print_string(p->out, s->as.alerts.rules[i]);
    }
    print_schema_clause(p, s->as.alerts.schema);
    p->scope.schema = s->as.alerts.schema;
    p->scope.stage_count = 0;
    print_clause(p, "where", s->as.alerts.where);
}

/* ---- rows to rows ---- */

static void print_derive(printer *p, const stage *s)
{
    print_first_input(p, s);
    if (s->as.derive.loop.len) {
        put(p, " for each ");
        print_name(p->out, s->as.derive.loop);
        put(p, " in ");
        print_string(p->out, s->as.derive.like);
        if (s->as.derive.in_frame) put(p, " of frame");
    }
    put(p, ": ");
    print_columns(p, s->as.derive.columns, s->as.derive.count);
}

static void print_expand(printer *p, const stage *s)
{
    print_first_input(p, s);
    for (size_t i = 0; i < s->as.expand.count; i++) {
        put(p, i ? ", " : " over ");
        print_field(p, &s->as.expand.lists[i]);
    }
    if (s->as.expand.empty != MISSING_FALSE) text_printf(p->out, " missing %s", missing_words[s->as.expand.empty]);
    if (s->as.expand.at_most) text_printf(p->out, " at most %lld", (long long)s->as.expand.at_most);
}

static void print_where(printer *p, const stage *s)
{
    print_first_input(p, s);
    put(p, ": ");
    if (s->as.where.where) print_expr(p, s->as.where.where);
    else put(p, "true");
}

static void print_for_each(printer *p, const stage *s)
{
    print_first_input(p, s);
    if (s->as.for_each.at_most) text_printf(p->out, " at most %lld", (long long)s->as.for_each.at_most);
    put(p, " {\n");
    if (s->as.for_each.body) print_plan(p->out, s->as.for_each.body, p->depth + 1);
    put(p, "}");
}

static void print_sort(printer *p, const stage *s)
{
    print_first_input(p, s);
    for (size_t i = 0; i < s->as.sort.count; i++) {
        put(p, i ? ", " : " by ");
        print_expr(p, s->as.sort.by[i]);
        if (s->as.sort.down[i]) put(p, " down");
    }
}

/* ---- aggregate ---- */

static void print_session(printer *p, const ir_window *w)
{
    put(p, "(");
    if (w->start) {
        put(p, "start ");
        print_expr(p, w->start);
        put(p, ", ");
    }
    if (w->end) {
        put(p, "end ");
        print_expr(p, w->end);
        put(p, ", ");
    }
    if (w->span) {
        put(p, "span ");
        print_duration(p->out, w->span);
        put(p, ", ");
    }
    if (w->pause) {
        put(p, "pause ");
        print_duration(p->out, w->pause);
        put(p, ", ");
    }
    text_printf(p->out, "unfinished %s)", w->keep_unfinished ? "keep" : "drop");
}

static void print_window(printer *p, const ir_window *w)
{
    if (w->kind == WINDOW_NONE) return;
    text_printf(p->out, " window %s", window_words[w->kind]);
    switch (w->kind) {
    case WINDOW_SESSION: print_session(p, w); return;
    case WINDOW_ROWS: text_printf(p->out, " %lld", (long long)w->rows); return;
    case WINDOW_AROUND:
        put(p, " ");
        print_name(p->out, w->part);
        break;
    case WINDOW_NONE: case WINDOW_TUMBLING: case WINDOW_HOP: case WINDOW_SLIDING: case WINDOW_ANCHORED: break;
    }
    put(p, " ");
    print_duration(p->out, w->span);
    if (w->kind != WINDOW_HOP && w->kind != WINDOW_AROUND) return;
    put(p, " step ");
    print_duration(p->out, w->step);
}

static void print_function(printer *p, const ir_aggregate_function *f)
{
    print_column_name(p, f->name);
    put(p, " = ");
    print_name(p->out, f->function);
    put(p, "(");
    for (size_t i = 0; i < f->count; i++) {
        comma(p, i);
        print_expr(p, f->args[i]);
    }
    if (f->parameter != 0) {
        put(p, "; ");
        print_literal(p->out, &(value){.type = VALUE_FLOAT, .as.real = f->parameter});
    }
    put(p, ")");
    if (f->count_nulls) put(p, " nulls");
    if (f->at_most) text_printf(p->out, " at most %lld", (long long)f->at_most);
    print_clause(p, "if", f->filter);
}

static void print_functions(printer *p, const ir_aggregate_function *functions, size_t count)
{
    put(p, ":");
    for (size_t i = 0; i < count; i++) {
        put(p, i ? ", " : " ");
        print_function(p, &functions[i]);
    }
}

static void print_history(printer *p, const stage *s)
{
    print_first_input(p, s);
    print_keys(p, "by", s->as.history.keys, s->as.history.key_count);
    put(p, " every ");
    print_duration(p->out, s->as.history.every);
    put(p, s->as.history.since ? " since " : " over ");
    print_duration(p->out, s->as.history.over);
    print_functions(p, s->as.history.functions, s->as.history.function_count);
    print_clause(p, "having", s->as.history.having);
}

static void print_aggregate(printer *p, const stage *s)
{
    print_first_input(p, s);
    print_keys(p, "by", s->as.aggregate.keys, s->as.aggregate.key_count);
    if (s->as.aggregate.output == OUTPUT_KEEP_ROWS) put(p, " keep rows");
    if (s->as.aggregate.output == OUTPUT_RUNNING) put(p, " running");
    print_window(p, &s->as.aggregate.window);
    if (s->as.aggregate.order_down) put(p, " order down");
    print_functions(p, s->as.aggregate.functions, s->as.aggregate.function_count);
    print_clause(p, "having", s->as.aggregate.having);
    if (s->as.aggregate.after == AFTER_CLEAR) put(p, " then clear");
    if (s->as.aggregate.after == AFTER_QUIET) put(p, " then quiet");
}

/* ---- several inputs ---- */

/* A step's key stands without brackets if it is a mere field. */
static void print_step_keys(printer *p, const ir_step *step)
{
    if (!step->key_count) return;
    const ir_key *k = step->keys;
    bool plain = step->key_count == 1 && k->value->kind == EXPR_FIELD && k->name.len &&
                 str_equal(k->name, implied_name(k->value)) && k->missing == KEY_SKIP && k->many == MANY_ANY;
    put(p, plain ? " by " : " by (");
    for (size_t i = 0; i < step->key_count; i++) {
        comma(p, i);
        print_key(p, &k[i]);
    }
    put(p, plain ? "" : ")");
}

static void print_step(printer *p, const ir_step *step)
{
    put(p, step->absent ? " absent" : "");
    print_input(p, step->input);
    if (step->runs != 1) text_printf(p->out, " runs %u", (unsigned)step->runs);
    print_step_keys(p, step);
}

static void print_sequence(printer *p, const stage *s)
{
    print_keys(p, "by", s->as.sequence.keys, s->as.sequence.key_count);
    if (s->as.sequence.span) {
        put(p, " span ");
        print_duration(p->out, s->as.sequence.span);
    }
    if (s->kind == STAGE_SEQUENCE) put(p, s->as.sequence.keep_all ? " keep all" : " keep latest");
    put(p, " steps");
    for (size_t i = 0; i < s->as.sequence.step_count; i++) {
        if (i) put(p, ",");
        print_step(p, &s->as.sequence.steps[i]);
    }
    if (!s->as.sequence.until) return;
    put(p, " until");
    print_input(p, s->as.sequence.until);
}

static void print_join_key(printer *p, const ir_join_key *k)
{
    print_name(p->out, k->name);
    put(p, ":");
    for (size_t i = 0; i < k->count; i++) {
        put(p, i ? " = " : " ");
        print_operand(p, k->sides[i]);
    }
    if (k->missing != KEY_SKIP) text_printf(p->out, " (missing %s)", key_missing_words[k->missing]);
}

static void print_lookup_columns(printer *p, const stage *s)
{
    if (!s->as.join.list.len && !s->as.join.column_count) return;
    put(p, " add ");
    if (s->as.join.list.len) {
        put(p, "list ");
        print_name(p->out, s->as.join.list);
        if (s->as.join.column_count) put(p, ", ");
    }
    print_columns(p, s->as.join.columns, s->as.join.column_count);
}

static void print_join(printer *p, const stage *s)
{
    for (size_t i = 0; i < s->input_count; i++) {
        if (i) put(p, ",");
        print_input(p, s->inputs[i]);
    }
    if (s->as.join.kind != JOIN_INNER) text_printf(p->out, " %s", join_words[s->as.join.kind]);
    for (size_t i = 0; i < s->as.join.key_count; i++) {
        put(p, i ? ", " : " on ");
        print_join_key(p, &s->as.join.keys[i]);
    }
    if (s->as.join.within) {
        put(p, " within ");
        print_duration(p->out, s->as.join.within);
    }
    print_clause(p, "where", s->as.join.where);
    print_lookup_columns(p, s);
}

static void print_union(printer *p, const stage *s)
{
    for (size_t i = 0; i < s->as.union_of.count; i++) {
        const ir_union_input *in = &s->as.union_of.inputs[i];
        if (i) put(p, ",");
        print_input(p, in->input);
        if (in->alias.len) {
            put(p, " as ");
            print_name(p->out, in->alias);
        }
        if (!in->column_count) continue;
        put(p, " with (");
        print_columns(p, in->columns, in->column_count);
        put(p, ")");
    }
}

static void print_frame(printer *p, const stage *s)
{
    put(p, " every ");
    print_duration(p->out, s->as.frame.every);
    put(p, " over ");
    print_duration(p->out, s->as.frame.over);
    put(p, " on ");
    print_field(p, &s->as.frame.time);
    if (!s->as.frame.time_else.path.len) return;
    put(p, " else ");
    print_field(p, &s->as.frame.time_else);
}

/* rows (column, ...): [literal, ...], ... */
static void print_rows(printer *p, const stage *s)
{
    put(p, " (");
    for (size_t i = 0; i < s->as.rows.column_count; i++) {
        if (i) put(p, ", ");
        print_name(p->out, s->as.rows.columns[i]);
    }
    put(p, ")");
    for (size_t r = 0; r < s->as.rows.row_count; r++) {
        value row = {.type = VALUE_LIST, .as.list = {s->as.rows.cells + r * s->as.rows.column_count, s->as.rows.column_count}};
        put(p, r ? ", " : ": ");
        print_literal(p->out, &row);
    }
}

/* ---- plans ---- */

static void print_body(printer *p, const stage *s)
{
    switch (s->kind) {
    case STAGE_MATCH: case STAGE_CONTEXT: print_match(p, s); break;
    case STAGE_ROWS: print_rows(p, s); break;
    case STAGE_RULE: put(p, " "); print_string(p->out, s->as.rule.ref); break;
    case STAGE_ALERTS: print_alerts(p, s); break;
    case STAGE_DERIVE: print_derive(p, s); break;
    case STAGE_EXPAND: print_expand(p, s); break;
    case STAGE_FOR_EACH: print_for_each(p, s); break;
    case STAGE_WHERE: print_where(p, s); break;
    case STAGE_AGGREGATE: print_aggregate(p, s); break;
    case STAGE_HISTORY: print_history(p, s); break;
    case STAGE_SEQUENCE: case STAGE_SAMPLE: print_sequence(p, s); break;
    case STAGE_JOIN: case STAGE_LOOKUP: print_join(p, s); break;
    case STAGE_NEW_TERMS:
        print_first_input(p, s);
        print_keys(p, "by", s->as.new_terms.keys, s->as.new_terms.key_count);
        put(p, " history ");
        print_duration(p->out, s->as.new_terms.history);
        if (s->as.new_terms.warm_up) put(p, " warm_up");
        break;
    case STAGE_SORT: print_sort(p, s); break;
    case STAGE_DEDUP:
        print_first_input(p, s);
        print_keys(p, "by", s->as.dedup.keys, s->as.dedup.key_count);
        break;
    case STAGE_LIMIT: print_first_input(p, s); text_printf(p->out, " %lld", (long long)s->as.limit.rows); break;
    case STAGE_UNION: print_union(p, s); break;
    case STAGE_FRAME: print_frame(p, s); break;
    case STAGE_UNSUPPORTED:
        if (s->input_count) print_first_input(p, s);
        put(p, " ");
        print_string(p->out, s->as.unsupported.text);
        put(p, " because ");
        print_string(p->out, s->as.unsupported.reason);
        break;
    case STAGE_KINDS: break;
    }
}

static void print_stage(text *out, const plan *pl, size_t index, int depth)
{
    const stage *s = pl->stages[index];
    printer p = {.out = out, .depth = depth, .scope = {.plan = pl, .stage_count = index, .schema = {"", 0}}};
    print_name(out, s->name);
    text_printf(out, " = %s", stage_kind_table[s->kind].text);
    print_body(&p, s);
    text_put_char(out, '\n');
}

static void print_alert(text *out, const plan *pl)
{
    printer p = {.out = out, .scope = {.plan = pl, .stage_count = pl->stage_count, .schema = {"", 0}}};
    text_put_cstring(out, "alert ");
    print_name(out, pl->alert->name);
    if (pl->quiet == QUIET_WHILE_HAVING) put(&p, " quiet while having holds");
    if (pl->quiet == QUIET_FOR) {
        put(&p, " quiet ");
        print_duration(out, pl->quiet_for);
    }
    print_keys(&p, "by", pl->quiet_keys, pl->quiet_key_count);
    print_clause(&p, "risk", pl->risk);
    text_put_char(out, '\n');
}

void print_plan(text *out, const plan *pl, int depth)
{
    if (depth > IR_MAX_DEPTH) return;
    plan so_far = *pl; /* a definition sees those before it */
    for (size_t i = 0; i < pl->definition_count; i++) {
        so_far.definition_count = i;
        printer p = {.out = out, .scope = {.plan = &so_far, .schema = plan_schema(pl)}};
        print_name(out, pl->definitions[i].name);
        text_put_cstring(out, " = ");
        print_expr(&p, pl->definitions[i].value);
        text_put_char(out, '\n');
    }
    for (size_t i = 0; i < pl->stage_count; i++) print_stage(out, pl, i, depth);
    if (pl->alert) print_alert(out, pl);
}

void ir_print_plan(text *out, const plan *p) { print_plan(out, p, 0); }
