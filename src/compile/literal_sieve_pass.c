/* Looking through texts with a sieve. The shuffles need AVX2; a machine without it looks at byte after byte, by the same tables. */
#include "compile/literal_sieve_private.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/bytes.h"
#include "base/unicode.h"

/* ---- a place that is suspected ---- */

typedef enum { IN_TEXT, IN_JSON, IN_FOLDED, IN_WIDE } sieve_content;

typedef struct {
    const literal_sieve *sieve;
    pk_str content;
    sieve_content kind;
    uint32_t *stamps, epoch;      /* IN_FOLDED: all literals that are there are wanted */
    number_list *out;
    bool ascii;                   /* what has been looked at is */
} sieve_run;

static inline char ascii_lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }

static bool equal_at(pk_str literal, size_t from, size_t to, const char *p)
{
    for (size_t i = from; i < to; i++, p++)
        if (ascii_lower(*p) != literal.ptr[i]) return false;
    return true;
}

/* Of literals that share three bytes most differ in their last. */
static bool same_at(pk_str literal, const char *p)
{
    size_t before = literal.len < 8 ? literal.len : literal.len - 8;
    if (literal.len >= 8 && bytes_8(literal.ptr + before) != bytes_8(p + before)) return false;
    return bytes_equal(literal.ptr, p, before);
}

/* Of code units, beginning at `p`; ASCII alone. */
static bool equal_wide_at(pk_str literal, const char *p)
{
    for (size_t i = 0; i < literal.len; i++, p += 2)
        if (p[1] || ascii_lower(*p) != literal.ptr[i]) return false;
    return true;
}

/* Characters beyond ASCII differ in length with their case: where there are some, it stands there for all that is known. */
static bool stands_at(const sieve_run *r, const sieve_entry *e, size_t at)
{
    pk_str literal = r->sieve->literals[e->literal];
    size_t from = r->kind == IN_JSON ? e->from : 0, to = r->kind == IN_JSON ? e->to : literal.len;
    if (r->kind != IN_FOLDED && !is_all_ascii(literal)) return true;
    if (at < e->offset - from || r->content.len - (at - (e->offset - from)) < to - from) return false;
    const char *p = r->content.ptr + at - (e->offset - from);
    return r->kind == IN_FOLDED ? same_at(literal, p) : equal_at(literal, from, to, p);
}

static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? (unsigned)(low - 'a') + 10 : 0;
}

/* Does an escape at `at` stand for a character that some literal has? Two backslashes stand for one, which escapes nothing. */
static bool escapes_character(const sieve_run *r, size_t at)
{
    const char *p = r->content.ptr;
    size_t before = 0;
    uint32_t c = 0;
    if (r->kind != IN_JSON || r->content.len - at < 6 || p[at + 1] != 'u') return false;
    if (p[at + 2] == '0' && p[at + 3] == '0' && p[at + 4] >= '8') return false; /* not ASCII */
    while (before < at && p[at - 1 - before] == '\\') before++;
    for (size_t i = 2; i < 6; i++) c = c << 4 | hex_value(p[at + i]);
    c = fold_code_point(c);
    return before % 2 == 0 && c < 0x80 && (r->sieve->used[c >> 6] >> (c & 63) & 1);
}

/* Of a literal. true: that is answer enough. */
static bool look_at_entry(const sieve_run *r, const sieve_entry *e, size_t at)
{
    if (r->kind == IN_FOLDED && r->stamps[e->literal] == r->epoch) return false;
    if (!stands_at(r, e, at)) return false;
    if (r->kind != IN_FOLDED) return true;
    r->stamps[e->literal] = r->epoch;
    vec_push(r->out, e->literal);
    return false;
}

static __attribute__((noinline)) void look_at_tiny(const sieve_run *r, size_t at)
{
    const literal_sieve *s = r->sieve;
    uint8_t byte = (uint8_t)r->content.ptr[at];
    for (const sieve_entry *e = &s->entries[s->tiny[byte] - 1], *end = s->entries + s->tiny_count; e < end && e->bytes == byte; e++)
        look_at_entry(r, e, at);
}

