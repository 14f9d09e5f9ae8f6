/*
 * EVTX files: a header of 4096 bytes, then chunks of 64 KiB. The cutter gives one block a chunk; chunk.c reads it. The free
 * space of a chunk is most of most files (a log is at least one chunk, and rarely full), and passed over where that can be.
 *
 *     FileHeader = "ElfFile\0", numbers of the first and last chunk, next record id, header size, minor and major
 *                  version, offset of the first chunk, number of chunks, (76 bytes), flags, CRC of the first 120 bytes
 *
 * Of the header only the offset of the first chunk is used, and only if a chunk stands there: in a log that was copied
 * while it was being written the numbers are old. Chunks of zeros are space reserved for later.
 */
#include "formats/evtx/evtx.h"

#include <inttypes.h>

#include "formats/evtx/reader.h"

enum { MAGIC = sizeof evtx_chunk_magic, FLAG_DIRTY = 1 };

/* ---- detection ---- */

static bool has_magic(pk_str head, size_t at, const char magic[8])
{
    return head.len >= at + MAGIC && memcmp(head.ptr + at, magic, MAGIC) == 0;
}

static int detect(pk_str head, pk_str file_name, bool whole)
{
    (void)file_name, (void)whole;
    if (has_magic(head, 0, evtx_file_magic)) return 100;
    if (has_magic(head, 0, evtx_chunk_magic)) return 95;
    return has_magic(head, EVTX_FILE_HEADER, evtx_chunk_magic) ? 90 : 0; /* the header is lost */
}

/* ---- cutter ---- */

typedef struct {
    log_stream *stream;
    uint8_t *held;               /* bytes read and not yet given out: at least HELD of them and padding, as in a block */
    size_t len, cap;
    uint64_t offset;             /* of held[0] */
    uint64_t first_chunk;        /* offset of chunk 0 */
    uint64_t zero_chunks;        /* seen since the last chunk that was none */
    bool started, ended;
    bool sparse;                 /* the chunk before had free space: so will this one */
} cutter;

enum { HELD = EVTX_CHUNK_SIZE + MAGIC, FIRST_PIECE = 8 << 10, WORTH_A_MOVE = 8 << 10 };

static void *cut_new(log_stream *s, const cut_options *o, diag_list *d)
{
    (void)o, (void)d;
    cutter *c = mem_zalloc(1, sizeof *c);
    c->stream = s;
    c->held = mem_alloc(HELD + BLOCK_PADDING);
    c->cap = HELD;
    return c;
}

static void cut_free(void *state)
{
    cutter *c = state;
    if (!c) return;
    mem_free(c->held);
    mem_free(c);
}

static void fill(cutter *c, size_t want)
{
    while (!c->ended && c->len < want) {
        size_t n = stream_read(c->stream, c->held + c->len, want - c->len);
        c->len += n;
        c->ended = n == 0;
    }
}

static void drop(cutter *c, size_t n)
{
    c->len -= n;
    c->offset += n;
    memmove(c->held, c->held + n, c->len);
}

