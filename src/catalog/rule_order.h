/* The order of rules in a list. */
#ifndef PICKET_CATALOG_RULE_ORDER_H
#define PICKET_CATALOG_RULE_ORDER_H

#include "catalog/filter.h"

/* By place, of the search's words: lower is better. NULL: no words were searched. */
const double *filter_ranks(const filter *f);

/* The places of a set in the order that `sort` and `order` say; rules_size(set) of them. `ranks` may be NULL. */
const uint32_t *rules_sorted(store *s, arena *a, const rule_set *set, const double *ranks, pk_str sort, pk_str order);

#endif
