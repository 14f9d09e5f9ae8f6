/* Tests by meaning: the same kind, flags, comparison, and type and bytes of the constant. */
#ifndef PICKET_IR_TEST_SET_H
#define PICKET_IR_TEST_SET_H

#include "ir/ir.h"

#define TEST_ID_NONE UINT32_MAX   /* met by a part that is not joined yet */

typedef struct {
    uint64_t hash;
    ir_test *test;                /* NULL: free */
} test_cell;

typedef struct {
    test_cell *cells;             /* open addressing */
    size_t mask, count;
} test_set;

void test_set_free(test_set *s);
uint64_t test_hash(const ir_test *t);
ir_test *test_set_find(const test_set *s, const ir_test *like, uint64_t hash); /* NULL: not there */
void test_set_add(test_set *s, ir_test *t, uint64_t hash);                      /* is not there yet */

/* A set that any number of threads share. */
typedef struct shared_tests shared_tests;

shared_tests *shared_tests_new(void);
void shared_tests_free(shared_tests *s);
/* The one test with this meaning; made in `a` if it is new, its constant copied, without an id. */
ir_test *shared_tests_intern(shared_tests *s, const ir_test *like, uint64_t hash, arena *a);
void shared_tests_add(shared_tests *s, ir_test *t);    /* known not to be there */

#endif
