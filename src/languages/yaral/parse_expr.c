/*
 * Expressions, by recursive descent. One grammar reads truths and values, and what stands where is checked when a node is
 * made; so `(` needs no second try, whether comparisons or a sum stand within.
 *
 *     or      = and { "or" and }          and = not { "and" not }          not = ( "not" | "!" ) not | compare
 *     compare = sum [ relop sum | [ "not" ] "in" [ "regex" | "cidr" ] list | "is" [ "not" ] "null" ] [ "nocase" ]
 *     sum     = product { ( "+" | "-" ) product }        product = unary { ( "*" | "/" | "%" ) unary }
 *     unary   = "-" unary | primary
 *
 * A statement ends where the next token can't go on, so that lines below each other need no sign between them and bind weaker
 * than `or`.
 */
#include "languages/yaral/parse.h"

typedef VEC(yaral_node *) node_list;

static yaral_node *parse_or(parser *p);
static yaral_node *parse_sum(parser *p);
static yaral_node *parse_unary(parser *p);

/* ---- nodes ---- */

yaral_node *parser_node(parser *p, yaral_kind kind, span at, yaral_node **args, size_t count)
{
    unsigned height = 0;
    for (size_t i = 0; i < count; i++)
        if (args[i]->height > height) height = args[i]->height;
    if (height >= YARAL_MAX_DEPTH) return parser_error(p, at, NULL, "this is nested more than %d deep", YARAL_MAX_DEPTH);
    yaral_node *n = ARENA_NEW(p->arena, yaral_node);
    *n = (yaral_node){.kind = kind, .span = at, .args = args, .count = count, .height = (uint16_t)(height + 1)};
    return n;
}

static yaral_node *make_binary(parser *p, yaral_kind kind, span at, yaral_node *x, yaral_node *y)
{
    yaral_node **args = ARENA_ARRAY(p->arena, yaral_node *, 2);
    args[0] = x;
    args[1] = y;
    return parser_node(p, kind, at, args, y ? 2 : 1);
}

static bool is_truth(const yaral_node *n)
{
    switch (n->kind) {
    case YARAL_COMPARE: case YARAL_IN: case YARAL_IS_NULL: case YARAL_AND: case YARAL_OR: case YARAL_NOT: return true;
    default: return false;
    }
}

/* May stand alone where a truth is asked for: what the checker knows more about are calls and, in conditions, variables. */
static bool may_be_truth(const yaral_node *n)
{
    return is_truth(n) || n->kind == YARAL_CALL || n->kind == YARAL_VARIABLE || n->kind == YARAL_BOOL;
}

static yaral_node *want_value(parser *p, yaral_node *n, const char *where)
{
    if (!n || !is_truth(n)) return n;
    return parser_error(p, n->span, NULL, "a value must stand %s, and this is a comparison", where);
}

static yaral_node *want_operand(parser *p, yaral_node *n, const char *where)
{
    n = want_value(p, n, where);
    if (!n || n->kind != YARAL_REGEX) return n;
    return parser_error(p, n->span, "a regular expression stands on the right of = or !=, or as an argument",
                        "a value must stand %s, and this is a regular expression", where);
}

/* The name of a section whose colon is missing. */
static bool is_section_name(const yaral_node *n)
{
    return n->kind == YARAL_FIELD && !n->as.field.variable.len && n->as.field.segment_count == 1 && parser_section_named(n->as.field.segments[0].text);
}

static yaral_node *want_truth(parser *p, yaral_node *n)
{
    if (!n || may_be_truth(n)) return n;
    if (parser_token(p)->kind == TOKEN_BAD) return parser_expected(p, "a comparison", NULL);
    if (is_section_name(n)) return parser_error(p, n->span, NULL, "expected ':' behind '" STR_FMT "'", STR_ARG(n->as.field.segments[0].text));
    const char *hint = n->kind == YARAL_COUNT ? "compare it with a number, as in #e > 5" : "compare it with something, as in $e.field = \"text\"";
    return parser_error(p, n->span, hint, "a comparison must stand here, and this is a value");
}

/* ---- words ---- */

static bool at_word(const parser *p, const char *word) { return yaral_is_word(parser_token(p), word); }

