/*
 * Runs the cases of *.test: each plan prints and parses back to the same plan, gives the expected rows in the reference
 * evaluator, can be cut after any stage, and shows all of its tests to the walker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "ir/eval.h"

/* ---- a file of cases ---- */

typedef struct { pk_str head, body; uint32_t line; } block; /* "ir x" and the lines below */
typedef struct { pk_str title; VEC(block) blocks; } test_case;

static pk_str read_file(arena *a, const char *name)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/tests/ir/%s", PICKET_SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot read %s", path);
    text t = {0};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) text_put(&t, (pk_str){buffer, n});
    fclose(f);
    pk_str copy = arena_str(a, text_view(&t));
    text_free(&t);
    return copy;
}

static pk_str take_line(pk_str *rest)
{
    size_t end = str_find_char(*rest, '\n');
    if (end == STR_NPOS) end = rest->len;
    pk_str line = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end + 1, rest->len);
    return line;
}

/* The next case of the file; false: the end. */
static bool next_case(arena *a, pk_str *rest, uint32_t *line_number, test_case *c)
{
    memset(c, 0, sizeof *c);
    while (rest->len) {
        pk_str before = *rest, line = take_line(rest);
        if (str_starts_with(line, STR("=== "))) {
            if (c->title.len) {
                *rest = before;
                return true;
            }
            c->title = str_slice(line, 4, line.len);
        } else if (str_starts_with(line, STR("--- "))) {
            block b = {.head = str_slice(line, 4, line.len), .body = {rest->ptr, 0}, .line = *line_number + 1};
            vec_push_in(a, &c->blocks, b);
        } else if (c->blocks.len) {
            block *b = &c->blocks.at[c->blocks.len - 1];
            b->body.len = (size_t)(line.ptr + line.len - b->body.ptr);
        }
        ++*line_number;
    }
    return c->title.len > 0;
}

/* ---- what the events hold ---- */

typedef struct { pk_str name; value *records; size_t count; } context_table;

typedef struct {
    ir_catalog *catalog;
    diag_list *diags;
    VEC(eval_event) events;
    VEC(context_table) contexts;
} world;

static void fail_with_diag(const world *w, const test_case *c, const block *b)
{
    const pk_diagnostic *d = diag_at(w->diags, diag_count(w->diags) - 1);
    fail_msg(STR_FMT ": line %u: " STR_FMT, STR_ARG(c->title), b->line + d->line, STR_ARG(d->message));
}

/* A constant of the text form, by way of an expression that is nothing else. */
static value parse_value(world *w, pk_str s)
{
    pk_str source = arena_concat(ir_arena(w->catalog), STR("e = match where x = "), s);
    plan *p = ir_parse_plan(w->catalog, source, STR("value"), w->diags);
    if (!p) fail_msg("not a constant: " STR_FMT, STR_ARG(s));
    return p->stages[0]->as.match.where->args[1]->as.constant;
}

static timestamp parse_seconds(pk_str s)
{
    int64_t whole, fraction = 0;
    if (str_equal(s, STR("-"))) return TIMESTAMP_NONE;
    size_t dot = str_find_char(s, '.');
    if (dot != STR_NPOS) {
        pk_str digits = str_slice(s, dot + 1, s.len);
        assert_true(str_to_int(digits, false, &fraction));
        for (size_t i = digits.len; i < 9; i++) fraction *= 10;
    }
    if (!str_to_int(str_slice(s, 0, dot == STR_NPOS ? s.len : dot), false, &whole))
        fail_msg("not a time: " STR_FMT, STR_ARG(s));
    return whole * SECOND + fraction;
}

static pk_str take_word(pk_str *line)
{
    size_t end = str_find_char(*line, ' ');
    if (end == STR_NPOS) end = line->len;
    pk_str word = str_slice(*line, 0, end);
    *line = str_slice(*line, end + 1, line->len);
    return word;
}

