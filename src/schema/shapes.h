/*
 * Shapes of records: names and nesting, without the values. Records of a kind have the same shape, and all that rendering
 * decides (which fields there are, by which names, in which order, which paths have values) follows from it and from the classes. So
 * it is decided once, on a record of that shape whose values are the numbers of their places, by the very code that looks at any
 * other record. Private to schema/.
 *
 * What decides beside names: a string that may hold records (whether it does is looked up, and what is in it belongs to the shape),
 * and a string that names the value beside it (path.h: {Name=Value}), which belongs to the shape with its text.
 *
 * A shape is made when it is met the second time: records that are all different cost a look each, and leave nothing behind. Records whose reader tells their
 * outline (event.h) have a shape by that, whose places are the reader's: of these no tree is made.
 */
#ifndef PICKET_SCHEMA_SHAPES_H
#define PICKET_SCHEMA_SHAPES_H

#include "schema/model.h"

/* A mapping of fields as records of one shape have it. */
typedef struct shape_map shape_map;

typedef struct {
    const field_map *of;
    const shape_map *map;
} shape_known_map;

/* Of several of one name the first that has values counts. */
typedef struct {
    outline_json json;            /* its key with ':', and the value of one that is plain */
    uint32_t name;
    const shape_map *map;
    bool plain;                   /* it is the value at a place, which is always there */
} drawn_mapping;

/* The rendered record, for one set of classes. */
typedef struct {
    const class_id *classes;
    size_t class_count;
    outline_json fields;          /* of the layout */
    bool empty;                   /* no field stands in these */
    const drawn_mapping *mapped;
    size_t mapped_count, name_count;
} drawing;

/* What stands in a text of the record. */
typedef struct {
    uint32_t place;               /* of the text */
    const value *records;
    size_t count;
} shape_text;

/* Values of a field, in its order: VALUE_TIME is the number of a place, all else is the same in every record of the shape. */
typedef struct {
    const value *at;
    size_t count;
} shape_values;

typedef struct {
    uint32_t field;               /* its number */
    shape_values values;
} shape_field_values;

struct shape {
    bool never;                   /* it cannot be drawn */
    bool outlined;                /* told by the reader: no tree of such a record is needed */
    shape *record;                /* the shape of the record without what stands in texts; itself if it has none */
    VEC(uint32_t) asked;          /* of that one: places of texts that somebody looks into */
    value tree;                   /* a record of this shape, places for values; of one that is outlined there is none but field_finder.outlined */
    value **values;               /* of that by place, also what stands in texts; NULL: they are told by their numbers alone */
    size_t count;
    VEC(shape_text) texts;
    uint64_t walk;                /* number of the walk that `fields` are of */
    const shape_field_values *fields; /* those of the walk that have values, by number */
    size_t field_count;
    VEC(shape_field_values) others;
    VEC(shape_known_map) maps;
    VEC(drawing *) drawings;
};

/* ---- shapes.c ---- */

shape_table *shape_table_new(void);
void shape_table_free(shape_table *t);
void shape_table_tidy(shape_table *t, bool all); /* between records; forgets everything if it has become much, or `all` */
arena *shape_table_arena(shape_table *t);

/* The shape of the record of `f`, whose values are field_finder_place then; NULL: not known, or not yet. */
shape *shape_of(field_finder *f);
/* What of a value belongs to the shape; PLACE_NONE: a record that holds it has none. */
typedef enum { PLACE_NONE, PLACE_SCALAR = 's', PLACE_TEXT = 't', PLACE_NAME = 'n', PLACE_RECORD = 'r', PLACE_LIST = 'l' } place_kind;
place_kind shape_kind_of(const field_finder *f, pk_str key, const value *v);

/* ---- shape_record.c ---- */

/* Makes the shape of the record at hand, whose shape without what stands in texts is `record`; or as its outline tells. */
void shape_make(field_finder *f, shape *s, shape *record);
void shape_make_outlined(field_finder *f, shape *s);
/* Values of a field of that record, which are the shape's; false: that cannot be said. */
bool shape_field(field_finder *f, shape *s, pk_str name, shape_values *out);
bool shape_fields(field_finder *f, shape *s); /* finds all that the walk of `f` asks for */
/* The shape's own record becomes that of `f`, until shape_leave; false from there: it could not be looked at. */
void shape_enter(field_finder *f, shape *s, field_finder *before);
bool shape_leave(field_finder *f, shape *s, const field_finder *before);
size_t shape_open(field_finder *f, pk_str t, const value **records); /* in between: what stands in a text */
/* Where a value of the shape's own record stands, also one that was copied; UINT32_MAX: it has no place. */
uint32_t shape_place(const shape *s, const value *v);
/* A value of the shape's own record, also one that was copied, as shape_values have it, in `a`; false: it is none. */
bool shape_value(const shape *s, const value *v, arena *a, value *out);

/* ---- shape_maps.c ---- */

const shape_map *shape_map_make(field_finder *f, shape *s, const field_map *m); /* NULL: that cannot be said */
const shape_map *shape_map_of(field_finder *f, shape *s, const field_map *m);   /* the same, kept by the address of `m` */
bool shape_map_is_missing(const shape_map *m);                     /* records of the shape never have a value */
bool shape_map_is_place(const shape_map *m, uint32_t *place);      /* it is the value at that place, always */
void shape_map_values(field_finder *f, const shape_map *m, list_builder *out); /* of the record of `f`, whose shape it is of */

#endif
