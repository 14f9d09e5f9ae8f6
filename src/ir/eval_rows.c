/*
 * Rows in the evaluator: their order, their times, and what two rows make together. A row is never changed once it is handed
 * on: parts and columns are copied by whoever changes them.
 */
#define _GNU_SOURCE /* qsort_r */
#include "ir/eval_private.h"

#include <stdlib.h>

/* ---- order of time ---- */

static int compare_rows(const void *x, const void *y)
{
    const row *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

void sort_rows(row_list *rows)
{
    for (size_t i = 0; i < rows->items.len; i++) rows->items.at[i].place = i;
    if (rows->items.len) qsort(rows->items.at, rows->items.len, sizeof *rows->items.at, compare_rows);
}

/* ---- begin and end ---- */

time_range range_of(const row *r)
{
    time_range range = {INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < r->part_count; i++) {
        timestamp t = r->parts[i].event->time;
        if (r->parts[i].timeless || t == TIMESTAMP_NONE) continue;
        if (t < range.from) range.from = t;
        if (t > range.to) range.to = t;
    }
    return range;
}

timestamp begin_of(const row *r)
{
    time_range range = range_of(r);
    return range.from > range.to ? r->time : range.from;
}

timestamp end_of(const row *r)
{
    time_range range = range_of(r);
    return range.from > range.to ? r->time : range.to;
}

/* ---- the order of rows that have several parts ---- */

static size_t rank_of(const plan *p, pk_str part)
{
    size_t i = 0;
    while (i < p->stage_count && !str_equal(p->stages[i]->name, part)) i++;
    return i;
}

static int compare_part_events(const eval_event *x, const eval_event *y)
{
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Part by part; a row that lacks a part stands before one that has it. */
static int compare_parts(const plan *p, const row *x, const row *y)
{
    size_t i = 0;
    for (; i < x->part_count && i < y->part_count; i++) {
        const row_part *a = &x->parts[i], *b = &y->parts[i];
        if (!str_equal(a->name, b->name)) return rank_of(p, a->name) < rank_of(p, b->name) ? 1 : -1;
        int order = compare_part_events(a->event, b->event);
        if (order) return order;
    }
    return x->part_count < y->part_count ? -1 : x->part_count > y->part_count;
}

static int compare_begin(const void *x, const void *y, void *of)
{
    const row *a = x, *b = y;
    timestamp from_a = begin_of(a), from_b = begin_of(b);
    if (from_a != from_b) return from_a < from_b ? -1 : 1;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    int order = compare_parts(of, a, b);
    if (order) return order;
    return a->place < b->place ? -1 : a->place > b->place;
}

void sort_by_parts(const plan *p, row_list *rows)
{
    for (size_t i = 0; i < rows->items.len; i++) rows->items.at[i].place = i;
    if (rows->items.len) qsort_r(rows->items.at, rows->items.len, sizeof *rows->items.at, compare_begin, (void *)(uintptr_t)p);
}

/* ---- times ---- */

int64_t time_between(timestamp from, timestamp to)
{
    int64_t d;
    return __builtin_sub_overflow(to, from, &d) ? (to > from ? INT64_MAX : INT64_MIN) : d;
}

timestamp time_later(timestamp t, int64_t by)
{
    timestamp sum;
    return __builtin_add_overflow(t, by, &sum) ? (by > 0 ? INT64_MAX : INT64_MIN + 1) : sum;
}

/* ---- columns and events ---- */

static int compare_events(const void *x, const void *y)
{
    const eval_event *a = *(const eval_event *const *)x, *b = *(const eval_event *const *)y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    return a < b ? -1 : a > b;
}

void take_events(arena *a, row *into, const row *const *rows, size_t count)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < count; i++) n += rows[i]->event_count;
    const eval_event **all = ARENA_ARRAY(a, const eval_event *, n);
    n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < rows[i]->event_count; k++) all[n++] = rows[i]->events[k];
    if (n) qsort(all, n, sizeof *all, compare_events);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all[i] != all[i - 1]) all[kept++] = all[i];
    into->events = all;
    into->event_count = kept;
}

row join_rows(arena *a, const row *x, const row *y)
{
    row r = *x;
    r.parts = ARENA_ARRAY(a, row_part, x->part_count + y->part_count);
    for (size_t i = 0; i < x->part_count; i++) r.parts[i] = x->parts[i];
    for (size_t i = 0; i < y->part_count; i++) r.parts[x->part_count + i] = y->parts[i];
    r.part_count = x->part_count + y->part_count;
    bool later = y->time > r.time || (y->time == r.time && y->order > r.order);
    if (y->time != TIMESTAMP_NONE && (r.time == TIMESTAMP_NONE || later)) {
        r.time = y->time;
        r.order = y->order;
    }
    for (size_t i = 0; i < y->columns.as.record.count; i++) {
        const value_field *f = &y->columns.as.record.fields[i];
        if (!value_get(&x->columns, f->name)) row_set(a, &r, f->name, f->value);
    }
    take_events(a, &r, (const row *const[]){x, y}, 2);
    return r;
}

/* Columns are copied on change, for other rows may share them. MISSING takes the column away. */
void row_set(arena *a, row *r, pk_str column, value v)
{
    record_builder b = {0};
    bool done = false;
    for (size_t i = 0; i < r->columns.as.record.count; i++) {
        const value_field *f = &r->columns.as.record.fields[i];
        bool same = str_equal(f->name, column);
        if (!same) record_add(a, &b, f->name, f->value);
        else if (v.type != VALUE_MISSING) record_add(a, &b, column, v);
        done |= same;
    }
    if (!done && v.type != VALUE_MISSING) record_add(a, &b, column, v);
    r->columns = record_done(&b);
}

