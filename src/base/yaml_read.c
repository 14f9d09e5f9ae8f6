/*
 * From libyaml's events to the tree. libyaml owns the syntax; here its characters become bytes of the source, its copies views
 * of it, and a text that breaks off a tree of what came before.
 */
#include <yaml.h>

#include "base/unicode.h"
#include "base/yaml_errors.h"
#include "base/yaml_tree.h"

typedef struct {
    yaml_tree tree;
    size_t byte, character;             /* the same place, as the source counts and as libyaml's marks do */
    bool ascii;                         /* both count alike */
    const yaml_node *last;              /* see yaml_failure */
} reader;

/* ---- places ---- */

static bool continues(char c) { return ((uint8_t)c & 0xc0) == 0x80; }

/* The byte at which a mark stands. Marks hardly ever go back, so that all together cost one walk over the text. */
static size_t byte_of(reader *r, yaml_mark_t mark)
{
    pk_str s = r->tree.source.text;
    if (r->ascii) return mark.index < s.len ? mark.index : s.len;
    for (; r->character < mark.index && r->byte < s.len; r->character++)
        for (r->byte++; r->byte < s.len && continues(s.ptr[r->byte]);) r->byte++;
    for (; r->character > mark.index; r->character--)
        for (r->byte--; continues(s.ptr[r->byte]);) r->byte--;
    return r->byte;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_break(char c) { return c == '\n' || c == '\r'; }

static size_t behind_line(pk_str s, size_t at)
{
    while (at < s.len && s.ptr[at] != '\n') at++;
    return at < s.len ? at + 1 : at;
}

/* Behind "---" and the rest of its line, if that is blank. */
static size_t behind_marker(pk_str s, size_t at)
{
    size_t end = at;
    while (end < s.len && is_blank(s.ptr[end])) end++;
    return end == s.len || is_break(s.ptr[end]) ? behind_line(s, end) : at;
}

/* An event begins with its anchor and tag: where what they belong to begins. */
static size_t behind_properties(pk_str s, size_t at, size_t end)
{
    while (at < end && (s.ptr[at] == '&' || s.ptr[at] == '!')) {
        while (at < end && !is_blank(s.ptr[at]) && !is_break(s.ptr[at])) at++;
        while (at < end && (is_blank(s.ptr[at]) || is_break(s.ptr[at]) || s.ptr[at] == '#'))
            at = s.ptr[at] == '#' ? behind_line(s, at) : at + 1;
    }
    return at < end ? at : end;
}

/* ---- scalars ---- */

static pk_str bytes_of(const yaml_char_t *s, size_t len) { return (pk_str){(const char *)s, len}; }

static pk_str anchor_of(reader *r, const yaml_char_t *name)
{
    return name ? arena_str(r->tree.arena, bytes_of(name, strlen((const char *)name))) : STR("");
}

static yaml_style style_of(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return YAML_SINGLE_QUOTED;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return YAML_DOUBLE_QUOTED;
    case YAML_LITERAL_SCALAR_STYLE: case YAML_FOLDED_SCALAR_STYLE: return YAML_BLOCK;
    case YAML_PLAIN_SCALAR_STYLE: case YAML_ANY_SCALAR_STYLE: break;
    }
    return YAML_PLAIN;
}

/* A block scalar from its first character to its last, without the '|' and the indentation. */
static void trim_block(pk_str s, pk_str content, size_t *start, size_t *end)
{
    size_t at = behind_line(s, *start), blanks = 0;
    if (!content.len || at >= *end) return;
    while (blanks < content.len && content.ptr[blanks] == ' ') blanks++;
    if (!is_break(content.ptr[0])) {
        size_t text_at = at;
        while (text_at < *end && s.ptr[text_at] == ' ') text_at++;
        at = text_at - at >= blanks ? text_at - blanks : at;
    }
    while (*end > at && (is_blank(s.ptr[*end - 1]) || is_break(s.ptr[*end - 1]))) --*end;
    *start = at;
}

