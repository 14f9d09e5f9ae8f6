/*
 * Spans go through three readers, each slower and more patient than the one before. Neighbouring spans are indexed together
 * and taken apart by their index (tokens.c), which proves them by the grammar. What is odd there goes to simdjson's parser,
 * and its tape is walked for the fields (tape.c). A span that simdjson refuses is cut again with care (it may hold several records, or one broken one and good ones after
 * it); each piece then is an event by the slow parser, or a diagnostic that the scanner can place.
 */
#include "formats/json/reader.h"

#include "base/unicode.h"
#include "event/json_text.h"
#include "formats/json/escapes.h"
#include "formats/json/index.h"
#include "formats/json/json.h"
#include "formats/json/outline.h"
#include "formats/json/refusals.h"
#include "formats/json/scan.h"
#include "formats/json/spans.h"
#include "formats/json/tape.h"
#include "formats/json/tokens.h"

enum { INDEXED = 80 << 10 };       /* bytes that are indexed together, mostly a block; longer records are parsed one by one */

struct reader {
    simdjson_parser *parser;
    json_indexer *indexer;
    const path_set *paths;         /* NULL: no fields are wanted */
    event_fields fields;
    arena *arena;                  /* of one record: what simdjson refused, what stands in strings, and of messages */
    token_reader tokens;
    json_scalars scalars;          /* of the record, once somebody asked for its outline */
    /* The record of the event that is being handed out: as it stands, parsed, or a tree. */
    pk_str text;                   /* ptr NULL: not by its tokens */
    simdjson_record record;
    const value *tree;             /* NULL: parsed */
};

/* One call of json_read. */
typedef struct {
    reader *reader;
    const block *block;
    const event_source *source;
    event_fn fn;
    void *user;
    refusals refused;
    bool stopped;
} reading;

reader *json_reader_new(const path_set *paths)
{
    reader *r = mem_zalloc(1, sizeof *r);
    /* simdjson doesn't count an empty container; what it refuses at the limit, the scanner decides. */
    r->parser = simdjson_parser_new(JSON_DEPTH_LIMIT);
    r->indexer = json_indexer_new(r->parser);
    r->arena = arena_new();
    if (paths && path_slot_count(paths)) r->paths = paths;
    r->tokens = (token_reader){.paths = r->paths, .keys = r->paths ? key_memory_new(paths) : NULL, 
                              .inner_indexer = json_indexer_new(NULL), .arena = r->arena, .fields = &r->fields};
    return r;
}

void json_reader_free(reader *r)
{
    if (!r) return;
    json_indexer_free(r->indexer);
    json_indexer_free(r->tokens.inner_indexer);
    simdjson_parser_free(r->parser);
    key_memory_free(r->tokens.keys);
    vec_free(&r->fields.at);
    vec_free(&r->scalars.at);
    arena_free(r->arena);
    mem_free(r);
}

/* ---- events ---- */

static const value *event_record(const event *e, arena *a)
{
    const reader *r = e->reader;
    value *v = ARENA_NEW(a, value);
    if (r->tree) *v = value_copy(a, r->tree);
    else *v = r->text.ptr ? json_tree(&r->tokens, a) : tape_tree(&r->record, a);
    return v;
}

static bool outline_key(const event *e, text *key, uint32_t *places)
{
    reader *r = (reader *)e->reader; /* which keeps what it finds out about the record */
    if (!r->text.ptr || !json_outline_key(&r->tokens, &r->scalars, key)) return false;
    *places = (uint32_t)r->scalars.at.len;
    return true;
}

static value outline_tree(const event *e, arena *a) { return json_outline_tree(&((const reader *)e->reader)->tokens, a); }

static value outline_value(const event *e, uint32_t place)
{
    const reader *r = e->reader;
    return tokens_value(&r->tokens, r->scalars.at.at[place], r->arena);
}

static void outline_write_json(const event *e, uint32_t place, text *out)
{
    const reader *r = e->reader;
    json_scalar_write(&r->tokens, r->scalars.at.at[place], out);
}

static const event_outline json_outline = {.key = outline_key, .tree = outline_tree, .value = outline_value, .write_json = outline_write_json};

