/*
 * Plans in the evaluator: each stage is run once, over all rows of its inputs, into a list of rows. Nothing is streamed
 * and nothing is remembered between stages, so a stage is what its definition in docs/ir.md says and no more.
 */
#include "event/event.h"
#include "ir/eval_private.h"

#include <stdlib.h>

#define MOST_WORK 20000000        /* combinations of joins and copies of expands in one run */

eval_env env_of(const plan_run *run, const row *r)
{
    return (eval_env){.run = run, .plan = run->plan, .schema = run->schema, .context = run->context, .arena = run->arena, .row = r,
                      .outer = run->outer, .now = run->now};
}

bool eval_spend(plan_run *run)
{
    if (++*run->work == MOST_WORK + 1) eval_count_stopped(run->context);
    return *run->work <= MOST_WORK;
}

static bool row_true(const plan_run *run, const row *r, const expr *e)
{
    eval_env env = env_of(run, r);
    return eval_true(&env, e);
}

static row event_row(plan_run *run, const stage *s, const eval_event *e, bool timeless)
{
    row r = {.time = timeless ? TIMESTAMP_NONE : e->time, .order = e->order, .columns = {.type = VALUE_RECORD}};
    r.parts = ARENA_NEW(run->arena, row_part);
    r.parts[0] = (row_part){.name = s->name, .match = s, .event = e, .timeless = timeless};
    r.part_count = 1;
    if (timeless) return r;
    r.events = ARENA_NEW(run->arena, const eval_event *);
    r.events[0] = e;
    r.event_count = 1;
    return r;
}

static void push(plan_run *run, row_list *rows, row r) { vec_push_in(run->arena, &rows->items, r); }

/* ---- keys ---- */

static value absent_key(const ir_key *k)
{
    if (k->missing == KEY_FILL) return k->fill;
    return k->missing == KEY_ZERO ? value_string((pk_str){"", 0}) : value_null();
}

static void extend_keys(arena *a, row_keys *keys, const value *v, size_t ways, size_t at)
{
    row_keys extended = {0};
    for (size_t i = 0; i < keys->items.len; i++)
        for (size_t w = 0; w < ways; w++) {
            row_key k = keys->items.at[i];
            value *copy = ARENA_ARRAY(a, value, at + 1);
            for (size_t j = 0; j < at; j++) copy[j] = k.values[j];
            copy[at] = v[w];
            pk_str part = value_key_text(a, &v[w]);
            k.text = arena_printf(a, STR_FMT "%c%zu:" STR_FMT, STR_ARG(k.text), v[w].type == VALUE_NULL ? 'n' : 'v',
                                  part.len, STR_ARG(part));
            k.values = copy;
            vec_push_in(a, &extended.items, k);
        }
    *keys = extended;
}

row_keys keys_of(const plan_run *run, const row *r, const ir_key *keys, size_t count, bool *passes)
{
    row_keys result = {0};
    row_key none = {.text = {"", 0}, .values = NULL};
    vec_push_in(run->arena, &result.items, none);
    *passes = false;
    for (size_t i = 0; i < count; i++) {
        eval_env env = env_of(run, r);
        list_builder values = {0};
        eval_values(&env, keys[i].value, &values);
        value one = values.items.len == 1 ? values.items.at[0] : value_null();
        if (values.items.len == 0 || (values.items.len == 1 && value_is_absent(&one))) {
            if (keys[i].missing == KEY_SKIP || keys[i].missing == KEY_PASS) {
                *passes = keys[i].missing == KEY_PASS;
                return (row_keys){0};
            }
            one = absent_key(&keys[i]);
            extend_keys(run->arena, &result, &one, 1, i);
        } else if (keys[i].many == MANY_EACH) {
            extend_keys(run->arena, &result, values.items.at, values.items.len, i);
        } else {
            value whole = values.items.len == 1 ? one : list_done(&values);
            extend_keys(run->arena, &result, &whole, 1, i);
        }
    }
    return result;
}

/* ---- sources ---- */

static bool in_frame(const plan_run *run, const eval_event *e);

