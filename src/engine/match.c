/*
 * Which rules match an event:
 *   1. the fields that can make candidates are tested, by the table of its context; a true predicate names the variants
 *      that need it
 *   2. the branches of each candidate are run; slots are filled and tested only when a branch asks for them
 */
#include <stdlib.h>

#include "engine/matcher.h"

#define CACHE_LIMIT (2u << 20)    /* bytes of remembered results, for each worker */

/* ---- life ---- */

matcher *matcher_new(const program *p)
{
    matcher *m = mem_zalloc(1, sizeof *m);
    size_t slots = p->slots.all.len, predicates = p->predicates.len;
    m->program = p;
    m->any_values = any_values_new(p);
    m->contexts = context_table_new(p, m->any_values);
    m->cache = value_cache_new(p->part_count, CACHE_LIMIT);
    m->records = value_cache_records(m->cache);
    m->arena = arena_new();
    m->calls = ir_calls_new();
    m->finder = field_finder_new(p->schema);
    m->explained = explained_new(p);
    m->slots = mem_zalloc(slots + 1, sizeof *m->slots);
    m->bits = mem_zalloc(predicates / 64 + 1, sizeof *m->bits);
    m->sorting = mem_zalloc((predicates > p->variants.len ? predicates : p->variants.len) / 64 + 1, sizeof *m->sorting);
    m->variant_stamps = mem_zalloc(p->variants.len + 1, sizeof *m->variant_stamps);
    m->predicate_stamps = mem_zalloc(predicates + 1, sizeof *m->predicate_stamps);
    network_scratch_init(&m->network, p->networks, p->part_count);
    atomic_init(&m->doing, DOING_NOTHING);
    atomic_init(&m->rule, NO_RULE);
    return m;
}

void matcher_free(matcher *m)
{
    if (!m) return;
    context_table_free(m->contexts);
    any_values_free(m->any_values);
    value_cache_free(m->cache);
    field_finder_free(m->finder);
    network_scratch_free(&m->network);
    ir_calls_free(m->calls);
    arena_free(m->arena);
    mem_free(m->slots);
    mem_free(m->bits);
    mem_free(m->sorting);
    mem_free(m->variant_stamps);
    mem_free(m->predicate_stamps);
    mem_free(m->counts);
    vec_free(&m->values);
    vec_free(&m->probed);
    vec_free(&m->expanded);
    explained_free(m->explained);
    vec_free(&m->candidates);
    vec_free(&m->result);
    vec_free(&m->rules);
    vec_free(&m->classes);
    vec_free(&m->stages);
    mem_free(m);
}

void matcher_share(matcher *m, shared_results *s) { m->shared = s; }

uint64_t matcher_limit_hits(const matcher *m) { return m->network.regex.limit_hits + ir_calls_gave_up(m->calls); }

/* ---- profiles ---- */

matcher_moment matcher_look(const matcher *m)
{
    return (matcher_moment){(matcher_doing)atomic_load_explicit(&m->doing, memory_order_relaxed),
                            atomic_load_explicit(&m->rule, memory_order_relaxed),
                            atomic_load_explicit(&m->network.confirming, memory_order_relaxed)};
}

void matcher_count_rules(matcher *m)
{
    if (!m->counts) m->counts = mem_zalloc(m->program->rule_count + 1, sizeof *m->counts);
}

const rule_counts *matcher_rule_counts(const matcher *m) { return m->counts; }

/* ---- leaves ---- */

static void set_bits(matcher *m, const slot_result *r)
{
    for (uint32_t i = 0; i < r->count; i++) m->bits[r->predicates[i] >> 6] |= UINT64_C(1) << (r->predicates[i] & 63);
}

static void expand(matcher *m, uint32_t part_number)
{
    slot_part part = which_part(m->program, part_number);
    slot_test(m, part_number);
    slot_state *s = &m->slots[m->program->slot_programs[part_number].slot];
    s->expanded[part] = true;
    if (s->first == VALUE_END) return;
    vec_push(&m->expanded, part_number);
    for (uint32_t i = s->first; i != VALUE_END; i = m->values.at[i].next) set_bits(m, m->values.at[i].result[part]);
}

#define FEW_VALUES 4 /* in which a predicate is searched for; of more, all that are true are noted once */

static bool some_value_has(matcher *m, uint32_t number, const predicate_row *row, slot_part part)
{
    for (uint32_t i = m->slots[row->slot].first; i != VALUE_END; i = m->values.at[i].next)
        if (result_has(m->values.at[i].result[part], number)) return true;
    return false;
}

static bool predicate_true(matcher *m, uint32_t number)
{
    const predicate_row *row = &m->program->predicates.at[number];
    if (row->part == m->context->known_slot) return result_has(m->context->known, number);
    const slot_state *s = &m->slots[row->slot];
    slot_part part = which_part(m->program, row->part);
    if (s->stamp != m->stamp || !s->tested[part]) slot_test(m, row->part);
    if (s->count <= FEW_VALUES) return some_value_has(m, number, row, part);
    if (!s->expanded[part]) expand(m, row->part);
    return m->bits[number >> 6] >> (number & 63) & 1;
}

