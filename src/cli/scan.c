/* picket scan: rules over logs, alerts to one output. */
#include "cli/output.h"
#include "cli/session.h"

enum { GATHERED = 64 << 10, GATHERED_PIECES = 1020 }; /* bytes, or pieces, of alerts that are handed on at once */

typedef struct {
    session session;
    const output *output;
    out_stream to;
    text buffer;
    int fail_rank;            /* of --fail-level; -1: not asked for */
    bool failed;              /* there was such an alert */
} scan;

static int rank_of(pk_str level)
{
    static const char *const levels[] = {"informational", "low", "medium", "high", "critical"};
    for (int i = 0; i < 5; i++)
        if (str_equal_ascii_fold(level, str_from(levels[i]))) return i;
    return str_equal_ascii_fold(level, STR("info")) ? 0 : -1;
}

static bool hand_on(scan *c)
{
    bool good = out_write(&c->to, text_view(&c->buffer));
    text_clear(&c->buffer);
    return good;
}

static bool on_alert(const pk_alert *alert, void *user)
{
    scan *c = user;
    if (c->fail_rank >= 0 && rank_of(alert->rule->level) >= c->fail_rank) c->failed = true;
    if (c->to.terminal) progress_clear(&c->session.bar);
    if (c->output->gather && !c->to.terminal && !alert->correlation) { /* those come last, one by one */
        c->output->gather(&c->to, alert);
        return c->to.gathered.len < GATHERED_PIECES ? c->to.error == 0 : out_write_gathered(&c->to);
    }
    c->output->alert(&c->buffer, alert, &c->to);
    if (!c->to.terminal && c->buffer.len < GATHERED) return c->to.error == 0;
    return hand_on(c) && (!c->to.terminal || out_flush(&c->to));
}

static void on_alerts_end(void *user) { out_write_gathered(&((scan *)user)->to); }

/* ---- options ---- */

typedef struct {
    word_list levels, statuses, tags, techniques, ids, log_sources;
    const char *form, *out, *summary, *fail_level;
    bool verbose;
} wishes;

static void read_wishes(const command_line *line, wishes *w)
{
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        switch (it->id) {
        case OPTION_LEVEL: add_words(&w->levels, it->value); break;
        case OPTION_STATUS: add_words(&w->statuses, it->value); break;
        case OPTION_TAG: add_words(&w->tags, it->value); break;
        case OPTION_TECHNIQUE: add_words(&w->techniques, it->value); break;
        case OPTION_ID: vec_push(&w->ids.items, str_from(it->value)); break;               /* titles hold commas */
        case OPTION_LOGSOURCE: vec_push(&w->log_sources.items, str_from(it->value)); break; /* and so do log sources */
        case OPTION_OUTPUT: w->form = it->value; break;
        case OPTION_SUMMARY: w->summary = it->value; break;
        case OPTION_FAIL_LEVEL: w->fail_level = it->value; break;
        case 'o': w->out = it->value; break;
        case 'v': w->verbose = true; break;
        default: break;
        }
    }
}

static void free_wishes(wishes *w)
{
    vec_free(&w->levels.items);
    vec_free(&w->statuses.items);
    vec_free(&w->tags.items);
    vec_free(&w->techniques.items);
    vec_free(&w->ids.items);
    vec_free(&w->log_sources.items);
}

static pk_choice choice_of(const wishes *w)
{
    return (pk_choice){.levels = words_view(&w->levels), .statuses = words_view(&w->statuses), .tags = words_view(&w->tags),
                       .techniques = words_view(&w->techniques), .ids = words_view(&w->ids), .log_sources = words_view(&w->log_sources)};
}

static int check_wishes(scan *c, const command_line *line, const wishes *w)
{
    if (count_arguments(line) == 0) return usage_error("scan", "no logs are named");
    c->output = w->form ? find_output(w->form) : w->out ? output_for_file(w->out) : NULL;
    if (w->form && !c->output) return usage_error("scan", "there is no output '%s'; there are table, jsonl, csv and html", w->form);
    if (!c->output) c->output = &table_output;
    c->fail_rank = w->fail_level ? rank_of(str_from(w->fail_level)) : -1;
    if (w->fail_level && c->fail_rank < 0)
        return usage_error("scan", "--fail-level '%s' is no level: informational, low, medium, high or critical", w->fail_level);
    return EXIT_CLEAN;
}

/* ---- running ---- */

static bool write_summary_file(const char *path, const pk_summary *s, session *of, int code)
{
    out_stream file;
    text json = {0};
    if (!out_open(&file, path)) return false;
    write_summary_json(&json, s, pk_scanner_profile(of->scanner), of->catalog, of->program, code);
    out_write(&file, text_view(&json));
    text_free(&json);
    return out_close(&file);
}

