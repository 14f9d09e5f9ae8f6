/* The stages of the text form, one function each; the grammar of each stands over it and in docs/ir.md. */
#include "ir/parse.h"

static pk_str empty(void) { return (pk_str){"", 0}; }

/* ---- stages by name ---- */

stage *find_stage(const plan *p, pk_str name)
{
    for (size_t i = 0; i < p->stage_count; i++)
        if (str_equal(p->stages[i]->name, name)) return p->stages[i];
    return NULL;
}

stage *parse_stage_ref(parser *p)
{
    token t = p->at;
    pk_str name = parse_name(p, "the name of a stage");
    if (p->failed) return NULL;
    stage *s = find_stage(p->plan, name);
    if (!s)
        parse_error(p, &t, "a stage must stand above those that read it", "no stage '" STR_FMT "' so far",
                    STR_ARG(name));
    return s;
}

static void add_input(parser *p, stage *s, stage *input)
{
    stage **inputs = ARENA_ARRAY(p->arena, stage *, s->input_count + 1);
    for (size_t i = 0; i < s->input_count; i++) inputs[i] = s->inputs[i];
    inputs[s->input_count++] = input;
    s->inputs = inputs;
}

static void parse_input(parser *p, stage *s) { add_input(p, s, parse_stage_ref(p)); }

static expr *parse_clause(parser *p, const char *word) { return accept_word(p, word) ? parse_expr(p) : NULL; }

/* ---- keys and columns ---- */

typedef VEC(ir_key) key_list;
typedef VEC(ir_column) column_list;

/* `name =`, moved over; false: none. */
bool accept_name_equals(parser *p, pk_str *name)
{
    bool star = at_punct(p, "*");
    if (!star && (p->at.kind != TOKEN_NAME || at_keyword(p))) return false;
    if (p->next.kind != TOKEN_PUNCT || !str_equal(p->next.text, STR("="))) return false;
    *name = p->at.text;
    advance(p);
    advance(p);
    return true;
}

/* '(' 'missing' word [constant] ',' 'many' word ')' */
static void parse_key_flags(parser *p, ir_key *k)
{
    int i;
    do {
        if (accept_word(p, "missing")) {
            if ((i = accept_one_of(p, key_missing_words)) < 0) parse_expected(p, "skip, pass, group, zero or fill");
            else k->missing = (key_missing)i;
            if (k->missing == KEY_FILL && !p->failed) k->fill = parse_literal(p);
        } else {
            accept_word(p, "many");
            if ((i = accept_one_of(p, many_words)) < 0) parse_expected(p, "missing or many");
            else k->many = (many_policy)i;
        }
    } while (!p->failed && accept_punct(p, ","));
    expect_punct(p, ")");
}

static ir_key parse_key(parser *p)
{
    ir_key k = {.name = empty()};
    bool named = accept_name_equals(p, &k.name);
    k.value = parse_expr(p);
    if (!named) k.name = implied_name(k.value);
    if (accept_punct(p, "(")) parse_key_flags(p, &k);
    return k;
}

void parse_keys(parser *p, ir_key **keys, size_t *count)
{
    key_list list = {0};
    do vec_push_in(p->arena, &list, parse_key(p));
    while (!p->failed && accept_punct(p, ","));
    *keys = list.at;
    *count = list.len;
}

static ir_column parse_column(parser *p)
{
    ir_column c = {.name = empty()};
    if (accept_word(p, "drop")) {
        if (accept_punct(p, "*")) c.name = STR("*");
        else c.name = parse_name(p, "a column to drop");
        return c;
    }
    if (!accept_name_equals(p, &c.name)) parse_expected(p, "`column = expression` or `drop column`");
    c.value = parse_expr(p);
    return c;
}

static void parse_columns(parser *p, ir_column **columns, size_t *count)
{
    column_list list = {0};
    do vec_push_in(p->arena, &list, parse_column(p));
    while (!p->failed && accept_punct(p, ","));
    *columns = list.at;
    *count = list.len;
}

static int64_t parse_at_most(parser *p)
{
    if (!accept_word(p, "at")) return 0;
    expect_word(p, "most");
    return parse_count(p);
}

