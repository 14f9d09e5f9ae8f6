/* The cutter of formats made of lines with header lines among them (Zeek TSV, W3C logs): blocks of whole lines, each with the
 * header that holds at its start. The three functions are those of `struct format`, but for the rule. */
#ifndef PICKET_FORMATS_PREAMBLE_LINES_H
#define PICKET_FORMATS_PREAMBLE_LINES_H

#include "formats/preamble.h"

void *preamble_lines_new(log_stream *stream, const cut_options *o, const preamble_rule *rule);
pk_status preamble_lines_cut(void *cutter, block *b, diag_list *d);
void preamble_lines_free(void *cutter);

#endif
