/*
 * The scan driver. Work goes round in tickets:
 *
 *     pool --> cutting (one thread at a time) --> matching (side by side) --> delivery (in order of input) --> pool
 *
 * Each thread cuts a block of a log for itself, always into the same memory, and matches it; a ticket carries what it found
 * to the callbacks. Their number is fixed and what they hold bounded, however far one slow block keeps the others waiting; and they
 * are delivered by their number, so the output is the same for any number of threads.
 */
#ifndef PICKET_API_SCAN_H
#define PICKET_API_SCAN_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "api/profile.h"
#include "api/scan_context.h"
#include "engine/engine.h"
#include "formats/input.h"

/* An input stream being cut. Blocks may outlive it in the hands of workers, hence the count of references. */
typedef struct {
    const format *format;
    void *cutter;
    pk_str name;                   /* of the file; lives as long as its input_list */
    uint64_t input;                /* number of the file, from 0 */
    class_id stated;               /* from the user, or CLASS_NONE */
    bool context;                  /* of entity records */
    atomic_uint references;
} cut_stream;

/* What all alerts of an event have in common, with the texts that stand in each of them. */
typedef struct {
    pk_event shown;
    pk_str host;
    pk_str opening;                /* up to the rule */
    pk_str place;                  /* from `source` to `why` */
    pk_str rest;                   /* the event and what follows it */
} found_event;

/* The same for all alerts of a rule. */
typedef struct {
    const pk_rule *shown;
    pk_str head;                   /* `rule` and `attack` */
    pk_str detection;              /* from the end of `why` up to the event */
    bool has_risk;
    double risk;
} alert_rule;

typedef struct found_alert found_alert;
struct found_alert {
    found_alert *next;             /* of its block */
    const found_event *event;
    const alert_rule *rule;
    pk_str head;                   /* the alert as JSON, up to event->rest */
    size_t why_count;
    pk_reason why[];
};

typedef struct ticket ticket;
struct ticket {
    ticket *next;                  /* in the pool */
    size_t lane;                   /* that had it last, and has its memory in the cache of its processor */
    uint64_t number;
    size_t bytes;                  /* of its block, which is the lane's */
    cut_stream *stream;            /* NULL: no block, only what cutting had to say */
    bool begins_file;              /* its block is the first of its stream */
    diag_list *diags;
    VEC(pk_str) skipped;           /* files that are no logs */
    /* what a worker made of it, in `results` */
    arena *results;
    size_t undelivered;            /* bytes of it, once it is done */
    found_alert *alerts, *last_alert;
    VEC(pk_event) events;          /* of a dump */
    VEC(value) entities;           /* records of context */
    uint64_t event_count, damaged, without_time, out_of_range, without_source;
};

/* ---- tickets.c ---- */

typedef struct {
    ticket *tickets, **free;       /* by lane */
    size_t count, lanes;
    pthread_mutex_t pool_lock, order_lock;
    pthread_cond_t freed;
    atomic_size_t undelivered;     /* bytes of results of tickets that are done */
    ticket **done;                 /* ring by number: worked on, not yet delivered */
    uint64_t next_delivery;
    bool delivering;
} ticket_queue;

void tickets_init(ticket_queue *q, size_t lanes, size_t each);
void tickets_destroy(ticket_queue *q);
ticket *ticket_take(ticket_queue *q, size_t lane);         /* waits for a free one, and while much is undelivered; empty */
void ticket_return(ticket_queue *q, ticket *t);
/* Hands in a ticket that has been worked on; `deliver` is called for it and its successors when their turn has come, by
 * one thread at a time, in order of numbers. */
void ticket_done(ticket_queue *q, ticket *t, void (*deliver)(ticket *t, void *user), void *user);

/* ---- inputs.c ---- */

typedef struct {
    input_list *list;
    class_id stated;
    bool context;
} scan_input;

typedef struct {
    char *glob;
    class_id stated;
} assignment;

