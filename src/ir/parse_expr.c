/*
 * Expressions of the text form, by recursive descent; a function a production.
 *
 *   expr      := and ('or' and)*              and   := not ('and' not)*         not := 'not' not | predicate
 *   predicate := [quantifier] operand [ 'not'? tests | compare flags operand | 'in' '(' list ')' ] | some
 *   operand   := product (('+'|'-') product)*       product := primary (('*'|'/'|'%') primary)*
 *   primary   := literal | field | call | '(' expr ')'
 */
#include "ir/parse.h"

static expr *new_expr(parser *p, expr_kind kind, span start)
{
    expr *e = ARENA_NEW(p->arena, expr);
    e->kind = kind;
    e->span = start;
    return e;
}

typedef VEC(expr *) expr_list;

static expr *parse_or(parser *p);

static expr *with_args(expr *e, const expr_list *args)
{
    e->args = args->at;
    e->count = args->len;
    return e;
}

static expr *finish(parser *p, expr *e)
{
    e->span.end = p->at.span.start;
    return e;
}

/* ---- fields ---- */

/* '@' with a schema behind it; a glued '@' with none means a column. false: there is no '@'. */
static bool accept_schema(parser *p, pk_str *schema)
{
    *schema = (pk_str){"", 0};
    if (!at_punct(p, "@") || !p->at.glued) return false;
    advance(p);
    if (p->at.kind == TOKEN_NAME && p->at.glued && (p->at.quoted || !word_is_reserved(p->at.text))) {
        *schema = p->at.text;
        advance(p);
    }
    return true;
}

/* A name token, moved over; `"part"."path"` gives both. */
static name_meaning parse_dotted(parser *p, bool *quoted)
{
    name_meaning m = {.path = p->at.text, .part = {"", 0}};
    *quoted = p->at.quoted;
    advance(p);
    if (at_punct(p, ".") && p->at.glued && p->next.kind == TOKEN_NAME && p->next.glued) {
        advance(p);
        m.part = m.path;
        m.path = p->at.text;
        advance(p);
    }
    return m;
}

/* Names a definition, or gives *f. The name is the current token. */
static bool parse_meaning(parser *p, ir_field *f, name_meaning *definition)
{
    bool quoted;
    name_meaning m = parse_dotted(p, &quoted);
    bool explicit_part = m.part.len > 0, explicit_schema;
    pk_str schema;
    explicit_schema = accept_schema(p, &schema);
    if (!explicit_part) {
        name_meaning resolved = name_resolve(&p->scope, m.path, quoted);
        if (resolved.is_definition && !explicit_schema) {
            *definition = resolved;
            return true;
        }
        if (resolved.is_definition && !quoted) {
            resolved.part = name_part(&p->scope, m.path);
            if (resolved.part.len) resolved.path = str_slice(m.path, resolved.part.len + 1, m.path.len);
        }
        m.part = resolved.part;
        m.path = resolved.path;
    }
    *f = (ir_field){.kind = FIELD_PATH, .part = m.part, .schema = schema, .path = m.path};
    if (!explicit_schema && !m.part.len) f->schema = p->scope.schema;
    return false;
}

/* $r.path, $"r"."path" */
static ir_field parse_outer(parser *p)
{
    bool quoted;
    advance(p);
    if (p->at.kind != TOKEN_NAME) {
        parse_expected(p, "a name behind '$'");
        return (ir_field){.kind = FIELD_OUTER, .part = {"", 0}, .schema = {"", 0}, .path = {"", 0}};
    }
    name_meaning m = parse_dotted(p, &quoted);
    if (!m.part.len && !quoted) {
        size_t dot = str_find_char(m.path, '.');
        if (dot != STR_NPOS) {
            m.part = str_slice(m.path, 0, dot);
            m.path = str_slice(m.path, dot + 1, m.path.len);
        }
    }
    ir_field f = {.kind = FIELD_OUTER, .part = m.part, .path = m.path};
    accept_schema(p, &f.schema);
    return f;
}

