/* Rows: counted references, columns of their own, the parts that they bring along, the events that they came from. */
#include "engine/stages.h"

#include <stdlib.h>

static void charge(row *r, size_t bytes)
{
    r->bytes += bytes;
    *r->account += bytes;
}

row *row_new(stage_run *run, size_t columns, size_t parts)
{
    row *r = mem_zalloc(1, sizeof *r);
    r->refs = 1;
    r->serial = run->rows_made++;
    r->account = &run->bytes;
    r->columns = columns ? mem_zalloc(columns, sizeof *r->columns) : NULL;
    r->column_count = columns;
    r->parts = parts ? mem_zalloc(parts, sizeof *r->parts) : NULL;
    r->part_count = parts;
    charge(r, sizeof *r + columns * sizeof *r->columns + parts * sizeof *r->parts + 48);
    return r;
}

row *row_of_part(stage_run *run, part *p, pk_str name)
{
    row *r = row_new(run, 0, 1);
    row_set_part(r, 0, name, p, 0);
    r->time = r->start = p->time;
    r->input = p->event.input;
    r->position = p->context ? p->number : p->event.position;
    return r;
}

static void set_events(row *r, const row_event *events, size_t count)
{
    mem_free(r->events);
    r->events = count ? mem_alloc(count * sizeof *events) : NULL;
    if (count) memcpy(r->events, events, count * sizeof *events);
    r->event_count = count;
    charge(r, count * sizeof *events);
}

row *row_like(stage_run *run, const row *from, size_t columns)
{
    row *made = row_new(run, columns, from->part_count);
    made->time = from->time;
    made->start = from->start;
    made->input = from->input;
    made->position = from->position;
    made->origin = from->origin;
    for (size_t i = 0; i < from->part_count; i++) row_set_part(made, i, from->parts[i].name, from->parts[i].part, from->parts[i].copy);
    set_events(made, from->events, from->event_count);
    made->event_total = from->event_total;
    made->windowed = from->windowed;
    made->of_event = from->of_event;
    made->bounded = from->bounded;
    made->window_start = from->window_start;
    made->window_end = from->window_end;
    made->samples = from->samples;
    if (made->samples) made->samples->refs++;
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
    if (v->type == VALUE_LIST) mem_free(v->as.list.items); /* with all that it points to */
    if (v->type == VALUE_RECORD) mem_free(v->as.record.fields);
}

void row_release(row *r)
{
    if (!r || --r->refs > 0) return;
    for (size_t i = 0; i < r->column_count; i++) free_value(&r->columns[i]);
    for (size_t i = 0; i < r->part_count; i++) part_release(r->parts[i].part);
    row_samples_release(r->samples);
    *r->account -= r->bytes;
    mem_free(r->columns);
    mem_free(r->parts);
    mem_free(r->events);
    mem_free(r);
}

void row_set_column(row *r, size_t i, const value *v)
{
    size_t bytes = 0;
    void *block;
    value copy = value_own(v, &block, &bytes); /* first: `v` may be the column itself */
    if (!block && copy.type == VALUE_LIST) copy.as.list.items = NULL;
    if (!block && copy.type == VALUE_RECORD) copy.as.record.fields = NULL;
    free_value(&r->columns[i]);
    r->columns[i] = copy;
    charge(r, bytes);
}

/* ---- parts ---- */

void row_set_part(row *r, size_t i, pk_str name, part *p, uint64_t copy)
{
    r->parts[i] = (row_part){name, part_hold(p), copy};
}

const row_part *row_find_part(const row *r, pk_str name)
{
    for (size_t i = 0; i < r->part_count; i++)
        if (str_equal(r->parts[i].name, name)) return &r->parts[i];
    return NULL;
}

/* ---- order ---- */

static int compare_place(uint64_t input_x, uint64_t position_x, uint64_t input_y, uint64_t position_y)
{
    if (input_x != input_y) return input_x < input_y ? -1 : 1;
    return position_x < position_y ? -1 : position_x > position_y;
}

/* Part by part; a row that lacks a part stands before one that has it. Copies count last. */
static int compare_parts(const row *x, const row *y)
{
    for (size_t i = 0; i < x->part_count && i < y->part_count; i++) {
        if (!str_equal(x->parts[i].name, y->parts[i].name)) return 0; /* of a union: as they came */
        int order = x->parts[i].part == y->parts[i].part ? 0 : part_order(x->parts[i].part, y->parts[i].part);
        if (order) return order;
    }
    if (x->part_count != y->part_count) return x->part_count < y->part_count ? -1 : 1;
    for (size_t i = 0; i < x->part_count; i++)
        if (x->parts[i].copy != y->parts[i].copy) return x->parts[i].copy < y->parts[i].copy ? -1 : 1;
    return 0;
}

static int compare_places(const row *x, const row *y)
{
    int order = compare_place(x->input, x->position, y->input, y->position);
    if (!order) order = x->origin < y->origin ? -1 : x->origin > y->origin;
    if (!order) order = compare_parts(x, y);
    return order ? order : x->serial < y->serial ? -1 : x->serial > y->serial;
}

int row_order(const row *x, const row *y)
{
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return compare_places(x, y);
}