static row_list run_match(plan_run *run, const stage *s)
{
    row_list rows = {0};
    const expr *where = s->kind == STAGE_ALERTS ? s->as.alerts.where : s->as.match.where;
    for (size_t i = 0; i < run->event_count; i++) {
        const eval_event *e = &run->events[i];
        if (!in_frame(run, e) || !run->schema->is_source(e, s, run->schema->user)) continue;
        row r = event_row(run, s, e, false);
        if (row_true(run, &r, where)) push(run, &rows, r);
    }
    alert_list alerts = s->kind == STAGE_ALERTS ? alerts_for(run, s) : (alert_list){0};
    for (size_t i = 0; i < alerts.items.len; i++) {
        row r = event_row(run, s, alerts.items.at[i].event, false);
        r.events = alerts.items.at[i].from;
        r.event_count = alerts.items.at[i].count;
        if (row_true(run, &r, where)) push(run, &rows, r);
    }
    sort_rows(&rows);
    return rows;
}

static row_list run_context(plan_run *run, const stage *s)
{
    row_list rows = {0};
    size_t n = 0;
    const value *records = run->schema->context ? run->schema->context(s, &n, run->schema->user) : NULL;
    for (size_t i = 0; records && i < n; i++) {
        eval_event *e = ARENA_NEW(run->arena, eval_event);
        *e = (eval_event){.time = TIMESTAMP_NONE, .order = i, .tree = &records[i]};
        row r = event_row(run, s, e, true);
        if (row_true(run, &r, s->as.match.where)) push(run, &rows, r);
    }
    return rows;
}

/* Without parts: what they say stands in their columns. */
static row_list run_rows(plan_run *run, const stage *s)
{
    row_list rows = {0};
    for (size_t i = 0; i < s->as.rows.row_count; i++) {
        row r = {.time = TIMESTAMP_NONE, .order = i, .columns = {.type = VALUE_RECORD}};
        for (size_t c = 0; c < s->as.rows.column_count; c++)
            row_set(run->arena, &r, s->as.rows.columns[c], s->as.rows.cells[i * s->as.rows.column_count + c]);
        push(run, &rows, r);
    }
    return rows;
}

/* Rows of another rule; their parts bear the name of this stage. */
static row_list run_rule(plan_run *run, const stage *s)
{
    row_list rows = {0};
    if (!s->as.rule.rule || !s->as.rule.rule->plan || run->depth > IR_MAX_DEPTH / 4) return rows;
    plan_run inner = *run;
    inner.rule = s->as.rule.rule;
    inner.outer = NULL;
    inner.depth++;
    rows = run_plan(inner, inner.rule->plan);
    for (size_t i = 0; i < rows.items.len; i++) {
        row *r = &rows.items.at[i];
        row_part *parts = ARENA_ARRAY(run->arena, row_part, r->part_count);
        for (size_t k = 0; k < r->part_count; k++) {
            parts[k] = r->parts[k];
            parts[k].name = s->name;
        }
        r->parts = parts;
    }
    return rows;
}

/* ---- derive ---- */

static void derive_columns(plan_run *run, row *r, const ir_column *columns, size_t count, pk_str loop,
                           pk_str loop_column)
{
    for (size_t i = 0; i < count; i++) {
        value v = {.type = VALUE_MISSING};
        eval_env env = env_of(run, r);
        env.loop = loop;
        env.loop_column = loop_column;
        if (columns[i].value) v = eval_value(&env, columns[i].value);
        row_set(run->arena, r, loop.len && str_equal(columns[i].name, loop) ? loop_column : columns[i].name, v);
    }
}

