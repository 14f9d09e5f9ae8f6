/* One rule while its rows are written: what build_rules.c and build_stages.c share. */
#ifndef PICKET_CATALOG_BUILD_RULE_H
#define PICKET_CATALOG_BUILD_RULE_H

#include "base/unicode.h"
#include "catalog/build.h"

typedef struct {
    int64_t predicate;
    pk_str shown;
    bool positive, negative;
} predicate_use;

typedef struct {
    build *build;
    const rule *rule;
    const pk_rule *shown;
    source_file *file;
    int64_t id;
    arena *arena;
    bool *positive, *negative;    /* by definition: how the plan uses it */
    text values;                  /* of its predicates, for search */
    table seen;                   /* keys of its predicates -> index in `uses` */
    VEC(predicate_use) uses;
} rule_writer;

static inline pk_str valid(rule_writer *w, pk_str s) { return utf8_repair(w->arena, s); }

/* Boxes with their predicates, and the predicates of the whole rule. */
void store_stages(rule_writer *w, const rule_description *description);

#endif
