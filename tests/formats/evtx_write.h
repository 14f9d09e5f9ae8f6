/*
 * Writes EVTX files for tests, sample logs and fuzz seeds: events described as element trees, with or without
 * templates.
 *
 *     arena *a = arena_new();
 *     evtx_node *data = evtx_element(a, "Data");
 *     evtx_add_attribute(a, data, "Name")->content = evtx_text(a, "Image");
 *     evtx_add(data, evtx_substitution(a, 0));
 *     ...
 *     evtx_writer *w = evtx_writer_new();
 *     evtx_write_record(w, 1, filetime, &instance, NULL);
 *     evtx_writer_finish(w, &bytes);
 *
 * What a record does not find in its chunk (names, template definitions) is written into it, as Windows does. A record
 * that does not fit starts a new chunk. Descriptions live in the caller's arena, as long as the writer.
 */
#ifndef PICKET_TESTS_FORMATS_EVTX_WRITE_H
#define PICKET_TESTS_FORMATS_EVTX_WRITE_H

#include "base/mem.h"
#include "base/text.h"

typedef struct evtx_node evtx_node;
typedef struct evtx_piece evtx_piece;
typedef struct evtx_attribute_node evtx_attribute_node;
typedef struct evtx_instance evtx_instance;

typedef enum {
    PIECE_TEXT, PIECE_CDATA, PIECE_CHARACTER, PIECE_ENTITY, PIECE_INSTRUCTION, PIECE_SUBSTITUTION, PIECE_OPTIONAL,
    PIECE_ELEMENT,
} evtx_piece_kind;

struct evtx_piece {
    evtx_piece_kind kind;
    pk_str text;          /* text, CDATA; name of an entity; target of an instruction */
    uint16_t number;      /* code unit of a character; index of a substitution */
    evtx_node *element;
    evtx_piece *next;
};

struct evtx_attribute_node {
    pk_str name;
    evtx_piece *content;
    evtx_attribute_node *next;
};

struct evtx_node {
    pk_str name;
    evtx_attribute_node *attributes;
    evtx_piece *content;
};

evtx_node *evtx_element(arena *a, const char *name);
evtx_attribute_node *evtx_add_attribute(arena *a, evtx_node *e, const char *name);
evtx_piece *evtx_piece_new(arena *a, evtx_piece_kind kind, const char *chars, uint16_t number);
evtx_piece *evtx_text(arena *a, const char *chars);
evtx_piece *evtx_substitution(arena *a, uint16_t index);
void evtx_add(evtx_node *e, evtx_piece *p);
evtx_node *evtx_add_child(arena *a, evtx_node *parent, const char *name);

typedef struct {
    uint8_t guid[16];
    evtx_node *root;
} evtx_definition;

/* A substitution value: its bytes as they are stored; type 0x21: an instance or an element instead. */
typedef struct {
    uint8_t type;
    pk_str bytes;
    const evtx_instance *instance;
    const evtx_node *element;
} evtx_stored;

struct evtx_instance {
    const evtx_definition *definition;
    evtx_stored *values;
    size_t count;
};

/* Values by type, bytes in `a`. */
evtx_stored evtx_store_null(void);
evtx_stored evtx_store_string(arena *a, pk_str utf8);
evtx_stored evtx_store_number(arena *a, uint8_t type, uint64_t n, size_t size);
evtx_stored evtx_store_bytes(arena *a, uint8_t type, const void *bytes, size_t size);
evtx_stored evtx_store_instance(const evtx_instance *i);
/* "S-1-5-18"; false: not one. */
bool evtx_store_sid(arena *a, pk_str sid, evtx_stored *out);

typedef struct evtx_writer evtx_writer;

evtx_writer *evtx_writer_new(void);
void evtx_writer_free(evtx_writer *w);
/* An instance, or an element without a template. false: it does not fit into a chunk. */
bool evtx_write_record(evtx_writer *w, uint64_t id, uint64_t filetime, const evtx_instance *i,
                       const evtx_node *element);
/* The whole file, appended to `out`; the writer stays as it is. */
void evtx_writer_finish(const evtx_writer *w, text *out);

/* ---- the usual event: System, and EventData or UserData in a nested template ---- */

typedef struct {
    pk_str name;          /* empty: <Data> without a Name */
    evtx_stored value;
} evtx_data;

typedef struct {
    pk_str provider, provider_guid, channel, computer, user_sid;
    uint16_t event_id, task;
    uint8_t version, level, opcode;
    uint64_t keywords, filetime, record_id;
    uint32_t process_id, thread_id;
    const evtx_data *data;
    size_t data_count;
    pk_str user_data;     /* name of the element inside <UserData> that has the data as elements; empty: EventData */
} evtx_event;

bool evtx_write_event(evtx_writer *w, const evtx_event *e);

/* ---- damage ---- */

/* Puts every checksum of the file right again (after a change that is not to be seen by them). */
void evtx_repair_checksums(uint8_t *file, size_t len);
/* Offset in the file of record `n` (from 0) of chunk `chunk`; 0: there is none. */
size_t evtx_record_offset(const uint8_t *file, size_t len, size_t chunk, size_t n);

#endif
