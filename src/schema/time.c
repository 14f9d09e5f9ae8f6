/*
 * Times of all the forms that logs use. Without a form the value itself tells: a number by its size (seconds, milli-,
 * micro-, nanoseconds since 1970), a text by ISO 8601, then by the forms below.
 */
#include "schema/model.h"

/* Forms that nothing else looks like; those without a year are marked. */
static const struct {
    const char *form;
    bool yearless;
} known_forms[] = {
    {"%d/%b/%Y:%H:%M:%S %z", false}, /* common log format */
    {"%m/%d/%Y:%H:%M:%S %z", false},
    {"%d/%b/%Y:%H:%M:%S.%f", false}, /* HAProxy */
    {"%b %d %H:%M:%S",       true }, /* syslog, RFC 3164 */
    {"%b %d %H:%M:%S.%f",    true },
    {"%b %d %Y %H:%M:%S",    false},
    {"%b %d %H:%M:%S %Y",    false}, /* ctime */
    {"%b %d %H:%M:%S.%f %Y", false}, /* Apache */
    {"%b %d %H:%M:%S %Y %Z", false},
    {"%b %d %H:%M:%S %Z %Y", false},
    {"%d %b %Y %H:%M:%S %Z", false}, /* RFC 2822 */
    {"%m/%d/%Y %I:%M:%S %p", false}, /* Windows, rendered */
    {"%m/%d/%Y-%H:%M:%S.%f", false}, /* Suricata fast.log */
    {"%m/%d/%y %H:%M:%S.%f", false},
    {"%d-%b-%Y %H:%M:%S.%f", false}, /* BIND */
};

static timestamp scaled(double seconds_of_unit, double n)
{
    double ns = n * seconds_of_unit * 1e9;
    return ns > -9.2e18 && ns < 9.2e18 ? (timestamp)ns : TIMESTAMP_NONE;
}

static timestamp scaled_int(int64_t n, int64_t unit)
{
    timestamp t;
    return __builtin_mul_overflow(n, unit, &t) ? TIMESTAMP_NONE : t;
}

/* 1e11 seconds is the year 5138, 1e11 milliseconds 1973: no log is meant otherwise. */
static timestamp from_int(int64_t n)
{
    uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    if (size < 100000000000u) return scaled_int(n, SECOND);
    if (size < 100000000000000u) return scaled_int(n, SECOND / 1000);
    if (size < 100000000000000000u) return scaled_int(n, SECOND / 1000000);
    return n;
}

static timestamp from_real(double d)
{
    double size = d < 0 ? -d : d;
    if (!(size < 1e18)) return TIMESTAMP_NONE;
    return scaled(size < 1e11 ? 1 : size < 1e14 ? 1e-3 : size < 1e17 ? 1e-6 : 1e-9, d);
}

/* "1600000000.123456" exactly, which a double cannot hold. */
static timestamp from_digits(pk_str t)
{
    int64_t whole;
    if (str_to_int(t, false, &whole)) return from_int(whole);
    return timestamp_parse_form(t, "%s", 0);
}

/*
 * A time without a year lies in the year that the user gave, else in the latest one that does not bring it more than a
 * day ahead of now. (29 February needs a leap year: up to eight years back.)
 */
static timestamp parse_yearless(const schema *s, pk_str t, const char *form)
{
    if (s->year) return timestamp_parse_form(t, form, s->year);
    int this_year = (int)timestamp_to_civil(s->loaded).year;
    for (int year = this_year; year >= this_year - 8; year--) {
        timestamp found = timestamp_parse_form(t, form, year);
        if (found != TIMESTAMP_NONE && found <= s->loaded + 24 * 3600 * SECOND) return found;
    }
    return TIMESTAMP_NONE;
}

static bool looks_like_number(pk_str t)
{
    for (size_t i = 0; i < t.len; i++)
        if ((t.ptr[i] < '0' || t.ptr[i] > '9') && t.ptr[i] != '.' && !(i == 0 && t.ptr[i] == '-')) return false;
    return t.len > 0;
}

