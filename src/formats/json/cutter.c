/*
 * The stream, in blocks: a window of it is read into the block's own memory, the splitter cuts it into spans, and what is not
 * cut yet (the beginning of a record, mostly) waits for the next. So the bytes of a log are not copied again, and who reads a
 * block has just had its memory in his processor's cache.
 */
#include "formats/json/spans.h"
#include "formats/text_source.h"

#define DEFAULT_BLOCK ((size_t)1 << 20)
#define DEFAULT_RECORD_LIMIT ((size_t)50 << 20)
#define SPANS_IN_BLOCK 65536

typedef struct {
    text_source source;
    size_t block_size;
    uint64_t blocks;             /* given so far */
    splitter split;
    block window;                /* while a block is cut: its memory */
    VEC(uint8_t) rest;           /* between blocks: bytes of the stream that are in none yet */
    VEC(json_span) spans;        /* cut from the window */
} cutter;

void *json_cut_new(log_stream *s, const cut_options *o, diag_list *d)
{
    (void)d;
    cutter *c = mem_zalloc(1, sizeof *c);
    text_source_init(&c->source, s);
    c->block_size = o && o->block_size ? o->block_size : DEFAULT_BLOCK;
    splitter_init(&c->split);
    c->split.record_limit = o && o->record_limit ? o->record_limit : DEFAULT_RECORD_LIMIT;
    return c;
}

void json_cut_free(void *cut)
{
    cutter *c = cut;
    vec_free(&c->rest);
    vec_free(&c->spans);
    mem_free(c);
}

/* Bytes of the window that are cut. */
static size_t done_bytes(const cutter *c)
{
    return (size_t)((const uint8_t *)c->split.at - c->window.bytes);
}

/* Reads `more` bytes behind the window; at the end of the stream the splitter is told. */
static void extend(cutter *c, size_t more)
{
    size_t done = done_bytes(c), end = c->window.len + more;
    block_reserve(&c->window, end + TEXT_SOURCE_LEAST);
    while (c->window.len < end && !c->split.final) {
        size_t n = text_source_read(&c->source, c->window.bytes + c->window.len, end + TEXT_SOURCE_LEAST - c->window.len);
        if (!n) c->split.final = true;
        c->window.len += n;
    }
    c->split.at = (const char *)c->window.bytes + done;
    c->split.end = (const char *)c->window.bytes + c->window.len;
}

/* The window's first bytes that belong to no span (skipped, or given away): forgotten, so that it does not grow. */
static void drop_done(cutter *c)
{
    size_t done = done_bytes(c);
    if (!done || c->spans.len) return;
    c->window.len -= done;
    memmove(c->window.bytes, c->window.bytes + done, c->window.len);
    c->split.at = (const char *)c->window.bytes;
    c->split.end = c->split.at + c->window.len;
}

/* The block's memory becomes the window. */
static void begin(cutter *c, block *b)
{
    c->window = (block){.bytes = b->bytes, .cap = b->cap};
    block_reserve(&c->window, c->rest.len + c->block_size + TEXT_SOURCE_LEAST);
    if (c->rest.len) memcpy(c->window.bytes, c->rest.at, c->rest.len);
    c->window.len = c->rest.len;
    c->split.at = (const char *)c->window.bytes;
    c->split.end = c->split.at + c->rest.len;
    if (c->rest.len < c->block_size) extend(c, c->block_size);
}

/* The window becomes the block. */
static void finish(cutter *c, block *b)
{
    size_t done = done_bytes(c), rest = c->window.len - done;
    c->rest.len = 0;
    vec_reserve(&c->rest, rest + 1);
    memcpy(c->rest.at, c->window.bytes + done, rest);
    c->rest.len = rest;

    uint64_t start = c->split.offset - done;
    *b = (block){.bytes = c->window.bytes, .cap = c->window.cap};
    if (!c->spans.len) return;
    b->len = done;
    b->offset = b->position = start;
    b->line = c->spans.at[0].line;
    b->number = c->blocks++;
    for (size_t i = 0; i < c->spans.len; i++) c->spans.at[i].offset -= start;
    spans_write(b, c->spans.at, c->spans.len, c->split.record_limit);
    c->spans.len = 0;
}

pk_status json_cut(void *cut, block *b, diag_list *d)
{
    (void)d;
    cutter *c = cut;
    bool some;
    begin(c, b);
    for (;;) {
        json_span span;
        switch (splitter_next(&c->split, &span)) {
        case SPLIT_SPAN:
            vec_push(&c->spans, span);
            if (done_bytes(c) < c->block_size && c->spans.len < SPANS_IN_BLOCK) continue;
            finish(c, b);
            return PK_OK;
        case SPLIT_MORE:
            if (c->spans.len) {
                finish(c, b);
                return PK_OK;
            }
            drop_done(c);
            /* Doubling: a long record is scanned a few times only. */
            extend(c, c->window.len > c->block_size ? c->window.len : c->block_size);
            continue;
        case SPLIT_END:
            some = c->spans.len > 0;
            finish(c, b);
            return some ? PK_OK : PK_STOPPED;
        }
    }
}

/* ---- the layout of a block ---- */

void spans_write(block *b, const json_span *spans, size_t count, size_t record_limit)
{
    spans_footer footer = {b->len, count, record_limit};
    block_append(b, spans, count * sizeof *spans);
    block_append(b, &footer, sizeof footer);
}

bool spans_read(const block *b, spans_footer *footer)
{
    if (b->len < sizeof *footer) return false;
    memcpy(footer, b->bytes + b->len - sizeof *footer, sizeof *footer);
    size_t table = b->len - sizeof *footer;
    return footer->text <= table && footer->spans == (table - footer->text) / sizeof(json_span);
}

json_span spans_at(const block *b, const spans_footer *footer, size_t i)
{
    json_span span;
    memcpy(&span, b->bytes + footer->text + i * sizeof span, sizeof span);
    return span;
}
