/*
 * The first record names the columns; every record behind it is an event whose fields are those columns. Records may span
 * lines where a cell is quoted. Cells are text; an empty one is blank (equal to '' and to null).
 */
#include "formats/csv/csv.h"

#include "base/hash.h"
#include "base/unicode.h"
#include "formats/csv/row.h"
#include "formats/field_sink.h"
#include "formats/lines.h"
#include "formats/text/times.h"

enum { COLUMN_LIMIT = 4096 };

/* ---- cutter ---- */

enum { CELL_START, PLAIN, QUOTED, QUOTE_IN_QUOTED };

/* A record ends at a line break outside of quotes. */
static size_t csv_end(record_scan *scan, const uint8_t *bytes, size_t len, bool last)
{
    for (; scan->at < len; scan->at++) {
        char c = (char)bytes[scan->at];
        if (scan->state == QUOTED) {
            const uint8_t *quote = memchr(bytes + scan->at, '"', len - scan->at);
            scan->at = quote ? (size_t)(quote - bytes) : len - 1;
            if (quote) scan->state = QUOTE_IN_QUOTED;
        } else if (c == '\n') {
            return scan->at + 1;
        } else if (c == '"' && scan->state == QUOTE_IN_QUOTED) {
            scan->state = QUOTED;
        } else if (c == '"' && scan->state == CELL_START && !scan->plain) {
            scan->state = QUOTED;
        } else {
            scan->state = c == scan->separator ? CELL_START : PLAIN;
        }
    }
    if (!last || scan->start == len) return 0;
    return scan->state == QUOTED ? 0 : len; /* a quote never closed must not swallow the rest of the file */
}

static size_t csv_resume(const uint8_t *bytes, size_t from, size_t len)
{
    const uint8_t *found = from < len ? memchr(bytes + from, '\n', len - from) : NULL;
    return found ? (size_t)(found - bytes) + 1 : STR_NPOS;
}

static const record_rule csv_rule = {"record", "csv-record", csv_end, csv_resume};

/* What all blocks of a stream share. */
typedef struct {
    text names;                                         /* the header record as it stands */
    char separator;
} csv_header;

typedef struct {
    record_cutter records;
    csv_header header;
    bool header_read;
} csv_cutter;

static void *csv_cut_new(log_stream *stream, const cut_options *o, diag_list *d)
{
    (void)d;
    csv_cutter *c = mem_zalloc(1, sizeof *c);
    record_cutter_init(&c->records, stream, o, &csv_rule);
    return c;
}

static pk_str without_line_break(pk_str s)
{
    if (s.len && s.ptr[s.len - 1] == '\n') s.len--;
    if (s.len && s.ptr[s.len - 1] == '\r') s.len--;
    return s;
}

/*
 * The header has to be known before records can be cut, since it tells the separator: the lines up to it are taken off the
 * front of the stream. "sep=;" (spreadsheets) and "#TYPE ..." (Export-Csv) may stand before it.
 */
static pk_status read_header(csv_cutter *c, diag_list *d)
{
    size_t block_size = c->records.block_size;
    c->records.rule = &line_rule;
    c->records.block_size = 1;
    block first = {0};
    pk_status status;
    while ((status = record_cut(&c->records, &first, d)) == PK_OK) {
        pk_str line = without_line_break((pk_str){(const char *)first.bytes, first.len});
        if (csv_is_before_header(line, &c->header.separator)) continue;
        if (!c->header.separator) c->header.separator = csv_separator_of(line);
        if (!c->header.separator) c->header.separator = ',';
        text_put(&c->header.names, line);
        c->header_read = true;
        break;
    }
    block_free(&first);
    c->records.rule = &csv_rule;
    c->records.separator = c->header.separator;
    c->records.block_size = block_size;
    c->records.number = 0;
    return status;
}

static pk_status csv_cut(void *cutter, block *b, diag_list *d)
{
    csv_cutter *c = cutter;
    if (!c->header_read) {
        pk_status status = read_header(c, d);
        if (status != PK_OK) return status;
    }
    b->shared = &c->header;
    return record_cut(&c->records, b, d);
}

static void csv_cut_free(void *cutter)
{
    csv_cutter *c = cutter;
    record_cutter_free(&c->records);
    text_free(&c->header.names);
    mem_free(c);
}

