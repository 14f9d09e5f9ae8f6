/*
 * What the files of share/schemas are read into. Private to schema/; everything lives in the arena of its schema and is
 * constant after schema_load, but for classes that `--as` adds.
 */
#ifndef PICKET_SCHEMA_MODEL_H
#define PICKET_SCHEMA_MODEL_H

#include "base/hash.h"
#include "schema/schema.h"
#include "udm/udm.h"

/* What one condition asks of one place of a record. Texts are compared without ASCII case. */
typedef enum {
    ASK_PRESENT,                  /* some scalar stands there */
    ASK_ABSENT,
    ASK_EQUALS,                   /* its text is one of the constants */
    ASK_PREFIX,                   /* its text begins with one of them */
} ask_kind;

typedef struct {
    ask_kind kind;
    pk_str place;                 /* layouts: a raw path; classes: a canonical field */
    pk_str *constants;
    size_t count;
    uint32_t field;               /* classes: number of `place` among the fields that classes of the family ask for */
} ask;

typedef struct { ask *asks; size_t count; } condition;              /* all of them */
typedef struct { condition *of; size_t count; } alternatives;       /* one of them; none at all: always */

typedef struct {
    pk_str name;
    pk_str *paths;                /* raw, best first */
    size_t count;
} layout_field;

typedef struct {
    pk_str path;                  /* raw */
    const char *form;             /* of time_parse; NULL finds out by itself */
} time_place;
typedef struct { time_place *at; size_t count; } time_places;

typedef struct {
    pk_str name, title;
    family_id family;
    int rank;                     /* lower ones are tried first */
    bool only_stated;             /* fits only events whose log source the user stated */
    alternatives when;
    pk_str like;                  /* layout whose fields it shares; resolved after all files are read */
    VEC(layout_field) fields;
    table field_index;            /* name -> index in fields */
    pk_str *patterns;             /* of all other fields: '$' stands for the name */
    size_t pattern_count;
    bool flat;                    /* schema_normalise undoes the raw paths; else the tree stays as it is */
    time_places times;
    pk_str *hosts;                /* raw paths */
    size_t host_count;
} layout;

typedef field_mapping mapping;

typedef struct record_leaves record_leaves; /* record.c: the leaves that a class gives to records of a nested schema */

typedef struct {
    event_class shown;
    alternatives when;            /* on canonical fields; read only if the parent's holds */
    VEC(mapping) mappings;
    table mapping_index;          /* "sigma\0Image" -> index in mappings */
    bool own_usual;               /* some of its mappings are of the usual schema's fields, whose rules go by log sources */
    VEC(class_id) children;
    _Atomic(record_leaves *) records[2]; /* by udm_root; made when somebody asks for it first */
} class_row;

typedef struct {
    pk_str name, product;
    pk_str model;                 /* schema of its records, "udm": canonical fields are its paths; empty: none */
    VEC(layout_id) layouts;       /* in the order in which they are tried */
    VEC(class_id) roots;
    VEC(pk_str) asked;            /* canonical fields that conditions of its classes ask for */
} family;

typedef struct { log_source source; pk_str reason; } no_log;

struct schema {
    arena *arena;
    VEC(family) families;
    VEC(layout) layouts;          /* by number; `order` is the order of trying */
    VEC(layout_id) order;
    VEC(class_row *) classes;     /* rows stay put: others hold pointers to them */
    size_t read_classes;          /* the first ones: those of the files; users stated the others */
    table class_index, layout_index, family_index;
    VEC(no_log) no_logs;          /* sources of rules that no event log provides */
    time_places open_times;       /* raw paths of events that no layout fits */
    pk_str *open_hosts;
    size_t open_host_count;
    VEC(pk_str) common_values;
    digest content;               /* of all files */
    timestamp loaded;             /* when: the latest that a time without a year may lie, give or take a day */
    int year;                     /* of times that do not say theirs; 0: found by `loaded` */
};

#define FIELD_PATHS 12            /* most raw paths of one canonical field */

/* fields.c: what c or its nearest ancestor says of a field; NULL: nothing. */
const field_map *schema_own_mapping(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a);

/* fields.c: the small language of mappings, "decimal(NewProcessId) | 'none'". NULL: `*error` says why. */
const field_map *field_map_parse(arena *a, pk_str source, const char **error);

/* map_functions.c */
#define MAP_ARGUMENTS 24          /* most of a function */
typedef struct map_function map_function;
const map_function *map_function_of(pk_str name); /* NULL: there is none of this name */
value map_function_call(const map_function *f, const value *args, size_t count, arena *a); /* schema_call */

