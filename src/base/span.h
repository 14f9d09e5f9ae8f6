/* A stretch of source text and where it stands, for messages and for showing the source of what fired. */
#ifndef PICKET_BASE_SPAN_H
#define PICKET_BASE_SPAN_H

#include <stdint.h>

typedef struct {
    uint32_t start, end;          /* bytes within the file */
    uint32_t line, column;        /* of start, from 1 */
    uint32_t end_line;
} span;

#endif
