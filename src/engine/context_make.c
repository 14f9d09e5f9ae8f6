/*
 * Making a context turns "what do the rules of these classes ask" into a table from the reader's paths to slots, so that an event
 * costs what it holds, not what is asked. In a case of it what one of the slots answers is known: rules that this rules out are not
 * asked, nor slots that only they ask for.
 */
#include "engine/context_make.h"

typedef VEC(uint32_t) number_vec;
typedef struct { uint32_t slot; slot_place place; } slot_at;

typedef struct {
    const program *program;
    arena *arena;
    context *made;
    class_id records[2];          /* by nested schema ("udm", "udm-entity"): the class that gives the event's record */
    uint8_t *asked;               /* by slot */
    uint32_t *required;           /* by slot: variants that its predicates can rule out */
    uint8_t *reached;             /* by instruction; none is between calls of may_match */
    number_vec slots, others, broad;
    VEC(slot_at) found;
} context_maker;

static void set_bit(uint64_t *bits, uint32_t i) { bits[i >> 6] |= UINT64_C(1) << (i & 63); }

static void take(context_maker *k, number_vec *list, uint32_t slot_number)
{
    if (k->asked[slot_number]) return;
    k->asked[slot_number] = 1;
    vec_push(list, slot_number);
}

/* ---- variants ---- */

static bool gives_record(const context_maker *k, const rule_variant *v)
{
    return !v->of_record || v->class_id == k->records[0] || v->class_id == k->records[1];
}

/* Of a case: what is known of this predicate? */
static bool is_known(const context_maker *k, uint32_t predicate) { return k->program->predicates.at[predicate].part == k->made->known_slot; }

static bool reach(context_maker *k, uint32_t target, size_t *pending)
{
    if (target >= CODE_REJECT) return target == CODE_ACCEPT;
    *pending += !k->reached[target];
    k->reached[target] = 1;
    return false;
}

/* Branches lead to what stands before them (bool_emit), so one walk backwards sees all that can be reached. */
static bool may_match(context_maker *k, const rule_variant *v)
{
    size_t pending = 0;
    bool accepted = reach(k, v->code, &pending);
    for (uint32_t at = v->code; pending; at--) {
        const instruction *i = &k->program->code.code.at[at];
        if (!k->reached[at]) continue;
        k->reached[at] = 0;
        pending--;
        bool known = i->leaf == LEAF_PREDICATE && is_known(k, i->id), is_true = known && result_has(k->made->known, i->id);
        if (!known || is_true) accepted |= reach(k, i->on_true, &pending);
        if (!known || !is_true) accepted |= reach(k, i->on_false, &pending);
    }
    return accepted;
}

/* Which slots it takes, on the way on which nothing fails. */
static void count_required(context_maker *k, const rule_variant *v)
{
    const instruction *code = k->program->code.code.at;
    for (uint32_t at = v->code; at < CODE_REJECT; at = code[at].on_true)
        if (code[at].leaf == LEAF_PREDICATE && code[at].on_false == CODE_REJECT) k->required[k->program->predicates.at[code[at].id].slot]++;
}

/* Is it one whatever the other slots say? */
static bool is_candidate(const context_maker *k, const rule_variant *v)
{
    for (uint32_t i = 0; i < v->necessary_count; i++)
        if (is_known(k, v->necessary[i]) && result_has(k->made->known, v->necessary[i])) return true;
    return v->necessary_count == 0;
}

static void take_variant(context_maker *k, uint32_t number)
{
    const program *p = k->program;
    const rule_variant *v = &p->variants.at[number];
    context *c = k->made;
    if (!gives_record(k, v) || (c->known && !may_match(k, v))) return;
    c->empty = false;
    if (!c->known) count_required(k, v);
    if (is_candidate(k, v)) {
        vec_push(&k->broad, number);
        return;
    }
    set_bit(c->variants, number);
    for (uint32_t i = 0; i < v->necessary_count; i++)
        if (!is_known(k, v->necessary[i])) set_bit(c->tested, p->predicates.at[v->necessary[i]].slot);
}

static void take_class(context_maker *k, uint32_t number)
{
    const class_program *c = &k->program->classes[number];
    for (size_t i = 0; i < c->variants.len; i++) take_variant(k, c->variants.at[i]);
    for (size_t i = 0; !k->made->known && i < c->slots.len; i++) take(k, &k->slots, c->slots.at[i]);
    for (size_t i = 0; i < c->others.len; i++)
        if (context_tests(k->made, c->others.at[i])) take(k, &k->others, c->others.at[i]);
}

