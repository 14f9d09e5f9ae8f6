/*
 * A record byte by byte, but with long strides: a key with all about it is compared with what is expected there, a string is looked at up to
 * its end. The record is proved by the grammar while its values are taken; what nobody asks for is neither copied nor unescaped nor made a number.
 */
#ifndef PICKET_FORMATS_JSON_WALKER_H
#define PICKET_FORMATS_JSON_WALKER_H

#include "formats/json/fields.h"
#include "formats/json/keys.h"

typedef struct {
    const path_set *paths;        /* NULL: nothing is asked for */
    key_memory *keys;
    arena *arena;                 /* of unescaped strings; reset by the owner with each record */
    event_fields *fields;
} walker;

/*
 * The object that fills [p, end), behind which BLOCK_PADDING more bytes are readable. false: there is something that is better left to
 * another parser: an error, half a surrogate pair, an escape in a key, a number of many digits. Fields are then as they were. Strings with
 * escapes become fields as they stand, undecoded.
 */
bool walker_read(walker *r, const char *p, const char *end);
bool walker_read_avx2(walker *r, const char *p, const char *end); /* which is called by it, on processors that have AVX2 and BMI */

#endif
