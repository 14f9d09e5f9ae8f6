/*
 * Lowering, inside: what the files lower*.c share.
 *
 * The way of a rule: lower_events.c splits the events section into what each variable must hold alone, what joins variables
 * and what compares them; lower_values.c and lower_tests.c turn nodes into expressions; lower_lists.c says which repeated
 * fields must be opened into copies; lower_stages.c makes the stages before the groups, lower_outcome.c the groups, their
 * outcomes and (lower_condition.c) which of them alert.
 */
#ifndef PICKET_LANGUAGES_YARAL_LOWER_PRIVATE_H
#define PICKET_LANGUAGES_YARAL_LOWER_PRIVATE_H

#include "languages/yaral/lower.h"
#include "languages/yaral/metrics.h"
#include "languages/yaral/yaral.h"
#include "udm/udm.h"

#define LOWER_MAX_NODES 20000         /* of one rule, placeholders put in for their names */
#define LOWER_MAX_DEPTH 120           /* of nodes, placeholders of placeholders counted; a node makes up to three levels of the IR */
#define LOWER_MAX_HEIGHT 150          /* of expressions: below what the text form reads */
#define LOWER_MAX_COPIES 10000        /* rows that one event may become */
#define LOWER_MAX_OUTCOME_LIST 25     /* elements of array and array_distinct */
#define LOWER_MAX_PLACEHOLDERS 500    /* of one rule */
#define LOWER_MAX_TABLE_ROWS 5000     /* of a data table whose rows are joined by no equation, so that all are tried */
#define LOWER_MAX_TABLE_COPIES 5000000 /* rows of a data table, one for each combination of values of repeated columns */
#define LOWER_DEFAULT_RISK 40

/* ---- values ---- */

typedef enum { TYPE_ANY, TYPE_TEXT, TYPE_INT, TYPE_FLOAT, TYPE_BOOL, TYPE_ENUM, TYPE_TIME, TYPE_LIST } lowered_type;

typedef struct {
    expr *value;
    lowered_type type;
    const udm_enum *enumeration;      /* ENUM */
    bool hash;                        /* a hex digest: constants are put in lower case */
    yaral_quantifier quantifier;      /* of a field */
} typed;

/*
 * A field of an event: every EXPR_FIELD with a schema that lowering makes is the first member of one of these, so that
 * later steps can tell whose it is and turn it into a column of the copies.
 */
typedef struct {
    expr base;
    uint32_t variable;
    bool copied;                      /* read of one element, not of the whole list: path marks repeated levels */
    bool plain_outcome;               /* argument of an aggregate that does not mind copies, and nothing else */
    pk_str list;                      /* copied: the outermost list, "security_result" */
} field_read;

/* ---- what is known about the rule ---- */

/* What a placeholder is in one variable: its first binding there. */
typedef struct {
    uint32_t placeholder;
    const yaral_node *node;           /* the value */
    typed value;
    bool derived;                     /* a function: a column of its own, "e:host"; else the field is read */
    expr *choices;                    /* bound in parts of an `or`: the list of values, of which copies take one each; NULL: it is not */
} variable_binding;

/* A column of a table's rows that something reads. */
typedef enum { CELL_VALUE, CELL_PATTERN, CELL_PATTERN_NOCASE } cell_use;
typedef struct { pk_str name; size_t column; cell_use use; lowered_type type; } table_read; /* column SIZE_MAX: the table is not given */

typedef struct {
    pk_str name;                      /* of the stage that brings its events */
    VEC(expr *) tests;                /* over its own fields */
    VEC(variable_binding) bindings;
    VEC(field_read *) reads;          /* copied ones, from anywhere in the rule */
    VEC(pk_str) opened;               /* lists that become copies */
    VEC(table_read) cells;            /* of a table: the columns of its rows */
    bool asked_whole;                 /* of a table: one column is compared, and nothing else; no row of it is needed */
    bool joined;
} variable_plan;

/* What compares variables: a test, or two sides that must be equal. */
typedef struct {
    expr *test;                       /* NULL: sides */
    typed sides[2];
    uint32_t side_variables[2];
    bool *needs;                      /* by variable */
    bool waits;                       /* for a placeholder that is of rows */
    bool placed;
    span span;
} cross_test;

