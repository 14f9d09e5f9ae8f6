/*
 * Schemas: what kind of event a record is (event classes), and where the fields that rules name come from (mappings).
 * All of it is data in the YAML files of share/schemas (format: docs/schemas.md); this is the code that reads and applies it.
 *
 * Words:
 *   family   logs that share field names: windows, linux, aws, zeek ...
 *   layout   a form in which records of a family are written: EVTX, winlogbeat JSON, NXLog flat JSON ... It says at
 *            which raw path a canonical field of the family stands ("Image" at Event.EventData.Image).
 *   class    a kind of event within a family: windows/sysmon/1, windows/security, aws/cloudtrail, linux/auditd. It says
 *            which log sources of rules it provides and, for each schema, which of its fields differ from the canonical
 *            ones (Sigma `Image` on windows/security/4688 is NewProcessName).
 * An event has one layout and several classes (windows, windows/security, windows/security/4688).
 */
#ifndef PICKET_SCHEMA_SCHEMA_H
#define PICKET_SCHEMA_SCHEMA_H

#include "base/diag.h"
#include "base/digest.h"
#include "event/event.h"
#include "event/field_path.h"
#include "ir/ir.h" /* log_source */

typedef struct schema schema;

/* Reads all of `directory` (the `schemas` folder of share). Errors in the data are diagnostics and fail the load. */
pk_status schema_load(schema **out, const char *directory, diag_list *d);
void schema_free(schema *s);
digest schema_content(const schema *s);               /* of the files that it was read from: equal files, equal schema */
/* What fields of logs hold most of the time, whatever the field: a test that is true of one of these is common, however long its constant. */
const pk_str *schema_common_values(const schema *s, size_t *count);

/*
 * The year of times that do not say theirs (syslog). Without this call it is the year in which the schema was loaded, or
 * the one before for a time that would lie more than a day ahead of then. Call before classifying.
 */
void schema_set_year(schema *s, int year);

typedef uint32_t class_id, layout_id, family_id;
#define CLASS_NONE UINT32_MAX
#define LAYOUT_NONE UINT32_MAX

typedef struct {
    class_id id;
    pk_str name;                  /* "windows/sysmon/1" */
    family_id family;
    class_id parent;              /* CLASS_NONE: none */
    pk_str provider, event, title; /* for people: "Sysmon", "Event ID 1", "Process creation" */
    log_source *sources;          /* that it provides */
    size_t source_count;
    bool by_user;                 /* never given by content, only by `--as` */
} event_class;

size_t schema_class_count(const schema *s);
const event_class *schema_class(const schema *s, class_id id);
class_id schema_find_class(const schema *s, pk_str name);  /* CLASS_NONE */

/*
 * The classes that a rule's log source is routed to: those that provide a source which it covers (every attribute that
 * the rule sets equals the class's, without case). Where a class and its ancestor both qualify and no mapping tells them
 * apart only the ancestor is given. Result in `a`; *count 0: nothing provides it.
 */
const class_id *schema_classes_of(const schema *s, const log_source *rule_source, arena *a, size_t *count);

/* Why no log has this source of a rule ("file_access": a trace session, no event log); empty: no such reason is known. */
pk_str schema_no_log(const schema *s, const log_source *rule_source);

/*
 * `--as product=linux,service=auth`: the class for records whose log source the user states. An existing class that
 * provides exactly this source is taken; otherwise one is made whose fields are raw paths. Call before compiling.
 */
class_id schema_user_class(schema *s, const log_source *stated);

/* What the files say of one attribute of log sources (not what users stated), with repetitions, in `a`. */
typedef enum { SOURCE_PRODUCT, SOURCE_CATEGORY, SOURCE_SERVICE, SOURCE_ATTRIBUTES } source_attribute;
pk_str log_source_get(const log_source *l, source_attribute which);
const pk_str *schema_source_values(const schema *s, source_attribute which, arena *a, size_t *count);

/* ---- fields ---- */

typedef enum {
    MAP_FIELD,                    /* a canonical field of the family: `text` */
    MAP_CONSTANT,                 /* always `constant` */
    MAP_CALL,                     /* function `text` over args: join, decimal ... (schema/map_functions.def). Applied to each
                                     value of the first argument (once if that is missing); of the others the first counts */
    MAP_FIRST,                    /* the first of args that is present */
    MAP_MISSING,                  /* this class cannot give the field: known before any event is read */
    MAP_RECORD,                   /* of a nested schema: read by the path `text` out of schema_record */
} map_kind;

typedef struct field_map field_map;
struct field_map {
    map_kind kind;
    pk_str text;
    value constant;
    field_map **args;
    size_t count;
};

/* ---- schemas (names.def): nothing else knows them by name ---- */

typedef enum { SCHEMA_FLAT, SCHEMA_EVENTS, SCHEMA_ENTITIES } schema_record_kind;
typedef struct {
    const char *name;
    schema_record_kind records;
    bool mapped, usual;
    const char *meaning;
} schema_row;
extern const schema_row schema_rows[];                /* ends with a row without name */
const schema_row *schema_row_find(pk_str name);       /* NULL: there is none */
bool schema_is_usual(pk_str schema_name);
pk_str schema_of_records(schema_record_kind records); /* the name of the schema whose events are these records */

/*
 * Where `field` of schema `schema_name` ("sigma") comes from in events of this class. Never NULL; a field that no mapping
 * names is MAP_FIELD of the same name (only the event can tell), unless the class lists all of its fields.
 */
const field_map *schema_field(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a);