/* Do some (all) values that are not null answer to the predicate as wanted? All: and there are such values. */
static bool values_answer(matcher *m, uint32_t number, bool all, bool want)
{
    const predicate_row *row = &m->program->predicates.at[number];
    slot_part part = which_part(m->program, row->part);
    bool some = false;
    slot_test(m, row->part);
    for (uint32_t i = m->slots[row->slot].first; i != VALUE_END; i = m->values.at[i].next) {
        if (value_in(m, &m->values.at[i])->type == VALUE_NULL) continue;
        bool answer = result_has(m->values.at[i].result[part], number) == want;
        if (answer != all) return !all;
        some = true;
    }
    return all && some;
}

static bool has_value(matcher *m, uint32_t slot_number)
{
    for (uint32_t i = slot_values_of(m, slot_number)->first; i != VALUE_END; i = m->values.at[i].next)
        if (value_in(m, &m->values.at[i])->type != VALUE_NULL) return true;
    return false;
}

static bool is_null(matcher *m, uint32_t slot_number)
{
    const slot_state *s = slot_values_of(m, slot_number);
    for (uint32_t i = s->first; i != VALUE_END; i = m->values.at[i].next)
        if (value_in(m, &m->values.at[i])->type == VALUE_NULL || value_in(m, &m->values.at[i])->type == VALUE_BLANK) return true;
    return s->count == 0;
}

/* Do the values differ from each other, as texts? */
static bool has_many(matcher *m, uint32_t slot_number)
{
    pk_str first = {0}, other;
    bool some = false;
    for (uint32_t i = slot_values_of(m, slot_number)->first; i != VALUE_END; i = m->values.at[i].next) {
        if (value_in(m, &m->values.at[i])->type == VALUE_NULL || !value_text(m->arena, value_in(m, &m->values.at[i]), &other)) continue;
        if (some && !str_equal(first, other)) return true;
        if (!some) first = other;
        some = true;
    }
    return false;
}

static list_builder values_in(matcher *m, uint32_t slot_number)
{
    list_builder out = {0};
    for (uint32_t i = slot_values_of(m, slot_number)->first; i != VALUE_END; i = m->values.at[i].next)
        list_add(m->arena, &out, *value_in(m, &m->values.at[i]));
    return out;
}

static list_builder side_values(matcher *m, const operand *o)
{
    list_builder out = {0};
    if (!o->known) return values_in(m, o->slot);
    if (o->value.type == VALUE_LIST)
        for (size_t i = 0; i < o->value.as.list.count; i++) list_add(m->arena, &out, o->value.as.list.items[i]);
    else if (o->value.type != VALUE_MISSING) list_add(m->arena, &out, o->value);
    return out;
}

/* The only value of the side, if there is just one; a null counts as none. */
static const value *single_value(matcher *m, const operand *o)
{
    if (o->known) return o->value.type == VALUE_LIST || o->value.type == VALUE_MISSING || o->value.type == VALUE_NULL ? NULL : &o->value;
    const slot_state *s = slot_values_of(m, o->slot);
    if (s->count != 1) return NULL;
    const value *v = value_in(m, &m->values.at[s->first]);
    return v->type == VALUE_NULL ? NULL : v;
}

static compared compare_fields(matcher *m, uint32_t number)
{
    const comparison *c = &m->program->comparisons.at[number];
    const value *one = single_value(m, &c->sides[0]), *other = one ? single_value(m, &c->sides[1]) : NULL;
    if (other) return comparison_of_two(c, one, other, m->arena);
    list_builder x = side_values(m, &c->sides[0]), y = side_values(m, &c->sides[1]);
    return comparison_of(c, &x, &y, m->arena);
}

static compared condition(matcher *m, uint32_t slot_number)
{
    list_builder v = values_in(m, slot_number);
    return condition_of_values(&v);
}

static bool leaf_true(matcher *m, const instruction *i)
{
    switch ((leaf_kind)i->leaf) {
    case LEAF_PREDICATE: return predicate_true(m, i->id);
    case LEAF_EVERY: return values_answer(m, i->id, true, true);
    case LEAF_DIFFERS: return values_answer(m, i->id, false, false);
    case LEAF_PRESENT: return slot_values_of(m, i->id)->count > 0;
    case LEAF_VALUE: return has_value(m, i->id);
    case LEAF_NULL: return is_null(m, i->id);
    case LEAF_MANY: return has_many(m, i->id);
    case LEAF_CONDITION: return condition(m, i->id) == COMPARED_TRUE;
    case LEAF_CONDITION_FAILS: return condition(m, i->id) == COMPARED_FALSE;
    case LEAF_COMPARE: return compare_fields(m, i->id) == COMPARED_TRUE;
    case LEAF_COMPARE_FAILS: return compare_fields(m, i->id) == COMPARED_FALSE;
    }
    return false;
}

