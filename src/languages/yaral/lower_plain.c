/*
 * Patterns that are texts: `.*\\powershell\.exe` looks for a text, `\.ps1$` for one at the end. As such they are the tests that other
 * languages use: found by the same tables, and counted with them.
 */
#include "languages/yaral/lower_private.h"

static bool is_punctuation(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool lower_plain_pattern(arena *a, pk_str pcre, test_kind *kind, pk_str *plain)
{
    bool from_start = str_starts_with(pcre, STR("^")), to_end = str_ends_with(pcre, STR("\\z"));
    size_t end = to_end ? pcre.len - 2 : pcre.len, len = 0;
    char *out = arena_alloc(a, pcre.len + 1);
    for (size_t i = from_start; i < end; i++) {
        char c = pcre.ptr[i];
        bool escaped = c == '\\';
        if (escaped && (i + 1 >= end || !is_punctuation(pcre.ptr[i + 1]))) return false;
        if (escaped) c = pcre.ptr[++i];
        else if (!c || strchr(".^$*+?()[]{}|", c)) return false;
        out[len++] = c;
    }
    if (!len) return false;
    *plain = (pk_str){out, len};
    *kind = from_start ? (to_end ? TEST_EQUALS : TEST_STARTS_WITH) : to_end ? TEST_ENDS_WITH : TEST_MATCH;
    return true;
}
