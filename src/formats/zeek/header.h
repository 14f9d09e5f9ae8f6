/* What the '#' lines of a Zeek log say: the columns, and how values are written. Private to this folder. */
#ifndef PICKET_FORMATS_ZEEK_HEADER_H
#define PICKET_FORMATS_ZEEK_HEADER_H

#include "formats/preamble.h"

extern const preamble_rule zeek_preamble;

typedef enum { ZEEK_TEXT, ZEEK_BOOL, ZEEK_INT, ZEEK_REAL } zeek_kind;

typedef struct {
    pk_str name;
    zeek_kind kind;
    bool many;                                          /* a set or vector of this kind */
    bool wanted;                                        /* by the paths of the reader */
} zeek_column;

enum { ZEEK_COLUMN_LIMIT = 4096 };

typedef struct {
    char separator;
    pk_str set_separator, empty_field, unset_field, path;
    zeek_column *columns;
    size_t column_count;
    bool path_wanted;
} zeek_header;

/* Reads the lines that hold now. The result lives in `a` and refers to nothing else. */
zeek_header zeek_header_read(const preamble *p, const path_set *paths, arena *a);

/* The value of one cell; VALUE_MISSING where the cell is unset. Text stays a view of `cell` where it can. */
value zeek_value(const zeek_header *h, const zeek_column *c, pk_str cell, arena *a);

#endif
