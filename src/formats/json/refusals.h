/* What is said of text that is no event, with its place. Each counts as damaged. */
#ifndef PICKET_FORMATS_JSON_REFUSALS_H
#define PICKET_FORMATS_JSON_REFUSALS_H

#include "formats/format.h"
#include "formats/json/splitter.h"

typedef struct {
    arena *arena;           /* of messages, until they are told */
    diag_list *diags;
    pk_str file;
    size_t record_limit;
    uint64_t *damaged;
} refusals;

/* A piece of text that is no event; says why. true: nothing is wrong with it but that simdjson refused it. */
bool json_explain(refusals *r, const json_span *span, pk_str bytes);

void json_refuse_not_object(refusals *r, const json_span *span, char first);
void json_refuse_long(refusals *r, const json_span *span);
void json_refuse_unclosed(refusals *r, const json_span *span);

#endif
