/*
 * Runs the stages of all correlations over the merged rows. See stages.h for how nodes push and decide.
 *
 * Rows come in order of time. When a later time comes, the one before is completed: nodes that rows touched, and nodes with
 * timers due, act in order of their distance from the sources, so that each sees all rows of that time before it decides;
 * then the times between that have timers. Alerts of one point in time are put in order of rule, then key.
 */
#include "compile/program_private.h"
#include "engine/stages.h"

#include <stdlib.h>

#define WINDOW_MEMORY (UINT64_C(1) << 30)

typedef struct {
    timestamp due;
    uint64_t sequence;            /* of setting: ties in a fixed order */
    node *node;
    group_head *group;
    int64_t ticket;
} run_timer;

typedef struct {
    node *node;
    const stage *of;              /* match stage whose rows it wants; NULL: all of the rule's */
} feed;
typedef VEC(feed) feed_list;
typedef VEC(node *) node_list;

typedef struct {
    stage_alert alert;
    uint64_t input, position, number; /* ties */
} waiting_alert;

typedef struct {
    demand_table demand;
    row_store **stores;
    size_t store_count;
    feed_list *feeds;             /* by rule index: nodes that read its rows */
    size_t feed_count;
    node_list nodes;
    VEC(run_timer) timers;        /* heap, earliest first; of one time those of lower nodes first */
    uint64_t timer_sequence;
    VEC(waiting_alert) alerts;    /* of the present time */
    arena *alert_arena;
    stage_alert_fn fn;
    void *user;
    bool stopped;
    pk_status status;
} run_internal;

static run_internal *internal(const stage_run *run) { return run->internal; }

bool run_is_full(const stage_run *run) { return run->bytes > run->limit; }

const row_demand *run_demand(const stage_run *run, uint32_t rule_index)
{
    const demand_table *d = &internal(run)->demand;
    return rule_index < d->rule_count ? &d->rules[rule_index] : NULL;
}

/* ---- columns ---- */

size_t node_column(const node *n, pk_str name, bool part)
{
    for (size_t i = 0; i < n->column_count; i++)
        if (n->columns[i].part == part && str_equal(n->columns[i].name, name)) return i;
    return STR_NPOS;
}

void node_add_column(stage_run *run, node *n, row_column c)
{
    row_column *columns = ARENA_ARRAY(run->arena, row_column, n->column_count + 1);
    if (n->column_count) memcpy(columns, n->columns, n->column_count * sizeof *columns);
    columns[n->column_count++] = c;
    n->columns = columns;
}

/* ---- alerts ---- */

