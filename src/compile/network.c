/*
 * Building: each test is put under the index where it is found fastest, then the indexes are frozen.
 *
 * All anchors are folded, cased tests too: a text that holds a literal holds it folded after folding, so one scan of the
 * folded text serves both, and a cased test is confirmed.
 */
#include "compile/network_private.h"

#include <stdlib.h>

#include "base/unicode.h"
#include "compile/regex_literals.h"

#define DASHES_EXPANDED 2         /* up to 5^2 literals; more dashes are confirmed instead */
#define REGEX_EACH_MAX 16         /* so few regexes without a literal are tried one by one: a database takes long to build */

typedef struct {
    network *n;
    arena *arena;
    VEC(uint32_t) regexes;
} builder;

/* ---- anchors ---- */

static void add_anchor(builder *b, anchor_set *set, pk_str literal, uint32_t test, bool confirm)
{
    uint32_t number = table_get(&set->numbers, literal);
    if (number == TABLE_NONE) {
        number = (uint32_t)set->texts.len;
        literal = arena_str(b->arena, literal);
        table_put(&set->numbers, literal, number);
        vec_push(&set->texts, literal);
    }
    vec_reserve(&set->pending, set->pending.len + 1);
    set->pending.at[set->pending.len].literal = number;
    set->pending.at[set->pending.len++].use = (anchor_use){test, confirm};
}

static void finish_anchors(anchor_set *set)
{
    size_t n = set->texts.len;
    set->first = mem_zalloc(n + 1, sizeof *set->first);
    set->uses = mem_zalloc(set->pending.len + 1, sizeof *set->uses);
    for (size_t i = 0; i < set->pending.len; i++) set->first[set->pending.at[i].literal + 1]++;
    for (size_t i = 0; i < n; i++) set->first[i + 1] += set->first[i];
    uint32_t *next = mem_zalloc(n + 1, sizeof *next);
    memcpy(next, set->first, n * sizeof *next);
    for (size_t i = 0; i < set->pending.len; i++)
        set->uses[next[set->pending.at[i].literal]++] = set->pending.at[i].use;
    mem_free(next);
    vec_free(&set->pending);
}

static void free_anchors(anchor_set *set)
{
    table_free(&set->numbers);
    vec_free(&set->texts);
    vec_free(&set->pending);
    mem_free(set->uses);
    mem_free(set->first);
}

static void add_inside(builder *b, pk_str literal, uint32_t test, bool confirm)
{
    add_anchor(b, &b->n->inside, literal, test, confirm);
}

/* ---- text tests ---- */

/* Puts a literal under the index of its pattern's shape. */
static void add_literal(builder *b, const pattern *p, pk_str literal, uint32_t test, bool confirm)
{
    network *n = b->n;
    if (p->open_start && p->open_end) add_inside(b, literal, test, confirm);
    else if (p->open_start) add_anchor(b, &n->suffix, literal, test, confirm);
    else if (p->open_end) add_anchor(b, &n->prefix, literal, test, confirm);
    else add_anchor(b, &n->whole, literal, test, confirm);
}

/* Every form of a segment that holds dashes: the cross product over its pieces from `piece` on. */
static void add_dash_forms(builder *b, const pattern *p, size_t piece, pk_str so_far, uint32_t test, bool confirm)
{
    const pattern_segment *s = &p->segments[0];
    if (piece == s->count) {
        add_literal(b, p, so_far, test, confirm);
        return;
    }
    if (s->pieces[piece].kind == PIECE_TEXT) {
        add_dash_forms(b, p, piece + 1, arena_concat(b->arena, so_far, s->pieces[piece].text), test, confirm);
        return;
    }
    for (size_t i = 0; i < DASH_FORMS; i++)
        add_dash_forms(b, p, piece + 1, arena_concat(b->arena, so_far, dash_forms[i]), test, confirm);
}

