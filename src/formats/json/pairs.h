/* Pairs (path.h, "{Name=Value}") in objects whose grammar is proved, by the places of their structure. */
#ifndef PICKET_FORMATS_JSON_PAIRS_H
#define PICKET_FORMATS_JSON_PAIRS_H

#include "event/path.h"

/*
 * The place of the value of the first of the keys that the object at `open` has, compared as they stand; "a/b" is b inside of a.
 * NULL: it has none of them.
 */
const uint32_t *pair_choose(const char *bytes, const uint32_t *open, const pk_str *keys, size_t count);

#endif
