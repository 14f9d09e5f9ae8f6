/*
 * The state is where the text stands: at the top (between documents), inside a list whose elements are the records, or
 * skipping the rest of something.
 *
 * At the top a record is most often a line: "{" first, "}" last is taken at its word, and no byte between is looked at.
 * Whatever else begins with "{" is a document: its end is found by counting brackets, or, if that leads too far, by the
 * grammar. What the guesses get wrong fails in the parser; the reader then cuts that one span again with `careful` set,
 * where every end is proved.
 */
#define _GNU_SOURCE /* memrchr */
#include "formats/json/splitter.h"

#include "formats/json/resume.h"
#include "formats/json/scan.h"
#include "formats/json/text_line.h"

#define LINE_BEGINNING 256                    /* enough to tell a line of text */
#define DISTRUST 16                           /* after something broken so many documents are proved by the grammar */
#define ENVELOPE_WINDOW ((ptrdiff_t)64 << 10) /* what stands before the list of an envelope is shorter */

/* Moves on to p, past no line break that is not counted. */
static void advance_in_line(splitter *s, const char *p)
{
    s->offset += (uint64_t)(p - s->at);
    s->cut += (uint64_t)(p - s->at);
    s->at = p;
}

static void count_line(splitter *s, const char *newline)
{
    s->line++;
    s->line_offset = s->offset + (uint64_t)(newline + 1 - s->at);
}

/* Moves on to p, counting lines. */
static void advance(splitter *s, const char *p)
{
    for (const char *from = s->at, *newline; (newline = scan_line_end(from, p)); from = newline + 1) count_line(s, newline);
    advance_in_line(s, p);
}

static json_span span_here(const splitter *s, span_kind kind, size_t len)
{
    return (json_span){s->offset, len, s->line, s->offset - s->line_offset + 1, kind};
}

static split_result give(splitter *s, json_span *span, span_kind kind, const char *end)
{
    *span = span_here(s, kind, (size_t)(end - s->at));
    advance(s, end);
    if (s->state == IN_LIST) s->after_element = true;
    if (kind == SPAN_RECORD) s->line_records = s->line == span->line;
    return SPLIT_SPAN;
}

static size_t left(const splitter *s) { return (size_t)(s->end - s->at); }

/* ---- skipping: what is too long, and what follows the list of an envelope ---- */

static void skip_done(splitter *s, const char *p)
{
    advance(s, p);
    s->state = s->skip_to_list ? IN_LIST : AT_TOP;
    s->after_element = true;
}

/* One byte of skipped text; true: the skipping ends behind it. */
static bool skip_byte(splitter *s, char c)
{
    if (s->skip_escape) return s->skip_escape = false;
    if (s->skip_string) {
        s->skip_escape = c == '\\';
        s->skip_string = c != '"';
        return !s->skip_string && s->skip_depth == 0;
    }
    if (c == '"') return s->skip_string = true, false;
    if (c == '{' || c == '[') s->skip_depth++;
    else if (c == '}' || c == ']') s->skip_depth -= s->skip_depth > 0;
    return s->skip_depth == 0;
}

/* A line break inside a string, and at the top a line that begins with '{', show that brackets lead nowhere. */
static bool skip_is_lost(const splitter *s, const char *p)
{
    if (*p != '\n') return false;
    return s->skip_string || (!s->skip_to_list && p + 1 < s->end && p[1] == '{');
}

static split_result skip(splitter *s)
{
    for (const char *p = s->at; p < s->end; p++) {
        if (skip_is_lost(s, p) || skip_byte(s, *p)) {
            skip_done(s, p + 1);
            return SPLIT_SPAN;
        }
    }
    advance(s, s->end);
    return SPLIT_MORE;
}

static split_result skip_line(splitter *s)
{
    const char *newline = scan_line_end(s->at, s->end);
    advance(s, newline ? newline : s->end);
    if (newline) s->state = AT_TOP;
    return newline ? SPLIT_SPAN : SPLIT_MORE;
}

static void start_skipping(splitter *s, unsigned depth, bool to_list)
{
    s->state = SKIPPING;
    s->skip_tail = depth > 0;
    s->skip_depth = depth;
    s->skip_to_list = to_list;
    s->skip_string = s->skip_escape = false;
}

static split_result over_limit(splitter *s, json_span *span)
{
    *span = span_here(s, SPAN_LONG, 0);
    if (s->state == IN_LIST || *s->at == '{') start_skipping(s, 0, s->state == IN_LIST);
    else s->state = SKIPPING_LINE;
    return SPLIT_SPAN;
}

/* ---- broken documents ---- */

