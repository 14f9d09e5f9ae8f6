/*
 * Runs the stages of all correlations over the merged rows. See stages.h for how nodes push and decide.
 *
 * Rows come in order of time. When a later time comes, the one before is completed: nodes that rows touched, and nodes with
 * timers due, act in order of their distance from the sources, so that each sees all rows of that time before it decides;
 * then the times between that have timers. Alerts of one point in time are put in order of rule, then key.
 */
#include "engine/stage_alert_rows.h"
#include "engine/stage_alerts.h"

#include <stdlib.h>

#define WINDOW_MEMORY (UINT64_C(1) << 30)

typedef struct {
    timestamp due;                /* by the clock: the node's own time and its lag */
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
    demand_table demand;
    feed_list *feeds;             /* by rule index: nodes that read its rows */
    size_t feed_count;
    node_list nodes;
    VEC(run_timer) timers;        /* heap, earliest first; of one time those of lower nodes first */
    uint64_t timer_sequence;
    alert_queue *alerts;
    node_list alert_readers;      /* nodes of ALERTS stages */
    uint64_t alert_count;
    int64_t lag;                  /* the greatest of all nodes */
} run_internal;

static run_internal *internal(const stage_run *run) { return run->internal; }

bool run_is_full(const stage_run *run) { return run->bytes > run->limit; }

/* ---- columns ---- */

size_t node_column(const node *n, pk_str name)
{
    for (size_t i = 0; i < n->column_count; i++)
        if (str_equal(n->columns[i].name, name)) return i;
    return STR_NPOS;
}