/* "Fri Oct 08 ..." and "Fri, 08 Oct ...": the day of the week says nothing new. */
static pk_str without_weekday(pk_str t)
{
    static const char days[] = "MonTueWedThuFriSatSun";
    if (t.len < 5) return t;
    size_t at = str_find((pk_str){days, sizeof days - 1}, str_slice(t, 0, 3));
    if (at == STR_NPOS || at % 3 != 0) return t;
    size_t behind = t.ptr[3] == ',' ? 4 : 3;
    return t.ptr[behind] == ' ' ? str_slice(t, behind + 1, STR_NPOS) : t;
}

static timestamp from_text(const schema *s, pk_str t)
{
    t = str_trim(t);
    if (t.len > 2 && t.ptr[0] == '[' && t.ptr[t.len - 1] == ']') t = str_slice(t, 1, t.len - 2);
    if (looks_like_number(t)) return from_digits(t);
    timestamp found = timestamp_parse_iso(t);
    if (found != TIMESTAMP_NONE) return found;
    if (str_starts_with(t, STR("/Date("))) /* .NET: /Date(1600000000000)/ */
        return from_digits(str_slice(t, 6, str_find_char(str_slice(t, 6, STR_NPOS), ')')));
    if (str_ends_with(t, STR(" (UTC)"))) return timestamp_parse_iso(str_slice(t, 0, t.len - 6));
    t = without_weekday(t);
    for (size_t i = 0; i < sizeof known_forms / sizeof *known_forms && found == TIMESTAMP_NONE; i++)
        found = known_forms[i].yearless ? parse_yearless(s, t, known_forms[i].form)
                                        : timestamp_parse_form(t, known_forms[i].form, 0);
    return found;
}

static int64_t unit_of(const char *form)
{
    static const struct {
        const char *name;
        int64_t unit;
    } units[] = {
        {"s",  SECOND       },
        {"ms", SECOND / 1000},
        {"us", 1000         },
        {"ns", 1            }
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(form, units[i].name) == 0) return units[i].unit;
    return 0;
}

static timestamp in_form(const schema *s, const value *v, const char *form, arena *scratch)
{
    pk_str t;
    int64_t n, unit = unit_of(form);
    double d;
    if (unit && v->type == VALUE_INT) return scaled_int(v->as.integer, unit);
    if (!value_text(scratch, v, &t)) return TIMESTAMP_NONE;
    t = str_trim(t);
    if (unit) {
        if (str_to_int(t, false, &n)) return scaled_int(n, unit);
        return str_to_double(t, &d) ? scaled((double)unit * 1e-9, d) : TIMESTAMP_NONE;
    }
    if (strcmp(form, "filetime") == 0)
        return str_to_int(t, false, &n) && n > 0 ? timestamp_from_filetime((uint64_t)n) : TIMESTAMP_NONE;
    bool yearless = strstr(form, "%Y") == NULL && strstr(form, "%y") == NULL && strstr(form, "%s") == NULL;
    return yearless ? parse_yearless(s, t, form) : timestamp_parse_form(t, form, 0);
}

timestamp time_parse(const schema *s, const value *v, const char *form, arena *scratch)
{
    if (form && strcmp(form, "auto") != 0) return in_form(s, v, form, scratch);
    switch (v->type) {
    case VALUE_INT:
        return from_int(v->as.integer);
    case VALUE_FLOAT:
        return from_real(v->as.real);
    case VALUE_TIME:
        return v->as.time;
    case VALUE_STRING:
        return from_text(s, v->as.string);
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BLANK:
    case VALUE_BOOL:
    case VALUE_UINT:
    case VALUE_LIST:
    case VALUE_RECORD:
        break;
    }
    return TIMESTAMP_NONE;
}

timestamp schema_tree_time(const schema *s, layout_id l, const value *tree, arena *a)
{
    const time_places *times = l == LAYOUT_NONE ? &s->open_times : &s->layouts.at[l].times;
    for (size_t i = 0; i < times->count; i++) {
        list_builder values = {0};
        tree_values(tree, times->at[i].path, a, &values);
        for (size_t n = 0; n < values.items.len; n++) {
            timestamp t = time_parse(s, &values.items.at[n], times->at[i].form, a);
            if (t != TIMESTAMP_NONE) return t;
        }
    }
    return TIMESTAMP_NONE;
}
