/*
 * BinXML values to the common value type.
 *
 * Texts are UTF-16 and mostly ASCII: eight code units a step as long as that holds. Whatever the bytes, a value comes
 * out: sizes that do not fit the type give the bytes in hexadecimal, so that nothing is hidden.
 */
#define _DEFAULT_SOURCE /* htole64 */
#include "formats/evtx/values.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/digits.h"
#include "base/unicode.h"

void scratch_reset(scratch *s)
{
    arena_reset(s->arena);
    s->at = s->end = NULL;
}

char *scratch_reserve(scratch *s, size_t n)
{
    if ((size_t)(s->end - s->at) < n || !s->at) {
        size_t size = n > s->buffer ? n : s->buffer;
        s->at = arena_alloc(s->arena, size);
        s->end = s->at + size;
    }
    return s->at;
}

/* Everything from the reserved start up to `end` is the text. */
static pk_str scratch_take(scratch *s, const char *end)
{
    pk_str taken = {s->at, (size_t)(end - s->at)};
    s->at += taken.len;
    return taken;
}

static uint16_t load16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t load64(const uint8_t *p) { return (uint64_t)load32(p) | (uint64_t)load32(p + 4) << 32; }

/* ---- texts ---- */

enum { STEP = 16 /* code units at a time: TEXT_OVERREAD bytes are read, and STEP written, whatever is left */ };

/* Copies code units while they are ASCII; returns how many. Writes up to STEP bytes past that. */
static inline size_t copy_ascii(char *out, const uint8_t *in, size_t units)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i high = _mm_set1_epi16((short)0xff80), zero = _mm_setzero_si128();
    for (; i < units; i += STEP) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(in + 2 * i));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(in + 2 * i + 16));
        __m128i plain = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_and_si128(a, high), zero), _mm_cmpeq_epi16(_mm_and_si128(b, high), zero));
        uint32_t others = ~(uint32_t)_mm_movemask_epi8(plain) & 0xffff;
        _mm_storeu_si128((__m128i *)(void *)(out + i), _mm_packus_epi16(a, b));
        if (others) {
            i += (size_t)__builtin_ctz(others);
            break;
        }
    }
    return i < units ? i : units;
#else
    for (; i < units && in[2 * i + 1] == 0 && in[2 * i] < 0x80; i++) out[i] = (char)in[2 * i];
    return i;
#endif
}

