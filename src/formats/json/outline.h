/*
 * Trees of records by the index of their structure (tokens.h), and their outlines (event_outline of event.h): what a record is beside its
 * scalars, brackets and keys as they stand, is the key.
 */
#ifndef PICKET_FORMATS_JSON_OUTLINE_H
#define PICKET_FORMATS_JSON_OUTLINE_H

#include "formats/json/tokens.h"

/* Which of the record's places are scalars, in order: their numbers are those that the outline shows. */
typedef struct { VEC(uint32_t) at; } json_scalars;

/* Adds the key of the record read last; false: a key with escapes, which is not told. */
bool json_outline_key(token_reader *r, json_scalars *scalars, text *key);
/* The record read last as a tree: of places, or of its values. */
value json_outline_tree(const token_reader *r, arena *a);
value json_tree(const token_reader *r, arena *a);
void json_scalar_write(const token_reader *r, uint32_t place, text *out);

#endif
