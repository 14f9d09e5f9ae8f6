/*
 * The checker, inside: what the files check*.c share. What Google's compiler refuses is an error here only if the rule has no
 * sensible meaning; else it is a warning, and what can never be true is told.
 */
#ifndef PICKET_LANGUAGES_YARAL_CHECK_H
#define PICKET_LANGUAGES_YARAL_CHECK_H

#include "languages/yaral/yaral.h"
#include "udm/udm.h"

typedef enum {
    CHECK_ANY,                    /* not known, or fits everything */
    CHECK_TEXT, CHECK_INT, CHECK_FLOAT, CHECK_BOOL, CHECK_ENUM, CHECK_TIME, CHECK_LIST, CHECK_MESSAGE,
} check_type;

typedef enum { CALL_ROW, CALL_GROUPED, CALL_METRIC } call_place;

typedef struct {
    pk_str name;
    uint8_t least, most;          /* arguments */
    check_type result;
    call_place place;
} checked_function;

const checked_function *check_function(pk_str name);  /* NULL: there is none */
pk_str check_nearest_function(arena *a, pk_str name); /* "did you mean ..." or empty */

typedef struct {
    ir_catalog *catalog;
    rule *rule;
    const yaral_rule *ast;
    arena *arena;                 /* dropped after the check */
    yaral_section section;        /* that is being checked: EVENTS, OUTCOME or CONDITION */
} checker;

void check_report(checker *k, pk_severity severity, const char *code, span at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* What a value is. */
typedef struct {
    check_type type;
    const udm_enum *enumeration;  /* ENUM */
    bool repeated;
    bool known;                   /* of a field: the data model has it */
    pk_str path;                  /* of a field, canonical */
} checked_value;

checked_value check_value_of(checker *k, const yaral_node *n);
udm_root check_root(yaral_source source);

/* check_fields.c: each field of the rule is one of the data model. */
void check_fields(checker *k);
/* check_names.c: bindings, joins, what the condition asks for. */
void check_names(checker *k);
/* check_truths.c: comparisons and calls in all sections. */
void check_truths(checker *k);
/* check_metrics.c: one call, and what calls ask of each other. */
void check_metric(checker *k, const yaral_node *call);
void check_metrics(checker *k);
/* check_outcome.c */
void check_outcomes(checker *k);
/* check_never.c: what can never be true, or is not what its author meant. */
void check_never(checker *k);

/* Every node of a section. */
void check_each_event_node(checker *k, yaral_node_fn fn);
void check_each_node(checker *k, yaral_node_fn fn);   /* of all sections but meta */

#endif
