/*
 * YAML 1.2, the syntax: recursive descent over the text, indentation as an argument.
 *
 * Written here since rules are read from anywhere, and a message must point at the byte: block and flow collections, all five
 * styles of scalars, comments, documents, anchors, aliases, tags. Left out: complex keys (`? `). More lenient than the
 * standard where nothing else could be meant (indentation inside of brackets and quotes). Recursion is bounded by the depth
 * of the tree. Numbers of productions are those of YAML 1.2.2.
 */
#include "languages/sigma/yaml_tree.h"

#include "base/unicode.h"

typedef struct {
    yaml_tree *tree;
    pk_str s;
    size_t at;
    size_t offset;                      /* of the first line: behind the byte order mark */
} parser;

/* Where a node may stand: behind "key:" no block collection begins on the same line, behind "- " it may. */
typedef enum { AT_START, BEHIND_KEY, BEHIND_DASH } position;

/* ---- characters ---- */

static char char_at(const parser *p, size_t at) { return at < p->s.len ? p->s.ptr[at] : '\0'; }

static bool is_break(const parser *p, size_t at)
{
    char c = char_at(p, at);
    return at >= p->s.len || c == '\n' || (c == '\r' && char_at(p, at + 1) == '\n');
}

static bool is_blank(const parser *p, size_t at) { return char_at(p, at) == ' ' || char_at(p, at) == '\t'; }
static bool is_gap(const parser *p, size_t at) { return is_blank(p, at) || is_break(p, at); }
static bool is_flow_mark(char c) { return c && strchr(",[]{}", c); }

static size_t behind_break(const parser *p, size_t at)
{
    if (char_at(p, at) == '\r') at++;
    return at < p->s.len ? at + 1 : at;
}

static size_t line_start(const parser *p, size_t at)
{
    size_t start = p->tree->source.lines[yaml_line_of(&p->tree->source, at)];
    return start > p->offset ? start : p->offset;
}

static int column(const parser *p) { return (int)(p->at - line_start(p, p->at)); }

/* Nothing but blanks before p->at on its line. */
static bool begins_line(const parser *p)
{
    size_t at = line_start(p, p->at);
    while (at < p->at && is_blank(p, at)) at++;
    return at == p->at;
}

/* "---" or "..." at the beginning of a line (productions 203, 204). */
static bool is_marker(const parser *p, size_t at, const char *marker)
{
    return at + 3 <= p->s.len && memcmp(p->s.ptr + at, marker, 3) == 0 && is_gap(p, at + 3) && at == line_start(p, at);
}

static bool at_end(const parser *p)
{
    return p->at >= p->s.len || is_marker(p, p->at, "---") || is_marker(p, p->at, "...");
}

static void fail_at(parser *p, size_t at, const char *hint, const char *message)
{
    yaml_fail(p->tree, "sigma-yaml", yaml_span(&p->tree->source, at, at + 1), arena_str(p->tree->arena, str_from(message)),
              str_from(hint));
}

static void skip_line_blanks(parser *p)
{
    while (is_blank(p, p->at)) p->at++;
}

/* Blanks, comments and line ends. A '#' begins a comment at the start of a line or behind a blank. */
static void skip_blanks(parser *p)
{
    for (;;) {
        skip_line_blanks(p);
        bool comment = char_at(p, p->at) == '#' && (p->at == p->offset || is_gap(p, p->at - 1));
        if (comment)
            while (!is_break(p, p->at)) p->at++;
        if (p->at >= p->s.len || !is_break(p, p->at)) return;
        p->at = behind_break(p, p->at);
    }
}

/* A tab may not indent (section 6.1). */
static bool tab_indents(const parser *p)
{
    for (size_t at = line_start(p, p->at); at < p->at; at++)
        if (p->s.ptr[at] == '\t') return begins_line(p);
    return false;
}

/* ---- texts over several lines ---- */

