/*
 * Runs the stages of all correlations over the merged rows. See stages.h for how nodes push and decide.
 *
 * Order: rows come in order of time. Before the first row of a later time, everything due is done: nodes touched at the
 * present time decide (nearest to the sources first), and timers up to the new time fire, each followed by the decisions
 * that it causes. Alerts of one point in time are put in order of rule, then key.
 */
#include "engine/stages.h"

#include <stdlib.h>

#define ROWS_IN_WINDOWS_LIMIT (8u << 20)

typedef struct {
    timestamp due;
    uint64_t sequence;            /* of setting: ties in a fixed order */
    node *node;
    void *group;                  /* NULL: dropped */
    uint64_t ticket;
} run_timer;

typedef struct { node *node; size_t input; } feed;
typedef VEC(feed) feed_list;
typedef VEC(node *) node_list;

typedef struct {
    demand_table demand;
    row_store **stores;
    size_t store_count;
    feed_list *feeds;             /* by rule index: RULE nodes that read its rows */
    size_t feed_count;
    node_list nodes;
    VEC(run_timer) timers;        /* heap, earliest first */
    uint64_t timer_sequence;
    VEC(stage_alert) alerts;      /* of the present time */
    arena *alert_arena;
    stage_alert_fn fn;
    void *user;
    bool stopped;
    pk_status status;
} run_internal;

static run_internal *internal(stage_run *run) { return run->internal; }

/* ---- rows ---- */

row *row_new(size_t columns, size_t events)
{
    row *r = mem_zalloc(1, sizeof *r);
    r->refs = 1;
    r->columns = columns ? mem_zalloc(columns, sizeof *r->columns) : NULL;
    r->column_count = columns;
    r->events = events ? mem_zalloc(events, sizeof *r->events) : NULL;
    return r;
}

row *row_hold(row *r)
{
    r->refs++;
    return r;
}

static void free_value(value *v)
{
    if (v->type == VALUE_STRING) mem_free((void *)(uintptr_t)v->as.string.ptr);
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) free_value(&v->as.list.items[i]);
        mem_free(v->as.list.items);
    }
}

void row_release(row *r)
{
    if (!r || --r->refs > 0) return;
    for (size_t i = 0; i < r->column_count; i++) free_value(&r->columns[i]);
    mem_free(r->columns);
    mem_free(r->events);
    mem_free(r);
}

static value own_value(const value *v)
{
    value copy = *v;
    if (v->type == VALUE_STRING) {
        copy.as.string.ptr = mem_cstring(v->as.string);
    } else if (v->type == VALUE_LIST) {
        copy.as.list.items = mem_zalloc(v->as.list.count ? v->as.list.count : 1, sizeof(value));
        for (size_t i = 0; i < v->as.list.count; i++) copy.as.list.items[i] = own_value(&v->as.list.items[i]);
    } else if (v->type == VALUE_RECORD) {
        copy = value_null(); /* columns are scalars or lists of scalars */
    }
    return copy;
}

void row_set_column(row *r, size_t i, const value *v)
{
    free_value(&r->columns[i]);
    r->columns[i] = own_value(v);
}

static int compare_events(const void *x, const void *y)
{
    const row_event *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->input != b->input) return a->input < b->input ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

void row_take_events(row *into, row *const *rows, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += rows[i]->event_count;
    row_event *all = mem_zalloc(total ? total : 1, sizeof *all);
    into->event_total = 0;
    for (size_t i = 0, at = 0; i < count; i++) {
        if (rows[i]->event_count) memcpy(all + at, rows[i]->events, rows[i]->event_count * sizeof *all);
        at += rows[i]->event_count;
        into->event_total += rows[i]->event_total;
    }
    qsort(all, total, sizeof *all, compare_events);
    size_t kept = 0; /* one event may have come through several rows */
    for (size_t i = 0; i < total; i++) {
        if (kept && compare_events(&all[kept - 1], &all[i]) == 0) {
            into->event_total--;
            continue;
        }
        all[kept++] = all[i];
    }
    into->event_count = kept < ROW_EVENTS_KEPT ? kept : ROW_EVENTS_KEPT;
    mem_free(into->events);
    into->events = all;
    if (kept) {
        into->input = all[0].input;
        into->position = all[0].position;
    }
}

size_t node_column(const node *n, pk_str name)
{
    for (size_t i = 0; i < n->column_count; i++)
        if (str_equal(n->columns[i], name)) return i;
    return STR_NPOS;
}

