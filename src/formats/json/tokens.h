/*
 * What stands in a record that is right, by the index of its structure: for those who want all of it, which are few.
 */
#ifndef PICKET_FORMATS_JSON_TOKENS_H
#define PICKET_FORMATS_JSON_TOKENS_H

#include "event/value.h"
#include "formats/json/index.h"

typedef struct {
    arena *arena;                 /* for what is needed on the way */
    const char *bytes;            /* of the record, and where its structure stands, from its bracket to the one that closes it */
    const uint32_t *places;
    size_t place_count;
} token_reader;

/* By the number of a place: what stands between the quotes of a string or is written otherwise, and any scalar, in `a`. */
pk_str tokens_string(const token_reader *r, size_t place);
value tokens_value(const token_reader *r, size_t place, arena *a);
/* event_each_value of the record. */
void tokens_each_value(const token_reader *r, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user);

#endif
