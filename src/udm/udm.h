/*
 * The Unified Data Model: which fields events and entities have, of which type, which of them are lists, and which names
 * and numbers their enumerations have. One table (messages.def, enums.def); knows no rule, no log, no engine.
 *
 * Paths are those of rules: "principal.ip", "security_result.about.labels['k']", "target.ip[0]", always in snake_case.
 * Their canonical form marks every list that is not fixed by an index or entered by a key with "[]":
 * "principal.ip[]", "security_result[].about.labels['k']", "network.dns.answers[].data". How such a path is read out of a
 * record is event/field_path.h's.
 */
#ifndef PICKET_UDM_UDM_H
#define PICKET_UDM_UDM_H

#include "event/field_path.h"

/* What a path begins in. Rules tell by the first segment: "graph." an entity, "detection." an alert, else an event. */
typedef enum { UDM_EVENT, UDM_ENTITY, UDM_DETECTION } udm_root;

typedef enum {
    UDM_MESSAGE,                  /* has fields of its own: nothing that can be compared */
    UDM_STRING,
    UDM_BYTES,                    /* base64 text: metadata.id */
    UDM_INT,
    UDM_FLOAT,
    UDM_BOOL,
    UDM_ENUM,                     /* a name: compared as text; ordered by number */
    UDM_TIME,                     /* RFC 3339; ".seconds" and ".nanos" below it are UDM_INT */
    UDM_MAP,                      /* keys and values without an order: "additional.fields"; ['k'] of it is a UDM_STRING */
} udm_type;

typedef struct udm_message udm_message;
typedef struct udm_enum udm_enum;

typedef struct {
    pk_str name;                  /* snake_case */
    udm_type type;
    bool repeated;
    bool hash;                    /* a hex digest */
    const udm_message *message;   /* UDM_MESSAGE; UDM_MAP: of its values, NULL: they are texts */
    const udm_enum *enumeration;  /* UDM_ENUM */
} udm_field;

typedef struct {
    pk_str path;                  /* canonical */
    udm_type type;                /* of one value */
    bool repeated;                /* may have many values: `path` holds "[]", and is no map read */
    bool list;                    /* the last field itself is a list that no index fixes: "principal.ip" */
    bool map_read;                /* ends in ['k'] */
    bool hash;                    /* a hex digest (md5, sha1, sha256 ...): kept in lower case, and so must constants be */
    const udm_message *message;   /* UDM_MESSAGE */
    const udm_enum *enumeration;  /* UDM_ENUM */
} udm_path;

typedef enum {
    UDM_UNKNOWN_FIELD,            /* `message` has no field `word`; `nearest` may be one that was meant */
    UDM_NO_FIELDS,                /* something follows a scalar: `word` */
    UDM_NOT_A_LIST,               /* an index behind what is no list */
    UDM_NOT_A_MAP,                /* ['k'] behind what is neither labels nor a map */
    UDM_SYNTAX,                   /* not a path at all */
} udm_fault;

typedef struct {
    udm_fault fault;
    size_t at;                    /* of `word` in the path */
    pk_str word;
    pk_str message;               /* type name of the message that was to have it: "Noun" */
    pk_str nearest;               /* empty: nothing is near */
} udm_error;

/*
 * What a path means. `path` as in a rule, without the variable; a first segment "udm" of an event is dropped, and so are
 * "graph" of entities and "detection" of detections. Keys may be quoted by ' or " (with \ before a quote or \) or by `.
 * "[]" marks in it are accepted. false: `*error` says why (`error` may be NULL). The result lives in `a`.
 */
bool udm_resolve(udm_root root, pk_str path, arena *a, udm_path *out, udm_error *error);

/* The root that a rule's path begins in, told by its first segment. */
udm_root udm_root_of(pk_str path);

/* ---- enumerations ---- */

pk_str udm_enum_type(const udm_enum *e);                                /* "EventType" */
const udm_enum *udm_enum_find(pk_str type);                             /* NULL */
bool udm_enum_number(const udm_enum *e, pk_str name, int64_t *out);     /* exact case; false: no such name */
pk_str udm_enum_name(const udm_enum *e, int64_t number);                /* empty: no such number */
pk_str udm_enum_nearest(const udm_enum *e, pk_str name);                /* for "did you mean"; empty: nothing is near */
size_t udm_enum_count(const udm_enum *e);
pk_str udm_enum_at(const udm_enum *e, size_t i, int64_t *number);       /* in the order of the table */

/* ---- messages ---- */

const udm_message *udm_root_message(udm_root root);
pk_str udm_message_name(const udm_message *m);
const udm_message *udm_message_find(pk_str name);                       /* NULL */
const udm_field *udm_message_fields(const udm_message *m, size_t *count);
const udm_field *udm_message_field(const udm_message *m, pk_str name);  /* snake_case; NULL */

/* "eventType" -> "event_type", "md5" -> "md5"; what is snake_case already stays as it is (the same view). */
pk_str udm_snake_case(pk_str key, arena *a);
/* "event_type" -> "eventType". */
pk_str udm_camel_case(pk_str key, arena *a);

/* ---- records ---- */

/*
 * Which record stands in a JSON object, with its wrappers taken off: bare, {"udm": ...}, {"entity": {"metadata" ...}},
 * {"event": {"idm": {"readOnlyUdm" | "entity": ...}}}; snake_case or camelCase. false: neither event nor entity.
 */
bool udm_unwrap(const value *record, udm_root *root, const value **body);

/*
 * An event or entity (wrappers taken off) in canonical form, in `a`: snake_case names; lists where the model has lists and
 * nowhere else; enumerations by name (a number that the model does not know as text), numbers as numbers, times as
 * VALUE_TIME (beyond its range {seconds, nanos}), digests in lower case; labels as [{key, value}], maps as one record of
 * texts ("additional": {"fields": {"k": "v"}}). Fields that the model does not know stay, under snake_case names. Nothing
 * is refused; what does not fit its type stays text.
 */
value udm_normalise(udm_root root, const value *body, arena *a);

/* The same, without fields that none of the paths (canonical) leads through; what they lead to is all there. */
value udm_normalise_paths(udm_root root, const value *body, const field_path *paths, size_t count, arena *a);

/* One scalar as a field of this path has it: a number for "443", a name for the number of an enumeration, a time for a text. */
value udm_scalar(const udm_path *p, const value *v, arena *a);

#endif
