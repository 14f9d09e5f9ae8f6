/*
 * Answers as text. Texts of rules are hostile: on a terminal control characters, escapes and marks that turn the direction of writing
 * are made visible, in CSV nothing starts a formula.
 */
#include "catalog/table.h"

#include <utf8proc.h>

#include "base/unicode.h"

enum { GAP = 2, LEAST_WIDTH = 8, DEPTH = 24, CELL_LIMIT = 2000, LONG_TEXT = 400 };

/* ---- what stands in a cell ---- */

static bool put_member(text *out, const value *record, const char *name)
{
    const value *v = value_get(record, str_from(name));
    if (!v || v->type != VALUE_STRING || !v->as.string.len) return false;
    text_put(out, v->as.string);
    return true;
}

/* A record in one cell: what a person calls it by. */
static void put_record_name(text *out, const value *v)
{
    static const char *const names[] = {"title", "name", "value", "field", "key", "host", "message"};
    if (put_member(out, v, "id") && value_get(v, STR("name"))) text_put_char(out, ' ');
    else if (value_get(v, STR("id")) && !value_get(v, STR("title"))) return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (put_member(out, v, names[i])) return;
    value_write_json(out, v);
}

static void put_cell(text *out, const value *v, unsigned depth)
{
    if (out->len > CELL_LIMIT) return;
    switch (v->type) {
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: return;
    case VALUE_BOOL: text_put_cstring(out, v->as.boolean ? "yes" : "no"); return;
    case VALUE_INT: text_put_int(out, v->as.integer); return;
    case VALUE_UINT: text_printf(out, "%llu", (unsigned long long)v->as.unsigned_integer); return;
    case VALUE_FLOAT: text_put_double(out, v->as.real); return;
    case VALUE_STRING: text_put(out, v->as.string); return;
    case VALUE_TIME: text_put_int(out, v->as.time); return;
    case VALUE_RECORD: put_record_name(out, v); return;
    case VALUE_LIST:
        for (size_t i = 0; i < v->as.list.count && depth < DEPTH; i++) {
            if (i) text_put_cstring(out, ", ");
            put_cell(out, &v->as.list.items[i], depth + 1);
        }
        return;
    }
}

/* "rule.title"; a member of the records of a list gives all of them. */
static void put_path(text *out, const value *row, pk_str path, unsigned depth)
{
    size_t dot = str_find_char(path, '.');
    const value *v = value_get(row, str_slice(path, 0, dot));
    if (!v) return;
    if (dot == STR_NPOS) {
        put_cell(out, v, 0);
        return;
    }
    pk_str rest = str_slice(path, dot + 1, STR_NPOS);
    if (v->type != VALUE_LIST) put_path(out, v, rest, depth + 1);
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count && depth < DEPTH && out->len <= CELL_LIMIT; i++) {
        if (i) text_put_cstring(out, ", ");
        put_path(out, &v->as.list.items[i], rest, depth + 1);
    }
}

static const value *find_path(const value *v, pk_str path)
{
    while (v && path.len) {
        size_t dot = str_find_char(path, '.');
        v = value_get(v, str_slice(path, 0, dot));
        path = dot == STR_NPOS ? STR("") : str_slice(path, dot + 1, STR_NPOS);
    }
    return v;
}

/* ---- columns ---- */

static unsigned columns_of(pk_str s)
{
    unsigned n = 0;
    for (size_t at = 0; at < s.len;) {
        int w = utf8proc_charwidth((utf8proc_int32_t)utf8_next(s, &at));
        n += w > 0 ? (unsigned)w : 0;
    }
    return n;
}

/* Pads to `width` columns, or cuts there. */
static void put_column_text(text *out, pk_str s, unsigned width, bool pad)
{
    unsigned used = 0, total = columns_of(s);
    size_t at = 0;
    bool cut = total > width;
    while (at < s.len) {
        size_t next = at;
        int w = utf8proc_charwidth((utf8proc_int32_t)utf8_next(s, &next));
        unsigned wide = w > 0 ? (unsigned)w : 0;
        if (used + wide > (cut ? width - 1 : width)) break;
        text_put(out, str_slice(s, at, next - at));
        used += wide;
        at = next;
    }
    if (cut) {
        text_put_cstring(out, "\xe2\x80\xa6");
        used++;
    }
    for (; pad && used < width; used++) text_put_char(out, ' ');
}

typedef struct {
    size_t columns, rows;
    pk_str *cells;                /* row by row, the first row of names */
    unsigned *widths;
    arena *arena;
} grid;

static pk_str shown(arena *a, const text *cell)
{
    text safe = {0};
    text_put_terminal(&safe, text_view(cell));
    pk_str s = arena_str(a, text_view(&safe));
    text_free(&safe);
    return s;
}

static pk_str heading(arena *a, const char *name)
{
    const char *dot = strrchr(name, '.');
    char *s = arena_cstring(a, str_from(name));
    if (dot && strncmp(name, "values.", 7) == 0) s += 7;
    for (char *c = s; *c; c++)
        if (*c == '_' || *c == '.') *c = ' ';
        else if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 32);
    return str_from(s);
}

