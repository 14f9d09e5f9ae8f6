/*
 * Writer of EVTX: the formats of chunk, string table, template table, record and BinXML the other way round (libyal's
 * "Windows XML Event Log (EVTX)"; MS-EVEN6 2.2.12). Written apart from the reader and sharing nothing with it but the
 * checksum, which the shared logs confirm.
 */
#include "evtx_write.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/str.h"
#include "base/unicode.h"
#include "formats/evtx/crc32.h"

enum {
    FILE_HEADER = 4096,
    CHUNK = 65536,
    CHUNK_HEADER = 512,
    STRINGS_AT = 128,
    TEMPLATES_AT = 384,
    DEPENDENCY = 0xffff
};

typedef struct {
    pk_str name;
    uint32_t at;
} written_name;

typedef struct {
    const evtx_definition *definition;
    uint32_t at;
} written_definition;

typedef struct {
    uint8_t bytes[CHUNK];
    size_t len;                  /* may pass CHUNK while a record is tried: then it did not fit */
    size_t last_record;
    uint64_t first_id, last_id, records;
    VEC(written_name) names;
    VEC(written_definition) definitions;
} chunk;

typedef struct {
    arena *arena;
    const evtx_definition *definition;
    pk_str key;
} kept_definition;

struct evtx_writer {
    VEC(chunk *) chunks;
    uint64_t next_id, records;
    arena *arena;                /* of the usual event's definitions */
    VEC(kept_definition) kept;
    crc32_table crc;
};

/* ---- descriptions ---- */

evtx_node *evtx_element(arena *a, const char *name)
{
    evtx_node *e = ARENA_NEW(a, evtx_node);
    e->name = arena_str(a, str_from(name));
    return e;
}

evtx_attribute_node *evtx_add_attribute(arena *a, evtx_node *e, const char *name)
{
    evtx_attribute_node *made = ARENA_NEW(a, evtx_attribute_node), **last = &e->attributes;
    made->name = arena_str(a, str_from(name));
    while (*last) last = &(*last)->next;
    *last = made;
    return made;
}

evtx_piece *evtx_piece_new(arena *a, evtx_piece_kind kind, const char *chars, uint16_t number)
{
    evtx_piece *p = ARENA_NEW(a, evtx_piece);
    *p = (evtx_piece){.kind = kind, .text = arena_str(a, str_from(chars)), .number = number};
    return p;
}

evtx_piece *evtx_text(arena *a, const char *chars) { return evtx_piece_new(a, PIECE_TEXT, chars, 0); }

evtx_piece *evtx_substitution(arena *a, uint16_t index) { return evtx_piece_new(a, PIECE_OPTIONAL, "", index); }

void evtx_add(evtx_node *e, evtx_piece *p)
{
    evtx_piece **last = &e->content;
    while (*last) last = &(*last)->next;
    *last = p;
}

evtx_node *evtx_add_child(arena *a, evtx_node *parent, const char *name)
{
    evtx_piece *p = evtx_piece_new(a, PIECE_ELEMENT, "", 0);
    p->element = evtx_element(a, name);
    evtx_add(parent, p);
    return p->element;
}

/* ---- values ---- */

evtx_stored evtx_store_null(void) { return (evtx_stored){0}; }

evtx_stored evtx_store_bytes(arena *a, uint8_t type, const void *bytes, size_t size)
{
    return (evtx_stored){.type = type, .bytes = arena_str(a, (pk_str){bytes, size})};
}

evtx_stored evtx_store_string(arena *a, pk_str utf8)
{
    return (evtx_stored){.type = 0x01, .bytes = utf8_to_utf16(a, utf8, false, false)};
}

evtx_stored evtx_store_number(arena *a, uint8_t type, uint64_t n, size_t size)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(n >> (8 * i));
    return evtx_store_bytes(a, type, bytes, size);
}

evtx_stored evtx_store_instance(const evtx_instance *i) { return (evtx_stored){.type = 0x21, .instance = i}; }

