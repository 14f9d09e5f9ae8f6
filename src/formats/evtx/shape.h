/*
 * Elements that stand in a record without a template, which many providers write for their data: as if they had one. What is
 * the same in elements of one shape (names, structure, the Name of Data) is parsed once and kept like a template; their texts
 * are its values.
 */
#ifndef PICKET_FORMATS_EVTX_SHAPE_H
#define PICKET_FORMATS_EVTX_SHAPE_H

#include "formats/evtx/instance.h"

/*
 * The template that the element at `at` is like, its values behind those of the record; *after: the place behind it. NULL: it
 * is of no such shape (or broken), and nothing is changed.
 */
evtx_template *evtx_shape_find(evtx_record *r, size_t at, size_t end, size_t *after);

#endif
