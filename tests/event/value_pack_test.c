/* Packed values are what was packed, however much of it stands there already; alike records take little room. */
#include "../base/check.h"

#include <stdlib.h>

#include "event/value_pack.h"

static uint64_t seed = 7;

static size_t below(size_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(seed >> 33) % n;
}

static value random_value(arena *a, int depth)
{
    static const char *const texts[] = {"", "a", "Tor Exit Nodes", "a text of more than eight bytes", "198.51.100.7", "\xc3\xa9"};
    static const char *const names[] = {"metadata", "entity", "ip", "x"};
    record_builder record = {0};
    list_builder list = {0};
    switch (below(depth > 4 ? 8 : 11)) {
    case 0: return value_null();
    case 1: return (value){.type = VALUE_BLANK};
    case 2: return value_bool(below(2));
    case 3: return value_int((int64_t)(below(3) ? below(300) : (uint64_t)below(SIZE_MAX) << 32) - 150);
    case 4: return (value){.type = VALUE_UINT, .as.unsigned_integer = UINT64_MAX - below(3)};
    case 5: return value_real((double)below(100) / 7);
    case 6: return (value){.type = VALUE_TIME, .as.time = below(2) ? TIMESTAMP_NONE : (int64_t)below(1000) - 500};
    case 8:
        for (size_t n = below(4); n > 0; n--) list_add(a, &list, random_value(a, depth + 1));
        return list_done(&list);
    case 9: case 10:
        for (size_t n = below(4); n > 0; n--) record_add(a, &record, str_from(names[below(4)]), random_value(a, depth + 1));
        return record_done(&record);
    default: return value_string(str_from(texts[below(6)]));
    }
}

static void what_is_packed_comes_back(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    arena *a = arena_new(), *scratch = arena_new();
    value_pack *p = value_pack_new();
    value *all = ARENA_ARRAY(a, value, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        all[i] = i && !below(5) ? all[below(i)] : random_value(a, 0);
        assert_int_equal(value_pack_add(p, &all[i]), i);
    }
    assert_int_equal(value_pack_count(p), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        arena_reset(scratch);
        value v = value_pack_get(p, (uint32_t)i, scratch);
        assert_true(value_equal(&v, &all[i]));
    }
    value_pack_free(p);
    arena_free(scratch);
    arena_free(a);
}

/* Equal places mean equal values. */
static void places_tell_what_is_equal(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    arena *a = arena_new();
    value_pack *p = value_pack_new();
    value *all = ARENA_ARRAY(a, value, COUNT);
    size_t equal = 0;
    for (size_t i = 0; i < COUNT; i++) {
        record_builder r = {0};
        record_add(a, &r, STR("entity"), random_value(a, 1));
        if (i % 3) record_add(a, &r, STR("metadata"), i % 2 ? value_string(arena_printf(a, "feed number %zu", i % 7)) : random_value(a, 1));
        all[i] = record_done(&r);
        value_pack_add(p, &all[i]);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t place = value_pack_place(p, i, STR("metadata"));
        assert_int_equal(place == VALUE_PACK_NOWHERE, value_get(&all[i], STR("metadata")) == NULL);
        for (uint32_t k = 0; k < i && place != VALUE_PACK_NOWHERE; k++) {
            if (value_pack_place(p, k, STR("metadata")) != place) continue;
            assert_true(value_equal(value_get(&all[i], STR("metadata")), value_get(&all[k], STR("metadata"))));
            equal++;
        }
    }
    assert_true(equal > 1000);
    value_pack_free(p);
    arena_free(a);
}

static void alike_records_share(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    arena *a = arena_new();
    value_pack *p = value_pack_new();
    for (size_t i = 0; i < COUNT; i++) {
        record_builder metadata = {0}, entity = {0}, whole = {0};
        record_add(a, &metadata, STR("vendor_name"), value_string(STR("Google Cloud Threat Intelligence")));
        record_add(a, &metadata, STR("entity_type"), value_string(STR("IP_ADDRESS")));
        record_add(a, &entity, STR("ip"), value_string(arena_printf(a, "10.1.%zu.%zu", i / 256, i % 256)));
        record_add(a, &whole, STR("metadata"), record_done(&metadata));
        record_add(a, &whole, STR("entity"), record_done(&entity));
        value v = record_done(&whole);
        value_pack_add(p, &v);
    }
    assert_true(value_pack_bytes(p) < COUNT * 40);
    assert_true(value_pack_place(p, 1, STR("metadata")) == value_pack_place(p, COUNT - 1, STR("metadata")));
    assert_true(value_pack_place(p, 1, STR("entity")) != value_pack_place(p, COUNT - 1, STR("entity")));
    assert_true(value_pack_place(p, 1, STR("relations")) == VALUE_PACK_NOWHERE);
    value_pack_free(p);
    arena_free(a);
}

/* What is nested too deep becomes null; it does not end the stack. */
static void depth_is_bounded(void **state)
{
    (void)state;
    arena *a = arena_new();
    value_pack *p = value_pack_new();
    value v = value_int(1);
    for (size_t i = 0; i < 100000; i++) {
        list_builder list = {0};
        list_add(a, &list, v);
        v = list_done(&list);
    }
    value_pack_add(p, &v);
    value got = value_pack_get(p, 0, a);
    size_t depth = 0;
    for (const value *at = &got; at->type == VALUE_LIST; at = &at->as.list.items[0]) depth++;
    assert_int_equal(depth, 201);
    value_pack_free(p);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_packed_comes_back), cmocka_unit_test(places_tell_what_is_equal),
                                       cmocka_unit_test(alike_records_share), cmocka_unit_test(depth_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