int row_order_by_start(const row *x, const row *y)
{
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return row_order(x, y);
}

typedef struct { row *row; size_t place; } placed_row;

static int compare_placed(const void *x, const void *y)
{
    const placed_row *a = x, *b = y;
    int order = row_order(a->row, b->row);
    return order ? order : a->place < b->place ? -1 : a->place > b->place;
}

static int compare_placed_by_start(const void *x, const void *y)
{
    const placed_row *a = x, *b = y;
    int order = row_order_by_start(a->row, b->row);
    return order ? order : a->place < b->place ? -1 : a->place > b->place;
}

/* Nearly always they are in order: only rows of one time may be mixed. */
void rows_sort(row **rows, size_t count, bool by_start)
{
    size_t i = 1;
    int (*order)(const row *x, const row *y) = by_start ? row_order_by_start : row_order;
    while (i < count && order(rows[i - 1], rows[i]) <= 0) i++;
    if (i >= count) return;
    placed_row *placed = mem_zalloc(count, sizeof *placed);
    for (i = 0; i < count; i++) placed[i] = (placed_row){rows[i], i};
    qsort(placed, count, sizeof *placed, by_start ? compare_placed_by_start : compare_placed);
    for (i = 0; i < count; i++) rows[i] = placed[i].row;
    mem_free(placed);
}

/* ---- the parts of many rows, each once ---- */

typedef struct { pk_str name; part *part; } named_part;
typedef VEC(named_part) part_list;

static int by_address(const void *x, const void *y)
{
    const named_part *a = x, *b = y;
    if (a->part != b->part) return a->part < b->part ? -1 : 1;
    return a->name.ptr < b->name.ptr ? -1 : a->name.ptr > b->name.ptr;
}

/* Rows of a join share their parts: most of them go here, before anything is looked at. */
static part_list distinct_parts(row *const *rows, size_t count)
{
    part_list all = {0};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < rows[i]->part_count; k++) vec_push(&all, ((named_part){rows[i]->parts[k].name, rows[i]->parts[k].part}));
    if (all.len) qsort(all.at, all.len, sizeof *all.at, by_address);
    for (size_t i = 0; i < all.len; i++)
        if (i == 0 || by_address(&all.at[i], &all.at[i - 1]) != 0) all.at[kept++] = all.at[i];
    all.len = kept;
    return all;
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
    VEC(row_event) all = {0};
    size_t kept = 0, last = 0;
    uint64_t total = 0;
    part_list parts = distinct_parts(rows, count);
    for (size_t i = 0; i < parts.len; i++)
        if (!parts.at[i].part->context && !parts.at[i].part->is_alert) vec_push(&all, parts.at[i].part->event);
    total = all.len;
    vec_free(&parts);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < rows[i]->event_count; k++) vec_push(&all, rows[i]->events[k]);
        total += rows[i]->event_total;
        if (i && row_order(rows[i], rows[last]) < 0) continue;
        last = i;
        into->input = rows[i]->input;
        into->position = rows[i]->position;
    }
    if (all.len) qsort(all.at, all.len, sizeof *all.at, compare_events);
    for (size_t i = 0; i < all.len; i++) { /* one event may have come through several rows */
        if (kept && compare_events(&all.at[kept - 1], &all.at[i]) == 0) total--;
        else all.at[kept++] = all.at[i];
    }
    set_events(into, all.at, kept < ROW_EVENTS_KEPT ? kept : ROW_EVENTS_KEPT);
    into->event_total = total;
    vec_free(&all);
}

/* ---- samples ---- */

static int by_name_and_order(const void *x, const void *y)
{
    const named_part *a = x, *b = y;
    int order = str_compare(a->name, b->name);
    return order ? order : part_order(a->part, b->part);
}

static void take_samples(row_sample *into, const part_list *parts)
{
    for (size_t i = 0; i < parts->len; i++) {
        const named_part *p = &parts->at[i];
        if (!str_equal(p->name, into->name) || (i && by_name_and_order(p, p - 1) == 0)) continue;
        if (into->count < PART_SAMPLES) into->parts[into->count++] = part_hold(p->part);
        into->total++;
    }
}

row_samples *row_samples_of(const plan *p, row *const *rows, size_t count)
{
    row_samples *s = mem_zalloc(1, sizeof *s + p->stage_count * sizeof *s->at);
    part_list parts = distinct_parts(rows, count);
    if (parts.len) qsort(parts.at, parts.len, sizeof *parts.at, by_name_and_order);
    s->refs = 1;
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *st = p->stages[i];
        if (st->kind != STAGE_MATCH && st->kind != STAGE_CONTEXT && st->kind != STAGE_RULE && st->kind != STAGE_ALERTS) continue;
        if (ir_is_only_observed(p, st)) continue;
        s->at[s->count] = (row_sample){.name = st->name, .context = st->kind == STAGE_CONTEXT};
        take_samples(&s->at[s->count++], &parts);
    }
    vec_free(&parts);
    return s;
}

void row_samples_release(row_samples *s)
{
    if (!s || --s->refs > 0) return;
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < s->at[i].count; k++) part_release(s->at[i].parts[k]);
    mem_free(s);
}
