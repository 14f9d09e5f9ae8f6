/*
 * picket: runs detection rules of many languages over logs, and says why each one fired.
 *
 *     pk_catalog *catalog;  rules as loaded, with what is wrong with each
 *     pk_program *program;  the chosen rules, compiled; constant: any number of scanners share it
 *     pk_scanner *scanner;  one run over a list of inputs
 *
 *     pk_catalog_new(&catalog, NULL);
 *     pk_catalog_load(catalog, "rules");
 *     pk_program_build(&program, catalog, NULL);
 *     pk_scanner_new(&scanner, program, NULL);
 *     pk_scanner_add(scanner, "logs", NULL);
 *     pk_scanner_run(scanner, on_alert, user);
 *
 * and the releases in the opposite order. examples/embed.c is a whole program.
 *
 * Errors. Functions that can fail return a pk_status. What is wrong with a rule, a file, a line or a record is no failure
 * of a call: it is a diagnostic, with its place, and the next rule, line or record follows.
 *
 * Memory. Text is given as views (pk_str) that are not terminated by a NUL. What is reached through a handle lives as long
 * as the handle, what a callback gets lives until the callback returns, unless something else is said. When the system
 * refuses memory the process ends with a message and code 2; see pk_on_out_of_memory.
 *
 * Threads. A handle is used by one thread at a time, but for pk_program, which is constant once built, and for
 * pk_scanner_stop. Callbacks are never called at the same time for one scanner, though not always by the same thread.
 */
#ifndef PICKET_H
#define PICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PK_API __attribute__((visibility("default")))
#define PK_MUST_USE __attribute__((warn_unused_result))
#else
#define PK_API
#define PK_MUST_USE
#endif

/* ---- words shared by everything ---- */

/* A view of text: not terminated by a NUL, never owned by whoever holds it. */
typedef struct pk_str {
    const char *ptr;
    size_t len;
} pk_str;

typedef struct pk_strs {
    const pk_str *items;
    size_t count;
} pk_strs;

typedef enum pk_status {
    PK_OK = 0,
    PK_ERROR_NOMEM,
    PK_ERROR_IO,          /* a file could not be opened, read or written */
    PK_ERROR_SYNTAX,      /* the text or the bytes are not what they should be */
    PK_ERROR_UNSUPPORTED, /* valid, but cannot be done */
    PK_ERROR_LIMIT,       /* a bound was reached */
    PK_ERROR_USAGE,       /* the caller asked for something that makes no sense */
    PK_STOPPED            /* the end was reached, or a callback asked to stop */
} pk_status;

/* Points in time: nanoseconds since 1970-01-01T00:00:00Z. */
typedef int64_t pk_time;
#define PK_NO_TIME INT64_MIN

PK_API const char *pk_version(void); /* "0.1.0" */

/* Called instead of the message when the system refuses memory, for the whole process. If it returns, the process ends. */
PK_API void pk_on_out_of_memory(void (*fn)(size_t size));

/* ---- diagnostics: what is wrong, in words for people ---- */

typedef enum pk_severity {
    PK_NOTE = 0,
    PK_WARNING,
    PK_NEEDS_LIST,        /* runnable but for a value list that nobody gave */
    PK_UNSUPPORTED,       /* valid, but cannot be done; the rule is shown, not run */
    PK_ERROR,             /* the text or input is wrong */
    PK_SEVERITIES
} pk_severity;

typedef struct pk_diagnostic {
    pk_severity severity;
    const char *code;     /* stable name to search for, e.g. "sigma-modifier" */
    pk_str message;
    pk_str hint;          /* empty: none */
    pk_str file;          /* empty: none */
    uint32_t line;        /* from 1; 0: none */
    uint32_t column;      /* from 1, in bytes; 0: none */
    uint32_t length;      /* of the marked text, in bytes; 0: unknown */
    pk_str rule;          /* id of the rule concerned; empty: none */
} pk_diagnostic;

/* A list of them, in order of rules or of input. Past 1000 of one code further ones are only counted. */
typedef struct diag_list pk_diagnostics;

