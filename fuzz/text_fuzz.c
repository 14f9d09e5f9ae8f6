/*
 * Formats made of lines of text. The first byte picks the format and how the bytes come in pieces; the rest is the log. It
 * must not matter how a log is cut into blocks, nor whether fields are asked for or the tree.
 */
#include "../tests/formats/whole_log.h"
#include "formats/csv/csv.h"
#include "formats/text/text.h"
#include "formats/zeek/zeek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const format *const tested[] = {&text_format, &csv_format, &zeek_format, &text_format};
    if (size < 1) return 0;
    const format *f = tested[data[0] & 3];
    pk_str bytes = {(const char *)data + 1, size - 1};
    size_t limit = data[0] & 4 ? 64 : 1 << 20, chunk = data[0] & 8 ? 7 : 4096;
    f->detect(bytes, STR("x.log"), data[0] & 16);
    whole_log small = log_read(f, bytes, 16, limit, chunk), large = log_read(f, bytes, 1 << 20, limit, 1 << 20);
    if (small.differs || large.differs) abort();
    if (small.events.len != large.events.len) abort();
    for (size_t i = 0; i < small.events.len; i++)
        if (!str_equal(small.events.at[i].tree, large.events.at[i].tree)) abort();
    log_free(&small);
    log_free(&large);
    return 0;
}
