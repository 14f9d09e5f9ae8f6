/* Recursive descent. Laxer than RFC 8259 in one thing: control characters may stand in strings as they are. */
#include "event/json_text.h"

#include <math.h>

#include "base/unicode.h"

typedef struct {
    const char *at, *end;
    arena *arena;
    unsigned depth;          /* containers that may still open */
} parser;

static char peek(const parser *p) { return p->at < p->end ? *p->at : 0; }
static size_t left(const parser *p) { return (size_t)(p->end - p->at); }

static void skip_blanks(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')) p->at++;
}

static bool take(parser *p, char c)
{
    if (p->at == p->end || *p->at != c) return false;
    p->at++;
    return true;
}

/* ---- strings ---- */

static bool hex4(parser *p, uint32_t *out)
{
    if (left(p) < 4) return false;
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) {
        char c = *p->at++, letter = (char)(c | 0x20);
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(letter >= 'a' && letter <= 'f')) return false;
        n = n * 16 + (uint32_t)(digit ? c - '0' : letter - 'a' + 10);
    }
    *out = n;
    return true;
}

/* \uXXXX, or two of them that make a pair; at the first digit. */
static bool read_unicode_escape(parser *p, uint32_t *out)
{
    uint32_t c, low;
    if (!hex4(p, &c)) return false;
    *out = c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;
    if (c < 0xd800 || c > 0xdbff || left(p) < 6 || p->at[0] != '\\' || p->at[1] != 'u') return true;
    const char *second = p->at;
    p->at += 2;
    if (!hex4(p, &low)) return false;
    if (low >= 0xdc00 && low <= 0xdfff) *out = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    else p->at = second;
    return true;
}

/* Behind the backslash. */
static bool read_escape(parser *p, char *out, size_t *n)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char c = peek(p);
    if (!c) return false;
    p->at++;
    if (c == 'u') {
        uint32_t code;
        if (!read_unicode_escape(p, &code)) return false;
        *n += utf8_put(out + *n, code);
        return true;
    }
    const char *known = strchr(letters, c);
    if (!known) return false;
    out[(*n)++] = bytes[known - letters];
    return true;
}

/* The closing quote of the string whose content begins at p->at; NULL: none. *escapes: a backslash stands before it. */
static const char *closing_quote(const parser *p, bool *escapes)
{
    *escapes = false;
    const char *at = p->at;
    while (at < p->end && *at != '"') {
        bool escape = *at == '\\' && at + 1 < p->end;
        *escapes |= *at == '\\';
        at += escape ? 2 : 1;
    }
    return at < p->end ? at : NULL;
}

static bool read_string(parser *p, pk_str *out)
{
    bool escapes;
    if (!take(p, '"')) return false;
    const char *close = closing_quote(p, &escapes);
    if (!close) return false;
    if (!escapes) {
        *out = arena_str(p->arena, (pk_str){p->at, (size_t)(close - p->at)});
        p->at = close + 1;
        return true;
    }
    char *made = arena_alloc(p->arena, (size_t)(close - p->at) + 4); /* escapes only shrink; a code point is put as a whole */
    size_t n = 0;
    while (p->at < close) {
        char c = *p->at++;
        if (c != '\\') made[n++] = c;
        else if (!read_escape(p, made, &n)) return false;
    }
    *out = (pk_str){made, n};
    return p->at == close && take(p, '"');
}

/* ---- numbers ---- */

static size_t digits(parser *p)
{
    const char *from = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') p->at++;
    return (size_t)(p->at - from);
}

static value unsigned_or_text(arena *a, pk_str s)
{
    uint64_t u = 0;
    bool over = s.ptr[0] == '-';
    for (size_t i = 0; i < s.len && !over; i++)
        over = __builtin_mul_overflow(u, 10, &u) || __builtin_add_overflow(u, (uint64_t)(s.ptr[i] - '0'), &u);
    return over ? value_string(arena_str(a, s)) : (value){.type = VALUE_UINT, .as.unsigned_integer = u};
}

static bool read_number(parser *p, value *out)
{
    const char *from = p->at;
    bool whole = true;
    take(p, '-');
    const char *first = p->at;
    if (digits(p) == 0 || (*first == '0' && p->at - first > 1)) return false;
    if (take(p, '.')) {
        whole = false;
        if (digits(p) == 0) return false;
    }
    if (take(p, 'e') || take(p, 'E')) {
        whole = false;
        if (!take(p, '+')) take(p, '-');
        if (digits(p) == 0) return false;
    }
    pk_str s = {from, (size_t)(p->at - from)};
    int64_t n;
    double d;
    if (whole) *out = str_to_int(s, false, &n) ? value_int(n) : unsigned_or_text(p->arena, s);
    else *out = str_to_double(s, &d) && isfinite(d) ? value_real(d) : value_string(arena_str(p->arena, s));
    return true;
}

/* ---- values ---- */

static bool read_value(parser *p, value *out);

static bool read_member(parser *p, record_builder *b)
{
    pk_str key;
    value v;
    skip_blanks(p);
    if (!read_string(p, &key)) return false;
    skip_blanks(p);
    if (!take(p, ':') || !read_value(p, &v)) return false;
    record_add(p->arena, b, key, v);
    return true;
}

static bool read_element(parser *p, list_builder *b)
{
    value v;
    if (!read_value(p, &v)) return false;
    list_add(p->arena, b, v);
    return true;
}

/* From the opening bracket on. */
static bool read_container(parser *p, bool is_list, value *out)
{
    record_builder record = {0};
    list_builder list = {0};
    const char close = is_list ? ']' : '}';
    if (p->depth == 0) return false;
    p->depth--;
    p->at++;
    skip_blanks(p);
    if (!take(p, close)) {
        do {
            if (!(is_list ? read_element(p, &list) : read_member(p, &record))) return false;
            skip_blanks(p);
        } while (take(p, ','));
        if (!take(p, close)) return false;
    }
    p->depth++;
    *out = is_list ? list_done(&list) : record_done(&record);
    return true;
}

static bool read_word(parser *p, const char *word, value v, value *out)
{
    size_t n = strlen(word);
    if (left(p) < n || memcmp(p->at, word, n) != 0) return false;
    p->at += n;
    *out = v;
    return true;
}

static bool read_value(parser *p, value *out)
{
    pk_str s;
    skip_blanks(p);
    switch (peek(p)) {
    case '{': return read_container(p, false, out);
    case '[': return read_container(p, true, out);
    case '"':
        if (!read_string(p, &s)) return false;
        *out = value_string(s);
        return true;
    case 't': return read_word(p, "true", value_bool(true), out);
    case 'f': return read_word(p, "false", value_bool(false), out);
    case 'n': return read_word(p, "null", value_null(), out);
    default: return read_number(p, out);
    }
}

bool json_text_parse(pk_str json, unsigned depth, arena *a, value *out)
{
    parser p = {json.ptr, json.ptr + json.len, a, depth};
    if (!read_value(&p, out)) return false;
    skip_blanks(&p);
    return p.at == p.end;
}
