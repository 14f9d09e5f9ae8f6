/*
 * A chunk: a header of 512 bytes, then records one after the other, then free space.
 *
 *     Header = "ElfChnk\0", numbers and ids of the first and last record (4 x 8), header size, offset of the last
 *              record, offset of the free space, CRC of the records, (64 bytes), flags, CRC of the header,
 *              64 offsets of strings, 32 offsets of templates
 *     Record = "**\0\0", size, id, time written, BinXML, size
 *
 * The header is not believed where the records can speak for themselves: they are found by walking from one to the
 * next, each with its magic and both copies of its size; where that breaks off, the next place where a whole record
 * stands is searched. String and template offsets are never followed. Behind the free-space offset lie remains of a
 * chunk that was overwritten, or, in a log that was not closed, records that the header does not know yet: those count
 * whose ids go on.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "formats/evtx/evtx.h"
#include "formats/evtx/reader.h"
#include "formats/evtx/render.h"
#include "formats/evtx/texts.h"
#include "formats/evtx/tree.h"

typedef struct {
    size_t at, size;
    uint64_t id;
    bool torn;              /* its two sizes differ: not written to its end, or one of them damaged */
    bool followed;          /* torn, but something else confirms `size` */
} found_record;

typedef struct {
    reader *r;
    const block *b;
    const event_source *source;
    evtx_chunk chunk;
    diag_list *d;
    uint64_t *damaged;
    size_t free_at;         /* where records end by the header, or the chunk's end if it cannot be believed */
    bool trusted;           /* free_at comes from a header that is whole */
    uint64_t last_id;
    size_t record_count;
    /* The last search for a whole record: from where, and what it found. */
    bool searched, found;
    size_t searched_from;
    found_record next_whole;
} walk;

static void report(const walk *w, pk_severity severity, const char *code, const char *hint, const char *form, ...)
    __attribute__((format(printf, 5, 6)));

static void report(const walk *w, pk_severity severity, const char *code, const char *hint, const char *form, ...)
{
    char message[512];
    va_list args;
    va_start(args, form);
    vsnprintf(message, sizeof message, form, args);
    va_end(args);
    diag_add(w->d, severity, code, (diag_place){.file = w->source->file}, STR(""), hint, "chunk %" PRIu64 "%s",
             w->b->number, message);
}

/* ---- header ---- */

