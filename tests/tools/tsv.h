/* Tables as text: a line a row, tabs between fields; the first line names the columns, lines that begin with # are comments. */
#ifndef PICKET_TESTS_TOOLS_TSV_H
#define PICKET_TESTS_TOOLS_TSV_H

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

enum { TSV_FIELDS = 8 };

/* The fields of a line between tabs; returns how many. */
static inline size_t tsv_split(char *line, pk_str *out, size_t limit)
{
    size_t n = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *at = line; n < limit; n++) {
        char *tab = strchr(at, '\t');
        out[n] = (pk_str){at, tab ? (size_t)(tab - at) : strlen(at)};
        if (!tab) return n + 1;
        at = tab + 1;
    }
    return n;
}

/* Calls `row` for each row of at least two fields; they live until it returns. false: the file cannot be read. */
static inline bool tsv_read(const char *path, void (*row)(const pk_str *fields, size_t n, void *user), void *user)
{
    FILE *in = fopen(path, "r");
    if (!in) return false;
    char *line = NULL;
    size_t cap = 0;
    bool first = true;
    while (getline(&line, &cap, in) >= 0) {
        pk_str fields[TSV_FIELDS];
        if (line[0] == '#') continue;
        size_t n = tsv_split(line, fields, TSV_FIELDS);
        if (!first && n >= 2) row(fields, n, user);
        first = false;
    }
    free(line);
    fclose(in);
    return true;
}

#endif
