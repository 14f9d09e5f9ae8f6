/*
 * Random plans with joins, lists opened into copies, contexts, absence and the windows over them, of the shape that rules over
 * several events have; and random events and context records for them. For joins_test.c and fuzz/joins_fuzz.c.
 */
#ifndef PICKET_TESTS_ENGINE_RANDOM_JOINS_H
#define PICKET_TESTS_ENGINE_RANDOM_JOINS_H

#include "plan_bench.h"

/* ---- a random plan ---- */

typedef struct {
    random_source *random;
    text *out;
    bool ip[4], sr[4], made[4];   /* of variable 0 to 3: "V.ip", "V.sr.a" and "V.sr.s" are columns; so is "V:x" */
    unsigned events;              /* variables that are events: the first ones */
    bool context;                 /* variable `t` is there */
    bool rows;                    /* `w` is: rows of the plan, with the columns "%w.who" and "%w.level" */
} plan_maker;

static const char *const variables[] = {"e", "f", "g", "b"};

static inline bool one_in(plan_maker *p, unsigned n) { return below(p->random, n) == 0; }

/* Copies of what variable `v` matched, tests that read them, and a column that is computed. Returns the last stage's name. */
static inline pk_str put_variable(plan_maker *p, arena *a, unsigned v)
{
    static const char *const kinds[] = {"'a'", "any('b', 'd')", "'c'", "'b'"};
    static const char *const lists[] = {"%s.ip[]@rec", "%s.sr[].a[]@rec, %s.sr[].s@rec", "%s.sr[].a[]@rec, %s.sr[].s@rec, %s.ip[]@rec"};
    static const char *const more[] = {"", "", " and n compare >= zero 0", " and not u equals exact zero 'eve'", " and any ip equals exact 'p'"};
    const char *name = variables[v];
    pk_str last = str_from(name);
    text_printf(p->out, "%s = match @rec where k equals exact %s%s\n", name, kinds[v], PICK(p->random, more));
    if (one_in(p, 3)) {
        unsigned list = below(p->random, 3);
        text_printf(p->out, "%sx = expand %s over ", name, name);
        text_printf(p->out, lists[list], name, name, name);
        if (one_in(p, 4)) text_put_cstring(p->out, " missing zero");
        if (one_in(p, 3)) text_printf(p->out, " at most %u", 1 + below(p->random, 6));
        text_put_char(p->out, '\n');
        p->ip[v] = list != 1;
        p->sr[v] = list != 0;
        last = arena_printf(a, "%sx", name);
        if (one_in(p, 2)) {
            text_printf(p->out, "%sw = where " STR_FMT ": ", name, STR_ARG(last));
            if (p->ip[v]) text_printf(p->out, "not \"%s.ip\" equals exact zero 'q'", name);
            else text_printf(p->out, "\"%s.sr.a\" equals exact zero 'A' or \"%s.sr.s\" match zero 's'", name, name);
            text_put_char(p->out, '\n');
            last = arena_printf(a, "%sw", name);
        }
    }
    if (one_in(p, 4)) {
        text_printf(p->out, "%sd = derive " STR_FMT ": \"%s:x\" = coalesce(%s.h@rec, %s.u@rec)\n", name, STR_ARG(last), name, name, name);
        p->made[v] = true;
        last = arena_printf(a, "%sd", name);
    }
    return last;
}

/* A side of a key that variable `v` gives. */
static inline void put_side(plan_maker *p, unsigned v)
{
    const char *name = variables[v];
    unsigned kind = below(p->random, 8);
    if (p->ip[v] && kind < 3) text_printf(p->out, "\"%s.ip\"", name);
    else if (p->made[v] && kind < 5) text_printf(p->out, "\"%s:x\"", name);
    else if (p->sr[v] && kind == 4) text_printf(p->out, "\"%s.sr.s\"", name);
    else if (kind == 5) text_printf(p->out, "non_zero(%s.u@rec)", name);
    else if (kind == 6) text_printf(p->out, "%s.n@rec", name);
    else text_printf(p->out, "%s.%s@rec", name, kind == 7 ? "h" : "u");
}

static inline void put_key_flags(plan_maker *p)
{
    static const char *const flags[] = {"", "", " (missing zero)", " (missing zero)", " (missing group)", " (missing skip)"};
    text_put_cstring(p->out, PICK(p->random, flags));
}