static split_result broken(splitter *s, json_span *span, const char *error)
{
    bool tried;
    const char *resume = splitter_resume(s, error, &tried);
    if (!resume && tried && !s->final && left(s) < s->record_limit) return SPLIT_MORE;
    if (!resume && !tried) resume = scan_line_end(error, s->end);
    if (!resume) {
        const char *newline = s->final ? NULL : memrchr(error, '\n', (size_t)(s->end - error));
        resume = newline ? newline + 1 : s->end;
    }
    const char *end = scan_trim_end(s->at, resume);
    size_t len = (size_t)(end - s->at) < s->record_limit ? (size_t)(end - s->at) : s->record_limit;
    *span = span_here(s, SPAN_BROKEN, len);
    advance(s, resume);
    s->after_element = false;
    s->distrust = DISTRUST;
    return SPLIT_SPAN;
}

/* ---- records ---- */

/* An object, or an element of a list, whose end is to be found. */
static split_result document(splitter *s, json_span *span)
{
    bool over = left(s) > s->record_limit;
    const char *end = over ? s->at + s->record_limit : s->end, *close;
    if (s->distrust) s->distrust--;
    else if (!s->careful && (*s->at == '{' || *s->at == '[')) {
        ptrdiff_t window = end - s->at < MATCH_WINDOW ? end - s->at : MATCH_WINDOW;
        if (scan_match(s->at, s->at + window, &close) == SCAN_CLOSED) return give(s, span, SPAN_RECORD, close);
    }
    scan_report report = scan_value(s->at, end, s->final && !over);
    switch (report.result) {
    case SCAN_CLOSED: return give(s, span, SPAN_RECORD, report.at);
    case SCAN_BROKEN: return broken(s, span, report.at);
    case SCAN_OPEN: break;
    }
    if (over) return over_limit(s, span);
    return s->final ? broken(s, span, s->end) : SPLIT_MORE;
}

/* Does the text at p go on with what stands before it? "," and closing brackets begin no record. False: not to be told. */
static bool line_continues(const splitter *s, const char *p, bool *goes_on)
{
    const char *end = s->end - p > LINE_BEGINNING ? p + LINE_BEGINNING : s->end;
    p = scan_blanks(p, end);
    *goes_on = p < end && (*p == ',' || *p == '}' || *p == ']' || *p == ':');
    return p < end || end < s->end || s->final;
}

static split_result object_at_top(splitter *s, json_span *span)
{
    if (s->careful || s->offset < s->no_newline_before) return document(s, span);
    const char *end = s->end - s->at > LINE_WINDOW ? s->at + LINE_WINDOW : s->end;
    const char *newline = scan_line_end(s->at, end);
    if (!newline && end == s->end) {
        if (!s->final) return SPLIT_MORE;
        newline = end;
    }
    if (!newline) {
        s->no_newline_before = s->offset + (uint64_t)(end - s->at); /* objects without any line: look once for many */
        return document(s, span);
    }
    const char *last = scan_trim_end(s->at, newline);
    if (last[-1] == ',') last = scan_trim_end(s->at, last - 1);
    if (last[-1] != '}' || (size_t)(last - s->at) > s->record_limit) return document(s, span);
    bool goes_on;
    if (!line_continues(s, newline, &goes_on)) return SPLIT_MORE;
    if (goes_on) return document(s, span);
    *span = span_here(s, SPAN_RECORD, (size_t)(last - s->at));
    advance_in_line(s, last);
    s->line_records = true;
    return SPLIT_SPAN;
}

/* What is no JSON at the top, to the end of its line. */
static split_result other_line(splitter *s, json_span *span)
{
    const char *newline = scan_line_end(s->at, s->end);
    if ((size_t)((newline ? newline : s->end) - s->at) > s->record_limit) return over_limit(s, span);
    if (!newline && !s->final) return SPLIT_MORE;
    const char *end = scan_trim_end(s->at, newline ? newline : s->end);
    bool whole_line = s->offset == s->line_offset;
    bool text = whole_line && text_line_is_log((pk_str){s->at, (size_t)(end - s->at)});
    return give(s, span, text ? SPAN_TEXT : SPAN_BROKEN, end);
}

static void enter_list(splitter *s, const char *bracket, unsigned depth)
{
    advance(s, bracket);
    s->list = span_here(s, SPAN_UNCLOSED, 0);
    advance(s, bracket + 1);
    s->state = IN_LIST;
    s->list_depth = depth;
    s->after_element = false;
}

static bool begins_value(char c)
{
    return c && strchr("{[\"-0123456789tfn", c);
}