static void event_values(const event *e, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user)
{
    reader *r = (reader *)e->reader;
    if (r->text.ptr) tokens_each_value(&r->tokens, texts_only, a, fn, user);
    else if (r->tree) tree_each_scalar(r->tree, fn, user);
    else tape_each_value(&r->record, texts_only, fn, user);
}

/* Several slots may ask for one string: their fields stand side by side. */
static void event_decode(const event *e, event_field *f)
{
    const char *string = f->value.as.string.ptr;
    pk_str made = f->value.as.string;
    if (escape_is_in(made)) (void)!escape_undo(((const reader *)e->reader)->arena, made, &made); /* was proved */
    for (const event_field *end = e->fields + e->field_count; f < end && f->undecoded && f->value.as.string.ptr == string; f++)
        *f = (event_field){.slot = f->slot, .value = value_string(made)};
}

static void give_event(reading *g, const json_span *span, pk_str raw, pk_str json)
{
    reader *r = g->reader;
    event e = {.format = &json_format, .source = *g->source, .fields = r->fields.at.at, .field_count = r->fields.at.len,
               .decode = event_decode, .raw = raw, .json = json, .tree = event_record, .each_value = event_values, .outline = &json_outline, .reader = r};
    e.source.position = g->block->position + span->offset;
    e.source.line = span->line;
    e.source.record = -1;
    g->stopped = !g->fn(&e, g->user);
}

static const pk_str no_raw = {NULL, 0};

static const char *span_text(const reading *g, const json_span *span)
{
    return (const char *)g->block->bytes + span->offset;
}

static void give_record(reading *g, const json_span *span)
{
    reader *r = g->reader;
    r->fields.at.len = 0;
    r->tree = NULL;
    if (r->paths) tape_fields(&r->record, r->paths, r->arena, &r->fields);
    give_event(g, span, no_raw, (pk_str){span_text(g, span), span->len});
}

static void give_tree(reading *g, const json_span *span, const value *tree, pk_str raw)
{
    reader *r = g->reader;
    r->fields.at.len = 0;
    r->tree = tree;
    if (r->paths) path_values(r->paths, PATH_ROOT, tree, r->arena, fields_put_slot, &r->fields);
    give_event(g, span, raw, (pk_str){NULL, 0});
}

/* A line of text has one field, as in the format of text lines. */
static void give_text(reading *g, const json_span *span, pk_str line)
{
    arena *a = g->reader->arena;
    line = utf8_repair(a, line);
    record_builder b = {0};
    record_add(a, &b, STR("message"), value_string(line));
    value tree = record_done(&b);
    give_tree(g, span, &tree, line);
}

/* ---- spans ---- */

static void read_span(reading *g, const json_span *span, bool careful);

/* Cuts a span that is no record as it stands into those that are, and what is broken. */
static void recut(reading *g, const json_span *whole)
{
    const char *from = span_text(g, whole);
    splitter s = {.at = from, .end = from + whole->len, .final = true, .careful = true, .records_only = true,
                  .offset = whole->offset, .line = whole->line, .line_offset = whole->offset - (whole->column - 1),
                  .record_limit = g->refused.record_limit};
    json_span span;
    while (!g->stopped && splitter_next(&s, &span) == SPLIT_SPAN) read_span(g, &span, true);
}

static void read_record(reading *g, const json_span *span, bool careful)
{
    reader *r = g->reader;
    pk_str bytes = {span_text(g, span), span->len};
    if (simdjson_parse(r->parser, bytes.ptr, bytes.len, &r->record)) {
        if (tape_is_object(&r->record)) give_record(g, span);
        else json_refuse_not_object(&g->refused, span, *bytes.ptr);
    } else if (!careful && *bytes.ptr == '{') {
        recut(g, span);
    } else if (json_explain(&g->refused, span, bytes)) {
        value tree;
        if (json_text_parse(bytes, JSON_DEPTH_LIMIT, r->arena, &tree)) give_tree(g, span, &tree, no_raw);
        else (*g->refused.damaged)++; /* the scanner and this parser know the same grammar */
    }
}