bool evtx_store_sid(arena *a, pk_str sid, evtx_stored *out)
{
    uint8_t bytes[8 + 15 * 4] = {1};
    char *end, *at = mem_cstring(sid), *start = at;
    unsigned count = 0;
    bool ok = sid.len > 4 && memcmp(at, "S-1-", 4) == 0;
    at += ok ? 4 : 0;
    for (unsigned part = 0; ok && *at; part++) {
        unsigned long long n = strtoull(at, &end, 10);
        ok = end != at && (*end == '-' || !*end) && part <= 15;
        if (ok && part == 0) bytes[7] = (uint8_t)n;
        for (unsigned i = 0; ok && part > 0 && i < 4; i++) bytes[8 + 4 * count + i] = (uint8_t)(n >> (8 * i));
        if (part > 0) count++;
        at = *end ? end + 1 : end;
    }
    mem_free(start);
    bytes[1] = (uint8_t)count;
    if (ok) *out = evtx_store_bytes(a, 0x13, bytes, 8 + 4 * (size_t)count);
    return ok;
}

/* ---- bytes of a chunk ---- */

static void set(uint8_t *at, uint64_t n, int size)
{
    for (int i = 0; i < size; i++) at[i] = (uint8_t)(n >> (8 * i));
}

static uint32_t get(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put(chunk *c, uint64_t n, int size)
{
    if (c->len + (size_t)size <= CHUNK) set(c->bytes + c->len, n, size);
    c->len += (size_t)size;
}

static void put_bytes(chunk *c, const void *bytes, size_t len)
{
    if (len && c->len + len <= CHUNK) memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
}

static void patch(chunk *c, size_t at, uint64_t n, int size)
{
    if (at + (size_t)size <= CHUNK) set(c->bytes + at, n, size);
}

static void put_utf16(chunk *c, pk_str utf8)
{
    arena *a = arena_new();
    pk_str units = utf8_to_utf16(a, utf8, false, false);
    put(c, units.len / 2, 2);
    put_bytes(c, units.ptr, units.len);
    arena_free(a);
}

/* The hash of the string table: 65599 times the hash before, plus the character; 16 bits are kept. */
static uint16_t name_hash(pk_str utf8)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < utf8.len; i++) hash = hash * 65599 + (unsigned char)utf8.ptr[i];
    return (uint16_t)hash;
}

/* Offset of the name; the name itself behind it when the chunk does not have it yet. */
static void put_name(chunk *c, pk_str name)
{
    for (size_t i = 0; i < c->names.len; i++) {
        if (!str_equal(c->names.at[i].name, name)) continue;
        put(c, c->names.at[i].at, 4);
        return;
    }
    uint32_t at = (uint32_t)c->len + 4;
    uint8_t *link = c->bytes + STRINGS_AT + 4 * (name_hash(name) % 64);
    put(c, at, 4);
    put(c, get(link), 4);
    set(link, at, 4);
    put(c, name_hash(name), 2);
    put_utf16(c, name);
    put(c, 0, 2);
    vec_push(&c->names, ((written_name){name, at}));
}

/* ---- BinXML ---- */

static void put_element(chunk *c, const evtx_node *e, bool dependency);

static void put_piece(chunk *c, const evtx_piece *p, bool dependency)
{
    int more = p->next ? 0x40 : 0;
    switch (p->kind) {
    case PIECE_TEXT:
        put(c, 0x05 | more, 1);
        put(c, 0x01, 1);
        put_utf16(c, p->text);
        return;
    case PIECE_CDATA:
        put(c, 0x07 | more, 1);
        put_utf16(c, p->text);
        return;
    case PIECE_CHARACTER:
        put(c, 0x08 | more, 1);
        put(c, p->number, 2);
        return;
    case PIECE_ENTITY:
        put(c, 0x09 | more, 1);
        put_name(c, p->text);
        return;
    case PIECE_INSTRUCTION:
        put(c, 0x0a, 1);
        put_name(c, p->text);
        put(c, 0x0b, 1);
        put_utf16(c, STR("instruction data"));
        return;
    case PIECE_SUBSTITUTION:
    case PIECE_OPTIONAL:
        put(c, p->kind == PIECE_OPTIONAL ? 0x0e : 0x0d, 1);
        put(c, p->number, 2);
        put(c, 0x01, 1); /* declared type: the value's own counts */
        return;
    case PIECE_ELEMENT: put_element(c, p->element, dependency); return;
    }
}

