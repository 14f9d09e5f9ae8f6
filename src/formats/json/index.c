/*
 * 64 bytes a step, a bit for each of them (Langdale, Lemire: Parsing Gigabytes of JSON per Second, 2019). Quotes that are not
 * escaped open and close strings: which bytes lie inside is the running parity of their bits. What logs hardly hold is only
 * noticed on the way, and looked at when it is there: bytes beyond ASCII, control characters.
 */
#include "formats/json/index.h"

#include "base/mem.h"
#include "formats/json/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FOR_AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))
#endif

enum { STEP = 64, LEAST_ROOM = 64 << 10, AT_ONCE = 8 /* places are written so many together, wanted or not */ };

struct json_indexer {
    simdjson_parser *parser;
    uint32_t *places;
    size_t room;                   /* bytes whose places there is room for */
};

json_indexer *json_indexer_new(simdjson_parser *parser)
{
    json_indexer *x = mem_zalloc(1, sizeof *x);
    x->parser = parser;
    return x;
}

void json_indexer_free(json_indexer *x)
{
    if (!x) return;
    mem_free(x->places);
    mem_free(x);
}

#if defined(__x86_64__)
#define INLINE FOR_AVX2 static inline __attribute__((always_inline))

typedef struct {
    uint32_t *to;                  /* the next place */
    uint64_t escape;               /* 1: the next byte is escaped */
    uint64_t inside;               /* all ones: the next byte lies in a string */
    uint64_t word;                 /* 1: the byte before belongs to a scalar that is no string */
    __m256i all;                   /* of all bytes */
    bool wrong;
} pass;

/* Kept in registers: a compiler would make each of them anew with every step. */
typedef struct {
    __m256i backslash, quote, last_control, space, operators;
} constants;

INLINE __m256i kept(__m256i x)
{
    __asm__("" : "+x"(x));
    return x;
}

/* "[]{}:,": the table has one for each lower half; [] and {} differ in bit 5, which is set in the others. Two control characters pass, too. */
INLINE constants make_constants(void)
{
    const __m256i operators = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
    return (constants){kept(_mm256_set1_epi8('\\')), kept(_mm256_set1_epi8('"')), kept(_mm256_set1_epi8(0x1f)), kept(_mm256_set1_epi8(' ')), kept(operators)};
}

INLINE uint64_t bits_of(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

INLINE uint64_t bits_equal(__m256i a, __m256i b, __m256i to) { return bits_of(_mm256_cmpeq_epi8(a, to), _mm256_cmpeq_epi8(b, to)); }

INLINE __m256i is_operator(const constants *c, __m256i x)
{
    return _mm256_cmpeq_epi8(_mm256_or_si256(x, c->space), _mm256_shuffle_epi8(c->operators, x));
}

INLINE __m256i is_control(const constants *c, __m256i x) { return _mm256_cmpeq_epi8(_mm256_max_epu8(x, c->last_control), c->last_control); }

/* Bit i: parity of the bits 0..i. */
INLINE uint64_t parity_so_far(uint64_t x)
{
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)x), _mm_set1_epi8((char)0xff), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* A control character is white space between values, or wrong. */
static __attribute__((noinline)) bool controls_are_right(const char *p, uint64_t controls, uint64_t string)
{
    if (controls & string) return false;
    for (; controls; controls &= controls - 1)
        if (!scan_is_blank(p[__builtin_ctzll(controls)])) return false;
    return true;
}

INLINE void put_places(pass *s, uint64_t places, uint32_t at)
{
    uint32_t *to = s->to, *end = to + __builtin_popcountll(places);
    for (s->to = end; to < end; to += AT_ONCE) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < AT_ONCE; i++) {
            to[i] = at + (uint32_t)__builtin_ia32_tzcnt_u64(places);
            places &= places - 1;
        }
    }
}

/* The 64 bytes at p, whose place is `at`. */
INLINE void step(pass *s, const constants *c, const char *p, uint32_t at)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p), b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    uint64_t backslash = bits_equal(a, b, c->backslash), quote = bits_equal(a, b, c->quote), control = 0;
    if (backslash | s->escape) quote &= ~scan_escaped_bytes(backslash, &s->escape);
    bool some_control = _mm256_movemask_epi8(is_control(c, _mm256_min_epu8(a, b)));
    s->all = _mm256_or_si256(s->all, _mm256_or_si256(a, b));
    if (!quote && s->inside) { /* nothing but the middle of a string */
        s->wrong |= some_control;
        return;
    }
    uint64_t string = parity_so_far(quote) ^ s->inside; /* with the opening quotes */
    s->inside = (uint64_t)((int64_t)string >> 63);
    if (some_control) {
        control = bits_of(is_control(c, a), is_control(c, b));
        s->wrong |= !controls_are_right(p, control, string);
    }
    uint64_t operator = bits_of(is_operator(c, a), is_operator(c, b)), blank = control | bits_equal(a, b, c->space);
    uint64_t scalar = ~(operator | blank), word = scalar & ~quote;
    uint64_t begins = scalar & ~(word << 1 | s->word);
    s->word = word >> 63;
    put_places(s, (operator | begins) & ~(string ^ quote), at); /* not within strings, nor at their end */
}

FOR_AVX2 static __attribute__((noinline)) bool index_64(json_indexer *x, const char *bytes, size_t len, json_index *out)
{
    const constants c = make_constants();
    pass s = {.to = x->places, .all = _mm256_setzero_si256()};
    char end[STEP];
    size_t at = 0;
    for (; len - at >= STEP; at += STEP) step(&s, &c, bytes + at, (uint32_t)at);
    if (at < len) {
        memset(end, ' ', sizeof end);
        memcpy(end, bytes + at, len - at);
        step(&s, &c, end, (uint32_t)at);
    }
    *out = (json_index){x->places, (size_t)(s.to - x->places)};
    if (s.wrong || s.inside) return false;
    return !_mm256_movemask_epi8(s.all) || simdjson_is_utf8(bytes, len);
}

static bool make_room(json_indexer *x, size_t len)
{
    if (len > UINT32_MAX - 2 * STEP) return false;
    if (len <= x->room && x->places) return true;
    x->room = len + len / 2 < LEAST_ROOM ? LEAST_ROOM : len + len / 2;
    mem_free(x->places);
    x->places = mem_alloc((x->room + STEP + AT_ONCE) * sizeof *x->places);
    return true;
}
#endif

bool json_index_make(json_indexer *x, const char *bytes, size_t len, json_index *out)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") && make_room(x, len))
        return index_64(x, bytes, len, out);
#endif
    *out = (json_index){0};
    return x->parser && simdjson_index(x->parser, bytes, len, &out->places, &out->count);
}
