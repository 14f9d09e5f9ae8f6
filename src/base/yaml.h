/*
 * YAML as trees with places. The text is parsed by libyaml.
 *
 * Scalars keep their text and the type that YAML 1.2 gives to it when it is unquoted (`yes`, `on` and dates are text;
 * 0x10 and 010 are numbers whose text stays). Everything is bounded: file size, depth, nodes, and the nodes that aliases
 * expand to. A tree whose file breaks off in the middle is closed where it broke, so that metadata can still be read.
 */
#ifndef PICKET_BASE_YAML_H
#define PICKET_BASE_YAML_H

#include "base/span.h"
#include "base/text.h"

#define YAML_MAX_BYTES (16u << 20)
#define YAML_MAX_DEPTH 64
#define YAML_MAX_NODES 1000000u         /* of a file, aliases counted as what they expand to */
#define YAML_NODE_BYTES 64              /* of text count as one more node, so that no alias can multiply a long text */

typedef enum { YAML_SCALAR, YAML_MAP, YAML_LIST } yaml_kind;
typedef enum { YAML_TEXT, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT } yaml_type;
typedef enum { YAML_PLAIN, YAML_SINGLE_QUOTED, YAML_DOUBLE_QUOTED, YAML_BLOCK } yaml_style;

typedef struct yaml_node yaml_node;

typedef struct {
    pk_str key;
    span key_span;
    yaml_style key_style;
    yaml_node *value;
} yaml_entry;

struct yaml_node {
    yaml_kind kind;
    yaml_type type;                     /* scalars */
    yaml_style style;                   /* scalars */
    pk_str text;                        /* scalars: content; a view of the source where it stands there verbatim */
    span span;                          /* of scalars with their quotes */
    yaml_entry *entries;                /* maps */
    yaml_node **items;                  /* lists */
    size_t count;
    uint32_t size, height;              /* nodes below and including this one; levels of containers */
};

typedef enum { YAML_SYNTAX, YAML_DUPLICATE_KEY, YAML_LIMIT, YAML_ENCODING, YAML_PROBLEMS } yaml_problem_kind;

typedef struct {
    yaml_problem_kind kind;             /* each caller has codes of its own for these */
    span place;
    pk_str message, hint;
} yaml_problem;

typedef struct {
    yaml_node *root;                    /* NULL: empty */
    span span;
    yaml_problem *problems;             /* any of them makes the document wrong */
    size_t problem_count;
    bool broken;                        /* the text ends inside it by a syntax error: the tree is what was read so far */
} yaml_document;

/* The text of a file and its lines. */
typedef struct {
    pk_str text;
    uint32_t *lines;                    /* where each begins */
    size_t line_count;
} yaml_source;

typedef struct {
    yaml_source source;
    yaml_document *documents;
    size_t count;
} yaml_file;

/* Never fails: what is wrong stands in the documents (a file that can't be read at all has one broken document). */
yaml_file yaml_read(arena *a, pk_str content);

span yaml_span(const yaml_source *s, size_t start, size_t end);

/* For each byte of a scalar's text, and its end, the place in the source that it was written at (text.len + 1 numbers);
 * NULL if text byte i simply stands at span.start + quote + i. */
const uint32_t *yaml_scalar_places(arena *a, const yaml_source *s, const yaml_node *n);
/* The span of bytes [from, to) of a scalar's text, `places` as above. */
span yaml_span_within(const yaml_source *s, const yaml_node *n, const uint32_t *places, size_t from, size_t to);

/* Value of a key, NULL if absent or not a map. */
yaml_node *yaml_get(const yaml_node *map, pk_str key);
const yaml_entry *yaml_entry_of(const yaml_node *map, pk_str key);

/* A node as compact JSON (scalars that are text in quotes). */
void yaml_write_json(text *out, const yaml_node *n);

/* `over` laid over `under`: maps are merged, everything else of `over` replaces. NULL: it takes more entries than
 * `budget`, from which they are taken. */
yaml_node *yaml_merge(arena *a, yaml_node *under, yaml_node *over, size_t *budget);

#endif
