/*
 * What Splunk's input WinEventLog writes, and what is exported from there:
 *
 *     09/05/2026 10:00:00 AM
 *     LogName=Security
 *     EventCode=4688
 *     ...
 *     Message=A new process has been created.
 *
 *     Creator Subject:
 *     	Account Name:		amy
 *
 * A record ends where a line with a time and a line LogName= follow: a time alone may stand in a message. Everything behind
 * Message= belongs to it. Its labels are in the record "Labels".
 */
#include "formats/winevent/winevent.h"

#include "base/unicode.h"
#include "formats/lines.h"
#include "formats/winevent/message.h"

/* ---- where a record begins ---- */

enum { TIME_LIMIT = 48 };

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/* Length of what has this shape: 'd' one or two digits, 'y' four, everything else itself. 0: it has not. */
static size_t shape_length(const uint8_t *p, size_t n, const char *shape)
{
    size_t at = 0;
    for (; *shape; shape++) {
        size_t digits = 0;
        while (at + digits < n && digits < 4 && is_digit(p[at + digits])) digits++;
        if (*shape == 'd' ? digits < 1 || digits > 2 : *shape == 'y' ? digits != 4 : at >= n || p[at] != (uint8_t)*shape) return 0;
        at += *shape == 'd' || *shape == 'y' ? digits : 1;
    }
    return at;
}

typedef enum { START_NO, START_YES, START_UNSURE } start_result;

/* Do a line with a time and LogName= stand at p? UNSURE: too few bytes to tell. */
static start_result record_start(const uint8_t *p, size_t n)
{
    static const char mark[] = "LogName=";
    if (n == 0) return START_UNSURE;
    if (!is_digit(*p)) return START_NO;
    size_t looked = n < TIME_LIMIT ? n : TIME_LIMIT;
    const uint8_t *newline = memchr(p, '\n', looked);
    if (!newline) return n < TIME_LIMIT ? START_UNSURE : START_NO;
    if (!shape_length(p, (size_t)(newline - p), "d/d/y d:d:d")) return START_NO;
    size_t behind = n - (size_t)(newline + 1 - p), len = sizeof mark - 1;
    if (memcmp(newline + 1, mark, behind < len ? behind : len) != 0) return START_NO;
    return behind < len ? START_UNSURE : START_YES;
}

static size_t record_end(record_scan *scan, const uint8_t *bytes, size_t len, bool last)
{
    while (scan->at < len) {
        const uint8_t *newline = memchr(bytes + scan->at, '\n', len - scan->at);
        if (!newline) break;
        size_t next = (size_t)(newline - bytes) + 1;
        start_result found = record_start(bytes + next, len - next);
        if (found == START_YES) return next;
        if (found == START_UNSURE && !last) {
            scan->at = next - 1;
            return 0;
        }
        scan->at = next;
    }
    scan->at = len;
    return last && scan->start < len ? len : 0;
}

static size_t record_resume(const uint8_t *bytes, size_t from, size_t len)
{
    while (from < len) {
        const uint8_t *newline = memchr(bytes + from, '\n', len - from);
        if (!newline) break;
        from = (size_t)(newline - bytes) + 1;
        if (record_start(bytes + from, len - from) == START_YES) return from;
    }
    return STR_NPOS;
}

static const record_rule winevent_rule = {"event", "winevent-limit", record_end, record_resume};

static void *winevent_cut_new(log_stream *stream, const cut_options *o, diag_list *d)
{
    (void)d;
    record_cutter *c = mem_zalloc(1, sizeof *c);
    record_cutter_init(c, stream, o, &winevent_rule);
    return c;
}

static pk_status winevent_cut(void *cutter, block *b, diag_list *d) { return record_cut(cutter, b, d); }

static void winevent_cut_free(void *cutter)
{
    record_cutter_free(cutter);
    mem_free(cutter);
}

/* ---- reader ---- */

struct winevent_reader {
    const path_set *paths;
    arena *arena;
    field_sink sink;
};

