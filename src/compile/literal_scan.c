/* The pass itself is a load and, for each length of grams, a product and a bit test for each byte; all else is rare. */
#include "compile/literal_scan.h"

#include <stdlib.h>

#define FILTER_BITS_A_GRAM 24     /* of the bit set: one place in 24 is let through by chance */
#define FILTER_LOG_MIN 9
#define FILTER_LOG_MAX 20         /* 128 KiB */
#define SUSPECTED_OF_ALL 120      /* of a thousand places: a sieve that suspects more is slower than the passes */
#define SUSPECTED_OF_LIGHT 25     /* ... than asking what is remembered of a value of common length */
#define SUSPECTED_OF_SHORTS 300   /* ... than a pass for grams at each byte */
#define SUSPECTED_LIKE 500        /* ... where values look like the literals, which are */
#define MANY_ALIKE 256            /* or more: hashes, mostly */

static inline uint32_t gram_at(const char *p, size_t size)
{
    uint32_t gram = 0;
    if (size == 4) memcpy(&gram, p, 4); /* of a size that is not known it would be a call */
    else if (size == 3) memcpy(&gram, p, 3);
    else memcpy(&gram, p, 2);
    return gram;
}

static inline uint32_t hash_of(uint32_t gram) { return gram * UINT32_C(0x9e3779b1); } /* of which the high bits are good */

static const struct { size_t least, most, size, neighbours; } ranges[LITERAL_RANGES] = {
    [LITERALS_LONG] = {7, SIZE_MAX, 4, 4},
    [LITERALS_MIDDLE] = {4, 6, 4, 1},
    [LITERALS_OF_3] = {3, 3, 3, 1},
    [LITERALS_OF_2] = {2, 2, 2, 1},
};

/* ---- choosing grams ---- */

/* How often each gram occurs in all literals: a sample of how common it is in values. */
typedef struct {
    uint32_t *counts;             /* by hash */
    uint32_t shift;
} gram_counts;

static gram_counts count_grams(const pk_str *literals, size_t count, size_t size)
{
    size_t bytes = 0;
    uint32_t log = 6;
    for (size_t i = 0; i < count; i++) bytes += literals[i].len;
    while (log < 18 && ((size_t)1 << log) < bytes * 2) log++;
    gram_counts g = {.counts = mem_zalloc((size_t)1 << log, sizeof *g.counts), .shift = 32 - log};
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at + size <= literals[i].len; at++) g.counts[hash_of(gram_at(literals[i].ptr + at, size)) >> g.shift]++;
    return g;
}

/* Where the neighbours begin that are rarest together. */
static uint32_t rarest_offset(const gram_counts *g, pk_str literal, size_t size, size_t neighbours)
{
    size_t best = 0, least = SIZE_MAX;
    for (size_t at = 0; at + size + neighbours - 1 <= literal.len; at++) {
        size_t n = 0;
        for (size_t k = 0; k < neighbours; k++) n += g->counts[hash_of(gram_at(literal.ptr + at + k, size)) >> g->shift];
        if (n < least) least = n, best = at;
    }
    return (uint32_t)best;
}

/* ---- building ---- */

typedef struct { uint32_t gram; gram_use use; } gram_entry;

enum { DIGIT_BITS = 11, DIGITS = 3 };

/* By gram; equal ones stay in order of their literals. By digits, since this is most of what building costs. */
static void sort_grams(gram_entry *entries, size_t count)
{
    gram_entry *other = mem_alloc(count * sizeof *other), *from = entries, *to = other;
    uint32_t *starts = mem_alloc(((1u << DIGIT_BITS) + 1) * sizeof *starts);
    for (unsigned shift = 0; shift < DIGITS * DIGIT_BITS; shift += DIGIT_BITS) {
        memset(starts, 0, ((1u << DIGIT_BITS) + 1) * sizeof *starts);
        for (size_t i = 0; i < count; i++) starts[(from[i].gram >> shift & ((1u << DIGIT_BITS) - 1)) + 1]++;
        for (size_t i = 0; i < 1u << DIGIT_BITS; i++) starts[i + 1] += starts[i];
        for (size_t i = 0; i < count; i++) to[starts[from[i].gram >> shift & ((1u << DIGIT_BITS) - 1)]++] = from[i];
        gram_entry *swap = from;
        from = to;
        to = swap;
    }
    memcpy(entries, from, count * sizeof *entries); /* an odd number of turns: it is `other` */
    mem_free(other);
    mem_free(starts);
}

