/*
 * A snapshot is the text of the lines that hold, name and value, as they would stand in a file. A stream may have any
 * number of headers; equal ones share a snapshot, and past a bound of memory the last one stays.
 */
#define _GNU_SOURCE /* memmem */
#include "formats/preamble.h"

#include "formats/lines.h"

enum { SNAPSHOT_LIMIT = 64 << 20 }; /* bytes */

void preamble_init(preamble *p, const preamble_rule *rule) { *p = (preamble){.rule = rule}; }

void preamble_free(preamble *p)
{
    for (size_t i = 0; i < PREAMBLE_LINES; i++) text_free(&p->lines[i]);
}

static void set_line(preamble *p, size_t i, pk_str rest)
{
    if (str_equal(text_view(&p->lines[i]), rest)) return;
    text_clear(&p->lines[i]);
    text_put(&p->lines[i], rest);
    p->version++;
}

/* The number of the name that the line begins with, or PREAMBLE_LINES; *rest is what follows it. */
static size_t name_of(const preamble_rule *rule, pk_str line, pk_str *rest)
{
    for (size_t i = 0; rule->names[i]; i++) {
        pk_str name = str_from(rule->names[i]);
        if (!str_starts_with(line, name)) continue;
        char next = line.len > name.len ? line.ptr[name.len] : ' ';
        if ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '_') continue;
        *rest = str_slice(line, name.len, line.len);
        return i;
    }
    return PREAMBLE_LINES;
}

bool preamble_apply(preamble *p, pk_str line)
{
    pk_str rest;
    size_t i = name_of(p->rule, line, &rest);
    if (i == PREAMBLE_LINES) return false;
    if (rest.len > PREAMBLE_LINE_LIMIT) return true;
    if (i == 0 && p->rule->first_starts_over)
        for (size_t k = 1; k < PREAMBLE_LINES; k++) set_line(p, k, (pk_str){"", 0});
    set_line(p, i, rest);
    return true;
}

void preamble_load(preamble *p, const void *snapshot)
{
    bool given[PREAMBLE_LINES] = {false};
    pk_str all = snapshot ? text_view(snapshot) : (pk_str){"", 0};
    while (all.len) {
        size_t end = str_find_char(all, '\n');
        pk_str rest = {"", 0};
        size_t i = name_of(p->rule, str_slice(all, 0, end), &rest);
        if (i < PREAMBLE_LINES) {
            set_line(p, i, rest);
            given[i] = true;
        }
        all = str_slice(all, end + 1, all.len);
    }
    for (size_t i = 0; i < PREAMBLE_LINES; i++)
        if (!given[i]) set_line(p, i, (pk_str){"", 0});
}

void preamble_history_init(preamble_history *h, const preamble_rule *rule)
{
    *h = (preamble_history){0};
    preamble_init(&h->now, rule);
}

void preamble_history_free(preamble_history *h)
{
    for (size_t i = 0; i < h->given.len; i++) {
        text_free(h->given.at[i]);
        mem_free(h->given.at[i]);
    }
    vec_free(&h->given);
    preamble_free(&h->now);
}

static void write_snapshot(const preamble *p, text *out)
{
    for (size_t i = 0; p->rule->names[i]; i++) {
        if (p->lines[i].len == 0) continue;
        text_put_cstring(out, p->rule->names[i]);
        text_put(out, text_view(&p->lines[i]));
        text_put_char(out, '\n');
    }
}

/* The snapshot of what holds now: one that was given before, or a new one. */
static const text *snapshot(preamble_history *h)
{
    text *last = h->given.len ? h->given.at[h->given.len - 1] : NULL;
    if (h->now.version == h->given_version || h->given_bytes > SNAPSHOT_LIMIT) return last;
    text written = {0};
    write_snapshot(&h->now, &written);
    h->given_version = h->now.version;
    if (last && str_equal(text_view(last), text_view(&written))) {
        text_free(&written);
        return last;
    }
    text *kept = mem_alloc(sizeof *kept);
    *kept = written;
    vec_push(&h->given, kept);
    h->given_bytes += written.cap + sizeof *kept;
    return kept;
}

void preamble_pass(preamble_history *h, block *b)
{
    b->shared = snapshot(h);
    const char *at = (const char *)b->bytes, *end = at + b->len;
    if (at < end && *at != '#') at = memmem(at, b->len, "\n#", 2);
    while (at && at < end) {
        if (*at == '\n') at++;
        line_walk w = {at, end, 0};
        pk_str line;
        uint64_t number;
        if (!line_next(&w, &line, &number)) return;
        preamble_apply(&h->now, line);
        at = w.at < end && *w.at != '#' ? memmem(w.at, (size_t)(end - w.at), "\n#", 2) : w.at;
    }
}
