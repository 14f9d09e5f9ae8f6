/* What the two halves of the parser share: parse.c reads files, rules and sections, parse_expr.c expressions. */
#ifndef PICKET_LANGUAGES_YARAL_PARSE_H
#define PICKET_LANGUAGES_YARAL_PARSE_H

#include "languages/yaral/ast.h"
#include "languages/yaral/lex.h"

typedef struct {
    arena *arena;                 /* nodes */
    arena *texts;
    pk_str path, source;
    diag_list *diags;
    const token *tokens;
    size_t at, last;              /* last: the END */
    yaral_rule *rule;             /* being read; NULL between rules */
    bool failed;                  /* an error that nobody has recovered from: everything returns NULL */
    unsigned depth;
} parser;

static inline const token *parser_token(const parser *p) { return &p->tokens[p->at]; }
static inline const token *parser_ahead(const parser *p, size_t n)
{
    return &p->tokens[n < p->last - p->at ? p->at + n : p->last];
}
static inline void parser_next(parser *p)
{
    if (parser_token(p)->kind != TOKEN_END) p->at++;
}
static inline span span_to_here(const parser *p, span from) /* from there to the end of the token before this one */
{
    if (p->at) from.end = p->tokens[p->at - 1].span.end, from.end_line = p->tokens[p->at - 1].span.end_line;
    return from;
}

/* Reports an error and sets `failed`; nothing more is told until somebody recovers. Returns NULL. */
void *parser_error(parser *p, span at, const char *hint, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "expected WHAT, found THIS TOKEN"; of a BAD token what is wrong with it. */
void *parser_expected(parser *p, const char *what, const char *hint);
void parser_warn(parser *p, const char *code, span at, const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));
bool parser_take(parser *p, token_kind kind);         /* true and past it, if it is the next */
bool parser_is_section(const parser *p, yaral_section *section); /* "events" ":" */
bool parser_section_named(pk_str name);
void *parser_unknown_section(parser *p);              /* an error about `word :`, which is no section */

/* A truth, as in events and condition; NULL after an error. `condition`: names of variables are truths too. */
yaral_node *parse_truth(parser *p, bool condition);
/* A value, as behind the = of an outcome. */
yaral_node *parse_value(parser *p);
yaral_node *parse_listed_call(parser *p);                 /* %table.write_row(...) */
yaral_node *parser_node(parser *p, yaral_kind kind, span at, yaral_node **args, size_t count);
yaral_node *parse_plain_value(parser *p);                 /* string, number, truth, duration, word; NULL: none of these, no error */

#endif