static bool expands_dashes(const pattern *p)
{
    if (p->count != 1 || pattern_dash_count(p) > DASHES_EXPANDED || pattern_dash_count(p) == 0) return false;
    for (size_t i = 0; i < p->segments[0].count; i++)
        if (p->segments[0].pieces[i].kind == PIECE_ONE) return false;
    return true;
}

/* An anchored literal is looked up cheaply and found rarely: worth some bytes of length. */
#define ANCHORED_BONUS 4

/* The best literal of a pattern that no literal settles: the longest, rather one at a fixed end. */
static void add_best_piece(builder *b, const pattern *p, uint32_t test)
{
    anchor_set *best_set = NULL;
    pk_str best = {"", 0};
    size_t best_score = 0;
    for (size_t i = 0; i < p->count; i++) {
        const pattern_segment *s = &p->segments[i];
        for (size_t k = 0; k < s->count; k++) {
            if (s->pieces[k].kind != PIECE_TEXT) continue;
            bool first = i == 0 && k == 0 && !p->open_start;
            bool last = i + 1 == p->count && k + 1 == s->count && !p->open_end;
            size_t score = s->pieces[k].text.len + (first || last ? ANCHORED_BONUS : 0);
            if (score <= best_score) continue;
            best_score = score;
            best = s->pieces[k].text;
            best_set = last ? &b->n->suffix : first ? &b->n->prefix : &b->n->inside;
        }
    }
    if (!best_set) vec_push(&b->n->confirm_always, test);
    else if (best_set == &b->n->inside) add_inside(b, best, test, true);
    else add_anchor(b, best_set, best, test, true);
}

/* The folded form of a cased pattern, for anchors. */
static pattern folded_pattern(builder *b, const prepared_test *t)
{
    if (!(t->test->flags & TEST_CASED)) return t->pattern;
    ir_test folded = *t->test;
    folded.flags = (uint16_t)(folded.flags & ~TEST_CASED);
    return pattern_of_test(&folded, b->arena);
}

static void add_text_test(builder *b, uint32_t test)
{
    const prepared_test *t = b->n->tests[test];
    bool cased = t->test->flags & TEST_CASED;
    pattern p = folded_pattern(b, t);
    const pk_str *literal = pattern_literal(&p);
    if (pattern_matches_all(&p)) vec_push(&b->n->always, test);
    else if (literal) add_literal(b, &p, *literal, test, cased);
    else if (expands_dashes(&p)) add_dash_forms(b, &p, 0, (pk_str){"", 0}, test, cased);
    else add_best_piece(b, &p, test);
}

static void add_phrase(builder *b, uint32_t test)
{
    const prepared_test *t = b->n->tests[test];
    size_t best = 0;
    if (t->word_count == 0) { /* then any text with a word will do */
        vec_push(&b->n->confirm_always, test);
        return;
    }
    for (size_t i = 1; i < t->word_count; i++)
        if (t->words[i].len > t->words[best].len) best = i;
    add_inside(b, fold(b->arena, t->words[best]), test, true);
}

/* ---- numbers ---- */

static void add_threshold(builder *b, uint32_t test)
{
    network *n = b->n;
    const prepared_test *t = n->tests[test];
    threshold x = {t->number, test};
    switch (t->test->compare) {
    case COMPARE_GT: case COMPARE_GE: vec_push(&n->above, x); return;
    case COMPARE_LT: case COMPARE_LE: vec_push(&n->below, x); return;
    case COMPARE_EQ: case COMPARE_NE: vec_push(&n->others, x); return;
    }
}

static int by_number(const void *x, const void *y)
{
    const threshold *a = x, *b = y;
    return a->number < b->number ? -1 : a->number > b->number ? 1 : a->test < b->test ? -1 : a->test > b->test;
}

static int by_number_down(const void *x, const void *y) { return by_number(y, x); }

/* ---- addresses ---- */

static int by_address(const void *x, const void *y)
{
    return memcmp(((const address_range *)x)->from.bytes, ((const address_range *)y)->from.bytes, 16);
}

