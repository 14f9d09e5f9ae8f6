/* The tables of test kinds and stage kinds, from the same lists as the enums. */
#include "ir/ir.h"

const test_kind_row test_kind_table[TEST_KINDS] = {
#define KIND(id, text, index, meaning) [TEST_##id] = {text, INDEX_##index, meaning},
#include "ir/predicate_kinds.def"
#undef KIND
};

const stage_kind_row stage_kind_table[STAGE_KINDS] = {
#define STAGE(id, text, meaning) [STAGE_##id] = {text, meaning},
#include "ir/stage_kinds.def"
#undef STAGE
};
