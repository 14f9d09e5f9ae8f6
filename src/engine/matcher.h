/* Inside the matcher: what match.c, context.c, slot_values.c, any_value.c, value_cache.c and why.c share. */
#ifndef PICKET_ENGINE_MATCHER_H
#define PICKET_ENGINE_MATCHER_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "compile/program_private.h"
#include "engine/engine.h"
#include "ir/functions.h"

/* ---- what is true of one text ---- */

/* Predicates that a text fulfils, ascending; behind them those that make candidates once more. */
typedef struct {
    uint32_t count, candidate_count;
    uint32_t predicates[];
} slot_result;

/* ---- value_cache.c: results remembered by part of a slot and value, in memory that does not grow ---- */

/*
 * How the value is written in the bytes that it is remembered by: as text, as a number of 8 bytes, or not yet decoded. The last
 * stands last: how it is encoded is added to it.
 */
typedef enum { KEY_NONE /* is not remembered */, KEY_TEXT, KEY_INTEGER, KEY_UNDECODED } key_kind;
#define KEY_KINDS (KEY_UNDECODED + UINT8_MAX + 1)

typedef struct {
    uint32_t part, kind;
    pk_str content;
    uint64_t hash;                /* set by value_cache_get */
    bool worth;                   /* the same; false: not worth remembering */
} value_key;

#define REMEMBERED_PART 0x7fffffffu

/* A value, and behind it its result. */
typedef struct {
    uint32_t tag;                 /* of its hash */
    uint16_t len, kind;
    uint32_t part : 31;
    bool asked : 1;               /* for, since it was added or last looked through */
    char content[];
} remembered;

static inline size_t remembered_room(size_t len) { return (len + 3) & ~(size_t)3; } /* of the content */
static inline const slot_result *remembered_result(const remembered *r) { return (const slot_result *)(r->content + remembered_room(r->len)); }
static inline size_t result_size(const slot_result *r) { return sizeof *r + (r->count + r->candidate_count) * sizeof *r->predicates; }
static inline size_t remembered_size(size_t len, const slot_result *r) { return sizeof(remembered) + remembered_room(len) + result_size(r); }
static inline uint32_t remembered_tag(const value_key *k) { return (uint32_t)(k->hash >> 32); }

static inline void remembered_write(remembered *item, const value_key *k, const slot_result *r)
{
    *item = (remembered){.tag = remembered_tag(k), .len = (uint16_t)k->content.len, .kind = (uint16_t)k->kind, .part = k->part & REMEMBERED_PART};
    memcpy(item->content, k->content.ptr, k->content.len);
    memcpy(item->content + remembered_room(k->content.len), r, result_size(r));
}

static inline bool remembered_is(const remembered *item, const value_key *k)
{
    return item->part == k->part && item->kind == k->kind && item->len == k->content.len && bytes_equal(item->content, k->content.ptr, k->content.len);
}

/* What is known of a part: how often its values come back, and the one that came last. */
typedef struct {
    const remembered *last;       /* NULL: none */
    uint32_t lookups, hits;
    bool given_up;
} part_record;

static inline bool result_has(const slot_result *r, uint32_t number)
{
    const uint32_t *at = r->predicates;
    for (uint32_t left = r->count; left > 1;) {
        uint32_t half = left / 2;
        at += at[half - 1] < number ? half : 0;
        left -= half;
    }
    return r->count && *at == number;
}

typedef struct value_cache value_cache;
value_cache *value_cache_new(size_t parts, size_t limit);
void value_cache_free(value_cache *c);
/* May forget results: call it between events, when nobody holds one. true: values moved, places that were remembered do not hold. */
bool value_cache_tidy(value_cache *c);
/* By part. */
part_record *value_cache_records(value_cache *c);
/* Most values are the same as the one before: the result of that one, or NULL where it is another. */
static inline const slot_result *value_again(part_record *r, const remembered *last, uint32_t kind, pk_str content)
{
    if (!last || last->len != content.len || last->kind != kind || !bytes_equal(last->content, content.ptr, content.len)) return NULL;
    r->lookups++;
    r->hits++;
    return remembered_result(last);
}
/* The result of this value, or NULL; then the key serves value_cache_put. */
const slot_result *value_cache_get(value_cache *c, value_key *k);
const slot_result *value_cache_put(value_cache *c, const value_key *k, const slot_result *r);

