/* From a parsed record to the values that were asked for, or to all of them. */
#ifndef PICKET_FORMATS_JSON_TAPE_H
#define PICKET_FORMATS_JSON_TAPE_H

#include "event/event.h"
#include "formats/json/simdjson_shim.h"

typedef struct { VEC(event_field) at; } event_fields;

/*
 * Keys that were seen at a node and where they lead, so that the usual key costs one comparison. Records of a stream
 * repeat the same few keys.
 */
typedef struct key_memory key_memory;
key_memory *key_memory_new(const path_set *paths);
void key_memory_free(key_memory *m);

/*
 * Appends the values of the record (an object) at the paths asked for. Strings are views into the record; what stands in
 * strings that hold records is made in `a`.
 */
void tape_fields(const simdjson_record *record, key_memory *keys, arena *a, event_fields *out);
/* The same of a value that is already a tree; strings are views into it. */
void value_fields(const value *record, key_memory *keys, arena *a, event_fields *out);

/* event_each_value of the record. */
void tape_each_value(const simdjson_record *record, bool texts_only, void (*fn)(const value *scalar, void *user), void *user);

/* The whole record in `a`, strings too. */
value tape_tree(const simdjson_record *record, arena *a);

static inline bool tape_is_object(const simdjson_record *record) { return record->tape[1] >> 56 == '{'; }

#endif
