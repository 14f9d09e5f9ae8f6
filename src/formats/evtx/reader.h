/* The reader of one worker: what it keeps from record to record and from chunk to chunk. */
#ifndef PICKET_FORMATS_EVTX_READER_H
#define PICKET_FORMATS_EVTX_READER_H

#include "formats/evtx/crc32.h"
#include "formats/evtx/outline.h"
#include "formats/evtx/plan.h"
#include "formats/format.h"

struct reader {
    evtx_templates templates;
    evtx_record record;              /* the current one; the event's tree is made from it */
    evtx_fields fields;
    scratch texts;
    evtx_places places;              /* of the current record, once somebody asked for its outline */
    crc32_table crc;
};

enum { EVTX_CHUNK_SIZE = 64 << 10, EVTX_CHUNK_HEADER = 512, EVTX_FILE_HEADER = 4096 };
enum { EVTX_RECORD_MAGIC = 0x2a2a, EVTX_RECORD_HEADER = 24, EVTX_SMALLEST_RECORD = EVTX_RECORD_HEADER + 4 };

static const char evtx_file_magic[8] = "ElfFile";
static const char evtx_chunk_magic[8] = "ElfChnk";

/* Decodes a chunk: format.read of format.h. */
pk_status evtx_read_chunk(reader *r, const block *b, const event_source *source, event_fn fn, void *user, diag_list *d,
                          uint64_t *damaged);

#endif
