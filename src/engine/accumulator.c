/*
 * The aggregate functions; what each means stands in ir/aggregates.def, and ir/eval_functions.c says it once more, plainly.
 * To add one: a line in `kinds` and a function that makes its value.
 */
#include "engine/accumulator.h"

#include <math.h>
#include <stdlib.h>

/* What a function wants kept of the window's values. */
typedef enum { KEEP_NOTHING, KEEP_COUNT, KEEP_DISTINCT, KEEP_EACH, KEEP_DISTINCT_EACH, KEEP_PARTS, KEEP_SUM, KEEP_SORTED } keep_kind;

struct aggregate_kind {
    const char *name;
    keep_kind keep;
    bool of_rows;                 /* made of the window's rows; of SORTED: only if not all values are plain numbers */
    value (*value_of)(accumulator *acc, const ir_aggregate_function *f, const window_rows *w, arena *a);
};

/* ---- values of rows ---- */

/* All values of the first argument; absent ones only with `nulls`. */
static void values_of_row(const node *input, const ir_aggregate_function *f, const row *r, arena *a, list_builder *out)
{
    size_t before = out->items.len, kept = before;
    if (f->count == 0 || (f->filter && !row_true(input, r, f->filter, a))) return;
    row_values(input, r, f->args[0], a, out);
    if (f->count_nulls && out->items.len == before) list_add(a, out, value_null());
    if (f->count_nulls) return;
    for (size_t i = before; i < out->items.len; i++)
        if (!value_is_nothing(&out->items.at[i])) out->items.at[kept++] = out->items.at[i];
    out->items.len = kept;
}

static list_builder values_of_rows(const ir_aggregate_function *f, const window_rows *w, arena *a)
{
    list_builder out = {0};
    for (size_t i = 0; i < w->count; i++) values_of_row(w->input, f, w->rows[i], a, &out);
    return out;
}

/* The arguments as one text; false: one is absent, and the row does not count. Lengths keep ("a","bc") and ("ab","c") apart. */
static bool tuple_text(const node *input, const ir_aggregate_function *f, const row *r, arena *a, text *out)
{
    for (size_t i = 0; i < f->count; i++) {
        value v = row_value(input, r, f->args[i], a);
        if (value_is_nothing(&v) && !f->count_nulls) return false;
        put_key_text(out, &v, a);
    }
    return true;
}

/* ---- coming and going ---- */

/* Forgets the values that no row of the window has any more. */
static void distinct_shrink(accumulator *acc)
{
    table kept = {0};
    for (size_t i = 0; i < acc->distinct.entries.len; i++) {
        const table_entry *e = &acc->distinct.entries.at[i];
        if (e->value) table_put(&kept, e->key, e->value);
        else mem_free((void *)(uintptr_t)e->key.ptr);
    }
    table_free(&acc->distinct);
    acc->distinct = kept;
}

static void distinct_change(accumulator *acc, pk_str key, bool add)
{
    uint32_t n = table_get(&acc->distinct, key);
    if (n == TABLE_NONE) {
        if (!add) return;
        pk_str owned = {mem_cstring(key), key.len};
        table_put(&acc->distinct, owned, 1);
        acc->distinct_now++;
        return;
    }
    if (add && n == 0) acc->distinct_now++;
    if (!add && n == 1) acc->distinct_now--;
    table_set(&acc->distinct, key, add ? n + 1 : n - 1);
    if (acc->distinct.entries.len > 64 && acc->distinct.entries.len / 4 > acc->distinct_now) distinct_shrink(acc);
}

static void count_change(accumulator *acc, bool distinct, const node *input, const ir_aggregate_function *f, const row *r, bool add,
                         arena *scratch)
{
    text tuple = {0};
    if (f->filter && !row_true(input, r, f->filter, scratch)) return;
    if (tuple_text(input, f, r, scratch, &tuple)) {
        acc->rows += add ? 1 : (uint64_t)-1;
        if (distinct) distinct_change(acc, text_view(&tuple), add);
    }
    text_free(&tuple);
}

/* Different events or records that stand in rows under the name of a part. */
static void parts_change(accumulator *acc, const node *input, const ir_aggregate_function *f, const row *r, bool add, arena *scratch)
{
    if (f->count == 0 || f->args[0]->kind != EXPR_FIELD) return;
    if (f->filter && !row_true(input, r, f->filter, scratch)) return;
    for (size_t i = 0; i < r->part_count; i++) {
        const part *p = r->parts[i].part;
        if (!str_equal(r->parts[i].name, f->args[0]->as.field.part)) continue;
        uint64_t identity[] = {p->context ? UINT64_MAX : p->event.input, p->context ? p->number : p->event.position};
        distinct_change(acc, (pk_str){(const char *)identity, sizeof identity}, add);
    }
}

