/*
 * YARA-L rules over UDM events and entities in the reference evaluator: fields are read straight out of the records, so that
 * what is tested is the plan alone. Used by yaral_detections_test.c and yaral_corpus_plans_test.c.
 *
 *     === title
 *     --- rule              text of the rule
 *     --- other rule        one whose alerts it may read
 *     --- events            one JSON object a line
 *     --- entities          the same
 *     --- list NAME         one entry a line
 *     --- table NAME        a line of columns (name:string, regex, cidr or number; behind [] of a repeated one), then rows, commas between
 *     --- now TIME          time of the run
 *     --- detections        one line each: begin and end of the window, then what the alert says
 *     --- state             instead of detections: the rule's state and reason
 *
 * Times of records are those of metadata.event_timestamp.
 */
#ifndef PICKET_TESTS_DETECTIONS_H
#define PICKET_TESTS_DETECTIONS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "event/field_path.h"
#include "event/json_text.h"
#include "ir/eval.h"
#include "languages/language.h"
#include "../tools/case_tables.h"
#include "udm/udm.h"

typedef struct {
    ir_catalog *catalog;
    VEC(eval_event) events;
    VEC(value) entities;
    VEC(value_list) lists;
    VEC(data_table) tables;
    VEC(const rule *) others;
    timestamp now;
} detection_world;

static inline detection_world new_world(void) { return (detection_world){.catalog = ir_catalog_new(), .now = TIMESTAMP_NONE}; }

/* ---- records ---- */

static inline void add_record(detection_world *w, pk_str json)
{
    arena *a = ir_arena(w->catalog);
    value parsed, *tree = ARENA_NEW(a, value);
    const value *body, *time;
    udm_root root;
    if (!json_text_parse(json, 100, a, &parsed) || !udm_unwrap(&parsed, &root, &body)) fail_msg("no record: " STR_FMT, STR_ARG(json));
    *tree = udm_normalise(root, body, a);
    if (root == UDM_ENTITY) {
        vec_push_in(a, &w->entities, *tree);
        return;
    }
    time = value_get(tree, STR("metadata"));
    time = time ? value_get(time, STR("event_timestamp")) : NULL;
    eval_event e = {.time = time && time->type == VALUE_TIME ? time->as.time : TIMESTAMP_NONE, .order = w->events.len + 1, .tree = tree};
    vec_push_in(a, &w->events, e);
}

static inline void add_records(detection_world *w, pk_str lines)
{
    while (lines.len) {
        pk_str line = next_line(&lines);
        if (line.len && line.ptr[0] != '#') add_record(w, line);
    }
}

/* ---- the schema: paths into the records ---- */

static inline bool is_udm_source(const eval_event *e, const stage *s, void *user)
{
    (void)e, (void)user;
    return s->kind == STAGE_MATCH && str_equal(s->as.match.schema, STR("udm"));
}

static inline void udm_field_values(const eval_event *e, const stage *s, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)s, (void)user;
    if (e->tree) field_path_read_text(e->tree, f->path, a, out);
}

static inline const value *udm_entities(const stage *s, size_t *n, void *user)
{
    const detection_world *w = user;
    (void)s;
    *n = w->entities.len;
    return w->entities.at;
}

/* ---- loading and running ---- */

static inline rule *load_text(detection_world *w, pk_str source, pk_str path)
{
    rule_file file = {path, source};
    language_options options = {.lists = {w->lists.at, w->lists.len}, .tables = {w->tables.at, w->tables.len}};
    size_t before = ir_rule_count(w->catalog);
    if (language_find(STR("yara-l"))->load(w->catalog, &file, &options) != 1) fail_msg(STR_FMT ": not one rule", STR_ARG(path));
    return ir_rule(w->catalog, before);
}

