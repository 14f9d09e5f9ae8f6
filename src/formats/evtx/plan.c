/*
 * Making plans.
 *
 * An element with one value: the value stands at the element's path, or at '#text' below it when the element has
 * attributes in this record, or the value is BinXML, whose elements then stand below the element.
 */
#include "event/inner_text.h"
#include "formats/evtx/plan_steps.h"

typedef struct {
    const path_set *paths;
    arena *arena;
    evtx_plan *plan;
} maker;

static path_node child_of(const maker *m, path_node node, pk_str key)
{
    return node == EVERY_VALUE ? node : path_child(m->paths, node, key);
}

static slots slots_of(const maker *m, path_node node)
{
    static const path_slot any = 0;
    if (node == EVERY_VALUE) return (slots){&any, 1, PATH_NONE};
    slots s = {.node = path_node_has_children(m->paths, node) ? node : PATH_NONE};
    if (node != PATH_NONE) s.count = path_node_slots(m->paths, node, &s.at);
    return s;
}

static void add_step(maker *m, step s) { vec_push_in(m->arena, &m->plan->steps, s); }

/* A constant that holds no record need not be looked into for each event. */
static slots slots_of_constant(slots s, const value *constant)
{
    if (constant->type != VALUE_STRING || !inner_text_may_open(constant->as.string)) s.node = PATH_NONE;
    return s;
}

static bool wanted(const maker *m, path_node node)
{
    if (node == EVERY_VALUE) return true;
    return node != PATH_NONE && (slots_of(m, node).count || path_node_has_children(m->paths, node));
}

static void plan_attributes(maker *m, const binxml_element *e, path_node node)
{
    for (const binxml_attribute *a = e->attributes; a; a = a->next) {
        if (e->data == DATA_NAMED && str_equal(a->name, STR("Name"))) continue;
        slots s = slots_of(m, child_of(m, node, a->name));
        if (nobody_asks(s)) continue;
        if (!a->content) add_step(m, (step){.kind = STEP_CONSTANT, .plain = s, .constant = {.type = VALUE_BLANK}});
        else if (a->content->kind == CONTENT_CONSTANT)
            add_step(m, (step){.kind = STEP_CONSTANT, .plain = slots_of_constant(s, &a->content->constant), .constant = a->content->constant});
        else add_step(m, (step){.kind = STEP_ATTRIBUTE, .plain = s, .index = a->content->index});
    }
}

/* An attribute that is there in every record. */
static bool has_constant_attribute(const binxml_element *e)
{
    for (const binxml_attribute *a = e->attributes; a; a = a->next)
        if (!a->content || a->content->kind == CONTENT_CONSTANT) return true;
    return false;
}

/* Shapes that only rendering gets right. */
static bool needs_rendering(const binxml_element *e)
{
    if (e->data == DATA_COMPUTED) return true;
    for (const binxml_attribute *a = e->attributes; a; a = a->next)
        if (a->content && a->content->next) return true;
    return !e->has_elements && e->content && e->content->next;
}

static void plan_element(maker *m, const binxml_element *e, path_node parent);

static void plan_content(maker *m, const binxml_element *e, path_node node)
{
    bool named = e->data == DATA_NAMED; /* its attributes stand elsewhere */
    step s = {.kind = STEP_VALUE, .node = node, .element = named ? NULL : e, .plain = slots_of(m, node),
              .below = slots_of(m, child_of(m, node, STR("#text"))),
              .always_attributes = !named && has_constant_attribute(e)};
    if (e->has_elements) {
        bool only_elements = true;
        for (const binxml_content *c = e->content; c; c = c->next) {
            if (c->kind == CONTENT_ELEMENT) plan_element(m, c->element, node);
            else only_elements = false;
            if (c->kind == CONTENT_SUBSTITUTION)
                add_step(m, (step){.kind = STEP_NESTED, .index = c->index, .node = node});
        }
        s.kind = STEP_TEXT;
        s.element = e;
        if (!only_elements && !nobody_asks(s.below)) add_step(m, s);
        return;
    }
    s.constant.type = VALUE_BLANK;
    if (e->content && e->content->kind == CONTENT_SUBSTITUTION) {
        s.index = e->content->index;
        if ((named || !e->attributes) && is_one_slot(&s.plain)) s.kind = STEP_PLAIN;
    } else {
        if (nobody_asks(s.plain) && nobody_asks(s.below)) return;
        s.index = UINT16_MAX; /* no template has as many values: never found, so the constant counts */
        if (e->content) s.constant = e->content->constant;
        s.plain = slots_of_constant(s.plain, &s.constant);
        s.below = slots_of_constant(s.below, &s.constant);
    }
    add_step(m, s);
}

