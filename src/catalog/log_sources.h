/* Which event classes logs hold, so that coverage can be asked for what one really has. */
#ifndef PICKET_CATALOG_LOG_SOURCES_H
#define PICKET_CATALOG_LOG_SOURCES_H

#include "catalog/catalog.h"

/*
 * Reads and classifies every event of the logs (files, folders, archives). The answer, as of a query:
 * {"sources":[{"key","provider","event","title","events"}],"events","unknown"}, most events first; `key` is
 * as `sources` takes it ("=linux": without the classes below it). An event counts for each of
 * its classes (windows, windows/security, windows-security/4688); `unknown`: of none. VALUE_MISSING: *e says why; what is wrong with
 * single files and records is in `d`.
 */
value log_sources(store *s, pk_strs paths, const char *share, arena *a, query_error *e, diag_list *d);

#endif
