/* What aggregate functions keep of the numbers of a window: exact sums, numbers in order. Against plain recomputation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/exact_sum.h"
#include "engine/number_bag.h"

static uint64_t state = 42;

static uint64_t next_random(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Any finite double: all exponents, denormals, both signs. */
static double any_double(void)
{
    for (;;) {
        uint64_t bits = next_random();
        double d;
        memcpy(&d, &bits, sizeof d);
        if (isfinite(d)) return d;
    }
}

static double sum_of(const double *d, size_t count)
{
    exact_sum s = {0};
    for (size_t i = 0; i < count; i++) exact_sum_change(&s, d[i], true);
    double sum = (double)exact_sum_value(&s);
    exact_sum_free(&s);
    return sum;
}

static void known_sums(void **unused)
{
    (void)unused;
    assert_true(sum_of((double[]){0.1, 0.2, -0.1, -0.2}, 4) == 0);
    assert_true(sum_of((double[]){1e30, 1, -1e30}, 3) == 1);
    assert_true(sum_of((double[]){1e30, 0.5, -1e30}, 3) == 0.5);
    assert_true(sum_of((double[]){-1e30, -0.5, 1e30}, 3) == -0.5);
    assert_true(sum_of((double[]){0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 10) == 1);
    assert_true(sum_of((double[]){0x1p-1074, 0x1p-1074}, 2) == 0x1p-1073);
    assert_true(sum_of((double[]){0x1.fffffffffffffp1023, -0x1.fffffffffffffp1023, 0x1p-1074}, 3) == 0x1p-1074);
    assert_true(sum_of((double[]){-2.5, -0.25}, 2) == -2.75);
    assert_true(isinf(sum_of((double[]){1, INFINITY}, 2)));
    assert_true(isnan(sum_of((double[]){-INFINITY, INFINITY}, 2)));
    exact_sum s = {0};
    exact_sum_change(&s, INFINITY, true);
    exact_sum_change(&s, 3, true);
    exact_sum_change(&s, INFINITY, false);
    assert_true(exact_sum_value(&s) == 3);
    exact_sum_free(&s);
}

/* What is left is the sum of what is left, whatever came and went, in whatever order it was put in. */
static void sums_leave_nothing_behind(void **unused)
{
    (void)unused;
    for (int round = 0; round < 300; round++) {
        double in[64], left[64];
        size_t count = 1 + next_random() % 64, kept = next_random() % (count + 1);
        exact_sum s = {0};
        for (size_t i = 0; i < count; i++) exact_sum_change(&s, in[i] = any_double(), true);
        for (size_t i = kept; i < count; i++) exact_sum_change(&s, in[i], false);
        for (size_t i = 0; i < kept; i++) left[i] = in[kept - 1 - i];
        assert_true((double)exact_sum_value(&s) == sum_of(left, kept));
        for (size_t i = 0; i < kept; i++) exact_sum_change(&s, in[i], false);
        assert_true(exact_sum_value(&s) == 0);
        exact_sum_free(&s);
    }
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

/* A window of 3,000 moves over 20,000 numbers, many of them equal. */
static void numbers_in_order(void **unused)
{
    (void)unused;
    enum { NUMBERS = 20000, WINDOW = 3000 };
    double *all = mem_alloc(NUMBERS * sizeof *all), *sorted = mem_alloc(WINDOW * sizeof *sorted);
    number_bag b = {0};
    for (size_t i = 0; i < NUMBERS; i++) all[i] = next_random() % 2 ? (double)(next_random() % 50) : any_double();
    for (size_t i = 0; i < NUMBERS; i++) {
        number_bag_add(&b, all[i]);
        if (i >= WINDOW) number_bag_remove(&b, all[i - WINDOW]);
        if (i < WINDOW || i % 997) continue;
        memcpy(sorted, all + i + 1 - WINDOW, WINDOW * sizeof *sorted);
        qsort(sorted, WINDOW, sizeof *sorted, by_size);
        assert_int_equal(b.count, WINDOW);
        for (size_t k = 0; k < WINDOW; k++) assert_true(number_bag_at(&b, k) == sorted[k]);
    }
    for (size_t i = NUMBERS - WINDOW; i < NUMBERS; i++) number_bag_remove(&b, all[i]);
    number_bag_remove(&b, 1);
    assert_int_equal(b.count, 0);
    assert_int_equal(b.blocks.len, 0);
    number_bag_free(&b);
    mem_free(all);
    mem_free(sorted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_sums), cmocka_unit_test(sums_leave_nothing_behind),
                                       cmocka_unit_test(numbers_in_order)};
    return cmocka_run_group_tests_name("window numbers", tests, NULL, NULL);
}
