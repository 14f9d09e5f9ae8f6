/* Spans of a block -> events. */
#ifndef PICKET_FORMATS_JSON_READER_H
#define PICKET_FORMATS_JSON_READER_H

#include "formats/format.h"

reader *json_reader_new(const path_set *paths);
void json_reader_free(reader *r);
pk_status json_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                    uint64_t *damaged);

#endif
