/* The shuffles need AVX2; a machine without it looks at byte after byte, by the same tables. */
#include "compile/literal_sieve.h"

#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/unicode.h"

#define SIEVE_MOST 256            /* literals: more leave no byte unsuspected */
#define GROUPS 8
#define CELLS 1024                /* more than literals: most have their own */
#define CASE_BITS UINT32_C(0x20202020) /* what tells upper from lower case in ASCII; that other bytes differ in it is compared */

static inline uint32_t three_at(const char *p)
{
    return ((uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16) | (CASE_BITS & 0xffffff);
}

static inline uint32_t cell_of(uint32_t three) { return three * UINT32_C(0x9e3779b1) >> 22; }

/* ---- choosing the bytes ---- */

/* The bytes of log texts, commonest first, as they are in event logs of Windows and in web logs; others are rare. */
static const char common_bytes[] = "e tinsaro\\cdml0.puh1f2-3w4g5y6v8b79x,/k:=(_)";

static unsigned rarity(char c)
{
    const char *at = c ? strchr(common_bytes, c) : NULL;
    return at ? 8 + (unsigned)(at - common_bytes) : 8 + sizeof common_bytes;
}

static bool is_ascii_3(const char *p) { return !((p[0] | p[1] | p[2]) & 0x80); }

/* Where the three rarest neighbours are; false: nowhere. */
static bool rarest_three(pk_str literal, uint32_t *offset)
{
    unsigned best = 0;
    for (size_t at = 0; at + SIEVE_BYTES <= literal.len; at++) {
        unsigned r = rarity(literal.ptr[at]) * rarity(literal.ptr[at + 1]) * rarity(literal.ptr[at + 2]);
        if (!is_ascii_3(literal.ptr + at) || r <= best) continue;
        best = r;
        *offset = (uint32_t)at;
    }
    return best > 0;
}

/* ---- building ---- */

static int by_bytes(const void *x, const void *y)
{
    const sieve_entry *a = x, *b = y;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return a->literal < b->literal ? -1 : a->literal > b->literal;
}

static void add_byte(literal_sieve *s, size_t place, uint8_t byte, uint8_t group)
{
    s->low[place][byte & 15] |= group;
    s->high[place][byte >> 4] |= group;
}

static void add_letter(literal_sieve *s, size_t place, char letter, uint8_t group)
{
    add_byte(s, place, (uint8_t)letter, group);
    if (letter >= 'a' && letter <= 'z') add_byte(s, place, (uint8_t)(letter - 0x20), group);
}

/* Neighbours in the order of their bytes share a group, so that its nibbles are few. */
static void fill_groups(literal_sieve *s)
{
    for (size_t i = 0, distinct = 0; i < s->count; i++) {
        if (i && s->entries[i].bytes != s->entries[i - 1].bytes) distinct++;
        uint8_t group = (uint8_t)(1u << (distinct * GROUPS / s->count));
        const char *three = s->literals[s->entries[i].literal].ptr + s->entries[i].offset;
        for (size_t k = 0; k < SIEVE_BYTES; k++) add_letter(s, k, three[k], group);
    }
}

static void fill_cells(literal_sieve *s)
{
    s->first = mem_zalloc(CELLS, sizeof *s->first);
    for (size_t i = 0; i < s->count; i++) {
        if (i && s->entries[i].bytes == s->entries[i - 1].bytes) continue;
        uint32_t at = cell_of(s->entries[i].bytes);
        while (s->first[at]) at = (at + 1) & (CELLS - 1);
        s->first[at] = (uint16_t)(i + 1);
    }
}

bool literal_sieve_build(literal_sieve *s, const pk_str *literals, size_t count)
{
    *s = (literal_sieve){.literals = literals, .count = count, .shortest = SIZE_MAX};
    if (count == 0 || count > SIEVE_MOST) return false;
    s->entries = mem_zalloc(count, sizeof *s->entries);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset;
        if (!rarest_three(literals[i], &offset)) {
            literal_sieve_free(s);
            return false;
        }
        s->entries[i] = (sieve_entry){three_at(literals[i].ptr + offset), i, offset};
        size_t length = utf8_length(literals[i]);
        if (length < s->shortest) s->shortest = length;
    }
    qsort(s->entries, count, sizeof *s->entries, by_bytes);
    fill_groups(s);
    fill_cells(s);
    return true;
}

void literal_sieve_free(literal_sieve *s)
{
    mem_free(s->entries);
    mem_free(s->first);
    *s = (literal_sieve){0};
}

_Static_assert(sizeof(literal_sieve) == 136, "a member of literal_sieve came or went: literal_sieve_image copies each");

void literal_sieve_image(const literal_sieve *s, image_writer *w, size_t field, size_t literals)
{
    image_point(w, field + offsetof(literal_sieve, literals), s->literals ? literals : 0);
    image_array(w, field + offsetof(literal_sieve, entries), s->entries, s->entries ? s->count : 0, sizeof *s->entries);
    image_array(w, field + offsetof(literal_sieve, first), s->first, s->first ? CELLS : 0, sizeof *s->first);
}

/* ---- comparing ---- */

static inline char ascii_lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }

