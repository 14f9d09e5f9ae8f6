/*
 * A bench for plans: runs one over the events of a world in the reference evaluator and in the engine, and compares the rows: time,
 * columns, events; where asked for, parts, windows and risk. For plans_test.c and joins_test.c.
 */
#ifndef PICKET_TESTS_ENGINE_PLAN_BENCH_H
#define PICKET_TESTS_ENGINE_PLAN_BENCH_H

#include <stdlib.h>

#include "../ir/cases.h"
#include "../schema/tree.h"
#include "engine/engine.h"

#define EVENTS_SHOWN 90           /* the engine keeps at most 100 of an alert */

typedef struct {
    schema *schema;
    diag_list *diags;
    size_t memory, row_memory;    /* 0: the usual */
    size_t rows, expected_rows;   /* found in all, by the engine and by the evaluator */
    bool show_parts;              /* compare parts, windows and risk as well */
} bench;

typedef struct { VEC(pk_str) items; } line_list;

static inline int by_text(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

static inline void sort_lines(line_list *l)
{
    if (l->items.len) qsort(l->items.at, l->items.len, sizeof *l->items.at, by_text);
}

/* ---- a row as a line: time, columns in order of names, events ---- */

static inline pk_str shown(arena *a, const value *v)
{
    pk_str s;
    if (value_text(a, v, &s)) return s;
    text t = {0};
    value_write_json(&t, v);
    s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

static inline pk_str line_of(arena *a, timestamp time, line_list *columns)
{
    text t = {0};
    text_printf(&t, "%lld", (long long)time);
    sort_lines(columns);
    for (size_t i = 0; i < columns->items.len; i++) text_printf(&t, " " STR_FMT, STR_ARG(columns->items.at[i]));
    pk_str line = arena_str(a, text_view(&t));
    text_free(&t);
    columns->items.len = 0;
    return line;
}

static inline void put_column(arena *a, line_list *columns, pk_str name, pk_str shown_value)
{
    vec_push_in(a, &columns->items, arena_printf(a, STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(shown_value)));
}

/* ---- parts, window and risk: shown where a plan is about them ---- */

static inline const stage *final_aggregate(const plan *p)
{
    const stage *s = p->alert;
    while (s && (s->kind == STAGE_DERIVE || s->kind == STAGE_WHERE)) s = s->input_count ? s->inputs[0] : NULL;
    return s && s->kind == STAGE_AGGREGATE ? s : NULL;
}

static inline pk_str line_of_window(arena *a, pk_str line, const plan *p, timestamp from, timestamp to)
{
    const stage *s = final_aggregate(p);
    if (!s || s->as.aggregate.window.kind == WINDOW_NONE) return line;
    return arena_printf(a, STR_FMT " [%lld, %lld]", STR_ARG(line), (long long)from, (long long)to);
}

static inline pk_str line_of_risk(arena *a, pk_str line, const value *risk)
{
    double d;
    return value_number(risk, &d) ? arena_printf(a, STR_FMT " risk %.17g", STR_ARG(line), d) : line;
}

static inline int by_order(const void *x, const void *y)
{
    const eval_part *a = x, *b = y;
    if (a->event->time != b->event->time) return a->event->time < b->event->time ? -1 : 1;
    return a->event->order < b->event->order ? -1 : a->event->order > b->event->order;
}

/* "e:12=#1#3...": how many different events a part had, and the first of them. */
static inline pk_str line_of_parts(arena *a, pk_str line, const plan *p, const eval_row *r)
{
    for (size_t s = 0; s < p->stage_count; s++) {
        VEC(eval_part) own = {0};
        for (size_t i = 0; i < r->part_count; i++)
            if (str_equal(r->parts[i].name, p->stages[s]->name)) vec_push_in(a, &own, r->parts[i]);
        if (own.len == 0) continue;
        qsort(own.at, own.len, sizeof *own.at, by_order);
        line = arena_printf(a, STR_FMT " " STR_FMT ":%zu=", STR_ARG(line), STR_ARG(p->stages[s]->name), own.len);
        for (size_t i = 0; i < own.len && i < PART_SAMPLES; i++) {
            if (!own.at[i].timeless) line = arena_printf(a, STR_FMT "#%llu", STR_ARG(line), (unsigned long long)own.at[i].event->order);
            else line = arena_printf(a, STR_FMT STR_FMT, STR_ARG(line), STR_ARG(shown(a, own.at[i].event->tree)));
        }
    }
    return line;
}

static inline line_list evaluate(const bench *b, const world *w, const rule *r, arena *a)
{
    line_list out = {0}, columns = {0};
    eval_context *kept = eval_context_new();
    eval_schema s = {.is_source = is_source, .field = field, .context = context, .user = (void *)(uintptr_t)w, .context_of_run = kept};
    size_t count;
    eval_row *rows = eval_plan(r, w->events.at, w->events.len, &s, a, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < rows[i].columns.as.record.count; c++) {
            const value_field *f = &rows[i].columns.as.record.fields[c];
            if (!str_equal(f->name, STR("event"))) put_column(a, &columns, f->name, shown(a, &f->value));
        }
        pk_str line = line_of(a, rows[i].time, &columns);
        for (size_t e = 0; e < rows[i].event_count && e < EVENTS_SHOWN; e++)
            line = arena_printf(a, STR_FMT " #%llu", STR_ARG(line), (unsigned long long)rows[i].events[e]->order);
        if (b->show_parts) {
            line = line_of_window(a, line, r->plan, rows[i].from, rows[i].to);
            line = line_of_parts(a, line, r->plan, &rows[i]);
            line = line_of_risk(a, line, &rows[i].risk);
        }
        vec_push_in(a, &out.items, line);
    }
    eval_context_free(kept);
    sort_lines(&out);
    return out;
}

/* ---- the engine ---- */

typedef struct {
    const bench *bench;
    const rule *rule;
    arena *arena;
    line_list lines;
    timestamp last;
    bool disordered;
} collector;

static inline pk_str line_of_alert_parts(arena *a, pk_str line, const stage_alert *alert)
{
    for (size_t i = 0; i < alert->part_count; i++) {
        const stage_part *p = &alert->parts[i];
        if (p->total == 0) continue;
        line = arena_printf(a, STR_FMT " " STR_FMT ":%llu=", STR_ARG(line), STR_ARG(p->name), (unsigned long long)p->total);
        for (size_t k = 0; k < p->event_count; k++)
            line = arena_printf(a, STR_FMT "#%llu", STR_ARG(line), (unsigned long long)p->events[k].source.position);
        for (size_t k = 0; k < p->record_count; k++)
            line = arena_printf(a, STR_FMT STR_FMT, STR_ARG(line), STR_ARG(shown(a, p->records[k])));
    }
    return line;
}

static inline bool on_alert(const stage_alert *alert, void *user)
{
    collector *c = user;
    line_list columns = {0};
    if (alert->rule != c->rule) return true;
    for (size_t i = 0; i < alert->key_count; i++)
        if (!str_equal(alert->keys[i].name, STR("event"))) put_column(c->arena, &columns, alert->keys[i].name, alert->key_values[i]);
    for (size_t i = 0; i < alert->column_count; i++)
        put_column(c->arena, &columns, alert->column_names[i], shown(c->arena, &alert->column_values[i]));
    pk_str line = line_of(c->arena, alert->time, &columns);
    for (size_t e = 0; e < alert->event_count && e < EVENTS_SHOWN; e++)
        line = arena_printf(c->arena, STR_FMT " #%llu", STR_ARG(line), (unsigned long long)alert->events[e].source.position);
    if (c->bench->show_parts) {
        line = line_of_window(c->arena, line, alert->rule->plan, alert->window_start, alert->window_end);
        line = line_of_alert_parts(c->arena, line, alert);
        line = line_of_risk(c->arena, line, &alert->risk);
    }
    vec_push_in(c->arena, &c->lines.items, line);
    c->disordered |= alert->time < c->last;
    c->last = alert->time;
    return true;
}


/* A class for each log source of the events; none for those that a plan names by nothing. */
static inline class_id class_of_source(schema *s, pk_str source)
{
    log_source l = {.product = {"", 0}, .category = {"", 0}, .service = {"", 0}};
    size_t slash = str_find_char(source, '/');
    if (slash == STR_NPOS) return CLASS_NONE;
    l.product = str_slice(source, 0, slash);
    l.category = str_slice(source, slash + 1, source.len);
    if (str_equal(l.product, STR("*"))) l.product = STR("any");
    return schema_user_class(s, &l);
}

/* false: the engine refuses the plan; the reason is in the diagnostics. */
static inline bool run_engine(bench *b, world *w, const rule *r, arena *a, line_list *out, size_t *disordered)
{
    program *p;
    VEC(class_id) classes = {0};
    for (size_t i = 0; i < w->events.len; i++) {
        class_id c = class_of_source(b->schema, *(const pk_str *)w->events.at[i].user);
        vec_push_in(a, &classes, c);
    }
    diag_list *d = diag_list_new();
    assert_int_equal(program_build(&p, w->catalog, b->schema, NULL, d), PK_OK);
    matcher *m = matcher_new(p);
    row_store *store = row_store_new(p, b->row_memory);
    for (size_t i = 0; i < w->events.len; i++) {
        const eval_event *seen = &w->events.at[i];
        classification k = {.layout = LAYOUT_NONE, .classes = &classes.at[i], .class_count = classes.at[i] != CLASS_NONE};
        event e = event_of_tree(a, program_paths(p), seen->tree);
        e.source = (event_source){.file = STR("case"), .position = seen->order, .record = -1};
        match_result found = matcher_run(m, &e, &k);
        for (size_t n = 0; n < found.count; n++) {
            matched_row row = {ir_rule(w->catalog, found.rules[n]), found.stages[n], found.classes[n], seen->time, {"", 0}};
            assert_int_equal(row_store_add(store, p, &row, &e, &k, STR("{}")), PK_OK);
        }
    }
    collector c = {.bench = b, .rule = r, .arena = a, .last = INT64_MIN};
    stage_inputs inputs = {.records = context, .user = w};
    assert_int_equal(stages_run(p, &store, 1, b->memory, &inputs, on_alert, &c, d), PK_OK);
    bool refused = false;
    for (size_t i = 0; i < diag_count(d); i++) refused |= diag_at(d, i)->severity == PK_UNSUPPORTED;
    diag_merge(b->diags, d);
    diag_list_free(d);
    row_store_free(store);
    matcher_free(m);
    program_free(p);
    *out = c.lines;
    *disordered += c.disordered;
    b->rows += out->items.len;
    sort_lines(out);
    return !refused;
}

static inline bool same_lines(const line_list *x, const line_list *y)
{
    if (x->items.len != y->items.len) return false;
    for (size_t i = 0; i < x->items.len; i++)
        if (!str_equal(x->items.at[i], y->items.at[i])) return false;
    return true;
}

static inline void print_lines(const char *title, const line_list *l)
{
    print_error("%s\n", title);
    for (size_t i = 0; i < l->items.len; i++) print_error("  " STR_FMT "\n", STR_ARG(l->items.at[i]));
}

static inline bench open_bench(void)
{
    bench b = {.diags = diag_list_new()};
    assert_int_equal(schema_load(&b.schema, PICKET_SOURCE_DIR "/tests/engine/schemas", b.diags), PK_OK);
    return b;
}

static inline void close_bench(bench *b)
{
    schema_free(b->schema);
    diag_list_free(b->diags);
}

/* ---- random ---- */

typedef struct { uint64_t state; } random_source;

static inline unsigned below(random_source *r, unsigned n)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % n);
}

