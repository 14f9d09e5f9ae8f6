/*
 * The grammar, as far as it is read:
 *
 *   alternatives := sequence ('|' sequence)*
 *   sequence     := (atom quantifier?)*
 *   atom         := character | '.' | '^' | '$' | '\' escape | '[' class ']' | '(' group ')'
 *   quantifier   := ('*' | '+' | '?' | '{' n (',' m?)? '}') ('?' | '+')?
 *
 * A sequence needs each of its runs of characters, the best is kept; alternatives need one of the best of each; an atom
 * that may be repeated no times needs nothing. Case does not matter, since literal and text are both folded; only ASCII is
 * read, where folding and PCRE2 agree on what is the same letter.
 */
#include "compile/regex_literals.h"

#define DEPTH_MAX 100
#define SET_MAX 24                /* alternatives beyond that are not worth it */

/* A set of literals of which one must stand in the text; count 0: nothing is known. */
typedef literal_list literal_set;

typedef struct {
    pk_str regex;
    size_t at;
    arena *arena;
    bool gave_up;
    unsigned depth;
} regex_reader;

static literal_set read_alternatives(regex_reader *r);

static bool at_end(const regex_reader *r) { return r->at >= r->regex.len; }
static char peek(const regex_reader *r) { return at_end(r) ? '\0' : r->regex.ptr[r->at]; }
static char peek_behind(const regex_reader *r) { return r->at + 1 < r->regex.len ? r->regex.ptr[r->at + 1] : '\0'; }

static bool accept(regex_reader *r, const char *word)
{
    pk_str rest = str_slice(r->regex, r->at, STR_NPOS);
    if (!str_starts_with(rest, str_from(word))) return false;
    r->at += strlen(word);
    return true;
}

static literal_set give_up(regex_reader *r)
{
    r->gave_up = true;
    r->at = r->regex.len;
    return (literal_set){NULL, 0};
}

/* ---- which set is best ---- */

/* Single characters that are rare in command lines, paths and addresses. */
static bool is_rare(char c) { return c && strchr("`{}^~|<>$*@#%;&!\n", c) != NULL; }

static size_t worth(const literal_set *s)
{
    size_t least = s->count ? SIZE_MAX : 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t n = s->items[i].len;
        if (n == 1 && !is_rare(s->items[i].ptr[0])) n = 0;
        if (n < least) least = n;
    }
    return least;
}

static literal_set better(literal_set x, literal_set y)
{
    if (worth(&x) != worth(&y)) return worth(&x) > worth(&y) ? x : y;
    return x.count && x.count <= y.count ? x : y;
}

static literal_set either(regex_reader *r, literal_set x, literal_set y)
{
    if (x.count == 0 || y.count == 0 || x.count + y.count > SET_MAX) return (literal_set){NULL, 0};
    literal_set both = {ARENA_ARRAY(r->arena, pk_str, x.count + y.count), x.count + y.count};
    memcpy(both.items, x.items, x.count * sizeof *x.items);
    memcpy(both.items + x.count, y.items, y.count * sizeof *y.items);
    return both;
}

/* ---- atoms ---- */

typedef enum { ATOM_CHARACTER, ATOM_SET, ATOM_OTHER } atom_kind;

typedef struct {
    atom_kind kind;
    char character;               /* folded */
    literal_set set;
} atom;

