/*
 * Alerts of other rules in the evaluator: the rules whose alerts a stage reads are run, each once, and their rows become events whose record
 * is the alert (alert_record.h). A rule that is being run already, because it reads alerts of the one that asks, gives none:
 * rules that read each other's alerts end there.
 */
#include "ir/alert_record.h"
#include "ir/eval_private.h"

#include <stdlib.h>

typedef enum { ALERTS_UNKNOWN, ALERTS_RUNNING, ALERTS_KNOWN } alerts_state;

struct rule_alerts {
    alerts_state state;
    alert_list alerts;
};

struct rule_alerts *rule_alerts_new(const eval_schema *s, const rule *outermost, arena *a)
{
    if (!s->rules) return NULL;
    struct rule_alerts *all = ARENA_ARRAY(a, struct rule_alerts, s->rule_count);
    for (size_t i = 0; i < s->rule_count; i++)
        if (s->rules[i] == outermost) all[i].state = ALERTS_RUNNING;
    return all;
}

static bool is_read(const stage *s, const rule *r)
{
    if (!r->plan || r->silent) return false;
    for (size_t i = 0; i < s->as.alerts.rule_count; i++)
        if (str_equal(s->as.alerts.rules[i], r->id) || str_equal(s->as.alerts.rules[i], r->name)) return true;
    return s->as.alerts.rule_count == 0;
}

static int by_part(const void *x, const void *y)
{
    const eval_part *a = x, *b = y;
    int order = str_compare(a->name, b->name);
    if (order) return order;
    if (a->event->time != b->event->time) return a->event->time < b->event->time ? -1 : 1;
    return a->event->order < b->event->order ? -1 : a->event->order > b->event->order;
}

static value record_of(const plan_run *run, const rule *r, eval_row *told)
{
    alert_part *parts = ARENA_ARRAY(run->arena, alert_part, told->part_count);
    if (told->part_count) qsort(told->parts, told->part_count, sizeof *told->parts, by_part);
    for (size_t i = 0; i < told->part_count; i++) parts[i] = (alert_part){told->parts[i].name, told->parts[i].event->tree, told->parts[i].timeless};
    alert_content c = {.rule = r, .time = told->time, .from = told->from, .to = told->to, .columns = &told->columns, .risk = told->risk,
                       .parts = parts, .part_count = told->part_count};
    return alert_record(&c, run->arena);
}

static void run_rule_for_alerts(plan_run *run, size_t number)
{
    struct rule_alerts *own = &run->alerts[number];
    const rule *r = run->schema->rules[number];
    plan_run inner = *run;
    own->state = ALERTS_RUNNING;
    inner.rule = r;
    inner.outer = NULL;
    inner.depth++;
    inner.from = inner.to = TIMESTAMP_NONE;
    row_list rows = run_plan(inner, r->plan);
    for (size_t i = 0; i < rows.items.len; i++) {
        eval_row told = tell_row(&inner, r->plan, &rows.items.at[i]);
        eval_event *e = ARENA_NEW(run->arena, eval_event);
        value *record = ARENA_NEW(run->arena, value);
        *record = record_of(&inner, r, &told);
        *e = (eval_event){.time = told.time, .order = (UINT64_C(1) << 62) + ((uint64_t)number << 32) + i, .tree = record};
        vec_push_in(run->arena, &own->alerts.items, ((alert_event){e, told.events, told.event_count}));
    }
    own->state = ALERTS_KNOWN;
}

alert_list alerts_for(plan_run *run, const stage *s)
{
    alert_list out = {0};
    for (size_t i = 0; run->alerts && i < run->schema->rule_count && run->depth < IR_MAX_DEPTH / 4; i++) {
        if (!is_read(s, run->schema->rules[i])) continue;
        if (run->alerts[i].state == ALERTS_UNKNOWN) run_rule_for_alerts(run, i);
        for (size_t k = 0; run->alerts[i].state == ALERTS_KNOWN && k < run->alerts[i].alerts.items.len; k++)
            vec_push_in(run->arena, &out.items, run->alerts[i].alerts.items.at[k]);
    }
    return out;
}
