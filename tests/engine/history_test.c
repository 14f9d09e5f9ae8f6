/*
 * Histories in the engine, against the reference evaluator, which looks through all observations anew each time: random plans with
 * all windows, joins that wait for what is absent, rows on disk; a flood of keys.
 */
#include <malloc.h>
#include <stdlib.h>

#include "plan_bench.h"

#define RANDOM_PLANS 2500

/* ---- random plans ---- */

typedef struct { const char *keys, *asked, *asked_of_part; } key_choice;

static const key_choice key_choices[] = {
    {"", "", ""},
    {" by u", ", u", ", m.u@sigma"},
    {" by u", ", 'ann'", ", 'ann'"},
    {" by u (many each)", ", u", ", m.u@sigma"},
    {" by u (missing zero), h", ", u, h", ", m.u@sigma, m.h@sigma"},
    {" by lower(u) (missing group)", ", u", ", m.u@sigma"},
    {" by h (missing fill 'h1', many each)", ", h", ", m.h@sigma"},
};

static void put_history(text *t, random_source *r, const char *name, const char *input, const key_choice *k)
{
    static const char *const functions[] = {"count()", "sum(v)", "min(v)", "max(v)", "min(ts)", "max(h)", "mean(w)", "count_distinct_each(h)", "count(v)",
                                            "min(time_seconds(ts))", "deviation(w)", "sum(w) if h = 'h1'", "count_distinct(v) nulls"};
    static const char *const having[] = {"", "", "", " having n > 1", " having x > 2", " having not x = 1"};
    text_printf(t, "%s = history %s%s every %us %s %us: n = count(), x = %s%s\n", name, input, k->keys, 1 + below(r, 7), below(r, 3) ? "over" : "since",
                1 + below(r, 30), PICK(r, functions), PICK(r, having));
}

static const char *question(arena *a, random_source *r, const char *history, const char *keys)
{
    static const char *const forms[] = {"list_sum(observed(%s.%s%s))", "list_length(observed(%s.%s%s))", "list_max(observed(%s.%s%s))",
                                        "list_mean(observed(%s.%s%s))", "list_min(observed(%s.%s%s))", "list_deviation(observed(%s.%s%s))", "observed(%s.%s%s)"};
    if (below(r, 6) == 0)
        return arena_cstring(a, arena_printf(a, "time_seconds(list_at_max(observed(%s.period_start%s), observed(%s.n%s)))", history, keys, history, keys));
    return arena_cstring(a, arena_printf(a, PICK(r, forms), history, below(r, 2) ? "n" : "x", keys));
}

static const char *window(arena *a, random_source *r)
{
    unsigned length = 1 + below(r, 20);
    switch (below(r, 7)) {
    case 0: return "";
    case 1: return arena_cstring(a, arena_printf(a, " window tumbling %us", length));
    case 2: return arena_cstring(a, arena_printf(a, " window sliding %us", length));
    case 3: return arena_cstring(a, arena_printf(a, " window hop %us step %us", length, 1 + below(r, 6)));
    case 4: return arena_cstring(a, arena_printf(a, " window rows %u", 1 + below(r, 4)));
    default: return arena_cstring(a, arena_printf(a, " window anchored %us", length));
    }
}

/* `input` has one part, and fields of it need no name; else its parts are m and o. */
static void put_readers(text *t, random_source *r, arena *a, const char *input, const key_choice *k, const key_choice *other, bool joined)
{
    static const char *const functions[] = {"max", "min", "sum", "list", "first", "last", "mean", "count_distinct", "at_max"};
    static const char *const having[] = {"", "", " having x > 2", " having x = 0", " having x < n", " having n > 1 and x >= 1", " having y > x"};
    static const char *const keys[] = {"", " by u", " by h (missing zero)", " by u (many each)"}, *const joined_keys[] = {"", " by u = m.u@sigma", " by e = part(m)"};
    const char *asked = joined ? k->asked_of_part : k->asked, *also = joined ? other->asked_of_part : other->asked;
    const char *f = PICK(r, functions), *g = PICK(r, functions), *around = joined && below(r, 3) == 0 ? " window around m 4s step 3s" : NULL;
    text_printf(t, "a = aggregate %s%s%s: n = count(), x = %s(%s%s)", input, joined ? PICK(r, joined_keys) : PICK(r, keys),
                around ? around : window(a, r), f, question(a, r, "h1", asked), str_equal(str_from(f), STR("at_max")) ? joined ? ", m.v@sigma" : ", v" : "");
    text_printf(t, ", y = %s(%s%s)%s", g, question(a, r, "h2", also), str_equal(str_from(g), STR("at_max")) ? joined ? ", m.w@sigma" : ", w" : "",
                below(r, 5) ? "" : joined ? " if m.v@sigma > 1" : " if list_length(observed(h2.n)) >= 0");
    text_put_cstring(t, PICK(r, having));
    text_put_char(t, '\n');
}

static void put_plan(text *t, random_source *r, arena *a)
{
    const key_choice *k = &PICK(r, key_choices), *other = &PICK(r, key_choices);
    bool joined = below(r, 3) == 0;
    const char *input = "m";
    text_put_cstring(t, "m = match @sigma where k equals any('a', 'd')\no = match @sigma where k equals 'b'\np = match @sigma where k exists\n");
    put_history(t, r, "h1", below(r, 2) ? "p" : "o", k);
    put_history(t, r, "h2", below(r, 2) ? "p" : "m", other);
    if (joined) {
        text_printf(t, "j = join m, o%s on u: m.u@sigma = o.u@sigma%s within %us\n", below(r, 2) ? " optional" : "", below(r, 2) ? " (missing zero)" : "", 1 + below(r, 9));
        input = "j";
    } else if (below(r, 4) == 0) {
        text_printf(t, "d = derive m: w = %s, v = coalesce(v, 7)\n", question(a, r, "h1", k->asked));
        input = "d";
    } else if (below(r, 4) == 0) {
        text_printf(t, "z = where m: %s > 1\n", question(a, r, "h1", k->asked));
        input = "z";
    }
    put_readers(t, r, a, input, k, other, joined);
    if (below(r, 2)) text_printf(t, "e1 = derive a: z = %s\nalert e1\n", question(a, r, "h2", *other->keys ? ", 'ann'" : ""));
    else text_put_cstring(t, "alert a\n");
}

static plan_case history_case(random_source *r, arena *a)
{
    static const char *const users[] = {"'ann'", "'bob'", "null", "''", "7", "['ann', 'bob']", "['bob', 'bob']"};
    static const char *const values[] = {"0", "1", "2", "3", "'4'", "0.5", "-1", "'x'", "null", "[1, 3]", "true", "time'2026-01-01T00:00:07Z'"};
    static const event_choices choices = {50, users, values, sizeof users / sizeof *users, sizeof values / sizeof *values};
    text source = {0}, events = {0};
    put_plan(&source, r, a);
    put_plain_events(&events, r, &choices);
    return (plan_case){.source = generated(&source, a), .events = generated(&events, a)};
}

static void random_histories(void **state)
{
    (void)state;
    run_random_plans(&(random_run){.make = history_case, .first_seed = 1, .count = RANDOM_PLANS, .factor = 15485863, .most_refused = RANDOM_PLANS / 4, .fewest_rows = RANDOM_PLANS});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories)};
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