#define PICK(r, list) ((list)[below((r), sizeof(list) / sizeof *(list))])

/* A plan, its events, and the records of its contexts (empty: it has none). */
typedef struct { pk_str source, events, records; } plan_case;

/* 0: both agree; 1: they differ; -1: the engine refuses it */
static inline int try_plan(bench *b, plan_case c, bool print, size_t *disordered)
{
    world w = {.catalog = ir_catalog_new(), .diags = diag_list_new()};
    arena *a = arena_new();
    line_list found;
    rule *r = ir_add_rule(w.catalog);
    r->plan = ir_parse_plan(w.catalog, c.source, STR("plan"), w.diags);
    if (!r->plan) fail_msg("%.*s\n%.*s", STR_ARG(c.source), STR_ARG(diag_at(w.diags, 0)->message));
    add_events(&w, c.events);
    if (c.records.len) add_context(&w, STR("udm-entity"), c.records);
    line_list expected = evaluate(b, &w, r, a);
    b->expected_rows += expected.items.len;
    int outcome = !run_engine(b, &w, r, a, &found, disordered) ? -1 : !same_lines(&expected, &found);
    if (print) {
        print_error("%.*s%.*s%.*s", STR_ARG(c.source), STR_ARG(c.events), STR_ARG(c.records));
        print_lines("expected", &expected);
        print_lines("found", &found);
    }
    arena_free(a);
    diag_list_free(w.diags);
    ir_catalog_free(w.catalog);
    return outcome;
}

/* Leaves out lines of `*part`, a text of `c`, as long as the two differ; the shorter text lives in `a`. */
static inline void shorten(bench *b, plan_case *c, pk_str *part, arena *a)
{
    size_t none = 0;
    for (size_t at = 0; at < part->len;) {
        pk_str whole = *part, rest = str_slice(whole, at, whole.len);
        size_t line = str_find_char(rest, '\n') + 1;
        *part = arena_concat(a, str_slice(whole, 0, at), str_slice(rest, line, rest.len));
        if (try_plan(b, *c, false, &none) == 1) continue;
        *part = whole;
        at += line;
    }
}

static inline void show_smallest(bench *b, plan_case c)
{
    arena *a = arena_new();
    size_t none = 0;
    shorten(b, &c, &c.events, a);
    shorten(b, &c, &c.records, a);
    try_plan(b, c, true, &none);
    arena_free(a);
}

#endif
