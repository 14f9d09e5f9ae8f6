/*
 * Aggregate functions over the rows of a window that moves: what is kept as rows come and go, and the value that follows.
 * One row a function in accumulator.c. What is dear to keep (lists, firsts and lasts) is made of the window's rows when it
 * is asked for.
 */
#ifndef PICKET_ENGINE_ACCUMULATOR_H
#define PICKET_ENGINE_ACCUMULATOR_H

#include "engine/exact_sum.h"
#include "engine/number_bag.h"
#include "engine/stages.h"

typedef struct {
    uint64_t rows;                /* that counted */
    uint64_t numbers, times;      /* values that are numbers; of them times */
    table distinct;               /* text of a value (or tuple) -> how often; texts owned */
    uint32_t distinct_now;
    number_bag bag;
    exact_sum sum;
} accumulator;

/* The rows of a window, in order of time and input. */
typedef struct {
    const node *input;
    row *const *rows;
    size_t count;
    timestamp start, end;         /* of the window; TIMESTAMP_NONE: it has no bounds */
} window_rows;

typedef struct aggregate_kind aggregate_kind;
const aggregate_kind *aggregate_kind_find(pk_str function);  /* NULL: the engine has none of this name */
bool aggregate_keeps_rows(const aggregate_kind *k);   /* does it always? */
bool aggregate_needs_rows(const aggregate_kind *k, const accumulator *acc); /* for accumulator_value */

/* Adds a row to (or takes it out of) the values of one function. */
void accumulator_change(accumulator *acc, const aggregate_kind *k, const node *input, const ir_aggregate_function *f, const row *r,
                        bool add, arena *scratch);
value accumulator_value(accumulator *acc, const aggregate_kind *k, const ir_aggregate_function *f, const window_rows *w, arena *a);
void accumulator_free(accumulator *acc);

#endif
