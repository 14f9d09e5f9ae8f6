/*
 * Template instances: which template, and where its values lie.
 *
 *     Instance = TemplateToken unknown id offset [definition] count (size type unknown)* data*
 *
 * The definition stands right behind the offset where the chunk has it for the first time, else the offset points
 * back. Values of type BinXML are read here too, so that a record is known to be whole before it is shown.
 *
 * A record is small, but what it describes need not be: a template may use a value a thousand times, and that value
 * may be an instance that does the same. So each fragment is weighed (bytes of its values, times their uses) and a
 * record that weighs too much is refused.
 */
#define _DEFAULT_SOURCE /* le32toh */
#include "formats/evtx/instance.h"
#include "formats/evtx/shape.h"

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    NESTING_LIMIT = 16,
    ELEMENT_WEIGHT = 64,
    ARRAY_WEIGHT = 32,               /* a byte of an array may become a value */
    INLINE_LIMIT = 4 << 20,          /* bytes of an element tree without a template */
};
#define WEIGHT_LIMIT (UINT64_C(4) << 20) /* twice what an honest chunk can need */

typedef struct {
    evtx_record *r;
    evtx_problem *problem;
    cursor c;
    unsigned depth;
} parse;

static size_t place(const parse *s) { return (size_t)(s->c.at - s->r->chunk.bytes); }
static size_t end_of(const parse *s) { return (size_t)(s->c.end - s->r->chunk.bytes); }

static bool fail_at(evtx_problem *problem, size_t at, const char *what)
{
    if (!problem->what) *problem = (evtx_problem){what, at};
    return false;
}

/* Inlined, and no other function is given the address of a parse: so its cursor stays in registers. */
static inline __attribute__((always_inline)) bool fail(const parse *s, const char *what) { return fail_at(s->problem, place(s), what); }

static bool parse_fragments(evtx_record *r, size_t at, size_t end, unsigned depth, uint32_t *first, uint64_t *weight,
                            evtx_problem *problem);

/* Size and type of value i: a number of four bytes. */
static inline uint32_t descriptor(const uint8_t *sizes, uint32_t i)
{
    uint32_t d;
    memcpy(&d, sizes + 4 * (size_t)i, sizeof d);
    return le32toh(d);
}

/* What all descriptors of an instance say together. */
typedef struct {
    uint32_t total;                  /* of the sizes: a chunk has no room for so many that this could overflow */
    bool same;                       /* they are of the kinds that were expected */
} described;

#ifdef __SSE2__
typedef struct {
    __m128i next;                    /* place of the value behind those seen */
    __m128i differ;                  /* bits in which kinds are not those expected */
} describing;

/* Four values from their descriptors. */
static inline void describe_four(describing *d, evtx_value *v, __m128i four, const uint32_t *expected)
{
    _Static_assert(sizeof(evtx_value) == 8 && offsetof(evtx_value, size) == 4 && offsetof(evtx_value, type) == 6,
                   "a value is its place and its descriptor");
    const __m128i size_bits = _mm_set1_epi32(0xffff), kind_bits = _mm_set1_epi32((int)EVTX_KIND_BITS);
    __m128i own = _mm_and_si128(four, size_bits), sums = _mm_add_epi32(own, _mm_slli_si128(own, 4));
    sums = _mm_add_epi32(sums, _mm_slli_si128(sums, 8));
    __m128i places = _mm_add_epi32(d->next, _mm_sub_epi32(sums, own)), *to = (__m128i *)(void *)v;
    __m128i kinds = _mm_and_si128(four, kind_bits), as_before = _mm_loadu_si128((const __m128i *)(const void *)expected);
    d->next = _mm_add_epi32(d->next, _mm_shuffle_epi32(sums, 0xff));
    d->differ = _mm_or_si128(d->differ, _mm_xor_si128(kinds, as_before));
    _mm_storeu_si128(to, _mm_unpacklo_epi32(places, four));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(places, four));
}
#endif

