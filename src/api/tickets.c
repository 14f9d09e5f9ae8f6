/* The pool of tickets and their delivery in order. */
#include "api/scan.h"

enum {
    KEPT_RESULTS = 64 << 10,       /* the memory of a block with many alerts is not kept */
    UNDELIVERED_MOST = 8 << 20,    /* bytes of results that wait for a slow block before them; what was begun is done all the same */
};

static void put_back(ticket_queue *q, ticket *t)
{
    t->next = q->free[t->lane];
    q->free[t->lane] = t;
}

void tickets_init(ticket_queue *q, size_t lanes, size_t each)
{
    size_t count = lanes * each;
    *q = (ticket_queue){.count = count, .lanes = lanes};
    q->tickets = mem_zalloc(count, sizeof *q->tickets);
    q->done = mem_zalloc(count, sizeof *q->done);
    q->free = mem_zalloc(lanes, sizeof(ticket *));
    pthread_mutex_init(&q->pool_lock, NULL);
    pthread_mutex_init(&q->order_lock, NULL);
    pthread_cond_init(&q->freed, NULL);
    for (size_t i = 0; i < count; i++) {
        ticket *t = &q->tickets[i];
        t->diags = diag_list_new();
        t->results = arena_new();
        t->lane = i % lanes;
        put_back(q, t);
    }
}

void tickets_destroy(ticket_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        ticket *t = &q->tickets[i];
        diag_list_free(t->diags);
        arena_free(t->results);
        vec_free(&t->skipped);
    }
    pthread_mutex_destroy(&q->pool_lock);
    pthread_mutex_destroy(&q->order_lock);
    pthread_cond_destroy(&q->freed);
    mem_free(q->tickets);
    mem_free(q->free);
    mem_free(q->done);
}

/* One that the lane had before, else any other's. */
static ticket *take_free(ticket_queue *q, size_t lane)
{
    for (size_t i = 0; i < q->lanes; i++) {
        ticket **from = &q->free[(lane + i) % q->lanes], *t = *from;
        if (!t) continue;
        *from = t->next;
        t->lane = lane;
        return t;
    }
    return NULL;
}

/* Whoever waits for a ticket has none, so the first in order is being worked on, and will be delivered. */
ticket *ticket_take(ticket_queue *q, size_t lane)
{
    ticket *t;
    pthread_mutex_lock(&q->pool_lock);
    while (atomic_load(&q->undelivered) > UNDELIVERED_MOST || !(t = take_free(q, lane))) pthread_cond_wait(&q->freed, &q->pool_lock);
    pthread_mutex_unlock(&q->pool_lock);
    return t;
}

static void empty(ticket *t)
{
    cut_stream_release(t->stream);
    t->stream = NULL;
    t->begins_file = false;
    arena_shrink(t->results, KEPT_RESULTS);
    t->alerts = t->last_alert = NULL; /* they were in the arena, as all of these */
    t->events.at = NULL;
    t->events.len = t->events.cap = 0;
    t->entities.at = NULL;
    t->entities.len = t->entities.cap = 0;
    t->skipped.len = 0;
    t->bytes = 0;
    t->event_count = t->damaged = t->without_time = t->out_of_range = t->without_source = 0;
}

void ticket_return(ticket_queue *q, ticket *t)
{
    empty(t);
    atomic_fetch_sub(&q->undelivered, t->undelivered);
    t->undelivered = 0;
    pthread_mutex_lock(&q->pool_lock);
    put_back(q, t);
    pthread_cond_broadcast(&q->freed);
    pthread_mutex_unlock(&q->pool_lock);
}

void ticket_done(ticket_queue *q, ticket *t, void (*deliver)(ticket *t, void *user), void *user)
{
    t->undelivered = arena_used(t->results);
    atomic_fetch_add(&q->undelivered, t->undelivered);
    pthread_mutex_lock(&q->order_lock);
    q->done[t->number % q->count] = t;
    if (!q->delivering) {
        q->delivering = true; /* others only put theirs into the ring while this one delivers */
        ticket **slot;
        while (*(slot = &q->done[q->next_delivery % q->count])) {
            ticket *next = *slot;
            *slot = NULL;
            pthread_mutex_unlock(&q->order_lock);
            deliver(next, user);
            ticket_return(q, next);
            pthread_mutex_lock(&q->order_lock);
            q->next_delivery++;
        }
        q->delivering = false;
    }
    pthread_mutex_unlock(&q->order_lock);
}
