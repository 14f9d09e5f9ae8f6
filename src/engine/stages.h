/*
 * Stages at run time: a plan becomes nodes that push rows to each other in order of time.
 *
 * All rows of one point in time are pushed before any node decides: a node that a row touched is put on the run's list and
 * decides when that point in time is complete (decide), nodes nearer to the sources first. So the order of events that
 * carry the same time never matters. Decisions that wait for a window to close are timers; one that is due at a time comes
 * with the decisions of that time, in the same order of nodes.
 */
#ifndef PICKET_ENGINE_STAGES_H
#define PICKET_ENGINE_STAGES_H

#include "engine/rows.h"

#define ROW_EVENTS_KEPT 100       /* events that a row remembers; their true number is counted beside */

/*
 * A column of a node's rows: one that a stage made, or (part) a field of the event that is the row's only part. They are
 * kept apart as in the evaluator: a name without schema means the former if it is there.
 */
typedef struct {
    pk_str name;
    bool part;
    bool key;                     /* a group key: shown as such by alerts */
    bool step;                    /* from a step of a sequence: there for later stages, not shown by alerts */
} row_column;

typedef struct {
    uint32_t refs;
    uint32_t part_count;          /* events that it is made of, by the meaning of docs/ir.md; none behind an aggregate */
    timestamp time;
    uint64_t input, position;     /* place of its last event: order of rows of one time */
    uint32_t origin;              /* number of the input of the last union: order of rows of one event */
    value *columns;               /* as the columns of the node that made it; MISSING: not there */
    size_t column_count;
    row_event *events;            /* in order of time, at most ROW_EVENTS_KEPT */
    size_t event_count;
    uint64_t event_total;
    uint64_t *account;            /* of the run: bytes held by rows and groups */
    size_t bytes;
} row;

typedef struct node node;
typedef struct stage_run stage_run;
typedef struct group_head group_head;

/* What each kind of stage does at run time. */
typedef struct {
    /* Checks the stage, sets the node's columns and state. A literal with the reason if it cannot be run, else NULL. */
    const char *(*open)(stage_run *run, node *n);
    void (*push)(stage_run *run, node *n, size_t input, row *r);
    void (*decide)(stage_run *run, node *n, timestamp now);            /* NULL: nothing is ever deferred */
    void (*timer)(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due); /* NULL: sets no timers */
    void (*close)(stage_run *run, node *n);
} stage_ops;

struct node {
    const stage_ops *ops;
    const stage *stage;
    const rule *rule;             /* whose plan it belongs to */
    const plan *plan;
    uint32_t level;               /* distance from the sources */
    row_column *columns;
    size_t column_count;
    struct { node *node; size_t input; } *users;
    size_t user_count, user_cap;
    node **inputs;                /* nodes of stage->inputs */
    size_t input_count;
    bool is_alert;                /* its rows are the alerts of `rule` */
    bool late;                    /* its rows may come when their time is over: no window can be behind it */
    bool dirty;
    void *state;
};

struct stage_run {
    const program *program;
    arena *arena;                 /* nodes; as long as the run */
    arena *scratch;               /* one row: reset by whoever begins with one */
    diag_list *diags;
    uint64_t bytes, limit;        /* held by rows and groups, over all nodes */
    uint64_t evicted;             /* rows that left a window because of the limit */
    VEC(node *) dirty;
    void *internal;               /* stages.c */
};

/* ---- rows (stage_rows.c) ---- */

row *row_new(stage_run *run, size_t columns, size_t events);
row *row_like(stage_run *run, const row *from, size_t columns); /* time, place, parts and events of another */
row *row_hold(row *r);
void row_release(row *r);         /* frees with the last reference */
void row_set_column(row *r, size_t i, const value *v); /* copies what v points to into the row */
/* A row of several others: their events together, in order of time, the first ROW_EVENTS_KEPT kept; the place of the last. */
void row_take_events(row *into, row *const *rows, size_t count);
int row_order(const row *x, const row *y); /* by time, place, origin */
void rows_sort(row **rows, size_t count);

/* ---- nodes (stages.c) ---- */

void node_emit(stage_run *run, node *n, row *r);       /* gives the row to all users; the caller keeps its reference */
void node_touch(stage_run *run, node *n);              /* asks for decide() when this point in time is complete */
/* Calls timer() with the decisions of time `due`. `group` must live until then. */
void run_set_timer(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due);
void node_add_column(stage_run *run, node *n, row_column c);
size_t node_column(const node *n, pk_str name, bool part); /* index or STR_NPOS */
bool run_is_full(const stage_run *run);                /* too many bytes are held: something must go */
const node *run_alert_node(const stage_run *run, const rule *r); /* of a correlation; NULL: it does not run */
const row_demand *run_demand(const stage_run *run, uint32_t rule_index); /* NULL: nobody reads its rows */

/* ---- expressions over rows (stage_expr.c) ---- */

/*
 * Values of an expression over a row of node `n`, appended to `out` (nulls too); nothing: missing. Means what ir/eval_expr.c
 * says, with the functions of ir/functions; a row has no tests of its own yet (expr_problem).
 */
void row_values(const node *n, const row *r, const expr *e, arena *a, list_builder *out);
value row_value(const node *n, const row *r, const expr *e, arena *a);   /* several: a list; none: MISSING */
bool row_true(const node *n, const row *r, const expr *e, arena *a);     /* NULL is true */
/* Why the engine cannot run the plan's expressions over rows; NULL: it can. */
const char *expr_problem(const plan *p);
bool value_is_nothing(const value *v);                 /* missing or null */

/* The text by which two values are the same. */
pk_str value_key_text(arena *a, const value *v);

/* ---- keys and groups (stage_groups.c) ---- */

/* Appends the text by which two values of a key are the same, so that keys of several parts can't run into each other. */
void put_key_text(text *out, const value *v, arena *a);

/* One way in which a row has keys; `many each` makes several. */
typedef struct { pk_str text; value *values; } row_key_way;
typedef struct { VEC(row_key_way) ways; } row_key_ways;
/* None: a key is missing, and the row belongs to no group. In `a`. */
row_key_ways row_keys_of(const node *n, const row *r, const ir_key *keys, size_t count, arena *a);
const char *keys_problem(const ir_key *keys, size_t count); /* NULL: they can be run */

/* The head of what a node keeps for each key; find and remove by key. */
struct group_head {
    pk_str key;                   /* owned */
    uint64_t hash;
    row *keys;                    /* the values of the key */
    size_t bytes;                 /* on the run's account, beside its rows */
    group_head *next;             /* in its bucket */
};
typedef struct {
    group_head **buckets;
    size_t mask, count;
} group_table;
/* The group of this key; made (zeroed, `size` bytes) if there is none yet. */
group_head *group_of(stage_run *run, group_table *t, const row_key_way *key, size_t key_count, size_t size);
int group_order(const void *x, const void *y);        /* of two group_head *, by key: of what happens at one time */
void group_remove(stage_run *run, group_table *t, group_head *g); /* and frees it */
void group_table_free(group_table *t);                /* once no groups are left */

extern const stage_ops match_ops, rule_ops, where_ops, derive_ops, union_ops, aggregate_ops, sequence_ops;
extern const stage_ops quiet_ops; /* not of a stage: stands behind the alert stage of a plan that is quiet for a time */

#endif
