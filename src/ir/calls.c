/*
 * What calls keep. A regular expression that is borrowed is looked up in a table of a bounded size; when it is full all are
 * dropped, for patterns are constants of rules but for a few that are computed. Without calls everything is made anew.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/hash.h"
#include "ir/functions_private.h"

enum { MAX_REGEXES = 1024, MAX_ZONES = 256, MAX_GROUPS = 10 };

/*
 * Steps of one start position. The limit falls with the length of the text, so that a hostile text costs at most about as
 * much as one of a thousand bytes does; what texts of usual length need is far below.
 */
#define STEPS_OF_A_START 1000000u
#define STEPS_AT_LEAST 50000u
#define STEPS_OF_A_TEXT 1000000000u

struct ir_regex {
    pcre2_code *code;             /* NULL: it does not compile */
    pcre2_match_data *data;
};

struct ir_calls {
    arena *names, *zone_memory;
    table regex_numbers, zone_numbers;
    VEC(ir_regex *) regexes;
    VEC(const time_zone *) zones; /* NULL: there is none of that name */
    pcre2_match_context *limits;
    timestamp now;
    uint64_t cut, gave_up;
};

ir_calls *ir_calls_new(void)
{
    ir_calls *calls = mem_zalloc(1, sizeof *calls);
    calls->names = arena_new();
    calls->zone_memory = arena_new();
    calls->limits = pcre2_match_context_create(NULL);
    calls->now = TIMESTAMP_NONE;
    return calls;
}

static void regex_free(ir_regex *r)
{
    pcre2_code_free(r->code);
    pcre2_match_data_free(r->data);
    mem_free(r);
}

static void drop_regexes(ir_calls *calls)
{
    for (size_t i = 0; i < calls->regexes.len; i++) regex_free(calls->regexes.at[i]);
    calls->regexes.len = 0;
    table_free(&calls->regex_numbers);
    calls->regex_numbers = (table){0};
    arena_reset(calls->names);
}

static void drop_zones(ir_calls *calls)
{
    calls->zones.len = 0;
    table_free(&calls->zone_numbers);
    calls->zone_numbers = (table){0};
    arena_reset(calls->zone_memory);
}

void ir_calls_free(ir_calls *calls)
{
    if (!calls) return;
    drop_regexes(calls);
    drop_zones(calls);
    vec_free(&calls->regexes);
    vec_free(&calls->zones);
    pcre2_match_context_free(calls->limits);
    arena_free(calls->names);
    arena_free(calls->zone_memory);
    mem_free(calls);
}

void ir_calls_set_now(ir_calls *calls, timestamp now) { calls->now = now; }
uint64_t ir_calls_cut(const ir_calls *calls) { return calls->cut; }
uint64_t ir_calls_gave_up(const ir_calls *calls) { return calls->gave_up; }
timestamp now_of(const ir_call_args *c) { return c->calls ? c->calls->now : TIMESTAMP_NONE; }

/* ---- limits of results ---- */

void result_put(text_result *r, pk_str s)
{
    if (r->cut) return;
    r->cut = s.len > IR_MAX_TEXT - r->bytes.len;
    if (r->cut) { /* at the border of a character */
        s.len = IR_MAX_TEXT - r->bytes.len;
        while (s.len > 0 && ((uint8_t)s.ptr[s.len] & 0xC0) == 0x80) s.len--;
    }
    text_put(&r->bytes, s);
}

value result_done(const ir_call_args *c, text_result *r)
{
    value v = value_string(arena_str(c->arena, text_view(&r->bytes)));
    if (r->cut && c->calls) c->calls->cut++;
    text_free(&r->bytes);
    return v;
}

bool result_add(const ir_call_args *c, list_builder *out, value v)
{
    if (out->items.len >= IR_MAX_LIST) {
        if (c->calls) c->calls->cut++;
        return false;
    }
    list_add(c->arena, out, v);
    return true;
}

