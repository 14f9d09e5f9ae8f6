/* The text form's own: words, tokens, and how a name is read. Shared by print.c and parse*.c so that they cannot differ. */
#ifndef PICKET_IR_TEXT_FORM_H
#define PICKET_IR_TEXT_FORM_H

#include "ir/ir.h"

/* ---- words ---- */

bool word_is_reserved(pk_str s);
/* How many bytes at the start of `s` read as a name without quotes; 0: none. */
size_t bare_name_length(pk_str s);

/* Words of enums, in the order of the enum; each list ends with NULL. */
extern const char *const compare_words[], *const missing_words[], *const many_words[], *const key_missing_words[],
    *const join_words[], *const window_words[];
int word_index(const char *const *words, pk_str s);   /* -1: none of them */

/* ---- tokens ---- */

typedef enum { TOKEN_END, TOKEN_NAME, TOKEN_LITERAL, TOKEN_DURATION, TOKEN_PUNCT, TOKEN_WRONG } token_kind;

typedef struct {
    token_kind kind;
    bool quoted;                  /* NAME: in double quotes, so no keyword and never split at a dot */
    bool glued;                   /* no blank between this token and the one before */
    pk_str text;                  /* NAME: what it says; PUNCT: itself; WRONG: what is wrong */
    value literal;                /* LITERAL: string, number, time */
    int64_t duration;
    span span;
} token;

typedef struct {
    pk_str source;
    size_t at;
    uint32_t line;
    size_t line_start;
    arena *arena;                 /* texts of tokens are copied here */
} lexer;

token lex_next(lexer *l);

/* ---- how a name reads ---- */

typedef struct element_scope element_scope;
struct element_scope { pk_str name; const element_scope *outer; };

/* What the names in an expression can stand for. */
typedef struct {
    const plan *plan;             /* its definitions; NULL: none */
    size_t stage_count;           /* stages of the plan whose parts may be read */
    const element_scope *elements;
    pk_str schema;                /* of a name without part and schema */
} name_scope;

typedef struct {
    bool is_definition;
    uint32_t definition;
    pk_str part, path;
} name_meaning;

/* A name that has no schema written behind it. */
name_meaning name_resolve(const name_scope *s, pk_str name, bool quoted);
/* The part that the first segment of an unquoted name stands for; empty: none. */
pk_str name_part(const name_scope *s, pk_str name);
/* The schema of names in definitions: that of the first match stage. */
pk_str plan_schema(const plan *p);
/* The name of a key or column that stands without `name =`. */
pk_str implied_name(const expr *e);

#endif
