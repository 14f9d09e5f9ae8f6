/* Values of BinXML (MS-EVEN6 2.2.12.6): typed bytes -> the common value type. */
#ifndef PICKET_FORMATS_EVTX_VALUES_H
#define PICKET_FORMATS_EVTX_VALUES_H

#include "event/value.h"

/* Value types; 0x80 added: an array of that type. */
enum {
    BINXML_NULL = 0x00,
    BINXML_STRING = 0x01,
    BINXML_ANSI_STRING = 0x02,
    BINXML_INT8 = 0x03,
    BINXML_UINT8 = 0x04,
    BINXML_INT16 = 0x05,
    BINXML_UINT16 = 0x06,
    BINXML_INT32 = 0x07,
    BINXML_UINT32 = 0x08,
    BINXML_INT64 = 0x09,
    BINXML_UINT64 = 0x0a,
    BINXML_REAL32 = 0x0b,
    BINXML_REAL64 = 0x0c,
    BINXML_BOOL = 0x0d,
    BINXML_BINARY = 0x0e,
    BINXML_GUID = 0x0f,
    BINXML_SIZE = 0x10,
    BINXML_FILETIME = 0x11,
    BINXML_SYSTEMTIME = 0x12,
    BINXML_SID = 0x13,
    BINXML_HEX32 = 0x14,
    BINXML_HEX64 = 0x15,
    BINXML_HANDLE = 0x20,
    BINXML_FRAGMENT = 0x21, /* BinXML inside a value */
    BINXML_ARRAY = 0x80,
};

/* One substitution value of a template instance. */
typedef struct {
    const uint8_t *bytes;
    uint32_t fragment; /* BINXML_FRAGMENT: number of the fragment that it holds, plus 1, or 0; its bytes mean nothing then */
    uint16_t size;
    uint8_t type;
} binxml_value;

/*
 * Where decoded texts of one record go: buffers out of an arena, filled from the front, so that a text costs its
 * length and no rounding. Reset together with its arena.
 */
typedef struct {
    arena *arena;
    char *at, *end;
    size_t buffer;     /* bytes of one buffer */
} scratch;

void scratch_reset(scratch *s);                    /* resets the arena too */
char *scratch_reserve(scratch *s, size_t n); /* at least n bytes at s->at; the caller moves s->at past what it used */

/*
 * UTF-16LE of `units` code units, without the NULs at its end, as UTF-8; unpaired surrogates become U+FFFD. The bytes lie in
 * a chunk: TEXT_OVERREAD more of them must be readable.
 */
enum { TEXT_OVERREAD = 32 };
pk_str binxml_text(scratch *s, const uint8_t *bytes, size_t units);

/* The code point at unit *i, which moves on; unpaired surrogates are U+FFFD. */
uint32_t binxml_code_point(const uint8_t *bytes, size_t units, size_t *i);

timestamp binxml_time(const binxml_value *v); /* what the text of a FILETIME tells; TIMESTAMP_NONE: of other types */

/*
 * The value: integers as such, hexadecimal kinds, times, GUIDs, SIDs and binary data as text, arrays as lists; NULL and
 * everything of size 0 as VALUE_BLANK. A value whose size does not fit its type is shown as hexadecimal bytes. Texts
 * live in `s`.
 */
value binxml_decode_any(scratch *s, const binxml_value *v);

/* The number, if it is one and its size fits the type; what needs 64 bits without a sign is left to binxml_decode_any. */
bool binxml_integer(const binxml_value *v, int64_t *out);

/* Text of a time, GUID, SID or hexadecimal number, as binxml_decode_any has it; returns its end. NULL: it is none of these. */
enum { BINXML_SHORT = 208 /* bytes that it may need */ };
char *binxml_put_short(char *out, const binxml_value *v);

/* An unsigned number of 8 bytes. */
static inline value binxml_uint64(const uint8_t *bytes)
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) n |= (uint64_t)bytes[i] << (8 * i);
    return n > INT64_MAX ? (value){.type = VALUE_UINT, .as.unsigned_integer = n} : value_int((int64_t)n);
}

static inline value binxml_decode(scratch *s, const binxml_value *v)
{
    if (v->type != BINXML_STRING) return binxml_decode_any(s, v);
    pk_str t = binxml_text(s, v->bytes, v->size / 2u);
    return t.len ? value_string(t) : (value){.type = VALUE_BLANK};
}

/* Bytes of one value of this type; 0: the type has no fixed size. */
size_t binxml_fixed_size(uint8_t type);

#endif