/* ---- regular expressions ---- */

static ir_regex *compile(pk_str pattern)
{
    int error;
    PCRE2_SIZE at;
    ir_regex *r = mem_zalloc(1, sizeof *r);
    r->code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (!r->code) return r;
    r->data = pcre2_match_data_create(MAX_GROUPS, NULL);
    return r;
}

ir_regex *regex_borrow(const ir_call_args *c, pk_str pattern)
{
    ir_regex *r;
    uint32_t known = c->calls ? table_get(&c->calls->regex_numbers, pattern) : TABLE_NONE;
    if (known != TABLE_NONE) {
        r = c->calls->regexes.at[known];
        return r->code ? r : NULL;
    }
    r = compile(pattern);
    if (!c->calls) {
        if (r->code) return r;
        regex_free(r);
        return NULL;
    }
    if (r->code) pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* refused: the interpreter serves */
    if (c->calls->regexes.len >= MAX_REGEXES) drop_regexes(c->calls);
    table_put(&c->calls->regex_numbers, arena_str(c->calls->names, pattern), (uint32_t)c->calls->regexes.len);
    vec_push(&c->calls->regexes, r);
    return r->code ? r : NULL;
}

void regex_release(const ir_call_args *c, ir_regex *r)
{
    if (!c->calls && r) regex_free(r);
}

size_t regex_find(const ir_call_args *c, ir_regex *r, pk_str s, size_t at, regex_span *groups, size_t most)
{
    pcre2_match_context *limits = c->calls ? c->calls->limits : pcre2_match_context_create(NULL);
    uint32_t steps = (uint32_t)(STEPS_OF_A_TEXT / (s.len + 1));
    pcre2_set_match_limit(limits, steps > STEPS_OF_A_START ? STEPS_OF_A_START : steps < STEPS_AT_LEAST ? STEPS_AT_LEAST : steps);
    pcre2_set_heap_limit(limits, 64 * 1024);
    int found = at > s.len ? PCRE2_ERROR_NOMATCH : pcre2_match(r->code, (PCRE2_SPTR)s.ptr, s.len, at, PCRE2_NO_UTF_CHECK, r->data, limits);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = pcre2_match(r->code, (PCRE2_SPTR)s.ptr, s.len, at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, r->data, limits);
    if (!c->calls) pcre2_match_context_free(limits);
    if (found < 0) {
        if (found != PCRE2_ERROR_NOMATCH && c->calls) c->calls->gave_up++;
        return 0;
    }
    size_t count = found == 0 ? MAX_GROUPS : (size_t)found; /* 0: there are more groups than room */
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->data);
    if (ends[0] > ends[1]) return 0; /* \K inside a look-ahead can do that */
    for (size_t g = 0; g < most; g++)
        groups[g] = g < count && ends[2 * g] != PCRE2_UNSET && ends[2 * g] <= ends[2 * g + 1] ? (regex_span){ends[2 * g], ends[2 * g + 1]}
                                                                                              : (regex_span){SIZE_MAX, SIZE_MAX};
    return count;
}

/* ---- zones ---- */

const time_zone *zone_of(const ir_call_args *c, pk_str name)
{
    if (!c->calls) return time_zone_find(c->arena, name);
    uint32_t known = table_get(&c->calls->zone_numbers, name);
    if (known != TABLE_NONE) return c->calls->zones.at[known];
    if (c->calls->zones.len >= MAX_ZONES) drop_zones(c->calls);
    pk_str kept = arena_str(c->calls->zone_memory, name);
    const time_zone *z = time_zone_find(c->calls->zone_memory, kept);
    table_put(&c->calls->zone_numbers, kept, (uint32_t)c->calls->zones.len);
    vec_push(&c->calls->zones, z);
    return z;
}

bool ir_is_time_zone(pk_str name)
{
    arena *a = arena_new();
    bool known = time_zone_find(a, name) != NULL;
    arena_free(a);
    return known;
}