static void put_attributes(chunk *c, const evtx_node *e)
{
    size_t size_at = c->len;
    put(c, 0, 4);
    for (const evtx_attribute_node *a = e->attributes; a; a = a->next) {
        put(c, a->next ? 0x46 : 0x06, 1);
        put_name(c, a->name);
        for (const evtx_piece *p = a->content; p; p = p->next) put_piece(c, p, false);
    }
    patch(c, size_at, c->len - size_at - 4, 4);
}

static void put_element(chunk *c, const evtx_node *e, bool dependency)
{
    put(c, e->attributes ? 0x41 : 0x01, 1);
    if (dependency) put(c, DEPENDENCY, 2);
    size_t size_at = c->len;
    put(c, 0, 4);
    put_name(c, e->name);
    if (e->attributes) put_attributes(c, e);
    if (!e->content) {
        put(c, 0x03, 1);
    } else {
        put(c, 0x02, 1);
        for (const evtx_piece *p = e->content; p; p = p->next) put_piece(c, p, dependency);
        put(c, 0x04, 1);
    }
    patch(c, size_at, c->len - size_at - 4, 4);
}

static void put_fragment_header(chunk *c) { put(c, 0x0001010f, 4); }

/* The definition itself, at its first use in a chunk. */
static void put_definition(chunk *c, const evtx_definition *d)
{
    uint32_t at = (uint32_t)c->len;
    uint8_t *link = c->bytes + TEMPLATES_AT + 4 * (get(d->guid) % 32);
    put(c, get(link), 4);
    set(link, at, 4);
    put_bytes(c, d->guid, 16);
    put(c, 0, 4);
    put_fragment_header(c);
    put_element(c, d->root, true);
    put(c, 0, 1);
    patch(c, at + 20, c->len - at - 24, 4);
    vec_push(&c->definitions, ((written_definition){d, at}));
}

static void put_instance(chunk *c, const evtx_instance *x);

static void put_value(chunk *c, const evtx_stored *v)
{
    if (v->instance || v->element) put_fragment_header(c);
    if (v->instance) {
        put_instance(c, v->instance);
        put(c, 0, 1);
    } else if (v->element) {
        put_element(c, v->element, false);
        put(c, 0, 1);
    } else {
        put_bytes(c, v->bytes.ptr, v->bytes.len);
    }
}

static void put_instance(chunk *c, const evtx_instance *x)
{
    const written_definition *known = NULL;
    for (size_t i = 0; i < c->definitions.len; i++)
        if (c->definitions.at[i].definition == x->definition) known = &c->definitions.at[i];
    put(c, 0x0c, 1);
    put(c, 1, 1);
    put_bytes(c, x->definition->guid, 4);
    put(c, known ? known->at : c->len + 4, 4);
    if (!known) put_definition(c, x->definition);
    put(c, x->count, 4);
    size_t sizes_at = c->len;
    for (size_t i = 0; i < x->count; i++) put(c, (uint32_t)x->values[i].type << 16, 4);
    for (size_t i = 0; i < x->count; i++) {
        size_t before = c->len;
        put_value(c, &x->values[i]);
        patch(c, sizes_at + 4 * i, c->len - before, 2);
    }
}

/* ---- records, chunks, file ---- */

evtx_writer *evtx_writer_new(void)
{
    evtx_writer *w = mem_zalloc(1, sizeof *w);
    w->arena = arena_new();
    crc32_init(&w->crc);
    return w;
}

void evtx_writer_free(evtx_writer *w)
{
    for (size_t i = 0; i < w->chunks.len; i++) {
        vec_free(&w->chunks.at[i]->names);
        vec_free(&w->chunks.at[i]->definitions);
        mem_free(w->chunks.at[i]);
    }
    vec_free(&w->chunks);
    vec_free(&w->kept);
    arena_free(w->arena);
    mem_free(w);
}

static chunk *new_chunk(evtx_writer *w)
{
    chunk *c = mem_zalloc(1, sizeof *c);
    c->len = CHUNK_HEADER;
    vec_push(&w->chunks, c);
    return c;
}

