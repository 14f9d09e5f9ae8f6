/*
 * Parser of BinXML: recursive descent, one function a production of MS-EVEN6 2.2.12.
 *
 *     Fragment  = [FragmentHeader] (Element | TemplateInstance)          instances: instance.c
 *     Element   = StartElement [Attributes] (CloseEmpty | Close Content EndElement)
 *     Content   = (Element | Value | Substitution | CharacterRef | EntityRef | CData | PI)*
 *
 * Every read is bounded by the fragment's end, depth by DEPTH_LIMIT, and the tree by the parser's limit: a name may be
 * long, stand in the chunk once, and be used by thousands of elements.
 */
#include "formats/evtx/binxml.h"

#include "base/unicode.h"

enum { DEPTH_LIMIT = 64, TEXT_BUFFER = 2 << 10 };

typedef struct {
    const binxml_parser *p;
    size_t start;         /* of the parsed bytes, in the chunk */
    cursor c;
    binxml_tree *tree;
    evtx_problem *problem;
    scratch texts;        /* names and constants, in the tree's arena */
    size_t used_before;   /* of the arena */
    bool is_template;
    bool has_dependency;  /* start elements carry a dependency identifier */
    bool apart;           /* the next value is kept apart, as binxml_parser.apart says */
    VEC(uint16_t) uses;
} parse;

static size_t place(const parse *s) { return (size_t)(s->c.at - s->p->chunk.bytes); }

static bool fail(parse *s, const char *what)
{
    if (!s->problem->what) *s->problem = (evtx_problem){what, place(s)};
    return false;
}

static bool within_limit(parse *s)
{
    return arena_used(s->p->arena) - s->used_before <= s->p->limit || fail(s, "BinXML that expands beyond its limit");
}

/* ---- names ---- */

bool binxml_name_at(evtx_chunk chunk, size_t at, const uint8_t **chars, uint16_t *units)
{
    if (at > chunk.len) return false;
    cursor c = {chunk.bytes + at, chunk.bytes + chunk.len};
    const uint8_t *skipped;
    return read_bytes(&c, BINXML_NAME_HEADER - 2, &skipped) && read_u16le(&c, units) &&
           read_bytes(&c, 2 * (size_t)*units, chars);
}

/* Number of the first of the last places that have the name at `offset`; that of the next one: none has. */
static uint32_t first_of_offset(const parse *s, uint32_t offset)
{
    enum { LOOKED_AT = 64 };
    size_t count = s->tree->names.len, found = count;
    for (size_t i = count; i > 0 && count - i < LOOKED_AT && found == count; i--)
        if (chunk_u32(s->p->chunk, s->start + s->tree->names.at[i - 1].at) == offset) found = i - 1;
    return found == count ? (uint32_t)count : s->tree->names.at[found].same;
}

static bool parse_name(parse *s, pk_str *out)
{
    binxml_name_place name = {.at = (uint32_t)(place(s) - s->start)};
    uint32_t offset;
    if (!read_u32le(&s->c, &offset)) return fail(s, "BinXML ends inside a name");
    const uint8_t *chars, *skipped;
    if (!binxml_name_at(s->p->chunk, offset, &chars, &name.units)) return fail(s, "a name outside the chunk");
    if (offset == place(s)) {
        name.in_place = true;
        if (!read_bytes(&s->c, BINXML_NAME_HEADER + 2 * (size_t)name.units + 2, &skipped))
            return fail(s, "BinXML ends inside a name");
    }
    *out = binxml_text(&s->texts, chars, name.units);
    if (!s->is_template) return within_limit(s);
    if (!name.in_place) {
        uint8_t *copy = arena_alloc(s->p->arena, 2 * (size_t)name.units);
        memcpy(copy, chars, 2 * (size_t)name.units);
        name.text = copy;
    }
    name.same = first_of_offset(s, offset);
    vec_push_in(s->p->arena, &s->tree->names, name);
    return within_limit(s);
}

/* ---- content ---- */

static binxml_content *add_content(parse *s, binxml_content ***tail, binxml_content_kind kind)
{
    binxml_content *made = ARENA_NEW(s->p->arena, binxml_content);
    made->kind = kind;
    **tail = made;
    *tail = &made->next;
    return made;
}

/* The last piece of a content list, NULL if there is none: `tail` points at its `next`. */
static binxml_content *last_content(binxml_content **first, binxml_content **tail)
{
    return tail == first ? NULL : (binxml_content *)(void *)((char *)tail - offsetof(binxml_content, next));
}

