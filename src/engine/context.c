/*
 * A context is made when the first event of its kind comes by, and remembered. It turns "what do the rules of these
 * classes ask" into a table from the reader's paths to slots, so that an event costs what it holds, not what is asked.
 */
#include "engine/matcher.h"

#define CONTEXTS_MAX 512          /* more kinds than logs have; past it all are forgotten and made again */
#define CONTEXT_CELLS 2048

struct context_table {
    const program *program;
    arena *arena;
    context *cells[CONTEXT_CELLS];
    size_t count;
};

context_table *context_table_new(const program *p)
{
    context_table *t = mem_zalloc(1, sizeof *t);
    t->program = p;
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

typedef struct {
    const program *program;
    arena *arena;
    context *made;
    uint8_t *asked;               /* by slot */
    number_vec slots, others, broad;
    VEC(struct { path_slot path; path_target target; }) pairs;
} context_maker;

static void take(context_maker *k, number_vec *list, uint32_t slot_number)
{
    if (k->asked[slot_number]) return;
    k->asked[slot_number] = 1;
    vec_push(list, slot_number);
}

static void take_class(context_maker *k, uint32_t number)
{
    const program *p = k->program;
    const class_program *c = &p->classes[number];
    k->made->active[number >> 6] |= UINT64_C(1) << (number & 63);
    for (size_t i = 0; i < c->slots.len; i++) take(k, &k->slots, c->slots.at[i]);
    for (size_t i = 0; i < c->others.len; i++)
        if (p->slot_programs[c->others.at[i]].eager) take(k, &k->others, c->others.at[i]);
    for (size_t i = 0; i < c->broad.len; i++)
        if (context_takes(k->made, p, &p->variants.at[c->broad.at[i]])) vec_push(&k->broad, c->broad.at[i]);
    if (c->variants) k->made->empty = false;
}

/* Where the slot may stand in records of this layout; fields of another family stand at their raw paths. */
static void take_paths(context_maker *k, uint32_t slot_number)
{
    const event_slot *s = &k->program->slots.all.at[slot_number];
    layout_id layout = k->made->layout;
    if (layout != LAYOUT_NONE && (s->family == FAMILY_NONE || schema_layout_family(k->program->schema, layout) != s->family))
        layout = LAYOUT_NONE;
    for (size_t i = 0; i < s->paths.len; i++) {
        if (s->paths.at[i].layout != layout) continue;
        vec_reserve(&k->pairs, k->pairs.len + 1);
        k->pairs.at[k->pairs.len].path = s->paths.at[i].path;
        k->pairs.at[k->pairs.len++].target = (path_target){.slot = slot_number, .rank = s->paths.at[i].rank};
    }
}

/* Room for what pages say of their paths: a context knows some hundred paths of some ten thousand. */
static void make_pages(context_maker *k, const uint32_t *count, size_t paths)
{
    context *c = k->made;
    uint32_t used = 1;
    c->page_of = ARENA_ARRAY(k->arena, uint32_t, paths / TARGET_PAGE + 1);
    for (size_t i = 0; i < paths; i++)
        if (count[i] && !c->page_of[i / TARGET_PAGE]) c->page_of[i / TARGET_PAGE] = used++;
    c->pages = arena_alloc(k->arena, used * sizeof *c->pages);
    memset(c->pages, 0xff, used * sizeof *c->pages); /* TARGET_NONE */
}

static uint32_t *target_of(const context *c, path_slot path) { return &c->pages[c->page_of[path / TARGET_PAGE]][path % TARGET_PAGE]; }

/* Counting sort of the pairs by path. */
static void make_targets(context_maker *k)
{
    context *c = k->made;
    size_t paths = path_slot_count(k->program->paths);
    uint32_t *count = mem_zalloc(paths + 1, sizeof *count);
    c->targets = ARENA_ARRAY(k->arena, path_target, k->pairs.len + 1);
    for (size_t i = 0; i < k->pairs.len; i++) count[k->pairs.at[i].path]++;
    make_pages(k, count, paths);
    uint32_t next = 0;
    for (size_t i = 0; i < paths; i++) {
        if (!count[i]) continue;
        *target_of(c, (path_slot)i) = next;
        next += count[i];
        c->targets[next - 1].last = true;
    }
    memset(count, 0, paths * sizeof *count);
    for (size_t i = 0; i < k->pairs.len; i++) {
        path_slot path = k->pairs.at[i].path;
        path_target *t = &c->targets[first_target(c, path) + count[path]++];
        t->slot = k->pairs.at[i].target.slot;
        t->rank = k->pairs.at[i].target.rank;
    }
    mem_free(count);
}

static uint32_t *keep(arena *a, const number_vec *v, size_t *count)
{
    uint32_t *copy = ARENA_ARRAY(a, uint32_t, v->len + 1);
    if (v->len) memcpy(copy, v->at, v->len * sizeof *copy);
    *count = v->len;
    return copy;
}

static context *make_context(context_table *t, const classification *c, uint64_t hash)
{
    const program *p = t->program;
    context_maker k = {.program = p, .arena = t->arena, .made = ARENA_NEW(t->arena, context)};
    k.asked = mem_zalloc(p->slots.all.len + 1, 1);
    *k.made = (context){.hash = hash, .layout = c->layout, .class_count = c->class_count, .empty = true};
    k.made->classes = ARENA_ARRAY(t->arena, class_id, c->class_count + 1);
    k.made->active = ARENA_ARRAY(t->arena, uint64_t, (p->class_count >> 6) + 1);
    k.made->records[0] = schema_record_class(p->schema, STR("udm"), c->classes, c->class_count);
    k.made->records[1] = schema_record_class(p->schema, STR("udm-entity"), c->classes, c->class_count);
    for (size_t i = 0; i < c->class_count; i++) {
        k.made->classes[i] = c->classes[i];
        if (c->classes[i] < p->class_count) take_class(&k, c->classes[i]);
    }
    if (c->class_count == 0) take_class(&k, p->class_count);
    for (size_t i = 0; i < k.slots.len; i++) take_paths(&k, k.slots.at[i]);
    make_targets(&k);
    k.made->broad = keep(t->arena, &k.broad, &k.made->broad_count);
    k.made->others = keep(t->arena, &k.others, &k.made->other_count);
    mem_free(k.asked);
    vec_free(&k.slots);
    vec_free(&k.others);
    vec_free(&k.broad);
    vec_free(&k.pairs);
    return k.made;
}

/* ---- finding one ---- */

static bool same_kind(const context *x, const classification *k, uint64_t hash)
{
    return x->hash == hash && x->layout == k->layout && x->class_count == k->class_count &&
           (k->class_count == 0 || memcmp(x->classes, k->classes, k->class_count * sizeof *k->classes) == 0);
}

const context *context_of(context_table *t, const classification *k)
{
    uint64_t hash = hash_bytes(k->classes, k->class_count * sizeof *k->classes, k->layout);
    size_t i = hash & (CONTEXT_CELLS - 1);
    for (; t->cells[i]; i = (i + 1) & (CONTEXT_CELLS - 1))
        if (same_kind(t->cells[i], k, hash)) return t->cells[i];
    if (t->count == CONTEXTS_MAX) {
        memset(t->cells, 0, sizeof t->cells);
        arena_reset(t->arena);
        t->count = 0;
        i = hash & (CONTEXT_CELLS - 1);
    }
    t->count++;
    return t->cells[i] = make_context(t, k, hash);
}
