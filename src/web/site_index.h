/* The search index of a site: lines of a script (share/web/assets/picket.js reads them). */
#ifndef PICKET_WEB_SITE_INDEX_H
#define PICKET_WEB_SITE_INDEX_H

#include "web/respond.h"

/* One rule, out of the answer of the query `rule`. */
void put_index_rule(text *t, const linker *l, const value *rule);
/* Techniques, event classes, fields. */
void put_index_others(text *t, store *s, arena *a);

#endif