/* The first address behind the network; false: there is none. */
static bool address_behind(const ip_network *n, ip_address *out)
{
    *out = n->base;
    for (unsigned bit = n->bits; bit < 128; bit++) out->bytes[bit >> 3] |= (uint8_t)(0x80 >> (bit & 7));
    for (size_t i = 16; i-- > 0;)
        if (++out->bytes[i] != 0) return true;
    return false;
}

/* Cuts the address space at the bounds of all networks; every piece lists the networks around it. */
static void build_ranges(network *n)
{
    VEC(uint32_t) tests = {0};
    for (uint32_t i = 0; i < n->count; i++) {
        const prepared_test *t = n->tests[i];
        if (t->test->kind != TEST_CIDR || !t->valid) continue;
        address_range r = {.from = t->network.base};
        vec_push(&tests, i);
        vec_push(&n->ranges, r);
        if (address_behind(&t->network, &r.from)) vec_push(&n->ranges, r);
    }
    if (n->ranges.len) qsort(n->ranges.at, n->ranges.len, sizeof *n->ranges.at, by_address);
    size_t kept = 0;
    for (size_t i = 0; i < n->ranges.len; i++)
        if (kept == 0 || by_address(&n->ranges.at[kept - 1], &n->ranges.at[i]) != 0) n->ranges.at[kept++] = n->ranges.at[i];
    n->ranges.len = kept;
    for (size_t i = 0; i < kept; i++) {
        address_range *r = &n->ranges.at[i];
        r->first = (uint32_t)n->range_tests.len;
        for (size_t k = 0; k < tests.len; k++) {
            /* network_run confirms: here only the bits count */
            ip_network any = n->tests[tests.at[k]]->network;
            any.v4 = true;
            if (ip_network_contains(&any, &r->from)) vec_push(&n->range_tests, tests.at[k]);
        }
        r->count = (uint32_t)n->range_tests.len - r->first;
    }
    vec_free(&tests);
}

/* ---- databases ---- */

static unsigned regex_flags(const ir_test *t)
{
    unsigned flags = HS_FLAG_UTF8 | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
    if (!(t->flags & TEST_CASED)) flags |= HS_FLAG_CASELESS;
    if (t->flags & TEST_MULTILINE) flags |= HS_FLAG_MULTILINE;
    if (t->flags & TEST_DOTALL) flags |= HS_FLAG_DOTALL;
    return flags;
}

/* A regex is tried where a literal stands that it needs; those that need none come to the database. */
static void add_regex(builder *b, uint32_t test)
{
    pk_str regex = b->n->tests[test]->test->constant.as.string;
    literal_list literals = regex_literals(regex, b->arena);
    for (size_t i = 0; i < literals.count; i++) add_inside(b, literals.items[i], test, true);
    if (literals.count == 0) vec_push(&b->regexes, test);
}

/*
 * One database of all regexes that are left. An expression that it refuses is tried once more as a prefilter (a superset, which the
 * confirmation settles), then left to PCRE2 alone.
 */
static void compile_regexes(builder *b)
{
    network *n = b->n;
    size_t count = b->regexes.len;
    if (count <= REGEX_EACH_MAX) {
        for (size_t i = 0; i < count; i++) vec_push(&n->confirm_always, b->regexes.at[i]);
        return;
    }
    const char **texts = mem_zalloc(count, sizeof *texts);
    unsigned *flags = mem_zalloc(count, sizeof *flags);
    unsigned *ids = mem_zalloc(count, sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        const ir_test *t = n->tests[b->regexes.at[i]]->test;
        texts[i] = arena_cstring(b->arena, t->constant.as.string);
        flags[i] = regex_flags(t);
        ids[i] = b->regexes.at[i];
    }
    while (count > 0) {
        hs_compile_error_t *error = NULL;
        if (hs_compile_multi(texts, flags, ids, (unsigned)count, HS_MODE_BLOCK, NULL, &n->regexes, &error) == HS_SUCCESS)
            break;
        n->regexes = NULL;
        int at = error ? error->expression : -1;
        hs_free_compile_error(error);
        if (at < 0 || (size_t)at >= count) { /* not the fault of one: all go to PCRE2 */
            for (size_t i = 0; i < count; i++) vec_push(&n->confirm_always, ids[i]);
            break;
        }
        if (!(flags[at] & HS_FLAG_PREFILTER)) {
            flags[at] |= HS_FLAG_PREFILTER;
            continue;
        }
        vec_push(&n->confirm_always, ids[at]);
        count--;
        texts[at] = texts[count];
        flags[at] = flags[count];
        ids[at] = ids[count];
    }
    mem_free(texts);
    mem_free(flags);
    mem_free(ids);
}

