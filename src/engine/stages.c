/*
 * Runs the stages of all correlations over the merged rows, which come in order of time. See stages.h for how nodes push and
 * decide; alerts of one point in time are put in order of rule, then key.
 */
#include "engine/stage_context.h"
#include "engine/stage_alert_rows.h"
#include "engine/stage_run.h"

#define WINDOW_MEMORY (UINT64_C(1) << 30)

bool run_is_full(const stage_run *run) { return run->bytes > run->limit; }

/* ---- pushing ---- */

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

/* ---- the rows ---- */

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
        if (run->first_time == TIMESTAMP_NONE) run->first_time = s.time;
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

/* ---- a run ---- */

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
    if (run->short_history && run->inputs && run->inputs->looked_back) run->inputs->looked_back(run->short_history, run->first_time, run->inputs->user);
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
    vec_free(&run->histories);
    for (size_t i = 0; i < run->tests.len; i++)
        if (run->tests.at[i]) prepared_free(run->tests.at[i]);
    vec_free(&run->tests);
    if (run->has_regex) regex_scratch_free(&run->regex);
    ir_calls_free(run->calls);
    run_context_free(run->contexts);
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
                     .limit = memory ? memory : WINDOW_MEMORY, .calls = ir_calls_new(), .contexts = run_context_new(), .internal = &in,
                     .first_time = TIMESTAMP_NONE};
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
