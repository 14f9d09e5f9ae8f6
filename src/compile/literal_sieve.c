/* Making a sieve: which bytes of each literal it hangs on, and which literals share a group. The pass is in literal_sieve_pass.c. */
#include "compile/literal_sieve_private.h"

#include <stdlib.h>

#include "base/unicode.h"

#define SIEVE_MOST 4096           /* literals: more leave no byte unsuspected */
#define GROUPS 8                  /* of literals; in logs the last is for what JSON escapes */
#define GROUP_OF_ESCAPES 0x80
#define CELLS_LOG_MIN 8
#define CELLS_A_LITERAL 4         /* most have their own */

/* ---- choosing the bytes ---- */

/* The bytes of log texts, commonest first, as they are in event logs of Windows and in web logs; others are rare. */
static const char common_bytes[] = "e tinsaro\\cdml0.puh1f2-3w4g5y6v8b79x,/k:=(_)";

static unsigned rarity(char c)
{
    const char *at = c ? strchr(common_bytes, c) : NULL;
    return at ? 8 + (unsigned)(at - common_bytes) : 8 + sizeof common_bytes;
}

static bool written_as_it_is(char c) { return (uint8_t)c >= 0x20 && (uint8_t)c < 0x7f && c != '"' && c != '\\' && c != '/'; }

static bool is_ascii(char c) { return !(c & 0x80); }

/* By byte, of those that may be hung on; 0: not on this one. */
typedef struct { double plain[256], any[256]; } rarities;

static void know_rarities(rarities *r)
{
    for (unsigned i = 0; i < 256; i++) {
        char c = (char)i;
        r->any[i] = is_ascii(c) ? rarity(c) : 0;
        r->plain[i] = written_as_it_is(c) ? r->any[i] : 0;
    }
}

/* Where the rarest neighbours are, so many of them, that are all good; the first that are not looked at hardly count. false: nowhere. */
static bool rarest_bytes(pk_str literal, size_t wanted, size_t skipped, const double rare[256], uint32_t *offset)
{
    double best = 0;
    for (size_t at = 0; at + wanted <= literal.len; at++) {
        double r = 1;
        for (size_t k = 0; k < wanted; k++) {
            double own = rare[(uint8_t)literal.ptr[at + k]];
            r *= k < skipped && own > 0 ? 1 + own / 1e6 : own;
        }
        if (r <= best) continue;
        best = r;
        *offset = (uint32_t)at;
    }
    return best > 0;
}

/* ---- building ---- */

static int by_bytes(const void *x, const void *y)
{
    const sieve_entry *a = x, *b = y;
    if ((a->width < KEY_BYTES) != (b->width < KEY_BYTES)) return a->width < KEY_BYTES ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return a->literal < b->literal ? -1 : a->literal > b->literal;
}

static void add_byte(literal_sieve *s, size_t place, uint8_t byte, uint8_t group)
{
    s->low[place][low_of(byte)] |= group;
    s->high[place][high_of(byte)] |= group;
}

static void add_letter(literal_sieve *s, size_t place, char letter, uint8_t group)
{
    add_byte(s, place, (uint8_t)letter, group);
    if (letter >= 'a' && letter <= 'z') add_byte(s, place, (uint8_t)(letter - 0x20), group);
}

/* Rather as many as are looked at, and rather what JSON writes as it is. false: it has no bytes to hang on. */
static bool choose_bytes(const literal_sieve *s, const rarities *r, pk_str literal, sieve_entry *e, bool *plain)
{
    uint32_t most = literal.len < s->width ? (uint32_t)literal.len : s->width, least = most < KEY_BYTES ? most : KEY_BYTES;
    if (s->use == SIEVE_OF_LOGS && literal.len < KEY_BYTES) return false;
    *plain = true;
    for (e->width = most; e->width >= least && s->use == SIEVE_OF_LOGS; e->width--)
        if (rarest_bytes(literal, e->width, s->skipped, r->plain, &e->offset)) return true;
    *plain = false;
    for (e->width = most; e->width >= least; e->width--)
        if (rarest_bytes(literal, e->width, s->skipped, r->any, &e->offset)) return true;
    return false;
}

static bool is_tiny(const sieve_entry *e) { return e->width < KEY_BYTES; }

static bool add_literal(literal_sieve *s, const rarities *r, uint32_t number)
{
    pk_str literal = s->literals[number];
    sieve_entry *e = &s->entries[s->count];
    bool plain;
    *e = (sieve_entry){.literal = number};
    if (literal.len == 0 || !choose_bytes(s, r, literal, e, &plain)) return false;
    e->bytes = is_tiny(e) ? (uint8_t)literal.ptr[0] : three_at(literal.ptr + e->offset);
    e->from = e->offset;
    e->to = e->offset + (is_tiny(e) ? e->width : KEY_BYTES);
    while (e->from > 0 && written_as_it_is(literal.ptr[e->from - 1])) e->from--;
    while (e->to < literal.len && written_as_it_is(literal.ptr[e->to])) e->to++;
    for (size_t i = 0; i < literal.len; i++) {
        uint8_t c = (uint8_t)literal.ptr[i];
        if (c & 0x80) plain = false;
        else s->used[c >> 6] |= UINT64_C(1) << (c & 63);
    }
    s->plain &= plain;
    s->count++;
    s->tiny_count += is_tiny(e);
    s->ends_late |= e->width < s->width;
    size_t length = utf8_length(literal);
    if (length < s->shortest) s->shortest = length;
    return true;
}

