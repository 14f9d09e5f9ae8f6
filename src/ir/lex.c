/*
 * Tokens of the text form (docs/ir.md). Newlines are blanks: a statement ends where the next begins.
 *
 *   name      process.name  cs-host  relations[].x      in double quotes ("" for a quote) if it is anything else
 *   string    'C:\Temp' ('' for a quote, a backslash is itself)     e'a\n\xff\\' with escapes, for any bytes
 *   number    -12  0.5  1e-9        duration 5m        time'2026-01-01T00:00:00Z'
 *   comment   -- to the end of the line
 */
#include "ir/text_form.h"

static bool at_end(const lexer *l) { return l->at >= l->source.len; }
static char peek(const lexer *l, size_t ahead)
{
    return l->at + ahead < l->source.len ? l->source.ptr[l->at + ahead] : '\0';
}
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_blanks(lexer *l)
{
    while (!at_end(l)) {
        char c = peek(l, 0);
        if (c == '\n') {
            l->line++;
            l->line_start = l->at + 1;
        } else if (c == '-' && peek(l, 1) == '-') {
            while (!at_end(l) && peek(l, 0) != '\n') l->at++;
            continue;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
        l->at++;
    }
}

static token wrong(token t, const char *what)
{
    t.kind = TOKEN_WRONG;
    t.text = str_from(what);
    return t;
}

/* Moves over one byte inside quotes, which may be the end of a line. */
static char take(lexer *l)
{
    char c = l->source.ptr[l->at++];
    if (c == '\n') {
        l->line++;
        l->line_start = l->at;
    }
    return c;
}

static int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* What stands behind a backslash in e'...'. false: no such escape. */
static bool take_escape(lexer *l, char *out)
{
    if (at_end(l)) return false;
    switch (take(l)) {
    case 'n': *out = '\n'; return true;
    case 'r': *out = '\r'; return true;
    case 't': *out = '\t'; return true;
    case '\\': *out = '\\'; return true;
    case 'x': break;
    default: return false;
    }
    int high = hex_digit(peek(l, 0)), low = hex_digit(peek(l, 1));
    if (high < 0 || low < 0) return false;
    *out = (char)(high << 4 | low);
    l->at += 2;
    return true;
}

/* Bytes up to the quote that ends the text at l->at, or to the end of the source. */
static size_t quoted_bound(const lexer *l, char quote)
{
    size_t at = l->at;
    while (at < l->source.len) {
        if (l->source.ptr[at] != quote) at++;
        else if (at + 1 < l->source.len && l->source.ptr[at + 1] == quote) at += 2;
        else break;
    }
    return at - l->at;
}

/* Text between two `quote`s, which stand doubled inside. false: unfinished, or a wrong escape. */
static bool take_quoted(lexer *l, char quote, bool escapes, pk_str *out)
{
    l->at++;
    size_t len = 0, bound = quoted_bound(l, quote);
    char *copy = arena_alloc(l->arena, bound + 1);
    while (!at_end(l)) {
        char c = take(l);
        if (c == quote) {
            if (at_end(l) || peek(l, 0) != quote) {
                *out = (pk_str){copy, len};
                return true;
            }
            l->at++;
        } else if (escapes && c == '\\' && !take_escape(l, &c)) {
            return false;
        }
        copy[len++] = c;
    }
    return false;
}

static token lex_string(lexer *l, token t, bool escapes)
{
    if (!take_quoted(l, '\'', escapes, &t.text))
        return wrong(t,
                     escapes ? "a string that is unfinished or holds an unknown escape" : "a string without its end");
    t.kind = TOKEN_LITERAL;
    t.literal = value_string(t.text);
    return t;
}

static token lex_time(lexer *l, token t)
{
    pk_str iso;
    l->at += 4;
    if (!take_quoted(l, '\'', false, &iso)) return wrong(t, "a time without its end");
    t.kind = TOKEN_LITERAL;
    t.literal = (value){.type = VALUE_TIME, .as.time = iso.len ? timestamp_parse_iso(iso) : TIMESTAMP_NONE};
    if (iso.len && t.literal.as.time == TIMESTAMP_NONE) return wrong(t, "a time that is not ISO 8601");
    return t;
}

static const struct { const char *text; int64_t length; } units[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND},
    {"d", 86400 * SECOND}, {"w", 7 * 86400 * SECOND}, {0},
};

