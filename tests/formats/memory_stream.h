/*
 * log_stream over bytes in memory, in place of the one of formats/input.c: for tests and fuzz targets of a single
 * format. Included by one source file of a program that does not use input.h.
 */
#ifndef PICKET_TESTS_FORMATS_MEMORY_STREAM_H
#define PICKET_TESTS_FORMATS_MEMORY_STREAM_H

#include "formats/format.h"

struct log_stream {
    const uint8_t *bytes;
    size_t len, at;
    size_t most; /* bytes a call; 0: no limit */
    bool moves;  /* like a file, unlike a pipe */
};

size_t stream_read(log_stream *s, void *buffer, size_t n)
{
    if (n > s->len - s->at) n = s->len - s->at;
    if (s->most && n > s->most) n = s->most;
    if (n) memcpy(buffer, s->bytes + s->at, n);
    s->at += n;
    return n;
}

bool stream_move(log_stream *s, int64_t n)
{
    if (!s->moves || n > (int64_t)(s->len - s->at) || n < -(int64_t)s->at) return false;
    s->at += (size_t)n;
    return true;
}

pk_str stream_file(const log_stream *s)
{
    (void)s;
    return STR("memory");
}

/* All blocks of a stream, one after the other, through one cutter and one reader. */
static inline pk_status read_stream(const format *f, reader *r, log_stream stream, event_fn fn, void *user, diag_list *d,
                                    uint64_t *damaged)
{
    static const cut_options options = {.record_limit = 50u << 20, .block_size = 1u << 20};
    event_source source = {.file = STR("memory"), .record = -1};
    void *cutter = f->cut_new(&stream, &options, d);
    pk_status status = PK_OK;
    for (block b = {0};;) {
        if (f->cut(cutter, &b, d) == PK_OK) status = f->read(r, &b, &source, fn, user, d, damaged);
        else status = PK_STOPPED;
        if (status != PK_STOPPED) continue;
        block_free(&b);
        break;
    }
    f->cut_free(cutter);
    return status;
}

static inline pk_status read_all(const format *f, reader *r, const void *bytes, size_t len, event_fn fn, void *user,
                                 diag_list *d, uint64_t *damaged)
{
    return read_stream(f, r, (log_stream){.bytes = bytes, .len = len, .moves = true}, fn, user, d, damaged);
}

#endif