static char folded(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static atom character_atom(char c)
{
    if ((unsigned char)c >= 0x80) return (atom){.kind = ATOM_OTHER};
    return (atom){.kind = ATOM_CHARACTER, .character = folded(c)};
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (folded(c) >= 'a' && folded(c) <= 'z');
}

/* Behind the '\'. */
static atom read_escape(regex_reader *r)
{
    static const char controls[] = "nrtfae", values[] = "\n\r\t\f\a\x1b";
    char c = peek(r);
    if (at_end(r)) give_up(r);
    r->at++;
    const char *control = strchr(controls, c);
    if (c && control) return character_atom(values[control - controls]);
    if (!is_letter_or_digit(c)) return character_atom(c);
    if (c >= '1' && c <= '9') /* a reference or an octal number: how long it is cannot be told from here */
        while (peek(r) >= '0' && peek(r) <= '9') r->at++;
    if (!strchr("dDwWsSbBAZzGhHvVR123456789", c)) give_up(r); /* \Q, \x41, \p{L}, \K ... */
    return (atom){.kind = ATOM_OTHER};
}

/* Behind the '['. A class of one letter in both cases is that letter. */
static atom read_class(regex_reader *r)
{
    atom only = {.kind = ATOM_OTHER};
    bool simple = true, first = true;
    if (accept(r, "^")) simple = false;
    for (;; first = false) {
        char c = peek(r);
        if (at_end(r) || c == '[') { /* [[:alpha:]] and its like */
            give_up(r);
            return only;
        }
        r->at++;
        if (c == ']' && !first) break;
        if (c == '\\') {
            if (at_end(r) || strchr("QExopPcN", peek(r))) give_up(r);
            simple = simple && !is_letter_or_digit(peek(r));
            c = peek(r);
            r->at++;
        }
        if (peek(r) == '-' && peek_behind(r) != ']') simple = false;
        atom member = character_atom(c);
        if (member.kind != ATOM_CHARACTER || (!first && member.character != only.character)) simple = false;
        only = member;
    }
    return simple ? only : (atom){.kind = ATOM_OTHER};
}

static bool accept_name(regex_reader *r, char end)
{
    size_t length = str_find_char(str_slice(r->regex, r->at, STR_NPOS), end);
    if (length == STR_NPOS) return false;
    r->at += length + 1;
    return true;
}

/* Behind "(?": is it a group whose content must match where it stands? false: its content proves nothing, or unknown. */
static bool read_group_kind(regex_reader *r)
{
    if (accept(r, ":") || accept(r, ">") || accept(r, "|")) return true;
    if (accept(r, "=") || accept(r, "!") || accept(r, "<=") || accept(r, "<!")) return false;
    if (accept(r, "P<") || accept(r, "<")) {
        if (!accept_name(r, '>')) give_up(r);
        return true;
    }
    if (accept(r, "'")) {
        if (!accept_name(r, '\'')) give_up(r);
        return true;
    }
    while (!at_end(r) && strchr("imsUJ-", peek(r))) r->at++; /* not x: it changes what blanks mean */
    if (peek(r) == ')') return true;
    if (!accept(r, ":")) give_up(r);
    return true;
}

/* Behind the '('. */
static atom read_group(regex_reader *r)
{
    bool counts = true;
    if (peek(r) == '*') give_up(r); /* (*VERB) */
    if (accept(r, "?")) counts = read_group_kind(r);
    literal_set inside = read_alternatives(r);
    if (!accept(r, ")")) give_up(r);
    if (!counts) inside.count = 0;
    return (atom){.kind = ATOM_SET, .set = inside};
}

static atom read_atom(regex_reader *r)
{
    char c = peek(r);
    r->at++;
    switch (c) {
    case '\\': return read_escape(r);
    case '[': return read_class(r);
    case '(': return read_group(r);
    case '.': case '^': case '$': return (atom){.kind = ATOM_OTHER};
    case '{': /* text, but newer versions of PCRE2 read more of them as counts */
        if (strchr(", 0123456789", peek(r))) give_up(r);
        return character_atom(c);
    default: return character_atom(c);
    }
}

/* ---- quantifiers ---- */

static bool accept_number(regex_reader *r, size_t *out)
{
    size_t start = r->at;
    *out = 0;
    while (peek(r) >= '0' && peek(r) <= '9' && r->at - start < 6) *out = *out * 10 + (size_t)(r->regex.ptr[r->at++] - '0');
    return r->at > start;
}

/* "{3}", "{3,}", "{3,5}"; anything else that begins with '{' is text. */
static bool accept_counts(regex_reader *r, size_t *least)
{
    size_t start = r->at, most;
    if (accept(r, "{") && accept_number(r, least)) {
        if (accept(r, ",")) accept_number(r, &most);
        if (accept(r, "}")) return true;
    }
    r->at = start;
    return false;
}

typedef enum { ONCE, ONCE_OR_MORE, MAYBE_NEVER } repeat;

static repeat read_quantifier(regex_reader *r)
{
    size_t least = 1;
    if (accept(r, "*") || accept(r, "?")) least = 0;
    else if (!accept(r, "+") && !accept_counts(r, &least)) return ONCE;
    if (!accept(r, "?")) accept(r, "+");
    return least == 0 ? MAYBE_NEVER : ONCE_OR_MORE;
}

/* ---- sequences ---- */

typedef struct {
    VEC(char) run;                /* characters that stand side by side */
    literal_set best;
} sequence;

static void end_run(regex_reader *r, sequence *s)
{
    if (s->run.len == 0) return;
    literal_set one = {ARENA_NEW(r->arena, pk_str), 1};
    one.items[0] = arena_str(r->arena, (pk_str){s->run.at, s->run.len});
    s->run.len = 0;
    s->best = better(s->best, one);
}

static void add_atom(regex_reader *r, sequence *s, const atom *x, repeat times)
{
    bool counts = times != MAYBE_NEVER;
    if (x->kind != ATOM_CHARACTER || !counts) end_run(r, s);
    if (x->kind == ATOM_SET && counts) s->best = better(s->best, x->set);
    if (x->kind == ATOM_CHARACTER && counts) vec_push(&s->run, x->character);
    if (times == ONCE_OR_MORE) end_run(r, s);
}

static literal_set read_sequence(regex_reader *r)
{
    sequence s = {0};
    while (!at_end(r) && peek(r) != '|' && peek(r) != ')') {
        atom x = read_atom(r);
        repeat times = read_quantifier(r);
        add_atom(r, &s, &x, times);
    }
    end_run(r, &s);
    vec_free(&s.run);
    return s.best;
}

static literal_set read_alternatives(regex_reader *r)
{
    if (++r->depth > DEPTH_MAX) give_up(r);
    literal_set all = read_sequence(r);
    while (accept(r, "|")) {
        literal_set next = read_sequence(r);
        all = either(r, all, next);
    }
    r->depth--;
    return all;
}

literal_list regex_literals(pk_str regex, arena *a)
{
    regex_reader r = {.regex = regex, .arena = a};
    literal_set found = read_alternatives(&r);
    if (r.gave_up || !at_end(&r) || worth(&found) == 0) return (literal_list){NULL, 0};
    return found;
}