PK_API size_t pk_diagnostics_count(const pk_diagnostics *d);                      /* that are kept */
PK_API const pk_diagnostic *pk_diagnostics_at(const pk_diagnostics *d, size_t i);
PK_API size_t pk_diagnostics_total(const pk_diagnostics *d, pk_severity severity); /* kept or not */
PK_API size_t pk_diagnostics_dropped(const pk_diagnostics *d);                    /* counted but not kept */
PK_API const char *pk_severity_text(pk_severity severity);                        /* "error", "needs list" ... */

/* ---- catalogs: rules as loaded ---- */

typedef struct pk_catalog pk_catalog;

/*
 * An empty catalog. `share` is the folder of the data that ships with picket (schemas); NULL finds it: by the environment
 * variable PICKET_SHARE, beside the running program or the library, or under the prefix of the installation. If it is not
 * found, or is damaged, that is an error; *out is set all the same if there is anything to say, and its diagnostics tell.
 * Release it in either case.
 */
PK_API PK_MUST_USE pk_status pk_catalog_new(pk_catalog **out, const char *share);
PK_API void pk_catalog_free(pk_catalog *c);                 /* after the programs that were built from it */
PK_API pk_str pk_catalog_share(const pk_catalog *c);        /* the folder that was found */

/*
 * Loads a file of rules, or every file of rules in a folder and below it, in byte order of names. May be called many times;
 * references between rules (correlations, filters) are resolved when the first rule is looked at or the first program is
 * built, and nothing is loaded after that. Files are read then, too: they must stay as they are until the first result.
 * PK_ERROR_IO: there is no such file; a diagnostic says so.
 */
PK_API PK_MUST_USE pk_status pk_catalog_load(pk_catalog *c, const char *path);

/*
 * Lists that rules name; before the rules that need them. A file: value lists for placeholders (a YAML mapping from names to lists
 * of values), a data table (NAME.csv, the first line names the columns), a reference list (NAME or NAME.txt, an entry a line,
 * comments from // on). Or a folder that holds, at any depth, such files, and a data_table_config.yaml that says what type the
 * columns of tables are of (STRING, REGEX, CIDR, NUMBER).
 */
PK_API PK_MUST_USE pk_status pk_catalog_load_lists(pk_catalog *c, const char *path);
/* Lists and tables that nobody gives count as empty, instead of keeping the rules that name them from running. Before the rules. */
PK_API void pk_catalog_empty_lists(pk_catalog *c);

/* How many threads read rule files, which they do when the first result is asked for; 0, as without this call: one for each
 * processor. Nothing that comes of it depends on their number. */
PK_API void pk_catalog_use_threads(pk_catalog *c, unsigned threads);

/*
 * Keeps compiled programs in a folder between runs: when rules, lists, schemas, choice, version and processor are what they
 * were, the first program is built from there in a fraction of the time, and everything is as it would be otherwise. NULL: the
 * folder picket/ under XDG_CACHE_HOME, else ~/.cache. It is made if need be, and left alone unless it belongs to the user and
 * nobody else may write to it; it may be deleted at any time. Before anything is loaded. PK_ERROR_IO: there is no such place.
 */
PK_API PK_MUST_USE pk_status pk_catalog_use_cache(pk_catalog *c, const char *folder);
/* What came of it when the first program was built, for people; empty: there was nothing worth keeping. */
PK_API pk_str pk_catalog_cache_note(const pk_catalog *c);

PK_API const pk_diagnostics *pk_catalog_diagnostics(const pk_catalog *c);

/* Files of a walked folder that hold no rule though their names look like it (an info.yml), in order. */
PK_API pk_strs pk_catalog_files_without_rules(const pk_catalog *c);

typedef enum pk_rule_state {
    PK_RULE_RUNNABLE,
    PK_RULE_NEEDS_LIST,     /* runnable but for value lists that nobody gave */
    PK_RULE_UNSUPPORTED,    /* valid, but cannot be done */
    PK_RULE_ERROR,          /* the text is wrong */
    PK_RULE_STATES
} pk_rule_state;

/* A rule: one document of a file. Texts are empty where the rule says nothing. */
typedef struct pk_rule {
    size_t index;           /* in the catalog */
    pk_rule_state state;
    pk_str reason;          /* why it does not run */
    pk_str id, name, title, description, author, date, modified, status, level, licence;
    pk_str language;        /* "sigma" */
    pk_str path;            /* of its file */
    uint32_t line;          /* at which it begins there */
    pk_str text;            /* its source */
    pk_str product, category, service; /* its log source */
    pk_strs references, false_positives, tags;
    pk_strs tactics, techniques;       /* ATT&CK: "execution", "T1059.001" */
} pk_rule;