uint32_t binxml_code_point(const uint8_t *in, size_t units, size_t *i)
{
    uint32_t c = load16(in + 2 * (*i)++);
    if (c < 0xd800 || c > 0xdfff) return c;
    if (c > 0xdbff || *i == units) return 0xfffd;
    uint32_t low = load16(in + 2 * *i);
    if (low < 0xdc00 || low > 0xdfff) return 0xfffd;
    ++*i;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* The NULs at the end belong to the storage, not to the text. */
static size_t without_trailing_nuls(const uint8_t *bytes, size_t units)
{
    while (units && bytes[2 * units - 1] == 0 && bytes[2 * units - 2] == 0) units--;
    return units;
}

pk_str binxml_text(scratch *s, const uint8_t *bytes, size_t units)
{
    units = without_trailing_nuls(bytes, units);
    char *out = scratch_reserve(s, units * 3 + STEP);
    for (size_t i = 0;;) {
        size_t plain = copy_ascii(out, bytes + 2 * i, units - i);
        out += plain;
        i += plain;
        if (i == units) break;
        do out += utf8_put(out, binxml_code_point(bytes, units, &i)); /* they come in runs */
        while (i < units && load16(bytes + 2 * i) >= 0x80);
    }
    return scratch_take(s, out);
}

/* "ANSI" text has the code page of the machine that wrote it, which is not recorded: UTF-8 if it is, else Windows-1252. */
static pk_str ansi_text(scratch *s, const uint8_t *bytes, size_t len)
{
    static const uint16_t c1[32] = {
        /* 0x80..0x9f of Windows-1252; 0: unused */
        0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
    };
    while (len && bytes[len - 1] == 0) len--;
    bool valid = utf8_valid((pk_str){(const char *)bytes, len});
    char *out = scratch_reserve(s, len * 3 + 4);
    if (valid && len) {
        memcpy(out, bytes, len);
        out += len;
    }
    for (size_t i = 0; !valid && i < len; i++) {
        uint32_t c = bytes[i];
        if (c >= 0x80 && c < 0xa0) c = c1[c - 0x80] ? c1[c - 0x80] : 0xfffd;
        out += utf8_put(out, c);
    }
    return scratch_take(s, out);
}

/* ---- texts of numbers ---- */

/* Eight digits of four bytes, the first in the lowest byte: a half-byte in each, all at once: '0' + n, and 7 more from 10 on. */
static inline uint64_t hex_of_four(uint32_t bytes)
{
    uint64_t n = bytes;
    n = (n & 0xffff) | (n & 0xffff0000) << 16;
    n = (n & UINT64_C(0x000000ff000000ff)) | (n & UINT64_C(0x0000ff000000ff00)) << 8;
    n = (n >> 4 & UINT64_C(0x000f000f000f000f)) | (n & UINT64_C(0x000f000f000f000f)) << 8;
    uint64_t letters = (n + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    return n + UINT64_C(0x3030303030303030) + letters * 7;
}

/* The first `len` of these digits; eight are written. */
static inline char *put_digits(char *out, uint64_t digits, size_t len)
{
    digits = htole64(digits);
    memcpy(out, &digits, sizeof digits);
    return out + len;
}

static char *put_hex_bytes(char *out, const uint8_t *bytes, size_t len)
{
    size_t i = 0;
    for (; i + 4 <= len; i += 4) out = put_digits(out, hex_of_four(load32(bytes + i)), 8);
    for (; i < len; i++) {
        *out++ = "0123456789ABCDEF"[bytes[i] >> 4];
        *out++ = "0123456789ABCDEF"[bytes[i] & 15];
    }
    return out;
}

static pk_str hex_bytes(scratch *s, const uint8_t *bytes, size_t len)
{
    char *out = scratch_reserve(s, 2 * len + 1);
    return scratch_take(s, put_hex_bytes(out, bytes, len));
}

/* "0x3e7": lower case, no leading zeros. */
static char *put_hex_number(char *out, uint64_t n)
{
    static const char digits[] = "0123456789abcdef";
    int width = n ? (67 - __builtin_clzll(n)) / 4 : 1;
    *out++ = '0';
    *out++ = 'x';
    for (int i = width - 1; i >= 0; i--) *out++ = digits[n >> (4 * i) & 15];
    return out;
}

/* Exactly `width` digits. */
static char *put_padded(char *out, uint32_t n, int width)
{
    for (int i = width - 1; i >= 0; i--, n /= 10) out[i] = (char)('0' + n % 10);
    return out + width;
}

/* MS-DTYP 2.3.4.2: the first three groups little-endian, the last two as they stand; braces as Windows writes them. */
static char *put_guid(char *out, const uint8_t *b)
{
    uint32_t pair = load32(b + 4);
    uint64_t middle = hex_of_four((pair & 0x00ff00ff) << 8 | (pair >> 8 & 0x00ff00ff)), last = hex_of_four(load32(b + 8));
    *out++ = '{';
    out = put_digits(out, hex_of_four(__builtin_bswap32(load32(b))), 8);
    *out++ = '-';
    out = put_digits(out, middle, 4);
    *out++ = '-';
    out = put_digits(out, middle >> 32, 4);
    *out++ = '-';
    out = put_digits(out, last, 4);
    *out++ = '-';
    out = put_digits(out, last >> 32, 4);
    out = put_digits(out, hex_of_four(load32(b + 12)), 8);
    *out++ = '}';
    return out;
}

/* MS-DTYP 2.4.2: revision, number of sub-authorities, authority (6 bytes, big-endian), sub-authorities. 0: no SID. */
static size_t sid_size(const uint8_t *b, size_t len)
{
    if (len < 8 || b[1] > 15) return 0;
    size_t size = 8 + 4 * (size_t)b[1];
    return size <= len ? size : 0;
}

static char *put_sid(char *out, const uint8_t *b)
{
    uint64_t authority = 0;
    for (int i = 2; i < 8; i++) authority = authority << 8 | b[i];
    *out++ = 'S';
    *out++ = '-';
    out = digits_put(out, b[0]);
    *out++ = '-';
    out = digits_put(out, authority);
    for (int i = 0; i < b[1]; i++) {
        *out++ = '-';
        out = digits_put(out, load32(b + 8 + 4 * i));
    }
    return out;
}

/* ---- times ---- */

/* Proleptic Gregorian date of a day counted from 1601-01-01, which begins a cycle of 400 years. */
static void date_of_day(uint64_t day, uint32_t *year, uint32_t *month, uint32_t *of_month)
{
    day += 306; /* count from 1600-03-01, so that the leap day ends the year */
    uint64_t cycle = day / 146097, in_cycle = day % 146097;
    uint64_t y = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    uint64_t in_year = in_cycle - (365 * y + y / 4 - y / 100);
    uint64_t m = (5 * in_year + 2) / 153; /* 0: March */
    *of_month = (uint32_t)(in_year - (153 * m + 2) / 5 + 1);
    *month = (uint32_t)(m < 10 ? m + 3 : m - 9);
    *year = (uint32_t)(1600 + 400 * cycle + y + (m >= 10));
}

static char *put_time(char *out, uint32_t year, uint32_t month, uint32_t day, uint32_t second_of_day)
{
    out = year > 9999 ? digits_put(out, year) : digits_pair(digits_pair(out, year / 100), year % 100);
    *out++ = '-';
    out = digits_pair(out, month);
    *out++ = '-';
    out = digits_pair(out, day);
    *out++ = 'T';
    out = digits_pair(out, second_of_day / 3600);
    *out++ = ':';
    out = digits_pair(out, second_of_day / 60 % 60);
    *out++ = ':';
    return digits_pair(out, second_of_day % 60);
}

/* 100 ns since 1601: six digits of a second, the seventh where it is not zero. */
static char *put_filetime(char *out, uint64_t t)
{
    uint64_t seconds = t / 10000000;
    uint32_t fraction = (uint32_t)(t % 10000000), year, month, day;
    date_of_day(seconds / 86400, &year, &month, &day);
    out = put_time(out, year, month, day, (uint32_t)(seconds % 86400));
    *out++ = '.';
    out = digits_pair(digits_pair(digits_pair(out, fraction / 100000), fraction / 1000 % 100), fraction / 10 % 100);
    if (fraction % 10) *out++ = (char)('0' + fraction % 10);
    *out++ = 'Z';
    return out;
}

/* Year, month, day of week, day, hour, minute, second, millisecond. NULL: no such time. */
static char *put_systemtime(char *out, const uint8_t *b)
{
    uint32_t year = load16(b), month = load16(b + 2), day = load16(b + 6), hour = load16(b + 8),
             minute = load16(b + 10), second = load16(b + 12), milli = load16(b + 14);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || milli > 999)
        return NULL;
    out = put_time(out, year, month, day, hour * 3600 + minute * 60);
    out = put_padded(out - 2, second, 2); /* 60 is legal in a leap second */
    *out++ = '.';
    out = put_padded(out, milli * 1000, 6);
    *out++ = 'Z';
    return out;
}

/* ---- one value ---- */

size_t binxml_fixed_size(uint8_t type)
{
    static const uint8_t sizes[] = {
        [BINXML_INT8] = 1,   [BINXML_UINT8] = 1,  [BINXML_INT16] = 2,       [BINXML_UINT16] = 2, [BINXML_INT32] = 4,
        [BINXML_UINT32] = 4, [BINXML_INT64] = 8,  [BINXML_UINT64] = 8,      [BINXML_REAL32] = 4, [BINXML_REAL64] = 8,
        [BINXML_BOOL] = 4,   [BINXML_GUID] = 16,  [BINXML_FILETIME] = 8,    [BINXML_SYSTEMTIME] = 16,
        [BINXML_HEX32] = 4,  [BINXML_HEX64] = 8,
    };
    return type < sizeof sizes ? sizes[type] : 0;
}

/* Little-endian, 1 to 8 bytes. */
static uint64_t load_number(const uint8_t *b, size_t size)
{
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++) n |= (uint64_t)b[i] << (8 * i);
    return n;
}

