/* An index of JSON beside that of simdjson, and its word on escapes beside a look at one byte after the other. */
#ifndef PICKET_TESTS_JSON_INDEX_CHECK_H
#define PICKET_TESTS_JSON_INDEX_CHECK_H

#include "formats/json/index.h"

#include "base/mem.h"
#include "base/str.h"
#include "formats/json/escapes.h"

static inline bool has_odd_control(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] < 0x20 && !strchr("\t\r\n", s.ptr[i] ? s.ptr[i] : 1)) return true;
    return false;
}

/* A backslash at the very end escapes nothing: no text that is right ends so. */
static inline bool escapes_are_plain(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != '\\') continue;
        if (++i == len) return false;
        if (!p[i] || (!strchr("\"\\/bfnrt", p[i]) && !escape_is_unit(p + i))) return false;
    }
    return true;
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
    else if (ours && index.plain && bytes[text.len - 1] != '\\' && !escapes_are_plain(bytes, text.len)) what = "wrong escapes are said to be plain";
    else if (ours && __builtin_cpu_supports("avx2") && !index.plain && escapes_are_plain(bytes, text.len)) what = "plain escapes are not known as such";
    mem_free(bytes);
    return what;
}

#endif
