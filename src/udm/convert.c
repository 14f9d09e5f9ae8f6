/* One scalar as its field has it: what protobuf's JSON allows, and a little more, becomes one spelling. */
#include "udm/model.h"

static value text_of(const value *v, arena *a)
{
    pk_str t;
    return v->type != VALUE_STRING && value_text(a, v, &t) ? value_string(t) : *v;
}

static value lower_hex(value v, arena *a)
{
    if (v.type != VALUE_STRING) return v;
    pk_str s = v.as.string;
    size_t upper = 0;
    for (size_t i = 0; i < s.len; i++) upper += s.ptr[i] >= 'A' && s.ptr[i] <= 'Z';
    if (upper == 0) return v;
    char *out = arena_cstring(a, s);
    for (size_t i = 0; i < s.len; i++)
        if (out[i] >= 'A' && out[i] <= 'Z') out[i] = (char)(out[i] | 0x20);
    return value_string((pk_str){out, s.len});
}

/* 64-bit integers are strings in protobuf's JSON. */
static value integer_of(const value *v)
{
    int64_t n;
    if (v->type == VALUE_STRING && str_to_int(v->as.string, false, &n)) return value_int(n);
    if (v->type == VALUE_FLOAT && v->as.real >= -9e15 && v->as.real <= 9e15 && v->as.real == (double)(int64_t)v->as.real)
        return value_int((int64_t)v->as.real);
    return *v;
}

static value float_of(const value *v)
{
    double d;
    return v->type == VALUE_STRING && str_to_double(v->as.string, &d) ? value_real(d) : *v;
}

static value bool_of(const value *v)
{
    if (v->type != VALUE_STRING) return *v;
    if (str_equal_ascii_fold(v->as.string, STR("true"))) return value_bool(true);
    return str_equal_ascii_fold(v->as.string, STR("false")) ? value_bool(false) : *v;
}

static value enum_of(const udm_enum *e, const value *v, arena *a)
{
    value n = integer_of(v);
    pk_str name = n.type == VALUE_INT ? udm_enum_name(e, n.as.integer) : STR("");
    return name.len ? value_string(name) : text_of(v, a);
}

/* ---- times ---- */

#define YEARS_400 (INT64_C(146097) * 86400) /* seconds: the calendar repeats */

static value record_of_time(int64_t seconds, int64_t nanos, arena *a)
{
    record_builder b = {0};
    record_add(a, &b, STR("seconds"), value_int(seconds));
    if (nanos) record_add(a, &b, STR("nanos"), value_int(nanos));
    return record_done(&b);
}

static value time_of_seconds(int64_t seconds, int64_t nanos, arena *a)
{
    bool fits = seconds > INT64_MIN / SECOND && seconds < INT64_MAX / SECOND - 1 && nanos >= 0 && nanos < SECOND;
    return fits ? (value){.type = VALUE_TIME, .as.time = seconds * SECOND + nanos} : record_of_time(seconds, nanos, a);
}

/* RFC 3339. Years that nanoseconds in 64 bits do not reach ("9999-12-31": never) are read 400 years at a time. */
static value time_of_text(const value *v, arena *a)
{
    pk_str s = v->as.string;
    timestamp t = timestamp_parse_iso(s);
    int64_t year;
    if (t != TIMESTAMP_NONE) return (value){.type = VALUE_TIME, .as.time = t};
    if (s.len < 10 || s.ptr[4] != '-' || !str_to_int(str_slice(s, 0, 4), false, &year) || year < 0) return *v;
    int64_t cycles = (year - 1800) / 400 - (year < 1800);
    char *near = arena_cstring(a, s);
    int64_t nearer = year - cycles * 400;
    for (int i = 3; i >= 0; i--, nearer /= 10) near[i] = (char)('0' + nearer % 10);
    t = timestamp_parse_iso((pk_str){near, s.len});
    if (t == TIMESTAMP_NONE) return *v;
    int64_t seconds = t / SECOND - (t % SECOND < 0);
    return time_of_seconds(seconds + cycles * YEARS_400, t - seconds * SECOND, a);
}

static int64_t part_of(const value *record, pk_str name)
{
    const value *part = value_get(record, name);
    value n = part ? integer_of(part) : value_int(0);
    return n.type == VALUE_INT ? n.as.integer : 0;
}

static value time_of(const value *v, arena *a)
{
    if (v->type == VALUE_STRING) return time_of_text(v, a);
    if (v->type == VALUE_INT) return time_of_seconds(v->as.integer, 0, a);
    if (v->type == VALUE_RECORD && value_get(v, STR("seconds")))
        return time_of_seconds(part_of(v, STR("seconds")), part_of(v, STR("nanos")), a);
    return *v;
}

value udm_convert(const udm_field *f, const value *v, arena *a)
{
    switch (f->type) {
    case UDM_STRING: return f->hash ? lower_hex(text_of(v, a), a) : text_of(v, a);
    case UDM_BYTES: return text_of(v, a);
    case UDM_INT: return integer_of(v);
    case UDM_FLOAT: return float_of(v);
    case UDM_BOOL: return bool_of(v);
    case UDM_ENUM: return enum_of(f->enumeration, v, a);
    case UDM_TIME: return time_of(v, a);
    case UDM_MESSAGE:
    case UDM_MAP: break;
    }
    return *v;
}

value udm_scalar(const udm_path *p, const value *v, arena *a)
{
    const udm_field f = {.type = p->type, .hash = p->hash, .enumeration = p->enumeration};
    return udm_convert(&f, v, a);
}
