/*
 * Records of a kind mostly have the same fields in the same order (nine of ten have those of the one before of their context). So what
 * follows from the paths alone is worked out when these change: which fields are tested by which slots, and where a slot finds its values.
 */
#include "engine/matcher.h"

#define FIELDS_KEPT 1000          /* what events of more fields lead to is worked out for each of them */

field_sequence *field_sequence_new(arena *a)
{
    field_sequence *q = ARENA_NEW(a, field_sequence);
    q->key = NO_KEY_FIELD;
    q->arena = a;
    return q;
}

static bool same_paths(const field_sequence *q, const event *e)
{
    if (q->paths.len != e->field_count) return false;
    for (size_t i = 0; i < e->field_count; i++)
        if (q->paths.at[i] != e->fields[i].slot) return false;
    return true;
}

static field_found look_for(const event *e, const slot_place *places)
{
    field_found found = {.kind = FOUND_NONE};
    for (size_t i = 0; i < e->field_count; i++) {
        const slot_place *p = places;
        while (p->path != e->fields[i].slot && !p->last) p++;
        if (p->path != e->fields[i].slot || (found.kind != FOUND_NONE && p->rank > found.rank)) continue;
        if (found.kind == FOUND_NONE || p->rank < found.rank) found = (field_found){(uint32_t)i, p->rank, FOUND_ONE};
        else found.kind = FOUND_SEVERAL;
    }
    return found;
}

static uint32_t find_key(const context *c, const event *e)
{
    uint32_t first = c->key == SLOT_NONE ? BEGINS_NOWHERE : begins_at(&c->places_of, c->key);
    if (first == BEGINS_NOWHERE) return NO_KEY_FIELD;
    field_found found = look_for(e, &c->places[first]);
    return found.kind == FOUND_ONE ? found.field : NO_KEY_FIELD;
}

static void make_anew(field_sequence *q, const context *c, const event *e)
{
    q->paths.len = 0;
    for (size_t i = 0; i < e->field_count; i++) vec_push_in(q->arena, &q->paths, e->fields[i].slot);
    q->key = find_key(c, e);
    q->key_last = NULL;
    q->steps_of = NULL;
    if (q->found) memset(q->found, 0, c->place_count * sizeof *q->found);
}

void field_sequence_step(field_sequence *q, const context *c)
{
    q->steps_of = c;
    q->steps.len = 0;
    for (size_t i = 0; i < q->paths.len; i++) {
        uint32_t first = begins_at(&c->targets_of, q->paths.at[i]);
        if (first == BEGINS_NOWHERE) continue;
        const path_target *t = &c->targets[first];
        do {
            if (context_tests(c, t->slot)) vec_push_in(q->arena, &q->steps, ((probe_step){.field = (uint32_t)i, .slot = t->slot}));
        } while (!t++->last);
    }
}

/* Places of the cache do not hold any more. */
static void forget_places(field_sequence *q)
{
    q->key_last = NULL;
    for (size_t i = 0; i < q->steps.len; i++) q->steps.at[i].last = NULL;
}

field_sequence *field_sequence_of(const context *c, const event *e, uint64_t age, arena *of_event)
{
    field_sequence *q = e->field_count > FIELDS_KEPT ? field_sequence_new(of_event) : c->sequence;
    if (!same_paths(q, e)) make_anew(q, c, e);
    else if (q->age != age) forget_places(q);
    q->age = age;
    return q;
}

field_found field_sequence_find(field_sequence *q, const context *c, const event *e, uint32_t first_place)
{
    if (!q->found) q->found = ARENA_ARRAY(q->arena, field_found, c->place_count);
    field_found *f = &q->found[first_place];
    if (f->kind == FOUND_UNKNOWN) *f = look_for(e, &c->places[first_place]);
    return *f;
}
