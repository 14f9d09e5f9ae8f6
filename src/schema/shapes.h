/*
 * Shapes of records: names and nesting, without the values. Records of a kind have the same shape, and all that rendering
 * decides (which fields there are, by which names, in which order, which paths have values) follows from it and from the classes. So
 * it is decided once, on a record of that shape whose values are the numbers of their places, by the very code that looks at any
 * other record. Private to schema/.
 *
 * What decides beside names: a string that may hold records (whether it does is looked up, and what is in it belongs to the shape),
 * and a string that names the value beside it (path.h: {Name=Value}), which belongs to the shape with its text.
 *
 * A shape is made when it is met the second time: records that are all different cost a look each.
 */
#ifndef PICKET_SCHEMA_SHAPES_H
#define PICKET_SCHEMA_SHAPES_H

#include "schema/model.h"

/* A value of the rendered record. */
typedef struct drawn drawn;
struct drawn {
    enum { DRAWN_PLACE, DRAWN_CONSTANT, DRAWN_LIST } kind;
    uint32_t place;               /* PLACE: of the record at hand */
    value constant;
    const drawn *items;           /* LIST */
    size_t count;
};

/* A mapping whose fields are found; what the shape cannot give is left out. */
typedef struct drawn_map drawn_map;
struct drawn_map {
    map_kind kind;                /* CONSTANT, FIELD, CALL or FIRST */
    pk_str function;
    value constant;
    const uint32_t *places;       /* FIELD */
    const drawn_map **args;
    size_t count;                 /* of places or args */
};

typedef struct {
    pk_str key;                   /* as JSON, with ':' behind it */
    drawn value;
} drawn_field;

/* Of several of one name the first that has values counts. */
typedef struct {
    pk_str key;
    uint32_t name;
    const drawn_map *map;
} drawn_mapping;

/* The rendered record, for one set of classes. */
typedef struct {
    const class_id *classes;
    size_t class_count;
    const drawn_field *fields;
    const drawn_mapping *mapped;
    size_t field_count, mapped_count, name_count;
} drawing;

/* What stands in a text of the record. */
typedef struct {
    uint32_t place;               /* of the text */
    const value *records;
    size_t count;
} shape_text;

#define PLACE_BLANK UINT32_MAX    /* of a name without a value */

/* Of the i-th of some fields: places[first[i] .. first[i + 1]). */
typedef struct {
    const uint32_t *first, *places;
} shape_field_places;

struct shape {
    bool known;                   /* what follows holds */
    bool never;                   /* it cannot be drawn */
    shape *record;                /* the shape of the record without what stands in texts; itself if it has none */
    VEC(uint32_t) asked;          /* of that one: places of texts that somebody looks into */
    value tree;                   /* a record of this shape, places for values */
    value **values;               /* all of its values by place, also of what stands in texts */
    size_t count;
    VEC(shape_text) texts;
    uint64_t walk;                /* number of the walk that `fields` is of */
    shape_field_places fields;
    VEC(drawing *) drawings;
};

/* ---- shapes.c ---- */

shape_table *shape_table_new(void);
void shape_table_free(shape_table *t);
void shape_table_tidy(shape_table *t, bool all); /* between records; forgets everything if it has become much, or `all` */
arena *shape_table_arena(shape_table *t);

/* The shape of the record of `f`, whose values are f->places then; NULL: not known, or not yet. */
shape *shape_of(field_finder *f);
/* The places of values of `count` fields that were found in its own record, in `a`; false: one of them has none. */
bool shape_places(const shape *s, const list_builder *values, size_t count, arena *a, shape_field_places *out);
/* Finds the places of all fields that the walk of `f` asks for; false: that cannot be said. */
bool shape_fields(field_finder *f, shape *s);
/* The shape's own record becomes that of `f`, until shape_leave; false from there: it could not be looked at. */
void shape_enter(field_finder *f, shape *s, field_finder *before);
bool shape_leave(field_finder *f, shape *s, const field_finder *before);
size_t shape_open(field_finder *f, pk_str t, const value **records); /* in between: what stands in a text */
/* Where a value of the shape's own record stands, also one that was copied; UINT32_MAX: it is none. */
uint32_t shape_place(const shape *s, const value *v);

#endif
