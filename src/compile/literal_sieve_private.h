/* What the making of a sieve and its pass share. */
#ifndef PICKET_COMPILE_LITERAL_SIEVE_PRIVATE_H
#define PICKET_COMPILE_LITERAL_SIEVE_PRIVATE_H

#include "compile/literal_sieve.h"

#define KEY_BYTES 3               /* by which literals are looked up */
#define CASE_BITS UINT32_C(0x202020) /* what tells upper from lower case in ASCII; that other bytes differ in it is compared */
#define ESCAPE UINT32_MAX         /* entry: no literal, but the beginning of \u0... or \u2... */

static inline uint32_t three_at(const char *p)
{
    return ((uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16) | CASE_BITS;
}

static inline uint32_t cell_of(const literal_sieve *s, uint32_t three) { return three * UINT32_C(0x9e3779b1) >> s->cell_shift; }
static inline size_t cell_count(const literal_sieve *s) { return (size_t)1 << (32 - s->cell_shift); }

/* A byte below 0x80 is told by its low four bits and its high four of seven: the one they share makes them tell more together. */
static inline uint8_t low_of(uint8_t byte) { return byte & 15; }
static inline uint8_t high_of(uint8_t byte) { return byte >> 3 & 15; }

static inline bool is_all_ascii(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] & 0x80) return false;
    return true;
}

#endif