static bool take_word(parser *p, const char *word)
{
    if (!at_word(p, word)) return false;
    parser_next(p);
    return true;
}

static bool is_reserved(const token *t)
{
    static const char *const words[] = {"and", "or", "not", "in", "is", "nocase"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (yaral_is_word(t, words[i])) return true;
    return false;
}

static void spread_nocase(yaral_node *n)
{
    if (n->kind == YARAL_COMPARE || n->kind == YARAL_IN || n->kind == YARAL_CALL) n->nocase = true;
    if (n->kind != YARAL_AND && n->kind != YARAL_OR && n->kind != YARAL_NOT) return;
    for (size_t i = 0; i < n->count; i++) spread_nocase(n->args[i]);
}

static yaral_node *with_nocase(parser *p, yaral_node *n)
{
    if (!n || !take_word(p, "nocase")) return n;
    n->span = span_to_here(p, n->span);
    spread_nocase(n);
    return n;
}

/* ---- fields ---- */

typedef VEC(yaral_segment) segment_list;

static bool parse_index(parser *p, yaral_segment *out)
{
    const token *open = parser_token(p);
    parser_next(p);
    const token *t = parser_token(p);
    *out = (yaral_segment){.kind = YARAL_SEGMENT_INDEX, .text = STR(""), .span = open->span};
    if (t->kind == TOKEN_STRING || t->kind == TOKEN_RAW_STRING) {
        out->kind = YARAL_SEGMENT_KEY;
        out->text = t->text;
    } else if (t->kind != TOKEN_NUMBER || !str_to_int(t->text, false, &out->index)) {
        parser_expected(p, "an index or the key of a map, in quotes", t->kind == TOKEN_VARIABLE ? "only a literal may stand here" : NULL);
        return false;
    }
    parser_next(p);
    if (!parser_take(p, TOKEN_CLOSE_INDEX)) {
        parser_expected(p, "']'", NULL);
        return false;
    }
    out->span = span_to_here(p, open->span);
    return true;
}

enum { MAX_PATH = 40 };                /* parts; the deepest paths of the data model have half as many */

/* { "." ident | "[" index "]" } */
static bool parse_path(parser *p, segment_list *out)
{
    while (parser_token(p)->kind == TOKEN_DOT || parser_token(p)->kind == TOKEN_OPEN_INDEX) {
        yaral_segment s = {.kind = YARAL_SEGMENT_NAME};
        if (parser_token(p)->kind == TOKEN_OPEN_INDEX) {
            if (!parse_index(p, &s)) return false;
        } else {
            parser_next(p);
            const token *t = parser_token(p);
            if (t->kind != TOKEN_IDENT) {
                parser_expected(p, "the name of a field behind '.'", NULL);
                return false;
            }
            s.text = t->text;
            s.span = t->span;
            parser_next(p);
        }
        if (out->len >= MAX_PATH) {
            parser_error(p, s.span, NULL, "a path of more than %d parts", MAX_PATH);
            return false;
        }
        vec_push_in(p->arena, out, s);
    }
    return true;
}

/* Takes the source off the front of a path: graph. detection. udm. */
static void read_source(yaral_node *n, segment_list *path)
{
    const yaral_segment *first = path->len > 1 && path->at[0].kind == YARAL_SEGMENT_NAME ? &path->at[0] : NULL;
    size_t drop = 0;
    n->as.field.source = YARAL_EVENTS;
    if (first && path->at[1].kind == YARAL_SEGMENT_NAME) {
        if (str_equal(first->text, STR("graph"))) n->as.field.source = YARAL_ENTITIES, drop = 1;
        else if (str_equal(first->text, STR("udm"))) n->as.field.prefixed = true, drop = 1;
        else if (str_equal(first->text, STR("detection"))) n->as.field.source = YARAL_DETECTIONS;
    }
    n->as.field.segments = path->at + drop;
    n->as.field.segment_count = path->len - drop;
}

static yaral_node *make_field(parser *p, span from, pk_str variable, segment_list *path)
{
    yaral_node *n = parser_node(p, YARAL_FIELD, span_to_here(p, from), NULL, 0);
    n->as.field.variable = variable;
    n->as.field.index = YARAL_NONE;
    read_source(n, path);
    return n;
}

/* $name, $name.path */
static yaral_node *parse_variable(parser *p)
{
    const token *t = parser_token(p);
    segment_list path = {0};
    parser_next(p);
    if (!parse_path(p, &path)) return NULL;
    if (path.len) return make_field(p, t->span, t->text, &path);
    yaral_node *n = parser_node(p, YARAL_VARIABLE, t->span, NULL, 0);
    n->as.variable.name = t->text;
    n->as.variable.index = YARAL_NONE;
    return n;
}

/* any $e.field, all $e.field */
static yaral_node *parse_quantified(parser *p, yaral_quantifier quantifier)
{
    const token *word = parser_token(p);
    parser_next(p);
    yaral_node *n = parse_unary(p);
    if (!n) return NULL;
    if (n->kind != YARAL_FIELD || n->as.field.quantifier != YARAL_PLAIN)
        return parser_error(p, n->span, NULL, "a field must stand behind '" STR_FMT "'", STR_ARG(word->text));
    n->as.field.quantifier = quantifier;
    n->span = span_to_here(p, word->span);
    return n;
}

/* ---- calls ---- */

/* The name of a call or of a named argument begins here: how many tokens ident { "." ident } takes. */
static size_t dotted_length(const parser *p)
{
    size_t n = 1;
    while (parser_ahead(p, n)->kind == TOKEN_DOT && parser_ahead(p, n + 1)->kind == TOKEN_IDENT && n < 2 * MAX_PATH) n += 2;
    return n;
}

static pk_str take_dotted(parser *p, size_t tokens, bool lower)
{
    text name = {0};
    for (size_t i = 0; i < tokens; i++, parser_next(p))
        text_put(&name, parser_token(p)->kind == TOKEN_DOT ? STR(".") : parser_token(p)->text);
    for (size_t i = 0; lower && i < name.len; i++)
        if (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z') name.ptr[i] = (char)(name.ptr[i] | 0x20);
    pk_str kept = arena_str(p->texts, text_view(&name));
    text_free(&name);
    return kept;
}

/* value | duration | word | "*" */
static yaral_node *parse_argument_value(parser *p)
{
    const token *t = parser_token(p);
    if (t->kind == TOKEN_STAR) {
        parser_next(p);
        return parser_node(p, YARAL_STAR, t->span, NULL, 0);
    }
    yaral_node *n = parse_sum(p);
    if (!n || n->kind != YARAL_FIELD || n->as.field.variable.len || n->as.field.segment_count != 1 || n->as.field.quantifier != YARAL_PLAIN) return n;
    pk_str word = n->as.field.segments[0].text;
    n = parser_node(p, YARAL_WORD, n->span, NULL, 0);
    n->as.word = word;
    return n;
}

/* Bare names in a filter are those of measures. */
static bool name_measures(yaral_node *n, void *user)
{
    (void)user;
    bool name = n->kind == YARAL_FIELD && !n->as.field.variable.len && n->as.field.segment_count == 1 && n->as.field.quantifier == YARAL_PLAIN;
    if (!name) return true;
    pk_str word = n->as.field.segments[0].text;
    n->kind = YARAL_WORD;
    n->as.word = word;
    return true;
}

static yaral_node *parse_filter(parser *p)
{
    yaral_node *n = want_truth(p, parse_or(p));
    if (n) yaral_walk(n, name_measures, NULL);
    return n;
}

/* name ":" value */
static yaral_node *parse_named_argument(parser *p, size_t name_tokens)
{
    span from = parser_token(p)->span;
    pk_str name = take_dotted(p, name_tokens, false);
    parser_next(p); /* the colon */
    bool filter = str_equal_ascii_fold(name, STR("filter"));
    yaral_node *value = filter ? parse_filter(p) : want_operand(p, parse_argument_value(p), "behind the name of an argument");
    if (!value) return NULL;
    yaral_node *n = make_binary(p, YARAL_ARGUMENT, span_to_here(p, from), value, NULL);
    if (n) n->as.argument.name = name;
    return n;
}

static yaral_node *parse_argument(parser *p)
{
    if (parser_token(p)->kind == TOKEN_IDENT && parser_ahead(p, dotted_length(p))->kind == TOKEN_COLON) return parse_named_argument(p, dotted_length(p));
    return parse_or(p);
}

/* The documentation itself leaves one out between named arguments. */
static bool forgets_comma(parser *p, const yaral_node *before)
{
    const token *t = parser_token(p);
    if (before->kind != YARAL_ARGUMENT || t->kind != TOKEN_IDENT || parser_ahead(p, dotted_length(p))->kind != TOKEN_COLON) return false;
    parser_warn(p, "yaral-call", t->span, "write one", "a comma is missing before this argument");
    return true;
}

/* [ argument { "," argument } ] up to `close`, which is taken. */
static bool parse_arguments(parser *p, const token *open, token_kind close, node_list *out)
{
    if (parser_take(p, close)) return true;
    do {
        yaral_node *n = parse_argument(p);
        if (!n) return false;
        vec_push_in(p->arena, out, n);
    } while (parser_take(p, TOKEN_COMMA) || forgets_comma(p, out->at[out->len - 1]));
    if (parser_take(p, close)) return true;
    if (close == TOKEN_CLOSE)
        parser_error(p, parser_token(p)->span, NULL, "expected ',' or ')' for the '(' at %u:%u, found " STR_FMT, open->span.line,
                     open->span.column, STR_ARG(yaral_token_name(p->arena, parser_token(p), p->source)));
    else
        parser_expected(p, "',' or ']'", NULL);
    return false;
}

static yaral_node *parse_call(parser *p, size_t name_tokens)
{
    span from = parser_token(p)->span;
    node_list args = {0};
    pk_str name = take_dotted(p, name_tokens, true);
    const token *open = parser_token(p);
    parser_next(p);
    if (!parse_arguments(p, open, TOKEN_CLOSE, &args)) return NULL;
    yaral_node *n = parser_node(p, YARAL_CALL, span_to_here(p, from), args.at, args.len);
    if (n) n->as.call.name = name;
    return n;
}

/* A name without a mark: a function, a truth, `null`, or a field without variable. The `(` of a call stands on the line of its
 * name, or else lines below each other would be read as one. */
static yaral_node *parse_name(parser *p)
{
    const token *t = parser_token(p);
    size_t name = dotted_length(p);
    const token *behind = parser_ahead(p, name);
    if (behind->kind == TOKEN_OPEN && behind->span.line == parser_ahead(p, name - 1)->span.line) return parse_call(p, name);
    if (name == 1 && (yaral_is_word(t, "any") || yaral_is_word(t, "all")) && (behind->kind == TOKEN_VARIABLE || behind->kind == TOKEN_IDENT))
        return parse_quantified(p, yaral_is_word(t, "any") ? YARAL_ANY : YARAL_ALL);
    if (name == 1 && (yaral_is_word(t, "true") || yaral_is_word(t, "false") || yaral_is_word(t, "null"))) return parse_plain_value(p);
    segment_list path = {0};
    vec_push_in(p->arena, &path, ((yaral_segment){.kind = YARAL_SEGMENT_NAME, .text = t->text, .span = t->span}));
    parser_next(p);
    return parse_path(p, &path) ? make_field(p, t->span, STR(""), &path) : NULL;
}

/* ---- primaries ---- */

static yaral_node *parse_text_literal(parser *p, const token *t)
{
    if (t->problem) parser_warn(p, "yaral-string", t->span, t->hint, "%s", t->problem);
    yaral_node *n = parser_node(p, YARAL_STRING, t->span, NULL, 0);
    n->as.string.text = t->text;
    n->as.string.raw = t->kind == TOKEN_RAW_STRING;
    return n;
}

static yaral_node *parse_number(parser *p, const token *t)
{
    yaral_node *n = parser_node(p, YARAL_NUMBER, t->span, NULL, 0);
    n->as.number.written = t->text;
    n->as.number.whole = str_to_int(t->text, false, &n->as.number.integer);
    if (!str_to_double(t->text, &n->as.number.real)) n->as.number.real = (double)n->as.number.integer;
    return n;
}

static int64_t unit_of(char c)
{
    switch (c) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    default: return 604800;
    }
}

static yaral_node *parse_duration(parser *p, const token *t)
{
    int64_t n = 0;
    if (!str_to_int(str_slice(t->text, 0, t->text.len - 1), false, &n) || __builtin_mul_overflow(n, unit_of(t->text.ptr[t->text.len - 1]), &n)
        || __builtin_mul_overflow(n, INT64_C(1000000000), &n))
        return parser_error(p, t->span, NULL, "a duration of more than 292 years");
    yaral_node *node = parser_node(p, YARAL_DURATION, t->span, NULL, 0);
    node->as.duration.written = t->text;
    node->as.duration.nanoseconds = n;
    return node;
}

static yaral_node *parse_word(parser *p, const token *t)
{
    yaral_kind kind = yaral_is_word(t, "true") || yaral_is_word(t, "false") ? YARAL_BOOL : yaral_is_word(t, "null") ? YARAL_NULL : YARAL_WORD;
    yaral_node *n = parser_node(p, kind, t->span, NULL, 0);
    if (kind == YARAL_WORD) n->as.word = t->text;
    if (kind == YARAL_BOOL) n->as.truth = yaral_is_word(t, "true");
    return n;
}

yaral_node *parse_plain_value(parser *p)
{
    const token *t = parser_token(p);
    yaral_node *n = NULL;
    switch (t->kind) {
    case TOKEN_STRING: case TOKEN_RAW_STRING: n = parse_text_literal(p, t); break;
    case TOKEN_NUMBER: n = parse_number(p, t); break;
    case TOKEN_DURATION: n = parse_duration(p, t); break;
    case TOKEN_IDENT: n = parse_word(p, t); break;
    default: return NULL;
    }
    if (n) parser_next(p);
    return n;
}

static yaral_node *parse_list(parser *p, const token *t)
{
    yaral_node *n = parser_node(p, YARAL_LIST, t->span, NULL, 0);
    size_t dot = str_find_char(t->text, '.');
    n->as.list.name = str_slice(t->text, 0, dot);
    n->as.list.index = YARAL_NONE;
    n->as.list.column = dot == STR_NPOS ? STR("") : str_slice(t->text, dot + 1, STR_NPOS);
    parser_next(p);
    return n;
}

static yaral_node *parse_marked(parser *p, const token *t, yaral_kind kind)
{
    yaral_node *n = parser_node(p, kind, t->span, NULL, 0);
    if (kind == YARAL_REGEX) n->as.regex.pattern = t->text;
    else n->as.variable.name = t->text, n->as.variable.index = YARAL_NONE;
    parser_next(p);
    return n;
}

static yaral_node *parse_array(parser *p, const token *open)
{
    node_list items = {0};
    parser_next(p);
    if (!parse_arguments(p, open, TOKEN_CLOSE_INDEX, &items)) return NULL;
    for (size_t i = 0; i < items.len; i++) {
        if (!want_value(p, items.at[i], "in a list")) return NULL;
        if (items.at[i]->kind == YARAL_ARGUMENT) return parser_error(p, items.at[i]->span, NULL, "a named argument stands in a call only");
    }
    return parser_node(p, YARAL_ARRAY, span_to_here(p, open->span), items.at, items.len);
}

/* "(" or ")" [ "nocase" ]: leaves no node, but its place is that of what it holds. */
static yaral_node *parse_group(parser *p, const token *open)
{
    parser_next(p);
    yaral_node *n = parse_or(p);
    if (!n) return NULL;
    if (!parser_take(p, TOKEN_CLOSE))
        return parser_error(p, parser_token(p)->span, NULL, "expected ')' for the '(' at %u:%u, found " STR_FMT, open->span.line,
                            open->span.column, STR_ARG(yaral_token_name(p->arena, parser_token(p), p->source)));
    n->span = span_to_here(p, open->span);
    if (n->kind == YARAL_REGEX) return parser_error(p, n->span, NULL, "a regular expression stands without parentheses");
    return is_truth(n) || n->kind == YARAL_CALL ? with_nocase(p, n) : n;
}

static yaral_node *parse_primary(parser *p)
{
    const token *t = parser_token(p);
    switch (t->kind) {
    case TOKEN_VARIABLE: return parse_variable(p);
    case TOKEN_COUNT: return parse_marked(p, t, YARAL_COUNT);
    case TOKEN_REGEX: return parse_marked(p, t, YARAL_REGEX);
    case TOKEN_LIST: return parse_list(p, t);
    case TOKEN_NUMBER: case TOKEN_STRING: case TOKEN_RAW_STRING: case TOKEN_DURATION: return parse_plain_value(p);
    case TOKEN_OPEN: return parse_group(p, t);
    case TOKEN_OPEN_INDEX: return parse_array(p, t);
    case TOKEN_IDENT: {
        yaral_section section;
        if (is_reserved(t) || parser_is_section(p, &section)) break;
        return parser_ahead(p, 1)->kind == TOKEN_COLON ? parser_unknown_section(p) : parse_name(p);
    }
    case TOKEN_SLASH: return parser_expected(p, "a field, a variable, a function or a value", "a regular expression stands on the right of = or !=");
    default: break;
    }
    return parser_expected(p, "a field, a variable, a function or a value", NULL);
}

/* ---- arithmetic ---- */

static yaral_node *parse_nested(parser *p, yaral_node *(*parse)(parser *))
{
    if (p->depth >= YARAL_MAX_DEPTH) return parser_error(p, parser_token(p)->span, NULL, "this is nested more than %d deep", YARAL_MAX_DEPTH);
    p->depth++;
    yaral_node *n = parse(p);
    p->depth--;
    return n;
}

static yaral_node *parse_unary(parser *p)
{
    const token *t = parser_token(p);
    if (t->kind != TOKEN_MINUS) return parse_nested(p, parse_primary);
    parser_next(p);
    yaral_node *n = want_operand(p, parse_nested(p, parse_unary), "behind '-'");
    return n ? make_binary(p, YARAL_NEGATE, span_to_here(p, t->span), n, NULL) : NULL;
}

static char operator_at(const parser *p, bool product)
{
    switch (parser_token(p)->kind) {
    case TOKEN_PLUS: return product ? 0 : '+';
    case TOKEN_MINUS: return product ? 0 : '-';
    case TOKEN_STAR: return product ? '*' : 0;
    case TOKEN_SLASH: return product ? '/' : 0;
    case TOKEN_PERCENT: return product ? '%' : 0;
    default: return 0;
    }
}

/* operand { operator operand }, from the left. */
static yaral_node *parse_chain(parser *p, bool product)
{
    yaral_node *n = product ? parse_unary(p) : parse_chain(p, true);
    for (char op; n && (op = operator_at(p, product)) != 0;) {
        if (op == '-' && is_truth(n)) break; /* a statement in parentheses, and the next begins with a sign */
        parser_next(p);
        if (!want_operand(p, n, "in arithmetic")) return NULL;
        yaral_node *right = want_operand(p, product ? parse_unary(p) : parse_chain(p, true), "in arithmetic");
        if (!right) return NULL;
        n = make_binary(p, YARAL_ARITHMETIC, span_to_here(p, n->span), n, right);
        if (n) n->as.arithmetic = op;
    }
    return n;
}

static yaral_node *parse_sum(parser *p) { return parse_chain(p, false); }

/* ---- comparisons ---- */

static bool relation_at(const parser *p, yaral_compare *out)
{
    static const token_kind tokens[] = {TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        if (parser_token(p)->kind != tokens[i]) continue;
        *out = (yaral_compare)i;
        return true;
    }
    return false;
}

static yaral_node *parse_relation(parser *p, yaral_node *left, yaral_compare op)
{
    yaral_compare again;
    const token *sign = parser_token(p);
    if (!want_operand(p, left, "on the left of a comparison")) return NULL;
    parser_next(p);
    yaral_node *right = want_value(p, parse_sum(p), "on the right of a comparison");
    if (!right) return NULL;
    if (right->kind == YARAL_REGEX && op != YARAL_EQ && op != YARAL_NE)
        return parser_error(p, sign->span, NULL, "a regular expression is compared with = or != only");
    if (relation_at(p, &again))
        return parser_error(p, parser_token(p)->span, "write two comparisons, joined by 'and'", "comparisons can't be chained");
    yaral_node *n = make_binary(p, YARAL_COMPARE, span_to_here(p, left->span), left, right);
    if (n) n->as.compare = op;
    return with_nocase(p, n);
}

static yaral_node *parse_in(parser *p, yaral_node *left, bool negated)
{
    if (!want_operand(p, left, "before 'in'")) return NULL;
    yaral_in how = take_word(p, "regex") ? YARAL_IN_REGEX : take_word(p, "cidr") ? YARAL_IN_CIDR : YARAL_IN_STRINGS;
    token_kind kind = parser_token(p)->kind;
    if (kind != TOKEN_LIST && kind != TOKEN_OPEN_INDEX)
        return parser_expected(p, "a list behind 'in'", "lists are written %name, columns of data tables %table.column");
    yaral_node *list = parse_nested(p, parse_primary);
    if (!list) return NULL;
    yaral_node *n = make_binary(p, YARAL_IN, span_to_here(p, left->span), left, list);
    if (!n) return NULL;
    n->as.in.how = how;
    n->as.in.negated = negated;
    return with_nocase(p, n);
}

static yaral_node *parse_is_null(parser *p, yaral_node *left)
{
    parser_next(p);
    bool negated = take_word(p, "not");
    if (!want_operand(p, left, "before 'is'")) return NULL;
    if (!take_word(p, "null")) return parser_expected(p, negated ? "'null'" : "'null' or 'not null'", NULL);
    yaral_node *n = make_binary(p, YARAL_IS_NULL, span_to_here(p, left->span), left, NULL);
    if (n) n->as.negated = negated;
    return n;
}

static yaral_node *parse_comparison(parser *p)
{
    yaral_compare op;
    yaral_node *n = parse_sum(p);
    if (!n) return NULL;
    if (relation_at(p, &op)) return parse_relation(p, n, op);
    if (at_word(p, "in")) {
        parser_next(p);
        return parse_in(p, n, false);
    }
    if (at_word(p, "not") && yaral_is_word(parser_ahead(p, 1), "in")) {
        parser_next(p);
        parser_next(p);
        return parse_in(p, n, true);
    }
    if (at_word(p, "is")) return parse_is_null(p, n);
    return n->kind == YARAL_CALL ? with_nocase(p, n) : n;
}

/* ---- and, or, not ---- */

static yaral_node *parse_not(parser *p)
{
    const token *t = parser_token(p);
    if (t->kind != TOKEN_BANG && !yaral_is_word(t, "not")) return parse_comparison(p);
    parser_next(p);
    yaral_node *n = want_truth(p, parse_nested(p, parse_not));
    if (!n) return NULL;
    n = make_binary(p, YARAL_NOT, span_to_here(p, t->span), n, NULL);
    if (n) n->as.bang = t->kind == TOKEN_BANG;
    return n;
}

static yaral_node *parse_joined(parser *p, yaral_kind kind)
{
    const char *word = kind == YARAL_OR ? "or" : "and";
    yaral_node *(*part)(parser *) = parse_not;
    node_list parts = {0};
    span from = parser_token(p)->span;
    do {
        yaral_node *n = kind == YARAL_OR ? parse_joined(p, YARAL_AND) : part(p);
        if (!n) return NULL;
        if (!parts.len && !at_word(p, word)) return n;
        if (!want_truth(p, n)) return NULL;
        vec_push_in(p->arena, &parts, n);
    } while (take_word(p, word));
    return parser_node(p, kind, span_to_here(p, from), parts.at, parts.len);
}

static yaral_node *parse_or(parser *p) { return parse_joined(p, YARAL_OR); }

yaral_node *parse_truth(parser *p, bool condition)
{
    yaral_node *n = want_truth(p, parse_or(p));
    if (n && !condition && n->kind == YARAL_VARIABLE)
        return parser_error(p, n->span, "compare it with a field or a value", "a variable alone says nothing here");
    return n;
}

yaral_node *parse_value(parser *p) { return want_value(p, parse_sum(p), "here"); }

yaral_node *parse_listed_call(parser *p)
{
    const token *name = parser_token(p), *open = parser_ahead(p, 1);
    node_list args = {0};
    parser_next(p);
    parser_next(p);
    if (!parse_arguments(p, open, TOKEN_CLOSE, &args)) return NULL;
    yaral_node *n = parser_node(p, YARAL_CALL, span_to_here(p, name->span), args.at, args.len);
    if (n) n->as.call.name = arena_printf(p->texts, "%%" STR_FMT, STR_ARG(name->text));
    return n;
}
