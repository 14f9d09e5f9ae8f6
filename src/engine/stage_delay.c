/*
 * Holds rows back until the node's own time, which is the clock less its lag, has come to theirs, and hands them on in order.
 * Behind joins that decide late, and before nodes whose other inputs come from there.
 */
#include "engine/stages.h"

typedef struct {
    VEC(row *) rows;              /* heap, first ones first */
    timestamp timer;              /* earliest that is set; TIMESTAMP_NONE: none */
} delay_state;

static const char *delay_open(stage_run *run, node *n)
{
    delay_state *st = ARENA_NEW(run->arena, delay_state);
    n->columns = n->inputs[0]->columns;
    n->column_count = n->inputs[0]->column_count;
    st->timer = TIMESTAMP_NONE;
    n->state = st;
    return NULL;
}

static void swap_rows(delay_state *st, size_t x, size_t y)
{
    row *swap = st->rows.at[x];
    st->rows.at[x] = st->rows.at[y];
    st->rows.at[y] = swap;
}

static void add(delay_state *st, row *r)
{
    vec_push(&st->rows, row_hold(r));
    for (size_t at = st->rows.len - 1; at > 0 && row_order(st->rows.at[at], st->rows.at[(at - 1) / 2]) < 0; at = (at - 1) / 2)
        swap_rows(st, at, (at - 1) / 2);
}

static row *take_first(delay_state *st)
{
    row *first = st->rows.at[0];
    st->rows.at[0] = st->rows.at[--st->rows.len];
    for (size_t at = 0;;) {
        size_t child = 2 * at + 1;
        if (child >= st->rows.len) return first;
        if (child + 1 < st->rows.len && row_order(st->rows.at[child + 1], st->rows.at[child]) < 0) child++;
        if (row_order(st->rows.at[child], st->rows.at[at]) >= 0) return first;
        swap_rows(st, at, child);
        at = child;
    }
}

static void set_timer(stage_run *run, node *n, delay_state *st)
{
    if (st->rows.len == 0 || (st->timer != TIMESTAMP_NONE && st->timer <= st->rows.at[0]->time)) return;
    st->timer = st->rows.at[0]->time;
    run_set_timer(run, n, NULL, 0, st->timer);
}

static void delay_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    add(n->state, r);
    set_timer(run, n, n->state);
}

static void delay_timer(stage_run *run, node *n, group_head *group, int64_t ticket, timestamp due)
{
    delay_state *st = n->state;
    (void)group;
    (void)ticket;
    if (due == st->timer) st->timer = TIMESTAMP_NONE;
    while (st->rows.len && st->rows.at[0]->time <= due) {
        row *r = take_first(st);
        node_emit(run, n, r);
        row_release(r);
    }
    set_timer(run, n, st);
}

static void delay_close(stage_run *run, node *n)
{
    delay_state *st = n->state;
    (void)run;
    if (!st) return;
    for (size_t i = 0; i < st->rows.len; i++) row_release(st->rows.at[i]);
    vec_free(&st->rows);
    n->state = NULL;
}

const stage_ops delay_ops = {delay_open, delay_push, NULL, delay_timer, delay_close};