static inline void check_text_form(detection_world *w, const rule *r)
{
    text first = {0}, second = {0};
    ir_print_plan(&first, r->plan);
    plan *again = ir_parse_plan(w->catalog, text_view(&first), STR("printed"), ir_diags(w->catalog));
    if (!again)
        fail_msg(STR_FMT ": the plan does not parse: %s\n" STR_FMT, STR_ARG(r->name),
                 mem_cstring(diag_at(ir_diags(w->catalog), diag_count(ir_diags(w->catalog)) - 1)->message), STR_ARG(text_view(&first)));
    ir_print_plan(&second, again);
    if (!ir_plan_equal(r->plan, again) || !str_equal(text_view(&first), text_view(&second)))
        fail_msg(STR_FMT ": not the same plan:\n" STR_FMT "\n" STR_FMT, STR_ARG(r->name), STR_ARG(text_view(&first)),
                 STR_ARG(text_view(&second)));
    text_free(&first);
    text_free(&second);
}

static inline eval_row *run_rule(detection_world *w, const rule *r, arena *a, size_t *count)
{
    eval_schema s = {.is_source = is_udm_source, .field = udm_field_values, .context = udm_entities, .user = w,
                     .now = w->now == TIMESTAMP_NONE ? NULL : &w->now, .rules = w->others.at, .rule_count = w->others.len};
    return eval_plan(r, w->events.at, w->events.len, &s, a, count);
}

/* ---- what an alert says ---- */

static inline bool is_helper(pk_str name) { return !name.len || name.ptr[0] == '#' || str_find_char(name, ':') != STR_NPOS; }

static inline const stage *groups_of(const plan *p)
{
    for (size_t i = p->stage_count; i-- > 0;)
        if (p->stages[i]->kind == STAGE_AGGREGATE) return p->stages[i];
    return NULL;
}

static inline bool is_match_key(const stage *groups, pk_str name)
{
    for (size_t i = 0; groups && i < groups->as.aggregate.key_count; i++)
        if (str_equal(groups->as.aggregate.keys[i].name, name)) return true;
    return false;
}

static inline void put_columns(text *out, const stage *groups, const value *columns, bool keys)
{
    record_builder b = {0};
    arena *a = arena_new();
    for (size_t i = 0; groups && i < columns->as.record.count; i++) {
        const value_field *f = &columns->as.record.fields[i];
        if (!is_helper(f->name) && is_match_key(groups, f->name) == keys) record_add(a, &b, f->name, f->value);
    }
    value made = record_done(&b);
    value_write_json(out, &made);
    arena_free(a);
}

static inline void put_counts(text *out, const plan *p, const eval_row *row)
{
    text_put_cstring(out, " counts {");
    for (size_t i = 0, shown = 0; i < p->stage_count; i++) {
        size_t n = 0;
        if (p->stages[i]->kind != STAGE_MATCH && p->stages[i]->kind != STAGE_CONTEXT && p->stages[i]->kind != STAGE_ALERTS) continue;
        if (ir_is_only_observed(p, p->stages[i])) continue;
        for (size_t k = 0; k < row->part_count; k++) n += str_equal(row->parts[k].name, p->stages[i]->name);
        text_printf(out, "%s" STR_FMT ": %zu", shown++ ? ", " : "", STR_ARG(p->stages[i]->name), n);
    }
    text_put_char(out, '}');
}

static inline void put_detection(text *out, const plan *p, const eval_row *row)
{
    arena *a = arena_new();
    pk_str from = row->from == TIMESTAMP_NONE ? STR("-") : timestamp_text(a, row->from);
    pk_str to = row->to == TIMESTAMP_NONE ? STR("-") : timestamp_text(a, row->to);
    text_printf(out, STR_FMT " " STR_FMT " ", STR_ARG(from), STR_ARG(to));
    put_columns(out, groups_of(p), &row->columns, true);
    text_put_char(out, ' ');
    put_columns(out, groups_of(p), &row->columns, false);
    text_put_cstring(out, " risk ");
    value_write_json(out, &row->risk);
    put_counts(out, p, row);
    text_put_char(out, '\n');
    arena_free(a);
}

#endif