/*
 * Values from their descriptors, one behind the other from `place` on. Up to 3 more are written, and 12 bytes more read; there are
 * as many kinds expected, and zeros up to a multiple of four.
 */
static inline described describe(evtx_value *v, const uint8_t *sizes, uint32_t count, uint32_t place, const uint32_t *expected)
{
#ifdef __SSE2__
    static const uint32_t masks[7] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    describing d = {_mm_set1_epi32((int)place), _mm_setzero_si128()};
    const __m128i *four = (const __m128i *)(const void *)sizes, *whole = four + count / 4;
    for (; four < whole; four++, v += 4, expected += 4) describe_four(&d, v, _mm_loadu_si128(four), expected);
    if (count % 4) describe_four(&d, v, _mm_and_si128(_mm_loadu_si128(four), _mm_loadu_si128((const __m128i *)(const void *)(masks + 3 - count % 4))), expected);
    return (described){
        .total = (uint32_t)_mm_cvtsi128_si32(d.next) - place,
        .same = _mm_movemask_epi8(_mm_cmpeq_epi8(d.differ, _mm_setzero_si128())) == 0xffff,
    };
#else
    described d = {.same = true};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t own = descriptor(sizes, i);
        v[i] = (evtx_value){.place = place + d.total, .size = (uint16_t)own, .type = (uint8_t)(own >> 16)};
        d.total += own & 0xffff;
        d.same &= (own & EVTX_KIND_BITS) == expected[i];
    }
    return d;
#endif
}

/*
 * Sizes and types first, then the bytes of all values, one after the other. *weight is that of the fragment if each weighs as much
 * as it has bytes, and none is used more than once.
 */
static inline bool parse_values(parse *s, evtx_fragment *f, uint64_t *weight)
{
    evtx_record *r = s->r;
    evtx_template *t = f->template;
    uint32_t count;
    if (!read_u32le(&s->c, &count)) return fail(s, "BinXML ends inside a template instance");
    const uint8_t *sizes = s->c.at, *bytes;
    if (count > cursor_left(&s->c) / 4) return fail(s, "a template instance with more values than there are bytes");
    s->c.at += 4 * (size_t)count;
    size_t first = r->values.len;
    vec_reserve(&r->values, first + count + 4); /* so that there is an address even for none */
    evtx_kinds *kinds = t->kinds;
    if (!kinds || kinds->count != count) kinds = evtx_kinds_of(t, r->templates->arena, r->arena, sizes, count);
    described d = describe(r->values.at + first, sizes, count, (uint32_t)place(s), kinds->kinds);
    if (!d.same) kinds = evtx_kinds_of(t, r->templates->arena, r->arena, sizes, count);
    if (!read_bytes(&s->c, d.total, &bytes)) return fail(s, "a value that reaches over the end of its record");
    r->values.len = first + count;
    *weight = (uint64_t)f->tree->element_count * ELEMENT_WEIGHT + d.total;
    f->kinds = kinds;
    f->first = (uint32_t)first;
    f->count = count;
    f->next = 0;
    return true;
}

/* What a value weighs; one that is BinXML itself is read for that. */
static bool parse_odd(evtx_record *r, uint32_t at, unsigned depth, uint64_t *weight, evtx_problem *problem)
{
    evtx_value v = r->values.at[at];
    uint32_t first = 0;
    *weight = v.type & BINXML_ARRAY ? (uint64_t)v.size * ARRAY_WEIGHT : v.size;
    if (v.type != BINXML_FRAGMENT) return true;
    if (v.size && !parse_fragments(r, v.place, v.place + v.size, depth + 1, &first, weight, problem)) return false;
    r->values.at[at].place = first;
    return true;
}

/* Reads the values that are BinXML themselves, and weighs the fragment; `weight` as parse_values left it. */
static inline bool parse_nested(const parse *s, uint32_t first, const evtx_kinds *kinds, uint64_t *weight)
{
    for (size_t i = 0; i < kinds->odd.len; i++) {
        uint32_t at = first + kinds->odd.at[i];
        uint16_t size = s->r->values.at[at].size;
        uint64_t own;
        if (!parse_odd(s->r, at, s->depth, &own, s->problem)) return false;
        *weight += own - size;
        if (*weight > WEIGHT_LIMIT) return fail(s, "a record that expands beyond its limit");
    }
    return true;
}