/* Takes room from the widest column until the line fits. */
static void fit_widths(grid *g, unsigned width)
{
    for (;;) {
        unsigned total = (unsigned)(g->columns ? g->columns - 1 : 0) * GAP;
        size_t widest = 0;
        for (size_t c = 0; c < g->columns; c++) {
            total += g->widths[c];
            if (g->widths[c] > g->widths[widest]) widest = c;
        }
        if (total <= width || g->widths[widest] <= LEAST_WIDTH) return;
        unsigned over = total - width, second = LEAST_WIDTH;
        for (size_t c = 0; c < g->columns; c++)
            if (c != widest && g->widths[c] > second) second = g->widths[c];
        unsigned take = g->widths[widest] > second ? g->widths[widest] - second : 1;
        g->widths[widest] -= take < over ? take : over;
    }
}

static void write_grid(text *out, grid *g, unsigned width, unsigned indent)
{
    for (size_t c = 0; c < g->columns; c++)
        for (size_t r = 0; r < g->rows; r++) {
            unsigned w = columns_of(g->cells[r * g->columns + c]);
            if (w > g->widths[c]) g->widths[c] = w;
        }
    if (width) fit_widths(g, width > indent ? width - indent : 1);
    for (size_t r = 0; r < g->rows; r++) {
        text_printf(out, "%*s", (int)indent, "");
        for (size_t c = 0; c < g->columns; c++) {
            if (c) text_printf(out, "%*s", GAP, "");
            put_column_text(out, g->cells[r * g->columns + c], g->widths[c], c + 1 < g->columns);
        }
        text_put_char(out, '\n');
    }
}

static void write_list(text *out, const value *list, const char *const *columns, size_t count, unsigned width, unsigned indent)
{
    arena *a = arena_new();
    size_t rows = list->as.list.count + 1;
    grid g = {count, rows, ARENA_ARRAY(a, pk_str, rows * count + 1), ARENA_ARRAY(a, unsigned, count + 1), a};
    text cell = {0};
    for (size_t c = 0; c < count; c++) g.cells[c] = heading(a, columns[c]);
    for (size_t r = 1; r < rows; r++)
        for (size_t c = 0; c < count; c++) {
            text_clear(&cell);
            put_path(&cell, &list->as.list.items[r - 1], str_from(columns[c]), 0);
            g.cells[r * count + c] = shown(a, &cell);
        }
    write_grid(out, &g, width, indent);
    text_free(&cell);
    arena_free(a);
}

/* ---- all of a record, indented ---- */

static bool is_scalar(const value *v) { return v->type != VALUE_LIST && v->type != VALUE_RECORD; }

static bool all_scalars(const value *v)
{
    for (size_t i = 0; i < v->as.list.count; i++)
        if (!is_scalar(&v->as.list.items[i])) return false;
    return true;
}

/* A text of several lines keeps them; each is made safe by itself. */
static void write_lines(text *out, pk_str s, unsigned indent)
{
    for (;;) {
        size_t end = str_find_char(s, '\n');
        text_printf(out, "%*s", (int)indent, "");
        text_put_terminal(out, str_slice(s, 0, end));
        text_put_char(out, '\n');
        if (end == STR_NPOS || end + 1 >= s.len) return;
        s = str_slice(s, end + 1, STR_NPOS);
    }
}

static void write_outline(text *out, const value *record, unsigned width, unsigned indent, unsigned depth);

static void write_records(text *out, const value *list, unsigned width, unsigned indent, unsigned depth)
{
    const char *columns[24];
    size_t count = 0;
    arena *a = arena_new();
    bool flat = true;
    for (size_t i = 0; i < list->as.list.count && i < 50; i++) {
        const value *r = &list->as.list.items[i];
        for (size_t f = 0; r->type == VALUE_RECORD && f < r->as.record.count; f++) {
            const value *v = &r->as.record.fields[f].value;
            bool known = v->type == VALUE_NULL;
            for (size_t c = 0; c < count; c++) known |= str_equal(str_from(columns[c]), r->as.record.fields[f].name);
            if (!known && count < 24) columns[count++] = arena_cstring(a, r->as.record.fields[f].name);
            flat &= v->type != VALUE_STRING || (v->as.string.len < LONG_TEXT && str_find_char(v->as.string, '\n') == STR_NPOS);
        }
    }
    if (flat) write_list(out, list, columns, count, width, indent);
    for (size_t i = 0; !flat && i < list->as.list.count; i++) {
        if (i) text_put_char(out, '\n');
        write_outline(out, &list->as.list.items[i], width, indent, depth + 1);
    }
    arena_free(a);
}