/* ---- tables ---- */

static bool is_before(const slot_place *x, const slot_place *y) { return x->rank != y->rank ? x->rank < y->rank : x->path < y->path; }

/* Where the slot may stand in records of this layout, the best first; fields of another family stand at their raw paths. */
static void take_paths(context_maker *k, uint32_t slot_number)
{
    const event_slot *s = &k->program->slots.all.at[slot_number];
    layout_id layout = k->made->layout;
    if (layout != LAYOUT_NONE && (s->family == FAMILY_NONE || schema_layout_family(k->program->schema, layout) != s->family))
        layout = LAYOUT_NONE;
    for (size_t i = 0, first = k->found.len; i < s->paths.len; i++) {
        slot_at at = {slot_number, {.path = s->paths.at[i].path, .rank = s->paths.at[i].rank}};
        if (s->paths.at[i].layout != layout) continue;
        vec_push(&k->found, at);
        size_t n = k->found.len - 1;
        for (; n > first && is_before(&at.place, &k->found.at[n - 1].place); n--) k->found.at[n] = k->found.at[n - 1];
        k->found.at[n] = at;
    }
}

static begin_table new_table(arena *a, size_t keys)
{
    uint32_t cells = 8;
    while (cells < 2 * keys) cells *= 2;
    begin_table t = {arena_alloc(a, cells * sizeof *t.cells), cells - 1};
    memset(t.cells, 0xff, cells * sizeof *t.cells); /* free, BEGINS_NOWHERE */
    return t;
}

/* From paths to slots; those of a path stand side by side, filled in from their end. */
static void make_targets(context_maker *k)
{
    context *c = k->made;
    uint32_t used = 0;
    c->targets_of = new_table(k->arena, k->found.len);
    c->targets = ARENA_ARRAY(k->arena, path_target, k->found.len + 1);
    for (size_t i = 0; i < k->found.len; i++) {
        begin_cell *of = begin_cell_of(&c->targets_of, k->found.at[i].place.path);
        *of = (begin_cell){k->found.at[i].place.path, of->first == BEGINS_NOWHERE ? 1 : of->first + 1};
    }
    for (size_t i = 0; i <= c->targets_of.mask; i++) {
        begin_cell *of = &c->targets_of.cells[i];
        if (of->key == UINT32_MAX) continue;
        of->first = used += of->first;
        c->targets[used - 1].last = true;
    }
    for (size_t i = k->found.len; i-- > 0;)
        c->targets[--begin_cell_of(&c->targets_of, k->found.at[i].place.path)->first].slot = k->found.at[i].slot;
}

/* From slots to the paths where they may stand; these were found slot by slot. */
static void make_places(context_maker *k)
{
    context *c = k->made;
    c->places_of = new_table(k->arena, k->slots.len);
    c->places = ARENA_ARRAY(k->arena, slot_place, k->found.len + 1);
    c->place_count = k->found.len;
    for (size_t i = 0; i < k->found.len; i++) {
        const slot_at *f = &k->found.at[i];
        if (i == 0 || f[-1].slot != f->slot) *begin_cell_of(&c->places_of, f->slot) = (begin_cell){f->slot, (uint32_t)i};
        c->places[i] = f->place;
        c->places[i].last = i + 1 == k->found.len || f[1].slot != f->slot;
    }
}

static uint32_t *keep(arena *a, const number_vec *v, size_t *count)
{
    uint32_t *copy = ARENA_ARRAY(a, uint32_t, v->len + 1);
    if (v->len) memcpy(copy, v->at, v->len * sizeof *copy);
    *count = v->len;
    return copy;
}

/* Most classes ask for no more of the fields than those above them: a context with the same slots, or NULL. */
static const context *with_same_slots(const context_table *t, const context_maker *k)
{
    for (size_t i = 0; i < CONTEXT_CELLS; i++) {
        const context *c = t->cells[i];
        if (c && c->layout == k->made->layout && c->slot_count == k->slots.len && bytes_equal(c->slots, k->slots.at, k->slots.len * sizeof *c->slots)) return c;
    }
    return NULL;
}

/* Where slots stand in records: tables that are made once for all contexts with these slots. */
static void share_tables(context *c, const context *same)
{
    c->slots = same->slots;
    c->slot_count = same->slot_count;
    c->targets_of = same->targets_of;
    c->targets = same->targets;
    c->places_of = same->places_of;
    c->places = same->places;
    c->place_count = same->place_count;
}

static void make_tables(context_maker *k)
{
    k->made->slots = keep(k->arena, &k->slots, &k->made->slot_count);
    for (size_t i = 0; i < k->slots.len; i++) take_paths(k, k->slots.at[i]);
    make_targets(k);
    make_places(k);
}

