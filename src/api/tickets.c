/* The pool of tickets and their delivery in order. */
#include "api/scan.h"

void tickets_init(ticket_queue *q, size_t count)
{
    *q = (ticket_queue){.count = count};
    q->tickets = mem_zalloc(count, sizeof *q->tickets);
    q->done = mem_zalloc(count, sizeof *q->done);
    pthread_mutex_init(&q->pool_lock, NULL);
    pthread_mutex_init(&q->order_lock, NULL);
    pthread_cond_init(&q->freed, NULL);
    for (size_t i = 0; i < count; i++) {
        ticket *t = &q->tickets[i];
        t->diags = diag_list_new();
        t->results = arena_new();
        t->next = q->free;
        q->free = t;
    }
}

void tickets_destroy(ticket_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        ticket *t = &q->tickets[i];
        block_free(&t->block);
        diag_list_free(t->diags);
        arena_free(t->results);
        vec_free(&t->skipped);
    }
    pthread_mutex_destroy(&q->pool_lock);
    pthread_mutex_destroy(&q->order_lock);
    pthread_cond_destroy(&q->freed);
    mem_free(q->tickets);
    mem_free(q->done);
}

ticket *ticket_take(ticket_queue *q)
{
    pthread_mutex_lock(&q->pool_lock);
    while (!q->free) pthread_cond_wait(&q->freed, &q->pool_lock);
    ticket *t = q->free;
    q->free = t->next;
    pthread_mutex_unlock(&q->pool_lock);
    return t;
}

enum { KEPT_BLOCK = 4 << 20 }; /* a block made for one huge record is not kept in every ticket */

static void empty(ticket *t)
{
    if (t->block.cap > KEPT_BLOCK) block_free(&t->block);
    cut_stream_release(t->stream);
    t->stream = NULL;
    t->begins_file = false;
    arena_reset(t->results);
    t->alerts.at = NULL; /* they were in the arena */
    t->alerts.len = t->alerts.cap = 0;
    t->events.at = NULL;
    t->events.len = t->events.cap = 0;
    t->entities.at = NULL;
    t->entities.len = t->entities.cap = 0;
    t->skipped.len = 0;
    t->event_count = t->damaged = t->without_time = t->out_of_range = t->without_source = 0;
}

void ticket_return(ticket_queue *q, ticket *t)
{
    empty(t);
    pthread_mutex_lock(&q->pool_lock);
    t->next = q->free;
    q->free = t;
    pthread_cond_signal(&q->freed);
    pthread_mutex_unlock(&q->pool_lock);
}

void ticket_done(ticket_queue *q, ticket *t, void (*deliver)(ticket *t, void *user), void *user)
{
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
