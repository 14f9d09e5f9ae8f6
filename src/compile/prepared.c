/* One row of `switch` a kind of test; whatever is expensive was done when the program was built. */
#include "compile/prepared.h"

#include "base/unicode.h"

#define MATCH_LIMIT 1000000       /* PCRE2 steps; the JIT counts its own way, a pathological value ends early in both */
#define HEAP_LIMIT_KB 20000
#define JIT_STACK_MAX (1024 * 1024)

/* ---- regex ---- */

static uint32_t regex_options(const ir_test *t)
{
    uint32_t o = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    if (!(t->flags & TEST_CASED)) o |= PCRE2_CASELESS;
    if (t->flags & TEST_MULTILINE) o |= PCRE2_MULTILINE;
    if (t->flags & TEST_DOTALL) o |= PCRE2_DOTALL;
    if (t->flags & TEST_WHOLE) o |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    return o;
}

static pcre2_code *compile_regex(const ir_test *t, arena *a, pk_str *problem)
{
    int code;
    PCRE2_SIZE at;
    pk_str s = t->constant.as.string;
    pcre2_code *regex = pcre2_compile((PCRE2_SPTR)s.ptr, s.len, regex_options(t), &code, &at, NULL);
    if (regex) {
        pcre2_jit_compile(regex, PCRE2_JIT_COMPLETE); /* refused: the interpreter serves */
        return regex;
    }
    PCRE2_UCHAR message[160];
    pcre2_get_error_message(code, message, sizeof message);
    *problem = arena_printf(a, "regular expression: %s at %zu", (const char *)message, (size_t)at);
    return NULL;
}

void regex_scratch_init(regex_scratch *s)
{
    *s = (regex_scratch){.match = pcre2_match_data_create(1, NULL), .context = pcre2_match_context_create(NULL)};
    s->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_MAX, NULL);
    pcre2_set_match_limit(s->context, MATCH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KB);
    if (s->stack) pcre2_jit_stack_assign(s->context, NULL, s->stack);
}

void regex_scratch_free(regex_scratch *s)
{
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
}

