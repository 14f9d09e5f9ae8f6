/* The search language: text to terms. */
#include "base/unicode.h"
#include "catalog/search.h"

enum { MOST_TERMS = 64, LONGEST = 8192 };

typedef struct {
    pk_str text;
    size_t at;
    arena *arena;
    query_error *error;
} scanner;

static size_t column_at(const scanner *p, size_t at) { return utf8_length(str_slice(p->text, 0, at)) + 1; }

static bool wrong(scanner *p, size_t at, const char *what)
{
    query_refuse(p->error, p->arena, PK_ERROR_USAGE, "search, character %zu: %s", column_at(p, at), what);
    return false;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool at_end(const scanner *p) { return p->at >= p->text.len; }
static char here(const scanner *p) { return at_end(p) ? 0 : p->text.ptr[p->at]; }

/* '"' anything '"' */
static bool scan_phrase(scanner *p, pk_str *out)
{
    size_t open = p->at++;
    size_t close = str_find_char(str_slice(p->text, p->at, STR_NPOS), '"');
    if (close == STR_NPOS) return wrong(p, open, "this quote is never closed");
    *out = str_slice(p->text, p->at, close);
    p->at += close + 1;
    return true;
}

static pk_str scan_word(scanner *p)
{
    size_t start = p->at;
    while (!at_end(p) && !is_blank(here(p))) p->at++;
    return str_slice(p->text, start, p->at - start);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != 0 && strchr("_.-@{}[]", c)) || (c & 0x80);
}

/* How long the name before a colon is; 0: none begins here. "c:\x" and "https://x" are words. */
static size_t name_length(const scanner *p)
{
    pk_str rest = str_slice(p->text, p->at, STR_NPOS);
    size_t n = 0;
    while (n < rest.len && is_name_char(rest.ptr[n])) n++;
    if (n == 0 || n >= rest.len || rest.ptr[n] != ':') return 0;
    pk_str after = str_slice(rest, n + 1, STR_NPOS);
    if (str_starts_with(after, STR("//")) || (n == 1 && str_starts_with(after, STR("\\")))) return 0;
    return n;
}

static bool digits(pk_str s, size_t from, size_t count)
{
    if (from + count > s.len) return false;
    for (size_t i = from; i < from + count; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return true;
}

static term_kind kind_of_word(pk_str w)
{
    bool t = w.len && (w.ptr[0] == 't' || w.ptr[0] == 'T');
    if (t && digits(w, 1, 4) && (w.len == 5 || (w.len == 9 && w.ptr[5] == '.' && digits(w, 6, 3)))) return TERM_TECHNIQUE;
    if (t && w.len == 6 && (w.ptr[1] == 'a' || w.ptr[1] == 'A') && digits(w, 2, 4)) return TERM_TACTIC;
    return TERM_WORD;
}

static bool is_text(pk_str w)
{
    for (size_t i = 0; i < w.len; i++) {
        char c = w.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80)) return true;
    }
    return false;
}

/* name ":" value */
static bool scan_named(scanner *p, size_t name, search_term *t)
{
    size_t start = p->at;
    t->kind = TERM_NAMED;
    t->name = str_slice(p->text, p->at, name);
    p->at += name + 1;
    if (here(p) == '"') {
        if (!scan_phrase(p, &t->value)) return false;
    } else {
        t->value = scan_word(p);
    }
    return t->value.len ? true : wrong(p, start, "nothing stands after the ':'");
}

static bool scan_term(scanner *p, search_term *t)
{
    size_t start = p->at;
    *t = (search_term){.column = column_at(p, start)};
    if (here(p) == '-') {
        t->negated = true;
        p->at++;
        if (at_end(p) || is_blank(here(p))) return wrong(p, start, "nothing stands after the '-'");
    }
    size_t name = name_length(p);
    if (name) return scan_named(p, name, t);
    if (here(p) == '"') {
        t->kind = TERM_PHRASE;
        if (!scan_phrase(p, &t->value)) return false;
    } else {
        t->value = scan_word(p);
        t->kind = kind_of_word(t->value);
    }
    return is_text(t->value) ? true : wrong(p, start, "there is no letter or digit to search for");
}

bool search_parse(pk_str q, arena *a, search_query *out, query_error *e)
{
    scanner p = {.text = q, .arena = a, .error = e};
    VEC(search_term) terms = {0};
    *out = (search_query){0};
    if (q.len > LONGEST) return wrong(&p, LONGEST, "the search is too long");
    for (;;) {
        while (!at_end(&p) && is_blank(here(&p))) p.at++;
        if (at_end(&p)) break;
        if (terms.len == MOST_TERMS) return wrong(&p, p.at, "a search has at most 64 terms");
        search_term t;
        if (!scan_term(&p, &t)) return false;
        vec_push_in(a, &terms, t);
    }
    *out = (search_query){terms.at, terms.len};
    return true;
}