/* ---- match, context, rule, alerts ---- */

static bool at_source(const parser *p)
{
    if (at_punct(p, "*")) return true;
    return p->at.kind == TOKEN_NAME && !at_keyword(p) &&
           !(p->next.kind == TOKEN_PUNCT && str_equal(p->next.text, STR("=")));
}

static pk_str parse_source_part(parser *p)
{
    if (accept_punct(p, "*")) return empty();
    return parse_name(p, "a product, category or service, or *");
}

static log_source parse_source(parser *p)
{
    log_source s = {empty(), empty(), empty()};
    s.product = parse_source_part(p);
    if (accept_punct(p, "/")) s.category = parse_source_part(p);
    if (accept_punct(p, "/")) s.service = parse_source_part(p);
    return s;
}

static pk_str parse_schema_clause(parser *p)
{
    if (!accept_punct(p, "@")) return empty();
    return parse_name(p, "the name of a schema");
}

/* An unquoted name with a dot and no '/' is an index, not a product. */
static bool at_bare_index(const parser *p)
{
    bool slash = p->next.kind == TOKEN_PUNCT && str_equal(p->next.text, STR("/"));
    return p->at.kind == TOKEN_NAME && !p->at.quoted && !slash && str_find_char(p->at.text, '.') != STR_NPOS;
}

static void parse_sources(parser *p, stage *s)
{
    VEC(log_source) sources = {0};
    do vec_push_in(p->arena, &sources, parse_source(p));
    while (!p->failed && accept_punct(p, ","));
    s->as.match.sources = sources.at;
    s->as.match.source_count = sources.len;
}

/* [index] [source, ...] [@schema] [where expr] */
static void parse_match(parser *p, stage *s)
{
    s->as.match.index = s->as.match.schema = empty();
    if (p->at.kind == TOKEN_LITERAL) s->as.match.index = parse_string(p, "an index");
    else if (at_source(p) && at_bare_index(p)) s->as.match.index = parse_name(p, "an index");
    if (at_source(p)) parse_sources(p, s);
    s->as.match.schema = parse_schema_clause(p);
    p->scope.schema = s->as.match.schema;
    p->scope.stage_count = 0;
    s->as.match.where = parse_clause(p, "where");
}

/* '(' column, ... ')' [':' '[' literal, ... ']', ...]; a row has a literal for each column */
static void parse_rows(parser *p, stage *s)
{
    VEC(pk_str) columns = {0};
    VEC(value) cells = {0};
    expect_punct(p, "(");
    do vec_push_in(p->arena, &columns, parse_name(p, "a column"));
    while (!p->failed && accept_punct(p, ","));
    expect_punct(p, ")");
    s->as.rows.columns = columns.at;
    s->as.rows.column_count = columns.len;
    if (p->failed || !accept_punct(p, ":")) return;
    do {
        value row = parse_literal(p);
        if (p->failed || row.type != VALUE_LIST || row.as.list.count != columns.len) {
            parse_expected(p, "a list with a value for each column");
            return;
        }
        for (size_t i = 0; i < columns.len; i++) vec_push_in(p->arena, &cells, row.as.list.items[i]);
        s->as.rows.row_count++;
    } while (accept_punct(p, ","));
    s->as.rows.cells = cells.at;
}

static void parse_rule(parser *p, stage *s) { s->as.rule.ref = parse_string(p, "id or name of a rule in quotes"); }

/* ['of' string, ...] [@schema] [where expr] */
static void parse_alerts(parser *p, stage *s)
{
    VEC(pk_str) rules = {0};
    if (accept_word(p, "of")) {
        do vec_push_in(p->arena, &rules, parse_string(p, "id or name of a rule in quotes"));
        while (!p->failed && accept_punct(p, ","));
    }
    s->as.alerts.rules = rules.at;
    s->as.alerts.rule_count = rules.len;
    s->as.alerts.schema = parse_schema_clause(p);
    p->scope.schema = s->as.alerts.schema;
    p->scope.stage_count = 0;
    s->as.alerts.where = parse_clause(p, "where");
}

/* ---- derive, where, expand, for_each, sort, limit ---- */