typedef struct {
    const pk_scan_options *options;
    VEC(scan_input) inputs;
    VEC(assignment) assignments;
    size_t current;                /* of inputs */
    uint64_t next_file, next_number;
    size_t block_size;
    cut_stream *stream;            /* NULL: none is open */
    diag_list *reading;            /* what the lists have to say, moved to the ticket being cut */
    pthread_mutex_t lock;          /* over the cutting */
    bool ended;
} cutting;

void cutting_init(cutting *c, const pk_scan_options *options);
void cutting_destroy(cutting *c);
/*
 * Before the first block: how many threads will take some. Logs change slowly: what one record asks of the program, its neighbours ask
 * for too. So each of several threads is given more of them at a time, if the inputs are large enough, than one that gets all anyway.
 */
void cutting_share(cutting *c, size_t threads);
/* Fills the next ticket and its block; false: the end, the ticket is empty. `stop`: be done soon. */
bool cutting_next(cutting *c, ticket *t, block *b, const atomic_bool *stop);
void cut_stream_release(cut_stream *s);
void cutting_progress(cutting *c, uint64_t *bytes, uint64_t *total);

/* ---- alert.c ---- */

/* Writes alerts of rules that look at one event; one a worker, which outlives its alerts. */
typedef struct alert_writer alert_writer;
alert_writer *alert_writer_new(const pk_catalog *c);
void alert_writer_free(alert_writer *w);
/* An event that raises alerts; all of it in `a`, as the texts of `shown` are. Behind shown->json stands ALERT_END, so that no copy is needed. */
#define ALERT_END STR(",\"events\":null}")
const found_event *alert_event(alert_writer *w, const pk_event *shown, pk_str host, arena *a);
/* Renders an alert into `a`; the reasons are those of matcher_why, what is noted of them for other alerts is in `scratch`. */
found_alert *alert_render(alert_writer *w, const found_event *e, const rule *r, const match_reasons *reasons, arena *scratch, arena *a);
/* An alert of a correlation as JSON. */
pk_str alert_json(const pk_alert *alert, arena *a);

/* ---- detection.c ---- */

/* An alert of stages, without its JSON; in `a`, and as long as `found`. */
pk_alert detection_alert(const pk_rule *shown, const stage_alert *found, arena *a);
bool risk_of(const value *v, double *out);                  /* a number; false: it is none */

/* ---- worker.c ---- */

typedef struct scan_worker scan_worker;
typedef enum { WORK_MATCH, WORK_DUMP, WORK_DUMP_RAW, WORK_DUMP_UDM } work_kind;

scan_worker *worker_new(const pk_program *p, const pk_scan_options *options, work_kind kind, context_wishes wishes, const atomic_bool *stop);
void worker_free(scan_worker *w);
void worker_share(scan_worker *w, shared_results *s);       /* what it learns, with the workers of other threads */
/* Reads and matches the block of a ticket; nothing of what it found points into the block. */
void worker_run(scan_worker *w, ticket *t, const block *b);
uint64_t worker_limit_hits(const scan_worker *w);     /* regular expressions that gave up */
row_store *worker_rows(scan_worker *w);                    /* NULL if no correlation wants any */
work_sign *worker_sign(scan_worker *w);
sightings *worker_sightings(scan_worker *w);              /* NULL unless they are wanted */
timestamp worker_last_time(const scan_worker *w);          /* of any event, if that is wanted; TIMESTAMP_NONE: of none */
const rule_counts *worker_rule_counts(const scan_worker *w); /* NULL unless profiled */

/* ---- summary.c ---- */

typedef struct tally tally;

tally *tally_new(const pk_program *p);
void tally_free(tally *y);
void tally_ticket(tally *y, const ticket *t);
void tally_alert(tally *y, const pk_alert *alert);
const pk_summary *tally_summary(tally *y, scan_context *context, double seconds, bool stopped);
uint64_t tally_events(const tally *y);
uint64_t tally_alerts(const tally *y);

#endif
