/* picket catalog build: rules into a catalogue, or what changed of them. */
#include "cli/catalog_build.h"

#include "cli/report.h"

typedef struct {
    out_stream errors;
    uint64_t wrong;               /* errors that were told */
} teller;

/* Everything is kept in the catalogue, where `problems` shows it; only what is plainly wrong is told here too. */
static void tell(const pk_diagnostic *d, void *user)
{
    teller *t = user;
    if (d->severity < PK_ERROR) return;
    t->wrong++;
    report_diagnostic(d, &t->errors);
}

static void put_report(text *out, const char *path, const pk_store_report *r)
{
    text_put_terminal(out, str_from(path));
    text_put_cstring(out, ": ");
    put_rule_counts(out, r->rules, r->states[PK_RULE_RUNNABLE], r->states[PK_RULE_NEEDS_LIST], r->states[PK_RULE_UNSUPPORTED], r->states[PK_RULE_ERROR]);
    text_put_count(out, r->predicates, "predicate, ", "predicates, ");
    text_put_count(out, r->pairs, "pair of rule and predicate\n", "pairs of rule and predicate\n");
    text_put_count(out, r->files, "file, ", "files, ");
    text_put_grouped(out, r->files_read);
    text_put_cstring(out, " read, ");
    text_put_grouped(out, r->files_gone);
    text_put_cstring(out, " gone; ");
    text_put_count(out, r->rules_parsed, "rule read", "rules read");
    if (r->unknown) text_put_cstring(out, "; ");
    if (r->unknown) text_put_count(out, r->unknown, "file of a language that picket cannot read yet", "files of languages that picket cannot read yet");
    text_printf(out, "; %.2f s\n", r->seconds);
}

static int exit_code(pk_status status, const pk_store_report *r, uint64_t wrong)
{
    if (status == PK_ERROR_USAGE) return EXIT_USAGE;
    return status != PK_OK || wrong || r->states[PK_RULE_ERROR] ? EXIT_DAMAGED : EXIT_CLEAN;
}

static int build(const char *path, const pk_store_options *options, bool quiet)
{
    pk_store_report report;
    teller t = {.errors = out_stderr()};
    pk_status status = pk_store_build(path, options, &report, tell, &t);
    int code = exit_code(status, &report, t.wrong);
    if (status != PK_OK || quiet) return code;
    text out = {0};
    out_stream to = out_stdout();
    put_report(&out, path, &report);
    out_write(&to, text_view(&out));
    text_free(&out);
    return out_end(&to, code);
}

int run_catalog_build(const command_line *line)
{
    const char *path = "catalog.db";
    bool quiet = false, named = false;
    word_list rules = {0}, lists = {0};
    pk_store_options options = {0};
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == 'r' || (it->id == 0 && named)) vec_push(&rules.items, str_from(it->value));
        if (it->id == 0) named = true;
        if (it->id == OPTION_PLACEHOLDERS || it->id == OPTION_LISTS) vec_push(&lists.items, str_from(it->value));
        if (it->id == OPTION_ATTACK) options.attack = it->value;
        if (it->id == OPTION_FRESH) options.fresh = true;
        if (it->id == 'o') path = it->value;
        if (it->id == 'q') quiet = true;
    }
    options.rules = words_view(&rules);
    options.lists = words_view(&lists);
    int code = build(path, &options, quiet);
    vec_free(&rules.items);
    vec_free(&lists.items);
    return code;
}
