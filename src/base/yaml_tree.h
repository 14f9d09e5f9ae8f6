/* The tree of a YAML file while it is read: what yaml_read.c calls, in the order of the text. Private to the YAML reader. */
#ifndef PICKET_BASE_YAML_TREE_H
#define PICKET_BASE_YAML_TREE_H

#include "base/hash.h"
#include "base/yaml.h"

/* An open map or list. */
typedef struct {
    yaml_node *node;
    pk_str anchor;
    VEC(yaml_entry) entries;
    VEC(yaml_node *) items;
    yaml_entry key;                     /* of the entry whose value comes next */
    bool has_key;
    table keys;                         /* key -> entry, once there are many */
} yaml_frame;

typedef struct {
    arena *arena;
    yaml_source source;
    VEC(yaml_document) documents;
    VEC(yaml_problem) problems;         /* of the document being read */
    VEC(yaml_frame) stack;
    table anchors;                      /* of the document: name -> index in anchored */
    VEC(yaml_node *) anchored;
    uint64_t nodes;
    bool failed;                        /* a bound was hit or the syntax is wrong: read no further */
} yaml_tree;

void yaml_find_lines(arena *a, yaml_source *s);
size_t yaml_line_of(const yaml_source *s, size_t at);   /* index of the line that holds a byte */

void yaml_start_document(yaml_tree *t, size_t start);
void yaml_end_document(yaml_tree *t, size_t end);
void yaml_close_broken(yaml_tree *t);                   /* closes what is open, as far as it was read */

/* A scalar, not yet in the tree: it may turn out to be a key. */
yaml_node *yaml_scalar(yaml_tree *t, yaml_style style, pk_str content, size_t start, size_t end, bool said_text);
yaml_node *yaml_alias(yaml_tree *t, pk_str name, size_t start, size_t end);
/* A finished node goes where it belongs: key or value of the open map, item of the open list, root. */
void yaml_place(yaml_tree *t, yaml_node *n, pk_str anchor);
void yaml_open(yaml_tree *t, yaml_kind kind, size_t start, pk_str anchor);
void yaml_close(yaml_tree *t, size_t end);              /* end: of the closing bracket; 0: where the last child ends */

void yaml_add_problem(yaml_tree *t, yaml_problem_kind kind, span place, pk_str message, pk_str hint);
void yaml_fail(yaml_tree *t, yaml_problem_kind kind, span place, pk_str message, pk_str hint); /* and reads no further */

#endif
