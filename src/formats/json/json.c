/*
 * The format's row, and how JSON is told from everything else: the first bytes are cut as a log would be, and what comes
 * out is counted. Prose, configuration and text logs that merely begin with '[' or '{' give no record.
 */
#include "formats/json/json.h"

#include "formats/json/reader.h"
#include "formats/json/scan.h"
#include "formats/json/spans.h"
#include "formats/text_source.h"

typedef struct {
    size_t records, other_values; /* objects; numbers, strings ... where an object should be */
    size_t texts, broken;
    bool document;                /* the rest is the beginning of a document that goes on behind the head */
    bool list;                    /* an array or envelope began */
} tally;

static void count_span(tally *t, const json_span *span, const char *head)
{
    const char *at = head + span->offset;
    switch ((span_kind)span->kind) {
    case SPAN_RECORD: *(*at == '{' ? &t->records : &t->other_values) += 1; break;
    case SPAN_TEXT: t->texts++; break;
    case SPAN_BROKEN: t->broken++; break;
    case SPAN_LONG:
    case SPAN_UNCLOSED: break;
    }
}

static tally count_head(pk_str head, bool whole)
{
    tally t = {0};
    splitter s;
    splitter_init(&s);
    s.at = head.ptr;
    s.end = head.ptr + head.len;
    s.final = whole;
    s.careful = true;
    s.record_limit = SIZE_MAX / 2;
    json_span span;
    split_result r;
    while ((r = splitter_next(&s, &span)) == SPLIT_SPAN) count_span(&t, &span, head.ptr);
    t.list = s.list.line > 0;
    if (r == SPLIT_MORE && s.at < s.end && *s.at == '{') {
        /* An object that has not said anything yet ("{ ") proves nothing. */
        scan_report report = scan_value(s.at, s.end, false);
        t.document = report.result == SCAN_OPEN && memchr(s.at, ':', (size_t)(s.end - s.at));
    }
    return t;
}

static bool named_json(pk_str name)
{
    return str_find(name, STR(".json")) != STR_NPOS || str_find(name, STR(".ndjson")) != STR_NPOS;
}

static int json_detect(pk_str head, pk_str file_name, bool whole)
{
    arena *a = arena_new();
    tally t = count_head(text_of_head(a, head), whole);
    arena_free(a);
    size_t good = t.records + t.document, bad = t.broken + t.other_values;
    if (good && !bad && !t.texts) return 98;
    if (good * 2 >= bad + t.texts) return good ? 60 + (int)(30 * good / (good + bad + t.texts)) : t.list && !bad ? 50 : 0;
    if (good && named_json(file_name)) return 60;
    return (good || t.list || t.broken) && named_json(file_name) ? 30 : 0;
}

const format json_format = {
    .name = "json",
    .title = "JSON: lines, objects, arrays, envelopes of records",
    .extensions = ".json .jsonl .ndjson",
    .detect = json_detect,
    .cut_new = json_cut_new,
    .cut = json_cut,
    .cut_free = json_cut_free,
    .reader_new = json_reader_new,
    .reader_free = json_reader_free,
    .read = json_read,
};