static bool all_zero(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static uint32_t header_crc(const walk *w)
{
    uint32_t crc = crc32_add(&w->r->crc, 0, w->chunk.bytes, 120);
    return crc32_add(&w->r->crc, crc, w->chunk.bytes + 128, EVTX_CHUNK_HEADER - 128);
}

static void check_header(walk *w)
{
    const evtx_chunk c = w->chunk;
    w->free_at = c.len;
    if (memcmp(c.bytes, evtx_chunk_magic, sizeof evtx_chunk_magic) != 0) {
        report(w, PK_ERROR, "evtx-chunk-magic", "records inside are searched for, but their templates may be lost",
               " (at byte %" PRIu64 "): 'ElfChnk' expected at its start", w->b->offset);
        return;
    }
    uint32_t stored = chunk_u32(c, 124), free_at = chunk_u32(c, 48);
    if (w->b->left_out) { /* it was found whole before */
        w->trusted = true;
        w->free_at = free_at;
        return;
    }
    if (stored == 0) {
        report(w, PK_NOTE, "evtx-chunk-checksum", NULL, ": the header has no checksum");
    } else if (stored != header_crc(w)) {
        report(w, PK_WARNING, "evtx-chunk-checksum", "the chunk is searched for records to its end",
               ": the checksum of the header is 0x%08x, its bytes give 0x%08x", stored, header_crc(w));
        return;
    }
    if (free_at < EVTX_CHUNK_HEADER || free_at > EVTX_CHUNK_SIZE) {
        report(w, PK_WARNING, "evtx-chunk-header", "the chunk is searched for records to its end",
               ": its free space cannot start at 0x%x", free_at);
        return;
    }
    w->trusted = true;
    if (free_at > c.len) return;
    w->free_at = free_at;
    uint32_t records = chunk_u32(c, 52);
    uint32_t computed =
        records ? crc32_add(&w->r->crc, 0, c.bytes + EVTX_CHUNK_HEADER, free_at - EVTX_CHUNK_HEADER) : 0;
    if (records != computed)
        report(w, PK_WARNING, "evtx-records-checksum", "some record of this chunk was changed or cut off",
               ": the checksum of its records is 0x%08x, their bytes give 0x%08x", records, computed);
}

/* ---- finding records ---- */

static bool record_magic(evtx_chunk c, size_t at)
{
    return at + EVTX_RECORD_HEADER <= c.len && chunk_u32(c, at) == EVTX_RECORD_MAGIC;
}

static inline uint64_t u32_at(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

static uint64_t chunk_u64(evtx_chunk c, size_t at) { return chunk_u32(c, at) | (uint64_t)chunk_u32(c, at + 4) << 32; }

/* A record whose magic and first size are right; *whole: the copy of the size, too. */
static inline bool record_at(evtx_chunk c, size_t at, found_record *out, bool *whole)
{
    if (at + EVTX_SMALLEST_RECORD > c.len) return false;
    const uint8_t *p = c.bytes + at;
    uint64_t size = u32_at(p + 4);
    if (u32_at(p) != EVTX_RECORD_MAGIC || size < EVTX_SMALLEST_RECORD || size > c.len - at) return false;
    *out = (found_record){.at = at, .size = size, .id = u32_at(p + 8) | u32_at(p + 12) << 32};
    *whole = u32_at(p + size - 4) == size;
    return true;
}

static bool search(evtx_chunk c, size_t at, found_record *out)
{
    bool whole;
    while (at + EVTX_SMALLEST_RECORD <= c.len) {
        const uint8_t *star = memchr(c.bytes + at, 0x2a, c.len - at);
        if (!star) return false;
        at = (size_t)(star - c.bytes);
        if (record_at(c, at, out, &whole) && whole) return true;
        at++;
    }
    return false;
}

/* The next record at or behind `at` that is whole. Searches go forward only, so that all of them pass the chunk once. */
static bool search_record(walk *w, size_t at, found_record *out)
{
    bool known = w->searched && at >= w->searched_from && (!w->found || at <= w->next_whole.at);
    if (!known) {
        w->searched = true;
        w->searched_from = at;
        w->found = search(w->chunk, at, &w->next_whole);
    }
    *out = w->next_whole;
    return w->found;
}

/* ---- reading records ---- */

static void report_record(walk *w, size_t at, const char *code, const char *what, size_t where)
{
    ++*w->damaged;
    if (record_magic(w->chunk, at))
        report(w, PK_ERROR, code, NULL, ", record %" PRIu64 " (at byte %" PRIu64 "): %s, at 0x%zx of the chunk",
               chunk_u64(w->chunk, at + 8), w->b->offset + at, what, where);
    else
        report(w, PK_ERROR, code, NULL, " (at byte %" PRIu64 "): %s, at 0x%zx of the chunk", w->b->offset + at, what,
               where);
}

static const value *record_tree(const event *e, arena *a)
{
    const reader *r = e->reader;
    scratch s = {.arena = a, .buffer = 4 << 10};
    value *tree = ARENA_NEW(a, value);
    *tree = evtx_tree(&r->record, &s);
    return tree;
}

static void record_decode(const event *e, event_field *f)
{
    reader *r = (reader *)(uintptr_t)e->reader; /* its scratch memory is filled */
    evtx_field_decode(&r->fields, f);
}

static timestamp record_time_of(const event *e, const event_field *f)
{
    (void)e;
    return evtx_field_time(f);
}

static void record_write_json(const event *e, arena *a, text *out)
{
    scratch s = {.arena = a, .buffer = 4 << 10};
    reader *r = (reader *)e->reader; /* whose templates keep how their elements are written */
    evtx_write_json(&r->record, r->templates.arena, &s, out);
}

static void record_each_value(const event *e, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user),
                              void *user)
{
    scratch s = {.arena = a, .buffer = 4 << 10};
    reader *r = (reader *)e->reader; /* which makes a plan when it meets a template for the first time */
    evtx_each_value(&r->fields, &r->record, texts_only, &s, fn, user);
}

static bool record_texts_may_hold(const event *e, const texts_look *look)
{
    const reader *r = e->reader;
    return evtx_texts_may_hold(&r->record, r->templates.arena, look);
}

/* Event/System/EventRecordID; the record's own id may be that of a copy of the log. */
static int64_t event_record_id(reader *r, uint64_t id)
{
    const evtx_fragment *root = &r->record.fragments.at[0];
    const binxml_content *c = root->template ? root->template->record_id : NULL;
    value v = {.type = VALUE_MISSING};
    int64_t n;
    binxml_value room;
    const binxml_value *from = c && c->kind == CONTENT_SUBSTITUTION ? evtx_value_at(&r->record, root, c->index, &room) : NULL;
    if (from && from->type == BINXML_UINT64 && from->size == 8) v = binxml_uint64(from->bytes); /* as it is in nearly all */
    else if (from) v = binxml_decode(&r->texts, from);
    else if (c && c->kind == CONTENT_CONSTANT) v = c->constant;
    if (v.type == VALUE_INT) return v.as.integer;
    if (v.type == VALUE_STRING && str_to_int(v.as.string, false, &n)) return n;
    return id <= INT64_MAX ? (int64_t)id : -1;
}

static bool parse_record(walk *w, const found_record *f)
{
    evtx_problem problem;
    arena_reset(w->r->record.arena);
    scratch_reset(&w->r->texts);
    if (!evtx_record_parse(&w->r->record, f->at + EVTX_RECORD_HEADER, f->at + f->size - 4, &problem)) {
        report_record(w, f->at, "evtx-record", problem.what, problem.at);
        return false;
    }
    if (f->torn)
        report(w, PK_ERROR, "evtx-record-torn", "not written to its end, or damaged: some of its values may be lost",
               ", record %" PRIu64 " (at byte %" PRIu64 "): the size at its start is %u, that at its end %u", f->id,
               w->b->offset + f->at, chunk_u32(w->chunk, f->at + 4), chunk_u32(w->chunk, f->at + f->size - 4));
    return true;
}

/* What all events of a chunk have in common. */
static event event_of_chunk(const walk *w)
{
    event e = {
        .format = &evtx_format, .source = *w->source, .decode = record_decode, .time_of = record_time_of, .tree = record_tree,
        .each_value = record_each_value, .texts_may_hold = record_texts_may_hold, .write_json = record_write_json, .outline = &evtx_outline, .reader = w->r,
    };
    e.source.line = 0;
    return e;
}

/* false: the receiver wants no more. */
static bool read_record(walk *w, const found_record *f, event *e, event_fn fn, void *user)
{
    reader *r = w->r;
    if (!parse_record(w, f)) return true;
    evtx_fields_read(&r->fields, &r->record);
    e->fields = r->fields.fields.at;
    e->field_count = r->fields.fields.len;
    e->source.position = w->b->position + f->at;
    e->source.record = event_record_id(r, f->id);
    return fn(e, user);
}

/* Is the record at `at` one to read? Decides what lies behind the free-space offset. */
static bool belongs(const walk *w, const found_record *f)
{
    return !w->trusted || f->at < w->free_at || w->record_count == 0 || f->id == w->last_id + 1;
}

/* A record whose size is wrong, if it ends right before `end`: then the copy of the size stands there. */
static bool ends_before(const walk *w, size_t at, size_t end, found_record *out)
{
    if (!record_magic(w->chunk, at) || end > w->chunk.len || end - at < EVTX_SMALLEST_RECORD) return false;
    if (chunk_u32(w->chunk, end - 4) != end - at) return false;
    *out = (found_record){.at = at, .size = end - at, .id = chunk_u64(w->chunk, at + 8), .torn = true, .followed = true};
    return true;
}

/* A record at `at` of which only one size is right. */
static bool torn_record(walk *w, size_t at, found_record *out)
{
    bool whole;
    found_record after;
    bool next = search_record(w, at + 4, &after) && (!w->trusted || after.at < w->free_at);
    if (ends_before(w, at, next ? after.at : w->free_at, out)) return true;
    if (!record_at(w->chunk, at, out, &whole)) return false;
    out->torn = true;
    out->followed = at + out->size == w->free_at || record_at(w->chunk, at + out->size, &after, &whole);
    return true;
}

/* What stands where the walk expects a record: a record (torn ones as well), the end, or damage to step over. */
static bool next_record(walk *w, size_t at, found_record *out)
{
    bool whole;
    if (record_at(w->chunk, at, out, &whole) && whole) return belongs(w, out);
    if (at < w->free_at && torn_record(w, at, out)) return true;
    if (at >= w->free_at) return false;
    if (all_zero(w->chunk.bytes + at, w->free_at - at)) {
        if (w->trusted)
            report(w, PK_ERROR, "evtx-chunk-zero", NULL, ": zeros from 0x%zx on, where records should go on to 0x%zx",
                   at, w->free_at);
        return false;
    }
    bool resumed = search_record(w, at, out) && (!w->trusted || out->at < w->free_at);
    /* without a header nobody knows where the records should end: what is not followed by one is free space */
    if (w->trusted || record_magic(w->chunk, at) || (resumed && w->record_count > 0))
        report_record(w, at, "evtx-record", resumed ? "no whole record here; the next stands" :
                      "no whole record here, nor behind it; looked for", resumed ? out->at : at);
    return resumed;
}

/* Where the walk goes on: behind a torn record of which nothing else tells the size, any whole record will do. */
static size_t behind(walk *w, const found_record *f)
{
    found_record after;
    if (!f->torn || f->followed) return f->at + f->size;
    return search_record(w, f->at + 4, &after) ? after.at : w->chunk.len;
}

pk_status evtx_read_chunk(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                          uint64_t *damaged)
{
    walk w = {.r = r, .b = b, .source = source, .d = d, .damaged = damaged,
              .chunk = {b->bytes, b->len < EVTX_CHUNK_SIZE ? b->len : EVTX_CHUNK_SIZE}};
    if (w.chunk.len < EVTX_CHUNK_HEADER) {
        ++*damaged;
        bool begun =
            b->len >= sizeof evtx_chunk_magic && memcmp(b->bytes, evtx_chunk_magic, sizeof evtx_chunk_magic) == 0;
        report(&w, PK_ERROR, begun ? "evtx-chunk-cut" : "evtx-chunk-magic", NULL,
               begun ? " (at byte %" PRIu64 "): cut off after %zu bytes"
                     : " (at byte %" PRIu64 "): %zu bytes that are no chunk",
               b->offset, b->len);
        return PK_OK;
    }
    evtx_templates_begin_chunk(&r->templates);
    r->record.chunk = w.chunk;
    r->record.templates = &r->templates;
    check_header(&w);
    if (w.trusted && w.chunk.len < EVTX_CHUNK_SIZE && w.free_at == w.chunk.len)
        report(&w, PK_ERROR, "evtx-chunk-cut", NULL, " (at byte %" PRIu64 "): cut off after %zu bytes", b->offset,
               b->len);
    size_t at = w.trusted || record_magic(w.chunk, EVTX_CHUNK_HEADER) ? EVTX_CHUNK_HEADER : 0;
    event e = event_of_chunk(&w);
    for (found_record f; next_record(&w, at, &f); at = behind(&w, &f)) {
        w.record_count++;
        w.last_id = f.id;
        if (!read_record(&w, &f, &e, fn, user)) return PK_STOPPED;
    }
    return PK_OK;
}
