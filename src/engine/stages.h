/*
 * Stages at run time: a plan becomes nodes that push rows to each other in order of time.
 *
 * All rows of one point in time are pushed before any node decides: a node that a row touched is put on the run's list and
 * decides when that point in time is complete (decide), nodes nearer to the sources first. So the order of events that
 * carry the same time never matters. Decisions that wait for a window to close are timers; one that is due at a time comes
 * with the decisions of that time, in the same order of nodes.
 *
 * Some nodes can say of a row only later whether it goes on (a join that looks for what is absent). They have a lag: rows of a
 * time come out when the run is so much later. All that stands behind such a node lives that much in the past: its times,
 * timers and decisions are those of the clock less the lag, and its other inputs are held back (stage_delay.c).
 */
#ifndef PICKET_ENGINE_STAGES_H
#define PICKET_ENGINE_STAGES_H

#include "compile/program_private.h"
#include "engine/rows.h"
#include "ir/functions.h"

#define END_OF_INPUT (INT64_MAX - 1) /* the last time: what waits for the end of the input is due then */
#define ROW_EVENTS_KEPT 100       /* events that a row remembers; their true number is counted beside */

/* A column that a stage made. */
typedef struct {
    pk_str name;
    bool key;                     /* a group key: shown as such by alerts */
    bool step;                    /* from a step of a sequence: there for later stages, not shown by alerts */
    bool hidden;                  /* a key that only tells events apart: part(e) */
} row_column;

/* ---- parts: an event or a context record that rows bring along, shared by all of them (stage_parts.c) ---- */

typedef struct {
    uint32_t refs;
    bool context;                 /* a context record: it has no time, and no event */
    bool is_alert;                /* an alert of another rule: its events are the row's own; `event` is its time and place in order */
    bool nested;                  /* as stored_row.nested */
    timestamp time;
    uint64_t number;              /* of the context record */
    row_event event;
    value record;                 /* cut to the demand; of a context the whole */
    void *block;                  /* what `record` points to */
    row_event *events;            /* of an alert: at most PART_SAMPLES of those that it comes from; its own */
    size_t event_count;
    uint64_t *account;
    size_t bytes;
} part;

typedef struct {
    pk_str name;                  /* of the stage that brought it */
    part *part;
    uint64_t copy;                /* which of the copies that an expand made of it */
} row_part;

/* Parts that stood behind the rows of a group, by name: what alerts show (at most PART_SAMPLES a name, first ones first). */
typedef struct {
    pk_str name;
    bool context;
    part *parts[PART_SAMPLES];
    size_t count;
    uint64_t total;
} row_sample;

typedef struct {
    uint32_t refs;
    size_t count;
    row_sample at[];
} row_samples;

typedef struct {
    uint32_t refs;
    timestamp time;               /* of its last part; TIMESTAMP_NONE: of context records only */
    timestamp start;              /* of its first part */
    uint64_t input, position;     /* place of its last event: order of rows of one time */
    uint32_t origin;              /* number of the input of the last union: order of rows of one event */
    uint64_t serial;              /* in the order in which rows are made: of rows that nothing else tells apart */
    value *columns;               /* as the columns of the node that made it; MISSING: not there */
    size_t column_count;
    row_part *parts;              /* none behind an aggregate */
    size_t part_count;
    row_event *events;            /* that it comes from beside those of its parts; in order of time, at most ROW_EVENTS_KEPT */
    size_t event_count;
    uint64_t event_total;
    bool windowed, of_event;      /* as in stage_alert */
    bool bounded;                 /* the row of a group: the window that it looks back from is its own */
    timestamp window_start, window_end;
    row_samples *samples;         /* NULL: none */
    uint64_t *account;            /* of the run: bytes held by rows and groups */
    size_t bytes;
} row;

typedef struct node node;
typedef struct stage_run stage_run;
typedef struct group_head group_head;
typedef struct run_context run_context; /* stage_context.h */

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
    uint32_t number;              /* in the order in which nodes are made */
    row_column *columns;
    size_t column_count;
    pk_str *part_names;           /* parts that its rows may have */
    size_t part_name_count;
    struct { node *node; size_t input; } *users;
    size_t user_count, user_cap;
    node **inputs;                /* nodes of stage->inputs */
    size_t input_count;
    bool is_alert;                /* its rows are the alerts of `rule` */
    bool names_parts;             /* an alert's: its author gave the parts names, which alerts show */
    bool late;                    /* its rows may come when their time is over: no window can be behind it */
    bool context;                 /* its rows are context records, which all come before the first event */
    int64_t lag;                  /* its rows come when the clock is so much later than their time */
    stage_run *run;
    bool dirty;
    void *state;
};

