/* Escapes are undone while the text between them is copied, many bytes a step. */
#include "formats/json/escapes.h"

#include "base/unicode.h"

enum { COPY_STEP = 32 };

/* Copies COPY_STEP bytes from p; a bit for each backslash in them. */
static inline uint32_t copy_step(char *to, const char *p)
{
#ifdef __SSE2__
    const __m128i backslash = _mm_set1_epi8('\\');
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p), b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    _mm_storeu_si128((__m128i *)(void *)to, a);
    _mm_storeu_si128((__m128i *)(void *)(to + 16), b);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, backslash)) | (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(b, backslash)) << 16;
#else
    uint32_t found = 0;
    for (int i = 0; i < COPY_STEP; i++) found |= (uint32_t)((to[i] = p[i]) == '\\') << i;
    return found;
#endif
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits at p; -1: they are not there. */
static int32_t hex_4(const char *p, const char *end)
{
    int32_t n = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) return -1;
        n = n << 4 | digit;
    }
    return n;
}

/* Behind the "\u" of an escape: its character, *p behind it. -1: no such character (half a pair, too). */
static int32_t unescape_unit(const char **p, const char *end)
{
    int32_t c = hex_4(*p, end);
    *p += 4;
    if (c < 0xd800 || c > 0xdfff) return c;
    if (c > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return -1;
    int32_t low = hex_4(*p + 2, end);
    *p += 6;
    return low < 0xdc00 || low > 0xdfff ? -1 : 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* What the escape of one letter stands for; 0: there is none. */
static const char letters[256] = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

/* The escape whose backslash is at *p, written to `out`: how many bytes, *p behind it. 0: it is none. */
static inline size_t unescape_one(const char **p, const char *end, char out[4])
{
    if (end - *p < 2) return 0;
    uint8_t c = (uint8_t)(*p)[1];
    *p += 2;
    if (c == 'u') {
        int32_t code = unescape_unit(p, end);
        return code < 0 ? 0 : utf8_put(out, (uint32_t)code);
    }
    return (out[0] = letters[c]) != 0;
}

bool escapes_are_right(const char *p, const char *end)
{
    char ignored[4];
    while (p < end) {
        if (!unescape_one(&p, end, ignored)) return false;
        p = escape_find(p, end);
    }
    return true;
}

/*
 * The escapes of COPY_STEP bytes at p, which are at *to already: a bit of `found` for each backslash. What follows an escape
 * is copied again, to where it belongs. Returns the place behind, and sets *to behind its text; NULL: there is a wrong one.
 */
static inline const char *unescape_step(const char *p, const char *end, uint32_t found, char **to)
{
    const char *next = p + COPY_STEP, *from = p;
    do {
        unsigned n = (unsigned)__builtin_ctz(found);
        const char *escape = p + n;
        if (escape >= end) break;
        char c = letters[(uint8_t)escape[1]];
        *to += escape - from;
        if (!c) {
            size_t len = unescape_one(&escape, end, *to);
            *to += len;
            return len ? escape : NULL;
        }
        *(*to)++ = c;
        from = escape + 2;
        memcpy(*to, from, COPY_STEP);
        found &= ~(3u << n); /* the character behind may be a backslash, too */
    } while (found);
    if (next < from) next = from;
    *to += next - from;
    return next;
}

bool escape_undo(arena *a, pk_str s, pk_str *out)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    char *start = arena_alloc(a, s.len + 2 * COPY_STEP), *to = start;
    while (p < end) {
        uint32_t found = copy_step(to, p);
        if (!found) {
            p += COPY_STEP;
            to += COPY_STEP;
        } else if (!(p = unescape_step(p, end, found, &to))) {
            return false;
        }
    }
    *out = (pk_str){start, (size_t)(to - start) - (size_t)(p - end)}; /* the last step may have gone past the end */
    return true;
}

bool escape_is_unit(const char *p)
{
    int32_t c = *p == 'u' ? hex_4(p + 1, p + 5) : -1;
    return c >= 0 && (c < 0xd800 || c > 0xdfff);
}
