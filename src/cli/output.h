/* Outputs: forms in which alerts are written. One row each in the table of outputs.c, one file each. */
#ifndef PICKET_CLI_OUTPUT_H
#define PICKET_CLI_OUTPUT_H

#include "cli/stream.h"
#include "picket.h"

typedef struct {
    const char *name, *extension, *meaning;
    /* Each writes into `out`, which the caller hands on; `to` tells about width and colours. */
    void (*begin)(text *out, const out_stream *to);
    void (*alert)(text *out, const pk_alert *a, const out_stream *to);
    void (*end)(text *out, const pk_summary *s, const out_stream *to);
    /* NULL: there is none. What `alert` writes, but as bytes of the alert that are gathered in `to`. */
    void (*gather)(out_stream *to, const pk_alert *a);
} output;


const output *find_output(const char *name);
const output *output_for_file(const char *path); /* by its extension; NULL: none */

extern const output table_output, jsonl_output, csv_output, html_output;

/* "T1059.001, T1105" */
void put_joined(text *out, pk_strs list, const char *between);
/* "CommandLine contains ' -enc '" */
void put_reason(text *out, const pk_reason *r);
/* "a/b.evtx record 17" */
void put_place(text *out, const pk_place *p);
pk_str alert_time(arena *a, const pk_alert *alert);

#endif
