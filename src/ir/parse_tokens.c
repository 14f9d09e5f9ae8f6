/* The parser's hands: one token at a time, first error kept with its place. */
#include "ir/parse.h"

#include <stdarg.h>
#include <stdio.h>

void parse_error(parser *p, const token *where, const char *hint, const char *format, ...)
{
    if (p->failed) return;
    p->failed = true;
    char message[300];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    diag_place place = {.file = p->file, .line = where->span.line, .column = where->span.column,
                        .length = where->span.end - where->span.start};
    diag_add(p->diags, PK_ERROR, "ir-syntax", place, (pk_str){"", 0}, hint, "%s", message);
    p->at = (token){.kind = TOKEN_END, .span = where->span};
    p->next = p->at;
}

void parse_expected(parser *p, const char *what)
{
    const token *t = &p->at;
    if (t->kind == TOKEN_WRONG) parse_error(p, t, NULL, "found " STR_FMT, STR_ARG(t->text));
    else if (t->kind == TOKEN_END) parse_error(p, t, NULL, "expected %s, found the end", what);
    else {
        pk_str found = str_slice(p->lexer.source, t->span.start, t->span.end - t->span.start);
        parse_error(p, t, NULL, "expected %s, found %s" STR_FMT "%s", what, t->kind == TOKEN_PUNCT ? "'" : "",
                    STR_ARG(str_slice(found, 0, 60)), t->kind == TOKEN_PUNCT ? "'" : "");
    }
}

void advance(parser *p)
{
    if (p->failed) return;
    p->at = p->next;
    p->next = lex_next(&p->lexer);
    if (p->at.kind == TOKEN_WRONG) parse_expected(p, "something else");
}

bool at_punct(const parser *p, const char *s)
{
    return p->at.kind == TOKEN_PUNCT && str_equal(p->at.text, str_from(s));
}

bool accept_punct(parser *p, const char *s)
{
    if (!at_punct(p, s)) return false;
    advance(p);
    return true;
}

void expect_punct(parser *p, const char *s)
{
    char what[16];
    snprintf(what, sizeof what, "'%s'", s);
    if (!accept_punct(p, s)) parse_expected(p, what);
}

bool at_keyword(const parser *p) { return p->at.kind == TOKEN_NAME && !p->at.quoted && word_is_reserved(p->at.text); }

bool at_word(const parser *p, const char *s)
{
    if (p->at.kind != TOKEN_NAME || p->at.quoted || !str_equal(p->at.text, str_from(s))) return false;
    bool names_next = p->next.kind == TOKEN_PUNCT && str_equal(p->next.text, STR("="));
    return !names_next || word_is_reserved(p->at.text);
}

bool accept_word(parser *p, const char *s)
{
    if (!at_word(p, s)) return false;
    advance(p);
    return true;
}

void expect_word(parser *p, const char *s)
{
    char what[40];
    snprintf(what, sizeof what, "'%s'", s);
    if (!accept_word(p, s)) parse_expected(p, what);
}

int accept_one_of(parser *p, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (accept_word(p, words[i])) return i;
    return -1;
}

pk_str parse_name(parser *p, const char *what)
{
    if (p->at.kind != TOKEN_NAME || at_keyword(p)) {
        parse_expected(p, what);
        return (pk_str){"", 0};
    }
    pk_str name = p->at.text;
    advance(p);
    return name;
}

pk_str parse_string(parser *p, const char *what)
{
    if (p->at.kind != TOKEN_LITERAL || p->at.literal.type != VALUE_STRING) {
        parse_expected(p, what);
        return (pk_str){"", 0};
    }
    pk_str s = p->at.text;
    advance(p);
    return s;
}

int64_t parse_duration(parser *p)
{
    int64_t d = p->at.duration;
    if (p->at.kind != TOKEN_DURATION) {
        parse_expected(p, "a duration such as 5m");
        return 0;
    }
    advance(p);
    return d;
}

int64_t parse_count(parser *p)
{
    value v = p->at.literal;
    if (p->at.kind != TOKEN_LITERAL || v.type != VALUE_INT || v.as.integer < 0) {
        parse_expected(p, "a number");
        return 0;
    }
    advance(p);
    return v.as.integer;
}

bool enter(parser *p)
{
    if (++p->depth > MAX_PARSE_DEPTH) parse_error(p, &p->at, NULL, "brackets nested too deep");
    return !p->failed;
}

void leave(parser *p) { p->depth--; }

/* ---- literals ---- */

static const char *const literal_words[] = {"null", "true", "false", "blank", "nothing", "nan", "infinity", NULL};

bool at_literal(const parser *p)
{
    if (p->at.kind == TOKEN_LITERAL || at_punct(p, "[") || at_punct(p, "{")) return true;
    if (at_punct(p, "-")) return p->next.kind == TOKEN_NAME && str_equal(p->next.text, STR("infinity"));
    return at_keyword(p) && word_index(literal_words, p->at.text) >= 0;
}

static value parse_members(parser *p, bool record)
{
    const char *close = record ? "}" : "]";
    record_builder fields = {0};
    list_builder items = {0};
    advance(p);
    while (!p->failed && !at_punct(p, close)) {
        if (record) {
            pk_str name = parse_string(p, "a name in single quotes");
            expect_punct(p, ":");
            record_add(p->arena, &fields, name, parse_literal(p));
        } else {
            list_add(p->arena, &items, parse_literal(p));
        }
        if (!accept_punct(p, ",")) break;
    }
    expect_punct(p, close);
    return record ? record_done(&fields) : list_done(&items);
}

static value parse_literal_word(parser *p)
{
    bool minus = accept_punct(p, "-");
    switch (accept_one_of(p, literal_words)) {
    case 0: return value_null();
    case 1: return value_bool(true);
    case 2: return value_bool(false);
    case 3: return (value){.type = VALUE_BLANK};
    case 4: return (value){.type = VALUE_MISSING};
    case 5: return value_real(__builtin_nan(""));
    case 6: return value_real(minus ? -__builtin_inf() : __builtin_inf());
    }
    parse_expected(p, "a constant");
    return value_null();
}

value parse_literal(parser *p)
{
    value v = value_null();
    if (!enter(p)) return v;
    if (p->at.kind == TOKEN_LITERAL) {
        v = p->at.literal;
        advance(p);
    } else if (at_punct(p, "[") || at_punct(p, "{")) {
        v = parse_members(p, at_punct(p, "{"));
    } else {
        v = parse_literal_word(p);
    }
    leave(p);
    return v;
}
