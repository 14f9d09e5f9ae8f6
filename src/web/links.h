/*
 * Where things are: one place for the addresses of pages, on the server ("/rules/sigma/x") and as files beside each other
 * ("../rules/sigma/x.html"). Names of files are short, plain, lower-case ASCII whatever rules hold.
 */
#ifndef PICKET_WEB_LINKS_H
#define PICKET_WEB_LINKS_H

#include "base/hash.h"
#include "web/request.h"

typedef enum {
    PLACE_START,
    PLACE_RULES,
    PLACE_LANGUAGE,   /* the rules of one: first */
    PLACE_RULE,       /* language, key */
    PLACE_PROBLEMS,
    PLACE_MATRIX,
    PLACE_TECHNIQUE,  /* id */
    PLACE_SOURCES,
    PLACE_SOURCE,     /* key */
    PLACE_INDICATORS,
    PLACE_INDICATOR,  /* key */
    PLACE_FIELDS,
    PLACE_FIELD,      /* name */
    PLACE_SEARCH,
    PLACE_COMPARE,
    PLACE_COVERAGE,
    PLACE_RUN,
} place;

typedef struct {
    arena *a;
    link_style style;
    unsigned depth;   /* of the page that links, in folders; files only */
    const table *techniques; /* ids that have a page; NULL: all */
} linker;

/* The address of a place; `one`, `two`: what it is of, empty where it needs none. Empty: it has no page. */
pk_str link_to(const linker *l, place p, pk_str one, pk_str two);
/* The same with a query ("level=high"). As files there are no queries: the search page, with `words` in its box. */
pk_str link_query(const linker *l, place p, pk_str one, pk_str asked, pk_str words);
/* A tab of a technique. */
pk_str link_tab(const linker *l, pk_str id, pk_str tab);
/* The file of a place below the site's folder without ".html", "rules/sigma/x", and how many folders deep it is. */
pk_str place_file(arena *a, place p, pk_str one, pk_str two);
/* Page `n` (from 1) of a list that lies there in pieces, and a tab of it: "rules/index.2.html", "attack/t1090.sigma.html". */
pk_str file_piece(arena *a, pk_str file, pk_str tab, size_t n);
unsigned file_depth(pk_str file);

/* A short name of plain lower-case ASCII that differs for different texts. */
pk_str plain_name(arena *a, pk_str s);

#endif
