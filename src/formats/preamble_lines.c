/* Blocks of whole lines with the header that holds at their start. */
#include "formats/preamble_lines.h"

#include "formats/lines.h"

typedef struct {
    record_cutter records;
    preamble_history headers;
} preamble_cutter;

void *preamble_lines_new(log_stream *stream, const cut_options *o, const preamble_rule *rule)
{
    preamble_cutter *c = mem_zalloc(1, sizeof *c);
    record_cutter_init(&c->records, stream, o, &line_rule);
    preamble_history_init(&c->headers, rule);
    return c;
}

pk_status preamble_lines_cut(void *cutter, block *b, diag_list *d)
{
    preamble_cutter *c = cutter;
    pk_status status = record_cut(&c->records, b, d);
    if (status != PK_OK) return status;
    b->position = b->line;
    preamble_pass(&c->headers, b);
    return PK_OK;
}

void preamble_lines_free(void *cutter)
{
    preamble_cutter *c = cutter;
    record_cutter_free(&c->records);
    preamble_history_free(&c->headers);
    mem_free(c);
}