/* ---- shared_results.c: what a matcher learns, for those of other threads ---- */

/* By a key for which value_cache_get had nothing; NULL: nobody has told it. It stays as long as `s`. */
const slot_result *shared_results_find(const shared_results *s, const value_key *k);
void shared_results_add(shared_results *s, const value_key *k, const slot_result *r);

/* ---- any_value.c: slots of every value, and looks at whole records ---- */

typedef struct any_values any_values;
any_values *any_values_new(const program *p);
void any_values_free(any_values *a);
typedef struct shared_look shared_look;
/* One look for all slots of every value among these that can have one, which are put first; NULL: there are none. Lives as long as `a`. */
const shared_look *any_values_look(any_values *a, uint32_t *slots, size_t count);

/* ---- context.c, context_make.c: what the program means for one layout and set of classes ---- */

/* A slot that has whatever stands at a path. */
typedef struct {
    uint32_t slot;
    bool last;                    /* of this path */
} path_target;

/* A path where values of a slot may stand; 0 is the best rank. */
typedef struct {
    path_slot path;
    uint16_t rank;
    bool last;                    /* of this slot */
} slot_place;

/* Of some hundred of many thousand numbers where something begins; open addressing, at most half of it taken. */
#define BEGINS_NOWHERE UINT32_MAX
typedef struct { uint32_t key, first; } begin_cell; /* key: UINT32_MAX is free */
typedef struct {
    begin_cell *cells;
    uint32_t mask;
} begin_table;

/* The cell of this key, or the free one where it belongs. */
static inline begin_cell *begin_cell_of(const begin_table *t, uint32_t key)
{
    uint32_t i = (key * UINT32_C(0x9e3779b1) >> 16) & t->mask;
    while (t->cells[i].key != key && t->cells[i].key != UINT32_MAX) i = (i + 1) & t->mask;
    return &t->cells[i];
}

static inline uint32_t begins_at(const begin_table *t, uint32_t key) { return begin_cell_of(t, key)->first; }

typedef struct field_sequence field_sequence;

typedef struct context context;
struct context {
    uint64_t hash;
    layout_id layout;
    class_id *classes;
    size_t class_count;
    uint32_t *slots;              /* of fields; those with the same ones share the tables: */
    size_t slot_count;
    begin_table targets_of;       /* by path slot */
    path_target *targets;         /* of a path side by side */
    begin_table places_of;        /* by field slot */
    slot_place *places;           /* of a slot side by side, the best first */
    size_t place_count;
    field_sequence *sequence;     /* of the last event */
    uint64_t *variants;           /* bit set: those that tests can make candidates; none of them is broad */
    uint64_t *tested;             /* bit set of slots: those that can make a candidate */
    uint32_t *broad;              /* variants that every event is a candidate of */
    size_t broad_count;
    uint32_t *others;             /* computed and special slots that make candidates */
    size_t other_count;
    const shared_look *look;      /* of the slots of every value, which are first among the others; NULL: there are none */
    bool tests_fields;            /* some field's slot is tested */
    bool empty;                   /* no rule at all */
    uint32_t key;                 /* field slot that tells its cases apart; SLOT_NONE: it has none */
    context **cases;
    /* of a case */
    uint32_t known_slot;          /* the key; SLOT_NONE: it is none */
    const slot_result *known;     /* what is true of its one value */
    context *next;
};

static inline bool context_tests(const context *c, uint32_t slot_number) { return c->tested[slot_number >> 6] >> (slot_number & 63) & 1; }

typedef struct context_table context_table;
context_table *context_table_new(const program *p, any_values *a);
void context_table_free(context_table *t);
const context *context_of(context_table *t, const classification *k);
/* The case of a context with a key where this is true of the key's only value; the context itself, if there are too many. */
const context *context_case(context_table *t, const context *general, const slot_result *known);

