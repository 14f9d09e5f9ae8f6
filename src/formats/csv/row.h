/* One record of separated values. */
#ifndef PICKET_FORMATS_CSV_ROW_H
#define PICKET_FORMATS_CSV_ROW_H

#include "base/mem.h"

/*
 * Cuts the next cell off `rest` (ptr NULL afterwards: it was the last). Quotes around it are taken away, doubled ones
 * undone in `a`, where what is not a view of the record goes.
 */
pk_str csv_next_cell(pk_str *rest, char separator, arena *a);

/* The separator of a header line: of ',' ';' tab and '|' the one that stands in it most often outside quotes; 0: none. */
char csv_separator_of(pk_str header);

/* Lines that may stand before the header: blank ones, "#TYPE ...", "sep=;" (which sets *separator). */
bool csv_is_before_header(pk_str line, char *separator);

size_t csv_count_cells(pk_str record, char separator);

#endif
