/* What the handles of picket.h hold. Only files of this folder look inside. */
#ifndef PICKET_API_API_H
#define PICKET_API_API_H

#include "api/cache_entry.h"
#include "compile/program.h"
#include "languages/language.h"
#include "schema/schema.h"

/* A rule file that is named and not yet read. */
typedef struct {
    pk_str path;                    /* empty: only what the walk had to say behind the last file */
    bool named;                     /* the path itself, not found by a walk */
    diag_list *said;                /* by the walk before it came to this file; NULL: nothing */
    file_print print;               /* zero without a cache */
    digest content;                 /* as it was read; the same */
    bool readable;
} pending_file;

struct pk_catalog {
    arena *arena;
    pk_str share;
    ir_catalog *ir;                 /* its diagnostics are those of the catalog */
    schema *schema;                 /* NULL: could not be loaded, nothing else works */
    unsigned threads;               /* for loading; 0: one for each processor */
    VEC(pending_file) pending;
    diag_list *said;                /* by the walk that is under way */
    VEC(pk_str) asked;              /* paths of pk_catalog_load */
    /* programs kept on disk: cache.c */
    pk_str cache_folder;            /* empty: none are kept */
    digest cache_key;
    pk_str cache_note;              /* for people: what came of it */
    VEC(read_file_note) read;       /* of rule files that were read */
    bool unreadable;                /* some were not */
    VEC(pk_str) list_sources;       /* texts of value lists */
    struct kept *kept;              /* what a cached program stands in; NULL: none does */
    VEC(value_list) lists;
    VEC(data_table) tables;
    VEC(data_table) table_configs;  /* columns of tables, as a configuration states them; without rows */
    bool empty_lists;               /* lists that nobody gave count as empty */
    VEC(pk_str) without_rules;
    VEC(log_source) stated;         /* pk_log_source is an index into these two */
    VEC(class_id) stated_classes;
    bool complete;                  /* references are resolved, `rules` is filled */
    pk_rule *rules;                 /* of one from the cache: those whose rest has been read */
};

struct pk_program {
    pk_catalog *catalog;
    program *compiled;
    diag_list *diags;
};

/* share.c: the folder of shipped data, in `a`; empty if there is none. */
pk_str find_share(const char *given, arena *a);

/* load.c */
void catalog_settle(pk_catalog *c);    /* reads the files that are pending */
void pending_clear(pk_catalog *c);
diag_list *walk_diags(pk_catalog *c);

enum { LARGEST_RULE_FILE = 16 << 20 };
/* rule_files.c: calls fn for each rule file at `path`; `named`: it is the path itself, not found by a walk. The print is
 * zero if the catalogue keeps no programs. */
typedef void (*rule_file_fn)(pk_catalog *c, const char *path, const file_print *print, bool named);
pk_status walk_rule_files(pk_catalog *c, const char *path, rule_file_fn fn);
/* A whole file, in `a`. Not PK_OK: a diagnostic says why. */
pk_status read_text_file(const char *path, size_t limit, arena *a, pk_str *out, diag_list *d);

/* lists.c */
language_options catalog_language_options(const pk_catalog *c);
pk_status parse_value_lists(pk_catalog *c, pk_str source, pk_str file);

/* stated.c: one warning for each product, category and service that was stated and that neither a rule nor a schema has. */
void warn_of_unknown_sources(const pk_catalog *c, diag_list *d);

/* choice.c */
pk_status choice_check(const pk_choice *choice, diag_list *d);
bool choice_fits(const pk_choice *choice, const pk_rule *r);
/* "product=windows,category=x" into a log source (views into `text`). */
bool parse_log_source(pk_str text, log_source *out);
/* 0 informational .. 4 critical; -1: no level. */
int level_rank(pk_str level);

/* catalog.c */
void catalog_complete(pk_catalog *c);  /* resolves references, once */
void catalog_restored(pk_catalog *c);  /* rules came from an image instead */
pk_rule rule_view(const rule *r);      /* as it is shown */
void catalog_refresh(pk_catalog *c);   /* rules as they are shown; again after compiling, which changes states */
const pk_rule *catalog_rule(const pk_catalog *c, const rule *r);
/*
 * cache.c: makes sure that texts and plans of rules can be looked at, which stay in the file of a cached program until somebody asks.
 * By any thread. false: they can't be read any more; nothing of a rule but its index, state and language may be looked at then.
 */
bool catalog_rest(const pk_catalog *c);
bool catalog_rest_of(const pk_catalog *c, uint32_t number); /* the same for one rule alone */
diag_list *catalog_diags(const pk_catalog *c);

#endif
