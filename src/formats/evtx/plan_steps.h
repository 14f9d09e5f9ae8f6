/*
 * What a plan is made of: plan.c makes it, plan_settle.c tells what it comes to for values of certain types, plan_run.c runs it.
 *
 * A step says: this value (or constant), if it is there, goes to these slots. The shapes that templates nearly always have (an
 * attribute, an element with one value) have steps of their own; all others (computed names, several pieces of text) render
 * the element as tree.c does and look its paths up, so that both ways agree by construction.
 */
#ifndef PICKET_FORMATS_EVTX_PLAN_STEPS_H
#define PICKET_FORMATS_EVTX_PLAN_STEPS_H

#include "formats/evtx/plan.h"

typedef enum {
    STEP_ATTRIBUTE, /* one value: to `plain`; nothing if it is NULL */
    STEP_CONSTANT,  /* to `plain` */
    STEP_VALUE,     /* the only content of an element: as plan.c tells */
    STEP_PLAIN,     /* the same where nothing but the value decides: no attributes, one slot, nothing asked for below */
    STEP_NESTED,    /* a value between child elements: if it is BinXML, its elements are children as well */
    STEP_TEXT,      /* what text stands between child elements: to `below` */
    STEP_RENDER,    /* the whole element, the slow way, with `node` that of its parent */
} step_kind;

/* Where something goes. */
typedef struct {
    const path_slot *at;
    size_t count;
    path_node node;                      /* if something below is asked for, which a text may hold; else PATH_NONE */
} slots;

static inline bool nobody_asks(slots s) { return s.count == 0 && s.node == PATH_NONE; }
static inline bool is_one_slot(const slots *s) { return s->count == 1 && s->node == PATH_NONE; }

typedef struct {
    step_kind kind;
    uint16_t index;
    bool always_attributes;              /* STEP_VALUE: some attribute is constant */
    path_node node;
    slots plain, below;                  /* of the element, of its #text */
    const binxml_element *element;
    value constant;
} step;

/* What is run for fields: most steps are one value, or a constant, to its slots. */
typedef enum {
    RUN_VALUE,
    RUN_ATTRIBUTE, /* nothing if it is NULL */
    RUN_CONSTANT,
    RUN_NESTED,    /* BinXML, if it is some, whose parent is the node `slot` */
    RUN_NOTHING,
    RUN_STEP,      /* any other step */
    RUN_GUARDED,   /* RUN_STEP, or nothing, if the guard is there; else `unguarded` */
    RUN_BLANK,     /* settled: the value is NULL */
} run_kind;

typedef struct {
    uint8_t kind, unguarded;
    bool may_open;                       /* something is asked for in records that a text may hold */
    bool again;                          /* one more slot of the step before */
    bool done;                           /* a guard leaves nothing to do, instead of leaving it to the step */
    uint8_t encoding;                    /* settled: the type of the value */
    uint16_t index;
    uint16_t guard;                      /* an attribute that rules out what is told here, if it is there; or UINT16_MAX */
    path_slot slot;
    uint32_t step;                       /* its number: for what only that gets right */
    uint32_t constant;                   /* its number, too */
} quick_step;

struct evtx_plan {
    path_node node;                      /* the parent of the template's elements */
    VEC(step) steps;
    VEC(quick_step) quick;
    VEC(value) constants;                /* of quick steps, close to each other */
    evtx_plan *next;
};

/* A plan for values of certain kinds: steps are RUN_VALUE, RUN_BLANK, RUN_CONSTANT, RUN_NESTED, RUN_STEP. */
typedef struct evtx_settled evtx_settled;
struct evtx_settled {
    path_node node;
    const evtx_plan *plan;
    VEC(quick_step) steps;
    evtx_settled *next;
};

/* `k` NULL: there are no values. */
evtx_settled *evtx_plan_settle(const evtx_plan *p, const evtx_kinds *k, arena *a);

#define EVERY_VALUE (PATH_NONE - 1)      /* as a node: that of the plan of all values, and of everything below it */

/* A plan for this tree alone, in `a`. */
evtx_plan *evtx_plan_new(const evtx_fields *f, arena *a, const binxml_tree *tree, path_node node);
/* One more of the template, kept with it. */
const evtx_plan *evtx_plan_make(const evtx_fields *f, evtx_template *t, path_node node);

static inline const evtx_plan *evtx_plan_for(const evtx_fields *f, evtx_template *t, path_node node)
{
    for (const evtx_plan *p = t->plans; p; p = p->next)
        if (p->node == node) return p;
    return evtx_plan_make(f, t, node);
}

#endif