static void take_scalar(reader *r, const yaml_event_t *e, size_t start, size_t end)
{
    pk_str s = r->tree.source.text, content = bytes_of(e->data.scalar.value, e->data.scalar.length);
    yaml_style style = style_of(e->data.scalar.style);
    const char *tag = (const char *)e->data.scalar.tag;
    if (e->data.scalar.anchor || tag) start = behind_properties(s, start, end);
    if (style == YAML_BLOCK) trim_block(s, content, &start, &end);
    pk_str verbatim = str_slice(s, start + (style == YAML_SINGLE_QUOTED || style == YAML_DOUBLE_QUOTED), content.len);
    content = str_equal(verbatim, content) ? verbatim : arena_str(r->tree.arena, content);
    yaml_node *n = yaml_scalar(&r->tree, style, content, start, end, tag && strcmp(tag, YAML_STR_TAG) == 0);
    yaml_place(&r->tree, n, anchor_of(r, e->data.scalar.anchor));
    r->last = n;
}

/* ---- events ---- */

static void take_open(reader *r, yaml_kind kind, size_t start, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    pk_str s = r->tree.source.text;
    if (anchor || tag) start = behind_properties(s, start, s.len);
    yaml_open(&r->tree, kind, start, anchor_of(r, anchor));
}

/* What a block holds ends with its last child; brackets have an end of their own. */
static void take_close(reader *r, size_t end)
{
    size_t start = r->tree.stack.at[r->tree.stack.len - 1].node->span.start;
    char c = start < r->tree.source.text.len ? r->tree.source.text.ptr[start] : '\0';
    yaml_close(&r->tree, c == '[' || c == '{' ? end : 0);
}

static void take_document(reader *r, const yaml_event_t *e, size_t start, size_t end)
{
    size_t first = e->data.document_start.implicit ? start : behind_marker(r->tree.source.text, end);
    if (r->tree.documents.len) yaml_end_document(&r->tree, start);
    else first = 0;
    yaml_start_document(&r->tree, first);
}

static void take_event(reader *r, const yaml_event_t *e)
{
    size_t start = byte_of(r, e->start_mark), end = byte_of(r, e->end_mark);
    r->last = NULL;
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT: take_document(r, e, start, end); break;
    case YAML_SCALAR_EVENT: take_scalar(r, e, start, end); break;
    case YAML_ALIAS_EVENT:
        yaml_place(&r->tree, yaml_alias(&r->tree, anchor_of(r, e->data.alias.anchor), start, end), STR(""));
        break;
    case YAML_SEQUENCE_START_EVENT:
        take_open(r, YAML_LIST, start, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        take_open(r, YAML_MAP, start, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT: case YAML_MAPPING_END_EVENT: take_close(r, end); break;
    case YAML_NO_EVENT: case YAML_STREAM_START_EVENT: case YAML_STREAM_END_EVENT: case YAML_DOCUMENT_END_EVENT: break;
    }
}

static void take_error(reader *r, const yaml_parser_t *p)
{
    if (!r->tree.documents.len) yaml_start_document(&r->tree, 0);
    if (p->error == YAML_MEMORY_ERROR) {
        yaml_fail(&r->tree, YAML_LIMIT, yaml_span(&r->tree.source, 0, 0), STR("too large to be read"), STR(""));
        return;
    }
    size_t problem = byte_of(r, p->problem_mark), context = p->context ? byte_of(r, p->context_mark) : problem;
    yaml_explain(&(yaml_failure){&r->tree, p->context, p->problem, context, problem, r->last});
}

static void read_events(reader *r)
{
    yaml_parser_t p;
    yaml_event_t e;
    pk_str s = str_slice(r->tree.source.text, r->byte, STR_NPOS);
    bool more = yaml_parser_initialize(&p);
    if (!more) yaml_fail(&r->tree, YAML_LIMIT, yaml_span(&r->tree.source, 0, 0), STR("too large to be read"), STR(""));
    if (!more) return;
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)s.ptr, s.len);
    while (more && !r->tree.failed) {
        if (!yaml_parser_parse(&p, &e)) {
            take_error(r, &p);
            break;
        }
        take_event(r, &e);
        more = e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&p);
}

