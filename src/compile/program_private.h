/*
 * What a program consists of. compile/ fills it, engine/ reads it; constant once program_build() has returned.
 *
 *   rule x class  ->  variant: a boolean program over leaves, and a necessary set of predicates
 *   leaf          ->  predicate: any of a set of tests on a slot
 *   slot          ->  network: all tests on the values of that slot; where these are many, one of those that make candidates and
 *                     one of the others, which is run for a value when a candidate asks
 *   predicate     ->  the variants in whose necessary set it stands: once it is true, they are candidates
 *
 * Correlations (plans that go on after their match stages) are only listed here; engine/stages.c runs their plans. The
 * rules that feed them are compiled like all others, whether or not somebody chose them.
 */
#ifndef PICKET_COMPILE_PROGRAM_PRIVATE_H
#define PICKET_COMPILE_PROGRAM_PRIVATE_H

#include "base/parallel.h"
#include "compile/boolean.h"
#include "compile/network.h"
#include "compile/program.h"
#include "compile/slots.h"

/* Any of a set of tests, on one slot. The same use in many rules and classes is the same predicate. */
typedef struct {
    uint32_t slot, part;
    uint32_t *tests;              /* local numbers in the part's network, ascending */
    uint32_t count;
    uint32_t uses;                /* rules, counted once for each variant */
    double likely;
    double trial;                 /* what it costs beside, as a necessary one */
    uint32_t *variants;           /* whose candidates it makes; ascending */
    uint32_t variant_count;
    bool strict;                  /* only values of the type of the constant count (NUMBERS_STRICT) */
} predicate_row;

/* Types of values that strict predicates tell apart. */
typedef enum { CONTENT_TEXT, CONTENT_NUMBER, CONTENT_BOOL, CONTENT_OTHER } content_type;
content_type content_type_of(const value *v);

/* A rule on one class. */
typedef struct {
    uint32_t rule;
    uint32_t stage;               /* of a correlation: which match stage of its plan; else 0 */
    class_id class_id;            /* CLASS_NONE: the open class */
    uint32_t code;                /* entry into program.code, or CODE_ACCEPT */
    uint32_t *necessary;          /* predicates: one of them is true if the rule matches; none: broad */
    uint32_t necessary_count;
    bool of_record;               /* of a nested schema: only events whose record its class gives are candidates */
    bool covered;                 /* by the same on an ancestor of the class, whose events include these: never a candidate */
} rule_variant;

/* A field against another field or a computed constant; no index can help. */
typedef struct {
    operand sides[2];
    compare_op op;
    test_kind how;                /* of COMPARE_EQ and COMPARE_NE: EQUALS, STARTS_WITH, ENDS_WITH, MATCH */
    bool cased;
    missing_policy missing;
    many_policy many;
} comparison;

typedef enum { COMPARED_FALSE, COMPARED_TRUE, COMPARED_NULL } compared;

/* What the rules ask of the events of one class. */
typedef struct {
    VEC(uint32_t) slots;          /* field slots, with the inputs of computed ones */
    VEC(uint32_t) others;         /* computed and special slots */
    VEC(uint32_t) variants;       /* that events of it may be candidates of */
} class_program;

/* A part of the tests of a slot. */
typedef struct {
    uint32_t slot;
    prepared_test **tests;        /* by local number */
    uint32_t test_count, first_test;  /* first_test: over all networks */
    network *network;             /* NULL: nobody tests the values, they are only compared or asked for presence */
    uint32_t *first;              /* predicates of test i: predicates[first[i] .. first[i + 1]) */
    uint32_t *predicates;
    bool strict;                  /* some predicate is */
    bool remember;                /* results are worth remembering by value */
} slot_program;

struct program {
    struct program_image *image;  /* of which all tables below are; NULL: they are the program's own */
    arena *arena;
    ir_catalog *catalog;
    schema *schema;
    path_set *paths;
    slot_table slots;
    slot_program *slot_programs;  /* by part: first one for each slot, then the second ones of slots that have two */
    network **networks;           /* by part, as in slot_programs */
    prepared_test **prepared;     /* by test number of the catalogue; NULL: no rule of the program uses it */
    size_t prepared_count;        /* tests of the catalogue when compiled */
    uint32_t test_count;          /* over all networks */
    uint32_t part_count;
    arena *worker_arenas[PARALLEL_MOST]; /* literals of networks, by who built them */
    VEC(predicate_row) predicates;
    VEC(comparison) comparisons;
    VEC(rule_variant) variants;        /* in order of rule index */
    code_buffer code;
    class_program *classes;       /* by class id; the last is the open class */
    uint32_t class_count;         /* without the open class */
    bool *compiled;               /* by rule index: matched, maybe only for a correlation */
    bool *chosen;                 /* by rule index */
    size_t chosen_count;
    size_t rule_count;            /* of the catalogue when compiled */
    VEC(const rule *) correlations;
};

static inline const class_program *program_class(const program *p, class_id c)
{
    return &p->classes[c == CLASS_NONE ? p->class_count : c];
}

void program_release(program *p); /* image.c: frees what restoring and running have made */

/* ---- steps of program_build, in order ---- */

typedef struct { const class_id *at; size_t count; } class_list;

typedef struct {
    program *program;
    diag_list *diags;
    unsigned threads;
    arena *scratch;               /* expressions of all variants until code is emitted */
    VEC(bool_expr *) expressions; /* by variant */
    table predicate_numbers;      /* slot and tests -> predicate */
    table test_numbers;           /* slot and test -> local number */
    table sources;                /* log source of a rule -> number in source_classes */
    VEC(class_list) source_classes;
    regex_scratch regex;          /* for tests on what is known */
    VEC(VEC(prepared_test *)) slot_tests; /* by slot; predicates number them so until networks_finish */
} program_builder;

/* route.c: rules to classes; a variant for each, if it can be true there. */
void route_rule(program_builder *b, const rule *r);

/* specialise.c: an expression on one class; `widest` as of slot_operand. NULL: *problem says why it cannot be run. */
bool_expr *specialise(program_builder *b, const plan *p, const expr *e, class_id c, class_id widest, const char **problem);
/* predicates.c: the predicate "any of these tests" on a slot. */
uint32_t intern_predicate(program_builder *b, uint32_t slot, bool strict, const ir_test *const *tests, size_t count);
const prepared_test *program_prepare(program_builder *b, const ir_test *t);
void networks_finish(program_builder *b); /* tests into parts; their networks; from each test to its predicates */

/* Tests of slot s, by the numbers that they have while building. */
prepared_test *const *slot_tests_of(const program_builder *b, size_t s, size_t *count);

/* necessary.c: estimates, the necessary set of each variant, from predicates to candidates. */
void estimate_predicates(program_builder *b);
void estimate_expression(const program *p, bool_expr *e);
void find_necessary(program_builder *b, rule_variant *v, bool_expr *e);
void index_candidates(program *p);
/* The longest literal piece that a matching value must hold, in bytes. */
size_t pattern_literal_length(const pattern *p);

/* comparison.c: what it gives for these values of its two sides. */
compared comparison_of(const comparison *c, const list_builder *x, const list_builder *y, arena *a);
compared comparison_of_two(const comparison *c, const value *x, const value *y, arena *a); /* the same of one value each, no nulls */
/* A field or a function where a condition stands. */
compared condition_of_values(const list_builder *v);

#endif
