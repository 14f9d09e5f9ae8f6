/*
 * 64 bytes a step, a bit for each of them. What most strings don't hold is only noticed on the way and looked at when it is there:
 * bytes beyond ASCII, control characters, other escapes than of a letter.
 */
#include "formats/json/strings.h"

#include "formats/json/escapes.h"
#include "formats/json/scan.h"
#include "formats/json/simdjson_shim.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { STEP = 64 };

#define FOR_AVX2 __attribute__((target("avx2,bmi")))
#define INLINE FOR_AVX2 static inline __attribute__((always_inline))
#endif

/* What is known of a string, or of its rest from some place on, when its end is found. */
typedef struct {
    const char *start;
    uint64_t escapes;              /* not 0: there are some */
    bool plain;                    /* all of them are such as stand for one character, and right */
    bool beyond_ascii;
} found_string;

static __attribute__((noinline)) const char *proved_odd(const found_string *s, const char *close)
{
    if (!s->plain && !escapes_are_right(escape_find(s->start, close), close)) return NULL;
    return s->beyond_ascii && !simdjson_is_utf8(s->start, (size_t)(close - s->start)) ? NULL : close;
}

static inline const char *proved(const found_string *s, const char *close, bool *escaped)
{
    *escaped = s->escapes != 0;
    return s->plain && !s->beyond_ascii ? close : proved_odd(s, close);
}

const char *string_close_anywhere(const char *p, const char *end, bool *escaped)
{
    found_string s = {.start = p, .plain = true};
    for (; p < end; p++) {
        if (*p == '"') return proved(&s, p, escaped);
        if ((uint8_t)*p < 0x20) return NULL;
        s.beyond_ascii |= (uint8_t)*p >= 0x80;
        if (*p != '\\') continue;
        s.escapes = 1;
        s.plain = false;
        p++;
    }
    return NULL;
}

#if defined(__x86_64__)
INLINE uint64_t bits_of(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

INLINE uint64_t bits_equal(__m256i a, __m256i b, __m256i to) { return bits_of(_mm256_cmpeq_epi8(a, to), _mm256_cmpeq_epi8(b, to)); }

/* The letters of escapes, but for 'u': the tables have a bit for each upper half that goes with a lower one. */
INLINE __m256i is_no_letter(__m256i x)
{
    enum { HI_2 = 1, HI_5 = 2, HI_6 = 4, HI_7 = 8 };
    const __m256i low = _mm256_setr_epi8(0, 0, HI_2 | HI_6 | HI_7, 0, HI_7, 0, HI_6, 0, 0, 0, 0, 0, HI_5, 0, HI_6, HI_2,
                                         0, 0, HI_2 | HI_6 | HI_7, 0, HI_7, 0, HI_6, 0, 0, 0, 0, 0, HI_5, 0, HI_6, HI_2);
    const __m256i high = _mm256_setr_epi8(0, 0, HI_2, 0, 0, HI_5, HI_6, HI_7, 0, 0, 0, 0, 0, 0, 0, 0,
                                          0, 0, HI_2, 0, 0, HI_5, HI_6, HI_7, 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
    return _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(low, x), _mm256_shuffle_epi8(high, upper)), _mm256_setzero_si256());
}

/* Are the escaped bytes of the 64 at p such as may stand behind a backslash, for one character? */
static __attribute__((noinline)) bool are_units(const char *p, const char *end, uint64_t escaped)
{
    for (; escaped; escaped &= escaped - 1) {
        const char *at = p + __builtin_ctzll(escaped);
        if (end - at < 5 || !escape_is_unit(at)) return false;
    }
    return true;
}

FOR_AVX2 static const char *close_by_64(const char *p, const char *end, bool *escaped)
{
    const __m256i quotes = _mm256_set1_epi8('"'), backslashes = _mm256_set1_epi8('\\'), printable = _mm256_set1_epi8(' ');
    found_string s = {.start = p, .plain = true};
    for (uint64_t carry = 0; p < end; p += STEP) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p), b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        uint64_t backslash = bits_equal(a, b, backslashes), quote = bits_equal(a, b, quotes);
        if (backslash | carry) {
            uint64_t behind = scan_escaped_bytes(backslash, &carry), others = behind & ~(backslash | quote); /* paths and quotes are most */
            quote &= ~behind;
            const uint64_t here = quote ^ (quote - 1); /* up to the end, or all */
            s.escapes |= backslash & here;
            others &= here;
            if (others && (others &= bits_of(is_no_letter(a), is_no_letter(b)))) s.plain &= are_units(p, end, others);
        }
        if (_mm256_movemask_epi8(_mm256_cmpgt_epi8(printable, _mm256_min_epi8(a, b)))) {
            uint64_t odd = bits_of(_mm256_cmpgt_epi8(printable, a), _mm256_cmpgt_epi8(printable, b)) & (quote ^ (quote - 1));
            if (odd & ~bits_of(a, b)) return NULL; /* control characters */
            s.beyond_ascii |= odd != 0;
        }
        if (!quote) continue;
        p += __builtin_ctzll(quote);
        return p < end ? proved(&s, p, escaped) : NULL;
    }
    return NULL;
}
#endif

const char *string_close_far(const char *p, const char *end, bool *escaped)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return close_by_64(p, end, escaped);
#endif
    return string_close_anywhere(p, end, escaped);
}