/* ---- field_sequence.c: what follows from the paths of an event's fields ---- */

/* A field that a slot tests. */
typedef struct {
    uint32_t field, slot;
    const remembered *last;       /* value that it had; NULL: none */
} probe_step;

/* Where a slot finds its values: the first field of the best rank that is present, and whether it is the only one of that rank. */
typedef enum { FOUND_UNKNOWN, FOUND_NONE, FOUND_ONE, FOUND_SEVERAL } found_kind;
typedef struct {
    uint32_t field;
    uint16_t rank;
    uint8_t kind;                 /* found_kind */
} field_found;

#define NO_KEY_FIELD UINT32_MAX

struct field_sequence {
    VEC(path_slot) paths;
    uint32_t key;                 /* field that holds the only value of the context's key, or NO_KEY_FIELD */
    const remembered *key_last;   /* value that it had, NULL: none; and the case that this is */
    const context *key_case;
    VEC(probe_step) steps;
    const context *steps_of;      /* context or case; NULL: to be made */
    field_found *found;           /* by the first place of a slot; NULL: nobody has asked */
    uint64_t age;                 /* of the cache that steps point into */
    arena *arena;
};

field_sequence *field_sequence_new(arena *a);
/* `age` changes when places in the cache do not hold any more. */
field_sequence *field_sequence_of(const context *c, const event *e, uint64_t age, arena *of_event);
void field_sequence_step(field_sequence *q, const context *c); /* makes the steps those of the context, or of one of its cases */
field_found field_sequence_find(field_sequence *q, const context *c, const event *e, uint32_t first_place);

/* ---- the matcher ---- */

/* The first of the two parts of a slot's tests, and the other. */
typedef enum { PART_FIRST, PART_SECOND, PARTS } slot_part;

typedef struct {
    const value *value;           /* of a field: by value_in */
    event_field *field;           /* NULL: it is none */
    const slot_result *result[PARTS]; /* once the part is tested */
    uint32_t next;                /* of the same slot, or VALUE_END */
} slot_value;

#define VALUE_END UINT32_MAX

/* What is true of a field's value, found before slots are filled; of others of such slots nothing is. */
typedef struct {
    uint32_t field, slot;
    const slot_result *result;
} probed_value;

/* What stands in a slot in the current event; old unless `stamp` is the event's. */
typedef struct {
    uint32_t stamp;
    uint32_t first, last, count;
    bool tested[PARTS], expanded[PARTS];
} slot_state;

/* What tests see of a list of values, and what reasons show of them. */
typedef struct {
    list_builder values;
    subject_text *texts;          /* of those that have any */
    reason_value *shown;
    size_t count;
} explained_values;

/* explained.c: a rule's field in a class, and what it has in the event at hand once that is `known`. */
typedef struct {
    uint32_t number;
    class_id class_id;
    pk_str schema, path;
    const field_map *map;         /* NULL: the open class, whose fields are raw paths */
    bool known;
    explained_values values;
} explained_field;

/* A constant of a use in a class: rules that ask a field the same, and write it alike, share one. */
typedef struct {
    const ir_constant *constant;
    const prepared_test *test;    /* NULL: never true */
    const reason_predicate *said; /* NULL: it was never a reason */
    uint64_t asked;               /* number of the event that it was asked of last; 0: of none */
    bool found;                   /* the reason is of that event's first value for which the test is true */
    match_reason reason;
} explained_test;

/* A use or a comparison of a rule that may be a reason. */
typedef struct {
    const expr *leaf;
    explained_field *field;       /* of a use of a plain field; NULL: its values are made for each rule */
    explained_test **tests;       /* of a use, by constant */
} explained_leaf;

/* What a rule asks in a class and stands under no `not`, each once. */
typedef struct { VEC(explained_leaf) leaves; } explained_rule;

