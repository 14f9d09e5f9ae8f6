/*
 * Engine against reference evaluator over plans with joins, lists opened into copies, contexts, absence and windows: the bytes
 * choose the plan, the events and the records (tests/engine/random_joins.h); both must give the same rows.
 */
#include "../tests/engine/random_joins.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bench b;
    size_t disordered = 0;
    if (!b.schema) b = open_bench();
    b.show_parts = true;
    b.row_memory = size % 3 ? 0 : 2048;
    random_source r = {.state = size, .at = bytes, .end = bytes + size};
    arena *a = arena_new();
    plan_case c = random_case(&r, a);
    if (try_plan(&b, c, false, &disordered) == 1) {
        show_smallest(&b, c);
        abort();
    }
    arena_free(a);
    return 0;
}
