/* Short runs of bytes on hot paths: compared and told apart without a call. */
#ifndef PICKET_BASE_BYTES_H
#define PICKET_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bytes_8(const void *p)
{
    uint64_t n;
    memcpy(&n, p, 8);
    return n;
}

static inline uint64_t bytes_4(const void *p)
{
    uint32_t n;
    memcpy(&n, p, 4);
    return n;
}

static inline uint64_t bytes_2(const void *p)
{
    uint16_t n;
    memcpy(&n, p, 2);
    return n;
}

/* All of at most 8 bytes as one number; different ones of the same length give different numbers. */
static inline uint64_t bytes_short(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    if (len >= 4) return bytes_4(p) << 32 | bytes_4(p + len - 4);
    if (len >= 2) return bytes_2(p) << 16 | bytes_2(p + len - 2);
    return len ? p[0] : 0;
}

/* A few of them, for a guess at which are the same: of longer ones the middle and the end. */
static inline uint64_t bytes_glance(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    return len <= 8 ? bytes_short(p, len) : bytes_8(p + len / 2 - 4) * 31 + bytes_8(p + len - 8);
}

typedef uint64_t bytes_pair __attribute__((vector_size(16)));

/* Bits that differ in 16 bytes. */
static inline bytes_pair bytes_differ(const uint8_t *a, const uint8_t *b)
{
    bytes_pair x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x ^ y;
}

#define BYTES_INLINE 64

/* No loop: what is compared overlaps in the middle. memcmp is the faster the longer they are. */
static inline bool bytes_equal(const void *x, const void *y, size_t len)
{
    const uint8_t *a = x, *b = y;
    if (len <= 8) return bytes_short(a, len) == bytes_short(b, len);
    if (len <= 16) return ((bytes_8(a) ^ bytes_8(b)) | (bytes_8(a + len - 8) ^ bytes_8(b + len - 8))) == 0;
    if (len > BYTES_INLINE) return memcmp(a, b, len) == 0;
    bytes_pair differ = bytes_differ(a, b) | bytes_differ(a + len - 16, b + len - 16);
    if (len > 32) differ |= bytes_differ(a + 16, b + 16) | bytes_differ(a + len - 32, b + len - 32);
    return (differ[0] | differ[1]) == 0;
}

#endif
