/* The functions behind the rows of the table in queries.c: one file query_NAME.c each. */
#ifndef PICKET_CATALOG_QUERIES_H
#define PICKET_CATALOG_QUERIES_H

#include "catalog/attack_query.h"
#include "catalog/filter.h"
#include "catalog/run.h"

#define QUERY(name) value answer_##name(store *s, const query_arguments *args, arena *a, query_error *e)

QUERY(summary);
QUERY(rules);
QUERY(rule);
QUERY(technique);
QUERY(techniques);
QUERY(matrix);
QUERY(layer);
QUERY(sources);
QUERY(source);
QUERY(predicate);
QUERY(predicates);
QUERY(field);
QUERY(fields);
QUERY(search);
QUERY(compare);
QUERY(coverage);
QUERY(problems);
QUERY(run);

/* Whether the path of a query has "{name}". */
bool query_path_names(const query *q, pk_str name);

/* ---- shapes that several answers have ---- */

/* Techniques of the rules of a set, most rules first, at most so many: the shape and "rules". */
value techniques_of(store *s, arena *a, const rule_set *set, size_t most);
/* provider, event, title, key of the columns from `column` on, in this order. */
void put_class(record_builder *b, const rows *r, int column);
/* key, field, kind, value of the columns from `column` on. */
void put_predicate(record_builder *b, const rows *r, int column);
/* severity, code, message, hint, path, line, column, length of a row of diagnostic_columns; `rule`: its card, if `with_rule`. */
#define DIAGNOSTIC_COLUMNS "d.severity, d.code, d.message, d.hint, f.path, d.line, d.column, d.length, d.rule"
#define DIAGNOSTIC_FILE "LEFT JOIN file f ON f.id = coalesce(d.file, (SELECT file FROM rule WHERE id = d.rule))"
value diagnostic_value(store *s, arena *a, const rows *r, bool with_rule);

/* Parts of a rule's answer, as their members. */
value rule_coverage(store *s, arena *a, int64_t rule);
value rule_stages(store *s, arena *a, int64_t rule);
value rule_indicators(store *s, arena *a, int64_t rule);
value rule_similar(store *s, arena *a, int64_t rule);
/* The members of a rule but for those that compare it with others. */
value rule_record(store *s, arena *a, int64_t rule, bool body);
/* The rule with this key (or id) of a language ("*": any); 0: none, *e says so. */
int64_t rule_find(store *s, pk_str language, pk_str key, arena *a, query_error *e);

#endif