static split_result list_at_top(splitter *s, json_span *span)
{
    const char *end = left(s) > LINE_BEGINNING ? s->at + LINE_BEGINNING : s->end;
    const char *newline = scan_line_end(s->at, end);
    if (!newline && !s->final && end == s->end) return SPLIT_MORE;
    const char *next = scan_blanks(s->at + 1, s->end);
    pk_str line = {s->at, (size_t)((newline ? newline : end) - s->at)};
    bool value_follows = next == s->end || *next == ']' || begins_value(*next);
    if (!value_follows || s->records_only || text_line_is_log(line)) return other_line(s, span);
    enter_list(s, s->at, 0);
    return SPLIT_SPAN;
}

/* SPLIT_SPAN: it was one, and is entered; SPLIT_END: it is none. */
static split_result envelope_at_top(splitter *s)
{
    const char *list;
    unsigned depth;
    const char *end = s->end - s->at > ENVELOPE_WINDOW ? s->at + ENVELOPE_WINDOW : s->end;
    switch (envelope_open(s->at, end, &list, &depth)) {
    case ENVELOPE_YES: enter_list(s, list, depth); return SPLIT_SPAN;
    case ENVELOPE_UNSURE:
        if (!s->final && end == s->end) return SPLIT_MORE;
        if (!list) return SPLIT_END;
        enter_list(s, list, depth);
        return SPLIT_SPAN;
    case ENVELOPE_NO: break;
    }
    return SPLIT_END;
}

void splitter_init(splitter *s)
{
    *s = (splitter){.line = 1};
    envelope_keys_init(&s->envelope_keys);
}

static bool is_separator(char c)
{
    return scan_is_blank(c) || c == ',' || c == 0x1e; /* 0x1e: RFC 7464, JSON text sequences */
}

/* What stands between records at the top, mostly one line break. */
static const char *pass_separators(splitter *s)
{
    const char *p = s->at;
    for (; p < s->end && is_separator(*p); p++)
        if (*p == '\n') count_line(s, p);
    advance_in_line(s, p);
    return p;
}

/* One step. SPLIT_SPAN without *cut: no span yet, only the state has changed. */
static split_result step_at_top(splitter *s, json_span *span, bool *cut)
{
    const char *p = pass_separators(s);
    if (p == s->end) return s->final ? SPLIT_END : SPLIT_MORE;
    if (*p == '[') {
        split_result r = list_at_top(s, span);
        *cut = s->state != IN_LIST;
        return r;
    }
    *cut = true;
    if (*p != '{') return other_line(s, span);
    if (!s->records_only && envelope_may_open(&s->envelope_keys, p, s->end)) {
        split_result r = envelope_at_top(s);
        *cut = r != SPLIT_SPAN;
        if (r != SPLIT_END) return r;
    }
    return object_at_top(s, span);
}

static split_result list_unclosed(splitter *s, json_span *span)
{
    *span = s->list;
    span->offset = s->offset;
    s->state = AT_TOP;
    return SPLIT_SPAN;
}

/* Something in a list that begins no value: up to where the next element can begin. */
static split_result junk_in_list(splitter *s, json_span *span)
{
    const char *p = s->at + 1;
    while (p < s->end && *p != ',' && *p != ']' && *p != '\n') p++;
    if ((size_t)(p - s->at) > s->record_limit) return over_limit(s, span);
    if (p == s->end && !s->final) return SPLIT_MORE;
    return give(s, span, SPAN_BROKEN, p);
}

static split_result step_in_list(splitter *s, json_span *span, bool *cut)
{
    const char *p = s->at;
    while (p < s->end && (scan_is_blank(*p) || *p == ',')) {
        if (*p == ',') s->after_element = false;
        p++;
    }
    advance(s, p);
    *cut = true;
    if (p == s->end) return s->final ? list_unclosed(s, span) : SPLIT_MORE;
    if (*p == ']') {
        advance(s, p + 1);
        if (s->list_depth) start_skipping(s, s->list_depth, false);
        else s->state = AT_TOP;
        *cut = false;
        return SPLIT_SPAN;
    }
    /* No comma, and a line that begins a record: the list was broken off, and other things follow. */
    if (s->after_element && *p == '{' && s->offset == s->line_offset) return list_unclosed(s, span);
    return begins_value(*p) ? document(s, span) : junk_in_list(s, span);
}

split_result splitter_next(splitter *s, json_span *span)
{
    for (;;) {
        bool cut = false;
        split_result r = SPLIT_MORE;
        switch (s->state) {
        case AT_TOP: r = step_at_top(s, span, &cut); break;
        case IN_LIST: r = step_in_list(s, span, &cut); break;
        case SKIPPING:
            r = skip(s);
            if (r == SPLIT_MORE && s->final && s->skip_tail) r = list_unclosed(s, span), cut = true;
            break;
        case SKIPPING_LINE: r = skip_line(s); break;
        }
        if (cut || r != SPLIT_SPAN) return r == SPLIT_MORE && s->final ? SPLIT_END : r;
    }
}
