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

#define PARTS 3
#define KINDS 4
#define LENGTHS 90
#define VARIANTS 4

/* Keys that differ by a byte, a kind, a part or a length each have a result of their own, whichever way it is found. */
static void test_neighbours_apart(void **state)
{
    (void)state;
    value_cache *c = value_cache_new(PARTS, 1 << 20);
    part_record *records = value_cache_records(c);
    slot_result *r = mem_zalloc(1, sizeof *r + sizeof *r->predicates);
    uint64_t random = 1;
    size_t again = 0, found = 0;
    r->count = 1;
    for (size_t n = 0; n < 200000; n++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t bits = (uint32_t)(random >> 33);
        uint32_t part = bits % PARTS, kind = KEY_TEXT + bits / PARTS % KINDS, len = bits / 12 % LENGTHS, variant = bits / 1080 % VARIANTS;
        if (n % 8) part = 0, kind = KEY_TEXT, len &= 24; /* the same again */
        char bytes[LENGTHS];
        memset(bytes, 'a', sizeof bytes);
        if (len) bytes[variant == 1 ? 0 : variant == 2 ? len / 3 : len - 1] = variant ? 'b' : 'a';
        uint32_t where = len == 0 || variant == 0 ? LENGTHS : variant == 1 ? 0 : variant == 2 ? len / 3 : len - 1;
        uint32_t number = ((part * 16 + kind) * 128 + len) * 128 + where;
        value_key k = {.part = part, .kind = kind, .content = {bytes, len}};
        const slot_result *last = value_again(&records[part], kind, k.content), *known = value_cache_get(c, &k);
        if (last) assert_int_equal(last->predicates[0], number);
        if (known) assert_int_equal(known->predicates[0], number);
        again += last != NULL;
        found += known != NULL;
        r->predicates[0] = number;
        if (!known && k.worth) value_cache_put(c, &k, r);
        if (n % 1000 == 0) value_cache_tidy(c);
    }
    assert_true(again > 1000 && found > 100000);
    mem_free(r);
    value_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds_apart), cmocka_unit_test(test_neighbours_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