/* Conditions over several parts, of which one is always there. */
static inline void put_conditions(plan_maker *p, const char *x, const char *y)
{
    static const char *const conditions[] = {
        "%s.time < %s.time", "%s.time <= %s.time", "%s.n@rec < missing zero %s.n@rec", "%s.h@rec != exact missing zero %s.h@rec",
        "%s.h@rec = exact missing zero %s.h@rec", "coalesce(%s.n@rec, 0) + 1 > coalesce(%s.n@rec, 0)"};
    text_printf(p->out, " where ");
    text_printf(p->out, PICK(p->random, conditions), x, y);
    if (one_in(p, 4)) text_printf(p->out, " and not %s.u@rec equals exact zero 'bob'", y);
}

static inline unsigned seconds(plan_maker *p)
{
    static const unsigned spans[] = {1, 3, 5, 10, 20};
    return PICK(p->random, spans);
}

/* All variables but an optional one. Every one has a key in common with the one before. */
static inline void put_join(plan_maker *p, const pk_str *last)
{
    text_put_cstring(p->out, "j = join ");
    for (unsigned v = 0; v < p->events; v++) text_printf(p->out, "%s" STR_FMT, v ? ", " : "", STR_ARG(last[v]));
    text_printf(p->out, "%s%s on ", p->context ? ", t" : "", p->rows ? ", w" : "");
    for (unsigned v = 1; v < p->events; v++) {
        text_printf(p->out, "%sk%u: ", v > 1 ? ", " : "", v);
        put_side(p, v - 1);
        text_put_cstring(p->out, " = ");
        put_side(p, v);
        put_key_flags(p);
    }
    if (p->events > 1 && one_in(p, 4)) text_put_cstring(p->out, ", k9: e.h@rec = f.h@rec (missing zero)");
    if (p->context) {
        text_printf(p->out, "%skt: ", p->events > 1 ? ", " : "");
        put_side(p, below(p->random, p->events));
        text_put_cstring(p->out, one_in(p, 2) ? " = t.who@rec-entity" : " = t.ips@rec-entity");
        put_key_flags(p);
    }
    bool keyed = p->events > 1 || p->context;
    if (p->rows && (!keyed || one_in(p, 2))) {
        text_printf(p->out, "%skw: ", keyed ? ", " : "");
        put_side(p, below(p->random, p->events));
        text_put_cstring(p->out, " = \"%w.who\"");
        put_key_flags(p);
    }
    if (p->events > 1) text_printf(p->out, " within %us", seconds(p));
    bool conditions = p->events > 1 && one_in(p, 2);
    if (conditions) put_conditions(p, "e", "f");
    if (p->rows && one_in(p, 2))
        text_printf(p->out, " %s %s", conditions ? "and" : "where", one_in(p, 2) ? "\"%w.level\" < missing zero e.n@rec" : "not \"%w.who\" = exact missing zero e.u@rec");
    text_put_char(p->out, '\n');
}

/* Rows that the plan holds, sometimes none. */
static inline void put_rows(plan_maker *p)
{
    static const char *const names[] = {"'ann'", "'bob'", "''", "'h0'", "'h1'", "'p'", "1", "null"};
    unsigned count = one_in(p, 8) ? 0 : 3 + below(p->random, 4);
    text_put_cstring(p->out, "w = rows (\"%w.who\", \"%w.level\")");
    for (unsigned i = 0; i < count; i++) text_printf(p->out, "%s[%s, %u]", i ? ", " : ": ", PICK(p->random, names), below(p->random, 3));
    text_put_char(p->out, '\n');
}

static inline void put_optional_join(plan_maker *p, const char *input, pk_str last)
{
    text_printf(p->out, "o = join %s, " STR_FMT " optional on ok: ", input, STR_ARG(last));
    put_side(p, 0);
    text_put_cstring(p->out, " = ");
    put_side(p, 3);
    put_key_flags(p);
    text_printf(p->out, " within %us", seconds(p));
    if (one_in(p, 3)) put_conditions(p, "e", "b");
    text_put_char(p->out, '\n');
}