static bool holds_nul(const ir_test *t) { return str_find_char(t->constant.as.string, '\0') != STR_NPOS; }

/* ---- all of it ---- */

static void add_test(builder *b, uint32_t test)
{
    const prepared_test *t = b->n->tests[test];
    if (!t->valid) return; /* never true */
    switch (t->test->kind) {
    case TEST_EQUALS:
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_MATCH:
    case TEST_WILDCARD:
        add_text_test(b, test);
        return;
    case TEST_PHRASE:
        add_phrase(b, test);
        return;
    case TEST_REGEX:
        if (holds_nul(t->test)) vec_push(&b->n->confirm_always, test); /* the database takes C strings */
        else add_regex(b, test);
        return;
    case TEST_COMPARE:
        add_threshold(b, test);
        return;
    case TEST_CIDR: /* build_ranges */
    case TEST_EXISTS:
    case TEST_IS_NULL:
    case TEST_KINDS:
        return;
    }
}

static void fill_trie(literal_trie *t, const anchor_set *set, bool backwards)
{
    trie_init(t, set->texts.at, backwards);
    for (uint32_t i = 0; i < set->texts.len; i++) trie_add(t, i);
}

network *network_build(prepared_test *const *tests, size_t count, uint32_t base, arena *a)
{
    network *n = mem_zalloc(1, sizeof *n);
    builder b = {.n = n, .arena = a};
    n->tests = tests;
    n->count = (uint32_t)count;
    n->base = base;
    for (uint32_t i = 0; i < count; i++) add_test(&b, i);
    anchor_set *sets[] = {&n->whole, &n->prefix, &n->suffix, &n->inside};
    for (size_t i = 0; i < 4; i++) finish_anchors(sets[i]);
    fill_trie(&n->prefixes, &n->prefix, false);
    fill_trie(&n->suffixes, &n->suffix, true);
    literal_scan_build(&n->literals, n->inside.texts.at, n->inside.texts.len);
    for (size_t i = 1; i < 4; i++) table_free(&sets[i]->numbers); /* only whole texts are looked up by them */
    compile_regexes(&b);
    build_ranges(n);
    if (n->above.len) qsort(n->above.at, n->above.len, sizeof *n->above.at, by_number);
    if (n->below.len) qsort(n->below.at, n->below.len, sizeof *n->below.at, by_number_down);
    vec_free(&b.regexes);
    return n;
}

void network_free(network *n)
{
    if (!n) return;
    anchor_set *sets[] = {&n->whole, &n->prefix, &n->suffix, &n->inside};
    for (size_t i = 0; i < 4; i++) free_anchors(sets[i]);
    trie_free(&n->prefixes);
    trie_free(&n->suffixes);
    literal_scan_free(&n->literals);
    hs_free_database(n->regexes);
    vec_free(&n->always);
    vec_free(&n->confirm_always);
    vec_free(&n->ranges);
    vec_free(&n->range_tests);
    vec_free(&n->above);
    vec_free(&n->below);
    vec_free(&n->others);
    mem_free(n);
}

/* ---- images ---- */

_Static_assert(sizeof(network) == 1696 && sizeof(anchor_set) == 104, "a member came or went: network_image copies each");

