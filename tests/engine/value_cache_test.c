/* What is remembered of values: the same bytes mean another value when they are written in another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/matcher.h"

static void test_kinds_apart(void **state)
{
    (void)state;
    value_cache *c = value_cache_new(1, 1 << 17);
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
        const slot_result *last = value_again(&records[part], records[part].last, kind, k.content), *known = value_cache_get(c, &k);
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

/* The text of a number; all have a result of their own, of up to 40 predicates. */
static value_key key_of(uint32_t number, char bytes[256])
{
    size_t len = 4 + number % 200;
    memset(bytes, 'x', len);
    memcpy(bytes, &number, sizeof number);
    return (value_key){.kind = KEY_TEXT, .content = {bytes, len}};
}

static void set_result(slot_result *r, uint32_t number)
{
    r->count = number % 40;
    for (uint32_t i = 0; i < r->count; i++) r->predicates[i] = number + i;
}

static void assert_result(const slot_result *r, uint32_t number)
{
    assert_int_equal(r->count, number % 40);
    for (uint32_t i = 0; i < r->count; i++) assert_int_equal(r->predicates[i], number + i);
}

/* Where there are more values than memory, those that come back are kept, and none has the result of another. */
static void test_forgetting(void **state)
{
    enum { HOT = 50, ROUNDS = 20000, LIMIT = 1 << 17 };
    (void)state;
    value_cache *c = value_cache_new(1, LIMIT);
    part_record *records = value_cache_records(c);
    slot_result *r = mem_zalloc(1, sizeof *r + 40 * sizeof *r->predicates);
    size_t lost = 0, known_again = 0;
    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint32_t numbers[] = {n % HOT, HOT + n, HOT + n - n % 997};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            char bytes[256];
            value_key k = key_of(numbers[i], bytes);
            const slot_result *again = value_again(&records[0], records[0].last, KEY_TEXT, k.content), *known = value_cache_get(c, &k);
            if (again) assert_result(again, numbers[i]);
            if (known) assert_result(known, numbers[i]);
            lost += i == 0 && n >= HOT && !known;
            known_again += i == 2 && known;
            set_result(r, numbers[i]);
            if (!known && k.worth) assert_result(value_cache_put(c, &k, r), numbers[i]);
        }
        value_cache_tidy(c);
    }
    assert_true(lost < ROUNDS / 100);
    assert_true(known_again > ROUNDS / 2);
    mem_free(r);
    value_cache_free(c);
}

/* More in one event than there is room for: the rest is not remembered, and nothing is lost that somebody holds. */
static void test_one_event(void **state)
{
    enum { COUNT = 3000, LIMIT = 1 << 17 };
    (void)state;
    value_cache *c = value_cache_new(1, LIMIT);
    slot_result *r = mem_zalloc(1, sizeof *r + 40 * sizeof *r->predicates);
    const slot_result **held = mem_zalloc(COUNT, sizeof *held);
    for (int turn = 0; turn < 30; turn++, value_cache_tidy(c)) {
        size_t kept = 0;
        for (uint32_t n = 0; n < COUNT; n++) {
            char bytes[256];
            value_key k = key_of((uint32_t)turn * COUNT + n, bytes);
            assert_null(value_cache_get(c, &k));
            set_result(r, (uint32_t)turn * COUNT + n);
            held[n] = k.worth ? value_cache_put(c, &k, r) : r;
            kept += held[n] != r;
        }
        assert_true(kept < COUNT);
        for (uint32_t n = 0; n < COUNT; n++)
            if (held[n] != r) assert_result(held[n], (uint32_t)turn * COUNT + n);
    }
    mem_free(held);
    mem_free(r);
    value_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds_apart), cmocka_unit_test(test_neighbours_apart), cmocka_unit_test(test_forgetting),
                                       cmocka_unit_test(test_one_event)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
