/*
 * History: what the rows of a stage were like in each span of time, by keys. Rows come in order of time, so a group has one span that
 * is still open, with its functions, and those before it, which are values only. Nobody is handed rows: expressions of other stages
 * ask for the observations in front of a window (observed), at a time when all that they may see is complete.
 *
 * An observation is forgotten when no window that is still open can look back at it.
 */
#include "engine/history.h"

#include "engine/accumulator.h"
#include "ir/walk.h"

typedef struct {
    timestamp start;
    value values[];               /* of the functions, as many as there are */
} observation;

typedef struct {
    group_head head;
    observation **closed;         /* in order of start, from `first` on */
    size_t first, count, cap;
    timestamp open;               /* start of the span that rows come for now */
    bool has_open;
    accumulator *accumulators;
} history_group;

struct history_state {
    const aggregate_kind **kinds;
    group_table groups;
    ir_key *keys;                 /* as rows that ask have them: of their own expressions */
    int64_t reach;                /* how far behind the present an observation may lie that is still asked for; INT64_MAX: all */
    timestamp swept;
    arena *values;                /* of one observation */
};

static timestamp before(timestamp t, int64_t by) { return t < INT64_MIN + 1 + by ? INT64_MIN + 1 : t - by; }

/* The last multiple of the length up to a time. */
static timestamp multiple_of(int64_t length, timestamp t) { return before(t, t % length < 0 ? t % length + length : t % length); }

/* Observations that begin in [from, until) are seen from a window that begins at t. */
typedef struct { timestamp from, until; } history_view;

static history_view view_of(const stage *s, timestamp t)
{
    timestamp until = multiple_of(s->as.history.every, t);
    return (history_view){s->as.history.since ? multiple_of(s->as.history.over, t) : before(until, s->as.history.over), until};
}

/* ---- what it may be asked ---- */

static void find_question(const expr *e, void *user);

static bool is_question(const expr *e, bool negated, void *user)
{
    (void)negated;
    *(bool *)user |= expr_is_observed(e);
    return true;
}

static void find_question(const expr *e, void *user)
{
    if (e) ir_walk_expr(NULL, e, is_question, user);
}

static bool asks(const stage *s)
{
    bool found = false;
    ir_each_stage_expr(s, find_question, &found);
    return found;
}

/* How long after the begin of a window, at most, the stages of the plan still look at it. */
static int64_t longest_window(const plan *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        int64_t own = 0;
        if (s->kind == STAGE_JOIN) own = s->as.join.within ? s->as.join.within : INT64_MAX;
        if (s->kind == STAGE_SEQUENCE) own = s->as.sequence.span ? s->as.sequence.span : INT64_MAX;
        if (s->kind == STAGE_AGGREGATE) {
            const ir_window *w = &s->as.aggregate.window;
            bool of_event = false;
            for (size_t k = 0; k < s->as.aggregate.key_count; k++) of_event |= is_part_key(&s->as.aggregate.keys[k]);
            bool endless = (w->kind == WINDOW_NONE && !of_event) || w->kind == WINDOW_ROWS || w->kind == WINDOW_SESSION;
            if (endless || s->as.aggregate.output == OUTPUT_RUNNING || __builtin_add_overflow(w->span, w->step, &own)) own = INT64_MAX;
        }
        if (__builtin_add_overflow(sum, own, &sum)) return INT64_MAX;
    }
    return sum;
}

static int64_t reach_of(const stage *s, const plan *p)
{
    int64_t reach = longest_window(p);
    /* twice: what waits for absence lives in the past as well */
    if (__builtin_mul_overflow(reach, 2, &reach) || __builtin_add_overflow(reach, s->as.history.over, &reach)) return INT64_MAX;
    if (__builtin_add_overflow(reach, s->as.history.every, &reach) || __builtin_add_overflow(reach, s->as.history.every, &reach)) return INT64_MAX;
    return reach;
}

static const char *history_open(stage_run *run, node *n)
{
    const stage *s = n->stage;
    history_state *st = ARENA_NEW(run->arena, history_state);
    st->kinds = ARENA_ARRAY(run->arena, const aggregate_kind *, s->as.history.function_count + 1);
    for (size_t i = 0; i < s->as.history.function_count; i++) {
        st->kinds[i] = aggregate_kind_find(s->as.history.functions[i].function);
        if (!st->kinds[i] || aggregate_keeps_rows(st->kinds[i])) return "its history has a function that needs all rows at once";
    }
    if (s->as.history.every <= 0 || s->as.history.over <= 0) return "the spans of its history have no length";
    if (n->late || n->lag || n->context) return "its history is of rows that come later than their time";
    if (asks(s)) return "a history asks another one";
    const char *reason = keys_problem(s->as.history.keys, s->as.history.key_count);
    if (reason) return reason;
    st->reach = reach_of(s, n->plan);
    st->swept = INT64_MIN;
    st->keys = ARENA_ARRAY(run->arena, ir_key, s->as.history.key_count + 1);
    for (size_t i = 0; i < s->as.history.key_count; i++) {
        st->keys[i] = s->as.history.keys[i];
        st->keys[i].many = MANY_ANY;
    }
    st->values = arena_new();
    for (size_t i = 0; i < s->as.history.function_count; i++)
        node_add_column(run, n, (row_column){.name = s->as.history.functions[i].name});
    n->part_name_count = 0;
    n->state = st;
    vec_push(&run->histories, n);
    return NULL;
}

