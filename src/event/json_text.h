/*
 * JSON text -> value. For records that a faster parser refuses (numbers beyond 64 bits or beyond a double, halves of
 * surrogate pairs) and for JSON that stands in strings of records.
 */
#ifndef PICKET_EVENT_JSON_TEXT_H
#define PICKET_EVENT_JSON_TEXT_H

#include "event/value.h"

/*
 * The value that fills `json`, valid UTF-8, made in `a`; false: the text is not one JSON value, or nests deeper than
 * `depth`. Numbers that no machine number holds become texts with all their digits; half a surrogate pair becomes U+FFFD.
 */
bool json_text_parse(pk_str json, unsigned depth, arena *a, value *out);

#endif
