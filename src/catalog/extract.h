/*
 * What pages show of a rule, out of the IR: predicates as they are counted (docs/catalog.md), their keys, their normalised
 * form. Nothing here knows a language.
 */
#ifndef PICKET_CATALOG_EXTRACT_H
#define PICKET_CATALOG_EXTRACT_H

#include "languages/language.h"

/* One value that a rule looks for, at one place. Texts in the arena it was found with, or as long as the catalogue. */
typedef struct {
    pk_str field;                 /* empty: any value */
    const char *kind;             /* "match" ... */
    bool cased;
    pk_str form;                  /* "windash", "base64offset" ...; empty: plain */
    pk_str value;                 /* as it is shown */
    pk_str folded;                /* as it is compared */
    const char *algorithm;        /* of a hash; NULL: none */
    bool negated;                 /* within the expression it was found in */
    bool every;                   /* one of an "all of" list */
    span span;
} found_predicate;

typedef struct { VEC(found_predicate) items; } found_predicates;

/*
 * All of an expression of the rule's plan; definitions are not entered. Fields have the names that the rule's language gives them: without
 * the marks of lists, and a column that `expand` made is the field that it copies.
 */
void extract_predicates(const rule *r, const expr *e, arena *a, found_predicates *out);
/* The same of every expression of a stage. */
void extract_stage_predicates(const rule *r, const stage *s, arena *a, found_predicates *out);

typedef struct { char text[17]; } predicate_key;
/* First 16 digits of SHA-256 over family NUL field NUL kind NUL '0' or '1' NUL form NUL folded value. */
predicate_key key_of_predicate(pk_str family, const found_predicate *p);

/* Fields that the rule's plan reads from events and context, each once, in order. */
void extract_fields(const rule *r, arena *a, str_list *out);

/* ---- one schema over all languages: share/normal.yaml ---- */

typedef struct normal_map normal_map;
typedef struct { pk_str field; const char *kind; bool cased; pk_str folded; } normal_predicate;

pk_status normal_map_load(normal_map **out, const char *path, diag_list *d);
void normal_map_free(normal_map *m);
/* false: it has no form that others could share. */
bool normalise_predicate(const normal_map *m, pk_str family, const found_predicate *p, arena *a, normal_predicate *out);

/* A path without the "[]" that mark lists: fields go by that name in the catalogue. */
pk_str without_marks(pk_str path, arena *a);

#endif