static void add_event(world *w, pk_str source, pk_str seconds, pk_str record)
{
    arena *a = ir_arena(w->catalog);
    value *tree = ARENA_NEW(a, value);
    *tree = parse_value(w, record);
    pk_str *name = ARENA_NEW(a, pk_str);
    *name = source;
    eval_event e = {.time = parse_seconds(seconds), .order = w->events.len + 1, .user = name, .tree = tree};
    vec_push_in(a, &w->events, e);
}

static void add_events(world *w, pk_str body)
{
    while (body.len) {
        pk_str line = take_line(&body), source;
        if (!line.len || line.ptr[0] == '#') continue;
        source = take_word(&line);
        pk_str seconds = take_word(&line);
        add_event(w, source, seconds, line);
    }
}

static void add_values(world *w)
{
    static const char *const records[] = {"{}", "{'F': null}", "{'F': blank}", "{'F': ''}", "{'F': '-'}", "{'F': 'x'}",
                                          "{'F': ['x', 'y']}", "{'F': ['y', 'z']}"};
    static const char *const seconds[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    for (size_t i = 0; i < 8; i++) add_event(w, STR("x"), str_from(seconds[i]), str_from(records[i]));
}

static void add_context(world *w, pk_str name, pk_str body)
{
    arena *a = ir_arena(w->catalog);
    VEC(value) records = {0};
    while (body.len) {
        pk_str line = take_line(&body);
        if (line.len) vec_push_in(a, &records, parse_value(w, line));
    }
    context_table t = {name, records.at, records.len};
    vec_push_in(a, &w->contexts, t);
}

/* ---- the schema of the cases: fields are paths, a source is its name ---- */

static bool attribute_fits(pk_str *source, pk_str wanted)
{
    size_t end = str_find_char(*source, '/');
    if (end == STR_NPOS) end = source->len;
    pk_str own = str_slice(*source, 0, end);
    *source = str_slice(*source, end + 1, source->len);
    return !wanted.len || str_equal(own, wanted);
}

static bool source_fits(pk_str source, const log_source *s)
{
    bool product = attribute_fits(&source, s->product), category = attribute_fits(&source, s->category);
    /* in the cases `windows/security` is short for windows with category or service security */
    return product && (category || !s->category.len) && (s->service.len == 0 || attribute_fits(&source, s->service));
}

static bool index_fits(pk_str pattern, pk_str name)
{
    size_t star = str_find_char(pattern, '*');
    if (star == STR_NPOS) return str_equal(pattern, name);
    return str_starts_with(name, str_slice(pattern, 0, star));
}

static bool is_source(const eval_event *e, const stage *s, void *user)
{
    (void)user;
    pk_str source = *(const pk_str *)e->user;
    bool is_alert = str_equal(source, STR("alert"));
    if (s->kind == STAGE_ALERTS || is_alert) return s->kind == STAGE_ALERTS && is_alert;
    if (s->as.match.index.len) return index_fits(s->as.match.index, source);
    for (size_t i = 0; i < s->as.match.source_count; i++)
        if (source_fits(source, &s->as.match.sources[i])) return true;
    return s->as.match.source_count == 0;
}

static void walk_path(const value *v, pk_str path, arena *a, list_builder *out)
{
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) walk_path(&v->as.list.items[i], path, a, out);
        return;
    }
    if (!path.len) {
        list_add(a, out, *v);
        return;
    }
    for (size_t end = 1; end <= path.len; end++) {
        if (end < path.len && path.ptr[end] != '.') continue;
        pk_str key = str_slice(path, 0, end);
        if (str_ends_with(key, STR("[]"))) key.len -= 2;
        const value *child = value_get(v, key);
        if (child) walk_path(child, str_slice(path, end + 1, path.len), a, out);
    }
}

static void field(const eval_event *e, const stage *s, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)s, (void)user;
    walk_path(e->tree, f->path, a, out);
}

