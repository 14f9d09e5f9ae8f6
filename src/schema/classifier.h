/*
 * What tells the class of an event: the classifier, as its files share it.
 *
 *     classifier.c   what is asked of events, and where it stands in them
 *     classify.c     the classes as they were for the same bytes before
 *     class_memo.c   as they were for the same values before
 *     conditions.c   by the conditions themselves
 *     time_host.c    when and where, once the layout is known
 */
#ifndef PICKET_SCHEMA_CLASSIFIER_H
#define PICKET_SCHEMA_CLASSIFIER_H

#include "schema/model.h"

#define CLASSIFIER_NO_PLACE UINT16_MAX

typedef struct {
    path_slot *slots;
    const char **forms;
    size_t count;
} slot_list;
typedef struct {
    uint16_t *at;
    size_t count;
} place_list;

typedef struct memo_entry memo_entry; /* class_memo.c */
typedef struct glance glance;         /* classify.c */

struct classifier {
    const schema *schema;
    arena *results;    /* class lists; as long as the classifier */
    arena *remembered; /* keys of the memo and of glances; reset with them */
    arena *scratch;
    uint16_t *place_of_slot; /* by slot */
    uint16_t *sight;         /* by slot: depth of its place and one more; 0: no place */
    size_t slot_count;
    VEC(path_slot) places;
    size_t *depth;              /* by place: bytes of the text that conditions look at; 0: presence alone counts */
    const value **seen;         /* by place: first value in the event at hand */
    uint64_t *present;          /* bit set over places */
    place_list **layout_places; /* by layout: of the asks of its conditions, in order */
    place_list **field_places;  /* by family: [layout of the family, then raw][asked field] */
    slot_list *times, *hosts;   /* by layout, then raw */
    memo_entry *memo;
    size_t memo_used;
    glance *glances;
    VEC(classification) lists; /* all distinct results */
};

memo_entry *classifier_memo_new(void);
glance *classifier_glances_new(void);
void classifier_forget_glances(classifier *c);
/* When what is remembered, of values and of glances, is too much, all of it is forgotten. */
void classifier_make_room(classifier *c);

/* The classes of an event by its values. */
classification classifier_remembered(classifier *c, const event *e, class_id stated);
/* The classes by what `seen` and `present` hold. */
classification classifier_by_conditions(classifier *c, class_id stated);

#endif
