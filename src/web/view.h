/*
 * Views: what a template needs beyond what its query gives: links, classes of style, chosen flags, pages of lists. A view sees
 * one answer and the request, never the store.
 */
#ifndef PICKET_WEB_VIEW_H
#define PICKET_WEB_VIEW_H

#include "web/links.h"
#include "web/templates.h"

typedef struct route route;

typedef struct {
    pk_str title, href;           /* no href: where one is */
} crumb;

/* One page being made. */
typedef struct page {
    arena *a;
    linker links;
    const route *route;
    pk_str path;                  /* as sent, without a suffix */
    argument_list args;           /* those of the address, without empty ones */
    argument_list names;          /* those that stand in the path */
    pk_str file, tab;             /* files: where the page is written, without number and ".html"; which tab of it */
    bool has_run;                 /* alerts of a run are open */
    value languages;              /* titles by name; MISSING: not known */
    /* set by the view */
    pk_str title;
    record_builder extra;         /* further members of the record `page` */
    VEC(crumb) crumbs;
    pk_str raw;                   /* the source text, where there is one */
    size_t pages;                 /* of its list */
} page;

typedef record_builder record;

/* ---- reading answers: never NULL, whatever is missing ---- */
const value *at(const value *v, const char *name);
pk_str text_at(const value *v, const char *name);  /* empty if there is none */
int64_t int_at(const value *v, const char *name);  /* 0 if there is none */
bool flag_at(const value *v, const char *name);
bool is_there(const value *v, const char *name);
size_t count_at(const value *v, const char *name); /* items of a list */
const value *item(const value *list, size_t i);

/* ---- making what a template sees ---- */
record record_of(page *p, const value *v);         /* its members, to add to */
void set(page *p, record *r, const char *name, value v);
void set_text(page *p, record *r, const char *name, pk_str s);
void set_flag(page *p, record *r, const char *name, bool b);
void set_int(page *p, record *r, const char *name, int64_t n);
/* A number in the plural or singular: "1 rule", "3,041 rules". */
pk_str counted(page *p, int64_t n, const char *one, const char *many);
/* `fn` of every item. */
typedef value (*view_fn)(page *p, const value *v);
value each(page *p, const value *list, view_fn fn);
value each_of(page *p, const value *list, view_fn fn, size_t most);
/* Replaces the member of that name by `fn` of its items. */
void set_each(page *p, record *r, const value *v, const char *name, view_fn fn);
void add_crumb(page *p, pk_str title, pk_str href);
pk_str level_class(pk_str level);                  /* a class of the style sheet, whatever the rule says */
bool is_web_link(pk_str s);                        /* http or https, and nothing that ends an attribute */

/* ---- parts: view_parts.c ---- */
value card_view(page *p, const value *card);
value technique_view(page *p, const value *technique);
value predicate_view(page *p, const value *predicate);
value source_view(page *p, const value *source);   /* an event class */
value alert_view(page *p, const value *alert);      /* view_run.c */
pk_str cut_text(pk_str s, size_t most);            /* at most so many bytes, whole characters */
pk_str log_source_text(page *p, const value *v);   /* "windows · process_creation" */
/* The list's numbers, pages, and facets with links that choose and unchoose: members "pager", "facets", "chosen". */
void set_pager(page *p, record *r, const value *numbers);
void set_facets(page *p, record *r, const value *answer);
/* The address of this page with an argument changed: without it if `to` is empty. Back on the first page. */
pk_str this_with(page *p, const char *name, pk_str to);
pk_str this_query(page *p, const char *suffix);    /* this page as something else: "/rules.json?level=high" */
void set_hidden_arguments(page *p, record *r, const char *const *except); /* "hidden": name, value */
void set_sorting(page *p, record *r);               /* view_rules.c: the form above a list of rules */
void set_exports(page *p, record *r);
void set_share(page *p, record *r, int64_t part, int64_t whole); /* view_start.c: "share" 0 to 100, "percent" */

/* ---- the views ---- */
pk_str first_tab(const value *technique);           /* the tab that opens by itself */

value view_start(page *p, const value *v);
value view_rules(page *p, const value *v);
value view_rule(page *p, const value *v);
value view_technique(page *p, const value *v);
value view_matrix(page *p, const value *v);
value view_sources(page *p, const value *v);
value view_source(page *p, const value *v);
value view_indicators(page *p, const value *v);
value view_indicator(page *p, const value *v);
value view_fields(page *p, const value *v);
value view_field(page *p, const value *v);
value view_search(page *p, const value *v);
value view_compare(page *p, const value *v);
value view_coverage(page *p, const value *v);
value view_problems(page *p, const value *v);
value view_run(page *p, const value *v);
value view_api(page *p, const value *v);
value view_login(page *p, const value *v);
value view_error(page *p, int status, pk_str message);

#endif
