/* Parsing the text form: what parse_expr.c and parse.c share. */
#ifndef PICKET_IR_PARSE_H
#define PICKET_IR_PARSE_H

#include "ir/text_form.h"

#define IR_MAX_SIZE 1000000       /* parts of one expression with its definitions opened */
#define MAX_PARSE_DEPTH (4 * IR_MAX_DEPTH) /* a level of a tree takes up to three levels of brackets and productions */

typedef struct { uint32_t depth; uint64_t size; } expr_weight;

typedef struct {
    ir_catalog *catalog;
    arena *arena;
    diag_list *diags;
    pk_str file;
    lexer lexer;
    token at, next;               /* one token ahead, to tell `name =` from a name */
    bool failed;                  /* the first error ends the parse: every function returns at once */
    int depth;
    plan *plan;
    name_scope scope;
    VEC(expr_weight) weights;     /* of the plan's definitions */
} parser;

void parse_error(parser *p, const token *where, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void parse_expected(parser *p, const char *what);     /* "expected WHAT, found ..." at the current token */
void advance(parser *p);

bool at_punct(const parser *p, const char *s);
bool accept_punct(parser *p, const char *s);
void expect_punct(parser *p, const char *s);
bool at_word(const parser *p, const char *s);         /* an unquoted name that isn't the start of `name =` */
bool accept_word(parser *p, const char *s);
void expect_word(parser *p, const char *s);
/* The word's position in `words`, moved over; -1 and untouched if it is none of them. */
int accept_one_of(parser *p, const char *const *words);
bool at_keyword(const parser *p);                     /* a reserved word, unquoted */

pk_str parse_name(parser *p, const char *what);       /* any name but a reserved word */
pk_str parse_string(parser *p, const char *what);
int64_t parse_duration(parser *p);
int64_t parse_count(parser *p);                       /* 0 and up */
bool at_literal(const parser *p);
value parse_literal(parser *p);

bool enter(parser *p);                                /* one level deeper; false: too deep, reported */
void leave(parser *p);

expr *parse_expr(parser *p);                          /* never NULL, also after an error */
expr *parse_weighed(parser *p, expr_weight *weight);
expr *parse_side(parser *p);                          /* what stands beside a comparison: no and, or, not outside brackets */
ir_field parse_field(parser *p);

/* parse_stages.c */
stage *find_stage(const plan *p, pk_str name);
stage *parse_stage_ref(parser *p);
bool accept_name_equals(parser *p, pk_str *name);     /* `name =`, moved over */
void parse_keys(parser *p, ir_key **keys, size_t *count);
void parse_body(parser *p, stage *s);

/* parse.c: up to the end, or to the '}' of a body */
void parse_statements(parser *p, bool body);

#endif