static void write_member(text *out, pk_str name, const value *v, unsigned width, unsigned indent, unsigned depth)
{
    enum { NAME_WIDTH = 18 };
    bool lines = v->type == VALUE_STRING && str_find_char(v->as.string, '\n') != STR_NPOS;
    bool inside = v->type == VALUE_RECORD || (v->type == VALUE_LIST && v->as.list.count && !all_scalars(v));
    if (v->type == VALUE_NULL || (v->type == VALUE_LIST && !v->as.list.count) || (v->type == VALUE_RECORD && !v->as.record.count)) return;
    if (inside && depth == 0) text_put_char(out, '\n');
    text_printf(out, "%*s", (int)indent, "");
    text_put_terminal(out, name);
    if (lines || inside) {
        text_put_char(out, '\n');
        if (lines) write_lines(out, v->as.string, indent + 2);
        else if (v->type == VALUE_RECORD) write_outline(out, v, width, indent + 2, depth + 1);
        else write_records(out, v, width, indent + 2, depth + 1);
        return;
    }
    for (size_t i = columns_of(name); i < NAME_WIDTH - 1; i++) text_put_char(out, ' ');
    text_put_char(out, ' ');
    text cell = {0};
    put_cell(&cell, v, 0);
    text_put_terminal(out, text_view(&cell));
    text_put_char(out, '\n');
    text_free(&cell);
}

static void write_outline(text *out, const value *record, unsigned width, unsigned indent, unsigned depth)
{
    if (record->type != VALUE_RECORD || depth > DEPTH) return;
    for (size_t i = 0; i < record->as.record.count; i++)
        write_member(out, record->as.record.fields[i].name, &record->as.record.fields[i].value, width, indent, depth);
}

/* ---- by the query's row ---- */

static size_t column_count(const query *q)
{
    size_t n = 0;
    while (q->columns && q->columns[n]) n++;
    return n;
}

static bool is_of_one(const query *q) { return !q->rows || strchr(q->path, '{'); }

/* "1-50 of 3041" under a list, if its record says so. */
static void write_page(text *out, const query *q, const value *answer)
{
    pk_str rows = str_from(q->rows);
    size_t dot = str_find_char(rows, '.');
    const value *page = dot == STR_NPOS ? answer : find_path(answer, str_slice(rows, 0, dot));
    const value *total = page ? value_get(page, STR("total")) : NULL, *from = page ? value_get(page, STR("from")) : NULL;
    const value *to = page ? value_get(page, STR("to")) : NULL, *of = page ? value_get(page, STR("of")) : NULL;
    if (!total || !from || !to || !of || total->type != VALUE_INT) return;
    if (total->as.integer) text_printf(out, "\n%lld-%lld of %lld", (long long)from->as.integer, (long long)to->as.integer, (long long)total->as.integer);
    else text_put_cstring(out, "\nnone");
    if (of->as.integer != total->as.integer) text_printf(out, " (of %lld without filters)", (long long)of->as.integer);
    text_put_char(out, '\n');
}

void write_table(text *out, const query *q, const value *answer, unsigned width)
{
    const value *list = q->rows ? find_path(answer, str_from(q->rows)) : NULL;
    if (is_of_one(q) || !list || list->type != VALUE_LIST) {
        write_outline(out, answer, width, 0, 0);
        return;
    }
    write_list(out, list, q->columns, column_count(q), width, 0);
    write_page(out, q, answer);
}

/* ---- CSV ---- */

static void put_csv_header(text *out, const query *q)
{
    for (size_t c = 0; c < column_count(q); c++) {
        if (c) text_put_char(out, ',');
        text_put_csv(out, str_from(q->columns[c]));
    }
    text_put_cstring(out, "\r\n");
}

/* Without a list: a line for each member, its path before it. */
static void put_csv_members(text *out, const value *v, text *path, unsigned depth)
{
    if (depth > DEPTH) return;
    size_t count = v->type == VALUE_RECORD ? v->as.record.count : v->type == VALUE_LIST ? v->as.list.count : 0, len = path->len;
    for (size_t i = 0; i < count; i++) {
        if (len) text_put_char(path, '.');
        if (v->type == VALUE_RECORD) text_put(path, v->as.record.fields[i].name);
        else text_put_int(path, (int64_t)i);
        put_csv_members(out, v->type == VALUE_RECORD ? &v->as.record.fields[i].value : &v->as.list.items[i], path, depth + 1);
        path->len = len;
    }
    if (!is_scalar(v)) return;
    text cell = {0};
    put_cell(&cell, v, 0);
    text_put_csv(out, text_view(path));
    text_put_char(out, ',');
    text_put_csv(out, text_view(&cell));
    text_put_cstring(out, "\r\n");
    text_free(&cell);
}

void write_csv(text *out, const query *q, const value *answer)
{
    const value *list = q->rows ? find_path(answer, str_from(q->rows)) : NULL;
    text cell = {0};
    if (!list || list->type != VALUE_LIST) {
        text_put_cstring(out, "key,value\r\n");
        put_csv_members(out, answer, &cell, 0);
        text_free(&cell);
        return;
    }
    put_csv_header(out, q);
    for (size_t r = 0; r < list->as.list.count; r++) {
        for (size_t c = 0; c < column_count(q); c++) {
            text_clear(&cell);
            put_path(&cell, &list->as.list.items[r], str_from(q->columns[c]), 0);
            if (c) text_put_char(out, ',');
            text_put_csv(out, text_view(&cell));
        }
        text_put_cstring(out, "\r\n");
    }
    text_free(&cell);
}
