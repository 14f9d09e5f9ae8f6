/*
 * Slots of one event: fields are filled from what the reader found, computed and special slots when somebody asks. Then a
 * slot is tested: each of its values goes through the cache or the network.
 */
#include "engine/matcher.h"
#include "event/field_path.h"

static slot_state *fresh_state(matcher *m, uint32_t slot_number)
{
    slot_state *s = &m->slots[slot_number];
    *s = (slot_state){.stamp = m->stamp, .first = VALUE_END, .last = VALUE_END};
    return s;
}

static void append(matcher *m, slot_state *s, const value *v)
{
    uint32_t number = (uint32_t)m->values.len;
    vec_reserve(&m->values, m->values.len + 1);
    m->values.at[m->values.len++] = (slot_value){.value = *v, .next = VALUE_END};
    if (s->last == VALUE_END) s->first = number;
    else m->values.at[s->last].next = number;
    s->last = number;
    s->count++;
}

/* ---- fields ---- */

/* Of several places of a field the best that is present counts, with all its values. */
static void fill_target(matcher *m, const path_target *t, const value *v)
{
    slot_state *s = &m->slots[t->slot];
    if (s->stamp != m->stamp) {
        s = fresh_state(m, t->slot);
        s->rank = t->rank;
        vec_push(&m->touched, t->slot);
    } else if (t->rank > s->rank) {
        return;
    } else if (t->rank < s->rank) {
        s = fresh_state(m, t->slot);
        s->rank = t->rank;
    }
    append(m, s, v);
}

void slots_fill(matcher *m, const event *e)
{
    const context *c = m->context;
    for (size_t i = 0; i < e->field_count; i++) {
        event_field *f = &e->fields[i];
        uint32_t first = first_target(c, f->slot);
        if (first == TARGET_NONE) continue;
        const path_target *t = &c->targets[first];
        const value *v = event_field_value(e, f);
        do fill_target(m, t, v);
        while (!t++->last);
    }
}

/* ---- computed slots ---- */

static void compute(matcher *m, const slot_expr *e, list_builder *out);

static void compute_field(matcher *m, uint32_t slot_number, list_builder *out)
{
    const slot_state *s = slot_values_of(m, slot_number);
    for (uint32_t i = s->first; i != VALUE_END; i = m->values.at[i].next) list_add(m->arena, out, m->values.at[i].value);
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
    fresh_state(m, slot_number);
    if (!s->standing && !some_input_present(m, s)) return;
    compute(m, s->expr, &values);
    for (size_t i = 0; i < values.items.len; i++) append(m, &m->slots[slot_number], &values.items.at[i]);
}

/* ---- special slots ---- */

const value *tree_of(matcher *m)
{
    if (!m->tree) m->tree = event_tree(m->event, m->arena);
    return m->tree;
}

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