/* ---- observations ---- */

static void drop_first(stage_run *run, const node *n, history_group *g)
{
    size_t bytes = sizeof(observation) + n->stage->as.history.function_count * sizeof(value);
    mem_free(g->closed[g->first++]);
    g->count--;
    g->head.bytes -= bytes;
    run->bytes -= bytes;
}

static void keep(stage_run *run, const node *n, history_group *g, const row *made)
{
    size_t count = n->stage->as.history.function_count, bytes = sizeof(observation) + count * sizeof(value);
    if (g->first && g->first + g->count == g->cap) {
        memmove(g->closed, g->closed + g->first, g->count * sizeof *g->closed);
        g->first = 0;
    }
    if (g->first + g->count == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 4;
        observation **grown = mem_zalloc(cap, sizeof(observation *));
        if (g->count) memcpy(grown, g->closed + g->first, g->count * sizeof *grown);
        mem_free(g->closed);
        g->closed = grown;
        g->cap = cap;
        g->first = 0;
    }
    observation *o = mem_alloc(bytes);
    o->start = made->window_start;
    for (size_t i = 0; i < count; i++) o->values[i] = made->columns[i];
    g->closed[g->first + g->count++] = o;
    g->head.bytes += bytes;
    run->bytes += bytes;
}

/* The open span is over: its functions become values. */
static void close_span(stage_run *run, const node *n, history_group *g)
{
    history_state *st = n->state;
    const stage *s = n->stage;
    if (!g->has_open) return;
    arena_reset(st->values);
    window_rows w = {.input = n->inputs[0], .start = g->open, .end = time_sum(g->open, s->as.history.every)};
    row *made = row_new(run, n->column_count, 0);
    made->time = made->start = made->window_start = g->open;
    made->window_end = w.end;
    made->bounded = true;
    for (size_t i = 0; i < s->as.history.function_count; i++) {
        value v = accumulator_value(&g->accumulators[i], st->kinds[i], &s->as.history.functions[i], &w, st->values);
        row_set_column(made, node_column(n, s->as.history.functions[i].name), &v);
        accumulator_free(&g->accumulators[i]);
    }
    if (row_true(n, made, s->as.history.having, st->values)) keep(run, n, g, made);
    row_release(made);
    g->has_open = false;
}

static void forget(stage_run *run, const node *n, history_group *g, timestamp now)
{
    const history_state *st = n->state;
    if (st->reach == INT64_MAX) return;
    while (g->count && g->closed[g->first]->start < before(now, st->reach)) drop_first(run, n, g);
}

static void drop_group(stage_run *run, const node *n, history_group *g)
{
    history_state *st = n->state;
    for (size_t i = 0; g->accumulators && i < n->stage->as.history.function_count; i++) accumulator_free(&g->accumulators[i]);
    mem_free(g->accumulators);
    while (g->count) drop_first(run, n, g);
    mem_free(g->closed);
    group_remove(run, &st->groups, &g->head);
}

/* Now and then all groups: those that nothing came for may be forgotten as well. */
static void sweep(stage_run *run, const node *n, timestamp now)
{
    history_state *st = n->state;
    if (st->reach == INT64_MAX || (st->swept != INT64_MIN && now < time_sum(st->swept, st->reach))) return;
    st->swept = now;
    for (size_t i = 0; st->groups.buckets && i <= st->groups.mask; i++)
        for (group_head *h = st->groups.buckets[i], *next; h; h = next) {
            history_group *g = (history_group *)h;
            next = h->next;
            forget(run, n, g, now);
            if (g->count == 0 && (!g->has_open || g->open < before(now, st->reach))) drop_group(run, n, g);
        }
}

/* ---- rows come ---- */

static void take(stage_run *run, node *n, const row_key_way *key, const row *r)
{
    history_state *st = n->state;
    const stage *s = n->stage;
    history_group *g = (history_group *)group_of(run, &st->groups, key, 0, sizeof *g);
    timestamp start = multiple_of(s->as.history.every, r->time);
    if (!g->accumulators) {
        size_t bytes = s->as.history.function_count * sizeof *g->accumulators;
        g->accumulators = mem_zalloc(s->as.history.function_count + 1, sizeof *g->accumulators);
        g->head.bytes += bytes;
        run->bytes += bytes;
    }
    if (g->has_open && g->open != start) close_span(run, n, g);
    forget(run, n, g, r->time);
    g->open = start;
    g->has_open = true;
    for (size_t i = 0; i < s->as.history.function_count; i++)
        accumulator_change(&g->accumulators[i], st->kinds[i], n->inputs[0], &s->as.history.functions[i], r, true, run->scratch);
}

