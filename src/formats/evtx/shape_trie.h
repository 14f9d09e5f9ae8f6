/*
 * Known shapes, found by the bytes between what differs in elements of one shape: sizes, offsets of names, texts. Elements that
 * begin alike share what they have in common.
 */
#ifndef PICKET_FORMATS_EVTX_SHAPE_TRIE_H
#define PICKET_FORMATS_EVTX_SHAPE_TRIE_H

#include "formats/evtx/instance.h"

/* What follows the bytes that are always the same. */
typedef enum {
    SHAPE_ELEMENT,        /* a size and a name */
    SHAPE_ELEMENT_LIST,   /* the same, and the size of its attributes */
    SHAPE_ATTRIBUTE,      /* a name */
    SHAPE_TEXT,           /* number of code units, and they */
    SHAPE_END,            /* nothing: the element ends */
} shape_part;

/* One step through an element. */
typedef struct {
    shape_part part;
    const uint8_t *bytes; /* always the same, `len` of them, up to the part */
    size_t len;
    const uint8_t *name;
    uint16_t units;
} shape_step;

/* The shape whose steps the element at `at` takes, its texts added to the values; *after: the place behind it. NULL: none that is known. */
evtx_template *shape_trie_follow(evtx_record *r, size_t at, size_t end, size_t *after);
/* An element that takes these steps, the last of them SHAPE_END, has this shape. Its names and bytes are copied. */
void shape_trie_add(evtx_templates *t, const shape_step *steps, size_t count, evtx_template *shape);

#endif
