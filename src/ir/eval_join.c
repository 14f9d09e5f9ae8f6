/*
 * Joins in the evaluator: every combination of rows, one of each input, is made and asked. Keys first, then the
 * distance in time of the parts that have one, then the condition.
 *
 *   inner      combinations that fit                       left, optional   and rows of the first input that fit none
 *   semi       rows of the first input that fit some       anti             rows of the first input that fit none
 */
#include "ir/eval_private.h"

/* ---- does a combination fit? ---- */

/* All sides must be equal; what an absent side means is said by `missing`. */
static bool key_fits(plan_run *run, const ir_join_key *k, row *r)
{
    value first = {.type = VALUE_MISSING};
    pk_str key = {"", 0};
    for (size_t i = 0; i < k->count; i++) {
        eval_env env = env_of(run, r);
        value v = eval_value(&env, k->sides[i]);
        if (value_is_absent(&v)) {
            if (k->missing == KEY_SKIP || k->missing == KEY_FILL) return false;
            if (k->missing == KEY_PASS) continue;
            v = k->missing == KEY_ZERO ? value_string((pk_str){"", 0}) : value_null();
        }
        pk_str own = value_key(run->arena, &v);
        bool null_and_not = v.type != first.type && (v.type == VALUE_NULL || first.type == VALUE_NULL);
        if (first.type == VALUE_MISSING) {
            first = v;
            key = own;
        } else if (null_and_not || !str_equal(own, key)) {
            return false;
        }
    }
    if (k->name.len && first.type != VALUE_MISSING) row_set(run->arena, r, k->name, first);
    return true;
}

static bool within(const row *r, int64_t limit)
{
    timestamp first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < r->part_count; i++) {
        timestamp t = r->parts[i].event->time;
        if (r->parts[i].timeless || t == TIMESTAMP_NONE) continue;
        if (t < first) first = t;
        if (t > last) last = t;
    }
    return limit == 0 || first > last || time_between(first, last) <= limit;
}

/* The row with its key columns, if it fits. */
static bool combination_fits(plan_run *run, const stage *s, row *r)
{
    for (size_t i = 0; i < s->as.join.key_count; i++)
        if (!key_fits(run, &s->as.join.keys[i], r)) return false;
    if (!within(r, s->as.join.within)) return false;
    eval_env env = env_of(run, r);
    return eval_true(&env, s->as.join.where);
}

/* ---- combinations ---- */

typedef struct {
    plan_run *run;
    const stage *stage;
    row_list *out;
} joiner;

static void combine(joiner *j, const row *so_far, size_t input)
{
    if (input == j->stage->input_count) {
        row r = *so_far;
        if (combination_fits(j->run, j->stage, &r)) vec_push_in(j->run->arena, &j->out->items, r);
        return;
    }
    const row_list *rows = run_stage(j->run, j->stage->inputs[input]);
    for (size_t i = 0; i < rows->items.len && eval_spend(j->run); i++) {
        row r = join_rows(j->run->arena, so_far, &rows->items.at[i]);
        combine(j, &r, input + 1);
    }
}

static row_list partners(plan_run *run, const stage *s, const row *first)
{
    row_list found = {0};
    joiner j = {run, s, &found};
    combine(&j, first, 1);
    return found;
}

row_list run_join(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list out = {0};
    for (size_t i = 0; i < input->items.len; i++) {
        const row *first = &input->items.at[i];
        row_list found = partners(run, s, first);
        bool any = found.items.len > 0, alone = false, all = false;
        switch (s->as.join.kind) {
        case JOIN_INNER: all = true; break;
        case JOIN_LEFT: case JOIN_OPTIONAL: all = true; alone = !any; break;
        case JOIN_SEMI: alone = any; break;
        case JOIN_ANTI: alone = !any; break;
        }
        for (size_t k = 0; all && k < found.items.len; k++) vec_push_in(run->arena, &out.items, found.items.at[k]);
        if (alone) vec_push_in(run->arena, &out.items, *first);
    }
    sort_rows(&out);
    return out;
}

/* ---- lookup ---- */

/* All records that fit as a list, and columns made from the first one. */
static row looked_up(plan_run *run, const stage *s, const row *r, const row_list *found)
{
    row made = *r;
    list_builder records = {0};
    for (size_t i = 0; i < found->items.len; i++) {
        const row *f = &found->items.at[i];
        const value *tree = f->part_count > r->part_count ? f->parts[f->part_count - 1].event->tree : &f->columns;
        if (tree) list_add(run->arena, &records, *tree);
    }
    if (s->as.join.list.len && records.items.len) row_set(run->arena, &made, s->as.join.list, list_done(&records));
    for (size_t i = 0; i < s->as.join.column_count && found->items.len; i++) {
        eval_env env = env_of(run, &found->items.at[0]);
        value v = {.type = VALUE_MISSING};
        if (s->as.join.columns[i].value) v = eval_value(&env, s->as.join.columns[i].value);
        row_set(run->arena, &made, s->as.join.columns[i].name, v);
    }
    return made;
}

row_list run_lookup(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list out = {0};
    for (size_t i = 0; i < input->items.len; i++) {
        row_list found = partners(run, s, &input->items.at[i]);
        bool any = found.items.len > 0;
        if (!any && (s->as.join.kind == JOIN_INNER || s->as.join.kind == JOIN_SEMI)) continue;
        if (any && s->as.join.kind == JOIN_ANTI) continue;
        vec_push_in(run->arena, &out.items, looked_up(run, s, &input->items.at[i], &found));
    }
    return out;
}

/* ---- new terms ---- */

/*
 * Rows with a key that no row of the same input had in the `history` before. Rows of the first `history` of the input
 * are new for want of a past; with `warm_up` they carry the column warm_up = true.
 */
row_list run_new_terms(plan_run *run, const stage *s)
{
    row_list input = {0}, out = {0};
    const row_list *given = run_stage(run, s->inputs[0]);
    table terms = {0};
    VEC(timestamp) seen = {0};
    for (size_t i = 0; i < given->items.len; i++)
        if (given->items.at[i].time != TIMESTAMP_NONE) vec_push_in(run->arena, &input.items, given->items.at[i]);
    sort_rows(&input);
    for (size_t i = 0; i < input.items.len; i++) {
        row r = input.items.at[i];
        bool passes, is_new = false;
        row_keys keys = keys_of(run, &r, s->as.new_terms.keys, s->as.new_terms.key_count, &passes);
        for (size_t k = 0; k < keys.items.len; k++) {
            uint32_t at = table_get(&terms, keys.items.at[k].text);
            if (at == TABLE_NONE || time_between(seen.at[at], r.time) > s->as.new_terms.history) is_new = true;
            if (at == TABLE_NONE) {
                table_put(&terms, keys.items.at[k].text, (uint32_t)seen.len);
                vec_push_in(run->arena, &seen, r.time);
            } else {
                seen.at[at] = r.time;
            }
        }
        bool early = time_between(input.items.at[0].time, r.time) < s->as.new_terms.history;
        if (is_new && s->as.new_terms.warm_up && early) row_set(run->arena, &r, STR("warm_up"), value_bool(true));
        if (is_new || passes) vec_push_in(run->arena, &out.items, r);
    }
    table_free(&terms);
    return out;
}
