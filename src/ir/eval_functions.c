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
        pk_str key = value_key(run->arena, &v);
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
    VEC(const eval_event *) seen = {0};
    pk_str name = f->count && f->args[0]->kind == EXPR_FIELD ? f->args[0]->as.field.part : (pk_str){"", 0};
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < rows[i]->part_count && counts(run, f, rows[i]); p++) {
            bool known = !str_equal(rows[i]->parts[p].name, name);
            for (size_t k = 0; k < seen.len && !known; k++) known = seen.at[k] == rows[i]->parts[p].event;
            if (!known) vec_push_in(run->arena, &seen, rows[i]->parts[p].event);
        }
    return value_int((int64_t)seen.len);
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

static value deviation_of(const numbers *n)
{
    long double squares = 0;
    size_t len = n->items.len;
    if (len < 2) return value_null();
    long double mean = sum_of(n) / (long double)len;
    for (size_t i = 0; i < len; i++) squares += (n->items.at[i] - mean) * (n->items.at[i] - mean);
    return value_real((double)sqrtl(squares / (long double)(len - 1)));
}

/* ---- extremes and lists ---- */

static bool is_before(const plan_run *run, const value *x, const value *y)
{
    double a, b;
    if (x->type == VALUE_TIME && y->type == VALUE_TIME) return x->as.time < y->as.time;
    if (value_number(x, &a) && value_number(y, &b)) return a < b;
    return str_compare(value_key(run->arena, x), value_key(run->arena, y)) < 0;
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

static value range_of(const numbers *n)
{
    return n->items.len ? value_real(n->items.at[n->items.len - 1] - n->items.at[0]) : value_null();
}

static value distinct_values(const plan_run *run, const list_builder *values)
{
    list_builder out = {0};
    for (size_t i = 0; i < values->items.len; i++) {
        const value *v = &values->items.at[i];
        pk_str key = value_key(run->arena, v);
        size_t at = 0;
        while (at < out.items.len && str_compare(value_key(run->arena, &out.items.at[at]), key) < 0) at++;
        if (at < out.items.len && str_equal(value_key(run->arena, &out.items.at[at]), key)) continue;
        list_add(run->arena, &out, *v);
        memmove(out.items.at + at + 1, out.items.at + at, (out.items.len - 1 - at) * sizeof *out.items.at);
        out.items.at[at] = *v;
    }
    return list_done(&out);
}

/* `* = values(*)`: the values of every column and field of the rows, as a record. */
static value all_columns(const plan_run *run, const ir_aggregate_function *f, const row *const *rows, size_t count)
{
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
        record_add(run->arena, &out, names.at[i], aggregate_value(run, &one, rows, count));
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

value aggregate_value(const plan_run *run, const ir_aggregate_function *f, const row *const *rows, size_t count)
{
    pk_str name = f->function;
    if (is_star(f)) return all_columns(run, f, rows, count);
    if (str_equal(name, STR("count"))) return count_rows(run, f, rows, count, false);
    if (str_equal(name, STR("count_distinct"))) return count_rows(run, f, rows, count, true);
    if (str_equal(name, STR("parts"))) return count_parts(run, f, rows, count);

    list_builder values = all_values(run, f, rows, count);
    numbers n = numbers_of(run, &values);
    if (str_equal(name, STR("sum"))) return n.items.len ? value_real((double)sum_of(&n)) : value_null();
    if (str_equal(name, STR("mean"))) return mean_of(&n);
    if (str_equal(name, STR("median"))) return median_of(&n);
    if (str_equal(name, STR("percentile"))) return percentile_of(&n, f->parameter);
    if (str_equal(name, STR("deviation"))) return deviation_of(&n);
    if (str_equal(name, STR("range"))) return range_of(&n);
    if (str_equal(name, STR("min"))) return extreme(run, &values, false);
    if (str_equal(name, STR("max"))) return extreme(run, &values, true);
    if (str_equal(name, STR("values"))) return cut(distinct_values(run, &values), f->at_most);
    if (str_equal(name, STR("list"))) return cut(list_done(&values), f->at_most);
    if (str_equal(name, STR("first"))) return values.items.len ? values.items.at[0] : value_null();
    if (str_equal(name, STR("last"))) return values.items.len ? values.items.at[values.items.len - 1] : value_null();
    return value_null();
}
