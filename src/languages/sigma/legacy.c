/*
 * Legacy aggregations, behind a '|' of the condition (Sigma before 2.0):
 *
 *     | count() by field > 10        events for each value of the field within `timeframe`
 *     | count(field) by other > 10   distinct values;  also sum, min, max, avg of a field
 *     | near a and b and not c       events of these kinds within `timeframe` of one that fits the condition
 *
 * Lowered to the same plans as correlations. What has no window, or joins kinds of events in a way that no plan says, is
 * unsupported; the rule stays in the catalogue with its reason.
 */
#include "languages/sigma/sigma.h"

typedef struct {
    sigma_document *document;
    sigma_condition place;        /* for spans of the text */
    pk_str text;
    size_t at;
} reader;

static void skip_blanks(reader *r)
{
    while (r->at < r->text.len && strchr(" \t\r\n", r->text.ptr[r->at])) r->at++;
}

/* The next run of characters outside of " \t\r\n(),<>=!|"; empty: something else stands here. */
static pk_str read_word(reader *r)
{
    skip_blanks(r);
    size_t from = r->at;
    while (r->at < r->text.len && !strchr(" \t\r\n(),<>=!|", r->text.ptr[r->at])) r->at++;
    return str_slice(r->text, from, r->at - from);
}

static bool accept(reader *r, const char *what)
{
    skip_blanks(r);
    if (!str_starts_with(str_slice(r->text, r->at, STR_NPOS), str_from(what))) return false;
    r->at += strlen(what);
    return true;
}

static void unsupported(reader *r, size_t from, const char *why)
{
    span at = sigma_condition_span(&r->place, from, r->text.len);
    sigma_report(r->document, PK_UNSUPPORTED, "sigma-aggregation", at, STR("write it as a correlation rule"),
                 "legacy aggregation: %s", why);
}

static void expected(reader *r, const char *what)
{
    skip_blanks(r);
    sigma_report(r->document, PK_ERROR, "sigma-aggregation", sigma_condition_span(&r->place, r->at, r->at + 1), STR(""),
                 "expected %s in the aggregation", what);
}

static bool read_operator(reader *r, compare_op *op)
{
    static const struct { const char *text; compare_op op; } operators[] = {
        {">=", COMPARE_GE}, {"<=", COMPARE_LE}, {"==", COMPARE_EQ}, {"!=", COMPARE_NE}, {">", COMPARE_GT}, {"<", COMPARE_LT},
        {"=", COMPARE_EQ},
    };
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (accept(r, operators[i].text)) {
            *op = operators[i].op;
            return true;
        }
    return false;
}

/* `timeframe` in nanoseconds; 0 and a diagnostic if it can't be read, or is missing. */
static int64_t read_timeframe(reader *r, const sigma_detection *t, size_t pipe)
{
    pk_str s;
    int64_t duration = 0;
    if (!t->timeframe) {
        unsupported(r, pipe, "there is no 'timeframe', so no window to look at");
        return 0;
    }
    if (!sigma_scalar(r->document, t->timeframe->value, "a duration", &s)) return 0;
    if (duration_parse(s, &duration) && duration > 0) return duration;
    sigma_report(r->document, PK_ERROR, "sigma-timespan", t->timeframe->value->span, STR("write it as 30s, 5m, 1h or 1d"),
                 "'" STR_FMT "' is no duration", STR_ARG(s));
    return 0;
}

static const struct { const char *name, *function; } functions[] = {
    {"count", "count"}, {"sum", "sum"}, {"avg", "mean"}, {"min", "min"}, {"max", "max"},
};

typedef struct { VEC(ir_key) at; } key_list;

/* function '(' [field] ')' ['by' field {',' field}] op number */
static void read_function(reader *r, plan *p, stage *match, size_t index, int64_t timeframe)
{
    arena *a = r->document->arena;
    key_list keys = {0};
    compare_op op;
    int64_t limit;
    if (!accept(r, "(")) { expected(r, "'('"); return; }
    pk_str field = read_word(r);
    if (!accept(r, ")")) { expected(r, "')'"); return; }
    if (!field.len && index > 0) { expected(r, "the name of a field between the parentheses"); return; }
    size_t before = r->at;
    if (str_equal_ascii_fold(read_word(r), STR("by"))) {
        do {
            pk_str key = read_word(r);
            if (!key.len) { expected(r, "the name of a field"); return; }
            vec_push_in(a, &keys.at, sigma_group_key(a, sigma_keep(r->document, key), SIGMA_SCHEMA));
        } while (accept(r, ","));
    } else {
        r->at = before;
    }
    if (!read_operator(r, &op)) { expected(r, "one of > >= < <= =="); return; }
    pk_str number = read_word(r);
    if (!str_to_int(number, false, &limit)) { expected(r, "a number"); return; }
    skip_blanks(r);
    if (r->at < r->text.len) { expected(r, "the end"); return; }

    stage *s = ir_add_stage(a, p, STAGE_AGGREGATE, STR("a"), &match, 1);
    s->span = sigma_condition_span(&r->place, 0, r->text.len);
    s->as.aggregate.keys = keys.at.at;
    s->as.aggregate.key_count = keys.at.len;
    s->as.aggregate.window = (ir_window){.kind = WINDOW_SLIDING, .span = timeframe};
    ir_aggregate_function *f = ARENA_NEW(a, ir_aggregate_function);
    f->name = STR("n");
    f->function = index == 0 && field.len ? STR("count_distinct") : str_from(functions[index].function);
    if (field.len) {
        f->args = ARENA_ARRAY(a, expr *, 1);
        f->args[0] = ir_field_expr(a, SIGMA_SCHEMA, sigma_keep(r->document, field));
        f->count = 1;
    }
    s->as.aggregate.functions = f;
    s->as.aggregate.function_count = 1;
    s->as.aggregate.having = sigma_column_compare(a, f->name, op, value_int(limit));
    sigma_alert_while(p, s);
}