/* Text joins the text before it; mostly that lies right before it in memory, too. */
static bool add_text(parse *s, binxml_content **first, binxml_content ***tail, pk_str chars)
{
    binxml_content *last = last_content(first, *tail);
    if (last && last->kind == CONTENT_CONSTANT && last->constant.type == VALUE_STRING) {
        pk_str *before = &last->constant.as.string;
        if (before->ptr + before->len == chars.ptr) before->len += chars.len;
        else *before = arena_concat(s->p->arena, *before, chars);
        return within_limit(s);
    }
    if (chars.len == 0) return true;
    add_content(s, tail, CONTENT_CONSTANT)->constant = value_string(chars);
    return within_limit(s);
}

static pk_str own_text(parse *s, pk_str chars)
{
    pk_str copy = {scratch_reserve(&s->texts, chars.len), chars.len};
    memcpy(s->texts.at, chars.ptr, chars.len);
    s->texts.at += chars.len;
    return copy;
}

/* Number of characters, UTF-16. */
static bool parse_counted_text(parse *s, pk_str *out)
{
    uint16_t units;
    const uint8_t *chars;
    if (!read_u16le(&s->c, &units) || !read_bytes(&s->c, 2 * (size_t)units, &chars))
        return fail(s, "BinXML ends inside a text");
    *out = binxml_text(&s->texts, chars, units);
    return true;
}

static bool add_substitution(parse *s, binxml_content ***tail, uint16_t index)
{
    add_content(s, tail, CONTENT_SUBSTITUTION)->index = index;
    while (s->uses.len <= index) vec_push_in(s->p->arena, &s->uses, 0);
    if (s->uses.at[index] < UINT16_MAX) s->uses.at[index]++;
    if (s->uses.at[index] > 1) s->tree->repeats = true;
    return within_limit(s);
}

/* A text that becomes a value. */
static bool keep_apart(parse *s, binxml_content ***tail)
{
    uint16_t units;
    const uint8_t *chars;
    if (!read_u16le(&s->c, &units) || !read_bytes(&s->c, 2 * (size_t)units, &chars)) return fail(s, "BinXML ends inside a text");
    return add_substitution(s, tail, (uint16_t)s->uses.len);
}

/* Value = type data; MS-EVEN6 has only strings here. */
static bool parse_value(parse *s, binxml_content **first, binxml_content ***tail)
{
    uint8_t type;
    pk_str chars;
    if (!read_u8(&s->c, &type)) return fail(s, "BinXML ends inside a value");
    if (type == BINXML_STRING && s->apart) return keep_apart(s, tail);
    if (type == BINXML_STRING) return parse_counted_text(s, &chars) && add_text(s, first, tail, chars);
    binxml_value v = {.type = type, .size = (uint16_t)binxml_fixed_size(type)};
    if (v.size == 0 && type != BINXML_NULL) return fail(s, "a value of a type that cannot stand in a text");
    if (!read_bytes(&s->c, v.size, &v.bytes)) return fail(s, "BinXML ends inside a value");
    if (v.size) add_content(s, tail, CONTENT_CONSTANT)->constant = binxml_decode(&s->texts, &v);
    return within_limit(s);
}

/* Substitution = index, declared type. The type that counts is the value's own. */
static bool parse_substitution(parse *s, binxml_content ***tail)
{
    uint16_t index;
    uint8_t declared;
    if (!read_u16le(&s->c, &index) || !read_u8(&s->c, &declared)) return fail(s, "BinXML ends inside a substitution");
    return add_substitution(s, tail, index);
}

/* CharacterRef = one UTF-16 code unit. */
static bool parse_character(parse *s, binxml_content **first, binxml_content ***tail)
{
    uint16_t unit;
    char utf8[4];
    if (!read_u16le(&s->c, &unit)) return fail(s, "BinXML ends inside a character reference");
    size_t len = utf8_put(utf8, unit >= 0xd800 && unit <= 0xdfff ? 0xfffd : unit);
    return add_text(s, first, tail, own_text(s, (pk_str){utf8, len}));
}

static bool parse_entity(parse *s, binxml_content **first, binxml_content ***tail)
{
    static const struct { pk_str name, text; } entities[] = {
        {{"amp", 3}, {"&", 1}}, {{"lt", 2}, {"<", 1}}, {{"gt", 2}, {">", 1}}, {{"quot", 4}, {"\"", 1}},
        {{"apos", 4}, {"'", 1}},
    };
    pk_str name;
    if (!parse_name(s, &name)) return false;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (!str_equal(name, entities[i].name)) continue;
        s->texts.at -= name.len; /* the name was the last thing written there */
        return add_text(s, first, tail, own_text(s, entities[i].text));
    }
    return add_text(s, first, tail, arena_printf(s->p->arena, "&" STR_FMT ";", STR_ARG(name)));
}

