/* Cuts the text of a file into tokens. Nothing here can fail: what is no token becomes a BAD one that says why. */
#include "languages/yaral/lex.h"

typedef struct {
    arena *texts;
    pk_str source;
    size_t at;
    uint32_t line;
    size_t line_start;
    bool no_comment_end;           /* known: no comment that begins from here on is closed */
    token_list *out;
} lexer;

/* ---- characters ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_start(char c) { return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }
static bool is_part(char c) { return is_start(c) || is_digit(c); }

static char peek(const lexer *l, size_t ahead) { return l->source.len - l->at > ahead ? l->source.ptr[l->at + ahead] : 0; }

static void advance(lexer *l)
{
    if (l->source.ptr[l->at] == '\n') {
        l->line++;
        l->line_start = l->at + 1;
    }
    l->at++;
}

static void advance_to(lexer *l, size_t end)
{
    while (l->at < end) advance(l);
}

/* ---- white space and comments ---- */

/* Bytes of white space here: 0, 1, or those of a non-breaking space or byte order mark. */
static size_t blank_at(const lexer *l)
{
    char c = peek(l, 0);
    if (l->at < l->source.len && (c == ' ' || (c >= '\t' && c <= '\r'))) return 1;
    pk_str rest = str_slice(l->source, l->at, STR_NPOS);
    if (str_starts_with(rest, STR("\xC2\xA0"))) return 2;
    return str_starts_with(rest, STR("\xEF\xBB\xBF")) ? 3 : 0;
}

static size_t line_end(const lexer *l)
{
    size_t end = str_find_char(str_slice(l->source, l->at, STR_NPOS), '\n');
    return end == STR_NPOS ? l->source.len : l->at + end;
}

/* ---- tokens ---- */

static token begin(const lexer *l)
{
    return (token){.text = STR(""),
                   .span = {.start = (uint32_t)l->at, .line = l->line, .column = (uint32_t)(l->at - l->line_start) + 1}};
}

static void finish(lexer *l, token *t, token_kind kind)
{
    t->kind = kind;
    t->span.end = (uint32_t)l->at;
    t->span.end_line = l->line;
    vec_push(&l->out->items, *t);
}

static void finish_bad(lexer *l, token *t, const char *problem, const char *hint)
{
    t->problem = problem;
    t->hint = hint;
    finish(l, t, TOKEN_BAD);
}

/* A comment that nobody closes is a BAD token as long as its first line. */
static bool skip_comment(lexer *l)
{
    if (peek(l, 0) != '/') return false;
    if (peek(l, 1) == '/') {
        advance_to(l, line_end(l));
        return true;
    }
    if (peek(l, 1) != '*') return false;
    size_t end = l->no_comment_end ? STR_NPOS : str_find(str_slice(l->source, l->at + 2, STR_NPOS), STR("*/"));
    l->no_comment_end = end == STR_NPOS;
    if (end == STR_NPOS) {
        token t = begin(l);
        advance_to(l, line_end(l));
        finish_bad(l, &t, "this comment is never closed", "close it with */");
    } else {
        advance_to(l, l->at + 2 + end + 2);
    }
    return true;
}

static const token *last(const lexer *l) { return l->out->items.len ? &l->out->items.at[l->out->items.len - 1] : NULL; }

/* name, or name.name...: from the current place, `more` says whether dots go on. */
static pk_str take_name(lexer *l, bool dots)
{
    size_t start = l->at;
    for (;;) {
        while (is_part(peek(l, 0))) l->at++;
        if (!dots || peek(l, 0) != '.' || !is_start(peek(l, 1))) break;
        l->at++;
    }
    return str_slice(l->source, start, l->at - start);
}

static void lex_marked(lexer *l, token_kind kind, const char *problem)
{
    token t = begin(l);
    l->at++;
    t.text = take_name(l, kind == TOKEN_LIST);
    if (t.text.len && !is_digit(t.text.ptr[0])) finish(l, &t, kind);
    else finish_bad(l, &t, problem, NULL);
}

static void lex_ident(lexer *l)
{
    token t = begin(l);
    t.text = take_name(l, false);
    finish(l, &t, TOKEN_IDENT);
}

