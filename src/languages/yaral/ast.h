/*
 * The syntax tree of YARA-L rules: what stands in the text, nothing decided yet but what each `$name` is (yaral_bind).
 *
 * Nodes live in the arena of the file and are dropped after it was read; every pk_str (names, values, texts) lives in the
 * arena `texts` of yaral_parse or is a view of the file's text, so that it may stay in the catalogue as it is.
 * Parentheses leave no node; a `nocase` behind them is spread to what they hold.
 */
#ifndef PICKET_LANGUAGES_YARAL_AST_H
#define PICKET_LANGUAGES_YARAL_AST_H

#include "base/diag.h"
#include "base/span.h"
#include "base/text.h"

#define YARAL_MAX_DEPTH 150       /* height of a tree, and what may stand within one another in the text */
#define YARAL_MAX_VARIABLES 64    /* of a rule; the checker refuses more */
#define YARAL_NONE UINT32_MAX

typedef enum {
    /* values */
    YARAL_NUMBER,                 /* 5, 2.5 */
    YARAL_STRING,                 /* "..." or `...` */
    YARAL_REGEX,                  /* the literal between slashes, and only behind = != or as an argument */
    YARAL_BOOL,                   /* true, false */
    YARAL_NULL,                   /* null */
    YARAL_FIELD,                  /* $e.principal.ip[0], any $e.labels["k"], principal.ip */
    YARAL_VARIABLE,               /* $name without a path */
    YARAL_COUNT,                  /* #name */
    YARAL_LIST,                   /* %list, %table.column */
    YARAL_CALL,                   /* re.regex(args...) */
    YARAL_ARRAY,                  /* [args...] */
    YARAL_NEGATE,                 /* -args[0] */
    YARAL_ARITHMETIC,             /* args[0] + - * / % args[1] */
    YARAL_ARGUMENT,               /* name: args[0], in calls of metrics only */
    YARAL_WORD,                   /* a bare word as value of a named argument: today, event_count_sum */
    YARAL_DURATION,               /* 5m */
    YARAL_STAR,                   /* * as value of a named argument */
    /* truths */
    YARAL_COMPARE,                /* args[0] op args[1]; args[1] may be a REGEX, then op is = or != */
    YARAL_IN,                     /* args[0] [not] in [regex|cidr] args[1], a LIST or an ARRAY */
    YARAL_IS_NULL,                /* args[0] is [not] null */
    YARAL_AND, YARAL_OR,          /* two or more arguments; of the written words, not of lines that stand below each other */
    YARAL_NOT,                    /* not args[0], !args[0] */
    YARAL_KINDS
} yaral_kind;

typedef enum { YARAL_EQ, YARAL_NE, YARAL_LT, YARAL_LE, YARAL_GT, YARAL_GE } yaral_compare;
typedef enum { YARAL_PLAIN, YARAL_ANY, YARAL_ALL } yaral_quantifier;
typedef enum { YARAL_IN_STRINGS, YARAL_IN_REGEX, YARAL_IN_CIDR } yaral_in;

/* What a variable ranges over: by the first segment of its paths (`graph.`, `detection.`). A data table whose columns are compared is
 * a variable over its rows, called "%table". */
typedef enum { YARAL_EVENTS, YARAL_ENTITIES, YARAL_DETECTIONS, YARAL_TABLES } yaral_source;

/* What a `$name` without path or a `#name` is; set by yaral_bind. */
typedef enum { YARAL_UNBOUND, YARAL_OF_VARIABLE, YARAL_OF_PLACEHOLDER, YARAL_OF_OUTCOME, YARAL_OF_WINDOW } yaral_role;

typedef enum { YARAL_SEGMENT_NAME, YARAL_SEGMENT_INDEX, YARAL_SEGMENT_KEY } yaral_segment_kind;

typedef struct {
    yaral_segment_kind kind;
    pk_str text;                  /* NAME: the field; KEY: the key of a map */
    int64_t index;                /* INDEX */
    span span;
} yaral_segment;

typedef struct yaral_node yaral_node;

struct yaral_node {
    yaral_kind kind;
    span span;
    yaral_node **args;
    size_t count;
    bool nocase;                  /* COMPARE, IN, CALL */
    uint16_t height;              /* 1 without arguments; at most YARAL_MAX_DEPTH */
    union {
        struct { pk_str written; bool whole; int64_t integer; double real; } number; /* whole: `integer` holds it */
        struct { pk_str text; bool raw; } string;             /* escapes resolved; raw: written between backticks */
        struct { pk_str pattern; } regex;                     /* RE2 syntax; \/ is / already */
        bool truth;
        struct {
            pk_str variable;      /* "e"; empty: the rule names none */
            uint32_t index;       /* into rule->variables; set by yaral_bind */
            yaral_quantifier quantifier;
            yaral_source source;
            bool prefixed;        /* written with `udm.` */
            yaral_segment *segments; /* the path without `udm`, `graph`; of detections with `detection` */
            size_t segment_count;
        } field;
        struct { pk_str name; yaral_role role; uint32_t index; } variable; /* COUNT too; index into the array of its role */
        struct {
            pk_str name, column;  /* column empty: a reference list */
            uint32_t index;       /* of the variable over the table's rows; YARAL_NONE: the whole column, as behind `in`. Set by yaral_bind */
        } list;
        struct { pk_str name; } call;                         /* "strings.to_lower", in lower case */
        struct { pk_str name; } argument;                     /* "period", "principal.hostname" */
        pk_str word;
        struct { pk_str written; int64_t nanoseconds; } duration;
        char arithmetic;
        yaral_compare compare;
        struct { yaral_in how; bool negated; } in;
        bool negated;                                         /* IS_NULL */
        bool bang;                                            /* NOT: written as ! */
    } as;
};

