/* Running: one text through every index of its slot. No allocation beyond buffers that grow once. */
#include "compile/network_private.h"

#include <stdatomic.h>

#include "base/unicode.h"

/* ---- scratch ---- */

void network_scratch_init(network_scratch *s, network *const *networks, size_t count)
{
    *s = (network_scratch){.arena = arena_new()};
    regex_scratch_init(&s->regex);
    for (size_t i = 0; i < count; i++) {
        const network *n = networks[i];
        if (!n) continue;
        s->stamp_count += n->count;
        s->literal_stamp_count += n->inside.texts.len;
        if (n->regexes) hs_alloc_scratch(n->regexes, &s->hs);
    }
    s->stamps = mem_zalloc(s->stamp_count + 1, sizeof *s->stamps);
    s->literal_stamps = mem_zalloc(s->literal_stamp_count + 1, sizeof *s->literal_stamps);
}

void network_scratch_free(network_scratch *s)
{
    hs_free_scratch(s->hs);
    regex_scratch_free(&s->regex);
    mem_free(s->stamps);
    mem_free(s->literal_stamps);
    vec_free(&s->hits);
    vec_free(&s->found);
    vec_free(&s->fold_buffer);
    arena_free(s->arena);
}

/* Folds ASCII. false: there is something else. */
static inline __attribute__((always_inline)) bool fold_bytes(pk_str content, char *out)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < content.len; i++) {
        uint8_t c = (uint8_t)content.ptr[i];
        out[i] = (char)(c | ((uint8_t)(c - 'A') < 26 ? 0x20 : 0));
        seen |= c;
    }
    return !(seen & 0x80);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static bool fold_32(pk_str content, char *out) { return fold_bytes(content, out); }
static bool fold_ascii(pk_str content, char *out) { return __builtin_cpu_supports("avx2") ? fold_32(content, out) : fold_bytes(content, out); }
#else
static bool fold_ascii(pk_str content, char *out) { return fold_bytes(content, out); }
#endif

/* ASCII is folded here; anything else by the general function. Both into a buffer that stays, with padding behind. */
subject_text network_subject(network_scratch *s, pk_str content)
{
    vec_reserve(&s->fold_buffer, content.len + SCAN_PADDING);
    pk_str folded = {s->fold_buffer.at, content.len};
    if (!fold_ascii(content, s->fold_buffer.at)) {
        folded = fold(s->arena, content);
        vec_reserve(&s->fold_buffer, folded.len + SCAN_PADDING);
        if (folded.len) memcpy(s->fold_buffer.at, folded.ptr, folded.len);
        folded.ptr = s->fold_buffer.at;
    }
    memset(s->fold_buffer.at + folded.len, 0, SCAN_PADDING);
    return (subject_text){content, folded};
}

/* ---- one text ---- */

typedef struct {
    const network *n;
    network_scratch *scratch;
    subject_text subject;
} run;

/* Is the test still untried for this text? Marks it tried. */
static inline bool first_try(run *r, uint32_t test)
{
    uint32_t *stamp = &r->scratch->stamps[r->n->base + test];
    if (*stamp == r->scratch->epoch) return false;
    *stamp = r->scratch->epoch;
    return true;
}

static inline void hit(run *r, uint32_t test)
{
    if (first_try(r, test)) vec_push(&r->scratch->hits, test);
}

static void confirm(run *r, uint32_t test)
{
    match_place place;
    if (!first_try(r, test)) return;
    atomic_store_explicit(&r->scratch->confirming, r->n->tests[test]->test, memory_order_relaxed);
    if (prepared_match(r->n->tests[test], r->subject, &r->scratch->regex, &place)) vec_push(&r->scratch->hits, test);
    atomic_store_explicit(&r->scratch->confirming, NULL, memory_order_relaxed);
}

static void anchor_found(run *r, const anchor_set *set, uint32_t literal)
{
    for (uint32_t i = set->first[literal]; i < set->first[literal + 1]; i++) {
        if (set->uses[i].confirm) confirm(r, set->uses[i].test);
        else hit(r, set->uses[i].test);
    }
}

static void run_trie(run *r, const literal_trie *t, const anchor_set *set)
{
    number_list *found = &r->scratch->found;
    if (set->texts.len == 0) return;
    found->len = 0;
    trie_find(t, r->subject.folded, found);
    for (size_t i = 0; i < found->len; i++) anchor_found(r, set, found->at[i]);
}

