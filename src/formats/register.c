/* The formats that there are, and which one a stream is in. */
#include "formats/format.h"

#include "formats/csv/csv.h"
#include "formats/evtx/evtx.h"
#include "formats/json/json.h"
#include "formats/text/text.h"
#include "formats/winevent/winevent.h"
#include "formats/xml/xml.h"
#include "formats/zeek/zeek.h"

enum { CERTAIN = 98 /* nothing below in the table is surer of what a format above is as sure of */ };

/* Of equally sure ones the first is taken. */
const format *const formats[] = {
    &evtx_format,
    &json_format,
    &xml_format,
    &zeek_format,
    &winevent_format,
    &csv_format,
    &text_format,
    NULL,
};

const format *format_find(pk_str name)
{
    for (size_t i = 0; formats[i]; i++)
        if (str_equal_ascii_fold(str_from(formats[i]->name), name)) return formats[i];
    return NULL;
}

const format *format_of_magic(pk_str head)
{
    for (size_t i = 0; formats[i]; i++)
        if (formats[i]->magic.len && str_starts_with(head, formats[i]->magic)) return formats[i];
    return NULL;
}

const format *format_detect(pk_str head, pk_str file_name, bool whole)
{
    const format *best = NULL;
    int surest = 0;
    for (size_t i = 0; formats[i] && surest < CERTAIN; i++) { /* looking further costs more than reading a small log */
        int sure = formats[i]->detect(head, file_name, whole);
        if (sure <= surest) continue;
        surest = sure;
        best = formats[i];
    }
    return best;
}
