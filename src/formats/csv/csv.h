/* Separated values with a header line (RFC 4180 and its relatives): exports of event viewers, databases, spreadsheets. */
#ifndef PICKET_FORMATS_CSV_CSV_H
#define PICKET_FORMATS_CSV_CSV_H

#include "formats/format.h"

extern const format csv_format;

#endif
