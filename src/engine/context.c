/*
 * A context is made when the first event of its kind comes by, and remembered. It turns "what do the rules of these
 * classes ask" into a table from the reader's paths to slots, so that an event costs what it holds, not what is asked.
 */
#include <stdlib.h>

#include "engine/matcher.h"

#define CONTEXTS_MAX 512          /* more kinds than logs have; past it all are forgotten and made again */
#define CONTEXT_CELLS 2048

struct context_table {
    const program *program;
    any_values *any_values;
    arena *arena;
    context *cells[CONTEXT_CELLS];
    const context *last;          /* found */
    size_t count;
};

context_table *context_table_new(const program *p, any_values *a)
{
    context_table *t = mem_zalloc(1, sizeof *t);
    t->program = p;
    t->any_values = a;
    t->arena = arena_new();
    return t;
}

void context_table_free(context_table *t)
{
    if (!t) return;
    arena_free(t->arena);
    mem_free(t);
}

/* ---- making one ---- */

typedef VEC(uint32_t) number_vec;
typedef struct { uint32_t slot; slot_place place; } slot_at;

/* Slots that no rule of these classes becomes a candidate by are only asked by candidates. */
typedef enum { ASKED_TAKEN = 1, ASKED_FOR_CANDIDATES = 2 } asked_for;

typedef struct {
    const program *program;
    arena *arena;
    context *made;
    uint8_t *asked;               /* by slot: asked_for */
    number_vec slots, others, broad;
    VEC(slot_at) found;
} context_maker;

static void take(context_maker *k, number_vec *list, uint32_t slot_number)
{
    if (k->asked[slot_number] & ASKED_TAKEN) return;
    k->asked[slot_number] |= ASKED_TAKEN;
    vec_push(list, slot_number);
}

static bool makes_candidates(const context_maker *k, uint32_t slot_number) { return k->asked[slot_number] & ASKED_FOR_CANDIDATES; }

static void take_variant(context_maker *k, uint32_t number)
{
    const program *p = k->program;
    const rule_variant *v = &p->variants.at[number];
    k->made->empty = false;
    if (!context_takes(k->made, p, v)) return;
    if (v->necessary_count == 0) vec_push(&k->broad, number);
    for (uint32_t i = 0; i < v->necessary_count; i++) k->asked[p->predicates.at[v->necessary[i]].slot] |= ASKED_FOR_CANDIDATES;
}

static void take_class(context_maker *k, uint32_t number)
{
    const program *p = k->program;
    const class_program *c = &p->classes[number];
    k->made->active[number >> 6] |= UINT64_C(1) << (number & 63);
    for (size_t i = 0; i < c->slots.len; i++) take(k, &k->slots, c->slots.at[i]);
    for (size_t i = 0; i < c->variants.len; i++) take_variant(k, c->variants.at[i]);
    for (size_t i = 0; i < c->others.len; i++)
        if (makes_candidates(k, c->others.at[i])) take(k, &k->others, c->others.at[i]);
}

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

/* How many targets each path has. */
static size_t count_targets(context_maker *k)
{
    size_t all = 0;
    for (size_t i = 0; i < k->found.len; i++) all += makes_candidates(k, k->found.at[i].slot);
    k->made->targets_of = new_table(k->arena, all);
    for (size_t i = 0; i < k->found.len; i++) {
        if (!makes_candidates(k, k->found.at[i].slot)) continue;
        begin_cell *of = begin_cell_of(&k->made->targets_of, k->found.at[i].place.path);
        *of = (begin_cell){k->found.at[i].place.path, of->first == BEGINS_NOWHERE ? 1 : of->first + 1};
    }
    return all;
}

/* From paths to the slots that can make candidates; those of a path stand side by side, filled in from their end. */
static void make_targets(context_maker *k)
{
    context *c = k->made;
    uint32_t used = 0;
    c->target_count = count_targets(k);
    c->targets = ARENA_ARRAY(k->arena, path_target, c->target_count + 1);
    for (size_t i = 0; i <= c->targets_of.mask; i++) {
        begin_cell *of = &c->targets_of.cells[i];
        if (of->key == UINT32_MAX) continue;
        of->first = used += of->first;
        c->targets[used - 1].last = true;
    }
    for (size_t i = k->found.len; i-- > 0;)
        if (makes_candidates(k, k->found.at[i].slot)) c->targets[--begin_cell_of(&c->targets_of, k->found.at[i].place.path)->first].slot = k->found.at[i].slot;
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
        c->places[i].tested = makes_candidates(k, f->slot);
    }
}

static uint32_t *keep(arena *a, const number_vec *v, size_t *count)
{
    uint32_t *copy = ARENA_ARRAY(a, uint32_t, v->len + 1);
    if (v->len) memcpy(copy, v->at, v->len * sizeof *copy);
    *count = v->len;
    return copy;
}