void node_add_column(stage_run *run, node *n, row_column c)
{
    row_column *columns = ARENA_ARRAY(run->arena, row_column, n->column_count + 1);
    if (n->column_count) memcpy(columns, n->columns, n->column_count * sizeof *columns);
    columns[n->column_count++] = c;
    n->columns = columns;
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

/* Plans that read alerts: only those built behind the one that gives it, so that none reads itself through others. */
static void feed_alert(stage_run *run, const rule *of, const node *n, row *r)
{
    run_internal *in = internal(run);
    part *p = NULL;
    row *made = NULL;
    if (in->alert_readers.len == 0 || !program_has_rule(run->program, of->index)) return;
    for (size_t i = 0; i < in->alert_readers.len; i++) {
        node *reader = in->alert_readers.at[i];
        if (reader->rule == of || (n && n->number > reader->number) || !reads_alerts_of(reader->stage, of)) continue;
        if (!p) p = part_of_alert(run, of, n, r, in->alert_count++);
        made = row_of_part(run, p, reader->stage->name);
        row_take_events(made, &r, 1);
        made->input = p->event.input;
        made->position = p->event.position;
        reader->ops->push(run, reader, 0, made);
        row_release(made);
    }
    if (p) part_release(p);
}

void node_emit(stage_run *run, node *n, row *r)
{
    for (size_t i = 0; i < n->user_count; i++) n->users[i].node->ops->push(run, n->users[i].node, n->users[i].input, r);
    if (!n->is_alert) return;
    if (!n->rule->silent && program_has_rule(run->program, n->rule->index)) alert_queue_add(internal(run)->alerts, n, r);
    feed_rule(run, n->rule->index, NULL, r); /* plans that read this one */
    feed_alert(run, n->rule, n, r);
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
    int order = a->node == b->node && a->group && b->group ? group_order(&a->group, &b->group) : 0;
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

#define END_OF_INPUT (INT64_MAX - 1)

/* Between the clock and the time of a node. */
static timestamp clock_of(const node *n, timestamp t) { return t > END_OF_INPUT - n->lag ? END_OF_INPUT : t + n->lag; }
static timestamp time_of(const node *n, timestamp clock) { return clock >= END_OF_INPUT ? clock : clock < INT64_MIN + n->lag ? INT64_MIN : clock - n->lag; }

void run_set_timer(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due)
{
    run_internal *in = internal(run);
    vec_push(&in->timers, ((run_timer){.due = clock_of(n, due), .sequence = in->timer_sequence++, .node = n, .group = group,
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
    t.node->ops->timer(run, t.node, t.group, t.ticket, time_of(t.node, t.due));
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
    while (!alert_queue_stopped(in->alerts)) {
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
        n->ops->decide(run, n, time_of(n, now));
    }
    alert_queue_flush(in->alerts, now >= END_OF_INPUT ? INT64_MAX : now < INT64_MIN + in->lag ? INT64_MIN : now - in->lag);
}

static void complete_until(stage_run *run, timestamp until)
{
    run_internal *in = internal(run);
    while (in->timers.len && in->timers.at[0].due < until && !alert_queue_stopped(in->alerts)) complete_time(run, in->timers.at[0].due);
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
    case STAGE_CONTEXT: return &context_ops;
    case STAGE_EXPAND: return &expand_ops;
    case STAGE_JOIN: return &join_ops;
    case STAGE_ALERTS: return &alerts_ops;
    case STAGE_FOR_EACH: case STAGE_SAMPLE:
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
    for (size_t i = nodes->len; i-- > from;) /* from the end: a node that holds rows back comes behind its stage's own */
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

static void name_part(stage_run *run, node *n, pk_str name)
{
    if (node_has_part(n, name)) return;
    pk_str *names = ARENA_ARRAY(run->arena, pk_str, n->part_name_count + 1);
    if (n->part_name_count) memcpy(names, n->part_names, n->part_name_count * sizeof *names);
    names[n->part_name_count++] = name;
    n->part_names = names;
}

/* The parts that its rows may have: that of a source, those of its inputs; aggregates take them away again when they open. */
static void name_parts(stage_run *run, node *n)
{
    if (n->input_count == 0) name_part(run, n, n->stage->name);
    for (size_t i = 0; i < n->input_count; i++)
        for (size_t k = 0; k < n->inputs[i]->part_name_count; k++) name_part(run, n, n->inputs[i]->part_names[k]);
}

bool node_has_part(const node *n, pk_str name)
{
    for (size_t i = 0; i < n->part_name_count; i++)
        if (str_equal(n->part_names[i], name)) return true;
    return false;
}

/* A node behind others, which are its inputs in this order. */
static const char *add_node(stage_run *run, const rule *r, const stage *s, const stage_ops *ops, node **inputs, size_t count)
{
    run_internal *in = internal(run);
    node *n = ARENA_NEW(run->arena, node);
    *n = (node){.run = run, .stage = s, .rule = r, .plan = r->plan, .ops = ops, .inputs = inputs, .input_count = count};
    n->context = count > 0;
    n->number = (uint32_t)in->nodes.len;
    name_parts(run, n);
    for (size_t i = 0; i < count; i++) {
        if (inputs[i]->level >= n->level) n->level = inputs[i]->level + 1;
        if (inputs[i]->lag > n->lag) n->lag = inputs[i]->lag;
        n->late |= inputs[i]->late;
        n->context &= inputs[i]->context;
    }
    vec_push(&in->nodes, n); /* first: what open() made is closed with the others if it fails */
    const char *reason = ops->open(run, n);
    for (size_t i = 0; i < count && !reason; i++) add_user(run, inputs[i], n, i);
    if (n->lag > in->lag) in->lag = n->lag;
    return reason;
}

/* A node that hands the rows of another on when the clock is `lag` behind their time. */
static const char *add_delay(stage_run *run, const rule *r, node *behind, int64_t lag)
{
    node **input = ARENA_NEW(run->arena, node *);
    *input = behind;
    const char *reason = add_node(run, r, behind->stage, &delay_ops, input, 1);
    node *n = internal(run)->nodes.at[internal(run)->nodes.len - 1];
    n->lag = lag;
    if (lag > internal(run)->lag) internal(run)->lag = lag;
    return reason;
}

/* Rows of several inputs meet in one time: those that come sooner after theirs are held back. */
static const char *hold_back(stage_run *run, const rule *r, node **inputs, size_t count)
{
    int64_t lag = 0;
    const char *reason = NULL;
    for (size_t i = 0; i < count; i++)
        if (inputs[i]->lag > lag) lag = inputs[i]->lag;
    for (size_t i = 0; i < count && !reason; i++) {
        if (inputs[i]->lag == lag || inputs[i]->context) continue;
        reason = add_delay(run, r, inputs[i], lag);
        inputs[i] = internal(run)->nodes.at[internal(run)->nodes.len - 1];
    }
    return reason;
}

/* Behind all whose alerts it reads, and as late as the latest of them. */
static const char *follow_alerts(stage_run *run, const rule *r, node *reader)
{
    run_internal *in = internal(run);
    int64_t lag = 0;
    for (size_t i = 0; i < in->nodes.len; i++) {
        const node *n = in->nodes.at[i];
        if (!n->is_alert || n->rule == r || !reads_alerts_of(reader->stage, n->rule)) continue;
        if (n->level >= reader->level) reader->level = n->level + 1;
        if (n->lag > lag) lag = n->lag;
        reader->late |= n->late;
    }
    vec_push(&in->alert_readers, reader);
    return add_delay(run, r, reader, lag);
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
    const char *reason = hold_back(run, r, inputs, count);
    if (!reason) reason = add_node(run, r, s, ops, inputs, count);
    if (reason) return reason;
    node *made = internal(run)->nodes.at[internal(run)->nodes.len - 1];
    if (s->kind == STAGE_ALERTS) return follow_alerts(run, r, made);
    int64_t waits = s->kind == STAGE_JOIN ? join_wait(made) : 0;
    return waits ? add_delay(run, r, made, time_sum(made->lag, waits)) : NULL;
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
    alert->names_parts = plan_names_parts(r->plan);
    return NULL;
}

static void close_nodes(stage_run *run, size_t first)
{
    run_internal *in = internal(run);
    for (size_t i = first; i < in->nodes.len; i++)
        if (in->nodes.at[i]->ops->close) in->nodes.at[i]->ops->close(run, in->nodes.at[i]);
    while (in->alert_readers.len && in->alert_readers.at[in->alert_readers.len - 1]->number >= first) in->alert_readers.len--;
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

static bool reads_alerts(const rule *r)
{
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (r->plan->stages[i]->kind == STAGE_ALERTS) return true;
    return false;
}

/* Those that are named; of all rules those that read no alerts themselves: the others come in their own order. */
static bool waits_for_alerts(const stage *s, const rule *r)
{
    return reads_alerts_of(s, r) && (s->as.alerts.rule_count > 0 || !reads_alerts(r));
}

static bool reads_any(const rule *r, const rule *const *waiting, size_t count)
{
    for (size_t i = 0; i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        for (size_t k = 0; k < count && s->kind == STAGE_RULE; k++)
            if (waiting[k] && waiting[k] == s->as.rule.rule) return true;
        for (size_t k = 0; k < count && s->kind == STAGE_ALERTS; k++)
            if (waiting[k] && waiting[k] != r && waits_for_alerts(s, waiting[k])) return true;
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

static const stage *stage_of_stored(const stage_run *run, const stored_row *s)
{
    const rule *r = ir_rule(run->program->catalog, s->rule);
    if (rule_is_correlation(r)) return r->plan->stages[s->stage];
    return r->plan->alert ? r->plan->alert : r->plan->stages[0];
}

/* Context comes before all events. */
static void run_contexts(stage_run *run)
{
    run_internal *in = internal(run);
    for (size_t i = 0; i < in->nodes.len; i++)
        if (in->nodes.at[i]->ops == &context_ops) context_load(run, in->nodes.at[i]);
}

static void run_rows(stage_run *run, row_merge *merge)
{
    run_internal *in = internal(run);
    timestamp now = TIMESTAMP_NONE;
    uint64_t input = UINT64_MAX, position = UINT64_MAX; /* of the last event */
    for (stored_row s; !alert_queue_stopped(in->alerts) && row_merge_next(merge, &s);) {
        /* Events without a time come first, and each is a point in time of its own: only rules of one event take them. */
        bool another = now == TIMESTAMP_NONE && (s.event.input != input || s.event.position != position);
        if (s.time != now || another) {
            complete_time(run, now);
            if (s.time != TIMESTAMP_NONE) complete_until(run, s.time);
            now = s.time;
            input = s.event.input;
            position = s.event.position;
        }
        const stage *of = stage_of_stored(run, &s);
        part *p = part_new(run, &s);
        row *r = row_of_part(run, p, of->name);
        part_release(p);
        const rule *source = ir_rule(run->program->catalog, s.rule);
        feed_rule(run, s.rule, of, r);
        if (!rule_is_correlation(source)) feed_alert(run, source, NULL, r);
        row_release(r);
    }
    complete_time(run, now);
    complete_until(run, INT64_MAX);
    alert_queue_flush(in->alerts, INT64_MAX);
}

static void warn(const stage_run *run, uint64_t count, const char *code, const char *words)
{
    pk_str message = arena_printf(run->arena, "%llu ", (unsigned long long)count);
    if (count) diag_add_text(run->diags, PK_WARNING, code, (diag_place){0}, STR(""), arena_concat(run->arena, message, str_from(words)), STR(""));
}

static void report(const stage_run *run, pk_status status)
{
    if (status == PK_ERROR_IO)
        diag_add(run->diags, PK_ERROR, "stage-rows", (diag_place){0}, (pk_str){"", 0},
                 "is the disk of the temporary files full? TMPDIR names another folder for them",
                 "matched events could not be kept in temporary files or read back: the alerts of correlations are incomplete");
    if (run->evicted)
        diag_add(run->diags, PK_WARNING, "stage-limit", (diag_place){0}, (pk_str){"", 0}, NULL,
                 "%llu rows were left out of the windows of correlations, which held more than %llu MB at once",
                 (unsigned long long)run->evicted, (unsigned long long)(run->limit >> 20));
    warn(run, run->copies_cut, "expand-limit", "events had so many combinations of list elements that a rule looks at the first of them only");
    warn(run, run->combinations_cut, "join-limit", "times a row had more partners than a join makes combinations of: those beyond were left out");
}

static timestamp last_time(row_store **stores, size_t count)
{
    timestamp last = TIMESTAMP_NONE;
    for (size_t i = 0; i < count; i++)
        if (row_store_last_time(stores[i]) > last) last = row_store_last_time(stores[i]);
    return last;
}

static void free_run(stage_run *run, run_internal *in)
{
    close_nodes(run, 0);
    for (size_t i = 0; i < in->feed_count; i++) vec_free(&in->feeds[i]);
    vec_free(&in->nodes);
    vec_free(&in->timers);
    vec_free(&in->alert_readers);
    alert_queue_free(in->alerts);
    vec_free(&run->dirty);
    for (size_t i = 0; i < run->tests.len; i++)
        if (run->tests.at[i]) prepared_free(run->tests.at[i]);
    vec_free(&run->tests);
    if (run->has_regex) regex_scratch_free(&run->regex);
    ir_calls_free(run->calls);
    demand_free(&in->demand);
    arena_free(run->test_arena);
    arena_free(run->scratch);
    arena_free(run->arena);
}

pk_status stages_run(const program *p, row_store **stores, size_t count, size_t memory, const stage_inputs *inputs, stage_alert_fn fn,
                     void *user, diag_list *d)
{
    run_internal in = {0};
    stage_run run = {.program = p, .inputs = inputs, .arena = arena_new(), .scratch = arena_new(), .test_arena = arena_new(), .diags = d,
                     .limit = memory ? memory : WINDOW_MEMORY, .calls = ir_calls_new(), .internal = &in};
    ir_calls_set_now(run.calls, inputs && inputs->now && inputs->now != TIMESTAMP_NONE ? inputs->now : last_time(stores, count));
    in.alerts = alert_queue_new(&run, stores, fn, user);
    demand_build(&in.demand, p);
    in.feed_count = in.demand.rule_count;
    in.feeds = ARENA_ARRAY(run.arena, feed_list, in.feed_count + 1);

    size_t correlations;
    const rule *const *rules = program_correlations(p, &correlations);
    build_plans(&run, rules, correlations);

    row_merge *merge = row_merge_new(stores, count, &in.demand);
    run_contexts(&run);
    run_rows(&run, merge);
    pk_status status = row_merge_failed(merge) ? PK_ERROR_IO : alert_queue_status(in.alerts);
    row_merge_free(merge);
    report(&run, status);
    if (alert_queue_stopped(in.alerts)) status = PK_STOPPED;
    free_run(&run, &in);
    return status;
}