/* The same where the template uses values more than once. */
static __attribute__((noinline)) bool parse_repeated(parse s, uint32_t number, uint64_t *weight)
{
    evtx_fragment f = s.r->fragments.at[number];
    *weight = (uint64_t)f.tree->element_count * ELEMENT_WEIGHT;
    for (uint32_t i = 0; i < f.count; i++) {
        uint64_t own;
        if (!parse_odd(s.r, f.first + i, s.depth, &own, s.problem)) return false;
        *weight += own * (i < f.tree->use_count ? f.tree->uses[i] : 0);
        if (*weight > WEIGHT_LIMIT) return fail(&s, "a record that expands beyond its limit");
    }
    return true;
}

/* Token, a byte, identifier, and then the offset that counts. Left at the first that is cut off. */
static inline bool read_definition_offset(cursor *c, uint32_t *offset)
{
    enum { TOKEN = 1, ID = 2, OFFSET = 6, END = 10 };
    size_t left = cursor_left(c);
    if (left < END) {
        c->at += left < ID ? TOKEN : left < OFFSET ? ID : OFFSET;
        return false;
    }
    *offset = descriptor(c->at + OFFSET, 0);
    c->at += END;
    return true;
}

static inline bool parse_instance(parse *s, uint32_t number, uint64_t *weight)
{
    evtx_record *r = s->r;
    uint32_t offset;
    const uint8_t *skipped;
    if (!read_definition_offset(&s->c, &offset)) return fail(s, "BinXML ends inside a template instance");
    evtx_template *t = evtx_template_at(r->templates, r->chunk, offset, s->problem);
    if (!t) return false;
    if (offset == place(s) && !read_bytes(&s->c, TEMPLATE_HEADER + (size_t)t->size, &skipped))
        return fail(s, "a template definition that reaches over the end of its record");
    evtx_fragment *f = &r->fragments.at[number];
    f->template = t;
    f->tree = &t->tree;
    if (!parse_values(s, f, weight)) return false;
    return t->tree.repeats ? parse_repeated(*s, number, weight) : parse_nested(s, f->first, f->kinds, weight);
}

/* An element without a template that is like many others, from `at` on; SIZE_MAX: it is not; else the place behind it. */
static size_t parse_shape(evtx_record *r, size_t at, size_t end, uint32_t number, uint64_t *weight)
{
    size_t after, first = r->values.len;
    evtx_template *t = evtx_shape_find(r, at, end, &after);
    if (!t) return SIZE_MAX;
    *weight = (uint64_t)t->tree.element_count * ELEMENT_WEIGHT + (after - at);
    uint32_t count = (uint32_t)(r->values.len - first);
    r->fragments.at[number] = (evtx_fragment){&t->tree, t, evtx_kinds_of_texts(t, r->templates->arena, count), (uint32_t)first, count, 0};
    return after;
}

static size_t parse_inline(parse s, uint32_t number, uint64_t *weight)
{
    evtx_record *r = s.r;
    binxml_tree *tree = ARENA_NEW(r->arena, binxml_tree);
    binxml_parser parser = {.chunk = r->chunk, .arena = r->arena, .limit = INLINE_LIMIT};
    size_t at = place(&s), after;
    r->fragments.at[number] = (evtx_fragment){.tree = tree};
    if (arena_used(r->arena) > INLINE_LIMIT) {
        (void)fail(&s, "a record that expands beyond its limit");
        return SIZE_MAX;
    }
    if (!binxml_parse_element(&parser, at, end_of(&s), tree, &after, s.problem)) return SIZE_MAX;
    *weight = (uint64_t)tree->element_count * ELEMENT_WEIGHT + (after - at);
    return after;
}

