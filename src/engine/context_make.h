/* Between context.c, which finds contexts, and context_make.c, which makes them. */
#ifndef PICKET_ENGINE_CONTEXT_MAKE_H
#define PICKET_ENGINE_CONTEXT_MAKE_H

#include "engine/matcher.h"

#define CONTEXT_CELLS 2048

struct context_table {
    const program *program;
    any_values *any_values;
    arena *arena;                 /* of contexts and cases */
    context *cells[CONTEXT_CELLS];
    const context *last;          /* found */
    size_t count, case_count;
};

context *context_make(context_table *t, const classification *of, uint64_t hash);
context *context_make_case(context_table *t, const context *general, const slot_result *known);

#endif
