/*
 * Scalar functions: the table, what their arguments are read by, and those that any value goes into. Plain: an argument
 * that doesn't fit gives no value or a zero, never an error. The others are in the files named after what they work on.
 */
#include "base/hash.h"
#include "ir/functions_private.h"

#include <math.h>

/* ---- arguments ---- */

value value_unsigned(uint64_t n)
{
    if (n <= INT64_MAX) return value_int((int64_t)n);
    return (value){.type = VALUE_UINT, .as.unsigned_integer = n};
}

pk_str text_arg(const ir_call_args *c, size_t i)
{
    pk_str s;
    if (i >= c->count) return STR("");
    const value *v = &c->args[i];
    if (v->type == VALUE_LIST) { /* where one is wanted, the first */
        if (v->as.list.count == 0) return STR("");
        v = &v->as.list.items[0];
    }
    return value_text(c->arena, v, &s) ? s : STR("");
}

double number_arg(const ir_call_args *c, size_t i)
{
    double d;
    return i < c->count && value_number(&c->args[i], &d) && isfinite(d) ? d : 0;
}

int64_t int_arg(const ir_call_args *c, size_t i)
{
    if (i < c->count && c->args[i].type == VALUE_INT) return c->args[i].as.integer;
    double d = number_arg(c, i);
    return d >= 9223372036854775808.0 ? INT64_MAX : d < -9223372036854775808.0 ? INT64_MIN : (int64_t)d;
}

bool truth_arg(const ir_call_args *c, size_t i) { return i < c->count && c->args[i].type == VALUE_BOOL && c->args[i].as.boolean; }

list_view list_arg(const ir_call_args *c, size_t i)
{
    if (i >= c->count || is_absent(&c->args[i])) return (list_view){NULL, 0};
    if (c->args[i].type == VALUE_LIST) return (list_view){c->args[i].as.list.items, c->args[i].as.list.count};
    return (list_view){&c->args[i], 1};
}

value each_text(const ir_call_args *c, value (*fn)(const ir_call_args *c, pk_str s))
{
    if (c->args[0].type != VALUE_LIST) return fn(c, text_arg(c, 0));
    list_builder out = {0};
    list_view list = list_arg(c, 0);
    pk_str s;
    for (size_t i = 0; i < list.count; i++)
        if (value_text(c->arena, &list.items[i], &s)) list_add(c->arena, &out, fn(c, s));
    return list_done(&out);
}

value some_text(const ir_call_args *c, bool (*fn)(const ir_call_args *c, pk_str s))
{
    if (c->args[0].type != VALUE_LIST) return value_bool(fn(c, text_arg(c, 0)));
    list_view list = list_arg(c, 0);
    pk_str s;
    bool some = false;
    for (size_t i = 0; i < list.count && !some; i++) some = value_text(c->arena, &list.items[i], &s) && fn(c, s);
    return value_bool(some);
}

/* ---- any ---- */

value call_coalesce(const ir_call_args *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!is_absent(&c->args[i])) return c->args[i];
    return nothing();
}

value call_if(const ir_call_args *c)
{
    if (truth_arg(c, 0)) return c->args[1];
    return c->count > 2 ? c->args[2] : nothing();
}

value call_is_missing(const ir_call_args *c) { return value_bool(is_absent(&c->args[0])); }

static bool is_zero(const value *v)
{
    switch (v->type) {
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: return true;
    case VALUE_BOOL: return !v->as.boolean;
    case VALUE_INT: return v->as.integer == 0;
    case VALUE_UINT: return v->as.unsigned_integer == 0;
    case VALUE_FLOAT: return v->as.real == 0;
    case VALUE_STRING: return v->as.string.len == 0;
    case VALUE_LIST: return v->as.list.count == 0;
    case VALUE_TIME: case VALUE_RECORD: return false;
    }
    return false;
}

/* Of a list those that are not zero. */
value call_non_zero(const ir_call_args *c)
{
    const value *v = &c->args[0];
    if (v->type != VALUE_LIST) return is_zero(v) ? nothing() : *v;
    list_builder out = {0};
    for (size_t i = 0; i < v->as.list.count; i++)
        if (!is_zero(&v->as.list.items[i])) list_add(c->arena, &out, v->as.list.items[i]);
    return out.items.len ? list_done(&out) : nothing();
}

/* ---- conversions ---- */

value call_to_number(const ir_call_args *c)
{
    int64_t i;
    double d;
    const value *v = &c->args[0];
    if (v->type == VALUE_STRING && str_to_int(v->as.string, false, &i)) return value_int(i);
    if (v->type == VALUE_INT) return *v;
    return value_number(v, &d) ? value_real(d) : nothing();
}

value call_to_text(const ir_call_args *c)
{
    pk_str s;
    if (value_text(c->arena, &c->args[0], &s)) return value_string(s);
    return c->count > 1 ? c->args[1] : nothing();
}

value call_to_int(const ir_call_args *c)
{
    int64_t i;
    double d;
    const value *v = &c->args[0];
    if (v->type == VALUE_INT) return *v;
    if (v->type == VALUE_BOOL) return value_int(v->as.boolean);
    if (v->type == VALUE_STRING && str_to_int(v->as.string, false, &i)) return value_int(i);
    if (value_number(v, &d) && d >= -9223372036854775808.0 && d < 9223372036854775808.0) return value_int((int64_t)d);
    return c->count > 1 ? c->args[1] : value_int(0);
}

value call_to_float(const ir_call_args *c)
{
    double d;
    if (!value_number(&c->args[0], &d) || !isfinite(d)) return c->count > 1 ? c->args[1] : value_real(0);
    if (c->count > 2) {
        double scale = pow(10, fmin(fmax(number_arg(c, 2), 0), 17)), whole = d * scale;
        if (fabs(whole) < 9007199254740992.0) d = trunc(whole) / scale;
    }
    return value_real(d);
}

value call_to_bool(const ir_call_args *c)
{
    const value *v = &c->args[0];
    if (v->type == VALUE_BOOL) return *v;
    if (v->type == VALUE_INT) return value_bool(v->as.integer == 1);
    return value_bool(v->type == VALUE_STRING && str_equal_ascii_fold(v->as.string, STR("true")));
}

/* ---- tables ---- */

const ir_function ir_functions[] = {
#define FUNCTION(name, least, most, signature, meaning, example) \
    {#name, sizeof #name - 1, least, most, false, call_##name, signature, meaning, example},
#define VARYING(name, least, most, signature, meaning, example) \
    {#name, sizeof #name - 1, least, most, true, call_##name, signature, meaning, example},
#include "ir/functions.def"
#undef VARYING
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
        if (f->name_len == name.len && f->name[0] == name.ptr[0] && memcmp(f->name, name.ptr, name.len) == 0) return f;
    return NULL;
}

value ir_function_call_in(ir_calls *calls, pk_str name, const value *args, size_t count, arena *a)
{
    const ir_function *f = ir_function_find(name);
    if (!f || count < f->least || count > f->most) return nothing();
    return f->call(&(ir_call_args){args, count, a, calls});
}

value ir_function_call(pk_str name, const value *args, size_t count, arena *a) { return ir_function_call_in(NULL, name, args, count, a); }