/* ---- alerts ---- */

static int compare_alerts(const void *x, const void *y)
{
    const stage_alert *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->rule->index != b->rule->index) return a->rule->index < b->rule->index ? -1 : 1;
    for (size_t i = 0; i < a->key_count && i < b->key_count; i++) {
        int order = str_compare(a->key_values[i], b->key_values[i]);
        if (order) return order;
    }
    return 0;
}

static void flush_alerts(stage_run *run)
{
    run_internal *in = internal(run);
    if (in->alerts.len > 1) qsort(in->alerts.at, in->alerts.len, sizeof *in->alerts.at, compare_alerts);
    for (size_t i = 0; i < in->alerts.len && !in->stopped; i++)
        if (!in->fn(&in->alerts.at[i], in->user)) in->stopped = true;
    in->alerts.len = 0;
    arena_reset(in->alert_arena);
}

/* The host that all events of the row agree on. */
static pk_str common_host(run_internal *in, const row *r)
{
    pk_str host = {"", 0};
    for (size_t i = 0; i < r->event_count; i++) {
        pk_str h = row_store_text(in->stores[r->events[i].store], r->events[i].host);
        if (i == 0) host = h;
        else if (!str_equal(host, h)) return (pk_str){"", 0};
    }
    return host;
}

static void copy_events(stage_run *run, stage_alert *alert, const row *r)
{
    run_internal *in = internal(run);
    stage_event *events = ARENA_ARRAY(in->alert_arena, stage_event, r->event_count + 1);
    for (size_t i = 0; i < r->event_count; i++) {
        const row_event *e = &r->events[i];
        row_store *store = in->stores[e->store];
        events[i].time = e->time;
        events[i].source = (event_source){.file = row_store_text(store, e->file), .input = e->input,
                                          .position = e->position, .record = e->record, .line = e->line};
        if (row_store_json(store, e, in->alert_arena, &events[i].json) != PK_OK) in->status = PK_ERROR_IO;
    }
    alert->events = events;
    alert->event_count = r->event_count;
    alert->event_total = r->event_total;
}

/* Keys are the columns of the stage's keys; the others are shown as computed columns. */
static void raise_alert(stage_run *run, node *n, const row *r)
{
    run_internal *in = internal(run);
    arena *a = in->alert_arena;
    const stage *s = n->stage;
    ir_key *keys = NULL;
    size_t key_count = 0;
    if (s->kind == STAGE_AGGREGATE) keys = s->as.aggregate.keys, key_count = s->as.aggregate.key_count;
    if (s->kind == STAGE_SEQUENCE) keys = s->as.sequence.keys, key_count = s->as.sequence.key_count;

    stage_alert alert = {.rule = n->rule, .time = r->time, .keys = keys, .key_count = key_count,
                         .host = arena_str(a, common_host(in, r))};
    alert.key_values = ARENA_ARRAY(a, pk_str, key_count + 1);
    alert.column_names = ARENA_ARRAY(a, pk_str, r->column_count + 1);
    alert.column_values = ARENA_ARRAY(a, value, r->column_count + 1);
    for (size_t i = 0; i < r->column_count; i++) {
        if (i < key_count) {
            text t = {0};
            put_key_value(&t, &r->columns[i]);
            alert.key_values[i] = arena_str(a, text_view(&t));
            text_free(&t);
            continue;
        }
        alert.column_names[alert.column_count] = n->columns[i];
        alert.column_values[alert.column_count++] = value_copy(a, &r->columns[i]);
    }
    copy_events(run, &alert, r);
    vec_push(&in->alerts, alert);
}

/* ---- pushing and deciding ---- */

static void feed_rule(stage_run *run, uint32_t rule_index, row *r)
{
    run_internal *in = internal(run);
    if (rule_index >= in->feed_count) return;
    feed_list *feeds = &in->feeds[rule_index];
    for (size_t i = 0; i < feeds->len; i++) feeds->at[i].node->ops->push(run, feeds->at[i].node, feeds->at[i].input, r);
}

static row *row_derived(const row *from, size_t columns)
{
    row *made = row_new(columns, from->event_count);
    made->time = from->time;
    made->input = from->input;
    made->position = from->position;
    made->origin = from->origin;
    if (from->event_count) memcpy(made->events, from->events, from->event_count * sizeof *made->events);
    made->event_count = from->event_count;
    made->event_total = from->event_total;
    return made;
}

