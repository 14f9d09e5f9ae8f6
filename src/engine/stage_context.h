/*
 * Context records in a run. Of a feed there may be millions, and most are never met: so none is made a row before a join finds it
 * by its key. Kept are, for all rules together, which records the `where` of a stage lets through, a bit each, and indexes of
 * keys (context_index.h). A record that is found goes through the stages between context and join then (context_again).
 *
 * Context whose rows go elsewhere (an aggregate, a union) is made rows at the start, as are rows that a plan itself holds.
 */
#ifndef PICKET_ENGINE_STAGE_CONTEXT_H
#define PICKET_ENGINE_STAGE_CONTEXT_H

#include "engine/context_index.h"
#include "engine/stages.h"

/* What stages with the same `where` let through of the same records. */
typedef struct {
    context_records records;
    pk_str where;                 /* as text */
    uint64_t *taken;              /* a bit a record, by its number */
    size_t count;                 /* of them */
} context_choice;

/* An index that joins with the same key of the same records share. */
typedef struct {
    context_records records;
    pk_str keys;                  /* as text */
    context_index index;
} context_keys;

struct run_context {
    VEC(context_choice *) choices;
    VEC(context_keys *) keys;
};

run_context *run_context_new(void);
void run_context_free(run_context *t);

/* The context stage at the beginning of the stages that lead to a node, if its rows are made when they are asked for; else NULL. */
node *context_source(node *n);
const context_choice *context_choice_of(const node *source);
static inline bool context_takes(const context_choice *c, uint32_t record) { return c->taken[record >> 6] >> (record & 63) & 1; }

/* The record as a part, of which only `record` and `number` are good; in `a`. */
part context_borrow(const context_records *records, uint32_t record, arena *a);

/* Rows that a record becomes on its way to the input of a join are put there while the run's `again` is set. */
typedef VEC(row *) row_list;
struct context_again { const node *join; size_t input; row_list *rows; };
void context_again(stage_run *run, node *source, uint32_t record, const node *join, size_t input, row_list *out);

/* The shared index of these records by these keys; made empty (starts NULL) if there is none. */
context_index *context_shared_index(stage_run *run, const context_records *records, pk_str keys);

#endif