static reader *winevent_reader_new(const path_set *paths)
{
    struct winevent_reader *w = mem_zalloc(1, sizeof *w);
    w->paths = paths;
    w->arena = arena_new();
    return (reader *)w;
}

static void winevent_reader_free(reader *r)
{
    struct winevent_reader *w = (struct winevent_reader *)r;
    if (!w) return;
    arena_free(w->arena);
    sink_free(&w->sink);
    mem_free(w);
}

static void put_message(pk_str message, field_sink *s)
{
    message = str_trim(message);
    sink_put_or_blank(s, STR("Message"), message);
    if (!sink_wants(s, STR("Labels"))) return;
    sink_enter(s, STR("Labels"), false);
    message_put_labels(message, s);
    sink_leave(s);
}

/* The lines of a record, views of it. */
static void put_record(pk_str record, field_sink *s)
{
    bool first = true;
    sink_put_text(s, STR("_kind"), STR("wineventlog"));
    for (; record.len; first = false) {
        size_t end = str_find_char(record, '\n'), equals;
        pk_str line = str_trim(str_slice(record, 0, end));
        if (str_starts_with(line, STR("Message="))) {
            put_message(str_slice(record, (size_t)(line.ptr - record.ptr) + 8, record.len), s);
            return;
        }
        if (first) sink_put_text(s, STR("Time"), line);
        else if ((equals = str_find_char(line, '=')) != STR_NPOS)
            sink_put_or_blank(s, str_slice(line, 0, equals), str_slice(line, equals + 1, line.len));
        record = end == STR_NPOS ? (pk_str){0} : str_slice(record, end + 1, record.len);
    }
}

static const value *winevent_tree(const event *e, arena *a)
{
    field_sink sink = {0};
    sink_begin_tree(&sink, a);
    put_record(arena_str(a, e->raw), &sink);
    return sink_tree(&sink);
}

static pk_status winevent_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                               uint64_t *damaged)
{
    (void)d, (void)damaged;
    struct winevent_reader *w = (struct winevent_reader *)r;
    uint64_t line = b->line;
    for (size_t at = 0, end; at < b->len; at = end) {
        record_scan scan = {.start = at, .at = at};
        end = record_end(&scan, b->bytes, b->len, true);
        pk_str record = {(const char *)b->bytes + at, end - at};
        uint64_t first_line = line;
        line += count_newlines(b->bytes + at, end - at);
        if (record_start(b->bytes + at, end - at) != START_YES) continue; /* what stands before the first one */
        arena_reset(w->arena);
        event e = {.format = &winevent_format, .source = *source, .tree = winevent_tree, .reader = w};
        e.raw = utf8_repair(w->arena, str_trim(record));
        e.source.line = first_line;
        e.source.position = b->position + at;
        e.source.record = -1;
        sink_begin_fields(&w->sink, w->paths, w->arena);
        if (w->paths) put_record(e.raw, &w->sink);
        e.fields = w->sink.fields.at;
        e.field_count = w->sink.fields.len;
        if (!fn(&e, user)) return PK_STOPPED;
    }
    return PK_OK;
}

/* ---- detection ---- */

static int winevent_detect(pk_str head, pk_str file_name, bool whole)
{
    (void)file_name, (void)whole;
    arena *a = arena_new();
    pk_str s = str_trim(text_of_head(a, head));
    int sure = record_start((const uint8_t *)s.ptr, s.len) == START_YES ? 95 : 0;
    arena_free(a);
    return sure;
}

const format winevent_format = {
    .name = "wineventlog",
    .title = "Windows events rendered as text, as Splunk's WinEventLog writes them",
    .extensions = "",
    .detect = winevent_detect,
    .cut_new = winevent_cut_new,
    .cut = winevent_cut,
    .cut_free = winevent_cut_free,
    .reader_new = winevent_reader_new,
    .reader_free = winevent_reader_free,
    .read = winevent_read,
};
