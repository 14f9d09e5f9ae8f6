/* The progress bar and the summary, for people and as JSON. */
#include "cli/report.h"

#include "base/hash.h"
#include "base/timestamp.h"

static void put_bytes(text *out, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++) bytes /= 1000;
    text_printf(out, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* ---- progress ---- */

static void put_bar(text *out, double done)
{
    enum { CELLS = 24 };
    text_put_char(out, '[');
    for (int i = 0; i < CELLS; i++) text_put_char(out, i < done * CELLS ? '#' : ' ');
    text_printf(out, "] %3.0f%%  ", done * 100);
}

void progress_show(const pk_progress *p, void *user)
{
    progress_bar *bar = user;
    if (!bar->to->terminal) return;
    text out = {0};
    double done = p->bytes_total ? (double)p->bytes / (double)p->bytes_total : 0;
    if (done > 1) done = 1;
    text_put_cstring(&out, "\r\x1b[K");
    if (p->bytes_total) put_bar(&out, done);
    put_bytes(&out, p->seconds > 0 ? (double)p->bytes / p->seconds : 0);
    text_put_cstring(&out, "/s  ");
    text_put_count(&out, p->events, "event  ", "events  ");
    text_put_count(&out, p->alerts, "alert", "alerts");
    if (done > 0.01) {
        long left = (long)(p->seconds / done * (1 - done) + 0.5);
        text_printf(&out, "  %ld:%02ld left", left / 60, left % 60);
    }
    bar->shown = true;
    out_write(bar->to, text_view(&out));
    out_flush(bar->to);
    text_free(&out);
}

void progress_clear(progress_bar *bar)
{
    if (!bar->shown) return;
    bar->shown = false;
    out_write(bar->to, STR("\r\x1b[K"));
    out_flush(bar->to);
}

/* ---- rules ---- */

static bool is_withdrawn(const pk_rule *r)
{
    return str_equal_ascii_fold(r->status, STR("deprecated")) || str_equal_ascii_fold(r->status, STR("unsupported"));
}

rule_counts count_rules(pk_catalog *c, const pk_program *p)
{
    rule_counts n = {.rules = pk_catalog_rule_count(c)};
    for (size_t i = 0; i < n.rules; i++) {
        const pk_rule *r = pk_catalog_rule(c, i);
        bool runs = p && pk_program_runs(p, r);
        n.states[r->state]++;
        n.chosen += runs;
        n.withdrawn += r->state == PK_RULE_RUNNABLE && !runs && is_withdrawn(r);
    }
    return n;
}

void put_rule_counts(text *out, uint64_t rules, uint64_t runnable, uint64_t need_lists, uint64_t unsupported, uint64_t errors)
{
    text_put_count(out, rules, "rule: ", "rules: ");
    text_put_grouped(out, runnable);
    text_put_cstring(out, " runnable, ");
    text_put_count(out, need_lists, "needs a list, ", "need lists, ");
    text_put_grouped(out, unsupported);
    text_put_cstring(out, " unsupported, ");
    text_put_count(out, errors, "error\n", "errors\n");
}

/* ---- for people ---- */

static void put_title(text *out, const char *title, bool color)
{
    text_printf(out, "%s%s%s\n", color ? "\x1b[1m" : "", title, color ? "\x1b[0m" : "");
}

static void put_counts(text *out, const char *title, pk_counts counts, size_t most, bool color)
{
    if (!counts.count) return;
    put_title(out, title, color);
    for (size_t i = 0; i < counts.count && i < most; i++) {
        text number = {0};
        text_put_grouped(&number, counts.items[i].n);
        text_printf(out, "%10.*s  ", STR_ARG(text_view(&number)));
        text_put_terminal(out, counts.items[i].name);
        if (counts.items[i].rule && counts.items[i].rule->level.len) {
            text_put_cstring(out, " (");
            text_put_terminal(out, counts.items[i].rule->level);
            text_put_char(out, ')');
        }
        text_put_char(out, '\n');
        text_free(&number);
    }
    if (counts.count > most) text_printf(out, "%10s  and %zu more\n", "", counts.count - most);
}

static void put_line(text *out, uint64_t n, const char *one, const char *many)
{
    if (!n) return;
    text_put_cstring(out, "  ");
    text_put_count(out, n, one, many);
    text_put_char(out, '\n');
}

static void put_states(text *out, pk_catalog *c, const pk_program *p, pk_rule_state state, const char *what)
{
    enum { SHOWN = 10 };
    size_t n = 0;
    for (size_t i = 0; i < pk_catalog_rule_count(c); i++) {
        const pk_rule *r = pk_catalog_rule(c, i);
        if (r->state != state || is_withdrawn(r) || ++n > SHOWN) continue;
        text_put_cstring(out, "    ");
        text_put_terminal(out, r->title.len ? r->title : r->path);
        if (r->reason.len) text_put_cstring(out, ": ");
        text_put_terminal(out, r->reason);
        text_put_char(out, '\n');
    }
    (void)p;
    if (n > SHOWN) text_printf(out, "    and %zu more rules that %s; 'picket check' tells them\n", n - SHOWN, what);
}

/* Rules that ran, but for want of entities could not fire. */
static void put_waiting(text *out, const pk_summary *s, bool color)
{
    enum { SHOWN = 20 };
    if (!s->waiting_count) return;
    put_title(out, "Wait for entity context (--context, --indicators, --derive-context)", color);
    for (size_t i = 0; i < s->waiting_count && i < SHOWN; i++) {
        const pk_waiting *w = &s->waiting[i];
        text_put_cstring(out, "  ");
        text_put_terminal(out, w->rule->title.len ? w->rule->title : w->rule->name);
        for (size_t k = 0; k < w->feeds.count; k++) {
            text_put_cstring(out, k ? "; " : ": ");
            text_put_terminal(out, w->feeds.items[k]);
        }
        text_put_char(out, '\n');
    }
    if (s->waiting_count > SHOWN) text_printf(out, "  and %zu more rules\n", s->waiting_count - SHOWN);
}

/* What was before is counted in the logs themselves, which may not go back as far as rules look. */
static void put_history(text *out, const pk_summary *s, bool color)
{
    arena *a = arena_new();
    if (s->history_hours) {
        put_title(out, "History", color);
        text_printf(out, "  rules look back up to %llu hours; their events begin at " STR_FMT ", so it is computed over what is there\n",
                    (unsigned long long)s->history_hours, STR_ARG(timestamp_text(a, s->history_begin)));
    }
    arena_free(a);
}

static void put_not_run(text *out, const pk_summary *s, pk_catalog *c, const pk_program *p, bool color)
{
    enum { SHOWN = 5 };
    rule_counts n = count_rules(c, p);
    text body = {0};
    put_line(&body, n.states[PK_RULE_ERROR], "rule is an error", "rules are errors");
    put_states(&body, c, p, PK_RULE_ERROR, "are errors");
    put_line(&body, n.states[PK_RULE_UNSUPPORTED], "rule can't be run (unsupported)", "rules can't be run (unsupported)");
    put_states(&body, c, p, PK_RULE_UNSUPPORTED, "can't be run");
    put_line(&body, n.states[PK_RULE_NEEDS_LIST], "rule needs a list (--lists, --placeholders)", "rules need a list (--lists, --placeholders)");
    put_states(&body, c, p, PK_RULE_NEEDS_LIST, "need a list");
    put_line(&body, n.withdrawn, "rule is deprecated or unsupported by its author (--status all runs it)",
             "rules are deprecated or unsupported by their authors (--status all runs them)");
    put_line(&body, s->skipped_file_count, "file is no known kind of log:", "files are no known kind of log:");
    for (size_t i = 0; i < s->skipped_files.count && i < SHOWN; i++) {
        text_put_cstring(&body, "    ");
        text_put_terminal(&body, s->skipped_files.items[i]);
        text_put_char(&body, '\n');
    }
    if (s->skipped_file_count > SHOWN) text_printf(&body, "    and %llu more\n", (unsigned long long)s->skipped_file_count - SHOWN);
    put_line(&body, s->damaged, "record or line could not be read", "records or lines could not be read");
    put_line(&body, s->without_time, "event has no readable time: kept out of correlations and of --since and --until",
             "events have no readable time: kept out of correlations and of --since and --until");
    put_line(&body, s->out_of_range, "event lies outside of --since and --until", "events lie outside of --since and --until");
    put_line(&body, s->without_source, "event doesn't tell its log source, so only rules without one ran on it (--as states it):",
             "events don't tell their log source, so only rules without one ran on them (--as states it):");
    for (size_t i = 0; i < s->without_source_by_file.count && i < SHOWN; i++) {
        text_put_cstring(&body, "    ");
        text_put_terminal(&body, s->without_source_by_file.items[i].name);
        text_printf(&body, " (%llu)\n", (unsigned long long)s->without_source_by_file.items[i].n);
    }
    if (s->without_source_by_file.count > SHOWN) text_printf(&body, "    and %zu more files\n", s->without_source_by_file.count - SHOWN);
    if (body.len) {
        put_title(out, "Did not run", color);
        text_put(out, text_view(&body));
    }
    text_free(&body);
}

void report_summary(out_stream *to, const pk_summary *s, pk_catalog *c, const pk_program *p)
{
    enum { SHOWN = 10 };
    text out = {0};
    put_counts(&out, "Alerts by level", s->by_level, SHOWN, to->color);
    put_counts(&out, "Techniques", s->by_technique, SHOWN, to->color);
    put_counts(&out, "Rules", s->by_rule, SHOWN, to->color);
    put_counts(&out, "Computers", s->by_host, SHOWN, to->color);
    put_waiting(&out, s, to->color);
    put_history(&out, s, to->color);
    put_not_run(&out, s, c, p, to->color);
    text_put_count(&out, s->alerts, "alert", "alerts");
    text_put_cstring(&out, " of ");
    text_put_count(&out, pk_program_rule_count(p), "rule", "rules");
    text_put_cstring(&out, " over ");
    text_put_count(&out, s->events, "event", "events");
    text_put_cstring(&out, " in ");
    text_put_count(&out, s->files, "file", "files");
    text_put_cstring(&out, " (");
    put_bytes(&out, (double)s->bytes);
    text_printf(&out, ") in %.1f s%s\n", s->seconds, s->stopped ? "; interrupted, the rest was not read" : "");
    out_write(to, text_view(&out));
    text_free(&out);
}

/* ---- as JSON ---- */

static void put_json_number(text *out, const char *key, uint64_t n) { text_printf(out, "\"%s\":%llu,", key, (unsigned long long)n); }

static void put_json_counts(text *out, const char *key, pk_counts counts)
{
    text_printf(out, "\"%s\":[", key);
    for (size_t i = 0; i < counts.count; i++) {
        const pk_count *n = &counts.items[i];
        text_put_cstring(out, i ? ",{" : "{");
        text_put_cstring(out, "\"name\":");
        text_put_json(out, n->name);
        if (n->rule) {
            text_put_cstring(out, ",\"id\":");
            text_put_json(out, n->rule->id);
            text_put_cstring(out, ",\"author\":");
            text_put_json(out, n->rule->author);
            text_put_cstring(out, ",\"level\":");
            text_put_json(out, n->rule->level);
        }
        text_printf(out, ",\"count\":%llu}", (unsigned long long)n->n);
    }
    text_put_cstring(out, "],");
}

static void put_json_rules(text *out, pk_catalog *c)
{
    text_put_cstring(out, "\"rules_not_run\":[");
    bool first = true;
    for (size_t i = 0; i < pk_catalog_rule_count(c); i++) {
        const pk_rule *r = pk_catalog_rule(c, i);
        if (r->state == PK_RULE_RUNNABLE) continue;
        text_put_cstring(out, first ? "{\"id\":" : ",{\"id\":");
        text_put_json(out, r->id);
        text_put_cstring(out, ",\"title\":");
        text_put_json(out, r->title);
        text_put_cstring(out, ",\"path\":");
        text_put_json(out, r->path);
        text_put_cstring(out, ",\"state\":");
        text_put_json(out, str_from(pk_rule_state_text(r->state)));
        text_put_cstring(out, ",\"reason\":");
        text_put_json(out, r->reason);
        text_put_char(out, '}');
        first = false;
    }
    text_put_cstring(out, "],");
}

static void put_json_waiting(text *out, const pk_summary *s)
{
    if (s->history_hours) {
        arena *a = arena_new();
        put_json_number(out, "history_hours", s->history_hours);
        text_printf(out, "\"history_begin\":\"" STR_FMT "\",", STR_ARG(timestamp_text(a, s->history_begin)));
        arena_free(a);
    }
    text_put_cstring(out, "\"waiting_for_context\":[");
    for (size_t i = 0; i < s->waiting_count; i++) {
        text_put_cstring(out, i ? ",{\"id\":" : "{\"id\":");
        text_put_json(out, s->waiting[i].rule->id);
        text_put_cstring(out, ",\"title\":");
        text_put_json(out, s->waiting[i].rule->title);
        text_put_cstring(out, ",\"feeds\":[");
        for (size_t k = 0; k < s->waiting[i].feeds.count; k++) {
            if (k) text_put_char(out, ',');
            text_put_json(out, s->waiting[i].feeds.items[k]);
        }
        text_put_cstring(out, "]}");
    }
    text_put_cstring(out, "],");
}

void write_summary_json(text *out, const pk_summary *s, const pk_profile *profile, pk_catalog *c, const pk_program *p, int exit_code)
{
    rule_counts n = count_rules(c, p);
    text_put_char(out, '{');
    put_json_number(out, "alerts", s->alerts);
    put_json_number(out, "events", s->events);
    put_json_number(out, "files", s->files);
    put_json_number(out, "bytes", s->bytes);
    text_printf(out, "\"seconds\":%.3f,", s->seconds);
    put_json_counts(out, "levels", s->by_level);
    put_json_counts(out, "techniques", s->by_technique);
    put_json_counts(out, "by_rule", s->by_rule);
    put_json_counts(out, "computers", s->by_host);
    put_json_counts(out, "formats", s->by_format);
    put_json_number(out, "rules", n.rules);
    put_json_number(out, "rules_run", pk_program_rule_count(p));
    put_json_number(out, "runnable", n.states[PK_RULE_RUNNABLE]);
    put_json_number(out, "need_lists", n.states[PK_RULE_NEEDS_LIST]);
    put_json_number(out, "unsupported", n.states[PK_RULE_UNSUPPORTED]);
    put_json_number(out, "errors", n.states[PK_RULE_ERROR]);
    put_json_number(out, "withdrawn", n.withdrawn);
    put_json_rules(out, c);
    put_json_number(out, "entities", s->entities);
    put_json_waiting(out, s);
    put_json_number(out, "damaged", s->damaged);
    put_json_number(out, "without_time", s->without_time);
    put_json_number(out, "out_of_range", s->out_of_range);
    put_json_number(out, "without_source", s->without_source);
    put_json_counts(out, "without_source_files", s->without_source_by_file);
    put_json_number(out, "skipped_files", s->skipped_file_count);
    text_put_cstring(out, "\"skipped\":[");
    for (size_t i = 0; i < s->skipped_files.count; i++) {
        if (i) text_put_char(out, ',');
        text_put_json(out, s->skipped_files.items[i]);
    }
    text_put_cstring(out, "],");
    if (profile) {
        text_put_cstring(out, "\"profile\":");
        write_profile_json(out, profile);
        text_put_char(out, ',');
    }
    text_printf(out, "\"interrupted\":%s,\"exit_code\":%d}\n", s->stopped ? "true" : "false", exit_code);
}