/* What the run says at its end: 2 beats 1. */
static int exit_code(const scan *c, const pk_summary *s, pk_status status)
{
    const session *of = &c->session;
    bool wrong = of->wrong || interrupted() || s->damaged > 0 || pk_diagnostics_total(pk_catalog_diagnostics(of->catalog), PK_ERROR) > 0 ||
                 pk_diagnostics_total(pk_scanner_diagnostics(of->scanner), PK_ERROR) > 0 ||
                 pk_diagnostics_total(pk_program_diagnostics(of->program), PK_ERROR) > 0 || (status != PK_OK && status != PK_STOPPED);
    return wrong ? EXIT_DAMAGED : c->failed ? EXIT_ALERTS : EXIT_CLEAN;
}

static int finish(scan *c, const wishes *w, pk_status status)
{
    session *of = &c->session;
    const pk_summary *s = pk_scanner_summary(of->scanner);
    if (c->output->end && !c->to.error) c->output->end(&c->buffer, s, &c->to);
    hand_on(c);
    progress_clear(&of->bar);
    bool written = out_close(&c->to);
    if (!written && out_pipe_closed(&c->to)) return EXIT_CLEAN; /* whoever read has seen enough */
    int code = written ? exit_code(c, s, status) : EXIT_DAMAGED;
    report_diagnostics(&of->errors, pk_catalog_diagnostics(of->catalog), &(diagnostics_view){.least = PK_ERROR, .per_code = 10});
    report_diagnostics(&of->errors, pk_program_diagnostics(of->program), &(diagnostics_view){.least = PK_UNSUPPORTED, .per_code = 10});
    report_diagnostics(&of->errors, pk_scanner_diagnostics(of->scanner), &(diagnostics_view){.least = PK_WARNING, .per_code = 20});
    if (!of->quiet) report_summary(&of->errors, s, of->catalog, of->program);
    if (pk_scanner_profile(of->scanner)) report_profile(&of->errors, pk_scanner_profile(of->scanner));
    if (w->summary && !write_summary_file(w->summary, s, of, code)) code = EXIT_DAMAGED;
    return code;
}

static void say_cache(session *s)
{
    text line = {0};
    pk_str note = pk_catalog_cache_note(s->catalog);
    text_put_cstring(&line, "picket: ");
    if (note.len) text_put_terminal(&line, note);
    else text_put_cstring(&line, "compiled rules are not kept");
    text_put_char(&line, '\n');
    out_write(&s->errors, text_view(&line));
    text_free(&line);
}

/* Nothing is loaded, or nothing of it runs: why, by numbers. */
static int say_no_rule(session *s)
{
    rule_counts n = count_rules(s->catalog, s->program);
    text line = {0};
    report_diagnostics(&s->errors, pk_catalog_diagnostics(s->catalog), &(diagnostics_view){.least = PK_WARNING, .per_code = 10});
    text_put_cstring(&line, "picket: there is no rule to run: ");
    if (n.rules == 0) text_put_cstring(&line, "none was loaded\n");
    else {
        text_put_cstring(&line, "of ");
        text_put_count(&line, n.rules, "rule", "rules");
        text_printf(&line, " %zu %s not chosen (--level, --status, --tag, --technique, --id, --logsource), %zu %s a list, %zu %s unsupported, %zu wrong\n",
                    n.states[PK_RULE_RUNNABLE], n.states[PK_RULE_RUNNABLE] == 1 ? "is" : "are", n.states[PK_RULE_NEEDS_LIST],
                    n.states[PK_RULE_NEEDS_LIST] == 1 ? "needs" : "need", n.states[PK_RULE_UNSUPPORTED],
                    n.states[PK_RULE_UNSUPPORTED] == 1 ? "is" : "are", n.states[PK_RULE_ERROR]);
    }
    out_write(&s->errors, text_view(&line));
    text_free(&line);
    return EXIT_DAMAGED;
}

static int run_prepared(scan *c, const command_line *line, const wishes *w, pk_log_source *sources)
{
    session *of = &c->session;
    int code = EXIT_DAMAGED;
    pk_choice choice = choice_of(w);
    if (!session_open(of)) return EXIT_DAMAGED;
    session_use_cache(of, line);
    session_load_rules(of, line);
    if (!session_state_sources(of, line, sources)) return EXIT_USAGE;
    if (!session_build(of, &choice, &code)) return code;
    if (w->verbose) say_cache(of);
    if (pk_program_rule_count(of->program) == 0) return say_no_rule(of);
    of->alerts_end = on_alerts_end;
    if (!session_scanner(of, line, sources)) return EXIT_USAGE;
    c->to = out_stdout();
    if (w->out && !out_open(&c->to, w->out)) return EXIT_DAMAGED;
    if (c->output->begin) c->output->begin(&c->buffer, &c->to);
    hand_on(c);
    return finish(c, w, pk_scanner_run(of->scanner, on_alert, c));
}

int run_scan(const command_line *line)
{
    scan c = {.fail_rank = -1};
    wishes w = {0};
    session_init(&c.session, "scan");
    read_wishes(line, &w);
    int code = check_wishes(&c, line, &w);
    if (code == EXIT_CLEAN) {
        pk_log_source *sources = mem_zalloc(line->count, sizeof *sources);
        code = run_prepared(&c, line, &w, sources);
        mem_free(sources);
    }
    session_free(&c.session);
    text_free(&c.buffer);
    free_wishes(&w);
    return code;
}
