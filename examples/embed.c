/*
 * Embeds picket: runs the rules at the first path over the logs at the others and prints what fired.
 *     cc embed.c -lpicket -o embed && ./embed rules logs
 */
#include <picket.h>
#include <stdio.h>

static bool on_alert(const pk_alert *alert, void *user)
{
    const pk_place *place = &alert->events[0].place;
    ++*(size_t *)user;
    printf("%.*s: %.*s (by %.*s)\n", (int)place->file.len, place->file.ptr, (int)alert->rule->title.len, alert->rule->title.ptr,
           (int)alert->rule->author.len, alert->rule->author.ptr);
    for (size_t i = 0; i < alert->why_count; i++) {
        const pk_reason *why = &alert->why[i];
        printf("    %.*s %.*s '%.*s': %.*s\n", (int)why->field.len, why->field.ptr, (int)why->kind.len, why->kind.ptr,
               (int)why->constant.len, why->constant.ptr, (int)why->value.len, why->value.ptr);
    }
    return true; /* go on */
}

static void print_errors(const pk_diagnostics *found)
{
    for (size_t i = 0; i < pk_diagnostics_count(found); i++) {
        const pk_diagnostic *d = pk_diagnostics_at(found, i);
        if (d->severity == PK_ERROR)
            fprintf(stderr, "%.*s:%u: %.*s\n", (int)d->file.len, d->file.ptr, d->line, (int)d->message.len, d->message.ptr);
    }
}

int main(int argc, char **argv)
{
    pk_catalog *catalog = NULL;
    pk_program *program = NULL;
    pk_scanner *scanner = NULL;
    size_t alerts = 0;
    if (argc < 3) return fprintf(stderr, "usage: embed RULES LOG...\n"), 3;

    pk_status status = pk_catalog_new(&catalog, NULL);
    if (status == PK_OK) status = pk_catalog_load(catalog, argv[1]);
    if (status == PK_OK) status = pk_program_build(&program, catalog, NULL);
    if (status == PK_OK) status = pk_scanner_new(&scanner, program, NULL);
    for (int i = 2; status == PK_OK && i < argc; i++) status = pk_scanner_add(scanner, argv[i], NULL);
    if (status == PK_OK) status = pk_scanner_run(scanner, on_alert, &alerts);

    print_errors(pk_catalog_diagnostics(catalog));
    if (scanner) print_errors(pk_scanner_diagnostics(scanner));
    printf("%zu alerts\n", alerts);
    pk_scanner_free(scanner);
    pk_program_free(program);
    pk_catalog_free(catalog);
    return status == PK_OK ? 0 : 2;
}
