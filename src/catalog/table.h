/* Answers as text: a table for terminals, CSV. (JSON is value_write_json.) */
#ifndef PICKET_CATALOG_TABLE_H
#define PICKET_CATALOG_TABLE_H

#include "catalog/catalog.h"

/* The list that the query's row names, in columns cut to `width` (0: not cut); of a query about one thing all of it, indented. */
void write_table(text *out, const query *q, const value *answer, unsigned width);
/* RFC 4180 with a header; never starts a formula. */
void write_csv(text *out, const query *q, const value *answer);

#endif