/* Folds a line end of a plain or quoted scalar, which stands at p->at: one becomes a blank, more keep all but the first. */
static void fold_break(parser *p, text *out)
{
    size_t breaks = 0;
    for (;;) {
        size_t at = p->at;
        while (is_blank(p, at)) at++;
        if (at >= p->s.len || !is_break(p, at)) {
            p->at = at;
            break;
        }
        p->at = behind_break(p, at);
        breaks++;
    }
    if (breaks == 1) text_put_char(out, ' ');
    for (size_t i = 1; i < breaks; i++) text_put_char(out, '\n');
}

static pk_str kept(parser *p, text *t)
{
    pk_str s = arena_str(p->tree->arena, text_view(t));
    text_free(t);
    return s;
}

/* ---- quoted scalars (7.3.1, 7.3.2) ---- */

static uint32_t hex_digits(const parser *p, size_t at, size_t count)
{
    uint32_t n = 0;
    for (size_t i = 0; i < count; i++) {
        char c = char_at(p, at + i);
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
                       : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (uint32_t)((c | 0x20) - 'a' + 10) : 16;
        if (digit > 15) return UINT32_MAX;
        n = n * 16 + digit;
    }
    return n;
}

static void put_code_point(text *out, uint32_t c)
{
    char bytes[4];
    text_put(out, (pk_str){bytes, utf8_put(bytes, c)});
}

