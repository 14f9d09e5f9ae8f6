/*
 * History in the evaluator: all rows of the input are put into spans by key, once, and each question looks through all
 * observations that came of it.
 */
#include "ir/eval_private.h"

#include <stdlib.h>

typedef struct {
    pk_str key;
    timestamp start;
    VEC(const row *) rows;
    value columns;
    bool holds;
} observation;

struct history {
    VEC(observation) items;       /* in order of start */
};

timestamp span_start(timestamp t, int64_t length)
{
    int64_t behind = t % length < 0 ? t % length + length : t % length;
    return time_later(t, -behind);
}

/* ---- observations ---- */

static void add_row(plan_run *run, const stage *s, struct history *h, table *places, const row *r)
{
    bool passes;
    timestamp start = span_start(r->time, s->as.history.every);
    row_keys keys = keys_of(run, r, s->as.history.keys, s->as.history.key_count, &passes);
    for (size_t i = 0; i < keys.items.len && eval_spend(run); i++) {
        pk_str place = arena_printf(run->arena, "%lld " STR_FMT, (long long)start, STR_ARG(keys.items.at[i].text));
        if (table_put(places, place, (uint32_t)h->items.len))
            vec_push_in(run->arena, &h->items, ((observation){.key = keys.items.at[i].text, .start = start}));
        observation *o = &h->items.at[table_get(places, place)];
        bool again = o->rows.len && o->rows.at[o->rows.len - 1] == r; /* a list that names one thing twice */
        if (!again) vec_push_in(run->arena, &o->rows, r);
    }
}

/* min and max are of numbers here: none of them, or a time among them, gives nothing. */
static bool of_numbers(plan_run *run, const ir_aggregate_function *f, const window *w)
{
    bool some = false;
    for (size_t i = 0; i < w->count && f->count; i++) {
        eval_env env = env_of(run, w->at[i]);
        list_builder values = {0};
        double d;
        if (!eval_true(&env, f->filter)) continue;
        eval_values(&env, f->args[0], &values);
        for (size_t k = 0; k < values.items.len; k++) {
            if (values.items.at[k].type == VALUE_TIME) return false;
            some |= value_number(&values.items.at[k], &d) && d == d;
        }
    }
    return some;
}

static value function_value(plan_run *run, const ir_aggregate_function *f, const window *w)
{
    bool extreme = str_equal(f->function, STR("min")) || str_equal(f->function, STR("max"));
    return extreme && !of_numbers(run, f, w) ? value_null() : aggregate_value(run, f, w);
}

static void compute(plan_run *run, const stage *s, observation *o)
{
    window w = {o->rows.at, o->rows.len, {o->start, time_later(o->start, s->as.history.every)}};
    row made = {.time = o->start, .columns = {.type = VALUE_RECORD}, .has_window = true, .window = w.bounds};
    row_set(run->arena, &made, STR("period_start"), (value){.type = VALUE_TIME, .as.time = o->start});
    for (size_t i = 0; i < s->as.history.function_count; i++)
        row_set(run->arena, &made, s->as.history.functions[i].name, function_value(run, &s->as.history.functions[i], &w));
    eval_env env = env_of(run, &made);
    o->columns = made.columns;
    o->holds = eval_true(&env, s->as.history.having);
}

static int by_start(const void *x, const void *y)
{
    const observation *a = x, *b = y;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return str_compare(a->key, b->key);
}

static void observe(plan_run *run, const stage *s, size_t at)
{
    struct history *h = ARENA_NEW(run->arena, struct history);
    table places = {0};
    run->window = NULL;
    run->histories[at] = h; /* one that asks for itself finds nothing yet */
    const row_list *input = s->input_count ? run_stage(run, s->inputs[0]) : NULL;
    for (size_t i = 0; input && i < input->items.len && s->as.history.every > 0; i++)
        if (input->items.at[i].time != TIMESTAMP_NONE) add_row(run, s, h, &places, &input->items.at[i]);
    for (size_t i = 0; i < h->items.len; i++) compute(run, s, &h->items.at[i]);
    if (h->items.len) qsort(h->items.at, h->items.len, sizeof *h->items.at, by_start);
    table_free(&places);
}

/* ---- questions ---- */

static const stage *history_named(const plan *p, pk_str name, size_t *at)
{
    for (*at = 0; *at < p->stage_count; ++*at)
        if (p->stages[*at]->kind == STAGE_HISTORY && str_equal(p->stages[*at]->name, name)) return p->stages[*at];
    return NULL;
}

/* The keys as rows of the history have them; false: one is absent. */
static bool key_of_arguments(eval_env *env, const stage *s, const expr *call, pk_str *out)
{
    const ir_key *keys = s->as.history.keys;
    ir_key *asked = ARENA_ARRAY(env->arena, ir_key, s->as.history.key_count);
    bool passes;
    for (size_t i = 0; i < s->as.history.key_count; i++) {
        asked[i] = keys[i];
        asked[i].value = call->args[i + 1];
        asked[i].many = MANY_ANY;
    }
    row_keys found = keys_of(env->run, env->row, asked, s->as.history.key_count, &passes);
    if (!found.items.len) return false;
    *out = found.items.at[0].text;
    return true;
}

/* Where the row's window begins: of the aggregate that looks at it, else its own. */
static timestamp asked_at(const eval_env *env)
{
    if (env->run->window) return env->run->window->from;
    return env->row->has_window ? env->row->window.from : begin_of(env->row);
}

void eval_observed(eval_env *env, const expr *call, list_builder *out)
{
    size_t at;
    pk_str key;
    if (!env->run || !env->run->histories || !call->count || call->args[0]->kind != EXPR_FIELD) return;
    const ir_field *f = &call->args[0]->as.field;
    const stage *s = history_named(env->run->plan, f->part, &at);
    timestamp t = asked_at(env);
    if (!s || call->count != s->as.history.key_count + 1 || t == TIMESTAMP_NONE || s->as.history.every <= 0 || s->as.history.over <= 0) return;
    plan_run run = *env->run;
    if (!run.histories[at]) observe(&run, s, at);
    timestamp until = span_start(t, s->as.history.every);
    timestamp from = s->as.history.since ? span_start(t, s->as.history.over) : time_later(until, -s->as.history.over);
    if (!key_of_arguments(env, s, call, &key)) return;
    for (size_t i = 0; i < run.histories[at]->items.len; i++) {
        const observation *o = &run.histories[at]->items.at[i];
        if (!o->holds || o->start < from || o->start >= until || !str_equal(o->key, key)) continue;
        const value *v = value_get(&o->columns, f->path);
        if (v && !value_is_absent(v)) list_add(env->arena, out, *v);
    }
}
