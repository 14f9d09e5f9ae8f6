/*
 * What follows from the types of an instance's values. They are the same in most records of a template, so it is worked out once for
 * each row of types: which values are BinXML, which are texts and how these lie, and what a plan comes to (plan_settle.c).
 */
#ifndef PICKET_FORMATS_EVTX_KINDS_H
#define PICKET_FORMATS_EVTX_KINDS_H

#include "formats/evtx/template.h"

/* Values `first` to `last`, which both are texts in UTF-16; as far apart as any that are texts between them: an even number of bytes. */
typedef struct { uint32_t first, last; } evtx_run;

struct evtx_kinds {
    evtx_kinds *next;             /* another one of the template */
    arena *arena;                 /* that it lives in */
    uint32_t count;               /* of values */
    const uint32_t *kinds;        /* of each; up to a multiple of four, what is behind the last is 0 */
    VEC(uint32_t) odd;            /* values that weigh other than their bytes: BinXML, arrays */
    VEC(evtx_run) wide;
    VEC(uint32_t) narrow;         /* values that are texts in an ANSI code page */
    struct evtx_settled *settled; /* what plans come to */
};

/* Of a descriptor (a size of two bytes, a type, a byte that means nothing): the type, and whether the size is odd. */
#define EVTX_KIND_BITS UINT32_C(0x00ff0001)

static inline uint8_t evtx_type_of(uint32_t kind) { return (uint8_t)(kind >> 16); }

/* Kinds of the values that have these descriptors, of 4 bytes each; kept with the template unless it has met too many, then in `passing`. */
evtx_kinds *evtx_kinds_of(evtx_template *t, arena *templates, arena *passing, const uint8_t *descriptors, uint32_t count);
/* Of so many texts that lie apart, with other things between them. */
evtx_kinds *evtx_kinds_of_texts(evtx_template *t, arena *templates, uint32_t count);

#endif