static inline void put_functions(plan_maker *p, bool optional)
{
    static const char *const functions[] = {
        "count()", "count(e.n@rec)", "count_each(e.ip@rec)", "count_distinct(e.u@rec)", "count_distinct_each(e.ip@rec)", "sum(coalesce(e.n@rec, 0))",
        "max(if(e.n@rec > 1, 40, 0) + if(e.h@rec = exact 'h1', 20, 0) + 10)", "min(e.n@rec)", "max(e.time)", "mean(e.n@rec)", "variance(e.n@rec)",
        "deviation(e.n@rec)", "distinct_list(non_zero(e.u@rec)) at most 2", "distinct_list(e.ip@rec) at most 3", "list(e.h@rec) at most 4", "first(e.h@rec)",
        "last(e.h@rec)", "mode(e.h@rec)", "at_max(e.h@rec, e.n@rec)", "at_min(e.time, e.n@rec)", "window_start()", "window_end()", "values(e.ip@rec)"};
    static const char *const of_second[] = {"count_distinct(f.h@rec)", "list(f.n@rec) at most 5", "sum(f.n@rec)", "distinct_list(concat(e.h@rec, f.h@rec))",
                                            "max(if(f.time > e.time, 1, 0))", "at_max(e.h@rec, f.time)"};
    text_put_cstring(p->out, ": \"#e\" = parts(e)");
    if (p->events > 1) text_put_cstring(p->out, ", \"#f\" = parts(f)");
    if (p->events > 2) text_put_cstring(p->out, ", \"#g\" = parts(g)");
    if (optional) text_put_cstring(p->out, ", \"#b\" = parts(b), away = list(b.h@rec) at most 3");
    if (p->context) text_put_cstring(p->out, ", \"#t\" = parts(t), level = distinct_list(t.level@rec-entity)");
    if (p->rows) text_put_cstring(p->out, ", held = count(\"%w.level\"), whose = distinct_list(\"%w.who\")");
    text_printf(p->out, ", n = %s, m = %s", PICK(p->random, functions), PICK(p->random, functions));
    if (p->events > 1) text_printf(p->out, ", s = %s", PICK(p->random, of_second));
    if (p->ip[0]) text_put_cstring(p->out, ", ips = distinct_list(\"e.ip\") at most 2, copies = count(\"e.ip\")");
    if (p->sr[0]) text_put_cstring(p->out, ", pairs = list(concat(\"e.sr.a\", \"e.sr.s\"))");
}

static inline void put_having(plan_maker *p, bool optional)
{
    static const char *const having[] = {"", "", " having \"#e\" > 0", " having \"#e\" >= 2", " having \"#e\" > 1 and n > 0", " having n > 1 or \"#e\" = 1",
                                         " having \"#e\" < 3", " having not n > 1"};
    if (optional && !one_in(p, 3)) text_put_cstring(p->out, one_in(p, 2) ? " having \"#e\" > 0 and \"#b\" = 0" : " having \"#b\" < 2");
    else text_put_cstring(p->out, PICK(p->random, having));
}

static inline void put_aggregate(plan_maker *p, const char *input, bool optional)
{
    static const char *const keys[] = {" by user = non_zero(e.u@rec)", " by user = e.u@rec (missing zero)", " by user = non_zero(e.u@rec), host = e.h@rec (missing zero)",
                                       " by host = non_zero(e.h@rec)", ""};
    text_printf(p->out, "a = aggregate %s", input);
    unsigned window = below(p->random, 8);
    if (window == 0) text_put_cstring(p->out, " by event = part(e)");
    else {
        if (p->ip[0] && one_in(p, 3)) text_put_cstring(p->out, " by ip = non_zero(\"e.ip\")");
        else text_put_cstring(p->out, PICK(p->random, keys));
        if (window < 5) text_printf(p->out, " window anchored %us", seconds(p));
        else if (window == 5) text_printf(p->out, " window tumbling %us", seconds(p));
        else text_printf(p->out, " window around e %us step %us", window == 6 ? 0 : seconds(p), window == 7 && one_in(p, 2) ? 0 : seconds(p));
    }
    put_functions(p, optional);
    put_having(p, optional);
    text_put_char(p->out, '\n');
}

