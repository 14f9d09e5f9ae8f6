/* Comparing, searching and reading views. Nothing here allocates. */
#define _GNU_SOURCE /* memmem, strtod_l */
#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

int str_compare(pk_str a, pk_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

bool str_equal_ascii_fold(pk_str a, pk_str b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i])) return false;
    return true;
}

bool str_starts_with(pk_str s, pk_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool str_ends_with(pk_str s, pk_str suffix)
{
    return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

static size_t find_by_library(pk_str s, pk_str needle, size_t at)
{
    const char *found = memmem(s.ptr + at, s.len - at, needle.ptr, needle.len);
    return found ? (size_t)(found - s.ptr) : STR_NPOS;
}

/*
 * Places where the needle's first and last byte stand, 16 at a time. The last step overlaps the one before, so that nothing behind the
 * text is read. Where too many of them are none, the C library's search goes on, whose cost is bounded.
 */
static size_t find_by_ends(pk_str s, pk_str needle)
{
#ifdef __SSE2__
    enum { STEP = 16, MISSES = 32 };
    const size_t places = s.len - needle.len + 1, last = needle.len - 1;
    if (places < STEP) return find_by_library(s, needle, 0);
    const __m128i first_byte = _mm_set1_epi8(needle.ptr[0]), last_byte = _mm_set1_epi8(needle.ptr[last]);
    size_t misses = 0;
    for (size_t at = 0;;) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.ptr + at));
        __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(s.ptr + at + last));
        uint32_t both = (uint32_t)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(x, first_byte), _mm_cmpeq_epi8(y, last_byte)));
        for (; both; both &= both - 1) {
            size_t here = at + (size_t)__builtin_ctz(both);
            if (memcmp(s.ptr + here, needle.ptr, needle.len) == 0) return here;
            if (++misses > MISSES) return find_by_library(s, needle, here + 1);
        }
        if (at == places - STEP) return STR_NPOS;
        at = at + STEP < places - STEP ? at + STEP : places - STEP;
    }
#else
    return find_by_library(s, needle, 0);
#endif
}

size_t str_find(pk_str s, pk_str needle)
{
    if (needle.len == 0) return 0;
    if (needle.len > s.len) return STR_NPOS;
    return find_by_ends(s, needle);
}

size_t str_find_char(pk_str s, char c)
{
    const char *found = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return found ? (size_t)(found - s.ptr) : STR_NPOS;
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

pk_str str_trim(pk_str s)
{
    while (s.len && is_space(s.ptr[0])) s.ptr++, s.len--;
    while (s.len && is_space(s.ptr[s.len - 1])) s.len--;
    return s;
}

/* ---- numbers ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool str_to_int(pk_str s, bool strict, int64_t *out)
{
    bool negative = s.len && s.ptr[0] == '-';
    if (negative || (!strict && s.len && s.ptr[0] == '+')) s = str_slice(s, 1, s.len);
    if (s.len == 0) return false;
    if (strict && s.ptr[0] == '0' && (s.len > 1 || negative)) return false;
    int64_t n = 0; /* counted downwards: INT64_MIN has no positive twin */
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.ptr[i])) return false;
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, s.ptr[i] - '0', &n)) return false;
    }
    if (!negative && n == INT64_MIN) return false;
    *out = negative ? n : -n;
    return true;
}

/* A number in decimal, taken apart: digits * 10^exponent. */
typedef struct {
    uint64_t digits;
    int exponent;
    bool negative, exact; /* exact: all digits fit */
} decimal;

static bool scan_digits(pk_str s, size_t *at, decimal *d, bool fraction)
{
    size_t start = *at;
    for (; *at < s.len && is_digit(s.ptr[*at]); ++*at) {
        uint64_t more;
        if (__builtin_mul_overflow(d->digits, 10, &more) || __builtin_add_overflow(more, (uint64_t)(s.ptr[*at] - '0'), &more))
            d->exact = false;
        else
            d->digits = more;
        if (fraction && d->exponent > -10000) d->exponent--;
    }
    return *at > start;
}

static bool scan_decimal(pk_str s, decimal *d)
{
    size_t at = 0;
    *d = (decimal){.exact = true};
    if (at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+')) d->negative = s.ptr[at++] == '-';
    bool some = scan_digits(s, &at, d, false);
    if (at < s.len && s.ptr[at] == '.') {
        at++;
        some |= scan_digits(s, &at, d, true);
    }
    if (!some) return false;
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        bool negative = false;
        int exponent = 0;
        size_t start = ++at;
        if (at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+')) negative = s.ptr[at++] == '-', start++;
        for (; at < s.len && is_digit(s.ptr[at]); at++)
            if (exponent < 10000) exponent = exponent * 10 + (s.ptr[at] - '0');
        if (at == start) return false;
        d->exponent += negative ? -exponent : exponent;
    }
    return at == s.len;
}

/* strtod in the C locale, whatever the embedding program has set. */
static double exact_double(pk_str s)
{
    char small[64];
    char *copy = s.len < sizeof small ? small : malloc(s.len + 1);
    if (!copy) return 0;
    memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant object of libc: costs nothing */
    double result = c ? strtod_l(copy, NULL, c) : strtod(copy, NULL);
    if (c) freelocale(c);
    if (copy != small) free(copy);
    return result;
}

bool str_to_double(pk_str s, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d;
    if (!scan_decimal(s, &d)) return false;
    /* Up to 2^53 and 10^22 both factors are exact, so the result is rounded once and right. */
    if (d.exact && d.digits <= UINT64_C(1) << 53 && d.exponent >= -22 && d.exponent <= 22) {
        double n = (double)d.digits;
        n = d.exponent < 0 ? n / powers[-d.exponent] : n * powers[d.exponent];
        *out = d.negative ? -n : n;
        return true;
    }
    *out = exact_double(s);
    return true;
}

/* ---- did you mean ---- */

enum { NEAREST_LENGTH = 48 };

/* Edits (insert, delete, replace, swap of neighbours) from a to b, without case; words longer than the limit never match. */
static size_t edit_distance(pk_str a, pk_str b)
{
    size_t before[NEAREST_LENGTH + 1], last[NEAREST_LENGTH + 1], row[NEAREST_LENGTH + 1];
    if (a.len > NEAREST_LENGTH || b.len > NEAREST_LENGTH) return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++) last[j] = j;
    memcpy(before, last, sizeof before);
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = ascii_lower(a.ptr[i - 1]), y = ascii_lower(b.ptr[j - 1]);
            size_t best = last[j - 1] + (x != y);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == ascii_lower(b.ptr[j - 2]) && ascii_lower(a.ptr[i - 2]) == y && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        memcpy(before, last, sizeof before);
        memcpy(last, row, sizeof last);
    }
    return last[b.len];
}

pk_str str_nearest(pk_str word, const pk_str *names, size_t n)
{
    pk_str nearest = {"", 0};
    size_t best = word.len <= 3 ? 1 : word.len / 3 + 1; /* more edits than this is another word */
    for (size_t i = 0; i < n; i++) {
        size_t edits = edit_distance(word, names[i]);
        if (edits < best || (edits == best && nearest.len == 0 && edits < names[i].len)) {
            best = edits;
            nearest = names[i];
        }
    }
    return nearest;
}
