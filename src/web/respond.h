/* Answers by path, in parts that the site writer and tests use as well. */
#ifndef PICKET_WEB_RESPOND_H
#define PICKET_WEB_RESPOND_H

#include "web/assets.h"
#include "web/routes.h"

struct web {
    arena *arena;
    shipped_files files;
    template_set *templates;
    uint64_t stamp;               /* of this start: answers of an earlier one are asked for again */
};

/* One page out of its query's answer. `out` gets HTML. false: a template is missing. */
bool page_render(const web *w, page *p, const value *answer, text *out);
/* The page of an error. */
void page_render_error(const web *w, page *p, int status, pk_str message, text *out);
pk_str asset_address(const web *w, const page *p, pk_str name);

/* api.c: everything below /api/v1. */
void api_handle(const web *w, store *s, const web_request *r, arena *a, web_response *out);

/* export.c: a list as NDJSON or CSV, all pages of it (bounded by EXPORT_MOST rows). */
typedef enum { EXPORT_NDJSON, EXPORT_CSV, EXPORT_QUERIES } export_form;
/* VALUE_MISSING of the first page's query: *e says why and false is returned. */
bool export_list(store *s, const query *q, const argument_list *args, const char *list, export_form form, arena *a, text *out, query_error *e);

/* The arguments as a query takes them. `known`: only those that it knows. */
query_arguments arguments_for(arena *a, const query *q, const argument_list *l, bool known);
int status_of(pk_status s);

#endif