void accumulator_change(accumulator *acc, const aggregate_kind *k, const node *input, const ir_aggregate_function *f, const row *r,
                        bool add, arena *scratch)
{
    list_builder values = {0};
    double d;
    if (k->keep == KEEP_NOTHING) return;
    if (k->keep == KEEP_COUNT || k->keep == KEEP_DISTINCT) {
        count_change(acc, k->keep == KEEP_DISTINCT, input, f, r, add, scratch);
        return;
    }
    if (k->keep == KEEP_PARTS) {
        parts_change(acc, input, f, r, add, scratch);
        return;
    }
    values_of_row(input, f, r, scratch, &values);
    if (k->keep == KEEP_EACH) acc->rows += add ? values.items.len : -values.items.len;
    for (size_t i = 0; k->keep == KEEP_DISTINCT_EACH && i < values.items.len; i++)
        distinct_change(acc, value_key_text(scratch, &values.items.at[i]), add);
    if (k->keep == KEEP_EACH || k->keep == KEEP_DISTINCT_EACH) return;
    for (size_t i = 0; i < values.items.len; i++) {
        if (!value_number(&values.items.at[i], &d) || isnan(d)) continue;
        acc->numbers += add ? 1 : (uint64_t)-1;
        if (values.items.at[i].type == VALUE_TIME) acc->times += add ? 1 : (uint64_t)-1;
        if (k->keep == KEEP_SUM) exact_sum_change(&acc->sum, d, add);
        else if (add) number_bag_add(&acc->bag, d);
        else number_bag_remove(&acc->bag, d);
    }
}

void accumulator_free(accumulator *acc)
{
    for (size_t k = 0; k < acc->distinct.entries.len; k++) mem_free((void *)(uintptr_t)acc->distinct.entries.at[k].key.ptr);
    table_free(&acc->distinct);
    number_bag_free(&acc->bag);
    exact_sum_free(&acc->sum);
    *acc = (accumulator){0};
}

/* ---- values ---- */

#define VALUE_OF(name) static value name(accumulator *acc, const ir_aggregate_function *f, const window_rows *w, arena *a)
#define UNUSED (void)acc, (void)f, (void)w, (void)a

VALUE_OF(count_value) { UNUSED; return value_int((int64_t)acc->rows); }
VALUE_OF(distinct_value) { UNUSED; return value_int(acc->distinct_now); }
VALUE_OF(sum_value) { UNUSED; return acc->numbers ? value_real((double)exact_sum_value(&acc->sum)) : value_null(); }

VALUE_OF(mean_value)
{
    UNUSED;
    return acc->numbers ? value_real((double)(exact_sum_value(&acc->sum) / (long double)acc->numbers)) : value_null();
}

VALUE_OF(median_value)
{
    UNUSED;
    size_t n = acc->bag.count;
    if (n == 0) return value_null();
    double upper = number_bag_at(&acc->bag, n / 2);
    return value_real(n % 2 ? upper : (number_bag_at(&acc->bag, n / 2 - 1) + upper) / 2);
}

/* Nearest rank: the smallest number that at least p percent are not above. */
VALUE_OF(percentile_value)
{
    UNUSED;
    size_t n = acc->bag.count;
    if (n == 0 || !(f->parameter >= 0 && f->parameter <= 100)) return value_null();
    double rank = ceil(f->parameter / 100.0 * (double)n);
    return value_real(number_bag_at(&acc->bag, rank < 1 ? 0 : (size_t)rank - 1));
}

VALUE_OF(range_value)
{
    UNUSED;
    size_t n = acc->bag.count;
    return n ? value_real(number_bag_at(&acc->bag, n - 1) - number_bag_at(&acc->bag, 0)) : value_null();
}

/* Of a sample; there are two or more. */
static long double variance_of(const number_bag *bag)
{
    long double sum = 0, squares = 0;
    size_t n = bag->count;
    for (size_t b = 0; b < bag->blocks.len; b++)
        for (size_t i = 0; i < bag->blocks.at[b].len; i++) sum += bag->blocks.at[b].at[i];
    long double mean = sum / (long double)n;
    for (size_t b = 0; b < bag->blocks.len; b++)
        for (size_t i = 0; i < bag->blocks.at[b].len; i++) squares += (bag->blocks.at[b].at[i] - mean) * (bag->blocks.at[b].at[i] - mean);
    return squares / (long double)(n - 1);
}

