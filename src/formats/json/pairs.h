/* Pairs (path.h, "{Name=Value}") in objects whose grammar is proved. */
#ifndef PICKET_FORMATS_JSON_PAIRS_H
#define PICKET_FORMATS_JSON_PAIRS_H

#include "event/path.h"

/*
 * The value of the first of the keys that the object at `open` has, compared as they stand; "a/b" is b inside of a.
 * NULL: it has none of them. `end` lies behind the object.
 */
const char *pair_choose(const char *open, const char *end, const pk_str *keys, size_t count);

#endif
