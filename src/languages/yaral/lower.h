/* YARA-L: from a rule's tree, bound and checked, to its plan. The shape of plans: docs/yara-l.md. */
#ifndef PICKET_LANGUAGES_YARAL_LOWER_H
#define PICKET_LANGUAGES_YARAL_LOWER_H

#include "languages/language.h"
#include "languages/yaral/ast.h"

/*
 * Makes r->plan. `r` has its metadata, path and source; `ast` is bound (yaral_bind) and checked without errors. What can't be
 * run is reported (yaral_report), which sets the state and reason of the rule; the plan may then be NULL. The tree is dropped
 * afterwards; its texts stay.
 */
void yaral_lower(ir_catalog *c, rule *r, const yaral_rule *ast, const language_options *o);

#endif
