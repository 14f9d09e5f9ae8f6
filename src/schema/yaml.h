/* A YAML file as a tree, with the place of each node: thin wrappers over libfyaml, so that load.c reads plainly. */
#ifndef PICKET_SCHEMA_YAML_H
#define PICKET_SCHEMA_YAML_H

#include <libfyaml.h>

#include "base/diag.h"

typedef struct {
    struct fy_document *document;
    pk_str file;
    diag_list *diags;
    arena *arena; /* texts that must outlive the document are copied here */
    size_t errors;
} yaml_file;

typedef struct fy_node yaml_node;

bool yaml_document_open(yaml_file *y, const char *path, pk_str text);
void yaml_document_close(yaml_file *y);
yaml_node *yaml_root(const yaml_file *y);

bool yaml_is_map(yaml_node *n);
bool yaml_is_list(yaml_node *n);
bool yaml_is_text(yaml_node *n);
pk_str yaml_text(yaml_file *y, yaml_node *n); /* copied into the arena; "" if it is no scalar */
/* Next pair or item; start with *at NULL. false at the end. */
bool yaml_next_pair(yaml_node *map, void **at, yaml_node **key, yaml_node **content);
yaml_node *yaml_next_item(yaml_node *list, void **at);
/* A scalar or a list of scalars as an array; false: an error was reported. */
bool yaml_texts(yaml_file *y, yaml_node *n, pk_str **out, size_t *count);

void yaml_error(yaml_file *y, yaml_node *n, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
