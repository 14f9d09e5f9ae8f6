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

typedef struct {
    /* Is the event of one of these log sources (or index)? */
    bool (*is_source)(const eval_event *e, const stage *match, void *user);
    /* Values of a field: appended to `out` (nulls too); nothing: missing. */
    void (*field)(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user);
    /* Records of a CONTEXT stage's or LOOKUP's table; count in *n. May be NULL. */
    const value *(*context)(const stage *s, size_t *n, void *user);
    void *user;
} eval_schema;

/* Is the expression true of this event? (one-event plans; the hot loop of conformance) */
bool eval_match(const plan *p, const stage *match, const eval_event *e, const eval_schema *s, arena *a);

typedef struct {
    timestamp time;
    const eval_event **events; size_t event_count;    /* provenance, time order */
    value columns;                                    /* record: keys and computed columns */
} eval_row;

/* Runs the plan of `r` over all events (any order); rows that are alerts, in order of time. All in `a`. */
eval_row *eval_plan(const rule *r, const eval_event *events, size_t count, const eval_schema *s, arena *a, size_t *rows);

#endif