/* Where the literals stand. */
static size_t anchors_image(const anchor_set *set, image_writer *w, size_t field)
{
    table_image(&set->numbers, w, field + offsetof(anchor_set, numbers));
    image_string_vector(w, field + offsetof(anchor_set, texts), set->texts.at, set->texts.len);
    image_array(w, field + offsetof(anchor_set, first), set->first, set->texts.len + 1, sizeof *set->first);
    image_array(w, field + offsetof(anchor_set, uses), set->uses, set->first[set->texts.len], sizeof *set->uses);
    return image_target(w, field + offsetof(anchor_set, texts.at));
}

static pk_str serialised(const hs_database_t *db)
{
    char *bytes = NULL;
    size_t len = 0;
    if (!db || hs_serialize_database(db, &bytes, &len) != HS_SUCCESS) return (pk_str){NULL, 0};
    return (pk_str){bytes, len};
}

size_t network_image(const network *n, image_writer *w, size_t field, pk_str *regexes)
{
    size_t at = image_copy(w, n, sizeof *n), tests;
    image_point(w, field, at);
    image_once(w, n->tests, n->count * sizeof *n->tests, &tests);
    image_point(w, at + offsetof(network, tests), tests);
    IMAGE_VECTOR(w, at + offsetof(network, always), &n->always);
    IMAGE_VECTOR(w, at + offsetof(network, confirm_always), &n->confirm_always);
    anchors_image(&n->whole, w, at + offsetof(network, whole));
    size_t prefixes = anchors_image(&n->prefix, w, at + offsetof(network, prefix));
    size_t suffixes = anchors_image(&n->suffix, w, at + offsetof(network, suffix));
    size_t inside = anchors_image(&n->inside, w, at + offsetof(network, inside));
    trie_image(&n->prefixes, w, at + offsetof(network, prefixes), prefixes);
    trie_image(&n->suffixes, w, at + offsetof(network, suffixes), suffixes);
    literal_scan_image(&n->literals, w, at + offsetof(network, literals), inside);
    image_clear(w, at + offsetof(network, regexes));
    *regexes = serialised(n->regexes);
    IMAGE_VECTOR(w, at + offsetof(network, ranges), &n->ranges);
    IMAGE_VECTOR(w, at + offsetof(network, range_tests), &n->range_tests);
    IMAGE_VECTOR(w, at + offsetof(network, above), &n->above);
    IMAGE_VECTOR(w, at + offsetof(network, below), &n->below);
    IMAGE_VECTOR(w, at + offsetof(network, others), &n->others);
    return at;
}

bool network_restore(network *n, pk_str regexes)
{
    return regexes.len == 0 || hs_deserialize_database(regexes.ptr, regexes.len, &n->regexes) == HS_SUCCESS;
}

void network_release(network *n) { hs_free_database(n->regexes); }

static bool has_literals_alone(const network *n)
{
    size_t others = n->always.len + n->confirm_always.len + n->whole.texts.len + n->prefix.texts.len + n->suffix.texts.len +
                    n->ranges.len + n->above.len + n->below.len + n->others.len;
    return others == 0 && !n->regexes;
}

bool network_is_light(const network *n) { return has_literals_alone(n) && literal_scan_is_light(&n->literals); }
bool network_is_sieved(const network *n) { return has_literals_alone(n) && literal_scan_is_sieved(&n->literals); }

const literal_sieve *network_sieve(const network *n) { return &n->literals.sieve; }

void network_set_literal_base(network *n, uint32_t base) { n->literal_base = base; }

size_t network_literal_count(const network *n) { return n->inside.texts.len; }

const pk_str *network_literals(const network *n, size_t *count)
{
    *count = n->inside.texts.len;
    return n->inside.texts.at;
}

bool network_some_literal(const network *n, bool (*is_so)(pk_str literal))
{
    for (size_t i = 0; i < n->inside.texts.len; i++)
        if (is_so(n->inside.texts.at[i])) return true;
    return false;
}

const char *network_index_of(const prepared_test *t)
{
    switch (test_kind_table[t->test->kind].index) {
    case INDEX_HASH: return "hash";
    case INDEX_LITERAL: return "literal";
    case INDEX_REGEX: return "regex";
    case INDEX_SORTED: return "sorted";
    case INDEX_NONE: break;
    }
    return "none";
}