static int compare_names(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

typedef struct { VEC(pk_str) items; } names;

/* Names of the columns of a row that fit a pattern, in order of names; a part's fields count as columns. */
static void add_names(plan_run *run, const row *r, pk_str like, names *out)
{
    for (size_t p = 0; p <= r->part_count; p++) {
        const value *record = p < r->part_count ? r->parts[p].event->tree : &r->columns;
        for (size_t i = 0; record && record->type == VALUE_RECORD && i < record->as.record.count; i++) {
            pk_str name = record->as.record.fields[i].name;
            bool known = !eval_text_fits(run->context, TEST_WILDCARD, true, name, like, run->arena);
            for (size_t k = 0; k < out->items.len && !known; k++) known = str_equal(out->items.at[k], name);
            if (!known) vec_push_in(run->arena, &out->items, name);
        }
    }
    if (out->items.len) qsort(out->items.at, out->items.len, sizeof *out->items.at, compare_names);
}

static row_list run_derive(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list rows = {0};
    names frame = {0};
    pk_str loop = s->as.derive.loop, none = {"", 0};
    for (size_t i = 0; loop.len && s->as.derive.in_frame && i < input->items.len; i++)
        add_names(run, &input->items.at[i], s->as.derive.like, &frame);
    for (size_t i = 0; i < input->items.len; i++) {
        row r = input->items.at[i];
        names own = frame;
        if (!loop.len) derive_columns(run, &r, s->as.derive.columns, s->as.derive.count, none, none);
        if (loop.len && !s->as.derive.in_frame) add_names(run, &r, s->as.derive.like, &own);
        for (size_t k = 0; loop.len && k < own.items.len; k++)
            derive_columns(run, &r, s->as.derive.columns, s->as.derive.count, loop, own.items.at[k]);
        push(run, &rows, r);
    }
    return rows;
}

/* ---- where, union, sort, dedup, limit, for each ---- */

static row_list run_where(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list rows = {0};
    for (size_t i = 0; i < input->items.len; i++)
        if (row_true(run, &input->items.at[i], s->as.where.where)) push(run, &rows, input->items.at[i]);
    return rows;
}

static row_list run_union(plan_run *run, const stage *s)
{
    row_list rows = {0};
    for (size_t i = 0; i < s->as.union_of.count; i++) {
        const ir_union_input *in = &s->as.union_of.inputs[i];
        const row_list *input = run_stage(run, in->input);
        for (size_t k = 0; k < input->items.len; k++) {
            row r = input->items.at[k];
            derive_columns(run, &r, in->columns, in->column_count, (pk_str){"", 0}, (pk_str){"", 0});
            row_set(run->arena, &r, STR("origin"), value_string(in->alias.len ? in->alias : in->input->name));
            push(run, &rows, r);
        }
    }
    sort_rows(&rows);
    return rows;
}

/* Absent first; numbers before texts. */
static int compare_values(arena *a, const value *x, const value *y)
{
    double m, n;
    bool no_x = value_is_absent(x), no_y = value_is_absent(y);
    if (no_x || no_y) return no_y - no_x;
    bool number_x = value_number(x, &m), number_y = value_number(y, &n);
    if (number_x && number_y) return m < n ? -1 : m > n;
    if (number_x != number_y) return number_x ? -1 : 1;
    return str_compare(value_key_text(a, x), value_key_text(a, y));
}

static int compare_by(plan_run *run, const stage *s, const row *x, const row *y)
{
    for (size_t i = 0; i < s->as.sort.count; i++) {
        eval_env env_x = env_of(run, x), env_y = env_of(run, y);
        value a = eval_value(&env_x, s->as.sort.by[i]), b = eval_value(&env_y, s->as.sort.by[i]);
        int order = compare_values(run->arena, &a, &b);
        if (order) return s->as.sort.down[i] ? -order : order;
    }
    return 0;
}

static row_list run_sort(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list rows = {0};
    for (size_t i = 0; i < input->items.len; i++) {
        push(run, &rows, input->items.at[i]);
        for (size_t k = i; k > 0 && compare_by(run, s, &rows.items.at[k - 1], &rows.items.at[k]) > 0; k--) {
            row swap = rows.items.at[k];
            rows.items.at[k] = rows.items.at[k - 1];
            rows.items.at[k - 1] = swap;
        }
    }
    return rows;
}

static row_list run_dedup(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list rows = {0};
    table seen = {0};
    for (size_t i = 0; i < input->items.len; i++) {
        bool passes, is_new = false;
        row_keys keys = keys_of(run, &input->items.at[i], s->as.dedup.keys, s->as.dedup.key_count, &passes);
        for (size_t k = 0; k < keys.items.len; k++) is_new |= table_put(&seen, keys.items.at[k].text, 1);
        if (passes || is_new) push(run, &rows, input->items.at[i]);
    }
    table_free(&seen);
    return rows;
}

static row_list run_limit(plan_run *run, const stage *s)
{
    row_list rows = *run_stage(run, s->inputs[0]);
    if (rows.items.len > (size_t)s->as.limit.rows) rows.items.len = (size_t)s->as.limit.rows;
    rows.items.cap = rows.items.len; /* shared with the input: never appended to */
    return rows;
}

static row_list run_for_each(plan_run *run, const stage *s)
{
    const row_list *input = run_stage(run, s->inputs[0]);
    row_list rows = {0};
    size_t most = s->as.for_each.at_most ? (size_t)s->as.for_each.at_most : input->items.len;
    if (run->depth > IR_MAX_DEPTH / 4) return rows;
    for (size_t i = 0; i < input->items.len && i < most; i++) {
        plan_run inner = *run;
        inner.outer = &input->items.at[i];
        inner.depth++;
        row_list made = run_plan(inner, s->as.for_each.body);
        for (size_t k = 0; k < made.items.len; k++) push(run, &rows, made.items.at[k]);
    }
    sort_rows(&rows);
    return rows;
}

/* ---- stages ---- */

static bool has_inputs(const stage *s)
{
    for (size_t i = 0; i < s->input_count; i++)
        if (!s->inputs[i]) return false;
    switch (s->kind) {
    case STAGE_DERIVE:
    case STAGE_EXPAND:
    case STAGE_FOR_EACH:
    case STAGE_WHERE:
    case STAGE_AGGREGATE:
    case STAGE_HISTORY:
    case STAGE_NEW_TERMS:
    case STAGE_SORT: case STAGE_DEDUP: case STAGE_LIMIT: case STAGE_JOIN: return s->input_count >= 1;
    case STAGE_LOOKUP: return s->input_count >= 2;
    case STAGE_MATCH: case STAGE_CONTEXT: case STAGE_ROWS: case STAGE_RULE: case STAGE_ALERTS: case STAGE_SEQUENCE: case STAGE_SAMPLE:
    case STAGE_UNION: case STAGE_FRAME: case STAGE_UNSUPPORTED: case STAGE_KINDS: return true;
    }
    return true;
}

static row_list run_kind(plan_run *run, const stage *s)
{
    switch (s->kind) {
    case STAGE_MATCH: case STAGE_ALERTS: return run_match(run, s);
    case STAGE_CONTEXT: return run_context(run, s);
    case STAGE_ROWS: return run_rows(run, s);
    case STAGE_RULE: return run_rule(run, s);
    case STAGE_DERIVE: return run_derive(run, s);
    case STAGE_EXPAND: return run_expand(run, s);
    case STAGE_FOR_EACH: return run_for_each(run, s);
    case STAGE_WHERE: return run_where(run, s);
    case STAGE_AGGREGATE: return run_aggregate(run, s);
    case STAGE_SEQUENCE: return run_sequence(run, s);
    case STAGE_SAMPLE: return run_sample(run, s);
    case STAGE_JOIN: return run_join(run, s);
    case STAGE_LOOKUP: return run_lookup(run, s);
    case STAGE_NEW_TERMS: return run_new_terms(run, s);
    case STAGE_SORT: return run_sort(run, s);
    case STAGE_DEDUP: return run_dedup(run, s);
    case STAGE_LIMIT: return run_limit(run, s);
    case STAGE_UNION: return run_union(run, s);
    case STAGE_HISTORY: /* its rows go nowhere: expressions ask for what came of them */
    case STAGE_FRAME: case STAGE_UNSUPPORTED: case STAGE_KINDS: break;
    }
    return (row_list){0};
}

const row_list *run_stage(plan_run *run, const stage *s)
{
    size_t i = 0;
    while (i < run->plan->stage_count && run->plan->stages[i] != s) i++;
    if (i == run->plan->stage_count) return ARENA_NEW(run->arena, row_list); /* of no stage of this plan */
    if (!run->done[i]) {
        run->done[i] = true;
        if (has_inputs(s)) run->results[i] = run_kind(run, s);
    }
    return &run->results[i];
}

/* ---- frames and quiet ---- */

static const stage *frame_of(const plan *p)
{
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_FRAME) return p->stages[i];
    return NULL;
}

