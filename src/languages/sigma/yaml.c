/*
 * YAML -> trees with places, over the event parser of libfyaml.
 *
 * libfyaml finds the structure and decodes scalars; what it leaves to its user is done here: duplicate keys, anchors and
 * aliases (shared nodes, bounded by what they expand to), merge keys, the types of plain scalars, and bytes that would
 * make it stop in silence (invalid UTF-8, NUL). Places come from byte positions and a table of lines, since its columns
 * count characters.
 */
#include "languages/sigma/yaml.h"

#include <libfyaml.h>

#include "base/unicode.h"

#define KEYS_BY_TABLE 16                /* maps longer than this look for duplicate keys in a table */

/* An open map or list. */
typedef struct {
    yaml_node *node;
    pk_str anchor;
    VEC(yaml_entry) entries;
    VEC(yaml_node *) items;
    yaml_entry key;                     /* of the entry whose value comes next */
    bool has_key;
    table keys;                         /* key -> entry, once there are many */
} frame;

typedef struct {
    arena *arena;
    yaml_source source;
    size_t offset;                      /* of the parser's input within the source: behind the byte order mark */
    VEC(yaml_document) documents;
    VEC(yaml_problem) problems;         /* of the document being read */
    VEC(frame) stack;
    table anchors;                      /* of the document: name -> index in anchored */
    VEC(yaml_node *) anchored;
    uint64_t nodes;
    size_t last;                        /* end of what was read last */
    bool failed;                        /* a bound was hit or the syntax is wrong: read no further */
} builder;

/* ---- places ---- */

static void find_lines(arena *a, yaml_source *s)
{
    size_t count = 1;
    for (size_t i = 0; i < s->text.len; i++) count += s->text.ptr[i] == '\n';
    s->lines = ARENA_ARRAY(a, uint32_t, count);
    s->line_count = count;
    size_t line = 1;
    for (size_t i = 0; i < s->text.len; i++)
        if (s->text.ptr[i] == '\n') s->lines[line++] = (uint32_t)(i + 1);
}

/* Index of the line that holds a byte. */
static size_t line_of(const yaml_source *s, size_t at)
{
    size_t low = 0, high = s->line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->lines[middle] <= at) low = middle;
        else high = middle;
    }
    return low;
}