/* Beyond ASCII characters of both cases differ in length, too: then it stands there for all that is known. */
static bool stands_at(pk_str literal, pk_str content, size_t at, size_t offset)
{
    for (size_t i = 0; i < literal.len; i++)
        if (literal.ptr[i] & 0x80) return true;
    if (at < offset || content.len - (at - offset) < literal.len) return false;
    for (size_t i = 0; i < literal.len; i++)
        if (ascii_lower(content.ptr[at - offset + i]) != literal.ptr[i]) return false;
    return true;
}

/* Does a literal stand where its three bytes may be, at content[at]? */
static __attribute__((noinline)) bool look_up(const literal_sieve *s, pk_str content, size_t at)
{
    uint32_t three, cell;
    if (at + SIEVE_BYTES > content.len) return false;
    three = three_at(content.ptr + at);
    for (cell = cell_of(three); s->first[cell]; cell = (cell + 1) & (CELLS - 1)) {
        const sieve_entry *e = &s->entries[s->first[cell] - 1], *end = s->entries + s->count;
        if (e->bytes != three) continue;
        for (; e < end && e->bytes == three; e++)
            if (stands_at(s->literals[e->literal], content, at, e->offset)) return true;
        return false;
    }
    return false;
}

/* ---- the pass ---- */

static bool pass_bytes(const literal_sieve *s, pk_str content, bool *ascii)
{
    uint8_t all = 0, one = 0, two = 0; /* groups that are left after one and after two bytes */
    for (size_t i = 0; i < content.len; i++) {
        uint8_t b = (uint8_t)content.ptr[i], low = b & 15, high = b >> 4;
        uint8_t three = two & s->low[2][low] & s->high[2][high];
        two = one & s->low[1][low] & s->high[1][high];
        one = s->low[0][low] & s->high[0][high];
        all |= b;
        if (three && look_up(s, content, i - 2)) return true;
    }
    *ascii = !(all & 0x80);
    return false;
}

#if defined(__x86_64__)
#define STEP 32
#define REACH (STEP + SIEVE_BYTES - 1)

typedef struct {
    __m256i low[SIEVE_BYTES], high[SIEVE_BYTES], nibble;
} sieve_tables;

__attribute__((target("avx2"))) static inline __m256i both_lanes(const uint8_t table[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/* The groups that the bytes at p may belong to, as the byte of this place in the three. */
__attribute__((target("avx2"), always_inline)) static inline __m256i groups_at(const sieve_tables *t, __m256i bytes, int place)
{
    __m256i low = _mm256_and_si256(bytes, t->nibble), high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), t->nibble);
    return _mm256_and_si256(_mm256_shuffle_epi8(t->low[place], low), _mm256_shuffle_epi8(t->high[place], high));
}

__attribute__((target("avx2"), always_inline)) static inline uint32_t suspects(const sieve_tables *t, const char *p, __m256i *all)
{
    __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(p + 1));
    __m256i third = _mm256_loadu_si256((const __m256i *)(const void *)(p + 2));
    __m256i left = _mm256_and_si256(groups_at(t, first, 0), _mm256_and_si256(groups_at(t, second, 1), groups_at(t, third, 2)));
    *all = _mm256_or_si256(*all, _mm256_or_si256(first, third));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(left, _mm256_setzero_si256()));
}

static bool look_up_all(const literal_sieve *s, pk_str content, size_t at, uint32_t found)
{
    for (; found; found &= found - 1)
        if (look_up(s, content, at + (size_t)__builtin_ctz(found))) return true;
    return false;
}

__attribute__((target("avx2"))) static bool pass_32(const literal_sieve *s, pk_str content, bool *ascii)
{
    char end[REACH] = {0};
    sieve_tables t = {.nibble = _mm256_set1_epi8(15)};
    __m256i all = _mm256_setzero_si256();
    size_t at = 0;
    uint32_t found;
    for (int i = 0; i < SIEVE_BYTES; i++) {
        t.low[i] = both_lanes(s->low[i]);
        t.high[i] = both_lanes(s->high[i]);
    }
    for (; at + REACH <= content.len; at += STEP) {
        found = suspects(&t, content.ptr + at, &all);
        if (__builtin_expect(found != 0, 0) && look_up_all(s, content, at, found)) return true;
    }
    if (at < content.len && content.len >= REACH) { /* the last bytes once more, rather than a copy */
        at = content.len - REACH;
        found = suspects(&t, content.ptr + at, &all);
        if (found && look_up_all(s, content, at, found)) return true;
    } else if (at < content.len) {
        memcpy(end, content.ptr, content.len);
        found = suspects(&t, end, &all);
        if (found && look_up_all(s, content, 0, found)) return true;
    }
    *ascii = _mm256_movemask_epi8(all) == 0;
    return false;
}

static bool pass(const literal_sieve *s, pk_str content, bool *ascii)
{
    return __builtin_cpu_supports("avx2") ? pass_32(s, content, ascii) : pass_bytes(s, content, ascii);
}
#else
static bool pass(const literal_sieve *s, pk_str content, bool *ascii) { return pass_bytes(s, content, ascii); }
#endif

bool literal_sieve_lets_through(const literal_sieve *s, pk_str content)
{
    bool ascii = true;
    if (content.len < s->shortest) return false; /* folding keeps the number of characters */
    return pass(s, content, &ascii) || (!ascii && folds_to_ascii(content));
}