/* What the tables follow from: the slots, and which of them are tested. */
static uint32_t *keep_slots(const context_maker *k, size_t *count)
{
    uint32_t *kept = keep(k->arena, &k->slots, count);
    for (size_t i = 0; i < *count; i++) kept[i] = kept[i] << 1 | makes_candidates(k, kept[i]);
    return kept;
}

static bool has_same_slots(const context *c, const context_maker *k)
{
    if (c->layout != k->made->layout || c->slot_count != k->slots.len) return false;
    for (size_t i = 0; i < c->slot_count; i++)
        if (c->slots[i] != (k->slots.at[i] << 1 | makes_candidates(k, k->slots.at[i]))) return false;
    return true;
}

/* Most classes ask for no more of the fields than those above them: a context with the same slots, or NULL. */
static const context *with_same_slots(const context_table *t, const context_maker *k)
{
    for (size_t i = 0; i < CONTEXT_CELLS; i++) {
        if (t->cells[i] && has_same_slots(t->cells[i], k)) return t->cells[i];
    }
    return NULL;
}

/* Where slots stand in records: tables that are made once for all contexts with these slots. */
static void make_tables(context_maker *k, const context *same)
{
    context *c = k->made;
    if (same) {
        c->slots = same->slots;
        c->slot_count = same->slot_count;
        c->targets_of = same->targets_of;
        c->targets = same->targets;
        c->target_count = same->target_count;
        c->places_of = same->places_of;
        c->places = same->places;
        c->place_count = same->place_count;
        return;
    }
    c->slots = keep_slots(k, &c->slot_count);
    for (size_t i = 0; i < k->slots.len; i++) take_paths(k, k->slots.at[i]);
    make_targets(k);
    make_places(k);
}

static context *make_context(context_table *t, const classification *c, uint64_t hash)
{
    const program *p = t->program;
    context_maker k = {.program = p, .arena = t->arena, .made = ARENA_NEW(t->arena, context)};
    k.asked = mem_zalloc(p->slots.all.len + 1, 1);
    *k.made = (context){.hash = hash, .layout = c->layout, .class_count = c->class_count, .empty = true};
    k.made->classes = ARENA_ARRAY(t->arena, class_id, c->class_count + 1);
    k.made->active = ARENA_ARRAY(t->arena, uint64_t, (p->class_count >> 6) + 1);
    k.made->records[0] = schema_record_class(p->schema, schema_of_records(SCHEMA_EVENTS), c->classes, c->class_count);
    k.made->records[1] = schema_record_class(p->schema, schema_of_records(SCHEMA_ENTITIES), c->classes, c->class_count);
    for (size_t i = 0; i < c->class_count; i++) {
        k.made->classes[i] = c->classes[i];
        if (c->classes[i] < p->class_count) take_class(&k, c->classes[i]);
    }
    if (c->class_count == 0) take_class(&k, p->class_count);
    make_tables(&k, with_same_slots(t, &k));
    k.made->sequence = field_sequence_new(t->arena);
    k.made->broad = keep(t->arena, &k.broad, &k.made->broad_count);
    k.made->others = keep(t->arena, &k.others, &k.made->other_count);
    k.made->look = any_values_look(t->any_values, k.made->others, k.made->other_count);
    mem_free(k.asked);
    vec_free(&k.slots);
    vec_free(&k.others);
    vec_free(&k.broad);
    vec_free(&k.found);
    return k.made;
}

/* ---- finding one ---- */

static bool same_kind(const context *x, const classification *k)
{
    return x->layout == k->layout && x->class_count == k->class_count &&
           (k->class_count == 0 || bytes_equal(x->classes, k->classes, k->class_count * sizeof *k->classes));
}

static uint64_t hash_of(const classification *k)
{
    uint64_t h = k->layout ^ (uint64_t)k->class_count << 32;
    for (size_t i = 0; i < k->class_count; i++) h = hash_mix(h, k->classes[i]);
    return h;
}

const context *context_of(context_table *t, const classification *k)
{
    if (t->last && same_kind(t->last, k)) return t->last;
    uint64_t hash = hash_of(k);
    size_t i = hash & (CONTEXT_CELLS - 1);
    for (; t->cells[i]; i = (i + 1) & (CONTEXT_CELLS - 1))
        if (t->cells[i]->hash == hash && same_kind(t->cells[i], k)) return t->last = t->cells[i];
    if (t->count == CONTEXTS_MAX) {
        memset(t->cells, 0, sizeof t->cells);
        arena_reset(t->arena);
        t->count = 0;
        i = hash & (CONTEXT_CELLS - 1);
    }
    t->count++;
    return t->last = t->cells[i] = make_context(t, k, hash);
}
