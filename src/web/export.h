/* Lists and the matrix in forms that are taken away: files of text, a picture, an archive, a STIX bundle, a report. */
#ifndef PICKET_WEB_EXPORT_H
#define PICKET_WEB_EXPORT_H

#include "web/respond.h"

/* What is taken away whole is made in memory: so many rules, so many bytes of their texts. */
enum { EXPORT_MOST_RULES = 10000, EXPORT_MOST_TEXT = 24 << 20 };

/* The answer of the matrix as SVG. `asked`: the filters, shown beside the title. */
void export_matrix_svg(const value *v, pk_str asked, arena *a, text *out);

/* Calls fn with each card of a list of rules, in its order; `texts`: with text and references. Cards live until fn returns. */
typedef void (*rule_fn)(const value *card, void *user);
bool export_each_rule(store *s, const query *q, const argument_list *args, bool texts, rule_fn fn, void *user, arena *a, query_error *e);

/* The files of the rules as .tar.gz, the same bytes for the same rules. */
bool export_archive(store *s, const query *q, const argument_list *args, arena *a, text *out, query_error *e);
/* A STIX 2.1 bundle: an indicator a rule, an attack-pattern a technique. */
bool export_stix(store *s, const query *q, const argument_list *args, arena *a, text *out, query_error *e);
/* What the template "report" shows: counts, coverage by tactic, rules. */
bool export_report(store *s, const query *q, page *p, const argument_list *args, value *out, query_error *e);

#endif
