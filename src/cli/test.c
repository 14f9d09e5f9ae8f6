/* picket test: cases of .test files, and the evidence of regression_data folders. */
#include "cli/session.h"

#include <sys/stat.h>

typedef struct {
    out_stream to;
    bool quiet;
} teller;

/* What failed begins with "not ok"; with --quiet nothing else is shown. */
static void tell(pk_str piece, void *user)
{
    teller *t = user;
    if (t->quiet && str_starts_with(piece, STR("ok "))) return;
    text safe = {0};
    while (piece.len) { /* line by line: their ends are ours, the rest may come from anywhere */
        size_t end = str_find_char(piece, '\n');
        text_put_terminal(&safe, str_slice(piece, 0, end));
        if (end == STR_NPOS) break;
        text_put_char(&safe, '\n');
        piece = str_slice(piece, end + 1, piece.len);
    }
    out_write(&t->to, text_view(&safe));
    text_free(&safe);
}

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static pk_status test_one(session *s, const command_line *line, const char *path, const pk_test_options *o, teller *t, pk_test_counts *n)
{
    if (!is_folder(path)) return pk_test_file(path, o, tell, t, n);
    if (!s->catalog) {
        if (!session_open(s)) return PK_ERROR_IO;
        session_load_rules(s, line);
        report_diagnostics(&s->errors, pk_catalog_diagnostics(s->catalog), &(diagnostics_view){.least = PK_ERROR, .per_code = 10});
    }
    return pk_test_evidence(s->catalog, path, o, tell, t, n);
}

int run_test(const command_line *line)
{
    session s;
    pk_test_options options = {0};
    pk_test_counts n = {0};
    if (count_arguments(line) == 0) return usage_error("test", "no tests are named");
    session_init(&s, "test");
    teller t = {.to = out_stdout()};
    for (size_t i = 0; i < line->count; i++) {
        switch (line->items[i].id) {
        case OPTION_UPDATE: options.update = true; break;
        case OPTION_EXACT: options.exact = true; break;
        case OPTION_TWIN: options.twins = true; break;
        case 'q': t.quiet = true; break;
        default: break;
        }
    }
    bool broken = false;
    for (size_t i = 0; i < line->count; i++)
        if (line->items[i].id == 0) broken |= test_one(&s, line, line->items[i].value, &options, &t, &n) != PK_OK;
    text out = {0};
    text_printf(&out, "%zu passed, %zu failed", n.passed, n.failed);
    if (options.update) text_printf(&out, ", %zu updated", n.updated);
    text_put_char(&out, '\n');
    out_write(&t.to, text_view(&out));
    text_free(&out);
    session_free(&s);
    return out_end(&t.to, broken || s.wrong ? EXIT_DAMAGED : n.failed ? EXIT_ALERTS : EXIT_CLEAN);
}
