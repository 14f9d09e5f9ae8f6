/* picket explain: how a rule runs. */
#include "cli/session.h"

#include <sys/stat.h>

static void put(pk_str piece, void *user) { out_write(user, piece); }

static bool is_file(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0;
}

/* Explains a rule, or why it does not run. */
static bool explain_rule(session *s, const pk_rule *r, out_stream *to)
{
    bool good = pk_program_explain(s->program, r, put, to) == PK_OK;
    return good && r->state != PK_RULE_ERROR;
}

static int explain(session *s, const command_line *line)
{
    static const pk_str all = {"all", 3};
    int code = EXIT_DAMAGED;
    const char *wanted = NULL;
    for (size_t i = 0; i < line->count; i++)
        if (line->items[i].id == 0) wanted = line->items[i].value;
    if (!session_open(s)) return EXIT_DAMAGED;
    bool file = is_file(wanted);
    command_line only_lists = *line;
    if (file) {
        session_load_lists(s, line);
        for (size_t i = 0; i < line->count; i++)
            if (line->items[i].id == 'r' && pk_catalog_load(s->catalog, line->items[i].value) != PK_OK) s->wrong = true;
        if (pk_catalog_load(s->catalog, wanted) != PK_OK) s->wrong = true;
    } else {
        session_load_rules(s, &only_lists);
    }
    const pk_rule *named = file ? NULL : pk_catalog_find_rule(s->catalog, str_from(wanted));
    if (!file && !named) {
        report_diagnostics(&s->errors, pk_catalog_diagnostics(s->catalog), &(diagnostics_view){.least = PK_ERROR, .per_code = 10});
        return usage_error("explain", "there is no file and no rule '%s'", wanted);
    }
    pk_str id = named ? (named->id.len ? named->id : named->title) : STR("");
    pk_choice choice = {.statuses = {&all, 1}, .ids = {&id, named ? 1 : 0}};
    if (!session_build(s, &choice, &code)) return code;
    report_diagnostics(&s->errors, pk_catalog_diagnostics(s->catalog), &(diagnostics_view){.least = file ? PK_NOTE : PK_ERROR, .per_code = 10, .source = true});
    report_diagnostics(&s->errors, pk_program_diagnostics(s->program), &(diagnostics_view){.least = PK_NOTE, .per_code = 10});
    out_stream to = out_stdout();
    bool good = !s->wrong;
    for (size_t i = 0; i < pk_catalog_rule_count(s->catalog); i++) {
        const pk_rule *r = pk_catalog_rule(s->catalog, i);
        bool asked = named ? r == named : str_starts_with(r->path, str_from(wanted));
        if (asked) good &= explain_rule(s, r, &to);
    }
    return out_end(&to, good ? EXIT_CLEAN : EXIT_DAMAGED);
}

int run_explain(const command_line *line)
{
    session s;
    if (count_arguments(line) != 1) return usage_error("explain", "name one rule");
    session_init(&s, "explain");
    int code = explain(&s, line);
    session_free(&s);
    return code;
}
