/* picket dump: events as rules see them, one JSON line each. */
#include "cli/session.h"

typedef struct {
    session session;
    out_stream to;
    text line;
} dump;

static bool on_event(const pk_event *e, void *user)
{
    dump *d = user;
    text_clear(&d->line);
    text_put(&d->line, e->json);
    text_put_char(&d->line, '\n');
    if (d->to.terminal) progress_clear(&d->session.bar);
    return out_write(&d->to, text_view(&d->line));
}

static void put_if_any(text *out, uint64_t n, const char *one, const char *many)
{
    if (!n) return;
    text_put_cstring(out, "; ");
    text_put_count(out, n, one, many);
}

static void say_count(session *s, const pk_summary *sum)
{
    text out = {0};
    text_put_count(&out, sum->events, "event in ", "events in ");
    text_put_count(&out, sum->files, "file", "files");
    text_printf(&out, " in %.1f s", sum->seconds);
    put_if_any(&out, sum->damaged, "record or line could not be read", "records or lines could not be read");
    put_if_any(&out, sum->skipped_file_count, "file is no known kind of log", "files are no known kind of log");
    put_if_any(&out, sum->without_time, "event has no readable time", "events have no readable time");
    text_printf(&out, "%s\n", sum->stopped ? "; interrupted, the rest was not read" : "");
    out_write(&s->errors, text_view(&out));
    text_free(&out);
}

static int run_prepared(dump *d, const command_line *line, pk_log_source *sources)
{
    session *s = &d->session;
    bool raw = false;
    int code = EXIT_DAMAGED;
    const char *path = NULL, *model = NULL;
    for (size_t i = 0; i < line->count; i++) {
        if (line->items[i].id == OPTION_RAW) raw = true;
        if (line->items[i].id == OPTION_SCHEMA) model = line->items[i].value;
        if (line->items[i].id == 'o') path = line->items[i].value;
    }
    if (!session_open(s)) return EXIT_DAMAGED;
    if (!session_state_sources(s, line, sources)) return EXIT_USAGE;
    if (!session_build(s, NULL, &code)) return code; /* a program without rules: events are told apart all the same */
    if (!session_scanner(s, line, sources)) return EXIT_USAGE;
    d->to = out_stdout();
    if (path && !out_open(&d->to, path)) return EXIT_DAMAGED;
    pk_status status = model ? pk_scanner_dump_as(s->scanner, model, on_event, d) : pk_scanner_dump(s->scanner, raw, on_event, d);
    progress_clear(&s->bar);
    if (status == PK_ERROR_USAGE && model) return usage_error("dump", "--schema %s: events are shown by no such schema", model);
    bool written = out_close(&d->to);
    if (!written && out_pipe_closed(&d->to)) return EXIT_CLEAN;
    const pk_summary *sum = pk_scanner_summary(s->scanner);
    const pk_diagnostics *found = pk_scanner_diagnostics(s->scanner);
    report_diagnostics(&s->errors, found, &(diagnostics_view){.least = PK_WARNING, .per_code = 20});
    if (!s->quiet) say_count(s, sum);
    bool wrong = !written || s->wrong || interrupted() || sum->damaged || pk_diagnostics_total(found, PK_ERROR) || (status != PK_OK && status != PK_STOPPED);
    return wrong ? EXIT_DAMAGED : EXIT_CLEAN;
}

int run_dump(const command_line *line)
{
    if (count_arguments(line) == 0) return usage_error("dump", "no logs are named");
    dump d = {0};
    session_init(&d.session, "dump");
    pk_log_source *sources = mem_zalloc(line->count, sizeof *sources);
    int code = run_prepared(&d, line, sources);
    mem_free(sources);
    session_free(&d.session);
    text_free(&d.line);
    return code;
}
