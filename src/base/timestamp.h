/* Points in time: nanoseconds since 1970-01-01T00:00:00Z in an int64 (1677 to 2262). */
#ifndef PICKET_BASE_TIMESTAMP_H
#define PICKET_BASE_TIMESTAMP_H

#include "base/mem.h"

typedef int64_t timestamp;
#define TIMESTAMP_NONE INT64_MIN
#define SECOND INT64_C(1000000000)

typedef struct {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
    int nanosecond;
    int weekday;                          /* 0 Monday .. 6 Sunday */
    int iso_week;                         /* 1..53, ISO 8601 */
} civil_time;

timestamp timestamp_from_civil(int64_t year, int month, int day, int hour, int minute, int second, int nanosecond);
civil_time timestamp_to_civil(timestamp t);

timestamp timestamp_from_filetime(uint64_t hundred_ns_since_1601); /* MS-DTYP 2.3.3; NONE out of range */

/*
 * ISO 8601 / RFC 3339 and its common relatives: 'T' or blank between date and time, '/' or '-' in the date, fraction
 * of any length after '.' or ',', zone 'Z', '+01:00', '+0100', ' UTC' or none (then UTC). A date alone is midnight.
 * The whole of `s` must be read. NONE if it is something else.
 */
timestamp timestamp_parse_iso(pk_str s);

/*
 * By a strptime-like form. %Y %y %m %d %e %b %H %I %p %M %S %z %Z %j, %f (fraction of any length), %s (epoch seconds with
 * fraction), %% ; a blank matches any run of blanks. `default_year` serves forms without a year (0: refuse those).
 */
timestamp timestamp_parse_form(pk_str s, const char *form, int default_year);

/* "2026-11-22T05:56:02.123Z": fraction of 3, 6 or 9 digits as needed, none if it is zero. NONE gives an empty view. */
pk_str timestamp_text(arena *a, timestamp t);
enum { TIMESTAMP_MOST = 30 };
char *timestamp_put(char *out, timestamp t);          /* the same where there is room for TIMESTAMP_MOST bytes; the end is returned */

/* "90s", "5m", "2h", "1d", "1w", "1M" (30 d), "1y" (365 d). false: not one. Result in nanoseconds. */
bool duration_parse(pk_str s, int64_t *out);
pk_str duration_text(arena *a, int64_t nanoseconds);  /* "5m", "90s", "1d": the largest unit that divides it */

#endif
