/*
 * Boolean programs: what is left of a rule's expression on one class of events. A tree of and, or, and leaves that may be
 * negated is first built and simplified, then written as branches: each instruction tests one leaf and jumps.
 *
 * Truth in the IR has three values. A tree says only when an expression is *true*; what is false is built apart, by the
 * same rules (see route.c), so that null needs no place here.
 */
#ifndef PICKET_COMPILE_BOOLEAN_H
#define PICKET_COMPILE_BOOLEAN_H

#include "base/hash.h"

typedef enum {
    LEAF_PREDICATE,               /* id: predicate; some value of its slot fulfils it */
    LEAF_EVERY,                   /* id: predicate; there are values, and all fulfil it */
    LEAF_DIFFERS,                 /* id: predicate; some value does not fulfil it */
    LEAF_PRESENT,                 /* id: slot; the field is there, maybe null */
    LEAF_VALUE,                   /* id: slot; the field holds something other than null */
    LEAF_NULL,                    /* id: slot; absent, null, or an empty element */
    LEAF_MANY,                    /* id: slot; values that differ from each other */
    LEAF_CONDITION,               /* id: slot; its value is true */
    LEAF_CONDITION_FAILS,         /* id: slot; its value is there and not true */
    LEAF_COMPARE,                 /* id: comparison; true of its two operands */
    LEAF_COMPARE_FAILS,           /* id: comparison; false of them (neither: null) */
} leaf_kind;

typedef enum { BOOL_FALSE, BOOL_TRUE, BOOL_LEAF, BOOL_AND, BOOL_OR } bool_kind;

typedef struct bool_expr bool_expr;
struct bool_expr {
    bool_kind kind;
    leaf_kind leaf;
    bool negated;                 /* of a leaf */
    uint32_t id;
    bool_expr **args;
    size_t count, cap;
    double likely;                /* estimate of how often it is true, set by estimate_expression */
    double cost;                  /* of the best necessary set: how often it makes a candidate */
};

bool_expr *bool_constant(arena *a, bool truth);
bool_expr *bool_leaf(arena *a, leaf_kind leaf, uint32_t id, bool negated);
/* Adds an operand and simplifies; start with bool_constant(a, true) for `and`, false for `or`. Operands are taken over. */
bool_expr *bool_and(arena *a, bool_expr *x, bool_expr *y);
bool_expr *bool_or(arena *a, bool_expr *x, bool_expr *y);

/* ---- as branches ---- */

typedef struct {
    uint8_t leaf;                 /* leaf_kind */
    uint32_t id;
    uint32_t on_true, on_false;   /* instructions, or one of the two below */
} instruction;

#define CODE_ACCEPT UINT32_MAX
#define CODE_REJECT (UINT32_MAX - 1)

typedef struct { VEC(instruction) code; } code_buffer;

/* Appends the branches of `e`; returns where they start. Estimates decide the order of operands. */
uint32_t bool_emit(code_buffer *out, bool_expr *e);
bool bool_equal(const bool_expr *x, const bool_expr *y); /* built alike, operand by operand */
size_t bool_size(const bool_expr *e);                 /* leaves */

#endif
