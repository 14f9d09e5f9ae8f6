/*
 * Two scanners over the same text. scan_match looks at 64 bytes at a time: one bit a byte for quotes, backslashes,
 * brackets and control characters, strings masked out by a running parity of the quotes. scan_value is the grammar,
 * byte by byte, with an explicit stack of one bit for each open container; it knows the place of an error and what was
 * expected there. The first cuts records, the second explains those that the parser refused.
 */
#include "formats/json/scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct {
    uint64_t quote, backslash, open, close, control;
} byte_classes;

#ifdef __SSE2__
static byte_classes classify(const char *p)
{
    byte_classes c = {0};
    for (int i = 0; i < 4; i++) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        /* [ ] and { } differ in bit 5 only. */
        __m128i bracket = _mm_or_si128(x, _mm_set1_epi8(0x20));
        __m128i low = _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));
#define BITS(v) ((uint64_t)(uint16_t)_mm_movemask_epi8(v) << (16 * i))
        c.quote |= BITS(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
        c.backslash |= BITS(_mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
        c.open |= BITS(_mm_cmpeq_epi8(bracket, _mm_set1_epi8('{')));
        c.close |= BITS(_mm_cmpeq_epi8(bracket, _mm_set1_epi8('}')));
        c.control |= BITS(low);
#undef BITS
    }
    return c;
}
#else
static byte_classes classify(const char *p)
{
    byte_classes c = {0};
    for (int i = 0; i < 64; i++) {
        uint64_t bit = UINT64_C(1) << i;
        char x = p[i];
        if (x == '"') c.quote |= bit;
        else if (x == '\\') c.backslash |= bit;
        else if (x == '{' || x == '[') c.open |= bit;
        else if (x == '}' || x == ']') c.close |= bit;
        else if ((unsigned char)x < 0x20) c.control |= bit;
    }
    return c;
}
#endif

/* Bit i: parity of the bits 0..i. */
static uint64_t parity_so_far(uint64_t x)
{
    for (int shift = 1; shift < 64; shift <<= 1) x ^= x << shift;
    return x;
}

scan_result scan_match(const char *at, const char *end, const char **close)
{
    uint64_t carry = 0, inside = 0; /* inside: all ones while a string is open */
    int64_t depth = 0;
    for (const char *p = at; p < end; p += 64) {
        char tail[64];
        const char *chunk = p;
        if (end - p < 64) {
            memset(tail, ' ', sizeof tail);
            memcpy(tail, p, (size_t)(end - p));
            chunk = tail;
        }
        byte_classes c = classify(chunk);
        uint64_t quote = c.quote & ~scan_escaped_bytes(c.backslash, &carry);
        uint64_t string = parity_so_far(quote) ^ inside;
        inside = (uint64_t)((int64_t)string >> 63);
        uint64_t opens = c.open & ~string, closes = c.close & ~string;
        if (depth - __builtin_popcountll(closes) > 0 && !(c.control & string)) {
            depth += __builtin_popcountll(opens) - __builtin_popcountll(closes);
            continue;
        }
        for (uint64_t marks = opens | closes | (c.control & string); marks; marks &= marks - 1) {
            uint64_t bit = marks & -marks;
            if (c.control & string & bit) return SCAN_BROKEN;
            depth += opens & bit ? 1 : -1;
            if (depth <= 0) {
                *close = p + __builtin_ctzll(bit) + 1;
                return SCAN_CLOSED;
            }
        }
    }
    return SCAN_OPEN;
}

const char *scan_blanks(const char *at, const char *end)
{
    while (at < end && scan_is_blank(*at)) at++;
    return at;
}

const char *scan_string(const char *at, const char *end)
{
    for (const char *p = at + 1; p < end; p++) {
        if (*p == '"') return p + 1;
        if (*p == '\\') p++;
    }
    return NULL;
}

/* ---- the grammar ---- */

typedef struct {
    const char *at, *end;
    bool final;
    scan_report report;
    unsigned depth;
    uint64_t objects[JSON_DEPTH_LIMIT / 64]; /* bit: the container at that depth is an object */
} scanner;

static bool broken(scanner *s, const char *at, const char *expected)
{
    s->report = (scan_report){SCAN_BROKEN, at, expected, false};
    return false;
}

static bool ended(scanner *s, const char *expected)
{
    s->report = (scan_report){SCAN_OPEN, s->end, expected, false};
    return false;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* True if some byte of the eight is '"', '\' or a control character (exact for bytes below 0x80). */
static bool has_string_mark(const char *p)
{
    uint64_t x, ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    memcpy(&x, p, 8);
    uint64_t quote = x ^ (ones * '"'), backslash = x ^ (ones * '\\');
    return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((x - ones * 0x20) & ~x)) & high;
}

static bool scan_escape(scanner *s) /* at the byte behind the backslash */
{
    if (s->at == s->end) return ended(s, "the rest of an escape");
    char c = *s->at++;
    if (c == 'u') {
        for (int i = 0; i < 4; i++, s->at++) {
            if (s->at == s->end) return ended(s, "four hexadecimal digits");
            if (!is_hex(*s->at)) return broken(s, s->at, "four hexadecimal digits after \\u");
        }
        return true;
    }
    if (c && strchr("\"\\/bfnrt", c)) return true;
    return broken(s, s->at - 1, "an escape (one of \" \\ / b f n r t u)");
}

