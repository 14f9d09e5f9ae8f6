/*
 * The BinXML of one record: template instances and elements, nested ones included, checked as a whole before anything
 * of it is shown. What is inside points into the chunk and lives until the next record.
 */
#ifndef PICKET_FORMATS_EVTX_INSTANCE_H
#define PICKET_FORMATS_EVTX_INSTANCE_H

#include "formats/evtx/kinds.h"

/* Where a value lies: 8 bytes, since there are many of them, and few are looked at. */
typedef struct {
    uint32_t place;            /* in the chunk; of BINXML_FRAGMENT: number of the fragment that it holds, plus 1, or 0 */
    uint16_t size;
    uint8_t type, unused;
} evtx_value;

/* A template with its values, or an element that has no template (and no values). */
typedef struct {
    const binxml_tree *tree;
    evtx_template *template;   /* NULL: none */
    evtx_kinds *kinds;         /* of its values; NULL: it has no template */
    uint32_t first, count;     /* its values */
    uint32_t next;             /* the one after it in the same value, plus 1; 0: none */
} evtx_fragment;

typedef struct {
    evtx_chunk chunk;
    evtx_templates *templates;
    arena *arena;              /* of elements without a template, and of what is known of this record's values alone; reset with each record by the owner */
    size_t size;               /* bytes of its BinXML */
    VEC(evtx_value) values;
    VEC(evtx_fragment) fragments; /* number 0 is the record's own */
} evtx_record;

/* The record whose BinXML is [at, end) of the chunk. false: it cannot be read, see *problem. */
bool evtx_record_parse(evtx_record *r, size_t at, size_t end, evtx_problem *problem);
void evtx_record_free(evtx_record *r);

/* Value number `number` of the record, in `room`. */
static inline const binxml_value *evtx_value_of(const evtx_record *r, size_t number, binxml_value *room)
{
    evtx_value v = r->values.at[number];
    *room = (binxml_value){.bytes = r->chunk.bytes + v.place, .fragment = v.place, .size = v.size, .type = v.type};
    return room;
}

/* A substitution value; one that is absent is NULL (MS-EVEN6: an index without a value is an error; tools go on). */
static inline const binxml_value *evtx_value_at(const evtx_record *r, const evtx_fragment *f, uint16_t index, binxml_value *room)
{
    if (index < f->count) return evtx_value_of(r, f->first + index, room);
    *room = (binxml_value){.bytes = NULL};
    return room;
}

#endif
