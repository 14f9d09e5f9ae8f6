/* Scalar functions. Plain: an argument that doesn't fit gives no value, never an error. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/unicode.h"
#include "ir/functions.h"

static value nothing(void) { return (value){.type = VALUE_MISSING}; }
static bool is_absent(const value *v) { return v->type == VALUE_MISSING || v->type == VALUE_NULL; }

/* `fn` of a text, or of each text of a list. */
static value map_text(const value *v, value (*fn)(pk_str s, arena *a), arena *a)
{
    pk_str s;
    if (v->type != VALUE_LIST) return value_text(a, v, &s) ? fn(s, a) : nothing();
    list_builder out = {0};
    for (size_t i = 0; i < v->as.list.count; i++)
        if (value_text(a, &v->as.list.items[i], &s)) list_add(a, &out, fn(s, a));
    return list_done(&out);
}

/* ---- texts ---- */

static value lower_text(pk_str s, arena *a) { return value_string(fold(a, s)); }
static value call_lower(const value *args, size_t n, arena *a) { (void)n; return map_text(args, lower_text, a); }

static value length_text(pk_str s, arena *a) { (void)a; return value_int((int64_t)utf8_length(s)); }
static value call_length(const value *args, size_t n, arena *a) { (void)n; return map_text(args, length_text, a); }

static value base_name_text(pk_str s, arena *a)
{
    (void)a;
    size_t start = s.len;
    while (start > 0 && s.ptr[start - 1] != '\\' && s.ptr[start - 1] != '/') start--;
    return value_string(str_slice(s, start, s.len));
}
static value call_base_name(const value *args, size_t n, arena *a)
{
    (void)n;
    return map_text(args, base_name_text, a);
}

static value call_capture(const value *args, size_t n, arena *a)
{
    (void)n;
    pk_str s, regex;
    int error;
    PCRE2_SIZE at;
    if (!value_text(a, &args[0], &s) || !value_text(a, &args[1], &regex)) return nothing();
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (!code) return nothing();
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, 1000000);
    int groups = pcre2_match(code, (PCRE2_SPTR)s.ptr, s.len, 0, 0, data, limits);
    value result = nothing();
    if (groups > 0) {
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        size_t g = groups > 1 && ends[2] != PCRE2_UNSET ? 1 : 0;
        result = value_string(str_slice(s, ends[2 * g], ends[2 * g + 1] - ends[2 * g]));
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return result;
}

static size_t position_of(pk_str s, int64_t code_points)
{
    size_t at = 0;
    while (code_points-- > 0 && at < s.len) utf8_next(s, &at);
    return at;
}

static value call_substring(const value *args, size_t n, arena *a)
{
    pk_str s;
    if (!value_text(a, &args[0], &s) || args[1].type != VALUE_INT || args[1].as.integer < 0) return nothing();
    if (n > 2 && (args[2].type != VALUE_INT || args[2].as.integer < 0)) return nothing();
    s = str_slice(s, position_of(s, args[1].as.integer), s.len);
    return value_string(n > 2 ? str_slice(s, 0, position_of(s, args[2].as.integer)) : s);
}

static value call_concat(const value *args, size_t n, arena *a)
{
    pk_str whole = {"", 0}, s;
    for (size_t i = 0; i < n; i++) {
        if (!value_text(a, &args[i], &s)) return nothing();
        whole = arena_concat(a, whole, s);
    }
    return value_string(whole);
}

static value call_append(const value *args, size_t n, arena *a)
{
    (void)n;
    pk_str x, y;
    bool has_x = value_text(a, &args[0], &x), has_y = value_text(a, &args[1], &y);
    if (!has_x) return has_y ? value_string(y) : nothing();
    return value_string(has_y ? arena_concat(a, x, y) : x);
}

/* ---- any ---- */

