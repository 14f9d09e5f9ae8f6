/*
 * When the nearest pairs of a join say all that its combinations say.
 *
 * Let a join of two streams, without a condition over both, feed one aggregate with windows that are intervals of time, whose
 * groups are told by keys of the join. In a window that holds some row of either side, every row of the window is in some
 * combination; and since the window is an interval, with a row and any partner it holds the nearest partner on that side. So pairs
 * of each row with the nearest partner before and behind it bring every row into every window that all combinations bring it into,
 * open the same windows, and let rows come in first in the same order. Aggregates that ask each row only whether it is there (max,
 * min, count_distinct, distinct_list, parts ...), of one side each, can't tell the difference.
 */
#ifndef PICKET_ENGINE_JOIN_NEAREST_H
#define PICKET_ENGINE_JOIN_NEAREST_H

#include "engine/stages.h"

bool join_nearest_are_enough(const node *join);

#endif
