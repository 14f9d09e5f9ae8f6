/*
 * Paths: the places in raw records that a program asks for.
 *
 * A path is written as in Sigma and in the schemas: keys joined by '.'. While reading, a reader walks the record and the
 * path set side by side (path_child) and stores what stands at a node that has a slot. Rules of matching:
 *   - a key is compared as it stands and without its blanks ("Threat Name" is asked for by ThreatName too);
 *   - "a.b" asks for the literal key "a.b" and for key b inside a: both feed the same slot;
 *   - a list on the way is transparent: each of its elements is entered with the same node;
 *   - '*' as a whole segment stands for any one key.
 * A path set is built once and constant afterwards; any number of threads use it.
 */
#ifndef PICKET_EVENT_PATH_H
#define PICKET_EVENT_PATH_H

#include "event/value.h"

typedef struct path_set path_set;
typedef uint32_t path_node;                           /* a place in the set; PATH_NONE: nobody asks for anything below */
typedef uint32_t path_slot;                           /* number of a path asked for, from 0 */

#define PATH_ROOT ((path_node)0)
#define PATH_NONE UINT32_MAX
#define SLOT_NONE UINT32_MAX
#define PATH_KEY_LIMIT 256                            /* longer keys are compared only as they stand */

path_set *path_set_new(void);
void path_set_free(path_set *set);
path_slot path_add(path_set *set, pk_str path);       /* the same path gives the same slot */
path_slot path_add_keys(path_set *set, const pk_str *keys, size_t count); /* keys that may hold dots, no splitting */
path_slot path_find(const path_set *set, pk_str path); /* SLOT_NONE if never added */
void path_set_freeze(path_set *set);                  /* builds the lookup; no path_add afterwards */

size_t path_slot_count(const path_set *set);
pk_str path_text(const path_set *set, path_slot slot);

/*
 * The node of `key` below `node`, or PATH_NONE. One key may lead to several places (a literal key, a '*'): those are
 * merged into one node when the set is frozen, so that a single descent serves all.
 */
path_node path_child(const path_set *set, path_node node, pk_str key);

/* The slots that are filled by a value at this node (a merged node may have more than one). */
size_t path_node_slots(const path_set *set, path_node node, const path_slot **slots);
bool path_node_has_children(const path_set *set, path_node node);

#endif
