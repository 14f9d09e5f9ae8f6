/*
 * Building a catalogue: what the files build*.c and extract*.c share. docs/catalog.md tells the way of a build.
 *
 *     build.c            the steps
 *     build_database.c   the file: what may be written over, one transaction, statements
 *     build_files.c      which files there are, which changed, what else has to be read with them
 *     build_kinds.c      whose file is it, also where its language is not known yet
 *     build_rules.c      rows of a rule: metadata, lists, fields, words
 *     build_stages.c     its boxes and predicates
 *     build_file_rows.c  rows of files, diagnostics, references
 *     build_classes.c    event classes and their fields
 *     build_finish.c     keys, counts, what nothing refers to any more
 *     extract_*.c        from the IR: predicates, their keys, their normalised form
 */
#ifndef PICKET_CATALOG_BUILD_H
#define PICKET_CATALOG_BUILD_H

#include <sqlite3.h>

#include "api/api.h"
#include "base/hash.h"
#include "catalog/attack.h"
#include "catalog/extract.h"
#include "catalog/statements.h"

/* ---- files ---- */

typedef struct {
    pk_str path;                  /* as it is stored: valid UTF-8 */
    const char *opened;           /* as the system knows it */
    int64_t size, mtime, inode;   /* mtime in nanoseconds */
    int64_t id;                   /* in the catalogue; 0: not there yet */
    uint8_t hash[32];
    bool hashed;                  /* `text` and `hash` are there */
    bool load;                    /* its rules are read (again) and stored */
    pk_str text;
    const char *failure;          /* why it cannot be read; NULL: it can */
    const struct file_kind *kind; /* of rules that cannot be read yet; NULL: none of those */
    const language *language;     /* that took it; NULL: none */
    size_t first_rule, rule_count; /* in the IR */
    pk_str reason;                /* why it holds no rule */
    diag_list *said;              /* while it was loaded; NULL: nothing */
} source_file;

typedef struct { VEC(source_file) all; } source_files; /* by path */
typedef struct { VEC(int64_t) ids; } id_list;

/* What is known of a file of which picket reads no rules. */
typedef struct file_kind {
    const char *name, *title, *family;
    bool vendor;
    const char *what;             /* such a file is, in a sentence */
    const char *extensions;
    bool (*is)(pk_str content);   /* NULL: the ending suffices */
} file_kind;

extern const file_kind file_kinds[];                    /* ends with a NULL name */
/* Of a language that is not known; NULL: none of those. */
const file_kind *file_kind_of(pk_str path, pk_str content);
bool file_may_hold_rules(pk_str path);

/* ---- the build ---- */

typedef struct {
    int64_t id;
    pk_str shown;                 /* its first spelling */
    bool mixed;                   /* rules may spell it in several ways */
} stored_predicate;

typedef struct { pk_str language, id; } same_id;

typedef struct {
    const pk_store_options *options;
    pk_store_report *report;
    diag_list *diags;             /* of the build itself */
    pk_diagnostic_fn fn;
    void *user;
    arena *arena;
    pk_catalog *catalog;
    attack *attack;
    normal_map *normal;
    program *routes;
    diag_list *route_diags;
    pk_str fingerprint;           /* of all but the rules that an answer hangs on */
    int64_t started;              /* before the first file was looked at: nanoseconds */
    bool whole;                   /* nothing of the old catalogue is kept */
    bool changed;
    database db;
    source_files files;
    id_list gone;                 /* files of the catalogue that are no more */
    table predicate_ids;          /* key -> index in `predicates` */
    VEC(stored_predicate) predicates; /* of the rules that were stored */
    id_list rule_ids;             /* by number of the rule in the IR */
    table rules_by_name;          /* ids and names -> that number */
    table marked_ids;             /* language NUL id of `same_ids` */
    size_t temporary_keys;
    VEC(same_id) same_ids;        /* those of which several may have one id */
} build;

/* build_files.c */
pk_status find_source_files(build *b);
/* The folders and files that were given; without any the shipped rules. */
pk_strs build_roots(build *b);
void choose_source_files(build *b);       /* sets `load` of those that changed, `gone`, `changed` */
/* After those were read into b->catalog: also what they are connected with by references. false: nothing was added; true: all that
 * are to be loaded have to be read anew, together. */
bool connect_source_files(build *b);
bool read_source_file(build *b, source_file *f);
int64_t noted_time(const build *b, const source_file *f);

/* build_classes.c */
void store_classes(build *b);
void store_rule_classes(build *b, const rule *r, int64_t id, arena *a);

/* build_rules.c */
void store_rules(build *b);
pk_str id_of_rule(build *b, const rule *r); /* as it says; else made of the name of its file and its place there */

/* build_stages.c */
void name_rules(build *b);                  /* fills rules_by_name */

/* build_file_rows.c */
source_file *file_of(build *b, pk_str path); /* NULL: none of these */
void store_files(build *b);
void store_what_is_said(build *b);          /* diagnostics, states of files, references: after the rules */

/* build_finish.c */
pk_str key_for_rule(build *b, pk_str of, pk_str id); /* a new one; finish_catalogue puts those of one id in order */
void forget_rules_of(build *b, int64_t file);
void finish_catalogue(build *b);

#endif