/* What a class states itself of fields, in the order of the file; what its ancestors state holds too where it says nothing. */
typedef struct {
    pk_str schema, field;
    const field_map *map;
} field_mapping;
const field_mapping *schema_class_mappings(const schema *s, class_id c, size_t *count);
/* A map in the language of the files: "decimal(NewProcessId)". */
void field_map_print(const field_map *m, text *out);

/* Applies function `name` to values (each maybe VALUE_MISSING): one value, made in `a`. The one implementation that the
 * engine and the reference evaluator share. */
value schema_call(pk_str name, const value *args, size_t count, arena *a);

/*
 * Schemas whose events are nested records ("udm", "udm-entity"): fields are paths of event/field_path.h. An event has one such
 * record, given by the most special of its classes that has mappings for the schema, or whose records are of it themselves.
 */
const class_id *schema_record_classes(const schema *s, pk_str schema_name, arena *a, size_t *count);
/* Which of an event's classes it is; CLASS_NONE: the event has no record of this schema. */
class_id schema_record_class(const schema *s, pk_str schema_name, const class_id *classes, size_t count);
/* Is it a schema of that kind? */
bool schema_has_records(pk_str schema_name);
/*
 * The event (the whole record `tree` of layout `l`) as such a record, made in `a`, cut to the paths (none, or an empty one:
 * all of it). `c` is schema_record_class. Lists keep all of their elements. Of other schemas: the tree itself, cut.
 */
value schema_record(const schema *s, class_id c, layout_id l, pk_str schema_name, const pk_str *paths, size_t count,
                    const value *tree, arena *a);

/* What is wanted of such records, read once: the paths (none, or an empty one: all). In `a`. */
typedef struct {
    const field_path *paths;
    size_t count;
    bool all;
} record_paths;
record_paths record_paths_read(const pk_str *paths, size_t count, arena *a);

/* schema_record of an event of which it is known where it stands: a mapped record gets its metadata.id by that. */
value schema_event_record(const schema *s, class_id c, layout_id l, pk_str schema_name, const record_paths *wanted,
                          const value *tree, const event_source *source, arena *a);

/* ---- layouts: canonical field -> raw paths ---- */

size_t schema_layout_count(const schema *s);
pk_str schema_layout_name(const schema *s, layout_id l);
family_id schema_layout_family(const schema *s, layout_id l);
/*
 * Adds to `paths` where canonical field `field` may stand under layout `l` and gives the slots, best first (at most
 * `limit`); returns how many. Several may be present at once: then the first present one counts.
 */
size_t schema_layout_paths(const schema *s, layout_id l, pk_str field, path_set *paths, path_slot *slots, size_t limit);

/* ---- per event ---- */

/*
 * Tells layout and classes of events. Make one a worker after schema_register() and path_set_freeze(); it remembers
 * results by the values of the discriminating fields (bounded).
 */
typedef struct classifier classifier;

/* Adds to `paths` all that classify, time and host need. */
void schema_register(const schema *s, path_set *paths);
classifier *classifier_new(const schema *s, const path_set *paths);
void classifier_free(classifier *c);

typedef struct {
    layout_id layout;             /* LAYOUT_NONE: open class, fields are raw paths */
    const class_id *classes;      /* parents first; count 0: open class */
    size_t class_count;
} classification;

/* `stated`: class from `--as`, or CLASS_NONE. The result lives as long as the classifier. */
classification classify(classifier *c, const event *e, class_id stated);

/* Event time by the time fields of its class and layout, and the host it is about; NONE / empty view if not there. */
timestamp classifier_time(classifier *c, const event *e, const classification *k, arena *a);
pk_str classifier_host(classifier *c, const event *e, const classification *k, arena *a);

/*
 * Fields of whole records, one after the other: what is asked for of many records of a layout is found in one walk over each.
 * One a worker; the schema must outlive it.
 */
typedef struct field_finder field_finder;
field_finder *field_finder_new(const schema *s);
void field_finder_free(field_finder *f);
/* What follows is about this record; values and what they need are made in `a`. */
void field_finder_record(field_finder *f, layout_id l, const value *tree, arena *a);
void field_finder_event(field_finder *f, layout_id l, const event *e, arena *a); /* of which no tree is made as long as none is needed */
const value *field_finder_tree(field_finder *f);
/* As schema_field_values, of the record. */
void field_finder_values(field_finder *f, class_id c, pk_str schema_name, pk_str field, list_builder *out);
void field_finder_map_values(field_finder *f, class_id c, pk_str schema_name, const field_map *m, list_builder *out); /* by its schema_field, which lives as long as `f` */

/*
 * The record of `f` as rules see it: a record of canonical fields (raw paths undone, blanks in names stripped), then the fields
 * that mappings add under names that are still free. For `dump` and for the `event` of alerts. Without layout: the tree.
 */
value schema_normalise(field_finder *f, const classification *k);
void schema_write_normalised(field_finder *f, const classification *k, text *out); /* as JSON, which is faster */

/*
 * Values of a canonical field in a whole record; the slow way of schema_layout_paths, for the evaluator.
 */
void schema_tree_values(const schema *s, layout_id l, pk_str field, const value *tree, arena *a, list_builder *out);

/*
 * Values of a rule's field in a whole record of class `c` and layout `l`: schema_field() applied the slow way. For the
 * reference evaluator and for columns of matched rows. Appends to `out`; nothing: missing. (schema/tree_fields.c)
 */
void schema_field_values(const schema *s, class_id c, layout_id l, pk_str schema_name, pk_str field, const value *tree,
                         arena *a, list_builder *out);

#endif
