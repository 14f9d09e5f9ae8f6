/* Between the last byte of a scalar and the next place there is nothing but white space, so the end of a scalar is found from behind. */
#include "formats/json/tokens.h"

#include "formats/json/escapes.h"
#include "formats/json/number.h"
#include "formats/json/scan.h"

/* A string's last byte is its quote: whatever follows that has a place of its own. */
pk_str tokens_string(const token_reader *r, size_t place)
{
    const char *p = r->bytes + r->places[place], *end = r->bytes + r->places[place + 1];
    while (scan_is_blank(end[-1])) end--;
    return *p == '"' ? (pk_str){p + 1, (size_t)(end - p) - 2} : (pk_str){p, (size_t)(end - p)};
}

/* Escapes and numbers were proved. */
value tokens_value(const token_reader *r, size_t place, arena *a)
{
    pk_str s = tokens_string(r, place);
    value v = {.type = VALUE_NULL};
    if (r->bytes[r->places[place]] != '"') return (void)!scalar_read(s, &v), v;
    if (escape_is_in(s)) (void)!escape_undo(a, s, &s);
    return value_string(s);
}

void tokens_each_value(const token_reader *r, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user)
{
    for (size_t i = 0; i + 1 < r->place_count; i++) { /* the last one is a bracket */
        char c = r->bytes[r->places[i]], next = r->bytes[r->places[i + 1]];
        if (next == ':' || c == ':' || c == ',' || (c | 0x20) == '{' || (c | 0x20) == '}' || (texts_only && c != '"')) continue;
        value v = tokens_value(r, i, a);
        fn(&v, user);
    }
}