static void history_push(stage_run *run, node *n, size_t input, row *r)
{
    const stage *s = n->stage;
    (void)input;
    if (r->time == TIMESTAMP_NONE) return;
    sweep(run, n, r->time);
    if (run_is_full(run)) {
        run->evicted++;
        return;
    }
    arena_reset(run->scratch);
    row_key_ways keys = row_keys_of(n->inputs[0], r, s->as.history.keys, s->as.history.key_count, run->scratch);
    for (size_t i = 0; i < keys.ways.len; i++) {
        bool again = false; /* a list that names one thing twice */
        for (size_t k = 0; k < i && !again; k++) again = str_equal(keys.ways.at[k].text, keys.ways.at[i].text);
        if (!again) take(run, n, &keys.ways.at[i], r);
    }
}

static void history_close(stage_run *run, node *n)
{
    history_state *st = n->state;
    if (!st) return;
    for (size_t i = 0; st->groups.buckets && i <= st->groups.mask; i++)
        while (st->groups.buckets[i]) drop_group(run, n, (history_group *)st->groups.buckets[i]);
    group_table_free(&st->groups);
    arena_free(st->values);
    for (size_t i = 0; i < run->histories.len; i++)
        if (run->histories.at[i] == n) run->histories.at[i--] = run->histories.at[--run->histories.len];
    n->state = NULL;
}

const stage_ops history_ops = {history_open, history_push, NULL, NULL, history_close};

/* ---- questions ---- */

bool expr_is_observed(const expr *e)
{
    return e->kind == EXPR_CALL && str_equal(e->as.call.name, STR("observed")) && e->count && e->args[0]->kind == EXPR_FIELD;
}

static node *history_named(const stage_run *run, const plan *p, pk_str name)
{
    for (size_t i = 0; i < run->histories.len; i++)
        if (run->histories.at[i]->plan == p && str_equal(run->histories.at[i]->stage->name, name)) return run->histories.at[i];
    return NULL;
}

bool history_same_view(const stage_run *run, const plan *p, timestamp x, timestamp y)
{
    for (size_t i = 0; i < run->histories.len && x != y; i++) {
        const node *h = run->histories.at[i];
        history_view of_x = view_of(h->stage, x), of_y = view_of(h->stage, y);
        if (h->plan == p && (of_x.from != of_y.from || of_x.until != of_y.until)) return false;
    }
    return true;
}

static timestamp asked_at(const stage_run *run, const row *r)
{
    return run->window ? *run->window : r->bounded ? r->window_start : r->start;
}

/* The logs may begin later than what is asked for: told once. */
static void note_shortness(stage_run *run, const node *h, timestamp from)
{
    if (run->first_time == TIMESTAMP_NONE || from >= run->first_time) return;
    if (h->stage->as.history.over > run->short_history) run->short_history = h->stage->as.history.over;
}

static history_group *group_asked(const history_state *st, pk_str key)
{
    uint64_t hash = hash_str(key);
    for (group_head *g = st->groups.buckets ? st->groups.buckets[hash & st->groups.mask] : NULL; g; g = g->next)
        if (g->hash == hash && str_equal(g->key, key)) return (history_group *)g;
    return NULL;
}

static size_t first_from(const history_group *g, timestamp from)
{
    size_t low = 0, high = g->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (g->closed[g->first + middle]->start < from) low = middle + 1;
        else high = middle;
    }
    return low;
}

void history_values(const node *n, const row *r, const expr *e, arena *a, list_builder *out)
{
    stage_run *run = n->run;
    const ir_field *f = &e->args[0]->as.field;
    node *h = history_named(run, n->plan, f->part);
    timestamp t = asked_at(run, r);
    if (!h || t == TIMESTAMP_NONE || e->count != h->stage->as.history.key_count + 1) return;
    const stage *s = h->stage;
    history_state *st = h->state;
    history_view seen = view_of(s, t);
    note_shortness(run, h, seen.from);
    for (size_t i = 0; i < s->as.history.key_count; i++) st->keys[i].value = e->args[i + 1];
    row_key_ways keys = row_keys_of(n, r, st->keys, s->as.history.key_count, a);
    history_group *g = keys.ways.len ? group_asked(st, keys.ways.at[0].text) : NULL;
    if (!g) return;
    if (g->has_open && g->open < seen.until) close_span(run, h, g); /* no more rows can come for it */
    size_t column = node_column(h, f->path);
    bool is_start = column == STR_NPOS && str_equal(f->path, STR("period_start"));
    for (size_t i = first_from(g, seen.from); i < g->count && g->closed[g->first + i]->start < seen.until; i++) {
        const observation *o = g->closed[g->first + i];
        value v = is_start ? (value){.type = VALUE_TIME, .as.time = o->start} : column == STR_NPOS ? value_null() : o->values[column];
        if (!value_is_nothing(&v)) list_add(a, out, v);
    }
}
