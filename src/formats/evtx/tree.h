/* The whole record as a value tree, in the form that event.h and README.md show. */
#ifndef PICKET_FORMATS_EVTX_TREE_H
#define PICKET_FORMATS_EVTX_TREE_H

#include "formats/evtx/outline.h"

/* {"Event": {...}}; texts and nodes in s->arena. */
value evtx_tree(const evtx_record *r, scratch *s);
/* The same with places instead of values; VALUE_MISSING: what stands where depends on a value. */
value evtx_tree_of_places(const evtx_record *r, const evtx_places *places, scratch *s);

/* One element of a fragment as a record of the fields that it gives its parent. */
value evtx_tree_element(const evtx_record *r, const evtx_fragment *f, const binxml_element *e, scratch *s);

/* Value of an attribute; VALUE_MISSING: its substitution is NULL, and it is left out. */
value evtx_attribute(const evtx_record *r, const evtx_fragment *f, const binxml_attribute *a, scratch *s);

/* The texts among the content, as one value: alone with its type, several joined; VALUE_MISSING if there are none. */
value evtx_content(const evtx_record *r, const evtx_fragment *f, const binxml_content *content, scratch *s);

/* Texts between elements that are only white space are layout, no content. */
bool evtx_only_blanks(const value *v);

#endif
