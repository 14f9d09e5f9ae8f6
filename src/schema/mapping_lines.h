/* Sections of mappings that are written as lines, taken out of a schema file before YAML is read. Private to schema/. */
#ifndef PICKET_SCHEMA_MAPPING_LINES_H
#define PICKET_SCHEMA_MAPPING_LINES_H

#include "schema/model.h"

typedef struct {
    uint32_t line;                /* of the key, from 1: "udm: |" */
    pk_str text;                  /* the lines below it */
} mapping_block;

typedef struct {
    VEC(mapping_block) at;        /* by line */
} mapping_blocks;

/*
 * Takes the sections out of a file of `*len` bytes, which shrinks: their lines stay as empty ones, so that places in the
 * rest keep their line numbers. Texts and the list live in `a`.
 */
void mapping_blocks_take(char *bytes, size_t *len, arena *a, mapping_blocks *out);

/* The section whose key stands in this line; NULL: none. */
const mapping_block *mapping_block_at(const mapping_blocks *b, uint32_t line);

/* The next line "field: mapping" of a section: advances `*rest` and `*line`. false: nothing is left. No mapping in a line
 * that has one to give: `source->ptr` is NULL. */
bool mapping_line_next(pk_str *rest, uint32_t *line, pk_str *field, pk_str *source);

#endif
