/*
 * The reference evaluator: runs a plan over whole records, slowly and plainly. It is the oracle that the engine is
 * compared with, so it shares no matching code with compile/ or engine/.
 */
#ifndef PICKET_IR_EVAL_H
#define PICKET_IR_EVAL_H

#include "ir/ir.h"

/* One input event for the evaluator: what stands behind its fields is the caller's business (schema or a plain record). */
typedef struct eval_event eval_event;
struct eval_event {
    timestamp time;                                   /* TIMESTAMP_NONE: none */
    uint64_t order;                                   /* tie breaker: order of input */
    const void *user;
    const value *tree;                                /* whole record */
    pk_str raw;                                       /* raw line for line formats; ptr NULL otherwise */
};

/*
 * What the evaluator keeps between calls: compiled regular expressions, folded constants and texts. One a thread and
 * catalogue; without one every call starts anew, which is right but slow.
 */
typedef struct eval_context eval_context;
eval_context *eval_context_new(void);
void eval_context_free(eval_context *c);
uint64_t eval_limit_hits(const eval_context *c);     /* regular expressions that gave up; counted as no match */
uint64_t eval_stopped_runs(const eval_context *c);   /* runs that made too many combinations and left out the rest */
uint64_t eval_cut_rows(const eval_context *c);       /* rows of which expand made more copies than it may keep */

typedef struct {
    /* Is the event of one of these log sources (or index)? */
    bool (*is_source)(const eval_event *e, const stage *match, void *user);
    /*
     * Values of a field with a path: appended to `out` (nulls too); nothing: missing. An empty schema means that of the
     * match stage. For expand over several paths of one list, and for EXPR_SOME, the elements may be records.
     */
    void (*field)(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user);
    /* Records of a CONTEXT stage's or LOOKUP's table; count in *n. May be NULL. */
    const value *(*context)(const stage *s, size_t *n, void *user);
    void *user;
    eval_context *context_of_run;                    /* may be NULL; see above */
    /* Rules whose alerts ALERTS stages read, beside events that is_source says are alerts. NULL: none. */
    const rule *const *rules;
    size_t rule_count;
    const timestamp *now;                            /* the time of the run; NULL: the latest time of the events */
} eval_schema;

/* Is the expression of a match stage true of this event? Its log source is not asked. (the hot loop of conformance) */
bool eval_match(const plan *p, const stage *match, const eval_event *e, const eval_schema *s, arena *a);

typedef struct {
    pk_str name;
    const eval_event *event;
    bool timeless;                                    /* a context record */
} eval_part;

typedef struct {
    timestamp time;
    const eval_event **events; size_t event_count;    /* provenance, time order */
    value columns;                                    /* record: keys and computed columns */
    eval_part *parts; size_t part_count;              /* of an aggregate: different events of the parts of all its rows */
    timestamp from, to;                               /* of the window, or begin and end of the row; NONE: no time */
    value risk;                                       /* MISSING: the plan says none */
} eval_row;

/*
 * Runs the plan of `r` over all events (any order); rows that are alerts, in order of time. All in `a`. Events without a
 * time take part in stages without a window only. Plans of other rules are those that as.rule.rule points to.
 */
eval_row *eval_plan(const rule *r, const eval_event *events, size_t count, const eval_schema *s, arena *a, size_t *rows);

#endif
