/* A loop whose rounds may run side by side. */
#ifndef PICKET_BASE_PARALLEL_H
#define PICKET_BASE_PARALLEL_H

#include <stddef.h>

enum { PARALLEL_MOST = 16 };

/* `wanted`, or 0 for one thread for each processor; at least 1, at most PARALLEL_MOST and `useful`. */
unsigned parallel_threads(unsigned wanted, size_t useful);

/*
 * Calls fn(i, worker, user) for each i from 0 to count - 1, begun in that order, by that many threads, of which the caller is
 * one; `worker` (from 0, below `threads`) tells which, for what each has of its own. Returns when all are done.
 */
typedef void (*parallel_fn)(size_t i, unsigned worker, void *user);
void parallel_for(size_t count, unsigned threads, parallel_fn fn, void *user);

#endif