/* Gives a row of a correlation to the plans that read it, with the columns that they demand, by name. */
static void feed_readers(stage_run *run, node *n, row *r)
{
    run_internal *in = internal(run);
    uint32_t index = n->rule->index;
    if (index >= in->feed_count || in->feeds[index].len == 0) return;
    const row_demand *want = &in->demand.rules[index];
    row *made = row_derived(r, want->count);
    for (size_t i = 0; i < want->count; i++) {
        size_t from = node_column(n, want->fields[i]);
        if (from != STR_NPOS) row_set_column(made, i, &r->columns[from]);
    }
    feed_rule(run, index, made);
    row_release(made);
}

void node_emit(stage_run *run, node *n, row *r)
{
    for (size_t i = 0; i < n->user_count; i++) n->users[i].node->ops->push(run, n->users[i].node, n->users[i].input, r);
    if (!n->is_alert) return;
    if (!n->rule->silent) raise_alert(run, n, r);
    feed_readers(run, n, r);
}

void node_touch(stage_run *run, node *n)
{
    if (n->dirty) return;
    n->dirty = true;
    vec_push(&run->dirty, n);
}

/* Lets touched nodes decide, nearest to the sources first; their rows may touch others. */
static void decide_all(stage_run *run, timestamp now)
{
    while (run->dirty.len) {
        size_t first = 0;
        for (size_t i = 1; i < run->dirty.len; i++) {
            const node *a = run->dirty.at[i], *b = run->dirty.at[first];
            if (a->level < b->level || (a->level == b->level && a->rule->index < b->rule->index)) first = i;
        }
        node *n = run->dirty.at[first];
        run->dirty.at[first] = run->dirty.at[--run->dirty.len];
        n->dirty = false;
        n->ops->decide(run, n, now);
    }
}

static bool timer_before(const run_timer *a, const run_timer *b)
{
    return a->due != b->due ? a->due < b->due : a->sequence < b->sequence;
}

static void timers_down(run_internal *in, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= in->timers.len) return;
        if (child + 1 < in->timers.len && timer_before(&in->timers.at[child + 1], &in->timers.at[child])) child++;
        if (!timer_before(&in->timers.at[child], &in->timers.at[at])) return;
        run_timer swap = in->timers.at[at];
        in->timers.at[at] = in->timers.at[child];
        in->timers.at[child] = swap;
        at = child;
    }
}

void run_set_timer(stage_run *run, node *n, void *group, uint64_t ticket, timestamp due)
{
    run_internal *in = internal(run);
    vec_push(&in->timers, ((run_timer){.due = due, .sequence = in->timer_sequence++, .node = n, .group = group,
                                       .ticket = ticket}));
    for (size_t at = in->timers.len - 1; at > 0;) {
        size_t up = (at - 1) / 2;
        if (!timer_before(&in->timers.at[at], &in->timers.at[up])) return;
        run_timer swap = in->timers.at[at];
        in->timers.at[at] = in->timers.at[up];
        in->timers.at[up] = swap;
        at = up;
    }
}

/* Fires all timers that are due before `until`. */
static void fire_timers(stage_run *run, timestamp until)
{
    run_internal *in = internal(run);
    while (in->timers.len && in->timers.at[0].due < until && !in->stopped) {
        run_timer t = in->timers.at[0];
        in->timers.at[0] = in->timers.at[--in->timers.len];
        timers_down(in, 0);
        t.node->ops->timer(run, t.node, t.group, t.ticket, t.due);
        decide_all(run, t.due);
        flush_alerts(run);
    }
}

/* ---- simple stages ---- */

static const char *rule_open(stage_run *run, node *n)
{
    const rule *source = n->stage->as.rule.rule;
    run_internal *in = internal(run);
    if (!source) return "it names a rule that is not loaded";
    if (source->index < in->demand.rule_count) {
        n->columns = in->demand.rules[source->index].fields;
        n->column_count = in->demand.rules[source->index].count;
    }
    return NULL;
}

static void rule_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    node_emit(run, n, r);
}

static const char *where_open(stage_run *run, node *n)
{
    (void)run;
    n->columns = n->inputs[0]->columns;
    n->column_count = n->inputs[0]->column_count;
    return NULL;
}

