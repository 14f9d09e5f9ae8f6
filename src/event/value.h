/*
 * Values: what a field of an event holds. The common currency of readers, schemas, the evaluator and the engine.
 *
 * Invariant: every string in a value is valid UTF-8 (readers repair or refuse what is not).
 */
#ifndef PICKET_EVENT_VALUE_H
#define PICKET_EVENT_VALUE_H

#include "base/image.h"
#include "base/text.h"
#include "base/timestamp.h"

typedef enum {
    VALUE_MISSING = 0, /* no such field: never stored in a list or record */
    VALUE_NULL,        /* JSON null */
    VALUE_BLANK,       /* an empty XML element or EVTX item: equals '' and satisfies null as well */
    VALUE_BOOL,
    VALUE_INT,
    VALUE_UINT,        /* only for numbers above INT64_MAX */
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_TIME,        /* engine columns only: readers give text */
    VALUE_LIST,
    VALUE_RECORD,
} value_type;

typedef struct value value;
typedef struct value_field value_field;

struct value {
    value_type type;
    union {
        bool boolean;
        int64_t integer;
        uint64_t unsigned_integer;
        double real;
        timestamp time;
        pk_str string;
        struct { value *items; size_t count; } list;
        struct { value_field *fields; size_t count; } record; /* in the order of the source; names may repeat */
    } as;
};

struct value_field {
    pk_str name;
    value value;
};

static inline value value_string(pk_str s) { return (value){.type = VALUE_STRING, .as.string = s}; }
static inline value value_int(int64_t n) { return (value){.type = VALUE_INT, .as.integer = n}; }
static inline value value_bool(bool b) { return (value){.type = VALUE_BOOL, .as.boolean = b}; }
static inline value value_real(double d) { return (value){.type = VALUE_FLOAT, .as.real = d}; }
static inline value value_null(void) { return (value){.type = VALUE_NULL}; }

/*
 * The text that string predicates see: a string itself, true/false, a decimal number, "" for BLANK. Lists and records
 * have none (empty view, false). Writes into `a` where a text must be made.
 */
bool value_text(arena *a, const value *v, pk_str *out);
pk_str value_key_text(arena *a, const value *v); /* the same, and of what has none its JSON: by this values are one key, or two */

/* The number that numeric predicates see: a number, or a string that is wholly a decimal number. */
bool value_number(const value *v, double *out);

/* First field of that name in a record; NULL if none or not a record. */
const value *value_get(const value *record, pk_str name);

void value_write_json(text *out, const value *v);     /* compact; NaN and infinities as null */
bool value_equal(const value *a, const value *b);     /* same type and content, records in order */
value value_copy(arena *a, const value *v);           /* deep */
void value_image(const value *v, image_writer *w, size_t field); /* copies what the value at `field` points to */

/* Building records and lists in an arena. */
typedef struct { VEC(value_field) fields; } record_builder;
typedef struct { VEC(value) items; } list_builder;
void record_add(arena *a, record_builder *b, pk_str name, value v);
value record_done(record_builder *b);
void list_add(arena *a, list_builder *b, value v);
value list_done(list_builder *b);

#endif