/* `cell`: where literals with these three bytes would be. true: that is answer enough. */
static __attribute__((noinline)) bool look_at(const sieve_run *r, size_t at, uint32_t three, uint32_t cell)
{
    const literal_sieve *s = r->sieve;
    while (s->first[cell] && s->entries[s->first[cell] - 1].bytes != three) cell = (cell + 1) & (uint32_t)(cell_count(s) - 1);
    if (!s->first[cell] || at + KEY_BYTES > r->content.len) return false;
    for (const sieve_entry *e = &s->entries[s->first[cell] - 1], *end = s->entries + s->count; e < end && e->bytes == three; e++) {
        if (e->literal == ESCAPE) return escapes_character(r, at); /* the last, and any others say the same */
        if (look_at_entry(r, e, at)) return true;
    }
    return false;
}

/* As look_at, of code units; `at` counts these. */
static __attribute__((noinline)) bool look_at_wide(const sieve_run *r, size_t at)
{
    const literal_sieve *s = r->sieve;
    size_t units = r->content.len / 2;
    if (at + KEY_BYTES > units) return false;
    const char *p = r->content.ptr + 2 * at;
    if (p[1] | p[3] | p[5]) return false;
    const char narrow[KEY_BYTES] = {p[0], p[2], p[4]};
    uint32_t three = three_at(narrow), cell = cell_of(s, three);
    while (s->first[cell] && s->entries[s->first[cell] - 1].bytes != three) cell = (cell + 1) & (uint32_t)(cell_count(s) - 1);
    if (!s->first[cell]) return false;
    for (const sieve_entry *e = &s->entries[s->first[cell] - 1], *end = s->entries + s->count; e < end && e->bytes == three; e++) {
        if (e->literal == ESCAPE) continue;
        pk_str literal = s->literals[e->literal];
        if (!is_all_ascii(literal)) return true;
        if (at >= e->offset && units - (at - e->offset) >= literal.len && equal_wide_at(literal, p - 2 * (size_t)e->offset)) return true;
    }
    return false;
}

/*
 * What stands at `p` is the text at `at`, with some bytes behind it. Most suspects have groups in common with some literal but not
 * its bytes: an empty cell says so.
 */
static inline bool suspect(const sieve_run *r, const char *p, size_t at)
{
    const literal_sieve *s = r->sieve;
    uint32_t three = three_at(p), cell = cell_of(s, three);
    if (s->tiny && s->tiny[(uint8_t)*p] && at < r->content.len) look_at_tiny(r, at);
    return s->first[cell] && look_at(r, at, three, cell);
}

/* ---- the pass ---- */

/* Behind the end there are zeros; a literal of three bytes may end there, and no more than padding is read. */
static bool pass_bytes(sieve_run *r)
{
    const literal_sieve *s = r->sieve;
    uint8_t all = 0, left[SIEVE_BYTES] = {0}; /* groups that are left after so many bytes */
    const size_t sure = s->tiny_count ? 1 : KEY_BYTES;
    for (size_t i = 0; i < r->content.len + s->width - 1; i++) {
        uint8_t b = i < r->content.len ? (uint8_t)r->content.ptr[i] : 0, low = low_of(b), high = high_of(b), none = b & 0x80 ? 0 : 0xff;
        for (size_t k = s->width - 1; k > 0; k--) left[k] = left[k - 1] & s->low[k][low] & s->high[k][high] & (k < sure ? none : 0xff);
        left[0] = s->low[0][low] & s->high[0][high] & none;
        all |= b;
        if (!left[s->width - 1]) continue;
        size_t at = i - (s->width - 1);
        if ((r->kind == IN_FOLDED || at + KEY_BYTES <= r->content.len) && suspect(r, r->content.ptr + at, at)) return true;
    }
    r->ascii = !(all & 0x80);
    return false;
}

enum { LONG_S = 0x17f, KELVIN = 0x212a }; /* the characters beyond ASCII that fold to letters of it (base/unicode.h) */

