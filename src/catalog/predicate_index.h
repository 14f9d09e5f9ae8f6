/* What predicates are searched and counted by, in memory: read once a version of the catalogue, when first asked for. */
#ifndef PICKET_CATALOG_PREDICATE_INDEX_H
#define PICKET_CATALOG_PREDICATE_INDEX_H

#include "catalog/rule_index.h"

enum { PREDICATE_FIELD, PREDICATE_KIND, PREDICATE_FAMILY, PREDICATE_NAMES };

struct predicate_index {
    arena *arena;
    size_t count;
    int64_t *ids;
    uint32_t *rules;              /* that count */
    uint32_t *names[PREDICATE_NAMES]; /* numbers in the dictionaries */
    table dictionaries[PREDICATE_NAMES]; /* exact names; the entry's place is its number */
    char *texts;                  /* constants, case folded, each followed by a line feed; of long ones the beginning */
    size_t *offsets;              /* count + 1 of them */
    int64_t total, pairs;         /* predicates of rules that count, and (rule, predicate) */
};

const predicate_index *index_predicates(rule_index *index);
void predicate_index_free(predicate_index *p);
pk_str predicate_text(const predicate_index *p, size_t i);
pk_str predicate_name(const predicate_index *p, int which, size_t i);
/* The i-th and later predicates whose constant contains `part` (folded, without a line feed); `from` goes on; STR_NPOS: no more. */
size_t predicate_containing(const predicate_index *p, pk_str part, size_t *from);

#endif