PK_API size_t pk_catalog_rule_count(pk_catalog *c);
PK_API const pk_rule *pk_catalog_rule(pk_catalog *c, size_t i);
PK_API const pk_rule *pk_catalog_find_rule(pk_catalog *c, pk_str id_name_or_title); /* the first such; NULL: none */
PK_API const char *pk_rule_state_text(pk_rule_state state); /* "runnable", "needs a list" ... */

/*
 * A log source that the user states for inputs which do not tell it themselves: "product=linux,service=auth". All that are
 * used must be stated before a program is built. PK_ERROR_USAGE: not of this form. Words that no rule and no schema has are
 * a warning of the scanner.
 */
typedef uint32_t pk_log_source;
#define PK_LOG_SOURCE_BY_CONTENT UINT32_MAX
PK_API PK_MUST_USE pk_status pk_catalog_state_source(pk_catalog *c, const char *text, pk_log_source *out);

/* ---- programs: chosen rules, compiled ---- */

typedef struct pk_program pk_program;

/*
 * Which rules run. A rule is chosen if for each list that isn't empty one of its items fits. Case does not matter.
 */
typedef struct pk_choice {
    pk_strs levels;       /* "high": exactly this; "high+": this and above */
    pk_strs statuses;     /* "stable"; "all". Empty: all but deprecated and unsupported */
    pk_strs tags;         /* "attack.t1059", "attack.*" */
    pk_strs techniques;   /* "T1059": with its sub-techniques; "T1059.001" */
    pk_strs ids;          /* id, name or title */
    pk_strs log_sources;  /* "product=windows,category=process_creation": the rule's attributes equal these */
} pk_choice;

/* NULL as choice: the default one. Fails only for a choice that makes no sense (with a diagnostic in the catalog). */
PK_API PK_MUST_USE pk_status pk_program_build(pk_program **out, pk_catalog *c, const pk_choice *choice);
PK_API void pk_program_free(pk_program *p);
PK_API bool pk_program_runs(const pk_program *p, const pk_rule *r);
PK_API size_t pk_program_rule_count(const pk_program *p);
/* What the compiler found: rules that no log can feed, conditions that nothing narrows ... */
PK_API const pk_diagnostics *pk_program_diagnostics(const pk_program *p);

/* Adds a warning to the program's diagnostics for each rule that has to be looked at for every event, or nearly. */
PK_API void pk_program_warn_of_slow(pk_program *p);

/* How one rule runs: event classes, predicates and their indexes, necessary sets, stages, cost. Text for people. */
typedef void (*pk_text_fn)(pk_str text, void *user);
PK_API PK_MUST_USE pk_status pk_program_explain(const pk_program *p, const pk_rule *r, pk_text_fn fn, void *user);

/* ---- alerts ---- */

/* Where an event stands. */
typedef struct pk_place {
    pk_str file;          /* as given, with what the walk added; members of archives as "logs.zip!/a/b.evtx" */
    int64_t record;       /* EventRecordID, or -1 */
    uint64_t line;        /* from 1; 0: the format has no lines */
} pk_place;

typedef struct pk_event {
    pk_place place;
    pk_time time;         /* PK_NO_TIME: none could be read */
    pk_str json;          /* the fields as rules see them, a JSON object */
} pk_event;

/* A predicate of the rule that was true. */
typedef struct pk_reason {
    pk_str field;         /* as the rule names it; empty: a keyword, which any value may have */
    pk_str kind;          /* "equals", "ends_with" ...; of a correlation "group" for a key, "column" for what it computed */
    pk_str constant;      /* of the rule, as its author wrote it */
    pk_str value;         /* of the event */
    int64_t at, length;   /* of the match within value, in bytes from 0; -1: it has no place */
} pk_reason;

/* A named value; `json` is the value as JSON. */
typedef struct pk_member {
    pk_str name, json;
} pk_member;

