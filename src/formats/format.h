/*
 * Log formats: bytes -> events. To add one: a file or folder here, and a line in register.c.
 *
 * The work is split in two so that it can run in parallel with the same result: a *cutter* goes through the stream once,
 * in order, and cuts it into blocks of whole records (cheap); *readers*, one a worker, decode blocks side by side.
 * A format knows the paths it was asked for (path_set) and no rule.
 */
#ifndef PICKET_FORMATS_FORMAT_H
#define PICKET_FORMATS_FORMAT_H

#include "base/diag.h"
#include "event/event.h"

/* The bytes of one input, decompressed. Implemented by input.c; a cutter pulls from it. */
typedef struct log_stream log_stream;
/* Reads up to n bytes; 0 at the end or after an error (which is then already a diagnostic). */
size_t stream_read(log_stream *s, void *buffer, size_t n);
/* Moves by n bytes, back or forth, within a file that allows it; false: nothing is moved, read on. */
bool stream_move(log_stream *s, int64_t n);
pk_str stream_file(const log_stream *s);                /* name for diagnostics and events */

#define BLOCK_PADDING 64                                /* readable (zero) bytes behind the bytes of a block */

typedef struct {
    uint8_t *bytes;                                     /* mem_alloc'ed, cap + BLOCK_PADDING bytes; reused */
    size_t len, cap;
    uint64_t offset;                                    /* of bytes[0] in the stream */
    uint64_t line;                                      /* number of the first line, from 1; 0: no lines */
    uint64_t column;                                    /* bytes of that line that lie before bytes[0] */
    uint64_t position;                                  /* first value for event_source.position in this block; a block
                                                           must leave room: position + record number in the block */
    uint64_t left_out;                                  /* bytes behind it that hold nothing, and were not read */
    uint64_t number;                                    /* of the block in its stream, from 0 (EVTX: the chunk) */
    const void *shared;                                 /* cutter state that all blocks of the stream see, constant once
                                                           given out and alive until cut_free (CSV header, Zeek fields) */
} block;

void block_reserve(block *b, size_t cap);               /* keeps the bytes */
void block_append(block *b, const void *bytes, size_t n);
void block_free(block *b);

typedef struct {
    size_t record_limit;                                /* longest record in bytes: 50 MB unless changed */
    size_t block_size;                                  /* wish: about this many bytes a block */
} cut_options;

typedef struct reader reader;                           /* each format's own; starts with nothing in common */

/* Called for every event; the event is valid until it returns. false: stop. */
typedef bool (*event_fn)(const event *e, void *user);

struct format {
    const char *name;                                   /* "evtx", "jsonl": for --format */
    const char *title;
    const char *extensions;                             /* hint only: ".json .jsonl .ndjson" */
    pk_str magic;                                       /* what all of our files, and no others, begin with; ptr NULL: nothing */
    /* How sure are we that these first bytes (up to 64 KiB; `whole`: all there is) are ours: 0 no .. 100 certain. */
    int (*detect)(pk_str head, pk_str file_name, bool whole);

    /* Cutter: one a stream, used by one thread at a time. */
    void *(*cut_new)(log_stream *s, const cut_options *o, diag_list *d);
    /* Next block into b (reusing its buffer). PK_OK, PK_STOPPED at the end; problems go to d and do not end it. */
    pk_status (*cut)(void *cutter, block *b, diag_list *d);
    void (*cut_free)(void *cutter);

    /* Reader: one a worker and format; reused for many blocks and streams. `paths` may be NULL: no fields wanted. */
    reader *(*reader_new)(const path_set *paths);
    void (*reader_free)(reader *r);
    /*
     * Decodes a block and calls fn for each record that can be read, in order. `source` holds file and input; the reader
     * sets position, record, line. Problems go to d, with file and place, and the next record follows. *damaged counts
     * records that could not be read. PK_STOPPED if fn asked to stop.
     */
    pk_status (*read)(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                      uint64_t *damaged);
};

extern const format *const formats[];                   /* ends with NULL */
const format *format_find(pk_str name);
/* The format whose magic these bytes begin with, or NULL. */
const format *format_of_magic(pk_str head);
/* The format of these first bytes; NULL: no known kind of log. */
const format *format_detect(pk_str head, pk_str file_name, bool whole);

#endif