typedef struct {
    uint32_t *variables;              /* of its bindings; YARAL_NONE: none, or several */
    uint32_t base;                    /* the binding that gives its value on joined rows */
    bool nocase;
    bool chosen;                      /* bound only in parts of an `or`, all of one variable: it is one of several values */
    bool of_rows;                     /* the same of several variables: joined rows become one for each value */
    lowered_type type;                /* of_rows */
    bool in_progress;                 /* being lowered */
} placeholder_plan;

/* An aggregate call of the outcome section and the column that holds it. */
typedef struct { const yaral_node *node; typed column; } aggregated;

/* Observations that calls of metrics read: a HISTORY stage, its columns made as they are asked for. */
typedef struct {
    metric_call *call;            /* the first that asked */
    stage *stage;
    VEC(ir_aggregate_function) functions;
} metric_history;

typedef enum { SCOPE_VARIABLE, SCOPE_ROWS, SCOPE_GROUP } scope_kind;

typedef struct {
    ir_catalog *catalog;
    arena *arena, *scratch;
    rule *rule;
    const yaral_rule *ast;
    const language_options *options;
    plan *plan;
    variable_plan *variables;         /* as ast->variables */
    placeholder_plan *placeholders;   /* as ast->placeholders */
    scope_kind scope;
    uint32_t variable;                /* SCOPE_VARIABLE */
    bool spreads;                     /* a field read now is the argument of an aggregate that does not mind copies */
    bool has_sensitive;               /* some aggregate counts copies: then all of them must be made */
    VEC(ir_column) row_choices;       /* placeholders that are of rows: their lists of values */
    bool rows_chosen;                 /* they are columns by now */
    VEC(pk_str) needed;               /* lists and tables that are not given: each is told once */
    VEC(cross_test) cross;
    VEC(ir_key) keys;                 /* of the groups */
    VEC(lowered_type) key_types;
    VEC(ir_aggregate_function) functions;
    VEC(ir_column) derived;
    VEC(aggregated) aggregated;
    typed *outcomes;                  /* by outcome: its column over the row of the group */
    size_t outcome_count;             /* lowered so far */
    const yaral_outcome *outcome;     /* being lowered */
    bool in_filter;                   /* of a metric: words are columns */
    VEC(metric_history *) histories;
    bool in_condition;                /* derived outcomes are written out, for their columns come later */
    size_t helpers;                   /* columns made for parts of this outcome */
    expr *having;
    size_t nodes;
    unsigned depth;
    bool failed;
} lowering;

/* ---- lower.c ---- */

