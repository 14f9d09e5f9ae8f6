/* The reference evaluator's own. */
#ifndef PICKET_IR_EVAL_PRIVATE_H
#define PICKET_IR_EVAL_PRIVATE_H

#include "ir/eval.h"
#include "ir/functions.h"

/* ---- tests (eval_tests.c) ---- */

bool eval_test_value(eval_context *c, const ir_test *t, const value *v, number_policy numbers, arena *a);
/* Does text `x` fit `y` (a whole, a beginning, an end, a part, a pattern)? */
bool eval_text_fits(eval_context *c, test_kind how, bool cased, pk_str x, pk_str y, arena *a);
void eval_count_stopped(eval_context *c);
void eval_count_cut(eval_context *c);
ir_calls *eval_calls(eval_context *c);

/* ---- rows ---- */

typedef struct {
    pk_str name;                  /* of the stage that brought it */
    const stage *match;           /* whose schema its fields have */
    const eval_event *event;
    bool timeless;                /* a context record */
} row_part;

/* Bounds of a window, or begin and end of a row; from > to: no time. */
typedef struct { timestamp from, to; } time_range;

typedef struct {
    timestamp time;
    uint64_t order;
    row_part *parts;
    size_t part_count;
    value columns;                /* record */
    const eval_event **events;
    size_t event_count;
    eval_part *members;           /* of an aggregate's row: the different events of the parts of its rows */
    size_t member_count;
    bool has_window;              /* an aggregate's row */
    time_range window;
    size_t place;                 /* scratch of sort_rows */
} row;

typedef struct { VEC(row) items; } row_list;

/* ---- expressions (eval_expr.c) ---- */

typedef enum { TRUTH_FALSE, TRUTH_TRUE, TRUTH_NULL } truth;

typedef struct element_binding element_binding;
struct element_binding { pk_str name; value element; const element_binding *outer; };

typedef struct plan_run plan_run;

typedef struct {
    const plan_run *run;          /* NULL: a match alone */
    const plan *plan;
    const eval_schema *schema;
    eval_context *context;
    arena *arena;
    const row *row;
    const row *outer;             /* the row that a for-each body runs for */
    const element_binding *elements;
    pk_str loop, loop_column;     /* derive: the loop's name and the column that it stands for now */
    timestamp now;
    int depth;
} eval_env;

truth eval_truth(eval_env *env, const expr *e);
bool eval_true(eval_env *env, const expr *e);         /* NULL is true */
void eval_values(eval_env *env, const expr *e, list_builder *out);
value eval_value(eval_env *env, const expr *e);       /* none: MISSING; several: a list */
void eval_field(eval_env *env, const ir_field *f, list_builder *out);
bool value_is_absent(const value *v);                 /* missing or null */
pk_str column_name_of(arena *a, pk_str path);         /* the path without "[]" */
value value_at(const value *v, pk_str path, arena *a); /* what stands there below a list's element; several: a list */

/* ---- stages ---- */

struct plan_run {
    const rule *rule;
    const plan *plan;
    const eval_schema *schema;
    eval_context *context;
    arena *arena;
    const eval_event *events;
    size_t event_count;
    timestamp from, to;           /* engine time that match stages see: (from, to]; NONE: all */
    timestamp now;
    const row *outer;
    row_list *results;            /* by stage, NULL until run */
    bool *done;
    int depth;
    uint64_t *work;               /* shared by all plans of one run */
    struct rule_alerts *alerts;   /* the same: of each rule of the schema, NULL if it has none; see eval_alerts.c */
    const struct history **histories; /* by stage, NULL until made */
    const time_range *window;     /* that an aggregate computes its functions of; NULL: none */
};

eval_env env_of(const plan_run *run, const row *r);
bool eval_spend(plan_run *run);                       /* false: the run has made too many combinations already */
const row_list *run_stage(plan_run *run, const stage *s);
row_list run_plan(plan_run outer, const plan *p);     /* rows of its alert stage, after `quiet` */
void sort_rows(row_list *rows);                       /* by time, then order of input; else as they were */
void sort_by_parts(const plan *p, row_list *rows);    /* by begin, time, order of input, then part by part; else as they were */
time_range range_of(const row *r);                    /* earliest and latest time of its parts */
timestamp begin_of(const row *r);                     /* of the range, or the row's own time */
timestamp end_of(const row *r);
int64_t time_between(timestamp from, timestamp to);   /* bounded instead of overflowing */
timestamp time_later(timestamp t, int64_t by);
row join_rows(arena *a, const row *x, const row *y);  /* parts, columns (those of x win) and events of both */
void take_events(arena *a, row *into, const row *const *rows, size_t count); /* of all, in order of time, each once */
void row_set(arena *a, row *r, pk_str column, value v);
/* Key texts of a row, one for each way (many each); false: the row has none. *passes: it goes on unchanged. */
typedef struct { pk_str text; value *values; } row_key;
typedef struct { VEC(row_key) items; } row_keys;
row_keys keys_of(const plan_run *run, const row *r, const ir_key *keys, size_t count, bool *passes);

/* Alerts of the rules that an ALERTS stage reads, as events, with those that they come from; in order of rules (eval_alerts.c). */
typedef struct { const eval_event *event, **from; size_t count; } alert_event;
typedef struct { VEC(alert_event) items; } alert_list;
alert_list alerts_for(plan_run *run, const stage *s);
struct rule_alerts *rule_alerts_new(const eval_schema *s, const rule *outermost, arena *a);
eval_row tell_row(const plan_run *run, const plan *p, const row *r);

row_list run_expand(plan_run *run, const stage *s);
row_list run_aggregate(plan_run *run, const stage *s);
row_list run_sequence(plan_run *run, const stage *s);
row_list run_sample(plan_run *run, const stage *s);
row_list run_join(plan_run *run, const stage *s);
row_list run_lookup(plan_run *run, const stage *s);
row_list run_new_terms(plan_run *run, const stage *s);

/* ---- history (eval_history.c) ---- */

timestamp span_start(timestamp t, int64_t length);    /* the last multiple of the length up to t */
/* observed(STAGE.column, keys...): the column's values in the observations that the row's window looks back at. */
void eval_observed(eval_env *env, const expr *call, list_builder *out);

/* ---- aggregate functions (eval_functions.c) ---- */

typedef struct { const row **at; size_t count; time_range bounds; } window;

value aggregate_value(const plan_run *run, const ir_aggregate_function *f, const window *w);

#endif
