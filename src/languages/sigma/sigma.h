/*
 * Sigma, inside: what the files of this folder share. Other folders see `sigma_language` of languages/language.h only.
 *
 * The way of a document: yaml.c makes a tree, sigma.c says what it is, metadata.c and detection.c (or correlation.c,
 * filter.c) read it into a rule; detection.c hands each item to modifiers.c and item.c, each condition to condition.c.
 */
#ifndef PICKET_LANGUAGES_SIGMA_SIGMA_H
#define PICKET_LANGUAGES_SIGMA_SIGMA_H

#include "languages/language.h"
#include "base/yaml.h"

extern const language sigma_language;
extern const language_function sigma_modifiers[];      /* modifiers.c: the table for help and documentation */

#define SIGMA_SCHEMA STR("sigma")
#define SIGMA_MAX_CONDITION_DEPTH 100                  /* parentheses and `not` within one another */
#define SIGMA_MAX_SELECTED 200000                      /* identifiers that selectors of a file name, in all */
#define SIGMA_MAX_CONSTANTS 500000                     /* of a file, placeholders and variants expanded */
#define SIGMA_MAX_REFERENCES 1000                      /* rules of a correlation */
#define SIGMA_MAX_GROUP_BY 100                         /* its group fields; its aliases */
#define SIGMA_MAX_FILTERING 20000000                   /* rules that filters look at, and definitions that they copy */
#define SIGMA_MAX_CHAIN 32                             /* correlations over correlations */

/* What the bounds of a file count. */
typedef struct { size_t constants, selected; } sigma_usage;

/* One document while it is read. */
typedef struct {
    ir_catalog *catalog;
    arena *arena;                 /* the catalogue's: for what stays */
    arena *scratch;               /* of the file: dropped after it */
    const rule_file *file;
    const language_options *options;
    const yaml_source *source;
    sigma_usage *usage;           /* of the file */
    rule *rule;                   /* NULL: the document is a filter */
    pk_str label;                 /* its id, else its title: for diagnostics */
    rule_state state;             /* the worst so far */
    pk_str reason;                /* and why */
} sigma_document;

