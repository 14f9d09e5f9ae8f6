/*
 * Rows of alert nodes become alerts: their keys, columns, events, the parts that stood behind them.
 *
 * Rows wait until no alert of an earlier time can come any more (the greatest lag of a node behind the clock), so that alerts
 * come in order of time, then rule, then key, whatever the plans wait for.
 */
#include "engine/stage_alerts.h"

#include <stdlib.h>

typedef struct {
    const node *node;
    row *row;
    uint64_t number;
} waiting_row;

typedef struct {
    stage_alert alert;
    uint64_t input, position, number; /* ties */
} made_alert;

struct alert_queue {
    stage_run *run;
    VEC(waiting_row) waiting;     /* heap by time */
    VEC(made_alert) made;         /* of the present time */
    uint64_t number;
    arena *arena;
    row_store **stores;
    stage_alert_fn fn;
    void *user;
    bool stopped;
    pk_status status;
};

alert_queue *alert_queue_new(stage_run *run, row_store **stores, stage_alert_fn fn, void *user)
{
    alert_queue *q = mem_zalloc(1, sizeof *q);
    *q = (alert_queue){.run = run, .arena = arena_new(), .stores = stores, .fn = fn, .user = user};
    return q;
}

void alert_queue_free(alert_queue *q)
{
    for (size_t i = 0; i < q->waiting.len; i++) row_release(q->waiting.at[i].row);
    vec_free(&q->waiting);
    vec_free(&q->made);
    arena_free(q->arena);
    mem_free(q);
}

bool alert_queue_stopped(const alert_queue *q) { return q->stopped; }
pk_status alert_queue_status(const alert_queue *q) { return q->status; }

/* ---- waiting ---- */

static bool is_before(const waiting_row *x, const waiting_row *y) { return x->row->time < y->row->time; }

void alert_queue_add(alert_queue *q, const node *n, row *r)
{
    vec_push(&q->waiting, ((waiting_row){n, row_hold(r), q->number++}));
    for (size_t at = q->waiting.len - 1; at > 0;) {
        size_t up = (at - 1) / 2;
        if (!is_before(&q->waiting.at[at], &q->waiting.at[up])) return;
        waiting_row swap = q->waiting.at[at];
        q->waiting.at[at] = q->waiting.at[up];
        q->waiting.at[up] = swap;
        at = up;
    }
}

static waiting_row take_first(alert_queue *q)
{
    waiting_row first = q->waiting.at[0];
    q->waiting.at[0] = q->waiting.at[--q->waiting.len];
    for (size_t at = 0;;) {
        size_t child = 2 * at + 1;
        if (child >= q->waiting.len) break;
        if (child + 1 < q->waiting.len && is_before(&q->waiting.at[child + 1], &q->waiting.at[child])) child++;
        if (!is_before(&q->waiting.at[child], &q->waiting.at[at])) break;
        waiting_row swap = q->waiting.at[at];
        q->waiting.at[at] = q->waiting.at[child];
        q->waiting.at[child] = swap;
        at = child;
    }
    return first;
}

/* ---- what an alert says ---- */

static stage_event read_event(alert_queue *q, const row_event *e, pk_str *host)
{
    row_store *store = q->stores[e->store];
    stage_event out = {.time = e->time, .source = {.file = row_store_file(store, e), .input = e->input, .position = e->position,
                                                   .record = e->record, .line = e->line}};
    if (row_store_event(store, e, q->arena, host, &out.json) != PK_OK) q->status = PK_ERROR_IO;
    return out;
}

/* The events, and the host that they all agree on. */
static void put_events(alert_queue *q, stage_alert *alert, const row *r)
{
    row *all = row_new(q->run, 0, 0);
    row_take_events(all, (row *[]){(row *)(uintptr_t)r}, 1);
    stage_event *events = ARENA_ARRAY(q->arena, stage_event, all->event_count + 1);
    for (size_t i = 0; i < all->event_count; i++) {
        pk_str host;
        events[i] = read_event(q, &all->events[i], &host);
        if (i == 0) alert->host = host;
        else if (!str_equal(alert->host, host)) alert->host = (pk_str){"", 0};
    }
    alert->events = events;
    alert->event_count = all->event_count;
    alert->event_total = all->event_total;
    row_release(all);
}

static void put_part(alert_queue *q, stage_part *out, const row_sample *s)
{
    stage_event *events = ARENA_ARRAY(q->arena, stage_event, PART_SAMPLES + 1);
    const value **records = ARENA_ARRAY(q->arena, const value *, s->count + 1);
    *out = (stage_part){.name = s->name, .context = s->context, .events = events, .records = records, .total = s->total};
    pk_str host;
    for (size_t i = 0; i < s->count; i++) {
        const part *p = s->parts[i];
        for (size_t k = 0; k < p->event_count && out->event_count < PART_SAMPLES; k++)
            events[out->event_count++] = read_event(q, &p->events[k], &host);
        if (p->context) records[out->record_count++] = &p->record;
        else if (!p->is_alert && out->event_count < PART_SAMPLES) events[out->event_count++] = read_event(q, &p->event, &host);
    }
}