static void where_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    arena *a = arena_new();
    if (row_true(n, r, n->stage->as.where.where, a)) node_emit(run, n, r);
    arena_free(a);
}

static const char *derive_open(stage_run *run, node *n)
{
    const node *in = n->inputs[0];
    n->columns = ARENA_ARRAY(run->arena, pk_str, in->column_count + n->stage->as.derive.count + 1);
    for (size_t i = 0; i < in->column_count; i++) {
        bool made = false; /* a column of the stage takes the place of one of the same name; without value it drops it */
        for (size_t k = 0; k < n->stage->as.derive.count; k++)
            made |= str_equal(n->stage->as.derive.columns[k].name, in->columns[i]);
        if (!made) n->columns[n->column_count++] = in->columns[i];
    }
    for (size_t k = 0; k < n->stage->as.derive.count; k++)
        if (n->stage->as.derive.columns[k].value) n->columns[n->column_count++] = n->stage->as.derive.columns[k].name;
    return NULL;
}

static void derive_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    arena *a = arena_new();
    row *made = row_derived(r, n->column_count);
    for (size_t i = 0; i < n->column_count; i++) {
        size_t from = node_column(n->inputs[0], n->columns[i]);
        if (from != STR_NPOS && from < r->column_count) row_set_column(made, i, &r->columns[from]);
    }
    for (size_t k = 0; k < n->stage->as.derive.count; k++) {
        const ir_column *c = &n->stage->as.derive.columns[k];
        if (!c->value) continue;
        value v = row_eval(n->inputs[0], r, c->value, a);
        row_set_column(made, node_column(n, c->name), &v);
    }
    arena_free(a);
    node_emit(run, n, made);
    row_release(made);
}

/* Columns of a union: those of its inputs by name, those that it maps, and `origin`, which names the input. */
static const char *union_open(stage_run *run, node *n)
{
    size_t most = 1;
    for (size_t i = 0; i < n->stage->as.union_of.count; i++)
        most += n->inputs[i]->column_count + n->stage->as.union_of.inputs[i].column_count;
    n->columns = ARENA_ARRAY(run->arena, pk_str, most);
    for (size_t i = 0; i < n->stage->as.union_of.count; i++) {
        const ir_union_input *u = &n->stage->as.union_of.inputs[i];
        for (size_t k = 0; k < u->column_count; k++)
            if (u->columns[k].value && node_column(n, u->columns[k].name) == STR_NPOS)
                n->columns[n->column_count++] = u->columns[k].name;
        for (size_t k = 0; k < n->inputs[i]->column_count; k++)
            if (node_column(n, n->inputs[i]->columns[k]) == STR_NPOS)
                n->columns[n->column_count++] = n->inputs[i]->columns[k];
    }
    if (node_column(n, STR("origin")) == STR_NPOS) n->columns[n->column_count++] = STR("origin");
    return NULL;
}

static void union_push(stage_run *run, node *n, size_t input, row *r)
{
    const ir_union_input *u = &n->stage->as.union_of.inputs[input];
    const node *from = n->inputs[input];
    arena *a = arena_new();
    row *made = row_derived(r, n->column_count);
    made->origin = (uint32_t)input;
    for (size_t i = 0; i < from->column_count && i < r->column_count; i++)
        row_set_column(made, node_column(n, from->columns[i]), &r->columns[i]);
    for (size_t k = 0; k < u->column_count; k++) {
        if (!u->columns[k].value) continue;
        value v = row_eval(from, r, u->columns[k].value, a);
        row_set_column(made, node_column(n, u->columns[k].name), &v);
    }
    value origin = value_string(u->alias.len ? u->alias : u->input->name);
    row_set_column(made, node_column(n, STR("origin")), &origin);
    arena_free(a);
    node_emit(run, n, made);
    row_release(made);
}

static const stage_ops simple_ops[] = {
    {STAGE_RULE,   rule_open,   rule_push,   NULL, NULL, NULL},
    {STAGE_WHERE,  where_open,  where_push,  NULL, NULL, NULL},
    {STAGE_DERIVE, derive_open, derive_push, NULL, NULL, NULL},
    {STAGE_UNION,  union_open,  union_push,  NULL, NULL, NULL},
};

static const stage_ops *ops_of(stage_kind kind)
{
    for (size_t i = 0; i < sizeof simple_ops / sizeof *simple_ops; i++)
        if (simple_ops[i].kind == kind) return &simple_ops[i];
    if (kind == STAGE_AGGREGATE) return &aggregate_ops;
    if (kind == STAGE_SEQUENCE) return &sequence_ops;
    return NULL;
}