static bool at_any_value(const parser *p)
{
    return at_word(p, "any") && p->next.kind == TOKEN_NAME && !p->next.quoted && str_equal(p->next.text, STR("value"));
}

static ir_field parse_special(parser *p)
{
    ir_field f = {.kind = FIELD_RAW, .part = {"", 0}, .schema = {"", 0}, .path = {"", 0}};
    if (!accept_word(p, "raw")) {
        advance(p);
        advance(p);
        f.kind = FIELD_ANY_VALUE;
    }
    if (accept_word(p, "of")) f.part = parse_name(p, "a part");
    return f;
}

static expr *parse_named(parser *p)
{
    expr *e = new_expr(p, EXPR_FIELD, p->at.span);
    if (at_punct(p, "$")) e->as.field = parse_outer(p);
    else if (at_any_value(p) || at_word(p, "raw")) e->as.field = parse_special(p);
    else if (accept_punct(p, "*"))
        e->as.field = (ir_field){
            .path = STR("*"), .schema = p->scope.schema, .part = {"", 0}
        };
    else if (p->at.kind != TOKEN_NAME || at_keyword(p)) parse_expected(p, "a field, a constant or a function");
    else {
        name_meaning definition;
        ir_field f;
        if (parse_meaning(p, &f, &definition)) {
            e->kind = EXPR_NAME;
            e->as.name.name = definition.path;
            e->as.name.index = definition.definition;
        } else {
            e->as.field = f;
        }
    }
    return finish(p, e);
}

ir_field parse_field(parser *p)
{
    expr *e = parse_named(p);
    if (e->kind == EXPR_FIELD) return e->as.field;
    parse_error(p, &p->at, "write name@ to mean a field", "expected a field, found a definition");
    return (ir_field){.part = {"", 0}, .schema = {"", 0}, .path = {"", 0}};
}

/* ---- operands ---- */

static void parse_expr_list(parser *p, expr_list *args)
{
    expect_punct(p, "(");
    while (!p->failed && !at_punct(p, ")")) {
        vec_push_in(p->arena, args, parse_or(p));
        if (!accept_punct(p, ",")) break;
    }
    expect_punct(p, ")");
}

static bool at_call(const parser *p)
{
    if (p->at.kind != TOKEN_NAME || p->next.kind != TOKEN_PUNCT || !p->next.glued) return false;
    return str_equal(p->next.text, STR("(")) && (!at_keyword(p) || str_equal(p->at.text, STR("if")));
}

static expr *parse_call(parser *p)
{
    expr_list args = {0};
    expr *e = new_expr(p, EXPR_CALL, p->at.span);
    e->as.call.name = p->at.text;
    advance(p);
    parse_expr_list(p, &args);
    return finish(p, with_args(e, &args));
}

static expr *parse_primary(parser *p)
{
    if (!enter(p)) return ir_true(p->arena);
    expr *e;
    if (accept_punct(p, "(")) {
        e = parse_or(p);
        expect_punct(p, ")");
    } else if (at_call(p)) {
        e = parse_call(p);
    } else if (at_literal(p)) {
        e = new_expr(p, EXPR_CONSTANT, p->at.span);
        e->as.constant = parse_literal(p);
        finish(p, e);
    } else {
        e = parse_named(p);
    }
    leave(p);
    return e;
}

/* left-associative: as long as operators from `operators` follow */
static expr *parse_arithmetic(parser *p, const char *operators, expr *(*inner)(parser *))
{
    expr *left = inner(p);
    while (!p->failed && p->at.kind == TOKEN_PUNCT && p->at.text.len == 1 && strchr(operators, p->at.text.ptr[0])) {
        expr_list args = {0};
        expr *e = new_expr(p, EXPR_ARITHMETIC, left->span);
        e->as.arithmetic = p->at.text.ptr[0];
        advance(p);
        vec_push_in(p->arena, &args, left);
        vec_push_in(p->arena, &args, inner(p));
        left = finish(p, with_args(e, &args));
    }
    return left;
}

