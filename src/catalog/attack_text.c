/*
 * Descriptions of ATT&CK are Markdown with citations: "[HTRAN](https://...) redirects.(Citation: Operation Quantum)". What is
 * kept is the text, as a page shows it; paragraphs stay.
 */
#include "catalog/attack_model.h"

/* Behind a parenthesis that is opened at `at`; the end of the text if it never closes. */
static size_t behind_parenthesis(pk_str s, size_t at)
{
    size_t depth = 0;
    for (; at < s.len; at++) {
        if (s.ptr[at] == '(') depth++;
        if (s.ptr[at] == ')' && --depth == 0) return at + 1;
    }
    return s.len;
}

/* The length of a tag of the few that stand in descriptions; 0: none. */
static size_t tag_length(pk_str s)
{
    static const char *const tags[] = {"<code>", "</code>", "<br>", "<br/>", "<br />", "<pre>", "</pre>"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (s.len >= strlen(tags[i]) && str_equal_ascii_fold(str_slice(s, 0, strlen(tags[i])), str_from(tags[i]))) return strlen(tags[i]);
    return 0;
}

/* "[text](address)": the place of the bracket that closes the text. STR_NPOS: it is none. */
static size_t link_text_end(pk_str s, size_t at)
{
    for (size_t i = at + 1; i < s.len && i < at + ATTACK_NAME; i++) {
        if (s.ptr[i] == '[' || s.ptr[i] == '\n') return STR_NPOS;
        if (s.ptr[i] == ']') return i + 1 < s.len && s.ptr[i + 1] == '(' ? i : STR_NPOS;
    }
    return STR_NPOS;
}

static void drop_blanks_before(text *t)
{
    while (t->len && t->ptr[t->len - 1] == ' ') t->len--;
}

/* One character, blanks in a row and before a line's end as none; no more than one empty line. */
static void put_character(text *t, char c)
{
    if (c == '\r') return;
    if (c == '\t') c = ' ';
    bool at_start = t->len == 0 || t->ptr[t->len - 1] == '\n';
    if (c == ' ' && (at_start || t->ptr[t->len - 1] == ' ')) return;
    if (c == '\n') {
        drop_blanks_before(t);
        if (t->len == 0 || (t->len > 1 && t->ptr[t->len - 1] == '\n' && t->ptr[t->len - 2] == '\n')) return;
    }
    if ((c == '.' || c == ',' || c == ';') && t->len && t->ptr[t->len - 1] == ' ') drop_blanks_before(t);
    text_put_char(t, c);
}

pk_str attack_plain_text(arena *a, pk_str s)
{
    if (s.len > ATTACK_DESCRIPTION) {
        s.len = ATTACK_DESCRIPTION;
        while (s.len > 0 && ((unsigned char)s.ptr[s.len] & 0xc0) == 0x80) s.len--;
    }
    text t = {0};
    size_t address = STR_NPOS; /* of the link whose text is being read: where it closes */
    for (size_t at = 0; at < s.len;) {
        pk_str rest = str_slice(s, at, s.len);
        size_t tag = rest.ptr[0] == '<' ? tag_length(rest) : 0;
        if (tag) {
            at += tag;
        } else if (str_starts_with(rest, STR("(Citation:"))) {
            at = behind_parenthesis(s, at);
        } else if (at == address) {
            at = behind_parenthesis(s, at + 1);
            address = STR_NPOS;
        } else if (rest.ptr[0] == '[' && address == STR_NPOS && link_text_end(s, at) != STR_NPOS) {
            address = link_text_end(s, at);
            at++;
        } else {
            put_character(&t, s.ptr[at++]);
        }
    }
    pk_str out = arena_str(a, str_trim(text_view(&t)));
    text_free(&t);
    return out;
}

/* "e.g. X", "U.S. Y", "i.e. Z": a single letter before the period, no sentence's end. */
static bool is_abbreviation(pk_str s, size_t period)
{
    return period >= 2 && (s.ptr[period - 2] == '.' || s.ptr[period - 2] == ' ' || s.ptr[period - 2] == '(');
}

pk_str attack_first_sentence(pk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\n') return str_slice(s, 0, i);
        if (s.ptr[i] != '.' || (i + 1 < s.len && s.ptr[i + 1] != ' ' && s.ptr[i + 1] != '\n')) continue;
        bool goes_on = i + 2 < s.len && s.ptr[i + 2] >= 'a' && s.ptr[i + 2] <= 'z';
        if (!goes_on && !is_abbreviation(s, i)) return str_slice(s, 0, i + 1);
    }
    return s;
}
