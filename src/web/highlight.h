/*
 * Source text as lines of classed pieces, for templates: {"lines": [{"n", "id", "parts": [{"c", "t"}]}], "cut"}. One table of
 * syntaxes; a text of another syntax, or one that cannot be read, is shown plain.
 *
 * Classes: k key, o modifier or operator, s text in quotes, n number or constant, c comment, w word of a condition, i name in one.
 */
#ifndef PICKET_WEB_HIGHLIGHT_H
#define PICKET_WEB_HIGHLIGHT_H

#include "event/value.h"

/* Writes the class of every byte of `s` to `classes` (zeroed: none). */
typedef void (*highlight_fn)(pk_str s, char *classes, arena *a);

/* The lexer of a syntax ("yaml"); NULL: none. */
highlight_fn highlight_find(pk_str syntax);

typedef struct {
    uint32_t first_line;          /* number of the first */
    size_t budget;                /* bytes of page that the lines may take, about; 0: no bound */
    const char *anchor;           /* prefix of ids, "L"; NULL: no ids */
    size_t used;                  /* set: bytes of page, about */
} highlight_options;

/* *lines_left: lines that did not fit. */
value highlight_lines(arena *a, pk_str s, pk_str syntax, highlight_options *o, size_t *lines_left);

void highlight_yaml(pk_str s, char *classes, arena *a);
void highlight_condition(pk_str s, char *classes, arena *a); /* the text of a condition alone */
void highlight_yaral(pk_str s, char *classes, arena *a);

#endif
