/*
 * Why a rule fired: its questions are asked once more of the whole record, and each predicate that is true and stands under no `not` is
 * listed with the value and the place. Slow and plain; it runs for alerts only.
 */
#include "base/unicode.h"
#include "engine/matcher.h"
#include "ir/functions.h"

#define DEPTH_MAX 1000

typedef struct {
    matcher *m;
    class_id class_id;
    layout_id layout;
    const event *event;
    const value *tree;            /* once somebody asked */
    arena *arena;
    match_reasons *out;
    unsigned depth;
} why_walk;

/* ---- values ---- */

/* Many rules may have matched the matcher's event. */
static const value *whole_record(why_walk *w)
{
    if (!w->tree) w->tree = w->event == w->m->event ? tree_of(w->m) : event_tree(w->event, w->arena);
    return w->tree;
}

static void add_value(const value *v, void *user)
{
    list_builder *out = ((void **)user)[0];
    list_add(((void **)user)[1], out, *v);
}

static void values_of(why_walk *w, const expr *e, list_builder *out);

/* In an event that is not the matcher's. */
static void look_up_field(why_walk *w, const ir_field *f, list_builder *out)
{
    if (w->class_id == CLASS_NONE) tree_values(whole_record(w), f->path, w->arena, out);
    else schema_field_values(w->m->program->schema, w->class_id, w->layout, f->schema, f->path, whole_record(w), w->arena, out);
}

/* The texts of values, as tests see them. */
static void read_texts(explained_values *v, arena *a)
{
    v->texts = arena_alloc(a, v->values.items.len * sizeof *v->texts);
    v->shown = arena_alloc(a, v->values.items.len * sizeof *v->shown);
    for (size_t i = 0; i < v->values.items.len; i++) {
        pk_str s;
        if (v->values.items.at[i].type == VALUE_NULL || !value_text(a, &v->values.items.at[i], &s)) continue;
        v->shown[v->count] = (reason_value){.text = s};
        v->texts[v->count++] = (subject_text){s, fold(a, s)};
    }
}

static const explained_values *look_up_values(why_walk *w, explained_field *x)
{
    matcher *m = w->m;
    if (x->map) field_finder_map_values(matcher_fields(m), w->class_id, x->schema, x->map, &x->values.values);
    else tree_values(whole_record(w), x->path, m->arena, &x->values.values);
    read_texts(&x->values, m->arena);
    explained_field_keep(m->explained, x);
    return &x->values;
}

/* Looked up once for all rules that match the event. */
static inline const explained_values *explained_values_of(why_walk *w, explained_field *x) { return x->known ? &x->values : look_up_values(w, x); }

static void values_of_path(why_walk *w, const ir_field *f, list_builder *out)
{
    if (w->event != w->m->event) {
        look_up_field(w, f, out);
        return;
    }
    const explained_values *known = explained_values_of(w, explained_field_of(w->m->explained, w->class_id, f));
    for (size_t i = 0; i < known->values.items.len; i++) list_add(w->arena, out, known->values.items.at[i]);
}

static void values_of_field(why_walk *w, const ir_field *f, list_builder *out)
{
    if (f->kind == FIELD_PATH) {
        values_of_path(w, f, out);
    } else if (w->event->raw.ptr) {
        list_add(w->arena, out, value_string(w->event->raw));
    } else if (f->kind == FIELD_ANY_VALUE) {
        void *user[] = {out, w->arena};
        tree_each_scalar(whole_record(w), add_value, user);
    } else {
        text json = {0};
        value_write_json(&json, whole_record(w));
        list_add(w->arena, out, value_string(arena_str(w->arena, text_view(&json))));
        text_free(&json);
    }
}

static void values_of_call(why_walk *w, const expr *e, list_builder *out)
{
    value *args = ARENA_ARRAY(w->arena, value, e->count + 1);
    for (size_t i = 0; i < e->count; i++) {
        list_builder values = {0};
        values_of(w, e->args[i], &values);
        if (values.items.len == 1) args[i] = values.items.at[0];
        else if (values.items.len > 1) args[i] = list_done(&values);
    }
    value v = ir_function_call_in(w->m->calls, e->as.call.name, args, e->count, w->arena);
    if (v.type == VALUE_LIST)
        for (size_t i = 0; i < v.as.list.count; i++) list_add(w->arena, out, v.as.list.items[i]);
    else if (v.type != VALUE_MISSING) list_add(w->arena, out, v);
}