static bool pass_units(const literal_sieve *s, pk_str content)
{
    const sieve_run r = {.sieve = s, .content = content, .kind = IN_WIDE};
    uint8_t left[SIEVE_BYTES] = {0};
    for (size_t i = 0, units = content.len / 2; i < units + s->width - 1; i++) {
        uint32_t c = i < units ? (uint8_t)content.ptr[2 * i] | (uint32_t)(uint8_t)content.ptr[2 * i + 1] << 8 : 0;
        uint8_t b = (uint8_t)(c & 0x7f), low = low_of(b), high = high_of(b), none = c < 0x80 ? 0xff : 0;
        for (size_t k = s->width - 1; k > 0; k--) left[k] = left[k - 1] & s->low[k][low] & s->high[k][high] & (k < KEY_BYTES ? none : 0xff);
        left[0] = s->low[0][low] & s->high[0][high] & none;
        if (c == LONG_S || c == KELVIN || (left[s->width - 1] && look_at_wide(&r, i - (s->width - 1)))) return true;
    }
    return false;
}

#if defined(__x86_64__)
#define STEP 32
#define REACH_MOST (STEP + SIEVE_BYTES - 1)

typedef struct {
    __m256i low[SIEVE_BYTES], high[SIEVE_BYTES], nibble;
} sieve_tables;

__attribute__((target("avx2"))) static inline __m256i both_lanes(const uint8_t table[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/*
 * The groups that the bytes may belong to, as the byte of this place. The shuffle looks at the low four bits of ASCII and gives
 * nothing for other bytes; not so where some literals do not have the byte, and anything may stand.
 */
__attribute__((target("avx2"), always_inline)) static inline __m256i groups_of(const sieve_tables *t, __m256i bytes, int place, const int sure)
{
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 3), t->nibble), low = place < sure ? bytes : _mm256_and_si256(bytes, t->nibble);
    return _mm256_and_si256(_mm256_shuffle_epi8(t->low[place], low), _mm256_shuffle_epi8(t->high[place], high));
}

__attribute__((target("avx2"), always_inline)) static inline __m256i bytes_at(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The groups that are left at each of the places from `p` on. */
__attribute__((target("avx2"), always_inline)) static inline __m256i groups_left(const sieve_tables *t, const char *p, const int from, const int width, const int sure)
{
    __m256i left = groups_of(t, bytes_at(p + from), from, sure);
    for (int k = from + 1; k < width; k++) left = _mm256_and_si256(left, groups_of(t, bytes_at(p + k), k, sure));
    return left;
}

__attribute__((target("avx2"), always_inline)) static inline uint32_t places_left(__m256i left)
{
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(left, _mm256_setzero_si256()));
}

/* At `p`, where a step and what it reaches into can be read, stands the text at `at`. */
static bool look_at_all(const sieve_run *r, const char *p, size_t at, uint64_t found)
{
    for (; found; found &= found - 1) {
        size_t k = (size_t)__builtin_ctzll(found);
        if (suspect(r, p + k, at + k)) return true;
    }
    return false;
}

