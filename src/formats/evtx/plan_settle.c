/*
 * What the quick steps of a plan come to when the types of the values are known: guards are there or not, values are plain, BinXML or
 * NULL. What is left of them is run for all records of these kinds.
 */
#include "formats/evtx/plan_steps.h"

static uint8_t type_at(const evtx_kinds *k, uint16_t index) { return k && index < k->count ? evtx_type_of(k->kinds[index]) : BINXML_NULL; }

/* The attribute that rules out what is told by the step is not there. */
static bool is_open(const evtx_kinds *k, uint16_t guard)
{
    uint8_t type = type_at(k, guard);
    return type == BINXML_NULL || type == BINXML_FRAGMENT;
}

static run_kind kind_behind_guard(const quick_step *q, const evtx_kinds *k)
{
    if (is_open(k, q->guard)) return q->unguarded;
    return q->done ? RUN_NOTHING : RUN_STEP;
}

static run_kind kind_of_value(run_kind kind, uint8_t type)
{
    if (type & (BINXML_ARRAY | BINXML_HANDLE)) return RUN_STEP; /* HANDLE has the bit of BinXML */
    if (type == BINXML_NULL) return kind == RUN_ATTRIBUTE ? RUN_NOTHING : RUN_BLANK;
    return RUN_VALUE;
}

static run_kind settled_kind(const quick_step *q, const evtx_kinds *k, uint8_t type)
{
    run_kind kind = q->kind == RUN_GUARDED ? kind_behind_guard(q, k) : (run_kind)q->kind;
    if (kind == RUN_VALUE || kind == RUN_ATTRIBUTE) kind = kind_of_value(kind, type);
    if (kind == RUN_NESTED && type != BINXML_FRAGMENT) kind = RUN_NOTHING;
    return kind == RUN_STEP && q->again ? RUN_NOTHING : kind; /* a step fills all slots */
}

evtx_settled *evtx_plan_settle(const evtx_plan *p, const evtx_kinds *k, arena *a)
{
    evtx_settled *made = ARENA_NEW(a, evtx_settled);
    made->node = p->node;
    made->plan = p;
    for (size_t i = 0; i < p->quick.len; i++) {
        quick_step q = p->quick.at[i];
        q.encoding = type_at(k, q.index);
        q.kind = settled_kind(&q, k, q.encoding);
        q.may_open = q.may_open && (q.encoding == BINXML_STRING || q.encoding == BINXML_ANSI_STRING);
        if (q.kind != RUN_NOTHING) vec_push_in(a, &made->steps, q);
    }
    return made;
}