static inline void put_plan(text *t, random_source *r, arena *a)
{
    plan_maker p = {.random = r, .out = t};
    pk_str last[4];
    p.events = below(r, 3) ? 1 + below(r, 2) : 1 + below(r, 3);
    p.context = one_in(&p, 3);
    p.rows = one_in(&p, 4);
    bool optional = one_in(&p, 3), joined = p.events > 1 || p.context || p.rows;
    const char *input = "j";
    for (unsigned v = 0; v < p.events; v++) last[v] = put_variable(&p, a, v);
    if (optional) last[3] = put_variable(&p, a, 3);
    if (p.context) text_printf(t, "t = context @rec-entity%s\n", one_in(&p, 2) ? " where level compare > 0" : "");
    if (p.rows) put_rows(&p);
    if (joined) put_join(&p, last);
    text plain = {0};
    if (!joined) {
        text_put(&plain, last[0]);
        text_put_char(&plain, '\0');
        input = plain.ptr;
    }
    if (optional) {
        put_optional_join(&p, input, last[3]);
        input = "o";
    }
    put_aggregate(&p, input, optional);
    text_free(&plain);
    bool derived = one_in(&p, 3);
    if (derived) text_put_cstring(t, "z = derive a: twice = \"#e\" * 2, drop m\n");
    text_printf(t, "alert %s%s\n", derived ? "z" : "a", one_in(&p, 2) ? " risk if(\"#e\" > 1, 90, 35)" : "");
}

/* ---- random events and context records ---- */

static inline void put_list(text *t, random_source *r)
{
    static const char *const values[] = {"'p'", "'q'", "'r'", "''"}, *const single[] = {"'p'", "'q'", "''", "7"};
    unsigned n = below(r, 4);
    if (n == 3 && below(r, 2)) {
        text_printf(t, "%s", PICK(r, single));
        return;
    }
    text_put_char(t, '[');
    for (unsigned i = 0; i < n; i++) text_printf(t, "%s%s", i ? ", " : "", PICK(r, values));
    text_put_char(t, ']');
}

static inline void put_records(text *t, random_source *r)
{
    static const char *const actions[] = {"'A'", "['A', 'B']", "[]", "['B']", "'B'"}, *const notes[] = {"'s1'", "'s2'", "'x'", "''"};
    text_put_char(t, '[');
    for (unsigned i = 0, n = below(r, 3); i < n; i++) {
        text_printf(t, "%s{", i ? ", " : "");
        if (below(r, 4)) text_printf(t, "'a': %s, ", PICK(r, actions));
        text_printf(t, "'s': %s}", PICK(r, notes));
    }
    text_put_char(t, ']');
}

static inline void put_events(text *t, random_source *r)
{
    static const char *const kinds[] = {"a", "a", "a", "b", "b", "c", "d"}, *const users[] = {"'ann'", "'ann'", "'bob'", "'eve'", "''", "null", "'p'"};
    static const char *const numbers[] = {"0", "1", "2", "3", "'2'", "0.5", "null"};
    unsigned count = 4 + below(r, 36), latest = 3 + below(r, 40);
    for (unsigned i = 0; i < count; i++) {
        text_printf(t, "x %u%s {'k': '%s'", below(r, latest), below(r, 4) ? "" : ".5", PICK(r, kinds));
        if (below(r, 8)) text_printf(t, ", 'u': %s", PICK(r, users));
        if (below(r, 6)) text_printf(t, ", 'h': 'h%u'", below(r, 3));
        if (below(r, 3)) text_printf(t, ", 'n': %s", PICK(r, numbers));
        if (below(r, 3)) text_put_cstring(t, ", 'ip': "), put_list(t, r);
        if (below(r, 2)) text_put_cstring(t, ", 'sr': "), put_records(t, r);
        text_put_cstring(t, "}\n");
    }
}

static inline void put_context(text *t, random_source *r)
{
    static const char *const names[] = {"'ann'", "'bob'", "''", "'h1'", "'p'"};
    for (unsigned i = 0, n = 1 + below(r, 4); i < n; i++) {
        text_printf(t, "{'level': %u", below(r, 3));
        if (below(r, 6)) text_printf(t, ", 'who': %s", PICK(r, names));
        if (below(r, 2)) text_printf(t, ", 'ips': %s", PICK(r, names));
        text_put_cstring(t, "}\n");
    }
}

/* A whole case; its texts live in `a`. */
static inline plan_case random_case(random_source *r, arena *a)
{
    text source = {0}, events = {0}, records = {0};
    put_plan(&source, r, a);
    put_events(&events, r);
    put_context(&records, r);
    return (plan_case){generated(&source, a), generated(&events, a), generated(&records, a)};
}

#endif
