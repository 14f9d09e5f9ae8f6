/*
 * The bytes of a stream as UTF-8 text: a byte order mark is dropped, UTF-16 (with a mark, or XML whose first character
 * tells) is converted as it is read. Bytes that are no UTF-8 stay as they are: readers repair them record by record.
 */
#ifndef PICKET_FORMATS_TEXT_SOURCE_H
#define PICKET_FORMATS_TEXT_SOURCE_H

#include "formats/format.h"

typedef enum { TEXT_UTF8, TEXT_UTF16LE, TEXT_UTF16BE } text_encoding;

/* The encoding of a stream by its first bytes; *mark is the length of the byte order mark (0: none). */
text_encoding text_encoding_of(pk_str head, size_t *mark);

typedef struct {
    log_stream *stream;
    text_encoding encoding;
    bool started;
    uint8_t pending[4];                                 /* read, not yet given out: the head, half a character */
    size_t pending_count;
} text_source;

enum { TEXT_SOURCE_LEAST = 64 };                        /* smallest `n` that text_source_read takes */

void text_source_init(text_source *s, log_stream *stream);
/* Up to n bytes of text; 0 at the end. */
size_t text_source_read(text_source *s, uint8_t *out, size_t n);

/* The same for the first bytes of a stream, as detection sees them: a view of `head` or text in `a`. */
pk_str text_of_head(arena *a, pk_str head);

#endif
