/*
 * A bench for plans: runs one over the events of a world in the reference evaluator and in the engine, and compares the rows: time,
 * columns, events; where asked for, parts, windows and risk. For plans_test.c, joins_test.c
 * and fuzz/joins_fuzz.c.
 */
#ifndef PICKET_TESTS_ENGINE_PLAN_BENCH_H
#define PICKET_TESTS_ENGINE_PLAN_BENCH_H

#include "../ir/cases.h"
#include "../schema/tree.h"
#include "../tools/detection_lines.h"

typedef struct {
    schema *schema;
    diag_list *diags;
    size_t memory, row_memory;    /* 0: the usual */
    size_t rows, expected_rows;   /* found in all, by the engine and by the evaluator */
    bool show_parts;              /* compare parts, windows and risk as well */
} bench;

static inline line_list evaluate(const bench *b, const world *w, const rule *r, arena *a)
{
    line_list out = {0};
    eval_context *kept = eval_context_new();
    eval_schema s = {.is_source = is_source, .field = field, .context = context, .user = (void *)(uintptr_t)w, .context_of_run = kept};
    size_t count, rules = ir_rule_count(w->catalog);
    const rule **all = ARENA_ARRAY(a, const rule *, rules);
    for (size_t i = 0; i < rules; i++) all[i] = ir_rule(w->catalog, i);
    s.rules = all;
    s.rule_count = rules;
    eval_row *rows = eval_plan(r, w->events.at, w->events.len, &s, a, &count);
    for (size_t i = 0; i < count; i++) vec_push_in(a, &out.items, line_of_row(a, r->plan, &rows[i], b->show_parts));
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

static inline bool on_alert(const stage_alert *alert, void *user)
{
    collector *c = user;
    if (alert->rule != c->rule) return true;
    vec_push_in(c->arena, &c->lines.items, line_of_stage_alert(c->arena, alert, c->bench->show_parts));
    c->disordered |= alert->time < c->last;
    c->last = alert->time;
    return true;
}

/* Records of all contexts of a world, packed; which of them each context has. */
typedef struct {
    const world *world;
    value_pack *pack;
    context_records *records;
} packed_contexts;

static inline context_records records_of_stage(const stage *s, void *user)
{
    const packed_contexts *c = user;
    size_t count;
    const value *records = context(s, &count, (void *)(uintptr_t)c->world);
    for (size_t i = 0; i < c->world->contexts.len; i++)
        if (records && c->world->contexts.at[i].records == records) return c->records[i];
    return (context_records){0};
}

static inline packed_contexts pack_contexts(const world *w, arena *a)
{
    packed_contexts c = {w, value_pack_new(), ARENA_ARRAY(a, context_records, w->contexts.len + 1)};
    for (size_t i = 0; i < w->contexts.len; i++) {
        const context_table *from = &w->contexts.at[i];
        uint32_t *numbers = ARENA_ARRAY(a, uint32_t, from->count + 1);
        for (size_t k = 0; k < from->count; k++) numbers[k] = value_pack_add(c.pack, &from->records[k]);
        c.records[i] = (context_records){c.pack, numbers, from->count};
    }
    return c;
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
    packed_contexts contexts = pack_contexts(w, a);
    stage_inputs inputs = {.records = records_of_stage, .user = &contexts};
    assert_int_equal(stages_run(p, &store, 1, b->memory, &inputs, on_alert, &c, d), PK_OK);
    value_pack_free(contexts.pack);
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

/* Numbers out of a seed; first, while there are some, out of bytes that were given. */
typedef struct {
    uint64_t state;
    const uint8_t *at, *end;
} random_source;

static inline unsigned below(random_source *r, unsigned n)
{
    if (r->at < r->end) return *r->at++ % n;
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
    if (c.records.len) add_context(&w, STR("rec-entity"), c.records);
    line_list expected = evaluate(b, &w, r, a);
    b->expected_rows += expected.items.len;
    int outcome = !run_engine(b, &w, r, a, &found, disordered) ? -1 : !same_lines(&expected, &found);
    if (print) {
        const pk_str parts[] = {c.source, c.events, c.records};
        for (size_t i = 0; i < 3; i++)
            if (parts[i].len) print_error(STR_FMT, STR_ARG(parts[i]));
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

/* Makes a case out of random numbers; its texts live in `a`. */
typedef plan_case case_maker(random_source *r, arena *a);

/* A text of a case that one of the generators writes. */
static inline pk_str generated(text *t, arena *a)
{
    pk_str s = arena_str(a, text_view(t));
    text_free(t);
    return s;
}

/* Lists of spellings that events of random plans choose from. */
typedef struct {
    unsigned most;                                  /* events */
    const char *const *users, *const *values;
    unsigned user_count, value_count;
} event_choices;

/* Events with the fields k (a, b, c, d), u, h, v, w and ts, each of which may be absent but k. */
static inline void put_plain_events(text *t, random_source *r, const event_choices *c)
{
    static const char *const kinds[] = {"a", "a", "b", "c", "d"};
    unsigned count = 3 + below(r, c->most), seconds = 5 + below(r, 60);
    for (unsigned i = 0; i < count; i++) {
        text_printf(t, "x %u%s {'k': '%s'", below(r, seconds), below(r, 4) ? "" : ".5", PICK(r, kinds));
        if (below(r, 8)) text_printf(t, ", 'u': %s", below(r, 5) ? c->users[below(r, 2)] : c->users[below(r, c->user_count)]);
        if (below(r, 8)) text_printf(t, ", 'h': 'h%u'", below(r, 3));
        if (below(r, 8)) text_printf(t, ", 'v': %s", c->values[below(r, c->value_count)]);
        if (below(r, 2)) text_printf(t, ", 'w': %u", below(r, 5));
        if (below(r, 2)) text_printf(t, ", 'ts': time'2026-01-01T00:00:%02uZ'", below(r, 60));
        text_put_cstring(t, "}\n");
    }
}

typedef struct {
    case_maker *make;
    uint64_t first_seed, count, factor;             /* a seed's number times `factor` is where its random numbers start */
    bool show_parts;
    size_t most_refused, fewest_rows;
} random_run;

/* Runs cases of as many seeds; prints the smallest of the first that differ, and fails. Rows are kept on disk for every third. */
static inline void run_random_plans(const random_run *run)
{
    bench b = open_bench();
    size_t refused = 0, failed = 0, disordered = 0;
    b.show_parts = run->show_parts;
    for (uint64_t seed = run->first_seed; seed < run->first_seed + run->count; seed++) {
        random_source r = {.state = seed * run->factor};
        arena *a = arena_new();
        plan_case c = run->make(&r, a);
        b.row_memory = seed % 3 ? 0 : 2048;
        int outcome = try_plan(&b, c, false, &disordered);
        refused += outcome < 0;
        if (outcome > 0 && failed++ < 4) {
            print_error("seed %llu\n", (unsigned long long)seed);
            show_smallest(&b, c);
        }
        arena_free(a);
    }
    print_message("%llu plans, %zu refused, %zu rows of %zu, %zu with alerts out of order, %zu differ\n", (unsigned long long)run->count, refused, b.rows,
                  b.expected_rows, disordered, failed);
    assert_int_equal(failed, 0);
    assert_true(refused <= run->most_refused);
    assert_true(b.expected_rows >= run->fewest_rows);
    close_bench(&b);
}

#endif
