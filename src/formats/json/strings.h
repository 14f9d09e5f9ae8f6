/*
 * Where strings end. What stands in them is proved on the way: no control characters, escapes that are right, UTF-8. Most are short and
 * plain, and end within the first bytes that are looked at, all at once.
 */
#ifndef PICKET_FORMATS_JSON_STRINGS_H
#define PICKET_FORMATS_JSON_STRINGS_H

#ifdef __AVX2__
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/str.h"

/* As string_close, for any string; the second one on any processor. */
const char *string_close_far(const char *p, const char *end, bool *escaped);
const char *string_close_anywhere(const char *p, const char *end, bool *escaped);

enum { STRING_STEP = 32 };

#ifdef __AVX2__
/* A compiler would make it anew from a byte each time, and another question of the comparison. */
static inline __m256i string_kept(__m256i x)
{
    __asm__("" : "+x"(x));
    return x;
}
#endif

/* A bit for each of STRING_STEP bytes at p that ends a string, or is not such as most strings are made of. */
static inline uint32_t string_marks(const char *p)
{
#ifdef __AVX2__
    const __m256i quote = string_kept(_mm256_set1_epi8('"')), backslash = string_kept(_mm256_set1_epi8('\\'));
    const __m256i printable = string_kept(_mm256_set1_epi8(' ')); /* signed: what is not ASCII is less, too */
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i special = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(x, quote), _mm256_cmpeq_epi8(x, backslash)), _mm256_cmpgt_epi8(printable, x));
    return (uint32_t)_mm256_movemask_epi8(special);
#elif defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), printable = _mm_set1_epi8(' ');
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p), b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    __m128i in_a = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(a, quote), _mm_cmpeq_epi8(a, backslash)), _mm_cmplt_epi8(a, printable));
    __m128i in_b = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote), _mm_cmpeq_epi8(b, backslash)), _mm_cmplt_epi8(b, printable));
    return (uint32_t)_mm_movemask_epi8(in_a) | (uint32_t)_mm_movemask_epi8(in_b) << 16;
#else
    uint32_t marks = 0;
    for (int i = 0; i < STRING_STEP; i++) marks |= (uint32_t)(p[i] == '"' || p[i] == '\\' || (uint8_t)p[i] < ' ' || (uint8_t)p[i] >= 0x80) << i;
    return marks;
#endif
}

/*
 * The closing quote of the string whose first byte is at p, which may be `end`; behind that 64 more bytes are readable. *escaped: some
 * backslash is in it. NULL: it does not end before `end`, or something in it is wrong (half of a surrogate pair, too).
 */
static inline const char *string_close(const char *p, const char *end, bool *escaped)
{
    uint32_t marks;
    while (!(marks = string_marks(p)))
        if ((p += STRING_STEP) >= end) return NULL;
    const char *close = p + __builtin_ctz(marks);
    if (*close != '"' || close >= end) return string_close_far(p, end, escaped);
    *escaped = false;
    return close;
}

#endif
