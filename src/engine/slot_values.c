/*
 * Slots of one event: fields are filled from what the reader found, computed and special slots when somebody asks. Then a
 * slot is tested: each of its values goes through the cache or the network.
 */
#include <stdlib.h>

#include "engine/matcher.h"
#include "event/field_path.h"

static const slot_result no_result;

slot_state *slot_fresh(matcher *m, uint32_t slot_number)
{
    slot_state *s = &m->slots[slot_number];
    *s = (slot_state){.stamp = m->stamp, .first = VALUE_END, .last = VALUE_END};
    return s;
}

slot_value *slot_append(matcher *m, slot_state *s, const value *v)
{
    uint32_t number = (uint32_t)m->values.len;
    vec_reserve(&m->values, m->values.len + 1);
    m->values.at[m->values.len++] = (slot_value){.value = v, .next = VALUE_END};
    if (s->last == VALUE_END) s->first = number;
    else m->values.at[s->last].next = number;
    s->last = number;
    s->count++;
    return &m->values.at[number];
}

static void append_all(matcher *m, uint32_t slot_number, const list_builder *values)
{
    slot_state *s = &m->slots[slot_number];
    for (size_t i = 0; i < values->items.len; i++) slot_append(m, s, &values->items.at[i]);
}

/* ---- fields ---- */

static const slot_result *probed_result(const matcher *m, uint32_t field, uint32_t slot_number)
{
    for (size_t i = 0; i < m->probed.len; i++)
        if (m->probed.at[i].field == field && m->probed.at[i].slot == slot_number) return m->probed.at[i].result;
    return &no_result;
}

static void take_field(matcher *m, slot_state *s, uint32_t slot_number, uint32_t field)
{
    slot_value *v = slot_append(m, s, &m->event->fields[field].value);
    v->field = &m->event->fields[field];
    if (s->tested[PART_FIRST]) v->result[PART_FIRST] = probed_result(m, field, slot_number);
}

static field_sequence *sequence_of(matcher *m)
{
    if (!m->sequence) m->sequence = field_sequence_of(m->context, m->event, m->cache_age, m->arena);
    return m->sequence;
}

/* All fields of the best rank, in order of the record. */
static void take_several(matcher *m, slot_state *s, uint32_t slot_number, const slot_place *places, uint16_t rank)
{
    for (uint32_t i = 0; i < m->event->field_count; i++) {
        const slot_place *p = places;
        while (p->path != m->event->fields[i].slot && !p->last) p++;
        if (p->path == m->event->fields[i].slot && p->rank == rank) take_field(m, s, slot_number, i);
    }
}

/*
 * One slot at a time: a candidate is mostly ruled out by the first or second that it asks for. Of several places of a field
 * the best that is present counts, with all its values.
 */
static void fill_field(matcher *m, uint32_t slot_number)
{
    const context *c = m->context;
    uint32_t first = begins_at(&c->places_of, slot_number);
    slot_state *s = slot_fresh(m, slot_number);
    if (first == BEGINS_NOWHERE) return;
    s->tested[PART_FIRST] = context_tests(c, slot_number);
    field_found found = field_sequence_find(sequence_of(m), c, m->event, first);
    if (found.kind == FOUND_ONE) take_field(m, s, slot_number, found.field);
    else if (found.kind == FOUND_SEVERAL) take_several(m, s, slot_number, &c->places[first], found.rank);
}

/* ---- computed slots ---- */

static void compute(matcher *m, const slot_expr *e, list_builder *out);

static void compute_field(matcher *m, uint32_t slot_number, list_builder *out)
{
    const slot_state *s = slot_values_of(m, slot_number);
    for (uint32_t i = s->first; i != VALUE_END; i = m->values.at[i].next) list_add(m->arena, out, *value_in(m, &m->values.at[i]));
}

static value first_of(matcher *m, const slot_expr *e)
{
    list_builder values = {0};
    compute(m, e, &values);
    return values.items.len ? values.items.at[0] : (value){.type = VALUE_MISSING};
}