/* An element that has no template: the place behind it, or SIZE_MAX. Few records have one: out of the way of those that have none. */
static __attribute__((noinline)) size_t behind_element(parse s, uint32_t number, uint64_t *weight)
{
    vec_reserve(&s.r->values, s.r->values.len + 1); /* so that there is an address even for none */
    size_t after = parse_shape(s.r, place(&s), end_of(&s), number, weight);
    return after == SIZE_MAX ? parse_inline(s, number, weight) : after;
}

static inline bool parse_element(parse *s, uint32_t number, uint64_t *weight)
{
    size_t after = behind_element(*s, number, weight);
    if (after == SIZE_MAX) return false;
    s->c.at = s->r->chunk.bytes + after;
    return true;
}

static __attribute__((noinline)) size_t behind_instruction(parse s)
{
    binxml_parser parser = {.chunk = s.r->chunk, .arena = s.r->arena, .limit = INLINE_LIMIT};
    return binxml_skip_instruction(&parser, place(&s), end_of(&s), s.problem);
}

static inline bool parse_instruction(parse *s)
{
    size_t after = behind_instruction(*s);
    if (after == SIZE_MAX) return false;
    s->c.at = s->r->chunk.bytes + after;
    return true;
}

/* The next instance or element of a value, linked behind number *last (plus 1; 0: it is the first). */
static inline bool parse_one(parse *s, bool is_template, uint32_t *last, uint64_t *weight)
{
    evtx_record *r = s->r;
    uint32_t number = (uint32_t)r->fragments.len;
    vec_reserve(&r->fragments, r->fragments.len + 1);
    r->fragments.len++; /* filled when it is known what it is */
    if (*last) r->fragments.at[*last - 1].next = number + 1;
    *last = number + 1;
    return is_template ? parse_instance(s, number, weight) : parse_element(s, number, weight);
}

/* Fragment = [FragmentHeader] (Instance | Element), PIs around; values hold several of them in a row. */
static bool parse_fragments(evtx_record *r, size_t at, size_t end, unsigned depth, uint32_t *first, uint64_t *weight,
                            evtx_problem *problem)
{
    parse s = {.r = r, .problem = problem, .depth = depth, .c = {r->chunk.bytes + at, r->chunk.bytes + end}};
    const uint8_t *skipped;
    uint32_t last = 0, from = (uint32_t)r->fragments.len + 1;
    uint64_t sum = 0;
    if (depth > NESTING_LIMIT) return fail(&s, "BinXML nested too deep");
    while (cursor_left(&s.c) > 0) {
        uint8_t token = *s.c.at & ~TOKEN_MORE;
        uint64_t own;
        if (token == TOKEN_FRAGMENT) {
            if (!read_bytes(&s.c, 4, &skipped)) return fail(&s, "BinXML ends inside a fragment header");
        } else if (token == TOKEN_TEMPLATE || token == TOKEN_ELEMENT) {
            if (!parse_one(&s, token == TOKEN_TEMPLATE, &last, &own)) return false;
            sum += own;
            if (depth == 0) break; /* a record is one element; what follows is padding */
        } else if (token == TOKEN_PI_TARGET || token == TOKEN_PI_DATA) {
            if (!parse_instruction(&s)) return false;
        } else {
            break;
        }
    }
    *first = last ? from : 0;
    *weight = sum;
    if (sum > WEIGHT_LIMIT) return fail(&s, "a record that expands beyond its limit");
    if (last) return true;
    bool nothing = cursor_left(&s.c) == 0 || *s.c.at == TOKEN_END;
    return (depth > 0 && nothing) || fail(&s, "neither a template instance nor an element");
}

bool evtx_record_parse(evtx_record *r, size_t at, size_t end, evtx_problem *problem)
{
    uint32_t first;
    uint64_t weight;
    r->values.len = r->fragments.len = 0;
    r->size = end - at;
    *problem = (evtx_problem){0};
    return parse_fragments(r, at, end, 0, &first, &weight, problem);
}

void evtx_record_free(evtx_record *r)
{
    vec_free(&r->values);
    vec_free(&r->fragments);
}
