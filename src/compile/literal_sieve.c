/* The shuffles need AVX2; a machine without it looks at byte after byte, by the same tables. */
#include "compile/literal_sieve.h"

#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/unicode.h"

#define SIEVE_MOST 256            /* literals: more leave no byte unsuspected */
#define GROUPS 7                  /* of literals; the eighth is for what JSON escapes */
#define GROUP_OF_ESCAPES 0x80
#define CELLS 1024                /* more than literals: most have their own */
#define CASE_BITS UINT32_C(0x202020) /* what tells upper from lower case in ASCII; that other bytes differ in it is compared */
#define ESCAPE UINT32_MAX         /* entry: no literal, but the beginning of \u0... or \u2... */

static inline uint32_t three_at(const char *p)
{
    return ((uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16) | CASE_BITS;
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

static bool written_as_it_is(char c) { return (uint8_t)c >= 0x20 && (uint8_t)c < 0x7f && c != '"' && c != '\\' && c != '/'; }

static bool all_3(const char *p, bool (*is_one)(char c)) { return is_one(p[0]) && is_one(p[1]) && is_one(p[2]); }
static bool is_ascii(char c) { return !(c & 0x80); }

/* Where the three rarest neighbours are of those that are all good; false: nowhere. */
static bool rarest_three(pk_str literal, bool (*is_good)(char c), uint32_t *offset)
{
    unsigned best = 0;
    for (size_t at = 0; at + SIEVE_BYTES <= literal.len; at++) {
        unsigned r = rarity(literal.ptr[at]) * rarity(literal.ptr[at + 1]) * rarity(literal.ptr[at + 2]);
        if (r <= best || !all_3(literal.ptr + at, is_good)) continue;
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

/* false: it has no three bytes to hang on. */
static bool add_literal(literal_sieve *s, uint32_t number)
{
    pk_str literal = s->literals[number];
    sieve_entry *e = &s->entries[s->count];
    uint32_t offset;
    bool plain = rarest_three(literal, written_as_it_is, &offset);
    if (!plain && !rarest_three(literal, is_ascii, &offset)) return false;
    *e = (sieve_entry){three_at(literal.ptr + offset), number, offset, offset, offset + SIEVE_BYTES};
    while (e->from > 0 && written_as_it_is(literal.ptr[e->from - 1])) e->from--;
    while (e->to < literal.len && written_as_it_is(literal.ptr[e->to])) e->to++;
    for (size_t i = 0; i < literal.len; i++) {
        uint8_t c = (uint8_t)literal.ptr[i];
        if (c & 0x80) plain = false;
        else s->used[c >> 6] |= UINT64_C(1) << (c & 63);
    }
    s->plain &= plain;
    s->count++;
    size_t length = utf8_length(literal);
    if (length < s->shortest) s->shortest = length;
    return true;
}

static const char *const escapes[] = {"\\u0", "\\u2"}; /* of ASCII and the long s; of the Kelvin sign */

/* Neighbours in the order of their bytes share a group, so that its nibbles are few. */
static void fill_groups(literal_sieve *s)
{
    for (size_t i = 0, distinct = 0; i < s->count; i++) {
        const sieve_entry *e = &s->entries[i];
        if (i && e->bytes != s->entries[i - 1].bytes) distinct++;
        uint8_t group = (uint8_t)(e->literal == ESCAPE ? GROUP_OF_ESCAPES : 1u << (distinct * GROUPS / s->count));
        const char *three = e->literal == ESCAPE ? escapes[e->offset] : s->literals[e->literal].ptr + e->offset;
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

/* What logs look like, to see how many places the groups suspect. */
static const char sample[] =
    "{\"EventTime\":\"2024-05-01 12:24:08\",\"Hostname\":\"WORKSTATION5.theshire.local\",\"SourceName\":\"Microsoft-Windows-Sysmon\","
    "\"ProviderGuid\":\"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}\",\"UserID\":\"S-1-5-18\",\"Category\":\"Process accessed (rule: "
    "ProcessAccess)\",\"SourceImage\":\"C:\\\\Windows\\\\system32\\\\svchost.exe\",\"GrantedAccess\":\"0x1400\",\"CallTrace\":\""
    "C:\\\\windows\\\\SYSTEM32\\\\ntdll.dll+9c584|C:\\\\windows\\\\System32\\\\KERNELBASE.dll+2c13e|UNKNOWN(00007FF8C2F0A1B3)\"}"
    " powershell.exe -NoProfile -ExecutionPolicy Bypass -Command \"Get-Service | Where-Object { $_.Status -eq 'Running' }\""
    " HKLM\\System\\CurrentControlSet\\Services\\W32Time\\Config DWORD (0x00000001) NT AUTHORITY\\NETWORK SERVICE"
    " May  1 12:24:08 web01 sshd[4711]: Accepted publickey for deploy from 192.168.10.23 port 51544 ssh2"
    " 10.0.0.7 - - [01/May/2024:12:24:08 +0000] \"GET /static/js/app.min.js?v=20240430 HTTP/1.1\" 200 48213"
    " An account was successfully logged on. Subject: Security ID: SYSTEM Account Name: Administrator Logon Type: 3";

static uint32_t suspected_of_thousand(const literal_sieve *s)
{
    uint32_t found = 0;
    for (const char *p = sample; p[2]; p++) {
        uint8_t left = 0xff;
        for (size_t k = 0; k < SIEVE_BYTES; k++) left &= s->low[k][p[k] & 15] & s->high[k][(uint8_t)p[k] >> 4];
        found += left != 0;
    }
    return found * 1000 / (uint32_t)(sizeof sample - 3);
}

bool literal_sieve_build(literal_sieve *s, const pk_str *literals, size_t count, size_t shortest, size_t longest)
{
    size_t members = 0;
    for (size_t i = 0; i < count; i++) members += literals[i].len >= shortest && literals[i].len <= longest;
    *s = (literal_sieve){.literals = literals, .shortest = SIZE_MAX, .plain = true};
    if (members > 0 && members <= SIEVE_MOST) s->entries = mem_zalloc(members + 2, sizeof *s->entries);
    for (uint32_t i = 0; i < count && s->entries; i++)
        if (literals[i].len >= shortest && literals[i].len <= longest && !add_literal(s, i)) literal_sieve_free(s);
    if (!s->entries) {
        *s = (literal_sieve){0};
        return false;
    }
    for (uint32_t i = 0; i < 2; i++) s->entries[s->count++] = (sieve_entry){.bytes = three_at(escapes[i]), .literal = ESCAPE, .offset = i};
    qsort(s->entries, s->count, sizeof *s->entries, by_bytes);
    fill_groups(s);
    fill_cells(s);
    s->suspected = suspected_of_thousand(s);
    return true;
}

void literal_sieve_free(literal_sieve *s)
{
    mem_free(s->entries);
    mem_free(s->first);
    *s = (literal_sieve){0};
}

_Static_assert(sizeof(literal_sieve) == 160 && sizeof(sieve_entry) == 20, "a member of literal_sieve came or went: literal_sieve_image copies each");

void literal_sieve_image(const literal_sieve *s, image_writer *w, size_t field, size_t literals)
{
    image_point(w, field + offsetof(literal_sieve, literals), s->literals ? literals : 0);
    image_array(w, field + offsetof(literal_sieve, entries), s->entries, s->entries ? s->count : 0, sizeof *s->entries);
    image_array(w, field + offsetof(literal_sieve, first), s->first, s->first ? CELLS : 0, sizeof *s->first);
}

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

static bool is_all_ascii(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] & 0x80) return false;
    return true;
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
    return r->kind == IN_FOLDED ? memcmp(p, literal.ptr, literal.len) == 0 : equal_at(literal, from, to, p);
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
    while (before < at && p[at - 1 - before] == '\\') before++;
    for (size_t i = 2; i < 6; i++) c = c << 4 | hex_value(p[at + i]);
    c = fold_code_point(c);
    return before % 2 == 0 && c < 0x80 && (r->sieve->used[c >> 6] >> (c & 63) & 1);
}

static void add_found(const sieve_run *r, uint32_t literal)
{
    if (r->stamps[literal] == r->epoch) return;
    r->stamps[literal] = r->epoch;
    vec_push(r->out, literal);
}

/* true: that is answer enough. */
static __attribute__((noinline)) bool look_at(const sieve_run *r, size_t at)
{
    const literal_sieve *s = r->sieve;
    if (at + SIEVE_BYTES > r->content.len) return false;
    uint32_t three = three_at(r->content.ptr + at), cell = cell_of(three);
    while (s->first[cell] && s->entries[s->first[cell] - 1].bytes != three) cell = (cell + 1) & (CELLS - 1);
    if (!s->first[cell]) return false;
    for (const sieve_entry *e = &s->entries[s->first[cell] - 1], *end = s->entries + s->count; e < end && e->bytes == three; e++) {
        if (e->literal == ESCAPE ? !escapes_character(r, at) : !stands_at(r, e, at)) continue;
        if (r->kind != IN_FOLDED) return true;
        add_found(r, e->literal);
    }
    return false;
}

/* As look_at, of code units; `at` counts these. */
static __attribute__((noinline)) bool look_at_wide(const sieve_run *r, size_t at)
{
    const literal_sieve *s = r->sieve;
    size_t units = r->content.len / 2;
    if (at + SIEVE_BYTES > units) return false;
    const char *p = r->content.ptr + 2 * at;
    if (p[1] | p[3] | p[5]) return false;
    const char narrow[SIEVE_BYTES] = {p[0], p[2], p[4]};
    uint32_t three = three_at(narrow), cell = cell_of(three);
    while (s->first[cell] && s->entries[s->first[cell] - 1].bytes != three) cell = (cell + 1) & (CELLS - 1);
    if (!s->first[cell]) return false;
    for (const sieve_entry *e = &s->entries[s->first[cell] - 1], *end = s->entries + s->count; e < end && e->bytes == three; e++) {
        if (e->literal == ESCAPE) continue;
        pk_str literal = s->literals[e->literal];
        if (!is_all_ascii(literal)) return true;
        if (at >= e->offset && units - (at - e->offset) >= literal.len && equal_wide_at(literal, p - 2 * (size_t)e->offset)) return true;
    }
    return false;
}

/* ---- the pass ---- */

static bool pass_bytes(sieve_run *r)
{
    const literal_sieve *s = r->sieve;
    uint8_t all = 0, one = 0, two = 0; /* groups that are left after one and after two bytes */
    for (size_t i = 0; i < r->content.len; i++) {
        uint8_t b = (uint8_t)r->content.ptr[i], low = b & 15, high = b >> 4;
        uint8_t three = two & s->low[2][low] & s->high[2][high];
        two = one & s->low[1][low] & s->high[1][high];
        one = s->low[0][low] & s->high[0][high];
        all |= b;
        if (three && look_at(r, i - 2)) return true;
    }
    r->ascii = !(all & 0x80);
    return false;
}

enum { LONG_S = 0x17f, KELVIN = 0x212a }; /* the characters beyond ASCII that fold to letters of it (base/unicode.h) */

static bool pass_units(const literal_sieve *s, pk_str content)
{
    const sieve_run r = {.sieve = s, .content = content, .kind = IN_WIDE};
    uint8_t one = 0, two = 0;
    for (size_t i = 0; i < content.len / 2; i++) {
        uint32_t c = (uint8_t)content.ptr[2 * i] | (uint32_t)(uint8_t)content.ptr[2 * i + 1] << 8;
        uint8_t b = c < 0x80 ? (uint8_t)c : 0x80, low = b & 15, high = b >> 4;
        uint8_t three = two & s->low[2][low] & s->high[2][high];
        two = one & s->low[1][low] & s->high[1][high];
        one = s->low[0][low] & s->high[0][high];
        if (c == LONG_S || c == KELVIN || (three && look_at_wide(&r, i - 2))) return true;
    }
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

/*
 * The groups that the bytes may belong to, as the byte of this place in the three. The shuffle looks at the low nibble of ASCII
 * and gives nothing for other bytes, which none of the three is.
 */
__attribute__((target("avx2"), always_inline)) static inline __m256i groups_of(const sieve_tables *t, __m256i bytes, int place)
{
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), t->nibble);
    return _mm256_and_si256(_mm256_shuffle_epi8(t->low[place], bytes), _mm256_shuffle_epi8(t->high[place], high));
}

__attribute__((target("avx2"), always_inline)) static inline uint32_t suspects(const sieve_tables *t, const char *p, __m256i *all)
{
    __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(p + 1));
    __m256i third = _mm256_loadu_si256((const __m256i *)(const void *)(p + 2));
    __m256i left = _mm256_and_si256(groups_of(t, first, 0), _mm256_and_si256(groups_of(t, second, 1), groups_of(t, third, 2)));
    *all = _mm256_or_si256(*all, _mm256_or_si256(first, third));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(left, _mm256_setzero_si256()));
}

/* Most suspects have groups in common with some literal, but not its bytes: an empty cell says so. */
static bool look_at_all(const sieve_run *r, size_t at, uint32_t found)
{
    for (; found; found &= found - 1) {
        size_t place = at + (size_t)__builtin_ctz(found);
        if (place + SIEVE_BYTES > r->content.len) continue;
        if (r->sieve->first[cell_of(three_at(r->content.ptr + place))] && look_at(r, place)) return true;
    }
    return false;
}

__attribute__((target("avx2"))) static bool pass_32(sieve_run *r)
{
    const pk_str content = r->content;
    char end[REACH] = {0};
    sieve_tables t = {.nibble = _mm256_set1_epi8(15)};
    __m256i all = _mm256_setzero_si256();
    size_t at = 0;
    uint32_t found;
    for (int i = 0; i < SIEVE_BYTES; i++) {
        t.low[i] = both_lanes(r->sieve->low[i]);
        t.high[i] = both_lanes(r->sieve->high[i]);
    }
    for (; at + REACH <= content.len; at += STEP) {
        found = suspects(&t, content.ptr + at, &all);
        if (__builtin_expect(found != 0, 0) && look_at_all(r, at, found)) return true;
    }
    if (at < content.len && content.len >= REACH) { /* the last bytes once more, rather than a copy */
        at = content.len - REACH;
        found = suspects(&t, content.ptr + at, &all);
        if (found && look_at_all(r, at, found)) return true;
    } else if (at < content.len) {
        memcpy(end, content.ptr, content.len);
        found = suspects(&t, end, &all);
        if (found && look_at_all(r, 0, found)) return true;
    }
    r->ascii = _mm256_movemask_epi8(all) == 0;
    return false;
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

#define WIDE_REACH (2 * REACH)

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

/* `p`: the content, or its bytes with others behind them; `last`: WIDE_REACH before the end of these. */
__attribute__((target("avx2"), always_inline)) static inline bool steps_wide(const wide_run *w, const char *p, size_t last)
{
    sieve_tables t = {.nibble = _mm256_set1_epi8(15)};
    for (int i = 0; i < SIEVE_BYTES; i++) {
        t.low[i] = both_lanes(w->sieve->low[i]);
        t.high[i] = both_lanes(w->sieve->high[i]);
    }
    for (size_t at = 0;; at = at + 2 * STEP < last ? at + 2 * STEP : last) {
        __m256i first = narrowed(p + at), second = narrowed(p + at + 2), third = narrowed(p + at + 4);
        __m256i left = _mm256_and_si256(groups_of(&t, first, 0), _mm256_and_si256(groups_of(&t, second, 1), groups_of(&t, third, 2)));
        __m256i none = _mm256_cmpeq_epi8(left, _mm256_setzero_si256());
        __m256i quiet = _mm256_andnot_si256(_mm256_or_si256(folding(p + at), folding(p + at + STEP)), none);
        if (__builtin_expect(_mm256_movemask_epi8(quiet) != -1, 0) && look_at_step(w, p + at, at / 2, none)) return true;
        if (at == last) return folds(p + last + 2 * STEP) || folds(p + last + 2 * STEP + 2); /* the last two are no step's first */
    }
}

__attribute__((target("avx2"), noinline)) static bool short_wide(const wide_run *w)
{
    char bytes[WIDE_REACH] = {0};
    memcpy(bytes, w->content.ptr, w->content.len);
    return steps_wide(w, bytes, 0);
}

__attribute__((target("avx2"))) static bool pass_32_wide(const literal_sieve *s, pk_str content)
{
    const wide_run w = {s, content};
    return content.len < WIDE_REACH ? short_wide(&w) : steps_wide(&w, content.ptr, content.len - WIDE_REACH);
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