static expr *parse_product(parser *p) { return parse_arithmetic(p, "*/%", parse_primary); }
static expr *parse_operand(parser *p) { return parse_arithmetic(p, "+-", parse_product); }

/* ---- tests ---- */

typedef struct {
    test_kind kind;
    uint16_t flags;
    compare_op compare;
} test_head;

static int at_test_kind(const parser *p)
{
    if (p->at.kind != TOKEN_NAME || p->at.quoted) return -1;
    for (int i = 0; i < TEST_KINDS; i++)
        if (str_equal(p->at.text, str_from(test_kind_table[i].text))) return i;
    return -1;
}

static compare_op parse_compare_op(parser *p)
{
    int op = p->at.kind == TOKEN_PUNCT ? word_index(compare_words, p->at.text) : -1;
    if (op < 0) parse_expected(p, "a comparison");
    else advance(p);
    return op < 0 ? COMPARE_EQ : (compare_op)op;
}

/* exact fold dashes multiline dotall whole */
static bool accept_test_flag(parser *p, test_head *h)
{
    static const char *const words[] = {"fold", "exact", "dashes", "multiline", "dotall", "whole", NULL};
    static const uint16_t bits[] = {0, TEST_CASED, TEST_DASHES, TEST_MULTILINE, TEST_DOTALL, TEST_WHOLE};
    int i = accept_one_of(p, words);
    if (i >= 0) h->flags |= bits[i];
    return i >= 0;
}

/* zero null missing WORD some_differs strict by_type */
static bool accept_use_flag(parser *p, ir_use *u)
{
    static const char *const words[] = {"zero", "null", "missing", "some_differs", "strict", "by_type", NULL};
    switch (accept_one_of(p, words)) {
    case 0: u->missing = MISSING_ZERO; return true;
    case 1: u->missing = MISSING_NULL; return true;
    case 2: {
        int i = accept_one_of(p, missing_words);
        if (i < 0) parse_expected(p, "what a missing field gives: false, null, zero or true");
        else u->missing = (missing_policy)i;
        return true;
    }
    case 3: u->not_equal = NOT_EQUAL_SOME; return true;
    case 4: u->numbers = NUMBERS_STRICT; return true;
    case 5: u->numbers = NUMBERS_BY_TYPE; return true;
    }
    return false;
}

static test_head parse_test_head(parser *p, ir_use *u)
{
    test_head h = {.kind = TEST_EQUALS, .compare = COMPARE_LT};
    int kind = at_test_kind(p);
    if (kind < 0) {
        parse_expected(p, "a test (equals, starts_with, ends_with, match, wildcard, regex, cidr ...)");
        return h;
    }
    h.kind = (test_kind)kind;
    advance(p);
    if (h.kind == TEST_COMPARE) h.compare = parse_compare_op(p);
    while (!p->failed && (accept_test_flag(p, &h) || (u && accept_use_flag(p, u)))) {}
    return h;
}

/* literal ['written' string] ['by' string] ['#' group] */
static ir_constant parse_constant(parser *p, test_head h, uint32_t group)
{
    ir_constant c = {.group = group, .span = p->at.span, .written = {"", 0}, .origin = {"", 0}};
    value v = at_literal(p) ? parse_literal(p) : (value){.type = VALUE_MISSING};
    if (accept_word(p, "written")) c.written = parse_string(p, "the value as it was written");
    if (accept_word(p, "by")) c.origin = parse_string(p, "what made the constant");
    if (accept_punct(p, "#")) {
        int64_t n = parse_count(p);
        if (n > UINT32_MAX) parse_error(p, &p->at, NULL, "a group number above %u", UINT32_MAX);
        c.group = (uint32_t)n;
    }
    if (!p->failed) c.test = ir_intern_test(p->catalog, h.kind, h.flags, h.compare, v);
    return c;
}

typedef VEC(ir_constant) constant_list;

