/*
 * Inputs: what the user names on the command line -> a sequence of open streams, in a fixed order.
 *
 * Files, folders (walked in byte order of names), globs, "-" (standard input), and gz, zst, zip and tar of all of them
 * (nested: "logs.zip!/a/b.evtx.gz"), decompressed as they are read and never held whole. Containers are libarchive's job.
 */
#ifndef PICKET_FORMATS_INPUT_H
#define PICKET_FORMATS_INPUT_H

#include <stdatomic.h>

#include "formats/format.h"

typedef struct input_list input_list;

typedef struct {
    const format *force;          /* NULL: detect by content */
    uint64_t expansion_limit;     /* most bytes one archive member may unpack to; 0: no limit */
    uint32_t nesting_limit;       /* archives within archives: 4 */
    const atomic_bool *stop;      /* set by anybody: waiting for a pipe or terminal ends as if it had ended; NULL: never */
} input_options;

typedef enum { INPUT_OPENED, INPUT_END, INPUT_SKIPPED } input_result;

typedef struct {
    log_stream *stream;           /* INPUT_OPENED: positioned at its start; the list owns it until the next call */
    const format *format;
    pk_str name;                  /* lives as long as the list */
    uint64_t input;               /* number, from 0 */
    uint32_t argument;            /* which argument it came from (index of input_add) */
    bool named;                   /* the file itself was named on the command line (not found by a walk) */
} input_item;

input_list *input_list_new(const input_options *o);
void input_list_free(input_list *l);
/* `path`: file, folder, glob or "-". A path that does not exist is an error in `d` (PK_ERROR_IO). */
pk_status input_add(input_list *l, const char *path, diag_list *d);
/* Bytes in memory, which are copied; `name` stands for the file and counts as named. Detection and containers as for files. */
pk_status input_add_bytes(input_list *l, pk_str name, const void *bytes, size_t len);
/*
 * Next stream. `d` is kept until the next call: what goes wrong while the stream is read goes there, too.
 * INPUT_SKIPPED: a file that is no known kind of log: name is set; if it was named by the user this is also an error in
 * `d`, if it was met in a walk, by a glob or in an archive it is no diagnostic (the caller counts and lists it).
 */
input_result input_next(input_list *l, input_item *out, diag_list *d);
uint64_t input_bytes_total(const input_list *l);  /* sizes of the files as they lie on disk; 0 if unknown (stdin) */
uint64_t input_bytes_read(const input_list *l);   /* of those, read so far (compressed bytes for archives) */

#endif
