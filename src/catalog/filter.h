/*
 * Filters, facets, order and pages of lists of rules: the same for every query that lists rules.
 *
 * Once a version of the catalogue, what is filtered by is read into an index: rules have places (0 ..), by id, and each dimension
 * (level, technique ...) is a dictionary of values with the places that have each. A filter is then an "and" of sets of places,
 * and a facet's counts are taken over the "and" of all other filters. SQL sees a set by rule_in(rule, ?).
 *
 *     const filter *f = filter_read(s, args, a, e);            q, level=, technique= ... of the arguments
 *     if (!f) return (value){0};
 *     rule_set all = rules_with(s, DIMENSION_TECHNIQUE, id, a); what the list is about; rules_all(s, a): everything
 *     put_rule_page(s, a, &record, f, &all, args, "rules");    total, of, from, to, page, pages, per, rules: cards
 *     put(a, &record, "facets", filter_facets(f, &all));
 *     rule_set chosen = filter_apply(f, &all);                 for counts in SQL: ... WHERE rule_in(rule, ?)
 */
#ifndef PICKET_CATALOG_FILTER_H
#define PICKET_CATALOG_FILTER_H

#include "catalog/store.h"

/* ---- sets of rules ---- */

typedef struct rule_set {
    const rule_index *index;
    uint64_t *bits;               /* one a place, in an arena */
} rule_set;

size_t rule_count(store *s);
int64_t rule_at(store *s, size_t place);              /* its id */
size_t rule_place(store *s, int64_t id);              /* STR_NPOS: no such rule */

rule_set rules_none(store *s, arena *a);
rule_set rules_all(store *s, arena *a);
rule_set rules_copy(store *s, arena *a, const rule_set *set);
void rules_put(rule_set *set, size_t place);
bool rules_have(const rule_set *set, size_t place);
void rules_and(rule_set *set, const rule_set *other);
void rules_or(rule_set *set, const rule_set *other);
void rules_without(rule_set *set, const rule_set *other);
size_t rules_size(const rule_set *set);
/* The rules of the first column of a statement, read to its end. */
rule_set rules_of_rows(store *s, arena *a, rows *r);

/* ---- dimensions ---- */

typedef enum {
    DIMENSION_LANGUAGE, DIMENSION_VENDOR, DIMENSION_LEVEL, DIMENSION_STATUS, DIMENSION_TACTIC, DIMENSION_TECHNIQUE, DIMENSION_PLATFORM,
    DIMENSION_PRODUCT, DIMENSION_CATEGORY, DIMENSION_SERVICE, DIMENSION_SOURCE, DIMENSION_FIELD, DIMENSION_KIND, DIMENSION_TYPE,
    DIMENSION_AUTHOR, DIMENSION_YEAR, DIMENSION_STATE, DIMENSION_HAS,
    DIMENSIONS
} dimension;

/* Rules that have the value; of DIMENSION_TECHNIQUE those of its sub-techniques too. Case does not matter. */
rule_set rules_with(store *s, dimension d, pk_str value, arena *a);
/* How many rules of the set have each value: "fn" in order of the dictionary (a facet's order is by count). */
typedef void (*dimension_fn)(pk_str value, size_t rules, void *user);
void rules_by(store *s, dimension d, const rule_set *set, dimension_fn fn, void *user);

/* ---- filters ---- */

typedef struct filter filter;

/* Whether a filter has this name, and the rules that one value of it means. false: it means nothing, *e says so. */
bool filter_is(pk_str name);
bool filter_value(store *s, pk_str name, pk_str value, arena *a, rule_set *out, query_error *e);

