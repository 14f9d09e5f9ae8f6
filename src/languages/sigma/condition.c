/*
 * Conditions: text over search identifiers -> expression over EXPR_NAME.
 *
 *     cond := or ;  or := and ('or' and)* ;  and := not ('and' not)* ;  not := 'not' not | prim
 *     prim := '(' or ')' | quant 'of' ('them' | pattern) | identifier ;  quant := '1' | 'any' | 'all'
 *
 * Words end at blanks, parentheses and '|' only, so that `orgs` is one word. Keywords are known in any case. A '|' ends the
 * condition: what follows is a legacy aggregation (legacy.c).
 */
#include "languages/sigma/sigma.h"

typedef enum { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_PIPE, TOKEN_WORD } token_kind;

typedef struct {
    token_kind kind;
    size_t from, to;
    pk_str text;
} token;

typedef struct {
    sigma_condition *c;
    token now, next;
    size_t at;                    /* behind `next` */
    int depth;
    bool failed;
    table index;                  /* names -> number */
} parser;

typedef struct { VEC(expr *) at; } expr_list;

span sigma_condition_span(const sigma_condition *c, size_t from, size_t to)
{
    return yaml_span_within(c->document->source, c->node, c->places, from, to);
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool ends_word(char c) { return is_blank(c) || c == '(' || c == ')' || c == '|'; }

static token read_token(parser *p)
{
    pk_str s = p->c->node->text;
    size_t at = p->at, end = p->c->to;
    while (at < end && is_blank(s.ptr[at])) at++;
    size_t from = at;
    token_kind kind = TOKEN_END;
    if (at < end) {
        char c = s.ptr[at++];
        kind = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : c == '|' ? TOKEN_PIPE : TOKEN_WORD;
        while (kind == TOKEN_WORD && at < end && !ends_word(s.ptr[at])) at++;
    }
    p->at = at;
    return (token){kind, from, at, str_slice(s, from, at - from)};
}

static void advance(parser *p)
{
    p->now = p->next;
    p->next = read_token(p);
}

static bool is_word(const token *t, const char *word)
{
    return t->kind == TOKEN_WORD && str_equal_ascii_fold(t->text, str_from(word));
}

static span span_of(const parser *p, const token *t) { return sigma_condition_span(p->c, t->from, t->to); }

static expr *with_span(const parser *p, expr *e, size_t from, size_t to)
{
    e->span = sigma_condition_span(p->c, from, to);
    return e;
}

/* What stands at a token, for messages. */
static const char *found(const token *t, arena *a)
{
    if (t->kind == TOKEN_END) return "the end of the condition";
    return arena_cstring(a, arena_printf(a, "'" STR_FMT "'", STR_ARG(t->text)));
}

/* Rules of status "unsupported" hold conditions in free text: by their own word no Sigma, rather than wrong. */
static pk_severity severity(const parser *p)
{
    const rule *r = p->c->document->rule;
    return r && str_equal_ascii_fold(r->status, STR("unsupported")) ? PK_UNSUPPORTED : PK_ERROR;
}

#define FAIL(p, t, hint, ...) \
    ((p)->failed ? (void)0 \
                 : sigma_report((p)->c->document, severity(p), "sigma-condition", span_of((p), (t)), (hint), __VA_ARGS__), \
     (p)->failed = true, (expr *)NULL)

/* ---- names and selectors ---- */

static expr *name_expr(parser *p, uint32_t i, size_t from, size_t to)
{
    p->c->used[i] = true;
    return with_span(p, ir_name(p->c->document->arena, p->c->names[i], i), from, to);
}

static expr *parse_identifier(parser *p)
{
    arena *scratch = p->c->document->scratch;
    token t = p->now;
    uint32_t i = table_get(&p->index, t.text);
    if (i == TABLE_NONE) {
        pk_str hint = sigma_did_you_mean(scratch, t.text, p->c->names, p->c->count);
        return FAIL(p, &t, hint, "no %s '" STR_FMT "'", p->c->what, STR_ARG(t.text));
    }
    advance(p);
    return name_expr(p, i, t.from, t.to);
}

/* Full match of a name by a pattern with '*', in time linear in practice (one place to go back to). */
static bool fits(pk_str pattern, pk_str name)
{
    size_t i = 0, k = 0, star = STR_NPOS, mark = 0;
    while (k < name.len) {
        if (i < pattern.len && pattern.ptr[i] == '*') {
            star = i++;
            mark = k;
        } else if (i < pattern.len && pattern.ptr[i] == name.ptr[k]) {
            i++, k++;
        } else if (star != STR_NPOS) {
            i = star + 1;
            k = ++mark;
        } else {
            return false;
        }
    }
    while (i < pattern.len && pattern.ptr[i] == '*') i++;
    return i == pattern.len;
}

/* quant 'of' ('them' | pattern) */
static expr *parse_selector(parser *p)
{
    arena *a = p->c->document->arena;
    arena *scratch = p->c->document->scratch;
    token quantifier = p->now;
    advance(p);
    advance(p);
    token t = p->now;
    if (!is_word(&quantifier, "1") && !is_word(&quantifier, "any") && !is_word(&quantifier, "all"))
        return FAIL(p, &quantifier, STR("write 1, any or all"), "'" STR_FMT " of' is no quantifier", STR_ARG(quantifier.text));
    if (t.kind != TOKEN_WORD)
        return FAIL(p, &t, STR(""), "expected 'them' or a pattern after 'of', found %s", found(&t, scratch));
    bool them = is_word(&t, "them"), hidden = !them && t.text.ptr[0] == '_';
    size_t *selected = &p->c->document->usage->selected;
    if (*selected > SIGMA_MAX_SELECTED || p->c->count > SIGMA_MAX_SELECTED - *selected)
        return FAIL(p, &t, STR(""), "the selectors of this file name more than %d identifiers", SIGMA_MAX_SELECTED);
    *selected += p->c->count;
    expr_list chosen = {0};
    for (uint32_t i = 0; i < p->c->count; i++) {
        pk_str name = p->c->names[i];
        if (name.len && name.ptr[0] == '_' && !hidden) continue;
        if (them || fits(t.text, name)) vec_push_in(scratch, &chosen.at, name_expr(p, i, quantifier.from, t.to));
    }
    if (!chosen.at.len)
        return FAIL(p, &t, STR(""), "no %s fits '" STR_FMT "'", p->c->what, STR_ARG(t.text));
    advance(p);
    expr *e = is_word(&quantifier, "all") ? ir_and_all(a, chosen.at.at, chosen.at.len)
                                          : ir_or_all(a, chosen.at.at, chosen.at.len);
    return with_span(p, e, quantifier.from, t.to);
}

/* ---- operators ---- */

static expr *parse_or(parser *p);

static bool is_operator(const token *t) { return is_word(t, "and") || is_word(t, "or") || is_word(t, "not"); }

static expr *parse_primary(parser *p)
{
    token t = p->now;
    arena *scratch = p->c->document->scratch;
    if (t.kind == TOKEN_OPEN) {
        advance(p);
        expr *e = parse_or(p);
        if (!e) return NULL;
        if (p->now.kind != TOKEN_CLOSE)
            return FAIL(p, &p->now, STR(""), "expected ')' for the '(' at column %u, found %s", span_of(p, &t).column,
                        found(&p->now, scratch));
        advance(p);
        return e;
    }
    if (t.kind != TOKEN_WORD || is_operator(&t))
        return FAIL(p, &t, STR(""), "expected %s %s, found %s", p->c->what[0] == 'i' ? "an" : "a", p->c->what,
                    found(&t, scratch));
    if (is_word(&p->next, "of")) return parse_selector(p);
    return parse_identifier(p);
}

/* Every recursion passes here. */
static expr *parse_not(parser *p)
{
    if (p->depth >= SIGMA_MAX_CONDITION_DEPTH)
        return FAIL(p, &p->now, STR(""), "nested deeper than %d levels", SIGMA_MAX_CONDITION_DEPTH);
    p->depth++;
    expr *e;
    if (is_word(&p->now, "not")) {
        size_t from = p->now.from;
        advance(p);
        expr *inner = parse_not(p);
        e = inner ? with_span(p, ir_not(p->c->document->arena, inner), from, from + 3) : NULL;
        if (e) e->span = yaml_span(p->c->document->source, e->span.start, inner->span.end);
    } else {
        e = parse_primary(p);
    }
    p->depth--;
    return e;
}

static expr *parse_series(parser *p, const char *word, expr *(*parse)(parser *))
{
    size_t from = p->now.from;
    expr_list parts = {0};
    arena *a = p->c->document->arena;
    for (;;) {
        expr *e = parse(p);
        if (!e) return NULL;
        vec_push_in(p->c->document->scratch, &parts.at, e);
        if (!is_word(&p->now, word)) break;
        advance(p);
    }
    if (parts.at.len == 1) return parts.at.at[0];
    expr *e = word[0] == 'a' ? ir_and_all(a, parts.at.at, parts.at.len) : ir_or_all(a, parts.at.at, parts.at.len);
    span first = sigma_condition_span(p->c, from, from), last = parts.at.at[parts.at.len - 1]->span;
    e->span = yaml_span(p->c->document->source, first.start, last.end);
    return e;
}

static expr *parse_and(parser *p) { return parse_series(p, "and", parse_not); }
static expr *parse_or(parser *p) { return parse_series(p, "or", parse_and); }

expr *sigma_parse_condition(sigma_condition *c)
{
    parser p = {.c = c, .at = c->from};
    for (uint32_t i = 0; i < c->count; i++) table_put(&p.index, c->names[i], i);
    c->pipe = STR_NPOS;
    p.next = read_token(&p);
    advance(&p);
    expr *e = parse_or(&p);
    if (e && p.now.kind == TOKEN_PIPE) c->pipe = p.now.from;
    else if (e && p.now.kind != TOKEN_END)
        e = FAIL(&p, &p.now, p.now.kind == TOKEN_WORD ? STR("is an 'and' or an 'or' missing?") : STR(""),
                 "expected 'and', 'or' or the end, found %s", found(&p.now, c->document->scratch));
    table_free(&p.index);
    return e;
}

expr *sigma_map_names(arena *a, const expr *e, expr *(*replace)(const expr *name, void *user), void *user)
{
    if (e->kind == EXPR_NAME) return replace(e, user);
    expr *copy = ARENA_NEW(a, expr);
    *copy = *e;
    copy->args = ARENA_ARRAY(a, expr *, e->count);
    for (size_t i = 0; i < e->count; i++) copy->args[i] = sigma_map_names(a, e->args[i], replace, user);
    return copy;
}
