/* A thread that cannot be made is done without: the others, at least the caller, do its work. */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

typedef struct {
    size_t count;
    atomic_size_t next;
    parallel_fn fn;
    void *user;
} loop;

typedef struct {
    loop *of;
    unsigned number;
    pthread_t thread;
    bool started;
} worker;

unsigned parallel_threads(unsigned wanted, size_t useful)
{
    long processors = wanted ? (long)wanted : sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = processors > 0 ? (size_t)processors : 1;
    if (n > useful) n = useful;
    if (n > PARALLEL_MOST) n = PARALLEL_MOST;
    return n ? (unsigned)n : 1;
}

static void *run(void *user)
{
    worker *w = user;
    for (size_t i; (i = atomic_fetch_add(&w->of->next, 1)) < w->of->count;) w->of->fn(i, w->number, w->of->user);
    return NULL;
}

void parallel_for(size_t count, unsigned threads, parallel_fn fn, void *user)
{
    loop l = {.count = count, .fn = fn, .user = user};
    worker workers[PARALLEL_MOST];
    if (threads > PARALLEL_MOST) threads = PARALLEL_MOST;
    for (unsigned i = 0; i < threads; i++) workers[i] = (worker){.of = &l, .number = i};
    for (unsigned i = 1; i < threads; i++) workers[i].started = pthread_create(&workers[i].thread, NULL, run, &workers[i]) == 0;
    run(&workers[0]);
    for (unsigned i = 1; i < threads; i++)
        if (workers[i].started) pthread_join(workers[i].thread, NULL);
}
