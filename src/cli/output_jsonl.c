/* One JSON object a line: the form that other programs read. The library writes it. */
#include "cli/output.h"

static void put_alert(text *out, const pk_alert *a, const out_stream *to)
{
    (void)to;
    text_put(out, a->json_parts[0]);
    text_put(out, a->json_parts[1]);
    text_put_char(out, '\n');
}

static void gather_alert(out_stream *to, const pk_alert *a)
{
    out_gather(to, (pk_str[]){a->json_parts[0], a->json_parts[1], STR("\n")}, 3);
}

const output jsonl_output = {"jsonl", ".jsonl", "one JSON object a line", NULL, put_alert, NULL, gather_alert};