static uint32_t log_above(size_t n)
{
    uint32_t log = FILTER_LOG_MIN;
    while (log < FILTER_LOG_MAX && ((size_t)1 << log) < n) log++;
    return log;
}

static inline size_t cell_count(const gram_index *x) { return (size_t)1 << (32 - x->cell_shift); }
static inline uint32_t next_cell(const gram_index *x, uint32_t at) { return (at + 1) & (uint32_t)(cell_count(x) - 1); }

static void fill_index(gram_index *x, const gram_entry *entries, size_t count)
{
    uint32_t filter_log = log_above(count * FILTER_BITS_A_GRAM);
    x->count = count;
    x->cell_shift = 28;
    while (cell_count(x) < count * 2) x->cell_shift--;
    x->filter = mem_zalloc(((size_t)1 << filter_log) / 64, sizeof *x->filter);
    x->filter_shift = 32 - filter_log;
    x->cells = mem_zalloc(cell_count(x), sizeof *x->cells);
    x->uses = mem_zalloc(count + 1, sizeof *x->uses);
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = hash_of(entries[i].gram), bit = hash >> x->filter_shift, at = hash >> x->cell_shift;
        x->uses[i] = entries[i].use;
        x->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
        while (x->cells[at].count && x->cells[at].gram != entries[i].gram) at = next_cell(x, at);
        if (x->cells[at].count == 0) x->cells[at] = (gram_cell){entries[i].gram, (uint32_t)i, 0};
        x->cells[at].count++;
    }
}

static bool in_range(pk_str literal, literal_range range)
{
    return literal.len >= ranges[range].least && literal.len <= ranges[range].most;
}

#define BESIDE 4

/* Behind the gram, or before it, or where that is not in the literal as far aside as can be. */
static void look_beside(gram_use *u, pk_str literal)
{
    size_t last = literal.len - BESIDE, after = u->offset + BESIDE;
    size_t from = after <= last ? after : u->offset >= BESIDE ? u->offset - BESIDE : last - u->offset >= u->offset ? last : 0;
    u->beside = gram_at(literal.ptr + from, BESIDE);
    u->aside = (int32_t)((int64_t)from - u->offset);
}

static bool is_ascii(pk_str s)
{
    uint64_t seen = 0, eight;
    size_t at = 0;
    for (; at + sizeof eight <= s.len; at += sizeof eight) {
        memcpy(&eight, s.ptr + at, sizeof eight);
        seen |= eight;
    }
    for (; at < s.len; at++) seen |= (uint8_t)s.ptr[at];
    return !(seen & UINT64_C(0x8080808080808080));
}

/* Of the literals that are ASCII, or of the others. */
static void build_index(gram_index *x, const pk_str *literals, size_t count, literal_range range, bool ascii)
{
    VEC(gram_entry) entries = {0};
    size_t size = ranges[range].size, neighbours = ranges[range].neighbours, members = 0;
    x->size = size;
    x->neighbours = neighbours;
    for (size_t i = 0; i < count; i++) members += in_range(literals[i], range) && is_ascii(literals[i]) == ascii;
    gram_counts g = count_grams(literals, members ? count : 0, size);
    for (uint32_t i = 0; i < count && members; i++) {
        if (!in_range(literals[i], range) || is_ascii(literals[i]) != ascii) continue;
        uint32_t offset = rarest_offset(&g, literals[i], size, neighbours);
        for (uint32_t k = 0; k < neighbours; k++) {
            gram_entry e = {gram_at(literals[i].ptr + offset + k, size), {.literal = i, .offset = offset + k}};
            if (size == BESIDE) look_beside(&e.use, literals[i]);
            vec_push(&entries, e);
        }
    }
    if (entries.len) sort_grams(entries.at, entries.len);
    fill_index(x, entries.at, entries.len);
    vec_free(&entries);
    mem_free(g.counts);
}

bool literal_scan_is_sieved(const literal_scan *s) { return s->sieve.count > 0 && s->sieve.use == SIEVE_OF_LOGS; }
bool literal_scan_is_light(const literal_scan *s) { return literal_scan_is_sieved(s) && s->sieve.suspected <= SUSPECTED_OF_LIGHT; }

/* For the literals of at most so many bytes, if it suspects no more places than that. */
static bool build_sieve(literal_sieve *s, const pk_str *literals, size_t count, size_t longest, sieve_use use, uint32_t most_suspected)
{
    if (!literal_sieve_build(s, literals, count, longest, use)) return false;
    if (s->suspected <= most_suspected) return true;
    literal_sieve_free(s);
    return false;
}

