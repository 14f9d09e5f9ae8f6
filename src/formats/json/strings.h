/*
 * Where strings end. What stands in them is proved on the way: no control characters, escapes that are right, UTF-8. Most are short and
 * plain, and end within the first bytes that are looked at, all at once.
 */
#ifndef PICKET_FORMATS_JSON_STRINGS_H
#define PICKET_FORMATS_JSON_STRINGS_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/str.h"

enum { STRING_NEAR = 32 };

/* As string_close, for any string; the second one on any processor. */
const char *string_close_far(const char *p, const char *end, bool *escaped);
const char *string_close_anywhere(const char *p, const char *end, bool *escaped);

/*
 * The closing quote of the string whose first byte is at p, which may be `end`; behind that 64 more bytes are readable. *escaped: some
 * backslash is in it. NULL: it does not end before `end`, or something in it is wrong (half of a surrogate pair, too).
 */
static inline const char *string_close(const char *p, const char *end, bool *escaped)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), printable = _mm_set1_epi8(' '); /* signed: what is not ASCII is less, too */
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p), b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    __m128i in_a = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(a, quote), _mm_cmpeq_epi8(a, backslash)), _mm_cmplt_epi8(a, printable));
    __m128i in_b = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote), _mm_cmpeq_epi8(b, backslash)), _mm_cmplt_epi8(b, printable));
    uint32_t special = (uint32_t)_mm_movemask_epi8(in_a) | (uint32_t)_mm_movemask_epi8(in_b) << 16;
    const char *close = p + (special ? __builtin_ctz(special) : 0);
    if (*close == '"' && close < end) {
        *escaped = false;
        return close;
    }
#endif
    return string_close_far(p, end, escaped);
}

#endif
