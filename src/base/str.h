/* String views. A view never owns; whoever made the bytes says how long they live. */
#ifndef PICKET_BASE_STR_H
#define PICKET_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "picket.h" /* pk_str, pk_status */

#define STR(literal) ((pk_str){(literal), sizeof(literal) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline pk_str str_from(const char *cstring)
{
    return (pk_str){cstring ? cstring : "", cstring ? strlen(cstring) : 0};
}

static inline bool str_equal(pk_str a, pk_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The bytes from `at` on, at most `len` of them; clamped to the string. */
static inline pk_str str_slice(pk_str s, size_t at, size_t len)
{
    if (at > s.len) at = s.len;
    if (len > s.len - at) len = s.len - at;
    return (pk_str){s.ptr + at, len};
}

#define STR_NPOS ((size_t)-1)

int str_compare(pk_str a, pk_str b);               /* byte order, shorter first */
bool str_equal_ascii_fold(pk_str a, pk_str b);     /* ASCII letters only: for names of formats, keywords, keys */
bool str_starts_with(pk_str s, pk_str prefix);
bool str_ends_with(pk_str s, pk_str suffix);
size_t str_find(pk_str s, pk_str needle);          /* first position or STR_NPOS */
size_t str_find_char(pk_str s, char c);

/* The first position from `at` on. */
static inline size_t str_find_from(pk_str s, size_t at, pk_str needle)
{
    size_t found = at > s.len ? STR_NPOS : str_find(str_slice(s, at, STR_NPOS), needle);
    return found == STR_NPOS ? STR_NPOS : at + found;
}

pk_str str_trim(pk_str s);                         /* without ASCII white space at both ends */

/* Decimal integer over the whole string ("-12", "007" is refused when `strict`). false: not one, or out of range. */
bool str_to_int(pk_str s, bool strict, int64_t *out);
bool str_to_double(pk_str s, double *out);

/* The name among `names` (n of them) nearest to `word`, for "did you mean"; empty if none is near. */
pk_str str_nearest(pk_str word, const pk_str *names, size_t n);

#endif
