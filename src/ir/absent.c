/*
 * Which match stages are only asked whether they are absent: an aggregate counts the parts of the stage, and its `having` holds only
 * where there are none. What goes on behind it then has none of them, so no alert shows their events.
 */
#include "ir/ir.h"

/* `not column > 0`, or a conjunction with it. */
static bool says_none(const expr *having, pk_str column)
{
    if (!having) return false;
    for (size_t i = 0; having->kind == EXPR_AND && i < having->count; i++)
        if (says_none(having->args[i], column)) return true;
    const expr *e = having->kind == EXPR_NOT ? having->args[0] : NULL;
    if (!e || e->kind != EXPR_COMPARE || e->as.compare.op != COMPARE_GT) return false;
    const expr *of = e->args[0], *zero = e->args[1];
    double d;
    return of->kind == EXPR_FIELD && of->as.field.kind == FIELD_PATH && !of->as.field.part.len && str_equal(of->as.field.path, column) &&
           zero->kind == EXPR_CONSTANT && zero->as.constant.type == VALUE_INT && value_number(&zero->as.constant, &d) && d == 0;
}

static bool demands_absence(const stage *aggregate, pk_str part)
{
    for (size_t i = 0; aggregate->kind == STAGE_AGGREGATE && i < aggregate->as.aggregate.function_count; i++) {
        const ir_aggregate_function *f = &aggregate->as.aggregate.functions[i];
        bool counts = str_equal(f->function, STR("parts")) && f->count == 1 && !f->filter && f->args[0]->kind == EXPR_FIELD &&
                      str_equal(f->args[0]->as.field.part, part);
        if (counts && says_none(aggregate->as.aggregate.having, f->name)) return true;
    }
    return false;
}

static bool reads_marked(const plan *p, size_t at, const bool *marked)
{
    const stage *s = p->stages[at];
    for (size_t i = 0; i < s->input_count; i++)
        for (size_t k = 0; k < at; k++)
            if (marked[k] && p->stages[k] == s->inputs[i]) return true;
    return false;
}

static bool keeps_parts(stage_kind kind)
{
    return kind == STAGE_EXPAND || kind == STAGE_WHERE || kind == STAGE_DERIVE || kind == STAGE_JOIN;
}

bool ir_is_absent_in_alerts(const plan *p, const stage *s)
{
    bool absent = false, shown = false;
    if (s->kind != STAGE_MATCH || p->stage_count > 1000) return false;
    bool *marked = mem_zalloc(p->stage_count + 1, sizeof *marked); /* its rows have parts of `s` */
    for (size_t i = 0; i < p->stage_count && !shown; i++) {
        const stage *t = p->stages[i];
        bool reads = reads_marked(p, i, marked), ends = reads && demands_absence(t, s->name);
        absent |= ends;
        marked[i] = t == s || (reads && !ends);
        shown |= reads && !ends && !keeps_parts(t->kind);
        shown |= marked[i] && p->alert == t;
        shown |= t->kind == STAGE_UNION || t->kind == STAGE_SEQUENCE || t->kind == STAGE_FOR_EACH; /* whose inputs stand elsewhere */
    }
    mem_free(marked);
    return absent && !shown;
}
