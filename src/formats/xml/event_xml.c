/*
 * A small pull parser for what XML 1.0 a writer of events produces: elements, attributes, text, CDATA, comments,
 * processing instructions, the five named entities and numeric references. There are no other entities, so nothing
 * outside of the text is ever read and nothing expands. Namespaces are kept as the attributes that they are.
 *
 * The tree is that of the EVTX reader (formats/evtx/tree.c): attributes below "#attributes", the text of an element that
 * has attributes or children below "#text", a named Data under its name, unnamed ones as the list "Data",
 * elements of one name as one list. Text keeps its line breaks as they are (section 2.11 would make CR LF one LF): rules
 * are written for the values that were logged.
 */
#define _GNU_SOURCE /* memmem */
#include "formats/xml/event_xml.h"

#include "base/hash.h"
#include "base/unicode.h"

enum { ATTRIBUTE_LIMIT = 64, TEXT_BETWEEN_LIMIT = 4096 };

typedef struct {
    pk_str name, raw;                                   /* raw: references not yet replaced */
} attribute;

typedef struct {
    pk_str name;
    attribute attributes[ATTRIBUTE_LIMIT];
    size_t attribute_count;
    bool closed;                                        /* "<name ... />" */
} start_tag;

typedef enum { IN_DOCUMENT, IN_EVENT, IN_SYSTEM, ELSEWHERE } context;

typedef struct {
    const char *start, *at, *end;
    const char *problem;
    size_t looked;                                      /* in vain, behind `at` */
    field_sink *sink;
    int64_t record;
    bool named_data, unnamed_data;                      /* seen in the container that is being read */
} parser;

/* Said alike whether the rest of the text lies in another block or another event begins here. */
static const char cut_off[] = "the event is cut off";

static bool fail(parser *p, const char *problem)
{
    if (!p->problem) p->problem = problem;
    return false;
}

static size_t left(const parser *p) { return (size_t)(p->end - p->at); }
static bool at_text(const parser *p, const char *s, size_t n) { return left(p) >= n && memcmp(p->at, s, n) == 0; }
#define AT(p, literal) at_text((p), (literal), sizeof(literal) - 1)

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static void skip_space(parser *p)
{
    while (p->at < p->end && is_space(*p->at)) p->at++;
}

/* Moves behind the next `mark`. */
static bool skip_to(parser *p, const char *mark, size_t n, const char *problem)
{
    const char *found = memmem(p->at, left(p), mark, n);
    if (!found) {
        p->looked = left(p);
        return fail(p, problem);
    }
    p->at = found + n;
    return true;
}

/* ---- names and tags ---- */

static bool is_name_byte(char c) { return !is_space(c) && !strchr("<>/=\"'&", c) && c; }

static bool read_name(parser *p, pk_str *out)
{
    const char *start = p->at;
    while (p->at < p->end && is_name_byte(*p->at)) p->at++;
    *out = (pk_str){start, (size_t)(p->at - start)};
    return out->len > 0 || fail(p, "a name should stand here");
}

/* name = "value" */
static bool read_attribute(parser *p, attribute *out)
{
    if (!read_name(p, &out->name)) return false;
    skip_space(p);
    if (!AT(p, "=")) return fail(p, "expected '=' behind the name of an attribute");
    p->at++;
    skip_space(p);
    if (!AT(p, "\"") && !AT(p, "'")) return fail(p, "expected a quote around the value of an attribute");
    char quote = *p->at++;
    const char *close = memchr(p->at, quote, left(p));
    if (!close) {
        p->looked = left(p);
        return fail(p, "the value of an attribute is never closed");
    }
    out->raw = (pk_str){p->at, (size_t)(close - p->at)};
    p->at = close + 1;
    return true;
}

