/* Functions of numbers. What is no number is 0, and so is a result that is none. */
#include "base/hash.h"
#include "ir/functions_private.h"

#include <math.h>

#define EARTH_RADIUS 6371010.0 /* metres: the mean radius, as the S2 library has it */
#define RADIANS(degrees) ((degrees) * 0.017453292519943295)

static value finite_or_zero(double d) { return value_real(isfinite(d) ? d : 0); }

/* 0 for what an int64 does not hold. */
static value whole(double d) { return value_int(d >= -9223372036854775808.0 && d < 9223372036854775808.0 ? (int64_t)d : 0); }

value call_abs(const ir_call_args *c)
{
    const value *v = &c->args[0];
    if (v->type == VALUE_INT && v->as.integer != INT64_MIN) return value_int(v->as.integer < 0 ? -v->as.integer : v->as.integer);
    return value_real(fabs(number_arg(c, 0)));
}

value call_ceil(const ir_call_args *c) { return c->args[0].type == VALUE_INT ? c->args[0] : whole(ceil(number_arg(c, 0))); }
value call_floor(const ir_call_args *c) { return c->args[0].type == VALUE_INT ? c->args[0] : whole(floor(number_arg(c, 0))); }

value call_round(const ir_call_args *c)
{
    if (c->args[0].type == VALUE_INT) return c->args[0];
    double d = number_arg(c, 0);
    if (c->count < 2) return whole(round(d));
    int64_t digits = int_arg(c, 1);
    if (digits < -300 || digits > 300) return value_real(digits < 0 ? 0 : d);
    double scale = pow(10, (double)(digits < 0 ? -digits : digits));
    double scaled = digits < 0 ? d / scale : d * scale;
    if (fabs(scaled) >= 9007199254740992.0) return value_real(d); /* no digit is left to round */
    return finite_or_zero(digits < 0 ? round(scaled) * scale : round(scaled) / scale);
}

value call_sqrt(const ir_call_args *c) { return value_real(number_arg(c, 0) < 0 ? 0 : sqrt(number_arg(c, 0))); }

value call_log(const ir_call_args *c)
{
    double d = number_arg(c, 0);
    if (d <= 0) return value_real(0);
    if (c->count < 2) return value_real(log(d));
    double base = number_arg(c, 1);
    if (base == 2) return value_real(log2(d));
    if (base == 10) return value_real(log10(d));
    return base <= 0 || base == 1 ? value_real(0) : finite_or_zero(log(d) / log(base));
}

value call_pow(const ir_call_args *c) { return finite_or_zero(pow(number_arg(c, 0), number_arg(c, 1))); }

value call_is_increasing(const ir_call_args *c)
{
    bool all = true;
    for (size_t i = 1; i < c->count && all; i++) {
        const value *x = &c->args[i - 1], *y = &c->args[i];
        all = x->type == VALUE_INT && y->type == VALUE_INT ? x->as.integer < y->as.integer : number_arg(c, i - 1) < number_arg(c, i);
    }
    return value_bool(all);
}

/* The haversine form, which is exact for near places too. */
value call_geo_distance(const ir_call_args *c)
{
    double longitude_1 = number_arg(c, 0), latitude_1 = number_arg(c, 1), longitude_2 = number_arg(c, 2), latitude_2 = number_arg(c, 3);
    if (fabs(latitude_1) > 90 || fabs(latitude_2) > 90 || fabs(longitude_1) > 180 || fabs(longitude_2) > 180) return value_real(-1);
    double across = sin(RADIANS(longitude_2 - longitude_1) / 2), up = sin(RADIANS(latitude_2 - latitude_1) / 2);
    double h = up * up + cos(RADIANS(latitude_1)) * cos(RADIANS(latitude_2)) * across * across;
    return value_real(2 * EARTH_RADIUS * asin(sqrt(fmin(h, 1))));
}

/* From the texts of the arguments, so that a run over the same logs gives the same alerts. */
value call_random(const ir_call_args *c)
{
    uint64_t hash = 0x9E3779B97F4A7C15u;
    pk_str s;
    for (size_t i = 0; i < c->count; i++) {
        list_view list = list_arg(c, i);
        for (size_t k = 0; k < list.count; k++)
            if (value_text(c->arena, &list.items[k], &s)) hash = hash_mix(hash, hash_str(s));
    }
    return value_real((double)(hash_mix(hash, c->count) >> 11) * 0x1p-53);
}
