/*
 * Matched rows on their way to the stages: collected by many workers, read back in one order.
 *
 * A row is packed into bytes as soon as it is made: the record of its event, cut to what some plan demands, and where its rendered
 * event lies in the store's temporary file. Past the memory limit the packed rows are sorted and go to a temporary file
 * as one run; reading merges all runs of all stores by (time, input, position, rule, stage).
 */
#ifndef PICKET_ENGINE_ROWS_H
#define PICKET_ENGINE_ROWS_H

#include "engine/engine.h"

/* A field that plans read of the events of a match stage. */
typedef struct {
    pk_str path;                  /* as rules write it; empty: the whole record */
    pk_str schema;                /* empty: that of the match stage */
    bool tree;                    /* its elements are wanted as they are, records too: a list that is expanded or searched */
} demand_path;

/* What plans read of the rows of one match stage. */
typedef struct {
    demand_path *paths;           /* none for rows that only count */
    size_t count;
    record_paths record;          /* the same of a nested record */
    bool unseen;                  /* no alert shows its events: they only feed histories, or must be absent */
} part_demand;

typedef struct {
    part_demand *stages;          /* by number of the stage in the rule's plan; of a rule that is no correlation only the first */
    size_t stage_count;
    bool wanted;                  /* some stage reads the rule's rows */
    bool timeless;                /* its stages look at one event at a time: rows without a time may come */
} row_demand;

typedef struct {
    row_demand *rules;            /* by rule index */
    size_t rule_count;
    arena *arena;
} demand_table;

void demand_build(demand_table *d, const program *p);
void demand_free(demand_table *d);
/* Is it a key that tells the events of a part apart, `part(e)`? */
bool is_part_key(const ir_key *k);
/* NULL: nobody reads them. */
const part_demand *demand_of(const demand_table *d, uint32_t rule_index, uint32_t number);

/* An event that a row came from; `store` and `at` say where its host and the event as JSON are written. */
typedef struct {
    timestamp time;
    uint64_t input, position, line;
    int64_t record;
    uint32_t file;                /* interned in the store */
    uint32_t store;
    uint64_t at, json_len;
    uint32_t host_len;            /* the host stands in front of the JSON */
} row_event;

/* A row as it is read back. Valid until the next call. */
typedef struct {
    timestamp time;
    uint32_t rule, stage;         /* stage: as in match_result */
    /*
     * The event, cut to the demand. `nested`: a record as its schema has it, read by paths. Else a record whose names are the
     * paths demanded, each with a value, or a list of its values.
     */
    bool nested;
    const value *record;
    row_event event;
} stored_row;

typedef struct row_merge row_merge;

/* Reads all rows of the stores in order. false at the end or on a read error (then *failed is set). */
row_merge *row_merge_new(row_store **stores, size_t count, const demand_table *d);
bool row_merge_next(row_merge *m, stored_row *out);
bool row_merge_failed(const row_merge *m);
void row_merge_free(row_merge *m);

pk_str row_store_file(const row_store *s, const row_event *e);
/* Reads back what was written of the event. */
pk_status row_store_event(row_store *s, const row_event *e, arena *a, pk_str *host, pk_str *json);

#endif
