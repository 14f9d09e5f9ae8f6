/* The table of pages: address, query, view, template. A new page is one line, a view and a template. */
#ifndef PICKET_WEB_ROUTES_H
#define PICKET_WEB_ROUTES_H

#include "web/view.h"

struct route {
    const char *path;             /* names in braces are parameters of the query */
    const char *query;            /* of catalog_queries; NULL: the page needs none */
    const char *template;
    value (*view)(page *p, const value *v);
    const char *section;          /* entry of the navigation */
    const char *list;             /* key of the list that is exported (.csv, .ndjson); NULL: none */
    bool form;                    /* takes a POST, whose fields are arguments too */
    unsigned per;                 /* items of a list, unless the address says; 0: as the query has it */
    bool bare;                    /* with fewer than two arguments it is a form, and asks nothing */
};

extern const route routes[];      /* end with a NULL path; the first that fits */

/* The route of a path without suffix, and its names. NULL: none. */
const route *route_find(arena *a, pk_str path, argument_list *names);

/* Main entries of every page. */
typedef struct {
    const char *title, *section;
    place place;
    bool files;                   /* is there as a file too */
} navigation_entry;

extern const navigation_entry navigation[]; /* end with a NULL title */

#endif
