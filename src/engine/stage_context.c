/* Context: records without a time, given before the first event and there for all of them; and rows that a plan itself holds. */
#include "engine/stages.h"

static const char *context_open(stage_run *run, node *n)
{
    n->context = true;
    for (size_t i = 0; n->stage->kind == STAGE_ROWS && i < n->stage->as.rows.column_count; i++)
        node_add_column(run, n, (row_column){.name = n->stage->as.rows.columns[i]});
    return NULL;
}

static void context_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    node_emit(run, n, r);
}

static void load_rows(stage_run *run, node *n)
{
    const value *cell = n->stage->as.rows.cells;
    for (size_t i = 0; i < n->stage->as.rows.row_count; i++) {
        row *r = row_new(run, n->column_count, 0);
        r->time = r->start = TIMESTAMP_NONE;
        r->position = i;
        for (size_t c = 0; c < n->column_count; c++, cell++) row_set_column(r, c, cell);
        node_emit(run, n, r);
        row_release(r);
    }
}

void context_load(stage_run *run, node *n)
{
    if (n->stage->kind == STAGE_ROWS) {
        load_rows(run, n);
        return;
    }
    size_t count = 0;
    const stage_inputs *in = run->inputs;
    const value *records = in && in->records ? in->records(n->stage, &count, in->user) : NULL;
    size_t taken = 0;
    for (size_t i = 0; records && i < count; i++) {
        part *p = part_of_context(run, &records[i], i);
        row *r = row_of_part(run, p, n->stage->name);
        part_release(p);
        arena_reset(run->scratch);
        bool takes = row_true(n, r, n->stage->as.match.where, run->scratch);
        taken += takes;
        if (takes) node_emit(run, n, r);
        row_release(r);
    }
    if (in && in->took) in->took(n->rule, n->stage, taken, in->user);
}

const stage_ops context_ops = {context_open, context_push, NULL, NULL, NULL};
