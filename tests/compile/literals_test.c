/*
 * Literals: the trie and the scan find what a plain search finds, on texts of few letters in which literals overlap, repeat
 * and end one another; and the literals that are said to be necessary for a regex stand in every text that it matches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/unicode.h"
#include "compile/literal_scan.h"
#include "compile/prepared.h"
#include "compile/regex_literals.h"

/* ---- random texts over a small alphabet; the same in every run ---- */

static uint64_t state = 88172645463325252ull;

static uint32_t next_random(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static pk_str random_text(arena *a, size_t longest, uint32_t letters)
{
    size_t len = next_random((uint32_t)longest + 1);
    char *p = arena_alloc(a, len + SCAN_PADDING);
    for (size_t i = 0; i < len; i++) p[i] = (char)('a' + next_random(letters));
    memset(p + len, 0, SCAN_PADDING);
    return (pk_str){p, len};
}

typedef struct { pk_str at[64]; size_t count; } literal_set;

/* Distinct and not empty. */
static literal_set random_literals(arena *a, size_t longest, uint32_t letters)
{
    literal_set s = {.count = 0};
    size_t wanted = 1 + next_random(60);
    for (size_t tries = 0; tries < 200 && s.count < wanted; tries++) {
        pk_str x = random_text(a, longest, letters);
        bool known = x.len == 0;
        for (size_t i = 0; i < s.count; i++) known |= str_equal(s.at[i], x);
        if (!known) s.at[s.count++] = x;
    }
    return s;
}

static bool found(const number_list *list, uint32_t number)
{
    size_t times = 0;
    for (size_t i = 0; i < list->len; i++) times += list->at[i] == number;
    assert_true(times <= 1);
    return times == 1;
}

/* In some rounds one letter is none of ASCII. */
static pk_str other_letter(pk_str s, bool other)
{
    for (size_t i = 0; i < s.len && other; i++)
        if (s.ptr[i] == 'b') ((char *)(uintptr_t)s.ptr)[i] = '\xc3';
    return s;
}

static void scan_finds_what_a_search_finds(void **unused)
{
    (void)unused;
    for (int round = 0; round < 800; round++) {
        arena *a = arena_new();
        uint32_t letters = 2 + next_random(round % 3 ? 4 : 22);
        bool other = next_random(2), others_in_literals = other && next_random(2);
        literal_set set = random_literals(a, 1 + next_random(14), letters);
        for (size_t i = 0; i < set.count; i++) other_letter(set.at[i], others_in_literals);
        literal_scan scan;
        uint32_t stamps[64] = {0};
        number_list out = {0};
        literal_scan_build(&scan, set.at, set.count);
        for (uint32_t epoch = 1; epoch < 30; epoch++) {
            pk_str text_of_round = other_letter(random_text(a, 60, letters), other);
            out.len = 0;
            literal_scan_run(&scan, text_of_round, stamps, epoch, &out);
            for (uint32_t i = 0; i < set.count; i++)
                assert_int_equal(found(&out, i), str_find(text_of_round, set.at[i]) != STR_NPOS);
        }
        literal_scan_free(&scan);
        vec_free(&out);
        arena_free(a);
    }
}

/* The literal in some case, at times with letters beyond ASCII that fold into its own. */
static void put_in_some_case(text *t, pk_str literal, bool ascii)
{
    static const char *const forms[2][3] = {{"k", "K", "\xe2\x84\xaa"}, {"s", "S", "\xc5\xbf"}};
    for (size_t i = 0; i < literal.len; i++) text_put_cstring(t, forms[literal.ptr[i] == 's'][next_random(ascii ? 2 : 3)]);
}

/* What is ruled out before folding holds nothing after it. */
static void light_sets_rule_out_soundly(void **unused)
{
    size_t ruled_out = 0, held = 0;
    (void)unused;
    for (int round = 0; round < 4000; round++) {
        arena *a = arena_new();
        text t = {0};
        pk_str literals[3];
        literal_scan scan;
        for (size_t i = 0; i < 3; i++) {
            char *p = arena_alloc(a, 7 + i);
            for (size_t k = 0; k < 7 + i; k++) p[k] = next_random(2) ? 'k' : 's';
            literals[i] = (pk_str){p, 7 + i};
        }
        literal_scan_build(&scan, literals, 3);
        assert_true(literal_scan_is_light(&scan));
        for (uint32_t n = next_random(9); n > 0; n--) text_put_cstring(&t, next_random(3) ? "x" : "K");
        if (next_random(2)) put_in_some_case(&t, literals[next_random(3)], next_random(2));
        for (uint32_t n = next_random(9); n > 0; n--) text_put_cstring(&t, next_random(3) ? "y" : "s");
        pk_str folded = fold(a, text_view(&t));
        bool holds = false, out = !literal_sieve_lets_through(&scan.sieve, text_view(&t));
        for (size_t i = 0; i < 3; i++) holds |= str_find(folded, literals[i]) != STR_NPOS;
        assert_false(out && holds);
        ruled_out += out;
        held += holds;
        literal_scan_free(&scan);
        text_free(&t);
        arena_free(a);
    }
    assert_true(ruled_out > 1000 && held > 1000);
}

static void tries_find_beginnings_and_ends(void **unused)
{
    (void)unused;
    for (int round = 0; round < 400; round++) {
        arena *a = arena_new();
        uint32_t letters = 2 + next_random(3);
        literal_set set = random_literals(a, 8, letters);
        for (int backwards = 0; backwards < 2; backwards++) {
            literal_trie trie;
            number_list out = {0};
            trie_init(&trie, set.at, backwards);
            for (uint32_t i = 0; i < set.count; i++) trie_add(&trie, i);
            for (int n = 0; n < 30; n++) {
                pk_str s = random_text(a, 12, letters);
                out.len = 0;
                trie_find(&trie, s, &out);
                for (uint32_t i = 0; i < set.count; i++)
                    assert_int_equal(found(&out, i), backwards ? str_ends_with(s, set.at[i]) : str_starts_with(s, set.at[i]));
            }
            trie_free(&trie);
            vec_free(&out);
        }
        arena_free(a);
    }
}

/* ---- regular expressions ---- */

/* What is necessary, by hand; NULL: nothing, or too little to look for. Alternatives are joined by blanks. */
static const struct { const char *regex, *literals; } regexes[] = {
    {"net\\s+user", "user"},          {"(?i)Net1? user", " user"},     {"abc|de", "abc de"},
    {"x*y+zz", "zz"},                {"x?", NULL},                    {"a|b*", NULL},
    {"[Cc]md", "cmd"},                {"[^c]md", "md"},                {"(?:ab|cd)+ef?", "ab cd"},
    {"\\.exe$", ".exe"},              {"a{3}", NULL},                  {"ab{2,3}cd", "ab"},
    {"(?<!x)abc", "abc"},             {"(?=abc)x", NULL},              {"(?x)a b c", NULL},
    {"\\Qa.b\\E", NULL},              {"\\x41bc", NULL},               {"a\\101bc", "bc"},
    {"`.*`", "`"},                    {".*", NULL},                    {"(foo(bar|)baz)", "foo"},
    {"\\d{1,3}", NULL},               {"ab[]x]cd", "ab"},              {"(?#abc)de", NULL},
    {"(?P<n>abc)\\1", "abc"},         {"\\bpowershell\\b", "powershell"}, {"(*UTF)abc", NULL},
    {"\xc3\xa4rger", "rger"},         {"a(?i)bc", "bc"},               {"(ab){0,2}", NULL},
    {"a\\{b", "a{b"},                 {"a{,3}", NULL},                 {"(?|abc|abd)", "abc abd"},
};

static void necessary_literals_of_regexes(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++) {
        arena *a = arena_new();
        literal_list l = regex_literals(str_from(regexes[i].regex), a);
        pk_str joined = STR("");
        for (size_t k = 0; k < l.count; k++) joined = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(joined), k ? " " : "", STR_ARG(l.items[k]));
        if (!str_equal(joined, str_from(regexes[i].literals)))
            fail_msg("%s: got '%.*s'", regexes[i].regex, STR_ARG(joined));
        arena_free(a);
    }
}

