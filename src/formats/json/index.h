/*
 * The index of JSON text: where its brackets, colons, commas and the first bytes of its scalars stand, whatever stands between
 * these; what simdjson calls the first stage.
 */
#ifndef PICKET_FORMATS_JSON_INDEX_H
#define PICKET_FORMATS_JSON_INDEX_H

#include "formats/json/simdjson_shim.h"

typedef struct {
    const uint32_t *places;
    size_t count;
} json_index;

typedef struct json_indexer json_indexer;

/* `parser` makes the index on processors for which there is none here, and must live as long; NULL: no index is made on these. */
json_indexer *json_indexer_new(simdjson_parser *parser);
void json_indexer_free(json_indexer *x);

/*
 * The index of bytes[0, len), which may be many records, outside of strings at both ends; 64 more bytes are readable. Valid
 * until the next call. false: bytes that are no UTF-8, a string that does not end, a control character where none may stand.
 */
bool json_index_make(json_indexer *x, const char *bytes, size_t len, json_index *out);

#endif
