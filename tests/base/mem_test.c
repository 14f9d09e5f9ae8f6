/* Arenas, vectors, tables, interners and lists of diagnostics. */
#include "check.h"

#include "base/diag.h"
#include "base/hash.h"

static void test_arena(void **state)
{
    (void)state;
    arena *a = arena_new();
    for (int round = 0; round < 3; round++) {
        char *last = NULL;
        for (size_t size = 0; size < 3000; size += 7) {
            char *p = arena_alloc(a, size);
            assert_int_equal((uintptr_t)p % 16, 0);
            memset(p, (int)size & 0xff, size);
            if (last && size > 7) assert_int_equal((unsigned char)last[0], (size - 7) & 0xff);
            last = p;
        }
        char *huge = arena_alloc(a, 20 << 20);
        memset(huge, 1, 20 << 20);
        assert_true(arena_used(a) >= 20 << 20);
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
    assert_str(arena_printf(a, "%d-%s", 7, "x"), "7-x");
    assert_str(arena_concat(a, STR("ab"), STR("")), "ab");
    arena_free(a);
    arena_free(NULL);
}

/* What is kept, or not, is written to and used again. */
static void test_shrinking(void **state)
{
    static const size_t keeps[] = {0, 5000, 100000, SIZE_MAX};
    (void)state;
    arena *a = arena_new();
    for (size_t round = 0; round < 40; round++) {
        for (size_t n = 0; n < 10 + round % 7 * 100; n++) memset(arena_alloc(a, 1 + n * 13), (int)n, 1 + n * 13);
        arena_shrink(a, keeps[round % 4]);
        assert_int_equal(arena_used(a), 0);
    }
    arena_free(a);
}

static void test_vectors(void **state)
{
    (void)state;
    arena *a = arena_new();
    VEC(int) v = {0}, in = {0};
    for (int i = 0; i < 1000; i++) {
        vec_push(&v, i);
        vec_push_in(a, &in, -i);
    }
    for (int i = 0; i < 1000; i++) assert_true(v.at[i] == i && in.at[i] == -i);
    vec_free(&v);
    arena_free(a);
}

static void test_table(void **state)
{
    (void)state;
    arena *a = arena_new();
    table t = {0};
    assert_int_equal(table_get(&t, STR("x")), TABLE_NONE);
    for (uint32_t i = 0; i < 5000; i++) assert_true(table_put(&t, arena_printf(a, "key %u", i), i));
    assert_false(table_put(&t, STR("key 17"), 99));
    assert_int_equal(table_get(&t, STR("key 17")), 17);
    table_set(&t, STR("key 17"), 99);
    assert_int_equal(table_get(&t, STR("key 17")), 99);
    for (uint32_t i = 0; i < 5000; i++) assert_str(t.entries.at[i].key, arena_printf(a, "key %u", i).ptr);
    assert_int_equal(table_get(&t, STR("key 5000")), TABLE_NONE);
    table_free(&t);
    interner *in = interner_new(a);
    uint32_t x = intern(in, STR("x")), y = intern(in, STR("y"));
    assert_true(x != y && intern(in, STR("x")) == x && intern_count(in) == 2);
    assert_int_equal(intern_find(in, STR("z")), TABLE_NONE);
    assert_str(intern_text(in, y), "y");
    interner_free(in);
    arena_free(a);
}

/* Every length takes another way through the reads, and each byte must count: no two of these texts may collide. */
static void test_hash(void **state)
{
    (void)state;
    enum { LONGEST = 64 };
    char bytes[LONGEST] = {0};
    uint64_t seen[LONGEST * (LONGEST + 1) / 2 + LONGEST + 1];
    size_t n = 0;
    for (size_t len = 0; len <= LONGEST; len++) {
        seen[n++] = hash_bytes(bytes, len, 0);
        for (size_t at = 0; at < len; at++) {
            bytes[at] = 1;
            seen[n++] = hash_bytes(bytes, len, 0);
            bytes[at] = 0;
        }
    }
    assert_int_equal(n, sizeof seen / sizeof *seen);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) assert_true(seen[i] != seen[j]);
    assert_true(hash_bytes("abc", 3, 0) != hash_bytes("abc", 3, 1));
    assert_true(hash_mix(1, 2) != hash_mix(2, 1));
}

static void test_diagnostics(void **state)
{
    (void)state;
    diag_list *a = diag_list_new(), *b = diag_list_new();
    diag_add(a, PK_ERROR, "one", (diag_place){STR("f.yml"), 2, 3, 4}, STR("r"), "try x", "found %d", 7);
    for (int i = 0; i < 1500; i++) diag_add(b, PK_WARNING, "many", (diag_place){0}, STR(""), NULL, "number %d", i);
    assert_int_equal(diag_count(b), 1000);
    assert_int_equal(diag_dropped(b), 500);
    assert_int_equal(diag_total(b, PK_WARNING), 1500);
    diag_merge(a, b);
    assert_int_equal(diag_count(b), 0);
    assert_int_equal(diag_total(b, PK_WARNING), 0);
    assert_int_equal(diag_count(a), 1001);
    assert_int_equal(diag_total(a, PK_WARNING), 1500);
    assert_int_equal(diag_total(a, PK_ERROR), 1);
    assert_int_equal(diag_dropped(a), 500);
    diag_add(b, PK_WARNING, "many", (diag_place){0}, STR(""), NULL, "again");
    diag_merge(a, b);
    assert_int_equal(diag_total(a, PK_WARNING), 1501);
    assert_int_equal(diag_dropped(a), 501);
    const pk_diagnostic *first = diag_at(a, 0);
    assert_str(first->message, "found 7");
    assert_str(first->hint, "try x");
    assert_str(first->file, "f.yml");
    assert_int_equal(first->line, 2);
    assert_int_equal(first->column, 3);
    assert_str(diag_at(a, 1)->message, "number 0");
    diag_list_free(a);
    diag_list_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena), cmocka_unit_test(test_shrinking), cmocka_unit_test(test_vectors), cmocka_unit_test(test_table), cmocka_unit_test(test_hash), cmocka_unit_test(test_diagnostics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