static void add_spread(matcher *m, const value *v, list_builder *out)
{
    if (v->type == VALUE_LIST)
        for (size_t i = 0; i < v->as.list.count; i++) list_add(m->arena, out, v->as.list.items[i]);
    else if (v->type != VALUE_MISSING) list_add(m->arena, out, *v);
}

/* A function of mappings: applied to each value of the first argument (once, if that is missing); of the others the first. */
static void compute_map_call(matcher *m, const slot_expr *e, list_builder *out)
{
    value *args = ARENA_ARRAY(m->arena, value, e->count + 1);
    list_builder values = {0};
    for (size_t i = 1; i < e->count; i++) args[i] = first_of(m, e->args[i]);
    if (e->count) compute(m, e->args[0], &values);
    for (size_t i = 0; i < values.items.len || i == 0; i++) {
        args[0] = values.items.len ? values.items.at[i] : (value){.type = VALUE_MISSING};
        value v = slot_call(e, args, m->calls, m->arena);
        add_spread(m, &v, out);
    }
}

/* A function of the rule: many values are a list. */
static void compute_rule_call(matcher *m, const slot_expr *e, list_builder *out)
{
    value *args = ARENA_ARRAY(m->arena, value, e->count + 1);
    for (size_t i = 0; i < e->count; i++) {
        list_builder values = {0};
        compute(m, e->args[i], &values);
        if (values.items.len == 1) args[i] = values.items.at[0];
        else if (values.items.len > 1) args[i] = list_done(&values);
    }
    value v = slot_call(e, args, m->calls, m->arena);
    add_spread(m, &v, out);
}

static void compute(matcher *m, const slot_expr *e, list_builder *out)
{
    switch (e->kind) {
    case MAP_MISSING:
    case MAP_RECORD: /* is a field here */
        return;
    case MAP_CONSTANT:
        list_add(m->arena, out, e->constant);
        return;
    case MAP_FIELD:
        compute_field(m, e->slot, out);
        return;
    case MAP_FIRST:
        for (size_t i = 0, before = out->items.len; i < e->count && out->items.len == before; i++)
            compute(m, e->args[i], out);
        return;
    case MAP_CALL:
        if (e->of_rule) compute_rule_call(m, e, out);
        else compute_map_call(m, e, out);
        return;
    }
}

static bool some_input_present(matcher *m, const event_slot *s)
{
    for (size_t i = 0; i < s->inputs.len; i++)
        if (slot_values_of(m, s->inputs.at[i])->count > 0) return true;
    return false;
}

static void fill_computed(matcher *m, uint32_t slot_number)
{
    const event_slot *s = &m->program->slots.all.at[slot_number];
    list_builder values = {0};
    slot_fresh(m, slot_number);
    if (!s->standing && !some_input_present(m, s)) return;
    compute(m, s->expr, &values);
    append_all(m, slot_number, &values);
}

/* ---- special slots ---- */

const value *tree_of(matcher *m) { return field_finder_tree(matcher_fields(m)); }

static void fill_raw(matcher *m, uint32_t slot_number)
{
    value *raw = ARENA_NEW(m->arena, value);
    *raw = value_string(m->event->raw);
    if (!m->event->raw.ptr) {
        text json = {0};
        value_write_json(&json, tree_of(m));
        *raw = value_string(arena_str(m->arena, text_view(&json)));
        text_free(&json);
    }
    slot_append(m, slot_fresh(m, slot_number), raw);
}

/* Each element has its values, or a zero. */
static void read_elements(matcher *m, const event_slot *s, const value *record, list_builder *out)
{
    value zero = s->zero == VALUE_INT ? value_int(0) : s->zero == VALUE_BOOL ? value_bool(false) : value_string(STR(""));
    list_builder elements = {0};
    (void)field_path_read_text(record, str_slice(s->name, 0, s->list), m->arena, &elements);
    for (size_t i = 0; i < elements.items.len; i++) {
        size_t before = out->items.len;
        (void)field_path_read_text(&elements.items.at[i], str_slice(s->name, s->list + 1, STR_NPOS), m->arena, out);
        if (out->items.len == before) list_add(m->arena, out, zero);
    }
}