/* The shortest decimal that gives the same float, so that 0.1 stays 0.1 in double precision. */
static value real32(const uint8_t *b)
{
    uint32_t bits = load32(b);
    float f;
    memcpy(&f, &bits, sizeof f);
    if (f - f != 0) return value_real((double)f); /* NaN, infinities */
    char digits_of[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(digits_of, sizeof digits_of, "%.*g", digits, (double)f);
        if (strtof(digits_of, NULL) == f) break;
    }
    return value_real(strtod(digits_of, NULL));
}

static value real64(const uint8_t *b)
{
    uint64_t bits = load64(b);
    double d;
    memcpy(&d, &bits, sizeof d);
    return value_real(d);
}

static value text_value(pk_str s) { return s.len ? value_string(s) : (value){.type = VALUE_BLANK}; }

/* Integers by type: their bytes and whether they have a sign. */
bool binxml_integer(const binxml_value *v, int64_t *out)
{
    const uint8_t *b = v->bytes;
    if (v->type < BINXML_INT8 || v->type > BINXML_UINT64 || v->size != binxml_fixed_size(v->type)) return false;
    switch (v->type) {
    case BINXML_INT8: *out = (int8_t)b[0]; return true;
    case BINXML_UINT8: *out = b[0]; return true;
    case BINXML_INT16: *out = (int16_t)load16(b); return true;
    case BINXML_UINT16: *out = load16(b); return true;
    case BINXML_INT32: *out = (int32_t)load32(b); return true;
    case BINXML_UINT32: *out = load32(b); return true;
    default: *out = (int64_t)load64(b); return v->type == BINXML_INT64 || *out >= 0;
    }
}

