/*
 * Cases of a line format as text: files of
 *
 *     === title
 *     --- log            {{0d0a}} stands for bytes in hexadecimal
 *     --- events         line number and tree of each event, as JSON
 *     --- raw            optional: the raw text of each event
 *     --- problems       optional: line:column: code: message
 *     --- limit 64       optional: longest record
 *
 * Each log is read in blocks and pieces of several sizes, which must not make a difference.
 */
#ifndef TESTS_FORMATS_CASES_H
#define TESTS_FORMATS_CASES_H

#include "../tools/case_file.h"
#include "whole_log.h"

typedef struct {
    pk_str title, log, events, raw, problems;
    size_t limit;
} log_case;

/* "{{0d0a}}" -> bytes. */
static pk_str with_bytes(arena *a, pk_str s)
{
    text out = {0};
    while (s.len) {
        size_t open = str_find(s, STR("{{")), close = open == STR_NPOS ? STR_NPOS : str_find(s, STR("}}"));
        if (close == STR_NPOS || close < open) break;
        text_put(&out, str_slice(s, 0, open));
        for (size_t i = open + 2; i + 1 < close; i += 2) {
            char digits[3] = {s.ptr[i], s.ptr[i + 1], 0};
            text_put_char(&out, (char)strtol(digits, NULL, 16));
        }
        s = str_slice(s, close + 2, s.len);
    }
    text_put(&out, s);
    pk_str kept = arena_str(a, text_view(&out));
    text_free(&out);
    return kept;
}

static pk_str log_raw(const whole_log *log)
{
    text out = {0};
    for (size_t i = 0; i < log->events.len; i++) {
        text_put(&out, log->events.at[i].raw);
        text_put_char(&out, '\n');
    }
    pk_str kept = arena_str(log->arena, text_view(&out));
    text_free(&out);
    return kept;
}

static void same_text(pk_str title, const char *what, pk_str expected, pk_str found)
{
    if (str_equal(expected, found)) return;
    print_error("=== " STR_FMT "\n--- %s, expected\n" STR_FMT "--- found\n" STR_FMT, STR_ARG(title), what, STR_ARG(expected),
                STR_ARG(found));
    fail();
}

static void run_case(const format *f, const log_case *c)
{
    static const size_t blocks[] = {1, 37, 1 << 20}, chunks[] = {1, 4096, 1 << 20};
    for (size_t i = 0; i < 3; i++) {
        whole_log log = log_read(f, c->log, blocks[i], c->limit ? c->limit : 1 << 20, chunks[i]);
        if (log.differs) fail_msg("=== " STR_FMT ": fields and tree differ", STR_ARG(c->title));
        pk_str all = log_print(&log);
        size_t lines = 0, at = 0;
        while (lines < log.events.len) lines += all.ptr[at++] == '\n';
        same_text(c->title, "events", c->events, str_slice(all, 0, at));
        same_text(c->title, "problems", c->problems, str_slice(all, at, all.len));
        if (c->raw.len) same_text(c->title, "raw", c->raw, log_raw(&log));
        log_free(&log);
    }
    pk_str name = STR("x.log");
    if (!c->limit && f->detect(c->log, name, true) == 0) fail_msg("=== " STR_FMT ": not detected", STR_ARG(c->title));
}

/* The lines of a block, without those that are empty. */
static pk_str full_lines(arena *a, pk_str body)
{
    text out = {0};
    while (body.len) {
        pk_str line = next_line(&body);
        if (!line.len) continue;
        text_put(&out, line);
        text_put_char(&out, '\n');
    }
    pk_str kept = arena_str(a, text_view(&out));
    text_free(&out);
    return kept;
}

static void take_block(log_case *c, const case_block *b, arena *a)
{
    int64_t limit = 0;
    if (str_equal(b->name, STR("log"))) c->log = with_bytes(a, b->body);
    else if (str_equal(b->name, STR("events"))) c->events = full_lines(a, b->body);
    else if (str_equal(b->name, STR("raw"))) c->raw = full_lines(a, b->body);
    else if (str_equal(b->name, STR("problems"))) c->problems = full_lines(a, b->body);
    else if (str_starts_with(b->name, STR("limit ")) && str_to_int(str_slice(b->name, 6, b->name.len), true, &limit)) c->limit = (size_t)limit;
    else fail_msg("line %u: unknown block: " STR_FMT, b->line, STR_ARG(b->name));
}

/* Runs every case of tests/formats/cases/NAME; returns how many. */
static size_t run_cases(const format *f, const char *name)
{
    arena *a = arena_new();
    pk_str rest = read_whole_file(a, arena_cstring(a, arena_printf(a, "%s/tests/formats/cases/%s", PICKET_SOURCE_DIR, name)));
    case_text t = {0};
    uint32_t line = 0;
    size_t count = 0;
    for (; next_case(&rest, &line, &t); count++) {
        log_case c = {.title = t.title};
        for (size_t i = 0; i < t.blocks.len; i++) take_block(&c, &t.blocks.at[i], a);
        run_case(f, &c);
    }
    vec_free(&t.blocks);
    arena_free(a);
    return count;
}

#endif