static void put_parts(alert_queue *q, stage_alert *alert, const node *n, const row *r)
{
    row_samples *s = r->samples;
    if (!n->names_parts) return;
    if (!s) s = row_samples_of(n->plan, (row *[]){(row *)(uintptr_t)r}, 1);
    stage_part *parts = ARENA_ARRAY(q->arena, stage_part, s->count + 1);
    for (size_t i = 0; i < s->count; i++) put_part(q, &parts[i], &s->at[i]);
    alert->parts = parts;
    alert->part_count = s->count;
    alert->has_parts = true;
    if (!r->samples) row_samples_release(s);
}

/* Group keys stand apart from the other columns; what led to a step of a sequence is in the events. */
static void put_columns(alert_queue *q, stage_alert *alert, const node *n, const row *r)
{
    arena *a = q->arena;
    alert->keys = ARENA_ARRAY(a, ir_key, r->column_count + 1);
    alert->key_values = ARENA_ARRAY(a, pk_str, r->column_count + 1);
    alert->key_data = ARENA_ARRAY(a, value, r->column_count + 1);
    alert->key_hidden = ARENA_ARRAY(a, bool, r->column_count + 1);
    alert->column_names = ARENA_ARRAY(a, pk_str, r->column_count + 1);
    alert->column_values = ARENA_ARRAY(a, value, r->column_count + 1);
    for (size_t i = 0; i < r->column_count; i++) {
        const row_column *c = &n->columns[i];
        if (c->step || r->columns[i].type == VALUE_MISSING) continue;
        value v = value_copy(a, &r->columns[i]);
        if (c->key) {
            alert->keys[alert->key_count] = (ir_key){.name = c->name};
            alert->key_values[alert->key_count] = arena_str(a, value_key_text(a, &v));
            alert->key_hidden[alert->key_count] = c->hidden;
            alert->key_data[alert->key_count++] = v;
        } else {
            alert->column_names[alert->column_count] = c->name;
            alert->column_values[alert->column_count++] = v;
        }
    }
}

static stage_alert alert_of(alert_queue *q, const node *n, const row *r)
{
    stage_alert alert = {.rule = n->rule, .time = r->time, .host = {"", 0}, .windowed = r->windowed, .of_event = r->of_event,
                         .window_start = r->window_start, .window_end = r->window_end};
    put_columns(q, &alert, n, r);
    put_events(q, &alert, r);
    put_parts(q, &alert, n, r);
    if (n->plan->risk) {
        value risk = row_value(n, r, n->plan->risk, q->arena);
        alert.risk = value_copy(q->arena, &risk);
    }
    return alert;
}

/* ---- in order ---- */

static int compare_alerts(const void *x, const void *y)
{
    const made_alert *wx = x, *wy = y;
    const stage_alert *a = &wx->alert, *b = &wy->alert;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->rule->index != b->rule->index) return a->rule->index < b->rule->index ? -1 : 1;
    for (size_t i = 0; i < a->key_count && i < b->key_count; i++) {
        int order = str_compare(a->key_values[i], b->key_values[i]);
        if (order) return order;
    }
    if (wx->input != wy->input) return wx->input < wy->input ? -1 : 1;
    if (wx->position != wy->position) return wx->position < wy->position ? -1 : 1;
    return wx->number < wy->number ? -1 : wx->number > wy->number;
}

static void flush_time(alert_queue *q, timestamp t)
{
    while (q->waiting.len && q->waiting.at[0].row->time == t) {
        waiting_row w = take_first(q);
        made_alert made = {alert_of(q, w.node, w.row), w.row->input, w.row->position, w.number};
        vec_push(&q->made, made);
        row_release(w.row);
    }
    if (q->made.len > 1) qsort(q->made.at, q->made.len, sizeof *q->made.at, compare_alerts);
    for (size_t i = 0; i < q->made.len && !q->stopped; i++)
        if (!q->fn(&q->made.at[i].alert, q->user)) q->stopped = true;
    q->made.len = 0;
    arena_reset(q->arena);
}

void alert_queue_flush(alert_queue *q, timestamp until)
{
    while (q->waiting.len && q->waiting.at[0].row->time <= until && !q->stopped) flush_time(q, q->waiting.at[0].row->time);
}

/* ---- whether parts have names that its author gave them ---- */

static void find_part(const stage *s, const expr *e, bool negated, void *user)
{
    (void)negated;
    if (s->kind != STAGE_MATCH && s->kind != STAGE_CONTEXT && e->kind == EXPR_FIELD && e->as.field.part.len) *(bool *)user = true;
}

bool plan_names_parts(const plan *p)
{
    bool names = false;
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        names |= s->kind == STAGE_JOIN;
        for (size_t k = 0; s->kind == STAGE_EXPAND && k < s->as.expand.count; k++) names |= s->as.expand.lists[k].part.len > 0;
    }
    if (!names) ir_walk_plan(p, find_part, &names);
    return names;
}
