/*
 * RE2 to PCRE2. Both read most patterns alike; the rest is rewritten so that PCRE2 (UTF, no other option) finds what RE2 finds:
 *
 *   $      the end of the text, not also in front of a last newline: \z, unless (?m) holds
 *   \s     has no vertical tab in RE2; \v is that character, in PCRE2 a class
 *   \123   octal, in PCRE2 sometimes a reference; \C a byte, which values of text do not have: refused
 *   [      within a class a character, unless it begins [:alpha:]
 *
 * and what only PCRE2 understands (look-around, references, possessive quantifiers, \K ...) is a fault, as RE2 says.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "languages/yaral/lower_private.h"

#define MAX_PATTERN 65536
#define MAX_GROUPS 200                /* within one another */

typedef struct {
    arena *arena;
    pk_str in;
    size_t at;
    text out;
    bool multiline;                   /* (?m) holds here */
    bool outer[MAX_GROUPS];           /* multiline as it was before each group that is open */
    size_t depth;
    bool quantified;                  /* what stands before is a quantifier already */
    bool repeatable;                  /* something stands before that may be repeated */
    size_t assertion;                 /* of the output: where it begins, if that is ^ $ \b ...; else STR_NPOS */
    lowered_regex *result;
} translator;

static char peek(const translator *t, size_t ahead) { return t->at + ahead < t->in.len ? t->in.ptr[t->at + ahead] : '\0'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_octal(char c) { return c >= '0' && c <= '7'; }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool fault(translator *t, pk_str message)
{
    t->result->at = t->at;
    t->result->fault = message;
    return false;
}

static void put(translator *t, pk_str s) { text_put(&t->out, s); }

static void copy(translator *t, size_t n)
{
    put(t, str_slice(t->in, t->at, n));
    t->at += n;
}

/* ---- escapes ---- */

/* \ and up to three octal digits. */
static void put_octal(translator *t)
{
    unsigned n = 0;
    t->at++;
    for (int i = 0; i < 3 && is_octal(peek(t, 0)); i++) n = n * 8 + (unsigned)(t->in.ptr[t->at++] - '0');
    text_printf(&t->out, "\\x{%x}", n);
}

/* \Q...\E */
static void put_quoted(translator *t)
{
    t->at += 2;
    while (t->at < t->in.len) {
        if (peek(t, 0) == '\\' && peek(t, 1) == 'E') {
            t->at += 2;
            return;
        }
        char c = peek(t, 0);
        if ((unsigned char)c < 0x80 && c && !is_letter(c) && !is_digit(c) && c > ' ') text_put_char(&t->out, '\\');
        copy(t, 1);
    }
}

static bool read_escape(translator *t, bool in_class)
{
    char c = peek(t, 1);
    if (t->at + 1 >= t->in.len) return fault(t, STR("a \\ at the end"));
    if (c == 'Q' && !in_class) {
        put_quoted(t);
    } else if (c == 's' || c == 'S') {
        put(t, c == 's' ? (in_class ? STR("\\t\\n\\f\\r ") : STR("[\\t\\n\\f\\r ]"))
                        : (in_class ? STR("\\S\\x0b") : STR("[^\\t\\n\\f\\r ]")));
        t->at += 2;
    } else if (c == 'v') {
        put(t, STR("\\x0b"));
        t->at += 2;
    } else if (c == '0' || (is_digit(c) && is_octal(c) && is_octal(peek(t, 2)))) {
        put_octal(t);
    } else if (is_digit(c)) {
        return fault(t, STR("a reference to a group, which RE2 does not have"));
    } else if (in_class && (c == 'b' || c == 'B' || c == 'A' || c == 'z')) {
        return fault(t, arena_printf(t->arena, "\\%c in a class", c));
    } else if ((c == 'p' || c == 'P' || c == 'x') && peek(t, 2) == '{') {
        size_t end = str_find_char(str_slice(t->in, t->at, STR_NPOS), '}');
        if (end == STR_NPOS) return fault(t, STR("expected '}'"));
        copy(t, end + 1);
    } else if (c == 'x' && !(is_hex(peek(t, 2)) && is_hex(peek(t, 3)))) {
        return fault(t, STR("expected two hexadecimal digits behind \\x"));
    } else if (is_letter(c) && !strchr("afnrtxdDwWpPbBAz", c)) {
        return fault(t, arena_printf(t->arena, "RE2 has no \\%c%s", c,
                                     c == 'C' ? " over text" : c == 'Z' ? "; \\z is the end of the text" : ""));
    } else {
        copy(t, 2);
    }
    return true;
}

/* ---- classes ---- */

static bool at_posix(const translator *t)
{
    if (peek(t, 0) != '[' || peek(t, 1) != ':') return false;
    pk_str rest = str_slice(t->in, t->at + 2, STR_NPOS);
    size_t end = str_find(rest, STR(":]"));
    if (end == STR_NPOS) return false;
    for (size_t i = 0; i < end; i++)
        if (!is_letter(rest.ptr[i]) && !(i == 0 && rest.ptr[i] == '^')) return false;
    return true;
}

static bool read_class(translator *t)
{
    size_t open = t->at;
    bool single = false;              /* a character stands before that may begin a range */
    copy(t, 1);
    if (peek(t, 0) == '^') copy(t, 1);
    for (bool first = true; t->at < t->in.len; first = false) {
        char c = peek(t, 0);
        bool range = single && c == '-' && peek(t, 1) == '[';
        single = !single || c != '-';
        if (range) { /* up to '[', which begins no [:alpha:] here */
            put(t, STR("-\\["));
            t->at += 2;
            single = false;
            continue;
        }
        if (c == ']' && !first) {
            copy(t, 1);
            return true;
        }
        if (c == '\\') {
            if (peek(t, 1) && strchr("dDwWsSpP", peek(t, 1))) single = false;
            if (!read_escape(t, true)) return false;
        } else if (at_posix(t)) {
            single = false;
            copy(t, str_find(str_slice(t->in, t->at, STR_NPOS), STR(":]")) + 2);
        } else if (c == '[' || c == ']') {
            text_put_char(&t->out, '\\');
            copy(t, 1);
        } else {
            copy(t, 1);
        }
    }
    t->at = open;
    return fault(t, STR("expected ']' for this '['"));
}

/* ---- groups ---- */

/* The flags behind (? up to ) or :, which may hold for the rest of the group around. */
static bool read_flags(translator *t, size_t from)
{
    bool off = false, multiline = t->multiline;
    size_t i = t->at + from;
    for (; i < t->in.len && t->in.ptr[i] != ')' && t->in.ptr[i] != ':'; i++) {
        char c = t->in.ptr[i];
        if (c == '-' && !off) off = true;
        else if (c == 'm') multiline = !off;
        else if (!c || !strchr("isU", c)) return fault(t, arena_printf(t->arena, "RE2 has no (?%c", c > ' ' ? c : ' '));
    }
    if (i == t->in.len) return fault(t, STR("expected ')' for this '('"));
    if (t->in.ptr[i] == ':') t->outer[t->depth++] = t->multiline;
    t->multiline = multiline;
    copy(t, i + 1 - t->at);
    return true;
}

static bool read_group(translator *t)
{
    if (t->depth == MAX_GROUPS) return fault(t, STR("too many groups within one another"));
    if (peek(t, 1) == '*') return fault(t, STR("nothing in front of '*'"));
    if (peek(t, 1) != '?') {
        t->result->groups++;
        t->outer[t->depth++] = t->multiline;
        copy(t, 1);
        return true;
    }
    bool python = peek(t, 2) == 'P' && peek(t, 3) == '<';
    bool angle = peek(t, 2) == '<' && peek(t, 3) != '=' && peek(t, 3) != '!';
    if (!python && !angle) {
        if (peek(t, 2) && strchr("=!<>#|&+'(PR0123456789C", peek(t, 2)))
            return fault(t, STR("look-around, conditions and the like, which RE2 does not have"));
        return read_flags(t, 2);
    }
    size_t end = str_find_char(str_slice(t->in, t->at, STR_NPOS), '>');
    if (end == STR_NPOS) return fault(t, STR("expected '>' behind the name of the group"));
    t->result->groups++;
    t->outer[t->depth++] = t->multiline;
    put(t, STR("(")); /* names are not asked for, and PCRE2 has other rules for them */
    t->at += end + 1;
    return true;
}

/* ---- the whole ---- */

/* {n}, {n,}, {n,m}: how long it is, 0 if it is none and { is a character. */
static size_t repeat_length(const translator *t)
{
    size_t i = 1;
    if (!is_digit(peek(t, i))) return 0;
    while (is_digit(peek(t, i))) i++;
    if (peek(t, i) == ',') i++;
    while (is_digit(peek(t, i))) i++;
    return peek(t, i) == '}' ? i + 1 : 0;
}

static bool read_quantifier(translator *t, size_t length)
{
    if (!t->repeatable) return fault(t, STR("nothing in front of the quantifier"));
    if (t->quantified) return fault(t, STR("two quantifiers in a row"));
    if (t->assertion != STR_NPOS) { /* PCRE2 repeats no assertions, but groups of them */
        size_t length_of = t->out.len - t->assertion;
        text_reserve(&t->out, 4);
        memmove(t->out.ptr + t->assertion + 3, t->out.ptr + t->assertion, length_of);
        memcpy(t->out.ptr + t->assertion, "(?:", 3);
        t->out.len += 3;
        text_put_char(&t->out, ')');
        t->assertion = STR_NPOS;
    }
    copy(t, length);
    if (peek(t, 0) == '?') copy(t, 1);
    t->quantified = true;
    return true;
}

static bool read_one(translator *t)
{
    char c = peek(t, 0);
    size_t length = c == '*' || c == '+' || c == '?' ? 1 : c == '{' ? repeat_length(t) : 0;
    if (length) return read_quantifier(t, length);
    bool good = true, repeatable = true;
    size_t before = t->out.len;
    bool assertion = c == '^' || c == '$' || (c == '\\' && peek(t, 1) && strchr("bBAz", peek(t, 1)));
    switch (c) {
    case '\\': good = read_escape(t, false); repeatable = t->out.len > before; break;
    case '[': good = read_class(t); break;
    case '(':
        good = read_group(t);
        repeatable = false;
        break;
    case ')':
        if (!t->depth) return fault(t, STR("a ')' without '('"));
        t->multiline = t->outer[--t->depth];
        copy(t, 1);
        break;
    case '|':
        copy(t, 1);
        repeatable = false;
        break;
    case '$':
        if (t->multiline) copy(t, 1);
        else {
            put(t, STR("\\z"));
            t->at++;
        }
        break;
    case '{':
        put(t, STR("\\{"));
        t->at++;
        break;
    default: copy(t, 1); break;
    }
    t->quantified = false;
    t->repeatable = repeatable;
    t->assertion = assertion ? before : STR_NPOS;
    return good;
}

/* Is the character at `at` escaped by a \ in front? */
static bool is_escaped(pk_str s, size_t at)
{
    size_t n = 0;
    while (n < at && s.ptr[at - 1 - n] == '\\') n++;
    return n % 2 == 1;
}

/* Without `.*` at both ends, which a search does not need. Flags in front, (?i), stay. */
static pk_str without_ends(arena *a, pk_str s)
{
    pk_str flags = {s.ptr, 0};
    if (str_find(s, STR("\\Q")) != STR_NPOS) return s;
    if (str_starts_with(s, STR("(?"))) {
        size_t i = 2;
        while (i < s.len && strchr("ims", s.ptr[i])) i++;
        if (i < s.len && s.ptr[i] == ')') {
            flags = str_slice(s, 0, i + 1);
            s = str_slice(s, i + 1, STR_NPOS);
        }
    }
    pk_str before = s;
    while (s.len > 2 && str_starts_with(s, STR(".*")) && !strchr("*+?{", s.ptr[2])) s = str_slice(s, 2, STR_NPOS);
    while (s.len > 2 && str_ends_with(s, STR(".*")) && !is_escaped(s, s.len - 2)) s.len -= 2;
    if (s.len == before.len && flags.len == 0) return s;
    return flags.len ? arena_concat(a, flags, s) : s;
}

static bool compiles(arena *a, lowered_regex *r)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)r->pattern.ptr, r->pattern.len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error,
                                     &offset, NULL);
    pcre2_code_free(code);
    if (code) return true;
    PCRE2_UCHAR words[256];
    pcre2_get_error_message(error, words, sizeof words);
    r->fault = arena_str(a, str_from((const char *)words));
    return false;
}

