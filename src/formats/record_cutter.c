/*
 * One pass over the text. A block grows until the end of a record lies behind the wished size; what follows that end waits
 * in `rest`. A record over the limit first ends the block before it, so that a block has no gaps and lines in it can be
 * counted; then it is dropped up to where the rule says that records may begin again.
 */
#define _GNU_SOURCE /* memrchr */
#include "formats/record_cutter.h"

enum { ASTRAY_LIMIT = 8 }; /* records refused before quoting is no longer believed: keeps the work linear */

void record_cutter_init(record_cutter *c, log_stream *stream, const cut_options *o, const record_rule *rule)
{
    *c = (record_cutter){.rule = rule, .record_limit = o->record_limit, .block_size = o->block_size, .line = 1};
    if (c->record_limit == 0) c->record_limit = (size_t)50 << 20;
    text_source_init(&c->source, stream);
}

void record_cutter_free(record_cutter *c) { vec_free(&c->rest); }

size_t count_newlines(const uint8_t *bytes, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += bytes[i] == '\n';
    return n;
}

diag_place line_place(pk_str file, uint64_t line, uint64_t column)
{
    return (diag_place){.file = file,
                        .line = line > UINT32_MAX ? UINT32_MAX : (uint32_t)line,
                        .column = column > UINT32_MAX ? UINT32_MAX : (uint32_t)column};
}

/* More of the stream behind the block's bytes; false at its end. */
static bool fill(record_cutter *c, block *b)
{
    size_t room = c->block_size / 4 < 65536 ? 65536 : c->block_size / 4;
    if (b->cap - b->len < TEXT_SOURCE_LEAST || b->cap - b->len < room / 2)
        block_reserve(b, b->len + room > b->cap * 2 ? b->len + room : b->cap * 2);
    size_t left = b->cap - b->len; /* more than `room` would be copied from block to block */
    size_t n = text_source_read(&c->source, b->bytes + b->len, left < room ? left : room);
    b->len += n;
    return n > 0;
}

static void advance(record_cutter *c, const uint8_t *bytes, size_t n)
{
    const uint8_t *last = n ? memrchr(bytes, '\n', n) : NULL;
    c->offset += n;
    c->line += count_newlines(bytes, n);
    c->column = last ? (size_t)(bytes + n - last) - 1 : c->column + n;
}

/* Drops the first n bytes of the block. */
static void drop(record_cutter *c, block *b, size_t n)
{
    advance(c, b->bytes, n);
    memmove(b->bytes, b->bytes + n, b->len - n);
    b->len -= n;
}

/* Reads on, keeping nothing but the last bytes, until records may begin again. False at the end of the stream. */
static bool skip(record_cutter *c, block *b)
{
    enum { KEEP = 64 }; /* longer than what any rule looks for */
    for (;;) {
        size_t at = c->rule->resume(b->bytes, 0, b->len);
        if (at != STR_NPOS) {
            drop(c, b, at);
            c->skipping = false;
            return true;
        }
        if (b->len > KEEP) drop(c, b, b->len - KEEP);
        if (!fill(c, b)) {
            drop(c, b, b->len);
            return false;
        }
    }
}

/*
 * The record at the start of the block is too long, or went astray: says so and drops it up to where records may begin
 * again. Where its end would be is not asked: that it is in the block already must not change the result.
 */
static void refuse(record_cutter *c, block *b, bool too_long, diag_list *d)
{
    if (too_long) {
        diag_add(d, PK_ERROR, c->rule->code, line_place(stream_file(c->source.stream), c->line, 0), (pk_str){0},
                 "the limit for one record can be changed", "%s is longer than %zu bytes and was skipped", c->rule->noun,
                 c->record_limit);
    } else {
        diag_add(d, PK_ERROR, c->rule->code, line_place(stream_file(c->source.stream), c->line, 0), (pk_str){0}, NULL,
                 "a quote in this %s is never closed; the line was skipped", c->rule->noun);
    }
    c->refused++;
    size_t at = c->rule->resume(b->bytes, 1, b->len);
    c->skipping = at == STR_NPOS;
    drop(c, b, c->skipping ? 1 : at); /* without its first byte it is no start of a record */
}

static void begin_record(const record_cutter *c, record_scan *scan, size_t start)
{
    *scan = (record_scan){.start = start, .at = start, .separator = c->separator, .plain = c->refused >= ASTRAY_LIMIT};
}

/* Ends the block at `end`; what follows waits. */
static pk_status finish(record_cutter *c, block *b, size_t end)
{
    vec_reserve(&c->rest, b->len - end + 1);
    memcpy(c->rest.at, b->bytes + end, b->len - end);
    c->rest.len = b->len - end;
    b->len = end;
    memset(b->bytes + end, 0, BLOCK_PADDING);
    b->offset = c->offset;
    b->line = c->line;
    b->column = c->column;
    b->position = c->offset;
    b->number = c->number++;
    advance(c, b->bytes, end);
    return PK_OK;
}

pk_status record_cut(record_cutter *c, block *b, diag_list *d)
{
    block_reserve(b, c->rest.len + TEXT_SOURCE_LEAST);
    memcpy(b->bytes, c->rest.at ? (const void *)c->rest.at : "", c->rest.len);
    b->len = c->rest.len;
    c->rest.len = 0;

    record_scan scan;
    begin_record(c, &scan, 0);
    for (bool last = false;;) {
        if (c->skipping) {
            if (!skip(c, b)) return PK_STOPPED;
            begin_record(c, &scan, 0);
        }
        size_t end = scan.at < b->len || last ? c->rule->end(&scan, b->bytes, b->len, last) : 0;
        size_t length = (end ? end : b->len) - scan.start;
        if (length > c->record_limit || (last && !end && length > 0)) {
            if (scan.start > 0) return finish(c, b, scan.start);
            refuse(c, b, length > c->record_limit, d);
            begin_record(c, &scan, 0);
        } else if (end) {
            begin_record(c, &scan, end);
            if (end >= c->block_size) return finish(c, b, end);
        } else if (last) {
            return scan.start ? finish(c, b, scan.start) : PK_STOPPED;
        } else {
            last = !fill(c, b);
        }
    }
}