/* The time by which a frame takes events: its field, else the other field, else engine time. */
static timestamp frame_time(const plan_run *run, const stage *frame, const eval_event *e)
{
    const ir_field *fields[] = {&frame->as.frame.time, &frame->as.frame.time_else};
    const stage *match = run->plan->stages[0];
    for (size_t i = 0; i < run->plan->stage_count && match->kind != STAGE_MATCH; i++) match = run->plan->stages[i];
    for (size_t i = 0; i < 2 && match->kind == STAGE_MATCH; i++) {
        list_builder values = {0};
        if (fields[i]->path.len) run->schema->field(e, match, fields[i], run->arena, &values, run->schema->user);
        if (values.items.len == 0) continue;
        const value *v = &values.items.at[0];
        if (v->type == VALUE_TIME) return v->as.time;
        if (v->type == VALUE_STRING && timestamp_parse_iso(v->as.string) != TIMESTAMP_NONE)
            return timestamp_parse_iso(v->as.string);
    }
    return e->time;
}

static bool in_frame(const plan_run *run, const eval_event *e)
{
    const stage *frame = run->to == TIMESTAMP_NONE ? NULL : frame_of(run->plan);
    timestamp t = frame ? frame_time(run, frame, e) : e->time;
    return run->to == TIMESTAMP_NONE || (t != TIMESTAMP_NONE && t > run->from && t <= run->to);
}

