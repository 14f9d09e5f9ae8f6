/*
 * Alerts of plans as lines of text, of the evaluator and of the engine, so that both can be compared: time, columns in order of names, the
 * events that took part (the first ones, by their place in the input), and where asked for the window, the parts and the risk.
 */
#ifndef PICKET_TESTS_TOOLS_DETECTION_LINES_H
#define PICKET_TESTS_TOOLS_DETECTION_LINES_H

#include <stdlib.h>

#include "engine/engine.h"
#include "ir/eval.h"

#define EVENTS_SHOWN 90           /* the engine keeps at most 100 of an alert */

typedef struct { VEC(pk_str) items; } line_list;

static inline int by_text(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

static inline void sort_lines(line_list *l)
{
    if (l->items.len) qsort(l->items.at, l->items.len, sizeof *l->items.at, by_text);
}

/* ---- a row as a line: time, columns in order of names, events ---- */

static inline pk_str line_of(arena *a, timestamp time, line_list *columns)
{
    text t = {0};
    text_printf(&t, "%lld", (long long)time);
    sort_lines(columns);
    for (size_t i = 0; i < columns->items.len; i++) text_printf(&t, " " STR_FMT, STR_ARG(columns->items.at[i]));
    pk_str line = arena_str(a, text_view(&t));
    text_free(&t);
    columns->items.len = 0;
    return line;
}

static inline void put_column(arena *a, line_list *columns, pk_str name, pk_str shown_value)
{
    vec_push_in(a, &columns->items, arena_printf(a, STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(shown_value)));
}

/* ---- parts, window and risk: shown where a plan is about them ---- */

static inline const stage *final_aggregate(const plan *p)
{
    const stage *s = p->alert;
    while (s && (s->kind == STAGE_DERIVE || s->kind == STAGE_WHERE)) s = s->input_count ? s->inputs[0] : NULL;
    return s && s->kind == STAGE_AGGREGATE ? s : NULL;
}

static inline pk_str line_of_window(arena *a, pk_str line, const plan *p, timestamp from, timestamp to)
{
    const stage *s = final_aggregate(p);
    if (!s || s->as.aggregate.window.kind == WINDOW_NONE) return line;
    return arena_printf(a, STR_FMT " [%lld, %lld]", STR_ARG(line), (long long)from, (long long)to);
}

static inline pk_str line_of_risk(arena *a, pk_str line, const value *risk)
{
    double d;
    return value_number(risk, &d) ? arena_printf(a, STR_FMT " risk %.17g", STR_ARG(line), d) : line;
}

static inline int by_order(const void *x, const void *y)
{
    const eval_part *a = x, *b = y;
    if (a->event->time != b->event->time) return a->event->time < b->event->time ? -1 : 1;
    return a->event->order < b->event->order ? -1 : a->event->order > b->event->order;
}

/* "e:12=#1#3...": how many different events a part had, and the first of them. */
static inline pk_str line_of_parts(arena *a, pk_str line, const plan *p, const eval_row *r)
{
    for (size_t s = 0; s < p->stage_count; s++) {
        VEC(eval_part) own = {0};
        for (size_t i = 0; i < r->part_count; i++)
            if (str_equal(r->parts[i].name, p->stages[s]->name)) vec_push_in(a, &own, r->parts[i]);
        if (own.len == 0) continue;
        qsort(own.at, own.len, sizeof *own.at, by_order);
        line = arena_printf(a, STR_FMT " " STR_FMT ":%zu=", STR_ARG(line), STR_ARG(p->stages[s]->name), own.len);
        for (size_t i = 0; i < own.len && i < PART_SAMPLES; i++) {
            if (!own.at[i].timeless) line = arena_printf(a, STR_FMT "#%llu", STR_ARG(line), (unsigned long long)own.at[i].event->order);
            else line = arena_printf(a, STR_FMT STR_FMT, STR_ARG(line), STR_ARG(value_key_text(a, own.at[i].event->tree)));
        }
    }
    return line;
}

/* A key that only tells events apart, part(e), is not shown. */
static inline bool is_event_key(const plan *p, pk_str name)
{
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        for (size_t k = 0; s->kind == STAGE_AGGREGATE && k < s->as.aggregate.key_count; k++) {
            const ir_key *key = &s->as.aggregate.keys[k];
            if (key->value->kind == EXPR_CALL && str_equal(key->value->as.call.name, STR("part")) && str_equal(key->name, name)) return true;
        }
    }
    return false;
}

static inline pk_str line_of_row(arena *a, const plan *p, const eval_row *r, bool show_parts)
{
    line_list columns = {0};
    for (size_t c = 0; c < r->columns.as.record.count; c++) {
        const value_field *f = &r->columns.as.record.fields[c];
        if (!is_event_key(p, f->name)) put_column(a, &columns, f->name, value_key_text(a, &f->value));
    }
    pk_str line = line_of(a, r->time, &columns);
    for (size_t e = 0; e < r->event_count && e < EVENTS_SHOWN; e++)
        line = arena_printf(a, STR_FMT " #%llu", STR_ARG(line), (unsigned long long)r->events[e]->order);
    if (!show_parts) return line;
    line = line_of_window(a, line, p, r->from, r->to);
    line = line_of_parts(a, line, p, r);
    return line_of_risk(a, line, &r->risk);
}

static inline pk_str line_of_alert_parts(arena *a, pk_str line, const stage_alert *alert)
{
    for (size_t i = 0; i < alert->part_count; i++) {
        const stage_part *p = &alert->parts[i];
        if (p->total == 0) continue;
        line = arena_printf(a, STR_FMT " " STR_FMT ":%llu=", STR_ARG(line), STR_ARG(p->name), (unsigned long long)p->total);
        for (size_t k = 0; k < p->event_count; k++)
            line = arena_printf(a, STR_FMT "#%llu", STR_ARG(line), (unsigned long long)p->events[k].source.position);
        for (size_t k = 0; k < p->record_count; k++)
            line = arena_printf(a, STR_FMT STR_FMT, STR_ARG(line), STR_ARG(value_key_text(a, p->records[k])));
    }
    return line;
}

static inline pk_str line_of_stage_alert(arena *a, const stage_alert *alert, bool show_parts)
{
    line_list columns = {0};
    for (size_t i = 0; i < alert->key_count; i++)
        if (!is_event_key(alert->rule->plan, alert->keys[i].name)) put_column(a, &columns, alert->keys[i].name, alert->key_values[i]);
    for (size_t i = 0; i < alert->column_count; i++) put_column(a, &columns, alert->column_names[i], value_key_text(a, &alert->column_values[i]));
    pk_str line = line_of(a, alert->time, &columns);
    for (size_t e = 0; e < alert->event_count && e < EVENTS_SHOWN; e++)
        line = arena_printf(a, STR_FMT " #%llu", STR_ARG(line), (unsigned long long)alert->events[e].source.position);
    if (!show_parts) return line;
    line = line_of_window(a, line, alert->rule->plan, alert->window_start, alert->window_end);
    line = line_of_alert_parts(a, line, alert);
    return line_of_risk(a, line, &alert->risk);
}

static inline bool same_lines(const line_list *x, const line_list *y)
{
    if (x->items.len != y->items.len) return false;
    for (size_t i = 0; i < x->items.len; i++)
        if (!str_equal(x->items.at[i], y->items.at[i])) return false;
    return true;
}

#endif
