/* Functions of lists. Nothing is the empty list, a scalar a list of one: so expressions hand them over. */
#include "ir/functions_private.h"

#include <math.h>

value call_list_length(const ir_call_args *c) { return value_int((int64_t)list_arg(c, 0).count); }

/* Values agree as they do in a test: by their text, in exact case. */
value call_list_contains(const ir_call_args *c)
{
    list_view list = list_arg(c, 0);
    pk_str wanted = text_arg(c, 1), s;
    bool found = false;
    for (size_t i = 0; i < list.count && !found; i++) found = value_text(c->arena, &list.items[i], &s) && str_equal(s, wanted);
    return value_bool(found);
}

value call_list_concat(const ir_call_args *c)
{
    list_builder out = {0};
    for (size_t i = 0; i < c->count; i++) {
        list_view list = list_arg(c, i);
        for (size_t k = 0; k < list.count; k++)
            if (!result_add(c, &out, list.items[k])) return list_done(&out);
    }
    return list_done(&out);
}

value call_list_join(const ir_call_args *c)
{
    list_view list = list_arg(c, 0);
    pk_str separator = text_arg(c, 1), s;
    text_result out = {0};
    bool first = true;
    for (size_t i = 0; i < list.count && !out.cut; i++) {
        if (!value_text(c->arena, &list.items[i], &s)) continue;
        if (!first) result_put(&out, separator);
        result_put(&out, s);
        first = false;
    }
    return result_done(c, &out);
}

value call_list_at(const ir_call_args *c)
{
    list_view list = list_arg(c, 0);
    int64_t i = int_arg(c, 1);
    if (i < 0) i += (int64_t)list.count;
    return i >= 0 && i < (int64_t)list.count ? list.items[i] : nothing();
}

static value extreme(const ir_call_args *c, bool largest)
{
    list_view list = list_arg(c, 0);
    bool some = false;
    double best = 0, d;
    for (size_t i = 0; i < list.count; i++) {
        if (!value_number(&list.items[i], &d) || isnan(d) || (truth_arg(c, 1) && d == 0)) continue;
        if (!some || (largest ? d > best : d < best)) best = d;
        some = true;
    }
    return value_real(best);
}

value call_list_min(const ir_call_args *c) { return extreme(c, false); }
value call_list_max(const ir_call_args *c) { return extreme(c, true); }

/* ---- numbers of a list ---- */

typedef struct { size_t count; long double sum; } list_total;

static list_total total(list_view list)
{
    list_total t = {0, 0};
    double d;
    for (size_t i = 0; i < list.count; i++) {
        if (!value_number(&list.items[i], &d) || isnan(d)) continue;
        t.sum += d;
        t.count++;
    }
    return t;
}

value call_list_sum(const ir_call_args *c) { return value_real((double)total(list_arg(c, 0)).sum); }

value call_list_mean(const ir_call_args *c)
{
    list_total t = total(list_arg(c, 0));
    return value_real(t.count ? (double)(t.sum / (long double)t.count) : 0);
}

value call_list_deviation(const ir_call_args *c)
{
    list_view list = list_arg(c, 0);
    list_total t = total(list);
    long double squares = 0, mean;
    double d;
    if (t.count < 2) return value_real(0);
    mean = t.sum / (long double)t.count;
    for (size_t i = 0; i < list.count; i++)
        if (value_number(&list.items[i], &d) && !isnan(d)) squares += (d - mean) * (d - mean);
    return value_real((double)sqrtl(squares / (long double)(t.count - 1)));
}

/* Lists are read side by side, as far as both go. */
static value at_extreme(const ir_call_args *c, bool largest)
{
    list_view list = list_arg(c, 0), by = list_arg(c, 1);
    size_t best = SIZE_MAX;
    double best_number = 0, d;
    for (size_t i = 0; i < list.count && i < by.count; i++) {
        if (!value_number(&by.items[i], &d) || isnan(d)) continue;
        if (best != SIZE_MAX && !(largest ? d > best_number : d < best_number)) continue;
        best = i;
        best_number = d;
    }
    return best == SIZE_MAX ? nothing() : list.items[best];
}

value call_list_at_min(const ir_call_args *c) { return at_extreme(c, false); }
value call_list_at_max(const ir_call_args *c) { return at_extreme(c, true); }
