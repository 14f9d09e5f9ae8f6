/* Alerts of rules of several steps, from what the engine says of them. */
#include "api/scan.h"

static pk_str json_of(const value *v, arena *a)
{
    text t = {0};
    value_write_json(&t, v);
    pk_str json = arena_str(a, text_view(&t));
    text_free(&t);
    return json;
}

static pk_str text_of(const value *v, arena *a)
{
    pk_str s;
    return value_text(a, v, &s) ? s : json_of(v, a);
}

/* What such a rule has instead of predicates: its group keys, and the columns that it computed. */
static void put_reasons(pk_alert *alert, const stage_alert *found, arena *a)
{
    pk_reason *out = ARENA_ARRAY(a, pk_reason, found->key_count + found->column_count);
    for (size_t i = 0; i < found->key_count; i++)
        if (!found->key_hidden[i])
            out[alert->why_count++] = (pk_reason){.field = found->keys[i].name, .kind = STR("group"), .value = found->key_values[i], .at = -1, .length = -1};
    for (size_t i = 0; i < found->column_count; i++)
        if (!is_helper_column(found->column_names[i]))
            out[alert->why_count++] = (pk_reason){.field = found->column_names[i], .kind = STR("column"), .value = text_of(&found->column_values[i], a),
                                                  .at = -1, .length = -1};
    alert->why = out;
}

static void put_members(pk_detection *d, const stage_alert *found, arena *a)
{
    pk_member *match = ARENA_ARRAY(a, pk_member, found->key_count), *outcome = ARENA_ARRAY(a, pk_member, found->column_count);
    for (size_t i = 0; i < found->key_count; i++)
        if (!found->key_hidden[i]) match[d->match_count++] = (pk_member){found->keys[i].name, json_of(&found->key_data[i], a)};
    for (size_t i = 0; i < found->column_count; i++)
        if (!is_helper_column(found->column_names[i]))
            outcome[d->outcome_count++] = (pk_member){found->column_names[i], json_of(&found->column_values[i], a)};
    d->match = match;
    d->outcome = outcome;
}

static pk_event event_of(const stage_event *e) { return (pk_event){{e->source.file, e->source.record, e->source.line}, e->time, e->json}; }

/* Events by the variable that they stand for; an event that stands for two is there twice. */
static void put_parts(pk_alert *alert, const stage_alert *found, arena *a)
{
    pk_detection *d = &alert->detection;
    pk_event *events = ARENA_ARRAY(a, pk_event, found->part_count * PART_SAMPLES);
    pk_str *variables = ARENA_ARRAY(a, pk_str, found->part_count * PART_SAMPLES);
    pk_variable_count *counts = ARENA_ARRAY(a, pk_variable_count, found->part_count);
    pk_entity *entities = ARENA_ARRAY(a, pk_entity, found->part_count * PART_SAMPLES);
    alert->event_count = 0;
    for (size_t i = 0; i < found->part_count; i++) {
        const stage_part *p = &found->parts[i];
        counts[d->count_count++] = (pk_variable_count){p->name, p->total};
        for (size_t k = 0; k < p->event_count; k++) {
            variables[alert->event_count] = p->name;
            events[alert->event_count++] = event_of(&p->events[k]);
        }
        for (size_t k = 0; k < p->record_count; k++) entities[d->entity_count++] = (pk_entity){p->name, json_of(p->records[k], a)};
    }
    alert->events = events;
    d->variables = variables;
    d->counts = counts;
    d->entities = entities;
}

static void put_events(pk_alert *alert, const stage_alert *found, arena *a)
{
    pk_event *events = ARENA_ARRAY(a, pk_event, found->event_count);
    for (size_t i = 0; i < found->event_count; i++) events[i] = event_of(&found->events[i]);
    alert->events = events;
    alert->event_count = found->event_count;
}

bool risk_of(const value *v, double *out)
{
    bool is_number = v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT;
    return is_number && value_number(v, out);
}

pk_alert detection_alert(const pk_rule *shown, const stage_alert *found, arena *a)
{
    pk_alert alert = {.rule = shown, .correlation = true, .time = found->time, .host = found->host, .event_total = found->event_total};
    pk_detection *d = &alert.detection;
    put_reasons(&alert, found, a);
    put_members(d, found, a);
    if (found->has_parts) put_parts(&alert, found, a);
    else put_events(&alert, found, a);
    d->of_event = found->of_event && found->event_total == 1 && alert.event_count > 0;
    d->has_window = found->windowed;
    d->window_start = found->window_start;
    d->window_end = found->window_end;
    d->has_risk_score = risk_of(&found->risk, &d->risk_score);
    return alert;
}