/* The filters among the arguments, `q` too. NULL: one makes no sense, *e says which and where. */
const filter *filter_read(store *s, const query_arguments *args, arena *a, query_error *e);
rule_set filter_apply(const filter *f, const rule_set *within);
/* The rules that coverage is made of: all but those that their authors have retired (status deprecated), unless `status` is asked for. */
rule_set rules_current(store *s, const query_arguments *args, arena *a);
bool filter_empty(const filter *f);                   /* nothing is filtered */
/* Rules that the sources of `sources=` evaluate fully (all classes, if none is given). */
rule_set rules_running(store *s, const query_arguments *args, arena *a, query_error *e);

value filter_facets(const filter *f, const rule_set *within);
/* Adds the members of a page: total, of, from, to, page, pages, per, and the cards as `list`. `q` ranks unless sort says else. */
void put_rule_page(store *s, arena *a, record_builder *b, const filter *f, const rule_set *within, const query_arguments *args, const char *list);
/* The members of a page of anything: `given` items from the `from`-th (0: the first) of `total`. */
size_t page_of(const query_arguments *args, size_t *per); /* "page" and "per" as `from` and `per` */
void put_page_numbers(arena *a, record_builder *b, size_t total, size_t of, size_t from, size_t given, size_t per);

/* A rule in a list (docs/catalog-api.md, `card`). Null if there is no such rule. */
/* The path of a file as people know it: below the folder that was given to the build; of several, with that folder's name before it. */
pk_str path_below_roots(store *s, arena *a, pk_str path);
value rule_card(store *s, arena *a, int64_t id, bool with_query);

/* Parameters of such a query, for its row in the table. */
extern const query_parameter filter_parameters[];     /* end with a NULL name */
#define FILTER_PARAMETERS                                                                                                              \
    {"q", "string", "search: words, \"phrase\", -word, t1090, cve-2021-44228, field:value, level:>=high, is:runnable", false},          \
    {"language", "string", "rules of this language", true},                                                                            \
    {"vendor", "yes|no", "rules in a language of a SIEM vendor's own", true},                                                          \
    {"level", "string", "of this level; '>=high': and above", true},                                                                   \
    {"status", "string", "of this status", true},                                                                                      \
    {"tactic", "string", "of this ATT&CK tactic (id or short name)", true},                                                            \
    {"technique", "string", "of this ATT&CK technique or its sub-techniques", true},                                                   \
    {"platform", "string", "for this platform: they name it, or their product is one of it", true},                                          \
    {"product", "string", "whose log source has this product", true},                                                                  \
    {"category", "string", "whose log source has this category", true},                                                                \
    {"service", "string", "whose log source has this service", true},                                                                  \
    {"source", "string", "that this event class evaluates, fully or in part (sysmon/1)", true},                                        \
    {"field", "string", "that look at this field", true},                                                                              \
    {"kind", "string", "with a predicate of this kind (ends_with)", true},                                                             \
    {"type", "string", "of this type (single event, sequence, aggregation, join, new terms, indicator)", true},                        \
    {"author", "string", "by this author", true},                                                                                      \
    {"year", "string", "of this year", true},                                                                                          \
    {"state", "string", "in this state (runnable, needs a list, unsupported, error)", true},                                           \
    {"has", "false-positives|references|alerts", "that have these", true},                                                             \
    {"runs", "yes|no", "that the sources of 'sources' evaluate fully (all sources, without it)", true},                                \
    {"sources", "string", "sources that one has: class keys (sysmon/1; sysmon: all of it; =linux: without those below it) or product=windows,service=security", true},            \
    {"fires", "yes|no", "with an alert in the run that is open", true}

#define PAGE_PARAMETERS                                                                                                                \
    {"sort", "rank|title|level|date|modified|techniques|language", "order of the rules (rank with q, else title)", false},              \
    {"order", "asc|desc", "direction", false},                                                                                         \
    {"page", "integer", "which page, from 1", false},                                                                                  \
    {"per", "integer", "rules a page (50), at most 500", false},                                                                       \
    {"queries", "boolean", "cards with their query", false},                                                                            \
    {"texts", "boolean", "cards with the text of the rule and its references", false}

#endif
