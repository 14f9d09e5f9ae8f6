/*
 * Running plans: for the fields of a record, where most steps are quick (a value or a constant to a slot, not decoded), or for all
 * of its values.
 */
#include "event/inner_text.h"
#include "formats/evtx/plan_steps.h"
#include "formats/evtx/tree.h"

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
static void set_undecoded(event_field *to, path_slot slot, const binxml_value *v)
{
    bool some = v->size != 0 && !is_null(v);
    *to = (event_field){.slot = slot, .undecoded = some, .encoding = v->type, .value.type = some ? VALUE_STRING : VALUE_BLANK};
    to->value.as.string = (pk_str){(const char *)v->bytes, v->size};
}

static inline bool is_text(uint8_t type) { return type == BINXML_STRING || type == BINXML_ANSI_STRING; }

/* Could the text be a record (inner_text.h)? Told by its first byte; blanks may stand before it. */
static inline bool may_open(uint16_t size, const uint8_t *bytes)
{
    return size >= 2 && (bytes[0] <= ' ' || bytes[0] == '{' || bytes[0] == '[' || bytes[0] == '<');
}

static binxml_value undecoded(const event_field *field)
{
    pk_str raw = field->value.as.string;
    return (binxml_value){.bytes = (const uint8_t *)raw.ptr, .size = (uint16_t)raw.len, .type = field->encoding};
}

void evtx_field_decode(evtx_fields *f, event_field *field)
{
    binxml_value v = undecoded(field);
    field->undecoded = false;
    field->value = binxml_decode(f->texts, &v);
}

timestamp evtx_field_time(const event_field *field)
{
    binxml_value v = undecoded(field);
    return binxml_time(&v);
}

/* Decodes to nothing: texts of NULs alone, too, and those of half a code unit. */
static bool is_blank(const run *x, const binxml_value *v)
{
    if (v->size == 0 || is_null(v)) return true;
    return is_text(v->type) && (v->bytes[0] == 0 || v->size == 1) && binxml_decode(x->texts, v).type == VALUE_BLANK;
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
    if (!constant && !x->fn && is_scalar(v->type) && (to.node == PATH_NONE || !is_text(v->type) || !may_open(v->size, v->bytes))) {
        if (below && is_blank(x, v)) return;
        vec_reserve(&x->f->fields, x->f->fields.len + to.count);
        for (size_t i = 0; i < to.count; i++) set_undecoded(&x->f->fields.at[x->f->fields.len++], to.at[i], v);
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

/* One more field: the place for the next. */
static inline event_field *put_value(event_field *to, const quick_step *q, uint16_t size, const uint8_t *bytes)
{
    to->slot = q->slot; /* member by member: made as a whole it is made twice */
    to->undecoded = size != 0;
    to->encoding = q->encoding;
    to->value.type = size ? VALUE_STRING : VALUE_BLANK;
    to->value.as.string.ptr = (const char *)bytes;
    to->value.as.string.len = size;
    return to + 1;
}

static inline event_field *put_constant(event_field *to, const value *constant, path_slot slot)
{
    to->slot = slot;
    to->undecoded = false;
    to->value = *constant;
    return to + 1;
}

/* What is no quick step, out of the way of those that are: the place for the next field. */
static __attribute__((noinline)) event_field *run_slowly(const run *x, const evtx_fragment *in, const step *s, event_field *to, size_t left)
{
    fields_end_at(x->f, to);
    run_step(x, in, s);
    return room_for(x->f, left);
}

static event_field *run_below(const run *x, uint32_t first, path_node node, event_field *to, size_t left)
{
    fields_end_at(x->f, to);
    run_fragments(x, first, node);
    return room_for(x->f, left);
}

static void run_settled(const run *x, const evtx_fragment *in, const evtx_settled *p)
{
    const uint8_t *chunk = x->r->chunk.bytes;
    const evtx_value *values = x->r->values.at + in->first;
    static const value blank = {.type = VALUE_BLANK};
    event_field *to = room_for(x->f, p->steps.len);
    for (const quick_step *q = p->steps.at, *end = q + p->steps.len; q < end; q++) {
        if (q->kind == RUN_VALUE) {
            evtx_value v = values[q->index];
            if (!q->may_open || !may_open(v.size, chunk + v.place)) to = put_value(to, q, v.size, chunk + v.place);
            else if (!q->again) to = run_slowly(x, in, &p->plan->steps.at[q->step], to, (size_t)(end - q));
        } else if (q->kind == RUN_CONSTANT) {
            to = put_constant(to, &p->plan->constants.at[q->constant], q->slot);
        } else if (q->kind == RUN_BLANK) {
            to = put_constant(to, &blank, q->slot);
        } else if (q->kind == RUN_NESTED) {
            uint32_t first = values[q->index].place;
            if (first) to = run_below(x, first, q->slot, to, (size_t)(end - q));
        } else {
            to = run_slowly(x, in, &p->plan->steps.at[q->step], to, (size_t)(end - q));
        }
    }
    fields_end_at(x->f, to);
}

static __attribute__((noinline)) void run_each(const run *x, const evtx_fragment *in, const evtx_plan *p)
{
    for (size_t i = 0; i < p->steps.len; i++) run_step(x, in, &p->steps.at[i]);
}

/* What has no template gets a plan for this record alone. */
static const evtx_plan *plan_of(const run *x, const evtx_fragment *in, path_node node)
{
    return in->template ? evtx_plan_for(x->f, in->template, node) : evtx_plan_new(x->f, x->texts->arena, in->tree, node);
}

static __attribute__((noinline)) const evtx_settled *settle(const run *x, const evtx_fragment *in, path_node node)
{
    evtx_kinds *k = in->kinds;
    evtx_settled *made = evtx_plan_settle(plan_of(x, in, node), k, k ? k->arena : x->texts->arena);
    if (!k) return made;
    made->next = k->settled;
    return k->settled = made;
}

static inline const evtx_settled *settled_of(const run *x, const evtx_fragment *in, path_node node)
{
    for (const evtx_settled *s = in->kinds ? in->kinds->settled : NULL; s; s = s->next)
        if (s->node == node) return s;
    return settle(x, in, node);
}

/* Fragments of a value, as children of `node`. */
static void run_fragments(const run *x, uint32_t first, path_node node)
{
    for (uint32_t next = first; next;) {
        const evtx_fragment *in = &x->r->fragments.at[next - 1];
        next = in->next;
        if (x->fn) {
            run_each(x, in, plan_of(x, in, node));
            continue;
        }
        const evtx_settled *p = settled_of(x, in, node);
        if (p->steps.len) run_settled(x, in, p);
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
