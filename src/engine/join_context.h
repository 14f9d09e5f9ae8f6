/*
 * The rows of a join's input that are made of context records: found by an index of the records' keys, made again when they are
 * found (stage_context.h). The last ones made are remembered.
 */
#ifndef PICKET_ENGINE_JOIN_CONTEXT_H
#define PICKET_ENGINE_JOIN_CONTEXT_H

#include "engine/stage_context.h"

typedef struct context_rows context_rows;

context_rows *context_rows_new(node *join, size_t input); /* NULL: the input's rows are no such rows */
void context_rows_free(context_rows *c);              /* NULL is fine */

typedef struct {
    context_rows *rows;
    const context_index *index;
    size_t at, to;
    uint64_t hash;
} context_finder;

/* Looks for the records with this text (`key`) of these keys of the join. */
context_finder context_find(stage_run *run, context_rows *c, uint64_t keys, pk_str key);
/* The rows of the next record that may have them: each is to be compared. NULL: there is none. Valid until the next call. */
const row_list *context_next(stage_run *run, context_finder *f);

#endif
