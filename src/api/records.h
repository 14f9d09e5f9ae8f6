/* Records of separated values (RFC 4180) in a text that is held whole. */
#ifndef PICKET_API_RECORDS_H
#define PICKET_API_RECORDS_H

#include "base/mem.h"

typedef struct { VEC(pk_str) cells; } csv_record;

/* Cuts the next record off `rest`, line ends inside quotes included, and adds its lines to *line. Blank lines are skipped.
 * false: there is none. Cells are trimmed views, or live in `a`. */
bool next_record(pk_str *rest, char separator, arena *a, csv_record *out, uint32_t *line);

#endif
