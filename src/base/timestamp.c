/*
 * The calendar and the forms in which logs write time. The calendar is the proleptic Gregorian one, counted in days of
 * years that begin in March, so that the leap day is the last of its year.
 */
#include "base/timestamp.h"

#include "base/digits.h"

#define DAY (86400 * SECOND)

/* ---- calendar ---- */

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t days_from_civil(int64_t year, int month, int day)
{
    if (month <= 2) year--;
    int64_t era = floor_divide(year, 400), year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

timestamp timestamp_from_civil(int64_t year, int month, int day, int hour, int minute, int second, int nanosecond)
{
    if (year < 1600 || year > 2300 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return TIMESTAMP_NONE;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return TIMESTAMP_NONE; /* 60: leap */
    int64_t seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second, t;
    if (__builtin_mul_overflow(seconds, SECOND, &t) || __builtin_add_overflow(t, (int64_t)nanosecond, &t)) return TIMESTAMP_NONE;
    return t;
}

/* All but the week; `days`: since the epoch. */
static civil_time to_date_and_time(timestamp t, int64_t *days)
{
    int64_t rest = t % DAY + (t % DAY < 0 ? DAY : 0); /* days * DAY may not fit */
    *days = floor_divide(t, DAY);
    int64_t z = *days + 719468, era = floor_divide(z, 146097), day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153, second = rest / SECOND;
    civil_time c = {
        .day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1),
        .month = (int)(shifted < 10 ? shifted + 3 : shifted - 9),
        .hour = (int)(second / 3600),
        .minute = (int)(second / 60 % 60),
        .second = (int)(second % 60),
        .nanosecond = (int)(rest % SECOND),
    };
    c.year = year_of_era + era * 400 + (c.month <= 2);
    return c;
}

civil_time timestamp_to_civil(timestamp t)
{
    int64_t days;
    civil_time c = to_date_and_time(t, &days);
    c.weekday = (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    /* A week belongs to the year of its Thursday. */
    int64_t thursday = days - c.weekday + 3;
    civil_time of_thursday = {.year = c.year};
    if (thursday < days_from_civil(c.year, 1, 1)) of_thursday.year--;
    else if (thursday >= days_from_civil(c.year + 1, 1, 1)) of_thursday.year++;
    c.iso_week = (int)((thursday - days_from_civil(of_thursday.year, 1, 1)) / 7 + 1);
    return c;
}

timestamp timestamp_from_filetime(uint64_t ticks)
{
    /* From 1601 to 1970 are 134774 days. */
    int64_t since_epoch, t;
    if (ticks > INT64_MAX) return TIMESTAMP_NONE;
    since_epoch = (int64_t)ticks - INT64_C(134774) * 86400 * 10000000;
    if (__builtin_mul_overflow(since_epoch, 100, &t)) return TIMESTAMP_NONE;
    return t;
}

/* ---- reading ---- */

typedef struct {
    const char *at, *end;
} scan;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Between `least` and `most` digits. */
static bool scan_number(scan *s, int least, int most, int *out)
{
    int n = 0, count = 0;
    while (count < most && s->at < s->end && is_digit(*s->at)) n = n * 10 + (*s->at++ - '0'), count++;
    *out = n;
    return count >= least;
}

static bool scan_char(scan *s, char c)
{
    if (s->at >= s->end || *s->at != c) return false;
    s->at++;
    return true;
}

/* Digits after a decimal point, in nanoseconds; more than nine are read and dropped. */
static bool scan_fraction(scan *s, int *out)
{
    int n = 0, digits = 0;
    const char *start = s->at;
    for (; s->at < s->end && is_digit(*s->at); s->at++)
        if (digits < 9) n = n * 10 + (*s->at - '0'), digits++;
    if (s->at == start) return false;
    for (; digits < 9; digits++) n *= 10;
    *out = n;
    return true;
}

static bool scan_word(scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || !str_equal_ascii_fold((pk_str){s->at, n}, (pk_str){word, n})) return false;
    s->at += n;
    return true;
}

/* 'Z', 'UTC', 'GMT', +hh, +hhmm, +hh:mm. Result in seconds east of Greenwich. */
static bool scan_zone(scan *s, int *out)
{
    *out = 0;
    if (scan_word(s, "UTC") || scan_word(s, "GMT") || scan_word(s, "Z")) return true;
    if (s->at >= s->end || (*s->at != '+' && *s->at != '-')) return false;
    int sign = *s->at++ == '-' ? -1 : 1, hours, minutes = 0;
    if (!scan_number(s, 2, 2, &hours) || hours > 23) return false;
    if (scan_char(s, ':') ? !scan_number(s, 2, 2, &minutes)
                          : s->at < s->end && is_digit(*s->at) && !scan_number(s, 2, 2, &minutes))
        return false;
    if (minutes > 59) return false;
    *out = sign * (hours * 3600 + minutes * 60);
    return true;
}

static timestamp minus_seconds(timestamp t, int64_t seconds)
{
    timestamp out;
    return t == TIMESTAMP_NONE || __builtin_sub_overflow(t, seconds * SECOND, &out) ? TIMESTAMP_NONE : out;
}

timestamp timestamp_parse_iso(pk_str text)
{
    scan s = {text.ptr, text.ptr + text.len};
    int year, month, day, hour = 0, minute = 0, second = 0, nanosecond = 0, zone = 0;
    if (!scan_number(&s, 4, 4, &year) || s.at == s.end) return TIMESTAMP_NONE;
    char separator = *s.at++;
    if (separator != '-' && separator != '/') return TIMESTAMP_NONE;
    if (!scan_number(&s, 1, 2, &month) || !scan_char(&s, separator) || !scan_number(&s, 1, 2, &day)) return TIMESTAMP_NONE;
    if (s.at < s.end) {
        if (!scan_char(&s, 'T') && !scan_char(&s, 't') && !scan_char(&s, ' ')) return TIMESTAMP_NONE;
        if (!scan_number(&s, 1, 2, &hour) || !scan_char(&s, ':') || !scan_number(&s, 2, 2, &minute)) return TIMESTAMP_NONE;
        if (scan_char(&s, ':')) {
            if (!scan_number(&s, 2, 2, &second)) return TIMESTAMP_NONE;
            if ((scan_char(&s, '.') || scan_char(&s, ',')) && !scan_fraction(&s, &nanosecond)) return TIMESTAMP_NONE;
        }
        if (s.at < s.end && *s.at == ' ') s.at++;
        if (s.at < s.end && !scan_zone(&s, &zone)) return TIMESTAMP_NONE;
    }
    if (s.at != s.end || text.ptr[text.len - 1] == ' ') return TIMESTAMP_NONE;
    return minus_seconds(timestamp_from_civil(year, month, day, hour, minute, second, nanosecond), zone);
}

/* ---- by a form ---- */

typedef struct {
    int year, month, day, year_day, hour, minute, second, nanosecond, zone;
    bool has_year, has_pm, pm, has_epoch;
    timestamp epoch;
} parts;

static bool scan_month(scan *s, int *out)
{
    static const char *const names[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
    for (int i = 0; i < 12; i++) {
        char first[4] = {names[i][0], names[i][1], names[i][2], 0};
        if (scan_word(s, names[i]) || scan_word(s, first)) {
            *out = i + 1;
            return true;
        }
    }
    return false;
}

/* Seconds since the epoch, with an optional sign and fraction. */
static bool scan_epoch(scan *s, timestamp *out)
{
    bool negative = scan_char(s, '-');
    int64_t n = 0;
    int nanosecond = 0;
    const char *start = s->at;
    for (; s->at < s->end && is_digit(*s->at); s->at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s->at - '0', &n)) return false;
    if (s->at == start) return false;
    if (s->at + 1 < s->end && *s->at == '.' && is_digit(s->at[1])) {
        s->at++;
        scan_fraction(s, &nanosecond);
    }
    if (__builtin_mul_overflow(n, SECOND, &n) || __builtin_add_overflow(n, nanosecond, &n)) return false;
    *out = negative ? -n : n;
    return true;
}

/* A zone by its letters: only those that mean UTC say an offset; others would be a guess and are refused. */
static bool scan_directive(scan *s, char directive, parts *p)
{
    switch (directive) {
    case 'Y': p->has_year = true; return scan_number(s, 4, 4, &p->year);
    case 'y':
        p->has_year = true;
        if (!scan_number(s, 2, 2, &p->year)) return false;
        p->year += p->year < 69 ? 2000 : 1900; /* as POSIX strptime */
        return true;
    case 'm': return scan_number(s, 1, 2, &p->month);
    case 'd': case 'e':
        scan_char(s, ' '); /* a day below 10 is padded with a blank */
        return scan_number(s, 1, 2, &p->day);
    case 'j': return scan_number(s, 1, 3, &p->year_day) && p->year_day > 0;
    case 'b': return scan_month(s, &p->month);
    case 'H': scan_char(s, ' '); return scan_number(s, 1, 2, &p->hour);
    case 'I': scan_char(s, ' '); return scan_number(s, 1, 2, &p->hour) && p->hour >= 1 && p->hour <= 12;
    case 'p':
        p->has_pm = true;
        p->pm = s->at < s->end && (*s->at == 'P' || *s->at == 'p');
        return scan_word(s, "AM") || scan_word(s, "PM");
    case 'M': return scan_number(s, 1, 2, &p->minute);
    case 'S': return scan_number(s, 1, 2, &p->second);
    case 'f': return scan_fraction(s, &p->nanosecond);
    case 'z': case 'Z': return scan_zone(s, &p->zone);
    case 's': p->has_epoch = true; return scan_epoch(s, &p->epoch);
    case '%': return scan_char(s, '%');
    default: return false;
    }
}

static timestamp parts_time(parts *p, int default_year)
{
    if (p->has_epoch) return p->epoch;
    if (!p->has_year) p->year = default_year;
    if (p->year == 0) return TIMESTAMP_NONE;
    if (p->has_pm) p->hour = p->hour % 12 + (p->pm ? 12 : 0);
    timestamp t;
    if (p->year_day) {
        t = timestamp_from_civil(p->year, 1, 1, p->hour, p->minute, p->second, p->nanosecond);
        bool leap = days_in_month(p->year, 2) == 29;
        if (t == TIMESTAMP_NONE || p->year_day > 365 + leap) return TIMESTAMP_NONE;
        if (__builtin_add_overflow(t, (p->year_day - 1) * DAY, &t)) return TIMESTAMP_NONE;
    } else {
        t = timestamp_from_civil(p->year, p->month, p->day, p->hour, p->minute, p->second, p->nanosecond);
    }
    return minus_seconds(t, p->zone);
}

timestamp timestamp_parse_form(pk_str text, const char *form, int default_year)
{
    scan s = {text.ptr, text.ptr + text.len};
    parts p = {.month = 1, .day = 1};
    for (; *form; form++) {
        if (*form == ' ') {
            if (s.at == s.end || (*s.at != ' ' && *s.at != '\t')) return TIMESTAMP_NONE;
            while (s.at < s.end && (*s.at == ' ' || *s.at == '\t')) s.at++;
        } else if (*form == '%' && form[1]) {
            if (!scan_directive(&s, *++form, &p)) return TIMESTAMP_NONE;
        } else if (!scan_char(&s, *form)) {
            return TIMESTAMP_NONE;
        }
    }
    return s.at == s.end ? parts_time(&p, default_year) : TIMESTAMP_NONE;
}

/* ---- writing ---- */

/* Two digits of n, then what follows; alerts are many, and formats slow. */
static inline char *put_two(char *p, int n, char behind)
{
    p = digits_pair(p, (uint32_t)n);
    *p = behind;
    return p + 1;
}

/* So many digits of n. */
static char *put_fraction(char *p, uint32_t n, int digits)
{
    int left = digits;
    for (; left > 1; n /= 100) digits_pair(p + (left -= 2), n % 100);
    if (left) p[0] = (char)('0' + n);
    p[digits] = 'Z';
    return p + digits + 1;
}

char *timestamp_put(char *p, timestamp t)
{
    int64_t days;
    if (t == TIMESTAMP_NONE) return p;
    civil_time c = to_date_and_time(t, &days); /* the year has four digits, whatever t is */
    int digits = c.nanosecond == 0 ? 0 : c.nanosecond % 1000000 == 0 ? 3 : c.nanosecond % 1000 == 0 ? 6 : 9;
    int fraction = digits == 3 ? c.nanosecond / 1000000 : digits == 6 ? c.nanosecond / 1000 : c.nanosecond;
    p = digits_pair(p, (uint32_t)(c.year / 100));
    p = put_two(p, (int)(c.year % 100), '-');
    p = put_two(p, c.month, '-');
    p = put_two(p, c.day, 'T');
    p = put_two(p, c.hour, ':');
    p = put_two(p, c.minute, ':');
    p = put_two(p, c.second, digits ? '.' : 'Z');
    return digits ? put_fraction(p, (uint32_t)fraction, digits) : p;
}

pk_str timestamp_text(arena *a, timestamp t)
{
    if (t == TIMESTAMP_NONE) return (pk_str){"", 0};
    char *out = arena_alloc(a, TIMESTAMP_MOST + 1), *end = timestamp_put(out, t);
    *end = 0;
    return (pk_str){out, (size_t)(end - out)};
}

/* ---- durations ---- */

static const struct { char unit; int64_t length; } duration_units[] = { /* largest first; the year and the month last, as
                                                                           nobody writes 30 days as a month */
    {'w', 7 * DAY}, {'d', DAY}, {'h', 3600 * SECOND}, {'m', 60 * SECOND}, {'s', SECOND}, {'y', 365 * DAY}, {'M', 30 * DAY},
};
enum { UNITS = sizeof duration_units / sizeof *duration_units, UNITS_WRITTEN = 5 };

bool duration_parse(pk_str s, int64_t *out)
{
    int64_t n;
    if (s.len < 2 || !is_digit(s.ptr[0]) || !str_to_int(str_slice(s, 0, s.len - 1), false, &n)) return false;
    for (size_t i = 0; i < UNITS; i++)
        if (duration_units[i].unit == s.ptr[s.len - 1]) return !__builtin_mul_overflow(n, duration_units[i].length, out);
    return false;
}

pk_str duration_text(arena *a, int64_t nanoseconds)
{
    for (size_t i = 0; i < UNITS_WRITTEN; i++)
        if (nanoseconds % duration_units[i].length == 0 && nanoseconds != 0)
            return arena_printf(a, "%lld%c", (long long)(nanoseconds / duration_units[i].length), duration_units[i].unit);
    if (nanoseconds % 1000000 == 0 && nanoseconds != 0) return arena_printf(a, "%lldms", (long long)(nanoseconds / 1000000));
    return nanoseconds ? arena_printf(a, "%lldns", (long long)nanoseconds) : STR("0s");
}