/* Regexes are only noted here: PCRE2 must not run inside the scan. */
static int on_regex(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *user)
{
    run *r = user;
    (void)from, (void)to, (void)flags;
    vec_push(&r->scratch->found, id);
    return 0;
}

/* hs_scan takes 32-bit lengths: a longer text (readers bound records to far less) is searched without it. */
static bool scan(run *r, const hs_database_t *db, pk_str content, match_event_handler fn)
{
    if (content.len <= UINT32_MAX && hs_scan(db, content.ptr, (unsigned)content.len, 0, r->scratch->hs, fn, r) == HS_SUCCESS)
        return true;
    r->scratch->failed_scans++;
    return false;
}

static void run_inside(run *r)
{
    network_scratch *s = r->scratch;
    if (r->n->inside.texts.len == 0) return;
    s->found.len = 0;
    literal_scan_run(&r->n->literals, r->subject.folded, s->literal_stamps + r->n->literal_base, s->epoch, &s->found);
    for (size_t i = 0; i < s->found.len; i++) anchor_found(r, &r->n->inside, s->found.at[i]);
}

static void run_regexes(run *r)
{
    if (!r->n->regexes) return;
    number_list *found = &r->scratch->found;
    found->len = 0;
    if (scan(r, r->n->regexes, r->subject.text, on_regex)) {
        for (size_t i = 0; i < found->len; i++) confirm(r, found->at[i]);
        return;
    }
    for (uint32_t i = 0; i < r->n->count; i++)
        if (r->n->tests[i]->test->kind == TEST_REGEX) confirm(r, i);
}

static void run_whole(run *r)
{
    if (r->n->whole.texts.len == 0) return;
    uint32_t literal = table_get(&r->n->whole.numbers, r->subject.folded);
    if (literal != TABLE_NONE) anchor_found(r, &r->n->whole, literal);
}

static void run_addresses(run *r)
{
    const network *n = r->n;
    ip_address address;
    if (n->ranges.len == 0 || !ip_parse(r->subject.text, &address)) return;
    size_t low = 0, high = n->ranges.len; /* the last range that starts at or before the address */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(n->ranges.at[middle].from.bytes, address.bytes, 16) <= 0) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return;
    const address_range *range = &n->ranges.at[low - 1];
    for (uint32_t i = 0; i < range->count; i++) {
        uint32_t test = n->range_tests.at[range->first + i];
        if (ip_network_contains(&n->tests[test]->network, &address)) hit(r, test);
    }
}

static void run_numbers(run *r)
{
    const network *n = r->n;
    value v = value_string(r->subject.text);
    double x;
    if (n->above.len + n->below.len + n->others.len == 0 || !value_number(&v, &x)) return;
    for (size_t i = 0; i < n->above.len && n->above.at[i].number <= x; i++)
        if (n->above.at[i].number < x || n->tests[n->above.at[i].test]->test->compare == COMPARE_GE)
            hit(r, n->above.at[i].test);
    for (size_t i = 0; i < n->below.len && n->below.at[i].number >= x; i++)
        if (n->below.at[i].number > x || n->tests[n->below.at[i].test]->test->compare == COMPARE_LE)
            hit(r, n->below.at[i].test);
    for (size_t i = 0; i < n->others.len; i++)
        if ((n->others.at[i].number == x) == (n->tests[n->others.at[i].test]->test->compare == COMPARE_EQ))
            hit(r, n->others.at[i].test);
}

void network_run(const network *n, network_scratch *scratch, subject_text s)
{
    run r = {n, scratch, s};
    scratch->hits.len = 0;
    if (++scratch->epoch == 0) { /* wrapped: old stamps could pass for new ones */
        memset(scratch->stamps, 0, scratch->stamp_count * sizeof *scratch->stamps);
        memset(scratch->literal_stamps, 0, scratch->literal_stamp_count * sizeof *scratch->literal_stamps);
        scratch->epoch = 1;
    }
    for (size_t i = 0; i < n->always.len; i++) hit(&r, n->always.at[i]);
    run_whole(&r);
    run_trie(&r, &n->prefixes, &n->prefix);
    run_trie(&r, &n->suffixes, &n->suffix);
    run_inside(&r);
    run_regexes(&r);
    run_addresses(&r);
    run_numbers(&r);
    for (size_t i = 0; i < n->confirm_always.len; i++) confirm(&r, n->confirm_always.at[i]);
}
