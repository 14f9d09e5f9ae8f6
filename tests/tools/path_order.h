/* Values at a path, as a list whose order does not matter where the path does not say it. */
#ifndef PICKET_TESTS_TOOLS_PATH_ORDER_H
#define PICKET_TESTS_TOOLS_PATH_ORDER_H

#include <stdlib.h>

#include "event/value.h"

static inline int path_order_by_text(const void *a, const void *b)
{
    text x = {0}, y = {0};
    value_write_json(&x, a);
    value_write_json(&y, b);
    int order = str_compare(text_view(&x), text_view(&y));
    text_free(&x);
    text_free(&y);
    return order;
}

/* Where '*' leads to several places, their order is not said. */
static inline void sort_if_several_places(pk_str path, value *list)
{
    if (list->as.list.count && str_find_char(path, '*') != STR_NPOS)
        qsort(list->as.list.items, list->as.list.count, sizeof *list, path_order_by_text);
}

#endif