/* How many different events (or entities) stand for a variable of the rule. */
typedef struct pk_variable_count {
    pk_str variable;
    uint64_t count;
} pk_variable_count;

/* A record of entity context that took part. */
typedef struct pk_entity {
    pk_str variable, json;
} pk_entity;

/* What a rule of several steps says beside its events; a rule that looks at one event has a risk score at most. */
typedef struct pk_detection {
    const pk_member *match;   /* what the events have in common: group keys */
    size_t match_count;
    const pk_member *outcome; /* what the rule computed */
    size_t outcome_count;
    bool of_event;            /* it is about one event, which its rows were grouped by */
    bool has_window;
    pk_time window_start, window_end;
    bool has_risk_score;
    double risk_score;
    const pk_str *variables;  /* one for each event of the alert: for which variable it stands; NULL: the rule names none */
    const pk_variable_count *counts; /* by variable; NULL: the rule names none */
    size_t count_count;
    const pk_entity *entities; /* at most 10 a variable */
    size_t entity_count;
} pk_detection;

/* A rule fired: once for an event, however many of its conditions are true; a correlation once for each time that its
 * condition becomes true in a group. */
typedef struct pk_alert {
    const pk_rule *rule;
    bool correlation;
    pk_time time;
    pk_str host;              /* the computer that the event is about; empty: unknown, or several */
    const pk_event *events;   /* one; of a correlation those that took part, at most 100, by time; of a rule that names its
                                 variables at most 10 for each, by variable, then time */
    size_t event_count;
    uint64_t event_total;     /* that took part, if there are more */
    const pk_reason *why;
    size_t why_count;
    pk_str json;              /* all of this as one JSON object, without a line end */
    pk_detection detection;
    pk_str json_parts[2];     /* the same in two parts, the second of which the alerts of an event have in common */
} pk_alert;

/* false: stop the scan. */
typedef bool (*pk_alert_fn)(const pk_alert *alert, void *user);
typedef bool (*pk_event_fn)(const pk_event *event, void *user);

/* ---- scanners ---- */

typedef struct pk_scanner pk_scanner;

typedef struct pk_progress {
    uint64_t bytes, bytes_total;  /* of the files as they lie on disk; total 0: unknown */
    uint64_t events, alerts;
    double seconds;
} pk_progress;

typedef struct pk_scan_options {
    unsigned threads;             /* 0: one for each processor */
    pk_time since, until;         /* events of since <= time < until; 0 and 0, or PK_NO_TIME: no bound */
    size_t record_limit;          /* longest line or record in bytes; 0: 50 MB */
    uint64_t expansion_limit;     /* most bytes that a member of an archive may unpack to; 0: no limit */
    size_t row_memory;            /* bytes of rows kept in memory for correlations, then on disk; 0: 256 MB */
    void (*progress)(const pk_progress *progress, void *user); /* a few times a second; NULL: none */
    void *progress_user;
    bool profile;                 /* see pk_scanner_profile */
    bool derive_context;          /* entity records of what the events themselves tell: when files, domains, addresses and users
                                     were first and last seen, and on how many assets */
    size_t context_memory;        /* bytes of entity records; 0: 1 GB */
    pk_time now;                  /* the time of the run for rules that ask for it; 0: that of the last event */
    bool json_in_parts;           /* json_parts of alerts is enough: `json` may be empty */
    /* Called after some alerts with the user of the run: what json_parts of these show stays until then. NULL: until the callback of
     * the alert returns. */
    void (*alerts_end)(void *user);
} pk_scan_options;

/* NULL as options: all of them zero. */
PK_API PK_MUST_USE pk_status pk_scanner_new(pk_scanner **out, const pk_program *p, const pk_scan_options *options);
PK_API void pk_scanner_free(pk_scanner *s);

typedef struct pk_input {
    const char *format;           /* NULL: found by content */
    pk_log_source source;         /* for events that do not tell theirs; PK_LOG_SOURCE_BY_CONTENT: none */
} pk_input;

/*
 * Adds an input: a file, a folder (walked in byte order of names), a glob, or "-" for standard input; gz, zst, zip and tar
 * of them are read through. `how` may be NULL. PK_ERROR_IO: no such file; PK_ERROR_USAGE: no such format. A diagnostic
 * says so, and the run goes on without it.
 */