/* false: it does not fit; the chunk is then as before. */
static bool try_record(chunk *c, uint64_t id, uint64_t filetime, const evtx_instance *i, const evtx_node *element)
{
    size_t start = c->len, names = c->names.len, definitions = c->definitions.len;
    uint8_t tables[CHUNK_HEADER - STRINGS_AT];
    memcpy(tables, c->bytes + STRINGS_AT, sizeof tables);
    put(c, 0x2a2a, 4);
    put(c, 0, 4);
    put(c, id, 8);
    put(c, filetime, 8);
    put_fragment_header(c);
    if (i) put_instance(c, i);
    else put_element(c, element, false);
    put(c, 0, 1);
    while (c->len % 8 != 4) put(c, 0, 1);
    size_t size = c->len + 4 - start;
    put(c, size, 4);
    patch(c, start + 4, size, 4);
    if (c->len <= CHUNK) {
        c->last_record = start;
        if (c->records++ == 0) c->first_id = id;
        c->last_id = id;
        return true;
    }
    memset(c->bytes + start, 0, CHUNK - start);
    memcpy(c->bytes + STRINGS_AT, tables, sizeof tables);
    c->len = start;
    c->names.len = names;
    c->definitions.len = definitions;
    return false;
}

bool evtx_write_record(evtx_writer *w, uint64_t id, uint64_t filetime, const evtx_instance *i, const evtx_node *element)
{
    chunk *c = w->chunks.len ? w->chunks.at[w->chunks.len - 1] : new_chunk(w);
    bool fits = try_record(c, id, filetime, i, element);
    if (!fits && c->records) fits = try_record(new_chunk(w), id, filetime, i, element);
    if (!fits) return false;
    w->records++;
    w->next_id = id + 1;
    return true;
}

static void finish_chunk(const evtx_writer *w, const chunk *c, uint64_t first_number, uint8_t out[CHUNK])
{
    memcpy(out, c->bytes, CHUNK);
    memcpy(out, "ElfChnk", 8);
    set(out + 8, first_number, 8);
    set(out + 16, first_number + c->records - 1, 8);
    set(out + 24, c->first_id, 8);
    set(out + 32, c->last_id, 8);
    set(out + 40, 128, 4);
    set(out + 44, c->last_record, 4);
    set(out + 48, c->len, 4);
    set(out + 52, crc32_add(&w->crc, 0, out + CHUNK_HEADER, c->len - CHUNK_HEADER), 4);
    set(out + 120, 1, 4);
    uint32_t crc = crc32_add(&w->crc, 0, out, 120);
    set(out + 124, crc32_add(&w->crc, crc, out + 128, CHUNK_HEADER - 128), 4);
}

void evtx_writer_finish(const evtx_writer *w, text *out)
{
    uint8_t header[FILE_HEADER] = "ElfFile";
    set(header + 16, w->chunks.len ? w->chunks.len - 1 : 0, 8);
    set(header + 24, w->next_id, 8);
    set(header + 32, 128, 4);
    set(header + 36, 1, 2);
    set(header + 38, 3, 2);
    set(header + 40, FILE_HEADER, 2);
    set(header + 42, w->chunks.len, 2);
    set(header + 124, crc32_add(&w->crc, 0, header, 120), 4);
    text_put(out, (pk_str){(const char *)header, sizeof header});
    uint8_t *bytes = mem_alloc(CHUNK);
    uint64_t number = 1;
    for (size_t i = 0; i < w->chunks.len; i++) {
        finish_chunk(w, w->chunks.at[i], number, bytes);
        number += w->chunks.at[i]->records;
        text_put(out, (pk_str){(const char *)bytes, CHUNK});
    }
    mem_free(bytes);
}

/* ---- the usual event ---- */

static void add_valued(arena *a, evtx_node *parent, const char *name, uint16_t index)
{
    evtx_add(evtx_add_child(a, parent, name), evtx_substitution(a, index));
}

static evtx_attribute_node *add_valued_attribute(arena *a, evtx_node *e, const char *name, uint16_t index)
{
    evtx_attribute_node *made = evtx_add_attribute(a, e, name);
    made->content = evtx_substitution(a, index);
    return made;
}