static bool at_constant_list(const parser *p)
{
    return (at_word(p, "any") || at_word(p, "all")) && p->next.kind == TOKEN_PUNCT && str_equal(p->next.text, STR("("));
}

/* any( ... ) or all( ... ); without `head` each constant brings its own */
static void parse_constants(parser *p, ir_use *u, const test_head *head, constant_list *list)
{
    u->all = at_word(p, "all");
    advance(p);
    expect_punct(p, "(");
    uint32_t group = 0;
    while (!p->failed && !at_punct(p, ")")) {
        test_head own = head ? *head : parse_test_head(p, NULL);
        ir_constant c = parse_constant(p, own, group);
        group = c.group + 1;
        vec_push_in(p->arena, list, c);
        if (!accept_punct(p, ",")) break;
    }
    expect_punct(p, ")");
}

static bool at_tests(const parser *p)
{
    static const char *const flags[] = {"zero", "null", "missing", "some_differs", "strict", "by_type", NULL};
    return at_test_kind(p) >= 0 || at_constant_list(p) || (at_keyword(p) && word_index(flags, p->at.text) >= 0);
}

/* tests := kind flags (constant | list) | flags list of whole tests */
static expr *parse_use(parser *p, expr *operand, many_policy many)
{
    expr *e = new_expr(p, EXPR_USE, operand->span);
    ir_use *u = &e->as.use;
    constant_list list = {0};
    u->operand = operand;
    u->many = many;
    u->negated = accept_word(p, "not");
    if (at_test_kind(p) < 0) {
        while (!p->failed && accept_use_flag(p, u)) {}
        if (at_constant_list(p)) parse_constants(p, u, NULL, &list);
        else parse_expected(p, "any( or all(");
    } else {
        test_head h = parse_test_head(p, u);
        if (at_constant_list(p)) parse_constants(p, u, &h, &list);
        else vec_push_in(p->arena, &list, parse_constant(p, h, 0));
    }
    u->constants = list.at;
    u->count = list.len;
    return finish(p, e);
}

/* ---- predicates ---- */

static bool at_compare(const parser *p)
{
    return p->at.kind == TOKEN_PUNCT && word_index(compare_words, p->at.text) >= 0;
}

/* operator ['exact'] ['missing' word] ['many' word] [kind] operand */
static expr *parse_compare(parser *p, expr *left)
{
    expr *e = new_expr(p, EXPR_COMPARE, left->span);
    expr_list args = {0};
    e->as.compare.op = parse_compare_op(p);
    e->as.compare.how = TEST_EQUALS;
    accept_word(p, "fold");
    e->as.compare.cased = accept_word(p, "exact");
    int i;
    if (accept_word(p, "missing")) {
        if ((i = accept_one_of(p, missing_words)) < 0) parse_expected(p, "false, null, zero or true");
        else e->as.compare.missing = (missing_policy)i;
    }
    if (accept_word(p, "many")) {
        if ((i = accept_one_of(p, many_words)) < 0) parse_expected(p, "any, all, each or single");
        else e->as.compare.many = (many_policy)i;
    }
    if ((i = at_test_kind(p)) >= 0) {
        e->as.compare.how = (test_kind)i;
        advance(p);
    }
    vec_push_in(p->arena, &args, left);
    vec_push_in(p->arena, &args, parse_operand(p));
    return finish(p, with_args(e, &args));
}

static expr *parse_in(parser *p, expr *left)
{
    expr *e = new_expr(p, EXPR_IN, left->span);
    expr_list args = {0};
    advance(p);
    vec_push_in(p->arena, &args, left);
    parse_expr_list(p, &args);
    return finish(p, with_args(e, &args));
}

/* 'some' name 'in' field ':' '(' expr ')' */
static expr *parse_some(parser *p)
{
    expr *e = new_expr(p, EXPR_SOME, p->at.span);
    expr_list args = {0};
    advance(p);
    e->as.some.element = parse_name(p, "a name for the element");
    expect_word(p, "in");
    e->as.some.list = parse_field(p);
    expect_punct(p, ":");
    expect_punct(p, "(");
    element_scope element = {e->as.some.element, p->scope.elements};
    p->scope.elements = &element;
    vec_push_in(p->arena, &args, parse_or(p));
    p->scope.elements = element.outer;
    expect_punct(p, ")");
    return finish(p, with_args(e, &args));
}

