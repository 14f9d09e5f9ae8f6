/* What threads tell each other of values: whatever one finds is what was said of that value, and nothing is lost while there is room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "engine/matcher.h"

#define THREADS 4
#define FEW 1000u
#define MANY 60000u                /* more than there is room for */

typedef struct {
    shared_results *shared;
    uint32_t count, first;         /* of the values that it goes through */
    size_t found, wrong;
} teller;

typedef struct { char bytes[24]; } number_text;

static value_key key_of(number_text *out, uint32_t n)
{
    int len = snprintf(out->bytes, sizeof out->bytes, "value %010u", n);
    value_key k = {.part = n % 3, .kind = KEY_TEXT, .content = {out->bytes, (size_t)len}};
    k.hash = hash_str(k.content);
    return k;
}

/* The result of a value has its number, twice. */
static bool is_of(const slot_result *r, uint32_t n) { return r->count == 1 && r->candidate_count == 1 && r->predicates[0] == n && r->predicates[1] == n; }

static void *tell(void *user)
{
    teller *t = user;
    slot_result *r = mem_zalloc(1, sizeof *r + 2 * sizeof *r->predicates);
    number_text written;
    r->count = r->candidate_count = 1;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t n = (t->first + i) % t->count;
        value_key k = key_of(&written, n);
        const slot_result *known = shared_results_find(t->shared, &k);
        t->found += known != NULL;
        t->wrong += known && !is_of(known, n);
        r->predicates[0] = r->predicates[1] = n;
        if (!known) shared_results_add(t->shared, &k, r);
    }
    mem_free(r);
    return NULL;
}

static teller teller_of(shared_results *s, uint32_t count, uint32_t first)
{
    return (teller){.shared = s, .count = count, .first = first};
}

/* All go through the same values from other beginnings; then one looks for all of them. */
static size_t told(uint32_t count)
{
    shared_results *s = shared_results_new();
    teller tellers[THREADS + 1];
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i <= THREADS; i++) tellers[i] = teller_of(s, count, i * count / THREADS);
    for (uint32_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, tell, &tellers[i]), 0);
    for (uint32_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    tell(&tellers[THREADS]);
    for (uint32_t i = 0; i <= THREADS; i++) assert_int_equal(tellers[i].wrong, 0);
    shared_results_free(s);
    return tellers[THREADS].found;
}

static void test_told_of_all(void **state)
{
    (void)state;
    assert_true(told(FEW) >= FEW * 99 / 100); /* a few fall on cells that are taken */
}

static void test_full(void **state)
{
    (void)state;
    size_t found = told(MANY);
    assert_in_range(found, 5000, MANY / 2);
}

static void test_values_apart(void **state)
{
    (void)state;
    teller t = teller_of(shared_results_new(), 1, 0);
    number_text written;
    slot_result none = {0, 0};
    value_key k = key_of(&written, 0), other = k;
    shared_results_add(t.shared, &k, &none);
    assert_non_null(shared_results_find(t.shared, &k));
    other.part = 1; /* all of these of the same hash */
    assert_null(shared_results_find(t.shared, &other));
    other = k;
    other.kind = KEY_UNDECODED;
    assert_null(shared_results_find(t.shared, &other));
    other = k;
    other.content.len--;
    assert_null(shared_results_find(t.shared, &other));
    shared_results_free(t.shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_told_of_all), cmocka_unit_test(test_full), cmocka_unit_test(test_values_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
