/*
 * Paths: the places in raw records that a program asks for.
 *
 * A path is written as in Sigma and in the schemas: keys joined by '.'. While reading, a reader walks the record and the
 * path set side by side (path_child) and stores what stands at a node that has a slot. Rules of matching:
 *   - a key is compared as it stands and without its blanks ("Threat Name" is asked for by ThreatName too);
 *   - "a.b" asks for the literal key "a.b" and for key b inside a: both feed the same slot;
 *   - a list on the way is transparent: each of its elements is entered with the same node;
 *   - '*' as a whole segment stands for any one key;
 *   - a segment '{Name=Value}' enters a record of a name and a value as if it were the one field that they make:
 *     "Data.{@Name=#text}.Image" asks for the "#text" of that element of Data whose "@Name" is Image. Both sides may list
 *     several keys, of which the first present counts ("{name=value|intValue}"); "a/b" is key b inside a. A record with
 *     a name and none of the values makes a blank field;
 *   - a string that holds a JSON object or list, or an XML element, is entered as if that stood there
 *     (event/inner_text.h), where something below it is asked for.
 * A path set is built once and constant afterwards; any number of threads use it.
 */
#ifndef PICKET_EVENT_PATH_H
#define PICKET_EVENT_PATH_H

#include "base/image.h"
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

/* Copies a frozen set; the pointer at `field` of the image will lead to it. What is loaded so is never freed. */
void path_set_image(const path_set *set, image_writer *w, size_t field);

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

/* A segment {Name=Value}: keys of the name and of the value, first choice first, and the node that it leads to. */
typedef struct {
    const pk_str *names, *values;
    size_t name_count, value_count;
    path_node below;
} path_pair;

/* The pairs that are asked for in records at this node. */
size_t path_node_pairs(const path_set *set, path_node node, const path_pair **pairs);

/* The pair that a segment is (without its node), made in `a`; false: it is an ordinary key. */
bool path_pair_read(pk_str segment, arena *a, path_pair *out);

/* The field that a record makes for a pair; false: it has no name. */
bool path_pair_field(const path_pair *pair, const value *record, value_field *out);

/*
 * Calls `put` for every scalar of `v` that is asked for, `v` standing at `node`: the rules above, for values that exist
 * already. `v` may be a string that holds a record; what is in it is made in `a`.
 */
typedef void (*path_put_fn)(void *user, path_slot slot, const value *v);
void path_values(const path_set *set, path_node node, const value *v, arena *a, path_put_fn put, void *user);
/* The same; `open` stands for inner_text_open. */
typedef size_t (*path_open_fn)(void *user, pk_str text, arena *a, const value **records);
void path_values_opened(const path_set *set, path_node node, const value *v, arena *a, path_put_fn put, path_open_fn open, void *user);

#endif
