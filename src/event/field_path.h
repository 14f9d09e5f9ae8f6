/*
 * Paths into nested records, as the IR writes them: "security_result[].about.hostname", "principal.ip[0]",
 * "target.labels['k']". The evaluator, the engine's rows and contexts read parts of events by them.
 *
 *   a.b       field b of record a; of a time, "seconds" and "nanos"
 *   a[]       every element of a list
 *   a[n]      its n-th element, from 0
 *   a['k']    the value under a key: of a map (a record), or of a list of labels [{key, value}]; the first in the order of
 *             the document counts, also over all elements of lists before it. ' and \ in keys are written \' and \\
 *
 * Without a mark a list is entered all the same, and what is no list counts as a list of one.
 */
#ifndef PICKET_EVENT_FIELD_PATH_H
#define PICKET_EVENT_FIELD_PATH_H

#include "event/value.h"

typedef enum { STEP_FIELD, STEP_EACH, STEP_INDEX, STEP_KEY } field_step_kind;

typedef struct {
    field_step_kind kind;
    pk_str name;                  /* FIELD: its name; KEY: the key */
    uint32_t index;               /* INDEX */
    size_t at;                    /* where it stands in the text */
} field_step;

#define FIELD_PATH_STEPS 64       /* a path has at most this many */

typedef struct {
    const field_step *steps;      /* NULL with count 0: the whole record */
    size_t count;
    bool by_key;                  /* has a KEY: gives one value at most */
} field_path;

/*
 * Reads a path; its parts are views of `path` but for keys that hold a backslash, which are made in `a`. Keys may also stand
 * in "..." (as in '...') or in `...` (as they are). false: not a path; *wrong (may be NULL) is where.
 */
bool field_path_parse(pk_str path, arena *a, field_path *out, size_t *wrong);
void field_path_print(const field_path *p, text *out);
void field_path_put_key(text *out, pk_str key);       /* ['k'] */

/*
 * Appends the values at the path; lists are spread, null counts as nothing. True: it is also *absent* somewhere: some
 * element on the way has nothing there, or a list is empty, or the whole path leads nowhere. Where a missing field counts as
 * a zero value, one copy of the event has that zero.
 */
bool field_path_read(const value *record, const field_path *p, arena *a, list_builder *out);

/* The same by the text of the path; a text that is no path gives nothing. */
bool field_path_read_text(const value *record, pk_str path, arena *a, list_builder *out);

#endif
