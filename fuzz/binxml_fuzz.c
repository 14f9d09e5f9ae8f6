/* The BinXML of one record; the chunk around it is made here and is whole. */
#include "evtx_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CHUNK = 65536, RECORD = 512, BINXML = RECORD + 24 };

static void set32(uint8_t *at, size_t n)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(n >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > CHUNK - BINXML - 4) size = CHUNK - BINXML - 4;
    block b = {0};
    block_reserve(&b, CHUNK);
    b.len = CHUNK;
    memset(b.bytes, 0, CHUNK);
    memcpy(b.bytes, "ElfChnk", 8);
    set32(b.bytes + 48, BINXML + size + 4);
    set32(b.bytes + RECORD, 0x2a2a);
    set32(b.bytes + RECORD + 4, 24 + size + 4);
    if (size) memcpy(b.bytes + BINXML, bytes, size);
    set32(b.bytes + BINXML + size, 24 + size + 4);

    fuzz_state x;
    fuzz_state_init(&x);
    diag_list *d = diag_list_new();
    reader *r = evtx_format.reader_new(x.paths);
    event_source source = {.file = STR("memory")};
    uint64_t damaged = 0;
    (void)evtx_format.read(r, &b, &source, fuzz_event, &x, d, &damaged);
    evtx_format.reader_free(r);
    diag_list_free(d);
    fuzz_state_free(&x);
    block_free(&b);
    return 0;
}