static void values_of(why_walk *w, const expr *e, list_builder *out)
{
    if (e->kind == EXPR_FIELD) values_of_field(w, &e->as.field, out);
    else if (e->kind == EXPR_CONSTANT) list_add(w->arena, out, e->as.constant);
    else if (e->kind == EXPR_CALL && ++w->depth < DEPTH_MAX) values_of_call(w, e, out), w->depth--;
}

/* ---- places ---- */

/* How many of the first `limit` bytes are ASCII, less a few. */
static size_t ascii_prefix(pk_str s, size_t limit)
{
    size_t at = 0;
    for (uint64_t n = 0; at + sizeof n <= s.len && at + sizeof n <= limit; at += sizeof n) {
        memcpy(&n, s.ptr + at, sizeof n);
        if (n & UINT64_C(0x8080808080808080)) break;
    }
    return at;
}

/*
 * Folding keeps the number of code points, not of bytes: the byte of `s` that stands where `at` is in its folded form. ASCII is folded
 * byte by byte, so that the first `same` bytes are known to stand where they stood.
 */
static size_t unfolded(pk_str s, pk_str folded, size_t at, size_t same)
{
    if (s.ptr == folded.ptr || at <= same) return at;
    size_t i = same, k = same;
    while (k < at && i < s.len) {
        utf8_next(folded, &k);
        utf8_next(s, &i);
    }
    return i;
}

static void add_place(match_reason *r, subject_text s, const match_place *place)
{
    r->at = r->length = -1;
    if (!place->placed) return;
    size_t same = place->raw ? place->end : ascii_prefix(s.text, place->end);
    size_t at = place->raw ? place->at : unfolded(s.text, s.folded, place->at, same);
    size_t end = place->raw ? place->end : unfolded(s.text, s.folded, place->end, same);
    r->at = (int64_t)at;
    r->length = (int64_t)(end - at);
}

/* ---- uses ---- */

static bool same_reason(const match_reason *a, const match_reason *b)
{
    if (a == b) return true;
    if (a->kind != b->kind || a->at != b->at || a->length != b->length) return false;
    bool same_said = a->predicate && a->predicate == b->predicate, same_value = a->shown && a->shown == b->shown;
    return (same_said || (str_equal(a->field, b->field) && str_equal(a->constant, b->constant))) && (same_value || str_equal(a->value, b->value));
}

/* A predicate that two selections share is one reason. */
static void add_reason(why_walk *w, match_reason *r)
{
    for (size_t i = 0; i < w->out->items.len; i++)
        if (same_reason(w->out->items.at[i], r)) return;
    vec_push(&w->out->items, r);
}

static match_reason *kept_reason(why_walk *w, const match_reason *r)
{
    match_reason *kept = arena_alloc(w->arena, sizeof *kept);
    *kept = *r;
    return kept;
}

static match_reason reason_of(why_walk *w, const ir_use *u, explained_test *t)
{
    const reason_predicate *p = explained_said(w->m->explained, u, t);
    return (match_reason){.field = p->field, .kind = p->kind, .keyword = p->keyword, .constant = p->constant, .value = {"", 0},
                          .at = -1, .length = -1, .predicate = p};
}

static void explain_presence(why_walk *w, const ir_use *u, explained_test *t, const list_builder *values)
{
    bool null = values->items.len == 0;
    for (size_t i = 0; i < values->items.len; i++)
        null |= values->items.at[i].type == VALUE_NULL || values->items.at[i].type == VALUE_BLANK;
    if (t->constant->test->kind == TEST_EXISTS ? values->items.len == 0 : !null) return;
    match_reason r = reason_of(w, u, t);
    if (values->items.len) value_text(w->arena, &values->items.at[0], &r.value);
    add_reason(w, kept_reason(w, &r));
}

