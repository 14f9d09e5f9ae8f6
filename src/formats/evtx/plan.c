/*
 * Plans. A step says: this value (or constant), if it is there, goes to these slots. The shapes that templates nearly
 * always have (an attribute, an element with one value) have steps of their own; all others (computed names, several
 * pieces of text) render the element as tree.c does and look its paths up, so that both ways agree by construction.
 *
 * An element with one value: the value stands at the element's path, or at '#text' below it when the element has
 * attributes in this record, or the value is BinXML, whose elements then stand below the element.
 */
#include "formats/evtx/plan.h"

#include "event/inner_text.h"
#include "formats/evtx/tree.h"

typedef enum {
    STEP_ATTRIBUTE, /* one value: to `plain`; nothing if it is NULL */
    STEP_CONSTANT,  /* to `plain` */
    STEP_VALUE,     /* the only content of an element: as told above */
    STEP_PLAIN,     /* the same where nothing but the value decides: no attributes, one slot, nothing asked for below */
    STEP_NESTED,    /* a value between child elements: if it is BinXML, its elements are children as well */
    STEP_TEXT,      /* what text stands between child elements: to `below` */
    STEP_RENDER,    /* the whole element, the slow way, with `node` that of its parent */
} step_kind;

typedef struct {
    const path_slot *at;
    size_t count;
    path_node node;                      /* if something below is asked for, which a text may hold; else PATH_NONE */
} slots;

static bool nobody_asks(slots s) { return s.count == 0 && s.node == PATH_NONE; }
static bool is_one_slot(const slots *s) { return s->count == 1 && s->node == PATH_NONE; }

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
    RUN_NOTHING,
    RUN_STEP,      /* any other step */
    RUN_GUARDED,   /* RUN_STEP, or nothing, if the guard is there; else `unguarded` */
} run_kind;

typedef struct {
    uint8_t kind, unguarded;
    bool may_open;                       /* something is asked for in records that a text may hold */
    bool again;                          /* one more slot of the step before */
    bool done;                           /* a guard leaves nothing to do, instead of leaving it to the step */
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

#define EVERY_VALUE (PATH_NONE - 1)      /* as a node: that of the plan of all values, and of everything below it */

typedef struct {
    const path_set *paths;
    arena *arena;
    evtx_plan *plan;
} maker;

/* ---- making ---- */

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
    if (s->plain.count == 0) q.kind = RUN_STEP;
    size_t times = q.kind == RUN_STEP ? 1 : s->plain.count;
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

static evtx_plan *new_plan(const evtx_fields *f, arena *a, const binxml_tree *tree, path_node node)
{
    evtx_plan *made = ARENA_NEW(a, evtx_plan);
    maker m = {f->paths, a, made};
    made->node = node;
    for (const binxml_element *e = tree->roots; e; e = e->next) plan_element(&m, e, node);
    for (uint32_t i = 0; node != EVERY_VALUE && i < made->steps.len; i++) add_quick_step(&m, i);
    return made;
}

static const evtx_plan *plan_for(const evtx_fields *f, evtx_template *t, path_node node)
{
    for (evtx_plan *p = t->plans; p; p = p->next)
        if (p->node == node) return p;
    evtx_plan *made = new_plan(f, f->plans, &t->tree, node);
    made->next = t->plans;
    t->plans = made;
    return made;
}

/* ---- running ---- */

/* What a plan is run for: fields, or every value for `fn`. */
typedef struct {
    evtx_fields *f;
    const evtx_record *r;
    scratch *texts;
    void (*fn)(const value *scalar, void *user); /* NULL: fields */
    void *user;
    bool texts_only;
} run;

static void put_slot(void *fields, path_slot slot, const value *v)
{
    vec_push(&((evtx_fields *)fields)->fields, ((event_field){.slot = slot, .value = *v}));
}

/* Lists are spread: one field for each element. */
static void emit(const run *x, slots to, const value *v)
{
    if (to.node != PATH_NONE && v->type == VALUE_STRING && inner_text_may_open(v->as.string)) {
        path_values(x->f->paths, to.node, v, x->texts->arena, put_slot, x->f);
        return;
    }
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) emit(x, to, &v->as.list.items[i]);
        return;
    }
    if (x->fn) {
        x->fn(v, x->user);
        return;
    }
    for (size_t i = 0; i < to.count; i++) vec_push(&x->f->fields, ((event_field){.slot = to.at[i], .value = *v}));
}