/* Indexes of the values of the System template. */
enum {
    V_PROVIDER, V_GUID, V_EVENT_ID, V_VERSION, V_LEVEL, V_TASK, V_OPCODE, V_KEYWORDS, V_TIME, V_RECORD_ID, V_PROCESS,
    V_THREAD, V_CHANNEL, V_COMPUTER, V_USER, V_ACTIVITY, V_DATA, V_COUNT,
};

static evtx_node *system_root(arena *a)
{
    evtx_node *event = evtx_element(a, "Event");
    evtx_add_attribute(a, event, "xmlns")->content =
        evtx_text(a, "http://schemas.microsoft.com/win/2004/08/events/event");
    evtx_node *system = evtx_add_child(a, event, "System"), *e = evtx_add_child(a, system, "Provider");
    add_valued_attribute(a, e, "Name", V_PROVIDER);
    add_valued_attribute(a, e, "Guid", V_GUID);
    add_valued(a, system, "EventID", V_EVENT_ID);
    add_valued(a, system, "Version", V_VERSION);
    add_valued(a, system, "Level", V_LEVEL);
    add_valued(a, system, "Task", V_TASK);
    add_valued(a, system, "Opcode", V_OPCODE);
    add_valued(a, system, "Keywords", V_KEYWORDS);
    add_valued_attribute(a, evtx_add_child(a, system, "TimeCreated"), "SystemTime", V_TIME);
    add_valued(a, system, "EventRecordID", V_RECORD_ID);
    add_valued_attribute(a, evtx_add_child(a, system, "Correlation"), "ActivityID", V_ACTIVITY);
    e = evtx_add_child(a, system, "Execution");
    add_valued_attribute(a, e, "ProcessID", V_PROCESS);
    add_valued_attribute(a, e, "ThreadID", V_THREAD);
    add_valued(a, system, "Channel", V_CHANNEL);
    add_valued(a, system, "Computer", V_COMPUTER);
    add_valued_attribute(a, evtx_add_child(a, system, "Security"), "UserID", V_USER);
    evtx_add(event, evtx_substitution(a, V_DATA));
    return event;
}

static evtx_node *data_root(arena *a, const evtx_event *e)
{
    evtx_node *root = evtx_element(a, e->user_data.len ? "UserData" : "EventData");
    evtx_node *inside = e->user_data.len ? evtx_add_child(a, root, arena_cstring(a, e->user_data)) : root;
    for (size_t i = 0; e->user_data.len && i < e->data_count; i++)
        add_valued(a, inside, arena_cstring(a, e->data[i].name), (uint16_t)i);
    if (e->user_data.len) return root;
    for (size_t i = 0; i < e->data_count; i++) {
        evtx_node *data = evtx_add_child(a, root, "Data");
        if (e->data[i].name.len)
            evtx_add_attribute(a, data, "Name")->content = evtx_text(a, arena_cstring(a, e->data[i].name));
        evtx_add(data, evtx_substitution(a, (uint16_t)i));
    }
    return root;
}

/* The definition for this shape of event: made at its first use, known by what distinguishes it. */
static const evtx_definition *definition_for(evtx_writer *w, pk_str key, const evtx_event *e)
{
    for (size_t i = 0; i < w->kept.len; i++)
        if (str_equal(w->kept.at[i].key, key)) return w->kept.at[i].definition;
    evtx_definition *d = ARENA_NEW(w->arena, evtx_definition);
    uint64_t low = hash_str(key), high = hash_bytes(key.ptr, key.len, 1);
    set(d->guid, low, 8);
    set(d->guid + 8, high, 8);
    d->root = e ? data_root(w->arena, e) : system_root(w->arena);
    vec_push(&w->kept, ((kept_definition){w->arena, d, arena_str(w->arena, key)}));
    return d;
}

static evtx_stored optional_string(arena *a, pk_str s) { return s.len ? evtx_store_string(a, s) : evtx_store_null(); }

