/* Recursive descent over text that the scanner has proved: no error can occur, and depth is bounded by the scanner's. */
#include "formats/json/plain.h"

#include <math.h>

#include "base/unicode.h"
#include "formats/json/scan.h"

typedef struct {
    const char *at, *end;
    arena *arena;
} parser;

static char peek(const parser *p) { return p->at < p->end ? *p->at : 0; }
static void skip_blanks(parser *p) { p->at = scan_blanks(p->at, p->end); }
static void skip(parser *p, size_t n) { p->at = (size_t)(p->end - p->at) < n ? p->end : p->at + n; }

static uint32_t hex4(const char *p, const char *end)
{
    uint32_t n = 0;
    for (int i = 0; i < 4 && p + i < end; i++) {
        char c = p[i];
        n = n * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return n;
}

/* \uXXXX, or two of them that make a pair; at the first digit. */
static uint32_t read_unicode_escape(parser *p)
{
    uint32_t c = hex4(p->at, p->end);
    skip(p, 4);
    if (c < 0xd800 || c > 0xdfff) return c;
    bool pair = c < 0xdc00 && p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u';
    uint32_t low = pair ? hex4(p->at + 2, p->end) : 0;
    if (low < 0xdc00 || low > 0xdfff) return 0xfffd;
    skip(p, 6);
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static size_t read_escape(parser *p, char *out)
{
    char c = peek(p);
    skip(p, 1);
    switch (c) {
    case 'u': return utf8_put(out, read_unicode_escape(p));
    case 'b': *out = '\b'; return 1;
    case 'f': *out = '\f'; return 1;
    case 'n': *out = '\n'; return 1;
    case 'r': *out = '\r'; return 1;
    case 't': *out = '\t'; return 1;
    default: *out = c; return 1;
    }
}

static pk_str parse_string(parser *p)
{
    const char *close = scan_string(p->at, p->end);
    if (!close) close = p->end;
    char *out = arena_alloc(p->arena, (size_t)(close - p->at)); /* escapes only shrink */
    size_t n = 0;
    for (p->at++; p->at < close - 1;) {
        char c = *p->at++;
        if (c == '\\') n += read_escape(p, out + n);
        else out[n++] = c;
    }
    p->at = close;
    return (pk_str){out, n};
}

static value parse_number(parser *p)
{
    const char *from = p->at;
    bool whole = true;
    for (; p->at < p->end && strchr("+-.eE0123456789", *p->at) && *p->at; p->at++)
        if (*p->at == '.' || *p->at == 'e' || *p->at == 'E') whole = false;
    pk_str digits = {from, (size_t)(p->at - from)};
    int64_t n;
    double d;
    if (whole && str_to_int(digits, false, &n)) return value_int(n);
    if (!whole && str_to_double(digits, &d) && isfinite(d)) return value_real(d);
    if (whole && digits.len <= 20 && *from != '-') {
        uint64_t u = 0;
        bool over = false;
        for (size_t i = 0; i < digits.len; i++)
            over |= __builtin_mul_overflow(u, 10, &u) || __builtin_add_overflow(u, (uint64_t)(from[i] - '0'), &u);
        if (!over) return (value){.type = VALUE_UINT, .as.unsigned_integer = u};
    }
    return value_string(arena_str(p->arena, digits));
}

static value parse_value(parser *p);

static value parse_object(parser *p)
{
    record_builder b = {0};
    skip(p, 1);
    for (skip_blanks(p); p->at < p->end && peek(p) != '}'; skip_blanks(p)) {
        pk_str key = parse_string(p);
        skip_blanks(p);
        skip(p, 1); /* ':' */
        record_add(p->arena, &b, key, parse_value(p));
        skip_blanks(p);
        if (peek(p) == ',') skip(p, 1);
    }
    skip(p, 1);
    return record_done(&b);
}

static value parse_list(parser *p)
{
    list_builder b = {0};
    skip(p, 1);
    for (skip_blanks(p); p->at < p->end && peek(p) != ']'; skip_blanks(p)) {
        list_add(p->arena, &b, parse_value(p));
        skip_blanks(p);
        if (peek(p) == ',') skip(p, 1);
    }
    skip(p, 1);
    return list_done(&b);
}

static value parse_value(parser *p)
{
    skip_blanks(p);
    switch (peek(p)) {
    case '{': return parse_object(p);
    case '[': return parse_list(p);
    case '"': return value_string(parse_string(p));
    case 't': return skip(p, 4), value_bool(true);
    case 'f': return skip(p, 5), value_bool(false);
    case 'n': return skip(p, 4), value_null();
    default: return parse_number(p);
    }
}

value plain_parse(pk_str json, arena *a)
{
    parser p = {json.ptr, json.ptr + json.len, a};
    return parse_value(&p);
}
