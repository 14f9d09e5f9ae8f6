/* Deadlines of connections: a list under a lock, and a thread that walks it once a second. */
#include "web/deadlines.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "base/mem.h"

struct deadline {
    deadline *before, *after;
    int socket;
    time_t due;
};

struct deadlines {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t watcher;
    bool end;
    unsigned head, answer;
    deadline all;                     /* head of the ring */
};

static time_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void *watch(void *user)
{
    deadlines *d = user;
    pthread_mutex_lock(&d->lock);
    while (!d->end) {
        struct timespec next = {.tv_sec = now() + 1};
        pthread_cond_timedwait(&d->ended, &d->lock, &next);
        time_t t = now();
        /* The library notices the end of the stream and closes the socket itself, after deadline_end: it can't be another's yet. */
        for (deadline *of = d->all.after; of != &d->all; of = of->after)
            if (of->due < t) shutdown(of->socket, SHUT_RDWR);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

deadlines *deadlines_new(unsigned head_seconds, unsigned answer_seconds)
{
    deadlines *d = mem_zalloc(1, sizeof *d);
    d->head = head_seconds;
    d->answer = answer_seconds;
    d->all.before = d->all.after = &d->all;
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_t how;
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&d->ended, &how);
    pthread_condattr_destroy(&how);
    if (pthread_create(&d->watcher, NULL, watch, d) == 0) return d;
    pthread_cond_destroy(&d->ended);
    pthread_mutex_destroy(&d->lock);
    mem_free(d);
    return NULL;
}

void deadlines_free(deadlines *d)
{
    if (!d) return;
    pthread_mutex_lock(&d->lock);
    d->end = true;
    pthread_cond_signal(&d->ended);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->watcher, NULL);
    pthread_cond_destroy(&d->ended);
    pthread_mutex_destroy(&d->lock);
    mem_free(d);
}

deadline *deadline_begin(deadlines *d, int socket)
{
    deadline *of = mem_zalloc(1, sizeof *of);
    of->socket = socket;
    of->due = now() + d->head;
    pthread_mutex_lock(&d->lock);
    of->before = d->all.before;
    of->after = &d->all;
    of->before->after = of->after->before = of;
    pthread_mutex_unlock(&d->lock);
    return of;
}

static void set_due(deadlines *d, deadline *of, unsigned seconds)
{
    if (!of) return;
    pthread_mutex_lock(&d->lock);
    of->due = now() + seconds;
    pthread_mutex_unlock(&d->lock);
}

void deadline_head_read(deadlines *d, deadline *of) { set_due(d, of, d->answer); }
void deadline_answered(deadlines *d, deadline *of) { set_due(d, of, d->head); }

void deadline_end(deadlines *d, deadline *of)
{
    if (!of) return;
    pthread_mutex_lock(&d->lock);
    of->before->after = of->after;
    of->after->before = of->before;
    pthread_mutex_unlock(&d->lock);
    mem_free(of);
}