PK_API PK_MUST_USE pk_status pk_scanner_add(pk_scanner *s, const char *path, const pk_input *how);
/* The same for bytes in memory, which are copied. `name` stands for the file. */
PK_API PK_MUST_USE pk_status pk_scanner_add_bytes(pk_scanner *s, const char *name, const void *bytes, size_t len,
                                                  const pk_input *how);
/*
 * Adds entity context: a file (or folder, archive ...) of entity records of the Unified Data Model as JSON, a record a line or a
 * list, bare or as imports and parsers wrap them. Such records are also known among the logs. docs/context.md tells more.
 */
PK_API PK_MUST_USE pk_status pk_scanner_add_context(pk_scanner *s, const char *path);
/*
 * Adds indicators as entity context: addresses, domains, URLs and hashes, one a line, as CSV, or as a STIX 2.1 bundle. `feed` is
 * what rules call it, "FEED", "PRODUCT/FEED" or "VENDOR/PRODUCT/FEED"; NULL: the name of the file without its ending.
 */
PK_API PK_MUST_USE pk_status pk_scanner_add_indicators(pk_scanner *s, const char *path, const char *feed);
/* The same for bytes in memory, which are copied. `name` and `feed` stand for the file. */
PK_API void pk_scanner_add_context_bytes(pk_scanner *s, const char *name, const void *bytes, size_t len);
PK_API void pk_scanner_add_indicator_bytes(pk_scanner *s, const char *feed, const void *bytes, size_t len);
/* Inputs whose name fits the glob (members of archives too) get this log source, before what pk_input says. */
PK_API void pk_scanner_assign(pk_scanner *s, const char *glob, pk_log_source source);

/*
 * Reads all inputs and calls `fn` for every alert: in the order of inputs and of position in them, correlations after them
 * by time, the same for any number of threads. Once a scanner. PK_STOPPED: `fn` or pk_scanner_stop() ended it; what was
 * read until then is in the summary.
 */
PK_API PK_MUST_USE pk_status pk_scanner_run(pk_scanner *s, pk_alert_fn fn, void *user);

/* Instead of running rules: every record that can be read, in order; `raw`: as the format has it, not normalised. */
PK_API PK_MUST_USE pk_status pk_scanner_dump(pk_scanner *s, bool raw, pk_event_fn fn, void *user);
/*
 * The same in the form of a data model whose events are nested records: "udm". Events that no mapping knows are {}.
 * PK_ERROR_USAGE: no such model.
 */
PK_API PK_MUST_USE pk_status pk_scanner_dump_as(pk_scanner *s, const char *model, pk_event_fn fn, void *user);

/* Ends a run soon, from a signal handler or another thread. */
PK_API void pk_scanner_stop(pk_scanner *s);

PK_API const pk_diagnostics *pk_scanner_diagnostics(const pk_scanner *s);

/* ---- what a run amounts to ---- */

typedef struct pk_count {
    pk_str name;
    const pk_rule *rule;          /* of by_rule; else NULL */
    uint64_t n;
} pk_count;

typedef struct pk_counts {
    const pk_count *items;
    size_t count;
} pk_counts;

/* A rule that found no entity records of feeds that it asks for. */
typedef struct pk_waiting {
    const pk_rule *rule;
    pk_strs feeds;                /* "GCTI Feed: Tor Exit Nodes (IP_ADDRESS)" */
} pk_waiting;

typedef struct pk_summary {
    double seconds;
    uint64_t files;               /* opened; members of archives each */
    uint64_t bytes;               /* unpacked */
    uint64_t events;
    uint64_t damaged;             /* records or lines that could not be read */
    uint64_t alerts;
    uint64_t entities;            /* records of entity context */
    const pk_waiting *waiting;    /* rules that can't fire without context that nobody gave */
    size_t waiting_count;
    uint64_t history_hours;       /* 0, or how far rules looked back: further than the events that they look at, which begin at */
    pk_time history_begin;        /* PK_NO_TIME: nothing is missing. What was before is computed over what is there */
    uint64_t without_time;        /* events without a readable time, where it mattered: kept out of correlations and of
                                     since and until */
    uint64_t out_of_range;        /* events before since or after until */
    uint64_t without_source;      /* events whose log source neither the content nor the user told: only rules without a
                                     log source ran on them */
    pk_counts by_level;           /* highest first */
    pk_counts by_technique;       /* most first, as the next two */
    pk_counts by_rule;
    pk_counts by_host;
    pk_counts by_format;
    pk_counts without_source_by_file; /* the first 1000 files that hold such events, with how many */
    pk_strs skipped_files;        /* of folders: no known kind of log (the first 1000) */
    uint64_t skipped_file_count;
    bool stopped;                 /* by pk_scanner_stop or a callback */
} pk_summary;

