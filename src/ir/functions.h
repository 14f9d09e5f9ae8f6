/* Functions that expressions call. One table: the evaluator and the engine run them, checks and documentation list them. */
#ifndef PICKET_IR_FUNCTIONS_H
#define PICKET_IR_FUNCTIONS_H

#include "event/value.h"

#define IR_MAX_TEXT (1u << 20)        /* bytes of a text that a function makes; longer ones are cut */
#define IR_MAX_LIST 10000u            /* values of a list that a function makes; further ones are dropped */

/*
 * What the calls of one thread keep between them: compiled regular expressions (a bounded number), time zones, the time of
 * the run, and the counts of what was cut. Without one a call makes what it needs anew, which is right but slow.
 */
typedef struct ir_calls ir_calls;
ir_calls *ir_calls_new(void);
void ir_calls_free(ir_calls *calls);                  /* NULL is fine */
void ir_calls_set_now(ir_calls *calls, timestamp now); /* what now() gives; TIMESTAMP_NONE: nothing */
uint64_t ir_calls_cut(const ir_calls *calls);         /* results cut at the limits above */
uint64_t ir_calls_gave_up(const ir_calls *calls);     /* regular expressions that searched too long: they found nothing */

typedef struct {
    const value *args;
    size_t count;
    arena *arena;                 /* of the result */
    ir_calls *calls;              /* may be NULL */
} ir_call_args;

typedef struct {
    const char *name;
    size_t name_len;
    uint8_t least, most;          /* arguments */
    bool varies;                  /* not the same for the same arguments: must not be computed ahead of the run */
    value (*call)(const ir_call_args *c);
    const char *signature, *meaning, *example;
} ir_function;

extern const ir_function ir_functions[];              /* ends with a NULL name */
const ir_function *ir_function_find(pk_str name);     /* NULL: none */
/* MISSING if there is no such function or the number of arguments is wrong. A missing argument is VALUE_MISSING. */
value ir_function_call(pk_str name, const value *args, size_t count, arena *a);
value ir_function_call_in(ir_calls *calls, pk_str name, const value *args, size_t count, arena *a);

/* Is this the name of a time zone (IANA) that this machine knows, or an offset such as -08:00? */
bool ir_is_time_zone(pk_str name);

typedef struct { const char *name, *meaning; } ir_aggregate_row;
extern const ir_aggregate_row ir_aggregates[];        /* ends with a NULL name */

#endif