uint8_t *sparse_slots(const program *p)
{
    uint8_t *kinds = mem_zalloc(p->slots.all.len + 1, sizeof *kinds);
    for (size_t i = 0; i < p->slots.all.len; i++) {
        const slot_program *sp = &p->slot_programs[i];
        if (p->slots.all.at[i].kind != SLOT_ANY_VALUE || !sp->network || sp->remember || sp->strict) continue;
        kinds[i] = network_needs_others(sp->network, is_number_character) ? SPARSE_TEXTS : SPARSE_YES;
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

typedef struct {
    matcher *matcher;
    slot_state *state;
    const network *rules_out;     /* NULL: every value is held */
} scalar_adder;

static void add_scalar(const value *v, void *user)
{
    scalar_adder *to = user;
    if (to->rules_out && v->type == VALUE_STRING && network_rules_out(to->rules_out, v->as.string)) return;
    append(to->matcher, to->state, v);
}

/* Is no test of the slot true of any text of the event, and are texts all that its tests can be true of? */
static bool texts_rule_out(matcher *m, const network *n)
{
    if (!m->event->texts) return false;
    if (!m->texts_known) m->texts = m->event->texts(m->event, m->arena);
    m->texts_known = true;
    return m->texts.ptr && network_rules_out(n, m->texts);
}

static void fill_any_value(matcher *m, uint32_t slot_number)
{
    sparse_kind sparse = m->sparse[slot_number];
    scalar_adder to = {m, fresh_state(m, slot_number), sparse ? m->program->slot_programs[slot_number].network : NULL};
    value raw = value_string(m->event->raw);
    if (m->event->raw.ptr) append(m, to.state, &raw);
    else if (to.rules_out && m->event->json.ptr && network_rules_json_out(to.rules_out, m->event->json)) return;
    else if (sparse == SPARSE_TEXTS && texts_rule_out(m, to.rules_out)) return;
    else event_each_value(m->event, sparse == SPARSE_TEXTS, m->arena, add_scalar, &to);
}

static void fill_raw(matcher *m, uint32_t slot_number)
{
    slot_state *s = fresh_state(m, slot_number);
    value raw = value_string(m->event->raw);
    if (!m->event->raw.ptr) {
        text json = {0};
        value_write_json(&json, tree_of(m));
        raw = value_string(arena_str(m->arena, text_view(&json)));
        text_free(&json);
    }
    append(m, s, &raw);
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
    slot_state *to = fresh_state(m, slot_number);
    for (size_t i = 0; i < values.items.len; i++) append(m, to, &values.items.at[i]);
}

const slot_state *slot_values_of(matcher *m, uint32_t slot_number)
{
    if (m->slots[slot_number].stamp == m->stamp) return &m->slots[slot_number];
    switch (m->program->slots.all.at[slot_number].kind) {
    case SLOT_FIELD: fresh_state(m, slot_number); break; /* the event does not have it */
    case SLOT_COMPUTED: fill_computed(m, slot_number); break;
    case SLOT_ANY_VALUE: fill_any_value(m, slot_number); break;
    case SLOT_RAW: fill_raw(m, slot_number); break;
    case SLOT_RECORD: fill_record(m, slot_number); break;
    }
    return &m->slots[slot_number];
}

/* ---- testing ---- */

static const slot_result no_result;

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
    for (size_t i = 0; i < count; i++)
        if (p->predicates.at[m->result.at[i]].variant_count) vec_push(&m->result, m->result.at[i]);
    slot_result *r = arena_alloc(m->arena, sizeof *r + m->result.len * sizeof *r->predicates);
    r->count = (uint32_t)count;
    r->candidate_count = (uint32_t)(m->result.len - count);
    memcpy(r->predicates, m->result.at, m->result.len * sizeof *r->predicates);
    return r;
}

/* Results hang on the text alone, unless some predicate of the slot asks for the type as well. */
static const slot_result *result_of_value(matcher *m, uint32_t part_number, const value *v)
{
    const slot_program *sp = &m->program->slot_programs[part_number];
    char buffer[24];
    pk_str content;
    uint64_t hash = 0;
    bool worth = false;
    if (!sp->network || !content_of(m, v, buffer, &content)) return &no_result;
    if (sp->remember && !(sp->strict && content_type_of(v) != CONTENT_TEXT)) {
        const slot_result *known = value_cache_get(m->cache, part_number, content, &hash, &worth);
        if (known) return known;
    }
    if (!sp->remember && network_rules_out(sp->network, content)) return &no_result;
    network_run(sp->network, &m->network, network_subject(&m->network, content));
    const slot_result *r = make_result(m, sp, v);
    return worth ? value_cache_put(m->cache, part_number, content, hash, r) : r;
}

void slot_test(matcher *m, uint32_t part_number)
{
    uint32_t slot_number = m->program->slot_programs[part_number].slot;
    slot_part part = which_part(m->program, part_number);
    slot_values_of(m, slot_number);
    slot_state *s = &m->slots[slot_number];
    if (s->tested[part]) return;
    s->tested[part] = true;
    matcher_doing before = matcher_do(m, DOING_TESTS);
    for (uint32_t i = s->first; i != VALUE_END; i = m->values.at[i].next)
        m->values.at[i].result[part] = result_of_value(m, part_number, &m->values.at[i].value);
    matcher_do(m, before);
}