VALUE_OF(deviation_value) { UNUSED; return acc->bag.count < 2 ? value_null() : value_real((double)sqrtl(variance_of(&acc->bag))); }
VALUE_OF(variance_value) { UNUSED; return acc->bag.count < 2 ? value_null() : value_real((double)variance_of(&acc->bag)); }

static value bound(timestamp t) { return t == TIMESTAMP_NONE ? value_null() : (value){.type = VALUE_TIME, .as.time = t}; }
VALUE_OF(start_value) { UNUSED; return bound(w->start); }
VALUE_OF(end_value) { UNUSED; return bound(w->end); }

static bool is_before(const value *x, const value *y, arena *a)
{
    double m, n;
    if (x->type == VALUE_TIME && y->type == VALUE_TIME) return x->as.time < y->as.time;
    if (value_number(x, &m) && value_number(y, &n)) return m < n;
    return str_compare(value_key_text(a, x), value_key_text(a, y)) < 0;
}

/* Of plain numbers from the bag; with times or no numbers at all by the values themselves. */
static value extreme(accumulator *acc, const ir_aggregate_function *f, const window_rows *w, arena *a, bool largest)
{
    double d;
    if (acc->numbers > 0 && acc->times == 0) return value_real(number_bag_at(&acc->bag, largest ? acc->bag.count - 1 : 0));
    list_builder values = values_of_rows(f, w, a);
    const value *best = NULL;
    for (size_t i = 0; i < values.items.len; i++) {
        const value *v = &values.items.at[i];
        if (acc->numbers > 0 && !value_number(v, &d)) continue;
        if (!best || (largest ? is_before(best, v, a) : is_before(v, best, a))) best = v;
    }
    if (!best) return value_null();
    return best->type == VALUE_STRING && value_number(best, &d) ? value_real(d) : *best;
}

VALUE_OF(min_value) { return extreme(acc, f, w, a, false); }
VALUE_OF(max_value) { return extreme(acc, f, w, a, true); }

static value cut(value list, int64_t at_most)
{
    if (at_most > 0 && list.as.list.count > (size_t)at_most) list.as.list.count = (size_t)at_most;
    return list;
}

typedef struct { pk_str text; size_t place; } value_text_place;

static int by_text(const void *x, const void *y)
{
    const value_text_place *a = x, *b = y;
    int order = str_compare(a->text, b->text);
    return order ? order : a->place < b->place ? -1 : a->place > b->place;
}

VALUE_OF(values_value)
{
    (void)acc;
    list_builder all = values_of_rows(f, w, a), out = {0};
    value_text_place *texts = ARENA_ARRAY(a, value_text_place, all.items.len + 1);
    for (size_t i = 0; i < all.items.len; i++) texts[i] = (value_text_place){value_key_text(a, &all.items.at[i]), i};
    qsort(texts, all.items.len, sizeof *texts, by_text);
    for (size_t i = 0; i < all.items.len; i++)
        if (i == 0 || !str_equal(texts[i].text, texts[i - 1].text)) list_add(a, &out, all.items.at[texts[i].place]);
    return cut(list_done(&out), f->at_most);
}

VALUE_OF(list_value)
{
    (void)acc;
    list_builder all = values_of_rows(f, w, a);
    return cut(list_done(&all), f->at_most);
}

/* In the order in which they come first; no more than asked for. */
VALUE_OF(distinct_list_value)
{
    (void)acc;
    list_builder out = {0};
    table seen = {0};
    for (size_t i = 0; i < w->count && (f->at_most <= 0 || out.items.len < (size_t)f->at_most); i++) {
        list_builder own = {0};
        values_of_row(w->input, f, w->rows[i], a, &own);
        for (size_t k = 0; k < own.items.len; k++)
            if (table_put(&seen, value_key_text(a, &own.items.at[k]), 1)) list_add(a, &out, own.items.at[k]);
    }
    table_free(&seen);
    return cut(list_done(&out), f->at_most);
}

VALUE_OF(mode_value)
{
    (void)acc;
    list_builder all = values_of_rows(f, w, a);
    table places = {0};
    uint32_t *times = ARENA_ARRAY(a, uint32_t, all.items.len + 1), *place = ARENA_ARRAY(a, uint32_t, all.items.len + 1), different = 0;
    size_t best = 0;
    for (size_t i = 0; i < all.items.len; i++) {
        pk_str key = value_key_text(a, &all.items.at[i]);
        if (table_put(&places, key, different)) different++;
        place[i] = table_get(&places, key);
        times[place[i]]++;
    }
    for (size_t i = 1; i < all.items.len; i++)
        if (times[place[i]] > times[place[best]]) best = i;
    table_free(&places);
    return all.items.len ? all.items.at[best] : value_null();
}

