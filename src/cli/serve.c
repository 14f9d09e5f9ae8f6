/* picket serve: the pages of a catalogue, to a browser. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>

#include "cli/catalog_file.h"
#include "cli/report.h"

static void tell_ready(const char *url, void *user)
{
    out_stream *errors = user;
    text out = {0};
    text_printf(&out, "picket: %s (Ctrl-C ends it)\n", url);
    out_write(errors, text_view(&out));
    out_flush(errors);
    text_free(&out);
}

static int exit_code(pk_status status) { return status == PK_OK ? EXIT_CLEAN : status == PK_ERROR_USAGE ? EXIT_USAGE : EXIT_DAMAGED; }

/* The server works in threads of its own; this one waits for the signal. */
static int serve(const catalog_file *f, const pk_web_options *o, out_stream *errors)
{
    sigset_t ends;
    int number;
    pk_server *server;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    pk_status status = pk_serve_start(&server, f->path, o, report_diagnostic, errors);
    if (status != PK_OK) return exit_code(status);
    sigwait(&ends, &number);
    pk_serve_stop(server);
    return EXIT_CLEAN;
}

int run_serve(const command_line *line)
{
    out_stream errors = out_stderr();
    VEC(pk_str) hosts = {0};
    pk_web_options o = {.ready = tell_ready, .user = &errors};
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == 0) {
            vec_free(&hosts);
            return usage_error("serve", "'%s' is no option; rules are given with -r, a catalogue with -c", it->value);
        }
        if (it->id == OPTION_LISTEN) o.listen = it->value;
        if (it->id == OPTION_TOKEN) o.token_file = it->value;
        if (it->id == OPTION_ALERTS) o.alerts = it->value;
        if (it->id == OPTION_HOST) vec_push(&hosts, str_from(it->value));
    }
    o.hosts = (pk_strs){hosts.at, hosts.len};
    catalog_file f = {0};
    int code = exit_code(pk_serve_check(&o, report_diagnostic, &errors)); /* before a catalogue is built, which may take a while */
    if (code == EXIT_CLEAN && catalog_file_open(&f, "serve", line, &errors, &code)) code = serve(&f, &o, &errors);
    catalog_file_close(&f);
    vec_free(&hosts);
    return code;
}
