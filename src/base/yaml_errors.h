/* What libyaml found wrong, in words for people. Private to the YAML reader. */
#ifndef PICKET_BASE_YAML_ERRORS_H
#define PICKET_BASE_YAML_ERRORS_H

#include <yaml.h>

#include "base/yaml_tree.h"

/* Where a parser stopped. */
typedef struct {
    yaml_tree *tree;
    const char *context, *problem;      /* libyaml's words; the context may be NULL */
    size_t context_at, problem_at;      /* bytes of the source */
    const yaml_node *last;              /* the scalar that was read last, if nothing came behind it; else NULL */
} yaml_failure;

/* Ends the tree with a problem that says what is wrong, where, and what would be right. */
void yaml_explain(const yaml_failure *f);

#endif
