/* Logs made of lines: a line that isn't blank is an event, and its text is what keywords search in. */
#include "formats/text/text.h"

#include "base/unicode.h"
#include "formats/lines.h"
#include "formats/preamble_lines.h"
#include "formats/preamble.h"
#include "formats/text/line.h"
#include "formats/text/times.h"

/* ---- cutter ---- */

static const preamble_rule w3c_preamble = {{"#Fields:", NULL}, .first_starts_over = false};

/* Header lines of the W3C extended log file format: no events. */
static bool is_directive(pk_str line)
{
    static const char *const names[] = {"#Fields:", "#Software:", "#Version:",  "#Date:",    "#Start-Date:",
                                        "#End-Date:", "#Remark:", "#Log-type:"};
    if (line.ptr[0] != '#') return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_starts_with(line, str_from(names[i]))) return true;
    return false;
}

static void *text_cut_new(log_stream *stream, const cut_options *o, diag_list *d)
{
    (void)d;
    return preamble_lines_new(stream, o, &w3c_preamble);
}

/* ---- reader ---- */

struct text_reader {
    const path_set *paths;
    arena *arena, *columns_arena;
    preamble header;
    uint64_t read_version;                              /* of `header`, in `columns` */
    w3c_columns columns;
    field_sink sink;
};

static reader *text_reader_new(const path_set *paths)
{
    struct text_reader *t = mem_zalloc(1, sizeof *t);
    t->paths = paths;
    t->arena = arena_new();
    t->columns_arena = arena_new();
    preamble_init(&t->header, &w3c_preamble);
    return (reader *)t;
}

static void text_reader_free(reader *r)
{
    struct text_reader *t = (struct text_reader *)r;
    if (!t) return;
    arena_free(t->arena);
    arena_free(t->columns_arena);
    preamble_free(&t->header);
    sink_free(&t->sink);
    mem_free(t);
}

static const value *text_tree(const event *e, arena *a)
{
    const struct text_reader *t = e->reader;
    field_sink sink = {0};
    sink_begin_tree(&sink, a);
    line_parse(arena_str(a, e->raw), &t->columns, &sink);
    value *v = ARENA_NEW(a, value);
    *v = value_copy(a, sink_tree(&sink)); /* names of columns belong to the reader */
    return v;
}

static void refresh_columns(struct text_reader *t)
{
    if (t->read_version == t->header.version) return;
    t->read_version = t->header.version;
    arena_reset(t->columns_arena);
    pk_str fields = utf8_repair(t->columns_arena, preamble_line(&t->header, 0));
    w3c_read_columns(fields, &t->columns, t->columns_arena);
}

static pk_status text_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                           uint64_t *damaged)
{
    (void)d, (void)damaged;
    struct text_reader *t = (struct text_reader *)r;
    preamble_load(&t->header, b->shared);
    line_walk walk = lines_of(b);
    uint64_t number;
    for (pk_str line; line_next(&walk, &line, &number);) {
        if (line_is_blank(line)) continue;
        if (is_directive(line)) {
            preamble_apply(&t->header, line);
            continue;
        }
        refresh_columns(t);
        arena_reset(t->arena);
        event e = {.format = &text_format, .source = *source, .tree = text_tree, .reader = t};
        e.raw = utf8_repair(t->arena, line);
        e.source.line = number;
        e.source.position = b->position + (number - b->line);
        e.source.record = -1;
        sink_begin_fields(&t->sink, t->paths, t->arena);
        if (t->paths) line_parse(e.raw, &t->columns, &t->sink);
        e.fields = t->sink.fields.at;
        e.field_count = t->sink.fields.len;
        if (!fn(&e, user)) return PK_STOPPED;
    }
    return PK_OK;
}

/* ---- detection ---- */