static int compare_alerts(const void *x, const void *y)
{
    const waiting_alert *wx = x, *wy = y;
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

static void flush_alerts(stage_run *run)
{
    run_internal *in = internal(run);
    if (in->alerts.len > 1) qsort(in->alerts.at, in->alerts.len, sizeof *in->alerts.at, compare_alerts);
    for (size_t i = 0; i < in->alerts.len && !in->stopped; i++)
        if (!in->fn(&in->alerts.at[i].alert, in->user)) in->stopped = true;
    in->alerts.len = 0;
    arena_reset(in->alert_arena);
}

/* The events, and the host that they all agree on. */
static void copy_events(run_internal *in, stage_alert *alert, const row *r)
{
    stage_event *events = ARENA_ARRAY(in->alert_arena, stage_event, r->event_count + 1);
    for (size_t i = 0; i < r->event_count; i++) {
        const row_event *e = &r->events[i];
        row_store *store = in->stores[e->store];
        events[i].time = e->time;
        events[i].source = (event_source){.file = row_store_file(store, e), .input = e->input,
                                          .position = e->position, .record = e->record, .line = e->line};
        pk_str host;
        if (row_store_event(store, e, in->alert_arena, &host, &events[i].json) != PK_OK) in->status = PK_ERROR_IO;
        if (i == 0) alert->host = host;
        else if (!str_equal(alert->host, host)) alert->host = (pk_str){"", 0};
    }
    alert->events = events;
    alert->event_count = r->event_count;
    alert->event_total = r->event_total;
}

/* Group keys stand apart from the other columns; fields of events are in the events, and so is what led to a step. */
static void raise_alert(stage_run *run, const node *n, const row *r)
{
    run_internal *in = internal(run);
    arena *a = in->alert_arena;
    stage_alert alert = {.rule = n->rule, .time = r->time, .host = {"", 0}};
    alert.keys = ARENA_ARRAY(a, ir_key, r->column_count + 1);
    alert.key_values = ARENA_ARRAY(a, pk_str, r->column_count + 1);
    alert.column_names = ARENA_ARRAY(a, pk_str, r->column_count + 1);
    alert.column_values = ARENA_ARRAY(a, value, r->column_count + 1);
    for (size_t i = 0; i < r->column_count; i++) {
        const row_column *c = &n->columns[i];
        if (c->part || c->step || r->columns[i].type == VALUE_MISSING) continue;
        if (c->key) {
            alert.keys[alert.key_count] = (ir_key){.name = c->name};
            alert.key_values[alert.key_count++] = arena_str(a, value_key_text(a, &r->columns[i]));
        } else {
            alert.column_names[alert.column_count] = c->name;
            alert.column_values[alert.column_count++] = value_copy(a, &r->columns[i]);
        }
    }
    copy_events(in, &alert, r);
    vec_push(&in->alerts, ((waiting_alert){alert, r->input, r->position, in->alerts.len}));
}

/* ---- pushing and deciding ---- */

static void feed_rule(stage_run *run, uint32_t rule_index, const stage *of, row *r)
{
    run_internal *in = internal(run);
    if (rule_index >= in->feed_count) return;
    feed_list *feeds = &in->feeds[rule_index];
    for (size_t i = 0; i < feeds->len; i++)
        if (feeds->at[i].of == of) feeds->at[i].node->ops->push(run, feeds->at[i].node, 0, r);
}

void node_emit(stage_run *run, node *n, row *r)
{
    for (size_t i = 0; i < n->user_count; i++) n->users[i].node->ops->push(run, n->users[i].node, n->users[i].input, r);
    if (!n->is_alert) return;
    if (!n->rule->silent && program_has_rule(run->program, n->rule->index)) raise_alert(run, n, r);
    feed_rule(run, n->rule->index, NULL, r); /* plans that read this one */
}

void node_touch(stage_run *run, node *n)
{
    if (n->dirty) return;
    n->dirty = true;
    vec_push(&run->dirty, n);
}

static bool node_before(const node *a, const node *b)
{
    return a->level != b->level ? a->level < b->level : a->rule->index < b->rule->index;
}

static bool timer_before(const run_timer *a, const run_timer *b)
{
    if (a->due != b->due) return a->due < b->due;
    if (a->node != b->node && (node_before(a->node, b->node) || node_before(b->node, a->node))) return node_before(a->node, b->node);
    int order = a->node == b->node ? group_order(&a->group, &b->group) : 0;
    return order ? order < 0 : a->sequence < b->sequence;
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

void run_set_timer(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due)
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

static void fire_timer(stage_run *run)
{
    run_internal *in = internal(run);
    run_timer t = in->timers.at[0];
    in->timers.at[0] = in->timers.at[--in->timers.len];
    timers_down(in, 0);
    t.node->ops->timer(run, t.node, t.group, t.ticket, t.due);
}

static size_t first_dirty(const stage_run *run)
{
    size_t first = 0;
    for (size_t i = 1; i < run->dirty.len; i++)
        if (node_before(run->dirty.at[i], run->dirty.at[first])) first = i;
    return first;
}

/* Whatever is to happen at `now`, nearest to the sources first; it may touch other nodes and set timers for now. */
static void complete_time(stage_run *run, timestamp now)
{
    run_internal *in = internal(run);
    while (!in->stopped) {
        bool due = in->timers.len && in->timers.at[0].due <= now;
        size_t first = first_dirty(run);
        node *n = run->dirty.len ? run->dirty.at[first] : NULL;
        if (due && (!n || !node_before(n, in->timers.at[0].node))) {
            fire_timer(run);
            continue;
        }
        if (!n) break;
        run->dirty.at[first] = run->dirty.at[--run->dirty.len];
        n->dirty = false;
        n->ops->decide(run, n, now);
    }
    flush_alerts(run);
}

static void complete_until(stage_run *run, timestamp until)
{
    run_internal *in = internal(run);
    while (in->timers.len && in->timers.at[0].due < until && !in->stopped) complete_time(run, in->timers.at[0].due);
}

/* ---- building ---- */

static const stage_ops *ops_of(stage_kind kind)
{
    switch (kind) {
    case STAGE_MATCH: return &match_ops;
    case STAGE_RULE: return &rule_ops;
    case STAGE_WHERE: return &where_ops;
    case STAGE_DERIVE: return &derive_ops;
    case STAGE_UNION: return &union_ops;
    case STAGE_AGGREGATE: return &aggregate_ops;
    case STAGE_SEQUENCE: return &sequence_ops;
    case STAGE_CONTEXT: case STAGE_ALERTS: case STAGE_EXPAND: case STAGE_FOR_EACH: case STAGE_SAMPLE: case STAGE_JOIN:
    case STAGE_LOOKUP: case STAGE_NEW_TERMS: case STAGE_SORT: case STAGE_DEDUP: case STAGE_LIMIT: case STAGE_FRAME:
    case STAGE_UNSUPPORTED: case STAGE_KINDS: return NULL;
    }
    return NULL;
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

/* Stages that a stage reads, in the order of input numbers; `until` of a sequence is the last. */
static size_t inputs_of(stage_run *run, const stage *s, const stage ***out)
{
    size_t count = s->input_count, n = 0;
    if (s->kind == STAGE_UNION) count = s->as.union_of.count;
    if (s->kind == STAGE_SEQUENCE) count = s->as.sequence.step_count + (s->as.sequence.until != NULL);
    *out = ARENA_ARRAY(run->arena, const stage *, count + 1);
    if (s->kind == STAGE_UNION)
        for (; n < count; n++) (*out)[n] = s->as.union_of.inputs[n].input;
    else if (s->kind == STAGE_SEQUENCE)
        for (; n < count; n++) (*out)[n] = n < s->as.sequence.step_count ? s->as.sequence.steps[n].input : s->as.sequence.until;
    else
        for (; n < count; n++) (*out)[n] = s->inputs[n];
    return count;
}

/* A node behind others, which are its inputs in this order. */
static const char *add_node(stage_run *run, const rule *r, const stage *s, const stage_ops *ops, node **inputs, size_t count)
{
    run_internal *in = internal(run);
    node *n = ARENA_NEW(run->arena, node);
    *n = (node){.stage = s, .rule = r, .plan = r->plan, .ops = ops, .inputs = inputs, .input_count = count};
    for (size_t i = 0; i < count; i++) {
        if (inputs[i]->level >= n->level) n->level = inputs[i]->level + 1;
        n->late |= inputs[i]->late;
    }
    vec_push(&in->nodes, n); /* first: what open() made is closed with the others if it fails */
    const char *reason = ops->open(run, n);
    for (size_t i = 0; i < count && !reason; i++) add_user(run, inputs[i], n, i);
    return reason;
}

static const char *build_stage(stage_run *run, const rule *r, const stage *s, size_t first)
{
    const stage **stages;
    const stage_ops *ops = ops_of(s->kind);
    if (!ops) return "the engine has no such stage yet";
    size_t count = inputs_of(run, s, &stages);
    node **inputs = ARENA_ARRAY(run->arena, node *, count + 1);
    for (size_t i = 0; i < count; i++)
        if (!(inputs[i] = node_of(&internal(run)->nodes, first, stages[i]))) return "a stage reads another that does not run here";
    return add_node(run, r, s, ops, inputs, count);
}

static const char *build_stages(stage_run *run, const rule *r, size_t first)
{
    run_internal *in = internal(run);
    const char *reason = expr_problem(r->plan);
    for (size_t i = 0; i < r->plan->stage_count && !reason; i++) reason = build_stage(run, r, r->plan->stages[i], first);
    if (reason) return reason;
    node *alert = node_of(&in->nodes, first, r->plan->alert);
    if (!alert) return "it has no stage that alerts";
    if (r->plan->quiet == QUIET_FOR) {
        node **input = ARENA_NEW(run->arena, node *);
        *input = alert;
        if ((reason = add_node(run, r, alert->stage, &quiet_ops, input, 1)) != NULL) return reason;
        alert = in->nodes.at[in->nodes.len - 1];
    }
    alert->is_alert = true;
    return NULL;
}

static void close_nodes(stage_run *run, size_t first)
{
    run_internal *in = internal(run);
    for (size_t i = first; i < in->nodes.len; i++)
        if (in->nodes.at[i]->ops->close) in->nodes.at[i]->ops->close(run, in->nodes.at[i]);
    in->nodes.len = first;
}

/* The stage whose matched rows a rule node or match node reads; NULL: the rows of a correlation. */
static void subscribe(run_internal *in, node *n)
{
    const rule *source = n->stage->kind == STAGE_RULE ? n->stage->as.rule.rule : n->rule;
    if (source->index >= in->feed_count) return;
    bool rows = n->stage->kind == STAGE_RULE && rule_is_correlation(source);
    const stage *of = n->stage->kind == STAGE_MATCH ? n->stage : rows ? NULL : source->plan->alert ? source->plan->alert : source->plan->stages[0];
    vec_push(&in->feeds[source->index], ((feed){n, of}));
}

static void build_plan(stage_run *run, const rule *r)
{
    run_internal *in = internal(run);
    size_t first = in->nodes.len;
    const char *reason = build_stages(run, r, first);
    if (!reason) {
        for (size_t i = first; i < in->nodes.len; i++)
            if (in->nodes.at[i]->ops == &rule_ops || in->nodes.at[i]->ops == &match_ops) subscribe(in, in->nodes.at[i]);
        return;
    }
    close_nodes(run, first);
    diag_add(run->diags, PK_UNSUPPORTED, "stage-unsupported",
             (diag_place){.file = r->path, .line = r->span.line, .column = r->span.column}, r->id, NULL,
             "the correlation '" STR_FMT "' is not run: %s", STR_ARG(r->title), reason);
}

const node *run_alert_node(const stage_run *run, const rule *r)
{
    const run_internal *in = internal(run);
    for (size_t i = 0; i < in->nodes.len; i++)
        if (in->nodes.at[i]->is_alert && in->nodes.at[i]->rule == r) return in->nodes.at[i];
    return NULL;
}

static bool reads_any(const rule *r, const rule *const *waiting, size_t count)
{
    for (size_t i = 0; i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        for (size_t k = 0; k < count && s->kind == STAGE_RULE; k++)
            if (waiting[k] && waiting[k] == s->as.rule.rule) return true;
    }
    return false;
}

/* Those that are read come before their readers. What is left at last reads itself: it is refused, and so are its readers. */
static void build_plans(stage_run *run, const rule *const *rules, size_t count)
{
    const rule **waiting = ARENA_ARRAY(run->arena, const rule *, count + 1);
    bool progress = true;
    for (size_t i = 0; i < count; i++) waiting[i] = rules[i];
    while (progress) {
        progress = false;
        for (size_t i = 0; i < count; i++) {
            if (!waiting[i] || reads_any(waiting[i], waiting, count)) continue;
            build_plan(run, waiting[i]);
            waiting[i] = NULL;
            progress = true;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (waiting[i]) build_plan(run, waiting[i]);
}

/* ---- running ---- */

static row *row_of_stored(stage_run *run, const stored_row *s)
{
    row *r = row_new(run, s->column_count, 1);
    r->time = s->time;
    r->input = s->event.input;
    r->position = s->event.position;
    r->part_count = 1;
    for (size_t i = 0; i < s->column_count; i++) row_set_column(r, i, &s->columns[i]);
    r->events[0] = s->event;
    r->event_count = 1;
    r->event_total = 1;
    return r;
}

static const stage *stage_of_stored(const stage_run *run, const stored_row *s)
{
    const rule *r = ir_rule(run->program->catalog, s->rule);
    if (rule_is_correlation(r)) return r->plan->stages[s->stage];
    return r->plan->alert ? r->plan->alert : r->plan->stages[0];
}

static void run_rows(stage_run *run, row_merge *merge)
{
    run_internal *in = internal(run);
    timestamp now = TIMESTAMP_NONE;
    for (stored_row s; !in->stopped && row_merge_next(merge, &s);) {
        if (s.time != now) {
            if (now != TIMESTAMP_NONE) complete_time(run, now);
            complete_until(run, s.time);
            now = s.time;
        }
        row *r = row_of_stored(run, &s);
        feed_rule(run, s.rule, stage_of_stored(run, &s), r);
        row_release(r);
    }
    if (now != TIMESTAMP_NONE) complete_time(run, now);
    complete_until(run, INT64_MAX);
}

static void report(const stage_run *run, const run_internal *in)
{
    if (in->status == PK_ERROR_IO)
        diag_add(run->diags, PK_ERROR, "stage-rows", (diag_place){0}, (pk_str){"", 0},
                 "is the disk of the temporary files full? TMPDIR names another folder for them",
                 "matched events could not be kept in temporary files or read back: the alerts of correlations are incomplete");
    if (run->evicted)
        diag_add(run->diags, PK_WARNING, "stage-limit", (diag_place){0}, (pk_str){"", 0}, NULL,
                 "%llu rows were left out of the windows of correlations, which held more than %llu MB at once",
                 (unsigned long long)run->evicted, (unsigned long long)(run->limit >> 20));
}

pk_status stages_run(const program *p, row_store **stores, size_t count, size_t memory, const stage_inputs *inputs, stage_alert_fn fn,
                     void *user, diag_list *d)
{
    (void)inputs;
    run_internal in = {.stores = stores, .store_count = count, .fn = fn, .user = user, .alert_arena = arena_new()};
    stage_run run = {.program = p, .arena = arena_new(), .scratch = arena_new(), .diags = d, .limit = memory ? memory : WINDOW_MEMORY,
                     .internal = &in};
    demand_build(&in.demand, p);
    in.feed_count = in.demand.rule_count;
    in.feeds = ARENA_ARRAY(run.arena, feed_list, in.feed_count + 1);

    size_t correlations;
    const rule *const *rules = program_correlations(p, &correlations);
    build_plans(&run, rules, correlations);

    row_merge *merge = row_merge_new(stores, count, &in.demand);
    run_rows(&run, merge);
    if (row_merge_failed(merge)) in.status = PK_ERROR_IO;
    row_merge_free(merge);
    report(&run, &in);

    close_nodes(&run, 0);
    for (size_t i = 0; i < in.feed_count; i++) vec_free(&in.feeds[i]);
    vec_free(&in.nodes);
    vec_free(&in.timers);
    vec_free(&in.alerts);
    vec_free(&run.dirty);
    demand_free(&in.demand);
    arena_free(in.alert_arena);
    arena_free(run.scratch);
    arena_free(run.arena);
    if (in.stopped) return PK_STOPPED;
    return in.status;
}