/* For all of them, unless values that look like them are suspected at most places: those of hashes are, which no log's text is. */
static bool build_sieve_of_all(literal_scan *s, sieve_use use)
{
    if (!build_sieve(&s->sieve, s->literals, s->count, SIZE_MAX, use, SUSPECTED_OF_ALL)) return false;
    if (s->count < MANY_ALIKE || literal_sieve_suspected_like(&s->sieve) <= SUSPECTED_LIKE) return true;
    literal_sieve_free(&s->sieve);
    return false;
}

static void build_search(literal_scan *s, gram_search *to, literal_range first, bool ascii)
{
    for (literal_range r = first; r < LITERAL_RANGES; r++) build_index(&to->by_range[r], s->literals, s->count, r, ascii);
    to->single = mem_zalloc(s->count + 1, sizeof *to->single);
    for (uint32_t i = 0; i < s->count; i++)
        if (s->literals[i].len == 1 && is_ascii(s->literals[i]) == ascii) to->single[to->single_count++] = i;
}

void literal_scan_build(literal_scan *s, const pk_str *literals, size_t count)
{
    const size_t less_than_long = ranges[LITERALS_LONG].least - 1;
    *s = (literal_scan){.literals = literals, .count = count};
    if (count == 0 || build_sieve_of_all(s, SIEVE_OF_LOGS)) return;
    for (size_t i = 0; i < count; i++) s->some_beyond |= !is_ascii(literals[i]);
    if (s->some_beyond) build_search(s, &s->beyond, LITERALS_LONG, false);
    if (build_sieve_of_all(s, SIEVE_OF_FOLDED)) return;
    build_index(&s->ascii.by_range[LITERALS_LONG], literals, count, LITERALS_LONG, true);
    if (build_sieve(&s->shorts, literals, count, less_than_long, SIEVE_OF_FOLDED, SUSPECTED_OF_SHORTS)) return;
    build_search(s, &s->ascii, LITERALS_LONG + 1, true);
}

static void free_search(gram_search *s)
{
    for (size_t i = 0; i < LITERAL_RANGES; i++) {
        mem_free(s->by_range[i].filter);
        mem_free(s->by_range[i].cells);
        mem_free(s->by_range[i].uses);
    }
    mem_free(s->single);
}

void literal_scan_free(literal_scan *s)
{
    free_search(&s->ascii);
    free_search(&s->beyond);
    literal_sieve_free(&s->sieve);
    literal_sieve_free(&s->shorts);
}

_Static_assert(sizeof(gram_index) == 56 && sizeof(gram_search) == 240 && sizeof(literal_scan) == 952,
               "a member came or went: literal_scan_image copies each");

static void index_image(const gram_index *x, image_writer *w, size_t field)
{
    if (!x->filter) return;
    image_array(w, field + offsetof(gram_index, filter), x->filter, ((size_t)1 << (32 - x->filter_shift)) / 64, sizeof *x->filter);
    image_array(w, field + offsetof(gram_index, cells), x->cells, cell_count(x), sizeof *x->cells);
    image_array(w, field + offsetof(gram_index, uses), x->uses, x->count + 1, sizeof *x->uses);
}

static void search_image(const gram_search *s, image_writer *w, size_t field)
{
    for (literal_range r = 0; r < LITERAL_RANGES; r++)
        index_image(&s->by_range[r], w, field + offsetof(gram_search, by_range) + r * sizeof(gram_index));
    image_array(w, field + offsetof(gram_search, single), s->single, s->single_count, sizeof *s->single);
}

void literal_scan_image(const literal_scan *s, image_writer *w, size_t field, size_t literals)
{
    image_point(w, field + offsetof(literal_scan, literals), s->literals ? literals : 0);
    search_image(&s->ascii, w, field + offsetof(literal_scan, ascii));
    search_image(&s->beyond, w, field + offsetof(literal_scan, beyond));
    literal_sieve_image(&s->sieve, w, field + offsetof(literal_scan, sieve), literals);
    literal_sieve_image(&s->shorts, w, field + offsetof(literal_scan, shorts), literals);
}

/* ---- running ---- */

typedef struct {
    const literal_scan *scan;
    pk_str content;
    uint32_t *stamps, epoch;
    number_list *out;
} scan_run;

