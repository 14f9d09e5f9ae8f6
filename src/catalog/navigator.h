/*
 * Layers of the ATT&CK Navigator, format 4.5 (layers/spec/v4.5/layerformat.md of mitre-attack/attack-navigator): techniques with a
 * score each, in and out.
 */
#ifndef PICKET_CATALOG_NAVIGATOR_H
#define PICKET_CATALOG_NAVIGATOR_H

#include "event/value.h"

/* ---- in ---- */

typedef struct {
    pk_str technique;             /* as the layer has it, upper case */
    bool marked;                  /* the layer says that it is there: see navigator_read */
    bool scored;
    double score;                 /* the highest, where a technique stands in several tactics */
} navigator_entry;

typedef struct {
    pk_str name;
    const navigator_entry *entries; /* each technique once, in order of ids */
    size_t count;
} navigator_layer;

/*
 * Reads a layer, or a file of several, which are taken together. Hostile input is fine. Marked are techniques with a score above 0;
 * in a layer without scores those with a colour or a comment; in one without any of these all. Never those that are disabled.
 * Not PK_OK: *message says why, in `a`.
 */
pk_status navigator_read(pk_str json, arena *a, navigator_layer *out, pk_str *message);

/* ---- out ---- */

typedef struct {
    pk_str technique, comment;
    int64_t score;
    bool show_sub;                /* open its sub-techniques */
    const value_field *metadata;  /* texts */
    size_t metadata_count;
} navigator_mark;

/* `attack`: the release ("19"); `description` may be empty. Marks are of techniques that count at least 1. */
value navigator_layer_value(arena *a, pk_str name, pk_str description, pk_str attack, const navigator_mark *marks, size_t count);

#endif
