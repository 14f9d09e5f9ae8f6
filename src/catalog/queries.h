/* The functions behind the rows of the table in queries.c: one file query_NAME.c each. */
#ifndef PICKET_CATALOG_QUERIES_H
#define PICKET_CATALOG_QUERIES_H

#include "catalog/filter.h"
#include "catalog/run.h"

#define QUERY(name) value query_##name(store *s, const query_arguments *args, arena *a, query_error *e)

QUERY(summary);
QUERY(rules);
QUERY(rule);
QUERY(technique);
QUERY(techniques);
QUERY(matrix);
QUERY(layer);
QUERY(sources);
QUERY(source);
QUERY(predicate);
QUERY(predicates);
QUERY(field);
QUERY(fields);
QUERY(search);
QUERY(compare);
QUERY(coverage);
QUERY(problems);
QUERY(run);

#endif
