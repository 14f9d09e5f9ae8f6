/* Parts of points in time, as rules ask for them (UTC, no shift of zone); all else is a function of the mappings. */
#include "compile/functions.h"

#include "schema/schema.h"

static int64_t part_minute(const civil_time *t) { return t->minute; }
static int64_t part_hour(const civil_time *t) { return t->hour; }
static int64_t part_day(const civil_time *t) { return t->day; }
static int64_t part_week(const civil_time *t) { return t->iso_week; }
static int64_t part_month(const civil_time *t) { return t->month; }
static int64_t part_year(const civil_time *t) { return t->year; }

typedef struct {
    const char *name;
    int64_t (*part)(const civil_time *t);
} time_function;

static const time_function time_functions[] = {
    {"time_minute", part_minute}, {"time_hour", part_hour},   {"time_day", part_day},
    {"time_week", part_week},     {"time_month", part_month}, {"time_year", part_year},
};

static const time_function *find_time_function(pk_str name)
{
    for (size_t i = 0; i < sizeof time_functions / sizeof *time_functions; i++)
        if (str_equal(name, str_from(time_functions[i].name))) return &time_functions[i];
    return NULL;
}

static timestamp time_of(const value *v)
{
    if (v->type == VALUE_TIME) return v->as.time;
    return v->type == VALUE_STRING ? timestamp_parse_iso(v->as.string) : TIMESTAMP_NONE;
}

bool function_exists(pk_str name) { return find_time_function(name) != NULL; }

value function_call(pk_str name, const value *args, size_t count, arena *a)
{
    const time_function *f = find_time_function(name);
    if (!f) return schema_call(name, args, count, a);
    timestamp t = count == 1 ? time_of(&args[0]) : TIMESTAMP_NONE;
    if (t == TIMESTAMP_NONE) return (value){.type = VALUE_MISSING};
    civil_time civil = timestamp_to_civil(t);
    return value_int(f->part(&civil));
}