lowered_regex lower_regex(arena *a, pk_str pattern, bool search)
{
    lowered_regex result = {.pattern = pattern, .fault = STR("")};
    translator t = {.arena = a, .in = search ? without_ends(a, pattern) : pattern, .result = &result};
    if (pattern.len > MAX_PATTERN) {
        fault(&t, arena_printf(a, "longer than %d bytes", MAX_PATTERN));
        return result;
    }
    bool good = true;
    while (good && t.at < t.in.len) good = read_one(&t);
    if (good && t.depth) good = fault(&t, STR("expected ')' at the end"));
    if (good) result.pattern = arena_str(a, text_view(&t.out));
    text_free(&t.out);
    if (good) compiles(a, &result);
    return result;
}

bool lower_regex_accepts_empty(pk_str pcre, uint16_t flags)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (flags & TEST_CASED ? 0 : PCRE2_CASELESS);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pcre.ptr, pcre.len, options, &error, &offset, NULL);
    if (!code) return true;
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    int n = pcre2_match(code, (PCRE2_SPTR) "", 0, 0, 0, match, NULL);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return n >= 0 || n != PCRE2_ERROR_NOMATCH;
}

bool lower_pattern(lowering *l, const yaral_node *n, bool search, lowered_regex *out)
{
    pk_str pattern = n->kind == YARAL_REGEX ? n->as.regex.pattern : n->as.string.text;
    *out = lower_regex(l->arena, pattern, search);
    if (!out->fault.len) return true;
    lower_fail(l, PK_ERROR, "yaral-regex", n->span, "regular expression: " STR_FMT, STR_ARG(out->fault));
    return false;
}