__attribute__((target("avx2"), always_inline)) static inline bool pass_of_width(sieve_run *r, const int from, const int width, const int sure)
{
    const pk_str content = r->content;
    const size_t reach = STEP + (size_t)width - 1, len = content.len + (r->kind == IN_FOLDED ? reach - 1 : 0); /* with padding: all places are a step's first */
    sieve_tables t = {.nibble = _mm256_set1_epi8(15)};
    __m256i all = _mm256_setzero_si256(), left;
    size_t at = 0;
    for (int i = from; i < width; i++) {
        t.low[i] = both_lanes(r->sieve->low[i]);
        t.high[i] = both_lanes(r->sieve->high[i]);
    }
    for (; at + STEP + reach <= len; at += 2 * STEP) { /* two steps, since hardly any has something left */
        const char *p = content.ptr + at;
        all = _mm256_or_si256(all, _mm256_or_si256(bytes_at(p), bytes_at(p + STEP)));
        left = groups_left(&t, p, from, width, sure);
        __m256i next = groups_left(&t, p + STEP, from, width, sure);
        if (__builtin_expect(places_left(_mm256_or_si256(left, next)) == 0, 1)) continue;
        if (look_at_all(r, p, at, places_left(left) | (uint64_t)places_left(next) << STEP)) return true;
    }
    for (; at + reach <= len; at += STEP) {
        all = _mm256_or_si256(all, bytes_at(content.ptr + at));
        left = groups_left(&t, content.ptr + at, from, width, sure);
        if (look_at_all(r, content.ptr + at, at, places_left(left))) return true;
    }
    if (r->kind == IN_FOLDED) return false;
    if (at < len && len >= reach) { /* the last bytes once more, rather than a copy */
        const char *p = content.ptr + len - reach;
        all = _mm256_or_si256(all, _mm256_or_si256(bytes_at(p), bytes_at(p + width - 1)));
        left = groups_left(&t, p, from, width, sure);
        if (look_at_all(r, p, len - reach, places_left(left))) return true;
    } else if (at < len) {
        char end[REACH_MOST] = {0};
        memcpy(end, content.ptr, len);
        all = _mm256_or_si256(bytes_at(end), bytes_at(end + width - 1));
        left = groups_left(&t, end, from, width, sure);
        if (look_at_all(r, end, 0, places_left(left))) return true;
    }
    r->ascii = _mm256_movemask_epi8(all) == 0;
    return width == SIEVE_BYTES && r->sieve->ends_late && len >= reach && suspect(r, content.ptr + len - KEY_BYTES, len - KEY_BYTES);
}

__attribute__((target("avx2"))) static bool pass_32(sieve_run *r)
{
    if (r->sieve->skipped) return pass_of_width(r, 1, KEY_BYTES, KEY_BYTES);
    if (r->sieve->width == KEY_BYTES && !r->sieve->tiny_count) return pass_of_width(r, 0, KEY_BYTES, KEY_BYTES);
    return r->sieve->tiny_count ? pass_of_width(r, 0, SIEVE_BYTES, 1) : pass_of_width(r, 0, SIEVE_BYTES, KEY_BYTES);
}

/*
 * 32 code units as bytes, what is not ASCII as none that is: NUL, or over 0x7f. They stand in another order, the same each time
 * (in_order).
 */
__attribute__((target("avx2"), always_inline)) static inline __m256i narrowed(const char *p)
{
    return _mm256_packus_epi16(_mm256_loadu_si256((const __m256i *)(const void *)p), _mm256_loadu_si256((const __m256i *)(const void *)(p + STEP)));
}

__attribute__((target("avx2"), always_inline)) static inline __m256i in_order(__m256i narrowed) { return _mm256_permute4x64_epi64(narrowed, 0xd8); }

/* Which of 16 code units are such characters. */
__attribute__((target("avx2"), always_inline)) static inline __m256i folding(const char *p)
{
    __m256i units = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm256_or_si256(_mm256_cmpeq_epi16(units, _mm256_set1_epi16(LONG_S)), _mm256_cmpeq_epi16(units, _mm256_set1_epi16(KELVIN)));
}

typedef struct {
    const literal_sieve *sieve;
    pk_str content;
} wide_run;

/* Something is suspected at `at` (counted in code units), of the bytes that are at `p`: a place of `none` that is not, or folding. */
__attribute__((target("avx2"), noinline)) static bool look_at_step(const wide_run *w, const char *p, size_t at, __m256i none)
{
    const sieve_run r = {.sieve = w->sieve, .content = w->content, .kind = IN_WIDE};
    if (_mm256_movemask_epi8(_mm256_or_si256(folding(p), folding(p + STEP)))) return true;
    for (uint32_t found = ~(uint32_t)_mm256_movemask_epi8(in_order(none)); found; found &= found - 1)
        if (look_at_wide(&r, at + (size_t)__builtin_ctz(found))) return true;
    return false;
}

static inline bool folds(const char *unit)
{
    uint32_t c = (uint8_t)unit[0] | (uint32_t)(uint8_t)unit[1] << 8;
    return c == LONG_S || c == KELVIN;
}

static inline size_t wide_reach(int width) { return 2 * (STEP + (size_t)width - 1); }