static bool zeros(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static void report(const cutter *c, diag_list *d, pk_severity severity, const char *code, const char *message)
{
    diag_add(d, severity, code, (diag_place){.file = stream_file(c->stream)}, STR(""), NULL, "%s", message);
}

static void check_file_header(const cutter *c, diag_list *d)
{
    const evtx_chunk header = {c->held, c->len};
    uint32_t stored = chunk_u32(header, 124);
    if (chunk_u32(header, 120) & FLAG_DIRTY)
        report(c, d, PK_NOTE, "evtx-dirty",
               "the log was not closed: it was copied while it was in use, or after a crash");
    if (stored && stored != crc32_small(0, c->held, 120))
        report(c, d, PK_WARNING, "evtx-file-checksum", "the checksum of the file header is wrong; the chunks are read");
    if (chunk_u32(header, 36) >> 16 != 3)
        report(c, d, PK_WARNING, "evtx-version", "the file header has an unknown version; read as version 3");
}

/* Leaves `held` at the first chunk. */
static void start(cutter *c, diag_list *d)
{
    c->started = true;
    c->sparse = crc32_is_fast();
    fill(c, EVTX_FILE_HEADER + FIRST_PIECE);
    pk_str head = {(const char *)c->held, c->len};
    if (c->len == 0 || has_magic(head, 0, evtx_chunk_magic)) return;
    if (has_magic(head, 0, evtx_file_magic) && c->len >= 128) check_file_header(c, d);
    else
        report(c, d, PK_ERROR, "evtx-file-magic",
               "'ElfFile' expected at the start of the file; chunks are searched for");
    size_t at = chunk_u32((evtx_chunk){c->held, c->len}, 40) & 0xffff;
    if (at >= 128 && at != EVTX_FILE_HEADER) {
        fill(c, HELD);
        head.len = c->len;
    }
    if (at < 128 || !has_magic(head, at, evtx_chunk_magic)) at = EVTX_FILE_HEADER;
    if (c->len < at) report(c, d, PK_ERROR, "evtx-file-cut", "the file is cut off inside its header");
    drop(c, c->len < at ? c->len : at);
    c->first_chunk = c->offset;
}

/*
 * How many of the held bytes are the next chunk: all 64 KiB, or fewer if the magic of another chunk stands among them
 * and none where it should (bytes of the file are missing, or too many).
 */
static size_t chunk_length(const cutter *c)
{
    size_t len = c->len < EVTX_CHUNK_SIZE ? c->len : EVTX_CHUNK_SIZE;
    bool next_in_place = c->len == HELD && (memcmp(c->held + EVTX_CHUNK_SIZE, evtx_chunk_magic, MAGIC) == 0 ||
                                            zeros(c->held + EVTX_CHUNK_SIZE, MAGIC));
    bool starts_well = c->len >= MAGIC && memcmp(c->held, evtx_chunk_magic, MAGIC) == 0;
    if (starts_well && (next_in_place || c->len == EVTX_CHUNK_SIZE)) return len;
    for (size_t at = 1; at + MAGIC <= len; at++) {
        const uint8_t *e = memchr(c->held + at, 'E', len - MAGIC + 1 - at);
        if (!e) return len;
        at = (size_t)(e - c->held);
        if (memcmp(e, evtx_chunk_magic, MAGIC) == 0) return at;
    }
    return len;
}

/* ---- free space ---- */

/*
 * Only of a chunk without a flaw: of others every byte may be needed to find out what is in it. Its reader then need not look
 * at the checksums again (block.left_out).
 */

/* Where free space begins by a header that is whole; 0: by none, or there is little of it. */
static size_t free_space(const cutter *c)
{
    const evtx_chunk k = {c->held, c->len};
    if (k.len < EVTX_CHUNK_HEADER || memcmp(k.bytes, evtx_chunk_magic, MAGIC) != 0) return 0;
    size_t at = chunk_u32(k, 48);
    if (at < EVTX_CHUNK_HEADER || at > EVTX_CHUNK_SIZE - WORTH_A_MOVE) return 0;
    uint32_t crc = crc32_small(0, k.bytes, 120);
    return crc32_small(crc, k.bytes + 128, EVTX_CHUNK_HEADER - 128) == chunk_u32(k, 124) ? at : 0;
}

/* Do whole records stand one behind the other up to `end`, and none behind it? */
static bool in_order(const cutter *c, size_t end)
{
    const evtx_chunk k = {c->held, c->len};
    size_t at = EVTX_CHUNK_HEADER;
    uint32_t stored = chunk_u32(k, 52);
    if (!stored || k.len < end + 4 || stored != crc32_small(0, k.bytes + at, end - at)) return false;
    for (size_t size; at < end; at += size) {
        size = chunk_u32(k, at + 4);
        if (chunk_u32(k, at) != EVTX_RECORD_MAGIC || size < EVTX_SMALLEST_RECORD || size > end - at) return false;
        if (chunk_u32(k, at + size - 4) != size) return false;
    }
    return chunk_u32(k, end) != EVTX_RECORD_MAGIC;
}

/* Reads the start of what follows the chunk at hand and leaves the stream behind that; false: nothing is changed. */
static bool pass_free_space(cutter *c, uint8_t next[MAGIC], size_t *next_len)
{
    int64_t left = EVTX_CHUNK_SIZE - (int64_t)c->len;
    *next_len = 0;
    if (!stream_move(c->stream, left)) return false;
    for (size_t n; *next_len < MAGIC && (n = stream_read(c->stream, next + *next_len, MAGIC - *next_len)) > 0;) *next_len += n;
    bool in_place = *next_len == 0 || (*next_len == MAGIC && (memcmp(next, evtx_chunk_magic, MAGIC) == 0 || zeros(next, MAGIC)));
    if (in_place) return true;
    c->ended = !stream_move(c->stream, -left - (int64_t)*next_len);
    return false;
}

/* ---- blocks ---- */

/* What is held changes places with the block's buffer: the chunk is read into memory that its reader has had in his cache. */
static void change_places(cutter *c, block *b, size_t from)
{
    block now = {.bytes = c->held, .cap = c->cap};
    b->len = 0;
    block_reserve(b, HELD);
    memcpy(b->bytes, c->held + from, c->len - from);
    c->held = b->bytes;
    c->cap = b->cap;
    c->len -= from;
    *b = now;
}

/* The first `len` bytes become the block. */
static void give(cutter *c, block *b, size_t len)
{
    change_places(c, b, len);
    memset(b->bytes + len, 0, BLOCK_PADDING);
    b->len = len;
    b->offset = c->offset;
    c->offset += len;
}

/* The chunk at hand without its free space, if there is enough of that; false: nothing is done. */
static bool give_sparse(cutter *c, block *b)
{
    uint8_t next[MAGIC];
    size_t next_len, end = free_space(c);
    if (end) fill(c, end + 4 > FIRST_PIECE ? end + 4 : FIRST_PIECE);
    c->sparse = end && in_order(c, end) && pass_free_space(c, next, &next_len);
    if (!c->sparse) return false;
    size_t len = c->len;
    give(c, b, len);
    b->left_out = EVTX_CHUNK_SIZE - len;
    c->offset += b->left_out;
    memcpy(c->held, next, c->len = next_len);
    c->ended = next_len == 0;
    return true;
}

static void report_zero_chunks(cutter *c, uint64_t before, diag_list *d)
{
    if (c->zero_chunks)
        diag_add(d, PK_WARNING, "evtx-chunk-zero", (diag_place){.file = stream_file(c->stream)}, STR(""), NULL,
                 "%" PRIu64 " chunk(s) of zeros before chunk %" PRIu64 ": what stood there is lost", c->zero_chunks,
                 (before - c->first_chunk) / EVTX_CHUNK_SIZE);
    c->zero_chunks = 0;
}

/* The next chunk that is not all zeros; false: there is none. */
static bool next_chunk(cutter *c, block *b)
{
    for (;;) {
        if (c->sparse) {
            fill(c, FIRST_PIECE);
            if (give_sparse(c, b)) return true;
        }
        fill(c, HELD);
        if (c->len == 0) return false;
        size_t whole = c->len < EVTX_CHUNK_SIZE ? c->len : EVTX_CHUNK_SIZE;
        bool reserved = zeros(c->held, whole); /* nothing need be looked for in it */
        size_t len = reserved ? whole : chunk_length(c);
        if (!reserved && !zeros(c->held, len)) {
            give(c, b, len);
            return true;
        }
        c->zero_chunks++;
        drop(c, len);
    }
}

static pk_status cut(void *state, block *b, diag_list *d)
{
    cutter *c = state;
    change_places(c, b, 0);
    if (!c->started) start(c, d);
    if (!next_chunk(c, b)) return PK_STOPPED;
    report_zero_chunks(c, b->offset, d);
    b->position = b->offset;
    b->number = (b->offset - c->first_chunk) / EVTX_CHUNK_SIZE;
    return PK_OK;
}

/* ---- reader ---- */

static reader *reader_new(const path_set *paths)
{
    reader *r = mem_zalloc(1, sizeof *r);
    evtx_templates_init(&r->templates);
    r->record.arena = arena_new();
    r->texts = (scratch){.arena = arena_new(), .buffer = 64 << 10};
    r->fields.paths = paths;
    r->fields.plans = r->templates.arena;
    r->fields.texts = &r->texts;
    evtx_places_init(&r->places);
    crc32_init(&r->crc);
    return r;
}

static void reader_free(reader *r)
{
    if (!r) return;
    evtx_templates_free(&r->templates);
    evtx_record_free(&r->record);
    arena_free(r->record.arena);
    arena_free(r->texts.arena);
    vec_free(&r->fields.fields);
    evtx_places_free(&r->places);
    mem_free(r);
}

const format evtx_format = {
    .name = "evtx",
    .title = "Windows XML event log",
    .extensions = ".evtx",
    .magic = {evtx_file_magic, MAGIC},
    .detect = detect,
    .cut_new = cut_new,
    .cut = cut,
    .cut_free = cut_free,
    .reader_new = reader_new,
    .reader_free = reader_free,
    .read = evtx_read_chunk,
};
