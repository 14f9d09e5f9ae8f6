/*
 * What a test asks of one value, in the plainest way: texts are compared byte by byte after folding, patterns are
 * walked code point by code point, regular expressions go to PCRE2.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ip.h"
#include "base/unicode.h"
#include "ir/eval_private.h"

#define MATCH_LIMIT 10000000
#define MEMO_SIZE 512
#define MEMO_LONGEST 65536

/* ---- context ---- */

typedef enum { PIECE_CODE_POINT, PIECE_DASH, PIECE_ONE, PIECE_RUN } piece_kind;
typedef struct { piece_kind kind; uint32_t code_point; } piece;
typedef struct { VEC(piece) pieces; } pattern;

/* A test made ready: what would else be done again for every value. */
typedef struct {
    const ir_test *test;
    char *text;                   /* the constant, folded unless the test is cased */
    size_t len;
    pattern pattern;
    bool is_pattern;
    pcre2_code *regex;
    ip_network network;
    bool is_network;
} prepared;

typedef struct { text original, folded; bool used; } memo;

struct eval_context {
    VEC(prepared *) tests;        /* by number of the test */
    memo folded[MEMO_SIZE];
    pcre2_match_data *match_data;
    pcre2_match_context *limits;
    arena *scratch;
    ir_calls *calls;
    uint64_t limit_hits, stopped_runs, cut_rows;
};

eval_context *eval_context_new(void)
{
    eval_context *c = mem_zalloc(1, sizeof *c);
    c->match_data = pcre2_match_data_create(64, NULL);
    c->limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(c->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(c->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(c->limits, 256 * 1024);
    c->scratch = arena_new();
    c->calls = ir_calls_new();
    return c;
}

static void prepared_free(prepared *p)
{
    if (!p) return;
    mem_free(p->text);
    vec_free(&p->pattern.pieces);
    pcre2_code_free(p->regex);
    mem_free(p);
}

void eval_context_free(eval_context *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->tests.len; i++) prepared_free(c->tests.at[i]);
    vec_free(&c->tests);
    for (size_t i = 0; i < MEMO_SIZE; i++) {
        text_free(&c->folded[i].original);
        text_free(&c->folded[i].folded);
    }
    pcre2_match_data_free(c->match_data);
    pcre2_match_context_free(c->limits);
    arena_free(c->scratch);
    ir_calls_free(c->calls);
    mem_free(c);
}

uint64_t eval_limit_hits(const eval_context *c) { return c->limit_hits + ir_calls_gave_up(c->calls); }
uint64_t eval_stopped_runs(const eval_context *c) { return c->stopped_runs; }
uint64_t eval_cut_rows(const eval_context *c) { return c->cut_rows; }
void eval_count_stopped(eval_context *c) { c->stopped_runs++; }
void eval_count_cut(eval_context *c) { c->cut_rows++; }
ir_calls *eval_calls(eval_context *c) { return c->calls; }

/* fold(), remembered: the rules of a class ask for the same values again and again. */
static pk_str fold_once(eval_context *c, pk_str s, arena *a)
{
    if (s.len > MEMO_LONGEST) return fold(a, s);
    memo *m = &c->folded[hash_str(s) % MEMO_SIZE];
    if (!m->used || !str_equal(text_view(&m->original), s)) {
        pk_str folded = fold(a, s);
        text_clear(&m->original);
        text_put(&m->original, s);
        text_clear(&m->folded);
        text_put(&m->folded, folded);
        m->used = true;
        return folded;
    }
    return arena_str(a, text_view(&m->folded)); /* a copy: the memo may be overwritten while this one is read */
}

/* ---- patterns ---- */

static bool is_dash(uint32_t c) { return c == '-' || c == '/' || (c >= 0x2013 && c <= 0x2015); }

/* \w: ASCII letters, digits, '_'; beyond ASCII everything but punctuation and symbols (docs/ir.md). */
static bool is_word(uint32_t c)
{
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return c >= 0xc0 && c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x2bff);
}

/* The pieces of a constant. With wildcards: '*', '?', and '\' before one of * ? \ . */
static pattern read_pattern(pk_str s, bool wildcards)
{
    pattern p = {0};
    for (size_t at = 0; at < s.len;) {
        uint32_t c = utf8_next(s, &at);
        piece_kind kind = PIECE_CODE_POINT;
        if (wildcards && c == '\\' && at < s.len && strchr("*?\\", s.ptr[at])) c = utf8_next(s, &at);
        else if (wildcards && c == '*') kind = PIECE_RUN;
        else if (wildcards && c == '?') kind = PIECE_ONE;
        vec_push(&p.pieces, ((piece){kind, c}));
    }
    return p;
}

