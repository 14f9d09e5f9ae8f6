/* Aggregate functions in the evaluator: each from the values of all rows, nothing kept. */
#include "ir/eval_private.h"

#include <math.h>
#include <stdlib.h>

typedef struct { VEC(double) items; } numbers;

static int compare_numbers(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static bool counts(const plan_run *run, const ir_aggregate_function *f, const row *r)
{
    eval_env env = env_of(run, r);
    return !f->filter || eval_truth(&env, f->filter) == TRUTH_TRUE;
}

/* All values of the first argument, row by row; absent ones only with `nulls`. */
static list_builder all_values(const plan_run *run, const ir_aggregate_function *f, const row *const *rows,
                               size_t count)
{
    list_builder out = {0};
    for (size_t i = 0; i < count && f->count; i++) {
        eval_env env = env_of(run, rows[i]);
        list_builder values = {0};
        if (!counts(run, f, rows[i])) continue;
        eval_values(&env, f->args[0], &values);
        if (values.items.len == 0 && f->count_nulls) list_add(run->arena, &out, value_null());
        for (size_t k = 0; k < values.items.len; k++)
            if (f->count_nulls || !value_is_absent(&values.items.at[k])) list_add(run->arena, &out, values.items.at[k]);
    }
    return out;
}

static numbers numbers_of(const plan_run *run, const list_builder *values)
{
    numbers n = {0};
    double d;
    for (size_t i = 0; i < values->items.len; i++)
        if (value_number(&values->items.at[i], &d)) vec_push_in(run->arena, &n.items, d);
    if (n.items.len) qsort(n.items.at, n.items.len, sizeof *n.items.at, compare_numbers);
    return n;
}

/* ---- counting ---- */

/* The arguments of a row as one text; false: one is absent. */
static bool tuple_of(const plan_run *run, const ir_aggregate_function *f, const row *r, pk_str *out)
{
    eval_env env = env_of(run, r);
    *out = (pk_str){"", 0};
    for (size_t i = 0; i < f->count; i++) {
        value v = eval_value(&env, f->args[i]);
        if (value_is_absent(&v) && !f->count_nulls) return false;
        pk_str key = value_key_text(run->arena, &v);
        *out = arena_printf(run->arena, STR_FMT "%c%zu:" STR_FMT, STR_ARG(*out), value_is_absent(&v) ? 'n' : 'v',
                            key.len, STR_ARG(key));
    }
    return true;
}

static value count_rows(const plan_run *run, const ir_aggregate_function *f, const row *const *rows, size_t count,
                        bool distinct)
{
    table seen = {0};
    int64_t n = 0;
    pk_str tuple;
    for (size_t i = 0; i < count; i++) {
        if (!counts(run, f, rows[i]) || !tuple_of(run, f, rows[i], &tuple)) continue;
        n += !distinct || table_put(&seen, tuple, 1);
    }
    table_free(&seen);
    return value_int(n);
}

/* Different events that came in under the name of the part. */
static value count_parts(const plan_run *run, const ir_aggregate_function *f, const row *const *rows, size_t count)
{
    table seen = {0};
    pk_str name = f->count && f->args[0]->kind == EXPR_FIELD ? f->args[0]->as.field.part : (pk_str){"", 0};
    int64_t n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < rows[i]->part_count && counts(run, f, rows[i]); p++)
            if (str_equal(rows[i]->parts[p].name, name))
                n += table_put(&seen, (pk_str){(const char *)&rows[i]->parts[p].event, sizeof(eval_event *)}, 1);
    table_free(&seen);
    return value_int(n);
}

static value count_different(const plan_run *run, const list_builder *values)
{
    table seen = {0};
    int64_t n = 0;
    for (size_t i = 0; i < values->items.len; i++) n += table_put(&seen, value_key_text(run->arena, &values->items.at[i]), 1);
    table_free(&seen);
    return value_int(n);
}

/* ---- numbers ---- */

static long double sum_of(const numbers *n)
{
    long double sum = 0;
    for (size_t i = 0; i < n->items.len; i++) sum += n->items.at[i];
    return sum;
}

static value mean_of(const numbers *n)
{
    return n->items.len ? value_real((double)(sum_of(n) / (long double)n->items.len)) : value_null();
}

static value median_of(const numbers *n)
{
    size_t len = n->items.len;
    if (!len) return value_null();
    return value_real(len % 2 ? n->items.at[len / 2] : (n->items.at[len / 2 - 1] + n->items.at[len / 2]) / 2);
}

