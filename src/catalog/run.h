/* Alerts of a scan, and which rules of the catalogue they are of. */
#ifndef PICKET_CATALOG_RUN_H
#define PICKET_CATALOG_RUN_H

#include "catalog/filter.h"

typedef struct {
    timestamp time;               /* TIMESTAMP_NONE: none */
    pk_str language, rule, title, level, path; /* of the rule, as the alert has them */
    pk_str host, file;
    int64_t record;               /* -1: none */
    uint64_t line;                /* 0: none */
    const pk_str *techniques;
    size_t technique_count;
    uint64_t at, length;          /* of its line in the file */
} run_alert;

struct store_run {
    arena *arena;
    char *path;
    int file;                     /* alerts are read from it again for what a page shows of them */
    run_alert *alerts;            /* in order of the file */
    size_t count;
    uint64_t hash;                /* of the content, for ETags */
    uint64_t damaged;             /* lines that are no alerts */
};

/* How many alerts the rule at this place has; 0 without a run. */
uint64_t rule_alerts(store *s, size_t place);
/* The rule of the i-th alert; STR_NPOS: the catalogue doesn't have it. */
size_t alert_rule(store *s, size_t alert);
/* One alert as answers show it: {"time","host","rule":card or {"title"},"level","source","record","why","event"}. */
value alert_value(store *s, arena *a, size_t alert);

#endif
