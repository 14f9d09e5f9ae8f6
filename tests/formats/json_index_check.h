/* An index of JSON beside that of simdjson. */
#ifndef PICKET_TESTS_JSON_INDEX_CHECK_H
#define PICKET_TESTS_JSON_INDEX_CHECK_H

#include "formats/json/index.h"

#include "base/mem.h"
#include "base/str.h"

static inline bool has_odd_control(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] < 0x20 && !strchr("\t\r\n", s.ptr[i] ? s.ptr[i] : 1)) return true;
    return false;
}

/* NULL, or what is different. A control character outside of strings is simdjson's second stage's to refuse. */
static inline const char *index_differs(json_indexer *x, simdjson_parser *parser, pk_str text)
{
    char *bytes = mem_zalloc(1, text.len + 64);
    const uint32_t *places;
    size_t count;
    json_index index;
    const char *what = NULL;
    if (text.len) memcpy(bytes, text.ptr, text.len);
    bool ours = json_index_make(x, bytes, text.len, &index), theirs = simdjson_index(parser, bytes, text.len, &places, &count);
    if (ours && index.count == 0) ours = false; /* to simdjson an error */
    if (ours != theirs && (ours || !has_odd_control(text))) what = ours ? "only ours accepts it" : "only simdjson accepts it";
    else if (ours && (index.count != count || memcmp(index.places, places, count * sizeof *places) != 0)) what = "the places";
    mem_free(bytes);
    return what;
}

#endif