/* The pieces that attributes and elements may both hold; *known is false for any other token. */
static bool parse_piece(parse *s, uint8_t token, binxml_content **first, binxml_content ***tail, bool *known)
{
    pk_str chars;
    *known = true;
    switch (token & ~TOKEN_MORE) {
    case TOKEN_VALUE: return parse_value(s, first, tail);
    case TOKEN_SUBSTITUTION:
    case TOKEN_OPTIONAL: return parse_substitution(s, tail);
    case TOKEN_CHARACTER: return parse_character(s, first, tail);
    case TOKEN_ENTITY: return parse_entity(s, first, tail);
    case TOKEN_CDATA: return parse_counted_text(s, &chars) && add_text(s, first, tail, chars);
    default: *known = false; return true;
    }
}

/* ---- elements ---- */

/* Attributes = size (Attribute name piece*)*; ends before the token that closes the start element. */
static bool parse_attributes(parse *s, binxml_element *e)
{
    uint32_t size;
    if (!read_u32le(&s->c, &size)) return fail(s, "BinXML ends inside an attribute list");
    binxml_attribute **next = &e->attributes, *current = NULL;
    binxml_content **tail = NULL;
    while (cursor_left(&s->c) > 0) {
        uint8_t token = *s->c.at;
        if ((token & ~TOKEN_MORE) == TOKEN_ATTRIBUTE) {
            s->c.at++;
            current = *next = ARENA_NEW(s->p->arena, binxml_attribute);
            next = &current->next;
            tail = &current->content;
            if (!parse_name(s, &current->name)) return false;
            s->apart = s->p->apart && !(str_equal(e->name, STR("Data")) && str_equal(current->name, STR("Name")));
            continue;
        }
        if (!current) return true;
        bool known;
        s->c.at++;
        if (!parse_piece(s, token, &current->content, &tail, &known)) return false;
        if (!known) {
            s->c.at--;
            return true;
        }
    }
    return fail(s, "BinXML ends inside an attribute list");
}

static bool parse_element(parse *s, uint8_t token, unsigned depth, binxml_element **out);

/* PITarget name, PIData text: no part of an event. */
static bool parse_instruction(parse *s, uint8_t token)
{
    pk_str ignored;
    return (token & ~TOKEN_MORE) == TOKEN_PI_TARGET ? parse_name(s, &ignored) : parse_counted_text(s, &ignored);
}

static bool parse_content(parse *s, binxml_element *e, unsigned depth)
{
    binxml_content **tail = &e->content;
    for (uint8_t token; read_u8(&s->c, &token);) {
        bool known;
        switch (token & ~TOKEN_MORE) {
        case TOKEN_END_ELEMENT: return true;
        case TOKEN_ELEMENT:
            e->has_elements = true;
            if (!parse_element(s, token, depth + 1, &add_content(s, &tail, CONTENT_ELEMENT)->element)) return false;
            continue;
        case TOKEN_PI_TARGET:
        case TOKEN_PI_DATA:
            if (!parse_instruction(s, token)) return false;
            continue;
        default:
            s->apart = s->p->apart;
            if (!parse_piece(s, token, &e->content, &tail, &known)) return false;
            if (!known) {
                s->c.at--;
                return fail(s, "a token that cannot stand inside an element");
            }
        }
    }
    return fail(s, "BinXML ends inside an element");
}

bool binxml_start_at(evtx_chunk chunk, size_t at, const uint8_t **name, uint16_t *units)
{
    if (at > chunk.len) return false;
    cursor c = {chunk.bytes + at, chunk.bytes + chunk.len};
    uint32_t size, offset;
    if (!read_u32le(&c, &size) || !read_u32le(&c, &offset) || size > chunk.len) return false;
    if (!binxml_name_at(chunk, offset, name, units) || *units == 0) return false;
    const uint8_t *end = *name + 2 * (size_t)*units;
    return (size_t)(chunk.bytes + chunk.len - end) >= 2 && end[0] == 0 && end[1] == 0;
}

/* Could a start element with (or without) a dependency identifier stand here? Its name must be a name. */
static bool plausible_start(const parse *s, bool dependency)
{
    const uint8_t *name;
    uint16_t units;
    size_t least = dependency ? 10 : 8;
    return cursor_left(&s->c) >= least && binxml_start_at(s->p->chunk, place(s) + least - 8, &name, &units);
}

/*
 * StartElement = [dependency] size name. The identifier is there in template definitions and absent elsewhere; some
 * writers do it the other way round, which shows when only the other reading gives a name.
 */
