/* Stages that look at one row at a time: match, rule, where, derive, union; and the quiet time behind an alert. */
#include "engine/stages.h"

#include <stdlib.h>

/* ---- columns ---- */

static void same_columns(node *n)
{
    n->columns = n->inputs[0]->columns;
    n->column_count = n->inputs[0]->column_count;
}

static void add_columns_of(stage_run *run, node *n, const node *from)
{
    for (size_t i = 0; i < from->column_count; i++)
        if (node_column(n, from->columns[i].name) == STR_NPOS) node_add_column(run, n, from->columns[i]);
}

/* A row of node `n` with the columns that a row of `from` has. */
static row *row_through(stage_run *run, const node *n, const node *from, const row *r)
{
    row *made = row_like(run, r, n->column_count);
    for (size_t i = 0; i < r->column_count; i++)
        if (r->columns[i].type != VALUE_MISSING) row_set_column(made, node_column(n, from->columns[i].name), &r->columns[i]);
    return made;
}

/* Columns are made one after the other: each sees those before it. One without a value is dropped. */
static void make_columns(stage_run *run, const node *n, row *r, const ir_column *columns, size_t count)
{
    const value none = {.type = VALUE_MISSING};
    for (size_t i = 0; i < count; i++) {
        value v = columns[i].value ? row_value(n, r, columns[i].value, run->scratch) : none;
        row_set_column(r, node_column(n, columns[i].name), &v);
    }
}

static void add_made_columns(stage_run *run, node *n, const ir_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (node_column(n, columns[i].name) == STR_NPOS) node_add_column(run, n, (row_column){.name = columns[i].name});
}

/* ---- sources: their rows come from the run (stages.c) ---- */

static void pass_on(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    node_emit(run, n, r);
}

static const char *match_open(stage_run *run, node *n)
{
    (void)run;
    (void)n;
    return NULL;
}

/* A rule without stages gives its events, a correlation the rows that are its alerts. */
static const char *rule_open(stage_run *run, node *n)
{
    const rule *source = n->stage->as.rule.rule;
    if (!source || !source->plan) return "it names a rule that is not loaded";
    if (!rule_is_correlation(source)) return NULL;
    const node *alert = run_alert_node(run, source);
    if (!alert) return "a correlation that it reads is not run";
    n->level = alert->level + 1;
    n->late = alert->late;
    n->lag = alert->lag;
    n->columns = alert->columns;
    n->column_count = alert->column_count;
    return NULL;
}

/* Parts bear the name of this stage. */
static void rule_push(stage_run *run, node *n, size_t input, row *r)
{
    bool named = true;
    for (size_t i = 0; i < r->part_count; i++) named &= str_equal(r->parts[i].name, n->stage->name);
    if (named) {
        pass_on(run, n, input, r);
        return;
    }
    row *made = row_like(run, r, n->column_count);
    for (size_t i = 0; i < r->column_count; i++) row_set_column(made, i, &r->columns[i]);
    for (size_t i = 0; i < made->part_count; i++) made->parts[i].name = n->stage->name;
    node_emit(run, n, made);
    row_release(made);
}

const stage_ops match_ops = {match_open, pass_on, NULL, NULL, NULL};
const stage_ops rule_ops = {rule_open, rule_push, NULL, NULL, NULL};

/* ---- where ---- */

static const char *where_open(stage_run *run, node *n)
{
    (void)run;
    same_columns(n);
    return NULL;
}

static void where_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    arena_reset(run->scratch);
    if (row_true(n, r, n->stage->as.where.where, run->scratch)) node_emit(run, n, r);
}

const stage_ops where_ops = {where_open, where_push, NULL, NULL, NULL};

/* ---- derive ---- */

static const char *derive_open(stage_run *run, node *n)
{
    if (n->stage->as.derive.loop.len) return "it makes columns in a loop";
    add_columns_of(run, n, n->inputs[0]);
    add_made_columns(run, n, n->stage->as.derive.columns, n->stage->as.derive.count);
    return NULL;
}

static void derive_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    arena_reset(run->scratch);
    row *made = row_through(run, n, n->inputs[0], r);
    make_columns(run, n, made, n->stage->as.derive.columns, n->stage->as.derive.count);
    node_emit(run, n, made);
    row_release(made);
}

const stage_ops derive_ops = {derive_open, derive_push, NULL, NULL, NULL};

/* ---- union: columns of all inputs, those that it maps, and `origin`, which names the input ---- */