static expr *parse_predicate(parser *p)
{
    if (at_word(p, "some")) return parse_some(p);
    int many = at_any_value(p) ? -1 : accept_one_of(p, many_words);
    expr *left = parse_operand(p);
    bool negated = at_word(p, "not");
    if (negated || at_tests(p)) return parse_use(p, left, many < 0 ? MANY_ANY : (many_policy)many);
    if (many >= 0) parse_expected(p, "a test behind the quantified field");
    if (at_compare(p)) return parse_compare(p, left);
    if (at_word(p, "in")) return parse_in(p, left);
    return left;
}

/* ---- and, or, not ---- */

static expr *parse_not(parser *p)
{
    if (!at_word(p, "not")) return parse_predicate(p);
    if (!enter(p)) return ir_true(p->arena);
    expr *e = new_expr(p, EXPR_NOT, p->at.span);
    expr_list args = {0};
    advance(p);
    vec_push_in(p->arena, &args, parse_not(p));
    leave(p);
    return finish(p, with_args(e, &args));
}

static expr *parse_junction(parser *p, expr_kind kind, const char *word, expr *(*inner)(parser *))
{
    span start = p->at.span;
    expr_list args = {0};
    do vec_push_in(p->arena, &args, inner(p));
    while (!p->failed && accept_word(p, word));
    if (args.len == 1) return args.at[0];
    return finish(p, with_args(new_expr(p, kind, start), &args));
}

static expr *parse_and(parser *p) { return parse_junction(p, EXPR_AND, "and", parse_not); }

static expr *parse_or(parser *p)
{
    if (!enter(p)) return ir_true(p->arena);
    expr *e = parse_junction(p, EXPR_OR, "or", parse_and);
    leave(p);
    return e;
}

/* ---- weight ---- */

static const expr_weight too_heavy = {IR_MAX_DEPTH + 1, 0};

/* How deep and large a tree is with its definitions opened; a tree that is too deep isn't followed to its end. */
static expr_weight weigh(const parser *p, const expr *e, uint32_t depth)
{
    expr_weight w = {1, 1}, inner;
    if (depth > IR_MAX_DEPTH) return too_heavy;
    if (e->kind == EXPR_NAME && e->as.name.index < p->weights.len) {
        inner = p->weights.at[e->as.name.index];
        return (expr_weight){inner.depth + 1, inner.size + 1};
    }
    for (size_t i = 0; i <= e->count; i++) {
        const expr *child = i < e->count ? e->args[i] : e->kind == EXPR_USE ? e->as.use.operand : NULL;
        if (!child) continue;
        inner = weigh(p, child, depth + 1);
        if (inner.depth + 1 > w.depth) w.depth = inner.depth + 1;
        w.size += inner.size;
    }
    return w;
}

static expr *parse_and_weigh(parser *p, expr *(*production)(parser *), expr_weight *weight)
{
    token start = p->at;
    expr *e = production(p);
    *weight = weigh(p, e, 0);
    if (weight->depth > IR_MAX_DEPTH)
        parse_error(p, &start, NULL, "an expression nested more than %d deep", IR_MAX_DEPTH);
    if (weight->size > IR_MAX_SIZE)
        parse_error(p, &start, NULL, "an expression of more than %d parts, definitions opened", IR_MAX_SIZE);
    return e;
}

expr *parse_weighed(parser *p, expr_weight *weight) { return parse_and_weigh(p, parse_or, weight); }

expr *parse_expr(parser *p)
{
    expr_weight weight;
    return parse_and_weigh(p, parse_or, &weight);
}

expr *parse_side(parser *p)
{
    expr_weight weight;
    return parse_and_weigh(p, parse_operand, &weight);
}
