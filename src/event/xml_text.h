/* XML text -> value, for markup that stands in strings of records (events as other tools pass them on). */
#ifndef PICKET_EVENT_XML_TEXT_H
#define PICKET_EVENT_XML_TEXT_H

#include "event/value.h"

/*
 * {"root": ...} for the one element that fills `xml`, valid UTF-8, in the form that events in XML have (docs/formats.md):
 * attributes below "#attributes", text beside them or beside children as "#text", a named Data under its name, unnamed
 * ones as a list, elements of one name as a list, an empty element blank. Made in `a`; false: the text is no element, or
 * nests deeper than `depth`. Entities are the five named ones and numbers; nothing outside of the text is read.
 */
bool xml_text_parse(pk_str xml, unsigned depth, arena *a, value *out);

#endif