/* The filter let the gram at content[at] through. Kept out of the pass, which is tight without it. */
static __attribute__((noinline)) void look_up(scan_run *r, const gram_index *x, uint32_t gram, size_t at)
{
    uint32_t i = hash_of(gram) >> x->cell_shift;
    while (x->cells[i].count && x->cells[i].gram != gram) i = next_cell(x, i);
    for (const gram_use *u = x->uses + x->cells[i].first, *end = u + x->cells[i].count; u < end; u++) {
        if (at < u->offset || (x->size == BESIDE && gram_at(r->content.ptr + at + u->aside, BESIDE) != u->beside)) continue;
        pk_str literal = r->scan->literals[u->literal];
        if (r->stamps[u->literal] == r->epoch || r->content.len - (at - u->offset) < literal.len) continue;
        if (memcmp(r->content.ptr + at - u->offset, literal.ptr, literal.len) != 0) continue;
        r->stamps[u->literal] = r->epoch;
        vec_push(r->out, u->literal);
    }
}

static inline __attribute__((always_inline)) bool let_through(const uint64_t *filter, uint32_t shift, uint32_t gram)
{
    uint32_t bit = hash_of(gram) >> shift;
    return filter[bit >> 6] >> (bit & 63) & 1;
}

static void pass_long(scan_run *r, const gram_search *s)
{
    const gram_index *const x = &s->by_range[LITERALS_LONG];
    const uint64_t *const filter = x->filter;
    const uint32_t shift = x->filter_shift;
    const char *const p = r->content.ptr;
    const size_t len = r->content.len;
    for (size_t at = 0; at < len; at += 4) {
        uint32_t gram = gram_at(p + at, 4);
        if (let_through(filter, shift, gram)) look_up(r, x, gram, at);
    }
}

/* `shorter`: there are literals of two or three bytes, too. Grams that reach into the padding are told apart on look-up. */
static inline __attribute__((always_inline)) void pass_short(scan_run *r, const gram_search *s, const bool shorter)
{
    const gram_index *const ranges_of = s->by_range, *const x4 = ranges_of + LITERALS_MIDDLE;
    const gram_index *const x3 = ranges_of + LITERALS_OF_3, *const x2 = ranges_of + LITERALS_OF_2;
    const uint64_t *const f4 = x4->filter, *const f3 = x3->filter, *const f2 = x2->filter;
    const uint32_t s4 = x4->filter_shift, s3 = x3->filter_shift, s2 = x2->filter_shift;
    const char *const p = r->content.ptr;
    const size_t len = r->content.len;
    for (size_t at = 0; at < len; at++) {
        uint32_t gram = gram_at(p + at, 4);
        bool in_4 = let_through(f4, s4, gram);
        bool in_3 = shorter && let_through(f3, s3, gram & 0xffffff), in_2 = shorter && let_through(f2, s2, gram & 0xffff);
        if (__builtin_expect(!(in_4 | in_3 | in_2), 1)) continue;
        if (in_4) look_up(r, x4, gram, at);
        if (in_3) look_up(r, x3, gram & 0xffffff, at);
        if (in_2) look_up(r, x2, gram & 0xffff, at);
    }
}

static void find_single(scan_run *r, const gram_search *s)
{
    uint8_t seen[256] = {0};
    for (size_t i = 0; i < r->content.len; i++) seen[(uint8_t)r->content.ptr[i]] = 1;
    for (size_t i = 0; i < s->single_count; i++)
        if (seen[(uint8_t)r->scan->literals[s->single[i]].ptr[0]]) vec_push(r->out, s->single[i]);
}

static void search(scan_run *r, const gram_search *s)
{
    if (s->by_range[LITERALS_LONG].count) pass_long(r, s);
    if (s->by_range[LITERALS_OF_3].count + s->by_range[LITERALS_OF_2].count) pass_short(r, s, true);
    else if (s->by_range[LITERALS_MIDDLE].count) pass_short(r, s, false); /* a loop without the question */
    if (s->single_count) find_single(r, s);
}

void literal_scan_run(const literal_scan *s, pk_str content, uint32_t *stamps, uint32_t epoch, number_list *out)
{
    scan_run r = {s, content, stamps, epoch, out};
    if (s->sieve.count) literal_sieve_find(&s->sieve, content, stamps, epoch, out);
    else search(&r, &s->ascii);
    if (s->shorts.count) literal_sieve_find(&s->shorts, content, stamps, epoch, out);
    if (s->some_beyond && !is_ascii(content)) search(&r, &s->beyond);
}