/* The first value of which the test is true. */
static bool find_reason(why_walk *w, const ir_use *u, explained_test *t, const explained_values *v)
{
    match_place place;
    for (size_t i = 0; t->test && i < v->count; i++) {
        if (!prepared_match(t->test, v->texts[i], &w->m->network.regex, &place)) continue;
        t->reason = reason_of(w, u, t);
        t->reason.value = v->texts[i].text;
        t->reason.shown = &v->shown[i];
        add_place(&t->reason, v->texts[i], &place);
        return true;
    }
    return false;
}

/* Asked once for all rules that match the event. */
static void explain_shared(why_walk *w, const ir_use *u, explained_test *t, const explained_values *v)
{
    if (t->asked != w->m->events_total) {
        t->asked = w->m->events_total;
        t->found = find_reason(w, u, t, v);
    }
    if (t->found) add_reason(w, &t->reason);
}

static void explain_own(why_walk *w, const ir_use *u, explained_test *t, const explained_values *v)
{
    t->asked = 0;
    if (find_reason(w, u, t, v)) add_reason(w, kept_reason(w, &t->reason));
}

static void explain_use(why_walk *w, const explained_leaf *l)
{
    const ir_use *u = &l->leaf->as.use;
    bool shared = l->field && w->event == w->m->event;
    explained_values made = {0};
    if (!shared) {
        values_of(w, u->operand, &made.values);
        read_texts(&made, w->arena);
    }
    const explained_values *v = shared ? explained_values_of(w, l->field) : &made;
    for (size_t i = 0; i < u->count; i++) {
        explained_test *t = l->tests[i];
        test_kind kind = t->constant->test->kind;
        if (kind == TEST_EXISTS || kind == TEST_IS_NULL) explain_presence(w, u, t, &v->values);
        else if (shared) explain_shared(w, u, t, v);
        else explain_own(w, u, t, v);
    }
}

/* Field against field: where the other field's value stands in this one's. */
static void explain_compare(why_walk *w, const expr *e)
{
    list_builder x = {0}, y = {0};
    comparison c = {.op = e->as.compare.op, .how = e->as.compare.how, .cased = e->as.compare.cased,
                    .missing = e->as.compare.missing};
    const ir_field *field = operand_field(e->args[0]), *other = operand_field(e->args[1]);
    values_of(w, e->args[0], &x);
    values_of(w, e->args[1], &y);
    for (size_t i = 0; i < x.items.len; i++) {
        list_builder one = {0};
        list_add(w->arena, &one, x.items.at[i]);
        if (comparison_of(&c, &one, &y, w->arena) != COMPARED_TRUE) continue;
        match_reason r = {.kind = c.how, .at = -1, .length = -1};
        if (field) r.field = field->path;
        if (other) r.constant = other->path;
        else if (y.items.len) value_text(w->arena, &y.items.at[0], &r.constant);
        value_text(w->arena, &x.items.at[i], &r.value);
        if (c.how == TEST_EQUALS && c.op == COMPARE_EQ) r.at = 0, r.length = (int64_t)r.value.len;
        add_reason(w, kept_reason(w, &r));
        return;
    }
}

/* ---- all of a rule ---- */

void matcher_why(matcher *m, const rule *r, class_id c, const event *e, const classification *k, arena *a,
                 match_reasons *out)
{
    why_walk w = {.m = m, .class_id = c, .layout = k->layout, .event = e, .arena = a, .out = out};
    const explained_rule *asked = explained_rule_of(m->explained, r, c);
    for (size_t i = 0; i < asked->leaves.len; i++) {
        const explained_leaf *l = &asked->leaves.at[i];
        if (l->leaf->kind == EXPR_USE) explain_use(&w, l);
        else explain_compare(&w, l->leaf);
    }
}

field_finder *matcher_fields(matcher *m)
{
    if (!m->finding) field_finder_event(m->finder, m->context->layout, m->event, m->arena);
    m->finding = true;
    return m->finder;
}