/* 5, 2.5, and a number with a unit of time. */
static void lex_number(lexer *l)
{
    token t = begin(l);
    bool fraction = false;
    while (is_digit(peek(l, 0))) l->at++;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1))) {
        fraction = true;
        l->at++;
        while (is_digit(peek(l, 0))) l->at++;
    }
    char unit = peek(l, 0);
    bool timed = !fraction && unit && strchr("smhdw", unit) && !is_part(peek(l, 1));
    if (timed) l->at++;
    bool bad = is_part(peek(l, 0));
    while (is_part(peek(l, 0))) l->at++;
    t.text = str_slice(l->source, t.span.start, l->at - t.span.start);
    if (bad) finish_bad(l, &t, "this is neither a number nor a duration", "durations are whole numbers with s, m, h, d or w, as in 5m");
    else finish(l, &t, timed ? TOKEN_DURATION : TOKEN_NUMBER);
}

/* ---- strings ---- */

static int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char escapes[] = "\\\\\"\"''n\nt\tr\ra\ab\bf\fv\v//";

/* One escape sequence behind its backslash: bytes that it takes, 0 if there is no such; *out is what it stands for. */
static size_t escape_at(pk_str s, size_t at, char *out)
{
    char c = s.ptr[at];
    for (const char *e = escapes; *e; e += 2)
        if (e[0] == c) {
            *out = e[1];
            return 1;
        }
    int high = c == 'x' && at + 2 < s.len ? hex_digit(s.ptr[at + 1]) : -1;
    int low = high >= 0 ? hex_digit(s.ptr[at + 2]) : -1;
    if (low >= 0) {
        *out = (char)(high * 16 + low);
        return 3;
    }
    size_t n = 0;
    int octal = 0;
    while (n < 3 && at + n < s.len && s.ptr[at + n] >= '0' && s.ptr[at + n] <= '7') octal = octal * 8 + (s.ptr[at + n++] - '0');
    if (n == 3 && octal < 256) {
        *out = (char)octal;
        return 3;
    }
    return 0;
}

/* What is written between the quotes, with its escapes resolved; an unknown one stays as it is, and *unknown is set. */
static pk_str unescape(arena *texts, pk_str s, bool *unknown)
{
    if (str_find_char(s, '\\') == STR_NPOS) return s;
    char *out = arena_alloc(texts, s.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len;) {
        if (s.ptr[i] != '\\' || i + 1 == s.len) {
            out[len++] = s.ptr[i++];
            continue;
        }
        size_t taken = escape_at(s, i + 1, &out[len]);
        if (!taken) {
            *unknown = true;
            out[len] = '\\';
        }
        len++;
        i += 1 + taken;
    }
    return (pk_str){out, len};
}

static size_t closing_quote(pk_str s, size_t at, size_t end)
{
    while (at < end && s.ptr[at] != '"') at += s.ptr[at] == '\\' ? 2 : 1;
    return at < end ? at : STR_NPOS;
}

/*
 * Strings may go over lines. But if nobody closed one, the next quote opens another: then what stands before that quote goes
 * on with a value, or what stands behind it is its text.
 */
static bool may_close(pk_str s, size_t start, size_t quote)
{
    pk_str inside = str_trim(str_slice(s, start, quote - start));
    if (inside.len && strchr("=(,<>", inside.ptr[inside.len - 1])) return false;
    return quote + 1 == s.len || strchr(" \t\r\n),]}/", s.ptr[quote + 1]);
}

enum { LONGEST_STRING = 1 << 16 }; /* that is looked at for one of several lines */

static void lex_string(lexer *l)
{
    token t = begin(l);
    size_t end = line_end(l), start = l->at + 1, far = start + LONGEST_STRING < l->source.len ? start + LONGEST_STRING : l->source.len;
    size_t quote = closing_quote(l->source, start, end);
    bool lines = quote == STR_NPOS, unknown = false;
    if (lines) quote = closing_quote(l->source, start, far);
    if (quote == STR_NPOS || (lines && !may_close(l->source, start, quote))) {
        l->at = end;
        finish_bad(l, &t, "this string is not closed on its line", "close it with \"");
        return;
    }
    t.text = unescape(l->texts, str_slice(l->source, start, quote - start), &unknown);
    if (unknown) {
        t.problem = "an escape that the language does not know stays as it is written";
        t.hint = "a backslash in double quotes is written twice; text between backticks needs none";
    } else if (lines) {
        t.problem = "a string in double quotes that goes over lines";
        t.hint = "is its quote missing, or a \\n?";
    }
    advance_to(l, quote + 1);
    finish(l, &t, TOKEN_STRING);
}

