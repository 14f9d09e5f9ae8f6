/*
 * YARA-L's words. A file is cut into tokens at once; white space and comments leave none. Two characters depend on what stands
 * before them: `/` begins a regular expression behind = != ( and a comma, and divides elsewhere; `%` begins the name of a list unless
 * it stands behind an operand.
 */
#ifndef PICKET_LANGUAGES_YARAL_LEX_H
#define PICKET_LANGUAGES_YARAL_LEX_H

#include "base/mem.h"
#include "base/span.h"

typedef enum {
    TOKEN_END,                    /* of the file; the last of all */
    TOKEN_BAD,                    /* nothing that the language knows: `problem` says what is wrong with it */
    TOKEN_IDENT,
    TOKEN_VARIABLE,               /* $name; `text` without the mark */
    TOKEN_COUNT,                  /* #name */
    TOKEN_LIST,                   /* %name, %name.column */
    TOKEN_NUMBER,
    TOKEN_DURATION,
    TOKEN_STRING,                 /* `text`: escapes resolved */
    TOKEN_RAW_STRING,
    TOKEN_REGEX,                  /* `text`: between the slashes, \/ replaced */
    TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE,
    TOKEN_OPEN, TOKEN_CLOSE,      /* ( ) */
    TOKEN_OPEN_INDEX, TOKEN_CLOSE_INDEX,
    TOKEN_OPEN_BRACE, TOKEN_CLOSE_BRACE,
    TOKEN_COMMA, TOKEN_DOT, TOKEN_COLON, TOKEN_BANG,
    TOKEN_PLUS, TOKEN_MINUS, TOKEN_STAR, TOKEN_SLASH, TOKEN_PERCENT,
    TOKEN_KINDS
} token_kind;

typedef struct {
    token_kind kind;
    span span;
    pk_str text;                  /* a view of the source, or in the arena of texts */
    const char *problem, *hint;   /* BAD; of a STRING what is doubtful about it */
} token;

typedef struct { VEC(token) items; } token_list;

/* Texts that are no views are made in `texts`; the caller frees the list. */
void yaral_lex(arena *texts, pk_str source, token_list *out);

/* "a string", "'or'" ...: what a token is, for messages. */
pk_str yaral_token_name(arena *a, const token *t, pk_str source);

/* An identifier with this text, without case. */
bool yaral_is_word(const token *t, const char *word);

#endif