/* After a run; lives as long as the scanner. */
PK_API const pk_summary *pk_scanner_summary(pk_scanner *s);

/* ---- where the time went ---- */

/* Times are sampled, over all threads: parts add up to threads times the seconds of the run. */
typedef struct pk_profile_part {
    pk_str name;                  /* "decoding", "conditions" ... */
    pk_str meaning;               /* what is done there, in some words */
    double seconds;
} pk_profile_part;

typedef struct pk_profile_rule {
    const pk_rule *rule;
    double seconds;               /* in its condition, with the tests that only it had to ask about a new value */
    uint64_t candidates;          /* events that its condition was looked at for */
    uint64_t matches;
} pk_profile_rule;

/* A test that an index only suggests: a regular expression, a pattern with gaps. */
typedef struct pk_profile_test {
    pk_str text;                  /* "regex /a.*b/" */
    double seconds;
    const pk_rule *rule;          /* one that asks it */
    size_t rule_count;            /* that do */
} pk_profile_test;

typedef struct pk_profile {
    const pk_profile_part *parts; /* in the order in which an event goes through them */
    size_t part_count;
    const pk_profile_rule *rules; /* that were candidates, the most costly first */
    size_t rule_count;
    const pk_profile_test *tests; /* the most costly first, at most 100 */
    size_t test_count;
    uint64_t samples;             /* of each thread: what is told stands on so many */
} pk_profile;

/* After a run with `profile` among its options, else NULL; lives as long as the scanner. */
PK_API const pk_profile *pk_scanner_profile(pk_scanner *s);

/* ---- tests of rules ---- */

typedef struct pk_test_options {
    bool update;                  /* rewrite the expected blocks of .test files by what was found */
    bool exact;                   /* regression evidence: a stated count is exact, not a floor */
    bool twins;                   /* regression evidence: the JSON beside it too */
    const char *share;            /* as pk_catalog_new */
} pk_test_options;

typedef struct pk_test_counts {
    size_t passed, failed, updated;
} pk_test_counts;

/* Runs a file of the .test format (docs/test-format.md). `fn` gets what is to be told: a line for each case that failed,
 * with what was expected and what was found. Adds to *counts. */
PK_API PK_MUST_USE pk_status pk_test_file(const char *path, const pk_test_options *o, pk_text_fn fn, void *user,
                                          pk_test_counts *counts);

/* Runs the evidence in a regression_data folder as SigmaHQ publishes it: every info.yml below `path`, with the rules of the
 * catalog. `fn` gets one line for each entry: the count found and the count stated. */
PK_API PK_MUST_USE pk_status pk_test_evidence(pk_catalog *c, const char *path, const pk_test_options *o, pk_text_fn fn,
                                              void *user, pk_test_counts *counts);

/* ---- the catalogue store: what rules cover and look for ---- */

typedef struct pk_store_options {
    pk_strs rules;                /* files and folders of rules, of any language */
    pk_strs lists;                /* value lists for placeholders */
    const char *share;            /* as for pk_catalog_new */
    const char *attack;           /* a STIX bundle of Enterprise ATT&CK; NULL: the table that ships */
    bool fresh;                   /* look at every file again, changed or not */
} pk_store_options;

typedef struct pk_store_report {
    uint64_t files, files_read;   /* looked at; read since they are new or changed */
    uint64_t files_gone;
    uint64_t rules, rules_parsed;
    uint64_t states[PK_RULE_STATES];
    uint64_t unknown;             /* files of languages that picket cannot read yet */
    uint64_t predicates, pairs;   /* distinct; (rule, predicate) */
    double seconds;
} pk_store_report;

