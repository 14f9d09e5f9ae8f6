/*
 * A record by the index of its structure: the places of its brackets, colons, commas and of the first byte of each scalar,
 * as simdjson's first stage finds them. The record is proved by the grammar while its values are taken; what nobody asks for
 * is neither copied nor unescaped nor made a number.
 */
#ifndef PICKET_FORMATS_JSON_TOKENS_H
#define PICKET_FORMATS_JSON_TOKENS_H

#include "formats/json/fields.h"
#include "formats/json/index.h"
#include "formats/json/keys.h"

typedef struct {
    const path_set *paths;        /* NULL: nothing is asked for */
    key_memory *keys;
    json_indexer *inner_indexer;  /* of texts within strings */
    arena *arena;                 /* of unescaped strings; reset by the owner with each record */
    event_fields *fields;
    bool proved;                  /* by the owner: all escapes are right (json_index) */
    const char *bytes;            /* of the record read last, and where its structure stands */
    const uint32_t *places;
    size_t place_count;
} token_reader;

/*
 * The object that begins at places[0] and should end in bytes[end - 1]; places[0, *count) lie in `bytes`, behind which
 * BLOCK_PADDING more are readable. false: there is something that is better left to another parser: an error, half a
 * surrogate pair, an escape in a key, a number of many digits. Fields are then as they were. *count is set to the places that
 * the record has. Strings become fields as they stand, undecoded, but for those known to have no escapes.
 */
bool tokens_read(token_reader *r, const char *bytes, size_t end, const uint32_t *places, size_t *count);
/* Of the record read last, by the number of a place: what stands between the quotes of a string or is written otherwise, and any
 * scalar, in `a`. */
pk_str tokens_string(const token_reader *r, size_t place);
value tokens_value(const token_reader *r, size_t place, arena *a);
/* event_each_value of the record read last. */
void tokens_each_value(token_reader *r, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user);

#endif
