/*
 * Where parsers of records put what they find. A parser is written once and serves both views of an event: with a path
 * set the sink keeps the values that were asked for, without one it builds the tree. Key by key it follows the same rules
 * in both, so the two agree.
 */
#ifndef PICKET_FORMATS_FIELD_SINK_H
#define PICKET_FORMATS_FIELD_SINK_H

#include "event/event.h"

enum { SINK_DEPTH = 64 };                               /* containers within containers; deeper ones are dropped */

typedef struct {
    path_node node;                                     /* fields: the place in the path set */
    pk_str name;                                        /* tree: of this container in the one around it */
    bool is_list;
    record_builder record;
    list_builder list;
} sink_level;

typedef struct {
    arena *arena;                                       /* of values and tree */
    const path_set *paths;                              /* NULL: nothing is asked for */
    bool tree;
    VEC(event_field) fields;                            /* kept from record to record */
    sink_level levels[SINK_DEPTH];
    size_t depth, too_deep;
    size_t held;                                        /* fields: the level whose tree is built, for its pairs; 0: none */
    uint32_t taken;                                     /* header fields whose names a payload has used */
} field_sink;

void sink_free(field_sink *s);
/* Begins a record whose asked-for values go to s->fields. */
void sink_begin_fields(field_sink *s, const path_set *paths, arena *a);
/* Begins a record whose tree is built in `a`; sink_tree ends it. */
void sink_begin_tree(field_sink *s, arena *a);
const value *sink_tree(field_sink *s);

/* False: a value under this key would be dropped, so it needs not be made. */
bool sink_wants(const field_sink *s, pk_str key);
/* In a list the key is ignored. The value (and a list's items) must live as long as the sink's arena. */
void sink_put(field_sink *s, pk_str key, value v);
static inline void sink_put_text(field_sink *s, pk_str key, pk_str v) { sink_put(s, key, value_string(v)); }
/* Text, or BLANK where there is none. */
void sink_put_or_blank(field_sink *s, pk_str key, pk_str v);

/* A record or list under `key`; every enter has its leave. */
void sink_enter(field_sink *s, pk_str key, bool is_list);
void sink_leave(field_sink *s);
/* False: nothing below the current container is asked for; a parser may skip it. */
bool sink_cares(const field_sink *s);

/* What the current container holds so far, to take back what follows. */
typedef struct {
    size_t fields, members;
    uint32_t taken;
} sink_mark;
sink_mark sink_here(const field_sink *s);
void sink_back(field_sink *s, sink_mark m);

#endif
