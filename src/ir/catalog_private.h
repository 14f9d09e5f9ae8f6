/* What a catalogue consists of, for the files of this folder that make, join and restore one. */
#ifndef PICKET_IR_CATALOG_PRIVATE_H
#define PICKET_IR_CATALOG_PRIVATE_H

#include "ir/ir.h"
#include "ir/test_set.h"

typedef struct {
    const language *language;
    void *thing;
} kept_thing;

struct ir_catalog {
    arena *arena;
    diag_list *diags;
    VEC(rule *) rules;
    VEC(kept_thing) kept;
    VEC(ir_test *) tests;         /* by id; of a part: in the order in which it met them first */
    test_set met;                 /* of a part: the same; empty otherwise */
    shared_tests *index;          /* of the whole: every test, also those of parts */
    ir_catalog *whole;            /* of a part */
    VEC(arena *) joined;          /* arenas of parts */
};

#endif
