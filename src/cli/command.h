/*
 * Commands are rows of one table (commands.c). A row carries what is needed to run the command and to explain it: --help,
 * the manual page and shell completion are written from it.
 */
#ifndef PICKET_CLI_COMMAND_H
#define PICKET_CLI_COMMAND_H

#include "base/text.h"
#include "picket.h"

/* Exit codes. */
enum {
    EXIT_CLEAN = 0,
    EXIT_ALERTS = 1,  /* alerts at or above --fail-level; a test that failed */
    EXIT_DAMAGED = 2, /* some input was damaged, some rule is an error, the run was interrupted, nothing could be written */
    EXIT_USAGE = 3,
};

typedef struct {
    int id;               /* a character, for options with a short form; else above 255 */
    const char *name;     /* without the dashes */
    const char *argument; /* "FILE"; NULL: it takes none */
    const char *help;
} option;

/* One thing of the command line, in its order. */
typedef struct {
    int id;               /* of the option; 0: an argument */
    const char *name;     /* of the option as written */
    const char *value;
} item;

typedef struct {
    item *items;
    size_t count;
} command_line;

typedef struct {
    const char *what, *line;
} example;

typedef struct {
    const char *name, *title, *arguments;
    const char *description; /* paragraphs are split by a blank line */
    const option *options;   /* ends with a NULL name */
    const example *examples; /* ends with a NULL line */
    int (*run)(const command_line *line);
} command;

extern const command commands[]; /* ends with a NULL name */

int run_scan(const command_line *line);
int run_check(const command_line *line);
int run_explain(const command_line *line);
int run_dump(const command_line *line);
int run_test(const command_line *line);
int run_serve(const command_line *line);
int run_site(const command_line *line);
int run_help(const command_line *line);

/* options.c. Splits the words; false: a message has been written. mem_free items. */
bool parse_command_line(const command *c, int argc, char **argv, command_line *out);
/* "a,b,c" onto the list; views into `value`. */
typedef struct { VEC(pk_str) items; } word_list;
void add_words(word_list *w, const char *value);
pk_strs words_view(const word_list *w);
/* Ends with EXIT_USAGE after a message of one line. */
int usage_error(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool parse_count(const char *value, uint64_t most, uint64_t *out);
bool parse_size(const char *value, uint64_t *out);              /* "50M" */
bool parse_time(const char *value, pk_time *out);               /* RFC 3339, or "24h": so long before now */

/* help.c */
const command *find_command(const char *name);
int unknown_command(const char *word); /* says that there is none of this name, and which may have been meant */
void write_help(text *out, const command *c, bool color);
void write_overview(text *out, bool color);

#endif