/* input ['for' 'each' name 'in' pattern ['of' 'frame']] ':' columns */
static void parse_derive(parser *p, stage *s)
{
    parse_input(p, s);
    s->as.derive.loop = s->as.derive.like = empty();
    if (accept_word(p, "for")) {
        expect_word(p, "each");
        s->as.derive.loop = parse_name(p, "a name for the column");
        expect_word(p, "in");
        s->as.derive.like = parse_string(p, "a pattern of column names in quotes");
        s->as.derive.in_frame = accept_word(p, "of");
        if (s->as.derive.in_frame) expect_word(p, "frame");
    }
    expect_punct(p, ":");
    parse_columns(p, &s->as.derive.columns, &s->as.derive.count);
}

static void parse_where(parser *p, stage *s)
{
    parse_input(p, s);
    expect_punct(p, ":");
    s->as.where.where = parse_expr(p);
}

static void parse_expand(parser *p, stage *s)
{
    VEC(ir_field) lists = {0};
    parse_input(p, s);
    expect_word(p, "over");
    do vec_push_in(p->arena, &lists, parse_field(p));
    while (!p->failed && accept_punct(p, ","));
    s->as.expand.lists = lists.at;
    s->as.expand.count = lists.len;
    if (accept_word(p, "missing")) {
        int i = accept_one_of(p, missing_words);
        if (i < 0) parse_expected(p, "null or zero");
        else s->as.expand.empty = (missing_policy)i;
    }
    s->as.expand.at_most = parse_at_most(p);
}

/* input ['at' 'most' n] '{' statements '}': a plan with names of its own */
static void parse_for_each(parser *p, stage *s)
{
    parse_input(p, s);
    s->as.for_each.at_most = parse_at_most(p);
    expect_punct(p, "{");
    if (!enter(p)) return;
    plan *outer = p->plan;
    name_scope scope = p->scope;
    VEC(expr_weight) weights = {p->weights.at, p->weights.len, p->weights.cap};
    memset(&p->weights, 0, sizeof p->weights);
    p->plan = s->as.for_each.body = ARENA_NEW(p->arena, plan);
    parse_statements(p, true);
    p->plan = outer;
    p->scope = scope;
    p->weights.at = weights.at;
    p->weights.len = weights.len;
    p->weights.cap = weights.cap;
    leave(p);
    expect_punct(p, "}");
}

static void parse_sort(parser *p, stage *s)
{
    VEC(expr *) by = {0};
    VEC(bool) down = {0};
    parse_input(p, s);
    expect_word(p, "by");
    do {
        vec_push_in(p->arena, &by, parse_expr(p));
        vec_push_in(p->arena, &down, accept_word(p, "down"));
    } while (!p->failed && accept_punct(p, ","));
    s->as.sort.by = by.at;
    s->as.sort.down = down.at;
    s->as.sort.count = by.len;
}

static void parse_limit(parser *p, stage *s)
{
    parse_input(p, s);
    s->as.limit.rows = parse_count(p);
}

/* ---- aggregate ---- */

static const char *const session_words[] = {"start", "end", "span", "pause", "unfinished", NULL};

static void parse_session(parser *p, ir_window *w)
{
    expect_punct(p, "(");
    do {
        switch (accept_one_of(p, session_words)) {
        case 0: w->start = parse_expr(p); break;
        case 1: w->end = parse_expr(p); break;
        case 2: w->span = parse_duration(p); break;
        case 3: w->pause = parse_duration(p); break;
        case 4:
            w->keep_unfinished = accept_word(p, "keep");
            if (!w->keep_unfinished) expect_word(p, "drop");
            break;
        default: parse_expected(p, "start, end, span, pause or unfinished");
        }
    } while (!p->failed && accept_punct(p, ","));
    expect_punct(p, ")");
}

