/* The scanner knows the place of an error in the grammar; of the two errors of a record the first is told. */
#include "formats/json/refusals.h"

#include "base/unicode.h"
#include "formats/json/scan.h"

static uint32_t clamp(uint64_t n) { return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n; }

/* The place of p within the span whose bytes begin at `start`. */
static diag_place place_of(const refusals *r, const json_span *span, const char *start, const char *p)
{
    uint64_t line = span->line, column = span->column + (uint64_t)(p - start);
    for (const char *at = start, *newline; (newline = memchr(at, '\n', (size_t)(p - at))); at = newline + 1) {
        line++;
        column = (uint64_t)(p - newline);
    }
    return (diag_place){r->file, clamp(line), clamp(column), 0};
}

/* What stands at p, in words. */
static pk_str found_at(const refusals *r, const char *p, const char *end, const char *end_word)
{
    arena *a = r->arena;
    if (p >= end) return str_from(end_word);
    if (*p == '\n' || *p == '\r') return STR("the end of the line");
    if (*p == '\t') return STR("a tabulator");
    if ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f) return arena_printf(a, "'%c'", *p);
    return arena_printf(a, "byte 0x%02x", (unsigned char)*p);
}

static const char *kind_in_words(char c)
{
    switch (c) {
    case '[': return "an array";
    case '"': return "a string";
    case 't':
    case 'f': return "true or false";
    case 'n': return "null";
    default: return "a number";
    }
}

static const pk_str no_rule = {"", 0};

static void refuse(refusals *r, const char *code, diag_place place, const char *hint, pk_str message)
{
    (*r->damaged)++;
    diag_add(r->diags, PK_ERROR, code, place, no_rule, hint, STR_FMT, STR_ARG(message));
}

void json_refuse_not_object(refusals *r, const json_span *span, char first)
{
    pk_str message = arena_printf(r->arena, "expected an object, found %s; skipped", kind_in_words(first));
    refuse(r, "json-not-object", (diag_place){r->file, clamp(span->line), clamp(span->column), clamp(span->len)},
           NULL, message);
}

static void refuse_utf8(refusals *r, const json_span *span, pk_str bytes, size_t at)
{
    pk_str message = arena_printf(r->arena, "byte 0x%02x is not valid UTF-8; the record is skipped",
                                  (unsigned char)bytes.ptr[at]);
    refuse(r, "json-utf8", place_of(r, span, bytes.ptr, bytes.ptr + at), NULL, message);
}

static void refuse_syntax(refusals *r, const json_span *span, pk_str bytes, scan_report report)
{
    const char *end = bytes.ptr + bytes.len;
    diag_place place = place_of(r, span, bytes.ptr, report.at);
    if (report.too_deep) {
        refuse(r, "json-depth", place, NULL,
               arena_printf(r->arena, "nested deeper than %d; the record is skipped", JSON_DEPTH_LIMIT));
        return;
    }
    bool lines = memchr(bytes.ptr, '\n', bytes.len);
    pk_str found = found_at(r, report.at, end, lines ? "the end of the record" : "the end of the line");
    refuse(r, "json-syntax", place, NULL,
           arena_printf(r->arena, "expected %s, found " STR_FMT "; the record is skipped", report.expected,
                        STR_ARG(found)));
}

bool json_explain(refusals *r, const json_span *span, pk_str bytes)
{
    const char *end = bytes.ptr + bytes.len;
    scan_report report = scan_value(bytes.ptr, end, true);
    size_t bad = utf8_bad_at(bytes);
    if (bad != STR_NPOS && (report.result == SCAN_CLOSED || bad < (size_t)(report.at - bytes.ptr)))
        return refuse_utf8(r, span, bytes, bad), false;
    if (bytes.len && report.result == SCAN_BROKEN && report.at == bytes.ptr) report.expected = "an object";
    if (report.result != SCAN_CLOSED) return refuse_syntax(r, span, bytes, report), false;
    const char *rest = scan_blanks(report.at, end);
    if (*bytes.ptr != '{') return json_refuse_not_object(r, span, *bytes.ptr), false;
    if (rest == end) return true;
    report = (scan_report){SCAN_BROKEN, rest, "nothing more behind the record", false};
    return refuse_syntax(r, span, bytes, report), false;
}

void json_refuse_long(refusals *r, const json_span *span)
{
    pk_str message = r->record_limit >> 20
        ? arena_printf(r->arena, "the record is longer than the limit of %zu MB; skipped", r->record_limit >> 20)
        : arena_printf(r->arena, "the record is longer than the limit of %zu bytes; skipped", r->record_limit);
    refuse(r, "json-record-limit", (diag_place){r->file, clamp(span->line), clamp(span->column), 0}, NULL, message);
}

void json_refuse_unclosed(refusals *r, const json_span *span)
{
    refuse(r, "json-unclosed", (diag_place){r->file, clamp(span->line), clamp(span->column), 1},
           "the file may be cut off; the records before the end are read", STR("the array that begins here is never closed"));
}
