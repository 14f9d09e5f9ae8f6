/*
 * Cuts JSON text into records, whatever stands around them: lines, objects one after the other, arrays, envelopes. Works
 * on a window of the stream: the caller shows it more bytes when it asks for them.
 */
#ifndef PICKET_FORMATS_JSON_SPLITTER_H
#define PICKET_FORMATS_JSON_SPLITTER_H

#include "formats/json/envelope.h"

typedef enum {
    SPAN_RECORD,   /* should be one object */
    SPAN_TEXT,     /* a line of an ordinary text log among the JSON */
    SPAN_BROKEN,   /* cannot be one */
    SPAN_LONG,     /* a record over the limit began here; no bytes */
    SPAN_UNCLOSED, /* the array or envelope that began here was never closed; no bytes */
} span_kind;

typedef struct {
    uint64_t offset; /* in the stream */
    uint64_t len;
    uint64_t line, column; /* of its first byte, from 1 */
    uint64_t kind;
} json_span;

typedef enum { SPLIT_SPAN, SPLIT_MORE, SPLIT_END } split_result;

typedef struct {
    /* Set by the caller. */
    const char *at, *end;  /* what is not cut yet; `at` moves, both are set anew when the window moves */
    uint64_t offset;       /* of `at` in the stream */
    bool final;            /* nothing follows `end` */
    bool careful;          /* prove each record by the grammar: for what the fast way got wrong */
    bool records_only;     /* no arrays or envelopes: the text is known to be records */
    size_t record_limit;
    uint64_t line;         /* of `at`, from 1 */
    uint64_t line_offset;  /* of the first byte of that line in the stream (may be "before" it: columns wrap) */

    /* Its own. */
    enum { AT_TOP, IN_LIST, SKIPPING, SKIPPING_LINE } state;
    envelope_keys envelope_keys;
    bool line_records;            /* the last record was one line */
    bool after_element;           /* a comma is due */
    bool skip_to_list;            /* what follows SKIPPING */
    bool skip_tail;               /* what is skipped is the rest of an envelope */
    bool skip_string, skip_escape;
    unsigned skip_depth;
    unsigned list_depth;          /* objects around the list */
    json_span list;               /* where it began */
    unsigned distrust;            /* documents yet to be proved */
    uint64_t no_newline_before;   /* offset in the stream */
    uint64_t scanned_twice, cut;  /* bytes; bounds the work on broken text */
} splitter;

/* Clears it; the caller then sets what is his. */
void splitter_init(splitter *s);
/* The next span; its bytes are at most `record_limit`, and behind it `at`. MORE: show more bytes (at least as many again). */
split_result splitter_next(splitter *s, json_span *span);

#endif
