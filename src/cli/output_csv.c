/* CSV as RFC 4180, with a header; cells that a spreadsheet would run are made text. */
#include "cli/output.h"

static void begin(text *out, const out_stream *to)
{
    (void)to;
    text_put_cstring(out, "time,level,title,id,author,language,path,tactics,techniques,host,file,record,line,why,event\r\n");
}

static void put_cell(text *out, pk_str s)
{
    text_put_csv(out, s);
    text_put_char(out, ',');
}

static void put_list(text *out, pk_strs list)
{
    text cell = {0};
    put_joined(&cell, list, " ");
    put_cell(out, text_view(&cell));
    text_free(&cell);
}

static void put_alert(text *out, const pk_alert *alert, const out_stream *to)
{
    (void)to;
    const pk_rule *r = alert->rule;
    const pk_event *first = alert->event_count ? &alert->events[0] : NULL;
    arena *a = arena_new();
    put_cell(out, alert_time(a, alert));
    put_cell(out, r->level);
    put_cell(out, r->title);
    put_cell(out, r->id);
    put_cell(out, r->author);
    put_cell(out, r->language);
    put_cell(out, r->path);
    put_list(out, r->tactics);
    put_list(out, r->techniques);
    put_cell(out, alert->host);
    put_cell(out, first ? first->place.file : STR(""));
    if (first && first->place.record >= 0) text_put_int(out, first->place.record);
    text_put_char(out, ',');
    if (first && first->place.line) text_put_int(out, (int64_t)first->place.line);
    text_put_char(out, ',');
    text why = {0};
    for (size_t i = 0; i < alert->why_count; i++) {
        if (i) text_put_cstring(&why, "; ");
        put_reason(&why, &alert->why[i]);
    }
    put_cell(out, text_view(&why));
    text_put_csv(out, first ? first->json : STR(""));
    text_put_cstring(out, "\r\n");
    text_free(&why);
    arena_free(a);
}

const output csv_output = {"csv", ".csv", "comma-separated values with a header", begin, put_alert, NULL, NULL};