static bool run_branches(matcher *m, uint32_t at)
{
    const instruction *code = m->program->code.code.at;
    while (at < CODE_REJECT) at = leaf_true(m, &code[at]) ? code[at].on_true : code[at].on_false;
    return at == CODE_ACCEPT;
}

/* ---- candidates ---- */

static void add_candidates(matcher *m, const slot_result *r)
{
    const program *p = m->program;
    const uint64_t *variants = m->context->variants;
    for (uint32_t k = r->count; k < r->count + r->candidate_count; k++) {
        const predicate_row *row = &p->predicates.at[r->predicates[k]];
        for (uint32_t v = 0; v < row->variant_count; v++) {
            uint32_t number = row->variants[v];
            if (m->variant_stamps[number] == m->stamp) continue;
            m->variant_stamps[number] = m->stamp;
            if (variants[number >> 6] >> (number & 63) & 1) vec_push(&m->candidates, number);
        }
    }
}

static void add_candidates_of_slot(matcher *m, uint32_t slot_number)
{
    slot_test(m, slot_number);
    for (uint32_t i = m->slots[slot_number].first; i != VALUE_END; i = m->values.at[i].next)
        add_candidates(m, m->values.at[i].result[PART_FIRST]);
}

/* Values of places that count less than others are tested, too: the branches see to that. */
static void find_candidates(matcher *m)
{
    const context *c = m->context;
    for (size_t i = 0; i < c->broad_count; i++) vec_push(&m->candidates, c->broad[i]);
    for (size_t i = 0; i < m->probed.len; i++)
        if (m->probed.at[i].result->candidate_count) add_candidates(m, m->probed.at[i].result);
    for (size_t i = any_values_ruled_out(m); i < c->other_count; i++) add_candidates_of_slot(m, c->others[i]);
    if (m->candidates.len > 1) sort_numbers(m, m->candidates.at, m->candidates.len);
}

/* Candidates are in order of rule; a rule (or a stage of a correlation) that matched on one class isn't asked on another. */
static void run_candidates(matcher *m)
{
    for (size_t i = 0; i < m->candidates.len; i++) {
        const rule_variant *v = &m->program->variants.at[m->candidates.at[i]];
        size_t last = m->rules.len - 1;
        if (m->counts) m->counts[v->rule].candidates++;
        if (m->rules.len && m->rules.at[last] == v->rule && m->stages.at[last] == v->stage) continue;
        atomic_store_explicit(&m->rule, v->rule, memory_order_relaxed);
        if (!run_branches(m, v->code)) continue;
        if (m->counts) m->counts[v->rule].matches++;
        vec_push(&m->rules, v->rule);
        vec_push(&m->stages, v->stage);
        vec_push(&m->classes, v->class_id);
    }
}

/* ---- one event ---- */

static void clear_bits(matcher *m)
{
    for (size_t s = 0; s < m->expanded.len; s++) {
        slot_part part = which_part(m->program, m->expanded.at[s]);
        const slot_state *state = &m->slots[m->program->slot_programs[m->expanded.at[s]].slot];
        for (uint32_t i = state->first; i != VALUE_END; i = m->values.at[i].next) {
            const slot_result *r = m->values.at[i].result[part];
            for (uint32_t k = 0; k < r->count; k++) m->bits[r->predicates[k] >> 6] = 0;
        }
    }
    m->expanded.len = 0;
}

static void begin_event(matcher *m, const event *e, const classification *k)
{
    m->cache_age += value_cache_tidy(m->cache);
    arena_reset(m->arena);
    arena_reset(m->network.arena);
    if (++m->stamp == 0) { /* wrapped: old stamps could pass for new ones */
        memset(m->slots, 0, m->program->slots.all.len * sizeof *m->slots);
        memset(m->variant_stamps, 0, m->program->variants.len * sizeof *m->variant_stamps);
        m->stamp = 1;
        m->looked = 0;
    }
    m->event = e;
    m->finding = false;
    m->sequence = NULL;
    explained_forget(m->explained);
    m->context = context_of(m->contexts, k);
    m->values.len = m->probed.len = m->candidates.len = m->rules.len = m->classes.len = m->stages.len = 0;
}

match_result matcher_run(matcher *m, const event *e, const classification *k)
{
    begin_event(m, e, k);
    m->events_total++;
    if (!m->context->empty) {
        matcher_do(m, DOING_SLOTS);
        slots_probe(m);
    }
    if (!m->context->empty) {
        matcher_do(m, DOING_CANDIDATES);
        find_candidates(m);
        if (m->candidates.len) {
            m->candidates_total += m->candidates.len;
            matcher_do(m, DOING_CONDITIONS);
            run_candidates(m);
            clear_bits(m); /* before anything that they point to is forgotten */
            atomic_store_explicit(&m->rule, NO_RULE, memory_order_relaxed);
        }
        matcher_do(m, DOING_NOTHING);
    }
    return (match_result){m->rules.at, m->classes.at, m->stages.at, m->rules.len};
}
