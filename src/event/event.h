/*
 * An event: one record of a log, as a reader hands it to the engine.
 *
 * Two views of the same bytes. The fast one: `fields`, the values at the paths that the program asked for, filled while
 * the record is read. The whole one: event_tree(), made only when somebody needs it (an alert, a dump, a keyword rule,
 * the reference evaluator). Everything lives until the next call of the reader that made the event.
 */
#ifndef PICKET_EVENT_EVENT_H
#define PICKET_EVENT_EVENT_H

#include "event/path.h"

typedef struct event event;
typedef struct format format;                         /* formats/format.h */

enum { FIELD_OF_JSON = 0 };                           /* encoding: what stands between the quotes of a JSON string; other numbers are the readers' */

typedef struct {
    path_slot slot;
    bool undecoded;                                   /* the value is not made yet: only event_field_value makes sense of it */
    uint8_t encoding;                                 /* of an undecoded one, with the bytes of value.as.string: tells all of it */
    value value;                                      /* a scalar; lists are spread: one entry for each element */
} event_field;

typedef struct {
    pk_str file;                                      /* as given, members as "logs.zip!/a/b.evtx" */
    uint64_t input;                                   /* number of the file in order of input, from 0 */
    uint64_t position;                                /* order within the file, strictly growing */
    int64_t record;                                   /* EventRecordID, or -1 */
    uint64_t line;                                    /* from 1; 0: the format has no lines */
} event_source;

/* A look at texts as they stand in a record: may what is looked for be in one of them? */
typedef struct {
    const void *of;                                   /* what is looked for */
    bool lasting;                                     /* the same `of` is the same as long as the reader lives */
    bool (*in_text)(const void *of, pk_str text);
    bool (*in_wide)(const void *of, pk_str bytes);    /* in UTF-16LE that begins at even places of the bytes, whatever lies between */
} texts_look;

/*
 * A record told without its values: what stands where follows from `key`, so that whoever met a record of the same key knows it. The
 * numbers of places are those that the tree of the outline shows.
 */
typedef struct { uint32_t at, place; } outline_place; /* the value at `place` stands at `at` of the text between values */

typedef struct {
    pk_str text;                  /* TEXT_PADDING more bytes can be read behind it */
    const outline_place *places;
    size_t count;
} outline_json;

typedef struct {
    /* Adds the key, and says how many numbers of places there are. false: this record can't be told so. Comes first. */
    bool (*key)(const event *e, text *key, uint32_t *places);
    /*
     * The tree of all records of this key: VALUE_TIME, the number of a place, where values differ; a value that is the same in all of them
     * as it is, in `a` or the reader's until the next record. VALUE_MISSING: only the values would tell.
     * A string at a place is inner_text_may_open in all of them, or in none.
     */
    value (*tree)(const event *e, arena *a);
    value (*value)(const event *e, uint32_t place);                   /* lives as long as the event */
    void (*write_json)(const event *e, const outline_json *j, text *out); /* the text, with values as JSON where they stand in it */
} event_outline;

struct event {
    const format *format;
    event_source source;
    event_field *fields;                              /* in order of the record; a slot may occur several times */
    void (*decode)(const event *e, event_field *f);   /* makes the value of a field that is not decoded; NULL: all are */
    /* The time that the text of a field which is not decoded would tell; TIMESTAMP_NONE: only the text itself tells. NULL: of all. */
    timestamp (*time_of)(const event *e, const event_field *f);
    size_t field_count;
    /*
     * The raw line for formats made of lines of text (syslog, access logs, CSV, Zeek TSV): what keywords search in.
     * ptr NULL for structured formats (EVTX, XML, JSON), where keywords search every scalar.
     */
    pk_str raw;
    /* The record as JSON text, escapes and all: every text value stands in it. ptr NULL: it was not written so, or not whole. */
    pk_str json;
    const value *(*tree)(const event *e, arena *a);   /* the whole record, in `a`; set by the reader */
    /* event_each_value without making the tree; NULL: the tree is walked. */
    void (*each_value)(const event *e, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user);
    /* false: what is looked for is in no text that event_each_value gives with `texts_only`. NULL: for no record. */
    bool (*texts_may_hold)(const event *e, const texts_look *look);
    /* event_write_json without making the tree; NULL: the tree is written. */
    void (*write_json)(const event *e, arena *a, text *out);
    const event_outline *outline;                     /* NULL: the format tells none */
    const void *reader;                               /* the reader's own */
};

/* The value of one of its fields, made if nobody asked before: most fields of an event are asked for in other events only. */
static inline const value *event_field_value(const event *e, event_field *f)
{
    if (f->undecoded) e->decode(e, f);
    return &f->value;
}

/* The whole record as the format has it (raw names); a record value. Never NULL. */
static inline const value *event_tree(const event *e, arena *a) { return e->tree(e, a); }

/* The whole record as compact JSON, as value_write_json writes its tree; `a` for what is needed on the way. */
void event_write_json(const event *e, arena *a, text *out);

/*
 * Calls `fn` for every scalar of the record, as tree_each_scalar of its tree would, but in any order; texts that have to be
 * made live in `a`. `texts_only`: values may be left out whose text holds nothing but is_number_character (numbers, times,
 * GUIDs, SIDs, bytes in hexadecimal), and words for what is no text (true, false, null, nan, -inf).
 */
void event_each_value(const event *e, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user);
/* May some text that is left out so hold this one, which is folded? */
bool event_left_out_may_hold(pk_str folded);

/* What texts are made of that stand for numbers: digits, hexadecimal ones, signs, and the letters of 0x, S-1-5 and times. */
static inline bool is_number_character(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') || (c && strchr("+-.:{}xXsStTzZ", c));
}

/*
 * Values of a tree at a path, by the same rules as path_child (so that the fast and the slow way agree); appended to
 * `out`, scalars only (also nulls; an empty list gives nothing). For callers outside the hot path.
 */
void tree_values(const value *tree, pk_str path, arena *a, list_builder *out);
/* The same; `open` stands for inner_text_open. */
void tree_values_opened(const value *tree, pk_str path, arena *a, path_open_fn open, void *user, list_builder *out);

/* Calls `fn` for every scalar of the tree, at any depth, in order. */
void tree_each_scalar(const value *tree, void (*fn)(const value *scalar, void *user), void *user);

#endif
