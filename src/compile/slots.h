/*
 * Slots: the places of an event that tests hang on. A slot is (family, expression): a canonical field of a family of logs,
 * a function over fields, every value of the event, or its raw text. Many fields of rules may share a slot; one field may
 * be several slots in several classes.
 */
#ifndef PICKET_COMPILE_SLOTS_H
#define PICKET_COMPILE_SLOTS_H

#include "base/hash.h"
#include "ir/functions.h"
#include "ir/ir.h"
#include "schema/schema.h"

typedef enum { SLOT_FIELD, SLOT_COMPUTED, SLOT_ANY_VALUE, SLOT_RAW, SLOT_RECORD } slot_kind;

/* What a computed slot computes; the leaves are other slots or constants. */
typedef struct slot_expr slot_expr;
struct slot_expr {
    map_kind kind;                /* MAP_FIELD: `slot`; MAP_CONSTANT; MAP_CALL; MAP_FIRST */
    uint32_t slot;
    value constant;
    pk_str function;
    bool of_rule;                 /* a function of expressions (ir/functions.h), not of mappings */
    slot_expr **args;
    size_t count;
};

/* Where a field may stand in records of a layout; LAYOUT_NONE: raw paths. */
typedef struct {
    layout_id layout;
    path_slot path;
    uint16_t rank;                /* 0 is best: only the best path that is present counts */
} slot_path;

typedef struct {
    slot_kind kind;
    family_id family;             /* of SLOT_FIELD */
    class_id class_id;            /* of SLOT_ANY_VALUE and SLOT_RAW: keywords of other classes cost their events nothing; of
                                     SLOT_RECORD */
    pk_str name;                  /* canonical field, the expression as text, the path into the record */
    pk_str schema;                /* of SLOT_RECORD: "udm" */
    slot_expr *expr;              /* SLOT_COMPUTED */
    VEC(uint32_t) inputs;         /* SLOT_COMPUTED: field slots that it reads */
    bool standing;                /* SLOT_COMPUTED: has a value even when no input is present */
    uint8_t zero;                 /* SLOT_RECORD of elements: value_type of what an element without a value has */
    uint32_t list;                /* the same: length of the list in `name`; 0: the path is read as it is */
    VEC(slot_path) paths;         /* SLOT_FIELD; in order of layout, then rank */
} event_slot;

/* What an operand of a rule is in a class: a slot, or known before any event is read. */
typedef struct {
    bool known;
    value value;                  /* known; VALUE_MISSING: the class cannot give it */
    uint32_t slot;
} operand;

typedef struct {
    arena *arena;
    schema *schema;
    path_set *paths;
    VEC(event_slot) all;
    table numbers;                /* "family\0expression" -> number */
    /* while the program is built */
    table fields;                 /* class, schema and field -> number in operands */
    VEC(operand) operands;
} slot_table;

#define FAMILY_NONE UINT32_MAX    /* the open class; computed and special slots */

void slots_init(slot_table *t, schema *s, path_set *paths, arena *a);
void slots_free(slot_table *t);
void slots_finish(slot_table *t);                     /* no slot_operand afterwards */
void slots_image(const slot_table *t, image_writer *w, size_t field); /* copies what a finished table at `field` holds */

/*
 * What the elements of a list in the records of a class have at a path: a zero where they have nothing. "security_result[]",
 * "summary". Of a class whose records have no such list it is known.
 */
operand slot_of_elements(slot_table *t, class_id c, const ir_field *list, pk_str path);

/* Calls the function of a MAP_CALL. `calls` may be NULL. */
value slot_call(const slot_expr *e, const value *args, ir_calls *calls, arena *a);

/*
 * `widest`: c, or an ancestor on which the rule runs as well: what is asked of the whole event is one slot for both.
 * NULL in *problem, or why the expression cannot be a slot (then the operand is missing).
 */
operand slot_operand(slot_table *t, class_id c, class_id widest, const expr *e, const char **problem);

#endif