static void lex_raw_string(lexer *l)
{
    token t = begin(l);
    size_t len = str_find_char(str_slice(l->source, l->at + 1, STR_NPOS), '`');
    if (len == STR_NPOS) {
        advance_to(l, line_end(l));
        finish_bad(l, &t, "this string is never closed", "close it with a backtick");
        return;
    }
    t.text = str_slice(l->source, l->at + 1, len);
    advance_to(l, l->at + len + 2);
    finish(l, &t, TOKEN_RAW_STRING);
}

/* 'x': no string of this language, and taken as a whole so that one mistake gives one message. */
static void lex_quoted(lexer *l)
{
    token t = begin(l);
    size_t end = line_end(l);
    size_t len = str_find_char(str_slice(l->source, l->at + 1, end - l->at - 1), '\'');
    l->at = len == STR_NPOS ? l->at + 1 : l->at + len + 2;
    finish_bad(l, &t, "a single quote begins no string", "strings stand in double quotes or backticks");
}

/* ---- regular expressions ---- */

static pk_str regex_pattern(arena *texts, pk_str s)
{
    if (str_find(s, STR("\\/")) == STR_NPOS) return s;
    char *out = arena_alloc(texts, s.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len;) {
        if (s.ptr[i] == '\\' && i + 1 < s.len) {
            if (s.ptr[i + 1] != '/') out[len++] = '\\';
            i++;
        }
        out[len++] = s.ptr[i++];
    }
    return (pk_str){out, len};
}

static void lex_regex(lexer *l)
{
    token t = begin(l);
    size_t end = line_end(l), at = l->at + 1;
    while (at < end && l->source.ptr[at] != '/') at += l->source.ptr[at] == '\\' ? 2 : 1;
    if (at >= end) {
        l->at = end;
        finish_bad(l, &t, "this regular expression is not closed on its line", "close it with /; a / within it is written \\/");
        return;
    }
    t.text = regex_pattern(l->texts, str_slice(l->source, l->at + 1, at - l->at - 1));
    l->at = at + 1;
    finish(l, &t, TOKEN_REGEX);
}

static bool regex_may_begin(const token *before)
{
    return before && (before->kind == TOKEN_EQ || before->kind == TOKEN_NE || before->kind == TOKEN_OPEN || before->kind == TOKEN_COMMA);
}

static bool is_joining_word(const token *t)
{
    static const char *const words[] = {"in", "regex", "cidr", "and", "or", "not"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (yaral_is_word(t, words[i])) return true;
    return false;
}

static bool ends_operand(const token *before)
{
    if (!before) return false;
    switch (before->kind) {
    case TOKEN_VARIABLE: case TOKEN_COUNT: case TOKEN_LIST: case TOKEN_NUMBER: case TOKEN_STRING: case TOKEN_RAW_STRING:
    case TOKEN_CLOSE: case TOKEN_CLOSE_INDEX: return true;
    case TOKEN_IDENT: return !is_joining_word(before);
    default: return false;
    }
}

/* At the start of a line `%name` begins a statement, as in `%table.column = $host`: a remainder has its sign on the line of its left side. */
static bool list_may_begin(const lexer *l, const token *before)
{
    return is_start(peek(l, 1)) && (!ends_operand(before) || before->span.end_line < l->line);
}

/* ---- signs ---- */

typedef struct { const char *text; token_kind kind; const char *problem, *hint; } sign;

/* Longer ones first. */
static const sign signs[] = {
    {"==", TOKEN_BAD, "there is no '=='", "values are compared with a single ="},
    {"<>", TOKEN_BAD, "there is no '<>'", "write != for values that differ"},
    {"&&", TOKEN_BAD, "there is no '&&'", "write 'and'"},
    {"||", TOKEN_BAD, "there is no '||'", "write 'or'"},
    {"!=", TOKEN_NE, NULL, NULL}, {"<=", TOKEN_LE, NULL, NULL}, {">=", TOKEN_GE, NULL, NULL},
    {"=", TOKEN_EQ, NULL, NULL}, {"<", TOKEN_LT, NULL, NULL}, {">", TOKEN_GT, NULL, NULL},
    {"(", TOKEN_OPEN, NULL, NULL}, {")", TOKEN_CLOSE, NULL, NULL},
    {"[", TOKEN_OPEN_INDEX, NULL, NULL}, {"]", TOKEN_CLOSE_INDEX, NULL, NULL},
    {"{", TOKEN_OPEN_BRACE, NULL, NULL}, {"}", TOKEN_CLOSE_BRACE, NULL, NULL},
    {",", TOKEN_COMMA, NULL, NULL}, {".", TOKEN_DOT, NULL, NULL}, {":", TOKEN_COLON, NULL, NULL}, {"!", TOKEN_BANG, NULL, NULL},
    {"+", TOKEN_PLUS, NULL, NULL}, {"-", TOKEN_MINUS, NULL, NULL}, {"*", TOKEN_STAR, NULL, NULL},
    {"/", TOKEN_SLASH, NULL, NULL}, {"%", TOKEN_PERCENT, NULL, NULL},
    {"\xE2\x80\x9C", TOKEN_BAD, "a typographic quote begins no string", "strings stand in double quotes or backticks"},
    {"\xE2\x80\x9D", TOKEN_BAD, "a typographic quote begins no string", "strings stand in double quotes or backticks"},
    {";", TOKEN_BAD, "there is no ';'", "statements stand below each other without a sign between them"},
};

/* Bytes of the UTF-8 character here, or 1. */
static size_t character_at(const lexer *l)
{
    unsigned char c = (unsigned char)peek(l, 0);
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1, got = 1;
    while (got < n && ((unsigned char)peek(l, got) & 0xC0) == 0x80) got++;
    return got;
}

static void lex_sign(lexer *l)
{
    token t = begin(l);
    pk_str rest = str_slice(l->source, l->at, STR_NPOS);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].text[0] != rest.ptr[0] || !str_starts_with(rest, str_from(signs[i].text))) continue;
        l->at += strlen(signs[i].text);
        if (signs[i].kind == TOKEN_BAD) finish_bad(l, &t, signs[i].problem, signs[i].hint);
        else finish(l, &t, signs[i].kind);
        return;
    }
    l->at += character_at(l);
    finish_bad(l, &t, "this character has no meaning here", NULL);
}

