/* picket site: the pages of a catalogue as files that work from disk. */
#include "cli/catalog_file.h"
#include "cli/report.h"

static int write_site(const catalog_file *f, const char *folder, const pk_web_options *o, bool quiet, out_stream *errors)
{
    pk_site_report report = {0};
    pk_status status = pk_site_write(f->path, folder, o, &report, report_diagnostic, errors);
    if (status == PK_OK && !quiet) {
        text line = {0};
        text_printf(&line, "picket: %llu pages, %.1f MB; begin at %s/index.html\n", (unsigned long long)report.pages, (double)report.bytes / 1e6, folder);
        out_write(errors, text_view(&line));
        text_free(&line);
    }
    out_flush(errors);
    return status == PK_OK ? EXIT_CLEAN : EXIT_DAMAGED;
}

int run_site(const command_line *line)
{
    out_stream errors = out_stderr();
    pk_web_options o = {0};
    const char *folder = NULL;
    bool quiet = false;
    for (size_t i = 0; i < line->count; i++) {
        const item *it = &line->items[i];
        if (it->id == 0 && folder) return usage_error("site", "one folder is written, not '%s' as well; rules are given with -r", it->value);
        if (it->id == 0) folder = it->value;
        if (it->id == OPTION_ALERTS) o.alerts = it->value;
        if (it->id == 'q') quiet = true;
    }
    if (!folder || !*folder) return usage_error("site", "a folder to write to is missing");
    catalog_file f;
    int code;
    if (catalog_file_open(&f, "site", line, &errors, &code)) code = write_site(&f, folder, &o, quiet, &errors);
    catalog_file_close(&f);
    return code;
}