/* Regexes and texts made of the same pieces: whatever PCRE2 matches holds one of the literals. */
static void no_match_without_a_literal(void **unused)
{
    static const char *const pieces[] = {"ab", "a", "B", "(", ")", "|", "?", "*", "+", "[aB]", "[^a]", "\\.", ".", "{2}",
                                         "(?:", "(?i)", "^", "$", "\\s", "\\w", "c", "(?=", "(?!", "\\1", "k", "\xc5\xbf", "s"};
    static const char *const words[] = {"ab", "a", "B", "AB", ".", " ", "c", "b", "K", "\xe2\x84\xaa", "S", "\xc5\xbf"};
    size_t matched = 0;
    regex_scratch scratch;
    (void)unused;
    regex_scratch_init(&scratch);
    for (int round = 0; round < 30000; round++) {
        arena *a = arena_new();
        text regex = {0}, sample = {0};
        pk_str problem = {"", 0};
        for (uint32_t n = next_random(8) + 1; n > 0; n--) text_put_cstring(&regex, pieces[next_random(27)]);
        ir_test t = {.kind = TEST_REGEX, .flags = next_random(2) ? TEST_CASED : 0, .constant = value_string(text_view(&regex))};
        prepared_test *p = prepare_test(&t, a, &problem);
        literal_list l = regex_literals(text_view(&regex), a);
        for (int n = 0; p->valid && l.count && n < 8; n++) {
            text_clear(&sample);
            for (uint32_t k = next_random(6); k > 0; k--) text_put_cstring(&sample, words[next_random(12)]);
            pk_str s = text_view(&sample), folded = fold(a, s);
            match_place place;
            if (!prepared_match(p, (subject_text){s, folded}, &scratch, &place)) continue;
            bool holds = false;
            for (size_t k = 0; k < l.count; k++) holds |= str_find(folded, l.items[k]) != STR_NPOS;
            if (!holds) fail_msg("%.*s matches '%.*s' without its literal '%.*s'", STR_ARG(text_view(&regex)), STR_ARG(s), STR_ARG(l.items[0]));
            matched++;
        }
        prepared_free(p);
        text_free(&regex);
        text_free(&sample);
        arena_free(a);
    }
    regex_scratch_free(&scratch);
    print_message("%zu matches\n", matched);
    assert_true(matched > 200);
}

