/*
 * XML of Windows events: a sequence of <Event> elements, with or without a root element around them. Blocks end behind
 * </Event>, or where the next event begins inside one that was cut off. What lies between events (declarations, the
 * root's tags, comments) is passed over; text there is no event and is reported.
 */
#define _GNU_SOURCE /* memmem */
#include "formats/xml/xml.h"

#include "base/unicode.h"
#include "formats/record_cutter.h"
#include "formats/xml/event_xml.h"

/* ---- cutter ---- */

enum { BETWEEN, INSIDE };

/* Behind the mark that ends a comment, CDATA section or instruction, looked for from `at` on; 0: it goes on behind len. */
static size_t behind(const uint8_t *bytes, size_t at, size_t len, const char *mark)
{
    const uint8_t *found = memmem(bytes + at, len - at, mark, strlen(mark));
    return found ? (size_t)(found - bytes) + strlen(mark) : 0;
}

static bool starts(const uint8_t *at, size_t n, const char *s) { return n >= strlen(s) && !memcmp(at, s, strlen(s)); }

static bool is_event_end(const uint8_t *at, size_t n)
{
    return starts(at, n, "</Event") && n > 7 && memchr("> \t\r\n", at[7], 5);
}

static size_t event_end(record_scan *scan, const uint8_t *bytes, size_t len, bool last)
{
    enum { LOOK = 9 }; /* "<![CDATA[" */
    while (scan->at < len) {
        const uint8_t *tag = memchr(bytes + scan->at, '<', len - scan->at);
        if (!tag) break;
        size_t at = scan->at = (size_t)(tag - bytes), n = len - at, end = at + 1;
        if (n < LOOK && !last) return 0;
        if (!scan->plain && starts(tag, n, "<!--")) {
            if (!(end = behind(bytes, at + 4, len, "-->"))) break;
        } else if (!scan->plain && scan->state == INSIDE && starts(tag, n, "<![CDATA[")) {
            if (!(end = behind(bytes, at + 9, len, "]]>"))) break;
        } else if (!scan->plain && scan->state == INSIDE && starts(tag, n, "<?")) {
            if (!(end = behind(bytes, at + 2, len, "?>"))) break;
        } else if (scan->state == INSIDE && is_event_end(tag, n)) {
            const uint8_t *close = memchr(tag, '>', n);
            if (close) return (size_t)(close - bytes) + 1;
            break;
        } else if (xml_is_event_start((const char *)tag, n)) {
            if (scan->state == INSIDE || at > scan->start) return at; /* what lies between events is cut off from them */
            scan->state = INSIDE;
        }
        scan->at = end;
    }
    if (last && scan->start < len) return len;
    if (!memchr(bytes + scan->at, '<', len - scan->at)) scan->at = len;
    return 0;
}

static size_t event_resume(const uint8_t *bytes, size_t from, size_t len)
{
    return xml_find_event((pk_str){(const char *)bytes, len}, from);
}

static const record_rule event_rule = {"event", "xml-event-limit", event_end, event_resume};

static void *xml_cut_new(log_stream *stream, const cut_options *o, diag_list *d)
{
    (void)d;
    record_cutter *c = mem_zalloc(1, sizeof *c);
    record_cutter_init(c, stream, o, &event_rule);
    return c;
}

static pk_status xml_cut(void *cutter, block *b, diag_list *d) { return record_cut(cutter, b, d); }

static void xml_cut_free(void *cutter)
{
    record_cutter_free(cutter);
    mem_free(cutter);
}

/* ---- reader ---- */

struct xml_reader {
    const path_set *paths;
    arena *block_arena, *arena;                         /* for text of the block that needed repair; for one event */
    field_sink sink;
    pk_str current;                                     /* text of the event that is being handed out */
};

static reader *xml_reader_new(const path_set *paths)
{
    struct xml_reader *x = mem_zalloc(1, sizeof *x);
    x->paths = paths;
    x->arena = arena_new();
    x->block_arena = arena_new();
    return (reader *)x;
}

static void xml_reader_free(reader *r)
{
    struct xml_reader *x = (struct xml_reader *)r;
    if (!x) return;
    arena_free(x->arena);
    arena_free(x->block_arena);
    sink_free(&x->sink);
    mem_free(x);
}

static const value *xml_tree(const event *e, arena *a)
{
    const struct xml_reader *x = e->reader;
    field_sink sink = {0};
    sink_begin_tree(&sink, a);
    xml_read_event(arena_str(a, x->current), &sink);
    return sink_tree(&sink);
}

/* Lines are counted as the walk goes on, each byte once: never asked for a place before the last one. */
typedef struct {
    pk_str bytes;
    size_t counted;
    uint64_t line;
    size_t line_start;
    uint64_t column;                                    /* of bytes[0], from 0, while the first line lasts */
    bool no_comment_end, no_tag_end;                    /* in the rest of the bytes: known after one search in vain */
} line_counter;

static diag_place place_at(line_counter *c, size_t at, pk_str file)
{
    for (; c->counted < at; c->counted++) {
        if (c->bytes.ptr[c->counted] != '\n') continue;
        c->line++;
        c->line_start = c->counted + 1;
        c->column = 0;
    }
    return line_place(file, c->line, c->column + at - c->line_start + 1);
}