static token lex_duration(token t, pk_str digits, pk_str unit)
{
    int64_t n;
    t.kind = TOKEN_DURATION;
    for (size_t i = 0; units[i].text; i++)
        if (str_equal(unit, str_from(units[i].text)))
            return str_to_int(digits, false, &n) && !__builtin_mul_overflow(n, units[i].length, &t.duration)
                       ? t : wrong(t, "a duration that is out of range");
    return wrong(t, "a number with an unknown unit (ns, us, ms, s, m, h, d, w)");
}

/* A decimal above INT64_MAX that fits 64 bits. */
static bool to_unsigned(pk_str s, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.ptr[i]) || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, s.ptr[i] - '0', &n))
            return false;
    *out = n;
    return s.len > 0;
}

static token lex_number(lexer *l, token t)
{
    size_t start = l->at, unit;
    bool real = false;
    if (peek(l, 0) == '-') l->at++;
    while (is_digit(peek(l, 0))) l->at++;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1))) {
        real = true;
        l->at++;
        while (is_digit(peek(l, 0))) l->at++;
    }
    size_t sign = peek(l, 1) == '-' || peek(l, 1) == '+' ? 2 : 1;
    if ((peek(l, 0) == 'e' || peek(l, 0) == 'E') && is_digit(peek(l, sign))) {
        real = true;
        l->at += sign;
        while (is_digit(peek(l, 0))) l->at++;
    }
    pk_str digits = str_slice(l->source, start, l->at - start);
    unit = l->at;
    while ((peek(l, 0) >= 'a' && peek(l, 0) <= 'z') || (peek(l, 0) >= 'A' && peek(l, 0) <= 'Z')) l->at++;
    if (l->at > unit) return lex_duration(t, digits, str_slice(l->source, unit, l->at - unit));

    t.kind = TOKEN_LITERAL;
    int64_t n;
    uint64_t u;
    double d;
    if (!real && str_to_int(digits, false, &n)) t.literal = value_int(n);
    else if (!real && to_unsigned(digits, &u)) t.literal = (value){.type = VALUE_UINT, .as.unsigned_integer = u};
    else if (str_to_double(digits, &d)) t.literal = value_real(d);
    else return wrong(t, "a number that is out of range");
    return t;
}

static token lex_name(lexer *l, token t)
{
    size_t len = bare_name_length(str_slice(l->source, l->at, l->source.len));
    t.kind = TOKEN_NAME;
    t.text = arena_str(l->arena, str_slice(l->source, l->at, len));
    l->at += len;
    return t;
}

static token lex_punct(lexer *l, token t)
{
    static const char *const two[] = {"<=", ">=", "!=", NULL};
    t.kind = TOKEN_PUNCT;
    if (word_index(two, str_slice(l->source, l->at, 2)) >= 0) t.text = str_slice(l->source, l->at, 2);
    else t.text = str_slice(l->source, l->at, 1);
    l->at += t.text.len;
    if (!strchr("=<>!()[]{},;:+-*/%@.$#", t.text.ptr[0]) || t.text.ptr[0] == '\0' || str_equal(t.text, STR("!")))
        return wrong(t, "a character that has no meaning here");
    t.text = arena_str(l->arena, t.text);
    return t;
}

static token lex_token(lexer *l, token t)
{
    char c = peek(l, 0);
    if (at_end(l)) return t;
    if (c == '\'') return lex_string(l, t, false);
    if (c == 'e' && peek(l, 1) == '\'') {
        l->at++;
        return lex_string(l, t, true);
    }
    if (str_starts_with(str_slice(l->source, l->at, 5), STR("time'"))) return lex_time(l, t);
    if (is_digit(c) || (c == '-' && is_digit(peek(l, 1)))) return lex_number(l, t);
    if (c == '"') {
        t.quoted = true;
        t.kind = TOKEN_NAME;
        return take_quoted(l, '"', false, &t.text) ? t : wrong(t, "a name without its closing quote");
    }
    if (bare_name_length(str_slice(l->source, l->at, l->source.len))) return lex_name(l, t);
    return lex_punct(l, t);
}

token lex_next(lexer *l)
{
    size_t before = l->at;
    skip_blanks(l);
    token t = {.kind = TOKEN_END, .glued = l->at == before && before > 0};
    t.span = (span){.start = (uint32_t)l->at, .line = l->line, .column = (uint32_t)(l->at - l->line_start + 1)};
    t = lex_token(l, t);
    t.span.end = (uint32_t)l->at;
    t.span.end_line = l->line;
    return t;
}