static const char *union_open(stage_run *run, node *n)
{
    for (size_t i = 0; i < n->input_count; i++) {
        add_columns_of(run, n, n->inputs[i]);
        add_made_columns(run, n, n->stage->as.union_of.inputs[i].columns, n->stage->as.union_of.inputs[i].column_count);
    }
    ir_column origin = {.name = STR("origin")};
    add_made_columns(run, n, &origin, 1);
    return NULL;
}

static void union_push(stage_run *run, node *n, size_t input, row *r)
{
    const ir_union_input *u = &n->stage->as.union_of.inputs[input];
    value origin = value_string(u->alias.len ? u->alias : u->input->name);
    arena_reset(run->scratch);
    row *made = row_through(run, n, n->inputs[input], r);
    make_columns(run, n, made, u->columns, u->column_count);
    row_set_column(made, node_column(n, STR("origin")), &origin);
    made->origin = (uint32_t)input;
    node_emit(run, n, made);
    row_release(made);
}

const stage_ops union_ops = {union_open, union_push, NULL, NULL, NULL};

/* ---- quiet for a time ---- */

typedef struct {
    group_head head;
    timestamp last;               /* alert that went out */
} quiet_group;

typedef struct {
    VEC(row *) waiting;           /* of the present time */
    group_table groups;
    timestamp swept;
} quiet_state;

static const char *quiet_open(stage_run *run, node *n)
{
    quiet_state *st = ARENA_NEW(run->arena, quiet_state);
    if (n->inputs[0]->late) return "its alerts come too late to be quiet after them";
    same_columns(n);
    st->swept = INT64_MIN;
    n->state = st;
    return keys_problem(n->plan->quiet_keys, n->plan->quiet_key_count);
}

static void quiet_push(stage_run *run, node *n, size_t input, row *r)
{
    quiet_state *st = n->state;
    (void)input;
    vec_push(&st->waiting, row_hold(r));
    node_touch(run, n);
}

/* Now and then, groups are forgotten that have been quiet for long enough. */
static void quiet_sweep(stage_run *run, const node *n, quiet_state *st, timestamp now)
{
    if (st->swept != INT64_MIN && now - st->swept < n->plan->quiet_for) return;
    st->swept = now;
    for (size_t i = 0; st->groups.buckets && i <= st->groups.mask; i++)
        for (group_head *g = st->groups.buckets[i], *next; g; g = next) {
            next = g->next;
            if (now - ((quiet_group *)g)->last >= n->plan->quiet_for) group_remove(run, &st->groups, g);
        }
}

/* A row without the key is a group alone. */
static bool is_quiet(stage_run *run, const node *n, quiet_state *st, const row *r, timestamp now)
{
    arena_reset(run->scratch);
    row_key_ways keys = row_keys_of(n, r, n->plan->quiet_keys, n->plan->quiet_key_count, run->scratch);
    if (keys.ways.len == 0) return false;
    size_t before = st->groups.count;
    if (run_is_full(run)) { /* rather an alert too many than one too few */
        run->evicted++;
        return false;
    }
    quiet_group *g = (quiet_group *)group_of(run, &st->groups, &keys.ways.at[0], 0, sizeof *g);
    if (st->groups.count == before && now - g->last < n->plan->quiet_for) return true;
    g->last = now;
    return false;
}

static void quiet_decide(stage_run *run, node *n, timestamp now)
{
    quiet_state *st = n->state;
    quiet_sweep(run, n, st, now);
    rows_sort(st->waiting.at, st->waiting.len, false);
    for (size_t i = 0; i < st->waiting.len; i++) {
        if (!is_quiet(run, n, st, st->waiting.at[i], now)) node_emit(run, n, st->waiting.at[i]);
        row_release(st->waiting.at[i]);
    }
    st->waiting.len = 0;
}

static void quiet_close(stage_run *run, node *n)
{
    quiet_state *st = n->state;
    if (!st) return;
    for (size_t i = 0; i < st->waiting.len; i++) row_release(st->waiting.at[i]);
    vec_free(&st->waiting);
    for (size_t i = 0; st->groups.buckets && i <= st->groups.mask; i++)
        while (st->groups.buckets[i]) group_remove(run, &st->groups, st->groups.buckets[i]);
    group_table_free(&st->groups);
    n->state = NULL;
}

const stage_ops quiet_ops = {quiet_open, quiet_push, quiet_decide, NULL, quiet_close};
