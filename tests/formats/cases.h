/*
 * Cases of a line format as text: files of
 *
 *     === title
 *     --- log            {{0d0a}} stands for bytes in hexadecimal
 *     --- name access.log   optional: what detection is told
 *     --- events         line number and tree of each event, as JSON
 *     --- raw            optional: the raw text of each event
 *     --- problems       optional: line:column: code: message
 *     --- limit 64       optional: longest record
 *
 * Each log is read in blocks and pieces of several sizes, which must not make a difference.
 */
#ifndef TESTS_FORMATS_CASES_H
#define TESTS_FORMATS_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "whole_log.h"

typedef struct {
    pk_str title, log, events, raw, problems;
    size_t limit;
} log_case;

static pk_str whole_file(arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s cannot be opened", path);
    text t = {0};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) text_put(&t, (pk_str){buffer, n});
    fclose(f);
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

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

/* Runs every case of tests/formats/cases/NAME; returns how many. */
static size_t run_cases(const format *f, const char *name)
{
    arena *a = arena_new();
    pk_str rest = whole_file(a, (const char *)arena_printf(a, "%s/tests/formats/cases/%s", PICKET_SOURCE_DIR, name).ptr);
    log_case c = {0};
    pk_str *block_text = NULL;
    size_t count = 0;
    while (rest.len) {
        size_t end = str_find_char(rest, '\n');
        pk_str line = str_slice(rest, 0, end);
        rest = str_slice(rest, end == STR_NPOS ? rest.len : end + 1, rest.len);
        if (str_starts_with(line, STR("=== "))) {
            if (count++) run_case(f, &c);
            c = (log_case){.title = str_slice(line, 4, line.len)};
            block_text = NULL;
        } else if (str_starts_with(line, STR("--- limit "))) {
            int64_t n = 0;
            assert_true(str_to_int(str_slice(line, 10, line.len), true, &n));
            c.limit = (size_t)n;
        } else if (str_starts_with(line, STR("--- "))) {
            pk_str what = str_slice(line, 4, line.len);
            block_text = str_equal(what, STR("log"))      ? &c.log
                         : str_equal(what, STR("events")) ? &c.events
                         : str_equal(what, STR("raw"))    ? &c.raw
                         : str_equal(what, STR("problems")) ? &c.problems
                                                            : NULL;
            if (!block_text) fail_msg("unknown block: " STR_FMT, STR_ARG(line));
        } else if (block_text && (line.len || block_text == &c.log)) {
            pk_str with_break = block_text == &c.log ? with_bytes(a, line) : line;
            *block_text = arena_concat(a, *block_text, arena_concat(a, with_break, STR("\n")));
        }
    }
    if (count) run_case(f, &c);
    arena_free(a);
    return count;
}

#endif