/* `p`: the content, or its bytes with others behind them; `last`: wide_reach before the end of these. */
__attribute__((target("avx2"), always_inline)) static inline bool steps_wide(const wide_run *w, const char *p, size_t last, const int from, const int width)
{
    sieve_tables t = {.nibble = _mm256_set1_epi8(15)};
    for (int i = from; i < width; i++) {
        t.low[i] = both_lanes(w->sieve->low[i]);
        t.high[i] = both_lanes(w->sieve->high[i]);
    }
    for (size_t at = 0;; at = at + 2 * STEP < last ? at + 2 * STEP : last) {
        __m256i left = groups_of(&t, narrowed(p + at + 2 * from), from, KEY_BYTES);
        for (int k = from + 1; k < width; k++) left = _mm256_and_si256(left, groups_of(&t, narrowed(p + at + 2 * k), k, KEY_BYTES));
        __m256i none = _mm256_cmpeq_epi8(left, _mm256_setzero_si256());
        __m256i quiet = _mm256_andnot_si256(_mm256_or_si256(folding(p + at), folding(p + at + STEP)), none);
        if (__builtin_expect(_mm256_movemask_epi8(quiet) != -1, 0) && look_at_step(w, p + at, at / 2, none)) return true;
        if (at == last) break;
    }
    bool found = false; /* the last are no step's first */
    for (int k = 0; k < width - 1; k++) found |= folds(p + last + 2 * STEP + 2 * k);
    return found;
}

__attribute__((target("avx2"), always_inline)) static inline bool pass_wide_of_width(const wide_run *w, const int from, const int width)
{
    const sieve_run r = {.sieve = w->sieve, .content = w->content, .kind = IN_WIDE};
    size_t len = w->content.len, reach = wide_reach(width);
    char bytes[2 * (STEP + SIEVE_BYTES - 1)] = {0};
    if (len < reach) {
        memcpy(bytes, w->content.ptr, len);
        return steps_wide(w, bytes, 0, from, width);
    }
    if (steps_wide(w, w->content.ptr, len - reach, from, width)) return true;
    return width == SIEVE_BYTES && w->sieve->ends_late && look_at_wide(&r, len / 2 - KEY_BYTES);
}

__attribute__((target("avx2"))) static bool pass_32_wide(const literal_sieve *s, pk_str content)
{
    const wide_run w = {s, content};
    if (s->skipped) return pass_wide_of_width(&w, 1, KEY_BYTES);
    return s->width == KEY_BYTES ? pass_wide_of_width(&w, 0, KEY_BYTES) : pass_wide_of_width(&w, 0, SIEVE_BYTES);
}

static bool pass(sieve_run *r) { return __builtin_cpu_supports("avx2") ? pass_32(r) : pass_bytes(r); }
static bool pass_wide(const literal_sieve *s, pk_str content) { return __builtin_cpu_supports("avx2") ? pass_32_wide(s, content) : pass_units(s, content); }
#else
static bool pass(sieve_run *r) { return pass_bytes(r); }
static bool pass_wide(const literal_sieve *s, pk_str content) { return pass_units(s, content); }
#endif

bool literal_sieve_lets_through(const literal_sieve *s, pk_str content)
{
    sieve_run r = {.sieve = s, .content = content, .kind = IN_TEXT};
    if (content.len < s->shortest) return false; /* folding keeps the number of characters */
    return pass(&r) || (!r.ascii && folds_to_ascii(content));
}

bool literal_sieve_lets_json_through(const literal_sieve *s, pk_str json)
{
    sieve_run r = {.sieve = s, .content = json, .kind = IN_JSON};
    return !s->plain || pass(&r) || (!r.ascii && folds_to_ascii(json));
}

bool literal_sieve_lets_wide_through(const literal_sieve *s, pk_str bytes)
{
    bytes.len -= bytes.len % 2;
    return bytes.len / 2 >= s->shortest && pass_wide(s, bytes);
}

void literal_sieve_find(const literal_sieve *s, pk_str folded, uint32_t *stamps, uint32_t epoch, number_list *out)
{
    sieve_run r = {.sieve = s, .content = folded, .kind = IN_FOLDED, .stamps = stamps, .epoch = epoch, .out = out};
    pass(&r);
}