static row_list run_once(plan_run run, const plan *p)
{
    run.plan = p;
    run.results = ARENA_ARRAY(run.arena, row_list, p->stage_count);
    run.done = ARENA_ARRAY(run.arena, bool, p->stage_count);
    run.histories = ARENA_ARRAY(run.arena, const struct history *, p->stage_count);
    const stage *last = p->alert ? p->alert : p->stage_count ? p->stages[p->stage_count - 1] : NULL;
    return last ? *run_stage(&run, last) : (row_list){0};
}

/* Two rows are one alert if they come of the same events and say the same. */
static pk_str row_identity(arena *a, const row *r)
{
    text t = {0};
    value_write_json(&t, &r->columns);
    for (size_t i = 0; i < r->event_count; i++) text_printf(&t, "|%p", (const void *)r->events[i]);
    pk_str identity = arena_str(a, text_view(&t));
    text_free(&t);
    return identity;
}

static int compare_times(const void *x, const void *y)
{
    timestamp a = *(const timestamp *)x, b = *(const timestamp *)y;
    return a < b ? -1 : a > b;
}

/* The plan once a tick; a tick T sees (T - over, T]. What overlapping frames say again isn't said again. */
static row_list run_frames(plan_run run, const plan *p, const stage *frame)
{
    row_list rows = {0};
    table seen = {0};
    VEC(timestamp) ticks = {0};
    int64_t every = frame->as.frame.every, over = frame->as.frame.over;
    run.plan = p;
    for (size_t i = 0; i < run.event_count && every > 0 && over >= 0 && over / every < 10000; i++) {
        timestamp t = frame_time(&run, frame, &run.events[i]);
        if (t == TIMESTAMP_NONE || t > INT64_MAX - over - every || t < INT64_MIN + 2 * every) continue;
        timestamp behind = ((t % every) + every) % every, first = behind ? t - behind + every : t;
        for (timestamp tick = first; tick < t + over || tick == first; tick += every)
            vec_push_in(run.arena, &ticks, tick);
    }
    if (ticks.len) qsort(ticks.at, ticks.len, sizeof *ticks.at, compare_times);
    for (size_t i = 0; i < ticks.len; i++) {
        if (i && ticks.at[i] == ticks.at[i - 1]) continue;
        run.from = time_later(ticks.at[i], -over);
        run.to = ticks.at[i];
        row_list made = run_once(run, p);
        for (size_t k = 0; k < made.items.len; k++)
            if (table_put(&seen, row_identity(run.arena, &made.items.at[k]), 1)) push(&run, &rows, made.items.at[k]);
    }
    table_free(&seen);
    return rows;
}