/* Behind the comment or tag at `at`; 0: it has no end. */
static size_t skip_markup(line_counter *c, size_t at)
{
    const uint8_t *bytes = (const uint8_t *)c->bytes.ptr, *tag = bytes + at;
    size_t n = c->bytes.len - at;
    if (starts(tag, n, "<!--")) {
        size_t end = c->no_comment_end ? 0 : behind(bytes, at, c->bytes.len, "-->");
        c->no_comment_end = end == 0;
        return end;
    }
    const uint8_t *close = c->no_tag_end ? NULL : memchr(tag, '>', n);
    c->no_tag_end = close == NULL;
    return close ? (size_t)(close - bytes) + 1 : 0;
}

/*
 * Moves on to the next event or the end, over what may stand between events: tags of a root element, declarations,
 * comments, byte order marks. False: text stands at *at.
 */
static bool skip_between(line_counter *c, size_t *at)
{
    while (*at < c->bytes.len) {
        const uint8_t *p = (const uint8_t *)c->bytes.ptr + *at;
        size_t n = c->bytes.len - *at, end;
        if (memchr(" \t\r\n", *p, 5)) *at += 1; /* 5: with the NUL */
        else if (starts(p, n, "\xef\xbb\xbf")) *at += 3;
        else if (xml_is_event_start((const char *)p, n)) return true;
        else if (*p == '<' && (end = skip_markup(c, *at))) *at = end;
        else return false;
    }
    return true;
}

/* The start of the next event at or behind `at`; STR_NPOS: none. Text before it is reported, once. */
static size_t next_event(line_counter *c, size_t at, pk_str file, diag_list *d)
{
    if (at < c->bytes.len && !skip_between(c, &at)) {
        diag_add(d, PK_WARNING, "xml-between", place_at(c, at, file), (pk_str){0}, NULL,
                 "text between events is no event and was skipped");
        at = xml_find_event(c->bytes, at + 1);
    }
    return at < c->bytes.len ? at : STR_NPOS;
}

/*
 * What an event that begins at `at` may extend to. An unclosed comment would make the parser look through the rest of the
 * block for each broken event; once that has cost more than the block is long, events end at the next start tag, whatever
 * it stands in.
 */
static pk_str span_of(pk_str all, size_t at, size_t wasted)
{
    size_t end = wasted > 4 * all.len ? xml_find_event(all, at + 6) : STR_NPOS;
    return str_slice(all, at, end == STR_NPOS ? all.len : end - at);
}

/*
 * Where to go on behind a broken event: where the cutter would end it, so that blocks make no difference. One with a
 * comment or quote that is never closed has no such end: the next start tag, then, wherever it stands.
 */
static size_t behind_broken(pk_str all, size_t at, const xml_event *found, bool plain)
{
    if (found->looked > found->end) return xml_find_event(all, at + 6);
    record_scan scan = {.start = at, .at = at, .plain = plain};
    return event_end(&scan, (const uint8_t *)all.ptr, all.len, true);
}

static pk_status xml_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                          uint64_t *damaged)
{
    struct xml_reader *x = (struct xml_reader *)r;
    arena_reset(x->block_arena);
    pk_str all = utf8_repair(x->block_arena, (pk_str){(const char *)b->bytes, b->len});
    line_counter lines = {.bytes = all, .line = b->line, .column = b->column};
    size_t wasted = 0;
    uint64_t number = 0;
    for (size_t at = 0; (at = next_event(&lines, at, source->file, d)) != STR_NPOS;) {
        diag_place place = place_at(&lines, at, source->file);
        arena_reset(x->arena);
        sink_begin_fields(&x->sink, x->paths, x->arena);
        pk_str span = span_of(all, at, wasted);
        xml_event found = xml_read_event(span, &x->sink);
        if (found.problem) {
            line_counter ahead = lines;
            diag_add(d, PK_ERROR, "xml-event", place_at(&ahead, at + found.end, source->file), (pk_str){0}, NULL,
                     "event broken and skipped: %s", found.problem);
            ++*damaged;
            size_t next = behind_broken(all, at, &found, wasted > 4 * all.len);
            wasted += found.looked + (next < all.len ? next : all.len) - at;
            at = next;
            continue;
        }
        x->current = str_slice(span, 0, found.end);
        event e = {.format = &xml_format, .source = *source, .tree = xml_tree, .reader = x};
        e.source.position = b->position + number++; /* an event has more bytes than one, so this stays in the block */
        e.source.record = found.record;
        e.source.line = place.line;
        e.fields = x->sink.fields.at;
        e.field_count = x->sink.fields.len;
        if (!fn(&e, user)) return PK_STOPPED;
        at += found.end;
    }
    return PK_OK;
}

/* ---- detection ---- */

/* An event at the very start, or a prolog or root element with one close by that has the look of a Windows event. */
static int xml_detect(pk_str head, pk_str file_name, bool whole)
{
    (void)file_name, (void)whole;
    arena *a = arena_new();
    pk_str s = str_trim(text_of_head(a, head));
    int sure = 0;
    size_t first = s.len && s.ptr[0] == '<' ? xml_find_event(s, 0) : STR_NPOS;
    if (first != STR_NPOS) {
        pk_str start = str_slice(s, first, 4096);
        bool windows = str_find(start, STR("<System")) != STR_NPOS ||
                       str_find(start, STR("schemas.microsoft.com/win/2004/08/events")) != STR_NPOS;
        sure = windows ? (first == 0 ? 100 : 90) : first == 0 ? 40 : 0;
    }
    arena_free(a);
    return sure;
}

const format xml_format = {
    .name = "xml",
    .title = "Windows events as XML",
    .extensions = ".xml",
    .detect = xml_detect,
    .cut_new = xml_cut_new,
    .cut = xml_cut,
    .cut_free = xml_cut_free,
    .reader_new = xml_reader_new,
    .reader_free = xml_reader_free,
    .read = xml_read,
};
