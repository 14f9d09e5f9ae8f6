/*
 * Joins, lists opened into copies, contexts, absence and the windows over them: random plans of the shape that rules over
 * several events have, over random events and context records, in the engine and in the reference evaluator. Rows are compared by
 * time, columns, events, window, parts with their counts, and risk.
 */
#include "random_joins.h"

#define RANDOM_JOINS 3000

static void random_joins(void **state)
{
    (void)state;
    const char *first = getenv("PICKET_JOINS_FROM"), *many = getenv("PICKET_JOINS");
    uint64_t from = first ? strtoull(first, NULL, 10) : 1, count = many ? strtoull(many, NULL, 10) : RANDOM_JOINS;
    run_random_plans(&(random_run){.make = random_case, .first_seed = from, .count = count, .factor = 104729, .show_parts = true, .fewest_rows = count});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_joins)};
    return cmocka_run_group_tests_name("joins", tests, NULL, NULL);
}