/* "<name a='b' ...>" from its '<' on. */
static bool read_start_tag(parser *p, start_tag *t)
{
    t->attribute_count = 0;
    t->closed = false;
    p->at++;
    if (!read_name(p, &t->name)) return false;
    for (;;) {
        skip_space(p);
        if (AT(p, "/>")) {
            t->closed = true;
            p->at += 2;
            return true;
        }
        if (AT(p, ">")) {
            p->at++;
            return true;
        }
        if (p->at == p->end) return fail(p, "the text ends inside a tag");
        if (t->attribute_count == ATTRIBUTE_LIMIT) return fail(p, "too many attributes");
        if (!read_attribute(p, &t->attributes[t->attribute_count])) return false;
        t->attribute_count++;
    }
}

static bool read_end_tag(parser *p, pk_str name)
{
    const char *tag = p->at;
    pk_str found;
    p->at += 2;
    if (!read_name(p, &found)) return false;
    if (!str_equal(found, name)) {
        p->at = tag;
        return fail(p, "the end tag belongs to another element");
    }
    skip_space(p);
    if (!AT(p, ">")) return fail(p, "expected '>' at the end of a tag");
    p->at++;
    return true;
}

/* ---- text ---- */

static const struct {
    const char *name;
    char c;
} entities[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};

static int digit_of(char c, int base)
{
    int v = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;
    return v < base ? v : -1;
}

/* "&#38;" "&#x26;" behind the '&': its length, 0 if it is none. */
static size_t numeric_reference(pk_str s, uint32_t *out)
{
    size_t at = 1;
    int base = 10;
    if (at < s.len && (s.ptr[at] == 'x' || s.ptr[at] == 'X')) base = 16, at++;
    size_t first = at;
    uint32_t c = 0;
    for (int v; at < s.len && (v = digit_of(s.ptr[at], base)) >= 0; at++)
        if (c < 0x110000) c = c * (uint32_t)base + (uint32_t)v;
    if (at == first || at == s.len || s.ptr[at] != ';') return 0;
    *out = c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c;
    return at + 1;
}

/* Replaces references; one that is none of those known stays as it stands. Result at out; never longer than s. */
static size_t put_replaced(pk_str s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len;) {
        const char *amp = memchr(s.ptr + i, '&', s.len - i);
        size_t run = amp ? (size_t)(amp - s.ptr) - i : s.len - i;
        memcpy(out + n, s.ptr + i, run);
        n += run;
        i += run;
        if (!amp) break;
        pk_str rest = str_slice(s, i + 1, s.len);
        uint32_t c = '&';
        size_t used = rest.len && rest.ptr[0] == '#' ? numeric_reference(rest, &c) : 0;
        for (size_t e = 0; !used && e < sizeof entities / sizeof *entities; e++) {
            pk_str name = str_from(entities[e].name);
            if (str_starts_with(rest, name)) used = name.len, c = (uint8_t)entities[e].c;
        }
        n += utf8_put(out + n, c);
        i += 1 + used;
    }
    return n;
}

static pk_str replaced(arena *a, pk_str raw)
{
    if (str_find_char(raw, '&') == STR_NPOS) return raw;
    char *out = arena_alloc(a, raw.len + 4);
    return (pk_str){out, put_replaced(raw, out)};
}

/*
 * Text up to the next tag, CDATA sections and comments in it resolved. Stands at '<' of a tag afterwards. `keep`: the
 * text is wanted.
 */
static bool read_text(parser *p, bool keep, pk_str *out)
{
    const char *first = p->at;
    const char *tag = memchr(p->at, '<', left(p));
    if (!tag) {
        p->at = p->end;
        return fail(p, cut_off);
    }
    p->at = tag;
    *out = (pk_str){first, (size_t)(tag - first)};
    if (!AT(p, "<!") && !AT(p, "<?")) {
        if (keep) *out = replaced(p->sink->arena, *out);
        return true;
    }

    text parts = {0};
    bool ok = true;
    text_put(&parts, replaced(p->sink->arena, *out));
    while (ok && (AT(p, "<!") || AT(p, "<?"))) {
        if (AT(p, "<![CDATA[")) {
            const char *section = p->at += 9;
            ok = skip_to(p, "]]>", 3, "a CDATA section is never closed");
            if (ok) text_put(&parts, (pk_str){section, (size_t)(p->at - 3 - section)});
        } else if (AT(p, "<!--")) {
            p->at += 4;
            ok = skip_to(p, "-->", 3, "a comment is never closed");
        } else if (AT(p, "<?")) {
            ok = skip_to(p, "?>", 2, "a processing instruction is never closed");
        } else {
            ok = fail(p, "a declaration cannot stand inside an event");
        }
        if (!ok) break;
        const char *run = p->at;
        tag = memchr(p->at, '<', left(p));
        p->at = tag ? tag : p->end;
        text_put(&parts, replaced(p->sink->arena, (pk_str){run, (size_t)(p->at - run)}));
        if (!tag) ok = fail(p, cut_off);
    }
    *out = ok ? arena_str(p->sink->arena, text_view(&parts)) : (pk_str){"", 0};
    text_free(&parts);
    return ok;
}

