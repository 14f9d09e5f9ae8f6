/*
 * The intermediate representation: what every language is lowered to, and what the engine and the catalogue read.
 *
 * Three layers of a predicate: a *test* asks one value (interned, shared by all rules); a *use* belongs to one rule and
 * says which field, and what a missing field or many values mean; an *expression* combines uses with and, or, not.
 * A *plan* is a small graph of stages; the text form (ir_print, ir_parse) is documented in docs/ir.md.
 *
 * Everything lives in the arena of its ir_catalog and is constant once the catalogue is resolved.
 */
#ifndef PICKET_IR_IR_H
#define PICKET_IR_IR_H

#include "base/diag.h"
#include "base/hash.h"
#include "base/span.h"
#include "event/value.h"

/* ---- tests ---- */

typedef enum {
#define KIND(id, text, index, meaning) TEST_##id,
#include "ir/predicate_kinds.def"
#undef KIND
    TEST_KINDS
} test_kind;

typedef enum { INDEX_HASH, INDEX_LITERAL, INDEX_REGEX, INDEX_SORTED, INDEX_NONE } index_kind;

typedef struct {
    const char *text;             /* "ends_with" */
    index_kind index;
    const char *meaning;
} test_kind_row;
extern const test_kind_row test_kind_table[TEST_KINDS];

#define IR_MAX_DEPTH 200          /* nesting of expressions and of sub-plans: lowering and the text form refuse more */

typedef enum { COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE, COMPARE_EQ, COMPARE_NE } compare_op;

typedef enum { REGEX_PCRE, REGEX_RE2, REGEX_LUCENE } regex_flavour; /* as written; `constant` is already PCRE2 syntax */

/* Flags of a test: all that changes what it asks of a value. */
enum {
    TEST_CASED = 1 << 0,          /* exact case; without it both sides are folded (fold() of base/unicode.h) */
    TEST_DASHES = 1 << 1,         /* each '-' '/' en, em dash, horizontal bar of the constant that stands at a border
                                     \B[-/...]\b matches any of the five: - / U+2013 U+2014 U+2015 */
    TEST_MULTILINE = 1 << 2,      /* regex: ^ and $ at lines */
    TEST_DOTALL = 1 << 3,         /* regex: . matches newline */
    TEST_WHOLE = 1 << 4,          /* regex: must match the whole value */
};

typedef struct ir_test {
    uint32_t id;                  /* number in the catalogue's table */
    test_kind kind;
    uint16_t flags;
    compare_op compare;           /* TEST_COMPARE only */
    /*
     * EQUALS, STARTS_WITH, ENDS_WITH, MATCH, PHRASE: a string, compared with the *text* of the value (value_text), so
     * that 4104, "4104" and an integer agree. As the author wrote it: folding happens in compile/ and in the evaluator.
     * WILDCARD: a pattern in the canonical form ('*', '?', and '\' before a literal * ? \).
     * REGEX: PCRE2 syntax. CIDR: "10.0.0.0/8". COMPARE: a number. EXISTS, IS_NULL: VALUE_MISSING.
     */
    value constant;
} ir_test;

/* ---- expressions ---- */

typedef struct expr expr;

typedef enum {
    EXPR_CONSTANT,
    EXPR_FIELD,
    EXPR_USE,                     /* tests on an operand */
    EXPR_NAME,                    /* a definition of the plan (a Sigma selection) */
    EXPR_AND, EXPR_OR,            /* any number of arguments; none: true, false */
    EXPR_NOT,
    EXPR_COMPARE,                 /* args[0] op args[1] */
    EXPR_IN,                      /* args[0] equals one of args[1..] */
    EXPR_CALL,                    /* function(args...) */
    EXPR_ARITHMETIC,              /* args[0] + - * / % args[1]; `arithmetic` says which */
    EXPR_SOME,                    /* some element of a path for which args[0] is true; the element is `element` */
} expr_kind;

/* Special fields. */
typedef enum {
    FIELD_PATH,                   /* (part, schema, path) */
    FIELD_ANY_VALUE,              /* every scalar of the event; for formats made of lines the raw line alone */
    FIELD_RAW,                    /* its text */
    FIELD_OUTER,                  /* in the plan of a for-each stage: the path read from the row that it runs for */
} field_kind;

