/* What scan, dump, check and explain do alike: loading rules, adding inputs, and ending early on a signal. */
#ifndef PICKET_CLI_SESSION_H
#define PICKET_CLI_SESSION_H

#include "cli/options.h"
#include "cli/report.h"

typedef struct {
    const char *command;
    out_stream errors;            /* standard error */
    progress_bar bar;
    bool quiet;
    pk_catalog *catalog;
    pk_program *program;
    pk_scanner *scanner;
    void (*alerts_end)(void *user); /* of pk_scan_options; set before session_scanner */
    bool wrong;                   /* something was wrong that makes the exit code 2 */
} session;

void session_init(session *s, const char *name);
void session_free(session *s);
/* Makes the catalog; false: the data that ships is missing, which has been told. */
bool session_open(session *s);
/* Compiled rules are kept where --cache says, else where the user's caches are, unless --no-cache. */
void session_use_cache(session *s, const command_line *line);
/* Loads --placeholders and --lists. */
void session_load_lists(session *s, const command_line *line);
/* Those, then --rules (without any the shipped rules). */
void session_load_rules(session *s, const command_line *line);
/* States the log sources of --as; false: usage, told. Before the program is built. */
bool session_state_sources(session *s, const command_line *line, pk_log_source *sources);
/* Builds the program; false: told, *code is set. */
bool session_build(session *s, const pk_choice *choice, int *code);
/* Makes the scanner with the options of the line and adds its inputs; false: usage, told. */
bool session_scanner(session *s, const command_line *line, const pk_log_source *sources);
size_t count_arguments(const command_line *line);

/* interrupt.c: the first SIGINT or SIGTERM stops the scanner, the second ends the process. */
void interrupt_watch(pk_scanner *s);
void interrupt_unwatch(void);
bool interrupted(void);

#endif