static void run_fragments(const run *x, uint32_t first, path_node node);

static bool is_null(const binxml_value *v) { return v->type == BINXML_NULL; }

/* ---- values that are decoded when somebody asks ---- */

static bool is_scalar(uint8_t type) { return !(type & BINXML_ARRAY) && type != BINXML_FRAGMENT; }

/* The bytes, and their type. */
static inline void set_undecoded(event_field *to, path_slot slot, uint8_t type, uint16_t size, const uint8_t *bytes)
{
    bool blank = size == 0 || type == BINXML_NULL;
    to->slot = slot; /* member by member: made as a whole it is made twice */
    to->undecoded = !blank;
    to->encoding = type;
    to->value.type = blank ? VALUE_BLANK : VALUE_STRING;
    to->value.as.string.ptr = (const char *)bytes;
    to->value.as.string.len = size;
}

/* Could the text be a record (inner_text.h)? Told by its first byte; blanks may stand before it. */
static inline bool may_open(uint8_t type, uint16_t size, const uint8_t *bytes)
{
    if (type != BINXML_STRING && type != BINXML_ANSI_STRING) return false;
    return size >= 2 && (bytes[0] <= ' ' || bytes[0] == '{' || bytes[0] == '[' || bytes[0] == '<');
}

void evtx_field_decode(evtx_fields *f, event_field *field)
{
    pk_str raw = field->value.as.string;
    binxml_value v = {.bytes = (const uint8_t *)raw.ptr, .size = (uint16_t)raw.len, .type = field->encoding};
    field->undecoded = false;
    field->value = binxml_decode(f->texts, &v);
}

/* Decodes to nothing: texts of NULs alone, too, and those of half a code unit. */
static bool is_blank(const run *x, const binxml_value *v)
{
    if (v->size == 0 || is_null(v)) return true;
    bool is_text = v->type == BINXML_STRING || v->type == BINXML_ANSI_STRING;
    return is_text && (v->bytes[0] == 0 || v->size == 1) && binxml_decode(x->texts, v).type == VALUE_BLANK;
}

/* ---- steps ---- */

/* Does nobody want the value, since it is no text? */
static bool is_passed_over(const run *x, uint8_t type)
{
    type &= ~BINXML_ARRAY;
    return x->texts_only && type != BINXML_STRING && type != BINXML_ANSI_STRING;
}

/* Does the element have an attribute in this record? Those that are one NULL value are left out. */
static bool has_attributes(const evtx_record *r, const evtx_fragment *in, const step *s)
{
    if (s->always_attributes) return true;
    for (const binxml_attribute *a = s->element ? s->element->attributes : NULL; a; a = a->next) {
        binxml_value room;
        const binxml_value *v = evtx_value_at(r, in, a->content->index, &room);
        if (!is_null(v) && v->type != BINXML_FRAGMENT) return true;
    }
    return false;
}

static void run_value(const run *x, const evtx_fragment *in, const step *s)
{
    binxml_value room;
    const binxml_value *v = evtx_value_at(x->r, in, s->index, &room);
    if (v->type == BINXML_FRAGMENT && v->fragment) {
        run_fragments(x, v->fragment, s->node);
        return;
    }
    bool below = has_attributes(x->r, in, s), constant = s->index == UINT16_MAX || v->type == BINXML_FRAGMENT;
    slots to = below ? s->below : s->plain;
    if (nobody_asks(to) || (!constant && is_passed_over(x, v->type))) return;
    if (!constant && !x->fn && is_scalar(v->type) && (to.node == PATH_NONE || !may_open(v->type, v->size, v->bytes))) {
        if (below && is_blank(x, v)) return;
        vec_reserve(&x->f->fields, x->f->fields.len + to.count);
        for (size_t i = 0; i < to.count; i++) set_undecoded(&x->f->fields.at[x->f->fields.len++], to.at[i], v->type, v->size, v->bytes);
        return;
    }
    value decoded = constant ? s->constant : binxml_decode(x->texts, v);
    if (below && decoded.type == VALUE_BLANK) return;
    emit(x, to, &decoded);
}

