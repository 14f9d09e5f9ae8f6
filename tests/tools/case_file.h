/*
 * Files of cases: a series of
 *
 *     === title
 *     --- name of a block
 *     its lines
 *
 * What blocks mean is the business of each test.
 */
#ifndef PICKET_TESTS_TOOLS_CASE_FILE_H
#define PICKET_TESTS_TOOLS_CASE_FILE_H

#include "whole_file.h"

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

#endif
