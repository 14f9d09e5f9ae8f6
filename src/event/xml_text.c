/* Recursive descent over elements; every string is copied into the arena. */
#include "event/xml_text.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/unicode.h"

enum { ATTRIBUTE_LIMIT = 64 };

typedef struct {
    pk_str rest;
    arena *arena;
    unsigned depth;          /* elements that may still open */
} parser;

static void skip(parser *p, size_t n) { p->rest = str_slice(p->rest, n, STR_NPOS); }
static bool at(const parser *p, pk_str mark) { return str_starts_with(p->rest, mark); }

static bool take(parser *p, pk_str mark)
{
    if (!at(p, mark)) return false;
    skip(p, mark.len);
    return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static void skip_blanks(parser *p)
{
    size_t n = 0;
    while (n < p->rest.len && is_blank(p->rest.ptr[n])) n++;
    skip(p, n);
}

/* Everything up to `mark`, which is taken too. */
static bool take_until(parser *p, pk_str mark, pk_str *out)
{
    size_t n = str_find(p->rest, mark);
    if (n == STR_NPOS) return false;
    *out = str_slice(p->rest, 0, n);
    skip(p, n + mark.len);
    return true;
}

/* ---- references ---- */

static const struct {
    pk_str name;
    char c;
} entities[] = {{{"amp", 3}, '&'}, {{"lt", 2}, '<'}, {{"gt", 2}, '>'}, {{"quot", 4}, '"'}, {{"apos", 4}, '\''}};

/* What stands between '&' and ';'. */
static bool code_of(pk_str name, uint32_t *out)
{
    char digits[12] = {0}, *end;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (str_equal(entities[i].name, name)) {
            *out = (uint8_t)entities[i].c;
            return true;
        }
    if (name.len < 2 || name.len > 10 || name.ptr[0] != '#') return false;
    bool hex = (name.ptr[1] | 0x20) == 'x';
    memcpy(digits, name.ptr + 1 + hex, name.len - 1 - hex);
    unsigned long c = strtoul(digits, &end, hex ? 16 : 10);
    if (*end || end == digits) return false;
    *out = c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0xfffd : (uint32_t)c;
    return true;
}

/* With references replaced; what is none of those known stays as it is. */
static void put_replaced(text *out, pk_str s)
{
    for (size_t amp; (amp = str_find_char(s, '&')) != STR_NPOS;) {
        uint32_t code;
        char bytes[4];
        text_put(out, str_slice(s, 0, amp));
        s = str_slice(s, amp + 1, STR_NPOS);
        size_t end = str_find_char(str_slice(s, 0, 12), ';');
        if (end != STR_NPOS && code_of(str_slice(s, 0, end), &code)) {
            text_put(out, (pk_str){bytes, utf8_put(bytes, code)});
            s = str_slice(s, end + 1, STR_NPOS);
        } else {
            text_put_char(out, '&');
        }
    }
    text_put(out, s);
}

static pk_str replaced(arena *a, pk_str s)
{
    if (str_find_char(s, '&') == STR_NPOS) return arena_str(a, s);
    text t = {0};
    put_replaced(&t, s);
    s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

/* ---- tags ---- */

static bool take_name(parser *p, pk_str *out)
{
    size_t n = 0;
    while (n < p->rest.len && !is_blank(p->rest.ptr[n]) && p->rest.ptr[n] && !strchr("<>/=\"'&!?", p->rest.ptr[n])) n++;
    *out = str_slice(p->rest, 0, n);
    skip(p, n);
    return n > 0;
}

static bool take_attribute(parser *p, record_builder *b)
{
    pk_str name, content;
    if (!take_name(p, &name)) return false;
    skip_blanks(p);
    if (!take(p, STR("="))) return false;
    skip_blanks(p);
    pk_str quote = at(p, STR("'")) ? STR("'") : STR("\"");
    if (!take(p, quote) || !take_until(p, quote, &content) || b->fields.len == ATTRIBUTE_LIMIT) return false;
    value v = content.len ? value_string(replaced(p->arena, content)) : (value){.type = VALUE_BLANK};
    record_add(p->arena, b, arena_str(p->arena, name), v);
    return true;
}

/* Behind '<'. *closed: it was <name/>. */
static bool take_start_tag(parser *p, pk_str *name, record_builder *attributes, bool *closed)
{
    if (!take_name(p, name)) return false;
    for (;;) {
        skip_blanks(p);
        *closed = take(p, STR("/>"));
        if (*closed || take(p, STR(">"))) return true;
        if (!take_attribute(p, attributes)) return false;
    }
}

/* Comments and instructions. */
static bool skip_aside(parser *p)
{
    pk_str skipped;
    if (take(p, STR("<!--"))) return take_until(p, STR("-->"), &skipped);
    return take(p, STR("<?")) && take_until(p, STR("?>"), &skipped);
}

/* Text up to the next tag, sections and comments in it resolved. */
static bool take_text(parser *p, text *out)
{
    for (;;) {
        size_t tag = str_find_char(p->rest, '<');
        pk_str section;
        if (tag == STR_NPOS) return false;
        put_replaced(out, str_slice(p->rest, 0, tag));
        skip(p, tag);
        if (take(p, STR("<![CDATA["))) {
            if (!take_until(p, STR("]]>"), &section)) return false;
            text_put(out, section);
        } else if (at(p, STR("<!--")) || at(p, STR("<?"))) {
            if (!skip_aside(p)) return false;
        } else {
            return true;
        }
    }
}

/* ---- elements ---- */

/* Elements of one name are a list where the first of them stands, unnamed Data always. */
static void merge_repeats(arena *a, record_builder *b)
{
    table by_name = {0};
    list_builder *lists = ARENA_ARRAY(a, list_builder, b->fields.len);
    size_t kept = 0;
    for (size_t i = 0; i < b->fields.len; i++) {
        value_field f = b->fields.at[i];
        uint32_t first = table_get(&by_name, f.name);
        if (first == TABLE_NONE) {
            first = (uint32_t)kept;
            table_put(&by_name, f.name, first);
            b->fields.at[kept++] = f;
            if (!str_equal(f.name, STR("Data"))) continue;
        } else if (!lists[first].items.len) {
            list_add(a, &lists[first], b->fields.at[first].value);
        }
        list_add(a, &lists[first], f.value);
    }
    b->fields.len = kept;
    for (size_t i = 0; i < kept; i++)
        if (lists[i].items.len) b->fields.at[i].value = list_done(&lists[i]);
    table_free(&by_name);
}

static bool take_element(parser *p, record_builder *around);

/* Behind the start tag up to and with the end tag: children go to `b`, text to `content`. */
static bool take_content(parser *p, pk_str name, record_builder *b, text *content)
{
    pk_str closing;
    for (;;) {
        if (!take_text(p, content)) return false;
        if (take(p, STR("</"))) break;
        if (!take_element(p, b)) return false;
    }
    if (!take_name(p, &closing) || !str_equal(closing, name)) return false;
    skip_blanks(p);
    return take(p, STR(">"));
}

static value blank_or_text(arena *a, pk_str s)
{
    return s.len ? value_string(arena_str(a, s)) : (value){.type = VALUE_BLANK};
}

/* An element from its '<' on becomes a field of the one around it. */
static bool take_element(parser *p, record_builder *around)
{
    record_builder attributes = {0}, members = {0};
    text content = {0};
    pk_str name;
    bool closed;
    if (p->depth == 0 || !take(p, STR("<")) || !take_start_tag(p, &name, &attributes, &closed)) return false;
    p->depth--;
    value all = record_done(&attributes);
    bool is_data = str_equal(name, STR("Data"));
    const value *data_name = is_data ? value_get(&all, STR("Name")) : NULL;
    bool named = data_name && data_name->type == VALUE_STRING;
    if (!named && attributes.fields.len) record_add(p->arena, &members, STR("#attributes"), all);
    size_t before = members.fields.len;
    if (!closed && !take_content(p, name, &members, &content)) {
        text_free(&content);
        return false;
    }
    bool leaf = members.fields.len == before;
    if (!leaf) merge_repeats(p->arena, &members);
    pk_str inside = leaf ? text_view(&content) : str_trim(text_view(&content));
    value v = leaf && before == 0 ? blank_or_text(p->arena, inside) : (value){0};
    if (v.type == VALUE_MISSING) {
        if (inside.len) record_add(p->arena, &members, STR("#text"), value_string(arena_str(p->arena, inside)));
        v = record_done(&members);
    }
    text_free(&content);
    p->depth++;
    record_add(p->arena, around, named ? data_name->as.string : arena_str(p->arena, name), v);
    return true;
}

bool xml_text_parse(pk_str xml, unsigned depth, arena *a, value *out)
{
    parser p = {str_trim(xml), a, depth};
    record_builder document = {0};
    while (at(&p, STR("<?")) || at(&p, STR("<!--"))) {
        if (!skip_aside(&p)) return false;
        skip_blanks(&p);
    }
    if (!take_element(&p, &document) || p.rest.len) return false;
    *out = record_done(&document);
    return true;
}