typedef struct {
    field_kind kind;
    pk_str part;                  /* stage that brought the part; empty: the row's own columns, then its only part.
                                     Inside EXPR_SOME: the name of its element */
    pk_str schema;                /* "sigma", "ecs", "cim", "udm"; empty: a column made by a stage */
    pk_str path;                  /* "Image", "a.b", "relations[].x"; empty with a part: the whole part */
} ir_field;

typedef enum { MISSING_FALSE, MISSING_NULL, MISSING_ZERO, MISSING_TRUE } missing_policy;
typedef enum { MANY_ANY, MANY_ALL, MANY_EACH, MANY_NULL } many_policy;
typedef enum { NOT_EQUAL_NONE, NOT_EQUAL_SOME } not_equal_policy;
typedef enum { NUMBERS_LOOSE, NUMBERS_STRICT, NUMBERS_BY_TYPE } number_policy;

/* How a constant was written, for pages and counts: several tests may come from one written value (base64offset). */
typedef struct {
    const ir_test *test;
    pk_str written;               /* the author's value; empty: the constant itself */
    pk_str origin;                /* "windash", "utf16le|base64offset", "placeholder %name%"...; empty: plain */
    uint32_t group;               /* constants of one written value have the same number */
    span span;
} ir_constant;

/*
 * Uses mean: some (any) or every (all) constant is true of the operand; of many values of the field, by `many`. "Every"
 * stands outside "some": every constant is true of some value; of every value some constant is true.
 * IS_NULL and EXISTS know about absence themselves; for the other kinds `missing` says what absence gives.
 */
typedef struct {
    expr *operand;                /* FIELD, or CALL over fields */
    ir_constant *constants;
    size_t count;                 /* one or more */
    bool all;
    missing_policy missing;
    many_policy many;
    not_equal_policy not_equal;   /* read by an enclosing NOT */
    number_policy numbers;
    bool negated;                 /* "some value differs": negation before the quantifier (SPL !=). Not for `not`. */
} ir_use;

struct expr {
    expr_kind kind;
    span span;
    expr **args;
    size_t count;
    union {
        value constant;
        ir_field field;
        ir_use use;
        struct { pk_str name; uint32_t index; } name;  /* index into plan->definitions */
        struct { compare_op op; bool cased; missing_policy missing; many_policy many;
                 test_kind how; } compare;             /* how: EQUALS, or STARTS_WITH.. for fieldref with modifiers */
        struct { pk_str name; } call;
        char arithmetic;
        struct { pk_str element; ir_field list; } some;
    } as;
};

/* ---- stages ---- */

typedef enum {
#define STAGE(id, text, meaning) STAGE_##id,
#include "ir/stage_kinds.def"
#undef STAGE
    STAGE_KINDS
} stage_kind;

/* A log source as a rule names it; empty attributes are wild. Compared without case. */
typedef struct { pk_str product, category, service; } log_source;

typedef enum { KEY_SKIP, KEY_PASS, KEY_GROUP, KEY_ZERO, KEY_FILL } key_missing;

typedef struct {
    const char *text;             /* "aggregate" */
    const char *meaning;
} stage_kind_row;
extern const stage_kind_row stage_kind_table[STAGE_KINDS];

typedef struct {
    pk_str name;                  /* of the column made */
    expr *value;
    key_missing missing;
    value fill;                   /* KEY_FILL */
    many_policy many;             /* each, or whole (MANY_ANY means whole) */
} ir_key;

typedef enum {
    WINDOW_NONE, WINDOW_TUMBLING, WINDOW_HOP, WINDOW_SLIDING, WINDOW_ANCHORED, WINDOW_AROUND, WINDOW_ROWS, WINDOW_SESSION
} window_kind;

typedef struct {
    window_kind kind;
    int64_t span;                 /* nanoseconds; of AROUND the part before */
    int64_t step;                 /* HOP; of AROUND the part after */
    pk_str part;                  /* AROUND */
    int64_t rows;                 /* ROWS */
    expr *start, *end;            /* SESSION */
    int64_t pause;
    bool keep_unfinished;
} ir_window;

typedef struct {
    pk_str name;                  /* of the column made */
    pk_str function;              /* "count", "count_distinct", "sum", "mean", "percentile", "max", "values", "first" ... */
    expr **args;
    size_t count;
    expr *filter;                 /* NULL: all rows */
    double parameter;             /* percentile: 0..100 */
    bool count_nulls;
    int64_t at_most;              /* cap on values kept by lists; 0: none */
} ir_aggregate_function;

