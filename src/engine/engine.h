/*
 * The engine: runs a program over events. It knows programs and events; no rule text, no language, no file format.
 *
 * Per event:   matcher_run()  -> which rules match (one matcher a worker)
 * At the end:  stages_run()   -> alerts of correlations, from the rows that matched events left behind
 */
#ifndef PICKET_ENGINE_ENGINE_H
#define PICKET_ENGINE_ENGINE_H

#include "compile/program.h"
#include "event/value_pack.h"

/* ---- match ---- */

typedef struct matcher matcher;

matcher *matcher_new(const program *p);
void matcher_free(matcher *m);

/* What matchers of one program, in several threads, learn of values and tell each other; it outlives them. */
typedef struct shared_results shared_results;
shared_results *shared_results_new(void);
void shared_results_free(shared_results *s);
void matcher_share(matcher *m, shared_results *s); /* NULL: with nobody */

/* Regular expressions that ran into their limits on some value so far; each counted as no match. */
uint64_t matcher_limit_hits(const matcher *m);

/*
 * For profiles: what a matcher is doing just now. Another thread may ask at any time; the matcher pays a plain store now and
 * then, whether or not anybody asks.
 */
typedef enum { DOING_NOTHING, DOING_SLOTS, DOING_TESTS, DOING_CANDIDATES, DOING_CONDITIONS } matcher_doing;
typedef struct {
    matcher_doing doing;
    uint32_t rule;                 /* whose condition is looked at, or NO_RULE */
    const ir_test *test;           /* that is being confirmed, or NULL */
} matcher_moment;
#define NO_RULE UINT32_MAX
matcher_moment matcher_look(const matcher *m);

/* Counts by rule index, from matcher_count_rules on; until then NULL. */
typedef struct { uint64_t candidates, matches; } rule_counts;
void matcher_count_rules(matcher *m);
const rule_counts *matcher_rule_counts(const matcher *m);

/*
 * The rules that match this event, each once, in order of rule index; valid until the next call. A correlation with match
 * stages of its own stands there once for each of them that matched. `k` is the event's classification (by a classifier
 * made with program_paths).
 */
typedef struct {
    const uint32_t *rules;         /* rule indexes */
    const class_id *classes;       /* the class on which each matched */
    const uint32_t *stages;        /* of a correlation: place of the match stage in its plan; else 0 */
    size_t count;
} match_result;
match_result matcher_run(matcher *m, const event *e, const classification *k);

/* What a reason says of the rule, of all events the same: made when it is first given, kept as long as the matcher. */
typedef struct {
    uint32_t number;               /* from 0, in the order of making */
    pk_str field, constant;
    test_kind kind;
    bool keyword;
} reason_predicate;

/* A value that reasons of an event show, the same for all that show it, until the next matcher_run. The caller notes there what it
 * made of the text. */
typedef struct {
    pk_str text;
    pk_str kept, json;             /* the caller's; ptr NULL at first */
} reason_value;

/* Why: every predicate of the rule that was true of the event. Many rules that match an event may share one. */
typedef struct {
    pk_str field;                  /* as the rule names it; empty for a keyword */
    test_kind kind;
    bool keyword;
    bool negated;                  /* never true in `why` of an alert; for explanations */
    pk_str constant;               /* of the rule, as its author wrote it */
    pk_str value;                  /* of the event: text */
    int64_t at, length;            /* of the match within value, bytes; -1: no place (numbers, exists) */
    const reason_predicate *predicate; /* what is said of the rule; NULL: only here, and constant is made in `a` */
    reason_value *shown;           /* value; NULL: it is shown only here */
    const void *rendered;          /* the caller's, as long as the reason: NULL at first */
} match_reason;
typedef struct { VEC(match_reason *) items; } match_reasons;
/*
 * For a (rule, class) that the last matcher_run found in the event; reasons are made in `a`, or valid until the next matcher_run. They are
 * added to `out`, a vector of the caller's. Slow path.
 */
void matcher_why(matcher *m, const rule *r, class_id c, const event *e, const classification *k, arena *a,
                 match_reasons *out);

/* The record of the event of the last matcher_run, by its fields; until the next one. */
field_finder *matcher_fields(matcher *m);

/* ---- rows for stages ---- */

/*
 * A row store collects matched rows of rules that feed correlations; one a worker, merged at the end. Rows carry only the
 * columns that the plans ask for (demand). Past a bound they go to a temporary file in sorted runs. The rendered event is
 * kept in a temporary file as well and read back only for alerts.
 */
typedef struct row_store row_store;

row_store *row_store_new(const program *p, size_t memory_limit);
void row_store_free(row_store *s);
bool row_store_wants(const row_store *s, uint32_t rule_index); /* does a correlation read this rule's rows? */

