/* Functions with regular expressions (PCRE2 syntax; languages translate theirs). One that gives up finds nothing. */
#include "base/unicode.h"
#include "ir/functions_private.h"

enum { MOST_GROUPS = 10 };

static bool is_found(const ir_call_args *c, pk_str s)
{
    ir_regex *regex = regex_borrow(c, text_arg(c, 1));
    if (!regex) return false;
    regex_span match;
    bool found = regex_find(c, regex, s, 0, &match, 1) > 0;
    regex_release(c, regex);
    return found;
}
value call_regex_found(const ir_call_args *c) { return some_text(c, is_found); }

/* The first group, or the match if there is none or it took no part. */
static regex_span chosen(const regex_span *groups) { return groups[1].start != SIZE_MAX ? groups[1] : groups[0]; }

static pk_str span_text(pk_str s, regex_span span) { return str_slice(s, span.start, span.end - span.start); }

static value first_capture(const ir_call_args *c, pk_str s)
{
    ir_regex *regex = regex_borrow(c, text_arg(c, 1));
    if (!regex) return nothing();
    regex_span groups[2];
    bool found = regex_find(c, regex, s, 0, groups, 2) > 0;
    regex_release(c, regex);
    return found ? value_string(span_text(s, chosen(groups))) : nothing();
}

value call_capture(const ir_call_args *c)
{
    pk_str s;
    return value_text(c->arena, &c->args[0], &s) && !is_absent(&c->args[1]) ? first_capture(c, s) : nothing();
}

/*
 * Goes through the matches that do not overlap. An empty one counts where nothing ended just before: "name" replaced at
 * every empty match by 1 is 1n1a1m1e1.
 */
typedef struct {
    ir_regex *regex;
    pk_str s;
    size_t at, last_end;          /* where to look on; SIZE_MAX: nothing was found so far */
} match_walk;

static bool next_match(const ir_call_args *c, match_walk *w, regex_span *groups)
{
    while (w->at <= w->s.len) {
        if (regex_find(c, w->regex, w->s, w->at, groups, MOST_GROUPS) == 0) return false;
        bool empty = groups[0].start == groups[0].end, again = empty && groups[0].end == w->last_end;
        w->at = groups[0].end;
        if (empty) { /* look on behind the next character */
            if (w->at < w->s.len) utf8_next(w->s, &w->at);
            else w->at++;
        }
        if (again) continue;
        w->last_end = groups[0].end;
        return true;
    }
    return false;
}

value call_capture_all(const ir_call_args *c)
{
    list_builder out = {0};
    regex_span groups[MOST_GROUPS];
    list_view list = list_arg(c, 0);
    ir_regex *regex = regex_borrow(c, text_arg(c, 1));
    pk_str s;
    bool room = regex != NULL;
    for (size_t i = 0; i < list.count && room; i++) {
        if (!value_text(c->arena, &list.items[i], &s)) continue;
        match_walk walk = {regex, s, 0, SIZE_MAX};
        while (room && next_match(c, &walk, groups)) room = result_add(c, &out, value_string(span_text(s, chosen(groups))));
    }
    if (regex) regex_release(c, regex);
    return list_done(&out);
}

/* \0 to \9 are groups, \\ is a backslash; anything else stands for itself. */
static void put_replacement(text_result *out, pk_str other, pk_str s, const regex_span *groups)
{
    for (size_t i = 0, from = 0; i <= other.len; i++) {
        bool escape = i + 1 < other.len && other.ptr[i] == '\\';
        char ch = escape ? other.ptr[i + 1] : 0;
        if (i < other.len && !(escape && (ch == '\\' || (ch >= '0' && ch <= '9')))) continue;
        result_put(out, str_slice(other, from, i - from));
        if (ch == '\\') result_put(out, STR("\\"));
        else if (ch && groups[ch - '0'].start != SIZE_MAX) result_put(out, span_text(s, groups[ch - '0']));
        from = ++i + 1;
    }
}

static value replace_matches(const ir_call_args *c, pk_str s)
{
    ir_regex *regex = regex_borrow(c, text_arg(c, 1));
    if (!regex) return value_string(s);
    pk_str other = text_arg(c, 2);
    regex_span groups[MOST_GROUPS];
    match_walk walk = {regex, s, 0, SIZE_MAX};
    text_result out = {0};
    size_t from = 0;
    while (!out.cut && next_match(c, &walk, groups)) {
        result_put(&out, str_slice(s, from, groups[0].start - from));
        put_replacement(&out, other, s, groups);
        from = groups[0].end;
    }
    regex_release(c, regex);
    result_put(&out, str_slice(s, from, s.len));
    return result_done(c, &out);
}
value call_regex_replace(const ir_call_args *c) { return each_text(c, replace_matches); }
