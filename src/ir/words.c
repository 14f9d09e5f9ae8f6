/*
 * The words of the text form. A name that equals a reserved word is written in double quotes, so the language can use
 * plain words for itself and still carry any field name of any log.
 */
#include "ir/text_form.h"

static const char *const reserved[] = {
    "absent",  "add",      "alert",   "all",    "and",     "any",          "at",      "because",     "blank",
    "by",      "by_type",  "compare", "dashes", "dotall",  "drop",         "each",    "exact",       "false",
    "fold",    "for",      "frame",   "from",   "having",  "if",           "in",      "infinity",    "is_null",
    "exists",  "join",     "keep",    "latest", "least",   "match",        "missing", "multiline",   "nan",
    "not",     "nothing",  "null",    "nulls",  "of",      "on",           "or",      "over",        "phrase",
    "raw",     "regex",    "runs",    "single", "some",    "some_differs", "span",    "starts_with", "ends_with",
    "equals",  "wildcard", "cidr",    "steps",  "strict",  "then",         "true",    "until",       "whole",
    "where",   "window",   "with",    "within", "written", "zero",         "many",    "order",       "running",
    "history", "warm_up",  "quiet",   "as",     "value",   "down",         NULL,
};

bool word_is_reserved(pk_str s)
{
    for (int i = 0; i < STAGE_KINDS; i++)
        if (str_equal(s, str_from(stage_kind_table[i].text))) return true;
    for (int i = 0; i < TEST_KINDS; i++)
        if (str_equal(s, str_from(test_kind_table[i].text))) return true;
    return word_index(reserved, s) >= 0;
}

const char *const compare_words[] = {"<", "<=", ">", ">=", "=", "!=", NULL};
const char *const missing_words[] = {"false", "null", "zero", "true", NULL};
const char *const many_words[] = {"any", "all", "each", "single", NULL};
const char *const key_missing_words[] = {"skip", "pass", "group", "zero", "fill", NULL};
const char *const join_words[] = {"inner", "left", "semi", "anti", "optional", NULL};
const char *const window_words[] = {"none",   "tumbling", "hop",     "sliding", "anchored",
                                    "around", "rows",     "session", NULL};

int word_index(const char *const *words, pk_str s)
{
    for (int i = 0; words[i]; i++)
        if (str_equal(s, str_from(words[i]))) return i;
    return -1;
}

/* ---- names ---- */

static bool is_first(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
static bool is_rest(char c) { return is_first(c) || (c >= '0' && c <= '9'); }

/* "[]", "[0]", "['key']": an index of a path. The length, or 0. */
static size_t index_length(pk_str s)
{
    size_t at = 1;
    if (at < s.len && s.ptr[at] == '\'') {
        at++;
        while (at < s.len && (is_rest(s.ptr[at]) || s.ptr[at] == ' ' || s.ptr[at] == '-' || s.ptr[at] == '.')) at++;
        if (at >= s.len || s.ptr[at] != '\'') return 0;
        at++;
    } else {
        while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9') at++;
    }
    return at < s.len && s.ptr[at] == ']' ? at + 1 : 0;
}

/*
 * name := [A-Za-z_] ( [A-Za-z0-9_] | '-' before one of these | '.' before one of these or '*' | index )*
 * A '*' stands only as a whole segment.
 */
size_t bare_name_length(pk_str s)
{
    if (!s.len || !is_first(s.ptr[0])) return 0;
    size_t at = 1;
    while (at < s.len) {
        char c = s.ptr[at], next = at + 1 < s.len ? s.ptr[at + 1] : '\0';
        if (is_rest(c)) at++;
        else if ((c == '-' || c == '.') && is_rest(next)) at += 2;
        else if (c == '.' && next == '*' && !(at + 2 < s.len && is_rest(s.ptr[at + 2]))) at += 2;
        else if (c == '[' && index_length(str_slice(s, at, s.len))) at += index_length(str_slice(s, at, s.len));
        else break;
    }
    return at;
}

/* ---- meaning ---- */

static bool is_part(const name_scope *s, pk_str name)
{
    for (const element_scope *e = s->elements; e; e = e->outer)
        if (str_equal(e->name, name)) return true;
    for (size_t i = 0; s->plan && i < s->stage_count && i < s->plan->stage_count; i++)
        if (str_equal(s->plan->stages[i]->name, name)) return true;
    return false;
}

pk_str name_part(const name_scope *s, pk_str name)
{
    size_t end = 0;
    while (end < name.len && name.ptr[end] != '.' && name.ptr[end] != '[') end++;
    pk_str first = str_slice(name, 0, end);
    if (first.len == 0 || (end < name.len && name.ptr[end] == '[')) return (pk_str){"", 0};
    return is_part(s, first) ? first : (pk_str){"", 0};
}

name_meaning name_resolve(const name_scope *s, pk_str name, bool quoted)
{
    name_meaning m = {.path = name, .part = {"", 0}};
    for (size_t i = 0; s->plan && i < s->plan->definition_count; i++)
        if (str_equal(s->plan->definitions[i].name, name))
            return (name_meaning){.is_definition = true, .definition = (uint32_t)i, .path = name, .part = {"", 0}};
    if (quoted) return m;
    m.part = name_part(s, name);
    if (m.part.len) m.path = str_slice(name, m.part.len + 1, name.len);
    return m;
}

pk_str plan_schema(const plan *p)
{
    for (size_t i = 0; p && i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_MATCH) return p->stages[i]->as.match.schema;
    return (pk_str){"", 0};
}

pk_str implied_name(const expr *e)
{
    if (e && e->kind == EXPR_FIELD && e->as.field.kind == FIELD_PATH) return e->as.field.path;
    if (e && e->kind == EXPR_CALL) return e->as.call.name;
    return (pk_str){"", 0};
}