static bool scan_string_token(scanner *s)
{
    for (s->at++;;) {
        while (s->end - s->at >= 8 && !has_string_mark(s->at)) s->at += 8;
        if (s->at == s->end) return ended(s, "'\"' at the end of the string");
        unsigned char c = (unsigned char)*s->at;
        if (c == '"') return s->at++, true;
        if (c < 0x20) return broken(s, s->at, "'\"' at the end of the string, or an escape");
        s->at++;
        if (c == '\\' && !scan_escape(s)) return false;
    }
}

static bool scan_digits(scanner *s)
{
    const char *from = s->at;
    while (s->at < s->end && is_digit(*s->at)) s->at++;
    if (s->at > from) return true;
    return s->at == s->end ? ended(s, "a digit") : broken(s, s->at, "a digit");
}

/* number = [ minus ] int [ frac ] [ exp ] */
static bool scan_number(scanner *s)
{
    if (*s->at == '-') s->at++;
    const char *first = s->at;
    if (!scan_digits(s)) return false;
    if (*first == '0' && s->at > first + 1) return broken(s, first, "a number without leading zeros");
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (!scan_digits(s)) return false;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-')) s->at++;
        if (!scan_digits(s)) return false;
    }
    return s->at < s->end || s->final || ended(s, "the rest of a number");
}

static bool scan_literal(scanner *s, const char *word)
{
    const char *from = s->at;
    for (; *word; word++, s->at++) {
        if (s->at == s->end) return ended(s, "true, false or null");
        if (*s->at != *word) return broken(s, from, "a value");
    }
    return true;
}

static bool scan_scalar(scanner *s)
{
    switch (*s->at) {
    case '"': return scan_string_token(s);
    case 't': return scan_literal(s, "true");
    case 'f': return scan_literal(s, "false");
    case 'n': return scan_literal(s, "null");
    default:
        if (*s->at == '-' || is_digit(*s->at)) return scan_number(s);
        return broken(s, s->at, "a value");
    }
}

static bool in_object(const scanner *s)
{
    unsigned i = s->depth - 1;
    return s->objects[i / 64] >> (i % 64) & 1;
}

static bool enter(scanner *s, bool object)
{
    if (s->depth == JSON_DEPTH_LIMIT) {
        s->report = (scan_report){SCAN_BROKEN, s->at, "no deeper nesting", true};
        return false;
    }
    uint64_t bit = UINT64_C(1) << (s->depth % 64);
    uint64_t *word = &s->objects[s->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    s->depth++;
    s->at++;
    return true;
}

static bool skip_blanks(scanner *s, const char *expected)
{
    s->at = scan_blanks(s->at, s->end);
    return s->at < s->end || ended(s, expected);
}

/* key ':' */
static bool scan_key(scanner *s)
{
    if (!skip_blanks(s, "a key")) return false;
    if (*s->at != '"') return broken(s, s->at, "a key in double quotes");
    if (!scan_string_token(s) || !skip_blanks(s, "':'")) return false;
    if (*s->at != ':') return broken(s, s->at, "':' after the key");
    s->at++;
    return true;
}

/* Behind a value: closes containers and takes the comma. *done: the outermost value is complete. */
static bool scan_after_value(scanner *s, bool *done)
{
    while (s->depth) {
        bool object = in_object(s);
        const char *expected = object ? "',' or '}'" : "',' or ']'";
        if (!skip_blanks(s, expected)) return false;
        if (*s->at == ',') {
            s->at++;
            return !object || scan_key(s);
        }
        if (*s->at != (object ? '}' : ']')) return broken(s, s->at, expected);
        s->at++;
        s->depth--;
    }
    *done = true;
    return true;
}

/* One value, or the opening bracket of one. *opened: go on inside; else the value is complete. */
static bool scan_value_start(scanner *s, bool *opened)
{
    *opened = false;
    if (!skip_blanks(s, "a value")) return false;
    bool object = *s->at == '{';
    if (!object && *s->at != '[') return scan_scalar(s);
    if (!enter(s, object) || !skip_blanks(s, object ? "a key or '}'" : "a value or ']'")) return false;
    if (*s->at == (object ? '}' : ']')) {
        s->at++;
        s->depth--;
        return true;
    }
    *opened = true;
    if (object && *s->at != '"') return broken(s, s->at, "a key in double quotes or '}'");
    return !object || scan_key(s);
}

scan_report scan_value(const char *at, const char *end, bool final)
{
    scanner s = {.at = at, .end = end, .final = final};
    for (bool done = false; !done;) {
        bool opened;
        if (!scan_value_start(&s, &opened)) return s.report;
        if (!opened && !scan_after_value(&s, &done)) return s.report;
    }
    return (scan_report){SCAN_CLOSED, s.at, NULL, false};
}
