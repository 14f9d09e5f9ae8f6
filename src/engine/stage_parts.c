/* Parts: events and context records that rows bring along. A part is made once and shared by all rows that it is in. */
#include "engine/stages.h"
#include "event/field_path.h"

#include <stdlib.h>

#define DEPTH_MOST 200            /* of nested values: what is deeper is left out */

/* ---- values in one block ---- */

typedef struct {
    char *values, *bytes;         /* next free place of each kind */
} block_writer;

static void measure(const value *v, size_t *values, size_t *bytes, int depth)
{
    if (v->type == VALUE_STRING) *bytes += v->as.string.len + 1;
    if (depth >= DEPTH_MOST) return;
    if (v->type == VALUE_LIST) {
        *values += v->as.list.count * sizeof(value);
        for (size_t i = 0; i < v->as.list.count; i++) measure(&v->as.list.items[i], values, bytes, depth + 1);
    } else if (v->type == VALUE_RECORD) {
        *values += v->as.record.count * sizeof(value_field);
        for (size_t i = 0; i < v->as.record.count; i++) {
            *bytes += v->as.record.fields[i].name.len + 1;
            measure(&v->as.record.fields[i].value, values, bytes, depth + 1);
        }
    }
}

static pk_str put_bytes(block_writer *w, pk_str s)
{
    pk_str copy = {w->bytes, s.len};
    if (s.len) memcpy(w->bytes, s.ptr, s.len);
    w->bytes[s.len] = 0;
    w->bytes += s.len + 1;
    return copy;
}

static value put_value(block_writer *w, const value *v, int depth)
{
    value copy = *v;
    if (v->type == VALUE_STRING) copy.as.string = put_bytes(w, v->as.string);
    if (depth >= DEPTH_MOST && (v->type == VALUE_LIST || v->type == VALUE_RECORD)) return value_null();
    if (v->type == VALUE_LIST) {
        copy.as.list.items = (value *)(void *)w->values;
        w->values += v->as.list.count * sizeof(value);
        for (size_t i = 0; i < v->as.list.count; i++) copy.as.list.items[i] = put_value(w, &v->as.list.items[i], depth + 1);
    } else if (v->type == VALUE_RECORD) {
        copy.as.record.fields = (value_field *)(void *)w->values;
        w->values += v->as.record.count * sizeof(value_field);
        for (size_t i = 0; i < v->as.record.count; i++) {
            copy.as.record.fields[i].name = put_bytes(w, v->as.record.fields[i].name);
            copy.as.record.fields[i].value = put_value(w, &v->as.record.fields[i].value, depth + 1);
        }
    }
    return copy;
}

value value_own(const value *v, void **block, size_t *bytes)
{
    size_t values = 0, texts = 0;
    measure(v, &values, &texts, 0);
    *block = NULL;
    if (values + texts == 0) return *v;
    *block = mem_alloc(values + texts);
    *bytes += values + texts + 16;
    block_writer w = {*block, (char *)*block + values};
    return put_value(&w, v, 0);
}

/* ---- parts ---- */

static part *charged(stage_run *run, part p)
{
    part *made = mem_alloc(sizeof *made);
    *made = p;
    made->refs = 1;
    made->account = &run->bytes;
    made->bytes += sizeof *made + 16;
    run->bytes += made->bytes;
    return made;
}

part *part_new(stage_run *run, const stored_row *s)
{
    part p = {.nested = s->nested, .time = s->time, .event = s->event};
    p.record = value_own(s->record, &p.block, &p.bytes);
    return charged(run, p);
}

part *part_of_context(stage_run *run, const value *record, uint64_t number)
{
    part p = {.context = true, .nested = true, .time = TIMESTAMP_NONE, .number = number};
    p.record = value_own(record, &p.block, &p.bytes);
    return charged(run, p);
}

part *part_hold(part *p)
{
    p->refs++;
    return p;
}

void part_release(part *p)
{
    if (--p->refs > 0) return;
    *p->account -= p->bytes;
    mem_free(p->block);
    mem_free(p->events);
    mem_free(p);
}

static int compare_numbers(uint64_t x, uint64_t y) { return x < y ? -1 : x > y; }

int part_order(const part *x, const part *y)
{
    if (x->context || y->context) return x->context && y->context ? compare_numbers(x->number, y->number) : y->context - x->context;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    int order = compare_numbers(x->event.input, y->event.input);
    return order ? order : compare_numbers(x->event.position, y->event.position);
}

static void spread(arena *a, list_builder *out, const value *v)
{
    if (v->type != VALUE_LIST) list_add(a, out, *v);
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++) list_add(a, out, v->as.list.items[i]);
}

void part_values(const part *p, const ir_field *f, arena *a, list_builder *out)
{
    if (f->part.len && f->schema.len == 0 && str_equal(f->path, STR("time"))) {
        if (!p->context) list_add(a, out, (value){.type = VALUE_TIME, .as.time = p->time});
    } else if (p->nested) {
        if (f->path.len == 0) list_add(a, out, p->record);
        else field_path_read_text(&p->record, f->path, a, out);
    } else {
        const value *v = value_get(&p->record, f->path);
        if (v) spread(a, out, v);
    }
}
