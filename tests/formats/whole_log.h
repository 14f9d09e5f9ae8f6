/*
 * A log in memory, read from end to end as the program would do it; for tests and fuzz targets of formats. It stands in for
 * the streams of input.c, so a program that includes this must not use input.h. Fast view and tree are held against each
 * other for every event: what a reader stores at a path must be what the tree has there.
 */
#ifndef TESTS_FORMATS_WHOLE_LOG_H
#define TESTS_FORMATS_WHOLE_LOG_H

#include <stdio.h>
#include <stdlib.h>

#include "../tools/every_value.h"
#include "../tools/outlines.h"
#include "event/inner_text.h"
#include "event/json_text.h"
#include "formats/format.h"

struct log_stream {
    pk_str bytes;
    size_t at, chunk;                                   /* chunk: most bytes of one read */
};

size_t stream_read(log_stream *s, void *buffer, size_t n)
{
    if (n > s->chunk) n = s->chunk;
    if (n > s->bytes.len - s->at) n = s->bytes.len - s->at;
    memcpy(buffer, s->bytes.ptr + s->at, n);
    s->at += n;
    return n;
}

bool stream_move(log_stream *s, int64_t n)
{
    if (n > (int64_t)(s->bytes.len - s->at) || n < -(int64_t)s->at) return false;
    s->at += (size_t)n;
    return true;
}

pk_str stream_file(const log_stream *s)
{
    (void)s;
    return STR("test.log");
}

typedef struct {
    pk_str tree, raw;                                   /* tree as JSON */
    uint64_t line, position;
    int64_t record;
} log_event;

typedef struct {
    arena *arena;
    VEC(log_event) events;
    diag_list *problems;
    uint64_t damaged;
    bool differs;                                       /* a path's values in the fast view and in the tree are not the same */
    const path_set *paths;
    path_set *leaves;                                   /* paths of all leaves, while they are collected */
    outline_book outlines;
} whole_log;

static void add_leaves(path_set *leaves, const value *v, pk_str path, arena *a, int depth);

/* Of records in a string, too. */
static void add_inner_leaves(path_set *leaves, pk_str s, pk_str path, arena *a, int depth)
{
    const value *records;
    size_t count = depth < 40 ? inner_text_open(s, a, &records) : 0;
    for (size_t i = 0; i < count; i++) add_leaves(leaves, &records[i], path, a, depth + 10);
}

static void add_leaves(path_set *leaves, const value *v, pk_str path, arena *a, int depth)
{
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) add_leaves(leaves, &v->as.list.items[i], path, a, depth);
    } else if (v->type == VALUE_RECORD && depth < 40) {
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *f = &v->as.record.fields[i];
            pk_str below = path.len ? arena_concat(a, arena_concat(a, path, STR(".")), f->name) : f->name;
            add_leaves(leaves, &f->value, below, a, depth + 1);
        }
    } else if (path.len && path_slot_count(leaves) < 300 && str_find_char(path, ' ') == STR_NPOS) {
        path_add(leaves, path); /* a name with blanks answers to another path, too, unless that is asked for beside it */
        if (v->type == VALUE_STRING) add_inner_leaves(leaves, v->as.string, path, a, depth);
    }
}

/* Are the event's fields at each slot the tree's values at its path, in order? */
static bool same_views(const path_set *paths, const event *e, const value *tree, arena *a)
{
    for (path_slot slot = 0; slot < path_slot_count(paths); slot++) {
        list_builder expected = {0};
        tree_values(tree, path_text(paths, slot), a, &expected);
        size_t n = 0;
        for (size_t i = 0; i < e->field_count; i++) {
            if (e->fields[i].slot != slot) continue;
            if (n < expected.items.len && value_equal(event_field_value(e, &e->fields[i]), &expected.items.at[n])) n++;
            else n = SIZE_MAX / 2;
        }
        if (n == expected.items.len) continue;
        fprintf(stderr, "line %llu: fields and tree differ at " STR_FMT "\n", (unsigned long long)e->source.line,
                STR_ARG(path_text(paths, slot)));
        return false;
    }
    return true;
}

