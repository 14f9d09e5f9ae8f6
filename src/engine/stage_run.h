/*
 * The run of stages inside: what stages.c (rows), stage_build.c (plans become nodes) and stage_clock.c (decisions and timers) share.
 */
#ifndef PICKET_ENGINE_STAGE_RUN_H
#define PICKET_ENGINE_STAGE_RUN_H

#include "engine/stage_alerts.h"

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

static inline run_internal *internal(const stage_run *run) { return run->internal; }

/* ---- stage_build.c ---- */

/* Nodes of all plans, those that are read before their readers; what can't be run is a diagnostic. */
void build_plans(stage_run *run, const rule *const *rules, size_t count);
void close_nodes(stage_run *run, size_t first); /* from this one on */

/* ---- stage_clock.c ---- */

/* Whatever is to happen at `now`, nearest to the sources first; it may touch other nodes and set timers for now. */
void complete_time(stage_run *run, timestamp now);
void complete_until(stage_run *run, timestamp until); /* times before this that have timers */

#endif