/* ---- near ---- */

/* The names of `a and b and not c`, in order; false if it is anything else. */
static bool flatten_near(const expr *e, const expr **names, bool *negated, size_t *count, size_t room)
{
    if (e->kind == EXPR_AND) {
        for (size_t i = 0; i < e->count; i++)
            if (!flatten_near(e->args[i], names, negated, count, room)) return false;
        return true;
    }
    bool not = e->kind == EXPR_NOT;
    if (not) e = e->args[0];
    if (e->kind != EXPR_NAME || *count == room) return false;
    names[*count] = e;
    negated[(*count)++] = not;
    return true;
}

#define MAX_NEAR 16

/* One match stage for the condition and one for each name, united; in the window each is seen, the negated ones not. */
static void lower_near(reader *r, plan *p, stage *match, const expr **names, const bool *negated, size_t count,
                       int64_t timeframe)
{
    arena *a = r->document->arena;
    stage *inputs[MAX_NEAR + 1] = {match};
    for (size_t i = 0; i < count; i++) {
        stage *s = ir_add_stage(a, p, STAGE_MATCH, arena_printf(a, "e%zu", i + 1), NULL, 0);
        s->as.match = match->as.match;
        s->as.match.where = (expr *)(uintptr_t)names[i];
        s->span = names[i]->span;
        inputs[i + 1] = s;
    }
    stage *u = ir_add_stage(a, p, STAGE_UNION, STR("u"), inputs, count + 1);
    u->as.union_of.inputs = ARENA_ARRAY(a, ir_union_input, count + 1);
    u->as.union_of.count = count + 1;
    stage *s = ir_add_stage(a, p, STAGE_AGGREGATE, STR("a"), &u, 1);
    s->as.aggregate.window = (ir_window){.kind = WINDOW_SLIDING, .span = timeframe};
    s->as.aggregate.functions = ARENA_ARRAY(a, ir_aggregate_function, count + 1);
    s->as.aggregate.function_count = count + 1;
    expr **having = ARENA_ARRAY(a, expr *, count + 1);
    for (size_t i = 0; i <= count; i++) {
        ir_aggregate_function *f = &s->as.aggregate.functions[i];
        u->as.union_of.inputs[i] = (ir_union_input){.input = inputs[i], .alias = inputs[i]->name};
        f->name = arena_printf(a, "n%zu", i);
        f->function = STR("count");
        f->filter = ir_compare(a, sigma_column(a, STR("origin")), COMPARE_EQ,
                               ir_constant_expr(a, value_string(inputs[i]->name)));
        f->filter->as.compare.cased = true;
        having[i] = sigma_column_compare(a, f->name, i && negated[i - 1] ? COMPARE_EQ : COMPARE_GT, value_int(0));
    }
    s->as.aggregate.having = ir_and_all(a, having, count + 1);
    u->span = s->span = sigma_condition_span(&r->place, 0, r->text.len);
    sigma_alert_while(p, s);
}

static void read_near(reader *r, plan *p, stage *match, const sigma_detection *t, size_t pipe, int64_t timeframe)
{
    sigma_condition c = r->place;
    pk_str *names = ARENA_ARRAY(r->document->scratch, pk_str, t->count);
    bool *used = ARENA_ARRAY(r->document->scratch, bool, t->count);
    for (size_t i = 0; i < t->count; i++) names[i] = t->definitions[i].name;
    c.names = names;
    c.count = t->count;
    c.used = used;
    c.what = "identifier";
    c.from = r->at;
    c.to = r->text.len;
    expr *e = sigma_parse_condition(&c);
    if (!e) return;
    for (size_t i = 0; i < t->count; i++)
        if (used[i]) t->definitions[i].unused = false;
    const expr *steps[MAX_NEAR];
    bool negated[MAX_NEAR];
    size_t count = 0;
    if (c.pipe != STR_NPOS || !flatten_near(e, steps, negated, &count, MAX_NEAR)) {
        unsupported(r, pipe, "'near' takes identifiers joined by 'and' and 'and not'");
        return;
    }
    lower_near(r, p, match, steps, negated, count, timeframe);
}

void sigma_read_aggregation(sigma_document *d, plan *p, stage *match, const sigma_detection *t, const yaml_node *condition,
                            size_t pipe)
{
    reader r = {.document = d, .text = condition->text, .at = pipe + 1,
                .place = {.document = d, .node = condition, .places = yaml_scalar_places(d->scratch, d->source, condition)}};
    skip_blanks(&r);
    size_t word_at = r.at;
    pk_str word = read_word(&r);
    bool near = str_equal_ascii_fold(word, STR("near"));
    size_t index = 0, known = sizeof functions / sizeof *functions;
    while (index < known && !str_equal_ascii_fold(word, str_from(functions[index].name))) index++;
    if (!near && index == known) {
        span at = sigma_condition_span(&r.place, word_at, r.at);
        sigma_report(d, PK_ERROR, "sigma-aggregation", at, STR("known are count, sum, avg, min, max, near"),
                     "unknown aggregation '" STR_FMT "'", STR_ARG(word));
        return;
    }
    int64_t timeframe = read_timeframe(&r, t, pipe);
    if (!timeframe) return;
    if (near) read_near(&r, p, match, t, pipe, timeframe);
    else read_function(&r, p, match, index, timeframe);
}
