/*
 * Plans: which values of a template feed which paths. Made once for each (template, place where it stands), run for
 * each record: a straight list of steps, so that only what somebody asked for is decoded. One more plan of each template
 * leads to all of its values, for those who ask for no path.
 */
#ifndef PICKET_FORMATS_EVTX_PLAN_H
#define PICKET_FORMATS_EVTX_PLAN_H

#include "event/event.h"
#include "formats/evtx/instance.h"

typedef struct {
    const path_set *paths;           /* NULL: nobody asks for anything */
    arena *plans;                    /* the templates' arena */
    scratch *texts;                  /* decoded values of the current record */
    VEC(event_field) fields;
} evtx_fields;

/* Fills f->fields from the record, in its order; most of them undecoded. */
void evtx_fields_read(evtx_fields *f, const evtx_record *r);
/* Makes the value of one that is. */
void evtx_field_decode(evtx_fields *f, event_field *field);
timestamp evtx_field_time(const event_field *field); /* of one that is not decoded, as binxml_time */

/* event_each_value of the record; texts are decoded into `s`. */
void evtx_each_value(evtx_fields *f, const evtx_record *r, bool texts_only, scratch *s,
                     void (*fn)(const value *scalar, void *user), void *user);

#endif