static bool parse_start(parse *s, binxml_element *e)
{
    const uint8_t *skipped;
    uint32_t size;
    if (!plausible_start(s, s->has_dependency) && plausible_start(s, !s->has_dependency))
        s->has_dependency = !s->has_dependency;
    if ((s->has_dependency && !read_bytes(&s->c, 2, &skipped)) || !read_u32le(&s->c, &size))
        return fail(s, "BinXML ends inside a start element");
    return parse_name(s, &e->name);
}

static void classify_data(binxml_element *e)
{
    if (!str_equal(e->name, STR("Data"))) return;
    e->data = DATA_UNNAMED;
    for (binxml_attribute *a = e->attributes; a; a = a->next) {
        if (!str_equal(a->name, STR("Name")) || !a->content) continue;
        bool constant = a->content->kind == CONTENT_CONSTANT && !a->content->next;
        if (constant && a->content->constant.type != VALUE_STRING) continue;
        e->data = constant ? DATA_NAMED : DATA_COMPUTED;
        if (constant) e->data_name = a->content->constant.as.string;
        return;
    }
}

static bool parse_element(parse *s, uint8_t token, unsigned depth, binxml_element **out)
{
    if (depth > DEPTH_LIMIT) return fail(s, "elements nested too deep");
    binxml_element *e = *out = ARENA_NEW(s->p->arena, binxml_element);
    s->tree->element_count++;
    if (!parse_start(s, e)) return false;
    if (token & TOKEN_MORE && !parse_attributes(s, e)) return false;
    classify_data(e);
    uint8_t close;
    if (!read_u8(&s->c, &close)) return fail(s, "BinXML ends inside a start element");
    if (close == TOKEN_CLOSE_EMPTY) return within_limit(s);
    if (close == TOKEN_CLOSE_START) return parse_content(s, e, depth);
    s->c.at--;
    return fail(s, "a token that cannot close a start element");
}

/* ---- entry points ---- */

static parse start_parse(const binxml_parser *p, size_t at, size_t end, binxml_tree *tree, evtx_problem *problem)
{
    *tree = (binxml_tree){0};
    *problem = (evtx_problem){0};
    if (end > p->chunk.len) end = p->chunk.len;
    if (at > end) at = end;
    return (parse){
        .p = p, .start = at, .tree = tree, .problem = problem, .texts = {.arena = p->arena, .buffer = TEXT_BUFFER},
        .used_before = arena_used(p->arena), .c = {p->chunk.bytes + at, p->chunk.bytes + end},
    };
}

static void finish_parse(parse *s)
{
    s->tree->uses = s->uses.at;
    s->tree->use_count = (uint32_t)s->uses.len;
}

bool binxml_parse_template(const binxml_parser *p, size_t at, size_t end, binxml_tree *out, evtx_problem *problem)
{
    parse s = start_parse(p, at, end, out, problem);
    s.is_template = s.has_dependency = true;
    binxml_element **next = &out->roots;
    const uint8_t *skipped;
    for (uint8_t token; read_u8(&s.c, &token) && token != TOKEN_END;) {
        switch (token & ~TOKEN_MORE) {
        case TOKEN_FRAGMENT:
            if (!read_bytes(&s.c, 3, &skipped)) return fail(&s, "BinXML ends inside a fragment header");
            break;
        case TOKEN_PI_TARGET:
        case TOKEN_PI_DATA:
            if (!parse_instruction(&s, token)) return false;
            break;
        case TOKEN_ELEMENT:
            if (!parse_element(&s, token, 1, next)) return false;
            next = &(*next)->next;
            break;
        default: s.c.at--; return fail(&s, "a token that cannot stand in a template definition");
        }
    }
    finish_parse(&s);
    return out->roots || fail(&s, "a template definition without an element");
}

bool binxml_parse_element(const binxml_parser *p, size_t at, size_t end, binxml_tree *out, size_t *after,
                          evtx_problem *problem)
{
    parse s = start_parse(p, at, end, out, problem);
    uint8_t token;
    if (!read_u8(&s.c, &token) || (token & ~TOKEN_MORE) != TOKEN_ELEMENT) return fail(&s, "no element");
    if (!parse_element(&s, token, 1, &out->roots)) return false;
    finish_parse(&s);
    *after = place(&s);
    return true;
}

size_t binxml_skip_instruction(const binxml_parser *p, size_t at, size_t end, evtx_problem *problem)
{
    binxml_tree ignored;
    parse s = start_parse(p, at, end, &ignored, problem);
    uint8_t token;
    if (!read_u8(&s.c, &token) || !parse_instruction(&s, token)) return SIZE_MAX;
    return place(&s);
}
