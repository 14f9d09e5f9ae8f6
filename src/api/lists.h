/* Lists and tables that rules name: lists.c, data_tables.c. */
#ifndef PICKET_API_LISTS_H
#define PICKET_API_LISTS_H

#include "api/api.h"
#include "base/unicode.h"

enum { LISTS_LIMIT = 64 << 20 };       /* bytes of a file */

/* An entry a line; comments from // on, or between / * and * / at the start of lines; blank lines say nothing. */
void parse_reference_list(pk_catalog *c, pk_str name, pk_str source);
/* CSV. The first line is a header, unless a configuration names the columns and it says something else. */
pk_status parse_data_table(pk_catalog *c, pk_str name, pk_str source, pk_str file);
/* data_table_config.yaml: by table the types of its columns. Before the tables. */
pk_status parse_table_config(pk_catalog *c, pk_str source, pk_str file);

#endif