/* "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}" */
static bool guid_bytes(pk_str s, uint8_t out[16])
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t digits = 0;
    memset(out, 0, 16);
    for (size_t i = 0; i < s.len; i++) {
        int c = s.ptr[i], n = c >= '0' && c <= '9'                 ? c - '0'
                              : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                                   : -1;
        if (n < 0) continue;
        if (digits == 32) return false;
        out[order[digits / 2]] |= (uint8_t)(digits % 2 ? n : n << 4);
        digits++;
    }
    return digits == 32;
}

bool evtx_write_event(evtx_writer *w, const evtx_event *e)
{
    arena *a = arena_new();
    text key = {0};
    uint8_t guid[16];
    text_printf(&key, STR_FMT "/%u/%u/" STR_FMT, STR_ARG(e->provider), e->event_id, e->version, STR_ARG(e->user_data));
    for (size_t i = 0; i < e->data_count; i++) text_printf(&key, "/" STR_FMT, STR_ARG(e->data[i].name));
    evtx_instance data = {.count = e->data_count, .values = ARENA_ARRAY(a, evtx_stored, e->data_count + 1)};
    for (size_t i = 0; i < e->data_count; i++) data.values[i] = e->data[i].value;
    if (e->data_count) data.definition = definition_for(w, text_view(&key), e);
    evtx_stored v[V_COUNT] = {
        [V_PROVIDER] = optional_string(a, e->provider),
        [V_EVENT_ID] = evtx_store_number(a, 0x06, e->event_id, 2),
        [V_VERSION] = evtx_store_number(a, 0x04, e->version, 1),
        [V_LEVEL] = evtx_store_number(a, 0x04, e->level, 1),
        [V_TASK] = evtx_store_number(a, 0x06, e->task, 2),
        [V_OPCODE] = evtx_store_number(a, 0x04, e->opcode, 1),
        [V_KEYWORDS] = evtx_store_number(a, 0x15, e->keywords, 8),
        [V_TIME] = evtx_store_number(a, 0x11, e->filetime, 8),
        [V_RECORD_ID] = evtx_store_number(a, 0x0a, e->record_id, 8),
        [V_PROCESS] = evtx_store_number(a, 0x08, e->process_id, 4),
        [V_THREAD] = evtx_store_number(a, 0x08, e->thread_id, 4),
        [V_CHANNEL] = optional_string(a, e->channel),
        [V_COMPUTER] = optional_string(a, e->computer),
    };
    if (guid_bytes(e->provider_guid, guid)) v[V_GUID] = evtx_store_bytes(a, 0x0f, guid, 16);
    if (e->user_sid.len) (void)evtx_store_sid(a, e->user_sid, &v[V_USER]);
    if (e->data_count) v[V_DATA] = evtx_store_instance(&data);
    evtx_instance root = {.definition = definition_for(w, STR("System"), NULL), .values = v, .count = V_COUNT};
    bool written = evtx_write_record(w, e->record_id, e->filetime, &root, NULL);
    text_free(&key);
    arena_free(a);
    return written;
}

/* ---- damage ---- */

void evtx_repair_checksums(uint8_t *file, size_t len)
{
    crc32_table crc;
    crc32_init(&crc);
    set(file + 124, crc32_add(&crc, 0, file, 120), 4);
    for (size_t at = FILE_HEADER; at + CHUNK <= len; at += CHUNK) {
        uint8_t *c = file + at;
        uint32_t free_at = get(c + 48);
        if (free_at >= CHUNK_HEADER && free_at <= CHUNK)
            set(c + 52, crc32_add(&crc, 0, c + CHUNK_HEADER, free_at - CHUNK_HEADER), 4);
        uint32_t sum = crc32_add(&crc, 0, c, 120);
        set(c + 124, crc32_add(&crc, sum, c + 128, CHUNK_HEADER - 128), 4);
    }
}

size_t evtx_record_offset(const uint8_t *file, size_t len, size_t number, size_t n)
{
    size_t start = FILE_HEADER + number * CHUNK, at = start + CHUNK_HEADER;
    for (; at + 28 <= len && at + 28 <= start + CHUNK && get(file + at) == 0x2a2a; at += get(file + at + 4)) {
        if (n-- == 0) return at;
        if (get(file + at + 4) == 0) return 0;
    }
    return 0;
}
