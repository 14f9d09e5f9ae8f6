/*
 * Spans go through three readers, each slower and more patient than the one before. The first walks over the record and proves it by
 * the grammar (walker.c); for those who want to see all of it an index is made then (tokens.c). What is odd to it goes to simdjson's
 * parser, whose tape is walked for the fields (tape.c). A span that simdjson refuses is cut again with care (it may hold several
 * records, or one broken one and good ones after it); each piece then is an event by the slow parser, or a diagnostic that the scanner
 * can place.
 */
#include "formats/json/reader.h"

#include "base/unicode.h"
#include "event/json_text.h"
#include "formats/json/escapes.h"
#include "formats/json/json.h"
#include "formats/json/outline.h"
#include "formats/json/refusals.h"
#include "formats/json/scan.h"
#include "formats/json/spans.h"
#include "formats/json/tape.h"
#include "formats/json/walker.h"

struct reader {
    simdjson_parser *parser;
    json_indexer *indexer;
    const path_set *paths;         /* NULL: no fields are wanted */
    event_fields fields;
    arena *arena;                  /* of one record: what simdjson refused, what stands in strings, and of messages */
    walker walker;
    token_reader tokens;           /* of the record that was walked, once somebody asked; no places: nobody did */
    json_scalars scalars;          /* of the record, once somebody asked for its outline */
    /* The record of the event that is being handed out: as it stands, parsed, or a tree. */
    pk_str text;                   /* ptr NULL: it was not walked */
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
    r->walker = (walker){.paths = r->paths, .keys = r->paths ? key_memory_new(paths) : NULL, .arena = r->arena, .fields = &r->fields};
    return r;
}

void json_reader_free(reader *r)
{
    if (!r) return;
    json_indexer_free(r->indexer);
    simdjson_parser_free(r->parser);
    key_memory_free(r->walker.keys);
    vec_free(&r->fields.at);
    vec_free(&r->scalars.at);
    arena_free(r->arena);
    mem_free(r);
}

/* ---- events ---- */

/* The tokens of a record that was walked; false: it was not, or a processor without an index of ours has no memory for another. */
static bool tokens_are_known(reader *r)
{
    json_index index;
    if (!r->text.ptr) return false;
    if (r->tokens.place_count) return true;
    if (!json_index_make(r->indexer, r->text.ptr, r->text.len, &index)) return false;
    r->tokens = (token_reader){r->arena, r->text.ptr, index.places, index.count};
    return true;
}

static value walked_tree(reader *r, arena *a)
{
    value v;
    if (tokens_are_known(r)) return json_tree(&r->tokens, a);
    return json_text_parse(r->text, JSON_DEPTH_LIMIT, a, &v) ? v : (value){.type = VALUE_RECORD};
}

static const value *event_record(const event *e, arena *a)
{
    reader *r = (reader *)e->reader; /* which keeps what it finds out about the record */
    value *v = ARENA_NEW(a, value);
    if (r->tree) *v = value_copy(a, r->tree);
    else *v = r->text.ptr ? walked_tree(r, a) : tape_tree(&r->record, a);
    return v;
}

static bool outline_key(const event *e, text *key, uint32_t *places)
{
    reader *r = (reader *)e->reader;
    if (!tokens_are_known(r) || !json_outline_key(&r->tokens, &r->scalars, key)) return false;
    *places = (uint32_t)r->scalars.at.len;
    return true;
}

static value outline_tree(const event *e, arena *a) { return json_outline_tree(&((const reader *)e->reader)->tokens, a); }

static value outline_value(const event *e, uint32_t place)
{
    const reader *r = e->reader;
    return tokens_value(&r->tokens, r->scalars.at.at[place], r->arena);
}

static void outline_write_json(const event *e, const outline_json *j, text *out)
{
    const reader *r = e->reader;
    size_t written = 0;
    for (size_t i = 0; i < j->count; i++) {
        outline_place p = j->places[i];
        text_put_padded(out, j->text.ptr + written, p.at - written);
        json_scalar_write(&r->tokens, r->scalars.at.at[p.place], out);
        written = p.at;
    }
    text_put(out, str_slice(j->text, written, STR_NPOS));
}

static const event_outline json_outline = {.key = outline_key, .tree = outline_tree, .value = outline_value, .write_json = outline_write_json};

static void event_values(const event *e, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user)
{
    reader *r = (reader *)e->reader;
    if (tokens_are_known(r)) tokens_each_value(&r->tokens, texts_only, a, fn, user);
    else if (r->tree || r->text.ptr) tree_each_scalar(event_record(e, a), fn, user);
    else tape_each_value(&r->record, texts_only, fn, user);
}

/* Several slots may ask for one string: their fields stand side by side. */
static void event_decode(const event *e, event_field *f)
{
    const char *string = f->value.as.string.ptr;
    pk_str made;
    (void)!escape_undo(((const reader *)e->reader)->arena, f->value.as.string, &made); /* was proved */
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

/* The record as it is walked. false: it is left to others. */
static bool read_walked(reading *g, const json_span *span)
{
    reader *r = g->reader;
    const pk_str bytes = {span_text(g, span), span->len};
    r->fields.at.len = 0;
    if (span->kind != SPAN_RECORD || !walker_read(&r->walker, bytes.ptr, bytes.ptr + bytes.len)) return false;
    r->text = bytes;
    r->tree = NULL;
    r->tokens.place_count = 0;
    give_event(g, span, no_raw, bytes);
    r->text.ptr = NULL;
    return true;
}

static void begin_record(reading *g)
{
    if (arena_used(g->reader->arena)) arena_reset(g->reader->arena);
}

pk_status json_read(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                    uint64_t *damaged)
{
    spans_footer footer;
    if (!spans_read(b, &footer)) return PK_ERROR_SYNTAX;
    uint64_t uncounted = 0;
    reading g = {.reader = r, .block = b, .source = source, .fn = fn, .user = user,
                 .refused = {r->arena, d, source->file, (size_t)footer.record_limit, damaged ? damaged : &uncounted}};
    for (size_t i = 0; i < footer.spans && !g.stopped; i++) {
        const json_span span = spans_at(b, &footer, i);
        begin_record(&g);
        if (read_walked(&g, &span)) continue;
        begin_record(&g);
        read_span(&g, &span, false);
    }
    return g.stopped ? PK_STOPPED : PK_OK;
}