static void parse_window(parser *p, ir_window *w)
{
    int kind = accept_one_of(p, window_words);
    if (kind <= 0) {
        parse_expected(p, "a kind of window (tumbling, hop, sliding, anchored, around, rows, session)");
        return;
    }
    w->kind = (window_kind)kind;
    if (w->kind == WINDOW_SESSION) {
        parse_session(p, w);
    } else if (w->kind == WINDOW_ROWS) {
        w->rows = parse_count(p);
    } else {
        if (w->kind == WINDOW_AROUND) w->part = parse_name(p, "a part");
        w->span = parse_duration(p);
        if (accept_word(p, "step")) w->step = parse_duration(p);
    }
}

/* name '=' function '(' args [';' number] ')' ['nulls'] ['at' 'most' n] ['if' expr] */
static ir_aggregate_function parse_function(parser *p)
{
    ir_aggregate_function f = {.name = empty(), .function = empty()};
    VEC(expr *) args = {0};
    if (!accept_name_equals(p, &f.name)) parse_expected(p, "`column = function(...)`");
    f.function = parse_name(p, "an aggregate function");
    expect_punct(p, "(");
    while (!p->failed && !at_punct(p, ")") && !at_punct(p, ";")) {
        vec_push_in(p->arena, &args, parse_expr(p));
        if (!accept_punct(p, ",")) break;
    }
    f.args = args.at;
    f.count = args.len;
    if (accept_punct(p, ";")) {
        value v = parse_literal(p);
        if (!value_number(&v, &f.parameter)) parse_expected(p, "a number");
    }
    expect_punct(p, ")");
    f.count_nulls = accept_word(p, "nulls");
    f.at_most = parse_at_most(p);
    f.filter = parse_clause(p, "if");
    return f;
}

/* Does the next statement begin here, `name = stage`? Then there are no functions. */
static bool at_stage_statement(const parser *p)
{
    lexer copy = p->lexer;
    if (p->next.kind != TOKEN_PUNCT || !str_equal(p->next.text, STR("="))) return true;
    token third = lex_next(&copy);
    if (third.kind != TOKEN_NAME || third.quoted) return false;
    for (int i = 0; i < STAGE_KINDS; i++)
        if (str_equal(third.text, str_from(stage_kind_table[i].text))) return true;
    return false;
}

static void parse_functions(parser *p, ir_aggregate_function **out, size_t *count)
{
    VEC(ir_aggregate_function) functions = {0};
    if (at_stage_statement(p)) return;
    do vec_push_in(p->arena, &functions, parse_function(p));
    while (!p->failed && accept_punct(p, ","));
    *out = functions.at;
    *count = functions.len;
}

/* input ['by' keys] ['keep' 'rows' | 'running'] ['window' ...] ['order' 'down'] ':' functions ['having' expr] ['then'
 * word] */
static void parse_aggregate(parser *p, stage *s)
{
    parse_input(p, s);
    if (accept_word(p, "by")) parse_keys(p, &s->as.aggregate.keys, &s->as.aggregate.key_count);
    if (accept_word(p, "keep")) {
        expect_word(p, "rows");
        s->as.aggregate.output = OUTPUT_KEEP_ROWS;
    } else if (accept_word(p, "running")) {
        s->as.aggregate.output = OUTPUT_RUNNING;
    }
    s->as.aggregate.window.part = empty();
    if (accept_word(p, "window")) parse_window(p, &s->as.aggregate.window);
    if (accept_word(p, "order")) {
        accept_word(p, "time");
        s->as.aggregate.order_down = accept_word(p, "down");
        if (!s->as.aggregate.order_down) parse_expected(p, "'down'");
    }
    expect_punct(p, ":");
    parse_functions(p, &s->as.aggregate.functions, &s->as.aggregate.function_count);
    s->as.aggregate.having = parse_clause(p, "having");
    accept_punct(p, ",");
    if (!accept_word(p, "then")) return;
    if (accept_word(p, "clear")) s->as.aggregate.after = AFTER_CLEAR;
    else if (accept_word(p, "quiet")) s->as.aggregate.after = AFTER_QUIET;
    else parse_expected(p, "clear or quiet");
}