/* ---- elements ---- */

static void put_attributes(parser *p, const start_tag *t, pk_str key)
{
    if (t->attribute_count == 0) return;
    sink_enter(p->sink, key, false);
    for (size_t i = 0; i < t->attribute_count; i++) {
        const attribute *a = &t->attributes[i];
        if (sink_wants(p->sink, a->name)) sink_put_or_blank(p->sink, a->name, replaced(p->sink->arena, a->raw));
    }
    sink_leave(p->sink);
}

static const attribute *attribute_named(const start_tag *t, pk_str name)
{
    for (size_t i = 0; i < t->attribute_count; i++)
        if (str_equal(t->attributes[i].name, name)) return &t->attributes[i];
    return NULL;
}

static context context_of(context around, pk_str name)
{
    if (around == IN_DOCUMENT) return IN_EVENT;
    if (around == IN_EVENT && str_equal(name, STR("System"))) return IN_SYSTEM;
    return ELSEWHERE;
}

static bool read_element(parser *p, context around, int depth);

/*
 * Tree: fields of one name become one list, where the first of them stands; unnamed Data are always a list. Where there
 * are named Data nothing else is merged.
 */
static void merge_repeats(const parser *p)
{
    field_sink *s = p->sink;
    record_builder *r = &s->levels[s->depth].record;
    table by_name = {0};
    VEC(list_builder) lists = {0};
    size_t kept = 0;
    for (size_t i = 0; i < r->fields.len; i++) {
        value_field f = r->fields.at[i];
        bool data = p->unnamed_data && str_equal(f.name, STR("Data"));
        uint32_t first = p->named_data && !data ? TABLE_NONE : table_get(&by_name, f.name);
        if (first == TABLE_NONE) {
            table_put(&by_name, f.name, (uint32_t)kept);
            r->fields.at[kept++] = f;
            vec_push(&lists, (list_builder){0});
            if (data) list_add(s->arena, &lists.at[kept - 1], f.value);
            continue;
        }
        list_builder *items = &lists.at[first];
        if (!items->items.len) list_add(s->arena, items, r->fields.at[first].value);
        list_add(s->arena, items, f.value);
    }
    r->fields.len = kept;
    for (size_t i = 0; i < kept; i++)
        if (lists.at[i].items.len) r->fields.at[i].value = list_done(&lists.at[i]);
    vec_free(&lists);
    table_free(&by_name);
}

/* Text between children counts without the white space that lays them out. */
static void add_between(parser *p, pk_str *all, pk_str piece)
{
    piece = str_trim(piece);
    if (piece.len) *all = all->len ? arena_concat(p->sink->arena, *all, piece) : piece;
}

/* The children of an element up to its end tag; `head` is the text before the first. */
static bool read_children(parser *p, pk_str name, context here, pk_str head, int depth)
{
    pk_str between = {"", 0};
    bool keep = sink_cares(p->sink), named_outside = p->named_data, unnamed_outside = p->unnamed_data;
    p->named_data = p->unnamed_data = false;
    add_between(p, &between, head);
    while (!AT(p, "</")) {
        pk_str piece;
        if (!read_element(p, here, depth + 1) || !read_text(p, keep, &piece)) return false;
        if (keep && between.len < TEXT_BETWEEN_LIMIT) add_between(p, &between, piece);
    }
    if (between.len) sink_put_text(p->sink, STR("#text"), between);
    if (p->sink->tree) merge_repeats(p);
    p->named_data = named_outside;
    p->unnamed_data = unnamed_outside;
    return read_end_tag(p, name);
}

