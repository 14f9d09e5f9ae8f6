/* What a scan gives its stages beside events: entity context, and the time of the run. */
#ifndef PICKET_API_SCAN_CONTEXT_H
#define PICKET_API_SCAN_CONTEXT_H

#include "api/api.h"
#include "api/context.h"
#include "engine/engine.h"

typedef struct scan_context scan_context;

scan_context *scan_context_new(const pk_program *p, const pk_scan_options *options);
void scan_context_free(scan_context *c);

/* What workers have to collect. */
typedef struct {
    bool entities;                 /* some rule reads context */
    bool sightings;                /* it is to be derived from the events as well */
    bool last_time;                /* some rule asks what time it is, and nobody said */
} context_wishes;
context_wishes scan_context_wishes(const scan_context *c);

/* Plain indicators of a file; what is wrong with them is in `d`. */
pk_status scan_context_indicators(scan_context *c, const char *path, const char *feed, diag_list *d);
void scan_context_indicator_bytes(scan_context *c, const char *feed, pk_str source, diag_list *d);
void scan_context_add(scan_context *c, const value *entity);
void scan_context_derive(scan_context *c, sightings *const *all, size_t count);
/* What stages read; `last`: the latest time of any event. */
stage_inputs scan_context_inputs(scan_context *c, timestamp last);
/* After the stages have run: what was left out, and which rules wait for context. The list lives as long as the scan. */
void scan_context_tell(const scan_context *c, diag_list *d);
void scan_context_summary(scan_context *c, pk_summary *s);

#endif