timestamp binxml_time(const binxml_value *v)
{
    return v->type == BINXML_FILETIME && v->size == 8 ? timestamp_from_filetime(load64(v->bytes)) : TIMESTAMP_NONE;
}

char *binxml_put_short(char *out, const binxml_value *v)
{
    const uint8_t *b = v->bytes;
    switch (v->type) {
    case BINXML_GUID: return v->size == 16 ? put_guid(out, b) : NULL;
    case BINXML_SIZE:
    case BINXML_HEX32:
    case BINXML_HEX64:
    case BINXML_HANDLE: return v->size && v->size <= 8 ? put_hex_number(out, load_number(b, v->size)) : NULL;
    case BINXML_FILETIME: return v->size == 8 ? put_filetime(out, load64(b)) : NULL;
    case BINXML_SYSTEMTIME: return v->size == 16 ? put_systemtime(out, b) : NULL;
    case BINXML_SID: return sid_size(b, v->size) ? put_sid(out, b) : NULL;
    default: return NULL;
    }
}

static value scalar(scratch *s, uint8_t type, const uint8_t *b, size_t size)
{
    binxml_value v = {.bytes = b, .size = (uint16_t)size, .type = type};
    int64_t n;
    if (size == 0) return (value){.type = VALUE_BLANK};
    if (binxml_integer(&v, &n)) return value_int(n);
    switch (type) {
    case BINXML_NULL: return (value){.type = VALUE_BLANK};
    case BINXML_STRING: return text_value(binxml_text(s, b, size / 2));
    case BINXML_ANSI_STRING: return text_value(ansi_text(s, b, size));
    case BINXML_UINT64:
        if (size == 8) return binxml_uint64(b);
        break;
    case BINXML_REAL32:
        if (size == 4) return real32(b);
        break;
    case BINXML_REAL64:
        if (size == 8) return real64(b);
        break;
    case BINXML_BOOL: /* should be 0 or 1 in four bytes; others occur, and count as true */
        if (size <= 8) return value_bool(load_number(b, size) != 0);
        break;
    default: break;
    }
    char *end = binxml_put_short(scratch_reserve(s, BINXML_SHORT), &v);
    return value_string(end ? scratch_take(s, end) : hex_bytes(s, b, size));
}

/* ---- arrays ---- */

/* Texts of an array end with a NUL each (the last one need not). */
static size_t next_text(uint8_t type, const uint8_t *b, size_t size, size_t *text_size)
{
    size_t i = 0, unit = type == BINXML_STRING ? 2 : 1;
    for (; i + unit <= size; i += unit)
        if (b[i] == 0 && (unit == 1 || b[i + 1] == 0)) {
            *text_size = i;
            return i + unit;
        }
    *text_size = i;
    return size;
}

/* Size of the first element and of its storage; 0: the bytes are no array of this type. */
static size_t next_element(uint8_t type, const uint8_t *b, size_t size, size_t *stored)
{
    size_t n = 0;
    if (type == BINXML_STRING || type == BINXML_ANSI_STRING) {
        *stored = next_text(type, b, size, &n);
        return *stored;
    }
    n = type == BINXML_SID ? sid_size(b, size) : binxml_fixed_size(type);
    *stored = n;
    return n <= size ? n : 0;
}

static value array(scratch *s, uint8_t type, const uint8_t *b, size_t size)
{
    list_builder list = {0};
    for (size_t at = 0; at < size;) {
        size_t stored, n = next_element(type, b + at, size - at, &stored);
        if (n == 0) return value_string(hex_bytes(s, b, size));
        if (type == BINXML_STRING || type == BINXML_ANSI_STRING) next_text(type, b + at, size - at, &n);
        list_add(s->arena, &list, scalar(s, type, b + at, n));
        at += stored;
    }
    return list_done(&list);
}

value binxml_decode_any(scratch *s, const binxml_value *v)
{
    if (!(v->type & BINXML_ARRAY)) return scalar(s, v->type, v->bytes, v->size);
    if (v->size == 0) return (value){.type = VALUE_BLANK};
    return array(s, v->type & ~BINXML_ARRAY, v->bytes, v->size);
}