/* The first argument in the row whose second is largest or smallest; rows that lack one of them don't count. */
static value at_extreme(const ir_aggregate_function *f, const window_rows *w, arena *a, bool largest)
{
    value best = value_null(), by = value_null();
    double d;
    for (size_t i = 0; i < w->count && f->count == 2; i++) {
        list_builder own = {0};
        if (f->filter && !row_true(w->input, w->rows[i], f->filter, a)) continue;
        value v = row_value(w->input, w->rows[i], f->args[0], a);
        row_values(w->input, w->rows[i], f->args[1], a, &own);
        for (size_t k = 0; k < own.items.len && !value_is_nothing(&v); k++) {
            const value *x = &own.items.at[k];
            if (x->type != VALUE_TIME && (!value_number(x, &d) || isnan(d))) continue;
            if (by.type != VALUE_NULL && !(largest ? is_before(&by, x, a) : is_before(x, &by, a))) continue;
            best = v;
            by = *x;
        }
    }
    return best;
}

VALUE_OF(at_min_value) { (void)acc; return at_extreme(f, w, a, false); }
VALUE_OF(at_max_value) { (void)acc; return at_extreme(f, w, a, true); }

VALUE_OF(first_value)
{
    (void)acc;
    for (size_t i = 0; i < w->count; i++) {
        list_builder own = {0};
        values_of_row(w->input, f, w->rows[i], a, &own);
        if (own.items.len) return own.items.at[0];
    }
    return value_null();
}

VALUE_OF(last_value)
{
    (void)acc;
    for (size_t i = w->count; i-- > 0;) {
        list_builder own = {0};
        values_of_row(w->input, f, w->rows[i], a, &own);
        if (own.items.len) return own.items.at[own.items.len - 1];
    }
    return value_null();
}

/* ---- the table ---- */

static const aggregate_kind kinds[] = {
    {"count",          KEEP_COUNT,    false, count_value},
    {"count_distinct", KEEP_DISTINCT, false, distinct_value},
    {"count_each",     KEEP_EACH,     false, count_value},
    {"count_distinct_each", KEEP_DISTINCT_EACH, false, distinct_value},
    {"parts",          KEEP_PARTS,    false, distinct_value},
    {"sum",            KEEP_SUM,      false, sum_value},
    {"mean",           KEEP_SUM,      false, mean_value},
    {"median",         KEEP_SORTED,   false, median_value},
    {"percentile",     KEEP_SORTED,   false, percentile_value},
    {"deviation",      KEEP_SORTED,   false, deviation_value},
    {"variance",       KEEP_SORTED,   false, variance_value},
    {"range",          KEEP_SORTED,   false, range_value},
    {"min",            KEEP_SORTED,   true,  min_value},
    {"max",            KEEP_SORTED,   true,  max_value},
    {"values",         KEEP_NOTHING,  true,  values_value},
    {"list",           KEEP_NOTHING,  true,  list_value},
    {"distinct_list",  KEEP_NOTHING,  true,  distinct_list_value},
    {"mode",           KEEP_NOTHING,  true,  mode_value},
    {"at_min",         KEEP_NOTHING,  true,  at_min_value},
    {"at_max",         KEEP_NOTHING,  true,  at_max_value},
    {"window_start",   KEEP_NOTHING,  false, start_value},
    {"window_end",     KEEP_NOTHING,  false, end_value},
    {"first",          KEEP_NOTHING,  true,  first_value},
    {"last",           KEEP_NOTHING,  true,  last_value},
};

const aggregate_kind *aggregate_kind_find(pk_str function)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(function, str_from(kinds[i].name))) return &kinds[i];
    return NULL;
}

bool aggregate_keeps_rows(const aggregate_kind *k) { return k->of_rows && k->keep == KEEP_NOTHING; }

bool aggregate_needs_rows(const aggregate_kind *k, const accumulator *acc)
{
    return k->of_rows && (k->keep == KEEP_NOTHING || acc->numbers == 0 || acc->times > 0);
}

value accumulator_value(accumulator *acc, const aggregate_kind *k, const ir_aggregate_function *f, const window_rows *w, arena *a)
{
    return k->value_of(acc, f, w, a);
}
