/*
 * Text patterns: the one shape of EQUALS, STARTS_WITH, ENDS_WITH, MATCH and WILDCARD tests, with or without dashes.
 *
 * A pattern is segments with any run of characters between them. A segment is pieces that each match in exactly one way:
 * literal text, one code point ('?'), one of the five dashes (TEST_DASHES). `open_start`, `open_end`: any run may stand
 * before the first and behind the last segment. "ends_with x" is one segment, open at its start.
 */
#ifndef PICKET_COMPILE_PATTERN_H
#define PICKET_COMPILE_PATTERN_H

#include "ir/ir.h"

typedef enum { PIECE_TEXT, PIECE_ONE, PIECE_DASH } piece_kind;

typedef struct {
    piece_kind kind;
    pk_str text;                  /* PIECE_TEXT: never empty */
} pattern_piece;

typedef struct {
    pattern_piece *pieces;        /* one or more, but for the empty text */
    size_t count;
} pattern_segment;

typedef struct {
    pattern_segment *segments;
    size_t count;                 /* 0: matches everything ("*") or, closed, the empty text */
    bool open_start, open_end;
} pattern;

/* The pattern of a text test. The constant is folded unless the test is cased; match the value in the same form. */
pattern pattern_of_test(const ir_test *t, arena *a);

/* Does `text` fit? [*at, *end): what it was that fitted, without the open runs. */
bool pattern_match(const pattern *p, pk_str text, size_t *at, size_t *end);

/* The literal if the pattern is nothing else (maybe with open ends); else NULL. */
const pk_str *pattern_literal(const pattern *p);
bool pattern_matches_all(const pattern *p);           /* every text fits */
size_t pattern_dash_count(const pattern *p);

bool is_word_at(pk_str text, size_t at);              /* \w, and beyond ASCII all but punctuation and symbols */
/* Length in bytes of the dash that stands at text[at]; 0 if none does. */
size_t dash_at(pk_str text, size_t at);
#define DASH_FORMS 5
extern const pk_str dash_forms[DASH_FORMS];

#endif
