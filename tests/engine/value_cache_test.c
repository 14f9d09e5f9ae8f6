/* What is remembered of values: the same bytes mean another value when they are written in another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/matcher.h"

static void test_kinds_apart(void **state)
{
    (void)state;
    value_cache *c = value_cache_new(1, 1 << 16);
    slot_result *r = mem_zalloc(1, sizeof *r + sizeof *r->predicates);
    r->count = 1;
    for (uint32_t kind = 0; kind < KEY_KINDS; kind++) {
        value_key k = {.kind = kind, .content = {"a\0b\0c\0d\0", 8}};
        assert_null(value_cache_get(c, &k));
        assert_non_null(value_cache_put(c, &k, r));
        assert_non_null(value_cache_get(c, &k));
    }
    assert_true(KEY_UNDECODED > KEY_INTEGER && KEY_UNDECODED > KEY_TEXT); /* encodings are added to it */
    mem_free(r);
    value_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