static const char *const escapes[] = {"\\u00", "\\u01", "\\u21"}; /* of ASCII; of the long s; of the Kelvin sign */
enum { ESCAPES = sizeof escapes / sizeof *escapes };

static void add_escapes(literal_sieve *s)
{
    for (uint32_t i = 0; i < ESCAPES; i++)
        s->entries[s->count++] = (sieve_entry){.bytes = three_at(escapes[i]), .literal = ESCAPE, .offset = i, .width = s->width};
}

/*
 * Literals of one width share groups, since a group whose members do not all have a byte is suspected whatever stands there:
 * each width that occurs has a group, and more by its number of literals.
 */
static void share_groups(size_t groups, const size_t members[SIEVE_BYTES + 1], size_t share[SIEVE_BYTES + 1])
{
    share[0] = 0;
    for (size_t w = 1; w <= SIEVE_BYTES; w++) {
        share[w] = members[w] > 0;
        groups -= share[w];
    }
    for (; groups > 0; groups--) {
        size_t best = 0;
        for (size_t w = 1; w <= SIEVE_BYTES; w++)
            if (members[w] && (!best || members[w] * share[best] > members[best] * share[w])) best = w;
        share[best]++;
    }
}

static void add_to_group(literal_sieve *s, const sieve_entry *e, uint8_t group)
{
    const char *bytes = e->literal == ESCAPE ? escapes[e->offset] : s->literals[e->literal].ptr + e->offset;
    for (size_t k = 0; k < s->width; k++) {
        if (k < e->width) add_letter(s, k, bytes[k], group);
        for (size_t i = 0; k >= e->width && i < 16; i++) {
            s->low[k][i] |= group;
            s->high[k][i] |= group;
        }
    }
}

static bool other_pair(const literal_sieve *s, size_t i) { return i > 0 && s->entries[i].bytes >> 8 != s->entries[i - 1].bytes >> 8; }

/* Where the first of three is not looked at: those with the same two others share a group. */
static void fill_groups_by_pair(literal_sieve *s)
{
    size_t pairs = 1, seen = 0;
    for (size_t i = 0; i < s->count; i++) pairs += other_pair(s, i);
    for (size_t i = 0; i < s->count; i++) {
        seen += other_pair(s, i);
        add_to_group(s, &s->entries[i], (uint8_t)(s->entries[i].literal == ESCAPE ? GROUP_OF_ESCAPES : 1u << (seen * (GROUPS - 1) / pairs)));
    }
}

/* Neighbours in the order of their bytes share a group, so that its nibbles are few. */
static void fill_groups(literal_sieve *s)
{
    size_t members[SIEVE_BYTES + 1] = {0}, share[SIEVE_BYTES + 1], seen[SIEVE_BYTES + 1] = {0}, before[SIEVE_BYTES + 1] = {0};
    for (size_t i = 0; i < s->count; i++)
        if (s->entries[i].literal != ESCAPE) members[s->entries[i].width]++;
    share_groups(s->use == SIEVE_OF_LOGS ? GROUPS - 1 : GROUPS, members, share);
    for (size_t w = 1; w < SIEVE_BYTES; w++) before[w + 1] = before[w] + share[w];
    for (size_t i = 0; i < s->count; i++) {
        const sieve_entry *e = &s->entries[i];
        size_t w = e->width;
        if (e->literal == ESCAPE) add_to_group(s, e, GROUP_OF_ESCAPES);
        else add_to_group(s, e, (uint8_t)(1u << (before[w] + seen[w]++ * share[w] / members[w])));
    }
}