/* What attributes a named Data has besides its name. */
static void put_data_attributes(parser *p, const start_tag *t, pk_str name)
{
    start_tag others = *t;
    others.attribute_count = 0;
    for (size_t i = 0; i < t->attribute_count; i++)
        if (!str_equal(t->attributes[i].name, STR("Name"))) others.attributes[others.attribute_count++] = t->attributes[i];
    if (others.attribute_count == 0) return;
    put_attributes(p, &others, arena_concat(p->sink->arena, name, STR("_attributes")));
}

/* An element without children. */
static void put_leaf(parser *p, const start_tag *t, pk_str name, pk_str content, bool named_data)
{
    if (named_data || t->attribute_count == 0) {
        sink_put_or_blank(p->sink, name, content);
    } else {
        sink_enter(p->sink, name, false);
        put_attributes(p, t, STR("#attributes"));
        if (content.len) sink_put_text(p->sink, STR("#text"), content);
        sink_leave(p->sink);
    }
}

/* An element from its '<' on. */
static bool read_element(parser *p, context around, int depth)
{
    if (depth > XML_DEPTH_LIMIT) return fail(p, "elements are nested too deep");
    if (depth > 0 && xml_is_event_start(p->at, left(p))) return fail(p, cut_off);
    start_tag t;
    if (!read_start_tag(p, &t)) return false;

    pk_str name = t.name;
    bool is_data = str_equal(name, STR("Data"));
    const attribute *data_name = is_data ? attribute_named(&t, STR("Name")) : NULL;
    bool named = data_name && data_name->raw.len;
    if (named) name = replaced(p->sink->arena, data_name->raw);

    pk_str content = {"", 0};
    bool keep = around == IN_SYSTEM || sink_wants(p->sink, name);
    if (!t.closed && !read_text(p, keep, &content)) return false;
    if (t.closed || AT(p, "</")) {
        put_leaf(p, &t, name, content, named);
        if (around == IN_SYSTEM && str_equal(name, STR("EventRecordID")))
            if (!str_to_int(str_trim(content), false, &p->record)) p->record = -1;
        if (!t.closed && !read_end_tag(p, t.name)) return false;
    } else {
        sink_enter(p->sink, name, false);
        if (!named) put_attributes(p, &t, STR("#attributes"));
        if (!read_children(p, t.name, context_of(around, t.name), content, depth)) return false;
        sink_leave(p->sink);
    }
    if (named) p->named_data = true;
    else if (is_data) p->unnamed_data = true;
    if (named && t.attribute_count > 1) put_data_attributes(p, &t, name);
    return true;
}

xml_event xml_read_event(pk_str s, field_sink *sink)
{
    parser p = {.start = s.ptr, .at = s.ptr, .end = s.ptr + s.len, .sink = sink, .record = -1};
    read_element(&p, IN_DOCUMENT, 0);
    size_t end = (size_t)(p.at - p.start);
    return (xml_event){.end = end, .looked = end + p.looked, .problem = p.problem, .record = p.record};
}

/* ---- finding events ---- */

bool xml_is_event_start(const char *bytes, size_t len)
{
    if (len < 7 || memcmp(bytes, "<Event", 6) != 0) return false;
    return is_space(bytes[6]) || bytes[6] == '>' || bytes[6] == '/';
}

size_t xml_find_event(pk_str s, size_t from)
{
    while (from < s.len) {
        const char *found = memmem(s.ptr + from, s.len - from, "<Event", 6);
        if (!found) break;
        from = (size_t)(found - s.ptr);
        if (xml_is_event_start(found, s.len - from)) return from;
        from += 6;
    }
    return STR_NPOS;
}