/* Nearest rank. */
static value percentile_of(const numbers *n, double p)
{
    if (!n->items.len || !(p >= 0 && p <= 100)) return value_null();
    double rank = ceil(p / 100.0 * (double)n->items.len);
    return value_real(n->items.at[rank < 1 ? 0 : (size_t)rank - 1]);
}

/* Of a sample; there are two or more. */
static long double variance_of(const numbers *n)
{
    long double squares = 0;
    size_t len = n->items.len;
    long double mean = sum_of(n) / (long double)len;
    for (size_t i = 0; i < len; i++) squares += (n->items.at[i] - mean) * (n->items.at[i] - mean);
    return squares / (long double)(len - 1);
}

/* ---- extremes and lists ---- */

static bool is_before(const plan_run *run, const value *x, const value *y)
{
    double a, b;
    if (x->type == VALUE_TIME && y->type == VALUE_TIME) return x->as.time < y->as.time;
    if (value_number(x, &a) && value_number(y, &b)) return a < b;
    return str_compare(value_key_text(run->arena, x), value_key_text(run->arena, y)) < 0;
}

/* With numbers among the values, the others don't count. */
static value extreme(const plan_run *run, const list_builder *values, bool largest)
{
    double d;
    bool has_number = false;
    const value *best = NULL;
    for (size_t i = 0; i < values->items.len; i++) has_number |= value_number(&values->items.at[i], &d);
    for (size_t i = 0; i < values->items.len; i++) {
        const value *v = &values->items.at[i];
        if (has_number && !value_number(v, &d)) continue;
        if (!best || (largest ? is_before(run, best, v) : is_before(run, v, best))) best = v;
    }
    if (!best) return value_null();
    return best->type == VALUE_STRING && value_number(best, &d) ? value_real(d) : *best;
}

static value range_of_numbers(const numbers *n)
{
    return n->items.len ? value_real(n->items.at[n->items.len - 1] - n->items.at[0]) : value_null();
}

static value distinct_values(const plan_run *run, const list_builder *values)
{
    list_builder out = {0};
    for (size_t i = 0; i < values->items.len; i++) {
        const value *v = &values->items.at[i];
        pk_str key = value_key_text(run->arena, v);
        size_t at = 0;
        while (at < out.items.len && str_compare(value_key_text(run->arena, &out.items.at[at]), key) < 0) at++;
        if (at < out.items.len && str_equal(value_key_text(run->arena, &out.items.at[at]), key)) continue;
        list_add(run->arena, &out, *v);
        memmove(out.items.at + at + 1, out.items.at + at, (out.items.len - 1 - at) * sizeof *out.items.at);
        out.items.at[at] = *v;
    }
    return list_done(&out);
}

/* In the order in which they come first. */
static value first_of_each(const plan_run *run, const list_builder *values)
{
    list_builder out = {0};
    table seen = {0};
    for (size_t i = 0; i < values->items.len; i++)
        if (table_put(&seen, value_key_text(run->arena, &values->items.at[i]), 1)) list_add(run->arena, &out, values->items.at[i]);
    table_free(&seen);
    return list_done(&out);
}

static value most_frequent(const plan_run *run, const list_builder *values)
{
    table places = {0};
    VEC(size_t) times = {0};
    value best = value_null();
    size_t most = 0;
    for (size_t i = 0; i < values->items.len; i++) {
        pk_str key = value_key_text(run->arena, &values->items.at[i]);
        if (table_put(&places, key, (uint32_t)times.len)) vec_push_in(run->arena, &times, 0);
        times.at[table_get(&places, key)]++;
    }
    for (size_t i = 0; i < values->items.len; i++) {
        size_t n = times.at[table_get(&places, value_key_text(run->arena, &values->items.at[i]))];
        if (n > most) {
            most = n;
            best = values->items.at[i];
        }
    }
    table_free(&places);
    return best;
}

/* The first argument in the row whose second is largest or smallest; rows that lack one of them don't count. */
static value value_at_extreme(const plan_run *run, const ir_aggregate_function *f, const window *w, bool largest)
{
    value best = value_null(), by = value_null();
    for (size_t i = 0; i < w->count && f->count == 2; i++) {
        eval_env env = env_of(run, w->at[i]);
        list_builder own = {0};
        if (!counts(run, f, w->at[i])) continue;
        value v = eval_value(&env, f->args[0]);
        eval_values(&env, f->args[1], &own);
        for (size_t k = 0; k < own.items.len && !value_is_absent(&v); k++) {
            const value *x = &own.items.at[k];
            double d;
            if (x->type != VALUE_TIME && (!value_number(x, &d) || isnan(d))) continue;
            if (by.type != VALUE_NULL && !(largest ? is_before(run, &by, x) : is_before(run, x, &by))) continue;
            best = v;
            by = *x;
        }
    }
    return best;
}

