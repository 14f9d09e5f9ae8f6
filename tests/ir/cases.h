/*
 * Cases of the .test files of tests/ir: plans in the text form, the events that they run over, and a schema in which a field is a path
 * and a log source its name. For the evaluator (examples_test.c) and for the engine (tests/engine/plans_test.c).
 */
#ifndef PICKET_TESTS_IR_CASES_H
#define PICKET_TESTS_IR_CASES_H

#include "../tools/case_file.h"
#include "ir/eval.h"

/* ---- what the events hold ---- */

typedef struct { pk_str name; value *records; size_t count; } context_table;

typedef struct {
    ir_catalog *catalog;
    diag_list *diags;
    VEC(eval_event) events;
    VEC(context_table) contexts;
} world;

static inline void fail_with_diag(const world *w, const case_text *c, const case_block *b)
{
    const pk_diagnostic *d = diag_at(w->diags, diag_count(w->diags) - 1);
    fail_msg(STR_FMT ": line %u: " STR_FMT, STR_ARG(c->title), b->line + d->line, STR_ARG(d->message));
}

/* A constant of the text form, by way of an expression that is nothing else. */
static inline value parse_value(world *w, pk_str s)
{
    pk_str source = arena_concat(ir_arena(w->catalog), STR("e = match where x = "), s);
    plan *p = ir_parse_plan(w->catalog, source, STR("value"), w->diags);
    if (!p) fail_msg("not a constant: " STR_FMT, STR_ARG(s));
    return p->stages[0]->as.match.where->args[1]->as.constant;
}

static inline timestamp parse_seconds(pk_str s)
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

static inline pk_str take_word(pk_str *line)
{
    size_t end = str_find_char(*line, ' ');
    if (end == STR_NPOS) end = line->len;
    pk_str word = str_slice(*line, 0, end);
    *line = str_slice(*line, end + 1, line->len);
    return word;
}

static inline void add_event(world *w, pk_str source, pk_str seconds, pk_str record)
{
    arena *a = ir_arena(w->catalog);
    value *tree = ARENA_NEW(a, value);
    *tree = parse_value(w, record);
    pk_str *name = ARENA_NEW(a, pk_str);
    *name = source;
    eval_event e = {.time = parse_seconds(seconds), .order = w->events.len + 1, .user = name, .tree = tree};
    vec_push_in(a, &w->events, e);
}

static inline void add_events(world *w, pk_str body)
{
    while (body.len) {
        pk_str line = next_line(&body), source;
        if (!line.len || line.ptr[0] == '#') continue;
        source = take_word(&line);
        pk_str seconds = take_word(&line);
        add_event(w, source, seconds, line);
    }
}

static inline void add_values(world *w)
{
    static const char *const records[] = {"{}", "{'F': null}", "{'F': blank}", "{'F': ''}", "{'F': '-'}", "{'F': 'x'}",
                                          "{'F': ['x', 'y']}", "{'F': ['y', 'z']}"};
    static const char *const seconds[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    for (size_t i = 0; i < 8; i++) add_event(w, STR("x"), str_from(seconds[i]), str_from(records[i]));
}

static inline void add_context(world *w, pk_str name, pk_str body)
{
    arena *a = ir_arena(w->catalog);
    VEC(value) records = {0};
    while (body.len) {
        pk_str line = next_line(&body);
        if (line.len) vec_push_in(a, &records, parse_value(w, line));
    }
    context_table t = {name, records.at, records.len};
    vec_push_in(a, &w->contexts, t);
}

/* ---- the schema of the cases: fields are paths, a source is its name ---- */

static inline bool attribute_fits(pk_str *source, pk_str wanted)
{
    size_t end = str_find_char(*source, '/');
    if (end == STR_NPOS) end = source->len;
    pk_str own = str_slice(*source, 0, end);
    *source = str_slice(*source, end + 1, source->len);
    return !wanted.len || str_equal(own, wanted);
}

static inline bool source_fits(pk_str source, const log_source *s)
{
    bool product = attribute_fits(&source, s->product), category = attribute_fits(&source, s->category);
    /* in the cases `windows/security` is short for windows with category or service security */
    return product && (category || !s->category.len) && (s->service.len == 0 || attribute_fits(&source, s->service));
}

static inline bool index_fits(pk_str pattern, pk_str name)
{
    size_t star = str_find_char(pattern, '*');
    if (star == STR_NPOS) return str_equal(pattern, name);
    return str_starts_with(name, str_slice(pattern, 0, star));
}

static inline bool is_source(const eval_event *e, const stage *s, void *user)
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

static inline void walk_path(const value *v, pk_str path, arena *a, list_builder *out)
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

static inline void field(const eval_event *e, const stage *s, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)s, (void)user;
    walk_path(e->tree, f->path, a, out);
}

static inline const value *context(const stage *s, size_t *n, void *user)
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

#endif