/* `quiet D by keys`: after an alert of a group none for D. A row without its key is a group alone. */
static row_list keep_quiet(plan_run run, const plan *p, const row_list *input)
{
    row_list rows = {0};
    table groups = {0};
    VEC(timestamp) last = {0};
    run.plan = p;
    for (size_t i = 0; i < input->items.len; i++) {
        const row *r = &input->items.at[i];
        bool passes;
        row_keys keys = keys_of(&run, r, p->quiet_keys, p->quiet_key_count, &passes);
        uint32_t g = keys.items.len ? table_get(&groups, keys.items.at[0].text) : TABLE_NONE;
        if (g != TABLE_NONE && time_between(last.at[g], r->time) < p->quiet_for) continue;
        push(&run, &rows, *r);
        if (!keys.items.len) continue;
        if (g == TABLE_NONE) {
            table_put(&groups, keys.items.at[0].text, (uint32_t)last.len);
            vec_push_in(run.arena, &last, r->time);
        } else {
            last.at[g] = r->time;
        }
    }
    table_free(&groups);
    return rows;
}

row_list run_plan(plan_run run, const plan *p)
{
    run.histories = NULL;
    run.window = NULL;
    const stage *frame = frame_of(p);
    row_list rows = frame ? run_frames(run, p, frame) : run_once(run, p);
    row_list sorted = {0};
    for (size_t i = 0; i < rows.items.len; i++) push(&run, &sorted, rows.items.at[i]);
    sort_rows(&sorted);
    return p->quiet == QUIET_FOR ? keep_quiet(run, p, &sorted) : sorted;
}

static timestamp latest_of(const eval_event *events, size_t count)
{
    timestamp latest = TIMESTAMP_NONE;
    for (size_t i = 0; i < count; i++)
        if (events[i].time > latest) latest = events[i].time;
    return latest;
}

/* The parts of a row; of an aggregate's row those of the rows that it was made of. */
static void tell_parts(const plan_run *run, const row *r, eval_row *out)
{
    out->parts = r->members;
    out->part_count = r->member_count;
    if (!r->has_window) {
        out->parts = ARENA_ARRAY(run->arena, eval_part, r->part_count);
        out->part_count = r->part_count;
        for (size_t i = 0; i < r->part_count; i++)
            out->parts[i] = (eval_part){r->parts[i].name, r->parts[i].event, r->parts[i].timeless};
    }
    out->from = r->has_window ? r->window.from : begin_of(r);
    out->to = r->has_window ? r->window.to : end_of(r);
}

eval_row tell_row(const plan_run *run, const plan *p, const row *r)
{
    eval_row out = {.time = r->time, .events = r->events, .event_count = r->event_count, .columns = r->columns};
    tell_parts(run, r, &out);
    if (p->risk) {
        eval_env env = env_of(run, r);
        env.plan = p;
        out.risk = eval_value(&env, p->risk);
    }
    return out;
}

eval_row *eval_plan(const rule *r, const eval_event *events, size_t count, const eval_schema *s, arena *a, size_t *rows)
{
    uint64_t work = 0;
    eval_context *own = s->context_of_run ? NULL : eval_context_new();
    plan_run run = {.rule = r, .schema = s, .context = own ? own : s->context_of_run, .arena = a, .events = events,
                    .event_count = count, .to = TIMESTAMP_NONE, .work = &work, .plan = r->plan,
                    .now = s->now ? *s->now : latest_of(events, count), .alerts = rule_alerts_new(s, r, a)};
    row_list made = r->plan ? run_plan(run, r->plan) : (row_list){0};
    eval_row *out = ARENA_ARRAY(a, eval_row, made.items.len);
    for (size_t i = 0; i < made.items.len; i++) out[i] = tell_row(&run, r->plan, &made.items.at[i]);
    *rows = made.items.len;
    eval_context_free(own);
    return out;
}
