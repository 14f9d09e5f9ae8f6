/*
 * Entity context: what rules know beside events. Records of the entity side of the data model, brought by files, found among the
 * logs, made of plain lists of indicators, or derived from the logs themselves.
 */
#ifndef PICKET_API_CONTEXT_H
#define PICKET_API_CONTEXT_H

#include "base/diag.h"
#include "engine/engine.h"
#include "schema/schema.h"

/* ---- the store ---- */

typedef struct context_store context_store;

context_store *context_store_new(size_t memory);     /* bytes of records that it takes; 0: 1 GB */
void context_store_free(context_store *c);
/* A record in canonical form, which is copied. false: there is no more room; it is counted. */
bool context_store_add(context_store *c, const value *entity);
size_t context_store_count(const context_store *c);
uint64_t context_store_left_out(const context_store *c);
/* Of stage_inputs: the records that the CONTEXT stage may take, in the order in which they came. */
context_records context_store_records(const stage *s, void *store);

/* The only text that the `where` of a stage lets this field have; empty: it does not say. Views of the plan. */
pk_str context_wanted(const stage *s, pk_str path);

/* ---- indicators (indicators.c) ---- */

/* Whose feed: what rules ask of vendor_name, product_name, source_type and threat_feed_name. */
typedef struct { pk_str vendor, product, source, feed; } feed_names;

/* "FEED", "PRODUCT/FEED" or "VENDOR/PRODUCT/FEED"; feeds that public rules name bring vendor and product. Parts live in `a`. */
feed_names feed_of(pk_str written, arena *a);
/*
 * Addresses, domains, URLs and hashes as entity records: an indicator a line, CSV, or a STIX 2.1 bundle; which of these the text
 * tells. What is none is told with its line and counted in *damaged.
 */
void indicators_read(context_store *c, const feed_names *names, pk_str source, pk_str file, diag_list *d, uint64_t *damaged);

/* ---- derived context (sightings.c) ---- */

typedef struct sightings sightings;

/* When files, domains, addresses and users were seen, and on which assets. One a worker; the schema must outlive it. */
sightings *sightings_new(const schema *s);
void sightings_free(sightings *s);
/* Of an event with a time; `tree` is its whole record. */
void sightings_add(sightings *s, const classification *k, const value *tree, timestamp time, arena *scratch);
/* The entity records of all of them together: one for each value and day. `days`: the day_count of prevalence; 0 ends the list. */
void sightings_put(sightings *const *all, size_t count, const uint8_t *days, context_store *c);
uint64_t sightings_left_out(const sightings *s);      /* values beyond the bound on their number */

#endif