/* ---- the file ---- */

/* Is the character at *at one that YAML allows (1.2.2, production 1)? *at moves behind it. */
static bool is_printable(pk_str s, size_t *at)
{
    size_t start = *at;
    uint8_t lead = (uint8_t)s.ptr[start];
    if (lead < 0x80) {
        ++*at;
        return (lead >= ' ' && lead < 0x7f) || lead == '\n' || lead == '\r' || lead == '\t';
    }
    uint32_t c = utf8_next(s, at);
    if (c == 0xfffd) return *at - start == 3; /* else it stands for an invalid byte */
    return (c >= 0xa0 || c == 0x85) && c != 0xfffe && c != 0xffff;
}

/* Characters that YAML does not allow and invalid UTF-8 become '_', so that the rest can be read; `bad` is the place of the
 * first. A lone CR, a line break for YAML, becomes LF. Every byte keeps its place. */
static pk_str readable(arena *a, pk_str file, size_t *bad, bool *ascii)
{
    char *copy = NULL;
    *ascii = true;
    for (size_t at = 0, next = 0; at < file.len; at = next) {
        if ((file.ptr[at] >= ' ' && file.ptr[at] < 0x7f) || file.ptr[at] == '\n') { /* nearly always */
            next = at + 1;
            continue;
        }
        *ascii &= (uint8_t)file.ptr[at] < 0x80;
        next = at;
        bool good = is_printable(file, &next);
        bool lone = file.ptr[at] == '\r' && (next == file.len || file.ptr[next] != '\n');
        if (good && !lone) continue;
        if (!copy) copy = arena_cstring(a, file);
        memset(copy + at, lone ? '\n' : '_', next - at);
        if (!good && *bad == STR_NPOS) *bad = at;
    }
    return copy ? (pk_str){copy, file.len} : file;
}

static bool is_utf16(pk_str s) { return str_starts_with(s, STR("\xff\xfe")) || str_starts_with(s, STR("\xfe\xff")); }

/* Why nothing of the file is read. */
static void refuse(reader *r, yaml_problem_kind kind, const char *message, const char *hint)
{
    yaml_start_document(&r->tree, 0);
    yaml_fail(&r->tree, kind, yaml_span(&r->tree.source, 0, 0), arena_str(r->tree.arena, str_from(message)), str_from(hint));
}

yaml_file yaml_read(arena *a, pk_str content)
{
    reader r = {.tree = {.arena = a}};
    yaml_tree *t = &r.tree;
    size_t bad = STR_NPOS;
    bool too_long = content.len > YAML_MAX_BYTES, utf16 = is_utf16(content);
    t->source.text = too_long || utf16 ? STR("") : readable(a, content, &bad, &r.ascii);
    yaml_find_lines(a, &t->source);
    if (str_starts_with(t->source.text, STR("\xef\xbb\xbf"))) r.byte = 3;
    if (too_long) refuse(&r, YAML_LIMIT, "the file is too large: more than 16 MB of YAML are not read", "");
    else if (utf16) refuse(&r, YAML_ENCODING, "the file is UTF-16", "save the file as UTF-8");
    else read_events(&r);
    if (bad != STR_NPOS) {
        if (!t->documents.len) yaml_start_document(t, 0);
        yaml_add_problem(t, YAML_ENCODING, yaml_span(&t->source, bad, bad + 1), STR("this byte is not valid in UTF-8 text"),
                         STR("save the file as UTF-8"));
    }
    if (t->failed) yaml_close_broken(t);
    if (t->documents.len) yaml_end_document(t, t->source.text.len);
    vec_free(&t->stack);
    return (yaml_file){.source = t->source, .documents = t->documents.at, .count = t->documents.len};
}
