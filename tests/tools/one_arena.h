/* For tests that share one arena: cmocka_run_group_tests(tests, make_arena, drop_arena). */
#ifndef PICKET_TESTS_TOOLS_ONE_ARENA_H
#define PICKET_TESTS_TOOLS_ONE_ARENA_H

#include "base/mem.h"

static arena *a;

static int make_arena(void **state)
{
    (void)state;
    a = arena_new();
    return 0;
}

static int drop_arena(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

#endif
