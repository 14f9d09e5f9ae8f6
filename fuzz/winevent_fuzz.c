/* Windows events rendered as text. The first byte picks how the bytes come in pieces; the rest is the log. */
#include "../tests/formats/whole_log.h"
#include "formats/winevent/winevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    pk_str bytes = {(const char *)data + 1, size - 1};
    size_t limit = data[0] & 4 ? 64 : 1 << 20, chunk = data[0] & 8 ? 7 : 4096;
    winevent_format.detect(bytes, STR("x.txt"), data[0] & 16);
    whole_log small = log_read(&winevent_format, bytes, 16, limit, chunk);
    whole_log large = log_read(&winevent_format, bytes, 1 << 20, 1 << 20, 1 << 20);
    if (small.differs || large.differs) abort();
    log_free(&small);
    log_free(&large);
    return 0;
}