/* ---- reader ---- */

typedef struct {
    pk_str name;
    bool wanted;
} csv_column;

struct csv_reader {
    const path_set *paths;
    arena *arena, *header_arena;
    text header;                                        /* that the columns were read from */
    char separator;
    csv_column *columns;
    size_t column_count;
    field_sink sink;
};

static reader *csv_reader_new(const path_set *paths)
{
    struct csv_reader *c = mem_zalloc(1, sizeof *c);
    c->paths = paths;
    c->arena = arena_new();
    c->header_arena = arena_new();
    return (reader *)c;
}

static void csv_reader_free(reader *r)
{
    struct csv_reader *c = (struct csv_reader *)r;
    if (!c) return;
    arena_free(c->arena);
    arena_free(c->header_arena);
    text_free(&c->header);
    sink_free(&c->sink);
    mem_free(c);
}

static void read_columns(struct csv_reader *c, const csv_header *h)
{
    if (c->separator == h->separator && str_equal(text_view(&c->header), text_view(&h->names))) return;
    text_clear(&c->header);
    text_put(&c->header, text_view(&h->names));
    c->separator = h->separator;
    arena_reset(c->header_arena);
    pk_str rest = utf8_repair(c->header_arena, text_view(&c->header));
    size_t count = csv_count_cells(rest, c->separator);
    if (count > COLUMN_LIMIT) count = COLUMN_LIMIT;
    c->columns = ARENA_ARRAY(c->header_arena, csv_column, count);
    for (c->column_count = 0; c->column_count < count; c->column_count++) {
        pk_str name = str_trim(csv_next_cell(&rest, c->separator, c->header_arena));
        c->columns[c->column_count] = (csv_column){
            .name = name, .wanted = c->paths && path_child(c->paths, PATH_ROOT, name) != PATH_NONE};
    }
}

/* Returns the number of cells of the record. Cells without a column are only counted. */
static size_t put_record(const struct csv_reader *c, pk_str record, field_sink *s)
{
    size_t n = 0;
    for (pk_str rest = record; rest.ptr; n++) {
        pk_str cell = csv_next_cell(&rest, c->separator, s->arena);
        if (n < c->column_count && (s->tree || c->columns[n].wanted))
            sink_put_or_blank(s, c->columns[n].name, cell);
    }
    return n;
}

static const value *csv_tree(const event *e, arena *a)
{
    const struct csv_reader *c = e->reader;
    field_sink sink = {0};
    sink_begin_tree(&sink, a);
    put_record(c, arena_str(a, e->raw), &sink);
    for (size_t i = 0; i < sink.levels[0].record.fields.len; i++) {
        value_field *f = &sink.levels[0].record.fields.at[i];
        f->name = arena_str(a, f->name);
    }
    return sink_tree(&sink);
}

/*
 * The record at the start of bytes; its length with the line break. Where a quote is never closed (only the cutter's limit
 * leads here) quotes mean nothing in the rest of the block.
 */
static size_t record_length(char separator, const uint8_t *bytes, size_t len, bool *plain)
{
    record_scan scan = {.separator = separator, .plain = *plain};
    size_t end = csv_end(&scan, bytes, len, true);
    if (end) return end;
    *plain = true;
    end = csv_resume(bytes, 0, len);
    return end == STR_NPOS ? len : end;
}

static pk_status csv_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                          uint64_t *damaged)
{
    (void)damaged;
    struct csv_reader *c = (struct csv_reader *)r;
    read_columns(c, b->shared);
    uint64_t line = b->line, number = 0;
    bool plain = false;
    for (size_t at = 0, length; at < b->len; at += length) {
        length = record_length(c->separator, b->bytes + at, b->len - at, &plain);
        pk_str record = without_line_break((pk_str){(const char *)b->bytes + at, length});
        uint64_t first_line = line;
        line += count_newlines(b->bytes + at, length);
        if (line_is_blank(record)) continue;
        arena_reset(c->arena);
        event e = {.format = &csv_format, .source = *source, .tree = csv_tree, .reader = c};
        e.raw = utf8_repair(c->arena, record);
        e.source.line = first_line;
        e.source.position = b->position + number++; /* a record has a byte at least, so this stays in the block */
        e.source.record = -1;
        sink_begin_fields(&c->sink, c->paths, c->arena);
        size_t cells = put_record(c, e.raw, &c->sink);
        if (cells != c->column_count)
            diag_add(d, PK_WARNING, "csv-columns", line_place(source->file, first_line, 0), (pk_str){0}, NULL,
                     "%zu cells, but the header names %zu columns", cells, c->column_count);
        e.fields = c->sink.fields.at;
        e.field_count = c->sink.fields.len;
        if (!fn(&e, user)) return PK_STOPPED;
    }
    return PK_OK;
}

