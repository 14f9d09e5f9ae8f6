/*
 * Text that is broken is cut off where a record can begin again: where its brackets close after all, at a line that
 * begins like a record (in a list: with the same indentation), at a "},{".
 */
#define _GNU_SOURCE /* memmem, memrchr */
#include "formats/json/resume.h"

#include "formats/json/scan.h"

#define NEAR ((ptrdiff_t)4 << 10)             /* around an error: always looked at */
#define VERY_NEAR 512                         /* a document as short as this is always gone back into */
#define BUDGET ((uint64_t)256 << 10)

/* How far the first byte of the document is indented, if nothing but blanks stands before it in its line. */
static size_t indentation(const splitter *s)
{
    return s->state == IN_LIST ? (size_t)(s->offset - s->line_offset) : 0;
}

/* The first line in (from, end) that begins a record, indented like this one. */
static const char *next_record_line(const splitter *s, const char *from, const char *end)
{
    size_t indent = indentation(s);
    for (const char *p = from; (p = scan_line_end(p, end));) {
        const char *first = scan_blanks(++p, s->end);
        if (first < s->end && *first == '{' && (size_t)(first - p) == indent) return s->state == IN_LIST ? first : p;
    }
    return NULL;
}

/* "},{": where a list on one line goes on. */
static const char *next_element(const char *from, const char *end)
{
    for (const char *p = from; p + 2 < end && (p = memmem(p, (size_t)(end - p), "},", 2)); p++) {
        const char *next = scan_blanks(p + 2, end);
        if (next < end && *next == '{') return next;
    }
    return NULL;
}

/* The end that the brackets of a broken document have all the same, if what follows it looks like the next thing. */
static const char *matched_end(const splitter *s)
{
    const char *close;
    ptrdiff_t window = s->end - s->at < MATCH_WINDOW ? s->end - s->at : MATCH_WINDOW;
    if (scan_match(s->at, s->at + window, &close) != SCAN_CLOSED) return NULL;
    const char *next = scan_blanks(close, s->end);
    if (s->state != IN_LIST) return close;
    return next < s->end && (*next == ',' || *next == ']') ? close : NULL;
}

/* True if the line at p is one record, as far as its first and last byte tell. */
static bool is_record_line(const char *p, const char *end)
{
    if (end - p > LINE_WINDOW) end = p + LINE_WINDOW;
    const char *newline = scan_line_end(p, end);
    const char *last = scan_trim_end(p, newline ? newline : end);
    return last > p && *p == '{' && (last[-1] == '}' || last[-1] == ',');
}

/* Looking for a place to go on reads text again, and what follows may be broken too: all of it only within a budget. */
static bool spend(splitter *s, size_t bytes)
{
    s->scanned_twice += bytes;
    return s->scanned_twice <= 8 * s->cut + BUDGET;
}

/* The line break before the line of p, or `from` if that line began before it. */
static const char *start_of_line(const char *from, const char *p)
{
    const char *newline = memrchr(from, '\n', (size_t)(p - from));
    return newline ? newline : from;
}

const char *splitter_resume(splitter *s, const char *error, bool *tried)
{
    bool affordable = *tried = spend(s, (size_t)(error - s->at));
    const char *from = affordable || error - s->at < VERY_NEAR ? s->at : start_of_line(s->at, error);
    const char *near = s->end - error > NEAR ? error + NEAR : s->end;
    const char *line = next_record_line(s, from, near);
    /* Among records of one line each a broken one is one line too, though it may look like the beginning of more. */
    bool lines = s->state == AT_TOP && (s->line_records || (line && is_record_line(line, s->end)));
    if (affordable) {
        const char *close = matched_end(s);
        *tried = spend(s, close ? (size_t)(close - s->at) : (size_t)MATCH_WINDOW);
        if (close && close >= error && (!line || line >= close)) return close;
    }
    if (lines) return scan_line_end(from, s->end);
    if (line) return line;
    if (s->state == IN_LIST && (line = next_element(error, near))) return line;
    if (!*tried || near == s->end) return NULL;
    if (!(line = next_record_line(s, near, s->end)) && s->state == IN_LIST) line = next_element(near, s->end);
    spend(s, (size_t)((line ? line : s->end) - error));
    return line;
}