span yaml_span(const yaml_source *s, size_t start, size_t end)
{
    if (start > s->text.len) start = s->text.len;
    if (end > s->text.len) end = s->text.len;
    if (end < start) end = start;
    size_t line = line_of(s, start);
    size_t end_line = end > start ? line_of(s, end - 1) : line;
    return (span){.start = (uint32_t)start, .end = (uint32_t)end, .line = (uint32_t)(line + 1),
                  .column = (uint32_t)(start - s->lines[line] + 1), .end_line = (uint32_t)(end_line + 1)};
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Bytes that an escape of a double-quoted scalar takes, from its backslash on. */
static size_t escape_length(char kind)
{
    return kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
}

static bool is_view(const yaml_source *s, pk_str part)
{
    return part.ptr >= s->text.ptr && part.ptr + part.len <= s->text.ptr + s->text.len;
}

/*
 * Walks text and source side by side. Blanks of the text stand for any blanks of the source (folding), a doubled quote or
 * an escape for what it means; the aim is a good place for messages, so that a surprise ends at the scalar's end.
 */
const uint32_t *yaml_scalar_places(arena *a, const yaml_source *s, const yaml_node *n)
{
    if (is_view(s, n->text)) return NULL;
    uint32_t *places = ARENA_ARRAY(a, uint32_t, n->text.len + 1);
    size_t at = n->span.start + (n->style == YAML_SINGLE_QUOTED || n->style == YAML_DOUBLE_QUOTED ? 1 : 0);
    size_t end = n->span.end;
    for (size_t i = 0; i < n->text.len;) {
        size_t next = i;
        utf8_next(n->text, &next);
        if (!is_blank(n->text.ptr[i]) || (n->style == YAML_BLOCK && n->text.ptr[i] != '\n'))
            while (at < end && is_blank(s->text.ptr[at]) && s->text.ptr[at] != n->text.ptr[i]) at++;
        for (size_t k = i; k < next; k++) places[k] = (uint32_t)(at < end ? at : end);
        if (at < end) {
            char c = s->text.ptr[at];
            if (n->style == YAML_DOUBLE_QUOTED && c == '\\' && at + 1 < end) at += escape_length(s->text.ptr[at + 1]);
            else if (n->style == YAML_SINGLE_QUOTED && c == '\'') at += 2;
            else at += is_blank(n->text.ptr[i]) ? 1 : next - i;
        }
        i = next;
    }
    places[n->text.len] = (uint32_t)(at < end ? at : end);
    return places;
}

span yaml_span_within(const yaml_source *s, const yaml_node *n, const uint32_t *places, size_t from, size_t to)
{
    if (from > n->text.len) from = n->text.len;
    if (to > n->text.len) to = n->text.len;
    if (places) return yaml_span(s, places[from], places[to]);
    if (!is_view(s, n->text)) return n->span;
    size_t base = (size_t)(n->text.ptr - s->text.ptr);
    return yaml_span(s, base + from, base + to);
}

/* ---- scalars ---- */

static bool all_of(pk_str s, size_t from, const char *set)
{
    if (from >= s.len) return false;
    for (size_t i = from; i < s.len; i++)
        if (s.ptr[i] == 0 || !strchr(set, s.ptr[i])) return false;
    return true;
}

/* YAML 1.2.2, 10.3.2: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(pk_str s)
{
    size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'), digits = 0;
    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) digits++;
    if (i < s.len && s.ptr[i] == '.')
        for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) digits++;
    if (!digits) return false;
    if (i == s.len) return true;
    if (s.ptr[i] != 'e' && s.ptr[i] != 'E') return false;
    i++;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+')) i++;
    return all_of(s, i, "0123456789");
}

static yaml_type plain_type(pk_str s)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    if (s.len > 64) return YAML_TEXT;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (str_equal(s, str_from(nulls[i]))) return YAML_NULL;
    for (size_t i = 0; i < sizeof bools / sizeof *bools; i++)
        if (str_equal(s, str_from(bools[i]))) return YAML_BOOL;
    if (!strchr("+-.0123456789", s.ptr[0])) return YAML_TEXT;
    if (all_of(s, s.ptr[0] == '-' || s.ptr[0] == '+', "0123456789")) return YAML_INT;
    if (str_starts_with(s, STR("0x")) && all_of(s, 2, "0123456789abcdefABCDEF")) return YAML_INT;
    if (str_starts_with(s, STR("0o")) && all_of(s, 2, "01234567")) return YAML_INT;
    return is_float(s) ? YAML_FLOAT : YAML_TEXT;
}

static yaml_style style_of(struct fy_token *t)
{
    switch (fy_token_scalar_style(t)) {
    case FYSS_SINGLE_QUOTED: return YAML_SINGLE_QUOTED;
    case FYSS_DOUBLE_QUOTED: return YAML_DOUBLE_QUOTED;
    case FYSS_LITERAL: case FYSS_FOLDED: return YAML_BLOCK;
    default: return YAML_PLAIN;
    }
}

/* Where a token stands in the source; false: it stands nowhere (an empty value). */
static bool token_range(const builder *b, struct fy_token *t, size_t *start, size_t *end)
{
    const struct fy_mark *first = t ? fy_token_start_mark(t) : NULL, *last = t ? fy_token_end_mark(t) : NULL;
    if (!first || !last) return false;
    *start = first->input_pos + b->offset;
    *end = last->input_pos + b->offset;
    if (*end > b->source.text.len) *end = b->source.text.len;
    if (*start > *end) *start = *end;
    return true;
}

/* The token's text: a view of the source where it stands there as it is, else a copy. */
static pk_str token_text(builder *b, struct fy_token *t, size_t start, size_t end)
{
    size_t len = 0;
    const char *content = t ? fy_token_get_text(t, &len) : NULL;
    if (!content) return STR("");
    if (end - start == len && memcmp(b->source.text.ptr + start, content, len) == 0)
        return str_slice(b->source.text, start, len);
    return arena_str(b->arena, (pk_str){content, len});
}

/* ---- problems ---- */

static void add_problem(builder *b, const char *code, span place, pk_str message, pk_str hint)
{
    vec_push_in(b->arena, &b->problems, ((yaml_problem){code, place, message, hint}));
}

static void fail(builder *b, const char *code, span place, pk_str message, pk_str hint)
{
    add_problem(b, code, place, message, hint);
    b->failed = true;
}

/* What to do about the mistakes that people make most. */
static pk_str syntax_hint(pk_str message)
{
    if (str_starts_with(message, STR("plain scalar cannot start"))) return STR("put the value in single quotes");
    if (str_starts_with(message, STR("invalid nested block mapping"))) return STR("put a value that holds ': ' in quotes");
    if (str_starts_with(message, STR("invalid multiline plain key"))) return STR("is a ':' missing, or a tab used to indent?");
    if (str_find(message, STR("escape")) != STR_NPOS)
        return STR("in double quotes a backslash starts an escape: use single quotes");
    if (str_find(message, STR("quoted scalar")) != STR_NPOS) return STR("is the closing quote missing?");
    return STR("");
}

/* libfyaml counts lines from 1 in collected errors, and columns in characters. */
static span place_of_error(const builder *b, int line, int column)
{
    const yaml_source *s = &b->source;
    size_t l = line > 0 ? (size_t)line - 1 : 0;
    if (l >= s->line_count) l = s->line_count - 1;
    size_t at = s->lines[l], end = l + 1 < s->line_count ? s->lines[l + 1] : s->text.len;
    for (int i = 1; i < column && at < end; i++) utf8_next(s->text, &at);
    return yaml_span(s, at, at);
}

static void report_syntax_error(builder *b, struct fy_diag *diag)
{
    void *previous = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(diag, &previous);
    if (!e) {
        fail(b, "sigma-yaml", yaml_span(&b->source, b->last, b->last), STR("the YAML can't be read from here on"), STR(""));
        return;
    }
    pk_str message = arena_str(b->arena, str_from(e->msg));
    fail(b, "sigma-yaml", place_of_error(b, e->line, e->column), message, syntax_hint(message));
}

/* ---- building ---- */

static bool count_nodes(builder *b, uint64_t n, span at)
{
    b->nodes += n;
    if (b->nodes <= YAML_MAX_NODES) return true;
    fail(b, "sigma-limit", at, arena_printf(b->arena, "more than %u values in one file, counting what aliases stand for",
                                            YAML_MAX_NODES), STR(""));
    return false;
}

static frame *top(builder *b) { return b->stack.len ? &b->stack.at[b->stack.len - 1] : NULL; }

static const yaml_entry *find_entry(const frame *f, pk_str key)
{
    if (f->keys.entries.len) {
        uint32_t i = table_get(&f->keys, key);
        return i == TABLE_NONE ? NULL : &f->entries.at[i];
    }
    for (size_t i = 0; i < f->entries.len; i++)
        if (str_equal(f->entries.at[i].key, key)) return &f->entries.at[i];
    return NULL;
}

static void add_entry(builder *b, frame *f, yaml_entry e)
{
    vec_push_in(b->arena, &f->entries, e);
    if (f->entries.len < KEYS_BY_TABLE) return;
    if (f->keys.entries.len) {
        table_put(&f->keys, e.key, (uint32_t)(f->entries.len - 1));
        return;
    }
    for (size_t i = 0; i < f->entries.len; i++) table_put(&f->keys, f->entries.at[i].key, (uint32_t)i);
}

static void add_key(builder *b, frame *f, const yaml_node *n)
{
    const yaml_entry *first = n->kind == YAML_SCALAR ? find_entry(f, n->text) : NULL;
    if (n->kind != YAML_SCALAR) {
        add_problem(b, "sigma-yaml", n->span, STR("a key must be a text"), STR(""));
    } else if (first) {
        add_problem(b, "sigma-duplicate-key", n->span,
                    arena_printf(b->arena, "the key '" STR_FMT "' stands twice; first at line %u", STR_ARG(n->text),
                                 first->key_span.line),
                    STR("join the values in one list, or give one of the two another name"));
    }
    f->key = (yaml_entry){.key = n->text, .key_span = n->span, .key_style = n->style};
    f->has_key = true;
}

/* A finished node goes where it belongs: key or value of the open map, item of the open list, root. */
static void place_node(builder *b, yaml_node *n)
{
    frame *f = top(b);
    if (!f) {
        yaml_document *d = &b->documents.at[b->documents.len - 1];
        if (!d->root) d->root = n;
        return;
    }
    if (f->node->kind == YAML_LIST) {
        vec_push_in(b->arena, &f->items, n);
    } else if (!f->has_key) {
        add_key(b, f, n);
        return;
    } else {
        f->key.value = n;
        add_entry(b, f, f->key);
        f->has_key = false;
    }
    f->node->size = f->node->size + n->size < YAML_MAX_NODES ? f->node->size + n->size : YAML_MAX_NODES;
    if (n->height + 1 > f->node->height) f->node->height = n->height + 1;
    if (n->span.start >= f->node->span.start && n->span.end > f->node->span.end) {
        f->node->span.end = n->span.end;
        f->node->span.end_line = n->span.end_line;
    }
}

static yaml_node *new_node(builder *b, yaml_kind kind, size_t start, size_t end)
{
    yaml_node *n = ARENA_NEW(b->arena, yaml_node);
    n->kind = kind;
    n->size = 1;
    n->text = STR("");
    n->span = yaml_span(&b->source, start, end);
    return n;
}

static void remember_anchor(builder *b, pk_str name, yaml_node *n)
{
    if (!name.len) return;
    table_set(&b->anchors, name, (uint32_t)b->anchored.len);
    vec_push_in(b->arena, &b->anchored, n);
}

static pk_str anchor_name(builder *b, struct fy_token *t)
{
    size_t start = 0, end = 0;
    return t && token_range(b, t, &start, &end) ? token_text(b, t, start, end) : STR("");
}

static void read_scalar(builder *b, struct fy_event *e)
{
    struct fy_token *t = e->scalar.value;
    size_t start = b->last, end = b->last;
    bool written = token_range(b, t, &start, &end);
    yaml_node *n = new_node(b, YAML_SCALAR, start, end);
    if (written) {
        n->style = style_of(t);
        n->text = token_text(b, t, start, end);
    }
    const pk_str source = b->source.text;
    if (n->style == YAML_SINGLE_QUOTED || n->style == YAML_DOUBLE_QUOTED) {
        char quote = n->style == YAML_SINGLE_QUOTED ? '\'' : '"';
        if (start && source.ptr[start - 1] == quote) start--;
        if (end < source.len && source.ptr[end] == quote) end++;
        n->span = yaml_span(&b->source, start, end);
    } else if (n->style == YAML_BLOCK) {
        while (end > start && is_blank(source.ptr[end - 1])) end--;
        n->span = yaml_span(&b->source, start, end);
    }
    bool said_text = false;
    if (e->scalar.tag) {
        size_t len = 0;
        const char *tag = fy_token_get_text(e->scalar.tag, &len);
        said_text = tag && str_equal((pk_str){tag, len}, STR("tag:yaml.org,2002:str"));
    }
    n->type = n->style == YAML_PLAIN && !said_text ? plain_type(n->text) : YAML_TEXT;
    if (end > b->last) b->last = end;
    if (!count_nodes(b, 1, n->span)) return;
    remember_anchor(b, anchor_name(b, e->scalar.anchor), n);
    place_node(b, n);
}

static void read_alias(builder *b, struct fy_event *e)
{
    size_t start = b->last, end = b->last;
    token_range(b, e->alias.anchor, &start, &end);
    pk_str name = token_text(b, e->alias.anchor, start, end);
    if (start && b->source.text.ptr[start - 1] == '*') start--;
    span place = yaml_span(&b->source, start, end);
    b->last = end;
    uint32_t i = table_get(&b->anchors, name);
    if (i == TABLE_NONE) {
        add_problem(b, "sigma-yaml", place,
                    arena_printf(b->arena, "no anchor '&" STR_FMT "' stands before this alias", STR_ARG(name)),
                    STR("a text that begins with '*' must be in quotes"));
        yaml_node *n = new_node(b, YAML_SCALAR, start, end);
        n->type = YAML_NULL;
        place_node(b, n);
        return;
    }
    yaml_node *n = b->anchored.at[i];
    if (!count_nodes(b, n->size, place)) return;
    if (b->stack.len + n->height > YAML_MAX_DEPTH) {
        fail(b, "sigma-limit", place, arena_printf(b->arena, "nested deeper than %d levels", YAML_MAX_DEPTH), STR(""));
        return;
    }
    place_node(b, n);
}

static void open_container(builder *b, yaml_kind kind, struct fy_token *t, struct fy_token *anchor)
{
    size_t start = b->last, end = b->last;
    token_range(b, t, &start, &end);
    yaml_node *n = new_node(b, kind, start, end);
    n->height = 1;
    if (end > b->last) b->last = end;
    if (!count_nodes(b, 1, n->span)) return;
    if (b->stack.len >= YAML_MAX_DEPTH) {
        fail(b, "sigma-limit", n->span, arena_printf(b->arena, "nested deeper than %d levels", YAML_MAX_DEPTH), STR(""));
        return;
    }
    vec_push(&b->stack, ((frame){.node = n, .anchor = anchor_name(b, anchor)}));
}

/* `<<: *a` (YAML 1.1 merge key): entries of the named maps that this one lacks. */
static void merge_from(builder *b, frame *f, const yaml_node *from)
{
    if (from->kind != YAML_MAP) return;
    for (size_t i = 0; i < from->count; i++)
        if (!find_entry(f, from->entries[i].key) && count_nodes(b, from->entries[i].value->size, f->node->span))
            add_entry(b, f, from->entries[i]);
}

static void apply_merge_key(builder *b, frame *f)
{
    const yaml_entry *e = find_entry(f, STR("<<"));
    if (!e || e->key_style != YAML_PLAIN || e->value->kind == YAML_SCALAR) return;
    const yaml_node *from = e->value;
    size_t at = (size_t)(e - f->entries.at);
    merge_from(b, f, from);
    if (from->kind == YAML_LIST)
        for (size_t i = 0; i < from->count; i++) merge_from(b, f, from->items[i]);
    memmove(&f->entries.at[at], &f->entries.at[at + 1], (f->entries.len - at - 1) * sizeof *f->entries.at);
    f->entries.len--;
}

static void close_container(builder *b, struct fy_token *t)
{
    frame *f = top(b);
    if (!f) return;
    size_t start, end;
    yaml_node *n = f->node;
    /* the end of a flow collection is its bracket; that of a block one stands behind blanks, and is not used */
    if (t && token_range(b, t, &start, &end) && end == start + 1) {
        n->span = yaml_span(&b->source, n->span.start, end);
        b->last = end;
    }
    if (n->kind == YAML_MAP && f->entries.len) apply_merge_key(b, f);
    n->entries = f->entries.at;
    n->items = f->items.at;
    n->count = n->kind == YAML_MAP ? f->entries.len : f->items.len;
    pk_str anchor = f->anchor;
    table_free(&f->keys);
    b->stack.len--;
    remember_anchor(b, anchor, n);
    place_node(b, n);
}

/* ---- documents ---- */

static void end_document(builder *b, size_t end)
{
    if (!b->documents.len) return;
    yaml_document *d = &b->documents.at[b->documents.len - 1];
    d->problems = b->problems.at;
    d->problem_count = b->problems.len;
    b->problems.at = NULL;
    b->problems.len = b->problems.cap = 0;
    d->span = yaml_span(&b->source, d->span.start, end);
    table_free(&b->anchors);
    b->anchors = (table){0};
}

static void start_document(builder *b, struct fy_token *t)
{
    size_t start = 0, end = 0;
    bool marked = t && token_range(b, t, &start, &end);
    if (b->documents.len) {
        end_document(b, marked ? start : b->last);
        if (marked) {
            size_t line = line_of(&b->source, start);
            if (line + 1 < b->source.line_count) start = b->source.lines[line + 1];
        } else {
            start = b->last;
        }
    } else {
        start = 0;
    }
    yaml_document d = {.span = yaml_span(&b->source, start, b->source.text.len)};
    vec_push_in(b->arena, &b->documents, d);
    if (end > b->last) b->last = end;
}

/* libfyaml ends in silence at some characters that YAML forbids: whatever follows must be blank or comment. */
static void check_end(builder *b)
{
    for (size_t line = line_of(&b->source, b->last), at = b->last; line < b->source.line_count; line++) {
        size_t end = line + 1 < b->source.line_count ? b->source.lines[line + 1] : b->source.text.len;
        pk_str rest = str_trim(str_slice(b->source.text, at, end - at));
        if (rest.len && !strchr("#.-}]\"'%", rest.ptr[0])) {
            fail(b, "sigma-yaml", yaml_span(&b->source, at, at), STR("the YAML can't be read from here on"),
                 STR("is there an unusual invisible character?"));
            return;
        }
        at = end;
    }
}

static void read_event(builder *b, struct fy_event *e)
{
    switch (e->type) {
    case FYET_DOCUMENT_START: start_document(b, e->document_start.document_start); break;
    case FYET_MAPPING_START: open_container(b, YAML_MAP, e->mapping_start.mapping_start, e->mapping_start.anchor); break;
    case FYET_SEQUENCE_START:
        open_container(b, YAML_LIST, e->sequence_start.sequence_start, e->sequence_start.anchor);
        break;
    case FYET_MAPPING_END: close_container(b, e->mapping_end.mapping_end); break;
    case FYET_SEQUENCE_END: close_container(b, e->sequence_end.sequence_end); break;
    case FYET_SCALAR: read_scalar(b, e); break;
    case FYET_ALIAS: read_alias(b, e); break;
    case FYET_NONE: case FYET_STREAM_START: case FYET_STREAM_END: case FYET_DOCUMENT_END: break;
    }
}

static void say_nothing(struct fy_diag *d, void *user, const char *line, size_t len)
{
    (void)d, (void)user, (void)line, (void)len;
}

static void read_events(builder *b)
{
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.output_fn = say_nothing;
    quiet.colorize = false;
    struct fy_diag *diag = fy_diag_create(&quiet);
    if (!diag) return;
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_DEFAULT_VERSION_1_2, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    pk_str input = str_slice(b->source.text, b->offset, b->source.text.len);
    if (parser && fy_parser_set_string(parser, input.ptr, input.len) == 0) {
        struct fy_event *e;
        while (!b->failed && (e = fy_parser_parse(parser))) {
            read_event(b, e);
            fy_parser_event_free(parser, e);
        }
        if (!b->failed && fy_parser_get_stream_error(parser)) report_syntax_error(b, diag);
        else if (!b->failed) check_end(b);
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

/* Invalid UTF-8 and NUL are replaced, so that the rest can be read; the place of the first is `at`. */
static pk_str readable(arena *a, pk_str file, size_t *at)
{
    size_t bad = utf8_bad_at(file), nul = str_find_char(file, '\0');
    *at = bad < nul ? bad : nul;
    if (nul != STR_NPOS) {
        char *bytes = arena_cstring(a, file);
        for (size_t i = 0; i < file.len; i++)
            if (!bytes[i]) bytes[i] = '?';
        file.ptr = bytes;
    }
    return bad == STR_NPOS ? file : utf8_repair(a, file);
}

static void close_broken(builder *b)
{
    if (!b->documents.len) start_document(b, NULL);
    while (b->stack.len) {
        frame *f = top(b);
        if (f->node->kind == YAML_MAP && f->has_key) {
            yaml_node *n = new_node(b, YAML_SCALAR, f->key.key_span.end, f->key.key_span.end);
            n->type = YAML_NULL;
            place_node(b, n);
        }
        close_container(b, NULL);
    }
    b->documents.at[b->documents.len - 1].broken = true;
}

yaml_file yaml_read(arena *a, pk_str content)
{
    builder b = {.arena = a};
    size_t bad = STR_NPOS;
    bool too_long = content.len > YAML_MAX_BYTES;
    b.source.text = too_long ? str_slice(content, 0, 0) : readable(a, content, &bad);
    find_lines(a, &b.source);
    b.offset = str_starts_with(b.source.text, STR("\xef\xbb\xbf")) ? 3 : 0;
    b.last = b.offset;
    if (too_long) {
        start_document(&b, NULL);
        fail(&b, "sigma-limit", yaml_span(&b.source, 0, 0),
             arena_printf(a, "a rule file of more than %u MB is not read", YAML_MAX_BYTES >> 20), STR(""));
    } else {
        read_events(&b);
    }
    if (b.failed) close_broken(&b);
    if (bad != STR_NPOS) {
        if (!b.documents.len) start_document(&b, NULL);
        add_problem(&b, "sigma-encoding", yaml_span(&b.source, bad, bad + 1), STR("this byte is not valid in UTF-8 text"),
                    STR("save the file as UTF-8"));
    }
    end_document(&b, b.source.text.len);
    vec_free(&b.stack);
    return (yaml_file){.source = b.source, .documents = b.documents.at, .count = b.documents.len};
}

/* ---- access ---- */

const yaml_entry *yaml_entry_of(const yaml_node *map, pk_str key)
{
    if (!map || map->kind != YAML_MAP) return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_equal(map->entries[i].key, key)) return &map->entries[i];
    return NULL;
}

yaml_node *yaml_get(const yaml_node *map, pk_str key)
{
    const yaml_entry *e = yaml_entry_of(map, key);
    return e ? e->value : NULL;
}

void yaml_write_json(text *out, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) {
        bool bare = n->type == YAML_NULL || n->type == YAML_BOOL;
        if (n->type == YAML_NULL) text_put_cstring(out, "null");
        else if (bare) text_put_cstring(out, n->text.ptr[0] == 't' || n->text.ptr[0] == 'T' ? "true" : "false");
        else text_put_json(out, n->text);
        return;
    }
    text_put_char(out, n->kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < n->count; i++) {
        if (i) text_put_char(out, ',');
        if (n->kind == YAML_MAP) {
            text_put_json(out, n->entries[i].key);
            text_put_char(out, ':');
        }
        yaml_write_json(out, n->kind == YAML_MAP ? n->entries[i].value : n->items[i]);
    }
    text_put_char(out, n->kind == YAML_MAP ? '}' : ']');
}

/* A table of the keys of a map; empty for short ones, which are quicker to walk. */
static table key_table(const yaml_node *map)
{
    table keys = {0};
    if (map->count >= KEYS_BY_TABLE)
        for (size_t i = 0; i < map->count; i++) table_put(&keys, map->entries[i].key, (uint32_t)i);
    return keys;
}

static const yaml_entry *entry_by(const table *keys, const yaml_node *map, pk_str key)
{
    if (!keys->entries.len) return yaml_entry_of(map, key);
    uint32_t i = table_get(keys, key);
    return i == TABLE_NONE ? NULL : &map->entries[i];
}

yaml_node *yaml_merge(arena *a, yaml_node *under, yaml_node *over, size_t *budget)
{
    if (!under || under->kind != YAML_MAP || !over || over->kind != YAML_MAP) return over ? over : under;
    if (under->count + over->count > *budget) return NULL;
    *budget -= under->count + over->count;
    yaml_node *n = ARENA_NEW(a, yaml_node);
    *n = *over;
    n->entries = ARENA_ARRAY(a, yaml_entry, under->count + over->count);
    n->count = 0;
    table own_keys = key_table(over), under_keys = key_table(under);
    bool whole = true;
    for (size_t i = 0; i < under->count; i++) {
        yaml_entry e = under->entries[i];
        const yaml_entry *own = entry_by(&own_keys, over, e.key);
        if (own) {
            e.key_span = own->key_span;
            e.value = yaml_merge(a, e.value, own->value, budget);
            whole = whole && e.value;
        }
        n->entries[n->count++] = e;
    }
    for (size_t i = 0; i < over->count; i++)
        if (!entry_by(&under_keys, under, over->entries[i].key)) n->entries[n->count++] = over->entries[i];
    table_free(&own_keys);
    table_free(&under_keys);
    return whole ? n : NULL;
}
