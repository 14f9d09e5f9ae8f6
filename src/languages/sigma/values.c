/*
 * Strings of Sigma: escapes, wildcards, placeholders, and the encodings that modifiers ask for.
 *
 * A string is tokenised once into pieces; everything after that works on pieces, never by pasting text, so that the
 * wildcard which `contains` adds behind 'C:\dir\' is not escaped by it. Escapes (specification 2.1, "Escaping"): a backslash
 * before * ? or \ makes that character literal; before anything else, and at the end, it is a backslash.
 */
#include "base/unicode.h"
#include "languages/sigma/sigma.h"

void sigma_append(arena *a, sigma_pattern *p, sigma_piece piece)
{
    sigma_piece *last = p->len ? &p->at[p->len - 1] : NULL;
    if (piece.kind == PIECE_TEXT && !piece.text.len) return;
    if (last && piece.kind == PIECE_ANY_RUN && last->kind == PIECE_ANY_RUN) return;
    if (last && piece.kind == PIECE_TEXT && last->kind == PIECE_TEXT) {
        last->text = last->text.ptr + last->text.len == piece.text.ptr
                         ? (pk_str){last->text.ptr, last->text.len + piece.text.len}
                         : arena_concat(a, last->text, piece.text);
        return;
    }
    vec_push_in(a, p, piece);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of "%name%" at i, 0 if none stands there. */
static size_t placeholder_length(pk_str s, size_t i)
{
    size_t k = i + 1;
    while (k < s.len && is_word(s.ptr[k])) k++;
    return k > i + 1 && k < s.len && s.ptr[k] == '%' ? k + 1 - i : 0;
}

static bool is_special(char c) { return c == '*' || c == '?' || c == '\\'; }

sigma_pattern sigma_parse_string(arena *a, pk_str s, bool placeholders)
{
    sigma_pattern p = {0};
    char *unescaped = NULL;       /* the current text, once an escape has made it differ from the source */
    size_t start = 0, len = 0;    /* the current text: of the source, or of `unescaped` */
    for (size_t i = 0; i <= s.len;) {
        char c = i < s.len ? s.ptr[i] : '\0';
        size_t name = placeholders && c == '%' ? placeholder_length(s, i) : 0;
        if (i == s.len || c == '*' || c == '?' || name) {
            pk_str piece = unescaped ? (pk_str){unescaped + start, len} : str_slice(s, start, len);
            sigma_append(a, &p, (sigma_piece){PIECE_TEXT, piece});
            if (i == s.len) break;
            if (name) sigma_append(a, &p, (sigma_piece){PIECE_PLACEHOLDER, str_slice(s, i + 1, name - 2)});
            else sigma_append(a, &p, (sigma_piece){c == '*' ? PIECE_ANY_RUN : PIECE_ANY_ONE, STR("")});
            i += name ? name : 1;
            start = unescaped ? start + len : i;
            len = 0;
            continue;
        }
        bool escape = c == '\\' && i + 1 < s.len
                      && (is_special(s.ptr[i + 1]) || (placeholders && s.ptr[i + 1] == '%'));
        if (escape && !unescaped) {
            unescaped = arena_alloc(a, s.len);
            memcpy(unescaped, s.ptr + start, len);
            start = 0;
        }
        if (escape) c = s.ptr[i + 1];
        if (unescaped) unescaped[start + len] = c;
        len++;
        i += escape ? 2 : 1;
    }
    return p;
}

void sigma_wrap(arena *a, sigma_pattern *p, bool before, bool behind)
{
    sigma_pattern wrapped = {0};
    if (before) sigma_append(a, &wrapped, (sigma_piece){PIECE_ANY_RUN, STR("")});
    for (size_t i = 0; i < p->len; i++) sigma_append(a, &wrapped, p->at[i]);
    if (behind) sigma_append(a, &wrapped, (sigma_piece){PIECE_ANY_RUN, STR("")});
    *p = wrapped;
}

bool sigma_has_wildcards(const sigma_pattern *p)
{
    for (size_t i = 0; i < p->len; i++)
        if (p->at[i].kind != PIECE_TEXT) return true;
    return false;
}

pk_str sigma_literal(arena *a, const sigma_pattern *p)
{
    pk_str s = STR("");
    for (size_t i = 0; i < p->len; i++) s = s.len ? arena_concat(a, s, p->at[i].text) : p->at[i].text;
    return s;
}

/* The IR's form of a pattern: '*', '?', and a backslash before a literal * ? or \. */
static pk_str canonical(arena *a, const sigma_pattern *p)
{
    size_t room = 0, len = 0;
    for (size_t i = 0; i < p->len; i++) room += 2 * p->at[i].text.len + 1;
    char *out = arena_alloc(a, room);
    for (size_t i = 0; i < p->len; i++) {
        const sigma_piece *piece = &p->at[i];
        if (piece->kind == PIECE_ANY_RUN) out[len++] = '*';
        else if (piece->kind == PIECE_ANY_ONE) out[len++] = '?';
        for (size_t k = 0; k < piece->text.len; k++) {
            if (is_special(piece->text.ptr[k])) out[len++] = '\\';
            out[len++] = piece->text.ptr[k];
        }
    }
    return (pk_str){out, len};
}

test_kind sigma_pattern_test(arena *a, const sigma_pattern *p, pk_str *constant)
{
    size_t first = 0, end = p->len;
    if (end > first && p->at[first].kind == PIECE_ANY_RUN) first++;
    if (end > first && p->at[end - 1].kind == PIECE_ANY_RUN) end--;
    bool before = first > 0, behind = end < p->len;
    *constant = STR("");
    if (end == first && !before) return TEST_EQUALS;
    if (end != first + 1 || p->at[first].kind != PIECE_TEXT) {
        *constant = canonical(a, p);
        return TEST_WILDCARD;
    }
    *constant = p->at[first].text;
    return before && behind ? TEST_MATCH : before ? TEST_ENDS_WITH : behind ? TEST_STARTS_WITH : TEST_EQUALS;
}

/* ---- base64offset ---- */

bool sigma_base64_offsets(arena *a, pk_str bytes, pk_str out[3])
{
    static const size_t front[3] = {0, 2, 3}, back[3] = {0, 3, 2};
    for (size_t i = 0; i < 3; i++) {
        pk_str shifted = arena_concat(a, str_slice(STR("  "), 0, i), bytes);
        pk_str encoded = base64_encode(a, shifted);
        size_t drop = front[i] + back[shifted.len % 3];
        if (encoded.len <= drop) return false;
        out[i] = str_slice(encoded, front[i], encoded.len - drop);
    }
    return true;
}

/* ---- windash ---- */

static const pk_str dashes[] = {
    {"-", 1}, {"/", 1}, {"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x80\x95", 3} /* U+2013, U+2014, U+2015 */
};
#define DASHES (sizeof dashes / sizeof *dashes)

static size_t dash_length(pk_str s, size_t at)
{
    for (size_t i = 0; i < DASHES; i++)
        if (str_starts_with(str_slice(s, at, 3), dashes[i])) return dashes[i].len;
    return 0;
}

/* A word character, for \b and \B: letters beyond ASCII are taken for words. */
static bool is_word_byte(pk_str s, size_t at)
{
    return at < s.len && (is_word(s.ptr[at]) || ((uint8_t)s.ptr[at] >= 0x80 && !dash_length(s, at)));
}

/* \B[-/...]\b: nothing of a word before the dash, a word behind it. */
static bool is_border_dash(pk_str s, size_t at, size_t len)
{
    bool word_before = at > 0 && (is_word(s.ptr[at - 1]) || (uint8_t)s.ptr[at - 1] >= 0x80);
    if (word_before && at >= 3 && dash_length(s, at - 3) == 3) word_before = false;
    return !word_before && is_word_byte(s, at + len);
}

/* Does any dash stand where it begins an option? Without one all spellings are the text itself. */
bool sigma_has_dash(const sigma_pattern *p)
{
    for (size_t i = 0; i < p->len; i++) {
        pk_str s = p->at[i].text;
        for (size_t k = 0; p->at[i].kind == PIECE_TEXT && k < s.len; k++) {
            size_t len = dash_length(s, k);
            if (len && is_border_dash(s, k, len)) return true;
        }
    }
    return false;
}

bool sigma_dash_variants(arena *a, const sigma_pattern *p, size_t limit, sigma_patterns *out)
{
    vec_push_in(a, &out->items, ((sigma_pattern){0}));
    for (size_t i = 0; i < p->len; i++) {
        const sigma_piece *piece = &p->at[i];
        size_t start = 0;
        for (size_t k = 0; piece->kind == PIECE_TEXT && k < piece->text.len; k++) {
            size_t len = dash_length(piece->text, k);
            if (!len || !is_border_dash(piece->text, k, len)) continue;
            size_t count = out->items.len;
            if (count > limit / DASHES) return false;
            for (size_t v = 0; v < count; v++)
                sigma_append(a, &out->items.at[v], (sigma_piece){PIECE_TEXT, str_slice(piece->text, start, k - start)});
            for (size_t n = 1; n < DASHES; n++)
                for (size_t v = 0; v < count; v++) {
                    sigma_pattern copy = {0};
                    for (size_t j = 0; j < out->items.at[v].len; j++) sigma_append(a, &copy, out->items.at[v].at[j]);
                    sigma_append(a, &copy, (sigma_piece){PIECE_TEXT, dashes[n]});
                    vec_push_in(a, &out->items, copy);
                }
            for (size_t v = 0; v < count; v++) sigma_append(a, &out->items.at[v], (sigma_piece){PIECE_TEXT, dashes[0]});
            k += len - 1;
            start = k + 1;
        }
        for (size_t v = 0; v < out->items.len; v++)
            sigma_append(a, &out->items.at[v],
                         (sigma_piece){piece->kind, piece->kind == PIECE_TEXT ? str_slice(piece->text, start, STR_NPOS)
                                                                              : piece->text});
    }
    return true;
}
