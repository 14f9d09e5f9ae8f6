/* One JSON object a line: the form that other programs read. The library writes it. */
#include "cli/output.h"

static void put_alert(text *out, const pk_alert *a, const out_stream *to)
{
    (void)to;
    text_put(out, a->json_parts[0]);
    text_put(out, a->json_parts[1]);
    text_put_char(out, '\n');
}

const output jsonl_output = {"jsonl", ".jsonl", "one JSON object a line", NULL, put_alert, NULL};
