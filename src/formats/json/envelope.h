/* Envelopes: objects that only wrap an array of records, as APIs and cloud services deliver them. */
#ifndef PICKET_FORMATS_JSON_ENVELOPE_H
#define PICKET_FORMATS_JSON_ENVELOPE_H

#include "formats/json/scan.h"

typedef enum { ENVELOPE_NO, ENVELOPE_YES, ENVELOPE_UNSURE } envelope_result;

/* Which first bytes and lengths the keys of envelopes have: what most records fail by at a glance. */
typedef struct {
    uint32_t lengths[128]; /* by first byte: a bit for each length */
} envelope_keys;

void envelope_keys_init(envelope_keys *k);
/* False: the object that begins at `at` is none. */
bool envelope_may_open(const envelope_keys *k, const char *at, const char *end);

/*
 * Is the object that begins at `at` an envelope? YES: *list is the '[' of its records and *depth the number of objects
 * around them. UNSURE: the bytes end before it can be told; if *list is set all the same, it is one as far as they go.
 */
envelope_result envelope_open(const char *at, const char *end, const char **list, unsigned *depth);

#endif