/* ---- chains of texts ---- */

static const struct { const char *regex; bool is_chain; } chains[] = {
    {"a", true},          {"\\+.*\\+", true},  {"(?i)Ab.+c", true}, {".*a", true},      {"a.*", true},        {"a b.*\\.exe", true},
    {".*", false},        {"", false},         {".+a", false},      {"a.+", false},     {"a.*?b", false},     {"a.*+b", false},
    {"a.b", false},       {"a+.*b", false},    {"^a.*b", false},    {"a.*b$", false},   {"a.*\\d", false},    {"a.*\xc3\xa4", false},
    {"(a.*b)", false},    {"a|b", false},      {"a.{2}b", false},   {"a{2}.*b", false}, {"a.*b\\", false},    {"(?s)a.*b", false},
};

static void chains_are_known(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        arena *a = arena_new();
        bool is_chain = regex_chain_read(str_from(chains[i].regex), true, false, a).count > 0;
        if (is_chain != chains[i].is_chain) fail_msg("%s", chains[i].regex);
        arena_free(a);
    }
}

static size_t characters_before(pk_str s, size_t at) { return utf8_length(str_slice(s, 0, at)); }

/* Matched by themselves and by PCRE2: the same answer at the same place. */
static void chains_match_as_regexes(void **unused)
{
    static const char *const pieces[] = {"a", "B", ".*", ".*", ".+", "ab", "k", "s", "\\.", "aa"};
    static const char *const words[] = {"ab", "a", "B", "b", "A", ".", "\n", "\r", "K", "\xe2\x84\xaa", "S", "\xc5\xbf", "\xc3\x84", "aa"};
    size_t matched = 0, tried = 0;
    regex_scratch scratch;
    (void)unused;
    regex_scratch_init(&scratch);
    for (int round = 0; round < 30000; round++) {
        arena *a = arena_new();
        text regex = {0}, sample = {0};
        pk_str problem = {"", 0};
        uint16_t flags = (uint16_t)((next_random(2) ? TEST_CASED : 0) | (next_random(4) ? 0 : TEST_DOTALL));
        if (next_random(8) == 0) text_put_cstring(&regex, "(?i)");
        for (uint32_t n = next_random(7) + 1; n > 0; n--) text_put_cstring(&regex, pieces[next_random(10)]);
        ir_test t = {.kind = TEST_REGEX, .flags = flags, .constant = value_string(text_view(&regex))};
        prepared_test *chain = prepare_test(&t, a, &problem), plain = *chain;
        plain.chain.count = 0;
        for (int n = 0; chain->chain.count && n < 16; n++) {
            match_place x, y;
            text_clear(&sample);
            for (uint32_t k = next_random(14); k > 0; k--) text_put_cstring(&sample, words[next_random(14)]);
            subject_text s = {text_view(&sample), fold(a, text_view(&sample))};
            bool is_match = prepared_match(&plain, s, &scratch, &y);
            pk_str form = chain->chain.cased ? s.text : s.folded;
            if (prepared_match(chain, s, &scratch, &x) != is_match ||
                (is_match && (characters_before(form, x.at) != characters_before(s.text, y.at) ||
                              characters_before(form, x.end) != characters_before(s.text, y.end))))
                fail_msg("%.*s in '%.*s': %zu to %zu, PCRE2: %d, %zu to %zu", STR_ARG(text_view(&regex)), STR_ARG(s.text), x.at, x.end,
                         is_match, y.at, y.end);
            matched += is_match;
            tried++;
        }
        prepared_free(chain);
        text_free(&regex);
        text_free(&sample);
        arena_free(a);
    }
    regex_scratch_free(&scratch);
    print_message("%zu of %zu match\n", matched, tried);
    assert_true(matched > 1000 && tried > matched + 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(light_sets_rule_out_soundly),
        cmocka_unit_test(scan_finds_what_a_search_finds), cmocka_unit_test(tries_find_beginnings_and_ends),
        cmocka_unit_test(necessary_literals_of_regexes),  cmocka_unit_test(no_match_without_a_literal),
        cmocka_unit_test(chains_are_known),               cmocka_unit_test(chains_match_as_regexes),
    };
    return cmocka_run_group_tests_name("literals", tests, NULL, NULL);
}