static void run_plain(const run *x, const evtx_fragment *in, const step *s)
{
    binxml_value room;
    const binxml_value *v = evtx_value_at(x->r, in, s->index, &room);
    if (v->type & BINXML_ARRAY || v->type == BINXML_FRAGMENT) {
        run_value(x, in, s);
    } else if (!is_passed_over(x, v->type)) {
        value decoded = binxml_decode(x->texts, v);
        emit(x, s->plain, &decoded);
    }
}

static void run_nested(const run *x, const evtx_fragment *in, const step *s)
{
    binxml_value room;
    const binxml_value *v = evtx_value_at(x->r, in, s->index, &room);
    if (v->type == BINXML_FRAGMENT && v->fragment) run_fragments(x, v->fragment, s->node);
}

static void run_text(const run *x, const evtx_fragment *in, const step *s)
{
    value v = evtx_content(x->r, in, s->element->content, x->texts);
    if (!evtx_only_blanks(&v)) emit(x, s->below, &v);
}

static void run_attribute(const run *x, const evtx_fragment *in, const step *s)
{
    binxml_value room;
    const binxml_value *v = evtx_value_at(x->r, in, s->index, &room);
    if (is_null(v) || v->type == BINXML_FRAGMENT || is_passed_over(x, v->type)) return;
    value decoded = binxml_decode(x->texts, v);
    emit(x, s->plain, &decoded);
}

static void run_render(const run *x, const evtx_fragment *in, const step *s)
{
    value v = evtx_tree_element(x->r, in, s->element, x->texts);
    if (x->fn) tree_each_scalar(&v, x->fn, x->user);
    else path_values(x->f->paths, s->node, &v, x->texts->arena, put_slot, x->f);
}

static void run_step(const run *x, const evtx_fragment *in, const step *s)
{
    switch (s->kind) {
    case STEP_ATTRIBUTE: run_attribute(x, in, s); return;
    case STEP_CONSTANT: emit(x, s->plain, &s->constant); return;
    case STEP_VALUE: run_value(x, in, s); return;
    case STEP_PLAIN: run_plain(x, in, s); return;
    case STEP_NESTED: run_nested(x, in, s); return;
    case STEP_TEXT: run_text(x, in, s); return;
    case STEP_RENDER: run_render(x, in, s); return;
    }
}

/* Makes room for `count` more fields: where the next one goes. */
static inline event_field *room_for(evtx_fields *f, size_t count)
{
    vec_reserve(&f->fields, f->fields.len + count);
    return f->fields.at + f->fields.len;
}

static inline void fields_end_at(evtx_fields *f, const event_field *end) { f->fields.len = (size_t)(end - f->fields.at); }

/* What a quick step is given of the fragment at hand. */
typedef struct {
    const uint8_t *chunk;
    const evtx_value *values;
    uint32_t count;
} given;

static inline evtx_value given_value(const given *g, uint16_t index) { return index < g->count ? g->values[index] : (evtx_value){0}; }

/* The attribute that rules out what is told here is not there. */
static inline bool is_open(const given *g, uint16_t guard)
{
    uint8_t type = given_value(g, guard).type;
    return type == BINXML_NULL || type == BINXML_FRAGMENT;
}

/* What is done by `q`, without what stands in the way of it. */
static inline run_kind kind_behind_guard(const given *g, const quick_step *q)
{
    if (is_open(g, q->guard)) return q->unguarded;
    return q->done ? RUN_NOTHING : RUN_STEP;
}

