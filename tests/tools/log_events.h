/* Every event of log files, one after the other: what tools and conformance tests loop over. */
#ifndef PICKET_TESTS_TOOLS_LOG_EVENTS_H
#define PICKET_TESTS_TOOLS_LOG_EVENTS_H

#include "formats/input.h"

typedef struct {
    const format *format;
    reader *reader;
} log_reader;

/* Readers are kept between files: one a format, as a worker has them. */
typedef struct {
    const path_set *paths;
    VEC(log_reader) readers;
    uint64_t damaged, files, skipped;
} log_readers;

static inline void log_readers_free(log_readers *l)
{
    for (size_t i = 0; i < l->readers.len; i++) l->readers.at[i].format->reader_free(l->readers.at[i].reader);
    vec_free(&l->readers);
}

static inline reader *log_reader_of(log_readers *l, const format *f)
{
    for (size_t i = 0; i < l->readers.len; i++)
        if (l->readers.at[i].format == f) return l->readers.at[i].reader;
    log_reader made = {f, f->reader_new(l->paths)};
    vec_push(&l->readers, made);
    return made.reader;
}

static inline void each_event_of_stream(log_readers *l, const input_item *item, event_fn fn, void *user, diag_list *d)
{
    cut_options options = {.record_limit = 50u << 20, .block_size = 256u << 10};
    event_source source = {.file = item->name, .input = item->input, .record = -1};
    block b = {0};
    void *cutter = item->format->cut_new(item->stream, &options, d);
    while (item->format->cut(cutter, &b, d) == PK_OK)
        if (item->format->read(log_reader_of(l, item->format), &b, &source, fn, user, d, &l->damaged) == PK_STOPPED) break;
    item->format->cut_free(cutter);
    block_free(&b);
}

/* `path`: a file or a folder. */
static inline void each_event_of_path(log_readers *l, const char *path, event_fn fn, void *user, diag_list *d)
{
    input_options options = {.nesting_limit = 4};
    input_list *list = input_list_new(&options);
    input_item item;
    if (input_add(list, path, d) == PK_OK)
        for (input_result r; (r = input_next(list, &item, d)) != INPUT_END;) {
            if (r == INPUT_OPENED) l->files++, each_event_of_stream(l, &item, fn, user, d);
            else l->skipped++;
        }
    input_list_free(list);
}

#endif
