/*
 * Mustache templates over values. All escaping happens here: {{name}} is the only way by which a text reaches a page.
 *
 * Differences from plain Mustache, so that a page can hold records within records without surprises:
 * - a name is looked up in the innermost record only, never further out; {{page.name}} is looked up in the record `page` of
 *   the whole page, from everywhere;
 * - empty texts, empty lists and empty records are false; beside a list `x` there is `any_x`;
 * - whole numbers are written with a comma between thousands (a view gives a text where that would be wrong);
 * - partials are put in when templates are loaded; {{{name}}} and {{&name}} are refused;
 * - white space with a line end in it is one line end.
 * Control characters, direction marks and what cannot be seen are written as "U+202E" in an element of class "ctl".
 */
#ifndef PICKET_WEB_TEMPLATES_H
#define PICKET_WEB_TEMPLATES_H

#include "base/diag.h"
#include "event/value.h"

typedef struct template_set template_set;

/* A template's name and its text. */
typedef struct {
    pk_str name, text;
} template_source;

/* Parses them all, once. NULL: some are wrong, `d` says what. Constant afterwards: threads share it. */
template_set *templates_new(const template_source *sources, size_t count, diag_list *d);
void templates_free(template_set *t);
pk_str count_text(arena *a, int64_t n);  /* "3,041" */
/* Adds the page to `out`. false: no such template. What nests deeper than any page does is left out. */
bool templates_render(const template_set *t, const char *name, const value *data, text *out);

#endif