typedef struct explained explained;
explained *explained_new(const program *p);
void explained_free(explained *x);
const explained_rule *explained_rule_of(explained *x, const rule *r, class_id c);
const reason_predicate *explained_said(explained *x, const ir_use *u, explained_test *t);
explained_field *explained_field_of(explained *x, class_id c, const ir_field *f);
void explained_field_keep(explained *x, explained_field *f); /* its values are those of the event, until the next call: */
void explained_forget(explained *x);

/* reasons.c: what reasons say of rules, each once; lives as long as `r`. */
typedef struct reason_predicates reason_predicates;
reason_predicates *reason_predicates_new(void);
void reason_predicates_free(reason_predicates *r);
const reason_predicate *reason_predicate_of(reason_predicates *r, const ir_use *u, const ir_constant *c);
const ir_field *operand_field(const expr *e); /* the field that an operand is about, for people; NULL: none */

struct matcher {
    const program *program;
    context_table *contexts;
    value_cache *cache;
    part_record *records;         /* of the cache */
    shared_results *shared;       /* with matchers of other threads; NULL: there are none */
    network_scratch network;
    arena *arena;                 /* of one event */
    ir_calls *calls;              /* what functions of rules keep */

    uint32_t stamp;               /* number of the event, wraps with care */
    const event *event;
    const context *context;       /* once fields are probed, the case of it that the event is */
    field_sequence *sequence;     /* of the event, once it was asked for */
    uint64_t cache_age;           /* how often places in the cache changed */
    field_finder *finder;         /* of the event, once `finding`; makes its tree when somebody asks */
    bool finding;
    explained *explained;         /* what matcher_why has looked up */
    slot_state *slots;            /* by slot */
    any_values *any_values;
    uint32_t looked;              /* event at whose record the look of its context was taken */
    bool ruled_out;               /* and what came of it: none of its slots has a value that is tested with success */
    VEC(slot_value) values;
    VEC(probed_value) probed;
    VEC(uint32_t) expanded;       /* parts whose predicates are set in bits */
    uint64_t *bits;               /* by predicate */
    uint32_t *variant_stamps;     /* by variant: a candidate already */
    uint32_t *predicate_stamps;   /* by predicate: in the result being made */
    uint32_t predicate_stamp;
    VEC(uint32_t) candidates;
    VEC(uint32_t) result;         /* being made */
    uint64_t *sorting;            /* by predicate or variant; none is set between calls of sort_numbers */

    VEC(uint32_t) rules;          /* matched */
    VEC(class_id) classes;
    VEC(uint32_t) stages;
    uint64_t candidates_total, events_total;

    atomic_uint doing, rule;      /* for matcher_look */
    rule_counts *counts;          /* by rule; NULL: nobody wants them */
};

static inline matcher_doing matcher_do(matcher *m, matcher_doing what) /* returns what it did before */
{
    matcher_doing before = (matcher_doing)atomic_load_explicit(&m->doing, memory_order_relaxed);
    atomic_store_explicit(&m->doing, what, memory_order_relaxed);
    return before;
}

/* slot_values.c */
const value *tree_of(matcher *m);                                   /* the record of the event; made once */
void slots_probe(matcher *m);                                      /* tests fields that can make candidates, into `probed` */
const slot_state *slot_values_of(matcher *m, uint32_t slot_number); /* fills computed and special slots on first use */
void slot_test(matcher *m, uint32_t part_number);                  /* results of all values of its slot */
slot_state *slot_fresh(matcher *m, uint32_t slot_number);          /* without values */
slot_value *slot_append(matcher *m, slot_state *s, const value *v);
void sort_numbers(matcher *m, uint32_t *numbers, size_t count);     /* of predicates or variants, no two the same: ascending */

/* any_value.c */
void fill_any_value(matcher *m, uint32_t slot_number);
/* How many of the context's others, which are the first of them, have no value that is tested with success. */
size_t any_values_ruled_out(matcher *m);

static inline const value *value_in(const matcher *m, const slot_value *v)
{
    return v->field ? event_field_value(m->event, v->field) : v->value;
}

static inline slot_part which_part(const program *p, uint32_t part_number)
{
    return part_number < p->slots.all.len ? PART_FIRST : PART_SECOND;
}

#endif
