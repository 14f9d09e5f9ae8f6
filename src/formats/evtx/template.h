/*
 * Template definitions (MS-EVEN6 2.2.12.5): parsed once, and kept for all chunks and files that a reader sees.
 *
 * A definition's bytes hold offsets of names in its chunk, so the same definition differs from chunk to chunk. The
 * cache keeps the bytes with the places of those offsets: a definition is the same when everything else is, byte by
 * byte, and each name is. The GUID only finds the candidates.
 */
#ifndef PICKET_FORMATS_EVTX_TEMPLATE_H
#define PICKET_FORMATS_EVTX_TEMPLATE_H

#include "formats/evtx/binxml.h"

typedef struct evtx_template evtx_template;
typedef struct evtx_plan evtx_plan;                 /* plan.h */
typedef struct evtx_kinds evtx_kinds;               /* kinds.h */
typedef struct shape_node shape_node;               /* shape_trie.c */
typedef struct shape_name shape_name;

/* What texts.c knows of a template. */
typedef enum { EVTX_TEXTS_UNKNOWN, EVTX_TEXTS_KNOWN, EVTX_TEXTS_COMPOSED } evtx_texts_state;

/* What was looked for in the constants of a template (texts_look.of), and may be there. */
typedef struct { const void *of; bool may_hold; } evtx_look;
enum { EVTX_LOOKS = 4 };

struct evtx_template {
    uint64_t number;                                /* of all that its reader has made, from 1 */
    binxml_tree tree;
    uint8_t guid[16];
    uint32_t size;                                  /* of the definition's BinXML */
    const uint8_t *bytes;                           /* copy of it; of a shape the key */
    evtx_template *variant;                         /* another one with the same hash */
    evtx_plan *plans;                               /* one for each place where it was met */
    evtx_kinds *kinds;                              /* of values that it had, the last first */
    const binxml_content *record_id;                /* content of Event/System/EventRecordID; NULL: it has none */
    evtx_texts_state texts;
    pk_str constants;                               /* its texts, once known, a NUL behind each */
    evtx_look looks[EVTX_LOOKS];                    /* the last */
    uint8_t next_look;
};

enum { EVTX_OFFSETS = 65536 };

/* What a definition offset of the current chunk led to. */
typedef struct {
    evtx_template *found;                           /* NULL: it is broken, see problem */
    evtx_problem problem;
    uint16_t at;
} evtx_chunk_template;

typedef struct {
    arena *arena; /* of all templates and plans; emptied when it has grown too large */
    evtx_template *buckets[1024];
    evtx_template *shapes[256];                     /* of elements without a template (shape.c) */
    size_t shape_count;
    shape_node *shape_steps;                        /* how they are known (shape_trie.c) */
    shape_name *shape_names[64];
    size_t shape_node_count;
    uint64_t chunk;                                 /* number of the current one */
    uint64_t made;                                  /* templates and shapes, also those dropped */
    VEC(evtx_chunk_template) in_chunk;
    uint16_t *by_offset;                            /* EVTX_OFFSETS: number in in_chunk plus 1; 0: not yet asked for */
    size_t parsed_in_chunk;                         /* bytes of definitions parsed for this chunk */
} evtx_templates;

void evtx_templates_init(evtx_templates *t);
void evtx_templates_free(evtx_templates *t);
/* Forgets the offsets of the chunk before. Templates may be dropped here, and only here. */
void evtx_templates_begin_chunk(evtx_templates *t);
/* The template whose definition stands at `at` of the chunk; NULL with *problem set if there is none. */
evtx_template *evtx_template_find(evtx_templates *t, evtx_chunk chunk, uint32_t at, evtx_problem *problem);

static inline evtx_template *evtx_template_at(evtx_templates *t, evtx_chunk chunk, uint32_t at, evtx_problem *problem)
{
    uint16_t known = at < EVTX_OFFSETS ? t->by_offset[at] : 0;
    evtx_template *found = known ? t->in_chunk.at[known - 1].found : NULL;
    return found ? found : evtx_template_find(t, chunk, at, problem);
}

/* Header of a definition: link to the next (not used), GUID, size of the BinXML behind it. */
enum { TEMPLATE_HEADER = 24 };

#endif
