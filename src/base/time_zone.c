/*
 * TZif: a header, a block of 32-bit data, then from version 2 on the same with 64-bit times, and a footer with the rule for
 * all times behind the last transition in the form of POSIX TZ ("EST5EDT,M3.2.0,M11.1.0").
 */
#include "base/time_zone.h"

#include <stdio.h>

#include "base/cursor.h"

#define FOLDER "/usr/share/zoneinfo/"
#define MAX_BYTES (1u << 20)
#define DAY_SECONDS INT64_C(86400)

typedef struct { int64_t from; int32_t offset; } transition;

/* A day of the year: Mm.w.d, Jn (1 to 365, never the leap day) or n (0 to 365). */
typedef struct {
    char form;                    /* 'M', 'J' or 'n' */
    int month, week, day;
    int64_t time;                 /* seconds of that day's local time */
} rule_day;

struct time_zone {
    int32_t first;                /* offset before the first transition */
    const transition *transitions;
    size_t count;
    bool has_rule, has_summer;
    int32_t standard, summer;     /* offsets */
    rule_day begins, ends;        /* of summer time */
};

/* ---- the rule ---- */

static bool rule_number(cursor *c, int most, int *out)
{
    int n = 0, digits = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && digits++ < 4) n = n * 10 + (*c->at++ - '0');
    *out = n;
    return digits > 0 && n <= most;
}

static bool rule_char(cursor *c, char expected)
{
    if (c->at >= c->end || *c->at != (uint8_t)expected) return false;
    c->at++;
    return true;
}