/* layouts.c: raw paths of a field, '$' filled in; at most FIELD_PATHS. LAYOUT_NONE: the field's own name. */
size_t layout_raw_paths(const schema *s, layout_id l, pk_str field, arena *a, pk_str paths[FIELD_PATHS]);

typedef struct shape shape;             /* shapes.h */
typedef struct shape_table shape_table;

/* A text that holds records, or none. */
typedef struct {
    pk_str text;
    const value *records;
    size_t count;
} opened_text;

enum { OPENED_KEPT = 4 };

/* field_finder.c, and the record at hand. */
struct field_finder {
    const schema *schema;
    arena *names;
    struct layout_fields *layouts, *fields; /* by layout, the last is of records without one; of this one */
    layout_id layout;
    const event *event;           /* NULL: there is only the tree */
    const value *tree;            /* once somebody asked, by field_finder_tree */
    arena *arena;
    const list_builder *values;   /* by field; NULL: the record was not walked yet */
    opened_text opened[OPENED_KEPT]; /* the last texts of the record that were looked into */
    size_t opened_count;
    shape_table *shapes;
    shape *shape;                 /* of the record, once `shaped`; NULL: not known */
    bool shaped;
    VEC(const value *) places;    /* its values; NULL: by the outline of the event */
    const value *outlined;        /* the record of `shape` by the event's outline, once somebody looked at it */
    shape *drawn;                 /* whose own record is looked at; NULL: it is a real one */
    bool unseen;                  /* something of that could not be told */
    uint64_t walks;               /* path sets made */
    bool naming_changed;          /* shapes were told by other keys */
};
/* Values of a canonical field, as schema_tree_values gives them. */
void field_finder_raw_values(field_finder *f, pk_str name, list_builder *out);
bool field_finder_is_named(const field_finder *f, pk_str path); /* does a field that the layout names stand at this raw path? */
size_t field_finder_open(field_finder *f, pk_str t, const value **records); /* inner_text_open, remembered */
shape *field_finder_shape(field_finder *f);
/* Does a string of this key name the value beside it, by some {Name=Value} of the layout? */
bool field_finder_names_values(const field_finder *f, pk_str key);
bool field_finder_has_names(const field_finder *f); /* of any key? */
uint32_t field_finder_number(field_finder *f, pk_str name, bool *walked); /* of a field; does the walk find it? */
const value *field_finder_place(field_finder *f, uint32_t place); /* a value of the record, by its shape */
void field_finder_search(field_finder *f, pk_str name, list_builder *out); /* values of any field, without a walk */
uint64_t field_finder_walk(const field_finder *f); /* its number; another number: other fields */
const list_builder *field_finder_walked(field_finder *f, size_t *count); /* values of its fields, by their numbers */

/* normalise.c: what the layout gives without mappings, of `tree`. */
record_builder normalise_layout(field_finder *f, const classification *k);
/* drawing.c: writes the record as schema_normalise gives it; false: its shape is not known, nothing is written. */
bool drawing_write(field_finder *f, const classification *k, text *out);

/* Where the '$' of a pattern stands. */
size_t layout_placeholder(pk_str pattern);
/* The field that `key` holds by the last segment of a pattern ("winlog_$", "~$"); false: none. */
bool layout_field_name(pk_str segment, pk_str key, arena *a, pk_str *out);

/* classes.c */
class_id class_add(schema *s, pk_str name, family_id f, class_id parent);
family_id family_add(schema *s, pk_str name, pk_str product);

/* record_fields.c: schemas whose events are nested records. */
bool schema_is_nested(pk_str schema_name, udm_root *root);
bool schema_is_native(const schema *s, class_id c, pk_str schema_name); /* are records of the class of the schema themselves? */
pk_str schema_without_marks(pk_str path, arena *a);  /* "a[].b[]" -> "a.b" */
const field_map *schema_nested_field(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a);
/* record.c */
void record_leaves_free(record_leaves *p);
/* tree_fields.c: values of a map in a whole record. */
void schema_map_values(const schema *s, class_id c, layout_id l, const field_map *m, const value *tree, arena *a, list_builder *out);

/* time.c: of a whole record, by the times of its layout; NONE: it has none. */
timestamp schema_tree_time(const schema *s, layout_id l, const value *tree, arena *a);

/*
 * time.c: NONE: not a time in that form. Forms: NULL or "auto", "s" "ms" "us" "ns" (since 1970), "filetime", or one of
 * timestamp_parse_form.
 */
timestamp time_parse(const schema *s, const value *v, const char *form, arena *scratch);

#endif
