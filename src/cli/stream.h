/* Where output goes, and whether it got there: a full disk is an error, a closed pipe a quiet end. */
#ifndef PICKET_CLI_STREAM_H
#define PICKET_CLI_STREAM_H

#include <stdio.h>
#include <sys/uio.h>

#include "base/text.h"

typedef struct {
    FILE *file;
    const char *name;
    bool terminal, color;
    unsigned width;       /* of the terminal in columns; 0: not one */
    int error;            /* errno of the first write that failed; 0: none */
    VEC(struct iovec) gathered;
} out_stream;

out_stream out_stdout(void);
out_stream out_stderr(void);
/* A file, made anew; false: a message has been written. */
bool out_open(out_stream *s, const char *path);
bool out_write(out_stream *s, pk_str bytes);  /* false: it failed, now or before */
bool out_flush(out_stream *s);
/* Takes note of bytes that stay where they are until out_write_gathered, which writes them all without copying them. Between the
 * two nothing else is written. */
void out_gather(out_stream *s, const pk_str *pieces, size_t count);
bool out_write_gathered(out_stream *s);
/* Flushes and closes (standard streams are only flushed). False: something is missing from the output; the message has been
 * written unless a pipe was closed. */
bool out_close(out_stream *s);
bool out_pipe_closed(const out_stream *s);
/* Closes, at the end of a command that found `code`: it stays that where a pipe was closed, since whoever read has seen enough. */
int out_end(out_stream *s, int code);

#endif
