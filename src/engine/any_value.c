/*
 * Slots of every value of an event, which keywords look at. Hardly ever is a keyword there, so the slot of a light network holds only the
 * values that may hold one, and the record is looked at as a whole before they are taken one by one. An event of several
 * classes may have several such slots: then one look for the literals of all of them comes first.
 */
#include "engine/matcher.h"

struct shared_look {
    uint32_t *slots;
    size_t count;
    const literal_sieve *sieve;   /* of the literals of all of them; NULL: it would suspect too much */
    literal_sieve built;          /* where they are several */
};

struct any_values {
    const program *program;
    arena *arena;
    uint8_t *sparse;              /* by slot: sparse_kind */
    VEC(shared_look *) looks;     /* each set of slots has one, kept as long as this: readers remember what came of it */
};

/* What the slot must hold: one that only predicates look at, and those of a light network, not what that rules out. */
typedef enum { SPARSE_NO, SPARSE_YES, SPARSE_TEXTS /* nor numbers */ } sparse_kind;

/* The slot that a leaf looks at in another way than by one of its values; SLOT_NONE: none. */
static uint32_t slot_beyond_values(const program *p, const instruction *i)
{
    switch ((leaf_kind)i->leaf) {
    case LEAF_PREDICATE: case LEAF_COMPARE: case LEAF_COMPARE_FAILS: break;
    case LEAF_EVERY: case LEAF_DIFFERS: return p->predicates.at[i->id].slot;
    case LEAF_PRESENT: case LEAF_VALUE: case LEAF_NULL: case LEAF_MANY: case LEAF_CONDITION: case LEAF_CONDITION_FAILS:
        return i->id;
    }
    return SLOT_NONE;
}

static uint8_t *sparse_slots(const program *p)
{
    uint8_t *kinds = mem_zalloc(p->slots.all.len + 1, sizeof *kinds);
    for (size_t i = 0; i < p->slots.all.len; i++) {
        const slot_program *sp = &p->slot_programs[i];
        if (p->slots.all.at[i].kind != SLOT_ANY_VALUE || !sp->network || sp->remember || sp->strict) continue;
        kinds[i] = network_some_literal(sp->network, event_left_out_may_hold) ? SPARSE_YES : SPARSE_TEXTS;
    }
    for (size_t i = 0; i < p->slots.all.len; i++)
        for (size_t k = 0; k < p->slots.all.at[i].inputs.len; k++) kinds[p->slots.all.at[i].inputs.at[k]] = SPARSE_NO;
    for (size_t i = 0; i < p->comparisons.len; i++)
        for (size_t k = 0; k < 2; k++)
            if (!p->comparisons.at[i].sides[k].known) kinds[p->comparisons.at[i].sides[k].slot] = SPARSE_NO;
    for (size_t i = 0; i < p->code.code.len; i++) {
        uint32_t slot = slot_beyond_values(p, &p->code.code.at[i]);
        if (slot != SLOT_NONE) kinds[slot] = SPARSE_NO;
    }
    return kinds;
}

any_values *any_values_new(const program *p)
{
    any_values *a = mem_zalloc(1, sizeof *a);
    a->program = p;
    a->arena = arena_new();
    a->sparse = sparse_slots(p);
    return a;
}

void any_values_free(any_values *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->looks.len; i++) literal_sieve_free(&a->looks.at[i]->built);
    vec_free(&a->looks);
    mem_free(a->sparse);
    arena_free(a->arena);
    mem_free(a);
}

/* ---- one look for the slots of a context ---- */

#define LOOKS_MOST 256            /* more sets of slots than events of logs have */
#define SUSPECTED_MORE 10         /* places of a thousand: what is saved is a look, some bytes of which cost as much */

static const literal_sieve *sieve_of(const any_values *a, uint32_t slot_number)
{
    return network_sieve(a->program->slot_programs[slot_number].network);
}

static void build_sieve(any_values *a, shared_look *s)
{
    size_t count = 0, literals;
    uint32_t suspected = SUSPECTED_MORE;
    for (size_t i = 0; i < s->count; i++) count += network_literal_count(a->program->slot_programs[s->slots[i]].network);
    pk_str *all = ARENA_ARRAY(a->arena, pk_str, count + 1);
    count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const pk_str *own = network_literals(a->program->slot_programs[s->slots[i]].network, &literals);
        for (size_t k = 0; k < literals; k++) all[count++] = own[k];
        suspected += sieve_of(a, s->slots[i])->suspected;
    }
    if (!literal_sieve_build(&s->built, all, count, SIZE_MAX, SIEVE_OF_LOGS)) return;
    if (s->built.suspected > suspected) literal_sieve_free(&s->built);
    else s->sieve = &s->built;
}

