/*
 * Numbers in order, with repetitions: put in, taken out, and read by rank while a window moves over them. Blocks of some
 * hundred sorted numbers each, so that no change moves more than that.
 */
#ifndef PICKET_ENGINE_NUMBER_BAG_H
#define PICKET_ENGINE_NUMBER_BAG_H

#include "base/mem.h"

typedef struct {
    double *at;                   /* ascending */
    size_t len, cap;
} number_block;

typedef struct {
    VEC(number_block) blocks;     /* none is empty */
    size_t count;
} number_bag;

void number_bag_free(number_bag *b);
void number_bag_add(number_bag *b, double d);         /* not NaN */
void number_bag_remove(number_bag *b, double d);      /* one of them, if there is one */
double number_bag_at(const number_bag *b, size_t rank); /* rank < count, from 0 */

#endif