/* Tests that come from an image are compiled by whoever needs them first; of two at once one wins. */
static const pcre2_code *regex_of(const prepared_test *t)
{
    pcre2_code **place = (pcre2_code **)(uintptr_t)&t->regex;
    pcre2_code *regex = __atomic_load_n(place, __ATOMIC_ACQUIRE), *none = NULL;
    if (regex) return regex;
    arena *a = arena_new();
    pk_str problem;
    regex = compile_regex(t->test, a, &problem);
    arena_free(a);
    if (!regex || __atomic_compare_exchange_n(place, &none, regex, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return regex;
    pcre2_code_free(regex);
    return none;
}

static bool match_chain(const prepared_test *t, subject_text s, match_place *place)
{
    *place = (match_place){.raw = t->chain.cased, .placed = true};
    return regex_chain_match(&t->chain, t->chain.cased ? s.text : s.folded, &place->at, &place->end);
}

static bool match_regex(const prepared_test *t, subject_text s, regex_scratch *r, match_place *place)
{
    if (t->chain.count) return match_chain(t, s, place);
    const pcre2_code *regex = regex_of(t);
    if (!regex) return false;
    int n = pcre2_match(regex, (PCRE2_SPTR)s.text.ptr, s.text.len, 0, PCRE2_NO_UTF_CHECK, r->match, r->context);
    if (n < 0) {
        if (n != PCRE2_ERROR_NOMATCH) r->limit_hits++;
        return false;
    }
    PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->match);
    /* \K may put the start behind the end */
    *place = (match_place){.at = ends[0] < ends[1] ? ends[0] : ends[1], .end = ends[1], .raw = true, .placed = true};
    return true;
}

/* ---- phrase ---- */

bool next_word(pk_str content, size_t *at, pk_str *word)
{
    size_t start = *at;
    while (start < content.len && !is_word_at(content, start)) utf8_next(content, &start);
    size_t end = start;
    while (end < content.len && is_word_at(content, end)) utf8_next(content, &end);
    *at = end;
    *word = str_slice(content, start, end - start);
    return end > start;
}

static void prepare_words(prepared_test *t, arena *a)
{
    VEC(pk_str) words = {0};
    pk_str s = {"", 0}, word;
    if (!value_text(a, &t->test->constant, &s)) return;
    if (!(t->test->flags & TEST_CASED)) s = fold(a, s);
    for (size_t at = 0; next_word(s, &at, &word);) vec_push_in(a, &words, arena_str(a, word));
    t->words = words.at;
    t->word_count = words.len;
}

static bool words_at(const prepared_test *t, pk_str content, size_t at, size_t *end)
{
    pk_str word;
    for (size_t i = 0; i < t->word_count; i++)
        if (!next_word(content, &at, &word) || !str_equal(word, t->words[i])) return false;
    *end = at;
    return true;
}

static bool match_phrase(const prepared_test *t, pk_str content, match_place *place)
{
    pk_str word;
    for (size_t at = 0; next_word(content, &at, &word);) {
        size_t start = (size_t)(word.ptr - content.ptr);
        if (!words_at(t, content, start, &place->end)) continue;
        place->at = start;
        return true;
    }
    return false;
}

/* ---- numbers, networks ---- */

static bool match_compare(const prepared_test *t, pk_str content)
{
    value v = value_string(content);
    double n;
    if (!value_number(&v, &n)) return false;
    switch (t->test->compare) {
    case COMPARE_LT: return n < t->number;
    case COMPARE_LE: return n <= t->number;
    case COMPARE_GT: return n > t->number;
    case COMPARE_GE: return n >= t->number;
    case COMPARE_EQ: return n == t->number;
    case COMPARE_NE: return n != t->number;
    }
    return false;
}

static bool match_cidr(const prepared_test *t, pk_str content)
{
    ip_address address;
    return ip_parse(content, &address) && ip_network_contains(&t->network, &address);
}

/* ---- all kinds ---- */

prepared_test *prepare_test(const ir_test *test, arena *a, pk_str *problem)
{
    prepared_test *t = ARENA_NEW(a, prepared_test);
    bool host_bits;
    *t = (prepared_test){.test = test, .valid = true};
    switch (test->kind) {
    case TEST_EQUALS:
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_MATCH:
    case TEST_WILDCARD:
        t->pattern = pattern_of_test(test, a);
        break;
    case TEST_PHRASE:
        prepare_words(t, a);
        break;
    case TEST_REGEX:
        t->regex = test->constant.type == VALUE_STRING ? compile_regex(test, a, problem) : NULL;
        t->valid = t->regex != NULL;
        if (t->valid && !(test->flags & TEST_WHOLE))
            t->chain = regex_chain_read(test->constant.as.string, test->flags & TEST_CASED, test->flags & TEST_DOTALL, a);
        break;
    case TEST_CIDR:
        t->valid = test->constant.type == VALUE_STRING &&
                   ip_network_parse(test->constant.as.string, &t->network, &host_bits);
        if (!t->valid) *problem = arena_printf(a, "not a network");
        break;
    case TEST_COMPARE:
        t->valid = value_number(&test->constant, &t->number);
        if (!t->valid) *problem = arena_printf(a, "not a number to compare with");
        break;
    case TEST_EXISTS:
    case TEST_IS_NULL:
    case TEST_KINDS:
        break;
    }
    return t;
}

void prepared_free(prepared_test *t)
{
    if (t && t->regex) pcre2_code_free(t->regex);
}

_Static_assert(sizeof(prepared_test) == 120, "a member of prepared_test came or went: prepared_image copies each");

void prepared_image(const prepared_test *t, image_writer *w, size_t field)
{
    size_t at;
    bool fresh = t && image_once(w, t, sizeof *t, &at);
    image_point(w, field, t ? at : 0);
    if (!fresh) return;
    ir_test_image(t->test, w, at + offsetof(prepared_test, test));
    image_strings(w, at + offsetof(prepared_test, words), t->words, t->word_count);
    image_strings(w, at + offsetof(prepared_test, chain.texts), t->chain.texts, t->chain.count);
    image_clear(w, at + offsetof(prepared_test, regex));
    const pattern *p = &t->pattern;
    size_t segments = image_array(w, at + offsetof(prepared_test, pattern.segments), p->segments, p->count, sizeof *p->segments);
    for (size_t i = 0; i < p->count; i++, segments += sizeof(pattern_segment)) {
        const pattern_segment *s = &p->segments[i];
        size_t pieces = image_array(w, segments + offsetof(pattern_segment, pieces), s->pieces, s->count, sizeof *s->pieces);
        for (size_t k = 0; k < s->count; k++)
            image_string(w, pieces + k * sizeof(pattern_piece) + offsetof(pattern_piece, text), s->pieces[k].text);
    }
}

bool prepared_match(const prepared_test *t, subject_text s, regex_scratch *r, match_place *place)
{
    bool cased = t->test->flags & TEST_CASED;
    pk_str content = cased ? s.text : s.folded;
    *place = (match_place){.at = 0, .end = content.len, .raw = cased, .placed = true};
    if (!t->valid) return false;
    switch (t->test->kind) {
    case TEST_EQUALS:
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_MATCH:
    case TEST_WILDCARD:
        return pattern_match(&t->pattern, content, &place->at, &place->end);
    case TEST_PHRASE:
        return match_phrase(t, content, place);
    case TEST_REGEX:
        return match_regex(t, s, r, place);
    case TEST_CIDR:
        *place = (match_place){.at = 0, .end = s.text.len, .raw = true, .placed = true};
        return match_cidr(t, s.text);
    case TEST_COMPARE:
        place->placed = false;
        return match_compare(t, s.text);
    case TEST_EXISTS:
    case TEST_IS_NULL:
    case TEST_KINDS:
        break;
    }
    return false;
}
