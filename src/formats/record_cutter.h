/*
 * Cuts a stream of text into blocks of whole records: lines, CSV records, XML events. A rule says where a record ends;
 * what is common to all of them is here: the decoding, the rest that waits for the next block, the numbers of lines, and
 * records over the limit, which get a diagnostic and are skipped in bounded memory.
 */
#ifndef PICKET_FORMATS_RECORD_CUTTER_H
#define PICKET_FORMATS_RECORD_CUTTER_H

#include "formats/text_source.h"

/* How far the record that begins at `start` has been looked at. */
typedef struct {
    size_t start, at;
    unsigned state;                                     /* the rule's own; 0 at the start of a record */
    char separator;                                     /* CSV */
    bool plain;                                         /* quoting led astray too often: records end where the next begins */
} record_scan;

typedef struct {
    const char *noun;                                   /* "line", for messages */
    const char *code;                                   /* of the diagnostic for a record over the limit */
    /*
     * The position behind the record, looking on from scan->at; 0: it goes on behind bytes[len). At the end of the stream
     * (`last`) a record that is merely cut off ends at len; 0 then means that it went astray (a quote never closed).
     */
    size_t (*end)(record_scan *scan, const uint8_t *bytes, size_t len, bool last);
    /* Where a record may begin again at or behind `from`; STR_NPOS: nowhere in bytes[0, len). */
    size_t (*resume)(const uint8_t *bytes, size_t from, size_t len);
} record_rule;

typedef struct {
    text_source source;
    const record_rule *rule;
    size_t record_limit, block_size;
    char separator;
    VEC(uint8_t) rest;                                  /* of the stream, behind the last block */
    uint64_t offset, line, column, number;              /* of rest[0]; of the next block */
    unsigned refused;                                   /* records */
    bool skipping;                                      /* inside a record over the limit */
} record_cutter;

void record_cutter_init(record_cutter *c, log_stream *stream, const cut_options *o, const record_rule *rule);
void record_cutter_free(record_cutter *c);
/* As format.cut. Positions of events may be their offsets in the text, or lines. */
pk_status record_cut(record_cutter *c, block *b, diag_list *d);

size_t count_newlines(const uint8_t *bytes, size_t len);
/* A place in a stream for diagnostics. */
diag_place line_place(pk_str file, uint64_t line, uint64_t column);

#endif