/* Those that can have a look come first; returns how many. */
static size_t looked_first(const any_values *a, uint32_t *slots, size_t count)
{
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = slots[i];
        if (a->sparse[slot] != SPARSE_TEXTS) continue;
        slots[i] = slots[first];
        slots[first++] = slot;
    }
    return first;
}

const shared_look *any_values_look(any_values *a, uint32_t *slots, size_t count)
{
    count = looked_first(a, slots, count);
    if (count == 0) return NULL;
    for (size_t i = 0; i < a->looks.len; i++)
        if (a->looks.at[i]->count == count && bytes_equal(a->looks.at[i]->slots, slots, count * sizeof *slots)) return a->looks.at[i];
    if (a->looks.len == LOOKS_MOST) return NULL;
    shared_look *s = ARENA_NEW(a->arena, shared_look);
    *s = (shared_look){.slots = ARENA_ARRAY(a->arena, uint32_t, count), .count = count};
    memcpy(s->slots, slots, count * sizeof *slots);
    if (count == 1) s->sieve = sieve_of(a, slots[0]);
    else build_sieve(a, s);
    vec_push(&a->looks, s);
    return s;
}

static bool in_text(const void *sieve, pk_str s) { return literal_sieve_lets_through(sieve, s); }
static bool in_wide(const void *sieve, pk_str bytes) { return literal_sieve_lets_wide_through(sieve, bytes); }

/* Does the look tell that no text of the event holds one of the literals? */
static bool rules_record_out(const event *e, const literal_sieve *s)
{
    const texts_look look = {s, true, in_text, in_wide};
    if (e->json.ptr) return !literal_sieve_lets_json_through(s, e->json);
    return e->texts_may_hold && !e->texts_may_hold(e, &look);
}

size_t any_values_ruled_out(matcher *m)
{
    const shared_look *s = m->context->look;
    if (!s || !s->sieve || m->event->raw.ptr) return 0;
    if (m->looked != m->stamp) m->ruled_out = rules_record_out(m->event, s->sieve);
    m->looked = m->stamp;
    return m->ruled_out ? s->count : 0;
}

/* Was it looked for the literals of this slot, maybe among others? */
static bool is_looked_for(const shared_look *s, uint32_t slot_number)
{
    size_t i = 0;
    while (s && i < s->count && s->slots[i] != slot_number) i++;
    return s && i < s->count;
}

static bool is_ruled_out(matcher *m, uint32_t slot_number, const literal_sieve *own)
{
    bool looked = is_looked_for(m->context->look, slot_number);
    if (looked && any_values_ruled_out(m)) return true;
    if (looked && m->context->look->sieve == own) return false; /* that was it */
    return (m->event->json.ptr || m->any_values->sparse[slot_number] == SPARSE_TEXTS) && rules_record_out(m->event, own);
}

/* ---- filling ---- */

typedef struct {
    matcher *matcher;
    slot_state *state;
    const literal_sieve *holding; /* only texts that this lets through; NULL: every value */
} scalar_adder;

static void add_scalar(const value *v, void *user)
{
    scalar_adder *to = user;
    if (to->holding && v->type == VALUE_STRING && !literal_sieve_lets_through(to->holding, v->as.string)) return;
    value *kept = ARENA_NEW(to->matcher->arena, value);
    *kept = *v;
    slot_append(to->matcher, to->state, kept);
}

void fill_any_value(matcher *m, uint32_t slot_number)
{
    const event *e = m->event;
    sparse_kind sparse = m->any_values->sparse[slot_number];
    scalar_adder to = {m, slot_fresh(m, slot_number), sparse && !e->raw.ptr ? sieve_of(m->any_values, slot_number) : NULL};
    value raw = value_string(e->raw);
    if (e->raw.ptr) add_scalar(&raw, &to);
    else if (to.holding && is_ruled_out(m, slot_number, to.holding)) return;
    else event_each_value(e, sparse == SPARSE_TEXTS, m->arena, add_scalar, &to);
}