/* A dash with no word character before it and one behind it stands for any dash; wildcards are no word characters. */
static void open_dashes(pattern *p)
{
    for (size_t i = 0; i < p->pieces.len; i++) {
        piece *at = &p->pieces.at[i];
        const piece *before = i ? at - 1 : NULL, *behind = i + 1 < p->pieces.len ? at + 1 : NULL;
        if (at->kind != PIECE_CODE_POINT || !is_dash(at->code_point)) continue;
        bool word_before = before && before->kind == PIECE_CODE_POINT && is_word(before->code_point);
        bool word_behind = behind && behind->kind == PIECE_CODE_POINT && is_word(behind->code_point);
        if (!word_before && word_behind) at->kind = PIECE_DASH;
    }
}

static void add_run(pattern *p, bool in_front)
{
    vec_push(&p->pieces, ((piece){PIECE_RUN, 0}));
    if (!in_front) return;
    memmove(p->pieces.at + 1, p->pieces.at, (p->pieces.len - 1) * sizeof *p->pieces.at);
    p->pieces.at[0] = (piece){PIECE_RUN, 0};
}

static bool piece_fits(const piece *p, uint32_t c)
{
    return p->kind == PIECE_ONE || (p->kind == PIECE_DASH && is_dash(c)) ||
           (p->kind == PIECE_CODE_POINT && p->code_point == c);
}

/* The whole text against the whole pattern: on a mismatch the last run takes one code point more. */
static bool pattern_fits(const pattern *p, pk_str s)
{
    size_t at = 0, i = 0, run_piece = STR_NPOS, run_at = 0;
    while (at < s.len) {
        size_t next = at;
        uint32_t c = utf8_next(s, &next);
        if (i < p->pieces.len && p->pieces.at[i].kind == PIECE_RUN) {
            run_piece = i++;
            run_at = at;
        } else if (i < p->pieces.len && piece_fits(&p->pieces.at[i], c)) {
            i++;
            at = next;
        } else if (run_piece != STR_NPOS) {
            utf8_next(s, &run_at);
            at = run_at;
            i = run_piece + 1;
        } else {
            return false;
        }
    }
    while (i < p->pieces.len && p->pieces.at[i].kind == PIECE_RUN) i++;
    return i == p->pieces.len;
}

static pattern pattern_of(test_kind kind, pk_str constant, bool dashes)
{
    pattern p = read_pattern(constant, kind == TEST_WILDCARD);
    if (dashes) open_dashes(&p);
    if (kind == TEST_ENDS_WITH || kind == TEST_MATCH) add_run(&p, true);
    if (kind == TEST_STARTS_WITH || kind == TEST_MATCH) add_run(&p, false);
    return p;
}

/* ---- regular expressions ---- */

static pcre2_code *compile_regex(const ir_test *t)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    if (!(t->flags & TEST_CASED)) options |= PCRE2_CASELESS;
    if (t->flags & TEST_MULTILINE) options |= PCRE2_MULTILINE;
    if (t->flags & TEST_DOTALL) options |= PCRE2_DOTALL;
    if (t->flags & TEST_WHOLE) options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    int error;
    PCRE2_SIZE at;
    if (t->constant.type != VALUE_STRING) return NULL;
    return pcre2_compile((PCRE2_SPTR)t->constant.as.string.ptr, t->constant.as.string.len, options, &error, &at, NULL);
}

static bool regex_matches(eval_context *c, const prepared *p, pk_str s)
{
    if (!p->regex) return false;
    int n = pcre2_match(p->regex, (PCRE2_SPTR)s.ptr, s.len, 0, 0, c->match_data, c->limits);
    if (n < 0 && n != PCRE2_ERROR_NOMATCH) c->limit_hits++;
    return n >= 0;
}

/* ---- words ---- */

/* The next run of word characters from *at on; false: there is none. */
static bool next_word(pk_str s, size_t *at, pk_str *word)
{
    size_t start, next = *at;
    do {
        if (next >= s.len) return false;
        start = next;
    } while (!is_word(utf8_next(s, &next)));
    size_t end = next;
    while (next < s.len && is_word(utf8_next(s, &next))) end = next;
    *word = str_slice(s, start, end - start);
    *at = end;
    return true;
}

/* Do the words of `phrase` stand in `s` one after the other, beginning with the word at `at`? */
static bool phrase_stands_at(pk_str s, size_t at, pk_str phrase)
{
    size_t in_phrase = 0;
    pk_str wanted, word;
    while (next_word(phrase, &in_phrase, &wanted))
        if (!next_word(s, &at, &word) || !str_equal(word, wanted)) return false;
    return true;
}