typedef enum { AFTER_GO_ON, AFTER_CLEAR, AFTER_QUIET } having_after;
typedef enum { OUTPUT_ONE_ROW, OUTPUT_KEEP_ROWS, OUTPUT_RUNNING } aggregate_output;
typedef enum { JOIN_INNER, JOIN_LEFT, JOIN_SEMI, JOIN_ANTI, JOIN_OPTIONAL } join_kind;

typedef struct stage stage;
typedef struct plan plan;

typedef struct { pk_str name; expr *value; } ir_column; /* value NULL: dropped; renames are value = FIELD plus a drop */

typedef struct {
    stage *input;
    pk_str alias;                 /* "x" of `rule(x) as x`; tags rows in the column `origin` */
    ir_column *columns;           /* `with user = TargetUserName` */
    size_t column_count;
} ir_union_input;

typedef struct {
    stage *input;
    ir_key *keys;                 /* own keys of the step, beside those of the sequence */
    size_t key_count;
    uint32_t runs;                /* 1 unless `runs n` */
    bool absent;
} ir_step;

/* Sides that must be equal, each a field of one part; inputs that no side names don't take part in this key. */
typedef struct {
    pk_str name;                  /* of the column made */
    expr **sides;
    size_t count;
    key_missing missing;
} ir_join_key;

struct stage {
    stage_kind kind;
    pk_str name;                  /* unique in the plan */
    span span;
    stage **inputs;               /* earlier stages of the plan */
    size_t input_count;
    union {
        struct {
            log_source *sources;  /* any of these; none: every event */
            size_t source_count;
            pk_str schema;        /* of the fields below, "sigma" */
            pk_str index;         /* index pattern or data model as written; empty: none */
            expr *where;          /* NULL: true */
        } match;                  /* CONTEXT too */
        struct { pk_str *columns; size_t column_count; value *cells; size_t row_count; } rows; /* row after row; without time and parts */
        struct { pk_str ref; const struct rule *rule; } rule;      /* `rule` is set when the catalogue is resolved */
        struct { expr *where; } where;
        struct {
            expr *where;                                           /* NULL: true */
            pk_str schema;                                         /* of the fields of alerts */
            pk_str *rules; size_t rule_count;                      /* whose alerts; none: of all rules but this one */
        } alerts;
        struct {
            ir_column *columns; size_t count;
            /* With `loop` the columns are made once for each column of the row (in_frame: of any row) whose name fits the
             * pattern `like`, in order of names; the field and the column name `loop` then stand for that column. */
            pk_str loop, like;
            bool in_frame;
        } derive;
        /* Makes columns named as the paths without "[]"; paths under one list share its element, others multiply. */
        struct { ir_field *lists; size_t count; missing_policy empty; int64_t at_most; } expand;
        struct { plan *body; int64_t at_most; } for_each;
        struct {
            ir_key *keys; size_t key_count;
            ir_window window;
            ir_aggregate_function *functions; size_t function_count;
            expr *having;                                          /* NULL: true */
            having_after after;
            aggregate_output output;
            bool order_down;                                       /* RUNNING: time down */
        } aggregate;
        /*
         * An observation for each key and each span of `every`, which begin at multiples of it: the functions over the rows of that
         * span. observed(STAGE.column, keys...) reads them for the `over` before the span in which a window begins; with `since`
         * from the last multiple of `over` on.
         */
        struct {
            ir_key *keys; size_t key_count;
            int64_t every, over;
            bool since;
            ir_aggregate_function *functions; size_t function_count;
            expr *having;                                          /* NULL: true */
        } history;
        struct {
            ir_key *keys; size_t key_count;
            int64_t span;                                          /* 0: none */
            ir_step *steps; size_t step_count;
            stage *until;                                          /* NULL: none */
            bool keep_all;                                         /* else keep latest */
        } sequence;                                                /* SAMPLE too */
        struct {
            join_kind kind;
            ir_join_key *keys; size_t key_count;
            int64_t within;                                        /* 0: no bound */
            expr *where;
            ir_column *columns; size_t column_count;               /* LOOKUP: made from the first record that agrees */
            pk_str list;                                           /* LOOKUP: column for all that agree; empty: none */
        } join;                                                    /* LOOKUP too: input 1 is the table */
        struct { ir_key *keys; size_t key_count; int64_t history; bool warm_up; } new_terms;
        struct { expr **by; bool *down; size_t count; } sort;
        struct { ir_key *keys; size_t key_count; } dedup;
        struct { int64_t rows; } limit;
        struct { ir_union_input *inputs; size_t count; } union_of;
        struct { int64_t every, over; ir_field time, time_else; } frame;
        struct { pk_str text, reason; } unsupported;
    } as;
};

