/* Functions that expressions call. One table: the evaluator runs them, checks and documentation list them. */
#ifndef PICKET_IR_FUNCTIONS_H
#define PICKET_IR_FUNCTIONS_H

#include "event/value.h"

typedef struct {
    const char *name;
    uint8_t least, most;          /* arguments */
    value (*call)(const value *args, size_t count, arena *a);
    const char *signature, *meaning, *example;
} ir_function;

extern const ir_function ir_functions[];              /* ends with a NULL name */
const ir_function *ir_function_find(pk_str name);     /* NULL: none */
/* MISSING if there is no such function or the number of arguments is wrong. A missing argument is VALUE_MISSING. */
value ir_function_call(pk_str name, const value *args, size_t count, arena *a);

typedef struct { const char *name, *meaning; } ir_aggregate_row;
extern const ir_aggregate_row ir_aggregates[];        /* ends with a NULL name */

#endif
