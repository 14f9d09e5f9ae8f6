/* Diagnostics like those of compilers: the place first, then what was found, then what would be right, then the code. */
#include "base/hash.h"
#include "cli/report.h"

#include <stdio.h>

/* Lines of the files that diagnostics speak of; the last file is kept, as many in a row are of the same. */
typedef struct {
    char *path;
    text content;
} source_file;

static void load(source_file *f, pk_str path)
{
    if (f->path && str_equal(str_from(f->path), path)) return;
    mem_free(f->path);
    f->path = mem_cstring(path);
    text_clear(&f->content);
    FILE *in = fopen(f->path, "rbe");
    char buffer[16384];
    size_t n;
    while (in && f->content.len < 16 << 20 && (n = fread(buffer, 1, sizeof buffer, in)) > 0) text_put(&f->content, (pk_str){buffer, n});
    if (in) fclose(in);
}

static pk_str line_of(const source_file *f, uint32_t number)
{
    pk_str left = text_view(&f->content);
    for (uint32_t i = 1; left.len; i++) {
        size_t end = str_find_char(left, '\n');
        if (i == number) return str_slice(left, 0, end);
        if (end == STR_NPOS) break;
        left = str_slice(left, end + 1, left.len);
    }
    return (pk_str){"", 0};
}

/* The line, and below it '^~~~' at the marked text. Long lines are cut around the mark. */
static void put_source(text *out, source_file *f, const pk_diagnostic *d)
{
    enum { SHOWN = 110, BEFORE = 60 };
    if (!d->file.len || !d->line || !d->column) return;
    load(f, d->file);
    pk_str line = line_of(f, d->line);
    size_t mark = d->column - 1, from = mark > BEFORE ? mark - BEFORE : 0;
    if (mark > line.len || !str_trim(line).len) return;
    pk_str shown = str_slice(line, from, SHOWN);
    text_put_cstring(out, "    ");
    for (size_t i = 0; i < shown.len; i++) { /* byte by byte, so that the mark below stays in its column */
        char c = shown.ptr[i];
        text_put_char(out, c == '\t' || (unsigned char)c < 0x20 || c == 0x7f ? ' ' : (unsigned char)c >= 0x80 ? '?' : c);
    }
    text_printf(out, "\n    %*s^", (int)(mark - from), "");
    for (uint32_t i = 1; i < d->length && mark - from + i < SHOWN; i++) text_put_char(out, '~');
    text_put_char(out, '\n');
}

static const char *color_of(pk_severity severity)
{
    switch (severity) {
    case PK_ERROR: return "\x1b[31;1m";
    case PK_UNSUPPORTED: case PK_NEEDS_LIST: return "\x1b[35;1m";
    case PK_WARNING: return "\x1b[33;1m";
    case PK_NOTE: case PK_SEVERITIES: break;
    }
    return "\x1b[36;1m";
}

static void put_diagnostic(text *out, const pk_diagnostic *d, bool color)
{
    if (d->file.len) {
        text_put_terminal(out, d->file);
        if (d->line) text_printf(out, ":%u", d->line);
        if (d->column) text_printf(out, ":%u", d->column);
        text_put_cstring(out, ": ");
    } else if (d->rule.len) {
        text_put_terminal(out, d->rule);
        text_put_cstring(out, ": ");
    } else {
        text_put_cstring(out, "picket: ");
    }
    text_printf(out, "%s%s:%s ", color ? color_of(d->severity) : "", pk_severity_text(d->severity), color ? "\x1b[0m" : "");
    text_put_terminal(out, d->message);
    if (d->hint.len) {
        text_put_cstring(out, "; ");
        text_put_terminal(out, d->hint);
    }
    text_printf(out, " [%s]\n", d->code);
}

void report_diagnostics(out_stream *to, const pk_diagnostics *d, const diagnostics_view *how)
{
    text out = {0};
    table shown = {0};
    source_file file = {0};
    size_t left_out = pk_diagnostics_dropped(d);
    for (size_t i = 0; i < pk_diagnostics_count(d); i++) {
        const pk_diagnostic *item = pk_diagnostics_at(d, i);
        if (item->severity < how->least) continue;
        uint32_t n = table_get(&shown, str_from(item->code));
        n = n == TABLE_NONE ? 1 : n + 1;
        table_set(&shown, str_from(item->code), n);
        if (how->per_code && n > how->per_code) {
            left_out++;
            continue;
        }
        text_clear(&out);
        put_diagnostic(&out, item, to->color);
        if (how->source) put_source(&out, &file, item);
        out_write(to, text_view(&out));
    }
    if (left_out) {
        text_clear(&out);
        text_printf(&out, "picket: %zu more like these\n", left_out);
        out_write(to, text_view(&out));
    }
    table_free(&shown);
    text_free(&out);
    text_free(&file.content);
    mem_free(file.path);
}

void report_diagnostic(const pk_diagnostic *d, void *to)
{
    text out = {0};
    put_diagnostic(&out, d, ((out_stream *)to)->color);
    out_write(to, text_view(&out));
    text_free(&out);
}