static void fill_record(matcher *m, uint32_t slot_number)
{
    const event_slot *s = &m->program->slots.all.at[slot_number];
    list_builder values = {0};
    record_paths wanted = record_paths_read(&s->name, 1, m->arena);
    value record = schema_event_record(m->program->schema, s->class_id, m->context->layout, s->schema, &wanted, tree_of(m),
                                       &m->event->source, m->arena);
    if (s->list) read_elements(m, s, &record, &values);
    else (void)field_path_read_text(&record, s->name, m->arena, &values);
    slot_fresh(m, slot_number);
    append_all(m, slot_number, &values);
}

const slot_state *slot_values_of(matcher *m, uint32_t slot_number)
{
    if (m->slots[slot_number].stamp == m->stamp) return &m->slots[slot_number];
    switch (m->program->slots.all.at[slot_number].kind) {
    case SLOT_FIELD: fill_field(m, slot_number); break;
    case SLOT_COMPUTED: fill_computed(m, slot_number); break;
    case SLOT_ANY_VALUE: fill_any_value(m, slot_number); break;
    case SLOT_RAW: fill_raw(m, slot_number); break;
    case SLOT_RECORD: fill_record(m, slot_number); break;
    }
    return &m->slots[slot_number];
}

/* ---- testing ---- */

/* The text that tests see; numbers are written into `buffer`. false: it has none. */
static bool content_of(matcher *m, const value *v, char buffer[24], pk_str *out)
{
    if (v->type == VALUE_STRING) {
        *out = v->as.string;
        return true;
    }
    if (v->type == VALUE_INT && v->as.integer >= 0) { /* the common number, without formatting */
        uint64_t n = (uint64_t)v->as.integer;
        char *end = buffer + 24, *at = end;
        do *--at = (char)('0' + n % 10);
        while (n /= 10);
        *out = (pk_str){at, (size_t)(end - at)};
        return true;
    }
    return v->type != VALUE_NULL && value_text(m->arena, v, out);
}

/* Is the constant of the type of the value? Comparisons of numbers see to that themselves. */
static bool same_type(const prepared_test *t, const value *v)
{
    return t->test->kind == TEST_COMPARE || content_type_of(&t->test->constant) == content_type_of(v);
}

static void add_predicates(matcher *m, const slot_program *sp, uint32_t test, const value *v)
{
    const predicate_row *rows = m->program->predicates.at;
    for (uint32_t i = sp->first[test]; i < sp->first[test + 1]; i++) {
        uint32_t number = sp->predicates[i];
        if (m->predicate_stamps[number] == m->predicate_stamp) continue;
        if (rows[number].strict && !same_type(sp->tests[test], v)) continue;
        m->predicate_stamps[number] = m->predicate_stamp;
        vec_push(&m->result, number);
    }
}

#define SORTED_IN_PLACE 24

static void sort_in_place(uint32_t *numbers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t n = numbers[i];
        size_t at = i;
        for (; at > 0 && numbers[at - 1] > n; at--) numbers[at] = numbers[at - 1];
        numbers[at] = n;
    }
}

/* Many are written down in a bit set, and read off it. */
void sort_numbers(matcher *m, uint32_t *numbers, size_t count)
{
    if (count <= SORTED_IN_PLACE) {
        sort_in_place(numbers, count);
        return;
    }
    uint32_t least = UINT32_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] < least) least = numbers[i];
        if (numbers[i] > most) most = numbers[i];
        m->sorting[numbers[i] >> 6] |= UINT64_C(1) << (numbers[i] & 63);
    }
    uint32_t *to = numbers;
    for (uint32_t word = least >> 6; word <= most >> 6; word++) {
        for (uint64_t bits = m->sorting[word]; bits; bits &= bits - 1) *to++ = word << 6 | (uint32_t)__builtin_ctzll(bits);
        m->sorting[word] = 0;
    }
}

