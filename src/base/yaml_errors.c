/*
 * libyaml says which production failed ("did not find expected key"); a person wants to know what to mend. One table from its
 * words to ours; where one of its messages has several causes, a function looks at the text around the place.
 */
#include "base/yaml_errors.h"

typedef struct {
    size_t at;
    const char *message, *hint;         /* '$' in the message stands for the character at the place */
} words;

/* ---- the text around a place ---- */

static pk_str source_of(const yaml_failure *f) { return f->tree->source.text; }

static char char_at(const yaml_failure *f, size_t at) { return at < source_of(f).len ? source_of(f).ptr[at] : '\0'; }

static bool is_gap(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0'; }

static size_t column(const yaml_failure *f, size_t at)
{
    return at - f->tree->source.lines[yaml_line_of(&f->tree->source, at)];
}

/* Nothing but blanks before it on its line. */
static bool begins_line(const yaml_failure *f, size_t at)
{
    pk_str line = str_slice(source_of(f), at - column(f, at), column(f, at));
    return str_trim(line).len == 0;
}

/* The end of the text or of its document. */
static bool at_end(const yaml_failure *f, size_t at)
{
    pk_str marker = str_slice(source_of(f), at, 3);
    return at >= source_of(f).len
        || (column(f, at) == 0 && (str_equal(marker, STR("---")) || str_equal(marker, STR("..."))));
}

/* ---- messages with several causes ---- */

static words behind_value(size_t at)
{
    return (words){at, "unexpected text behind the value", "must the whole value stand in quotes?"};
}

static words bad_start(size_t at)
{
    return (words){at, "a text can't begin with '$'", "put it in single quotes"};
}

static words no_key(const yaml_failure *f)
{
    size_t at = f->problem_at;
    char c = char_at(f, at);
    if (!begins_line(f, at)) return behind_value(at);
    if (c == '}' || c == ']' || c == ',') return bad_start(at);
    if (column(f, at) > column(f, f->context_at)) return (words){at, "indented deeper than the keys before", ""};
    if (c == '-' && is_gap(char_at(f, at + 1))) return (words){at, "expected a key, found an item of a list", ""};
    return (words){at, "expected a key", ""};
}

static words no_dash(const yaml_failure *f)
{
    size_t at = f->problem_at;
    if (!begins_line(f, at)) return behind_value(at);
    if (column(f, at) > column(f, f->context_at)) return (words){at, "indented deeper than the items before", ""};
    return (words){at, "expected an item of the list above, found no '- '", "is the indentation right?"};
}

/* The innermost open map or list lacks its bracket, if it has one. */
static bool unclosed(const yaml_failure *f, words *out)
{
    if (!f->tree->stack.len || !at_end(f, f->problem_at)) return false;
    size_t open = f->tree->stack.at[f->tree->stack.len - 1].node->span.start;
    char c = char_at(f, open);
    *out = (words){open, c == '{' ? "a '{' without its '}'" : "a '[' without its ']'", ""};
    return c == '{' || c == '[';
}

static words no_comma(const yaml_failure *f)
{
    words w;
    bool list = str_find(str_from(f->problem), STR("]")) != STR_NPOS;
    return unclosed(f, &w) ? w : (words){f->problem_at, list ? "expected ',' or ']'" : "expected ',' or '}'", ""};
}

static words no_content(const yaml_failure *f)
{
    words w;
    char c = char_at(f, f->problem_at);
    if (unclosed(f, &w)) return w;
    if (c == ',') return (words){f->problem_at, "a value is missing before this ','", ""};
    return c && strchr("]}&!:%@`|>", c) ? bad_start(f->problem_at) : (words){f->problem_at, "expected a value", ""};
}

static words no_token(const yaml_failure *f)
{
    return char_at(f, f->problem_at) == '\t' ? (words){f->problem_at, "a tab can't indent", "use blanks"} : bad_start(f->problem_at);
}

/* A ':' behind what can't be a key. */
static words no_colon_here(const yaml_failure *f)
{
    const yaml_source *s = &f->tree->source;
    if (f->last && yaml_line_of(s, f->last->span.start) < yaml_line_of(s, f->problem_at))
        return (words){f->problem_at, "a key inside a text of several lines",
                       "is the line above without a ':', or this one indented too far?"};
    return (words){f->problem_at, "a ':' inside a value", "put a value that holds ': ' in quotes"};
}

static words no_name(const yaml_failure *f)
{
    if (char_at(f, f->context_at) == '&')
        return (words){f->context_at, "an anchor without a name", "put a text that begins with '&' in quotes"};
    return (words){f->context_at, "an alias without a name", "a text that begins with '*' must be in quotes"};
}

static words no_end_of_quotes(const yaml_failure *f)
{
    return (words){f->context_at, char_at(f, f->context_at) == '"' ? "a text in double quotes has no end"
                                                                  : "a text in single quotes has no end",
                   "is the closing quote missing?"};
}

static words no_escape(const yaml_failure *f)
{
    /* libyaml stands at the backslash, or behind the x, u or U */
    size_t at = f->problem_at;
    if (char_at(f, at) != '\\' && at >= 2) at -= 2;
    return (words){at, "invalid escape '\\$' in double quotes", "in double quotes a backslash begins an escape: use single quotes"};
}

static words no_character(const yaml_failure *f)
{
    return (words){no_escape(f).at, "'\\$' names no character", "write one beyond U+FFFF as it is, or as in \\U0001F600"};
}

/* ---- the table ---- */

typedef struct {
    const char *problem, *context;      /* libyaml's; NULL: any */
    words (*say)(const yaml_failure *f);
    bool at_context;
    const char *message, *hint;
} row;

#define A_TAG "a text that begins with '!' is a tag, if it isn't in quotes"
#define A_DIRECTIVE "a line that begins with '%' is a directive, %YAML or %TAG"

static const row rows[] = {
    {"could not find expected ':'", NULL, NULL, true, "expected ':' behind the key", ""},
    {"mapping values are not allowed in this context", NULL, no_colon_here, false, NULL, NULL},
    {"block sequence entries are not allowed in this context", NULL, NULL, false, "a list begins on a line of its own", ""},
    {"mapping keys are not allowed in this context", NULL, NULL, false, "a '?' with a blank behind it begins a key",
     "put a text that begins with it in quotes"},
    {"found character that cannot start any token", NULL, no_token, false, NULL, NULL},
    {"did not find expected key", NULL, no_key, false, NULL, NULL},
    {"did not find expected '-' indicator", NULL, no_dash, false, NULL, NULL},
    {"did not find expected ',' or ']'", NULL, no_comma, false, NULL, NULL},
    {"did not find expected ',' or '}'", NULL, no_comma, false, NULL, NULL},
    {"did not find expected node content", NULL, no_content, false, NULL, NULL},
    {"did not find expected <document start>", NULL, NULL, false, "unexpected text behind the end of the document",
     "is the indentation right?"},
    {"found unexpected end of stream", NULL, no_end_of_quotes, false, NULL, NULL},
    {"found unexpected document indicator", NULL, no_end_of_quotes, false, NULL, NULL},
    {"found unknown escape character", NULL, no_escape, false, NULL, NULL},
    {"did not find expected hexdecimal number", NULL, no_escape, false, NULL, NULL},
    {"found invalid Unicode character escape code", NULL, no_character, false, NULL, NULL},
    {"did not find expected alphabetic or numeric character", NULL, no_name, false, NULL, NULL},
    {"found unexpected ':'", NULL, NULL, false, "a ':' inside a value", "put the value in quotes"},
    {"found a tab character that violates indentation", NULL, NULL, false, "a tab can't indent", "use blanks"},
    {"found a tab character where an indentation space is expected", NULL, NULL, false, "a tab can't indent", "use blanks"},
    {"did not find expected comment or line break", "while scanning a block scalar", NULL, false,
     "a text behind '|' or '>' begins on the next line", ""},
    {"found an indentation indicator equal to 0", NULL, NULL, false, "an indentation of 0 behind '|' or '>'", "leave the number out"},
    {"found undefined tag handle", NULL, NULL, false, "the tag is not declared", A_TAG},
    {"found incompatible YAML document", NULL, NULL, false, "this version of YAML can't be read", "write %YAML 1.2, or nothing"},
    {NULL, "while scanning a tag", NULL, true, "not a tag", A_TAG},
    {NULL, "while parsing a tag", NULL, true, "not a tag", A_TAG},
    {NULL, "while scanning a directive", NULL, true, "not a directive", A_DIRECTIVE},
    {NULL, "while scanning a %YAML directive", NULL, true, "not a directive", A_DIRECTIVE},
    {NULL, "while scanning a %TAG directive", NULL, true, "not a directive", A_DIRECTIVE},
    {NULL, "while parsing a %TAG directive", NULL, true, "not a directive", A_DIRECTIVE},
};

static bool fits(const char *wanted, const char *found) { return !wanted || (found && strcmp(wanted, found) == 0); }

static words find_words(const yaml_failure *f)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        if (!fits(r->problem, f->problem) || !fits(r->context, f->context)) continue;
        return r->say ? r->say(f) : (words){r->at_context ? f->context_at : f->problem_at, r->message, r->hint};
    }
    return (words){f->problem_at, f->problem ? f->problem : "not YAML", f->context ? f->context : ""};
}

/* The message with the character that it is about. */
static pk_str with_character(const yaml_failure *f, words w)
{
    char *message = arena_cstring(f->tree->arena, str_from(w.message));
    char *at = strchr(message, '$');
    if (!at) return str_from(message);
    char c = char_at(f, at[-1] == '\\' ? w.at + 1 : w.at);
    *at = c > ' ' && c < 0x7f ? c : '?';
    return str_from(message);
}

void yaml_explain(const yaml_failure *f)
{
    words w = find_words(f);
    yaml_fail(f->tree, YAML_SYNTAX, yaml_span(&f->tree->source, w.at, w.at + 1), with_character(f, w), str_from(w.hint));
}
