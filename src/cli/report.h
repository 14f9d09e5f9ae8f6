/* What is told on standard error: diagnostics, progress, the summary; and the summary as JSON. */
#ifndef PICKET_CLI_REPORT_H
#define PICKET_CLI_REPORT_H

#include "cli/stream.h"
#include "picket.h"

typedef struct {
    pk_severity least;    /* what is less severe is not shown */
    size_t per_code;      /* how many of one code; 0: all */
    bool source;          /* show the line of the file that is concerned */
} diagnostics_view;

void report_diagnostics(out_stream *to, const pk_diagnostics *d, const diagnostics_view *how);
/* One, without its line; a pk_diagnostic_fn whose user is the out_stream. */
void report_diagnostic(const pk_diagnostic *d, void *to);

/* A bar on a terminal; nothing elsewhere. */
typedef struct {
    out_stream *to;
    bool shown;
} progress_bar;

void progress_show(const pk_progress *p, void *bar);
void progress_clear(progress_bar *bar);

/* How many rules of the catalog run, and why the others don't. */
typedef struct {
    size_t rules, states[PK_RULE_STATES], chosen, withdrawn;
} rule_counts;
rule_counts count_rules(pk_catalog *c, const pk_program *p);
/* "3 rules: 1 runnable, 1 needs a list, 0 unsupported, 1 error", a line. */
void put_rule_counts(text *out, uint64_t rules, uint64_t runnable, uint64_t need_lists, uint64_t unsupported, uint64_t errors);

void report_summary(out_stream *to, const pk_summary *s, pk_catalog *c, const pk_program *p);
/* `profile` may be NULL. */
void write_summary_json(text *out, const pk_summary *s, const pk_profile *profile, pk_catalog *c, const pk_program *p, int exit_code);

/* Where the time went. */
void report_profile(out_stream *to, const pk_profile *p);
void write_profile_json(text *out, const pk_profile *p);

#endif
