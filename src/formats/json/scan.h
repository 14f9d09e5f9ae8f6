/* Where a JSON value ends, and what is wrong with one that doesn't. Bytes only: no values are made here. */
#ifndef PICKET_FORMATS_JSON_SCAN_H
#define PICKET_FORMATS_JSON_SCAN_H

#include "base/str.h"

#define JSON_DEPTH_LIMIT 512  /* containers within containers; also bounds every recursion over a record */

typedef enum {
    SCAN_CLOSED,              /* a value ends at `at` */
    SCAN_OPEN,                /* right so far, but the bytes end first */
    SCAN_BROKEN,              /* cannot become a value */
} scan_result;

typedef struct {
    scan_result result;
    const char *at;           /* CLOSED: behind the value; BROKEN: the first byte that is wrong; OPEN: the end */
    const char *expected;     /* BROKEN, OPEN: what should stand there; a literal */
    bool too_deep;            /* BROKEN: the depth limit */
} scan_report;

/*
 * The end of the object or array that begins at `at`, by counting brackets outside strings: fast, and no proof that
 * what lies between is JSON. A line break inside a string is broken, so that a lost quote does not run on for long.
 */
scan_result scan_match(const char *at, const char *end, const char **close);

/* One value by the grammar of RFC 8259, from its first byte on. `final`: nothing follows `end`. UTF-8 is not checked. */
scan_report scan_value(const char *at, const char *end, bool final);

/* Behind the closing quote of the string whose opening quote is at `at`; NULL if it isn't closed before `end`. */
const char *scan_string(const char *at, const char *end);

/* Bits of the bytes that an odd run of backslashes stands before; the carry is 1 if the next block's first is one. */
static inline uint64_t scan_escaped_bytes(uint64_t backslash, uint64_t *carry)
{
    if (backslash == 0) {
        uint64_t escaped = *carry;
        *carry = 0;
        return escaped;
    }
    /* Subtracting a run's bits from the same one place up, with all odd places set, leaves every other bit of it. */
    const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa), may_escape = backslash & ~*carry;
    const uint64_t every_other = ((may_escape << 1 | odd) - may_escape) ^ odd; /* backslashes that escape, and what stands behind these */
    const uint64_t escaped = every_other ^ (backslash | *carry);
    *carry = (every_other & backslash) >> 63;
    return escaped;
}

static inline bool scan_is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
const char *scan_blanks(const char *at, const char *end);
/* The line break in [at, end); NULL: none. */
static inline const char *scan_line_end(const char *at, const char *end) { return memchr(at, '\n', (size_t)(end - at)); }
/* Behind the last byte of [at, end) that is not blank. */
static inline const char *scan_trim_end(const char *at, const char *end)
{
    while (end > at && scan_is_blank(end[-1])) end--;
    return end;
}

#endif
