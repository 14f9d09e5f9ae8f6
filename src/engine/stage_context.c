/* Context: records without a time, given before the first event and there for all of them. */
#include "engine/stages.h"

static const char *context_open(stage_run *run, node *n)
{
    (void)run;
    n->context = true;
    return NULL;
}

static void context_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    node_emit(run, n, r);
}

void context_load(stage_run *run, node *n)
{
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
