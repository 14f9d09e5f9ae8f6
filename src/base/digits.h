/* Decimal digits on hot paths: two at a time, without formats. */
#ifndef PICKET_BASE_DIGITS_H
#define PICKET_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DIGITS_MOST = 20 /* of any number of 64 bits, with its sign */ };

/* Two digits of n < 100. */
static inline char *digits_pair(char *out, uint32_t n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    memcpy(out, pairs + 2 * (size_t)n, 2);
    return out + 2;
}

/* How many there are: guessed by the bits, one too few where the number is as large as the power of ten behind the guess. */
static inline size_t digits_count(uint64_t n)
{
    static const uint64_t powers[] = {0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, UINT64_C(10000000000),
                                      UINT64_C(100000000000), UINT64_C(1000000000000), UINT64_C(10000000000000), UINT64_C(100000000000000),
                                      UINT64_C(1000000000000000), UINT64_C(10000000000000000), UINT64_C(100000000000000000),
                                      UINT64_C(1000000000000000000), UINT64_C(10000000000000000000)};
    size_t guess = (size_t)(64 - __builtin_clzll(n | 1)) * 1233 >> 12; /* log10(2) */
    return guess + (n >= powers[guess]);
}

/* As many as it needs; the end is returned. */
static inline char *digits_put(char *out, uint64_t n)
{
    if (n < 10) { /* as many are */
        *out = (char)('0' + n);
        return out + 1;
    }
    size_t left = digits_count(n);
    char *end = out + left;
    for (; left > 1; n /= 100) digits_pair(out + (left -= 2), (uint32_t)(n % 100));
    if (left) out[0] = (char)('0' + n);
    return end;
}

static inline char *digits_put_signed(char *out, int64_t n)
{
    if (n < 0) *out++ = '-';
    return digits_put(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

#endif
