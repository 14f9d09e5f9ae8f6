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
    bench b = open_bench();
    const char *first = getenv("PICKET_JOINS_FROM"), *many = getenv("PICKET_JOINS");
    uint64_t from = first ? strtoull(first, NULL, 10) : 1, count = many ? strtoull(many, NULL, 10) : RANDOM_JOINS;
    size_t refused = 0, failed = 0, disordered = 0;
    b.show_parts = true;
    for (uint64_t seed = from; seed < from + count; seed++) {
        random_source r = {.state = seed * 104729};
        arena *a = arena_new();
        plan_case c = random_case(&r, a);
        b.row_memory = seed % 3 ? 0 : 2048;
        int outcome = try_plan(&b, c, false, &disordered);
        refused += outcome < 0;
        if (outcome > 0 && failed++ < 4) {
            print_error("seed %llu\n", (unsigned long long)seed);
            show_smallest(&b, c);
        }
        arena_free(a);
    }
    print_message("%llu plans, %zu refused, %zu rows of %zu, %zu with alerts out of order, %zu differ\n", (unsigned long long)count, refused,
                  b.rows, b.expected_rows, disordered, failed);
    assert_true(b.expected_rows > count);
    assert_int_equal(failed, 0);
    assert_int_equal(refused, 0);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_joins)};
    return cmocka_run_group_tests_name("joins", tests, NULL, NULL);
}
