/*
 * Metrics: what metrics.NAME(period:1d, window:30d, metric:event_count_sum, agg:max, field:$value...) counts, and what a call of it says.
 * metrics.def is the table. The checker reports what is wrong with a call, lowering relies on it.
 */
#ifndef PICKET_LANGUAGES_YARAL_METRICS_H
#define PICKET_LANGUAGES_YARAL_METRICS_H

#include "languages/yaral/ast.h"

typedef struct {
    pk_str name;                  /* "auth_attempts_total" */
    const char *events, *value, *dimensions, *meaning; /* see metrics.def */
    const char *reason;           /* why it can't be had; NULL: it can */
} metric_definition;

bool metric_is_call(const yaral_node *n);             /* metrics.ANYTHING(...) */
const metric_definition *metric_find(pk_str name);    /* "metrics.auth_attempts_total"; NULL: there is none */
const metric_definition *metric_at(size_t i);         /* NULL: no more */

typedef enum { METRIC_EVENT_COUNT, METRIC_VALUE, METRIC_FIRST_SEEN, METRIC_LAST_SEEN, METRIC_UNIQUE, METRIC_MEASURES } metric_measure;
typedef enum { METRIC_AVG, METRIC_MAX, METRIC_MIN, METRIC_PERIODS, METRIC_STDDEV, METRIC_SUM, METRIC_AGGREGATIONS } metric_aggregation;

extern const pk_str metric_measure_names[METRIC_MEASURES];

typedef struct {
    const metric_definition *definition;
    bool hourly;                  /* period:1h, window:today; else period:1d, window:30d */
    metric_measure measure;
    metric_aggregation aggregation;
    const yaral_node *filter;     /* a truth over names of measures (WORD); NULL: none */
    const yaral_node *const *fields; /* ARGUMENT: the fields and their values */
    size_t field_count;
    const yaral_node *counted;    /* of them the one with `*`; NULL: none */
} metric_call;

/* The path that a field of a call means: target.resource_type of the documentation is a field of the resource. */
pk_str metric_field_path(pk_str name);
bool metric_is_namespace(pk_str path);                /* it may be empty, and needs no place in the sets */

/* Told what is wrong, or only unusual: PK_ERROR or PK_WARNING. */
typedef void (*metric_fault_fn)(void *user, pk_severity severity, span at, pk_str hint, pk_str message);

/* What a call says. false: it has an error, which `fault` (may be NULL) was told. In `a`. */
bool metric_read(arena *a, const yaral_node *call, metric_call *out, metric_fault_fn fault, void *user);

#endif
