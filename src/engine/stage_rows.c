/* Rows: counted references, columns of their own, the events that they came from. */
#include "engine/stages.h"

#include <stdlib.h>

static void charge(row *r, size_t bytes)
{
    r->bytes += bytes;
    *r->account += bytes;
}

row *row_new(stage_run *run, size_t columns, size_t events)
{
    row *r = mem_zalloc(1, sizeof *r);
    r->refs = 1;
    r->account = &run->bytes;
    r->columns = columns ? mem_zalloc(columns, sizeof *r->columns) : NULL;
    r->column_count = columns;
    r->events = events ? mem_zalloc(events, sizeof *r->events) : NULL;
    charge(r, sizeof *r + columns * sizeof *r->columns + events * sizeof *r->events + 48);
    return r;
}

row *row_like(stage_run *run, const row *from, size_t columns)
{
    row *made = row_new(run, columns, from->event_count);
    made->time = from->time;
    made->input = from->input;
    made->position = from->position;
    made->part_count = from->part_count;
    made->origin = from->origin;
    if (from->event_count) memcpy(made->events, from->events, from->event_count * sizeof *made->events);
    made->event_count = from->event_count;
    made->event_total = from->event_total;
    return made;
}

row *row_hold(row *r)
{
    r->refs++;
    return r;
}

static void free_value(value *v)
{
    if (v->type == VALUE_STRING) mem_free((void *)(uintptr_t)v->as.string.ptr);
    if (v->type != VALUE_LIST) return;
    for (size_t i = 0; i < v->as.list.count; i++) free_value(&v->as.list.items[i]);
    mem_free(v->as.list.items);
}

void row_release(row *r)
{
    if (!r || --r->refs > 0) return;
    for (size_t i = 0; i < r->column_count; i++) free_value(&r->columns[i]);
    *r->account -= r->bytes;
    mem_free(r->columns);
    mem_free(r->events);
    mem_free(r);
}

static value own_value(const value *v, size_t *bytes)
{
    value copy = *v;
    if (v->type == VALUE_STRING) {
        copy.as.string.ptr = mem_cstring(v->as.string);
        *bytes += v->as.string.len + 17;
    } else if (v->type == VALUE_LIST) {
        copy.as.list.items = mem_zalloc(v->as.list.count ? v->as.list.count : 1, sizeof(value));
        *bytes += v->as.list.count * sizeof(value) + 16;
        for (size_t i = 0; i < v->as.list.count; i++) copy.as.list.items[i] = own_value(&v->as.list.items[i], bytes);
    } else if (v->type == VALUE_RECORD) {
        copy = value_null(); /* columns are scalars or lists of scalars */
    }
    return copy;
}

void row_set_column(row *r, size_t i, const value *v)
{
    size_t bytes = 0;
    value copy = own_value(v, &bytes); /* first: `v` may be the column itself */
    free_value(&r->columns[i]);
    r->columns[i] = copy;
    charge(r, bytes);
}

/* ---- order ---- */

static int compare_place(uint64_t input_x, uint64_t position_x, uint64_t input_y, uint64_t position_y)
{
    if (input_x != input_y) return input_x < input_y ? -1 : 1;
    return position_x < position_y ? -1 : position_x > position_y;
}

int row_order(const row *x, const row *y)
{
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    int order = compare_place(x->input, x->position, y->input, y->position);
    return order ? order : x->origin < y->origin ? -1 : x->origin > y->origin;
}

typedef struct { row *row; size_t place; } placed_row;

static int compare_placed(const void *x, const void *y)
{
    const placed_row *a = x, *b = y;
    int order = row_order(a->row, b->row);
    return order ? order : a->place < b->place ? -1 : a->place > b->place;
}

/* Nearly always they are in order: only rows of one time may be mixed. */
void rows_sort(row **rows, size_t count)
{
    size_t i = 1;
    while (i < count && row_order(rows[i - 1], rows[i]) <= 0) i++;
    if (i >= count) return;
    placed_row *placed = mem_zalloc(count, sizeof *placed);
    for (i = 0; i < count; i++) placed[i] = (placed_row){rows[i], i};
    qsort(placed, count, sizeof *placed, compare_placed);
    for (i = 0; i < count; i++) rows[i] = placed[i].row;
    mem_free(placed);
}

/* ---- events ---- */

static int compare_events(const void *x, const void *y)
{
    const row_event *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return compare_place(a->input, a->position, b->input, b->position);
}

void row_take_events(row *into, row *const *rows, size_t count)
{
    size_t total = 0, kept = 0, last = 0;
    for (size_t i = 0; i < count; i++) total += rows[i]->event_count;
    row_event *all = mem_zalloc(total ? total : 1, sizeof *all);
    into->event_total = 0;
    for (size_t i = 0, at = 0; i < count; i++) {
        if (rows[i]->event_count) memcpy(all + at, rows[i]->events, rows[i]->event_count * sizeof *all);
        at += rows[i]->event_count;
        into->event_total += rows[i]->event_total;
        if (i == 0 || row_order(rows[i], rows[last]) >= 0) {
            last = i;
            into->input = rows[i]->input;
            into->position = rows[i]->position;
        }
    }
    qsort(all, total, sizeof *all, compare_events);
    for (size_t i = 0; i < total; i++) { /* one event may have come through several rows */
        if (kept && compare_events(&all[kept - 1], &all[i]) == 0) into->event_total--;
        else all[kept++] = all[i];
    }
    into->event_count = kept < ROW_EVENTS_KEPT ? kept : ROW_EVENTS_KEPT;
    mem_free(into->events);
    into->events = into->event_count ? mem_realloc(all, into->event_count, sizeof *all) : NULL;
    if (!into->event_count) mem_free(all);
    charge(into, into->event_count * sizeof *all);
}