static const value *context(const stage *s, size_t *n, void *user)
{
    const world *w = user;
    pk_str name = s->as.match.index.len ? s->as.match.index : s->as.match.schema;
    for (size_t i = 0; i < w->contexts.len; i++)
        if (str_equal(w->contexts.at[i].name, name)) {
            *n = w->contexts.at[i].count;
            return w->contexts.at[i].records;
        }
    *n = 0;
    return NULL;
}

/* ---- laws ---- */

static void check_round_trip(world *w, const plan *p, const test_case *c)
{
    text first = {0}, second = {0};
    ir_print_plan(&first, p);
    plan *again = ir_parse_plan(w->catalog, text_view(&first), STR("printed"), w->diags);
    if (!again)
        fail_msg(STR_FMT ": printed form does not parse:\n" STR_FMT, STR_ARG(c->title), STR_ARG(text_view(&first)));
    ir_print_plan(&second, again);
    if (!ir_plan_equal(p, again) || !str_equal(text_view(&first), text_view(&second)))
        fail_msg(STR_FMT ": not the same plan:\n" STR_FMT "\n" STR_FMT, STR_ARG(c->title), STR_ARG(text_view(&first)),
                 STR_ARG(text_view(&second)));
    text_free(&first);
    text_free(&second);
}

typedef struct { bool seen[10000]; } walked;

static void see_tests(const stage *s, const expr *e, bool negated, void *user)
{
    (void)s, (void)negated;
    walked *w = user;
    for (size_t i = 0; e->kind == EXPR_USE && i < e->as.use.count; i++) w->seen[e->as.use.constants[i].test->id] = true;
}

static void check_walker(world *w, const test_case *c)
{
    walked *seen = mem_zalloc(1, sizeof *seen);
    for (size_t i = 0; i < ir_rule_count(w->catalog); i++) ir_walk_plan(ir_rule(w->catalog, i)->plan, see_tests, seen);
    for (size_t i = 0; i < ir_test_count(w->catalog); i++)
        if (!seen->seen[i]) fail_msg(STR_FMT ": the walker misses test %zu", STR_ARG(c->title), i);
    mem_free(seen);
}

/* A plan may end after any stage: it is still a plan, and what it gave before is a source for the rest. */
static void check_cuts(world *w, const rule *r, const eval_schema *s, arena *a, const test_case *c)
{
    for (size_t n = 1; n < r->plan->stage_count; n++) {
        plan cut = *r->plan;
        rule cut_rule = *r;
        size_t rows;
        cut.stage_count = n;
        cut.alert = cut.stages[n - 1];
        cut.quiet = QUIET_NONE;
        cut.quiet_keys = NULL;
        cut.quiet_key_count = 0;
        cut_rule.plan = &cut;
        check_round_trip(w, &cut, c);
        eval_plan(&cut_rule, w->events.at, w->events.len, s, a, &rows);
    }
}

/* The rows don't depend on the order in which the events are given. */
static eval_row *eval_reversed(const world *w, const rule *r, const eval_schema *s, arena *a, size_t *rows)
{
    eval_event *reversed = ARENA_ARRAY(a, eval_event, w->events.len);
    for (size_t i = 0; i < w->events.len; i++) reversed[i] = w->events.at[w->events.len - 1 - i];
    return eval_plan(r, reversed, w->events.len, s, a, rows);
}

/* ---- running a case ---- */

static void put_row(text *out, timestamp t, const value *columns)
{
    if (t == TIMESTAMP_NONE) text_put_char(out, '-');
    else if (t % SECOND) text_printf(out, "%lld.%09lld", (long long)(t / SECOND), (long long)(t % SECOND));
    else text_put_int(out, t / SECOND);
    text_put_char(out, ' ');
    value_write_json(out, columns);
}

static void put_rows(text *out, const eval_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_row(out, rows[i].time, &rows[i].columns);
        for (size_t k = 0; k < rows[i].event_count; k++)
            text_printf(out, " %llu", (unsigned long long)rows[i].events[k]->order);
        text_put_char(out, '\n');
    }
}

