/*
 * BinXML (MS-EVEN6 2.2.12): bytes of a chunk -> an element tree with places for substitution values.
 *
 * The same tree serves template definitions (parsed once, kept) and elements that stand in a record without a template
 * (parsed for that record). Names are looked up while parsing; nothing in the tree points into the chunk.
 */
#ifndef PICKET_FORMATS_EVTX_BINXML_H
#define PICKET_FORMATS_EVTX_BINXML_H

#include "base/cursor.h"
#include "formats/evtx/values.h"

typedef struct {
    const uint8_t *bytes;
    size_t len;
} evtx_chunk;

/* What is wrong, and where in the chunk. The text is a literal. */
typedef struct {
    const char *what;
    size_t at;
} evtx_problem;

enum {
    TOKEN_END = 0x00,
    TOKEN_ELEMENT = 0x01,
    TOKEN_CLOSE_START = 0x02,
    TOKEN_CLOSE_EMPTY = 0x03,
    TOKEN_END_ELEMENT = 0x04,
    TOKEN_VALUE = 0x05,
    TOKEN_ATTRIBUTE = 0x06,
    TOKEN_CDATA = 0x07,
    TOKEN_CHARACTER = 0x08,
    TOKEN_ENTITY = 0x09,
    TOKEN_PI_TARGET = 0x0a,
    TOKEN_PI_DATA = 0x0b,
    TOKEN_TEMPLATE = 0x0c,
    TOKEN_SUBSTITUTION = 0x0d,
    TOKEN_OPTIONAL = 0x0e,
    TOKEN_FRAGMENT = 0x0f,
    TOKEN_MORE = 0x40, /* flag: an attribute list follows; more of the same follows */
};

typedef struct binxml_element binxml_element;
typedef struct binxml_content binxml_content;
typedef struct binxml_attribute binxml_attribute;

typedef enum { CONTENT_CONSTANT, CONTENT_SUBSTITUTION, CONTENT_ELEMENT } binxml_content_kind;

struct binxml_content {
    binxml_content_kind kind;
    uint16_t index;           /* substitution */
    value constant;           /* neighbouring pieces of text are one constant */
    binxml_element *element;
    binxml_content *next;
};

struct binxml_attribute {
    pk_str name;
    binxml_content *content;
    pk_str json;              /* once the element's shape is known: its key, with its value if that is constant */
    binxml_attribute *next;
};

/* <Data> is spelt by its Name: <Data Name="Image">x</Data> is the field Image. */
typedef enum { DATA_NONE, DATA_UNNAMED, DATA_NAMED, DATA_COMPUTED /* the Name is a substitution */ } binxml_data;

/* How an element is written as JSON (render.c). */
typedef enum { BINXML_SHAPE_UNKNOWN, BINXML_SHAPE_STRAIGHT, BINXML_SHAPE_ODD } binxml_shape;

struct binxml_element {
    pk_str name;
    binxml_data data;
    pk_str data_name;         /* DATA_NAMED */
    binxml_attribute *attributes;
    binxml_content *content;
    bool has_elements;        /* some content is an element */
    binxml_shape shape;
    pk_str json_key, json_constant; /* once the shape is known; the latter of a content that is one constant */
    binxml_element *next;     /* after it at the top */
};

/* A place in the bytes that depends on where in its chunk they lie: a name offset. */
typedef struct {
    uint32_t at;              /* of the offset, from the start of the parsed bytes */
    bool in_place;            /* the name follows right there; otherwise it stands elsewhere in the chunk: */
    uint16_t units;
    const uint8_t *text;      /* copy of its UTF-16 */
    uint32_t same;            /* an earlier place that had the same offset, or this one */
} binxml_name_place;

typedef struct {
    binxml_element *roots;
    uint32_t element_count;
    uint16_t *uses;           /* how often each substitution stands in the tree; use_count of them */
    uint32_t use_count;
    bool repeats;             /* some substitution stands there more than once */
    VEC(binxml_name_place) names; /* in the arena, in order; templates only */
} binxml_tree;

typedef struct {
    evtx_chunk chunk;
    arena *arena;             /* of the tree */
    size_t limit;             /* most bytes of arena for one tree */
    bool apart;               /* values of texts become substitutions, numbered as they stand (shape.c) */
} binxml_parser;

/* The fragment of a template definition: all of [at, end). */
bool binxml_parse_template(const binxml_parser *p, size_t at, size_t end, binxml_tree *out, evtx_problem *problem);
/* One element at `at` that belongs to no template; *after: the place behind it. */
bool binxml_parse_element(const binxml_parser *p, size_t at, size_t end, binxml_tree *out, size_t *after,
                          evtx_problem *problem);
/* Processing instructions at `at` are skipped: the place behind them, or SIZE_MAX with the problem set. */
size_t binxml_skip_instruction(const binxml_parser *p, size_t at, size_t end, evtx_problem *problem);

/* Can a start element stand at `at` (behind its token) that has no dependency identifier? The name is that of binxml_name_at. */
bool binxml_start_at(evtx_chunk chunk, size_t at, const uint8_t **name, uint16_t *units);

/* A name of the chunk's string table: its characters in `units` code units at *text; false: it is not inside. */
bool binxml_name_at(evtx_chunk chunk, size_t at, const uint8_t **text, uint16_t *units);

/* Of four bytes that are there. */
static inline uint32_t binxml_u32(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

static inline uint32_t chunk_u32(evtx_chunk c, size_t at)
{
    cursor k = {c.bytes + at, c.bytes + c.len};
    uint32_t n = 0;
    return at <= c.len && read_u32le(&k, &n) ? n : 0;
}

/* What a name in the string table begins with: link to the next one, hash, number of characters. */
enum { BINXML_NAME_HEADER = 8 };

#endif