/* \x41 \u0041 \U00000041, and pairs of surrogates as JSON writes them. */
static bool read_code(parser *p, text *out, size_t digits)
{
    uint32_t c = hex_digits(p, p->at + 2, digits);
    size_t len = 2 + digits;
    if (c >= 0xD800 && c < 0xDC00 && char_at(p, p->at + len) == '\\' && char_at(p, p->at + len + 1) == 'u') {
        uint32_t low = hex_digits(p, p->at + len + 2, 4);
        if (low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            len += 6;
        }
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return false;
    put_code_point(out, c);
    p->at += len;
    return true;
}

static bool read_escape(parser *p, text *out)
{
    static const char names[] = "0abt\tnvfre \"/\\", values[] = "\0\a\b\t\t\n\v\f\r\x1b \"/\\";
    char c = char_at(p, p->at + 1);
    const char *found = c || p->at + 1 < p->s.len ? memchr(names, c, sizeof names - 1) : NULL;
    if (found) {
        text_put_char(out, values[found - names]);
        p->at += 2;
        return true;
    }
    uint32_t other = c == 'N' ? 0x85 : c == '_' ? 0xA0 : c == 'L' ? 0x2028 : c == 'P' ? 0x2029 : 0;
    if (other) {
        put_code_point(out, other);
        p->at += 2;
        return true;
    }
    return (c == 'x' || c == 'u' || c == 'U') && read_code(p, out, c == 'x' ? 2 : c == 'u' ? 4 : 8);
}

/* A backslash in double quotes: an escape, or a line end that is no blank. */
static bool read_backslash(parser *p, text *out)
{
    if (is_break(p, p->at + 1) && p->at + 1 < p->s.len) {
        text ignored = {0};
        p->at++;
        fold_break(p, &ignored);
        for (size_t i = 0; i < ignored.len; i++)
            if (ignored.ptr[i] == '\n') text_put_char(out, '\n');
        text_free(&ignored);
        return true;
    }
    if (read_escape(p, out)) return true;
    char message[64] = "invalid escape '\\?' in double quotes";
    char c = char_at(p, p->at + 1);
    message[17] = c > ' ' && c < 0x7f ? c : '?';
    fail_at(p, p->at, "in double quotes a backslash begins an escape: use single quotes", message);
    return false;
}

static yaml_node *parse_quoted(parser *p)
{
    size_t start = p->at++;
    char quote = p->s.ptr[start];
    bool verbatim = true;
    text out = {0};
    for (;;) {
        size_t run = p->at;
        while (!is_break(p, p->at) && p->s.ptr[p->at] != quote && !(quote == '"' && p->s.ptr[p->at] == '\\')) p->at++;
        size_t end = p->at;
        if (p->at < p->s.len && is_break(p, p->at))
            while (end > run && is_blank(p, end - 1)) end--;
        bool closes = char_at(p, p->at) == quote && !(quote == '\'' && char_at(p, p->at + 1) == quote);
        if (p->at < p->s.len && closes && verbatim) break;
        verbatim = false;
        text_put(&out, str_slice(p->s, run, end - run));
        if (at_end(p)) {
            fail_at(p, start, "is the closing quote missing?", quote == '"' ? "a text in double quotes has no end"
                                                                           : "a text in single quotes has no end");
            break;
        }
        if (closes) break;
        if (char_at(p, p->at) == quote) {
            text_put_char(&out, quote);
            p->at += 2;
        } else if (char_at(p, p->at) == '\\') {
            if (!read_backslash(p, &out)) break;
        } else {
            fold_break(p, &out);
        }
    }
    pk_str content = verbatim ? str_slice(p->s, start + 1, p->at - start - 1) : kept(p, &out);
    if (p->at < p->s.len) p->at++;
    return yaml_scalar(p->tree, quote == '"' ? YAML_DOUBLE_QUOTED : YAML_SINGLE_QUOTED, content, start, p->at, true);
}

/* ---- plain scalars (7.3.3) ---- */

static bool begins_plain(const parser *p, bool flow)
{
    char c = char_at(p, p->at);
    if (c == '-' || c == '?' || c == ':')
        return !is_gap(p, p->at + 1) && !(flow && is_flow_mark(char_at(p, p->at + 1)));
    return c && !strchr(",[]{}#&*!|>'\"%@`", c);
}

static bool is_colon(const parser *p, size_t at, bool flow)
{
    return char_at(p, at) == ':' && (is_gap(p, at + 1) || (flow && is_flow_mark(char_at(p, at + 1))));
}

/* The end of the plain text on this line; p->at stops at what ends it. */
static size_t plain_line(parser *p, bool flow)
{
    size_t end = p->at;
    while (!is_break(p, p->at)) {
        char c = p->s.ptr[p->at];
        if (is_colon(p, p->at, flow) || (flow && is_flow_mark(c)) || (c == '#' && is_blank(p, p->at - 1))) break;
        p->at++;
        if (!is_blank(p, p->at - 1)) end = p->at;
    }
    return end;
}

/* Does the plain scalar go on in the lines below? If so p->at moves to the text there. */
static bool plain_continues(parser *p, int parent, bool flow, text *out)
{
    size_t before = p->at, length = out->len;
    if (p->at >= p->s.len || !is_break(p, p->at)) return false;
    fold_break(p, out);
    char c = char_at(p, p->at);
    if (!at_end(p) && c != '#' && !(flow && (is_flow_mark(c) || is_colon(p, p->at, true))) && (flow || column(p) > parent))
        return true;
    p->at = before;
    out->len = length;
    return false;
}

static yaml_node *parse_plain(parser *p, int parent, bool flow, bool said_text)
{
    size_t start = p->at, end = plain_line(p, flow);
    pk_str first = str_slice(p->s, start, end - start);
    text out = {0};
    bool lines = false;
    while (!is_colon(p, p->at, flow) && plain_continues(p, parent, flow, &out)) {
        if (!lines) {
            pk_str gap = arena_str(p->tree->arena, text_view(&out));
            text_clear(&out);
            text_put(&out, first);
            text_put(&out, gap);
        }
        lines = true;
        size_t from = p->at;
        end = plain_line(p, flow);
        text_put(&out, str_slice(p->s, from, end - from));
        if (!flow && is_colon(p, p->at, false)) {
            fail_at(p, p->at, "is the line above without a ':', or this one indented too far?",
                    "a key inside a text of several lines");
            break;
        }
    }
    pk_str content = lines ? kept(p, &out) : first;
    if (!lines) text_free(&out);
    return yaml_scalar(p->tree, YAML_PLAIN, content, start, end, said_text);
}

/* ---- block scalars (8.1) ---- */

typedef struct { bool folded, strip, keep; int indent; } block_header;

/* '|' or '>', then an indentation and a chomping indicator in any order. */
static bool read_block_header(parser *p, block_header *h)
{
    h->folded = p->s.ptr[p->at++] == '>';
    for (;; p->at++) {
        char c = char_at(p, p->at);
        if (c == '-') h->strip = true;
        else if (c == '+') h->keep = true;
        else if (c >= '1' && c <= '9') h->indent = c - '0';
        else break;
    }
    skip_line_blanks(p);
    if (char_at(p, p->at) == '#' && is_blank(p, p->at - 1))
        while (!is_break(p, p->at)) p->at++;
    if (is_break(p, p->at)) {
        p->at = behind_break(p, p->at);
        return true;
    }
    fail_at(p, p->at, "", "a text behind '|' or '>' begins on the next line");
    return false;
}

static size_t spaces_at(const parser *p, size_t at)
{
    size_t n = 0;
    while (char_at(p, at + n) == ' ') n++;
    return n;
}

/* Indentation of the first line that isn't empty; 0 if there is none that is indented deeper than `parent`. */
static size_t detect_indent(const parser *p, int parent)
{
    for (size_t at = p->at; at < p->s.len;) {
        size_t n = spaces_at(p, at);
        if (!is_break(p, at + n)) return (int)n > parent ? n : 0;
        at = behind_break(p, at + n);
    }
    return 0;
}

/* Adds one line with the line ends before it. Folding joins neighbouring lines that begin with no blank. */
static void put_block_line(text *out, pk_str line, size_t breaks, bool folded, bool *spaced, bool first)
{
    bool blank = line.ptr[0] == ' ' || line.ptr[0] == '\t';
    if (first || !folded || blank || *spaced) {
        for (size_t i = 0; i < breaks; i++) text_put_char(out, '\n');
    } else if (breaks == 1) {
        text_put_char(out, ' ');
    } else {
        for (size_t i = 1; i < breaks; i++) text_put_char(out, '\n');
    }
    text_put(out, line);
    *spaced = blank;
}

static yaml_node *parse_block_scalar(parser *p, int parent)
{
    size_t begin = p->at;
    block_header h = {0};
    if (!read_block_header(p, &h)) return yaml_scalar(p->tree, YAML_BLOCK, STR(""), begin, p->at, true);
    size_t indent = h.indent ? (size_t)((parent > 0 ? parent : 0) + h.indent) : detect_indent(p, parent);
    bool none = !h.indent && !indent && (parent >= 0 || p->at >= p->s.len), spaced = false, first = true;
    text out = {0};
    size_t breaks = 0, start = p->at, end = p->at;
    while (p->at < p->s.len) {
        size_t n = spaces_at(p, p->at), line = p->at + (n < indent ? n : indent), stop = line;
        if (is_break(p, p->at + n) && (n <= indent || none)) {
            p->at = behind_break(p, p->at + n);
            breaks++;
            continue;
        }
        if (none || n < indent || (n == 0 && at_end(p))) break;
        while (!is_break(p, stop)) stop++;
        put_block_line(&out, str_slice(p->s, line, stop - line), breaks, h.folded, &spaced, first);
        if (first) start = line;
        first = false;
        end = stop;
        p->at = behind_break(p, stop);
        breaks = stop < p->s.len;
    }
    if (h.keep) for (size_t i = 0; i < breaks; i++) text_put_char(&out, '\n');
    else if (!h.strip && !first && breaks) text_put_char(&out, '\n');
    return yaml_scalar(p->tree, YAML_BLOCK, kept(p, &out), first ? begin : start, first ? begin + 1 : end, true);
}

/* ---- properties and aliases (6.9, 7.1) ---- */

typedef struct { pk_str anchor; bool said_text, any; } properties;

static size_t name_end(const parser *p, size_t at)
{
    while (!is_gap(p, at) && !is_flow_mark(char_at(p, at))) at++;
    return at;
}

/* An anchor or a tag at p->at; false if none stands there. */
static bool read_property(parser *p, properties *out)
{
    char c = char_at(p, p->at);
    if (c != '&' && c != '!') return false;
    size_t end = name_end(p, p->at);
    pk_str name = str_slice(p->s, p->at + 1, end - p->at - 1);
    if (c == '&' && !name.len) fail_at(p, p->at, "put a text that begins with '&' in quotes", "an anchor without a name");
    if (c == '&') out->anchor = name;
    else out->said_text = str_equal(name, STR("!str")) || str_equal(name, STR("<tag:yaml.org,2002:str>"));
    out->any = true;
    p->at = end;
    return true;
}

static yaml_node *parse_alias(parser *p)
{
    size_t start = p->at, end = name_end(p, start + 1);
    /* in `*a: v` the colon ends the name */
    if (end > start + 1 && p->s.ptr[end - 1] == ':') end--;
    p->at = end;
    return yaml_alias(p->tree, str_slice(p->s, start + 1, end - start - 1), start, end);
}

static void place_empty(parser *p, const properties *props, size_t at)
{
    yaml_place(p->tree, yaml_scalar(p->tree, YAML_PLAIN, STR(""), at, at, props->said_text), props->anchor);
}

static void refuse_plain(parser *p)
{
    char message[64] = "a text can't begin with '?'";
    message[25] = char_at(p, p->at);
    fail_at(p, p->at, "put it in single quotes", message);
}

/* One scalar or alias that may be a key. */
static yaml_node *parse_scalar(parser *p, int parent, bool flow, bool said_text)
{
    char c = char_at(p, p->at);
    if (c == '*') return parse_alias(p);
    if (c == '"' || c == '\'') return parse_quoted(p);
    if (begins_plain(p, flow)) return parse_plain(p, parent, flow, said_text);
    refuse_plain(p);
    return yaml_scalar(p->tree, YAML_PLAIN, STR(""), p->at, p->at, false);
}

/* ---- flow collections (7.4) ---- */

static void parse_flow(parser *p, pk_str anchor);

/* A key of a flow collection stands before p->at: its ':' may touch what follows if the key is quoted. */
static bool accept_flow_colon(parser *p, const yaml_node *key)
{
    skip_blanks(p);
    bool quoted = key->style == YAML_SINGLE_QUOTED || key->style == YAML_DOUBLE_QUOTED;
    if (char_at(p, p->at) != ':' || !(quoted || is_colon(p, p->at, true))) return false;
    p->at++;
    return true;
}

static void parse_flow_value(parser *p);

/* `key: value` with the key read already, or `key` alone. */
static void parse_flow_pair(parser *p, yaml_node *key, pk_str anchor)
{
    size_t end = p->at;
    yaml_place(p->tree, key, anchor);
    if (p->tree->failed) return;
    if (!accept_flow_colon(p, key)) {
        place_empty(p, &(properties){0}, end);
        return;
    }
    end = p->at;
    skip_blanks(p);
    char c = char_at(p, p->at);
    if (c == ',' || c == '}' || c == ']') place_empty(p, &(properties){0}, end);
    else parse_flow_value(p);
}

static properties flow_properties(parser *p)
{
    properties props = {0};
    while (!p->tree->failed && read_property(p, &props)) skip_blanks(p);
    return props;
}

static bool is_flow_end(const parser *p)
{
    char c = char_at(p, p->at);
    return c == ',' || c == '}' || c == ']' || at_end(p);
}

/* A value of a map, or an item of a list that is no pair. */
static void parse_flow_value(parser *p)
{
    properties props = flow_properties(p);
    char c = char_at(p, p->at);
    if (p->tree->failed) return;
    if (c == '[' || c == '{') parse_flow(p, props.anchor);
    else if (is_flow_end(p)) place_empty(p, &props, p->at);
    else yaml_place(p->tree, parse_scalar(p, -1, true, props.said_text), props.anchor);
}

static void parse_flow_entry(parser *p, bool map)
{
    properties props = flow_properties(p);
    char c = char_at(p, p->at);
    if (p->tree->failed) return;
    if (c == '[' || c == '{') {
        if (map) fail_at(p, p->at, "", "a key must be a text");
        else parse_flow(p, props.anchor);
        return;
    }
    if (is_flow_end(p)) {
        if (map) fail_at(p, p->at, "", "expected a key");
        else place_empty(p, &props, p->at);
        return;
    }
    size_t start = p->at;
    yaml_node *n = parse_scalar(p, -1, true, props.said_text);
    if (p->tree->failed) return;
    if (map) {
        parse_flow_pair(p, n, props.anchor);
        return;
    }
    size_t end = p->at;
    bool pair = accept_flow_colon(p, n);
    p->at = end;
    if (!pair) {
        yaml_place(p->tree, n, props.anchor);
        return;
    }
    yaml_open(p->tree, YAML_MAP, start, STR(""));
    if (p->tree->failed) return;
    parse_flow_pair(p, n, props.anchor);
    if (!p->tree->failed) yaml_close(p->tree, 0);
}

/* '[' entries ']' or '{' entries '}'. */
static void parse_flow(parser *p, pk_str anchor)
{
    size_t start = p->at++;
    bool map = p->s.ptr[start] == '{';
    char close = map ? '}' : ']';
    yaml_open(p->tree, map ? YAML_MAP : YAML_LIST, start, anchor);
    while (!p->tree->failed) {
        skip_blanks(p);
        char c = char_at(p, p->at);
        if (at_end(p)) {
            fail_at(p, start, "", map ? "a '{' without its '}'" : "a '[' without its ']'");
        } else if (c == close) {
            yaml_close(p->tree, ++p->at);
            return;
        } else if (c == ',') {
            fail_at(p, p->at, "", "a value is missing before this ','");
        } else {
            parse_flow_entry(p, map);
            if (p->tree->failed) return;
            skip_blanks(p);
            c = char_at(p, p->at);
            if (c == ',') p->at++;
            else if (c != close && !at_end(p)) fail_at(p, p->at, "", map ? "expected ',' or '}'" : "expected ',' or ']'");
        }
    }
}

/* ---- block collections (8.2) ---- */

static void parse_node(parser *p, int parent, position where);

static bool is_dash(const parser *p) { return char_at(p, p->at) == '-' && is_gap(p, p->at + 1); }

/* ---- maps: "key:" value, all keys at one column ---- */

static bool is_key(parser *p, const yaml_node *n, size_t start)
{
    size_t end = p->at;
    skip_line_blanks(p);
    bool key = is_colon(p, p->at, false) && line_start(p, start) == line_start(p, end);
    if (!key) p->at = end;
    return key && n;
}

/* The key of a further entry; NULL after an error. */
static yaml_node *parse_key(parser *p, properties *props)
{
    size_t start = p->at;
    while (!p->tree->failed && read_property(p, props)) skip_line_blanks(p);
    if (is_dash(p)) {
        fail_at(p, p->at, "", "expected a key, found an item of a list");
        return NULL;
    }
    if (char_at(p, p->at) == '?' && is_gap(p, p->at + 1)) {
        fail_at(p, p->at, "", "complex keys are not supported");
        return NULL;
    }
    yaml_node *n = p->tree->failed ? NULL : parse_scalar(p, INT32_MAX, false, props->said_text);
    if (p->tree->failed) return NULL;
    if (is_key(p, n, start)) return n;
    fail_at(p, p->at, "", "expected ':' behind the key");
    return NULL;
}

static void parse_map(parser *p, int indent, size_t start, yaml_node *key, properties *props, pk_str anchor)
{
    yaml_open(p->tree, YAML_MAP, start, anchor);
    while (!p->tree->failed) {
        yaml_place(p->tree, key, props->anchor);
        if (p->tree->failed) return;
        p->at++;
        parse_node(p, indent, BEHIND_KEY);
        if (p->tree->failed) return;
        skip_blanks(p);
        if (at_end(p) || (begins_line(p) && column(p) < indent)) {
            yaml_close(p->tree, 0);
            return;
        }
        if (!begins_line(p)) {
            fail_at(p, p->at, "must the whole value stand in quotes?", "unexpected text behind the value");
        } else if (tab_indents(p)) {
            fail_at(p, p->at, "use blanks", "a tab can't indent");
        } else if (column(p) > indent) {
            fail_at(p, p->at, "", "indented deeper than the keys before");
        } else {
            *props = (properties){0};
            key = parse_key(p, props);
        }
    }
}

/* ---- lists: "- " item, all dashes at one column ---- */

static void parse_list(parser *p, int indent, pk_str anchor)
{
    yaml_open(p->tree, YAML_LIST, p->at, anchor);
    while (!p->tree->failed) {
        p->at++;
        parse_node(p, indent, BEHIND_DASH);
        if (p->tree->failed) return;
        skip_blanks(p);
        bool fresh = begins_line(p);
        if (at_end(p) || (fresh && column(p) < indent) || (fresh && column(p) == indent && !is_dash(p))) {
            yaml_close(p->tree, 0);
            return;
        }
        if (!fresh) fail_at(p, p->at, "must the whole value stand in quotes?", "unexpected text behind the value");
        else if (tab_indents(p)) fail_at(p, p->at, "use blanks", "a tab can't indent");
        else if (column(p) > indent) fail_at(p, p->at, "", "indented deeper than the items before");
    }
}

/* ---- any node ---- */

/* Is the token that begins a line deep enough to belong to a node below `parent`? A list may stand under its key. */
static bool belongs(const parser *p, int parent, position where)
{
    int c = column(p);
    return c > parent || (c == parent && where == BEHIND_KEY && is_dash(p));
}

/* What stands at p->at, whose properties are read: `own` those on its line, which begins at `start` with them, `outer` those
 * on a line above. */
static void parse_content(parser *p, int parent, position where, size_t start, properties own, properties outer)
{
    char c = char_at(p, p->at);
    pk_str anchor = own.anchor.len ? own.anchor : outer.anchor;
    parser first = *p;
    first.at = start;
    int indent = column(&first);
    bool inline_value = where == BEHIND_KEY && !begins_line(&first);
    if (is_dash(p)) {
        if (inline_value || own.any) fail_at(p, p->at, "", "a list begins on a line of its own");
        else parse_list(p, indent, anchor);
    } else if (c == '?' && is_gap(p, p->at + 1)) {
        fail_at(p, p->at, "", "complex keys are not supported");
    } else if (c == '[' || c == '{') {
        parse_flow(p, anchor);
    } else if (c == '|' || c == '>') {
        yaml_place(p->tree, parse_block_scalar(p, parent), anchor);
    } else {
        yaml_node *n = parse_scalar(p, parent, false, own.said_text || outer.said_text);
        if (p->tree->failed) return;
        if (!is_key(p, n, start)) yaml_place(p->tree, n, anchor);
        else if (inline_value) fail_at(p, p->at, "put a value that holds ': ' in quotes", "a ':' inside a value");
        else parse_map(p, indent, start, n, &own, outer.anchor);
    }
}

/* The node that belongs to a key, a dash or a document; nothing there is null. */
static void parse_node(parser *p, int parent, position where)
{
    properties own = {0}, outer = {0};
    size_t before = p->at, start = p->at;
    for (;;) {
        skip_blanks(p);
        bool fresh = begins_line(p);
        if (at_end(p) || (fresh && !belongs(p, parent, where))) {
            place_empty(p, own.any ? &own : &outer, before);
            return;
        }
        if (fresh && tab_indents(p)) {
            fail_at(p, p->at, "use blanks", "a tab can't indent");
            return;
        }
        if (own.any && fresh) {
            outer = own;
            own = (properties){0};
        }
        if (!own.any) start = p->at;
        if (!read_property(p, &own)) {
            parse_content(p, parent, where, start, own, outer);
            return;
        }
        if (p->tree->failed) return;
    }
}

/* ---- documents (9) ---- */

/* Lines before a document: comments, directives, ends of documents. False at the end of the text. */
static bool skip_to_document(parser *p)
{
    for (;;) {
        skip_blanks(p);
        if (p->at >= p->s.len) return false;
        bool line = is_marker(p, p->at, "...") || (p->s.ptr[p->at] == '%' && column(p) == 0);
        if (!line) return true;
        while (!is_break(p, p->at)) p->at++;
    }
}

/* Behind "---" and the rest of its line, if that is blank. */
static size_t document_start(parser *p)
{
    size_t at = p->at + 3;
    while (is_blank(p, at)) at++;
    return is_break(p, at) ? behind_break(p, at) : p->at + 3;
}

static void parse_documents(parser *p)
{
    size_t start = 0;
    bool first = true;
    while (!p->tree->failed && skip_to_document(p)) {
        bool marked = is_marker(p, p->at, "---");
        if (!first) yaml_end_document(p->tree, p->at);
        if (marked && !first) start = document_start(p);
        else if (!first) start = p->at;
        yaml_start_document(p->tree, start);
        first = false;
        if (marked) p->at += 3;
        parse_node(p, -1, AT_START);
        if (p->tree->failed) return;
        skip_blanks(p);
        if (!at_end(p)) fail_at(p, p->at, "is the indentation right?", "unexpected text behind the end of the document");
    }
}

/* ---- the file ---- */

static bool is_forbidden(char c) { return (uint8_t)c < ' ' && c != '\n' && c != '\t' && c != '\r'; }

/* Invalid UTF-8 and control characters are replaced, so that the rest can be read; the place of the first is `at`. A lone CR,
 * a line break for YAML, becomes LF. */
static pk_str readable(arena *a, pk_str file, size_t *at)
{
    size_t bad = utf8_bad_at(file), control = 0, lone = 0;
    while (control < file.len && !is_forbidden(file.ptr[control])) control++;
    *at = bad < control ? bad : control < file.len ? control : STR_NPOS;
    while (lone < file.len && !(file.ptr[lone] == '\r' && (lone + 1 == file.len || file.ptr[lone + 1] != '\n'))) lone++;
    if (lone < file.len || control < file.len) {
        char *bytes = arena_cstring(a, file);
        for (size_t i = 0; i < file.len; i++) {
            if (is_forbidden(bytes[i])) bytes[i] = '?';
            else if (bytes[i] == '\r' && (i + 1 == file.len || bytes[i + 1] != '\n')) bytes[i] = '\n';
        }
        file.ptr = bytes;
    }
    return bad == STR_NPOS ? file : utf8_repair(a, file);
}

yaml_file yaml_read(arena *a, pk_str content)
{
    yaml_tree t = {.arena = a};
    size_t bad = STR_NPOS;
    bool too_long = content.len > YAML_MAX_BYTES;
    t.source.text = too_long ? str_slice(content, 0, 0) : readable(a, content, &bad);
    yaml_find_lines(a, &t.source);
    parser p = {.tree = &t, .s = t.source.text};
    p.at = p.offset = str_starts_with(p.s, STR("\xef\xbb\xbf")) ? 3 : 0;
    if (!too_long) parse_documents(&p);
    if (!t.documents.len && (too_long || bad != STR_NPOS)) yaml_start_document(&t, 0);
    if (too_long)
        yaml_fail(&t, "sigma-limit", yaml_span(&t.source, 0, 0),
                  arena_printf(a, "a rule file of more than %u MB is not read", YAML_MAX_BYTES >> 20), STR(""));
    if (bad != STR_NPOS)
        yaml_add_problem(&t, "sigma-encoding", yaml_span(&t.source, bad, bad + 1),
                         STR("this byte is not valid in UTF-8 text"), STR("save the file as UTF-8"));
    if (t.failed) yaml_close_broken(&t);
    if (t.documents.len) yaml_end_document(&t, t.source.text.len);
    vec_free(&t.stack);
    return (yaml_file){.source = t.source, .documents = t.documents.at, .count = t.documents.len};
}
