/*
 * How a block of JSON is laid out: a stretch of the stream, then the table of the records in it, then two numbers. The
 * cutter writes it, the reader takes it apart.
 */
#ifndef PICKET_FORMATS_JSON_SPANS_H
#define PICKET_FORMATS_JSON_SPANS_H

#include "formats/format.h"
#include "formats/json/splitter.h"

typedef struct {
    uint64_t text;        /* bytes of the stream at the beginning of the block */
    uint64_t spans;       /* entries of the table, which ends right before this */
    uint64_t record_limit; /* for messages */
} spans_footer;

/* Behind the text: every block that a cutter gives holds it. */
void spans_write(block *b, const json_span *spans, size_t count, size_t record_limit);
/* False if the block isn't one of ours. */
bool spans_read(const block *b, spans_footer *footer);
json_span spans_at(const block *b, const spans_footer *footer, size_t i);

extern const cut_options json_cut_defaults;
void *json_cut_new(log_stream *s, const cut_options *o, diag_list *d);
pk_status json_cut(void *cutter, block *b, diag_list *d);
void json_cut_free(void *cutter);

#endif