/* input ['by' keys] 'every' duration ('over' | 'since') duration ':' functions ['having' expr] */
static void parse_history(parser *p, stage *s)
{
    parse_input(p, s);
    if (accept_word(p, "by")) parse_keys(p, &s->as.history.keys, &s->as.history.key_count);
    expect_word(p, "every");
    s->as.history.every = parse_duration(p);
    s->as.history.since = accept_word(p, "since");
    if (!s->as.history.since) expect_word(p, "over");
    s->as.history.over = parse_duration(p);
    expect_punct(p, ":");
    parse_functions(p, &s->as.history.functions, &s->as.history.function_count);
    s->as.history.having = parse_clause(p, "having");
}

/* ---- sequence, sample ---- */

/* ['absent'] stage ['runs' n] ['by' key | 'by' '(' keys ')'] */
static ir_step parse_step(parser *p)
{
    ir_step step = {.runs = 1};
    step.absent = accept_word(p, "absent");
    step.input = parse_stage_ref(p);
    if (accept_word(p, "runs")) {
        int64_t n = parse_count(p);
        if (n > UINT32_MAX) parse_error(p, &p->at, NULL, "too many runs");
        step.runs = (uint32_t)n;
    }
    if (!accept_word(p, "by")) return step;
    if (accept_punct(p, "(")) {
        parse_keys(p, &step.keys, &step.key_count);
        expect_punct(p, ")");
    } else {
        step.keys = ARENA_NEW(p->arena, ir_key);
        step.keys[0] = parse_key(p);
        step.key_count = 1;
    }
    return step;
}

static void parse_sequence(parser *p, stage *s)
{
    VEC(ir_step) steps = {0};
    if (accept_word(p, "by")) parse_keys(p, &s->as.sequence.keys, &s->as.sequence.key_count);
    if (accept_word(p, "span")) s->as.sequence.span = parse_duration(p);
    if (accept_word(p, "keep")) {
        s->as.sequence.keep_all = accept_word(p, "all");
        if (!s->as.sequence.keep_all) expect_word(p, "latest");
    }
    expect_word(p, "steps");
    do {
        ir_step step = parse_step(p);
        vec_push_in(p->arena, &steps, step);
        add_input(p, s, step.input);
    } while (!p->failed && accept_punct(p, ","));
    s->as.sequence.steps = steps.at;
    s->as.sequence.step_count = steps.len;
    if (!accept_word(p, "until")) return;
    s->as.sequence.until = parse_stage_ref(p);
    add_input(p, s, s->as.sequence.until);
}

/* ---- join, lookup, union ---- */

/* name ':' operand ('=' operand)* ['(' 'missing' word ')'] */
static ir_join_key parse_join_key(parser *p)
{
    ir_join_key k = {0};
    VEC(expr *) sides = {0};
    k.name = parse_name(p, "a name for the key");
    expect_punct(p, ":");
    do vec_push_in(p->arena, &sides, parse_side(p));
    while (!p->failed && accept_punct(p, "="));
    k.sides = sides.at;
    k.count = sides.len;
    if (!accept_punct(p, "(")) return k;
    expect_word(p, "missing");
    int i = accept_one_of(p, key_missing_words);
    if (i < 0 || i == KEY_FILL) parse_expected(p, "skip, pass, group or zero");
    else k.missing = (key_missing)i;
    expect_punct(p, ")");
    return k;
}

static void parse_lookup_columns(parser *p, stage *s)
{
    if (!accept_word(p, "add")) return;
    if (accept_word(p, "list")) {
        s->as.join.list = parse_name(p, "a column for the list");
        if (!accept_punct(p, ",")) return;
    }
    parse_columns(p, &s->as.join.columns, &s->as.join.column_count);
}

/* inputs [kind] ['on' keys] ['within' duration] ['where' expr] ['add' columns] */
static void parse_join(parser *p, stage *s)
{
    s->as.join.list = empty();
    do parse_input(p, s);
    while (!p->failed && accept_punct(p, ","));
    int kind = accept_one_of(p, join_words);
    if (kind >= 0) s->as.join.kind = (join_kind)kind;
    if (accept_word(p, "on")) {
        VEC(ir_join_key) keys = {0};
        do vec_push_in(p->arena, &keys, parse_join_key(p));
        while (!p->failed && accept_punct(p, ","));
        s->as.join.keys = keys.at;
        s->as.join.key_count = keys.len;
    }
    if (accept_word(p, "within")) s->as.join.within = parse_duration(p);
    s->as.join.where = parse_clause(p, "where");
    parse_lookup_columns(p, s);
}