static void lex_one(lexer *l)
{
    char c = peek(l, 0);
    if (is_start(c)) lex_ident(l);
    else if (is_digit(c)) lex_number(l);
    else if (c == '"') lex_string(l);
    else if (c == '`') lex_raw_string(l);
    else if (c == '\'') lex_quoted(l);
    else if (c == '$') lex_marked(l, TOKEN_VARIABLE, "a variable is a $ and a name");
    else if (c == '#') lex_marked(l, TOKEN_COUNT, "a count is a # and a name");
    else if (c == '%' && list_may_begin(l, last(l))) lex_marked(l, TOKEN_LIST, "a list is a % and a name");
    else if (c == '/' && regex_may_begin(last(l))) lex_regex(l);
    else lex_sign(l);
}

void yaral_lex(arena *texts, pk_str source, token_list *out)
{
    lexer l = {.texts = texts, .source = source, .line = 1, .out = out};
    while (l.at < source.len) {
        size_t blank = blank_at(&l);
        if (blank) advance_to(&l, l.at + blank);
        else if (!skip_comment(&l)) lex_one(&l);
    }
    token end = begin(&l);
    finish(&l, &end, TOKEN_END);
}

/* ---- for the parser ---- */

bool yaral_is_word(const token *t, const char *word)
{
    return t->kind == TOKEN_IDENT && str_equal_ascii_fold(t->text, str_from(word));
}

enum { SHOWN = 40 };

pk_str yaral_token_name(arena *a, const token *t, pk_str source)
{
    pk_str written = str_slice(source, t->span.start, t->span.end - t->span.start);
    size_t line = str_find_char(written, '\n');
    bool cut = written.len > SHOWN || line != STR_NPOS;
    if (line != STR_NPOS) written = str_slice(written, 0, line);
    if (written.len > SHOWN) {
        written.len = SHOWN;
        while (written.len && ((unsigned char)written.ptr[written.len] & 0xC0) == 0x80) written.len--;
    }
    const char *dots = cut ? "..." : "";
    switch (t->kind) {
    case TOKEN_END: return STR("the end of the file");
    case TOKEN_STRING: case TOKEN_RAW_STRING: return arena_printf(a, "the string " STR_FMT "%s", STR_ARG(written), dots);
    case TOKEN_NUMBER: return arena_printf(a, "the number " STR_FMT "%s", STR_ARG(written), dots);
    case TOKEN_DURATION: return arena_printf(a, "the duration " STR_FMT "%s", STR_ARG(written), dots);
    case TOKEN_REGEX: return arena_printf(a, "the regular expression " STR_FMT "%s", STR_ARG(written), dots);
    default: return arena_printf(a, "'" STR_FMT "%s'", STR_ARG(written), dots);
    }
}
