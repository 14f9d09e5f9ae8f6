/* The catalogue that a command works on. */
#include "cli/catalog_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/report.h"

static char *joined(const char *folder, const char *name)
{
    text t = {0};
    text_put_cstring(&t, folder);
    text_put_char(&t, '/');
    text_put_cstring(&t, name);
    char *out = mem_cstring(text_view(&t));
    text_free(&t);
    return out;
}

static bool make_folder(catalog_file *f, out_stream *errors)
{
    const char *temporary = getenv("TMPDIR");
    f->folder = joined(temporary && *temporary ? temporary : "/tmp", "picket-XXXXXX");
    if (mkdtemp(f->folder)) return true;
    pk_str message = str_from(strerror(errno));
    report_diagnostic(&(pk_diagnostic){.severity = PK_ERROR, .code = "temporary-folder", .message = message, .file = str_from(f->folder)}, errors);
    mem_free(f->folder);
    f->folder = NULL;
    return false;
}

/* Rules that are in error belong to the catalogue like others: their pages say what is wrong. */
static bool build(catalog_file *f, const command_line *line, out_stream *errors, int *code)
{
    VEC(pk_str) rules = {0}, lists = {0};
    pk_catalog *c = NULL;
    char *shipped = NULL;
    for (size_t i = 0; i < line->count; i++) {
        if (line->items[i].id == 'r') vec_push(&rules, str_from(line->items[i].value));
        if (line->items[i].id == OPTION_PLACEHOLDERS || line->items[i].id == OPTION_LISTS) vec_push(&lists, str_from(line->items[i].value));
    }
    if (rules.len == 0 && pk_catalog_new(&c, NULL) == PK_OK) {
        char *share = mem_cstring(pk_catalog_share(c));
        shipped = joined(share, "rules");
        mem_free(share);
        vec_push(&rules, str_from(shipped));
    }
    pk_catalog_free(c);
    f->path = joined(f->folder, "catalog.db");
    pk_store_options o = {.rules = {rules.at, rules.len}, .lists = {lists.at, lists.len}};
    pk_store_report report = {0};
    pk_status status = pk_store_build(f->path, &o, &report, NULL, NULL);
    if (status != PK_OK) {
        report_diagnostic(&(pk_diagnostic){.severity = PK_ERROR, .code = "catalog-build", .message = STR("the catalogue could not be made"),
                                           .hint = STR("`picket catalog build` tells why.")}, errors);
        *code = EXIT_DAMAGED;
    }
    mem_free(shipped);
    vec_free(&rules);
    vec_free(&lists);
    return status == PK_OK;
}

bool catalog_file_open(catalog_file *f, const char *name, const command_line *line, out_stream *errors, int *code)
{
    bool rules = false;
    *f = (catalog_file){0};
    for (size_t i = 0; i < line->count; i++) {
        if (line->items[i].id == 'c') {
            mem_free(f->path);
            f->path = mem_cstring(str_from(line->items[i].value));
        }
        rules |= line->items[i].id == 'r';
    }
    if (f->path && rules) {
        *code = usage_error(name, "-c names a catalogue that is there, -r rules to make one from; give one of them");
        return false;
    }
    if (f->path) return true;
    *code = EXIT_DAMAGED;
    return make_folder(f, errors) && build(f, line, errors, code);
}

void catalog_file_close(catalog_file *f)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; f->folder && f->path && i < sizeof endings / sizeof *endings; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s%s", f->path, endings[i]);
        unlink(name);
    }
    if (f->folder) rmdir(f->folder);
    mem_free(f->folder);
    mem_free(f->path);
    *f = (catalog_file){0};
}