static void plan_element(maker *m, const binxml_element *e, path_node parent)
{
    if (needs_rendering(e)) {
        bool any = e->data == DATA_NONE || parent == EVERY_VALUE ? wanted(m, child_of(m, parent, e->name))
                                                                : path_node_has_children(m->paths, parent);
        if (any) add_step(m, (step){.kind = STEP_RENDER, .element = e, .node = parent});
        return;
    }
    path_node node = child_of(m, parent, e->data == DATA_NAMED ? e->data_name : e->name);
    path_node attributes = node == PATH_NONE ? node : child_of(m, node, STR("#attributes"));
    if (e->data == DATA_NAMED && e->attributes && e->attributes->next)
        attributes = child_of(m, parent, arena_concat(m->arena, e->data_name, STR("_attributes")));
    if (attributes != PATH_NONE) plan_attributes(m, e, attributes);
    if (wanted(m, node)) plan_content(m, e, node);
}

/*
 * How a step is run quickly, but for its slots: RUN_STEP if it is not. An element's value stands elsewhere if it has an attribute
 * in this record: the first, if it is there, or the only one, says so.
 */
static quick_step quick_of(const step *s)
{
    quick_step q = {.kind = RUN_STEP, .index = s->index, .guard = UINT16_MAX};
    if (s->kind == STEP_ATTRIBUTE) q.kind = RUN_ATTRIBUTE;
    if (s->kind == STEP_PLAIN) q.kind = RUN_VALUE;
    if (s->kind == STEP_NESTED) q.kind = RUN_NESTED;
    bool one_field = s->plain.node == PATH_NONE && s->constant.type != VALUE_LIST;
    if (s->kind == STEP_CONSTANT && one_field) q.kind = RUN_CONSTANT;
    if (s->kind != STEP_VALUE || s->always_attributes) return q;
    bool constant = s->index == UINT16_MAX;
    const binxml_attribute *a = s->element ? s->element->attributes : NULL;
    if (!a || !a->next) q.kind = !constant ? RUN_VALUE : one_field ? RUN_CONSTANT : RUN_STEP;
    if (!a) return q;
    q.guard = a->content->index;
    q.done = constant && nobody_asks(s->below);
    return q;
}

static void add_quick_step(maker *m, uint32_t number)
{
    const step *s = &m->plan->steps.at[number];
    quick_step q = quick_of(s);
    q.step = number;
    q.constant = (uint32_t)m->plan->constants.len;
    if (s->kind == STEP_VALUE && s->index == UINT16_MAX && s->always_attributes && nobody_asks(s->below)) return;
    if (s->kind == STEP_NESTED) q.slot = s->node;
    else if (s->plain.count == 0) q.kind = RUN_STEP;
    size_t times = q.kind == RUN_STEP || q.kind == RUN_NESTED ? 1 : s->plain.count;
    q.unguarded = q.kind;
    if (q.guard != UINT16_MAX) q.kind = RUN_GUARDED;
    for (size_t i = 0; i < times; i++) {
        q.may_open = s->plain.node != PATH_NONE;
        q.again = i > 0;
        if (i < s->plain.count) q.slot = s->plain.at[i];
        vec_push_in(m->arena, &m->plan->quick, q);
    }
    if (q.unguarded == RUN_CONSTANT) vec_push_in(m->arena, &m->plan->constants, s->constant);
}

evtx_plan *evtx_plan_new(const evtx_fields *f, arena *a, const binxml_tree *tree, path_node node)
{
    evtx_plan *made = ARENA_NEW(a, evtx_plan);
    maker m = {f->paths, a, made};
    made->node = node;
    for (const binxml_element *e = tree->roots; e; e = e->next) plan_element(&m, e, node);
    for (uint32_t i = 0; node != EVERY_VALUE && i < made->steps.len; i++) add_quick_step(&m, i);
    return made;
}

const evtx_plan *evtx_plan_make(const evtx_fields *f, evtx_template *t, path_node node)
{
    evtx_plan *made = evtx_plan_new(f, f->plans, &t->tree, node);
    made->next = t->plans;
    t->plans = made;
    return made;
}
