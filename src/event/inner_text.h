/*
 * Records within strings. Collectors pass events on as text inside of events: a column EventData with XML, AuditData or a
 * container's "log" with JSON. Where something below such a string is asked for, it is entered as if the record stood
 * there itself. A text that merely looks like one is a string and nothing more.
 */
#ifndef PICKET_EVENT_INNER_TEXT_H
#define PICKET_EVENT_INNER_TEXT_H

#include "event/value.h"

enum { INNER_TEXT_LEVELS = 2 };   /* a record in a string in a record in a string of the record */

/* True: worth opening, told by the first and the last byte that are no white space. */
bool inner_text_may_open(pk_str s);

/* The records that the text holds, in `a`: an object, an element as one field, the objects of a list. 0: none. */
size_t inner_text_open(pk_str s, arena *a, const value **records);

#endif