/* ---- detection ---- */

static bool has_extension(pk_str name, const char *extension)
{
    pk_str e = str_from(extension);
    return name.len >= e.len && str_equal_ascii_fold(str_slice(name, name.len - e.len, e.len), e);
}

/* A name that somebody would give a column: a few words, no number, no time, no markup. */
static bool is_column_name(pk_str name)
{
    if (name.len == 0 || name.len > 64) return false;
    bool letters = false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || strchr("<>{}[]=\"\\!?;*", c)) return false;
        letters |= (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        letters |= c >= 0x80;
    }
    return letters && find_time(name, name.len).len == 0;
}

static bool is_time_name(pk_str name)
{
    char low[65];
    for (size_t i = 0; i < name.len; i++) low[i] = (char)(name.ptr[i] | 0x20);
    pk_str s = {low, name.len};
    return str_find(s, STR("time")) != STR_NPOS || str_find(s, STR("date")) != STR_NPOS || str_equal(s, STR("ts"));
}

/* All names are names, and no two are the same. *has_time: one of them says that it holds a time. *prose: it reads like it. */
static bool is_header(pk_str line, char separator, arena *a, bool *has_time, bool *prose)
{
    table seen = {0};
    bool good = true;
    for (pk_str rest = line; rest.ptr && good;) {
        pk_str cell = csv_next_cell(&rest, separator, a), name = str_trim(cell);
        if (name.len == 0 && !rest.ptr) break; /* a separator at the end of the line */
        *prose |= cell.ptr != name.ptr || (name.len && strchr(".:", name.ptr[name.len - 1]));
        good = is_column_name(name) && table_put(&seen, name, 0);
        if (good) *has_time |= is_time_name(name);
    }
    table_free(&seen);
    return good;
}

static int csv_detect(pk_str head, pk_str file_name, bool whole)
{
    arena *a = arena_new();
    pk_str rest = text_of_head(a, head), line;
    bool named = has_extension(file_name, ".csv") || has_extension(file_name, ".tsv"), has_time = false, prose = false;
    char separator = 0;
    do {
        size_t end = str_find_char(rest, '\n');
        line = without_line_break(str_slice(rest, 0, end == STR_NPOS ? rest.len : end + 1));
        rest = str_slice(rest, end == STR_NPOS ? rest.len : end + 1, rest.len);
    } while (rest.len && csv_is_before_header(line, &separator));
    if (!separator) separator = csv_separator_of(line);

    int sure = 0;
    size_t columns = separator ? csv_count_cells(line, separator) : 0, records = 0, even = 0;
    if (columns >= 2 && memchr(rest.ptr, 0, rest.len) == NULL && is_header(line, separator, a, &has_time, &prose)) {
        bool plain = false;
        while (rest.len && records < 50) {
            size_t length = record_length(separator, (const uint8_t *)rest.ptr, rest.len, &plain);
            if (length == rest.len && !whole && records) break; /* maybe cut off */
            pk_str record = without_line_break(str_slice(rest, 0, length));
            rest = str_slice(rest, length, rest.len);
            if (line_is_blank(record)) continue;
            records++;
            even += csv_count_cells(record, separator) == columns;
        }
        if (records ? even * 10 >= records * 9 : named && whole) sure = named ? 80 : has_time && !prose && columns > 2 ? 75 : 0;
        else if (named && even * 2 >= records) sure = 60;
    }
    arena_free(a);
    return sure;
}

const format csv_format = {
    .name = "csv",
    .title = "separated values with a header line",
    .extensions = ".csv .tsv",
    .detect = csv_detect,
    .cut_new = csv_cut_new,
    .cut = csv_cut,
    .cut_free = csv_cut_free,
    .reader_new = csv_reader_new,
    .reader_free = csv_reader_free,
    .read = csv_read,
};
