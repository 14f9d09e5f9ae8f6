/*
 * Joins inside: what a join keeps, and what its files share:
 *   join_open.c      which input each key is of, in which order inputs are looked up
 *   join_keys.c      the texts of a row's keys
 *   join_index.c     rows that are remembered, by their keys
 *   join_context.c   rows of context records, found by their keys and made when they are
 *   join_nearest.c   when the nearest pairs are enough
 *   stage_join.c     combinations; rows come and go
 */
#ifndef PICKET_ENGINE_JOIN_H
#define PICKET_ENGINE_JOIN_H

#include "engine/join_context.h"
#include "engine/join_index.h"
#include "engine/join_nearest.h"

#define INPUTS_MOST 16
#define JOIN_KEYS_MOST 64

/* One input more, on the way from the row that came to all combinations. */
typedef struct { size_t input, index; } join_step;

typedef struct {
    join_input *inputs;
    context_rows *contexts[INPUTS_MOST]; /* of inputs whose rows are made of context records; NULL: they are in `inputs` */
    join_step *steps[INPUTS_MOST]; /* by the input that a row came to */
    size_t **columns;             /* by input: where its columns stand in the node's */
    size_t *key_columns;          /* by key; STR_NPOS: none */
    size_t *side_inputs[JOIN_KEYS_MOST];      /* by key and side */
    uint64_t keys_of[INPUTS_MOST]; /* bit set of keys by input */
    uint64_t loose;               /* keys whose sides are no single input's: asked of combinations */
    size_t streams;               /* inputs that are not context */
    bool timer;
    bool asked, nearest;          /* once the whole plan is there and context is loaded: are nearest pairs enough? */
    uint64_t number;
    arena *arena;                 /* of one row that came: the run's scratch is used by those that rows go on to */
} join_state;

const char *join_open(stage_run *run, node *n);        /* as stage_ops.open */
bool join_waits(const node *n);                        /* it says of rows only later whether they go on */

/*
 * Texts of those of `keys` that the input takes part in, by key, in `a`; of a row that is the input's. false: it has none that a
 * partner could have.
 */
bool join_keys_of_row(const node *n, size_t input, uint64_t keys, const row *r, pk_str *texts, arena *a);
/*
 * Puts the text by which a side agrees with another behind `t`. false: it agrees with none. What is missing becomes what `missing`
 * makes of it; with `zero` all zeros agree with each other.
 */
bool join_put_side(text *t, const ir_join_key *key, value *v, arena *a);

#endif
