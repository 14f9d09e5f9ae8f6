/* Envelopes: objects that only wrap an array of records, as APIs and cloud services deliver them. */
#ifndef PICKET_FORMATS_JSON_ENVELOPE_H
#define PICKET_FORMATS_JSON_ENVELOPE_H

#include "formats/json/scan.h"

typedef enum { ENVELOPE_NO, ENVELOPE_YES, ENVELOPE_UNSURE } envelope_result;

/*
 * Is the object that begins at `at` an envelope? YES: *list is the '[' of its records and *depth the number of objects
 * around them. UNSURE: the bytes end before it can be told.
 */
envelope_result envelope_open(const char *at, const char *end, const char **list, unsigned *depth);

#endif