static void fill_cells(literal_sieve *s)
{
    uint32_t log = CELLS_LOG_MIN;
    while ((size_t)1 << log < s->count * CELLS_A_LITERAL) log++;
    s->cell_shift = 32 - log;
    s->first = mem_zalloc(cell_count(s), sizeof *s->first);
    if (s->tiny_count) s->tiny = mem_zalloc(256, sizeof *s->tiny);
    for (size_t i = 0; i < s->tiny_count; i++)
        if (!s->tiny[s->entries[i].bytes]) s->tiny[s->entries[i].bytes] = (uint16_t)(i + 1);
    for (size_t i = s->tiny_count; i < s->count; i++) {
        if (i > s->tiny_count && s->entries[i].bytes == s->entries[i - 1].bytes) continue;
        uint32_t at = cell_of(s, s->entries[i].bytes);
        while (s->first[at]) at = (at + 1) & (uint32_t)(cell_count(s) - 1);
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

static bool is_suspected(const literal_sieve *s, const char *p)
{
    uint8_t left = 0xff;
    for (size_t k = s->skipped; k < s->width; k++) left &= s->low[k][low_of((uint8_t)p[k])] & s->high[k][high_of((uint8_t)p[k])];
    return left != 0;
}

static uint32_t suspected_of_thousand(const literal_sieve *s)
{
    uint32_t found = 0;
    for (const char *p = sample; p[SIEVE_BYTES - 1]; p++) found += is_suspected(s, p);
    return found * 1000 / (uint32_t)(sizeof sample - SIEVE_BYTES);
}

uint32_t literal_sieve_suspected_like(const literal_sieve *s)
{
    size_t places = 0, found = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->entries[i].literal == ESCAPE) continue;
        pk_str literal = s->literals[s->entries[i].literal];
        for (size_t at = 0; at + s->width <= literal.len; at++) {
            if (at == s->entries[i].offset) continue;
            places++;
            found += is_suspected(s, literal.ptr + at);
        }
    }
    return places ? (uint32_t)(found * 1000 / places) : 0;
}

typedef struct {
    const pk_str *literals;
    size_t count, longest, members; /* literals that are no longer */
    sieve_use use;
    rarities rare;
} sieve_wish;

static bool build(literal_sieve *s, const sieve_wish *w, uint32_t width, bool skipped)
{
    *s = (literal_sieve){.literals = w->literals, .shortest = SIZE_MAX, .use = w->use, .width = width, .skipped = skipped, .plain = w->use == SIEVE_OF_LOGS};
    if (w->members > 0 && w->members <= SIEVE_MOST) s->entries = mem_zalloc(w->members + ESCAPES, sizeof *s->entries);
    for (uint32_t i = 0; i < w->count && s->entries; i++) {
        if (w->literals[i].len > w->longest || (w->use == SIEVE_OF_FOLDED && !is_all_ascii(w->literals[i]))) continue;
        if (!add_literal(s, &w->rare, i)) literal_sieve_free(s);
    }
    if (s->count == 0) {
        literal_sieve_free(s);
        return false;
    }
    if (w->use == SIEVE_OF_LOGS) add_escapes(s);
    qsort(s->entries, s->count, sizeof *s->entries, by_bytes);
    if (skipped) fill_groups_by_pair(s);
    else fill_groups(s);
    s->suspected = suspected_of_thousand(s);
    return true;
}

/* Places of a thousand: more cost as much as to look at one byte more. */
#define SUSPECTED_OF_TWO 5
#define SUSPECTED_OF_THREE 5
#define PAIRS_MOST 256 /* literals: two bytes of more suspect too much (the sample decides below that) */

static bool build_of_logs(literal_sieve *s, const sieve_wish *w)
{
    literal_sieve four;
    if (w->members <= PAIRS_MOST) {
        if (!build(s, w, KEY_BYTES, true)) return false;
        if (s->suspected <= SUSPECTED_OF_TWO) return true;
        literal_sieve_free(s);
    }
    if (!build(s, w, KEY_BYTES, false)) return false;
    if (s->suspected <= SUSPECTED_OF_THREE || !build(&four, w, SIEVE_BYTES, false)) return true;
    bool better = four.suspected < s->suspected;
    literal_sieve_free(better ? s : &four);
    if (better) *s = four;
    return true;
}

bool literal_sieve_build(literal_sieve *s, const pk_str *literals, size_t count, size_t longest, sieve_use use)
{
    sieve_wish w = {.literals = literals, .count = count, .longest = longest, .use = use};
    for (size_t i = 0; i < count; i++) w.members += literals[i].len <= longest;
    know_rarities(&w.rare);
    /* In folded text literals are found over and over: as many bytes as there are tell them apart. */
    if (use == SIEVE_OF_FOLDED ? !build(s, &w, SIEVE_BYTES, false) : !build_of_logs(s, &w)) return false;
    fill_cells(s);
    return true;
}

void literal_sieve_free(literal_sieve *s)
{
    mem_free(s->entries);
    mem_free(s->first);
    mem_free(s->tiny);
    *s = (literal_sieve){0};
}

_Static_assert(sizeof(literal_sieve) == 224 && sizeof(sieve_entry) == 24, "a member of literal_sieve came or went: literal_sieve_image copies each");

void literal_sieve_image(const literal_sieve *s, image_writer *w, size_t field, size_t literals)
{
    image_point(w, field + offsetof(literal_sieve, literals), s->literals ? literals : 0);
    image_array(w, field + offsetof(literal_sieve, entries), s->entries, s->entries ? s->count : 0, sizeof *s->entries);
    image_array(w, field + offsetof(literal_sieve, first), s->first, s->first ? cell_count(s) : 0, sizeof *s->first);
    image_array(w, field + offsetof(literal_sieve, tiny), s->tiny, s->tiny ? 256 : 0, sizeof *s->tiny);
}
