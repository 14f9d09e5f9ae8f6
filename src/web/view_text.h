/* Texts of rules as pages show them. */
#ifndef PICKET_WEB_VIEW_TEXT_H
#define PICKET_WEB_VIEW_TEXT_H

#include "web/view.h"

/* [{"text"} or {"items": [...]}]. */
value text_blocks(page *p, pk_str s);
/* [{"text", "href"}]: an address only where it is one of the web. */
value links_of_texts(page *p, const value *texts, size_t most);
pk_str language_title(page *p, pk_str language);   /* "Sigma" */
pk_str kind_meaning(pk_str kind);                  /* what a kind of predicate asks; empty: unknown */
pk_str severity_class(pk_str severity);          /* a class of the style sheet */

#endif