/* stage ['as' name] ['with' '(' columns ')' | 'with' column] */
static ir_union_input parse_union_input(parser *p)
{
    ir_union_input in = {.alias = empty()};
    in.input = parse_stage_ref(p);
    if (accept_word(p, "as")) in.alias = parse_name(p, "an alias");
    if (!accept_word(p, "with")) return in;
    if (accept_punct(p, "(")) {
        parse_columns(p, &in.columns, &in.column_count);
        expect_punct(p, ")");
    } else {
        in.columns = ARENA_NEW(p->arena, ir_column);
        in.columns[0] = parse_column(p);
        in.column_count = 1;
    }
    return in;
}

static void parse_union(parser *p, stage *s)
{
    VEC(ir_union_input) inputs = {0};
    do {
        ir_union_input in = parse_union_input(p);
        vec_push_in(p->arena, &inputs, in);
        add_input(p, s, in.input);
    } while (!p->failed && accept_punct(p, ","));
    s->as.union_of.inputs = inputs.at;
    s->as.union_of.count = inputs.len;
}

/* ---- the rest ---- */

static void parse_new_terms(parser *p, stage *s)
{
    parse_input(p, s);
    expect_word(p, "by");
    parse_keys(p, &s->as.new_terms.keys, &s->as.new_terms.key_count);
    expect_word(p, "history");
    s->as.new_terms.history = parse_duration(p);
    s->as.new_terms.warm_up = accept_word(p, "warm_up");
}

static void parse_dedup(parser *p, stage *s)
{
    parse_input(p, s);
    if (accept_word(p, "by")) parse_keys(p, &s->as.dedup.keys, &s->as.dedup.key_count);
}

static void parse_frame(parser *p, stage *s)
{
    s->as.frame.time_else = (ir_field){.part = empty(), .schema = empty(), .path = empty()};
    expect_word(p, "every");
    s->as.frame.every = parse_duration(p);
    expect_word(p, "over");
    s->as.frame.over = parse_duration(p);
    expect_word(p, "on");
    s->as.frame.time = parse_field(p);
    if (accept_word(p, "else")) s->as.frame.time_else = parse_field(p);
}

static void parse_unsupported(parser *p, stage *s)
{
    if (p->at.kind == TOKEN_NAME) parse_input(p, s);
    s->as.unsupported.text = parse_string(p, "the text in quotes");
    expect_word(p, "because");
    s->as.unsupported.reason = parse_string(p, "the reason in quotes");
}

void parse_body(parser *p, stage *s)
{
    switch (s->kind) {
    case STAGE_MATCH: case STAGE_CONTEXT: parse_match(p, s); break;
    case STAGE_ROWS: parse_rows(p, s); break;
    case STAGE_RULE: parse_rule(p, s); break;
    case STAGE_ALERTS: parse_alerts(p, s); break;
    case STAGE_DERIVE: parse_derive(p, s); break;
    case STAGE_EXPAND: parse_expand(p, s); break;
    case STAGE_FOR_EACH: parse_for_each(p, s); break;
    case STAGE_WHERE: parse_where(p, s); break;
    case STAGE_AGGREGATE: parse_aggregate(p, s); break;
    case STAGE_HISTORY: parse_history(p, s); break;
    case STAGE_SEQUENCE: case STAGE_SAMPLE: parse_sequence(p, s); break;
    case STAGE_JOIN: case STAGE_LOOKUP: parse_join(p, s); break;
    case STAGE_NEW_TERMS: parse_new_terms(p, s); break;
    case STAGE_SORT: parse_sort(p, s); break;
    case STAGE_DEDUP: parse_dedup(p, s); break;
    case STAGE_LIMIT: parse_limit(p, s); break;
    case STAGE_UNION: parse_union(p, s); break;
    case STAGE_FRAME: parse_frame(p, s); break;
    case STAGE_UNSUPPORTED: parse_unsupported(p, s); break;
    case STAGE_KINDS: break;
    }
}
