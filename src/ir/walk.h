/* The places in a stage where expressions stand: what the walker, and passes that rewrite, go through. */
#ifndef PICKET_IR_WALK_H
#define PICKET_IR_WALK_H

#include "ir/ir.h"

/* `e` is the root of one expression of the stage, or NULL for a place that is empty. */
typedef void (*ir_place_fn)(const expr *e, void *user);
void ir_each_stage_expr(const stage *s, ir_place_fn fn, void *user);

#endif
