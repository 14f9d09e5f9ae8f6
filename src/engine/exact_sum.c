/*
 * The sum is a fixed-point number of 32-bit limbs, each in 64 bits with a sign: a double touches three of them, and
 * carries are moved on only now and then. Limb i weighs 2^(32 i - 1074).
 */
#include "engine/exact_sum.h"

#include <math.h>

#include "base/mem.h"

#define LIMBS 68                  /* (1074 + 1024) / 32, and room for the carries of 2^64 numbers */
#define PENDING_MOST (1u << 28)   /* so many changes of less than 2^32 each fit beside the 32 bits of a limb */

void exact_sum_free(exact_sum *s)
{
    mem_free(s->limbs);
    *s = (exact_sum){0};
}

/* Leaves 0 <= limb < 2^32 in all but the last, which has the sign. */
static void carry(exact_sum *s)
{
    for (int i = 0; i + 1 < LIMBS; i++) {
        int64_t up = s->limbs[i] >> 32;
        s->limbs[i] -= up * (INT64_C(1) << 32);
        s->limbs[i + 1] += up;
    }
    s->pending = 0;
}

static void change_limbs(exact_sum *s, double d, int64_t sign)
{
    int exponent;
    double fraction = frexp(fabs(d), &exponent); /* in [0.5, 1) */
    uint64_t mantissa = (uint64_t)ldexp(fraction, 53);
    int shift = exponent - 53 + 1074;             /* below zero only for denormals, whose low bits are zero */
    if (shift < 0) mantissa >>= -shift, shift = 0;
    unsigned __int128 bits = (unsigned __int128)mantissa << (shift % 32);
    if (!s->limbs) s->limbs = mem_zalloc(LIMBS, sizeof *s->limbs);
    for (int i = shift / 32; bits; i++, bits >>= 32) s->limbs[i] += sign * (int64_t)(uint32_t)bits;
    if (++s->pending == PENDING_MOST) carry(s);
}

void exact_sum_change(exact_sum *s, double d, bool add)
{
    int64_t one = add ? 1 : -1;
    if (isinf(d)) *(d > 0 ? &s->above : &s->below) += one;
    else if (fabs(d) < 0x1p62 && d == rint(d)) s->whole += one * (__int128)d;
    else change_limbs(s, d, d < 0 ? -one : one);
}

long double exact_sum_value(exact_sum *s)
{
    long double sum = 0;
    if (s->above || s->below) return s->above && s->below ? NAN : s->above ? INFINITY : -INFINITY;
    if (s->limbs) carry(s);
    bool negative = s->limbs && s->limbs[LIMBS - 1] < 0;
    if (negative) { /* the magnitude, so that no digits cancel below */
        for (int i = 0; i < LIMBS; i++) s->limbs[i] = -s->limbs[i];
        carry(s);
    }
    for (int i = 0; s->limbs && i < LIMBS; i++) sum += ldexpl((long double)s->limbs[i], 32 * i - 1074);
    if (negative) {
        for (int i = 0; i < LIMBS; i++) s->limbs[i] = -s->limbs[i];
        carry(s);
    }
    return (negative ? -sum : sum) + (long double)s->whole;
}
