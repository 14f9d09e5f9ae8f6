/* Nothing is looked at but brackets and keys: the object was walked before. */
#include "formats/json/pairs.h"

/* The place behind the value at `at`. */
static const uint32_t *behind(const char *bytes, const uint32_t *at)
{
    size_t open = 0;
    do {
        char c = bytes[*at++];
        if (c == '{' || c == '[') open++;
        else if (c == '}' || c == ']') open--;
    } while (open);
    return at;
}

/* The key at `at`: between the two comes white space at most, and the last byte of a string is its quote. */
static pk_str key_at(const char *bytes, const uint32_t *at)
{
    const char *p = bytes + at[0] + 1, *end = bytes + at[1];
    while (*--end != '"') {}
    return (pk_str){p, (size_t)(end - p)};
}

static const uint32_t *member(const char *bytes, const uint32_t *open, pk_str key)
{
    if (bytes[*open] != '{') return NULL;
    for (const uint32_t *at = open + 1; bytes[*at] == '"';) {
        if (str_equal(key_at(bytes, at), key)) return at + 2;
        at = behind(bytes, at + 2);
        if (bytes[*at] == ',') at++;
    }
    return NULL;
}

const uint32_t *pair_choose(const char *bytes, const uint32_t *open, const pk_str *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t slash = str_find_char(keys[i], '/');
        const uint32_t *at = member(bytes, open, str_slice(keys[i], 0, slash));
        if (at && slash != STR_NPOS) at = member(bytes, at, str_slice(keys[i], slash + 1, STR_NPOS));
        if (at) return at;
    }
    return NULL;
}