typedef struct { pk_str key; yaral_node *value; span span; } yaral_meta;   /* a STRING; picket takes NUMBER and BOOL too */
typedef struct { pk_str name; yaral_node *value; span span; } yaral_outcome;
typedef struct { pk_str name; yaral_node *value; span span; } yaral_option; /* BOOL, WORD, DURATION, NUMBER, STRING */

/* What a data table does to the entities of one variable: `node` is a truth of equations, of APPEND an ARRAY of the variable and the table. */
typedef enum { YARAL_GRAPH_OVERRIDE, YARAL_GRAPH_APPEND, YARAL_GRAPH_EXCLUDE } yaral_graph_change;
typedef struct { yaral_graph_change change; yaral_node *node; span span; } yaral_setup;

typedef enum { YARAL_WINDOW_NONE, YARAL_WINDOW_HOP, YARAL_WINDOW_TUMBLING, YARAL_WINDOW_BEFORE, YARAL_WINDOW_AFTER } yaral_window_kind;

typedef struct {
    yaral_window_kind kind;
    yaral_node *duration;         /* DURATION */
    pk_str pivot;                 /* BEFORE, AFTER: the variable */
    uint32_t pivot_index;         /* into rule->variables; set by yaral_bind */
    span span;
} yaral_window;

typedef enum {
    YARAL_META, YARAL_SETUP, YARAL_EVENTS_SECTION, YARAL_MATCH, YARAL_OUTCOME, YARAL_CONDITION, YARAL_EXPORT, YARAL_OPTIONS, YARAL_SECTIONS
} yaral_section;

/* A variable with paths: `$e.`; in order of first use. */
typedef struct {
    pk_str name;                  /* empty: that of fields without one */
    yaral_source source;
    span span;                    /* of the first use */
    bool in_condition;            /* itself, as #name, or through a placeholder bound to it */
    bool bounded;                 /* the condition asks that it is there; only then it has no outer join */
} yaral_variable;

/* `$p = field`, `$p = call(...)` or the other way round. */
typedef struct {
    const yaral_node *compare;    /* the whole comparison */
    const yaral_node *value;      /* the side that is not the placeholder: FIELD or CALL (or what they are part of) */
    uint32_t variable;            /* whose field it reads; YARAL_NONE: none, or several */
    bool statement;               /* stands as a statement of its own, or below `and` only */
} yaral_binding;

typedef struct {
    pk_str name;
    span span;                    /* of the first use */
    yaral_binding *bindings;      /* in order of the text; none: unbound */
    size_t count;
    uint64_t variables;           /* a bit for each variable whose fields it is bound to */
    bool match_key;
    bool in_condition;
} yaral_placeholder;

typedef struct yaral_rule {
    pk_str name;
    span name_span, span;         /* span: from `rule` to the closing brace */
    bool broken;                  /* the text has errors of syntax; what was read before them is there */
    pk_str reason;                /* the first of them */
    span sections[YARAL_SECTIONS]; /* from the keyword to the last token; line 0: there is none */
    yaral_meta *meta;
    size_t meta_count;
    yaral_node **events;          /* statements, all of which must hold */
    size_t event_count;
    yaral_node **keys;            /* VARIABLE, or FIELD */
    size_t key_count;
    yaral_window window;
    yaral_outcome *outcomes;
    size_t outcome_count;
    yaral_node *condition;        /* NULL: none */
    yaral_setup *setups;
    size_t setup_count;
    yaral_node **exports;         /* CALL "%table.write_row", its arguments named like columns */
    size_t export_count;
    yaral_option *options;
    size_t option_count;
    /* made by yaral_bind */
    yaral_variable *variables;
    size_t variable_count;
    yaral_placeholder *placeholders;
    size_t placeholder_count;
} yaral_rule;

typedef struct {
    yaral_rule **rules;           /* broken ones too */
    size_t count;
} yaral_file;

/*
 * Reads all rules of a file. What is wrong is told in `d` (codes "yaral-syntax", ...); a rule with errors is `broken`, and the
 * others are read all the same. `path` is for the messages. Never fails otherwise, whatever the bytes.
 */
yaral_file yaral_parse(arena *nodes, arena *texts, pk_str path, pk_str source, diag_list *d);

/* Says what each name is: fills variables, placeholders and the roles and indexes of nodes. Reports nothing. */
void yaral_bind(arena *nodes, yaral_rule *r);

/* The canonical text of a rule, which parses back to an equal tree (raw strings and durations as written). */
void yaral_print(text *out, const yaral_rule *r);
void yaral_print_node(text *out, const yaral_node *n);

/* Same trees? Places don't count, nor what yaral_bind adds. */
bool yaral_equal(const yaral_rule *a, const yaral_rule *b);
bool yaral_node_equal(const yaral_node *a, const yaral_node *b);

/* Calls `fn` for a node and all below it, parents first; it returns false to skip what is below. */
typedef bool (*yaral_node_fn)(yaral_node *n, void *user);
void yaral_walk(yaral_node *n, yaral_node_fn fn, void *user);

/* The variable that a node reads itself: of a field, or of a column of a table's row; YARAL_NONE: of none. */
uint32_t yaral_variable_read(const yaral_node *n);

/* The path of a field as text: principal.ip[0], additional.fields["k"]; without variable and prefix. */
pk_str yaral_path_text(arena *a, const yaral_node *field);

/* Value of an option, NULL if it is not set. Options are compared without case. */
const yaral_node *yaral_option_of(const yaral_rule *r, const char *name);

#endif