/* The tests that the network left in its scratch, as predicates. */
static const slot_result *make_result(matcher *m, const slot_program *sp, const value *v)
{
    const program *p = m->program;
    if (m->network.hits.len == 0) return &no_result;
    m->result.len = 0;
    if (++m->predicate_stamp == 0) {
        memset(m->predicate_stamps, 0, p->predicates.len * sizeof *m->predicate_stamps);
        m->predicate_stamp = 1;
    }
    for (size_t i = 0; i < m->network.hits.len; i++) add_predicates(m, sp, m->network.hits.at[i], v);
    size_t count = m->result.len;
    if (count == 0) return &no_result; /* true, but of values of another type */
    sort_numbers(m, m->result.at, count);
    for (size_t i = 0; i < count; i++)
        if (p->predicates.at[m->result.at[i]].variant_count) vec_push(&m->result, m->result.at[i]);
    slot_result *r = arena_alloc(m->arena, sizeof *r + m->result.len * sizeof *r->predicates);
    r->count = (uint32_t)count;
    r->candidate_count = (uint32_t)(m->result.len - count);
    memcpy(r->predicates, m->result.at, m->result.len * sizeof *r->predicates);
    return r;
}

static __attribute__((noinline)) const slot_result *run_network(matcher *m, const slot_program *sp, const value *v, pk_str content)
{
    matcher_doing before = matcher_do(m, DOING_TESTS);
    network_run(sp->network, &m->network, network_subject(&m->network, content));
    const slot_result *r = make_result(m, sp, v);
    matcher_do(m, before);
    return r;
}

/* What is known of a value, by this thread or another. */
static const slot_result *known_result(matcher *m, value_key *k)
{
    const slot_result *known = value_cache_get(m->cache, k);
    if (known || !k->worth || !m->shared) return known;
    known = shared_results_find(m->shared, k);
    return known ? value_cache_put(m->cache, k, known) : NULL;
}

static const slot_result *remember(matcher *m, const value_key *k, const slot_result *r)
{
    if (m->shared) shared_results_add(m->shared, k, r);
    return value_cache_put(m->cache, k, r);
}

/*
 * As result_of_value, of what is remembered or not worth it. Where a look is cheaper than remembering, only what it lets through
 * is remembered.
 */
static __attribute__((noinline)) const slot_result *new_result(matcher *m, value_key *k, const value *v)
{
    const slot_program *sp = &m->program->slot_programs[k->part];
    char buffer[24];
    pk_str content;
    if (!content_of(m, v, buffer, &content)) return &no_result;
    if (!sp->remember) {
        if (!literal_sieve_lets_through(network_sieve(sp->network), content)) return &no_result;
        const slot_result *known = k->kind == KEY_NONE ? NULL : known_result(m, k);
        if (known) return known;
    }
    const slot_result *r = run_network(m, sp, v, content);
    return k->worth ? remember(m, k, r) : r;
}

/*
 * Results hang on the text alone, unless some predicate of the slot asks for the type as well. Integers are remembered as
 * such: to write them is dearer than to look them up.
 */
static const slot_result *result_of_value(matcher *m, uint32_t part_number, const value *v)
{
    const slot_program *sp = &m->program->slot_programs[part_number];
    value_key key = {.part = part_number, .kind = KEY_TEXT};
    if (!sp->network || v->type == VALUE_NULL) return &no_result;
    if (v->type == VALUE_STRING) {
        key.content = v->as.string;
    } else if (v->type == VALUE_INT) {
        key.kind = KEY_INTEGER;
        key.content = (pk_str){(const char *)&v->as.integer, sizeof v->as.integer};
    } else if (sp->strict || !value_text(m->arena, v, &key.content)) {
        key.kind = KEY_NONE;
        return new_result(m, &key, v);
    }
    part_record *record = &m->records[part_number];
    const slot_result *known = value_again(record, record->last, key.kind, key.content);
    if (!known && sp->remember) known = known_result(m, &key);
    return known ? known : new_result(m, &key, v);
}

