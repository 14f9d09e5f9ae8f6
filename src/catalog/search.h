/*
 * The search language: what stands in the box of a page, in q= and after `picket catalog search`.
 *
 *     search := term*                      all of them
 *     term   := "-"? (word | phrase | technique | name ":" value)
 *     phrase := '"' anything '"'
 *     value  := word | phrase
 *
 * A word is searched as the beginning of a word (from two characters on), with what stands in it ("powershell.exe") in that order.
 * "t1090", "ta0011" are techniques and tactics. A name is that of a filter ("level:>=high"), "is", or else a field of rules, whose
 * constants then contain the value; "*" and "?" are wildcards, then the value is the whole constant, as after "=" and if it is a number.
 */
#ifndef PICKET_CATALOG_SEARCH_H
#define PICKET_CATALOG_SEARCH_H

#include "catalog/filter.h"

typedef enum { TERM_WORD, TERM_PHRASE, TERM_TECHNIQUE, TERM_TACTIC, TERM_NAMED } term_kind;

typedef struct {
    term_kind kind;
    bool negated;
    pk_str name;                  /* of TERM_NAMED */
    pk_str value;
    size_t column;                /* of the term, in characters from 1 */
} search_term;

typedef struct {
    const search_term *terms;
    size_t count;
} search_query;

/* search_syntax.c. false: *e says what is wrong and where. */
bool search_parse(pk_str q, arena *a, search_query *out, query_error *e);

/* search_match.c. The rules that fit; `ranks`, if not NULL, becomes an array by place (lower is better; 0: not ranked), or NULL. */
bool search_match(store *s, const search_query *q, arena *a, rule_set *out, double **ranks, query_error *e);

/* A predicate's constants: what a value of the language means, and whether a constant is it. */
typedef struct {
    pk_str text;                  /* folded */
    bool whole, wild;
} constant_pattern;
constant_pattern constant_pattern_of(pk_str value, arena *a);
bool constant_fits(const constant_pattern *p, pk_str folded);

/* The fields that predicates have by this name, whatever their case. */
size_t predicate_fields(store *s, pk_str name, arena *a, const pk_str **out);

#endif