/* No array, no BinXML, and nobody looks into it: most are. HANDLE, which is none of these, has the bit of BinXML. */
static inline bool is_simple(const given *g, evtx_value v, const quick_step *q)
{
    if (v.type & (BINXML_ARRAY | BINXML_HANDLE)) return false;
    return !q->may_open || !may_open(v.type, v.size, g->chunk + v.place);
}

/* One more field, or none: the place for the next. */
static inline event_field *put_value(event_field *to, const given *g, evtx_value v, path_slot slot)
{
    set_undecoded(to, slot, v.type, v.size, g->chunk + v.place);
    return to + 1;
}

static inline event_field *put_constant(event_field *to, const value *constant, path_slot slot)
{
    to->slot = slot;
    to->undecoded = false;
    to->value = *constant;
    return to + 1;
}

static void run_fragments(const run *x, uint32_t first, path_node node);

/* A step that is not run quickly. */
static __attribute__((noinline)) void run_slowly(const run *x, const evtx_fragment *in, const step *s)
{
    binxml_value room;
    const binxml_value *v = evtx_value_at(x->r, in, s->index, &room);
    bool nests = s->kind == STEP_VALUE || s->kind == STEP_PLAIN || s->kind == STEP_NESTED;
    if (nests && v->type == BINXML_FRAGMENT && v->fragment) run_fragments(x, v->fragment, s->node);
    else run_step(x, in, s);
}

static void run_quickly(const run *x, const evtx_fragment *in, const evtx_plan *p)
{
    if (p->quick.len == 0) return;
    const given g = {x->r->chunk.bytes, in->count ? &x->r->values.at[in->first] : NULL, in->count};
    event_field *to = room_for(x->f, p->quick.len);
    const quick_step *q = p->quick.at;
    for (size_t left = p->quick.len; left; left--, q++) {
        evtx_value v;
        run_kind kind = q->kind == RUN_GUARDED ? kind_behind_guard(&g, q) : q->kind;
        switch (kind) {
        case RUN_NOTHING: continue;
        case RUN_CONSTANT: to = put_constant(to, &p->constants.at[q->constant], q->slot); continue;
        case RUN_ATTRIBUTE:
        case RUN_VALUE:
            v = given_value(&g, q->index);
            if (!is_simple(&g, v, q)) break;
            if (kind == RUN_VALUE || v.type != BINXML_NULL) to = put_value(to, &g, v, q->slot);
            continue;
        case RUN_STEP:
        case RUN_GUARDED: break;
        }
        if (q->again) continue;
        fields_end_at(x->f, to);
        run_slowly(x, in, &p->steps.at[q->step]);
        to = room_for(x->f, left);
    }
    fields_end_at(x->f, to);
}

/* Fragments of a value, as children of `node`. */
static void run_fragments(const run *x, uint32_t first, path_node node)
{
    for (uint32_t next = first; next; next = x->r->fragments.at[next - 1].next) {
        const evtx_fragment *in = &x->r->fragments.at[next - 1];
        /* What has no template gets a plan for this record alone. */
        const evtx_plan *p = in->template ? plan_for(x->f, in->template, node) : new_plan(x->f, x->texts->arena, in->tree, node);
        if (!x->fn) run_quickly(x, in, p);
        for (size_t i = 0; x->fn && i < p->steps.len; i++) run_step(x, in, &p->steps.at[i]);
    }
}

void evtx_fields_read(evtx_fields *f, const evtx_record *r)
{
    f->fields.len = 0;
    if (f->paths) run_fragments(&(run){.f = f, .r = r, .texts = f->texts}, 1, PATH_ROOT);
}

void evtx_each_value(evtx_fields *f, const evtx_record *r, bool texts_only, scratch *s,
                     void (*fn)(const value *scalar, void *user), void *user)
{
    run_fragments(&(run){.f = f, .r = r, .texts = s, .fn = fn, .user = user, .texts_only = texts_only}, 1, EVERY_VALUE);
}