typedef struct {
    pk_str name;
    expr *value;
    span span;                    /* its source lines */
    bool unused;
    pk_str path;                  /* of the file that `span` is in; empty: the rule's own (a filter brings its own) */
    pk_str source;                /* text of that file */
} ir_definition;

/* When an alert is raised again for the same group. */
typedef enum { QUIET_NONE, QUIET_WHILE_HAVING, QUIET_FOR } quiet_kind;

struct plan {
    ir_definition *definitions;   /* named expressions, in file order */
    size_t definition_count;
    stage **stages;               /* inputs before users */
    size_t stage_count;
    stage *alert;                 /* whose rows are alerts; NULL only in a sub-plan */
    quiet_kind quiet;
    int64_t quiet_for;
    ir_key *quiet_keys;
    size_t quiet_key_count;
    expr *risk;                   /* over a row that is an alert: its risk score, if that is a number; NULL: the rule says none */
    pk_str condition;             /* over the definitions, as its author wrote it: for pages; empty: none */
    span condition_span;
};

/* ---- rules ---- */

typedef enum { RULE_RUNNABLE, RULE_NEEDS_LIST, RULE_UNSUPPORTED, RULE_ERROR, RULE_STATES } rule_state;

typedef struct { pk_str key, text; } rule_meta;        /* other metadata, as text */
typedef struct { pk_str relation, id; } rule_relation; /* "derived", "obsolete" ... and the rule that it is about */
typedef struct { VEC(pk_str) items; } str_list;

typedef struct language language;

typedef struct rule {
    uint32_t index;               /* in the catalogue */
    const language *language;
    pk_str path;                  /* of its file, as found */
    pk_str source;                /* text of the file */
    span span;                    /* of this document within the file */
    pk_str id, name, title, description, author, date, modified, status, level, licence, logsource_definition;
    str_list references, false_positives, tags, tactics, techniques; /* techniques "T1059.001"; tactics "execution" */
    rule_meta *other;
    size_t other_count;
    rule_relation *related;
    size_t related_count;
    log_source logsource;
    rule_state state;
    pk_str reason;                /* why not runnable; the diagnostic has the place */
    plan *plan;                   /* may be NULL unless runnable */
    bool silent;                  /* only feeds correlations: raises no alert of its own */
    void *syntax;                 /* the language's own, between load and resolve; nobody else looks */
    bool broad_warning;           /* reserved for compile */
} rule;

typedef struct ir_catalog ir_catalog;

ir_catalog *ir_catalog_new(void);
void ir_catalog_free(ir_catalog *c);
arena *ir_arena(ir_catalog *c);
diag_list *ir_diags(ir_catalog *c);
rule *ir_add_rule(ir_catalog *c);                      /* zeroed, index set, state RUNNABLE */
size_t ir_rule_count(const ir_catalog *c);
rule *ir_rule(const ir_catalog *c, size_t i);
/* By id or name; NULL if there is none. Several of the same: the first loaded. */
rule *ir_find_rule(const ir_catalog *c, pk_str id_or_name);

/*
 * What a language keeps in the catalogue between load and resolve that is no rule but changes some (a Sigma filter), in
 * order of loading. `kept` lives in the catalogue's arena.
 */
void ir_keep(ir_catalog *c, const language *l, void *kept);
size_t ir_kept_count(const ir_catalog *c);
void *ir_kept(const ir_catalog *c, size_t i, const language **l);

/* The test with this meaning, made once for the whole catalogue. `constant` is copied. */
const ir_test *ir_intern_test(ir_catalog *c, test_kind kind, uint16_t flags, compare_op compare, value constant);
size_t ir_test_count(const ir_catalog *c);
const ir_test *ir_test_at(const ir_catalog *c, size_t id);

