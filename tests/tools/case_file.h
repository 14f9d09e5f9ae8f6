/*
 * Files of cases: a series of
 *
 *     === title
 *     --- name of a block
 *     its lines
 *
 * What blocks mean is the business of each test. Also the two kinds of blocks that several tests have: a list (a line an entry) and a
 * table (a line of columns "name:string|number|regex|cidr", behind [] where it is repeated, then rows; commas between).
 */
#ifndef PICKET_TESTS_TOOLS_CASE_FILE_H
#define PICKET_TESTS_TOOLS_CASE_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "languages/language.h"

typedef struct { pk_str name, body; uint32_t line; } case_block;

typedef struct {
    pk_str title;
    VEC(case_block) blocks;
} case_text;

static inline pk_str next_line(pk_str *rest)
{
    size_t end = str_find_char(*rest, '\n');
    pk_str line = str_slice(*rest, 0, end == STR_NPOS ? rest->len : end);
    *rest = end == STR_NPOS ? STR("") : str_slice(*rest, end + 1, rest->len);
    return line;
}

/* Whole, in the arena; a file that cannot be read fails the test. */
static inline pk_str read_case_file(arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s", path);
    text t = {0};
    char buffer[65536];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) text_put(&t, (pk_str){buffer, n});
    fclose(f);
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

/* The next case, over the one before; `line` counts the lines that are read. false: there is none. */
static inline bool next_case(pk_str *rest, uint32_t *line, case_text *c)
{
    while (rest->len && !str_starts_with(*rest, STR("=== "))) next_line(rest), ++*line;
    c->blocks.len = 0;
    if (!rest->len) return false;
    pk_str title = next_line(rest);
    ++*line;
    c->title = str_slice(title, 4, title.len);
    while (rest->len && !str_starts_with(*rest, STR("=== "))) {
        pk_str at = next_line(rest);
        ++*line;
        if (str_starts_with(at, STR("--- "))) {
            vec_push(&c->blocks, ((case_block){str_trim(str_slice(at, 4, at.len)), {rest->ptr, 0}, *line}));
        } else if (c->blocks.len) {
            case_block *b = &c->blocks.at[c->blocks.len - 1];
            b->body.len = (size_t)(rest->len ? rest->ptr - b->body.ptr : at.ptr + at.len - b->body.ptr);
        }
    }
    return true;
}

static inline const case_block *find_block(const case_text *c, const char *name)
{
    for (size_t i = 0; i < c->blocks.len; i++)
        if (str_equal(c->blocks.at[i].name, str_from(name))) return &c->blocks.at[i];
    return NULL;
}

/* ---- lists and tables ---- */

static inline value_list read_list(arena *a, pk_str name, pk_str lines)
{
    value_list list = {.name = name};
    while (lines.len) {
        pk_str line = next_line(&lines);
        if (line.len) vec_push_in(a, &list.values.items, line);
    }
    return list;
}

static inline pk_str next_cell(pk_str *line)
{
    size_t end = str_find_char(*line, ',');
    if (end == STR_NPOS) end = line->len;
    pk_str cell = str_trim(str_slice(*line, 0, end));
    *line = str_slice(*line, end + 1, line->len);
    return cell;
}

static inline data_column column_of(pk_str cell)
{
    static const char *const types[] = {[COLUMN_STRING] = "string", [COLUMN_REGEX] = "regex", [COLUMN_CIDR] = "cidr", [COLUMN_NUMBER] = "number"};
    size_t colon = str_find_char(cell, ':');
    assert_true(colon != STR_NPOS);
    pk_str type = str_slice(cell, colon + 1, cell.len);
    bool repeated = str_ends_with(type, STR("[]"));
    if (repeated) type.len -= 2;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_equal(type, str_from(types[i]))) return (data_column){str_slice(cell, 0, colon), (data_column_type)i, repeated};
    fail_msg("no type of columns: " STR_FMT, STR_ARG(type));
    return (data_column){0};
}

static inline data_table read_table(arena *a, pk_str name, pk_str lines)
{
    VEC(data_column) columns = {0};
    VEC(pk_str) cells = {0};
    for (pk_str head = next_line(&lines); head.len;) vec_push_in(a, &columns, column_of(next_cell(&head)));
    while (lines.len) {
        pk_str line = next_line(&lines);
        for (size_t i = 0; line.len && i < columns.len; i++) vec_push_in(a, &cells, next_cell(&line));
    }
    return (data_table){name, columns.at, columns.len, cells.at, columns.len ? cells.len / columns.len : 0};
}

#endif
