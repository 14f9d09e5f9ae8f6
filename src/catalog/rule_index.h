/* What rules are filtered, counted and ordered by, in memory: read once a version of the catalogue, each dimension when first asked for. */
#ifndef PICKET_CATALOG_RULE_INDEX_H
#define PICKET_CATALOG_RULE_INDEX_H

#include "catalog/filter.h"

/* A dimension: a dictionary, and which of its values each rule has. */
typedef struct {
    bool loaded;
    VEC(pk_str) values;           /* as first seen */
    VEC(pk_str) titles;           /* parallel; empty: the value itself */
    table numbers;                /* folded value -> number */
    table aliases;                /* folded other names -> number */
    uint32_t *first;              /* values of place p: items[first[p]] .. items[first[p + 1] - 1] */
    uint32_t *items;
    uint8_t *flags;               /* parallel to items: of DIMENSION_SOURCE, 1: fully */
} dimension_column;

typedef struct {
    pk_str *at;
    size_t len, cap;
} field_names;

typedef struct predicate_index predicate_index; /* predicate_index.h */

struct rule_index {
    store *store;
    arena *arena;
    size_t count;
    int64_t *ids;                 /* ascending */
    uint32_t *direct;             /* ids[0] + i -> place; NULL: ids are too far apart */
    size_t direct_count;
    dimension_column columns[DIMENSIONS];
    uint32_t *title_order;        /* place of a rule in the order of titles */
    pk_str *dates, *modified;
    int8_t *level_ranks;          /* -1: none */
    bool *counts;
    bool *runnable;
    uint64_t *alerts;             /* NULL: no run */
    field_names fields;           /* of predicates */
    bool fields_loaded;
    predicate_index *predicates;
    VEC(pk_str) roots;            /* folders and files that the catalogue was built from, without a slash at the end */
    uint32_t *alert_rules;        /* of each alert of the run: its rule's place, or TABLE_NONE */
};

rule_index *index_of(store *s);   /* loads it if it isn't; empty if that fails */
void rule_index_free(rule_index *index);
size_t index_place(const rule_index *index, int64_t id);
const dimension_column *index_column(rule_index *index, dimension d);

/* The number of a value or of another name of it; TABLE_NONE: it has none. */
uint32_t dimension_number(const dimension_column *c, pk_str given, arena *a);

/* A dimension by its name among the parameters ("level"); DIMENSIONS: none. */
dimension dimension_named(pk_str name);
const char *dimension_name(dimension d);
const char *dimension_title(dimension d);

/* The names of fields that predicates have, each once, without the empty one of keywords. */
const field_names *index_fields(rule_index *index);

/* Which rules have one of the values that `fits`. */
rule_set rules_fitting(rule_index *index, dimension d, const bool *fits, arena *a);

/* run.c: fills alerts and alert_rules. */
void index_alerts(rule_index *index);

#endif
