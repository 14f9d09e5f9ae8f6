/*
 * Where the time of a scan goes. A thread of its own looks at each worker 2,000 times a second: what it is doing, for which rule
 * and test. Workers only say so, by plain stores; without a profile nobody looks.
 */
#ifndef PICKET_API_PROFILE_H
#define PICKET_API_PROFILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "engine/engine.h"

/* Parts of the work, in the order of an event's way. MATCH is told apart by the matcher. */
typedef enum {
    PART_WAIT,                     /* for a ticket, or for the turn to cut or deliver */
    PART_CUT,
    PART_DECODE,
    PART_CLASSIFY,
    PART_MATCH,
    PART_RENDER,
    PART_OUTPUT,
    PART_STAGES,
    PARTS
} work_part;

/* What one worker says of itself. */
typedef struct {
    atomic_uint part;
    const matcher *matcher;        /* NULL: it has none */
} work_sign;

static inline work_part sign_set(work_sign *s, work_part part) /* returns what it was */
{
    work_part before = (work_part)atomic_load_explicit(&s->part, memory_order_relaxed);
    atomic_store_explicit(&s->part, part, memory_order_relaxed);
    return before;
}

typedef struct profile profile;

/* Looks at these signs until profile_stop; they must stay until then. Without a thread to be had there are counts, but no times. */
profile *profile_start(const pk_program *p, const work_sign *const *signs, size_t count);
void profile_stop(profile *f);
void profile_add_counts(profile *f, const rule_counts *counts); /* of one matcher; NULL is fine */
void profile_free(profile *f);
/* Lives as long as the profile. */
const pk_profile *profile_result(profile *f);

#endif