/* `* = values(*)`: the values of every column and field of the rows, as a record. */
static value all_columns(const plan_run *run, const ir_aggregate_function *f, const window *w)
{
    const row *const *rows = w->at;
    size_t count = w->count;
    record_builder out = {0};
    VEC(pk_str) names = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p <= rows[i]->part_count; p++) {
            const value *record = p < rows[i]->part_count ? rows[i]->parts[p].event->tree : &rows[i]->columns;
            for (size_t k = 0; record && record->type == VALUE_RECORD && k < record->as.record.count; k++) {
                bool known = false;
                for (size_t j = 0; j < names.len && !known; j++)
                    known = str_equal(names.at[j], record->as.record.fields[k].name);
                if (!known) vec_push_in(run->arena, &names, record->as.record.fields[k].name);
            }
        }
    for (size_t i = 0; i < names.len; i++) {
        expr field =
                 {
                     .kind = EXPR_FIELD, .as.field = {.part = {"", 0}, .schema = {"", 0}, .path = names.at[i]}
        },
             *args = &field;
        ir_aggregate_function one = *f;
        one.args = &args;
        one.name = names.at[i];
        record_add(run->arena, &out, names.at[i], aggregate_value(run, &one, w));
    }
    return record_done(&out);
}

static bool is_star(const ir_aggregate_function *f)
{
    return str_equal(f->name, STR("*")) && f->count == 1 && f->args[0]->kind == EXPR_FIELD &&
           str_equal(f->args[0]->as.field.path, STR("*"));
}

static value cut(value list, int64_t at_most)
{
    if (at_most > 0 && list.type == VALUE_LIST && list.as.list.count > (size_t)at_most)
        list.as.list.count = (size_t)at_most;
    return list;
}

static value bound(timestamp t)
{
    return t == TIMESTAMP_NONE ? value_null() : (value){.type = VALUE_TIME, .as.time = t};
}

value aggregate_value(const plan_run *run, const ir_aggregate_function *f, const window *w)
{
    pk_str name = f->function;
    if (is_star(f)) return all_columns(run, f, w);
    if (str_equal(name, STR("count"))) return count_rows(run, f, w->at, w->count, false);
    if (str_equal(name, STR("count_distinct"))) return count_rows(run, f, w->at, w->count, true);
    if (str_equal(name, STR("parts"))) return count_parts(run, f, w->at, w->count);
    if (str_equal(name, STR("at_min"))) return value_at_extreme(run, f, w, false);
    if (str_equal(name, STR("at_max"))) return value_at_extreme(run, f, w, true);
    if (str_equal(name, STR("window_start"))) return bound(w->bounds.from);
    if (str_equal(name, STR("window_end"))) return bound(w->bounds.to);

    list_builder values = all_values(run, f, w->at, w->count);
    if (str_equal(name, STR("count_each"))) return value_int((int64_t)values.items.len);
    if (str_equal(name, STR("count_distinct_each"))) return count_different(run, &values);
    if (str_equal(name, STR("min"))) return extreme(run, &values, false);
    if (str_equal(name, STR("max"))) return extreme(run, &values, true);
    if (str_equal(name, STR("mode"))) return most_frequent(run, &values);
    if (str_equal(name, STR("values"))) return cut(distinct_values(run, &values), f->at_most);
    if (str_equal(name, STR("list"))) return cut(list_done(&values), f->at_most);
    if (str_equal(name, STR("distinct_list"))) return cut(first_of_each(run, &values), f->at_most);
    if (str_equal(name, STR("first"))) return values.items.len ? values.items.at[0] : value_null();
    if (str_equal(name, STR("last"))) return values.items.len ? values.items.at[values.items.len - 1] : value_null();

    numbers n = numbers_of(run, &values);
    if (str_equal(name, STR("sum"))) return n.items.len ? value_real((double)sum_of(&n)) : value_null();
    if (str_equal(name, STR("mean"))) return mean_of(&n);
    if (str_equal(name, STR("median"))) return median_of(&n);
    if (str_equal(name, STR("percentile"))) return percentile_of(&n, f->parameter);
    if (str_equal(name, STR("deviation"))) return n.items.len < 2 ? value_null() : value_real((double)sqrtl(variance_of(&n)));
    if (str_equal(name, STR("variance"))) return n.items.len < 2 ? value_null() : value_real((double)variance_of(&n));
    if (str_equal(name, STR("range"))) return range_of_numbers(&n);
    return value_null();
}