/* ---- cases ---- */

#define WORTH_CASES 3             /* variants that a slot can rule out */

/* Has the slot few answers, however many values come by? */
static bool has_few_answers(const program *p, uint32_t slot_number)
{
    const slot_program *sp = &p->slot_programs[slot_number];
    for (uint32_t i = 0; i < sp->test_count; i++)
        if (sp->tests[i]->test->kind != TEST_EQUALS) return false;
    return p->slots.all.at[slot_number].kind == SLOT_FIELD;
}

/* The slot that rules out most. */
static void choose_key(context_maker *k, context *c)
{
    uint32_t most = WORTH_CASES - 1;
    for (size_t i = 0; i < k->slots.len; i++) {
        uint32_t slot = k->slots.at[i];
        if (k->required[slot] <= most || !has_few_answers(k->program, slot)) continue;
        most = k->required[slot];
        c->key = slot;
    }
}

/* ---- all of it ---- */

static bool tests_fields(const context *c)
{
    for (size_t i = 0; i < c->slot_count; i++)
        if (context_tests(c, c->slots[i])) return true;
    return false;
}

static void begin(context_maker *k, const context_table *t, context *c)
{
    const program *p = t->program;
    *k = (context_maker){.program = p, .arena = t->arena, .made = c};
    k->asked = mem_zalloc(p->slots.all.len + 1, 1);
    k->required = mem_zalloc(p->slots.all.len + 1, sizeof *k->required);
    k->reached = mem_zalloc(p->code.code.len + 1, 1);
    k->records[0] = schema_record_class(p->schema, schema_of_records(SCHEMA_EVENTS), c->classes, c->class_count);
    k->records[1] = schema_record_class(p->schema, schema_of_records(SCHEMA_ENTITIES), c->classes, c->class_count);
    c->variants = ARENA_ARRAY(t->arena, uint64_t, (p->variants.len >> 6) + 1);
    c->tested = ARENA_ARRAY(t->arena, uint64_t, (p->slots.all.len >> 6) + 1);
    for (size_t i = 0; i < c->class_count; i++)
        if (c->classes[i] < p->class_count) take_class(k, c->classes[i]);
    if (c->class_count == 0) take_class(k, p->class_count);
}

static void finish(context_maker *k, context_table *t)
{
    context *c = k->made;
    c->tests_fields = tests_fields(c);
    c->broad = keep(t->arena, &k->broad, &c->broad_count);
    c->others = keep(t->arena, &k->others, &c->other_count);
    c->look = any_values_look(t->any_values, c->others, c->other_count);
    mem_free(k->asked);
    mem_free(k->required);
    mem_free(k->reached);
    vec_free(&k->slots);
    vec_free(&k->others);
    vec_free(&k->broad);
    vec_free(&k->found);
}

context *context_make(context_table *t, const classification *of, uint64_t hash)
{
    context *c = ARENA_NEW(t->arena, context);
    context_maker k;
    *c = (context){.hash = hash, .layout = of->layout, .class_count = of->class_count, .empty = true, .key = SLOT_NONE, .known_slot = SLOT_NONE};
    c->classes = ARENA_ARRAY(t->arena, class_id, of->class_count + 1);
    c->cases = ARENA_NEW(t->arena, context *);
    for (size_t i = 0; i < of->class_count; i++) c->classes[i] = of->classes[i];
    begin(&k, t, c);
    const context *same = with_same_slots(t, &k);
    if (same) share_tables(c, same);
    else make_tables(&k);
    choose_key(&k, c);
    c->sequence = field_sequence_new(t->arena);
    finish(&k, t);
    return c;
}

static slot_result *keep_result(arena *a, const slot_result *r)
{
    slot_result *kept = arena_alloc(a, sizeof *r + r->count * sizeof *r->predicates);
    *kept = (slot_result){.count = r->count};
    memcpy(kept->predicates, r->predicates, r->count * sizeof *r->predicates);
    return kept;
}

context *context_make_case(context_table *t, const context *general, const slot_result *known)
{
    context *c = ARENA_NEW(t->arena, context);
    context_maker k;
    *c = (context){.layout = general->layout, .classes = general->classes, .class_count = general->class_count, .empty = true,
                   .key = SLOT_NONE, .known_slot = general->key, .sequence = general->sequence};
    c->known = keep_result(t->arena, known);
    begin(&k, t, c);
    share_tables(c, general);
    finish(&k, t);
    return c;
}
