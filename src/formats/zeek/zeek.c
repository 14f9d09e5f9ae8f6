/* Zeek TSV: blocks of whole lines; a line is an event, a '#' line is none. A stream may hold several headers. */
#include "formats/zeek/zeek.h"

#include "base/unicode.h"
#include "formats/field_sink.h"
#include "formats/lines.h"
#include "formats/preamble_lines.h"
#include "formats/zeek/header.h"

/* ---- cutter ---- */

static void *zeek_cut_new(log_stream *stream, const cut_options *o, diag_list *d)
{
    (void)d;
    return preamble_lines_new(stream, o, &zeek_preamble);
}

/* ---- reader ---- */

struct zeek_reader {
    const path_set *paths;
    preamble lines;
    uint64_t read_version;                              /* of `lines`, in `header` */
    arena *header_arena, *arena;
    zeek_header header;
    field_sink sink;
};

static reader *zeek_reader_new(const path_set *paths)
{
    struct zeek_reader *z = mem_zalloc(1, sizeof *z);
    z->paths = paths;
    z->arena = arena_new();
    z->header_arena = arena_new();
    preamble_init(&z->lines, &zeek_preamble);
    z->header = zeek_header_read(&z->lines, paths, z->header_arena);
    return (reader *)z;
}

static void zeek_reader_free(reader *r)
{
    struct zeek_reader *z = (struct zeek_reader *)r;
    if (!z) return;
    preamble_free(&z->lines);
    arena_free(z->arena);
    arena_free(z->header_arena);
    sink_free(&z->sink);
    mem_free(z);
}

/* Puts the cells of a row; returns how many there were (counted only when all columns were looked at). */
static size_t put_row(const zeek_header *h, pk_str row, field_sink *s)
{
    if (h->column_count == 0) {
        sink_put_text(s, STR("message"), row);
        return 0;
    }
    if (h->path.len && (s->tree || h->path_wanted)) sink_put_text(s, STR("_path"), h->path);
    size_t n = 0;
    for (pk_str rest = row; rest.ptr; n++) {
        size_t end = str_find_char(rest, h->separator);
        pk_str cell = str_slice(rest, 0, end);
        rest = end == STR_NPOS ? (pk_str){NULL, 0} : str_slice(rest, end + 1, rest.len);
        if (n >= h->column_count || (!s->tree && !h->columns[n].wanted)) continue;
        value v = zeek_value(h, &h->columns[n], cell, s->arena);
        if (v.type != VALUE_MISSING) sink_put(s, h->columns[n].name, v);
    }
    return n;
}

static const value *zeek_tree(const event *e, arena *a)
{
    const struct zeek_reader *z = e->reader;
    field_sink sink = {0};
    sink_begin_tree(&sink, a);
    zeek_header h = z->header;
    h.path = arena_str(a, h.path);
    put_row(&h, arena_str(a, e->raw), &sink);
    for (size_t i = 0; i < sink.levels[0].record.fields.len; i++) {
        value_field *f = &sink.levels[0].record.fields.at[i];
        f->name = arena_str(a, f->name);
    }
    return sink_tree(&sink);
}

static void refresh_header(struct zeek_reader *z)
{
    if (z->read_version == z->lines.version) return;
    arena_reset(z->header_arena);
    z->header = zeek_header_read(&z->lines, z->paths, z->header_arena);
    z->read_version = z->lines.version;
}

static void note_ragged(const struct zeek_reader *z, const event_source *source, uint64_t line, size_t cells, diag_list *d)
{
    if (z->header.column_count == 0)
        diag_add(d, PK_WARNING, "zeek-no-header", line_place(source->file, line, 0), (pk_str){0}, NULL,
                 "no #fields line says what stands in this line");
    else if (cells != z->header.column_count)
        diag_add(d, PK_WARNING, "zeek-columns", line_place(source->file, line, 0), (pk_str){0}, NULL,
                 "%zu values, but #fields names %zu", cells, z->header.column_count);
}

static pk_status zeek_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                           uint64_t *damaged)
{
    (void)damaged;
    struct zeek_reader *z = (struct zeek_reader *)r;
    preamble_load(&z->lines, b->shared);
    line_walk walk = lines_of(b);
    uint64_t number;
    for (pk_str line; line_next(&walk, &line, &number);) {
        if (line.len && line.ptr[0] == '#') {
            preamble_apply(&z->lines, line);
            continue;
        }
        if (line_is_blank(line)) continue;
        refresh_header(z);
        arena_reset(z->arena);
        event e = {.format = &zeek_format, .source = *source, .tree = zeek_tree, .reader = z};
        e.raw = utf8_repair(z->arena, line);
        e.source.line = number;
        e.source.position = b->position + (number - b->line);
        e.source.record = -1;
        sink_begin_fields(&z->sink, z->paths, z->arena);
        size_t cells = put_row(&z->header, e.raw, &z->sink);
        note_ragged(z, source, number, cells, d);
        e.fields = z->sink.fields.at;
        e.field_count = z->sink.fields.len;
        if (!fn(&e, user)) return PK_STOPPED;
    }
    return PK_OK;
}

/* ---- detection ---- */

static int zeek_detect(pk_str head, pk_str file_name, bool whole)
{
    (void)file_name, (void)whole;
    arena *a = arena_new();
    pk_str s = text_of_head(a, head);
    int sure = 0;
    if (str_starts_with(s, STR("#separator "))) sure = 100;
    else if (s.len && s.ptr[0] == '#' && str_find(str_slice(s, 0, 4096), STR("\n#fields\t")) != STR_NPOS) sure = 95;
    else if (str_starts_with(s, STR("#fields\t"))) sure = 95;
    arena_free(a);
    return sure;
}

const format zeek_format = {
    .name = "zeek",
    .title = "Zeek logs (tab-separated, with #fields)",
    .extensions = ".log",
    .detect = zeek_detect,
    .cut_new = zeek_cut_new,
    .cut = preamble_lines_cut,
    .cut_free = preamble_lines_free,
    .reader_new = zeek_reader_new,
    .reader_free = zeek_reader_free,
    .read = zeek_read,
};