/* May an alert show the events of this match stage? Else `render` of a row may be empty. */
bool row_store_shows(const row_store *s, uint32_t rule_index, uint32_t number);

/* Do its stages look at one event at a time, so that they take events without a time too? */
bool row_store_takes_timeless(const row_store *s, uint32_t rule_index);

/* A match of a rule: an entry of match_result, when, and on which host. time TIMESTAMP_NONE: counted and left out, unless its stages take such. */
typedef struct {
    const rule *rule;
    uint32_t stage;
    class_id class_id;
    timestamp time;
    pk_str host;
} matched_row;
/* `render` is the event as JSON (as alerts show it). PK_ERROR_IO: it could not be written, and none after it is taken. */
pk_status row_store_add(row_store *s, const program *p, const matched_row *m, const event *e, const classification *k, pk_str render);
uint64_t row_store_without_time(const row_store *s);
timestamp row_store_last_time(const row_store *s);      /* of its rows; TIMESTAMP_NONE: it has none */
bool row_store_failed(const row_store *s);

typedef struct {
    timestamp time;
    event_source source;
    pk_str json;                   /* rendered event */
} stage_event;

/* What took part in an alert under the name of one part (an event variable, or an entity): its stage in the plan. */
#define PART_SAMPLES 10
typedef struct {
    pk_str name;
    bool context;                  /* context records instead of events */
    const stage_event *events;     /* in time order, at most PART_SAMPLES; of alerts of other rules those behind them */
    size_t event_count;
    const value *const *records;   /* of a context: at most PART_SAMPLES, in the order in which they were given */
    size_t record_count;
    uint64_t total;                /* true number of different events or records */
} stage_part;

typedef struct {
    const rule *rule;
    timestamp time;                /* of the row that made the condition true, or end of the window that was decided */
    pk_str host;                   /* if all its events agree */
    ir_key *keys;                  /* names of group keys */
    pk_str *key_values;
    value *key_data;               /* the same as values */
    bool *key_hidden;              /* it only tells events apart (part(e)): not shown */
    size_t key_count;
    pk_str *column_names;          /* computed columns: "n"; helpers (names that begin with '#' or hold ':') among them */
    value *column_values;
    size_t column_count;
    const stage_event *events;     /* that took part, in time order, at most 100 */
    size_t event_count;
    uint64_t event_total;          /* true number */
    bool windowed;                 /* the events were found in a window of time: */
    timestamp window_start, window_end;
    bool of_event;                 /* it is about one event, by which its rows were grouped */
    bool has_parts;                /* its rows bring their parts along under the names that the rule gives them: */
    const stage_part *parts;       /* in the order of the plan's stages; those that nothing stands for have total 0 */
    size_t part_count;
    value risk;                    /* of plan.risk; VALUE_MISSING: the plan has none, or it gave nothing */
} stage_alert;
typedef bool (*stage_alert_fn)(const stage_alert *alert, void *user);

/* A column that is only there for later stages and is not shown. */
static inline bool is_helper_column(pk_str name)
{
    return name.len == 0 || name.ptr[0] == '#' || str_find_char(name, ':') != STR_NPOS;
}

/* Records among those of a pack, which lives as long as the run. */
typedef struct {
    const value_pack *pack;
    const uint32_t *numbers;       /* of the records, ascending; NULL: the first `count` of the pack */
    size_t count;
} context_records;

/* What stages read beside matched rows. */
typedef struct {
    /* The records that a CONTEXT stage may take; its `where` is asked here. NULL: there are none. */
    context_records (*records)(const stage *s, void *user);
    /* Told how many of them the `where` of a CONTEXT stage let through; may be NULL. */
    void (*took)(const rule *r, const stage *s, size_t count, void *user);
    /* Told at the end if rules looked back further than the first row: how far, and when that was; may be NULL. */
    void (*looked_back)(int64_t length, timestamp first, void *user);
    void *user;
    timestamp now;                 /* what the function now() gives; 0 or TIMESTAMP_NONE: the time of the last row */
} stage_inputs;

/*
 * Runs all correlations over the merged rows; alerts in order of time, then rule index, then key. Stores are consumed.
 * `memory` bounds, in bytes, what windows and groups hold at once (0: 1 GB); past it the oldest rows leave their windows, are
 * counted, and a warning says so. `inputs` may be NULL. PK_ERROR_IO: rows could not be written or read back; a diagnostic says so.
 */
pk_status stages_run(const program *p, row_store **stores, size_t count, size_t memory, const stage_inputs *inputs, stage_alert_fn fn,
                     void *user, diag_list *d);

#endif
