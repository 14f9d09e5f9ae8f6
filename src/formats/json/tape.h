/* From a parsed record to the values that were asked for, or to all of them. */
#ifndef PICKET_FORMATS_JSON_TAPE_H
#define PICKET_FORMATS_JSON_TAPE_H

#include "formats/json/fields.h"
#include "formats/json/simdjson_shim.h"

/*
 * Appends the values of the record (an object) at the paths asked for. Strings are views into the record; what stands in
 * strings that hold records is made in `a`.
 */
void tape_fields(const simdjson_record *record, const path_set *paths, arena *a, event_fields *out);

/* event_each_value of the record. */
void tape_each_value(const simdjson_record *record, bool texts_only, void (*fn)(const value *scalar, void *user), void *user);

/* The whole record in `a`, strings too. */
value tape_tree(const simdjson_record *record, arena *a);

static inline bool tape_is_object(const simdjson_record *record) { return record->tape[1] >> 56 == '{'; }

#endif