/* Adds a diagnostic at a place of the document's file; errors and the like set its state. `hint` may be empty. */
void sigma_report(sigma_document *d, pk_severity severity, const char *code, span at, pk_str hint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The same about a rule that was read before (references, when the catalogue is resolved). */
void sigma_report_rule(ir_catalog *c, rule *r, pk_severity severity, const char *code, span at, pk_str hint,
                       const char *format, ...) __attribute__((format(printf, 7, 8)));

/* Text that outlives the file's trees: itself where it is a view of the source, else a copy in the catalogue. */
pk_str sigma_keep(sigma_document *d, pk_str s);
pk_str sigma_did_you_mean(arena *a, pk_str word, const pk_str *names, size_t count); /* "did you mean 'x'?" or empty */
/* The text of a scalar; false (and a diagnostic saying what was expected) if the node is none. */
bool sigma_scalar(sigma_document *d, const yaml_node *n, const char *what, pk_str *out);

/* ---- metadata.c ---- */

void sigma_read_metadata(sigma_document *d, const yaml_node *root);
log_source sigma_read_logsource(sigma_document *d, const yaml_node *root);

/* ---- detection.c ---- */

typedef struct {
    ir_definition *definitions;
    size_t count;
    const yaml_entry *condition, *timeframe;            /* NULL: not there */
} sigma_detection;

/* Reads the search identifiers of a `detection` or `filter` map. `skip` are keys that are none (ends with NULL). */
sigma_detection sigma_read_detection(sigma_document *d, const yaml_node *map, const char *const *skip);
/* The condition of a detection over its definitions, as EXPR_NAME; marks definitions that it doesn't use. `*pipe` is set to
 * the position of a '|' in the condition's text (legacy aggregation), STR_NPOS if there is none. NULL after an error. */
expr *sigma_read_condition(sigma_document *d, sigma_detection *t, size_t *pipe);
/* A whole detection rule: plan->definitions and the stages. */
void sigma_read_rule(sigma_document *d, const yaml_node *root);

/* ---- condition.c ---- */

typedef struct {
    sigma_document *document;
    const yaml_node *node;        /* the scalar that holds it */
    const uint32_t *places;       /* yaml_scalar_places of it */
    size_t from, to;              /* the part of its text that is read */
    const pk_str *names;          /* what it may name */
    size_t count;
    bool *used;                   /* out: which of them it named */
    const char *what;             /* what they are, for messages: "identifier" */
    size_t pipe;                  /* out: position of a '|' that ended it, or STR_NPOS */
} sigma_condition;

/* The expression, over EXPR_NAME; NULL after an error, which is reported. */
expr *sigma_parse_condition(sigma_condition *c);
span sigma_condition_span(const sigma_condition *c, size_t from, size_t to);
/* A copy of a condition in which each name is what `replace` makes of it. */
expr *sigma_map_names(arena *a, const expr *e, expr *(*replace)(const expr *name, void *user), void *user);

/* ---- modifiers.c ---- */

typedef enum {
    OPERATOR_EQUALS, OPERATOR_CONTAINS, OPERATOR_STARTS_WITH, OPERATOR_ENDS_WITH, OPERATOR_REGEX, OPERATOR_CIDR,
    OPERATOR_COMPARE, OPERATOR_EXISTS
} sigma_operator;

typedef enum { ENCODE_NONE, ENCODE_UTF16LE, ENCODE_UTF16BE, ENCODE_UTF16 } sigma_utf16;
typedef enum { BASE64_NONE, BASE64_PLAIN, BASE64_OFFSET } sigma_base64;

/* A field and what the modifiers behind it ask for. */
typedef struct {
    pk_str field;                 /* empty: a keyword */
    span span;                    /* of the key */
    sigma_operator operator;
    pk_str operator_name;         /* as written */
    compare_op compare;           /* OPERATOR_COMPARE */
    const char *time_part;        /* function on the field: "time_hour"; NULL: none */
    sigma_utf16 utf16;
    sigma_base64 base64;
    bool all, cased, negated, dashes, expand, field_reference;
    bool ignore_case, multi_line, dot_all;
} sigma_chain;

/* Reads "field|modifier|modifier"; false after an error, which is reported at the modifier. */
bool sigma_read_chain(sigma_document *d, const yaml_entry *item, sigma_chain *out);

/* ---- item.c ---- */

/* One item: chain and value (a scalar or a list). NULL after an error. */
expr *sigma_read_item(sigma_document *d, const sigma_chain *c, const yaml_node *value, span at);
/* Keywords: unbound values, any of which may stand anywhere in the event. */
expr *sigma_read_keywords(sigma_document *d, yaml_node *const *values, size_t count, span at);

/* ---- values.c ---- */

typedef enum { PIECE_TEXT, PIECE_ANY_RUN, PIECE_ANY_ONE, PIECE_PLACEHOLDER } piece_kind;
typedef struct { piece_kind kind; pk_str text; } sigma_piece;
typedef struct { sigma_piece *at; size_t len, cap; } sigma_pattern; /* in an arena */

/* Tokenises a string by the escape rules of Sigma; %name% are placeholders if asked for. */
sigma_pattern sigma_parse_string(arena *a, pk_str s, bool placeholders);
void sigma_append(arena *a, sigma_pattern *p, sigma_piece piece); /* joins texts, and runs of '*' */
void sigma_wrap(arena *a, sigma_pattern *p, bool before, bool behind); /* wildcards at the ends, unless there */
bool sigma_has_wildcards(const sigma_pattern *p);
pk_str sigma_literal(arena *a, const sigma_pattern *p); /* of a pattern without wildcards */
/* The test that asks the same: equals, starts_with, ends_with, match, or wildcard in the IR's canonical form. */
test_kind sigma_pattern_test(arena *a, const sigma_pattern *p, pk_str *constant);
/* The three forms that base64 of a text holding `bytes` may contain; false: too few bytes. */
bool sigma_base64_offsets(arena *a, pk_str bytes, pk_str out[3]);
/* All spellings of a pattern with each dash at a border replaced by each of the five; no more than `limit`. */
typedef struct { VEC(sigma_pattern) items; } sigma_patterns;
bool sigma_dash_variants(arena *a, const sigma_pattern *p, size_t limit, sigma_patterns *out);
bool sigma_has_dash(const sigma_pattern *p);

/* ---- regex.c ---- */

/* Does PCRE2 take it? If not: the place in the pattern and a message in `a`. */
bool sigma_check_regex(arena *a, pk_str pattern, bool multi_line, bool dot_all, bool ignore_case, size_t *at,
                       pk_str *message);

/* ---- describe.c ---- */

void sigma_describe(const rule *r, arena *a, rule_description *out);
void sigma_references(const ir_catalog *c, reference_fn fn, void *user);

/* ---- legacy.c ---- */

/* The aggregation behind the '|' of a condition; makes the rule's plan, or reports why it can't be run. */
void sigma_read_aggregation(sigma_document *d, plan *p, stage *match, const sigma_detection *t, const yaml_node *condition,
                            size_t pipe);

/* ---- correlation.c ---- */

void sigma_read_correlation(sigma_document *d, const yaml_node *root);
/* Lowers every correlation of the catalogue, once all rules are there. `by_name`: ids and names -> index of rule. */
void sigma_resolve_correlations(ir_catalog *c, const table *by_name);

/* Building blocks of the plans of correlation.c and legacy.c. */
expr *sigma_column(arena *a, pk_str name);
expr *sigma_column_compare(arena *a, pk_str name, compare_op op, value number);
ir_key sigma_group_key(arena *a, pk_str field, pk_str schema);
stage *sigma_alert_while(plan *p, stage *aggregate);

/* The boxes of a correlation; false: the rule is none. */
bool sigma_describe_correlation(const rule *r, arena *a, rule_description *out);
/* The names of the rules that a correlation is over. */
void sigma_correlation_references(const rule *r, reference_fn fn, void *user);

/* ---- filter.c ---- */

void sigma_read_filter(sigma_document *d, const yaml_node *root);
void sigma_filter_references(const void *kept, reference_fn fn, void *user);
void sigma_resolve_filters(ir_catalog *c, const table *by_name);

#endif
