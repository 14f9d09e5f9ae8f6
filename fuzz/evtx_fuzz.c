/* EVTX files, whole: header, chunks, records. */
#include "evtx_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_state x;
    fuzz_state_init(&x);
    diag_list *d = diag_list_new();
    reader *r = evtx_format.reader_new(x.paths);
    uint64_t damaged = 0;
    (void)evtx_format.detect((pk_str){(const char *)bytes, size < 65536 ? size : 65536}, STR("x"), size < 65536);
    (void)read_all(&evtx_format, r, bytes, size, fuzz_event, &x, d, &damaged);
    evtx_format.reader_free(r);
    diag_list_free(d);
    fuzz_state_free(&x);
    return 0;
}
