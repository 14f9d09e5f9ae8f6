/* Literals that a regular expression cannot do without, so that it need be tried only where one of them stands. */
#ifndef PICKET_COMPILE_REGEX_LITERALS_H
#define PICKET_COMPILE_REGEX_LITERALS_H

#include "base/mem.h"

typedef struct {
    pk_str *items;                /* ASCII, folded; in `a` */
    size_t count;                 /* 0: there are none worth looking for */
} literal_list;

/*
 * Every text that `regex` (PCRE2 syntax, whatever its flags) matches holds, after folding, at least one of the literals.
 * Constructs that this reader does not know for sure give no literals, never wrong ones.
 */
literal_list regex_literals(pk_str regex, arena *a);

#endif