/* ---- building ---- */

typedef struct { const char *reason; } expr_check;

static void check_expr(const stage *s, const expr *e, bool negated, void *user)
{
    expr_check *c = user;
    (void)s, (void)negated;
    if (e->kind == EXPR_CALL) c->reason = "its expressions call a function over rows";
    if (e->kind == EXPR_USE || e->kind == EXPR_SOME) c->reason = "it tests rows with predicates";
}

static void add_user(stage_run *run, node *n, node *user, size_t input)
{
    if (n->user_count == n->user_cap)
        n->users = vec_grow_in(run->arena, n->users, n->user_count, &n->user_cap, n->user_count + 1, sizeof *n->users);
    n->users[n->user_count].node = user;
    n->users[n->user_count++].input = input;
}

static node *node_of(const node_list *nodes, size_t from, const stage *s)
{
    for (size_t i = from; i < nodes->len; i++)
        if (nodes->at[i]->stage == s) return nodes->at[i];
    return NULL;
}

/* Inputs of a stage in the order of input numbers. */
static size_t stage_inputs(const stage *s, const stage **out, size_t limit)
{
    size_t n = 0;
    if (s->kind == STAGE_UNION)
        for (size_t i = 0; i < s->as.union_of.count && n < limit; i++) out[n++] = s->as.union_of.inputs[i].input;
    else if (s->kind == STAGE_SEQUENCE)
        for (size_t i = 0; i < s->as.sequence.step_count && n < limit; i++) out[n++] = s->as.sequence.steps[i].input;
    else
        for (size_t i = 0; i < s->input_count && n < limit; i++) out[n++] = s->inputs[i];
    return n;
}

static size_t input_limit(const stage *s)
{
    if (s->kind == STAGE_UNION) return s->as.union_of.count;
    if (s->kind == STAGE_SEQUENCE) return s->as.sequence.step_count;
    return s->input_count;
}

static const char *build_node(stage_run *run, const rule *r, const stage *s, size_t first)
{
    run_internal *in = internal(run);
    node *n = ARENA_NEW(run->arena, node);
    n->stage = s;
    n->rule = r;
    n->is_alert = r->plan->alert == s;
    n->ops = ops_of(s->kind);
    if (!n->ops) return "the engine has no such stage yet";
    size_t count = input_limit(s);
    const stage **inputs = ARENA_ARRAY(run->arena, const stage *, count + 1);
    count = stage_inputs(s, inputs, count);
    n->inputs = ARENA_ARRAY(run->arena, node *, count + 1);
    for (size_t i = 0; i < count; i++) {
        n->inputs[i] = node_of(&in->nodes, first, inputs[i]);
        if (!n->inputs[i]) return "a stage reads another that does not run here";
        if (n->inputs[i]->level >= n->level) n->level = n->inputs[i]->level + 1;
    }
    const char *reason = n->ops->open(run, n);
    if (reason) return reason;
    for (size_t i = 0; i < count; i++) add_user(run, n->inputs[i], n, i);
    vec_push(&in->nodes, n);
    return NULL;
}

static void build_plan(stage_run *run, const rule *r)
{
    run_internal *in = internal(run);
    size_t first = in->nodes.len;
    expr_check check = {NULL};
    ir_walk_plan(r->plan, check_expr, &check);
    const char *reason = check.reason;
    for (size_t i = 0; i < r->plan->stage_count && !reason; i++) reason = build_node(run, r, r->plan->stages[i], first);
    if (!reason) {
        for (size_t i = first; i < in->nodes.len; i++) {
            const stage *s = in->nodes.at[i]->stage;
            if (s->kind != STAGE_RULE) continue;
            uint32_t source = s->as.rule.rule->index;
            if (source < in->feed_count) vec_push(&in->feeds[source], ((feed){in->nodes.at[i], 0}));
        }
        return;
    }
    for (size_t i = first; i < in->nodes.len; i++)
        if (in->nodes.at[i]->ops->close) in->nodes.at[i]->ops->close(in->nodes.at[i]);
    in->nodes.len = first;
    diag_add(run->diags, PK_UNSUPPORTED, "stage-unsupported",
             (diag_place){.file = r->path, .line = r->span.line, .column = r->span.column}, r->id, NULL,
             "the correlation '" STR_FMT "' is not run: %s", STR_ARG(r->title), reason);
}

