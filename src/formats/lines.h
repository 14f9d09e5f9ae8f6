/* Formats made of lines: where a line ends, and going through the lines of a block. */
#ifndef PICKET_FORMATS_LINES_H
#define PICKET_FORMATS_LINES_H

#include "formats/record_cutter.h"

extern const record_rule line_rule;

typedef struct {
    const char *at, *end;
    uint64_t number;                                    /* of the line at `at` */
} line_walk;

line_walk lines_of(const block *b);
/* The next line without its line break; *number is its number in the stream. False behind the last. */
bool line_next(line_walk *w, pk_str *line, uint64_t *number);
/* White space, and zeros that a crash left behind. */
bool line_is_blank(pk_str line);

#endif
