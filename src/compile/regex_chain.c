/*
 * Of a line that holds the texts in order PCRE2 takes the first place of the first text, and since runs take as much as they
 * can, the last place of the last. If the texts fit behind some place of the first, they fit behind its first one, too.
 */
#include "compile/regex_chain.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/unicode.h"

#define TEXTS_MAX 64

/* ---- reading ---- */

typedef struct {
    pk_str regex;
    size_t at;
    arena *arena;
    VEC(char) text;               /* being read */
    VEC(pk_str) texts;
    regex_chain chain;
    bool refused;
} chain_reader;

static bool accept(chain_reader *r, const char *word)
{
    pk_str rest = str_slice(r->regex, r->at, STR_NPOS);
    if (!str_starts_with(rest, str_from(word))) return false;
    r->at += strlen(word);
    return true;
}

static char peek(const chain_reader *r) { return r->at < r->regex.len ? r->regex.ptr[r->at] : '\0'; }

static void end_text(chain_reader *r)
{
    if (r->text.len) vec_push_in(r->arena, &r->texts, arena_str(r->arena, (pk_str){r->text.at, r->text.len}));
    r->text.len = 0;
    if (r->texts.len > TEXTS_MAX) r->refused = true;
}

/* Behind the '.': as much as there is, on one line. Not as little, without giving back, or behind another. */
static void read_run(chain_reader *r)
{
    bool first = r->texts.len == 0 && r->text.len == 0 && !r->chain.open_start, apart = accept(r, "+");
    if ((!apart && !accept(r, "*")) || peek(r) == '?' || peek(r) == '+' || (r->text.len == 0 && !first)) r->refused = true;
    end_text(r);
    bool last = r->at == r->regex.len;
    if (apart && (first || last)) r->refused = true;
    else if (first) r->chain.open_start = true;
    else if (last) r->chain.open_end = true;
    else if (apart && r->texts.len < TEXTS_MAX) r->chain.apart |= UINT64_C(1) << r->texts.len;
}

static bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static void read_character(chain_reader *r)
{
    char c = peek(r);
    bool escaped = c == '\\';
    r->at++;
    if (escaped) {
        c = peek(r);
        r->at++;
    }
    /* The end, controls and what is beyond ASCII are PCRE2's own matter. */
    if (c < ' ' || c > '~' || (escaped ? is_letter_or_digit(c) : strchr("\\^$.[]|()?*+{}", c) != NULL)) r->refused = true;
    if (!r->chain.cased && c >= 'A' && c <= 'Z') c = (char)(c | 0x20);
    vec_push(&r->text, c);
}

/* "\n" is what ends lines for '.', unless PCRE2 was built otherwise. */
static bool lines_end_as_known(void)
{
    uint32_t newline = 0;
    return pcre2_config(PCRE2_CONFIG_NEWLINE, &newline) >= 0 && newline == PCRE2_NEWLINE_LF;
}

regex_chain regex_chain_read(pk_str regex, bool cased, bool any_line, arena *a)
{
    chain_reader r = {.regex = regex, .arena = a, .chain = {.cased = cased, .any_line = any_line}};
    if (accept(&r, "(?i)")) r.chain.cased = false;
    while (r.at < regex.len && !r.refused) {
        if (!accept(&r, ".")) read_character(&r);
        else read_run(&r);
    }
    end_text(&r);
    vec_free(&r.text);
    if (r.refused || !lines_end_as_known()) return (regex_chain){.count = 0};
    r.chain.texts = r.texts.at;
    r.chain.count = (uint32_t)r.texts.len;
    return r.chain;
}

/* ---- matching ---- */

/* The end of the last text where it stands first, the first text ending at `at`; STR_NPOS: they do not fit. */
static size_t fit_others(const regex_chain *c, pk_str line, size_t at)
{
    for (uint32_t i = 1; i < c->count; i++) {
        if (c->apart >> i & 1) {
            if (at >= line.len) return STR_NPOS;
            utf8_next(line, &at);
        }
        at = str_find_from(line, at, c->texts[i]);
        if (at == STR_NPOS) return STR_NPOS;
        at += c->texts[i].len;
    }
    return at;
}

/* The end of the last place of the last text, which is no earlier than `end`, where one ends. */
static size_t last_end(const regex_chain *c, pk_str line, size_t end)
{
    pk_str text = c->texts[c->count - 1];
    if (c->open_end) return line.len;
    for (size_t at = line.len; (c->count > 1 || c->open_start) && at > end; at--)
        if (memcmp(line.ptr + at - text.len, text.ptr, text.len) == 0) return at;
    return end;
}

static size_t start_of_line(pk_str s, size_t at)
{
    while (at > 0 && s.ptr[at - 1] != '\n') at--;
    return at;
}

bool regex_chain_match(const regex_chain *c, pk_str text, size_t *at, size_t *end)
{
    for (size_t from = 0; from <= text.len;) {
        size_t first = str_find_from(text, from, c->texts[0]);
        if (first == STR_NPOS) return false;
        size_t behind = first + c->texts[0].len;
        size_t to = c->any_line ? STR_NPOS : str_find_char(str_slice(text, behind, STR_NPOS), '\n');
        pk_str line = str_slice(text, 0, to == STR_NPOS ? STR_NPOS : behind + to); /* places stay those of the whole */
        size_t fitted = fit_others(c, line, behind);
        if (fitted != STR_NPOS) {
            *at = !c->open_start ? first : c->any_line ? 0 : start_of_line(text, first);
            *end = last_end(c, line, fitted);
            return true;
        }
        from = line.len + 1;
    }
    return false;
}
