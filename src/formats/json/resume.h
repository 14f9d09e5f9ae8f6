/* Where a splitter goes on behind what is broken. */
#ifndef PICKET_FORMATS_JSON_RESUME_H
#define PICKET_FORMATS_JSON_RESUME_H

#include "formats/json/splitter.h"

#define MATCH_WINDOW ((ptrdiff_t)64 << 10)    /* longer documents are proved by the grammar */
#define LINE_WINDOW ((ptrdiff_t)256 << 10)    /* longer lines are cut as documents */

/*
 * Where to go on after a document with an error at `error`; NULL: not to be seen in this window. *tried: everything was
 * tried that could find one.
 */
const char *splitter_resume(splitter *s, const char *error, bool *tried);

#endif
