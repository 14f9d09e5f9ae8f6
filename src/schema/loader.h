/*
 * Reading the files of share/schemas: what the readers of their parts share. Private to schema/.
 *
 *     load.c             files and families, and what can only be done when all are read
 *     load_layouts.c     a family's layouts
 *     load_classes.c     its classes, with their mappings
 *     load_conditions.c  what either asks of records
 *     load_values.c      texts, log sources, times
 *
 * Each tells what is wrong in the data with its place and goes on. What is kept lives in the arena of the schema.
 */
#ifndef PICKET_SCHEMA_LOADER_H
#define PICKET_SCHEMA_LOADER_H

#include "base/yaml.h"
#include "schema/mapping_lines.h"

typedef struct {
    schema *s;
    pk_str file;
    diag_list *diags;
    size_t errors;
    family_id family;
    mapping_blocks blocks;
} loader;

void loader_wrong(loader *l, span at, const char *words, ...) __attribute__((format(printf, 3, 4)));

/* ---- nodes ---- */

static inline bool is_map(const yaml_node *n)
{
    return n && n->kind == YAML_MAP;
}

/* A list has items; anything else stands for a list of itself. */
static inline size_t item_count(const yaml_node *n)
{
    return n->kind == YAML_LIST ? n->count : 1;
}
static inline const yaml_node *item_at(const yaml_node *n, size_t i)
{
    return n->kind == YAML_LIST ? n->items[i] : n;
}

/* ---- values ---- */

pk_str loader_keep(loader *l, pk_str s);
pk_str loader_text(loader *l, const yaml_node *n); /* empty: it is no scalar */
/* A scalar or a list of scalars; false: an error was reported. */
bool loader_texts(loader *l, const yaml_node *n, pk_str **out, size_t *count);
bool loader_bool(loader *l, const yaml_node *n);
/* "product/category/service", '-' for an attribute that is not set; false: an error was reported. */
bool loader_source(loader *l, pk_str t, span at, log_source *out);
/* [place, {place: form}] */
time_places loader_times(loader *l, const yaml_node *n);

/* ---- parts ---- */

alternatives loader_alternatives(loader *l, const yaml_node *n); /* one condition, or a list of them */
void loader_layout(loader *l, pk_str name, const yaml_node *n);
void loader_class(loader *l, pk_str name, const yaml_node *n);

#endif