static bool has_phrase(pk_str s, pk_str phrase)
{
    size_t at = 0, before = 0;
    pk_str word;
    while (next_word(s, &at, &word)) {
        if (phrase_stands_at(s, before, phrase)) return true;
        before = at;
    }
    return false;
}

/* ---- one test ---- */

static prepared *prepare(eval_context *c, const ir_test *t)
{
    prepared *p = mem_zalloc(1, sizeof *p);
    pk_str s = {"", 0};
    bool host_bits;
    p->test = t;
    arena_reset(c->scratch);
    if (!value_text(c->scratch, &t->constant, &s)) s = (pk_str){"", 0};
    if (t->kind == TEST_REGEX) p->regex = compile_regex(t);
    if (t->kind == TEST_CIDR) p->is_network = ip_network_parse(s, &p->network, &host_bits);
    if (!(t->flags & TEST_CASED)) s = fold(c->scratch, s);
    p->text = mem_cstring(s);
    p->len = s.len;
    p->is_pattern = t->kind == TEST_WILDCARD || (t->flags & TEST_DASHES);
    if (p->is_pattern) p->pattern = pattern_of(t->kind, s, t->flags & TEST_DASHES);
    return p;
}

static const prepared *prepared_of(eval_context *c, const ir_test *t)
{
    while (c->tests.len <= t->id) vec_push(&c->tests, NULL);
    prepared **at = &c->tests.at[t->id];
    if (*at && (*at)->test != t) { /* a test of another catalogue */
        prepared_free(*at);
        *at = NULL;
    }
    if (!*at) *at = prepare(c, t);
    return *at;
}

static bool text_fits(test_kind how, pk_str x, pk_str y)
{
    switch (how) {
    case TEST_EQUALS: return str_equal(x, y);
    case TEST_STARTS_WITH: return str_starts_with(x, y);
    case TEST_ENDS_WITH: return str_ends_with(x, y);
    case TEST_MATCH: return str_find(x, y) != STR_NPOS;
    case TEST_PHRASE: return has_phrase(x, y);
    case TEST_WILDCARD: {
        pattern p = pattern_of(TEST_WILDCARD, y, false);
        bool fits = pattern_fits(&p, x);
        vec_free(&p.pieces);
        return fits;
    }
    case TEST_REGEX: case TEST_CIDR: case TEST_COMPARE: case TEST_EXISTS: case TEST_IS_NULL: case TEST_KINDS: break;
    }
    return false;
}

bool eval_text_fits(eval_context *c, test_kind how, bool cased, pk_str x, pk_str y, arena *a)
{
    if (!cased) {
        x = fold_once(c, x, a);
        y = fold_once(c, y, a);
    }
    return text_fits(how, x, y);
}

static bool compares(compare_op op, double x, double y)
{
    switch (op) {
    case COMPARE_LT: return x < y;
    case COMPARE_LE: return x <= y;
    case COMPARE_GT: return x > y;
    case COMPARE_GE: return x >= y;
    case COMPARE_EQ: return x == y;
    case COMPARE_NE: return x != y;
    }
    return false;
}

static bool is_number(const value *v)
{
    return v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT;
}

static bool same_type(const value *constant, const value *v)
{
    if (is_number(constant)) return is_number(v);
    if (constant->type == VALUE_STRING) return v->type == VALUE_STRING || v->type == VALUE_BLANK;
    return constant->type == v->type;
}

static bool in_network(const prepared *p, pk_str s)
{
    ip_address address;
    return p->is_network && ip_parse(s, &address) && ip_network_contains(&p->network, &address);
}

bool eval_test_value(eval_context *c, const ir_test *t, const value *v, number_policy numbers, arena *a)
{
    double x, y;
    pk_str s;
    if (t->kind == TEST_EXISTS) return true;
    if (t->kind == TEST_IS_NULL) return v->type == VALUE_NULL || v->type == VALUE_BLANK;
    if (t->kind == TEST_COMPARE)
        return value_number(v, &x) && value_number(&t->constant, &y) && compares(t->compare, x, y);
    if (numbers == NUMBERS_STRICT && !same_type(&t->constant, v)) return false;
    if (!value_text(a, v, &s)) return false;
    const prepared *p = prepared_of(c, t);
    if (t->kind == TEST_REGEX) return regex_matches(c, p, s);
    if (t->kind == TEST_CIDR) return in_network(p, s);
    if (!(t->flags & TEST_CASED)) s = fold_once(c, s, a);
    if (p->is_pattern) return pattern_fits(&p->pattern, s);
    return text_fits(t->kind, s, (pk_str){p->text, p->len});
}
