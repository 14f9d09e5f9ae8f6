/*
 * Functions of times. A time is a time, a text in RFC 3339, or seconds since 1970. With a zone the calendar is that of its
 * clocks. An unknown zone gives nothing: languages refuse it where they can see it.
 */
#include "base/unicode.h"
#include "ir/functions_private.h"

#include <math.h>

static timestamp of_seconds(double seconds)
{
    return fabs(seconds) < 9.2e9 ? (timestamp)(seconds * (double)SECOND) : TIMESTAMP_NONE;
}

static timestamp time_of(const value *v)
{
    int64_t n;
    timestamp t;
    switch (v->type) {
    case VALUE_TIME: return v->as.time;
    case VALUE_INT: return __builtin_mul_overflow(v->as.integer, SECOND, &t) ? TIMESTAMP_NONE : t;
    case VALUE_FLOAT: return of_seconds(v->as.real);
    case VALUE_STRING:
        if (str_to_int(v->as.string, true, &n)) return __builtin_mul_overflow(n, SECOND, &t) ? TIMESTAMP_NONE : t;
        return timestamp_parse_iso(v->as.string);
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: case VALUE_BOOL: case VALUE_UINT: case VALUE_LIST: case VALUE_RECORD: break;
    }
    return TIMESTAMP_NONE;
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

typedef struct {
    bool known;
    timestamp time;
    int offset;                   /* seconds east of Greenwich */
    civil_time local;
} local_time;

static local_time local_of(timestamp t, const time_zone *z)
{
    local_time l = {.time = t};
    timestamp shifted;
    if (t == TIMESTAMP_NONE) return l;
    l.offset = z ? time_zone_offset(z, floor_divide(t, SECOND)) : 0;
    if (__builtin_add_overflow(t, l.offset * SECOND, &shifted) || shifted == TIMESTAMP_NONE) return l;
    l.known = true;
    l.local = timestamp_to_civil(shifted);
    return l;
}

/* The first argument as the clocks of the zone that argument `zone` names show it. */
static local_time local_arg(const ir_call_args *c, size_t zone)
{
    const time_zone *z = NULL;
    if (zone < c->count && text_arg(c, zone).len && !(z = zone_of(c, text_arg(c, zone)))) return (local_time){0};
    return local_of(time_of(&c->args[0]), z);
}

/* ---- parts ---- */

#define TIME_PART(name, part) \
    value call_time_##name(const ir_call_args *c) \
    { \
        local_time l = local_arg(c, 1); \
        return l.known ? value_int(l.local.part) : nothing(); \
    }
TIME_PART(minute, minute)
TIME_PART(hour, hour)
TIME_PART(day, day)
TIME_PART(week, iso_week)
TIME_PART(month, month)
TIME_PART(year, year)
#undef TIME_PART

static int sunday_first(const civil_time *t) { return (t->weekday + 1) % 7; } /* 0 Sunday */

static int day_of_year(const civil_time *t)
{
    timestamp first = timestamp_from_civil(t->year, 1, 1, 0, 0, 0, 0), day = timestamp_from_civil(t->year, t->month, t->day, 0, 0, 0, 0);
    return first == TIMESTAMP_NONE || day == TIMESTAMP_NONE ? 1 : (int)((day - first) / (86400 * SECOND)) + 1;
}

/* Week of the year by the day on which weeks begin; days before the first such day are in week 0. */
static int week_of_year(const civil_time *t, int days_into_week) { return (day_of_year(t) + 6 - days_into_week) / 7; }

value call_time_weekday(const ir_call_args *c)
{
    local_time l = local_arg(c, 1);
    return l.known ? value_int(sunday_first(&l.local) + 1) : nothing();
}

value call_time_sunday_week(const ir_call_args *c)
{
    local_time l = local_arg(c, 1);
    return l.known ? value_int(week_of_year(&l.local, sunday_first(&l.local))) : nothing();
}

/* ---- points in time ---- */

value call_now(const ir_call_args *c)
{
    timestamp t = now_of(c);
    return t == TIMESTAMP_NONE ? nothing() : (value){.type = VALUE_TIME, .as.time = t};
}

/* Does a text that is a time say where its clock stands? "Z", "UTC", "+01:00"; a number counts from 1970 UTC. */
static bool says_offset(pk_str s)
{
    int64_t n;
    char last = s.ptr[s.len - 1];
    pk_str behind_date = str_slice(s, 8, s.len);
    return str_to_int(s, true, &n) || last == 'Z' || last == 'C' || last == 'T' || str_find_char(behind_date, '+') != STR_NPOS ||
           str_find_char(behind_date, '-') != STR_NPOS;
}

value call_time_seconds(const ir_call_args *c)
{
    const value *v = &c->args[0];
    timestamp t = time_of(v);
    if (v->type == VALUE_INT) return *v;
    if (t == TIMESTAMP_NONE) return value_int(0);
    int64_t seconds = floor_divide(t, SECOND);
    pk_str name = text_arg(c, 1);
    if (v->type != VALUE_STRING || name.len == 0) return value_int(seconds);
    if (says_offset(v->as.string)) return value_int(seconds);
    const time_zone *z = zone_of(c, name);
    return value_int(z ? time_zone_from_local(z, seconds) : 0);
}

value call_time_bucket(const ir_call_args *c)
{
    timestamp t = time_of(&c->args[0]);
    int64_t span;
    if (t == TIMESTAMP_NONE || c->args[1].type != VALUE_INT || c->args[1].as.integer <= 0 ||
        __builtin_mul_overflow(c->args[1].as.integer, SECOND, &span))
        return nothing();
    int64_t behind = t % span < 0 ? t % span + span : t % span, start;
    if (__builtin_sub_overflow(t, behind, &start)) return nothing();
    return (value){.type = VALUE_TIME, .as.time = start};
}

/* ---- texts ---- */

value call_time_text(const ir_call_args *c)
{
    timestamp t = time_of(&c->args[0]);
    return t == TIMESTAMP_NONE ? nothing() : value_string(timestamp_text(c->arena, t));
}

static void put_date(text *out, const civil_time *t) { text_printf(out, "%04lld-%02d-%02d", (long long)t->year, t->month, t->day); }

value call_time_date(const ir_call_args *c)
{
    local_time l = local_arg(c, 1);
    if (!l.known) return nothing();
    text out = {0};
    put_date(&out, &l.local);
    value v = value_string(arena_str(c->arena, text_view(&out)));
    text_free(&out);
    return v;
}

static const char *const month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
static const char *const day_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/* The year that the ISO week belongs to. */
static long long iso_year(const civil_time *t)
{
    return (long long)t->year + (t->month == 12 && t->iso_week == 1) - (t->month == 1 && t->iso_week > 51);
}

/* One element of strftime (C17 7.27.3.5) in English; false: there is none of this letter. */
static bool put_element(text *out, char letter, const local_time *l)
{
    const civil_time *t = &l->local;
    int hour_12 = t->hour % 12 ? t->hour % 12 : 12, offset = l->offset < 0 ? -l->offset : l->offset;
    switch (letter) {
    case 'Y': text_printf(out, "%lld", (long long)t->year); return true;
    case 'C': text_printf(out, "%02d", (int)(t->year / 100)); return true;
    case 'y': text_printf(out, "%02d", (int)(t->year % 100)); return true;
    case 'm': text_printf(out, "%02d", t->month); return true;
    case 'd': text_printf(out, "%02d", t->day); return true;
    case 'e': text_printf(out, "%2d", t->day); return true;
    case 'j': text_printf(out, "%03d", day_of_year(t)); return true;
    case 'Q': text_printf(out, "%d", (t->month + 2) / 3); return true;
    case 'H': text_printf(out, "%02d", t->hour); return true;
    case 'k': text_printf(out, "%2d", t->hour); return true;
    case 'I': text_printf(out, "%02d", hour_12); return true;
    case 'l': text_printf(out, "%2d", hour_12); return true;
    case 'M': text_printf(out, "%02d", t->minute); return true;
    case 'S': text_printf(out, "%02d", t->second); return true;
    case 'p': text_put_cstring(out, t->hour < 12 ? "AM" : "PM"); return true;
    case 'P': text_put_cstring(out, t->hour < 12 ? "am" : "pm"); return true;
    case 'B': text_put_cstring(out, month_names[t->month - 1]); return true;
    case 'b': case 'h': text_printf(out, "%.3s", month_names[t->month - 1]); return true;
    case 'A': text_put_cstring(out, day_names[sunday_first(t)]); return true;
    case 'a': text_printf(out, "%.3s", day_names[sunday_first(t)]); return true;
    case 'u': text_printf(out, "%d", t->weekday + 1); return true;
    case 'w': text_printf(out, "%d", sunday_first(t)); return true;
    case 'U': text_printf(out, "%02d", week_of_year(t, sunday_first(t))); return true;
    case 'W': text_printf(out, "%02d", week_of_year(t, t->weekday)); return true;
    case 'V': text_printf(out, "%02d", t->iso_week); return true;
    case 'G': text_printf(out, "%lld", iso_year(t)); return true;
    case 'g': text_printf(out, "%02d", (int)(iso_year(t) % 100)); return true;
    case 's': text_put_int(out, floor_divide(l->time, SECOND)); return true;
    case 'z': text_printf(out, "%c%02d%02d", l->offset < 0 ? '-' : '+', offset / 3600, offset / 60 % 60); return true;
    case 'Z':
        if (offset == 0) text_put_cstring(out, "UTC");
        else text_printf(out, "UTC%c%d", l->offset < 0 ? '-' : '+', offset / 3600);
        if (offset / 60 % 60) text_printf(out, ":%02d", offset / 60 % 60);
        return true;
    case 'F': put_date(out, t); return true;
    case 'D': case 'x': text_printf(out, "%02d/%02d/%02d", t->month, t->day, (int)(t->year % 100)); return true;
    case 'T': case 'X': text_printf(out, "%02d:%02d:%02d", t->hour, t->minute, t->second); return true;
    case 'R': text_printf(out, "%02d:%02d", t->hour, t->minute); return true;
    case 'r': text_printf(out, "%02d:%02d:%02d %s", hour_12, t->minute, t->second, t->hour < 12 ? "AM" : "PM"); return true;
    case 'c':
        text_printf(out, "%.3s %.3s %2d %02d:%02d:%02d %lld", day_names[sunday_first(t)], month_names[t->month - 1], t->day, t->hour,
                    t->minute, t->second, (long long)t->year);
        return true;
    case 'n': text_put_char(out, '\n'); return true;
    case 't': text_put_char(out, '\t'); return true;
    case '%': text_put_char(out, '%'); return true;
    default: return false;
    }
}

/* A granularity as a form; WEEK is the date of its Sunday. */
static pk_str form_of(pk_str form)
{
    static const struct { const char *name, *form; } granularities[] = {
        {"SECOND", "%F %T"}, {"MINUTE", "%F %R"}, {"HOUR", "%F %H"}, {"DATE", "%F"}, {"WEEK", "%F"}, {"MONTH", "%Y-%m"}, {"YEAR", "%Y"}};
    for (size_t i = 0; i < sizeof granularities / sizeof *granularities; i++)
        if (str_equal(form, str_from(granularities[i].name))) return str_from(granularities[i].form);
    return form;
}

value call_time_format(const ir_call_args *c)
{
    local_time l = local_arg(c, 2);
    pk_str written = c->count > 1 ? text_arg(c, 1) : STR(""), form = form_of(written.len ? written : STR("%F %T"));
    if (!l.known) return nothing();
    if (str_equal(written, STR("WEEK"))) {
        timestamp sunday;
        if (__builtin_sub_overflow(l.time, sunday_first(&l.local) * 86400 * SECOND, &sunday)) return nothing();
        int offset = l.offset; /* of the calendar day: clocks may have changed in between */
        l = local_of(sunday, NULL);
        timestamp shifted;
        if (!l.known || __builtin_add_overflow(sunday, offset * SECOND, &shifted)) return nothing();
        l.local = timestamp_to_civil(shifted);
    }
    text_result out = {0};
    text element = {0};
    for (size_t i = 0; i < form.len && !out.cut; i++) {
        size_t letter = i + 1;
        if (form.ptr[i] == '%' && str_starts_with(str_slice(form, i, 4), STR("%E4Y"))) letter = i + 3; /* a year of four digits */
        text_clear(&element);
        if (form.ptr[i] == '%' && letter < form.len && put_element(&element, form.ptr[letter], &l)) {
            result_put(&out, text_view(&element));
            i = letter;
        } else {
            size_t end = i;
            utf8_next(form, &end);
            result_put(&out, str_slice(form, i, end - i));
            i = end - 1;
        }
    }
    text_free(&element);
    return result_done(c, &out);
}
