/*
 * When nodes decide.
 *
 * When a later time comes, the one before is completed: nodes that rows touched, and nodes with timers due, act in order of
 * their distance from the sources, so that each sees all rows of that time before it decides; then the times between that
 * have timers.
 */
#include "engine/stage_run.h"

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

/* ---- timers ---- */

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

/* ---- a time is complete ---- */

static size_t first_dirty(const stage_run *run)
{
    size_t first = 0;
    for (size_t i = 1; i < run->dirty.len; i++)
        if (node_before(run->dirty.at[i], run->dirty.at[first])) first = i;
    return first;
}

void complete_time(stage_run *run, timestamp now)
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

void complete_until(stage_run *run, timestamp until)
{
    run_internal *in = internal(run);
    while (in->timers.len && in->timers.at[0].due < until && !alert_queue_stopped(in->alerts)) complete_time(run, in->timers.at[0].due);
}
