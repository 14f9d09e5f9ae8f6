/*
 * ATT&CK in answers: what the queries of techniques, the matrix, coverage and layers share. Everything comes out of the catalogue's
 * tables and the index of rules; attack.h is the side of the build.
 */
#ifndef PICKET_CATALOG_ATTACK_QUERY_H
#define PICKET_CATALOG_ATTACK_QUERY_H

#include "catalog/rule_index.h"
#include "catalog/run.h"

/* The members of the shape `technique`: id, name, retired, and the successor of a retired one as {"id","name"}. */
void put_technique(store *s, arena *a, record_builder *b, pk_str id);
value technique_value(store *s, arena *a, pk_str id);

/* What an argument says of a technique: "t1090/003" is T1090.003. */
pk_str technique_argument(arena *a, pk_str given);

/* ---- the matrix ---- */

typedef struct {
    pk_str id, short_name, name, shown, was; /* was: the short name that it had or came out of */
    size_t first, count;          /* its techniques: cells[first] .. */
    bool known;                   /* ATT&CK has it, not only rules */
} matrix_tactic;

typedef struct {
    pk_str id, name, parent, successor;
    bool retired, known;
    uint32_t number;              /* in the dictionary of DIMENSION_TECHNIQUE; TABLE_NONE: no rule has it */
    bool placed;                  /* in a tactic */
    size_t rules, own, runnable;  /* rules of it and its sub-techniques; that name it itself; of `rules` those that can run */
    uint64_t alerts;
} matrix_technique;

typedef struct {
    const matrix_tactic *tactics;
    size_t tactic_count;
    matrix_technique *techniques; /* in the order of the matrix: each followed by its sub-techniques */
    size_t technique_count;
    const uint32_t *cells;        /* places of techniques, by tactic */
    table by_id;                  /* in an arena's texts; freed by matrix_free */
} matrix;

/* All of it, with what the rules of `set` say; `running`: those that can run (NULL: that is not asked for). */
matrix *matrix_read(store *s, arena *a, const rule_set *set, const rule_set *running);
void matrix_free(matrix *m);

typedef struct {
    const pk_str *names;          /* of the languages that rules are in */
    size_t count;
    uint32_t *rules;              /* rules[technique * count + language], with those of sub-techniques */
} language_counts;
language_counts matrix_by_language(store *s, arena *a, const matrix *m, const rule_set *set);

/* The place of a technique, of what it became if it is retired; STR_NPOS: none. */
size_t matrix_current(const matrix *m, pk_str id);
/* The place of the parent; STR_NPOS: it is no sub-technique, or the parent is not known. */
size_t matrix_parent(const matrix *m, size_t technique);
/* Counts in coverage and shows without rules: what is retired shows only where rules still name it. */
bool matrix_shows(const matrix_technique *t);

/* For each technique of the matrix, true: the object (group, software, campaign) uses it. NULL: there is no such object. */
bool *matrix_of_object(store *s, arena *a, const matrix *m, pk_str object, pk_str *name);

value tactic_value(arena *a, const matrix_tactic *t); /* {"id","short","name","shown","was"} */

#endif