/*
 * Loading by several threads: each loads into a part of the catalogue, a batch of files at a time, and the batches are
 * joined in the order of files. Whatever the threads did when, rules, things kept, diagnostics and the numbers of tests then
 * are what one thread would have made. Only these may be used of a part: ir_arena, ir_diags, ir_add_rule, ir_keep,
 * ir_intern_test; rule indexes and ids of tests are final when the batch is joined.
 */
typedef struct {
    ir_catalog *part;
    diag_list *diags;
    size_t rules[2], kept[2], tests[2]; /* from, to: in the part */
} ir_batch;

ir_catalog *ir_part_new(ir_catalog *whole);            /* for one thread at a time */
void ir_batch_begin(ir_batch *b, ir_catalog *part);
void ir_batch_end(ir_batch *b);
void ir_batch_join(ir_catalog *whole, ir_batch *b);    /* a part's batches in the order in which it made them */
void ir_part_join(ir_catalog *whole, ir_catalog *part); /* behind its last batch: hands over its memory; frees the part */

/* Frees what only loading needs: it is made again if tests are interned after all. */
void ir_catalog_forget(ir_catalog *c);

/*
 * ---- images (base/image.h): a catalogue that is resolved, without what is kept ----
 * Rules and tests stand in the front; what a rule points to, texts and plan, in the rest.
 */

/* Where in the rest of the image everything stands that a rule points to, if not in the front. */
typedef struct { uint64_t at, len; } ir_image_unit;

typedef struct {
    rule **rules;                  /* without their language, which whoever restores them sets */
    const ir_image_unit *units;    /* by rule */
    ir_test **tests;
    size_t rule_count, test_count;
    const diag_list *diags;
} ir_image;

void ir_catalog_image(const ir_catalog *c, image_writer *w, size_t field);
void ir_test_image(const ir_test *t, image_writer *w, size_t field);
void ir_catalog_restore(ir_catalog *c, const ir_image *from); /* into an empty one, which the image must outlive */

/* ---- small constructors that compose; all in arena `a` ---- */

expr *ir_constant_expr(arena *a, value v);
expr *ir_true(arena *a);
expr *ir_false(arena *a);
expr *ir_field_expr(arena *a, pk_str schema, pk_str path);
expr *ir_any_value(arena *a);
expr *ir_use_expr(arena *a, expr *operand, ir_constant *constants, size_t count, bool all);
expr *ir_name(arena *a, pk_str name, uint32_t index);
expr *ir_and(arena *a, expr *x, expr *y);              /* flattens; NULL stands for nothing */
expr *ir_or(arena *a, expr *x, expr *y);
expr *ir_and_all(arena *a, expr **args, size_t count);
expr *ir_or_all(arena *a, expr **args, size_t count);
expr *ir_not(arena *a, expr *x);
expr *ir_compare(arena *a, expr *x, compare_op op, expr *y);
expr *ir_call(arena *a, pk_str function, expr **args, size_t count);
stage *ir_add_stage(arena *a, plan *p, stage_kind kind, pk_str name, stage **inputs, size_t input_count);

/* ---- one walker for all passes ---- */

/* Calls `fn` for every expression below `e` (definitions of `p` are entered through EXPR_NAME when p is given), parents
 * first. `negated`: under an odd number of NOTs. fn returns false to skip what is below. */
typedef bool (*ir_expr_fn)(const expr *e, bool negated, void *user);
void ir_walk_expr(const plan *p, const expr *e, ir_expr_fn fn, void *user);
/* Every expression of every stage of a plan; of `quiet` and `risk`, with the alert's stage. */
void ir_walk_plan(const plan *p, void (*fn)(const stage *s, const expr *e, bool negated, void *user), void *user);

/* Do the stage's rows go into histories only? Then none of them is part of an alert. */
bool ir_is_only_observed(const plan *p, const stage *s);
/* Does a match stage's part stand behind no alert, since alerts demand that there is none (absent.c)? */
bool ir_is_absent_in_alerts(const plan *p, const stage *s);

/* ---- text form ---- */

void ir_print_plan(text *out, const plan *p);
void ir_print_expr(text *out, const expr *e);
void ir_print_test(text *out, const ir_test *t);        /* "ends_with '\iox.exe'" */
/* Parses a plan; tests are interned in `c`. NULL: the diagnostic is in `d`. */
plan *ir_parse_plan(ir_catalog *c, pk_str source, pk_str file, diag_list *d);
bool ir_plan_equal(const plan *a, const plan *b);

#endif