/* [+-]hh[:mm[:ss]], up to 167 hours (RFC 8536 3.3.1). */
static bool rule_time(cursor *c, int64_t *out)
{
    int hours, minutes = 0, seconds = 0, sign = rule_char(c, '-') ? -1 : 1;
    if (sign == 1) rule_char(c, '+');
    if (!rule_number(c, 167, &hours)) return false;
    if (rule_char(c, ':') && (!rule_number(c, 59, &minutes) || (rule_char(c, ':') && !rule_number(c, 59, &seconds)))) return false;
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool rule_name(cursor *c)
{
    const uint8_t *start = c->at;
    if (rule_char(c, '<')) {
        while (c->at < c->end && *c->at != '>') c->at++;
        return rule_char(c, '>');
    }
    while (c->at < c->end && ((*c->at | 0x20) >= 'a' && (*c->at | 0x20) <= 'z')) c->at++;
    return c->at - start >= 3;
}

static bool rule_date(cursor *c, rule_day *d)
{
    d->time = 7200;
    if (!rule_char(c, ',')) return false;
    if (rule_char(c, 'M')) {
        d->form = 'M';
        if (!rule_number(c, 12, &d->month) || d->month < 1 || !rule_char(c, '.') || !rule_number(c, 5, &d->week) || d->week < 1 ||
            !rule_char(c, '.') || !rule_number(c, 6, &d->day))
            return false;
    } else {
        d->form = rule_char(c, 'J') ? 'J' : 'n';
        if (!rule_number(c, 365, &d->day) || (d->form == 'J' && d->day < 1)) return false;
    }
    return !rule_char(c, '/') || rule_time(c, &d->time);
}

/* std offset [dst [offset] , start , end]; offsets are west of Greenwich. */
static bool read_rule(time_zone *z, pk_str s)
{
    cursor c = {(const uint8_t *)s.ptr, (const uint8_t *)s.ptr + s.len};
    int64_t west;
    if (s.len == 0) return true;
    if (!rule_name(&c) || !rule_time(&c, &west)) return false;
    z->has_rule = true;
    z->standard = (int32_t)-west;
    if (c.at == c.end) return true;
    west -= 3600;
    if (!rule_name(&c)) return false;
    if (c.at < c.end && *c.at != ',' && !rule_time(&c, &west)) return false;
    z->has_summer = true;
    z->summer = (int32_t)-west;
    return rule_date(&c, &z->begins) && rule_date(&c, &z->ends) && c.at == c.end;
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Days since 1970 of a day of a year that timestamp_from_civil knows. */
static int64_t day_number(int64_t year, int month, int day)
{
    return floor_divide(timestamp_from_civil(year, month, day, 0, 0, 0, 0) / SECOND, DAY_SECONDS);
}

/* Local seconds at which the change happens in a year. */
static int64_t change_of(const rule_day *d, int64_t year)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t first = day_number(year, 1, 1), day;
    if (d->form == 'M') {
        int64_t start = day_number(year, d->month, 1);
        int64_t weekday = ((start + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 is Sunday here */
        int64_t next = d->month == 12 ? day_number(year, 12, 31) + 1 : day_number(year, d->month + 1, 1);
        day = start + (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
        while (day >= next) day -= 7;
    } else {
        day = first + d->day - (d->form == 'J');
        if (d->form == 'J' && leap && d->day > 59) day++;
    }
    return day * DAY_SECONDS + d->time;
}

static int32_t offset_by_rule(const time_zone *z, int64_t seconds)
{
    if (!z->has_summer) return z->standard;
    timestamp t;
    if (__builtin_mul_overflow(seconds + z->standard, SECOND, &t)) return z->standard;
    int64_t year = timestamp_to_civil(t).year;
    int64_t begins = change_of(&z->begins, year) - z->standard, ends = change_of(&z->ends, year) - z->summer;
    bool summer = begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
    return summer ? z->summer : z->standard;
}

/* ---- the file ---- */

static bool read_u32be(cursor *c, uint32_t *out)
{
    const uint8_t *p;
    if (!read_bytes(c, 4, &p)) return false;
    *out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
    return true;
}

static bool read_i64be(cursor *c, int64_t *out)
{
    uint32_t high, low;
    if (!read_u32be(c, &high) || !read_u32be(c, &low)) return false;
    *out = (int64_t)((uint64_t)high << 32 | low);
    return true;
}

typedef struct { uint32_t isut, isstd, leap, time, type, chars; } counts;

static bool read_header(cursor *c, uint8_t *version, counts *n)
{
    const uint8_t *magic, *reserved;
    if (!read_bytes(c, 4, &magic) || memcmp(magic, "TZif", 4) != 0 || !read_u8(c, version) || !read_bytes(c, 15, &reserved)) return false;
    if (!read_u32be(c, &n->isut) || !read_u32be(c, &n->isstd) || !read_u32be(c, &n->leap) || !read_u32be(c, &n->time) ||
        !read_u32be(c, &n->type) || !read_u32be(c, &n->chars))
        return false;
    return n->isut <= 256 && n->isstd <= 256 && n->leap <= 100000 && n->time <= 100000 && n->type >= 1 && n->type <= 256 && n->chars <= 100000;
}

static size_t block_size(const counts *n, size_t width)
{
    return n->time * (width + 1) + n->type * 6 + n->chars + n->leap * (width + 4) + n->isstd + n->isut;
}

const time_zone *time_zone_read(arena *a, pk_str bytes)
{
    cursor c = {(const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len};
    uint8_t version;
    counts n;
    const uint8_t *skipped, *types, *indices;
    if (!read_header(&c, &version, &n)) return NULL;
    if (version < '2') return NULL; /* nobody has written version 1 alone for twenty years */
    if (!read_bytes(&c, block_size(&n, 4), &skipped) || !read_header(&c, &version, &n) || cursor_left(&c) < block_size(&n, 8)) return NULL;

    time_zone *z = ARENA_NEW(a, time_zone);
    transition *t = ARENA_ARRAY(a, transition, n.time);
    for (uint32_t i = 0; i < n.time; i++)
        if (!read_i64be(&c, &t[i].from) || (i && t[i].from <= t[i - 1].from)) return NULL;
    if (!read_bytes(&c, n.time, &indices) || !read_bytes(&c, n.type * 6, &types)) return NULL;
    for (uint32_t i = 0; i <= n.time; i++) { /* the first type holds before the first transition */
        size_t type = i < n.time ? indices[i] : 0;
        if (type >= n.type) return NULL;
        cursor at = {types + type * 6, types + type * 6 + 4};
        uint32_t offset;
        if (!read_u32be(&at, &offset)) return NULL;
        int32_t seconds = (int32_t)offset;
        if (seconds < -93599 || seconds > 93599) return NULL; /* RFC 8536: -25 to 26 hours */
        if (i < n.time) t[i].offset = seconds;
        else z->first = seconds;
    }
    z->transitions = t;
    z->count = n.time;
    if (!read_bytes(&c, n.chars + n.leap * 12 + n.isstd + n.isut, &skipped)) return NULL;
    pk_str footer = {(const char *)c.at, cursor_left(&c)};
    if (footer.len < 2 || footer.ptr[0] != '\n') return NULL;
    footer = str_slice(footer, 1, footer.len);
    size_t end = str_find_char(footer, '\n');
    return end != STR_NPOS && read_rule(z, str_slice(footer, 0, end)) ? z : NULL;
}

/* ---- by name ---- */

static const time_zone *fixed(arena *a, int32_t offset)
{
    time_zone *z = ARENA_NEW(a, time_zone);
    z->first = offset;
    return z;
}

/* [+-]H[H][[:]MM] */
static bool offset_of(pk_str name, int32_t *out)
{
    int digits[4] = {0}, count = 0, colon = -1;
    if (name.len < 2 || (name.ptr[0] != '+' && name.ptr[0] != '-')) return false;
    for (size_t i = 1; i < name.len; i++) {
        char ch = name.ptr[i];
        if (ch == ':' && colon < 0 && count >= 1 && count <= 2) colon = count;
        else if (ch >= '0' && ch <= '9' && count < 4) digits[count++] = ch - '0';
        else return false;
    }
    if (colon == count || count == 0 || (colon < 0 && count == 3)) return false;
    int in_hours = colon > 0 ? colon : count > 2 ? 2 : count, hours = 0, minutes = 0;
    for (int i = 0; i < count; i++)
        if (i < in_hours) hours = hours * 10 + digits[i];
        else minutes = minutes * 10 + digits[i];
    if (hours > 14 || minutes > 59 || count - in_hours > 2) return false;
    *out = (name.ptr[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

/* Names are paths below the database: letters, digits and _ + - in parts of at least one letter, never "..". */
static bool is_zone_name(pk_str name)
{
    if (name.len == 0 || name.len > 64) return false;
    for (size_t i = 0; i < name.len; i++) {
        char ch = name.ptr[i];
        bool starts = i == 0 || name.ptr[i - 1] == '/';
        bool letter = (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
        if (!letter && (starts || !((ch >= '0' && ch <= '9') || ch == '_' || ch == '+' || ch == '-' || ch == '/'))) return false;
    }
    return name.ptr[name.len - 1] != '/';
}

const time_zone *time_zone_find(arena *a, pk_str name)
{
    int32_t offset;
    if (str_equal(name, STR("UTC")) || str_equal(name, STR("GMT")) || str_equal(name, STR("Z"))) return fixed(a, 0);
    if (offset_of(name, &offset)) return fixed(a, offset);
    if (!is_zone_name(name)) return NULL;
    pk_str path = arena_printf(a, FOLDER STR_FMT, STR_ARG(name));
    FILE *f = fopen(path.ptr, "rb");
    if (!f) return NULL;
    char *bytes = mem_alloc(MAX_BYTES);
    size_t len = fread(bytes, 1, MAX_BYTES, f);
    fclose(f);
    const time_zone *z = time_zone_read(a, (pk_str){bytes, len});
    mem_free(bytes);
    return z;
}

/* ---- offsets ---- */

int time_zone_offset(const time_zone *z, int64_t seconds)
{
    if (z->count == 0 || seconds < z->transitions[0].from) return z->count == 0 && z->has_rule ? offset_by_rule(z, seconds) : z->first;
    if (seconds >= z->transitions[z->count - 1].from && z->has_rule) return offset_by_rule(z, seconds);
    size_t low = 0, high = z->count; /* the last transition at or before it lies in [low, high) */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->transitions[middle].from <= seconds) low = middle;
        else high = middle;
    }
    return z->transitions[low].offset;
}

int64_t time_zone_from_local(const time_zone *z, int64_t local)
{
    int64_t day_before = local - DAY_SECONDS, before = local - time_zone_offset(z, day_before);
    if (time_zone_offset(z, before) == time_zone_offset(z, day_before)) return before;
    int64_t after = local - time_zone_offset(z, before);
    return after + time_zone_offset(z, after) == local ? after : before;
}
