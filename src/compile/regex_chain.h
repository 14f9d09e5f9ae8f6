/*
 * Regexes that are nothing but texts with any run of characters between them ("\{.*\{.*\{"). PCRE2 tries all ways to place
 * the texts, which are more than a value is worth; searching for one behind the other answers the same at once.
 */
#ifndef PICKET_COMPILE_REGEX_CHAIN_H
#define PICKET_COMPILE_REGEX_CHAIN_H

#include "base/mem.h"

typedef struct {
    pk_str *texts;                /* in `a`; folded unless cased. count 0: the regex is none */
    uint64_t apart;               /* bit i: at least one character stands before texts[i] (".+"), bit 0 never */
    uint32_t count;
    bool cased;
    bool any_line;                /* the runs may hold line ends */
    bool open_start, open_end;    /* a run before the first, behind the last */
} regex_chain;

/* `regex` as PCRE2 reads it, not anchored. `cased`: whether it begins caseless; it may say otherwise itself. */
regex_chain regex_chain_read(pk_str regex, bool cased, bool any_line, arena *a);

/* Where PCRE2 would find it. The text must be UTF-8, folded unless the chain is cased. */
bool regex_chain_match(const regex_chain *c, pk_str text, size_t *at, size_t *end);

#endif
