/*
 * A table for people: two lines an alert, the second with the author (whom the licence of the rules wants named), the
 * techniques and the first reasons. On a terminal the lines are cut to its width; elsewhere nothing is cut.
 */
#include "cli/output.h"

#include "base/unicode.h"

#include <utf8proc.h>

enum { TIME_WIDTH = 24, LEVEL_WIDTH = 13, RULE_WIDTH = 60, HOST_WIDTH = 20 };

static unsigned columns_of(uint32_t c)
{
    int w = utf8proc_charwidth((utf8proc_int32_t)c);
    return w > 0 ? (unsigned)w : 0;
}

/* Escapes `s` and pads it to `width` columns, or cuts it there if `cut`. Returns the columns written. */
static unsigned put_column(text *out, pk_str s, unsigned width, bool cut, bool pad)
{
    text safe = {0};
    text_put_terminal(&safe, s);
    pk_str v = text_view(&safe);
    unsigned total = 0, used = 0;
    for (size_t at = 0; at < v.len;) total += columns_of(utf8_next(v, &at));
    unsigned room = cut && total > width ? width - 1 : total;
    size_t at = 0;
    while (at < v.len) {
        size_t next = at;
        unsigned w = columns_of(utf8_next(v, &next));
        if (used + w > room) break;
        text_put(out, str_slice(v, at, next - at));
        used += w;
        at = next;
    }
    if (at < v.len) {
        text_put_cstring(out, "\xe2\x80\xa6");
        used++;
    }
    for (; pad && used < width; used++) text_put_char(out, ' ');
    text_free(&safe);
    return used;
}

static const char *level_color(pk_str level)
{
    static const char *const colors[][2] = {
        {"critical", "\x1b[1;37;41m"}, {"high", "\x1b[1;31m"}, {"medium", "\x1b[33m"}, {"low", "\x1b[36m"}, {"informational", "\x1b[34m"}};
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        if (str_equal_ascii_fold(level, str_from(colors[i][0]))) return colors[i][1];
    return "";
}

static void begin(text *out, const out_stream *to)
{
    if (to->color) text_put_cstring(out, "\x1b[1m");
    put_column(out, STR("TIME"), TIME_WIDTH + 2, false, true);
    put_column(out, STR("LEVEL"), LEVEL_WIDTH + 2, false, true);
    put_column(out, STR("RULE"), RULE_WIDTH + 2, false, true);
    put_column(out, STR("HOST"), HOST_WIDTH + 2, false, true);
    text_put_cstring(out, "SOURCE");
    if (to->color) text_put_cstring(out, "\x1b[0m");
    text_put_char(out, '\n');
}

static void put_detail(text *out, const pk_alert *a)
{
    text_put_cstring(out, "by ");
    text_put(out, a->rule->author.len ? a->rule->author : STR("unknown"));
    if (a->rule->techniques.count) text_put_cstring(out, " | ");
    put_joined(out, a->rule->techniques, ", ");
    for (size_t i = 0; i < a->why_count; i++) {
        text_put_cstring(out, i ? "; " : " | ");
        put_reason(out, &a->why[i]);
    }
    if (a->correlation) text_printf(out, " | %llu event%s", (unsigned long long)a->event_total, a->event_total == 1 ? "" : "s");
}

static void put_alert(text *out, const pk_alert *alert, const out_stream *to)
{
    arena *a = arena_new();
    text line = {0};
    bool cut = to->width > 0;
    unsigned rule_width = RULE_WIDTH, room = to->width;
    if (cut && room < TIME_WIDTH + LEVEL_WIDTH + RULE_WIDTH + HOST_WIDTH + 30) rule_width = 40;
    pk_str time = alert_time(a, alert);
    put_column(out, time.len ? time : STR("(no time)"), TIME_WIDTH, false, true);
    text_put_cstring(out, "  ");
    if (to->color) text_put_cstring(out, level_color(alert->rule->level));
    put_column(out, alert->rule->level, LEVEL_WIDTH, cut, true);
    if (to->color) text_put_cstring(out, "\x1b[0m");
    text_put_cstring(out, "  ");
    put_column(out, alert->rule->title.len ? alert->rule->title : alert->rule->id, rule_width, cut, true);
    text_put_cstring(out, "  ");
    put_column(out, alert->host, HOST_WIDTH, cut, true);
    text_put_cstring(out, "  ");
    unsigned used = TIME_WIDTH + LEVEL_WIDTH + rule_width + HOST_WIDTH + 8;
    if (alert->event_count) put_place(&line, &alert->events[0].place);
    put_column(out, text_view(&line), cut && room > used + 10 ? room - used : 10, cut, false);
    text_put_char(out, '\n');
    text_clear(&line);
    put_detail(&line, alert);
    if (to->color) text_put_cstring(out, "\x1b[2m");
    text_printf(out, "%*s", TIME_WIDTH + 2, "");
    put_column(out, text_view(&line), cut && room > TIME_WIDTH + 12 ? room - TIME_WIDTH - 2 : 10, cut, false);
    if (to->color) text_put_cstring(out, "\x1b[0m");
    text_put_char(out, '\n');
    text_free(&line);
    arena_free(a);
}

const output table_output = {"table", NULL, "for people: two lines an alert", begin, put_alert, NULL, NULL};
