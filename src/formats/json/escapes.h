/* Escapes in JSON strings (RFC 8259, section 7): where they are, whether they are right, what they stand for. */
#ifndef PICKET_FORMATS_JSON_ESCAPES_H
#define PICKET_FORMATS_JSON_ESCAPES_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"

/* The first backslash in [p, end), or end. Reads up to 15 bytes behind. */
static inline const char *escape_find(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; p < end; p += 16) {
        uint32_t found = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), backslash));
        if (found) {
            p += __builtin_ctz(found);
            return p < end ? p : end;
        }
    }
    return end;
#else
    const char *found = memchr(p, '\\', (size_t)(end - p));
    return found ? found : end;
#endif
}

static inline bool escape_is_in(pk_str s) { return escape_find(s.ptr, s.ptr + s.len) < s.ptr + s.len; }

/* Are all escapes of [p, end) right, and none of them half a surrogate pair? The first one stands at p. */
bool escapes_are_right(const char *p, const char *end);

/* The text of what stands between the quotes of a string, in `a`; false: an escape is wrong. Reads up to 64 bytes behind it. */
bool escape_undo(arena *a, pk_str s, pk_str *out);

/* What stands behind a backslash at p, five bytes of it readable: is it \u of a character that is no half of a pair? */
bool escape_is_unit(const char *p);

#endif
