/*
 * Aggregates inside: groups, the rows in their windows, and when they decide. What the files of the stage share:
 *   aggregate_open.c      what the stage asks, how it will decide, its columns
 *   aggregate_rows.c      the rows of a group; of sliding windows all rows of the node
 *   aggregate_windows.c   where windows begin and end; their timers
 *   stage_aggregate.c     rows come, groups decide
 */
#ifndef PICKET_ENGINE_AGGREGATE_H
#define PICKET_ENGINE_AGGREGATE_H

#include "engine/accumulator.h"
#include "engine/history.h"

typedef enum { DECIDE_AT_ROWS, DECIDE_AT_TIMES, DECIDE_AT_CLOSE, DECIDE_HOPPING, DECIDE_ANCHORED, DECIDE_RUNNING } decision_kind;

typedef struct {
    group_head head;
    row **rows;                   /* ring of the window's rows, oldest first; anchored: heap by start, from 0 on */
    size_t first, count, cap;
    bool mixed;                   /* rows of one time may not be in the order of their places */
    accumulator *accumulators;
    size_t cleared;               /* rows at the front of the node's entries that have left already */
    size_t timers;                /* set and not yet fired */
    timestamp hop;                /* start of the latest window that has a timer */
    bool has_hop;
    timestamp due;                /* anchored: the earliest timer that is set */
    timestamp over;               /* anchored: end of the last window that held; rows that start up to then don't count */
    bool has_over;
    timestamp pivot;              /* around: time of its event */
    bool holding;                 /* `having` was true at the last decision */
    bool touched;
    VEC(row *) waiting;           /* running: rows of the present time */
    bool looks_made;              /* functions that look back are there, for a window that begins at: */
    timestamp looks_from;
} window_group;

typedef struct {
    window_group *group;
    timestamp time;
} window_entry;

typedef struct {
    const aggregate_kind **kinds; /* of the functions */
    bool *asked;                  /* functions that `having` reads */
    bool *looks_back;             /* functions that ask a history what was before the window */
    bool some_look_back;
    decision_kind decision;
    bool quiet;
    bool by_start;                /* rows in order of their start; what does not lie in a window with both ends is left out */
    bool spanning;                /* rows may have several parts with a time */
    bool of_event;                /* a key tells events apart */
    group_table groups;
    VEC(window_group *) touched;
    window_entry *entries;        /* ring: all rows in windows decided at rows, in order of time */
    size_t entry_first, entry_count, entry_cap;
    size_t row_cost;              /* bytes that a row costs beside itself */
    arena *values;                /* of one decision */
} aggregate_state;

typedef struct { timestamp start, end; } window_bounds;

static inline timestamp time_before(timestamp t, int64_t by) { return t < INT64_MIN + 1 + by ? INT64_MIN + 1 : t - by; }

const char *aggregate_open(stage_run *run, node *n);   /* as stage_ops.open */

/* ---- the rows of a group (aggregate_rows.c) ---- */

static inline row *window_row(const window_group *g, size_t i) { return g->rows[(g->first + i) % g->cap]; }
void window_add_row(stage_run *run, const node *n, const aggregate_state *st, window_group *g, row *r);
void window_remove_oldest(stage_run *run, const node *n, const aggregate_state *st, window_group *g);
void window_remove_all(stage_run *run, const node *n, const aggregate_state *st, window_group *g);
row **window_ordered_rows(const aggregate_state *st, window_group *g, arena *a); /* all, in the order in which functions see them */
/* Functions that look back, for a window that begins there: made anew when it sees something else than the last one. */
void window_look_back(stage_run *run, const node *n, const aggregate_state *st, window_group *g, timestamp start);
void window_drop(stage_run *run, const node *n, aggregate_state *st, window_group *g); /* frees the group */
void window_drop_if_empty(stage_run *run, const node *n, aggregate_state *st, window_group *g);
/* Of sliding windows: all rows of the node in order of time; those older than the span leave, the oldest when too much is held. */
void window_push_entry(aggregate_state *st, window_group *g, timestamp t);
void window_expire(stage_run *run, const node *n, aggregate_state *st, timestamp now);

/* ---- windows (aggregate_windows.c) ---- */

/* The window that closes at `t`; `start` of those that overlap. */
window_bounds window_bounds_of(const node *n, const window_group *g, timestamp t, timestamp start);
window_bounds bounds_of_rows(const window_group *g);   /* from the start of the first row to the end of the last */
timestamp window_end(const ir_window *w, timestamp t); /* the last point in time that belongs to the window that a row at `t` opens */
/* Does the row lie in a window with both its ends? Asked where windows are those of parts. */
bool window_holds_row(const ir_window *w, const row *r);
/* Around a part each of its events is a group of its own. false: the row is in no such window. */
bool window_add_pivot(const node *n, const row *r, row_key_ways *keys, timestamp *pivot, arena *a);
void window_set_timer(stage_run *run, node *n, window_group *g, timestamp start, timestamp due);
void window_set_hops(stage_run *run, node *n, window_group *g, timestamp t); /* for windows around `t` that have none yet */
void window_arm(stage_run *run, node *n, window_group *g); /* for the window that the first row opens, unless an earlier one is set */

#endif