/* What stands in the log as JSON is the tree, by a parser that knows nothing of indexes. */
static bool is_parsed_alike(const event *e, const value *tree, arena *a)
{
    value parsed;
    return !e->json.ptr || (json_text_parse(e->json, 1000, a, &parsed) && value_equal(&parsed, tree));
}

static bool take_event(const event *e, void *user)
{
    whole_log *log = user;
    arena *a = arena_new();
    const value *tree = event_tree(e, a);
    text json = {0};
    value_write_json(&json, tree);
    log_event taken = {.tree = arena_str(log->arena, text_view(&json)),
                       .raw = e->raw.ptr ? arena_str(log->arena, e->raw) : e->raw,
                       .line = e->source.line,
                       .position = e->source.position,
                       .record = e->source.record};
    text_free(&json);
    if (log->leaves) add_leaves(log->leaves, tree, (pk_str){"", 0}, a, 0);
    if (log->paths && !same_views(log->paths, e, tree, a)) log->differs = true;
    if (!every_value_agrees(e, tree, a)) log->differs = true;
    if (!outline_agrees(&log->outlines, e, tree, a) || !is_parsed_alike(e, tree, a)) log->differs = true;
    if (log->events.len && log->events.at[log->events.len - 1].position >= taken.position) log->differs = true;
    vec_push_in(log->arena, &log->events, taken);
    arena_free(a);
    return true;
}

static void read_once(whole_log *log, const format *f, pk_str bytes, cut_options o, size_t chunk)
{
    log_stream stream = {bytes, 0, chunk};
    reader *r = f->reader_new(log->paths);
    void *cutter = f->cut_new(&stream, &o, log->problems);
    event_source source = {.file = STR("test.log")};
    block b = {0};
    while (f->cut(cutter, &b, log->problems) == PK_OK)
        if (f->read(r, &b, &source, take_event, log, log->problems, &log->damaged) != PK_OK) break;
    block_free(&b);
    f->cut_free(cutter);
    f->reader_free(r);
    outline_book_free(&log->outlines);
    log->outlines = (outline_book){.arena = NULL};
}

/* Reads it twice: for the trees, whose leaves then are the paths that the second reading asks for. Free with log_free. */
static whole_log log_read(const format *f, pk_str bytes, size_t block_size, size_t record_limit, size_t chunk)
{
    cut_options o = {.record_limit = record_limit, .block_size = block_size};
    path_set *leaves = path_set_new();
    whole_log first = {.arena = arena_new(), .problems = diag_list_new(), .leaves = leaves};
    read_once(&first, f, bytes, o, chunk);
    path_set_freeze(leaves);
    whole_log log = {.arena = arena_new(), .problems = diag_list_new(), .paths = leaves};
    read_once(&log, f, bytes, o, chunk);
    log.differs |= first.differs || first.events.len != log.events.len;
    log.paths = NULL;
    arena_free(first.arena);
    diag_list_free(first.problems);
    path_set_free(leaves);
    return log;
}

static void log_free(whole_log *log)
{
    arena_free(log->arena);
    diag_list_free(log->problems);
}

/* One line for each event: its line number and its tree; then the problems. */
__attribute__((unused)) static pk_str log_print(const whole_log *log)
{
    text out = {0};
    for (size_t i = 0; i < log->events.len; i++) {
        text_printf(&out, "%llu ", (unsigned long long)log->events.at[i].line);
        text_put(&out, log->events.at[i].tree);
        text_put_char(&out, '\n');
    }
    for (size_t i = 0; i < diag_count(log->problems); i++) {
        const pk_diagnostic *p = diag_at(log->problems, i);
        text_printf(&out, "%u:%u: %s: " STR_FMT "\n", p->line, p->column, p->code, STR_ARG(p->message));
    }
    pk_str kept = arena_str(log->arena, text_view(&out));
    text_free(&out);
    return kept;
}

#endif