/*
 * Makes the catalogue `path`, or brings it up to date: files that did not change are not parsed again. One transaction: whoever
 * reads it sees the old catalogue or the new one. What is wrong with rules is stored, and shown by `fn` too if it isn't NULL.
 */
typedef void (*pk_diagnostic_fn)(const pk_diagnostic *d, void *user);
PK_API PK_MUST_USE pk_status pk_store_build(const char *path, const pk_store_options *options, pk_store_report *report,
                                            pk_diagnostic_fn fn, void *user);

typedef struct pk_store pk_store;
/* `alerts`: JSON lines that a scan wrote, shown beside the rules; NULL: none. Errors are given to `fn`. */
PK_API PK_MUST_USE pk_status pk_store_open(pk_store **out, const char *path, const char *alerts, pk_diagnostic_fn fn, void *user);
PK_API void pk_store_close(pk_store *s);

typedef struct pk_argument {
    pk_str name, value;
} pk_argument;

/* One query (docs/catalog-api.md lists them): `format` is "json", "csv" or "table"; `width`: of the terminal, 0: no limit. */
PK_API PK_MUST_USE pk_status pk_store_query(pk_store *s, const char *query, const pk_argument *args, size_t count, const char *format,
                                            unsigned width, pk_text_fn fn, void *user);

/* Why the last query failed, for people; empty: it did not. Until the next one. */
PK_API pk_str pk_store_error(const pk_store *s);

/*
 * What logs (files, folders, archives) hold: `fn` gets each event class of the catalogue that their events are of, by the key that
 * queries take as `sources`, with the number of events, most first. `share`: as for pk_catalog_new. What is wrong with single files
 * and records is given to `problem`, if it isn't NULL. Fails if a path cannot be read: pk_store_error says why.
 */
PK_API PK_MUST_USE pk_status pk_store_log_sources(pk_store *s, pk_strs logs, const char *share, void (*fn)(pk_str key, uint64_t events, void *user),
                                                  pk_diagnostic_fn problem, void *user);

/* A parameter of a query; those that stand in its path are not listed. */
typedef struct pk_parameter {
    const char *name;
    const char *kind;             /* "string", "integer", "boolean", "json" (text of it), or the values that are allowed: "asc|desc" */
    const char *help;
    bool repeats;
} pk_parameter;

typedef struct pk_query {
    const char *name, *path;      /* "rule", "/rules/{language}/{key}": names in braces are parameters */
    const char *title;            /* what it answers */
    const pk_parameter *parameters; /* end with a NULL name */
    const char *list;             /* key of the list that "csv" has; NULL: none */
} pk_query;

/* The i-th of all queries; false: there are no more. */
PK_API bool pk_store_query_at(size_t i, pk_query *out);

/* ---- the pages ---- */

typedef struct pk_web_options {
    const char *share;            /* as for pk_catalog_new */
    const char *alerts;           /* as for pk_store_open */
    const char *listen;           /* "127.0.0.1:8484" if NULL; "[::1]:0" takes any free port */
    const char *token_file;       /* a secret that visitors must show; NULL: none, and then only loopback addresses are served */
    pk_strs hosts;                /* further Host names that are allowed */
    void (*ready)(const char *url, void *user); /* told once the server listens */
    void *user;
} pk_web_options;

typedef struct pk_server pk_server;
/*
 * A server over a built catalogue, in threads of its own. PK_ERROR_USAGE: no such address, a token file that gives no token, or an
 * address that other machines reach without one; PK_ERROR_IO: it could not be started.
 */
PK_API PK_MUST_USE pk_status pk_serve_start(pk_server **out, const char *catalog, const pk_web_options *options, pk_diagnostic_fn fn, void *user);
/* What of that can be known before there is a catalogue, which may take a while to build: the same answers. */
PK_API PK_MUST_USE pk_status pk_serve_check(const pk_web_options *options, pk_diagnostic_fn fn, void *user);
PK_API void pk_serve_stop(pk_server *s);

typedef struct pk_site_report {
    uint64_t pages, bytes;
} pk_site_report;
/* The same pages as files in `folder` that work from disk; index.html is the start. */
PK_API PK_MUST_USE pk_status pk_site_write(const char *catalog, const char *folder, const pk_web_options *options, pk_site_report *report,
                                           pk_diagnostic_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