/* Tells it and marks the rule; after an error or what is unsupported what goes on is thrown away. */
void lower_fail(lowering *l, pk_severity severity, const char *code, span at, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Counts a node against the limits; false: there are too many, or too deep, and it was told. Each needs a lower_leave. */
bool lower_enter(lowering *l, span at);
void lower_leave(lowering *l);

/* ---- lower_fields.c ---- */

/* A field of an event; `whole`: the list, whatever copies there are. */
typed lower_field(lowering *l, const yaral_node *n, bool whole);
/* The same of a path that the rule does not write. */
expr *lower_known_field(lowering *l, uint32_t variable, const char *path);
field_read *lower_read_of(const expr *e);             /* NULL: no field of an event */
expr *lower_part(lowering *l, uint32_t variable);     /* the event itself, for parts() and part() */
expr *lower_column(lowering *l, pk_str name);
pk_str lower_binding_column(lowering *l, uint32_t variable, uint32_t placeholder); /* "e:host" */
pk_str lower_schema_of(yaral_source source);

/* ---- lower_placeholders.c ---- */

void lower_plan_placeholders(lowering *l);            /* whose each binding is, and which one stands for it on joined rows */
typed lower_placeholder(lowering *l, const yaral_node *n);
variable_binding *lower_binding_of(const lowering *l, uint32_t variable, uint32_t placeholder); /* NULL: not bound there */
pk_str lower_choice_column(lowering *l, uint32_t placeholder); /* ":ip", of a placeholder that is of rows */
bool lower_reads_choice(const lowering *l, const yaral_node *n); /* such a placeholder? */
/* Which variables a node needs, placeholders looked through: sets `needs`, returns how many. */
size_t lower_needs(const lowering *l, const yaral_node *n, bool *needs);

/* ---- lower_values.c ---- */

typedef VEC(expr *) expr_list;
/* All of them, joined at once (one by one would copy what was joined before each time); NULL: there are none. */
expr *lower_all_of(lowering *l, const expr_list *parts);
expr *lower_any_of(lowering *l, const expr_list *parts);

typed lower_value(lowering *l, const yaral_node *n);
typed lower_whole(lowering *l, const yaral_node *n);  /* fields as whole lists, not copy by copy */
expr *lower_zeroed(lowering *l, typed v);             /* the zero of its type where it is missing */
bool lower_is_constant(const yaral_node *n);
value lower_constant(lowering *l, const yaral_node *n);
expr *lower_text(lowering *l, pk_str s);
typed lower_typed(expr *e, lowered_type type, span at);
expr *lower_call(lowering *l, const char *function, expr **args, size_t count, span at);
expr *lower_at(expr *e, span at);

/* ---- lower_tests.c ---- */

expr *lower_truth(lowering *l, const yaral_node *n);
/* A test of an operand; absent fields are the zero of their type. */
expr *lower_use(lowering *l, typed operand, test_kind kind, uint16_t flags, compare_op op, value constant, pk_str written, span at);
/* The same of text, with exact case unless `nocase`. */
expr *lower_text_use(lowering *l, typed operand, test_kind kind, bool nocase, pk_str constant, pk_str written, span at);
uint16_t lower_case_flag(pk_str constant, bool nocase);
/* With the quantifier of the operand: `negated` is the test of each element. */
expr *lower_quantified(lowering *l, typed operand, expr *use, bool negated, span at);
bool lower_accepts_zero(const expr *use);             /* true of an absent field? */
expr *lower_comparison_of(lowering *l, typed x, compare_op op, typed y, bool nocase, span at);
expr *lower_is_zero(lowering *l, typed v, span at);
/* The operand of a test with that constant; strings.to_lower around it is taken off where the test may ignore case instead. */
typed lower_operand(lowering *l, const yaral_node *n, pk_str constant, bool *nocase);

/* ---- lower_calls.c ---- */

typed lower_function(lowering *l, const yaral_node *n); /* over values of one row */

/* ---- lower_functions.c: the table ---- */

typedef enum {
    FUNCTION_PLAIN,                   /* the same arguments, in the same order */
    FUNCTION_LISTS,                   /* reads whole lists */
    FUNCTION_SPECIAL,                 /* lower_calls.c knows it */
    FUNCTION_QUESTION,                /* gives a truth, and has a test where its second argument is a constant */
    FUNCTION_AGGREGATE,               /* lower_outcome.c knows it */
    FUNCTION_REFUSED                  /* can't be had: `name_in_ir` says why */
} function_kind;

typedef struct {
    const char *name;                 /* "strings.to_lower" */
    function_kind kind;
    const char *name_in_ir;           /* "lower" */
    lowered_type result;
} lowered_function;

const lowered_function *lower_find_function(pk_str name);

/* ---- lower_regex.c ---- */

typedef struct {
    pk_str pattern;                   /* PCRE2 */
    unsigned groups;                  /* that capture */
    size_t at;                        /* of the fault */
    pk_str fault;                     /* empty: none */
} lowered_regex;

/*
 * RE2 syntax to PCRE2 syntax of the same meaning (with PCRE2_UTF and without other options). `search`: only whether it
 * matches is asked, so that `.*` at both ends is left out.
 */
lowered_regex lower_regex(arena *a, pk_str pattern, bool search);
/* The same, reported; false: there is a fault. */
bool lower_pattern(lowering *l, const yaral_node *n, bool search, lowered_regex *out);
bool lower_regex_accepts_empty(pk_str pcre, uint16_t flags);
/* Whether a pattern that lower_regex made is but a text, at an end or anywhere: then that text and the kind of test. (lower_plain.c) */
bool lower_plain_pattern(arena *a, pk_str pcre, test_kind *kind, pk_str *plain);

/* ---- lower_tables.c: reference lists, columns of data tables as lists ---- */

expr *lower_membership(lowering *l, const yaral_node *n);
/* Is a value one of the column's? With `how` of the column's type, or as the call asks. */
expr *lower_in_column(lowering *l, const yaral_node *n, const yaral_node *column, yaral_in how, bool nocase, span at);
/* Is it one of the values of this cell, as the column's type asks? What is wrong with it was told of the column. */
expr *lower_in_cell(lowering *l, const yaral_node *n, const yaral_node *column, size_t row, bool nocase, span at);
yaral_in lower_how_of(data_column_type type);
/* The column's number; false: what is missing was told, or the table is not given. */
bool lower_find_column(lowering *l, const yaral_node *n, const data_table **t, size_t *column);

/* ---- lower_rows.c: rows of data tables ---- */

/* A test of a value and a column of a table's row: `$e.f = %t.c`, re.regex($e.f, %t.c), net.ip_in_range_cidr($e.f, %t.c). */
typedef struct { const yaral_node *value, *column; yaral_in how; bool nocase, negated; } row_test;

bool lower_is_row_test(lowering *l, const yaral_node *n, row_test *out);
expr *lower_row_test(lowering *l, const row_test *t, span at);
/* How many values a cell has, and one of them: several with | between them, if the column is repeated. */
size_t lower_cell_values(const data_table *t, size_t row, size_t column);
pk_str lower_cell_value(const data_table *t, size_t row, size_t column, size_t number);
bool lower_cell_number(pk_str cell, value *out);      /* of a column of numbers */
typed lower_cell(lowering *l, const yaral_node *n, cell_use use);
void lower_choose_tables(lowering *l, const yaral_node *const *statements, size_t count); /* sets asked_whole */
void lower_prefilter(lowering *l, const yaral_node *statement); /* what it asks of the event alone */
void lower_prefilter_placeholders(lowering *l);
stage *lower_table_stage(lowering *l, uint32_t variable);
bool lower_is_timeless(const lowering *l, uint32_t variable); /* entities, rows of tables */

/* ---- lower_lists.c: repeated fields ---- */

void lower_choose_lists(lowering *l);                 /* which lists become copies */
bool lower_reads_copies(const lowering *l, const expr *e); /* of a list that becomes copies */
bool lower_waits_for_rows(const lowering *l, const expr *e); /* or what only rows can be asked */
/* What must hold of an event for `e` to hold of a copy of it; NULL: nothing is known. Its fields name no part. */
expr *lower_necessary(lowering *l, const expr *e);
void lower_turn_into_columns(lowering *l);            /* the fields of those lists, for good */
pk_str lower_without_marks(arena *a, pk_str path);

/* ---- lower_setup.c: entities that tables change ---- */

void lower_setup(lowering *l);                        /* adds tests to those of the variables */

/* ---- lower_events.c, lower_stages.c ---- */

void lower_events(lowering *l);                       /* fills tests, bindings, cross */
stage *lower_rows(lowering *l);                       /* all stages up to the joined rows */
bool lower_counts_copies(const lowering *l);          /* does an outcome count rows? (lower_outcome.c) */

stage *lower_source(lowering *l, uint32_t variable);  /* the events of a variable that reads no copies */

/* ---- lower_metrics.c ---- */

typed lower_metric(lowering *l, const yaral_node *n); /* metrics.NAME(...), over rows or a group */
typed lower_period_start(lowering *l, const yaral_node *n, pk_str column, const char *function); /* period_start_for_...(metric) */
typed lower_metric_word(lowering *l, const yaral_node *n); /* event_count_sum in a filter */

/* ---- lower_outcome.c, lower_condition.c, lower_groups.c ---- */

void lower_outcomes(lowering *l);                     /* fills functions, derived, outcomes */
void lower_condition(lowering *l);                    /* having; NULL: always true */
/* What only the row of a group has (aggregates, outcomes, counts); false: it is none of these. */
bool lower_group_value(lowering *l, const yaral_node *n, typed *out);
bool lower_group_truth(lowering *l, const yaral_node *n, expr **out);
expr *lower_count(lowering *l, uint32_t variable);    /* column "#e" */
expr *lower_distinct(lowering *l, uint32_t placeholder); /* column "#host" */
expr *lower_add_function(lowering *l, pk_str name, const char *function, expr **args, size_t count, int64_t at_most);
void lower_keys(lowering *l);
bool lower_skips_zero(const lowering *l, uint32_t placeholder); /* a key of the groups of which the zero makes no group */
void lower_groups(lowering *l, stage *rows);          /* from the joined rows to the alert */
int64_t lower_window_span(const lowering *l);         /* 0: no window */

#endif