/* Where a look is cheaper than remembering, it is cheaper than decoding, too. */
static bool ruled_out_undecoded(const slot_program *sp, const event_field *f)
{
    return !sp->remember && f->encoding == FIELD_OF_JSON && !literal_sieve_lets_json_through(network_sieve(sp->network), f->value.as.string);
}

static __attribute__((noinline)) const slot_result *result_of_other(matcher *m, uint32_t part_number, event_field *f)
{
    const slot_program *sp = &m->program->slot_programs[part_number];
    if (!f->undecoded || !sp->network) return result_of_value(m, part_number, event_field_value(m->event, f));
    if (ruled_out_undecoded(sp, f)) return &no_result;
    value_key key = {.part = part_number, .kind = KEY_UNDECODED + f->encoding, .content = f->value.as.string};
    const slot_result *known = sp->remember ? known_result(m, &key) : NULL;
    return known ? known : new_result(m, &key, event_field_value(m->event, f));
}

/* A text that is not decoded is remembered as it stands, so that most are never decoded. `last`: what it may be again. */
static inline const slot_result *result_again(matcher *m, uint32_t part_number, const remembered *last, const event_field *f)
{
    if (f->value.type != VALUE_STRING) return NULL;
    return value_again(&m->records[part_number], last, f->undecoded ? KEY_UNDECODED + f->encoding : KEY_TEXT, f->value.as.string);
}

static const slot_result *result_of_field(matcher *m, uint32_t part_number, event_field *f)
{
    const slot_result *known = result_again(m, part_number, m->records[part_number].last, f);
    return known ? known : result_of_other(m, part_number, f);
}

void slot_test(matcher *m, uint32_t part_number)
{
    uint32_t slot_number = m->program->slot_programs[part_number].slot;
    slot_part part = which_part(m->program, part_number);
    slot_values_of(m, slot_number);
    slot_state *s = &m->slots[slot_number];
    if (s->tested[part]) return;
    s->tested[part] = true;
    for (uint32_t i = s->first; i != VALUE_END; i = m->values.at[i].next) {
        slot_value *v = &m->values.at[i];
        v->result[part] = v->field ? result_of_field(m, part_number, v->field) : result_of_value(m, part_number, v->value);
    }
}

/* What the key's value is decides which case the event is. */
static const context *case_of(matcher *m, field_sequence *q)
{
    uint32_t key = m->context->key;
    event_field *f = &m->event->fields[q->key];
    if (result_again(m, key, q->key_last, f)) return q->key_case;
    const slot_result *r = result_of_other(m, key, f);
    const remembered *last = m->records[key].last;
    q->key_last = last && remembered_result(last) == r ? last : NULL;
    return q->key_case = context_case(m->contexts, m->context, r);
}

void slots_probe(matcher *m)
{
    if (!m->context->tests_fields) return;
    field_sequence *q = sequence_of(m);
    if (q->key != NO_KEY_FIELD) m->context = case_of(m, q);
    if (q->steps_of != m->context) field_sequence_step(q, m->context);
    event_field *fields = m->event->fields;
    for (size_t i = 0, count = q->steps.len; i < count; i++) {
        probe_step *step = &q->steps.at[i];
        const slot_result *r = result_again(m, step->slot, step->last, &fields[step->field]);
        if (!r) {
            r = result_of_other(m, step->slot, &fields[step->field]);
            step->last = m->records[step->slot].last;
        }
        if (r->count) vec_push(&m->probed, ((probed_value){step->field, step->slot, r}));
    }
}