static void put_expected(world *w, pk_str body, text *out)
{
    while (body.len) {
        pk_str line = take_line(&body);
        if (!line.len || line.ptr[0] == '#') continue;
        timestamp t = parse_seconds(take_word(&line));
        size_t end = line.len;
        while (end > 0 && line.ptr[end - 1] != '}') end--;
        value columns = parse_value(w, str_slice(line, 0, end));
        put_row(out, t, &columns);
        text_put(out, str_slice(line, end, line.len));
        text_put_char(out, '\n');
    }
}

static void load_rule(world *w, const block *b, const test_case *c)
{
    plan *p = ir_parse_plan(w->catalog, b->body, STR("case"), w->diags);
    if (!p) fail_with_diag(w, c, b);
    rule *r = ir_add_rule(w->catalog);
    r->plan = p;
    r->id = str_slice(b->head, 3, b->head.len);
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_RULE) {
            p->stages[i]->as.rule.rule = ir_find_rule(w->catalog, p->stages[i]->as.rule.ref);
            if (!p->stages[i]->as.rule.rule) fail_msg(STR_FMT ": no such rule", STR_ARG(c->title));
        }
    check_round_trip(w, p, c);
}

static void run_case(const test_case *c)
{
    world w = {.catalog = ir_catalog_new(), .diags = diag_list_new()};
    arena *a = arena_new();
    eval_context *kept = eval_context_new();
    eval_schema s = {.is_source = is_source, .field = field, .context = context, .user = &w, .context_of_run = kept};
    text expected = {0}, actual = {0}, shuffled = {0};
    for (size_t i = 0; i < c->blocks.len; i++) {
        const block *b = &c->blocks.at[i];
        if (str_starts_with(b->head, STR("ir"))) load_rule(&w, b, c);
        else if (str_equal(b->head, STR("events as values"))) add_values(&w);
        else if (str_equal(b->head, STR("events"))) add_events(&w, b->body);
        else if (str_starts_with(b->head, STR("context ")))
            add_context(&w, str_slice(b->head, 8, b->head.len), b->body);
        else if (str_equal(b->head, STR("rows"))) put_expected(&w, b->body, &expected);
        else fail_msg(STR_FMT ": unknown block " STR_FMT, STR_ARG(c->title), STR_ARG(b->head));
    }
    const rule *r = ir_rule(w.catalog, ir_rule_count(w.catalog) - 1);
    size_t rows;
    eval_row *made = eval_plan(r, w.events.at, w.events.len, &s, a, &rows);
    put_rows(&actual, made, rows);
    if (!str_equal(text_view(&actual), text_view(&expected)))
        fail_msg(STR_FMT ":\nexpected\n" STR_FMT "found\n" STR_FMT, STR_ARG(c->title), STR_ARG(text_view(&expected)),
                 STR_ARG(text_view(&actual)));
    made = eval_reversed(&w, r, &s, a, &rows);
    put_rows(&shuffled, made, rows);
    if (!str_equal(text_view(&shuffled), text_view(&actual)))
        fail_msg(STR_FMT ": the order of input matters:\n" STR_FMT "and\n" STR_FMT, STR_ARG(c->title),
                 STR_ARG(text_view(&actual)), STR_ARG(text_view(&shuffled)));
    check_cuts(&w, r, &s, a, c);
    check_walker(&w, c);
    text_free(&expected);
    text_free(&actual);
    text_free(&shuffled);
    eval_context_free(kept);
    arena_free(a);
    diag_list_free(w.diags);
    ir_catalog_free(w.catalog);
}

static void run_file(const char *name)
{
    arena *a = arena_new();
    pk_str rest = read_file(a, name);
    uint32_t line = 0;
    size_t cases = 0;
    test_case c;
    while (next_case(a, &rest, &line, &c)) {
        run_case(&c);
        cases++;
    }
    assert_true(cases > 10);
    arena_free(a);
}

static void examples(void **state) { (void)state; run_file("examples.test"); }
static void semantics(void **state) { (void)state; run_file("semantics.test"); }

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(semantics)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
