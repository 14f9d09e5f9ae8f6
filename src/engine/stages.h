/*
 * Stages at run time: a plan becomes nodes that push rows to each other in order of time.
 *
 * All rows of one point in time are pushed before any node decides: a node that a row touched is put on the run's list and
 * decides when time moves on (decide), nodes nearer to the sources first. So the order of events that carry the same time
 * never matters. Decisions that wait for a window to close are timers; the run fires them before later rows.
 */
#ifndef PICKET_ENGINE_STAGES_H
#define PICKET_ENGINE_STAGES_H

#include "engine/rows.h"

#define ROW_EVENTS_KEPT 100       /* events that a row remembers; their true number is counted beside */

typedef struct {
    uint32_t refs;
    timestamp time;
    uint64_t input, position;     /* of its first event: ties */
    uint32_t origin;              /* input of the last union that it came through */
    value *columns;               /* as the columns of the node that made it */
    size_t column_count;
    row_event *events;            /* in order of time, at most ROW_EVENTS_KEPT */
    size_t event_count;
    uint64_t event_total;
} row;

typedef struct node node;
typedef struct stage_run stage_run;

/* What each kind of stage does at run time; one row a kind in stages.c. */
typedef struct {
    stage_kind kind;
    /* Checks the stage, sets the node's columns and state. A literal with the reason if it cannot be run, else NULL. */
    const char *(*open)(stage_run *run, node *n);
    void (*push)(stage_run *run, node *n, size_t input, row *r);
    void (*decide)(stage_run *run, node *n, timestamp now);            /* NULL: nothing is ever deferred */
    void (*timer)(stage_run *run, node *n, void *group, uint64_t ticket, timestamp due); /* NULL: sets no timers */
    void (*close)(node *n);
} stage_ops;

struct node {
    const stage_ops *ops;
    const stage *stage;
    const rule *rule;             /* whose plan it belongs to */
    uint32_t level;               /* distance from the sources */
    pk_str *columns;
    size_t column_count;
    struct { node *node; size_t input; } *users;
    size_t user_count, user_cap;
    node **inputs;                /* nodes of stage->inputs */
    bool is_alert;                /* its rows are the alerts of `rule` */
    bool dirty;
    void *state;
};

struct stage_run {
    const program *program;
    arena *arena;                 /* nodes; as long as the run */
    diag_list *diags;
    uint64_t rows_held, row_limit, evicted; /* rows in windows, over all nodes */
    VEC(node *) dirty;
    void *internal;               /* stages.c */
};

/* ---- rows ---- */

row *row_new(size_t columns, size_t events);
row *row_hold(row *r);
void row_release(row *r);         /* frees with the last reference */
void row_set_column(row *r, size_t i, const value *v); /* copies what v points to into the row */

void node_emit(stage_run *run, node *n, row *r);       /* gives the row to all users; the caller keeps its reference */
void node_touch(stage_run *run, node *n);              /* asks for decide() when this point in time is complete */
void run_set_timer(stage_run *run, node *n, void *group, uint64_t ticket, timestamp due);
size_t node_column(const node *n, pk_str name);        /* index or STR_NPOS */

/* A row of several others: their events together, in order of time, the first ROW_EVENTS_KEPT kept. */
void row_take_events(row *into, row *const *rows, size_t count);

/* ---- expressions over rows ---- */

/*
 * Value of an expression over a row of node `n` in `a`; truth is a bool or null (three-valued). Functions are those of
 * ir/functions. A field that is no column is missing.
 */
value row_eval(const node *n, const row *r, const expr *e, arena *a);
bool row_true(const node *n, const row *r, const expr *e, arena *a);

/* The text by which two values of a key are the same: that of scalars, JSON of lists. Appended to `out`. */
void put_key_value(text *out, const value *v);

extern const stage_ops aggregate_ops, sequence_ops;

#endif