static void read_span(reading *g, const json_span *span, bool careful)
{
    pk_str bytes = {span_text(g, span), span->len};
    switch ((span_kind)span->kind) {
    case SPAN_RECORD: read_record(g, span, careful); break;
    case SPAN_TEXT: give_text(g, span, bytes); break;
    case SPAN_BROKEN: json_explain(&g->refused, span, bytes); break;
    case SPAN_LONG: json_refuse_long(&g->refused, span); break;
    case SPAN_UNCLOSED: json_refuse_unclosed(&g->refused, span); break;
    }
}

/* ---- by the index ---- */

/* The record at places[0], by its tokens; *count: its places. false: it is left to others. */
static bool read_indexed(reading *g, const json_span *span, const char *from, size_t start, const uint32_t *places, size_t *count)
{
    reader *r = g->reader;
    r->fields.at.len = 0;
    if (!tokens_read(&r->tokens, from, start + span->len, places, count)) return false;
    r->text = (pk_str){from + start, span->len};
    r->tree = NULL;
    give_event(g, span, no_raw, r->text);
    r->text.ptr = NULL;
    return true;
}

static void begin_record(reading *g)
{
    if (arena_used(g->reader->arena)) arena_reset(g->reader->arena);
}

/* Spans [first, behind) of the table, which lie close together: indexed at once. */
static void read_group(reading *g, const spans_footer *footer, size_t first, size_t behind)
{
    json_span span = spans_at(g->block, footer, first), last = spans_at(g->block, footer, behind - 1);
    const char *from = span_text(g, &span);
    const uint64_t offset = span.offset;
    json_index index;
    size_t at = 0;
    if (!json_index_make(g->reader->indexer, from, last.offset + last.len - offset, &index)) index.count = 0;
    g->reader->tokens.proved = index.plain;
    for (size_t i = first; i < behind && !g->stopped; i++) {
        span = spans_at(g->block, footer, i);
        size_t start = span.offset - offset;
        while (at < index.count && index.places[at] < start) at++;
        begin_record(g);
        size_t taken = index.count - at;
        if (at < index.count && index.places[at] == start && read_indexed(g, &span, from, start, index.places + at, &taken)) {
            at += taken;
            continue;
        }
        begin_record(g);
        read_span(g, &span, false);
    }
}

/* Does the span go on where the one before ended, with nothing but white space and a comma between them? */
static bool follows(const reading *g, const json_span *before, const json_span *span)
{
    const char *p = (const char *)g->block->bytes + before->offset + before->len, *end = span_text(g, span);
    while (p < end && (scan_is_blank(*p) || *p == ',')) p++;
    return p == end;
}

/* The end of the group that begins at span `first`: a single one, if that cannot be indexed. */
static size_t group_end(const reading *g, const spans_footer *footer, size_t first, bool *indexed)
{
    json_span begin = spans_at(g->block, footer, first), before = begin;
    size_t i = first + 1;
    *indexed = begin.kind == SPAN_RECORD && begin.len <= INDEXED;
    for (; *indexed && i < footer->spans; i++) {
        json_span span = spans_at(g->block, footer, i);
        if (span.kind != SPAN_RECORD || span.offset + span.len - begin.offset > INDEXED || !follows(g, &before, &span)) break;
        before = span;
    }
    return i;
}

pk_status json_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                    uint64_t *damaged)
{
    spans_footer footer;
    if (!spans_read(b, &footer)) return PK_ERROR_SYNTAX;
    uint64_t uncounted = 0;
    reading g = {.reader = r, .block = b, .source = source, .fn = fn, .user = user,
                 .refused = {r->arena, d, source->file, (size_t)footer.record_limit, damaged ? damaged : &uncounted}};
    for (size_t i = 0, next; i < footer.spans && !g.stopped; i = next) {
        bool indexed;
        next = group_end(&g, &footer, i, &indexed);
        if (indexed) {
            read_group(&g, &footer, i, next);
            continue;
        }
        json_span span = spans_at(b, &footer, i);
        begin_record(&g);
        read_span(&g, &span, false);
    }
    return g.stopped ? PK_STOPPED : PK_OK;
}
