/*
 * Bytes as a JSON log, through cutter and reader. The first byte picks limits; the rest is the log. Where nothing is
 * broken it must not matter how the log is cut into blocks; nor, ever, whether fields are asked for or the tree. Our index
 * of them is that of simdjson.
 */
#include "../tests/formats/json_index_check.h"
#include "../tests/formats/whole_log.h"
#include "base/unicode.h"
#include "formats/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same(const whole_log *a, const whole_log *b)
{
    if (a->damaged != b->damaged || a->events.len != b->events.len) abort();
    for (size_t i = 0; i < a->events.len; i++) {
        if (!str_equal(a->events.at[i].tree, b->events.at[i].tree)) abort();
        if (a->events.at[i].line != b->events.at[i].line || a->events.at[i].position != b->events.at[i].position) abort();
    }
}

static void require_index(pk_str bytes)
{
    simdjson_parser *parser = simdjson_parser_new(512);
    json_indexer *x = json_indexer_new(parser);
    if (index_differs(x, parser, bytes)) abort();
    json_indexer_free(x);
    simdjson_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    pk_str bytes = {(const char *)data + 1, size - 1};
    size_t limit = data[0] & 1 ? 64 : 1 << 20, chunk = data[0] & 2 ? 7 : 4096;
    json_format.detect(bytes, STR("x.json"), data[0] & 4);
    require_index(bytes);
    whole_log small = log_read(&json_format, bytes, 16, limit, chunk);
    whole_log large = log_read(&json_format, bytes, 1 << 14, limit, 1 << 20);
    if (small.differs || large.differs) abort();
    for (size_t i = 0; i < large.events.len; i++)
        if (!utf8_valid(large.events.at[i].tree)) abort();
    if (!small.damaged || !large.damaged) require_same(&small, &large);
    log_free(&small);
    log_free(&large);
    return 0;
}