struct stage_run {
    const program *program;
    const stage_inputs *inputs;   /* NULL: none */
    arena *arena;                 /* nodes; as long as the run */
    arena *scratch;               /* one row: reset by whoever begins with one */
    diag_list *diags;
    uint64_t rows_made;
    uint64_t bytes, limit;        /* held by rows and groups, over all nodes */
    uint64_t evicted;             /* rows that left a window because of the limit */
    uint64_t copies_cut, combinations_cut; /* rows that expand and join left out at their caps */
    ir_calls *calls;              /* what functions keep */
    const timestamp *window;      /* start of the window that functions are computed of now; NULL: none */
    VEC(node *) histories;        /* nodes of HISTORY stages */
    timestamp first_time;         /* of the first row; NONE: none had a time yet */
    int64_t short_history;        /* the longest history that was asked for what was before it; 0: none was */
    VEC(node *) dirty;
    VEC(prepared_test *) tests;   /* by number of the test, as expressions over rows come to need them */
    arena *test_arena;
    regex_scratch regex;
    bool has_regex;
    run_context *contexts;      /* records of context, for all plans */
    const struct context_again *again; /* set while a record of context is made rows for a join */
    void *internal;               /* stage_run.h */
};

part *part_new(stage_run *run, const stored_row *s);  /* copies the record */
part *part_of_context(stage_run *run, const value *record, uint64_t number); /* the same */
part *part_hold(part *p);
void part_release(part *p);
int part_order(const part *x, const part *y);         /* 0: the same event or record */
/* Values of a field of the part, appended; `f` with a part's name or a schema, or one that is no column. */
void part_values(const part *p, const ir_field *f, arena *a, list_builder *out);
/* Copies what a value points to into one block, which the caller frees; adds its size to *bytes. */
value value_own(const value *v, void **block, size_t *bytes);

/* ---- rows (stage_rows.c) ---- */

row *row_new(stage_run *run, size_t columns, size_t parts);
row *row_of_part(stage_run *run, part *p, pk_str name); /* no columns yet */
row *row_like(stage_run *run, const row *from, size_t columns); /* time, place, parts, events, window of another */
row *row_hold(row *r);
void row_release(row *r);         /* frees with the last reference */
void row_set_column(row *r, size_t i, const value *v); /* copies what v points to into the row */
void row_set_part(row *r, size_t i, pk_str name, part *p, uint64_t copy);
const row_part *row_find_part(const row *r, pk_str name); /* the first of that name; NULL */
/*
 * A row of several others: the events of all, in order of time, each once, the first ROW_EVENTS_KEPT kept, as its own; the place
 * of the last. `into` may be one of them.
 */
void row_take_events(row *into, row *const *rows, size_t count);
row_samples *row_samples_of(const plan *p, row *const *rows, size_t count);
void row_samples_release(row_samples *s);
/* By time, place, origin; then by the parts, so that combinations have an order (docs/ir.md, Join). */
int row_order(const row *x, const row *y);
int row_order_by_start(const row *x, const row *y); /* by start, then the same */
void rows_sort(row **rows, size_t count, bool by_start);

/* ---- nodes (stages.c, stage_build.c, stage_clock.c) ---- */

void node_emit(stage_run *run, node *n, row *r);       /* gives the row to all users; the caller keeps its reference */
void node_touch(stage_run *run, node *n);              /* asks for decide() when this point in time is complete */
/* Calls timer() with the decisions of time `due`. `group` (which may be NULL) must live until then. */
void run_set_timer(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due);
void node_add_column(stage_run *run, node *n, row_column c);
size_t node_column(const node *n, pk_str name); /* index or STR_NPOS */
bool node_has_part(const node *n, pk_str name);
bool run_is_full(const stage_run *run);                /* too many bytes are held: something must go */
const node *run_alert_node(const stage_run *run, const rule *r); /* of a correlation; NULL: it does not run */

/* ---- expressions over rows (stage_expr.c) ---- */

/*
 * Values of an expression over a row of node `n`, appended to `out` (nulls too); nothing: missing. Means what ir/eval_expr.c
 * says, with the functions of ir/functions and the tests of compile/prepared.
 */
void row_values(const node *n, const row *r, const expr *e, arena *a, list_builder *out);
value row_value(const node *n, const row *r, const expr *e, arena *a);   /* several: a list; none: MISSING */
bool row_true(const node *n, const row *r, const expr *e, arena *a);     /* NULL is true */
/* Why the engine cannot run the plan's expressions over rows; NULL: it can. */
const char *expr_problem(const plan *p);
bool value_is_nothing(const value *v);                 /* missing or null */
/* stage_tests.c: a use of tests on these values; nulls among them. `negated`: some value differs. */
compared use_of_values(stage_run *run, const ir_use *u, const list_builder *values, bool negated, arena *a);

void context_load(stage_run *run, node *n);            /* stage_context.c: pushes all records */
int64_t join_wait(const node *n);                      /* stage_join.c: how long its rows may come after their time; 0: not at all */
static inline timestamp time_sum(timestamp t, int64_t by) { return t > END_OF_INPUT - by ? END_OF_INPUT : t + by; } /* by >= 0 */

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

extern const stage_ops match_ops, rule_ops, context_ops, where_ops, derive_ops, expand_ops, history_ops, union_ops, aggregate_ops, sequence_ops, join_ops, alerts_ops;
extern const stage_ops delay_ops; /* not of a stage: holds rows back until their time has come for those that are behind it */
extern const stage_ops quiet_ops; /* not of a stage: stands behind the alert stage of a plan that is quiet for a time */

#endif
