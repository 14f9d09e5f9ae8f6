/* Rules as the files that they came from. A file of several rules holds those of the list, in its order. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "web/export.h"
#include "web/export_names.h"

enum { FILE_TIME = 315532800 }; /* 1980-01-01: files differ by what they hold alone */

typedef struct {
    pk_str path, file, syntax, source;
    int64_t line;
} part;

typedef struct {
    arena *arena;
    VEC(part) parts;
} collector;

static void take(const value *card, void *user)
{
    collector *c = user;
    pk_str file = text_at(card, "file");
    if (!file.len) file = arena_concat(c->arena, text_at(card, "key"), STR(".txt"));
    part p = {arena_str(c->arena, text_at(card, "path")), arena_str(c->arena, file), arena_str(c->arena, text_at(card, "syntax")),
              arena_str(c->arena, text_at(card, "source")), int_at(card, "line")};
    vec_push_in(c->arena, &c->parts, p);
}

static int by_place(const void *x, const void *y)
{
    const part *a = x, *b = y;
    int order = str_compare(a->path, b->path);
    return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

static la_ssize_t write_bytes(struct archive *x, void *user, const void *bytes, size_t len)
{
    (void)x;
    text_put(user, (pk_str){bytes, len});
    return (la_ssize_t)len;
}

static bool write_file(struct archive *x, pk_str name, pk_str content, arena *a)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, arena_cstring(a, name));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)content.len);
    archive_entry_set_mtime(entry, FILE_TIME, 0);
    bool good = archive_write_header(x, entry) == ARCHIVE_OK && archive_write_data(x, content.ptr, content.len) == (la_ssize_t)content.len;
    archive_entry_free(entry);
    return good;
}

/* The rules of one file; documents of YAML are parted as they were. */
static size_t join(const part *p, size_t count, text *out)
{
    size_t n = 0;
    text_clear(out);
    for (; n < count && (n == 0 || (p->path.len && str_equal(p[n].path, p->path))); n++) {
        if (out->len && out->ptr[out->len - 1] != '\n') text_put_char(out, '\n');
        if (n && str_equal(p[n].syntax, STR("yaml")) && !str_starts_with(p[n].source, STR("---"))) text_put_cstring(out, "---\n");
        else if (n) text_put_char(out, '\n');
        text_put(out, p[n].source);
    }
    return n;
}

static bool write_parts(struct archive *x, const collector *c)
{
    table used = {0};
    text content = {0};
    bool good = true;
    for (size_t i = 0; i < c->parts.len && good;) {
        pk_str name = export_file_name(c->arena, c->parts.at[i].file, &used);
        i += join(c->parts.at + i, c->parts.len - i, &content);
        good = write_file(x, name, text_view(&content), c->arena);
    }
    text_free(&content);
    table_free(&used);
    return good;
}

bool export_archive(store *s, const query *q, const argument_list *args, arena *a, text *out, query_error *e)
{
    collector c = {.arena = arena_new()};
    bool good = export_each_rule(s, q, args, true, take, &c, a, e);
    if (good) {
        struct archive *x = archive_write_new();
        if (c.parts.len) qsort(c.parts.at, c.parts.len, sizeof *c.parts.at, by_place);
        archive_write_add_filter_gzip(x);
        archive_write_set_format_pax_restricted(x);
        archive_write_set_options(x, "gzip:!timestamp");
        archive_write_set_bytes_in_last_block(x, 1);
        good = archive_write_open(x, out, NULL, write_bytes, NULL) == ARCHIVE_OK && write_parts(x, &c) && archive_write_close(x) == ARCHIVE_OK;
        if (!good) *e = (query_error){PK_ERROR_LIMIT, STR("the archive cannot be written")};
        archive_write_free(x);
    }
    arena_free(c.arena);
    return good;
}