/* Correlations that read correlations come after them: levels go on from the alert stage that is read. */
static void raise_levels(stage_run *run)
{
    run_internal *in = internal(run);
    bool changed = true;
    for (size_t pass = 0; changed && pass <= in->nodes.len; pass++) {
        changed = false;
        for (size_t i = 0; i < in->nodes.len; i++) {
            node *n = in->nodes.at[i];
            uint32_t level = n->level;
            for (size_t k = 0; k < input_limit(n->stage); k++)
                if (n->inputs[k]->level >= level) level = n->inputs[k]->level + 1;
            if (n->stage->kind == STAGE_RULE)
                for (size_t k = 0; k < in->nodes.len; k++)
                    if (in->nodes.at[k]->is_alert && in->nodes.at[k]->rule == n->stage->as.rule.rule &&
                        in->nodes.at[k]->level >= level)
                        level = in->nodes.at[k]->level + 1;
            changed |= level != n->level;
            n->level = level;
        }
    }
}

/* ---- running ---- */

static row *row_of_stored(const stored_row *s)
{
    row *r = row_new(s->column_count, 1);
    r->time = s->time;
    r->input = s->event.input;
    r->position = s->event.position;
    for (size_t i = 0; i < s->column_count; i++) row_set_column(r, i, &s->columns[i]);
    r->events[0] = s->event;
    r->event_count = 1;
    r->event_total = 1;
    return r;
}

static void run_rows(stage_run *run, row_merge *merge)
{
    run_internal *in = internal(run);
    timestamp now = TIMESTAMP_NONE;
    for (stored_row s; !in->stopped && row_merge_next(merge, &s);) {
        if (s.time != now) {
            if (now != TIMESTAMP_NONE) decide_all(run, now);
            flush_alerts(run);
            fire_timers(run, s.time);
            now = s.time;
        }
        row *r = row_of_stored(&s);
        feed_rule(run, s.rule, r);
        row_release(r);
    }
    if (now != TIMESTAMP_NONE) decide_all(run, now);
    flush_alerts(run);
    fire_timers(run, INT64_MAX);
}

pk_status stages_run(const program *p, row_store **stores, size_t count, stage_alert_fn fn, void *user, diag_list *d)
{
    run_internal in = {.stores = stores, .store_count = count, .fn = fn, .user = user, .alert_arena = arena_new()};
    stage_run run = {.program = p, .arena = arena_new(), .diags = d, .row_limit = ROWS_IN_WINDOWS_LIMIT, .internal = &in};
    demand_build(&in.demand, p);
    in.feed_count = in.demand.rule_count;
    in.feeds = ARENA_ARRAY(run.arena, feed_list, in.feed_count + 1);

    size_t correlations;
    const rule *const *rules = program_correlations(p, &correlations);
    for (size_t i = 0; i < correlations; i++) build_plan(&run, rules[i]);
    raise_levels(&run);

    row_merge *merge = row_merge_new(stores, count, &in.demand);
    run_rows(&run, merge);
    if (row_merge_failed(merge)) in.status = PK_ERROR_IO;
    row_merge_free(merge);

    if (in.status == PK_ERROR_IO)
        diag_add(d, PK_ERROR, "stage-rows", (diag_place){0}, (pk_str){"", 0}, "is the disk of the temporary files full?",
                 "the temporary file of matched rows could not be read back: correlations are incomplete");
    if (run.evicted)
        diag_add(d, PK_WARNING, "stage-limit", (diag_place){0}, (pk_str){"", 0}, NULL,
                 "%llu rows were dropped from the windows of correlations: more than %llu at once",
                 (unsigned long long)run.evicted, (unsigned long long)run.row_limit);
    for (size_t i = 0; i < in.nodes.len; i++)
        if (in.nodes.at[i]->ops->close) in.nodes.at[i]->ops->close(in.nodes.at[i]);
    for (size_t i = 0; i < in.feed_count; i++) vec_free(&in.feeds[i]);
    vec_free(&in.nodes);
    vec_free(&in.timers);
    vec_free(&in.alerts);
    vec_free(&run.dirty);
    demand_free(&in.demand);
    arena_free(in.alert_arena);
    arena_free(run.arena);
    if (in.stopped) return PK_STOPPED;
    return in.status;
}
