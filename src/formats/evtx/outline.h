/*
 * Records told without their values (event_outline of event.h). All that decides what stands where in the tree of a record, beside
 * its templates, is what kind of value each of theirs is: there, blank, BinXML, a list. So templates and kinds are the key, and the tree
 * of the outline is what tree.c makes of places instead of values.
 */
#ifndef PICKET_FORMATS_EVTX_OUTLINE_H
#define PICKET_FORMATS_EVTX_OUTLINE_H

#include "event/event.h"
#include "formats/evtx/instance.h"

typedef struct {
    uint32_t value, first, count;    /* places first .. first + count are its elements */
} evtx_place_list;

/* What a reader keeps of the record at hand. */
typedef struct {
    uint64_t reader;                 /* of all readers there ever were: keys hold numbers that it gave its templates; 0: none was to be had */
    VEC(uint8_t) kinds;              /* by value */
    VEC(value) elements;             /* of lists; their places stand behind those of values */
    VEC(evtx_place_list) lists;
    VEC(uint32_t) nested;            /* which fragments the values of BinXML hold, as evtx_value.place has it */
} evtx_places;

void evtx_places_init(evtx_places *p);
void evtx_places_free(evtx_places *p);
/* What stands for a value of the record in the tree of its outline. */
value evtx_place_of(const evtx_places *p, size_t number, arena *a);

extern const event_outline evtx_outline;

#endif
