/*
 * A sum of doubles without rounding, so that numbers can leave a moving window again and leave nothing behind: 0.1 put in
 * and taken out a million times is 0, and 1e30 on its way through the window does not wipe out the small ones.
 */
#ifndef PICKET_ENGINE_EXACT_SUM_H
#define PICKET_ENGINE_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    __int128 whole;               /* integers below 2^62 */
    int64_t *limbs;               /* all others: 32 bits of the sum each, from 2^-1074 on; NULL until there is one */
    int64_t above, below;         /* infinities */
    uint32_t pending;             /* changes since the carries were moved on */
} exact_sum;

void exact_sum_free(exact_sum *s);
void exact_sum_change(exact_sum *s, double d, bool add);
long double exact_sum_value(exact_sum *s);

#endif