static value call_coalesce(const value *args, size_t n, arena *a)
{
    (void)a;
    for (size_t i = 0; i < n; i++)
        if (!is_absent(&args[i])) return args[i];
    return nothing();
}

static value call_if(const value *args, size_t n, arena *a)
{
    (void)a;
    if (args[0].type == VALUE_BOOL && args[0].as.boolean) return args[1];
    return n > 2 ? args[2] : nothing();
}

static value call_is_missing(const value *args, size_t n, arena *a)
{
    (void)n, (void)a;
    return value_bool(is_absent(&args[0]));
}

static value call_list_length(const value *args, size_t n, arena *a)
{
    (void)n, (void)a;
    if (args[0].type == VALUE_LIST) return value_int((int64_t)args[0].as.list.count);
    return value_int(is_absent(&args[0]) ? 0 : 1);
}

static value call_to_number(const value *args, size_t n, arena *a)
{
    (void)n, (void)a;
    int64_t i;
    double d;
    if (args[0].type == VALUE_STRING && str_to_int(args[0].as.string, false, &i)) return value_int(i);
    if (args[0].type == VALUE_INT) return args[0];
    return value_number(&args[0], &d) ? value_real(d) : nothing();
}

static value call_to_text(const value *args, size_t n, arena *a)
{
    (void)n;
    pk_str s;
    return value_text(a, &args[0], &s) ? value_string(s) : nothing();
}

/* ---- times ---- */

/* A time, or a text that writes one. */
static timestamp time_of(const value *v)
{
    if (v->type == VALUE_TIME) return v->as.time;
    return v->type == VALUE_STRING ? timestamp_parse_iso(v->as.string) : TIMESTAMP_NONE;
}

static value call_time_text(const value *args, size_t n, arena *a)
{
    (void)n;
    timestamp t = time_of(&args[0]);
    return t == TIMESTAMP_NONE ? nothing() : value_string(timestamp_text(a, t));
}

static value call_time_bucket(const value *args, size_t n, arena *a)
{
    (void)n, (void)a;
    timestamp t = time_of(&args[0]);
    int64_t span;
    if (t == TIMESTAMP_NONE || args[1].type != VALUE_INT || args[1].as.integer <= 0 ||
        __builtin_mul_overflow(args[1].as.integer, SECOND, &span))
        return nothing();
    int64_t behind = t % span < 0 ? t % span + span : t % span, start;
    if (__builtin_sub_overflow(t, behind, &start)) return nothing();
    return (value){.type = VALUE_TIME, .as.time = start};
}

#define TIME_PART(name, part) \
    static value call_time_##name(const value *args, size_t n, arena *a) \
    { \
        (void)n, (void)a; \
        timestamp t = time_of(&args[0]); \
        return t == TIMESTAMP_NONE ? nothing() : value_int(timestamp_to_civil(t).part); \
    }
TIME_PART(minute, minute)
TIME_PART(hour, hour)
TIME_PART(day, day)
TIME_PART(week, iso_week)
TIME_PART(month, month)
TIME_PART(year, year)
#undef TIME_PART

/* ---- tables ---- */

const ir_function ir_functions[] = {
#define FUNCTION(name, least, most, signature, meaning, example) \
    {#name, least, most, call_##name, signature, meaning, example},
#include "ir/functions.def"
#undef FUNCTION
    {0},
};

const ir_aggregate_row ir_aggregates[] = {
#define AGGREGATE(name, meaning) {#name, meaning},
#include "ir/aggregates.def"
#undef AGGREGATE
    {0},
};

const ir_function *ir_function_find(pk_str name)
{
    for (const ir_function *f = ir_functions; f->name; f++)
        if (str_equal(name, str_from(f->name))) return f;
    return NULL;
}

value ir_function_call(pk_str name, const value *args, size_t count, arena *a)
{
    const ir_function *f = ir_function_find(name);
    if (!f || count < f->least || count > f->most) return nothing();
    return f->call(args, count, a);
}
