/*
 * Plans become nodes: one for each stage behind its inputs, and those that hold rows back. A plan that can't be run is a
 * diagnostic and leaves none. Plans that are read (their rows or their alerts) come before their readers.
 */
#include "engine/stage_alert_rows.h"
#include "engine/stage_run.h"

/* ---- columns and parts ---- */

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

bool node_has_part(const node *n, pk_str name)
{
    for (size_t i = 0; i < n->part_name_count; i++)
        if (str_equal(n->part_names[i], name)) return true;
    return false;
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
    if (n->input_count == 0 && n->stage->kind != STAGE_ROWS) name_part(run, n, n->stage->name);
    for (size_t i = 0; i < n->input_count; i++)
        for (size_t k = 0; k < n->inputs[i]->part_name_count; k++) name_part(run, n, n->inputs[i]->part_names[k]);
}

/* ---- a node ---- */

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
    case STAGE_CONTEXT: case STAGE_ROWS: return &context_ops;
    case STAGE_EXPAND: return &expand_ops;
    case STAGE_HISTORY: return &history_ops;
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

/* ---- a plan ---- */

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

void close_nodes(stage_run *run, size_t first)
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

/* ---- all plans ---- */

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
void build_plans(stage_run *run, const rule *const *rules, size_t count)
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
