/*
 * A plain parser, for records that are right by the grammar but that simdjson refuses: numbers beyond 64 bits or beyond a
 * double, halves of surrogate pairs.
 */
#ifndef PICKET_FORMATS_JSON_PLAIN_H
#define PICKET_FORMATS_JSON_PLAIN_H

#include "event/value.h"

/*
 * The value in `a`. The text must have passed scan_value (CLOSED) and be valid UTF-8. Numbers that no machine number holds
 * become texts with all their digits; half a surrogate pair becomes U+FFFD.
 */
value plain_parse(pk_str json, arena *a);

#endif
