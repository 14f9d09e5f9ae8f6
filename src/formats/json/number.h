/* Numbers of JSON text (RFC 8259, section 6). Integers, which most numbers of logs are, are read eight digits a step. */
#ifndef PICKET_FORMATS_JSON_NUMBER_H
#define PICKET_FORMATS_JSON_NUMBER_H

#include "base/bytes.h"
#include "event/value.h"

/* The `len` bytes at p, one to eight of them, behind zeros; the first one is the lowest byte. Reads eight. false: not all are digits. */
static inline bool number_digits(const char *p, size_t len, uint64_t *out)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t x = bytes_8(p);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    *out = x = (x ^ '0' * each) << (64 - 8 * len);
    return !((x | (x + 6 * each)) & 0xf0 * each);
}

/* What such digits stand for: neighbours are joined to numbers of two digits, of four, of eight. */
static inline uint64_t number_of_digits(uint64_t digits)
{
    const uint64_t low = UINT64_C(0x000000ff000000ff);
    digits = digits * 10 + (digits >> 8);
    return ((digits & low) * (100 + (UINT64_C(1000000) << 32)) + (digits >> 16 & low) * (1 + (UINT64_C(10000) << 32))) >> 32;
}

/* How many digits an integer at p has, with nothing but seven at most before a comma or a bracket; 0: it is none, or another one. */
static inline size_t number_is_short(const char *p, uint64_t *digits)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t x = bytes_8(p);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    x ^= '0' * each;
    const uint64_t others = (x | (x + 6 * each)) & 0xf0 * each; /* right up to the first one */
    const size_t len = others ? (size_t)__builtin_ctzll(others) / 8 : 0;
    if (!len || (p[len] != ',' && p[len] != '}') || (*p == '0' && len > 1)) return 0;
    *digits = x << (64 - 8 * len);
    return len;
}

/*
 * Is s, behind which seven bytes more are readable, a number of the grammar, and one that any machine holds without a doubt?
 * `out` is its value; NULL: nobody wants it. false: it must be left to another parser.
 */
bool number_read(pk_str s, value *out);
/* The same for any scalar that is no string: a number, true, false, null. */
bool scalar_read(pk_str s, value *out);

#endif
