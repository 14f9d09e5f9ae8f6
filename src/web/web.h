/*
 * The pages: a request in, a response out, over the queries of catalog/catalog.h. What is in front of it (HTTP server, writer
 * of static files, tests, fuzzers) only carries requests and responses.
 *
 *   web.h     request -> route (routes.c: one table of path, query, template) -> query's value -> view -> template -> response
 *   server.c  libmicrohttpd: connections, limits, deadlines, Host, tokens
 *   site.c    every page as a file
 *
 * Templates (share/web/templates) are Mustache and escape what they are given; assets (share/web/assets) are the style sheet and
 * the scripts. Nothing of a rule reaches a page but through a template's escaped names.
 */
#ifndef PICKET_WEB_WEB_H
#define PICKET_WEB_WEB_H

#include "catalog/catalog.h"

typedef struct web web;

/* Templates and assets, parsed once; constant, shared by threads. Errors in them (a broken share) are in `d`. */
pk_status web_new(web **out, const char *share_web, diag_list *d);
void web_free(web *w);

/* For which kind of place links are written. */
typedef enum { LINKS_SERVER, LINKS_FILES } link_style;

typedef struct {
    pk_str method;                /* "GET", "HEAD", "POST" */
    pk_str path;                  /* as sent, percent-encoded, without the query: "/rules/sigma/x" */
    pk_str query;                 /* what follows '?', as sent */
    pk_str if_none_match;
    pk_str accept;                /* "application/json" asks for the JSON of a page */
    query_arguments form;         /* fields of a POST's form, files as their content (the layer of the matrix); at most 4 MB */
    link_style links;
} web_request;

typedef struct {
    int status;
    const char *type;             /* "text/html; charset=utf-8" */
    pk_str etag;                  /* quoted; empty: not to be cached */
    pk_str location;              /* of a redirection */
    pk_str attachment;            /* file name for a download; empty: shown */
    pk_str body;                  /* in the arena */
    bool immutable;               /* an asset with its content's hash in its address */
} web_response;

/* Answers one request out of `s`; the response lives in `a`. Never fails: what is wrong is a response too. */
void web_handle(const web *w, store *s, const web_request *r, arena *a, web_response *out);

#endif
