/*
 * A test made ready: its pattern, compiled regex, network or number. Answers for one text, with the place of the match.
 * The network uses it to confirm what its indexes only suggest, `why` to find positions, the compiler to fold constants.
 */
#ifndef PICKET_COMPILE_PREPARED_H
#define PICKET_COMPILE_PREPARED_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ip.h"
#include "compile/pattern.h"
#include "compile/regex_chain.h"

typedef struct {
    const ir_test *test;
    pattern pattern;              /* EQUALS .. WILDCARD */
    pk_str *words;                /* PHRASE, folded unless cased */
    size_t word_count;
    regex_chain chain;            /* REGEX, if it is one: then its regex is never run */
    pcre2_code *regex;            /* REGEX; NULL: does not compile, never true, or (valid) is compiled when first needed */
    ip_network network;           /* CIDR */
    double number;                /* COMPARE */
    bool valid;                   /* false: the constant makes no sense, the test is never true */
} prepared_test;

/* Everything but the regex lives in `a`. A constant that makes no sense is told in *problem (else left alone). */
prepared_test *prepare_test(const ir_test *t, arena *a, pk_str *problem);
void prepared_free(prepared_test *t);
/* Copies it, once, to the pointer at `field`; its regex is compiled anew where it is needed. */
void prepared_image(const prepared_test *t, image_writer *w, size_t field);

/* A text in both forms. folded.ptr == text.ptr where folding changes nothing. */
typedef struct { pk_str text, folded; } subject_text;

/* What matching needs to write to: one a thread. */
typedef struct {
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint64_t limit_hits;          /* regex matches given up: counted as no match */
} regex_scratch;
void regex_scratch_init(regex_scratch *s);
void regex_scratch_free(regex_scratch *s);

typedef struct {
    size_t at, end;               /* in `text` if raw, else in `folded` */
    bool raw;
    bool placed;                  /* false: a number has no place */
} match_place;

/* Is the test true of this text? For every kind but EXISTS and IS_NULL, which ask the field. */
bool prepared_match(const prepared_test *t, subject_text s, regex_scratch *r, match_place *place);

/* Words of a text for PHRASE: the next one at or behind *at, which moves behind it. false: none left. */
bool next_word(pk_str text, size_t *at, pk_str *word);

#endif