/* How much a line looks like one of a log: 2 surely, 1 perhaps, 0 not at all. */
static int line_evidence(pk_str line)
{
    const char *kind = line_kind_of(line);
    bool vague = !strcmp(kind, "text") || !strcmp(kind, "kv") || !strcmp(kind, "json");
    if (!vague || find_time(line, 100).len) return 2;
    if (!strcmp(kind, "json")) return line.ptr[0] == '{' ? 2 : 1;
    if (!strcmp(kind, "kv")) { /* markup and source have pairs, too, but don't begin with one */
        size_t equals = str_find_char(line, '='), at = 0;
        while (at < equals && (line.ptr[at] == '_' || (line.ptr[at] | 0x20) >= 'a')) at++;
        return at == equals ? 2 : 0;
    }
    for (pk_str rest = line, word; (word = next_token(&rest)).len;)
        if (word.len >= 7 && word.ptr[0] >= '0' && word.ptr[0] <= '9' && looks_like_ip(word)) return 1;
    return 0;
}

/* Bytes that no text has, in hundredths of all. */
static size_t share_of_binary(pk_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) n += (unsigned char)s.ptr[i] < 0x20 && !memchr("\t\n\v\f\r\x1b\x1d", s.ptr[i], 7);
    return s.len ? n * 100 / s.len : 0;
}

/* By its name: "auth.log", "app.log.2", "access_log", "syslog". */
static bool is_log_name(pk_str name)
{
    static const char *const names[] = {".log", "_log", "syslog", "messages", "secure", "maillog", ".audit", ".syslog"};
    size_t n = name.len;
    while (n > 0 && ((name.ptr[n - 1] >= '0' && name.ptr[n - 1] <= '9') || name.ptr[n - 1] == '.' || name.ptr[n - 1] == '-')) n--;
    name = str_slice(name, 0, n);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pk_str end = str_from(names[i]);
        if (name.len >= end.len && str_equal_ascii_fold(str_slice(name, name.len - end.len, end.len), end)) return true;
    }
    return false;
}

/*
 * The last resort, so never surer than 60: other formats know their own. A log has times or a known form in its lines (not
 * in all: traces span lines); prose, source and data have not. A name that says log helps where the lines say little.
 */
static int text_detect(pk_str head, pk_str file_name, bool whole)
{
    enum { LINES = 200 };
    arena *a = arena_new();
    pk_str s = text_of_head(a, head);
    size_t lines = 0, sure = 0, perhaps = 0;
    bool directives = false, first_sure = false;
    for (pk_str rest = s; rest.len && lines < LINES;) {
        size_t end = str_find_char(rest, '\n');
        if (end == STR_NPOS && !whole && lines > 0) break; /* maybe cut off */
        pk_str line = str_trim(str_slice(rest, 0, end));
        rest = str_slice(rest, end == STR_NPOS ? rest.len : end + 1, rest.len);
        if (line_is_blank(line)) continue;
        directives |= str_starts_with(line, STR("#Fields:"));
        if (is_directive(line)) continue;
        int evidence = line_evidence(utf8_repair(a, str_slice(line, 0, 4096)));
        first_sure |= lines == 0 && evidence == 2;
        lines++;
        sure += evidence == 2;
        perhaps += evidence == 1;
    }
    bool binary = share_of_binary(s) > 5, named = is_log_name(file_name);
    arena_free(a);
    if (binary) return 0;
    if (directives) return 90;
    if (lines == 0) return 0;
    if (sure * 2 >= lines || (first_sure && sure * 3 >= lines)) return 40 + (int)(20 * sure / lines);
    if ((sure + perhaps) * 2 >= lines) return 30;
    return named ? 20 : 0;
}

const format text_format = {
    .name = "text",
    .title = "lines of text: syslog, access logs, auditd, key=value, CEF",
    .extensions = ".log .txt",
    .detect = text_detect,
    .cut_new = text_cut_new,
    .cut = preamble_lines_cut,
    .cut_free = preamble_lines_free,
    .reader_new = text_reader_new,
    .reader_free = text_reader_free,
    .read = text_read,
};
