/*
 * The two kinds of blocks in files of cases that several tests have: a list (a line an entry) and a table (a line of columns
 * "name:string|number|regex|cidr", behind [] where it is repeated, then rows; commas between).
 */
#ifndef PICKET_TESTS_TOOLS_CASE_TABLES_H
#define PICKET_TESTS_TOOLS_CASE_TABLES_H

#include "case_file.h"
#include "languages/language.h"

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
