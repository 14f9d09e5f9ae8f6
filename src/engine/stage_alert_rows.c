/*
 * Alerts of other rules as rows: each alert becomes a record (ir/alert_record.h) at its time, behind the events of that time.
 *
 * Plans that read alerts are built when all others are, in the order in which they name each other, else of their rules: one sees
 * the alerts of those built before it. What they read may come late, each rule by its own lag; behind the node stands one that
 * holds all alerts back to the greatest of them.
 */
#include "engine/stage_alert_rows.h"
#include "ir/alert_record.h"

#include <stdlib.h>

bool reads_alerts_of(const stage *s, const rule *r)
{
    if (!r->plan || r->silent) return false;
    for (size_t i = 0; i < s->as.alerts.rule_count; i++)
        if (str_equal(s->as.alerts.rules[i], r->id) || str_equal(s->as.alerts.rules[i], r->name)) return true;
    return s->as.alerts.rule_count == 0;
}

static const char *alerts_open(stage_run *run, node *n)
{
    (void)run;
    (void)n;
    return NULL;
}

static void alerts_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    arena_reset(run->scratch);
    if (row_true(n, r, n->stage->as.alerts.where, run->scratch)) node_emit(run, n, r);
}

/* ---- the record ---- */

static int by_name(const void *x, const void *y)
{
    const row_sample *a = *(const row_sample *const *)x, *b = *(const row_sample *const *)y;
    return str_compare(a->name, b->name);
}

/* The whole record of a part, as far as the demand gave it. */
static const value *whole_of(const part *p)
{
    if (p->nested) return &p->record;
    const value *whole = value_get(&p->record, (pk_str){"", 0});
    return whole ? whole : &p->record;
}

static size_t alert_parts(const row_samples *s, alert_part **out, arena *a)
{
    const row_sample **order = ARENA_ARRAY(a, const row_sample *, s->count + 1);
    alert_part *parts = ARENA_ARRAY(a, alert_part, s->count * PART_SAMPLES + 1);
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) order[i] = &s->at[i];
    qsort(order, s->count, sizeof *order, by_name);
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < order[i]->count; k++)
            parts[count++] = (alert_part){order[i]->name, whole_of(order[i]->parts[k]), order[i]->context};
    *out = parts;
    return count;
}

static value columns_of(const node *n, const row *r, arena *a)
{
    record_builder columns = {0};
    for (size_t i = 0; n && i < r->column_count; i++)
        if (r->columns[i].type != VALUE_MISSING && !n->columns[i].hidden) record_add(a, &columns, n->columns[i].name, r->columns[i]);
    return record_done(&columns);
}

part *part_of_alert(stage_run *run, const rule *of, const node *n, const row *r, uint64_t number)
{
    arena *a = arena_new();
    row_samples *samples = r->samples;
    if (!samples) samples = row_samples_of(of->plan, (row *[]){(row *)(uintptr_t)r}, 1);
    alert_part *parts;
    size_t count = alert_parts(samples, &parts, a);
    value columns = columns_of(n, r, a);
    bool bounds = r->windowed || r->window_end > r->window_start;
    alert_content c = {.rule = of, .time = r->time, .from = bounds ? r->window_start : r->start, .to = bounds ? r->window_end : r->time,
                       .columns = &columns, .parts = parts, .part_count = count};
    if (n && of->plan->risk) c.risk = row_value(n, r, of->plan->risk, a);
    else if (of->plan->risk && of->plan->risk->kind == EXPR_CONSTANT) c.risk = of->plan->risk->as.constant;
    value record = alert_record(&c, a);
    stored_row made = {.time = r->time, .nested = true, .record = &record,
                       .event = {.time = r->time, .input = (UINT64_C(1) << 62) + of->index, .position = number}};
    part *p = part_new(run, &made);
    p->is_alert = true;
    row *all = row_new(run, 0, 0);
    row_take_events(all, (row *[]){(row *)(uintptr_t)r}, 1);
    p->event_count = all->event_count < PART_SAMPLES ? all->event_count : PART_SAMPLES;
    p->events = mem_alloc((p->event_count + 1) * sizeof *p->events);
    if (p->event_count) memcpy(p->events, all->events, p->event_count * sizeof *p->events);
    row_release(all);
    if (!r->samples) row_samples_release(samples);
    arena_free(a);
    return p;
}

const stage_ops alerts_ops = {alerts_open, alerts_push, NULL, NULL, NULL};
